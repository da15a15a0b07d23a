//! The Options window: settings of the app on this computer. They hold at once and are remembered.

use egui::{Checkbox, ComboBox, RadioButton, TextEdit, Ui};

use super::super::action::{Action, Situation};
use super::super::command::Command;
use super::super::widgets::fields::row;
use super::super::widgets::{action_ui, facts};

const PAGE_SIZE: &str = "Lists fetch 500 rows at a time as they come into view; there is nothing to choose.";
const QUESTIONS: &str = "What cannot be undone always asks first; the questions cannot be switched off in this version.";
const ROLE: &str = "Set as \"role\" in the settings file: admin, operator or browse. It guards against mistakes.";
const LOG_LEVEL: &str = "Chosen when the app is started: syncline --log with error, warn, info, debug or trace.";
const LANGUAGE: &str = "The app speaks English only.";

/// Draws the contents.
pub fn show(ui: &mut Ui, now: &Situation, commands: &mut Vec<Command>) {
    ui.set_width(620.0_f32.min(ui.ctx().content_rect().width() - 80.0));
    facts::section(ui, "Appearance");
    row(ui, "Theme", |ui| choices(ui, &[Action::ThemeSystem, Action::ThemeLight, Action::ThemeDark], now, commands));
    row(ui, "Zoom", |ui| {
        ui.horizontal(|ui| {
            for action in [Action::ZoomOut, Action::ZoomIn, Action::ZoomReset] {
                if action_ui::button(ui, action, now) {
                    commands.push(action.command());
                }
            }
            ui.label(format!("{:.0} %", ui.ctx().zoom_factor() * 100.0));
        });
    });
    row(ui, "Time zone", |ui| choices(ui, &[Action::TimeZoneLocal, Action::TimeZoneUtc], now, commands));
    row(ui, "Window", |ui| {
        for action in [Action::ToggleActionsPane, Action::ToggleStatusBar] {
            let mut on = action.checked(now).unwrap_or_default();
            if ui.checkbox(&mut on, action.text()).on_hover_text(action.tooltip()).changed() {
                commands.push(action.command());
            }
        }
    });
    row(ui, "Motion", |ui| {
        let (mut on, action) = (now.reduced_motion, Action::ToggleMotion);
        if ui.checkbox(&mut on, action.text()).on_hover_text(action.tooltip()).changed() {
            commands.push(action.command());
        }
    });
    ui.add_space(8.0);
    facts::section(ui, "Behavior");
    row(ui, "Confirmations", |ui| {
        fixed(ui, QUESTIONS, |ui| ui.add(Checkbox::new(&mut true, "Ask before what cannot be undone")));
    });
    row(ui, "Role", |ui| {
        fixed(ui, ROLE, |ui| combo(ui, "Role", now.role.label()));
    });
    row(ui, "Page size", |ui| {
        fixed(ui, PAGE_SIZE, |ui| ui.add(TextEdit::singleline(&mut "500").desired_width(70.0)).accessible_name("Page size"));
    });
    row(ui, "Log level", |ui| {
        fixed(ui, LOG_LEVEL, |ui| combo(ui, "Log level", "As started"));
    });
    row(ui, "Language", |ui| {
        fixed(ui, LANGUAGE, |ui| combo(ui, "Language", "English"));
    });
}

fn choices(ui: &mut Ui, actions: &[Action], now: &Situation, commands: &mut Vec<Command>) {
    ui.horizontal(|ui| {
        for action in actions {
            let button = RadioButton::new(action.checked(now) == Some(true), action.text());
            if ui.add(button).on_hover_text(action.tooltip()).clicked() {
                commands.push(action.command());
            }
        }
    });
}

/// Something that cannot be chosen, and why, below it.
fn fixed(ui: &mut Ui, reason: &str, field: impl FnOnce(&mut Ui) -> egui::Response) {
    ui.add_enabled_ui(false, |ui| field(ui).on_disabled_hover_text(reason));
    ui.add(egui::Label::new(egui::RichText::new(reason).small().weak()).wrap());
}

fn combo(ui: &mut Ui, name: &str, text: &str) -> egui::Response {
    ComboBox::from_id_salt(name).selected_text(text).width(130.0).show_ui(ui, |_| ()).response.accessible_name(name)
}
