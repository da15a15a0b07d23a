//! Pending exports, the state of the installation, events, cycles.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::connector_space::{CsHit, LayerView};
use super::connectors::ConnectorSummary;
use super::runs::RunSummary;
use crate::model::{ConnectorId, RunId};

/// A pending export as a report row (`operations.md` 3).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PendingExportView {
    /// The object.
    pub hit: CsHit,
    /// What is staged.
    pub layer: LayerView,
    /// What rules flow and the tenant cannot store, so that it is not sent.
    pub not_sent: Vec<NotSentView>,
}

/// Something of an object that is never exported.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct NotSentView {
    /// The attribute; absent when the whole object stays pending.
    pub attribute: Option<String>,
    /// Why.
    pub reason: String,
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
    /// Deletions above which an export to the tenant stops; none while the protection is off.
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
