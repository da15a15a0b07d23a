//! The program that works on a data folder, and its deaths.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

use tempfile::TempDir;

use super::gate::{Asked, COMMIT, RUN, listen};
use super::victim::{FOLDER, FROM, GATE, IMPORT_FIRST, NO_RUNS, Run, runs};
use super::wire::Wire;

/// What a program is told to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Task {
    /// The run of a phase to begin with.
    pub from: usize,
    /// Before it the tenant is imported and synchronized.
    pub import_first: bool,
}

impl Task {
    /// All runs from this one on.
    pub(super) fn from(from: usize) -> Self {
        Self { from, import_first: false }
    }

    /// Opening the folder, and nothing else.
    pub(super) fn opening() -> Self {
        Self::from(NO_RUNS)
    }

    fn runs(self) -> Vec<Run> {
        runs(self.from, self.import_first)
    }

    /// The number of the run of a phase that is at hand when so many runs have begun.
    fn run(self, begun: usize) -> usize {
        let first = self.runs().len() - runs(self.from, false).len();
        self.from + begun.saturating_sub(first + 1)
    }
}

/// How far a program has come.
#[derive(Clone, Copy, Debug)]
pub(super) enum Moment {
    /// It opens the folder.
    Opening,
    /// It does this run of a phase, or what stands before it.
    Run(usize),
}

/// How an attempt ended.
#[derive(Debug)]
pub(super) enum Ending {
    Done,
    Killed {
        /// Number of the run.
        run: usize,
        /// What it was about to do.
        at: String,
    },
}

/// A data folder, and the program that is started on it.
pub(super) struct Program {
    folder: TempDir,
}

impl Program {
    pub(super) fn new(name: &str) -> Self {
        Self { folder: tempfile::Builder::new().prefix(&format!("syncline-crash-{name}-")).tempdir().unwrap() }
    }

    /// A place for files beside the data folder.
    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(super) fn data(&self) -> PathBuf {
        self.folder().join("data")
    }

    /// Starts the program; `may` is asked whether it may go on.
    pub(super) fn start(&self, task: Task, wire: Option<&Wire>, mut may: impl FnMut(Moment, &Asked) -> bool) -> Ending {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (asked, questions) = sync_channel(0);
        wire.into_iter().for_each(|wire| wire.asks(Some(asked.clone())));
        let log = self.folder().join("log");
        let output = || Stdio::from(std::fs::File::options().create(true).append(true).open(&log).unwrap());
        std::fs::remove_file(&log).ok();
        let mut program = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "scenario::laws::crash::victim::the_program", "--ignored", "--nocapture"])
            .env(FOLDER, self.data())
            .env(GATE, listener.local_addr().unwrap().to_string())
            .env(FROM, task.from.to_string())
            .env(IMPORT_FIRST, task.import_first.to_string())
            .stdin(Stdio::null())
            .stdout(output())
            .stderr(output())
            .spawn()
            .unwrap();
        let (gate, _) = listener.accept().unwrap();
        let ear = thread::Builder::new().name("ear".to_owned()).spawn(move || listen(gate, &asked)).unwrap();
        let ending = supervise(&mut program, task, &questions, &mut may);
        wire.into_iter().for_each(|wire| wire.asks(None));
        drop(questions);
        ear.join().unwrap();
        ending.unwrap_or_else(|status| panic!("the program ended with {status}: {}", std::fs::read_to_string(&log).unwrap()))
    }
}

/// Answers questions until the program is done or dead.
fn supervise(
    program: &mut Child,
    task: Task,
    questions: &Receiver<Asked>,
    may: &mut impl FnMut(Moment, &Asked) -> bool,
) -> Result<Ending, ExitStatus> {
    let runs = task.runs();
    // The first question comes before the folder is opened, the next before the first run.
    let mut begun: Option<usize> = None;
    while let Ok(asked) = questions.recv() {
        if let Asked::Step(question) = &asked
            && question.what == RUN
        {
            begun = Some(begun.map_or(0, |begun| begun + 1));
        }
        let begun = begun.unwrap_or(0);
        let moment = if begun == 0 { Moment::Opening } else { Moment::Run(task.run(begun)) };
        if matches!(asked, Asked::End) {
            let status = program.wait().unwrap();
            return if status.success() { Ok(Ending::Done) } else { Err(status) };
        }
        if !may(moment, &asked) {
            program.kill().unwrap();
            program.wait().unwrap();
            let place = match &asked {
                Asked::Step(question) if question.what == COMMIT => "commit",
                Asked::Step(question) if question.what == RUN => "begin",
                Asked::Step(_) => "row",
                Asked::Request(_) => "request",
                Asked::Answer(_) => "answer",
                Asked::End => "end",
            };
            let part = begun.checked_sub(1).and_then(|begun| runs.get(begun));
            return Ok(Ending::Killed { run: task.run(begun), at: format!("{}, {place}", part.map_or("open", kind)) });
        }
        match asked {
            Asked::Step(question) | Asked::Request(question) | Asked::Answer(question) => question.go_on(),
            Asked::End => {}
        }
    }
    Ok(Ending::Done)
}

/// What kind of run it is.
fn kind((_, profile): &Run) -> &'static str {
    if profile.ends_with("Import") {
        "import"
    } else if profile.ends_with("Synchronization") {
        "synchronization"
    } else {
        "export"
    }
}
