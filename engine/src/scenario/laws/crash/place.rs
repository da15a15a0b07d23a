//! A data folder with its forests and its tenant, and the program that works on it.

use std::collections::BTreeMap;

use secrecy::SecretString;
use syncline_sandbox::{Sandbox, SandboxOptions};
use uuid::Uuid;

use super::forest::Forests;
use super::gate::Asked;
use super::program::{Ending, Moment, Program, Task};
use super::victim::RUNS;
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

/// When the program dies.
#[derive(Clone, Copy, Debug)]
pub(super) enum Death {
    /// Before it takes this step, counted from the moment at which it opens the folder.
    Opening(u32),
    /// Before it takes this step, counted from the beginning of its first run.
    Step(u32),
    /// When this piece of data is on its way to the tenant or back.
    Remote(u32),
}

/// A data folder, the files of its forests, and its tenant, which outlives the program.
pub(super) struct Place {
    program: Program,
    wire: Wire,
    _tenant: Sandbox,
}

impl Place {
    pub(super) fn new(name: &str) -> Self {
        let program = Program::new(name);
        let mut options = SandboxOptions::new(program.folder().join("tenant"), "contoso");
        options.verified_domains = vec!["contoso.com".to_owned()];
        options.seed = Some(1);
        let tenant = Sandbox::start(options).unwrap();
        let wire = Wire::before(tenant.http_url().trim_start_matches("http://").trim_end_matches('/').parse().unwrap());
        let place = Self { program, wire, _tenant: tenant };
        place.write(&Forests::default());
        place.set_up();
        place
    }

    /// Gives the forests this content.
    pub(super) fn write(&self, forests: &Forests) {
        for (name, text) in forests.files() {
            std::fs::write(self.program.folder().join(format!("{name}.ldif")), text).unwrap();
        }
    }

    /// Connectors and the rules of the fixture, in small batches.
    fn set_up(&self) {
        let engine = Engine::create(&self.program.data(), EngineOptions::default()).unwrap();
        for name in ["A", "B"] {
            let path = self.program.folder().join(format!("{name}.ldif"));
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
    pub(super) fn undisturbed(&self) -> Vec<u32> {
        let mut lengths = vec![0; RUNS.len()];
        let ending = self.program.start(Task::from(0), Some(&self.wire), |moment, _| {
            if let Moment::Run(run) = moment
                && let Some(length) = lengths.get_mut(run)
            {
                *length += 1;
            }
            true
        });
        assert!(matches!(ending, Ending::Done), "{ending:?}");
        lengths
    }

    /// Lets the program do this, and kills it there.
    pub(super) fn killed_at(&self, task: Task, death: Death) -> Ending {
        let (Death::Opening(mut left) | Death::Step(mut left) | Death::Remote(mut left)) = death;
        self.program.start(task, Some(&self.wire), |moment, asked| {
            let counts = match death {
                Death::Opening(_) => true,
                // Where nothing has begun there is nothing to break.
                Death::Step(_) => matches!(moment, Moment::Run(_)),
                Death::Remote(_) => matches!(asked, Asked::Request(_) | Asked::Answer(_)),
            };
            left = left.saturating_sub(u32::from(counts));
            left > 0
        })
    }

    /// Everything that is in the database, without the identifiers that a tenant makes up.
    pub(super) fn outcome(&self) -> Vec<String> {
        let database = Database::open(&self.program.data().join("syncline.db")).unwrap();
        let connectors = configuration::connectors(&database.reader().unwrap()).unwrap();
        let names: BTreeMap<_, _> = connectors.into_iter().map(|connector| (connector.id, connector.name)).collect();
        let mut lines: Vec<String> =
            lines(&database, &names, Errors::ByObject).unwrap().iter().map(|line| without_guids(line)).collect();
        lines.sort_unstable();
        lines
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
