//! The menu bar.

use egui::{MenuBar, Ui};

use super::super::action::{Action, Situation};
use super::super::command::Command;
use super::super::theme::Palette;
use super::super::widgets::action_ui::menu_items;

/// Draws the menu bar.
pub fn show(ui: &mut Ui, now: &Situation, commands: &mut Vec<Command>) {
    use Action as A;
    MenuBar::new().ui(ui, |ui| {
        ui.menu_button("File", |ui| {
            ui.set_min_width(230.0);
            menu_items(ui, &[A::OpenDataFolder], now, commands);
            ui.separator();
            let configurations = [A::ExportServerConfiguration, A::ImportServerConfiguration, A::CompareConfigurations];
            menu_items(ui, &configurations, now, commands);
            menu_items(ui, &[A::SaveRunHistoryAs], now, commands);
            ui.separator();
            menu_items(ui, &[A::Exit], now, commands);
        });
        ui.menu_button("Tools", |ui| {
            ui.set_min_width(260.0);
            menu_items(
                ui,
                &[A::ShowOperations, A::ShowConnectors, A::ShowMetaverseDesigner, A::ShowMetaverseSearch],
                now,
                commands,
            );
            ui.separator();
            menu_items(ui, &[A::RulesEditor, A::WhatIf, A::ConfigurationWizard, A::Scheduler, A::Options], now, commands);
        });
        ui.menu_button("Actions", |ui| {
            ui.set_min_width(240.0);
            for (index, group) in now.tab.actions().iter().enumerate() {
                if index > 0 {
                    ui.separator();
                }
                menu_items(ui, group, now, commands);
            }
        });
        ui.menu_button("View", |ui| {
            ui.set_min_width(220.0);
            menu_items(ui, &[A::Refresh, A::FindAnything, A::Back, A::Forward, A::ColumnSettings, A::ExportGrid], now, commands);
            ui.separator();
            ui.menu_button("Theme", |ui| menu_items(ui, &[A::ThemeSystem, A::ThemeLight, A::ThemeDark], now, commands));
            ui.menu_button("Time Zone", |ui| menu_items(ui, &[A::TimeZoneLocal, A::TimeZoneUtc], now, commands));
            menu_items(ui, &[A::ZoomIn, A::ZoomOut, A::ZoomReset], now, commands);
            ui.separator();
            menu_items(ui, &[A::ToggleActionsPane, A::ToggleStatusBar], now, commands);
        });
        ui.menu_button("Help", |ui| {
            ui.set_min_width(220.0);
            menu_items(ui, &[A::Contents, A::KeyboardShortcuts, A::OpenLogFolder], now, commands);
            ui.separator();
            menu_items(ui, &[A::About], now, commands);
        });
        find(ui, now, commands);
    });
}

/// The button at the right that opens the field over everything.
fn find(ui: &mut Ui, now: &Situation, commands: &mut Vec<Command>) {
    let availability = Action::FindAnything.availability(now);
    if availability.is_err() {
        return;
    }
    ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
        let keys = Action::FindAnything.shortcut().map(|keys| ui.ctx().format_shortcut(&keys)).unwrap_or_default();
        let text = egui::RichText::new("Find anything").weak();
        let palette = Palette::of(ui.style());
        ui.spacing_mut().button_padding.x = 10.0;
        let button = egui::Button::new(text).shortcut_text(keys).min_size(egui::vec2(220.0, 0.0));
        let button = button.frame(true).fill(palette.field).stroke(egui::Stroke::new(1.0, palette.line_strong));
        let button = ui.add(button).accessible_name("Find anything").on_hover_text(Action::FindAnything.tooltip());
        if button.clicked() {
            commands.push(Action::FindAnything.command());
        }
    });
}
