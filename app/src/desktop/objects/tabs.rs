//! A row of tabs inside a window.

use egui::{Role, Sense, Stroke, TextStyle, Ui, WidgetInfo, vec2};

use super::super::theme::Palette;

/// Draws the tabs; gives the one that was clicked.
pub fn bar(ui: &mut Ui, labels: &[&str], present: usize) -> Option<usize> {
    let mut clicked = None;
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        for (index, label) in labels.iter().enumerate() {
            if tab(ui, label, index == present, 30.0).clicked() {
                clicked = Some(index);
            }
        }
    });
    clicked
}

/// One tab: text with a line under the chosen one.
pub fn tab(ui: &mut Ui, label: &str, chosen: bool, height: f32) -> egui::Response {
    let palette = Palette::of(ui.style());
    let font = TextStyle::Button.resolve(ui.style());
    let colour = if chosen { palette.text_strong } else { palette.text_weak };
    let galley = ui.painter().layout_no_wrap(label.to_owned(), font, colour);
    let (rect, response) = ui.allocate_exact_size(vec2(galley.size().x + 26.0, height), Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::Tab, true, chosen, label));
    response.ctx.accesskit_node_builder(response.id, |node| node.set_selected(chosen));
    if response.hovered() || response.has_focus() {
        ui.painter().rect_filled(rect.shrink2(vec2(2.0, 3.0)), 6.0, palette.hover);
    }
    let place = egui::Align2::CENTER_CENTER.anchor_size(rect.center(), galley.size());
    let colour = if response.hovered() { palette.text_strong } else { colour };
    ui.painter().galley_with_override_text_color(place.min, galley, colour);
    if chosen {
        ui.painter().hline(rect.shrink(12.0).x_range(), rect.bottom() - 1.5, Stroke::new(3.0, palette.accent));
    }
    response
}
