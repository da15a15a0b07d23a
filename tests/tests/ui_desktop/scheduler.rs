//! The Scheduler and Options windows.

use egui::Role;
use egui_kittest::kittest::{NodeT, Queryable};
use syncline::desktop::Backend;
use syncline::desktop::theme::ThemeChoice;

use crate::fixture::Fixture;
use crate::support::*;

const PROTECTION: &str = "Protection and Maintenance";

fn open(window: &mut Window, item: &str) {
    click(window, Role::Button, "Tools");
    click(window, Role::Button, item);
}

fn disabled(window: &Window, role: Role, label: &str) -> bool {
    window.get_by_role_and_label(role, label).accesskit_node().is_disabled()
}

fn type_threshold(window: &mut Window, text: &str) {
    window.get_by_role_and_label(Role::TextInput, "Deletion threshold").focus();
    window.run();
    window.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::A);
    window.run();
    window.get_by_role_and_label(Role::TextInput, "Deletion threshold").type_text(text);
    window.run();
}

#[test]
fn the_scheduler_shows_what_is_not_offered_yet_with_the_reason() {
    let mut window = window(&Fixture::f1());
    open(&mut window, "Scheduler...");
    let cycles = [
        (Role::CheckBox, "Enabled"),
        (Role::TextInput, "Interval"),
        (Role::RadioButton, "Delta"),
        (Role::RadioButton, "Initial"),
    ];
    for (role, label) in cycles {
        assert!(disabled(&window, role, label), "{label}");
    }
    assert!(reads(&window, "Cycles run when you start them; running them by themselves is not part of this version yet."));
    click(&mut window, Role::Tab, PROTECTION);
    for (role, label) in [(Role::CheckBox, "Maintenance enabled"), (Role::TextInput, "Keep run history for (days)")] {
        assert!(disabled(&window, role, label), "{label}");
    }
    assert!(reads(&window, "Runs stay until you clear them; removing old ones by itself is not part of this version yet."));
    assert!(reads(&window, "Off: cycles export"));
}

#[test]
fn the_deletion_threshold_is_changed_and_switched_off() {
    let fixture = Fixture::f1();
    fixture.many_deletes();
    let mut window = window(&fixture);
    open(&mut window, "Scheduler...");
    click(&mut window, Role::Tab, PROTECTION);
    assert_eq!(window.get_by_role_and_label(Role::TextInput, "Deletion threshold").value().as_deref(), Some("500"));
    assert!(reads(
        &window,
        "501 deletions staged for contoso.onmicrosoft.com - AAD, limit 500. The next export would send nothing."
    ));
    assert!(is_disabled(&window, "Save Threshold"), "nothing is changed");
    type_threshold(&mut window, "many");
    assert!(is_disabled(&window, "Save Threshold"));
    assert!(reads(&window, "Enter a number of objects, 1 or more"));
    type_threshold(&mut window, "600");
    click(&mut window, Role::Button, "Save Threshold");
    fixture.change(|state| assert_eq!(state.threshold, Some(600)));
    assert!(reads(&window, "501 deletions staged for contoso.onmicrosoft.com - AAD, limit 600."));
    assert!(is_disabled(&window, "Save Threshold"), "what is shown is saved");
    click(&mut window, Role::CheckBox, "Enable deletion threshold");
    click(&mut window, Role::Button, "Save Threshold");
    fixture.change(|state| assert_eq!(state.threshold, None));
    assert!(reads(&window, "501 deletions staged for contoso.onmicrosoft.com - AAD, no limit."));
}

#[test]
fn what_was_typed_stays_when_the_configuration_changes_elsewhere() {
    let fixture = Fixture::f1();
    let mut window = window(&fixture);
    open(&mut window, "Scheduler...");
    click(&mut window, Role::Tab, PROTECTION);
    type_threshold(&mut window, "750");
    fixture.set_deletion_limit(syncline_engine::service::DeletionLimit::Count(90)).unwrap();
    window.run();
    assert_eq!(window.get_by_role_and_label(Role::TextInput, "Deletion threshold").value().as_deref(), Some("750"));
    click_in(&mut window, "Scheduler", Role::Button, "Close");
    open(&mut window, "Scheduler...");
    click(&mut window, Role::Tab, PROTECTION);
    assert_eq!(window.get_by_role_and_label(Role::TextInput, "Deletion threshold").value().as_deref(), Some("90"));
}

#[test]
fn cycles_start_from_the_scheduler_and_required_full_runs_are_listed() {
    let fixture = Fixture::f1();
    fixture.change(|state| state.connectors[0].full_sync_required = Some("rule In from AD - User Common changed".into()));
    let mut window = window(&fixture);
    open(&mut window, "Scheduler...");
    assert!(has(&window, Role::Row, "contoso.com: Full Import required No, Full Synchronization required Yes"));
    for (button, asked) in [("Start Full Cycle", "start cycle Initial"), ("Start Delta Cycle", "start cycle Delta")] {
        click_in(&mut window, "Scheduler", Role::Button, button);
        assert!(fixture.log().iter().any(|question| question == asked), "{asked}");
    }
    assert!(inner(&window, "Scheduler").get_by_role_and_label(Role::Button, "Stop Cycle").accesskit_node().is_disabled());
}

#[test]
fn options_hold_at_once_and_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("desktop.json");
    let fixture = Fixture::f1();
    let mut window = window_with_settings(&fixture, &file);
    open(&mut window, "Options...");
    click(&mut window, Role::RadioButton, "Dark");
    assert!(window.ctx.global_style().visuals.dark_mode);
    click(&mut window, Role::RadioButton, "Light");
    assert!(!window.ctx.global_style().visuals.dark_mode);
    click(&mut window, Role::RadioButton, "UTC");
    click(&mut window, Role::CheckBox, "Show Actions Pane");
    assert!(!has(&window, Role::Button, "Clear Runs..."), "the pane is gone");
    for (role, label) in [
        (Role::CheckBox, "Ask before what cannot be undone"),
        (Role::TextInput, "Page size"),
        (Role::ComboBox, "Log level"),
        (Role::ComboBox, "Language"),
    ] {
        assert!(disabled(&window, role, label), "{label}");
    }
    click(&mut window, Role::Button, "Zoom In");
    assert!(reads(&window, "110 %"));
    drop(window);
    let window = window_with_settings(&fixture, &file);
    let settings = &window.state().settings;
    assert_eq!((settings.theme, settings.utc, settings.actions_pane), (ThemeChoice::Light, true, false));
    assert!((window.ctx.zoom_factor() - 1.1).abs() < 0.001);
}

#[test]
fn large_deletions_are_listed_and_approved_once() {
    let fixture = Fixture::f1();
    fixture.many_deleted_objects();
    let mut window = window(&fixture);
    open(&mut window, "Scheduler...");
    click(&mut window, Role::Tab, PROTECTION);
    click_in(&mut window, "Scheduler", Role::Button, "Approve Deletions...");
    let title = "Approve Deletions";
    assert!(reads(&window, "501 deletions waiting for export to contoso.onmicrosoft.com - AAD."));
    assert!(rows_in(&window, title, "CS CN={gone0}").len() == 1);
    let approve =
        |window: &Window| inner(window, title).get_by_role_and_label(Role::Button, "Approve Once").accesskit_node().is_disabled();
    assert!(approve(&window), "nothing was typed");
    type_into(&mut window, "Number of deletions", "500");
    assert!(approve(&window), "another number was typed");
    type_into(&mut window, "Number of deletions", "501");
    click_in(&mut window, title, Role::Button, "Approve Once");
    assert!(!has(&window, Role::Window, title));
    fixture.change(|state| assert_eq!(state.approved.len(), 501));
    assert!(reads(&window, "501 deletions approved once by ada, until 2026-01-06 10:00:00."));
    assert!(disabled(&window, Role::Button, "Approve Deletions..."));
}

#[test]
fn staging_mode_ends_only_when_no_other_server_exports() {
    let fixture = Fixture::f1();
    let mut window = window(&fixture);
    open(&mut window, "Scheduler...");
    click(&mut window, Role::Tab, PROTECTION);
    click(&mut window, Role::Button, "Begin Staging Mode...");
    let stays = "contoso.onmicrosoft.com - AAD: 1 pending export stay in the connector space";
    assert!(reads(&window, stays));
    click(&mut window, Role::Button, "Begin Staging Mode");
    fixture.change(|state| assert!(state.staging));
    assert!(reads(&window, "On: cycles import and synchronize, and export nothing"));
    assert!(reads(&window, "STAGING MODE"));
    click(&mut window, Role::Button, "End Staging Mode...");
    assert!(is_disabled(&window, "End Staging Mode"));
    click(&mut window, Role::CheckBox, "No other server exports to this tenant");
    click(&mut window, Role::Button, "End Staging Mode");
    fixture.change(|state| assert!(!state.staging));
    assert!(reads(&window, "Off: cycles export"));
}

#[test]
fn an_export_by_hand_asks_first_in_staging_mode() {
    let fixture = Fixture::f1();
    fixture.change(|state| state.staging = true);
    let mut window = window(&fixture);
    click(&mut window, Role::Row, "Run 4: contoso.onmicrosoft.com - AAD, Export, completed-export-errors");
    click(&mut window, Role::Button, "Run...");
    assert!(reads(&window, "This server is in staging mode. Export anyway?"));
    let ok =
        |window: &Window| inner(window, "Run Connector").get_by_role_and_label(Role::Button, "OK").accesskit_node().is_disabled();
    assert!(ok(&window));
    click(&mut window, Role::CheckBox, "Export anyway");
    assert!(!ok(&window));
}

#[test]
fn full_runs_are_required_by_hand() {
    let fixture = Fixture::f1();
    let mut window = window(&fixture);
    open(&mut window, "Scheduler...");
    click(&mut window, Role::Row, "contoso.com: Full Import required No, Full Synchronization required No");
    click_in(&mut window, "Scheduler", Role::CheckBox, "Full Import required");
    assert!(has(&window, Role::Row, "contoso.com: Full Import required Yes, Full Synchronization required No"));
    click_in(&mut window, "Scheduler", Role::CheckBox, "Full Import required");
    assert!(has(&window, Role::Row, "contoso.com: Full Import required No, Full Synchronization required No"));
}
