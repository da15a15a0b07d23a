//! What is written is read again.

use std::path::{Path, PathBuf};

use super::first_line;
use crate::scenario::Scenario;
use crate::scenario::model::{Action, Expected, Order, Step, Way};
use crate::scenario::text::Place;

/// Steps without their places and with their texts as they are written; the objects of ranges one by one.
fn normal(steps: &[Step]) -> Vec<Step> {
    steps.iter().flat_map(normal_step).collect()
}

fn normal_step(step: &Step) -> Vec<Step> {
    let place = Place { file: "".into(), line: 0 };
    let mut step = step.clone();
    step.place = place.clone();
    for expectation in &mut step.expectations {
        expectation.place = place.clone();
        if let Expected::Sent { attributes, .. }
        | Expected::Entry { attributes, .. }
        | Expected::Object { attributes, .. }
        | Expected::Identity { attributes, .. } = &mut expectation.expected
        {
            attributes.iter_mut().for_each(|attribute| attribute.place = place.clone());
        }
    }
    step.action = match step.action {
        Action::Put(objects) => {
            let put = |object| {
                let action = Action::Put(vec![object]);
                Step { place: place.clone(), text: first_line(&action), action, expectations: Vec::new() }
            };
            return objects.into_iter().map(put).collect();
        }
        Action::WhatIf(steps) => Action::WhatIf(normal(&steps)),
        Action::UntilStable(steps) => Action::UntilStable(normal(&steps)),
        Action::Foretold { full, rules } => Action::Foretold { full, rules: normal(&rules) },
        Action::SameEnd { ways, errors } => {
            Action::SameEnd { ways: ways.into_iter().map(|way| Way { steps: normal(&way.steps), ..way }).collect(), errors }
        }
        Action::EveryOrder(order) => Action::EveryOrder(normal_order(&order)),
        other => other,
    };
    if !matches!(step.action, Action::WhatIf(_)) {
        step.text = first_line(&step.action);
    }
    vec![step]
}

fn normal_order(order: &Order) -> Order {
    let then = order.then.as_ref().map(|then| Box::new(normal_order(then)));
    Order { steps: normal(&order.steps), until_stable: order.until_stable, then }
}

/// The law of the writer.
#[track_caller]
pub(in crate::scenario) fn is_read_again(scenario: &Scenario) {
    let written = scenario.to_string();
    let read = Scenario::from_text(Path::new("written"), &written).unwrap_or_else(|fault| panic!("{fault}\n{written}"));
    assert_eq!((read.number, &read.title), (scenario.number, &scenario.title));
    assert_eq!(format!("{:#?}", read.directories), format!("{:#?}", scenario.directories));
    let (before, after) = (normal(&scenario.steps), normal(&read.steps));
    for (before, after) in before.iter().zip(&after) {
        assert_eq!(format!("{before:#?}"), format!("{after:#?}"));
    }
    assert_eq!(before.len(), after.len());
    assert_eq!(read.to_string(), written);
}

#[test]
fn the_scenarios_of_the_engine_are_written_and_read_again() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/scenarios");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|ending| ending == "scenario"));
    assert!(files.len() > 40);
    for file in files {
        let mut text = std::fs::read_to_string(&file).unwrap();
        // Groups of fifty thousand say no more than groups of fifty.
        for number in [250_000, 50_002, 50_001, 50_000, 10_000] {
            text = text.replace(&number.to_string(), &(number / 1_000 + number % 10).to_string());
        }
        is_read_again(&Scenario::from_text(&file, &text).unwrap());
    }
}

#[test]
fn every_kind_of_line_is_written_and_read_again() {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/scenarios.md")).unwrap();
    let block = |start: &str| {
        let (_, after) = text.split_once(start).unwrap();
        after.split_once("```").unwrap().0.to_owned()
    };
    let first = block("```scenario\n");
    let faults: String =
        text.lines().filter_map(|line| Some(format!("fault {}\n", line.strip_prefix("| `fault ")?.split('`').next()?))).collect();
    is_read_again(&Scenario::from_text(Path::new("x"), &format!("{first}{faults}{}", MORE)).unwrap());
    let mut rest = text.as_str();
    let mut examples = 0;
    while let Some((_, after)) = rest.split_once("```statements\n") {
        let (example, after) = after.split_once("```").unwrap();
        is_read_again(&Scenario::from_text(Path::new("x"), &format!("{first}{example}")).unwrap());
        (rest, examples) = (after, examples + 1);
    }
    assert!(examples > 5);
}

const MORE: &str = r#"
object odd in A: user CN=Smith\, "Odd",DC=contoso,DC=com
  displayName = " a | b \\ \"c\" "
  manager = "CN=a \\, b,DC=contoso,DC=com"
  userAccountControl = -1
  objectSid = S-1-5-21-1-2-500
  proxyAddresses = a|b | " c"
retype odd as contact
delete odd and ada unnoticed
rename odd to CN=Other,DC=contoso,DC=com
change rule "Out to T - User"
  expression.displayName = '''
  IIF(IsPresent([displayName]),
      "x \ y", NULL)'''
delete rule 20
rules default
staging on
heal A
advance 2 hours
run A Full Synchronization in batches of 3, killed after 4 objects
run A Full Import in batches of 3, at most 10 deletions
run A Full Import, at most 10 objects
  result any
run T Export, killed after batch 2
  result any
until nothing changes
  run A Delta Synchronization
    result any
  restart
full synchronization does what its what-if tells
  disable rule 10
  enable rule 10
delta synchronization does what its what-if tells
threshold off
threshold 10 percent
approve deletions in T
every order, until nothing changes
  restart
  cycle delta
    skipped T Export
    message something
    warning something
    no errors
  then every order
    restart
    preview ada full
      candidates MV(ada) and MV(odd)
      flow displayName by "Out to T - User" not applied
      flow displayName by 10 = a lost to 20
      flow department by 10 = IT not applied
same end, errors by identity
  way one
    restart
  way other
    restart
remember ada as her
remember MV(ada) as self
join T "CN=cloud" to self
  result refused
  message is joined already
join odd to MV(ada)
  odd: connector, explicit
disconnect T(ada)
  T(ada): not explicit
disconnect her for good
  result any
expect
  ada: is not her, not transient, rename retry, import error "a b" retried 2 since 11:05 saying "x \"y\"", no export error
  MV(ada): is self, joined to ada and odd, provisioning retry
  A "CN=\"x\",DC=y": dn "CN=z\\, z", anchor "a b", type user, not linked by 10
  entry ada: absent
  entry ada: exactly
    member count 3
  metaverse: nothing
  objects in A exactly
  A: full import required, full synchronization required
"#;
