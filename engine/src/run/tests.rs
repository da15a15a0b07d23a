//! Runs and cycles over directories in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use jiff::Timestamp;
use tempfile::TempDir;

use super::*;
use crate::connector::ConnectorErrorKind;
use crate::connector::memory::{Fault, MemoryDirectory, MemoryEntry, texts};
use crate::model::{ConnectorId, Delta, FixedClock, ObjectOperation, RunId, SequentialIds};
use crate::protection;
use crate::step::fixture::{add_connector, schema};
use crate::step::{Recorder, StepEnvironment};
use crate::store::configuration::{self, ProfileRecord, ProfileStep, StepType};
use crate::store::runs::{self, RunQuery, RunRecord, StepRecord};
use crate::store::{Database, attributes, connector_space, pending};

pub(super) const FOREST: &str = "DC=contoso,DC=com";

/// Tells of an arrival, and waits to be let on.
type Gate = (Sender<()>, Receiver<()>);

/// Opens directories in memory by the connector's name. A gate holds up whoever opens.
struct Factory {
    directories: BTreeMap<String, MemoryDirectory>,
    gates: Mutex<BTreeMap<String, Gate>>,
}

impl DirectoryFactory for Factory {
    fn open(&self, connector: &ConnectorRecord) -> Result<Box<dyn Connector>, ConnectorError> {
        let gate = self.gates.lock().unwrap().remove(&connector.name);
        if let Some((arrived, opened)) = gate {
            arrived.send(()).unwrap();
            opened.recv().unwrap();
        }
        Ok(Box::new(self.directories[&connector.name].connect()))
    }
}

pub(super) struct Fixture {
    _folder: TempDir,
    pub(super) database: Arc<Database>,
    factory: Arc<Factory>,
    core: Arc<RunCore>,
    events: Receiver<RunEvent>,
    pub(super) forest: ConnectorId,
    pub(super) tenant: ConnectorId,
}

impl Fixture {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = Arc::new(Database::open(&folder.path().join("syncline.db")).unwrap());
        let ids = SequentialIds::default();
        let mut directories = BTreeMap::new();
        let mut connectors = Vec::new();
        for (name, kind, partition) in [("contoso.com", "active-directory", FOREST), ("tenant", "tenant", "default")] {
            let (connector, _) = add_connector(&database, name, kind, partition);
            let directory = MemoryDirectory::new(schema(), partition);
            directory.put(MemoryEntry::new("1", &format!("CN=one{name}"), "user", texts(&[("cn", "one")])));
            directories.insert(name.to_owned(), directory);
            let mut writer = database.writer();
            let transaction = writer.transaction().unwrap();
            let partitions = configuration::partitions(&transaction, connector.id).unwrap();
            for profile in default_profiles(&connector, &partitions, &ids) {
                configuration::save_profile(&transaction, &profile).unwrap();
            }
            let mut table = attributes::load(&transaction).unwrap();
            for definition in connector.schema.attributes() {
                table.intern(&definition.name);
            }
            attributes::save(&transaction, &table).unwrap();
            transaction.commit().unwrap();
            connectors.push(connector.id);
        }
        let factory = Arc::new(Factory { directories, gates: Mutex::default() });
        let (core, events) = core(&database, &factory);
        Self { _folder: folder, database, factory, core, events, forest: connectors[0], tenant: connectors[1] }
    }

    pub(super) fn directory(&self, name: &str) -> &MemoryDirectory {
        &self.factory.directories[name]
    }

    /// Holds up the next opening of a connector: gives a receiver that tells of the arrival and a sender
    /// that lets it go on.
    fn gate(&self, name: &str) -> (Receiver<()>, Sender<()>) {
        let ((arrived, arrival), (open, opened)) = (bounded(1), bounded(1));
        self.factory.gates.lock().unwrap().insert(name.to_owned(), (arrived, opened));
        (arrival, open)
    }

    fn run(&self, connector: ConnectorId, profile: &str) -> (RunRecord, Vec<StepRecord>) {
        let run = self.core.start(connector, profile).unwrap().wait().unwrap();
        self.record(run)
    }

    fn record(&self, run: RunId) -> (RunRecord, Vec<StepRecord>) {
        let reader = self.database.reader().unwrap();
        let record = runs::runs(&reader, &RunQuery { id: Some(run), ..RunQuery::default() }).unwrap().remove(0);
        (record, runs::steps(&reader, &[run]).unwrap())
    }

    fn save_profile(&self, connector: ConnectorId, name: &str, steps: &[StepType], partition: &str) {
        let step = |step_type: &StepType| ProfileStep::new(*step_type, partition);
        let record = ProfileRecord {
            guid: uuid::Uuid::from_u128(u128::from(xxhash_rust::xxh3::xxh3_64(name.as_bytes()))),
            connector,
            name: name.to_owned(),
            steps: steps.iter().map(step).collect(),
        };
        let mut writer = self.database.writer();
        let transaction = writer.transaction().unwrap();
        configuration::save_profile(&transaction, &record).unwrap();
        transaction.commit().unwrap();
    }

    fn require(&self, connector: ConnectorId, import: Option<&str>, sync: Option<&str>) {
        let mut writer = self.database.writer();
        let transaction = writer.transaction().unwrap();
        configuration::set_required(&transaction, connector, import, sync).unwrap();
        transaction.commit().unwrap();
    }

    fn required(&self, connector: ConnectorId) -> (Option<String>, Option<String>) {
        let record = configuration::connector(&self.database.reader().unwrap(), connector).unwrap().unwrap();
        (record.full_import_reason, record.full_sync_reason)
    }

    pub(super) fn cycle(&self, initial: bool) -> CycleOutcome {
        CyclePlan::begin(&self.core, initial).unwrap().run(&self.core).unwrap()
    }
}

fn core(database: &Arc<Database>, factory: &Arc<Factory>) -> (Arc<RunCore>, Receiver<RunEvent>) {
    let (sender, events) = unbounded();
    let core = RunCore::new(
        Arc::clone(database),
        Arc::new(FixedClock(Timestamp::UNIX_EPOCH)),
        Arc::new(SequentialIds::default()),
        Arc::clone(factory) as Arc<dyn DirectoryFactory>,
        "tester".to_owned(),
        Box::new(move |event| drop(sender.send(event))),
    );
    (Arc::new(core.unwrap()), events)
}

/// Entries as `connector: profile`, with `(note)` and `-` for those without a run.
fn entries(outcome: &CycleOutcome) -> Vec<String> {
    let line = |entry: &CycleEntry| {
        let skipped = if entry.run.is_none() { "- " } else { "" };
        let note = entry.note.as_ref().map(|note| format!(" ({note})")).unwrap_or_default();
        format!("{skipped}{}: {}{note}", entry.connector, entry.profile)
    };
    outcome.entries.iter().map(line).collect()
}

#[test]
fn a_run_is_recorded_and_told() {
    let fixture = Fixture::new();
    let (run, steps) = fixture.run(fixture.forest, "full import");
    assert_eq!((run.status.as_str(), run.profile.as_str(), run.user.as_str()), ("success", "Full Import", "tester"));
    assert!(run.ended.is_some());
    assert_eq!(steps.len(), 1);
    assert_eq!((steps[0].status.as_str(), steps[0].step_type.as_str()), ("success", "Full Import (Stage Only)"));
    assert_eq!(steps[0].counters, BTreeMap::from([("stage-add".to_owned(), 1)]));
    assert_eq!(steps[0].connections[0].status, "success");
    let events: Vec<RunEvent> = fixture.events.try_iter().collect();
    assert_eq!(events.first(), Some(&RunEvent::Started(run.id)));
    assert!(events.iter().any(|event| matches!(event, RunEvent::Progress { step: 1, steps: 1, .. })));
    assert_eq!(events.last(), Some(&RunEvent::Finished(run.id)));
}

#[test]
fn a_run_in_the_way_is_named() {
    let fixture = Fixture::new();
    let (arrived, open) = fixture.gate("contoso.com");
    let ticket = fixture.core.start(fixture.forest, FULL_IMPORT).unwrap();
    arrived.recv().unwrap();
    let refused = |connector, profile: &str| match fixture.core.start(connector, profile) {
        Err(RunError::Busy { status, message }) => (status, message),
        other => panic!("{other:?}"),
    };
    let (status, message) = refused(fixture.forest, DELTA_IMPORT);
    assert_eq!(status, "no-start-ma-already-running");
    assert!(message.contains("\"contoso.com\"") && message.contains("Full Import"), "{message}");
    assert!(refused(fixture.tenant, DELTA_SYNCHRONIZATION).1.contains("\"contoso.com\""), "synchronization is exclusive");
    assert!(matches!(CyclePlan::begin(&fixture.core, false), Err(RunError::Busy { .. })));
    // An import of another connector may go on at the same time.
    assert_eq!(fixture.run(fixture.tenant, FULL_IMPORT).0.status, "success");
    assert_eq!(fixture.core.active().len(), 1);
    open.send(()).unwrap();
    ticket.wait().unwrap();
    assert!(fixture.core.active().is_empty());
}

#[test]
fn a_connector_is_deleted_by_a_run_of_its_own_that_runs_alone() {
    let fixture = Fixture::new();
    let busy = |connector: ConnectorId| match fixture.core.start_removal(connector, Removal::Space) {
        Err(RunError::Busy { status, message }) => (status, message),
        other => panic!("{other:?}"),
    };
    let (arrived, go_on) = fixture.gate("tenant");
    let ticket = fixture.core.start(fixture.tenant, FULL_IMPORT).unwrap();
    arrived.recv().unwrap();
    for connector in [fixture.forest, fixture.tenant] {
        let (status, message) = busy(connector);
        assert_eq!(status, "no-start-ma-already-running");
        assert!(message.contains("\"tenant\""), "{message}");
    }
    go_on.send(()).unwrap();
    ticket.wait().unwrap();
    fixture.run(fixture.forest, FULL_IMPORT);
    let run = fixture.core.start_removal(fixture.tenant, Removal::Connector).unwrap().wait().unwrap();
    let (record, steps) = fixture.record(run);
    assert_eq!(
        (record.status.as_str(), record.profile.as_str(), record.connector_name.as_str()),
        ("success", "Delete Connector", "tenant")
    );
    assert_eq!((steps[0].step_type.as_str(), steps[0].counters["disconnector-remains"]), ("Delete Connector", 1));
    assert!(fixture.events.try_iter().any(|event| event == RunEvent::ConfigurationChanged));
    let reader = fixture.database.reader().unwrap();
    assert_eq!(configuration::connector(&reader, fixture.tenant).unwrap(), None);
    assert_eq!(connector_space::children_first(&reader, fixture.tenant).unwrap(), []);
    // The history stays, and does not become that of another connector.
    assert_eq!(runs::runs(&reader, &RunQuery { connector: Some(fixture.tenant), ..RunQuery::default() }).unwrap().len(), 2);
    drop(reader);
    let (next, _) = add_connector(&fixture.database, "another", "tenant", "default");
    assert!(next.id > fixture.tenant, "{:?}", next.id);
    assert!(matches!(fixture.core.start_removal(fixture.tenant, Removal::Space), Err(RunError::UnknownConnector(_))));
    // A connector space alone: the connector stays, and has to be read anew.
    fixture.require(fixture.forest, None, None);
    fixture.core.start_removal(fixture.forest, Removal::Space).unwrap().wait().unwrap();
    let reason = Some("the connector space of contoso.com was deleted".to_owned());
    assert_eq!(fixture.required(fixture.forest), (reason.clone(), reason));
    assert_eq!(fixture.run(fixture.forest, DELTA_IMPORT).0.status, "no-start-full-import-required");
    assert_eq!(fixture.run(fixture.forest, FULL_IMPORT).1[0].counters["stage-add"], 1);
}

#[test]
fn a_deletion_that_was_stopped_is_begun_again() {
    let fixture = Fixture::new();
    fixture.run(fixture.forest, FULL_IMPORT);
    let connector = configuration::connector(&fixture.database.reader().unwrap(), fixture.forest).unwrap().unwrap();
    let delete = |stopped: bool| {
        let environment = StepEnvironment {
            database: Arc::clone(&fixture.database),
            clock: Arc::new(FixedClock(Timestamp::UNIX_EPOCH)),
            ids: Arc::new(SequentialIds::default()),
            cancel: crate::connector::CancelToken::default(),
        };
        if stopped {
            environment.cancel.cancel();
        }
        let mut recorder = Recorder::new(RunId(1), 2, Box::new(|_| {}));
        let end = removal::work(&environment, &connector, Removal::Connector, &mut recorder);
        let reader = fixture.database.reader().unwrap();
        let left = connector_space::children_first(&reader, fixture.forest).unwrap().len();
        (end.status.0, left, configuration::connector(&reader, fixture.forest).unwrap().is_some())
    };
    assert_eq!(delete(true), ("stopped-user-termination-from-wmi-or-ui", 1, true));
    assert_eq!(delete(false), ("success", 0, false));
}

#[test]
fn what_does_not_exist_is_not_started() {
    let fixture = Fixture::new();
    let check = |connector, profile: &str, expected: &str| {
        let error = fixture.core.start(connector, profile).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    };
    check(ConnectorId(99), FULL_IMPORT, "connector 99");
    check(fixture.forest, "Import all", "Full Import, Full Synchronization");
    fixture.save_profile(fixture.forest, "Empty", &[], FOREST);
    check(fixture.forest, "Empty", "no steps");
}

#[test]
fn a_step_that_fails_ends_the_run() {
    let fixture = Fixture::new();
    let steps = [StepType::FullImport, StepType::DeltaImport];
    fixture.save_profile(fixture.forest, "Both", &steps, FOREST);
    let check = |fault: Option<Fault>, expected: &str, count: usize| {
        fixture.directory("contoso.com").heal();
        fault.iter().for_each(|fault| fixture.directory("contoso.com").inject(fault.clone()));
        let (run, steps) = fixture.run(fixture.forest, "Both");
        assert_eq!((run.status.as_str(), steps.len()), (expected, count), "{fault:?}");
        steps
    };
    let connection = Fault::BreakImport { after: 0, kind: ConnectorErrorKind::Credentials };
    let steps = check(Some(connection), "no-start-credentials", 1);
    assert_eq!(steps[0].connections[0].status, "failed-authentication");
    check(Some(Fault::BadEntry(b"1".to_vec())), "completed-discovery-errors", 1);
    check(Some(Fault::Crash), "no-start-ma", 1);
    check(None, "success", 2);
    fixture.save_profile(fixture.forest, "Nowhere", &[StepType::FullImport], "DC=gone");
    assert_eq!(fixture.run(fixture.forest, "Nowhere").0.status, "missing-partition-for-run-step");
}

#[test]
fn a_run_is_stopped_by_a_person_or_by_the_end_of_the_program() {
    let check = |stop: &dyn Fn(&Fixture), expected: &str| {
        let fixture = Fixture::new();
        let (arrived, open) = fixture.gate("contoso.com");
        let ticket = fixture.core.start(fixture.forest, FULL_IMPORT).unwrap();
        arrived.recv().unwrap();
        stop(&fixture);
        open.send(()).unwrap();
        let (run, steps) = fixture.record(ticket.wait().unwrap());
        assert_eq!((run.status.as_str(), steps[0].status.as_str()), (expected, expected));
        fixture
    };
    let stop = |fixture: &Fixture| assert_eq!(fixture.core.stop(None).len(), 1);
    check(&stop, "stopped-user-termination-from-wmi-or-ui");
    let fixture = check(&|fixture: &Fixture| fixture.core.shut_down(), "stopped-service-shutdown");
    fixture.core.wait_until_idle();
    assert!(matches!(fixture.core.start(fixture.forest, FULL_IMPORT), Err(RunError::ShuttingDown)));
}

#[test]
fn a_run_found_unfinished_was_stopped_by_the_server() {
    let fixture = Fixture::new();
    let run = {
        let mut writer = fixture.database.writer();
        let transaction = writer.transaction().unwrap();
        let record = RunRecord {
            id: RunId(0),
            connector: fixture.forest,
            connector_name: "contoso.com".into(),
            profile: EXPORT.into(),
            user: String::new(),
            status: "in-progress".into(),
            started: Timestamp::UNIX_EPOCH,
            ended: None,
            steps: 1,
        };
        let run = runs::insert_run(&transaction, &record).unwrap();
        transaction.commit().unwrap();
        run
    };
    let (core, _) = core(&fixture.database, &fixture.factory);
    assert!(core.active().is_empty());
    let (run, _) = fixture.record(run);
    assert_eq!((run.status.as_str(), run.ended.is_some()), ("stopped-server", true));
}

#[test]
fn what_a_failed_export_left_in_escrow_is_staged_again_before_synchronization() {
    let fixture = Fixture::new();
    fixture.run(fixture.tenant, FULL_IMPORT);
    let find = || {
        let reader = fixture.database.reader().unwrap();
        let ids = connector_space::to_visit(&reader, fixture.tenant, connector_space::Visit::Full).unwrap();
        connector_space::load_one(&reader, ids[0]).unwrap().unwrap()
    };
    let mut object = find();
    let staged = Delta { operation: ObjectOperation::Delete, ..Delta::none() };
    object.unapplied = staged.clone();
    {
        let mut writer = fixture.database.writer();
        let transaction = writer.transaction().unwrap();
        connector_space::update(&transaction, &object, "").unwrap();
        pending::escrow(&transaction, &[object.id]).unwrap();
        transaction.commit().unwrap();
    }
    assert_eq!((find().escrowed, find().unapplied), (staged.clone(), Delta::none()));
    fixture.run(fixture.forest, DELTA_SYNCHRONIZATION);
    assert_eq!((find().escrowed, find().unapplied), (Delta::none(), staged));
}

#[test]
fn requirements_are_met_by_runs_that_complete() {
    let fixture = Fixture::new();
    let (import, sync) = (Some("attributes added".to_owned()), Some("rules changed".to_owned()));
    fixture.require(fixture.forest, import.as_deref(), sync.as_deref());
    fixture.directory("contoso.com").inject(Fault::BreakImport { after: 0, kind: ConnectorErrorKind::Connection });
    fixture.run(fixture.forest, FULL_IMPORT);
    assert_eq!(fixture.required(fixture.forest), (import.clone(), sync.clone()));
    fixture.directory("contoso.com").heal();
    fixture.run(fixture.forest, FULL_IMPORT);
    assert_eq!(fixture.required(fixture.forest), (None, sync.clone()));
    fixture.run(fixture.forest, DELTA_SYNCHRONIZATION);
    assert_eq!(fixture.required(fixture.forest), (None, sync));
    fixture.run(fixture.forest, FULL_SYNCHRONIZATION);
    assert_eq!(fixture.required(fixture.forest), (None, None));
}

#[test]
fn cycles_keep_the_documented_order() {
    let fixture = Fixture::new();
    let first = fixture.cycle(false);
    assert_eq!(first.status, "success");
    let full = "(full instead of delta: this directory cannot tell changes)";
    let expected = [
        format!("contoso.com: Full Import {full}"),
        format!("tenant: Full Import {full}"),
        "contoso.com: Delta Synchronization".to_owned(),
        "tenant: Delta Synchronization".to_owned(),
        "tenant: Export".to_owned(),
    ];
    assert_eq!(entries(&first), expected);

    fixture.require(fixture.forest, None, Some("rules changed"));
    let expected = [
        "contoso.com: Delta Import",
        "tenant: Delta Import",
        "contoso.com: Full Synchronization (full instead of delta: rules changed)",
        "tenant: Delta Synchronization",
        "tenant: Export",
    ];
    assert_eq!(entries(&fixture.cycle(false)), expected);
    let expected = [
        "contoso.com: Full Import",
        "tenant: Full Import",
        "contoso.com: Full Synchronization",
        "tenant: Full Synchronization",
        "tenant: Export",
    ];
    assert_eq!(entries(&fixture.cycle(true)), expected);
    assert!(matches!(fixture.events.try_iter().last(), Some(RunEvent::CycleFinished(outcome)) if outcome.initial));
}

#[test]
fn a_forgotten_watermark_makes_the_cycle_import_in_full() {
    let fixture = Fixture::new();
    fixture.cycle(false);
    fixture.directory("tenant").inject(Fault::ForgetWatermarks);
    let outcome = fixture.cycle(false);
    let expected = [
        "contoso.com: Delta Import",
        "tenant: Delta Import",
        "tenant: Full Import (full instead of delta: the directory does not know the watermark any more)",
    ];
    assert_eq!(entries(&outcome)[..3], expected);
    assert_eq!(outcome.entries.len(), 6);
}

#[test]
fn scenario_44_staging_mode_exports_nothing() {
    let fixture = Fixture::new();
    let set = |on| {
        let mut writer = fixture.database.writer();
        let transaction = writer.transaction().unwrap();
        protection::set_staging_mode(&transaction, on).unwrap();
        transaction.commit().unwrap();
    };
    set(true);
    let outcome = fixture.cycle(true);
    assert_eq!(outcome.status, "success");
    assert_eq!(entries(&outcome).last().unwrap(), "- tenant: Export (skipped: the server is in staging mode)");
    assert_eq!(fixture.run(fixture.tenant, EXPORT).0.status, "success", "by hand it is allowed");
    set(false);
    assert_eq!(entries(&fixture.cycle(false)).last().unwrap(), "tenant: Export");
}

#[test]
fn a_failed_import_keeps_an_initial_cycle_from_exporting() {
    let check = |initial: bool, status: &str, last: &str| {
        let fixture = Fixture::new();
        fixture.directory("contoso.com").inject(Fault::BreakImport { after: 0, kind: ConnectorErrorKind::Connection });
        let outcome = fixture.cycle(initial);
        assert_eq!((outcome.status.as_str(), outcome.entries.len()), (status, 5), "initial {initial}");
        assert_eq!(entries(&outcome).last().unwrap(), last);
    };
    check(true, "completed-import-failed", "- tenant: Export (skipped: an import of this initial cycle did not complete)");
    check(false, "no-start-connection", "tenant: Export");
}

#[test]
fn a_cycle_is_canceled_by_a_stop_and_nothing_else_may_start_meanwhile() {
    let fixture = Fixture::new();
    let (arrived, open) = fixture.gate("contoso.com");
    let plan = CyclePlan::begin(&fixture.core, false).unwrap();
    let core = Arc::clone(&fixture.core);
    let cycle = std::thread::Builder::new().spawn(move || plan.run(&core)).unwrap();
    arrived.recv().unwrap();
    match fixture.core.start(fixture.tenant, FULL_IMPORT) {
        Err(RunError::Busy { message, .. }) => assert!(message.contains("\"contoso.com\""), "{message}"),
        other => panic!("{other:?}"),
    }
    assert!(matches!(CyclePlan::begin(&fixture.core, false), Err(RunError::Busy { .. })));
    assert!(fixture.core.stop_cycle());
    open.send(()).unwrap();
    let outcome = cycle.join().unwrap().unwrap();
    assert_eq!(outcome.status, "canceled");
    let runs: Vec<_> = outcome.entries.iter().filter_map(|entry| entry.run).collect();
    assert_eq!(runs.len(), 1);
    assert_eq!(fixture.record(runs[0]).0.status, "stopped-user-termination-from-wmi-or-ui");
    assert!(!fixture.core.stop_cycle());
}

#[test]
fn default_profiles_are_those_of_a_real_server() {
    let fixture = Fixture::new();
    let profiles = configuration::profiles(&fixture.database.reader().unwrap(), fixture.tenant).unwrap();
    let told: Vec<String> = profiles
        .iter()
        .map(|profile| {
            let step = &profile.steps[0];
            format!("{}|{}|{}|{}", profile.name, step.step_type.label(), step.batch_size, step.timeout_secs)
        })
        .collect();
    let expected = [
        "Full Import|Full Import (Stage Only)|50|120",
        "Full Synchronization|Full Synchronization|0|120",
        "Delta Import|Delta Import (Stage Only)|50|120",
        "Delta Synchronization|Delta Synchronization|0|120",
        "Export|Export|30|120",
    ];
    assert_eq!(told, expected);
}
