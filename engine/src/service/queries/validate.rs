//! Whether what is staged for an object fits the schema of its connector.

use std::collections::BTreeSet;

use rusqlite::Connection;
use uuid::Uuid;

use super::QueryContext;
use crate::model::{AttributeId, ObjectOperation, Value, ValueType};
use crate::service::{EngineError, SchemaFaultView, SchemaValidationView};
use crate::store::configuration::ConnectorRecord;
use crate::store::connector_space::{CsObject, TowerView, load_one};
use crate::store::references::ReferenceLayer;
use crate::store::search::connector_space::id_by_guid;

/// Holds the staged export of an object against the schema.
///
/// # Errors
/// [`EngineError::UnknownObject`] when there is none.
pub fn object(connection: &Connection, context: &QueryContext, guid: Uuid) -> Result<SchemaValidationView, EngineError> {
    let unknown = || EngineError::UnknownObject { space: "connector space", criterion: format!("GUID {guid}") };
    let id = id_by_guid(connection, guid)?.ok_or_else(unknown)?;
    let object = load_one(connection, id)?.ok_or_else(unknown)?;
    let connector = context.connector(object.connector).ok_or_else(unknown)?;
    let mut view = SchemaValidationView {
        guid,
        connector: connector.name.clone(),
        object_type: object.unapplied.object_type.clone().or(object.object_type.clone()).unwrap_or_default(),
        pending: object.unapplied.operation,
        attributes: 0,
        faults: Vec::new(),
        dn: object.dn.clone(),
    };
    if matches!(view.pending, ObjectOperation::None | ObjectOperation::Delete) {
        return Ok(view);
    }
    view.faults.extend(type_fault(connector, &view.object_type));
    let staged = staged_attributes(&object);
    view.attributes = staged.len() as u64;
    let after = object.view(TowerView::Expected);
    for id in staged {
        let name = context.attributes.name(id);
        let messages = attribute_faults(connector, &view.object_type, name, after.get(id));
        view.faults.extend(messages.into_iter().map(|message| SchemaFaultView { attribute: name.to_owned(), message }));
    }
    view.faults.sort_by_cached_key(|fault| fault.attribute.to_lowercase());
    Ok(view)
}

/// The attributes that the staged export changes.
fn staged_attributes(object: &CsObject) -> BTreeSet<AttributeId> {
    let references = object.references.iter().filter(|row| row.layer >= ReferenceLayer::UnappliedAdd).map(|row| row.attribute);
    object.unapplied.changes.iter().map(|(id, _)| *id).chain(references).collect()
}

fn type_fault(connector: &ConnectorRecord, object_type: &str) -> Option<SchemaFaultView> {
    let schema = &connector.schema;
    let selected = &connector.object_types;
    let message = if schema.type_name(object_type).is_none() {
        format!("The schema has no object type \"{object_type}\"; refresh the schema, or change the rule that made the object.")
    } else if !selected.is_empty() && !selected.iter().any(|name| name.eq_ignore_ascii_case(object_type)) {
        format!("The object type \"{object_type}\" is not selected; select it in the connector's properties.")
    } else if !schema.is_type_writable(object_type) {
        format!("Objects of type \"{object_type}\" cannot be written.")
    } else {
        return None;
    };
    Some(SchemaFaultView { attribute: String::new(), message })
}

/// What is wrong with the values that an attribute will have.
fn attribute_faults(connector: &ConnectorRecord, object_type: &str, name: &str, values: &[Value]) -> Vec<String> {
    let schema = &connector.schema;
    let Some(definition) = schema.attribute(name) else {
        return vec!["The schema has no such attribute; refresh the schema, or change the rule that flows to it.".to_owned()];
    };
    let mut faults = Vec::new();
    if schema.type_name(object_type).is_some() && schema.attribute_of(object_type, name).is_none() {
        faults.push(format!("Objects of type \"{object_type}\" have no such attribute."));
    } else if !schema.is_writable(object_type, name) {
        faults.push(format!("The attribute cannot be written for objects of type \"{object_type}\"."));
    }
    if !definition.multi_valued && values.len() > 1 {
        faults.push(format!("The attribute holds one value; {} are staged.", values.len()));
    }
    let strange: BTreeSet<&str> =
        values.iter().map(Value::value_type).filter(|found| *found != definition.value_type).map(ValueType::word).collect();
    if !strange.is_empty() {
        let found = strange.into_iter().collect::<Vec<_>>().join(", ");
        faults.push(format!("The attribute holds values of type {}; {found} is staged.", definition.value_type.word()));
    }
    let is_empty = |value: &Value| match value {
        Value::String(text) => text.is_empty(),
        Value::Binary(bytes) => bytes.is_empty(),
        Value::Integer(_) | Value::Boolean(_) | Value::Reference(_) => false,
    };
    if values.iter().any(is_empty) {
        faults.push("An empty value is staged; directories refuse it.".to_owned());
    }
    faults
}
