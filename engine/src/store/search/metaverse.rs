//! Searching the metaverse.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::types::ToSql;
use rusqlite::{Connection, OptionalExtension as _, params_from_iter};
use uuid::Uuid;

use crate::model::{AttributeId, Image, MvId, decode_image, fold_text};
use crate::store::StoreError;
use crate::store::sql::{blobs, guid, integers};

/// Which metaverse objects are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MvCriterion<'a> {
    /// Only objects of this type.
    pub object_type: Option<&'a str>,
    /// Only objects found under this text; their GUID counts as well.
    pub text: &'a str,
    /// Only objects that are found under each of these texts, folded.
    pub names: &'a [String],
    /// Only these.
    pub among: Option<&'a [i64]>,
}

/// Numbers of the objects that a criterion selects, in order of display name.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn ids(connection: &Connection, criterion: &MvCriterion<'_>) -> Result<Vec<MvId>, StoreError> {
    let failed = StoreError::sqlite("searching the metaverse");
    let (sql, parameters) = statement(criterion);
    let mut statement = connection.prepare_cached(&sql).map_err(&failed)?;
    let rows = statement.query_map(params_from_iter(parameters), |row| row.get(0).map(MvId)).map_err(&failed)?;
    rows.collect::<Result<_, _>>().map_err(&failed)
}

/// The statement that selects numbers, and its parameters.
fn statement(criterion: &MvCriterion<'_>) -> (String, Vec<Box<dyn ToSql>>) {
    let mut conditions: Vec<&str> = Vec::new();
    let mut parameters: Vec<Box<dyn ToSql>> = Vec::new();
    if let Some(object_type) = criterion.object_type {
        conditions.push("object_type = ?");
        parameters.push(Box::new(object_type.to_owned()));
    }
    let text = fold_text(criterion.text.trim());
    if !text.is_empty() {
        conditions.push("(instr(search_text, ?) > 0 OR id = (SELECT id FROM mv_object WHERE guid = ?))");
        let guid = Uuid::parse_str(&text).ok().map(|guid| guid.as_bytes().to_vec());
        parameters.push(Box::new(text));
        parameters.push(Box::new(guid));
    }
    for name in criterion.names {
        conditions.push("instr(search_text, ?) > 0");
        parameters.push(Box::new(name.clone()));
    }
    if let Some(among) = criterion.among {
        conditions.push("id IN rarray(?)");
        parameters.push(Box::new(integers(among.iter().copied())));
    }
    let condition = if conditions.is_empty() { "1".to_owned() } else { conditions.join(" AND ") };
    // An index that holds what is searched is many times smaller than the objects, and in the order of lists already.
    let index = if criterion.among.is_none() { "INDEXED BY mv_object_search" } else { "" };
    (format!("SELECT id FROM mv_object {index} WHERE {condition} ORDER BY display_name COLLATE NOCASE, id"), parameters)
}

/// What lists show of a metaverse object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MvRow {
    /// Number.
    pub id: MvId,
    /// Identifier.
    pub guid: Uuid,
    /// Type.
    pub object_type: String,
    /// Display name; may be empty.
    pub display_name: String,
    /// Attributes other than references.
    pub image: Image,
}

/// Rows of lists, in the order asked for. Numbers that do not exist are left out.
///
/// # Errors
/// [`StoreError`] when the database cannot be read or a row is damaged.
pub fn rows(connection: &Connection, ids: &[MvId]) -> Result<Vec<MvRow>, StoreError> {
    let failed = StoreError::sqlite("reading metaverse objects");
    let mut statement = connection
        .prepare_cached("SELECT id, guid, object_type, display_name, image FROM mv_object WHERE id IN rarray(?1)")
        .map_err(&failed)?;
    let mut rows = statement.query([&integers(ids.iter().map(|id| id.0))]).map_err(&failed)?;
    let mut found = BTreeMap::new();
    while let Some(row) = rows.next().map_err(&failed)? {
        let id = MvId(row.get(0).map_err(&failed)?);
        let image =
            row.get_ref(4).map_err(&failed)?.as_blob().map_err(|error| StoreError::damaged("a metaverse object", error))?;
        found.insert(
            id,
            MvRow {
                id,
                guid: guid(&row.get::<_, Vec<u8>>(1).map_err(&failed)?)?,
                object_type: row.get(2).map_err(&failed)?,
                display_name: row.get(3).map_err(&failed)?,
                image: decode_image(image)?,
            },
        );
    }
    Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
}

/// The number behind a GUID.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn id_by_guid(connection: &Connection, guid: Uuid) -> Result<Option<MvId>, StoreError> {
    connection
        .prepare_cached("SELECT id FROM mv_object WHERE guid = ?1")
        .and_then(|mut statement| statement.query_row([guid.as_bytes().as_slice()], |row| row.get(0).map(MvId)).optional())
        .map_err(StoreError::sqlite("looking up a GUID"))
}

/// Numbers of joined connector space objects by metaverse object.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn connector_counts(connection: &Connection, ids: &[MvId]) -> Result<BTreeMap<MvId, u64>, StoreError> {
    let failed = StoreError::sqlite("counting joined objects");
    let mut statement =
        connection.prepare_cached("SELECT mv, count(*) FROM cs_object WHERE mv IN rarray(?1) GROUP BY mv").map_err(&failed)?;
    let rows = statement
        .query_map([&integers(ids.iter().map(|id| id.0))], |row| Ok((MvId(row.get(0)?), row.get::<_, i64>(1)?.unsigned_abs())))
        .map_err(&failed)?;
    rows.collect::<Result<_, _>>().map_err(&failed)
}

/// Those of some objects that hold a value in a reference attribute; with a `target`, that value.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn with_reference(
    connection: &Connection,
    ids: &[MvId],
    attribute: AttributeId,
    target: Option<MvId>,
) -> Result<BTreeSet<MvId>, StoreError> {
    let failed = StoreError::sqlite("reading references");
    let mut statement = connection
        .prepare_cached(
            "SELECT wanted.value FROM rarray(?1) AS wanted WHERE EXISTS (
                SELECT 1 FROM mv_reference WHERE object = wanted.value AND attribute = ?2 AND (?3 IS NULL OR target = ?3))",
        )
        .map_err(&failed)?;
    let list = integers(ids.iter().map(|id| id.0));
    let rows =
        statement.query_map((&list, attribute.0, target.map(|target| target.0)), |row| row.get(0).map(MvId)).map_err(&failed)?;
    rows.collect::<Result<_, _>>().map_err(&failed)
}

/// True when join keys are kept for a metaverse attribute, so that equality can be looked up.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn has_keys(connection: &Connection, attribute: AttributeId) -> Result<bool, StoreError> {
    connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM join_key WHERE space = 0 AND attribute = ?1)")
        .and_then(|mut statement| statement.query_row([attribute.0], |row| row.get(0)))
        .map_err(StoreError::sqlite("looking up join keys"))
}

/// The display names of objects by GUID; those without one are absent.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn identity_names(
    connection: &Connection,
    guids: impl IntoIterator<Item = Uuid>,
) -> Result<BTreeMap<Uuid, String>, StoreError> {
    let failed = StoreError::sqlite("reading names");
    let guids: Vec<Uuid> = guids.into_iter().collect();
    let mut names = BTreeMap::new();
    if guids.is_empty() {
        return Ok(names);
    }
    let mut statement = connection
        .prepare_cached("SELECT guid, display_name FROM mv_object WHERE guid IN rarray(?1) AND display_name <> ''")
        .map_err(&failed)?;
    let mut rows = statement.query([&blobs(guids.iter().map(|guid| guid.as_bytes().as_slice()))]).map_err(&failed)?;
    while let Some(row) = rows.next().map_err(&failed)? {
        names.insert(guid(&row.get::<_, Vec<u8>>(0).map_err(&failed)?)?, row.get(1).map_err(&failed)?);
    }
    Ok(names)
}

/// GUID and display name of objects by number.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn names(connection: &Connection, ids: impl IntoIterator<Item = MvId>) -> Result<BTreeMap<MvId, (Uuid, String)>, StoreError> {
    let failed = StoreError::sqlite("reading names");
    let mut statement =
        connection.prepare_cached("SELECT id, guid, display_name FROM mv_object WHERE id IN rarray(?1)").map_err(&failed)?;
    let mut rows = statement.query([&integers(ids.into_iter().map(|id| id.0))]).map_err(&failed)?;
    let mut names = BTreeMap::new();
    while let Some(row) = rows.next().map_err(&failed)? {
        let guid = guid(&row.get::<_, Vec<u8>>(1).map_err(&failed)?)?;
        names.insert(MvId(row.get(0).map_err(&failed)?), (guid, row.get(2).map_err(&failed)?));
    }
    Ok(names)
}

/// Numbers of objects by type.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn type_counts(connection: &Connection) -> Result<BTreeMap<String, u64>, StoreError> {
    let failed = StoreError::sqlite("counting metaverse objects");
    let mut statement = connection
        .prepare_cached("SELECT object_type, count(*) FROM mv_object GROUP BY object_type ORDER BY object_type")
        .map_err(&failed)?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs()))).map_err(&failed)?;
    rows.collect::<Result<_, _>>().map_err(&failed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Database;

    #[test]
    fn searches_read_an_index_in_the_order_of_the_list_and_no_object() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(&folder.path().join("syncline.db")).unwrap();
        let reader = database.reader().unwrap();
        let check = |criterion: MvCriterion<'_>| {
            let (sql, parameters) = statement(&criterion);
            let mut explained = reader.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            let plan = explained.query_map(params_from_iter(parameters), |row| row.get::<_, String>(3)).unwrap();
            let plan: Vec<String> = plan.map(Result::unwrap).collect();
            assert_eq!(
                plan.first().map(String::as_str),
                Some("SCAN mv_object USING COVERING INDEX mv_object_search"),
                "{plan:?}"
            );
            assert!(!plan.iter().any(|line| line.contains("TEMP B-TREE")), "{plan:?}");
        };
        let names = ["ada".to_owned()];
        check(MvCriterion::default());
        check(MvCriterion { object_type: Some("person"), ..MvCriterion::default() });
        check(MvCriterion { text: "ada", names: &names, ..MvCriterion::default() });
        check(MvCriterion { text: "01a2087c-0ee1-75b2-bb9b-47923f0c5d14", ..MvCriterion::default() });
    }
}
