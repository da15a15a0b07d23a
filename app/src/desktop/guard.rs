//! The way to the engine: every question and every change passes here. What the person's role does not allow is refused,
//! and nothing is asked while a frame is drawn.

use std::path::Path;
use std::sync::Arc;

use crossbeam_channel::Receiver;
use jiff::Timestamp;
use secrecy::SecretString;
use syncline_engine::connector::CancelToken;
use syncline_engine::model::{ConnectorId, RuleId, RunId};
use syncline_engine::rules::SyncRule;
use syncline_engine::service::{
    Comparison, ConfigurationComparison, ConnectorDeletionImpact, ConnectorProperties, ConnectorStatistics, ConnectorSummary,
    ConnectorUpdateView, ContainerLevel, CsConditions, CsHit, CsObjectView, CsSearch, CyclePolicy, DeletionLimit,
    DeletionProtection, EngineError, EngineEvent, EngineStatus, ExportReport, ExpressionObject, ImportOptions, ImportReport,
    LineageGraphView, MvHit, MvObjectView, MvPopulationView, MvSearch, MvTypeView, NewConnector, ObjectChange, OperationFilter,
    Page, PendingExportView, PreviewView, RemovedRuleView, RuleChangeView, RuleClone, RuleDetails, RuleHistoryView, RuleSet,
    RuleSummary, RuleTrialView, RunChangeView, RunDetails, RunFilter, RunObjectPlace, RunObjectView, RunProfileChange,
    RunProfileView, RunSummary, SchemaChangeView, SchemaRefreshView, SchemaValidationView, ServerConfigurationView, SyncMode,
    TenantFacts, TenantView, WhatIfFilter, WhatIfReport, WhatIfRequest, WhyNotView, WhyView,
};
use syncline_engine::setup::{ConnectionSettings, ConnectorChange, ConnectorChangeReport, RuleChanges, SchemaChange};
use uuid::Uuid;

use super::backend::{Answer, Backend, TellWhatIf};
use super::frame::not_in_a_frame;
use super::role::{Right, Role};

/// An engine behind its guard.
pub struct Guarded {
    engine: Arc<dyn Backend>,
    role: Role,
}

impl Guarded {
    /// Puts the guard before an engine.
    #[must_use]
    pub fn new(engine: Arc<dyn Backend>, role: Role) -> Self {
        Self { engine, role }
    }
}

macro_rules! guarded {
    ($($right:ident $name:ident($($argument:ident: $type:ty),*) -> $answer:ty;)*) => {
        impl Backend for Guarded {
            fn subscribe(&self) -> Receiver<EngineEvent> {
                self.engine.subscribe()
            }
            fn shutdown(&self) {
                self.engine.shutdown();
            }
            $(fn $name(&self, $($argument: $type),*) -> Answer<$answer> {
                not_in_a_frame(concat!("asks the engine: ", stringify!($name)));
                self.role.may(Right::$right).map_err(EngineError::Invalid)?;
                self.engine.$name($($argument),*)
            })*
        }
    };
}

guarded! {
    Browse status() -> EngineStatus;
    Browse connectors() -> Vec<ConnectorSummary>;
    Browse connector_statistics(id: ConnectorId) -> ConnectorStatistics;
    Browse runs(filter: &RunFilter) -> Page<RunSummary>;
    Browse run(id: RunId) -> RunDetails;
    Browse run_objects(id: RunId, step: u32, counters: &[String], offset: u64, limit: u64) -> Page<RunObjectView>;
    Browse run_changes(id: RunId, step: u32, places: &[RunObjectPlace]) -> Vec<RunChangeView>;
    Browse search_connector_space_where(search: &CsSearch, conditions: &CsConditions) -> Page<CsHit>;
    Browse cs_object(guid: Uuid) -> CsObjectView;
    Browse validate_object(guid: Uuid) -> SchemaValidationView;
    Browse pending_exports(connector: ConnectorId, operations: OperationFilter, offset: u64, limit: u64) -> Page<PendingExportView>;
    Browse preview(object: Uuid, mode: SyncMode) -> PreviewView;
    Administer commit_preview(object: Uuid, mode: SyncMode) -> PreviewView;
    Browse preview_join(object: Uuid, metaverse: Uuid) -> PreviewView;
    Browse preview_disconnection(object: Uuid, explicit: bool) -> PreviewView;
    Administer join_object(object: Uuid, metaverse: Uuid) -> CsObjectView;
    Administer disconnect_object(object: Uuid, explicit: bool) -> CsObjectView;
    Browse lineage_graph(guid: Uuid) -> LineageGraphView;
    Browse why(object: &str, attribute: &str) -> WhyView;
    Browse why_not(connector: &str, dn: &str) -> WhyNotView;
    Browse search_metaverse(search: &MvSearch) -> Page<MvHit>;
    Browse whatif(request: &WhatIfRequest, cancel: &CancelToken, tell: Arc<TellWhatIf>) -> WhatIfReport;
    Browse whatifs() -> Vec<WhatIfReport>;
    Browse whatif_changes(number: u32, filter: &WhatIfFilter, offset: u64, limit: u64) -> Page<ObjectChange>;
    Browse each_whatif_change(number: u32, filter: &WhatIfFilter, visit: &mut dyn FnMut(ObjectChange)) -> ();
    Browse compare_whatifs(first: u32, second: u32, limit: usize) -> Comparison;
    Browse delete_whatif(number: u32) -> ();
    Browse mv_object(guid: Uuid) -> MvObjectView;
    Browse metaverse_schema() -> Vec<MvTypeView>;
    Browse metaverse_population() -> MvPopulationView;
    Browse judge_metaverse_schema(change: &SchemaChange) -> SchemaChangeView;
    Administer change_metaverse_schema(change: &SchemaChange) -> SchemaChangeView;
    Browse rules() -> Vec<RuleSummary>;
    Browse rule(guid: Uuid) -> RuleDetails;
    Browse rule_set() -> RuleSet;
    Browse judge_rules(changes: &RuleChanges) -> RuleChangeView;
    Administer change_rules(changes: &RuleChanges) -> RuleChangeView;
    Administer clone_rule(rule: RuleId, how: &RuleClone, as_of: Option<u64>) -> (RuleDetails, RuleChangeView);
    Browse rule_history(rule: Uuid) -> RuleHistoryView;
    Browse removed_rules() -> Vec<RemovedRuleView>;
    Administer restore_rule(rule: Uuid, version: u32, as_of: Option<u64>) -> RuleChangeView;
    Administer undo_rule_change(version: u64) -> RuleChangeView;
    Browse rule_script(rules: &[String]) -> String;
    Browse try_rule(rule: &SyncRule, object: Uuid) -> RuleTrialView;
    Browse expression_object(connector: &str, dn: &str) -> ExpressionObject;
    Browse expression_mv_object(guid: Uuid, connector: Option<&str>) -> ExpressionObject;
    Administer store_run_profiles(connector: &str, seen: &[RunProfileView], changes: &[RunProfileChange]) -> ConnectorSummary;
    Browse connector_properties(connector: &str) -> ConnectorProperties;
    Administer change_connector(connector: &str, change: &ConnectorChange) -> ConnectorChangeReport;
    Browse test_connection(connector: &str, connection: &ConnectionSettings, secret: Option<SecretString>) -> ();
    Browse containers(connector: &str, partition: &str, below: &str) -> ContainerLevel;
    Browse tenant(connector: Option<&str>) -> TenantView;
    Browse tenant_facts(connector: Option<&str>) -> TenantFacts;
    Administer create_connector(new: NewConnector) -> ConnectorSummary;
    Administer refresh_schema(connector: &str, dry_run: bool, remove_used: bool) -> SchemaRefreshView;
    Browse export_connector(connector: &str) -> String;
    Administer import_connector(path: &Path, dry_run: bool) -> ImportReport;
    Browse judge_connector_update(connector: &str, path: &Path) -> ConnectorUpdateView;
    Administer update_connector(connector: &str, path: &Path) -> ConnectorChangeReport;
    Browse connector_deletion_impact(connector: &str, space_only: bool, cancel: &CancelToken, tell: Arc<TellWhatIf>) -> ConnectorDeletionImpact;
    Administer delete_connector(connector: &str, space_only: bool) -> RunId;
    Operate start_run(connector: &str, profile: &str) -> RunId;
    Operate stop_run(connector: Option<&str>) -> Vec<RunId>;
    Operate start_cycle(policy: CyclePolicy) -> ();
    Operate stop_cycle() -> bool;
    Browse deletion_protection() -> DeletionProtection;
    Administer set_deletion_limit(limit: DeletionLimit) -> DeletionProtection;
    Administer approve_deletions(objects: &[Uuid]) -> DeletionProtection;
    Administer set_staging_mode(on: bool) -> ();
    Administer require_full_runs(connector: &str, import: bool, synchronization: bool) -> ConnectorSummary;
    Operate clear_history(before: Option<Timestamp>) -> u64;
    Browse read_server_configuration(path: &Path) -> ServerConfigurationView;
    Administer import_server_configuration(path: &Path, options: &ImportOptions) -> ImportReport;
    Browse export_server_configuration(folder: &Path) -> ExportReport;
    Browse compare_with_export(path: &Path) -> ConfigurationComparison;
}
