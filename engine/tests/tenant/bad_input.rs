//! What a tenant should not answer, and what should not be sent to it: the run has a status and a message that names the cause,
//! nothing is lost, and the next cycle goes on.

use serde_json::{Value, json};
use syncline_engine::connector::entra::BackendKind;
use syncline_engine::service::{CyclePolicy, RunDetails};

use crate::world::{World, anchor_of, effective, person, user};

const BACKENDS: [BackendKind; 2] = [BackendKind::SyncChannel, BackendKind::Graph];
const WRITES: &str = "(/dirsync/v1/provision|/\\$batch)$";
const READS: &str = "/delta$";
const TOKENS: &str = "/token$";

fn people(title: &str) -> String {
    (1..=3).map(|number| person(number, &format!("title: {title}\n"))).collect()
}

fn world(backend: BackendKind) -> World {
    let world = match backend {
        BackendKind::Graph => World::graph(&people("Clerk")),
        BackendKind::SyncChannel => World::channel(&people("Clerk")),
    };
    world.cycle(CyclePolicy::Initial);
    world.settle();
    world
}

/// A run ends with a status and says why; afterwards everything goes on.
fn check_run(world: &World, what: &str, run: &RunDetails, status: &str, said: &[&str]) {
    let step = &run.step_details[0];
    assert_eq!(run.summary.status, status, "{what}: {}", step.message);
    for words in said {
        assert!(step.message.contains(words), "{what}: {}", step.message);
    }
    assert_eq!(world.pending().1, 3, "{what}: what is to be exported waits");
}

/// Meets answers to imports and to exports, each for as long as the run lasts.
fn check(what: &str, answer: &Value, import: (&str, &[&str]), export: (&str, &[&str])) {
    for backend in BACKENDS {
        let world = world(backend);
        world.forest(&people("Lead"));
        world.import_forest();
        let plan = |path: &str| {
            let mut fault = answer.clone();
            (fault["path"], fault["times"]) = (json!(path), json!(1000));
            world.control("PUT", "faults", json!([fault]));
        };
        let what = format!("{backend:?}: {what}");
        plan(READS);
        check_run(&world, &what, &world.run("Full Import"), import.0, import.1);
        plan(WRITES);
        check_run(&world, &what, &world.run("Export"), export.0, export.1);
        world.control("PUT", "faults", json!([]));
        world.settle();
        assert!(world.by_name("user").values().all(|user| user["title"] == ["Lead"]), "{what}");
    }
}

#[test]
fn answers_that_are_no_json_end_the_run_with_the_reason() {
    let page = json!({ "status": 200, "headers": { "Content-Type": "text/html" }, "body": "<html>Sign in to the proxy</html>" });
    let said: &[&str] = &["is not JSON", "text/html"];
    check("a page of a proxy", &page, ("no-start-ma", said), ("no-start-ma", said));
    let half = json!({ "status": 200, "headers": { "Content-Type": "application/json" }, "body": "{\"value\":[{" });
    check("half an answer", &half, ("no-start-ma", &["is not JSON"]), ("no-start-ma", &["is not JSON"]));
    let other = json!({ "status": 200, "body": { "value": 5, "results": 5, "responses": 5 } });
    check(
        "another form",
        &other,
        ("no-start-ma", &["in a form that is not known"]),
        ("no-start-ma", &["in a form that is not known"]),
    );
}

#[test]
fn refusals_of_whole_requests_end_the_run_with_code_and_text() {
    let refused = |status: u16, code: &str, message: &str| json!({ "status": status, "headers": { "request-id": "r-1" }, "body": { "error": { "code": code, "message": message } } });
    let check = |status: u16, code: &str, message: &str| {
        let number = format!("HTTP {status} {code}");
        let said: &[&str] = &[&number, message, "request id r-1"];
        check(code, &refused(status, code, message), ("no-start-ma", said), ("no-start-ma", said));
    };
    check(400, "Request_UnsupportedQuery", "The query option '$colour' is not supported.");
    check(413, "RequestEntityTooLarge", "The request body is too large.");
    check(415, "Request_BadRequest", "Unsupported media type.");
    check(501, "NotImplemented", "Nobody has written this yet.");
}

#[test]
fn secrets_that_were_revoked_or_expired_and_tokens_of_another_tenant_are_told_apart() {
    let check = |what: &str, spoil: &dyn Fn(&World), status: &str, said: &[&str]| {
        for backend in BACKENDS {
            let world = world(backend);
            world.forest(&people("Lead"));
            world.import_forest();
            spoil(&world);
            for profile in ["Delta Import", "Export"] {
                check_run(&world, &format!("{backend:?} {profile}: {what}"), &world.run(profile), status, said);
            }
        }
    };
    check(
        "revoked",
        &|world| drop(world.control("POST", "secrets", json!({}))),
        "no-start-credentials",
        &["AADSTS7000215", "secret"],
    );
    let expired = json!({ "expires": "2024-05-31T00:00:00Z" });
    check(
        "expired",
        &|world| drop(world.control("POST", "secrets", expired.clone())),
        "no-start-credentials",
        &["AADSTS7000222"],
    );
    let other = World::channel("");
    let foreign = other.token();
    let planned = json!({ "access_token": foreign, "token_type": "Bearer", "expires_in": 3599 });
    check(
        "a token of another tenant",
        &|world| drop(world.control("PUT", "faults", json!([{ "path": TOKENS, "times": 1000, "status": 200, "body": planned }]))),
        "no-start-credentials",
        &["does not accept the sign-in"],
    );
    let page = json!([{ "path": TOKENS, "times": 1000, "status": 200, "body": "<html>" }]);
    check("a page for a token", &|world| drop(world.control("PUT", "faults", page.clone())), "no-start-ma", &["without a token"]);
}

#[test]
fn names_of_domains_that_are_not_verified_are_replaced_and_told() {
    for backend in BACKENDS {
        let forest = user(1, &[("userPrincipalName", &["ann@elsewhere.org"]), ("mailNickname", &["ann"])]);
        let world = match backend {
            BackendKind::Graph => World::graph(&forest),
            BackendKind::SyncChannel => World::channel(&forest),
        };
        let cycle = world.cycle(CyclePolicy::Initial);
        assert!(world.refused(&cycle).is_empty(), "{backend:?}");
        // The channel takes the name and keeps it; Microsoft Graph is never given it, so it has to be told.
        let warnings = world.exported(&cycle).1;
        let told = warnings.iter().any(|told| told.contains("elsewhere.org") && told.contains("not verified"));
        assert_eq!(told, backend == BackendKind::Graph, "{warnings:?}");
        assert_eq!(effective(&world.live(&anchor_of(1)), "userPrincipalName"), "ann@contoso.onmicrosoft.com", "{backend:?}");
    }
}
