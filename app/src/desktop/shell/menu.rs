//! The menu bar.

use egui::{MenuBar, Ui};

use super::super::action::{Action, Situation};
use super::super::command::Command;
use super::super::widgets::action_ui::menu_items;

/// Draws the menu bar.
pub fn show(ui: &mut Ui, now: &Situation, commands: &mut Vec<Command>) {
    use Action as A;
    MenuBar::new().ui(ui, |ui| {
        ui.menu_button("File", |ui| {
            ui.set_min_width(230.0);
            menu_items(ui, &[A::OpenDataFolder], now, commands);
            ui.separator();
            menu_items(ui, &[A::ExportServerConfiguration, A::ImportServerConfiguration, A::SaveRunHistoryAs], now, commands);
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
            menu_items(ui, &[A::Refresh, A::ColumnSettings], now, commands);
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
    });
}
