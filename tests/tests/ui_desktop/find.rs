//! Find anything, and the way back and forward through objects.

use egui::{Key, Modifiers, Role};
use egui_kittest::kittest::Queryable;

use crate::fixture::{AD_NAME, Fixture, objects};
use crate::support::*;

fn find(window: &mut Window, text: &str) {
    window.key_press_modifiers(Modifiers::COMMAND, Key::K);
    window.run();
    window.get_by_role_and_label(Role::TextInput, "Find anything").type_text(text);
    window.run();
}

fn found(window: &Window) -> Vec<String> {
    use egui_kittest::kittest::NodeT;
    window.query_all_by_role(Role::ListBoxOption).filter_map(|node| node.accesskit_node().label()).collect()
}

const BOB: &str = "Connector Space Object Properties - CN=Bob Baker";

#[test]
fn scenario_37_everything_is_found_from_one_field() {
    let mut window = window(&Fixture::f1());
    find(&mut window, "bob");
    let hits = found(&window);
    assert_eq!(hits[0], "Metaverse: Bob Baker");
    assert_eq!(hits.iter().filter(|hit| *hit == "Connector space: Bob Baker").count(), 1);
    window.key_press(Key::ArrowDown);
    window.key_press(Key::Enter);
    window.run();
    assert!(has(&window, Role::Window, BOB), "the second hit is opened");
    assert!(!has(&window, Role::TextInput, "Find anything"));

    find(&mut window, "User Common");
    assert_eq!(found(&window), ["Rule: In from AD - User Common"]);
    window.key_press(Key::Enter);
    window.run();
    let title = "Synchronization Rule - In from AD - User Common";
    assert!(rows_in(&window, title, "displayName").contains(&"displayName <- displayName".to_owned()));
    click(&mut window, Role::Tab, "Scoping Filter");
    assert!(reads(&window, "adminDescription NOTSTARTSWITH User_"));
}

#[test]
fn connectors_runs_and_links_are_found_too() {
    let mut window = window(&Fixture::f1());
    find(&mut window, "contoso.com");
    click(&mut window, Role::ListBoxOption, &format!("Connector: {AD_NAME}"));
    assert!(has(&window, Role::Button, "Search Connector Space..."), "the Connectors tab is shown");
    assert!(!is_disabled(&window, "Search Connector Space..."), "the connector is selected");
    find(&mut window, "run 3");
    assert_eq!(found(&window), ["Run: Run 3: Full Synchronization"]);
    window.key_press(Key::Escape);
    window.run();
    find(&mut window, &format!("syncline://cs/{}", objects::BOB));
    window.key_press(Key::Enter);
    window.run();
    assert!(has(&window, Role::Window, BOB));
}

#[test]
fn nothing_found_and_a_failure_are_said() {
    let fixture = Fixture::f1();
    let mut window = window(&fixture);
    find(&mut window, "zzzz");
    assert!(reads(&window, "Nothing is found."));
    fixture.change(|state| state.broken = Some("the disk is gone".into()));
    window.get_by_role_and_label(Role::TextInput, "Find anything").type_text("y");
    window.run();
    assert!(reads(&window, "The disk is gone"));
}

#[test]
fn the_way_leads_back_and_forward_and_is_remembered() {
    let mut window = window_of(&Fixture::f1(), [1280.0, 800.0], Some(&format!("syncline://cs/{}", objects::BOB)));
    click(&mut window, Role::Button, "Metaverse Object");
    let identity = "Metaverse Object Properties - Bob Baker";
    window.key_press(Key::Escape);
    window.run();
    assert!(!has(&window, Role::Window, identity));
    window.key_press_modifiers(Modifiers::ALT, Key::ArrowLeft);
    window.run();
    window.key_press_modifiers(Modifiers::ALT, Key::ArrowRight);
    window.run();
    assert!(has(&window, Role::Window, identity), "what was closed is opened again");
    window.key_press_modifiers(Modifiers::COMMAND, Key::K);
    window.run();
    assert_eq!(found(&window), ["Metaverse: Bob Baker".to_owned(), format!("Connector space: {}", objects::ad_dn("Bob Baker"))]);
}
