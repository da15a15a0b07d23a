//! Opens the app on a fixture and finds things by role and name.

use std::sync::Arc;

use egui::Role;
use egui_kittest::kittest::{NodeT, Queryable};
use egui_kittest::{Harness, Node};
use syncline::desktop::backend::Backend;
use syncline::desktop::settings::SettingsFile;
use syncline::desktop::worker::Worker;
use syncline::desktop::{App, AppSetup};

use crate::fixture::{Fixture, FixtureOpener};

pub type Window = Harness<'static, App>;

pub fn setup(ctx: &egui::Context, fixture: &Arc<Fixture>, workspace: bool) -> AppSetup {
    AppSetup {
        opener: Arc::new(FixtureOpener { fixture: Arc::clone(fixture), workspace }),
        worker: Worker::inline(ctx.clone()),
        settings: SettingsFile::none(),
        folders: Vec::new(),
        named_folder: None,
        link: None,
    }
}

/// The app on the fixture, in UTC.
pub fn window(fixture: &Arc<Fixture>) -> Window {
    window_of(fixture, [1280.0, 800.0], None)
}

pub fn window_of(fixture: &Arc<Fixture>, size: [f32; 2], link: Option<&str>) -> Window {
    window_drawn(fixture, size, link, 1.0)
}

/// The app on the fixture with a number of pixels for a point; pictures need few.
pub fn window_drawn(fixture: &Arc<Fixture>, size: [f32; 2], link: Option<&str>, pixels: f32) -> Window {
    let (fixture, link) = (Arc::clone(fixture), link.map(str::to_owned));
    let builder = Harness::builder().with_size(size).with_pixels_per_point(pixels);
    let mut window = builder.with_max_steps(40).with_step_dt(0.05).build_eframe(move |cc| {
        let setup = AppSetup { link, ..setup(&cc.egui_ctx, &fixture, true) };
        let backend: Arc<dyn Backend> = fixture;
        let mut app = App::on_backend(&cc.egui_ctx, setup, backend);
        app.settings.utc = true;
        app
    });
    window.run();
    window
}

/// The app on the fixture with settings that are kept in a file.
pub fn window_with_settings(fixture: &Arc<Fixture>, file: &std::path::Path) -> Window {
    let (fixture, settings) = (Arc::clone(fixture), SettingsFile::at(file));
    let mut window =
        Harness::builder().with_size([1280.0, 800.0]).with_max_steps(40).with_step_dt(0.05).build_eframe(move |cc| {
            let setup = AppSetup { settings, ..setup(&cc.egui_ctx, &fixture, true) };
            App::on_backend(&cc.egui_ctx, setup, fixture)
        });
    window.run();
    window
}

/// The app on the fixture with real worker threads.
pub fn threaded_window(fixture: &Arc<Fixture>) -> Window {
    let fixture = Arc::clone(fixture);
    Harness::builder().with_size([1280.0, 800.0]).with_max_steps(40).with_step_dt(0.05).build_eframe(move |cc| {
        let setup = AppSetup { worker: Worker::start(cc.egui_ctx.clone()).unwrap(), ..setup(&cc.egui_ctx, &fixture, true) };
        App::on_backend(&cc.egui_ctx, setup, fixture)
    })
}

/// Draws frames until something is true; gives up after many.
#[track_caller]
pub fn until(window: &mut Window, what: &str, holds: impl Fn(&Window) -> bool) {
    for _ in 0..100_000 {
        window.step();
        if holds(window) {
            return;
        }
        std::thread::yield_now();
    }
    panic!("never came true: {what}");
}

/// The app without a data folder.
pub fn welcome_window(fixture: &Arc<Fixture>) -> Window {
    let fixture = Arc::clone(fixture);
    let mut window =
        Harness::builder().with_size([1280.0, 800.0]).with_max_steps(40).with_step_dt(0.05).build_eframe(move |cc| {
            let mut app = App::new(&cc.egui_ctx, setup(&cc.egui_ctx, &fixture, false));
            app.settings.utc = true;
            app
        });
    window.run();
    window
}

/// Where a person would click: the middle, but the left margin of a row, where no link and no column border is.
fn spot(node: &Node<'_>, role: Role) -> egui::Pos2 {
    let rect = node.rect();
    if role == Role::Row { egui::pos2(rect.left() + 6.0, rect.center().y) } else { rect.center() }
}

fn press(window: &Window, at: egui::Pos2) {
    window.hover_at(at);
    for pressed in [true, false] {
        let button = egui::PointerButton::Primary;
        window.event(egui::Event::PointerButton { pos: at, button, pressed, modifiers: egui::Modifiers::NONE });
    }
}

#[track_caller]
pub fn click(window: &mut Window, role: Role, label: &str) {
    let at = spot(&window.get_by_role_and_label(role, label), role);
    press(window, at);
    window.run();
}

/// Clicks a place.
pub fn click_at(window: &mut Window, at: egui::Pos2) {
    press(window, at);
    window.run();
}

#[track_caller]
pub fn double_click(window: &mut Window, role: Role, label: &str) {
    let at = spot(&window.get_by_role_and_label(role, label), role);
    press(window, at);
    press(window, at);
    window.run();
}

/// Opens a tab.
#[track_caller]
pub fn tab(window: &mut Window, label: &str) {
    click(window, Role::Tab, label);
}

/// Chooses an item of a combo box.
#[track_caller]
pub fn choose(window: &mut Window, combo: &str, item: &str) {
    click(window, Role::ComboBox, combo);
    click(window, Role::Button, item);
}

pub fn has(window: &Window, role: Role, label: &str) -> bool {
    window.query_all_by_role_and_label(role, label).next().is_some()
}

/// The node of an open window with this title.
#[track_caller]
pub fn inner<'a>(window: &'a Window, title: &'a str) -> Node<'a> {
    window.get_by_role_and_label(Role::Window, title)
}

/// Names of the rows that begin so, from top to bottom.
pub fn rows(window: &Window, prefix: &str) -> Vec<String> {
    names(window.query_all_by_role(Role::Row), prefix)
}

/// Names of the rows inside a window, from top to bottom.
pub fn rows_in(window: &Window, title: &str, prefix: &str) -> Vec<String> {
    names(inner(window, title).query_all_by_role(Role::Row), prefix)
}

fn names<'a>(nodes: impl Iterator<Item = Node<'a>>, prefix: &str) -> Vec<String> {
    let mut found: Vec<(i32, String)> = nodes
        .filter_map(|node| {
            let label = node.accesskit_node().label()?;
            label.starts_with(prefix).then(|| (node.rect().top() as i32, label))
        })
        .collect();
    found.sort();
    found.into_iter().map(|(_, name)| name).collect()
}

/// True when some label reads so.
pub fn reads(window: &Window, text: &str) -> bool {
    window.query_all_by_label(text).next().is_some()
}

pub fn is_disabled(window: &Window, label: &str) -> bool {
    window.get_by_role_and_label(Role::Button, label).accesskit_node().is_disabled()
}

/// The text on the clipboard after the last frame.
pub fn clipboard(window: &Window) -> Option<String> {
    window.output().platform_output.commands.iter().rev().find_map(|command| match command {
        egui::OutputCommand::CopyText(text) => Some(text.clone()),
        _ => None,
    })
}

/// Clicks something inside a window.
#[track_caller]
pub fn click_in(window: &mut Window, title: &str, role: Role, label: &str) {
    let at = spot(&inner(window, title).get_by_role_and_label(role, label), role);
    press(window, at);
    window.run();
}

/// Types a text into a field in place of what it holds.
#[track_caller]
pub fn type_into(window: &mut Window, field: &str, text: &str) {
    let node = window.get_by_role_and_label(Role::TextInput, field);
    node.focus();
    window.run();
    window.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::A);
    window.run();
    window.get_by_role_and_label(Role::TextInput, field).type_text(text);
    window.run();
}

/// Opens the context menu of something.
#[track_caller]
pub fn right_click(window: &mut Window, role: Role, label: &str) {
    let at = spot(&window.get_by_role_and_label(role, label), role);
    window.hover_at(at);
    for pressed in [true, false] {
        let button = egui::PointerButton::Secondary;
        window.event(egui::Event::PointerButton { pos: at, button, pressed, modifiers: egui::Modifiers::NONE });
    }
    window.run();
}
