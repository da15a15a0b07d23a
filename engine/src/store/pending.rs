//! Queries that only an export asks: what waits to be sent and in which order, moving layers, results.

use std::collections::{BTreeMap, HashMap};

use rusqlite::{Connection, Transaction};
use uuid::Uuid;

use super::StoreError;
use super::connector_space::CsObject;
use super::sql::{guid, integers, to_json};
use crate::model::{ConnectorId, CsId, PartitionId, encode_delta, encode_image};

/// What an export step will send, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExportOrder {
    /// Adds and updates of objects that get no reference values: parents before children.
    pub plain: Vec<CsId>,
    /// Adds and updates with reference values: fewest first, then what they refer to before them, then parents before
    /// children.
    pub referring: Vec<CsId>,
    /// Deletes and delete-adds: children before parents.
    pub deletes: Vec<CsId>,
}

/// Reads what waits to be sent from a partition. Transient objects and placeholders are never sent.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn order(connection: &Connection, connector: ConnectorId, partition: PartitionId) -> Result<ExportOrder, StoreError> {
    let failed = StoreError::sqlite("reading pending exports");
    let mut order = ExportOrder::default();
    let mut statement = connection
        .prepare_cached(
            "SELECT id, (SELECT count(*) FROM cs_reference AS r WHERE r.object = o.id AND r.layer = 7) AS refs, parent
             FROM cs_object AS o WHERE connector = ?1 AND export_op <> 0 AND export_op IN (1, 2) AND transient = 0 AND object_type IS NOT NULL
             AND (partition IS NULL OR partition = ?2) ORDER BY refs, depth, dn_key",
        )
        .map_err(&failed)?;
    let mut rows = statement.query((connector.0, partition.0)).map_err(&failed)?;
    let mut referring = Vec::new();
    while let Some(row) = rows.next().map_err(&failed)? {
        let (id, references): (i64, i64) = (row.get(0).map_err(&failed)?, row.get(1).map_err(&failed)?);
        if references == 0 {
            order.plain.push(CsId(id));
        } else {
            let parent: Option<i64> = row.get(2).map_err(&failed)?;
            referring.push(Referring { id: CsId(id), references, parent: parent.map(CsId) });
        }
    }
    order.referring = targets_first(connection, &referring)?;
    let mut statement = connection
        .prepare_cached(
            "SELECT id FROM cs_object WHERE connector = ?1 AND export_op <> 0 AND export_op IN (3, 4) AND transient = 0
             AND object_type IS NOT NULL AND (partition IS NULL OR partition = ?2) ORDER BY depth DESC, dn_key",
        )
        .map_err(&failed)?;
    let rows = statement.query_map((connector.0, partition.0), |row| row.get(0).map(CsId)).map_err(&failed)?;
    order.deletes = rows.collect::<Result<_, _>>().map_err(&failed)?;
    Ok(order)
}

/// An object that gets reference values.
struct Referring {
    id: CsId,
    references: i64,
    parent: Option<CsId>,
}

/// Orders objects with as many references as each other so that what they refer to comes before them: a reference whose
/// target is there by then needs no second pass. Everything else about their order stays.
fn targets_first(connection: &Connection, objects: &[Referring]) -> Result<Vec<CsId>, StoreError> {
    let failed = StoreError::sqlite("ordering pending exports");
    let places: HashMap<CsId, usize> = objects.iter().enumerate().map(|(place, object)| (object.id, place)).collect();
    let mut targets: Vec<Vec<usize>> = objects
        .iter()
        .map(|object| object.parent.and_then(|parent| places.get(&parent)).copied().into_iter().collect())
        .collect();
    let mut statement = connection
        .prepare_cached("SELECT object, target FROM cs_reference WHERE layer = 7 AND object IN rarray(?1)")
        .map_err(&failed)?;
    let mut rows = statement.query([&integers(objects.iter().map(|object| object.id.0))]).map_err(&failed)?;
    while let Some(row) = rows.next().map_err(&failed)? {
        let (object, target) = (CsId(row.get(0).map_err(&failed)?), CsId(row.get(1).map_err(&failed)?));
        if let (Some(place), Some(target)) = (places.get(&object), places.get(&target))
            && let Some(targets) = targets.get_mut(*place)
        {
            targets.push(*target);
        }
    }
    let levels = levels(&targets);
    let mut ordered: Vec<(i64, u32, usize)> =
        objects.iter().zip(levels).enumerate().map(|(place, (object, level))| (object.references, level, place)).collect();
    ordered.sort_unstable();
    Ok(ordered.into_iter().filter_map(|(_, _, place)| objects.get(place)).map(|object| object.id).collect())
}

/// How many steps each place is from one that has no targets; a step that would lead round in a circle is left out.
fn levels(targets: &[Vec<usize>]) -> Vec<u32> {
    const UNKNOWN: u32 = u32::MAX;
    let mut levels = vec![UNKNOWN; targets.len()];
    let mut on_the_way = vec![false; targets.len()];
    for start in 0..targets.len() {
        // Places whose level is asked for, with how many of their targets were looked at and the highest level among these.
        let mut path = if levels.get(start) == Some(&UNKNOWN) { vec![(start, 0, 0)] } else { Vec::new() };
        while let Some((place, looked_at, highest)) = path.last_mut() {
            let place = *place;
            if let Some(flag) = on_the_way.get_mut(place) {
                *flag = true;
            }
            match targets.get(place).and_then(|targets| targets.get(*looked_at)).copied() {
                Some(target) if on_the_way.get(target) == Some(&true) => *looked_at += 1,
                Some(target) => match levels.get(target).copied() {
                    None => *looked_at += 1,
                    Some(UNKNOWN) => path.push((target, 0, 0)),
                    Some(level) => {
                        *highest = (*highest).max(level + 1);
                        *looked_at += 1;
                    }
                },
                None => {
                    let level = *highest;
                    if let (Some(slot), Some(flag)) = (levels.get_mut(place), on_the_way.get_mut(place)) {
                        (*slot, *flag) = (level, false);
                    }
                    path.pop();
                }
            }
        }
    }
    levels
}

/// Number of objects of a connector that wait to be sent.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn count(connection: &Connection, connector: ConnectorId) -> Result<u64, StoreError> {
    connection
        .prepare_cached(
            "SELECT count(*) FROM cs_object WHERE connector = ?1 AND export_op <> 0 AND transient = 0 AND object_type IS NOT NULL",
        )
        .and_then(|mut statement| statement.query_row([connector.0], |row| row.get::<_, i64>(0)))
        .map(i64::unsigned_abs)
        .map_err(StoreError::sqlite("counting pending exports"))
}

/// Number of objects of a connector whose deletion is staged, delete-adds included.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn count_deletions(connection: &Connection, connector: ConnectorId) -> Result<u64, StoreError> {
    connection
        .prepare_cached(
            "SELECT count(*) FROM cs_object WHERE connector = ?1 AND export_op <> 0 AND export_op IN (3, 4) AND transient = 0",
        )
        .and_then(|mut statement| statement.query_row([connector.0], |row| row.get::<_, i64>(0)))
        .map(i64::unsigned_abs)
        .map_err(StoreError::sqlite("counting staged deletions"))
}

/// The objects of a connector whose deletion is staged, delete-adds included, in order of their names.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn deletions(connection: &Connection, connector: ConnectorId) -> Result<Vec<Uuid>, StoreError> {
    let failed = StoreError::sqlite("reading staged deletions");
    let mut statement = connection
        .prepare_cached(
            "SELECT guid FROM cs_object WHERE connector = ?1 AND export_op <> 0 AND export_op IN (3, 4) AND transient = 0
             ORDER BY dn_key",
        )
        .map_err(&failed)?;
    let rows = statement.query_map([connector.0], |row| row.get::<_, Vec<u8>>(0)).map_err(&failed)?;
    rows.map(|bytes| guid(&bytes.map_err(&failed)?)).collect()
}

/// Number of users, groups, contacts and devices of a connector that are joined, or whose deletion is staged; those
/// that were never exported are left out.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn count_deletable(connection: &Connection, connector: ConnectorId) -> Result<u64, StoreError> {
    connection
        .prepare_cached(
            "SELECT count(*) FROM cs_object WHERE connector = ?1 AND transient = 0 AND export_op <> 1
             AND lower(object_type) IN ('user', 'group', 'contact', 'device') AND (mv IS NOT NULL OR export_op IN (3, 4))",
        )
        .and_then(|mut statement| statement.query_row([connector.0], |row| row.get::<_, i64>(0)))
        .map(i64::unsigned_abs)
        .map_err(StoreError::sqlite("counting connected objects"))
}

/// Moves the staged exports of objects into the batch being sent.
///
/// # Errors
/// [`StoreError`] when the database cannot be written.
pub fn escrow(transaction: &Transaction<'_>, ids: &[CsId]) -> Result<(), StoreError> {
    let list = integers(ids.iter().map(|id| id.0));
    for sql in [
        "UPDATE cs_object SET escrowed = unapplied, unapplied = x'' WHERE id IN rarray(?1)",
        "UPDATE OR REPLACE cs_reference SET layer = layer - 2 WHERE object IN rarray(?1) AND layer IN (7, 8)",
    ] {
        transaction
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute([&list]))
            .map_err(StoreError::sqlite("preparing an export batch"))?;
    }
    Ok(())
}

/// Of these objects, those that hold others which are neither gone nor about to go, each with the name of one of them.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn occupied(connection: &Connection, ids: &[CsId]) -> Result<BTreeMap<CsId, String>, StoreError> {
    let failed = StoreError::sqlite("reading the content of containers");
    let mut statement = connection
        .prepare_cached(
            "SELECT c.parent, min(c.dn) FROM cs_object AS o CROSS JOIN cs_object AS c ON c.parent = o.id
             WHERE o.id IN rarray(?1) AND c.object_type IS NOT NULL AND c.transient = 0 AND c.anchor IS NOT NULL
                AND c.import_op <> 4 AND c.export_op <> 4 AND NOT (c.awaiting <> 0 AND c.mv IS NULL)
             GROUP BY c.parent",
        )
        .map_err(&failed)?;
    let list = integers(ids.iter().map(|id| id.0));
    let rows = statement.query_map([&list], |row| Ok((CsId(row.get(0)?), row.get(1)?))).map_err(&failed)?;
    rows.collect::<Result<_, _>>().map_err(&failed)
}

/// Moves batches that a crash left half sent back to the staged exports; of one connector or of all.
/// Gives the number of objects.
///
/// # Errors
/// [`StoreError`] when the database cannot be written.
pub fn release(transaction: &Transaction<'_>, connector: Option<ConnectorId>) -> Result<usize, StoreError> {
    let connector = connector.map(|id| id.0);
    let mut released = 0;
    for sql in [
        "UPDATE OR REPLACE cs_reference SET layer = layer + 2 WHERE layer IN (5, 6) AND object IN
            (SELECT id FROM cs_object WHERE escrowed <> x'' AND (?1 IS NULL OR connector = ?1))",
        "UPDATE cs_object SET unapplied = escrowed, escrowed = x'' WHERE escrowed <> x'' AND (?1 IS NULL OR connector = ?1)",
    ] {
        released = transaction
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute([connector]))
            .map_err(StoreError::sqlite("recovering an interrupted export"))?;
    }
    Ok(released)
}

/// The references of a batch that was accepted wait for confirmation; a value that comes back after it
/// went, or the other way round, counts once.
///
/// # Errors
/// [`StoreError`] when the database cannot be written.
pub fn await_references(transaction: &Transaction<'_>, object: CsId) -> Result<(), StoreError> {
    for sql in [
        "DELETE FROM cs_reference WHERE object = ?1 AND layer = 4 AND EXISTS (SELECT 1 FROM cs_reference AS new
            WHERE new.object = ?1 AND new.attribute = cs_reference.attribute AND new.target = cs_reference.target AND new.layer = 5)",
        "DELETE FROM cs_reference WHERE object = ?1 AND layer = 3 AND EXISTS (SELECT 1 FROM cs_reference AS new
            WHERE new.object = ?1 AND new.attribute = cs_reference.attribute AND new.target = cs_reference.target AND new.layer = 6)",
        "UPDATE OR REPLACE cs_reference SET layer = layer - 2 WHERE object = ?1 AND layer IN (5, 6)",
    ] {
        transaction
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute([object.0]))
            .map_err(StoreError::sqlite("moving references"))?;
    }
    Ok(())
}

/// The references that an accepted export left unconfirmed count as imported, and the next synchronization looks at the
/// object in full.
///
/// # Errors
/// [`StoreError`] when the database cannot be written.
pub fn confirm(transaction: &Transaction<'_>, object: CsId) -> Result<(), StoreError> {
    for sql in [
        "DELETE FROM cs_reference WHERE object = ?1 AND layer IN (0, 1) AND EXISTS (SELECT 1 FROM cs_reference AS gone
            WHERE gone.object = ?1 AND gone.attribute = cs_reference.attribute AND gone.target = cs_reference.target AND gone.layer = 4)",
        "DELETE FROM cs_reference WHERE object = ?1 AND layer = 2 AND EXISTS (SELECT 1 FROM cs_reference AS new
            WHERE new.object = ?1 AND new.attribute = cs_reference.attribute AND new.target = cs_reference.target AND new.layer = 3)",
        "DELETE FROM cs_reference WHERE object = ?1 AND layer = 4",
        "UPDATE OR REPLACE cs_reference SET layer = 0 WHERE object = ?1 AND layer = 3",
        "UPDATE cs_object SET needs_full = 1 WHERE id = ?1 AND needs_full = 0",
    ] {
        transaction
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute([object.0]))
            .map_err(StoreError::sqlite("confirming an export"))?;
    }
    Ok(())
}

/// The references of a batch that was refused are staged again.
///
/// # Errors
/// [`StoreError`] when the database cannot be written.
pub fn restage_references(transaction: &Transaction<'_>, object: CsId) -> Result<(), StoreError> {
    transaction
        .prepare_cached("UPDATE OR REPLACE cs_reference SET layer = layer + 2 WHERE object = ?1 AND layer IN (5, 6)")
        .and_then(|mut statement| statement.execute([object.0]))
        .map(|_| ())
        .map_err(StoreError::sqlite("moving references"))
}

/// An object was replaced in the directory: what was imported of the old one is void.
///
/// # Errors
/// [`StoreError`] when the database cannot be written.
pub fn forget_imported_references(transaction: &Transaction<'_>, object: CsId) -> Result<(), StoreError> {
    transaction
        .prepare_cached("DELETE FROM cs_reference WHERE object = ?1 AND layer IN (0, 1, 2)")
        .and_then(|mut statement| statement.execute([object.0]))
        .map(|_| ())
        .map_err(StoreError::sqlite("removing references"))
}

/// Writes what an export changed of an object.
///
/// # Errors
/// [`StoreError`] when the database cannot be written.
pub fn write_result(transaction: &Transaction<'_>, object: &CsObject) -> Result<(), StoreError> {
    let hologram = if object.hologram.is_empty() { Vec::new() } else { encode_image(&object.hologram) };
    let error = object.export_error.as_ref().map(|error| to_json("an object error", error)).transpose()?;
    transaction
        .prepare_cached(
            "UPDATE cs_object SET anchor = ?2, rebuild = ?3, object_type = ?4, hologram = ?5, pending_import = ?6, import_op = ?7,
                unconfirmed = ?8, awaiting = ?9, escrowed = ?10, unapplied = ?11, export_op = ?12, export_error = ?13, hash = ?14, partition = ?15
             WHERE id = ?1",
        )
        .and_then(|mut statement| {
            statement.execute(rusqlite::params![
                object.id.0,
                object.anchor,
                object.rebuild,
                object.object_type,
                hologram,
                encode_delta(&object.pending_import),
                object.pending_import.operation.code(),
                encode_delta(&object.unconfirmed),
                !object.unconfirmed.is_none(),
                encode_delta(&object.escrowed),
                encode_delta(&object.unapplied),
                object.unapplied.operation.code(),
                error,
                object.hash,
                object.partition.map(|id| id.0),
            ])
        })
        .map(|_| ())
        .map_err(StoreError::sqlite("writing the result of an export"))
}

/// What an export must know of the object that a reference points at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetRow {
    /// Its name.
    pub dn: String,
    /// Its anchor, once it has one.
    pub anchor: Option<Vec<u8>>,
    /// The directory has it.
    pub exists: bool,
}

/// Names and anchors of objects.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn targets(connection: &Connection, ids: impl IntoIterator<Item = CsId>) -> Result<BTreeMap<CsId, TargetRow>, StoreError> {
    let failed = StoreError::sqlite("reading reference targets");
    let mut statement = connection
        .prepare_cached(
            "SELECT id, dn, anchor, object_type IS NOT NULL AND (anchor IS NOT NULL OR awaiting <> 0)
             FROM cs_object WHERE id IN rarray(?1)",
        )
        .map_err(&failed)?;
    let list = integers(ids.into_iter().map(|id| id.0));
    let rows = statement
        .query_map([&list], |row| {
            Ok((CsId(row.get(0)?), TargetRow { dn: row.get(1)?, anchor: row.get(2)?, exists: row.get(3)? }))
        })
        .map_err(&failed)?;
    rows.collect::<Result<_, _>>().map_err(&failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_follow_targets_and_circles_end() {
        let check = |targets: &[&[usize]], expected: &[u32]| {
            let targets: Vec<Vec<usize>> = targets.iter().map(|targets| targets.to_vec()).collect();
            assert_eq!(levels(&targets), expected, "{targets:?}");
        };
        check(&[], &[]);
        check(&[&[], &[]], &[0, 0]);
        check(&[&[1], &[2], &[]], &[2, 1, 0]);
        check(&[&[], &[0], &[0, 1]], &[0, 1, 2]);
        check(&[&[0]], &[0]);
        check(&[&[1], &[0]], &[1, 0]);
        check(&[&[1], &[2], &[0], &[0]], &[2, 1, 0, 3]);
        check(&[&[7]], &[0]);
    }
}
