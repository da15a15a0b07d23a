//! Values that are wanted but taken by another object.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::objects::time;
use crate::SandboxError;

/// Property names as shown in provisioning errors.
pub(crate) const USER_PRINCIPAL_NAME: &str = "UserPrincipalName";
/// See [`USER_PRINCIPAL_NAME`].
pub(crate) const PROXY_ADDRESSES: &str = "ProxyAddresses";

/// One quarantined value.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) id: i64,
    pub(crate) object: i64,
    pub(crate) property: String,
    pub(crate) value: String,
    pub(crate) since: Timestamp,
}

type Raw = (i64, i64, String, String, String);

fn read(row: &Row<'_>) -> rusqlite::Result<Raw> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?))
}

fn entry((id, object, property, value, since): Raw) -> Result<Entry, SandboxError> {
    Ok(Entry { id, object, property, value, since: time(&since)? })
}

/// Entries of one object, oldest first.
pub(crate) fn of_object(db: &Connection, object: i64) -> Result<Vec<Entry>, SandboxError> {
    let mut statement =
        db.prepare_cached("SELECT id, object, property, value, since FROM quarantine WHERE object = ?1 ORDER BY id")?;
    let rows = statement.query_map([object], read)?;
    rows.map(|row| entry(row?)).collect()
}

/// Every entry, oldest claim first.
pub(crate) fn all(db: &Connection) -> Result<Vec<Entry>, SandboxError> {
    let mut statement = db.prepare_cached("SELECT id, object, property, value, since FROM quarantine ORDER BY id")?;
    let rows = statement.query_map([], read)?;
    rows.map(|row| entry(row?)).collect()
}

/// Whether a value of the object is quarantined.
pub(crate) fn contains(db: &Connection, object: i64, property: &str) -> Result<bool, SandboxError> {
    let found: Option<i64> = db
        .prepare_cached("SELECT id FROM quarantine WHERE object = ?1 AND property = ?2 LIMIT 1")?
        .query_row(params![object, property], |row| row.get(0))
        .optional()?;
    Ok(found.is_some())
}

/// Makes `values` the quarantined ones of a property; claims that stay keep their age.
pub(crate) fn replace(
    db: &Connection,
    object: i64,
    property: &str,
    values: &[String],
    now: Timestamp,
) -> Result<(), SandboxError> {
    for old in of_object(db, object)? {
        if old.property == property && !values.contains(&old.value) {
            remove(db, old.id)?;
        }
    }
    values.iter().try_for_each(|value| add(db, object, property, value, now))
}

/// Adds a claim; one that is there keeps its age.
pub(crate) fn add(db: &Connection, object: i64, property: &str, value: &str, since: Timestamp) -> Result<(), SandboxError> {
    db.prepare_cached("INSERT OR IGNORE INTO quarantine (object, property, value, since) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![object, property, value, since.to_string()])?;
    Ok(())
}

/// Removes one entry.
pub(crate) fn remove(db: &Connection, id: i64) -> Result<(), SandboxError> {
    db.prepare_cached("DELETE FROM quarantine WHERE id = ?1")?.execute([id])?;
    Ok(())
}

/// Removes the entries of an object.
pub(crate) fn clear(db: &Connection, object: i64) -> Result<(), SandboxError> {
    db.prepare_cached("DELETE FROM quarantine WHERE object = ?1")?.execute([object])?;
    Ok(())
}

/// Remembers that a new group was refused once for a duplicate address.
pub(crate) fn note_refused_group(db: &Connection, anchor: &str) -> Result<(), SandboxError> {
    db.prepare_cached("INSERT OR IGNORE INTO refused_groups (anchor) VALUES (?1)")?.execute([anchor])?;
    Ok(())
}

/// Whether a new group was refused once before.
pub(crate) fn was_refused(db: &Connection, anchor: &str) -> Result<bool, SandboxError> {
    let found: Option<String> = db
        .prepare_cached("SELECT anchor FROM refused_groups WHERE anchor = ?1")?
        .query_row([anchor], |row| row.get(0))
        .optional()?;
    Ok(found.is_some())
}
