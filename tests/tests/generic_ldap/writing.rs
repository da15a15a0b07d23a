//! Exports: what is written, and why something is not.

use std::collections::BTreeMap;

use syncline_engine::connector::generic_ldap::{ConnectionSecurity, GenericLdapConnector};
use syncline_engine::connector::{
    Anchor, CancelToken, Connector, EntryAttributes, EntryValue, ExportAttributeChange, ExportChange, ExportOperation,
    ExportOutcome, ExportValue, ReferenceTarget,
};

use super::{Server, full, server};

fn text(value: &str) -> ExportValue {
    ExportValue::Plain(EntryValue::Text(value.to_owned()))
}

fn refers(dn: &str) -> ExportValue {
    ExportValue::Reference(ReferenceTarget { dn: dn.to_owned(), anchor: None })
}

fn replace(values: &[ExportValue]) -> ExportAttributeChange {
    ExportAttributeChange::Replace(values.to_vec())
}

fn change(dn: &str, object_type: &str, operation: ExportOperation, attributes: &[(&str, ExportAttributeChange)]) -> ExportChange {
    ExportChange {
        dn: dn.to_owned(),
        object_type: object_type.to_owned(),
        anchor: None,
        operation,
        attributes: attributes.iter().map(|(name, change)| ((*name).to_owned(), change.clone())).collect(),
        identity: EntryAttributes::new(),
        whole: BTreeMap::new(),
    }
}

fn update(dn: &str, anchor: &Anchor, new_dn: Option<&str>, attributes: &[(&str, ExportAttributeChange)]) -> ExportChange {
    let operation = ExportOperation::Update { new_dn: new_dn.map(str::to_owned) };
    ExportChange { anchor: Some(anchor.clone()), ..change(dn, "inetOrgPerson", operation, attributes) }
}

fn person(dn: &str) -> ExportChange {
    change(dn, "inetOrgPerson", ExportOperation::Add, &[("sn", replace(&[text("x")]))])
}

/// Sends a change that must be made; gives the identity of a new object.
fn send(connector: &mut GenericLdapConnector, change: &ExportChange) -> Option<Anchor> {
    let results = connector.export(std::slice::from_ref(change), &CancelToken::default()).unwrap();
    match &results[0].outcome {
        ExportOutcome::Success { anchor, unresolved, .. } if unresolved.is_empty() => anchor.clone(),
        other => panic!("{other:?}"),
    }
}

fn check_refused(connector: &mut GenericLdapConnector, change: &ExportChange, code: &str, attribute: Option<&str>) {
    let results = connector.export(std::slice::from_ref(change), &CancelToken::default()).unwrap();
    let ExportOutcome::Refused(error) = &results[0].outcome else { panic!("{results:?}") };
    assert_eq!((error.code.as_str(), error.detail.attribute.as_deref()), (code, attribute), "{error:?}");
    assert!(error.message.contains(&change.dn) && !error.message.contains("forest"), "{error:?}");
}

/// Attributes of the objects under a container as lines.
fn lines(server: &Server, unit: &str) -> Vec<String> {
    let mut connector = server.open(server.settings(ConnectionSecurity::Ldaps)).unwrap();
    let request = server.request(&mut connector, &server.base, unit);
    let (held, _) = full(&mut connector, &request);
    let mut lines = Vec::new();
    for (dn, _, attributes) in held.values().filter(|(dn, _, _)| dn != unit) {
        for (name, values) in attributes {
            let mut values: Vec<String> = values
                .iter()
                .map(|value| match value {
                    EntryValue::Text(text) | EntryValue::Reference(text) => text.replace(&format!(",{unit}"), ""),
                    other => format!("{other:?}"),
                })
                .collect();
            values.sort_unstable();
            lines.push(format!("{} {name}: {}", dn.replace(&format!(",{unit}"), ""), values.join(" | ")));
        }
    }
    lines.sort_unstable();
    lines
}

#[test]
fn objects_are_made_changed_renamed_moved_and_deleted() {
    let Some(server) = server("objects_are_made_changed_renamed_moved_and_deleted") else { return };
    let unit = server.unit(&server.base);
    let mut connector = server.open_writer();
    let (a, b, g) = (format!("cn=a,{unit}"), format!("cn=Doe\\, Jane,{unit}"), format!("cn=g,{unit}"));
    let first = send(
        &mut connector,
        &change(
            &a,
            "inetOrgPerson",
            ExportOperation::Add,
            &[
                ("cn", replace(&[text("a"), text("also a")])),
                ("sn", replace(&[text("x")])),
                ("objectClass", replace(&[text("inetOrgPerson"), text("dcObject")])),
                ("dc", replace(&[text("d")])),
                ("mail", ExportAttributeChange::Values { adds: vec![text("a@x"), text("b@x")], deletes: Vec::new() }),
            ],
        ),
    )
    .unwrap();
    let second = send(&mut connector, &person(&b)).unwrap();
    assert!(first.0.len() == 16 && second.0.len() == 16 && first != second);
    send(&mut connector, &change(&g, "groupOfNames", ExportOperation::Add, &[("member", replace(&[refers(&a)]))]));
    let expected = ["cn=a cn: a | also a", "cn=a mail: a@x | b@x", "cn=a sn: x", "cn=g cn: g", "cn=g member: cn=a"];
    let found = lines(&server, &unit);
    assert_eq!(found, [&["cn=Doe\\2C Jane cn: Doe, Jane", "cn=Doe\\2C Jane sn: x"], &expected[..]].concat());

    // Value by value, and twice, as after a lost answer.
    let values = |adds: &[&str], deletes: &[&str]| ExportAttributeChange::Values {
        adds: adds.iter().map(|value| text(value)).collect(),
        deletes: deletes.iter().map(|value| text(value)).collect(),
    };
    let mail = update(&a, &first, None, &[("mail", values(&["c@x"], &["a@x"])), ("title", replace(&[text("T")]))]);
    send(&mut connector, &mail);
    send(&mut connector, &mail);
    let group = ExportChange {
        object_type: "groupOfNames".to_owned(),
        ..change(
            &g,
            "",
            ExportOperation::Update { new_dn: None },
            &[("member", ExportAttributeChange::Values { adds: vec![refers(&b)], deletes: vec![refers(&a)] })],
        )
    };
    send(&mut connector, &group);
    send(&mut connector, &group);
    let found = lines(&server, &unit);
    for line in ["cn=a mail: b@x | c@x", "cn=a title: T", "cn=g member: cn=Doe\\2C Jane"] {
        assert!(found.iter().any(|found| found == line), "{line} in {found:?}");
    }

    // Renamed and moved, with a change of it in the same breath.
    let sub = format!("ou=sub,{unit}");
    send(&mut connector, &change(&sub, "organizationalUnit", ExportOperation::Add, &[]));
    let moved = format!("cn=z,{sub}");
    let rename = update(&a, &first, Some(&moved), &[("title", ExportAttributeChange::Delete)]);
    send(&mut connector, &rename);
    send(&mut connector, &rename);
    let found = lines(&server, &unit);
    assert!(
        found.contains(&"cn=z,ou=sub cn: also a | z".to_owned()) && !found.iter().any(|line| line.contains("title")),
        "{found:?}"
    );

    // Deleted, also when it is gone already.
    let delete = |dn: &str, anchor: &Anchor| ExportChange { operation: ExportOperation::Delete, ..update(dn, anchor, None, &[]) };
    send(&mut connector, &delete(&moved, &first));
    send(&mut connector, &delete(&moved, &first));
    // Made anew as something else: another identity.
    let anew =
        ExportChange { operation: ExportOperation::DeleteAdd, ..update(&b, &second, None, &[("sn", replace(&[text("y")]))]) };
    let third = send(&mut connector, &anew).unwrap();
    assert_ne!(third, second);
    assert!(lines(&server, &unit).contains(&"cn=Doe\\2C Jane sn: y".to_owned()));
}

#[test]
fn an_object_is_found_by_its_identity_and_no_other_is_changed() {
    let Some(server) = server("an_object_is_found_by_its_identity_and_no_other_is_changed") else { return };
    let unit = server.unit(&server.base);
    let mut connector = server.open_writer();
    let a = format!("cn=a,{unit}");
    let first = send(&mut connector, &person(&a)).unwrap();
    // Renamed behind the connector's back, and another object got the name.
    server.change(&format!("dn: {a}\nchangetype: modrdn\nnewrdn: cn=elsewhere\ndeleteoldrdn: 1\n"));
    let other = send(&mut connector, &person(&a)).unwrap();
    send(&mut connector, &update(&a, &first, None, &[("title", replace(&[text("mine")]))]));
    let found = lines(&server, &unit);
    assert!(
        found.contains(&"cn=elsewhere title: mine".to_owned()) && !found.iter().any(|line| line.starts_with("cn=a title")),
        "{found:?}"
    );
    send(&mut connector, &ExportChange { operation: ExportOperation::Delete, ..update(&a, &first, None, &[]) });
    let found = lines(&server, &unit);
    assert!(found.iter().all(|line| line.starts_with("cn=a ")), "{found:?}");
    let gone = update(&a, &first, None, &[("title", replace(&[text("x")]))]);
    check_refused(&mut connector, &gone, "cd-missing-object", Some("title"));
    send(&mut connector, &update(&a, &other, None, &[("title", replace(&[text("x")]))]));
}

#[test]
fn refusals_have_the_documented_codes() {
    let Some(server) = server("refusals_have_the_documented_codes") else { return };
    let unit = server.unit(&server.base);
    let mut connector = server.open_writer();
    let a = format!("cn=a,{unit}");
    let anchor = send(&mut connector, &person(&a)).unwrap();
    check_refused(&mut connector, &person(&a), "cd-existing-object", None);
    check_refused(&mut connector, &person(&format!("cn=b,ou=nowhere,{unit}")), "non-existent-parent", None);
    check_refused(
        &mut connector,
        &change(&format!("cn=c,{unit}"), "inetOrgPerson", ExportOperation::Add, &[]),
        "missing-provisioning-attribute",
        None,
    );
    let set = |name: &str, value: &str| update(&a, &anchor, None, &[(name, replace(&[text(value)]))]);
    check_refused(&mut connector, &set("noSuchThing", "x"), "schema-violation", Some("noSuchThing"));
    check_refused(&mut connector, &set("manager", "no name"), "syntax-violation", Some("manager"));
    check_refused(&mut connector, &set("entryUUID", "x"), "readonly-attribute", Some("entryUUID"));
    check_refused(&mut connector, &set("userPassword", "x"), "password-set-disallowed", Some("userPassword"));
    check_refused(
        &mut connector,
        &update(&a, &anchor, None, &[("sn", ExportAttributeChange::Delete)]),
        "schema-violation",
        Some("sn"),
    );
    send(&mut connector, &person(&format!("cn=d,{unit}")));
    check_refused(&mut connector, &update(&a, &anchor, Some(&format!("cn=d,{unit}")), &[]), "rename-to-existing-dn", None);
    let mut reader = server.open(server.settings(ConnectionSecurity::Ldaps)).unwrap();
    check_refused(&mut reader, &set("title", "x"), "permission-issue", Some("title"));
    check_refused(
        &mut connector,
        &change(&unit, "organizationalUnit", ExportOperation::Delete, &[]),
        "unsupported-container-delete",
        None,
    );
}
