//! The schema of the metaverse: what ships, and what this database adds to it, changes in it and takes away from it.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, Transaction};
use serde::{Deserialize, Serialize};

use super::StoreError;
use super::options::{self, METAVERSE_ADDITIONS, METAVERSE_EDITS};
use super::sql::{json, to_json};
use crate::model::{AttributeDefinition, Schema, fold_text};
use crate::rules::metaverse_schema;

/// What is different from the shipped schema and is no addition. Kept as a difference, so that what a later version
/// ships arrives in every installation.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
struct Edits {
    /// Object types that are not there.
    types_removed: BTreeSet<String>,
    /// Folded names of attributes that an object type does not have, by type.
    removed: BTreeMap<String, BTreeSet<String>>,
    /// Definitions that are others than the shipped ones.
    changed: Vec<AttributeDefinition>,
}

/// The schema of the metaverse.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn metaverse(connection: &Connection) -> Result<Schema, StoreError> {
    let mut schema = shipped()?;
    if let Some(text) = options::get(connection, METAVERSE_ADDITIONS)? {
        schema.extend(&json("an addition to the metaverse schema", &text)?);
    }
    if let Some(text) = options::get(connection, METAVERSE_EDITS)? {
        let edits: Edits = json("an edit of the metaverse schema", &text)?;
        for (object_type, names) in &edits.removed {
            for name in names {
                schema.disallow(object_type, name);
            }
        }
        for object_type in &edits.types_removed {
            schema.remove_type(object_type);
        }
        for definition in edits.changed {
            schema.define(definition);
        }
    }
    Ok(schema)
}

fn shipped() -> Result<Schema, StoreError> {
    metaverse_schema().map_err(|error| StoreError::damaged("the metaverse schema", error))
}

/// Stores what the metaverse shall look like.
///
/// # Errors
/// [`StoreError`] when the database cannot be written.
pub fn set_metaverse(transaction: &Transaction<'_>, wanted: &Schema) -> Result<(), StoreError> {
    let shipped = shipped()?;
    let (mut additions, mut edits) = (Schema::default(), Edits::default());
    for definition in wanted.attributes() {
        match shipped.attribute(&definition.name) {
            None => additions.define(definition.clone()),
            Some(known) if known != definition => edits.changed.push(definition.clone()),
            Some(_) => {}
        }
    }
    for object_type in wanted.types() {
        if shipped.type_name(object_type).is_none() {
            additions.add_type(object_type);
        }
        for definition in wanted.attributes_of(object_type) {
            if shipped.attribute_of(object_type, &definition.name).is_none() {
                additions.define(shipped.attribute(&definition.name).unwrap_or(definition).clone());
                additions.add_type(object_type);
                additions.allow(object_type, &definition.name);
            }
        }
    }
    for object_type in shipped.types() {
        if wanted.type_name(object_type).is_none() {
            edits.types_removed.insert(object_type.to_owned());
            continue;
        }
        let gone = |definition: &&AttributeDefinition| wanted.attribute_of(object_type, &definition.name).is_none();
        let names: BTreeSet<String> =
            shipped.attributes_of(object_type).filter(gone).map(|definition| fold_text(&definition.name)).collect();
        if !names.is_empty() {
            edits.removed.insert(object_type.to_owned(), names);
        }
    }
    let additions = (additions != Schema::default()).then(|| to_json("an addition to the metaverse schema", &additions));
    let edits = (edits != Edits::default()).then(|| to_json("an edit of the metaverse schema", &edits));
    options::set(transaction, METAVERSE_ADDITIONS, additions.transpose()?.as_deref())?;
    options::set(transaction, METAVERSE_EDITS, edits.transpose()?.as_deref())
}

/// Adds object types and attributes to the metaverse; what is there already stays as it is.
///
/// # Errors
/// [`StoreError`] when the database cannot be written.
pub fn extend_metaverse(transaction: &Transaction<'_>, additions: &Schema) -> Result<(), StoreError> {
    let mut schema = metaverse(transaction)?;
    schema.extend(additions);
    set_metaverse(transaction, &schema)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Database;

    fn written(change: impl Fn(&Transaction<'_>), database: &Database) -> Schema {
        let mut writer = database.writer();
        let transaction = writer.transaction().unwrap();
        change(&transaction);
        transaction.commit().unwrap();
        drop(writer);
        metaverse(&database.reader().unwrap()).unwrap()
    }

    #[test]
    fn the_metaverse_grows_and_keeps_what_it_has() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(&folder.path().join("syncline.db")).unwrap();
        let shipped = metaverse(&database.reader().unwrap()).unwrap();
        let add = |text: &str| {
            let additions = Schema::from_toml(text).unwrap();
            written(|transaction| extend_metaverse(transaction, &additions).unwrap(), &database)
        };
        add(
            "[attributes]\ncostCentre = \"string indexed\"\ncn = \"integer\"\n[types]\nperson = [\"costCentre\"]\nrobot = [\"cn\"]",
        );
        let grown =
            add("[attributes]\nshoeSize = \"integer\"\ncostCentre = \"binary\"\n[types]\nrobot = [\"shoeSize\", \"costCentre\"]");
        assert_eq!(grown.attributes().count(), shipped.attributes().count() + 2);
        assert_eq!(grown.attribute("cn"), shipped.attribute("cn"));
        assert!(grown.attribute_of("person", "COSTCENTRE").unwrap().indexed);
        let robot: Vec<&str> = grown.attributes_of("robot").map(|attribute| attribute.name.as_str()).collect();
        assert_eq!(robot, ["cn", "costCentre", "shoeSize"]);
        assert!(grown.attribute_of("person", "shoeSize").is_none());
    }

    #[test]
    fn whatever_is_wanted_comes_back_as_it_was_wanted() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(&folder.path().join("syncline.db")).unwrap();
        let shipped = metaverse(&database.reader().unwrap()).unwrap();
        let mut wanted = shipped.clone();
        let check = |wanted: &Schema| {
            assert_eq!(written(|transaction| set_metaverse(transaction, wanted).unwrap(), &database), *wanted);
        };
        wanted.extend(&Schema::from_toml("[attributes]\nbadge = \"binary\"\n[types]\nrobot = [\"badge\"]\nperson = []").unwrap());
        wanted.add_type("empty");
        wanted.allow("robot", "mail");
        check(&wanted);
        assert!(wanted.disallow("Person", "MAIL") && !wanted.disallow("person", "mail"));
        assert!(wanted.remove_type("Device"));
        let mail = AttributeDefinition { indexed: false, ..wanted.attribute("mail").unwrap().clone() };
        wanted.define(mail);
        wanted.define(AttributeDefinition { indexed: true, ..wanted.attribute("badge").unwrap().clone() });
        check(&wanted);
        // What is added again is there again.
        let mut back = Schema::from_toml("[attributes]\nmail = \"string indexed\"\n[types]\nperson = [\"mail\"]").unwrap();
        back.extend(&shipped);
        let again = written(|transaction| extend_metaverse(transaction, &back).unwrap(), &database);
        assert!(again.attribute_of("person", "mail").is_some() && again.type_name("device").is_some());
        assert!(!again.attribute("mail").unwrap().indexed);
        check(&shipped);
        let reader = database.reader().unwrap();
        assert_eq!(options::get(&reader, METAVERSE_ADDITIONS).unwrap(), None);
        assert_eq!(options::get(&reader, METAVERSE_EDITS).unwrap(), None);
    }
}
