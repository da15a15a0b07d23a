//! Synchronization rules as lists and windows show them.

use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use crate::model::ConnectorId;
use crate::rules::{Direction, LinkType, MergeType, RuleDifference, RuleFault};

/// A rule in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RuleSummary {
    /// Identifier.
    pub guid: Uuid,
    /// Lower number wins.
    pub precedence: i64,
    /// Name.
    pub name: String,
    /// Number of the connector.
    pub connector_id: ConnectorId,
    /// Name of the connector.
    pub connector: String,
    /// Into the metaverse or out of it.
    pub direction: Direction,
    /// Object type in the connector space.
    pub connector_object_type: String,
    /// Object type in the metaverse.
    pub metaverse_object_type: String,
    /// What happens when nothing matches.
    pub link: LinkType,
    /// Switched on.
    pub enabled: bool,
    /// Comes with the program: may be switched on and off, and cloned.
    pub standard: bool,
    /// Passwords of objects in scope are synchronized.
    pub password_sync: bool,
    /// Number of attribute flows.
    pub flow_count: u64,
    /// Number of faults that keep parts of it from working.
    pub fault_count: u64,
}

/// A rule with everything in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RuleDetails {
    /// What a list shows.
    #[serde(flatten)]
    pub summary: RuleSummary,
    /// Explanation.
    pub description: String,
    /// Tag of a standard rule.
    pub tag: Option<String>,
    /// Scoping filter: groups of clauses.
    pub scope: Vec<Vec<String>>,
    /// Join criteria: groups of conditions.
    pub join: Vec<Vec<String>>,
    /// Attribute flows by target.
    pub flows: Vec<RuleFlowView>,
    /// What is wrong with it, warnings too.
    pub faults: Vec<RuleFault>,
}

/// One attribute flow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RuleFlowView {
    /// Attribute written.
    pub target: String,
    /// `Direct`, `Expression` or `Constant`.
    pub kind: String,
    /// Attribute, expression or constant.
    pub source: String,
    /// Evaluated only when the target object is created.
    pub apply_once: bool,
    /// How contributions combine.
    pub merge: MergeType,
}

/// What becomes of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RuleFateView {
    /// It is new.
    New,
    /// It changes.
    Changed,
    /// It goes.
    Removed,
}

/// One rule that changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RuleChangeStepView {
    /// Identifier.
    pub guid: Uuid,
    /// Precedence afterwards, or before it went.
    pub precedence: i64,
    /// Name afterwards, or before it went.
    pub name: String,
    /// Connector.
    pub connector: String,
    /// What becomes of it.
    pub fate: RuleFateView,
    /// In what it differs from before, one line each; for a rule that changes.
    pub differences: Vec<String>,
}

/// A change of rules that was made, or would be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RuleChangeView {
    /// It was stored; otherwise it was only judged.
    pub stored: bool,
    /// Version of the configuration with the change.
    pub version: u64,
    /// The rules that change, by precedence.
    pub steps: Vec<RuleChangeStepView>,
    /// What is allowed but probably not meant.
    pub warnings: Vec<RuleFault>,
    /// Connectors that need a full import, because the rules use attributes that were not imported.
    pub full_import: Vec<String>,
    /// Connectors that need a full synchronization.
    pub full_synchronization: Vec<String>,
}

/// An edition of a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RuleVersionView {
    /// Number of the edition; counts from 1 for every rule.
    pub version: u32,
    /// When it was made; unknown for the first one of a rule that is older than its history.
    pub made: Option<Timestamp>,
    /// Who made it.
    pub user: String,
    /// Version of the configuration that it came with.
    pub configuration: Option<u64>,
    /// What became of the rule.
    pub fate: RuleFateView,
    /// Its name in this edition.
    pub name: String,
    /// Its precedence in this edition.
    pub precedence: i64,
    /// It is the rule as it is now.
    pub present: bool,
    /// In what it differs from the edition before.
    pub differences: Vec<RuleDifference>,
    /// What restoring it would change of the present rule; empty for a rule that is gone.
    pub to_present: Vec<RuleDifference>,
}

/// The editions of a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RuleHistoryView {
    /// Identifier.
    pub guid: Uuid,
    /// Its name, the last one when it is gone.
    pub name: String,
    /// Its connector.
    pub connector: String,
    /// Comes with the program: only whether it is enabled can be restored.
    pub standard: bool,
    /// It was removed.
    pub removed: bool,
    /// Newest first.
    pub versions: Vec<RuleVersionView>,
}

/// A rule that was removed and can come back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RemovedRuleView {
    /// Identifier.
    pub guid: Uuid,
    /// Its last name.
    pub name: String,
    /// Its last precedence.
    pub precedence: i64,
    /// Its connector.
    pub connector: String,
    /// Into the metaverse or out of it.
    pub direction: Direction,
    /// When it was removed.
    pub removed: Timestamp,
    /// By whom.
    pub user: String,
    /// Number of its last edition.
    pub version: u32,
}

/// A flow among all that write one attribute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RuleWriterView {
    /// Identifier of the rule.
    pub guid: Uuid,
    /// Name of the rule.
    pub rule: String,
    /// Its precedence.
    pub precedence: i64,
    /// Its connector.
    pub connector: String,
    /// Its object type in the connector space.
    pub object_type: String,
    /// `Direct`, `Expression` or `Constant`.
    pub kind: String,
    /// Attribute, expression or constant.
    pub source: String,
    /// How contributions combine.
    pub merge: MergeType,
    /// The rule is switched on.
    pub enabled: bool,
    /// It is the rule that was asked about.
    pub itself: bool,
}

/// One of the choices that decide which standard rules there are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RuleChoiceView {
    /// Its name.
    pub name: String,
    /// What is chosen.
    pub value: String,
    /// What was chosen before.
    pub before: String,
    /// What is chosen when nobody chose.
    pub default: String,
    /// The values that fit, in words.
    pub allowed: String,
    /// What it decides.
    pub meaning: String,
}

/// Other choices that were made, or would be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RuleChoicesChange {
    /// The choices that are others now.
    pub choices: Vec<RuleChoiceView>,
    /// The rules that come, go or do something else.
    pub rules: RuleChangeView,
    /// What must be known beside that.
    pub notes: Vec<String>,
}
