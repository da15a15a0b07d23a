//! The published test vectors of the expression language.

use crate::object::{Attribute, Object};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value as Json;
use std::path::Path;
use syncline_expression::{AttributeKind, AttributeType, Outcome, Value};

/// Vectors that are wrong, each with the reason.
const WRONG: [(&str, &str); 0] = [];

fn read(file: &str) -> Json {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data").join(file);
    serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap()
}

fn attribute_type(name: &str) -> AttributeType {
    let (multi_valued, kind) = match name.strip_prefix("mv") {
        Some(kind) => (true, kind),
        None => (false, name),
    };
    let kind = match kind {
        "str" => AttributeKind::Text,
        "num" => AttributeKind::Number,
        "bool" => AttributeKind::Boolean,
        "bin" => AttributeKind::Binary,
        "ref" => AttributeKind::Reference,
        other => panic!("unknown type {other}"),
    };
    AttributeType { kind, multi_valued }
}

fn values(json: &Json, kind: AttributeKind) -> Vec<Value> {
    let text = |value: &Json| value.as_str().unwrap().to_owned();
    let value = |value: &Json| match kind {
        AttributeKind::Text => Value::Text(text(value)),
        AttributeKind::Number => Value::Number(value.as_i64().unwrap()),
        AttributeKind::Boolean => Value::Boolean(value.as_bool().unwrap()),
        AttributeKind::Binary => Value::Binary(STANDARD.decode(text(value)).unwrap()),
        AttributeKind::Reference => Value::Reference(text(value)),
    };
    json["values"].as_array().unwrap().iter().map(value).collect()
}

fn object(vector: &Json) -> Object {
    let mut object = Object::default();
    for (name, json) in vector["attributes"].as_object().unwrap() {
        let kind = attribute_type(json["type"].as_str().unwrap());
        object.attributes.insert(name.clone(), Attribute { kind, values: values(json, kind.kind) });
    }
    for (name, json) in vector["imported"].as_object().into_iter().flatten() {
        let kind = attribute_type(json["type"].as_str().unwrap());
        object.imported.insert(name.clone(), values(json, kind.kind));
    }
    for (name, json) in vector["parameters"].as_object().unwrap() {
        object.parameters.insert(name.clone(), json.as_str().unwrap().to_owned());
    }
    object
}

/// What a result or an error looks like in the file.
fn describe(vector: &Json, now: jiff::Timestamp) -> Json {
    let object = object(vector);
    let place = |kind: &str, offset: usize| {
        if vector["expect"].get("position").is_some() {
            serde_json::json!({"error": kind, "position": offset})
        } else {
            serde_json::json!({"error": kind})
        }
    };
    let program = match object.compile(vector["expr"].as_str().unwrap()) {
        Ok(program) => program,
        Err(problems) => return place(problems[0].kind.name(), problems[0].offset),
    };
    match object.run(&program, now) {
        Err(error) => place(error.kind.name(), error.offset),
        Ok(Outcome::Null) => serde_json::json!({"null": true}),
        Ok(Outcome::IgnoreThisFlow) => serde_json::json!({"ignore": true}),
        Ok(Outcome::AuthoritativeNull) => serde_json::json!({"authoritativeNull": true}),
        Ok(Outcome::Single(value)) => serde_json::json!({"type": value.type_name(), "values": [json(&value)]}),
        Ok(Outcome::Multi(values)) => {
            let kind = format!("mv{}", values[0].type_name());
            serde_json::json!({"type": kind, "values": values.iter().map(json).collect::<Vec<_>>()})
        }
    }
}

fn json(value: &Value) -> Json {
    match value {
        Value::Text(text) | Value::Reference(text) => text.as_str().into(),
        Value::Number(number) => (*number).into(),
        Value::Boolean(flag) => (*flag).into(),
        Value::Binary(bytes) => STANDARD.encode(bytes).into(),
        Value::DateTime(instant) => instant.to_string().into(),
    }
}

#[test]
fn every_vector_passes() {
    let file = read("expression-vectors.json");
    let clock: jiff::Timestamp = file["format"]["now"].as_str().unwrap().parse().unwrap();
    let (mut passed, mut failures) = (0, Vec::new());
    for vector in file["vectors"].as_array().unwrap() {
        let id = vector["id"].as_str().unwrap();
        if WRONG.iter().any(|(wrong, _)| *wrong == id) {
            continue;
        }
        let now = vector.get("now").map_or(clock, |now| now.as_str().unwrap().parse().unwrap());
        let found = describe(vector, now);
        if found == vector["expect"] {
            passed += 1;
        } else {
            failures.push(format!("{id} {}: expected {}, found {found}", vector["expr"], vector["expect"]));
        }
    }
    println!("{passed} passed, {} failed", failures.len());
    assert!(failures.is_empty(), "{passed} passed, {} failed\n{}", failures.len(), failures.join("\n"));
    assert!(passed >= 736, "the file holds fewer vectors than expected: {passed}");
}
