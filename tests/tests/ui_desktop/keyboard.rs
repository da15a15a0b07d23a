//! Everything without a mouse.

use egui::{Key, Modifiers, Role};
use egui_kittest::kittest::{NodeT, Queryable};
use syncline_engine::model::RunId;
use syncline_engine::service::StatusClass;

use crate::fixture::{AD_NAME, Fixture};
use crate::support::*;

fn key(window: &mut Window, key: Key) {
    window.key_press(key);
    window.run();
}

fn ctrl(window: &mut Window, key: Key) {
    window.key_press_modifiers(Modifiers::COMMAND, key);
    window.run();
}

fn type_text(window: &mut Window, text: &str) {
    window.event(egui::Event::Text(text.to_owned()));
    window.run();
}

fn has_keyboard(window: &Window, role: Role, label: &str) -> bool {
    window.query_all_by_role_and_label(role, label).any(|node| node.accesskit_node().is_focused())
}

/// Presses Tab until something has the keyboard.
#[track_caller]
fn tab_to(window: &mut Window, role: Role, label: &str) {
    for _ in 0..200 {
        if has_keyboard(window, role, label) {
            return;
        }
        key(window, Key::Tab);
    }
    panic!("Tab never leads to {role:?} {label:?}");
}

/// Presses Escape until no window is open.
fn close_all(window: &mut Window) {
    for _ in 0..12 {
        if window.query_all_by_role(Role::Window).next().is_some() {
            key(window, Key::Escape);
        }
    }
    assert_eq!(window.query_all_by_role(Role::Window).count(), 0);
}

/// Presses F6 until a list has the keyboard.
#[track_caller]
fn pane(window: &mut Window, list: &str) {
    for _ in 0..12 {
        if has_keyboard(window, Role::Table, list) {
            return;
        }
        key(window, Key::F6);
    }
    panic!("F6 never leads to {list:?}");
}

#[test]
fn find_a_user_see_why_a_value_is_there_preview_a_rule_change_and_run_a_delta() {
    let fixture = Fixture::f1();
    let mut window = window(&fixture);
    // Find a user.
    ctrl(&mut window, Key::K);
    type_text(&mut window, "bob");
    key(&mut window, Key::Enter);
    assert!(has(&window, Role::Window, "Metaverse Object Properties - Bob Baker"));
    // See why a value is there.
    pane(&mut window, "Metaverse attributes");
    type_text(&mut window, "disp");
    key(&mut window, Key::Enter);
    assert!(has(&window, Role::Window, "Attribute Lineage - displayName of Bob Baker"));
    assert!(reads(&window, "displayName comes from rule \"In from AD - User Common\"."));
    key(&mut window, Key::Escape);
    key(&mut window, Key::Escape);
    // Preview a rule change.
    ctrl(&mut window, Key::R);
    pane(&mut window, "Synchronization rules");
    type_text(&mut window, "in from ad - user t");
    tab_to(&mut window, Role::Button, "Edit");
    key(&mut window, Key::Enter);
    let title = "Edit inbound synchronization rule - In from AD - User Title Check";
    assert!(has(&window, Role::Window, title));
    tab_to(&mut window, Role::TextInput, "Name");
    ctrl(&mut window, Key::A);
    type_text(&mut window, "Title Check");
    tab_to(&mut window, Role::Button, "What would it do?");
    key(&mut window, Key::Enter);
    assert!(has(&window, Role::RadioButton, "The saved rules with \"Title Check\" as it is not saved yet"));
    tab_to(&mut window, Role::Button, "Start What-If");
    key(&mut window, Key::Enter);
    assert_eq!(rows_in(&window, "What-If", "Metaverse:"), ["Metaverse: 0 new, 1 updated, 0 deleted, 0 errors"]);
    // Run a delta.
    ctrl(&mut window, Key::Num2);
    for _ in 0..8 {
        if !has(&window, Role::Window, "What-If") && !has(&window, Role::Window, title) {
            break;
        }
        key(&mut window, Key::Escape);
        if has(&window, Role::Button, "Discard Changes") {
            tab_to(&mut window, Role::Button, "Discard Changes");
            key(&mut window, Key::Enter);
        }
    }
    close_all(&mut window);
    pane(&mut window, "Connectors");
    key(&mut window, Key::Home);
    tab_to(&mut window, Role::Button, "Run...");
    key(&mut window, Key::Enter);
    tab_to(&mut window, Role::Button, "Delta Synchronization");
    key(&mut window, Key::Space);
    tab_to(&mut window, Role::Button, "OK");
    key(&mut window, Key::Enter);
    assert!(fixture.log().contains(&format!("start {AD_NAME}: Delta Synchronization")), "{:?}", fixture.log());
    fixture.finish(RunId(7), "success", StatusClass::Success);
    window.run();
    ctrl(&mut window, Key::Num1);
    assert!(has(&window, Role::Row, "Run 7: contoso.com, Delta Synchronization, success"));
}

#[test]
fn every_action_of_a_tab_is_reached_by_tab() {
    let mut window = window_of(&Fixture::f1(), [1280.0, 800.0], Some("syncline://connector/contoso.com"));
    for action in ["Create...", "Properties", "Delete...", "Search Connector Space...", "What-If...", "Pending Export Report..."]
    {
        tab_to(&mut window, Role::Button, action);
    }
    for menu in ["File", "Tools", "Actions", "View", "Help"] {
        tab_to(&mut window, Role::Button, menu);
    }
    for label in ["Operations", "Connectors", "Metaverse Designer", "Metaverse Search"] {
        tab_to(&mut window, Role::Tab, label);
    }
    key(&mut window, Key::Enter);
    assert!(reads(&window, "Click Search to list objects."), "Enter opens the tab that has the keyboard");
}

#[test]
fn letters_lead_to_a_row_and_delete_asks_before_it_removes() {
    let mut window = window_of(&Fixture::f1(), [1280.0, 800.0], Some("syncline://connector/contoso.com"));
    pane(&mut window, "Connectors");
    type_text(&mut window, "contoso.onm");
    let selected = |window: &Window| -> Vec<String> {
        let on = Some(egui::accesskit::Toggled::True);
        let chosen = window.query_all_by_role(Role::Row).filter(|node| node.accesskit_node().toggled() == on);
        chosen.filter_map(|node| node.accesskit_node().label()).collect()
    };
    assert_eq!(selected(&window), ["Connector contoso.onmicrosoft.com - AAD, Windows Azure Active Directory (Microsoft), Idle"]);
    key(&mut window, Key::Delete);
    assert!(has(&window, Role::Dialog, "Delete Connector"));
    key(&mut window, Key::Escape);
    window.key_press_modifiers(Modifiers::ALT, Key::Enter);
    window.run();
    pane(&mut window, "Connectors");
    window.key_press_modifiers(Modifiers::ALT, Key::Enter);
    window.run();
    assert!(has(&window, Role::Window, "Properties of \"contoso.onmicrosoft.com - AAD\""));
}
