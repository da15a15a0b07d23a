//! Validates answers of the directory against the official metadata: property names, types, nullability, lists.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use quick_xml::events::Event;
use serde_json::{Map, Value, json};

use crate::client::Client;

#[derive(Debug, Clone, PartialEq)]
pub struct Property {
    of: String,
    list: bool,
    nullable: bool,
    navigation: bool,
}

#[derive(Debug, Default)]
pub struct Type {
    base: Option<String>,
    properties: BTreeMap<String, Property>,
    members: Option<Vec<String>>,
}

pub type Types = BTreeMap<String, Type>;

static OFFICIAL: LazyLock<Types> = LazyLock::new(|| {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/graph/graph-v1.0-directory-subset.csdl.xml");
    parse(&std::fs::read_to_string(path).unwrap())
});

/// Reads the types of a metadata document.
pub fn parse(text: &str) -> Types {
    let mut reader = quick_xml::Reader::from_str(text);
    let mut types = Types::new();
    let mut current = String::new();
    loop {
        let event = reader.read_event().unwrap();
        let (Event::Start(element) | Event::Empty(element)) = event else {
            if matches!(event, Event::Eof) {
                return types;
            }
            continue;
        };
        let attribute = |name: &str| {
            let found = element.try_get_attribute(name).unwrap();
            found.map(|value| String::from_utf8(value.value.into_owned()).unwrap())
        };
        let plain = |name: String| name.rsplit('.').next().unwrap().trim_end_matches(')').to_owned();
        match element.local_name().as_ref() {
            b"EntityType" | b"ComplexType" => {
                current = attribute("Name").unwrap();
                types.insert(current.clone(), Type { base: attribute("BaseType").map(plain), ..Type::default() });
            }
            b"EnumType" => {
                current = attribute("Name").unwrap();
                types.insert(current.clone(), Type { members: Some(Vec::new()), ..Type::default() });
            }
            b"Member" => {
                let members = types.get_mut(&current).unwrap().members.as_mut();
                members.unwrap().push(attribute("Name").unwrap());
            }
            kind @ (b"Property" | b"NavigationProperty") => {
                let of = attribute("Type").unwrap();
                let property = Property {
                    list: of.starts_with("Collection("),
                    of: plain(of),
                    nullable: attribute("Nullable").as_deref() != Some("false"),
                    navigation: kind == b"NavigationProperty",
                };
                types.get_mut(&current).unwrap().properties.insert(attribute("Name").unwrap(), property);
            }
            _ => {}
        }
    }
}

fn find(types: &Types, name: &str, property: &str) -> Option<Property> {
    let found = types.get(name)?;
    found.properties.get(property).cloned().or_else(|| find(types, found.base.as_deref()?, property))
}

/// The type an answer's context names.
fn type_of_context(context: &str) -> Option<String> {
    let (_, what) = context.split_once("$metadata#")?;
    let set = what.trim_end_matches("/$entity").trim_end_matches("/$delta");
    let last = match set.split_once('(') {
        // `users('id')/memberOf` names what follows, `users(id,mail)` is a choice of properties.
        Some((_, rest)) if rest.contains(")/") => rest.rsplit_once(")/").unwrap().1,
        _ => set,
    };
    let last = last.split('(').next().unwrap().rsplit('/').next().unwrap();
    let name = match last {
        "users" => "user",
        "groups" => "group",
        "contacts" => "orgContact",
        "devices" => "device",
        "directoryObjects" => "directoryObject",
        "organization" => "organization",
        "domains" => "domain",
        "applications" => "application",
        "servicePrincipals" => "servicePrincipal",
        "extensionProperties" => "extensionProperty",
        "onPremisesSynchronization" => "onPremisesDirectorySynchronization",
        "onPremisesSyncBehavior" => "onPremisesSyncBehavior",
        "provisioning" => "provisioningObjectSummary",
        _ => return None,
    };
    Some(name.to_owned())
}

/// Every fault of an answer.
pub fn faults(status: u16, body: &Value) -> Vec<String> {
    let mut found = Vec::new();
    if status >= 400 {
        check_error(body, &mut found);
        return found;
    }
    let Value::Object(fields) = body else {
        // Counts are texts, changes have no body.
        return found;
    };
    if let Some(responses) = fields.get("responses") {
        check_batch(responses, &mut found);
        return found;
    }
    let Some(context) = fields.get("@odata.context").and_then(Value::as_str) else {
        return vec!["@odata.context is missing".to_owned()];
    };
    if context.ends_with("$ref") {
        return found;
    }
    let Some(name) = type_of_context(context) else {
        return vec![format!("context '{context}' names no known type")];
    };
    match fields.get("value") {
        Some(Value::Array(items)) => {
            for (index, item) in items.iter().enumerate() {
                check_entity(&name, item, &format!("value[{index}]"), &mut found);
            }
            for field in fields.keys() {
                let known = ["@odata.context", "@odata.count", "@odata.nextLink", "@odata.deltaLink", "value"];
                if !known.contains(&field.as_str()) {
                    found.push(format!("list has '{field}'"));
                }
            }
        }
        _ => check_entity(&name, body, "entity", &mut found),
    }
    found
}

fn check_error(body: &Value, found: &mut Vec<String>) {
    let error = &body["error"];
    if body.as_object().is_none_or(|fields| fields.len() != 1) || !error["code"].is_string() || !error["message"].is_string() {
        found.push("an error has code and message".to_owned());
    }
    let inner = error["innerError"].as_object().cloned().unwrap_or_default();
    if inner.keys().map(String::as_str).collect::<Vec<_>>() != ["client-request-id", "date", "request-id"] {
        found.push(format!("innerError is {inner:?}"));
    }
    for field in error.as_object().into_iter().flat_map(Map::keys) {
        if !["code", "message", "details", "innerError"].contains(&field.as_str()) {
            found.push(format!("an error has '{field}'"));
        }
    }
    for detail in error["details"].as_array().into_iter().flatten() {
        let fields: Vec<&str> = detail.as_object().unwrap().keys().map(String::as_str).collect();
        if fields != ["code", "message", "target"] {
            found.push(format!("a detail has {fields:?}"));
        }
    }
}

fn check_batch(responses: &Value, found: &mut Vec<String>) {
    for response in responses.as_array().into_iter().flatten() {
        let status = u16::try_from(response["status"].as_u64().unwrap_or_default()).unwrap();
        if !response["id"].is_string() || status == 0 || !response["headers"].is_object() {
            found.push(format!("a response of a batch is {response}"));
        }
        if let Some(body) = response.get("body") {
            found.extend(faults(status, body).into_iter().map(|fault| format!("batch {}: {fault}", response["id"])));
        }
    }
}

fn check_entity(name: &str, value: &Value, place: &str, found: &mut Vec<String>) {
    let Some(fields) = value.as_object() else {
        found.push(format!("{place} is not an object"));
        return;
    };
    let own = fields.get("@odata.type").and_then(Value::as_str).and_then(|text| text.strip_prefix("#microsoft.graph."));
    if name == "directoryObject" && own.is_none() {
        found.push(format!("{place} has no type"));
    }
    let name = own.unwrap_or(name);
    if !fields.get("id").is_some_and(Value::is_string) {
        found.push(format!("{place} has no id"));
    }
    check_fields(name, fields, place, found);
}

fn check_fields(name: &str, fields: &Map<String, Value>, place: &str, found: &mut Vec<String>) {
    for (field, value) in fields {
        let place = format!("{place}.{field}");
        if let Some(annotation) = field.strip_prefix("@odata.") {
            if !["context", "nextLink", "deltaLink", "count", "type", "id"].contains(&annotation) {
                found.push(format!("{place} is not an annotation"));
            }
        } else if field == "@removed" {
            if !["changed", "deleted"].contains(&value["reason"].as_str().unwrap_or_default()) {
                found.push(format!("{place} is {value}"));
            }
        } else if let Some(navigation) = field.strip_suffix("@delta") {
            if find(&OFFICIAL, name, navigation).is_none_or(|property| !property.navigation) {
                found.push(format!("{place} is not a navigation property of {name}"));
            }
            for link in value.as_array().into_iter().flatten() {
                check_entity("directoryObject", link, &place, found);
            }
        } else if let Some((property, _)) = field.split_once("@odata.") {
            if find(&OFFICIAL, name, property).is_none() {
                found.push(format!("{place} annotates nothing of {name}"));
            }
        } else if let Some(property) = find(&OFFICIAL, name, field) {
            check_value(&property, value, &place, found);
        } else if !is_extension(field) {
            found.push(format!("{place} is not a property of {name}"));
        }
    }
}

fn is_extension(name: &str) -> bool {
    let parts: Vec<&str> = name.splitn(3, '_').collect();
    matches!(parts.as_slice(), ["extension", application, own] if application.len() == 32 && !own.is_empty())
}

fn check_value(property: &Property, value: &Value, place: &str, found: &mut Vec<String>) {
    match value {
        Value::Null if property.list || !property.nullable => found.push(format!("{place} is null")),
        Value::Null => {}
        Value::Array(items) if property.list => {
            let one = Property { list: false, nullable: false, ..property.clone() };
            for item in items {
                check_value(&one, item, place, found);
            }
        }
        _ if property.list => found.push(format!("{place} is not a list")),
        one if property.navigation => check_entity(&property.of, one, place, found),
        one => check_single(&property.of, one, place, found),
    }
}

fn check_single(of: &str, value: &Value, place: &str, found: &mut Vec<String>) {
    let text = value.as_str();
    let fits = match of {
        "String" | "Binary" => text.is_some(),
        "Boolean" => value.is_boolean(),
        "Int32" => value.as_i64().is_some_and(|number| i32::try_from(number).is_ok()),
        "Int64" => value.is_i64(),
        "Guid" => text.is_some_and(|text| text.len() == 36 && text.split('-').count() == 5),
        "DateTimeOffset" => text.is_some_and(|text| text.ends_with('Z') && text.parse::<jiff::Timestamp>().is_ok()),
        name => match OFFICIAL.get(name) {
            None => false,
            Some(Type { members: Some(members), .. }) => text.is_some_and(|text| members.iter().any(|member| member == text)),
            Some(_) => match value {
                Value::Object(fields) => return check_fields(name, fields, place, found),
                _ => false,
            },
        },
    };
    if !fits {
        found.push(format!("{place} is not of type {of}: {value}"));
    }
}

#[test]
fn the_validator_finds_what_is_wrong() {
    let check = |fields: Value, expected: &str| {
        let mut body = json!({ "@odata.context": "http://x/v1.0/$metadata#users/$entity", "id": "1" });
        for (name, value) in fields.as_object().unwrap() {
            body[name] = value.clone();
        }
        assert_eq!(faults(200, &body).join("; "), expected, "{fields}");
    };
    check(json!({}), "");
    check(json!({ "displayName": null, "businessPhones": [], "accountEnabled": true }), "");
    check(json!({ "colour": "red" }), "entity.colour is not a property of user");
    check(json!({ "displayName": 1 }), "entity.displayName is not of type String: 1");
    check(json!({ "businessPhones": null }), "entity.businessPhones is null");
    check(json!({ "businessPhones": "1" }), "entity.businessPhones is not a list");
    check(json!({ "businessPhones": [1] }), "entity.businessPhones is not of type String: 1");
    check(json!({ "createdDateTime": "today" }), "entity.createdDateTime is not of type DateTimeOffset: \"today\"");
    check(json!({ "assignedLicenses": [{ "skuId": "x" }] }), "entity.assignedLicenses.skuId is not of type Guid: \"x\"");
    check(json!({ "passwordProfile": { "hint": 1 } }), "entity.passwordProfile.hint is not a property of passwordProfile");
    check(json!({ "manager": { "id": "2" } }), "entity.manager has no type");
    check(json!({ "extension_0123456789abcdef0123456789abcdef_x": 1 }), "");
    check(json!({ "extension_x": 1 }), "entity.extension_x is not a property of user");
    check(json!({ "@removed": { "reason": "gone" } }), "entity.@removed is {\"reason\":\"gone\"}");
    assert_eq!(faults(200, &json!({ "value": [] })), ["@odata.context is missing"]);
    assert_eq!(faults(400, &json!({ "error": { "code": "x", "message": "y" } })).len(), 1);
    let setting = |kind: &str| {
        json!({ "@odata.context": "http://x/v1.0/$metadata#directory/onPremisesSynchronization/$entity", "id": "1",
            "configuration": { "accidentalDeletionPrevention": { "synchronizationPreventionType": kind } }, "features": {} })
    };
    assert_eq!(faults(200, &setting("enabledForCount")), Vec::<String>::new());
    assert_eq!(faults(200, &setting("EnabledForCount")).len(), 1);
}

#[tokio::test]
async fn scenario_46_the_served_metadata_agrees_with_the_official_one() {
    let client = Client::new().await;
    let answer = client.get("/v1.0/$metadata").await;
    assert_eq!(answer.status, 200);
    assert!(answer.headers["content-type"].to_str().unwrap().starts_with("application/xml"));
    let served = parse(answer.body.as_str().unwrap());
    assert!(served.len() > 30, "{}", served.len());
    for (name, own) in &served {
        let official = OFFICIAL.get(name).unwrap_or_else(|| panic!("{name} is not an official type"));
        if let Some(members) = &own.members {
            assert!(members.iter().all(|member| official.members.as_ref().unwrap().contains(member)), "{name}");
        }
        for (property, found) in &own.properties {
            let expected = find(&OFFICIAL, name, property).unwrap_or_else(|| panic!("{name}.{property} is not official"));
            assert_eq!((&found.of, found.list), (&expected.of, expected.list), "{name}.{property}");
            assert!(found.navigation == expected.navigation && (expected.nullable || !found.nullable), "{name}.{property}");
        }
    }
    // What is served can be asked for by name.
    let user: Vec<&str> =
        served["user"].properties.iter().filter(|(_, property)| !property.navigation).map(|(name, _)| name.as_str()).collect();
    assert_eq!(client.get(&format!("/v1.0/users?$select={}", user.join(","))).await.status, 200);
}
