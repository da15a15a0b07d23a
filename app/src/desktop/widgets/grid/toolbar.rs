//! What surrounds a list: filter box, context menu, column choice, and rows as text for the clipboard.

use egui::containers::PopupAnchor;
use egui::{Id, Popup, RichText, TextEdit, Ui};

use super::super::super::action::{Action, Situation};
use super::super::super::format::count;
use super::super::action_ui;
use super::GridResponse;
use super::columns::{self, shown_columns};
use super::model::{Column, GridModel};
use super::rows::RowSet;
use super::sort::SortBy;
use super::state::{GridState, layout};

/// The filter box of a list; beside it `n of m`.
pub fn filter_box<T>(ui: &mut Ui, state: &mut GridState, rows: &RowSet<T>, loading: bool) {
    let edit = TextEdit::singleline(&mut state.filter)
        .hint_text("Filter")
        .desired_width((ui.available_width() - 60.0).clamp(70.0, 170.0))
        .id_salt("filter");
    let response = ui.add(edit).accessible_name("Filter");
    if std::mem::take(&mut state.focus_filter) {
        response.request_focus();
    }
    let text = match (loading, state.filter.is_empty()) {
        (true, _) => "Loading...".to_owned(),
        (false, true) => count(rows.total()),
        (false, false) if state.engine_filters => format!("{} found", count(rows.total())),
        (false, false) => format!("{} of {}", count(state.shown(rows)), count(rows.total())),
    };
    ui.label(RichText::new(text).weak());
}

pub(super) fn menu_id(grid: Id) -> Id {
    grid.with("context menu")
}

#[allow(clippy::too_many_arguments, reason = "the parts of one call, split to keep it readable")]
pub(super) fn context_menu<M: GridModel>(
    ui: &Ui,
    id: Id,
    model: &M,
    rows: &RowSet<M::Row>,
    state: &mut GridState,
    columns: &[usize],
    situation: Option<&Situation>,
    response: &mut GridResponse,
) {
    let opens = std::mem::take(&mut state.open_menu);
    let by_keys = state.menu_at;
    let anchor = by_keys.map_or(PopupAnchor::PointerFixed, PopupAnchor::Position);
    let popup = Popup::new(menu_id(id), ui.ctx().clone(), anchor, ui.layer_id())
        .kind(egui::PopupKind::Menu)
        .layout(egui::Layout::top_down_justified(egui::Align::Min))
        .style(egui::containers::menu::menu_style)
        .gap(0.0)
        .open_memory(opens.then_some(egui::SetOpenCommand::Bool(true)));
    let open = popup.show(|ui| {
        ui.set_min_width(200.0);
        let Some((position, column)) = state.menu_cell else { return };
        let mut first = None;
        for action in model.actions() {
            let refused = rows.get(position).and_then(|row| model.refuses(row, *action));
            let availability = situation.map_or(Ok(()), |situation| action.availability(situation));
            let availability = availability.and_then(|()| refused.map_or(Ok(()), |why| Err(why.to_owned())));
            if availability.is_ok() {
                first.get_or_insert(ui.next_auto_id());
            }
            if action_ui::menu_item(ui, *action, availability, None) {
                response.action = Some((*action, position));
                ui.close();
            }
        }
        if !model.actions().is_empty() {
            ui.separator();
        }
        first.get_or_insert(ui.next_auto_id());
        if let Some(first) = first.filter(|_| opens && by_keys.is_some()) {
            // The first item has the keyboard; Tab and arrows lead on from there.
            ui.memory_mut(|memory| memory.request_focus(first));
        }
        let cell = rows.get(position).map(|row| model.text(row, column)).unwrap_or_default();
        let line = rows.get(position).map(|row| row_as_text(model, row, columns)).unwrap_or_default();
        for (text, content) in [("Copy Cell", cell), ("Copy Row", line)] {
            if ui.button(text).clicked() {
                ui.copy_text(content);
                ui.close();
            }
        }
        if ui.button("Copy All").clicked() {
            ui.copy_text(all_as_text(model, rows, state, columns));
            ui.close();
        }
        if ui.button(Action::ExportGrid.text()).on_hover_text(Action::ExportGrid.tooltip()).clicked() {
            state.export = true;
            ui.close();
        }
        if ui.button(Action::ColumnSettings.text()).on_hover_text(Action::ColumnSettings.tooltip()).clicked() {
            state.column_settings = true;
            ui.close();
        }
    });
    if open.is_none() && state.menu_at.take().is_some() {
        ui.memory_mut(|memory| memory.request_focus(id));
    }
}

fn row_as_text<M: GridModel>(model: &M, row: &M::Row, columns: &[usize]) -> String {
    let cells: Vec<String> = columns.iter().map(|column| model.text(row, *column).replace(['\t', '\n', '\r'], " ")).collect();
    cells.join("\t")
}

fn titles(columns: &[Column], shown: &[usize]) -> String {
    shown.iter().filter_map(|index| columns.get(*index)).map(|column| column.title).collect::<Vec<_>>().join("\t")
}

fn all_as_text<M: GridModel>(model: &M, rows: &RowSet<M::Row>, state: &GridState, columns: &[usize]) -> String {
    let mut text = titles(model.columns(), columns);
    for place in 0..state.shown(rows) {
        if let Some(row) = rows.get(state.position(place)) {
            text.push('\n');
            text.push_str(&row_as_text(model, row, columns));
        }
    }
    text
}

/// The selected rows, one line each, tabs between the cells.
pub(super) fn selected_as_text<M: GridModel>(ctx: &egui::Context, model: &M, rows: &RowSet<M::Row>, state: &GridState) -> String {
    let columns = shown_columns(model.columns(), &layout(ctx, model.name()));
    let lines: Vec<String> = (0..state.shown(rows))
        .filter_map(|place| rows.get(state.position(place)))
        .filter(|row| state.selected.contains(&model.key(row)))
        .map(|row| row_as_text(model, row, &columns))
        .collect();
    lines.join("\n")
}

/// What can be done with a column, on its header.
pub(super) fn header_menu<M: GridModel>(
    response: &egui::Response,
    id: Id,
    model: &M,
    sort: &mut Vec<SortBy>,
    shown: &[usize],
    column: usize,
    unsortable: Option<&str>,
) {
    Popup::context_menu(response).show(|ui| {
        ui.set_min_width(190.0);
        let present = sort.iter().find(|key| key.column == column).copied();
        let others = sort.iter().any(|key| key.column != column);
        for (text, descending) in [("Sort Ascending", false), ("Sort Descending", true)] {
            let on = sort.len() == 1 && present.is_some_and(|key| key.descending == descending);
            let item = ui.add_enabled(unsortable.is_none(), egui::Button::selectable(on, text));
            if item.on_disabled_hover_text(unsortable.unwrap_or_default()).clicked() {
                *sort = vec![SortBy { column, descending }];
                ui.close();
            }
        }
        let further = ui.add_enabled(others && present.is_none() && unsortable.is_none(), egui::Button::new("Then Sort by This"));
        let further = further.on_hover_text("Among rows that are equal so far (Shift+click on the header).");
        let why = unsortable.unwrap_or("Sort by another column first");
        if further.on_disabled_hover_text(why).clicked() {
            sort.push(SortBy::ascending(column));
            ui.close();
        }
        if ui.add_enabled(present.is_some(), egui::Button::new("Do Not Sort by This")).clicked() {
            sort.retain(|key| key.column != column);
            ui.close();
        }
        ui.separator();
        let place = shown.iter().position(|index| *index == column).unwrap_or_default();
        for (text, by, possible) in [("Move Left", -1, place > 0), ("Move Right", 1, place + 1 < shown.len())] {
            if ui.add_enabled(possible, egui::Button::new(text)).clicked() {
                columns::move_by(ui.ctx(), model.name(), model.columns(), shown, column, by);
                ui.close();
            }
        }
        if ui.add_enabled(shown.len() > 1, egui::Button::new("Hide Column")).clicked() {
            columns::show_column(ui.ctx(), model.name(), model.columns(), column, false);
            ui.close();
        }
        ui.separator();
        if ui.button(Action::ColumnSettings.text()).on_hover_text(Action::ColumnSettings.tooltip()).clicked() {
            columns::ask(ui.ctx(), id, model);
            ui.close();
        }
    });
}
