//! Directory objects as rows.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde_json::Value;
use uuid::Uuid;

use crate::SandboxError;
use crate::schema::Kind;

/// Attribute or property names with their values.
pub(crate) type Values = BTreeMap<String, Value>;

/// Where an object stands in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Live,
    SoftDeleted,
    /// Values are dropped; the row remains so that delta readers learn of the deletion.
    Gone,
}

impl State {
    fn number(self) -> i64 {
        match self {
            State::Live => 0,
            State::SoftDeleted => 1,
            State::Gone => 2,
        }
    }

    fn from_number(number: i64) -> State {
        match number {
            0 => State::Live,
            1 => State::SoftDeleted,
            _ => State::Gone,
        }
    }
}

/// A directory object.
#[derive(Debug, Clone)]
pub(crate) struct Object {
    /// Row number; 0 before the first save.
    pub(crate) id: i64,
    pub(crate) object_id: Uuid,
    pub(crate) kind: Kind,
    pub(crate) state: State,
    /// Source anchor (immutable id).
    pub(crate) anchor: Option<String>,
    /// `None` never synchronized, `Some(false)` once synchronized.
    pub(crate) synced: Option<bool>,
    /// Administrator role, if the object holds one.
    pub(crate) role: Option<String>,
    /// Values as they were written (the shadow), under the names of the sync channel; no references.
    pub(crate) body: Values,
    /// Values the tenant uses instead of the written ones; null means the attribute is absent.
    pub(crate) overrides: Values,
    /// Properties that only the cloud side knows, under their Graph names.
    pub(crate) cloud: Values,
    pub(crate) created: Timestamp,
    pub(crate) last_sync: Option<Timestamp>,
    pub(crate) deleted: Option<Timestamp>,
    /// Number of the latest change.
    pub(crate) seq: i64,
}

impl Object {
    /// A live object without values.
    pub(crate) fn new(object_id: Uuid, kind: Kind, created: Timestamp) -> Object {
        Object {
            id: 0,
            object_id,
            kind,
            state: State::Live,
            anchor: None,
            synced: None,
            role: None,
            body: Values::new(),
            overrides: Values::new(),
            cloud: Values::new(),
            created,
            last_sync: None,
            deleted: None,
            seq: 0,
        }
    }

    /// `User_<id>` and the like.
    pub(crate) fn cloud_anchor(&self) -> String {
        format!("{}_{}", self.kind.anchor_prefix(), self.object_id)
    }

    /// The value the tenant uses for an attribute.
    pub(crate) fn effective(&self, name: &str) -> Option<&Value> {
        match self.overrides.get(name) {
            Some(Value::Null) => None,
            Some(value) => Some(value),
            None => self.body.get(name),
        }
    }

    /// The text the tenant uses for an attribute.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.effective(name).and_then(Value::as_str)
    }

    /// The texts the tenant uses for a multi-valued attribute.
    pub(crate) fn texts(&self, name: &str) -> Vec<&str> {
        texts(self.effective(name))
    }

    /// Uses `value` for an attribute, whatever was written.
    pub(crate) fn set_effective(&mut self, name: &str, value: Option<Value>) {
        if self.body.get(name) == value.as_ref() {
            self.overrides.remove(name);
        } else {
            self.overrides.insert(name.to_owned(), value.unwrap_or(Value::Null));
        }
    }

    /// Whether on-premises is the source of authority.
    pub(crate) fn is_synced(&self) -> bool {
        self.synced == Some(true)
    }
}

/// The texts of a list.
pub(crate) fn texts(value: Option<&Value>) -> Vec<&str> {
    value.and_then(Value::as_array).map(|items| items.iter().filter_map(Value::as_str).collect()).unwrap_or_default()
}

const COLUMNS: &str = "id, object_id, kind, state, anchor, synced, role, body, overrides, cloud, \
                       created, last_sync, deleted, seq";

fn read(row: &Row<'_>) -> rusqlite::Result<Result<Object, SandboxError>> {
    let object_id: String = row.get(1)?;
    let kind: i64 = row.get(2)?;
    let body: String = row.get(7)?;
    let overrides: String = row.get(8)?;
    let cloud: String = row.get(9)?;
    let created: String = row.get(10)?;
    let last_sync: Option<String> = row.get(11)?;
    let deleted: Option<String> = row.get(12)?;
    let id = row.get(0)?;
    let state = State::from_number(row.get(3)?);
    let anchor = row.get(4)?;
    let synced = row.get(5)?;
    let role = row.get(6)?;
    let seq = row.get(13)?;
    Ok((|| {
        Ok(Object {
            id,
            object_id: object_id.parse().map_err(|error| damaged("object id", error))?,
            kind: Kind::from_number(kind).ok_or_else(|| SandboxError::Damaged(format!("object class {kind}")))?,
            state,
            anchor,
            synced,
            role,
            body: parse(&body)?,
            overrides: parse(&overrides)?,
            cloud: parse(&cloud)?,
            created: time(&created)?,
            last_sync: last_sync.as_deref().map(time).transpose()?,
            deleted: deleted.as_deref().map(time).transpose()?,
            seq,
        })
    })())
}

fn damaged(what: &str, error: impl std::fmt::Display) -> SandboxError {
    SandboxError::Damaged(format!("{what}: {error}"))
}

fn parse(text: &str) -> Result<Values, SandboxError> {
    serde_json::from_str(text).map_err(|error| damaged("object values", error))
}

/// Reads a stored time.
pub(crate) fn time(text: &str) -> Result<Timestamp, SandboxError> {
    text.parse().map_err(|error| damaged("time", error))
}

fn write(values: &Values) -> Result<String, SandboxError> {
    serde_json::to_string(values).map_err(|error| damaged("object values", error))
}

/// Finds one object by a condition on the table's columns.
fn find(db: &Connection, condition: &str, parameter: &dyn rusqlite::ToSql) -> Result<Option<Object>, SandboxError> {
    db.prepare_cached(&format!("SELECT {COLUMNS} FROM objects WHERE {condition} LIMIT 1"))?
        .query_row([parameter], read)
        .optional()?
        .transpose()
}

/// The object of a row number.
pub(crate) fn by_row(db: &Connection, id: i64) -> Result<Option<Object>, SandboxError> {
    find(db, "id = ?1", &id)
}

/// The live or soft-deleted object with the source anchor.
pub(crate) fn by_anchor(db: &Connection, anchor: &str) -> Result<Option<Object>, SandboxError> {
    find(db, "anchor = ?1 AND state < 2", &anchor)
}

/// The latest object with the source anchor that is gone for good.
pub(crate) fn gone_by_anchor(db: &Connection, anchor: &str) -> Result<Option<Object>, SandboxError> {
    find(db, "anchor = ?1 AND state = 2 ORDER BY id DESC", &anchor)
}

/// The object of an object id, in any state.
pub(crate) fn by_object_id(db: &Connection, object_id: &str) -> Result<Option<Object>, SandboxError> {
    find(db, "object_id = ?1", &object_id.to_ascii_lowercase())
}

/// The object of a cloud anchor, in any state.
pub(crate) fn by_cloud_anchor(db: &Connection, anchor: &str) -> Result<Option<Object>, SandboxError> {
    let Some((prefix, object_id)) = anchor.split_once('_') else {
        return Ok(None);
    };
    let object = by_object_id(db, object_id)?;
    Ok(object.filter(|object| object.kind.anchor_prefix().eq_ignore_ascii_case(prefix)))
}

/// Row number of the live object a reference names: a source anchor or a cloud anchor.
pub(crate) fn resolve_reference(db: &Connection, text: &str) -> Result<Option<i64>, SandboxError> {
    // `state < 2` repeats the condition of the index on anchors, without which SQLite would not use it.
    let by_anchor: Option<i64> = db
        .prepare_cached("SELECT id FROM objects WHERE anchor = ?1 AND state < 2 AND state = 0")?
        .query_row([text], |row| row.get(0))
        .optional()?;
    if by_anchor.is_some() {
        return Ok(by_anchor);
    }
    let object = by_cloud_anchor(db, text)?;
    Ok(object.filter(|object| object.state == State::Live).map(|object| object.id))
}

/// Writes the object; a new one gets its row number.
pub(crate) fn save(db: &Connection, object: &mut Object) -> Result<(), SandboxError> {
    let row = params![
        object.object_id.to_string(),
        object.kind.number(),
        object.state.number(),
        object.anchor,
        object.synced,
        object.role,
        object.text("displayName"),
        write(&object.body)?,
        write(&object.overrides)?,
        write(&object.cloud)?,
        object.created.to_string(),
        object.last_sync.map(|time| time.to_string()),
        object.deleted.map(|time| time.to_string()),
        object.seq,
    ];
    if object.id == 0 {
        db.prepare_cached(
            "INSERT INTO objects (object_id, kind, state, anchor, synced, role, display_name, body, \
             overrides, cloud, created, last_sync, deleted, seq) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
        )?
        .execute(row)?;
        object.id = db.last_insert_rowid();
    } else {
        // The object id never changes, so it finds the row.
        db.prepare_cached(
            "UPDATE objects SET kind = ?2, state = ?3, anchor = ?4, synced = ?5, role = ?6, \
             display_name = ?7, body = ?8, overrides = ?9, cloud = ?10, created = ?11, \
             last_sync = ?12, deleted = ?13, seq = ?14 WHERE object_id = ?1",
        )?
        .execute(row)?;
    }
    Ok(())
}

/// One page of objects by a condition with two numbers, for instance a class and the last row seen.
pub(crate) fn page(db: &Connection, condition: &str, first: i64, second: i64, limit: usize) -> Result<Vec<Object>, SandboxError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut statement = db.prepare_cached(&format!("SELECT {COLUMNS} FROM objects WHERE {condition} LIMIT ?3"))?;
    let mut found = Vec::new();
    for object in statement.query_map(params![first, second, limit], read)? {
        found.push(object??);
    }
    Ok(found)
}

/// Live objects of a class after a row number.
pub(crate) fn live_page(db: &Connection, kind: Kind, after: i64, limit: usize) -> Result<Vec<Object>, SandboxError> {
    page(db, "kind = ?1 AND state = 0 AND id > ?2 ORDER BY id", kind.number(), after, limit)
}

/// Number of live objects of a class.
pub(crate) fn count_live(db: &Connection, kind: Kind) -> Result<i64, SandboxError> {
    let count = db
        .prepare_cached("SELECT count(*) FROM objects WHERE kind = ?1 AND state = 0")?
        .query_row([kind.number()], |row| row.get(0))?;
    Ok(count)
}
