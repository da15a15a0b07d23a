//! The connector against a scripted server: what real servers do seldom, or should never do.

use std::collections::BTreeMap;
use std::sync::Arc;

use secrecy::SecretString;

use super::{ConnectionSecurity, GenericLdapConnector, GenericLdapSettings, LdapDelta};
use crate::connector::ldap::fake_server::{Asked, Reply, start};
use crate::connector::{
    CancelToken, Connector, ConnectorError, ConnectorErrorKind, EntryAttributes, EntryValue, ExportAttributeChange, ExportChange,
    ExportOperation, ExportOutcome, ExportValue, ImportItem, ImportMode, ImportRequest, ImportSummary, Watermark,
};
use crate::model::Schema;

const FIRST: &str = "11111111-1111-1111-1111-111111111111";
const SECOND: &str = "22222222-2222-2222-2222-222222222222";

/// The root entry, the schema and the head of `dc=x`; for everything else the script is asked.
fn answer(asked: &Asked, script: &mut impl FnMut(&str, &str) -> Vec<Reply>) -> Option<Vec<Reply>> {
    let Asked::Search { base, filter, attributes, .. } = asked else { return None };
    let filter = String::from_utf8_lossy(filter);
    Some(match base.as_str() {
        "" => vec![
            Reply::entry(
                "",
                &[
                    ("namingContexts", &["dc=x"]),
                    ("subschemaSubentry", &["cn=Subschema"]),
                    ("supportedControl", &["1.2.840.113556.1.4.319", "1.3.6.1.4.1.4203.1.9.1.1", "1.3.6.1.1.12"]),
                ],
            ),
            Reply::done(),
        ],
        "cn=Subschema" => vec![
            Reply::entry(
                base,
                &[("objectClasses", &["( 1 NAME 'person' MAY cn )"]), ("attributeTypes", &["( 2 NAME 'cn' )", "nonsense"])],
            ),
            Reply::done(),
        ],
        // One entry alone: the head of the partition.
        "dc=x"
            if attributes.len() == 1 && !filter.contains("person") && !filter.contains("entryUUID") && attributes[0] != "1.1" =>
        {
            vec![Reply::entry(base, &[("entryUUID", &[SECOND]), ("contextCSN", &["c"])]), Reply::done()]
        }
        _ => script(&filter, &attributes.join(" ")),
    })
}

fn person(name: &str, uuid: &str) -> Reply {
    Reply::entry(
        &format!("cn={name},dc=x"),
        &[
            ("objectClass", &["person"]),
            ("entryUUID", &[uuid]),
            ("modifyTimestamp", &["20261123083000Z"]),
            ("cn", &[name]),
            ("cn;lang-de", &["anders"]),
        ],
    )
}

fn request(mode: ImportMode) -> ImportRequest {
    let schema = "[attributes]\ncn = \"string multi\"\n[types]\nperson = [\"cn\"]";
    ImportRequest {
        mode,
        partition: "dc=x".to_owned(),
        elsewhere: Vec::new(),
        object_types: vec!["person".to_owned()],
        attributes: vec!["cn".to_owned()],
        include: Vec::new(),
        exclude: Vec::new(),
        page_size: 100,
        timeout_secs: 30,
        schema: Arc::new(Schema::from_toml(schema).unwrap()),
        cancel: CancelToken::default(),
    }
}

fn open(port: u16, delta: LdapDelta) -> GenericLdapConnector {
    let settings = GenericLdapSettings {
        servers: vec![format!("127.0.0.1:{port}")],
        user: "cn=sync,dc=x".to_owned(),
        security: ConnectionSecurity::Plain,
        delta,
        ..GenericLdapSettings::default()
    };
    GenericLdapConnector::open(settings, SecretString::from("secret".to_owned())).unwrap()
}

fn import(
    delta: LdapDelta,
    mode: ImportMode,
    mut script: impl FnMut(&str, &str) -> Vec<Reply> + Send + 'static,
) -> (Vec<String>, Result<ImportSummary, ConnectorError>) {
    let port = start(move |asked| answer(asked, &mut script));
    let mut connector = open(port, delta);
    let mut items = Vec::new();
    let result = connector.import(&request(mode), &mut |item| {
        items.push(match item {
            ImportItem::Entry(entry) => format!("+{} {}", entry.dn, entry.attributes.values().map(Vec::len).sum::<usize>()),
            ImportItem::Deleted { dn, .. } => format!("-{}", dn.unwrap_or_default()),
            ImportItem::Filtered { dn, .. } => format!("~{dn}"),
            ImportItem::Bad(bad) => format!("!{}", bad.error.code),
        });
        true
    });
    (items, result)
}

fn stamped() -> ImportMode {
    let watermark =
        format!(r#"{{"version":1,"partition":"{SECOND}","anchor":"entryUUID","cookie":null,"stamp":"20261123083000Z"}}"#);
    ImportMode::Delta(Watermark(watermark.into_bytes()))
}

fn cookie() -> ImportMode {
    let watermark = format!(r#"{{"version":1,"partition":"{SECOND}","anchor":"entryUUID","cookie":"Yw==","stamp":null}}"#);
    ImportMode::Delta(Watermark(watermark.into_bytes()))
}

#[test]
fn a_full_import_falls_back_to_timestamps() {
    // The server offers content synchronization, and then gives no cookie.
    let (items, result) = import(LdapDelta::Auto, ImportMode::Full, |_, attributes| {
        if attributes == "1.1" { vec![Reply::done()] } else { vec![person("a", FIRST), Reply::page_end(b"")] }
    });
    assert_eq!(items, ["+cn=a,dc=x 1"]);
    let summary = result.unwrap();
    assert!(String::from_utf8(summary.watermark.unwrap()).unwrap().contains("20261123083000Z"));
    assert!(summary.present.is_none());
}

#[test]
fn changes_by_timestamp_name_everything_that_is_there() {
    let (items, result) = import(LdapDelta::Timestamp, stamped(), |filter, attributes| {
        let found = if attributes == "entryUUID" {
            vec![person("a", FIRST), person("b", SECOND)]
        } else {
            assert!(filter.contains("20261123082950Z"), "{filter}");
            vec![person("b", SECOND)]
        };
        found.into_iter().chain([Reply::page_end(b"")]).collect()
    });
    assert_eq!(items, ["+cn=b,dc=x 1"]);
    assert_eq!(result.unwrap().present.unwrap().iter().count(), 3);
}

#[test]
fn an_identity_that_is_not_shown_is_a_fault_and_no_deletion() {
    let (items, result) = import(LdapDelta::Timestamp, stamped(), |_, attributes| {
        if attributes == "entryUUID" {
            return vec![Reply::entry("cn=a,dc=x", &[]), person("b", SECOND), Reply::page_end(b"")];
        }
        vec![Reply::page_end(b"")]
    });
    assert_eq!(items, ["!missing-anchor-component"]);
    assert_eq!(result.unwrap().present.unwrap().iter().count(), 1);
}

#[test]
fn senseless_answers_end_a_delta_import() {
    let check = |replies: fn() -> Vec<Reply>, kind: ConnectorErrorKind| {
        let (items, result) = import(LdapDelta::SyncRepl, cookie(), move |_, _| replies());
        assert_eq!((items, result.unwrap_err().kind), (Vec::new(), kind));
    };
    // No control at the end; entries without saying what happened to them.
    check(|| vec![Reply::done()], ConnectorErrorKind::Protocol);
    check(|| vec![person("a", FIRST), Reply::done()], ConnectorErrorKind::Protocol);
    check(|| vec![Reply::refused(53, "consumer state is newer than provider!")], ConnectorErrorKind::NoWatermark);
    check(|| vec![Reply::refused(2, "")], ConnectorErrorKind::NoWatermark);
    check(|| vec![Reply::refused(50, "")], ConnectorErrorKind::Permission);
    check(|| vec![Reply::refused(51, "")], ConnectorErrorKind::Dropped);
    check(|| vec![Reply::Close], ConnectorErrorKind::Dropped);
}

/// What a content synchronization tells: one entry changed.
fn one_changed() -> Vec<Reply> {
    let uuid = uuid::Uuid::try_parse(FIRST).unwrap().into_bytes();
    vec![Reply::Synchronized { dn: "cn=a,dc=x", uuid, state: 2 }, Reply::SynchronizedEnd { cookie: b"next" }]
}

#[test]
fn a_changed_entry_that_is_not_found_is_gone_only_where_others_are_found() {
    let check = |finds: bool, expected: Result<&[&str], ConnectorErrorKind>| {
        let (items, result) = import(LdapDelta::SyncRepl, cookie(), move |filter, attributes| match attributes {
            "1.1" => one_changed(),
            // The head of the partition, looked for by its identity.
            "entryUUID" if finds => vec![Reply::entry("dc=x", &[("entryUUID", &[SECOND])]), Reply::done()],
            "entryUUID" => vec![Reply::done()],
            _ => {
                assert!(filter.contains("entryUUID"), "{filter}");
                vec![Reply::page_end(b"")]
            }
        });
        match (result, expected) {
            (Ok(_), Ok(expected)) => assert_eq!(items, expected),
            (Err(error), Err(kind)) => {
                assert_eq!((error.kind, items), (kind, Vec::new()), "{error}");
                assert!(error.message.contains("entryUUID") && error.message.contains("cn=sync,dc=x"), "{error}");
            }
            (found, expected) => panic!("{found:?} instead of {expected:?}"),
        }
    };
    check(true, Ok(&["-"]));
    check(false, Err(ConnectorErrorKind::Permission));
}

/// A person with this value as it is.
fn odd(dn: &[u8], uuid: &str, value: &[u8]) -> Reply {
    let attribute = |name: &str, value: &[u8]| (name.to_owned(), vec![value.to_vec()]);
    let attributes = vec![attribute("objectClass", b"person"), attribute("entryUUID", uuid.as_bytes()), attribute("cn", value)];
    Reply::Entry { dn: dn.to_vec(), attributes }
}

#[test]
fn entries_that_cannot_be_used_are_faults_and_the_rest_goes_on() {
    let check = |entry: fn() -> Reply, expected: &str| {
        let mut asked = 0;
        let (items, result) = import(LdapDelta::Timestamp, ImportMode::Full, move |_, _| {
            asked += 1;
            // The second time, what changed meanwhile.
            if asked > 1 { vec![Reply::page_end(b"")] } else { vec![entry(), person("b", SECOND), Reply::page_end(b"")] }
        });
        result.unwrap();
        assert_eq!(items, [expected, "+cn=b,dc=x 1"]);
    };
    check(|| Reply::entry("cn=a,dc=x", &[("objectClass", &["person"])]), "!missing-anchor-component");
    check(|| odd(b"cn=a,dc=x", "no uuid", b"a"), "!missing-anchor-component");
    check(
        || Reply::entry("cn=a,dc=x", &[("objectClass", &["person"]), ("entryUUID", &[FIRST, SECOND])]),
        "!multi-valued-anchor-component",
    );
    check(|| odd(b"cn=a,dc=x", FIRST, b"\xff\xfe"), "!invalid-attribute-value");
    check(|| odd(b"cn=\xff,dc=x", FIRST, b"a"), "!parse-error");
    check(|| odd(b"nonsense", FIRST, b"a"), "!invalid-dn");
    check(|| Reply::entry("cn=a,dc=x", &[("entryUUID", &[FIRST])]), "!missing-object-class");
    let long = format!("cn={},dc=x", "a".repeat(10_000));
    let expected = format!("+{long} 1");
    check(|| odd(format!("cn={},dc=x", "a".repeat(10_000)).as_bytes(), FIRST, b"a"), &expected);
}

#[test]
fn pages_without_end_and_lost_connections_end_an_import() {
    let check = |replies: fn(u8) -> Vec<Reply>, kind: ConnectorErrorKind| {
        let mut asked = 0_u16;
        let (_, result) = import(LdapDelta::Timestamp, ImportMode::Full, move |_, _| {
            asked += 1;
            assert!(asked < 1_000, "asked for ever");
            replies(u8::try_from(asked % 250).unwrap())
        });
        assert_eq!(result.unwrap_err().kind, kind);
    };
    check(|asked| vec![Reply::page_end(&[asked, 1])], ConnectorErrorKind::Protocol);
    check(|asked| vec![person("a", FIRST), Reply::page_end(&[asked, 1])], ConnectorErrorKind::Protocol);
    check(|_| (0..20_001).map(|_| person("a", FIRST)).collect(), ConnectorErrorKind::Protocol);
    check(|_| vec![person("a", FIRST), Reply::Close], ConnectorErrorKind::Dropped);
    check(|_| vec![Reply::refused(4, "")], ConnectorErrorKind::Search);
    check(|_| vec![Reply::refused(32, "")], ConnectorErrorKind::PartitionMissing);
}

/// The answer to an addition is lost, and the second one finds an entry of this name: ours when it is as it was to be.
#[test]
fn an_entry_whose_creation_went_unanswered_is_recognized() {
    let check = |ours: bool| {
        let mut answered = false;
        let port = start(move |asked| match asked {
            Asked::Add { .. } if !answered => {
                answered = true;
                Some(vec![Reply::Close])
            }
            Asked::Add { .. } => Some(vec![Reply::refused(68, "")]),
            Asked::Search { base, filter, .. } if base == "cn=a,dc=x" => {
                let filter = String::from_utf8_lossy(filter);
                let described = filter.contains("person") && filter.contains("Ada");
                let entry = Reply::entry(base, &[("entryUUID", &[FIRST])]);
                Some(if ours || !described { vec![entry, Reply::done()] } else { vec![Reply::done()] })
            }
            _ => answer(asked, &mut |_, _| vec![Reply::done()]),
        });
        let value = ExportValue::Plain(EntryValue::Text("Ada".to_owned()));
        let add = ExportChange {
            dn: "cn=a,dc=x".to_owned(),
            object_type: "person".to_owned(),
            anchor: None,
            operation: ExportOperation::Add,
            attributes: [("cn".to_owned(), ExportAttributeChange::Replace(vec![value]))].into(),
            identity: EntryAttributes::new(),
            whole: BTreeMap::new(),
        };
        let [result] = open(port, LdapDelta::Auto).export(&[add], &CancelToken::default()).unwrap().try_into().unwrap();
        result.outcome
    };
    match check(true) {
        ExportOutcome::Success { anchor, .. } => {
            assert_eq!(anchor.unwrap().0, uuid::Uuid::try_parse(FIRST).unwrap().into_bytes());
        }
        other => panic!("{other:?}"),
    }
    match check(false) {
        ExportOutcome::Refused(error) => assert_eq!(error.code.as_str(), "cd-existing-object"),
        other => panic!("{other:?}"),
    }
}
