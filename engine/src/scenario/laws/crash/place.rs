//! A data folder with its forests and its tenant, and the program that works on it.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

use secrecy::SecretString;
use syncline_sandbox::{Sandbox, SandboxOptions};
use tempfile::TempDir;
use uuid::Uuid;

use super::forest::Forests;
use super::gate::{Asked, COMMIT, RUN, listen};
use super::victim::{FOLDER, FROM, GATE, RUNS};
use super::wire::Wire;
use crate::connector::entra::EntraSettings;
use crate::connector::file::{FileSchema, FileSettings};
use crate::scenario::laws::rules::fixture;
use crate::scenario::model::Errors;
use crate::scenario::outcome::lines;
use crate::service::{Engine, EngineOptions};
use crate::setup::{Accept, NewDirectory, RuleChanges, store_rules};
use crate::store::{Database, configuration};

/// Objects of a batch: several batches in every run.
const BATCH: u32 = 3;

/// When the program dies, counted from the beginning of its first run.
#[derive(Clone, Copy, Debug)]
pub(super) enum Death {
    /// Before it takes this step.
    Step(u32),
    /// When this piece of data is on its way to the tenant or back.
    Remote(u32),
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

/// A data folder, the files of its forests, and its tenant, which outlives the program.
pub(super) struct Place {
    folder: TempDir,
    wire: Wire,
    _tenant: Sandbox,
}

impl Place {
    pub(super) fn new(name: &str) -> Self {
        let folder = tempfile::Builder::new().prefix(&format!("syncline-crash-{name}-")).tempdir().unwrap();
        let mut options = SandboxOptions::new(folder.path().join("tenant"), "contoso");
        options.verified_domains = vec!["contoso.com".to_owned()];
        options.seed = Some(1);
        let tenant = Sandbox::start(options).unwrap();
        let wire = Wire::before(tenant.http_url().trim_start_matches("http://").trim_end_matches('/').parse().unwrap());
        let place = Self { folder, wire, _tenant: tenant };
        place.write(&Forests::default());
        place.set_up();
        place
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Gives the forests this content.
    pub(super) fn write(&self, forests: &Forests) {
        for (name, text) in forests.files() {
            std::fs::write(self.folder.path().join(format!("{name}.ldif")), text).unwrap();
        }
    }

    /// Connectors and the rules of the fixture, in small batches.
    fn set_up(&self) {
        let engine = Engine::create(&self.data(), EngineOptions::default()).unwrap();
        for name in ["A", "B"] {
            let path = self.folder.path().join(format!("{name}.ldif"));
            let settings = FileSettings { path, schema: FileSchema::ActiveDirectory };
            engine.add_directory(NewDirectory::file(name, &settings).unwrap()).unwrap();
        }
        let url = format!("http://{}", self.wire.address);
        let (id, client) = (self._tenant.tenant_id().to_string(), self._tenant.client_id());
        let settings = EntraSettings::new(&url, &id, client, self._tenant.initial_domain());
        let secret = SecretString::from(self._tenant.new_client_secret().unwrap());
        engine.add_directory(NewDirectory::tenant("T", &settings, secret).unwrap()).unwrap();
        let database = engine.database();
        let (connectors, known) = {
            let reader = database.reader().unwrap();
            (configuration::connectors(&reader).unwrap(), configuration::rules(&reader).unwrap())
        };
        let save = fixture().into_iter().map(|text| {
            let connector = connectors.iter().find(|connector| connector.name == text.connector).unwrap();
            let guid = Uuid::from_u128(u128::try_from(text.precedence()).unwrap());
            text.to_rule(connector.id, text.precedence(), guid, &|_| true).unwrap()
        });
        let remove = known.iter().map(|rule| rule.id).collect();
        let changes = RuleChanges { save: save.collect(), remove, accept: Accept::Storable, ..RuleChanges::default() };
        store_rules(database, &changes).unwrap();
        let mut writer = database.writer();
        let transaction = writer.transaction().unwrap();
        for connector in &connectors {
            for mut profile in configuration::profiles(&transaction, connector.id).unwrap() {
                profile.steps.iter_mut().for_each(|step| step.batch_size = BATCH);
                configuration::save_profile(&transaction, &profile).unwrap();
            }
        }
        transaction.commit().unwrap();
        drop(writer);
        engine.shutdown();
    }

    /// Lets the program do all its runs, and gives how many steps each had.
    pub(super) fn undisturbed(&mut self) -> Vec<u32> {
        let mut lengths = vec![0; RUNS.len()];
        let ending = self.attempt(0, |run, _| {
            if let Some(length) = run.and_then(|run| lengths.get_mut(run)) {
                *length += 1;
            }
            true
        });
        assert!(matches!(ending, Ending::Done), "{ending:?}");
        lengths
    }

    /// Lets the program begin with a run, and kills it there.
    pub(super) fn killed_at(&mut self, from: usize, death: Death) -> Ending {
        let (mut left, remote) = match death {
            Death::Step(step) => (step, false),
            Death::Remote(piece) => (piece, true),
        };
        self.attempt(from, |run, asked| {
            // Where nothing has begun there is nothing to break.
            if run.is_some() && (!remote || matches!(asked, Asked::Request(_) | Asked::Answer(_))) {
                left = left.saturating_sub(1);
            }
            left > 0
        })
    }

    /// Starts the program; `may` is asked with the number of the run whether it may go on.
    fn attempt(&mut self, from: usize, mut may: impl FnMut(Option<usize>, &Asked) -> bool) -> Ending {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (asked, questions) = sync_channel(0);
        self.wire.asks(Some(asked.clone()));
        let log = self.folder.path().join("log");
        let output = || Stdio::from(std::fs::File::options().create(true).append(true).open(&log).unwrap());
        std::fs::remove_file(&log).ok();
        let mut program = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "scenario::laws::crash::victim::the_program", "--ignored", "--nocapture"])
            .env(FOLDER, self.data())
            .env(GATE, listener.local_addr().unwrap().to_string())
            .env(FROM, from.to_string())
            .stdin(Stdio::null())
            .stdout(output())
            .stderr(output())
            .spawn()
            .unwrap();
        let (gate, _) = listener.accept().unwrap();
        let ear = thread::spawn(move || listen(gate, &asked));
        let ending = supervise(&mut program, from, &questions, &mut may);
        self.wire.asks(None);
        drop(questions);
        ear.join().unwrap();
        ending.unwrap_or_else(|status| panic!("the program ended with {status}: {}", std::fs::read_to_string(&log).unwrap()))
    }

    /// Everything that is in the database, without the identifiers that a tenant makes up.
    pub(super) fn outcome(&self) -> Vec<String> {
        let database = Database::open(&self.data().join("syncline.db")).unwrap();
        let connectors = configuration::connectors(&database.reader().unwrap()).unwrap();
        let names: BTreeMap<_, _> = connectors.into_iter().map(|connector| (connector.id, connector.name)).collect();
        let mut lines: Vec<String> =
            lines(&database, &names, Errors::ByObject).unwrap().iter().map(|line| without_guids(line)).collect();
        lines.sort_unstable();
        lines
    }
}

/// Answers questions until the program is done or dead.
fn supervise(
    program: &mut Child,
    from: usize,
    questions: &Receiver<Asked>,
    may: &mut impl FnMut(Option<usize>, &Asked) -> bool,
) -> Result<Ending, std::process::ExitStatus> {
    // The first question comes before the engine is opened, the next before the first run.
    let mut begun: Option<usize> = None;
    let run = |begun: Option<usize>| begun.map_or(from, |begun| from + begun.saturating_sub(1));
    while let Ok(asked) = questions.recv() {
        if let Asked::Step(question) = &asked
            && question.what == RUN
        {
            begun = Some(begun.map_or(0, |begun| begun + 1));
        }
        let current = begun.filter(|begun| *begun > 0).map(|_| run(begun));
        if matches!(asked, Asked::End) {
            let status = program.wait().unwrap();
            return if status.success() { Ok(Ending::Done) } else { Err(status) };
        }
        if !may(current, &asked) {
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
            return Ok(Ending::Killed { run: run(begun), at: format!("{}, {place}", part(current)) });
        }
        match asked {
            Asked::Step(question) | Asked::Request(question) | Asked::Answer(question) => question.go_on(),
            Asked::End => {}
        }
    }
    Ok(Ending::Done)
}

/// What kind of run a number stands for.
fn part(run: Option<usize>) -> &'static str {
    match run.and_then(|run| RUNS.get(run)) {
        None => "start",
        Some((_, profile)) if profile.ends_with("Import") => "import",
        Some((_, profile)) if profile.ends_with("Synchronization") => "synchronization",
        Some(_) => "export",
    }
}

/// The text with the same word for every GUID.
fn without_guids(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        match rest.get(..36).filter(|start| Uuid::try_parse(start).is_ok()) {
            Some(guid) => {
                out.push_str("GUID");
                rest = &rest[guid.len()..];
            }
            None => {
                out.push(first);
                rest = &rest[first.len_utf8()..];
            }
        }
    }
    out
}
