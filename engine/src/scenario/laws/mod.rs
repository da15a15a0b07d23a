//! The laws of `design.md` 3 as properties of generated stories: directories, rules, and what happens to them.
//!
//! A story becomes a scenario, and the law is the end of that scenario, in the language that administrators write. What
//! breaks a law is shrunk and printed as a file for `syncline scenario FILE`.

mod build;
mod crash;
mod rules;
mod story;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};

use super::model::{Errors, Scenario};
use super::outcome::outcome;
use super::perform::perform_all;
use super::watched;
use super::world::World;
use build::Builder;
use rules::{RULES, keeps_identities};
use story::{Event, Kinds, Story, stories};

/// Stories that are tried of each law; another number takes other stories every time.
const CASES: &str = "SYNCLINE_LAW_CASES";
/// Takes the stories of this number again.
const SEED: &str = "SYNCLINE_LAW_SEED";

/// Runs a scenario as a person would run its text, and says what is wrong; its end otherwise.
fn run(scenario: &Scenario) -> Result<Vec<String>, String> {
    let text = scenario.to_string();
    let read = Scenario::from_text(Path::new("law.scenario"), &text).map_err(|fault| fault.to_string())?;
    let mut world = World::new(&read).map_err(|error| error.to_string())?;
    world.watch(watched(&read.steps)).map_err(|error| error.to_string())?;
    match perform_all(&mut world, &read.steps) {
        Err(error) => return Err(error.to_string()),
        Ok(Some(difference)) => return Err(difference.to_string()),
        Ok(None) => {}
    }
    let lines = outcome(&world).map_err(|error| error.to_string())?;
    match lines.iter().find(|line| line.contains("unexpected-error")) {
        Some(line) => Err(format!("an error that the engine did not expect: {line}")),
        None => Ok(lines),
    }
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{variable} is no number")))
}

/// Tries a law on stories; a story that breaks it is shrunk and printed.
fn holds(cases: u32, kinds: Kinds, law: fn(&Story) -> Scenario) {
    tried(cases, kinds, law, &|_| {});
}

/// Tries a law on stories and looks at the ends of those that keep it.
fn tried(cases: u32, kinds: Kinds, law: fn(&Story) -> Scenario, look: &dyn Fn(&[String])) {
    let wanted = number(CASES).map(|cases| u32::try_from(cases).unwrap());
    let seed = number(SEED).unwrap_or_else(|| if wanted.is_some() { rand::random() } else { 1 });
    let config =
        Config { cases: wanted.unwrap_or(cases), max_shrink_iters: 2_000, failure_persistence: None, ..Config::default() };
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    let scenario = law;
    let result =
        runner.run(&stories(kinds), |story| run(&scenario(&story)).map(|lines| look(&lines)).map_err(TestCaseError::fail));
    match result {
        Ok(()) => {}
        Err(TestError::Fail(_, story)) => {
            let scenario = scenario(&story);
            let why = run(&scenario).err().unwrap_or_default();
            panic!("{why}\n\nThis scenario shows it ({SEED}={seed}); `syncline scenario FILE` runs it:\n\n{scenario}");
        }
        Err(TestError::Abort(reason)) => panic!("{reason}"),
    }
}

#[test]
fn delta_leaves_what_full_would_leave() {
    holds(30, Kinds::ALL, |story| {
        let mut builder = Builder::new(story);
        builder.begin(story);
        // Rules that were changed are applied everywhere first: a delta applies them only to what it visits
        // (engine.md 4.8). The same goes for what an administrator takes apart in the tenant.
        builder.until_stable(&["A", "B", "T"], true);
        builder.end(story, &without_decisions(&story.after));
        // Where two objects of an identity are in each other's way, the error lands on the one that is visited, and a
        // full synchronization visits both (engine.md 4.2).
        builder.same_end(
            Errors::ByIdentity,
            &[("way delta", &|builder| builder.synchronize_all(false)), ("way full", &|builder| builder.synchronize_all(true))],
        );
        builder.scenario("Delta leaves what full would leave")
    });
}

#[test]
fn a_second_run_changes_nothing() {
    holds(25, Kinds::ALL, |story| {
        let mut builder = Builder::new(story);
        builder.begin(story);
        builder.end(story, &story.after);
        // What was in an object's way may go later in the same run; the object is tried again with the next one
        // (engine.md 11, 35). So the law is about what comes after the last such run.
        builder.until_stable(&["A", "B", "T"], true);
        builder.twice();
        builder.scenario("A second run changes nothing")
    });
}

#[test]
fn the_order_of_forests_does_not_matter() {
    holds(16, Kinds::ALL, |story| {
        // Who joins by an attribute gives it to the metaverse too; otherwise only the one who comes second finds the
        // other, which is the rules' doing (engine.md 4.3, 3).
        let story = &Story { rules: vec![true; RULES], ..story.clone() };
        let mut builder = Builder::new(story);
        // Once the tenant's object is joined, its source anchor must not change (engine.md 10); so it is of somebody
        // whose source anchor wins, in whatever order.
        builder.know_only_the_first_in_the_cloud();
        // The first import: nothing was joined before, so joins cannot depend on what was (engine.md 4.3, 6).
        builder.happen(&only_in_directories(&story.before));
        let first = |order: [&'static str; 3]| {
            move |builder: &mut Builder| {
                for connector in order {
                    builder.import(connector, true);
                    builder.synchronize(connector, false);
                }
                builder.until_stable(&order, false);
            }
        };
        builder.same_end(
            Errors::ByObject,
            &[
                ("way A first", &first(["A", "B", "T"])),
                ("way B first", &first(["B", "T", "A"])),
                ("way T first", &first(["T", "B", "A"])),
            ],
        );
        // Later on what decides who is joined to whom stays as it is: a link stays even if its criteria no longer
        // match, so the first of two changes of identities decides (engine.md 4.2, 4).
        builder.happen(&without_identities(&story.after));
        builder.import("A", false);
        builder.import("B", false);
        builder.same_end(
            Errors::ByObject,
            &[
                ("way A first", &|builder| builder.until_stable(&["A", "B", "T"], false)),
                ("way B first", &|builder| builder.until_stable(&["B", "T", "A"], false)),
            ],
        );
        builder.scenario("The order of forests does not matter")
    });
}

#[test]
fn what_if_equals_the_later_real_run() {
    holds(25, Kinds::ALL, |story| {
        let mut builder = Builder::new(story);
        builder.begin(story);
        let (rules, events): (Vec<Event>, Vec<Event>) =
            story.after.iter().cloned().partition(|event| matches!(event, Event::Rule(_)));
        builder.end(story, &events);
        builder.foretold(story.full, &rules);
        builder.scenario("What-if equals the later real run")
    });
}

#[test]
fn parallel_equals_sequential() {
    holds(25, Kinds::ALL, |story| {
        let mut builder = Builder::new(story);
        builder.begin(story);
        builder.end(story, &story.after);
        let full = story.full;
        let batches = |size: u32| move |builder: &mut Builder| builder.in_batches(&["A", "B", "T"], full, size);
        builder.same_end(
            Errors::ByObject,
            &[("way one after another", &batches(1)), ("way three at a time", &batches(3)), ("way all at once", &batches(1_000))],
        );
        builder.scenario("Parallel equals sequential")
    });
}

#[test]
fn generated_scenarios_are_written_and_read_again() {
    holds(20, Kinds::ALL, |story| {
        let mut builder = Builder::new(story);
        builder.begin(story);
        builder.end(story, &story.after);
        let scenario = builder.scenario("Written and read again");
        super::write::tests::is_read_again(&scenario);
        // That it runs to its end is not asked here.
        Scenario { steps: Vec::new(), ..scenario }
    });
}

/// The laws say nothing of worlds in which nothing happens.
#[test]
fn stories_reach_what_the_laws_are_about() {
    const WANTED: [&str; 15] = [
        ": connector of MV(",
        ": explicit connector of MV(",
        ": disconnector",
        ": explicit disconnector",
        ", pending import add",
        ", pending import update",
        ", pending import delete",
        ", pending export add",
        ", pending export update",
        ", pending export delete",
        ", unconfirmed export",
        ", import error ambiguous-import-flow-from-multiple-connectors",
        " manager=MV(",
        " member=MV(",
        "MV(A \"CN=u",
    ];
    let reached = RefCell::new(BTreeMap::from(WANTED.map(|wanted| (wanted, 0))));
    tried(
        40,
        Kinds::ALL,
        |story| {
            let mut builder = Builder::new(story);
            builder.begin(story);
            builder.end(story, &story.after);
            // Half of the stories end with imports that are still pending.
            if story.full {
                builder.synchronize_all(false);
            }
            builder.scenario("What the laws are about")
        },
        &|lines| {
            for (wanted, times) in reached.borrow_mut().iter_mut() {
                *times += usize::from(lines.iter().any(|line| line.contains(wanted)));
            }
            // Somebody of both forests.
            *reached.borrow_mut().entry("both forests").or_default() +=
                usize::from(lines.iter().any(|line| line.starts_with("MV(A ") && line.contains(" B \"")));
        },
    );
    let rare: Vec<_> = reached.into_inner().into_iter().filter(|(_, times)| *times == 0).collect();
    assert!(rare.is_empty(), "{rare:?}");
}

fn without_decisions(events: &[Event]) -> Vec<Event> {
    let decision = |event: &Event| matches!(event, Event::Rule(_) | Event::Disconnect { in_tenant: true, .. });
    events.iter().filter(|event| !decision(event)).cloned().collect()
}

fn only_in_directories(events: &[Event]) -> Vec<Event> {
    let fits = |event: &&Event| match event {
        Event::Rule(number) => keeps_identities(*number),
        event => event.is_in_directory(),
    };
    events.iter().filter(fits).cloned().collect()
}

fn without_identities(events: &[Event]) -> Vec<Event> {
    events.iter().filter(|event| event.is_in_directory() && !event.is_about_identity()).cloned().collect()
}
