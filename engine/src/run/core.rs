//! Which runs may begin, which are going on, and how they are stopped (`engine.md` 6.2).

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use thiserror::Error;

use super::DirectoryFactory;
use super::cycle::CycleOutcome;
use super::event::RunEvent;
use super::execute::{Execution, Task, execute};
use super::removal::Removal;
use crate::connector::CancelToken;
use crate::model::{Clock, ConnectorId, IdSource, RunId};
use crate::step::StepStatus;
use crate::store::configuration::{self, ConnectorRecord, ProfileRecord, StepType};
use crate::store::runs::{self, RunRecord};
use crate::store::{Database, StoreError};

/// A run or cycle that was not accepted.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RunError {
    /// The connector does not exist.
    #[error("connector {0} does not exist")]
    UnknownConnector(ConnectorId),
    /// The connector has no such profile.
    #[error("connector \"{connector}\" has no run profile \"{profile}\"; its profiles: {known}")]
    UnknownProfile {
        /// Connector.
        connector: String,
        /// Profile asked for.
        profile: String,
        /// Profiles there are.
        known: String,
    },
    /// The profile has no steps.
    #[error("run profile \"{profile}\" of connector \"{connector}\" has no steps; add one or select a partition")]
    NoSteps {
        /// Connector.
        connector: String,
        /// Profile.
        profile: String,
    },
    /// Another run is in the way.
    #[error("{message}")]
    Busy {
        /// Status string.
        status: &'static str,
        /// Sentence naming the run that is in the way.
        message: String,
    },
    /// The engine is closing.
    #[error("the engine is shutting down")]
    ShuttingDown,
    /// No thread could be started.
    #[error("no thread could be started for the run")]
    Thread(#[source] std::io::Error),
    /// The run ended without telling how; see the log.
    #[error("the run ended unexpectedly; see the log")]
    Lost,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A run that is going on.
#[derive(Clone, Debug)]
pub(super) struct ActiveRun {
    pub(super) run: RunId,
    pub(super) connector_name: String,
    pub(super) profile: String,
    pub(super) cancel: CancelToken,
    synchronizes: bool,
}

/// Who asks for a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// A person, while no cycle goes on.
    Person,
    /// The cycle that goes on.
    Cycle,
}

#[derive(Debug, Default)]
struct State {
    active: BTreeMap<ConnectorId, ActiveRun>,
    cycle: Option<CancelToken>,
    shutting_down: bool,
}

/// Takes in runs and knows those that are going on.
pub struct RunCore {
    pub(super) database: Arc<Database>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) ids: Arc<dyn IdSource>,
    pub(super) factory: Arc<dyn DirectoryFactory>,
    user: String,
    events: Box<dyn Fn(RunEvent) + Send + Sync>,
    state: Mutex<State>,
    /// Told whenever a run or cycle ends.
    ended: Condvar,
}

impl std::fmt::Debug for RunCore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RunCore").field("state", &self.state).finish_non_exhaustive()
    }
}

/// A run that was accepted.
#[derive(Debug)]
pub struct RunTicket {
    /// Its number.
    pub run: RunId,
    thread: JoinHandle<()>,
}

impl RunTicket {
    /// Waits for the end of the run.
    ///
    /// # Errors
    /// [`RunError::Lost`] when its thread failed.
    pub fn wait(self) -> Result<RunId, RunError> {
        let run = self.run;
        self.thread.join().map(|()| run).ok().ok_or(RunError::Lost)
    }
}

impl RunCore {
    /// A core on a database. Runs that an earlier process left unfinished are closed as
    /// `stopped-server`, and what it had in the middle of an export becomes pending again.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be written.
    pub fn new(
        database: Arc<Database>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdSource>,
        factory: Arc<dyn DirectoryFactory>,
        user: String,
        events: Box<dyn Fn(RunEvent) + Send + Sync>,
    ) -> Result<Self, StoreError> {
        {
            let mut writer = database.writer();
            let transaction = writer.transaction()?;
            runs::close_unfinished(&transaction, StepStatus::STOPPED_SERVER.0, clock.now())?;
            transaction.commit().map_err(StoreError::sqlite("closing unfinished runs"))?;
        }
        crate::export::recover(&database)?;
        Ok(Self { database, clock, ids, factory, user, events, state: Mutex::default(), ended: Condvar::new() })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn tell(&self, event: RunEvent) {
        (self.events)(event);
    }

    /// The runs going on, by connector, with whether they were asked to stop.
    #[must_use]
    pub fn active(&self) -> BTreeMap<ConnectorId, (RunId, bool)> {
        self.state().active.iter().map(|(connector, run)| (*connector, (run.run, run.cancel.is_cancelled()))).collect()
    }

    /// Starts a run of a profile on a thread of its own.
    ///
    /// # Errors
    /// [`RunError`] when connector or profile are unknown, or another run is in the way.
    pub fn start(self: &Arc<Self>, connector: ConnectorId, profile: &str) -> Result<RunTicket, RunError> {
        self.start_for(Origin::Person, connector, profile)
    }

    pub(super) fn start_for(
        self: &Arc<Self>,
        origin: Origin,
        connector: ConnectorId,
        profile: &str,
    ) -> Result<RunTicket, RunError> {
        let (connector, profile) = self.find(connector, profile)?;
        self.begin(origin, connector, Task::Profile(profile))
    }

    /// Starts deleting a connector space, or a connector with it, on a thread of its own.
    ///
    /// # Errors
    /// [`RunError`] when the connector is unknown, or any run is in the way.
    pub fn start_removal(self: &Arc<Self>, connector: ConnectorId, removal: Removal) -> Result<RunTicket, RunError> {
        let record = configuration::connector(&*self.database.reader()?, connector)?;
        let record = record.ok_or(RunError::UnknownConnector(connector))?;
        self.begin(Origin::Person, record, Task::Removal(removal))
    }

    fn begin(self: &Arc<Self>, origin: Origin, connector: ConnectorRecord, task: Task) -> Result<RunTicket, RunError> {
        let cancel = CancelToken::default();
        let run = self.admit(origin, &connector, &task, &cancel)?;
        self.tell(RunEvent::Started(run));
        let core = Arc::clone(self);
        let id = connector.id;
        let thread = std::thread::Builder::new().name(format!("run-{run}")).spawn(move || {
            let execution = Execution { core: &core, run, connector, task, cancel };
            execute(&execution);
            core.state().active.remove(&execution.connector.id);
            core.tell(RunEvent::Finished(run));
            core.ended.notify_all();
        });
        match thread {
            Ok(thread) => Ok(RunTicket { run, thread }),
            Err(error) => {
                self.state().active.remove(&id);
                Err(RunError::Thread(error))
            }
        }
    }

    fn find(&self, connector: ConnectorId, profile: &str) -> Result<(ConnectorRecord, ProfileRecord), RunError> {
        let reader = self.database.reader()?;
        let record = configuration::connector(&reader, connector)?.ok_or(RunError::UnknownConnector(connector))?;
        let profiles = configuration::profiles(&reader, connector)?;
        let known = profiles.iter().map(|profile| profile.name.as_str()).collect::<Vec<_>>().join(", ");
        match profiles.into_iter().find(|known| known.name.eq_ignore_ascii_case(profile.trim())) {
            Some(found) if found.steps.is_empty() => Err(RunError::NoSteps { connector: record.name, profile: found.name }),
            Some(found) => Ok((record, found)),
            None => Err(RunError::UnknownProfile { connector: record.name, profile: profile.to_owned(), known }),
        }
    }

    /// Lets a run in, or says which other run is in the way. Synchronization is exclusive; imports and
    /// exports of different connectors may overlap each other (`engine.md` 6.2).
    fn admit(&self, origin: Origin, connector: &ConnectorRecord, task: &Task, cancel: &CancelToken) -> Result<RunId, RunError> {
        let synchronizes = task.synchronizes();
        let mut state = self.state();
        if state.shutting_down {
            return Err(RunError::ShuttingDown);
        }
        if origin == Origin::Person && state.cycle.is_some() {
            let now = state.active.values().next();
            let now = now.map(|active| format!("; it is running {} of \"{}\"", active.profile, active.connector_name));
            return Err(RunError::Busy {
                status: StepStatus::NO_START_ALREADY_RUNNING.0,
                message: format!("a synchronization cycle is running{}; wait for it or stop it", now.unwrap_or_default()),
            });
        }
        if let Some(active) = state.active.get(&connector.id) {
            return Err(RunError::Busy {
                status: StepStatus::NO_START_ALREADY_RUNNING.0,
                message: format!(
                    "connector \"{}\" is already running {} (run {}); wait for it or stop it",
                    connector.name, active.profile, active.run
                ),
            });
        }
        let in_the_way = state.active.values().find(|active| synchronizes || active.synchronizes);
        if let Some(active) = in_the_way {
            return Err(RunError::Busy {
                status: StepStatus::NO_START_ALREADY_RUNNING.0,
                message: format!(
                    "connector \"{}\" is running {} (run {}); a synchronization runs alone: wait for it or stop it",
                    active.connector_name, active.profile, active.run
                ),
            });
        }
        let record = RunRecord {
            id: RunId(0),
            connector: connector.id,
            connector_name: connector.name.clone(),
            profile: task.name().to_owned(),
            user: self.user.clone(),
            status: StepStatus::IN_PROGRESS.0.to_owned(),
            started: self.clock.now(),
            ended: None,
            steps: task.steps(),
        };
        let mut writer = self.database.writer();
        let transaction = writer.transaction()?;
        let run = runs::insert_run(&transaction, &record)?;
        transaction.commit().map_err(StoreError::sqlite("writing the run history"))?;
        let active = ActiveRun {
            run,
            connector_name: connector.name.clone(),
            profile: task.name().to_owned(),
            cancel: cancel.clone(),
            synchronizes,
        };
        state.active.insert(connector.id, active);
        Ok(run)
    }

    /// Asks the run of a connector, or all runs, to stop after the batch at hand. A cycle that started
    /// them goes on with its next step unless it is stopped too.
    pub fn stop(&self, connector: Option<ConnectorId>) -> Vec<RunId> {
        let state = self.state();
        let asked = state.active.iter().filter(|(id, _)| connector.is_none_or(|wanted| wanted == **id));
        asked
            .map(|(_, run)| {
                run.cancel.cancel();
                run.run
            })
            .collect()
    }

    /// Refuses while a run or a cycle goes on; the configuration is changed only in between.
    ///
    /// # Errors
    /// [`RunError::Busy`] names the run that is in the way.
    pub fn check_idle(&self) -> Result<(), RunError> {
        self.while_idle("so the configuration cannot be changed", || ())
    }

    /// Does something short while no run and no cycle goes on, and none can begin. `so` ends the sentence that
    /// says what is in the way.
    ///
    /// # Errors
    /// [`RunError::Busy`] names the run that is in the way.
    pub fn while_idle<T>(&self, so: &str, work: impl FnOnce() -> T) -> Result<T, RunError> {
        let state = self.state();
        let busy = |message: String| RunError::Busy { status: StepStatus::NO_START_ALREADY_RUNNING.0, message };
        if state.shutting_down {
            return Err(RunError::ShuttingDown);
        }
        if let Some(active) = state.active.values().next() {
            return Err(busy(format!(
                "connector \"{}\" is running {} (run {}), {so}; wait for it or stop it",
                active.connector_name, active.profile, active.run
            )));
        }
        match state.cycle {
            Some(_) => Err(busy(format!("a synchronization cycle is running, {so}; wait for it or stop it"))),
            None => Ok(work()),
        }
    }

    /// Registers a cycle.
    pub(super) fn begin_cycle(&self) -> Result<CancelToken, RunError> {
        let mut state = self.state();
        if state.shutting_down {
            return Err(RunError::ShuttingDown);
        }
        if state.cycle.is_some() {
            return Err(RunError::Busy {
                status: StepStatus::NO_START_ALREADY_RUNNING.0,
                message: "a synchronization cycle is already running; wait for it or stop it".to_owned(),
            });
        }
        if let Some(active) = state.active.values().next() {
            return Err(RunError::Busy {
                status: StepStatus::NO_START_ALREADY_RUNNING.0,
                message: format!(
                    "connector \"{}\" is running {} (run {}); a cycle starts when nothing runs: wait for it or stop it",
                    active.connector_name, active.profile, active.run
                ),
            });
        }
        let token = CancelToken::default();
        state.cycle = Some(token.clone());
        Ok(token)
    }

    pub(super) fn end_cycle(&self, outcome: &CycleOutcome) {
        self.state().cycle = None;
        self.tell(RunEvent::CycleFinished(outcome.clone()));
        self.ended.notify_all();
    }

    /// Asks a cycle and its run to stop; true when there was one.
    pub fn stop_cycle(&self) -> bool {
        let cycle = self.state().cycle.clone();
        match cycle {
            Some(token) => {
                token.cancel();
                self.stop(None);
                true
            }
            None => false,
        }
    }

    /// Lets no run in any more and asks those going on to stop; they end `stopped-service-shutdown`.
    pub fn shut_down(&self) {
        self.state().shutting_down = true;
        self.stop_cycle();
        self.stop(None);
    }

    /// Waits until no run and no cycle goes on.
    pub fn wait_until_idle(&self) {
        let mut state = self.state();
        while !state.active.is_empty() || state.cycle.is_some() {
            state = self.ended.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    pub(super) fn is_shutting_down(&self) -> bool {
        self.state().shutting_down
    }

    /// The profile of a connector that does nothing but one type of step, for cycles; one that only writes or reads log
    /// files is none.
    pub(super) fn profile_name(&self, connector: ConnectorId, step_type: StepType) -> Result<Option<String>, StoreError> {
        let profiles = configuration::profiles(&*self.database.reader()?, connector)?;
        Ok(profiles
            .into_iter()
            .find(|profile| {
                !profile.steps.is_empty()
                    && profile.steps.iter().all(|step| step.step_type == step_type && !step.is_log_file_alone())
            })
            .map(|profile| profile.name))
    }
}
