//! The Object Details window: the objects behind a counter of a run.

use egui::Ui;
use syncline_engine::service::RunObjectView;

use super::super::action::Action;
use super::super::command::{Command, RunObjects};
use super::super::context::{Cx, question};
use super::super::format::plural;
use super::super::widgets::grid::{Cell, Column, Grid, GridModel, GridState, Pager, RowKey, filter_box};
use super::super::widgets::{button_bar, empty};
use super::search_cs::{OBJECT_ACTIONS, object_command};

/// State of the window.
pub struct RunObjectsList {
    /// Which objects.
    pub which: RunObjects,
    rows: Pager<RunObjectView>,
    state: GridState,
}

impl RunObjectsList {
    /// Opens on the objects of a counter.
    #[must_use]
    pub fn new(cx: &Cx<'_>, which: RunObjects) -> Self {
        let mut window = Self { which, rows: Pager::default(), state: GridState::default() };
        window.reload(cx);
        window
    }

    /// Asks for the objects again.
    pub fn reload(&mut self, cx: &Cx<'_>) {
        let which = self.which.clone();
        let backend = std::sync::Arc::clone(cx.backend);
        self.rows.ask(cx.worker, move |offset, limit| {
            let which = which.clone();
            question(&backend, move |engine| engine.run_objects(which.run, which.step, &which.counters, offset, limit))()
        });
    }

    /// Title of the window.
    #[must_use]
    pub fn title(&self) -> String {
        format!("{} - {} - run {}", self.which.title, self.which.connector, self.which.run)
    }

    /// Takes in answers.
    pub fn poll(&mut self, cx: &Cx<'_>) {
        self.rows.poll(cx.worker);
    }

    /// Draws the contents; true when the window shall close.
    pub fn show(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) -> bool {
        ui.horizontal(|ui| {
            ui.weak(plural(self.rows.rows.total(), "object"));
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                filter_box(ui, &mut self.state, &self.rows.rows, self.rows.is_loading() && !self.rows.is_answered())
            });
        });
        if let Some(error) = self.rows.error() {
            empty::failure(ui, error);
        }
        let close = button_bar::close(ui, |ui| {
            let selected = self.state.single();
            if ui
                .add_enabled(selected.is_some(), egui::Button::new("Properties"))
                .on_disabled_hover_text("Select an object first")
                .clicked()
                && let Some((_, row)) = self.rows.rows.iter().find(|(_, row)| Some(key(row)) == selected)
            {
                cx.send(Command::OpenCsObject(row.object_guid));
            }
        });
        egui::CentralPanel::no_frame().show(ui, |ui| {
            let response = Grid::new().situation(cx.situation).show(ui, &ObjectGrid, &mut self.rows.rows, &mut self.state);
            if let Some(row) = response
                .activated
                .or(response.link.map(|(position, _)| position))
                .and_then(|position| self.rows.rows.get(position))
            {
                cx.send(Command::OpenCsObject(row.object_guid));
            }
            if let Some((action, position)) = response.action
                && let Some(row) = self.rows.rows.get(position)
            {
                cx.send(object_command(action, &self.which.connector, row.object_guid, &row.dn));
            }
        });
        close
    }
}

fn key(row: &RunObjectView) -> RowKey {
    row.object_guid.as_u128() ^ u128::from(egui::Id::unique(&row.counter).value())
}

struct ObjectGrid;

const COLUMNS: [Column; 4] = [
    Column::text("Distinguished Name", 380.0),
    Column::short("Object Type", 110.0),
    Column::text("Display Name", 180.0),
    Column::text("Change", 150.0),
];

impl GridModel for ObjectGrid {
    type Row = RunObjectView;

    fn name(&self) -> &'static str {
        "Object Details"
    }

    fn columns(&self) -> &[Column] {
        &COLUMNS
    }

    fn key(&self, row: &RunObjectView) -> RowKey {
        key(row)
    }

    fn row_name(&self, row: &RunObjectView) -> String {
        format!("CS {}", row.dn)
    }

    fn text(&self, row: &RunObjectView, column: usize) -> String {
        match column {
            0 => row.dn.clone(),
            1 => row.object_type.clone(),
            2 => row.display_name.clone(),
            _ => row.counter.clone(),
        }
    }

    fn cell(&self, _row: &RunObjectView, column: usize) -> Cell {
        match column {
            0 => Cell::Strong,
            3 => Cell::Weak,
            _ => Cell::Text,
        }
    }

    fn actions(&self) -> &[Action] {
        &OBJECT_ACTIONS
    }

    fn empty_text(&self) -> &'static str {
        "No object to list."
    }
}
