//! Which connectors need a full import or a full synchronization, and why.

use egui::Ui;
use syncline_engine::service::ConnectorSummary;

use super::super::widgets::grid::{Cell, Column, Grid, GridModel, GridState, RowKey, RowSet};

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

/// Draws the list.
pub fn show(ui: &mut Ui, rows: &mut RowSet<Override>, state: &mut GridState) {
    Grid::new().rows(6).show(ui, &Overrides, rows, state);
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
