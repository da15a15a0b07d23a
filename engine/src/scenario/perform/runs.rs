//! Runs, cycles, and what they told.

use std::collections::BTreeMap;

use super::End;
use super::ends::compare;
use crate::model::{ConnectorId, RunId};
use crate::run::{CyclePlan, FULL_SYNCHRONIZATION, Removal};
use crate::scenario::check::Told;
use crate::scenario::difference::Difference;
use crate::scenario::model::{Kill, RunSpec};
use crate::scenario::outcome::outcome;
use crate::scenario::world::{ScenarioError, World};
use crate::store::StoreError;
use crate::store::configuration::{self, ProfileRecord};
use crate::store::runs::{self, RunQuery};

/// Runs a profile and gathers what the run told.
pub(super) fn start(world: &mut World, run: &RunSpec, any_result: bool, told: &mut Told) -> End {
    let Some(site) = world.sites.get(&run.connector).cloned() else { return Ok(None) };
    drop(site.directory.take_sent());
    let restored = adjust(world, site.id, run)?;
    if let Some(kill) = run.kill {
        world.arm(kill)?;
    }
    let id = world.core.start(site.id, &run.profile)?.wait()?;
    let died = world.rise()?;
    if let Some(profile) = restored {
        save_profile(world, &profile)?;
    }
    if run.kill.is_some() && !died && !any_result {
        return Ok(Some(Difference::of("the run", "that the program dies in it", "it came to its end before that")));
    }
    gather(world, id, told)?;
    told.sent = site.directory.take_sent().into_iter().flatten().collect();
    told.connector = Some(run.connector.clone());
    Ok(None)
}

/// Deletes a connector space, or the connector with it, and gathers what the run told.
pub(super) fn delete_space(
    world: &mut World,
    connector: &str,
    removal: Removal,
    kill: Option<Kill>,
    any_result: bool,
    told: &mut Told,
) -> End {
    let Some(site) = world.sites.get(connector).cloned() else { return Ok(None) };
    drop(site.directory.take_sent());
    if let Some(kill) = kill {
        world.arm(kill)?;
    }
    let id = world.core.start_removal(site.id, removal)?.wait()?;
    if !world.rise()? && kill.is_some() && !any_result {
        return Ok(Some(Difference::of("the run", "that the program dies in it", "it came to its end before that")));
    }
    gather(world, id, told)?;
    told.sent = site.directory.take_sent().into_iter().flatten().collect();
    told.connector = Some(connector.to_owned());
    if configuration::connector(&*world.database.reader()?, site.id)?.is_none() {
        world.sites.remove(connector);
    }
    Ok(None)
}

/// Gives the profile the sizes and limits of a run; tells how it was, if it has others then.
fn adjust(world: &World, connector: ConnectorId, run: &RunSpec) -> Result<Option<ProfileRecord>, ScenarioError> {
    let profiles = configuration::profiles(&*world.database.reader()?, connector)?;
    let Some(before) = profiles.into_iter().find(|profile| profile.name == run.profile) else { return Ok(None) };
    let mut profile = before.clone();
    for step in &mut profile.steps {
        step.batch_size = run.batch_size.unwrap_or(step.batch_size);
        step.object_limit = run.object_limit.unwrap_or(step.object_limit);
        step.deletion_limit = run.deletion_limit.unwrap_or(step.deletion_limit);
    }
    if profile == before {
        return Ok(None);
    }
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

/// A counter as scenarios write it: that of a target connector after its name.
pub(super) fn counter_name(world: &World, name: String) -> String {
    match name.split_once(':') {
        Some((connector, counter)) => {
            let connector = connector.parse().map(ConnectorId).unwrap_or(ConnectorId(0));
            format!("{} {counter}", world.connector_name(connector))
        }
        None => name,
    }
}

/// Adds what the history tells of a run.
pub(super) fn gather(world: &World, id: RunId, told: &mut Told) -> Result<(), ScenarioError> {
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
            *told.counters.entry(counter_name(world, name)).or_default() += number;
        }
        told.errors.extend(runs::errors(&reader, id, step.number, MOST_ERRORS)?);
    }
    Ok(())
}

pub(super) fn cycle(world: &mut World, initial: bool, told: &mut Told) -> End {
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

/// Full synchronization of everything, twice: the second time finds nothing to do.
pub(in crate::scenario) fn second_full_synchronization(world: &mut World) -> End {
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
