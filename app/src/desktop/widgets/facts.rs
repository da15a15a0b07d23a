//! Captions with values, section headings, links.

use egui::{Align, FontId, Label, Layout, Response, RichText, TextStyle, Ui, vec2};

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
    let (small, body) = (TextStyle::Small.resolve(ui.style()), TextStyle::Body.resolve(ui.style()));
    let width = |text: &str, font: FontId| ui.painter().layout_no_wrap(text.to_owned(), font, palette.text).size();
    let (above, below) = (width(caption, small), width(value, body));
    let size = vec2(above.x.max(below.x) + 1.0, above.y + below.y + 2.0);
    let size = vec2(size.x.min(ui.max_rect().width()), size.y);
    ui.allocate_ui_with_layout(size, Layout::top_down(Align::Min), |ui| {
        ui.set_min_size(size);
        ui.spacing_mut().item_spacing.y = 1.0;
        ui.add(Label::new(RichText::new(caption).small().weak()).truncate());
        ui.add(Label::new(RichText::new(value).color(palette.text)).truncate());
    });
    ui.add_space(10.0);
}

/// A heading inside a block.
pub fn group(ui: &mut Ui, text: &str) -> Response {
    let palette = Palette::of(ui.style());
    ui.add(Label::new(RichText::new(text).small().color(palette.text_weak)).wrap())
}

/// Text that stays on one line and moves to the next as a whole.
pub fn whole(ui: &mut Ui, text: impl Into<RichText>) -> Response {
    ui.add(Label::new(text.into()).extend())
}

/// A caption before a value on one line.
pub fn pair(ui: &mut Ui, caption: &str, value: &str) {
    ui.label(RichText::new(caption).weak());
    ui.add(egui::Label::new(value).wrap());
    ui.end_row();
}
