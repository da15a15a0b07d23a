//! Floor 7: the one handle that the app and the command line hold. Commands in, queries out, events.

mod error;
pub mod queries;
pub mod texts;
mod views;

use std::path::Path;
use std::sync::Arc;

use uuid::Uuid;

use crate::model::{Clock, ConnectorId, ErrorCode, IdSource, RandomIds, RunId, SystemClock};

pub use error::EngineError;
pub use views::*;

/// How an engine is opened.
#[derive(Clone, Debug)]
pub struct EngineOptions {
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Gives out GUIDs.
    pub ids: Arc<dyn IdSource>,
    /// Account written into the run history.
    pub user: String,
    /// Opens for queries only: takes no lock, starts nothing.
    pub read_only: bool,
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self { clock: Arc::new(SystemClock), ids: Arc::new(RandomIds), user: String::new(), read_only: false }
    }
}

/// Which runs a list holds.
#[derive(Clone, Debug)]
pub struct RunFilter {
    /// Only this connector.
    pub connector: Option<ConnectorId>,
    /// Only this profile.
    pub profile: Option<String>,
    /// Only this class of status.
    pub class: Option<StatusClass>,
    /// First row wanted.
    pub offset: u64,
    /// Rows wanted.
    pub limit: u64,
}

impl Default for RunFilter {
    fn default() -> Self {
        Self { connector: None, profile: None, class: None, offset: 0, limit: 500 }
    }
}

/// The engine on one data folder. Clones share it. Every call blocks.
#[derive(Clone, Debug)]
pub struct Engine {}

/// A run that was accepted.
#[derive(Debug)]
pub struct RunHandle {}

/// A cycle that was accepted.
#[derive(Debug)]
pub struct CycleHandle {}

type Answer<T> = Result<T, EngineError>;
fn later<T>() -> Answer<T> {
    Err(EngineError::Invalid("being written".into()))
}

#[allow(missing_docs, unused_variables, clippy::must_use_candidate)]
impl RunHandle {
    pub fn id(&self) -> RunId { RunId(0) }
    pub fn wait(self) -> Answer<RunDetails> { later() }
}
#[allow(missing_docs, unused_variables)]
impl CycleHandle {
    pub fn wait(self) -> Answer<CycleResult> { later() }
}
#[allow(missing_docs, unused_variables)]
impl Engine {
    pub fn is_workspace(folder: &Path) -> bool { false }
    pub fn create(folder: &Path, options: EngineOptions) -> Answer<Self> { later() }
    pub fn open(folder: &Path, options: EngineOptions) -> Answer<Self> { later() }
    pub fn folder(&self) -> &Path { Path::new("") }
    pub fn subscribe(&self) -> crossbeam_channel::Receiver<EngineEvent> { crossbeam_channel::never() }
    pub fn status(&self) -> Answer<EngineStatus> { later() }
    pub fn connectors(&self) -> Answer<Vec<ConnectorSummary>> { later() }
    pub fn connector(&self, name_or_guid: &str) -> Answer<ConnectorSummary> { later() }
    pub fn connector_statistics(&self, id: ConnectorId) -> Answer<ConnectorStatistics> { later() }
    pub fn runs(&self, filter: &RunFilter) -> Answer<Page<RunSummary>> { later() }
    pub fn run(&self, id: RunId) -> Answer<RunDetails> { later() }
    pub fn run_objects(&self, id: RunId, step: u32, counters: &[String], offset: u64, limit: u64) -> Answer<Page<RunObjectView>> { later() }
    pub fn search_connector_space(&self, search: &CsSearch) -> Answer<Page<CsHit>> { later() }
    pub fn cs_object(&self, guid: Uuid) -> Answer<CsObjectView> { later() }
    pub fn cs_object_by_dn(&self, connector: ConnectorId, dn: &str) -> Answer<CsObjectView> { later() }
    pub fn search_metaverse(&self, search: &MvSearch) -> Answer<Page<MvHit>> { later() }
    pub fn mv_object(&self, guid: Uuid) -> Answer<MvObjectView> { later() }
    pub fn metaverse_schema(&self) -> Answer<Vec<MvTypeView>> { later() }
    pub fn pending_exports(&self, connector: ConnectorId, operations: OperationFilter, offset: u64, limit: u64) -> Answer<Page<PendingExportView>> { later() }
    pub fn start_run(&self, connector: &str, profile: &str) -> Answer<RunHandle> { later() }
    pub fn stop_run(&self, connector: Option<&str>) -> Answer<Vec<RunId>> { later() }
    pub fn start_cycle(&self, policy: CyclePolicy) -> Answer<CycleHandle> { later() }
    pub fn stop_cycle(&self) -> Answer<bool> { later() }
    pub fn shutdown(self) {}
}
/// One line that explains a status string.
#[must_use]
pub fn status_explanation(_status: &str) -> &'static str { "" }
/// What an error code means and what to do.
#[must_use]
pub fn error_fix(_code: &ErrorCode) -> &'static str { "" }
