//! Scenarios of the sync channel through the engine.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::SignedDuration;
use serde_json::{Value, json};
use syncline_engine::service::CyclePolicy;

use crate::world::{World, anchor_of, dn_of, forest, group, group_anchor, person};

/// Answers of more bytes than this are objects or results of a batch, and not a token.
const LONG: usize = 4_000;
const PROVISION: &str = "/dirsync/v1/provision$";

fn manager(number: u32) -> String {
    format!("manager: CN=User {number},OU=Staff,DC=contoso,DC=com\n")
}

/// Names and states of the connector space agree with the tenant, and nothing waits.
fn compare(world: &World, users: usize, groups: usize) {
    world.settle();
    assert_eq!((world.by_name("user").len(), world.by_name("group").len()), (users, groups));
    assert_eq!(world.pending(), (0, 0));
}

#[test]
fn scenario_23_references_within_one_run_are_resolved_in_the_second_pass() {
    // Two users are each other's managers, so one of them has to wait for the other.
    let world = World::channel(&(person(1, &manager(2)) + &person(2, &manager(1)) + &group(1, &[1, 2], "")));
    let cycle = world.cycle(CyclePolicy::Initial);
    assert_eq!((world.exported(&cycle).0.get("export-add"), world.refused(&cycle).len()), (Some(&3), 0));
    assert_eq!(world.references(&anchor_of(1), "manager"), [anchor_of(2)]);
    assert_eq!(world.references(&anchor_of(2), "manager"), [anchor_of(1)]);
    let mut expected = vec![anchor_of(1), anchor_of(2)];
    expected.sort();
    assert_eq!(world.references(&group_anchor(1), "member"), expected);
    compare(&world, 2, 1);
}

#[test]
fn scenario_23_who_is_referred_to_is_made_first_so_that_no_second_pass_is_needed() {
    // A chain of managers, the lowest first in every other order.
    let chain: String =
        (1..=40).map(|number| person(number, &if number < 40 { manager(number + 1) } else { String::new() })).collect();
    let world = World::channel(&chain);
    let cycle = world.cycle(CyclePolicy::Initial);
    assert_eq!(world.exported(&cycle).0.get("export-add"), Some(&40));
    for number in 1..40 {
        assert_eq!(world.references(&anchor_of(number), "manager"), [anchor_of(number + 1)]);
    }
    compare(&world, 40, 0);
}

#[test]
fn scenario_24_a_target_that_comes_into_scope_later_is_referred_to_by_itself() {
    let out = person(2, "adminDescription: User_outside\n");
    let world = World::channel(&(person(1, &manager(2)) + &out));
    let cycle = world.cycle(CyclePolicy::Initial);
    assert!(world.refused(&cycle).is_empty());
    assert_eq!(world.references(&anchor_of(1), "manager"), Vec::<String>::new());
    world.forest(&(person(1, &manager(2)) + &person(2, "")));
    world.settle();
    assert_eq!(world.references(&anchor_of(1), "manager"), [anchor_of(2)]);
    compare(&world, 2, 0);
}

#[test]
fn scenario_25_a_deleted_user_keeps_its_id_for_thirty_days() {
    let world = World::channel(&(person(1, "") + &person(2, "")));
    world.cycle(CyclePolicy::Initial);
    world.settle();
    let id = world.live(&anchor_of(1))["cloudAnchor"].clone();
    let away_for = |days: i64| {
        world.forest(&person(2, ""));
        world.cycle(CyclePolicy::Delta);
        let held = world.held(&anchor_of(1));
        assert_eq!((&held[0]["state"], &held[0]["onPremisesSyncEnabled"]), (&json!("softDeleted"), &json!(false)));
        world.advance(SignedDuration::from_hours(24 * days));
        world.forest(&(person(1, "") + &person(2, "")));
        world.cycle(CyclePolicy::Initial);
        world.settle();
        world.live(&anchor_of(1))["cloudAnchor"].clone()
    };
    assert_eq!(away_for(29), id);
    assert_ne!(away_for(31), id);
    compare(&world, 2, 0);
}

#[test]
fn scenario_26_a_deletion_that_is_not_valid_is_told_with_its_name() {
    let world = World::channel(&(person(1, "") + &person(2, "")));
    world.cycle(CyclePolicy::Initial);
    world.settle();
    // Deleted and restored by an administrator, the user belongs to the cloud.
    let user = world.live(&anchor_of(1))["cloudAnchor"].clone();
    world.control("POST", "cloud-edit", json!({ "object": user, "delete": "soft" }));
    world.control("POST", "cloud-edit", json!({ "object": user, "restore": true }));
    world.forest(&person(2, ""));
    let cycle = world.cycle(CyclePolicy::Delta);
    let step = world.export_step(&cycle);
    let told: Vec<(&str, bool)> =
        step.errors.iter().map(|error| (error.dn.as_str(), error.error.message.contains("error 114"))).collect();
    assert_eq!((told, step.status.as_str()), (vec![(dn_of(&anchor_of(1)).as_str(), true)], "completed-export-errors"));
    // The documented way out: delete it in the cloud, import.
    world.control("POST", "cloud-edit", json!({ "object": user, "delete": "soft" }));
    assert!(world.refused(&world.cycle(CyclePolicy::Delta)).is_empty());
    compare(&world, 1, 0);
}

#[test]
fn scenario_27_a_tenant_without_synchronization_stops_the_run_and_nothing_is_touched() {
    let world = World::channel(&person(1, ""));
    world.control("POST", "seed", json!({ "organization": { "onPremisesSyncEnabled": false } }));
    let cycle = world.cycle(CyclePolicy::Initial);
    let step = world.export_step(&cycle);
    assert!(step.status.starts_with("stopped-") || step.status.starts_with("no-start-"), "{}", step.status);
    assert!(step.message.contains("directory synchronization is switched off"), "{}", step.message);
    assert_eq!(world.held(&anchor_of(1)), Vec::<Value>::new());
    world.control("POST", "seed", json!({ "organization": { "onPremisesSyncEnabled": true } }));
    compare(&world, 1, 0);
}

#[test]
fn scenario_31_an_answer_that_is_lost_after_the_change_makes_nothing_twice() {
    let world = World::channel(&forest(120, &group(1, &(1..=120).collect::<Vec<_>>(), "")));
    world.control(
        "PUT",
        "faults",
        json!([{ "path": PROVISION, "nth": 1, "times": 2, "dropConnection": true, "afterCommit": true }]),
    );
    let cycle = world.cycle(CyclePolicy::Initial);
    assert!(world.refused(&cycle).is_empty());
    assert_eq!(world.references(&group_anchor(1), "member").len(), 120);
    compare(&world, 120, 1);
}

#[test]
fn scenario_32_503_twice_then_success_is_a_success_with_the_retries_in_the_record() {
    let world = World::channel(&forest(3, ""));
    world.control("PUT", "faults", json!([{ "path": PROVISION, "times": 2, "status": 503, "headers": { "Retry-After": "7" } }]));
    let cycle = world.cycle(CyclePolicy::Initial);
    let step = world.export_step(&cycle);
    assert_eq!(step.status, "success");
    let retries: Vec<&str> = step
        .connections
        .iter()
        .filter(|connection| connection.status == "dropped-connection")
        .map(|connection| connection.detail.as_str())
        .collect();
    assert_eq!(retries, ["the server was busy (HTTP 503); tried again after 7 s"; 2]);
    assert_eq!(step.connections.last().map(|connection| connection.status.as_str()), Some("success"));
    compare(&world, 3, 0);
}

/// Stands between the connector and the tenant, and cuts answers in the middle while it is asked to.
struct Scissors {
    url: String,
    cut: Arc<AtomicBool>,
}

impl Scissors {
    fn before(target: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (target, cut) = (target.trim_start_matches("http://").to_owned(), Arc::new(AtomicBool::new(false)));
        let asked = Arc::clone(&cut);
        spawn(move || {
            for client in listener.incoming() {
                let (Ok(client), Ok(server)) = (client, TcpStream::connect(&target)) else { break };
                let (mut from, mut to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
                spawn(move || drop(std::io::copy(&mut from, &mut to)));
                let asked = Arc::clone(&asked);
                spawn(move || answer(server, client, &asked));
            }
        });
        Self { url, cut }
    }
}

fn spawn(work: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new().name("scissors".to_owned()).spawn(work).unwrap();
}

/// Passes answers on. One that is long enough to have a middle ends there when it is asked for, once.
fn answer(mut server: TcpStream, mut client: TcpStream, cut: &AtomicBool) {
    let mut buffer = [0; 16 * 1024];
    while let Ok(length) = server.read(&mut buffer) {
        if length == 0 {
            break;
        }
        let half = length / 2;
        if length > LONG && cut.swap(false, Ordering::SeqCst) {
            client.write_all(&buffer[..half]).ok();
            break;
        }
        if client.write_all(&buffer[..length]).is_err() {
            break;
        }
    }
    client.shutdown(Shutdown::Both).ok();
    server.shutdown(Shutdown::Both).ok();
}

#[test]
fn scenario_33_a_connection_that_breaks_in_the_middle_of_an_answer_is_resumed() {
    let mut scissors = None;
    let world = World::channel_by(&forest(30, ""), |url| {
        let between = Scissors::before(url);
        let url = between.url.clone();
        scissors = Some(between);
        url
    });
    let scissors = scissors.unwrap();
    // In the middle of what an import is told.
    world.cycle(CyclePolicy::Initial);
    scissors.cut.store(true, Ordering::SeqCst);
    let run = world.run("Full Import");
    assert!(!scissors.cut.load(Ordering::SeqCst), "nothing was cut");
    assert_eq!(run.summary.status, "success");
    let connections = &run.step_details[0].connections;
    assert!(connections[0].status == "dropped-connection" && connections[0].detail.contains("tried again"), "{connections:?}");
    world.settle();
    // In the middle of what becomes of an export.
    let changed: String = (1..=30).map(|number| person(number, "title: Lead\n")).collect();
    world.forest(&changed);
    world.import_forest();
    scissors.cut.store(true, Ordering::SeqCst);
    let run = world.run("Export");
    assert!(!scissors.cut.load(Ordering::SeqCst), "nothing was cut");
    assert_eq!(run.summary.status, "success");
    compare(&world, 30, 0);
    assert!(world.by_name("user").values().all(|user| user["title"] == ["Lead"]));
}

#[test]
fn scenario_34_a_tenant_that_stays_busy_stops_the_run_and_nothing_is_lost() {
    let world = World::channel(&forest(60, ""));
    world.control("PUT", "faults", json!([{ "path": PROVISION, "times": 100_000, "status": 503 }]));
    let cycle = world.cycle(CyclePolicy::Initial);
    assert_eq!(world.export_step(&cycle).status, "stopped-connectivity");
    assert_eq!(world.pending().1, 60);
    world.control("PUT", "faults", json!([]));
    compare(&world, 60, 0);
}

#[test]
fn scenario_39_a_watermark_that_the_channel_lost_leads_to_a_full_import_in_the_same_cycle() {
    let world = World::channel(&forest(3, ""));
    world.cycle(CyclePolicy::Initial);
    world.settle();
    // Somebody changes a user, and nobody reads that for longer than tokens live.
    let user = world.live(&anchor_of(1))["cloudAnchor"].clone();
    world.control("POST", "cloud-edit", json!({ "object": user, "attributes": { "title": "Of the cloud" } }));
    world.advance(SignedDuration::from_hours(24 * 9));
    let cycle = world.cycle(CyclePolicy::Delta);
    let notes: Vec<&String> = cycle.steps.iter().filter_map(|step| step.note.as_ref()).collect();
    assert!(notes.iter().any(|note| note.contains("does not know the watermark any more")), "{notes:?}");
    compare(&world, 3, 0);
}

#[test]
fn nothing_is_lost_and_nothing_is_there_twice_after_faults_of_the_channel() {
    let members: Vec<u32> = (1..=300).collect();
    let world = World::channel(&forest(300, &(group(1, &members, "") + &group(2, &members[..25], ""))));
    world.control(
        "PUT",
        "faults",
        json!([
            { "path": PROVISION, "nth": 2, "dropConnection": true, "afterCommit": true },
            { "path": PROVISION, "nth": 4, "status": 401 },
            { "path": PROVISION, "nth": 5, "times": 2, "status": 429, "headers": { "Retry-After": "3" } },
            { "path": PROVISION, "nth": 9, "dropConnection": true },
        ]),
    );
    let cycle = world.cycle(CyclePolicy::Initial);
    world.control("PUT", "faults", json!([]));
    assert!(world.refused(&cycle).is_empty());
    assert_eq!(world.references(&group_anchor(1), "member").len(), 300);
    assert_eq!(world.references(&group_anchor(2), "member").len(), 25);
    compare(&world, 300, 2);
}
