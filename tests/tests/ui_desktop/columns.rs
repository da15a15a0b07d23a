//! Columns of lists: their order, what they are sorted by, attributes as columns.

use egui::{Key, Modifiers, PointerButton, Role};
use egui_kittest::kittest::{NodeT, Queryable};

use crate::fixture::Fixture;
use crate::support::*;

/// Titles of the columns shown, from left to right.
fn headers(window: &Window) -> Vec<String> {
    let mut found: Vec<(i32, String)> = window
        .query_all_by_role(Role::ColumnHeader)
        .filter_map(|node| Some((node.rect().left() as i32, node.accesskit_node().label()?)))
        .collect();
    found.sort();
    found.into_iter().map(|(_, title)| title).collect()
}

/// What a screen reader says of a header beside its title.
fn told(window: &Window, header: &str) -> Option<String> {
    window.get_by_role_and_label(Role::ColumnHeader, header).accesskit_node().description()
}

fn shift_click(window: &mut Window, header: &str) {
    let at = window.get_by_role_and_label(Role::ColumnHeader, header).rect().center();
    window.hover_at(at);
    for pressed in [true, false] {
        window.event_modifiers(
            egui::Event::PointerButton { pos: at, button: PointerButton::Primary, pressed, modifiers: Modifiers::SHIFT },
            Modifiers::SHIFT,
        );
    }
    window.run();
}

fn drag(window: &mut Window, header: &str, to: f32) {
    let from = window.get_by_role_and_label(Role::ColumnHeader, header).rect().center();
    let button =
        |pos, pressed| egui::Event::PointerButton { pos, button: PointerButton::Primary, pressed, modifiers: Modifiers::NONE };
    window.hover_at(from);
    window.event(button(from, true));
    window.step();
    let to = egui::pos2(to, from.y);
    for at in [from.lerp(to, 0.5), to] {
        window.hover_at(at);
        window.step();
    }
    window.event(button(to, false));
    window.run();
}

const SHOWN: [&str; 5] = ["Name", "Profile Name", "Status", "Start Time", "End Time"];

#[test]
fn a_header_is_dragged_and_the_order_survives_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("desktop.json");
    let fixture = Fixture::f1();
    let mut window = window_with_settings(&fixture, &file);
    assert_eq!(headers(&window), SHOWN);
    let left = window.get_by_role_and_label(Role::ColumnHeader, "Name").rect().left();
    drag(&mut window, "Status", left + 4.0);
    let moved = ["Status", "Name", "Profile Name", "Start Time", "End Time"];
    assert_eq!(headers(&window), moved);
    assert_eq!(told(&window, "Status"), None, "a header that is dragged is not clicked");
    window.state_mut().leave();
    drop(window);
    let mut window = window_with_settings(&fixture, &file);
    assert_eq!(headers(&window), moved);
    let right = window.get_by_role_and_label(Role::ColumnHeader, "End Time").rect().right();
    drag(&mut window, "Name", right - 4.0);
    assert_eq!(headers(&window), ["Status", "Profile Name", "Start Time", "End Time", "Name"]);
}

#[test]
fn columns_are_ordered_and_sorted_by_keyboard() {
    let mut window = window(&Fixture::f1());
    click(&mut window, Role::Button, "View");
    click(&mut window, Role::Button, "Column Settings...");
    window.get_by_role_and_label(Role::Button, "Move Status up").focus();
    window.run();
    for _ in 0..2 {
        window.key_press(Key::Enter);
        window.run();
    }
    assert_eq!(headers(&window)[0], "Status");
    assert!(is_disabled(&window, "Move Status up"));
    window.get_by_role_and_label(Role::Button, "Status: Not sorted").focus();
    window.run();
    window.key_press(Key::Enter);
    window.run();
    assert_eq!(told(&window, "Status").as_deref(), Some("Sorted ascending"));
    assert!(has(&window, Role::Button, "Status: Sorted ascending"));
    type_into(&mut window, "Find a column", "NUMBER");
    assert!(!has(&window, Role::CheckBox, "User Name"));
    click(&mut window, Role::CheckBox, "Run Number");
    assert!(headers(&window).contains(&"Run Number".to_owned()));
    click(&mut window, Role::Button, "Standard Columns");
    assert_eq!(headers(&window), SHOWN);
    click(&mut window, Role::Button, "Standard Order");
    assert_eq!(told(&window, "Status"), None);
    assert!(rows(&window, "Run ")[0].starts_with("Run 6"));
    window.key_press(Key::Escape);
    window.run();
    assert!(!has(&window, Role::Window, "Column Settings"));
}

#[test]
fn shift_adds_a_column_to_the_sort() {
    let mut window = window(&Fixture::f1());
    click(&mut window, Role::ColumnHeader, "Profile Name");
    shift_click(&mut window, "Name");
    shift_click(&mut window, "Name");
    assert_eq!(told(&window, "Profile Name").as_deref(), Some("Sorted ascending, key 1 of 2"));
    assert_eq!(told(&window, "Name").as_deref(), Some("Sorted descending, key 2 of 2"));
    let order: Vec<String> = rows(&window, "Run ").iter().map(|row| row[4..5].to_owned()).collect();
    assert_eq!(order, ["6", "5", "4", "2", "1", "3"], "of the two full imports that of the later name comes first");
    shift_click(&mut window, "Profile Name");
    let order: Vec<String> = rows(&window, "Run ").iter().map(|row| row[4..5].to_owned()).collect();
    assert_eq!((order[0].as_str(), told(&window, "Profile Name").as_deref()), ("3", Some("Sorted descending, key 1 of 2")));
    click(&mut window, Role::ColumnHeader, "Name");
    assert_eq!(told(&window, "Name").as_deref(), Some("Sorted ascending"));
    assert_eq!(told(&window, "Profile Name"), None);
}

#[test]
fn the_menu_of_a_header_moves_hides_and_sorts() {
    let mut window = window(&Fixture::f1());
    for (header, item) in [("Status", "Move Left"), ("End Time", "Hide Column"), ("Name", "Sort Descending")] {
        right_click(&mut window, Role::ColumnHeader, header);
        click(&mut window, Role::Button, item);
    }
    assert_eq!(headers(&window), ["Name", "Status", "Profile Name", "Start Time"]);
    assert_eq!(told(&window, "Name").as_deref(), Some("Sorted descending"));
    right_click(&mut window, Role::ColumnHeader, "Status");
    click(&mut window, Role::Button, "Then Sort by This");
    assert_eq!(told(&window, "Status").as_deref(), Some("Sorted ascending, key 2 of 2"));
    right_click(&mut window, Role::ColumnHeader, "Name");
    click(&mut window, Role::Button, "Do Not Sort by This");
    assert_eq!(told(&window, "Status").as_deref(), Some("Sorted ascending"));
}

#[test]
fn a_long_list_is_sorted_and_filtered_by_the_engine() {
    let fixture = Fixture::f1();
    fixture.many_runs(30_000);
    fixture.change(|state| "completed-export-errors".clone_into(&mut state.runs[25_000].summary.status));
    let mut window = window(&fixture);
    let newest = rows(&window, "Run ")[0].clone();
    click(&mut window, Role::ColumnHeader, "Status");
    assert_eq!(rows(&window, "Run ")[0], newest, "not by what has no index");
    assert!(told(&window, "Status").unwrap().contains("sorted by Start Time or Run Number only"));
    click(&mut window, Role::ColumnHeader, "Start Time");
    window.run();
    assert!(rows(&window, "Run ")[0].starts_with("Run 1:"), "{}", rows(&window, "Run ")[0]);
    click(&mut window, Role::ColumnHeader, "Start Time");
    window.run();
    assert_eq!(rows(&window, "Run ")[0], newest);
    window.key_press_modifiers(Modifiers::COMMAND, Key::F);
    window.run();
    window.get_by_role_and_label(Role::TextInput, "Filter").type_text("completed-export-errors");
    window.run();
    window.run();
    let found = rows(&window, "Run ");
    assert!(found.len() == 1 && found[0].ends_with("completed-export-errors"), "{found:?}");
    assert!(reads(&window, "1 found"));
}

#[test]
fn attributes_are_columns_of_searches() {
    let mut window = window(&Fixture::f1());
    tab(&mut window, "Metaverse Search");
    window.key_press_modifiers(Modifiers::COMMAND, Key::Enter);
    window.run();
    click(&mut window, Role::Button, "Column Settings...");
    click(&mut window, Role::CheckBox, "accountEnabled");
    window.key_press(Key::Escape);
    window.run();
    assert!(headers(&window).contains(&"accountEnabled".to_owned()));
    assert!(window.query_all_by_role_and_label(Role::Cell, "True").count() == 2, "the value of the attribute");
}

#[test]
fn a_search_tells_large_letters_from_small_ones() {
    let mut window = window(&Fixture::f1());
    tab(&mut window, "Metaverse Search");
    window.query_all_by_role_and_label(Role::Button, "Add Clause").next().unwrap().click();
    window.run();
    type_into(&mut window, "Value 1", "ali");
    window.key_press_modifiers(Modifiers::COMMAND, Key::Enter);
    window.run();
    assert_eq!(rows(&window, "MV ").len(), 1);
    choose(&mut window, "Collation", "Case-sensitive");
    window.key_press_modifiers(Modifiers::COMMAND, Key::Enter);
    window.run();
    assert_eq!(rows(&window, "MV ").len(), 0);
}

#[test]
fn the_menu_of_a_row_opens_by_keyboard() {
    let mut window = window(&Fixture::f1());
    click(&mut window, Role::Row, "Run 6: contoso.com, Delta Import, success");
    window.key_press_modifiers(Modifiers::SHIFT, Key::F10);
    window.run();
    assert!(has(&window, Role::Button, "Copy Row"));
    let focused = window.query_all_by_role(Role::Button).find(|node| node.accesskit_node().is_focused());
    assert_eq!(focused.and_then(|node| node.accesskit_node().label()).as_deref(), Some("Details"));
    window.key_press(Key::Escape);
    window.run();
    assert!(!has(&window, Role::Button, "Copy Row"));
}
