//! Fault injection over both ways to the tenant: whatever goes wrong on the way, afterwards the tenant holds what the
//! connector space holds, and each object once.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use syncline_engine::connector::entra::BackendKind;
use syncline_engine::model::ValueType;
use syncline_engine::service::{CsScope, CsSearch, CyclePolicy, TenantFilter};

use crate::world::{TENANT, World, anchor_of, dn_of, group, group_anchor, person};

const USERS: u32 = 70;
/// What writes go to, and what imports read.
const WRITES: &str = "(/dirsync/v1/provision|/\\$batch)$";
const READS: &str = "/delta$";
const ANYTHING: &str = "^/(dirsync|v1.0)/";

/// The forest at one of its stages: everybody has another title, one user has gone and another one comes, and the large group
/// loses and gains members.
fn forest(stage: u32) -> String {
    let people: String = numbers(stage)
        .map(|number| {
            let boss = if number > 1 && number % 3 == 0 { "manager: CN=User 1,OU=Staff,DC=contoso,DC=com\n" } else { "" };
            person(number, &format!("title: Stage {stage}\n{boss}"))
        })
        .collect();
    format!("{people}{}{}", group(1, &members(stage), ""), group(2, &[1, 2, 3 + stage % 2], ""))
}

fn numbers(stage: u32) -> impl Iterator<Item = u32> {
    (1..=USERS + stage).filter(move |number| stage == 0 || *number != 9 + stage)
}

fn members(stage: u32) -> Vec<u32> {
    numbers(stage).filter(|number| *number == 1 || (number + stage) % 5 != 0).collect()
}

/// Values of one object as they are compared: in order, whatever the directory told first.
type Shown = BTreeMap<String, BTreeSet<String>>;

/// Everything in the tenant by name.
fn in_tenant(world: &World) -> BTreeMap<String, Shown> {
    let mut found = BTreeMap::new();
    for object in world.engine.tenant_objects(None, &TenantFilter::default()).unwrap() {
        let values = object.attributes.into_iter().map(|(name, values)| (name, values.into_iter().collect::<BTreeSet<_>>()));
        let values = values.filter(|(_, values)| !values.is_empty()).collect();
        assert!(found.insert(object.dn.clone(), values).is_none(), "{} is in the tenant twice", object.dn);
    }
    found
}

/// Everything that the connector space knows by name.
fn in_connector_space(world: &World) -> BTreeMap<String, Shown> {
    let connector = world.engine.connector(TENANT).unwrap().id;
    let search = CsSearch { connector, scope: CsScope::All, text: String::new(), offset: 0, limit: 1_000 };
    let mut found = BTreeMap::new();
    // A placeholder is only a name that something referred to; the next import takes it away.
    let hits = world.engine.search_connector_space(&search).unwrap().rows.into_iter();
    for hit in hits.filter(|hit| !hit.object_type.is_empty()) {
        let object = world.engine.cs_object(hit.guid).unwrap();
        let values = object.import.attributes.into_iter().map(|attribute| {
            assert!(attribute.new_count <= 200, "the values of {} cannot all be compared", attribute.name);
            // The two are shown in different forms.
            let text = |text: String| match attribute.value_type {
                ValueType::Boolean => text.to_lowercase(),
                ValueType::Binary => hex::encode(STANDARD.decode(text).unwrap()),
                _ => text,
            };
            (attribute.name, attribute.new.into_iter().map(|value| text(value.text)).collect::<BTreeSet<_>>())
        });
        found.insert(object.dn, values.filter(|(_, values)| !values.is_empty()).collect());
    }
    found
}

/// Nothing is lost, nothing is there twice, and the connector space tells what is there.
fn compare(world: &World, stage: u32, fault: &str) {
    assert_eq!(world.pending(), (0, 0), "{fault}");
    let (tenant, space) = (in_tenant(world), in_connector_space(world));
    assert_eq!(tenant.keys().collect::<Vec<_>>(), space.keys().collect::<Vec<_>>(), "{fault}");
    // A connector space holds the attributes that are selected, so only these can differ.
    let selected: BTreeSet<String> = space.values().flat_map(|values| values.keys().cloned()).collect();
    let wanted: BTreeSet<String> = members(stage).into_iter().map(|number| dn_of(&anchor_of(number))).collect();
    assert_eq!(tenant[&dn_of(&group_anchor(1))]["member"], wanted, "{fault}");
    for (dn, values) in tenant {
        let values: Shown = values.into_iter().filter(|(name, _)| selected.contains(name)).collect();
        let differ = |name: &&String| space[&dn].get(*name) != values.get(*name);
        let names: BTreeSet<&String> = selected.iter().filter(differ).collect();
        assert!(names.is_empty(), "{fault}: {dn} differs in {names:?}: {:?} in the connector space, {values:?}", space[&dn]);
    }
    let expected: BTreeSet<String> = numbers(stage).map(anchor_of).collect();
    let export = world.control("GET", "export", Value::Null);
    let objects = export["objects"].as_array().unwrap();
    let live: Vec<&Value> =
        objects.iter().filter(|object| object["state"] == "live" && object["sourceAnchor"].is_string()).collect();
    let users: Vec<&str> = live
        .iter()
        .filter(|object| object["cloudAnchor"].as_str().unwrap().starts_with("User_"))
        .map(|object| object["sourceAnchor"].as_str().unwrap())
        .collect();
    assert_eq!((users.len(), users.iter().map(|text| (*text).to_owned()).collect()), (expected.len(), expected), "{fault}");
    for object in &live {
        if object["cloudAnchor"].as_str().unwrap().starts_with("User_") {
            assert_eq!(object["attributes"]["title"], format!("Stage {stage}"), "{fault}");
        }
    }
    // Deleted ones are there once too, unless nothing of them can come back.
    let deleted: Vec<&Value> =
        objects.iter().filter(|object| object["state"] == "softDeleted").map(|object| &object["sourceAnchor"]).collect();
    let different: BTreeSet<String> = deleted.iter().map(|anchor| anchor.to_string()).collect();
    assert_eq!(deleted.len(), different.len(), "{fault}: {deleted:?}");
}

/// One stage of the forest after the other meets one fault each.
fn check(backend: BackendKind, faults: &[(&str, Value)]) {
    let world = match backend {
        BackendKind::Graph => World::graph(&forest(0)),
        BackendKind::SyncChannel => World::channel(&forest(0)),
    };
    for (stage, (fault, planned)) in (0..).zip(faults) {
        world.forest(&forest(stage));
        world.control("PUT", "faults", planned.clone());
        // The first cycle may end early; what is left goes on with the next ones while the faults last.
        for _ in 0..2 {
            world.cycle(if stage == 0 { CyclePolicy::Initial } else { CyclePolicy::Delta });
        }
        world.control("PUT", "faults", json!([]));
        let cycle = world.settle();
        assert!(world.refused(&cycle).is_empty(), "{backend:?} {fault}");
        compare(&world, stage, &format!("{backend:?} {fault}"));
    }
}

/// Every kind of fault, each to writes and to reads.
fn all() -> Vec<(&'static str, Value)> {
    let busy = |status: u16, path: &str, nth: u32, times: u32| json!({ "path": path, "nth": nth, "times": times, "status": status, "headers": { "Retry-After": "7" } });
    let denied = json!({ "error": { "code": "InvalidAuthenticationToken", "message": "Lifetime validation failed, the token is expired." } });
    let ended = |path: &str, nth: u32| json!({ "path": path, "nth": nth, "status": 401, "body": denied });
    let lost = |path: &str, nth: u32, times: u32, after: bool| json!({ "path": path, "nth": nth, "times": times, "dropConnection": true, "afterCommit": after });
    let told = |how: &str| json!([{ "path": ANYTHING, "times": 100_000, "scramble": how }]);
    let single = |method: &str, path: &str, status: u16| {
        json!({ "method": method, "path": path, "nth": 5, "times": 9, "status": status, "headers": { "Retry-After": "2" },
                "body": { "error": { "code": "x", "message": "later" } } })
    };
    vec![
        ("nothing", json!([])),
        (
            "a storm of 429",
            json!([
                busy(429, WRITES, 1, 3),
                busy(429, WRITES, 5, 3),
                busy(429, READS, 1, 2),
                single("PATCH", "^/v1.0/users/", 429)
            ]),
        ),
        ("503", json!([busy(503, WRITES, 2, 2), busy(503, READS, 2, 2), single("PATCH", "^/v1.0/users/", 503)])),
        ("a tenant that stays busy", json!([busy(503, WRITES, 2, 100_000)])),
        (
            "a connection lost after the commit",
            json!([lost(WRITES, 1, 1, true), lost(WRITES, 3, 2, true), lost(READS, 2, 1, true)]),
        ),
        ("a connection lost before the request was read", json!([lost(WRITES, 2, 2, false), lost(READS, 1, 1, false)])),
        ("every answer is lost", json!([lost(WRITES, 1, 100_000, true)])),
        ("a token that ends in the middle", json!([ended(WRITES, 2), ended(READS, 2), single("PATCH", "^/v1.0/users/", 401)])),
        ("replies in reverse order", told("reversed")),
        ("replies that are told twice", told("twice")),
    ]
}

#[test]
fn nothing_is_lost_and_nothing_is_twice_over_the_sync_channel() {
    check(BackendKind::SyncChannel, &all());
}

#[test]
fn nothing_is_lost_and_nothing_is_twice_over_microsoft_graph() {
    check(BackendKind::Graph, &all());
}
