//! Reading a directory's schema anew (`engine.md` 2.7, `ui.md` 4.9): what is different, which rules would lose an
//! attribute that they use, and what has to run afterwards.

use std::collections::BTreeSet;

use super::rule_changes::next_version;
use super::{SetupContext, SetupError};
use crate::connector::Connector;
use crate::model::{AttributeDefinition, ConnectorId, Schema, fold_text};
use crate::rules::{CompiledRule, CompiledSource, Direction, Plan};
use crate::store::StoreError;
use crate::store::configuration::{self, ConnectorRecord};
use crate::sync::load_plan_in;

/// An attribute whose kind is another now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedAttribute {
    /// Its name.
    pub name: String,
    /// Type and number of values before.
    pub before: String,
    /// Type and number of values now.
    pub after: String,
}

/// What a rule does with an attribute that the directory does not have any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttributeUse {
    /// The attribute.
    pub attribute: String,
    /// The rule.
    pub rule: String,
    /// The part of the rule: `scope`, `join`, or `flow to displayName`.
    pub part: String,
}

/// What a refresh changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SchemaRefresh {
    /// Object types that are new.
    pub types_added: Vec<String>,
    /// Object types that are gone.
    pub types_removed: Vec<String>,
    /// Attributes that are new.
    pub attributes_added: Vec<String>,
    /// Attributes that are gone.
    pub attributes_removed: Vec<String>,
    /// Attributes of another type, or with another number of values.
    pub attributes_changed: Vec<ChangedAttribute>,
    /// Attributes that known types have from now on, or not any more: `user: +info`, `user: -pager`.
    pub types_changed: Vec<String>,
    /// Rules that use attributes which are gone.
    pub uses: Vec<AttributeUse>,
    /// Attributes and types that were read until now and are not any more.
    pub unselected: Vec<String>,
    /// Why a full import is needed afterwards, if it is.
    pub full_import: Option<String>,
}

impl SchemaRefresh {
    /// True when the directory has the schema that is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Compares the stored schema of a connector with the one that its directory has now, and stores that one unless
/// `dry_run` is set. Attributes that rules use go only with `remove_used`.
///
/// # Errors
/// [`SetupError`] when the directory cannot be used, or [`SetupError::AttributesInUse`] with every use.
pub fn refresh_schema(
    context: &SetupContext<'_>,
    connector: ConnectorId,
    directory: &mut dyn Connector,
    dry_run: bool,
    remove_used: bool,
) -> Result<SchemaRefresh, SetupError> {
    let schema = directory.schema()?;
    let mut writer = context.database.writer();
    let transaction = writer.transaction()?;
    let record = configuration::connector(&transaction, connector)?.ok_or(SetupError::UnknownConnector(connector))?;
    let (plan, _) = load_plan_in(&transaction)?;
    let refresh = compare(&record, &schema, &plan);
    if dry_run || refresh.is_empty() {
        return Ok(refresh);
    }
    if !refresh.uses.is_empty() && !remove_used {
        let uses = refresh.uses.iter().map(|used| format!("{} ({}: {})", used.attribute, used.rule, used.part));
        return Err(SetupError::AttributesInUse { connector: record.name, uses: uses.collect::<Vec<_>>().join("; ") });
    }
    let mut record = record;
    record.attributes.retain(|name| schema.attribute(name).is_some());
    record.object_types.retain(|name| schema.type_name(name).is_some());
    if let Some(reason) = &refresh.full_import {
        record.full_import_reason.get_or_insert_with(|| reason.clone());
        record.full_sync_reason.get_or_insert_with(|| reason.clone());
    }
    record.schema = schema;
    configuration::save_connector(&transaction, &record)?;
    next_version(&transaction)?;
    // Rules are judged against the new schema from now on, and the join keys follow.
    load_plan_in(&transaction)?;
    transaction.commit().map_err(StoreError::sqlite("storing a schema"))?;
    Ok(refresh)
}

/// What is different between the schema that a connector knows and another one.
fn compare(record: &ConnectorRecord, after: &Schema, plan: &Plan) -> SchemaRefresh {
    let before = &record.schema;
    let mut refresh = SchemaRefresh {
        types_added: after.types().filter(|name| before.type_name(name).is_none()).map(str::to_owned).collect(),
        types_removed: before.types().filter(|name| after.type_name(name).is_none()).map(str::to_owned).collect(),
        ..SchemaRefresh::default()
    };
    for known in before.attributes() {
        match after.attribute(&known.name) {
            None => refresh.attributes_removed.push(known.name.clone()),
            Some(now) if kind(known) != kind(now) => refresh.attributes_changed.push(ChangedAttribute {
                name: known.name.clone(),
                before: kind(known),
                after: kind(now),
            }),
            Some(_) => {}
        }
    }
    let new = after.attributes().filter(|now| before.attribute(&now.name).is_none());
    refresh.attributes_added = new.map(|now| now.name.clone()).collect();
    for object_type in before.types().filter(|name| after.type_name(name).is_some()) {
        let had: BTreeSet<&str> = before.attributes_of(object_type).map(|attribute| attribute.name.as_str()).collect();
        let has: BTreeSet<&str> = after.attributes_of(object_type).map(|attribute| attribute.name.as_str()).collect();
        let kept = |name: &&&str| before.attribute(name).is_some() && after.attribute(name).is_some();
        let come = has.difference(&had).filter(kept).map(|name| format!("{object_type}: +{name}"));
        let go = had.difference(&has).filter(kept).map(|name| format!("{object_type}: -{name}"));
        refresh.types_changed.extend(come.chain(go));
    }
    for attribute in &refresh.attributes_removed {
        refresh.uses.extend(uses(plan, record.id, attribute));
    }
    let is_selected = |name: &str| record.attributes.iter().any(|selected| selected.eq_ignore_ascii_case(name));
    refresh.unselected = record.attributes.iter().filter(|name| after.attribute(name).is_none()).cloned().collect();
    refresh.unselected.extend(record.object_types.iter().filter(|name| after.type_name(name).is_none()).cloned());
    let changed: Vec<&str> =
        refresh.attributes_changed.iter().map(|changed| changed.name.as_str()).filter(|name| is_selected(name)).collect();
    refresh.full_import = if !refresh.unselected.is_empty() {
        Some(format!("the directory has no {} any more", refresh.unselected.join(", ")))
    } else if !changed.is_empty() {
        Some(format!("the directory's schema says something else of {}", changed.join(", ")))
    } else {
        None
    };
    refresh
}

fn kind(attribute: &AttributeDefinition) -> String {
    format!("{}, {}", attribute.value_type.word(), if attribute.multi_valued { "several values" } else { "one value" })
}

/// Everything that rules of a connector do with one of its attributes.
pub(super) fn uses(plan: &Plan, connector: ConnectorId, attribute: &str) -> Vec<AttributeUse> {
    let Some(connector) = plan.connector(connector) else { return Vec::new() };
    let Some(id) = plan.attributes.get(&fold_text(attribute)) else { return Vec::new() };
    let rules: BTreeSet<(i64, &str, String)> = connector
        .inbound
        .values()
        .chain(connector.outbound.values())
        .flatten()
        .flat_map(|rule| parts(plan, rule, id).into_iter().map(|part| (rule.precedence, rule.name.as_str(), part)))
        .collect();
    rules
        .into_iter()
        .map(|(_, rule, part)| AttributeUse { attribute: attribute.to_owned(), rule: rule.to_owned(), part })
        .collect()
}

/// The parts of a rule that concern an attribute of the connector.
fn parts(plan: &Plan, rule: &CompiledRule, id: crate::model::AttributeId) -> Vec<String> {
    let mut parts = Vec::new();
    if rule.join.iter().flatten().any(|condition| condition.connector_attribute == id) {
        parts.push("join".to_owned());
    }
    if rule.direction == Direction::Inbound && rule.scope.iter().flatten().any(|clause| clause.attribute == id) {
        parts.push("scope".to_owned());
    }
    for flow in &rule.flows {
        let concerned = match (rule.direction, &flow.source) {
            (Direction::Outbound, _) => flow.target.id == id,
            (Direction::Inbound, CompiledSource::Direct(attribute)) => *attribute == id,
            (Direction::Inbound, CompiledSource::Expression { slots, .. }) => slots.iter().any(|slot| slot.attribute == id),
            (Direction::Inbound, CompiledSource::Constant(_) | CompiledSource::Invalid { .. }) => false,
        };
        if concerned {
            parts.push(format!("flow to {}", plan.name(flow.target.id)));
        }
    }
    parts
}
