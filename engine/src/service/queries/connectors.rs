//! Connectors and their statistics.

use rusqlite::Connection;
use serde_json::Value as Json;
use uuid::Uuid;

use super::{QueryContext, runs};
use crate::model::{ConnectorId, fold_text};
use crate::service::{
    ConnectorKind, ConnectorState, ConnectorStatistics, ConnectorSummary, EngineError, RunProfileStepView, RunProfileView,
    StatusClass,
};
use crate::store::configuration::{ConnectorRecord, ProfileRecord, partitions, profiles};
use crate::store::search::counts as search;

const KINDS: [(&str, ConnectorKind); 4] = [
    ("active-directory", ConnectorKind::ActiveDirectory),
    ("ldap", ConnectorKind::GenericLdap),
    ("file", ConnectorKind::File),
    ("tenant", ConnectorKind::Tenant),
];

/// The text that the store keeps for a kind.
#[must_use]
pub fn kind_text(kind: ConnectorKind) -> &'static str {
    KINDS.iter().find(|(_, known)| *known == kind).map_or("", |(text, _)| text)
}

/// The kind of a stored connector.
///
/// # Errors
/// [`EngineError::Invalid`] when a newer program made it.
pub fn kind_of(record: &ConnectorRecord) -> Result<ConnectorKind, EngineError> {
    KINDS.iter().find(|(text, _)| *text == record.kind).map(|(_, kind)| *kind).ok_or_else(|| {
        EngineError::Invalid(format!(
            "connector \"{}\" is of kind \"{}\", which this program does not know; update the program",
            record.name, record.kind
        ))
    })
}

/// Where a connector connects to, as far as its settings say.
fn address_of(record: &ConnectorRecord, kind: ConnectorKind) -> String {
    let settings: Json = serde_json::from_str(&record.settings).unwrap_or_default();
    let text = |key: &str| settings.get(key).and_then(Json::as_str).unwrap_or_default().to_owned();
    match kind {
        ConnectorKind::File => text("path"),
        ConnectorKind::Tenant => text("base_url"),
        ConnectorKind::ActiveDirectory | ConnectorKind::GenericLdap => {
            let servers = settings.get("servers").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
            let servers: Vec<&str> = servers.iter().filter_map(Json::as_str).collect();
            if servers.is_empty() { text("forest") } else { servers.join(", ") }
        }
    }
}

/// The connector of a name or GUID, without regard to case.
///
/// # Errors
/// [`EngineError::UnknownConnector`] names those there are.
pub fn find<'a>(context: &'a QueryContext, name_or_guid: &str) -> Result<&'a ConnectorRecord, EngineError> {
    let name = fold_text(name_or_guid.trim());
    let guid = Uuid::parse_str(name_or_guid.trim()).ok();
    let found = context.connectors.iter().find(|connector| fold_text(&connector.name) == name);
    found.or_else(|| context.connectors.iter().find(|connector| Some(connector.guid) == guid)).ok_or_else(|| {
        let mut known: Vec<&str> = context.connectors.iter().map(|connector| connector.name.as_str()).collect();
        known.sort_unstable();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        EngineError::UnknownConnector { name: name_or_guid.to_owned(), known }
    })
}

/// The connector of a number.
pub(super) fn by_number(context: &QueryContext, id: ConnectorId) -> Result<&ConnectorRecord, EngineError> {
    match context.connector(id) {
        Some(connector) => Ok(connector),
        None => find(context, &format!("number {id}")),
    }
}

/// All connectors by name.
///
/// # Errors
/// [`EngineError`] when the database cannot be read.
pub fn summaries(connection: &Connection, context: &QueryContext) -> Result<Vec<ConnectorSummary>, EngineError> {
    let ids: Vec<ConnectorId> = context.connectors.iter().map(|connector| connector.id).collect();
    let mut latest = runs::latest(connection, &ids)?;
    let pending = search::pending_counts(connection)?;
    let mut summaries = Vec::new();
    for record in &context.connectors {
        let kind = kind_of(record)?;
        let last_run = latest.remove(&record.id);
        let (pending_import, pending_export) = pending.get(&record.id).copied().unwrap_or_default();
        // Another process may be running it.
        let runs_elsewhere = last_run.as_ref().is_some_and(|run| run.class == StatusClass::Running);
        let state = match context.running.get(&record.id) {
            Some(state) => *state,
            None if runs_elsewhere => ConnectorState::Running,
            None => ConnectorState::Idle,
        };
        summaries.push(ConnectorSummary {
            id: record.id,
            guid: record.guid,
            name: record.name.clone(),
            kind,
            description: record.description.clone(),
            state,
            address: address_of(record, kind),
            partitions: partitions(connection, record.id)?
                .into_iter()
                .filter(|partition| partition.selected)
                .map(|partition| partition.name)
                .collect(),
            profiles: profiles(connection, record.id)?.into_iter().map(profile_view).collect(),
            full_import_required: record.full_import_reason.clone(),
            full_sync_required: record.full_sync_reason.clone(),
            deprovisioning: record.deprovisioning,
            last_run,
            pending_import,
            pending_export,
        });
    }
    summaries.sort_by_cached_key(|summary| (fold_text(&summary.name), summary.id));
    Ok(summaries)
}

/// One connector by name or GUID.
///
/// # Errors
/// [`EngineError::UnknownConnector`] names those there are.
pub fn summary(connection: &Connection, context: &QueryContext, name_or_guid: &str) -> Result<ConnectorSummary, EngineError> {
    summary_of(connection, context, find(context, name_or_guid)?.id)
}

/// One connector by number.
///
/// # Errors
/// [`EngineError::UnknownConnector`] when there is no such connector.
pub fn summary_of(connection: &Connection, context: &QueryContext, id: ConnectorId) -> Result<ConnectorSummary, EngineError> {
    let found = summaries(connection, context)?.into_iter().find(|summary| summary.id == id);
    found.ok_or_else(|| EngineError::UnknownConnector { name: format!("number {id}"), known: String::new() })
}

fn profile_view(profile: ProfileRecord) -> RunProfileView {
    let steps = profile.steps.into_iter().map(RunProfileStepView::of).collect();
    RunProfileView { name: profile.name, steps }
}

/// Connector space statistics.
///
/// # Errors
/// [`EngineError::UnknownConnector`] when there is no such connector.
pub fn statistics(connection: &Connection, context: &QueryContext, id: ConnectorId) -> Result<ConnectorStatistics, EngineError> {
    let counts = search::counts(connection, by_number(context, id)?.id)?;
    let ([connector, explicit_connector], [disconnector, explicit_disconnector, filtered_disconnector]) =
        (counts.connector, counts.disconnector);
    let ([import_none, import_add, import_update, import_delete], [export_add, export_update, export_delete]) =
        (counts.import, counts.export);
    Ok(ConnectorStatistics {
        all: counts.all,
        total_connector: connector + explicit_connector,
        total_disconnector: disconnector + explicit_disconnector + filtered_disconnector,
        placeholder: counts.placeholder,
        connector,
        explicit_connector,
        disconnector,
        explicit_disconnector,
        filtered_disconnector,
        import_add,
        import_update,
        import_delete,
        import_none,
        export_add,
        export_update,
        export_delete,
    })
}
