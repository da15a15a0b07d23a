//! The Column Settings window: which columns a list shows, in which order, and what it is sorted by; all by keyboard.

use egui::{Button, Context, Id, Label, RichText, ScrollArea, TextEdit, Ui, UiBuilder};

use super::super::objects::{escaped, window};
use super::super::settings::GridLayout;
use super::super::widgets::grid::{
    ColumnSettings, after_click, arranged, change_layout, forget, in_words, layout, move_by, present, show_column, shown_columns,
    sort_by,
};

const TITLE: &str = "Column Settings";
/// Columns from which on a box finds one.
const MANY: usize = 12;
const NAME_WIDTH: f32 = 210.0;
const SORT_WIDTH: f32 = 190.0;

/// Draws the window, if the columns of some list are asked for.
pub fn show(ctx: &Context) {
    let Some(settings) = present(ctx) else { return };
    let (mut open, mut close) = (true, false);
    let id = Id::unique(TITLE);
    let most = ctx.content_rect().height() - 250.0;
    let shown = window(ctx, TITLE).id(id).resizable(false).open(&mut open).pivot(egui::Align2::CENTER_CENTER);
    shown.default_pos(ctx.content_rect().center()).show(ctx, |ui| {
        ui.weak(&settings.name);
        ui.add_space(4.0);
        let wanted = find(ui, id, settings.columns.len());
        ScrollArea::vertical().max_height(most).min_scrolled_height(most).show(ui, |ui| columns(ui, &settings, &wanted));
        ui.add_space(8.0);
        ui.horizontal(|ui| {
            if ui.button("Standard Columns").on_hover_text("Columns, order and widths as on first use").clicked() {
                change_layout(ui.ctx(), &settings.name, |layout| *layout = GridLayout::default());
            }
            let sorted = ui.add_enabled(!settings.sort.is_empty(), Button::new("Standard Order"));
            let sorted = sorted.on_hover_text("Sort the list as it comes");
            if sorted.on_disabled_hover_text("The list is sorted as it comes").clicked() {
                sort_by(ui.ctx(), Vec::new());
            }
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| close = ui.button("Close").clicked());
        });
    });
    if !open || close || escaped(ctx, id) {
        ctx.data_mut(|data| data.remove::<String>(id));
        forget(ctx);
    }
}

/// The box that finds a column among many; what it holds, without regard to case.
fn find(ui: &mut Ui, id: Id, columns: usize) -> String {
    if columns < MANY {
        return String::new();
    }
    let mut text: String = ui.data(|data| data.get_temp(id)).unwrap_or_default();
    let edit = TextEdit::singleline(&mut text).hint_text("Find a column").desired_width(NAME_WIDTH).id_salt("find");
    if ui.add(edit).accessible_name("Find a column").changed() {
        ui.data_mut(|data| data.insert_temp(id, text.clone()));
    }
    ui.add_space(4.0);
    text.trim().to_lowercase()
}

fn columns(ui: &mut Ui, settings: &ColumnSettings, wanted: &str) {
    let ColumnSettings { name, columns, .. } = settings;
    let present = layout(ui.ctx(), name);
    let order = arranged(columns, &present);
    let visible = shown_columns(columns, &present);
    let height = ui.spacing().interact_size.y;
    egui::Grid::new("columns").num_columns(4).spacing([8.0, 5.0]).show(ui, |ui| {
        for (place, index) in order.iter().enumerate() {
            let Some(column) = columns.get(*index).filter(|column| column.title.to_lowercase().contains(wanted)) else {
                continue;
            };
            let mut on = visible.contains(index);
            let only = on && visible.len() == 1;
            ui.allocate_ui_with_layout(egui::vec2(NAME_WIDTH, height), egui::Layout::left_to_right(egui::Align::Center), |ui| {
                ui.set_min_width(NAME_WIDTH);
                let choice = ui.add_enabled(!only, egui::Checkbox::new(&mut on, column.title));
                if choice.on_disabled_hover_text("A list shows one column at least").changed() {
                    show_column(ui.ctx(), name, columns, *index, on);
                }
            });
            for (text, by, possible) in [("Up", -1, place > 0), ("Down", 1, place + 1 < order.len())] {
                // The keyboard stays on the button of a column that moves.
                let button = ui.scope_builder(own_place(column.title, text), |ui| {
                    ui.add_enabled(possible, Button::new(text).min_size(egui::vec2(54.0, 0.0)))
                });
                if button.inner.accessible_name(format!("Move {} {}", column.title, text.to_lowercase())).clicked() {
                    move_by(ui.ctx(), name, columns, &order, *index, by);
                }
            }
            ui.scope_builder(own_place(column.title, "Sort"), |ui| sort_button(ui, settings, *index, column.title));
            ui.end_row();
        }
    });
    if let Some((_, why)) = &settings.unsortable {
        ui.add(Label::new(RichText::new(why).weak()).wrap());
    }
}

/// Buttons that are known by their column, not by the place at which it stands.
fn own_place(title: &str, button: &str) -> UiBuilder {
    UiBuilder::new().scope_id(Id::unique((TITLE, title, button)))
}

/// Goes from ascending to descending to unsorted; several columns sort one after the other.
fn sort_button(ui: &mut Ui, settings: &ColumnSettings, column: usize, title: &str) {
    let impossible = settings.unsortable.as_ref().filter(|(columns, _)| columns.contains(&column)).map(|(_, why)| why.as_str());
    let why = impossible.or((!settings.visible).then_some("Show the list again first"));
    let words = in_words(&settings.sort, column);
    let text = words.clone().map_or_else(|| RichText::new("Not sorted").weak(), RichText::new);
    let button = Button::new(text).min_size(egui::vec2(SORT_WIDTH, 0.0)).right_text("");
    let button = button.selected(words.is_some()).frame_when_inactive(words.is_some());
    let button = ui.add_enabled(why.is_none(), button).on_hover_text("Ascending, descending, not at all");
    let name = format!("{title}: {}", words.unwrap_or_else(|| "Not sorted".to_owned()));
    if button.on_disabled_hover_text(why.unwrap_or_default()).accessible_name(name).clicked() {
        sort_by(ui.ctx(), after_click(&settings.sort, column, true));
    }
}
