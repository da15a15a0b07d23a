//! Round trips over Microsoft Graph against the sandbox tenant; tests are named after the scenarios of
//! `entra-connector.md` 6.

use super::bench::*;
use super::*;
use crate::connector::ReferenceChanges;

fn deletion(object_type: &str, source_anchor: &str, anchor: &Anchor) -> ExportChange {
    ExportChange { anchor: Some(anchor.clone()), ..change(ExportOperation::Delete, object_type, source_anchor, &[]) }
}

fn id_of(anchor: &Anchor) -> String {
    String::from_utf8(anchor.0.clone()).unwrap().split_once('_').unwrap().1.to_owned()
}

fn flag(flag: bool) -> ExportAttributeChange {
    replace(&[ExportValue::Plain(EntryValue::Boolean(flag))])
}

#[test]
fn scenario_35_a_user_is_made_changed_disabled_and_deleted() {
    let mut bench = Bench::new();
    let (_, watermark) = bench.import(ImportMode::Full);
    let anchor = bench.export_one(user("alice-anchor", "alice"));
    let select = "id,displayName,businessPhones,onPremisesImmutableId,onPremisesSyncEnabled,mailNickname,accountEnabled,jobTitle";
    let shown = bench.get(&format!("users/{}?$select={select},onPremisesExtensionAttributes", id_of(&anchor)));
    assert_eq!(shown["onPremisesImmutableId"], "alice-anchor");
    assert_eq!(shown["onPremisesSyncEnabled"], Value::Null);
    assert_eq!(shown["businessPhones"], json!(["+1 555 0100"]));
    assert_eq!(shown["onPremisesExtensionAttributes"]["extensionAttribute1"], "gold");

    let (items, watermark) = bench.import(ImportMode::Delta(watermark));
    let alice = entry(&items, "alice-anchor");
    assert_eq!((&alice.anchor, alice.object_type.as_str()), (&anchor, "user"));
    assert_eq!(values(alice, "userPrincipalName"), ["alice@contoso.com"]);
    assert_eq!(values(alice, "telephoneNumber"), ["+1 555 0100"]);
    assert_eq!(values(alice, "extensionAttribute1"), ["gold"]);
    assert_eq!(values(alice, "alias"), ["alice"]);

    let change = [
        ("title", replace(&[text("Lead")])),
        ("telephoneNumber", ExportAttributeChange::Delete),
        ("accountEnabled", flag(false)),
    ];
    bench.export_one(update("user", "alice-anchor", &anchor, &change));
    let shown = bench.get(&format!("users/{}?$select={select}", id_of(&anchor)));
    assert_eq!(
        (&shown["jobTitle"], &shown["accountEnabled"], &shown["businessPhones"]),
        (&json!("Lead"), &json!(false), &json!([]))
    );

    bench.export_one(deletion("user", "alice-anchor", &anchor));
    let (items, _) = bench.import(ImportMode::Delta(watermark));
    assert_eq!(items, [ImportItem::Deleted { anchor: anchor.clone(), dn: None }]);
    // Sent once more, as after a lost answer, it is no error.
    bench.export_one(deletion("user", "alice-anchor", &anchor));
}

#[test]
fn a_new_tenant_is_imported_whole_and_then_nothing_has_changed() {
    let mut bench = Bench::new();
    let anchors = bench.seed(json!([
        { "objectType": "user", "attributes": { "userPrincipalName": "boss@contoso.com", "displayName": "Boss", "alias": "boss" } },
        { "objectType": "contact", "attributes": { "displayName": "Carol", "mail": "carol@fabrikam.com" } },
        { "objectType": "device", "attributes": { "displayName": "PC1", "deviceOSType": "Windows" } },
        { "objectType": "group", "attributes": { "displayName": "Staff" } },
    ]));
    bench.control("POST", "cloud-edit", json!({ "object": anchors[3], "memberAdds": [anchors[0], anchors[1], anchors[2]] }));
    let (items, watermark) = bench.import(ImportMode::Full);
    let types: Vec<&str> = items
        .iter()
        .map(|item| match item {
            ImportItem::Entry(entry) => entry.object_type.as_str(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(types, ["user", "user", "contact", "device", "group"], "the administrator is there too");
    let staff = entry(&items, &anchors[3]);
    let mut members: Vec<String> = anchors[..3].iter().map(|anchor| dn_of_anchor(anchor)).collect();
    members.sort();
    assert_eq!(values(staff, "member"), members);
    assert_eq!(values(entry(&items, &anchors[2]), "deviceOSType"), ["Windows"]);
    let (items, watermark) = bench.import(ImportMode::Delta(watermark));
    assert_eq!(items, []);
    bench.control("POST", "cloud-edit", json!({ "object": anchors[3], "memberRemoves": [anchors[0]] }));
    let (items, _) = bench.import(ImportMode::Delta(watermark));
    assert_eq!(items.len(), 1);
}

#[test]
fn scenario_36_users_of_the_cloud_are_taken_over_or_left_alone() {
    let mut bench = Bench::new();
    let planted = |name: &str, more: Value| {
        let mut object = json!({ "objectType": "user", "attributes": {
            "userPrincipalName": format!("{name}@contoso.com"), "displayName": name, "alias": name, "accountEnabled": true, "title": "cloud",
        } });
        object.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        object
    };
    let anchors = bench.seed(json!([
        planted("plain", json!({})),
        planted("other", json!({ "sourceAnchor": "somebody-else" })),
        planted("synced", json!({ "sourceAnchor": "of-microsoft", "onPremisesSyncEnabled": true })),
        planted("root", json!({ "role": "Global Administrator" })),
        planted("ours", json!({ "sourceAnchor": "of-microsoft-too", "onPremisesSyncEnabled": true })),
    ]));
    let adopted = bench.export_one(user("anchor-1", "plain"));
    assert_eq!(String::from_utf8(adopted.0.clone()).unwrap(), anchors[0]);
    let shown = bench.get(&format!("users/{}?$select=id,onPremisesImmutableId,jobTitle,businessPhones", id_of(&adopted)));
    assert_eq!((&shown["onPremisesImmutableId"], &shown["businessPhones"]), (&json!("anchor-1"), &json!(["+1 555 0100"])));

    let check = |bench: &mut Bench, change: ExportChange, code: &str, words: &str| {
        let (found, message) = bench.refused(change);
        assert_eq!(found, code, "{message}");
        assert!(message.contains(words), "{message}");
    };
    check(&mut bench, user("anchor-2", "other"), "InvalidSoftMatch", "somebody-else");
    check(&mut bench, user("anchor-3", "synced"), "InvalidSoftMatch", "Microsoft's own tool");
    check(&mut bench, user("anchor-4", "root"), "ExistingAdminRoleConflict", &anchors[3]);
    check(&mut bench, user("of-microsoft-too", "ours"), "InvalidHardMatch", "Microsoft's own tool");
    for anchor in &anchors[1..] {
        let id = anchor.split_once('_').unwrap().1;
        assert_eq!(bench.get(&format!("users/{id}?$select=id,jobTitle"))["jobTitle"], "cloud", "{anchor} was touched");
    }
}

#[test]
fn scenario_37_groups_carry_their_anchor_and_a_second_installation_finds_them() {
    let mut bench = Bench::new();
    let alice = bench.export_one(user("a1", "alice"));
    let first = bench.export_one(group("g1", &[to("a1", &alice)]));
    let mut second = bench.reconnect();
    let (items, summary) = import(&mut second, ImportMode::Full);
    let staff = entry(&items, "g1");
    assert_eq!(staff.anchor, first);
    assert_eq!(values(staff, "member"), [dn_of_anchor("a1")]);
    assert_eq!(values(staff, "sourceAnchor"), ["g1"]);
    assert!(summary.is_ok());
    let again = second.export(&[group("g1", &[to("a1", &alice)])], &CancelToken::default()).unwrap();
    assert_eq!(show(&again[0]), format!("success {} [] []", String::from_utf8(first.0.clone()).unwrap()));
    assert_eq!(bench.objects("groups", "displayName").len(), 1);
}

#[test]
fn references_are_written_after_all_objects_and_managers_can_go() {
    let mut bench = Bench::new();
    let anchors: Vec<Anchor> = ["a1", "b1", "c1"].iter().map(|anchor| bench.export_one(user(anchor, anchor))).collect();
    let (_, watermark) = bench.import(ImportMode::Full);
    let manager = |anchor: &Anchor| [("manager", replace(&[to("b1", anchor)]))];
    bench.export_one(update("user", "a1", &anchors[0], &manager(&anchors[1])));
    let staff = bench.export_one(group("g1", &[to("a1", &anchors[0]), to("b1", &anchors[1])]));
    let nested = bench.export_one(group("g2", &[to("g1", &staff)]));
    let (items, watermark) = match import(&mut bench.connector, ImportMode::Delta(watermark)) {
        // Groups had no source anchor at the last import.
        (_, Err(error)) => {
            assert_eq!(error.kind, ConnectorErrorKind::NoWatermark);
            bench.import(ImportMode::Full)
        }
        (_, Ok(_)) => panic!("groups were not read by their anchors"),
    };
    assert_eq!(values(entry(&items, "a1"), "manager"), [dn_of_anchor("b1")]);
    assert_eq!(values(entry(&items, "g1"), "member"), [dn_of_anchor("a1"), dn_of_anchor("b1")]);
    assert_eq!(values(entry(&items, "g2"), "member"), [dn_of_anchor("g1")]);

    bench.export_one(update("user", "a1", &anchors[0], &[("manager", ExportAttributeChange::Delete)]));
    let change = ExportAttributeChange::Values { adds: vec![to("c1", &anchors[2])], deletes: vec![to("a1", &anchors[0])] };
    bench.export_one(update("group", "g1", &staff, &[("member", change.clone())]));
    // Sent once more, as after a lost answer, it changes nothing and is no error.
    bench.export_one(update("group", "g1", &staff, &[("member", change)]));
    bench.export_one(update("group", "g2", &nested, &[("member", ExportAttributeChange::Delete)]));
    let (items, _) = bench.import(ImportMode::Delta(watermark));
    assert_eq!(entry(&items, "a1").attributes["manager"], []);
    // Members come and go one by one; nothing is told of those that stay.
    let change = |added: &[&str], removed: &[&str]| {
        let names = |anchors: &[&str]| anchors.iter().map(|anchor| dn_of_anchor(anchor)).collect();
        BTreeMap::from([("member".to_owned(), ReferenceChanges { added: names(added), removed: names(removed) })])
    };
    for (name, expected) in [("g1", change(&["c1"], &["a1"])), ("g2", change(&[], &["g1"]))] {
        let entry = entry(&items, name);
        assert_eq!((entry.partial, &entry.changed_references), (true, &expected), "{name}");
        assert!(entry.attributes.is_empty(), "{entry:?}");
    }
    let (items, _) = bench.import(ImportMode::Full);
    assert_eq!(values(entry(&items, "a1"), "manager"), Vec::<String>::new());
    assert_eq!(values(entry(&items, "g1"), "member"), [dn_of_anchor("b1"), dn_of_anchor("c1")]);
    assert_eq!(values(entry(&items, "g2"), "member"), Vec::<String>::new());
}

#[test]
fn single_objects_are_read_whole() {
    let mut bench = Bench::new();
    let alice = bench.export_one(user("a1", "alice"));
    let staff = bench.export_one(group("g1", &[to("a1", &alice)]));
    let gone = Anchor(b"User_00000000-0000-0000-0000-000000000001".to_vec());
    let mut items = Vec::new();
    let anchors = [alice.clone(), staff.clone(), gone.clone()];
    bench
        .connector
        .objects(&request(ImportMode::Full), &anchors, &mut |item| {
            items.push(item);
            true
        })
        .unwrap();
    assert_eq!(items.len(), 3);
    assert!(items.contains(&ImportItem::Deleted { anchor: gone, dn: None }));
    assert_eq!(values(entry(&items, "g1"), "member"), [dn_of_anchor("a1")]);
    let (whole, _) = bench.import(ImportMode::Full);
    assert_eq!(entry(&items, "a1"), entry(&whole, "a1"));
    assert_eq!(entry(&items, "g1"), entry(&whole, "g1"));
}

#[test]
fn a_member_that_is_deleted_goes_by_its_name() {
    let mut bench = Bench::new();
    let anchors: Vec<Anchor> = ["a1", "b1"].iter().map(|anchor| bench.export_one(user(anchor, anchor))).collect();
    bench.export_one(group("g1", &[to("a1", &anchors[0]), to("b1", &anchors[1])]));
    let (_, watermark) = bench.import(ImportMode::Full);
    bench.export_one(deletion("user", "a1", &anchors[0]));
    let (items, _) = bench.import(ImportMode::Delta(watermark));
    assert!(items.contains(&ImportItem::Deleted { anchor: anchors[0].clone(), dn: None }), "{items:?}");
    let told = items.iter().find_map(|item| match item {
        ImportItem::Entry(entry) => Some(entry.changed_references["member"].clone()),
        _ => None,
    });
    // The service may tell it or leave it to the deletion.
    let expected = ReferenceChanges { added: Vec::new(), removed: vec![dn_of_anchor("a1")] };
    assert!(told.is_none_or(|told| told == expected));
}

#[test]
fn one_member_of_a_large_group_is_one_request() {
    let mut bench = Bench::new();
    let users: Vec<ExportChange> = (0..45).map(|number| user(&format!("u{number}"), &format!("user{number}"))).collect();
    let anchors: Vec<Anchor> = bench
        .export(&users)
        .into_iter()
        .map(|outcome| match outcome {
            ExportOutcome::Success { anchor: Some(anchor), .. } => anchor,
            other => panic!("{other:?}"),
        })
        .collect();
    let members: Vec<ExportValue> =
        anchors.iter().enumerate().map(|(number, anchor)| to(&format!("u{number}"), anchor)).collect();
    let staff = bench.export_one(group("g1", &members[..44]));
    assert_eq!(
        bench.get(&format!("groups/{}/members?$select=id&$top=999", id_of(&staff)))["value"].as_array().unwrap().len(),
        44
    );
    let before = bench.requests().len();
    let change = ExportAttributeChange::Values { adds: vec![members[44].clone()], deletes: Vec::new() };
    bench.export_one(update("group", "g1", &staff, &[("member", change)]));
    assert_eq!(bench.requests().len() - before, 1);
    assert_eq!(
        bench.get(&format!("groups/{}/members?$select=id&$top=999", id_of(&staff)))["value"].as_array().unwrap().len(),
        45
    );
}

#[test]
fn an_unknown_target_is_unresolved_and_a_deleted_one_too() {
    let mut bench = Bench::new();
    let gone = Anchor(b"User_00000000-0000-0000-0000-000000000001".to_vec());
    let alice = bench.export_one(user("a1", "alice"));
    let outcomes = bench.export(&[
        group("g1", &[reference("nobody"), to("a1", &alice)]),
        group("g2", &[to("x", &gone), to("a1", &alice)]),
        ExportChange {
            attributes: user("b1", "bob")
                .attributes
                .into_iter()
                .chain([("manager".to_owned(), replace(&[to("x", &gone)]))])
                .collect(),
            ..user("b1", "bob")
        },
    ]);
    for (outcome, expected) in outcomes.iter().zip(["member", "member", "manager"]) {
        let ExportOutcome::Success { anchor: Some(_), unresolved, .. } = outcome else { panic!("{outcome:?}") };
        assert_eq!(unresolved, &[expected]);
    }
    let (items, _) = bench.import(ImportMode::Full);
    assert_eq!(values(entry(&items, "g1"), "member"), [dn_of_anchor("a1")]);
    assert_eq!(values(entry(&items, "g2"), "member"), [dn_of_anchor("a1")]);
}

#[test]
fn a_deleted_user_that_comes_back_is_restored() {
    let mut bench = Bench::new();
    let anchor = bench.export_one(user("a1", "alice"));
    bench.export_one(deletion("user", "a1", &anchor));
    assert_eq!(bench.objects("users", "onPremisesImmutableId").len(), 1);
    let mut back = user("a1", "alice");
    back.attributes.insert("title".into(), replace(&[text("Back")]));
    assert_eq!(bench.export_one(back), anchor);
    assert_eq!(bench.get(&format!("users/{}?$select=id,jobTitle", id_of(&anchor)))["jobTitle"], "Back");
    assert!(bench.writes().iter().any(|write| write.ends_with("/restore")), "{:?}", bench.writes());
}

#[test]
fn what_is_not_ours_is_not_deleted() {
    let mut bench = Bench::new();
    let planted = bench.seed(json!([
        { "objectType": "user", "attributes": { "userPrincipalName": "a@contoso.com", "displayName": "a", "alias": "a" } },
        { "objectType": "user", "sourceAnchor": "else", "attributes": { "userPrincipalName": "b@contoso.com", "displayName": "b", "alias": "b" } },
        { "objectType": "user", "sourceAnchor": "c", "onPremisesSyncEnabled": true,
          "attributes": { "userPrincipalName": "c@contoso.com", "displayName": "c", "alias": "c" } },
    ]));
    for (planted, source_anchor, words) in [(0, "a", "no source anchor"), (1, "b", "\"else\""), (2, "c", "Microsoft's own tool")]
        .map(|(place, source_anchor, words): (usize, _, _)| (&planted[place], source_anchor, words))
    {
        let (code, message) = bench.refused(deletion("user", source_anchor, &Anchor(planted.clone().into_bytes())));
        assert_eq!(code, "Deletion access violation");
        assert!(message.contains(words), "{message}");
    }
    assert_eq!(bench.objects("users", "onPremisesImmutableId").len(), 4);
}

#[test]
fn refusals_of_single_objects_spare_the_others() {
    let mut bench = Bench::new();
    bench.export_one(user("a1", "alice"));
    let mut taken = user("b1", "bob");
    taken.attributes.insert("userPrincipalName".into(), replace(&[text("bob smith@contoso.com")]));
    let mut long = user("c1", "carol");
    long.attributes.insert("displayName".into(), replace(&[text(&"x".repeat(300))]));
    let mut lists = group("d1", &[]);
    lists.attributes.insert("securityEnabled".into(), flag(false));
    let contact = change(ExportOperation::Add, "contact", "e1", &[("displayName", replace(&[text("E")]))]);
    let mut elsewhere = user("f1", "frank");
    elsewhere.attributes.insert("userPrincipalName".into(), replace(&[text("frank@corp.local")]));
    let outcomes = bench.export(&[taken, long, lists, contact, elsewhere, user("g1", "grace")]);
    let codes: Vec<String> = outcomes
        .iter()
        .map(|outcome| match outcome {
            ExportOutcome::Refused(error) => error.code.as_str().to_owned(),
            ExportOutcome::Success { warnings, .. } => {
                warnings.iter().map(|warning| warning.code.as_str().to_owned()).collect::<Vec<_>>().join(" ")
            }
            ExportOutcome::Transient(error) => panic!("{error:?}"),
        })
        .collect();
    assert_eq!(
        codes,
        [
            "IdentityDataValidationFailed",
            "constraint-violation",
            "target-cannot-store",
            "target-cannot-store",
            "UnverifiedDomain",
            ""
        ]
    );
    let users = bench.objects("users", "onPremisesImmutableId,userPrincipalName");
    assert_eq!(users["f1"]["userPrincipalName"], "frank@contoso.onmicrosoft.com");
}

#[test]
fn an_object_of_another_type_takes_the_place_of_the_old_one() {
    let mut bench = Bench::new();
    let old = bench.export_one(user("x1", "alice"));
    let new = group("x1", &[]);
    let change = ExportChange { operation: ExportOperation::DeleteAdd, anchor: Some(old), ..new };
    let anchor = bench.export_one(change);
    assert!(anchor.0.starts_with(b"Group_"));
    assert_eq!((bench.objects("users", "id").len(), bench.objects("groups", "id").len()), (1, 1));
}

#[test]
fn scenario_39_a_token_that_expired_asks_for_a_full_import() {
    let mut bench = Bench::new();
    let (_, watermark) = bench.import(ImportMode::Full);
    bench.clock.advance(SignedDuration::from_hours(24 * 8));
    let error = import(&mut bench.connector, ImportMode::Delta(watermark)).1.unwrap_err();
    assert_eq!(error.kind, ConnectorErrorKind::NoWatermark, "{error}");
    assert!(error.message.contains("run a full import"), "{error}");
    for watermark in [b"no json".to_vec(), b"{\"tokens\":{}}".to_vec(), b"{\"tokens\":{\"users\":\"x\"}}".to_vec()] {
        let error = import(&mut bench.connector, ImportMode::Delta(Watermark(watermark))).1.unwrap_err();
        assert_eq!(error.kind, ConnectorErrorKind::NoWatermark, "{error}");
    }
}

#[test]
fn a_tenant_of_microsofts_own_tool_is_not_written_to() {
    let mut bench = Bench::new();
    bench.control("POST", "seed", json!({ "organization": { "onPremisesSyncEnabled": true } }));
    let error = bench.connector.export(&[user("a1", "alice")], &CancelToken::default()).unwrap_err();
    assert_eq!(error.kind, ConnectorErrorKind::ExportDisabled);
    assert!(error.message.contains("--i-know"), "{error}");
    let mut knowing = Bench::with(|settings| settings.accept_synchronized = true);
    knowing.control("POST", "seed", json!({ "organization": { "onPremisesSyncEnabled": true } }));
    knowing.export_one(user("a1", "alice"));
}

#[test]
fn the_tenant_tells_of_itself() {
    let mut bench = Bench::new();
    let backend = bench.connector.backend();
    backend.check().unwrap();
    let facts = backend.facts().unwrap();
    assert_eq!((facts.synchronized, facts.unknown.as_slice()), (Some(false), [].as_slice()));
    assert_eq!(facts.domains, ["contoso.onmicrosoft.com", "contoso.com"]);
    assert_eq!(facts.tenant_id, bench.sandbox.tenant_id().to_string());
    assert_eq!(bench.connector.backend().attribute_capabilities().iter().filter(|row| row.object_type == "user").count(), 152);
}

#[test]
fn an_application_signs_in_with_its_certificate() {
    let bench = Bench::new();
    // The sandbox's own key will do as that of the application.
    let key = std::fs::read_to_string(bench.folder.path().join("signing-key.pem")).unwrap();
    let pair = rcgen::KeyPair::from_pem(&key).unwrap();
    let certificate = rcgen::CertificateParams::new(vec!["app".to_owned()]).unwrap().self_signed(&pair).unwrap().pem();
    bench.sandbox.add_client_certificate(&certificate).unwrap();
    let url = bench.sandbox.http_url();
    let mut settings =
        EntraSettings::new(&url, &bench.sandbox.tenant_id().to_string(), bench.sandbox.client_id(), "contoso.onmicrosoft.com");
    (settings.backend, settings.proof) = (BackendKind::Graph, Proof::Certificate);
    let open = |pem: String| EntraConnector::open_with(settings.clone(), SecretString::from(pem), bench.clock.clone());
    open(format!("{certificate}{key}")).unwrap().backend().check().unwrap();
    for pem in [certificate, key, "hush-hush".to_owned()] {
        let error = open(pem.clone()).unwrap_err();
        assert_eq!(error.kind, ConnectorErrorKind::Credentials, "{error}");
        assert!(!format!("{error:?}").contains(&pem));
    }
}

#[test]
fn a_role_that_is_missing_is_named_before_the_first_object() {
    let bench = Bench::new();
    let reads = ["Organization.Read.All", "Domain.Read.All", "Application.ReadWrite.OwnedBy"];
    let changes = [user("a", "a"), group("g", &[])];
    let cancel = CancelToken::default();
    let mut reader = bench.connect_with(&[&reads[..], &["User.Read.All", "Group.Read.All"]].concat());
    let error = reader.export(&changes, &cancel).unwrap_err();
    assert_eq!(error.kind, ConnectorErrorKind::Permission);
    for role in ["User.ReadWrite.All", "Group.ReadWrite.All"] {
        assert!(error.message.contains(&format!("give it the role {role}")), "{error}");
    }
    assert_eq!(bench.writes(), Vec::<String>::new());
    let rights: Vec<bool> = reader.backend().rights().into_iter().map(|(_, right)| right.is_ok()).collect();
    assert_eq!(rights, [false, false]);
    // Who may write users writes users.
    let mut half = bench.connect_with(&[&reads[..], &["User.ReadWrite.All", "Group.Read.All"]].concat());
    let outcomes: Vec<String> = half.export(&changes, &cancel).unwrap().iter().map(show).collect();
    assert!(outcomes[0].starts_with("success User_"), "{outcomes:?}");
    assert!(outcomes[1].starts_with("refused permission-issue: application "), "{outcomes:?}");
    assert_eq!(bench.writes(), ["POST users"]);
}

#[test]
fn everything_goes_by_the_proxy_that_is_set() {
    // Nobody listens at the tenant's address itself, and the sandbox takes what proxies are sent.
    let mut bench = Bench::with(|settings| {
        settings.proxy = Some(settings.base_url.clone());
        settings.base_url = "http://localhost:1".to_owned();
        settings.authority = "http://localhost:1".to_owned();
    });
    let anchor = bench.export_one(user("a1", "ann"));
    let (items, watermark) = bench.import(ImportMode::Full);
    assert_eq!(entry(&items, "a1").anchor, anchor);
    assert!(bench.import(ImportMode::Delta(watermark)).0.is_empty());
    // Without it there is no way.
    let mut direct = Bench::with(|settings| settings.base_url = "http://localhost:1".to_owned());
    let failed = direct.connector.export(&[user("a1", "ann")], &CancelToken::default());
    assert_eq!(failed.unwrap_err().kind, ConnectorErrorKind::Connection);
}
