//! The one list widget of the app: virtual rows, sort, filter, columns, selection, copy, keyboard and accessible names.
//! A new list is a [`GridModel`], not new drawing code.

mod columns;
mod draw;
pub mod export;
mod fit;
mod keyboard;
mod model;
mod reorder;
mod rows;
mod sort;
mod state;
mod toolbar;

use egui::{Id, Role, Sense, Ui, Vec2, WidgetInfo, vec2};

pub use columns::{
    ColumnSettings, arranged, attribute_columns, attributes_shown, forget, move_by, present, show_column, shown_columns, sort_by,
};
pub(crate) use draw::paint_text;
pub use model::{Cell, Column, GridModel, NameLook, RowKey, Sign, SortKey};
pub use rows::{MOST_SORTED, PAGE, Pager, RowSet};
pub use sort::{Listing, SortBy, after_click, in_words, is_reversed};
pub use state::{GridState, all_layouts, change_layout, layout, restore_layouts};
pub use toolbar::filter_box;

use super::super::action::{Action, Situation};
use super::super::theme::{HEADER_HEIGHT, ROW_HEIGHT};
use super::panes;

/// How high a list is.
#[derive(Clone, Copy, Debug)]
pub enum GridHeight {
    /// All the space there is.
    Fill,
    /// As many rows as there are, at most this many.
    Rows(u64),
}

/// What happened in a list during a frame. Rows are positions in the row set.
#[derive(Debug, Default)]
pub struct GridResponse {
    /// Another row was selected.
    pub selection_changed: bool,
    /// Row that was double-clicked or entered.
    pub activated: Option<u64>,
    /// Row and column of a link that was clicked.
    pub link: Option<(u64, usize)>,
    /// Action chosen in a row's context menu.
    pub action: Option<(Action, u64)>,
}

/// Draws a list.
pub struct Grid<'a> {
    height: GridHeight,
    situation: Option<&'a Situation>,
}

impl Default for Grid<'_> {
    fn default() -> Self {
        Self { height: GridHeight::Fill, situation: None }
    }
}

impl<'a> Grid<'a> {
    /// A list that fills the space there is.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A list as high as its rows, up to a number of rows.
    #[must_use]
    pub fn rows(mut self, most: u64) -> Self {
        self.height = GridHeight::Rows(most);
        self
    }

    /// What decides which context menu actions are possible.
    #[must_use]
    pub fn situation(mut self, situation: &'a Situation) -> Self {
        self.situation = Some(situation);
        self
    }

    /// Draws the list.
    pub fn show<M: GridModel>(self, ui: &mut Ui, model: &M, rows: &mut RowSet<M::Row>, state: &mut GridState) -> GridResponse {
        let layout = layout(ui.ctx(), model.name());
        let columns = shown_columns(model.columns(), &layout);
        state.arrange(model, rows, &columns);
        let shown = state.shown(rows);
        let height = match self.height {
            GridHeight::Fill => ui.available_height().max(HEADER_HEIGHT + ROW_HEIGHT),
            GridHeight::Rows(most) => HEADER_HEIGHT + ROW_HEIGHT * shown.clamp(1, most) as f32 + draw::BAR_SPACE,
        };
        let size = vec2(ui.available_width(), height);
        ui.push_id(("grid", model.name()), |ui| {
            let mut response = GridResponse::default();
            ui.allocate_ui(size, |ui| {
                ui.set_min_size(size);
                ui.spacing_mut().item_spacing = Vec2::ZERO;
                let style = ui.style_mut();
                style.interaction.resize_grab_radius_side = 2.0;
                let line = &mut style.visuals.widgets.noninteractive.bg_stroke;
                // No line runs through the text of an empty list.
                line.color = line.color.gamma_multiply(if shown == 0 { 0.0 } else { 0.55 });
                let id = ui.make_persistent_id("list");
                self.list(ui, id, model, rows, state, &columns, &layout, &mut response);
            });
            response
        })
        .inner
    }

    #[allow(clippy::too_many_arguments, reason = "the parts of one call, split to keep it readable")]
    fn list<M: GridModel>(
        &self,
        ui: &mut Ui,
        id: Id,
        model: &M,
        rows: &mut RowSet<M::Row>,
        state: &mut GridState,
        columns: &[usize],
        layout: &super::super::settings::GridLayout,
        response: &mut GridResponse,
    ) {
        let rect = ui.available_rect_before_wrap();
        let table = ui.interact(rect, id, Sense::click());
        table.widget_info(|| WidgetInfo::labeled(Role::Table, true, model.name()));
        panes::register(ui, id);
        if table.clicked() {
            table.request_focus();
        }
        if table.has_focus() {
            keyboard::handle(ui, id, rect, model, rows, state, self.situation, response);
        }
        draw::table(ui, id, model, rows, state, columns, layout, response);
        if std::mem::take(&mut state.export) {
            export::ask(ui.ctx(), id, model.name());
        }
        if std::mem::take(&mut state.column_settings) {
            columns::ask(ui.ctx(), id, model);
        }
        columns::serve(ui.ctx(), id, model, rows, state);
        export::serve(ui.ctx(), id, model, rows, state, columns);
        toolbar::context_menu(ui, id, model, rows, state, columns, self.situation, response);
        if state.shown(rows) == 0 {
            draw::empty(ui, rect, model.empty_text());
        }
        draw::focus_ring(ui, rect, table.has_focus());
    }
}
