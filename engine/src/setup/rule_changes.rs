//! Changing rules as an administrator does (`engine.md` 4.8, `ui.md` 10, `operations.md` 12.6): judged as a whole, stored
//! in one transaction, and followed by what the change asks of the connectors.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, Transaction};
use thiserror::Error;
use uuid::Uuid;

use super::rule_edit::concerned;
use super::rule_set::attributes_used;
use crate::model::{ConnectorId, DN_ATTRIBUTE, RuleId};
use crate::rules::{FaultSeverity, RuleCheck, RuleFault, SyncRule, compile, rule_differences};
use crate::store::configuration::{self, ConnectorRecord};
use crate::store::options::{self, CONFIGURATION_VERSION};
use crate::store::{Database, StoreError, attributes, schema};
use crate::sync::plan_inputs;

/// Why a full import is required when rules read or write more than before.
const ATTRIBUTES_ADDED: &str = "attributes were added";

/// What is to become of the rules.
#[derive(Clone, Debug, Default)]
pub struct RuleChanges {
    /// Rules to be stored: new ones (number 0), and others in place of those with their numbers.
    pub save: Vec<SyncRule>,
    /// Rules to be removed.
    pub remove: Vec<RuleId>,
    /// The version of the configuration that the changes were made from; `None` does not ask.
    pub as_of: Option<u64>,
}

/// Rules that were not changed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RuleChangeError {
    /// The rules are faulty, or the change is not an administrator's to make. Every reason is there.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Refused(Vec<RuleFault>),
    /// Somebody else changed the configuration meanwhile.
    #[error("the configuration was changed meanwhile: it is version {present}, the change was made from version {as_of}")]
    Conflict {
        /// The version that the change was made from.
        as_of: u64,
        /// The present one.
        present: u64,
    },
    /// The rule does not exist any more.
    #[error("there is no rule with number {0}")]
    Unknown(RuleId),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// One rule and what becomes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleStep {
    /// The rule before; none for a new one.
    pub before: Option<SyncRule>,
    /// The rule afterwards; none for one that goes.
    pub after: Option<SyncRule>,
}

impl RuleStep {
    /// The rule, as it will be if it stays.
    #[must_use]
    pub fn rule(&self) -> Option<&SyncRule> {
        self.after.as_ref().or(self.before.as_ref())
    }

    /// True when objects may come out differently.
    fn is_felt(&self) -> bool {
        let works = |rule: &Option<SyncRule>| {
            let rule = rule.as_ref().filter(|rule| rule.enabled)?;
            Some(SyncRule { name: String::new(), description: String::new(), ..rule.clone() })
        };
        works(&self.before) != works(&self.after)
    }
}

/// What changes mean.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleChangeReport {
    /// The rules that change, in order of precedence; those that stay as they are are left out.
    pub steps: Vec<RuleStep>,
    /// What is allowed but probably not meant.
    pub warnings: Vec<RuleFault>,
    /// Connectors that need a full synchronization because of the changes.
    pub full_synchronization: BTreeSet<ConnectorId>,
    /// Attributes that connectors read from now on; these connectors need a full import, too.
    pub attributes: BTreeMap<ConnectorId, Vec<String>>,
    /// Version of the configuration with the changes.
    pub version: u64,
}

/// The number of the present configuration.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn configuration_version(connection: &Connection) -> Result<u64, StoreError> {
    Ok(options::get(connection, CONFIGURATION_VERSION)?.and_then(|number| number.parse().ok()).unwrap_or(0))
}

/// Makes the next version of the configuration.
pub(super) fn next_version(transaction: &Transaction<'_>) -> Result<(), StoreError> {
    let next = configuration_version(transaction)? + 1;
    options::set(transaction, CONFIGURATION_VERSION, Some(&next.to_string()))
}

/// Says what changes would mean; stores nothing.
///
/// # Errors
/// [`RuleChangeError`] when they would be refused.
pub fn judge_rules(connection: &Connection, changes: &RuleChanges) -> Result<RuleChangeReport, RuleChangeError> {
    let present = configuration_version(connection)?;
    if let Some(as_of) = changes.as_of.filter(|as_of| *as_of != present) {
        return Err(RuleChangeError::Conflict { as_of, present });
    }
    let before = configuration::rules(connection)?;
    let mut faults = Vec::new();
    let (after, steps) = outcome(&before, changes, &mut faults)?;
    let inputs = plan_inputs(connection)?;
    let metaverse = schema::metaverse(connection)?;
    // Standard rules are composed without faults; they are judged by what is wrong between them and changed ones.
    let judged: BTreeSet<Uuid> =
        steps.iter().filter_map(|step| step.after.as_ref()).filter(|rule| !rule.is_standard()).map(|rule| rule.guid).collect();
    faults.extend(RuleCheck { rules: &after, connectors: &inputs, metaverse: &metaverse }.faults(&judged));
    if faults.iter().any(RuleFault::is_error) {
        return Err(RuleChangeError::Refused(faults.into_iter().filter(RuleFault::is_error).collect()));
    }
    let felt = || steps.iter().filter(|step| step.is_felt());
    let full_synchronization = felt()
        .flat_map(|step| {
            let old = step.before.as_ref().filter(|rule| rule.enabled).map(|rule| concerned(rule, &before));
            let new = step.after.as_ref().filter(|rule| rule.enabled).map(|rule| concerned(rule, &after));
            old.into_iter().chain(new).flatten()
        })
        .collect();
    let mut table = attributes::load(connection)?;
    let (plan, _) = compile(&after, inputs, &metaverse, &mut table);
    let mut added = BTreeMap::new();
    for connector in configuration::connectors(connection)? {
        let names: Vec<String> = attributes_used(&plan, connector.id)
            .into_iter()
            .filter(|attribute| *attribute != DN_ATTRIBUTE)
            .filter_map(|attribute| connector.schema.attribute(plan.name(attribute)))
            .filter(|definition| !is_selected(&connector, &definition.name))
            .map(|definition| definition.name.clone())
            .collect();
        if !names.is_empty() && !connector.attributes.is_empty() {
            added.insert(connector.id, names);
        }
    }
    Ok(RuleChangeReport { steps, warnings: faults, full_synchronization, attributes: added, version: present + 1 })
}

fn is_selected(connector: &ConnectorRecord, attribute: &str) -> bool {
    connector.attributes.iter().any(|name| name.eq_ignore_ascii_case(attribute))
}

/// All rules as they would be, and the steps that lead there.
fn outcome(
    before: &[SyncRule],
    changes: &RuleChanges,
    faults: &mut Vec<RuleFault>,
) -> Result<(Vec<SyncRule>, Vec<RuleStep>), RuleChangeError> {
    let mut refuse = |rule: &SyncRule, message: String| {
        let (severity, part, precedence) = (FaultSeverity::Error, String::new(), rule.precedence);
        faults.push(RuleFault { severity, rule: rule.name.clone(), precedence, part, message });
    };
    let mut after = before.to_vec();
    let mut steps = Vec::new();
    let mut touched: BTreeSet<Uuid> = BTreeSet::new();
    for id in &changes.remove {
        let Some(known) = before.iter().find(|rule| rule.id == *id) else { return Err(RuleChangeError::Unknown(*id)) };
        if known.is_standard() {
            refuse(known, "it is a standard rule and would come back; disable it instead".to_owned());
        }
        if touched.insert(known.guid) {
            after.retain(|rule| rule.id != *id);
            steps.push(RuleStep { before: Some(known.clone()), after: None });
        }
    }
    for rule in changes.save.iter().cloned().map(SyncRule::normal) {
        if !touched.insert(rule.guid) {
            refuse(&rule, "it is there twice; leave one of them out".to_owned());
            continue;
        }
        if rule.id.0 == 0 {
            if rule.is_standard() {
                refuse(&rule, NO_TAG.to_owned());
            }
            if let Some(known) = before.iter().find(|known| known.guid == rule.guid) {
                refuse(&rule, format!("rule \"{}\" has its identifier already", known.name));
            }
            after.push(rule.clone());
            steps.push(RuleStep { before: None, after: Some(rule) });
            continue;
        }
        let Some(place) = after.iter_mut().find(|known| known.id == rule.id) else {
            return Err(RuleChangeError::Unknown(rule.id));
        };
        let known = place.clone().normal();
        if rule == known {
            continue;
        }
        if known.is_standard() {
            let differences = rule_differences(&SyncRule { enabled: rule.enabled, ..known.clone() }, &rule);
            if !differences.is_empty() {
                let parts: Vec<&str> = differences.iter().filter_map(|line| line.split(':').next()).collect();
                refuse(
                    &known,
                    format!(
                        "it is a standard rule, which can only be enabled and disabled; change a clone of it instead of: {}",
                        parts.join(", ")
                    ),
                );
            }
        } else if rule.is_standard() {
            refuse(&rule, NO_TAG.to_owned());
        }
        *place = rule.clone();
        steps.push(RuleStep { before: Some(known), after: Some(rule) });
    }
    steps.sort_by_key(|step| step.rule().map(|rule| (rule.precedence, rule.guid)));
    Ok((after, steps))
}

/// Why a tag is refused.
const NO_TAG: &str = "a tag marks the rules that come with the program; leave it out";

/// Changes rules: all of them or none.
///
/// # Errors
/// [`RuleChangeError`] says why nothing was changed.
pub fn store_rules(database: &Database, changes: &RuleChanges) -> Result<RuleChangeReport, RuleChangeError> {
    let mut writer = database.writer();
    let transaction = writer.transaction()?;
    let mut report = judge_rules(&transaction, changes)?;
    if report.steps.is_empty() {
        report.version = configuration_version(&transaction)?;
        return Ok(report);
    }
    write(&transaction, &mut report.steps)?;
    require_runs(&transaction, &report)?;
    next_version(&transaction)?;
    transaction.commit().map_err(StoreError::sqlite("storing synchronization rules"))?;
    Ok(report)
}

fn write(transaction: &Transaction<'_>, steps: &mut [RuleStep]) -> Result<(), StoreError> {
    // Out of the way first: no two rules may have one precedence at any time.
    for (place, rule) in (1i64..).zip(steps.iter().filter_map(|step| step.before.as_ref())) {
        configuration::save_rule(transaction, &SyncRule { precedence: -place, ..rule.clone() })?;
    }
    for step in steps {
        match (&step.before, &mut step.after) {
            (Some(gone), None) => configuration::delete_rule(transaction, gone.id)?,
            (_, Some(rule)) => rule.id = configuration::save_rule(transaction, rule)?,
            (None, None) => {}
        }
    }
    Ok(())
}

/// Notes what the connectors have to do before the changes hold everywhere.
fn require_runs(transaction: &Transaction<'_>, report: &RuleChangeReport) -> Result<(), StoreError> {
    let changed = report.steps.iter().find(|step| step.is_felt()).and_then(RuleStep::rule);
    let reason = changed.map_or_else(String::new, |rule| format!("rule \"{}\" was changed", rule.name));
    for mut connector in configuration::connectors(transaction)? {
        let added = report.attributes.get(&connector.id);
        if let Some(added) = added {
            connector.attributes.extend(added.iter().cloned());
            connector.full_import_reason.get_or_insert_with(|| ATTRIBUTES_ADDED.to_owned());
            connector.full_sync_reason.get_or_insert_with(|| ATTRIBUTES_ADDED.to_owned());
        }
        let synchronizes = report.full_synchronization.contains(&connector.id);
        if synchronizes {
            connector.full_sync_reason.get_or_insert_with(|| reason.clone());
        }
        if added.is_some() || synchronizes {
            configuration::save_connector(transaction, &connector)?;
        }
    }
    Ok(())
}
