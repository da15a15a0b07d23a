//! What runs tell while they go on.

use crate::model::{ConnectorId, RunId};
use crate::step::Progress;

use super::cycle::CycleOutcome;

/// Something that happened in a run or cycle.
#[derive(Clone, Debug, PartialEq)]
pub enum RunEvent {
    /// A run was accepted and has begun.
    Started(RunId),
    /// A step goes on; at most four times a second.
    Progress {
        /// The run.
        run: RunId,
        /// The connector.
        connector: ConnectorId,
        /// Its name.
        connector_name: String,
        /// The profile.
        profile: String,
        /// Step number, from 1.
        step: u32,
        /// Number of steps.
        steps: u32,
        /// Step type as shown.
        step_type: &'static str,
        /// How far it has come.
        progress: Progress,
    },
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
    Finished(RunId),
    /// A run has deleted a connector.
    ConfigurationChanged,
    /// A cycle ended.
    CycleFinished(CycleOutcome),
}
