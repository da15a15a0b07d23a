//! Former editions of synchronization rules: for every change who made it, when, and the rule before it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{Timestamp, ToSpan as _};
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction};
use uuid::Uuid;

use super::StoreError;
use super::sql::{from_stored, guid, json, to_json, to_stored};
use crate::rules::SyncRule;

/// Changes of one rule that are kept, the newest.
pub const KEPT: u32 = 50;
/// Days for which the changes of a rule that is gone are kept.
const KEPT_DAYS: i64 = 365;

/// Who changes rules, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Author {
    /// Account.
    pub user: String,
    /// Moment.
    pub at: Timestamp,
}

/// One change of one rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleRecord {
    /// The rule.
    pub guid: Uuid,
    /// Number of the edition that the change made; counts from 1 for every rule.
    pub number: u32,
    /// When and by whom.
    pub author: Author,
    /// Version of the configuration that the change made.
    pub configuration: u64,
    /// The rule before; none when the change made it.
    pub before: Option<SyncRule>,
}

/// Writes down in what rules differ from before, and forgets what is too old.
///
/// # Errors
/// [`StoreError`] when the database cannot be written.
pub fn record(
    transaction: &Transaction<'_>,
    before: &[SyncRule],
    after: &[SyncRule],
    author: &Author,
    configuration: u64,
) -> Result<(), StoreError> {
    let failed = StoreError::sqlite("writing down a change of a synchronization rule");
    let by_guid = |rules: &[SyncRule]| -> BTreeMap<Uuid, SyncRule> {
        rules.iter().map(|rule| (rule.guid, rule.clone().normal())).collect()
    };
    let (old, new) = (by_guid(before), by_guid(after));
    let all: BTreeSet<Uuid> = old.keys().chain(new.keys()).copied().collect();
    for rule in all {
        let (before, after) = (old.get(&rule), new.get(&rule));
        let same = match (before, after) {
            (Some(before), Some(after)) => SyncRule { id: after.id, ..before.clone() } == *after,
            _ => false,
        };
        if same {
            continue;
        }
        let key = rule.as_bytes().as_slice();
        let last: Option<u32> = transaction
            .query_row("SELECT max(number) FROM rule_change WHERE guid = ?1", [key], |row| row.get(0))
            .map_err(&failed)?;
        // The first edition of a rule that was there before its changes were written down has number 1 as well.
        let number = last.unwrap_or(u32::from(before.is_some())) + 1;
        let definition = before.map(|rule| to_json("a synchronization rule", rule)).transpose()?;
        transaction
            .execute(
                "INSERT INTO rule_change (guid, number, changed, user, configuration, before) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                (key, number, to_stored(author.at), &author.user, configuration.cast_signed(), definition),
            )
            .map_err(&failed)?;
        transaction
            .execute("DELETE FROM rule_change WHERE guid = ?1 AND number <= ?2", (key, i64::from(number) - i64::from(KEPT)))
            .map_err(&failed)?;
    }
    let oldest = author.at.checked_sub((KEPT_DAYS * 24).hours()).unwrap_or(Timestamp::MIN);
    transaction
        .execute(
            "DELETE FROM rule_change WHERE guid NOT IN (SELECT guid FROM rule)
                AND guid IN (SELECT guid FROM rule_change GROUP BY guid HAVING max(changed) < ?1)",
            [to_stored(oldest)],
        )
        .map_err(&failed)?;
    Ok(())
}

/// The changes of a rule, oldest first.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn of_rule(connection: &Connection, rule: Uuid) -> Result<Vec<RuleRecord>, StoreError> {
    records(connection, "WHERE guid = ?1 ORDER BY number", rule.as_bytes().as_slice())
}

/// The changes that led to a version of the configuration, by rule.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn of_configuration(connection: &Connection, version: u64) -> Result<Vec<RuleRecord>, StoreError> {
    records(connection, "WHERE configuration = ?1 ORDER BY guid, number", version.cast_signed())
}

/// The last changes of rules that are gone, newest first.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn gone(connection: &Connection) -> Result<Vec<RuleRecord>, StoreError> {
    let condition = "WHERE guid NOT IN (SELECT guid FROM rule) AND before IS NOT NULL AND ?1
        AND number = (SELECT max(number) FROM rule_change AS other WHERE other.guid = rule_change.guid)
        ORDER BY changed DESC, guid";
    records(connection, condition, true)
}

/// True when something was written down of a rule.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn is_known(connection: &Connection, rule: Uuid) -> Result<bool, StoreError> {
    connection
        .query_row("SELECT 1 FROM rule_change WHERE guid = ?1 LIMIT 1", [rule.as_bytes().as_slice()], |_| Ok(()))
        .optional()
        .map(|found| found.is_some())
        .map_err(StoreError::sqlite("reading changes of synchronization rules"))
}

fn records(connection: &Connection, condition: &str, parameter: impl rusqlite::ToSql) -> Result<Vec<RuleRecord>, StoreError> {
    let failed = StoreError::sqlite("reading changes of synchronization rules");
    let sql = format!("SELECT guid, number, changed, user, configuration, before FROM rule_change {condition}");
    let mut statement = connection.prepare_cached(&sql).map_err(&failed)?;
    let mut rows = statement.query([parameter]).map_err(&failed)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(&failed)? {
        found.push(read(row)?);
    }
    Ok(found)
}

fn read(row: &Row<'_>) -> Result<RuleRecord, StoreError> {
    let failed = StoreError::sqlite("reading a change of a synchronization rule");
    let before: Option<String> = row.get(5).map_err(&failed)?;
    Ok(RuleRecord {
        guid: guid(&row.get::<_, Vec<u8>>(0).map_err(&failed)?)?,
        number: row.get(1).map_err(&failed)?,
        author: Author { at: from_stored(row.get(2).map_err(&failed)?), user: row.get(3).map_err(&failed)? },
        configuration: row.get::<_, i64>(4).map_err(&failed)?.cast_unsigned(),
        before: before.map(|text| json("a former edition of a synchronization rule", &text)).transpose()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ConnectorId;
    use crate::rules::rules_from_toml;
    use crate::store::Database;
    use crate::store::configuration;

    fn rule(guid: u128, description: &str) -> SyncRule {
        let text = "[[rule]]\nname = \"r\"\nprecedence = 10\ndirection = \"inbound\"\nconnector = \"A\"\nconnector_object = \"user\"\nmetaverse_object = \"person\"\nlink = \"join\"\n";
        let read = rules_from_toml(text).unwrap().remove(0);
        let rule = read.to_rule(ConnectorId(1), 10, Uuid::from_u128(guid), &|_| true).unwrap();
        SyncRule { description: description.into(), ..rule }
    }

    fn at(day: i64) -> Author {
        let start: Timestamp = "2026-01-05T10:00:00Z".parse().unwrap();
        Author { user: "ann".into(), at: start.checked_add((day * 24).hours()).unwrap() }
    }

    #[test]
    fn the_newest_changes_are_kept_and_those_of_rules_long_gone_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(&folder.path().join("syncline.db")).unwrap();
        let mut writer = database.writer();
        let transaction = writer.transaction().unwrap();
        transaction.pragma_update(None, "defer_foreign_keys", true).unwrap();
        let mut stored = rule(1, "0");
        stored.id = configuration::save_rule(&transaction, &stored).unwrap();
        record(&transaction, &[], &[stored.clone()], &at(0), 1).unwrap();
        for edition in 1..60 {
            let next = SyncRule { description: edition.to_string(), ..stored.clone() };
            record(&transaction, &[stored], std::slice::from_ref(&next), &at(edition), edition.cast_unsigned() + 1).unwrap();
            stored = next;
        }
        // What is the same is no change.
        record(&transaction, std::slice::from_ref(&stored), std::slice::from_ref(&stored), &at(60), 99).unwrap();
        let kept = of_rule(&transaction, stored.guid).unwrap();
        let ends = |record: &RuleRecord| (record.number, record.before.as_ref().unwrap().description.clone());
        assert_eq!((kept.len(), ends(&kept[0]), ends(&kept[49])), (50, (11, "9".into()), (60, "58".into())));
        assert_eq!(of_configuration(&transaction, 60).unwrap(), [kept[49].clone()]);
        assert!(gone(&transaction).unwrap().is_empty());
        // One that is gone.
        let other = rule(2, "other");
        record(&transaction, std::slice::from_ref(&other), &[], &at(61), 61).unwrap();
        assert_eq!(gone(&transaction).unwrap()[0].before, Some(other.clone().normal()));
        assert_eq!(gone(&transaction).unwrap()[0].number, 2);
        record(&transaction, &[rule(1, "59")], &[rule(1, "x")], &at(61 + 365), 62).unwrap();
        assert!(is_known(&transaction, other.guid).unwrap());
        record(&transaction, &[rule(1, "x")], &[rule(1, "y")], &at(62 + 366), 63).unwrap();
        assert!(!is_known(&transaction, other.guid).unwrap() && is_known(&transaction, stored.guid).unwrap());
    }
}
