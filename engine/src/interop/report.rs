//! What an import or export did, as plain data with stable JSON names.

use serde::Serialize;
use uuid::Uuid;

/// What an import took, changed and could not take.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ImportReport {
    /// Folder or file read.
    pub folder: String,
    /// Nothing was stored.
    pub dry_run: bool,
    /// Name of the server, when the export tells it.
    pub server: Option<String>,
    /// Version of the product that wrote the configuration.
    pub server_version: Option<String>,
    /// Connectors of the export.
    pub connectors: Vec<ImportedConnector>,
    /// Rules, counted.
    pub rules: RuleCounts,
    /// Rules of this data folder that the import replaces or removes.
    pub replaced: Vec<ReplacedRule>,
    /// What was taken as it is, besides connectors and rules.
    pub taken: Vec<Remark>,
    /// What was taken in another form, and why.
    pub changed: Vec<Remark>,
    /// What could not be taken, and why; it is kept for an export where that is said.
    pub not_taken: Vec<Remark>,
    /// Oddities of the files.
    pub warnings: Vec<String>,
}

/// A sentence about something.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Remark {
    /// What it is about, such as `rule In from AD - User Join`.
    pub subject: String,
    /// Sentence.
    pub text: String,
}

/// What became of a connector of the export.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConnectorFate {
    /// A connector was made.
    Created,
    /// Its rules went to a connector that was there.
    Mapped,
    /// This product does not run it; it is kept for an export.
    Kept,
}

impl ConnectorFate {
    /// The word shown.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Created => "Created",
            Self::Mapped => "Mapped",
            Self::Kept => "Kept aside",
        }
    }
}

/// A connector of the export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ImportedConnector {
    /// Name in the export; its GUID when the export holds only rules of it.
    pub name: String,
    /// Identity in the export.
    pub guid: Uuid,
    /// What became of it.
    pub fate: ConnectorFate,
    /// Connector of this data folder that has its rules now.
    pub target: Option<String>,
    /// Rules of it in the export.
    pub rules: u64,
    /// What has to be done before it can run: a credential, or a connection to a tenant.
    pub needs_credential: bool,
    /// It needs a full import.
    pub needs_full_import: bool,
    /// It needs a full synchronization.
    pub needs_full_synchronization: bool,
}

/// Rules, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RuleCounts {
    /// Rules of the export.
    pub read: u64,
    /// Those that the product ships.
    pub standard: u64,
    /// Those of the administrator.
    pub custom: u64,
    /// Standard rules that say what the rules of this product say.
    pub as_shipped: u64,
    /// Rules made.
    pub created: u64,
    /// Rules of this data folder that were changed.
    pub updated: u64,
    /// Rules of this data folder that said the same already.
    pub unchanged: u64,
    /// Rules of this data folder that were removed.
    pub removed: u64,
    /// Rules that cannot run here and were switched off.
    pub switched_off: u64,
}

/// What happens to a rule of this data folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RuleFate {
    /// It says what the export says now.
    Changed,
    /// It is gone.
    Removed,
}

impl RuleFate {
    /// The word shown.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Changed => "Changed",
            Self::Removed => "Removed",
        }
    }
}

/// A rule of this data folder that the import replaces or removes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReplacedRule {
    /// Connector.
    pub connector: String,
    /// Name before.
    pub name: String,
    /// Precedence before.
    pub precedence: i64,
    /// What happens to it.
    pub fate: RuleFate,
    /// What changes.
    pub differences: Vec<String>,
}

/// What an exported configuration holds, before anything is taken.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ServerConfigurationView {
    /// Folder or file read.
    pub folder: String,
    /// Name of the server, when the export tells it.
    pub server: Option<String>,
    /// Version of the product that wrote the configuration.
    pub server_version: Option<String>,
    /// Connectors, those of which there are only rules too.
    pub connectors: Vec<ExportedConnector>,
    /// Rules in all.
    pub rules: u64,
}

/// What a connector of an export connects to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExportedKind {
    /// A forest.
    Forest,
    /// The tenant.
    Tenant,
    /// Something that this product does not run.
    Other,
    /// Unknown: the export holds only rules of it.
    RulesOnly,
    /// The tenant, of which the export holds only rules.
    TenantRules,
}

/// A connector of an export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExportedConnector {
    /// Name; the GUID when the export holds only rules of it.
    pub name: String,
    /// Identity in the export.
    pub guid: Uuid,
    /// What it connects to.
    pub kind: ExportedKind,
    /// Rules of it.
    pub rules: u64,
}

/// What an export wrote.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ExportReport {
    /// Folder written.
    pub folder: String,
    /// Files written.
    pub files: u64,
    /// Connectors written.
    pub connectors: u64,
    /// Rules written.
    pub rules: u64,
    /// What a real server would have to be told otherwise.
    pub remarks: Vec<Remark>,
}

impl Remark {
    /// A sentence about something.
    pub(super) fn of(subject: impl Into<String>, text: impl Into<String>) -> Self {
        Self { subject: subject.into(), text: text.into() }
    }
}
