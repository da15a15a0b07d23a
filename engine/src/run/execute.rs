//! One run: its steps in order, its record, its end.

use crate::connector::{CancelToken, Connector, ConnectorError};
use crate::model::RunId;
use crate::protection;
use crate::step::{Progress, Recorder, StepEnd, StepEnvironment, StepStatus, most_severe};
use crate::store::StoreError;
use crate::store::configuration::{self, ConnectorRecord, PartitionRecord, ProfileRecord, ProfileStep, StepType};
use crate::store::runs::{self, StepRecord};
use crate::sync;

use super::core::RunCore;
use super::event::RunEvent;
use super::removal::{self, Removal};
use std::sync::Arc;

/// What a run does.
#[derive(Clone, Debug)]
pub(super) enum Task {
    /// The steps of a run profile.
    Profile(ProfileRecord),
    /// It deletes the connector space, or the connector with it.
    Removal(Removal),
}

impl Task {
    /// What the run history calls it.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Profile(profile) => &profile.name,
            Self::Removal(removal) => removal.label(),
        }
    }

    /// Number of steps.
    pub(super) fn steps(&self) -> u32 {
        match self {
            Self::Profile(profile) => u32::try_from(profile.steps.len()).unwrap_or(u32::MAX),
            Self::Removal(_) => 1,
        }
    }

    /// True when it changes the metaverse, and so runs alone.
    pub(super) fn synchronizes(&self) -> bool {
        match self {
            Self::Profile(profile) => profile.steps.iter().any(|step| step.step_type.synchronizes().is_some()),
            Self::Removal(_) => true,
        }
    }
}

/// A run that was let in.
pub(super) struct Execution<'a> {
    pub(super) core: &'a Arc<RunCore>,
    pub(super) run: RunId,
    pub(super) connector: ConnectorRecord,
    pub(super) task: Task,
    pub(super) cancel: CancelToken,
}

/// Runs all steps and writes the end of the run.
pub(super) fn execute(execution: &Execution<'_>) {
    let span = tracing::info_span!("run", run = execution.run.0, connector = %execution.connector.name, profile = %execution.task.name());
    let _entered = span.enter();
    let (status, written) = match &execution.task {
        Task::Profile(profile) => execution.profile(profile),
        Task::Removal(removal) => (execution.removal(*removal), Ok(())),
    };
    if let Err(error) = written.and_then(|()| execution.finish(status)) {
        tracing::error!(%error, "the end of the run could not be written");
    }
    tracing::info!(status, "run finished");
}

impl Execution<'_> {
    /// Runs the steps of a run profile; gives the status of the run.
    fn profile(&self, profile: &ProfileRecord) -> (&'static str, Result<(), StoreError>) {
        let mut statuses: Vec<&'static str> = Vec::new();
        let mut completed: Vec<&ProfileStep> = Vec::new();
        for (number, step) in (1u32..).zip(&profile.steps) {
            let end = self.step(number, step.step_type.label(), &step.partition, |recorder| self.work(step, recorder));
            statuses.push(end.status.0);
            let unsure = [StepStatus::COMPLETED_DISCOVERY_ERRORS, StepStatus::COMPLETED_NO_OBJECTS].contains(&end.status);
            if !unsure && (end.status == StepStatus::SUCCESS || end.status.0.starts_with("completed-")) {
                completed.push(step);
            }
            if !end.status.lets_next_step_run() {
                break;
            }
        }
        (most_severe(statuses), self.clear_requirements(&completed))
    }

    /// Deletes the connector space, or the connector with it; gives the status of the run.
    fn removal(&self, removal: Removal) -> &'static str {
        let end = self.step(1, removal.label(), "", |recorder| match crate::export::recover(&self.core.database) {
            Ok(_) => removal::work(&self.environment(), &self.connector, removal, recorder),
            Err(error) => StepEnd::store(&error),
        });
        self.core.tell(RunEvent::ConfigurationChanged);
        end.status.0
    }

    /// One step with its record.
    fn step(
        &self,
        number: u32,
        step_type: &'static str,
        partition: &str,
        work: impl FnOnce(&mut Recorder) -> StepEnd,
    ) -> StepEnd {
        let end = self.recorded(number, step_type, partition, work);
        self.core.tell(RunEvent::StepFinished { run: self.run, step: number, status: end.status.0.to_owned() });
        end
    }

    fn recorded(
        &self,
        number: u32,
        step_type: &'static str,
        partition: &str,
        work: impl FnOnce(&mut Recorder) -> StepEnd,
    ) -> StepEnd {
        let mut record = StepRecord {
            run: self.run,
            number,
            step_type: step_type.to_owned(),
            partition: partition.to_owned(),
            status: StepStatus::IN_PROGRESS.0.to_owned(),
            message: String::new(),
            started: self.core.clock.now(),
            ended: None,
            counters: std::collections::BTreeMap::new(),
            connections: Vec::new(),
            warnings: Vec::new(),
        };
        if let Err(error) = self.save(&record, None) {
            return StepEnd::store(&error);
        }
        let mut recorder = Recorder::new(self.run, number, self.progress(number, step_type));
        // A fault of a connector or of the engine ends the step, never the program.
        let worked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| work(&mut recorder)));
        let mut end = worked.unwrap_or_else(|_| {
            StepEnd::because(StepStatus::STOPPED_EXCEPTION, "the step failed unexpectedly; the log says where")
        });
        if end.status == StepStatus::STOPPED_BY_USER && self.core.is_shutting_down() {
            end.status = StepStatus::STOPPED_SERVICE_SHUTDOWN;
        }
        end.status.0.clone_into(&mut record.status);
        record.message.clone_from(&end.message);
        record.ended = Some(self.core.clock.now());
        record.counters.clone_from(recorder.counters());
        record.connections.clone_from(&recorder.connections);
        record.warnings.clone_from(&recorder.warnings);
        if let Err(error) = self.save(&record, Some(&mut recorder)) {
            return StepEnd::store(&error);
        }
        end
    }

    /// Passes progress on.
    fn progress(&self, number: u32, step_type: &'static str) -> crate::step::ProgressSink {
        let core = Arc::clone(self.core);
        let (run, connector) = (self.run, self.connector.id);
        let (connector_name, profile) = (self.connector.name.clone(), self.task.name().to_owned());
        let steps = self.task.steps();
        Box::new(move |progress: &Progress| {
            core.tell(RunEvent::Progress {
                run,
                connector,
                connector_name: connector_name.clone(),
                profile: profile.clone(),
                step: number,
                steps,
                step_type,
                progress: progress.clone(),
            });
        })
    }

    fn environment(&self) -> StepEnvironment {
        StepEnvironment {
            database: Arc::clone(&self.core.database),
            clock: Arc::clone(&self.core.clock),
            ids: Arc::clone(&self.core.ids),
            cancel: self.cancel.clone(),
        }
    }

    fn work(&self, step: &ProfileStep, recorder: &mut Recorder) -> StepEnd {
        let environment = self.environment();
        if self.cancel.is_cancelled() {
            return StepEnd::because(StepStatus::STOPPED_BY_USER, "stopped before the step began");
        }
        // A synchronization runs alone, so no batch of any connector is being sent now.
        let released = if step.step_type.synchronizes().is_some() {
            crate::export::recover(&self.core.database)
        } else {
            crate::export::recover_connector(&self.core.database, self.connector.id)
        };
        if let Err(error) = released {
            return StepEnd::store(&error);
        }
        let Some(full) = step.step_type.synchronizes() else { return self.access(&environment, step, recorder) };
        let imported = step.step_type.imports().map(|_| self.access(&environment, step, recorder));
        let before = match imported {
            Some(end) if !end.status.lets_next_step_run() || step.only_writes_log_file() => return end,
            other => other,
        };
        let options = sync::SyncOptions {
            full,
            batch_size: if before.is_some() { 0 } else { step.batch_size },
            object_limit: step.object_limit,
            deletion_limit: step.deletion_limit,
        };
        let after = sync::run_step(&environment, self.connector.id, options, recorder);
        match before {
            Some(before) => before.and(after),
            None => after,
        }
    }

    /// The part of a step that needs the directory: an import or an export.
    fn access(&self, environment: &StepEnvironment, step: &ProfileStep, recorder: &mut Recorder) -> StepEnd {
        let partition = match self.partition(step) {
            Ok(partition) => partition,
            Err(end) => return end,
        };
        let mut directory = match self.open(step) {
            Ok(directory) => directory,
            Err(error) => {
                recorder.connections.push(runs::ConnectionRecord {
                    server: error.server.clone().unwrap_or_else(|| self.connector.name.clone()),
                    status: error.kind.connection_result().to_owned(),
                    date: self.core.clock.now(),
                    detail: error.to_string(),
                });
                return StepEnd::connector(&error, false);
            }
        };
        let before = recorder.connections.len();
        let end = if step.step_type == StepType::Export {
            self.export(environment, &partition, step, directory.as_mut(), recorder)
        } else {
            match sync::load_plan(&self.core.database) {
                Ok((plan, _)) => {
                    let keys = sync::connector_keys(&plan, self.connector.id);
                    crate::import::run(environment, &self.connector, &partition, step, directory.as_mut(), recorder, &keys)
                }
                Err(error) => StepEnd::store(&error),
            }
        };
        let incidents = directory.take_incidents().into_iter().map(|incident| runs::ConnectionRecord {
            server: incident.server,
            status: "dropped-connection".to_owned(),
            date: incident.date,
            detail: incident.detail,
        });
        recorder.connections.splice(before..before, incidents);
        end
    }

    /// The directory, or the log file that stands for it.
    fn open(&self, step: &ProfileStep) -> Result<Box<dyn Connector>, ConnectorError> {
        let open = || self.core.factory.open(&self.connector);
        match &step.log_file {
            Some(log) if step.step_type.imports().is_some() => {
                crate::import::log(&self.core.database, &self.connector, self.core.clock.now(), log, open)
            }
            _ => open(),
        }
    }

    fn export(
        &self,
        environment: &StepEnvironment,
        partition: &PartitionRecord,
        step: &ProfileStep,
        directory: &mut dyn Connector,
        recorder: &mut Recorder,
    ) -> StepEnd {
        let deletion_limit = match self.core.database.reader().and_then(|reader| protection::deletion_limit(&reader)) {
            Ok(limit) => limit,
            Err(error) => return StepEnd::store(&error),
        };
        let mut options = crate::export::ExportOptions { deletion_limit, keys: Vec::new() };
        if directory.capabilities().immediate_confirmation {
            options.keys = match sync::load_plan(&self.core.database) {
                Ok((plan, _)) => sync::connector_keys(&plan, self.connector.id),
                Err(error) => return StepEnd::store(&error),
            };
        }
        crate::export::run(environment, &self.connector, partition, step, directory, recorder, &options)
    }

    fn partition(&self, step: &ProfileStep) -> Result<PartitionRecord, StepEnd> {
        let partitions = self
            .core
            .database
            .reader()
            .and_then(|reader| configuration::partitions(&reader, self.connector.id))
            .map_err(|error| StepEnd::store(&error))?;
        match partitions.into_iter().find(|partition| partition.name.eq_ignore_ascii_case(&step.partition)) {
            None => Err(StepEnd::because(
                StepStatus::MISSING_PARTITION,
                format!("partition {} does not exist any more; edit the run profile", step.partition),
            )),
            Some(partition) if !partition.selected => Err(StepEnd::because(
                StepStatus::NO_START_PARTITION_NOT_CONFIGURED,
                format!("partition {} is not selected; select it or edit the run profile", step.partition),
            )),
            Some(partition) => Ok(partition),
        }
    }

    fn save(&self, record: &StepRecord, recorder: Option<&mut Recorder>) -> Result<(), StoreError> {
        let mut writer = self.core.database.writer();
        let transaction = writer.transaction()?;
        runs::save_step(&transaction, record)?;
        if let Some(recorder) = recorder {
            recorder.flush(&transaction)?;
        }
        transaction.commit().map_err(StoreError::sqlite("writing the run history"))
    }

    /// A full import of every selected partition, or a full synchronization, that ran to its end meets the
    /// requirement (`operations.md` 1-5).
    fn clear_requirements(&self, completed: &[&ProfileStep]) -> Result<(), StoreError> {
        let imports = || completed.iter().filter(|step| step.step_type.imports() == Some(true) && !step.only_writes_log_file());
        let mut writer = self.core.database.writer();
        let transaction = writer.transaction()?;
        let partitions = configuration::partitions(&transaction, self.connector.id)?;
        let imported = imports().next().is_some()
            && partitions
                .iter()
                .filter(|partition| partition.selected)
                .all(|partition| imports().any(|step| step.partition.eq_ignore_ascii_case(&partition.name)));
        let synchronized =
            completed.iter().any(|step| step.step_type.synchronizes() == Some(true) && !step.only_writes_log_file());
        if let Some(connector) = configuration::connector(&transaction, self.connector.id)? {
            let import = connector.full_import_reason.as_deref().filter(|_| !imported);
            let sync = connector.full_sync_reason.as_deref().filter(|_| !synchronized);
            configuration::set_required(&transaction, connector.id, import, sync)?;
        }
        transaction.commit().map_err(StoreError::sqlite("writing a connector"))
    }

    fn finish(&self, status: &str) -> Result<(), StoreError> {
        let mut writer = self.core.database.writer();
        let transaction = writer.transaction()?;
        runs::finish_run(&transaction, self.run, status, Some(self.core.clock.now()))?;
        transaction.commit().map_err(StoreError::sqlite("writing the run history"))
    }
}
