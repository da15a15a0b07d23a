//! The limit on deletions in one export: a number, a share of the objects, or none.

use std::fmt;
use std::str::FromStr;

use rusqlite::{Connection, Transaction};

use crate::connector::DeletionGuard;
use crate::model::ConnectorId;
use crate::store::{StoreError, options, pending};

/// Deletions allowed when an administrator never chose a limit.
pub const DEFAULT_DELETION_THRESHOLD: u64 = 500;

/// What is stored when the protection is switched off.
const OFF: &str = "off";

/// How many deletions one export may make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeletionLimit {
    /// Any number: the protection is switched off.
    Off,
    /// A number of objects.
    Count(u64),
    /// A share of the connected objects, in percent.
    Percent(u8),
}

impl Default for DeletionLimit {
    fn default() -> Self {
        Self::Count(DEFAULT_DELETION_THRESHOLD)
    }
}

impl From<Option<u64>> for DeletionLimit {
    fn from(limit: Option<u64>) -> Self {
        limit.map_or(Self::Off, Self::Count)
    }
}

impl From<DeletionGuard> for DeletionLimit {
    fn from(guard: DeletionGuard) -> Self {
        match guard {
            DeletionGuard::Count(number) => Self::Count(number),
            DeletionGuard::Percent(share) => Self::Percent(share),
        }
    }
}

impl fmt::Display for DeletionLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => f.write_str(OFF),
            Self::Count(number) => write!(f, "{number}"),
            Self::Percent(share) => write!(f, "{share}%"),
        }
    }
}

impl FromStr for DeletionLimit {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.strip_suffix('%') {
            Some(share) => share.parse().map(Self::Percent),
            None if text == OFF => Ok(Self::Off),
            None => text.parse().map(Self::Count),
        }
    }
}

/// Too many deletions are staged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooManyDeletions {
    /// Deletions staged, delete-adds included.
    pub staged: u64,
    /// Deletions allowed.
    pub limit: u64,
}

impl fmt::Display for TooManyDeletions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} deletions staged, limit {}", self.staged, self.limit)
    }
}

/// The number of deletions that a limit allows a connector; `None` is any number. A share is rounded down but is
/// at least one object.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn most_deletions(connection: &Connection, connector: ConnectorId, limit: DeletionLimit) -> Result<Option<u64>, StoreError> {
    Ok(match limit {
        DeletionLimit::Off => None,
        DeletionLimit::Count(number) => Some(number),
        DeletionLimit::Percent(share) => {
            let objects = pending::count_deletable(connection, connector)?;
            Some((objects.saturating_mul(u64::from(share)) / 100).max(1))
        }
    })
}

/// The limit of the directory itself where it allows fewer deletions than the administrator does. Who switched the protection
/// off means it.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn lower_limit(
    connection: &Connection,
    connector: ConnectorId,
    own: DeletionLimit,
    guard: DeletionGuard,
) -> Result<Option<DeletionLimit>, StoreError> {
    let (most, told) =
        (most_deletions(connection, connector, own)?, most_deletions(connection, connector, DeletionLimit::from(guard))?);
    Ok(most.zip(told).filter(|(most, told)| told < most).map(|_| guard.into()))
}

/// Compares the deletions staged on a connector with the limit: exactly as many pass, one more does not.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn check_deletions(
    connection: &Connection,
    connector: ConnectorId,
    limit: DeletionLimit,
) -> Result<Option<TooManyDeletions>, StoreError> {
    let Some(limit) = most_deletions(connection, connector, limit)? else { return Ok(None) };
    let staged = pending::count_deletions(connection, connector)?;
    Ok((staged > limit).then_some(TooManyDeletions { staged, limit }))
}

/// The limit of the installation: the default until somebody chose one.
///
/// # Errors
/// [`StoreError`] when the database cannot be read or holds no limit.
pub fn deletion_limit(connection: &Connection) -> Result<DeletionLimit, StoreError> {
    match options::get(connection, options::DELETION_THRESHOLD)? {
        None => Ok(DeletionLimit::default()),
        Some(text) => text.parse().map_err(|error| StoreError::damaged("the deletion threshold", error)),
    }
}

/// Sets the limit of the installation.
///
/// # Errors
/// [`StoreError`] when the database cannot be written.
pub fn set_deletion_limit(transaction: &Transaction<'_>, limit: DeletionLimit) -> Result<(), StoreError> {
    options::set(transaction, options::DELETION_THRESHOLD, Some(&limit.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Delta, Dn, MvId, ObjectOperation};
    use crate::protection::{set_staging_mode, staging_mode};
    use crate::store::Database;
    use crate::store::connector_space::{CsObject, insert};

    /// Stores objects of one type, each with a staged operation.
    fn stage(
        transaction: &Transaction<'_>,
        object_type: &str,
        operation: ObjectOperation,
        joined: bool,
        numbers: std::ops::Range<u128>,
    ) {
        for number in numbers {
            let dn = Dn::parse(&format!("CN={number}")).unwrap();
            let mut object = CsObject::new(uuid::Uuid::from_u128(number), ConnectorId(1), &dn, jiff::Timestamp::UNIX_EPOCH);
            object.object_type = Some(object_type.to_owned());
            object.mv = joined.then_some(MvId(1));
            object.unapplied = Delta { operation, ..Delta::none() };
            insert(transaction, &mut object, "").unwrap();
        }
    }

    #[test]
    fn as_many_deletions_as_allowed_pass_and_one_more_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(&folder.path().join("syncline.db")).unwrap();
        let mut writer = database.writer();
        let transaction = writer.transaction().unwrap();
        stage(&transaction, "user", ObjectOperation::Delete, false, 0..1);
        stage(&transaction, "user", ObjectOperation::DeleteAdd, false, 1..2);
        stage(&transaction, "user", ObjectOperation::Update, true, 2..3);
        let check = |limit, expected: Option<&str>| {
            let found = check_deletions(&transaction, ConnectorId(1), limit).unwrap();
            assert_eq!(found.map(|found| found.to_string()).as_deref(), expected, "{limit:?}");
        };
        check(DeletionLimit::Off, None);
        check(DeletionLimit::Count(2), None);
        check(DeletionLimit::Count(1), Some("2 deletions staged, limit 1"));
        check(DeletionLimit::Percent(67), None);
        check(DeletionLimit::Percent(66), Some("2 deletions staged, limit 1"));
        check(DeletionLimit::Percent(1), Some("2 deletions staged, limit 1"));
    }

    #[test]
    fn a_share_is_taken_of_what_the_directory_has_of_ours() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(&folder.path().join("syncline.db")).unwrap();
        let mut writer = database.writer();
        let transaction = writer.transaction().unwrap();
        // Counted: joined, and those that are on their way out.
        stage(&transaction, "user", ObjectOperation::None, true, 0..30);
        stage(&transaction, "Group", ObjectOperation::Delete, false, 30..40);
        // Not counted: not yet there, of others, of other types.
        stage(&transaction, "user", ObjectOperation::Add, true, 40..60);
        stage(&transaction, "contact", ObjectOperation::None, false, 60..80);
        stage(&transaction, "publicFolder", ObjectOperation::None, true, 80..90);
        let most = |share| most_deletions(&transaction, ConnectorId(1), DeletionLimit::Percent(share)).unwrap();
        assert_eq!((most(10), most(12), most(100), most(1)), (Some(4), Some(4), Some(40), Some(1)));
    }

    #[test]
    fn the_lower_limit_counts_and_none_is_meant() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(&folder.path().join("syncline.db")).unwrap();
        let mut writer = database.writer();
        let transaction = writer.transaction().unwrap();
        stage(&transaction, "user", ObjectOperation::None, true, 0..50);
        let check = |own, guard, expected| {
            assert_eq!(lower_limit(&transaction, ConnectorId(1), own, guard).unwrap(), expected, "{own:?} {guard:?}");
        };
        check(DeletionLimit::Count(500), DeletionGuard::Count(20), Some(DeletionLimit::Count(20)));
        check(DeletionLimit::Count(20), DeletionGuard::Count(20), None);
        check(DeletionLimit::Count(7), DeletionGuard::Count(20), None);
        check(DeletionLimit::Count(7), DeletionGuard::Percent(10), Some(DeletionLimit::Percent(10)));
        check(DeletionLimit::Percent(10), DeletionGuard::Count(6), None);
        check(DeletionLimit::Off, DeletionGuard::Count(20), None);
    }

    #[test]
    fn options_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(&folder.path().join("syncline.db")).unwrap();
        let mut writer = database.writer();
        let transaction = writer.transaction().unwrap();
        let kept = || (deletion_limit(&transaction).unwrap(), staging_mode(&transaction).unwrap());
        assert_eq!(kept(), (DeletionLimit::Count(500), false));
        for limit in [DeletionLimit::Count(7), DeletionLimit::Percent(10), DeletionLimit::Off] {
            set_deletion_limit(&transaction, limit).unwrap();
            set_staging_mode(&transaction, true).unwrap();
            assert_eq!(kept(), (limit, true));
        }
        set_staging_mode(&transaction, false).unwrap();
        assert_eq!(kept(), (DeletionLimit::Off, false));
    }
}
