use egui::{Key, Modifiers, Role};
use egui_kittest::kittest::Queryable;
use syncline::desktop::theme::ThemeChoice;
use syncline_engine::model::RunId;
use syncline_engine::service::StatusClass;

use crate::fixture::Fixture;
use crate::support::*;

#[test]
fn scenario_29_the_query_survives_a_restart_and_the_results_do_not() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("desktop.json");
    let fixture = Fixture::f1();
    let mut window = window_with_settings(&fixture, &file);
    tab(&mut window, "Metaverse Search");
    window.query_all_by_role_and_label(Role::Button, "Add Clause").next().unwrap().click();
    window.run();
    window.get_by_role_and_label(Role::TextInput, "Value 1").focus();
    window.run();
    window.get_by_role_and_label(Role::TextInput, "Value 1").type_text("Ali");
    window.run();
    window.key_press_modifiers(Modifiers::COMMAND, Key::Enter);
    window.run();
    assert_eq!(rows(&window, "MV ").len(), 1);
    window.state_mut().leave();
    drop(window);
    let window = window_with_settings(&fixture, &file);
    assert_eq!(window.get_by_role_and_label(Role::TextInput, "Value 1").value().as_deref(), Some("Ali"));
    assert_eq!(rows(&window, "MV ").len(), 0);
    assert!(reads(&window, "Click Search to list objects."));
}

#[test]
fn scenario_38_theme_and_zoom_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("desktop.json");
    let fixture = Fixture::f1();
    let mut window = window_with_settings(&fixture, &file);
    click(&mut window, Role::Button, "View");
    click(&mut window, Role::Button, "Theme");
    click(&mut window, Role::Button, "Light");
    assert!(!window.ctx.global_style().visuals.dark_mode);
    for _ in 0..5 {
        window.key_press_modifiers(Modifiers::COMMAND, Key::Plus);
        window.run();
    }
    assert!((window.ctx.zoom_factor() - 1.5).abs() < 0.001);
    drop(window);
    let window = window_with_settings(&fixture, &file);
    assert_eq!(window.state().settings.theme, ThemeChoice::Light);
    assert!((window.ctx.zoom_factor() - 1.5).abs() < 0.001);
}

#[test]
fn optional_columns_are_shown_when_chosen() {
    let mut window = window(&Fixture::f1());
    assert!(!has(&window, Role::ColumnHeader, "User Name"));
    click(&mut window, Role::Button, "View");
    click(&mut window, Role::Button, "Column Settings...");
    click(&mut window, Role::CheckBox, "User Name");
    assert!(has(&window, Role::ColumnHeader, "User Name"));
    click(&mut window, Role::Button, "Standard Columns");
    assert!(!has(&window, Role::ColumnHeader, "User Name"));
}

#[test]
fn answers_and_events_arrive_from_other_threads() {
    let fixture = Fixture::f1();
    let mut window = threaded_window(&fixture);
    until(&mut window, "the runs are listed", |window| rows(window, "Run ").len() == 6);
    click(&mut window, Role::Row, "Run 6: contoso.com, Delta Import, success");
    until(&mut window, "the run is shown", |window| reads(window, "Profile Name: Delta Import"));
    click(&mut window, Role::Button, "Run...");
    inner(&window, "Run Connector").get_by_role_and_label(Role::Button, "OK").click();
    until(&mut window, "the run has begun", |window| rows(window, "Run 7").len() == 1);
    fixture.progress(RunId(7), 500);
    until(&mut window, "the counter moves", |window| has(window, Role::Link, "Staging Adds: 500"));
    fixture.finish(RunId(7), "success", StatusClass::Success);
    until(&mut window, "the run has ended", |window| has(window, Role::Row, "Run 7: contoso.com, Delta Import, success"));
}
