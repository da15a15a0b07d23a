//! The connector against a scripted server: ranges, pages, broken and senseless answers.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use secrecy::SecretString;

use super::{ActiveDirectoryConnector, ActiveDirectorySettings, ConnectionSecurity};
use crate::connector::ldap::fake_server::{Asked, Page, Reply, start};
use crate::connector::{
    Anchor, CancelToken, Connector, ConnectorError, ConnectorErrorKind, EntryValue, ImportEntry, ImportItem, ImportMode,
    ImportRequest, Watermark,
};
use crate::model::{ErrorCode, Schema};

const GUID: &str = "sixteen letters!";

pub(super) fn settings(port: u16) -> ActiveDirectorySettings {
    ActiveDirectorySettings {
        servers: vec![format!("127.0.0.1:{port}")],
        user: "sync@x".to_owned(),
        security: ConnectionSecurity::Plain,
        ..ActiveDirectorySettings::default()
    }
}

pub(super) fn open(settings: ActiveDirectorySettings) -> Result<ActiveDirectoryConnector, ConnectorError> {
    ActiveDirectoryConnector::open(settings, SecretString::from("secret".to_owned()))
}

pub(super) fn request() -> ImportRequest {
    let schema = "[attributes]\ncn = \"string\"\nmember = \"reference multi\"\nadminCount = \"integer\"\n\
        [types]\nuser = [\"cn\", \"adminCount\"]\ngroup = [\"cn\", \"member\"]";
    ImportRequest {
        mode: ImportMode::Full,
        partition: "DC=x".to_owned(),
        elsewhere: Vec::new(),
        object_types: vec!["user".to_owned(), "group".to_owned()],
        attributes: ["adminCount", "cn", "member"].map(str::to_owned).to_vec(),
        include: Vec::new(),
        exclude: Vec::new(),
        page_size: 2,
        timeout_secs: 30,
        schema: Arc::new(Schema::from_toml(schema).unwrap()),
        cancel: CancelToken::default(),
    }
}

/// Imports from a server that follows `script`; gives what was handed over and how it ended.
fn import(script: impl FnMut(&Asked) -> Option<Vec<Reply>> + Send + 'static) -> (Vec<ImportItem>, Result<(), ConnectorError>) {
    let mut connector = open(settings(start(script))).unwrap();
    let mut items = Vec::new();
    let result = connector.import(&request(), &mut |item| {
        items.push(item);
        true
    });
    (items, result.map(|_| ()))
}

fn user(name: &str) -> Reply {
    Reply::entry(&format!("CN={name},DC=x"), &[("objectClass", &["top", "user"]), ("objectGUID", &[GUID]), ("cn", &[name])])
}

fn group(attributes: &[(&str, &[&str])]) -> Reply {
    let mut all: Vec<(&str, &[&str])> = vec![("objectClass", &["top", "group"]), ("objectGUID", &[GUID])];
    all.extend_from_slice(attributes);
    Reply::entry("CN=g,DC=x", &all)
}

fn names(items: &[ImportItem]) -> Vec<&str> {
    items
        .iter()
        .map(|item| match item {
            ImportItem::Entry(entry) => entry.dn.as_str(),
            other => panic!("{other:?}"),
        })
        .collect()
}

fn members(items: &[ImportItem]) -> Vec<&str> {
    let [ImportItem::Entry(entry)] = items else { panic!("{items:?}") };
    entry
        .attributes
        .get("member")
        .into_iter()
        .flatten()
        .map(|value| match value {
            EntryValue::Reference(name) => name.as_str(),
            other => panic!("{other:?}"),
        })
        .collect()
}

/// Traps B10, P4.
#[test]
fn pages_are_read_to_the_end_with_referrals_between_and_an_empty_last_one() {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&asked);
    let (items, result) = import(move |asked| {
        let Asked::Search { base, page: Some(page), .. } = asked else { return None };
        assert_eq!(base, "DC=x");
        log.lock().unwrap().push(page.clone());
        Some(match page.cookie.as_slice() {
            b"" => vec![user("a"), Reply::Referral, user("b"), Reply::page_end(b"one")],
            b"one" => vec![Reply::page_end(b"two")],
            b"two" => vec![user("c"), user("d"), Reply::page_end(b"three")],
            _ => vec![Reply::Referral, Reply::page_end(b"")],
        })
    });
    result.unwrap();
    assert_eq!(names(&items), ["CN=a,DC=x", "CN=b,DC=x", "CN=c,DC=x", "CN=d,DC=x"]);
    let expected = [b"".as_slice(), b"one", b"two", b"three"].map(|cookie| Page { size: 2, cookie: cookie.to_vec() });
    assert_eq!(*asked.lock().unwrap(), expected);
}

/// Trap R1.
#[test]
fn values_that_the_server_holds_back_are_read_to_the_end() {
    let (items, result) = import(|asked| match asked {
        Asked::Search { base, attributes, page: Some(_), .. } if base == "DC=x" => {
            assert!(attributes.contains(&"member;range=0-1499".to_owned()), "{attributes:?}");
            Some(vec![
                group(&[("member", &[]), ("member;range=0-1", &["CN=a,DC=x", "CN=b,DC=x"]), ("uSNChanged", &["7"])]),
                Reply::page_end(b""),
            ])
        }
        Asked::Search { base, attributes, page: None, .. } if base == "<GUID=7369787465656e206c65747465727321>" => {
            Some(match attributes[0].as_str() {
                "member;range=2-20001" => {
                    vec![group(&[("member;range=2-2", &["CN=c,DC=x"]), ("uSNChanged", &["7"])]), Reply::done()]
                }
                "member;range=3-20002" => {
                    vec![group(&[("member;range=3-*", &["CN=d,DC=x"]), ("uSNChanged", &["7"])]), Reply::done()]
                }
                other => panic!("{other}"),
            })
        }
        _ => None,
    });
    result.unwrap();
    assert_eq!(members(&items), ["CN=a,DC=x", "CN=b,DC=x", "CN=c,DC=x", "CN=d,DC=x"]);
}

/// A group of two members read one by one, that changes while its first `changes` pieces are read.
fn changing_group(changes: u64) -> (Vec<ImportItem>, Result<(), ConnectorError>) {
    let mut version = 0;
    import(move |asked| match asked {
        Asked::Search { base, page: Some(_), .. } if base == "DC=x" => {
            Some(vec![group(&[("member;range=0-0", &["CN=old,DC=x"]), ("uSNChanged", &["0"])]), Reply::page_end(b"")])
        }
        Asked::Search { base, attributes, page: None, .. } if base.starts_with("<GUID=") => {
            version = (version + 1).min(changes);
            let usn = version.to_string();
            let piece = match attributes[0].as_str() {
                "member;range=0-19999" => ("member;range=0-0", ["CN=new,DC=x"]),
                _ => ("member;range=1-*", ["CN=last,DC=x"]),
            };
            Some(vec![group(&[(piece.0, &piece.1), ("uSNChanged", &[&usn])]), Reply::done()])
        }
        _ => None,
    })
}

/// Trap R2.
#[test]
fn a_group_that_changes_between_the_pieces_is_read_again() {
    let (items, result) = changing_group(1);
    result.unwrap();
    assert_eq!(members(&items), ["CN=new,DC=x", "CN=last,DC=x"]);

    let (items, result) = changing_group(u64::MAX);
    result.unwrap();
    let [ImportItem::Bad(bad)] = items.as_slice() else { panic!("{items:?}") };
    assert_eq!((bad.dn.as_deref(), bad.error.detail.attribute.as_deref()), (Some("CN=g,DC=x"), Some("member")));
}

#[test]
fn an_object_deleted_between_the_pieces_is_left_out() {
    let (items, result) = import(|asked| match asked {
        Asked::Search { base, page: Some(_), .. } if base == "DC=x" => {
            Some(vec![group(&[("member;range=0-0", &["CN=a,DC=x"])]), user("u"), Reply::page_end(b"")])
        }
        Asked::Search { base, .. } if base.starts_with("<GUID=") => Some(vec![Reply::refused(32, "gone")]),
        _ => None,
    });
    result.unwrap();
    assert_eq!(names(&items), ["CN=u,DC=x"]);
}

#[test]
fn entries_that_do_not_fit_are_handed_over_as_faults_and_the_rest_goes_on() {
    let (items, result) = import(|asked| {
        let Asked::Search { base, .. } = asked else { return None };
        (base == "DC=x").then(|| {
            let class: (&str, &[&str]) = ("objectClass", &["top", "user"]);
            vec![
                Reply::entry("CN=n,DC=x", &[class, ("objectGUID", &[GUID]), ("adminCount", &["many"])]),
                Reply::entry("CN=two,DC=x", &[class, ("objectGUID", &[GUID]), ("cn", &["a", "b"])]),
                Reply::Entry {
                    dn: b"CN=bytes,DC=x".to_vec(),
                    attributes: vec![
                        ("objectClass".to_owned(), vec![b"user".to_vec()]),
                        ("objectGUID".to_owned(), vec![GUID.into()]),
                        ("cn".to_owned(), vec![vec![0xff]]),
                    ],
                },
                group(&[("member", &["nobody"])]),
                Reply::entry("no name", &[class]),
                Reply::entry("CN=nobody,DC=x", &[class, ("cn", &["nobody"])]),
                Reply::entry("CN=half,DC=x", &[class, ("objectGUID", &["eight..."])]),
                Reply::entry("CN=classless,DC=x", &[("objectGUID", &[GUID])]),
                Reply::entry("CN=printer,DC=x", &[("objectClass", &["top", "printQueue"]), ("objectGUID", &[GUID])]),
                Reply::Entry { dn: vec![b'C', b'N', b'=', 0xff], attributes: Vec::new() },
                user("good"),
                Reply::page_end(b""),
            ]
        })
    });
    result.unwrap();
    let found: Vec<_> = items
        .iter()
        .map(|item| match item {
            ImportItem::Bad(bad) => (
                bad.dn.as_deref(),
                Some(bad.error.code.clone()),
                bad.error.detail.attribute.as_deref(),
                bad.error.detail.value.as_deref(),
            ),
            ImportItem::Entry(entry) => (Some(entry.dn.as_str()), None, None, None),
            ImportItem::Deleted { .. } | ImportItem::Filtered { .. } => panic!("{item:?}"),
        })
        .collect();
    assert_eq!(
        found,
        [
            (Some("CN=n,DC=x"), Some(ErrorCode::INVALID_NUMERIC_VALUE), Some("adminCount"), Some("many")),
            (Some("CN=two,DC=x"), Some(ErrorCode::MULTI_SINGLE_MISMATCH), Some("cn"), Some("b")),
            (Some("CN=bytes,DC=x"), Some(ErrorCode::INVALID_ATTRIBUTE_VALUE), Some("cn"), Some("\u{fffd}")),
            (Some("CN=g,DC=x"), Some(ErrorCode::INVALID_REFERENCE_VALUE), Some("member"), Some("nobody")),
            (Some("no name"), Some(ErrorCode::INVALID_DN), None, Some("no name")),
            (Some("CN=nobody,DC=x"), Some(ErrorCode::MISSING_ANCHOR), Some("objectGUID"), None),
            (Some("CN=half,DC=x"), Some(ErrorCode::MISSING_ANCHOR), Some("objectGUID"), None),
            (Some("CN=classless,DC=x"), Some(ErrorCode::MISSING_OBJECT_CLASS), Some("objectClass"), None),
            (Some("CN=printer,DC=x"), Some(ErrorCode::UNMAPPABLE_OBJECT_TYPE), Some("objectClass"), Some("top printQueue")),
            (Some("CN=\u{fffd}"), Some(ErrorCode::PARSE_ERROR), None, None),
            (Some("CN=good,DC=x"), None, None, None),
        ]
    );
}

#[test]
fn names_and_values_may_be_very_long() {
    let long = |length: usize| "x".repeat(length);
    let (name, value) = (long(10_000), long(1_000_000));
    let (wanted_name, wanted_value) = (format!("CN={name},DC=x"), value.clone());
    let (items, result) = import(move |asked| {
        let Asked::Search { base, .. } = asked else { return None };
        let entry = Reply::entry(
            &format!("CN={name},DC=x"),
            &[("objectClass", &["top", "user"]), ("objectGUID", &[GUID]), ("cn", &[&value])],
        );
        // A name that is long because it lies deep.
        let deep = format!("CN=d{},DC=x", ",OU=y".repeat(2_000));
        let deep = Reply::entry(&deep, &[("objectClass", &["top", "user"]), ("objectGUID", &[GUID])]);
        (base == "DC=x").then(|| vec![entry, deep, Reply::page_end(b"")])
    });
    result.unwrap();
    let [ImportItem::Entry(entry), ImportItem::Entry(deep)] = items.as_slice() else { panic!("{}", items.len()) };
    assert_eq!(entry.dn, wanted_name);
    assert_eq!(entry.attributes["cn"], [EntryValue::Text(wanted_value)]);
    assert_eq!(deep.dn.len(), 4 + 5 * 2_000 + 5);
}

#[test]
fn pages_without_end_end_the_import() {
    let check = |page: fn(u32) -> Vec<Reply>| {
        let mut number = 0;
        let (_, result) = import(move |asked| {
            let Asked::Search { base, page: Some(_), .. } = asked else { return None };
            number += 1;
            assert!(number < 1_000, "asked for page after page");
            (base == "DC=x").then(|| page(number))
        });
        let error = result.unwrap_err();
        assert_eq!(error.kind, ConnectorErrorKind::Protocol, "{error}");
        assert!(error.message.contains("127.0.0.1:") && error.message.contains("page"), "{error}");
    };
    check(|_| vec![Reply::page_end(b"more")]);
    check(|number| vec![Reply::page_end(&number.to_be_bytes())]);
    check(|_| vec![user("a"), user("b"), Reply::page_end(b"more")]);
    check(|number| vec![user("a"), user("b"), Reply::page_end(&number.to_be_bytes())]);
}

#[test]
fn a_server_that_does_not_answer_ends_the_import() {
    let (mut binds, mut asked_for) = (0, 0);
    let port = start(move |asked| match asked {
        Asked::Bind => {
            binds += 1;
            assert!(binds < 5, "connected again and again");
            None
        }
        Asked::Search { base, .. } if base == "DC=x" => {
            asked_for += 1;
            // The first page, and then not a word.
            Some(if asked_for == 1 { vec![user("a"), Reply::page_end(b"next")] } else { Vec::new() })
        }
        _ => None,
    });
    let mut connector = open(settings(port)).unwrap();
    let mut items = Vec::new();
    let error = connector.import(&ImportRequest { timeout_secs: 1, ..request() }, &mut |item| {
        items.push(item);
        true
    });
    let error = error.unwrap_err();
    assert_eq!(error.kind, ConnectorErrorKind::Dropped, "{error}");
    assert!(error.message.contains("did not answer in time"), "{error}");
    assert_eq!(names(&items), ["CN=a,DC=x"]);
}

/// Trap P6 among others.
#[test]
fn a_broken_import_keeps_what_came_and_says_why_it_ended() {
    let check = |last: fn() -> Vec<Reply>, kind: ConnectorErrorKind, part: &str| {
        let (items, result) = import(move |asked| {
            let Asked::Search { page: Some(page), .. } = asked else { return None };
            Some(if page.cookie.is_empty() { vec![user("a"), Reply::page_end(b"next")] } else { last() })
        });
        let error = result.unwrap_err();
        assert_eq!(error.kind, kind, "{error}");
        assert!(error.message.contains("127.0.0.1:") && error.message.contains(part), "{error} lacks {part}");
        let entry = ImportEntry {
            anchor: Anchor(GUID.into()),
            dn: "CN=a,DC=x".to_owned(),
            object_type: "user".to_owned(),
            attributes: [("cn".to_owned(), vec![EntryValue::Text("a".to_owned())])].into(),
            changed_references: BTreeMap::new(),
            partial: false,
        };
        assert_eq!(items, [ImportItem::Entry(entry)]);
    };
    check(|| vec![user("b"), Reply::Close], ConnectorErrorKind::Dropped, "closed the connection");
    check(|| vec![Reply::refused(51, "")], ConnectorErrorKind::Dropped, "busy");
    check(|| vec![Reply::refused(50, "")], ConnectorErrorKind::Permission, "grant");
    check(|| vec![Reply::refused(53, "0000202F: old cookie")], ConnectorErrorKind::Search, "old cookie");
    check(|| vec![Reply::refused(3, "")], ConnectorErrorKind::Search, "smaller pages");
    // Half an entry.
    check(|| vec![Reply::Raw(vec![0x30, 0x20, 0x02, 0x01]), Reply::Close], ConnectorErrorKind::Dropped, "connection");
    // No LDAP at all.
    check(|| vec![Reply::Raw(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()), Reply::Close], ConnectorErrorKind::Dropped, "broke");
    // Messages that make the library panic: an empty one, and for the search (message 4) an end without a result.
    check(|| vec![Reply::Raw(vec![0x30, 0x00])], ConnectorErrorKind::Protocol, "understood");
    check(|| vec![Reply::Raw(vec![0x30, 0x05, 0x02, 0x01, 0x04, 0x65, 0x00])], ConnectorErrorKind::Protocol, "understood");
}

/// An authority, so that the test does not depend on those of the computer.
const AUTHORITY: &str = "-----BEGIN CERTIFICATE-----
MIIBnjCCAUOgAwIBAgIUfIiI0J0wViMEdKZNAphGh/iZV3swCgYIKoZIzj0EAwIw
IzEhMB8GA1UEAwwYVW5yZWxhdGVkIHRlc3QgYXV0aG9yaXR5MCAXDTI2MTEyMjE3
MDAwMloYDzIxMjYxMDI5MTcwMDAyWjAjMSEwHwYDVQQDDBhVbnJlbGF0ZWQgdGVz
dCBhdXRob3JpdHkwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQaXWiu025tNnKd
pz44Owwo4vA2tl2XLiUOABnsVYWDY+XqNOvEujg7tJzk7U8YpYNawL6aGgJqNKsJ
MLmhKdN8o1MwUTAdBgNVHQ4EFgQUEsbIYhcm987G3UPfbGRG8yKvpTQwHwYDVR0j
BBgwFoAUEsbIYhcm987G3UPfbGRG8yKvpTQwDwYDVR0TAQH/BAUwAwEB/zAKBggq
hkjOPQQDAgNJADBGAiEAsyCI60o3M6B1sAjT5brGEQpI/fekMMPoAhPeac5tWg0C
IQD1C+EjG9amAuKBD06pA8nj1TVj3WHcGb2NTYYAaXXM5w==
-----END CERTIFICATE-----
";

#[test]
fn connections_that_come_to_nothing_are_explained() {
    let folder = tempfile::tempdir().unwrap();
    let ca_file = folder.path().join("ca.pem");
    std::fs::write(&ca_file, AUTHORITY).unwrap();
    let check = |security: ConnectionSecurity, script: fn(&Asked) -> Option<Vec<Reply>>, kind: ConnectorErrorKind, part: &str| {
        let error =
            open(ActiveDirectorySettings { security, ca_file: Some(ca_file.clone()), ..settings(start(script)) }).unwrap_err();
        assert_eq!(error.kind, kind, "{error}");
        assert!(error.message.contains("127.0.0.1:") && error.message.contains(part), "{error} lacks {part}");
        assert!(!format!("{error:?}").contains("secret"), "{error:?}");
    };
    let (plain, connection) = (ConnectionSecurity::Plain, ConnectorErrorKind::Connection);
    check(ConnectionSecurity::StartTls, |_| Some(vec![Reply::refused(52, "no certificate")]), connection, "refused StartTLS");
    check(ConnectionSecurity::Ldaps, |_| None, connection, "TLS");
    check(plain, |_| Some(vec![Reply::refused(8, "")]), ConnectorErrorKind::Configuration, "StartTLS");
    check(plain, |_| Some(vec![Reply::refused(49, "x, data 533, v1db1")]), ConnectorErrorKind::Credentials, "disabled");
    check(plain, |_| Some(vec![Reply::Close]), ConnectorErrorKind::Dropped, "sign in");
    // A bind result without a result.
    check(
        plain,
        |_| Some(vec![Reply::Raw(vec![0x30, 0x05, 0x02, 0x01, 0x01, 0x61, 0x00])]),
        ConnectorErrorKind::Protocol,
        "understood",
    );
}

#[test]
fn servers_are_tried_in_order_but_a_refused_sign_in_is_not_repeated() {
    let check = |first: fn(&Asked) -> Option<Vec<Reply>>, expected: Result<usize, ConnectorErrorKind>| {
        let ports = [start(first), start(|_| None)];
        let settings = ActiveDirectorySettings { servers: ports.map(|port| format!("127.0.0.1:{port}")).to_vec(), ..settings(0) };
        match (open(settings), expected) {
            (Ok(connector), Ok(index)) => assert_eq!(connector.facts().server, format!("127.0.0.1:{}", ports[index])),
            (Err(error), Err(kind)) => assert_eq!(error.kind, kind, "{error}"),
            (found, expected) => panic!("{found:?} instead of {expected:?}"),
        }
    };
    check(|_| None, Ok(0));
    check(|_| Some(vec![Reply::Close]), Ok(1));
    check(|_| Some(vec![Reply::refused(51, "busy")]), Ok(1));
    check(|_| Some(vec![Reply::refused(49, "data 52e")]), Err(ConnectorErrorKind::Credentials));
}

#[test]
fn without_encryption_only_this_computer_is_talked_to() {
    // An address for documentation: nothing must be sent to it.
    let far = ActiveDirectorySettings { address: Some([192, 0, 2, 1].into()), ..settings(389) };
    let error = open(far).unwrap_err();
    assert_eq!(error.kind, ConnectorErrorKind::Configuration, "{error}");
    assert!(error.message.contains("192.0.2.1") && error.message.contains("StartTLS"), "{error}");
}

#[test]
fn a_connection_given_up_is_opened_again_by_the_next_call() {
    let mut binds = 0;
    let port = start(move |asked| match asked {
        Asked::Bind => {
            binds += 1;
            None
        }
        Asked::Search { base, .. } if base == "DC=x" => Some(vec![user("a"), Reply::page_end(b"")]),
        Asked::Search { .. } => {
            assert!(binds <= 2, "connected more often than needed");
            None
        }
        _ => None,
    });
    let mut connector = open(settings(port)).unwrap();
    let stop = ImportRequest { page_size: 1, ..request() };
    assert_eq!(connector.import(&stop, &mut |_| false).unwrap_err().kind, ConnectorErrorKind::Cancelled);
    let mut count = 0;
    connector
        .import(&request(), &mut |_| {
            count += 1;
            true
        })
        .unwrap();
    assert_eq!(count, 1);
}

#[test]
fn another_domain_of_the_forest_is_read_from_its_own_servers() {
    let mut binds = 0;
    let port = start(move |asked| {
        if *asked == Asked::Bind {
            binds += 1;
        }
        let Asked::Search { base, .. } = asked else { return None };
        match base.as_str() {
            "" if binds == 2 => Some(vec![Reply::entry("", &[("namingContexts", &["DC=localhost"])]), Reply::done()]),
            "DC=localhost" => {
                assert_eq!(binds, 2, "the first server does not hold this domain");
                Some(vec![user("a"), Reply::page_end(b"")])
            }
            _ => None,
        }
    });
    let mut connector = open(settings(port)).unwrap();
    let mut count = 0;
    let summary = connector
        .import(&ImportRequest { partition: "DC=localhost".to_owned(), ..request() }, &mut |_| {
            count += 1;
            true
        })
        .unwrap();
    assert_eq!((summary.server, count), (Some(format!("localhost:{port}")), 1));
    let elsewhere = ImportRequest { partition: "CN=Configuration,DC=y".to_owned(), ..request() };
    assert_eq!(connector.import(&elsewhere, &mut |_| true).unwrap_err().kind, ConnectorErrorKind::PartitionMissing);
}

#[test]
fn a_senseless_watermark_asks_for_a_full_import() {
    let mut connector = open(settings(start(|_| None))).unwrap();
    let delta = ImportRequest { mode: ImportMode::Delta(Watermark(Vec::new())), ..request() };
    assert_eq!(connector.import(&delta, &mut |_| true).unwrap_err().kind, ConnectorErrorKind::NoWatermark);
}
