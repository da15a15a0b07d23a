//! How an action looks in a menu and in the Actions pane.

use egui::{Button, RichText, Ui};

use super::super::action::{Action, Situation};
use super::super::command::Command;
use super::super::theme::Palette;

fn with_tooltip(response: egui::Response, action: Action, availability: &Result<(), String>) -> egui::Response {
    match availability {
        Ok(()) => response.on_hover_text(action.tooltip()),
        Err(reason) => response.on_disabled_hover_ui(|ui| {
            ui.label(action.tooltip());
            ui.label(RichText::new(reason).color(Palette::of(ui.style()).warn));
        }),
    }
}

/// A menu item; true when chosen.
pub fn menu_item(ui: &mut Ui, action: Action, availability: Result<(), String>, checked: Option<bool>) -> bool {
    let mut button = match checked {
        Some(on) => Button::selectable(on, action.text()),
        None => Button::new(action.text()),
    };
    if let Some(shortcut) = action.shortcut() {
        button = button.shortcut_text(ui.ctx().format_shortcut(&shortcut));
    }
    let response = ui.add_enabled(availability.is_ok(), button);
    let response = response.accessible_name(action.text());
    let clicked = with_tooltip(response, action, &availability).clicked();
    if clicked {
        ui.close();
    }
    clicked
}

/// Menu items of several actions.
pub fn menu_items(ui: &mut Ui, actions: &[Action], now: &Situation, commands: &mut Vec<Command>) {
    for action in actions {
        if menu_item(ui, *action, action.availability(now), action.checked(now)) {
            commands.push(action.command());
        }
    }
}

/// A line of the Actions pane.
pub fn pane_link(ui: &mut Ui, action: Action, availability: Result<(), String>) -> egui::Response {
    let palette = Palette::of(ui.style());
    let enabled = availability.is_ok();
    let colour = if enabled { palette.accent } else { palette.text_weak };
    let button = Button::new(RichText::new(action.text()).color(colour))
        .frame_when_inactive(false)
        .min_size(egui::vec2(ui.available_width(), 27.0))
        .right_text("")
        .wrap();
    let response = ui.add_enabled(enabled, button).accessible_name(action.text());
    with_tooltip(response, action, &availability)
}

/// A button for an action in the flow of a screen; true when clicked.
pub fn button(ui: &mut Ui, action: Action, now: &Situation) -> bool {
    named_button(ui, action, action.text(), now)
}

/// A button for an action that has another name on this screen; true when clicked.
pub fn named_button(ui: &mut Ui, action: Action, text: &str, now: &Situation) -> bool {
    let availability = action.availability(now);
    let response = ui.add_enabled(availability.is_ok(), Button::new(text));
    with_tooltip(response, action, &availability).clicked()
}

/// The one button that a screen is about, in the accent colour.
pub fn primary(ui: &mut Ui, enabled: bool, text: &str) -> egui::Response {
    let palette = Palette::of(ui.style());
    let button = Button::new(RichText::new(text).color(palette.on_accent)).fill(palette.accent).stroke(egui::Stroke::NONE);
    ui.add_enabled(enabled, button)
}
