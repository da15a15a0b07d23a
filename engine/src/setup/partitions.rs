//! Which partitions and containers of a directory are read (`ui.md` 4.8, `operations.md` 4).

use std::collections::BTreeSet;

use rusqlite::Transaction;
use thiserror::Error;

use super::SetupContext;
use super::rule_changes::next_version;
use crate::connector::ContainerFilter;
use crate::model::{ConnectorId, Dn, fold_text};
use crate::run::default_profiles;
use crate::store::StoreError;
use crate::store::configuration::{self, PartitionRecord, ProfileRecord, ProfileStep};

/// A selection of partitions or containers that cannot be stored.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PartitionError {
    /// The connector is not there.
    #[error("connector {0} does not exist")]
    UnknownConnector(ConnectorId),
    /// The partition is not there.
    #[error("the connector has no partition \"{name}\"; its partitions: {known}")]
    Unknown {
        /// Name asked for.
        name: String,
        /// Names there are.
        known: String,
    },
    /// Nothing would be read.
    #[error("at least one partition has to stay selected")]
    NothingSelected,
    /// The directory has no containers.
    #[error("partition {0} has no containers to choose from")]
    NoContainers(String),
    /// A container cannot be used.
    #[error("container \"{container}\": {reason}")]
    Container {
        /// The container.
        container: String,
        /// Why, and what to do.
        reason: String,
    },
    /// The filter lets nothing through.
    #[error("nothing of partition {0} would be selected; include a container, or exclude less")]
    Empty(String),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Selects and unselects partitions, and gives the run profiles the steps that belong to them: a partition that comes
/// gets a step beside each step of another one, the steps of one that goes are removed. True when something changed.
///
/// # Errors
/// [`PartitionError`]; nothing is stored then.
pub fn select_partitions(
    context: &SetupContext<'_>,
    connector: ConnectorId,
    select: &[String],
    unselect: &[String],
) -> Result<bool, PartitionError> {
    let mut writer = context.database.writer();
    let transaction = writer.transaction()?;
    let changed = select_partitions_in(context, &transaction, connector, select, unselect)?;
    if changed {
        next_version(&transaction)?;
        transaction.commit().map_err(StoreError::sqlite("storing partitions"))?;
    }
    Ok(changed)
}

/// As [`select_partitions`], inside the caller's transaction, who makes the next version of the configuration.
pub(super) fn select_partitions_in(
    context: &SetupContext<'_>,
    transaction: &Transaction<'_>,
    connector: ConnectorId,
    select: &[String],
    unselect: &[String],
) -> Result<bool, PartitionError> {
    let mut partitions = configuration::partitions(transaction, connector)?;
    let before: BTreeSet<String> = selected(&partitions);
    for (names, wanted) in [(select, true), (unselect, false)] {
        for name in names {
            find(&mut partitions, name)?.selected = wanted;
        }
    }
    let after = selected(&partitions);
    if after.is_empty() {
        return Err(PartitionError::NothingSelected);
    }
    if before == after {
        return Ok(false);
    }
    for partition in &partitions {
        configuration::save_partition(transaction, partition)?;
    }
    let record = configuration::connector(transaction, connector)?.ok_or(PartitionError::UnknownConnector(connector))?;
    for profile in configuration::profiles(transaction, connector)? {
        let steps = follow(&profile, &partitions, &before);
        configuration::replace_profile(transaction, &ProfileRecord { steps, ..profile })?;
    }
    // A profile that lost all its steps gets those of a new connector.
    let empty: Vec<String> = configuration::profiles(transaction, connector)?
        .into_iter()
        .filter(|profile| profile.steps.is_empty())
        .map(|profile| fold_text(&profile.name))
        .collect();
    for profile in default_profiles(&record, &partitions, context.ids) {
        if empty.contains(&fold_text(&profile.name)) {
            configuration::save_profile(transaction, &profile)?;
        }
    }
    require_import(transaction, connector, "partitions were selected or unselected")?;
    Ok(true)
}

fn selected(partitions: &[PartitionRecord]) -> BTreeSet<String> {
    partitions.iter().filter(|partition| partition.selected).map(|partition| partition.name.clone()).collect()
}

fn find<'a>(partitions: &'a mut [PartitionRecord], name: &str) -> Result<&'a mut PartitionRecord, PartitionError> {
    let wanted = fold_text(name.trim());
    let known = || partitions.iter().map(|partition| partition.name.as_str()).collect::<Vec<_>>().join("; ");
    match partitions.iter().position(|partition| fold_text(&partition.name) == wanted) {
        Some(place) => {
            partitions.get_mut(place).ok_or_else(|| PartitionError::Unknown { name: name.to_owned(), known: String::new() })
        }
        None => Err(PartitionError::Unknown { name: name.to_owned(), known: known() }),
    }
}

/// The steps of a profile for another selection of partitions, in the order of the partitions within each kind.
fn follow(profile: &ProfileRecord, partitions: &[PartitionRecord], before: &BTreeSet<String>) -> Vec<ProfileStep> {
    let is_selected = |step: &ProfileStep| partitions.iter().any(|known| known.selected && known.name == step.partition);
    let new: Vec<&PartitionRecord> = partitions.iter().filter(|known| known.selected && !before.contains(&known.name)).collect();
    let one_for_all = |step: &ProfileStep| step.step_type.imports().is_none() && step.step_type.synchronizes().is_some();
    let mut steps: Vec<ProfileStep> = Vec::new();
    for (place, step) in profile.steps.iter().enumerate() {
        let mut step = step.clone();
        if one_for_all(&step) {
            // It covers the whole connector space, so it only needs a partition that is there.
            if !is_selected(&step)
                && let Some(partition) = partitions.iter().find(|known| known.selected)
            {
                step.partition.clone_from(&partition.name);
            }
            steps.push(step);
            continue;
        }
        let last_of_its_kind = profile.steps.get(place + 1).is_none_or(|next| next.step_type != step.step_type);
        if is_selected(&step) {
            steps.push(step.clone());
        }
        if last_of_its_kind {
            steps.extend(new.iter().map(|partition| ProfileStep { partition: partition.name.clone(), ..step.clone() }));
        }
    }
    steps
}

/// Chooses the containers of a partition: all of it when none is included; the most specific of the included and
/// excluded containers decides. True when something changed.
///
/// # Errors
/// [`PartitionError`]; nothing is stored then.
pub fn choose_containers(
    context: &SetupContext<'_>,
    connector: ConnectorId,
    partition: &str,
    include: &[String],
    exclude: &[String],
) -> Result<bool, PartitionError> {
    let mut writer = context.database.writer();
    let transaction = writer.transaction()?;
    let changed = choose_containers_in(&transaction, connector, partition, include, exclude)?;
    if changed {
        next_version(&transaction)?;
        transaction.commit().map_err(StoreError::sqlite("storing a container filter"))?;
    }
    Ok(changed)
}

/// As [`choose_containers`], inside the caller's transaction, who makes the next version of the configuration.
pub(super) fn choose_containers_in(
    transaction: &Transaction<'_>,
    connector: ConnectorId,
    partition: &str,
    include: &[String],
    exclude: &[String],
) -> Result<bool, PartitionError> {
    let mut partitions = configuration::partitions(transaction, connector)?;
    let partition = find(&mut partitions, partition)?;
    if (partition.include.as_slice(), partition.exclude.as_slice()) == (include, exclude) {
        return Ok(false);
    }
    let Ok(root) = Dn::parse(&partition.name) else { return Err(PartitionError::NoContainers(partition.name.clone())) };
    let (include, exclude) = (containers(include, &root)?, containers(exclude, &root)?);
    if let Some(both) = include.iter().find(|dn| exclude.iter().any(|other| other.key() == dn.key())) {
        let reason = "it is included and excluded; leave one of them out".to_owned();
        return Err(PartitionError::Container { container: both.to_string(), reason });
    }
    // Below an excluded root only what is included can be selected.
    let filter = ContainerFilter::new(&include, &exclude);
    if include.is_empty() && !filter.selects(&root) || !include.is_empty() && !include.iter().any(|dn| filter.selects(dn)) {
        return Err(PartitionError::Empty(partition.name.clone()));
    }
    let texts = |list: &[Dn]| list.iter().map(ToString::to_string).collect::<Vec<_>>();
    let (include, exclude) = (texts(&include), texts(&exclude));
    if (&partition.include, &partition.exclude) == (&include, &exclude) {
        return Ok(false);
    }
    (partition.include, partition.exclude) = (include, exclude);
    configuration::save_partition(transaction, partition)?;
    require_import(transaction, connector, "containers were chosen")?;
    Ok(true)
}

/// Containers below a root, each once, sorted by name.
fn containers(names: &[String], root: &Dn) -> Result<Vec<Dn>, PartitionError> {
    let mut found: Vec<Dn> = Vec::new();
    for name in names {
        let refuse = |reason: String| PartitionError::Container { container: name.clone(), reason };
        let dn = Dn::parse(name).map_err(|error| refuse(error.to_string()))?;
        if !dn.is_under(root) {
            return Err(refuse(format!("it does not lie in partition {root}")));
        }
        if found.iter().all(|known| known.key() != dn.key()) {
            found.push(dn);
        }
    }
    found.sort_by(|a, b| a.key().cmp(b.key()));
    Ok(found)
}

/// Other objects are read from now on: a full import, then a delta synchronization (`engine.md` 4.8).
fn require_import(transaction: &Transaction<'_>, connector: ConnectorId, reason: &str) -> Result<(), PartitionError> {
    let record = configuration::connector(transaction, connector)?.ok_or(PartitionError::UnknownConnector(connector))?;
    let import = record.full_import_reason.as_deref().unwrap_or(reason);
    Ok(configuration::set_required(transaction, connector, Some(import), record.full_sync_reason.as_deref())?)
}
