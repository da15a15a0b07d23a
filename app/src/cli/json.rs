//! The JSON that programs read: camelCase names, one envelope (`operations.md` 11).

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::exit::{Exit, Failure};

/// Fields whose value is a table with data as keys (attribute names, types, engine counters); those
/// keys stay as they are.
const KEYED_BY_DATA: [&str; 3] = ["attributes", "metaverseObjects", "parts"];

/// A value with camelCase field names.
///
/// # Errors
/// [`Failure`] when the value has no JSON form.
pub fn data<T: Serialize + ?Sized>(value: &T) -> Result<Value, Failure> {
    Ok(camel_fields(serde_json::to_value(value)?))
}

/// Renames the fields of all objects inside.
fn camel_fields(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let mut renamed = Map::new();
            for (name, inner) in fields {
                let name = camel(&name);
                let keep = KEYED_BY_DATA.contains(&name.as_str()) && inner.is_object();
                renamed.insert(name, if keep { inner } else { camel_fields(inner) });
            }
            Value::Object(renamed)
        }
        Value::Array(items) => Value::Array(items.into_iter().map(camel_fields).collect()),
        other => other,
    }
}

/// `step_details` and `import-add` become `stepDetails` and `importAdd`.
fn camel(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    let mut upper = false;
    for character in name.chars() {
        if character == '_' || character == '-' {
            upper = !text.is_empty();
        } else if upper {
            text.extend(character.to_uppercase());
            upper = false;
        } else {
            text.push(character);
        }
    }
    text
}

/// The document of a success.
#[must_use]
pub fn success(command: &str, data: Value, warnings: &[String]) -> Value {
    json!({ "ok": true, "command": command, "data": data, "warnings": warnings })
}

/// The document of a failure.
#[must_use]
pub fn failure(command: &str, failure: &Failure) -> Value {
    json!({
        "ok": false,
        "command": command,
        "error": { "code": failure.exit.code(), "message": failure.message, "detail": failure.detail },
    })
}

/// The failure that another `syncline` process printed.
#[must_use]
pub fn read_failure(document: &Value, exit: Exit) -> Failure {
    let error = document.get("error");
    let message = error.and_then(|error| error.get("message")).and_then(Value::as_str);
    let detail = error.and_then(|error| error.get("detail")).cloned().unwrap_or_else(|| json!({}));
    Failure::new(exit, message.unwrap_or("the background process ended without an answer")).detail(detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn field_names_are_camel_case_and_data_keys_stay() {
        let check = |input: Value, expected: Value| assert_eq!(camel_fields(input), expected);
        check(json!({ "step_details": [{ "step_type": "Export" }] }), json!({ "stepDetails": [{ "stepType": "Export" }] }));
        check(json!({ "total-connector": 4 }), json!({ "totalConnector": 4 }));
        check(json!({ "metaverse_objects": { "my_type": 1 } }), json!({ "metaverseObjects": { "my_type": 1 } }));
        check(json!({ "parts": { "stage-add": 1 } }), json!({ "parts": { "stage-add": 1 } }));
        check(json!({ "attributes": [{ "value_type": "string" }] }), json!({ "attributes": [{ "valueType": "string" }] }));
        check(json!("some_text"), json!("some_text"));
    }

    #[test]
    fn envelopes_have_the_documented_fields() {
        assert_eq!(
            success("status", json!([]), &["slow".into()]).to_string(),
            r#"{"command":"status","data":[],"ok":true,"warnings":["slow"]}"#
        );
        let document = failure("run start", &Failure::new(Exit::Busy, "wait").detail(json!({ "run": 3 })));
        assert_eq!(
            document.to_string(),
            r#"{"command":"run start","error":{"code":"E_BUSY","detail":{"run":3},"message":"wait"},"ok":false}"#
        );
        let read = read_failure(&document, Exit::Busy);
        assert_eq!((read.message.as_str(), read.detail), ("wait", json!({ "run": 3 })));
    }
}
