//! Adding a directory: the wizard's "connect your directories" page, applied.

use std::collections::BTreeSet;
use std::path::Path;

use jiff::Timestamp;
use rusqlite::Transaction;
use secrecy::SecretString;
use serde::Serialize;
use thiserror::Error;

use super::TENANT_KIND;
use super::directories::{ACTIVE_DIRECTORY_KIND, FILE_KIND, check_sign_in, open_directory};
use super::rule_changes::next_version;
use super::rule_set::keep_by_hand;
use crate::connector::active_directory::ActiveDirectorySettings;
use crate::connector::entra::EntraSettings;
use crate::connector::file::FileSettings;
use crate::connector::generic_ldap::GenericLdapSettings;
use crate::connector::{ConnectorError, DirectoryPartition};
use crate::model::{AttributeDefinition, ConnectorId, Deprovisioning, IdSource, PartitionId, Schema, ValueType, fold_text};
use crate::rules::DefaultSetError;
use crate::run::default_profiles;
use crate::store::configuration::{self, ConnectorRecord, GENERIC_LDAP_KIND, PartitionRecord};
use crate::store::secrets::{SecretError, SecretStore};
use crate::store::{Database, StoreError};

/// Object types of LDAP directories that are selected by default.
const LDAP_TYPES: [&str; 4] = ["groupOfNames", "groupOfUniqueNames", "inetOrgPerson", "organizationalUnit"];

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
    /// The name cannot be used.
    #[error("a connector needs a name; for a forest it is the forest's DNS name, such as contoso.com")]
    NoName,
    /// The connector signs in nowhere.
    #[error("connector \"{0}\" reads a file and has no password; nothing was stored")]
    NoCredential(String),
    /// The connector is no forest that is reached over LDAP.
    #[error("connector \"{0}\" is not an Active Directory forest that is reached over LDAP")]
    NoForest(String),
    /// The connector is no tenant.
    #[error("connector \"{0}\" is no tenant")]
    NoTenant(String),
    /// Microsoft's own tool synchronizes to the tenant.
    #[error(
        "Microsoft's own tool synchronizes to tenant {0}, and two tools would undo each other's changes; switch it off first, or say that you know: --i-know"
    )]
    SynchronizedTenant(String),
    /// The connector does not exist any more.
    #[error("connector {0} does not exist")]
    UnknownConnector(ConnectorId),
    /// Rules use attributes that the directory does not have any more.
    #[error(
        "the directory of connector \"{connector}\" has lost attributes that rules use, so its schema was not stored: {uses}; change the rules first, or confirm"
    )]
    AttributesInUse {
        /// Connector.
        connector: String,
        /// Every attribute with the rule and the part that uses it.
        uses: String,
    },
    /// The name is in use.
    #[error("a connector named \"{0}\" already exists")]
    NameTaken(String),
    /// Another connector reads the same partition: the forest is configured already (`wizard.md` W-DIRDUP).
    #[error("partition {partition} is already read by connector \"{connector}\"; a forest is added once")]
    PartitionTaken {
        /// DN of the partition.
        partition: String,
        /// Connector that has it.
        connector: String,
    },
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

/// What setup works on: a workspace, and where identifiers and the time come from.
#[derive(Clone, Copy)]
pub struct SetupContext<'a> {
    /// The data folder.
    pub folder: &'a Path,
    /// Its database.
    pub database: &'a Database,
    /// Its passwords.
    pub secrets: &'a SecretStore,
    /// Gives out GUIDs.
    pub ids: &'a dyn IdSource,
    /// The present instant.
    pub now: Timestamp,
}

/// A directory to be added.
#[derive(Debug)]
pub struct NewDirectory {
    name: String,
    kind: &'static str,
    settings: String,
    secret: Option<SecretString>,
}

impl NewDirectory {
    /// A forest over LDAP, with the password of the account in its settings.
    ///
    /// # Errors
    /// [`SetupError::Settings`] when the settings cannot be written down.
    pub fn active_directory(name: &str, settings: &ActiveDirectorySettings, secret: SecretString) -> Result<Self, SetupError> {
        Self::of(name, ACTIVE_DIRECTORY_KIND, settings, Some(secret))
    }

    /// An LDAP directory that is no forest, with the password of the account in its settings.
    ///
    /// # Errors
    /// [`SetupError::Settings`] when the settings cannot be written down.
    pub fn generic_ldap(name: &str, settings: &GenericLdapSettings, secret: SecretString) -> Result<Self, SetupError> {
        Self::of(name, GENERIC_LDAP_KIND, settings, Some(secret))
    }

    /// A forest in a file.
    ///
    /// # Errors
    /// [`SetupError::Settings`] when the settings cannot be written down.
    pub fn file(name: &str, settings: &FileSettings) -> Result<Self, SetupError> {
        Self::of(name, FILE_KIND, settings, None)
    }

    /// The tenant, with the client secret of the application in its settings.
    ///
    /// # Errors
    /// [`SetupError::Settings`] when the settings cannot be written down.
    pub fn tenant(name: &str, settings: &EntraSettings, secret: SecretString) -> Result<Self, SetupError> {
        Self::of(name, TENANT_KIND, settings, Some(secret))
    }

    fn of<S: Serialize>(name: &str, kind: &'static str, settings: &S, secret: Option<SecretString>) -> Result<Self, SetupError> {
        let name = name.trim().to_owned();
        let settings = serde_json::to_string(settings).map_err(|source| SetupError::Settings { name: name.clone(), source })?;
        Ok(Self { name, kind, settings, secret })
    }
}

/// Connects to a directory, reads its schema and partitions, and stores it as a connector with its five
/// run profiles. Nothing is stored when the directory cannot be used.
///
/// # Errors
/// [`SetupError`] names what is wrong.
pub fn add_directory(context: &SetupContext<'_>, new: NewDirectory) -> Result<ConnectorId, SetupError> {
    let found = discover(context, new)?;
    let mut writer = context.database.writer();
    let transaction = writer.transaction()?;
    let connector = store(context, &transaction, found)?;
    transaction.commit().map_err(StoreError::sqlite("storing a connector"))?;
    Ok(connector)
}

/// Refuses a second tenant and a name that is in use.
///
/// # Errors
/// [`SetupError`] says which connector is in the way.
pub(super) fn check_name(database: &Database, name: &str, kind: &str) -> Result<(), SetupError> {
    if name.is_empty() {
        return Err(SetupError::NoName);
    }
    let existing = configuration::connectors(&*database.reader()?)?;
    if let Some(tenant) = existing.iter().find(|connector| connector.kind == TENANT_KIND && kind == TENANT_KIND) {
        return Err(SetupError::SecondTenant(tenant.name.clone()));
    }
    match existing.into_iter().find(|connector| fold_text(&connector.name) == fold_text(name)) {
        Some(connector) => Err(SetupError::NameTaken(connector.name)),
        None => Ok(()),
    }
}

/// A directory as it was found, ready to be stored.
pub(super) struct Found {
    pub(super) record: ConnectorRecord,
    pub(super) partitions: Vec<DirectoryPartition>,
}

/// Connects to a directory and reads its schema and partitions.
///
/// # Errors
/// [`SetupError`] names what is wrong.
pub(super) fn discover(context: &SetupContext<'_>, new: NewDirectory) -> Result<Found, SetupError> {
    check_name(context.database, &new.name, new.kind)?;
    look(context, new)
}

/// As [`discover`], for a directory whose connector is there already.
///
/// # Errors
/// [`SetupError`] names what is wrong.
pub(super) fn look(context: &SetupContext<'_>, new: NewDirectory) -> Result<Found, SetupError> {
    let mut directory = open_directory(new.kind, &new.settings, new.secret.clone())?;
    let schema = directory.schema()?;
    let partitions: Vec<DirectoryPartition> = directory.partitions()?;
    drop(directory);
    if partitions.is_empty() {
        return Err(SetupError::NoPartition(new.name));
    }
    let usual: &[&str] = if new.kind == GENERIC_LDAP_KIND { &LDAP_TYPES } else { &FOREST_TYPES };
    let mut object_types: Vec<String> = schema
        .types()
        .filter(|name| new.kind == TENANT_KIND || usual.iter().any(|wanted| wanted.eq_ignore_ascii_case(name)))
        .map(str::to_owned)
        .collect();
    if object_types.is_empty() {
        object_types.extend(schema.types().map(str::to_owned));
    }
    let attributes = if new.kind == GENERIC_LDAP_KIND { usual_attributes(&schema, &object_types) } else { Vec::new() };
    let record = ConnectorRecord {
        id: ConnectorId(0),
        guid: context.ids.guid(),
        name: new.name,
        kind: new.kind.to_owned(),
        description: String::new(),
        settings: new.settings,
        schema,
        object_types,
        attributes,
        secret: new.secret.as_ref().map(|secret| context.secrets.encrypt(secret)).transpose()?,
        deprovisioning: Deprovisioning::default(),
        created: context.now,
        full_import_reason: Some("it was never imported".to_owned()),
        full_sync_reason: Some("it was never synchronized".to_owned()),
    };
    Ok(Found { record, partitions })
}

/// The attributes that are read of an LDAP directory until others are chosen: what people can write of the selected types,
/// but for binary values. No rules say which are needed.
fn usual_attributes(schema: &Schema, object_types: &[String]) -> Vec<String> {
    let mut names = BTreeSet::new();
    for object_type in object_types {
        let usual = |definition: &&AttributeDefinition| {
            definition.value_type != ValueType::Binary && schema.is_writable(object_type, &definition.name)
        };
        names.extend(schema.attributes_of(object_type).filter(usual).map(|definition| definition.name.clone()));
    }
    names.into_iter().collect()
}

/// Stores a connector with its partitions and run profiles.
///
/// # Errors
/// [`SetupError`] when the database cannot be written.
pub(super) fn store(context: &SetupContext<'_>, transaction: &Transaction<'_>, found: Found) -> Result<ConnectorId, SetupError> {
    let Found { record, partitions } = found;
    if record.kind != TENANT_KIND {
        require_tenant_synchronization(transaction)?;
    }
    for known in configuration::connectors(transaction)? {
        for taken in configuration::partitions(transaction, known.id)? {
            if let Some(partition) = partitions.iter().find(|partition| partition.directory_id == Some(taken.guid)) {
                return Err(SetupError::PartitionTaken { partition: partition.name.clone(), connector: known.name });
            }
        }
    }
    let connector = configuration::save_connector(transaction, &record)?;
    if record.kind == GENERIC_LDAP_KIND {
        keep_by_hand(transaction, record.guid, record.attributes.clone())?;
    }
    let mut records = Vec::new();
    for partition in partitions {
        let record = PartitionRecord {
            id: PartitionId(0),
            guid: partition.directory_id.unwrap_or_else(|| context.ids.guid()),
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
        configuration::save_partition(transaction, &record)?;
        records.push(record);
    }
    for profile in default_profiles(&ConnectorRecord { id: connector, ..record }, &records, context.ids) {
        configuration::save_profile(transaction, &profile)?;
    }
    Ok(connector)
}

/// A further forest can join what the tenant holds already (`wizard.md` 7.1).
fn require_tenant_synchronization(transaction: &Transaction<'_>) -> Result<(), StoreError> {
    let connectors = configuration::connectors(transaction)?;
    for tenant in connectors.iter().filter(|connector| connector.kind == TENANT_KIND && connector.full_sync_reason.is_none()) {
        let import = tenant.full_import_reason.as_deref();
        configuration::set_required(transaction, tenant.id, import, Some("a directory was added"))?;
    }
    Ok(())
}

/// Replaces the password or client secret of a connector, after signing in with the new one. Nothing is
/// stored when the directory refuses it.
///
/// # Errors
/// [`SetupError`] names what is wrong.
pub fn set_credential(context: &SetupContext<'_>, connector: ConnectorId, secret: SecretString) -> Result<(), SetupError> {
    let unknown = || SetupError::UnknownConnector(connector);
    let record = configuration::connector(&*context.database.reader()?, connector)?.ok_or_else(unknown)?;
    if record.kind == FILE_KIND {
        return Err(SetupError::NoCredential(record.name));
    }
    let sealed = context.secrets.encrypt(&secret)?;
    check_sign_in(&record.kind, &record.settings, secret)?;
    let mut writer = context.database.writer();
    let transaction = writer.transaction()?;
    // Read again: it may have changed while the directory was asked.
    let record = configuration::connector(&transaction, connector)?.ok_or_else(unknown)?;
    configuration::save_connector(&transaction, &ConnectorRecord { secret: Some(sealed), ..record })?;
    transaction.commit().map_err(StoreError::sqlite("storing a credential"))?;
    Ok(())
}

/// Chooses what becomes of a connector's objects when nothing holds them any more. It holds from then on: what was
/// staged or disconnected before stays as it is.
///
/// # Errors
/// [`SetupError`] when there is no such connector or the database cannot be written.
pub fn set_deprovisioning(database: &Database, connector: ConnectorId, action: Deprovisioning) -> Result<(), SetupError> {
    let mut writer = database.writer();
    let transaction = writer.transaction()?;
    let record = configuration::connector(&transaction, connector)?.ok_or(SetupError::UnknownConnector(connector))?;
    if record.deprovisioning != action {
        configuration::save_connector(&transaction, &ConnectorRecord { deprovisioning: action, ..record })?;
        next_version(&transaction)?;
        transaction.commit().map_err(StoreError::sqlite("storing a connector"))?;
    }
    Ok(())
}
