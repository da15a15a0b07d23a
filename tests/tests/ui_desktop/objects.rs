use egui::{Key, Role};
use egui_kittest::kittest::{NodeT, Queryable};
use syncline::desktop::links;
use syncline_engine::model::ValueType;
use syncline_engine::service::ValueView;

use crate::fixture::{Fixture, objects};
use crate::support::*;

fn open_object(guid: uuid::Uuid) -> Window {
    let link = format!("syncline://cs/{guid}");
    assert!(links::parse(&link).is_ok());
    window_of(&Fixture::f1(), [1280.0, 800.0], Some(&link))
}

const BOB: &str = "Connector Space Object Properties - CN=Bob Baker";

#[test]
fn scenario_23_a_pending_import_shows_old_and_new() {
    let mut window = open_object(objects::BOB);
    assert!(reads(&window, "Modification type: update"));
    let all = rows_in(&window, BOB, "");
    assert_eq!(all[0], "displayName: Bob Baker -> Robert Baker (update)", "changed ones come first");
    assert!(all.contains(&"sAMAccountName: bob".to_owned()) && all.len() > 5);
    click(&mut window, Role::CheckBox, "Changed only");
    assert_eq!(rows_in(&window, BOB, ""), ["displayName: Bob Baker -> Robert Baker (update)"]);
}

#[test]
fn a_reference_opens_the_object_it_points_at() {
    let mut window = open_object(objects::BOB);
    inner(&window, BOB).get_by_role_and_label(Role::TextInput, "Filter").focus();
    window.run();
    inner(&window, BOB).get_by_role_and_label(Role::TextInput, "Filter").type_text("manager");
    window.run();
    let manager = objects::ad_dn("Alice Adams");
    let node = inner(&window, BOB).query_all_by_role_and_label(Role::Link, &manager).next().unwrap();
    node.click();
    window.run();
    assert!(has(&window, Role::Window, "Connector Space Object Properties - CN=Alice Adams"));
    assert!(has(&window, Role::Window, BOB), "both stay open");
    window.key_press(Key::Escape);
    window.run();
    assert!(!has(&window, Role::Window, "Connector Space Object Properties - CN=Alice Adams"));
    assert!(has(&window, Role::Window, BOB));
}

#[test]
fn a_pending_export_names_the_rule_behind_each_value() {
    let mut window = open_object(objects::BOB_CLOUD);
    let title = "Connector Space Object Properties - CN={bobbaker}";
    click(&mut window, Role::Tab, "Pending Export");
    assert!(reads(&window, "Modification type: add"));
    let values = rows_in(&window, title, "proxyAddresses");
    assert_eq!(values, ["proxyAddresses: -> SMTP:bob@contoso.com (add)", "proxyAddresses: -> smtp:b.baker@contoso.com (add)"]);
    assert_eq!(window.query_all_by_role_and_label(Role::Cell, "Out to AAD - User Identity").count(), 3);
    click(&mut window, Role::Tab, "Export Error");
    assert!(reads(&window, "AttributeValueMustBeUnique"));
}

#[test]
fn the_same_object_is_not_opened_twice() {
    let mut window = open_object(objects::BOB);
    click(&mut window, Role::Button, "Metaverse Object");
    let title = "Metaverse Object Properties - Bob Baker";
    inner(&window, title).get_by_role_and_label(Role::Tab, "Connectors").click();
    window.run();
    assert_eq!(rows_in(&window, title, "").len(), 2);
    double_click(&mut window, Role::Row, &format!("contoso.com: {}", objects::ad_dn("Bob Baker")));
    assert_eq!(window.query_all_by_role_and_label(Role::Window, BOB).count(), 1);
}

#[test]
fn what_is_missing_is_said_in_words() {
    let window = open_object(uuid::Uuid::from_u128(0xDEAD));
    let text = format!("No connector space object has the GUID {}", uuid::Uuid::from_u128(0xDEAD));
    assert!(reads(&window, &text));
}

#[test]
fn escape_closes_one_window_after_the_other() {
    let mut window = open_object(objects::BOB);
    click(&mut window, Role::Button, "Metaverse Object");
    let titles = ["Metaverse Object Properties - Bob Baker", BOB];
    for (closed, title) in titles.iter().enumerate() {
        assert!(has(&window, Role::Window, title), "{closed} closed");
        window.key_press(Key::Escape);
        window.run();
        assert!(!has(&window, Role::Window, title));
    }
}

#[test]
fn an_object_that_was_never_imported_opens_on_what_is_staged() {
    let window = open_object(objects::BOB_CLOUD);
    assert!(reads(&window, "Modification type: add"));
}

#[test]
fn what_is_pending_is_validated_against_the_schema() {
    use syncline_engine::service::SchemaFaultView;
    let fixture = Fixture::f1();
    let open = |guid: uuid::Uuid| window_of(&fixture, [1280.0, 800.0], Some(&format!("syncline://cs/{guid}")));
    let mut window = open(objects::BOB_CLOUD);
    click(&mut window, Role::Tab, "Pending Export");
    click(&mut window, Role::Button, "Validate object against schema");
    assert!(window.query_all_by_label_contains("fits the schema of \"contoso.onmicrosoft.com - AAD\"").next().is_some());
    let fault =
        SchemaFaultView { attribute: "jobTitle".into(), message: "An empty value is staged; directories refuse it.".into() };
    fixture.change(|state| state.schema_faults = vec![fault]);
    window.key_press(egui::Key::F5);
    window.run();
    assert!(window.query_all_by_label_contains("does not fit the schema").next().is_some());
    assert!(has(&window, Role::Row, "jobTitle: An empty value is staged; directories refuse it."));
}

#[test]
fn a_pending_attribute_leads_to_the_rules_that_write_it() {
    let mut window = open_object(objects::BOB_CLOUD);
    click(&mut window, Role::Tab, "Pending Export");
    let title = "Connector Space Object Properties - CN={bobbaker}";
    let row = rows_in(&window, title, "displayName").remove(0);
    double_click(&mut window, Role::Row, &row);
    assert!(has(&window, Role::Window, "Attribute Lineage - displayName of Bob Baker"));
    assert!(reads(&window, "Rules that flow to it, the winner first"));
}

#[test]
fn the_lineage_tells_the_kind_of_the_link_and_opens_its_rules() {
    let mut window = open_object(objects::ALICE);
    click(&mut window, Role::Tab, "Lineage");
    assert!(reads(&window, "Link: projection-rules since 2026-01-05 09:15:05"));
    assert!(has(&window, Role::Button, "Metaverse Object Properties"));
    double_click(&mut window, Role::Row, "Rule In from AD - User Join, Provision, PasswordSync False");
    assert!(window.query_all_by_role(Role::Window).count() > 1, "the rule opens beside the object");
}

#[test]
fn a_found_object_leads_to_its_identity() {
    let mut window = window_of(&Fixture::f1(), [1280.0, 800.0], Some("syncline://connector/contoso.com/search"));
    choose(&mut window, "Scope", "All");
    click_in(&mut window, "Search Connector Space - contoso.com", Role::Button, "Search");
    right_click(&mut window, Role::Row, &format!("CS {}", objects::ad_dn("Alice Adams")));
    click(&mut window, Role::Button, "Go to Metaverse Object");
    assert!(has(&window, Role::Window, "Metaverse Object Properties - Alice Adams"));
}

#[test]
fn a_value_is_shown_in_full_and_as_bytes() {
    let fixture = Fixture::f1();
    let long = "Engineer ".repeat(300);
    fixture.change(|state| {
        let bob = state.objects.iter_mut().find(|object| object.dn.starts_with("CN=Bob Baker")).unwrap();
        let pattern = bob.import.attributes[0].clone();
        let mut add = |name: &str, value_type, text: &str| {
            let mut attribute = pattern.clone();
            attribute.name = name.into();
            attribute.value_type = value_type;
            attribute.change = "none".into();
            let value = ValueView { text: text.into(), cs_target: None, mv_target: None, change: None };
            attribute.old = vec![value.clone()];
            attribute.new = vec![value];
            bob.import.attributes.insert(0, attribute);
        };
        add("objectGUID", ValueType::Binary, "MyIRAFVEd2aImaq7zN3u/w==");
        add("info", ValueType::String, &long);
    });
    let mut window = window_of(&fixture, [1280.0, 800.0], Some(&format!("syncline://cs/{}", objects::BOB)));
    right_click(&mut window, Role::Row, "objectGUID: MyIRAFVEd2aImaq7zN3u/w==");
    click(&mut window, Role::Button, "Show Value...");
    assert!(has(&window, Role::Window, "Value of objectGUID"));
    click_in(&mut window, "Value of objectGUID", Role::RadioButton, "GUID");
    let shown = |window: &Window| window.get_by_role_and_label(Role::MultilineTextInput, "Value").value().unwrap_or_default();
    assert_eq!(shown(&window), "00112233-4455-6677-8899-aabbccddeeff");
    click_in(&mut window, "Value of objectGUID", Role::RadioButton, "Hex");
    assert!(window.query_all_by_label_contains("33 22 11 00 55 44 77 66").next().is_some());
    inner(&window, "Value of objectGUID").get_by_role_and_label(Role::Button, "Copy").click();
    window.step();
    assert_eq!(clipboard(&window).as_deref(), Some("33221100554477668899aabbccddeeff"));
    click_in(&mut window, "Value of objectGUID", Role::Button, "Close");
    let row = window
        .query_all_by_role(Role::Row)
        .find_map(|node| node.accesskit_node().label().filter(|name| name.starts_with("info: ")));
    let row = row.unwrap();
    assert_eq!(row.len(), "info: ".len() + 1024, "names of rows are cut");
    double_click(&mut window, Role::Row, &row);
    assert_eq!(shown(&window).len(), 1024);
    click_in(&mut window, "Value of info", Role::Button, "Show all (2,700 characters)");
    assert_eq!(shown(&window), long);
}

#[test]
fn hits_of_a_search_lead_on_and_the_scope_is_remembered() {
    const SEARCH: &str = "Search Connector Space - contoso.com";
    let mut window = window(&Fixture::f1());
    tab(&mut window, "Connectors");
    let open = |window: &mut Window| {
        click(window, Role::Row, "Connector contoso.com, Active Directory Domain Services, Idle");
        click(window, Role::Button, "Search Connector Space...");
    };
    open(&mut window);
    click_in(&mut window, SEARCH, Role::Button, "Search");
    assert!(window.query_all_by_label_contains(" objects, 0.0 s").next().is_some());
    let carol = rows_in(&window, SEARCH, "CS CN=Carol").remove(0);
    right_click(&mut window, Role::Row, &carol);
    for (item, possible) in [("Go to Metaverse Object", false), ("Join...", true)] {
        let mut items = window.query_all_by_role_and_label(Role::Button, item);
        assert!(items.any(|node| node.accesskit_node().is_disabled() != possible), "{item}");
    }
    window.key_press(Key::Escape);
    window.run();
    choose(&mut window, "Scope", "Connector");
    click_in(&mut window, SEARCH, Role::Button, "Search");
    let alice = rows_in(&window, SEARCH, "CS CN=Alice").remove(0);
    right_click(&mut window, Role::Row, &alice);
    click(&mut window, Role::Button, "Go to Metaverse Object");
    assert!(has(&window, Role::Window, "Metaverse Object Properties - Alice Adams"));
    for _ in 0..2 {
        window.key_press(Key::Escape);
        window.run();
    }
    assert!(!has(&window, Role::Window, SEARCH));
    open(&mut window);
    assert_eq!(window.get_by_role_and_label(Role::ComboBox, "Scope").value().as_deref(), Some("Connector"));
}
