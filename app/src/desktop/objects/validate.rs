//! The window of `Validate object against schema`: what is staged for an object, held against its connector's schema.

use egui::{RichText, Ui};
use syncline_engine::model::ObjectOperation;
use syncline_engine::service::{SchemaFaultView, SchemaValidationView};
use uuid::Uuid;

use super::super::command::Command;
use super::super::context::{Cx, question};
use super::super::format::plural;
use super::super::widgets::badge::{self, Tone};
use super::super::widgets::grid::{Cell, Column, Grid, GridModel, GridState, RowKey, RowSet};
use super::super::widgets::requested::Requested;
use super::super::widgets::{button_bar, empty};
use super::cs_object::first_rdn;

/// The text of the buttons that open the window.
pub const BUTTON: &str = "Validate object against schema";

/// State of the window.
pub struct Validate {
    guid: Uuid,
    answer: Requested<SchemaValidationView>,
    rows: RowSet<(usize, SchemaFaultView)>,
    state: GridState,
}

impl Validate {
    /// Opens on an object.
    #[must_use]
    pub fn new(cx: &Cx<'_>, guid: Uuid) -> Self {
        let mut window = Self { guid, answer: Requested::default(), rows: RowSet::default(), state: GridState::default() };
        window.reload(cx);
        window
    }

    /// The object shown.
    #[must_use]
    pub fn guid(&self) -> Uuid {
        self.guid
    }

    /// Asks again.
    pub fn reload(&mut self, cx: &Cx<'_>) {
        let guid = self.guid;
        self.answer.ask(cx.worker, question(cx.backend, move |engine| engine.validate_object(guid)));
    }

    /// Title of the window.
    #[must_use]
    pub fn title(&self) -> String {
        let name = self.answer.value().map_or_else(|| self.guid.to_string(), |view| first_rdn(&view.dn).to_owned());
        format!("Validate Object - {name}")
    }

    /// Takes in the answer.
    pub fn poll(&mut self) {
        if self.answer.poll() {
            let faults = self.answer.value().map(|view| view.faults.clone()).unwrap_or_default();
            self.rows = RowSet::new(faults.into_iter().enumerate().collect());
        }
    }

    /// Draws the contents; true when the window shall close.
    pub fn show(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) -> bool {
        let pressed = button_bar::close_or_refresh(ui, |ui| {
            if ui.button("Object Properties").clicked() {
                cx.send(Command::OpenCsObject(self.guid));
            }
        });
        if pressed.refresh {
            self.reload(cx);
        }
        egui::CentralPanel::no_frame().show(ui, |ui| {
            let Some(view) = empty::value(ui, &self.answer) else { return };
            ui.add(egui::Label::new(RichText::new(&view.dn).size(15.0)).wrap());
            ui.add_space(4.0);
            let (tone, text) = verdict(view);
            badge::strip(ui, tone, &text, |_| ());
            ui.add_space(6.0);
            if !view.faults.is_empty() {
                Grid::new().situation(cx.situation).show(ui, &FaultGrid, &mut self.rows, &mut self.state);
            }
        });
        pressed.close
    }
}

/// The result in one sentence.
fn verdict(view: &SchemaValidationView) -> (Tone, String) {
    let connector = &view.connector;
    match (view.pending, view.faults.len() as u64) {
        (ObjectOperation::None, _) => (Tone::Info, "Nothing is pending for export, so there is nothing to validate.".to_owned()),
        (ObjectOperation::Delete, _) => (Tone::Info, "A deletion is pending; it changes no attribute.".to_owned()),
        (operation, 0) => {
            let attributes = plural(view.attributes, "attribute");
            (Tone::Info, format!("The pending {} of {attributes} fits the schema of \"{connector}\".", operation.word()))
        }
        (operation, faults) => {
            let faults = plural(faults, "fault");
            (Tone::Bad, format!("The pending {} does not fit the schema of \"{connector}\": {faults}.", operation.word()))
        }
    }
}

struct FaultGrid;

const COLUMNS: [Column; 2] = [Column::text("Attribute Name", 180.0), Column::text("Fault", 440.0)];

impl GridModel for FaultGrid {
    type Row = (usize, SchemaFaultView);

    fn name(&self) -> &'static str {
        "Schema faults"
    }

    fn columns(&self) -> &[Column] {
        &COLUMNS
    }

    fn key(&self, row: &Self::Row) -> RowKey {
        row.0 as RowKey
    }

    fn row_name(&self, row: &Self::Row) -> String {
        if row.1.attribute.is_empty() { row.1.message.clone() } else { format!("{}: {}", row.1.attribute, row.1.message) }
    }

    fn text(&self, row: &Self::Row, column: usize) -> String {
        if column == 0 { row.1.attribute.clone() } else { row.1.message.clone() }
    }

    fn cell(&self, _row: &Self::Row, column: usize) -> Cell {
        if column == 0 { Cell::Strong } else { Cell::Text }
    }

    fn empty_text(&self) -> &'static str {
        "Nothing is wrong."
    }
}
