//! The default rules for the connectors that are there, and the attributes that they need.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, Transaction};
use uuid::Uuid;

use crate::model::{AttributeId, ConnectorId, DN_ATTRIBUTE, IdSource, RuleId};
use crate::rules::{CompiledRule, CompiledSource, Direction, FIRST_STANDARD_PRECEDENCE, Plan, SyncRule, default_rules};
use crate::store::configuration::{self, ConnectorRecord};
use crate::store::server_documents::{self, DocumentKind};
use crate::store::{Database, StoreError, options};
use crate::sync::{load_plan, load_plan_in};

use super::TENANT_KIND;
use super::choices::RuleChoices;
use super::directory::SetupError;
use super::rule_changes::next_version;

/// Attributes that administrators expect to see although no rule reads them.
pub const ALWAYS: [&str; 3] = ["cn", "displayName", "description"];

/// Replaces the standard rules by those for the present connectors and selects the attributes that the
/// rules need. An administrator's own rules (without tag) stay, and so do all rules of a connector whose
/// rules were imported from a server. Does nothing while there is no tenant or no forest.
///
/// # Errors
/// [`SetupError`] when the shipped rules are faulty or the database fails.
pub fn apply_default_rules(database: &Database, ids: &dyn IdSource) -> Result<(), SetupError> {
    {
        let mut writer = database.writer();
        let transaction = writer.transaction()?;
        if !compose_default_rules(&transaction, &RuleChoices::load(&transaction)?, ids)? {
            return Ok(());
        }
        transaction.commit().map_err(StoreError::sqlite("storing the synchronization rules"))?;
    }
    // Other rules may look up other attributes: the join keys follow.
    load_plan(database)?;
    Ok(())
}

/// As [`apply_default_rules`], by these choices and inside the caller's transaction; false when there is no tenant or
/// no forest.
pub(super) fn compose_default_rules(
    transaction: &Transaction<'_>,
    choices: &RuleChoices,
    ids: &dyn IdSource,
) -> Result<bool, SetupError> {
    let connectors = configuration::connectors(transaction)?;
    let Some(tenant) = connectors.iter().find(|connector| connector.kind == TENANT_KIND) else { return Ok(false) };
    let forests: Vec<&ConnectorRecord> =
        connectors.iter().filter(|connector| configuration::is_forest(&connector.kind)).collect();
    if forests.is_empty() {
        return Ok(false);
    }
    let forests = forests.iter().map(|forest| (forest.id, &forest.schema)).collect();
    let composed = default_rules(&choices.options(forests, (tenant.id, &tenant.schema)), ids)?;
    let imported: BTreeSet<_> = server_documents::guids(transaction, DocumentKind::Rule)?.into_iter().collect();
    let present = configuration::rules(transaction)?;
    let kept = present.iter().filter(|rule| rule.tag.is_some() && imported.contains(&rule.guid)).cloned().collect();
    let taken = present.iter().filter(|rule| rule.tag.is_none()).map(|rule| rule.precedence).collect();
    replace_standard_rules(transaction, number(merge(composed, kept), &taken))?;
    select_attributes(transaction)?;
    Ok(true)
}

/// Puts composed rules between imported ones: beside the rules of the same name, as a wizard would. A connector that
/// has imported rules gets no others.
fn merge(composed: Vec<SyncRule>, kept: Vec<SyncRule>) -> Vec<SyncRule> {
    let imported: BTreeSet<ConnectorId> = kept.iter().map(|rule| rule.connector).collect();
    let group = |rule: &SyncRule| rule.tag_name().unwrap_or(&rule.name).to_ascii_lowercase();
    let mut merged = kept;
    let mut last = 0;
    for rule in composed.into_iter().filter(|rule| !imported.contains(&rule.connector)) {
        let wanted = group(&rule);
        last = merged.iter().rposition(|other| group(other) == wanted).map_or(last, |place| place + 1).min(merged.len());
        merged.insert(last, rule);
        last += 1;
    }
    merged
}

/// Numbers standard rules in their order, past the numbers of an administrator's own.
fn number(mut rules: Vec<SyncRule>, taken: &BTreeSet<i64>) -> Vec<SyncRule> {
    let mut numbers = (FIRST_STANDARD_PRECEDENCE..).filter(|number| !taken.contains(number));
    for (rule, number) in rules.iter_mut().zip(&mut numbers) {
        rule.precedence = number;
    }
    rules
}

/// Writes the standard rules. A rule that was there keeps its number, which links and contributions
/// carry, its GUID, and whether it is switched on.
fn replace_standard_rules(transaction: &Transaction<'_>, rules: Vec<SyncRule>) -> Result<(), StoreError> {
    let mut present: BTreeMap<RuleId, SyncRule> =
        configuration::rules(transaction)?.into_iter().filter(|rule| rule.tag.is_some()).map(|rule| (rule.id, rule)).collect();
    // Out of the way first: no two rules may have one precedence at any time.
    for (place, rule) in (1i64..).zip(present.values()) {
        configuration::save_rule(transaction, &SyncRule { precedence: -place, ..rule.clone() })?;
    }
    let stays: BTreeSet<RuleId> = rules.iter().map(|rule| rule.id).collect();
    let mut named: BTreeMap<(ConnectorId, String), RuleId> = present
        .values()
        .filter(|rule| !stays.contains(&rule.id))
        .map(|rule| ((rule.connector, rule.name.clone()), rule.id))
        .collect();
    for mut rule in rules {
        let known = if rule.id.0 == 0 { named.remove(&(rule.connector, rule.name.clone())) } else { Some(rule.id) };
        if let Some(known) = known.and_then(|id| present.remove(&id)) {
            (rule.id, rule.guid, rule.enabled) = (known.id, known.guid, known.enabled);
        }
        configuration::save_rule(transaction, &rule)?;
    }
    for rule in present.values() {
        configuration::delete_rule(transaction, rule.id)?;
    }
    Ok(())
}

/// Selects for each connector the attributes that its rules mention (`default-rules.md` 2.2), which makes a new version
/// of the configuration; one that came from a server keeps those that were selected there.
///
/// # Errors
/// [`StoreError`] when the database cannot be written.
pub fn select_attributes(transaction: &Transaction<'_>) -> Result<(), StoreError> {
    let (plan, _) = load_plan_in(transaction)?;
    let imported: BTreeSet<_> = server_documents::guids(transaction, DocumentKind::Connector)?.into_iter().collect();
    for mut connector in configuration::connectors(transaction)? {
        let used = attributes_used(&plan, connector.id);
        let mut names: BTreeSet<String> =
            used.into_iter().filter(|id| *id != DN_ATTRIBUTE).map(|id| plan.name(id).to_owned()).collect();
        if imported.contains(&connector.guid) {
            names.extend(connector.attributes.iter().cloned());
        } else {
            names.extend(ALWAYS.iter().map(|name| (*name).to_owned()));
            names.extend(kept_by_hand(transaction, connector.guid)?);
        }
        let selected: BTreeSet<String> =
            names.into_iter().filter_map(|name| connector.schema.attribute(&name).map(|found| found.name.clone())).collect();
        let selected: BTreeSet<String> = selected.into_iter().filter(|name| !connector.schema.is_write_only(name)).collect();
        if selected.iter().any(|name| !connector.attributes.contains(name)) {
            connector.full_import_reason.get_or_insert_with(|| "attributes were added".to_owned());
            connector.full_sync_reason.get_or_insert_with(|| "attributes were added".to_owned());
        }
        connector.attributes = selected.into_iter().collect();
        configuration::save_connector(transaction, &connector)?;
    }
    next_version(transaction)
}

fn kept_by_hand(connection: &Connection, connector: Uuid) -> Result<Vec<String>, StoreError> {
    let stored = options::get(connection, &options::attributes_by_hand(connector))?;
    let read = |text: String| serde_json::from_str(&text).map_err(|error| StoreError::damaged("selected attributes", error));
    stored.map_or_else(|| Ok(Vec::new()), read)
}

/// Remembers the attributes of a connector that were selected although no rule uses them: they stay when the standard
/// rules are written anew.
pub(super) fn keep_by_hand(transaction: &Transaction<'_>, connector: Uuid, names: Vec<String>) -> Result<(), StoreError> {
    let text = if names.is_empty() { None } else { Some(serde_json::Value::from(names).to_string()) };
    options::set(transaction, &options::attributes_by_hand(connector), text.as_deref())
}

/// A rule that uses something.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RuleUse {
    /// Lower number wins.
    pub precedence: i64,
    /// The rule.
    pub id: RuleId,
    /// Its name.
    pub name: String,
}

/// The enabled rules that read, compare or write each attribute of a connector, best precedence first.
#[must_use]
pub fn rules_by_attribute(plan: &Plan, connector: ConnectorId) -> BTreeMap<AttributeId, BTreeSet<RuleUse>> {
    let mut used: BTreeMap<AttributeId, BTreeSet<RuleUse>> = BTreeMap::new();
    let Some(connector) = plan.connector(connector) else { return used };
    for rule in connector.inbound.values().chain(connector.outbound.values()).flatten() {
        let using = RuleUse { precedence: rule.precedence, id: rule.id, name: rule.name.clone() };
        for attribute in attributes_of(rule) {
            used.entry(attribute).or_default().insert(using.clone());
        }
    }
    used
}

/// The attributes of a connector that its rules read, compare or write.
pub(super) fn attributes_used(plan: &Plan, connector: ConnectorId) -> BTreeSet<AttributeId> {
    let mut used = BTreeSet::new();
    let Some(connector) = plan.connector(connector) else { return used };
    for rule in connector.inbound.values().chain(connector.outbound.values()).flatten() {
        used.extend(attributes_of(rule));
    }
    used
}

/// The attributes of its connector that a rule reads, compares or writes.
fn attributes_of(rule: &CompiledRule) -> BTreeSet<AttributeId> {
    let mut used: BTreeSet<AttributeId> = rule.join.iter().flatten().map(|condition| condition.connector_attribute).collect();
    match rule.direction {
        Direction::Inbound => used.extend(attributes_read(rule)),
        Direction::Outbound => used.extend(rule.flows.iter().map(|flow| flow.target.id)),
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
            CompiledSource::Constant(_) | CompiledSource::Invalid { .. } => {}
        }
    }
    read
}
