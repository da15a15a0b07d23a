//! Connector space objects: searches, layers, lineage.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use super::metaverse::{MvHit, SearchClause};
use super::runs::ObjectErrorView;
use crate::model::{ConnectorId, CsId, ObjectOperation, RuleId, ValueType};

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
    /// Joined, or not joined, objects of one state.
    InState {
        /// Joined ones.
        connector: bool,
        /// How they came to be so.
        state: LinkState,
    },
    /// Exported and not yet seen again.
    AwaitingConfirmation,
    /// Disconnected by a rule since then.
    DisconnectedSince(Timestamp),
    /// Parents and reference targets that were never imported.
    Placeholder,
}

/// Who joined or disconnected an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LinkState {
    /// Rules.
    Normal,
    /// An administrator.
    Explicit,
    /// A filter; rules of this version never do that.
    Filtered,
}

impl LinkState {
    /// The number stored.
    #[must_use]
    pub fn code(self) -> i64 {
        match self {
            Self::Normal => 0,
            Self::Explicit => 1,
            Self::Filtered => 2,
        }
    }
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

/// Conditions on the attributes of connector space objects, and how those found are listed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CsConditions {
    /// The conditions; none restricts nothing.
    pub clauses: Vec<SearchClause>,
    /// One of them is enough.
    pub any: bool,
    /// In the opposite of DN order.
    pub reversed: bool,
    /// Attributes that the rows show.
    pub columns: Vec<String>,
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
    /// Joined or disconnected by hand.
    pub explicit: bool,
    /// The metaverse object it is joined to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metaverse: Option<Uuid>,
    /// The attributes that were asked for, as text.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, String>,
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

/// What is staged for an object, held against the schema of its connector.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SchemaValidationView {
    /// The object.
    pub guid: Uuid,
    /// Its name.
    pub dn: String,
    /// Its connector.
    pub connector: String,
    /// The type that it has, or gets.
    pub object_type: String,
    /// What is staged; of an object for which nothing or a deletion is staged, nothing is looked at.
    pub pending: ObjectOperation,
    /// Attributes looked at.
    pub attributes: u64,
    /// What does not fit, by attribute.
    pub faults: Vec<SchemaFaultView>,
}

/// Something that does not fit a schema.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SchemaFaultView {
    /// The attribute; empty for the object as a whole.
    pub attribute: String,
    /// What is wrong and what to do, as a sentence.
    pub message: String,
}

/// A rule applied to a link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LineageView {
    /// Rule name.
    pub rule: String,
    /// Rule.
    pub rule_id: Option<RuleId>,
    /// Its identifier; absent when the rule is gone.
    pub rule_guid: Option<Uuid>,
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
    /// The name that a person knows it by; empty when it has none.
    pub display_name: String,
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
    /// When its metaverse object was taken away.
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
