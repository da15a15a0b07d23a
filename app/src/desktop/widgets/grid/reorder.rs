//! Headers that are dragged to another place, and what screen readers are told about the sort.

use egui::accesskit::SortDirection;
use egui::{Align2, CursorIcon, Id, Key, Rect, Stroke, StrokeKind, TextStyle, Ui, pos2, vec2};

use super::super::super::theme::Palette;
use super::columns::put_before;
use super::model::GridModel;
use super::state::GridState;

/// Says beside a header's name how its column is sorted.
pub(super) fn tell_sort(ui: &Ui, header: Id, descending: bool, words: &str) {
    ui.ctx().accesskit_node_builder(header, |node| {
        node.set_sort_direction(if descending { SortDirection::Descending } else { SortDirection::Ascending });
        node.set_description(words);
    });
}

/// Shows where a dragged header would go, and puts its column there when it is let go; Esc leaves it where it was.
pub(super) fn drag<M: GridModel>(ui: &Ui, model: &M, shown: &[usize], state: &mut GridState) {
    let Some(dragged) = state.dragged else { return };
    let (pointer, held, left) =
        ui.input(|input| (input.pointer.latest_pos(), input.pointer.primary_down(), input.key_pressed(Key::Escape)));
    let (Some(pointer), Some((_, own))) = (pointer, state.headers.iter().find(|(index, _)| *index == dragged)) else {
        state.dragged = None;
        return;
    };
    if left {
        state.dragged = None;
        return;
    }
    let before = state.headers.iter().find(|(_, rect)| pointer.x < rect.center().x).map(|(index, _)| *index);
    // Between itself and its neighbour a column stays where it is.
    let follows = shown.iter().skip_while(|index| **index != dragged).nth(1).copied();
    let stays = before == Some(dragged) || before == follows;
    if held {
        paint(ui, model, *own, pointer.x, state, before.filter(|_| !stays), stays, dragged);
        ui.ctx().set_cursor_icon(CursorIcon::Grabbing);
        return;
    }
    state.dragged = None;
    if !stays {
        // Behind the last one drawn there may be others that do not fit into the window.
        let last = state.headers.last().map(|(index, _)| *index);
        let behind = last.and_then(|last| shown.iter().skip_while(|index| **index != last).nth(1).copied());
        put_before(ui.ctx(), model.name(), model.columns(), dragged, before.or(behind));
        ui.ctx().request_repaint();
    }
}

#[allow(clippy::too_many_arguments, reason = "the parts of one call, split to keep it readable")]
fn paint<M: GridModel>(
    ui: &Ui,
    model: &M,
    own: Rect,
    x: f32,
    state: &GridState,
    before: Option<usize>,
    stays: bool,
    dragged: usize,
) {
    let palette = Palette::of(ui.style());
    let title = model.columns().get(dragged).map_or("", |column| column.title);
    if !stays {
        let target = state.headers.iter().find(|(index, _)| Some(*index) == before).map(|(_, rect)| rect.left());
        let line = target.or_else(|| state.headers.last().map(|(_, rect)| rect.right() - 1.0)).unwrap_or(x);
        let bottom = ui.clip_rect().bottom();
        ui.painter().vline(line, own.top()..=bottom, Stroke::new(2.0, palette.accent));
    }
    let font = TextStyle::Small.resolve(ui.style());
    let galley = ui.painter().layout_no_wrap(title.to_owned(), font, palette.text_strong);
    let size = vec2(galley.size().x + 20.0, own.height() - 4.0);
    let label = Rect::from_center_size(pos2(x, own.center().y), size);
    ui.painter().rect_filled(label, 4.0, palette.surface);
    ui.painter().rect_stroke(label, 4.0, Stroke::new(1.0, palette.accent), StrokeKind::Inside);
    let place = Align2::CENTER_CENTER.anchor_size(label.center(), galley.size());
    ui.painter().galley(place.min, galley, palette.text_strong);
}
