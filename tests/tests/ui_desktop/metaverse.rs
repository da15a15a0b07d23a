use egui::{Key, Modifiers, Role};
use egui_kittest::kittest::{NodeT, Queryable};

use crate::fixture::Fixture;
use crate::support::*;

fn search_window() -> Window {
    let mut window = window(&Fixture::f1());
    tab(&mut window, "Metaverse Search");
    window
}

/// The button of the card, not the one of the Actions pane.
fn add_clause(window: &mut Window) {
    let button =
        window.query_all_by_role_and_label(Role::Button, "Add Clause").min_by_key(|node| node.rect().left() as i32).unwrap();
    button.click();
    window.run();
}

#[test]
fn scenario_27_a_search_finds_the_identity_and_shows_who_contributed() {
    let mut window = search_window();
    assert!(reads(&window, "Click Search to list objects."));
    add_clause(&mut window);
    window.get_by_role_and_label(Role::TextInput, "Value 1").focus();
    window.run();
    window.get_by_role_and_label(Role::TextInput, "Value 1").type_text("Ali");
    window.run();
    window.key_press_modifiers(Modifiers::COMMAND, Key::Enter);
    window.run();
    assert_eq!(rows(&window, "MV "), ["MV Alice Adams"]);
    assert!(reads(&window, "1 object found"));
    double_click(&mut window, Role::Row, "MV Alice Adams");
    let title = "Metaverse Object Properties - Alice Adams";
    let attributes = inner(&window, title);
    assert!(attributes.query_all_by_role_and_label(Role::Row, "displayName: Alice Adams").next().is_some());
    assert!(attributes.query_all_by_role_and_label(Role::Link, "contoso.com").next().is_some());
    assert!(attributes.query_all_by_role_and_label(Role::Cell, "In from AD - User Common").next().is_some());
}

#[test]
fn scenario_28_operators_and_editor_follow_the_attribute() {
    let mut window = search_window();
    add_clause(&mut window);
    choose(&mut window, "Attribute 1", "accountEnabled");
    click(&mut window, Role::ComboBox, "Operator 1");
    for (operator, there) in
        [("Equals", true), ("Is present", true), ("Is not present", true), ("Starts with", false), ("Contains", false)]
    {
        assert_eq!(has(&window, Role::Button, operator), there, "{operator}");
    }
    window.key_press(Key::Escape);
    window.run();
    assert!(has(&window, Role::ComboBox, "Value 1"));
}

#[test]
fn a_clause_without_a_value_cannot_be_searched() {
    let mut window = search_window();
    add_clause(&mut window);
    assert!(window.query_all_by_role_and_label(Role::Button, "Search").all(|node| node.accesskit_node().is_disabled()));
    choose(&mut window, "Operator 1", "Is present");
    assert!(window.query_all_by_role_and_label(Role::Button, "Search").all(|node| !node.accesskit_node().is_disabled()));
    assert!(!has(&window, Role::TextInput, "Value 1"));
}

#[test]
fn objects_with_the_same_value_are_found_from_a_value() {
    let mut window =
        window_of(&Fixture::f1(), [1280.0, 800.0], Some(&format!("syncline://mv/{}", crate::fixture::objects::BOB_MV)));
    right_click(&mut window, Role::Row, "mail: bob@contoso.com");
    click(&mut window, Role::Button, "Find Objects With This Value");
    window.key_press(egui::Key::Escape);
    window.run();
    assert_eq!(rows(&window, "MV "), ["MV Bob Baker"]);
    assert_eq!(window.get_by_role_and_label(Role::TextInput, "Value 1").value().as_deref(), Some("bob@contoso.com"));
}

#[test]
fn all_conditions_must_hold_or_any_is_enough() {
    let mut window = search_window();
    for (number, text) in [(1, "Ali"), (2, "Bob")] {
        add_clause(&mut window);
        type_into(&mut window, &format!("Value {number}"), text);
    }
    window.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::Enter);
    window.run();
    assert!(rows(&window, "MV ").is_empty(), "nobody is called both");
    click(&mut window, Role::RadioButton, "Any is enough");
    window.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::Enter);
    window.run();
    assert_eq!(rows(&window, "MV "), ["MV Alice Adams", "MV Bob Baker"]);
}

#[test]
fn scenario_30_from_the_identity_to_the_rules_of_its_cloud_object() {
    let mut window = search_window();
    window.key_press_modifiers(Modifiers::COMMAND, Key::Enter);
    window.run();
    double_click(&mut window, Role::Row, "MV Alice Adams");
    let title = "Metaverse Object Properties - Alice Adams";
    inner(&window, title).get_by_role_and_label(Role::Tab, "Connectors").click();
    window.run();
    let joined = rows_in(&window, title, "contoso");
    assert_eq!(joined.len(), 2);
    double_click(&mut window, Role::Row, "contoso.onmicrosoft.com - AAD: CN={aliceadams}");
    click(&mut window, Role::Tab, "Lineage");
    assert!(has(&window, Role::Row, "Rule Out to AAD - User Join, Provision, PasswordSync True"));
}

#[test]
fn two_objects_are_compared_attribute_by_attribute() {
    let mut window = search_window();
    window.key_press_modifiers(Modifiers::COMMAND, Key::Enter);
    window.run();
    assert!(is_disabled(&window, "Compare..."), "nothing is selected");
    click(&mut window, Role::Row, "MV Alice Adams");
    window.key_press_modifiers(Modifiers::COMMAND, Key::A);
    window.run();
    click(&mut window, Role::Button, "Compare...");
    let title = "Compare - Alice Adams and Bob Baker";
    let before = rows_in(&window, title, "");
    assert!(before[0].contains(" | "), "differences first: {before:?}");
    assert!(before.iter().any(|row| row == "displayName: Alice Adams | Bob Baker (different)"), "{before:?}");
    assert!(before.iter().any(|row| !row.contains(" | ")), "what is the same is there: {before:?}");
    click(&mut window, Role::CheckBox, "Differences only");
    let after = rows_in(&window, title, "");
    assert!(after.len() < before.len() && after.iter().all(|row| row.contains(" | ")), "{after:?}");
}

#[test]
fn an_object_is_compared_with_one_that_is_looked_for() {
    let link = format!("syncline://mv/{}", crate::fixture::objects::ALICE_MV);
    let mut window = window_of(&Fixture::f1(), [1280.0, 800.0], Some(&link));
    click(&mut window, Role::Button, "Compare...");
    let title = "Compare - Alice Adams";
    type_into(&mut window, "Search the metaverse", "bob");
    click_in(&mut window, title, Role::Button, "Search");
    click_in(&mut window, title, Role::Row, "MV Bob Baker");
    click_in(&mut window, title, Role::Button, "Compare");
    assert!(has(&window, Role::Window, "Compare - Alice Adams and Bob Baker"));
    assert!(has(&window, Role::Row, "displayName: Alice Adams | Bob Baker (different)"));
}

#[test]
fn the_rule_behind_a_value_opens_from_the_value() {
    let link = format!("syncline://mv/{}", crate::fixture::objects::BOB_MV);
    let mut window = window_of(&Fixture::f1(), [1280.0, 800.0], Some(&link));
    right_click(&mut window, Role::Row, "mail: bob@contoso.com");
    assert!(has(&window, Role::Button, "Who Could Contribute?"));
    click(&mut window, Role::Button, "Show Rule");
    assert!(window.query_all_by_label_contains("In from AD - User Common").next().is_some());
}
