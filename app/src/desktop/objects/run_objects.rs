//! The Object Details window: the objects behind a counter of a run, and what the run did to each.

use egui::{RichText, Ui};
use syncline_engine::service::{RunChangeView, RunObjectPlace, RunObjectView};

use super::super::action::Action;
use super::super::command::{Command, RunObjects};
use super::super::context::{Cx, question};
use super::super::format::plural;
use super::super::theme::Palette;
use super::super::widgets::badge::{self, Tone};
use super::super::widgets::grid::{Cell, Column, Grid, GridModel, GridState, Pager, RowKey, RowSet, filter_box};
use super::super::widgets::requested::Requested;
use super::super::widgets::{button_bar, empty, facts, splitter};
use super::attributes::{LayerGrid, ValueRow, layer_rows};
use super::search_cs::{OBJECT_ACTIONS, object_command};

/// State of the window.
pub struct RunObjectsList {
    /// Which objects.
    pub which: RunObjects,
    rows: Pager<RunObjectView>,
    state: GridState,
    share: f32,
    change: Change,
}

/// What the run did to the selected object.
#[derive(Default)]
struct Change {
    /// The object asked for.
    of: Option<RowKey>,
    answer: Requested<Vec<RunChangeView>>,
    rows: RowSet<ValueRow>,
    state: GridState,
}

impl RunObjectsList {
    /// Opens on the objects of a counter.
    #[must_use]
    pub fn new(cx: &Cx<'_>, which: RunObjects) -> Self {
        let mut window =
            Self { which, rows: Pager::default(), state: GridState::default(), share: 0.52, change: Change::default() };
        window.reload(cx);
        window
    }

    /// Asks for the objects again.
    pub fn reload(&mut self, cx: &Cx<'_>) {
        self.change.of = None;
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
        if self.change.answer.poll() {
            let change = self.change.answer.value().and_then(|answer| answer.first()?.change.as_ref());
            self.change.rows = change.map(|layer| layer_rows(layer, false)).unwrap_or_default();
        }
    }

    /// Asks what the run did to the selected object, once.
    fn follow_selection(&mut self, cx: &Cx<'_>) {
        let selected = self.state.single();
        let found = || self.rows.rows.iter().find(|(_, row)| Some(key(row)) == selected).map(|(_, row)| row);
        if self.change.of == selected {
            return;
        }
        let Some(row) = found() else {
            if selected.is_none() {
                self.change = Change::default();
            }
            return;
        };
        self.change.of = selected;
        self.change.answer.clear();
        self.change.rows = RowSet::default();
        let (run, step) = (self.which.run, self.which.step);
        let place = RunObjectPlace { counter: row.counter.clone(), number: row.number };
        let ask = question(cx.backend, move |engine| engine.run_changes(run, step, std::slice::from_ref(&place)));
        self.change.answer.ask(cx.worker, ask);
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
            let mut share = self.share;
            let parts = &mut (&mut *self, &mut *cx);
            splitter::vertical(
                ui,
                "Objects and changes",
                &mut share,
                parts,
                |ui, (window, cx)| window.objects(ui, cx),
                |ui, (window, cx)| window.change(ui, cx),
            );
            self.share = share;
        });
        close
    }

    fn objects(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let response = Grid::new().situation(cx.situation).show(ui, &ObjectGrid, &mut self.rows.rows, &mut self.state);
        let row = response.activated.or(response.link.map(|(position, _)| position));
        if let Some(row) = row.and_then(|position| self.rows.rows.get(position)) {
            cx.send(Command::OpenCsObject(row.object_guid));
        }
        if let Some((action, position)) = response.action
            && let Some(row) = self.rows.rows.get(position)
        {
            cx.send(object_command(action, &self.which.connector, row.object_guid, &row.dn));
        }
        self.follow_selection(cx);
    }

    /// What the run did to the selected object, as it was kept then.
    fn change(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        if self.change.of.is_none() {
            empty::hint(ui, "No object selected", "Select an object to see what the run did to it.");
            return;
        }
        let Some(view) = empty::value(ui, &self.change.answer).and_then(|answer| answer.first()) else { return };
        if view.gone {
            badge::strip(ui, Tone::Warn, "Object changed since this run: it is gone.", |_| ());
            ui.add_space(4.0);
        } else if view.changed_since {
            let mut open = false;
            badge::strip(ui, Tone::Warn, "Object changed since this run", |ui| open = ui.button("Show Present State").clicked());
            ui.add_space(4.0);
            if open && let Some((_, row)) = self.rows.rows.iter().find(|(_, row)| Some(key(row)) == self.change.of) {
                cx.send(Command::OpenCsObject(row.object_guid));
            }
        }
        let Some(layer) = &view.change else {
            ui.add(egui::Label::new(RichText::new(&view.note).weak()).wrap());
            return;
        };
        ui.horizontal(|ui| {
            facts::section(ui, if view.metaverse { "Metaverse changes of this run" } else { "Changes of this run" });
            ui.label(format!("Modification type: {}", layer.operation.word()));
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                filter_box(ui, &mut self.change.state, &self.change.rows, false)
            });
        });
        if !view.note.is_empty() {
            ui.add(egui::Label::new(RichText::new(&view.note).weak()).wrap());
        }
        let model = LayerGrid { palette: Palette::of(ui.style()), rules: false, holds_none: false };
        let response = Grid::new().situation(cx.situation).show(ui, &model, &mut self.change.rows, &mut self.change.state);
        if let Some((Action::CopyValue, position)) = response.action
            && let Some(row) = self.change.rows.get(position)
        {
            cx.send(Command::Copy(if row.new.is_empty() { row.old.clone() } else { row.new.clone() }));
        }
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
