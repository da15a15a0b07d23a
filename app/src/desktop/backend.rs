//! What the app needs of an engine, as a trait: the real engine, or a fixed set of answers in tests.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crossbeam_channel::Receiver;
use jiff::Timestamp;
use secrecy::SecretString;
use syncline_engine::connector::CancelToken;
use syncline_engine::model::{Clock, ConnectorId, RuleId, RunId};
use syncline_engine::rules::SyncRule;
use syncline_engine::service::{
    Comparison, ConfigurationComparison, ConnectorDeletionImpact, ConnectorProperties, ConnectorStatistics, ConnectorSummary,
    ConnectorUpdateView, ContainerLevel, CsConditions, CsHit, CsObjectView, CsSearch, CyclePolicy, DeletionLimit,
    DeletionProtection, Engine, EngineError, EngineEvent, EngineOptions, EngineStatus, ExportReport, ExpressionObject,
    ImportOptions, ImportReport, LineageGraphView, MvHit, MvObjectView, MvPopulationView, MvSearch, MvTypeView, NewConnector,
    ObjectChange, OperationFilter, Page, PendingExportView, PreviewView, RemovedRuleView, RuleChangeView, RuleClone, RuleDetails,
    RuleHistoryView, RuleSet, RuleSummary, RuleTrialView, RunChangeView, RunDetails, RunFilter, RunObjectPlace, RunObjectView,
    RunProfileChange, RunProfileView, RunSummary, SchemaChangeView, SchemaRefreshView, SchemaValidationView,
    ServerConfigurationView, SyncMode, TenantFacts, TenantView, WhatIfFilter, WhatIfProgress, WhatIfReport, WhatIfRequest,
    WhyNotView, WhyView,
};
use syncline_engine::setup::{ConnectionSettings, ConnectorChange, ConnectorChangeReport, RuleChanges, SchemaChange};
use uuid::Uuid;

/// The answer to a question.
pub type Answer<T> = Result<T, EngineError>;

/// Told how far a what-if has come.
pub type TellWhatIf = dyn Fn(WhatIfProgress) + Send + Sync;

/// Questions and commands of the app. Every call blocks and is made on a worker thread.
///
/// Each method does what the method of [`Engine`] with the same name does.
#[allow(missing_docs, clippy::missing_errors_doc, reason = "documented at Engine")]
pub trait Backend: Send + Sync {
    fn subscribe(&self) -> Receiver<EngineEvent>;
    fn status(&self) -> Answer<EngineStatus>;
    fn connectors(&self) -> Answer<Vec<ConnectorSummary>>;
    fn connector_statistics(&self, id: ConnectorId) -> Answer<ConnectorStatistics>;
    fn runs(&self, filter: &RunFilter) -> Answer<Page<RunSummary>>;
    fn run(&self, id: RunId) -> Answer<RunDetails>;
    fn run_objects(&self, id: RunId, step: u32, counters: &[String], offset: u64, limit: u64) -> Answer<Page<RunObjectView>>;
    fn run_changes(&self, id: RunId, step: u32, places: &[RunObjectPlace]) -> Answer<Vec<RunChangeView>>;
    fn search_connector_space(&self, search: &CsSearch) -> Answer<Page<CsHit>> {
        self.search_connector_space_where(search, &CsConditions::default())
    }
    fn search_connector_space_where(&self, search: &CsSearch, conditions: &CsConditions) -> Answer<Page<CsHit>>;
    fn cs_object(&self, guid: Uuid) -> Answer<CsObjectView>;
    fn validate_object(&self, guid: Uuid) -> Answer<SchemaValidationView>;
    fn pending_exports(
        &self,
        connector: ConnectorId,
        operations: OperationFilter,
        offset: u64,
        limit: u64,
    ) -> Answer<Page<PendingExportView>>;
    fn preview(&self, object: Uuid, mode: SyncMode) -> Answer<PreviewView>;
    fn commit_preview(&self, object: Uuid, mode: SyncMode) -> Answer<PreviewView>;
    fn preview_join(&self, object: Uuid, metaverse: Uuid) -> Answer<PreviewView>;
    fn preview_disconnection(&self, object: Uuid, explicit: bool) -> Answer<PreviewView>;
    fn join_object(&self, object: Uuid, metaverse: Uuid) -> Answer<CsObjectView>;
    fn disconnect_object(&self, object: Uuid, explicit: bool) -> Answer<CsObjectView>;
    fn lineage_graph(&self, guid: Uuid) -> Answer<LineageGraphView>;
    fn why(&self, object: &str, attribute: &str) -> Answer<WhyView>;
    fn why_not(&self, connector: &str, dn: &str) -> Answer<WhyNotView>;
    fn search_metaverse(&self, search: &MvSearch) -> Answer<Page<MvHit>>;
    fn whatif(&self, request: &WhatIfRequest, cancel: &CancelToken, tell: Arc<TellWhatIf>) -> Answer<WhatIfReport>;
    fn whatifs(&self) -> Answer<Vec<WhatIfReport>>;
    fn whatif_changes(&self, number: u32, filter: &WhatIfFilter, offset: u64, limit: u64) -> Answer<Page<ObjectChange>>;
    fn each_whatif_change(&self, number: u32, filter: &WhatIfFilter, visit: &mut dyn FnMut(ObjectChange)) -> Answer<()>;
    fn compare_whatifs(&self, first: u32, second: u32, limit: usize) -> Answer<Comparison>;
    fn delete_whatif(&self, number: u32) -> Answer<()>;
    fn mv_object(&self, guid: Uuid) -> Answer<MvObjectView>;
    fn metaverse_schema(&self) -> Answer<Vec<MvTypeView>>;
    fn metaverse_population(&self) -> Answer<MvPopulationView>;
    fn judge_metaverse_schema(&self, change: &SchemaChange) -> Answer<SchemaChangeView>;
    fn change_metaverse_schema(&self, change: &SchemaChange) -> Answer<SchemaChangeView>;
    fn rules(&self) -> Answer<Vec<RuleSummary>>;
    fn rule(&self, guid: Uuid) -> Answer<RuleDetails>;
    fn rule_set(&self) -> Answer<RuleSet>;
    fn judge_rules(&self, changes: &RuleChanges) -> Answer<RuleChangeView>;
    fn change_rules(&self, changes: &RuleChanges) -> Answer<RuleChangeView>;
    fn clone_rule(&self, rule: RuleId, how: &RuleClone, as_of: Option<u64>) -> Answer<(RuleDetails, RuleChangeView)>;
    fn rule_history(&self, rule: Uuid) -> Answer<RuleHistoryView>;
    fn removed_rules(&self) -> Answer<Vec<RemovedRuleView>>;
    fn restore_rule(&self, rule: Uuid, version: u32, as_of: Option<u64>) -> Answer<RuleChangeView>;
    fn undo_rule_change(&self, version: u64) -> Answer<RuleChangeView>;
    fn rule_script(&self, rules: &[String]) -> Answer<String>;
    fn try_rule(&self, rule: &SyncRule, object: Uuid) -> Answer<RuleTrialView>;
    fn expression_object(&self, connector: &str, dn: &str) -> Answer<ExpressionObject>;
    fn expression_mv_object(&self, guid: Uuid, connector: Option<&str>) -> Answer<ExpressionObject>;
    fn store_run_profiles(
        &self,
        connector: &str,
        seen: &[RunProfileView],
        changes: &[RunProfileChange],
    ) -> Answer<ConnectorSummary>;
    fn connector_properties(&self, connector: &str) -> Answer<ConnectorProperties>;
    fn change_connector(&self, connector: &str, change: &ConnectorChange) -> Answer<ConnectorChangeReport>;
    fn test_connection(&self, connector: &str, connection: &ConnectionSettings, secret: Option<SecretString>) -> Answer<()>;
    fn containers(&self, connector: &str, partition: &str, below: &str) -> Answer<ContainerLevel>;
    fn tenant(&self, connector: Option<&str>) -> Answer<TenantView>;
    /// What the tenant tells of itself; signs in to it.
    fn tenant_facts(&self, connector: Option<&str>) -> Answer<TenantFacts>;
    fn create_connector(&self, new: NewConnector) -> Answer<ConnectorSummary>;
    fn refresh_schema(&self, connector: &str, dry_run: bool, remove_used: bool) -> Answer<SchemaRefreshView>;
    fn export_connector(&self, connector: &str) -> Answer<String>;
    fn import_connector(&self, path: &Path, dry_run: bool) -> Answer<ImportReport>;
    fn judge_connector_update(&self, connector: &str, path: &Path) -> Answer<ConnectorUpdateView>;
    fn update_connector(&self, connector: &str, path: &Path) -> Answer<ConnectorChangeReport>;
    fn connector_deletion_impact(
        &self,
        connector: &str,
        space_only: bool,
        cancel: &CancelToken,
        tell: Arc<TellWhatIf>,
    ) -> Answer<ConnectorDeletionImpact>;
    fn delete_connector(&self, connector: &str, space_only: bool) -> Answer<RunId>;
    fn start_run(&self, connector: &str, profile: &str) -> Answer<RunId>;
    fn stop_run(&self, connector: Option<&str>) -> Answer<Vec<RunId>>;
    fn start_cycle(&self, policy: CyclePolicy) -> Answer<()>;
    fn stop_cycle(&self) -> Answer<bool>;
    fn deletion_protection(&self) -> Answer<DeletionProtection>;
    fn set_deletion_limit(&self, limit: DeletionLimit) -> Answer<DeletionProtection>;
    fn approve_deletions(&self, objects: &[Uuid]) -> Answer<DeletionProtection>;
    fn set_staging_mode(&self, on: bool) -> Answer<()>;
    fn require_full_runs(&self, connector: &str, import: bool, synchronization: bool) -> Answer<ConnectorSummary>;
    /// Removes runs that ended before a moment, or all; the last of every profile stay. The number removed.
    fn clear_history(&self, before: Option<Timestamp>) -> Answer<u64>;
    fn read_server_configuration(&self, path: &Path) -> Answer<ServerConfigurationView>;
    fn import_server_configuration(&self, path: &Path, options: &ImportOptions) -> Answer<ImportReport>;
    fn export_server_configuration(&self, folder: &Path) -> Answer<ExportReport>;
    fn compare_with_export(&self, path: &Path) -> Answer<ConfigurationComparison>;
    /// Stops runs, sandbox and threads.
    fn shutdown(&self);
}

impl Backend for Engine {
    fn subscribe(&self) -> Receiver<EngineEvent> {
        Self::subscribe(self)
    }
    fn status(&self) -> Answer<EngineStatus> {
        Self::status(self)
    }
    fn connectors(&self) -> Answer<Vec<ConnectorSummary>> {
        Self::connectors(self)
    }
    fn connector_statistics(&self, id: ConnectorId) -> Answer<ConnectorStatistics> {
        Self::connector_statistics(self, id)
    }
    fn runs(&self, filter: &RunFilter) -> Answer<Page<RunSummary>> {
        Self::runs(self, filter)
    }
    fn run(&self, id: RunId) -> Answer<RunDetails> {
        Self::run(self, id)
    }
    fn run_objects(&self, id: RunId, step: u32, counters: &[String], offset: u64, limit: u64) -> Answer<Page<RunObjectView>> {
        Self::run_objects(self, id, step, counters, offset, limit)
    }
    fn run_changes(&self, id: RunId, step: u32, places: &[RunObjectPlace]) -> Answer<Vec<RunChangeView>> {
        Self::run_changes(self, id, step, places)
    }
    fn search_connector_space_where(&self, search: &CsSearch, conditions: &CsConditions) -> Answer<Page<CsHit>> {
        Self::search_connector_space_where(self, search, conditions)
    }
    fn cs_object(&self, guid: Uuid) -> Answer<CsObjectView> {
        Self::cs_object(self, guid)
    }
    fn validate_object(&self, guid: Uuid) -> Answer<SchemaValidationView> {
        Self::validate_object(self, guid)
    }
    fn pending_exports(
        &self,
        connector: ConnectorId,
        operations: OperationFilter,
        offset: u64,
        limit: u64,
    ) -> Answer<Page<PendingExportView>> {
        Self::pending_exports(self, connector, operations, offset, limit)
    }
    fn preview(&self, object: Uuid, mode: SyncMode) -> Answer<PreviewView> {
        Self::preview(self, object, mode)
    }
    fn commit_preview(&self, object: Uuid, mode: SyncMode) -> Answer<PreviewView> {
        Self::commit_preview(self, object, mode)
    }
    fn preview_join(&self, object: Uuid, metaverse: Uuid) -> Answer<PreviewView> {
        Self::preview_join(self, object, metaverse)
    }
    fn preview_disconnection(&self, object: Uuid, explicit: bool) -> Answer<PreviewView> {
        Self::preview_disconnection(self, object, explicit)
    }
    fn join_object(&self, object: Uuid, metaverse: Uuid) -> Answer<CsObjectView> {
        Self::join_object(self, object, metaverse)
    }
    fn disconnect_object(&self, object: Uuid, explicit: bool) -> Answer<CsObjectView> {
        Self::disconnect_object(self, object, explicit)
    }
    fn lineage_graph(&self, guid: Uuid) -> Answer<LineageGraphView> {
        Self::lineage_graph(self, guid)
    }
    fn why(&self, object: &str, attribute: &str) -> Answer<WhyView> {
        Self::why(self, object, attribute)
    }
    fn why_not(&self, connector: &str, dn: &str) -> Answer<WhyNotView> {
        Self::why_not(self, connector, dn)
    }
    fn search_metaverse(&self, search: &MvSearch) -> Answer<Page<MvHit>> {
        Self::search_metaverse(self, search)
    }
    fn whatif(&self, request: &WhatIfRequest, cancel: &CancelToken, tell: Arc<TellWhatIf>) -> Answer<WhatIfReport> {
        Self::whatif(self, request, cancel, tell)
    }
    fn whatifs(&self) -> Answer<Vec<WhatIfReport>> {
        Self::whatifs(self)
    }
    fn whatif_changes(&self, number: u32, filter: &WhatIfFilter, offset: u64, limit: u64) -> Answer<Page<ObjectChange>> {
        Self::whatif_changes(self, number, filter, offset, limit)
    }
    fn each_whatif_change(&self, number: u32, filter: &WhatIfFilter, visit: &mut dyn FnMut(ObjectChange)) -> Answer<()> {
        Self::each_whatif_change(self, number, filter, &mut |change| {
            visit(change);
            Ok(())
        })
    }
    fn compare_whatifs(&self, first: u32, second: u32, limit: usize) -> Answer<Comparison> {
        Self::compare_whatifs(self, first, second, limit)
    }
    fn delete_whatif(&self, number: u32) -> Answer<()> {
        Self::delete_whatif(self, number)
    }
    fn mv_object(&self, guid: Uuid) -> Answer<MvObjectView> {
        Self::mv_object(self, guid)
    }
    fn metaverse_schema(&self) -> Answer<Vec<MvTypeView>> {
        Self::metaverse_schema(self)
    }
    fn metaverse_population(&self) -> Answer<MvPopulationView> {
        Self::metaverse_population(self)
    }
    fn judge_metaverse_schema(&self, change: &SchemaChange) -> Answer<SchemaChangeView> {
        Self::judge_metaverse_schema(self, change)
    }
    fn change_metaverse_schema(&self, change: &SchemaChange) -> Answer<SchemaChangeView> {
        Self::change_metaverse_schema(self, change)
    }
    fn rules(&self) -> Answer<Vec<RuleSummary>> {
        Self::rules(self)
    }
    fn rule(&self, guid: Uuid) -> Answer<RuleDetails> {
        Self::rule(self, guid)
    }
    fn rule_set(&self) -> Answer<RuleSet> {
        Self::rule_set(self)
    }
    fn judge_rules(&self, changes: &RuleChanges) -> Answer<RuleChangeView> {
        Self::judge_rules(self, changes)
    }
    fn change_rules(&self, changes: &RuleChanges) -> Answer<RuleChangeView> {
        Self::change_rules(self, changes)
    }
    fn clone_rule(&self, rule: RuleId, how: &RuleClone, as_of: Option<u64>) -> Answer<(RuleDetails, RuleChangeView)> {
        Self::clone_rule(self, rule, how, as_of)
    }
    fn rule_history(&self, rule: Uuid) -> Answer<RuleHistoryView> {
        Self::rule_history(self, rule)
    }
    fn removed_rules(&self) -> Answer<Vec<RemovedRuleView>> {
        Self::removed_rules(self)
    }
    fn restore_rule(&self, rule: Uuid, version: u32, as_of: Option<u64>) -> Answer<RuleChangeView> {
        Self::restore_rule(self, rule, version, as_of)
    }
    fn undo_rule_change(&self, version: u64) -> Answer<RuleChangeView> {
        Self::undo_rule_change(self, version)
    }
    fn rule_script(&self, rules: &[String]) -> Answer<String> {
        Self::rule_script(self, rules)
    }
    fn try_rule(&self, rule: &SyncRule, object: Uuid) -> Answer<RuleTrialView> {
        Self::try_rule(self, rule, object)
    }
    fn expression_object(&self, connector: &str, dn: &str) -> Answer<ExpressionObject> {
        Self::expression_object(self, connector, dn)
    }
    fn expression_mv_object(&self, guid: Uuid, connector: Option<&str>) -> Answer<ExpressionObject> {
        Self::expression_mv_object(self, guid, connector)
    }
    fn store_run_profiles(
        &self,
        connector: &str,
        seen: &[RunProfileView],
        changes: &[RunProfileChange],
    ) -> Answer<ConnectorSummary> {
        Self::store_run_profiles(self, connector, seen, changes)
    }
    fn connector_properties(&self, connector: &str) -> Answer<ConnectorProperties> {
        Self::connector_properties(self, connector)
    }
    fn change_connector(&self, connector: &str, change: &ConnectorChange) -> Answer<ConnectorChangeReport> {
        Self::change_connector(self, connector, change)
    }
    fn test_connection(&self, connector: &str, connection: &ConnectionSettings, secret: Option<SecretString>) -> Answer<()> {
        Self::test_connection(self, connector, connection, secret)
    }
    fn containers(&self, connector: &str, partition: &str, below: &str) -> Answer<ContainerLevel> {
        Self::containers(self, connector, partition, below)
    }
    fn tenant(&self, connector: Option<&str>) -> Answer<TenantView> {
        Self::tenant(self, connector)
    }
    fn tenant_facts(&self, connector: Option<&str>) -> Answer<TenantFacts> {
        Self::tenant_facts(self, connector)
    }
    fn create_connector(&self, new: NewConnector) -> Answer<ConnectorSummary> {
        Self::create_connector(self, new)
    }
    fn refresh_schema(&self, connector: &str, dry_run: bool, remove_used: bool) -> Answer<SchemaRefreshView> {
        Self::refresh_schema(self, connector, dry_run, remove_used)
    }
    fn export_connector(&self, connector: &str) -> Answer<String> {
        Self::export_connector(self, connector)
    }
    fn import_connector(&self, path: &Path, dry_run: bool) -> Answer<ImportReport> {
        Self::import_connector(self, path, dry_run)
    }
    fn judge_connector_update(&self, connector: &str, path: &Path) -> Answer<ConnectorUpdateView> {
        Self::judge_connector_update(self, connector, path)
    }
    fn update_connector(&self, connector: &str, path: &Path) -> Answer<ConnectorChangeReport> {
        Self::update_connector(self, connector, path)
    }
    fn connector_deletion_impact(
        &self,
        connector: &str,
        space_only: bool,
        cancel: &CancelToken,
        tell: Arc<TellWhatIf>,
    ) -> Answer<ConnectorDeletionImpact> {
        Self::connector_deletion_impact(self, connector, space_only, cancel, tell)
    }
    fn delete_connector(&self, connector: &str, space_only: bool) -> Answer<RunId> {
        Self::delete_connector(self, connector, space_only).map(|handle| handle.id())
    }
    fn start_run(&self, connector: &str, profile: &str) -> Answer<RunId> {
        Self::start_run(self, connector, profile).map(|handle| handle.id())
    }
    fn stop_run(&self, connector: Option<&str>) -> Answer<Vec<RunId>> {
        Self::stop_run(self, connector)
    }
    fn start_cycle(&self, policy: CyclePolicy) -> Answer<()> {
        Self::start_cycle(self, policy).map(drop)
    }
    fn stop_cycle(&self) -> Answer<bool> {
        Self::stop_cycle(self)
    }
    fn deletion_protection(&self) -> Answer<DeletionProtection> {
        Self::deletion_protection(self)
    }
    fn set_deletion_limit(&self, limit: DeletionLimit) -> Answer<DeletionProtection> {
        Self::set_deletion_limit(self, limit)
    }
    fn approve_deletions(&self, objects: &[Uuid]) -> Answer<DeletionProtection> {
        Self::approve_deletions(self, objects)
    }
    fn set_staging_mode(&self, on: bool) -> Answer<()> {
        Self::set_staging_mode(self, on)
    }
    fn require_full_runs(&self, connector: &str, import: bool, synchronization: bool) -> Answer<ConnectorSummary> {
        Self::require_full_runs(self, connector, import, synchronization)
    }
    fn clear_history(&self, before: Option<Timestamp>) -> Answer<u64> {
        Ok(match before {
            Some(before) => self.purge_history(Some(self.now().duration_since(before)))?.runs,
            None => self.purge_whole_history()?.runs,
        })
    }
    fn read_server_configuration(&self, path: &Path) -> Answer<ServerConfigurationView> {
        Self::read_server_configuration(self, path)
    }
    fn import_server_configuration(&self, path: &Path, options: &ImportOptions) -> Answer<ImportReport> {
        Self::import_server_configuration(self, path, options)
    }
    fn export_server_configuration(&self, folder: &Path) -> Answer<ExportReport> {
        Self::export_server_configuration(self, folder)
    }
    fn compare_with_export(&self, path: &Path) -> Answer<ConfigurationComparison> {
        Self::compare_with_export(self, path)
    }
    fn shutdown(&self) {
        Self::shutdown(self.clone());
    }
}

/// Where backends come from: the welcome page asks it.
pub trait Opener: Send + Sync {
    /// Opens an existing data folder.
    ///
    /// # Errors
    /// When the folder holds no workspace or another process uses it.
    fn open(&self, folder: &Path) -> Answer<Arc<dyn Backend>>;

    /// Opens a data folder; an empty one is made when there is none.
    ///
    /// # Errors
    /// When the folder holds something else or another process uses it.
    fn create(&self, folder: &Path) -> Answer<Arc<dyn Backend>>;

    /// Makes or opens the sample forest in a folder; nothing has run yet.
    ///
    /// # Errors
    /// When the folder cannot be used.
    fn demo(&self, folder: &Path) -> Answer<Arc<dyn Backend>>;

    /// True when a folder holds a workspace.
    fn is_workspace(&self, folder: &Path) -> bool;

    /// The folder used when none is named.
    fn default_folder(&self) -> PathBuf;

    /// The clock of the app.
    fn clock(&self) -> Arc<dyn Clock>;
}

/// Opens real engines.
#[derive(Clone, Debug, Default)]
pub struct EngineOpener {
    options: EngineOptions,
}

impl EngineOpener {
    /// An opener that writes the present account into the run history.
    #[must_use]
    pub fn new() -> Self {
        Self { options: EngineOptions { user: crate::account::account(), ..EngineOptions::default() } }
    }
}

impl Opener for EngineOpener {
    fn open(&self, folder: &Path) -> Answer<Arc<dyn Backend>> {
        Ok(Arc::new(Engine::open(folder, self.options.clone())?))
    }

    fn create(&self, folder: &Path) -> Answer<Arc<dyn Backend>> {
        Ok(Arc::new(Engine::create(folder, self.options.clone())?))
    }

    fn demo(&self, folder: &Path) -> Answer<Arc<dyn Backend>> {
        Ok(Arc::new(syncline_engine::setup::demo::prepare(folder, self.options.clone())?))
    }

    fn is_workspace(&self, folder: &Path) -> bool {
        Engine::is_workspace(folder)
    }

    fn default_folder(&self) -> PathBuf {
        dirs::data_dir().unwrap_or_else(std::env::temp_dir).join("syncline")
    }

    fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.options.clock)
    }
}

/// An error with its causes in one sentence, ready for a person.
#[must_use]
pub fn sentence(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        let next_text = next.to_string();
        if !text.contains(&next_text) {
            text.push_str(": ");
            text.push_str(&next_text);
        }
        cause = next.source();
    }
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().collect::<String>() + letters.as_str(),
        None => "Unknown error".to_owned(),
    }
}
