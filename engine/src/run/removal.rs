//! Deleting a connector space, or a connector with it (`engine.md` 4.6, `ui.md` 4.7): a run of its own, because every
//! object has to let go of its metaverse object.

use rusqlite::Transaction;

use crate::model::{ConnectorId, fold_text};
use crate::rules::{Direction, SyncRule};
use crate::step::{Recorder, StepEnd, StepEnvironment};
use crate::store::configuration::{self, ConnectorRecord, TENANT_KIND};
use crate::store::options::{self, SANDBOX_FOLDER, SANDBOX_TENANT};
use crate::store::server_documents::{self, DocumentKind};
use crate::store::{StoreError, connector_space};
use crate::sync;

/// How much goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removal {
    /// The objects; connector, rules and run profiles stay.
    Space,
    /// The objects, and the connector with its rules, partitions and run profiles.
    Connector,
}

impl Removal {
    /// The name of the run and of its only step.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Space => "Delete Connector Space",
            Self::Connector => "Delete Connector",
        }
    }
}

/// The only step: what was done stays done when it is stopped, and it goes on from there when it is begun again.
pub(super) fn work(
    environment: &StepEnvironment,
    connector: &ConnectorRecord,
    removal: Removal,
    recorder: &mut Recorder,
) -> StepEnd {
    remove(environment, connector, removal, recorder).unwrap_or_else(|error| StepEnd::store(&error))
}

fn remove(
    environment: &StepEnvironment,
    connector: &ConnectorRecord,
    removal: Removal,
    recorder: &mut Recorder,
) -> Result<StepEnd, StoreError> {
    // Before the first object goes, so that no delta import takes what is missing for unchanged.
    write(environment, |transaction| require_everything(transaction, connector))?;
    let end = sync::leave_step(environment, connector.id, recorder);
    let empty = connector_space::children_first(&*environment.database.reader()?, connector.id)?.is_empty();
    if removal == Removal::Connector && end.status.lets_next_step_run() && empty {
        write(environment, |transaction| forget(transaction, connector))?;
    }
    Ok(end)
}

fn write(
    environment: &StepEnvironment,
    change: impl FnOnce(&Transaction<'_>) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut writer = environment.database.writer();
    let transaction = writer.transaction()?;
    change(&transaction)?;
    transaction.commit().map_err(StoreError::sqlite("deleting a connector"))
}

/// The connector has to be imported and synchronized anew, and those that feed it have to be synchronized in full.
fn require_everything(transaction: &Transaction<'_>, connector: &ConnectorRecord) -> Result<(), StoreError> {
    configuration::forget_watermarks(transaction, connector.id)?;
    let rules = configuration::rules(transaction)?;
    for record in configuration::connectors(transaction)? {
        let own = record.id == connector.id;
        if !own && !feeds(&rules, record.id, connector.id) {
            continue;
        }
        let reason = format!("the connector space of {} was deleted", connector.name);
        let import = record.full_import_reason.clone().or_else(|| own.then(|| reason.clone()));
        let sync = record.full_sync_reason.clone().unwrap_or(reason);
        configuration::set_required(transaction, record.id, import.as_deref(), Some(&sync))?;
    }
    Ok(())
}

/// True when objects of one connector come to another.
fn feeds(rules: &[SyncRule], from: ConnectorId, to: ConnectorId) -> bool {
    let enabled = || rules.iter().filter(|rule| rule.enabled);
    let kind = |rule: &SyncRule| fold_text(&rule.metaverse_object_type);
    let mut out = enabled().filter(|rule| rule.connector == to && rule.direction == Direction::Outbound).map(kind);
    out.any(|wanted| {
        enabled()
            .filter(|rule| rule.connector == from && rule.direction == Direction::Inbound)
            .any(|rule| kind(rule) == "*" || kind(rule) == wanted)
    })
}

/// The connector itself goes, with all that is only about it.
fn forget(transaction: &Transaction<'_>, connector: &ConnectorRecord) -> Result<(), StoreError> {
    let rules = configuration::rules(transaction)?;
    for rule in rules.iter().filter(|rule| rule.connector == connector.id) {
        server_documents::remove(transaction, DocumentKind::Rule, rule.guid)?;
    }
    server_documents::remove(transaction, DocumentKind::Connector, connector.guid)?;
    options::set(transaction, &options::attributes_by_hand(connector.guid), None)?;
    configuration::delete_connector(transaction, connector.id)?;
    if connector.kind == TENANT_KIND {
        // Its data stays in the data folder, but nothing starts it any more.
        options::set(transaction, SANDBOX_FOLDER, None)?;
        options::set(transaction, SANDBOX_TENANT, None)?;
    }
    options::next_configuration_version(transaction)
}
