//! The program that is killed: this test binary, started once more with nothing but [`the_program`].

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::gate::{COMMIT, Gate, ROW, RUN};
use crate::run::{DELTA_IMPORT, DELTA_SYNCHRONIZATION, EXPORT, FULL_IMPORT, FULL_SYNCHRONIZATION};
use crate::service::{Engine, EngineOptions};

/// The data folder.
pub(super) const FOLDER: &str = "SYNCLINE_CRASH_FOLDER";
/// Where to ask.
pub(super) const GATE: &str = "SYNCLINE_CRASH_GATE";
/// The run to begin with.
pub(super) const FROM: &str = "SYNCLINE_CRASH_FROM";

/// The runs of a phase, in order. The files of the forests are always read whole.
pub(super) const RUNS: [(&str, &str); 19] = [
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

#[test]
#[ignore = "the crash test starts it as a process of its own"]
fn the_program() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let gate = Gate::connect(&std::env::var(GATE).unwrap());
    let from: usize = std::env::var(FROM).unwrap().parse().unwrap();
    gate.pass(RUN);
    let engine = Engine::open(folder.as_ref(), EngineOptions::default()).unwrap();
    let over = Arc::new(AtomicBool::new(false));
    {
        let mut writer = engine.database().writer();
        let (rows, commits, ended) = (gate.clone(), gate.clone(), Arc::clone(&over));
        let connection = writer.connection_mut();
        connection.update_hook(Some(move |_, _: &str, _: &str, _| rows.pass(ROW))).unwrap();
        connection
            .commit_hook(Some(move || {
                if !ended.load(Ordering::Relaxed) {
                    commits.pass(COMMIT);
                }
                false
            }))
            .unwrap();
    }
    for (connector, profile) in RUNS.iter().skip(from) {
        gate.pass(RUN);
        let run = engine.start_run(connector, profile).unwrap().wait().unwrap();
        let status = run.summary.status;
        let good = ["success", "completed-sync-errors", "completed-export-errors", "completed-warnings", "completed-no-objects"];
        assert!(good.contains(&status.as_str()), "{connector} {profile}: {status} {:?}", run.step_details);
    }
    over.store(true, Ordering::Relaxed);
    engine.shutdown();
}
