//! Signing in, waiting, trying again, and what failures are called.

use proptest::prelude::*;

use super::scripted::{Answer, ScriptedServer};
use super::*;

const SECRET: &str = "correct-horse-battery";

struct Bench {
    server: ScriptedServer,
    connector: EntraConnector,
    clock: Arc<HandClock>,
}

fn bench(answers: Vec<Answer>) -> Bench {
    let server = ScriptedServer::start(answers);
    let mut settings = EntraSettings::new(&server.url(), "contoso.com", "client-1", "contoso.onmicrosoft.com");
    settings.client_name = "SYNC01".into();
    let clock = Arc::new(HandClock::default());
    let connector = EntraConnector::open_with(settings, SecretString::from(SECRET), clock.clone()).unwrap();
    Bench { server, connector, clock }
}

fn busy(status: u16) -> Answer {
    Answer::Send(status, "", json!({}))
}

fn last_page(token: &str) -> Answer {
    let link = format!("https://elsewhere.example/dirsync/v1/objects/delta?$deltatoken={token}");
    Answer::Send(200, "", json!({"value": [], "deltaLink": link}))
}

fn accepted(anchor: &str) -> Answer {
    Answer::Send(200, "", json!({"results": [{"id": "0", "status": "success", "cloudAnchor": anchor}]}))
}

fn rename_user() -> ExportChange {
    change(ExportOperation::Update { new_dn: None }, "user", "ab", &[("displayName", replace(&[text("Ada")]))])
}

fn export(bench: &mut Bench) -> Result<Vec<String>, ConnectorErrorKind> {
    let results = bench.connector.export(&[rename_user()], &CancelToken::default());
    results.map(|results| results.iter().map(show).collect()).map_err(|error| error.kind)
}

#[test]
fn a_busy_server_is_asked_again_after_the_time_it_names() {
    let mut bench = bench(vec![Answer::Send(503, "Retry-After: 7\r\n", json!({})), busy(429), busy(500), accepted("User_1")]);
    assert_eq!(export(&mut bench).unwrap(), [r#"success User_1 [] []"#]);
    assert_eq!(bench.clock.waits(), [7, 4, 8]);
    let sent = bench.server.received();
    assert!(sent.iter().all(|request| request.line == "POST /dirsync/v1/provision" && request.body == sent[0].body));
}

#[test]
fn waits_that_a_server_asks_for_have_an_end() {
    let mut bench = bench(vec![Answer::Send(429, "Retry-After: 99999999\r\n", json!({})), accepted("User_1")]);
    assert!(export(&mut bench).is_ok());
    assert_eq!(bench.clock.waits(), [600]);
}

#[test]
fn a_server_that_stays_busy_leaves_the_exports_for_later() {
    let mut bench = bench(vec![busy(503), busy(503), busy(503), busy(503)]);
    let server = bench.connector.client().server();
    let message = format!("{server} is busy (HTTP 503) and stayed so through 3 more tries; run again later");
    assert_eq!(export(&mut bench).unwrap(), [format!("transient cd-connectivity-error: {message}")]);
    assert_eq!(bench.clock.waits(), [2, 4, 8]);
    assert_eq!(bench.server.received().len(), 4);
}

#[test]
fn a_lost_connection_is_made_again() {
    let mut lost_once = bench(vec![Answer::Drop, accepted("User_1")]);
    assert!(export(&mut lost_once).is_ok());
    assert_eq!(lost_once.clock.waits(), [2]);
    let mut lost = bench(vec![Answer::Drop; 4]);
    assert_eq!(export(&mut lost), Err(ConnectorErrorKind::Dropped));
    assert_eq!(lost.server.received().len(), 4);
}

#[test]
fn a_server_that_was_never_reached_is_not_waited_for() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let settings = EntraSettings::new(&format!("http://127.0.0.1:{free}"), "contoso.com", "c", "n");
    let clock = Arc::new(HandClock::default());
    let mut connector = EntraConnector::open_with(settings, SecretString::from(SECRET), clock.clone()).unwrap();
    let (items, result) = import(&mut connector, ImportMode::Full);
    let error = result.unwrap_err();
    assert_eq!((items.len(), error.kind), (0, ConnectorErrorKind::Connection));
    assert_eq!(error.server, Some(format!("127.0.0.1:{free}")));
    assert!(clock.waits().is_empty());
}

#[test]
fn a_token_is_kept_until_five_minutes_before_its_end() {
    let mut bench = bench(vec![last_page("a"), last_page("b"), last_page("c")]);
    let used_at = |bench: &mut Bench, seconds: i64| {
        bench.clock.advance(seconds);
        import(&mut bench.connector, ImportMode::Full).1.unwrap();
        bench.server.received().last().unwrap().authorization.clone()
    };
    assert_eq!(used_at(&mut bench, 0), "Bearer t1");
    assert_eq!(used_at(&mut bench, 3299), "Bearer t1");
    assert_eq!(used_at(&mut bench, 1), "Bearer t2");
}

#[test]
fn a_refused_token_is_renewed_once() {
    let denied = || Answer::Send(401, "", json!({"error": {"code": "InvalidAuthenticationToken", "message": "expired"}}));
    let mut once = bench(vec![denied(), accepted("User_1")]);
    assert!(export(&mut once).is_ok());
    let tokens: Vec<String> = once.server.received().into_iter().map(|request| request.authorization).collect();
    assert_eq!(tokens, ["Bearer t1", "Bearer t2"]);
    let mut twice = bench(vec![denied(), denied(), accepted("User_1")]);
    assert_eq!(export(&mut twice), Err(ConnectorErrorKind::Credentials));
    assert!(twice.clock.waits().is_empty());
}

#[test]
fn a_refused_sign_in_says_whose_fault_it_is() {
    let check = |answer: Answer, expected: ConnectorErrorKind, said: &str| {
        let mut bench = bench(vec![]);
        bench.server.answer_token(answer);
        let error = import(&mut bench.connector, ImportMode::Full).1.unwrap_err();
        assert_eq!(error.kind, expected, "{error}");
        assert!(error.message.contains(said), "{error}");
        assert!(!format!("{error:?}").contains(SECRET));
    };
    let denied = |error: &str, text: &str| Answer::Send(401, "", json!({"error": error, "error_description": text}));
    let text = "AADSTS7000215: Invalid client secret provided.\r\nTrace ID: 1";
    check(denied("invalid_client", text), ConnectorErrorKind::Credentials, "AADSTS7000215: Invalid client secret provided.");
    check(denied("unauthorized_client", "AADSTS700016: x"), ConnectorErrorKind::Credentials, "client-1");
    check(denied("invalid_scope", "AADSTS70011: x"), ConnectorErrorKind::Configuration, "AADSTS70011");
    check(denied("invalid_tenant", "AADSTS90002: x"), ConnectorErrorKind::Configuration, "AADSTS90002");
    check(Answer::Garbage(404), ConnectorErrorKind::Configuration, "HTTP 404");
    check(Answer::Garbage(200), ConnectorErrorKind::Protocol, "without a token");
    check(Answer::Send(200, "", json!({"access_token": "t"})), ConnectorErrorKind::Protocol, "without a token");
}

#[test]
fn the_sign_in_is_a_form_with_the_secret() {
    let mut bench = bench(vec![last_page("a")]);
    import(&mut bench.connector, ImportMode::Full).1.unwrap();
    let sign_in = &bench.server.all_received()[0];
    assert_eq!(sign_in.line, "POST /contoso.com/oauth2/v2.0/token");
    let scope = "https%3A%2F%2Fgraph.microsoft.com%2F.default";
    assert_eq!(sign_in.body, format!("client_id=client-1&scope={scope}&client_secret={SECRET}&grant_type=client_credentials"));
    assert!(!format!("{:?}", bench.connector).contains(SECRET));
}

#[test]
fn refusals_of_an_export_are_told_apart() {
    let check = |answer: Answer, expected: ConnectorErrorKind| {
        let mut bench = bench(vec![answer.clone()]);
        assert_eq!(export(&mut bench), Err(expected), "{answer:?}");
    };
    let coded = |status: u16, code: &str| Answer::Send(status, "", json!({"error": {"code": code, "message": "m"}}));
    check(coded(403, "Authorization_RequestDenied"), ConnectorErrorKind::Permission);
    check(coded(409, "DirSyncDisabled"), ConnectorErrorKind::ExportDisabled);
    check(coded(409, "Other"), ConnectorErrorKind::Protocol);
    check(coded(400, "BadRequest"), ConnectorErrorKind::Protocol);
    check(Answer::Send(302, "Location: http://127.0.0.1:1/\r\n", json!({})), ConnectorErrorKind::Protocol);
    check(Answer::Garbage(200), ConnectorErrorKind::Protocol);
    check(Answer::Send(200, "", json!({"outcome": []})), ConnectorErrorKind::Protocol);
}

#[test]
fn an_answer_of_a_hundred_megabytes_is_judged_like_any_other() {
    let large = json!({ "error": { "code": "x", "message": "m".repeat(100_000_000) } });
    let check = |status: u16, said: &str| {
        let mut bench = bench(vec![Answer::Send(status, "", large.clone())]);
        let error = import(&mut bench.connector, ImportMode::Full).1.unwrap_err();
        assert_eq!(error.kind, ConnectorErrorKind::Protocol);
        assert!(error.message.contains(said) && error.message.len() < 2_000, "{} bytes", error.message.len());
    };
    check(200, "tells no watermark");
    check(400, "HTTP 400 x");
}

#[test]
fn refusals_of_an_import_are_told_apart() {
    let delta = || ImportMode::Delta(Watermark(b"w".to_vec()));
    let check = |answer: Answer, mode: ImportMode, expected: ConnectorErrorKind| {
        let mut bench = bench(vec![answer.clone()]);
        let (items, result) = import(&mut bench.connector, mode);
        assert_eq!((items.len(), result.unwrap_err().kind), (0, expected), "{answer:?}");
    };
    let coded = |status: u16, code: &str| Answer::Send(status, "", json!({"error": {"code": code, "message": "m"}}));
    check(coded(410, "syncStateNotFound"), delta(), ConnectorErrorKind::NoWatermark);
    check(coded(404, "resyncRequired"), delta(), ConnectorErrorKind::NoWatermark);
    check(coded(400, "BadRequest"), delta(), ConnectorErrorKind::NoWatermark);
    check(coded(410, "syncStateNotFound"), ImportMode::Full, ConnectorErrorKind::Dropped);
    check(coded(400, "BadRequest"), ImportMode::Full, ConnectorErrorKind::Protocol);
    check(coded(403, "x"), delta(), ConnectorErrorKind::Permission);
    check(Answer::Send(200, "", json!({"value": 1})), delta(), ConnectorErrorKind::Protocol);
    check(Answer::Send(200, "", json!({"value": []})), delta(), ConnectorErrorKind::Protocol);
    check(Answer::Send(200, "", json!({"value": [], "deltaLink": "/x?other=1"})), delta(), ConnectorErrorKind::Protocol);
    let bad_watermark = ImportMode::Delta(Watermark(vec![0xff]));
    check(last_page("a"), bad_watermark, ConnectorErrorKind::NoWatermark);
    check(last_page("a"), ImportMode::Delta(Watermark(Vec::new())), ConnectorErrorKind::NoWatermark);
}

#[test]
fn links_are_followed_on_the_tenants_own_address_only() {
    let object = |number: u32| json!({"cloudAnchor": format!("User_{number}"), "objectType": "user", "sourceAnchor": "ab"});
    let next = "https://attacker.example/dirsync/v1/objects/delta?$deltatoken=p2%3D";
    let mut bench = bench(vec![Answer::Send(200, "", json!({"value": [object(1)], "nextLink": next})), last_page("w%2B1")]);
    let (items, summary) = import(&mut bench.connector, ImportMode::Delta(Watermark(b"w&0".to_vec())));
    assert_eq!(items.len(), 1);
    assert_eq!(summary.unwrap().watermark.as_deref(), Some(b"w+1".as_slice()));
    let lines: Vec<String> = bench.server.received().into_iter().map(|request| request.line).collect();
    assert_eq!(
        lines,
        ["GET /dirsync/v1/objects/delta?%24top=500&%24deltatoken=w%260", "GET /dirsync/v1/objects/delta?$deltatoken=p2%3D",]
    );
}

#[test]
fn pages_that_go_round_in_a_circle_end_the_import() {
    let link = "/dirsync/v1/objects/delta?$deltatoken=same";
    let page = || Answer::Send(200, "", json!({"value": [], "nextLink": link}));
    let mut bench = bench(vec![page(), page(), last_page("never")]);
    assert_eq!(import(&mut bench.connector, ImportMode::Full).1.unwrap_err().kind, ConnectorErrorKind::Protocol);
    assert_eq!(bench.server.received().len(), 2);
}

#[test]
fn a_stop_is_heeded_before_and_between() {
    let mut unsent = bench(vec![accepted("User_1")]);
    let cancel = CancelToken::default();
    cancel.cancel();
    assert_eq!(unsent.connector.export(&[rename_user()], &cancel).unwrap_err().kind, ConnectorErrorKind::Cancelled);
    assert!(unsent.server.all_received().is_empty());

    let objects: Vec<Value> = (0..5).map(|n| json!({"cloudAnchor": format!("User_{n}"), "objectType": "user"})).collect();
    let mut stopped = bench(vec![Answer::Send(200, "", json!({"value": objects, "deltaLink": "/x?$deltatoken=w"}))]);
    let mut seen = 0;
    let result = stopped.connector.import(&request(ImportMode::Full), &mut |_| {
        seen += 1;
        seen < 2
    });
    assert_eq!((result.unwrap_err().kind, seen), (ConnectorErrorKind::Cancelled, 2));
}

#[test]
fn a_session_is_closed_with_the_name_of_this_computer() {
    let mut bench = bench(vec![busy(200), busy(200)]);
    bench.connector.finish(false).unwrap();
    bench.connector.finish(true).unwrap();
    let sent: Vec<String> = bench.server.received().into_iter().map(|r| format!("{} {}", r.line, r.body)).collect();
    assert_eq!(
        sent,
        [
            r#"POST /dirsync/v1/sessions/import/finalize {"client":"SYNC01"}"#,
            r#"POST /dirsync/v1/sessions/export/finalize {"client":"SYNC01"}"#,
        ]
    );
}

#[test]
fn batches_keep_their_order_and_a_later_failure_spares_what_was_done() {
    let answers = |count: usize| {
        let results: Vec<Value> = (0..count)
            .rev()
            .map(|id| json!({"id": id.to_string(), "status": "success", "cloudAnchor": format!("User_{id}")}))
            .collect();
        Answer::Send(200, "", json!({ "results": results }))
    };
    let mut bench = bench(vec![answers(50), Answer::Send(403, "", json!({}))]);
    let changes = vec![rename_user(); 60];
    let results: Vec<String> = bench.connector.export(&changes, &CancelToken::default()).unwrap().iter().map(show).collect();
    assert_eq!(results.len(), 60);
    assert_eq!((results[0].as_str(), results[49].as_str()), ("success User_0 [] []", "success User_49 [] []"));
    assert!(results[50..].iter().all(|result| result.starts_with("transient cd-connectivity-error")));
}

#[test]
fn a_tenant_has_one_partition() {
    let mut bench = bench(vec![]);
    let names: Vec<String> = bench.connector.partitions().unwrap().into_iter().map(|partition| partition.name).collect();
    assert_eq!(names, ["default"]);
    let mut other = request(ImportMode::Full);
    other.partition = "DC=x".into();
    let error = bench.connector.import(&other, &mut |_| true).unwrap_err();
    assert_eq!(error.kind, ConnectorErrorKind::PartitionMissing);
}

#[test]
fn a_file_of_authorities_that_cannot_be_used_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let check = |content: Option<&str>| {
        let path = folder.path().join("ca.pem");
        std::fs::remove_file(&path).ok();
        if let Some(content) = content {
            std::fs::write(&path, content).unwrap();
        }
        let mut settings = EntraSettings::new("https://localhost:1", "t", "c", "n");
        settings.ca_file = Some(path);
        let error = EntraConnector::open(settings, SecretString::from(SECRET)).unwrap_err();
        assert_eq!(error.kind, ConnectorErrorKind::Configuration);
        assert!(error.message.contains("ca.pem"), "{error}");
    };
    check(None);
    check(Some(""));
    check(Some("no certificate"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn any_answer_is_read_without_panic(status in 200u16..600, text in "\\PC{0,40}") {
        let body = json!({"value": [text], "results": [{"id": text}], "nextLink": text, "error": {"code": text}});
        let mut bench = bench(vec![Answer::Send(status, "", body); 10]);
        let (items, result) = import(&mut bench.connector, ImportMode::Full);
        prop_assert!(result.is_err() || !items.is_empty());
        prop_assert!(bench.connector.export(&[rename_user()], &CancelToken::default()).is_err() || (500..505).contains(&status) || status == 429);
    }
}
