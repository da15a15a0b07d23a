//! Changing run profiles as an administrator does (`ui.md` 4.6).

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use rusqlite::Transaction;
use thiserror::Error;
use uuid::Uuid;

use super::SetupContext;
use crate::model::{ConnectorId, fold_text};
use crate::store::StoreError;
use crate::store::configuration::{self, PartitionRecord, ProfileRecord, ProfileStep};

const LONGEST_NAME: usize = 256;
const LONGEST_FILE_NAME: usize = 100;
const BATCH_SIZES: RangeInclusive<u32> = 0..=999_999;
const PAGE_SIZES: RangeInclusive<u32> = 1..=5_000;
const TIMEOUTS: RangeInclusive<u32> = 0..=86_400;

/// A run profile that cannot be stored.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RunProfileError {
    /// The name is empty or too long.
    #[error("\"{0}\" cannot name a run profile; take 1 to {LONGEST_NAME} characters")]
    Name(String),
    /// Another profile has the name.
    #[error("a run profile named \"{0}\" already exists")]
    NameTaken(String),
    /// The profile is not there.
    #[error("the connector has no run profile \"{name}\"; its profiles: {known}")]
    Unknown {
        /// Name asked for.
        name: String,
        /// Names there are.
        known: String,
    },
    /// A step cannot be so.
    #[error("step {step}: {fault}")]
    Step {
        /// Number of the step.
        step: usize,
        /// What is wrong with it.
        fault: StepFault,
    },
    /// Somebody else changed the profiles.
    #[error("the run profiles were changed meanwhile by somebody else; open them again, and change them as they are now")]
    Changed,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Something wrong with a step.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum StepFault {
    /// The partition is not there.
    #[error("the connector has no partition {partition}; its selected partitions: {known}")]
    Partition {
        /// Partition asked for.
        partition: String,
        /// Selected partitions.
        known: String,
    },
    /// The partition does not take part in runs.
    #[error("partition {0} is not selected; select it first")]
    NotSelected(String),
    /// A number is out of range.
    #[error("{what} {value} is out of range; choose {lowest} to {highest}")]
    Range {
        /// What the number is.
        what: StepNumber,
        /// The number.
        value: u32,
        /// Lowest number allowed.
        lowest: u32,
        /// Highest number allowed.
        highest: u32,
    },
    /// A log file cannot be used.
    #[error("{0}")]
    LogFile(String),
}

/// A number of a step that has bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepNumber {
    /// Objects per batch.
    BatchSize,
    /// Objects asked for at a time.
    PageSize,
    /// Seconds to wait for one answer.
    Timeout,
}

impl std::fmt::Display for StepNumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::BatchSize => "batch size",
            Self::PageSize => "page size",
            Self::Timeout => "timeout",
        })
    }
}

/// A profile of a whole set of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileChange {
    /// The profile that it takes the place of; none for a new one.
    pub replaces: Option<String>,
    /// Its name.
    pub name: String,
    /// Its steps.
    pub steps: Vec<ProfileStep>,
}

/// Stores a run profile: a new one, or one in place of the one named by `replaces`.
///
/// # Errors
/// [`RunProfileError`] says what is wrong with it; nothing is stored then.
pub fn save_run_profile(
    context: &SetupContext<'_>,
    connector: ConnectorId,
    name: &str,
    steps: Vec<ProfileStep>,
    replaces: Option<&str>,
) -> Result<(), RunProfileError> {
    let name = usable_name(name)?;
    let mut writer = context.database.writer();
    let transaction = writer.transaction()?;
    let known = configuration::profiles(&transaction, connector)?;
    let replaced = replaces.map(|replaces| find(&known, replaces)).transpose()?;
    let same_name = known.iter().find(|profile| fold_text(&profile.name) == fold_text(name));
    if let Some(taken) = same_name.filter(|profile| replaced.is_none_or(|replaced| replaced.guid != profile.guid)) {
        return Err(RunProfileError::NameTaken(taken.name.clone()));
    }
    let partitions = configuration::partitions(&transaction, connector)?;
    let steps = checked(steps, &partitions)?;
    let guid: Uuid = replaced.map_or_else(|| context.ids.guid(), |replaced| replaced.guid);
    let record = ProfileRecord { guid, connector, name: name.to_owned(), steps };
    match replaced {
        Some(_) => configuration::replace_profile(&transaction, &record)?,
        None => configuration::save_profile(&transaction, &record)?,
    }
    transaction.commit().map_err(StoreError::sqlite("storing a run profile"))?;
    Ok(())
}

/// Stores all run profiles of a connector at once: those that no change names go. `seen` is what they were when the
/// changes were made.
///
/// # Errors
/// [`RunProfileError`] says what is wrong; nothing is stored then.
pub fn store_run_profiles(
    context: &SetupContext<'_>,
    connector: ConnectorId,
    seen: &[(String, Vec<ProfileStep>)],
    changes: Vec<ProfileChange>,
) -> Result<(), RunProfileError> {
    let mut writer = context.database.writer();
    let transaction = writer.transaction()?;
    let known = configuration::profiles(&transaction, connector)?;
    if !known.iter().map(|profile| (&profile.name, &profile.steps)).eq(seen.iter().map(|(name, steps)| (name, steps))) {
        return Err(RunProfileError::Changed);
    }
    store_run_profiles_in(context, &transaction, connector, changes)?;
    transaction.commit().map_err(StoreError::sqlite("storing run profiles"))?;
    Ok(())
}

/// As [`store_run_profiles`], inside the caller's transaction.
pub(super) fn store_run_profiles_in(
    context: &SetupContext<'_>,
    transaction: &Transaction<'_>,
    connector: ConnectorId,
    changes: Vec<ProfileChange>,
) -> Result<(), RunProfileError> {
    let known = configuration::profiles(transaction, connector)?;
    let partitions = configuration::partitions(transaction, connector)?;
    let mut names = BTreeSet::new();
    let mut records = Vec::new();
    for change in changes {
        let name = usable_name(&change.name)?;
        if !names.insert(fold_text(name)) {
            return Err(RunProfileError::NameTaken(name.to_owned()));
        }
        let replaced = change.replaces.as_deref().map(|replaces| find(&known, replaces)).transpose()?;
        let guid = replaced.map(|replaced| replaced.guid);
        let steps = checked(change.steps, &partitions)?;
        records.push((guid, ProfileRecord { guid: Uuid::nil(), connector, name: name.to_owned(), steps }));
    }
    for profile in &known {
        if records.iter().any(|(guid, _)| *guid == Some(profile.guid)) {
            // Names may go from one profile to another, and each is there only once.
            let aside = ProfileRecord { name: profile.guid.to_string(), ..profile.clone() };
            configuration::replace_profile(transaction, &aside)?;
        } else {
            configuration::delete_profile(transaction, profile.guid)?;
        }
    }
    for (guid, record) in records {
        match guid {
            Some(guid) => configuration::replace_profile(transaction, &ProfileRecord { guid, ..record })?,
            None => configuration::save_profile(transaction, &ProfileRecord { guid: context.ids.guid(), ..record })?,
        }
    }
    Ok(())
}

/// Removes a run profile.
///
/// # Errors
/// [`RunProfileError::Unknown`] when it is not there.
pub fn delete_run_profile(context: &SetupContext<'_>, connector: ConnectorId, name: &str) -> Result<(), RunProfileError> {
    let mut writer = context.database.writer();
    let transaction = writer.transaction()?;
    let known = configuration::profiles(&transaction, connector)?;
    configuration::delete_profile(&transaction, find(&known, name)?.guid)?;
    transaction.commit().map_err(StoreError::sqlite("removing a run profile"))?;
    Ok(())
}

fn find<'a>(known: &'a [ProfileRecord], name: &str) -> Result<&'a ProfileRecord, RunProfileError> {
    known.iter().find(|profile| fold_text(&profile.name) == fold_text(name.trim())).ok_or_else(|| RunProfileError::Unknown {
        name: name.to_owned(),
        known: known.iter().map(|profile| profile.name.as_str()).collect::<Vec<_>>().join(", "),
    })
}

/// A name that a profile can have.
///
/// # Errors
/// [`RunProfileError::Name`].
pub fn usable_name(name: &str) -> Result<&str, RunProfileError> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > LONGEST_NAME {
        return Err(RunProfileError::Name(name.to_owned()));
    }
    Ok(name)
}

fn checked(steps: Vec<ProfileStep>, partitions: &[PartitionRecord]) -> Result<Vec<ProfileStep>, RunProfileError> {
    let names: Vec<(&str, bool)> = partitions.iter().map(|known| (known.name.as_str(), known.selected)).collect();
    let check = |(number, step)| match check_step(step, &names) {
        Ok(step) => Ok(step),
        Err(mut faults) => Err(RunProfileError::Step { step: number, fault: faults.swap_remove(0) }),
    };
    (1..).zip(steps).map(check).collect()
}

/// A step as it can be stored, with the partition's own spelling; otherwise everything that is wrong with it, which is
/// at least one thing. `partitions` says of each whether it is selected.
///
/// # Errors
/// The faults.
pub fn check_step(mut step: ProfileStep, partitions: &[(&str, bool)]) -> Result<ProfileStep, Vec<StepFault>> {
    let mut faults = Vec::new();
    let wanted = fold_text(step.partition.trim());
    match partitions.iter().find(|(name, _)| fold_text(name) == wanted) {
        Some((name, true)) => step.partition = (*name).to_owned(),
        Some((name, false)) => faults.push(StepFault::NotSelected((*name).to_owned())),
        None => {
            let known: Vec<&str> = partitions.iter().filter(|(_, selected)| *selected).map(|(name, _)| *name).collect();
            faults.push(StepFault::Partition { partition: step.partition.clone(), known: known.join("; ") });
        }
    }
    for (what, value, range) in [
        (StepNumber::BatchSize, step.batch_size, BATCH_SIZES),
        (StepNumber::PageSize, step.page_size, PAGE_SIZES),
        (StepNumber::Timeout, step.timeout_secs, TIMEOUTS),
    ] {
        if !range.contains(&value) {
            let (lowest, highest) = range.into_inner();
            faults.push(StepFault::Range { what, value, lowest, highest });
        }
    }
    if let Some(log) = &mut step.log_file {
        log.name = log.name.trim().to_owned();
        let allowed = |character: char| character.is_alphanumeric() || ['.', '-', '_', ' '].contains(&character);
        let fits = !log.name.is_empty() && log.name.chars().count() <= LONGEST_FILE_NAME && !log.name.starts_with('.');
        if step.step_type.imports().is_none() {
            let label = step.step_type.label();
            faults.push(StepFault::LogFile(format!("a step of type {label} writes no log file; leave it out")));
        } else if !fits || !log.name.chars().all(allowed) {
            faults.push(StepFault::LogFile(format!(
                "\"{}\" cannot name a log file; take letters, digits, '.', '-' and '_', and no folder",
                log.name
            )));
        }
    }
    if faults.is_empty() { Ok(step) } else { Err(faults) }
}
