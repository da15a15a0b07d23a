//! Floor 6: examples of what rules do, kept in files beside the rules: objects in; expected rules in scope, metaverse
//! attributes and exports out (`default-rules.md` 11).
//!
//! An example runs on a temporary database and on directories in memory, through the same import, synchronization,
//! preview and export as an installation. It is either tried on the default rules, for the connectors that it names,
//! or on the connectors and rules of an installation, whose data folder it never touches.

mod compare;
mod file;
mod setting;
#[cfg(test)]
mod tests;
mod trial;
mod value;
mod world;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use serde::Serialize;
use thiserror::Error;

use crate::model::SchemaError;
use crate::rules::DefaultSetError;
use crate::store::StoreError;

pub use file::{Example, ExampleFault, ExampleFile, ExampleRules};
pub use setting::ExampleSetting;

/// Where an example and the rules disagree.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct ExampleDifference {
    /// What was looked at: `metaverse A+M, displayName`.
    pub place: String,
    /// What the example says.
    pub expected: String,
    /// What the rules gave.
    pub found: String,
}

impl fmt::Display for ExampleDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: expected {}, found {}", self.place, self.expected, self.found)
    }
}

/// An example that could not be tried.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ExampleError {
    /// It names objects, attributes or values that the connectors do not have.
    #[error("{}", .0.join("; "))]
    Faulty(Vec<String>),
    /// The temporary folder cannot be used.
    #[error("no temporary folder can be made: {0}")]
    Folder(#[from] std::io::Error),
    /// The shipped rules are faulty.
    #[error(transparent)]
    Rules(#[from] DefaultSetError),
    /// A shipped schema is faulty.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Tries an example: `None` for the setting stands for the default rules and the connectors that the example names.
/// Gives the differences; without any the rules do as it says.
///
/// # Errors
/// [`ExampleError`] when it could not be tried, because of what it says or through no fault of its own.
pub fn run(example: &Example, setting: Option<&ExampleSetting>) -> Result<Vec<ExampleDifference>, ExampleError> {
    match setting {
        Some(setting) => {
            let faults = setting.faults(example);
            if !faults.is_empty() {
                return Err(ExampleError::Faulty(faults));
            }
            trial::run(example, setting)
        }
        None => trial::run(example, &ExampleSetting::of_defaults(example)?),
    }
}

/// What became of one example.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExampleOutcome {
    /// Its name.
    pub id: String,
    /// What it shows.
    pub title: String,
    /// The rules do as it says.
    pub passed: bool,
    /// Where they do not.
    pub differences: Vec<ExampleDifference>,
    /// Why it could not be tried.
    pub fault: Option<String>,
}

/// Tries all examples of a file, several at a time; the outcomes come in the order of the file.
#[must_use]
pub fn run_all(file: &ExampleFile, setting: Option<&ExampleSetting>) -> Vec<ExampleOutcome> {
    let outcome = |example: &Example| {
        let (differences, fault) = match run(example, setting) {
            Ok(differences) => (differences, None),
            Err(error) => (Vec::new(), Some(error.to_string())),
        };
        let passed = differences.is_empty() && fault.is_none();
        ExampleOutcome { id: example.id.clone(), title: example.title.clone(), passed, differences, fault }
    };
    // Threads of their own: an example waits for steps that share the pool of the evaluations.
    let (next, outcomes) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    let work = || {
        while let Some((place, example)) = take(&next, &file.examples) {
            let outcome = outcome(example);
            outcomes.lock().unwrap_or_else(PoisonError::into_inner).insert(place, outcome);
        }
    };
    std::thread::scope(|scope| {
        let helpers = std::thread::available_parallelism().map_or(0, |threads| threads.get() - 1);
        for number in 0..helpers.min(file.examples.len()) {
            // Without a helper there is this thread.
            std::thread::Builder::new().name(format!("examples-{number}")).spawn_scoped(scope, work).ok();
        }
        work();
    });
    outcomes.into_inner().unwrap_or_else(PoisonError::into_inner).into_values().collect()
}

/// The next example that nobody has taken.
fn take<'a>(next: &AtomicUsize, examples: &'a [Example]) -> Option<(usize, &'a Example)> {
    let place = next.fetch_add(1, Ordering::Relaxed);
    examples.get(place).map(|example| (place, example))
}
