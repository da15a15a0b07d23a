//! A picture of every tab and window in both themes. A changed picture is looked at before it is accepted
//! (`UPDATE_SNAPSHOTS=1`).

use egui::Theme;

use crate::screens::{drawn, windows};

const SIZE: [f32; 2] = [1000.0, 640.0];
/// Pixels for a point: enough to see every change, few enough to keep the pictures small.
const PIXELS: f32 = 0.7;
/// Pages of windows that are photographed already.
const PAGES: [&str; 14] = [
    "create_ldap",
    "create_file",
    "create_sandbox",
    "properties_connection",
    "properties_types",
    "properties_threshold",
    "run_profiles_wizard",
    "cs_object_lineage",
    "preview_flow",
    "preview_save",
    "rule_joins",
    "rule_read_only",
    "what_if_rules",
    "what_if_kept",
];

/// Photographs the screens of which `index % parts` is `part`, so that the parts are drawn beside each other.
fn photograph(theme: Theme, part: usize, parts: usize) {
    let word = if theme == Theme::Dark { "dark" } else { "light" };
    let mut different = Vec::new();
    let photographed = windows().into_iter().filter(|screen| !PAGES.contains(&screen.name));
    for screen in photographed.skip(part).step_by(parts) {
        let (mut window, name) = (drawn(&screen, SIZE, theme, PIXELS), screen.name);
        if let Err(difference) = window.try_snapshot(format!("{name}_{word}")) {
            different.push(format!("{name}: {difference}"));
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
}

#[test]
fn pictures_of_every_second_window_in_the_dark_theme() {
    photograph(Theme::Dark, 0, 2);
}

#[test]
fn pictures_of_the_other_windows_in_the_dark_theme() {
    photograph(Theme::Dark, 1, 2);
}

#[test]
fn pictures_of_every_second_window_in_the_light_theme() {
    photograph(Theme::Light, 0, 2);
}

#[test]
fn pictures_of_the_other_windows_in_the_light_theme() {
    photograph(Theme::Light, 1, 2);
}
