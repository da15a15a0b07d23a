//! Explanations: previews, "why" and "why not".

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::metaverse::MvHit;
use super::preview::{MvDeletionView, RecallView, TargetPreview};
use super::runs::ObjectErrorView;
use crate::model::{ConnectorId, ObjectError, ObjectOperation, RuleId, ValueType};
use crate::whatif::ObjectChange;

/// What a synchronization goes over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SyncMode {
    /// Everything, by all rules.
    Full,
    /// What is pending.
    Delta,
}

/// A clause of a scoping filter and what an object has to say to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClauseView {
    /// The clause as written.
    pub text: String,
    /// It holds.
    pub holds: bool,
    /// The values found, as text: `absent` when there is none.
    pub found: String,
}

/// A rule and whether an object is in its scope.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RuleScopeView {
    /// Name of the rule.
    pub rule: String,
    /// The rule.
    pub rule_id: RuleId,
    /// Its precedence.
    pub precedence: i64,
    /// `Provision`, `Join` or `StickyJoin`.
    pub link_type: String,
    /// It makes or holds links; the others only add flows.
    pub linking: bool,
    /// The object is in scope.
    pub in_scope: bool,
    /// Groups of its filter: in scope when all clauses of one group hold, or there is no group.
    pub groups: Vec<Vec<ClauseView>>,
    /// The first clause that keeps the object out, as a sentence, for each group; empty when it is in scope.
    pub failing: String,
}

/// What a join group came to (`ui.md` 6.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum JoinStatus {
    /// An earlier group decided, or the object is joined already.
    #[serde(rename = "Not Evaluated")]
    NotEvaluated,
    /// Nothing satisfies all conditions.
    #[serde(rename = "No Matches")]
    NoMatches,
    /// Exactly one metaverse object does.
    Matched,
    /// Several do, which counts as none.
    #[serde(rename = "Multiple Matches")]
    MultipleMatches,
}

impl JoinStatus {
    /// The text in the window.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::NotEvaluated => "Not Evaluated",
            Self::NoMatches => "No Matches",
            Self::Matched => "Matched",
            Self::MultipleMatches => "Multiple Matches",
        }
    }
}

/// A condition of a join group with the values searched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct JoinConditionView {
    /// The condition as written: `mail = mail`.
    pub text: String,
    /// The values searched, as text: `absent` when there is none.
    pub searched: String,
}

/// A metaverse object by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct IdentityName {
    /// Identifier.
    pub guid: Uuid,
    /// Display name.
    pub display_name: String,
}

/// A join group that was tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct JoinGroupView {
    /// Rule whose criteria they are.
    pub rule: String,
    /// Its conditions.
    pub conditions: Vec<JoinConditionView>,
    /// What it came to.
    pub status: JoinStatus,
    /// The metaverse objects found; at most the first 20.
    pub candidates: Vec<IdentityName>,
    /// Number of those found.
    pub found: u64,
}

/// What became of a flow (`ui.md` 6.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FlowStatus {
    /// It gives the value, or part of it.
    Applied,
    /// It gives the value that is there already.
    AppliedUnchanged,
    /// A rule of better precedence decides.
    NotPrecedent,
    /// The object is out of scope of the rule.
    OutOfScope,
    /// It gives nothing, so the next rule is asked.
    NoValue,
    /// It says that it shall be as if it were not there.
    Ignored,
    /// It applies only when the object is made.
    ApplyOnce,
    /// It says that there shall be no value, whatever other rules say.
    AuthoritativeNull,
    /// It fails.
    Error,
    /// The rule is switched off.
    Disabled,
}

impl FlowStatus {
    /// The text in the window.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Applied => "Applied",
            Self::AppliedUnchanged => "Applied (unchanged)",
            Self::NotPrecedent => "Skipped: Not Precedent",
            Self::OutOfScope => "Skipped: Out of scope",
            Self::NoValue => "Skipped: No value",
            Self::Ignored => "Skipped: IgnoreThisFlow",
            Self::ApplyOnce => "Skipped: Apply once",
            Self::AuthoritativeNull => "Authoritative Null",
            Self::Error => "Error",
            Self::Disabled => "Skipped: Disabled",
        }
    }
}

/// A part of an expression with what it gave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExpressionPart {
    /// The part's text.
    pub text: String,
    /// What it gave, once per evaluation; empty when it was not evaluated.
    pub results: Vec<String>,
    /// Operands or arguments.
    pub parts: Vec<ExpressionPart>,
}

/// A flow and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FlowView {
    /// Attribute written.
    pub attribute: String,
    /// Name of the rule.
    pub rule: String,
    /// The rule.
    pub rule_id: RuleId,
    /// Its precedence.
    pub precedence: i64,
    /// Connector of the object that it reads or writes.
    pub connector: String,
    /// The connector space object.
    pub dn: String,
    /// `Direct`, `Expression` or `Constant`.
    pub flow_type: String,
    /// Attribute, expression or constant.
    pub source: String,
    /// How contributions combine: `Update`, `Merge` ...
    pub merge_type: String,
    /// What became of it.
    pub status: FlowStatus,
    /// The values that it gives; at most the first 200.
    pub values: Vec<String>,
    /// Number of values.
    pub count: u64,
    /// Sentence that says why.
    pub reason: String,
    /// Its failure.
    pub error: Option<ObjectError>,
    /// The expression part by part on this object; only where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expression: Option<ExpressionPart>,
}

/// What synchronizing one object does, with the reasons (`engine.md` 7).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PreviewView {
    /// Connector.
    pub connector_id: ConnectorId,
    /// Its name.
    pub connector: String,
    /// Name of the object.
    pub dn: String,
    /// Identifier.
    pub guid: Uuid,
    /// Type.
    pub object_type: String,
    /// What an import has pending.
    pub pending_import: ObjectOperation,
    /// Full or delta.
    pub mode: SyncMode,
    /// It was done, not only shown.
    pub committed: bool,
    /// Nothing waits for the object, so a delta synchronization does not visit it.
    pub nothing_pending: bool,
    /// The inbound rules for its type, best precedence first.
    pub scope: Vec<RuleScopeView>,
    /// Join groups.
    pub joins: Vec<JoinGroupView>,
    /// What becomes of its link, as a sentence.
    pub link: String,
    /// The inbound flows of all joined objects, by attribute, then precedence.
    pub import_flows: Vec<FlowView>,
    /// Values of the metaverse object that lose their contributor.
    pub recalls: Vec<RecallView>,
    /// Whether the metaverse object is deleted.
    pub deletion: MvDeletionView,
    /// What happens in each target that has rules for the metaverse object.
    pub targets: Vec<TargetPreview>,
    /// The outbound flows to all objects of the targets, by connector, then attribute, then precedence.
    pub export_flows: Vec<FlowView>,
    /// What changes: the metaverse object, the object itself, then the targets.
    pub changes: Vec<ObjectChange>,
    /// Why the object cannot be synchronized; nothing changes then.
    pub error: Option<ObjectError>,
}

/// Where a value of a metaverse attribute came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ContributionView {
    /// The values that are stored; at most the first 200.
    pub values: Vec<String>,
    /// Number of values.
    pub count: u64,
    /// Rule that gave them.
    pub rule: String,
    /// Contributing connector.
    pub connector: String,
    /// Contributing object.
    pub dn: String,
    /// When.
    pub time: Option<Timestamp>,
}

/// Why a metaverse attribute has the value that it has.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WhyView {
    /// The metaverse object.
    pub object: MvHit,
    /// The attribute as the schema spells it.
    pub attribute: String,
    /// Its type.
    pub value_type: ValueType,
    /// The answer in a sentence.
    pub verdict: String,
    /// What is stored; absent when the attribute has no value.
    pub stored: Option<ContributionView>,
    /// What a synchronization would give now, when that differs from what is stored.
    pub pending: Option<Vec<String>>,
    /// All flows of the rules that could give it to this object, best precedence first.
    pub flows: Vec<FlowView>,
    /// Rules that give the attribute to objects of other connectors or types.
    pub elsewhere: Vec<String>,
    /// Why precedence cannot decide between the flows.
    pub error: Option<ObjectError>,
}

/// How a step of a "why not" ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FindingState {
    /// Nothing in the way here.
    Good,
    /// This is in the way.
    Bad,
    /// Worth knowing.
    Note,
}

/// One step of a "why not".
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at.
    pub step: String,
    /// How it ended.
    pub state: FindingState,
    /// Sentence.
    pub text: String,
}

/// Whether an identity is present in a target, and which outbound rule is in the way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TargetView {
    /// Target connector.
    pub connector: String,
    /// Its objects that are joined to the identity.
    pub objects: Vec<String>,
    /// What is in the way, or what is staged, as a sentence.
    pub text: String,
    /// Nothing is in the way.
    pub present: bool,
    /// Outbound rules of the target for this type of identity, best precedence first.
    pub scope: Vec<RuleScopeView>,
}

/// Why an object of a connector space is not where it is expected.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WhyNotView {
    /// Connector.
    pub connector: String,
    /// Name asked for, as stored when the object was found.
    pub dn: String,
    /// The answer in a sentence.
    pub verdict: String,
    /// Something is in the way.
    pub blocked: bool,
    /// Identifier, when the object was found.
    pub guid: Option<Uuid>,
    /// Type, when the object was found.
    pub object_type: Option<String>,
    /// What was looked at, step by step.
    pub findings: Vec<Finding>,
    /// Inbound rules for its type, best precedence first.
    pub scope: Vec<RuleScopeView>,
    /// Join groups that it tries.
    pub joins: Vec<JoinGroupView>,
    /// The metaverse object that it is joined to.
    pub metaverse: Option<MvHit>,
    /// The other connectors that rules provision to.
    pub targets: Vec<TargetView>,
    /// Error of the last synchronization.
    pub sync_error: Option<ObjectErrorView>,
    /// Error of the last export.
    pub export_error: Option<ObjectErrorView>,
    /// Objects of a similar name, when there is none of this name.
    pub similar: Vec<String>,
}
