//! Connectors, their profiles and statistics.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::runs::RunSummary;
use crate::model::ConnectorId;
pub use crate::model::Deprovisioning;
pub use crate::store::configuration::LogFileUsage;
use crate::store::configuration::ProfileStep;

/// The kind of a connected directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConnectorKind {
    /// Active Directory over LDAP.
    ActiveDirectory,
    /// OpenLDAP and other LDAP directories.
    #[serde(rename = "ldap")]
    GenericLdap,
    /// A forest in an LDIF file.
    File,
    /// The cloud tenant.
    Tenant,
}

impl ConnectorKind {
    /// The text of the `Type` column (`ui.md` 3).
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::ActiveDirectory => "Active Directory Domain Services",
            Self::GenericLdap => "Generic LDAP (OpenLDAP and others)",
            Self::File => "LDIF file (Active Directory schema)",
            Self::Tenant => "Windows Azure Active Directory (Microsoft)",
        }
    }

    /// True for kinds that hold a forest (neither the tenant nor another directory).
    #[must_use]
    pub fn is_forest(self) -> bool {
        matches!(self, Self::ActiveDirectory | Self::File)
    }
}

/// What a connector is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ConnectorState {
    /// No run.
    Idle,
    /// A run waits for its turn.
    Queued,
    /// A run is going on.
    Running,
    /// A run was asked to end.
    Stopping,
}

impl ConnectorState {
    /// The text of the `State` column.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Idle => "Idle",
            Self::Queued => "Queued",
            Self::Running => "Running",
            Self::Stopping => "Stopping",
        }
    }
}

/// A row of the Connectors tab.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ConnectorSummary {
    /// Number inside this database.
    pub id: ConnectorId,
    /// Identifier that administrators see and other systems use.
    pub guid: Uuid,
    /// Unique name.
    pub name: String,
    /// Kind of directory.
    pub kind: ConnectorKind,
    /// Free text.
    pub description: String,
    /// What it is doing.
    pub state: ConnectorState,
    /// Where it connects to: server, file or tenant address; never a secret.
    pub address: String,
    /// Selected partitions in order of name.
    pub partitions: Vec<String>,
    /// Run profiles in order of creation.
    pub profiles: Vec<RunProfileView>,
    /// Why a full import is needed, when it is.
    pub full_import_required: Option<String>,
    /// Why a full synchronization is needed, when it is.
    pub full_sync_required: Option<String>,
    /// What becomes of its objects when nothing holds them any more.
    pub deprovisioning: Deprovisioning,
    /// Status of the most recent run.
    pub last_run: Option<RunSummary>,
    /// Pending imports and exports.
    pub pending_import: u64,
    /// Pending exports.
    pub pending_export: u64,
}

/// A run profile and its steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunProfileView {
    /// Name, unique per connector.
    pub name: String,
    /// Steps in order.
    pub steps: Vec<RunProfileStepView>,
}

/// A run profile of a whole set of them.
#[derive(Clone, Debug, PartialEq)]
pub struct RunProfileChange {
    /// The profile that it takes the place of; none for a new one.
    pub replaces: Option<String>,
    /// The profile.
    pub profile: RunProfileView,
}

/// A step of a run profile.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RunProfileStepView {
    /// Type as shown, such as `Full Import (Stage Only)`.
    pub step_type: String,
    /// Partition concerned.
    pub partition: String,
    /// Objects per batch.
    pub batch_size: u32,
    /// Objects per page.
    pub page_size: u32,
    /// Seconds to wait for one answer.
    pub timeout_secs: u32,
    /// Objects after which the step ends; 0 means never.
    #[serde(default)]
    pub object_limit: u64,
    /// Deletions after which the step ends; 0 means never.
    #[serde(default)]
    pub deletion_limit: u64,
    /// Log file of an import.
    #[serde(default)]
    pub log_file: Option<LogFileView>,
}

impl RunProfileStepView {
    /// A step as it is stored.
    pub(in crate::service) fn of(step: ProfileStep) -> Self {
        Self {
            step_type: step.step_type.label().to_owned(),
            partition: step.partition,
            batch_size: step.batch_size,
            page_size: step.page_size,
            timeout_secs: step.timeout_secs,
            object_limit: step.object_limit,
            deletion_limit: step.deletion_limit,
            log_file: step.log_file.map(|log| LogFileView { name: log.name, usage: log.usage }),
        }
    }
}

/// The log file of an import step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogFileView {
    /// Its name; it lies in the folder `import-logs` of the data folder.
    pub name: String,
    /// What the step does with it.
    pub usage: LogFileUsage,
}

/// Connector space statistics, with the documented names (`engine.md` 1.4).
/// `all = total_connector + total_disconnector + placeholder`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ConnectorStatistics {
    /// All objects.
    pub all: u64,
    /// Joined objects.
    pub total_connector: u64,
    /// Objects that are not joined.
    pub total_disconnector: u64,
    /// Parents and reference targets that were never imported.
    pub placeholder: u64,
    /// Objects joined by rules.
    pub connector: u64,
    /// Objects joined by hand.
    pub explicit_connector: u64,
    /// Objects not joined by rules.
    pub disconnector: u64,
    /// Objects disconnected by hand.
    pub explicit_disconnector: u64,
    /// Objects filtered out.
    pub filtered_disconnector: u64,
    /// Imported, new, not yet synchronized.
    pub import_add: u64,
    /// Imported changes not yet synchronized.
    pub import_update: u64,
    /// Imported deletions not yet synchronized.
    pub import_delete: u64,
    /// Nothing pending from import.
    pub import_none: u64,
    /// Objects to be created in the directory.
    pub export_add: u64,
    /// Objects to be changed in the directory.
    pub export_update: u64,
    /// Objects to be deleted in the directory.
    pub export_delete: u64,
}
