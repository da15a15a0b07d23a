//! Scenario 21: the identity rules of the tenant through the connector (`features.md` 3.6).

use jiff::SignedDuration;
use serde_json::{Value, json};
use syncline_engine::service::CyclePolicy;

use crate::world::{World, anchor_of, dn_of, effective, group, group_anchor, person, user};

/// Features of a new tenant.
pub const ALL: u64 = 8248;
const NAME_RESILIENCY: u64 = 8;
const SOFT_MATCH_BY_NAME: u64 = 16;
const ADDRESS_RESILIENCY: u64 = 32;
const BLOCK_SOFT: u64 = 524_288;
pub const BLOCK_HARD: u64 = 1_048_576;

/// A user of the cloud; its cloud anchor.
pub fn plant(world: &World, attributes: Value, role: Option<&str>) -> String {
    let mut object = json!({ "objectType": "user", "attributes": attributes });
    if let Some(role) = role {
        object["role"] = json!(role);
    }
    let planted = world.control("POST", "seed", json!({ "objects": [object] }));
    planted["objects"][0].as_str().unwrap().to_owned()
}

fn name_of(world: &World, number: u32) -> String {
    effective(&world.live(&anchor_of(number)), "userPrincipalName").as_str().unwrap().to_owned()
}

fn proxies_of(world: &World, number: u32) -> Value {
    effective(&world.live(&anchor_of(number)), "proxyAddresses").clone()
}

#[test]
fn scenario_21_features_3_6_01_names_follow_the_documented_sequence() {
    let check = |values: &[(&str, &[&str])], name: &str, alias: &str| {
        let world = World::channel(&user(1, values));
        let cycle = world.cycle(CyclePolicy::Initial);
        assert!(world.refused(&cycle).is_empty(), "{values:?}");
        let object = world.live(&anchor_of(1));
        assert_eq!(
            (effective(&object, "userPrincipalName"), effective(&object, "alias")),
            (&json!(name), &json!(alias)),
            "{values:?}"
        );
    };
    check(&[("mailNickname", &["nick"])], "user1@contoso.com", "nick");
    check(&[("userPrincipalName", &["us1@elsewhere.org"]), ("mailNickname", &["nick"])], "nick@contoso.onmicrosoft.com", "nick");
    check(
        &[
            ("userPrincipalName", &["us1@elsewhere.org"]),
            ("proxyAddresses", &["SMTP:main@contoso.com", "smtp:second@contoso.com"]),
        ],
        "main@contoso.onmicrosoft.com",
        "main",
    );
    check(
        &[("userPrincipalName", &["us1@elsewhere.org"]), ("proxyAddresses", &[]), ("mail", &["post@contoso.com"])],
        "post@contoso.onmicrosoft.com",
        "post",
    );
    check(
        &[("userPrincipalName", &["us1@elsewhere.org"]), ("proxyAddresses", &[]), ("mail", &[])],
        "us1@contoso.onmicrosoft.com",
        "us1",
    );
}

#[test]
fn scenario_21_features_3_6_02_a_cloud_user_of_the_same_name_is_taken_over() {
    let world = World::channel(&person(1, ""));
    let cloud =
        plant(&world, json!({ "userPrincipalName": "user1@contoso.com", "displayName": "Cloud", "title": "Cloud only" }), None);
    let cycle = world.cycle(CyclePolicy::Initial);
    assert!(world.refused(&cycle).is_empty());
    let object = world.live(&anchor_of(1));
    assert_eq!((&object["cloudAnchor"], &object["onPremisesSyncEnabled"]), (&json!(cloud), &json!(true)));
    assert_eq!((effective(&object, "displayName"), effective(&object, "title")), (&json!("User 1"), &Value::Null));
    world.settle();
    assert_eq!(world.pending(), (0, 0));
}

#[test]
fn scenario_21_features_3_6_03_primary_addresses_match_and_secondary_ones_do_not() {
    let forest = user(1, &[("proxyAddresses", &["SMTP:one@contoso.com"]), ("mail", &["one@contoso.com"])])
        + &user(2, &[("proxyAddresses", &["SMTP:user2@contoso.com", "smtp:two@contoso.com"])]);
    let world = World::channel(&forest);
    let cloud = |name: &str| {
        let address = format!("SMTP:{name}@contoso.com");
        plant(&world, json!({ "userPrincipalName": format!("{name}.cloud@contoso.com"), "proxyAddresses": [address] }), None)
    };
    let (one, two) = (cloud("one"), cloud("two"));
    world.cycle(CyclePolicy::Initial);
    assert_eq!(world.live(&anchor_of(1))["cloudAnchor"], one);
    assert_ne!(world.live(&anchor_of(2))["cloudAnchor"], two);
    assert_eq!(proxies_of(&world, 2), json!(["SMTP:user2@contoso.com"]));
    world.settle();
    assert_eq!(world.pending(), (0, 0));
}

#[test]
fn scenario_21_features_3_6_04_05_soft_match_follows_the_features() {
    let check = |bits: u64, expected: &str| {
        let world = World::channel(&person(1, ""));
        world.features(bits);
        let cloud = plant(&world, json!({ "userPrincipalName": "user1@contoso.com" }), None);
        let cycle = world.cycle(CyclePolicy::Initial);
        let became = match world.refused(&cycle).first() {
            Some((_, code)) => code.clone(),
            None if world.live(&anchor_of(1))["cloudAnchor"] == cloud => "taken over".to_owned(),
            None if name_of(&world, 1).ends_with("@contoso.onmicrosoft.com") => "quarantined".to_owned(),
            None => "made".to_owned(),
        };
        assert_eq!(became, expected, "{bits}");
    };
    check(ALL, "taken over");
    check(ALL & !SOFT_MATCH_BY_NAME, "quarantined");
    check(ALL | BLOCK_SOFT, "quarantined");
    check((ALL | BLOCK_SOFT) & !NAME_RESILIENCY, "AttributeValueMustBeUnique");
}

#[test]
fn scenario_21_features_3_6_06_a_deleted_user_comes_back_unless_that_is_blocked() {
    let world = World::channel(&(person(1, "") + &person(2, "")));
    world.cycle(CyclePolicy::Initial);
    world.settle();
    let first = world.live(&anchor_of(1))["cloudAnchor"].clone();
    world.forest(&person(2, ""));
    world.cycle(CyclePolicy::Delta);
    assert_eq!(
        (&world.held(&anchor_of(1))[0]["state"], &world.held(&anchor_of(1))[0]["onPremisesSyncEnabled"]),
        (&json!("SoftDeleted"), &json!(false))
    );
    world.features(ALL | BLOCK_HARD);
    world.forest(&(person(1, "") + &person(2, "")));
    let blocked = world.cycle(CyclePolicy::Delta);
    assert_eq!(world.refused(&blocked), [(dn_of(&anchor_of(1)), "InvalidHardMatch".to_owned())]);
    assert_eq!(world.held(&anchor_of(1))[0]["state"], "SoftDeleted");
    world.features(ALL);
    assert!(world.refused(&world.cycle(CyclePolicy::Delta)).is_empty());
    let back = world.live(&anchor_of(1));
    assert_eq!((&back["cloudAnchor"], &back["onPremisesSyncEnabled"]), (&first, &json!(true)));
    world.settle();
    assert_eq!(world.pending(), (0, 0));
}

#[test]
fn scenario_21_features_3_6_07_a_duplicate_name_gets_a_placeholder_and_later_its_value() {
    let named = |number: u32| user(number, &[("userPrincipalName", &["u@contoso.com"])]);
    let world = World::channel(&(named(1) + &person(3, "")));
    world.cycle(CyclePolicy::Initial);
    world.forest(&(named(1) + &named(2) + &person(3, "")));
    let second = world.cycle(CyclePolicy::Delta);
    assert!(world.refused(&second).is_empty());
    let told = world.export_step(&second).warnings;
    assert!(told.iter().any(|told| told.contains("u@contoso.com") && told.contains("quarantined")), "{told:?}");
    let name = name_of(&world, 2);
    let digits = name.strip_prefix('u').and_then(|rest| rest.strip_suffix("@contoso.onmicrosoft.com")).unwrap();
    assert_eq!((name_of(&world, 1).as_str(), digits.len()), ("u@contoso.com", 4), "{name}");
    world.settle();
    // The first goes; an hour later the second has the name, and neither an export nor an import has to do anything for it.
    world.forest(&(named(2) + &person(3, "")));
    world.settle();
    world.advance(SignedDuration::from_hours(1));
    let cycle = world.cycle(CyclePolicy::Delta);
    assert_eq!(name_of(&world, 2), "u@contoso.com");
    assert_eq!((world.written(&cycle), world.pending()), (0, (0, 0)));
    let seen = world.tenant("user").remove(&anchor_of(2)).unwrap();
    assert_eq!(seen["userPrincipalName"], ["u@contoso.com"]);
}

#[test]
fn scenario_21_features_3_6_08_a_duplicate_address_on_update_is_left_out() {
    let world = World::channel(&(person(1, "") + &person(2, "")));
    world.cycle(CyclePolicy::Initial);
    world.settle();
    let both: &[&str] = &["SMTP:user2@contoso.com", "smtp:user1@contoso.com"];
    world.forest(&(person(1, "") + &user(2, &[("proxyAddresses", both)])));
    let cycle = world.cycle(CyclePolicy::Delta);
    assert!(world.refused(&cycle).is_empty());
    let told = world.export_step(&cycle).warnings;
    assert!(told.iter().any(|told| told.contains("smtp:user1@contoso.com")), "{told:?}");
    assert_eq!(proxies_of(&world, 2), json!(["SMTP:user2@contoso.com"]));
    world.settle();
    assert_eq!(world.pending(), (0, 0));
}

#[test]
fn scenario_21_features_3_6_09_the_two_exceptions_are_errors() {
    // A new user with a group's address both as name and as address is refused every time.
    let both =
        user(1, &[("userPrincipalName", &["tax@contoso.com"]), ("proxyAddresses", &["smtp:tax@contoso.com"]), ("mail", &[])]);
    let world = World::channel(&(both + &person(2, "")));
    let tax =
        json!({ "objectType": "group", "attributes": { "displayName": "Tax", "proxyAddresses": ["SMTP:tax@contoso.com"] } });
    world.control("POST", "seed", json!({ "objects": [tax] }));
    let mut cycle = world.cycle(CyclePolicy::Initial);
    for tries in 0..3 {
        assert_eq!(world.refused(&cycle), [(dn_of(&anchor_of(1)), "AttributeValueMustBeUnique".to_owned())], "try {tries}");
        assert_eq!(world.export_step(&cycle).errors[0].retry_count, tries);
        cycle = world.cycle(CyclePolicy::Delta);
    }
    assert_eq!(name_of(&world, 2), "user2@contoso.com");
    // A new group with the address of another is refused once and then quarantined.
    let list =
        |number: u32| group(number, &[2], "mail: list@contoso.com\nproxyAddresses: SMTP:list@contoso.com\nmailNickname: list\n");
    let world = World::channel(&(person(2, "") + &list(1)));
    world.cycle(CyclePolicy::Initial);
    world.forest(&(person(2, "") + &list(1) + &list(2).replace("mail: list@contoso.com", "mail: other@contoso.com")));
    let refused = world.cycle(CyclePolicy::Delta);
    let told = world.refused(&refused);
    assert_eq!(told.iter().map(|(dn, _)| dn.clone()).collect::<Vec<_>>(), [dn_of(&group_anchor(2))], "{told:?}");
    assert!(world.refused(&world.cycle(CyclePolicy::Delta)).is_empty());
    assert_eq!(effective(&world.live(&group_anchor(2)), "proxyAddresses"), &Value::Null);
}

#[test]
fn scenario_21_features_3_6_10_without_resiliency_a_duplicate_is_refused_every_time() {
    let named = |number: u32| user(number, &[("userPrincipalName", &["u@contoso.com"])]);
    let world = World::channel(&(named(1) + &person(3, "")));
    world.features(ALL & !NAME_RESILIENCY & !ADDRESS_RESILIENCY & !SOFT_MATCH_BY_NAME);
    world.cycle(CyclePolicy::Initial);
    world.forest(&(named(1) + &named(2) + &person(3, "")));
    for tries in 0..3 {
        let cycle = world.cycle(CyclePolicy::Delta);
        assert_eq!(world.refused(&cycle), [(dn_of(&anchor_of(2)), "AttributeValueMustBeUnique".to_owned())]);
        assert_eq!(world.export_step(&cycle).errors[0].retry_count, tries);
    }
}

#[test]
fn scenario_21_features_3_6_11_verifying_a_domain_later_gives_names_without_an_export() {
    let world = World::channel(&user(1, &[("userPrincipalName", &["user1@later.example"])]));
    world.cycle(CyclePolicy::Initial);
    world.settle();
    assert_eq!(name_of(&world, 1), "user1@contoso.onmicrosoft.com");
    world.control("POST", "domains", json!({ "name": "later.example", "verified": true }));
    let cycle = world.cycle(CyclePolicy::Delta);
    assert_eq!((name_of(&world, 1).as_str(), world.written(&cycle), world.pending()), ("user1@later.example", 0, (0, 0)));
}

#[test]
fn scenario_21_features_3_6_12_an_administrator_is_matched_once_the_role_is_gone() {
    let world = World::channel(&(person(1, "") + &person(2, "")));
    let boss = plant(&world, json!({ "userPrincipalName": "user1@contoso.com" }), Some("Global Administrator"));
    let cycle = world.cycle(CyclePolicy::Initial);
    assert_eq!(world.refused(&cycle), [(dn_of(&anchor_of(1)), "ExistingAdminRoleConflict".to_owned())]);
    let second = world.live(&anchor_of(1))["cloudAnchor"].as_str().unwrap().to_owned();
    assert_ne!(second, boss);
    assert!(name_of(&world, 1).ends_with("@contoso.onmicrosoft.com"));
    assert_eq!(name_of(&world, 2), "user2@contoso.com");
    // The documented way out: take the role away, delete the second object for good, synchronize.
    world.control("POST", "roles", json!({ "user": boss, "role": null }));
    world.control("POST", "cloud-edit", json!({ "object": second, "delete": "hard" }));
    let mut cycle = world.cycle(CyclePolicy::Delta);
    for _ in 0..2 {
        cycle = world.cycle(CyclePolicy::Delta);
    }
    assert!(world.refused(&cycle).is_empty());
    assert_eq!(world.live(&anchor_of(1))["cloudAnchor"], boss);
    assert_eq!(world.pending(), (0, 0));
}
