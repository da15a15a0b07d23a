//! Protection of what lies behind an export: the deletion threshold, with large deletions that were approved
//! once, and staging mode (`engine.md` 8, `operations.md` 2 and 3).

mod approval;
mod deletions;

use rusqlite::{Connection, Transaction};

use crate::store::{StoreError, options};

pub use approval::{Approval, approval, approve, take_approval};
pub use deletions::{
    DEFAULT_DELETION_THRESHOLD, DeletionLimit, TooManyDeletions, check_deletions, deletion_limit, lower_limit, most_deletions,
    set_deletion_limit,
};

/// True in staging mode: cycles import and synchronize but do not export.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn staging_mode(connection: &Connection) -> Result<bool, StoreError> {
    Ok(options::get(connection, options::STAGING_MODE)?.as_deref() == Some("on"))
}

/// Switches staging mode on or off.
///
/// # Errors
/// [`StoreError`] when the database cannot be written.
pub fn set_staging_mode(transaction: &Transaction<'_>, on: bool) -> Result<(), StoreError> {
    options::set(transaction, options::STAGING_MODE, on.then_some("on"))
}
