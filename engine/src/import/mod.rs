//! Floor 4: import (`engine.md` 3) is *compare*, then *stage*.
//!
//! The connector's stream is read on one thread and staged on another, batch by batch. `compare` is a
//! pure function from the object as stored and as imported to the object as it will be; `stage` writes a
//! batch in one transaction. An import never touches the metaverse, except for the retry flag of an
//! object whose provisioned twin was replaced.

mod arrival;
mod change;
mod compare;
mod confirm;
mod layers;
mod log_file;
mod names;
mod obsolete;
mod prepare;
mod remember;
mod seen;
mod stage;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use rusqlite::Transaction;

use crate::connector::{
    Anchor, CancelToken, Connector, ConnectorError, ConnectorErrorKind, ImportEntry, ImportItem, ImportMode, ImportRequest,
    ImportSummary, PresentObjects, Watermark,
};
use crate::model::{AlgorithmStep, AttributeId, ConnectorId, CsId, Dn, ErrorCode, ObjectError};
use crate::step::{ERROR_LIMIT, Recorder, StepEnd, StepEnvironment, StepStatus, times_together};
use crate::store::configuration::{self, ConnectorRecord, LogFile, LogFileUsage, PartitionRecord, ProfileStep};
use crate::store::runs::ConnectionRecord;
use crate::store::{Database, StoreError, connector_space, staging};
use arrival::{Arrived, SharedReader};
pub(crate) use log_file::record;
pub(crate) use names::join_keys;
use stage::{Stager, Unfitting};

/// Objects read together: what is in memory at a time, twice, because one batch is read while another one is staged.
const BATCH: usize = 1_000;
/// Values read together: large groups make small batches.
const BATCH_VALUES: usize = 200_000;
/// Memory of objects read together, in bytes: large values make small batches.
const BATCH_BYTES: usize = 16 << 20;
/// Objects of one transaction, in a large database several times as many ([`times_together`]): as many batches as wait
/// already, and at least one.
const TRANSACTION: usize = 4_000;
/// Values of one transaction, in a large database several times as many.
const TRANSACTION_VALUES: usize = 200_000;
/// Objects without a name of their own that the end of a step names.
const TRANSIENTS_NAMED: u32 = 5;
/// Batches that wait between reading and staging. One is read while another one is staged; more would only take memory,
/// because a batch of wide objects takes some ten megabytes.
const READ_AHEAD: usize = 0;

/// What is handed over from reading to staging.
#[derive(Debug, Default)]
struct Batch {
    items: Vec<Arrived>,
    /// Number of values.
    values: usize,
    /// Bytes of memory, about.
    bytes: usize,
}

impl Batch {
    fn push(&mut self, arrived: Arrived) {
        let weight = arrived.weight();
        self.values += weight.values;
        self.bytes += weight.bytes;
        self.items.push(arrived);
    }

    fn is_full(&self, size: usize) -> bool {
        self.items.len() >= size || self.values >= BATCH_VALUES || self.bytes >= BATCH_BYTES
    }
}

/// Runs a full or delta import step: reads the partition, stages every difference, and - after a full
/// import that went well - the deletion of what is gone. `keys` are the attributes that some rule looks
/// up in this connector space.
pub fn run(
    environment: &StepEnvironment,
    connector: &ConnectorRecord,
    partition: &PartitionRecord,
    step: &ProfileStep,
    directory: &mut dyn Connector,
    recorder: &mut Recorder,
    keys: &[AttributeId],
) -> StepEnd {
    let full = step.step_type.imports() == Some(true);
    let mode = match (full, &partition.watermark) {
        (true, _) => ImportMode::Full,
        (false, Some(watermark)) => ImportMode::Delta(Watermark(watermark.clone())),
        (false, None) => {
            let message = if directory.capabilities().delta_import {
                format!(
                    "connector \"{}\", partition {} has never completed a full import: run Full Import first",
                    connector.name, partition.name
                )
            } else {
                format!("the directory of connector \"{}\" cannot tell what has changed: run Full Import instead", connector.name)
            };
            return StepEnd::because(StepStatus::NO_START_FULL_IMPORT_REQUIRED, message);
        }
    };
    let request = match request(&environment.database, connector, partition, step, mode, environment.cancel.clone()) {
        Ok(request) => request,
        Err(message) => return StepEnd::because(StepStatus::NO_START_BAD_CONFIGURATION, message),
    };
    if step.only_writes_log_file() {
        return only_log(environment, connector, directory, &request, recorder);
    }
    let partition = PartitionRecord { generation: partition.generation + i64::from(full), ..partition.clone() };
    let drops_references = directory.capabilities().drops_references;
    let mut import = match Stager::new(environment, connector, &partition, keys, full, drops_references) {
        Ok(stager) => Import { environment, connector, partition: &partition, step, full, stager, limit: None },
        Err(error) => return StepEnd::store(&error),
    };
    import.run(directory, &request, recorder)
}

/// What an import step of a run profile asks a directory for.
pub(crate) fn request(
    database: &Database,
    connector: &ConnectorRecord,
    partition: &PartitionRecord,
    step: &ProfileStep,
    mode: ImportMode,
    cancel: CancelToken,
) -> Result<ImportRequest, String> {
    let containers = |names: &[String]| -> Result<Vec<Dn>, String> {
        let parse = |name: &String| {
            Dn::parse(name).map_err(|error| format!("container \"{name}\" of partition {}: {error}", partition.name))
        };
        names.iter().map(parse).collect()
    };
    Ok(ImportRequest {
        mode,
        partition: partition.name.clone(),
        elsewhere: elsewhere(database, partition).map_err(|error| error.to_string())?,
        object_types: connector.object_types.clone(),
        attributes: connector.attributes.clone(),
        include: containers(&partition.include)?,
        exclude: containers(&partition.exclude)?,
        page_size: step.page_size,
        timeout_secs: step.timeout_secs,
        schema: Arc::new(connector.schema.clone()),
        cancel,
    })
}

/// The other partitions of a connector that are read.
fn elsewhere(database: &Database, partition: &PartitionRecord) -> Result<Vec<String>, StoreError> {
    let partitions = configuration::partitions(&*database.reader()?, partition.connector)?;
    Ok(partitions.into_iter().filter(|other| other.selected && other.id != partition.id).map(|other| other.name).collect())
}

/// Gives an object the name that the directory accepted for it, and everything below it the name that
/// follows.
pub(crate) fn rename_exported(
    environment: &StepEnvironment,
    transaction: &Transaction<'_>,
    connector: ConnectorId,
    object: CsId,
    dn: &Dn,
) -> Result<(), StoreError> {
    let mut space = names::Space::new(transaction, connector, environment.ids.as_ref(), environment.clock.now(), &[]);
    space.move_to(object, dn)
}

/// One import step at work.
struct Import<'a> {
    environment: &'a StepEnvironment,
    connector: &'a ConnectorRecord,
    partition: &'a PartitionRecord,
    step: &'a ProfileStep,
    full: bool,
    stager: Stager<'a>,
    /// The limit that ended the reading.
    limit: Option<Limit>,
}

/// A limit of the run profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Limit {
    Objects(u64),
    Deletions(u64),
}

impl Limit {
    fn end(self) -> StepEnd {
        match self {
            Self::Objects(number) => StepEnd::because(
                StepStatus::STOPPED_OBJECT_LIMIT,
                format!(
                    "{number} objects were read, as many as the run profile allows; the next import begins where this one began"
                ),
            ),
            Self::Deletions(number) => StepEnd::because(
                StepStatus::STOPPED_DELETION_LIMIT,
                format!("{number} deletions were staged, as many as the run profile allows; the next import stages the others"),
            ),
        }
    }
}

/// Why staging ended before the stream did.
enum Halt {
    ErrorLimit,
    Store(StoreError),
}

impl Import<'_> {
    fn run(&mut self, directory: &mut dyn Connector, request: &ImportRequest, recorder: &mut Recorder) -> StepEnd {
        let (read, halted) = self.pump(directory, request, recorder);
        note_connection(self.environment, self.connector, &read, self.limit.is_some(), recorder);
        match halted {
            Some(Halt::Store(error)) => return StepEnd::store(&error),
            Some(Halt::ErrorLimit) => {
                let message = format!("more than {ERROR_LIMIT} entries could not be read; see the discovery errors");
                return StepEnd::because(StepStatus::STOPPED_ERROR_LIMIT, message);
            }
            None => {}
        }
        if let Some(limit) = self.limit {
            return limit.end();
        }
        if self.environment.cancel.is_cancelled() {
            return StepEnd::new(StepStatus::STOPPED_BY_USER);
        }
        let summary = match read {
            Ok(summary) => summary,
            Err(error) => {
                let end = StepEnd::connector(&error, self.stager.findings.entries > 0);
                let forgotten = if error.kind == ConnectorErrorKind::NoWatermark { self.forget_watermark() } else { Ok(()) };
                return forgotten.map_or_else(|error| StepEnd::store(&error), |()| end);
            }
        };
        if let Some(end) = self.read_again(directory, request, recorder) {
            return end;
        }
        if let Err(error) = directory.finish(false) {
            recorder.warnings.push(format!("the directory could not note the end of the import: {error}"));
        }
        recorder.warnings.extend(summary.warnings.iter().cloned());
        self.complete(&summary, recorder).unwrap_or_else(|error| StepEnd::store(&error))
    }

    /// The directory does not know the watermark any more: only a full import can begin again.
    fn forget_watermark(&self) -> Result<(), StoreError> {
        let mut writer = self.environment.database.writer();
        let transaction = writer.transaction()?;
        staging::save_watermark(&transaction, self.partition.id, None, self.partition.generation)?;
        transaction.commit().map_err(StoreError::sqlite("writing a watermark"))
    }

    /// Reads on a thread of its own and stages here; the channel between them is short.
    fn pump(
        &mut self,
        directory: &mut dyn Connector,
        request: &ImportRequest,
        recorder: &mut Recorder,
    ) -> (Result<ImportSummary, ConnectorError>, Option<Halt>) {
        let (sender, receiver) = bounded(READ_AHEAD);
        let step = self.step;
        let known = match self.environment.database.reader().and_then(|reader| connector_space::next_id(&reader)) {
            Ok(next) => next.0,
            // Nothing was read, and why is told as the halt.
            Err(error) => return (Ok(ImportSummary::default()), Some(Halt::Store(error))),
        };
        let entries = Arc::clone(&self.stager.reader);
        std::thread::scope(|scope| {
            let reader = std::thread::Builder::new()
                .name("import-reader".to_owned())
                .spawn_scoped(scope, move || read(directory, request, step, &Staging { batches: sender, entries }));
            let reader = match reader {
                Ok(reader) => reader,
                Err(error) => {
                    let message = format!("no thread could be started for reading: {error}");
                    return (Err(ConnectorError::new(ConnectorErrorKind::Protocol, message)), None);
                }
            };
            let halted = self.stage_all(receiver, known, &request.cancel, recorder);
            let panicked = || ConnectorError::new(ConnectorErrorKind::Protocol, "the connector failed unexpectedly; see the log");
            let (read, limit) = reader.join().unwrap_or_else(|_| (Err(panicked()), None));
            self.limit = limit;
            (read, halted)
        })
    }

    /// Stages what is read. Batches that wait already go into the transaction of the one before; no transaction waits for
    /// the directory. `known` is how many objects the database holds.
    fn stage_all(&mut self, batches: Receiver<Batch>, known: i64, cancel: &CancelToken, recorder: &mut Recorder) -> Option<Halt> {
        let mut objects = 0;
        for batch in &batches {
            if cancel.is_cancelled() {
                return None;
            }
            let times = times_together(known.saturating_add_unsigned(objects));
            let (mut items, mut values) = (batch.items.len(), batch.values);
            let mut more = || {
                let room = items < TRANSACTION * times && values < TRANSACTION_VALUES * times && !cancel.is_cancelled();
                let next = if room { batches.try_recv().ok()? } else { return None };
                items += next.items.len();
                values += next.values;
                Some(next.items)
            };
            if let Err(error) = self.stager.stage(batch.items, &mut more, recorder) {
                return Some(Halt::Store(error));
            }
            objects += items as u64;
            if recorder.error_count() > ERROR_LIMIT {
                return Some(Halt::ErrorLimit);
            }
        }
        None
    }

    /// Reads objects whose changes did not fit what is known of them; an end before the last one is given back.
    fn read_again(&mut self, directory: &mut dyn Connector, request: &ImportRequest, recorder: &mut Recorder) -> Option<StepEnd> {
        if let Err(error) = self.stager.stage_postponed(recorder) {
            return Some(StepEnd::store(&error));
        }
        let mut unanswered = std::mem::take(&mut self.stager.unfitting);
        if unanswered.is_empty() {
            return None;
        }
        let anchors: Vec<Anchor> = unanswered.keys().cloned().collect();
        tracing::info!(objects = anchors.len(), "read whole, because changes of them do not fit what is known");
        let (mut batch, mut failed) = (Batch::default(), None);
        let stager = &mut self.stager;
        let read = directory.objects(request, &anchors, &mut |item| {
            match &item {
                ImportItem::Entry(ImportEntry { anchor, .. })
                | ImportItem::Deleted { anchor, .. }
                | ImportItem::Filtered { anchor: Some(anchor), .. } => drop(unanswered.remove(anchor)),
                ImportItem::Bad(bad) => unanswered.retain(|_, unfitting| bad.dn.as_deref() != Some(&unfitting.dn)),
                ImportItem::Filtered { anchor: None, .. } => {}
            }
            batch.push(Arrived::new(item));
            if batch.is_full(BATCH) {
                failed = stager.stage(std::mem::take(&mut batch).items, &mut || None, recorder).err();
            }
            failed.is_none() && !request.cancel.is_cancelled()
        });
        let staged = match failed {
            Some(error) => Err(error),
            None => stager.stage(batch.items, &mut || None, recorder),
        };
        if let Err(error) = staged {
            return Some(StepEnd::store(&error));
        }
        if self.environment.cancel.is_cancelled() {
            return Some(StepEnd::new(StepStatus::STOPPED_BY_USER));
        }
        if let Err(error) = read {
            return Some(StepEnd::connector(&error, true));
        }
        for Unfitting { dn, reason } in unanswered.into_values() {
            let error = ObjectError::new(ErrorCode::NEED_FULL_OBJECT, format!("{reason}: run a full import"));
            stager.discovery_error(&dn, error.at(AlgorithmStep::Staging), recorder);
        }
        None
    }

    /// Names objects whose names others have taken, with the cause where it arose in this step.
    fn waiting(&self, number: u64, names: &[(CsId, String)]) -> String {
        let named = names.iter().map(|(id, dn)| {
            let cause = match self.stager.transients.get(id) {
                Some(&"add") => " (add: another object was created under the name)",
                Some(&"move") => " (move: another object was moved to the name)",
                Some(_) => " (move-parent: its container was moved, and another object has the name there)",
                None => "",
            };
            format!("{dn}{cause}")
        });
        let named = named.collect::<Vec<_>>().join("; ");
        format!("{number} objects wait for a later import because another object has their name: {named}")
    }

    /// Notes which objects are there, of those that are known.
    fn see(&mut self, present: &PresentObjects) -> Result<(), StoreError> {
        let reader = self.environment.database.reader()?;
        let mut anchors = present.iter().peekable();
        while anchors.peek().is_some() {
            let some = anchors.by_ref().take(SEEN_AT_A_TIME);
            for id in connector_space::ids_by_anchor(&reader, self.connector.id, some)?.into_values() {
                self.stager.seen.insert(id);
            }
        }
        Ok(())
    }

    /// The stream came to its end: what waited, what is gone, what is not needed, the watermark.
    fn complete(&mut self, summary: &ImportSummary, recorder: &mut Recorder) -> Result<StepEnd, StoreError> {
        self.stager.stage_postponed(recorder)?;
        let findings = self.stager.findings;
        let nothing = match &summary.present {
            Some(present) => present.is_empty(),
            None => self.full && findings.entries == 0,
        };
        // Only then the stream says of every object whether it is there.
        let tells_all = self.full || summary.present.is_some();
        if let Some(present) = &summary.present {
            self.see(present)?;
        }
        if tells_all && findings.discovery_errors == 0 && !nothing {
            let most = Some(self.step.deletion_limit).filter(|limit| *limit > 0);
            let left =
                obsolete::obsolete(self.environment, self.partition.id, self.connector.id, &mut self.stager, recorder, most)?;
            if let Some(limit) = most.filter(|_| left) {
                return Ok(Limit::Deletions(limit).end());
            }
        }
        let mut writer = self.environment.database.writer();
        let transaction = writer.transaction()?;
        connector_space::remove_unneeded_placeholders(&transaction, self.connector.id)?;
        let transients = staging::unsettled_transients(&transaction, self.connector.id)?;
        let waiting = staging::transient_names(&transaction, self.connector.id, TRANSIENTS_NAMED)?;
        // A full import that could not evaluate deletions is no ground for delta imports, and a delta import that could
        // not begins once more where this one began.
        let incomplete = tells_all && (findings.discovery_errors > 0 || nothing);
        let watermark = match &summary.watermark {
            _ if incomplete && self.full => None,
            _ if incomplete => self.partition.watermark.as_deref(),
            Some(watermark) => Some(watermark.as_slice()),
            None => self.partition.watermark.as_deref().filter(|_| !self.full),
        };
        staging::save_watermark(&transaction, self.partition.id, watermark, self.partition.generation)?;
        recorder.flush(&transaction)?;
        transaction.commit().map_err(StoreError::sqlite("committing the end of an import"))?;
        let findings = self.stager.findings;
        Ok(if findings.discovery_errors > 0 {
            let consequence = if tells_all { "; deletions were not evaluated" } else { "" };
            let message = format!("{} entries could not be read{consequence}", findings.discovery_errors);
            StepEnd::because(StepStatus::COMPLETED_DISCOVERY_ERRORS, message)
        } else if nothing {
            StepEnd::because(
                StepStatus::COMPLETED_NO_OBJECTS,
                "the directory returned no objects; nothing was deleted: check the selected containers and object types",
            )
        } else if transients > 0 {
            StepEnd::because(StepStatus::COMPLETED_TRANSIENT_OBJECTS, self.waiting(transients, &waiting))
        } else if findings.not_reimported {
            StepEnd::because(StepStatus::COMPLETED_WARNINGS, "some exported values came back different")
        } else if recorder.warnings.is_empty() {
            StepEnd::new(StepStatus::SUCCESS)
        } else {
            StepEnd::new(StepStatus::COMPLETED_WARNINGS)
        })
    }
}

/// Objects that are looked up at a time.
const SEEN_AT_A_TIME: usize = 5_000;

/// Reads the whole stream and passes it on in batches; tells the limit of the step that ended it.
fn read(
    directory: &mut dyn Connector,
    request: &ImportRequest,
    step: &ProfileStep,
    staging: &Staging<'_>,
) -> (Result<ImportSummary, ConnectorError>, Option<Limit>) {
    let size = batch_size(step);
    let mut batch = Batch::default();
    let (mut objects, mut deletions, mut limit) = (0, 0, None);
    let summary = directory.import(request, &mut |item| {
        objects += u64::from(!matches!(item, ImportItem::Filtered { .. }));
        deletions += u64::from(matches!(item, ImportItem::Deleted { .. }));
        if step.object_limit > 0 && objects > step.object_limit {
            limit = Some(Limit::Objects(step.object_limit));
        } else if step.deletion_limit > 0 && deletions > step.deletion_limit {
            limit = Some(Limit::Deletions(step.deletion_limit));
        }
        if limit.is_some() {
            return false;
        }
        batch.push(Arrived::new(item));
        let handed_over = !batch.is_full(size) || staging.take(std::mem::take(&mut batch));
        handed_over && !request.cancel.is_cancelled()
    });
    if !batch.items.is_empty() {
        // What arrived before a failure is still good; when nobody takes it, the run has ended already.
        staging.take(batch);
    }
    (summary, limit)
}

/// The thread that stages, as seen by the one that receives.
struct Staging<'a> {
    batches: Sender<Batch>,
    entries: Arc<SharedReader<'a>>,
}

impl Staging<'_> {
    /// Hands a batch over; what staging has no time for yet is read meanwhile. False when nobody takes it any more.
    fn take(&self, batch: Batch) -> bool {
        match self.batches.try_send(batch) {
            Ok(()) => true,
            Err(TrySendError::Full(batch)) => {
                let items = self.entries.ahead(batch.items);
                self.batches.send(Batch { items, ..batch }).is_ok()
            }
            Err(TrySendError::Disconnected(_)) => false,
        }
    }
}

/// Objects read together: as many whole batches of the run profile as make one of ours, and at least one.
fn batch_size(step: &ProfileStep) -> usize {
    match usize::try_from(step.batch_size) {
        Ok(size) if size > 0 => (BATCH / size).max(1) * size,
        _ => BATCH,
    }
}

/// Writes what the directory hands over to the log file, which stands before the directory, and stages nothing.
fn only_log(
    environment: &StepEnvironment,
    connector: &ConnectorRecord,
    directory: &mut dyn Connector,
    request: &ImportRequest,
    recorder: &mut Recorder,
) -> StepEnd {
    let read = directory.import(request, &mut |_| {
        recorder.advance(1, "");
        true
    });
    note_connection(environment, connector, &read, false, recorder);
    match read {
        Ok(summary) => {
            recorder.warnings.extend(summary.warnings);
            let status = if recorder.warnings.is_empty() { StepStatus::SUCCESS } else { StepStatus::COMPLETED_WARNINGS };
            StepEnd::because(status, "the log file was written; nothing was staged")
        }
        Err(_) if environment.cancel.is_cancelled() => StepEnd::new(StepStatus::STOPPED_BY_USER),
        Err(error) => StepEnd::connector(&error, false),
    }
}

/// What stands between an import step and its directory when the step has a log file: the log file in place of the
/// directory, or one that is written.
///
/// # Errors
/// [`ConnectorError`] of `open`.
pub(crate) fn log(
    database: &Database,
    connector: &ConnectorRecord,
    now: jiff::Timestamp,
    log: &LogFile,
    open: impl FnOnce() -> Result<Box<dyn Connector>, ConnectorError>,
) -> Result<Box<dyn Connector>, ConnectorError> {
    let path = log_file::place(database, &log.name);
    let stages = match log.usage {
        LogFileUsage::Resume => return Ok(Box::new(log_file::Replay::new(path, connector.guid))),
        LogFileUsage::Create => true,
        LogFileUsage::CreateAndStop => false,
    };
    let origin = log_file::Origin { connector: connector.name.clone(), connector_id: connector.guid, time: now };
    Ok(Box::new(log_file::Recording::new(open()?, path, origin, stages)))
}

fn note_connection(
    environment: &StepEnvironment,
    connector: &ConnectorRecord,
    read: &Result<ImportSummary, ConnectorError>,
    ended_by_limit: bool,
    recorder: &mut Recorder,
) {
    let (server, status, detail) = match read {
        Ok(summary) => (summary.server.clone(), "success", String::new()),
        Err(error) if error.kind == ConnectorErrorKind::Cancelled || ended_by_limit => {
            (error.server.clone(), "success", String::new())
        }
        Err(error) => (error.server.clone(), error.kind.connection_result(), error.to_string()),
    };
    recorder.connections.push(ConnectionRecord {
        server: server.unwrap_or_else(|| connector.name.clone()),
        status: status.to_owned(),
        date: environment.clock.now(),
        detail,
    });
}
