use egui::Role;
use egui_kittest::kittest::{NodeT, Queryable};

use crate::fixture::{Fixture, objects};
use crate::support::*;

const AD_ROW: &str = "Connector contoso.com, Active Directory Domain Services, Idle";
const CLOUD_ROW: &str = "Connector contoso.onmicrosoft.com - AAD, Windows Azure Active Directory (Microsoft), Idle";
const ACTIONS: [&str; 11] = [
    "Create...",
    "Properties",
    "Delete...",
    "Configure Run Profiles...",
    "Run...",
    "Stop",
    "Export Connector...",
    "Import Connector...",
    "Update Connector...",
    "Refresh Schema...",
    "Search Connector Space...",
];

fn actions(window: &Window) -> Vec<(String, bool)> {
    let mut found: Vec<(i32, String, bool)> = window
        .query_all_by_role(Role::Button)
        .filter_map(|node| {
            let label = node.accesskit_node().label()?;
            ACTIONS.contains(&label.as_str()).then(|| (node.rect().top() as i32, label, !node.accesskit_node().is_disabled()))
        })
        .collect();
    found.sort();
    found.into_iter().map(|(_, label, enabled)| (label, enabled)).collect()
}

#[test]
fn scenario_15_the_actions_in_their_order() {
    let mut window = window(&Fixture::f1());
    tab(&mut window, "Connectors");
    assert_eq!(actions(&window).iter().map(|(label, _)| label.as_str()).collect::<Vec<_>>(), ACTIONS);
    let enabled =
        |window: &Window| actions(window).into_iter().filter(|(_, enabled)| *enabled).map(|(label, _)| label).collect::<Vec<_>>();
    assert_eq!(enabled(&window), ["Create...", "Import Connector..."], "nothing is selected");
    click(&mut window, Role::Row, AD_ROW);
    assert_eq!(enabled(&window), ACTIONS.into_iter().filter(|label| *label != "Stop").collect::<Vec<_>>());
}

#[test]
fn scenario_19_a_disconnector_is_found_by_its_relative_name() {
    let mut window = window(&Fixture::f1());
    tab(&mut window, "Connectors");
    click(&mut window, Role::Row, AD_ROW);
    click(&mut window, Role::Button, "Search Connector Space...");
    choose(&mut window, "Scope", "RDN");
    window.get_by_role_and_label(Role::TextInput, "RDN").focus();
    window.run();
    window.get_by_role_and_label(Role::TextInput, "RDN").type_text("CN=Carol Clark");
    window.run();
    click(&mut window, Role::Button, "Search");
    let carol = format!("CS {}", objects::ad_dn("Carol Clark"));
    assert_eq!(rows_in(&window, "Search Connector Space - contoso.com", "CS "), std::slice::from_ref(&carol));
    double_click(&mut window, Role::Row, &carol);
    let title = "Connector Space Object Properties - CN=Carol Clark";
    let tabs: Vec<String> =
        inner(&window, title).query_all_by_role(Role::Tab).filter_map(|node| node.accesskit_node().label()).collect();
    assert_eq!(tabs, ["Import", "Lineage", "Raw"]);
    click(&mut window, Role::Tab, "Lineage");
    assert!(reads(&window, "Disconnector - not linked to the metaverse"));
}

fn search_cloud(window: &mut Window, scope: &str, wanted: &[&str]) -> Vec<String> {
    choose(window, "Scope", scope);
    for operation in ["Add", "Modify", "Delete"] {
        let checked = window.get_by_role_and_label(Role::CheckBox, operation).accesskit_node().toggled()
            == Some(egui::accesskit::Toggled::True);
        if checked != wanted.contains(&operation) {
            click(window, Role::CheckBox, operation);
        }
    }
    click(window, Role::Button, "Search");
    rows_in(window, "Search Connector Space - contoso.onmicrosoft.com - AAD", "CS ")
}

#[test]
fn scenario_21_pending_scopes_of_the_cloud_connector() {
    let mut window = window(&Fixture::f1());
    tab(&mut window, "Connectors");
    click(&mut window, Role::Row, CLOUD_ROW);
    click(&mut window, Role::Button, "Search Connector Space...");
    assert_eq!(search_cloud(&mut window, "Pending Import", &["Add"]), ["CS CN={eveeast}"]);
    assert_eq!(search_cloud(&mut window, "Pending Export", &["Delete"]), Vec::<String>::new());
    assert!(reads(&window, "No object is in this scope."));
    assert_eq!(search_cloud(&mut window, "Pending Export", &["Add"]), ["CS CN={bobbaker}"]);
}

#[test]
fn a_connector_space_is_searched_by_attributes_and_by_who_joined() {
    let mut window = window_of(&Fixture::f1(), [1280.0, 800.0], Some("syncline://connector/contoso.com/search"));
    let title = "Search Connector Space - contoso.com";
    choose(&mut window, "Scope", "All");
    click_in(&mut window, title, Role::Button, "Add Clause");
    let search =
        |window: &Window| inner(window, title).get_by_role_and_label(Role::Button, "Search").accesskit_node().is_disabled();
    assert!(search(&window), "the value is missing");
    type_into(&mut window, "Value 1", "Carol");
    click_in(&mut window, title, Role::Button, "Search");
    assert_eq!(rows_in(&window, title, "CS "), [format!("CS {}", objects::ad_dn("Carol Clark"))]);
    click_in(&mut window, title, Role::Button, "Add Clause");
    type_into(&mut window, "Value 2", "Dan");
    click_in(&mut window, title, Role::Button, "Search");
    assert!(rows_in(&window, title, "CS ").is_empty());
    click_in(&mut window, title, Role::RadioButton, "Any is enough");
    click_in(&mut window, title, Role::Button, "Search");
    assert_eq!(rows_in(&window, title, "CS ").len(), 2);
    choose(&mut window, "Scope", "Disconnector");
    choose(&mut window, "State", "Explicit");
    assert!(has(&window, Role::ComboBox, "State"));
}

#[test]
fn scenario_22_too_many_deletes_are_announced_before_the_export() {
    let fixture = Fixture::f1();
    fixture.many_deletes();
    let mut window = window(&fixture);
    tab(&mut window, "Connectors");
    click(&mut window, Role::Row, CLOUD_ROW);
    click(&mut window, Role::Button, "Run...");
    inner(&window, "Run Connector").get_by_role_and_label(Role::Button, "Export").click();
    window.run();
    assert!(reads(&window, "501 deletes exceed the threshold of 500"));
    fixture.change(|state| state.threshold = None);
    inner(&window, "Run Connector").get_by_role_and_label(Role::Button, "Full Import").click();
    window.run();
    assert!(!reads(&window, "501 deletes exceed the threshold of 500"));
}

#[test]
fn every_number_leads_to_its_objects() {
    let mut window = window(&Fixture::f1());
    tab(&mut window, "Connectors");
    click(&mut window, Role::Row, AD_ROW);
    assert!(has(&window, Role::Label, "Objects Placeholders: 0"));
    click(&mut window, Role::Link, "Pending Import Updates: 1");
    let title = "Search Connector Space - contoso.com";
    assert_eq!(rows_in(&window, title, "CS "), [format!("CS {}", objects::ad_dn("Bob Baker"))]);
}

#[test]
fn the_strip_starts_the_full_synchronization_that_is_required() {
    let fixture = Fixture::f1();
    fixture.change(|state| state.connectors[0].full_sync_required = Some("rule In from AD - User Common changed".into()));
    let mut window = window(&fixture);
    tab(&mut window, "Connectors");
    assert!(!has(&window, Role::Button, "Run Full Synchronization"));
    click(&mut window, Role::Row, AD_ROW);
    assert!(reads(&window, "Rules changed since the last full synchronization - Full Synchronization required"));
    window.get_by_role_and_label(Role::Button, "Run Full Synchronization").click();
    window.run_steps(3);
    assert!(fixture.log().contains(&"start contoso.com: Full Synchronization".to_owned()));
}
