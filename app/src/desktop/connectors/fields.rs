//! What the windows of a connector share: captions with fields, what is wrong below them, leaving with changes.

use egui::{Align, Context, Id, Label, Layout, Modal, RichText, Ui};
use syncline_engine::service::StatusClass;

use super::super::theme::Palette;
use super::super::widgets::{action_ui, badge, facts};

/// Width of the captions.
const CAPTION: f32 = 158.0;

/// The frame around a question.
pub fn frame(ctx: &Context) -> egui::Frame {
    egui::Frame::popup(&ctx.global_style()).inner_margin(egui::Margin::same(18))
}

/// A caption and its field; what the field says stands below it.
pub fn row(ui: &mut Ui, caption: &str, field: impl FnOnce(&mut Ui)) {
    ui.horizontal_top(|ui| {
        let size = egui::vec2(CAPTION, ui.spacing().interact_size.y);
        ui.allocate_ui_with_layout(size, Layout::left_to_right(Align::Center), |ui| {
            ui.set_min_size(size);
            ui.add(Label::new(RichText::new(caption).color(Palette::of(ui.style()).text)).wrap());
        });
        ui.vertical(field);
    });
}

/// A value that cannot be changed, on the line of its caption.
pub fn value(ui: &mut Ui, text: impl Into<egui::WidgetText>) -> egui::Response {
    let height = ui.spacing().interact_size.y;
    let shown = ui.horizontal(|ui| {
        ui.set_min_height(height);
        ui.add(Label::new(text).truncate())
    });
    shown.inner
}

/// What is wrong with a field, below it.
pub fn fault(ui: &mut Ui, message: &str) {
    let colour = Palette::of(ui.style()).bad;
    ui.horizontal(|ui| {
        badge::severity_icon(ui, StatusClass::Error);
        ui.add(Label::new(RichText::new(message).color(colour)).wrap());
    });
}

/// A sentence that explains, in the colour of captions.
pub fn note(ui: &mut Ui, text: &str) {
    ui.add(Label::new(RichText::new(text).weak()).wrap());
}

/// Asks whether changes shall be lost: true when they shall, false when the window stays.
pub fn ask_to_leave(ctx: &Context, id: Id, what: &str) -> Option<bool> {
    let (mut discard, mut stay) = (false, false);
    let title = "Unsaved Changes";
    let modal = Modal::new(id.with("leave")).frame(frame(ctx)).show(ctx, |ui| {
        ui.set_width(400.0);
        ui.response().widget_info(|| egui::WidgetInfo::labeled(egui::Role::Dialog, true, title));
        facts::section(ui, title);
        ui.add_space(4.0);
        ui.add(Label::new(format!("Close {what} without saving what you changed?")).wrap());
        ui.add_space(10.0);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let back = action_ui::primary(ui, true, "Go On Editing");
            if ui.memory(|memory| memory.focused().is_none()) {
                back.request_focus();
            }
            stay = back.clicked();
            discard = ui.button("Discard Changes").clicked();
        });
    });
    if discard { Some(true) } else { (stay || modal.should_close()).then_some(false) }
}
