//! Pages of the run history.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rusqlite::types::{ToSql, Value as SqlValue};
use rusqlite::{Connection, OptionalExtension as _, params_from_iter};

use crate::model::{ConnectorId, RunId};
use crate::store::StoreError;
use crate::store::runs::{RunObjectRecord, RunRecord};
use crate::store::sql::{from_stored, guid, integers, json, texts, to_stored};

/// Which runs are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunCriterion<'a> {
    /// Only of this connector.
    pub connector: Option<ConnectorId>,
    /// Only of this profile, without regard to case.
    pub profile: Option<&'a str>,
    /// Only with one of these statuses.
    pub statuses: Option<&'a [String]>,
    /// Only runs that began at this moment or later.
    pub since: Option<Timestamp>,
    /// Only runs whose connector, profile, status, user or number contain this text, without regard to case.
    pub text: &'a str,
    /// In the order in which they began; newest first otherwise.
    pub oldest_first: bool,
    /// Only these runs.
    pub ids: Option<&'a [RunId]>,
}

impl RunCriterion<'_> {
    fn parts(&self) -> (String, Vec<Box<dyn ToSql>>) {
        let mut conditions: Vec<&str> = Vec::new();
        let mut parameters: Vec<Box<dyn ToSql>> = Vec::new();
        if let Some(connector) = self.connector {
            conditions.push("connector = ?");
            parameters.push(Box::new(connector.0));
        }
        if let Some(profile) = self.profile {
            conditions.push("profile = ? COLLATE NOCASE");
            parameters.push(Box::new(profile.to_owned()));
        }
        if let Some(statuses) = self.statuses {
            conditions.push("status IN rarray(?)");
            parameters.push(Box::new(texts(statuses.iter().map(String::as_str))));
        }
        if let Some(since) = self.since {
            conditions.push("started >= ?");
            parameters.push(Box::new(to_stored(since)));
        }
        let text = self.text.trim().to_lowercase();
        if !text.is_empty() {
            // The names of runs are short: the whole history is looked through in less than a tenth of a second.
            conditions.push("instr(lower(connector_name || char(10) || profile || char(10) || status || char(10) || user || char(10) || id), ?) > 0");
            parameters.push(Box::new(text));
        }
        if let Some(ids) = self.ids {
            conditions.push("id IN rarray(?)");
            parameters.push(Box::new(integers(ids.iter().map(|id| id.0))));
        }
        (if conditions.is_empty() { "1".to_owned() } else { conditions.join(" AND ") }, parameters)
    }
}

/// A page of runs.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn page(
    connection: &Connection,
    criterion: &RunCriterion<'_>,
    offset: u64,
    limit: u64,
) -> Result<Vec<RunRecord>, StoreError> {
    let failed = StoreError::sqlite("reading the run history");
    let (condition, mut parameters) = criterion.parts();
    parameters.push(Box::new(i64::try_from(limit).unwrap_or(i64::MAX)));
    parameters.push(Box::new(i64::try_from(offset).unwrap_or(i64::MAX)));
    let order = if criterion.oldest_first { "ASC" } else { "DESC" };
    let mut statement = connection
        .prepare_cached(&format!(
            "SELECT id, connector, connector_name, profile, user, status, started, ended, steps FROM run
             WHERE {condition} ORDER BY id {order} LIMIT ? OFFSET ?"
        ))
        .map_err(&failed)?;
    let rows = statement
        .query_map(params_from_iter(parameters), |row| {
            Ok(RunRecord {
                id: RunId(row.get(0)?),
                connector: ConnectorId(row.get(1)?),
                connector_name: row.get(2)?,
                profile: row.get(3)?,
                user: row.get(4)?,
                status: row.get(5)?,
                started: from_stored(row.get(6)?),
                ended: row.get::<_, Option<i64>>(7)?.map(from_stored),
                steps: row.get(8)?,
            })
        })
        .map_err(&failed)?;
    rows.collect::<Result<_, _>>().map_err(&failed)
}

/// Number of runs.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn count(connection: &Connection, criterion: &RunCriterion<'_>) -> Result<u64, StoreError> {
    let (condition, parameters) = criterion.parts();
    connection
        .prepare_cached(&format!("SELECT count(*) FROM run WHERE {condition}"))
        .and_then(|mut statement| statement.query_row(params_from_iter(parameters), |row| row.get::<_, i64>(0)))
        .map(i64::unsigned_abs)
        .map_err(StoreError::sqlite("counting runs"))
}

/// The statuses that runs have.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn statuses(connection: &Connection) -> Result<Vec<String>, StoreError> {
    let failed = StoreError::sqlite("reading the run history");
    let mut statement = connection.prepare_cached("SELECT DISTINCT status FROM run ORDER BY status").map_err(&failed)?;
    let rows = statement.query_map([], |row| row.get(0)).map_err(&failed)?;
    rows.collect::<Result<_, _>>().map_err(&failed)
}

/// What the steps of a run counted together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunTotals {
    /// Number of the last step that began.
    pub step: u32,
    /// Engine counters, summed over the steps.
    pub counters: BTreeMap<String, u64>,
    /// Number of errors of objects.
    pub errors: u64,
}

/// What the steps of some runs counted.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn totals(connection: &Connection, runs: &[RunId]) -> Result<BTreeMap<RunId, RunTotals>, StoreError> {
    let failed = StoreError::sqlite("reading the run history");
    let list = integers(runs.iter().map(|id| id.0));
    let mut totals: BTreeMap<RunId, RunTotals> = BTreeMap::new();
    let mut statement = connection
        .prepare_cached("SELECT run, number, counters FROM run_step WHERE run IN rarray(?1) ORDER BY run, number")
        .map_err(&failed)?;
    let mut rows = statement.query([&list]).map_err(&failed)?;
    while let Some(row) = rows.next().map_err(&failed)? {
        let counters: BTreeMap<String, u64> = json("counters", &row.get::<_, String>(2).map_err(&failed)?)?;
        let total = totals.entry(RunId(row.get(0).map_err(&failed)?)).or_default();
        total.step = row.get(1).map_err(&failed)?;
        for (name, value) in counters {
            let sum = total.counters.entry(name).or_default();
            *sum = sum.saturating_add(value);
        }
    }
    drop(rows);
    let mut statement =
        connection.prepare_cached("SELECT run, count(*) FROM run_error WHERE run IN rarray(?1) GROUP BY run").map_err(&failed)?;
    let mut rows = statement.query([&list]).map_err(&failed)?;
    while let Some(row) = rows.next().map_err(&failed)? {
        let total = totals.entry(RunId(row.get(0).map_err(&failed)?)).or_default();
        total.errors = row.get::<_, i64>(1).map_err(&failed)?.unsigned_abs();
    }
    Ok(totals)
}

/// The most recent run of each connector.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn last_runs(connection: &Connection, connectors: &[ConnectorId]) -> Result<Vec<RunId>, StoreError> {
    let failed = StoreError::sqlite("reading the run history");
    let mut statement = connection.prepare_cached("SELECT max(id) FROM run WHERE connector = ?1").map_err(&failed)?;
    let mut runs = Vec::new();
    for connector in connectors {
        let id: Option<i64> = statement.query_row([connector.0], |row| row.get(0)).map_err(&failed)?;
        runs.extend(id.map(RunId));
    }
    Ok(runs)
}

/// Runs without an end, newest first.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn unfinished(connection: &Connection) -> Result<Vec<RunId>, StoreError> {
    let failed = StoreError::sqlite("reading the run history");
    let mut statement = connection.prepare_cached("SELECT id FROM run WHERE ended IS NULL ORDER BY id DESC").map_err(&failed)?;
    let rows = statement.query_map([], |row| row.get(0).map(RunId)).map_err(&failed)?;
    rows.collect::<Result<_, _>>().map_err(&failed)
}

/// An object behind a counter and its display name now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunObjectRow {
    /// The object at that time.
    pub record: RunObjectRecord,
    /// Its place behind the counter.
    pub number: u64,
    /// Its display name now; empty when it is gone.
    pub display_name: String,
}

/// Objects behind counters of a step by counter, then in the order in which they were counted, and how
/// many there are in all.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn objects(
    connection: &Connection,
    run: RunId,
    step: u32,
    counters: &[String],
    offset: u64,
    limit: u64,
) -> Result<(Vec<RunObjectRow>, u64), StoreError> {
    let failed = StoreError::sqlite("reading the run history");
    let list = texts(counters.iter().map(String::as_str));
    let total = connection
        .prepare_cached("SELECT count(*) FROM run_object WHERE run = ?1 AND step = ?2 AND counter IN rarray(?3)")
        .and_then(|mut statement| statement.query_row((run.0, step, &list), |row| row.get::<_, i64>(0)))
        .map_err(&failed)?
        .unsigned_abs();
    let mut statement = connection
        .prepare_cached(
            "SELECT r.counter, r.object, r.dn, r.object_type, coalesce(o.display_name, ''), r.place
             FROM (SELECT number AS place, counter, object, dn, object_type FROM run_object
                   WHERE run = ?1 AND step = ?2 AND counter IN rarray(?3)
                   ORDER BY counter, number LIMIT ?4 OFFSET ?5) AS r
             LEFT JOIN cs_object AS o ON o.guid = r.object
             ORDER BY r.counter, r.place",
        )
        .map_err(&failed)?;
    let whole = |number: u64| SqlValue::Integer(i64::try_from(number).unwrap_or(i64::MAX));
    let mut rows = statement.query((run.0, step, &list, whole(limit), whole(offset))).map_err(&failed)?;
    let mut objects = Vec::new();
    while let Some(row) = rows.next().map_err(&failed)? {
        objects.push(RunObjectRow {
            record: RunObjectRecord {
                counter: row.get(0).map_err(&failed)?,
                object: guid(&row.get::<_, Vec<u8>>(1).map_err(&failed)?)?,
                dn: row.get(2).map_err(&failed)?,
                object_type: row.get(3).map_err(&failed)?,
            },
            display_name: row.get(4).map_err(&failed)?,
            number: row.get::<_, i64>(5).map_err(&failed)?.unsigned_abs(),
        });
    }
    Ok((objects, total))
}

/// An object behind a counter as it stands now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ObjectNow {
    /// Import last changed it at.
    pub import_changed: Option<Timestamp>,
    /// Synchronization last staged an export at.
    pub export_changed: Option<Timestamp>,
    /// The metaverse object that it is joined to was last changed at.
    pub identity_changed: Option<Timestamp>,
}

/// Objects behind counters of a step as they stand now, by counter and place; those that are gone are absent.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn objects_now(
    connection: &Connection,
    run: RunId,
    step: u32,
    places: &[(String, u64)],
) -> Result<BTreeMap<(String, u64), ObjectNow>, StoreError> {
    let failed = StoreError::sqlite("reading the run history");
    let mut statement = connection
        .prepare_cached(
            "SELECT o.import_changed, o.export_changed, m.changed
             FROM run_object AS r JOIN cs_object AS o ON o.guid = r.object LEFT JOIN mv_object AS m ON m.id = o.mv
             WHERE r.run = ?1 AND r.step = ?2 AND r.counter = ?3 AND r.number = ?4",
        )
        .map_err(&failed)?;
    let mut found = BTreeMap::new();
    for (counter, number) in places {
        let place = i64::try_from(*number).unwrap_or(i64::MAX);
        let time = |row: &rusqlite::Row<'_>, column| row.get::<_, Option<i64>>(column).map(|time| time.map(from_stored));
        let now = statement
            .query_row((run.0, step, counter, place), |row| {
                let (import_changed, export_changed) = (time(row, 0)?, time(row, 1)?);
                Ok(ObjectNow { import_changed, export_changed, identity_changed: time(row, 2)? })
            })
            .optional()
            .map_err(&failed)?;
        found.extend(now.map(|now| ((counter.clone(), *number), now)));
    }
    Ok(found)
}
