//! Captions with values, section headings, links.

use egui::{Response, RichText, Ui};

use super::super::theme::Palette;

/// A heading above a block.
pub fn section(ui: &mut Ui, text: &str) -> Response {
    let palette = Palette::of(ui.style());
    ui.label(RichText::new(text).size(14.5).color(palette.text_strong).strong())
}

/// A caption and its value under it.
pub fn fact(ui: &mut Ui, caption: &str, value: &str) {
    if value.is_empty() {
        return;
    }
    let palette = Palette::of(ui.style());
    ui.vertical(|ui| {
        ui.spacing_mut().item_spacing.y = 1.0;
        ui.label(RichText::new(caption).small().weak());
        ui.label(RichText::new(value).color(palette.text));
    });
    ui.add_space(14.0);
}

/// A caption before a value on one line.
pub fn pair(ui: &mut Ui, caption: &str, value: &str) {
    ui.label(RichText::new(caption).weak());
    ui.add(egui::Label::new(value).wrap());
    ui.end_row();
}
