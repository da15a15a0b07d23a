//! A scenario as data: what the files say, with names still as names.

use std::collections::BTreeMap;
use std::fmt;

use jiff::SignedDuration;

use super::text::Place;
use crate::connector::EntryValue;
use crate::connector::memory::{DeltaContent, Fault};
use crate::model::{Deprovisioning, ErrorCode, ObjectOperation, Schema};
use crate::protection::DeletionLimit;
use crate::rules::{LinkType, RulePatch, RuleText};
use crate::run::Removal;

/// A scenario that was read and can be run.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Its number among the scenarios of the engine; absent for a scenario of somebody else.
    pub number: Option<u32>,
    /// What it is about.
    pub title: String,
    pub(super) directories: Vec<DirectorySpec>,
    pub(super) steps: Vec<Step>,
}

/// A directory in memory and its connector.
#[derive(Clone, Debug)]
pub(super) struct DirectorySpec {
    pub name: String,
    pub kind: DirectoryKind,
    /// DNS name of the forest or tenant.
    pub domain: String,
    pub schema: Schema,
    /// How much deltas tell of a changed object.
    pub delta_content: DeltaContent,
    /// Changes since a watermark can be told.
    pub deltas: bool,
    /// What it accepted counts as imported.
    pub confirms: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DirectoryKind {
    Forest,
    Tenant,
}

/// One statement, with what must be true after it.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub place: Place,
    /// The statement as written.
    pub text: String,
    pub action: Action,
    pub expectations: Vec<Expectation>,
}

/// What a statement does.
#[derive(Clone, Debug)]
pub(super) enum Action {
    Put(Vec<ObjectSpec>),
    Change {
        subjects: Vec<Subject>,
        changes: Vec<ValueChange>,
    },
    Rename {
        subject: Subject,
        dn: String,
    },
    Retype {
        subject: Subject,
        object_type: String,
    },
    Delete {
        subjects: Vec<Subject>,
        unnoticed: bool,
    },
    Fault {
        connector: String,
        fault: FaultSpec,
    },
    Heal(String),
    AddRules(Vec<RuleText>),
    DefaultRules,
    ChangeRule {
        rule: RuleName,
        patch: Box<RulePatch>,
    },
    SwitchRule {
        rule: RuleName,
        enabled: bool,
    },
    DeleteRule(RuleName),
    Threshold(DeletionLimit),
    ApproveDeletions(String),
    Containers {
        connector: String,
        include: Vec<String>,
        exclude: Vec<String>,
    },
    /// What becomes of objects that nothing holds any more.
    Deprovisioning {
        connector: String,
        action: Deprovisioning,
    },
    Staging(bool),
    Advance(SignedDuration),
    Remember {
        subject: Subject,
        name: String,
    },
    Run(RunSpec),
    Cycle {
        initial: bool,
    },
    /// A run that deletes a connector space, or the connector with it.
    DeleteSpace {
        connector: String,
        removal: Removal,
        kill: Option<Kill>,
    },
    Restart,
    Preview {
        subject: Subject,
        full: bool,
        commit: bool,
    },
    Join {
        subject: Subject,
        identity: Subject,
    },
    Disconnect {
        subject: Subject,
        /// Rules leave it alone from then on.
        for_good: bool,
    },
    Expect,
    WhatIf(Vec<Step>),
    SameEnd {
        ways: Vec<Way>,
        errors: Errors,
    },
    EveryOrder(Order),
    /// The steps again and again, until nothing changes.
    UntilStable(Vec<Step>),
    SecondFullSynchronization,
    /// A what-if of the rules as the steps leave them; then the steps and the real runs, which must do what it told.
    Foretold {
        full: bool,
        rules: Vec<Step>,
    },
}

/// A run of a profile.
#[derive(Clone, Debug)]
pub(super) struct RunSpec {
    pub connector: String,
    pub profile: String,
    /// Objects of a batch, when it is not that of the profile.
    pub batch_size: Option<u32>,
    /// Objects after which the step ends.
    pub object_limit: Option<u64>,
    /// Deletions after which the step ends.
    pub deletion_limit: Option<u64>,
    pub kill: Option<Kill>,
}

/// When the program dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kill {
    /// After so many objects were synchronized.
    Objects(u64),
    /// After the directory carried out this batch, before its answer is stored.
    Batch(u64),
}

/// How errors of synchronization are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Errors {
    /// Each on its object.
    ByObject,
    /// As those of the identity: a run that visits more of its objects reports a conflict between them more often
    /// (`engine.md` 4.2).
    ByIdentity,
}

/// One of several ways to the same end.
#[derive(Clone, Debug)]
pub(super) struct Way {
    pub text: String,
    pub steps: Vec<Step>,
}

/// Steps whose order must not matter.
#[derive(Clone, Debug)]
pub(super) struct Order {
    pub steps: Vec<Step>,
    /// All of them again and again, until nothing changes.
    pub until_stable: bool,
    /// What comes afterwards, in every order too.
    pub then: Option<Box<Order>>,
}

/// An object of a directory.
#[derive(Clone, Debug)]
pub(super) struct ObjectSpec {
    pub connector: String,
    pub name: String,
    pub object_type: String,
    pub dn: String,
    pub attributes: BTreeMap<String, Vec<FileValue>>,
}

/// A value as the file says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum FileValue {
    Plain(EntryValue),
    Reference(Subject),
}

/// A change of one attribute in a directory.
#[derive(Clone, Debug)]
pub(super) struct ValueChange {
    pub attribute: String,
    pub change: Change,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// Exactly these values; none removes the attribute.
    Set(Vec<FileValue>),
    /// Values come and go.
    Values { adds: Vec<FileValue>, deletes: Vec<FileValue> },
}

/// A fault, with names as names.
#[derive(Clone, Debug)]
pub(super) enum FaultSpec {
    Ready(Vec<Fault>),
    Unreadable(Subject),
    Refuse { subject: Subject, code: ErrorCode },
}

/// How a file names a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum RuleName {
    Precedence(i64),
    Name(String),
}

impl fmt::Display for RuleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Precedence(number) => write!(f, "{number}"),
            Self::Name(name) => write!(f, "\"{name}\""),
        }
    }
}

/// How a file names an object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Subject {
    /// An object that the file put into a directory: `u1`.
    Object { connector: String, name: String },
    /// The object of another connector space with the same identity: `T(u1)`.
    Joined { connector: String, name: String },
    /// The metaverse object: `MV(u1)`.
    Identity(String),
    /// The object of a distinguished name: `T "CN=Ada"`.
    Named { connector: String, dn: String },
    /// A connector space object that was remembered.
    RememberedObject { connector: String, name: String },
    /// A metaverse object that was remembered.
    RememberedIdentity(String),
}

impl Subject {
    /// The connector; `None` for a metaverse object.
    pub(super) fn connector(&self) -> Option<&str> {
        match self {
            Self::Object { connector, .. }
            | Self::Joined { connector, .. }
            | Self::Named { connector, .. }
            | Self::RememberedObject { connector, .. } => Some(connector),
            Self::Identity(_) | Self::RememberedIdentity(_) => None,
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Object { name, .. } | Self::RememberedObject { name, .. } | Self::RememberedIdentity(name) => f.write_str(name),
            Self::Joined { connector, name } => write!(f, "{connector}({name})"),
            Self::Identity(name) => write!(f, "MV({name})"),
            Self::Named { connector, dn } => write!(f, "{connector} \"{dn}\""),
        }
    }
}

/// The result of a run of which only what it leaves matters.
pub(super) const ANY_RESULT: &str = "any";
/// The result of a join or a disconnection that was not done.
pub(super) const REFUSED: &str = "refused";

/// Something that must be true after a step.
#[derive(Clone, Debug)]
pub(super) struct Expectation {
    pub place: Place,
    pub expected: Expected,
}

#[derive(Clone, Debug)]
pub(super) enum Expected {
    /// Status of the run or cycle, or how a join or a disconnection ended; [`ANY_RESULT`] when it does not matter.
    Result(String),
    /// Part of the sentence that explains it.
    Message(String),
    /// All counters that are not zero.
    Counters(BTreeMap<String, u64>),
    /// One of the errors of the run; all are named when one is.
    Error {
        subject: Subject,
        code: String,
        saying: Option<String>,
    },
    NoErrors,
    Warning(String),
    /// One of the changes that the directory was sent; all are named, in order, when one is.
    Sent {
        operation: ObjectOperation,
        subject: Subject,
        attributes: Vec<AttributeExpectation>,
        exactly: bool,
    },
    SentNothing,
    Statistics {
        connector: String,
        numbers: BTreeMap<String, u64>,
    },
    /// Metaverse objects by type; all types are named.
    Metaverse(BTreeMap<String, u64>),
    /// Objects of a directory by type; all types are named.
    Entries {
        connector: String,
        numbers: BTreeMap<String, u64>,
    },
    /// All objects of a connector space.
    Objects {
        connector: String,
        subjects: Vec<Subject>,
    },
    /// Objects of a directory.
    Entry {
        subjects: Vec<Subject>,
        absent: bool,
        attributes: Vec<AttributeExpectation>,
        exactly: bool,
    },
    /// Connector space objects.
    Object {
        subjects: Vec<Subject>,
        facts: Vec<Fact>,
        view: View,
        attributes: Vec<AttributeExpectation>,
        exactly: bool,
    },
    /// Metaverse objects.
    Identity {
        subjects: Vec<Subject>,
        facts: Vec<Fact>,
        attributes: Vec<AttributeExpectation>,
        exactly: bool,
    },
    /// What a connector needs.
    Required {
        connector: String,
        import: Option<bool>,
        synchronization: Option<bool>,
    },
    /// One of the runs of a cycle; all are named, in order, when one is.
    Ran {
        connector: String,
        profile: String,
        skipped: bool,
    },
    /// The metaverse objects that a join found in a preview, too many to choose.
    Candidates(Vec<Subject>),
    /// A flow of a preview.
    Flow {
        rule: RuleName,
        attribute: String,
        values: Vec<FileValue>,
        standing: FlowStanding,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum FlowStanding {
    Applied,
    NotApplied,
    LostTo(RuleName),
}

/// What the attributes of a connector space object are looked up in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum View {
    Hologram,
    Expected,
    Layer(Layer),
}

/// A layer of changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layer {
    PendingImport,
    UnconfirmedExport,
    EscrowedExport,
    PendingExport,
}

impl Layer {
    pub(super) const ALL: [Self; 4] = [Self::PendingImport, Self::UnconfirmedExport, Self::EscrowedExport, Self::PendingExport];

    pub(super) fn words(self) -> &'static str {
        match self {
            Self::PendingImport => "pending import",
            Self::UnconfirmedExport => "unconfirmed export",
            Self::EscrowedExport => "escrowed export",
            Self::PendingExport => "pending export",
        }
    }
}

impl View {
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Hologram => "hologram",
            Self::Expected => "expected",
            Self::Layer(layer) => layer.words(),
        }
    }
}

/// Something that is true of an object as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fact {
    Absent,
    Present,
    State(LinkState),
    Type(String),
    Anchor(Option<String>),
    Dn(String),
    /// The operation of a layer; `None` when nothing waits in it.
    Layer(Layer, Option<ObjectOperation>),
    Error {
        side: Side,
        error: Option<ErrorSpec>,
    },
    Flag(Flag, bool),
    LinkedBy {
        rule: RuleName,
        action: Option<LinkType>,
        linked: bool,
    },
    /// It is, or is not, the object that was remembered.
    Is {
        name: String,
        same: bool,
    },
    /// A metaverse object: exactly these objects are joined to it. A connector space object: these share its
    /// identity.
    JoinedTo(Vec<Subject>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LinkState {
    Connector,
    Disconnector,
    Placeholder,
}

impl LinkState {
    pub(super) const ALL: [Self; 3] = [Self::Connector, Self::Disconnector, Self::Placeholder];

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Connector => "connector",
            Self::Disconnector => "disconnector",
            Self::Placeholder => "placeholder",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Import,
    Export,
}

impl Side {
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Import => "import error",
            Self::Export => "export error",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ErrorSpec {
    pub code: String,
    pub retried: Option<u64>,
    /// Minutes after midnight of the first day at which it was first met.
    pub since: Option<u64>,
    pub saying: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flag {
    RenameRetry,
    ReferenceRetry,
    ProvisioningRetry,
    Rebuild,
    Transient,
    Disconnected,
    Explicit,
}

impl Flag {
    pub(super) const ALL: [Self; 7] = [
        Self::RenameRetry,
        Self::ReferenceRetry,
        Self::ProvisioningRetry,
        Self::Rebuild,
        Self::Transient,
        Self::Disconnected,
        Self::Explicit,
    ];

    pub(super) fn words(self) -> &'static str {
        match self {
            Self::RenameRetry => "rename retry",
            Self::ReferenceRetry => "reference retry",
            Self::ProvisioningRetry => "provisioning retry",
            Self::Rebuild => "rebuild in progress",
            Self::Transient => "transient",
            Self::Disconnected => "disconnected by a rule",
            Self::Explicit => "explicit",
        }
    }
}

/// What an attribute must hold.
#[derive(Clone, Debug)]
pub(super) struct AttributeExpectation {
    pub place: Place,
    pub attribute: String,
    /// The rule that contributed it (metaverse).
    pub rule: Option<RuleName>,
    /// The object that contributed it (metaverse).
    pub from: Option<Subject>,
    pub wanted: Wanted,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Exactly these values, in whatever order; none means absent or deleted.
    Values(Vec<FileValue>),
    /// So many values.
    Count(u64),
    /// Exactly these values come and go.
    Change { adds: Vec<FileValue>, deletes: Vec<FileValue> },
}
