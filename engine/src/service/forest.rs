//! Forests through the facade.

use super::engine::{Answer, Engine};
use super::queries;
use crate::connector::active_directory::{ActiveDirectorySettings, PermissionFinding};
use crate::setup::{self, FindOptions, Found, TraceOptions, TraceReport};

impl Engine {
    /// Changes how a forest is reached and read, by name or GUID. Nothing is stored when it cannot be reached
    /// so. Gives the settings that hold now.
    ///
    /// # Errors
    /// [`EngineError`](super::EngineError) when something runs, the connector is unknown or no forest, or the
    /// forest cannot be reached.
    pub fn change_forest(
        &self,
        connector: &str,
        change: impl Fn(&mut ActiveDirectorySettings),
    ) -> Answer<ActiveDirectorySettings> {
        self.check_idle()?;
        let connector = self.query(|_, context| queries::connectors::find(context, connector).map(|record| record.id))?;
        let settings = setup::change_forest(&self.setup(), connector, change)?;
        self.tell_configuration_changed();
        Ok(settings)
    }

    /// Tries out which rights the account of a forest has, by name or GUID. Changes nothing.
    ///
    /// # Errors
    /// [`EngineError`](super::EngineError) when the connector is unknown or no forest, or the forest cannot be
    /// reached.
    pub fn check_permissions(&self, connector: &str) -> Answer<Vec<PermissionFinding>> {
        let connector = self.query(|_, context| queries::connectors::find(context, connector).map(|record| record.id))?;
        Ok(setup::check_permissions(&self.setup(), connector)?)
    }

    /// Looks for objects in all domains of a forest, by name or GUID, imported or not.
    ///
    /// # Errors
    /// [`EngineError`](super::EngineError) when the connector is unknown or no forest, or no domain can be asked.
    pub fn find_objects(&self, connector: &str, options: &FindOptions) -> Answer<Found> {
        let connector = self.query(|_, context| queries::connectors::find(context, connector).map(|record| record.id))?;
        Ok(setup::find_objects(&self.setup(), connector, options)?)
    }

    /// Asks a forest, by name or GUID, what an import would ask, and stages nothing. `sink` gets a JSON record for
    /// every search and every object; answering `false` it ends the trace.
    ///
    /// # Errors
    /// [`EngineError`](super::EngineError) when the connector is unknown or no forest, the options do not fit it, or
    /// the forest cannot be reached.
    pub fn trace_import(
        &self,
        connector: &str,
        options: &TraceOptions,
        sink: &mut dyn FnMut(&str) -> bool,
    ) -> Answer<TraceReport> {
        let connector = self.query(|_, context| queries::connectors::find(context, connector).map(|record| record.id))?;
        Ok(setup::trace_import(&self.setup(), connector, options, sink)?)
    }
}
