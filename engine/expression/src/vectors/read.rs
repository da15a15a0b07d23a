//! Reads a file of vectors field by field, so that a fault can be named.

use super::{Expectation, Vector, VectorFile, VectorFileError};
use crate::interface::{AttributeType, Schema};
use crate::json::{describe, read_attribute, read_instant, read_value, unknown_type};
use crate::object::SourceObject;
use crate::problem::ProblemKind;
use crate::value::{Outcome, Value};
use jiff::Timestamp;
use serde_json::{Map, Value as Json};
use std::collections::BTreeSet;

type Fields = Map<String, Json>;

/// The field at fault, and what is wrong with it.
struct Fault {
    field: String,
    message: String,
}

type Read<T> = Result<T, Fault>;

const FIELDS: [&str; 10] = ["attributes", "expect", "expr", "group", "id", "imported", "note", "now", "parameters", "source"];

pub(super) fn file(text: &str) -> Result<VectorFile, VectorFileError> {
    let json: Json = serde_json::from_str(text).map_err(|error| VectorFileError::File(format!("not JSON: {error}")))?;
    let Json::Object(fields) = &json else {
        let message = format!("an object with the list \"vectors\" is expected, {} found", describe(&json));
        return Err(VectorFileError::File(message));
    };
    if let Some(unknown) = fields.keys().find(|name| !matches!(name.as_str(), "format" | "vectors")) {
        let message = format!("unknown field \"{unknown}\"; a file has \"format\" and \"vectors\"");
        return Err(VectorFileError::File(message));
    }
    let whole = |fault: Fault| VectorFileError::File(format!("{}: {}", fault.field, fault.message));
    let clock = match optional(fields, "format", object).map_err(whole)? {
        Some(format) => optional(format, "now", timestamp).map_err(|fault| whole(within("format", fault)))?,
        None => None,
    };
    let list = needed(fields, "vectors", list).map_err(whole)?;
    let mut ids = BTreeSet::new();
    let mut vectors = Vec::with_capacity(list.len());
    for (index, json) in list.iter().enumerate() {
        let name = || match json.get("id") {
            Some(Json::String(id)) => id.clone(),
            _ => format!("number {}", index + 1),
        };
        let read = vector(json, clock).and_then(|vector| match ids.insert(vector.id.clone()) {
            true => Ok(vector),
            false => Err(fault("id", "another vector has the same id")),
        });
        vectors.push(read.map_err(|fault| VectorFileError::Vector {
            vector: name(),
            field: fault.field,
            message: fault.message,
        })?);
    }
    Ok(VectorFile { vectors })
}

fn vector(json: &Json, clock: Option<Timestamp>) -> Read<Vector> {
    let fields = object(json).map_err(|message| fault("the vector", message))?;
    if let Some(unknown) = fields.keys().find(|name| !FIELDS.contains(&name.as_str())) {
        return Err(fault(unknown, format!("unknown field; a vector has {}", FIELDS.join(", "))));
    }
    let word = |name: &str| Ok(optional(fields, name, text)?.unwrap_or_default().to_owned());
    Ok(Vector {
        id: needed(fields, "id", text)?.to_owned(),
        expression: needed(fields, "expr", text)?.to_owned(),
        expected: expectation(needed(fields, "expect", object)?).map_err(|fault| within("expect", fault))?,
        object: source(fields)?,
        now: optional(fields, "now", timestamp)?.or(clock),
        group: word("group")?,
        source: word("source")?,
        note: word("note")?,
    })
}

fn source(fields: &Fields) -> Read<SourceObject> {
    let mut source = SourceObject::new("the object of the vector");
    for (name, json) in optional(fields, "attributes", object)?.into_iter().flatten() {
        let attribute = read_attribute(json).map_err(|message| fault(&format!("attributes.{name}"), message))?;
        source.attributes.insert(name.clone(), attribute);
    }
    for (name, json) in optional(fields, "imported", object)?.into_iter().flatten() {
        let field = format!("imported.{name}");
        let imported = read_attribute(json).map_err(|message| fault(&field, message))?;
        let Some(known) = source.attribute(name) else {
            return Err(fault(&field, "the attribute is not among \"attributes\""));
        };
        if known != imported.attribute_type {
            let message = format!("type: {} in \"attributes\", {} here", known.name(), imported.attribute_type.name());
            return Err(fault(&field, message));
        }
        source.imported.insert(name.clone(), imported.values);
    }
    for (name, json) in optional(fields, "parameters", object)?.into_iter().flatten() {
        let value = match json {
            Json::Null => None,
            other => Some(text(other).map_err(|message| fault(&format!("parameters.{name}"), message))?.to_owned()),
        };
        source.parameters.insert(name.clone(), value);
    }
    Ok(source)
}

fn expectation(fields: &Fields) -> Read<Expectation> {
    let only = |wanted: &[&str]| match fields.keys().find(|name| !wanted.contains(&name.as_str())) {
        Some(extra) => Err(fault(extra, format!("does not go with {}", wanted.join(" and ")))),
        None => Ok(()),
    };
    for (name, outcome) in
        [("null", Outcome::Null), ("ignore", Outcome::IgnoreThisFlow), ("authoritativeNull", Outcome::AuthoritativeNull)]
    {
        if let Some(flag) = fields.get(name) {
            only(&[name])?;
            return if flag == &Json::Bool(true) {
                Ok(Expectation::Outcome(outcome))
            } else {
                Err(fault(name, format!("true is expected, {} found", describe(flag))))
            };
        }
    }
    if fields.contains_key("error") {
        only(&["error", "position"])?;
        let kind = needed(fields, "error", error_kind)?;
        return Ok(Expectation::Error { kind, position: optional(fields, "position", position)? });
    }
    if fields.is_empty() {
        let message = "empty; write type and values, null, ignore, authoritativeNull or error";
        return Err(Fault { field: String::new(), message: message.to_owned() });
    }
    only(&["type", "values"])?;
    values(needed(fields, "type", text)?, needed(fields, "values", list)?)
}

/// A result with values; dt is a type of results, too.
fn values(type_name: &str, list: &[Json]) -> Read<Expectation> {
    let kind = type_name.strip_prefix("mv").unwrap_or(type_name);
    let multi_valued = kind.len() < type_name.len();
    let attribute_kind = AttributeType::from_name(kind).map(|found| found.kind);
    if attribute_kind.is_none() && kind != "dt" {
        return Err(fault("type", unknown_type(type_name)));
    }
    let mut values: Vec<Value> = Vec::with_capacity(list.len());
    for (index, json) in list.iter().enumerate() {
        let value = match attribute_kind {
            Some(kind) => read_value(kind, json),
            None => read_instant(json),
        };
        values.push(value.map_err(|message| fault("values", format!("number {}: {message}", index + 1)))?);
    }
    let outcome = match (multi_valued, values.len()) {
        (true, 0) => return Err(fault("values", "a list is never empty; write null")),
        (true, _) => Outcome::Multi(values),
        (false, 1) => values.pop().map_or(Outcome::Null, Outcome::Single),
        (false, count) => return Err(fault("values", format!("{type_name} has exactly one value, {count} found"))),
    };
    Ok(Expectation::Outcome(outcome))
}

fn fault(field: &str, message: impl Into<String>) -> Fault {
    Fault { field: field.to_owned(), message: message.into() }
}

/// Puts the outer field before the inner one.
fn within(outer: &str, inner: Fault) -> Fault {
    let field = if inner.field.is_empty() { outer.to_owned() } else { format!("{outer}.{}", inner.field) };
    Fault { field, message: inner.message }
}

fn needed<'j, T>(fields: &'j Fields, name: &str, read: impl FnOnce(&'j Json) -> Result<T, String>) -> Read<T> {
    optional(fields, name, read)?.ok_or_else(|| fault(name, "missing"))
}

fn optional<'j, T>(fields: &'j Fields, name: &str, read: impl FnOnce(&'j Json) -> Result<T, String>) -> Read<Option<T>> {
    fields.get(name).map(read).transpose().map_err(|message| fault(name, message))
}

fn text(json: &Json) -> Result<&str, String> {
    json.as_str().ok_or_else(|| format!("a string is expected, {} found", describe(json)))
}

fn object(json: &Json) -> Result<&Fields, String> {
    json.as_object().ok_or_else(|| format!("an object is expected, {} found", describe(json)))
}

fn list(json: &Json) -> Result<&[Json], String> {
    json.as_array().map(Vec::as_slice).ok_or_else(|| format!("a list is expected, {} found", describe(json)))
}

fn timestamp(json: &Json) -> Result<Timestamp, String> {
    let found = text(json)?;
    found.parse().map_err(|error| format!("a time such as 2024-06-15T12:00:00Z is expected, \"{found}\" found: {error}"))
}

fn position(json: &Json) -> Result<usize, String> {
    let found = json.as_u64().and_then(|number| usize::try_from(number).ok());
    found.ok_or_else(|| format!("a number of characters is expected, {} found", describe(json)))
}

fn error_kind(json: &Json) -> Result<ProblemKind, String> {
    let found: Option<ProblemKind> = serde_json::from_value(json.clone()).ok();
    let advice = [ProblemKind::Advice, ProblemKind::AlwaysNull, ProblemKind::Unreachable];
    let found = found.filter(|kind| !advice.contains(kind));
    found.ok_or_else(|| format!("an error kind such as unknown-attribute or type is expected, {} found", describe(json)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault_of(text: &str) -> String {
        VectorFile::read(text).unwrap_err().to_string()
    }

    #[test]
    fn a_file_of_another_form_is_named() {
        for (text, words) in [
            ("", "not JSON: EOF while parsing"),
            ("{\"vectors\": [}", "line 1 column 14"),
            ("[]", "an object with the list \"vectors\" is expected, a list found"),
            ("{}", "vectors: missing"),
            ("{\"vectors\": {}}", "vectors: a list is expected, an object found"),
            ("{\"vector\": []}", "unknown field \"vector\""),
            ("{\"format\": {\"now\": \"noon\"}, \"vectors\": []}", "format.now: a time such as 2024-06-15T12:00:00Z is expected"),
        ] {
            let found = fault_of(text);
            assert!(found.contains(words), "{text}: {found}");
        }
    }

    #[test]
    fn a_faulty_vector_is_named_with_its_field() {
        for (vector, expected) in [
            ("1", "vector number 1, the vector: an object is expected, 1 found"),
            ("{\"expr\": \"1\"}", "vector number 1, id: missing"),
            ("{\"id\": \"a\"}", "vector a, expr: missing"),
            ("{\"id\": \"a\", \"expr\": 1}", "vector a, expr: a string is expected, 1 found"),
            ("{\"id\": \"a\", \"expr\": \"1\"}", "vector a, expect: missing"),
            ("{\"id\": \"a\", \"expr\": \"1\", \"expect\": {}}", "vector a, expect: empty; write type and values, null, ignore"),
            (
                "{\"id\": \"a\", \"expr\": \"1\", \"expect\": {\"null\": false}}",
                "vector a, expect.null: true is expected, false found",
            ),
            (
                "{\"id\": \"a\", \"expr\": \"1\", \"expect\": {\"null\": true, \"type\": \"str\"}}",
                "vector a, expect.type: does not go with null",
            ),
            ("{\"id\": \"a\", \"expr\": \"1\", \"expect\": {\"error\": \"types\"}}", "vector a, expect.error: an error kind"),
            ("{\"id\": \"a\", \"expr\": \"1\", \"expect\": {\"error\": \"advice\"}}", "vector a, expect.error: an error kind"),
            (
                "{\"id\": \"a\", \"expr\": \"1\", \"expect\": {\"error\": \"type\", \"position\": -1}}",
                "vector a, expect.position: a number of characters is expected, -1 found",
            ),
            (
                "{\"id\": \"a\", \"expr\": \"1\", \"expect\": {\"type\": \"int\", \"values\": [1]}}",
                "vector a, expect.type: \"int\" is no type",
            ),
            ("{\"id\": \"a\", \"expr\": \"1\", \"expect\": {\"type\": \"num\"}}", "vector a, expect.values: missing"),
            (
                "{\"id\": \"a\", \"expr\": \"1\", \"expect\": {\"type\": \"num\", \"values\": []}}",
                "num has exactly one value, 0 found",
            ),
            ("{\"id\": \"a\", \"expr\": \"1\", \"expect\": {\"type\": \"mvnum\", \"values\": []}}", "a list is never empty"),
            (
                "{\"id\": \"a\", \"expr\": \"1\", \"expect\": {\"type\": \"num\", \"values\": [1.5]}}",
                "vector a, expect.values: number 1: a whole",
            ),
            ("{\"id\": \"a\", \"expr\": \"1\", \"expect\": {\"type\": \"dt\", \"values\": [\"x\"]}}", "a time such as"),
            (
                "{\"id\": \"a\", \"expr\": \"1\", \"expect\": {\"null\": true}, \"atributes\": {}}",
                "vector a, atributes: unknown field; a vector has attributes, ",
            ),
            (
                "{\"id\": \"a\", \"expr\": \"1\", \"expect\": {\"null\": true}, \"attributes\": {\"mail\": {\"type\": \"str\", \"values\": [1]}}}",
                "vector a, attributes.mail: values, number 1: a string is expected, 1 found",
            ),
            (
                "{\"id\": \"a\", \"expr\": \"1\", \"expect\": {\"null\": true}, \"imported\": {\"mail\": {\"type\": \"str\"}}}",
                "vector a, imported.mail: the attribute is not among \"attributes\"",
            ),
            (
                "{\"id\": \"a\", \"expr\": \"1\", \"expect\": {\"null\": true}, \"attributes\": {\"p\": {\"type\": \"mvstr\"}}, \"imported\": {\"p\": {\"type\": \"str\"}}}",
                "vector a, imported.p: type: mvstr in \"attributes\", str here",
            ),
            (
                "{\"id\": \"a\", \"expr\": \"1\", \"expect\": {\"null\": true}, \"parameters\": {\"P\": 1}}",
                "vector a, parameters.P: a string",
            ),
            ("{\"id\": \"a\", \"expr\": \"1\", \"expect\": {\"null\": true}, \"now\": 1}", "vector a, now: a string is expected"),
            (
                "{\"id\": \"a\", \"expr\": \"1\", \"expect\": {\"null\": true}}, {\"id\": \"a\", \"expr\": \"1\", \"expect\": {\"null\": true}}",
                "vector a, id: another vector has the same id",
            ),
        ] {
            let found = fault_of(&format!("{{\"vectors\": [{vector}]}}"));
            assert!(found.contains(expected), "{vector}: {found}");
        }
    }

    #[test]
    fn what_is_for_people_may_be_left_out_and_parameters_may_be_empty() {
        let text = r#"{"vectors": [
            {"id": "a", "expr": "%P%", "expect": {"null": true}, "parameters": {"P": null}},
            {"id": "b", "expr": "1", "expect": {"error": "type"}, "group": "g", "source": "inferred", "note": "why"}
        ]}"#;
        let file = VectorFile::read(text).unwrap();
        assert_eq!(file.vectors[0].object.parameters.get("P"), Some(&None));
        assert_eq!((file.vectors[1].group.as_str(), file.vectors[1].note.as_str()), ("g", "why"));
        assert!(file.vectors[0].source.is_empty());
    }
}
