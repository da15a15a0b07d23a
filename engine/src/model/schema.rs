//! Schemas of connectors and of the metaverse: object types and the attributes that they may have.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::value::fold_text;
use super::{Value, ValueType};

/// Longest text in an indexed metaverse attribute, in UTF-16 units (`engine.md` 2.4).
pub const INDEXED_LIMIT: usize = 448;

/// What a schema says of one attribute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttributeDefinition {
    /// The name in the schema's spelling.
    pub name: String,
    /// Type of its values.
    pub value_type: ValueType,
    /// May hold several values.
    pub multi_valued: bool,
    /// Indexed in the metaverse: can be searched and joined fast; text is limited to 448 characters.
    #[serde(default)]
    pub indexed: bool,
}

/// A schema text that cannot be used.
#[derive(Debug, Error)]
pub enum SchemaError {
    /// The file is not TOML of the expected form.
    #[error("the schema file cannot be read")]
    Format(#[source] Box<toml::de::Error>),
    /// An attribute's description holds an unknown word.
    #[error("attribute \"{attribute}\": \"{word}\" is not one of string, binary, integer, boolean, reference, multi, indexed")]
    Word {
        /// The attribute.
        attribute: String,
        /// The word that was not understood.
        word: String,
    },
    /// An object type lists an attribute that the schema does not define.
    #[error("object type \"{object_type}\" lists attribute \"{attribute}\", which the schema does not define")]
    UnknownAttribute {
        /// The object type.
        object_type: String,
        /// The attribute.
        attribute: String,
    },
}

#[derive(Deserialize)]
struct SchemaFile {
    attributes: BTreeMap<String, String>,
    types: BTreeMap<String, Vec<String>>,
}

/// Object types and attributes. Names compare without regard to case.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schema {
    /// Attributes by folded name.
    attributes: BTreeMap<String, AttributeDefinition>,
    /// Folded attribute names by object type, in the type's spelling.
    types: BTreeMap<String, BTreeSet<String>>,
    /// What the directory shows and lets nobody write, by object type in the type's spelling.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    read_only: BTreeMap<String, ReadOnly>,
    /// Folded names of attributes that are written and never imported.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    write_only: BTreeSet<String>,
}

/// What cannot be written of an object type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum ReadOnly {
    /// No object of the type can be made, changed or deleted.
    Type,
    /// These attributes, folded.
    Attributes(BTreeSet<String>),
}

impl Schema {
    /// Reads the format of the files in `assets/`: `[attributes] name = "type [multi] [indexed]"`
    /// and `[types] name = ["attribute", ...]`.
    ///
    /// # Errors
    /// [`SchemaError`] names the attribute or object type at fault.
    pub fn from_toml(text: &str) -> Result<Self, SchemaError> {
        let file: SchemaFile = toml::from_str(text).map_err(|error| SchemaError::Format(Box::new(error)))?;
        let mut schema = Self::default();
        for (name, words) in file.attributes {
            let mut definition =
                AttributeDefinition { name: name.clone(), value_type: ValueType::String, multi_valued: false, indexed: false };
            for word in words.split_whitespace() {
                match word {
                    "string" => definition.value_type = ValueType::String,
                    "binary" => definition.value_type = ValueType::Binary,
                    "integer" => definition.value_type = ValueType::Integer,
                    "boolean" => definition.value_type = ValueType::Boolean,
                    "reference" => definition.value_type = ValueType::Reference,
                    "multi" => definition.multi_valued = true,
                    "indexed" => definition.indexed = true,
                    other => return Err(SchemaError::Word { attribute: name, word: other.to_owned() }),
                }
            }
            schema.define(definition);
        }
        for (object_type, attributes) in file.types {
            schema.add_type(&object_type);
            for attribute in attributes {
                if !schema.allow(&object_type, &attribute) {
                    return Err(SchemaError::UnknownAttribute { object_type, attribute });
                }
            }
        }
        Ok(schema)
    }

    /// Adds or replaces an attribute definition.
    pub fn define(&mut self, definition: AttributeDefinition) {
        self.attributes.insert(fold_text(&definition.name), definition);
    }

    /// Adds an object type.
    pub fn add_type(&mut self, object_type: &str) {
        if self.type_name(object_type).is_none() {
            self.types.insert(object_type.to_owned(), BTreeSet::new());
        }
    }

    /// Lets an object type have an attribute. False when the type or attribute is unknown.
    pub fn allow(&mut self, object_type: &str, attribute: &str) -> bool {
        let key = fold_text(attribute);
        let Some(name) = self.type_name(object_type).map(str::to_owned) else { return false };
        if !self.attributes.contains_key(&key) {
            return false;
        }
        self.types.entry(name).or_default().insert(key);
        true
    }

    /// Notes that the directory lets nobody write an attribute of a type.
    pub fn set_read_only(&mut self, object_type: &str, attribute: &str) {
        let Some(name) = self.type_name(object_type).map(str::to_owned) else { return };
        let noted = self.read_only.entry(name).or_insert_with(|| ReadOnly::Attributes(BTreeSet::new()));
        if let ReadOnly::Attributes(attributes) = noted {
            attributes.insert(fold_text(attribute));
        }
    }

    /// Notes that the directory lets nobody write objects of a type.
    pub fn set_type_read_only(&mut self, object_type: &str) {
        if let Some(name) = self.type_name(object_type).map(str::to_owned) {
            self.read_only.insert(name, ReadOnly::Type);
        }
    }

    /// False for an object type that the directory shows and lets nobody write.
    #[must_use]
    pub fn is_type_writable(&self, object_type: &str) -> bool {
        !matches!(self.read_only_of(object_type), Some(ReadOnly::Type))
    }

    /// False for an attribute that the directory shows and lets nobody write.
    #[must_use]
    pub fn is_writable(&self, object_type: &str, attribute: &str) -> bool {
        match self.read_only_of(object_type) {
            None => true,
            Some(ReadOnly::Type) => false,
            Some(ReadOnly::Attributes(attributes)) => !attributes.contains(&fold_text(attribute)),
        }
    }

    /// Notes that an attribute is written and never imported: the directory puts values of its own in the place of none,
    /// so what it shows is no evidence of what was exported.
    pub fn set_write_only(&mut self, attribute: &str) {
        self.write_only.insert(fold_text(attribute));
    }

    /// Folded names of the attributes that are written and never imported.
    pub fn write_only(&self) -> impl Iterator<Item = &str> {
        self.write_only.iter().map(String::as_str)
    }

    /// True for an attribute that is written and never imported.
    #[must_use]
    pub fn is_write_only(&self, attribute: &str) -> bool {
        !self.write_only.is_empty() && self.write_only.contains(&fold_text(attribute))
    }

    fn read_only_of(&self, object_type: &str) -> Option<&ReadOnly> {
        if self.read_only.is_empty() {
            return None;
        }
        self.read_only.get(self.type_name(object_type)?)
    }

    /// Takes an attribute from an object type; its definition stays. False when the type did not have it.
    pub fn disallow(&mut self, object_type: &str, attribute: &str) -> bool {
        let Some(name) = self.type_name(object_type).map(str::to_owned) else { return false };
        self.types.get_mut(&name).is_some_and(|names| names.remove(&fold_text(attribute)))
    }

    /// Takes an object type away; the definitions of its attributes stay. False when there is none of that name.
    pub fn remove_type(&mut self, object_type: &str) -> bool {
        let Some(name) = self.type_name(object_type).map(str::to_owned) else { return false };
        self.types.remove(&name).is_some()
    }

    /// Takes attributes away, from all types.
    pub fn remove_attributes(&mut self, unwanted: impl Fn(&str) -> bool) {
        self.attributes.retain(|_, definition| !unwanted(&definition.name));
        for names in self.types.values_mut() {
            names.retain(|key| self.attributes.contains_key(key));
        }
    }

    /// Adds what another schema has and this one lacks; definitions that are there stay as they are.
    pub fn extend(&mut self, other: &Self) {
        for (key, definition) in &other.attributes {
            self.attributes.entry(key.clone()).or_insert_with(|| definition.clone());
        }
        for object_type in other.types() {
            self.add_type(object_type);
            for definition in other.attributes_of(object_type) {
                self.allow(object_type, &definition.name);
            }
        }
    }

    /// The definition of an attribute, whatever types have it.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&AttributeDefinition> {
        self.attributes.get(&fold_text(name))
    }

    /// The definition of an attribute if the object type may have it.
    #[must_use]
    pub fn attribute_of(&self, object_type: &str, name: &str) -> Option<&AttributeDefinition> {
        let key = fold_text(name);
        let type_name = self.type_name(object_type)?;
        self.types.get(type_name)?.contains(&key).then(|| self.attributes.get(&key)).flatten()
    }

    /// The attributes that an object type may have, ordered by name.
    pub fn attributes_of(&self, object_type: &str) -> impl Iterator<Item = &AttributeDefinition> {
        self.type_name(object_type)
            .and_then(|name| self.types.get(name))
            .into_iter()
            .flatten()
            .filter_map(|key| self.attributes.get(key))
    }

    /// All attributes ordered by name.
    pub fn attributes(&self) -> impl Iterator<Item = &AttributeDefinition> {
        self.attributes.values()
    }

    /// All object types ordered by name.
    pub fn types(&self) -> impl Iterator<Item = &str> {
        self.types.keys().map(String::as_str)
    }

    /// The schema's spelling of an object type.
    #[must_use]
    pub fn type_name(&self, object_type: &str) -> Option<&str> {
        match self.types.get_key_value(object_type) {
            Some((name, _)) => Some(name.as_str()),
            None => self.types.keys().find(|name| name.eq_ignore_ascii_case(object_type)).map(String::as_str),
        }
    }
}

impl AttributeDefinition {
    /// Reads a text as a value of this attribute's type; `None` when it does not fit. Binary is
    /// base64; a reference cannot be made from text here.
    #[must_use]
    pub fn value_from_text(&self, text: &str) -> Option<Value> {
        use base64::Engine as _;
        match self.value_type {
            ValueType::String => Some(Value::text(text)),
            ValueType::Integer => text.trim().parse().ok().map(Value::Integer),
            ValueType::Boolean if text.eq_ignore_ascii_case("true") => Some(Value::Boolean(true)),
            ValueType::Boolean if text.eq_ignore_ascii_case("false") => Some(Value::Boolean(false)),
            ValueType::Binary => base64::engine::general_purpose::STANDARD.decode(text.trim()).ok().map(Value::binary),
            ValueType::Boolean | ValueType::Reference => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schema_files_are_read_and_faults_are_named() {
        let schema = Schema::from_toml(
            "[attributes]\nmail = \"string indexed\"\nmember = \"reference multi\"\n[types]\ngroup = [\"mail\", \"member\"]",
        )
        .unwrap();
        assert!(schema.attribute("MAIL").unwrap().indexed);
        assert!(schema.attribute_of("Group", "Member").unwrap().multi_valued);
        assert!(schema.attribute_of("user", "mail").is_none());
        let fault = |text: &str| Schema::from_toml(text).unwrap_err().to_string();
        assert!(fault("[attributes]\na = \"text\"\n[types]").contains("\"text\""));
        assert!(fault("[attributes]\n[types]\nuser=[\"x\"]").contains("\"x\""));
    }
}
