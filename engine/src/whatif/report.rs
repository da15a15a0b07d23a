//! What a what-if tells: a summary, and one change per object.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::model::ConnectorId;

/// The summary of a what-if.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WhatIfReport {
    /// Its number in the data folder.
    pub number: u32,
    /// Start.
    pub started: Timestamp,
    /// End.
    pub ended: Timestamp,
    /// Account that asked.
    pub user: String,
    /// Everything was synchronized, not only what is pending.
    pub full: bool,
    /// File or folder that the other rules came from; absent when the saved rules were asked about.
    pub rules_file: Option<String>,
    /// Rules that it touches.
    pub rules: Vec<RuleTouched>,
    /// Synchronizations in the order in which they ran.
    pub steps: Vec<WhatIfStep>,
    /// The metaverse, then the connectors by name.
    pub spaces: Vec<SpaceSummary>,
    /// Sentences that must be read before the rules are saved.
    pub warnings: Vec<String>,
}

/// A rule that a file or an exported configuration touches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleTouched {
    /// Name of the rule.
    pub rule: String,
    /// Name of its connector.
    pub connector: String,
    /// `Inbound` or `Outbound`.
    pub direction: String,
    /// `added`, `replaced`, `changed`, `unchanged` or `removed`.
    pub change: String,
}

/// A synchronization that was run on the copy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WhatIfStep {
    /// Connector.
    pub connector_id: ConnectorId,
    /// Its name.
    pub connector: String,
    /// Status string that the real run would end with.
    pub status: String,
    /// Sentence that explains a failure.
    pub message: String,
    /// Faults of rules.
    pub warnings: Vec<String>,
    /// Objects that cannot be synchronized.
    pub errors: u64,
    /// Engine counters; outbound ones are prefixed by the target connector's number and a colon.
    pub parts: BTreeMap<String, u64>,
}

/// What happens to an object, worst first. Each object has one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChangeKind {
    /// Its deletion is staged; in the metaverse the object is deleted.
    Delete,
    /// Its deletion is staged, and it is made anew as another type.
    DeleteAdd,
    /// It leaves the connector space without an export: its deletion was imported, or it was never exported.
    Remove,
    /// It loses its metaverse object and stays.
    Disconnect,
    /// It is made.
    Add,
    /// The deletion that was staged is withdrawn.
    Restore,
    /// It gets a metaverse object.
    Join,
    /// Attributes or name change.
    Update,
    /// Only its error changes.
    Error,
}

impl ChangeKind {
    /// All kinds in order.
    pub const ALL: [Self; 9] = [
        Self::Delete,
        Self::DeleteAdd,
        Self::Remove,
        Self::Disconnect,
        Self::Add,
        Self::Restore,
        Self::Join,
        Self::Update,
        Self::Error,
    ];

    /// The word in files.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Delete => "delete",
            Self::DeleteAdd => "delete-add",
            Self::Remove => "remove",
            Self::Disconnect => "disconnect",
            Self::Add => "add",
            Self::Restore => "restore",
            Self::Join => "join",
            Self::Update => "update",
            Self::Error => "error",
        }
    }
}

/// What happens to the link of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LinkWord {
    /// It is joined to a metaverse object that is there.
    Joined,
    /// A metaverse object is made for it.
    Projected,
    /// It is joined to another metaverse object than before.
    Moved,
    /// It loses its metaverse object.
    Disconnected,
}

/// How an attribute changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AttributeWord {
    /// It was absent.
    Add,
    /// It has another value.
    Replace,
    /// Values come and go.
    Update,
    /// It goes.
    Delete,
    /// The same value from another rule or object.
    Source,
}

impl AttributeWord {
    /// The word in files.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Replace => "replace",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Source => "source",
        }
    }
}

/// The change of one attribute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangedAttribute {
    /// Name.
    pub name: String,
    /// How it changes.
    pub change: AttributeWord,
    /// Values that go: at most the first 200, each at most 1,024 characters.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub old: Vec<String>,
    /// Values that come: at most the first 200, each at most 1,024 characters.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub new: Vec<String>,
    /// Number of values that go.
    pub old_count: u64,
    /// Number of values that come.
    pub new_count: u64,
    /// The rule behind it; of an attribute that goes, the rule that gave it.
    pub rule: String,
    /// The rule that gave the value before, when it is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old_rule: Option<String>,
}

/// How the error of an object changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorWord {
    /// There was none.
    Appears,
    /// There is none any more.
    Vanishes,
    /// There is another one.
    Changes,
}

impl ErrorWord {
    /// The word in files.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Appears => "appears",
            Self::Vanishes => "vanishes",
            Self::Changes => "changes",
        }
    }
}

/// An error of synchronization that appears, vanishes or becomes another one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorChange {
    /// How it changes.
    pub change: ErrorWord,
    /// The documented code; of an error that vanishes, the one that was there.
    pub code: String,
    /// The sentence.
    pub message: String,
    /// Rule concerned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// Attribute concerned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attribute: Option<String>,
}

/// What happens to one object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectChange {
    /// Identifier of the connector; empty for the metaverse.
    pub space: String,
    /// What makes it the same object in another what-if: its GUID; of a new one, what it is made for.
    pub identity: String,
    /// What happens.
    pub kind: ChangeKind,
    /// Identifier; of a new object it will be another one.
    pub guid: Uuid,
    /// DN; in the metaverse the display name.
    pub name: String,
    /// What people call it, where the DN does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// New DN, when it is renamed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_name: Option<String>,
    /// Type.
    pub object_type: String,
    /// What happens to its link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<LinkWord>,
    /// The rule behind the change as a whole; empty when single attributes change.
    pub rule: String,
    /// Sentence that says why.
    pub reason: String,
    /// Attributes by name.
    pub attributes: Vec<ChangedAttribute>,
    /// Error that appears, vanishes or changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorChange>,
}

/// Which changes are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WhatIfFilter {
    /// Only this space: identifier of a connector, or empty for the metaverse.
    pub space: Option<String>,
    /// Only this kind.
    pub kind: Option<ChangeKind>,
    /// Only objects whose error appears, vanishes or changes.
    pub errors: bool,
}

/// Exports waiting, by operation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportTotals {
    /// Adds.
    pub adds: u64,
    /// Updates.
    pub updates: u64,
    /// Deletes, and objects that are made anew as another type.
    pub deletes: u64,
}

/// What happens in one connector space, or in the metaverse.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpaceSummary {
    /// Identifier of the connector; empty for the metaverse.
    pub space: String,
    /// Name of the connector, or `Metaverse`.
    pub name: String,
    /// Objects whose deletion is staged, delete-adds included; metaverse objects deleted.
    pub deletes: u64,
    /// Objects that leave without an export.
    pub removes: u64,
    /// Objects that lose their metaverse object and stay.
    pub disconnects: u64,
    /// Objects made.
    pub adds: u64,
    /// Objects whose staged deletion is withdrawn.
    pub restores: u64,
    /// Objects that get a metaverse object.
    pub joins: u64,
    /// Objects whose attributes or name change and nothing else.
    pub updates: u64,
    /// Attributes that get their first value, of new objects too.
    pub attributes_added: u64,
    /// Attributes that get other values.
    pub attributes_changed: u64,
    /// Attributes that go.
    pub attributes_removed: u64,
    /// Objects that cannot be synchronized any more, or from now on for another reason.
    pub errors_appearing: u64,
    /// Objects that can be synchronized again.
    pub errors_vanishing: u64,
    /// Pending imports that are synchronized.
    pub synchronized: u64,
    /// Exports waiting before.
    pub exports_before: ExportTotals,
    /// Exports waiting afterwards.
    pub exports_after: ExportTotals,
    /// Deletions that an export may hold; absent where the guard does not apply.
    pub deletion_limit: Option<u64>,
    /// The next export would be refused because it holds more deletions than that.
    pub exceeds_limit: bool,
}

impl SpaceSummary {
    /// Counts a change.
    pub(super) fn count(&mut self, change: &ObjectChange) {
        let counter = match change.kind {
            ChangeKind::Delete | ChangeKind::DeleteAdd => Some(&mut self.deletes),
            ChangeKind::Remove => Some(&mut self.removes),
            ChangeKind::Disconnect => Some(&mut self.disconnects),
            ChangeKind::Add => Some(&mut self.adds),
            ChangeKind::Restore => Some(&mut self.restores),
            ChangeKind::Join => Some(&mut self.joins),
            ChangeKind::Update => Some(&mut self.updates),
            ChangeKind::Error => None,
        };
        if let Some(counter) = counter {
            *counter += 1;
        }
        for attribute in &change.attributes {
            match attribute.change {
                AttributeWord::Add => self.attributes_added += 1,
                AttributeWord::Replace | AttributeWord::Update => self.attributes_changed += 1,
                AttributeWord::Delete => self.attributes_removed += 1,
                AttributeWord::Source => {}
            }
        }
        match change.error.as_ref().map(|error| error.change) {
            Some(ErrorWord::Appears | ErrorWord::Changes) => self.errors_appearing += 1,
            Some(ErrorWord::Vanishes) => self.errors_vanishing += 1,
            None => {}
        }
    }

    /// True when nothing happens here.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.objects() == 0 && self.errors_appearing == 0 && self.errors_vanishing == 0 && self.synchronized == 0
    }

    /// What happens to objects, in the order of a report's columns: adds, updates, joins, disconnects, deletes, removes,
    /// restores, errors that appear, errors that vanish.
    #[must_use]
    pub fn counts(&self) -> [u64; 9] {
        [
            self.adds,
            self.updates,
            self.joins,
            self.disconnects,
            self.deletes,
            self.removes,
            self.restores,
            self.errors_appearing,
            self.errors_vanishing,
        ]
    }

    /// Objects to which something happens.
    #[must_use]
    pub fn objects(&self) -> u64 {
        self.deletes + self.removes + self.disconnects + self.adds + self.restores + self.joins + self.updates
    }
}
