//! Holds every body that the Graph backend sends against the official metadata: names, types, lists, nullability.

use quick_xml::events::Event;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::bench::*;
use super::*;

#[derive(Clone, Debug)]
struct Property {
    of: String,
    list: bool,
    nullable: bool,
    navigation: bool,
}

#[derive(Debug, Default)]
struct Type {
    base: Option<String>,
    properties: BTreeMap<String, Property>,
}

static OFFICIAL: LazyLock<BTreeMap<String, Type>> = LazyLock::new(|| {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data/graph/graph-v1.0-directory-subset.csdl.xml");
    let text = std::fs::read_to_string(path).unwrap();
    let mut reader = quick_xml::Reader::from_str(&text);
    let mut types: BTreeMap<String, Type> = BTreeMap::new();
    let mut current = String::new();
    loop {
        let element = match reader.read_event().unwrap() {
            Event::Start(element) | Event::Empty(element) => element,
            Event::Eof => return types,
            _ => continue,
        };
        let attribute = |name: &str| {
            let found = element.try_get_attribute(name).unwrap();
            found.map(|value| String::from_utf8(value.value.into_owned()).unwrap())
        };
        let plain = |name: String| name.rsplit('.').next().unwrap().trim_end_matches(')').to_owned();
        match element.local_name().as_ref() {
            b"EntityType" | b"ComplexType" => {
                current = attribute("Name").unwrap();
                types.entry(current.clone()).or_default().base = attribute("BaseType").map(plain);
            }
            kind @ (b"Property" | b"NavigationProperty") => {
                let of = attribute("Type").unwrap();
                let property = Property {
                    list: of.starts_with("Collection("),
                    nullable: attribute("Nullable").as_deref() != Some("false"),
                    navigation: kind == b"NavigationProperty",
                    of: plain(of),
                };
                types.get_mut(&current).unwrap().properties.insert(attribute("Name").unwrap(), property);
            }
            _ => {}
        }
    }
});

fn find(name: &str, property: &str) -> Option<Property> {
    let found = OFFICIAL.get(name)?;
    found.properties.get(property).cloned().or_else(|| find(found.base.as_deref()?, property))
}

/// Everything that is wrong with a body that writes an object of a type.
fn faults(name: &str, body: &Value, place: &str, found: &mut Vec<String>) {
    let Some(fields) = body.as_object() else {
        found.push(format!("{place} is not an object"));
        return;
    };
    for (field, value) in fields {
        let place = format!("{place}.{field}");
        if let Some(relation) = field.strip_suffix("@odata.bind") {
            let links = value.as_array().is_some_and(|links| links.len() <= 20 && links.iter().all(is_link));
            if !links || !find(name, relation).is_some_and(|property| property.navigation && property.list) {
                found.push(format!("{place} binds nothing"));
            }
        } else if is_extension(field) {
            // An open type takes the properties that applications add.
            if !(value.is_string() || value.is_null()) {
                found.push(format!("{place} is {value}"));
            }
        } else if let Some(property) = find(name, field).filter(|property| !property.navigation) {
            check(&property, value, &place, found);
        } else {
            found.push(format!("{place} is not a property of {name}"));
        }
    }
}

fn is_link(value: &Value) -> bool {
    value.as_str().is_some_and(|link| link.starts_with("http") && link.contains("/v1.0/"))
}

fn is_extension(name: &str) -> bool {
    let parts: Vec<&str> = name.splitn(3, '_').collect();
    matches!(parts.as_slice(), ["extension", application, own] if application.len() == 32 && !own.is_empty())
}

fn check(property: &Property, value: &Value, place: &str, found: &mut Vec<String>) {
    match value {
        Value::Null if property.list || !property.nullable => found.push(format!("{place} is null")),
        Value::Null => {}
        Value::Array(items) if property.list => {
            let one = Property { list: false, nullable: false, ..property.clone() };
            items.iter().for_each(|item| check(&one, item, place, found));
        }
        _ if property.list => found.push(format!("{place} is not a list")),
        one => {
            let fits = match property.of.as_str() {
                "String" => one.is_string(),
                "Boolean" => one.is_boolean(),
                "Int32" => one.is_i64(),
                complex if OFFICIAL.contains_key(complex) => return faults(complex, one, place, found),
                _ => false,
            };
            if !fits {
                found.push(format!("{place} is not of type {}: {one}", property.of));
            }
        }
    }
}

/// Checks one call as the tenant got it.
fn check_call(method: &str, url: &str, body: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let path: Vec<&str> = url.split('?').next().unwrap().split('/').collect();
    match (method, path.as_slice()) {
        ("GET", _)
        | ("DELETE", ["users" | "groups", _] | ["groups", _, "members", _, "$ref"] | ["users", _, "manager", "$ref"]) => {
            if !body.is_null() {
                found.push(format!("{method} {url} has a body"));
            }
        }
        ("POST", ["users"]) | ("PATCH", ["users", _]) => faults("user", body, "user", &mut found),
        ("POST", ["groups"]) | ("PATCH", ["groups", _]) => faults("group", body, "group", &mut found),
        ("POST", [_, "extensionProperties"]) => faults("extensionProperty", body, "extension", &mut found),
        ("POST", ["directory", "deletedItems", _, "restore"]) if body.is_null() => {}
        ("POST", ["groups", _, "members", "$ref"]) | ("PUT", ["users", _, "manager", "$ref"]) => {
            let fields = body.as_object().map(|fields| fields.keys().map(String::as_str).collect::<Vec<_>>());
            if fields != Some(vec!["@odata.id"]) || !is_link(&body["@odata.id"]) {
                found.push(format!("{method} {url}: {body}"));
            }
        }
        _ => found.push(format!("{method} {url} is no documented request")),
    }
    // Every property that is asked for has to be there too.
    for option in url.split_once('?').map_or("", |(_, query)| query).split('&') {
        if let Some(names) = option.strip_prefix("$select=") {
            let name = match path.as_slice() {
                ["users", ..] if path.len() < 3 || path[1] == "delta" => "user",
                ["groups", ..] if path.len() < 3 || path[1] == "delta" => "group",
                ["contacts", ..] => "orgContact",
                ["devices", ..] => "device",
                _ => continue,
            };
            for property in names.split(',').filter(|property| !is_extension(property)) {
                if find(name, property).is_none() {
                    found.push(format!("{url} selects {property}, which {name} lacks"));
                }
            }
        }
    }
    found
}

#[test]
fn the_validator_finds_what_is_wrong() {
    let wrong = |name: &str, body: Value, expected: &str| {
        let mut found = Vec::new();
        faults(name, &body, "x", &mut found);
        assert_eq!(found.join("; "), expected, "{body}");
    };
    wrong("user", json!({ "displayName": "a", "businessPhones": [], "jobTitle": null }), "");
    wrong("user", json!({ "alias": "a" }), "x.alias is not a property of user");
    wrong("user", json!({ "businessPhones": null }), "x.businessPhones is null");
    wrong("user", json!({ "businessPhones": "1" }), "x.businessPhones is not a list");
    wrong("user", json!({ "accountEnabled": "true" }), "x.accountEnabled is not of type Boolean: \"true\"");
    wrong("user", json!({ "manager": "x" }), "x.manager is not a property of user");
    wrong("user", json!({ "passwordProfile": { "hint": "x" } }), "x.passwordProfile.hint is not a property of passwordProfile");
    wrong("group", json!({ "members@odata.bind": ["x"] }), "x.members@odata.bind binds nothing");
    wrong("group", json!({ "members@odata.bind": ["https://x/v1.0/directoryObjects/1"] }), "");
    assert_eq!(check_call("PUT", "users/1/manager/$ref", &json!({ "@odata.id": "users/2" })).len(), 1);
    assert_eq!(check_call("POST", "contacts", &json!({})).len(), 1);
    assert_eq!(check_call("GET", "users?$select=alias", &Value::Null).len(), 1);
}

#[test]
fn scenario_46_every_body_that_is_sent_is_an_official_one() {
    let mut bench = Bench::new();
    let (_, _) = bench.import(ImportMode::Full);
    let every = |object_type: &str, source_anchor: &str, upn: &str| {
        let schema = bench_schema();
        let mut change = user(source_anchor, upn);
        change.object_type = object_type.to_owned();
        change.attributes.clear();
        for attribute in schema.attributes_of(object_type) {
            let value = match (attribute.name.as_str(), attribute.value_type) {
                ("userPrincipalName" | "mail", _) => text(&format!("{upn}@contoso.com")),
                ("usageLocation", _) => text("DE"),
                ("alias", _) => text(upn),
                ("sourceAnchor", _) => text(source_anchor),
                (_, crate::model::ValueType::String) => text("x"),
                (_, crate::model::ValueType::Boolean) => ExportValue::Plain(EntryValue::Boolean(true)),
                (_, crate::model::ValueType::Integer) => ExportValue::Plain(EntryValue::Integer(1)),
                (_, crate::model::ValueType::Binary) => ExportValue::Plain(EntryValue::Binary(vec![1])),
                (_, crate::model::ValueType::Reference) => continue,
            };
            change.attributes.insert(attribute.name.clone(), replace(&[value]));
        }
        change
    };
    let (alice, staff) = (every("user", "a1", "alice"), every("group", "g1", "staff"));
    let alice_anchor = bench.export_one(alice.clone());
    let staff_anchor = bench.export_one(staff.clone());
    let boss = bench.export_one(user("b1", "boss"));
    // Changed and cleared again, attribute by attribute.
    for (change, anchor) in [(&alice, &alice_anchor), (&staff, &staff_anchor)] {
        let attributes: Vec<(&str, ExportAttributeChange)> = change
            .attributes
            .keys()
            .filter(|name| {
                !["sourceAnchor", "userPrincipalName", "displayName", "cloudAnchor", "accountEnabled", "securityEnabled"]
                    .contains(&name.as_str())
            })
            .map(|name| (name.as_str(), ExportAttributeChange::Delete))
            .collect();
        bench.export_one(update(
            &change.object_type,
            if change.object_type == "user" { "a1" } else { "g1" },
            anchor,
            &attributes,
        ));
    }
    let many: Vec<ExportValue> = vec![to("a1", &alice_anchor), to("b1", &boss)];
    bench.export_one(update("group", "g1", &staff_anchor, &[("member", replace(&many))]));
    let one = ExportAttributeChange::Values { adds: Vec::new(), deletes: vec![to("a1", &alice_anchor)] };
    bench.export_one(update("group", "g1", &staff_anchor, &[("member", one)]));
    let back = ExportAttributeChange::Values { adds: vec![to("a1", &alice_anchor)], deletes: Vec::new() };
    bench.export_one(update("group", "g1", &staff_anchor, &[("member", back)]));
    bench.export_one(update("user", "a1", &alice_anchor, &[("manager", replace(&[to("b1", &boss)]))]));
    bench.export_one(update("user", "a1", &alice_anchor, &[("manager", ExportAttributeChange::Delete)]));
    let (_, watermark) = bench.import(ImportMode::Full);
    let gone = ExportChange { anchor: Some(boss.clone()), ..change(ExportOperation::Delete, "user", "b1", &[]) };
    bench.export_one(gone);
    bench.export_one(user("b1", "boss"));
    bench.import(ImportMode::Delta(watermark));
    let calls = bench.calls();
    let kinds = ["POST users", "PATCH users", "POST groups", "PATCH groups", "PUT users", "DELETE users", "POST directory"];
    for kind in kinds {
        let (method, set) = kind.split_once(' ').unwrap();
        assert!(calls.iter().any(|(called, url, _)| called == method && url.starts_with(set)), "no {kind} was sent");
    }
    for (method, url, body) in calls {
        let found = check_call(&method, &url, &body);
        assert!(found.is_empty(), "{method} {url}: {found:?} in {body}");
    }
}

fn bench_schema() -> Schema {
    Schema::from_toml(TENANT_SCHEMA).unwrap()
}
