//! What the drawing code asks the app to do. Commands are carried out between two frames.

use syncline_engine::model::{ConnectorId, RunId, ValueType};
use syncline_engine::service::{CsScope, CyclePolicy, ObjectErrorView, OtherRules, SearchClause};
use uuid::Uuid;

use super::action::{Action, Tab};
use super::theme::ThemeChoice;

/// A command with everything needed to carry it out.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// An action on whatever is selected.
    Do(Action),
    /// An action, if it is possible; otherwise why not is told.
    IfPossible(Action),
    /// An action on a connector, by name or identifier.
    OnConnector {
        /// The connector.
        connector: String,
        /// The action.
        action: Action,
    },
    /// Show a tab.
    ShowTab(Tab),
    /// Choose a theme.
    SetTheme(ThemeChoice),
    /// Show the run dialog, with a connector and a profile chosen beforehand.
    ShowRunDialog {
        /// Connector chosen.
        connector: Option<String>,
        /// Profile chosen.
        profile: Option<String>,
    },
    /// Start a run.
    StartRun {
        /// Connector name.
        connector: String,
        /// Profile name.
        profile: String,
    },
    /// Stop the runs of a connector.
    StopRun(String),
    /// Start a cycle.
    StartCycle(CyclePolicy),
    /// Open a connector space object.
    OpenCsObject(Uuid),
    /// Open a metaverse object.
    OpenMvObject(Uuid),
    /// Open the metaverse object that a connector space object is linked to.
    OpenIdentityOf(Uuid),
    /// Open the objects behind a counter of a run.
    OpenRunObjects(RunObjects),
    /// List the metaverse objects that meet a condition.
    SearchMetaverse(SearchClause),
    /// Open Search Connector Space.
    OpenSearch {
        /// Connector to search.
        connector: ConnectorId,
        /// Scope to begin with; searched at once.
        scope: Option<CsScope>,
    },
    /// Open the details of an object's error.
    OpenError(Box<ErrorOccasion>),
    /// Open the preview of a connector space object.
    OpenPreview(Uuid),
    /// Hold what is staged for an object against the schema.
    OpenValidation(Uuid),
    /// Join or disconnect objects by hand, after a look at the consequences.
    OpenByHand(ByHandStart),
    /// Do something to many objects of a connector.
    OpenBatch(BatchStart),
    /// Open the lineage graph of a metaverse object.
    OpenLineageGraph(Uuid),
    /// Show two metaverse objects beside each other.
    OpenComparison(Comparison),
    /// Tell where a value of a metaverse object comes from.
    OpenLineage(AttributeOfIdentity),
    /// Tell why an attribute of a connector space object is to be written.
    OpenExportLineage(ExportedAttribute),
    /// Tell what is in the way of an object of a connector.
    OpenWhyNot(NameInConnector),
    /// Show one value in full.
    ShowValue(Box<ValueShown>),
    /// Open a synchronization rule.
    OpenRule(Uuid),
    /// Change a synchronization rule in the rules editor.
    EditRule(Uuid),
    /// Begin a synchronization rule that flows into an attribute of a metaverse object type.
    CreateRuleFor {
        /// The type.
        object_type: String,
        /// The attribute.
        attribute: String,
    },
    /// Select a connector on the Connectors tab.
    ShowConnector(ConnectorId),
    /// Open the properties of a connector.
    ConnectorProperties(ConnectorId),
    /// Open the What-If window.
    OpenWhatIf(WhatIfStart),
    /// Select a run on the Operations tab.
    ShowRun(RunId),
    /// Put a text on the clipboard.
    Copy(String),
    /// Tell the person something that went wrong.
    Complain(String),
}

/// Which objects of a run to list.
#[derive(Clone, Debug, PartialEq)]
pub struct RunObjects {
    /// The run.
    pub run: RunId,
    /// Step number.
    pub step: u32,
    /// Connector name.
    pub connector: String,
    /// Group and label, such as `Staging Adds`.
    pub title: String,
    /// Engine counters summed by the counter.
    pub counters: Vec<String>,
}

/// An error and where it happened.
#[derive(Clone, Debug, PartialEq)]
pub struct ErrorOccasion {
    /// Connector name.
    pub connector: String,
    /// The error.
    pub error: ObjectErrorView,
}

/// Objects that shall be joined or disconnected by hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ByHandStart {
    /// Joined to a metaverse object that is chosen; otherwise disconnected.
    pub join: bool,
    /// The connector space objects, by identifier and name.
    pub objects: Vec<(Uuid, String)>,
    /// What candidates are looked for by; may be empty.
    pub name: String,
}

/// Objects that something shall be done to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchStart {
    /// Their connector.
    pub connector: String,
    /// The objects, by identifier and name.
    pub objects: Vec<(Uuid, String)>,
}

/// Metaverse objects to be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// The one.
    pub first: Uuid,
    /// The other one; absent while the person has still to choose it.
    pub second: Option<Uuid>,
}

/// An attribute of a metaverse object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttributeOfIdentity {
    /// The metaverse object.
    pub object: Uuid,
    /// The attribute.
    pub attribute: String,
}

/// An attribute of a connector space object that rules write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportedAttribute {
    /// The connector space object.
    pub object: Uuid,
    /// The attribute.
    pub attribute: String,
}

/// A name in a connector space; there may be no object of that name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameInConnector {
    /// Connector name.
    pub connector: String,
    /// Distinguished name.
    pub dn: String,
}

/// A value that is shown in full, before and after a change; twice the same when nothing changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueShown {
    /// Name of the object.
    pub object: String,
    /// The attribute.
    pub attribute: String,
    /// Its type.
    pub value_type: ValueType,
    /// Text of the value before; bytes are base64.
    pub old: String,
    /// Text of the value after.
    pub new: String,
}

/// What a what-if begins with, as far as it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WhatIfStart {
    /// Only this connector.
    pub connector: Option<String>,
    /// Full or delta.
    pub full: Option<bool>,
    /// Rules that are not saved, laid over the saved ones.
    pub rules: Option<OtherRules>,
}
