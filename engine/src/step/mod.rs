//! Floor 4, shared by the three verbs: what a step works on and what it tells while it works.

mod end;
#[cfg(test)]
pub(crate) mod fixture;
mod recorder;
mod status;

use std::sync::Arc;

use crate::connector::CancelToken;
use crate::model::{Clock, IdSource};
use crate::store::Database;

pub use end::StepEnd;
pub use recorder::{MOST_CHANGES, MOST_NEW, Progress, ProgressSink, Recorder};
pub use status::{StepStatus, most_severe, severity};

/// What every step needs: the database, time, identifiers, and a way to be stopped.
#[derive(Clone, Debug)]
pub struct StepEnvironment {
    /// The database.
    pub database: Arc<Database>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Gives out GUIDs.
    pub ids: Arc<dyn IdSource>,
    /// Asks the step to end.
    pub cancel: CancelToken,
}

/// Most errors of objects in one step; one more ends it with `stopped-error-limit`.
pub const ERROR_LIMIT: u64 = 5_000;

/// Times as many objects as in a small database that are written together in one with so many objects.
///
/// New keys lie all over the indexes: the larger an index is, the fewer keys of one transaction share a page of it,
/// and every page is written to the log and back once for every transaction.
#[must_use]
pub fn times_together(objects: i64) -> usize {
    usize::try_from(objects / 150_000).unwrap_or(0).clamp(1, 4)
}
