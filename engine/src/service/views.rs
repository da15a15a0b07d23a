//! What the engine answers: plain data for the command line, the app and JSON. Names of JSON fields
//! are these names; they are stable.
//!
//! Times are UTC instants. GUIDs are written without braces. Lists come in the order that the method
//! that returns them documents.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::model::{ConnectorId, CsId, MvId, ObjectError, ObjectOperation, RuleId, RunId, ValueType};

/// A part of a longer list.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Page<T> {
    /// The rows asked for.
    pub rows: Vec<T>,
    /// Number of rows there are in all.
    pub total: u64,
}

/// The kind of a connected directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConnectorKind {
    /// Active Directory over LDAP.
    ActiveDirectory,
    /// A forest in an LDIF file.
    File,
    /// The cloud tenant.
    Tenant,
}

impl ConnectorKind {
    /// The text of the `Type` column (`ui.md` 3).
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::ActiveDirectory => "Active Directory Domain Services",
            Self::File => "LDIF file (Active Directory schema)",
            Self::Tenant => "Windows Azure Active Directory (Microsoft)",
        }
    }

    /// True for kinds that hold a forest (not the tenant).
    #[must_use]
    pub fn is_forest(self) -> bool {
        matches!(self, Self::ActiveDirectory | Self::File)
    }
}

/// What a connector is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ConnectorState {
    /// No run.
    Idle,
    /// A run waits for its turn.
    Queued,
    /// A run is going on.
    Running,
    /// A run was asked to end.
    Stopping,
}

impl ConnectorState {
    /// The text of the `State` column.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Idle => "Idle",
            Self::Queued => "Queued",
            Self::Running => "Running",
            Self::Stopping => "Stopping",
        }
    }
}

/// A row of the Connectors tab.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ConnectorSummary {
    /// Number inside this database.
    pub id: ConnectorId,
    /// Identifier that administrators see and other systems use.
    pub guid: Uuid,
    /// Unique name.
    pub name: String,
    /// Kind of directory.
    pub kind: ConnectorKind,
    /// Free text.
    pub description: String,
    /// What it is doing.
    pub state: ConnectorState,
    /// Where it connects to: server, file or tenant address; never a secret.
    pub address: String,
    /// Selected partitions in order of name.
    pub partitions: Vec<String>,
    /// Run profiles in order of creation.
    pub profiles: Vec<RunProfileView>,
    /// Why a full import is needed, when it is.
    pub full_import_required: Option<String>,
    /// Why a full synchronization is needed, when it is.
    pub full_sync_required: Option<String>,
    /// Status of the most recent run.
    pub last_run: Option<RunSummary>,
    /// Pending imports and exports.
    pub pending_import: u64,
    /// Pending exports.
    pub pending_export: u64,
}

/// A run profile and its steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunProfileView {
    /// Name, unique per connector.
    pub name: String,
    /// Steps in order.
    pub steps: Vec<RunProfileStepView>,
}

/// A step of a run profile.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunProfileStepView {
    /// Type as shown, such as `Full Import (Stage Only)`.
    pub step_type: String,
    /// Partition concerned.
    pub partition: String,
    /// Objects per batch.
    pub batch_size: u32,
    /// Objects per page.
    pub page_size: u32,
    /// Seconds to wait for one answer.
    pub timeout_secs: u32,
}

/// Connector space statistics, with the documented names (`engine.md` 1.4).
/// `all = total_connector + total_disconnector + placeholder`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ConnectorStatistics {
    /// All objects.
    pub all: u64,
    /// Joined objects.
    pub total_connector: u64,
    /// Objects that are not joined.
    pub total_disconnector: u64,
    /// Parents and reference targets that were never imported.
    pub placeholder: u64,
    /// Objects joined by rules.
    pub connector: u64,
    /// Objects joined by hand.
    pub explicit_connector: u64,
    /// Objects not joined by rules.
    pub disconnector: u64,
    /// Objects disconnected by hand.
    pub explicit_disconnector: u64,
    /// Objects filtered out.
    pub filtered_disconnector: u64,
    /// Imported, new, not yet synchronized.
    pub import_add: u64,
    /// Imported changes not yet synchronized.
    pub import_update: u64,
    /// Imported deletions not yet synchronized.
    pub import_delete: u64,
    /// Nothing pending from import.
    pub import_none: u64,
    /// Objects to be created in the directory.
    pub export_add: u64,
    /// Objects to be changed in the directory.
    pub export_update: u64,
    /// Objects to be deleted in the directory.
    pub export_delete: u64,
}

/// How serious a status is, worst last (`ui.md` 2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum StatusClass {
    /// Going on.
    Running,
    /// Success.
    Success,
    /// Completed with warnings.
    Warning,
    /// Completed with errors.
    Error,
    /// Stopped or not started.
    Stopped,
}

/// A row of the Operations tab.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunSummary {
    /// Run number.
    pub id: RunId,
    /// The connector; its number stays even when the connector is gone.
    pub connector_id: ConnectorId,
    /// Connector name at the time.
    pub connector: String,
    /// Run profile name at the time.
    pub profile: String,
    /// Status string, verbatim.
    pub status: String,
    /// How serious it is.
    pub class: StatusClass,
    /// Start.
    pub started: Timestamp,
    /// End; absent while running.
    pub ended: Option<Timestamp>,
    /// Account that started it.
    pub user: String,
    /// Number of the present or last step.
    pub step: u32,
    /// Number of steps.
    pub steps: u32,
    /// Sum of adds over the steps.
    pub adds: u64,
    /// Sum of updates and renames over the steps.
    pub updates: u64,
    /// Sum of deletes over the steps.
    pub deletes: u64,
    /// Sum of errors over the steps.
    pub errors: u64,
}

/// A run with its steps.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunDetails {
    /// The row of the Operations tab.
    #[serde(flatten)]
    pub summary: RunSummary,
    /// Steps in order.
    pub step_details: Vec<StepDetails>,
}

/// One step of a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StepDetails {
    /// Number, from 1.
    pub number: u32,
    /// Type as shown, such as `Full Import (Stage Only)`.
    pub step_type: String,
    /// Partition concerned.
    pub partition: String,
    /// Status string, verbatim.
    pub status: String,
    /// How serious it is.
    pub class: StatusClass,
    /// Sentence that explains a failure; empty on success.
    pub message: String,
    /// Start.
    pub started: Timestamp,
    /// End; absent while running.
    pub ended: Option<Timestamp>,
    /// Counters in the order of `ui.md` 2.5, grouped.
    pub counters: Vec<CounterGroup>,
    /// Servers that were talked to.
    pub connections: Vec<ConnectionView>,
    /// Errors per object, in order of occurrence; at most 5,000.
    pub errors: Vec<ObjectErrorView>,
    /// Things that an administrator should know.
    pub warnings: Vec<String>,
}

/// A group of counters, such as `Staging` or `Outbound Synchronization: contoso.onmicrosoft.com - AAD`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CounterGroup {
    /// Title of the group.
    pub name: String,
    /// Counters in order.
    pub counters: Vec<CounterView>,
}

/// A counter as shown, with the engine counters it sums.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CounterView {
    /// Label, such as `Adds`.
    pub label: String,
    /// Value.
    pub value: u64,
    /// Engine counters that it sums, with their values (`stage-add` ...); for outbound groups
    /// prefixed by the target connector's number and a colon.
    pub parts: BTreeMap<String, u64>,
    /// True when the objects behind it can be listed.
    pub drill_down: bool,
}

/// A connection that a step made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionView {
    /// Server or file.
    pub server: String,
    /// `success`, `failed-connection`, ...
    pub status: String,
    /// When.
    pub date: Timestamp,
    /// What the server said, or what to do.
    pub detail: String,
}

/// An error of one object in a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ObjectErrorView {
    /// The object, when it is in the connector space.
    pub object_guid: Option<Uuid>,
    /// Its DN at that time, or what is known of it.
    pub dn: String,
    /// Code, message and details.
    #[serde(flatten)]
    pub error: ObjectError,
    /// First occurrence.
    pub first_occurred: Timestamp,
    /// Times it was tried again.
    pub retry_count: u32,
}

/// An object behind a counter, as it was at that time.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunObjectView {
    /// The object.
    pub object_guid: Uuid,
    /// Its DN at that time.
    pub dn: String,
    /// Its type.
    pub object_type: String,
    /// Its display name now, if it still exists.
    pub display_name: String,
    /// Engine counter that it was counted in.
    pub counter: String,
}

/// The scope of a connector space search (`ui.md` 5).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CsScope {
    /// All objects.
    All,
    /// Objects under a DN.
    SubTree {
        /// DN of the container; empty means everything.
        dn: String,
        /// Includes the container itself.
        include_base: bool,
    },
    /// Exact relative name (`CN=Ada` or `Ada`); a final `*` means starts with.
    Rdn(String),
    /// Exact DN, anchor (base64, hexadecimal, GUID text or plain) or object GUID.
    DnOrAnchor(String),
    /// Imported and not yet synchronized.
    PendingImport(OperationFilter),
    /// Staged for export.
    PendingExport(OperationFilter),
    /// The last synchronization of the object failed.
    ImportError,
    /// The last export of the object failed.
    ExportError,
    /// Joined objects.
    Connector,
    /// Objects that are not joined.
    Disconnector,
    /// Exported and not yet seen again.
    AwaitingConfirmation,
    /// Disconnected by a rule since then.
    DisconnectedSince(Timestamp),
    /// Parents and reference targets that were never imported.
    Placeholder,
}

/// Which operations a pending scope asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct OperationFilter {
    /// Adds.
    pub add: bool,
    /// Updates (`Modify` in the window).
    pub modify: bool,
    /// Deletes and delete-adds.
    pub delete: bool,
}

impl OperationFilter {
    /// All operations.
    pub const ALL: Self = Self { add: true, modify: true, delete: true };
}

/// A connector space search. Results come in DN order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CsSearch {
    /// Connector searched.
    pub connector: ConnectorId,
    /// Scope.
    pub scope: CsScope,
    /// Case-insensitive text that DN or display name must contain; empty for all.
    pub text: String,
    /// First row wanted.
    pub offset: u64,
    /// Rows wanted.
    pub limit: u64,
}

/// A connector space object found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CsHit {
    /// Number inside this database.
    pub id: CsId,
    /// Identifier.
    pub guid: Uuid,
    /// Name.
    pub dn: String,
    /// Type; empty for a placeholder.
    pub object_type: String,
    /// Display name, as far as it has one.
    pub display_name: String,
    /// Pending import operation.
    pub pending_import: ObjectOperation,
    /// Pending export operation.
    pub pending_export: ObjectOperation,
    /// Joined.
    pub connector: bool,
    /// Awaiting export confirmation.
    pub awaiting_confirmation: bool,
    /// Has an import or export error.
    pub error: Option<String>,
}

/// A value as shown, with where it leads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ValueView {
    /// Text as shown; binary is base64, a reference is the target's DN or display name.
    pub text: String,
    /// For a reference in a connector space: the target object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cs_target: Option<Uuid>,
    /// For a reference in the metaverse: the target object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mv_target: Option<Uuid>,
    /// In a change of single values: `add` or `delete`; otherwise absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<String>,
}

/// One attribute of a layer: what the store holds and what is pending.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AttributeChangeView {
    /// Attribute name.
    pub name: String,
    /// Type.
    pub value_type: ValueType,
    /// `none add replace update delete`.
    pub change: String,
    /// Values before; at most the first 200.
    pub old: Vec<ValueView>,
    /// Values after; at most the first 200.
    pub new: Vec<ValueView>,
    /// Number of values before.
    pub old_count: u64,
    /// Number of values after.
    pub new_count: u64,
    /// Outbound rule behind a staged change, when known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
}

/// One layer of the tower as a grid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LayerView {
    /// `none add update delete delete-add`.
    pub operation: ObjectOperation,
    /// New DN when the layer renames.
    pub new_dn: Option<String>,
    /// Attributes in order of name.
    pub attributes: Vec<AttributeChangeView>,
}

/// A rule applied to a link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LineageView {
    /// Rule name.
    pub rule: String,
    /// Rule.
    pub rule_id: Option<RuleId>,
    /// Precedence now; absent when the rule is gone.
    pub precedence: Option<i64>,
    /// `Inbound` or `Outbound`.
    pub direction: String,
    /// `Provision`, `Join` or `StickyJoin`.
    pub action: String,
    /// Passwords of the object are synchronized by this rule.
    pub password_sync: bool,
    /// When the rule was applied.
    pub applied: Option<Timestamp>,
}

/// Everything the connector space object window shows.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CsObjectView {
    /// Number inside this database.
    pub id: CsId,
    /// Identifier.
    pub guid: Uuid,
    /// Connector.
    pub connector_id: ConnectorId,
    /// Connector name.
    pub connector: String,
    /// Partition name; absent for a placeholder.
    pub partition: Option<String>,
    /// Name.
    pub dn: String,
    /// Type; empty for a placeholder.
    pub object_type: String,
    /// Anchor as shown: a GUID for 16 bytes, text when it is text, else base64.
    pub anchor: Option<String>,
    /// `Connector`, `Disconnector` or `Placeholder`, with `(normal)` and so on.
    pub state: String,
    /// Last import change.
    pub last_import_change: Option<Timestamp>,
    /// Last export change.
    pub last_export_change: Option<Timestamp>,
    /// Disconnected by a rule at.
    pub disconnected: Option<Timestamp>,
    /// Chips of the header, such as `pending import: update`.
    pub flags: Vec<String>,
    /// Synchronized attributes and what an import has pending.
    pub import: LayerView,
    /// Staged for export.
    pub pending_export: Option<LayerView>,
    /// Exported, not yet confirmed.
    pub awaiting_confirmation: Option<LayerView>,
    /// Error of the last synchronization.
    pub sync_error: Option<ObjectErrorView>,
    /// Error of the last export.
    pub export_error: Option<ObjectErrorView>,
    /// The metaverse object it is joined to.
    pub metaverse: Option<MvHit>,
    /// Rules applied to the link, by precedence.
    pub lineage: Vec<LineageView>,
}

/// How a clause of a metaverse search compares (`ui.md` 7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SearchOperator {
    /// Equal, without regard to case.
    Equals,
    /// Begins with.
    StartsWith,
    /// Ends with.
    EndsWith,
    /// Contains.
    Contains,
    /// Does not contain; also true when absent.
    NotContains,
    /// Has a value.
    IsPresent,
    /// Has no value.
    IsNotPresent,
}

impl SearchOperator {
    /// Text in the window.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Equals => "Equals",
            Self::StartsWith => "Starts with",
            Self::EndsWith => "Ends with",
            Self::Contains => "Contains",
            Self::NotContains => "Does not contain",
            Self::IsPresent => "Is present",
            Self::IsNotPresent => "Is not present",
        }
    }
}

/// One condition of a metaverse search.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SearchClause {
    /// Attribute name.
    pub attribute: String,
    /// Comparison.
    pub operator: SearchOperator,
    /// Value compared with; unused by the presence operators.
    pub value: String,
}

/// A metaverse search; all clauses must hold. Results come in order of display name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MvSearch {
    /// Object type; `None` for all.
    pub object_type: Option<String>,
    /// Conditions.
    pub clauses: Vec<SearchClause>,
    /// Text that display name, account name, mail, user principal name or source anchor contain; empty for all.
    pub text: String,
    /// First row wanted.
    pub offset: u64,
    /// Rows wanted.
    pub limit: u64,
}

/// A metaverse object found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MvHit {
    /// Number inside this database.
    pub id: MvId,
    /// Identifier.
    pub guid: Uuid,
    /// Type.
    pub object_type: String,
    /// Display name, or the best other name.
    pub display_name: String,
    /// Selected attributes as text: displayName, userPrincipalName, mail, accountName, sourceAnchor.
    pub attributes: BTreeMap<String, String>,
    /// Number of joined connector space objects.
    pub connectors: u64,
}

/// One attribute of a metaverse object, with where it came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MvAttributeView {
    /// Attribute name.
    pub name: String,
    /// Type.
    pub value_type: ValueType,
    /// Values; at most the first 200.
    pub values: Vec<ValueView>,
    /// Number of values.
    pub count: u64,
    /// Contributing connector.
    pub connector: String,
    /// Contributing object.
    pub cs_guid: Option<Uuid>,
    /// Contributing rule.
    pub rule: String,
    /// When it was contributed.
    pub time: Option<Timestamp>,
}

/// A connector space object joined to a metaverse object.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MvConnectorView {
    /// The object.
    pub hit: CsHit,
    /// Its connector's name.
    pub connector_name: String,
    /// Its connector.
    pub connector_id: ConnectorId,
    /// Rules applied to the link.
    pub lineage: Vec<LineageView>,
}

/// Everything the metaverse object window shows.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MvObjectView {
    /// The row of the search.
    #[serde(flatten)]
    pub hit: MvHit,
    /// Created by projection at.
    pub created: Option<Timestamp>,
    /// Changed at.
    pub changed: Option<Timestamp>,
    /// Attributes in order of name.
    pub attribute_details: Vec<MvAttributeView>,
    /// Joined objects in order of connector, then DN.
    pub connector_details: Vec<MvConnectorView>,
}

/// A metaverse object type for the Metaverse Designer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MvTypeView {
    /// Name.
    pub name: String,
    /// Number of objects of the type.
    pub objects: u64,
    /// Its attributes in order of name.
    pub attributes: Vec<MvSchemaAttributeView>,
}

/// An attribute of a metaverse object type.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MvSchemaAttributeView {
    /// Name.
    pub name: String,
    /// Type.
    pub value_type: ValueType,
    /// May hold several values.
    pub multi_valued: bool,
    /// Indexed.
    pub indexed: bool,
    /// Inbound flows to it, winner first.
    pub import_flows: Vec<ImportFlowView>,
}

/// An inbound flow to a metaverse attribute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ImportFlowView {
    /// Precedence of the rule.
    pub precedence: i64,
    /// Rule.
    pub rule: String,
    /// Connector.
    pub connector: String,
    /// Object type in the connector space.
    pub object_type: String,
    /// `Direct`, `Expression` or `Constant`.
    pub flow_type: String,
    /// Attribute, expression or constant.
    pub source: String,
    /// The rule is enabled.
    pub enabled: bool,
}

/// A pending export as a report row (`operations.md` 3).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PendingExportView {
    /// The object.
    pub hit: CsHit,
    /// What is staged.
    pub layer: LayerView,
}

/// What the whole installation is doing.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EngineStatus {
    /// Folder with database and keys.
    pub data_folder: String,
    /// Size of the database file in bytes.
    pub database_bytes: u64,
    /// Staging mode: nothing is exported on schedule.
    pub staging_mode: bool,
    /// Runs going on.
    pub running: Vec<RunSummary>,
    /// Connectors.
    pub connectors: Vec<ConnectorSummary>,
    /// Objects per metaverse type.
    pub metaverse_objects: BTreeMap<String, u64>,
    /// Synchronization rules enabled.
    pub rules_enabled: u64,
    /// Deletions above which an export to the tenant stops.
    pub deletion_threshold: Option<u64>,
    /// Version of the program.
    pub version: String,
}

/// How far a run has come.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunProgress {
    /// The run.
    pub run: RunId,
    /// Connector.
    pub connector_id: ConnectorId,
    /// Connector name.
    pub connector: String,
    /// Profile.
    pub profile: String,
    /// Step number, from 1.
    pub step: u32,
    /// Number of steps.
    pub steps: u32,
    /// Step type as shown.
    pub step_type: String,
    /// Phase: `in-progress`, `completing-obsoletion`, `completing-referential-updates`.
    pub phase: String,
    /// Objects done.
    pub done: u64,
    /// Objects in all, when known.
    pub total: Option<u64>,
    /// Objects with errors so far.
    pub errors: u64,
    /// DN of the present object, now and then.
    pub current: String,
    /// Engine counters so far (`stage-add` ...).
    pub counters: BTreeMap<String, u64>,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum EngineEvent {
    /// A run was accepted and has begun.
    RunStarted(RunSummary),
    /// A run goes on; at most four a second per run.
    Progress(RunProgress),
    /// A step ended.
    StepFinished {
        /// The run.
        run: RunId,
        /// Step number.
        step: u32,
        /// Status string.
        status: String,
    },
    /// A run ended.
    RunFinished(RunSummary),
    /// A cycle ended.
    CycleFinished(CycleResult),
    /// Connectors, rules or options changed.
    ConfigurationChanged,
}

/// Delta or Initial (`operations.md` 1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CyclePolicy {
    /// Delta imports and delta synchronizations.
    Delta,
    /// Full imports and full synchronizations.
    Initial,
}

/// One entry of a cycle.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CycleStep {
    /// Connector name.
    pub connector: String,
    /// Profile name.
    pub profile: String,
    /// The run; absent when the step was skipped.
    pub run: Option<RunSummary>,
    /// Why it was skipped, or why it ran full instead of delta.
    pub note: Option<String>,
}

/// What a cycle did.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CycleResult {
    /// Delta or Initial.
    pub policy: CyclePolicy,
    /// `success`, `completed-import-failed`, `canceled` or the worst run status.
    pub status: String,
    /// Its steps in order.
    pub steps: Vec<CycleStep>,
}
