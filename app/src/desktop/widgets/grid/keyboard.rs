//! Keys in a list: arrows, Home, End, Page Up and Down, Enter, Delete, copy, and letters that lead to a row.

use egui::{Event, EventFilter, Id, Key, Modifiers, Rect, Ui};

use super::super::super::action::Situation;
use super::super::super::theme::{HEADER_HEIGHT, ROW_HEIGHT};
use super::columns::shown_columns;
use super::model::GridModel;
use super::rows::RowSet;
use super::state::{GridState, layout};
use super::{GridResponse, toolbar};

const FILTER: EventFilter = EventFilter { tab: false, horizontal_arrows: false, vertical_arrows: true, escape: false };

#[allow(clippy::too_many_arguments, reason = "the parts of one call, split to keep it readable")]
pub(super) fn handle<M: GridModel>(
    ui: &Ui,
    id: Id,
    rect: Rect,
    model: &M,
    rows: &mut RowSet<M::Row>,
    state: &mut GridState,
    situation: Option<&Situation>,
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
    let entered = pressed(Key::Enter) || ui.input_mut(|input| input.consume_key(Modifiers::ALT, Key::Enter));
    if entered && let Some(place) = place {
        response.activated = Some(state.position(place));
    }
    if let Some(action) = model.actions().iter().find(|action| action.removes())
        && situation.is_none_or(|now| action.availability(now).is_ok())
        && let Some(place) = place
        && pressed(Key::Delete)
    {
        response.action = Some((*action, state.position(place)));
    }
    if ui.input_mut(|input| input.consume_key(Modifiers::SHIFT, Key::F10)) {
        if state.cursor.is_none() {
            move_to(model, rows, state, 0, false);
        }
        state.scroll_to = state.cursor;
        state.menu_by_keys = true;
    }
    type_ahead(ui, model, rows, state, response);
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

/// How long letters belong together, in seconds.
const TYPING: f64 = 1.0;

/// Letters lead to the next row whose first column begins with them.
fn type_ahead<M: GridModel>(ui: &Ui, model: &M, rows: &mut RowSet<M::Row>, state: &mut GridState, response: &mut GridResponse) {
    let (now, typed) = ui.input(|input| {
        let texts =
            input.events.iter().filter_map(|event| if let Event::Text(text) = event { Some(text.as_str()) } else { None });
        (input.time, texts.collect::<String>())
    });
    if typed.is_empty() {
        return;
    }
    let goes_on = now - state.typed_at < TYPING;
    if !goes_on {
        state.typed.clear();
    }
    state.typed_at = now;
    state.typed.push_str(&typed.to_lowercase());
    let columns = shown_columns(model.columns(), &layout(ui.ctx(), model.name()));
    let first = columns.first().copied().unwrap_or_default();
    let shown = state.shown(rows);
    let place = state.cursor.and_then(|key| state.place(model, rows, key));
    // The first letter leads on from the present row; more letters may fit it.
    let from = place.map_or(0, |place| if goes_on { place } else { place + 1 });
    let begins = |place: &u64| {
        rows.get(state.position(*place)).is_some_and(|row| model.text(row, first).to_lowercase().starts_with(&state.typed))
    };
    if let Some(target) = (0..shown).map(|step| (from + step) % shown.max(1)).find(begins) {
        move_to(model, rows, state, target, false);
        response.selection_changed = true;
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
