//! Doing what statements say.

use std::collections::BTreeMap;

use xxhash_rust::xxh3::xxh3_128;

use super::check::{self, Told};
use super::difference::Difference;
use super::model::{
    Action, Change, DirectoryKind, FaultSpec, FileValue, ObjectSpec, Order, RuleName, RunSpec, Step, Subject, ValueChange, Way,
};
use super::outcome::outcome;
use super::world::{Noted, PutEntry, ScenarioError, Sight, World};
use crate::connector::EntryValue;
use crate::connector::memory::{Fault, MemoryDirectory, MemoryEntry};
use crate::model::{ConnectorId, RunId};
use crate::protection;
use crate::rules::SyncRule;
use crate::run::{CyclePlan, FULL_SYNCHRONIZATION};
use crate::setup::{RuleEditError, apply_default_rules, delete_rule, save_rule};
use crate::store::StoreError;
use crate::store::configuration::{self, ProfileRecord};
use crate::store::runs::{self, RunQuery};
use crate::sync::preview;

/// Rounds after which a world that keeps changing is called restless.
const MOST_ROUNDS: usize = 12;

/// The end of statements: the first difference, if there is one.
pub(super) type End = Result<Option<Difference>, ScenarioError>;

/// Does statements in order, up to the first difference.
pub(super) fn perform_all(world: &mut World, steps: &[Step]) -> End {
    for step in steps {
        if let Some(difference) = perform(world, step)? {
            return Ok(Some(difference.at(&step.place, step)));
        }
    }
    Ok(None)
}

fn perform(world: &mut World, step: &Step) -> End {
    let mut told = Told::default();
    let end = match &step.action {
        Action::Expect => None,
        Action::Run(run) => start(world, run, &mut told)?,
        Action::Cycle { initial } => cycle(world, *initial, &mut told)?,
        Action::Restart => {
            world.restart()?;
            None
        }
        Action::Preview { subject, full, commit } => return look_ahead(world, step, subject, *full, *commit),
        Action::WhatIf(steps) => return perform_all(&mut world.fork()?, steps),
        Action::SameEnd(ways) => return same_end(world, ways),
        Action::EveryOrder(order) => return every_order(world, order),
        Action::SecondFullSynchronization => return second_full_synchronization(world),
        Action::AddRules(_)
        | Action::DefaultRules
        | Action::ChangeRule { .. }
        | Action::SwitchRule { .. }
        | Action::DeleteRule(_) => return change_rules(world, &step.action),
        Action::Threshold(limit) => return option(world, |transaction| protection::set_deletion_threshold(transaction, *limit)),
        Action::Staging(on) => return option(world, |transaction| protection::set_staging_mode(transaction, *on)),
        Action::Advance(by) => {
            world.advance(*by);
            return Ok(None);
        }
        Action::Remember { subject, name } => return remember(world, subject, name),
        Action::Put(objects) => return put(world, objects),
        Action::Change { subjects, changes } => return change(world, subjects, changes),
        Action::Rename { subject, dn } => on_entry(world, subject, |directory, entry| directory.rename(&entry.anchor, dn))?,
        Action::Retype { subject, object_type } => {
            on_entry(world, subject, |directory, entry| directory.retype(&entry.anchor, object_type))?
        }
        Action::Delete { subjects, unnoticed } => {
            for subject in subjects {
                let gone = on_entry(world, subject, |directory, entry| match unnoticed {
                    true => directory.lose(&entry.anchor),
                    false => directory.remove(&entry.anchor),
                })?;
                if gone.is_some() {
                    return Ok(gone);
                }
            }
            None
        }
        Action::Fault { connector, fault } => return inject(world, connector, fault),
        Action::Heal(connector) => {
            if let Some(site) = world.sites.get(connector) {
                site.directory.heal();
            }
            return Ok(None);
        }
    };
    world.note()?;
    match end {
        Some(difference) => Ok(Some(difference)),
        None => check::step(&Sight::new(world, None)?, step, &told),
    }
}

fn option(world: &World, set: impl FnOnce(&rusqlite::Transaction<'_>) -> Result<(), StoreError>) -> End {
    let mut writer = world.database.writer();
    let transaction = writer.transaction()?;
    set(&transaction)?;
    transaction.commit().map_err(StoreError::sqlite("writing an option"))?;
    Ok(None)
}

/// Runs a profile and gathers what the run told.
fn start(world: &mut World, run: &RunSpec, told: &mut Told) -> End {
    let Some(site) = world.sites.get(&run.connector).cloned() else { return Ok(None) };
    drop(site.directory.take_sent());
    let restored = run.batch_size.map(|size| set_batch_size(world, site.id, &run.profile, size)).transpose()?.flatten();
    if let Some(kill) = run.kill {
        world.arm(kill)?;
    }
    let id = world.core.start(site.id, &run.profile)?.wait()?;
    let died = world.rise()?;
    if let Some(profile) = restored {
        save_profile(world, &profile)?;
    }
    if run.kill.is_some() && !died {
        return Ok(Some(Difference::of("the run", "that the program dies in it", "it came to its end before that")));
    }
    gather(world, id, told)?;
    told.sent = site.directory.take_sent().into_iter().flatten().collect();
    told.connector = Some(run.connector.clone());
    Ok(None)
}

/// Gives the profile as it was.
fn set_batch_size(world: &World, connector: ConnectorId, name: &str, size: u32) -> Result<Option<ProfileRecord>, ScenarioError> {
    let profiles = configuration::profiles(&*world.database.reader()?, connector)?;
    let Some(before) = profiles.into_iter().find(|profile| profile.name == name) else { return Ok(None) };
    let mut profile = before.clone();
    profile.steps.iter_mut().for_each(|step| step.batch_size = size);
    save_profile(world, &profile)?;
    Ok(Some(before))
}

fn save_profile(world: &World, profile: &ProfileRecord) -> Result<(), ScenarioError> {
    let mut writer = world.database.writer();
    let transaction = writer.transaction()?;
    configuration::save_profile(&transaction, profile)?;
    transaction.commit().map_err(StoreError::sqlite("storing a run profile"))?;
    Ok(())
}

/// Adds what the history tells of a run.
fn gather(world: &World, id: RunId, told: &mut Told) -> Result<(), ScenarioError> {
    /// Errors read of one step.
    const MOST_ERRORS: u32 = 100_000;
    let reader = world.database.reader()?;
    if let Some(run) = runs::runs(&reader, &RunQuery { id: Some(id), ..RunQuery::default() })?.pop() {
        told.status = Some(run.status);
    }
    for step in runs::steps(&reader, &[id])? {
        if !step.message.is_empty() {
            told.messages.push(step.message);
        }
        told.warnings.extend(step.warnings);
        for (name, number) in step.counters.into_iter().filter(|(_, number)| *number > 0) {
            let name = match name.split_once(':') {
                Some((connector, counter)) => {
                    let connector = connector.parse().map(ConnectorId).unwrap_or(ConnectorId(0));
                    format!("{} {counter}", world.connector_name(connector))
                }
                None => name,
            };
            *told.counters.entry(name).or_default() += number;
        }
        told.errors.extend(runs::errors(&reader, id, step.number, MOST_ERRORS)?);
    }
    Ok(())
}

fn cycle(world: &mut World, initial: bool, told: &mut Told) -> End {
    for site in world.sites.values() {
        drop(site.directory.take_sent());
    }
    let outcome = CyclePlan::begin(&world.core, initial)?.run(&world.core)?;
    for entry in outcome.entries {
        if let Some(run) = entry.run {
            gather(world, run, told)?;
        }
        if let Some(note) = &entry.note {
            told.messages.push(format!("{} {}: {note}", entry.connector, entry.profile));
        }
        told.entries.push((entry.connector, entry.profile, entry.run.is_none()));
    }
    told.status = Some(outcome.status);
    told.sent = world.sites.values().flat_map(|site| site.directory.take_sent()).flatten().collect();
    Ok(None)
}

/// Shows or commits the synchronization of one object, and checks what would be, or is, there.
fn look_ahead(world: &mut World, step: &Step, subject: &Subject, full: bool, commit: bool) -> End {
    let object = Sight::new(world, None)?.object(subject)?;
    let Some(object) = object else {
        return Ok(Some(
            Difference::of("connector space object", "present, so that it can be synchronized", "absent").object(subject),
        ));
    };
    let environment = world.environment();
    if commit {
        let done = preview::commit(&environment, object.id, full)?;
        world.note()?;
        return check::preview(&Sight::new(world, None)?, step, &done);
    }
    let before = world.bytes()?;
    let shown = preview::generate(&environment, object.id, full)?;
    if world.bytes()? != before {
        return Ok(Some(Difference::of("database", "not one byte changed by a preview", "another content")));
    }
    check::preview(&Sight::new(world, Some(&shown))?, step, &shown)
}

/// Every way from here, each from the present state; their ends are the same.
fn same_end(world: &mut World, ways: &[Way]) -> End {
    let mut first: Option<(&str, Vec<String>)> = None;
    let mut last = None;
    for way in ways {
        let mut forked = world.fork()?;
        if let Some(difference) = perform_all(&mut forked, &way.steps)? {
            return Ok(Some(difference));
        }
        let end = outcome(&forked)?;
        match &first {
            None => first = Some((&way.text, end)),
            Some((name, known)) => {
                if let Some(difference) = compare(name, known, &way.text, &end) {
                    return Ok(Some(difference));
                }
            }
        }
        last = Some(forked);
    }
    if let Some(last) = last {
        *world = last;
    }
    Ok(None)
}

/// The first line in which two ends differ.
fn compare(name: &str, known: &[String], other: &str, found: &[String]) -> Option<Difference> {
    let nothing = || "nothing more".to_owned();
    let longest = known.len().max(found.len());
    (0..longest).map(|line| (known.get(line), found.get(line))).find(|(a, b)| a != b).map(|(a, b)| {
        Difference::of(
            format!("end of \"{other}\" compared with \"{name}\""),
            a.cloned().unwrap_or_else(nothing),
            b.cloned().unwrap_or_else(nothing),
        )
    })
}

fn every_order(world: &mut World, order: &Order) -> End {
    let mut ends = Ends::default();
    if let Some(difference) = ends.try_all(world, order, "")? {
        return Ok(Some(difference));
    }
    if let Some(last) = ends.last {
        *world = last;
    }
    Ok(None)
}

/// The ends of all orders tried so far.
#[derive(Default)]
struct Ends {
    first: Option<(String, Vec<String>)>,
    last: Option<World>,
}

impl Ends {
    fn try_all(&mut self, world: &World, order: &Order, before: &str) -> End {
        for places in permutations(order.steps.len()) {
            let steps: Vec<&Step> = places.iter().filter_map(|place| order.steps.get(*place)).collect();
            let names: Vec<&str> = steps.iter().map(|step| step.text.as_str()).collect();
            let name = format!("{before}{}", names.join(", "));
            let mut forked = world.fork()?;
            if let Some(difference) = in_order(&mut forked, &steps, order.until_stable, &name)? {
                return Ok(Some(difference));
            }
            if let Some(then) = &order.then {
                if let Some(difference) = self.try_all(&forked, then, &format!("{name}, then "))? {
                    return Ok(Some(difference));
                }
                continue;
            }
            let end = outcome(&forked)?;
            match &self.first {
                None => self.first = Some((name, end)),
                Some((known_name, known)) => {
                    if let Some(difference) = compare(known_name, known, &name, &end) {
                        return Ok(Some(difference));
                    }
                }
            }
            self.last = Some(forked);
        }
        Ok(None)
    }
}

fn in_order(world: &mut World, steps: &[&Step], until_stable: bool, name: &str) -> End {
    let mut before = None;
    for _ in 0..MOST_ROUNDS {
        for step in steps {
            if let Some(difference) = perform(world, step)? {
                let difference = difference.at(&step.place, step);
                let step = format!("{}, in the order {name}", difference.step);
                return Ok(Some(Difference { step, ..difference }));
            }
        }
        if !until_stable {
            return Ok(None);
        }
        let now = outcome(world)?;
        if before.as_ref() == Some(&now) {
            return Ok(None);
        }
        before = Some(now);
    }
    Ok(Some(Difference::of(name, "that nothing changes any more", format!("changes after {MOST_ROUNDS} rounds"))))
}

/// All orders of the numbers below `count`, the natural one first.
fn permutations(count: usize) -> Vec<Vec<usize>> {
    let mut orders = vec![Vec::new()];
    for _ in 0..count {
        let longer = |order: Vec<usize>| {
            let rest = (0..count).filter(|place| !order.contains(place)).collect::<Vec<_>>();
            rest.into_iter().map(move |place| order.iter().copied().chain([place]).collect())
        };
        orders = orders.into_iter().flat_map(longer).collect();
    }
    orders
}

/// Full synchronization of everything, twice: the second time finds nothing to do.
pub(super) fn second_full_synchronization(world: &mut World) -> End {
    let connectors: Vec<(String, ConnectorId)> = world.sites.iter().map(|(name, site)| (name.clone(), site.id)).collect();
    let mut rounds = Vec::new();
    for _ in 0..2 {
        let mut counters = BTreeMap::new();
        for (_, id) in &connectors {
            let run = world.core.start(*id, FULL_SYNCHRONIZATION)?.wait()?;
            let mut told = Told::default();
            gather(world, run, &mut told)?;
            for (name, number) in told.counters {
                *counters.entry(name).or_insert(0u64) += number;
            }
        }
        world.note()?;
        rounds.push((outcome(world)?, counters));
    }
    let (Some((second, counters)), Some((first, _))) = (rounds.pop(), rounds.pop()) else { return Ok(None) };
    if let Some(difference) = compare("the first full synchronization", &first, "the second", &second) {
        return Ok(Some(difference));
    }
    let quiet = ["connector-no-flow", "disconnector-remains", "flow-failure"];
    let flows: Vec<String> = counters
        .iter()
        .filter(|(name, _)| !quiet.iter().any(|quiet| name.ends_with(quiet)))
        .map(|(name, number)| format!("{name}={number}"))
        .collect();
    if flows.is_empty() {
        return Ok(None);
    }
    Ok(Some(Difference::of("second full synchronization, counters", "no flows", flows.join(", "))))
}

fn change_rules(world: &mut World, action: &Action) -> End {
    let find = |world: &World, name: &RuleName| -> Result<Result<SyncRule, Difference>, ScenarioError> {
        let sight = Sight::new(world, None)?;
        let known: Vec<String> = sight.rules.iter().map(|rule| rule.precedence.to_string()).collect();
        Ok(sight
            .rule(name)
            .cloned()
            .ok_or_else(|| Difference::of("rules", format!("a rule {name}"), format!("rules {}", known.join(", ")))))
    };
    match action {
        Action::AddRules(rules) => {
            for text in rules {
                let Some(site) = world.sites.get(&text.connector) else { continue };
                let guid = world.environment().ids.guid();
                match text.to_rule(site.id, text.precedence, guid, &|_| true) {
                    Ok(rule) => {
                        if let Some(refused) = store(world, &rule)? {
                            return Ok(Some(refused));
                        }
                    }
                    Err(message) => return Ok(Some(Difference::of("rules", "a rule that can be stored", message))),
                }
            }
            Ok(None)
        }
        Action::DefaultRules => {
            apply_default_rules(&world.database, world.environment().ids.as_ref())?;
            Ok(None)
        }
        Action::ChangeRule { rule, patch } => match find(world, rule)? {
            Err(difference) => Ok(Some(difference)),
            Ok(mut changed) => match patch.apply(&mut changed) {
                Ok(()) => store(world, &changed),
                Err(message) => Ok(Some(Difference::of("rules", "a change that fits the rule", message))),
            },
        },
        Action::SwitchRule { rule, enabled } => match find(world, rule)? {
            Err(difference) => Ok(Some(difference)),
            Ok(rule) => store(world, &SyncRule { enabled: *enabled, ..rule }),
        },
        Action::DeleteRule(rule) => match find(world, rule)? {
            Err(difference) => Ok(Some(difference)),
            Ok(rule) => {
                delete_rule(&world.database, rule.id)?;
                Ok(None)
            }
        },
        _ => Ok(None),
    }
}

/// Stores a rule; one that is refused is a difference.
fn store(world: &World, rule: &SyncRule) -> End {
    match save_rule(&world.database, rule) {
        Ok(_) => Ok(None),
        Err(RuleEditError::Store(error)) => Err(error.into()),
        Err(refused) => Ok(Some(Difference::of("rules", "a rule that can be stored", refused.to_string()))),
    }
}

fn remember(world: &mut World, subject: &Subject, name: &str) -> End {
    let seen = Sight::new(world, None)?.where_is(subject)?;
    let Some(seen) = seen else {
        return Ok(Some(Difference::of("", "present, so that it can be remembered", "absent").object(subject)));
    };
    let remembered = match subject.connector() {
        Some(connector) => Subject::RememberedObject { connector: connector.to_owned(), name: name.to_owned() },
        None => Subject::RememberedIdentity(name.to_owned()),
    };
    let noted: Noted = seen;
    world.noted.insert(remembered, noted);
    Ok(None)
}

/// The anchor of an object that the file puts into a directory: what makes it the same for ever.
fn anchor(kind: DirectoryKind, object: &mut ObjectSpec, has: impl Fn(&str) -> bool) -> Vec<u8> {
    let attribute = match kind {
        DirectoryKind::Forest => "objectGUID",
        DirectoryKind::Tenant => "cloudAnchor",
    };
    if let Some([FileValue::Plain(value)]) = object.attributes.get(attribute).map(Vec::as_slice) {
        return match value {
            EntryValue::Binary(bytes) => bytes.clone(),
            EntryValue::Text(text) => text.clone().into_bytes(),
            EntryValue::Integer(_) | EntryValue::Boolean(_) | EntryValue::Reference(_) => object.name.clone().into_bytes(),
        };
    }
    let (anchor, value) = match kind {
        DirectoryKind::Forest => {
            let bytes = xxh3_128(format!("{} {}", object.connector, object.name).as_bytes()).to_be_bytes().to_vec();
            (bytes.clone(), EntryValue::Binary(bytes))
        }
        DirectoryKind::Tenant => {
            let text = format!("Own_{}", object.name);
            (text.clone().into_bytes(), EntryValue::Text(text))
        }
    };
    if has(attribute) {
        object.attributes.insert(attribute.to_owned(), vec![FileValue::Plain(value)]);
    }
    anchor
}

fn put(world: &mut World, objects: &[ObjectSpec]) -> End {
    // Objects of one statement may refer to each other, so all have their names before any is written.
    let mut ready = Vec::with_capacity(objects.len());
    for object in objects {
        let mut object = object.clone();
        let Some(site) = world.sites.get(&object.connector) else { continue };
        let object_type = object.object_type.clone();
        let anchor = anchor(site.kind, &mut object, |name| site.schema.attribute_of(&object_type, name).is_some());
        let put = PutEntry { connector: object.connector.clone(), anchor: anchor.clone(), dn: object.dn.clone() };
        world.put.insert(object.name.clone(), put);
        ready.push((anchor, object));
    }
    for (anchor, object) in ready {
        let mut attributes = BTreeMap::new();
        for (name, values) in &object.attributes {
            match entry_values(world, values)? {
                Ok(values) => {
                    attributes.insert(name.clone(), values);
                }
                Err(difference) => return Ok(Some(difference.attribute(name))),
            }
        }
        if let Some(site) = world.sites.get(&object.connector) {
            site.directory.put(MemoryEntry::new(anchor, &object.dn, &object.object_type, attributes));
        }
    }
    Ok(None)
}

/// Values as a directory holds them: references are names.
fn entry_values(world: &World, values: &[FileValue]) -> Result<Result<Vec<EntryValue>, Difference>, ScenarioError> {
    let mut sight = None;
    let mut entries = Vec::with_capacity(values.len());
    for value in values {
        match value {
            FileValue::Plain(value) => entries.push(value.clone()),
            FileValue::Reference(Subject::Named { dn, .. }) => entries.push(EntryValue::Reference(dn.clone())),
            FileValue::Reference(Subject::Object { name, .. }) => match world.entry_put(name) {
                Some(entry) => entries.push(EntryValue::Reference(entry.dn)),
                // It is put by the same statement, or it is gone: its last name stands for it.
                None => entries.extend(world.put.get(name).map(|put| EntryValue::Reference(put.dn.clone()))),
            },
            FileValue::Reference(subject) => {
                if sight.is_none() {
                    sight = Some(Sight::new(world, None)?);
                }
                let dn = match &sight {
                    Some(sight) => sight.dn(subject)?,
                    None => None,
                };
                match dn {
                    Some(dn) => entries.push(EntryValue::Reference(dn)),
                    None => return Ok(Err(Difference::of("reference", "an object to refer to", "none").object(subject))),
                }
            }
        }
    }
    Ok(Ok(entries))
}

/// Does something with an object of a directory; that there is none is a difference.
fn on_entry(world: &World, subject: &Subject, work: impl FnOnce(&MemoryDirectory, &MemoryEntry)) -> End {
    let Some(entry) = world.entry(subject)? else {
        return Ok(Some(Difference::of("directory", "an object that can be changed", "none").object(subject)));
    };
    if let Some(site) = subject.connector().and_then(|connector| world.sites.get(connector)) {
        work(&site.directory, &entry);
    }
    Ok(None)
}

fn change(world: &mut World, subjects: &[Subject], changes: &[ValueChange]) -> End {
    for subject in subjects {
        for change in changes {
            let Some(entry) = world.entry(subject)? else {
                return Ok(Some(Difference::of("directory", "an object that can be changed", "none").object(subject)));
            };
            let values = match change_values(world, &entry, change)? {
                Ok(values) => values,
                Err(difference) => return Ok(Some(difference.attribute(&change.attribute))),
            };
            if let Some(site) = subject.connector().and_then(|connector| world.sites.get(connector)) {
                site.directory.set(&entry.anchor, &change.attribute, values);
            }
        }
    }
    Ok(None)
}

fn change_values(
    world: &World,
    entry: &MemoryEntry,
    change: &ValueChange,
) -> Result<Result<Vec<EntryValue>, Difference>, ScenarioError> {
    match &change.change {
        Change::Set(values) => entry_values(world, values),
        Change::Values { adds, deletes } => {
            let (adds, deletes) = match (entry_values(world, adds)?, entry_values(world, deletes)?) {
                (Ok(adds), Ok(deletes)) => (adds, deletes),
                (Err(difference), _) | (_, Err(difference)) => return Ok(Err(difference)),
            };
            let mut values = entry.attributes.get(&change.attribute).cloned().unwrap_or_default();
            if let Some(missing) = deletes.iter().find(|value| !values.contains(value)) {
                let missing = format!("a value {}", check::entry_text(missing));
                return Ok(Err(Difference::of("directory", missing, "none")));
            }
            values.retain(|value| !deletes.contains(value));
            values.extend(adds.into_iter().filter(|value| !values.contains(value)).collect::<Vec<_>>());
            Ok(Ok(values))
        }
    }
}

fn inject(world: &mut World, connector: &str, fault: &FaultSpec) -> End {
    let faults = match fault {
        FaultSpec::Ready(faults) => faults.clone(),
        FaultSpec::Unreadable(subject) => match Sight::new(world, None)?.entry(subject)? {
            Some(entry) => vec![Fault::BadEntry(entry.anchor)],
            None => return Ok(Some(Difference::of("directory", "an object that can become unreadable", "none").object(subject))),
        },
        FaultSpec::Refuse { subject, code } => match Sight::new(world, None)?.dn(subject)? {
            Some(dn) => vec![Fault::Refuse { dn, code: code.clone() }],
            None => {
                return Ok(Some(Difference::of("directory", "an object whose changes can be refused", "none").object(subject)));
            }
        },
    };
    if let Some(site) = world.sites.get(connector) {
        faults.into_iter().for_each(|fault| site.directory.inject(fault));
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_orders_are_tried_once() {
        let orders = permutations(3);
        assert_eq!(orders.len(), 6);
        assert_eq!(orders.first(), Some(&vec![0, 1, 2]));
        let different: std::collections::BTreeSet<_> = orders.into_iter().collect();
        assert_eq!(different.len(), 6);
        assert_eq!(permutations(0), [Vec::<usize>::new()]);
    }

    #[test]
    fn ends_are_compared_line_by_line() {
        let lines = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(compare("a", &lines("x y"), "b", &lines("x y")), None);
        let longer = compare("a", &lines("x"), "b", &lines("x y")).unwrap();
        assert_eq!((longer.expected.as_str(), longer.found.as_str()), ("nothing more", "y"));
    }
}
