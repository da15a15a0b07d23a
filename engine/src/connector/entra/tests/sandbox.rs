//! Round trips against the sandbox tenant.

use syncline_sandbox::{Sandbox, SandboxOptions};
use tempfile::TempDir;

use super::*;

/// A running tenant and a connector to it.
struct Tenant {
    connector: EntraConnector,
    sandbox: Sandbox,
    _folder: TempDir,
}

fn settings(sandbox: &Sandbox, url: &str) -> EntraSettings {
    EntraSettings::new(url, &sandbox.tenant_id().to_string(), sandbox.client_id(), sandbox.initial_domain())
}

fn connect(settings: EntraSettings, secret: String) -> EntraConnector {
    EntraConnector::open_with(settings, SecretString::from(secret), Arc::new(HandClock::default())).unwrap()
}

fn tenant() -> Tenant {
    let folder = tempfile::tempdir().unwrap();
    let mut options = SandboxOptions::new(folder.path(), "contoso");
    options.verified_domains = vec!["contoso.com".into()];
    let sandbox = Sandbox::start(options).unwrap();
    let connector = connect(settings(&sandbox, &sandbox.http_url()), sandbox.new_client_secret().unwrap());
    Tenant { connector, sandbox, _folder: folder }
}

impl Tenant {
    fn export(&mut self, changes: &[ExportChange]) -> Vec<ExportOutcome> {
        let results = self.connector.export(changes, &CancelToken::default()).unwrap();
        results.into_iter().map(|result| result.outcome).collect()
    }

    /// Exports one change that must be made completely, and returns the object's anchor.
    fn export_one(&mut self, change: ExportChange) -> Option<Anchor> {
        match self.export(&[change]).remove(0) {
            ExportOutcome::Success { anchor, unresolved, warnings } if unresolved.is_empty() && warnings.is_empty() => anchor,
            outcome => panic!("{outcome:?}"),
        }
    }

    fn import(&mut self, mode: ImportMode) -> (Vec<ImportItem>, Watermark) {
        let (items, summary) = import(&mut self.connector, mode);
        let summary = summary.unwrap();
        assert_eq!(summary.server.unwrap(), self.sandbox.http_url().replace("http://", ""));
        (items, Watermark(summary.watermark.unwrap()))
    }
}

fn user(source_anchor: &str, alias: &str) -> ExportChange {
    let upn = format!("{alias}@contoso.com");
    change(
        ExportOperation::Add,
        "user",
        source_anchor,
        &[
            ("userPrincipalName", replace(&[text(&upn)])),
            ("displayName", replace(&[text(alias)])),
            ("accountEnabled", replace(&[ExportValue::Plain(EntryValue::Boolean(true))])),
            ("proxyAddresses", replace(&[text(&format!("SMTP:{upn}"))])),
            ("userCertificate", replace(&[ExportValue::Plain(EntryValue::Binary(vec![0, 1, 2]))])),
            ("sourceAnchor", replace(&[text(source_anchor)])),
        ],
    )
}

fn group(source_anchor: &str, members: &[&str]) -> ExportChange {
    let members: Vec<ExportValue> = members.iter().map(|anchor| reference(anchor)).collect();
    change(
        ExportOperation::Add,
        "group",
        source_anchor,
        &[
            ("displayName", replace(&[text(source_anchor)])),
            ("securityEnabled", replace(&[ExportValue::Plain(EntryValue::Boolean(true))])),
            ("member", replace(&members)),
        ],
    )
}

fn update(object_type: &str, source_anchor: &str, attributes: &[(&str, ExportAttributeChange)]) -> ExportChange {
    change(ExportOperation::Update { new_dn: None }, object_type, source_anchor, attributes)
}

/// The entry with this source anchor among the items of an import.
fn entry<'a>(items: &'a [ImportItem], source_anchor: &str) -> &'a ImportEntry {
    let dn = dn_of_anchor(source_anchor);
    let found = items.iter().find_map(|item| match item {
        ImportItem::Entry(entry) if entry.dn == dn => Some(entry),
        _ => None,
    });
    found.unwrap_or_else(|| panic!("no {source_anchor} in {items:?}"))
}

fn value(entry: &ImportEntry, name: &str) -> Option<EntryValue> {
    entry.attributes.get(name).and_then(|values| values.first().cloned())
}

#[test]
fn a_new_tenant_is_imported_and_its_feed_is_quiet() {
    let mut tenant = tenant();
    let (items, watermark) = tenant.import(ImportMode::Full);
    assert!(items.iter().any(|item| matches!(item, ImportItem::Entry(entry) if entry.object_type == "user")), "{items:?}");
    assert!(items.iter().all(|item| !matches!(item, ImportItem::Bad(_))), "{items:?}");
    let (items, _) = tenant.import(ImportMode::Delta(watermark));
    assert_eq!(items, []);
    tenant.connector.finish(false).unwrap();
}

#[test]
fn an_added_object_is_confirmed_by_the_next_delta_import() {
    let mut tenant = tenant();
    let (_, watermark) = tenant.import(ImportMode::Full);
    let anchor = tenant.export_one(user("GGhsjYwBEU+buBsE4sqhtg==", "alice")).unwrap();
    assert!(anchor.0.starts_with(b"User_"));
    tenant.connector.finish(true).unwrap();
    let (items, watermark) = tenant.import(ImportMode::Delta(watermark));
    let alice = entry(&items, "GGhsjYwBEU+buBsE4sqhtg==");
    assert_eq!(alice.dn, "CN={474768736A59774245552B62754273453473716874673D3D}");
    assert_eq!((&alice.anchor, alice.object_type.as_str(), alice.partial), (&anchor, "user", false));
    let text = |text: &str| Some(EntryValue::Text(text.into()));
    assert_eq!(value(alice, "userPrincipalName"), text("alice@contoso.com"));
    assert_eq!(value(alice, "sourceAnchor"), text("GGhsjYwBEU+buBsE4sqhtg=="));
    assert_eq!(value(alice, "cloudAnchor"), text(&String::from_utf8(anchor.0.clone()).unwrap()));
    assert_eq!(value(alice, "accountEnabled"), Some(EntryValue::Boolean(true)));
    assert_eq!(value(alice, "userCertificate"), Some(EntryValue::Binary(vec![0, 1, 2])));

    // Sent once more, as after a lost answer, it is the same object.
    assert_eq!(tenant.export_one(user("GGhsjYwBEU+buBsE4sqhtg==", "alice")), Some(anchor));
    assert_eq!(tenant.import(ImportMode::Delta(watermark)).0, []);
}

#[test]
fn updates_change_only_what_they_name() {
    let mut tenant = tenant();
    tenant.export_one(user("a1", "alice"));
    let (_, watermark) = tenant.import(ImportMode::Full);
    let addresses = ExportAttributeChange::Values { adds: vec![text("smtp:al@contoso.com")], deletes: Vec::new() };
    let mut change = update("user", "a1", &[("displayName", ExportAttributeChange::Delete), ("proxyAddresses", addresses)]);
    change.whole.insert("proxyAddresses".into(), vec![text("SMTP:alice@contoso.com"), text("smtp:al@contoso.com")]);
    tenant.export_one(change);
    let (items, _) = tenant.import(ImportMode::Delta(watermark));
    let alice = entry(&items, "a1");
    assert_eq!(value(alice, "displayName"), None);
    assert_eq!(value(alice, "userCertificate"), Some(EntryValue::Binary(vec![0, 1, 2])));
    assert_eq!(alice.attributes["proxyAddresses"].len(), 2);
}

#[test]
fn members_come_and_go_one_by_one() {
    let mut tenant = tenant();
    for (source_anchor, alias) in [("a1", "alice"), ("b1", "bob"), ("c1", "carol")] {
        tenant.export_one(user(source_anchor, alias));
    }
    tenant.export_one(group("g1", &["a1", "b1"]));
    let (items, watermark) = tenant.import(ImportMode::Full);
    let members = |items: &[ImportItem]| {
        let mut members = entry(items, "g1").attributes.get("member").cloned().unwrap_or_default();
        members.sort();
        members
    };
    let named = |anchors: &[&str]| anchors.iter().map(|anchor| EntryValue::Reference(dn_of_anchor(anchor))).collect::<Vec<_>>();
    assert_eq!(members(&items), named(&["a1", "b1"]));
    let change = ExportAttributeChange::Values { adds: vec![reference("c1")], deletes: vec![reference("a1")] };
    tenant.export_one(update("group", "g1", &[("member", change)]));
    let (items, watermark) = tenant.import(ImportMode::Delta(watermark));
    assert_eq!(members(&items), named(&["b1", "c1"]));
    tenant.export_one(update("group", "g1", &[("member", ExportAttributeChange::Delete)]));
    assert_eq!(members(&tenant.import(ImportMode::Delta(watermark)).0), []);
}

#[test]
fn an_unknown_reference_is_unresolved_and_the_rest_is_made() {
    let mut tenant = tenant();
    let outcomes = tenant.export(&[group("g1", &["nobody"])]);
    let ExportOutcome::Success { anchor, unresolved, .. } = &outcomes[0] else { panic!("{outcomes:?}") };
    assert!(anchor.is_some());
    assert_eq!(unresolved, &["member"]);
}

#[test]
fn a_deleted_object_is_told_by_the_feed_and_is_gone_for_good() {
    let mut tenant = tenant();
    let anchor = tenant.export_one(user("a1", "alice")).unwrap();
    let (_, watermark) = tenant.import(ImportMode::Full);
    let delete = |anchor: Option<Anchor>| ExportChange { anchor, ..change(ExportOperation::Delete, "user", "a1", &[]) };
    tenant.export_one(delete(Some(anchor.clone())));
    let (items, _) = tenant.import(ImportMode::Delta(watermark));
    assert_eq!(items, [ImportItem::Deleted { anchor: anchor.clone(), dn: Some(dn_of_anchor("a1")) }]);
    tenant.export_one(delete(Some(anchor)));
    tenant.export_one(change(ExportOperation::Delete, "user", "never-exported", &[]));
    let (items, _) = tenant.import(ImportMode::Full);
    assert!(items.iter().all(|item| matches!(item, ImportItem::Entry(entry) if entry.dn != dn_of_anchor("a1"))), "{items:?}");
}

#[test]
fn an_object_of_another_type_takes_the_place_of_the_old_one() {
    let mut tenant = tenant();
    let old = tenant.export_one(group("x1", &[])).unwrap();
    let (_, watermark) = tenant.import(ImportMode::Full);
    let address = replace(&[text("SMTP:x@fabrikam.com")]);
    let contact = change(
        ExportOperation::DeleteAdd,
        "contact",
        "x1",
        &[("displayName", replace(&[text("X")])), ("proxyAddresses", address)],
    );
    let new = tenant.export_one(ExportChange { anchor: Some(old.clone()), ..contact }).unwrap();
    let (items, _) = tenant.import(ImportMode::Delta(watermark));
    assert_eq!(entry(&items, "x1").anchor, new);
    assert!(items.iter().any(|item| matches!(item, ImportItem::Deleted { anchor, .. } if *anchor == old)), "{items:?}");
}

#[test]
fn one_refused_change_does_not_touch_the_others() {
    let mut tenant = tenant();
    let long = update("user", "a1", &[("displayName", replace(&[text(&"x".repeat(300))]))]);
    let outcomes = tenant.export(&[long, user("b1", "bob")]);
    let ExportOutcome::Refused(error) = &outcomes[0] else { panic!("{outcomes:?}") };
    assert_eq!((error.code.as_str(), error.detail.attribute.as_deref()), ("constraint-violation", Some("displayName")));
    assert!(matches!(&outcomes[1], ExportOutcome::Success { anchor: Some(_), .. }));
}

#[test]
fn a_value_in_use_is_quarantined_with_a_warning() {
    let mut tenant = tenant();
    tenant.export_one(user("a1", "alice"));
    let outcomes = tenant.export(&[user("b1", "alice")]);
    let ExportOutcome::Success { anchor: Some(_), warnings, .. } = &outcomes[0] else { panic!("{outcomes:?}") };
    let attributes: Vec<&str> = warnings.iter().filter_map(|warning| warning.detail.attribute.as_deref()).collect();
    assert_eq!(attributes, ["userPrincipalName", "proxyAddresses"]);
    assert!(warnings.iter().all(|warning| warning.code.as_str() == "PropertyConflict"));
}

#[test]
fn many_objects_come_in_pages() {
    let mut tenant = tenant();
    let users: Vec<ExportChange> = (0..120).map(|n| user(&format!("anchor-{n}"), &format!("user{n}"))).collect();
    for batch in users.chunks(30) {
        assert!(tenant.export(batch).iter().all(|outcome| matches!(outcome, ExportOutcome::Success { .. })));
    }
    let (items, _) = tenant.import(ImportMode::Full);
    let names: std::collections::BTreeSet<&str> = items
        .iter()
        .filter_map(|item| match item {
            ImportItem::Entry(entry) => Some(entry.dn.as_str()),
            ImportItem::Deleted { .. } | ImportItem::Filtered { .. } | ImportItem::Bad(_) => None,
        })
        .collect();
    assert_eq!(names.len(), items.len());
    assert!(users.iter().all(|user| names.contains(user.dn.as_str())));
}

#[test]
fn a_wrong_secret_and_an_unknown_application_are_refused() {
    let tenant = tenant();
    let url = tenant.sandbox.http_url();
    let kind = |settings: EntraSettings, secret: &str| {
        let mut connector = connect(settings, secret.to_owned());
        import(&mut connector, ImportMode::Full).1.unwrap_err().kind
    };
    assert_eq!(kind(settings(&tenant.sandbox, &url), "wrong"), ConnectorErrorKind::Credentials);
    let unknown = EntraSettings { client_id: "6c2a0000-0000-0000-0000-000000000000".into(), ..settings(&tenant.sandbox, &url) };
    assert_eq!(kind(unknown, "wrong"), ConnectorErrorKind::Credentials);
}

#[test]
fn a_watermark_of_another_tenant_asks_for_a_full_import() {
    let (mut one, mut other) = (tenant(), tenant());
    let (_, watermark) = other.import(ImportMode::Full);
    for watermark in [watermark, Watermark(b"not a token".to_vec())] {
        let error = import(&mut one.connector, ImportMode::Delta(watermark)).1.unwrap_err();
        assert_eq!(error.kind, ConnectorErrorKind::NoWatermark, "{error}");
    }
}

#[test]
fn encrypted_connections_need_the_authority_of_the_tenant() {
    let tenant = tenant();
    let secret = tenant.sandbox.new_client_secret().unwrap();
    let plain = settings(&tenant.sandbox, &tenant.sandbox.https_url());
    let trusting = EntraSettings { ca_file: Some(tenant.sandbox.ca_pem()), ..plain.clone() };
    assert!(import(&mut connect(trusting, secret.clone()), ImportMode::Full).1.is_ok());
    let error = import(&mut connect(plain, secret), ImportMode::Full).1.unwrap_err();
    assert_eq!(error.kind, ConnectorErrorKind::Certificate, "{error}");
}

#[test]
fn a_tenant_that_went_away_is_unreachable() {
    let Tenant { mut connector, sandbox, _folder } = tenant();
    sandbox.stop();
    let error = import(&mut connector, ImportMode::Full).1.unwrap_err();
    assert_eq!(error.kind, ConnectorErrorKind::Connection, "{error}");
}
