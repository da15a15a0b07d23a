//! The default rules for the connectors that are there, and the attributes that they need.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::Transaction;

use crate::model::{AttributeId, ConnectorId, DN_ATTRIBUTE, IdSource};
use crate::rules::{CompiledRule, CompiledSource, DefaultSetOptions, Direction, Plan, SyncRule, UserMatch, default_rules};
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
        sign_in: "userPrincipalName".to_owned(),
        hybrid_exchange: false,
        device_write_up: false,
        apps: None,
    };
    let rules = default_rules(&options, ids)?;
    {
        let mut writer = database.writer();
        let transaction = writer.transaction()?;
        replace_standard_rules(&transaction, rules)?;
        transaction.commit().map_err(StoreError::sqlite("storing the synchronization rules"))?;
    }
    select_attributes(database)
}

/// Writes the standard rules. A rule that was there keeps its number, which links and contributions
/// carry, its GUID, and whether it is switched on.
fn replace_standard_rules(transaction: &Transaction<'_>, rules: Vec<SyncRule>) -> Result<(), StoreError> {
    let mut present: BTreeMap<(ConnectorId, String), SyncRule> = configuration::rules(transaction)?
        .into_iter()
        .filter(|rule| rule.tag.is_some())
        .map(|rule| ((rule.connector, rule.name.clone()), rule))
        .collect();
    // Out of the way first: no two rules may have one precedence at any time.
    for (place, rule) in (1i64..).zip(present.values()) {
        configuration::save_rule(transaction, &SyncRule { precedence: -place, ..rule.clone() })?;
    }
    for mut rule in rules {
        if let Some(known) = present.remove(&(rule.connector, rule.name.clone())) {
            (rule.id, rule.guid, rule.enabled) = (known.id, known.guid, known.enabled);
        }
        configuration::save_rule(transaction, &rule)?;
    }
    for rule in present.values() {
        configuration::delete_rule(transaction, rule.id)?;
    }
    Ok(())
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
        let selected: Vec<String> =
            names.into_iter().filter_map(|name| connector.schema.attribute(&name).map(|found| found.name.clone())).collect();
        if selected.iter().any(|name| !connector.attributes.contains(name)) {
            connector.full_import_reason.get_or_insert_with(|| "attributes were added".to_owned());
            connector.full_sync_reason.get_or_insert_with(|| "attributes were added".to_owned());
        }
        connector.attributes = selected;
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
