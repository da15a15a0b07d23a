//! Adding a directory: the wizard's "connect your directories" page, applied.

use jiff::Timestamp;
use secrecy::SecretString;
use thiserror::Error;

use super::directories::{TENANT_KIND, open_directory};
use crate::connector::{ConnectorError, DirectoryPartition};
use crate::model::{ConnectorId, IdSource, PartitionId};
use crate::rules::DefaultSetError;
use crate::run::default_profiles;
use crate::store::configuration::{self, ConnectorRecord, PartitionRecord};
use crate::store::secrets::{SecretError, SecretStore};
use crate::store::{Database, StoreError};

/// Object types of a forest that are selected (`default-rules.md` 2.2).
const FOREST_TYPES: [&str; 10] = [
    "computer",
    "contact",
    "container",
    "domainDNS",
    "foreignSecurityPrincipal",
    "group",
    "inetOrgPerson",
    "msDS-Device",
    "organizationalUnit",
    "user",
];

/// A configuration step that could not be applied.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SetupError {
    /// The name is in use.
    #[error("a connector named \"{0}\" already exists")]
    NameTaken(String),
    /// A database has one tenant (`engine.md` 10).
    #[error("this workspace already has a tenant, \"{0}\"; one workspace synchronizes to one tenant")]
    SecondTenant(String),
    /// The directory has nothing to offer.
    #[error("{0} has no partition that could be selected")]
    NoPartition(String),
    /// The directory could not be used.
    #[error(transparent)]
    Connector(#[from] ConnectorError),
    /// The password could not be kept.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The shipped rules are faulty.
    #[error(transparent)]
    Rules(#[from] DefaultSetError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Settings could not be written.
    #[error("the settings of \"{name}\" cannot be written")]
    Settings {
        /// Connector.
        name: String,
        /// Cause.
        #[source]
        source: serde_json::Error,
    },
    /// A file could not be written.
    #[error("cannot write {path}")]
    File {
        /// File.
        path: String,
        /// Cause.
        #[source]
        source: std::io::Error,
    },
    /// The sandbox tenant failed.
    #[error("the sandbox tenant could not be used: {0}")]
    Sandbox(#[from] syncline_sandbox::SandboxError),
}

/// A directory to be added.
#[derive(Debug)]
pub struct NewDirectory {
    /// Name of the connector.
    pub name: String,
    /// `active-directory`, `file` or `tenant`.
    pub kind: String,
    /// Settings of the kind, as JSON.
    pub settings: String,
    /// Password or client secret.
    pub secret: Option<SecretString>,
}

/// Connects to a directory, reads its schema and partitions, and stores it as a connector with its five
/// run profiles. Nothing is stored when the directory cannot be used.
///
/// # Errors
/// [`SetupError`] names what is wrong.
pub fn add_directory(
    database: &Database,
    secrets: &SecretStore,
    ids: &dyn IdSource,
    now: Timestamp,
    new: NewDirectory,
) -> Result<ConnectorId, SetupError> {
    let existing = configuration::connectors(&*database.reader()?)?;
    if existing.iter().any(|connector| connector.name.eq_ignore_ascii_case(&new.name)) {
        return Err(SetupError::NameTaken(new.name));
    }
    if let Some(tenant) = existing.iter().find(|connector| connector.kind == TENANT_KIND && new.kind == TENANT_KIND) {
        return Err(SetupError::SecondTenant(tenant.name.clone()));
    }
    let mut directory = open_directory(&new.kind, &new.settings, new.secret.clone())?;
    let schema = directory.schema()?;
    let partitions: Vec<DirectoryPartition> = directory.partitions()?;
    drop(directory);
    if partitions.is_empty() {
        return Err(SetupError::NoPartition(new.name));
    }
    let object_types = schema
        .types()
        .filter(|name| new.kind == TENANT_KIND || FOREST_TYPES.iter().any(|wanted| wanted.eq_ignore_ascii_case(name)))
        .map(str::to_owned)
        .collect();
    let record = ConnectorRecord {
        id: ConnectorId(0),
        guid: ids.guid(),
        name: new.name,
        kind: new.kind,
        description: String::new(),
        settings: new.settings,
        schema,
        object_types,
        attributes: Vec::new(),
        secret: new.secret.as_ref().map(|secret| secrets.encrypt(secret)).transpose()?,
        created: now,
        full_import_reason: Some("it was never imported".to_owned()),
        full_sync_reason: Some("it was never synchronized".to_owned()),
    };
    let mut writer = database.writer();
    let transaction = writer.transaction()?;
    let connector = configuration::save_connector(&transaction, &record)?;
    let mut records = Vec::new();
    for partition in partitions {
        let record = PartitionRecord {
            id: PartitionId(0),
            guid: partition.directory_id.unwrap_or_else(|| ids.guid()),
            connector,
            selected: partition.domain,
            detail: serde_json::to_string(&partition)
                .map_err(|source| SetupError::Settings { name: record.name.clone(), source })?,
            name: partition.name,
            include: Vec::new(),
            exclude: Vec::new(),
            watermark: None,
            generation: 0,
        };
        configuration::save_partition(&transaction, &record)?;
        records.push(record);
    }
    for profile in default_profiles(&ConnectorRecord { id: connector, ..record }, &records, ids) {
        configuration::save_profile(&transaction, &profile)?;
    }
    transaction.commit().map_err(StoreError::sqlite("storing a connector"))?;
    Ok(connector)
}
