//! The handle itself.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender};
use secrecy::SecretString;
use syncline_expression::Target;
use syncline_sandbox::Sandbox;
use uuid::Uuid;

use super::broadcast::Broadcast;
use super::folder::{self, Ownership};
use super::queries::{self, QueryContext};
use super::stop_requests;
use super::views::{
    ConnectorState, ConnectorStatistics, ConnectorSummary, CsConditions, CsHit, CsObjectView, CsSearch, CyclePolicy, CycleResult,
    CycleStep, EngineEvent, EngineStatus, ExpressionObject, LineageGraphView, MvHit, MvObjectView, MvSearch, OperationFilter,
    Page, PendingExportView, RunChangeView, RunDetails, RunObjectPlace, RunObjectView, RunProgress, RunSummary,
    SchemaValidationView,
};
use super::{EngineError, EngineOptions, RunFilter};
use crate::connector::CancelToken;
use crate::model::{ConnectorId, IdSource, RunId};
use crate::run::{CycleOutcome, CyclePlan, RunCore, RunError, RunEvent, RunTicket};
use crate::setup::{self, Directories, NewDirectory, SetupContext};
use crate::step::{StepEnvironment, StepStatus};
use crate::store::secrets::SecretStore;
use crate::store::{Database, Reader, StoreError, runs};
use crate::whatif::WhatIfFolder;

pub(super) type Answer<T> = Result<T, EngineError>;

/// The engine on one data folder. Clones share it. Every call blocks until it is answered; call it from
/// a worker thread.
#[derive(Clone, Debug)]
pub struct Engine(Arc<Inner>);

struct Inner {
    folder: PathBuf,
    options: EngineOptions,
    database: Arc<Database>,
    directories: Arc<Directories>,
    events: Arc<Broadcast>,
    /// Absent in a read-only engine.
    runs: Option<Arc<RunCore>>,
    sandbox: Mutex<Option<Sandbox>>,
    /// Ends the thread that looks for stop requests.
    _stop_requests: Option<Sender<()>>,
    _ownership: Option<Ownership>,
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("folder", &self.folder).field("options", &self.options).finish_non_exhaustive()
    }
}

/// A run that was accepted.
#[derive(Debug)]
pub struct RunHandle {
    pub(super) engine: Engine,
    pub(super) ticket: RunTicket,
}

impl RunHandle {
    /// The run's number.
    #[must_use]
    pub fn id(&self) -> RunId {
        self.ticket.run
    }

    /// Waits for the end of the run.
    ///
    /// # Errors
    /// [`EngineError`] when the run was lost or the database cannot be read.
    pub fn wait(self) -> Answer<RunDetails> {
        let run = self.ticket.wait()?;
        self.engine.run(run)
    }
}

/// A cycle that was accepted.
#[derive(Debug)]
pub struct CycleHandle {
    engine: Engine,
    thread: JoinHandle<Result<CycleOutcome, RunError>>,
}

impl CycleHandle {
    /// Waits for the end of the cycle.
    ///
    /// # Errors
    /// [`EngineError`] when the cycle was refused or lost, or the database cannot be read.
    pub fn wait(self) -> Answer<CycleResult> {
        let outcome = self.thread.join().ok().ok_or(RunError::Lost)??;
        let reader = self.engine.0.database.reader()?;
        cycle_result(&reader, &outcome)
    }
}

impl Engine {
    /// True when the folder holds a workspace.
    #[must_use]
    pub fn is_workspace(folder: &Path) -> bool {
        folder::is_workspace(folder)
    }

    /// Makes a new, empty workspace.
    ///
    /// # Errors
    /// [`EngineError`] when the folder holds something else or cannot be used.
    pub fn create(folder: &Path, options: EngineOptions) -> Answer<Self> {
        if folder::is_workspace(folder) {
            return Self::open(folder, options);
        }
        let folder = folder::create(folder)?;
        Self::on(folder, options)
    }

    /// Opens a workspace and starts its sandbox tenant, if it has one.
    ///
    /// # Errors
    /// [`EngineError`] when there is none, another process works on it, or it cannot be used.
    pub fn open(folder: &Path, options: EngineOptions) -> Answer<Self> {
        let folder = folder::existing(folder)?;
        let engine = Self::on(folder, options)?;
        if !engine.0.options.read_only
            && let Some(sandbox) = setup::start_sandbox(&engine.0.folder, &engine.0.database)?
        {
            engine.host(sandbox);
        }
        Ok(engine)
    }

    fn on(folder: PathBuf, options: EngineOptions) -> Answer<Self> {
        let ownership = if options.read_only { None } else { Some(Ownership::take(&folder)?) };
        let database = Arc::new(Database::open(&folder::database(&folder))?);
        WhatIfFolder::of(&folder).clean();
        if options.read_only {
            close_runs_of_the_dead(&folder, &database, options.clock.now())?;
        }
        let directories = Arc::new(Directories::new(SecretStore::open(&folder::key(&folder))?, Arc::clone(&options.clock)));
        let events = Arc::new(Broadcast::default());
        let runs = if options.read_only {
            None
        } else {
            let (listeners, source) = (Arc::clone(&events), Arc::clone(&database));
            let tell = move |event: RunEvent| match event_view(&source, event) {
                Ok(event) => listeners.send(&event),
                Err(error) => tracing::warn!(%error, "an event could not be told"),
            };
            Some(Arc::new(RunCore::new(
                Arc::clone(&database),
                Arc::clone(&options.clock),
                Arc::clone(&options.ids),
                Arc::clone(&directories) as Arc<dyn crate::run::DirectoryFactory>,
                options.user.clone(),
                Box::new(tell),
            )?))
        };
        let stop_requests = match &runs {
            Some(runs) => {
                stop_requests::forget(&database)?;
                Some(stop_requests::watch(Arc::clone(&database), Arc::downgrade(runs))?)
            }
            None => None,
        };
        let inner = Inner {
            folder,
            options,
            database,
            directories,
            events,
            runs,
            sandbox: Mutex::new(None),
            _stop_requests: stop_requests,
            _ownership: ownership,
        };
        Ok(Self(Arc::new(inner)))
    }

    /// Keeps a sandbox tenant running for as long as the engine lives.
    fn host(&self, sandbox: Sandbox) {
        *self.0.sandbox.lock().unwrap_or_else(PoisonError::into_inner) = Some(sandbox);
    }

    /// Stops the sandbox tenant of a connector that was deleted, so that its place is free.
    pub(super) fn stop_deserted_sandbox(&self) -> Answer<()> {
        let mut hosted = self.0.sandbox.lock().unwrap_or_else(PoisonError::into_inner);
        if hosted.is_some()
            && self.query(|_, context| Ok(queries::protection::tenant(context).is_none()))?
            && let Some(sandbox) = hosted.take()
        {
            sandbox.stop();
        }
        Ok(())
    }

    /// The data folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.0.folder
    }

    /// The database, for setup and tests.
    #[must_use]
    pub fn database(&self) -> &Database {
        &self.0.database
    }

    /// Gives out GUIDs.
    #[must_use]
    pub fn ids(&self) -> &dyn IdSource {
        self.0.options.ids.as_ref()
    }

    /// The present instant.
    #[must_use]
    pub fn now(&self) -> jiff::Timestamp {
        self.0.options.clock.now()
    }

    /// The store of passwords.
    #[must_use]
    pub fn secrets(&self) -> &SecretStore {
        self.0.directories.secrets()
    }

    /// Listens to events from now on.
    #[must_use]
    pub fn subscribe(&self) -> Receiver<EngineEvent> {
        self.0.events.subscribe()
    }

    pub(super) fn setup(&self) -> SetupContext<'_> {
        SetupContext {
            folder: &self.0.folder,
            database: &self.0.database,
            secrets: self.secrets(),
            ids: self.ids(),
            now: self.now(),
        }
    }

    /// Refuses to change the configuration while something runs (`wizard.md` W-BUSY).
    pub(super) fn check_idle(&self) -> Answer<()> {
        Ok(self.runs_core()?.check_idle()?)
    }

    /// Tells the listeners that connectors, rules or schemas are others now.
    pub(super) fn tell_configuration_changed(&self) {
        self.0.events.send(&EngineEvent::ConfigurationChanged);
    }

    /// Applies the default rules, tells the listeners and gives the new connector.
    pub(super) fn configured(&self, connector: ConnectorId) -> Answer<ConnectorSummary> {
        self.recording_rules(|| Ok(setup::apply_default_rules(&self.0.database, self.ids())?))?;
        self.tell_configuration_changed();
        self.query(|reader, context| queries::connectors::summary_of(reader, context, connector))
    }

    /// Adds a forest: connects to it, reads its schema and partitions, and stores it as a connector. As
    /// soon as there are a forest and a tenant, the default rules are applied. Nothing is stored when the
    /// directory cannot be used.
    ///
    /// # Errors
    /// [`EngineError`] when something runs, the name is in use, or the directory cannot be used.
    pub fn add_directory(&self, new: NewDirectory) -> Answer<ConnectorSummary> {
        self.check_idle()?;
        let connector = setup::add_directory(&self.setup(), new)?;
        self.configured(connector)
    }

    /// Adds a tenant that runs on this computer, inside this engine; the default rules follow as with
    /// [`Engine::add_directory`].
    ///
    /// # Errors
    /// [`EngineError`] when something runs, there is a tenant already, or a name is no domain.
    pub fn add_sandbox(&self, tenant: &str, domains: &[String]) -> Answer<ConnectorSummary> {
        self.check_idle()?;
        self.stop_deserted_sandbox()?;
        let (connector, sandbox) = setup::add_sandbox(&self.setup(), tenant, domains)?;
        self.host(sandbox);
        self.configured(connector)
    }

    /// Replaces the password or client secret of a connector, by name or GUID, after signing in with it.
    ///
    /// # Errors
    /// [`EngineError`] when the connector is unknown or has no password, or the directory refuses it.
    pub fn set_credential(&self, connector: &str, secret: SecretString) -> Answer<()> {
        self.runs_core()?;
        let connector = self.query(|_, context| queries::connectors::find(context, connector).map(|record| record.id))?;
        setup::set_credential(&self.setup(), connector, secret)?;
        self.tell_configuration_changed();
        Ok(())
    }

    /// What a step works with, for those who evaluate one object or work on a copy.
    pub(super) fn environment(&self) -> StepEnvironment {
        StepEnvironment {
            database: Arc::clone(&self.0.database),
            clock: Arc::clone(&self.0.options.clock),
            ids: Arc::clone(&self.0.options.ids),
            cancel: CancelToken::default(),
        }
    }

    /// Opens the directories behind connectors.
    pub(super) fn directories(&self) -> &Directories {
        &self.0.directories
    }

    /// The account of whoever opened the engine.
    pub(super) fn user(&self) -> &str {
        &self.0.options.user
    }

    pub(super) fn query<T>(&self, ask: impl FnOnce(&Reader<'_>, &QueryContext) -> Answer<T>) -> Answer<T> {
        let reader = self.0.database.reader()?;
        let mut context = QueryContext::load(&reader)?;
        if let Some(runs) = &self.0.runs {
            context.running = runs
                .active()
                .into_iter()
                .map(|(connector, (_, stopping))| {
                    (connector, if stopping { ConnectorState::Stopping } else { ConnectorState::Running })
                })
                .collect::<BTreeMap<_, _>>();
        }
        ask(&reader, &context)
    }

    /// What the whole installation is doing.
    ///
    /// # Errors
    /// [`EngineError`] when the database cannot be read. The same holds for all queries.
    pub fn status(&self) -> Answer<EngineStatus> {
        let info = self.0.database.info();
        self.query(|reader, context| {
            queries::status::engine_status(reader, context, self.0.folder.display().to_string(), info.bytes)
        })
    }

    /// All connectors, by name.
    ///
    /// # Errors
    /// [`EngineError`].
    pub fn connectors(&self) -> Answer<Vec<ConnectorSummary>> {
        self.query(|reader, context| queries::connectors::summaries(reader, context))
    }

    /// One connector, by name or GUID.
    ///
    /// # Errors
    /// [`EngineError::UnknownConnector`] lists the names there are.
    pub fn connector(&self, name_or_guid: &str) -> Answer<ConnectorSummary> {
        self.query(|reader, context| queries::connectors::summary(reader, context, name_or_guid))
    }

    /// Statistics of a connector space.
    ///
    /// # Errors
    /// [`EngineError`].
    pub fn connector_statistics(&self, id: ConnectorId) -> Answer<ConnectorStatistics> {
        self.query(|reader, context| queries::connectors::statistics(reader, context, id))
    }

    /// Run history, newest first.
    ///
    /// # Errors
    /// [`EngineError`].
    pub fn runs(&self, filter: &RunFilter) -> Answer<Page<RunSummary>> {
        queries::runs::list(&*self.0.database.reader()?, filter)
    }

    /// A run with its steps.
    ///
    /// # Errors
    /// [`EngineError::UnknownRun`].
    pub fn run(&self, id: RunId) -> Answer<RunDetails> {
        self.query(|reader, context| queries::runs::details(reader, context, id))
    }

    /// The objects behind counters of a step; `counters` are keys of [`super::CounterView::parts`].
    ///
    /// # Errors
    /// [`EngineError::UnknownRun`].
    pub fn run_objects(&self, id: RunId, step: u32, counters: &[String], offset: u64, limit: u64) -> Answer<Page<RunObjectView>> {
        queries::runs::objects(&*self.0.database.reader()?, id, step, counters, offset, limit)
    }

    /// What a step did to objects behind its counters, as kept with the run, and whether they are others now.
    ///
    /// # Errors
    /// [`EngineError::UnknownRun`].
    pub fn run_changes(&self, id: RunId, step: u32, places: &[RunObjectPlace]) -> Answer<Vec<RunChangeView>> {
        self.query(|reader, context| queries::run_changes::changes(reader, context, id, step, places))
    }

    /// Searches a connector space; results in DN order.
    ///
    /// # Errors
    /// [`EngineError`].
    pub fn search_connector_space(&self, search: &CsSearch) -> Answer<Page<CsHit>> {
        self.search_connector_space_where(search, &CsConditions::default())
    }

    /// Searches a connector space for objects whose attributes meet conditions; results in DN order.
    ///
    /// # Errors
    /// [`EngineError::Invalid`] when the connector lacks an attribute.
    pub fn search_connector_space_where(&self, search: &CsSearch, conditions: &CsConditions) -> Answer<Page<CsHit>> {
        self.query(|reader, context| queries::connector_space::search(reader, context, search, conditions))
    }

    /// A connector space object with all its layers.
    ///
    /// # Errors
    /// [`EngineError::UnknownObject`].
    pub fn cs_object(&self, guid: Uuid) -> Answer<CsObjectView> {
        self.query(|reader, context| queries::connector_space::object(reader, context, guid))
    }

    /// Holds what is staged for a connector space object against the schema of its connector.
    ///
    /// # Errors
    /// [`EngineError::UnknownObject`].
    pub fn validate_object(&self, guid: Uuid) -> Answer<SchemaValidationView> {
        self.query(|reader, context| queries::validate::object(reader, context, guid))
    }

    /// A connector space object by its name.
    ///
    /// # Errors
    /// [`EngineError::UnknownObject`].
    pub fn cs_object_by_dn(&self, connector: ConnectorId, dn: &str) -> Answer<CsObjectView> {
        self.query(|reader, context| queries::connector_space::object_by_dn(reader, context, connector, dn))
    }

    /// Searches the metaverse; results in order of display name.
    ///
    /// # Errors
    /// [`EngineError`].
    pub fn search_metaverse(&self, search: &MvSearch) -> Answer<Page<MvHit>> {
        self.query(|reader, context| queries::metaverse::search(reader, context, search))
    }

    /// A metaverse object with lineage and connectors.
    ///
    /// # Errors
    /// [`EngineError::UnknownObject`].
    pub fn mv_object(&self, guid: Uuid) -> Answer<MvObjectView> {
        self.query(|reader, context| queries::metaverse::object(reader, context, guid))
    }

    /// The connector space objects of a metaverse object with the rules between, as a graph.
    ///
    /// # Errors
    /// [`EngineError::UnknownObject`].
    pub fn lineage_graph(&self, guid: Uuid) -> Answer<LineageGraphView> {
        self.query(|reader, context| queries::lineage_graph::graph(reader, context, guid))
    }

    /// A connector space object as expressions of inbound rules read it; the connector by name or GUID.
    ///
    /// # Errors
    /// [`EngineError::UnknownObject`].
    pub fn expression_object(&self, connector: &str, dn: &str) -> Answer<ExpressionObject> {
        self.query(|reader, context| queries::expression::connector_space_object(reader, context, connector, dn))
    }

    /// A metaverse object as expressions of outbound rules read it: those of a connector when one is given.
    ///
    /// # Errors
    /// [`EngineError::UnknownObject`].
    pub fn expression_mv_object(&self, guid: Uuid, connector: Option<&str>) -> Answer<ExpressionObject> {
        self.query(|reader, context| queries::expression::metaverse_object(reader, context, guid, connector))
    }

    /// The attribute that a flow writes, as the checks of expressions need it: an outbound one to a connector, an
    /// inbound one to the metaverse.
    ///
    /// # Errors
    /// [`EngineError::UnknownConnector`].
    pub fn expression_target(&self, connector: Option<&str>, attribute: &str) -> Answer<Option<Target>> {
        self.query(|_, context| queries::expression::stored_target(context, connector, attribute))
    }

    /// Pending exports: deletions, additions, updates, each in DN order.
    ///
    /// # Errors
    /// [`EngineError`].
    pub fn pending_exports(
        &self,
        connector: ConnectorId,
        operations: OperationFilter,
        offset: u64,
        limit: u64,
    ) -> Answer<Page<PendingExportView>> {
        self.query(|reader, context| queries::pending::exports(reader, context, connector, operations, offset, limit))
    }

    /// What runs here; nothing does in a read-only engine.
    pub(super) fn own_runs(&self) -> Option<&Arc<RunCore>> {
        self.0.runs.as_ref()
    }

    pub(super) fn runs_core(&self) -> Answer<&Arc<RunCore>> {
        self.0.runs.as_ref().ok_or_else(|| {
            EngineError::Invalid(
                "this view is read-only; runs and changes are made by the process that owns the data folder".to_owned(),
            )
        })
    }

    /// Starts a run of a profile; it goes on by itself.
    ///
    /// # Errors
    /// [`EngineError`] when connector or profile are unknown, or another run is in the way.
    pub fn start_run(&self, connector: &str, profile: &str) -> Answer<RunHandle> {
        let connector = self.query(|_, context| queries::connectors::find(context, connector).map(|record| record.id))?;
        let ticket = self.runs_core()?.start(connector, profile)?;
        Ok(RunHandle { engine: self.clone(), ticket })
    }

    /// Asks the run of a connector, or all runs, to stop; gives those that were asked. A read-only engine asks
    /// the process that owns the data folder, which looks twice a second.
    ///
    /// # Errors
    /// [`EngineError::UnknownConnector`].
    pub fn stop_run(&self, connector: Option<&str>) -> Answer<Vec<RunId>> {
        let connector = match connector {
            Some(name) => Some(self.query(|_, context| queries::connectors::find(context, name).map(|record| record.id))?),
            None => None,
        };
        if let Some(runs) = &self.0.runs {
            return Ok(runs.stop(connector));
        }
        let running = queries::runs::unfinished(&*self.0.database.reader()?)?;
        let asked: Vec<RunId> =
            running.iter().filter(|run| connector.is_none_or(|wanted| wanted == run.connector_id)).map(|run| run.id).collect();
        if !asked.is_empty() {
            stop_requests::leave(&self.0.database, connector)?;
        }
        Ok(asked)
    }

    /// Starts a cycle; it goes on by itself.
    ///
    /// # Errors
    /// [`EngineError`] when something runs already.
    pub fn start_cycle(&self, policy: CyclePolicy) -> Answer<CycleHandle> {
        let core = Arc::clone(self.runs_core()?);
        let cycle = CyclePlan::begin(&core, policy == CyclePolicy::Initial)?;
        let thread =
            std::thread::Builder::new().name("cycle".to_owned()).spawn(move || cycle.run(&core)).map_err(RunError::Thread)?;
        Ok(CycleHandle { engine: self.clone(), thread })
    }

    /// Asks the cycle to stop; true when there was one.
    ///
    /// # Errors
    /// [`EngineError::Invalid`] on a read-only engine.
    pub fn stop_cycle(&self) -> Answer<bool> {
        Ok(self.runs_core()?.stop_cycle())
    }

    /// Ends everything: runs end `stopped-service-shutdown` after the batch at hand, the sandbox tenant
    /// stops, the data folder is free once the last clone is gone.
    pub fn shutdown(self) {
        if let Some(runs) = &self.0.runs {
            runs.shut_down();
            runs.wait_until_idle();
        }
        if let Some(sandbox) = self.0.sandbox.lock().unwrap_or_else(PoisonError::into_inner).take() {
            sandbox.stop();
        }
    }
}

/// Runs that look unfinished although no process owns the folder were left by one that died.
fn close_runs_of_the_dead(folder: &Path, database: &Database, now: jiff::Timestamp) -> Answer<()> {
    if queries::runs::unfinished(&*database.reader()?)?.is_empty() {
        return Ok(());
    }
    let Ok(_ownership) = Ownership::take(folder) else { return Ok(()) };
    let mut writer = database.writer();
    let transaction = writer.transaction()?;
    runs::close_unfinished(&transaction, StepStatus::STOPPED_SERVER.0, now)?;
    transaction.commit().map_err(StoreError::sqlite("closing unfinished runs"))?;
    Ok(())
}

fn summary(reader: &Reader<'_>, run: RunId) -> Answer<RunSummary> {
    queries::runs::summary(reader, run)
}

fn cycle_result(reader: &Reader<'_>, outcome: &CycleOutcome) -> Answer<CycleResult> {
    let steps = outcome
        .entries
        .iter()
        .map(|entry| {
            Ok(CycleStep {
                connector: entry.connector.clone(),
                profile: entry.profile.clone(),
                run: entry.run.map(|run| summary(reader, run)).transpose()?,
                note: entry.note.clone(),
            })
        })
        .collect::<Answer<_>>()?;
    Ok(CycleResult {
        policy: if outcome.initial { CyclePolicy::Initial } else { CyclePolicy::Delta },
        status: outcome.status.clone(),
        steps,
    })
}

/// An event of a run as the app sees it.
fn event_view(database: &Database, event: RunEvent) -> Answer<EngineEvent> {
    Ok(match event {
        RunEvent::Started(run) => EngineEvent::RunStarted(summary(&database.reader()?, run)?),
        RunEvent::Finished(run) => EngineEvent::RunFinished(summary(&database.reader()?, run)?),
        RunEvent::StepFinished { run, step, status } => EngineEvent::StepFinished { run, step, status },
        RunEvent::ConfigurationChanged => EngineEvent::ConfigurationChanged,
        RunEvent::CycleFinished(outcome) => EngineEvent::CycleFinished(cycle_result(&database.reader()?, &outcome)?),
        RunEvent::Progress { run, connector, connector_name, profile, step, steps, step_type, progress } => {
            EngineEvent::Progress(RunProgress {
                run,
                connector_id: connector,
                connector: connector_name,
                profile,
                step,
                steps,
                step_type: step_type.to_owned(),
                phase: progress.phase.to_owned(),
                done: progress.done,
                total: progress.total,
                errors: progress.errors,
                current: progress.current,
                counters: progress.counters,
            })
        }
    })
}
