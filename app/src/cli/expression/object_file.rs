//! `--object-file`: an object as JSON.
//!
//! Either the attributes by name, each a value, a list, `null` or `{"type", "values"}`; or an object with
//! `attributes`, `imported` and `parameters` as test vectors have them.

use std::path::Path;

use serde_json::{Map, Value as Json};
use syncline_expression::json::{read_attribute, read_value};
use syncline_expression::{AttributeKind, AttributeType, Schema, SourceAttribute, SourceObject};

use super::text::read_file;
use crate::cli::exit::Failure;

/// The largest object that is read.
const LONGEST: u64 = 64 << 20;

/// Puts the attributes of a file into an object.
///
/// # Errors
/// [`Failure`] when the file cannot be read or an attribute has another form; the attribute is named.
pub fn load(path: &Path, object: &mut SourceObject) -> Result<(), Failure> {
    let text = read_file(path, "the object", LONGEST)?;
    apply(&text, object).map_err(|fault| Failure::invalid(format!("the object in {}: {fault}", path.display())))
}

/// Puts the attributes of a text into an object.
fn apply(text: &str, object: &mut SourceObject) -> Result<(), String> {
    let json: Json = serde_json::from_str(text).map_err(|error| format!("not JSON: {error}"))?;
    let Json::Object(fields) = &json else { return Err("an object {\"attribute\": value} is expected".to_owned()) };
    if let Some(Json::Object(attributes)) = fields.get("attributes")
        && !attributes.contains_key("type")
    {
        return vector(fields, attributes, object);
    }
    for (name, json) in fields {
        let attribute = attribute(json, object.attribute(name)).map_err(|fault| format!("{name}: {fault}"))?;
        set(object, name, attribute);
    }
    Ok(())
}

/// The parts of a test vector.
fn vector(fields: &Map<String, Json>, attributes: &Map<String, Json>, object: &mut SourceObject) -> Result<(), String> {
    for (name, json) in attributes {
        set(object, name, read_attribute(json).map_err(|fault| format!("attributes.{name}: {fault}"))?);
    }
    let part = |name: &str| match fields.get(name) {
        None => Ok(None),
        Some(Json::Object(part)) => Ok(Some(part)),
        Some(_) => Err(format!("{name}: an object is expected")),
    };
    for (name, json) in part("imported")?.into_iter().flatten() {
        let imported = read_attribute(json).map_err(|fault| format!("imported.{name}: {fault}"))?;
        if object.attribute(name) != Some(imported.attribute_type) {
            return Err(format!("imported.{name}: \"attributes\" has no such attribute of this type"));
        }
        object.imported.insert(name.clone(), imported.values);
    }
    for (name, json) in part("parameters")?.into_iter().flatten() {
        let value = match json {
            Json::Null => None,
            Json::String(text) => Some(text.clone()),
            _ => return Err(format!("parameters.{name}: a string is expected")),
        };
        object.parameters.insert(name.clone(), value);
    }
    Ok(())
}

/// An attribute whose values are confirmed.
pub(super) fn set(object: &mut SourceObject, name: &str, attribute: SourceAttribute) {
    object.imported.insert(name.to_owned(), attribute.values.clone());
    object.attributes.insert(name.to_owned(), attribute);
}

/// An attribute of the type that the schema gives it, else of the type that JSON shows.
fn attribute(json: &Json, known: Option<AttributeType>) -> Result<SourceAttribute, String> {
    if json.is_object() {
        return read_attribute(json);
    }
    let items = match json {
        Json::Null => &[][..],
        Json::Array(items) => items,
        one => std::slice::from_ref(one),
    };
    let attribute_type = known.unwrap_or_else(|| AttributeType {
        kind: items.first().map_or(AttributeKind::Text, kind),
        multi_valued: json.is_array(),
    });
    if items.len() > 1 && !attribute_type.multi_valued {
        return Err(format!("{} values, but the attribute is single-valued ({})", items.len(), attribute_type.name()));
    }
    let values = items.iter().map(|item| read_value(attribute_type.kind, item)).collect::<Result<_, _>>()?;
    Ok(SourceAttribute { attribute_type, values })
}

fn kind(json: &Json) -> AttributeKind {
    match json {
        Json::Bool(_) => AttributeKind::Boolean,
        Json::Number(_) => AttributeKind::Number,
        Json::Null | Json::String(_) | Json::Array(_) | Json::Object(_) => AttributeKind::Text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use syncline_expression::Value;

    fn object(text: &str) -> Result<SourceObject, String> {
        let mut object = SourceObject::new("x")
            .with("mail", AttributeKind::Text, false, vec![Value::Text("old".into())])
            .with("objectGUID", AttributeKind::Binary, false, Vec::new())
            .with("member", AttributeKind::Reference, true, Vec::new());
        apply(text, &mut object).map(|()| object)
    }

    fn check(text: &str, name: &str, kind: &str, values: &[Value]) {
        let object = object(text).unwrap();
        let attribute = &object.attributes[name];
        assert_eq!((attribute.attribute_type.name(), attribute.values.as_slice()), (kind, values), "{text}");
    }

    #[test]
    fn types_come_from_the_schema_or_from_json() {
        let texts = |values: &[&str]| -> Vec<Value> { values.iter().map(|text| Value::Text((*text).to_owned())).collect() };
        check(r#"{"mail": "a"}"#, "mail", "str", &texts(&["a"]));
        check(r#"{"mail": ["a"]}"#, "mail", "str", &texts(&["a"]));
        check(r#"{"mail": null}"#, "mail", "str", &[]);
        check(r#"{"objectGUID": "AQI="}"#, "objectGUID", "bin", &[Value::Binary(vec![1, 2])]);
        check(r#"{"member": "CN=x"}"#, "member", "mvref", &[Value::Reference("CN=x".into())]);
        check(r#"{"own": ["a", "b"]}"#, "own", "mvstr", &texts(&["a", "b"]));
        check(r#"{"own": 9223372036854775807}"#, "own", "num", &[Value::Number(i64::MAX)]);
        check(r#"{"own": true}"#, "own", "bool", &[Value::Boolean(true)]);
        check(r#"{"own": {"type": "mvbin", "values": ["AQI="]}}"#, "own", "mvbin", &[Value::Binary(vec![1, 2])]);
        check(r#"{"attributes": {"mail": {"type": "mvstr", "values": ["a", "b"]}}}"#, "mail", "mvstr", &texts(&["a", "b"]));
    }

    #[test]
    fn vectors_bring_confirmed_values_and_parameters() {
        let text = r#"{"attributes": {"p": {"type": "mvstr", "values": ["a", "b"]}},
            "imported": {"p": {"type": "mvstr", "values": ["a"]}}, "parameters": {"P": "x", "Q": null}}"#;
        let object = object(text).unwrap();
        assert_eq!(object.imported["p"], [Value::Text("a".into())]);
        assert_eq!((object.parameters["P"].as_deref(), object.parameters["Q"].as_deref()), (Some("x"), None));
    }

    #[test]
    fn faults_name_the_attribute() {
        for (text, expected) in [
            ("{", "not JSON: EOF"),
            ("[]", "an object {\"attribute\": value} is expected"),
            (r#"{"mail": ["a", "b"]}"#, "mail: 2 values, but the attribute is single-valued (str)"),
            (r#"{"mail": 1}"#, "mail: a string is expected, 1 found"),
            (r#"{"own": ["a", 1]}"#, "own: a string is expected, 1 found"),
            (r#"{"own": {"values": []}}"#, "own: the field \"type\" is missing"),
            (r#"{"attributes": {"mail": "a"}}"#, "attributes.mail: an object with type and values is expected"),
            (r#"{"attributes": {}, "imported": {"p": {"type": "str"}}}"#, "imported.p: \"attributes\" has no such attribute"),
            (r#"{"attributes": {}, "parameters": {"P": 1}}"#, "parameters.P: a string is expected"),
            (r#"{"attributes": {}, "imported": 1}"#, "imported: an object is expected"),
        ] {
            let fault = object(text).unwrap_err();
            assert!(fault.contains(expected), "{text}: {fault}");
        }
    }
}
