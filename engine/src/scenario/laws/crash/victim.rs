//! The program that is killed: this test binary, started once more with nothing but [`the_program`].

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::Connection;

use super::gate::{COMMIT, Gate, ROW, RUN};
use crate::run::{DELTA_IMPORT, DELTA_SYNCHRONIZATION, EXPORT, FULL_IMPORT, FULL_SYNCHRONIZATION};
use crate::service::{Engine, EngineOptions};
use crate::step::StepStatus;
use crate::store::connector_space::{LoadOptions, load};
use crate::store::runs::{RunQuery, runs as history};
use crate::store::search::connector_space::{CsCriterion, ids};
use crate::store::{WATCH, configuration};

/// The data folder.
pub(super) const FOLDER: &str = "SYNCLINE_CRASH_FOLDER";
/// Where to ask.
pub(super) const GATE: &str = "SYNCLINE_CRASH_GATE";
/// The run to begin with.
pub(super) const FROM: &str = "SYNCLINE_CRASH_FROM";
/// Whether the tenant is read before it.
pub(super) const IMPORT_FIRST: &str = "SYNCLINE_CRASH_IMPORT_FIRST";

/// A connector and its run profile.
pub(super) type Run = (&'static str, &'static str);

/// The runs of a phase, in order. The files of the forests are always read whole.
pub(super) const RUNS: [Run; 19] = [
    ("A", FULL_IMPORT),
    ("B", FULL_IMPORT),
    ("T", FULL_IMPORT),
    ("A", FULL_SYNCHRONIZATION),
    ("B", DELTA_SYNCHRONIZATION),
    ("T", DELTA_SYNCHRONIZATION),
    ("T", EXPORT),
    ("T", DELTA_IMPORT),
    ("T", DELTA_SYNCHRONIZATION),
    ("A", DELTA_SYNCHRONIZATION),
    ("B", DELTA_SYNCHRONIZATION),
    ("T", EXPORT),
    ("T", DELTA_IMPORT),
    ("T", DELTA_SYNCHRONIZATION),
    ("T", EXPORT),
    ("T", FULL_IMPORT),
    ("A", DELTA_SYNCHRONIZATION),
    ("B", DELTA_SYNCHRONIZATION),
    ("T", DELTA_SYNCHRONIZATION),
];

/// The run to begin with of a program that only opens its folder.
pub(super) const NO_RUNS: usize = RUNS.len();

/// The runs from one on; if the tenant is read before them, what it tells is synchronized too (`engine.md` 11, 41).
pub(super) fn runs(from: usize, import_first: bool) -> Vec<Run> {
    let before = [("T", DELTA_IMPORT), ("T", DELTA_SYNCHRONIZATION)];
    before.into_iter().filter(|_| import_first).chain(RUNS.into_iter().skip(from)).collect()
}

#[test]
#[ignore = "the crash test starts it as a process of its own"]
fn the_program() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let gate = Gate::connect(&std::env::var(GATE).unwrap());
    let from: usize = std::env::var(FROM).unwrap().parse().unwrap();
    let import_first: bool = std::env::var(IMPORT_FIRST).unwrap().parse().unwrap();
    let over = Arc::new(AtomicBool::new(false));
    let (asks, ended) = (gate.clone(), Arc::clone(&over));
    assert!(WATCH.set(Box::new(move |connection: &mut Connection| watch(connection, &asks, &ended))).is_ok());
    gate.pass(RUN);
    let engine = Engine::create(folder.as_ref(), EngineOptions::default()).unwrap();
    is_recovered(&engine);
    for (connector, profile) in runs(from, import_first) {
        gate.pass(RUN);
        let run = engine.start_run(connector, profile).unwrap().wait().unwrap();
        let status = run.summary.status;
        let good = ["success", "completed-sync-errors", "completed-export-errors", "completed-warnings", "completed-no-objects"];
        assert!(good.contains(&status.as_str()), "{connector} {profile}: {status} {:?}", run.step_details);
    }
    over.store(true, Ordering::Relaxed);
    engine.shutdown();
}

/// Asks before every row and before every commit.
fn watch(connection: &mut Connection, gate: &Gate, over: &Arc<AtomicBool>) {
    let (rows, commits, ended) = (gate.clone(), gate.clone(), Arc::clone(over));
    connection.update_hook(Some(move |_, _: &str, _: &str, _| rows.pass(ROW))).unwrap();
    let commit = move || {
        if !ended.load(Ordering::Relaxed) {
            commits.pass(COMMIT);
        }
        false
    };
    connection.commit_hook(Some(commit)).unwrap();
}

/// Before its first run a program has closed what an earlier one left open, and has nothing in escrow.
fn is_recovered(engine: &Engine) {
    let reader = engine.database().reader().unwrap();
    for run in history(&reader, &RunQuery::default()).unwrap() {
        assert_ne!(run.status, StepStatus::IN_PROGRESS.0, "{run:?}");
    }
    for connector in configuration::connectors(&reader).unwrap() {
        let all = ids(&reader, connector.id, &CsCriterion::All, "").unwrap();
        for object in load(&reader, &all, &LoadOptions::default()).unwrap() {
            assert!(object.escrowed.is_none(), "{} is in escrow: {:?}", object.dn, object.escrowed);
        }
    }
}
