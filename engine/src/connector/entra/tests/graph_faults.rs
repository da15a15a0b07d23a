//! Storms, lost answers, ended tokens: nothing is lost, nothing is there twice.

use std::collections::BTreeSet;

use super::bench::*;
use super::*;

fn users(count: usize) -> Vec<ExportChange> {
    (0..count).map(|number| user(&format!("anchor-{number}"), &format!("user{number}"))).collect()
}

/// Exports until nothing is left, as the run does, and gives how often that was.
fn export_all(bench: &mut Bench, changes: &[ExportChange]) -> usize {
    let mut open: Vec<ExportChange> = changes.to_vec();
    for round in 1..10 {
        let outcomes = bench.export(&open);
        assert_eq!(outcomes.len(), open.len());
        open = open
            .into_iter()
            .zip(outcomes)
            .filter_map(|(change, outcome)| match outcome {
                ExportOutcome::Success { anchor, .. } => {
                    assert!(anchor.is_some());
                    None
                }
                ExportOutcome::Transient(_) => Some(change),
                ExportOutcome::Refused(error) => panic!("{error:?}"),
            })
            .collect();
        if open.is_empty() {
            return round;
        }
    }
    panic!("{} changes are still open", open.len());
}

/// Every user of the export is in the tenant once, with its values, and an import shows the same.
fn compare(bench: &mut Bench, changes: &[ExportChange]) {
    let mut there = bench.objects("users", "onPremisesImmutableId,userPrincipalName,displayName,mail");
    there.retain(|anchor, _| anchor.starts_with("anchor-"));
    assert_eq!(there.len(), changes.len());
    let (items, _) = bench.import(ImportMode::Full);
    for change in changes {
        let anchor = anchor_of_dn(&change.dn).unwrap();
        let imported = entry(&items, &anchor);
        for (attribute, property) in
            [("userPrincipalName", "userPrincipalName"), ("displayName", "displayName"), ("mail", "mail")]
        {
            let ExportAttributeChange::Replace(wanted) = &change.attributes[attribute] else { panic!() };
            let ExportValue::Plain(EntryValue::Text(wanted)) = &wanted[0] else { panic!() };
            assert_eq!(there[&anchor][property], *wanted);
            assert_eq!(values(imported, attribute), std::slice::from_ref(wanted));
        }
    }
}

/// Answers of batches that a fault hits: lookups are sent before writes.
const BATCH: &str = "\\$batch$";

#[test]
fn scenario_38_only_what_was_throttled_waits_and_is_sent_again() {
    let mut bench = Bench::new();
    let changes = users(20);
    bench.connector.export(&changes[..1], &CancelToken::default()).unwrap();
    let waited = bench.clock.waits().len();
    bench.faults(json!([
        { "method": "POST", "path": "^/v1.0/users$", "nth": 3, "times": 2, "status": 429, "headers": { "Retry-After": "7" },
          "body": { "error": { "code": "TooManyRequests", "message": "later" } } },
    ]));
    assert_eq!(export_all(&mut bench, &changes), 1);
    assert_eq!(bench.clock.waits()[waited..], [7]);
    let made: Vec<(String, String, Value)> =
        bench.calls().into_iter().filter(|(method, url, _)| method == "POST" && url == "users").collect();
    let names: BTreeSet<&str> = made.iter().map(|(.., body)| body["userPrincipalName"].as_str().unwrap()).collect();
    assert_eq!((made.len(), names.len()), (22, 20), "twenty users, two of them sent twice");
    compare(&mut bench, &changes);
}

#[test]
fn a_storm_of_429_and_503_delays_and_loses_nothing() {
    let mut bench = Bench::new();
    let changes = users(60);
    bench.faults(json!([
        { "path": BATCH, "nth": 1, "times": 3, "status": 503, "headers": { "Retry-After": "5" } },
        { "path": BATCH, "nth": 5, "times": 4, "status": 429, "headers": { "Retry-After": "11" } },
        { "path": BATCH, "nth": 12, "times": 1, "status": 500 },
        { "method": "POST", "path": "^/v1.0/users$", "nth": 10, "times": 35, "status": 429, "headers": { "Retry-After": "3" } },
    ]));
    export_all(&mut bench, &changes);
    assert!(bench.clock.waits().contains(&5) && bench.clock.waits().contains(&11), "{:?}", bench.clock.waits());
    compare(&mut bench, &changes);
}

#[test]
fn an_answer_that_is_lost_after_the_commit_makes_nothing_twice() {
    for nth in 1..=6 {
        let mut bench = Bench::new();
        let changes = users(45);
        bench.faults(json!([{ "path": BATCH, "nth": nth, "times": 2, "dropConnection": true, "afterCommit": true }]));
        export_all(&mut bench, &changes);
        compare(&mut bench, &changes);
    }
}

#[test]
fn a_group_whose_answer_is_lost_is_there_once_with_all_members() {
    let mut bench = Bench::new();
    let members = users(30);
    export_all(&mut bench, &members);
    let found = bench.objects("users", "onPremisesImmutableId");
    let targets: Vec<ExportValue> = members
        .iter()
        .map(|member| {
            let source = anchor_of_dn(&member.dn).unwrap();
            let id = found[&source]["id"].as_str().unwrap();
            to(&source, &Anchor(format!("User_{id}").into_bytes()))
        })
        .collect();
    // The second batch makes the group, the third adds its members.
    for (nth, name) in [(1, "g1"), (2, "g2"), (3, "g3"), (4, "g4")] {
        bench.faults(json!([{ "path": BATCH, "nth": nth, "times": 1, "dropConnection": true, "afterCommit": true }]));
        export_all(&mut bench, &[group(name, &targets)]);
    }
    let (items, _) = bench.import(ImportMode::Full);
    for name in ["g1", "g2", "g3", "g4"] {
        assert_eq!(values(entry(&items, name), "member").len(), 30, "{name}");
    }
    assert_eq!(bench.objects("groups", "id").len(), 4);
}

#[test]
fn a_connection_that_breaks_before_the_request_was_read_loses_nothing() {
    let mut bench = Bench::new();
    let changes = users(45);
    bench.faults(json!([{ "path": BATCH, "nth": 2, "times": 3, "dropConnection": true }]));
    export_all(&mut bench, &changes);
    compare(&mut bench, &changes);
}

#[test]
fn scenario_41_a_token_that_ends_in_the_middle_is_renewed_once() {
    let mut bench = Bench::new();
    let changes = users(40);
    let denied = json!({ "error": { "code": "InvalidAuthenticationToken", "message": "Lifetime validation failed." } });
    bench.faults(json!([
        { "path": BATCH, "nth": 2, "status": 401, "body": denied },
        { "method": "POST", "path": "^/v1.0/users$", "nth": 21, "times": 4, "status": 401, "body": denied },
    ]));
    assert_eq!(export_all(&mut bench, &changes), 1);
    compare(&mut bench, &changes);
    let journal = bench.control("GET", "requests?since=0", Value::Null);
    let tokens = |entry: &&Value| entry["path"].as_str().unwrap().ends_with("/token");
    assert_eq!(journal["value"].as_array().unwrap().iter().filter(tokens).count(), 3);
}

#[test]
fn a_token_that_is_refused_again_ends_the_export() {
    let mut bench = Bench::new();
    bench.faults(json!([{ "path": BATCH, "times": 9, "status": 401 }]));
    let error = bench.connector.export(&users(3), &CancelToken::default()).unwrap_err();
    assert_eq!(error.kind, ConnectorErrorKind::Credentials, "{error}");
}

#[test]
fn scenario_34_a_tenant_that_stays_busy_leaves_everything_for_later() {
    let mut bench = Bench::new();
    let changes = users(25);
    bench.faults(json!([{ "path": BATCH, "times": 1000, "status": 503 }]));
    let failed = bench.connector.export(&changes, &CancelToken::default());
    assert_eq!(failed.unwrap_err().kind, ConnectorErrorKind::Dropped);
    assert!(bench.clock.waits().len() >= 8 && bench.clock.waits().iter().all(|wait| *wait <= 60), "{:?}", bench.clock.waits());
    bench.faults(json!([]));
    assert_eq!(export_all(&mut bench, &changes), 1);
    compare(&mut bench, &changes);
}

#[test]
fn replayed_entries_of_a_delta_change_nothing() {
    let mut bench = Bench::new();
    export_all(&mut bench, &users(30));
    bench.control("PUT", "delta", json!({ "replayRate": 1.0 }));
    let (items, watermark) = bench.import(ImportMode::Full);
    let names: BTreeSet<&str> = items
        .iter()
        .filter_map(|item| match item {
            ImportItem::Entry(entry) => Some(entry.dn.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(names.len(), 31);
    let anchor = entry(&items, "anchor-1").anchor.clone();
    bench.export_one(update("user", "anchor-1", &anchor, &[("title", replace(&[text("Lead")]))]));
    let (items, _) = bench.import(ImportMode::Delta(watermark));
    assert_eq!(items.len(), 1);
    assert_eq!(values(entry(&items, "anchor-1"), "title"), ["Lead"]);
}

#[test]
fn scenario_40_an_export_within_limits_is_slow_and_never_refused() {
    let budget = WriteBudget { writes: 200, seconds: 10 };
    let mut bench = Bench::with(|settings| settings.writes = Some(budget));
    bench.control(
        "PUT",
        "throttle",
        json!({ "writes": { "limit": 200, "window": 10 }, "units": { "limit": 8000, "window": 10 } }),
    );
    let changes = users(640);
    let start = bench.clock.now();
    for part in changes.chunks(320) {
        assert_eq!(export_all(&mut bench, part), 1);
    }
    let took = bench.clock.now().duration_since(start).as_secs_f64();
    // What does not fit into the full bucket has to flow into it.
    let least = (640.0 - 200.0) / 20.0;
    assert!((least..=least * 1.1).contains(&took), "{took} seconds, at least {least}");
    let tally = bench.control("GET", "throttle", Value::Null);
    assert_eq!((&tally["writes"], &tally["units"]["refused"]), (&json!({ "admitted": 640.0, "refused": 0 }), &json!(0)));
    bench.control("PUT", "throttle", json!({}));
    compare(&mut bench, &changes);
}

#[test]
fn an_export_that_does_not_know_the_limits_learns_them() {
    let mut bench = Bench::new();
    bench.control("PUT", "throttle", json!({ "writes": { "limit": 100, "window": 20 } }));
    let changes = users(320);
    let start = bench.clock.now();
    export_all(&mut bench, &changes);
    let took = bench.clock.now().duration_since(start).as_secs_f64();
    let least = (320.0 - 100.0) / 5.0;
    assert!((least..=least * 1.5).contains(&took), "{took} seconds, at least {least}");
    bench.control("PUT", "throttle", json!({}));
    compare(&mut bench, &changes);
}

/// Keeps everything that is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<String>>);

impl tracing::field::Visit for Log {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
        self.0.lock().unwrap().push_str(&format!("{field}={value:?} "));
    }
}

impl tracing::Subscriber for Log {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        span.record(&mut self.clone());
        tracing::span::Id::from_u64(1)
    }

    fn record(&self, _: &tracing::span::Id, values: &tracing::span::Record<'_>) {
        values.record(&mut self.clone());
    }

    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        event.record(&mut self.clone());
    }

    fn enter(&self, _: &tracing::span::Id) {}

    fn exit(&self, _: &tracing::span::Id) {}
}

#[test]
fn scenario_42_no_secret_is_logged_at_any_level() {
    let mut bench = Bench::new();
    let log = Log::default();
    let denied = json!({ "error": { "code": "InvalidAuthenticationToken", "message": "expired" } });
    bench.faults(json!([
        { "path": BATCH, "nth": 2, "status": 401, "body": denied },
        { "path": BATCH, "nth": 3, "status": 503, "headers": { "Retry-After": "1" } },
        { "path": BATCH, "nth": 5, "dropConnection": true },
    ]));
    let token = tracing::subscriber::with_default(log.clone(), || {
        export_all(&mut bench, &users(25));
        bench.import(ImportMode::Full);
        let shown = format!("{:?}", bench.connector);
        tracing::trace!(shown);
        bench.get("users?$select=id&$top=1");
        shown
    });
    assert!(!token.contains(&bench.secret));
    let logged = log.0.lock().unwrap().clone();
    assert!(logged.contains("seconds="), "something was logged: {logged}");
    assert!(!logged.contains(&bench.secret), "the secret was logged");
    assert!(!logged.contains("eyJ"), "a token was logged");
    assert!(!logged.to_lowercase().contains("forcechangepassword"), "the body of a new user was logged");
}
