//! Doing what statements say.

mod by_hand;
mod directory;
mod ends;
mod foretold;
mod rules;
mod runs;

use super::check::{self, Told};
use super::difference::Difference;
use super::model::{ANY_RESULT, Action, Expected, Step, Subject};
use super::world::{ScenarioError, Sight, World};
use crate::connector::memory::MemoryDirectory;
use crate::model::Deprovisioning;
use crate::protection::{self, Approval};
use crate::store::configuration::{self, ConnectorRecord};
use crate::store::{StoreError, pending};
use crate::sync::preview;

pub(super) use runs::second_full_synchronization;

use directory::{change, inject, on_entry, put};
use ends::{every_order, same_end, until_stable};
use runs::{cycle, delete_space, start};

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
        Action::Run(run) => start(world, run, any_result(step), &mut told)?,
        Action::Cycle { initial } => cycle(world, *initial, &mut told)?,
        Action::DeleteSpace { connector, removal, kill } => {
            delete_space(world, connector, *removal, *kill, any_result(step), &mut told)?
        }
        Action::Restart => {
            world.restart()?;
            None
        }
        Action::Join { subject, identity } => by_hand::join(world, subject, identity, &mut told)?,
        Action::Disconnect { subject, for_good } => by_hand::disconnect(world, subject, *for_good, &mut told)?,
        Action::Preview { subject, full, commit } => return look_ahead(world, step, subject, *full, *commit),
        Action::WhatIf(steps) => return perform_all(&mut world.fork()?, steps),
        Action::SameEnd { ways, errors } => return same_end(world, ways, *errors),
        Action::EveryOrder(order) => return every_order(world, order),
        Action::UntilStable(steps) => return until_stable(world, steps),
        Action::Foretold { full, rules } => return foretold::come_true(world, *full, rules),
        Action::SecondFullSynchronization => return second_full_synchronization(world),
        Action::AddRules(rules) => return rules::add(world, rules),
        Action::DefaultRules => return rules::take_default(world),
        Action::ChangeRule { rule, patch } => return rules::change(world, rule, patch),
        Action::SwitchRule { rule, enabled } => return rules::switch(world, rule, *enabled),
        Action::DeleteRule(rule) => return rules::delete(world, rule),
        Action::Threshold(limit) => return option(world, |transaction| protection::set_deletion_limit(transaction, *limit)),
        Action::ApproveDeletions(connector) => return approve(world, connector),
        Action::Containers { connector, include, exclude } => return containers(world, connector, include, exclude),
        Action::Deprovisioning { connector, action } => return deprovisioning(world, connector, *action),
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
                let remove = if *unnoticed { MemoryDirectory::lose } else { MemoryDirectory::remove };
                let gone = on_entry(world, subject, |directory, entry| remove(directory, &entry.anchor))?;
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

/// True when it does not matter how the run ends.
fn any_result(step: &Step) -> bool {
    let any = |expected: &Expected| matches!(expected, Expected::Result(status) if status == ANY_RESULT);
    step.expectations.iter().any(|expectation| any(&expectation.expected))
}

fn option(world: &World, set: impl FnOnce(&rusqlite::Transaction<'_>) -> Result<(), StoreError>) -> End {
    let mut writer = world.database.writer();
    let transaction = writer.transaction()?;
    set(&transaction)?;
    transaction.commit().map_err(StoreError::sqlite("writing an option"))?;
    Ok(None)
}

/// Approves what is staged for deletion in a directory, once.
fn approve(world: &World, connector: &str) -> End {
    let Some(site) = world.sites.get(connector) else { return Ok(None) };
    let given = world.environment().clock.now();
    option(world, |transaction| {
        let objects = pending::deletions(transaction, site.id)?.into_iter().collect();
        protection::approve(transaction, &Approval { connector: site.id.0, given, user: "the scenario".to_owned(), objects })
    })
}

/// Chooses the containers that are read of a directory.
fn containers(world: &World, connector: &str, include: &[String], exclude: &[String]) -> End {
    let Some(site) = world.sites.get(connector) else { return Ok(None) };
    option(world, |transaction| {
        for mut partition in configuration::partitions(transaction, site.id)? {
            (partition.include, partition.exclude) = (include.to_vec(), exclude.to_vec());
            configuration::save_partition(transaction, &partition)?;
        }
        Ok(())
    })
}

/// Chooses what becomes of objects that nothing holds any more.
fn deprovisioning(world: &World, connector: &str, action: Deprovisioning) -> End {
    let Some(site) = world.sites.get(connector) else { return Ok(None) };
    option(world, |transaction| match configuration::connector(transaction, site.id)? {
        Some(record) => {
            let record = ConnectorRecord { deprovisioning: action, ..record };
            configuration::save_connector(transaction, &record).map(|_| ())
        }
        None => Ok(()),
    })
}

/// Shows or commits the synchronization of one object, and checks what would be, or is, there.
fn look_ahead(world: &mut World, step: &Step, subject: &Subject, full: bool, commit: bool) -> End {
    let Some(object) = Sight::new(world, None)?.object(subject)? else {
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

fn remember(world: &mut World, subject: &Subject, name: &str) -> End {
    let Some(seen) = Sight::new(world, None)?.where_is(subject)? else {
        return Ok(Some(Difference::of("", "present, so that it can be remembered", "absent").object(subject)));
    };
    let remembered = match subject.connector() {
        Some(connector) => Subject::RememberedObject { connector: connector.to_owned(), name: name.to_owned() },
        None => Subject::RememberedIdentity(name.to_owned()),
    };
    world.noted.insert(remembered, seen);
    Ok(None)
}
