//! What can be set at a connector.

use jiff::Timestamp;
use secrecy::SecretString;
use serde::Serialize;
use uuid::Uuid;

use super::connectors::{ConnectorKind, Deprovisioning};
use super::directory_selection::PartitionView;
use crate::connector::active_directory::ActiveDirectorySettings;
use crate::connector::entra::EntraSettings;
use crate::connector::file::FileSettings;
use crate::connector::generic_ldap::GenericLdapSettings;
use crate::interop::{ConnectorUpdate, UpdateKind};
use crate::model::{ConnectorId, ValueType};
use crate::protection::DeletionLimit;
use crate::setup::{ConnectionSettings, ConnectorChangeReport};

/// Everything that can be set at a connector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectorProperties {
    /// Number inside this database.
    pub id: ConnectorId,
    /// Identifier.
    pub guid: Uuid,
    /// Name.
    pub name: String,
    /// Kind of directory.
    pub kind: ConnectorKind,
    /// Free text.
    pub description: String,
    /// Created at.
    pub created: Timestamp,
    /// How its directory is reached.
    pub connection: ConnectionSettings,
    /// A password or client secret is stored.
    pub has_secret: bool,
    /// A tenant on this computer, which says anew at each start where it is.
    pub hosted: bool,
    /// Partitions by name.
    pub partitions: Vec<PartitionView>,
    /// Object types of its schema, by name.
    pub object_types: Vec<ObjectTypeChoice>,
    /// Attributes of its schema, by name.
    pub attributes: Vec<AttributeChoice>,
    /// The attribute that identifies its objects.
    pub anchor: String,
    /// What becomes of its objects when nothing holds them any more.
    pub deprovisioning: Deprovisioning,
    /// Deletions that one export may make; only of a tenant.
    pub deletion_limit: Option<DeletionLimit>,
    /// Version of the configuration.
    pub version: u64,
}

/// An object type of a connector.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ObjectTypeChoice {
    /// Name.
    pub name: String,
    /// Imports read it.
    pub selected: bool,
    /// It cannot be left out.
    pub needed: bool,
    /// Enabled rules of it, best precedence first.
    pub rules: Vec<RuleRefView>,
}

/// An attribute of a connector.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AttributeChoice {
    /// Name.
    pub name: String,
    /// Type of its values.
    pub value_type: ValueType,
    /// May hold several values.
    pub multi_valued: bool,
    /// Imports read it.
    pub selected: bool,
    /// It is always read.
    pub needed: bool,
    /// Enabled rules that use it, best precedence first.
    pub rules: Vec<RuleRefView>,
}

/// A rule that something is used by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RuleRefView {
    /// The rule.
    pub guid: Uuid,
    /// Lower number wins.
    pub precedence: i64,
    /// Its name.
    pub name: String,
}

/// Containers below a name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ContainerLevel {
    /// Their names.
    pub names: Vec<String>,
    /// All there are, not only the next level.
    pub whole: bool,
}

/// A connector that shall be added.
#[derive(Clone, Debug)]
pub enum NewConnector {
    /// A forest over LDAP.
    Forest {
        /// Name.
        name: String,
        /// How it is reached.
        settings: Box<ActiveDirectorySettings>,
        /// Password of the account.
        secret: SecretString,
    },
    /// An LDAP directory that is no forest.
    Ldap {
        /// Name.
        name: String,
        /// How it is reached.
        settings: Box<GenericLdapSettings>,
        /// Password of the account.
        secret: SecretString,
    },
    /// A forest in a file.
    File {
        /// Name.
        name: String,
        /// The file.
        settings: FileSettings,
    },
    /// A tenant, which is called as it calls itself.
    Tenant {
        /// How it is reached.
        settings: Box<EntraSettings>,
        /// Client secret, or certificate with private key.
        secret: SecretString,
    },
    /// A tenant on this computer.
    Sandbox {
        /// Its name, such as `contoso`.
        tenant: String,
        /// Its verified domains.
        domains: Vec<String>,
    },
}

/// What a file would change of a connector.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ConnectorUpdateView {
    /// What is different, in the order of the properties.
    pub differences: Vec<UpdateDifferenceView>,
    /// Why it cannot be taken so.
    pub faults: Vec<String>,
    /// Other objects or values would be read.
    pub full_import: bool,
    /// Rules use what would be read.
    pub full_synchronization: bool,
}

/// Something that a file says otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UpdateDifferenceView {
    /// What is concerned, such as `Attribute`.
    pub what: &'static str,
    /// Its name.
    pub name: String,
    /// What becomes of it.
    pub kind: UpdateWord,
    /// Before and after, where that says more.
    pub detail: String,
}

/// What becomes of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum UpdateWord {
    /// It comes.
    Added,
    /// It goes.
    Removed,
    /// It is another.
    Changed,
}

impl ConnectorUpdateView {
    pub(in crate::service) fn of(update: ConnectorUpdate, report: &ConnectorChangeReport, faults: Vec<String>) -> Self {
        let differences = update.differences.into_iter().map(|difference| UpdateDifferenceView {
            what: difference.what,
            name: difference.name,
            kind: match difference.kind {
                UpdateKind::Added => UpdateWord::Added,
                UpdateKind::Removed => UpdateWord::Removed,
                UpdateKind::Changed => UpdateWord::Changed,
            },
            detail: difference.detail,
        });
        Self {
            differences: differences.collect(),
            faults,
            full_import: report.full_import,
            full_synchronization: report.full_synchronization,
        }
    }
}
