//! A large deletion that somebody looked through and approved: it holds for one export of these objects and for
//! one day (`operations.md` 2-6).

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, Transaction};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::model::ConnectorId;
use crate::store::{StoreError, options, pending};

/// How long an approval holds.
const LIFETIME: SignedDuration = SignedDuration::from_hours(24);

/// Deletions that one export may make although they exceed the threshold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// The connector to be exported to.
    pub connector: i64,
    /// When it was given.
    pub given: Timestamp,
    /// Who gave it.
    pub user: String,
    /// The objects that were shown.
    pub objects: BTreeSet<Uuid>,
}

impl Approval {
    /// When it stops to hold.
    #[must_use]
    pub fn expires(&self) -> Timestamp {
        self.given.saturating_add(LIFETIME).unwrap_or(Timestamp::MAX)
    }
}

/// The approval that holds for a connector now.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn approval(connection: &Connection, connector: ConnectorId, now: Timestamp) -> Result<Option<Approval>, StoreError> {
    let Some(text) = options::get(connection, options::DELETION_APPROVAL)? else { return Ok(None) };
    let approval: Approval =
        serde_json::from_str(&text).map_err(|error| StoreError::damaged("the approval of deletions", error))?;
    Ok(Some(approval).filter(|approval| approval.connector == connector.0 && approval.expires() > now))
}

/// Gives an approval in place of an earlier one.
///
/// # Errors
/// [`StoreError`] when the database cannot be written.
pub fn approve(transaction: &Transaction<'_>, approval: &Approval) -> Result<(), StoreError> {
    let text = serde_json::to_string(approval).map_err(|error| StoreError::damaged("an approval of deletions", error))?;
    options::set(transaction, options::DELETION_APPROVAL, Some(&text))
}

/// Uses up the approval of a connector if it covers everything that is staged for deletion there.
///
/// # Errors
/// [`StoreError`] when the database cannot be read or written.
pub fn take_approval(
    transaction: &Transaction<'_>,
    connector: ConnectorId,
    now: Timestamp,
) -> Result<Option<Approval>, StoreError> {
    let Some(approval) = approval(transaction, connector, now)? else { return Ok(None) };
    if !pending::deletions(transaction, connector)?.iter().all(|object| approval.objects.contains(object)) {
        return Ok(None);
    }
    options::set(transaction, options::DELETION_APPROVAL, None)?;
    Ok(Some(approval))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Delta, Dn, ObjectOperation};
    use crate::store::Database;
    use crate::store::connector_space::{CsObject, insert};

    #[test]
    fn an_approval_covers_the_objects_shown_once_and_for_a_day() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(&folder.path().join("syncline.db")).unwrap();
        let given = Timestamp::UNIX_EPOCH;
        let (ours, other) = (ConnectorId(1), ConnectorId(2));
        let check = |approved: &[u128], staged: &[u128], connector: ConnectorId, hours: i64, expected: bool| {
            let mut writer = database.writer();
            let transaction = writer.transaction().unwrap();
            for number in staged {
                let dn = Dn::parse(&format!("CN={number}")).unwrap();
                let mut object = CsObject::new(Uuid::from_u128(*number), ours, &dn, given);
                object.object_type = Some("user".to_owned());
                object.unapplied = Delta { operation: ObjectOperation::Delete, ..Delta::none() };
                insert(&transaction, &mut object, "").unwrap();
            }
            let objects = approved.iter().map(|number| Uuid::from_u128(*number)).collect();
            approve(&transaction, &Approval { connector: 1, given, user: "ada".to_owned(), objects }).unwrap();
            let now = given + SignedDuration::from_hours(hours);
            let taken = take_approval(&transaction, connector, now).unwrap();
            assert_eq!(taken.is_some(), expected, "{approved:?} {staged:?} {hours}");
            // What was taken is gone; what did not fit stays for an export that it fits.
            let left = approval(&transaction, ours, given).unwrap();
            assert_eq!(left.is_none(), expected, "{approved:?} {staged:?} {hours}");
        };
        check(&[1, 2, 3], &[1, 2, 3], ours, 23, true);
        check(&[1, 2, 3], &[2], ours, 0, true);
        check(&[1, 2, 3], &[1, 2, 3, 4], ours, 0, false);
        check(&[1, 2, 3], &[1], ours, 24, false);
        check(&[1, 2, 3], &[1], other, 0, false);
    }
}
