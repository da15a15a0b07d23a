//! The log of committed writes; its numbers order everything delta readers see.

use jiff::Timestamp;
use rusqlite::{Connection, params};
use serde_json::{Value, json};

use super::objects::Object;
use crate::SandboxError;

/// What happened to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    Created,
    Updated,
    SoftDeleted,
    Restored,
    Deleted,
    /// An object it refers to came, went or got another name.
    ReferenceChanged,
}

impl Action {
    fn name(self) -> &'static str {
        match self {
            Action::Created => "created",
            Action::Updated => "updated",
            Action::SoftDeleted => "softDeleted",
            Action::Restored => "restored",
            Action::Deleted => "deleted",
            Action::ReferenceChanged => "referenceChanged",
        }
    }
}

/// One added or removed reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LinkDelta {
    pub(crate) attribute: String,
    pub(crate) target: i64,
    pub(crate) added: bool,
}

/// Details of one write.
#[derive(Debug, Clone, Default)]
pub(crate) struct Details {
    pub(crate) properties: Vec<String>,
    pub(crate) links: Vec<LinkDelta>,
}

/// Appends a change of a saved object and numbers the object with it.
pub(crate) fn append(
    db: &Connection,
    object: &mut Object,
    action: Action,
    at: Timestamp,
    details: &Details,
) -> Result<(), SandboxError> {
    object.seq = append_row(db, object.id, action, at, details)?;
    db.prepare_cached("UPDATE objects SET seq = ?2 WHERE id = ?1")?.execute(params![object.id, object.seq])?;
    Ok(())
}

fn append_row(db: &Connection, object: i64, action: Action, at: Timestamp, details: &Details) -> Result<i64, SandboxError> {
    let links: Vec<Value> = details.links.iter().map(|link| json!([link.attribute, link.target, link.added])).collect();
    db.prepare_cached("INSERT INTO changes (object, action, at, properties, links) VALUES (?1, ?2, ?3, ?4, ?5)")?.execute(
        params![object, action.name(), at.to_string(), details.properties.join(" "), Value::Array(links).to_string(),],
    )?;
    Ok(db.last_insert_rowid())
}

/// Marks every live object that refers to `target` as changed, because the reference reads differently now.
pub(crate) fn touch_referrers(db: &Connection, target: i64, at: Timestamp) -> Result<(), SandboxError> {
    let referrers: Vec<i64> = db
        .prepare_cached(
            "SELECT DISTINCT links.source FROM links JOIN objects ON objects.id = links.source \
             WHERE links.target = ?1 AND links.source <> ?1 AND objects.state = 0 ORDER BY links.source",
        )?
        .query_map([target], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for referrer in referrers {
        let seq = append_row(db, referrer, Action::ReferenceChanged, at, &Details::default())?;
        db.prepare_cached("UPDATE objects SET seq = ?2 WHERE id = ?1")?.execute(params![referrer, seq])?;
    }
    Ok(())
}

/// Number of the latest change of the tenant.
pub(crate) fn latest(db: &Connection) -> Result<i64, SandboxError> {
    let seq = db.prepare_cached("SELECT coalesce(max(seq), 0) FROM changes")?.query_row([], |row| row.get(0))?;
    Ok(seq)
}
