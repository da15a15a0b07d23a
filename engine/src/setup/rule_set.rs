//! The default rules for the connectors that are there, and the attributes that they need.

use std::collections::BTreeSet;

use crate::model::{AttributeId, ConnectorId, DN_ATTRIBUTE, IdSource};
use crate::rules::{CompiledRule, CompiledSource, DefaultSetOptions, Direction, Plan, UserMatch, default_rules};
use crate::store::configuration::{self, ConnectorRecord};
use crate::store::{Database, StoreError};
use crate::sync::load_plan;

use super::directories::TENANT_KIND;
use super::directory::SetupError;

/// Attributes that administrators expect to see although no rule reads them.
const ALWAYS: [&str; 3] = ["cn", "displayName", "description"];

/// Replaces the standard rules by those for the present connectors and selects the attributes that the
/// rules need. An administrator's own rules (without tag) stay. Does nothing while there is no tenant or
/// no forest.
///
/// # Errors
/// [`SetupError`] when the shipped rules are faulty or the database fails.
pub fn apply_default_rules(database: &Database, ids: &dyn IdSource) -> Result<(), SetupError> {
    let connectors = configuration::connectors(&*database.reader()?)?;
    let Some(tenant) = connectors.iter().find(|connector| connector.kind == TENANT_KIND) else { return Ok(()) };
    let forests: Vec<&ConnectorRecord> = connectors.iter().filter(|connector| connector.kind != TENANT_KIND).collect();
    if forests.is_empty() {
        return Ok(());
    }
    let options = DefaultSetOptions {
        forests: forests.iter().map(|forest| (forest.id, &forest.schema)).collect(),
        tenant: (tenant.id, &tenant.schema),
        user_match: UserMatch::Once,
        source_anchor: "objectGUID".to_owned(),
        hybrid_exchange: false,
        device_write_up: false,
        apps: None,
    };
    let rules = default_rules(&options, ids)?;
    {
        let mut writer = database.writer();
        let transaction = writer.transaction()?;
        for rule in configuration::rules(&transaction)?.iter().filter(|rule| rule.tag.is_some()) {
            configuration::delete_rule(&transaction, rule.id)?;
        }
        for rule in &rules {
            configuration::save_rule(&transaction, rule)?;
        }
        transaction.commit().map_err(StoreError::sqlite("storing the synchronization rules"))?;
    }
    select_attributes(database)
}

/// Selects for each connector the attributes that its rules mention (`default-rules.md` 2.2).
fn select_attributes(database: &Database) -> Result<(), SetupError> {
    let (plan, _) = load_plan(database)?;
    let mut writer = database.writer();
    let transaction = writer.transaction()?;
    for mut connector in configuration::connectors(&transaction)? {
        let used = attributes_used(&plan, connector.id);
        let mut names: BTreeSet<String> =
            used.into_iter().filter(|id| *id != DN_ATTRIBUTE).map(|id| plan.name(id).to_owned()).collect();
        names.extend(ALWAYS.iter().map(|name| (*name).to_owned()));
        connector.attributes =
            names.into_iter().filter_map(|name| connector.schema.attribute(&name).map(|found| found.name.clone())).collect();
        configuration::save_connector(&transaction, &connector)?;
    }
    transaction.commit().map_err(StoreError::sqlite("storing the selected attributes"))?;
    Ok(())
}

/// The attributes of a connector that its rules read, compare or write.
fn attributes_used(plan: &Plan, connector: ConnectorId) -> BTreeSet<AttributeId> {
    let mut used = BTreeSet::new();
    let Some(connector) = plan.connector(connector) else { return used };
    for rule in connector.inbound.values().chain(connector.outbound.values()).flatten() {
        used.extend(rule.join.iter().flatten().map(|condition| condition.connector_attribute));
        match rule.direction {
            Direction::Inbound => used.extend(attributes_read(rule)),
            Direction::Outbound => used.extend(rule.flows.iter().map(|flow| flow.target.id)),
        }
    }
    used
}

fn attributes_read(rule: &CompiledRule) -> BTreeSet<AttributeId> {
    let mut read: BTreeSet<AttributeId> = rule.scope.iter().flatten().map(|clause| clause.attribute).collect();
    for flow in &rule.flows {
        match &flow.source {
            CompiledSource::Direct(attribute) => {
                read.insert(*attribute);
            }
            CompiledSource::Expression { slots, .. } => read.extend(slots.iter().map(|slot| slot.attribute)),
            CompiledSource::Constant(_) | CompiledSource::Invalid(_) => {}
        }
    }
    read
}
