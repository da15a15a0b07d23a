//! Export errors of the tenant through the connector (`features.md` 4): each row is an error, spares the other objects of its
//! batch, is told again with its count, and is gone once it is mended at its source.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use syncline_engine::service::CyclePolicy;

use crate::identity::{ALL, BLOCK_HARD, plant};
use crate::world::{World, anchor_of, dn_of, person, user};

const ADDRESS_RESILIENCY: u64 = 32;
/// The user that the rows are about, and one who has nothing to do with it.
const BOB: u32 = 1;
const OTHER: u32 = 9;

/// Two cycles fail for one user with a code and reach the other one; after the mending everything is well.
fn check(world: &World, wrong: &str, code: &str, mend: impl FnOnce(&World)) {
    let others = |title: &str| person(OTHER, &format!("title: {title}\n"));
    for (tries, title) in ["Clerk", "Lead"].into_iter().enumerate() {
        world.forest(&format!("{wrong}{}", others(title)));
        let cycle = world.cycle(CyclePolicy::Delta);
        let step = world.export_step(&cycle);
        assert_eq!(world.refused(&cycle), [(dn_of(&anchor_of(BOB)), code.to_owned())], "{code}: {step:?}");
        assert_eq!((step.status.as_str(), step.errors[0].retry_count as usize), ("completed-export-errors", tries), "{code}");
        assert_eq!(world.tenant("user")[&anchor_of(OTHER)]["title"], [title], "{code}: the other one is exported");
    }
    world.forest(&format!("{wrong}{}", others("Lead")));
    mend(world);
    let mended = world.cycle(CyclePolicy::Delta);
    assert!(world.refused(&mended).is_empty(), "{code}: {:?}", world.export_step(&mended));
    world.settle();
    assert_eq!(world.pending(), (0, 0), "{code}");
}

/// The forest that mends it.
fn forest(text: String) -> impl FnOnce(&World) {
    move |world| world.forest(&(text + &person(OTHER, "title: Lead\n")))
}

/// A world in which the first cycle is over, so that errors come with changes.
fn begun(text: &str) -> World {
    let world = World::channel(&(text.to_owned() + &person(OTHER, "")));
    world.cycle(CyclePolicy::Initial);
    world
}

#[test]
fn features_4_invalid_hard_match() {
    let world = begun(&person(BOB, ""));
    world.forest(&person(OTHER, ""));
    world.settle();
    world.features(ALL | BLOCK_HARD);
    check(&world, &person(BOB, ""), "InvalidHardMatch", |world| world.features(ALL));
}

#[test]
fn features_4_invalid_soft_match() {
    let smith = |address: &str| user(2, &[("proxyAddresses", &[&format!("SMTP:{address}@contoso.com")]), ("mail", &[])]);
    let taylor = user(BOB, &[("proxyAddresses", &["SMTP:bob@contoso.com"]), ("mail", &[])]);
    let world = begun(&smith("bob"));
    world.features(ALL & !ADDRESS_RESILIENCY);
    let mended = forest(smith("smith") + &taylor);
    // The value moves from one to the other: the first cycle takes it away, the second gives it.
    check(&world, &(smith("bob") + &taylor), "InvalidSoftMatch", |world| {
        mended(world);
        world.cycle(CyclePolicy::Delta);
    });
}

#[test]
fn features_4_object_type_mismatch() {
    let world = begun("");
    let group =
        json!({ "objectType": "group", "attributes": { "displayName": "Tax", "proxyAddresses": ["smtp:tax@contoso.com"] } });
    let planted = world.control("POST", "seed", json!({ "objects": [group] }))["objects"][0].clone();
    let wrong = user(BOB, &[("proxyAddresses", &["SMTP:tax@contoso.com"]), ("mail", &[])]);
    check(&world, &wrong, "ObjectTypeMismatch", |world| {
        world.control("POST", "cloud-edit", json!({ "object": planted, "attributes": { "proxyAddresses": null } }));
    });
}

#[test]
fn features_4_attribute_value_must_be_unique() {
    let smith = |addresses: &[&str]| user(2, &[("proxyAddresses", addresses)]);
    let world = begun(&(smith(&["SMTP:user2@contoso.com", "smtp:bob@contoso.com"]) + &person(BOB, "")));
    world.features(ALL & !ADDRESS_RESILIENCY);
    let taylor = user(BOB, &[("proxyAddresses", &["SMTP:user1@contoso.com", "smtp:bob@contoso.com"])]);
    let mended = forest(smith(&["SMTP:user2@contoso.com"]) + &taylor);
    check(
        &world,
        &(smith(&["SMTP:user2@contoso.com", "smtp:bob@contoso.com"]) + &taylor),
        "AttributeValueMustBeUnique",
        |world| {
            mended(world);
            world.cycle(CyclePolicy::Delta);
        },
    );
}

#[test]
fn features_4_values_that_are_refused_and_mended() {
    let row = |wrong: String, code: &str, mended: String| check(&begun(""), &wrong, code, forest(mended));
    for name in ["bob@", "bob@smith@contoso.com"] {
        row(user(BOB, &[("userPrincipalName", &[name])]), "IdentityDataValidationFailed", person(BOB, ""));
    }
    let addresses = |count: usize| {
        let values: Vec<String> = (0..count).map(|number| format!("smtp:bob{number}@contoso.com")).collect();
        let values: Vec<&str> = values.iter().map(String::as_str).collect();
        user(BOB, &[("proxyAddresses", &values)])
    };
    row(addresses(301), "ExceededAllowedLength", addresses(300));
    let named = |length: usize| user(BOB, &[("displayName", &[&"x".repeat(length)])]);
    row(named(300), "constraint-violation", named(256));
    let photo = |bytes: usize| person(BOB, &format!("thumbnailPhoto:: {}\n", STANDARD.encode(vec![7; bytes])));
    row(photo(101 * 1024), "ExceededAllowedLength", photo(99 * 1024));
}

#[test]
fn features_4_federated_domain_change() {
    let named = |domain: &str| user(BOB, &[("userPrincipalName", &[&format!("bob@{domain}")])]);
    let world = World::channel("");
    for name in ["fed1.com", "fed2.com"] {
        world.control("POST", "domains", json!({ "name": name, "authenticationType": "Federated" }));
    }
    world.forest(&(named("fed1.com") + &person(OTHER, "")));
    world.cycle(CyclePolicy::Initial);
    // To the initial domain first, then to where it should be.
    check(&world, &named("fed2.com"), "FederatedDomainChangeError", forest(named("contoso.onmicrosoft.com")));
    forest(named("fed2.com"))(&world);
    assert!(world.refused(&world.cycle(CyclePolicy::Delta)).is_empty());
}

#[test]
fn features_4_existing_admin_role_conflict() {
    let world = begun("");
    let boss = plant(&world, json!({ "userPrincipalName": "user1@contoso.com" }), Some("Global Administrator"));
    world.forest(&(person(BOB, "") + &person(OTHER, "")));
    let cycle = world.cycle(CyclePolicy::Delta);
    assert_eq!(world.refused(&cycle), [(dn_of(&anchor_of(BOB)), "ExistingAdminRoleConflict".to_owned())]);
    let second = world.live(&anchor_of(BOB))["cloudAnchor"].clone();
    world.control("POST", "roles", json!({ "user": boss, "role": null }));
    world.control("POST", "cloud-edit", json!({ "object": second, "delete": "hard" }));
    world.settle();
    assert_eq!(world.live(&anchor_of(BOB))["cloudAnchor"], boss);
    world.control("POST", "roles", json!({ "user": boss, "role": "Global Administrator" }));
    world.forest(&(person(BOB, "title: Boss\n") + &person(OTHER, "")));
    assert!(world.refused(&world.cycle(CyclePolicy::Delta)).is_empty());
    assert_eq!(world.pending().1, 0);
}
