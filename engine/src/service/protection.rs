//! Choosing how exports are protected. These choices hold from the next export step on, so they may be made while
//! something runs, and by a process that does not own the data folder (`operations.md` 1).

use std::collections::BTreeSet;

use rusqlite::Transaction;
use uuid::Uuid;

use super::engine::{Answer, Engine};
use super::queries::protection as query;
use super::{DeletionProtection, EngineError};
use crate::protection::{self, Approval, DeletionLimit};
use crate::store::{StoreError, pending};

/// The largest number of deletions that can be chosen (`operations.md` 2-8).
const HIGHEST_COUNT: u64 = 4_294_967_295;

impl Engine {
    /// The limit on deletions, and what the next export would make of it.
    ///
    /// # Errors
    /// [`EngineError`] when the database cannot be read.
    pub fn deletion_protection(&self) -> Answer<DeletionProtection> {
        self.query(|reader, context| query::deletions(reader, context, self.now()))
    }

    /// Chooses how many deletions one export to the tenant may make.
    ///
    /// # Errors
    /// [`EngineError::Invalid`] when the number is out of range.
    pub fn set_deletion_limit(&self, limit: DeletionLimit) -> Answer<DeletionProtection> {
        check_limit(limit)?;
        self.choose(|transaction| protection::set_deletion_limit(transaction, limit))?;
        self.deletion_protection()
    }

    /// Lets one export to the tenant delete these objects although they are more than the threshold allows. It does
    /// not hold for an export that would delete anything else, and no longer than a day.
    ///
    /// # Errors
    /// [`EngineError::Invalid`] when there is no tenant, or one of the objects is not staged for deletion.
    pub fn approve_deletions(&self, objects: &[Uuid]) -> Answer<DeletionProtection> {
        let tenant = self.query(|_, context| Ok(query::tenant(context).map(|tenant| (tenant.id, tenant.name.clone()))))?;
        let Some((connector, name)) = tenant else {
            return Err(EngineError::Invalid("there is no tenant to export to; add one with \"connector add\"".to_owned()));
        };
        let staged: BTreeSet<Uuid> = pending::deletions(&*self.database().reader()?, connector)?.into_iter().collect();
        if objects.is_empty() || staged.is_empty() {
            return Err(EngineError::Invalid(format!("no deletion waits for export to \"{name}\"; there is nothing to approve")));
        }
        if let Some(other) = objects.iter().find(|object| !staged.contains(object)) {
            return Err(EngineError::Invalid(format!(
                "object {other} does not wait for deletion in \"{name}\" any more; look through the list again"
            )));
        }
        let given = self.now();
        let approval =
            Approval { connector: connector.0, given, user: self.user().to_owned(), objects: objects.iter().copied().collect() };
        self.choose(|transaction| protection::approve(transaction, &approval))?;
        self.deletion_protection()
    }

    /// Switches staging mode on or off: cycles of a staging server export nothing.
    ///
    /// # Errors
    /// [`EngineError`] when the database cannot be written.
    pub fn set_staging_mode(&self, on: bool) -> Answer<()> {
        self.choose(|transaction| protection::set_staging_mode(transaction, on))
    }

    fn choose(&self, set: impl FnOnce(&Transaction<'_>) -> Result<(), StoreError>) -> Answer<()> {
        let mut writer = self.database().writer();
        let transaction = writer.transaction()?;
        set(&transaction)?;
        transaction.commit().map_err(StoreError::sqlite("writing an option"))?;
        drop(writer);
        self.tell_configuration_changed();
        Ok(())
    }
}

/// Refuses a limit that is none.
pub(super) fn check_limit(limit: DeletionLimit) -> Answer<()> {
    match limit {
        DeletionLimit::Count(number) if !(1..=HIGHEST_COUNT).contains(&number) => Err(EngineError::Invalid(format!(
            "{number} is no deletion threshold; choose 1 to {HIGHEST_COUNT}, or \"deletes disable\" for none"
        ))),
        DeletionLimit::Percent(share) if !(1..=100).contains(&share) => Err(EngineError::Invalid(format!(
            "{share} % is no deletion threshold; choose 1 to 100, or \"deletes disable\" for none"
        ))),
        DeletionLimit::Off | DeletionLimit::Count(_) | DeletionLimit::Percent(_) => Ok(()),
    }
}
