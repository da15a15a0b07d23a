//! How many metaverse objects hold which attributes.

use std::collections::BTreeMap;

use rusqlite::Connection;

use crate::model::{AttributeId, MvId, Value, decode_image};
use crate::store::StoreError;
use crate::store::lineage::decode_lineage;

/// Objects that hold an attribute, by object type and attribute.
pub type Population = BTreeMap<String, BTreeMap<AttributeId, u64>>;

/// Counts the objects that hold each attribute: one pass over the lineage of all objects.
///
/// # Errors
/// [`StoreError`] when the database cannot be read or a row is damaged.
pub fn population(connection: &Connection) -> Result<Population, StoreError> {
    let failed = StoreError::sqlite("counting metaverse values");
    let mut statement = connection.prepare_cached("SELECT object_type, lineage FROM mv_object").map_err(&failed)?;
    let mut rows = statement.query([]).map_err(&failed)?;
    let mut found = Population::new();
    while let Some(row) = rows.next().map_err(&failed)? {
        let text = |error: rusqlite::types::FromSqlError| StoreError::damaged("a metaverse object", error);
        let object_type = row.get_ref(0).map_err(&failed)?.as_str().map_err(text)?;
        let lineage = decode_lineage(row.get_ref(1).map_err(&failed)?.as_blob().map_err(text)?)?;
        let counts = match found.get_mut(object_type) {
            Some(counts) => counts,
            None => found.entry(object_type.to_owned()).or_default(),
        };
        for (attribute, _) in &lineage {
            *counts.entry(*attribute).or_default() += 1;
        }
    }
    Ok(found)
}

/// The object with the longest text in an attribute, and its length in UTF-16 units.
///
/// # Errors
/// [`StoreError`] when the database cannot be read or a row is damaged.
pub fn longest_text(connection: &Connection, attribute: AttributeId) -> Result<Option<(MvId, usize)>, StoreError> {
    let failed = StoreError::sqlite("reading metaverse values");
    let mut statement = connection.prepare_cached("SELECT id, image FROM mv_object ORDER BY id").map_err(&failed)?;
    let mut rows = statement.query([]).map_err(&failed)?;
    let mut longest: Option<(MvId, usize)> = None;
    while let Some(row) = rows.next().map_err(&failed)? {
        let bytes = row.get_ref(1).map_err(&failed)?;
        let image = decode_image(bytes.as_blob().map_err(|error| StoreError::damaged("a metaverse object", error))?)?;
        for value in image.get(attribute) {
            if let Value::String(text) = value {
                let length = text.encode_utf16().count();
                if longest.is_none_or(|(_, known)| length > known) {
                    longest = Some((MvId(row.get(0).map_err(&failed)?), length));
                }
            }
        }
    }
    Ok(longest)
}
