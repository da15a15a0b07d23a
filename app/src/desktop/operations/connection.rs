//! Connection Status: the servers that a step talked to.

use syncline_engine::service::{ConnectionView, StatusClass};

use super::super::format::Format;
use super::super::widgets::grid::{Cell, Column, GridModel, RowKey};

/// The list of servers.
pub struct ConnectionGrid<'a> {
    /// Zone of the times.
    pub format: &'a Format,
}

const COLUMNS: [Column; 4] = [
    Column::text("Server", 190.0),
    Column::text("Status", 170.0),
    Column::short("Date", 154.0),
    Column::text("Server Error Detail", 220.0),
];

impl GridModel for ConnectionGrid<'_> {
    type Row = (usize, ConnectionView);

    fn name(&self) -> &'static str {
        "Connection Status"
    }

    fn columns(&self) -> &[Column] {
        &COLUMNS
    }

    fn key(&self, row: &Self::Row) -> RowKey {
        row.0 as RowKey
    }

    fn row_name(&self, row: &Self::Row) -> String {
        format!("Connection {}: {}", row.1.server, row.1.status)
    }

    fn text(&self, row: &Self::Row, column: usize) -> String {
        match column {
            0 => row.1.server.clone(),
            1 => row.1.status.clone(),
            2 => self.format.time(row.1.date),
            _ => row.1.detail.clone(),
        }
    }

    fn cell(&self, row: &Self::Row, column: usize) -> Cell {
        match column {
            1 => Cell::Status(class(&row.1.status)),
            _ => Cell::Text,
        }
    }

    fn empty_text(&self) -> &'static str {
        "The step talked to no server."
    }
}

fn class(status: &str) -> StatusClass {
    if status == "success" {
        StatusClass::Success
    } else if status.starts_with("warning") {
        StatusClass::Warning
    } else {
        StatusClass::Stopped
    }
}
