//! The Actions pane: the present tab's actions.

use egui::{RichText, ScrollArea, Ui};

use super::super::action::Situation;
use super::super::command::Command;
use super::super::theme::Palette;
use super::super::widgets::action_ui::pane_link;
use super::super::widgets::panes;

/// Draws the pane.
pub fn show(ui: &mut Ui, now: &Situation, commands: &mut Vec<Command>) {
    let palette = Palette::of(ui.style());
    ui.add_space(2.0);
    ui.label(RichText::new("Actions").size(14.5).color(palette.text_strong));
    ui.add_space(2.0);
    ScrollArea::vertical().id_salt("actions").auto_shrink(false).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 1.0;
        ui.spacing_mut().button_padding.x = 8.0;
        let mut entered = false;
        for (index, group) in now.tab.actions().iter().enumerate() {
            if index > 0 {
                ui.add_space(3.0);
                ui.separator();
                ui.add_space(3.0);
            }
            for action in *group {
                let link = pane_link(ui, *action, action.availability(now));
                if link.enabled() && !std::mem::replace(&mut entered, true) {
                    panes::register(ui, link.id);
                }
                if link.clicked() {
                    commands.push(action.command());
                }
            }
        }
    });
}
