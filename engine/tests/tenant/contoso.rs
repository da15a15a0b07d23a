//! Scenario 19: a fresh installation with the sample forest. Expected are the numbers of `assets/contoso/README.md`, and for
//! every object the values of the forest's own file.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use syncline_engine::service::{CyclePolicy, Engine, EngineOptions, TenantFilter, TenantObject};
use syncline_engine::setup::demo;

use crate::world::TENANT;

const FOREST: &str = include_str!("../../../assets/contoso/contoso.ldif");

/// Attributes of the forest that rules hand on as they are, with their names in the tenant.
const DIRECT: [(&str, &str); 15] = [
    ("displayName", "displayName"),
    ("givenName", "givenName"),
    ("sn", "surname"),
    ("title", "title"),
    ("department", "department"),
    ("company", "company"),
    ("l", "city"),
    ("st", "state"),
    ("co", "country"),
    ("postalCode", "postalCode"),
    ("streetAddress", "streetAddress"),
    ("physicalDeliveryOfficeName", "physicalDeliveryOfficeName"),
    ("telephoneNumber", "telephoneNumber"),
    ("mobile", "mobile"),
    ("mail", "mail"),
];

type Entry = BTreeMap<String, Vec<String>>;

/// Objects of the file by their source anchors; texts that are in base64 as texts.
fn forest() -> BTreeMap<String, Entry> {
    let unfolded = FOREST.replace("\r\n", "\n").replace("\n ", "");
    let mut found = BTreeMap::new();
    for block in unfolded.split("\n\n") {
        let (mut entry, mut anchor) = (Entry::new(), None);
        for line in block.lines().filter(|line| !line.starts_with('#')) {
            let Some((name, value)) = line.split_once(':') else { continue };
            let value = match value.strip_prefix(':') {
                Some(encoded) if name == "objectGUID" => {
                    anchor = Some(encoded.trim().to_owned());
                    continue;
                }
                Some(encoded) => match String::from_utf8(STANDARD.decode(encoded.trim()).unwrap()) {
                    Ok(text) => text,
                    Err(_) => continue,
                },
                None => value.trim_start().to_owned(),
            };
            entry.entry(name.to_owned()).or_default().push(value);
        }
        if let Some(anchor) = anchor {
            found.insert(anchor, entry);
        }
    }
    found
}

fn objects(engine: &Engine, object_type: &str) -> BTreeMap<String, TenantObject> {
    let filter = TenantFilter { object_type: Some(object_type.to_owned()), ..TenantFilter::default() };
    let all = engine.tenant_objects(None, &filter).unwrap().into_iter();
    all.filter(|object| !object.source_anchor.is_empty()).map(|object| (object.source_anchor.clone(), object)).collect()
}

#[test]
fn scenario_19_the_sample_forest_arrives_and_the_second_cycle_exports_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let engine = demo::prepare(&folder.path().join("data"), EngineOptions::default()).unwrap();
    engine.start_cycle(CyclePolicy::Initial).unwrap().wait().unwrap();
    let (users, groups, contacts) = (objects(&engine, "user"), objects(&engine, "group"), objects(&engine, "contact"));
    assert_eq!((users.len(), groups.len(), contacts.len()), (299, 41, 14));
    let disabled = users.values().filter(|user| user.attributes["accountEnabled"] == ["false"]).count();
    let members: usize = groups.values().map(|group| group.attributes.get("member").map_or(0, Vec::len)).sum();
    assert_eq!((disabled, members), (16, 1339));

    // The compare table: every value of the forest that rules hand on, of every object.
    let forest = forest();
    let mut compared = 0;
    for object in users.values().chain(groups.values()).chain(contacts.values()) {
        let source = &forest[&object.source_anchor];
        for (name, target) in DIRECT {
            let group = object.object_type == "group";
            if group && !["displayName", "mail"].contains(&name) {
                continue;
            }
            // A group without a display name is shown by its name.
            let named = if group && name == "displayName" { source.get(name).or(source.get("cn")) } else { source.get(name) };
            let expected: Option<String> = named.and_then(|values| values.first()).map(|value| value.trim().to_owned());
            let found = object.attributes.get(target).and_then(|values| values.first()).cloned();
            assert_eq!(found, expected, "{} {target}", source["dn"][0]);
            compared += usize::from(expected.is_some());
        }
    }
    assert!(compared > 3_000, "only {compared} values were compared");
    // Every manager who is in the tenant, and nobody else.
    let anchor_of: BTreeMap<&str, &String> = forest.iter().map(|(anchor, entry)| (entry["dn"][0].as_str(), anchor)).collect();
    let mut managed = 0;
    for (anchor, user) in &users {
        let manager = forest[anchor]
            .get("manager")
            .and_then(|names| anchor_of.get(names[0].as_str()))
            .and_then(|anchor| users.get(*anchor));
        assert_eq!(user.attributes.get("manager"), manager.map(|manager| vec![manager.dn.clone()]).as_ref(), "{}", user.dn);
        managed += usize::from(manager.is_some());
    }
    assert!(managed > 200, "{managed}");

    // The second cycle sends nothing but the user whose name is wrong on purpose, and he is all that waits.
    let second = engine.start_cycle(CyclePolicy::Delta).unwrap().wait().unwrap();
    let export = second.steps.iter().find(|step| step.connector == TENANT && step.profile == "Export").unwrap();
    let run = engine.run(export.run.as_ref().unwrap().id).unwrap();
    let step = &run.step_details[0];
    let counted: BTreeMap<&str, u64> = step
        .counters
        .iter()
        .flat_map(|group| &group.counters)
        .flat_map(|counter| counter.parts.iter().map(|(name, count)| (name.as_str(), *count)))
        .filter(|(_, count)| *count > 0)
        .collect();
    assert_eq!(counted, BTreeMap::from([("export-failure", 1)]), "{step:?}");
    assert_eq!(step.errors[0].error.code.as_str(), "IdentityDataValidationFailed");
    let tenant = engine.connector(TENANT).unwrap();
    assert_eq!((tenant.pending_import, tenant.pending_export), (0, 1));
    engine.shutdown();
}
