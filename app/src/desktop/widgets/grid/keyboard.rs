//! Keys in a list: arrows, Home, End, Page Up and Down, Enter, copy.

use egui::{EventFilter, Id, Key, Modifiers, Rect, Ui};

use super::super::super::theme::{HEADER_HEIGHT, ROW_HEIGHT};
use super::model::GridModel;
use super::rows::RowSet;
use super::state::GridState;
use super::{GridResponse, toolbar};

const FILTER: EventFilter = EventFilter { tab: false, horizontal_arrows: false, vertical_arrows: true, escape: false };

pub(super) fn handle<M: GridModel>(
    ui: &Ui,
    id: Id,
    rect: Rect,
    model: &M,
    rows: &mut RowSet<M::Row>,
    state: &mut GridState,
    response: &mut GridResponse,
) {
    ui.memory_mut(|memory| memory.set_focus_lock_filter(id, FILTER));
    let shown = state.shown(rows);
    if shown == 0 {
        return;
    }
    let place = state.cursor.and_then(|key| state.place(model, rows, key));
    let page = (((rect.height() - HEADER_HEIGHT) / ROW_HEIGHT) as u64).max(1);
    let pressed =
        |key: Key| ui.input_mut(|input| input.consume_key(Modifiers::NONE, key) || input.consume_key(Modifiers::SHIFT, key));
    let shift = ui.input(|input| input.modifiers.shift);
    let last = shown - 1;
    let target = if pressed(Key::ArrowDown) {
        Some(place.map_or(0, |place| (place + 1).min(last)))
    } else if pressed(Key::ArrowUp) {
        Some(place.map_or(last, |place| place.saturating_sub(1)))
    } else if pressed(Key::PageDown) {
        Some(place.map_or(0, |place| (place + page).min(last)))
    } else if pressed(Key::PageUp) {
        Some(place.map_or(0, |place| place.saturating_sub(page)))
    } else if pressed(Key::Home) {
        Some(0)
    } else if pressed(Key::End) {
        Some(last)
    } else {
        None
    };
    if let Some(target) = target {
        move_to(model, rows, state, target, shift);
        response.selection_changed = true;
    }
    if pressed(Key::Enter)
        && let Some(place) = place
    {
        response.activated = Some(state.position(place));
    }
    if ui.input_mut(|input| input.consume_key(Modifiers::COMMAND, Key::A)) {
        state.select_all = true;
    }
    if state.select_all {
        select_all(ui, model, rows, state);
        response.selection_changed = true;
    }
    let copy = ui.input_mut(|input| {
        let before = input.events.len();
        input.events.retain(|event| !matches!(event, egui::Event::Copy));
        before != input.events.len()
    });
    if copy {
        ui.copy_text(toolbar::selected_as_text(ui.ctx(), model, rows, state));
    }
}

/// Selects every row shown, once all are fetched.
fn select_all<M: GridModel>(ui: &Ui, model: &M, rows: &mut RowSet<M::Row>, state: &mut GridState) {
    if !rows.is_complete() {
        rows.want_all();
        ui.ctx().request_repaint();
        return;
    }
    state.select_all = false;
    let shown = 0..state.shown(rows);
    state.selected = shown.filter_map(|place| rows.get(state.position(place)).map(|row| model.key(row))).collect();
}

fn move_to<M: GridModel>(model: &M, rows: &mut RowSet<M::Row>, state: &mut GridState, target: u64, extend: bool) {
    let position = state.position(target);
    rows.want(position..position + 1);
    let Some(key) = rows.get(position).map(|row| model.key(row)) else { return };
    if extend {
        extend_to(model, rows, state, target, key);
    } else {
        state.select(key);
    }
    state.scroll_to = Some(key);
}

/// Selects everything between the place where the range began and a place.
pub(super) fn extend_to<M: GridModel>(model: &M, rows: &RowSet<M::Row>, state: &mut GridState, target: u64, key: u128) {
    let start = state.anchor.and_then(|anchor| state.place(model, rows, anchor)).unwrap_or(target);
    let range = start.min(target)..=start.max(target);
    state.selected = range.filter_map(|place| rows.get(state.position(place)).map(|row| model.key(row))).collect();
    state.cursor = Some(key);
}
