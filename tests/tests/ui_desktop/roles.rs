//! What operators and those who only look may do.

use egui::Role;
use egui_kittest::kittest::{NodeT, Queryable};
use syncline::desktop::role::Role as Person;

use crate::fixture::{Fixture, objects};
use crate::support::*;

/// The app of a person, on a tab.
fn app_of(fixture: &std::sync::Arc<Fixture>, role: Person, tab_label: &str) -> (Window, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("desktop.json");
    let word = format!("{role:?}").to_lowercase();
    std::fs::write(&file, format!("{{\"role\":\"{word}\",\"utc\":true}}")).unwrap();
    let mut window = window_with_settings(fixture, &file);
    tab(&mut window, tab_label);
    (window, folder)
}

fn says(window: &mut Window, label: &str, reason: &str) -> bool {
    window.get_by_role_and_label(Role::Button, label).hover();
    window.run_steps(30);
    let said = reads(window, reason);
    window.remove_cursor();
    window.run_steps(5);
    said
}

const AD_ROW: &str = "Connector contoso.com, Active Directory Domain Services, Idle";

#[test]
fn an_operator_runs_and_changes_nothing() {
    let fixture = Fixture::f1();
    let (mut window, _folder) = app_of(&fixture, Person::Operator, "Connectors");
    click(&mut window, Role::Row, AD_ROW);
    for label in ["Create...", "Delete...", "Import Connector...", "Update Connector...", "Refresh Schema..."] {
        assert!(is_disabled(&window, label), "{label}");
    }
    assert!(says(&mut window, "Delete...", "Requires the administrator role"));
    for label in ["Properties", "Run...", "Search Connector Space...", "Export Connector...", "What-If..."] {
        assert!(!is_disabled(&window, label), "{label}");
    }
    click(&mut window, Role::Button, "Properties");
    let title = "Properties of \"contoso.com\"";
    assert!(inner(&window, title).get_by_role_and_label(Role::Button, "OK").accesskit_node().is_disabled());
    click_in(&mut window, title, Role::Button, "Cancel");
    click(&mut window, Role::Button, "Run...");
    click_in(&mut window, "Run Connector", Role::Button, "OK");
    assert!(fixture.log().iter().any(|asked| asked.starts_with("start contoso.com")));
}

#[test]
fn who_only_looks_sees_everything_and_starts_nothing() {
    let fixture = Fixture::f1();
    let (mut window, _folder) = app_of(&fixture, Person::Browse, "Connectors");
    click(&mut window, Role::Row, AD_ROW);
    assert!(is_disabled(&window, "Run..."));
    assert!(says(&mut window, "Run...", "Requires the operator role"));
    tab(&mut window, "Operations");
    for label in ["Run...", "Clear Runs...", "Start Delta Cycle"] {
        assert!(is_disabled(&window, label), "{label}");
    }
    assert!(!is_disabled(&window, "Charts"));
    click(&mut window, Role::Row, "Run 3: contoso.com, Full Synchronization, completed-sync-errors");
    assert!(!is_disabled(&window, "Save to File..."));
}

#[test]
fn a_preview_is_computed_for_everybody_and_committed_by_administrators() {
    for (role, allowed) in [(Person::Admin, true), (Person::Operator, false)] {
        let fixture = Fixture::f1();
        let (mut window, _folder) = app_of(&fixture, role, "Connectors");
        click(&mut window, Role::Row, AD_ROW);
        click(&mut window, Role::Button, "Search Connector Space...");
        click(&mut window, Role::Button, "Search");
        click(&mut window, Role::Row, &format!("CS {}", objects::ad_dn("Bob Baker")));
        click(&mut window, Role::Button, "Preview...");
        click(&mut window, Role::Button, "Generate Preview");
        assert_eq!(!is_disabled(&window, "Commit Preview"), allowed, "{role:?}");
    }
}

#[test]
fn what_gets_past_a_button_is_refused_all_the_same() {
    let fixture = Fixture::f1();
    let (mut window, _folder) = app_of(&fixture, Person::Browse, "Connectors");
    fixture.change(|state| state.connectors[0].full_sync_required = Some("a rule changed".into()));
    window.key_press(egui::Key::F5);
    window.run();
    click(&mut window, Role::Row, AD_ROW);
    click(&mut window, Role::Button, "Run Full Synchronization");
    assert!(reads(&window, "Requires the operator role"));
    assert!(!fixture.log().iter().any(|asked| asked.starts_with("start ")));
}
