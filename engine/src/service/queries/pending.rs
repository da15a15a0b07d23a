//! Pending exports as a report (`operations.md` 3).

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::Connection;

use super::layers::{Layers, Shown};
use super::{QueryContext, connector_space, connectors, slice};
use crate::connector::entra::{BackendKind, CLOUD_MANAGED, reason_not_made, reason_not_written};
use crate::model::{AttributeId, ConnectorId, ObjectOperation, Value};
use crate::rules::Direction;
use crate::service::{EngineError, LayerView, NotSentView, OperationFilter, Page, PendingExportView};
use crate::setup::tenant_settings;
use crate::store::attributes;
use crate::store::configuration::{self, TENANT_KIND};
use crate::store::connector_space::{CsObject, LoadOptions, TowerView, load};
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
    let unsent = Unsent::read(connection, connector)?;
    let mut rows = Vec::new();
    for batch in slice(&ids, offset, limit).chunks(BATCH) {
        let objects = load(connection, batch, &options)?;
        let layers = Layers::read(connection, context, &objects, &[Shown::PendingExport])?;
        for hit in connector_space::hits(connection, batch)? {
            // Objects come in the order of their numbers.
            let object = objects.binary_search_by_key(&hit.id, |object| object.id).ok().and_then(|place| objects.get(place));
            if let Some(layer) = object.and_then(|object| layers.pending_export(object)) {
                let not_sent = match object.filter(|object| unsent.is_cloud_managed(object)) {
                    Some(_) => vec![NotSentView { attribute: None, reason: CLOUD_MANAGED.to_owned() }],
                    None => unsent.of(&hit.object_type, &layer),
                };
                rows.push(PendingExportView { hit, layer, not_sent });
            }
        }
    }
    Ok(Page { rows, total: ids.len() as u64 })
}

/// What is not sent of what the rules of a tenant flow.
#[derive(Debug, Default)]
struct Unsent {
    /// What the tenant cannot store, by object type.
    types: BTreeMap<String, BTreeSet<NotSentView>>,
    /// By what the synchronization channel tells that an object with a source anchor is the cloud's.
    authority: Option<(AttributeId, AttributeId)>,
}

impl Unsent {
    /// Nothing for directories that store every attribute.
    fn read(connection: &Connection, connector: ConnectorId) -> Result<Self, EngineError> {
        let mut unsent = Self::default();
        let record = configuration::connector(connection, connector)?.filter(|record| record.kind == TENANT_KIND);
        let Some(record) = record else { return Ok(unsent) };
        if tenant_settings(&record)?.backend != BackendKind::Graph {
            let table = attributes::load(connection)?;
            unsent.authority = table.get("cloudMastered").zip(table.get("sourceAnchor"));
            return Ok(unsent);
        }
        for object_type in record.schema.types() {
            unsent.types.entry(object_type.to_lowercase()).or_default();
        }
        for rule in configuration::rules(connection)? {
            if rule.connector != connector || rule.direction != Direction::Outbound || !rule.enabled {
                continue;
            }
            let found = unsent.types.entry(rule.connector_object_type.to_lowercase()).or_default();
            for flow in rule.flows {
                if let Some(reason) = reason_not_written(&rule.connector_object_type, &flow.target) {
                    found.insert(NotSentView { attribute: Some(flow.target), reason: reason.to_owned() });
                }
            }
        }
        Ok(unsent)
    }

    /// True for an object whose source of authority is the cloud.
    fn is_cloud_managed(&self, object: &CsObject) -> bool {
        self.authority.is_some_and(|(mastered, anchor)| {
            let known = object.view(TowerView::Expected);
            known.get(mastered).first() == Some(&Value::Boolean(true)) && !known.get(anchor).is_empty()
        })
    }

    /// What is not sent of an object with these staged changes.
    fn of(&self, object_type: &str, layer: &LayerView) -> Vec<NotSentView> {
        let Some(attributes) = self.types.get(&object_type.to_lowercase()) else { return Vec::new() };
        if matches!(layer.operation, ObjectOperation::Delete | ObjectOperation::None) {
            return Vec::new();
        }
        let security = layer.attributes.iter().find(|attribute| attribute.name.eq_ignore_ascii_case("securityEnabled"));
        let security =
            security.and_then(|attribute| attribute.new.first()).map(|value| !value.text.eq_ignore_ascii_case("false"));
        if layer.operation != ObjectOperation::Update
            && let Some(reason) = reason_not_made(object_type, security)
        {
            return vec![NotSentView { attribute: None, reason: reason.to_owned() }];
        }
        attributes.iter().cloned().collect()
    }
}
