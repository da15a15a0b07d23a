//! Pending exports as a report (`operations.md` 3).

use rusqlite::Connection;

use super::layers::{Layers, Shown};
use super::{QueryContext, connector_space, connectors, slice};
use crate::model::ConnectorId;
use crate::service::{EngineError, OperationFilter, Page, PendingExportView};
use crate::store::connector_space::{LoadOptions, load};
use crate::store::search::connector_space as search;

/// Objects loaded at a time.
const BATCH: usize = 500;

/// A page of the pending exports of a connector: deletes, delete-adds, adds, updates, each in DN order.
///
/// # Errors
/// [`EngineError::UnknownConnector`] when there is no such connector.
pub fn exports(
    connection: &Connection,
    context: &QueryContext,
    connector: ConnectorId,
    operations: OperationFilter,
    offset: u64,
    limit: u64,
) -> Result<Page<PendingExportView>, EngineError> {
    let connector = connectors::by_number(context, connector)?.id;
    let ids = search::pending_export_ids(connection, connector, &connector_space::operations_of(operations))?;
    let options = LoadOptions { without_references: true, ..LoadOptions::default() };
    let mut rows = Vec::new();
    for batch in slice(&ids, offset, limit).chunks(BATCH) {
        let objects = load(connection, batch, &options)?;
        let layers = Layers::read(connection, context, &objects, &[Shown::PendingExport])?;
        for hit in connector_space::hits(connection, batch)? {
            // Objects come in the order of their numbers.
            let object = objects.binary_search_by_key(&hit.id, |object| object.id).ok().and_then(|place| objects.get(place));
            if let Some(layer) = object.and_then(|object| layers.pending_export(object)) {
                rows.push(PendingExportView { hit, layer });
            }
        }
    }
    Ok(Page { rows, total: ids.len() as u64 })
}
