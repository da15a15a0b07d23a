//! Connector space objects: search and the object window.

use std::collections::BTreeMap;

use rusqlite::Connection;
use uuid::Uuid;

use super::layers::{Layers, Shown};
use super::lineage::lineage;
use super::values::{anchor_text, possible_bytes};
use super::{QueryContext, connectors, cs_clause, metaverse, slice};
use crate::model::{ConnectorId, CsId, Dn, ObjectOperation, Value, fold_text};
use crate::service::{CsConditions, CsHit, CsObjectView, CsScope, CsSearch, EngineError, ObjectErrorView, OperationFilter, Page};
use crate::store::configuration::{ConnectorRecord, partitions};
use crate::store::connector_space::{CsObject, LoadOptions, StoredError, TowerView, load};
use crate::store::search::connector_space::{self as search, CsCriterion, CsRow, NameRange};

/// A page of a connector space search, in DN order.
///
/// # Errors
/// [`EngineError::UnknownConnector`] or, for a name that cannot be read, [`EngineError::Invalid`].
pub fn search(
    connection: &Connection,
    context: &QueryContext,
    wanted: &CsSearch,
    conditions: &CsConditions,
) -> Result<Page<CsHit>, EngineError> {
    let record = connectors::by_number(context, wanted.connector)?;
    let criterion = criterion(connection, record.id, &wanted.scope)?;
    let ids = search::ids(connection, record.id, &criterion, &wanted.text)?;
    let mut ids = cs_clause::meeting(connection, context, record, ids, conditions)?;
    if conditions.reversed {
        ids.reverse();
    }
    let page = slice(&ids, wanted.offset, wanted.limit);
    let mut rows = hits(connection, page)?;
    if !conditions.columns.is_empty() {
        let mut texts = cs_clause::texts(connection, context, page, &conditions.columns)?;
        for row in &mut rows {
            row.attributes = texts.remove(&row.id).unwrap_or_default();
        }
    }
    Ok(Page { rows, total: ids.len() as u64 })
}

fn criterion(connection: &Connection, connector: ConnectorId, scope: &CsScope) -> Result<CsCriterion, EngineError> {
    Ok(match scope {
        CsScope::All => CsCriterion::All,
        CsScope::SubTree { dn, include_base } => {
            CsCriterion::Under { key: key_of(dn)?.key().to_owned(), include_base: *include_base }
        }
        CsScope::Rdn(text) => CsCriterion::Named(name_ranges(text, &search::name_types(connection, connector)?)),
        CsScope::DnOrAnchor(text) => CsCriterion::Identified {
            key: Dn::parse(text).ok().map(|dn| dn.key().to_owned()),
            anchors: possible_bytes(text),
            guid: Uuid::parse_str(text.trim()).ok(),
        },
        CsScope::PendingImport(operations) => CsCriterion::PendingImport(operations_of(*operations)),
        CsScope::PendingExport(operations) => CsCriterion::PendingExport(operations_of(*operations)),
        CsScope::ImportError => CsCriterion::ImportError,
        CsScope::ExportError => CsCriterion::ExportError,
        CsScope::Connector => CsCriterion::Connector,
        CsScope::Disconnector => CsCriterion::Disconnector,
        CsScope::InState { connector, state } => CsCriterion::InState { joined: *connector, state: state.code() },
        CsScope::AwaitingConfirmation => CsCriterion::AwaitingConfirmation,
        CsScope::DisconnectedSince(time) => CsCriterion::DisconnectedSince(*time),
        CsScope::Placeholder => CsCriterion::Placeholder,
    })
}

pub(super) fn key_of(dn: &str) -> Result<Dn, EngineError> {
    Dn::parse(dn).map_err(|error| EngineError::Invalid(format!("\"{dn}\" is not a distinguished name: {error}")))
}

/// The operations behind the three check boxes.
pub(super) fn operations_of(filter: OperationFilter) -> Vec<ObjectOperation> {
    [
        (filter.add, ObjectOperation::Add),
        (filter.modify, ObjectOperation::Update),
        (filter.delete, ObjectOperation::Delete),
        (filter.delete, ObjectOperation::DeleteAdd),
    ]
    .into_iter()
    .filter_map(|(wanted, operation)| wanted.then_some(operation))
    .collect()
}

/// Where in the order of name keys the objects of a relative name lie, in that order. A text without a
/// type is looked for under every type that the connector space has.
fn name_ranges(text: &str, types: &[String]) -> Vec<NameRange> {
    let text = text.trim();
    let (text, starts_with) = match text.strip_suffix('*') {
        Some(start) => (start, true),
        None => (text, false),
    };
    let typed = text.split_once('=').filter(|(name_type, _)| types.iter().any(|known| *known == fold_text(name_type.trim())));
    let keys: Vec<String> = match typed {
        Some((name_type, value)) => {
            let written = Dn::parse(text).ok().filter(|dn| dn.depth() == 1);
            vec![written.map_or_else(|| key(&fold_text(name_type.trim()), value), |dn| dn.key().to_owned())]
        }
        None => types.iter().map(|name_type| key(name_type, text)).collect(),
    };
    if starts_with {
        return keys.iter().map(|key| NameRange::starting_with(key)).collect();
    }
    // The object right under the root, then those in containers.
    keys.iter().flat_map(|key| [NameRange::exactly(key), NameRange::starting_with(&format!("{key},"))]).collect()
}

fn key(name_type: &str, value: &str) -> String {
    format!("{name_type}={}", Dn::escape_value(&fold_text(value.trim())))
}

/// Rows of a list, in the order of the numbers.
pub(super) fn hits(connection: &Connection, ids: &[CsId]) -> Result<Vec<CsHit>, EngineError> {
    Ok(search::rows(connection, ids)?.into_iter().map(hit).collect())
}

/// A row of a list.
pub(super) fn hit(row: CsRow) -> CsHit {
    CsHit {
        id: row.id,
        guid: row.guid,
        dn: row.dn,
        object_type: row.object_type,
        display_name: row.display_name,
        pending_import: row.import,
        pending_export: row.export,
        connector: row.mv.is_some(),
        awaiting_confirmation: row.awaiting,
        error: row.import_error.or(row.export_error).map(|code| code.as_str().to_owned()),
        explicit: row.explicit,
        metaverse: row.mv_guid,
        attributes: BTreeMap::new(),
    }
}

/// Everything about the object of a GUID.
///
/// # Errors
/// [`EngineError::UnknownObject`] when there is none.
pub fn object(connection: &Connection, context: &QueryContext, guid: Uuid) -> Result<CsObjectView, EngineError> {
    let unknown = || unknown(format!("GUID {guid}"));
    view(connection, context, search::id_by_guid(connection, guid)?.ok_or_else(unknown)?)?.ok_or_else(unknown)
}

/// Everything about the object of a DN in a connector space.
///
/// # Errors
/// [`EngineError::UnknownObject`] when there is none.
pub fn object_by_dn(
    connection: &Connection,
    context: &QueryContext,
    connector: ConnectorId,
    dn: &str,
) -> Result<CsObjectView, EngineError> {
    let record = connectors::by_number(context, connector)?;
    let id = id_by_dn(connection, record, dn)?;
    view(connection, context, id)?.ok_or_else(|| unknown_dn(record, dn))
}

/// The number of the object of a DN.
///
/// # Errors
/// [`EngineError::UnknownObject`] when there is none.
pub(super) fn id_by_dn(connection: &Connection, connector: &ConnectorRecord, dn: &str) -> Result<CsId, EngineError> {
    let key = key_of(dn)?.key().to_owned();
    let criterion = CsCriterion::Identified { key: Some(key), anchors: Vec::new(), guid: None };
    let ids = search::ids(connection, connector.id, &criterion, "")?;
    ids.first().copied().ok_or_else(|| unknown_dn(connector, dn))
}

/// There is no object of that DN.
pub(super) fn unknown_dn(connector: &ConnectorRecord, dn: &str) -> EngineError {
    unknown(format!("the DN \"{dn}\" in connector \"{}\"", connector.name))
}

fn unknown(criterion: String) -> EngineError {
    EngineError::UnknownObject { space: "connector space", criterion }
}

fn view(connection: &Connection, context: &QueryContext, id: CsId) -> Result<Option<CsObjectView>, EngineError> {
    let options = LoadOptions { without_references: true, ..LoadOptions::default() };
    let Some(object) = load(connection, &[id], &options)?.pop() else { return Ok(None) };
    let shown = [Shown::Import, Shown::Awaiting, Shown::PendingExport];
    let layers = Layers::read(connection, context, std::slice::from_ref(&object), &shown)?;
    let record = context.connector(object.connector);
    let partition = match object.partition {
        Some(id) => partitions(connection, object.connector)?.into_iter().find(|partition| partition.id == id),
        None => None,
    };
    let joined = object.mv.map(|mv| metaverse::hits(connection, context, &[mv])).transpose()?;
    Ok(Some(CsObjectView {
        id: object.id,
        guid: object.guid,
        connector_id: object.connector,
        connector: context.connector_name(object.connector),
        partition: partition.map(|partition| partition.name),
        object_type: object.object_type.clone().unwrap_or_default(),
        anchor: object.anchor.as_deref().map(|anchor| anchor_text(anchor, record.is_some_and(is_forest))),
        state: state(&object),
        last_import_change: object.import_changed,
        last_export_change: object.export_changed,
        disconnected: object.disconnected,
        flags: flags(&object, record),
        import: layers.import(&object),
        pending_export: layers.pending_export(&object),
        awaiting_confirmation: layers.awaiting(&object),
        sync_error: object.import_error.as_ref().map(|error| error_view(context, &object, error)),
        export_error: object.export_error.as_ref().map(|error| error_view(context, &object, error)),
        display_name: display_name(context, &object),
        metaverse: joined.and_then(|mut hits| hits.pop()),
        lineage: lineage(context, &object.link_rules),
        dn: object.dn,
    }))
}

fn is_forest(record: &ConnectorRecord) -> bool {
    connectors::kind_of(record).is_ok_and(crate::service::ConnectorKind::is_forest)
}

pub(super) fn state(object: &CsObject) -> String {
    if object.is_placeholder() {
        return "Placeholder".to_owned();
    }
    let link = if object.mv.is_some() { "Connector" } else { "Disconnector" };
    let state = match object.connector_state {
        1 => "explicit",
        2 => "filtered",
        _ => "normal",
    };
    format!("{link} ({state})")
}

/// The chips of the header, in their order.
fn flags(object: &CsObject, connector: Option<&ConnectorRecord>) -> Vec<String> {
    let pending = |what: &str, operation: ObjectOperation| {
        (operation != ObjectOperation::None).then(|| format!("pending {what}: {}", operation.word()))
    };
    let when = |holds: bool, text: &str| holds.then(|| text.to_owned());
    [
        pending("import", object.pending_import.operation),
        pending("export", object.unapplied.operation),
        when(!object.unconfirmed.is_none() || !object.escrowed.is_none(), "awaiting confirmation"),
        when(object.import_error.is_some(), "import error"),
        when(object.export_error.is_some(), "export error"),
        when(object.transient, "transient"),
        when(connector.is_some_and(|connector| connector.full_sync_reason.is_some()), "full sync needed"),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The name that a person knows the object by; empty when it has none.
pub(super) fn display_name(context: &QueryContext, object: &CsObject) -> String {
    let attribute = |name| context.attributes.get(name);
    let known = object.display_name(TowerView::Expected, attribute("displayName"), attribute("cn"));
    if !known.is_empty() {
        return known;
    }
    let others = ["userPrincipalName", "mail", "onPremisesSamAccountName"].into_iter().filter_map(attribute);
    let mut texts = others.filter_map(|id| object.values(TowerView::Expected, id).first().map(Value::display));
    texts.find(|text| !text.is_empty()).unwrap_or_default()
}

pub(super) fn error_view(context: &QueryContext, object: &CsObject, stored: &StoredError) -> ObjectErrorView {
    ObjectErrorView {
        object_guid: Some(object.guid),
        dn: object.dn.clone(),
        display_name: display_name(context, object),
        metaverse_guid: None,
        error: stored.error.clone(),
        first_occurred: stored.first_occurred,
        last_occurred: Some(stored.last_occurred),
        retry_count: stored.retry_count,
    }
}
