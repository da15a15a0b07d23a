//! Which connectors need a full import or a full synchronization, and why.

use egui::{Checkbox, Ui};
use syncline_engine::service::ConnectorSummary;

use super::super::context::{Cx, question};
use super::super::widgets::empty;
use super::super::widgets::fields::note;
use super::super::widgets::grid::{Cell, Column, Grid, GridModel, GridState, RowKey, RowSet};
use super::super::widgets::requested::Requested;

/// What one connector needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    id: i64,
    connector: String,
    full_import: Option<String>,
    full_sync: Option<String>,
}

impl Override {
    /// What a connector needs.
    pub fn of(connector: &ConnectorSummary) -> Self {
        Self {
            id: connector.id.0,
            connector: connector.name.clone(),
            full_import: connector.full_import_required.clone(),
            full_sync: connector.full_sync_required.clone(),
        }
    }

    fn reason(&self, column: usize) -> Option<&String> {
        match column {
            1 => self.full_import.as_ref(),
            2 => self.full_sync.as_ref(),
            _ => None,
        }
    }
}

/// The list, and what is asked for by hand.
#[derive(Default)]
pub struct OverridesPart {
    rows: RowSet<Override>,
    shown: Vec<Override>,
    grid: GridState,
    saving: Requested<ConnectorSummary>,
}

impl OverridesPart {
    /// Takes in the answer.
    pub fn poll(&mut self) {
        self.saving.poll();
    }

    /// Draws the list, and what the selected connector needs.
    pub fn show(&mut self, ui: &mut Ui, cx: &Cx<'_>) {
        let present: Vec<Override> = cx.connectors().iter().map(Override::of).collect();
        if present != self.shown {
            self.rows = RowSet::new(present.clone());
            self.shown = present;
        }
        Grid::new().rows(6).show(ui, &Overrides, &mut self.rows, &mut self.grid);
        if let Some(error) = self.saving.error() {
            empty::failure(ui, error);
        }
        let key = self.grid.single();
        let Some(chosen) = self.shown.iter().find(|row| Some(row.id as RowKey) == key) else {
            note(ui, "Select a connector to require a full import or a full synchronization.");
            return;
        };
        let (mut import, mut synchronization) = (chosen.full_import.is_some(), chosen.full_sync.is_some());
        let busy = cx.situation.running || cx.situation.cycle || self.saving.is_pending();
        let reason = "A run is going on; wait until it has finished";
        let mut changed = false;
        ui.horizontal_wrapped(|ui| {
            ui.label(format!("{}:", chosen.connector));
            for (flag, text) in [(&mut import, "Full Import required"), (&mut synchronization, "Full Synchronization required")] {
                changed |= ui.add_enabled(!busy, Checkbox::new(flag, text)).on_disabled_hover_text(reason).changed();
            }
        });
        if changed {
            let name = chosen.connector.clone();
            self.saving.clear();
            let ask = question(cx.backend, move |engine| engine.require_full_runs(&name, import, synchronization));
            self.saving.ask(cx.worker, ask);
        }
    }
}

struct Overrides;

const COLUMNS: [Column; 3] = [
    Column::text("Connector", 230.0),
    Column::text("Full Import required", 160.0),
    Column::text("Full Synchronization required", 210.0),
];

impl GridModel for Overrides {
    type Row = Override;

    fn name(&self) -> &'static str {
        "Full runs required"
    }

    fn columns(&self) -> &[Column] {
        &COLUMNS
    }

    fn key(&self, row: &Override) -> RowKey {
        row.id as RowKey
    }

    fn row_name(&self, row: &Override) -> String {
        format!(
            "{}: Full Import required {}, Full Synchronization required {}",
            row.connector,
            self.text(row, 1),
            self.text(row, 2)
        )
    }

    fn text(&self, row: &Override, column: usize) -> String {
        match (column, row.reason(column)) {
            (0, _) => row.connector.clone(),
            (_, Some(_)) => "Yes".to_owned(),
            (_, None) => "No".to_owned(),
        }
    }

    fn cell(&self, row: &Override, column: usize) -> Cell {
        if column == 0 || row.reason(column).is_some() { Cell::Strong } else { Cell::Weak }
    }

    fn tooltip(&self, row: &Override, column: usize) -> Option<String> {
        row.reason(column).cloned()
    }

    fn empty_text(&self) -> &'static str {
        "There is no connector yet."
    }
}
