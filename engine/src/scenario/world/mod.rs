//! The world of a scenario: a temporary database, directories in memory, a clock that stands still until it is
//! advanced.

mod build;
mod kill;
mod sight;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;
use thiserror::Error;
use uuid::Uuid;

use self::kill::{KillSwitch, Trigger, WatchedClock, WatchedConnector, WatchedIds, copy_database};
use super::model::{DirectoryKind, Kill, Scenario, Subject};
use crate::connector::memory::{MemoryDirectory, MemoryEntry};
use crate::connector::{CancelToken, Connector, ConnectorError, ConnectorErrorKind};
use crate::model::{Clock, ConnectorId, Schema, SequentialIds};
use crate::run::{DirectoryFactory, RunCore, RunError};
use crate::setup::SetupError;
use crate::step::StepEnvironment;
use crate::store::configuration::ConnectorRecord;
use crate::store::{Database, StoreError};
use crate::whatif::WhatIfError;

pub(super) use build::COMBINED_PROFILES;
pub(super) use sight::Sight;

/// The instant at which every scenario begins.
const BEGINNING: Timestamp = Timestamp::constant(1_767_607_200, 0);

/// A scenario that could not be run, through no fault of its text.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ScenarioError {
    /// The temporary folder cannot be used.
    #[error("the temporary database of the scenario cannot be used: {0}")]
    Folder(#[from] std::io::Error),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A run could not begin.
    #[error(transparent)]
    Run(#[from] RunError),
    /// A what-if could not be computed.
    #[error(transparent)]
    WhatIf(#[from] WhatIfError),
    /// The default rules could not be applied.
    #[error(transparent)]
    Setup(#[from] SetupError),
}

/// The clock of a scenario.
#[derive(Debug)]
pub(super) struct ScenarioClock(Mutex<Timestamp>);

impl Clock for ScenarioClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ScenarioClock {
    fn advance(&self, by: SignedDuration) {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *now = now.saturating_add(by).unwrap_or(*now);
    }
}

/// Minutes after midnight of the first day.
pub(super) fn minutes(time: Timestamp) -> i64 {
    time.duration_since(BEGINNING).as_mins() + 10 * 60
}

/// A directory and the connector that reads it.
#[derive(Clone, Debug)]
pub(super) struct Site {
    pub id: ConnectorId,
    pub kind: DirectoryKind,
    pub schema: Arc<Schema>,
    pub directory: MemoryDirectory,
}

/// Opens the directories of the world by the connector's name.
struct Factory {
    directories: BTreeMap<String, MemoryDirectory>,
    switch: Arc<KillSwitch>,
}

impl DirectoryFactory for Factory {
    fn open(&self, connector: &ConnectorRecord) -> Result<Box<dyn Connector>, ConnectorError> {
        match self.directories.get(&connector.name) {
            Some(directory) => Ok(Box::new(WatchedConnector::new(directory, &self.switch))),
            None => Err(ConnectorError::new(ConnectorErrorKind::Configuration, "the scenario has no such directory")),
        }
    }
}

/// The folder of all databases of one scenario.
#[derive(Debug)]
struct Workshop {
    folder: TempDir,
    next: AtomicU32,
}

impl Workshop {
    /// A place for another database.
    fn place(&self) -> std::io::Result<PathBuf> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let folder = self.folder.path().join(number.to_string());
        std::fs::create_dir(&folder)?;
        Ok(folder.join("syncline.db"))
    }
}

/// An object of a directory as the file put it there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PutEntry {
    pub connector: String,
    pub anchor: Vec<u8>,
    /// Its last name.
    pub dn: String,
}

/// An object as it was last seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Noted {
    pub guid: Uuid,
    pub anchor: Option<Vec<u8>>,
    pub dn: String,
}

/// Everything that a scenario works on.
pub(super) struct World {
    workshop: Arc<Workshop>,
    path: PathBuf,
    pub database: Arc<Database>,
    pub core: Arc<RunCore>,
    pub sites: BTreeMap<String, Site>,
    clock: Arc<ScenarioClock>,
    ids: Arc<SequentialIds>,
    switch: Arc<KillSwitch>,
    /// Objects that the file named.
    pub put: BTreeMap<String, PutEntry>,
    /// Objects that the file looks at through others, to be noted after every step.
    watched: Arc<BTreeSet<Subject>>,
    /// Where they were last.
    pub noted: BTreeMap<Subject, Noted>,
}

impl World {
    /// A world with the directories of a scenario, all of them empty.
    pub(super) fn new(scenario: &Scenario) -> Result<Self, ScenarioError> {
        let folder = tempfile::Builder::new().prefix("syncline-scenario-").tempdir()?;
        let workshop = Arc::new(Workshop { folder, next: AtomicU32::new(0) });
        let path = workshop.place()?;
        let database = Arc::new(Database::open(&path)?);
        let ids = Arc::new(SequentialIds::default());
        let sites = build::connectors(&database, &scenario.directories, ids.as_ref(), BEGINNING)?;
        let clock = Arc::new(ScenarioClock(Mutex::new(BEGINNING)));
        let switch = Arc::new(KillSwitch::default());
        let core = core(&database, &clock, &ids, &switch, &sites)?;
        Ok(Self {
            workshop,
            path,
            database,
            core,
            sites,
            clock,
            ids,
            switch,
            put: BTreeMap::new(),
            watched: Arc::default(),
            noted: BTreeMap::new(),
        })
    }

    /// Notes where these objects are, from now on after every step.
    pub(super) fn watch(&mut self, watched: BTreeSet<Subject>) -> Result<(), ScenarioError> {
        self.watched = Arc::new(watched);
        self.note()
    }

    /// A world of its own in the same state.
    pub(super) fn fork(&self) -> Result<Self, ScenarioError> {
        let path = self.workshop.place()?;
        copy_database(&self.path, &path)?;
        let forked = |site: &Site| Site { directory: site.directory.fork(), ..site.clone() };
        let sites = self.sites.iter().map(|(name, site)| (name.clone(), forked(site))).collect();
        let clock = Arc::new(ScenarioClock(Mutex::new(self.clock.now())));
        let mut world = Self {
            workshop: Arc::clone(&self.workshop),
            path: self.path.clone(),
            database: Arc::clone(&self.database),
            core: Arc::clone(&self.core),
            sites,
            clock,
            ids: Arc::clone(&self.ids),
            switch: Arc::clone(&self.switch),
            put: self.put.clone(),
            watched: Arc::clone(&self.watched),
            noted: self.noted.clone(),
        };
        world.open(path)?;
        Ok(world)
    }

    /// Starts the engine on a database, as after a crash.
    fn open(&mut self, path: PathBuf) -> Result<(), ScenarioError> {
        self.switch = Arc::new(KillSwitch::default());
        self.database = Arc::new(Database::open(&path)?);
        self.core = core(&self.database, &self.clock, &self.ids, &self.switch, &self.sites)?;
        self.path = path;
        Ok(())
    }

    /// Ends the engine and starts it again.
    pub(super) fn restart(&mut self) -> Result<(), ScenarioError> {
        let path = self.workshop.place()?;
        copy_database(&self.path, &path)?;
        self.open(path)
    }

    /// Lets the program die in the next run.
    pub(super) fn arm(&self, kill: Kill) -> Result<(), ScenarioError> {
        let trigger = match kill {
            // The metaverse object and one object in every connector space.
            Kill::Objects(objects) => Trigger::Guids(objects.saturating_mul(self.sites.len() as u64 + 1)),
            Kill::Batch(number) => Trigger::Batches(number),
        };
        self.switch.arm(trigger, &self.path, self.workshop.place()?);
        Ok(())
    }

    /// Starts the engine again if the program died; false when it did not.
    pub(super) fn rise(&mut self) -> Result<bool, ScenarioError> {
        match self.switch.disarm() {
            None => Ok(false),
            Some(copy) => self.open(copy?).map(|()| true),
        }
    }

    pub(super) fn advance(&self, by: SignedDuration) {
        self.clock.advance(by);
    }

    pub(super) fn environment(&self) -> StepEnvironment {
        StepEnvironment {
            database: Arc::clone(&self.database),
            clock: Arc::clone(&self.clock) as Arc<dyn Clock>,
            ids: Arc::clone(&self.ids) as Arc<dyn crate::model::IdSource>,
            cancel: CancelToken::default(),
        }
    }

    /// The folder of the database.
    pub(super) fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(&self.path)
    }

    /// The bytes of the database as they lie on the disk.
    pub(super) fn bytes(&self) -> Result<Vec<Vec<u8>>, ScenarioError> {
        let mut log = self.path.clone().into_os_string();
        log.push("-wal");
        let log = PathBuf::from(log);
        let mut bytes = vec![std::fs::read(&self.path)?];
        if log.exists() {
            bytes.push(std::fs::read(log)?);
        }
        Ok(bytes)
    }

    /// The name of a connector.
    pub(super) fn connector_name(&self, id: ConnectorId) -> &str {
        self.sites.iter().find(|(_, site)| site.id == id).map_or("", |(name, _)| name)
    }

    /// An object of a directory by the name that the file gave it.
    pub(super) fn entry_put(&self, name: &str) -> Option<MemoryEntry> {
        let put = self.put.get(name)?;
        self.sites.get(&put.connector)?.directory.entry_of(&put.anchor)
    }

    /// An object of a directory.
    pub(super) fn entry(&self, subject: &Subject) -> Result<Option<MemoryEntry>, ScenarioError> {
        match subject {
            Subject::Object { name, .. } => Ok(self.entry_put(name)),
            _ => Sight::new(self, None)?.entry(subject),
        }
    }

    /// Notes where the watched objects are, so that they can be spoken of after their links are gone.
    pub(super) fn note(&mut self) -> Result<(), ScenarioError> {
        for put in self.put.values_mut() {
            let site = self.sites.get(&put.connector);
            if let Some(dn) = site.and_then(|site| site.directory.name_of(&put.anchor)) {
                put.dn = dn;
            }
        }
        let mut seen = BTreeMap::new();
        {
            let sight = Sight::new(self, None)?;
            let remembered = self.noted.keys().filter(|subject| !self.watched.contains(subject));
            for subject in self.watched.iter().chain(remembered) {
                if let Some(noted) = sight.where_is(subject)? {
                    seen.insert(subject.clone(), noted);
                }
            }
        }
        self.noted.extend(seen);
        Ok(())
    }
}

fn core(
    database: &Arc<Database>,
    clock: &Arc<ScenarioClock>,
    ids: &Arc<SequentialIds>,
    switch: &Arc<KillSwitch>,
    sites: &BTreeMap<String, Site>,
) -> Result<Arc<RunCore>, ScenarioError> {
    let directories = sites.iter().map(|(name, site)| (name.clone(), site.directory.clone())).collect();
    let core = RunCore::new(
        Arc::clone(database),
        Arc::new(WatchedClock { clock: Arc::clone(clock), switch: Arc::clone(switch) }),
        Arc::new(WatchedIds { ids: Arc::clone(ids), switch: Arc::clone(switch) }),
        Arc::new(Factory { directories, switch: Arc::clone(switch) }),
        "scenario".to_owned(),
        Box::new(|_| {}),
    )?;
    Ok(Arc::new(core))
}
