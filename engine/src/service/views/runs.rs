//! Run history: runs, steps, counters, errors.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::connector_space::LayerView;
use crate::model::{ConnectorId, ObjectError, RunId};

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
    /// Its display name now, if it still exists and has one.
    pub display_name: String,
    /// The metaverse object that could not be synchronized, when it was none of a connector space.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metaverse_guid: Option<Uuid>,
    /// Code, message and details.
    #[serde(flatten)]
    pub error: ObjectError,
    /// First occurrence.
    pub first_occurred: Timestamp,
    /// Last occurrence; absent in the history of a run, which is the last one that it knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_occurred: Option<Timestamp>,
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
    /// Its place behind this counter.
    pub number: u64,
}

/// The place of an object behind a counter of a step.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RunObjectPlace {
    /// Engine counter.
    pub counter: String,
    /// [`RunObjectView::number`].
    pub number: u64,
}

/// What a run did to one object, as kept with the run, and how it stands now.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunChangeView {
    /// Engine counter.
    pub counter: String,
    /// Place behind it.
    pub number: u64,
    /// What the run did; absent when nothing was kept.
    pub change: Option<LayerView>,
    /// The attributes are those of the metaverse object, not those of the connector space object.
    pub metaverse: bool,
    /// What of the change is not here, or why nothing is, as a sentence; empty when it is complete.
    pub note: String,
    /// The object was changed since.
    pub changed_since: bool,
    /// The object is gone.
    pub gone: bool,
}
