//! Synchronization alone. The scenarios of `engine.md` 11 are files (`tests/scenarios`); the laws of `design.md` 3 are
//! properties of generated scenarios (`scenario::laws`).

mod world;

use world::{A, ADA, B, T, TENANT_DN, USER, World, fixture_rules, settled};

use crate::model::ObjectOperation;
use crate::rules::{Flow, FlowSource, MergeType};
use crate::step::StepStatus;
use crate::store::references::ReferenceLayer;
use crate::sync::ByHand;
use crate::sync::preview::decide_by_hand;

#[test]
fn an_object_that_the_tenant_lost_is_provisioned_again() {
    let world = settled();
    let lost = world.cs(T, TENANT_DN).unwrap();
    world.stage_delete(lost.id);
    world.sync(T, false, &[("connector-delete-leave-mv", 1), ("3:provisioned-add-flow", 1)]);
    let again = world.cs(T, TENANT_DN).unwrap();
    assert_ne!(again.guid, lost.guid);
    assert_eq!((again.mv, again.unapplied.operation), (world.cs(A, USER).unwrap().mv, ObjectOperation::Add));
    world.sync(A, true, &[("connector-no-flow", 1)]);
}

#[test]
fn a_lost_member_is_provisioned_again_before_its_groups_are_looked_at() {
    let world = World::new(&fixture_rules());
    // The group comes first in name and number.
    let group = "CN=a,DC=contoso,DC=com";
    world.stage(
        A,
        group,
        "group",
        &[("objectGUID", "20112233-4455-6677-8899-aabbccddeeff"), ("displayName", "g1"), ("member", USER)],
    );
    world.stage(A, USER, "user", &ADA);
    world.quietly(A, false);
    world.export_and_confirm();
    let lost = world.cs(T, TENANT_DN).unwrap();
    world.stage_delete(lost.id);
    world.quietly(T, false);
    let anchor = world.text(&world.identity(A, group).image, "sourceAnchor").unwrap();
    let target = world.cs(T, &format!("CN={{{}}}", hex::encode_upper(anchor))).unwrap();
    let again = world.cs(T, TENANT_DN).unwrap();
    assert_eq!(again.unapplied.operation, ObjectOperation::Add);
    let members = target.reference_targets(ReferenceLayer::UnappliedDelete);
    assert_eq!(members.get(&world.attribute("member")), Some(&vec![again.id]), "{:?}", target.references);
}

#[test]
fn the_error_of_a_group_is_told_although_its_member_was_joined_in_the_same_batch() {
    let world = World::new(&fixture_rules());
    world.change_rules(|rules| {
        let group = rules.iter_mut().find(|rule| rule.precedence == 30).unwrap();
        group.flows.push(Flow {
            target: "description".into(),
            source: FlowSource::Expression("Error(\"no groups today\")".into()),
            apply_once: false,
            merge: MergeType::Update,
        });
    });
    world.stage(A, USER, "user", &ADA);
    // Deeper than its member, so it comes after it.
    let group = "CN=g,OU=Below,OU=Staff,DC=contoso,DC=com";
    world.stage(A, group, "group", &[("objectGUID", "20112233-4455-6677-8899-aabbccddeeff"), ("member", USER)]);
    let expected = [("disconnector-projected-flow", 1), ("3:provisioned-add-flow", 1), ("flow-failure", 1)];
    assert_eq!(world.sync(A, false, &expected), StepStatus::COMPLETED_SYNC_ERRORS);
    assert_eq!(world.cs(A, group).unwrap().import_error.unwrap().error.message, "no groups today");
}

#[test]
fn an_unexported_object_does_not_take_the_name_of_another() {
    let world = World::new(&fixture_rules());
    world.stage(A, USER, "user", &ADA);
    let twin = [("objectGUID", "70112233-4455-6677-8899-aabbccddeeff"), ("mail", "twin@contoso.com"), ("displayName", "Twin")];
    world.stage(A, "CN=Twin,DC=contoso,DC=com", "user", &twin);
    world.quietly(A, false);
    // The anchor of the second becomes that of the first before either was exported.
    world.change_rules(|rules| {
        let common = rules.iter_mut().find(|rule| rule.precedence == 12).unwrap();
        let flow = common.flows.iter_mut().find(|flow| flow.target == "sourceAnchor").unwrap();
        flow.source = FlowSource::Expression("\"MyIRAFVEd2aImaq7zN3u/w==\"".into());
    });
    let counters = world.quietly(A, true);
    assert_eq!(counters.get("flow-failure"), Some(&1), "{counters:?}");
    let failed = world.cs(A, "CN=Twin,DC=contoso,DC=com").unwrap().import_error.unwrap();
    assert_eq!(failed.error.code.as_str(), "sync-rule-flow-provisioning-failed");
}

#[test]
fn an_object_without_attributes_is_provisioned_without_flow() {
    let world = World::new(&fixture_rules());
    world.change_rules(|rules| {
        let out = rules.iter_mut().find(|rule| rule.precedence == 60).unwrap();
        out.flows.retain(|flow| flow.target == "dn");
    });
    world.stage(A, USER, "user", &ADA);
    world.sync(A, false, &[("disconnector-projected-flow", 1), ("3:provisioned-add-no-flow", 1)]);
}

#[test]
fn rules_leave_explicit_and_filtered_disconnectors_alone() {
    for state in [1, 2] {
        let world = World::new(&fixture_rules());
        let id = world.stage(A, USER, "user", &ADA);
        world.keep_apart(id, state);
        // What was imported is looked at, as a full synchronization would, and no more than once.
        world.sync(A, false, &[("disconnector-remains", 1)]);
        world.sync(A, false, &[]);
        world.sync(A, true, &[("disconnector-remains", 1)]);
        // Nor are they found from the other side.
        let world = settled();
        let target = world.cs(T, TENANT_DN).unwrap().id;
        let source = world.cs(A, USER).unwrap().id;
        world.stage_delete(source);
        world.quietly(A, false);
        world.keep_apart(target, state);
        world.stage(A, USER, "user", &ADA);
        world.quietly(A, false);
        assert_eq!(world.cs(T, TENANT_DN).unwrap().mv, None, "{state}");
    }
}

#[test]
fn an_administrator_joins_what_rules_would_not() {
    let world = settled();
    let ada = world.cs(A, USER).unwrap();
    let other =
        world.stage(B, "CN=Countess,DC=fabrikam,DC=com", "user", &[("adminDescription", "User_x"), ("department", "Poetry")]);
    world.sync(B, false, &[("disconnector-remains", 1)]);
    let joined = decide_by_hand(&world.environment, other, ByHand::Join(ada.mv.unwrap())).unwrap();
    assert_eq!(joined.error, None);
    // No rule holds the link, and none takes it away.
    for full in [false, true] {
        world.quietly(B, full);
        world.quietly(A, full);
        let object = world.cs(B, "CN=Countess,DC=fabrikam,DC=com").unwrap();
        assert_eq!((object.mv, object.connector_state), (ada.mv, 1));
    }
    // Its attributes flow as soon as a rule is for it.
    world.stage(B, "CN=Countess,DC=fabrikam,DC=com", "user", &[("department", "Poetry"), ("displayName", "Countess")]);
    world.sync(B, false, &[("connector-no-flow", 1)]);
    world.stage(A, USER, "user", &[("objectGUID", ADA[0].1), ("mail", "ada@contoso.com")]);
    world.quietly(A, false);
    assert_eq!(world.text(&world.identity(A, USER).image, "department").as_deref(), Some("Poetry"));
    // The identity keeps no explicit connector when it goes.
    world.stage_delete(world.cs(A, USER).unwrap().id);
    world.stage_delete(other);
    world.quietly(A, false);
    world.quietly(B, false);
    assert_eq!(world.cs(B, "CN=Countess,DC=fabrikam,DC=com"), None);
}

#[test]
fn what_an_administrator_disconnects_stays_apart_when_it_is_explicit() {
    for explicit in [true, false] {
        let world = settled();
        let ada = world.cs(A, USER).unwrap();
        let gone = decide_by_hand(&world.environment, ada.id, ByHand::Disconnect { explicit }).unwrap();
        assert_eq!(gone.error, None);
        let object = world.cs(A, USER).unwrap();
        assert_eq!((object.mv, object.connector_state), (None, i64::from(explicit)));
        assert!(object.disconnected.is_some());
        assert_eq!(world.cs(T, TENANT_DN).unwrap().unapplied.operation, ObjectOperation::Delete, "its identity is gone");
        world.quietly(A, false);
        assert_eq!(world.cs(A, USER).unwrap().mv.is_none(), explicit);
        // An explicit one becomes normal again, and is joined.
        decide_by_hand(&world.environment, ada.id, ByHand::Disconnect { explicit: false }).unwrap();
        world.quietly(A, false);
        assert!(world.cs(A, USER).unwrap().mv.is_some());
        assert_eq!(world.cs(T, TENANT_DN).unwrap().unapplied.operation, ObjectOperation::None);
    }
}

#[test]
fn a_target_that_is_disconnected_by_hand_is_left_alone() {
    let world = settled();
    let target = world.cs(T, TENANT_DN).unwrap();
    world.stage(A, USER, "user", &[("objectGUID", ADA[0].1), ("displayName", "Changed"), ("mail", "ada@contoso.com")]);
    world.quietly(A, false);
    assert_eq!(world.cs(T, TENANT_DN).unwrap().unapplied.operation, ObjectOperation::Update);
    let gone = decide_by_hand(&world.environment, target.id, ByHand::Disconnect { explicit: true }).unwrap();
    assert_eq!(gone.error, None);
    let object = world.cs(T, TENANT_DN).unwrap();
    assert_eq!((object.mv, object.connector_state, object.unapplied.operation), (None, 1, ObjectOperation::None));
    // The rules still want an object of that name, so they say who is in the way.
    world.quietly(A, true);
    let error = world.cs(A, USER).unwrap().import_error.unwrap().error;
    assert!(error.message.contains("an explicit disconnector, which no rule joins"), "{}", error.message);
}
