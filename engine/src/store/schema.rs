//! The schema of the metaverse: what ships, and what this database adds to it.

use rusqlite::{Connection, Transaction};

use super::StoreError;
use super::options::{self, METAVERSE_ADDITIONS};
use super::sql::{json, to_json};
use crate::model::Schema;
use crate::rules::metaverse_schema;

/// The schema of the metaverse.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn metaverse(connection: &Connection) -> Result<Schema, StoreError> {
    let mut schema = metaverse_schema().map_err(|error| StoreError::damaged("the metaverse schema", error))?;
    if let Some(text) = options::get(connection, METAVERSE_ADDITIONS)? {
        schema.extend(&json("an addition to the metaverse schema", &text)?);
    }
    Ok(schema)
}

/// Adds object types and attributes to the metaverse; what is there already stays as it is.
///
/// # Errors
/// [`StoreError`] when the database cannot be written.
pub fn extend_metaverse(transaction: &Transaction<'_>, additions: &Schema) -> Result<(), StoreError> {
    let mut all: Schema = match options::get(transaction, METAVERSE_ADDITIONS)? {
        Some(text) => json("an addition to the metaverse schema", &text)?,
        None => Schema::default(),
    };
    all.extend(additions);
    options::set(transaction, METAVERSE_ADDITIONS, Some(&to_json("an addition to the metaverse schema", &all)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Database;

    #[test]
    fn the_metaverse_grows_and_keeps_what_it_has() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(&folder.path().join("syncline.db")).unwrap();
        let shipped = metaverse(&database.reader().unwrap()).unwrap();
        let add = |text: &str| {
            let mut writer = database.writer();
            let transaction = writer.transaction().unwrap();
            extend_metaverse(&transaction, &Schema::from_toml(text).unwrap()).unwrap();
            transaction.commit().unwrap();
        };
        add(
            "[attributes]\ncostCentre = \"string indexed\"\ncn = \"integer\"\n[types]\nperson = [\"costCentre\"]\nrobot = [\"cn\"]",
        );
        add("[attributes]\nshoeSize = \"integer\"\ncostCentre = \"binary\"\n[types]\nrobot = [\"shoeSize\", \"costCentre\"]");
        let grown = metaverse(&database.reader().unwrap()).unwrap();
        assert_eq!(grown.attributes().count(), shipped.attributes().count() + 2);
        assert_eq!(grown.attribute("cn"), shipped.attribute("cn"));
        assert!(grown.attribute_of("person", "COSTCENTRE").unwrap().indexed);
        let robot: Vec<&str> = grown.attributes_of("robot").map(|attribute| attribute.name.as_str()).collect();
        assert_eq!(robot, ["cn", "costCentre", "shoeSize"]);
        assert!(grown.attribute_of("person", "shoeSize").is_none());
    }
}
