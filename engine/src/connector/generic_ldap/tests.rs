//! The connector against a scripted server: what real servers do seldom, or should never do.

use std::sync::Arc;

use secrecy::SecretString;

use super::{ConnectionSecurity, GenericLdapConnector, GenericLdapSettings, LdapDelta};
use crate::connector::ldap::fake_server::{Asked, Reply, start};
use crate::connector::{
    CancelToken, Connector, ConnectorError, ConnectorErrorKind, ImportItem, ImportMode, ImportRequest, ImportSummary, Watermark,
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
        "dc=x" if attributes.len() == 1 && !filter.contains("person") && attributes[0] != "1.1" => {
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

fn import(
    delta: LdapDelta,
    mode: ImportMode,
    mut script: impl FnMut(&str, &str) -> Vec<Reply> + Send + 'static,
) -> (Vec<String>, Result<ImportSummary, ConnectorError>) {
    let port = start(move |asked| answer(asked, &mut script));
    let settings = GenericLdapSettings {
        servers: vec![format!("127.0.0.1:{port}")],
        user: "cn=sync,dc=x".to_owned(),
        security: ConnectionSecurity::Plain,
        delta,
        ..GenericLdapSettings::default()
    };
    let mut connector = GenericLdapConnector::open(settings, SecretString::from("secret".to_owned())).unwrap();
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
