use egui::{Key, Role};
use egui_kittest::kittest::Queryable;
use syncline::desktop::links;

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
    right_click(&mut window, Role::Row, &format!("CS {}", objects::ad_dn("Carol Clark")));
    click(&mut window, Role::Button, "Go to Metaverse Object");
    assert!(window.query_all_by_label("The object is not linked to the metaverse.").next().is_some());
}
