use super::{FOREST, TENANT, World, guid, link};
use crate::model::{Image, MvId, Value};
use crate::rules::{Direction, LinkType};
use crate::service::queries::metaverse::{object, schema, search};
use crate::service::{EngineError, MvSearch, SearchClause, SearchOperator, ValueView};

fn clause(attribute: &str, operator: SearchOperator, value: &str) -> SearchClause {
    SearchClause { attribute: attribute.to_owned(), operator, value: value.to_owned() }
}

fn wanted(object_type: Option<&str>, clauses: Vec<SearchClause>, text: &str) -> MvSearch {
    let object_type = object_type.map(str::to_owned);
    MvSearch { object_type, clauses, text: text.to_owned(), limit: 100, ..MvSearch::default() }
}

/// Ada, Bob and Öle are persons, Staff a group whose member is Ada; keys are kept for mail.
fn world() -> World {
    let mut world = World::new();
    let keys = ["mail"];
    world.mv("person", &[("displayName", &["bob"]), ("mail", &["BOB@x.com"]), ("department", &["Sales"])], &keys);
    let mut ada = world.image(&[("displayName", &["Ada"]), ("mail", &["ada@x.com"]), ("proxyAddresses", &["SMTP:a", "smtp:b"])]);
    let (enabled, number, photo) =
        (world.attribute("accountEnabled"), world.attribute("cloudMSExchRecipientDisplayType"), world.attribute("objectSid"));
    ada.set_one(enabled, Value::Boolean(true));
    ada.set_one(number, Value::Integer(512));
    ada.set_one(photo, Value::binary([1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 32, 2, 0, 0]));
    let ada = world.mv_of("person", ada, &keys);
    world.mv("person", &[("displayName", &["Öle 100%"]), ("department", &["sales north"])], &keys);
    let mut staff = world.image(&[("displayName", &["Staff"])]);
    let member = world.attribute("member");
    staff.set_one(member, Value::Reference(ada.0));
    world.mv_of("group", staff, &keys);
    world
}

#[test]
fn searches_find_what_all_clauses_ask_in_order_of_name() {
    use SearchOperator::{Contains, EndsWith, Equals, IsNotPresent, IsPresent, NotContains, StartsWith};
    let world = world();
    let check = |search_for: MvSearch, expected: &[&str]| {
        let page = search(&world.reader(), &world.context(), &search_for).unwrap();
        let names: Vec<&str> = page.rows.iter().map(|hit| hit.display_name.as_str()).collect();
        assert_eq!((names.as_slice(), page.total), (expected, expected.len() as u64), "{search_for:?}");
    };
    let all = ["Ada", "bob", "Staff", "Öle 100%"];
    check(wanted(None, vec![], ""), &all);
    check(wanted(Some("PERSON"), vec![], ""), &["Ada", "bob", "Öle 100%"]);
    check(wanted(None, vec![], " ADA "), &["Ada"]);
    check(wanted(None, vec![], "öLE"), &["Öle 100%"]);
    check(wanted(None, vec![], "%"), &["Öle 100%"]);
    check(wanted(None, vec![], "' OR 1=1 --"), &[]);
    check(wanted(None, vec![], &guid(3).to_string()), &["bob"]);
    let one = |attribute: &str, operator, value: &str| wanted(None, vec![clause(attribute, operator, value)], "");
    check(one("mail", Equals, "Bob@X.com"), &["bob"]);
    check(one("department", Equals, "SALES"), &["bob"]);
    check(one("department", StartsWith, "sales"), &["bob", "Öle 100%"]);
    check(one("department", EndsWith, "NORTH"), &["Öle 100%"]);
    check(one("department", Contains, "les"), &["bob", "Öle 100%"]);
    check(one("department", NotContains, "north"), &["Ada", "bob", "Staff"]);
    check(one("proxyAddresses", Equals, "smtp:B"), &["Ada"]);
    check(one("department", IsPresent, ""), &["bob", "Öle 100%"]);
    check(one("mail", IsNotPresent, ""), &["Staff", "Öle 100%"]);
    check(one("accountEnabled", Equals, "true"), &["Ada"]);
    check(one("accountEnabled", Equals, "False"), &[]);
    check(one("cloudMSExchRecipientDisplayType", Equals, "512"), &["Ada"]);
    check(one("cloudMSExchRecipientDisplayType", Equals, "51"), &[]);
    check(one("objectSid", Equals, "S-1-5-32-544"), &["Ada"]);
    check(one("member", IsPresent, ""), &["Staff"]);
    check(one("member", IsNotPresent, ""), &["Ada", "bob", "Öle 100%"]);
    check(one("member", Equals, &guid(4).to_string()), &["Staff"]);
    check(one("member", Equals, &guid(3).to_string()), &[]);
    check(one("manager", IsPresent, ""), &[]);
    check(one("manager", IsNotPresent, ""), &all);
    let two = vec![clause("department", Contains, "sales"), clause("mail", Equals, "bob@x.com")];
    check(wanted(Some("person"), two.clone(), "bob"), &["bob"]);
    check(wanted(Some("group"), two, ""), &[]);
    let any = |clauses| MvSearch { any: true, ..wanted(None, clauses, "") };
    check(any(vec![clause("mail", Equals, "ada@x.com"), clause("department", Contains, "north")]), &["Ada", "Öle 100%"]);
    check(any(vec![clause("member", IsPresent, ""), clause("mail", Equals, "bob@x.com")]), &["bob", "Staff"]);
    check(any(vec![clause("mail", Equals, "bob@x.com")]), &["bob"]);
    check(any(vec![]), &all);
    let exact = |search: MvSearch| MvSearch { case_sensitive: true, ..search };
    check(exact(one("displayName", StartsWith, "a")), &[]);
    check(exact(one("displayName", StartsWith, "A")), &["Ada"]);
    check(exact(one("mail", Equals, "bob@x.com")), &[]);
    check(exact(one("mail", Equals, "BOB@x.com")), &["bob"]);
    check(exact(one("displayName", NotContains, "B")), &all);
    let backwards: Vec<&str> = all.iter().rev().copied().collect();
    check(MvSearch { reversed: true, ..wanted(None, vec![], "") }, &backwards);
}

#[test]
fn rows_show_the_attributes_that_were_asked_for() {
    let mut world = World::new();
    world.mv("person", &[("displayName", &["Ada"]), ("proxyAddresses", &["smtp:a@x", "smtp:b@x"])], &[]);
    let columns = ["PROXYaddresses", "department"].map(str::to_owned).to_vec();
    let page = search(&world.reader(), &world.context(), &MvSearch { columns, ..wanted(None, vec![], "") }).unwrap();
    let shown = &page.rows[0].attributes;
    assert_eq!(shown.get("PROXYaddresses").map(String::as_str), Some("smtp:a@x; smtp:b@x"));
    assert_eq!((shown.get("department"), shown.get("displayName").map(String::as_str)), (None, Some("Ada")));
}

#[test]
fn pages_hold_their_part_and_the_exact_total() {
    let mut world = World::new();
    for number in 0..25 {
        let team: &[&str] = if number % 2 == 0 { &["even"] } else { &["odd"] };
        world.mv("person", &[("displayName", &[&format!("u{number:02}")]), ("department", team)], &[]);
    }
    let page = |offset, limit| {
        let clauses = vec![clause("department", SearchOperator::Equals, "even")];
        let found = search(&world.reader(), &world.context(), &MvSearch { offset, limit, ..wanted(None, clauses, "") }).unwrap();
        (found.rows.iter().map(|hit| hit.display_name.clone()).collect::<Vec<_>>(), found.total)
    };
    assert_eq!(page(0, 2), (vec!["u00".into(), "u02".into()], 13));
    assert_eq!(page(12, 5), (vec!["u24".into()], 13));
    assert_eq!(page(13, 5), (vec![], 13));
}

#[test]
fn names_are_found_through_the_connector_spaces_too() {
    let mut world = world();
    world.cs(TENANT, "CN=Ada,DC=x", |object| object.mv = Some(MvId(2)));
    let clauses = vec![clause("member", SearchOperator::Equals, "cn=ada, dc=X")];
    let page = search(&world.reader(), &world.context(), &wanted(None, clauses, "")).unwrap();
    assert_eq!(page.rows.iter().map(|hit| hit.display_name.as_str()).collect::<Vec<_>>(), ["Staff"]);
}

#[test]
fn questions_that_do_not_fit_the_schema_are_refused() {
    use SearchOperator::{Contains, Equals};
    let world = world();
    let check = |search_for: MvSearch, expected: &str| {
        let error = search(&world.reader(), &world.context(), &search_for).unwrap_err();
        assert!(matches!(&error, EngineError::Invalid(text) if text.contains(expected)), "{error}");
    };
    check(wanted(Some("robot"), vec![], ""), "person");
    check(wanted(None, vec![clause("nonsense", Equals, "x")], ""), "nonsense");
    check(wanted(None, vec![clause("accountEnabled", Equals, "maybe")], ""), "True or False");
    check(wanted(None, vec![clause("cloudMSExchRecipientDisplayType", Equals, "5x")], ""), "whole number");
    check(wanted(None, vec![clause("accountEnabled", Contains, "t")], ""), "Contains");
    check(wanted(None, vec![clause("member", Equals, "nobody")], ""), "distinguished name");
}

#[test]
fn an_object_without_a_display_name_is_known_by_another_name() {
    let check = |values: &[(&str, &[&str])], expected: &str| {
        let mut world = World::new();
        world.mv("person", values, &[]);
        let page = search(&world.reader(), &world.context(), &wanted(None, vec![], "")).unwrap();
        assert_eq!(page.rows[0].display_name, expected);
    };
    check(&[("mail", &["m@x"]), ("cn", &["Common"])], "Common");
    check(&[("mail", &["m@x"])], "m@x");
    check(&[], &guid(3).to_string());
}

#[test]
fn an_object_shows_attributes_lineage_and_connectors() {
    let mut world = World::new();
    let rule = world.rule("In from AD", 10, Direction::Inbound, FOREST, &["mail"]);
    let boss = world.mv("person", &[("displayName", &["Boss"])], &[]);
    let mut image = world.image(&[("displayName", &["Ada"]), ("mail", &["ada@x"]), ("proxyAddresses", &["a", "b"])]);
    let manager = world.attribute("manager");
    image.set_one(manager, Value::Reference(boss.0));
    let ada = world.mv_of("person", image, &[]);
    let ada_guid = guid(world.objects);
    world.named_cs(TENANT, "CN=t", "In the tenant", |object| object.mv = Some(ada));
    let source = world.cs(FOREST, "CN=b", |object| {
        object.mv = Some(ada);
        object.link_rules = vec![link(rule, Direction::Inbound, LinkType::Provision)];
    });
    let source_guid = guid(world.objects);
    world.cs(FOREST, "CN=a", |object| object.mv = Some(ada));
    world.contribute(ada, "mail", source, rule);
    let view = object(&world.reader(), &world.context(), ada_guid).unwrap();
    assert_eq!((view.hit.display_name.as_str(), view.hit.connectors), ("Ada", 3));
    assert_eq!(view.hit.attributes.get("mail").map(String::as_str), Some("ada@x"));
    let names: Vec<&str> = view.attribute_details.iter().map(|attribute| attribute.name.as_str()).collect();
    assert_eq!(names, ["displayName", "mail", "manager", "proxyAddresses"]);
    let mail = &view.attribute_details[1];
    assert_eq!((mail.connector.as_str(), mail.rule.as_str(), mail.cs_guid), ("contoso.com", "In from AD", Some(source_guid)));
    assert_eq!((mail.time, mail.count), (Some(super::time(40)), 1));
    let shown = ValueView { text: "Boss".into(), cs_target: None, mv_target: Some(guid(3)), change: None };
    assert_eq!(view.attribute_details[2].values, [shown]);
    let manager = &view.attribute_details[2];
    assert_eq!((manager.connector.as_str(), manager.rule.as_str(), manager.cs_guid), ("", "", None));
    let connectors: Vec<String> =
        view.connector_details.iter().map(|row| format!("{} {} {}", row.connector_name, row.hit.dn, row.lineage.len())).collect();
    assert_eq!(connectors, ["contoso.com CN=a 0", "contoso.com CN=b 1", "contoso.onmicrosoft.com - AAD CN=t 0"]);
    assert!(matches!(object(&world.reader(), &world.context(), guid(77_777)), Err(EngineError::UnknownObject { .. })));
}

#[test]
fn a_large_group_shows_its_first_members_and_their_number() {
    let mut world = World::new();
    let members: Vec<MvId> =
        (0..250).map(|number| world.mv("person", &[("displayName", &[&format!("m{number:03}")])], &[])).collect();
    let member = world.attribute("member");
    let mut image = Image::new();
    image.set(member, members.iter().map(|id| Value::Reference(id.0)).collect());
    world.mv_of("group", image, &[]);
    let view = object(&world.reader(), &world.context(), guid(world.objects)).unwrap();
    let member = &view.attribute_details[0];
    assert_eq!((member.count, member.values.len(), member.values[199].text.as_str()), (250, 200, "m199"));
}

#[test]
fn the_schema_lists_inbound_flows_winner_first() {
    let mut world = world();
    world.rule("second", 20, Direction::Inbound, TENANT, &["mail", "displayName"]);
    world.changed_rule("first", 10, Direction::Inbound, FOREST, &["MAIL"], |rule| rule.enabled = false);
    world.changed_rule("any type", 30, Direction::Inbound, FOREST, &["mail"], |rule| rule.metaverse_object_type = "*".into());
    world.rule("outbound", 5, Direction::Outbound, FOREST, &["mail"]);
    let types = schema(&world.reader(), &world.context()).unwrap();
    let names: Vec<(&str, u64)> = types.iter().map(|view| (view.name.as_str(), view.objects)).collect();
    assert_eq!(names, [("device", 0), ("group", 1), ("person", 3)]);
    let flows = |object_type: usize, attribute: &str| -> Vec<String> {
        let attribute = types[object_type].attributes.iter().find(|view| view.name == attribute).unwrap();
        attribute
            .import_flows
            .iter()
            .map(|flow| {
                format!(
                    "{} {} {} {} {} {}",
                    flow.precedence, flow.rule, flow.connector, flow.flow_type, flow.source, flow.enabled
                )
            })
            .collect()
    };
    assert_eq!(
        flows(2, "mail"),
        [
            "10 first contoso.com Direct MAIL false",
            "20 second contoso.onmicrosoft.com - AAD Direct mail true",
            "30 any type contoso.com Direct mail true",
        ]
    );
    assert_eq!(flows(1, "mail"), ["30 any type contoso.com Direct mail true"]);
    let ordered = types[2].attributes.windows(2).all(|pair| pair[0].name.to_lowercase() < pair[1].name.to_lowercase());
    assert!(ordered && types[2].attributes.len() > 100);
}
