//! A cycle: imports, synchronizations and exports of all connectors in the documented order
//! (`operations.md` 1).

use std::sync::Arc;

use super::core::{Origin, RunCore, RunError};
use crate::connector::CancelToken;
use crate::model::{ConnectorId, RunId};
use crate::protection;
use crate::step::{StepStatus, most_severe};
use crate::store::configuration::{self, ConnectorRecord, StepType, TENANT_KIND};
use crate::store::runs::{self, RunQuery};
use crate::store::{StoreError, pending};

/// A cycle that was let in.
#[derive(Debug)]
pub struct CyclePlan {
    initial: bool,
    token: CancelToken,
}

/// One entry of a cycle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CycleEntry {
    /// Connector name.
    pub connector: String,
    /// Profile name.
    pub profile: String,
    /// The run; absent when it was skipped.
    pub run: Option<RunId>,
    /// Why it was skipped, or why it was full instead of delta.
    pub note: Option<String>,
}

/// How a cycle ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CycleOutcome {
    /// It was an initial cycle.
    pub initial: bool,
    /// `success`, `canceled`, `completed-import-failed`, or the worst status of its runs.
    pub status: String,
    /// Entries in order.
    pub entries: Vec<CycleEntry>,
}

impl CyclePlan {
    /// Lets a cycle in: with `initial`, full imports and synchronizations throughout.
    ///
    /// # Errors
    /// [`RunError`] when something runs already.
    pub fn begin(core: &RunCore, initial: bool) -> Result<Self, RunError> {
        Ok(Self { initial, token: core.begin_cycle()? })
    }

    /// Runs the cycle on the calling thread.
    ///
    /// # Errors
    /// [`RunError`] when the database fails; runs that fail are part of the outcome.
    pub fn run(self, core: &Arc<RunCore>) -> Result<CycleOutcome, RunError> {
        let initial = self.initial;
        let mut cycle = Cycle { core, plan: self, entries: Vec::new(), statuses: Vec::new(), import_stopped: false };
        let result = cycle.all();
        let outcome = CycleOutcome { initial, status: cycle.status(), entries: cycle.entries };
        core.end_cycle(&outcome);
        result.map(|()| outcome)
    }
}

struct Cycle<'a> {
    core: &'a Arc<RunCore>,
    plan: CyclePlan,
    entries: Vec<CycleEntry>,
    statuses: Vec<String>,
    import_stopped: bool,
}

impl Cycle<'_> {
    fn all(&mut self) -> Result<(), RunError> {
        let connectors = configuration::connectors(&*self.core.database.reader()?)?;
        let (tenants, forests): (Vec<_>, Vec<_>) = connectors.iter().partition(|connector| connector.kind == TENANT_KIND);
        for connector in forests.iter().chain(&tenants) {
            self.import(connector)?;
        }
        for connector in forests.iter().chain(&tenants) {
            self.synchronize(connector)?;
        }
        for connector in tenants.iter().chain(&forests) {
            self.export(connector)?;
        }
        Ok(())
    }

    fn import(&mut self, connector: &ConnectorRecord) -> Result<(), RunError> {
        let (step_type, note) = if self.plan.initial {
            (StepType::FullImport, None)
        } else if let Some(reason) = &connector.full_import_reason {
            (StepType::FullImport, Some(format!("full instead of delta: {reason}")))
        } else if !self.has_watermarks(connector.id)? {
            (StepType::FullImport, Some("full instead of delta: this directory cannot tell changes".to_owned()))
        } else {
            (StepType::DeltaImport, None)
        };
        let mut status = self.step(connector, step_type, note)?;
        if status.as_deref() == Some(StepStatus::NO_START_FULL_IMPORT_REQUIRED.0) {
            let note = "full instead of delta: the directory does not know the watermark any more".to_owned();
            status = self.step(connector, StepType::FullImport, Some(note))?;
        }
        self.import_stopped |= status.is_some_and(|status| status.starts_with("stopped-") || status.starts_with("no-start-"));
        Ok(())
    }

    fn synchronize(&mut self, connector: &ConnectorRecord) -> Result<(), RunError> {
        let (step_type, note) = match (&connector.full_sync_reason, self.plan.initial) {
            (_, true) => (StepType::FullSynchronization, None),
            (Some(reason), false) => (StepType::FullSynchronization, Some(format!("full instead of delta: {reason}"))),
            (None, false) => (StepType::DeltaSynchronization, None),
        };
        self.step(connector, step_type, note).map(|_| ())
    }

    /// Exports to the tenant, and to a forest that something waits for.
    fn export(&mut self, connector: &ConnectorRecord) -> Result<(), RunError> {
        let (staging, waiting) = {
            let reader = self.core.database.reader()?;
            (protection::staging_mode(&reader)?, pending::count(&reader, connector.id)?)
        };
        if connector.kind != TENANT_KIND && waiting == 0 {
            return Ok(());
        }
        let skipped = if staging {
            Some("skipped: the server is in staging mode".to_owned())
        } else if self.plan.initial && self.import_stopped {
            Some("skipped: an import of this initial cycle did not complete".to_owned())
        } else if connector.kind != TENANT_KIND && self.core.factory.can_export(connector).is_ok_and(|can| !can) {
            // A directory that cannot be asked gets its run, which says why.
            Some(format!("skipped: {waiting} changes wait, but the connector cannot write to its directory"))
        } else {
            None
        };
        let Some(note) = skipped else { return self.step(connector, StepType::Export, None).map(|_| ()) };
        if !self.plan.token.is_cancelled() {
            let profile = self.core.profile_name(connector.id, StepType::Export)?.unwrap_or_default();
            self.entries.push(CycleEntry { connector: connector.name.clone(), profile, run: None, note: Some(note) });
        }
        Ok(())
    }

    /// Runs the profile of a step type and gives its status.
    fn step(
        &mut self,
        connector: &ConnectorRecord,
        step_type: StepType,
        note: Option<String>,
    ) -> Result<Option<String>, RunError> {
        if self.plan.token.is_cancelled() {
            return Ok(None);
        }
        let Some(profile) = self.core.profile_name(connector.id, step_type)? else {
            let note = format!("skipped: the connector has no profile of {} steps", step_type.label());
            self.entries.push(CycleEntry {
                connector: connector.name.clone(),
                profile: String::new(),
                run: None,
                note: Some(note),
            });
            return Ok(None);
        };
        let ticket = match self.core.start_for(Origin::Cycle, connector.id, &profile) {
            Ok(ticket) => ticket,
            Err(RunError::Busy { message, .. }) => {
                let note = Some(format!("skipped: {message}"));
                self.entries.push(CycleEntry { connector: connector.name.clone(), profile, run: None, note });
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        if self.plan.token.is_cancelled() {
            // The stop came between the last look and the start.
            self.core.stop(Some(connector.id));
        }
        let run = ticket.wait()?;
        let reader = self.core.database.reader()?;
        let status = runs::runs(&reader, &RunQuery { id: Some(run), ..RunQuery::default() })?.pop().map(|run| run.status);
        self.statuses.extend(status.clone());
        self.entries.push(CycleEntry { connector: connector.name.clone(), profile, run: Some(run), note });
        Ok(status)
    }

    /// True when every selected partition can be imported from a watermark.
    fn has_watermarks(&self, connector: ConnectorId) -> Result<bool, StoreError> {
        let partitions = configuration::partitions(&*self.core.database.reader()?, connector)?;
        Ok(partitions.iter().filter(|partition| partition.selected).all(|partition| partition.watermark.is_some()))
    }

    fn status(&self) -> String {
        if self.plan.token.is_cancelled() {
            "canceled".to_owned()
        } else if self.plan.initial && self.import_stopped {
            "completed-import-failed".to_owned()
        } else if self.statuses.is_empty() {
            StepStatus::SUCCESS.0.to_owned()
        } else {
            most_severe(self.statuses.iter().map(String::as_str)).to_owned()
        }
    }
}
