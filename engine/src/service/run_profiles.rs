//! Changing run profiles.

use super::engine::{Answer, Engine};
use super::queries::connectors as query;
use super::{ConnectorSummary, EngineError, RunProfileChange, RunProfileStepView, RunProfileView};
use crate::model::{ConnectorId, fold_text};
use crate::run::default_step;
use crate::setup::{self, ProfileChange, RunProfileError, StepFault, StepNumber};
use crate::store::configuration::{LogFile, ProfileStep, StepType};

/// The types of steps, as they are shown and in the order in which they are offered.
#[must_use]
pub fn step_types() -> [&'static str; 8] {
    StepType::ALL.map(StepType::label)
}

/// True when a step of this type reads the directory.
#[must_use]
pub fn step_imports(step_type: &str) -> bool {
    StepType::of_label(step_type).is_some_and(|known| known.imports().is_some())
}

/// True when a step of this type covers the whole connector space, whatever its partition.
#[must_use]
pub fn step_covers_all(step_type: &str) -> bool {
    StepType::of_label(step_type).is_some_and(|known| known.imports().is_none() && known.synchronizes().is_some())
}

/// A step with the sizes of the shipped profiles; none when there is no such type.
#[must_use]
pub fn shipped_step(step_type: &str, partition: &str) -> Option<RunProfileStepView> {
    Some(RunProfileStepView::of(default_step(StepType::of_label(step_type)?, partition)))
}

/// The field of a step that something is wrong with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepField {
    /// What it does.
    Type,
    /// Its partition.
    Partition,
    /// Objects per batch.
    BatchSize,
    /// Objects asked for at a time.
    PageSize,
    /// Seconds to wait for one answer.
    Timeout,
    /// Its log file.
    LogFile,
}

/// Everything that is wrong with a step, by field. `partitions` are those that are selected.
#[must_use]
pub fn step_faults(view: &RunProfileStepView, partitions: &[String]) -> Vec<(StepField, String)> {
    let step = match step(view) {
        Ok(step) => step,
        Err(error) => return vec![(StepField::Type, error.to_string())],
    };
    let known: Vec<(&str, bool)> = partitions.iter().map(|name| (name.as_str(), true)).collect();
    let field = |fault: StepFault| {
        let field = match &fault {
            StepFault::Partition { .. } | StepFault::NotSelected(_) => StepField::Partition,
            StepFault::Range { what: StepNumber::BatchSize, .. } => StepField::BatchSize,
            StepFault::Range { what: StepNumber::PageSize, .. } => StepField::PageSize,
            StepFault::Range { what: StepNumber::Timeout, .. } => StepField::Timeout,
            StepFault::LogFile(_) => StepField::LogFile,
        };
        (field, fault.to_string())
    };
    setup::check_step(step, &known).err().unwrap_or_default().into_iter().map(field).collect()
}

/// Why a name cannot be that of a run profile beside others; none when it can.
#[must_use]
pub fn profile_name_fault(name: &str, others: &[&str]) -> Option<String> {
    let fault = match setup::usable_name(name) {
        Err(error) => error,
        Ok(name) => {
            let taken = others.iter().find(|other| fold_text(other.trim()) == fold_text(name))?;
            RunProfileError::NameTaken((*taken).to_owned())
        }
    };
    Some(fault.to_string())
}

impl From<RunProfileError> for EngineError {
    fn from(error: RunProfileError) -> Self {
        match error {
            RunProfileError::Store(error) => Self::Store(error),
            other => Self::Invalid(other.to_string()),
        }
    }
}

impl Engine {
    /// Stores a run profile of a connector (name or GUID): a new one, or one in place of the one named by
    /// `replaces`, which may have another name.
    ///
    /// # Errors
    /// [`EngineError`] when something runs, or the profile cannot be stored so.
    pub fn save_run_profile(
        &self,
        connector: &str,
        profile: &RunProfileView,
        replaces: Option<&str>,
    ) -> Answer<ConnectorSummary> {
        self.check_idle()?;
        let id = self.known_profile(connector, replaces)?;
        let steps = profile.steps.iter().map(step).collect::<Answer<_>>()?;
        setup::save_run_profile(&self.setup(), id, &profile.name, steps, replaces)?;
        self.tell_configuration_changed();
        self.query(|reader, context| query::summary_of(reader, context, id))
    }

    /// Stores all run profiles of a connector (name or GUID) at once: those that no change names go. `seen` is what
    /// they were when the changes were made; when they are others by now, nothing is stored.
    ///
    /// # Errors
    /// [`EngineError`] when something runs, somebody else changed them, or they cannot be stored so.
    pub fn store_run_profiles(
        &self,
        connector: &str,
        seen: &[RunProfileView],
        changes: &[RunProfileChange],
    ) -> Answer<ConnectorSummary> {
        self.check_idle()?;
        let id = self.connector(connector)?.id;
        let steps = |profile: &RunProfileView| profile.steps.iter().map(step).collect::<Answer<Vec<_>>>();
        let seen = seen.iter().map(|profile| Ok((profile.name.clone(), steps(profile)?))).collect::<Answer<Vec<_>>>()?;
        let change = |change: &RunProfileChange| {
            let (replaces, name) = (change.replaces.clone(), change.profile.name.clone());
            Ok(ProfileChange { replaces, name, steps: steps(&change.profile)? })
        };
        let changes = changes.iter().map(change).collect::<Answer<Vec<_>>>()?;
        setup::store_run_profiles(&self.setup(), id, &seen, changes)?;
        self.tell_configuration_changed();
        self.query(|reader, context| query::summary_of(reader, context, id))
    }

    /// Removes a run profile of a connector (name or GUID).
    ///
    /// # Errors
    /// [`EngineError`] when something runs, or there is no such profile.
    pub fn delete_run_profile(&self, connector: &str, profile: &str) -> Answer<ConnectorSummary> {
        self.check_idle()?;
        let id = self.known_profile(connector, Some(profile))?;
        setup::delete_run_profile(&self.setup(), id, profile)?;
        self.tell_configuration_changed();
        self.query(|reader, context| query::summary_of(reader, context, id))
    }

    /// The number of a connector that has a profile.
    fn known_profile(&self, connector: &str, profile: Option<&str>) -> Answer<ConnectorId> {
        let summary = self.connector(connector)?;
        if let Some(profile) = profile
            && !summary.profiles.iter().any(|known| known.name.eq_ignore_ascii_case(profile.trim()))
        {
            let known = summary.profiles.iter().map(|known| known.name.as_str()).collect::<Vec<_>>().join(", ");
            return Err(EngineError::UnknownProfile { connector: summary.name, profile: profile.to_owned(), known });
        }
        Ok(summary.id)
    }
}

fn step(view: &RunProfileStepView) -> Answer<ProfileStep> {
    let step_type = StepType::of_label(&view.step_type).ok_or_else(|| {
        let known = StepType::ALL.map(StepType::label).join(", ");
        EngineError::Invalid(format!("\"{}\" is no type of a step; there are: {known}", view.step_type))
    })?;
    Ok(ProfileStep {
        step_type,
        partition: view.partition.clone(),
        batch_size: view.batch_size,
        page_size: view.page_size,
        timeout_secs: view.timeout_secs,
        object_limit: view.object_limit,
        deletion_limit: view.deletion_limit,
        log_file: view.log_file.as_ref().map(|log| LogFile { name: log.name.clone(), usage: log.usage }),
    })
}
