//! A temporary database and directories in memory, with the connectors and rules of a setting.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use tempfile::TempDir;

use super::ExampleError;
use super::setting::{ExampleSetting, SettingConnector};
use crate::connector::memory::{MemoryDirectory, MemoryEntry};
use crate::connector::{CancelToken, EntryValue};
use crate::export::{self, ExportOptions};
use crate::import;
use crate::model::{ConnectorId, CsId, Deprovisioning, Dn, FixedClock, IdSource, PartitionId, RunId, SequentialIds};
use crate::protection::DeletionLimit;
use crate::rules::{Plan, SyncRule};
use crate::step::{Recorder, StepEnd, StepEnvironment, StepStatus};
use crate::store::configuration::{self, ConnectorRecord, PartitionRecord, ProfileStep, StepType};
use crate::store::runs::{self, RunRecord};
use crate::store::{Database, StoreError, connector_space, schema};
use crate::sync::{self, SyncOptions};

/// The instant at which every example happens.
const NOW: Timestamp = Timestamp::constant(1_767_607_200, 0);
/// Errors of an import that are told.
const ERRORS_TOLD: u32 = 10;

/// A connector of the example with its directories, one for each partition.
struct Site {
    connector: ConnectorId,
    partitions: Vec<(PartitionId, Option<Dn>, MemoryDirectory)>,
}

/// Where an object of the example is.
#[derive(Clone, Debug)]
struct Place {
    site: usize,
    partition: usize,
    anchor: Vec<u8>,
}

/// Everything that an example happens in.
pub(super) struct World {
    _folder: TempDir,
    pub(super) environment: StepEnvironment,
    sites: Vec<Site>,
    run: RunId,
    steps: u32,
    places: BTreeMap<String, Place>,
}

impl World {
    pub(super) fn new(setting: &ExampleSetting) -> Result<Self, ExampleError> {
        let folder = tempfile::tempdir()?;
        let database = Arc::new(Database::open(&folder.path().join("examples.db"))?);
        let ids = SequentialIds::default();
        let mut writer = database.writer();
        let transaction = writer.transaction()?;
        schema::set_metaverse(&transaction, &setting.metaverse)?;
        let mut sites = Vec::new();
        let mut numbers = BTreeMap::new();
        for connector in &setting.connectors {
            let record = record(connector);
            let id = configuration::save_connector(&transaction, &record)?;
            numbers.insert(connector.id, id);
            let mut partitions = Vec::new();
            for partition in &connector.partitions {
                let record = PartitionRecord {
                    id: PartitionId(0),
                    guid: ids.guid(),
                    connector: id,
                    name: partition.name.clone(),
                    selected: true,
                    detail: serde_json::to_string(partition).map_err(|error| StoreError::damaged("a partition", error))?,
                    include: Vec::new(),
                    exclude: Vec::new(),
                    watermark: None,
                    generation: 0,
                };
                let number = configuration::save_partition(&transaction, &record)?;
                let directory = MemoryDirectory::new(connector.schema.as_ref().clone(), &partition.name);
                directory.set_capabilities(|can| can.rename = !connector.is_tenant());
                partitions.push((number, Dn::parse(&partition.name).ok(), directory));
            }
            sites.push(Site { connector: id, partitions });
        }
        for rule in &setting.rules {
            // A rule of a connector that is gone does nothing in the installation either.
            let Some(connector) = numbers.get(&rule.connector) else { continue };
            configuration::save_rule(
                &transaction,
                &SyncRule { id: crate::model::RuleId(0), connector: *connector, ..rule.clone() },
            )?;
        }
        let run = RunRecord {
            id: RunId(0),
            connector: ConnectorId(0),
            connector_name: String::new(),
            profile: "example".to_owned(),
            user: String::new(),
            status: "in-progress".to_owned(),
            started: NOW,
            ended: None,
            steps: 1,
        };
        let run = runs::insert_run(&transaction, &run)?;
        transaction.commit().map_err(StoreError::sqlite("storing the connectors of an example"))?;
        drop(writer);
        let clock = Arc::new(FixedClock(NOW));
        let environment = StepEnvironment { database, clock, ids: Arc::new(ids), cancel: CancelToken::default() };
        Ok(Self { _folder: folder, environment, sites, run, steps: 0, places: BTreeMap::new() })
    }

    /// The number of a connector.
    pub(super) fn connector(&self, site: usize) -> ConnectorId {
        self.sites.get(site).map_or(ConnectorId(0), |site| site.connector)
    }

    /// The base of the partition that holds a name.
    ///
    /// # Errors
    /// A sentence when no partition holds it.
    pub(super) fn partition_of(&self, site: usize, dn: &str) -> Result<(usize, String), String> {
        let parsed = Dn::parse(dn).map_err(|error| format!("\"{dn}\" is no distinguished name: {error}"))?;
        let partitions = self.sites.get(site).map(|site| site.partitions.as_slice()).unwrap_or_default();
        let bases = partitions.iter().enumerate().filter_map(|(place, (_, base, _))| Some((place, base.as_ref()?)));
        let holding = bases.clone().filter(|(_, base)| parsed.is_under(base) || parsed.key() == base.key());
        match holding.max_by_key(|(_, base)| base.depth()) {
            Some((place, base)) => Ok((place, base.as_str().to_owned())),
            None => {
                let known: Vec<&str> = bases.map(|(_, base)| base.as_str()).collect();
                Err(format!("\"{dn}\" lies in no partition of its forest ({})", known.join("; ")))
            }
        }
    }

    /// Puts an object into its forest.
    pub(super) fn put(
        &mut self,
        id: &str,
        (site, partition): (usize, usize),
        dn: &str,
        object_type: &str,
        attributes: BTreeMap<String, Vec<EntryValue>>,
    ) {
        let place = Place { site, partition, anchor: id.as_bytes().to_vec() };
        if let Some(directory) = self.directory(&place) {
            directory.put(MemoryEntry::new(place.anchor.clone(), dn, object_type, attributes));
        }
        self.places.insert(id.to_owned(), place);
    }

    fn directory(&self, place: &Place) -> Option<&MemoryDirectory> {
        self.sites.get(place.site)?.partitions.get(place.partition).map(|(_, _, directory)| directory)
    }

    /// Changes an attribute of an object in its forest.
    pub(super) fn change(&self, id: &str, attribute: &str, values: Vec<EntryValue>) {
        if let Some(place) = self.places.get(id)
            && let Some(directory) = self.directory(place)
        {
            directory.set(&place.anchor, attribute, values);
        }
    }

    /// Changes an attribute of an object of the tenant, by its name.
    pub(super) fn change_in(&self, site: usize, dn: &str, attribute: &str, values: Vec<EntryValue>) {
        for (_, _, directory) in self.sites.get(site).map(|site| site.partitions.as_slice()).unwrap_or_default() {
            if let Some(entry) = directory.entry(dn) {
                directory.set(&entry.anchor, attribute, values.clone());
            }
        }
    }

    /// The numbers of the objects of the example that were imported, with their places in the setting.
    pub(super) fn numbers(&self) -> Result<BTreeMap<String, (usize, CsId)>, StoreError> {
        let reader = self.environment.database.reader()?;
        let mut numbers = BTreeMap::new();
        for (id, place) in &self.places {
            let anchor = place.anchor.as_slice();
            let found = connector_space::ids_by_anchor(&reader, self.connector(place.site), [anchor])?;
            if let Some(number) = found.get(anchor) {
                numbers.insert(id.clone(), (place.site, *number));
            }
        }
        Ok(numbers)
    }

    /// Imports everything that a directory holds; gives what could not be read.
    pub(super) fn import(&mut self, site: usize, plan: &Plan) -> Result<Vec<String>, StoreError> {
        self.each_partition(site, StepType::FullImport, plan)
    }

    /// Exports what is staged; gives what was refused.
    pub(super) fn export(&mut self, site: usize, plan: &Plan) -> Result<Vec<String>, StoreError> {
        self.each_partition(site, StepType::Export, plan)
    }

    fn each_partition(&mut self, site: usize, step_type: StepType, plan: &Plan) -> Result<Vec<String>, StoreError> {
        let connector = self.connector(site);
        let keys = sync::connector_keys(plan, connector);
        let record = configuration::connector(&*self.environment.database.reader()?, connector)?;
        let Some(record) = record else { return Ok(Vec::new()) };
        let mut told = Vec::new();
        let directories: Vec<_> = self.sites.get(site).map(|site| site.partitions.clone()).unwrap_or_default();
        for (partition, _, directory) in directories {
            let partitions = configuration::partitions(&*self.environment.database.reader()?, connector)?;
            let Some(partition) = partitions.into_iter().find(|known| known.id == partition) else { continue };
            let step = ProfileStep::new(step_type, &partition.name);
            let mut recorder = self.recorder();
            let mut connection = directory.connect();
            let end = if step_type == StepType::Export {
                let options = ExportOptions { deletion_limit: DeletionLimit::Off, keys: Vec::new() };
                export::run(&self.environment, &record, &partition, &step, &mut connection, &mut recorder, &options)
            } else {
                import::run(&self.environment, &record, &partition, &step, &mut connection, &mut recorder, &keys)
            };
            told.extend(self.told(&end)?);
        }
        Ok(told)
    }

    /// Synchronizes a connector; gives why that broke off. Errors of objects stay with the objects.
    pub(super) fn synchronize(&mut self, site: usize, full: bool) -> Option<String> {
        let mut recorder = self.recorder();
        let options = SyncOptions { full, ..SyncOptions::default() };
        let end = sync::run_step(&self.environment, self.connector(site), options, &mut recorder);
        (!end.message.is_empty()).then_some(end.message)
    }

    fn recorder(&mut self) -> Recorder {
        self.steps += 1;
        Recorder::new(self.run, self.steps, Box::new(|_| {})).without_changes()
    }

    /// What a step has to complain of.
    fn told(&self, end: &StepEnd) -> Result<Vec<String>, StoreError> {
        let errors = runs::errors(&*self.environment.database.reader()?, self.run, self.steps, ERRORS_TOLD)?;
        let mut told: Vec<String> = errors.iter().map(|error| format!("{}: {}", error.dn, error.error.message)).collect();
        // A forest without objects is nothing unusual here.
        if !end.message.is_empty() && end.status != StepStatus::COMPLETED_NO_OBJECTS {
            told.push(format!("{}: {}", end.status.0, end.message));
        }
        Ok(told)
    }
}

fn record(connector: &SettingConnector) -> ConnectorRecord {
    ConnectorRecord {
        id: ConnectorId(0),
        guid: connector.guid,
        name: connector.name.clone(),
        kind: connector.kind.clone(),
        description: String::new(),
        settings: "{}".to_owned(),
        schema: connector.schema.as_ref().clone(),
        object_types: connector.schema.types().map(str::to_owned).collect(),
        attributes: connector.schema.attributes().map(|definition| definition.name.clone()).collect(),
        secret: None,
        deprovisioning: Deprovisioning::default(),
        created: NOW,
        full_import_reason: None,
        full_sync_reason: None,
    }
}
