//! Exports to a real domain controller.

use std::collections::BTreeMap;
use std::sync::Arc;

use syncline_engine::connector::active_directory::{ActiveDirectoryConnector, ActiveDirectorySettings};
use syncline_engine::connector::{
    Anchor, CancelToken, Connector, EntryAttributes, EntryValue, ExportAttributeChange, ExportChange, ExportOperation,
    ExportOutcome, ExportValue, ImportRequest, ReferenceTarget,
};
use syncline_engine::model::Dn;

use super::signing::{sealed, ways};
use super::{Forest, forest_alone, import};

fn change(
    dn: &str,
    anchor: Option<Anchor>,
    operation: ExportOperation,
    attributes: &[(&str, ExportAttributeChange)],
) -> ExportChange {
    ExportChange {
        dn: dn.to_owned(),
        object_type: "user".to_owned(),
        anchor,
        operation,
        attributes: attributes.iter().map(|(name, change)| ((*name).to_owned(), change.clone())).collect(),
        identity: EntryAttributes::new(),
        whole: BTreeMap::new(),
    }
}

fn add(dn: &str, object_type: &str, attributes: &[(&str, ExportAttributeChange)]) -> ExportChange {
    ExportChange { object_type: object_type.to_owned(), ..change(dn, None, ExportOperation::Add, attributes) }
}

const UPDATE: ExportOperation = ExportOperation::Update { new_dn: None };

fn text(value: &str) -> ExportValue {
    ExportValue::Plain(EntryValue::Text(value.to_owned()))
}

fn replace(values: &[&str]) -> ExportAttributeChange {
    ExportAttributeChange::Replace(values.iter().map(|value| text(value)).collect())
}

fn reference(dn: &str, anchor: Option<&Anchor>) -> ExportValue {
    ExportValue::Reference(ReferenceTarget { dn: dn.to_owned(), anchor: anchor.cloned() })
}

fn values(adds: Vec<ExportValue>, deletes: Vec<ExportValue>) -> ExportAttributeChange {
    ExportAttributeChange::Values { adds, deletes }
}

/// Sends one change; it must be made. Gives the anchor and the references without a target.
fn send(connector: &mut ActiveDirectoryConnector, change: &ExportChange) -> (Option<Anchor>, Vec<String>) {
    let results = connector.export(std::slice::from_ref(change), &CancelToken::default()).unwrap();
    match results.into_iter().map(|result| result.outcome).collect::<Vec<_>>().as_slice() {
        [ExportOutcome::Success { anchor, unresolved, .. }] => (anchor.clone(), unresolved.clone()),
        other => panic!("{change:?}: {other:?}"),
    }
}

/// Sends one change; it must be refused with this code and attribute.
fn check_refused(connector: &mut ActiveDirectoryConnector, change: &ExportChange, code: &str, attribute: Option<&str>) {
    let results = connector.export(std::slice::from_ref(change), &CancelToken::default()).unwrap();
    match results.into_iter().map(|result| result.outcome).collect::<Vec<_>>().as_slice() {
        [ExportOutcome::Refused(error)] => {
            assert_eq!((error.code.as_str(), error.detail.attribute.as_deref()), (code, attribute), "{error:?}");
            assert!(error.message.contains(&change.dn), "{error:?}");
        }
        other => panic!("{change:?}: {other:?}"),
    }
}

/// The objects below a container: attributes by name without that of the container.
pub(super) fn objects(forest: &Forest, unit: &str) -> BTreeMap<String, EntryAttributes> {
    let mut connector = forest.open_as("ADMIN");
    let schema = Arc::new(connector.schema().unwrap());
    let mut request = ImportRequest { include: vec![Dn::parse(unit).unwrap()], ..forest.request(&schema) };
    request.attributes.extend(["mS-DS-ConsistencyGuid", "objectGUID", "comment"].map(str::to_owned));
    let name = |dn: &str| dn.strip_suffix(unit).unwrap().trim_end_matches(',').to_owned();
    import(&mut connector, &request).into_iter().map(|entry| (name(&entry.dn), entry.attributes)).collect()
}

#[test]
fn objects_are_made_changed_moved_and_deleted_and_every_change_can_be_sent_twice() {
    let Some(forest) = forest_alone("objects_are_made_changed_moved_and_deleted_and_every_change_can_be_sent_twice") else {
        return;
    };
    let unit = forest.unit("OU=Writeback");
    let mut connector = forest.open_as("WRITEBACK");
    let dn = |name: &str| format!("{name},{}", unit.dn);
    let (anchor, _) = send(
        &mut connector,
        &add(
            &dn("CN=Doe\\, Jane"),
            "contact",
            &[("displayName", replace(&["Jane"])), ("mail", replace(&["j@x.test"])), ("cn", replace(&["x"]))],
        ),
    );
    let anchor = anchor.unwrap();
    send(&mut connector, &add(&dn("OU=Sub"), "organizationalUnit", &[]));
    let person = |operation, attributes: &[(&str, ExportAttributeChange)]| {
        change(&dn("CN=Doe\\, Jane"), Some(anchor.clone()), operation, attributes)
    };
    let mut both = |change: &ExportChange| {
        send(&mut connector, change);
        send(&mut connector, change);
    };
    both(&person(
        UPDATE,
        &[
            ("displayName", replace(&["Jane Doe"])),
            ("mail", ExportAttributeChange::Delete),
            ("proxyAddresses", values(vec![text("SMTP:a@x.test"), text("smtp:b@x.test")], vec![text("smtp:never@x.test")])),
        ],
    ));
    both(&person(UPDATE, &[("proxyAddresses", values(vec![text("smtp:c@x.test")], vec![text("smtp:b@x.test")]))]));
    both(&person(ExportOperation::Update { new_dn: Some(dn("CN=Roe\\, Jane,OU=Sub")) }, &[("title", replace(&["Head"]))]));
    let found = objects(&forest, &unit.dn);
    let entry = &found["CN=Roe\\, Jane,OU=Sub"];
    assert_eq!(entry["displayName"], [EntryValue::Text("Jane Doe".to_owned())]);
    assert_eq!(entry["title"], [EntryValue::Text("Head".to_owned())]);
    assert!(!entry.contains_key("mail"));
    let mut addresses = entry["proxyAddresses"].clone();
    addresses.sort();
    assert_eq!(addresses, ["SMTP:a@x.test", "smtp:c@x.test"].map(|address| EntryValue::Text(address.to_owned())));
    // The old name still leads to it, because it is found by its identity.
    both(&person(UPDATE, &[("title", ExportAttributeChange::Delete)]));
    both(&person(ExportOperation::Delete, &[]));
    assert_eq!(objects(&forest, &unit.dn).into_keys().collect::<Vec<_>>(), ["", "OU=Sub"]);
}

#[test]
fn the_source_anchor_is_written_and_nothing_else_may_be() {
    let Some(forest) = forest_alone("the_source_anchor_is_written_and_nothing_else_may_be") else { return };
    // Outside of the container where the account may do everything.
    let unit = forest.unit("");
    let account = uuid::Uuid::new_v4().simple().to_string();
    forest.change(&format!("dn: CN=p,{}\nchangetype: add\nobjectClass: user\nsAMAccountName: t{}\n", unit.dn, &account[..12]));
    let dn = format!("CN=p,{}", unit.dn);
    let mut connector = forest.open_as("WRITEBACK");
    let bytes: Vec<u8> = (0..16).map(|number| number * 17).collect();
    let anchor = ExportAttributeChange::Replace(vec![ExportValue::Plain(EntryValue::Binary(bytes.clone()))]);
    send(&mut connector, &change(&dn, None, UPDATE, &[("mS-DS-ConsistencyGuid", anchor.clone())]));
    assert_eq!(objects(&forest, &unit.dn)["CN=p"]["mS-DS-ConsistencyGuid"], [EntryValue::Binary(bytes)]);
    check_refused(&mut connector, &change(&dn, None, UPDATE, &[("title", replace(&["x"]))]), "permission-issue", Some("title"));
    check_refused(&mut connector, &change(&dn, None, ExportOperation::Delete, &[]), "permission-issue", None);
    let password = replace(&["Secret-Secret-1"]);
    check_refused(
        &mut connector,
        &change(&dn, None, UPDATE, &[("unicodePwd", password)]),
        "password-set-disallowed",
        Some("unicodePwd"),
    );
    // An account that only reads.
    let mut reader = forest.open(forest.settings(super::ConnectionSecurity::Ldaps)).unwrap();
    let write = change(&dn, None, UPDATE, &[("mS-DS-ConsistencyGuid", anchor)]);
    check_refused(&mut reader, &write, "permission-issue", Some("mS-DS-ConsistencyGuid"));
}

#[test]
fn refusals_have_the_documented_codes() {
    let Some(forest) = forest_alone("refusals_have_the_documented_codes") else { return };
    let unit = forest.unit("OU=Writeback");
    let mut connector = forest.open_as("WRITEBACK");
    let dn = |name: &str| format!("{name},{}", unit.dn);
    let (first, _) = send(&mut connector, &add(&dn("CN=a"), "contact", &[]));
    let (_, _) = send(&mut connector, &add(&dn("CN=b"), "contact", &[]));
    send(&mut connector, &add(&dn("OU=full"), "organizationalUnit", &[]));
    send(&mut connector, &add(&dn("CN=c,OU=full"), "contact", &[]));
    let long = "x".repeat(200);
    let mut check =
        |change: &ExportChange, code: &str, attribute: Option<&str>| check_refused(&mut connector, change, code, attribute);
    check(&add(&dn("CN=a"), "contact", &[("mail", replace(&["x"]))]), "cd-existing-object", None);
    check(&add(&dn("CN=d,OU=none"), "contact", &[]), "non-existent-parent", None);
    check(&change(&dn("CN=none"), None, UPDATE, &[("title", replace(&["x"]))]), "cd-missing-object", Some("title"));
    check(&change(&dn("CN=a"), None, UPDATE, &[("givenName", replace(&[&long]))]), "syntax-violation", Some("givenName"));
    check(&change(&dn("CN=a"), None, UPDATE, &[("noSuchThing", replace(&["x"]))]), "schema-violation", Some("noSuchThing"));
    check(
        &change(&dn("CN=a"), None, UPDATE, &[("title", replace(&["x", "y"]))]),
        "cd-existing-attribute-or-value",
        Some("title"),
    );
    check(&change(&dn("CN=a"), None, UPDATE, &[("cn", replace(&["x"]))]), "modify-naming-attribute", Some("cn"));
    let rename = |to: &str| change(&dn("CN=a"), first.clone(), ExportOperation::Update { new_dn: Some(dn(to)) }, &[]);
    check(&rename("CN=b"), "rename-to-existing-dn", None);
    check(&rename("CN=a,OU=none"), "non-existent-parent", None);
    check(&change(&dn("OU=full"), None, ExportOperation::Delete, &[]), "unsupported-container-delete", None);
    // The refused ones do not stand in the way of others.
    let batch = [add(&dn("CN=a"), "contact", &[]), change(&dn("CN=b"), None, UPDATE, &[("title", replace(&["ok"]))])];
    let results = connector.export(&batch, &CancelToken::default()).unwrap();
    assert!(
        matches!(results[0].outcome, ExportOutcome::Refused(_)) && matches!(results[1].outcome, ExportOutcome::Success { .. })
    );
}

#[test]
fn members_are_written_value_by_value() {
    let Some(forest) = forest_alone("members_are_written_value_by_value") else { return };
    let unit = forest.unit("OU=Writeback");
    let mut connector = forest.open_as("WRITEBACK");
    let bulk = {
        let schema = Arc::new(connector.schema().unwrap());
        let include = vec![Dn::parse(&format!("OU=Bulk,{}", forest.base)).unwrap()];
        let mut request = ImportRequest { include, ..forest.request(&schema) };
        request.object_types = vec!["contact".to_owned()];
        import(&mut connector, &request)
    };
    assert_eq!(bulk.len(), 5_000);
    let targets: Vec<ExportValue> = bulk.iter().map(|entry| reference(&entry.dn, Some(&entry.anchor))).collect();
    let dn = format!("CN=big,{}", unit.dn);
    // More than one request holds.
    let (anchor, unresolved) =
        send(&mut connector, &add(&dn, "group", &[("member", ExportAttributeChange::Replace(targets.clone()))]));
    assert_eq!(unresolved, Vec::<String>::new());
    let count = || objects(&forest, &unit.dn)["CN=big"].get("member").map_or(0, Vec::len);
    assert_eq!(count(), 5_000);
    let mut update = |member| send(&mut connector, &change(&dn, anchor.clone(), UPDATE, &[("member", member)])).1;
    // Gone, twice.
    let some = targets[..1_200].to_vec();
    for _ in 0..2 {
        assert_eq!(update(values(Vec::new(), some.clone())), Vec::<String>::new());
        assert_eq!(count(), 3_800);
    }
    // There already, and one that is nowhere.
    let nobody = reference(&format!("CN=nobody,{}", unit.dn), None);
    let mixed = vec![targets[1_300].clone(), targets[0].clone(), nobody.clone(), targets[1].clone()];
    assert_eq!(update(values(mixed, vec![targets[2].clone(), targets[4_999].clone()])), ["member"]);
    assert_eq!(count(), 3_801);
    assert_eq!(update(values(vec![nobody], Vec::new())), ["member"]);
}

/// A request of more octets than fit into one encrypted piece.
#[test]
fn a_large_value_is_written_over_an_encrypted_sign_in() {
    let Some(forest) = forest_alone("a_large_value_is_written_over_an_encrypted_sign_in") else { return };
    let unit = forest.unit("OU=Writeback");
    let photo: Vec<u8> = (0..90_000_u32).flat_map(|number| (number % 251).to_le_bytes().into_iter().take(1)).collect();
    let value = ExportAttributeChange::Replace(vec![ExportValue::Plain(EntryValue::Binary(photo.clone()))]);
    for way in ways() {
        let (user, password) = forest.account("WRITEBACK");
        let settings = ActiveDirectorySettings { user, ..sealed(&forest, way) };
        let mut connector = ActiveDirectoryConnector::open(settings, password).unwrap();
        send(&mut connector, &add(&format!("CN={way},{}", unit.dn), "contact", &[("thumbnailPhoto", value.clone())]));
        let found = objects(&forest, &unit.dn);
        assert_eq!(found[&format!("CN={way}")]["thumbnailPhoto"], [EntryValue::Binary(photo.clone())], "{way}");
    }
}
