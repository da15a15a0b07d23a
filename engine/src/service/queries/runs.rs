//! Run history.

use std::collections::BTreeMap;

use rusqlite::Connection;
use uuid::Uuid;

use super::{QueryContext, counters};
use crate::model::{ConnectorId, RunId};
use crate::service::{
    ConnectionView, EngineError, ObjectErrorView, Page, RunDetails, RunFilter, RunObjectView, RunSummary, StatusClass,
    StepDetails,
};
use crate::step::{ERROR_LIMIT, severity};
use crate::store::runs::{self as history, ConnectionRecord, RunErrorRecord, RunRecord, StepRecord, metaverse_of};
use crate::store::search::connector_space::display_names;
use crate::store::search::metaverse::identity_names;
use crate::store::search::runs::{self as search, RunCriterion, RunTotals};

/// How serious a status string is.
#[must_use]
pub fn class_of(status: &str) -> StatusClass {
    match severity(status) {
        0 => StatusClass::Running,
        1 => StatusClass::Success,
        2 => StatusClass::Warning,
        3 => StatusClass::Error,
        _ => StatusClass::Stopped,
    }
}

/// A page of the run history, newest first unless asked for otherwise.
///
/// # Errors
/// [`EngineError`] when the database cannot be read.
pub fn list(connection: &Connection, filter: &RunFilter) -> Result<Page<RunSummary>, EngineError> {
    let statuses = match filter.class {
        Some(class) => {
            let mut statuses = search::statuses(connection)?;
            statuses.retain(|status| class_of(status) == class);
            Some(statuses)
        }
        None => None,
    };
    let criterion = RunCriterion {
        connector: filter.connector,
        profile: filter.profile.as_deref(),
        statuses: statuses.as_deref(),
        since: filter.since,
        text: &filter.text,
        oldest_first: filter.reversed,
        ids: None,
    };
    let records = search::page(connection, &criterion, filter.offset, filter.limit)?;
    Ok(Page { rows: summaries(connection, records)?, total: search::count(connection, &criterion)? })
}

/// The most recent run of each connector that has one.
pub(super) fn latest(
    connection: &Connection,
    connectors: &[ConnectorId],
) -> Result<BTreeMap<ConnectorId, RunSummary>, EngineError> {
    let ids = search::last_runs(connection, connectors)?;
    Ok(numbered(connection, &ids)?.into_iter().map(|run| (run.connector_id, run)).collect())
}

/// Runs that go on, newest first.
pub(in crate::service) fn unfinished(connection: &Connection) -> Result<Vec<RunSummary>, EngineError> {
    numbered(connection, &search::unfinished(connection)?)
}

/// One run as a row.
///
/// # Errors
/// [`EngineError::UnknownRun`] when there is no such run.
pub fn summary(connection: &Connection, id: RunId) -> Result<RunSummary, EngineError> {
    numbered(connection, &[id])?.pop().ok_or(EngineError::UnknownRun(id.0))
}

fn numbered(connection: &Connection, ids: &[RunId]) -> Result<Vec<RunSummary>, EngineError> {
    let criterion = RunCriterion { ids: Some(ids), ..RunCriterion::default() };
    summaries(connection, search::page(connection, &criterion, 0, u64::MAX)?)
}

fn summaries(connection: &Connection, records: Vec<RunRecord>) -> Result<Vec<RunSummary>, EngineError> {
    let ids: Vec<RunId> = records.iter().map(|run| run.id).collect();
    let mut totals = search::totals(connection, &ids)?;
    Ok(records
        .into_iter()
        .map(|run| {
            let RunTotals { step, counters, errors } = totals.remove(&run.id).unwrap_or_default();
            let (adds, updates, deletes) = counters::changes(&counters);
            RunSummary {
                id: run.id,
                connector_id: run.connector,
                connector: run.connector_name,
                profile: run.profile,
                class: class_of(&run.status),
                status: run.status,
                started: run.started,
                ended: run.ended,
                user: run.user,
                step,
                steps: run.steps,
                adds,
                updates,
                deletes,
                errors,
            }
        })
        .collect())
}

/// A run with its steps.
///
/// # Errors
/// [`EngineError::UnknownRun`] when there is no such run.
pub fn details(connection: &Connection, context: &QueryContext, id: RunId) -> Result<RunDetails, EngineError> {
    let summary = summary(connection, id)?;
    let mut step_details = Vec::new();
    for step in history::steps(connection, &[id])? {
        let errors = history::errors(connection, id, step.number, u32::try_from(ERROR_LIMIT).unwrap_or(u32::MAX))?;
        let mut names = display_names(connection, errors.iter().filter_map(|error| error.object))?;
        names.extend(identity_names(connection, errors.iter().filter_map(|error| metaverse_of(&error.dn)))?);
        step_details.push(step_view(context, step, errors, &names));
    }
    Ok(RunDetails { summary, step_details })
}

fn step_view(
    context: &QueryContext,
    step: StepRecord,
    errors: Vec<RunErrorRecord>,
    names: &BTreeMap<Uuid, String>,
) -> StepDetails {
    StepDetails {
        number: step.number,
        class: class_of(&step.status),
        counters: counters::groups(context, &step.step_type, &step.counters),
        step_type: step.step_type,
        partition: step.partition,
        status: step.status,
        message: step.message,
        started: step.started,
        ended: step.ended,
        connections: step.connections.into_iter().map(connection_view).collect(),
        errors: errors.into_iter().map(|error| error_view(error, names)).collect(),
        warnings: step.warnings,
    }
}

fn connection_view(record: ConnectionRecord) -> ConnectionView {
    ConnectionView { server: record.server, status: record.status, date: record.date, detail: record.detail }
}

fn error_view(record: RunErrorRecord, names: &BTreeMap<Uuid, String>) -> ObjectErrorView {
    ObjectErrorView {
        display_name: record.object.or(metaverse_of(&record.dn)).and_then(|guid| names.get(&guid).cloned()).unwrap_or_default(),
        metaverse_guid: metaverse_of(&record.dn),
        object_guid: record.object,
        dn: record.dn,
        error: record.error,
        first_occurred: record.first_occurred,
        last_occurred: None,
        retry_count: record.retry_count,
    }
}

/// Objects behind counters of a step, by counter, then in the order in which they were counted.
///
/// # Errors
/// [`EngineError::UnknownRun`] when there is no such run.
pub fn objects(
    connection: &Connection,
    id: RunId,
    step: u32,
    counters: &[String],
    offset: u64,
    limit: u64,
) -> Result<Page<RunObjectView>, EngineError> {
    if search::count(connection, &RunCriterion { ids: Some(&[id]), ..RunCriterion::default() })? == 0 {
        return Err(EngineError::UnknownRun(id.0));
    }
    let (rows, total) = search::objects(connection, id, step, counters, offset, limit)?;
    let rows = rows
        .into_iter()
        .map(|row| RunObjectView {
            object_guid: row.record.object,
            dn: row.record.dn,
            object_type: row.record.object_type,
            display_name: row.display_name,
            counter: row.record.counter,
            number: row.number,
        })
        .collect();
    Ok(Page { rows, total })
}
