//! Connector space objects: loaded by set queries, written one row at a time inside the caller's
//! transaction.

mod tower;
mod visit;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, Statement, ToSql, Transaction};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::StoreError;
use super::lineage::{decode_links, encode_links};
use super::metaverse::JoinKey;
use super::references::{CsReference, ReferenceLayer};
use super::sql::{blobs, from_stored, guid, integers, json, texts, to_json, to_stored};
use crate::model::{
    AttributeId, ConnectorId, CsId, Delta, Image, MvId, ObjectError, PartitionId, RuleId, Value, decode_delta, decode_image,
    encode_delta, encode_image, encode_whole_delta,
};
use crate::rules::{Direction, LinkType};

pub use tower::TowerView;
pub use visit::{Visit, children_first, to_visit};

/// State of objects that are joined and disconnected by rules.
pub const NORMAL: i64 = 0;
/// State of objects that an administrator joined or disconnected.
pub const EXPLICIT: i64 = 1;

/// A rule that made or holds the link of an object to its metaverse object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LinkRule {
    /// The rule.
    pub rule: RuleId,
    /// Into the metaverse or out of it.
    pub direction: Direction,
    /// What it did.
    pub action: LinkType,
    /// When.
    pub applied: Timestamp,
}

/// An error kept on an object until it is overcome.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredError {
    /// Code, message and details.
    pub error: ObjectError,
    /// First occurrence.
    pub first_occurred: Timestamp,
    /// Last occurrence.
    pub last_occurred: Timestamp,
    /// Times it was tried again.
    pub retry_count: u32,
}

impl StoredError {
    /// The record of an error that just occurred: a repetition keeps the first time and counts up.
    #[must_use]
    pub fn after(previous: Option<&Self>, error: ObjectError, now: Timestamp) -> Self {
        match previous {
            Some(previous) if previous.error.code == error.code => Self {
                error,
                first_occurred: previous.first_occurred,
                last_occurred: now,
                retry_count: previous.retry_count.saturating_add(1),
            },
            _ => Self { error, first_occurred: now, last_occurred: now, retry_count: 0 },
        }
    }
}

/// One connector space object with its tower of layers (`engine.md` 1.2, 1.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CsObject {
    /// Number inside the database; 0 until it is inserted.
    pub id: CsId,
    /// Identifier.
    pub guid: Uuid,
    /// Connector.
    pub connector: ConnectorId,
    /// Partition; absent for a placeholder.
    pub partition: Option<PartitionId>,
    /// Name, as last imported or as provisioned.
    pub dn: String,
    /// Form of the name under which equal names are equal.
    pub dn_key: String,
    /// The container, if it has one.
    pub parent: Option<CsId>,
    /// Number of components of the name.
    pub depth: u32,
    /// Type; `None` makes it a placeholder.
    pub object_type: Option<String>,
    /// Identity in the directory, once it has given one.
    pub anchor: Option<Vec<u8>>,
    /// Its real name was taken by another object; `dn` is temporary.
    pub transient: bool,
    /// The metaverse object it is joined to.
    pub mv: Option<MvId>,
    /// [`NORMAL`], [`EXPLICIT`] or 2 (filtered), which rules of this version never give.
    pub connector_state: i64,
    /// Rules that made or hold the link.
    pub link_rules: Vec<LinkRule>,
    /// Imported and synchronized.
    pub hologram: Image,
    /// Imported, not yet synchronized.
    pub pending_import: Delta,
    /// Over the hologram: exports that an import has confirmed and no synchronization has processed. To synchronizations
    /// of other connectors they stand as if the import had not been. Its references are values, not rows.
    pub confirmed: Delta,
    /// Exported, not yet confirmed.
    pub unconfirmed: Delta,
    /// Being exported.
    pub escrowed: Delta,
    /// Staged for export.
    pub unapplied: Delta,
    /// Reference values of all layers.
    pub references: Vec<CsReference>,
    /// An exported add that no import has confirmed.
    pub rebuild: bool,
    /// Its name changed because a container was renamed.
    pub rename_retry: bool,
    /// A reference target was joined, unjoined or deleted.
    pub reference_retry: bool,
    /// The next synchronization looks at everything about it, not only at what is pending. [`update`] leaves a flag
    /// that is set alone; see [`clear_full`].
    pub needs_full: bool,
    /// The names (key form) of the groups that rules ask for and that it is a direct member of. Filled in by a
    /// synchronization; not stored.
    pub groups: Vec<String>,
    /// Hash of the object as last imported.
    pub hash: Option<Vec<u8>>,
    /// Number of the last full import that saw it.
    pub generation: i64,
    /// Error of the last synchronization.
    pub import_error: Option<StoredError>,
    /// Error of the last export.
    pub export_error: Option<StoredError>,
    /// Disconnected by a rule at.
    pub disconnected: Option<Timestamp>,
    /// Made at.
    pub created: Timestamp,
    /// Import last changed it at.
    pub import_changed: Option<Timestamp>,
    /// Synchronization last staged an export at.
    pub export_changed: Option<Timestamp>,
}

impl CsObject {
    /// A fresh object without layers.
    #[must_use]
    pub fn new(guid: Uuid, connector: ConnectorId, dn: &crate::model::Dn, now: Timestamp) -> Self {
        Self {
            id: CsId(0),
            guid,
            connector,
            partition: None,
            dn: dn.as_str().to_owned(),
            dn_key: dn.key().to_owned(),
            parent: None,
            depth: u32::try_from(dn.depth()).unwrap_or(u32::MAX),
            object_type: None,
            anchor: None,
            transient: false,
            mv: None,
            connector_state: 0,
            link_rules: Vec::new(),
            hologram: Image::new(),
            pending_import: Delta::none(),
            confirmed: Delta::none(),
            unconfirmed: Delta::none(),
            escrowed: Delta::none(),
            unapplied: Delta::none(),
            references: Vec::new(),
            rebuild: false,
            rename_retry: false,
            reference_retry: false,
            needs_full: false,
            groups: Vec::new(),
            hash: None,
            generation: 0,
            import_error: None,
            export_error: None,
            disconnected: None,
            created: now,
            import_changed: None,
            export_changed: None,
        }
    }
}

const COLUMNS: &str = "id, guid, connector, partition, dn, dn_key, parent, depth, object_type, anchor, transient, mv,
    connector_state, link_rules, hologram, pending_import, unconfirmed, escrowed, unapplied, rebuild, rename_retry,
    reference_retry, hash, generation, import_error, export_error, disconnected, created, import_changed, export_changed,
    needs_full, confirmed";

/// What to load beside the rows.
#[derive(Clone, Debug, Default)]
pub struct LoadOptions {
    /// Reference attributes whose targets' names are wanted.
    pub names: Vec<AttributeId>,
    /// Leave reference rows out.
    pub without_references: bool,
}

/// Loads objects by number, in the order of their numbers. Numbers that do not exist are left out.
///
/// # Errors
/// [`StoreError`] when the database cannot be read or a row is damaged.
pub fn load(connection: &Connection, ids: &[CsId], options: &LoadOptions) -> Result<Vec<CsObject>, StoreError> {
    let mut objects = load_rows(connection, "cs_object", ids)?;
    if !options.without_references {
        load_references(connection, &mut objects, options)?;
    }
    Ok(objects)
}

/// Loads objects, without their references, from a table with the columns of `cs_object`.
///
/// # Errors
/// As [`load`].
pub(super) fn load_rows(connection: &Connection, table: &'static str, ids: &[CsId]) -> Result<Vec<CsObject>, StoreError> {
    let failed = StoreError::sqlite("reading connector space objects");
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

fn load_references(connection: &Connection, objects: &mut [CsObject], options: &LoadOptions) -> Result<(), StoreError> {
    let failed = StoreError::sqlite("reading references");
    let places: BTreeMap<i64, usize> = objects.iter().enumerate().map(|(place, object)| (object.id.0, place)).collect();
    let list = integers(places.keys().copied());
    let names = integers(options.names.iter().map(|attribute| i64::from(attribute.0)));
    let mut statement = connection
        .prepare_cached(
            "SELECT r.object, r.attribute, r.target, r.layer, t.mv,
                CASE WHEN r.attribute IN rarray(?2) THEN (SELECT dn FROM cs_object WHERE id = r.target) END
             FROM cs_reference AS r
             LEFT JOIN cs_object AS t INDEXED BY cs_object_link ON t.id = r.target AND t.mv IS NOT NULL
             WHERE r.object IN rarray(?1) ORDER BY r.object, r.attribute, r.layer, r.target",
        )
        .map_err(&failed)?;
    let mut rows = statement.query((&list, &names)).map_err(&failed)?;
    while let Some(row) = rows.next().map_err(&failed)? {
        let object: i64 = row.get(0).map_err(&failed)?;
        let code: i64 = row.get(3).map_err(&failed)?;
        let layer = ReferenceLayer::from_code(code).ok_or_else(|| StoreError::damaged("a reference", format!("layer {code}")))?;
        let reference = CsReference {
            attribute: AttributeId(row.get(1).map_err(&failed)?),
            target: CsId(row.get(2).map_err(&failed)?),
            layer,
            target_mv: row.get::<_, Option<i64>>(4).map_err(&failed)?.map(MvId),
            name: row.get(5).map_err(&failed)?,
        };
        if let Some(object) = places.get(&object).and_then(|place| objects.get_mut(*place)) {
            object.references.push(reference);
        }
    }
    Ok(())
}

/// Loads one object.
///
/// # Errors
/// As [`load`].
pub fn load_one(connection: &Connection, id: CsId) -> Result<Option<CsObject>, StoreError> {
    Ok(load(connection, &[id], &LoadOptions::default())?.pop())
}

fn read(row: &Row<'_>) -> Result<CsObject, StoreError> {
    let failed = StoreError::sqlite("reading a connector space object");
    let error = |column: usize| -> Result<Option<StoredError>, StoreError> {
        match row.get_ref(column).map_err(&failed)?.as_str_or_null().ok().flatten() {
            Some(text) => json("an object error", text).map(Some),
            None => Ok(None),
        }
    };
    let bytes = |column: usize| -> Result<&[u8], StoreError> {
        row.get_ref(column).map_err(&failed)?.as_blob().map_err(|error| StoreError::damaged("a layer", error))
    };
    let hologram = bytes(14)?;
    Ok(CsObject {
        id: CsId(row.get(0).map_err(&failed)?),
        guid: guid(bytes(1)?)?,
        connector: ConnectorId(row.get(2).map_err(&failed)?),
        partition: row.get::<_, Option<i64>>(3).map_err(&failed)?.map(PartitionId),
        dn: row.get(4).map_err(&failed)?,
        dn_key: row.get(5).map_err(&failed)?,
        parent: row.get::<_, Option<i64>>(6).map_err(&failed)?.map(CsId),
        depth: row.get(7).map_err(&failed)?,
        object_type: row.get(8).map_err(&failed)?,
        anchor: row.get(9).map_err(&failed)?,
        transient: row.get(10).map_err(&failed)?,
        mv: row.get::<_, Option<i64>>(11).map_err(&failed)?.map(MvId),
        connector_state: row.get(12).map_err(&failed)?,
        link_rules: decode_links(bytes(13)?)?,
        hologram: if hologram.is_empty() { Image::new() } else { decode_image(hologram)? },
        pending_import: decode_delta(bytes(15)?)?,
        unconfirmed: decode_delta(bytes(16)?)?,
        escrowed: decode_delta(bytes(17)?)?,
        unapplied: decode_delta(bytes(18)?)?,
        references: Vec::new(),
        rebuild: row.get(19).map_err(&failed)?,
        rename_retry: row.get(20).map_err(&failed)?,
        reference_retry: row.get(21).map_err(&failed)?,
        hash: row.get(22).map_err(&failed)?,
        generation: row.get(23).map_err(&failed)?,
        import_error: error(24)?,
        export_error: error(25)?,
        disconnected: row.get::<_, Option<i64>>(26).map_err(&failed)?.map(from_stored),
        created: from_stored(row.get(27).map_err(&failed)?),
        import_changed: row.get::<_, Option<i64>>(28).map_err(&failed)?.map(from_stored),
        export_changed: row.get::<_, Option<i64>>(29).map_err(&failed)?.map(from_stored),
        needs_full: row.get::<_, Option<bool>>(30).map_err(&failed)?.unwrap_or_default(),
        confirmed: decode_delta(bytes(31)?)?,
        groups: Vec::new(),
    })
}

/// Inserts the object and gives it its number, unless it has one already. Reference rows are written by the caller
/// ([`super::references`]).
///
/// # Errors
/// [`StoreError`] when the database cannot be written, also when name or anchor are taken.
pub fn insert(transaction: &Transaction<'_>, object: &mut CsObject, display_name: &str) -> Result<CsId, StoreError> {
    let sql = "INSERT INTO cs_object (partition, dn, dn_key, parent, depth, object_type, display_name, anchor, transient, mv,
            connector_state, link_rules, import_op, export_op, awaiting, rebuild, rename_retry, reference_retry, hash,
            generation, hologram, pending_import, unconfirmed, escrowed, unapplied, import_error, export_error,
            disconnected, import_changed, export_changed, confirmed, id, guid, connector, created)
         VALUES (?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24,
            ?25, ?26, ?27, ?28, ?29, ?30, ?31, ?32, ?1, ?33, ?34, ?35)";
    let mut statement = transaction.prepare_cached(sql).map_err(StoreError::sqlite("inserting a connector space object"))?;
    bind(&mut statement, object, display_name)
        .and_then(|()| statement.raw_bind_parameter(33, object.guid.as_bytes().as_slice()))
        .and_then(|()| statement.raw_bind_parameter(34, object.connector.0))
        .and_then(|()| statement.raw_bind_parameter(35, to_stored(object.created)))
        .and_then(|()| statement.raw_execute())
        .map_err(StoreError::sqlite("inserting a connector space object"))?;
    object.id = CsId(transaction.last_insert_rowid());
    Ok(object.id)
}

/// Gives the object its number and its name; everything else is written by [`update`]. Alone it makes a
/// placeholder.
///
/// # Errors
/// [`StoreError`] when the database cannot be written, also when the name is taken.
pub fn reserve(transaction: &Transaction<'_>, object: &mut CsObject) -> Result<CsId, StoreError> {
    transaction
        .prepare_cached(
            "INSERT INTO cs_object (guid, connector, dn, dn_key, depth, created, parent, id) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )
        .and_then(|mut statement| {
            statement.insert((
                object.guid.as_bytes().as_slice(),
                object.connector.0,
                &object.dn,
                &object.dn_key,
                object.depth,
                to_stored(object.created),
                object.parent.map(|id| id.0),
                Some(object.id.0).filter(|id| *id != 0),
            ))
        })
        .map(|id| object.id = CsId(id))
        .map_err(StoreError::sqlite("inserting a connector space object"))?;
    Ok(object.id)
}

/// The number that the next new object gets.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn next_id(connection: &Connection) -> Result<CsId, StoreError> {
    connection
        .prepare_cached("SELECT coalesce(max(id), 0) + 1 FROM cs_object")
        .and_then(|mut statement| statement.query_row([], |row| row.get(0).map(CsId)))
        .map_err(StoreError::sqlite("numbering connector space objects"))
}

/// The columns that hardly ever change once an object is there and that most indexes are made of: SQLite rewrites every
/// index with a column that a statement names, whether its value changes or not.
macro_rules! place_columns {
    () => {
        "partition = ?2, dn = ?3, dn_key = ?4, parent = ?5, depth = ?6, object_type = ?7, anchor = ?9, transient = ?10, "
    };
}

macro_rules! content_columns {
    () => {
        "display_name = ?8, connector_state = ?12, link_rules = ?13, import_op = ?14, export_op = ?15, awaiting = ?16,
            rebuild = ?17, rename_retry = ?18, reference_retry = ?19, hash = ?20, generation = ?21, hologram = ?22,
            pending_import = ?23, unconfirmed = ?24, escrowed = ?25, unapplied = ?26, import_error = ?27,
            export_error = ?28, disconnected = ?29, import_changed = ?30, export_changed = ?31, confirmed = ?32"
    };
}

/// Writes all columns of an object. Reference rows are written by the caller.
///
/// # Errors
/// [`StoreError`] when the database cannot be written, also when name or anchor are taken.
pub fn update(transaction: &Transaction<'_>, object: &CsObject, display_name: &str) -> Result<(), StoreError> {
    let sql = concat!("UPDATE cs_object SET ", place_columns!(), "mv = ?11, ", content_columns!(), " WHERE id = ?1");
    write(transaction, sql, object, display_name)
}

/// Writes what an object has become, given what the database holds of it. Reference rows are written by the caller.
///
/// # Errors
/// As [`update`].
pub fn rewrite(
    transaction: &Transaction<'_>,
    before: &CsObject,
    object: &CsObject,
    display_name: &str,
) -> Result<(), StoreError> {
    let same_place = before.dn_key == object.dn_key
        && before.dn == object.dn
        && before.anchor == object.anchor
        && before.object_type == object.object_type
        && (before.partition, before.parent, before.depth, before.transient)
            == (object.partition, object.parent, object.depth, object.transient);
    let sql = match (same_place, before.mv == object.mv) {
        (true, true) => concat!("UPDATE cs_object SET ", content_columns!(), " WHERE id = ?1"),
        (true, false) => concat!("UPDATE cs_object SET mv = ?11, ", content_columns!(), " WHERE id = ?1"),
        (false, _) => return update(transaction, object, display_name),
    };
    write(transaction, sql, object, display_name)
}

fn write(transaction: &Transaction<'_>, sql: &str, object: &CsObject, display_name: &str) -> Result<(), StoreError> {
    let failed = StoreError::sqlite("writing a connector space object");
    let mut statement = transaction.prepare_cached(sql).map_err(&failed)?;
    bind(&mut statement, object, display_name).and_then(|()| statement.raw_execute()).map(|_| ()).map_err(failed)
}

/// Binds the number of an object to parameter 1 and its other columns to those after it.
fn bind(statement: &mut Statement<'_>, object: &CsObject, display_name: &str) -> rusqlite::Result<()> {
    let stored = |error: &Option<StoredError>| error.as_ref().map(|error| to_json("an object error", error)).transpose();
    let hologram = if object.hologram.is_empty() { Vec::new() } else { encode_image(&object.hologram) };
    let values: [&dyn ToSql; 32] = [
        &Some(object.id.0).filter(|id| *id != 0),
        &object.partition.map(|id| id.0),
        &object.dn,
        &object.dn_key,
        &object.parent.map(|id| id.0),
        &object.depth,
        &object.object_type,
        &display_name,
        &object.anchor,
        &object.transient,
        &object.mv.map(|id| id.0),
        &object.connector_state,
        &encode_links(&object.link_rules),
        &object.pending_import.operation.code(),
        &object.unapplied.operation.code(),
        &!object.unconfirmed.is_none(),
        &object.rebuild,
        &object.rename_retry,
        &object.reference_retry,
        &object.hash,
        &object.generation,
        &hologram,
        &encode_delta(&object.pending_import),
        &encode_delta(&object.unconfirmed),
        &encode_delta(&object.escrowed),
        &encode_delta(&object.unapplied),
        &stored(&object.import_error).unwrap_or_default(),
        &stored(&object.export_error).unwrap_or_default(),
        &object.disconnected.map(to_stored),
        &object.import_changed.map(to_stored),
        &object.export_changed.map(to_stored),
        &encode_whole_delta(&object.confirmed),
    ];
    (1..).zip(values).try_for_each(|(place, value)| statement.raw_bind_parameter(place, value))
}

/// The object has been looked at in full.
///
/// # Errors
/// [`StoreError`] when the database cannot be written.
pub fn clear_full(transaction: &Transaction<'_>, id: CsId) -> Result<(), StoreError> {
    transaction
        .prepare_cached("UPDATE cs_object SET needs_full = 0 WHERE id = ?1")
        .and_then(|mut statement| statement.execute([id.0]))
        .map(|_| ())
        .map_err(StoreError::sqlite("writing a connector space object"))
}

/// Removes an object, its references, and its join keys, which are `keys`. While other objects point at it or lie under
/// it, it stays as a placeholder with the same number (`engine.md` 3.7).
///
/// # Errors
/// [`StoreError`] when the database cannot be written.
pub fn remove(transaction: &Transaction<'_>, connector: ConnectorId, id: CsId, keys: &[JoinKey]) -> Result<(), StoreError> {
    let failed = StoreError::sqlite("removing a connector space object");
    super::references::clear(transaction, id)?;
    super::metaverse::write_join_keys(transaction, connector.0, id.0, keys, &[])?;
    let needed: Option<i64> = transaction
        .prepare_cached(
            "SELECT 1 FROM cs_reference WHERE target = ?1 UNION ALL SELECT 1 FROM cs_object WHERE parent = ?1 LIMIT 1",
        )
        .and_then(|mut statement| statement.query_row([id.0], |row| row.get(0)).optional())
        .map_err(&failed)?;
    let sql = if needed.is_some() {
        "UPDATE cs_object SET partition = NULL, object_type = NULL, display_name = '', anchor = NULL, mv = NULL, connector_state = 0, link_rules = x'',
            import_op = 0, export_op = 0, awaiting = 0, rebuild = 0, rename_retry = 0, reference_retry = 0, needs_full = 0,
            hash = NULL,
            hologram = x'', pending_import = x'', confirmed = x'', unconfirmed = x'', escrowed = x'', unapplied = x'', import_error = NULL,
            export_error = NULL, disconnected = NULL, transient = 0 WHERE id = ?1"
    } else {
        "DELETE FROM cs_object WHERE id = ?1"
    };
    transaction.prepare_cached(sql).and_then(|mut statement| statement.execute([id.0])).map(|_| ()).map_err(failed)
}

/// Removes the placeholders of a connector that nothing needs any more.
///
/// # Errors
/// [`StoreError`] when the database cannot be written.
pub fn remove_unneeded_placeholders(transaction: &Transaction<'_>, connector: ConnectorId) -> Result<(), StoreError> {
    let failed = StoreError::sqlite("removing placeholders");
    loop {
        let removed = transaction
            .prepare_cached(
                "DELETE FROM cs_object WHERE connector = ?1 AND object_type IS NULL
                 AND NOT EXISTS (SELECT 1 FROM cs_reference WHERE target = cs_object.id)
                 AND NOT EXISTS (SELECT 1 FROM cs_object AS child WHERE child.parent = cs_object.id)",
            )
            .and_then(|mut statement| statement.execute([connector.0]))
            .map_err(&failed)?;
        if removed == 0 {
            return Ok(());
        }
    }
}

/// Removes placeholders of a connector whose space is given up, needed or not, at most so many; gives how many went.
///
/// # Errors
/// [`StoreError`] when the database cannot be written.
pub fn remove_placeholders(transaction: &Transaction<'_>, connector: ConnectorId, most: usize) -> Result<usize, StoreError> {
    transaction
        .prepare_cached(
            "DELETE FROM cs_object WHERE id IN (SELECT id FROM cs_object WHERE connector = ?1 AND object_type IS NULL LIMIT ?2)",
        )
        .and_then(|mut statement| statement.execute((connector.0, i64::try_from(most).unwrap_or(i64::MAX))))
        .map_err(StoreError::sqlite("removing placeholders"))
}

/// Numbers of the objects that have these anchors.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn ids_by_anchor<'a>(
    connection: &Connection,
    connector: ConnectorId,
    anchors: impl IntoIterator<Item = &'a [u8]>,
) -> Result<BTreeMap<Vec<u8>, CsId>, StoreError> {
    let failed = StoreError::sqlite("looking up anchors");
    let mut statement = connection
        .prepare_cached("SELECT anchor, id FROM cs_object WHERE connector = ?1 AND anchor IN rarray(?2)")
        .map_err(&failed)?;
    let rows =
        statement.query_map((connector.0, &blobs(anchors)), |row| Ok((row.get(0)?, CsId(row.get(1)?)))).map_err(&failed)?;
    rows.collect::<Result<_, _>>().map_err(&failed)
}

/// Numbers of the objects that have these name keys.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn ids_by_dn_key<'a>(
    connection: &Connection,
    connector: ConnectorId,
    keys: impl IntoIterator<Item = &'a str>,
) -> Result<BTreeMap<String, CsId>, StoreError> {
    let failed = StoreError::sqlite("looking up names");
    let mut statement = connection
        .prepare_cached("SELECT dn_key, id FROM cs_object WHERE connector = ?1 AND dn_key IN rarray(?2)")
        .map_err(&failed)?;
    let rows = statement.query_map((connector.0, &texts(keys)), |row| Ok((row.get(0)?, CsId(row.get(1)?)))).map_err(&failed)?;
    rows.collect::<Result<_, _>>().map_err(&failed)
}

/// Brings the join keys of a connector space object from `old`, which the database holds, to `keys`.
///
/// # Errors
/// [`StoreError`] when the database cannot be written.
pub fn write_keys(
    transaction: &Transaction<'_>,
    connector: ConnectorId,
    object: CsId,
    old: &[JoinKey],
    keys: &[JoinKey],
) -> Result<(), StoreError> {
    super::metaverse::write_join_keys(transaction, connector.0, object.0, old, keys)
}

/// The name that lists show for an object: `displayName`, else `cn`, else nothing.
#[must_use]
pub fn display_name_of(image: &Image, display_name: Option<AttributeId>, cn: Option<AttributeId>) -> String {
    [display_name, cn]
        .into_iter()
        .flatten()
        .find_map(|attribute| image.first(attribute).and_then(Value::as_text))
        .unwrap_or("")
        .to_owned()
}

/// Objects shared between a batch and its answers.
pub type SharedCsObject = Arc<CsObject>;

/// The objects joined to metaverse objects, by metaverse object, in order of connector, then number.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn links(connection: &Connection, ids: &[MvId]) -> Result<BTreeMap<MvId, Vec<(ConnectorId, CsId)>>, StoreError> {
    let failed = StoreError::sqlite("reading links");
    let mut statement = connection
        .prepare_cached("SELECT mv, connector, id FROM cs_object WHERE mv IN rarray(?1) ORDER BY mv, connector, id")
        .map_err(&failed)?;
    let list = integers(ids.iter().map(|id| id.0));
    let mut rows = statement.query([&list]).map_err(&failed)?;
    let mut found: BTreeMap<MvId, Vec<(ConnectorId, CsId)>> = BTreeMap::new();
    while let Some(row) = rows.next().map_err(&failed)? {
        let mv = MvId(row.get(0).map_err(&failed)?);
        found.entry(mv).or_default().push((ConnectorId(row.get(1).map_err(&failed)?), CsId(row.get(2).map_err(&failed)?)));
    }
    Ok(found)
}

/// Flags the joined objects that refer to an object, and gives all that do, flagged or not. An object that is not joined
/// needs no flag: it is synchronized anew when it is joined.
///
/// # Errors
/// [`StoreError`] when the database cannot be written.
pub fn flag_referrers(transaction: &Transaction<'_>, target: CsId) -> Result<Vec<CsId>, StoreError> {
    let failed = StoreError::sqlite("flagging referring objects");
    let referrers = super::references::referrers(transaction, "cs_reference", target.0)?;
    if referrers.is_empty() {
        return Ok(Vec::new());
    }
    let mut statement = transaction
        .prepare_cached("UPDATE cs_object SET reference_retry = 1 WHERE id = ?1 AND reference_retry = 0 AND mv IS NOT NULL")
        .map_err(&failed)?;
    for referrer in &referrers {
        statement.execute([referrer]).map_err(&failed)?;
    }
    Ok(referrers.into_iter().map(CsId).collect())
}

/// Keeps the error of an object's last synchronization.
///
/// # Errors
/// [`StoreError`] when the database cannot be written.
pub fn set_import_error(transaction: &Transaction<'_>, id: CsId, error: &StoredError) -> Result<(), StoreError> {
    let text = to_json("an object error", error)?;
    transaction
        .prepare_cached("UPDATE cs_object SET import_error = ?2 WHERE id = ?1")
        .and_then(|mut statement| statement.execute((id.0, text)))
        .map(|_| ())
        .map_err(StoreError::sqlite("writing an object error"))
}

#[cfg(test)]
mod tests;
