//! Changing a connector as an administrator does (`ui.md` 4.8): everything that was changed is judged, and stored all at
//! once or not at all.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::Transaction;
use secrecy::SecretString;
use thiserror::Error;

use super::directories::{ACTIVE_DIRECTORY_KIND, FILE_KIND, check_sign_in};
use super::directory::{SetupContext, SetupError};
use super::partitions::{PartitionError, choose_containers_in, select_partitions_in};
use super::rule_changes::next_version;
use super::rule_set::{ALWAYS, keep_by_hand, rules_by_attribute};
use super::run_profiles::{ProfileChange, RunProfileError, store_run_profiles_in};
use crate::connector::active_directory::ActiveDirectorySettings;
use crate::connector::entra::EntraSettings;
use crate::connector::file::FileSettings;
use crate::connector::generic_ldap::GenericLdapSettings;
use crate::connector::{ConnectorError, ConnectorErrorKind};
use crate::model::{ConnectorId, Deprovisioning, fold_text};
use crate::protection::{self, DeletionLimit};
use crate::store::configuration::{self, ConnectorRecord, GENERIC_LDAP_KIND, TENANT_KIND};
use crate::store::{StoreError, options};
use crate::sync::load_plan_in;

/// Longest name of a connector.
const LONGEST_NAME: usize = 256;

/// Object types of a forest without which names and domains cannot be understood.
pub const STRUCTURE_TYPES: [&str; 3] = ["container", "domainDNS", "organizationalUnit"];

/// Where a directory is and how it is reached, without the secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConnectionSettings {
    /// A forest over LDAP.
    Forest(Box<ActiveDirectorySettings>),
    /// An LDAP directory that is no forest.
    Ldap(Box<GenericLdapSettings>),
    /// A forest in a file.
    File(FileSettings),
    /// The tenant.
    Tenant(Box<EntraSettings>),
}

impl ConnectionSettings {
    /// The settings of a stored connector.
    ///
    /// # Errors
    /// [`SetupError::Settings`] when they cannot be read.
    pub fn of(record: &ConnectorRecord) -> Result<Self, SetupError> {
        let read = match record.kind.as_str() {
            ACTIVE_DIRECTORY_KIND => serde_json::from_str(&record.settings).map(Self::Forest),
            GENERIC_LDAP_KIND => serde_json::from_str(&record.settings).map(Self::Ldap),
            FILE_KIND => serde_json::from_str(&record.settings).map(Self::File),
            _ => serde_json::from_str(&record.settings).map(Self::Tenant),
        };
        read.map_err(|source| SetupError::Settings { name: record.name.clone(), source })
    }

    /// The kind of connector that has such settings.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Forest(_) => ACTIVE_DIRECTORY_KIND,
            Self::Ldap(_) => GENERIC_LDAP_KIND,
            Self::File(_) => FILE_KIND,
            Self::Tenant(_) => TENANT_KIND,
        }
    }

    pub(super) fn text(&self, name: &str) -> Result<String, SetupError> {
        let text = match self {
            Self::Forest(settings) => serde_json::to_string(settings),
            Self::Ldap(settings) => serde_json::to_string(settings),
            Self::File(settings) => serde_json::to_string(settings),
            Self::Tenant(settings) => serde_json::to_string(settings),
        };
        text.map_err(|source| SetupError::Settings { name: name.to_owned(), source })
    }
}

/// What shall become of a partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionChoice {
    /// Its name.
    pub name: String,
    /// Imports read it.
    pub selected: bool,
    /// Containers that are read.
    pub include: Vec<String>,
    /// Containers that are left out.
    pub exclude: Vec<String>,
}

/// What shall change; what is absent stays as it is.
#[derive(Clone, Debug, Default)]
pub struct ConnectorChange {
    /// Version of the configuration that the changes were made on.
    pub as_of: Option<u64>,
    /// Name.
    pub name: Option<String>,
    /// Free text.
    pub description: Option<String>,
    /// How the directory is reached.
    pub connection: Option<ConnectionSettings>,
    /// Password or client secret.
    pub secret: Option<SecretString>,
    /// Partitions with their containers.
    pub partitions: Vec<PartitionChoice>,
    /// All run profiles.
    pub profiles: Option<Vec<ProfileChange>>,
    /// Object types that are read.
    pub object_types: Option<Vec<String>>,
    /// Attributes that are read.
    pub attributes: Option<Vec<String>>,
    /// What becomes of objects that nothing holds any more.
    pub deprovisioning: Option<Deprovisioning>,
    /// Deletions that one export to the tenant may make.
    pub deletion_limit: Option<DeletionLimit>,
}

/// What something wrong is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConnectorPlace {
    /// Its name.
    Name,
    /// How the directory is reached.
    Connection,
    /// Its password or client secret.
    Credential,
    /// Which partitions are read.
    Partitions,
    /// The containers of a partition.
    Containers(String),
    /// Which object types are read.
    ObjectTypes,
    /// Which attributes are read.
    Attributes,
    /// Its run profiles.
    RunProfiles,
    /// The deletion threshold.
    Protection,
}

/// Something that keeps a change from being stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectorFault {
    /// What it is about.
    pub place: ConnectorPlace,
    /// What is wrong, and what to do.
    pub message: String,
}

/// A change that cannot be stored.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ConnectorChangeError {
    /// Something is wrong with it.
    #[error("{}", .0.iter().map(|fault| fault.message.as_str()).collect::<Vec<_>>().join("; "))]
    Refused(Vec<ConnectorFault>),
    /// The configuration is another by now.
    #[error("the configuration was changed meanwhile by somebody else; open the connector again, and change it as it is now")]
    Changed,
    /// The connector cannot be worked with.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What has to run after a change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConnectorChangeReport {
    /// Something is different now.
    pub changed: bool,
    /// Other objects or values are read.
    pub full_import: bool,
    /// Rules use what is read now.
    pub full_synchronization: bool,
}

/// Changes a connector. A directory is signed in to with new settings or a new secret before anything is stored.
///
/// # Errors
/// [`ConnectorChangeError`]; nothing is stored then.
pub fn change_connector(
    context: &SetupContext<'_>,
    id: ConnectorId,
    change: &ConnectorChange,
) -> Result<ConnectorChangeReport, ConnectorChangeError> {
    apply(context, id, change, true)
}

/// Says what a change would mean; stores nothing.
///
/// # Errors
/// [`ConnectorChangeError`] when it would be refused.
pub fn judge_connector_change(
    context: &SetupContext<'_>,
    id: ConnectorId,
    change: &ConnectorChange,
) -> Result<ConnectorChangeReport, ConnectorChangeError> {
    apply(context, id, change, false)
}

fn apply(
    context: &SetupContext<'_>,
    id: ConnectorId,
    change: &ConnectorChange,
    store: bool,
) -> Result<ConnectorChangeReport, ConnectorChangeError> {
    let mut faults = Vec::new();
    let unknown = || SetupError::UnknownConnector(id);
    let before = configuration::connector(&*context.database.reader()?, id)?.ok_or_else(unknown)?;
    let connection = signed_in(context, &before, change, &mut faults)?;
    let mut writer = context.database.writer();
    let transaction = writer.transaction()?;
    if change.as_of.is_some_and(|seen| options::configuration_version(&transaction).is_ok_and(|present| present != seen)) {
        return Err(ConnectorChangeError::Changed);
    }
    // Read again: it may have changed while the directory was asked.
    let before = configuration::connector(&transaction, id)?.ok_or_else(unknown)?;
    let mut record = before.clone();
    if let Some(name) = &change.name {
        match usable_name(&transaction, id, name)? {
            Ok(name) => record.name = name,
            Err(message) => faults.push(ConnectorFault { place: ConnectorPlace::Name, message }),
        }
    }
    if let Some(description) = &change.description {
        description.trim().clone_into(&mut record.description);
    }
    if let Some((settings, secret)) = connection {
        (record.settings, record.secret) = (settings, secret);
    }
    record.deprovisioning = change.deprovisioning.unwrap_or(record.deprovisioning);
    let mut report = ConnectorChangeReport::default();
    choose_types(&mut record, change, &mut faults);
    choose_attributes(&transaction, &mut record, change, &mut faults, &mut report)?;
    require(&before, &mut record, &mut report);
    report.changed = record != before;
    configuration::save_connector(&transaction, &record)?;
    report.full_import |= choose_partitions(context, &transaction, id, &change.partitions, &mut faults)?;
    report.changed |= choose_profiles(context, &transaction, id, change.profiles.as_ref(), &mut faults)?;
    if let Some(limit) = change.deletion_limit.filter(|_| record.kind == TENANT_KIND)
        && protection::deletion_limit(&transaction)? != limit
    {
        protection::set_deletion_limit(&transaction, limit)?;
        report.changed = true;
    }
    if !faults.is_empty() {
        return Err(ConnectorChangeError::Refused(faults));
    }
    report.changed |= report.full_import;
    if report.changed && store {
        next_version(&transaction)?;
        // The rules may read other attributes now, and the join keys follow.
        load_plan_in(&transaction)?;
        transaction.commit().map_err(StoreError::sqlite("storing a connector"))?;
    }
    Ok(report)
}

/// Settings and sealed secret after signing in with them; none when neither is to change.
type Connection = Option<(String, Option<Vec<u8>>)>;

fn signed_in(
    context: &SetupContext<'_>,
    record: &ConnectorRecord,
    change: &ConnectorChange,
    faults: &mut Vec<ConnectorFault>,
) -> Result<Connection, SetupError> {
    let settings = match &change.connection {
        Some(connection) if connection.kind() == record.kind => connection.text(&record.name)?,
        Some(_) => {
            let message = format!("connector \"{}\" is of another kind and keeps it", record.name);
            faults.push(ConnectorFault { place: ConnectorPlace::Connection, message });
            return Ok(None);
        }
        None => record.settings.clone(),
    };
    let same = match &change.connection {
        Some(connection) => *connection == ConnectionSettings::of(record)?,
        None => true,
    };
    if same && change.secret.is_none() {
        return Ok(None);
    }
    if record.kind == FILE_KIND && change.secret.is_some() {
        let message = SetupError::NoCredential(record.name.clone()).to_string();
        faults.push(ConnectorFault { place: ConnectorPlace::Credential, message });
        return Ok(None);
    }
    if let Err(message) = same_forest(record, &settings) {
        faults.push(ConnectorFault { place: ConnectorPlace::Connection, message });
        return Ok(None);
    }
    match try_connection(context, &record.kind, &settings, record.secret.as_deref(), change.secret.clone()) {
        Ok(()) => {}
        Err(error) => {
            let credential = error.kind == ConnectorErrorKind::Credentials;
            let place = if credential { ConnectorPlace::Credential } else { ConnectorPlace::Connection };
            faults.push(ConnectorFault { place, message: error.message });
            return Ok(None);
        }
    }
    let sealed = match &change.secret {
        Some(secret) => Some(context.secrets.encrypt(secret)?),
        None => record.secret.clone(),
    };
    Ok(Some((settings, sealed)))
}

/// A connector stays with its forest: its objects are known by what that forest calls them.
fn same_forest(record: &ConnectorRecord, settings: &str) -> Result<(), String> {
    if record.kind == GENERIC_LDAP_KIND {
        let anchor = |text: &str| serde_json::from_str::<GenericLdapSettings>(text).map(|settings| settings.anchor);
        return match (anchor(&record.settings), anchor(settings)) {
            (Ok(before), Ok(after)) if fold_text(before.trim()) != fold_text(after.trim()) => Err(format!(
                "the objects of the connector are identified by {before}; add another connector that identifies them by {after}"
            )),
            _ => Ok(()),
        };
    }
    let forest = |text: &str| serde_json::from_str::<ActiveDirectorySettings>(text).map(|settings| settings.forest);
    if record.kind != ACTIVE_DIRECTORY_KIND {
        return Ok(());
    }
    match (forest(&record.settings), forest(settings)) {
        (Ok(before), Ok(after)) if fold_text(&before) != fold_text(&after) => {
            Err(format!("the connector belongs to forest {before}; add another connector for {after}"))
        }
        _ => Ok(()),
    }
}

/// Signs in at the directory of a connector with other settings and leaves again; without a secret with the one that is
/// stored.
///
/// # Errors
/// [`SetupError`] says what failed and what to do.
pub fn try_settings(
    context: &SetupContext<'_>,
    record: &ConnectorRecord,
    connection: &ConnectionSettings,
    secret: Option<SecretString>,
) -> Result<(), SetupError> {
    let text = connection.text(&record.name)?;
    Ok(try_connection(context, connection.kind(), &text, record.secret.as_deref(), secret)?)
}

/// Signs in at a directory and leaves again; without a secret with the one that is stored.
///
/// # Errors
/// [`ConnectorError`] says what failed and what to do.
fn try_connection(
    context: &SetupContext<'_>,
    kind: &str,
    settings: &str,
    sealed: Option<&[u8]>,
    secret: Option<SecretString>,
) -> Result<(), ConnectorError> {
    if kind == FILE_KIND {
        return super::open_directory(kind, settings, None)?.partitions().map(drop);
    }
    let credentials = |message: String| ConnectorError::new(ConnectorErrorKind::Credentials, message);
    let secret = match (secret, sealed) {
        (Some(secret), _) => secret,
        (None, Some(sealed)) => context.secrets.decrypt(sealed).map_err(|error| credentials(error.to_string()).cause(error))?,
        (None, None) => return Err(credentials("no password is stored for this connector; enter it".to_owned())),
    };
    check_sign_in(kind, settings, secret)
}

/// A name that no other connector has.
fn usable_name(transaction: &Transaction<'_>, id: ConnectorId, name: &str) -> Result<Result<String, String>, StoreError> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > LONGEST_NAME {
        return Ok(Err(format!("a connector needs a name of 1 to {LONGEST_NAME} characters")));
    }
    let others = configuration::connectors(transaction)?.into_iter().filter(|other| other.id != id);
    Ok(match others.into_iter().find(|other| fold_text(&other.name) == fold_text(name)) {
        Some(other) => Err(format!("a connector named \"{}\" already exists", other.name)),
        None => Ok(name.to_owned()),
    })
}

fn choose_types(record: &mut ConnectorRecord, change: &ConnectorChange, faults: &mut Vec<ConnectorFault>) {
    let Some(wanted) = &change.object_types else { return };
    let mut refuse = |message: String| faults.push(ConnectorFault { place: ConnectorPlace::ObjectTypes, message });
    let mut chosen = BTreeSet::new();
    for name in wanted {
        match record.schema.type_name(name) {
            Some(known) => drop(chosen.insert(known.to_owned())),
            None => refuse(format!("the directory has no object type {name}; refresh the schema")),
        }
    }
    if chosen.is_empty() {
        refuse("select at least one object type".to_owned());
    }
    if configuration::is_forest(&record.kind) {
        let missing =
            STRUCTURE_TYPES.iter().filter_map(|name| record.schema.type_name(name)).filter(|name| !chosen.contains(*name));
        for name in missing {
            refuse(format!("{name} stays selected: without it the names of other objects cannot be understood"));
        }
    }
    record.object_types = chosen.into_iter().collect();
}

fn choose_attributes(
    transaction: &Transaction<'_>,
    record: &mut ConnectorRecord,
    change: &ConnectorChange,
    faults: &mut Vec<ConnectorFault>,
    report: &mut ConnectorChangeReport,
) -> Result<(), StoreError> {
    let Some(wanted) = &change.attributes else { return Ok(()) };
    let mut refuse = |message: String| faults.push(ConnectorFault { place: ConnectorPlace::Attributes, message });
    let mut chosen: BTreeMap<String, String> = BTreeMap::new();
    for name in wanted {
        match record.schema.attribute(name) {
            Some(known) => drop(chosen.insert(fold_text(name), known.name.clone())),
            None => refuse(format!("the directory has no attribute {name}; refresh the schema")),
        }
    }
    let (plan, _) = load_plan_in(transaction)?;
    let used: BTreeMap<String, Vec<String>> = rules_by_attribute(&plan, record.id)
        .into_iter()
        .map(|(attribute, rules)| (fold_text(plan.name(attribute)), rules.into_iter().map(|rule| rule.name).collect()))
        .collect();
    let known = record.schema.attributes().map(|definition| (fold_text(&definition.name), &definition.name));
    for (key, name) in known.filter(|(key, _)| !chosen.contains_key(key)) {
        if let Some(rules) = used.get(&key) {
            refuse(format!("{name} is used by {}; change or disable the rules first", rules.join(", ")));
        } else if ALWAYS.iter().any(|always| fold_text(always) == key) && configuration::is_forest(&record.kind) {
            refuse(format!("{name} is always read, because lists show it"));
        }
    }
    let read = |name: &str| record.attributes.is_empty() || record.attributes.iter().any(|known| fold_text(known) == name);
    report.full_synchronization |= chosen.keys().any(|key| used.contains_key(key) && !read(key));
    let by_hand = chosen.iter().filter(|(key, _)| !used.contains_key(*key)).map(|(_, name)| name.clone());
    keep_by_hand(transaction, record.guid, by_hand.collect())?;
    record.attributes = chosen.into_values().collect();
    Ok(())
}

/// Other types or attributes are read from now on.
fn require(before: &ConnectorRecord, after: &mut ConnectorRecord, report: &mut ConnectorChangeReport) {
    let folded = |names: &[String]| names.iter().map(|name| fold_text(name)).collect::<BTreeSet<_>>();
    let all = |record: &ConnectorRecord| match record.attributes.as_slice() {
        [] => record.schema.attributes().map(|definition| fold_text(&definition.name)).collect(),
        some => folded(some),
    };
    let reason = if folded(&before.object_types) != folded(&after.object_types) {
        "object types were selected or unselected"
    } else if all(before) != all(after) {
        "attributes were selected or unselected"
    } else {
        report.full_synchronization = false;
        return;
    };
    report.full_import = true;
    after.full_import_reason.get_or_insert_with(|| reason.to_owned());
    if report.full_synchronization {
        after.full_sync_reason.get_or_insert_with(|| reason.to_owned());
    }
}

/// Run profiles; true when they are to be stored.
fn choose_profiles(
    context: &SetupContext<'_>,
    transaction: &Transaction<'_>,
    id: ConnectorId,
    profiles: Option<&Vec<ProfileChange>>,
    faults: &mut Vec<ConnectorFault>,
) -> Result<bool, StoreError> {
    let Some(profiles) = profiles else { return Ok(false) };
    match store_run_profiles_in(context, transaction, id, profiles.clone()) {
        Ok(()) => Ok(true),
        Err(RunProfileError::Store(error)) => Err(error),
        Err(error) => {
            faults.push(ConnectorFault { place: ConnectorPlace::RunProfiles, message: error.to_string() });
            Ok(false)
        }
    }
}

/// Partitions and their containers; true when something else is read from now on.
fn choose_partitions(
    context: &SetupContext<'_>,
    transaction: &Transaction<'_>,
    id: ConnectorId,
    choices: &[PartitionChoice],
    faults: &mut Vec<ConnectorFault>,
) -> Result<bool, StoreError> {
    if choices.is_empty() {
        return Ok(false);
    }
    let mut told = |place: ConnectorPlace, answer: Result<bool, PartitionError>| match answer {
        Ok(changed) => Ok(changed),
        Err(PartitionError::Store(error)) => Err(error),
        Err(error) => {
            faults.push(ConnectorFault { place, message: error.to_string() });
            Ok(false)
        }
    };
    let named = |wanted: bool| {
        choices.iter().filter(|choice| choice.selected == wanted).map(|choice| choice.name.clone()).collect::<Vec<_>>()
    };
    let (selected, unselected) = (named(true), named(false));
    let selection = select_partitions_in(context, transaction, id, &selected, &unselected);
    let mut changed = told(ConnectorPlace::Partitions, selection)?;
    // Containers of a partition that is not read do not matter, and may be what they are.
    for choice in choices.iter().filter(|choice| choice.selected) {
        let chosen = choose_containers_in(transaction, id, &choice.name, &choice.include, &choice.exclude);
        changed |= told(ConnectorPlace::Containers(choice.name.clone()), chosen)?;
    }
    Ok(changed)
}
