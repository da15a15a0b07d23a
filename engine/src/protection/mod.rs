//! Protection of what lies behind an export: the deletion threshold and staging mode
//! (`engine.md` 8, `operations.md` 2 and 3).

use rusqlite::{Connection, Transaction};

use crate::model::ConnectorId;
use crate::store::{StoreError, options, pending};

/// Deletions allowed when an administrator never chose a number.
pub const DEFAULT_DELETION_THRESHOLD: u64 = 500;

/// What is stored when the protection is switched off.
const OFF: &str = "off";

/// Too many deletions are staged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooManyDeletions {
    /// Deletions staged, delete-adds included.
    pub staged: u64,
    /// Deletions allowed.
    pub limit: u64,
}

impl std::fmt::Display for TooManyDeletions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} deletions staged, limit {}", self.staged, self.limit)
    }
}

/// Compares the deletions staged on a connector with the limit: exactly as many pass, one more does not.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn check_deletions(
    connection: &Connection,
    connector: ConnectorId,
    limit: Option<u64>,
) -> Result<Option<TooManyDeletions>, StoreError> {
    let Some(limit) = limit else { return Ok(None) };
    let staged = pending::count_deletions(connection, connector)?;
    Ok((staged > limit).then_some(TooManyDeletions { staged, limit }))
}

/// The deletion threshold of the installation: the default until somebody chose a number, `None` when it
/// was switched off.
///
/// # Errors
/// [`StoreError`] when the database cannot be read or holds no number.
pub fn deletion_threshold(connection: &Connection) -> Result<Option<u64>, StoreError> {
    match options::get(connection, options::DELETION_THRESHOLD)?.as_deref() {
        None => Ok(Some(DEFAULT_DELETION_THRESHOLD)),
        Some(OFF) => Ok(None),
        Some(text) => text.parse().map(Some).map_err(|error| StoreError::damaged("the deletion threshold", error)),
    }
}

/// Sets the deletion threshold, or switches it off.
///
/// # Errors
/// [`StoreError`] when the database cannot be written.
pub fn set_deletion_threshold(transaction: &Transaction<'_>, limit: Option<u64>) -> Result<(), StoreError> {
    let text = limit.map_or_else(|| OFF.to_owned(), |limit| limit.to_string());
    options::set(transaction, options::DELETION_THRESHOLD, Some(&text))
}

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Delta, Dn, ObjectOperation};
    use crate::store::Database;
    use crate::store::connector_space::{CsObject, insert};

    #[test]
    fn as_many_deletions_as_allowed_pass_and_one_more_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(&folder.path().join("syncline.db")).unwrap();
        let mut writer = database.writer();
        let transaction = writer.transaction().unwrap();
        for (number, operation) in (0u128..).zip([ObjectOperation::Delete, ObjectOperation::DeleteAdd, ObjectOperation::Update]) {
            let dn = Dn::parse(&format!("CN={number}")).unwrap();
            let mut object = CsObject::new(uuid::Uuid::from_u128(number), ConnectorId(1), &dn, jiff::Timestamp::UNIX_EPOCH);
            object.object_type = Some("user".to_owned());
            object.unapplied = Delta { operation, ..Delta::none() };
            insert(&transaction, &mut object, "").unwrap();
        }
        let check = |limit, expected: Option<&str>| {
            let found = check_deletions(&transaction, ConnectorId(1), limit).unwrap();
            assert_eq!(found.map(|found| found.to_string()).as_deref(), expected, "{limit:?}");
        };
        check(None, None);
        check(Some(2), None);
        check(Some(1), Some("2 deletions staged, limit 1"));
    }

    #[test]
    fn options_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(&folder.path().join("syncline.db")).unwrap();
        let mut writer = database.writer();
        let transaction = writer.transaction().unwrap();
        let kept = || (deletion_threshold(&transaction).unwrap(), staging_mode(&transaction).unwrap());
        assert_eq!(kept(), (Some(DEFAULT_DELETION_THRESHOLD), false));
        set_deletion_threshold(&transaction, Some(7)).unwrap();
        set_staging_mode(&transaction, true).unwrap();
        assert_eq!(kept(), (Some(7), true));
        set_deletion_threshold(&transaction, None).unwrap();
        assert_eq!(kept(), (None, true));
        set_deletion_threshold(&transaction, None).unwrap();
        set_staging_mode(&transaction, false).unwrap();
        assert_eq!((deletion_threshold(&transaction).unwrap(), staging_mode(&transaction).unwrap()), (None, false));
    }
}
