//! Values as examples write them: `guid:`, `sid:`, `hex:` for bytes, `repeat:c*n` for long texts, `{"count": n}` for
//! references that lead nowhere.

use serde_json::Value as Json;
use uuid::Uuid;

use crate::connector::EntryValue;
use crate::model::{AttributeDefinition, Value, ValueType, sid_bytes};

/// Longest text and most references that an example may ask for.
const MOST: u64 = 1_000_000;

/// What an example writes for one attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Written {
    /// These values; references are still as written.
    Values(Vec<EntryValue>),
    /// So many references to objects that are not there.
    Strangers(u64),
}

/// Reads the values of an attribute.
///
/// # Errors
/// A sentence that names the value and what it should be.
pub(super) fn read(definition: &AttributeDefinition, json: &Json) -> Result<Written, String> {
    if let Json::Object(fields) = json {
        let count = fields.get("count").and_then(Json::as_u64).filter(|count| fields.len() == 1 && *count <= MOST);
        return match count {
            Some(count) if definition.value_type == ValueType::Reference => Ok(Written::Strangers(count)),
            Some(_) => {
                Err(format!("{{\"count\": n}} is for references, {} is {}", definition.name, definition.value_type.word()))
            }
            None => Err(format!("{json} is not {{\"count\": n}} with n up to {MOST}")),
        };
    }
    let items = match json {
        Json::Array(items) => items.as_slice(),
        single => std::slice::from_ref(single),
    };
    items.iter().map(|item| one(definition, item)).collect::<Result<_, _>>().map(Written::Values)
}

fn one(definition: &AttributeDefinition, json: &Json) -> Result<EntryValue, String> {
    let wrong = || format!("{json} is no value for {}, which is {}", definition.name, definition.value_type.word());
    Ok(match (definition.value_type, json) {
        (ValueType::String, Json::String(text)) => EntryValue::Text(repeated(text)?),
        (ValueType::Integer, Json::Number(number)) => EntryValue::Integer(number.as_i64().ok_or_else(wrong)?),
        (ValueType::Boolean, Json::Bool(flag)) => EntryValue::Boolean(*flag),
        (ValueType::Binary, Json::String(text)) => EntryValue::Binary(
            bytes(text)
                .ok_or_else(|| format!("\"{text}\" is no value for {}: write guid:, sid: or hex: before it", definition.name))?,
        ),
        (ValueType::Reference, Json::String(text)) => EntryValue::Reference(text.clone()),
        _ => return Err(wrong()),
    })
}

/// `repeat:c*n` as the text that it stands for.
fn repeated(text: &str) -> Result<String, String> {
    let Some(rest) = text.strip_prefix("repeat:") else { return Ok(text.to_owned()) };
    let parsed = rest.rsplit_once('*').and_then(|(part, times)| Some((part, times.parse::<u64>().ok()?)));
    match parsed {
        Some((part, times)) if (part.len() as u64).saturating_mul(times) <= MOST => {
            Ok(part.repeat(usize::try_from(times).unwrap_or_default()))
        }
        _ => Err(format!("\"{text}\" is not repeat:text*number with up to {MOST} characters")),
    }
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    let (kind, rest) = text.split_once(':')?;
    match kind {
        "guid" => Uuid::parse_str(rest).ok().map(|guid| guid.to_bytes_le().to_vec()),
        "sid" => sid_bytes(rest),
        "hex" => hex::decode(rest).ok(),
        _ => None,
    }
}

/// A plain value as differences show it; references are shown by [`super::compare`].
pub(super) fn shown(value: &EntryValue) -> String {
    match value {
        EntryValue::Text(text) => format!("\"{}\"", cut(text)),
        EntryValue::Binary(bytes) => format!("hex:{}", hex::encode(bytes)),
        EntryValue::Integer(number) => number.to_string(),
        EntryValue::Boolean(flag) => flag.to_string(),
        EntryValue::Reference(name) => name.clone(),
    }
}

/// Characters that a difference shows of a text, besides their number.
const SHOWN: usize = 200;

fn cut(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}... ({} characters)", text.get(..end).unwrap_or_default(), text.chars().count()),
        None => text.to_owned(),
    }
}

/// A stored value, except a reference, in the words of a directory.
pub(super) fn plain(value: &Value) -> Option<EntryValue> {
    match value {
        Value::String(text) => Some(EntryValue::Text(text.to_string())),
        Value::Binary(bytes) => Some(EntryValue::Binary(bytes.to_vec())),
        Value::Integer(number) => Some(EntryValue::Integer(*number)),
        Value::Boolean(flag) => Some(EntryValue::Boolean(*flag)),
        Value::Reference(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn attribute(value_type: ValueType) -> AttributeDefinition {
        AttributeDefinition { name: "a".to_owned(), value_type, multi_valued: true, indexed: false }
    }

    #[test]
    fn values_are_read_by_the_type_of_their_attribute() {
        let check = |value_type: ValueType, json: Json, expected: &str| {
            let read = match read(&attribute(value_type), &json) {
                Ok(Written::Values(values)) => values.iter().map(shown).collect::<Vec<_>>().join(" "),
                Ok(Written::Strangers(count)) => format!("{count} strangers"),
                Err(reason) => reason,
            };
            assert_eq!(read, expected, "{json}");
        };
        check(ValueType::String, json!("guid:x"), "\"guid:x\"");
        check(ValueType::String, json!(["a", "b"]), "\"a\" \"b\"");
        check(ValueType::String, json!("repeat:ab*3"), "\"ababab\"");
        check(ValueType::Integer, json!(-2_147_483_646), "-2147483646");
        check(ValueType::Boolean, json!(false), "false");
        check(ValueType::Binary, json!("hex:00ff"), "hex:00ff");
        check(ValueType::Binary, json!("guid:3f2504e0-4f89-11d3-9a0c-0305e82c3301"), "hex:e004253f894fd3119a0c0305e82c3301");
        check(ValueType::Binary, json!("sid:S-1-5-11"), "hex:01010000000000050b000000");
        check(ValueType::Reference, json!({ "count": 7 }), "7 strangers");
        check(ValueType::Reference, json!("CN=a"), "CN=a");
        check(ValueType::Integer, json!("5"), "\"5\" is no value for a, which is integer");
        check(ValueType::Binary, json!("AAEC"), "\"AAEC\" is no value for a: write guid:, sid: or hex: before it");
        check(ValueType::String, json!({ "count": 7 }), "{\"count\": n} is for references, a is string");
        check(ValueType::Reference, json!({ "counted": 7 }), "{\"counted\":7} is not {\"count\": n} with n up to 1000000");
        check(
            ValueType::String,
            json!("repeat:x*9999999"),
            "\"repeat:x*9999999\" is not repeat:text*number with up to 1000000 characters",
        );
    }

    #[test]
    fn long_texts_are_cut_when_shown() {
        let text = EntryValue::Text("x".repeat(300));
        assert!(shown(&text).ends_with("... (300 characters)\""), "{}", shown(&text));
    }
}
