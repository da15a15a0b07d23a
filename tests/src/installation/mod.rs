//! An engine on a forest in memory and a tenant of the caller's choice, with the default rules between them.

pub mod forest;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use syncline_engine::connector::memory::{DeltaContent, MemoryDirectory};
use syncline_engine::connector::{Connector, ConnectorError, ConnectorErrorKind, DirectoryPartition, EntryValue};
use syncline_engine::model::{Clock, ConnectorId, IdSource, PartitionId, RandomIds, Schema};
use syncline_engine::rules::active_directory_schema;
use syncline_engine::run::{DirectoryFactory, RunCore, default_profiles};
use syncline_engine::setup::{TENANT_KIND, apply_default_rules};
use syncline_engine::store::configuration::{self, ConnectorRecord, PartitionRecord};
use syncline_engine::store::runs::{RunQuery, errors, runs, steps};
use syncline_engine::store::{Database, attributes, pending};

use self::forest::{DOMAIN, Shape, containers, group, group_anchor, user};

/// The forest's connector.
pub const FOREST: &str = "fabrikam.com";
/// The tenant's connector.
pub const TENANT: &str = "fabrikam.onmicrosoft.com - AAD";

const TENANT_SCHEMA: &str = include_str!("../../../assets/tenant-schema.toml");

/// How the tenant of an installation is reached.
pub struct TenantSide {
    schema: Schema,
    open: Box<dyn Fn() -> Result<Box<dyn Connector>, ConnectorError> + Send + Sync>,
}

impl TenantSide {
    /// A tenant with this schema, reached by what `open` gives.
    pub fn new(schema: Schema, open: impl Fn() -> Result<Box<dyn Connector>, ConnectorError> + Send + Sync + 'static) -> Self {
        Self { schema, open: Box::new(open) }
    }

    /// An empty tenant in memory.
    ///
    /// # Errors
    /// The built-in schema of the tenant cannot be read.
    pub fn in_memory() -> anyhow::Result<Self> {
        let tenant = MemoryDirectory::new(Schema::from_toml(TENANT_SCHEMA)?, "default");
        tenant.set_capabilities(|can| (can.rename, can.deletion_threshold) = (false, true));
        Ok(Self::new(Schema::from_toml(TENANT_SCHEMA)?, move || Ok(Box::new(tenant.connect()))))
    }
}

/// Everything that is measured.
pub struct Installation {
    file: PathBuf,
    shape: Shape,
    database: Arc<Database>,
    core: Arc<RunCore>,
    connectors: BTreeMap<&'static str, ConnectorId>,
    forest: MemoryDirectory,
}

struct Factory {
    forest: MemoryDirectory,
    tenant: TenantSide,
}

impl DirectoryFactory for Factory {
    fn open(&self, connector: &ConnectorRecord) -> Result<Box<dyn Connector>, ConnectorError> {
        match connector.name.as_str() {
            FOREST => Ok(Box::new(self.forest.connect())),
            TENANT => (self.tenant.open)(),
            _ => Err(ConnectorError::new(ConnectorErrorKind::Configuration, "no such directory")),
        }
    }
}

impl Installation {
    /// A forest that nothing has been imported from, a tenant, and the default rules between them.
    ///
    /// # Errors
    /// The database cannot be written.
    pub fn new(folder: &Path, shape: Shape, tenant: TenantSide, clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        let file = folder.join("syncline.db");
        let database = Arc::new(Database::open(&file)?);
        let forest = MemoryDirectory::new(active_directory_schema()?, DOMAIN);
        forest.set_delta_content(DeltaContent::Values);
        containers().chain((0..shape.users).map(user)).chain((0..shape.groups).map(|place| group(shape, place))).for_each(
            |entry| {
                forest.put(entry);
            },
        );
        let mut connectors = BTreeMap::new();
        connectors
            .insert(FOREST, connector(&database, FOREST, "active-directory", active_directory_schema()?, Some("fabrikam.com"))?);
        connectors.insert(TENANT, connector(&database, TENANT, TENANT_KIND, tenant.schema.clone(), None)?);
        apply_default_rules(&database, &RandomIds)?;
        let factory = Factory { forest: forest.clone(), tenant };
        let core = RunCore::new(
            Arc::clone(&database),
            clock,
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

    /// Runs a profile to its end, which must be success; attributes that the tenant cannot store are none the worse.
    ///
    /// # Errors
    /// The run ended otherwise, or something was not done.
    pub fn run(&self, connector: &str, profile: &str) -> anyhow::Result<()> {
        let connector = self.connectors.get(connector).copied().context("no such connector")?;
        let run = self.core.start(connector, profile)?.wait()?;
        let reader = self.database.reader()?;
        let records = runs(&reader, &RunQuery { id: Some(run), ..RunQuery::default() })?;
        let status = records.first().map(|record| record.status.clone()).unwrap_or_default();
        if !["success", "completed-warnings"].contains(&status.as_str()) {
            let steps = steps(&reader, &[run])?;
            let message = steps.first().map(|step| step.message.clone()).unwrap_or_default();
            let refused = errors(&reader, run, 1, 1)?;
            let refused = refused.first().map(|refused| format!("{}: {}", refused.dn, refused.error.message)).unwrap_or_default();
            bail!("{profile} ended with {status} {message} {refused}");
        }
        Ok(())
    }

    /// Objects that wait to be exported to the tenant.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn pending_exports(&self) -> anyhow::Result<usize> {
        let tenant = self.connectors.get(TENANT).copied().context("no tenant")?;
        let reader = self.database.reader()?;
        let partitions = configuration::partitions(&reader, tenant)?;
        let mut waiting = 0;
        for partition in partitions {
            let order = pending::order(&reader, tenant, partition.id)?;
            waiting += order.plain.len() + order.referring.len() + order.deletes.len();
        }
        Ok(waiting)
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
