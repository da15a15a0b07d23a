//! Changing rules as an administrator does (`engine.md` 4.8, `ui.md` 10, `operations.md` 12.6): judged as a whole, stored
//! in one transaction, and followed by what the change asks of the connectors.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, Transaction};
use thiserror::Error;
use uuid::Uuid;

use super::rule_set::attributes_used;
use crate::model::{ConnectorId, DN_ATTRIBUTE, RuleId, Schema, fold_text};
use crate::rules::{Direction, FaultSeverity, RuleCheck, RuleFault, RulePlace, SyncRule, compile, rule_differences};
use crate::store::configuration::{self, ConnectorRecord};
use crate::store::rule_history::{self, Author};
use crate::store::{Database, StoreError, attributes, schema};
use crate::sync::plan_inputs;

pub use crate::store::options::configuration_version;
pub(super) use crate::store::options::next_configuration_version as next_version;

/// Why a full import is required when rules read or write more than before.
const ATTRIBUTES_ADDED: &str = "attributes were added";

/// Which rules are stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Accept {
    /// Rules without faults, and of the standard ones nothing but whether they are enabled.
    #[default]
    Sound,
    /// As `Sound`, but a rule with an expression that cannot be read as one is stored with a warning: the rules editor
    /// lets a person go on later. Until then every object in its scope reports the flow.
    Unfinished,
    /// Whatever the engine can hold, for scenarios: they try rules that an administrator's tools refuse.
    Storable,
}

/// What is to become of the rules.
#[derive(Clone, Debug, Default)]
pub struct RuleChanges {
    /// Rules to be stored: new ones (number 0), and others in place of those with their numbers.
    pub save: Vec<SyncRule>,
    /// Rules to be removed.
    pub remove: Vec<RuleId>,
    /// The version of the configuration that the changes were made from; `None` does not ask.
    pub as_of: Option<u64>,
    /// Which rules are stored.
    pub accept: Accept,
    /// Who makes the changes, for the history of the rules; `None` writes nothing down.
    pub author: Option<Author>,
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
    pub(super) fn is_felt(&self) -> bool {
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
    match changes.accept {
        Accept::Sound | Accept::Unfinished => {
            // Standard rules are composed without faults; they are judged by what is wrong between them and changed ones.
            let rules = steps.iter().filter_map(|step| step.after.as_ref()).filter(|rule| !rule.is_standard());
            let judged: BTreeSet<Uuid> = rules.map(|rule| rule.guid).collect();
            faults.extend(RuleCheck { rules: &after, connectors: &inputs, metaverse: &metaverse }.faults(&judged));
            if changes.accept == Accept::Unfinished {
                for fault in faults.iter_mut().filter(|fault| fault.is_expression()) {
                    fault.severity = FaultSeverity::Warning;
                }
            }
        }
        Accept::Storable => {
            let rules = steps.iter().filter_map(|step| step.after.as_ref());
            faults = rules.filter_map(|rule| unstorable(rule, &after, &metaverse)).collect();
        }
    }
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

/// The connectors whose objects a rule concerns: an inbound rule those of its own connector, an outbound one those
/// that its metaverse objects come from.
pub(super) fn concerned(rule: &SyncRule, rules: &[SyncRule]) -> BTreeSet<ConnectorId> {
    match rule.direction {
        Direction::Inbound => [rule.connector].into(),
        Direction::Outbound => rules
            .iter()
            .filter(|known| known.direction == Direction::Inbound && known.connector != rule.connector)
            .filter(|known| {
                let kind = fold_text(&known.metaverse_object_type);
                kind == "*" || kind == fold_text(&rule.metaverse_object_type)
            })
            .map(|known| known.connector)
            .collect(),
    }
}

/// Why a rule cannot be held: precedence numbers are unique, and a union needs an attribute of several values.
fn unstorable(rule: &SyncRule, rules: &[SyncRule], metaverse: &Schema) -> Option<RuleFault> {
    let other = rules.iter().find(|known| known.precedence == rule.precedence && known.guid != rule.guid);
    let taken = other.map(|other| format!("precedence {} is used by \"{}\"", rule.precedence, other.name));
    let single = |name: &str| metaverse.attribute(name).is_some_and(|target| !target.multi_valued);
    let mut unions = rule.flows.iter().filter(|flow| rule.direction == Direction::Inbound && flow.merge.is_union());
    let message = taken.or_else(|| {
        let flow = unions.find(|flow| single(&flow.target))?;
        Some(format!("it merges values into \"{}\", which holds one value; use Update, or another attribute", flow.target))
    })?;
    Some(fault(rule, message))
}

fn fault(rule: &SyncRule, message: String) -> RuleFault {
    let (severity, part, precedence) = (FaultSeverity::Error, String::new(), rule.precedence);
    RuleFault { severity, rule: rule.name.clone(), precedence, part, message, place: RulePlace::Rule }
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
    let mut refuse = |rule: &SyncRule, message: String| faults.push(fault(rule, message));
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
    if let Some(author) = &changes.author {
        let side = |side: fn(&RuleStep) -> Option<&SyncRule>| report.steps.iter().filter_map(side).cloned().collect::<Vec<_>>();
        let (before, after) = (side(|step| step.before.as_ref()), side(|step| step.after.as_ref()));
        rule_history::record(&transaction, &before, &after, author, report.version)?;
    }
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
pub(super) fn require_runs(transaction: &Transaction<'_>, report: &RuleChangeReport) -> Result<(), StoreError> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{IdSource as _, SequentialIds};
    use crate::rules::rules_from_toml;
    use crate::step::fixture::add_connector;

    fn rule(text: &str, connector: ConnectorId) -> SyncRule {
        let text = format!(
            "[[rule]]\nname = \"r\"\nprecedence = 10\nconnector = \"A\"\nconnector_object = \"user\"\nmetaverse_object = \"person\"\nlink = \"join\"\n{text}"
        );
        let read = rules_from_toml(&text).unwrap().remove(0);
        read.to_rule(connector, read.precedence(), SequentialIds::default().guid(), &|_| true).unwrap()
    }

    fn store(database: &Database, rule: SyncRule) -> Result<RuleChangeReport, RuleChangeError> {
        store_rules(database, &RuleChanges { save: vec![rule], accept: Accept::Storable, ..RuleChanges::default() })
    }

    fn rule_id(report: &RuleChangeReport) -> RuleId {
        report.steps[0].after.as_ref().unwrap().id
    }

    #[test]
    fn a_changed_rule_requires_synchronization_where_its_objects_come_from() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(&folder.path().join("syncline.db")).unwrap();
        let [a, b, t] = ["A", "B", "T"].map(|name| add_connector(&database, name, "file", "DC=x").0.id);
        let required = || -> Vec<ConnectorId> {
            let connectors = configuration::connectors(&database.reader().unwrap()).unwrap();
            connectors.into_iter().filter(|connector| connector.full_sync_reason.is_some()).map(|found| found.id).collect()
        };
        let done = || {
            let mut writer = database.writer();
            let transaction = writer.transaction().unwrap();
            for connector in [a, b, t] {
                configuration::set_required(&transaction, connector, None, None).unwrap();
            }
            transaction.commit().unwrap();
        };
        store(&database, rule("direction = \"inbound\"", a)).unwrap();
        assert_eq!(required(), [a]);
        done();
        let other = SyncRule { precedence: 11, guid: Uuid::from_u128(11), ..rule("direction = \"inbound\"", b) };
        store(&database, other).unwrap();
        let outbound = SyncRule { precedence: 12, guid: Uuid::from_u128(12), ..rule("direction = \"outbound\"", t) };
        done();
        let id = rule_id(&store(&database, outbound).unwrap());
        assert_eq!(required(), [a, b]);
        done();
        let remove = || store_rules(&database, &RuleChanges { remove: vec![id], ..RuleChanges::default() });
        remove().unwrap();
        assert_eq!(required(), [a, b]);
        assert!(matches!(remove(), Err(RuleChangeError::Unknown(_))));
    }

    #[test]
    fn what_cannot_be_held_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(&folder.path().join("syncline.db")).unwrap();
        let connector = add_connector(&database, "A", "file", "DC=x").0.id;
        store(&database, rule("direction = \"inbound\"", connector)).unwrap();
        let check = |text: &str, precedence: i64, expected: &str| {
            let rule = SyncRule { precedence, guid: Uuid::from_u128(9), ..rule(text, connector) };
            let error = store(&database, rule).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        };
        check("direction = \"inbound\"", 10, "precedence 10 is used by \"r\"");
        let merged = "direction = \"inbound\"\nsame = [\"department\"]\n[rule.merge]\ndepartment = \"Merge\"";
        check(merged, 11, "\"department\", which holds one value");
    }
}
