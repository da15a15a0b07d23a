//! Threads that ask the engine so that the window never waits.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Weak};

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};

use super::frame::Frame;

type Job = Box<dyn FnOnce() + Send>;

const THREADS: usize = 3;

/// Runs questions to the engine in the background. Clones share the threads.
#[derive(Clone)]
pub struct Worker {
    jobs: Option<Sender<Job>>,
    ctx: egui::Context,
}

/// A question on its way. Dropping it forgets the answer; a question not yet begun is not asked any more.
pub struct Pending<T> {
    answer: Receiver<Result<T, String>>,
    _wanted: Arc<()>,
}

impl<T> Pending<T> {
    /// The answer, once it is there.
    #[must_use]
    pub fn take(&self) -> Option<Result<T, String>> {
        match self.answer.try_recv() {
            Ok(answer) => Some(answer),
            Err(crossbeam_channel::TryRecvError::Empty) => None,
            Err(crossbeam_channel::TryRecvError::Disconnected) => {
                Some(Err("The question was not answered; the log tells why.".to_owned()))
            }
        }
    }
}

impl Worker {
    /// Starts the threads.
    ///
    /// # Errors
    /// When the operating system gives no thread.
    pub fn start(ctx: egui::Context) -> std::io::Result<Self> {
        let (jobs, queue) = unbounded::<Job>();
        for number in 1..=THREADS {
            let queue: Receiver<Job> = queue.clone();
            std::thread::Builder::new().name(format!("desktop-worker-{number}")).spawn(move || {
                for job in queue {
                    if catch_unwind(AssertUnwindSafe(job)).is_err() {
                        tracing::error!("a question of the desktop app panicked");
                    }
                }
            })?;
        }
        Ok(Self { jobs: Some(jobs), ctx })
    }

    /// A worker that answers at once on the caller's thread, for tests that step frame by frame.
    #[must_use]
    pub fn inline(ctx: egui::Context) -> Self {
        Self { jobs: None, ctx }
    }

    /// True when questions are answered on the caller's thread.
    #[must_use]
    pub fn is_inline(&self) -> bool {
        self.jobs.is_none()
    }

    /// Asks a question; the answer arrives in the [`Pending`] and the window is drawn again.
    pub fn ask<T: Send + 'static>(&self, question: impl FnOnce() -> Result<T, String> + Send + 'static) -> Pending<T> {
        let (sender, answer) = bounded(1);
        let wanted = Arc::new(());
        let still_wanted: Weak<()> = Arc::downgrade(&wanted);
        let ctx = self.ctx.clone();
        let job: Job = Box::new(move || {
            if still_wanted.strong_count() == 0 {
                return;
            }
            let result = question();
            if sender.send(result).is_ok() {
                ctx.request_repaint();
            }
        });
        self.run(job);
        Pending { answer, _wanted: wanted }
    }

    /// Does something whose outcome nobody waits for.
    pub fn tell(&self, errand: impl FnOnce() + Send + 'static) {
        self.run(Box::new(errand));
    }

    fn run(&self, job: Job) {
        match &self.jobs {
            None => {
                let _pause = Frame::pause();
                job();
            }
            Some(jobs) => {
                if jobs.send(job).is_err() {
                    tracing::error!("the worker threads of the desktop app are gone");
                }
            }
        }
    }
}
