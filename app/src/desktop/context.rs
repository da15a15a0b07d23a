//! What every screen gets when it is drawn.

use std::collections::BTreeMap;
use std::sync::Arc;

use syncline_engine::model::{ConnectorId, RunId};
use syncline_engine::service::{ConnectorSummary, RunProgress};

use super::action::Situation;
use super::backend::{Answer, Backend, sentence};
use super::command::Command;
use super::format::Format;
use super::worker::Worker;

/// What stays the same during a frame.
#[derive(Clone, Copy)]
pub struct Around<'a> {
    /// Asks the engine in the background.
    pub worker: &'a Worker,
    /// Zone and present moment.
    pub format: &'a Format,
    /// What decides which actions are possible.
    pub situation: &'a Situation,
}

/// The surroundings of a screen.
pub struct Cx<'a> {
    /// Asks the engine in the background.
    pub worker: &'a Worker,
    /// The engine.
    pub backend: &'a Arc<dyn Backend>,
    /// Zone and present moment.
    pub format: &'a Format,
    /// What decides which actions are possible.
    pub situation: &'a Situation,
    /// Progress of the runs going on.
    pub progress: &'a BTreeMap<RunId, RunProgress>,
    /// Deletions above which an export to the tenant stops.
    pub deletion_threshold: Option<u64>,
    /// Commands for the app, carried out after the frame.
    pub commands: &'a mut Vec<Command>,
}

impl Cx<'_> {
    /// The connectors, by name.
    #[must_use]
    pub fn connectors(&self) -> &[ConnectorSummary] {
        &self.situation.connectors
    }

    /// A connector by number.
    #[must_use]
    pub fn connector(&self, id: ConnectorId) -> Option<&ConnectorSummary> {
        self.connectors().iter().find(|connector| connector.id == id)
    }

    /// Sends a command.
    pub fn send(&mut self, command: Command) {
        self.commands.push(command);
    }
}

/// A question to the engine as the worker runs it; errors become sentences.
pub fn question<T, F>(backend: &Arc<dyn Backend>, ask: F) -> impl FnOnce() -> Result<T, String> + Send + use<T, F>
where
    F: FnOnce(&dyn Backend) -> Answer<T> + Send,
{
    let backend = Arc::clone(backend);
    move || ask(&*backend).map_err(|error| sentence(&error))
}
