//! From octets to values, by the schema.

use crate::connector::EntryValue;
use crate::model::{AttributeDefinition, Dn, ErrorCode, ObjectError, ValueType};

/// Reads one value as what the schema says it is.
pub(in crate::connector) fn decode_value(
    definition: &AttributeDefinition,
    octets: Vec<u8>,
) -> Result<EntryValue, Box<ObjectError>> {
    if definition.value_type == ValueType::Binary {
        return Ok(EntryValue::Binary(octets));
    }
    let text = match String::from_utf8(octets) {
        Ok(text) => text,
        Err(error) => {
            let shown = String::from_utf8_lossy(error.as_bytes()).into_owned();
            return Err(misfit(definition, ErrorCode::INVALID_ATTRIBUTE_VALUE, "is not Unicode text", &shown));
        }
    };
    match definition.value_type {
        ValueType::String | ValueType::Binary => Ok(EntryValue::Text(text)),
        ValueType::Integer => match text.parse() {
            Ok(number) => Ok(EntryValue::Integer(number)),
            Err(_) => Err(misfit(definition, ErrorCode::INVALID_NUMERIC_VALUE, "is not a whole number of 64 bits", &text)),
        },
        ValueType::Boolean if text.eq_ignore_ascii_case("TRUE") => Ok(EntryValue::Boolean(true)),
        ValueType::Boolean if text.eq_ignore_ascii_case("FALSE") => Ok(EntryValue::Boolean(false)),
        ValueType::Boolean => Err(misfit(definition, ErrorCode::INVALID_BOOLEAN_VALUE, "is neither TRUE nor FALSE", &text)),
        ValueType::Reference => match Dn::parse(&text) {
            Ok(dn) if dn.depth() > 0 => Ok(EntryValue::Reference(text)),
            Ok(_) => Err(misfit(definition, ErrorCode::INVALID_REFERENCE_VALUE, "is an empty name", &text)),
            Err(error) => Err(misfit(
                definition,
                ErrorCode::INVALID_REFERENCE_VALUE,
                &format!("is not a distinguished name: {error}"),
                &text,
            )),
        },
    }
}

/// Reads all values of an attribute.
pub(in crate::connector) fn decode_values(
    definition: &AttributeDefinition,
    values: Vec<Vec<u8>>,
) -> Result<Vec<EntryValue>, Box<ObjectError>> {
    if !definition.multi_valued && values.len() > 1 {
        let message = format!(
            "attribute \"{}\" has {} values, but the schema allows one: refresh the schema",
            definition.name,
            values.len()
        );
        let second = values.get(1).map(|value| String::from_utf8_lossy(value).into_owned()).unwrap_or_default();
        return Err(Box::new(
            ObjectError::new(ErrorCode::MULTI_SINGLE_MISMATCH, message).attribute(&definition.name).value(&second),
        ));
    }
    values.into_iter().map(|octets| decode_value(definition, octets)).collect()
}

fn misfit(definition: &AttributeDefinition, code: ErrorCode, what: &str, value: &str) -> Box<ObjectError> {
    let shown: String = value.chars().take(64).collect();
    let message = format!(
        "attribute \"{}\": the value \"{shown}\" {what}; the schema says {}: correct the value or refresh the schema",
        definition.name,
        definition.value_type.word()
    );
    Box::new(ObjectError::new(code, message).attribute(&definition.name).value(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn definition(value_type: ValueType, multi_valued: bool) -> AttributeDefinition {
        AttributeDefinition { name: "example".to_owned(), value_type, multi_valued, indexed: false }
    }

    #[test]
    fn values_follow_the_schema() {
        let check = |value_type: ValueType, octets: &[u8], expected: EntryValue| {
            assert_eq!(decode_value(&definition(value_type, true), octets.to_vec()).unwrap(), expected);
        };
        check(ValueType::String, "Größmann".as_bytes(), EntryValue::Text("Größmann".into()));
        check(ValueType::String, b"", EntryValue::Text(String::new()));
        check(ValueType::String, b"20240131120000.0Z", EntryValue::Text("20240131120000.0Z".into()));
        // A GUID may happen to be valid text; it stays binary.
        check(ValueType::Binary, b"sixteen letters!", EntryValue::Binary(b"sixteen letters!".to_vec()));
        check(ValueType::Integer, b"-2147483646", EntryValue::Integer(-2_147_483_646));
        check(ValueType::Integer, b"9223372036854775807", EntryValue::Integer(i64::MAX));
        check(ValueType::Boolean, b"TRUE", EntryValue::Boolean(true));
        check(ValueType::Boolean, b"false", EntryValue::Boolean(false));
        check(ValueType::Reference, b"CN=Doe\\, Jane,DC=x", EntryValue::Reference("CN=Doe\\, Jane,DC=x".into()));
    }

    #[test]
    fn values_that_do_not_fit_are_named() {
        let check = |value_type: ValueType, octets: &[u8], code: ErrorCode, value: &str| {
            let error = decode_value(&definition(value_type, false), octets.to_vec()).unwrap_err();
            assert_eq!((error.code.clone(), error.detail.value.as_deref()), (code, Some(value)));
            assert_eq!(error.detail.attribute.as_deref(), Some("example"));
            assert!(error.message.contains("\"example\"") && error.message.contains(value_type.word()), "{error:?}");
        };
        check(ValueType::String, b"\xff", ErrorCode::INVALID_ATTRIBUTE_VALUE, "\u{fffd}");
        check(ValueType::Integer, b"9223372036854775808", ErrorCode::INVALID_NUMERIC_VALUE, "9223372036854775808");
        check(ValueType::Integer, b"", ErrorCode::INVALID_NUMERIC_VALUE, "");
        check(ValueType::Boolean, b"yes", ErrorCode::INVALID_BOOLEAN_VALUE, "yes");
        check(ValueType::Reference, b"Jane", ErrorCode::INVALID_REFERENCE_VALUE, "Jane");
        check(ValueType::Reference, b"", ErrorCode::INVALID_REFERENCE_VALUE, "");
    }

    #[test]
    fn a_single_valued_attribute_has_one_value() {
        let two = vec![b"a".to_vec(), b"b".to_vec()];
        assert_eq!(decode_values(&definition(ValueType::String, true), two.clone()).unwrap().len(), 2);
        let error = decode_values(&definition(ValueType::String, false), two).unwrap_err();
        assert_eq!((error.code, error.detail.value.as_deref()), (ErrorCode::MULTI_SINGLE_MISMATCH, Some("b")));
    }
}
