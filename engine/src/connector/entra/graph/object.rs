//! Values on their way: from properties of Microsoft Graph to attributes, and back.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::super::sync_channel::read_values;
use super::attributes::{
    CLOUD_ANCHOR, EXTENSION_ATTRIBUTES, Form, Kind, Mapping, SOURCE_ANCHOR, is_directory_extension, mapping,
};
use crate::connector::{Anchor, EntryAttributes, EntryValue, ExportValue, ImportRequest};
use crate::model::{AttributeDefinition, ObjectError, fold_text};

/// Properties of users that are read besides those of the table.
pub const USER_ANCHOR: &str = "onPremisesImmutableId";

/// Which attributes an import asks for, and the properties that hold them.
#[derive(Debug)]
pub struct Wanted {
    attributes: BTreeSet<String>,
    /// Of each class, the wanted attributes that are no references and that the tenant has properties for.
    plain: BTreeMap<Kind, Vec<Plain>>,
}

/// An attribute that is no reference, and where its values are.
#[derive(Debug)]
struct Plain {
    definition: AttributeDefinition,
    source: Source,
}

/// Where the values of an attribute are.
#[derive(Clone, Copy, Debug)]
enum Source {
    /// They are the object's own anchor.
    CloudAnchor,
    /// They are the anchor that the object has in the forest.
    ForestAnchor,
    /// In the property of the same name.
    Extension,
    /// In the property of a line of the table.
    Mapped(&'static Mapping),
}

impl Source {
    fn of(kind: Kind, attribute: &str) -> Option<Self> {
        match attribute {
            CLOUD_ANCHOR => Some(Self::CloudAnchor),
            SOURCE_ANCHOR => Some(Self::ForestAnchor),
            name if is_directory_extension(name) => Some(Self::Extension),
            name => mapping(kind, name).filter(|mapping| mapping.form != Form::Relation).map(Self::Mapped),
        }
    }
}

impl Wanted {
    /// Those of a request.
    pub fn new(request: &ImportRequest) -> Self {
        let attributes: BTreeSet<String> = request.attributes.iter().map(|name| fold_text(name)).collect();
        let plain = |kind: Kind| {
            let wanted =
                request.schema.attributes_of(kind.object_type()).filter(|one| attributes.contains(&fold_text(&one.name)));
            wanted.filter_map(|one| Some(Plain { definition: one.clone(), source: Source::of(kind, &one.name)? })).collect()
        };
        let plain = Kind::ALL.into_iter().map(|kind| (kind, plain(kind))).collect();
        Self { attributes, plain }
    }

    fn has(&self, attribute: &str) -> bool {
        self.attributes.contains(&fold_text(attribute))
    }

    /// True when the references of a class are asked for.
    pub fn has_relation(&self, kind: Kind) -> bool {
        relation(kind).is_some_and(|mapping| self.has(mapping.attribute))
    }

    /// The properties to select, without relations. `anchor` is where groups keep their source anchor.
    pub fn properties(&self, kind: Kind, request: &ImportRequest, anchor: Option<&str>) -> Vec<String> {
        let mut names: BTreeSet<String> = BTreeSet::from(["id".to_owned()]);
        for mapping in kind.mappings().iter().filter(|mapping| mapping.form != Form::Relation && self.has(mapping.attribute)) {
            let property = if mapping.form == Form::Extension { EXTENSION_ATTRIBUTES } else { mapping.property };
            names.insert(property.to_owned());
        }
        names.extend(anchor_property(kind, anchor).map(str::to_owned));
        let known = request.schema.attributes_of(kind.object_type());
        names.extend(
            known
                .filter(|attribute| is_directory_extension(&attribute.name) && self.has(&attribute.name))
                .map(|attribute| attribute.name.clone()),
        );
        names.into_iter().collect()
    }

    fn plain(&self, kind: Kind) -> &[Plain] {
        self.plain.get(&kind).map(Vec::as_slice).unwrap_or_default()
    }

    /// Names of the wanted attributes that are no references and that the tenant has properties for.
    pub fn plain_names(&self, kind: Kind) -> impl Iterator<Item = &str> {
        self.plain(kind).iter().map(|one| one.definition.name.as_str())
    }

    /// The wanted attributes of an object that are no references.
    ///
    /// # Errors
    /// [`ObjectError`] names the attribute whose value makes no sense.
    pub fn read(
        &self,
        kind: Kind,
        fields: &Map<String, Value>,
        anchors: (&str, Option<&str>),
    ) -> Result<EntryAttributes, Box<ObjectError>> {
        let (cloud_anchor, source_anchor) = anchors;
        let mut read = EntryAttributes::new();
        for Plain { definition, source } in self.plain(kind) {
            let value = match source {
                Source::CloudAnchor => json!(cloud_anchor),
                Source::ForestAnchor => json!(source_anchor),
                Source::Extension => fields.get(&definition.name).cloned().unwrap_or_default(),
                Source::Mapped(mapping) => value_of(mapping, fields),
            };
            if value.is_null() {
                continue;
            }
            let values = read_values(definition, value)?;
            if !values.is_empty() {
                read.insert(definition.name.clone(), values);
            }
        }
        Ok(read)
    }
}

/// The relation that holds the references of a class.
pub fn relation(kind: Kind) -> Option<&'static Mapping> {
    kind.mappings().iter().find(|mapping| mapping.form == Form::Relation)
}

/// The property that holds the source anchor of a class.
pub fn anchor_property(kind: Kind, group_anchor: Option<&str>) -> Option<&str> {
    match kind {
        Kind::User => Some(USER_ANCHOR),
        Kind::Group => group_anchor,
        Kind::Contact | Kind::Device => None,
    }
}

/// The value of an attribute as the sync channel would tell it; a relation is told elsewhere.
fn value_of(mapping: &Mapping, fields: &Map<String, Value>) -> Value {
    let property = || fields.get(mapping.property).cloned().unwrap_or_default();
    match mapping.form {
        Form::Plain | Form::OneOfList => property(),
        Form::Opposite => property().as_bool().map_or(Value::Null, |shown| json!(!shown)),
        Form::Extension => {
            let holder = fields.get(EXTENSION_ATTRIBUTES);
            holder.and_then(|values| values.get(mapping.property)).cloned().unwrap_or_default()
        }
        Form::Time => {
            let time = property().as_str().and_then(|text| text.parse::<Timestamp>().ok());
            time.map_or(Value::Null, |time| json!(time.strftime("%Y%m%d%H%M%S.0Z").to_string()))
        }
        Form::Relation => Value::Null,
    }
}

/// Puts the values of an attribute into a body; no value clears the property.
pub fn write_value(body: &mut Map<String, Value>, kind: Kind, attribute: &str, multi_valued: bool, values: &[ExportValue]) {
    let plain: Vec<Value> = values.iter().filter_map(plain_json).collect();
    let first = || plain.first().cloned().unwrap_or_default();
    let whole = || if multi_valued { json!(plain) } else { first() };
    if is_directory_extension(attribute) {
        body.insert(attribute.to_owned(), whole());
        return;
    }
    let Some(mapping) = mapping(kind, attribute) else { return };
    let property = mapping.property.to_owned();
    match mapping.form {
        Form::Plain => drop(body.insert(property, whole())),
        Form::OneOfList => drop(body.insert(property, json!(plain.iter().take(1).collect::<Vec<_>>()))),
        Form::Opposite => drop(body.insert(property, first().as_bool().map_or(Value::Null, |hidden| json!(!hidden)))),
        Form::Extension => {
            let holder = body.entry(EXTENSION_ATTRIBUTES).or_insert_with(|| json!({}));
            if let Some(fields) = holder.as_object_mut() {
                fields.insert(property, first());
            }
        }
        Form::Time | Form::Relation => {}
    }
}

fn plain_json(value: &ExportValue) -> Option<Value> {
    let ExportValue::Plain(value) = value else { return None };
    Some(match value {
        EntryValue::Text(text) => json!(text),
        EntryValue::Binary(bytes) => json!(STANDARD.encode(bytes)),
        EntryValue::Integer(number) => json!(number),
        EntryValue::Boolean(flag) => json!(flag),
        EntryValue::Reference(_) => return None,
    })
}

/// The anchor of an object: its class and its id.
pub fn cloud_anchor(kind: Kind, id: Uuid) -> String {
    format!("{}_{id}", kind.prefix())
}

/// Class and id behind an anchor.
pub fn of_cloud_anchor(anchor: &Anchor) -> Option<(Kind, Uuid)> {
    of_cloud_anchor_text(std::str::from_utf8(&anchor.0).ok()?)
}

/// As [`of_cloud_anchor`], of its text.
pub fn of_cloud_anchor_text(text: &str) -> Option<(Kind, Uuid)> {
    let (prefix, id) = text.split_once('_')?;
    let kind = Kind::ALL.into_iter().find(|kind| kind.prefix() == prefix)?;
    Some((kind, Uuid::parse_str(id).ok()?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::connector::{CancelToken, ImportMode};
    use crate::model::Schema;

    fn request() -> ImportRequest {
        let schema = Schema::from_toml(super::super::super::TENANT_SCHEMA).unwrap();
        ImportRequest {
            mode: ImportMode::Full,
            partition: "default".into(),
            elsewhere: Vec::new(),
            object_types: Vec::new(),
            attributes: schema.attributes().map(|attribute| attribute.name.clone()).collect(),
            include: Vec::new(),
            exclude: Vec::new(),
            page_size: 0,
            timeout_secs: 0,
            schema: std::sync::Arc::new(schema),
            cancel: CancelToken::default(),
        }
    }

    #[test]
    fn properties_become_attributes() {
        let request = request();
        let check = |kind: Kind, fields: Value, expected: &str| {
            let fields = fields.as_object().unwrap();
            let read = Wanted::new(&request).read(kind, fields, ("X_1", Some("ab"))).unwrap();
            let shown: Vec<String> = read
                .iter()
                .filter(|(name, _)| !["cloudAnchor", "sourceAnchor"].contains(&name.as_str()))
                .map(|(name, values)| format!("{name} {values:?}"))
                .collect();
            assert_eq!(shown.join("; "), expected);
        };
        check(Kind::User, json!({"companyName": "Contoso", "jobTitle": null}), r#"company [Text("Contoso")]"#);
        check(
            Kind::User,
            json!({"businessPhones": ["+1"], "showInAddressList": false}),
            r#"msExchHideFromAddressLists [Boolean(true)]; telephoneNumber [Text("+1")]"#,
        );
        check(Kind::User, json!({"businessPhones": [], "showInAddressList": null}), "");
        check(
            Kind::User,
            json!({"onPremisesExtensionAttributes": {"extensionAttribute1": "a", "extensionAttribute2": null}}),
            r#"extensionAttribute1 [Text("a")]"#,
        );
        check(
            Kind::User,
            json!({"lastPasswordChangeDateTime": "2014-09-05T08:14:53Z"}),
            r#"lastPasswordChangeTimestamp [Text("20140905081453.0Z")]"#,
        );
        check(
            Kind::Group,
            json!({"proxyAddresses": ["SMTP:a@x", "smtp:b@x"]}),
            r#"proxyAddresses [Text("SMTP:a@x"), Text("smtp:b@x")]"#,
        );
        check(Kind::Device, json!({"deviceVersion": 2}), "deviceObjectVersion [Integer(2)]");
    }

    #[test]
    fn only_what_is_wanted_is_selected() {
        let mut request = request();
        request.attributes = ["displayName", "extensionAttribute1", "extensionAttribute2", "manager"].map(str::to_owned).into();
        let wanted = Wanted::new(&request);
        assert_eq!(
            wanted.properties(Kind::User, &request, None),
            ["displayName", "id", "onPremisesExtensionAttributes", "onPremisesImmutableId"]
        );
        assert_eq!(wanted.properties(Kind::Group, &request, Some("extension_x")), ["displayName", "extension_x", "id"]);
        assert!(wanted.has_relation(Kind::User) && !wanted.has_relation(Kind::Group) && !wanted.has_relation(Kind::Device));
    }

    fn text(text: &str) -> ExportValue {
        ExportValue::Plain(EntryValue::Text(text.into()))
    }

    #[test]
    fn attributes_become_properties() {
        let check = |attribute: &str, values: &[ExportValue], expected: Value| {
            let mut body = Map::new();
            write_value(&mut body, Kind::User, attribute, false, values);
            assert_eq!(Value::Object(body), expected, "{attribute}");
        };
        check("title", &[text("Clerk")], json!({"jobTitle": "Clerk"}));
        check("title", &[], json!({"jobTitle": null}));
        check("telephoneNumber", &[text("+1")], json!({"businessPhones": ["+1"]}));
        check("telephoneNumber", &[], json!({"businessPhones": []}));
        check(
            "msExchHideFromAddressLists",
            &[ExportValue::Plain(EntryValue::Boolean(true))],
            json!({"showInAddressList": false}),
        );
        check("msExchHideFromAddressLists", &[], json!({"showInAddressList": null}));
        check("extensionAttribute3", &[text("a")], json!({"onPremisesExtensionAttributes": {"extensionAttribute3": "a"}}));
        check("msRtcSipLine", &[text("a")], json!({}));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_as_it_was(value in "[a-z]{1,8}", hidden in any::<bool>(), place in 0usize..USER_TEXTS.len()) {
            let request = request();
            let mut body = Map::new();
            let attribute = USER_TEXTS[place];
            write_value(&mut body, Kind::User, attribute, false, &[text(&value)]);
            let flag = EntryValue::Boolean(hidden);
            write_value(&mut body, Kind::User, "msExchHideFromAddressLists", false, &[ExportValue::Plain(flag.clone())]);
            let read = Wanted::new(&request).read(Kind::User, &body, ("User_1", None)).unwrap();
            prop_assert_eq!(&read[attribute], &vec![EntryValue::Text(value)]);
            prop_assert_eq!(&read["msExchHideFromAddressLists"], &vec![flag]);
        }

        #[test]
        fn anchors_read_back(id in any::<u128>(), kind in 0usize..4) {
            let (kind, id) = (Kind::ALL[kind], Uuid::from_u128(id));
            let anchor = Anchor(cloud_anchor(kind, id).into_bytes());
            prop_assert_eq!(of_cloud_anchor(&anchor), Some((kind, id)));
        }
    }

    const USER_TEXTS: [&str; 5] = ["title", "telephoneNumber", "extensionAttribute15", "mobile", "alias"];
}
