//! The windows that change connectors.

use std::sync::Arc;

use egui::accesskit::Toggled;
use egui::{Key, Modifiers, Role};
use egui_kittest::kittest::{NodeT, Queryable};
use syncline_engine::service::{ConnectorProperties, DeletionLimit, RunProfileView};
use syncline_engine::setup::ConnectionSettings;

use crate::fixture::{AD_NAME, CLOUD_NAME, Fixture};
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
    let role = if matches!(field, "Password" | "Client secret") { Role::PasswordInput } else { Role::TextInput };
    window.get_by_role_and_label(role, field).focus();
    window.run();
    window.key_press_modifiers(Modifiers::COMMAND, Key::A);
    window.get_by_role_and_label(role, field).type_text(text);
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
    let steps: Vec<_> = made
        .steps
        .iter()
        .map(|step| (step.step_type.as_str(), step.partition.as_str(), step.batch_size, step.page_size))
        .collect();
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

const PROPERTIES: &str = "Properties of \"contoso.com\"";

fn properties(fixture: &Fixture) -> ConnectorProperties {
    let mut found = None;
    fixture.change(|state| found = state.properties.first().cloned());
    found.unwrap()
}

fn page(window: &mut Window, label: &str) {
    click_in(window, PROPERTIES, Role::Button, label);
}

fn is_ticked(window: &Window, label: &str) -> bool {
    window.get_by_role_and_label(Role::CheckBox, label).accesskit_node().toggled() == Some(egui::accesskit::Toggled::True)
}

#[test]
fn the_pages_of_a_forest_and_of_a_tenant() {
    let fixture = Fixture::f1();
    let mut window = open(&fixture, "Properties");
    for label in [
        "Properties",
        "Connect to Active Directory Forest",
        "Configure Directory Partitions",
        "Configure Provisioning Hierarchy",
        "Select Object Types",
        "Select Attributes",
    ] {
        assert!(inner(&window, PROPERTIES).query_by_role_and_label(Role::Button, label).is_some(), "{label}");
    }
    window.key_press(Key::Escape);
    window.run();
    assert!(!has(&window, Role::Window, PROPERTIES));
    let cloud = "Connector contoso.onmicrosoft.com - AAD, Windows Azure Active Directory (Microsoft), Idle";
    double_click(&mut window, Role::Row, cloud);
    let title = "Properties of \"contoso.onmicrosoft.com - AAD\"";
    for label in [
        "Properties",
        "Connectivity",
        "Global Parameters",
        "Configure Partitions and Hierarchies",
        "Select Object Types",
        "Select Attributes",
        "Configure Anchors",
    ] {
        click_in(&mut window, title, Role::Button, label);
    }
    assert!(reads(&window, "cloudAnchor"));
    click_in(&mut window, title, Role::Button, "Global Parameters");
    assert!(!fixture.log().contains(&"tenant facts".to_owned()), "the tenant is asked when somebody wants to know");
    click_in(&mut window, title, Role::Button, "Ask the Tenant");
    assert!(reads(&window, "The tenant allows 500 deletions in one export."));
    write(&mut window, "Deletion threshold", "0");
    assert!(reads(&window, "Enter a whole number of objects, at least 1"));
    write(&mut window, "Deletion threshold", "200");
    click_in(&mut window, title, Role::Button, "OK");
    fixture.change(|state| assert_eq!(state.properties[1].deletion_limit, Some(DeletionLimit::Count(200))));
}

#[test]
fn everything_is_stored_at_once_and_what_is_wrong_stands_beside_its_field() {
    let fixture = Fixture::f1();
    let mut window = open(&fixture, "Properties");
    write(&mut window, "Name", CLOUD_NAME);
    page(&mut window, "Connect to Active Directory Forest");
    write(&mut window, "Password", "wrong");
    click_in(&mut window, PROPERTIES, Role::Button, "Test Connection");
    assert!(reads(&window, "DC01.contoso.com refuses the password of svc_sync@contoso.com"));
    click_in(&mut window, PROPERTIES, Role::Button, "OK");
    assert!(reads(&window, &format!("A connector named \"{CLOUD_NAME}\" already exists")), "the page with the first fault");
    page(&mut window, "Connect to Active Directory Forest");
    assert!(reads(&window, "DC01.contoso.com refuses the password of svc_sync@contoso.com"));
    assert_eq!(properties(&fixture).name, AD_NAME);
    write(&mut window, "Password", "right");
    write(&mut window, "User name", "svc_other");
    page(&mut window, "Properties");
    write(&mut window, "Name", "contoso");
    click_in(&mut window, PROPERTIES, Role::Button, "OK");
    assert!(!has(&window, Role::Window, PROPERTIES));
    let stored = properties(&fixture);
    let ConnectionSettings::Forest(settings) = stored.connection else { panic!("a forest") };
    assert_eq!((stored.name.as_str(), settings.user.as_str()), ("contoso", "svc_other@contoso.com"));
    assert!(has(&window, Role::Row, "Connector contoso, Active Directory Domain Services, Idle"));
}

#[test]
fn containers_are_chosen_in_a_tree_with_three_states() {
    let fixture = Fixture::f1();
    fixture.change(|state| {
        let root = &mut state.properties[0].partitions[1];
        root.include = vec!["OU=CORP,DC=contoso,DC=com".into(), "OU=Old,DC=contoso,DC=com".into()];
        root.exclude = vec!["DC=contoso,DC=com".into()];
    });
    let mut window = open(&fixture, "Properties");
    page(&mut window, "Configure Directory Partitions");
    assert!(!has(&window, Role::CheckBox, "Read CN=Configuration,DC=contoso,DC=com"));
    click(&mut window, Role::CheckBox, "Show All");
    assert!(has(&window, Role::CheckBox, "Read CN=Configuration,DC=contoso,DC=com"));
    click_in(&mut window, PROPERTIES, Role::Button, "Containers...");
    let state = |window: &Window, label: &str| window.get_by_role_and_label(Role::CheckBox, label).accesskit_node().toggled();
    let (part, all, nothing) = (Some(Toggled::Mixed), Some(Toggled::True), Some(Toggled::False));
    assert_eq!(state(&window, "DC=contoso,DC=com"), part);
    assert_eq!((state(&window, "OU=CORP"), state(&window, "CN=Users")), (all, nothing));
    assert!(reads(&window, "not in the directory any more"), "OU=Old was renamed");
    let asked = |fixture: &Fixture| fixture.log().iter().filter(|asked| asked.starts_with("containers below")).count();
    assert_eq!(asked(&fixture), 1, "levels are read when they are opened");
    click(&mut window, Role::TreeItem, "OU=CORP");
    assert_eq!(asked(&fixture), 2);
    click(&mut window, Role::CheckBox, "OU=Rome");
    assert_eq!((state(&window, "OU=CORP"), state(&window, "OU=Rome"), state(&window, "OU=Berlin")), (part, nothing, all));
    click(&mut window, Role::CheckBox, "OU=Old");
    press(&mut window, "Select Containers", "Advanced...");
    let excluded = window.get_by_role_and_label(Role::MultilineTextInput, "Excluded containers, one a line");
    assert_eq!(excluded.accesskit_node().value().unwrap(), "OU=Rome,OU=CORP,DC=contoso,DC=com");
    press(&mut window, "Select Containers", "OK");
    click_in(&mut window, PROPERTIES, Role::Button, "Apply");
    assert!(reads(&window, "Stored. Now run Full Import, then Delta Synchronization."));
    let stored = &properties(&fixture).partitions[1];
    assert_eq!(stored.include, ["OU=CORP,DC=contoso,DC=com"]);
    assert_eq!(stored.exclude, ["OU=Rome,OU=CORP,DC=contoso,DC=com"]);
}

#[test]
fn an_attribute_that_a_rule_uses_stays_selected() {
    let fixture = Fixture::f1();
    let mut window = open(&fixture, "Properties");
    page(&mut window, "Select Attributes");
    assert!(!has(&window, Role::CheckBox, "pager"));
    click(&mut window, Role::CheckBox, "title");
    let told = "title is used by In from AD - User Title Check, In from AD - User Common; change or disable the rules first";
    assert!(reads(&window, told));
    assert!(is_ticked(&window, "title"));
    click(&mut window, Role::CheckBox, "Show All");
    write(&mut window, "Filter attributes", "PAGE");
    assert!(!has(&window, Role::CheckBox, "title"));
    click(&mut window, Role::CheckBox, "pager");
    page(&mut window, "Select Object Types");
    assert!(window.get_by_role_and_label(Role::CheckBox, "container").accesskit_node().is_disabled());
    click(&mut window, Role::CheckBox, "user");
    assert!(window.query_by_label_contains("leave the connector space").is_some());
    click_in(&mut window, PROPERTIES, Role::Button, "OK");
    assert!(has(&window, Role::Window, PROPERTIES), "what has to run is told before the window goes");
    let stored = properties(&fixture);
    assert!(stored.attributes.iter().find(|choice| choice.name == "pager").unwrap().selected);
    assert!(!stored.object_types.iter().find(|choice| choice.name == "user").unwrap().selected);
}

#[test]
fn changes_are_not_lost_without_a_question() {
    let fixture = Fixture::f1();
    let mut window = open(&fixture, "Properties");
    write(&mut window, "Name", "other");
    click_in(&mut window, PROPERTIES, Role::Button, "Cancel");
    press(&mut window, "Unsaved Changes", "Go On Editing");
    click_in(&mut window, PROPERTIES, Role::Button, "Cancel");
    press(&mut window, "Unsaved Changes", "Discard Changes");
    assert!(!has(&window, Role::Window, PROPERTIES));
    assert_eq!(properties(&fixture).name, AD_NAME);
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
fn a_connector_is_made_or_it_is_told_why_not() {
    let fixture = Fixture::f1();
    let mut window = window_of(&fixture, [1280.0, 800.0], None);
    tab(&mut window, "Connectors");
    click(&mut window, Role::Button, "Create...");
    let title = "Create Connector";
    let disabled =
        |window: &Window| inner(window, title).get_by_role_and_label(Role::Button, "Create").accesskit_node().is_disabled();
    write(&mut window, "Forest name", "contoso.com");
    assert!(reads(&window, "A connector named \"contoso.com\" already exists"));
    write(&mut window, "Forest name", "fabrikam.com");
    write(&mut window, "User name", "sync@fabrikam.com");
    write(&mut window, "Domain controllers", "dc1, dc2");
    assert!(disabled(&window));
    write(&mut window, "Password", "wrong");
    click_in(&mut window, title, Role::Button, "Create");
    assert!(reads(&window, "DC01.contoso.com refuses the password of svc_sync@contoso.com"));
    click_in(&mut window, title, Role::Button, "Sandbox tenant on this computer");
    assert!(disabled(&window), "there is a tenant");
    click_in(&mut window, title, Role::Button, "Active Directory Domain Services");
    write(&mut window, "Password", "right");
    click_in(&mut window, title, Role::Button, "Create");
    assert!(!has(&window, Role::Window, title));
    assert!(fixture.log().contains(&"create forest fabrikam.com as sync@fabrikam.com at [\"dc1\", \"dc2\"]".to_owned()));
    assert!(has(&window, Role::Row, "Connector fabrikam.com, Active Directory Domain Services, Idle"));
}

#[test]
fn a_schema_is_stored_after_its_differences_were_shown() {
    let fixture = Fixture::f1();
    let mut window = open(&fixture, "Refresh Schema...");
    let title = "Refresh Schema of \"contoso.com\"";
    for text in ["New object types (1)", "robot", "shoeSize", "title: rule \"In from AD - User Common\", flow to title"] {
        assert!(reads(&window, text), "{text}");
    }
    let ok = |window: &Window| !inner(window, title).get_by_role_and_label(Role::Button, "OK").accesskit_node().is_disabled();
    assert!(!ok(&window), "a rule uses what is gone");
    click(&mut window, Role::CheckBox, "Store it although rules use attributes that are gone");
    click_in(&mut window, title, Role::Button, "OK");
    assert!(reads(&window, "The schema was stored."));
    assert!(reads(&window, "Now run Full Import, then Full Synchronization."));
    assert!(fixture.log().contains(&"refresh schema of contoso.com, dry run false, remove used true".to_owned()));
}

/// Names a file and presses Enter.
fn name_file(window: &mut Window, path: &str) {
    write(window, "File", path);
    window.get_by_role_and_label(Role::TextInput, "File").focus();
    window.run();
    window.key_press(Key::Enter);
    window.run();
}

#[test]
fn a_connector_goes_to_a_file_and_comes_from_one() {
    let fixture = Fixture::f1();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("Connector.xml");
    let mut window = open(&fixture, "Export Connector...");
    write(&mut window, "File", &file.display().to_string());
    click_in(&mut window, "Export Connector \"contoso.com\"", Role::Button, "Export");
    assert!(reads(&window, &format!("Written to {}.", file.display())));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "<ma-data><name>contoso.com</name></ma-data>");

    let mut window = open(&fixture, "Import Connector...");
    let disabled = |window: &Window| {
        inner(window, "Import Connector").get_by_role_and_label(Role::Button, "Import").accesskit_node().is_disabled()
    };
    name_file(&mut window, "/exports/contoso.com.xml");
    assert!(reads(&window, "A connector named \"contoso.com\" already exists"));
    assert!(disabled(&window));
    name_file(&mut window, "/exports/fabrikam.com.xml");
    assert!(!disabled(&window));
    click_in(&mut window, "Import Connector", Role::Button, "Import");
    assert!(reads(&window, "The connector was added. Enter its credential in its properties."));

    let mut window = open(&fixture, "Update Connector...");
    let title = "Update Connector \"contoso.com\"";
    name_file(&mut window, "/exports/contoso.com.xml");
    for text in ["pager", "Nightly", "Afterwards run Full Import, then Delta Synchronization."] {
        assert!(reads(&window, text), "{text}");
    }
    click_in(&mut window, title, Role::Button, "OK");
    assert!(reads(&window, "The connector is as the file says."));
    assert!(fixture.log().contains(&"update contoso.com by /exports/contoso.com.xml".to_owned()));
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

#[test]
fn a_tenant_of_the_cloud_is_added_with_its_application() {
    let fixture = Fixture::f1();
    fixture.change(|state| state.connectors.retain(|connector| connector.name == "contoso.com"));
    let mut window = window_of(&fixture, [1280.0, 800.0], None);
    tab(&mut window, "Connectors");
    click(&mut window, Role::Button, "Create...");
    let title = "Create Connector";
    click_in(&mut window, title, Role::Button, "Microsoft Entra ID");
    let disabled =
        |window: &Window| inner(window, title).get_by_role_and_label(Role::Button, "Create").accesskit_node().is_disabled();
    write(&mut window, "Tenant", "contoso.com");
    write(&mut window, "Application ID", "6c2a");
    assert!(disabled(&window), "the secret is missing");
    write(&mut window, "Client secret", "right");
    choose(&mut window, "Cloud", "US Government");
    click_in(&mut window, title, Role::Button, "Create");
    assert!(!has(&window, Role::Window, title));
    let asked = "create tenant contoso.com by Microsoft Graph at https://graph.microsoft.us".to_owned();
    assert!(fixture.log().contains(&asked), "{:?}", fixture.log());
}

#[test]
fn a_tenant_shows_what_it_can_do() {
    let fixture = Fixture::f1();
    let mut window = window_of(&fixture, [1280.0, 800.0], None);
    tab(&mut window, "Connectors");
    double_click(
        &mut window,
        Role::Row,
        "Connector contoso.onmicrosoft.com - AAD, Windows Azure Active Directory (Microsoft), Idle",
    );
    click(&mut window, Role::Button, "Backend and Capabilities");
    for text in ["Microsoft Graph", "Worldwide", "3,000 in 150 s", "Not: Password hash synchronization (no hashes)"] {
        assert!(reads(&window, text), "{text}");
    }
    assert!(has(&window, Role::Row, "user proxyAddresses: read Yes, written No"));
}
