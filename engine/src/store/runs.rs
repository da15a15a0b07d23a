//! Run history: runs, steps, the objects behind counters, errors.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use jiff::Timestamp;
use rusqlite::{Connection, Transaction};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::StoreError;
use super::run_changes::{self, RunChange};
use super::sql::{from_stored, guid, json, to_json, to_stored};
use crate::model::{ConnectorId, ObjectError, RunId};

/// A run as stored.
#[derive(Clone, Debug, PartialEq)]
pub struct RunRecord {
    /// Run number.
    pub id: RunId,
    /// Connector.
    pub connector: ConnectorId,
    /// Connector name at the time.
    pub connector_name: String,
    /// Run profile name at the time.
    pub profile: String,
    /// Who started it.
    pub user: String,
    /// Status string.
    pub status: String,
    /// Start.
    pub started: Timestamp,
    /// End.
    pub ended: Option<Timestamp>,
    /// Number of steps of the profile.
    pub steps: u32,
}

/// A connection made by a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionRecord {
    /// Server or file.
    pub server: String,
    /// `connection-result` string.
    pub status: String,
    /// When.
    pub date: Timestamp,
    /// What the server said, or what to do.
    pub detail: String,
}

/// A step of a run as stored.
#[derive(Clone, Debug, PartialEq)]
pub struct StepRecord {
    /// Run.
    pub run: RunId,
    /// Number, from 1.
    pub number: u32,
    /// Type as shown.
    pub step_type: String,
    /// Partition, by name.
    pub partition: String,
    /// Status string.
    pub status: String,
    /// Sentence that explains a failure.
    pub message: String,
    /// Start.
    pub started: Timestamp,
    /// End.
    pub ended: Option<Timestamp>,
    /// Engine counters (`engine.md` 6.4); outbound ones are prefixed by the target connector's number
    /// and a colon.
    pub counters: BTreeMap<String, u64>,
    /// Connections made.
    pub connections: Vec<ConnectionRecord>,
    /// Things an administrator should know.
    pub warnings: Vec<String>,
}

/// An object behind a counter, as it was at that time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunObjectRecord {
    /// Engine counter.
    pub counter: String,
    /// The object.
    pub object: Uuid,
    /// Its DN.
    pub dn: String,
    /// Its type.
    pub object_type: String,
}

/// An object to be recorded, and what the step did to it, when that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CountedObject {
    /// The object.
    pub record: RunObjectRecord,
    /// What became of it.
    pub change: Option<Box<RunChange>>,
}

/// An error of one object in a step.
#[derive(Clone, Debug, PartialEq)]
pub struct RunErrorRecord {
    /// The object, when it is known.
    pub object: Option<Uuid>,
    /// Its DN, or what is known of it.
    pub dn: String,
    /// Code, message and details.
    pub error: ObjectError,
    /// First occurrence.
    pub first_occurred: Timestamp,
    /// Times it was tried again.
    pub retry_count: u32,
}

/// How the name of a metaverse object begins where the history names objects.
const METAVERSE: &str = "metaverse object ";

/// What the history calls a metaverse object.
#[must_use]
pub fn metaverse_name(guid: Uuid) -> String {
    format!("{METAVERSE}{guid}")
}

/// The metaverse object behind a name of the history, if it is one.
#[must_use]
pub fn metaverse_of(name: &str) -> Option<Uuid> {
    Uuid::parse_str(name.strip_prefix(METAVERSE)?).ok()
}

/// Inserts a run and gives it its number.
///
/// # Errors
/// [`StoreError`] when the database cannot be written.
pub fn insert_run(transaction: &Transaction<'_>, run: &RunRecord) -> Result<RunId, StoreError> {
    transaction
        .execute(
            "INSERT INTO run (connector, connector_name, profile, user, status, started, steps) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            (run.connector.0, &run.connector_name, &run.profile, &run.user, &run.status, to_stored(run.started), run.steps),
        )
        .map_err(StoreError::sqlite("writing the run history"))?;
    Ok(RunId(transaction.last_insert_rowid()))
}

/// Writes status and end of a run.
///
/// # Errors
/// [`StoreError`] when the database cannot be written.
pub fn finish_run(transaction: &Transaction<'_>, id: RunId, status: &str, ended: Option<Timestamp>) -> Result<(), StoreError> {
    transaction
        .execute("UPDATE run SET status = ?2, ended = ?3 WHERE id = ?1", (id.0, status, ended.map(to_stored)))
        .map(|_| ())
        .map_err(StoreError::sqlite("writing the run history"))
}

/// Writes a step, new or changed.
///
/// # Errors
/// [`StoreError`] when the database cannot be written.
pub fn save_step(transaction: &Transaction<'_>, step: &StepRecord) -> Result<(), StoreError> {
    transaction
        .prepare_cached(
            "INSERT INTO run_step (run, number, step_type, partition, status, message, started, ended, counters, connections, warnings)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
             ON CONFLICT (run, number) DO UPDATE SET status = excluded.status, message = excluded.message, ended = excluded.ended,
                counters = excluded.counters, connections = excluded.connections, warnings = excluded.warnings",
        )
        .and_then(|mut statement| {
            statement.execute(rusqlite::params![
                step.run.0,
                step.number,
                step.step_type,
                step.partition,
                step.status,
                step.message,
                to_stored(step.started),
                step.ended.map(to_stored),
                to_json("counters", &step.counters).unwrap_or_default(),
                to_json("connections", &step.connections).unwrap_or_default(),
                to_json("warnings", &step.warnings).unwrap_or_default(),
            ])
        })
        .map(|_| ())
        .map_err(StoreError::sqlite("writing the run history"))
}

/// Writes the counters of a step that goes on, so that they outlive a crash.
///
/// # Errors
/// [`StoreError`] when the database cannot be written.
pub fn save_counters(
    transaction: &Transaction<'_>,
    run: RunId,
    step: u32,
    counters: &BTreeMap<String, u64>,
) -> Result<(), StoreError> {
    transaction
        .prepare_cached("UPDATE run_step SET counters = ?3 WHERE run = ?1 AND number = ?2")
        .and_then(|mut statement| statement.execute((run.0, step, to_json("counters", counters).unwrap_or_default())))
        .map(|_| ())
        .map_err(StoreError::sqlite("writing the run history"))
}

/// Ends the runs and steps that an earlier process left unfinished; gives their numbers.
///
/// # Errors
/// [`StoreError`] when the database cannot be written.
pub fn close_unfinished(transaction: &Transaction<'_>, status: &str, now: Timestamp) -> Result<Vec<RunId>, StoreError> {
    let failed = StoreError::sqlite("closing unfinished runs");
    let mut statement =
        transaction.prepare_cached("SELECT id FROM run WHERE status = 'in-progress' ORDER BY id").map_err(&failed)?;
    let ids: Vec<RunId> = statement.query_map([], |row| row.get(0).map(RunId)).and_then(Iterator::collect).map_err(&failed)?;
    for sql in [
        "UPDATE run SET status = ?1, ended = ?2 WHERE status = 'in-progress'",
        "UPDATE run_step SET status = ?1, ended = ?2 WHERE status = 'in-progress'",
    ] {
        transaction.execute(sql, (status, to_stored(now))).map_err(&failed)?;
    }
    Ok(ids)
}

/// Runs that may be removed: those that ended before an instant, but never the last one of a connector's profile.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn ended_before(connection: &Connection, before: Timestamp) -> Result<Vec<RunId>, StoreError> {
    let failed = StoreError::sqlite("reading the run history");
    let mut statement = connection
        .prepare_cached(
            "SELECT id FROM run WHERE ended < ?1 AND id NOT IN (SELECT max(id) FROM run GROUP BY connector, profile COLLATE NOCASE)
             ORDER BY id",
        )
        .map_err(&failed)?;
    statement.query_map([to_stored(before)], |row| row.get(0).map(RunId)).and_then(Iterator::collect).map_err(&failed)
}

/// Removes runs from the history, at most so many rows at a time; true when they are gone. Call it again, in a
/// transaction of its own, until then.
///
/// # Errors
/// [`StoreError`] when the database cannot be written.
pub fn remove_some(transaction: &Transaction<'_>, runs: &[RunId], rows: usize) -> Result<bool, StoreError> {
    let failed = StoreError::sqlite("removing run history");
    let list = super::sql::integers(runs.iter().map(|id| id.0));
    let mut left = rows;
    for sql in [
        "DELETE FROM run_change WHERE (run, step, counter, number) IN
            (SELECT run, step, counter, number FROM run_change WHERE run IN rarray(?1) LIMIT ?2)",
        "DELETE FROM run_object WHERE (run, step, counter, number) IN
            (SELECT run, step, counter, number FROM run_object WHERE run IN rarray(?1) LIMIT ?2)",
        "DELETE FROM run_error WHERE rowid IN (SELECT rowid FROM run_error WHERE run IN rarray(?1) LIMIT ?2)",
        "DELETE FROM run WHERE id IN (SELECT id FROM run WHERE id IN rarray(?1) LIMIT ?2)",
    ] {
        let limit = i64::try_from(left).unwrap_or(i64::MAX);
        let removed =
            transaction.prepare_cached(sql).and_then(|mut statement| statement.execute((&list, limit))).map_err(&failed)?;
        left -= removed.min(left);
        if left == 0 {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Adds objects behind counters, and what is kept of what became of them.
///
/// # Errors
/// [`StoreError`] when the database cannot be written.
pub fn add_objects(
    transaction: &Transaction<'_>,
    run: RunId,
    step: u32,
    mut objects: Vec<CountedObject>,
) -> Result<(), StoreError> {
    let failed = StoreError::sqlite("writing the run history");
    let mut last = transaction
        .prepare_cached("SELECT coalesce(max(number), 0) FROM run_object WHERE run = ?1 AND step = ?2 AND counter = ?3")
        .map_err(&failed)?;
    let mut insert = transaction
        .prepare_cached(
            "INSERT INTO run_object (run, step, counter, number, object, dn, object_type) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )
        .map_err(&failed)?;
    let mut numbers: BTreeMap<&str, i64> = BTreeMap::new();
    let mut places = Vec::with_capacity(objects.len());
    for CountedObject { record: object, .. } in &objects {
        let number = match numbers.entry(&object.counter) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => {
                let known = last.query_row((run.0, step, &object.counter), |row| row.get(0)).map_err(&failed)?;
                unknown.insert(known)
            }
        };
        *number += 1;
        let guid = object.object.as_bytes().as_slice();
        insert.execute((run.0, step, &object.counter, *number, guid, &object.dn, &object.object_type)).map_err(&failed)?;
        places.push(*number);
    }
    let kept = objects.iter_mut().zip(places).filter_map(|(CountedObject { record, change }, number)| {
        change.take().map(|change| (record.counter.as_str(), number, *change))
    });
    run_changes::write(transaction, run, step, kept.collect())
}

/// Adds errors of objects.
///
/// # Errors
/// [`StoreError`] when the database cannot be written.
pub fn add_errors(transaction: &Transaction<'_>, run: RunId, step: u32, errors: &[RunErrorRecord]) -> Result<(), StoreError> {
    let failed = StoreError::sqlite("writing the run history");
    let mut statement = transaction
        .prepare_cached(
            "INSERT INTO run_error (run, step, object, dn, error, first_occurred, retry_count) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )
        .map_err(&failed)?;
    for error in errors {
        statement
            .execute((
                run.0,
                step,
                error.object.map(|object| object.as_bytes().to_vec()),
                &error.dn,
                to_json("an object error", &error.error)?,
                to_stored(error.first_occurred),
                error.retry_count,
            ))
            .map_err(&failed)?;
    }
    Ok(())
}

/// Which runs to read.
#[derive(Clone, Debug, Default)]
pub struct RunQuery {
    /// Only this run.
    pub id: Option<RunId>,
    /// Only this connector.
    pub connector: Option<ConnectorId>,
    /// Only this profile.
    pub profile: Option<String>,
}

/// Runs, newest first.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn runs(connection: &Connection, query: &RunQuery) -> Result<Vec<RunRecord>, StoreError> {
    let failed = StoreError::sqlite("reading the run history");
    let mut statement = connection
        .prepare_cached(
            "SELECT id, connector, connector_name, profile, user, status, started, ended, steps FROM run
             WHERE (?1 IS NULL OR id = ?1) AND (?2 IS NULL OR connector = ?2) AND (?3 IS NULL OR profile = ?3 COLLATE NOCASE)
             ORDER BY id DESC",
        )
        .map_err(&failed)?;
    let rows = statement
        .query_map((query.id.map(|id| id.0), query.connector.map(|id| id.0), &query.profile), |row| {
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

/// Steps of runs, by run, then number.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn steps(connection: &Connection, runs: &[RunId]) -> Result<Vec<StepRecord>, StoreError> {
    let failed = StoreError::sqlite("reading the run history");
    let mut statement = connection
        .prepare_cached(
            "SELECT run, number, step_type, partition, status, message, started, ended, counters, connections, warnings
             FROM run_step WHERE run IN rarray(?1) ORDER BY run, number",
        )
        .map_err(&failed)?;
    let list = super::sql::integers(runs.iter().map(|id| id.0));
    let mut rows = statement.query([&list]).map_err(&failed)?;
    let mut steps = Vec::new();
    while let Some(row) = rows.next().map_err(&failed)? {
        let text = |column: usize| row.get::<_, String>(column).map_err(&failed);
        steps.push(StepRecord {
            run: RunId(row.get(0).map_err(&failed)?),
            number: row.get(1).map_err(&failed)?,
            step_type: text(2)?,
            partition: text(3)?,
            status: text(4)?,
            message: text(5)?,
            started: from_stored(row.get(6).map_err(&failed)?),
            ended: row.get::<_, Option<i64>>(7).map_err(&failed)?.map(from_stored),
            counters: json("counters", &text(8)?)?,
            connections: json("connections", &text(9)?)?,
            warnings: json("warnings", &text(10)?)?,
        });
    }
    Ok(steps)
}

/// Errors of a step in order of occurrence, at most `limit`.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn errors(connection: &Connection, run: RunId, step: u32, limit: u32) -> Result<Vec<RunErrorRecord>, StoreError> {
    let failed = StoreError::sqlite("reading the run history");
    let mut statement = connection
        .prepare_cached(
            "SELECT object, dn, error, first_occurred, retry_count FROM run_error WHERE run = ?1 AND step = ?2 ORDER BY rowid LIMIT ?3",
        )
        .map_err(&failed)?;
    let mut rows = statement.query((run.0, step, limit)).map_err(&failed)?;
    let mut errors = Vec::new();
    while let Some(row) = rows.next().map_err(&failed)? {
        errors.push(RunErrorRecord {
            object: row.get::<_, Option<Vec<u8>>>(0).map_err(&failed)?.map(|bytes| guid(&bytes)).transpose()?,
            dn: row.get(1).map_err(&failed)?,
            error: json("an object error", &row.get::<_, String>(2).map_err(&failed)?)?,
            first_occurred: from_stored(row.get(3).map_err(&failed)?),
            retry_count: row.get(4).map_err(&failed)?,
        });
    }
    Ok(errors)
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::model::{AttributeId, ErrorCode, Value, Values};
    use crate::store::Database;

    /// Stores a run that ended so many days ago, or goes on, with an object and an error.
    fn run(transaction: &Transaction<'_>, connector: i64, profile: &str, days: Option<i64>) -> RunId {
        let ago = |days: i64| Timestamp::UNIX_EPOCH - SignedDuration::from_hours(24 * days);
        let record = RunRecord {
            id: RunId(0),
            connector: ConnectorId(connector),
            connector_name: "contoso.com".to_owned(),
            profile: profile.to_owned(),
            user: String::new(),
            status: if days.is_some() { "success" } else { "in-progress" }.to_owned(),
            started: ago(days.unwrap_or(30)),
            ended: None,
            steps: 1,
        };
        let id = insert_run(transaction, &record).unwrap();
        if let Some(days) = days {
            finish_run(transaction, id, "success", Some(ago(days))).unwrap();
        }
        let step = StepRecord {
            run: id,
            number: 1,
            step_type: "Export".to_owned(),
            partition: "default".to_owned(),
            status: "success".to_owned(),
            message: String::new(),
            started: record.started,
            ended: None,
            counters: BTreeMap::new(),
            connections: Vec::new(),
            warnings: Vec::new(),
        };
        save_step(transaction, &step).unwrap();
        let object = RunObjectRecord {
            counter: "export-add".to_owned(),
            object: Uuid::nil(),
            dn: "CN=a".to_owned(),
            object_type: "user".to_owned(),
        };
        let change = RunChange::deletion(&[(AttributeId(1), Values::from_elem(Value::text("a"), 1))].into_iter().collect());
        let kept = CountedObject { record: object.clone(), change: Some(Box::new(change)) };
        add_objects(transaction, id, 1, vec![kept, CountedObject { record: object, change: None }]).unwrap();
        let error = RunErrorRecord {
            object: None,
            dn: "CN=a".to_owned(),
            error: ObjectError::new(ErrorCode::CD_ERROR, "no"),
            first_occurred: record.started,
            retry_count: 0,
        };
        add_errors(transaction, id, 1, &[error]).unwrap();
        id
    }

    #[test]
    fn old_runs_go_but_the_last_of_each_profile_stays() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(&folder.path().join("syncline.db")).unwrap();
        let mut writer = database.writer();
        let transaction = writer.transaction().unwrap();
        let gone = run(&transaction, 1, "Export", Some(8));
        let only_one = run(&transaction, 1, "Full Import", Some(8));
        let other_connector = run(&transaction, 2, "Export", Some(8));
        let going_on = run(&transaction, 1, "Delta Import", None);
        let week = run(&transaction, 1, "export", Some(7));
        let young = run(&transaction, 1, "Export", Some(1));
        let last = run(&transaction, 1, "Delta Import", Some(1));
        let before = Timestamp::UNIX_EPOCH - SignedDuration::from_hours(24 * 7);
        let runs = ended_before(&transaction, before).unwrap();
        assert_eq!(runs, [gone]);
        // Two rows at a time: a change and an object, an object and the error, then the run.
        assert!(!remove_some(&transaction, &runs, 2).unwrap());
        assert!(!remove_some(&transaction, &runs, 2).unwrap());
        assert!(remove_some(&transaction, &runs, 2).unwrap());
        let left: Vec<RunId> = super::runs(&transaction, &RunQuery::default()).unwrap().into_iter().map(|run| run.id).collect();
        assert_eq!(left, [last, young, week, going_on, other_connector, only_one]);
        assert_eq!(steps(&transaction, &[gone]).unwrap(), []);
        assert_eq!(errors(&transaction, gone, 1, 10).unwrap(), []);
        let place = [("export-add".to_owned(), 1)];
        assert!(run_changes::read(&transaction, gone, 1, &place).unwrap().is_empty());
        assert_eq!(run_changes::read(&transaction, young, 1, &place).unwrap().len(), 1);
        assert_eq!(errors(&transaction, young, 1, 10).unwrap().len(), 1);
        let everything = ended_before(&transaction, Timestamp::MAX).unwrap();
        assert_eq!(everything, [week]);
    }
}
