//! The types that are served, their properties, and which of these can be written.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::{Map, Value};

use crate::schema::{self, Kind};
use crate::server::http::Request;

/// When a property can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Writable {
    Never,
    AtCreation,
    /// Not on objects whose source of authority is on premises.
    OfCloudObjects,
    Always,
}

/// One property of a type.
#[derive(Debug)]
pub(super) struct Property {
    pub(super) name: &'static str,
    /// Name of the type of its value, or of each value of a list.
    pub(super) of: &'static str,
    pub(super) list: bool,
    pub(super) nullable: bool,
    /// Sent without `$select`.
    pub(super) default: bool,
    pub(super) writable: Writable,
    /// Served under `/beta` only.
    pub(super) beta: bool,
}

/// A type with an entity set.
#[derive(Debug)]
pub(super) struct EntityType {
    pub(super) name: &'static str,
    /// Name of the set.
    pub(super) set: &'static str,
    /// The class of directory objects the set holds, if it holds some.
    pub(super) kind: Option<Kind>,
    pub(super) properties: Vec<Property>,
}

/// A type of the schema, as other modules refer to it.
pub(super) type Entity = &'static EntityType;

/// Every type that is served.
pub(super) struct Schema {
    pub(super) entities: Vec<EntityType>,
    pub(super) complex: BTreeMap<&'static str, Vec<Property>>,
    /// Those of the structured types that are served under `/beta` only.
    pub(super) beta: Vec<&'static str>,
    pub(super) enumerations: BTreeMap<&'static str, Vec<&'static str>>,
}

static SCHEMA: LazyLock<Schema> = LazyLock::new(|| parse(include_str!("../../assets/graph-schema.txt")));

fn parse(text: &'static str) -> Schema {
    let mut schema = Schema { entities: Vec::new(), complex: BTreeMap::new(), beta: Vec::new(), enumerations: BTreeMap::new() };
    let mut complex: Option<&'static str> = None;
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let words: Vec<&'static str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["entity", name, set] => {
                let kind = kind_of(name);
                schema.entities.push(EntityType { name, set, kind, properties: Vec::new() });
                complex = None;
            }
            ["complex", name, version @ ..] => {
                schema.beta.extend(version.contains(&"beta").then_some(*name));
                schema.complex.insert(name, Vec::new());
                complex = Some(name);
            }
            ["enum", name, members @ ..] => {
                schema.enumerations.insert(name, members.to_vec());
            }
            [name, of, rest @ ..] => {
                let property = property(name, of, rest.first().copied().unwrap_or_default());
                let properties = match complex {
                    Some(name) => schema.complex.get_mut(name),
                    None => schema.entities.last_mut().map(|entity| &mut entity.properties),
                };
                if let Some(properties) = properties {
                    properties.push(property);
                }
            }
            _ => {}
        }
    }
    schema
}

fn kind_of(name: &str) -> Option<Kind> {
    match name {
        "user" => Some(Kind::User),
        "group" => Some(Kind::Group),
        "orgContact" => Some(Kind::Contact),
        "device" => Some(Kind::Device),
        _ => None,
    }
}

fn property(name: &'static str, of: &'static str, flags: &str) -> Property {
    let list = of.starts_with('[');
    let nullable = !list && !of.ends_with('!');
    let writable = match flags {
        flags if flags.contains('s') => Writable::Always,
        flags if flags.contains('w') => Writable::OfCloudObjects,
        flags if flags.contains('c') => Writable::AtCreation,
        _ => Writable::Never,
    };
    Property {
        name,
        of: of.trim_matches(['[', ']', '!']),
        list,
        nullable,
        default: flags.contains('d'),
        writable,
        beta: flags.contains('b'),
    }
}

/// Every type that is served.
pub(super) fn all() -> &'static Schema {
    &SCHEMA
}

/// A type by its name.
pub(super) fn entity(name: &str) -> Option<Entity> {
    SCHEMA.entities.iter().find(|entity| entity.name == name)
}

/// The type of an entity set of directory objects.
pub(super) fn of_set(set: &str) -> Option<(Entity, Kind)> {
    let entity = SCHEMA.entities.iter().find(|entity| entity.set == set)?;
    Some((entity, entity.kind?))
}

/// The type of a class; public folders have none.
pub(super) fn of_kind(kind: Kind) -> Option<Entity> {
    SCHEMA.entities.iter().find(|entity| entity.kind == Some(kind))
}

impl EntityType {
    /// Name of the type in answers.
    pub(super) fn odata_type(&self) -> String {
        format!("#microsoft.graph.{}", self.name)
    }

    /// A property by its name.
    pub(super) fn property(&self, name: &str) -> Option<&Property> {
        self.properties.iter().find(|property| property.name == name)
    }

    /// Whether values of directory extensions can be on objects of the type.
    pub(super) fn takes_extensions(&self) -> bool {
        matches!(self.kind, Some(Kind::User | Kind::Group | Kind::Device))
    }

    /// Whether the type has the property.
    pub(super) fn has(&self, name: &str) -> bool {
        self.property(name).is_some() || (self.takes_extensions() && schema::is_extension(name))
    }

    /// Whether the type has the property in the version that the request asks.
    pub(super) fn shows(&self, name: &str, request: &Request) -> bool {
        self.has(name) && (request.is_beta() || self.property(name).is_none_or(|property| !property.beta))
    }

    /// Names of the properties that are sent without `$select`.
    pub(super) fn defaults(&self) -> Vec<&'static str> {
        self.properties.iter().filter(|property| property.default).map(|property| property.name).collect()
    }
}

impl Property {
    /// Whether the value can be a value of the property.
    pub(super) fn fits(&self, value: &Value) -> bool {
        match value {
            Value::Null => self.nullable || self.list,
            Value::Array(items) if self.list => items.iter().all(|item| is_of(self.of, item)),
            _ if self.list => false,
            one => is_of(self.of, one),
        }
    }
}

fn is_of(name: &str, value: &Value) -> bool {
    match name {
        "Boolean" => value.is_boolean(),
        "Int32" => value.as_i64().is_some_and(|number| i32::try_from(number).is_ok()),
        "String" | "Binary" => value.is_string(),
        "Guid" => value.as_str().is_some_and(|text| text.parse::<uuid::Uuid>().is_ok()),
        "DateTimeOffset" => value.as_str().is_some_and(|text| text.parse::<jiff::Timestamp>().is_ok()),
        name => match SCHEMA.enumerations.get(name) {
            Some(members) => value.as_str().is_some_and(|text| members.contains(&text)),
            None => value.as_object().is_some_and(|fields| is_complex(name, fields)),
        },
    }
}

fn is_complex(name: &str, fields: &Map<String, Value>) -> bool {
    let Some(properties) = SCHEMA.complex.get(name) else {
        return false;
    };
    fields.iter().all(|(field, value)| {
        field.contains("@odata.") || properties.iter().any(|property| property.name == field && property.fits(value))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_table_names_only_types_it_defines() {
        let primitive = ["String", "Boolean", "Int32", "Guid", "DateTimeOffset", "Binary"];
        let known =
            |name: &str| primitive.contains(&name) || SCHEMA.complex.contains_key(name) || SCHEMA.enumerations.contains_key(name);
        let complex = SCHEMA.complex.values().flatten();
        for property in SCHEMA.entities.iter().flat_map(|entity| &entity.properties).chain(complex) {
            assert!(known(property.of), "{}: {}", property.name, property.of);
        }
        assert_eq!(entity("user").unwrap().defaults().len(), 11);
    }

    #[test]
    fn values_are_checked_against_their_types() {
        let check = |name: &str, value: Value, expected: bool| {
            assert_eq!(entity("user").unwrap().property(name).unwrap().fits(&value), expected, "{name} {value}");
        };
        check("displayName", json!("x"), true);
        check("displayName", json!(1), false);
        check("displayName", Value::Null, true);
        check("businessPhones", json!(["1"]), true);
        check("businessPhones", json!("1"), false);
        check("employeeHireDate", json!("2024-01-01T00:00:00Z"), true);
        check("employeeHireDate", json!("soon"), false);
        check("passwordProfile", json!({ "password": "x", "@odata.type": "y" }), true);
        check("passwordProfile", json!({ "colour": "x" }), false);
    }
}
