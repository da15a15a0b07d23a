//! What is wrong is said beside its field or in a banner, and nothing that was typed is lost.

use std::path::Path;
use std::sync::Arc;

use egui::{Key, Modifiers, Role};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};
use syncline::desktop::backend::EngineOpener;
use syncline::desktop::{App, AppSetup, Backend};
use syncline_engine::service::{Engine, EngineOptions};

use crate::fixture::Fixture;
use crate::support::*;

fn says(window: &Window, part: &str) -> bool {
    let all = window.query_all_by_role(Role::Label).filter_map(|node| node.value());
    all.into_iter().any(|text| text.contains(part))
}

/// Everything that can be read, for the message of a failing test.
fn texts(window: &Window) -> Vec<String> {
    window.query_all_by_role(Role::Label).filter_map(|node| node.value()).collect()
}

/// The app on a real engine with an empty data folder.
fn on_engine(folder: &Path) -> Window {
    let engine: Arc<dyn Backend> = Arc::new(Engine::create(folder, EngineOptions::default()).unwrap());
    let mut window = Harness::builder()
        .with_size([1280.0, 800.0])
        .with_max_steps(40)
        .with_step_dt(0.05)
        .build_eframe(move |cc| App::on_backend(&cc.egui_ctx, setup(&cc.egui_ctx, &Fixture::f1(), true), engine));
    window.run();
    window
}

#[test]
fn a_search_with_a_value_of_the_wrong_kind_says_so_and_cannot_be_made() {
    let mut window = window(&Fixture::f1());
    tab(&mut window, "Metaverse Search");
    window.query_all_by_role_and_label(Role::Button, "Add Clause").next().unwrap().click();
    window.run();
    type_into(&mut window, "Value 1", &"x".repeat(449));
    assert!(reads(&window, "Enter at most 448 characters"));
    let search = |window: &Window| {
        window.query_all_by_role_and_label(Role::Button, "Search").all(|node| node.accesskit_node().is_disabled())
    };
    assert!(search(&window));
    type_into(&mut window, "Value 1", "x");
    assert!(!search(&window));
}

#[test]
fn a_moment_that_is_none_keeps_the_search_from_being_made() {
    let mut window = window_of(&Fixture::f1(), [1280.0, 800.0], Some("syncline://connector/contoso.com/search"));
    choose(&mut window, "Scope", "Disconnected Since");
    type_into(&mut window, "Disconnected Since", "yesterday");
    let title = "Search Connector Space - contoso.com";
    assert!(inner(&window, title).get_by_role_and_label(Role::Button, "Search").accesskit_node().is_disabled());
}

#[test]
fn an_engine_that_stops_is_told_on_every_tab_and_what_was_typed_stays() {
    let fixture = Fixture::f1();
    let mut window = window(&fixture);
    window.key_press_modifiers(Modifiers::COMMAND, Key::R);
    window.run();
    let editor = "Synchronization Rules Editor";
    click_in(&mut window, editor, Role::Row, "Rule 50 In from AD - User Title Check");
    click_in(&mut window, editor, Role::Button, "Edit");
    let title = "Edit inbound synchronization rule - In from AD - User Title Check";
    let name = |window: &Window| inner(window, title).get_by_role_and_label(Role::TextInput, "Name").value();
    inner(&window, title).get_by_role_and_label(Role::TextInput, "Name").focus();
    window.run();
    window.key_press_modifiers(Modifiers::COMMAND, Key::A);
    inner(&window, title).get_by_role_and_label(Role::TextInput, "Name").type_text("Title Check");
    window.run();
    fixture.change(|state| state.broken = Some("the engine has stopped".into()));
    click_in(&mut window, title, Role::Button, "Save");
    assert!(reads(&window, "The engine has stopped"), "{:?}", texts(&window));
    assert_eq!(name(&window).as_deref(), Some("Title Check"), "nothing is lost");
    fixture.change(|state| state.broken = None);
    click_in(&mut window, title, Role::Button, "Save");
    fixture.change(|state| assert!(state.rules.iter().any(|rule| rule.name == "Title Check")));
    fixture.change(|state| state.broken = Some("the engine has stopped".into()));
    for _ in 0..6 {
        window.key_press(Key::Escape);
        window.run();
    }
    for label in ["Operations", "Connectors"] {
        tab(&mut window, label);
        window.key_press(Key::F5);
        window.run();
        assert!(reads(&window, "The engine has stopped"), "{label}: {:?}", texts(&window));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_named_with_the_file() {
    let mut window = window(&Fixture::f1());
    tab(&mut window, "Metaverse Search");
    click(&mut window, Role::Button, "Save Query...");
    type_into(&mut window, "File", "/dev/full");
    click(&mut window, Role::CheckBox, "Replace the file if it exists");
    click_in(&mut window, "Save Query", Role::Button, "Save");
    assert!(says(&window, "/dev/full cannot be written: No space left on device"), "{:?}", texts(&window));
    assert!(has(&window, Role::Window, "Save Query"), "another name can be tried");
}

#[test]
fn a_data_folder_that_another_process_uses_is_named_with_that_process() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let owner = Engine::create(&data, EngineOptions::default()).unwrap();
    let named = data.clone();
    let mut window = Harness::builder().with_size([1280.0, 800.0]).with_max_steps(40).build_eframe(move |cc| {
        let setup = AppSetup {
            opener: Arc::new(EngineOpener::new()),
            named_folder: Some(named),
            ..setup(&cc.egui_ctx, &Fixture::f1(), true)
        };
        App::new(&cc.egui_ctx, setup)
    });
    window.run();
    let told = format!("(number {}) is using {}", std::process::id(), data.display());
    assert!(says(&window, &told), "{:?}", texts(&window));
    owner.shutdown();
    window.query_all_by_role_and_label(Role::Button, "Open").next().unwrap().click();
    window.run();
    assert_eq!(window.query_all_by_role(Role::Tab).count(), 4, "once it is free it opens");
    window.state_mut().leave();
}

#[test]
fn files_that_are_not_what_they_claim_are_refused_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let mut window = on_engine(&folder.path().join("data"));
    let file = folder.path().join("picture.xml");
    std::fs::write(&file, b"\x89PNG\r\n\x1a\n\0\0 not a connector").unwrap();
    tab(&mut window, "Connectors");
    click(&mut window, Role::Button, "Import Connector...");
    type_into(&mut window, "File", &file.display().to_string());
    window.key_press(Key::Enter);
    window.run();
    assert!(says(&window, "picture.xml"), "{:?}", texts(&window));
    let title = "Import Connector";
    assert!(inner(&window, title).get_by_role_and_label(Role::Button, "Import").accesskit_node().is_disabled());
    click_in(&mut window, title, Role::Button, "Cancel");

    click(&mut window, Role::Button, "File");
    click(&mut window, Role::Button, "Import Server Configuration...");
    type_into(&mut window, "Folder of the export", &folder.path().join("empty").display().to_string());
    click_in(&mut window, "Import Server Configuration", Role::Button, "Read");
    assert!(says(&window, "empty"), "{:?}", texts(&window));
    window.state_mut().leave();
}

#[test]
fn a_link_that_leads_nowhere_is_told_and_the_app_stays_usable() {
    let mut window = window_of(&Fixture::f1(), [1280.0, 800.0], Some("syncline://connector/fabrikam.com/properties"));
    assert!(reads(&window, "There is no connector \"fabrikam.com\"."));
    click(&mut window, Role::Button, "Dismiss");
    tab(&mut window, "Operations");
    let window = window_of(&Fixture::f1(), [1280.0, 800.0], Some("syncline://format/disk"));
    assert!(says(&window, "is not a link of this program"), "{:?}", texts(&window));
}
