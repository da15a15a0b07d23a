//! Pending exports in the tenant's words, and the tenant's results in ours.

use super::*;
use crate::model::AlgorithmStep;

fn schema() -> Schema {
    Schema::from_toml(TENANT_SCHEMA).unwrap()
}

fn update() -> ExportOperation {
    ExportOperation::Update { new_dn: None }
}

#[test]
fn attributes_are_written_by_their_type() {
    let check = |name: &str, change_of_attribute: ExportAttributeChange, expected: Value| {
        let change = change(update(), "group", "ab", &[(name, change_of_attribute)]);
        let prepared = prepare(&schema(), &change, 3);
        let set = json!({
            "id": "3", "operation": "set", "objectType": "group", "sourceAnchor": "ab", "cloudAnchor": null,
            "attributes": expected, "memberAdds": [], "memberRemoves": [],
        });
        assert_eq!(prepared.changes, [set], "{name}");
    };
    let plain = |value: EntryValue| ExportValue::Plain(value);
    let both = [text("b"), text("a")];
    check("displayName", replace(&[text("Ada")]), json!({"displayName": "Ada"}));
    check("displayName", ExportAttributeChange::Delete, json!({"displayName": null}));
    check("displayName", replace(&[]), json!({"displayName": null}));
    check("proxyAddresses", replace(&both), json!({"proxyAddresses": ["b", "a"]}));
    check("proxyAddresses", replace(&both[..1]), json!({"proxyAddresses": ["b"]}));
    check("proxyAddresses", ExportAttributeChange::Delete, json!({"proxyAddresses": null}));
    check("notInSchema", replace(&both[..1]), json!({"notInSchema": "b"}));
    check("notInSchema", replace(&both), json!({"notInSchema": ["b", "a"]}));
    check("countryCode", replace(&[plain(EntryValue::Integer(840))]), json!({"countryCode": 840}));
    check("securityEnabled", replace(&[plain(EntryValue::Boolean(true))]), json!({"securityEnabled": true}));
    check("thumbnailPhoto", replace(&[plain(EntryValue::Binary(vec![0, 1]))]), json!({"thumbnailPhoto": "AAE="}));
    check("managedBy", replace(&[plain(EntryValue::Reference(dn_of_anchor("cd")))]), json!({"managedBy": "cd"}));
    check("managedBy", replace(&[reference("cd")]), json!({"managedBy": "cd"}));
    let known = ReferenceTarget { dn: dn_of_anchor("cd"), anchor: Some(Anchor(b"User_1".to_vec())) };
    check("managedBy", replace(&[ExportValue::Reference(known)]), json!({"managedBy": "User_1"}));
    check("member", replace(&[reference("x"), reference("y")]), json!({"member": ["x", "y"]}));
    check("sourceAnchor", replace(&[text("ab")]), json!({}));
}

#[test]
fn members_change_one_by_one_and_other_lists_whole() {
    let values = |adds: &[&str], deletes: &[&str], make: fn(&str) -> ExportValue| ExportAttributeChange::Values {
        adds: adds.iter().map(|value| make(value)).collect(),
        deletes: deletes.iter().map(|value| make(value)).collect(),
    };
    let members = ("member", values(&["x", "y"], &["z"], reference));
    let prepared = prepare(&schema(), &change(update(), "group", "ab", &[members]), 0);
    let sent = &prepared.changes[0];
    assert_eq!(sent["memberAdds"], json!(["x", "y"]));
    assert_eq!(sent["memberRemoves"], json!(["z"]));
    assert_eq!(sent["attributes"], json!({}));

    let mut addresses = change(update(), "user", "ab", &[("proxyAddresses", values(&["c"], &["a"], text))]);
    let refused = prepare(&schema(), &addresses, 0).outcome(0, &mut Results::default(), &schema());
    assert!(show(&ExportResult { outcome: refused }).starts_with("refused unexpected-error: attribute \"proxyAddresses\""));
    addresses.whole.insert("proxyAddresses".into(), vec![text("b"), text("c")]);
    assert_eq!(prepare(&schema(), &addresses, 0).changes[0]["attributes"], json!({"proxyAddresses": ["b", "c"]}));
}

#[test]
fn each_operation_has_its_words() {
    let check = |operation: ExportOperation, expected: Value| {
        let mut change = change(operation, "user", "ab", &[("displayName", replace(&[text("Ada")]))]);
        change.anchor = Some(Anchor(b"User_1".to_vec()));
        let short: Vec<Value> = prepare(&schema(), &change, 7)
            .changes
            .into_iter()
            .map(|sent| json!([sent["id"], sent["operation"], sent["sourceAnchor"], sent["cloudAnchor"], sent.get("attributes")]))
            .collect();
        assert_eq!(Value::Array(short), expected);
    };
    let name = json!({"displayName": "Ada"});
    check(ExportOperation::Add, json!([["7", "set", "ab", "User_1", name]]));
    check(update(), json!([["7", "set", "ab", "User_1", name]]));
    check(ExportOperation::Delete, json!([["7-delete", "delete", "ab", "User_1", null]]));
    check(ExportOperation::DeleteAdd, json!([["7-delete", "delete", "ab", "User_1", null], ["7", "set", "ab", null, name]]));
    check(ExportOperation::Update { new_dn: Some("CN={6364}".into()) }, json!([]));
}

#[test]
fn an_object_that_changes_its_type_goes_with_the_old_one() {
    let check = |anchor: Option<&str>, expected: [&str; 2]| {
        let mut change = change(ExportOperation::DeleteAdd, "contact", "ab", &[]);
        change.anchor = anchor.map(|anchor| Anchor(anchor.as_bytes().to_vec()));
        let sent = prepare(&schema(), &change, 0).changes;
        let types: Vec<&str> = sent.iter().filter_map(|sent| sent["objectType"].as_str()).collect();
        assert_eq!(types, expected);
    };
    check(Some("User_1"), ["user", "contact"]);
    check(Some("PublicFolder_1"), ["publicFolder", "contact"]);
    check(Some("1"), ["contact", "contact"]);
    check(None, ["contact", "contact"]);
}

#[test]
fn the_source_anchor_is_found_where_it_is_known() {
    let anchor = |edit: fn(&mut ExportChange)| {
        let mut change = change(update(), "user", "ab", &[]);
        edit(&mut change);
        let prepared = prepare(&schema(), &change, 0);
        prepared.changes.first().map(|sent| sent["sourceAnchor"].as_str().unwrap_or("null").to_owned())
    };
    assert_eq!(anchor(|_| {}).as_deref(), Some("ab"));
    assert_eq!(anchor(|change| change.dn = "CN=other".into()).as_deref(), Some("ab"));
    assert_eq!(anchor(|change| change.identity.clear()).as_deref(), Some("ab"));
    let written = anchor(|change| {
        change.identity.clear();
        change.dn = "CN=other".into();
        change.attributes.insert("SourceAnchor".into(), replace(&[text("cd")]));
    });
    assert_eq!(written.as_deref(), Some("cd"));
    let named_by_cloud_anchor = anchor(|change| {
        change.identity.clear();
        change.dn = dn_of_anchor("User_1");
        change.anchor = Some(Anchor(b"User_1".to_vec()));
    });
    assert_eq!(named_by_cloud_anchor, None);
    let delete_of_cloud_object = anchor(|change| {
        change.operation = ExportOperation::Delete;
        change.identity.clear();
        change.dn = dn_of_anchor("User_1");
        change.anchor = Some(Anchor(b"User_1".to_vec()));
    });
    assert_eq!(delete_of_cloud_object.as_deref(), Some("null"));
}

#[test]
fn what_cannot_be_sent_is_refused_here() {
    let check = |change: ExportChange, expected: &str| {
        let prepared = prepare(&schema(), &change, 0);
        assert!(prepared.changes.is_empty());
        let outcome = prepared.outcome(0, &mut Results::default(), &schema());
        assert_eq!(show(&ExportResult { outcome }), expected);
    };
    let two = change(update(), "user", "ab", &[("displayName", replace(&[text("a"), text("b")]))]);
    check(
        two,
        "refused multi-single-mismatch: attribute \"displayName\" of the tenant is single-valued, but 2 values flow to it",
    );
    let mut nameless = change(ExportOperation::Add, "user", "ab", &[]);
    nameless.identity.clear();
    nameless.dn = "CN=Ada".into();
    check(
        nameless.clone(),
        "refused missing-anchor-component: attribute \"sourceAnchor\" has no value, so the tenant cannot tell the object from \
         others; let a rule flow to it",
    );
    nameless.operation = ExportOperation::Delete;
    assert!(prepare(&schema(), &nameless, 0).changes.is_empty());
}

#[test]
fn references_without_anchor_stay_unresolved() {
    let nowhere = || ExportValue::Reference(ReferenceTarget { dn: "CN=not exported yet".into(), anchor: None });
    let members = ExportAttributeChange::Values { adds: vec![reference("x"), nowhere()], deletes: vec![nowhere()] };
    let manager = replace(&[nowhere()]);
    let change = change(update(), "group", "ab", &[("managedBy", manager), ("member", members)]);
    let prepared = prepare(&schema(), &change, 0);
    assert_eq!(prepared.changes[0]["attributes"], json!({}));
    assert_eq!(prepared.changes[0]["memberAdds"], json!(["x"]));
    assert_eq!(prepared.changes[0]["memberRemoves"], json!([]));
    let answer =
        json!({"results": [{"id": "0", "status": "success", "cloudAnchor": "Group_1", "unresolved": ["member", "authOrig"]}]});
    let outcome = prepared.outcome(0, &mut Results::read(answer).unwrap(), &schema());
    assert_eq!(show(&ExportResult { outcome }), r#"success Group_1 ["authOrig", "managedBy", "member"] []"#);
}

#[test]
fn results_become_outcomes() {
    let check = |operation: ExportOperation, results: Value, expected: &str| {
        let change = change(operation, "user", "ab", &[]);
        let mut read = Results::read(json!({ "results": results })).unwrap();
        let outcome = prepare(&schema(), &change, 0).outcome(0, &mut read, &schema());
        assert_eq!(show(&ExportResult { outcome }), expected, "{results}");
    };
    let failed = |id: &str, error: Value| json!({"id": id, "status": "error", "error": error});
    let gone = |id: &str| failed(id, json!({"code": "ObjectNotFound", "number": 114, "literal": "no object"}));
    let done = |id: &str| json!({"id": id, "status": "success", "cloudAnchor": "User_2"});
    check(ExportOperation::Add, json!([done("0")]), "success User_2 [] []");
    check(ExportOperation::Delete, json!([done("0-delete")]), "success - [] []");
    check(ExportOperation::Delete, json!([gone("0-delete")]), "success - [] []");
    check(
        update(),
        json!([gone("0")]),
        "refused cd-missing-object: the tenant refused the change (ObjectNotFound) with error 114: no object",
    );
    check(
        ExportOperation::Delete,
        json!([failed(
            "0-delete",
            json!({"code": "DeleteNotValid", "number": 114, "literal": "cloud only", "conflicting": ["User_1"]})
        )]),
        "refused Deletion access violation: the tenant refused the change (DeleteNotValid) with error 114: cloud only; in conflict with User_1",
    );
    check(ExportOperation::DeleteAdd, json!([done("0-delete"), done("0")]), "success User_2 [] []");
    check(ExportOperation::DeleteAdd, json!([gone("0-delete"), done("0")]), "success User_2 [] []");
    check(
        ExportOperation::DeleteAdd,
        json!([done("0-delete"), gone("0")]),
        "refused cd-missing-object: the tenant refused the change (ObjectNotFound) with error 114: no object",
    );
    check(update(), json!([]), "transient cd-error: the tenant gave no result for the change; it is sent again");
    check(update(), json!([failed("0", Value::Null)]), "refused cd-error: the tenant refused the change");
    let quarantined = json!([{"id": "0", "status": "success", "cloudAnchor": "User_2", "quarantined": [
        {"property": "UserPrincipalName", "value": "a@x", "assigned": "a1234@y"}, {"property": "proxyAddresses", "value": "smtp:a@x", "assigned": null}]}]);
    check(
        update(),
        quarantined,
        r#"success User_2 [] ["attribute \"userPrincipalName\": \"a@x\" is in use by another object of the tenant and was quarantined; the export is complete, with \"a1234@y\" in its place", "attribute \"proxyAddresses\": \"smtp:a@x\" is in use by another object of the tenant and was quarantined; the export is complete"]"#,
    );
}

#[test]
fn a_refusal_keeps_all_that_the_tenant_says() {
    let answer = json!({"results": [{"id": "0", "status": "error", "error": {
        "code": "InvalidSoftMatch", "property": "PROXYADDRESSES", "value": "smtp:bob@contoso.com", "conflicting": ["User_1", "User_2"],
        "literal": "two objects", "trackingId": "42"}}]});
    let change = change(update(), "user", "ab", &[]);
    let outcome = prepare(&schema(), &change, 0).outcome(0, &mut Results::read(answer).unwrap(), &schema());
    let ExportOutcome::Refused(error) = outcome else { panic!("{outcome:?}") };
    assert_eq!(error.code.as_str(), "InvalidSoftMatch");
    assert_eq!(
        error.message,
        "the tenant refused the change, attribute \"proxyAddresses\", value \"smtp:bob@contoso.com\": two objects; in conflict with \
         User_1, User_2"
    );
    assert_eq!(error.detail.step, Some(AlgorithmStep::Export));
    assert_eq!(error.detail.attribute.as_deref(), Some("proxyAddresses"));
    assert_eq!(error.detail.value.as_deref(), Some("smtp:bob@contoso.com"));
    assert_eq!(error.detail.server_detail.as_deref(), Some("two objects; tracking id 42"));
}
