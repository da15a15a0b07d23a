//! What surrounds a list: filter box, context menu, column choice, and rows as text for the clipboard.

use egui::{Id, Popup, PopupCloseBehavior, RichText, TextEdit, Ui};

use super::super::super::action::{Action, Situation};
use super::super::super::format::count;
use super::super::action_ui;
use super::GridResponse;
use super::model::{Column, GridModel};
use super::rows::RowSet;
use super::state::{GridState, change_layout, layout, shown_columns};

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
    let popup = Popup::new(menu_id(id), ui.ctx().clone(), egui::containers::PopupAnchor::PointerFixed, ui.layer_id())
        .kind(egui::PopupKind::Menu)
        .layout(egui::Layout::top_down_justified(egui::Align::Min))
        .style(egui::containers::menu::menu_style)
        .gap(0.0)
        .open_memory(std::mem::take(&mut state.open_menu).then_some(egui::SetOpenCommand::Bool(true)));
    popup.show(|ui| {
        ui.set_min_width(200.0);
        let Some((position, column)) = state.menu_cell else { return };
        for action in model.actions() {
            let availability = situation.map_or(Ok(()), |situation| action.availability(situation));
            if action_ui::menu_item(ui, *action, availability, None) {
                response.action = Some((*action, position));
                ui.close();
            }
        }
        if !model.actions().is_empty() {
            ui.separator();
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
    });
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

/// Check boxes for the columns of a list.
pub fn column_choices(ui: &mut Ui, name: &str, columns: &[Column]) {
    let present = shown_columns(columns, &layout(ui.ctx(), name));
    for (index, column) in columns.iter().enumerate() {
        let mut on = present.contains(&index);
        let only = on && present.len() == 1;
        if ui.add_enabled(!only, egui::Checkbox::new(&mut on, column.title)).changed() {
            let titles =
                columns.iter().enumerate().filter(|(other, _)| if *other == index { on } else { present.contains(other) });
            let shown = titles.map(|(_, column)| column.title.to_owned()).collect();
            change_layout(ui.ctx(), name, |layout| layout.shown = Some(shown));
        }
    }
    ui.separator();
    if ui.button("Standard Columns").clicked() {
        change_layout(ui.ctx(), name, |layout| *layout = super::super::super::settings::GridLayout::default());
        ui.close();
    }
}

pub(super) fn header_menu(response: &egui::Response, name: &str, columns: &[Column]) {
    Popup::context_menu(response)
        .close_behavior(PopupCloseBehavior::CloseOnClickOutside)
        .show(|ui| column_choices(ui, name, columns));
}
