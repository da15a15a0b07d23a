//! Discovery, synchronization and export errors of a step.

use syncline_engine::model::AlgorithmStep;
use syncline_engine::service::{ObjectErrorView, StepDetails, error_fix};

use super::super::format::Format;
use super::super::widgets::grid::{Cell, Column, GridModel, RowKey, SortKey};

/// The three kinds of lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ErrorList {
    /// While importing.
    Discovery,
    /// While synchronizing.
    Synchronization,
    /// While synchronizing metaverse objects that waited.
    MetaverseRetry,
    /// While exporting.
    Export,
}

impl ErrorList {
    /// All lists in the order shown.
    pub const ALL: [Self; 4] = [Self::Discovery, Self::Synchronization, Self::MetaverseRetry, Self::Export];

    /// Title without the count.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Discovery => "Discovery Errors",
            Self::Synchronization => "Synchronization Errors",
            Self::MetaverseRetry => "Metaverse Retry Errors",
            Self::Export => "Export Errors",
        }
    }

    /// The list that an error of a step belongs to.
    #[must_use]
    pub fn of(step: &StepDetails, error: &ObjectErrorView) -> Self {
        match error.error.detail.step {
            _ if error.metaverse_guid.is_some() => Self::MetaverseRetry,
            Some(AlgorithmStep::Staging) => Self::Discovery,
            Some(AlgorithmStep::Export) => Self::Export,
            Some(_) => Self::Synchronization,
            None if step.step_type.contains("Export") => Self::Export,
            None if step.step_type.contains("Import") => Self::Discovery,
            None => Self::Synchronization,
        }
    }
}

/// A list of errors.
pub struct ErrorGrid<'a> {
    /// Which list.
    pub list: ErrorList,
    /// Zone of the times.
    pub format: &'a Format,
}

impl ErrorGrid<'_> {
    /// True for the column that opens the error's details.
    fn is_error(&self, column: usize) -> bool {
        self.columns().get(column).is_some_and(|column| matches!(column.title, "Error" | "Error Type"))
    }
}

/// The column that opens the object.
pub const DN: usize = 0;

const DISCOVERY: [Column; 4] = [
    Column::text("Distinguished Name", 320.0),
    Column::text("Error Type", 230.0),
    Column::text("Attribute", 130.0),
    Column::text("Message", 260.0),
];
const SYNCHRONIZATION: [Column; 6] = [
    Column::text("Distinguished Name", 300.0),
    Column::text("Display Name", 140.0).optional(),
    Column::text("Error", 260.0),
    Column::text("Attribute", 110.0).optional(),
    Column::number("Retry Count", 90.0),
    Column::text("First Occurred", 154.0),
];
const RETRY: [Column; 3] =
    [Column::text("Metaverse Object", 260.0), Column::text("Error", 260.0), Column::text("Attribute", 120.0)];
const EXPORT: [Column; 6] = [
    Column::text("Distinguished Name", 250.0),
    Column::text("Display Name", 130.0),
    Column::text("Error", 210.0),
    Column::text("Attribute", 120.0),
    Column::text("Detail", 220.0),
    Column::number("Retry Count", 90.0).optional(),
];

impl GridModel for ErrorGrid<'_> {
    type Row = (usize, ObjectErrorView);

    fn name(&self) -> &str {
        self.list.title()
    }

    fn columns(&self) -> &[Column] {
        match self.list {
            ErrorList::Discovery => &DISCOVERY,
            ErrorList::Synchronization => &SYNCHRONIZATION,
            ErrorList::MetaverseRetry => &RETRY,
            ErrorList::Export => &EXPORT,
        }
    }

    fn key(&self, row: &Self::Row) -> RowKey {
        row.0 as RowKey
    }

    fn row_name(&self, row: &Self::Row) -> String {
        format!("{}: {}", row.1.dn, row.1.error.code)
    }

    fn text(&self, row: &Self::Row, column: usize) -> String {
        let error = &row.1;
        match (self.columns().get(column).map_or("", |column| column.title), self.list) {
            ("Distinguished Name", _) => error.dn.clone(),
            ("Metaverse Object", _) if error.display_name.is_empty() => error.dn.clone(),
            ("Metaverse Object", _) => error.display_name.clone(),
            ("Display Name", _) => error.display_name.clone(),
            ("Error" | "Error Type", _) => error.error.code.to_string(),
            ("Attribute", _) => error.error.detail.attribute.clone().unwrap_or_default(),
            ("Retry Count", _) => error.retry_count.to_string(),
            ("First Occurred", _) => self.format.time(error.first_occurred),
            ("Detail", _) => error.error.detail.server_detail.clone().unwrap_or_else(|| error.error.message.clone()),
            _ => error.error.message.clone(),
        }
    }

    fn cell(&self, row: &Self::Row, column: usize) -> Cell {
        match column {
            DN if row.1.object_guid.or(row.1.metaverse_guid).is_none() => Cell::Text,
            DN => Cell::Link,
            column if self.is_error(column) => Cell::Link,
            _ => Cell::Text,
        }
    }

    fn sort_key(&self, row: &Self::Row, column: usize) -> SortKey {
        match self.columns().get(column).map(|column| column.title) {
            Some("Retry Count") => SortKey::Number(i128::from(row.1.retry_count)),
            _ => SortKey::Text(self.text(row, column).to_lowercase()),
        }
    }

    fn tooltip(&self, row: &Self::Row, column: usize) -> Option<String> {
        self.is_error(column).then(|| format!("{}\n{}", row.1.error.message, error_fix(&row.1.error.code)).trim().to_owned())
    }

    fn empty_text(&self) -> &'static str {
        "No object failed."
    }
}
