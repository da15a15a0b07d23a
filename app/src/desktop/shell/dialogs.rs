//! Small windows of the shell: About, Options, Keyboard Shortcuts.

use egui::{Context, Id, RichText, ScrollArea, Ui};

use super::super::action::{Action, Situation};
use super::super::command::Command;
use super::super::objects::{escaped, window};
use super::super::theme::Palette;
use super::options;

/// The small window that is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialog {
    /// Version and licence.
    About,
    /// Settings of the app.
    Options,
    /// All shortcuts.
    Shortcuts,
}

/// Draws the window; false once it is closed.
pub fn show(ctx: &Context, dialog: Dialog, version: Option<&str>, now: &Situation, commands: &mut Vec<Command>) -> bool {
    let mut open = true;
    let title = match dialog {
        Dialog::About => "About Syncline",
        Dialog::Options => "Options",
        Dialog::Shortcuts => "Keyboard Shortcuts",
    };
    let id = Id::unique(title);
    let window = window(ctx, title).id(id).resizable(false).open(&mut open).pivot(egui::Align2::CENTER_CENTER);
    let most = ctx.content_rect().height() - 96.0;
    window.default_pos(ctx.content_rect().center()).show(ctx, |ui| {
        ScrollArea::vertical()
            .max_height(most)
            .min_scrolled_height(most)
            .show(ui, |ui| contents(ui, dialog, version, now, commands));
    });
    open && !escaped(ctx, id)
}

fn contents(ui: &mut Ui, dialog: Dialog, version: Option<&str>, now: &Situation, commands: &mut Vec<Command>) {
    match dialog {
        Dialog::About => {
            let palette = Palette::of(ui.style());
            ui.label(RichText::new("Syncline").size(22.0).color(palette.text_strong));
            ui.label(format!("Version {}", version.unwrap_or(env!("CARGO_PKG_VERSION"))));
            ui.label("Joins directories into one metaverse and keeps a cloud tenant equal to it.");
            ui.label(RichText::new("Free software under the MIT or Apache 2.0 licence, at your choice.").weak());
        }
        Dialog::Options => options::show(ui, now, commands),
        Dialog::Shortcuts => {
            let named = Action::ALL.iter().filter_map(|action| Some((action.shortcut()?, action.text())));
            let mut keys: Vec<(String, &str)> = named.map(|(keys, text)| (ui.ctx().format_shortcut(&keys), text)).collect();
            keys.extend(OTHER_KEYS.map(|(keys, text)| (keys.to_owned(), text)));
            let rows = keys.len().div_ceil(2);
            egui::Grid::new("shortcuts").num_columns(4).spacing([24.0, 6.0]).show(ui, |ui| {
                for row in 0..rows {
                    for (keys, text) in [row, row + rows].into_iter().filter_map(|index| keys.get(index)) {
                        ui.monospace(keys);
                        ui.label(*text);
                    }
                    ui.end_row();
                }
            });
        }
    }
}

/// Keys that are no action of the table.
const OTHER_KEYS: [(&str, &str); 10] = [
    ("Enter, Alt+Enter", "Open the selected row"),
    ("Up, Down, Home, End", "Move in a list"),
    ("Letters", "Go to the row that begins with them"),
    ("Shift+F10", "Menu of the selected row"),
    ("Shift+click on a header", "Sort by one more column"),
    ("Delete", "Remove the selected row, after a question"),
    ("Tab, F6", "Next field; next part of the window"),
    ("Esc", "Close the window on top"),
    ("Ctrl+A", "Select all rows"),
    ("Ctrl+C", "Copy the selected rows"),
];
