//! Storing one rule as it is, for scenarios, which try rules that an administrator's tools refuse (`rule_changes`): only
//! what the engine cannot hold is refused. Which connectors a rule concerns (`engine.md` 4.8).

use std::collections::BTreeSet;

use rusqlite::Transaction;
use thiserror::Error;

use crate::model::{ConnectorId, RuleId, fold_text};
use crate::rules::{Direction, SyncRule, metaverse_schema};
use crate::store::configuration;
use crate::store::{Database, StoreError};

/// A rule that was not stored.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RuleEditError {
    /// Precedence numbers are unique.
    #[error("rule \"{other}\" already has precedence {precedence}; give \"{rule}\" another number")]
    PrecedenceTaken {
        /// The rule to be stored.
        rule: String,
        /// The number.
        precedence: i64,
        /// The rule that has it.
        other: String,
    },
    /// A union needs an attribute that holds several values.
    #[error("rule \"{rule}\" merges values into \"{attribute}\", which holds one value; use Update, or another attribute")]
    MergeIntoSingle {
        /// The rule to be stored.
        rule: String,
        /// The attribute.
        attribute: String,
    },
    /// The rule does not exist.
    #[error("there is no rule with number {0}")]
    Unknown(RuleId),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Stores a rule, new (`id` 0) or changed, and notes for which connectors a full synchronization is required.
///
/// # Errors
/// [`RuleEditError`] says why the rule was refused; nothing is stored then.
pub fn save_rule(database: &Database, rule: &SyncRule) -> Result<RuleId, RuleEditError> {
    let mut writer = database.writer();
    let transaction = writer.transaction()?;
    let rules = configuration::rules(&transaction)?;
    check(rule, &rules)?;
    let id = configuration::save_rule(&transaction, rule)?;
    let before = rules.iter().find(|known| known.id == rule.id);
    for changed in before.into_iter().chain([rule]) {
        require_synchronization(&transaction, changed, &rules)?;
    }
    transaction.commit().map_err(StoreError::sqlite("storing a synchronization rule"))?;
    Ok(id)
}

/// Removes a rule; what it contributed goes with the next full synchronization.
///
/// # Errors
/// [`RuleEditError`] when there is no such rule or the database cannot be written.
pub fn delete_rule(database: &Database, id: RuleId) -> Result<(), RuleEditError> {
    let mut writer = database.writer();
    let transaction = writer.transaction()?;
    let rules = configuration::rules(&transaction)?;
    let rule = rules.iter().find(|rule| rule.id == id).ok_or(RuleEditError::Unknown(id))?;
    configuration::delete_rule(&transaction, id)?;
    require_synchronization(&transaction, rule, &rules)?;
    transaction.commit().map_err(StoreError::sqlite("removing a synchronization rule"))?;
    Ok(())
}

fn check(rule: &SyncRule, rules: &[SyncRule]) -> Result<(), RuleEditError> {
    if let Some(other) = rules.iter().find(|known| known.precedence == rule.precedence && known.id != rule.id) {
        return Err(RuleEditError::PrecedenceTaken {
            rule: rule.name.clone(),
            precedence: rule.precedence,
            other: other.name.clone(),
        });
    }
    if rule.direction == Direction::Inbound {
        let schema = metaverse_schema().map_err(|error| StoreError::damaged("the metaverse schema", error))?;
        for flow in rule.flows.iter().filter(|flow| flow.merge.is_union()) {
            if schema.attribute(&flow.target).is_some_and(|target| !target.multi_valued) {
                return Err(RuleEditError::MergeIntoSingle { rule: rule.name.clone(), attribute: flow.target.clone() });
            }
        }
    }
    Ok(())
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

fn require_synchronization(transaction: &Transaction<'_>, rule: &SyncRule, rules: &[SyncRule]) -> Result<(), StoreError> {
    let concerned = concerned(rule, rules);
    for connector in configuration::connectors(transaction)?.iter().filter(|connector| concerned.contains(&connector.id)) {
        let reason = connector.full_sync_reason.clone().unwrap_or_else(|| format!("rule \"{}\" was changed", rule.name));
        configuration::set_required(transaction, connector.id, connector.full_import_reason.as_deref(), Some(&reason))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::SequentialIds;
    use crate::rules::rules_from_toml;
    use crate::step::fixture::add_connector;

    fn rule(text: &str, connector: ConnectorId) -> SyncRule {
        let text = format!(
            "[[rule]]\nname = \"r\"\nprecedence = 10\nconnector = \"A\"\nconnector_object = \"user\"\nmetaverse_object = \"person\"\nlink = \"join\"\n{text}"
        );
        let read = rules_from_toml(&text).unwrap().remove(0);
        read.to_rule(connector, read.precedence(), crate::model::IdSource::guid(&SequentialIds::default()), &|_| true).unwrap()
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
        let mut inbound = rule("direction = \"inbound\"", a);
        inbound.id = save_rule(&database, &inbound).unwrap();
        assert_eq!(required(), [a]);
        done();
        let other = SyncRule { precedence: 11, guid: uuid::Uuid::from_u128(11), ..rule("direction = \"inbound\"", b) };
        save_rule(&database, &other).unwrap();
        let outbound = SyncRule { precedence: 12, guid: uuid::Uuid::from_u128(12), ..rule("direction = \"outbound\"", t) };
        done();
        let id = save_rule(&database, &outbound).unwrap();
        assert_eq!(required(), [a, b]);
        done();
        delete_rule(&database, id).unwrap();
        assert_eq!(required(), [a, b]);
        assert!(matches!(delete_rule(&database, id), Err(RuleEditError::Unknown(_))));
    }

    #[test]
    fn what_cannot_work_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(&folder.path().join("syncline.db")).unwrap();
        let connector = add_connector(&database, "A", "file", "DC=x").0.id;
        save_rule(&database, &rule("direction = \"inbound\"", connector)).unwrap();
        let check = |text: &str, precedence: i64, expected: &str| {
            let rule = SyncRule { precedence, guid: uuid::Uuid::from_u128(9), ..rule(text, connector) };
            let error = save_rule(&database, &rule).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        };
        check("direction = \"inbound\"", 10, "already has precedence 10");
        let merged = "direction = \"inbound\"\nsame = [\"department\"]\n[rule.merge]\ndepartment = \"Merge\"";
        check(merged, 11, "\"department\", which holds one value");
    }
}
