//! From the tenant's answers to objects of the connector space.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::super::name::dn_of_anchor;
use crate::connector::{Anchor, DiscoveryError, EntryAttributes, EntryValue, ImportEntry, ImportItem, ImportRequest};
use crate::model::{AttributeDefinition, ErrorCode, ObjectError, Schema, ValueType, fold_text};

/// One page of objects.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Page {
    /// The objects.
    #[serde(default)]
    pub value: Vec<Value>,
    /// Where the next page is.
    pub next_link: Option<String>,
    /// Where the next delta import begins, on the last page.
    pub delta_link: Option<String>,
}

/// One object of a page.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct TenantObject {
    #[serde(default)]
    cloud_anchor: String,
    #[serde(default)]
    object_type: String,
    source_anchor: Option<String>,
    #[serde(default)]
    deleted: bool,
    #[serde(default)]
    attributes: Map<String, Value>,
}

/// Turns the objects of one import into what it hands over.
pub struct ObjectReader<'a> {
    schema: &'a Schema,
    object_types: BTreeSet<String>,
    attributes: BTreeSet<String>,
    /// Deleted objects are told; a full import has no use for them.
    deletions: bool,
}

impl<'a> ObjectReader<'a> {
    /// A reader for the types and attributes that `request` asks for.
    pub fn new(request: &'a ImportRequest, deletions: bool) -> Self {
        Self {
            schema: &request.schema,
            object_types: request.object_types.iter().map(|name| fold_text(name)).collect(),
            attributes: request.attributes.iter().map(|name| fold_text(name)).collect(),
            deletions,
        }
    }

    /// Reads one object; `None` for one that the import does not ask for.
    pub fn read(&self, value: Value) -> Option<ImportItem> {
        let object: TenantObject = match serde_json::from_value(value) {
            Ok(object) => object,
            Err(error) => {
                let message = format!("the tenant describes an object in a form that is not known: {error}");
                return Some(bad(None, ObjectError::new(ErrorCode::PARSE_ERROR, message)));
            }
        };
        let named_by = object.source_anchor.as_deref().filter(|anchor| !anchor.is_empty()).unwrap_or(&object.cloud_anchor);
        let dn = (!named_by.is_empty()).then(|| dn_of_anchor(named_by));
        let Some(dn) = dn.filter(|_| !object.cloud_anchor.is_empty()) else {
            let message = "the tenant gives no cloudAnchor, which identifies the object";
            let dn = object.source_anchor.as_deref().filter(|anchor| !anchor.is_empty()).map(dn_of_anchor);
            return Some(bad(dn, ObjectError::new(ErrorCode::MISSING_ANCHOR, message).attribute("cloudAnchor")));
        };
        let anchor = Anchor(object.cloud_anchor.clone().into_bytes());
        if object.deleted {
            return self.deletions.then_some(ImportItem::Deleted { anchor, dn: Some(dn) });
        }
        let Some(object_type) = self.schema.type_name(&object.object_type) else {
            let message = format!("object type \"{}\" is not in the connector's schema; refresh the schema", object.object_type);
            return Some(bad(Some(dn), ObjectError::new(ErrorCode::UNMAPPABLE_OBJECT_TYPE, message)));
        };
        if !self.object_types.contains(&fold_text(object_type)) {
            return None;
        }
        let object_type = object_type.to_owned();
        Some(match self.read_attributes(object) {
            Ok(attributes) => ImportItem::Entry(ImportEntry {
                anchor,
                dn,
                object_type,
                attributes,
                changed_references: BTreeMap::new(),
                partial: false,
            }),
            Err(error) => bad(Some(dn), *error),
        })
    }

    fn read_attributes(&self, object: TenantObject) -> Result<EntryAttributes, Box<ObjectError>> {
        let TenantObject { cloud_anchor, source_anchor, attributes, .. } = object;
        let anchors = [("cloudAnchor", Some(cloud_anchor)), ("sourceAnchor", source_anchor)];
        let anchors = anchors.into_iter().filter_map(|(name, anchor)| Some((name.to_owned(), Value::String(anchor?))));
        let mut read = EntryAttributes::new();
        for (name, value) in attributes.into_iter().chain(anchors) {
            if !self.attributes.contains(&fold_text(&name)) {
                continue;
            }
            let Some(definition) = self.schema.attribute(&name) else { continue };
            let values = read_values(definition, value)?;
            if !values.is_empty() {
                read.insert(definition.name.clone(), values);
            }
        }
        Ok(read)
    }
}

fn bad(dn: Option<String>, error: ObjectError) -> ImportItem {
    ImportItem::Bad(DiscoveryError { dn, error })
}

/// All values of an attribute; null, an empty list and an empty text are no value.
pub fn read_values(definition: &AttributeDefinition, value: Value) -> Result<Vec<EntryValue>, Box<ObjectError>> {
    let list = match value {
        Value::Null => Vec::new(),
        Value::Array(list) => list,
        one => vec![one],
    };
    if list.len() > 1 && !definition.multi_valued {
        let message = format!("attribute \"{}\" is single-valued, but the tenant gives {} values", definition.name, list.len());
        return Err(ObjectError::new(ErrorCode::MULTI_SINGLE_MISMATCH, message).attribute(&definition.name).into());
    }
    let list = list.into_iter().filter(|value| value.as_str() != Some(""));
    list.map(|value| read_value(definition, value)).collect()
}

fn read_value(definition: &AttributeDefinition, value: Value) -> Result<EntryValue, Box<ObjectError>> {
    let (read, code, wanted) = match (definition.value_type, value) {
        (ValueType::String, Value::String(text)) => return Ok(EntryValue::Text(text)),
        (ValueType::String, value) => (Err(value), ErrorCode::INVALID_ATTRIBUTE_VALUE, "text"),
        (ValueType::Binary, value) => {
            let bytes = value.as_str().and_then(|text| STANDARD.decode(text).ok());
            (bytes.map(EntryValue::Binary).ok_or(value), ErrorCode::INVALID_BASE64_VALUE, "base64 text")
        }
        (ValueType::Integer, value) => {
            (value.as_i64().map(EntryValue::Integer).ok_or(value), ErrorCode::INVALID_NUMERIC_VALUE, "a whole number")
        }
        (ValueType::Boolean, value) => {
            (value.as_bool().map(EntryValue::Boolean).ok_or(value), ErrorCode::INVALID_BOOLEAN_VALUE, "true or false")
        }
        (ValueType::Reference, value) => {
            let dn = value.as_str().map(|anchor| EntryValue::Reference(dn_of_anchor(anchor)));
            (dn.ok_or(value), ErrorCode::INVALID_REFERENCE_VALUE, "the anchor of an object")
        }
    };
    read.map_err(|value| {
        let shown = value.to_string();
        let message =
            format!("attribute \"{}\": {} is not {wanted}", definition.name, shown.chars().take(256).collect::<String>());
        Box::new(ObjectError::new(code, message).attribute(&definition.name).value(&shown))
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::connector::{CancelToken, ImportMode};

    fn request() -> ImportRequest {
        let schema = Schema::from_toml(
            "[attributes]\ncloudAnchor = \"string\"\nsourceAnchor = \"string\"\nmail = \"string\"\nurl = \"string multi\"\n\
             photo = \"binary\"\ncode = \"integer\"\non = \"boolean\"\nmanager = \"reference\"\nmember = \"reference multi\"\n\
             hidden = \"string\"\n[types]\nuser = []\ngroup = []\ndevice = []",
        );
        let words = |text: &str| text.split(' ').map(str::to_owned).collect();
        ImportRequest {
            mode: ImportMode::Full,
            partition: "default".into(),
            elsewhere: Vec::new(),
            object_types: words("user group"),
            attributes: words("MAIL url photo code on manager member notInSchema"),
            include: Vec::new(),
            exclude: Vec::new(),
            page_size: 50,
            timeout_secs: 10,
            schema: Arc::new(schema.unwrap()),
            cancel: CancelToken::default(),
        }
    }

    fn read(value: Value, deletions: bool) -> String {
        let request = request();
        match ObjectReader::new(&request, deletions).read(value) {
            None => "skipped".into(),
            Some(ImportItem::Entry(entry)) => {
                assert!(!entry.partial);
                format!("{} {} {:?}", entry.object_type, entry.dn, entry.attributes)
            }
            Some(ImportItem::Deleted { anchor, dn }) => {
                format!("deleted {} {}", String::from_utf8(anchor.0).unwrap(), dn.unwrap_or_default())
            }
            Some(ImportItem::Filtered { dn, .. }) => format!("filtered {dn}"),
            Some(ImportItem::Bad(bad)) => {
                format!("{} {} {}", bad.error.code, bad.dn.as_deref().unwrap_or("-"), bad.error.message)
            }
        }
    }

    #[test]
    fn attributes_take_the_type_of_the_schema() {
        let check = |attributes: Value, expected: &str| {
            let object = json!({"cloudAnchor": "User_1", "objectType": "user", "sourceAnchor": "ab", "attributes": attributes});
            assert_eq!(read(object, false), format!("user CN={{6162}} {{{expected}}}"), "{attributes}");
        };
        check(json!({}), "");
        check(json!({"mail": "a@x", "hidden": "h", "notInSchema": 1}), r#""mail": [Text("a@x")]"#);
        check(json!({"Mail": "a@x"}), r#""mail": [Text("a@x")]"#);
        check(json!({"mail": ["a@x"]}), r#""mail": [Text("a@x")]"#);
        check(json!({"mail": null, "url": [], "code": ""}), "");
        check(json!({"url": ["b", "a", ""]}), r#""url": [Text("b"), Text("a")]"#);
        check(json!({"url": "b"}), r#""url": [Text("b")]"#);
        check(json!({"photo": "AAE="}), r#""photo": [Binary([0, 1])]"#);
        check(json!({"code": -5, "on": false}), r#""code": [Integer(-5)], "on": [Boolean(false)]"#);
        check(json!({"manager": "cd"}), r#""manager": [Reference("CN={6364}")]"#);
        check(json!({"member": ["cd", "User_2"]}), r#""member": [Reference("CN={6364}"), Reference("CN={557365725F32}")]"#);
    }

    #[test]
    fn objects_are_named_by_their_anchors() {
        let check =
            |object: Value, deletions: bool, expected: &str| assert_eq!(read(object.clone(), deletions), expected, "{object}");
        check(json!({"cloudAnchor": "U_1", "objectType": "USER", "sourceAnchor": null}), false, "user CN={555F31} {}");
        check(json!({"cloudAnchor": "U_1", "objectType": "user", "sourceAnchor": ""}), false, "user CN={555F31} {}");
        check(json!({"cloudAnchor": "U_1", "objectType": "device"}), false, "skipped");
        let gone = json!({"cloudAnchor": "U_1", "objectType": "user", "sourceAnchor": "ab", "deleted": true});
        check(gone.clone(), true, "deleted U_1 CN={6162}");
        check(gone, false, "skipped");
    }

    #[test]
    fn the_anchors_are_attributes_too() {
        let mut request = request();
        request.attributes = vec!["cloudAnchor".into(), "sourceAnchor".into()];
        let object = json!({"cloudAnchor": "U_1", "objectType": "user", "sourceAnchor": "ab", "attributes": {}});
        let Some(ImportItem::Entry(entry)) = ObjectReader::new(&request, false).read(object) else { panic!("no entry") };
        let text = |text: &str| vec![EntryValue::Text(text.into())];
        let expected = EntryAttributes::from([("cloudAnchor".into(), text("U_1")), ("sourceAnchor".into(), text("ab"))]);
        assert_eq!(entry.attributes, expected);
        assert_eq!(entry.anchor, Anchor(b"U_1".to_vec()));
    }

    #[test]
    fn bad_objects_say_what_is_wrong() {
        let check = |object: Value, expected: &str| assert_eq!(read(object.clone(), false), expected, "{object}");
        check(
            json!({"objectType": "user", "sourceAnchor": "ab"}),
            "missing-anchor-component CN={6162} the tenant gives no cloudAnchor, which identifies the object",
        );
        check(json!({}), "missing-anchor-component - the tenant gives no cloudAnchor, which identifies the object");
        check(
            json!({"cloudAnchor": "U", "objectType": "printer"}),
            "unmappable-object-type CN={55} object type \"printer\" is not in the connector's schema; refresh the schema",
        );
        let attribute = |attributes: Value| json!({"cloudAnchor": "U", "objectType": "user", "attributes": attributes});
        check(
            attribute(json!({"mail": ["a", "b"]})),
            "multi-single-mismatch CN={55} attribute \"mail\" is single-valued, but the tenant gives 2 values",
        );
        check(attribute(json!({"mail": 7})), "invalid-attribute-value CN={55} attribute \"mail\": 7 is not text");
        check(attribute(json!({"photo": "*"})), "invalid-base64-value CN={55} attribute \"photo\": \"*\" is not base64 text");
        check(attribute(json!({"code": "7"})), "invalid-numeric-value CN={55} attribute \"code\": \"7\" is not a whole number");
        check(attribute(json!({"code": 1.5})), "invalid-numeric-value CN={55} attribute \"code\": 1.5 is not a whole number");
        check(attribute(json!({"on": 1})), "invalid-boolean-value CN={55} attribute \"on\": 1 is not true or false");
        check(
            attribute(json!({"member": [{}]})),
            "invalid-reference-value CN={55} attribute \"member\": {} is not the anchor of an object",
        );
        assert!(read(json!([]), false).starts_with("parse-error - "));
        assert!(read(json!({"cloudAnchor": 1}), false).starts_with("parse-error - "));
    }

    proptest! {
        #[test]
        fn any_object_is_read_without_panic(name in "(mail|url|photo|code|on|manager|member)", text in "\\PC{0,20}", number in any::<f64>()) {
            for value in [json!(text), json!(number), json!([text, number]), json!({ text.clone(): number }), json!([[]])] {
                let object = json!({"cloudAnchor": text, "objectType": "user", "attributes": { name.clone(): value }});
                let shown = read(object, true);
                prop_assert!(!shown.is_empty());
            }
        }
    }
}
