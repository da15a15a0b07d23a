//! Queries that only an import asks: what is known of an arriving object, names that move, objects that
//! were not seen.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Transaction};
use uuid::Uuid;

use super::StoreError;
use super::sql::{blobs, integers, to_stored};
use crate::model::{ConnectorId, CsId, Delta, Dn, ObjectOperation, PartitionId, encode_delta};

/// What decides whether an arriving object needs a closer look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The object.
    pub id: CsId,
    /// Hash of its content as last imported.
    pub hash: Option<Vec<u8>>,
    /// Nothing waits for an import of it: no export, no error, no deletion, and it is in this partition.
    pub quiet: bool,
}

/// The heads of the objects that have these anchors.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn heads_by_anchor<'a>(
    connection: &Connection,
    connector: ConnectorId,
    partition: PartitionId,
    anchors: impl IntoIterator<Item = &'a [u8]>,
) -> Result<BTreeMap<Vec<u8>, Head>, StoreError> {
    let failed = StoreError::sqlite("looking up anchors");
    let mut statement = connection
        .prepare_cached(
            "SELECT anchor, id, hash, import_op <> 4 AND export_op = 0 AND awaiting = 0 AND transient = 0
                AND import_error IS NULL AND partition IS ?3
             FROM cs_object WHERE connector = ?1 AND anchor IN rarray(?2)",
        )
        .map_err(&failed)?;
    let rows = statement
        .query_map((connector.0, &blobs(anchors), partition.0), |row| {
            Ok((row.get(0)?, Head { id: CsId(row.get(1)?), hash: row.get(2)?, quiet: row.get(3)? }))
        })
        .map_err(&failed)?;
    rows.collect::<Result<_, _>>().map_err(&failed)
}

/// The place of an object in the hierarchy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place<'a> {
    /// Name.
    pub dn: &'a str,
    /// Form under which equal names are equal.
    pub dn_key: &'a str,
    /// Container.
    pub parent: Option<CsId>,
    /// Number of components.
    pub depth: u32,
    /// The name is temporary.
    pub transient: bool,
}

/// Gives an object another place.
///
/// # Errors
/// [`StoreError`] when the database cannot be written, also when the name is taken.
pub fn move_object(transaction: &Transaction<'_>, id: CsId, place: &Place<'_>) -> Result<(), StoreError> {
    transaction
        .prepare_cached("UPDATE cs_object SET dn = ?2, dn_key = ?3, parent = ?4, depth = ?5, transient = ?6 WHERE id = ?1")
        .and_then(|mut statement| {
            statement.execute((id.0, place.dn, place.dn_key, place.parent.map(|id| id.0), place.depth, place.transient))
        })
        .map(|_| ())
        .map_err(StoreError::sqlite("renaming a connector space object"))
}

/// Marks a joined object whose container was renamed.
///
/// # Errors
/// [`StoreError`] when the database cannot be written.
pub fn flag_rename(transaction: &Transaction<'_>, ids: &[CsId]) -> Result<(), StoreError> {
    transaction
        .prepare_cached("UPDATE cs_object SET rename_retry = 1 WHERE id IN rarray(?1) AND mv IS NOT NULL")
        .and_then(|mut statement| statement.execute([integers(ids.iter().map(|id| id.0))]))
        .map(|_| ())
        .map_err(StoreError::sqlite("writing retry flags"))
}

/// Marks the joined objects that refer to one of these objects.
///
/// # Errors
/// [`StoreError`] when the database cannot be written.
pub fn flag_referrers(transaction: &Transaction<'_>, targets: &[CsId]) -> Result<(), StoreError> {
    transaction
        .prepare_cached(
            "UPDATE cs_object SET reference_retry = 1 WHERE mv IS NOT NULL
             AND id IN (SELECT object FROM cs_reference WHERE target IN rarray(?1))",
        )
        .and_then(|mut statement| statement.execute([integers(targets.iter().map(|id| id.0))]))
        .map(|_| ())
        .map_err(StoreError::sqlite("writing retry flags"))
}

/// An object below another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Descendant {
    /// The object.
    pub id: CsId,
    /// Its container.
    pub parent: CsId,
    /// Its name.
    pub dn: String,
    /// Form under which equal names are equal.
    pub dn_key: String,
}

/// All objects below one, containers before their content.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn descendants(connection: &Connection, id: CsId) -> Result<Vec<Descendant>, StoreError> {
    let failed = StoreError::sqlite("reading the content of a container");
    let mut statement = connection
        .prepare_cached(
            "WITH RECURSIVE below (id) AS (
                SELECT id FROM cs_object WHERE parent = ?1
                UNION SELECT child.id FROM cs_object AS child JOIN below ON child.parent = below.id)
             SELECT o.id, o.parent, o.dn, o.dn_key FROM below JOIN cs_object AS o ON o.id = below.id ORDER BY o.depth, o.id",
        )
        .map_err(&failed)?;
    let rows = statement
        .query_map([id.0], |row| {
            Ok(Descendant { id: CsId(row.get(0)?), parent: CsId(row.get(1)?), dn: row.get(2)?, dn_key: row.get(3)? })
        })
        .map_err(&failed)?;
    rows.collect::<Result<_, _>>().map_err(&failed)
}

/// Makes everything that pointed at one object, or lay below it, point at another, and removes the
/// first.
///
/// # Errors
/// [`StoreError`] when the database cannot be written.
pub fn merge(transaction: &Transaction<'_>, from: CsId, into: CsId) -> Result<(), StoreError> {
    let failed = StoreError::sqlite("merging a placeholder");
    for sql in [
        "UPDATE OR REPLACE cs_reference SET target = ?2 WHERE target = ?1",
        "UPDATE cs_object SET parent = ?2 WHERE parent = ?1 AND id <> ?2",
    ] {
        transaction.prepare_cached(sql).and_then(|mut statement| statement.execute((from.0, into.0))).map_err(&failed)?;
    }
    // A value that came under one name and went under the other did not change.
    transaction
        .prepare_cached(
            "DELETE FROM cs_reference WHERE target = ?1 AND layer IN (1, 2) AND
                (SELECT count(*) FROM cs_reference AS twin WHERE twin.object = cs_reference.object
                 AND twin.attribute = cs_reference.attribute AND twin.target = ?1 AND twin.layer IN (1, 2)) = 2",
        )
        .and_then(|mut statement| statement.execute([into.0]))
        .map_err(&failed)?;
    transaction
        .prepare_cached("DELETE FROM cs_object WHERE id = ?1")
        .and_then(|mut statement| statement.execute([from.0]))
        .map(|_| ())
        .map_err(&failed)
}

/// Puts the content of one container under another.
///
/// # Errors
/// [`StoreError`] when the database cannot be written.
pub fn move_children(transaction: &Transaction<'_>, from: CsId, to: CsId) -> Result<(), StoreError> {
    transaction
        .prepare_cached("UPDATE cs_object SET parent = ?2 WHERE parent = ?1 AND id <> ?2")
        .and_then(|mut statement| statement.execute((from.0, to.0)))
        .map(|_| ())
        .map_err(StoreError::sqlite("moving the content of a container"))
}

/// True when some object has the object as container.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn has_children(connection: &Connection, id: CsId) -> Result<bool, StoreError> {
    connection
        .prepare_cached("SELECT 1 FROM cs_object WHERE parent = ?1 LIMIT 1")
        .and_then(|mut statement| statement.query_row([id.0], |_| Ok(())).optional())
        .map(|found| found.is_some())
        .map_err(StoreError::sqlite("reading the content of a container"))
}

/// Numbers of the staging objects of a partition, ascending.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn ids_of_partition(connection: &Connection, partition: PartitionId) -> Result<Vec<CsId>, StoreError> {
    let failed = StoreError::sqlite("reading the objects of a partition");
    let mut statement =
        connection.prepare_cached("SELECT id FROM cs_object WHERE partition = ?1 ORDER BY id").map_err(&failed)?;
    let rows = statement.query_map([partition.0], |row| row.get(0).map(CsId)).map_err(&failed)?;
    rows.collect::<Result<_, _>>().map_err(&failed)
}

/// Stages the deletion of objects: what was pending of the import goes, the hologram stays.
///
/// # Errors
/// [`StoreError`] when the database cannot be written.
pub fn stage_deletions(transaction: &Transaction<'_>, ids: &[CsId], now: Timestamp) -> Result<(), StoreError> {
    let failed = StoreError::sqlite("staging deletions");
    let list = integers(ids.iter().map(|id| id.0));
    let deletion = Delta { operation: ObjectOperation::Delete, ..Delta::none() };
    transaction
        .prepare_cached(
            "UPDATE cs_object SET import_op = ?2, pending_import = ?3, import_changed = ?4, hash = NULL WHERE id IN rarray(?1)",
        )
        .and_then(|mut statement| statement.execute((&list, deletion.operation.code(), encode_delta(&deletion), to_stored(now))))
        .map_err(&failed)?;
    transaction
        .prepare_cached("DELETE FROM cs_reference WHERE object IN rarray(?1) AND layer IN (1, 2)")
        .and_then(|mut statement| statement.execute([&list]))
        .map(|_| ())
        .map_err(&failed)
}

/// Number of objects of a connector whose real name another object holds and whose deletion is not staged.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn unsettled_transients(connection: &Connection, connector: ConnectorId) -> Result<u64, StoreError> {
    connection
        .prepare_cached("SELECT count(*) FROM cs_object WHERE connector = ?1 AND transient <> 0 AND import_op <> 4")
        .and_then(|mut statement| statement.query_row([connector.0], |row| row.get::<_, i64>(0)))
        .map(i64::unsigned_abs)
        .map_err(StoreError::sqlite("counting transient objects"))
}

/// The first transient objects that no import has settled, with their names.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn transient_names(connection: &Connection, connector: ConnectorId, most: u32) -> Result<Vec<(CsId, String)>, StoreError> {
    let failed = StoreError::sqlite("reading transient objects");
    let mut statement = connection
        .prepare_cached(
            "SELECT id, dn FROM cs_object WHERE connector = ?1 AND transient <> 0 AND import_op <> 4 ORDER BY dn, id LIMIT ?2",
        )
        .map_err(&failed)?;
    let rows = statement.query_map((connector.0, most), |row| Ok((CsId(row.get(0)?), row.get(1)?))).map_err(&failed)?;
    rows.collect::<Result<_, _>>().map_err(&failed)
}

/// Notes where the next delta import begins, and the number of the full import.
///
/// # Errors
/// [`StoreError`] when the database cannot be written.
pub fn save_watermark(
    transaction: &Transaction<'_>,
    partition: PartitionId,
    watermark: Option<&[u8]>,
    generation: i64,
) -> Result<(), StoreError> {
    transaction
        .execute("UPDATE partition SET watermark = ?2, generation = ?3 WHERE id = ?1", (partition.0, watermark, generation))
        .map(|_| ())
        .map_err(StoreError::sqlite("writing a watermark"))
}

/// The key that holds the place of an object whose name another object has taken.
#[must_use]
pub fn transient_key(object: Uuid) -> String {
    format!("transient={object}")
}

/// The name of a child when its container has another name now.
///
/// # Errors
/// [`crate::model::DnError`] when the joined name is too long or the child's name is damaged.
pub fn renamed_child(child: &str, container: &str) -> Result<Dn, crate::model::DnError> {
    let child = Dn::parse(child)?;
    Dn::parse(&format!("{},{container}", child.rdn_text()))
}
