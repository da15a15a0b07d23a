//! What a server should never send: whole imports end with a documented status or with discovery errors, and delete nothing
//! by mistake.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::ActiveDirectoryConnector;
use super::misbehaviour_tests::{open, settings};
use crate::connector::ldap::fake_server::{Asked, Reply, start};
use crate::connector::{Connector, ConnectorError, ConnectorErrorKind};
use crate::model::{ErrorCode, Schema, ValueType};
use crate::step::StepStatus;
use crate::step::fixture::{Fixture, Told};
use crate::store::configuration::StepType;

const BASE: &str = "DC=contoso,DC=com";

/// The answer to the n-th question for objects.
type Answer = fn(usize) -> Vec<Reply>;

fn guid(name: &str) -> String {
    name.chars().next().unwrap_or('?').to_string().repeat(16)
}

fn user(name: &str) -> Reply {
    let dn = format!("CN={name},{BASE}");
    let class: &[&str] = &["top", "person", "user"];
    Reply::entry(&dn, &[("objectClass", class), ("objectGUID", &[&guid(name)]), ("cn", &[name])])
}

/// A user with this value as it is.
fn odd(dn: &[u8], guid: &str, name: &str, value: &[u8]) -> Reply {
    let mut attributes = vec![
        ("objectClass".to_owned(), ["top", "person", "user"].map(|class| class.as_bytes().to_vec()).to_vec()),
        ("objectGUID".to_owned(), vec![guid.as_bytes().to_vec()]),
    ];
    if !name.is_empty() {
        attributes.push((name.to_owned(), vec![value.to_vec()]));
    }
    Reply::Entry { dn: dn.to_vec(), attributes }
}

/// Users a and c, and something in the place of b.
fn instead(b: Reply) -> Vec<Reply> {
    vec![user("a"), b, user("c"), Reply::page_end(b"")]
}

fn b_is(dn: &[u8], name: &str, value: &[u8]) -> Vec<Reply> {
    instead(odd(dn, &guid("b"), name, value))
}

fn b_has(attributes: &[(&str, &[&str])]) -> Vec<Reply> {
    instead(Reply::entry("CN=b,DC=contoso,DC=com", attributes))
}

/// Entry by entry, until the client has enough: the answer ends long after every time limit, however busy this computer is.
fn slowly() -> Vec<Reply> {
    (0..3_000).flat_map(|_| [user("a"), Reply::Pause(Duration::from_millis(100))]).collect()
}

/// A page of user a, then something else.
fn then(asked: usize, reply: Reply) -> Vec<Reply> {
    if asked == 1 { vec![user("a"), Reply::page_end(b"next")] } else { vec![reply] }
}

/// Other entries on every page, without end.
fn endless(asked: usize) -> Vec<Reply> {
    let entry = |number: usize| Reply::entry(&format!("CN={asked}-{number}"), &[]);
    (0..1_000).map(entry).chain([Reply::page_end(&asked.to_be_bytes())]).collect()
}

const B: &[u8] = b"CN=b,DC=contoso,DC=com";

/// A server that has users a, b and c until it is told to answer otherwise.
struct Misbehaving {
    answer: Arc<Mutex<Option<(Answer, usize)>>>,
    fixture: Fixture,
    connector: ActiveDirectoryConnector,
}

impl Misbehaving {
    fn new() -> Self {
        let answer: Arc<Mutex<Option<(Answer, usize)>>> = Arc::default();
        let shared = Arc::clone(&answer);
        let port = start(move |asked| match asked {
            Asked::Search { base, .. } if base.is_empty() => Some(vec![
                Reply::entry(
                    "",
                    &[
                        ("supportedCapabilities", &["1.2.840.113556.1.4.800"]),
                        ("supportedControl", &["1.2.840.113556.1.4.319"]),
                        ("namingContexts", &[BASE]),
                    ],
                ),
                Reply::done(),
            ]),
            Asked::Search { base, page: Some(_), .. } if base == BASE => Some(match &mut *shared.lock().unwrap() {
                Some((answer, asked)) => {
                    *asked += 1;
                    assert!(*asked < 1_000, "asked for ever");
                    answer(*asked)
                }
                None => vec![user("a"), user("b"), user("c"), Reply::page_end(b"")],
            }),
            _ => None,
        });
        let mut fixture = Fixture::forest();
        fixture.timeout = 1;
        let mut this = Self { answer, fixture, connector: open(settings(port)).unwrap() };
        let told = this.import(None);
        assert_eq!((told.end.status, told.counters.as_str()), (StepStatus::SUCCESS, "stage-add=3"), "{told:?}");
        this.fixture.synchronize(true);
        this
    }

    fn import(&mut self, answer: Option<Answer>) -> Told {
        *self.answer.lock().unwrap() = answer.map(|answer| (answer, 0));
        self.fixture.import_from(StepType::FullImport, &mut self.connector)
    }

    /// A full import from a server that answers so must end so. What it held is still held then, and a server that
    /// answers well again finds nothing to repair but what is expected.
    fn check(&mut self, answer: Answer, status: StepStatus, counters: &str, error: Option<ErrorCode>) {
        let told = self.import(Some(answer));
        assert_eq!((told.end.status, told.counters.as_str()), (status, counters), "{told:?}");
        let errors: Vec<ErrorCode> = self.fixture.errors(&told).into_iter().map(|error| error.error.code).collect();
        assert_eq!(errors, error.into_iter().collect::<Vec<_>>(), "{told:?}");
        for name in ["a", "b", "c"] {
            let object = self.fixture.object(&format!("CN={name},{BASE}"));
            assert!(object.pending_import.is_none(), "{name} after {told:?}");
        }
        let again = self.import(None);
        assert_eq!((again.end.status, again.counters.as_str()), (StepStatus::SUCCESS, "stage-no-change=3"), "after {told:?}");
    }
}

#[test]
fn entries_that_cannot_be_used_are_discovery_errors_and_nothing_is_deleted() {
    let mut server = Misbehaving::new();
    let mut check = |answer: Answer, seen: usize, code: ErrorCode| {
        let counters = format!("stage-failure=1 stage-no-change={seen}");
        server.check(answer, StepStatus::COMPLETED_DISCOVERY_ERRORS, &counters, Some(code));
    };
    // Without objectGUID, and with one that is none.
    check(|_| b_has(&[("objectClass", &["user"])]), 2, ErrorCode::MISSING_ANCHOR);
    check(|_| b_has(&[("objectClass", &["user"]), ("objectGUID", &["short"])]), 2, ErrorCode::MISSING_ANCHOR);
    // No Unicode: in a value, in a reference, in the name.
    check(|_| b_is(B, "cn", b"\xff\xfe"), 2, ErrorCode::INVALID_ATTRIBUTE_VALUE);
    check(|_| b_is(B, "manager", b"CN=\xc3\x28,DC=x"), 2, ErrorCode::INVALID_ATTRIBUTE_VALUE);
    check(|_| b_is(b"CN=\xff,DC=contoso,DC=com", "", b""), 2, ErrorCode::PARSE_ERROR);
    // Against the schema: two values of one, a reference to nowhere.
    check(
        |_| b_has(&[("objectClass", &["user"]), ("objectGUID", &[&guid("b")]), ("cn", &["b", "c"])]),
        2,
        ErrorCode::MULTI_SINGLE_MISMATCH,
    );
    check(|_| b_is(B, "manager", b"nobody"), 2, ErrorCode::INVALID_REFERENCE_VALUE);
    // No name, no class, a class that nobody knows.
    check(|_| b_is(b"", "", b""), 2, ErrorCode::MISSING_DN);
    check(|_| b_is(b"nonsense", "", b""), 2, ErrorCode::INVALID_DN);
    check(|_| b_has(&[("objectGUID", &[&guid("b")])]), 2, ErrorCode::MISSING_OBJECT_CLASS);
    check(|_| b_has(&[("objectClass", &["printQueue"]), ("objectGUID", &[&guid("b")])]), 2, ErrorCode::UNMAPPABLE_OBJECT_TYPE);
    // One identity under two names.
    check(
        |_| {
            let twice = odd(b"CN=x,DC=contoso,DC=com", &guid("b"), "", b"");
            vec![user("a"), user("b"), twice, user("c"), Reply::page_end(b"")]
        },
        3,
        ErrorCode::DUPLICATE_OBJECT,
    );
}

/// Traps P1, P7 among others: too much, or cut.
#[test]
fn answers_that_cannot_be_used_end_the_import_and_nothing_is_deleted() {
    let mut server = Misbehaving::new();
    let mut check = |answer: Answer, status: StepStatus| server.check(answer, status, "", None);
    // Nothing at all is no proof that all is gone.
    check(|_| vec![Reply::page_end(b"")], StepStatus::COMPLETED_NO_OBJECTS);
    check(|_| vec![Reply::Referral, Reply::page_end(b"")], StepStatus::COMPLETED_NO_OBJECTS);
    // Refusals: operations error, protocol error, out of time, too large, administrative limit, referral, unknown control,
    // no such object, no rights, busy, unavailable, unwilling.
    check(|_| vec![Reply::refused(1, "")], StepStatus::NO_START_MA);
    check(|_| vec![Reply::refused(2, "")], StepStatus::NO_START_MA);
    check(|_| vec![Reply::refused(3, "")], StepStatus::NO_START_MA);
    check(|_| vec![Reply::refused(4, "")], StepStatus::NO_START_MA);
    check(|_| vec![Reply::refused(11, "")], StepStatus::NO_START_MA);
    check(|_| vec![Reply::refused(10, "")], StepStatus::NO_START_PARTITION_DELETE);
    check(|_| vec![Reply::refused(12, "")], StepStatus::NO_START_MA);
    check(|_| vec![Reply::refused(32, "")], StepStatus::NO_START_PARTITION_DELETE);
    check(|_| vec![Reply::refused(50, "")], StepStatus::NO_START_MA);
    check(|_| vec![Reply::refused(51, "")], StepStatus::NO_START_CONNECTION);
    check(|_| vec![Reply::refused(52, "")], StepStatus::NO_START_CONNECTION);
    check(|_| vec![Reply::refused(53, "")], StepStatus::NO_START_MA);
    // Drops the connection, speaks something else, breaks off in the middle.
    check(|_| vec![Reply::Close], StepStatus::NO_START_CONNECTION);
    check(|_| vec![Reply::Raw(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()), Reply::Close], StepStatus::NO_START_CONNECTION);
    check(|_| vec![Reply::Raw(vec![0x30, 0x20, 0x02, 0x01]), Reply::Close], StepStatus::NO_START_CONNECTION);
    check(|_| vec![Reply::Raw(vec![0x30, 0x00])], StepStatus::NO_START_MA);
    // Does not answer; answers entry by entry and never comes to an end.
    check(|_| Vec::new(), StepStatus::NO_START_CONNECTION);
    check(|_| slowly(), StepStatus::NO_START_CONNECTION);
    // More in one page than was asked for, without end.
    check(|_| (0..20_001).map(|_| user("a")).collect(), StepStatus::NO_START_MA);
    // Empty pages for ever.
    check(|asked| vec![Reply::page_end(&asked.to_be_bytes())], StepStatus::NO_START_MA);
}

#[test]
fn an_import_that_breaks_off_keeps_what_it_did_not_see() {
    let mut server = Misbehaving::new();
    let mut check = |answer: Answer, status: StepStatus| server.check(answer, status, "stage-no-change=1", None);
    check(|asked| then(asked, Reply::Close), StepStatus::STOPPED_CONNECTIVITY);
    check(|asked| then(asked, Reply::refused(53, "")), StepStatus::STOPPED_EXCEPTION);
    check(|asked| then(asked, Reply::refused(32, "")), StepStatus::STOPPED_EXCEPTION);
    // The same page for ever.
    check(|_| vec![user("a"), Reply::page_end(b"next")], StepStatus::STOPPED_EXCEPTION);
}

#[test]
fn a_name_of_ten_thousand_characters_is_a_name() {
    let mut server = Misbehaving::new();
    let long: Answer = |_| {
        let dn = format!("CN={},DC=contoso,DC=com", "b".repeat(10_000));
        b_is(dn.as_bytes(), "cn", b"b")
    };
    let told = server.import(Some(long));
    assert_eq!((told.end.status, told.counters.as_str()), (StepStatus::SUCCESS, "stage-no-change=2 stage-rename=1"), "{told:?}");
    assert!(server.fixture.find(&format!("CN={},{BASE}", "b".repeat(10_000))).is_some());
}

/// The schema that a server shows whose schema partition answers so.
fn schema(mut answer: impl FnMut(bool, usize) -> Vec<Reply> + Send + 'static) -> Result<Schema, ConnectorError> {
    let mut asked_for = 0;
    let port = start(move |asked| match asked {
        Asked::Search { base, filter, .. } if base.starts_with("CN=Schema") => {
            asked_for += 1;
            assert!(asked_for < 1_000, "asked for ever");
            Some(answer(String::from_utf8_lossy(filter).contains("classSchema"), asked_for))
        }
        _ => None,
    });
    open(settings(port)).unwrap().schema()
}

fn attribute(name: &str, syntax: &str) -> Reply {
    Reply::entry("CN=x", &[("lDAPDisplayName", &[name]), ("attributeSyntax", &[syntax]), ("isSingleValued", &["perhaps"])])
}

#[test]
fn a_schema_that_lies_is_read_as_far_as_it_makes_sense() {
    let found = schema(|classes, _| {
        let class = |name: &str, superclass: &str, may: &[&str]| {
            Reply::entry("CN=x", &[("lDAPDisplayName", &[name]), ("subClassOf", &[superclass]), ("mayContain", may)])
        };
        let long = "x".repeat(10_000);
        match classes {
            // Classes that are above one another, attributes that there are not.
            true => vec![
                class("user", "person", &["mail", "nowhere", "odd", &long]),
                class("person", "user", &["cn"]),
                class("group", "group", &["cn", "tokenGroups"]),
                Reply::Entry { dn: b"CN=x".to_vec(), attributes: vec![("lDAPDisplayName".to_owned(), vec![vec![0xff]])] },
                Reply::entry("CN=x", &[]),
                Reply::page_end(b""),
            ],
            false => vec![
                attribute("cn", "2.5.5.12"),
                attribute("mail", "2.5.5.12"),
                // A syntax that nobody knows.
                attribute("odd", "9.9.9.9"),
                attribute(&long, ""),
                attribute("tokenGroups", "2.5.5.17"),
                Reply::Entry { dn: b"CN=x".to_vec(), attributes: vec![("lDAPDisplayName".to_owned(), vec![vec![0xff]])] },
                Reply::entry("CN=x", &[("lDAPDisplayName", &["half"])]),
                Reply::page_end(b""),
            ],
        }
    })
    .unwrap();
    assert_eq!(found.types().collect::<Vec<_>>(), ["group", "user"]);
    let kind =
        |object_type: &str, name: &str| found.attribute_of(object_type, name).map(|found| (found.value_type, found.multi_valued));
    assert_eq!(kind("user", "cn"), Some((ValueType::String, true)));
    assert_eq!(kind("user", "odd"), Some((ValueType::Binary, true)));
    assert_eq!(kind("user", "nowhere"), None);
    assert_eq!(kind("group", "tokenGroups"), None, "would make every search fail");
}

#[test]
fn a_schema_that_cannot_be_used_is_refused() {
    let check = |answer: fn(bool, usize) -> Vec<Reply>, kind: ConnectorErrorKind, part: &str| {
        let error = schema(answer).unwrap_err();
        assert_eq!(error.kind, kind, "{error}");
        assert!(error.message.contains("127.0.0.1:") && error.message.contains(part), "{error}");
    };
    check(|_, _| vec![Reply::page_end(b"")], ConnectorErrorKind::Permission, "no usable schema");
    check(|_, _| vec![attribute("cn", "2.5.5.12"), Reply::page_end(b"")], ConnectorErrorKind::Permission, "no usable schema");
    check(|_, _| vec![Reply::refused(50, "")], ConnectorErrorKind::Permission, "grant");
    check(|_, _| vec![Reply::Close], ConnectorErrorKind::Dropped, "closed");
    check(|_, asked| vec![Reply::page_end(&asked.to_be_bytes())], ConnectorErrorKind::Protocol, "page");
    check(|_, _| vec![attribute("cn", "2.5.5.12"), Reply::page_end(b"more")], ConnectorErrorKind::Protocol, "page");
    // Other entries on every page, without end.
    check(|_, asked| endless(asked), ConnectorErrorKind::Protocol, "more");
    check(
        |_, _| vec![Reply::Entry { dn: vec![0xff], attributes: Vec::new() }, Reply::page_end(b"")],
        ConnectorErrorKind::Protocol,
        "Unicode",
    );
}
