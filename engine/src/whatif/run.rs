//! Computing a what-if: copy, other rules, the step itself, comparison.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::changes::Teller;
use super::describe::{Describer, identity_error};
use super::error::WhatIfError;
use super::folder::{Room, WhatIfFolder};
use super::notes::Notes;
use super::reason::RuleNames;
use super::report::{ExportTotals, ObjectChange, RuleTouched, SpaceSummary, WhatIfReport, WhatIfStep};
use crate::connector::CancelToken;
use crate::export;
use crate::interop::{self, ImportOptions, InteropContext, RuleFate};
use crate::model::{Clock, ConnectorId, CsId, IdSource, MvId, RandomIds, RuleId, RunId, fold_text};
use crate::protection::{self, DeletionLimit};
use crate::rules::{Revision, RuleChangeKind, RuleConnector, SyncRule, revise};
use crate::step::{ERROR_LIMIT, Progress, Recorder, StepEnd, StepEnvironment, StepStatus};
use crate::store::configuration::{self, ConnectorRecord, StepType, TENANT_KIND};
use crate::store::runs::{self, RunRecord, StepRecord};
use crate::store::whatif::{self as store, ExportCounts, ResultFile, StoredChange};
use crate::store::{Database, StoreError};
use crate::sync::{self, SyncOptions};

/// Touched objects looked at at a time.
const BATCH: usize = 200;

/// What a what-if is computed on.
#[derive(Clone, Copy, Debug)]
pub struct WhatIfContext<'a> {
    /// The data folder.
    pub folder: &'a Path,
    /// Its database; only read.
    pub database: &'a Database,
    /// Tells the time.
    pub clock: &'a Arc<dyn Clock>,
    /// Account that asks.
    pub user: &'a str,
}

/// Rules that are not saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherRules {
    /// Name of the file, for the summary and for messages.
    pub file: String,
    /// What it holds; see [`revise`].
    pub text: String,
}

/// An exported server configuration that is not imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherServer {
    /// Folder or file of the export.
    pub path: PathBuf,
    /// Connectors of the export, by name or GUID, whose rules go to connectors that are here.
    pub mappings: Vec<(String, String)>,
}

/// What stands in place of the saved rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Instead {
    /// Rules of a file, laid over the saved ones.
    Rules(OtherRules),
    /// An exported server configuration, taken over as an import would.
    Server(OtherServer),
}

impl Instead {
    /// The file or folder.
    fn place(&self) -> String {
        match self {
            Self::Rules(rules) => rules.file.clone(),
            Self::Server(server) => server.path.display().to_string(),
        }
    }
}

/// What a what-if is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WhatIfRequest {
    /// Connectors to synchronize; none means all. They come in the order of a cycle.
    pub connectors: Vec<ConnectorId>,
    /// Everything, not only what is pending.
    pub full: bool,
    /// Other rules; none asks about the saved ones.
    pub instead: Option<Instead>,
}

/// How far a what-if has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WhatIfProgress {
    /// The database is being copied.
    Copying {
        /// Pages copied.
        done: u64,
        /// Pages there are.
        total: u64,
    },
    /// A connector is being synchronized on the copy.
    Synchronizing {
        /// Its name.
        connector: String,
        /// How far it has come.
        progress: Progress,
    },
    /// Before and after are being compared.
    Comparing {
        /// Objects looked at.
        done: u64,
    },
}

/// Where progress goes.
pub(super) type Tell = Arc<dyn Fn(WhatIfProgress) + Send + Sync>;

/// Computes a what-if and keeps its result. The database is not written to.
///
/// # Errors
/// [`WhatIfError`] says what is in the way; nothing is kept then.
pub fn run(
    context: WhatIfContext<'_>,
    request: &WhatIfRequest,
    cancel: &CancelToken,
    tell: &Tell,
) -> Result<WhatIfReport, WhatIfError> {
    let started = context.clock.now();
    // Faults of the file are found before the database is copied.
    match &request.instead {
        Some(Instead::Rules(rules)) => {
            let reader = context.database.reader()?;
            lay_over(&configuration::rules(&reader)?, &configuration::connectors(&reader)?, rules, &RandomIds)?;
        }
        Some(Instead::Server(server)) => {
            interop::outline(&server.path)?;
        }
        None => {}
    }
    let room = WhatIfFolder::of(context.folder).begin()?;
    let mut result = ResultFile::create(&room.result())?;
    let report = {
        let environment = copy(context, &room, cancel, tell)?;
        let copy = Copy { environment: &environment, request, user: context.user, tell };
        let mut report = copy.compute(&room, &mut result)?;
        report.started = started;
        report.ended = context.clock.now();
        report
    };
    let text = serde_json::to_string(&report).map_err(|error| StoreError::damaged("the summary of a what-if", error))?;
    result.finish(&text)?;
    room.keep()?;
    Ok(report)
}

/// The rules of a file over saved ones.
fn lay_over(
    saved: &[SyncRule],
    connectors: &[ConnectorRecord],
    rules: &OtherRules,
    ids: &dyn IdSource,
) -> Result<Revision, WhatIfError> {
    let names: Vec<RuleConnector<'_>> = connectors
        .iter()
        .map(|connector| RuleConnector {
            id: connector.id,
            name: &connector.name,
            guid: connector.guid,
            schema: &connector.schema,
        })
        .collect();
    revise(saved, &rules.text, &names, ids).map_err(|error| {
        let line = error.offset.map(|offset| rules.text.get(..offset).unwrap_or_default().lines().count().max(1));
        let place = line.map_or_else(|| rules.file.clone(), |line| format!("{}, line {line}", rules.file));
        WhatIfError::Rules { place, message: error.message }
    })
}

/// Stores other rules; the old precedences are out of the way first, because no two rules may have one.
fn store_rules(database: &Database, rules: &[SyncRule]) -> Result<(), StoreError> {
    let mut writer = database.writer();
    let transaction = writer.transaction()?;
    for (place, rule) in (1i64..).zip(configuration::rules(&transaction)?) {
        configuration::save_rule(&transaction, &SyncRule { precedence: i64::MIN + place, ..rule })?;
    }
    for rule in rules {
        configuration::save_rule(&transaction, rule)?;
    }
    transaction.commit().map_err(StoreError::sqlite("storing rules in a copy of the database"))
}

/// Copies the database to where a step may do to it what it wants.
pub(super) fn copy(
    context: WhatIfContext<'_>,
    room: &Room,
    cancel: &CancelToken,
    tell: &Tell,
) -> Result<StepEnvironment, WhatIfError> {
    let copied = store::copy(context.database, &room.copy(), &mut |done, total| {
        tell(WhatIfProgress::Copying { done, total });
        !cancel.is_cancelled()
    })?;
    let database = copied.ok_or(WhatIfError::Cancelled)?;
    Ok(StepEnvironment {
        database: Arc::new(database),
        clock: Arc::clone(context.clock),
        ids: Arc::new(RandomIds),
        cancel: cancel.clone(),
    })
}

/// Puts a run of one step into the history of a copy, for what is recorded of it.
pub(super) fn begin_run(
    environment: &StepEnvironment,
    user: &str,
    connector: &ConnectorRecord,
    label: &str,
) -> Result<RunId, StoreError> {
    let now = environment.clock.now();
    let mut writer = environment.database.writer();
    let transaction = writer.transaction()?;
    let record = RunRecord {
        id: RunId(0),
        connector: connector.id,
        connector_name: connector.name.clone(),
        profile: label.to_owned(),
        user: user.to_owned(),
        status: StepStatus::IN_PROGRESS.0.to_owned(),
        started: now,
        ended: None,
        steps: 1,
    };
    let run = runs::insert_run(&transaction, &record)?;
    let step = StepRecord {
        run,
        number: 1,
        step_type: label.to_owned(),
        partition: String::new(),
        status: StepStatus::IN_PROGRESS.0.to_owned(),
        message: String::new(),
        started: now,
        ended: None,
        counters: BTreeMap::new(),
        connections: Vec::new(),
        warnings: Vec::new(),
    };
    runs::save_step(&transaction, &step)?;
    transaction.commit().map_err(StoreError::sqlite("writing the run history of a copy"))?;
    Ok(run)
}

/// The end of a step on a copy, unless the database of the copy failed.
pub(super) fn unless_lost(end: StepEnd, connector: &ConnectorRecord) -> Result<StepEnd, WhatIfError> {
    let lost = [StepStatus::STOPPED_DATABASE, StepStatus::STOPPED_DATABASE_DISK_FULL];
    if lost.contains(&end.status) {
        return Err(WhatIfError::Step { connector: connector.name.clone(), status: end.status.0, message: end.message });
    }
    Ok(end)
}

/// The copy and what is to be done on it.
struct Copy<'a> {
    environment: &'a StepEnvironment,
    request: &'a WhatIfRequest,
    user: &'a str,
    tell: &'a Tell,
}

impl Copy<'_> {
    fn compute(&self, room: &Room, result: &mut ResultFile) -> Result<WhatIfReport, WhatIfError> {
        let database = &self.environment.database;
        let (connectors, saved) = {
            let reader = database.reader()?;
            (configuration::connectors(&reader)?, configuration::rules(&reader)?)
        };
        let mut notes = Notes::default();
        notes.runs_going_on(&*database.reader()?)?;
        let rules = self.other_rules(&connectors, &saved, &mut notes)?;
        // What a run does before its first batch.
        export::recover(database)?;
        let (plan, _) = sync::load_plan(database)?;
        notes.rules(&plan, &connectors, &rules);
        let exports_before = store::export_counts(&*database.reader()?)?;
        {
            let mut writer = database.writer();
            let transaction = writer.transaction()?;
            store::watch(&transaction)?;
            transaction.commit().map_err(StoreError::sqlite("watching a copy of the database"))?;
        }
        let order = order(&connectors, &self.request.connectors);
        if order.is_empty() {
            return Err(WhatIfError::NoConnector);
        }
        let mut steps = Vec::new();
        let mut identity_errors = BTreeMap::new();
        for connector in order {
            let (run, step) = self.synchronize(connector)?;
            let errors = runs::errors(&*database.reader()?, run, 1, u32::try_from(ERROR_LIMIT).unwrap_or(u32::MAX))?;
            identity_errors.extend(
                errors
                    .into_iter()
                    .filter(|error| error.object.is_none())
                    .map(|error| (error.dn.clone(), identity_error(&error.dn, &error.error))),
            );
            steps.push(step);
        }
        let mut spaces = self.spaces(&connectors, &exports_before)?;
        let names = self.rule_names(saved)?;
        self.compare(&plan, &names, &connectors, result, &mut spaces)?;
        take(result, &mut spaces, identity_errors.into_values().collect())?;
        notes.threshold(&spaces);
        notes.steps(&steps);
        Ok(WhatIfReport {
            number: room.number,
            started: self.environment.clock.now(),
            ended: self.environment.clock.now(),
            user: self.user.to_owned(),
            full: self.request.full,
            rules_file: self.request.instead.as_ref().map(Instead::place),
            rules,
            steps,
            spaces: spaces.into_values().collect(),
            warnings: notes.sentences,
        })
    }

    /// Puts the other rules into the copy.
    fn other_rules(
        &self,
        connectors: &[ConnectorRecord],
        saved: &[SyncRule],
        notes: &mut Notes,
    ) -> Result<Vec<RuleTouched>, WhatIfError> {
        match &self.request.instead {
            None => Ok(Vec::new()),
            Some(Instead::Rules(rules)) => self.file_rules(rules, connectors, saved),
            Some(Instead::Server(server)) => self.server_rules(server, saved, notes),
        }
    }

    /// Takes an exported configuration over, as a real import does, and tells what became of the rules.
    fn server_rules(&self, server: &OtherServer, saved: &[SyncRule], notes: &mut Notes) -> Result<Vec<RuleTouched>, WhatIfError> {
        let environment = self.environment;
        let context =
            InteropContext { database: &environment.database, ids: environment.ids.as_ref(), now: environment.clock.now() };
        let options = ImportOptions { mappings: server.mappings.clone(), dry_run: false, replace_rules: true };
        let report = interop::import(&context, &server.path, &options)?;
        notes.sentences.extend(report.warnings);
        notes.sentences.extend(report.not_taken.iter().map(|remark| format!("{}: {}", remark.subject, remark.text)));
        let reader = environment.database.reader()?;
        let (connectors, now) = (configuration::connectors(&reader)?, configuration::rules(&reader)?);
        let known: BTreeSet<RuleId> = saved.iter().map(|rule| rule.id).collect();
        let added = now.iter().filter(|rule| !known.contains(&rule.id)).map(|rule| (rule, "added"));
        let replaced = report.replaced.iter().filter_map(|replaced| {
            let rule = saved.iter().find(|rule| rule.precedence == replaced.precedence)?;
            Some((rule, if replaced.fate == RuleFate::Removed { "removed" } else { "changed" }))
        });
        Ok(replaced.chain(added).map(|(rule, change)| rule_touched(rule, change, &connectors)).collect())
    }

    /// Lays the rules of a file over those of the copy.
    fn file_rules(
        &self,
        other: &OtherRules,
        connectors: &[ConnectorRecord],
        saved: &[SyncRule],
    ) -> Result<Vec<RuleTouched>, WhatIfError> {
        let revision = lay_over(saved, connectors, other, self.environment.ids.as_ref())?;
        store_rules(&self.environment.database, &revision.rules)?;
        let word = |kind| match kind {
            RuleChangeKind::Added => "added",
            RuleChangeKind::Replaced => "replaced",
            RuleChangeKind::Changed => "changed",
            RuleChangeKind::Unchanged => "unchanged",
        };
        let touched = revision.changes.into_iter().map(|change| RuleTouched {
            connector: name_of(change.connector, connectors),
            rule: change.rule,
            direction: change.direction.label().to_owned(),
            change: word(change.kind).to_owned(),
        });
        Ok(touched.collect())
    }

    /// Runs the step on the copy.
    fn synchronize(&self, connector: &ConnectorRecord) -> Result<(RunId, WhatIfStep), WhatIfError> {
        let step_type = if self.request.full { StepType::FullSynchronization } else { StepType::DeltaSynchronization };
        let run = begin_run(self.environment, self.user, connector, step_type.label())?;
        let (tell, name) = (Arc::clone(self.tell), connector.name.clone());
        let sink = Box::new(move |progress: &Progress| {
            tell(WhatIfProgress::Synchronizing { connector: name.clone(), progress: progress.clone() });
        });
        let mut recorder = Recorder::new(run, 1, sink).without_changes();
        let options = SyncOptions { full: self.request.full, ..SyncOptions::default() };
        let end = sync::run_step(self.environment, connector.id, options, &mut recorder);
        if self.environment.cancel.is_cancelled() {
            return Err(WhatIfError::Cancelled);
        }
        let end = unless_lost(end, connector)?;
        let step = WhatIfStep {
            connector_id: connector.id,
            connector: connector.name.clone(),
            status: end.status.0.to_owned(),
            message: end.message,
            warnings: recorder.warnings.clone(),
            errors: recorder.error_count(),
            parts: recorder.counters().clone(),
        };
        Ok((run, step))
    }

    /// One empty summary per space: the metaverse, then the connectors by name.
    fn spaces(
        &self,
        connectors: &[ConnectorRecord],
        before: &BTreeMap<ConnectorId, ExportCounts>,
    ) -> Result<BTreeMap<SpaceKey, SpaceSummary>, StoreError> {
        let reader = self.environment.database.reader()?;
        let after = store::export_counts(&reader)?;
        let limit = protection::deletion_limit(&reader)?;
        let metaverse = SpaceSummary { name: "Metaverse".to_owned(), ..SpaceSummary::default() };
        let mut spaces = BTreeMap::from([(SpaceKey::default(), metaverse)]);
        for connector in connectors {
            let counts = |counts: &BTreeMap<ConnectorId, ExportCounts>| totals(counts.get(&connector.id));
            let limit = if connector.kind == TENANT_KIND { limit } else { DeletionLimit::Off };
            let deletion_limit = protection::most_deletions(&reader, connector.id, limit)?;
            let exceeding = protection::check_deletions(&reader, connector.id, limit)?;
            let summary = SpaceSummary {
                space: connector.guid.to_string(),
                name: connector.name.clone(),
                exports_before: counts(before),
                exports_after: counts(&after),
                deletion_limit,
                exceeds_limit: exceeding.is_some(),
                ..SpaceSummary::default()
            };
            spaces.insert(SpaceKey { name: fold_text(&connector.name), space: summary.space.clone() }, summary);
        }
        Ok(spaces)
    }

    /// Names of rules, those too that the other rules replace.
    fn rule_names(&self, saved: Vec<SyncRule>) -> Result<RuleNames, StoreError> {
        let now = configuration::rules(&*self.environment.database.reader()?)?;
        Ok(saved.into_iter().chain(now).map(|rule| (rule.id, rule.name)).collect())
    }

    fn compare(
        &self,
        plan: &crate::rules::Plan,
        rules: &RuleNames,
        connectors: &[ConnectorRecord],
        result: &mut ResultFile,
        spaces: &mut BTreeMap<SpaceKey, SpaceSummary>,
    ) -> Result<(), WhatIfError> {
        let identifiers: BTreeMap<ConnectorId, String> =
            connectors.iter().map(|connector| (connector.id, connector.guid.to_string())).collect();
        let reader = self.environment.database.reader()?;
        let describer = Describer { plan, rules, spaces: &identifiers, now: self.environment.clock.now() };
        let teller = Teller { connection: &reader, describer };
        let mut done = 0;
        let mut told = |objects: usize| {
            done += objects as u64;
            (self.tell)(WhatIfProgress::Comparing { done });
            if self.environment.cancel.is_cancelled() { Err(WhatIfError::Cancelled) } else { Ok(()) }
        };
        let mut after = CsId(0);
        loop {
            let touched = store::cs_changes(&reader, after, BATCH)?;
            let Some((last, _)) = touched.last() else { break };
            after = *last;
            told(touched.len())?;
            let batch = teller.connector_space(touched)?;
            for summary in spaces.values_mut() {
                let of = identifiers.iter().find(|(_, space)| **space == summary.space).map(|(id, _)| *id);
                summary.synchronized += of.and_then(|id| batch.synchronized.get(&id)).copied().unwrap_or_default();
            }
            take(result, spaces, batch.changes)?;
        }
        let mut after = MvId(0);
        loop {
            let touched = store::mv_changes(&reader, after, BATCH)?;
            let Some((last, _)) = touched.last() else { break };
            after = *last;
            told(touched.len())?;
            let changes = teller.metaverse(touched)?;
            take(result, spaces, changes)?;
        }
        Ok(())
    }
}

/// A rule and what became of it.
fn rule_touched(rule: &SyncRule, change: &str, connectors: &[ConnectorRecord]) -> RuleTouched {
    RuleTouched {
        rule: rule.name.clone(),
        connector: name_of(rule.connector, connectors),
        direction: rule.direction.label().to_owned(),
        change: change.to_owned(),
    }
}

fn name_of(id: ConnectorId, connectors: &[ConnectorRecord]) -> String {
    connectors.iter().find(|connector| connector.id == id).map(|connector| connector.name.clone()).unwrap_or_default()
}

/// Where a space stands in lists: the metaverse first, then by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct SpaceKey {
    name: String,
    space: String,
}

/// Counts changes and writes them.
fn take(
    result: &mut ResultFile,
    spaces: &mut BTreeMap<SpaceKey, SpaceSummary>,
    changes: Vec<ObjectChange>,
) -> Result<(), StoreError> {
    let mut stored = Vec::with_capacity(changes.len());
    for change in changes {
        let found = (0i64..).zip(spaces.values_mut()).find(|(_, summary)| summary.space == change.space);
        let place = found.map_or(i64::MAX, |(place, summary)| {
            summary.count(&change);
            place
        });
        stored.push(stored_change(&change, place)?);
    }
    result.add(&stored)
}

fn stored_change(change: &ObjectChange, place: i64) -> Result<StoredChange, StoreError> {
    Ok(StoredChange {
        place,
        space: change.space.clone(),
        identity: change.identity.clone(),
        kind: change.kind as i64,
        name: change.name.clone(),
        has_error: change.error.is_some(),
        content: serde_json::to_string(change).map_err(|error| StoreError::damaged("a change of a what-if", error))?,
    })
}

pub(super) fn totals(counts: Option<&ExportCounts>) -> ExportTotals {
    let counts = counts.copied().unwrap_or_default();
    ExportTotals { adds: counts.adds, updates: counts.updates, deletes: counts.deletes + counts.delete_adds }
}

/// The connectors asked for in the order of a cycle: forests, then tenants.
fn order<'a>(connectors: &'a [ConnectorRecord], wanted: &[ConnectorId]) -> Vec<&'a ConnectorRecord> {
    let wanted = |connector: &&ConnectorRecord| wanted.is_empty() || wanted.contains(&connector.id);
    let (tenants, forests): (Vec<_>, Vec<_>) =
        connectors.iter().filter(wanted).partition(|connector| connector.kind == TENANT_KIND);
    forests.into_iter().chain(tenants).collect()
}
