//! The log of committed writes; its numbers order everything delta readers see.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};
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

    fn from_name(name: &str) -> Option<Action> {
        [Action::Created, Action::Updated, Action::SoftDeleted, Action::Restored, Action::Deleted, Action::ReferenceChanged]
            .into_iter()
            .find(|action| action.name() == name)
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

impl Details {
    /// What differs between two states of an object.
    pub(crate) fn between(before: &Object, after: &Object) -> Details {
        let mut properties = std::collections::BTreeSet::new();
        let names = before.body.keys().chain(before.overrides.keys()).chain(after.body.keys()).chain(after.overrides.keys());
        for name in names {
            if before.effective(name) != after.effective(name) {
                properties.insert(name.as_str());
            }
        }
        for name in before.cloud.keys().chain(after.cloud.keys()) {
            if before.cloud.get(name) != after.cloud.get(name) {
                properties.insert(name);
            }
        }
        for (name, changed) in [
            ("onPremisesImmutableId", before.anchor != after.anchor),
            ("onPremisesSyncEnabled", before.synced != after.synced),
            ("onPremisesLastSyncDateTime", before.last_sync != after.last_sync),
        ] {
            if changed {
                properties.insert(name);
            }
        }
        Details { properties: properties.into_iter().map(str::to_owned).collect(), links: Vec::new() }
    }

    /// The same with changed references.
    pub(crate) fn with_links(mut self, links: Vec<LinkDelta>) -> Details {
        self.links = links;
        self
    }
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

/// How the target of references changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TargetChange {
    /// It came to life.
    Came,
    /// It is not live any more.
    Went,
    /// It reads differently on the sync channel.
    Renamed,
}

/// Marks every live object that refers to `target` as changed, because the reference reads differently now.
pub(crate) fn touch_referrers(db: &Connection, target: i64, change: TargetChange, at: Timestamp) -> Result<(), SandboxError> {
    let found: Vec<(i64, String)> = db
        .prepare_cached(
            "SELECT links.source, links.attribute FROM links JOIN objects ON objects.id = links.source \
             WHERE links.target = ?1 AND links.source <> ?1 AND objects.state = 0 ORDER BY links.source, links.attribute",
        )?
        .query_map([target], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    let mut referrers: std::collections::BTreeMap<i64, Details> = std::collections::BTreeMap::new();
    for (referrer, attribute) in found {
        let details = referrers.entry(referrer).or_default();
        match change {
            TargetChange::Renamed => {}
            TargetChange::Came => details.links.push(LinkDelta { attribute, target, added: true }),
            TargetChange::Went => details.links.push(LinkDelta { attribute, target, added: false }),
        }
    }
    for (referrer, details) in referrers {
        let seq = append_row(db, referrer, Action::ReferenceChanged, at, &details)?;
        db.prepare_cached("UPDATE objects SET seq = ?2 WHERE id = ?1")?.execute(params![referrer, seq])?;
    }
    Ok(())
}

/// What happened to one object after a change, oldest first.
pub(crate) fn of_object(db: &Connection, object: i64, after: i64, until: i64) -> Result<Vec<(Action, Details)>, SandboxError> {
    let mut statement = db.prepare_cached(
        "SELECT action, properties, links FROM changes WHERE object = ?1 AND seq > ?2 AND seq <= ?3 ORDER BY seq",
    )?;
    let rows = statement.query_map(params![object, after, until], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?))
    })?;
    let mut found = Vec::new();
    for row in rows {
        let (action, properties, links) = row?;
        let damaged = || SandboxError::Damaged(format!("change '{action}' of row {object}"));
        let links: Vec<(String, i64, bool)> = match serde_json::from_str(&links) {
            Ok(links) => links,
            Err(_) => return Err(damaged()),
        };
        let details = Details {
            properties: properties.split_whitespace().map(str::to_owned).collect(),
            links: links.into_iter().map(|(attribute, target, added)| LinkDelta { attribute, target, added }).collect(),
        };
        found.push((Action::from_name(&action).ok_or_else(damaged)?, details));
    }
    Ok(found)
}

/// Number of the latest change that was made until a time.
pub(crate) fn latest_until(db: &Connection, time: Timestamp) -> Result<i64, SandboxError> {
    let seq = db
        .prepare_cached("SELECT seq FROM changes WHERE at <= ?1 ORDER BY seq DESC LIMIT 1")?
        .query_row([time.to_string()], |row| row.get(0))
        .optional()?;
    Ok(seq.unwrap_or(0))
}

/// Number of the latest change of the tenant.
pub(crate) fn latest(db: &Connection) -> Result<i64, SandboxError> {
    let seq = db.prepare_cached("SELECT coalesce(max(seq), 0) FROM changes")?.query_row([], |row| row.get(0))?;
    Ok(seq)
}
