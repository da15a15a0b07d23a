//! Import and Export Server Configuration, from the File menu and from the welcome page.

use std::sync::Arc;

use egui::Role;
use egui_kittest::kittest::{NodeT, Queryable};

use crate::fixture::{CLOUD_NAME, Fixture};
use crate::support::*;

const IMPORT: &str = "Import Server Configuration";

fn open(window: &mut Window, item: &str) {
    click(window, Role::Button, "File");
    click(window, Role::Button, item);
}

fn enter(window: &mut Window, field: &str, text: &str) {
    window.get_by_role_and_label(Role::TextInput, field).focus();
    window.run();
    window.get_by_role_and_label(Role::TextInput, field).type_text(text);
    window.run();
}

/// A button of the window, not of the menu or the Actions pane.
fn press(window: &mut Window, title: &str, label: &str) {
    inner(window, title).get_by_role_and_label(Role::Button, label).click();
    window.run();
}

fn is_off(window: &Window, title: &str, label: &str) -> bool {
    inner(window, title).get_by_role_and_label(Role::Button, label).accesskit_node().is_disabled()
}

fn imports(fixture: &Arc<Fixture>) -> Vec<String> {
    fixture.log().into_iter().filter(|line| line.contains(" onto [")).collect()
}

#[test]
fn an_export_is_looked_at_before_it_is_taken_over() {
    let fixture = Fixture::f1();
    let mut window = window(&fixture);
    open(&mut window, "Import Server Configuration...");
    assert!(is_off(&window, IMPORT, "Read") && is_off(&window, IMPORT, "Import"));
    enter(&mut window, "Folder of the export", "/exports/pilot");
    press(&mut window, IMPORT, "Read");
    assert!(reads(&window, "9 rules of SYNC01, version 1.1.130.0"));
    assert!(reads(&window, "kept aside: this product does not run it"));
    // The forest of the same name and the one tenant are proposed; nothing is stored by that.
    assert_eq!(imports(&fixture), [format!("rehearse /exports/pilot onto [contoso.com, {CLOUD_NAME}], replacing false")]);
    assert!(reads(&window, "connector HR: this product does not run it"));
    assert!(is_off(&window, IMPORT, "Import"), "rules would be replaced");

    // Another choice is rehearsed anew.
    choose(&mut window, "contoso.com (3 rules)", "New connector");
    assert_eq!(imports(&fixture)[1], format!("rehearse /exports/pilot onto [{CLOUD_NAME}], replacing false"));
    click(&mut window, Role::CheckBox, "Replace 1 synchronization rules that are here");
    press(&mut window, IMPORT, "Import");
    assert_eq!(imports(&fixture)[2..], [format!("import /exports/pilot onto [{CLOUD_NAME}], replacing true")]);
    assert!(reads(&window, "The configuration was taken over."));
    assert!(reads(&window, "fabrikam.com: Created, 3 rules. Needs a credential, a full import, a full synchronization"));
    press(&mut window, IMPORT, "Close");
    assert!(!has(&window, Role::Window, IMPORT));
}

#[test]
fn what_cannot_be_read_is_said_and_nothing_is_stored() {
    let fixture = Fixture::f1();
    let mut window = window(&fixture);
    open(&mut window, "Import Server Configuration...");
    fixture.change(|state| state.broken = Some("rule.xml, element linkType: \"Marry\" is not known".into()));
    enter(&mut window, "Folder of the export", "/exports/broken");
    window.key_press(egui::Key::Enter);
    window.run();
    assert!(reads(&window, "Rule.xml, element linkType: \"Marry\" is not known"));
    assert!(is_off(&window, IMPORT, "Import"));
    assert_eq!(imports(&fixture), Vec::<String>::new());
    window.key_press(egui::Key::Escape);
    window.run();
    fixture.change(|state| state.broken = None);
}

#[test]
fn the_configuration_is_exported_to_a_folder() {
    let fixture = Fixture::f1();
    let mut window = window(&fixture);
    open(&mut window, "Export Server Configuration...");
    let title = "Export Server Configuration";
    assert!(is_off(&window, title, "Export"));
    enter(&mut window, "Empty folder", "/exports/own");
    press(&mut window, title, "Export");
    assert!(fixture.log().contains(&"export /exports/own".to_owned()));
    assert!(reads(&window, "9 files written to /exports/own: 2 connectors, 6 rules."));
    assert!(reads(&window, &format!("connector {CLOUD_NAME}: it is not connected")));
}

#[test]
fn the_welcome_page_leads_to_the_import() {
    let mut window = welcome_window(&Fixture::f1());
    click(&mut window, Role::Button, "Import an Azure AD Connect configuration");
    assert_eq!(window.query_all_by_role(Role::Tab).count(), 4);
    assert!(has(&window, Role::Window, IMPORT));
}

#[test]
fn nothing_is_imported_while_something_runs() {
    let fixture = Fixture::f1();
    let mut window = window(&fixture);
    fixture.change(|state| state.connectors[0].state = syncline_engine::service::ConnectorState::Running);
    window.key_press(egui::Key::F5);
    window.run_steps(5);
    click_steps(&mut window, "File");
    assert!(is_disabled(&window, "Import Server Configuration..."));
    assert!(!is_disabled(&window, "Export Server Configuration..."));
}

/// As [`click`], while the window never comes to rest.
fn click_steps(window: &mut Window, label: &str) {
    window.get_by_role_and_label(Role::Button, label).click();
    window.run_steps(5);
}

#[test]
fn a_configuration_is_compared_with_an_export() {
    let fixture = Fixture::f1();
    let mut window = window(&fixture);
    click(&mut window, Role::Button, "File");
    click(&mut window, Role::Button, "Compare Configurations...");
    let title = "Compare Configurations";
    type_into(&mut window, "Export", "/exports/old");
    click_in(&mut window, title, Role::Button, "Compare");
    assert!(reads(&window, "2 differences"));
    assert_eq!(
        rows_in(&window, title, "Difference "),
        [
            "Difference Partition: contoso.com: DC=contoso,DC=com container included",
            "Difference Rule: In from AD - User Common (contoso.com) flow to title",
        ]
    );
    type_into(&mut window, "Export", "/exports/same");
    click_in(&mut window, title, Role::Button, "Compare");
    assert!(reads(&window, "0 differences"));
    assert!(reads(&window, "The configurations do the same: 0 differences."));
    click_in(&mut window, title, Role::RadioButton, "two exports");
    let pilot = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data/aadconnect-export/contoso-pilot");
    type_into(&mut window, "First", pilot);
    type_into(&mut window, "Second", &format!("{pilot}/GlobalSettings"));
    click_in(&mut window, title, Role::Button, "Compare");
    assert!(!reads(&window, "Nothing is compared yet"));
}
