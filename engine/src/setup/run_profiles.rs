//! Changing run profiles as an administrator does (`ui.md` 4.6).

use std::ops::RangeInclusive;

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
    #[error("the connector already has a run profile named \"{0}\"")]
    NameTaken(String),
    /// The profile is not there.
    #[error("the connector has no run profile \"{name}\"; its profiles: {known}")]
    Unknown {
        /// Name asked for.
        name: String,
        /// Names there are.
        known: String,
    },
    /// The partition is not there.
    #[error("step {step}: the connector has no partition {partition}; its selected partitions: {known}")]
    Partition {
        /// Number of the step.
        step: usize,
        /// Partition asked for.
        partition: String,
        /// Selected partitions.
        known: String,
    },
    /// The partition does not take part in runs.
    #[error("step {step}: partition {partition} is not selected; select it first")]
    NotSelected {
        /// Number of the step.
        step: usize,
        /// Partition asked for.
        partition: String,
    },
    /// A number is out of range.
    #[error("step {step}: {what} {value} is out of range; choose {lowest} to {highest}")]
    Range {
        /// Number of the step.
        step: usize,
        /// What the number is.
        what: &'static str,
        /// The number.
        value: u32,
        /// Lowest number allowed.
        lowest: u32,
        /// Highest number allowed.
        highest: u32,
    },
    /// A log file cannot be used.
    #[error("step {step}: {reason}")]
    LogFile {
        /// Number of the step.
        step: usize,
        /// Why, and what to do.
        reason: String,
    },
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
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
    let name = name.trim();
    if name.is_empty() || name.chars().count() > LONGEST_NAME {
        return Err(RunProfileError::Name(name.to_owned()));
    }
    let mut writer = context.database.writer();
    let transaction = writer.transaction()?;
    let known = configuration::profiles(&transaction, connector)?;
    let replaced = replaces.map(|replaces| find(&known, replaces)).transpose()?;
    let same_name = known.iter().find(|profile| fold_text(&profile.name) == fold_text(name));
    if let Some(taken) = same_name.filter(|profile| replaced.is_none_or(|replaced| replaced.guid != profile.guid)) {
        return Err(RunProfileError::NameTaken(taken.name.clone()));
    }
    let partitions = configuration::partitions(&transaction, connector)?;
    let steps = (1..).zip(steps).map(|(number, step)| check(number, step, &partitions)).collect::<Result<_, _>>()?;
    let guid: Uuid = replaced.map_or_else(|| context.ids.guid(), |replaced| replaced.guid);
    let record = ProfileRecord { guid, connector, name: name.to_owned(), steps };
    match replaced {
        Some(_) => configuration::replace_profile(&transaction, &record)?,
        None => configuration::save_profile(&transaction, &record)?,
    }
    transaction.commit().map_err(StoreError::sqlite("storing a run profile"))?;
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

/// A step as it can be stored, with the partition's own spelling.
fn check(number: usize, mut step: ProfileStep, partitions: &[PartitionRecord]) -> Result<ProfileStep, RunProfileError> {
    let wanted = fold_text(step.partition.trim());
    match partitions.iter().find(|partition| fold_text(&partition.name) == wanted) {
        Some(partition) if partition.selected => step.partition.clone_from(&partition.name),
        Some(partition) => {
            return Err(RunProfileError::NotSelected { step: number, partition: partition.name.clone() });
        }
        None => {
            let selected = partitions.iter().filter(|partition| partition.selected);
            let known = selected.map(|partition| partition.name.as_str()).collect::<Vec<_>>().join("; ");
            return Err(RunProfileError::Partition { step: number, partition: step.partition, known });
        }
    }
    for (what, value, range) in [
        ("batch size", step.batch_size, BATCH_SIZES),
        ("page size", step.page_size, PAGE_SIZES),
        ("timeout", step.timeout_secs, TIMEOUTS),
    ] {
        if !range.contains(&value) {
            let (lowest, highest) = range.into_inner();
            return Err(RunProfileError::Range { step: number, what, value, lowest, highest });
        }
    }
    if let Some(log) = &mut step.log_file {
        let refuse = |reason: String| RunProfileError::LogFile { step: number, reason };
        if step.step_type.imports().is_none() {
            return Err(refuse(format!("a step of type {} writes no log file; leave it out", step.step_type.label())));
        }
        log.name = log.name.trim().to_owned();
        let allowed = |character: char| character.is_alphanumeric() || ['.', '-', '_', ' '].contains(&character);
        let fits = !log.name.is_empty() && log.name.chars().count() <= LONGEST_FILE_NAME && !log.name.starts_with('.');
        if !fits || !log.name.chars().all(allowed) {
            return Err(refuse(format!(
                "\"{}\" cannot name a log file; take letters, digits, '.', '-' and '_', and no folder",
                log.name
            )));
        }
    }
    Ok(step)
}
