//! What an administrator does with a whole connector.

use std::sync::Arc;

use super::engine::{Answer, Engine};
use super::{ConnectorDeletionImpact, ConnectorSummary, Deprovisioning, RunHandle, WhatIfProgress, queries};
use crate::connector::CancelToken;
use crate::run::Removal;
use crate::setup;
use crate::store::StoreError;
use crate::store::configuration::set_required;
use crate::whatif::{self, WhatIfContext};

impl Engine {
    /// Chooses what becomes of a connector's objects when nothing holds them any more, by name or GUID. It holds from
    /// then on: what was staged or disconnected before stays as it is.
    ///
    /// # Errors
    /// [`EngineError`](super::EngineError) when something runs or the connector is unknown.
    pub fn set_deprovisioning(&self, connector: &str, action: Deprovisioning) -> Answer<ConnectorSummary> {
        self.check_idle()?;
        let connector = self.query(|_, context| queries::connectors::find(context, connector).map(|record| record.id))?;
        setup::set_deprovisioning(self.database(), connector, action)?;
        self.tell_configuration_changed();
        self.query(|reader, context| queries::connectors::summary_of(reader, context, connector))
    }

    /// Says by hand what a connector needs in full at the next cycle, by name or GUID. What is required already keeps
    /// its reason; what is taken back is not made up for by itself.
    ///
    /// # Errors
    /// [`EngineError`](super::EngineError) when something runs or the connector is unknown.
    pub fn require_full_runs(&self, connector: &str, import: bool, synchronization: bool) -> Answer<ConnectorSummary> {
        self.check_idle()?;
        let record = self.query(|_, context| queries::connectors::find(context, connector).cloned())?;
        let asked = format!("asked for by {}", self.user());
        let reason = |wanted: bool, present: Option<String>| wanted.then(|| present.unwrap_or_else(|| asked.clone()));
        let import = reason(import, record.full_import_reason);
        let synchronization = reason(synchronization, record.full_sync_reason);
        let mut writer = self.database().writer();
        let transaction = writer.transaction()?;
        set_required(&transaction, record.id, import.as_deref(), synchronization.as_deref())?;
        transaction.commit().map_err(StoreError::sqlite("writing a connector"))?;
        drop(writer);
        self.tell_configuration_changed();
        self.query(|reader, context| queries::connectors::summary_of(reader, context, record.id))
    }

    /// What [`Engine::delete_connector`] would do, by name or GUID. It is done on a copy of the database, so it takes
    /// its time; `cancel` ends it early, `tell` is told how far it has come.
    ///
    /// # Errors
    /// [`EngineError`](super::EngineError) when the connector is unknown, a what-if is being computed, or it was
    /// stopped.
    pub fn connector_deletion_impact(
        &self,
        connector: &str,
        space_only: bool,
        cancel: &CancelToken,
        tell: Arc<dyn Fn(WhatIfProgress) + Send + Sync>,
    ) -> Answer<ConnectorDeletionImpact> {
        let record = self.query(|_, context| queries::connectors::find(context, connector).cloned())?;
        let environment = self.environment();
        let context =
            WhatIfContext { folder: self.folder(), database: self.database(), clock: &environment.clock, user: self.user() };
        Ok(whatif::connector_deletion(context, &record, removal(space_only), cancel, &tell)?)
    }

    /// Deletes a connector space, and the connector with its rules unless `space_only`, by name or GUID: every object
    /// lets go of its metaverse object, and what the other connectors are to be told of that is staged. The directory
    /// itself is not changed. It is a run that goes on by itself and can be stopped; begun again it goes on where it
    /// was. The run history stays.
    ///
    /// # Errors
    /// [`EngineError`](super::EngineError) when the connector is unknown, or any run is in the way.
    pub fn delete_connector(&self, connector: &str, space_only: bool) -> Answer<RunHandle> {
        let id = self.query(|_, context| queries::connectors::find(context, connector).map(|record| record.id))?;
        let ticket = self.runs_core()?.start_removal(id, removal(space_only))?;
        Ok(RunHandle { engine: self.clone(), ticket })
    }
}

fn removal(space_only: bool) -> Removal {
    if space_only { Removal::Space } else { Removal::Connector }
}
