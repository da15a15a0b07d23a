//! References between objects, one row each.

use rusqlite::{Connection, params};

use super::objects::Object;
use crate::SandboxError;

/// Adds a reference; `false` if it was there already.
pub(crate) fn add(db: &Connection, source: i64, attribute: &str, target: i64) -> Result<bool, SandboxError> {
    let added = db
        .prepare_cached("INSERT OR IGNORE INTO links (source, attribute, target) VALUES (?1, ?2, ?3)")?
        .execute(params![source, attribute, target])?;
    Ok(added > 0)
}

/// Removes a reference; `false` if it was not there.
pub(crate) fn remove(db: &Connection, source: i64, attribute: &str, target: i64) -> Result<bool, SandboxError> {
    let removed = db
        .prepare_cached("DELETE FROM links WHERE source = ?1 AND attribute = ?2 AND target = ?3")?
        .execute(params![source, attribute, target])?;
    Ok(removed > 0)
}

/// Row numbers an attribute points at, also those of soft-deleted objects.
pub(crate) fn targets(db: &Connection, source: i64, attribute: &str) -> Result<Vec<i64>, SandboxError> {
    let mut statement = db.prepare_cached("SELECT target FROM links WHERE source = ?1 AND attribute = ?2 ORDER BY target")?;
    let rows = statement.query_map(params![source, attribute], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Names of the reference attributes that have values.
pub(crate) fn attributes(db: &Connection, source: i64) -> Result<Vec<String>, SandboxError> {
    let mut statement = db.prepare_cached("SELECT DISTINCT attribute FROM links WHERE source = ?1 ORDER BY attribute")?;
    let rows = statement.query_map([source], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Attribute and row number of every target.
pub(crate) fn of_source(db: &Connection, source: i64) -> Result<Vec<(String, i64)>, SandboxError> {
    let mut statement = db.prepare_cached("SELECT attribute, target FROM links WHERE source = ?1 ORDER BY attribute, target")?;
    let rows = statement.query_map([source], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Attribute and name of each live target: its source anchor, or its cloud anchor where it has none.
pub(crate) fn named_targets(db: &Connection, source: i64) -> Result<Vec<(String, String)>, SandboxError> {
    let mut statement = db.prepare_cached(
        "SELECT links.attribute, objects.anchor, objects.kind, objects.object_id \
         FROM links JOIN objects ON objects.id = links.target \
         WHERE links.source = ?1 AND objects.state = 0 ORDER BY links.attribute, links.target",
    )?;
    let rows = statement.query_map([source], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, Option<String>>(1)?, row.get::<_, i64>(2)?, row.get::<_, String>(3)?))
    })?;
    let mut found = Vec::new();
    for row in rows {
        let (attribute, anchor, kind, object_id) = row?;
        let prefix = crate::schema::Kind::from_number(kind).map_or("Object", |kind| kind.anchor_prefix());
        found.push((attribute, anchor.unwrap_or_else(|| format!("{prefix}_{object_id}"))));
    }
    Ok(found)
}

/// Drops every reference from and to an object that is gone.
pub(crate) fn drop_all(db: &Connection, object: i64) -> Result<(), SandboxError> {
    db.prepare_cached("DELETE FROM links WHERE source = ?1 OR target = ?1")?.execute([object])?;
    Ok(())
}

/// Which way references are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Targets,
    Sources,
    /// Also those of what is found, and so on.
    AllTargets,
    /// See [`Way::AllTargets`].
    AllSources,
}

impl Way {
    /// The live rows that are found, as a statement without order: ?1 is the start, ?2 the attribute, ?3 the row after which.
    fn statement(self) -> String {
        let live = "SELECT objects.id FROM found JOIN objects ON objects.id = found.id \
                    WHERE objects.state = 0 AND objects.id > ?3";
        let (from, to) = match self {
            Way::Targets | Way::AllTargets => ("source", "target"),
            Way::Sources | Way::AllSources => ("target", "source"),
        };
        let first = format!("SELECT {to} AS id FROM links WHERE {from} = ?1 AND attribute = ?2");
        match self {
            Way::Targets | Way::Sources => format!("WITH found (id) AS ({first} AND {to} > ?3) {live}"),
            Way::AllTargets | Way::AllSources => format!(
                "WITH RECURSIVE found (id) AS ({first} UNION SELECT links.{to} FROM links JOIN found \
                 ON links.{from} = found.id WHERE links.attribute = ?2) {live} AND objects.id <> ?1"
            ),
        }
    }
}

/// Live objects an attribute leads to, after a row number.
pub(crate) fn related(
    db: &Connection,
    start: i64,
    attribute: &str,
    way: Way,
    after: i64,
    limit: usize,
) -> Result<Vec<Object>, SandboxError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let ids: Vec<i64> = db
        .prepare_cached(&format!("{} ORDER BY objects.id LIMIT ?4", way.statement()))?
        .query_map(params![start, attribute, after, limit], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let mut found = Vec::with_capacity(ids.len());
    for id in ids {
        found.extend(super::objects::by_row(db, id)?);
    }
    Ok(found)
}

/// Number of live objects an attribute leads to.
pub(crate) fn count_related(db: &Connection, start: i64, attribute: &str, way: Way) -> Result<i64, SandboxError> {
    let count = db
        .prepare_cached(&format!("SELECT count(*) FROM ({})", way.statement()))?
        .query_row(params![start, attribute, 0], |row| row.get(0))?;
    Ok(count)
}

/// Row, class number and object id of live targets of an attribute, after a row number.
pub(crate) fn target_ids(
    db: &Connection,
    source: i64,
    attribute: &str,
    after: i64,
    limit: usize,
) -> Result<Vec<(i64, i64, String)>, SandboxError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut statement = db.prepare_cached(
        "SELECT objects.id, objects.kind, objects.object_id FROM links JOIN objects ON objects.id = links.target \
         WHERE links.source = ?1 AND links.attribute = ?2 AND links.target > ?3 AND objects.state = 0 \
         ORDER BY links.target LIMIT ?4",
    )?;
    let rows =
        statement.query_map(params![source, attribute, after, limit], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
