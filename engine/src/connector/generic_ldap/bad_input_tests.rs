//! What a server should never send: whole imports end with a documented status or with discovery errors, and delete nothing
//! by mistake.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use secrecy::SecretString;

use super::{ConnectionSecurity, GenericLdapConnector, GenericLdapSettings, LdapDelta};
use crate::connector::ldap::fake_server::{Asked, Reply, start};
use crate::model::ErrorCode;
use crate::step::StepStatus;
use crate::step::fixture::{Fixture, Told};
use crate::store::configuration::StepType;

const BASE: &str = "DC=contoso,DC=com";
/// Seconds for an answer: enough for one that comes.
const PATIENCE: u32 = 60;

const HEAD: &str = "99999999-9999-9999-9999-999999999999";

/// What a server is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Question {
    /// The schema.
    Schema,
    /// All objects.
    Objects,
    /// What changed, by time or by content synchronization.
    Changes,
    /// The identities of all objects.
    Identities,
    /// Objects by their identities.
    Named,
}

/// The answer to the n-th question of a kind; `None` for what a server should answer.
type Answer = fn(Question, usize) -> Option<Vec<Reply>>;

fn uuid(name: &str) -> String {
    let digit = name.chars().next().unwrap_or('0').to_string();
    [8, 4, 4, 4, 12].map(|length| digit.repeat(length)).join("-")
}

fn user(name: &str) -> Reply {
    let class: &[&str] = &["top", "person", "user"];
    let attributes: &[(&str, &[&str])] =
        &[("objectClass", class), ("entryUUID", &[&uuid(name)]), ("modifyTimestamp", &["20261123083000Z"]), ("cn", &[name])];
    Reply::entry(&format!("CN={name},{BASE}"), attributes)
}

/// A user with this value as it is.
fn odd(dn: &[u8], name: &str, value: &[u8]) -> Reply {
    let attribute = |name: &str, values: &[&[u8]]| (name.to_owned(), values.iter().map(|value| value.to_vec()).collect());
    let mut attributes = vec![attribute("objectClass", &[b"person", b"user"]), attribute("entryUUID", &[uuid("b").as_bytes()])];
    if !name.is_empty() {
        attributes.push(attribute(name, &[value]));
    }
    Reply::Entry { dn: dn.to_vec(), attributes }
}

/// Users a and c, and something in the place of b.
fn instead(b: Reply) -> Vec<Reply> {
    vec![user("a"), b, user("c"), Reply::page_end(b"")]
}

fn b_has(attributes: &[(&str, &[&str])]) -> Vec<Reply> {
    instead(Reply::entry("CN=b,DC=contoso,DC=com", attributes))
}

/// A user b that has this attribute besides what it needs.
fn b_with(name: &str, values: &[&str]) -> Vec<Reply> {
    b_has(&[("objectClass", &["person", "user"]), ("entryUUID", &[&uuid("b")]), (name, values)])
}

/// Entry by entry, until the client has enough: the answer ends long after every time limit, however busy this computer is.
fn slowly() -> Vec<Reply> {
    (0..3_000).flat_map(|_| [user("a"), Reply::Pause(Duration::from_millis(100))]).collect()
}

/// The answer to one kind of question, and the usual ones to all others.
fn when(wanted: Question, asked: Question, replies: Vec<Reply>) -> Option<Vec<Reply>> {
    (asked == wanted).then_some(replies)
}

const B: &[u8] = b"CN=b,DC=contoso,DC=com";

fn usual(question: Question) -> Vec<Reply> {
    let all = || ["a", "b", "c"].map(user).into_iter().chain([Reply::page_end(b"")]).collect();
    match question {
        Question::Schema => {
            vec![schema(&["( 1 NAME 'person' MAY cn )", "( 2 NAME 'user' SUP person MAY manager )"]), Reply::done()]
        }
        Question::Objects | Question::Identities => all(),
        Question::Changes => vec![Reply::page_end(b"")],
        Question::Named => all(),
    }
}

fn schema(classes: &[&str]) -> Reply {
    let attributes: &[&str] = &[
        "( 3 NAME 'cn' SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )",
        "( 4 NAME 'manager' SYNTAX 1.3.6.1.4.1.1466.115.121.1.12 SINGLE-VALUE )",
    ];
    Reply::entry("cn=Subschema", &[("objectClasses", classes), ("attributeTypes", attributes)])
}

/// The kind of a question; `None` when it is about the server itself.
fn question(asked: &Asked) -> Option<Question> {
    let Asked::Search { base, scope, filter, attributes, page, .. } = asked else { return None };
    let filter = String::from_utf8_lossy(filter);
    match base.as_str() {
        "cn=Subschema" => Some(Question::Schema),
        BASE if *scope != 0 && page.is_none() => Some(Question::Changes),
        BASE if page.is_some() && filter.contains("modifyTimestamp") => Some(Question::Changes),
        BASE if page.is_some() && filter.contains("entryUUID") => Some(Question::Named),
        BASE if page.is_some() && attributes.len() == 1 => Some(Question::Identities),
        BASE if page.is_some() => Some(Question::Objects),
        _ => None,
    }
}

/// How a server is misled: its answer, and how often it was asked.
type Script = Arc<Mutex<Option<(Answer, usize)>>>;

/// A server that has users a, b and c until it is told to answer otherwise.
struct Misbehaving {
    script: Script,
    fixture: Fixture,
    connector: GenericLdapConnector,
}

impl Misbehaving {
    fn new(delta: LdapDelta) -> Self {
        let script = Script::default();
        let shared = Arc::clone(&script);
        let port = start(move |asked| {
            let Asked::Search { base, .. } = asked else { return None };
            let Some(kind) = question(asked) else {
                let root: &[(&str, &[&str])] = &[
                    ("namingContexts", &[BASE]),
                    ("subschemaSubentry", &["cn=Subschema"]),
                    ("supportedControl", &["1.2.840.113556.1.4.319", "1.3.6.1.4.1.4203.1.9.1.1"]),
                ];
                let head: &[(&str, &[&str])] = &[("entryUUID", &[HEAD]), ("contextCSN", &["c"])];
                return Some(vec![Reply::entry(base, if base.is_empty() { root } else { head }), Reply::done()]);
            };
            let told = shared.lock().unwrap().as_mut().and_then(|(answer, asked)| {
                *asked += 1;
                assert!(*asked < 1_000, "asked for ever");
                answer(kind, *asked)
            });
            Some(told.unwrap_or_else(|| match kind {
                Question::Changes if delta == LdapDelta::SyncRepl => vec![Reply::SynchronizedEnd { cookie: b"next" }],
                kind => usual(kind),
            }))
        });
        let settings = GenericLdapSettings {
            servers: vec![format!("127.0.0.1:{port}")],
            user: "cn=sync,DC=contoso,DC=com".to_owned(),
            security: ConnectionSecurity::Plain,
            delta,
            operation_timeout_secs: PATIENCE,
            ..GenericLdapSettings::default()
        };
        let mut fixture = Fixture::forest();
        fixture.connector.object_types.retain(|name| name == "user");
        fixture.timeout = PATIENCE;
        let connector = GenericLdapConnector::open(settings, SecretString::from("secret".to_owned())).unwrap();
        let mut this = Self { script, fixture, connector };
        let told = this.import(StepType::FullImport, None);
        assert_eq!((told.end.status, told.counters.as_str()), (StepStatus::SUCCESS, "stage-add=3"), "{told:?}");
        this.fixture.synchronize(true);
        this
    }

    fn import(&mut self, step: StepType, answer: Option<Answer>) -> Told {
        *self.script.lock().unwrap() = answer.map(|answer| (answer, 0));
        self.fixture.import_from(step, &mut self.connector)
    }

    /// The same for a server whose answer does not come in time.
    fn check_late(&mut self, step: StepType, answer: Answer, counters: &str, status: StepStatus) {
        self.fixture.timeout = 1;
        let told = self.import(step, Some(answer));
        self.fixture.timeout = PATIENCE;
        assert_eq!((told.end.status, told.counters.as_str()), (status, counters), "{told:?}");
        self.check_unharmed(&told);
    }

    /// An import from a server that answers so must end so. What it held is still held then, and a server that answers
    /// well again finds nothing to repair.
    fn check(&mut self, step: StepType, answer: Answer, status: StepStatus, counters: &str, error: Option<ErrorCode>) {
        let told = self.import(step, Some(answer));
        assert_eq!((told.end.status, told.counters.as_str()), (status, counters), "{told:?}");
        let errors: Vec<ErrorCode> = self.fixture.errors(&told).into_iter().map(|error| error.error.code).collect();
        assert_eq!(errors, error.into_iter().collect::<Vec<_>>(), "{told:?}");
        self.check_unharmed(&told);
    }

    fn check_unharmed(&mut self, told: &Told) {
        for name in ["a", "b", "c"] {
            let object = self.fixture.object(&format!("CN={name},{BASE}"));
            assert!(object.pending_import.is_none(), "{name} after {told:?}");
        }
        let again = self.import(StepType::FullImport, None);
        assert_eq!((again.end.status, again.counters.as_str()), (StepStatus::SUCCESS, "stage-no-change=3"), "after {told:?}");
    }
}

#[test]
fn entries_that_cannot_be_used_are_discovery_errors_and_nothing_is_deleted() {
    let mut server = Misbehaving::new(LdapDelta::Timestamp);
    let mut check = |answer: Answer, code: ErrorCode| {
        let counters = "stage-failure=1 stage-no-change=2";
        server.check(StepType::FullImport, answer, StepStatus::COMPLETED_DISCOVERY_ERRORS, counters, Some(code));
    };
    check(|asked, _| when(Question::Objects, asked, b_has(&[("objectClass", &["user"])])), ErrorCode::MISSING_ANCHOR);
    check(|asked, _| when(Question::Objects, asked, instead(odd(B, "cn", b"\xff\xfe"))), ErrorCode::INVALID_ATTRIBUTE_VALUE);
    check(|asked, _| when(Question::Objects, asked, instead(odd(b"CN=\xff,DC=contoso,DC=com", "", b""))), ErrorCode::PARSE_ERROR);
    check(|asked, _| when(Question::Objects, asked, instead(odd(b"", "", b""))), ErrorCode::MISSING_DN);
    check(|asked, _| when(Question::Objects, asked, instead(odd(b"nonsense", "", b""))), ErrorCode::INVALID_DN);
    check(|asked, _| when(Question::Objects, asked, b_has(&[("entryUUID", &[&uuid("b")])])), ErrorCode::MISSING_OBJECT_CLASS);
}

/// A schema that does not fit what the server holds.
#[test]
fn a_schema_that_lies_deletes_nothing() {
    let mut server = Misbehaving::new(LdapDelta::Timestamp);
    let mut check = |answer: Answer, code: ErrorCode| {
        let counters = "stage-failure=1 stage-no-change=2";
        server.check(StepType::FullImport, answer, StepStatus::COMPLETED_DISCOVERY_ERRORS, counters, Some(code));
    };
    // One value is declared and two are there; a name is declared and something else is there.
    check(|asked, _| when(Question::Objects, asked, b_with("cn", &["b", "c"])), ErrorCode::MULTI_SINGLE_MISMATCH);
    check(|asked, _| when(Question::Objects, asked, b_with("manager", &["nobody"])), ErrorCode::INVALID_REFERENCE_VALUE);
    // An attribute that no schema has, also one that was not asked for, is left alone.
    let unknown: Answer = |asked, _| {
        let entry = |name: &str| {
            let (dn, uuid) = (format!("CN={name},{BASE}"), uuid(name));
            let values: &[(&str, &[&str])] = &[
                ("objectClass", &["user"]),
                ("entryUUID", &[&uuid]),
                ("modifyTimestamp", &["20261123083000Z"]),
                ("cn", &[name]),
                ("shoeSize", &["43", "44"]),
            ];
            Reply::entry(&dn, values)
        };
        when(Question::Objects, asked, vec![entry("a"), entry("b"), entry("c"), Reply::page_end(b"")])
    };
    server.check(StepType::FullImport, unknown, StepStatus::SUCCESS, "stage-no-change=3", None);
    // The class of the objects is described no more: each of them is an error, and none is gone.
    let undescribed: Answer =
        |asked, _| when(Question::Schema, asked, vec![schema(&["( 1 NAME 'person' MAY cn )"]), Reply::done()]);
    for step in [StepType::FullImport, StepType::DeltaImport] {
        let told = server.import(step, Some(undescribed));
        assert!(!told.counters.contains("delete"), "{told:?}");
        let again = server.import(StepType::FullImport, None);
        assert_eq!(again.counters, "stage-no-change=3", "after {told:?}");
    }
    // It is described as one that has no objects of its own, or as something quite different.
    let otherwise: Answer = |asked, _| {
        let classes =
            ["( 1 NAME 'person' MAY cn )", "( 2 NAME 'user' SUP person AUXILIARY MAY manager )", "( 3 NAME 'top' SUP top )"];
        when(Question::Schema, asked, vec![schema(&classes), Reply::done()])
    };
    server.check(StepType::FullImport, otherwise, StepStatus::SUCCESS, "stage-no-change=3", None);
}

#[test]
fn a_full_import_that_breaks_off_deletes_nothing() {
    let mut server = Misbehaving::new(LdapDelta::Timestamp);
    let mut check =
        |answer: Answer, status: StepStatus, counters: &str| server.check(StepType::FullImport, answer, status, counters, None);
    // Nothing at all is no proof that all is gone.
    check(|asked, _| when(Question::Objects, asked, vec![Reply::page_end(b"")]), StepStatus::COMPLETED_NO_OBJECTS, "");
    // Pages without end: empty ones, the same one.
    check(
        |asked, count| when(Question::Objects, asked, vec![Reply::page_end(&count.to_be_bytes())]),
        StepStatus::NO_START_MA,
        "",
    );
    check(
        |asked, _| when(Question::Objects, asked, vec![user("a"), Reply::page_end(b"next")]),
        StepStatus::STOPPED_EXCEPTION,
        "stage-no-change=1",
    );
    // Drops the connection, speaks something else, breaks off in the middle of a message.
    check(|asked, _| when(Question::Objects, asked, vec![Reply::Close]), StepStatus::NO_START_CONNECTION, "");
    check(
        |asked, _| when(Question::Objects, asked, vec![Reply::Raw(b"HTTP/1.1 400\r\n\r\n".to_vec()), Reply::Close]),
        StepStatus::NO_START_CONNECTION,
        "",
    );
    check(
        |asked, _| when(Question::Objects, asked, vec![Reply::Raw(vec![0x30, 0x20, 0x02, 0x01]), Reply::Close]),
        StepStatus::NO_START_CONNECTION,
        "",
    );
    check(|asked, _| when(Question::Objects, asked, vec![Reply::Raw(vec![0x30, 0x00])]), StepStatus::NO_START_MA, "");
    // The first page comes, the second one does not. The schema was asked for before.
    check(
        |asked, count| {
            let first = vec![user("a"), Reply::page_end(b"next")];
            when(Question::Objects, asked, if count == 2 { first } else { vec![Reply::Close] })
        },
        StepStatus::STOPPED_CONNECTIVITY,
        "stage-no-change=1",
    );
    check(
        |asked, count| {
            let first = vec![user("a"), Reply::page_end(b"next")];
            when(Question::Objects, asked, if count == 2 { first } else { vec![Reply::refused(53, "")] })
        },
        StepStatus::STOPPED_EXCEPTION,
        "stage-no-change=1",
    );
    // What changed meanwhile cannot be asked for: what was read is kept, and nothing else is judged.
    check(|asked, _| when(Question::Changes, asked, vec![Reply::Close]), StepStatus::STOPPED_CONNECTIVITY, "stage-no-change=3");
    check(
        |asked, _| when(Question::Changes, asked, vec![Reply::refused(53, "")]),
        StepStatus::STOPPED_EXCEPTION,
        "stage-no-change=3",
    );
}

#[test]
fn a_delta_import_by_time_that_breaks_off_deletes_nothing() {
    let mut server = Misbehaving::new(LdapDelta::Timestamp);
    let mut check = |answer: Answer, status: StepStatus| server.check(StepType::DeltaImport, answer, status, "", None);
    check(|_, _| None, StepStatus::SUCCESS);
    // The list of what is there decides what is gone: cut in any way, it decides nothing.
    check(|asked, _| when(Question::Identities, asked, vec![Reply::page_end(b"")]), StepStatus::COMPLETED_NO_OBJECTS);
    check(|asked, _| when(Question::Identities, asked, vec![user("a"), Reply::Close]), StepStatus::NO_START_CONNECTION);
    check(|asked, _| when(Question::Identities, asked, vec![user("a"), Reply::refused(4, "")]), StepStatus::NO_START_MA);
    check(|asked, _| when(Question::Identities, asked, vec![user("a"), Reply::page_end(b"next")]), StepStatus::NO_START_MA);
    check(|asked, _| when(Question::Changes, asked, vec![Reply::Close]), StepStatus::NO_START_CONNECTION);
    check(|asked, _| when(Question::Changes, asked, vec![Reply::Raw(vec![0x30, 0x00])]), StepStatus::NO_START_MA);
}

#[test]
fn a_delta_import_by_content_synchronization_that_breaks_off_deletes_nothing() {
    let mut server = Misbehaving::new(LdapDelta::SyncRepl);
    let mut check = |answer: Answer, status: StepStatus| server.check(StepType::DeltaImport, answer, status, "", None);
    check(|_, _| None, StepStatus::SUCCESS);
    check(|asked, _| when(Question::Changes, asked, vec![Reply::Close]), StepStatus::NO_START_CONNECTION);
    check(|asked, _| when(Question::Changes, asked, vec![Reply::done()]), StepStatus::NO_START_MA);
    check(
        |asked, _| when(Question::Changes, asked, vec![user("a"), Reply::SynchronizedEnd { cookie: b"n" }]),
        StepStatus::NO_START_MA,
    );
    check(|asked, _| when(Question::Changes, asked, vec![Reply::Raw(vec![0x30, 0x00])]), StepStatus::NO_START_MA);
    // Entries are told and the connection breaks before the end: what was told so far counts for nothing.
    check(
        |asked, _| {
            let gone = Reply::Synchronized { dn: "CN=a,DC=contoso,DC=com", uuid: [0xaa; 16], state: 3 };
            when(Question::Changes, asked, vec![gone, Reply::Close])
        },
        StepStatus::NO_START_CONNECTION,
    );
    // A changed entry cannot be looked at.
    check(
        |asked, _| match asked {
            Question::Changes => Some(vec![
                Reply::Synchronized { dn: "CN=a,DC=contoso,DC=com", uuid: [0xaa; 16], state: 2 },
                Reply::SynchronizedEnd { cookie: b"n" },
            ]),
            Question::Named => Some(vec![Reply::Close]),
            _ => None,
        },
        StepStatus::NO_START_CONNECTION,
    );
}

#[test]
fn a_server_that_does_not_answer_in_time_ends_an_import() {
    let mut server = Misbehaving::new(LdapDelta::Timestamp);
    let (full, delta) = (StepType::FullImport, StepType::DeltaImport);
    // Never answers; answers entry by entry and never comes to an end.
    server.check_late(full, |asked, _| when(Question::Objects, asked, Vec::new()), "", StepStatus::NO_START_CONNECTION);
    server.check_late(full, |asked, _| when(Question::Objects, asked, slowly()), "", StepStatus::NO_START_CONNECTION);
    let read = "stage-no-change=3";
    server.check_late(full, |asked, _| when(Question::Changes, asked, Vec::new()), read, StepStatus::STOPPED_CONNECTIVITY);
    server.check_late(delta, |asked, _| when(Question::Identities, asked, slowly()), "", StepStatus::NO_START_CONNECTION);
    server.check_late(delta, |asked, _| when(Question::Changes, asked, Vec::new()), "", StepStatus::NO_START_CONNECTION);
    let mut server = Misbehaving::new(LdapDelta::SyncRepl);
    server.check_late(delta, |asked, _| when(Question::Changes, asked, Vec::new()), "", StepStatus::NO_START_CONNECTION);
}
