//! Groups whose members rules ask for (`engine.md` 4.4, `ISMEMBEROF`).
//!
//! Triggers flag the members that come and go for a full look by the next synchronization, whoever writes the change,
//! so that it costs what changed. They are there only while some rule asks.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, Transaction};

use super::StoreError;
use super::references::ReferenceLayer;
use super::sql::{integers, texts};
use crate::model::{AttributeId, ConnectorId, CsId};

/// The names (key form) of the groups that rules ask for, by connector.
pub type WatchedGroups = BTreeMap<ConnectorId, BTreeSet<String>>;

const REMOVE: &str = "
DROP TRIGGER IF EXISTS member_comes;
DROP TRIGGER IF EXISTS member_goes;
DROP TRIGGER IF EXISTS member_group_changes;
";

// Only rows that change what the tower holds in the end flag a member: additions and deletions that an import or a
// synchronization stages. When an import is synchronized its deletions are cleared after the values they delete, and
// its additions move down by an update, which fires nothing.
const CREATE: &str = "
CREATE TRIGGER member_comes AFTER INSERT ON cs_reference
WHEN NEW.layer IN (1, 2, 7, 8) AND NEW.attribute IN (SELECT attribute FROM watched_group) AND EXISTS (
    SELECT 1 FROM cs_object AS g JOIN watched_group AS w ON w.connector = g.connector AND w.dn_key = g.dn_key
    WHERE g.id = NEW.object)
BEGIN
    UPDATE cs_object SET needs_full = 1 WHERE id = NEW.target;
END;
CREATE TRIGGER member_goes AFTER DELETE ON cs_reference
WHEN OLD.layer IN (1, 2, 7, 8) AND OLD.attribute IN (SELECT attribute FROM watched_group)
AND (OLD.layer <> 2 OR EXISTS (SELECT 1 FROM cs_reference AS r WHERE r.object = OLD.object AND r.attribute = OLD.attribute
    AND r.target = OLD.target AND r.layer = 0))
AND EXISTS (
    SELECT 1 FROM cs_object AS g JOIN watched_group AS w ON w.connector = g.connector AND w.dn_key = g.dn_key
    WHERE g.id = OLD.object)
BEGIN
    UPDATE cs_object SET needs_full = 1 WHERE id = OLD.target;
END;
CREATE TRIGGER member_group_changes AFTER UPDATE OF dn_key, import_op, object_type ON cs_object
WHEN (OLD.dn_key <> NEW.dn_key OR (OLD.import_op = 4) <> (NEW.import_op = 4)
    OR (OLD.object_type IS NULL) <> (NEW.object_type IS NULL))
AND EXISTS (SELECT 1 FROM watched_group AS w WHERE w.connector = NEW.connector AND w.dn_key IN (OLD.dn_key, NEW.dn_key))
BEGIN
    UPDATE cs_object SET needs_full = 1 WHERE id IN (SELECT target FROM cs_reference
        WHERE object = NEW.id AND attribute IN (SELECT attribute FROM watched_group));
END;
";

/// Watches these groups and no others; `attribute` holds their members. Nothing is written when they are watched
/// already.
///
/// # Errors
/// [`StoreError`] when the database cannot be read or written.
pub fn watch(transaction: &Transaction<'_>, groups: &WatchedGroups, attribute: Option<AttributeId>) -> Result<(), StoreError> {
    let failed = StoreError::sqlite("watching groups");
    let wanted: BTreeSet<(i64, String, u32)> = attribute
        .into_iter()
        .flat_map(|attribute| {
            groups.iter().flat_map(move |(connector, keys)| keys.iter().map(move |key| (connector.0, key.clone(), attribute.0)))
        })
        .collect();
    let present: BTreeSet<(i64, String, u32)> = {
        let mut statement =
            transaction.prepare_cached("SELECT connector, dn_key, attribute FROM watched_group").map_err(&failed)?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).map_err(&failed)?;
        rows.collect::<Result<_, _>>().map_err(&failed)?
    };
    if wanted == present {
        return Ok(());
    }
    transaction.execute_batch(REMOVE).map_err(&failed)?;
    transaction.execute("DELETE FROM watched_group", []).map_err(&failed)?;
    let mut statement = transaction
        .prepare_cached("INSERT INTO watched_group (connector, dn_key, attribute) VALUES (?1, ?2, ?3)")
        .map_err(&failed)?;
    for row in &wanted {
        statement.execute((row.0, &row.1, row.2)).map_err(&failed)?;
    }
    if wanted.is_empty() { Ok(()) } else { transaction.execute_batch(CREATE).map_err(failed) }
}

/// Of these groups of a connector, those that objects are direct members of, by object: as the directory will hold
/// them when everything staged has happened. A group whose deletion was imported has no members.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn groups_of(
    connection: &Connection,
    connector: ConnectorId,
    groups: &BTreeSet<String>,
    attribute: AttributeId,
    objects: impl IntoIterator<Item = CsId>,
) -> Result<BTreeMap<CsId, Vec<String>>, StoreError> {
    let failed = StoreError::sqlite("reading group memberships");
    let names: BTreeMap<i64, String> = {
        let mut statement = connection
            .prepare_cached(
                "SELECT id, dn_key FROM cs_object WHERE connector = ?1 AND dn_key IN rarray(?2) AND object_type IS NOT NULL
                 AND import_op <> 4",
            )
            .map_err(&failed)?;
        let keys = texts(groups.iter().map(String::as_str));
        let rows = statement.query_map((connector.0, &keys), |row| Ok((row.get(0)?, row.get(1)?))).map_err(&failed)?;
        rows.collect::<Result<_, _>>().map_err(&failed)?
    };
    let mut found: BTreeMap<CsId, Vec<String>> = BTreeMap::new();
    if names.is_empty() {
        return Ok(found);
    }
    let mut statement = connection
        .prepare_cached(
            "SELECT t.value, g.value, r.layer FROM rarray(?1) AS t CROSS JOIN rarray(?2) AS g CROSS JOIN cs_reference AS r
             ON r.object = g.value AND r.attribute = ?3 AND r.target = t.value ORDER BY t.value, g.value, r.layer",
        )
        .map_err(&failed)?;
    let (objects, ids) = (integers(objects.into_iter().map(|id| id.0)), integers(names.keys().copied()));
    let mut rows = statement.query((&objects, &ids, attribute.0)).map_err(&failed)?;
    // The topmost layer that mentions an object decides.
    let mut members: BTreeMap<(i64, i64), bool> = BTreeMap::new();
    while let Some(row) = rows.next().map_err(&failed)? {
        let layer = ReferenceLayer::from_code(row.get(2).map_err(&failed)?);
        let place = (row.get(0).map_err(&failed)?, row.get(1).map_err(&failed)?);
        members.insert(place, layer.is_some_and(|layer| !layer.is_delete()));
    }
    for ((object, group), _) in members.into_iter().filter(|(_, member)| *member) {
        found.entry(CsId(object)).or_default().extend(names.get(&group).cloned());
    }
    Ok(found)
}
