//! The death of the program in the middle of a run.
//!
//! Nothing is killed: at the moment in question the database files are copied, as a crash would leave them,
//! and the scenario goes on with the copy. The run that was cut off ends on files that nobody looks at again.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use uuid::Uuid;

use super::ScenarioClock;
use crate::connector::memory::{MemoryConnector, MemoryDirectory};
use crate::connector::{
    Anchor, CancelToken, Capabilities, Connector, ConnectorError, ConnectorErrorKind, DirectoryPartition, ExportChange,
    ExportResult, ImportItem, ImportRequest, ImportSummary,
};
use crate::model::{Clock, IdSource, Schema, SequentialIds};

/// Copies a database as it lies on the disk: the file and its write-ahead log.
pub(super) fn copy_database(from: &Path, to: &Path) -> std::io::Result<()> {
    for ending in ["", "-wal"] {
        let part = |path: &Path| {
            let mut name = path.as_os_str().to_owned();
            name.push(ending);
            PathBuf::from(name)
        };
        if part(from).exists() {
            std::fs::copy(part(from), part(to))?;
        }
    }
    Ok(())
}

/// What makes the program die.
#[derive(Clone, Copy, Debug)]
pub(super) enum Trigger {
    /// So many GUIDs were taken: a batch of a synchronization takes them for each of its objects before anything of
    /// the batch is written.
    Guids(u64),
    /// They were taken; it dies when the batch before, which is being written meanwhile, is over and the time is read.
    Time,
    /// So many batches were carried out by a directory.
    Batches(u64),
}

/// Something by which the switch sees how far a run has come.
#[derive(Clone, Copy)]
enum Sign {
    Guid,
    Time,
    Batch,
}

#[derive(Debug)]
struct Armed {
    trigger: Trigger,
    database: PathBuf,
    copy: PathBuf,
}

#[derive(Debug, Default)]
struct State {
    armed: Option<Armed>,
    died: Option<std::io::Result<PathBuf>>,
}

/// Shared by everything that a run uses and that can tell how far it has come.
#[derive(Debug, Default)]
pub(super) struct KillSwitch(Mutex<State>);

impl KillSwitch {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets the program die at the trigger.
    pub(super) fn arm(&self, trigger: Trigger, database: &Path, copy: PathBuf) {
        *self.state() = State { armed: Some(Armed { trigger, database: database.to_owned(), copy }), died: None };
    }

    /// The copy, when the program died since the switch was armed.
    pub(super) fn disarm(&self) -> Option<std::io::Result<PathBuf>> {
        let mut state = self.state();
        state.armed = None;
        state.died.take()
    }

    fn is_dead(&self) -> bool {
        self.state().died.is_some()
    }

    fn count(&self, sign: Sign) {
        let mut state = self.state();
        let fires = match (state.armed.as_mut().map(|armed| &mut armed.trigger), sign) {
            (Some(trigger @ Trigger::Guids(0)), Sign::Guid) => {
                *trigger = Trigger::Time;
                false
            }
            (Some(Trigger::Guids(left)), Sign::Guid) => {
                *left -= 1;
                false
            }
            (Some(Trigger::Time), Sign::Time) => true,
            (Some(Trigger::Batches(left)), Sign::Batch) => {
                *left = left.saturating_sub(1);
                *left == 0
            }
            _ => false,
        };
        if fires && let Some(armed) = state.armed.take() {
            state.died = Some(copy_database(&armed.database, &armed.copy).map(|()| armed.copy));
        }
    }
}

/// GUIDs that count upwards, watched by the switch.
#[derive(Debug)]
pub(super) struct WatchedIds {
    pub ids: Arc<SequentialIds>,
    pub switch: Arc<KillSwitch>,
}

impl IdSource for WatchedIds {
    fn guid(&self) -> Uuid {
        self.switch.count(Sign::Guid);
        self.ids.guid()
    }
}

/// The clock of the scenario, watched by the switch.
#[derive(Debug)]
pub(super) struct WatchedClock {
    pub clock: Arc<ScenarioClock>,
    pub switch: Arc<KillSwitch>,
}

impl Clock for WatchedClock {
    fn now(&self) -> Timestamp {
        self.switch.count(Sign::Time);
        self.clock.now()
    }
}

/// A connection to a directory in memory, watched by the switch.
pub(super) struct WatchedConnector {
    inner: MemoryConnector,
    switch: Arc<KillSwitch>,
}

impl WatchedConnector {
    pub(super) fn new(directory: &MemoryDirectory, switch: &Arc<KillSwitch>) -> Self {
        Self { inner: directory.connect(), switch: Arc::clone(switch) }
    }
}

fn died() -> ConnectorError {
    ConnectorError::new(ConnectorErrorKind::Cancelled, "the program is dead")
}

impl Connector for WatchedConnector {
    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    fn schema(&mut self) -> Result<Schema, ConnectorError> {
        self.inner.schema()
    }

    fn partitions(&mut self) -> Result<Vec<DirectoryPartition>, ConnectorError> {
        self.inner.partitions()
    }

    fn import(
        &mut self,
        request: &ImportRequest,
        sink: &mut dyn FnMut(ImportItem) -> bool,
    ) -> Result<ImportSummary, ConnectorError> {
        self.inner.import(request, sink)
    }

    fn objects(
        &mut self,
        request: &ImportRequest,
        anchors: &[Anchor],
        sink: &mut dyn FnMut(ImportItem) -> bool,
    ) -> Result<(), ConnectorError> {
        self.inner.objects(request, anchors, sink)
    }

    fn export(&mut self, changes: &[ExportChange], cancel: &CancelToken) -> Result<Vec<ExportResult>, ConnectorError> {
        if self.switch.is_dead() {
            return Err(died());
        }
        let results = self.inner.export(changes, cancel)?;
        self.switch.count(Sign::Batch);
        if self.switch.is_dead() { Err(died()) } else { Ok(results) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_switch_fires_once_when_so_much_was_done() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("a"), folder.path().join("b"));
        std::fs::write(&from, "content").unwrap();
        let switch = Arc::new(KillSwitch::default());
        let ids = WatchedIds { ids: Arc::default(), switch: Arc::clone(&switch) };
        ids.guid();
        switch.arm(Trigger::Guids(2), &from, to.clone());
        ids.guid();
        ids.guid();
        switch.count(Sign::Batch);
        assert!(!switch.is_dead());
        ids.guid();
        assert!(!switch.is_dead());
        switch.count(Sign::Time);
        assert!(switch.is_dead());
        assert_eq!(switch.disarm().unwrap().unwrap(), to);
        assert_eq!(std::fs::read_to_string(&to).unwrap(), "content");
        assert!(switch.disarm().is_none());
        switch.arm(Trigger::Batches(2), &from, to);
        switch.count(Sign::Batch);
        assert!(!switch.is_dead());
        switch.count(Sign::Batch);
        assert!(switch.is_dead());
    }
}
