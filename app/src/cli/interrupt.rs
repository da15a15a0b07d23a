//! Ctrl+C: the first asks the run to stop, the second ends the program.

use std::sync::atomic::{AtomicBool, Ordering};

use syncline_engine::service::Engine;

use super::exit::{Exit, Failure};
use super::output::say;

/// From now on Ctrl+C (and a request to terminate) asks the engine's runs to stop. Runs end after the
/// present batch; what is pending is done by the next run.
///
/// # Errors
/// [`Failure`] when the system refuses the handler.
pub fn install(engine: &Engine) -> Result<(), Failure> {
    let engine = engine.clone();
    let asked = AtomicBool::new(false);
    ctrlc::set_handler(move || {
        if asked.swap(true, Ordering::AcqRel) {
            std::process::exit(i32::from(Exit::Canceled as u8));
        }
        say("Stopping after the present batch. Press Ctrl+C again to end at once.");
        let engine = engine.clone();
        // On its own thread, so that a second Ctrl+C is heard while the engine takes its time.
        let stopping = std::thread::Builder::new().name("stop".into()).spawn(move || {
            let cycle = engine.stop_cycle();
            let runs = engine.stop_run(None);
            if let Some(error) = cycle.err().or(runs.err()) {
                say(&format!("error: cannot stop: {}", Failure::from(error).message));
            }
        });
        if stopping.is_err() {
            std::process::exit(i32::from(Exit::Canceled as u8));
        }
    })
    .map_err(|error| Failure::new(Exit::Unexpected, format!("cannot listen for Ctrl+C: {error}")))
}
