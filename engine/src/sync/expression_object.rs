//! One object as expressions of rules read it, as plain data: to try expressions outside of a synchronization.

use std::collections::BTreeMap;

use syncline_expression::{AttributeKind, Parameters as _, Source as _, SourceAttribute, SourceObject, Value as ExpressionValue};
use syncline_expression::{AttributeType, View};

use super::values::{FlowObject, ObjectParameters, SlotSource};
use crate::model::{AttributeDefinition, AttributeTable, DN_ATTRIBUTE, Schema, ValueType};
use crate::rules::{ConnectorPlan, DOMAIN_PARAMETERS, Plan, ProgramSlot, attribute_kind};
use crate::store::connector_space::{CsObject, TowerView};
use crate::store::metaverse::MvObject;

/// A connector space object as inbound rules read it. Attributes that the directory's schema lacks and that
/// rules of the default set read as absent are named beside it.
#[must_use]
pub fn connector_space(plan: &Plan, connector: &ConnectorPlan, object: &CsObject) -> (SourceObject, Vec<String>) {
    let object_type = object.object_type.as_deref().unwrap_or_default();
    let mut source = SourceObject::new(format!("object type {object_type} of connector {}", connector.name));
    let expected = object.view(TowerView::Expected);
    let flow_object = FlowObject::connector_space(object, &expected);
    for definition in connector.schema.attributes_of(object_type) {
        add(&mut source, definition, &plan.attributes, Some(&flow_object));
    }
    let mut lacking = Vec::new();
    for definition in connector.optional.iter().flat_map(|optional| optional.attributes_of(object_type)) {
        if !source.attributes.contains_key(&definition.name) {
            add(&mut source, definition, &plan.attributes, None);
            lacking.push(definition.name.clone());
        }
    }
    add_name(&mut source, Some(&flow_object));
    source.parameters = parameters(connector, Some(&object.dn));
    (source, lacking)
}

/// A metaverse object as outbound rules read it; those of a connector when one is given.
#[must_use]
pub fn metaverse(plan: &Plan, schema: &Schema, connector: Option<&ConnectorPlan>, object: &MvObject) -> SourceObject {
    let mut source = SourceObject::new(format!("metaverse object type {}", object.object_type));
    let flow_object = FlowObject::metaverse(&object.image);
    for definition in schema.attributes_of(&object.object_type) {
        add(&mut source, definition, &plan.attributes, Some(&flow_object));
    }
    add_name(&mut source, Some(&flow_object));
    source.parameters = match connector {
        Some(connector) => parameters(connector, None),
        None => BTreeMap::from([(CONNECTOR_PARAMETER.to_owned(), None)]),
    };
    source
}

/// An object of a type that has none of its attributes, and parameters without values: those of inbound rules
/// when it is an object of a directory.
#[must_use]
pub fn empty(schema: &Schema, object_type: &str, description: String, inbound: bool) -> SourceObject {
    let mut source = SourceObject::new(description);
    for definition in schema.attributes_of(object_type) {
        add(&mut source, definition, &AttributeTable::default(), None);
    }
    add_name(&mut source, None);
    let domain = DOMAIN_PARAMETERS.iter().filter(|_| inbound);
    source.parameters = domain.chain([&CONNECTOR_PARAMETER]).map(|name| ((*name).to_owned(), None)).collect();
    source
}

const CONNECTOR_PARAMETER: &str = "Connector.ID";

/// Adds an attribute with the values that the object has in both views.
fn add(source: &mut SourceObject, definition: &AttributeDefinition, names: &AttributeTable, object: Option<&FlowObject<'_>>) {
    let kind = attribute_kind(definition.value_type);
    let values = |view| match (object, names.get(&definition.name)) {
        (Some(object), Some(attribute)) => {
            let needs_names = definition.value_type == ValueType::Reference;
            read(object, ProgramSlot { attribute, view, needs_names })
        }
        _ => Vec::new(),
    };
    let attribute_type = AttributeType { kind, multi_valued: definition.multi_valued };
    let imported = values(View::Imported);
    if !imported.is_empty() {
        source.imported.insert(definition.name.clone(), imported);
    }
    source.attributes.insert(definition.name.clone(), SourceAttribute { attribute_type, values: values(View::Expected) });
}

/// Adds the object's own name.
fn add_name(source: &mut SourceObject, object: Option<&FlowObject<'_>>) {
    let slot = ProgramSlot { attribute: DN_ATTRIBUTE, view: View::Expected, needs_names: false };
    let values = object.map(|object| read(object, slot)).unwrap_or_default();
    source.imported.insert("dn".to_owned(), values.clone());
    let attribute_type = AttributeType { kind: AttributeKind::Text, multi_valued: false };
    source.attributes.insert("dn".to_owned(), SourceAttribute { attribute_type, values });
}

/// What a program reads through a slot.
fn read(object: &FlowObject<'_>, slot: ProgramSlot) -> Vec<ExpressionValue> {
    let slots = [slot];
    let source = SlotSource { object, slots: &slots };
    (0..source.count(0)).filter_map(|index| source.value(0, index)).map(ExpressionValue::from).collect()
}

/// The parameters that hold for an object of a connector; all that may be written, with and without a value.
fn parameters(connector: &ConnectorPlan, dn: Option<&str>) -> BTreeMap<String, Option<String>> {
    let values = ObjectParameters::new(connector, dn);
    let domain = DOMAIN_PARAMETERS.iter().copied().filter(|_| dn.is_some());
    let names = connector.parameters.keys().map(String::as_str).chain(domain);
    names.map(|name| (name.to_owned(), values.get(name).map(str::to_owned))).collect()
}
