//! Searching connector spaces.

use std::collections::{BTreeMap, HashSet};

use jiff::Timestamp;
use rusqlite::types::Value as SqlValue;
use rusqlite::{Connection, OptionalExtension as _, params_from_iter};
use uuid::Uuid;

use crate::model::{ConnectorId, CsId, ErrorCode, MvId, ObjectOperation, fold_text};
use crate::store::StoreError;
use crate::store::connector_space::StoredError;
use crate::store::sql::{blobs, guid, integers, json, to_stored};

/// Most kinds of relative names (`cn`, `ou` ...) that are looked for in one connector space.
const MOST_NAME_TYPES: usize = 64;

/// Which objects of a connector space are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CsCriterion {
    /// All of them.
    All,
    /// Those under a name.
    Under {
        /// Key of the name.
        key: String,
        /// The named object too.
        include_base: bool,
    },
    /// Those whose name keys lie in these ranges.
    Named(Vec<NameRange>),
    /// Those that have one of these identities.
    Identified {
        /// Key of a name.
        key: Option<String>,
        /// Anchors.
        anchors: Vec<Vec<u8>>,
        /// GUID of the object itself.
        guid: Option<Uuid>,
    },
    /// Those whose pending import is one of these operations.
    PendingImport(Vec<ObjectOperation>),
    /// Those whose pending export is one of these operations.
    PendingExport(Vec<ObjectOperation>),
    /// Those whose last synchronization failed.
    ImportError,
    /// Those whose last export failed.
    ExportError,
    /// Joined ones.
    Connector,
    /// Those that are not joined.
    Disconnector,
    /// Joined ones, or those that are not, of one `connector_state`.
    InState {
        /// Joined ones.
        joined: bool,
        /// State.
        state: i64,
    },
    /// Exported and not yet seen again.
    AwaitingConfirmation,
    /// Disconnected by a rule at that time or later.
    DisconnectedSince(Timestamp),
    /// Never imported.
    Placeholder,
}

/// Name keys from `low`, included, to `high`, excluded.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NameRange {
    /// First key.
    pub low: String,
    /// First key no longer included.
    pub high: String,
}

impl NameRange {
    /// The keys that begin with a text.
    #[must_use]
    pub fn starting_with(prefix: &str) -> Self {
        Self { low: prefix.to_owned(), high: format!("{prefix}{}", char::MAX) }
    }

    /// The key of one relative name alone: the object right under the root.
    #[must_use]
    pub fn exactly(key: &str) -> Self {
        Self { low: key.to_owned(), high: format!("{key}\0") }
    }
}

/// What a list shows of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CsRow {
    /// Number.
    pub id: CsId,
    /// Identifier.
    pub guid: Uuid,
    /// Connector.
    pub connector: ConnectorId,
    /// Name.
    pub dn: String,
    /// Type; empty for a placeholder.
    pub object_type: String,
    /// Display name.
    pub display_name: String,
    /// Pending import.
    pub import: ObjectOperation,
    /// Pending export.
    pub export: ObjectOperation,
    /// The metaverse object it is joined to.
    pub mv: Option<MvId>,
    /// Exported and not yet seen again.
    pub awaiting: bool,
    /// Code of the error of the last synchronization.
    pub import_error: Option<ErrorCode>,
    /// Code of the error of the last export.
    pub export_error: Option<ErrorCode>,
    /// Joined or disconnected by hand.
    pub explicit: bool,
    /// Identifier of the metaverse object it is joined to.
    pub mv_guid: Option<Uuid>,
}

struct Lookup {
    index: &'static str,
    condition: &'static str,
    parameters: Vec<SqlValue>,
}

impl Lookup {
    fn new(index: &'static str, condition: &'static str) -> Self {
        Self { index, condition, parameters: Vec::new() }
    }

    fn with(mut self, value: impl Into<SqlValue>) -> Self {
        self.parameters.push(value.into());
        self
    }
}

/// Numbers of the objects that a criterion selects, in DN order. `text` further restricts them to those
/// whose DN or display name contains it, without regard to case; empty text restricts nothing.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn ids(
    connection: &Connection,
    connector: ConnectorId,
    criterion: &CsCriterion,
    text: &str,
) -> Result<Vec<CsId>, StoreError> {
    let names = |condition| Lookup::new("cs_object_dn", condition);
    let lookup = match criterion {
        CsCriterion::All => names("1"),
        CsCriterion::Under { key, .. } if key.is_empty() => names("1"),
        CsCriterion::Under { key, include_base } => names("(substr(dn_key, -length(?2)) = ?2 OR (?3 AND dn_key = ?4))")
            .with(format!(",{key}"))
            .with(*include_base)
            .with(key.clone()),
        CsCriterion::Named(ranges) => {
            let mut found = Vec::new();
            for range in ranges {
                let lookup = names("dn_key >= ?2 AND dn_key < ?3").with(range.low.clone()).with(range.high.clone());
                found.extend(select(connection, connector, &lookup, text, &HashSet::new())?);
            }
            return Ok(found);
        }
        CsCriterion::Identified { key, anchors, guid } => {
            return identified(connection, connector, key.as_deref(), anchors, *guid, text);
        }
        CsCriterion::PendingImport(operations) => {
            Lookup::new("cs_object_import", "import_op <> 0 AND ((1 << import_op) & ?2) <> 0").with(mask(operations))
        }
        CsCriterion::PendingExport(operations) => {
            Lookup::new("cs_object_export", "export_op <> 0 AND ((1 << export_op) & ?2) <> 0").with(mask(operations))
        }
        CsCriterion::ImportError => Lookup::new("cs_object_import_error", "import_error IS NOT NULL"),
        CsCriterion::ExportError => Lookup::new("cs_object_export_error", "export_error IS NOT NULL"),
        CsCriterion::Connector => {
            // Most objects are joined: the few that are not have indexes of their own.
            let mut others: HashSet<i64> = HashSet::new();
            for rest in [CsCriterion::Disconnector, CsCriterion::Placeholder] {
                others.extend(ids(connection, connector, &rest, "")?.into_iter().map(|id| id.0));
            }
            return select(connection, connector, &names("1"), text, &others);
        }
        CsCriterion::InState { joined: true, state } => {
            names("mv IS NOT NULL AND object_type IS NOT NULL AND connector_state = ?2").with(*state)
        }
        CsCriterion::InState { joined: false, state } => {
            Lookup::new("cs_object_disconnector", "mv IS NULL AND object_type IS NOT NULL AND connector_state = ?2").with(*state)
        }
        CsCriterion::Disconnector => Lookup::new("cs_object_disconnector", "mv IS NULL AND object_type IS NOT NULL"),
        CsCriterion::AwaitingConfirmation => Lookup::new("cs_object_awaiting", "awaiting <> 0"),
        CsCriterion::DisconnectedSince(time) => {
            Lookup::new("cs_object_disconnector", "mv IS NULL AND object_type IS NOT NULL AND disconnected >= ?2")
                .with(to_stored(*time))
        }
        CsCriterion::Placeholder => Lookup::new("cs_object_placeholder", "object_type IS NULL"),
    };
    select(connection, connector, &lookup, text, &HashSet::new())
}

fn mask(operations: &[ObjectOperation]) -> i64 {
    operations.iter().fold(0, |mask, operation| mask | 1 << operation.code())
}

fn select(
    connection: &Connection,
    connector: ConnectorId,
    lookup: &Lookup,
    text: &str,
    without: &HashSet<i64>,
) -> Result<Vec<CsId>, StoreError> {
    let failed = StoreError::sqlite("searching a connector space");
    let needle = fold_text(text.trim());
    let columns = if needle.is_empty() { "id" } else { "id, dn, display_name" };
    let (index, condition) = (lookup.index, lookup.condition);
    let sql = format!("SELECT {columns} FROM cs_object INDEXED BY {index} WHERE connector = ?1 AND {condition} ORDER BY dn_key");
    let mut statement = connection.prepare_cached(&sql).map_err(&failed)?;
    let parameters = std::iter::once(SqlValue::Integer(connector.0)).chain(lookup.parameters.iter().cloned());
    let mut rows = statement.query(params_from_iter(parameters)).map_err(&failed)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(&failed)? {
        let id: i64 = row.get(0).map_err(&failed)?;
        if without.contains(&id) {
            continue;
        }
        let contains = |column: usize| -> Result<bool, StoreError> {
            let text = row.get_ref(column).map_err(&failed)?.as_str().map_err(|error| StoreError::damaged("a name", error))?;
            Ok(fold_text(text).contains(&needle))
        };
        if needle.is_empty() || contains(1)? || contains(2)? {
            found.push(CsId(id));
        }
    }
    Ok(found)
}

fn identified(
    connection: &Connection,
    connector: ConnectorId,
    key: Option<&str>,
    anchors: &[Vec<u8>],
    guid: Option<Uuid>,
    text: &str,
) -> Result<Vec<CsId>, StoreError> {
    let mut lookups = Vec::new();
    if let Some(key) = key {
        lookups.push(Lookup::new("cs_object_dn", "dn_key = ?2").with(key.to_owned()));
    }
    for anchor in anchors {
        lookups.push(Lookup::new("cs_object_anchor", "anchor = ?2").with(anchor.clone()));
    }
    let mut found = Vec::new();
    for lookup in &lookups {
        found.extend(select(connection, connector, lookup, text, &HashSet::new())?);
    }
    if let Some(id) = guid.map(|guid| id_by_guid(connection, guid)).transpose()?.flatten() {
        let own = Lookup::new("cs_object_dn", "dn_key = (SELECT dn_key FROM cs_object WHERE id = ?2) AND id = ?2").with(id.0);
        found.extend(select(connection, connector, &own, text, &HashSet::new())?);
    }
    let keys = names(connection, found.iter().copied())?;
    found.sort_by(|a, b| keys.get(a).map(|name| &name.dn).cmp(&keys.get(b).map(|name| &name.dn)).then(a.cmp(b)));
    found.dedup();
    Ok(found)
}

/// The kinds of relative names that a connector space holds (`cn`, `dc`, `ou`), in order.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn name_types(connection: &Connection, connector: ConnectorId) -> Result<Vec<String>, StoreError> {
    let mut statement = connection
        .prepare_cached(
            "SELECT dn_key FROM cs_object INDEXED BY cs_object_dn WHERE connector = ?1 AND dn_key >= ?2 ORDER BY dn_key LIMIT 1",
        )
        .map_err(StoreError::sqlite("reading kinds of names"))?;
    let mut types: Vec<String> = Vec::new();
    let mut from = String::new();
    while types.len() < MOST_NAME_TYPES {
        let key: Option<String> = statement
            .query_row((connector.0, &from), |row| row.get(0))
            .optional()
            .map_err(StoreError::sqlite("reading kinds of names"))?;
        let Some(name_type) = key.as_deref().and_then(|key| key.split_once('=')).map(|(name_type, _)| name_type.to_owned())
        else {
            break;
        };
        // `>` is the character after `=`.
        from = format!("{name_type}>");
        types.push(name_type);
    }
    Ok(types)
}

/// The number behind a GUID.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn id_by_guid(connection: &Connection, guid: Uuid) -> Result<Option<CsId>, StoreError> {
    connection
        .prepare_cached("SELECT id FROM cs_object WHERE guid = ?1")
        .and_then(|mut statement| statement.query_row([guid.as_bytes().as_slice()], |row| row.get(0).map(CsId)).optional())
        .map_err(StoreError::sqlite("looking up a GUID"))
}

/// Numbers of the objects joined to a metaverse object.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn ids_by_mv(connection: &Connection, mv: MvId) -> Result<Vec<CsId>, StoreError> {
    let failed = StoreError::sqlite("looking up joined objects");
    let mut statement =
        connection.prepare_cached("SELECT id FROM cs_object WHERE mv = ?1 ORDER BY connector, dn_key").map_err(&failed)?;
    let rows = statement.query_map([mv.0], |row| row.get(0).map(CsId)).map_err(&failed)?;
    rows.collect::<Result<_, _>>().map_err(&failed)
}

/// Rows of lists, in the order asked for. Numbers that do not exist are left out.
///
/// # Errors
/// [`StoreError`] when the database cannot be read or a row is damaged.
pub fn rows(connection: &Connection, ids: &[CsId]) -> Result<Vec<CsRow>, StoreError> {
    let failed = StoreError::sqlite("reading connector space objects");
    let mut statement = connection
        .prepare_cached(
            "SELECT id, guid, connector, dn, object_type, display_name, import_op, export_op, mv, awaiting, import_error, export_error,
                connector_state = 1, (SELECT mv_object.guid FROM mv_object WHERE mv_object.id = cs_object.mv)
             FROM cs_object WHERE id IN rarray(?1)",
        )
        .map_err(&failed)?;
    let mut rows = statement.query([&integers(ids.iter().map(|id| id.0))]).map_err(&failed)?;
    let mut found = BTreeMap::new();
    while let Some(row) = rows.next().map_err(&failed)? {
        let code = |column: usize| -> Result<Option<ErrorCode>, StoreError> {
            let text: Option<String> = row.get(column).map_err(&failed)?;
            text.map(|text| json::<StoredError>("an object error", &text).map(|stored| stored.error.code)).transpose()
        };
        let id = CsId(row.get(0).map_err(&failed)?);
        found.insert(
            id,
            CsRow {
                id,
                guid: guid(&row.get::<_, Vec<u8>>(1).map_err(&failed)?)?,
                connector: ConnectorId(row.get(2).map_err(&failed)?),
                dn: row.get(3).map_err(&failed)?,
                object_type: row.get::<_, Option<String>>(4).map_err(&failed)?.unwrap_or_default(),
                display_name: row.get(5).map_err(&failed)?,
                import: ObjectOperation::from_code(row.get(6).map_err(&failed)?),
                export: ObjectOperation::from_code(row.get(7).map_err(&failed)?),
                mv: row.get::<_, Option<i64>>(8).map_err(&failed)?.map(MvId),
                awaiting: row.get(9).map_err(&failed)?,
                import_error: code(10)?,
                export_error: code(11)?,
                explicit: row.get(12).map_err(&failed)?,
                mv_guid: row.get::<_, Option<Vec<u8>>>(13).map_err(&failed)?.map(|bytes| guid(&bytes)).transpose()?,
            },
        );
    }
    Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
}

/// Name and identifier of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CsName {
    /// Identifier.
    pub guid: Uuid,
    /// Connector.
    pub connector: ConnectorId,
    /// Name.
    pub dn: String,
}

/// Names of objects by number.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn names(connection: &Connection, ids: impl IntoIterator<Item = CsId>) -> Result<BTreeMap<CsId, CsName>, StoreError> {
    let failed = StoreError::sqlite("reading names");
    let mut statement =
        connection.prepare_cached("SELECT id, guid, connector, dn FROM cs_object WHERE id IN rarray(?1)").map_err(&failed)?;
    let mut rows = statement.query([&integers(ids.into_iter().map(|id| id.0))]).map_err(&failed)?;
    let mut names = BTreeMap::new();
    while let Some(row) = rows.next().map_err(&failed)? {
        let name = CsName {
            guid: guid(&row.get::<_, Vec<u8>>(1).map_err(&failed)?)?,
            connector: ConnectorId(row.get(2).map_err(&failed)?),
            dn: row.get(3).map_err(&failed)?,
        };
        names.insert(CsId(row.get(0).map_err(&failed)?), name);
    }
    Ok(names)
}

/// The display names of objects; those without one are absent.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn display_names(
    connection: &Connection,
    guids: impl IntoIterator<Item = Uuid>,
) -> Result<BTreeMap<Uuid, String>, StoreError> {
    let failed = StoreError::sqlite("reading names");
    let guids: Vec<Uuid> = guids.into_iter().collect();
    if guids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let mut statement = connection
        .prepare_cached("SELECT guid, display_name FROM cs_object WHERE guid IN rarray(?1) AND display_name <> ''")
        .map_err(&failed)?;
    let mut rows = statement.query([&blobs(guids.iter().map(|guid| guid.as_bytes().as_slice()))]).map_err(&failed)?;
    let mut names = BTreeMap::new();
    while let Some(row) = rows.next().map_err(&failed)? {
        names.insert(guid(&row.get::<_, Vec<u8>>(0).map_err(&failed)?)?, row.get(1).map_err(&failed)?);
    }
    Ok(names)
}

/// Numbers of the objects with a pending export: deletes, delete-adds, adds, updates, each in DN order.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn pending_export_ids(
    connection: &Connection,
    connector: ConnectorId,
    operations: &[ObjectOperation],
) -> Result<Vec<CsId>, StoreError> {
    let failed = StoreError::sqlite("reading pending exports");
    let mut statement = connection
        .prepare_cached(
            "SELECT id FROM cs_object INDEXED BY cs_object_export
             WHERE connector = ?1 AND export_op <> 0 AND ((1 << export_op) & ?2) <> 0
             ORDER BY CASE export_op WHEN 4 THEN 0 WHEN 3 THEN 1 WHEN 1 THEN 2 ELSE 3 END, dn_key",
        )
        .map_err(&failed)?;
    let rows = statement.query_map((connector.0, mask(operations)), |row| row.get(0).map(CsId)).map_err(&failed)?;
    rows.collect::<Result<_, _>>().map_err(&failed)
}
