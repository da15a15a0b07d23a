//! Scenario 22: each branch of the tenant's decisions on a `set` (`entra-connector.md` 4.7, steps 2 to 7), met by exports of
//! the engine. What a second cycle has to mend is in `errors` and `identity`.

use serde_json::{Value, json};
use syncline_engine::service::CyclePolicy;

use crate::identity::{ALL, BLOCK_HARD};
use crate::world::{World, anchor_of, effective, person, user};

const ADDRESS_RESILIENCY: u64 = 32;
const NAME_RESILIENCY: u64 = 8;
/// The user that is exported.
const BOB: u32 = 1;

/// What the tenant holds before the user comes.
struct Before {
    objects: Value,
    features: u64,
    /// The object that the user may become.
    role: Option<&'static str>,
}

impl Before {
    fn of(objects: Value) -> Self {
        Self { objects, features: ALL, role: None }
    }
}

/// Exports one user beside another one to a tenant that holds objects already, which nobody has imported. What became of it is
/// a code, or whether it is one of these objects. The other one is always exported.
fn check(before: &Before, bob: &str, expected: &str) -> World {
    let world = World::channel("");
    world.cycle(CyclePolicy::Initial);
    world.features(before.features);
    let mut objects = before.objects.clone();
    if let (Some(role), Some(first)) = (before.role, objects.get_mut(0)) {
        first["role"] = json!(role);
    }
    let planted = world.control("POST", "seed", json!({ "objects": objects }))["objects"].clone();
    world.forest(&format!("{bob}{}", person(2, "")));
    world.import_forest();
    let run = world.run("Export");
    let errors = &run.step_details[0].errors;
    let codes: Vec<&str> = errors.iter().map(|error| error.error.code.as_str()).collect();
    let mut became = codes.join(" ");
    if became.is_empty() {
        let object = world.live(&anchor_of(BOB));
        let taken = planted.as_array().unwrap().contains(&object["cloudAnchor"]);
        became = if taken { "taken over" } else { "made" }.to_owned();
        assert_eq!(object["onPremisesSyncEnabled"], true, "{became}");
    } else {
        assert_eq!(run.summary.status, "completed-export-errors");
        assert!(!errors[0].error.message.is_empty());
    }
    assert_eq!(became, expected, "{errors:?}");
    world.live(&anchor_of(2));
    world
}

fn cloud(name: &str) -> Value {
    json!({ "objectType": "user", "attributes": { "userPrincipalName": name, "displayName": "Cloud" } })
}

fn with_anchor(mut object: Value) -> Value {
    object["sourceAnchor"] = json!(anchor_of(BOB));
    object
}

fn group_with(address: &str) -> Value {
    json!({ "objectType": "group", "attributes": { "displayName": "Tax", "proxyAddresses": [address] } })
}

#[test]
fn scenario_22_branch_2_an_object_that_is_gone_is_told_and_made_anew() {
    let world = World::channel(&(person(BOB, "") + &person(2, "")));
    world.cycle(CyclePolicy::Initial);
    world.settle();
    let first = world.live(&anchor_of(BOB))["cloudAnchor"].clone();
    world.control("POST", "cloud-edit", json!({ "object": first, "delete": "hard" }));
    world.forest(&(person(BOB, "title: Lead\n") + &person(2, "title: Lead\n")));
    world.import_forest();
    let run = world.run("Export");
    let codes: Vec<&str> = run.step_details[0].errors.iter().map(|error| error.error.code.as_str()).collect();
    assert_eq!(codes, ["cd-missing-object"]);
    assert_eq!(effective(&world.live(&anchor_of(2)), "title"), "Lead");
    world.settle();
    let again = world.live(&anchor_of(BOB));
    assert_ne!(again["cloudAnchor"], first);
    assert_eq!((effective(&again, "title"), world.pending()), (&json!("Lead"), (0, 0)));
}

#[test]
fn scenario_22_branch_3a_the_anchor_of_another_type_is_a_mismatch() {
    let group = with_anchor(json!({ "objectType": "group", "attributes": { "displayName": "Tax" } }));
    check(&Before::of(json!([group])), &person(BOB, ""), "ObjectTypeMismatch");
}

#[test]
fn scenario_22_branch_3b_a_synchronized_object_with_the_anchor_is_updated() {
    let mut object = with_anchor(cloud("old@contoso.com"));
    object["onPremisesSyncEnabled"] = json!(true);
    let world = check(&Before::of(json!([object])), &person(BOB, ""), "taken over");
    assert_eq!(effective(&world.live(&anchor_of(BOB)), "displayName"), "User 1");
}

#[test]
fn scenario_22_branch_3c_a_cloud_object_with_the_anchor_is_taken_over_unless_it_must_not() {
    let before = || Before::of(json!([with_anchor(cloud("old@contoso.com"))]));
    check(&before(), &person(BOB, ""), "taken over");
    check(&Before { features: ALL | BLOCK_HARD, ..before() }, &person(BOB, ""), "InvalidHardMatch");
    check(&Before { role: Some("Global Administrator"), ..before() }, &person(BOB, ""), "ExistingAdminRoleConflict");
}

#[test]
fn scenario_22_branch_4a_without_a_candidate_a_new_object_is_made() {
    check(&Before::of(json!([cloud("somebody@contoso.com")])), &person(BOB, ""), "made");
}

#[test]
fn scenario_22_branch_4b_one_candidate_is_taken_over() {
    let world = check(&Before::of(json!([cloud("user1@contoso.com")])), &person(BOB, ""), "taken over");
    assert_eq!(world.held(&anchor_of(BOB)).len(), 1, "the anchor is stamped");
}

#[test]
fn scenario_22_branch_4c_an_administrator_is_not_taken_over_and_a_second_object_is_made() {
    let before = Before { role: Some("Global Administrator"), ..Before::of(json!([cloud("user1@contoso.com")])) };
    let world = check(&before, &person(BOB, ""), "ExistingAdminRoleConflict");
    let name = effective(&world.live(&anchor_of(BOB)), "userPrincipalName").clone();
    assert!(name.as_str().unwrap().ends_with("@contoso.onmicrosoft.com"), "{name}");
}

#[test]
fn scenario_22_branch_4d_a_candidate_of_another_type_is_a_mismatch() {
    check(&Before::of(json!([group_with("SMTP:user1@contoso.com")])), &person(BOB, ""), "ObjectTypeMismatch");
}

#[test]
fn scenario_22_branch_4e_another_anchor_is_quarantined_or_refused() {
    let before = || {
        let mut other = cloud("user1@contoso.com");
        (other["sourceAnchor"], other["onPremisesSyncEnabled"]) = (json!("of another"), json!(true));
        Before::of(json!([other]))
    };
    let world = check(&before(), &person(BOB, ""), "made");
    let name = effective(&world.live(&anchor_of(BOB)), "userPrincipalName").clone();
    assert!(name.as_str().unwrap().ends_with("@contoso.onmicrosoft.com"), "{name}");
    let off = ALL & !NAME_RESILIENCY & !ADDRESS_RESILIENCY;
    check(&Before { features: off, ..before() }, &person(BOB, ""), "InvalidSoftMatch");
}

#[test]
fn scenario_22_branch_4f_two_candidates_are_refused_and_named() {
    let mut addressed = cloud("somebody@contoso.com");
    addressed["attributes"]["proxyAddresses"] = json!(["SMTP:main@contoso.com"]);
    let before = Before::of(json!([cloud("user1@contoso.com"), addressed]));
    let bob = user(BOB, &[("proxyAddresses", &["SMTP:main@contoso.com"]), ("mail", &["main@contoso.com"])]);
    check(&before, &bob, "InvalidSoftMatch");
}

#[test]
fn scenario_22_branch_5_what_nothing_matches_has_an_id_of_its_own() {
    let world = check(&Before::of(json!([])), &person(BOB, ""), "made");
    let (bob, other) = (world.live(&anchor_of(BOB)), world.live(&anchor_of(2)));
    assert_ne!(bob["cloudAnchor"], other["cloudAnchor"]);
    assert_eq!(effective(&bob, "userPrincipalName"), "user1@contoso.com");
}

#[test]
fn scenario_22_branch_6_values_are_validated_and_names_with_blanks_made_anew() {
    let named = |name: &str| user(BOB, &[("userPrincipalName", &[name]), ("mailNickname", &["bob"])]);
    let world = check(&Before::of(json!([])), &named("bob smith@contoso.com"), "made");
    assert_eq!(effective(&world.live(&anchor_of(BOB)), "userPrincipalName"), "bob@contoso.onmicrosoft.com");
    for name in ["bob@", "b<b@contoso.com", "b@b@contoso.com"] {
        check(&Before::of(json!([])), &named(name), "IdentityDataValidationFailed");
    }
    // The default rules send no more than fifteen certificates, so that the limit on these is met by others only.
    let addressed = |count: u32| {
        let values: Vec<String> = (0..count).map(|number| format!("smtp:bob{number}@contoso.com")).collect();
        let values: Vec<&str> = values.iter().map(String::as_str).collect();
        user(BOB, &[("proxyAddresses", &values), ("mail", &[])])
    };
    check(&Before::of(json!([])), &addressed(301), "ExceededAllowedLength");
    check(&Before::of(json!([])), &addressed(300), "made");
}

#[test]
fn scenario_22_branch_7_values_in_use_are_quarantined_or_refused() {
    let before = || Before::of(json!([group_with("smtp:shared@contoso.com")]));
    let shared = user(BOB, &[("proxyAddresses", &["SMTP:user1@contoso.com", "smtp:shared@contoso.com"])]);
    let world = check(&before(), &shared, "made");
    assert_eq!(effective(&world.live(&anchor_of(BOB)), "proxyAddresses"), &json!(["SMTP:user1@contoso.com"]));
    check(&Before { features: ALL & !ADDRESS_RESILIENCY, ..before() }, &shared, "AttributeValueMustBeUnique");
    // Of mail nothing can be left out.
    let mut holder = cloud("somebody@contoso.com");
    holder["attributes"]["mail"] = json!("taken@contoso.com");
    let bob = user(BOB, &[("mail", &["taken@contoso.com"]), ("proxyAddresses", &["SMTP:user1@contoso.com"])]);
    check(&Before::of(json!([holder])), &bob, "AttributeValueMustBeUnique");
}
