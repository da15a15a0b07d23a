//! Floor 4: export (`engine.md` 5).
//!
//! What waits is sent in batches. The commit that moves a batch into escrow and the one that writes its
//! results are durable; the results of one batch and the escrow of the next share a commit, so a batch
//! costs one. After a crash the escrowed batch is simply sent again.

mod build;
mod confirm;
mod settle;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use rusqlite::Transaction;

use crate::connector::{
    Capabilities, Connector, ConnectorError, ConnectorErrorKind, DeletionGuard, ExportChange, ExportOutcome, ExportResult,
    TARGET_CANNOT_STORE,
};
use crate::model::{AttributeId, AttributeTable, ConnectorId, CsId, ErrorCode, ObjectError, PartitionId};
use crate::protection::{self, DeletionLimit};
use crate::rules::Direction;
use crate::step::{ERROR_LIMIT, Recorder, StepEnd, StepEnvironment, StepStatus};
use crate::store::configuration::{self, ConnectorRecord, PartitionRecord, ProfileStep};
use crate::store::connector_space::CsObject;
use crate::store::runs::ConnectionRecord;
use crate::store::{Database, StoreError, attributes, pending};

/// Objects of a batch when the step does not say.
const BATCH: usize = 30;
/// How long a batch that failed for a passing reason waits before it is sent again.
const WAITS: [Duration; 4] = [Duration::from_secs(1), Duration::from_secs(4), Duration::from_secs(15), Duration::from_secs(40)];
/// Connections that the history of a step keeps at most.
const MOST_CONNECTIONS: usize = 100;

/// Choices of an export step that do not stand in the run profile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExportOptions {
    /// More staged deletions than this stop the export before its first write.
    pub deletion_limit: DeletionLimit,
    /// Attributes that are kept as join keys; asked for by exports to a directory that confirms at once
    /// ([`Capabilities::immediate_confirmation`]).
    pub keys: Vec<AttributeId>,
}

/// Runs an export step.
pub fn run(
    environment: &StepEnvironment,
    connector: &ConnectorRecord,
    partition: &PartitionRecord,
    step: &ProfileStep,
    directory: &mut dyn Connector,
    recorder: &mut Recorder,
    options: &ExportOptions,
) -> StepEnd {
    let capabilities = directory.capabilities();
    if !capabilities.export {
        let message = format!("connector \"{}\" cannot export: remove its export steps", connector.name);
        return StepEnd::because(StepStatus::NO_START_MA, message);
    }
    let mut export = Export {
        environment,
        connector,
        partition: partition.id,
        capabilities,
        keys: &options.keys,
        attributes: AttributeTable::default(),
        failures: false,
        sent_any: false,
        note: String::new(),
        second_pass: BTreeSet::new(),
        cannot_store: BTreeMap::new(),
    };
    let begun = export.guard(directory).and_then(|guard| export.begin(options, guard, recorder));
    match begun {
        Ok(Begun::Order(mut order)) => {
            let limited = limit(&mut order, step);
            let mut end = export.send_all(&order, step, directory, recorder).unwrap_or_else(|error| StepEnd::store(&error));
            if let Some(limited) = limited.filter(|_| end.status.lets_next_step_run()) {
                end = limited;
            }
            if end.message.is_empty() { StepEnd::because(end.status, export.note) } else { end }
        }
        Ok(Begun::Refused(message)) => StepEnd::because(StepStatus::STOPPED_DELETION_THRESHOLD, message),
        Err(error) => StepEnd::store(&error),
    }
}

/// Cuts what is sent to the limits of the run profile; says so when something is left over.
fn limit(order: &mut pending::ExportOrder, step: &ProfileStep) -> Option<StepEnd> {
    let limit = |limit: u64| usize::try_from(limit).ok().filter(|limit| *limit > 0).unwrap_or(usize::MAX);
    let (objects, deletions) = (limit(step.object_limit), limit(step.deletion_limit));
    let total = order.plain.len() + order.referring.len() + order.deletes.len();
    let deletes = order.deletes.len();
    let mut left = objects;
    order.deletes.truncate(deletions);
    for list in [&mut order.plain, &mut order.referring, &mut order.deletes] {
        list.truncate(left);
        left -= list.len();
    }
    if total > objects {
        let message = format!("{objects} objects were sent, as many as the run profile allows; {} wait", total - objects);
        Some(StepEnd::because(StepStatus::STOPPED_OBJECT_LIMIT, message))
    } else if deletes > deletions {
        let message = format!("{deletions} deletions were sent, as many as the run profile allows; {} wait", deletes - deletions);
        Some(StepEnd::because(StepStatus::STOPPED_DELETION_LIMIT, message))
    } else {
        None
    }
}

/// Makes what a crash left in the middle of an export pending again (`engine.md` 5.9); gives the number of
/// objects.
///
/// # Errors
/// [`StoreError`] when the database cannot be written.
pub fn recover(database: &Database) -> Result<usize, StoreError> {
    let mut writer = database.writer();
    let transaction = writer.transaction()?;
    let released = pending::release(&transaction, None)?;
    transaction.commit().map_err(StoreError::sqlite("recovering an interrupted export"))?;
    Ok(released)
}

/// As [`recover`], for one connector: before an import or synchronization builds on what is staged, a batch
/// that a failed export left in escrow becomes pending again.
///
/// # Errors
/// [`StoreError`] when the database cannot be written.
pub fn recover_connector(database: &Database, connector: ConnectorId) -> Result<usize, StoreError> {
    let mut writer = database.writer();
    let transaction = writer.transaction()?;
    let released = pending::release(&transaction, Some(connector))?;
    transaction.commit().map_err(StoreError::sqlite("recovering an interrupted export"))?;
    Ok(released)
}

/// One export step at work.
struct Export<'a> {
    environment: &'a StepEnvironment,
    connector: &'a ConnectorRecord,
    partition: PartitionId,
    capabilities: Capabilities,
    keys: &'a [AttributeId],
    attributes: AttributeTable,
    failures: bool,
    sent_any: bool,
    /// What the end of the step tells unless it has something else to explain.
    note: String,
    /// Objects with references that had no target yet.
    second_pass: BTreeSet<CsId>,
    /// How many objects the directory can never hold, by reason.
    cannot_store: BTreeMap<String, u64>,
}

enum Begun {
    Order(pending::ExportOrder),
    Refused(String),
}

/// A batch in escrow.
#[derive(Default)]
struct Batch {
    objects: Vec<CsObject>,
    /// Per object: the change to send, if anything of it can be sent.
    changes: Vec<Option<ExportChange>>,
    /// Per object: why it is not sent at all.
    refused: Vec<Option<ObjectError>>,
    /// Per object: references that were held back because their target is not in the directory.
    held: Vec<build::HeldReferences>,
    second_pass: bool,
}

/// Why the export ends before everything was sent.
enum Halt {
    Stopped,
    ErrorLimit,
    Connector(ConnectorError),
    Transient(String),
}

impl Export<'_> {
    /// What the directory itself says of deletions; it is asked when there are any.
    fn guard(&self, directory: &mut dyn Connector) -> Result<Option<DeletionGuard>, StoreError> {
        if !self.capabilities.deletion_threshold {
            return Ok(None);
        }
        let deletions = pending::count_deletions(&*self.environment.database.reader()?, self.connector.id)?;
        Ok(if deletions > 0 { directory.deletion_guard() } else { None })
    }

    fn begin(
        &mut self,
        options: &ExportOptions,
        guard: Option<DeletionGuard>,
        recorder: &mut Recorder,
    ) -> Result<Begun, StoreError> {
        let connector = self.connector.id;
        self.durable(|export, transaction| {
            let mut limit = options.deletion_limit;
            if let Some(guard) = guard
                && let Some(lower) = protection::lower_limit(transaction, connector, limit, guard)?
            {
                recorder.warnings.push(format!(
                    "\"{}\" itself allows {lower} deletions in one export, fewer than the limit {limit} that is set here; the lower one \
                     counts",
                    export.connector.name
                ));
                limit = lower;
            }
            if export.capabilities.deletion_threshold
                && let Some(refusal) = protection::check_deletions(transaction, connector, limit)?
            {
                let now = export.environment.clock.now();
                match protection::take_approval(transaction, connector, now)? {
                    Some(approval) => export.note = format!("{refusal}, approved once by {}", approval.user),
                    None => return Ok(Begun::Refused(refusal.to_string())),
                }
            }
            pending::release(transaction, Some(export.connector.id))?;
            export.attributes = attributes::load(transaction)?;
            pending::order(transaction, export.connector.id, export.partition).map(Begun::Order)
        })
    }

    fn send_all(
        &mut self,
        order: &pending::ExportOrder,
        step: &ProfileStep,
        directory: &mut dyn Connector,
        recorder: &mut Recorder,
    ) -> Result<StepEnd, StoreError> {
        let size = usize::try_from(step.batch_size).ok().filter(|size| *size > 0).unwrap_or(BATCH);
        let size = directory.batch_size(size).max(1);
        let total = order.plain.len() + order.referring.len() + order.deletes.len();
        recorder.phase("in-progress", Some(total as u64));
        // Objects that others refer to are sent, and have their anchors, before a batch that refers begins.
        let batches = [&order.plain, &order.referring, &order.deletes].into_iter().flat_map(|list| list.chunks(size));
        let mut halted = self.send_batches(batches, false, directory, recorder)?;
        if halted.is_none() && !self.second_pass.is_empty() {
            let waiting: Vec<CsId> = std::mem::take(&mut self.second_pass).into_iter().collect();
            recorder.phase("completing-referential-updates", Some(waiting.len() as u64));
            halted = self.send_batches(waiting.chunks(size), true, directory, recorder)?;
        }
        self.note_connection(halted.as_ref(), recorder);
        self.note_cannot_store(recorder)?;
        if self.sent_any
            && !matches!(halted, Some(Halt::Connector(_)))
            && let Err(error) = directory.finish(true)
        {
            recorder.warnings.push(format!("the directory could not note the end of the export: {error}"));
        }
        Ok(match halted {
            Some(Halt::Stopped) => StepEnd::new(StepStatus::STOPPED_BY_USER),
            Some(Halt::ErrorLimit) => {
                let message = format!("more than {ERROR_LIMIT} objects were refused; see the export errors");
                StepEnd::because(StepStatus::STOPPED_ERROR_LIMIT, message)
            }
            Some(Halt::Connector(error)) => StepEnd::connector(&error, self.sent_any),
            Some(Halt::Transient(message)) => StepEnd::because(StepStatus::STOPPED_CONNECTIVITY, message),
            None if self.failures => StepEnd::new(StepStatus::COMPLETED_EXPORT_ERRORS),
            None if recorder.warnings.is_empty() => StepEnd::new(StepStatus::SUCCESS),
            None => StepEnd::new(StepStatus::COMPLETED_WARNINGS),
        })
    }

    /// Tells once what stays behind because the directory cannot hold it: attributes that rules flow, and objects.
    fn note_cannot_store(&self, recorder: &mut Recorder) -> Result<(), StoreError> {
        if !self.sent_any {
            return Ok(());
        }
        let connector = self.connector;
        let mut unwritten: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for rule in configuration::rules(&*self.environment.database.reader()?)? {
            if rule.connector != connector.id || rule.direction != Direction::Outbound || !rule.enabled {
                continue;
            }
            for flow in rule.flows {
                if !connector.schema.is_writable(&rule.connector_object_type, &flow.target) {
                    unwritten.entry(rule.connector_object_type.clone()).or_default().insert(flow.target);
                }
            }
        }
        let types: Vec<String> = unwritten
            .into_iter()
            .map(|(object_type, names)| {
                if connector.schema.is_type_writable(&object_type) {
                    format!("{object_type}: {}", names.into_iter().collect::<Vec<_>>().join(", "))
                } else {
                    format!("{object_type}: objects of this type")
                }
            })
            .collect();
        if !types.is_empty() {
            let list = types.join("; ");
            recorder.warnings.push(format!(
                "{TARGET_CANNOT_STORE}: rules flow what \"{}\" cannot store; it is not sent ({list})",
                connector.name
            ));
        }
        for (reason, count) in &self.cannot_store {
            recorder.warnings.push(format!("{TARGET_CANNOT_STORE}: {count} objects stay pending: {reason}"));
        }
        Ok(())
    }

    fn send_batches<'b>(
        &mut self,
        batches: impl Iterator<Item = &'b [CsId]>,
        second_pass: bool,
        directory: &mut dyn Connector,
        recorder: &mut Recorder,
    ) -> Result<Option<Halt>, StoreError> {
        let mut sent: Option<(Batch, Vec<ExportResult>)> = None;
        let mut halted = None;
        for ids in batches {
            if self.environment.cancel.is_cancelled() {
                halted = Some(Halt::Stopped);
                break;
            }
            let batch = self.durable(|export, transaction| {
                export.settle(transaction, sent.take(), recorder)?;
                export.escrow(transaction, ids, second_pass)
            })?;
            let objects = batch.objects.len() as u64;
            let current = batch.objects.first().map(|object| object.dn.clone()).unwrap_or_default();
            let (results, problem) = self.send(&batch, directory, recorder);
            sent = Some((batch, results));
            recorder.advance(objects, &current);
            if problem.is_some() {
                halted = problem;
                break;
            }
            if recorder.error_count() > ERROR_LIMIT {
                halted = Some(Halt::ErrorLimit);
                break;
            }
        }
        self.durable(|export, transaction| export.settle(transaction, sent.take(), recorder))?;
        Ok(halted)
    }

    /// Sends a batch. What fails for a passing reason is sent again after a while, a bounded number of times
    /// (`engine.md` 5.5). Results are fewer than changes when the batch could not be sent.
    fn send(
        &mut self,
        batch: &Batch,
        directory: &mut dyn Connector,
        recorder: &mut Recorder,
    ) -> (Vec<ExportResult>, Option<Halt>) {
        let changes: Vec<&ExportChange> = batch.changes.iter().flatten().collect();
        let mut results: Vec<Option<ExportResult>> = vec![None; changes.len()];
        let mut halted = None;
        for wait in WAITS.into_iter().map(Some).chain([None]) {
            let open: Vec<usize> =
                (0..).zip(&results).filter(|(_, result)| is_open(result.as_ref())).map(|(place, _)| place).collect();
            if open.is_empty() {
                break;
            }
            let again: Vec<ExportChange> =
                open.iter().filter_map(|place| changes.get(*place)).map(|change| (*change).clone()).collect();
            halted = match directory.export(&again, &self.environment.cancel) {
                Ok(answers) => {
                    self.sent_any = true;
                    let passing = answers.iter().find_map(passing_message);
                    for (place, answer) in open.into_iter().zip(answers) {
                        if let Some(result) = results.get_mut(place) {
                            *result = Some(answer);
                        }
                    }
                    passing.map(Halt::Transient)
                }
                Err(error) => Some(Halt::Connector(error)),
            };
            let passing = match &halted {
                Some(Halt::Transient(message)) => message.clone(),
                Some(Halt::Connector(error)) if self.is_passing(error) => error.to_string(),
                Some(_) | None => break,
            };
            let Some(wait) = wait else { break };
            if recorder.connections.len() < MOST_CONNECTIONS {
                let detail = format!("{passing}; sent again after {} s", wait.as_secs());
                recorder.connections.push(self.connection(None, "dropped-connection", detail));
            }
            self.environment.clock.wait(wait, &|| self.environment.cancel.is_cancelled());
            if self.environment.cancel.is_cancelled() {
                halted = Some(Halt::Stopped);
                break;
            }
        }
        let lost = || ExportOutcome::Transient(ObjectError::new(ErrorCode::CD_CONNECTIVITY, "there was no answer"));
        (results.into_iter().map(|result| result.unwrap_or_else(|| ExportResult { outcome: lost() })).collect(), halted)
    }

    /// True when a directory that failed so may answer soon. One that was never reached is not waited for.
    fn is_passing(&self, error: &ConnectorError) -> bool {
        match error.kind {
            ConnectorErrorKind::Dropped => true,
            ConnectorErrorKind::Connection => self.sent_any,
            _ => false,
        }
    }

    fn connection(&self, server: Option<String>, status: &str, detail: String) -> ConnectionRecord {
        ConnectionRecord {
            server: server.unwrap_or_else(|| self.connector.name.clone()),
            status: status.to_owned(),
            date: self.environment.clock.now(),
            detail,
        }
    }

    fn note_connection(&self, halted: Option<&Halt>, recorder: &mut Recorder) {
        let (server, status, detail) = match halted {
            Some(Halt::Connector(error)) => (error.server.clone(), error.kind.connection_result(), error.to_string()),
            Some(Halt::Transient(message)) => (None, "dropped-connection", message.clone()),
            Some(Halt::Stopped | Halt::ErrorLimit) | None if self.sent_any => (None, "success", String::new()),
            Some(Halt::Stopped | Halt::ErrorLimit) | None => return,
        };
        recorder.connections.push(self.connection(server, status, detail));
    }

    /// One transaction whose commit is on the disk when it returns.
    fn durable<T>(&mut self, work: impl FnOnce(&mut Self, &Transaction<'_>) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let mut writer = self.environment.database.writer();
        writer.set_durable(true)?;
        let result = (|| {
            let transaction = writer.transaction()?;
            let result = work(self, &transaction)?;
            transaction.commit().map_err(StoreError::sqlite("committing an export batch"))?;
            Ok(result)
        })();
        writer.set_durable(false)?;
        result
    }
}

/// True when a change has no answer that settles it.
fn is_open(result: Option<&ExportResult>) -> bool {
    result.is_none_or(|result| passing_message(result).is_some())
}

fn passing_message(result: &ExportResult) -> Option<String> {
    match &result.outcome {
        ExportOutcome::Transient(error) => Some(error.message.clone()),
        ExportOutcome::Success { .. } | ExportOutcome::Refused(_) => None,
    }
}
