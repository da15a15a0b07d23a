//! One operation on many objects: tried first, then done, with a result for each.

use egui::{Key, Modifiers, Role};
use egui_kittest::kittest::{NodeT, Queryable};

use crate::fixture::{Fixture, objects};
use crate::support::*;

const TITLE: &str = "Batch - 4 objects of contoso.com";

/// The window on all objects of the forest.
fn batch(fixture: &std::sync::Arc<Fixture>) -> Window {
    let mut window = window(fixture);
    tab(&mut window, "Connectors");
    click(&mut window, Role::Row, "Connector contoso.com, Active Directory Domain Services, Idle");
    click(&mut window, Role::Button, "Search Connector Space...");
    choose(&mut window, "Scope", "All");
    click(&mut window, Role::Button, "Search");
    let search = "Search Connector Space - contoso.com";
    assert!(inner(&window, search).get_by_role_and_label(Role::Button, "Batch...").accesskit_node().is_disabled());
    click(&mut window, Role::Row, &format!("CS {}", objects::ad_dn("Alice Adams")));
    window.key_press_modifiers(Modifiers::COMMAND, Key::A);
    window.run();
    click_in(&mut window, search, Role::Button, "Batch...");
    assert!(has(&window, Role::Window, TITLE));
    window
}

fn states(window: &Window) -> Vec<(String, String)> {
    let name = |line: String| {
        let (dn, state) = line.rsplit_once(": ").unwrap();
        (dn.trim_start_matches("CS CN=").split(',').next().unwrap().to_owned(), state.to_owned())
    };
    rows_in(window, TITLE, "CS ").into_iter().map(name).collect()
}

fn check(window: &Window, expected: [&str; 4]) {
    let names = ["Alice Adams", "Bob Baker", "Carol Clark", "Dan Diaz"];
    let expected: Vec<(String, String)> =
        names.iter().zip(expected).map(|(name, state)| ((*name).to_owned(), state.to_owned())).collect();
    assert_eq!(states(window), expected);
}

fn acts(fixture: &Fixture) -> Vec<String> {
    let act = |line: &String| ["joined", "disconnected", "commit preview"].iter().any(|verb| line.starts_with(verb));
    fixture.log().into_iter().filter(act).collect()
}

#[test]
fn previews_of_a_selection_tell_each_result_and_write_nothing() {
    let fixture = Fixture::f1();
    let mut window = batch(&fixture);
    check(&window, ["Waiting", "Waiting", "Waiting", "Waiting"]);
    click_in(&mut window, TITLE, Role::Button, "Generate Previews");
    check(&window, ["Tried", "Tried", "Tried", "Failed"]);
    assert!(acts(&fixture).is_empty());
}

#[test]
fn a_commit_waits_until_it_was_tried_and_leaves_failing_objects_out() {
    let fixture = Fixture::f1();
    let mut window = batch(&fixture);
    choose(&mut window, "Operation", "Commit Preview");
    assert!(inner(&window, TITLE).get_by_role_and_label(Role::Button, "Commit").accesskit_node().is_disabled());
    click_in(&mut window, TITLE, Role::Button, "Try");
    assert!(acts(&fixture).is_empty());
    click_in(&mut window, TITLE, Role::RadioButton, "Delta Synchronization");
    assert!(
        inner(&window, TITLE).get_by_role_and_label(Role::Button, "Commit").accesskit_node().is_disabled(),
        "something else was tried"
    );
    click_in(&mut window, TITLE, Role::RadioButton, "Full Synchronization");
    click_in(&mut window, TITLE, Role::Button, "Commit 3 Objects");
    check(&window, ["Done", "Done", "Done", "Failed"]);
    assert_eq!(acts(&fixture).len(), 3);
}

#[test]
fn disconnecting_takes_connectors_only_and_setting_the_type_disconnectors_only() {
    let fixture = Fixture::f1();
    let mut window = batch(&fixture);
    choose(&mut window, "Operation", "Disconnect");
    click_in(&mut window, TITLE, Role::Button, "Try");
    check(&window, ["Tried", "Tried", "Left out", "Left out"]);
    assert!(reads(&window, "1 object would delete something, here or in a target."));
    choose(&mut window, "Operation", "Set Disconnector Type");
    click_in(&mut window, TITLE, Role::RadioButton, "Explicit Disconnector");
    click_in(&mut window, TITLE, Role::Button, "Try");
    check(&window, ["Left out", "Left out", "Tried", "Failed"]);
    click_in(&mut window, TITLE, Role::Button, "Set Type 1 Object");
    check(&window, ["Left out", "Left out", "Done", "Failed"]);
    assert_eq!(acts(&fixture), ["disconnected explicitly CN=Carol Clark,OU=CORP,DC=contoso,DC=com"]);
}

#[test]
fn a_join_takes_the_one_metaverse_object_with_the_same_value() {
    let fixture = Fixture::f1();
    fixture.change(|state| {
        let carol = state.objects.iter_mut().find(|object| object.guid == objects::CAROL).unwrap();
        let mail = carol.import.attributes.iter_mut().find(|attribute| attribute.name == "mail").unwrap();
        for value in mail.old.iter_mut().chain(&mut mail.new) {
            value.text = "bob@contoso.com".into();
        }
    });
    let mut window = batch(&fixture);
    choose(&mut window, "Operation", "Join");
    click_in(&mut window, TITLE, Role::Button, "Try");
    check(&window, ["Left out", "Left out", "Tried", "Failed"]);
    assert!(window.query_all_by_label_contains("No metaverse object has mail = dan@contoso.com.").next().is_some());
    click_in(&mut window, TITLE, Role::Button, "Join 1 Object");
    assert_eq!(acts(&fixture), ["joined CN=Carol Clark,OU=CORP,DC=contoso,DC=com"]);
}
