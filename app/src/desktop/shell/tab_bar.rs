//! The four tabs.

use egui::Ui;

use super::super::action::{Situation, Tab};
use super::super::command::Command;
use super::super::objects::tabs::tab;
use super::super::widgets::badge::{self, Tone};

/// Draws the tabs; the staging badge stands at the right.
pub fn show(ui: &mut Ui, now: &Situation, staging: bool, commands: &mut Vec<Command>) {
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 2.0;
        for candidate in Tab::ALL {
            if tab(ui, candidate.label(), candidate == now.tab, 38.0).clicked() {
                commands.push(Command::ShowTab(candidate));
            }
        }
        if staging {
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| badge::chip(ui, "STAGING MODE", Tone::Warn));
        }
    });
}
