//! The list of connectors.

use syncline_engine::service::{ConnectorState, ConnectorSummary, StatusClass};

use super::super::action::Action;
use super::super::format::{Format, count};
use super::super::widgets::grid::{Cell, Column, GridModel, RowKey, SortKey};

/// The columns of a connector.
pub struct ConnectorGrid<'a> {
    /// Zone and present moment.
    pub format: &'a Format,
}

const COLUMNS: [Column; 8] = [
    Column::text("Name", 260.0),
    Column::text("Type", 270.0),
    Column::text("Description", 200.0),
    Column::short("State", 110.0),
    Column::number("Pending Import", 110.0).optional(),
    Column::number("Pending Export", 110.0).optional(),
    Column::text("Last Run", 220.0).optional(),
    Column::text("Full Sync Required", 160.0).optional(),
];

/// The key of a connector's row.
#[must_use]
pub fn key(connector: &ConnectorSummary) -> RowKey {
    connector.guid.as_u128()
}

impl GridModel for ConnectorGrid<'_> {
    type Row = ConnectorSummary;

    fn name(&self) -> &'static str {
        "Connectors"
    }

    fn columns(&self) -> &[Column] {
        &COLUMNS
    }

    fn key(&self, row: &ConnectorSummary) -> RowKey {
        key(row)
    }

    fn row_name(&self, row: &ConnectorSummary) -> String {
        format!("Connector {}, {}, {}", row.name, row.kind.label(), row.state.label())
    }

    fn text(&self, row: &ConnectorSummary, column: usize) -> String {
        match column {
            0 => row.name.clone(),
            1 => row.kind.label().to_owned(),
            2 => row.description.clone(),
            3 => row.state.label().to_owned(),
            4 => count(row.pending_import),
            5 => count(row.pending_export),
            6 => row.last_run.as_ref().map(|run| run.status.clone()).unwrap_or_default(),
            _ => if row.full_sync_required.is_some() { "True" } else { "False" }.to_owned(),
        }
    }

    fn cell(&self, row: &ConnectorSummary, column: usize) -> Cell {
        match column {
            0 => Cell::Strong,
            3 if row.state != ConnectorState::Idle => Cell::Status(StatusClass::Running),
            6 => row.last_run.as_ref().map_or(Cell::Text, |run| Cell::Status(run.class)),
            _ => Cell::Text,
        }
    }

    fn sort_key(&self, row: &ConnectorSummary, column: usize) -> SortKey {
        match column {
            4 => SortKey::Number(row.pending_import.into()),
            5 => SortKey::Number(row.pending_export.into()),
            _ => SortKey::Text(self.text(row, column).to_lowercase()),
        }
    }

    fn tooltip(&self, row: &ConnectorSummary, column: usize) -> Option<String> {
        match column {
            0 => Some(row.address.clone()).filter(|address| !address.is_empty()),
            6 => row.last_run.as_ref().map(|run| format!("{} at {}", run.profile, self.format.time(run.started))),
            7 => row.full_sync_required.clone(),
            _ => None,
        }
    }

    fn actions(&self) -> &[Action] {
        &[
            Action::ConnectorProperties,
            Action::DeleteConnector,
            Action::ConfigureRunProfiles,
            Action::Run,
            Action::Stop,
            Action::ExportConnector,
            Action::UpdateConnector,
            Action::RefreshSchema,
            Action::SearchConnectorSpace,
        ]
    }

    fn empty_text(&self) -> &'static str {
        "No connector matches. Connectors are added by connecting a directory."
    }
}
