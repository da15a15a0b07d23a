//! Objects to try expressions on.

use rusqlite::Connection;
use syncline_expression::Target;
use uuid::Uuid;

use super::{QueryContext, connector_space, connectors};
use crate::model::{AttributeDefinition, CsId, INDEXED_LIMIT, ValueType};
use crate::rules::{active_directory_schema, attribute_kind, metaverse_schema, tenant_schema};
use crate::service::{EngineError, ExpressionObject};
use crate::store::StoreError;
use crate::store::connector_space::{LoadOptions, load};
use crate::store::search::metaverse as search;
use crate::sync::expression_object as objects;
use crate::sync::read_plan;

/// How a metaverse object type is written where the type of a directory is expected, too.
const METAVERSE_PREFIX: &str = "mv:";

/// A connector space object.
///
/// # Errors
/// [`EngineError::UnknownObject`] when there is none.
pub fn connector_space_object(
    connection: &Connection,
    context: &QueryContext,
    connector: &str,
    dn: &str,
) -> Result<ExpressionObject, EngineError> {
    let record = connectors::find(context, connector)?;
    let id: CsId = connector_space::id_by_dn(connection, record, dn)?;
    let references = record.schema.attributes().filter(|definition| definition.value_type == ValueType::Reference);
    let names = references.filter_map(|definition| context.attributes.get(&definition.name)).collect();
    let object = load(connection, &[id], &LoadOptions { names, without_references: false })?.pop();
    let object = object.ok_or_else(|| connector_space::unknown_dn(record, dn))?;
    if object.is_placeholder() {
        return Err(EngineError::Invalid(format!("\"{dn}\" is a placeholder: only its name is known; import it first")));
    }
    let (plan, _) = read_plan(connection)?;
    let connector = plan.connector(record.id).ok_or_else(|| connector_space::unknown_dn(record, dn))?;
    let (source, lacking) = objects::connector_space(&plan, connector, &object);
    Ok(ExpressionObject { source, lacking, inbound: true })
}

/// A metaverse object, for the outbound rules of a connector when one is given.
///
/// # Errors
/// [`EngineError::UnknownObject`] when there is none.
pub fn metaverse_object(
    connection: &Connection,
    context: &QueryContext,
    guid: Uuid,
    connector: Option<&str>,
) -> Result<ExpressionObject, EngineError> {
    let record = connector.map(|name| connectors::find(context, name)).transpose()?;
    let unknown = || EngineError::UnknownObject { space: "metaverse", criterion: format!("GUID {guid}") };
    let id = search::id_by_guid(connection, guid)?.ok_or_else(unknown)?;
    let object = crate::store::metaverse::load_one(connection, id)?.ok_or_else(unknown)?;
    let (plan, _) = read_plan(connection)?;
    let connector = record.and_then(|record| plan.connector(record.id));
    let source = objects::metaverse(&plan, &context.metaverse, connector, &object);
    Ok(ExpressionObject { source, lacking: Vec::new(), inbound: false })
}

/// An object of a shipped schema without any value: a type of Active Directory such as `user`, or one of the
/// metaverse such as `mv:person`.
///
/// # Errors
/// [`EngineError::Invalid`] lists the types there are.
pub fn shipped_object(object_type: &str) -> Result<ExpressionObject, EngineError> {
    let (schema, name, inbound) = match object_type.strip_prefix(METAVERSE_PREFIX) {
        Some(name) => (metaverse_schema(), name, false),
        None => (active_directory_schema(), object_type, true),
    };
    let schema = schema.map_err(|error| StoreError::damaged("a shipped schema", error))?;
    let Some(known) = schema.type_name(name) else {
        let (what, prefix) = if inbound { ("Active Directory", "") } else { ("the metaverse", METAVERSE_PREFIX) };
        let types: Vec<String> = schema.types().map(|known| format!("{prefix}{known}")).collect();
        return Err(EngineError::Invalid(format!("{what} has no object type \"{name}\"; its types: {}", types.join(", "))));
    };
    let description =
        if inbound { format!("object type {known} of Active Directory") } else { format!("metaverse object type {known}") };
    let source = objects::empty(&schema, known, description, inbound);
    Ok(ExpressionObject { source, lacking: Vec::new(), inbound })
}

/// The attribute that a flow writes: of the metaverse for an inbound rule, of the tenant or a forest for an
/// outbound one, without regard to case.
///
/// # Errors
/// [`EngineError`] when a shipped schema is faulty; a test guards them.
pub fn shipped_target(name: &str, inbound: bool) -> Result<Option<Target>, EngineError> {
    let damaged = |error| StoreError::damaged("a shipped schema", error);
    if inbound {
        return Ok(metaverse_schema().map_err(damaged)?.attribute(name).map(target));
    }
    let (tenant, forest) = (tenant_schema().map_err(damaged)?, active_directory_schema().map_err(damaged)?);
    Ok(tenant.attribute(name).or_else(|| forest.attribute(name)).map(target))
}

/// The attribute that a flow of the data folder's rules writes: an outbound one to a connector, an inbound one
/// to the metaverse.
///
/// # Errors
/// [`EngineError::UnknownConnector`].
pub fn stored_target(context: &QueryContext, connector: Option<&str>, name: &str) -> Result<Option<Target>, EngineError> {
    Ok(match connector {
        Some(connector) => connectors::find(context, connector)?.schema.attribute(name).map(target),
        None => context.metaverse.attribute(name).map(target),
    })
}

fn target(definition: &AttributeDefinition) -> Target {
    Target {
        name: definition.name.clone(),
        kind: attribute_kind(definition.value_type),
        multi_valued: definition.multi_valued,
        max_length: definition.indexed.then_some(INDEXED_LIMIT),
    }
}
