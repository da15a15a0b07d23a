//! Values that lose their contributor, as a list.

use syncline_engine::service::RecallView;

use super::super::super::widgets::grid::{Cell, Column, GridModel, RowKey, RowSet};

/// A recalled value with its number in the list.
pub type RecallRow = (usize, RecallView);

/// The rows of recalls.
#[must_use]
pub fn recall_rows(recalls: &[RecallView]) -> RowSet<RecallRow> {
    RowSet::new(recalls.iter().cloned().enumerate().collect())
}

/// The list of recalls.
pub struct RecallGrid;

const COLUMNS: [Column; 6] = [
    Column::text("Attribute", 150.0),
    Column::text("Value", 200.0),
    Column::text("Was from Rule", 200.0),
    Column::text("Now from Rule", 200.0),
    Column::text("Why", 260.0),
    Column::text("Object", 240.0),
];

impl GridModel for RecallGrid {
    type Row = RecallRow;

    fn name(&self) -> &str {
        "Attribute Recall"
    }

    fn columns(&self) -> &[Column] {
        &COLUMNS
    }

    fn key(&self, row: &RecallRow) -> RowKey {
        row.0 as RowKey
    }

    fn row_name(&self, row: &RecallRow) -> String {
        format!("{}: {}", row.1.attribute, row.1.reason)
    }

    fn text(&self, row: &RecallRow, column: usize) -> String {
        let recall = &row.1;
        match column {
            0 => recall.attribute.clone(),
            1 => {
                let mut values: Vec<String> = recall.values.iter().take(5).cloned().collect();
                let left = recall.count.saturating_sub(values.len() as u64);
                if left > 0 {
                    values.push(format!("and {left} more"));
                }
                values.join("; ")
            }
            2 => recall.rule.clone(),
            3 => recall.successor.clone().unwrap_or_else(|| "nobody".to_owned()),
            4 => recall.reason.clone(),
            _ => recall.dn.clone(),
        }
    }

    fn cell(&self, _: &RecallRow, column: usize) -> Cell {
        if column == 0 { Cell::Strong } else { Cell::Text }
    }

    fn empty_text(&self) -> &str {
        "No value is recalled."
    }
}
