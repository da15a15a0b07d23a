//! Changing run profiles.

use super::engine::{Answer, Engine};
use super::queries::connectors as query;
use super::{ConnectorSummary, EngineError, RunProfileStepView, RunProfileView};
use crate::model::ConnectorId;
use crate::setup::{self, RunProfileError};
use crate::store::configuration::{LogFile, ProfileStep, StepType};

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
