//! What the tenant itself decides: how many objects may be deleted, and whose objects are written.

use serde_json::{Value, json};
use syncline_engine::connector::entra::BackendKind;
use syncline_engine::service::{CyclePolicy, DeletionGuard, OperationFilter};

use crate::world::{TENANT, World, anchor_of, dn_of, effective, group, group_anchor, person};

fn people(from: u32, to: u32) -> String {
    (from..=to).map(|number| person(number, "")).collect()
}

/// The tenant's limit on deletions, as its administrator sets it.
fn set_guard(world: &World, kind: &str, threshold: u64) {
    let tenant = world.sandbox.tenant_id();
    let guard = json!({ "synchronizationPreventionType": kind, "alertThreshold": threshold });
    let body = json!({ "configuration": { "accidentalDeletionPrevention": guard } });
    world.call("PATCH", &format!("directory/onPremisesSynchronization/{tenant}"), &body);
}

#[test]
fn scenario_44_the_tenants_limit_on_deletions_is_shown_and_lowers_ours() {
    let check = |backend: BackendKind| {
        let world = match backend {
            BackendKind::Graph => World::graph(&people(1, 20)),
            BackendKind::SyncChannel => World::channel(&people(1, 20)),
        };
        world.cycle(CyclePolicy::Initial);
        world.settle();
        let guard = || world.engine.tenant_facts(None).unwrap().deletion_guard;
        let lowered = |warnings: &[String]| warnings.iter().any(|told| told.contains("the lower one counts"));
        assert_eq!(guard(), Some(DeletionGuard::Count(500)));
        set_guard(&world, "enabledForCount", 3);
        assert_eq!(guard(), Some(DeletionGuard::Count(3)));
        // Four are one too many, although 500 are allowed here.
        world.forest(&people(5, 20));
        let step = world.export_step(&world.cycle(CyclePolicy::Delta));
        assert_eq!(
            (step.status.as_str(), step.message.as_str()),
            ("stopped-deletion-threshold-exceeded", "4 deletions staged, limit 3")
        );
        assert!(lowered(&step.warnings), "{:?}", step.warnings);
        assert_eq!(world.tenant("user").len(), 20);
        // Three pass, and it is told whose limit that was.
        world.forest(&people(4, 20));
        let step = world.export_step(&world.cycle(CyclePolicy::Delta));
        assert!(lowered(&step.warnings), "{:?}", step.warnings);
        world.settle();
        assert_eq!(world.tenant("user").len(), 17);
        // A share: 20 % of 17 objects are 3.
        set_guard(&world, "enabledForPercentage", 20);
        assert_eq!(guard(), Some(DeletionGuard::Percent(20)));
        world.forest(&people(8, 20));
        let step = world.export_step(&world.cycle(CyclePolicy::Delta));
        assert_eq!(step.message, "4 deletions staged, limit 3");
        // A higher one, and none, leave ours as it is.
        set_guard(&world, "enabledForCount", 9_000);
        let step = world.export_step(&world.cycle(CyclePolicy::Delta));
        assert!(!lowered(&step.warnings), "{:?}", step.warnings);
        world.settle();
        assert_eq!(world.tenant("user").len(), 13);
        set_guard(&world, "disabled", 3);
        assert_eq!(guard(), None);
        world.forest(&people(13, 20));
        world.settle();
        assert_eq!((world.tenant("user").len(), world.pending()), (8, (0, 0)));
    };
    check(BackendKind::SyncChannel);
    check(BackendKind::Graph);
}

#[test]
fn scenario_45_a_group_that_moved_to_the_cloud_is_left_alone_and_others_go_on() {
    let groups = |name: &str, members: &[u32]| {
        let named = |number: u32| {
            group(number, members, "").replace(&format!("displayName: Group {number}"), &format!("displayName: {name} {number}"))
        };
        format!("{}{}{}", people(1, 4), named(1), named(2))
    };
    let world = World::channel(&groups("Group", &[1, 2]));
    world.cycle(CyclePolicy::Initial);
    world.settle();
    let id = world.live(&group_anchor(1))["cloudAnchor"].as_str().unwrap().trim_start_matches("Group_").to_owned();
    let behavior = format!("groups/{id}/onPremisesSyncBehavior");
    world.call("PATCH", &behavior, &json!({ "isCloudManaged": true }));
    world.call("PATCH", &format!("groups/{id}"), &json!({ "description": "of the cloud" }));
    let moved = world.live(&group_anchor(1));
    // Both groups change on premises; only the other one changes in the tenant.
    world.forest(&groups("Team", &[2, 3, 4]));
    for _ in 0..2 {
        let cycle = world.cycle(CyclePolicy::Delta);
        let step = world.export_step(&cycle);
        assert!(world.refused(&cycle).is_empty(), "{step:?}");
        let told: Vec<&String> = step.warnings.iter().filter(|told| told.contains("isCloudManaged")).collect();
        assert_eq!(told.len(), 1, "{:?}", step.warnings);
        assert!(told[0].contains("1 objects stay pending"), "{told:?}");
    }
    let same = |name: &str| assert_eq!(world.live(&group_anchor(1))[name], moved[name], "{name}");
    for name in ["attributes", "references", "cloudAnchor"] {
        same(name);
    }
    assert_eq!(effective(&world.live(&group_anchor(2)), "displayName"), "Team 2");
    assert_eq!(world.references(&group_anchor(2), "member").len(), 3);
    // The state and the reason are shown.
    let connector = world.engine.connector(TENANT).unwrap().id;
    let shown = world.engine.cs_object_by_dn(connector, &dn_of(&group_anchor(1))).unwrap();
    let mastered = shown.import.attributes.iter().find(|attribute| attribute.name == "cloudMastered").unwrap();
    assert!(mastered.new[0].text.eq_ignore_ascii_case("true"), "{mastered:?}");
    let page = world.engine.pending_exports(connector, OperationFilter::ALL, 0, 10).unwrap();
    let reasons: Vec<(&str, bool)> = page
        .rows
        .iter()
        .map(|row| {
            (
                row.hit.dn.as_str(),
                row.not_sent.iter().any(|part| part.attribute.is_none() && part.reason.contains("isCloudManaged")),
            )
        })
        .collect();
    assert_eq!(reasons, [(dn_of(&group_anchor(1)).as_str(), true)]);
    // It is not deleted either.
    world.forest(&(people(1, 4) + &group(2, &[2], "")));
    world.cycle(CyclePolicy::Delta);
    same("state");
    // Given back, it is what the forest says.
    world.forest(&groups("Team", &[2, 3, 4]));
    world.cycle(CyclePolicy::Delta);
    world.call("PATCH", &behavior, &json!({ "isCloudManaged": false }));
    world.settle();
    assert_eq!(effective(&world.live(&group_anchor(1)), "displayName"), "Team 1");
    assert_eq!(world.references(&group_anchor(1), "member"), {
        let mut expected = [2, 3, 4].map(anchor_of).to_vec();
        expected.sort();
        expected
    });
    assert_eq!(world.pending(), (0, 0));
    assert_eq!(world.call("GET", &behavior, &Value::Null)["isCloudManaged"], false);
}
