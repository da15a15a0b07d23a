//! Metaverse objects: image, lineage, references, join keys.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use rusqlite::{Connection, Row, Transaction};
use uuid::Uuid;

use super::StoreError;
use super::lineage::{decode_lineage, encode_lineage};
use super::sql::{blobs, from_stored, guid, integers, to_stored};
use crate::model::sorted_set::{minus, sorted_set};
use crate::model::{AttributeId, CsId, Image, MvId, RuleId, SortedMap, Value, decode_image, encode_image};

/// Where the value of a metaverse attribute came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contribution {
    /// The contributing connector space object.
    pub object: CsId,
    /// The contributing rule.
    pub rule: RuleId,
    /// When.
    pub time: Timestamp,
}

/// One metaverse object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MvObject {
    /// Number inside the database; 0 until it is inserted.
    pub id: MvId,
    /// Identifier.
    pub guid: Uuid,
    /// Type.
    pub object_type: String,
    /// Attributes; references are [`Value::Reference`] of the target's number.
    pub image: Image,
    /// Where each attribute came from.
    pub lineage: SortedMap<AttributeId, Contribution>,
    /// A target of one of its references appeared or went in some connector space.
    pub reference_retry: bool,
    /// One of its objects was replaced by an imported one.
    pub provisioning_retry: bool,
    /// Created at.
    pub created: Timestamp,
    /// Changed at.
    pub changed: Timestamp,
}

const COLUMNS: &str = "id, guid, object_type, image, lineage, reference_retry, provisioning_retry, created, changed";

/// Loads objects by number, in the order of their numbers. Numbers that do not exist are left out.
///
/// # Errors
/// [`StoreError`] when the database cannot be read or a row is damaged.
pub fn load(connection: &Connection, ids: &[MvId]) -> Result<Vec<MvObject>, StoreError> {
    let failed = StoreError::sqlite("reading metaverse objects");
    let mut objects = load_rows(connection, "mv_object", ids)?;
    let list = integers(ids.iter().map(|id| id.0));
    let places: BTreeMap<i64, usize> = objects.iter().enumerate().map(|(place, object)| (object.id.0, place)).collect();
    let mut statement = connection
        .prepare_cached(
            "SELECT object, attribute, target FROM mv_reference WHERE object IN rarray(?1) ORDER BY object, attribute, target",
        )
        .map_err(&failed)?;
    let mut rows = statement.query([&list]).map_err(&failed)?;
    let mut references: Vec<((usize, AttributeId), crate::model::Values)> = Vec::new();
    while let Some(row) = rows.next().map_err(&failed)? {
        let object: i64 = row.get(0).map_err(&failed)?;
        if let Some(place) = places.get(&object) {
            let attribute = AttributeId(row.get(1).map_err(&failed)?);
            let target = Value::Reference(row.get(2).map_err(&failed)?);
            match references.last_mut() {
                Some((key, values)) if *key == (*place, attribute) => values.push(target),
                _ => references.push(((*place, attribute), smallvec::smallvec![target])),
            }
        }
    }
    for ((place, attribute), values) in references {
        if let Some(object) = objects.get_mut(place) {
            object.image.set(attribute, values);
        }
    }
    Ok(objects)
}

/// Loads objects, without their references, from a table with the columns of `mv_object`.
///
/// # Errors
/// As [`load`].
pub(super) fn load_rows(connection: &Connection, table: &'static str, ids: &[MvId]) -> Result<Vec<MvObject>, StoreError> {
    let failed = StoreError::sqlite("reading metaverse objects");
    let list = integers(ids.iter().map(|id| id.0));
    let mut statement = connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM {table} WHERE id IN rarray(?1) ORDER BY id"))
        .map_err(&failed)?;
    let mut rows = statement.query([&list]).map_err(&failed)?;
    let mut objects = Vec::with_capacity(ids.len());
    while let Some(row) = rows.next().map_err(&failed)? {
        objects.push(read(row)?);
    }
    Ok(objects)
}

/// Loads one object.
///
/// # Errors
/// As [`load`].
pub fn load_one(connection: &Connection, id: MvId) -> Result<Option<MvObject>, StoreError> {
    Ok(load(connection, &[id])?.pop())
}

fn read(row: &Row<'_>) -> Result<MvObject, StoreError> {
    let failed = StoreError::sqlite("reading a metaverse object");
    let bytes = |column: usize| -> Result<&[u8], StoreError> {
        row.get_ref(column).map_err(&failed)?.as_blob().map_err(|error| StoreError::damaged("a metaverse object", error))
    };
    Ok(MvObject {
        id: MvId(row.get(0).map_err(&failed)?),
        guid: guid(bytes(1)?)?,
        object_type: row.get(2).map_err(&failed)?,
        image: decode_image(bytes(3)?)?,
        lineage: decode_lineage(bytes(4)?)?,
        reference_retry: row.get(5).map_err(&failed)?,
        provisioning_retry: row.get(6).map_err(&failed)?,
        created: from_stored(row.get(7).map_err(&failed)?),
        changed: from_stored(row.get(8).map_err(&failed)?),
    })
}

/// The names under which an object is found and shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MvNames {
    /// Shown in lists.
    pub display_name: String,
    /// Searched, in lower case.
    pub search_text: String,
    /// Join keys.
    pub keys: Vec<(AttributeId, Vec<u8>)>,
}

/// Inserts an object and gives it its number.
///
/// # Errors
/// [`StoreError`] when the database cannot be written.
pub fn insert(transaction: &Transaction<'_>, object: &mut MvObject, names: &MvNames) -> Result<MvId, StoreError> {
    transaction
        .prepare_cached(
            "INSERT INTO mv_object (guid, object_type, display_name, search_text, image, lineage, reference_retry,
                provisioning_retry, created, changed) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        )
        .and_then(|mut statement| {
            statement.insert((
                object.guid.as_bytes().as_slice(),
                &object.object_type,
                &names.display_name,
                &names.search_text,
                encode_image(&object.image),
                encode_lineage(&object.lineage),
                object.reference_retry,
                object.provisioning_retry,
                to_stored(object.created),
                to_stored(object.changed),
            ))
        })
        .map(|id| object.id = MvId(id))
        .map_err(StoreError::sqlite("inserting a metaverse object"))?;
    write_references(transaction, object.id, &Image::new(), &object.image)?;
    write_join_keys(transaction, 0, object.id.0, &[], &names.keys)?;
    Ok(object.id)
}

/// Writes an object. `before` is what the database holds, `keys` are the join keys it holds of it, so that only changed
/// references and keys are touched; `renamed` says that it is found or shown under another name than before.
///
/// # Errors
/// [`StoreError`] when the database cannot be written.
pub fn update(
    transaction: &Transaction<'_>,
    before: &MvObject,
    keys: &[JoinKey],
    object: &MvObject,
    names: &MvNames,
    renamed: bool,
) -> Result<(), StoreError> {
    // Type and names are in indexes, which every statement that names them rewrites.
    let sql = if before.object_type == object.object_type && !renamed {
        "UPDATE mv_object SET image = ?4, lineage = ?5, reference_retry = ?6, provisioning_retry = ?7, changed = ?9 WHERE id = ?1"
    } else {
        "UPDATE mv_object SET display_name = ?2, search_text = ?3, image = ?4, lineage = ?5, reference_retry = ?6,
            provisioning_retry = ?7, object_type = ?8, changed = ?9 WHERE id = ?1"
    };
    transaction
        .prepare_cached(sql)
        .and_then(|mut statement| {
            statement.execute(rusqlite::params![
                object.id.0,
                names.display_name,
                names.search_text,
                encode_image(&object.image),
                encode_lineage(&object.lineage),
                object.reference_retry,
                object.provisioning_retry,
                object.object_type,
                to_stored(object.changed),
            ])
        })
        .map_err(StoreError::sqlite("writing a metaverse object"))?;
    write_references(transaction, object.id, &before.image, &object.image)?;
    write_join_keys(transaction, 0, object.id.0, keys, &names.keys)
}

/// Writes the references of an object that changed.
fn write_references(transaction: &Transaction<'_>, id: MvId, before: &Image, after: &Image) -> Result<(), StoreError> {
    let failed = StoreError::sqlite("writing the references of a metaverse object");
    let references = |image: &Image| -> Vec<(AttributeId, i64)> {
        let targets = image.iter().flat_map(|(attribute, values)| {
            values.iter().filter_map(move |value| match value {
                Value::Reference(target) => Some((attribute, *target)),
                Value::String(_) | Value::Binary(_) | Value::Integer(_) | Value::Boolean(_) => None,
            })
        });
        sorted_set(targets.collect())
    };
    let (old, new) = (references(before), references(after));
    if old == new {
        return Ok(());
    }
    let mut delete = transaction
        .prepare_cached("DELETE FROM mv_reference WHERE object = ?1 AND attribute = ?2 AND target = ?3")
        .map_err(&failed)?;
    for (attribute, target) in minus(&old, &new) {
        delete.execute((id.0, attribute.0, target)).map_err(&failed)?;
    }
    let mut insert = transaction
        .prepare_cached("INSERT OR IGNORE INTO mv_reference (object, attribute, target) VALUES (?1, ?2, ?3)")
        .map_err(&failed)?;
    for (attribute, target) in minus(&new, &old) {
        insert.execute((id.0, attribute.0, target)).map_err(&failed)?;
    }
    Ok(())
}

/// Sets or clears the retry flags of objects.
///
/// # Errors
/// [`StoreError`] when the database cannot be written.
pub fn set_retry(transaction: &Transaction<'_>, id: MvId, reference: bool, provisioning: bool) -> Result<(), StoreError> {
    transaction
        .prepare_cached("UPDATE mv_object SET reference_retry = ?2, provisioning_retry = ?3 WHERE id = ?1")
        .and_then(|mut statement| statement.execute((id.0, reference, provisioning)))
        .map(|_| ())
        .map_err(StoreError::sqlite("writing retry flags"))
}

/// Flags the metaverse objects that refer to one, and gives them all, flagged before or not.
///
/// # Errors
/// [`StoreError`] when the database cannot be written.
pub fn flag_referrers(transaction: &Transaction<'_>, target: MvId) -> Result<Vec<MvId>, StoreError> {
    let failed = StoreError::sqlite("flagging referring objects");
    let referrers = super::references::referrers(transaction, "mv_reference", target.0)?;
    if referrers.is_empty() {
        return Ok(Vec::new());
    }
    let mut statement = transaction
        .prepare_cached("UPDATE mv_object SET reference_retry = 1 WHERE id = ?1 AND reference_retry = 0")
        .map_err(&failed)?;
    for referrer in &referrers {
        statement.execute([referrer]).map_err(&failed)?;
    }
    Ok(referrers.into_iter().map(MvId).collect())
}

/// The objects whose provisioning waits, in the order of their numbers.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn waiting_for_provisioning(connection: &Connection) -> Result<Vec<MvId>, StoreError> {
    flagged(connection, "SELECT id FROM mv_object WHERE provisioning_retry <> 0 ORDER BY id")
}

/// The objects whose references wait, in the order of their numbers.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn waiting_for_references(connection: &Connection) -> Result<Vec<MvId>, StoreError> {
    flagged(connection, "SELECT id FROM mv_object WHERE reference_retry <> 0 ORDER BY id")
}

fn flagged(connection: &Connection, sql: &str) -> Result<Vec<MvId>, StoreError> {
    let failed = StoreError::sqlite("reading metaverse objects to retry");
    let mut statement = connection.prepare_cached(sql).map_err(&failed)?;
    let rows = statement.query_map([], |row| row.get(0).map(MvId)).map_err(&failed)?;
    rows.collect::<Result<_, _>>().map_err(&failed)
}

/// The numbers of all objects in ascending order.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn all_ids(connection: &Connection) -> Result<Vec<MvId>, StoreError> {
    let failed = StoreError::sqlite("reading metaverse objects");
    let mut statement = connection.prepare_cached("SELECT id FROM mv_object ORDER BY id").map_err(&failed)?;
    let rows = statement.query_map([], |row| row.get(0).map(MvId)).map_err(&failed)?;
    rows.collect::<Result<_, _>>().map_err(&failed)
}

/// Flags objects whose connector space object was replaced by an imported one: provisioning is tried again.
///
/// # Errors
/// [`StoreError`] when the database cannot be written.
pub fn require_provisioning(transaction: &Transaction<'_>, ids: &[MvId]) -> Result<(), StoreError> {
    transaction
        .prepare_cached("UPDATE mv_object SET provisioning_retry = 1 WHERE id IN rarray(?1)")
        .and_then(|mut statement| statement.execute([integers(ids.iter().map(|id| id.0))]))
        .map(|_| ())
        .map_err(StoreError::sqlite("writing retry flags"))
}

/// Removes an object, its references, the references to it, and its join keys, which are `keys`. The objects that
/// referred to it are flagged for a reference retry and given back.
///
/// # Errors
/// [`StoreError`] when the database cannot be written.
pub fn remove(transaction: &Transaction<'_>, id: MvId, keys: &[JoinKey]) -> Result<Vec<MvId>, StoreError> {
    let failed = StoreError::sqlite("removing a metaverse object");
    write_join_keys(transaction, 0, id.0, keys, &[])?;
    let referrers = flag_referrers(transaction, id)?;
    for sql in [
        "DELETE FROM mv_reference WHERE target = ?1",
        "DELETE FROM mv_reference WHERE object = ?1",
        "DELETE FROM mv_object WHERE id = ?1",
    ] {
        transaction.prepare_cached(sql).and_then(|mut statement| statement.execute([id.0])).map_err(&failed)?;
    }
    Ok(referrers)
}

/// An attribute and the form in which one of its values matches.
pub type JoinKey = (AttributeId, Vec<u8>);

/// Brings the join keys of an object in a space (0 is the metaverse, any other number a connector) from `old` to `new`.
pub(super) fn write_join_keys(
    transaction: &Transaction<'_>,
    space: i64,
    object: i64,
    old: &[JoinKey],
    new: &[JoinKey],
) -> Result<(), StoreError> {
    if old == new {
        return Ok(());
    }
    let failed = StoreError::sqlite("writing join keys");
    let (old, new): (BTreeSet<&JoinKey>, BTreeSet<&JoinKey>) = (old.iter().collect(), new.iter().collect());
    let mut delete = transaction
        .prepare_cached("DELETE FROM join_key WHERE space = ?1 AND attribute = ?2 AND value = ?3 AND object = ?4")
        .map_err(&failed)?;
    for (attribute, value) in old.difference(&new) {
        delete.execute((space, attribute.0, value, object)).map_err(&failed)?;
    }
    let mut insert = transaction
        .prepare_cached("INSERT OR IGNORE INTO join_key (space, attribute, value, object) VALUES (?1, ?2, ?3, ?4)")
        .map_err(&failed)?;
    for (attribute, value) in new.difference(&old) {
        insert.execute((space, attribute.0, value, object)).map_err(&failed)?;
    }
    Ok(())
}

/// Forgets all join keys, before they are written anew.
///
/// # Errors
/// [`StoreError`] when the database cannot be written.
pub fn forget_join_keys(transaction: &Transaction<'_>) -> Result<(), StoreError> {
    transaction.execute("DELETE FROM join_key", []).map(|_| ()).map_err(StoreError::sqlite("writing join keys"))
}

/// Objects of a space that have these join keys, by key, in the order of their numbers.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn ids_by_key(
    connection: &Connection,
    space: i64,
    attribute: AttributeId,
    values: &[&[u8]],
) -> Result<BTreeMap<Vec<u8>, Vec<i64>>, StoreError> {
    let failed = StoreError::sqlite("looking up join keys");
    // Ordered here: with an ORDER BY, SQLite prepares the statement again for every execution.
    let mut statement = connection
        .prepare_cached("SELECT value, object FROM join_key WHERE space = ?1 AND attribute = ?2 AND value IN rarray(?3)")
        .map_err(&failed)?;
    let mut rows = statement.query((space, attribute.0, &blobs(values.iter().copied()))).map_err(&failed)?;
    let mut found: BTreeMap<Vec<u8>, Vec<i64>> = BTreeMap::new();
    while let Some(row) = rows.next().map_err(&failed)? {
        found.entry(row.get(0).map_err(&failed)?).or_default().push(row.get(1).map_err(&failed)?);
    }
    found.values_mut().for_each(|objects| objects.sort_unstable());
    Ok(found)
}
