//! Two parts with a movable border between them.

use egui::{CursorIcon, Rect, Role, Sense, Stroke, Ui, UiBuilder, WidgetInfo, pos2};

use super::super::theme::Palette;

const GAP: f32 = 10.0;
const LEAST: f32 = 110.0;

/// Draws one part above another; `share` is the upper part's share of the height. Both parts get `shared`.
pub fn vertical<C>(
    ui: &mut Ui,
    name: &str,
    share: &mut f32,
    shared: &mut C,
    upper: impl FnOnce(&mut Ui, &mut C),
    lower: impl FnOnce(&mut Ui, &mut C),
) {
    let space = ui.available_rect_before_wrap();
    let room = space.height() - GAP;
    let least = LEAST.min(room / 2.0);
    let height = (room * *share).clamp(least, (room - least).max(least)).round();
    let border = space.top() + height;
    let handle = Rect::from_min_max(pos2(space.left(), border), pos2(space.right(), border + GAP));
    let id = ui.make_persistent_id(("splitter", name));
    let response = ui.interact(handle, id, Sense::DRAG | Sense::HOVER);
    response.widget_info(|| WidgetInfo::labeled(Role::Splitter, true, name));
    if response.hovered() || response.dragged() {
        ui.ctx().set_cursor_icon(CursorIcon::ResizeVertical);
    }
    if response.dragged() && room > 0.0 {
        *share = ((height + response.drag_delta().y) / room).clamp(0.1, 0.9);
    }
    let palette = Palette::of(ui.style());
    let colour = if response.hovered() || response.dragged() { palette.accent } else { palette.line_strong };
    let grip = handle.center();
    ui.painter().hline(grip.x - 16.0..=grip.x + 16.0, grip.y, Stroke::new(2.0, colour));
    let upper_rect = Rect::from_min_max(space.min, pos2(space.right(), border));
    let lower_rect = Rect::from_min_max(pos2(space.left(), border + GAP), space.max);
    part(ui, "upper", upper_rect, |ui| upper(ui, shared));
    part(ui, "lower", lower_rect, |ui| lower(ui, shared));
    ui.advance_cursor_after_rect(space);
}

fn part(ui: &mut Ui, salt: &str, rect: Rect, contents: impl FnOnce(&mut Ui)) {
    let mut child = ui.new_child(UiBuilder::new().id_salt(salt).max_rect(rect));
    child.shrink_clip_rect(rect);
    contents(&mut child);
}
