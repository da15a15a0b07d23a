use egui::Role;
use egui_kittest::kittest::{NodeT, Queryable};

use crate::fixture::Fixture;
use crate::support::*;

#[test]
fn a_machine_without_a_data_folder_meets_the_welcome_page() {
    let window = welcome_window(&Fixture::f1());
    assert!(reads(&window, "Welcome to Syncline"));
    assert!(!is_disabled(&window, "Try it with the sample forest"));
    assert!(!is_disabled(&window, "Connect your directory"));
    assert!(!is_disabled(&window, "Import an Azure AD Connect configuration"));
    assert!(window.query_all_by_role(Role::Tab).next().is_none());
}

#[test]
fn the_sample_forest_opens_and_an_initial_cycle_starts() {
    let fixture = Fixture::f1();
    let mut window = welcome_window(&fixture);
    click(&mut window, Role::Button, "Try it with the sample forest");
    assert_eq!(window.query_all_by_role(Role::Tab).count(), 4);
    assert!(fixture.log().contains(&"start cycle Initial".to_owned()));
    let told = |window: &Window| {
        window
            .query_all_by_role(Role::Label)
            .filter_map(|node| node.value())
            .any(|text| text.starts_with("Initial cycle finished: success."))
    };
    assert!(told(&window));
    click(&mut window, Role::Button, "Dismiss");
    assert!(!told(&window));
}

#[test]
fn a_folder_that_is_none_is_refused_in_words() {
    let mut window = welcome_window(&Fixture::f1());
    let field = window.get_by_role_and_label(Role::TextInput, "Data folder");
    assert_eq!(field.accesskit_node().value().as_deref(), Some("/var/lib/syncline"));
    click(&mut window, Role::Button, "Open");
    let told = window
        .query_all_by_role(Role::Label)
        .filter_map(|node| node.value())
        .any(|text| text.starts_with("/var/lib/syncline is not a Syncline data folder: it has no database"));
    assert!(told);
    assert!(reads(&window, "Welcome to Syncline"));
}

#[test]
fn leaving_a_data_folder_leads_back_to_the_welcome_page() {
    let fixture = Fixture::f1();
    let mut window = window(&fixture);
    click(&mut window, Role::Button, "File");
    click(&mut window, Role::Button, "Open Data Folder...");
    assert!(reads(&window, "Welcome to Syncline"));
    assert!(fixture.log().contains(&"shutdown".to_owned()));
}

#[test]
fn connecting_a_directory_begins_with_a_new_connector() {
    let mut window = welcome_window(&Fixture::f1());
    click(&mut window, Role::Button, "Connect your directory");
    assert!(has(&window, Role::Window, "Create Connector"));
    assert_eq!(window.query_all_by_role(Role::Tab).count(), 4);
}
