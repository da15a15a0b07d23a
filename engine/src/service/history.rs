//! Removing old run history (`engine.md` 6.1, `operations.md` 1-11).

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::engine::{Answer, Engine};
use super::interval_text;
use crate::store::{StoreError, runs};

/// Age from which runs are removed when nothing else is said.
const PURGE_INTERVAL: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Rows removed in one transaction.
const ROWS: usize = 20_000;

/// What was removed from the run history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PurgedHistory {
    /// Number of runs.
    pub runs: u64,
    /// Age from which runs were removed; none when age did not matter.
    pub older_than: Option<String>,
}

impl Engine {
    /// Removes runs that ended longer ago than an age, 7 days when none is given; the last run of every profile
    /// stays. Other work may go on meanwhile, also that of another process.
    ///
    /// # Errors
    /// [`EngineError`](super::EngineError) when the database cannot be written.
    pub fn purge_history(&self, older_than: Option<SignedDuration>) -> Answer<PurgedHistory> {
        let age = older_than.unwrap_or(PURGE_INTERVAL);
        let before = self.now().saturating_sub(age).unwrap_or(Timestamp::MIN);
        Ok(PurgedHistory { runs: self.purge_before(before)?, older_than: Some(interval_text(age)) })
    }

    /// Removes all runs but the last of every profile, while nothing runs.
    ///
    /// # Errors
    /// [`EngineError`](super::EngineError) when something runs, or the database cannot be written.
    pub fn purge_whole_history(&self) -> Answer<PurgedHistory> {
        self.check_idle()?;
        Ok(PurgedHistory { runs: self.purge_before(Timestamp::MAX)?, older_than: None })
    }

    /// Removes runs in short transactions, so that a run at work never waits long.
    fn purge_before(&self, before: Timestamp) -> Answer<u64> {
        let database = self.database();
        let runs = runs::ended_before(&*database.reader()?, before)?;
        let mut done = runs.is_empty();
        while !done {
            let mut writer = database.writer();
            let transaction = writer.transaction()?;
            done = runs::remove_some(&transaction, &runs, ROWS)?;
            transaction.commit().map_err(StoreError::sqlite("removing run history"))?;
        }
        Ok(runs.len() as u64)
    }
}
