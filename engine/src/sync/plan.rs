//! Loads the plan of a run from the database, and keeps the join keys in step with it.

use std::collections::BTreeMap;
use std::sync::Arc;

use rusqlite::{Connection, Transaction};

use super::apply::{Applier, keys_of, metaverse_key_attributes};
use crate::connector::DirectoryPartition;
use crate::model::{AttributeId, ConnectorId, Dn, Schema};
use crate::rules::{PartitionPlan, Plan, PlanInput, RuleProblem, active_directory_schema, compile};
use crate::store::configuration::{self, ConnectorRecord, PartitionRecord, TENANT_KIND};
use crate::store::connector_space::{self, LoadOptions, Visit};
use crate::store::{Database, StoreError, attributes, membership, metaverse, options, schema};

/// Option that tells for which attributes join keys are kept.
const KEYS_OPTION: &str = "join-key-attributes";
const KEYS_BATCH: usize = 1_000;

/// Reads connectors and rules and compiles them; keeps join keys and watched groups in step with them.
///
/// # Errors
/// [`StoreError`] when the database cannot be read or written.
pub fn load(database: &Database) -> Result<(Plan, Vec<RuleProblem>), StoreError> {
    let mut writer = database.writer();
    let transaction = writer.transaction()?;
    let loaded = load_in(&transaction)?;
    refresh_keys(&transaction, &loaded.0)?;
    membership::watch(&transaction, &loaded.0.watched_groups, loaded.0.member)?;
    transaction.commit().map_err(StoreError::sqlite("writing attribute names"))?;
    Ok(loaded)
}

/// As [`load`], inside the caller's transaction and without touching join keys: for looking at a configuration that
/// is not stored yet.
///
/// # Errors
/// [`StoreError`] when the database cannot be read or written.
pub fn load_in(transaction: &Transaction<'_>) -> Result<(Plan, Vec<RuleProblem>), StoreError> {
    let (plan, problems) = read(transaction)?;
    attributes::save(transaction, &plan.attributes)?;
    Ok((plan, problems))
}

/// The plan alone, for those who must write nothing: attribute names that are new to the database get numbers
/// that hold for this plan only.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn read(connection: &Connection) -> Result<(Plan, Vec<RuleProblem>), StoreError> {
    let mut names = attributes::load(connection)?;
    let rules = configuration::rules(connection)?;
    Ok(compile(&rules, inputs(connection)?, &schema::metaverse(connection)?, &mut names))
}

/// The connectors as the compiler and the judge of rules need them.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn inputs(connection: &Connection) -> Result<Vec<PlanInput>, StoreError> {
    let forest = active_directory_schema().map_err(|error| StoreError::damaged("the Active Directory schema", error))?;
    let forest = Arc::new(forest);
    let mut inputs = Vec::new();
    for connector in configuration::connectors(connection)? {
        let partitions = configuration::partitions(connection, connector.id)?;
        inputs.push(input(connector, &partitions, &forest)?);
    }
    Ok(inputs)
}

/// The connector space attributes that are kept as join keys for a connector.
#[must_use]
pub fn connector_keys(plan: &Plan, connector: ConnectorId) -> Vec<AttributeId> {
    plan.connector_keys.get(&connector).cloned().unwrap_or_default()
}

fn input(connector: ConnectorRecord, partitions: &[PartitionRecord], forest: &Arc<Schema>) -> Result<PlanInput, StoreError> {
    let mut plans = Vec::new();
    for partition in partitions.iter().filter(|partition| partition.selected) {
        let detail: DirectoryPartition = serde_json::from_str(&partition.detail)
            .map_err(|error| StoreError::damaged(format!("partition {}", partition.name), error))?;
        let names = |list: &[String]| list.iter().filter_map(|name| Dn::parse(name).ok()).collect::<Vec<_>>();
        plans.push(PartitionPlan {
            dn: Dn::parse(&partition.name).ok(),
            parameters: parameters(&detail),
            include: names(&partition.include),
            exclude: names(&partition.exclude),
        });
    }
    Ok(PlanInput {
        id: connector.id,
        guid: connector.guid,
        can_rename: connector.kind != TENANT_KIND,
        deprovisioning: connector.deprovisioning,
        schema: Arc::new(connector.schema),
        optional: configuration::is_forest(&connector.kind).then(|| Arc::clone(forest)),
        name: connector.name,
        partitions: plans,
        parameters: BTreeMap::new(),
    })
}

/// `%Domain.*%` and `%Forest.*%` (`expressions.md` 12).
fn parameters(detail: &DirectoryPartition) -> BTreeMap<String, String> {
    let ldap = |dns: &String| dns.split('.').map(|label| format!("DC={label}")).collect::<Vec<_>>().join(",");
    [
        ("Domain.FQDN", detail.dns_name.clone()),
        ("Domain.Netbios", detail.netbios_name.clone()),
        ("Domain.LDAP", detail.dns_name.as_ref().map(ldap)),
        ("Forest.FQDN", detail.forest_dns_name.clone()),
        ("Forest.Netbios", detail.forest_netbios_name.clone()),
        ("Forest.LDAP", detail.forest_dns_name.as_ref().map(ldap)),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name.to_owned(), value?)))
    .collect()
}

/// Rebuilds the join keys when the rules look up other attributes than before.
fn refresh_keys(transaction: &Transaction<'_>, plan: &Plan) -> Result<(), StoreError> {
    let describe = |attributes: &[AttributeId]| attributes.iter().map(|id| id.0.to_string()).collect::<Vec<_>>().join(" ");
    let mut wanted = describe(&metaverse_key_attributes(plan));
    for (connector, attributes) in &plan.connector_keys {
        wanted.push_str(&format!("; {connector}: {}", describe(attributes)));
    }
    if options::get(transaction, KEYS_OPTION)?.as_deref() == Some(wanted.as_str()) {
        return Ok(());
    }
    let applier = Applier::new(plan);
    metaverse::forget_join_keys(transaction)?;
    for ids in metaverse::all_ids(transaction)?.chunks(KEYS_BATCH) {
        for object in metaverse::load(transaction, ids)? {
            metaverse::update(transaction, &object, &[], &object, &applier.names(&object), true)?;
        }
    }
    for (connector, attributes) in &plan.connector_keys {
        for ids in connector_space::to_visit(transaction, *connector, Visit::Full)?.chunks(KEYS_BATCH) {
            for object in connector_space::load(transaction, ids, &LoadOptions::default())? {
                connector_space::write_keys(transaction, *connector, object.id, &[], &keys_of(&object, attributes))?;
            }
        }
    }
    options::set(transaction, KEYS_OPTION, Some(&wanted))
}
