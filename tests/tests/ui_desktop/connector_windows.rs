//! The windows that change connectors.

use std::sync::Arc;

use egui::{Key, Modifiers, Role};
use egui_kittest::kittest::{NodeT, Queryable};
use syncline_engine::service::RunProfileView;

use crate::fixture::{AD_NAME, Fixture};
use crate::support::*;

const AD_ROW: &str = "Connector contoso.com, Active Directory Domain Services, Idle";
const PROFILES: &str = "Configure Run Profiles for \"contoso.com\"";
const ROOT: &str = "DC=contoso,DC=com";
const EMEA: &str = "DC=emea,DC=contoso,DC=com";

/// The Connectors tab with contoso.com selected and a window of it open.
fn open_of(fixture: &Arc<Fixture>, size: [f32; 2], action: &str) -> Window {
    let mut window = window_of(fixture, size, None);
    tab(&mut window, "Connectors");
    click(&mut window, Role::Row, AD_ROW);
    click(&mut window, Role::Button, action);
    window
}

fn open(fixture: &Arc<Fixture>, action: &str) -> Window {
    open_of(fixture, [1280.0, 800.0], action)
}

/// Writes into a field of a window or question instead of what is there.
fn write(window: &mut Window, field: &str, text: &str) {
    window.get_by_role_and_label(Role::TextInput, field).focus();
    window.run();
    window.key_press_modifiers(Modifiers::COMMAND, Key::A);
    window.get_by_role_and_label(Role::TextInput, field).type_text(text);
    window.run();
}

fn dialog_button(window: &Window, title: &str, label: &str) -> bool {
    let dialog = window.get_by_role_and_label(Role::Dialog, title);
    !dialog.get_by_role_and_label(Role::Button, label).accesskit_node().is_disabled()
}

fn press(window: &mut Window, title: &str, label: &str) {
    window.get_by_role_and_label(Role::Dialog, title).get_by_role_and_label(Role::Button, label).click();
    window.run();
}

fn profiles(fixture: &Fixture) -> Vec<RunProfileView> {
    let mut found = Vec::new();
    fixture.change(|state| found.clone_from(&state.connectors[0].profiles));
    found
}

#[test]
fn scenario_16_the_run_profiles_with_their_steps() {
    let mut window = open(&Fixture::f1(), "Configure Run Profiles...");
    for profile in ["Full Import", "Full Synchronization", "Delta Import", "Delta Synchronization", "Export"] {
        assert!(inner(&window, PROFILES).query_by_role_and_label(Role::Button, profile).is_some(), "{profile}");
    }
    let step = |number: u32, step_type: &str, partition: &str| format!("Step {number}: {step_type}, {partition}");
    let imports = [step(1, "Full Import (Stage Only)", ROOT), step(2, "Full Import (Stage Only)", EMEA)];
    assert_eq!(rows_in(&window, PROFILES, "Step "), imports);
    let cells = |window: &Window, texts: &[&str]| texts.iter().all(|text| reads(window, text));
    assert!(cells(&window, &["50", "500", "120"]));
    click_in(&mut window, PROFILES, Role::Button, "Export");
    assert_eq!(rows_in(&window, PROFILES, "Step ").len(), 2);
    assert!(cells(&window, &["30", "500", "120"]));
}

#[test]
fn scenario_17_a_profile_name_is_there_only_once() {
    let fixture = Fixture::f1();
    let mut window = open(&fixture, "Configure Run Profiles...");
    let title = "New Run Profile";
    click_in(&mut window, PROFILES, Role::Button, "New Profile...");
    assert!(!dialog_button(&window, title, "Finish"), "it has no name yet");
    write(&mut window, "Profile Name", "Export");
    assert!(reads(&window, "A run profile named \"Export\" already exists"));
    assert!(!dialog_button(&window, title, "Finish"));
    write(&mut window, "Profile Name", "Import again");
    assert!(dialog_button(&window, title, "Finish"));
    press(&mut window, title, "Next");
    choose(&mut window, "Type", "Delta Import (Stage Only)");
    press(&mut window, title, "Next");
    write(&mut window, "Page Size (objects)", "9000");
    assert!(reads(&window, "Page size 9000 is out of range; choose 1 to 5000"));
    assert!(!dialog_button(&window, title, "Finish"));
    write(&mut window, "Page Size (objects)", "900");
    press(&mut window, title, "Finish");
    assert_eq!(profiles(&fixture).len(), 5, "nothing is stored before OK");
    click_in(&mut window, PROFILES, Role::Button, "OK");
    assert!(!has(&window, Role::Window, PROFILES));
    let made = profiles(&fixture).pop().unwrap();
    assert_eq!(made.name, "Import again");
    let steps: Vec<_> =
        made.steps.iter().map(|step| (step.step_type.as_str(), step.partition.as_str(), step.batch_size, step.page_size)).collect();
    assert_eq!(steps, [("Delta Import (Stage Only)", ROOT, 50, 900), ("Delta Import (Stage Only)", EMEA, 50, 900)]);
}

#[test]
fn steps_are_edited_moved_and_removed_on_a_draft() {
    let fixture = Fixture::f1();
    let mut window = open(&fixture, "Configure Run Profiles...");
    let disabled = |window: &Window, label: &str| {
        inner(window, PROFILES).get_by_role_and_label(Role::Button, label).accesskit_node().is_disabled()
    };
    assert!(disabled(&window, "Apply") && disabled(&window, "Edit Step..."));
    click_in(&mut window, PROFILES, Role::Row, &format!("Step 2: Full Import (Stage Only), {EMEA}"));
    assert!(disabled(&window, "Move Down"));
    click_in(&mut window, PROFILES, Role::Button, "Move Up");
    click_in(&mut window, PROFILES, Role::Button, "Edit Step...");
    click(&mut window, Role::CheckBox, "Specify number of objects to process");
    assert!(reads(&window, "Enter a whole number of at least 1"));
    write(&mut window, "Number of objects", "100");
    press(&mut window, "Edit Step", "Finish");
    click_in(&mut window, PROFILES, Role::Button, "Apply");
    assert!(has(&window, Role::Window, PROFILES) && disabled(&window, "Apply"));
    let import = profiles(&fixture).swap_remove(0);
    assert_eq!((import.steps[0].partition.as_str(), import.steps[0].object_limit), (EMEA, 100));
    click_in(&mut window, PROFILES, Role::Row, &format!("Step 2: Full Import (Stage Only), {ROOT}"));
    click_in(&mut window, PROFILES, Role::Button, "Delete Step");
    click_in(&mut window, PROFILES, Role::Button, "Rename");
    write(&mut window, "Profile Name", "Import of emea");
    press(&mut window, "Rename Run Profile", "OK");
    click_in(&mut window, PROFILES, Role::Button, "Export");
    click_in(&mut window, PROFILES, Role::Button, "Delete Profile");
    assert!(reads(&window, "Cycles leave out Export: no profile begins with such a step"));
    window.key_press(Key::Escape);
    window.run();
    press(&mut window, "Unsaved Changes", "Go On Editing");
    click_in(&mut window, PROFILES, Role::Button, "Cancel");
    press(&mut window, "Unsaved Changes", "Discard Changes");
    assert!(!has(&window, Role::Window, PROFILES));
    assert_eq!((profiles(&fixture).len(), profiles(&fixture)[0].steps.len()), (5, 2));
}

#[test]
fn what_cannot_be_stored_is_told_and_nothing_is_lost() {
    let fixture = Fixture::f1();
    let mut window = open(&fixture, "Configure Run Profiles...");
    click_in(&mut window, PROFILES, Role::Button, "Delete Profile");
    fixture.change(|state| state.broken = Some("a run is in progress; wait until it ends".into()));
    click_in(&mut window, PROFILES, Role::Button, "OK");
    assert!(reads(&window, "A run is in progress; wait until it ends"));
    fixture.change(|state| state.broken = None);
    click_in(&mut window, PROFILES, Role::Button, "OK");
    assert!(!has(&window, Role::Window, PROFILES));
    assert_eq!(profiles(&fixture).len(), 4);
}

#[test]
fn scenario_18_a_connector_goes_only_when_its_name_was_typed() {
    let fixture = Fixture::f1();
    let mut window = open(&fixture, "Delete...");
    let title = "Delete Connector";
    let chosen = |window: &Window, label: &str| {
        window.get_by_role_and_label(Role::RadioButton, label).accesskit_node().toggled() == Some(egui::accesskit::Toggled::True)
    };
    assert!(chosen(&window, "Delete connector space only"));
    assert!(dialog_button(&window, title, "OK"));
    assert!(reads(&window, "Metaverse objects deleted"));
    click(&mut window, Role::RadioButton, "Delete Connector and connector space");
    assert!(!dialog_button(&window, title, "OK"));
    assert!(reads(&window, "Synchronization rules deleted"));
    write(&mut window, "Name of the connector", "contoso");
    assert!(!dialog_button(&window, title, "OK"));
    write(&mut window, "Name of the connector", AD_NAME);
    assert!(dialog_button(&window, title, "OK"));
    window.get_by_role_and_label(Role::Dialog, title).get_by_role_and_label(Role::Button, "OK").click();
    window.run_steps(4);
    assert!(!has(&window, Role::Dialog, title));
    assert!(fixture.log().contains(&"delete contoso.com, space only: false".to_owned()));
    assert!(has(&window, Role::Row, "Run 7: contoso.com, Delete Connector, in-progress"));
}

#[test]
fn cancelling_the_deletion_changes_nothing() {
    let fixture = Fixture::f1();
    let mut window = open(&fixture, "Delete...");
    let focused = window.get_by_role_and_label(Role::Dialog, "Delete Connector");
    assert!(focused.get_by_role_and_label(Role::Button, "Cancel").accesskit_node().is_focused(), "the safe button");
    window.key_press(Key::Escape);
    window.run();
    assert!(!has(&window, Role::Dialog, "Delete Connector"));
    assert!(!fixture.log().iter().any(|asked| asked.starts_with("delete ")));
}
