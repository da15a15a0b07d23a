//! Joining and disconnecting by hand, and the lineage graph of an identity.

use egui::{Key, Role};
use egui_kittest::kittest::{NodeT, Queryable};

use crate::fixture::{Fixture, objects};
use crate::support::*;

fn acts(fixture: &Fixture) -> Vec<String> {
    fixture.log().into_iter().filter(|line| line.starts_with("joined") || line.starts_with("disconnected")).collect()
}

fn is_off(window: &Window, title: &str, label: &str) -> bool {
    inner(window, title).get_by_role_and_label(Role::Button, label).accesskit_node().is_disabled()
}

#[test]
fn a_disconnection_tells_first_what_would_be_deleted() {
    let fixture = Fixture::f1();
    let mut window = window_of(&fixture, [1280.0, 800.0], Some(&format!("syncline://cs/{}", objects::BOB)));
    click_in(&mut window, "Connector Space Object Properties - CN=Bob Baker", Role::Button, "Disconnect...");
    let title = "Disconnect - CN=Bob Baker";
    assert!(reads(&window, "1 metaverse object would be deleted: no rule keeps it any more"));
    assert!(reads(&window, "1 deletion would be staged for export: CN={bobbaker} in contoso.onmicrosoft.com - AAD"));
    click_in(&mut window, title, Role::RadioButton, "Explicit Disconnector");
    assert!(acts(&fixture).is_empty());
    click_in(&mut window, title, Role::Button, "Disconnect");
    assert_eq!(acts(&fixture), ["disconnected explicitly CN=Bob Baker,OU=CORP,DC=contoso,DC=com"]);
    assert!(!has(&window, Role::Window, title));
    let asked = |explicit: bool| fixture.log().contains(&format!("preview disconnection {explicit}"));
    assert!(asked(false) && asked(true));
}

#[test]
fn a_disconnector_is_joined_to_a_candidate() {
    let fixture = Fixture::f1();
    let mut window = window_of(&fixture, [1280.0, 800.0], Some(&format!("syncline://cs/{}", objects::CAROL)));
    click_in(&mut window, "Connector Space Object Properties - CN=Carol Clark", Role::Button, "Join...");
    let title = "Join - CN=Carol Clark";
    assert!(rows_in(&window, title, "MV ").is_empty());
    assert!(is_off(&window, title, "Join"));
    let field = inner(&window, title).get_by_role_and_label(Role::TextInput, "Search the metaverse");
    field.focus();
    window.run();
    for _ in 0..11 {
        window.key_press(Key::Backspace);
    }
    window.run();
    inner(&window, title).get_by_role_and_label(Role::TextInput, "Search the metaverse").type_text("Bob");
    window.run();
    window.key_press(Key::Enter);
    window.run();
    assert_eq!(rows_in(&window, title, "MV "), ["MV Bob Baker"]);
    assert!(reads(&window, "The metaverse object stays; 0 attributes of it would change."));
    click_in(&mut window, title, Role::Button, "Join");
    assert_eq!(acts(&fixture), ["joined CN=Carol Clark,OU=CORP,DC=contoso,DC=com"]);
}

#[test]
fn several_objects_are_disconnected_with_a_result_for_each() {
    let fixture = Fixture::f1();
    let mut window = window_of(&fixture, [1280.0, 800.0], Some(&format!("syncline://mv/{}", objects::ALICE_MV)));
    let identity = "Metaverse Object Properties - Alice Adams";
    assert!(is_off(&window, identity, "Disconnect..."));
    click_in(&mut window, identity, Role::Tab, "Connectors");
    click_in(&mut window, identity, Role::Row, &format!("contoso.com: {}", objects::ad_dn("Alice Adams")));
    window.key_press_modifiers(egui::Modifiers::SHIFT, Key::ArrowDown);
    window.run();
    click_in(&mut window, identity, Role::Button, "Disconnect...");
    let title = "Disconnect - 2 objects";
    fixture.change(|state| state.refused = Some(objects::ALICE_CLOUD));
    click_in(&mut window, title, Role::Button, "Disconnect");
    assert!(reads(&window, "1 object disconnected."));
    assert!(reads(&window, "CN={aliceadams}: It is locked"));
    click_in(&mut window, title, Role::Button, "Close");
    assert!(!has(&window, Role::Window, title));
}

#[test]
fn the_lineage_graph_and_its_outline_have_the_same_edges() {
    let fixture = Fixture::f1();
    let mut window = window_of(&fixture, [1280.0, 800.0], Some(&format!("syncline://mv/{}", objects::ALICE_MV)));
    click_in(&mut window, "Metaverse Object Properties - Alice Adams", Role::Button, "Lineage Graph");
    let title = "Lineage Graph - Alice Adams";
    let identity = fixture.identity(objects::ALICE_MV);
    let number: usize = identity.connector_details.iter().map(|joined| joined.lineage.len()).sum();
    let edges = |window: &Window, role: Role| -> Vec<String> {
        let nodes = inner(window, title).query_all_by_role(role).filter_map(|node| node.accesskit_node().label());
        let mut names: Vec<String> = nodes.filter(|name| name.contains(" (1") && name.contains("attribute")).collect();
        names.sort();
        names
    };
    let drawn = edges(&window, Role::Button);
    assert_eq!(drawn.len(), number, "{drawn:?}");
    click_in(&mut window, title, Role::Tab, "Outline");
    assert_eq!(edges(&window, Role::Row), drawn);
    click_in(&mut window, title, Role::Tab, "Graph");
    let common = drawn.iter().find(|name| name.starts_with("In from AD - User Common")).unwrap().clone();
    click_in(&mut window, title, Role::Button, &common);
    assert!(has(&window, Role::Row, "displayName: Alice Adams"));
    click_in(&mut window, title, Role::Button, "Open Rule");
    assert!(has(&window, Role::Window, "Synchronization Rule - In from AD - User Common"));
    window.key_press(Key::Escape);
    window.run();
    let object = format!("Connector space object {} in contoso.com", objects::ad_dn("Alice Adams"));
    click_in(&mut window, title, Role::Button, &object);
    assert!(has(&window, Role::Window, "Connector Space Object Properties - CN=Alice Adams"));
}
