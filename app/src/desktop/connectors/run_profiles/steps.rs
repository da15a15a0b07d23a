//! The steps of a profile as a list.

use super::super::super::format::count;
use super::super::super::widgets::grid::{Cell, Column, GridModel, RowKey, SortKey};
use super::draft::StepDraft;

/// A step in the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepRow {
    /// Its place, from 1 on.
    pub number: u64,
    /// The step.
    pub step: StepDraft,
    /// What is wrong with it.
    pub fault: Option<String>,
}

/// The list.
pub struct StepGrid;

const COLUMNS: [Column; 8] = [
    Column::number("Step", 48.0),
    Column::short("Step Type", 180.0),
    Column::text("Partition", 260.0),
    Column::number("Batch Size", 84.0),
    Column::number("Page Size", 84.0),
    Column::number("Timeout (s)", 88.0),
    Column::text("Threshold", 110.0),
    Column::text("Log file", 90.0),
];

impl GridModel for StepGrid {
    type Row = StepRow;

    fn name(&self) -> &'static str {
        "Step Details"
    }

    fn columns(&self) -> &[Column] {
        &COLUMNS
    }

    fn key(&self, row: &StepRow) -> RowKey {
        row.number.into()
    }

    fn row_name(&self, row: &StepRow) -> String {
        format!("Step {}: {}, {}", row.number, row.step.step_type, row.step.partition)
    }

    fn text(&self, row: &StepRow, column: usize) -> String {
        let step = &row.step;
        match column {
            0 => row.number.to_string(),
            1 => step.step_type.clone(),
            2 => step.partition.clone(),
            3 => step.batch_size.clone(),
            4 => step.page_size.clone(),
            5 => step.timeout.clone(),
            6 => threshold(step),
            _ => step.view().log_file.map(|log| log.name).unwrap_or_default(),
        }
    }

    fn cell(&self, row: &StepRow, column: usize) -> Cell {
        match column {
            1 if row.fault.is_some() => Cell::Status(syncline_engine::service::StatusClass::Error),
            1 => Cell::Strong,
            2 => Cell::Code,
            _ => Cell::Text,
        }
    }

    fn tooltip(&self, row: &StepRow, column: usize) -> Option<String> {
        row.fault.clone().filter(|_| column == 1)
    }

    fn sort_key(&self, row: &StepRow, column: usize) -> SortKey {
        match self.text(row, column).parse() {
            Ok(number) if (3..6).contains(&column) || column == 0 => SortKey::Number(number),
            _ => SortKey::Text(self.text(row, column).to_lowercase()),
        }
    }

    fn empty_text(&self) -> &'static str {
        "The profile has no step. New Step... adds one."
    }
}

/// After what the step ends.
fn threshold(step: &StepDraft) -> String {
    let view = step.view();
    let parts = [(view.object_limit, "objects"), (view.deletion_limit, "deletions")];
    let parts = parts.iter().filter(|(number, _)| *number > 0).map(|(number, what)| format!("{} {what}", count(*number)));
    parts.collect::<Vec<_>>().join(", ")
}
