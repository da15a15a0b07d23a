//! Reading the attributes of a change: names, types, lengths, counts.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::ChangeError;
use crate::schema::{self, Attribute, Kind, Syntax};

/// Largest photo, in bytes.
const MAX_PHOTO_BYTES: usize = 100 * 1024;
/// Largest object, in bytes of its JSON form.
pub(crate) const MAX_OBJECT_BYTES: usize = 1024 * 1024;

const INVALID: &str = "DataValidationFailed";

/// The attributes of a change under their proper names.
#[derive(Debug, Default)]
pub(crate) struct Written {
    /// Values; `None` clears.
    pub(crate) values: BTreeMap<String, Option<Value>>,
    /// Whole lists of references; an empty list clears.
    pub(crate) references: BTreeMap<String, Vec<String>>,
}

/// Who writes the attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Writer<'a> {
    /// A synchronization client, with the anchors its change names.
    Client { source_anchor: &'a str, cloud_anchor: Option<&'a str>, extensions: bool },
    /// The cloud side: may write what is read-only for clients.
    Cloud,
}

fn fault(code: &'static str, property: &str, value: Option<&str>, literal: impl Into<String>) -> Box<ChangeError> {
    Box::new(ChangeError::of_value(code, property, value, literal))
}

/// Checks every attribute and sorts values from references.
pub(crate) fn normalize(kind: Kind, attributes: &Map<String, Value>, writer: Writer<'_>) -> Result<Written, Box<ChangeError>> {
    let mut written = Written::default();
    for (name, value) in attributes {
        let extension;
        let attribute = match schema::attribute(kind, name) {
            Some(attribute) => attribute,
            None if schema::is_extension(name) && kind != Kind::Device => {
                if let Writer::Client { extensions: false, .. } = writer {
                    return Err(fault(INVALID, name, None, format!("attribute '{name}' needs the feature DirectoryExtensions")));
                }
                extension = Attribute::extension(name, value.is_array());
                &extension
            }
            None => {
                return Err(fault(
                    INVALID,
                    name,
                    None,
                    format!("attribute '{name}' is not known for object type {}", kind.name()),
                ));
            }
        };
        if is_anchor(attribute, value, writer)? || attribute.name == "export_password" {
            continue;
        }
        if attribute.read_only && writer != Writer::Cloud {
            return Err(fault(
                INVALID,
                &attribute.name,
                None,
                format!("attribute '{}' is written by the tenant only", attribute.name),
            ));
        }
        let values = checked(attribute, value)?;
        if attribute.syntax == Syntax::Reference {
            let references = values.iter().filter_map(Value::as_str).map(str::to_owned).collect();
            written.references.insert(attribute.name.clone(), references);
        } else {
            let value =
                if attribute.multi { (!values.is_empty()).then_some(Value::Array(values)) } else { values.into_iter().next() };
            written.values.insert(attribute.name.clone(), value);
        }
    }
    Ok(written)
}

/// Anchors may be repeated among the attributes as long as they say the same.
fn is_anchor(attribute: &Attribute, value: &Value, writer: Writer<'_>) -> Result<bool, Box<ChangeError>> {
    let Writer::Client { source_anchor, cloud_anchor, .. } = writer else {
        return Ok(matches!(attribute.name.as_str(), "sourceAnchor" | "cloudAnchor"));
    };
    let same = match attribute.name.as_str() {
        "sourceAnchor" => value.as_str() == Some(source_anchor),
        "cloudAnchor" => value.is_null() || value.as_str() == cloud_anchor,
        _ => return Ok(false),
    };
    if same {
        Ok(true)
    } else {
        Err(fault(
            INVALID,
            &attribute.name,
            value.as_str(),
            format!("attribute '{}' differs from the change's own and cannot be changed", attribute.name),
        ))
    }
}

/// The values of an attribute, each of the right type and size.
fn checked(attribute: &Attribute, value: &Value) -> Result<Vec<Value>, Box<ChangeError>> {
    let name = &attribute.name;
    let values = match value {
        Value::Null => Vec::new(),
        Value::Array(values) if attribute.multi => values.clone(),
        Value::Array(_) => {
            return Err(fault(INVALID, name, None, format!("attribute '{name}' takes one value, not a list")));
        }
        _ if attribute.multi => {
            return Err(fault(INVALID, name, None, format!("attribute '{name}' takes a list of values")));
        }
        one => vec![one.clone()],
    };
    if let Some(limit) = schema::max_count(name)
        && values.len() > limit
    {
        return Err(fault(
            "ExceededAllowedLength",
            name,
            None,
            format!("attribute '{name}' has {} values, the limit is {limit}", values.len()),
        ));
    }
    for value in &values {
        check_value(attribute, value)?;
    }
    // An empty text clears, as null does.
    Ok(values.into_iter().filter(|value| value.as_str() != Some("")).collect())
}

fn check_value(attribute: &Attribute, value: &Value) -> Result<(), Box<ChangeError>> {
    let name = &attribute.name;
    let fits = match attribute.syntax {
        Syntax::Text | Syntax::Reference => value.is_string(),
        Syntax::Integer => value.is_i64() || value.is_u64(),
        Syntax::Boolean => value.is_boolean(),
        Syntax::Binary => value.as_str().is_some_and(|text| STANDARD.decode(text).is_ok()),
        Syntax::Any => value.is_string() || value.is_number() || value.is_boolean(),
    };
    if !fits {
        let wanted = match attribute.syntax {
            Syntax::Text => "text",
            Syntax::Reference => "the anchor of an object",
            Syntax::Integer => "a whole number",
            Syntax::Boolean => "true or false",
            Syntax::Binary => "base64 text",
            Syntax::Any => "text, a number, true or false",
        };
        return Err(fault(INVALID, name, Some(&value.to_string()), format!("attribute '{name}' takes {wanted}")));
    }
    let Some(text) = value.as_str() else {
        return Ok(());
    };
    if let Some(limit) = schema::max_length(name)
        && text.chars().count() > limit
    {
        return Err(fault(INVALID, name, Some(text), format!("attribute '{name}' is longer than {limit} characters")));
    }
    if name == "usageLocation" && !(text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_alphabetic())) {
        return Err(fault(INVALID, name, Some(text), "attribute 'usageLocation' takes a country code of two letters"));
    }
    // Four characters of base64 carry three bytes.
    if name == "thumbnailPhoto" && text.len() / 4 * 3 > MAX_PHOTO_BYTES + 2 {
        return Err(fault("ExceededAllowedLength", name, None, "attribute 'thumbnailPhoto' is larger than 100 KiB"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const CLIENT: Writer<'static> = Writer::Client { source_anchor: "anchor", cloud_anchor: None, extensions: false };

    #[test]
    fn attributes_are_checked_one_by_one() {
        let check = |attributes: Value, expected: Option<(&str, &str)>| {
            let found = normalize(Kind::User, attributes.as_object().unwrap(), CLIENT).err();
            let found = found.map(|error| (error.code, error.property.unwrap_or_default()));
            let expected = expected.map(|(code, property)| (code, property.to_owned()));
            assert_eq!(found, expected, "{attributes}");
        };
        check(json!({ "displayName": "Alice", "ACCOUNTENABLED": true }), None);
        check(json!({ "sourceAnchor": "anchor", "cloudAnchor": null }), None);
        check(json!({ "userCertificate": ["AAEC"], "countryCode": 840 }), None);
        check(json!({ "manager": null, "proxyAddresses": [] }), None);
        check(json!({ "favouriteColour": "red" }), Some((INVALID, "favouriteColour")));
        check(json!({ "securityEnabled": true }), Some((INVALID, "securityEnabled")));
        check(json!({ "sourceAnchor": "other" }), Some((INVALID, "sourceAnchor")));
        check(json!({ "cloudMastered": true }), Some((INVALID, "cloudMastered")));
        check(json!({ "accountEnabled": "true" }), Some((INVALID, "accountEnabled")));
        check(json!({ "countryCode": "840" }), Some((INVALID, "countryCode")));
        check(json!({ "userCertificate": ["***"] }), Some((INVALID, "userCertificate")));
        check(json!({ "displayName": ["a"] }), Some((INVALID, "displayName")));
        check(json!({ "proxyAddresses": "SMTP:a@b.c" }), Some((INVALID, "proxyAddresses")));
        check(json!({ "displayName": "x".repeat(256) }), None);
        check(json!({ "displayName": "x".repeat(257) }), Some((INVALID, "displayName")));
        check(json!({ "usageLocation": "USA" }), Some((INVALID, "usageLocation")));
        check(json!({ "userCertificate": vec!["AAEC"; 15] }), None);
        check(json!({ "userCertificate": vec!["AAEC"; 16] }), Some(("ExceededAllowedLength", "userCertificate")));
        check(json!({ "thumbnailPhoto": "A".repeat(136_532) }), None);
        check(json!({ "thumbnailPhoto": "A".repeat(140_000) }), Some(("ExceededAllowedLength", "thumbnailPhoto")));
        check(
            json!({ "extension_0123456789abcdef0123456789abcdef_badge": "7" }),
            Some((INVALID, "extension_0123456789abcdef0123456789abcdef_badge")),
        );
    }

    #[test]
    fn clearing_and_references_are_told_apart() {
        let attributes = json!({ "title": "", "mail": null, "manager": "m", "otherMobile": ["1", "2"] });
        let written = normalize(Kind::User, attributes.as_object().unwrap(), CLIENT).unwrap();
        assert_eq!(written.values["title"], None);
        assert_eq!(written.values["mail"], None);
        assert_eq!(written.values["otherMobile"], Some(json!(["1", "2"])));
        assert_eq!(written.references["manager"], ["m"]);
    }
}
