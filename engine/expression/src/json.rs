//! Values in the JSON form of the test vectors: numbers are whole, binary values are Base64, dates are ISO 8601.

use crate::date_time::DateTime;
use crate::interface::{AttributeKind, AttributeType};
use crate::object::SourceAttribute;
use crate::value::{Outcome, Value};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value as Json, json};

/// Reads one value of an attribute.
///
/// # Errors
/// A sentence that names what was found and what was expected.
pub fn read_value(kind: AttributeKind, json: &Json) -> Result<Value, String> {
    let text = || json.as_str().ok_or_else(|| format!("a string is expected, {} found", describe(json)));
    Ok(match kind {
        AttributeKind::Text => Value::Text(text()?.to_owned()),
        AttributeKind::Reference => Value::Reference(text()?.to_owned()),
        AttributeKind::Number => {
            let number = json.as_i64();
            Value::Number(number.ok_or_else(|| format!("a whole number of 64 bits is expected, {} found", describe(json)))?)
        }
        AttributeKind::Boolean => {
            Value::Boolean(json.as_bool().ok_or_else(|| format!("true or false is expected, {} found", describe(json)))?)
        }
        AttributeKind::Binary => {
            let bytes = STANDARD.decode(text()?);
            Value::Binary(bytes.map_err(|error| format!("Base64 with padding is expected, {} found: {error}", describe(json)))?)
        }
    })
}

/// Reads an attribute: `{"type": "mvstr", "values": ["a", "b"]}`; without values it is absent.
///
/// # Errors
/// A sentence that names the part at fault, what was found and what was expected.
pub fn read_attribute(json: &Json) -> Result<SourceAttribute, String> {
    let fields =
        json.as_object().ok_or_else(|| format!("an object with type and values is expected, {} found", describe(json)))?;
    if let Some(unknown) = fields.keys().find(|name| !matches!(name.as_str(), "type" | "values")) {
        return Err(format!("unknown field \"{unknown}\"; an attribute has type and values"));
    }
    let name = match fields.get("type") {
        Some(Json::String(name)) => name,
        Some(other) => return Err(format!("type: a string is expected, {} found", describe(other))),
        None => return Err("the field \"type\" is missing".to_owned()),
    };
    let attribute_type = AttributeType::from_name(name).ok_or_else(|| format!("type: {}", unknown_type(name)))?;
    let mut values = Vec::new();
    match fields.get("values") {
        Some(Json::Array(items)) => {
            for (index, item) in items.iter().enumerate() {
                let value =
                    read_value(attribute_type.kind, item).map_err(|fault| format!("values, number {}: {fault}", index + 1))?;
                values.push(value);
            }
        }
        Some(other) => return Err(format!("values: a list is expected, {} found", describe(other))),
        None => {}
    }
    if values.len() > 1 && !attribute_type.multi_valued {
        return Err(format!("values: {name} holds one value, {} found; write \"mv{name}\"", values.len()));
    }
    Ok(SourceAttribute { attribute_type, values })
}

/// Reads the instant of a dt value.
pub(crate) fn read_instant(json: &Json) -> Result<Value, String> {
    let fault = || format!("a time such as 2024-06-15T12:00:00Z is expected, {} found", describe(json));
    let civil = json.as_str().and_then(|text| text.strip_suffix('Z')).and_then(|text| text.parse().ok());
    civil.and_then(DateTime::new).map(Value::DateTime).ok_or_else(fault)
}

/// One value.
pub fn write_value(value: &Value) -> Json {
    match value {
        Value::Text(text) | Value::Reference(text) => text.as_str().into(),
        Value::Number(number) => (*number).into(),
        Value::Boolean(flag) => (*flag).into(),
        Value::Binary(bytes) => STANDARD.encode(bytes).into(),
        Value::DateTime(instant) => instant.to_string().into(),
    }
}

/// A result: `{"type": "str", "values": ["a"]}`, `{"null": true}`, `{"ignore": true}` or `{"authoritativeNull": true}`.
pub fn write_outcome(outcome: &Outcome) -> Json {
    match outcome {
        Outcome::Null => json!({ "null": true }),
        Outcome::IgnoreThisFlow => json!({ "ignore": true }),
        Outcome::AuthoritativeNull => json!({ "authoritativeNull": true }),
        Outcome::Single(value) => json!({ "type": value.type_name(), "values": [write_value(value)] }),
        Outcome::Multi(values) => {
            let kind = values.first().map_or("str", Value::type_name);
            json!({ "type": format!("mv{kind}"), "values": values.iter().map(write_value).collect::<Vec<_>>() })
        }
    }
}

/// What a piece of JSON is, for messages; a long one is cut.
pub(crate) fn describe(json: &Json) -> String {
    match json {
        Json::Null => "null".to_owned(),
        Json::Array(_) => "a list".to_owned(),
        Json::Object(_) => "an object".to_owned(),
        Json::String(text) => crate::problem::quoted(text),
        Json::Bool(_) | Json::Number(_) => json.to_string(),
    }
}

/// The message for a name that is no attribute type.
pub(crate) fn unknown_type(name: &str) -> String {
    format!("\"{name}\" is no type; the types are {}", AttributeType::names().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_read_exactly() {
        let read = |text: &str| read_attribute(&serde_json::from_str(text).unwrap());
        let number = AttributeType { kind: AttributeKind::Number, multi_valued: true };
        assert_eq!(
            read(r#"{"type": "mvnum", "values": [9223372036854775807, -9223372036854775808]}"#),
            Ok(SourceAttribute { attribute_type: number, values: vec![Value::Number(i64::MAX), Value::Number(i64::MIN)] })
        );
        assert_eq!(read(r#"{"type": "mvnum"}"#), Ok(SourceAttribute { attribute_type: number, values: Vec::new() }));
        for (text, fault) in [
            ("[]", "an object with type and values is expected, a list found"),
            ("{}", "the field \"type\" is missing"),
            (r#"{"type": "dt"}"#, "type: \"dt\" is no type; the types are str, num, bool, bin, ref, mvstr"),
            (r#"{"type": "str", "value": ["a"]}"#, "unknown field \"value\""),
            (r#"{"type": "str", "values": "a"}"#, "values: a list is expected, \"a\" found"),
            (r#"{"type": "str", "values": ["a", "b"]}"#, "values: str holds one value, 2 found; write \"mvstr\""),
            (r#"{"type": "mvstr", "values": ["a", 1]}"#, "values, number 2: a string is expected, 1 found"),
            (r#"{"type": "num", "values": [9223372036854775808]}"#, "9223372036854775808 found"),
            (r#"{"type": "num", "values": [1.0]}"#, "a whole number of 64 bits is expected, 1.0 found"),
            (r#"{"type": "bool", "values": ["True"]}"#, "true or false is expected, \"True\" found"),
            (r#"{"type": "bin", "values": ["AQI"]}"#, "Base64 with padding is expected, \"AQI\" found"),
        ] {
            let found = read(text).unwrap_err();
            assert!(found.contains(fault), "{text}: {found}");
        }
    }

    #[test]
    fn values_come_back_as_they_went() {
        for (kind, json) in [
            (AttributeKind::Text, json!("ä\n")),
            (AttributeKind::Number, json!(i64::MIN)),
            (AttributeKind::Boolean, json!(true)),
            (AttributeKind::Binary, json!("AQI=")),
            (AttributeKind::Reference, json!("CN=x")),
        ] {
            assert_eq!(write_value(&read_value(kind, &json).unwrap()), json);
        }
        for (text, good) in [
            ("2024-06-15T12:00:00.5Z", true),
            ("2024-06-15T12:00:00", false),
            ("15.6.2024", false),
            ("0000-01-01T00:00:00Z", false),
        ] {
            let read = read_instant(&json!(text));
            assert_eq!(read.is_ok(), good, "{text}");
            assert!(read.is_err() || read.is_ok_and(|value| write_value(&value) == text));
        }
    }
}
