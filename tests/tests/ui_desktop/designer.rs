//! The Metaverse Designer: what there is, who uses it, changing it with checks.

use std::sync::Arc;

use egui::{Key, Role};
use egui_kittest::kittest::{NodeT, Queryable};

use crate::fixture::Fixture;
use crate::support::*;

fn designer(fixture: &Arc<Fixture>) -> Window {
    let mut window = window(fixture);
    tab(&mut window, "Metaverse Designer");
    window
}

fn select(window: &mut Window, attribute: &str) {
    click(window, Role::Row, &format!("Attribute {attribute}"));
}

#[track_caller]
fn write(window: &mut Window, title: &str, label: &str, text: &str) {
    let field = inner(window, title).get_by_role_and_label(Role::TextInput, label);
    field.focus();
    window.run();
    inner(window, title).get_by_role_and_label(Role::TextInput, label).type_text(text);
    window.run();
}

fn changes(fixture: &Fixture) -> Vec<String> {
    fixture.log().into_iter().filter(|line| line.starts_with("change metaverse schema")).collect()
}

#[test]
fn scenario_31_the_designer_shows_the_flows_by_precedence_and_refuses_what_rules_use() {
    let fixture = Fixture::f1();
    let mut window = designer(&fixture);
    assert_eq!(rows(&window, "Type "), ["Type device", "Type group", "Type person"]);
    assert!(is_disabled(&window, "Configure Attribute Flow Precedence"));
    assert!(is_disabled(&window, "Remove Attribute"));
    select(&mut window, "displayName");
    click(&mut window, Role::Button, "Configure Attribute Flow Precedence");
    assert_eq!(rows(&window, "Flow "), ["Flow 1: In from AD - User Common, precedence 106"]);
    let title = "Attribute Flow Precedence - displayName";
    click_in(&mut window, title, Role::Tab, "Used By (1)");
    assert_eq!(rows_in(&window, title, "Use by"), ["Use by In from AD - User Common, precedence 106"]);
    click_in(&mut window, title, Role::Row, "Use by In from AD - User Common, precedence 106");
    click_in(&mut window, title, Role::Button, "Close");
    click(&mut window, Role::Button, "Remove Attribute");
    assert!(has(&window, Role::Dialog, "Remove Attribute"));
    assert!(reads(&window, "The attribute \"displayName\" of person cannot go: 1 rule uses it, switched on or not."));
    assert!(!has(&window, Role::Button, "Remove"));
    click(&mut window, Role::Link, "In from AD - User Common");
    assert!(!has(&window, Role::Dialog, "Remove Attribute"));
    assert!(changes(&fixture).is_empty());
    assert!(has(&window, Role::Window, "Synchronization Rule - In from AD - User Common"));
}

#[test]
fn scenario_32_a_name_that_is_too_long_is_refused_beside_its_field() {
    let fixture = Fixture::f1();
    let mut window = designer(&fixture);
    click(&mut window, Role::Button, "Add Attribute...");
    let title = "Add Attribute - person";
    let ok = |window: &Window| !inner(window, title).get_by_role_and_label(Role::Button, "OK").accesskit_node().is_disabled();
    assert!(!ok(&window));
    write(&mut window, title, "Name", &"a".repeat(129));
    assert!(reads(&window, "Attribute names have at most 128 characters"));
    assert!(!ok(&window));
    window.key_press(Key::Backspace);
    window.run();
    assert!(ok(&window));
    let indexed =
        |window: &Window| inner(window, title).get_by_role_and_label(Role::CheckBox, "Indexed").accesskit_node().is_disabled();
    assert!(!indexed(&window));
    choose(&mut window, "Type", "Boolean");
    assert!(indexed(&window));
}

#[test]
fn an_attribute_is_added_edited_and_removed() {
    let fixture = Fixture::f1();
    let mut window = designer(&fixture);
    click(&mut window, Role::Button, "Add Attribute...");
    let title = "Add Attribute - person";
    write(&mut window, title, "Name", "displayname");
    assert!(reads(&window, "An attribute named \"displayName\" already exists; choose it under Existing attribute"));
    for _ in 0..11 {
        window.key_press(Key::Backspace);
    }
    write(&mut window, title, "Name", "shoeSize");
    click_in(&mut window, title, Role::CheckBox, "Indexed");
    click_in(&mut window, title, Role::Button, "OK");
    assert!(!has(&window, Role::Window, title));
    assert!(reads(&window, "Attribute \"shoeSize\" was added to person."));
    select(&mut window, "shoeSize");
    click(&mut window, Role::Button, "Edit Attribute...");
    let title = "Edit Attribute - shoeSize";
    assert!(reads(&window, "Nothing was changed"));
    click_in(&mut window, title, Role::CheckBox, "Indexed");
    click_in(&mut window, title, Role::Button, "OK");
    click(&mut window, Role::Button, "Remove Attribute");
    assert!(reads(&window, "Remove attribute \"shoeSize\" of person?"));
    click(&mut window, Role::Button, "Remove");
    assert!(reads(&window, "Attribute \"shoeSize\" was removed from person."));
    assert!(!has(&window, Role::Row, "Attribute shoeSize"));
    assert_eq!(changes(&fixture).len(), 3);
}

#[test]
fn what_has_values_is_changed_as_far_as_it_can_be() {
    let fixture = Fixture::f1();
    let mut window = designer(&fixture);
    select(&mut window, "title");
    click(&mut window, Role::Button, "Edit Attribute...");
    let title = "Edit Attribute - title";
    let disabled =
        |label: &str| inner(&window, title).get_by_role_and_label(Role::CheckBox, label).accesskit_node().is_disabled();
    assert!(disabled("Multi-value") && !disabled("Indexed"));
    assert!(reads(&window, "Objects hold values of it; only Indexed can be changed"));
    click_in(&mut window, title, Role::Button, "Cancel");
    click(&mut window, Role::Row, "Type group");
    select(&mut window, "member");
    click(&mut window, Role::Button, "Remove Attribute");
    let refused = "Attribute \"member\" of group: 3 objects hold it; a full synchronization takes away values that no rule gives";
    assert!(reads(&window, refused));
    assert!(is_disabled(&window, "Remove"));
}

#[test]
fn object_types_come_and_go() {
    let fixture = Fixture::f1();
    let mut window = designer(&fixture);
    click(&mut window, Role::Button, "Delete Object Type");
    assert!(has(&window, Role::Link, "In from AD - User Join"));
    click(&mut window, Role::Button, "Close");
    click(&mut window, Role::Button, "Create Object Type...");
    let title = "Create Object Type";
    write(&mut window, title, "Name", "Person");
    assert!(reads(&window, "An object type named \"person\" already exists"));
    write(&mut window, title, "Name", "nel");
    write(&mut window, title, "Filter the attributes", "mai");
    click_in(&mut window, title, Role::CheckBox, "mail");
    click_in(&mut window, title, Role::Button, "OK");
    assert_eq!(changes(&fixture), ["change metaverse schema: CreateType { name: \"Personnel\", attributes: [\"mail\"] }"]);
    click(&mut window, Role::Row, "Type Personnel");
    click(&mut window, Role::Button, "Delete Object Type");
    click(&mut window, Role::Button, "Remove");
    assert!(reads(&window, "Object type \"Personnel\" was deleted."));
    click(&mut window, Role::Button, "Configure Object Deletion Rule");
    assert_eq!(rows(&window, "Use by"), ["Use by In from AD - User Join, precedence 100"]);
}

#[test]
fn a_rule_is_begun_for_an_attribute() {
    let fixture = Fixture::f1();
    let mut window = designer(&fixture);
    select(&mut window, "givenName");
    click(&mut window, Role::Button, "Create Rule for Attribute...");
    let title = "Create inbound synchronization rule";
    assert!(has(&window, Role::Window, title));
    let row = rows_in(&window, title, "givenName");
    assert_eq!(row, ["givenName <- givenName"]);
}

#[test]
fn nothing_is_changed_while_a_run_goes_on() {
    let fixture = Fixture::f1();
    let mut window = designer(&fixture);
    syncline::desktop::backend::Backend::start_run(&*fixture, "contoso.com", "Full Import").unwrap();
    window.run_steps(4);
    for action in ["Create Object Type...", "Delete Object Type", "Add Attribute..."] {
        assert!(is_disabled(&window, action), "{action}");
    }
}
