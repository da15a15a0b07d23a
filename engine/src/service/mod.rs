//! Floor 7: the one handle that the app and the command line hold. Commands in, queries out, events.

mod broadcast;
mod choices;
mod connector_properties;
mod connectors;
#[cfg(test)]
mod connectors_tests;
mod directory_selection;
mod engine;
mod error;
mod explain;
mod folder;
mod forest;
mod history;
mod interval;
mod joiner;
#[cfg(test)]
mod joiner_tests;
mod metaverse_schema;
#[cfg(test)]
mod metaverse_schema_tests;
mod protection;
pub mod queries;
mod rule_history;
#[cfg(test)]
mod rule_history_tests;
mod rule_set;
#[cfg(test)]
mod rule_tests;
mod rules;
mod run_profiles;
mod server_configuration;
mod stop_requests;
mod tenant;
mod texts;
mod views;
mod whatif;

use std::sync::Arc;

use crate::model::{Clock, ConnectorId, IdSource, RandomIds, SystemClock};

pub use crate::protection::DeletionLimit;

pub use crate::connector::DeletionGuard;
pub use crate::connector::active_directory::{FoundObject, PermissionFinding, PermissionPurpose, PermissionState, TracedSearch};
pub use crate::connector::entra::{AttributeCapability, BackendKind, Cloud, EntraSettings, Proof, TenantFacts, WriteBudget};
pub use crate::interop::{
    ConfigurationComparison, ConfigurationDifference, ConfigurationPart, ConnectorFate, ExportReport, ExportedConnector,
    ExportedKind, ImportOptions, ImportReport, ImportedConnector, Remark, ReplacedRule, RuleCounts, RuleFate,
    ServerConfigurationView,
};
pub use crate::setup::{FindOptions, Found, TraceFrom, TraceOptions, TraceReport, Wanted};
pub use crate::setup::{TenantCheck, TenantFilter, TenantObject};
pub use engine::{CycleHandle, Engine, RunHandle};
pub use error::EngineError;
pub use history::PurgedHistory;
pub use interval::{InvalidInterval, interval_text, parse_interval};
pub use queries::explain::expression_part;
pub use queries::expression::{shipped_object, shipped_target};
pub use rule_set::RuleSet;
pub use rules::{RuleClone, RuleSource};
pub use run_profiles::{StepField, profile_name_fault, shipped_step, step_covers_all, step_faults, step_imports, step_types};
pub use server_configuration::compare_exports;
pub use tenant::{TenantFeature, TenantView};
pub use texts::{error_fix, status_explanation};
pub use views::*;

/// How an engine is opened.
#[derive(Clone, Debug)]
pub struct EngineOptions {
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Gives out GUIDs.
    pub ids: Arc<dyn IdSource>,
    /// Account written into the run history.
    pub user: String,
    /// Opens for queries only: takes no lock, starts nothing.
    pub read_only: bool,
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self { clock: Arc::new(SystemClock), ids: Arc::new(RandomIds), user: String::new(), read_only: false }
    }
}

/// Which runs a list holds.
#[derive(Clone, Debug)]
pub struct RunFilter {
    /// Only this connector.
    pub connector: Option<ConnectorId>,
    /// Only this profile.
    pub profile: Option<String>,
    /// Only this class of status.
    pub class: Option<StatusClass>,
    /// Only runs that began at this moment or later.
    pub since: Option<jiff::Timestamp>,
    /// Text, without regard to case, that connector, profile, status, user or number contain; empty for all.
    pub text: String,
    /// Oldest first; newest first otherwise.
    pub reversed: bool,
    /// First row wanted.
    pub offset: u64,
    /// Rows wanted.
    pub limit: u64,
}

impl Default for RunFilter {
    fn default() -> Self {
        Self {
            connector: None,
            profile: None,
            class: None,
            since: None,
            text: String::new(),
            reversed: false,
            offset: 0,
            limit: 500,
        }
    }
}
