//! A line with something at its left and something at its right end; two lines where one is too short for both.

use egui::{Align, Layout, Ui};

/// Draws the line; below the width `least` the right end gets a line of its own. `right` is drawn from the edge inwards.
pub fn ends(ui: &mut Ui, least: f32, left: impl FnOnce(&mut Ui), right: impl FnOnce(&mut Ui)) {
    if ui.available_width() < least {
        ui.horizontal_wrapped(left);
        ui.horizontal_wrapped(right);
        return;
    }
    ui.horizontal(|ui| {
        left(ui);
        ui.with_layout(Layout::right_to_left(Align::Center), right);
    });
}
