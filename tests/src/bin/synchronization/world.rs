//! The engine on directories in memory.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use syncline_engine::connector::memory::{DeltaContent, MemoryDirectory};
use syncline_engine::connector::{Connector, ConnectorError, ConnectorErrorKind, DirectoryPartition, EntryValue};
use syncline_engine::model::{ConnectorId, IdSource, PartitionId, RandomIds, Schema, SystemClock};
use syncline_engine::rules::active_directory_schema;
use syncline_engine::run::{DirectoryFactory, RunCore, default_profiles};
use syncline_engine::setup::{TENANT_KIND, apply_default_rules};
use syncline_engine::store::configuration::{self, ConnectorRecord, PartitionRecord};
use syncline_engine::store::runs::{RunQuery, runs};
use syncline_engine::store::{Database, attributes};

use super::forest::{DOMAIN, Shape, containers, group, group_anchor, user};

/// The forest's connector.
pub const FOREST: &str = "fabrikam.com";
/// The tenant's connector.
pub const TENANT: &str = "fabrikam.onmicrosoft.com - AAD";

const TENANT_SCHEMA: &str = include_str!("../../../../assets/tenant-schema.toml");

/// Everything that is measured.
pub struct World {
    file: PathBuf,
    shape: Shape,
    database: Arc<Database>,
    core: Arc<RunCore>,
    connectors: BTreeMap<&'static str, ConnectorId>,
    forest: MemoryDirectory,
}

struct Factory(BTreeMap<String, MemoryDirectory>);

impl DirectoryFactory for Factory {
    fn open(&self, connector: &ConnectorRecord) -> Result<Box<dyn Connector>, ConnectorError> {
        match self.0.get(&connector.name) {
            Some(directory) => Ok(Box::new(directory.connect())),
            None => Err(ConnectorError::new(ConnectorErrorKind::Configuration, "no such directory")),
        }
    }
}

impl World {
    /// A forest that nothing has been imported from, an empty tenant, and the default rules between them.
    pub fn new(folder: &Path, shape: Shape) -> anyhow::Result<Self> {
        let file = folder.join("syncline.db");
        let database = Arc::new(Database::open(&file)?);
        let forest = MemoryDirectory::new(active_directory_schema()?, DOMAIN);
        forest.set_delta_content(DeltaContent::Values);
        containers().chain((0..shape.users).map(user)).chain((0..shape.groups).map(|place| group(shape, place))).for_each(
            |entry| {
                forest.put(entry);
            },
        );
        let tenant = MemoryDirectory::new(Schema::from_toml(TENANT_SCHEMA)?, "default");
        tenant.set_capabilities(|can| (can.rename, can.deletion_threshold) = (false, true));
        let mut connectors = BTreeMap::new();
        connectors
            .insert(FOREST, connector(&database, FOREST, "active-directory", active_directory_schema()?, Some("fabrikam.com"))?);
        connectors.insert(TENANT, connector(&database, TENANT, TENANT_KIND, Schema::from_toml(TENANT_SCHEMA)?, None)?);
        apply_default_rules(&database, &RandomIds)?;
        let factory = Factory([(FOREST.to_owned(), forest.clone()), (TENANT.to_owned(), tenant)].into());
        let core = RunCore::new(
            Arc::clone(&database),
            Arc::new(SystemClock),
            Arc::new(RandomIds),
            Arc::new(factory),
            "benchmark".to_owned(),
            Box::new(|_| {}),
        )?;
        Ok(Self { file, shape, database, core: Arc::new(core), connectors, forest })
    }

    /// Users and groups.
    pub fn objects(&self) -> usize {
        self.shape.users + self.shape.groups
    }

    /// Runs a profile to its end, which must be success.
    pub fn run(&self, connector: &str, profile: &str) -> anyhow::Result<()> {
        let connector = self.connectors.get(connector).copied().context("no such connector")?;
        let run = self.core.start(connector, profile)?.wait()?;
        let records = runs(&*self.database.reader()?, &RunQuery { id: Some(run), ..RunQuery::default() })?;
        let status = records.first().map(|record| record.status.clone()).unwrap_or_default();
        if status != "success" {
            bail!("{profile} ended with {status}");
        }
        Ok(())
    }

    /// Changes an attribute of an object of the forest.
    pub fn set(&self, anchor: &[u8], attribute: &str, values: &[&str]) {
        self.forest.set(anchor, attribute, values.iter().map(|value| EntryValue::Text((*value).to_owned())).collect());
    }

    /// Changes the members of a group of the forest.
    pub fn set_members(&self, group: usize, members: &[String]) {
        self.forest.set(&group_anchor(group), "member", members.iter().cloned().map(EntryValue::Reference).collect());
    }

    /// The database's file.
    pub fn database_file(&self) -> &Path {
        &self.file
    }
}

fn connector(database: &Database, name: &str, kind: &str, schema: Schema, domain: Option<&str>) -> anyhow::Result<ConnectorId> {
    let ids = RandomIds;
    let netbios = domain.and_then(|domain| domain.split('.').next()).map(str::to_uppercase);
    let partition = DirectoryPartition {
        name: if domain.is_some() { DOMAIN.to_owned() } else { "default".to_owned() },
        dns_name: domain.map(str::to_owned),
        netbios_name: netbios.clone(),
        forest_dns_name: domain.map(str::to_owned),
        forest_netbios_name: netbios,
        directory_id: None,
        domain: true,
    };
    let mut writer = database.writer();
    let transaction = writer.transaction()?;
    let mut names = attributes::load(&transaction)?;
    for definition in schema.attributes() {
        names.intern(&definition.name);
    }
    let mut record = ConnectorRecord {
        id: ConnectorId(0),
        guid: ids.guid(),
        name: name.to_owned(),
        kind: kind.to_owned(),
        description: String::new(),
        settings: "{}".to_owned(),
        object_types: schema.types().map(str::to_owned).collect(),
        schema,
        attributes: Vec::new(),
        secret: None,
        deprovisioning: syncline_engine::model::Deprovisioning::default(),
        created: jiff::Timestamp::now(),
        full_import_reason: None,
        full_sync_reason: None,
    };
    record.id = configuration::save_connector(&transaction, &record)?;
    let stored = PartitionRecord {
        id: PartitionId(0),
        guid: ids.guid(),
        connector: record.id,
        name: partition.name.clone(),
        selected: true,
        detail: serde_json::to_string(&partition)?,
        include: Vec::new(),
        exclude: Vec::new(),
        watermark: None,
        generation: 0,
    };
    configuration::save_partition(&transaction, &stored)?;
    for profile in default_profiles(&record, std::slice::from_ref(&stored), &ids) {
        configuration::save_profile(&transaction, &profile)?;
    }
    attributes::save(&transaction, &names)?;
    transaction.commit()?;
    Ok(record.id)
}
