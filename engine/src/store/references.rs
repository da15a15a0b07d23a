//! References between connector space objects: one row per value and layer (`engine.md` 1.3).
//!
//! Rows point at object numbers, so renaming a target changes no row. A layer that adds holds the
//! values that come, one that deletes the values that go.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, Transaction};

use super::StoreError;
use super::sql::integers;
use crate::model::{AttributeId, CsId, MvId};

/// The layer of the tower that a reference row belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReferenceLayer {
    /// Imported and synchronized.
    Hologram,
    /// Comes with the pending import.
    ImportAdd,
    /// Goes with the pending import.
    ImportDelete,
    /// Comes with an export that is not yet confirmed.
    UnconfirmedAdd,
    /// Goes with an export that is not yet confirmed.
    UnconfirmedDelete,
    /// Comes with the batch being sent.
    EscrowedAdd,
    /// Goes with the batch being sent.
    EscrowedDelete,
    /// Comes with the pending export.
    UnappliedAdd,
    /// Goes with the pending export.
    UnappliedDelete,
}

impl ReferenceLayer {
    /// All layers from the bottom of the tower to its top.
    pub const ALL: [Self; 9] = [
        Self::Hologram,
        Self::ImportAdd,
        Self::ImportDelete,
        Self::UnconfirmedAdd,
        Self::UnconfirmedDelete,
        Self::EscrowedAdd,
        Self::EscrowedDelete,
        Self::UnappliedAdd,
        Self::UnappliedDelete,
    ];

    /// The number stored.
    #[must_use]
    pub fn code(self) -> i64 {
        match self {
            Self::Hologram => 0,
            Self::ImportAdd => 1,
            Self::ImportDelete => 2,
            Self::UnconfirmedAdd => 3,
            Self::UnconfirmedDelete => 4,
            Self::EscrowedAdd => 5,
            Self::EscrowedDelete => 6,
            Self::UnappliedAdd => 7,
            Self::UnappliedDelete => 8,
        }
    }

    /// The layer behind a stored number.
    #[must_use]
    pub fn from_code(code: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|layer| layer.code() == code)
    }

    /// True for the layers whose values go.
    #[must_use]
    pub fn is_delete(self) -> bool {
        matches!(self, Self::ImportDelete | Self::UnconfirmedDelete | Self::EscrowedDelete | Self::UnappliedDelete)
    }
}

/// One reference value of a connector space object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CsReference {
    /// The attribute.
    pub attribute: AttributeId,
    /// The object pointed at.
    pub target: CsId,
    /// Its layer.
    pub layer: ReferenceLayer,
    /// The metaverse object that the target is joined to, when it was loaded.
    pub target_mv: Option<MvId>,
    /// DN of the target, when names were asked for.
    pub name: Option<String>,
}

/// The targets of an attribute as they stand after all layers up to and including `top`.
#[must_use]
pub fn targets_up_to(references: &[CsReference], attribute: AttributeId, top: ReferenceLayer) -> BTreeSet<CsId> {
    let mut targets = BTreeSet::new();
    for layer in ReferenceLayer::ALL.into_iter().filter(|layer| *layer <= top) {
        for reference in references.iter().filter(|reference| reference.attribute == attribute && reference.layer == layer) {
            if layer.is_delete() {
                targets.remove(&reference.target);
            } else {
                targets.insert(reference.target);
            }
        }
    }
    targets
}

/// The rows of some objects by object, in the order attribute, layer, target; names and joins are left
/// out.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn load(connection: &Connection, objects: &[CsId]) -> Result<BTreeMap<CsId, Vec<CsReference>>, StoreError> {
    let sql = "SELECT object, attribute, target, layer FROM cs_reference WHERE object IN rarray(?1)
         ORDER BY object, attribute, layer, target";
    rows(connection, sql, [integers(objects.iter().map(|id| id.0))])
}

/// The rows of one attribute of some objects, in no order.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn of_attribute(
    connection: &Connection,
    objects: &[CsId],
    attribute: AttributeId,
) -> Result<BTreeMap<CsId, Vec<CsReference>>, StoreError> {
    let sql = "SELECT object, attribute, target, layer FROM cs_reference WHERE object IN rarray(?1) AND attribute = ?2";
    rows(connection, sql, (integers(objects.iter().map(|id| id.0)), attribute.0))
}

/// The rows of some objects in the layers above the hologram, in no order.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn above_hologram(connection: &Connection, objects: &[CsId]) -> Result<BTreeMap<CsId, Vec<CsReference>>, StoreError> {
    let sql = "SELECT object, attribute, target, layer FROM cs_reference WHERE object IN rarray(?1) AND layer > 0";
    rows(connection, sql, [integers(objects.iter().map(|id| id.0))])
}

const OF_TARGETS: &str = "SELECT object, attribute, target, layer FROM cs_reference
     WHERE object = ?1 AND attribute = ?2 AND target IN rarray(?3)";

/// The rows of one attribute of one object that point at some targets, in no order: one look-up for each target,
/// however many the attribute has.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn of_targets(
    connection: &Connection,
    object: CsId,
    attribute: AttributeId,
    targets: &[CsId],
) -> Result<Vec<CsReference>, StoreError> {
    let found = rows(connection, OF_TARGETS, (object.0, attribute.0, integers(targets.iter().map(|id| id.0))))?;
    Ok(found.into_values().next().unwrap_or_default())
}

fn rows(
    connection: &Connection,
    sql: &str,
    parameters: impl rusqlite::Params,
) -> Result<BTreeMap<CsId, Vec<CsReference>>, StoreError> {
    let failed = StoreError::sqlite("reading references");
    let mut statement = connection.prepare_cached(sql).map_err(&failed)?;
    let mut rows = statement.query(parameters).map_err(&failed)?;
    let mut found: BTreeMap<CsId, Vec<CsReference>> = BTreeMap::new();
    while let Some(row) = rows.next().map_err(&failed)? {
        let code: i64 = row.get(3).map_err(&failed)?;
        let layer = ReferenceLayer::from_code(code).ok_or_else(|| StoreError::damaged("a reference", format!("layer {code}")))?;
        found.entry(CsId(row.get(0).map_err(&failed)?)).or_default().push(CsReference {
            attribute: AttributeId(row.get(1).map_err(&failed)?),
            target: CsId(row.get(2).map_err(&failed)?),
            layer,
            target_mv: None,
            name: None,
        });
    }
    Ok(found)
}

/// Who refers to some targets in the directory, as far as is known: imported, or exported and not yet confirmed. By
/// object, attribute and target.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn in_directory_to(connection: &Connection, targets: &[CsId]) -> Result<BTreeSet<(CsId, AttributeId, CsId)>, StoreError> {
    if targets.is_empty() {
        return Ok(BTreeSet::new());
    }
    let sql = "SELECT object, attribute, target, layer FROM cs_reference WHERE target IN rarray(?1) AND layer IN (0, 1, 3)";
    let found = rows(connection, sql, [integers(targets.iter().map(|id| id.0))])?;
    let of_object = |(id, rows): (CsId, Vec<CsReference>)| rows.into_iter().map(move |row| (id, row.attribute, row.target));
    Ok(found.into_iter().flat_map(of_object).collect())
}

/// The objects with a row that points at `target`, in the order of their numbers.
pub(super) fn referrers(connection: &Connection, table: &'static str, target: i64) -> Result<Vec<i64>, StoreError> {
    let failed = StoreError::sqlite("reading references");
    // Ordered here: with an ORDER BY, SQLite prepares the statement again for every execution.
    let mut statement = connection.prepare_cached(&format!("SELECT object FROM {table} WHERE target = ?1")).map_err(&failed)?;
    let rows = statement.query_map([target], |row| row.get(0)).map_err(&failed)?;
    let mut referrers: Vec<i64> = rows.collect::<Result<_, _>>().map_err(&failed)?;
    referrers.sort_unstable();
    referrers.dedup();
    Ok(referrers)
}

/// Adds a row; one that is there already stays.
///
/// # Errors
/// [`StoreError`] when the database cannot be written.
pub fn add(
    transaction: &Transaction<'_>,
    object: CsId,
    attribute: AttributeId,
    target: CsId,
    layer: ReferenceLayer,
) -> Result<(), StoreError> {
    transaction
        .prepare_cached("INSERT OR IGNORE INTO cs_reference (object, attribute, target, layer) VALUES (?1, ?2, ?3, ?4)")
        .and_then(|mut statement| statement.execute((object.0, attribute.0, target.0, layer.code())))
        .map(|_| ())
        .map_err(StoreError::sqlite("writing a reference"))
}

/// Removes a row, if it is there.
///
/// # Errors
/// [`StoreError`] when the database cannot be written.
pub fn remove(
    transaction: &Transaction<'_>,
    object: CsId,
    attribute: AttributeId,
    target: CsId,
    layer: ReferenceLayer,
) -> Result<(), StoreError> {
    transaction
        .prepare_cached("DELETE FROM cs_reference WHERE object = ?1 AND attribute = ?2 AND target = ?3 AND layer = ?4")
        .and_then(|mut statement| statement.execute((object.0, attribute.0, target.0, layer.code())))
        .map(|_| ())
        .map_err(StoreError::sqlite("removing a reference"))
}

/// Removes all rows of one layer of an object.
///
/// # Errors
/// [`StoreError`] when the database cannot be written.
pub fn clear_layer(transaction: &Transaction<'_>, object: CsId, layer: ReferenceLayer) -> Result<(), StoreError> {
    transaction
        .prepare_cached("DELETE FROM cs_reference WHERE object = ?1 AND layer = ?2")
        .and_then(|mut statement| statement.execute((object.0, layer.code())))
        .map(|_| ())
        .map_err(StoreError::sqlite("removing references"))
}

/// Removes all rows of an object.
///
/// # Errors
/// [`StoreError`] when the database cannot be written.
pub fn clear(transaction: &Transaction<'_>, object: CsId) -> Result<(), StoreError> {
    transaction
        .prepare_cached("DELETE FROM cs_reference WHERE object = ?1")
        .and_then(|mut statement| statement.execute([object.0]))
        .map(|_| ())
        .map_err(StoreError::sqlite("removing references"))
}

/// Moves all rows of one layer of an object to another layer (export: unapplied to escrowed to
/// unconfirmed and back). Rows that are there already collapse.
///
/// # Errors
/// [`StoreError`] when the database cannot be written.
pub fn move_layer(
    transaction: &Transaction<'_>,
    object: CsId,
    from: ReferenceLayer,
    to: ReferenceLayer,
) -> Result<(), StoreError> {
    transaction
        .prepare_cached("UPDATE OR REPLACE cs_reference SET layer = ?3 WHERE object = ?1 AND layer = ?2")
        .and_then(|mut statement| statement.execute((object.0, from.code(), to.code())))
        .map(|_| ())
        .map_err(StoreError::sqlite("moving references"))
}

/// The pending import becomes the hologram: its additions join, its deletions leave.
///
/// # Errors
/// [`StoreError`] when the database cannot be written.
pub fn commit_import(transaction: &Transaction<'_>, object: CsId) -> Result<(), StoreError> {
    transaction
        .prepare_cached(
            "DELETE FROM cs_reference WHERE object = ?1 AND layer = 0 AND EXISTS (
                SELECT 1 FROM cs_reference AS gone WHERE gone.object = ?1 AND gone.attribute = cs_reference.attribute
                AND gone.target = cs_reference.target AND gone.layer = 2)",
        )
        .and_then(|mut statement| statement.execute([object.0]))
        .map_err(StoreError::sqlite("synchronizing references"))?;
    clear_layer(transaction, object, ReferenceLayer::ImportDelete)?;
    move_layer(transaction, object, ReferenceLayer::ImportAdd, ReferenceLayer::Hologram)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_up_of_targets_reads_no_other_row() {
        let folder = tempfile::tempdir().unwrap();
        let database = super::super::Database::open(&folder.path().join("syncline.db")).unwrap();
        let reader = database.reader().unwrap();
        let mut statement = reader.prepare(&format!("EXPLAIN QUERY PLAN {OF_TARGETS}")).unwrap();
        let plan = statement.query_map((1, 2, integers([3])), |row| row.get::<_, String>(3)).unwrap();
        let plan: Vec<String> = plan.map(Result::unwrap).collect();
        let search = plan.iter().find(|line| line.starts_with("SEARCH cs_reference")).unwrap();
        assert!(["object=?", "attribute=?", "target=?"].iter().all(|part| search.contains(part)), "{plan:?}");
    }

    #[test]
    fn targets_follow_the_layers_upwards() {
        let row = |target: i64, layer| CsReference {
            attribute: AttributeId(1),
            target: CsId(target),
            layer,
            target_mv: None,
            name: None,
        };
        let rows = [
            row(1, ReferenceLayer::Hologram),
            row(2, ReferenceLayer::Hologram),
            row(2, ReferenceLayer::ImportDelete),
            row(3, ReferenceLayer::ImportAdd),
            row(4, ReferenceLayer::UnappliedAdd),
            row(1, ReferenceLayer::UnappliedDelete),
        ];
        let check = |top, expected: &[i64]| {
            let targets: Vec<i64> = targets_up_to(&rows, AttributeId(1), top).into_iter().map(|id| id.0).collect();
            assert_eq!(targets, expected, "{top:?}");
        };
        check(ReferenceLayer::Hologram, &[1, 2]);
        check(ReferenceLayer::ImportDelete, &[1, 3]);
        check(ReferenceLayer::UnappliedDelete, &[3, 4]);
    }
}
