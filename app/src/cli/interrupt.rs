//! Ctrl+C: the first asks the work to stop, the second ends the program.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crossbeam_channel::Sender;
use syncline_engine::connector::CancelToken;
use syncline_engine::service::Engine;

use super::exit::{Exit, Failure};
use super::output::say;

/// What is stopped. The system knows one handler per program, which finds the work here.
static WORK: Mutex<Option<Work>> = Mutex::new(None);
/// The handler is in place.
static INSTALLED: AtomicBool = AtomicBool::new(false);

/// Work that can be asked to stop.
enum Work {
    /// The runs of an engine.
    Runs(Engine),
    /// One long call.
    Call(CancelToken),
    /// Somebody who waits for the end.
    Waiting(Sender<()>),
}

/// While it lives, Ctrl+C asks the work to stop; afterwards it ends the program as usual.
#[derive(Debug)]
#[must_use]
pub struct Interrupt(());

impl Interrupt {
    /// From now on Ctrl+C, and a request to terminate, asks the engine's runs to stop. Runs end after
    /// the present batch; what is pending is done by the next run.
    ///
    /// # Errors
    /// [`Failure`] when the system refuses the handler.
    pub fn stops(engine: &Engine) -> Result<Self, Failure> {
        Self::install(Work::Runs(engine.clone()))
    }

    /// From now on Ctrl+C, and a request to terminate, asks a long call to end.
    ///
    /// # Errors
    /// [`Failure`] when the system refuses the handler.
    pub fn cancels(call: &CancelToken) -> Result<Self, Failure> {
        Self::install(Work::Call(call.clone()))
    }

    /// From now on Ctrl+C, and a request to terminate, tells whoever waits at the other end.
    ///
    /// # Errors
    /// [`Failure`] when the system refuses the handler.
    pub fn signals(waiting: Sender<()>) -> Result<Self, Failure> {
        Self::install(Work::Waiting(waiting))
    }

    fn install(work: Work) -> Result<Self, Failure> {
        if !INSTALLED.swap(true, Ordering::AcqRel) {
            ctrlc::set_handler(interrupted)
                .map_err(|error| Failure::new(Exit::Unexpected, format!("cannot listen for Ctrl+C: {error}")))?;
        }
        *working() = Some(work);
        Ok(Self(()))
    }
}

impl Drop for Interrupt {
    fn drop(&mut self) {
        *working() = None;
    }
}

fn working() -> MutexGuard<'static, Option<Work>> {
    WORK.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Takes the work away, so that the second call finds none and ends the program.
fn interrupted() {
    let end = || std::process::exit(i32::from(Exit::Canceled as u8));
    let Some(work) = working().take() else { end() };
    let told = "Stopping after the present batch. Press Ctrl+C again to end at once.";
    let engine = match work {
        // When nobody waits any more, the program is at its end already.
        Work::Waiting(waiting) => return waiting.try_send(()).unwrap_or_default(),
        Work::Call(call) => {
            say(told);
            return call.cancel();
        }
        Work::Runs(engine) => engine,
    };
    say(told);
    // On its own thread, so that a second Ctrl+C is heard while the engine takes its time.
    let stopping = std::thread::Builder::new().name("stop".into()).spawn(move || {
        let cycle = engine.stop_cycle();
        let runs = engine.stop_run(None);
        if let Some(error) = cycle.err().or(runs.err()) {
            say(&format!("error: cannot stop: {}", Failure::from(error).message));
        }
    });
    if stopping.is_err() {
        end();
    }
}
