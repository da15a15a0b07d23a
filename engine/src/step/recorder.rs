//! Counters, the objects behind them, errors, connections, progress.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rusqlite::Transaction;

use crate::model::{ObjectError, ObjectOperation, RunId};
use crate::store::StoreError;
use crate::store::connector_space::{CsObject, StoredError};
use crate::store::run_changes::RunChange;
use crate::store::runs::{
    ConnectionRecord, CountedObject, RunErrorRecord, RunObjectRecord, add_errors, add_objects, save_counters,
};

/// How far a step has come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// `in-progress`, `completing-obsoletion`, `completing-referential-updates`.
    pub phase: &'static str,
    /// Objects done.
    pub done: u64,
    /// Objects in all, when known.
    pub total: Option<u64>,
    /// Errors so far.
    pub errors: u64,
    /// DN of the present object.
    pub current: String,
    /// Counters so far.
    pub counters: BTreeMap<String, u64>,
}

/// Where progress goes.
pub type ProgressSink = Box<dyn FnMut(&Progress) + Send>;

/// At most four reports a second (`ui.md` 1.7).
const REPORT_INTERVAL: Duration = Duration::from_millis(250);

/// Counters that have no list of objects behind them (`engine.md` 6.4).
const WITHOUT_OBJECTS: [&str; 3] = ["stage-no-change", "filtered-objects", "filtered-deletions"];

/// Objects whose changes a step keeps at most.
pub const MOST_CHANGES: u64 = 10_000;
/// Of these, objects that are new: an initial import makes nothing else, and what it made can be seen.
pub const MOST_NEW: u64 = 1_000;
/// Bytes that the changes of a step take at most, about.
pub const MOST_CHANGE_BYTES: usize = 8 * 1_024 * 1_024;

/// Room for the changes that a step keeps.
#[derive(Clone, Copy, Debug)]
struct Room {
    changes: u64,
    new: u64,
    bytes: usize,
}

/// Collects what a step has to tell. Objects and errors are written with the step's own transactions
/// by [`Recorder::flush`].
pub struct Recorder {
    run: RunId,
    step: u32,
    progress: Progress,
    objects: Vec<CountedObject>,
    room: Room,
    errors: Vec<RunErrorRecord>,
    /// Connections made.
    pub connections: Vec<ConnectionRecord>,
    /// Things an administrator should know; a step with warnings ends `completed-warnings`.
    pub warnings: Vec<String>,
    sink: ProgressSink,
    last_report: Option<Instant>,
}

impl std::fmt::Debug for Recorder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recorder").field("run", &self.run).field("progress", &self.progress).finish_non_exhaustive()
    }
}

impl Recorder {
    /// A recorder for one step.
    #[must_use]
    pub fn new(run: RunId, step: u32, sink: ProgressSink) -> Self {
        Self {
            run,
            step,
            progress: Progress { phase: "in-progress", ..Progress::default() },
            objects: Vec::new(),
            room: Room { changes: MOST_CHANGES, new: MOST_NEW, bytes: MOST_CHANGE_BYTES },
            errors: Vec::new(),
            connections: Vec::new(),
            warnings: Vec::new(),
            sink,
            last_report: None,
        }
    }

    /// Keeps what becomes of no object: for steps that nobody looks at afterwards.
    #[must_use]
    pub fn without_changes(mut self) -> Self {
        self.room.changes = 0;
        self
    }

    /// Whether what becomes of one more object, which may be a new one, is kept. Ask before working it out.
    #[must_use]
    pub fn keeps(&self, new: bool) -> bool {
        self.room.changes > 0 && self.room.bytes > 0 && (!new || self.room.new > 0)
    }

    /// Counts an object.
    pub fn count(&mut self, counter: &str, object: &CsObject) {
        self.count_change(counter, object, None);
    }

    /// Counts an object and keeps what became of it, as far as there is room.
    pub fn count_change(&mut self, counter: &str, object: &CsObject, change: Option<RunChange>) {
        self.add(counter, 1);
        if WITHOUT_OBJECTS.contains(&counter) {
            return;
        }
        let new = change.as_ref().is_some_and(|change| change.operation == ObjectOperation::Add);
        let change = change.filter(|change| !change.is_empty() && self.keeps(new));
        if let Some(change) = &change {
            self.room.changes -= 1;
            self.room.new -= u64::from(new);
            self.room.bytes = self.room.bytes.saturating_sub(change.size());
        }
        let record = RunObjectRecord {
            counter: counter.to_owned(),
            object: object.guid,
            dn: object.dn.clone(),
            object_type: object.object_type.clone().unwrap_or_default(),
        };
        self.objects.push(CountedObject { record, change: change.map(Box::new) });
    }

    /// Adds to a counter without naming objects.
    pub fn add(&mut self, counter: &str, amount: u64) {
        match self.progress.counters.get_mut(counter) {
            Some(value) => *value += amount,
            None => {
                self.progress.counters.insert(counter.to_owned(), amount);
            }
        }
    }

    /// Records the error of an object.
    pub fn object_error(&mut self, object: &CsObject, error: &StoredError) {
        self.progress.errors += 1;
        self.errors.push(RunErrorRecord {
            object: Some(object.guid),
            dn: object.dn.clone(),
            error: error.error.clone(),
            first_occurred: error.first_occurred,
            retry_count: error.retry_count,
        });
    }

    /// Records an error of something that is not in the connector space.
    pub fn discovery_error(&mut self, dn: &str, error: ObjectError, now: jiff::Timestamp) {
        self.progress.errors += 1;
        self.errors.push(RunErrorRecord { object: None, dn: dn.to_owned(), error, first_occurred: now, retry_count: 0 });
    }

    /// Number of errors so far.
    #[must_use]
    pub fn error_count(&self) -> u64 {
        self.progress.errors
    }

    /// Value of a counter.
    #[must_use]
    pub fn counter(&self, name: &str) -> u64 {
        self.progress.counters.get(name).copied().unwrap_or(0)
    }

    /// All counters.
    #[must_use]
    pub fn counters(&self) -> &BTreeMap<String, u64> {
        &self.progress.counters
    }

    /// Begins a phase of the step.
    pub fn phase(&mut self, phase: &'static str, total: Option<u64>) {
        self.progress.phase = phase;
        self.progress.total = total;
        self.progress.done = 0;
        self.last_report = None;
        self.advance(0, "");
    }

    /// Says that objects were done; reports at most four times a second.
    pub fn advance(&mut self, objects: u64, current: &str) {
        self.progress.done += objects;
        if self.last_report.is_none_or(|last| last.elapsed() >= REPORT_INTERVAL) {
            current.clone_into(&mut self.progress.current);
            self.last_report = Some(Instant::now());
            (self.sink)(&self.progress);
        }
    }

    /// Writes what was collected since the last time.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be written.
    pub fn flush(&mut self, transaction: &Transaction<'_>) -> Result<(), StoreError> {
        add_objects(transaction, self.run, self.step, std::mem::take(&mut self.objects))?;
        add_errors(transaction, self.run, self.step, &self.errors)?;
        save_counters(transaction, self.run, self.step, &self.progress.counters)?;
        self.errors.clear();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ConnectorId, Delta, Dn, Image};

    fn counted(recorder: &mut Recorder, operation: ObjectOperation, times: u64) -> u64 {
        let dn = Dn::parse("CN=a").unwrap();
        let object = CsObject::new(uuid::Uuid::nil(), ConnectorId(1), &dn, jiff::Timestamp::UNIX_EPOCH);
        let before = recorder.objects.iter().filter(|object| object.change.is_some()).count();
        for _ in 0..times {
            let delta = Delta { operation, dn: Some("CN=a".to_owned()), ..Delta::none() };
            recorder.count_change("stage", &object, Some(RunChange::of(&Image::new(), &delta)));
        }
        (recorder.objects.iter().filter(|object| object.change.is_some()).count() - before) as u64
    }

    #[test]
    fn a_step_keeps_the_changes_that_there_is_room_for() {
        let mut recorder = Recorder::new(RunId(1), 1, Box::new(|_| {}));
        assert_eq!(counted(&mut recorder, ObjectOperation::Add, MOST_NEW + 5), MOST_NEW);
        assert!(!recorder.keeps(true) && recorder.keeps(false));
        assert_eq!(counted(&mut recorder, ObjectOperation::Update, MOST_CHANGES), MOST_CHANGES - MOST_NEW);
        assert!(!recorder.keeps(false));
        assert_eq!(recorder.counter("stage"), MOST_NEW + 5 + MOST_CHANGES, "what is not kept is counted");
        let mut none = Recorder::new(RunId(1), 1, Box::new(|_| {})).without_changes();
        assert_eq!(counted(&mut none, ObjectOperation::Update, 3), 0);
    }
}
