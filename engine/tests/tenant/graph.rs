//! Whole cycles from a forest into a tenant that is reached over Microsoft Graph, and the tenant compared with the connector
//! space after faults.

use jiff::SignedDuration;
use serde_json::json;
use syncline_engine::connector::entra::BackendKind;
use syncline_engine::service::{CyclePolicy, OperationFilter};

use crate::world::{TENANT, World, anchor_of, forest, group, person};

#[test]
fn scenario_35_a_forest_comes_into_the_tenant_and_the_second_cycle_sends_nothing() {
    let manager = "manager: CN=User 1,OU=Staff,DC=contoso,DC=com\ntitle: Clerk\nmsRTCSIP-Line: tel:+1\n";
    let text = format!("{}{}{}", forest(3, ""), person(4, manager), group(1, &[1, 2, 4], ""));
    let world = World::graph(&text);
    let first = world.cycle(CyclePolicy::Initial);
    let (counters, warnings, status) = world.exported(&first);
    assert_eq!(counters.get("export-add"), Some(&5), "{counters:?} {status} {warnings:?} {first:?}");
    assert!(!counters.contains_key("export-failure"), "{counters:?}");
    let unstored: Vec<&String> = warnings.iter().filter(|warning| warning.starts_with("target-cannot-store")).collect();
    assert_eq!(unstored.len(), 1, "{warnings:?}");
    assert!(unstored[0].contains("proxyAddresses"), "{unstored:?}");
    let users = world.by_name("user");
    assert_eq!(users.len(), 4);
    assert_eq!(users["User 4"]["title"], ["Clerk"]);
    assert_eq!(users["User 4"]["userPrincipalName"], ["user4@contoso.com"]);
    let dn_of = |name: &str| {
        format!("CN={{{}}}", users[name]["sourceAnchor"][0].bytes().map(|byte| format!("{byte:02X}")).collect::<String>())
    };
    assert_eq!(users["User 4"]["manager"], [dn_of("User 1")]);
    let groups = world.by_name("group");
    let mut members = groups["Group 1"]["member"].clone();
    members.sort();
    let mut expected = ["User 1", "User 2", "User 4"].map(dn_of).to_vec();
    expected.sort();
    assert_eq!(members, expected);

    let second = world.cycle(CyclePolicy::Delta);
    let (counters, warnings, status) = world.exported(&second);
    assert_eq!((counters.len(), status.as_str()), (0, "success"), "{counters:?} {warnings:?} {:?}", world.differences(&second));
    assert_eq!(world.pending(), (0, 0), "{second:?}");
}

#[test]
fn scenario_23_members_that_come_with_their_group_and_later_changes_are_single_writes() {
    let world = World::graph(&format!("{}{}", forest(30, ""), group(1, &(1..=30).collect::<Vec<_>>(), "")));
    world.cycle(CyclePolicy::Initial);
    world.cycle(CyclePolicy::Delta);
    assert_eq!(world.by_name("group")["Group 1"]["member"].len(), 30);
    // One member goes, a new one comes, one user is renamed, one is deleted.
    let people: String = (1..=31)
        .filter(|number| *number != 5)
        .map(|number| person(number, if number == 7 { "title: Lead\n" } else { "" }))
        .collect();
    let members: Vec<u32> = (2..=31).filter(|number| *number != 5).collect();
    world.forest(&format!("{people}{}", group(1, &members, "")));
    let changed = world.cycle(CyclePolicy::Delta);
    let (counters, _, _) = world.exported(&changed);
    assert_eq!((counters.get("export-add"), counters.get("export-delete")), (Some(&1), Some(&1)), "{counters:?}");
    assert_eq!(world.by_name("group")["Group 1"]["member"].len(), 29);
    assert_eq!(world.by_name("user")["User 7"]["title"], ["Lead"]);
    assert!(!world.by_name("user").contains_key("User 5"));
    let quiet = world.cycle(CyclePolicy::Delta);
    assert_eq!(world.exported(&quiet).0.len(), 0, "{:?} {:?}", world.exported(&quiet), world.differences(&quiet));
    assert_eq!(world.pending(), (0, 0));
    // Back in scope within thirty days, the user is restored with its id.
    world.forest(&format!("{}{}", forest(31, ""), group(1, &members, "")));
    world.cycle(CyclePolicy::Delta);
    world.cycle(CyclePolicy::Delta);
    assert!(world.by_name("user").contains_key("User 5"));
    assert_eq!(world.pending(), (0, 0));
}

#[test]
fn nothing_is_lost_and_nothing_is_there_twice_after_faults() {
    let members: Vec<u32> = (1..=60).collect();
    let world = World::graph(&format!("{}{}{}", forest(60, ""), group(1, &members, ""), group(2, &members[..25], "")));
    let later = json!({ "error": { "code": "TooManyRequests", "message": "later" } });
    world.control(
        "PUT",
        "faults",
        json!([
            { "path": "\\$batch$", "nth": 3, "times": 2, "dropConnection": true, "afterCommit": true },
            { "path": "\\$batch$", "nth": 7, "status": 401 },
            { "path": "\\$batch$", "nth": 9, "times": 2, "status": 503, "headers": { "Retry-After": "3" } },
            { "path": "\\$batch$", "nth": 12, "dropConnection": true },
            { "method": "POST", "path": "^/v1.0/users$", "nth": 30, "times": 25, "status": 429, "headers": { "Retry-After": "2" }, "body": later },
            { "method": "PATCH", "path": "^/v1.0/groups/", "nth": 2, "times": 2, "status": 503 },
        ]),
    );
    let first = world.cycle(CyclePolicy::Initial);
    world.control("PUT", "faults", json!([]));
    let (counters, _, _) = world.exported(&first);
    assert!(!counters.contains_key("export-failure"), "{counters:?}");
    for _ in 0..2 {
        world.cycle(CyclePolicy::Delta);
    }
    let (users, groups) = (world.by_name("user"), world.by_name("group"));
    assert_eq!((users.len(), groups.len()), (60, 2));
    assert_eq!((groups["Group 1"]["member"].len(), groups["Group 2"]["member"].len()), (60, 25));
    assert_eq!(world.pending(), (0, 0));
    // The connector space holds what the tenant holds.
    let statistics = {
        let connectors = world.engine.connectors().unwrap();
        let tenant = connectors.iter().find(|connector| connector.name == TENANT).unwrap().id;
        world.engine.connector_statistics(tenant).unwrap()
    };
    assert_eq!(
        (statistics.total_connector, statistics.export_add + statistics.export_update + statistics.export_delete),
        (62, 0)
    );
}

#[test]
fn scenario_39_an_expired_token_leads_to_a_full_import_in_the_same_cycle() {
    let world = World::graph(&forest(3, ""));
    world.cycle(CyclePolicy::Initial);
    *world.clock.0.lock().unwrap() += SignedDuration::from_hours(24 * 9);
    let cycle = world.cycle(CyclePolicy::Delta);
    let notes: Vec<&String> = cycle.steps.iter().filter_map(|step| step.note.as_ref()).collect();
    assert!(notes.iter().any(|note| note.contains("does not know the watermark any more")), "{notes:?}");
    assert_eq!(world.by_name("user").len(), 3);
    assert_eq!(world.pending(), (0, 0));
}

#[test]
fn what_the_tenant_cannot_store_is_told_once_and_stays_pending_without_errors() {
    let lists: String = (10..40)
        .map(|number| {
            group(number, &[1], "").replace("groupType: -2147483646", "groupType: 2")
                + &format!(
                    "mail: list{number}@contoso.com\nproxyAddresses: SMTP:list{number}@contoso.com\nmailNickname: list{number}\n"
                )
        })
        .collect();
    let contact = "\ndn: CN=Carol,OU=Staff,DC=contoso,DC=com\nobjectClass: contact\nobjectGUID:: MzMzAwQFBgcICQoLDA0ODw==\n\
                   displayName: Carol\nmail: carol@fabrikam.com\nproxyAddresses: SMTP:carol@fabrikam.com\nmailNickname: carol\ntargetAddress: SMTP:carol@fabrikam.com\n";
    let world = World::graph(&format!("{}{lists}{contact}", forest(2, "")));
    let cycle = world.cycle(CyclePolicy::Initial);
    let (counters, warnings, _) = world.exported(&cycle);
    assert_eq!(counters.get("export-add"), Some(&2), "{counters:?}");
    assert!(!counters.contains_key("export-failure"), "{counters:?}");
    let said: Vec<&String> = warnings.iter().filter(|warning| warning.contains("stay pending")).collect();
    assert_eq!(said.len(), 1, "{warnings:?}");
    assert!(said[0].contains("30 objects"), "{said:?}");
    assert!(warnings.iter().any(|warning| warning.contains("contact: objects of this type")), "{warnings:?}");
    assert_eq!(world.pending(), (0, 30));
    // Who looks at what is pending reads the reason there too.
    let connector = world.engine.connector(TENANT).unwrap().id;
    let page = world.engine.pending_exports(connector, OperationFilter::ALL, 0, 100).unwrap();
    assert_eq!(page.rows.len(), 30);
    for row in &page.rows {
        let reasons: Vec<(bool, bool)> =
            row.not_sent.iter().map(|part| (part.attribute.is_none(), part.reason.contains("only for mail"))).collect();
        assert_eq!(reasons, [(true, true)], "{row:?}");
    }
    world.forest(&forest(2, &lists).replace("displayName: User 2", "displayName: Second"));
    world.import_forest();
    let page = world.engine.pending_exports(connector, OperationFilter::ALL, 0, 100).unwrap();
    let changed = page.rows.iter().find(|row| row.hit.object_type == "user").unwrap();
    let addresses = changed.not_sent.iter().find(|part| part.attribute.as_deref() == Some("proxyAddresses")).unwrap();
    assert!(addresses.reason.contains("the primary one follows mail"), "{addresses:?}");
    assert!(changed.not_sent.iter().all(|part| part.attribute.as_deref() != Some("displayName")), "{changed:?}");
}

#[test]
fn the_tenant_is_tried_and_shown() {
    let world = World::graph(&forest(1, ""));
    let checks = world.engine.test_tenant(None).unwrap();
    assert!(checks.iter().all(|check| check.works == Some(true)), "{checks:?}");
    let steps: Vec<&str> = checks.iter().map(|check| check.step.as_str()).collect();
    assert_eq!(steps[..4], ["address", "connection", "answer", "token"]);
    let view = world.engine.tenant(Some(TENANT)).unwrap();
    assert_eq!((view.backend, view.tenant_name.as_str(), view.cloud), (BackendKind::Graph, "contoso.onmicrosoft.com", None));
    let row = view.attributes.iter().find(|row| row.object_type == "user" && row.attribute == "proxyAddresses").unwrap();
    assert!(row.read && !row.written && row.reason.is_some());
    assert!(view.features.iter().any(|feature| !feature.available && !feature.note.is_empty()));
    let shown = format!("{view:?} {checks:?}");
    assert!(world.folder().exists() && !shown.contains("secret\""));
    // A secret that was taken away is told apart from a host that does not answer.
    world.control("POST", "secrets", json!({}));
    let checks = world.engine.test_tenant(None).unwrap();
    let failed: Vec<&str> = checks.iter().filter(|check| check.works == Some(false)).map(|check| check.step.as_str()).collect();
    assert_eq!(failed, ["token"], "{checks:?}");
}

#[test]
fn what_an_import_cannot_confirm_is_believed_and_not_sent_again() {
    let people =
        |alias: &str| -> String { (1..=3).map(|number| person(number, &format!("mailNickname: {alias}{number}\n"))).collect() };
    let world = World::graph(&people("first"));
    world.cycle(CyclePolicy::Initial);
    let check = |policy: CyclePolicy, written: u64| {
        let cycle = world.cycle(policy);
        assert_eq!((world.written(&cycle), world.pending()), (written, (0, 0)));
    };
    check(CyclePolicy::Delta, 0);
    check(CyclePolicy::Initial, 0);
    world.forest(&people("second"));
    check(CyclePolicy::Delta, 3);
    check(CyclePolicy::Delta, 0);
    check(CyclePolicy::Initial, 0);
}

#[test]
fn a_member_who_was_deleted_in_the_cloud_stays_nowhere_in_the_connector_space() {
    let check = |how: &str| {
        let world = World::graph(&forest(4, &group(1, &[1, 2, 3], "")));
        world.cycle(CyclePolicy::Initial);
        world.settle();
        let user = world.live(&anchor_of(2))["cloudAnchor"].clone();
        world.control("POST", "cloud-edit", json!({ "object": user, "delete": how }));
        let changes = |profile: &str| {
            let run = world.run(profile);
            assert_eq!(run.summary.status, "success", "{profile}");
            let counters = run.step_details[0].counters.iter().flat_map(|group| &group.counters);
            let parts = counters.flat_map(|counter| counter.parts.iter());
            parts
                .filter(|(name, count)| *name != "stage-no-change" && **count > 0)
                .map(|(name, count)| format!("{count} {name}"))
                .collect::<Vec<_>>()
        };
        // The user goes, and the group loses a member; reading everything finds nothing that this left out.
        let mut told = changes("Delta Import");
        told.sort();
        assert_eq!(told, ["1 stage-delete", "1 stage-update"], "{how}");
        changes("Delta Synchronization");
        assert_eq!(changes("Full Import"), Vec::<String>::new(), "{how}");
    };
    check("soft");
    check("hard");
}
