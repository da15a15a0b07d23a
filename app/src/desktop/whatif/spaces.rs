//! The sums of a result by connector.

use syncline_engine::service::{ExportTotals, SpaceSummary, WhatIfReport};

use super::super::format::count;
use super::super::theme::Palette;
use super::super::widgets::grid::{Cell, Column, GridModel, RowKey, RowSet, SortKey};

/// The sums of one connector, or of the metaverse.
#[derive(Clone, Debug)]
pub struct SpaceRow {
    /// Number in the list.
    pub index: usize,
    /// The sums.
    pub summary: SpaceSummary,
}

/// The rows of a result.
#[must_use]
pub fn space_rows(report: &WhatIfReport) -> RowSet<SpaceRow> {
    let rows = report.spaces.iter().enumerate();
    RowSet::new(rows.map(|(index, summary)| SpaceRow { index, summary: summary.clone() }).collect())
}

/// The list of sums.
pub struct SpaceGrid {
    /// Colours of the theme shown.
    pub palette: &'static Palette,
}

const COLUMNS: [Column; 14] = [
    Column::text("Connector", 220.0),
    Column::number("New", 64.0),
    Column::number("Updated", 74.0),
    Column::number("Joined", 68.0),
    Column::number("Disconnected", 100.0),
    Column::number("Deleted", 72.0),
    Column::number("Errors", 66.0),
    Column::number("Errors Gone", 90.0),
    Column::number("Exports Now", 92.0),
    Column::number("Exports Then", 96.0),
    Column::number("Deletions Then", 104.0),
    Column::number("Threshold", 80.0),
    Column::number("Removed", 76.0).optional(),
    Column::number("Restored", 76.0).optional(),
];

const DISCONNECTED: usize = 4;
const DELETED: usize = 5;
const ERRORS: usize = 6;
const DELETIONS_THEN: usize = 10;

fn all(totals: ExportTotals) -> u64 {
    totals.adds + totals.updates + totals.deletes
}

fn number(summary: &SpaceSummary, column: usize) -> Option<u64> {
    let exported = |number: u64| (!summary.space.is_empty()).then_some(number);
    match column {
        1 => Some(summary.adds),
        2 => Some(summary.updates),
        3 => Some(summary.joins),
        DISCONNECTED => Some(summary.disconnects),
        DELETED => Some(summary.deletes),
        ERRORS => Some(summary.errors_appearing),
        7 => Some(summary.errors_vanishing),
        8 => exported(all(summary.exports_before)),
        9 => exported(all(summary.exports_after)),
        DELETIONS_THEN => exported(summary.exports_after.deletes),
        11 => summary.deletion_limit,
        12 => Some(summary.removes),
        13 => Some(summary.restores),
        _ => None,
    }
}

impl GridModel for SpaceGrid {
    type Row = SpaceRow;

    fn name(&self) -> &'static str {
        "What-if by connector"
    }

    fn columns(&self) -> &[Column] {
        &COLUMNS
    }

    fn key(&self, row: &SpaceRow) -> RowKey {
        row.index as RowKey
    }

    fn row_name(&self, row: &SpaceRow) -> String {
        let summary = &row.summary;
        let limit = if summary.exceeds_limit { ", exceeds the deletion threshold" } else { "" };
        format!(
            "{}: {} new, {} updated, {} deleted, {} errors{limit}",
            summary.name, summary.adds, summary.updates, summary.deletes, summary.errors_appearing
        )
    }

    fn text(&self, row: &SpaceRow, column: usize) -> String {
        match (column, number(&row.summary, column)) {
            (0, _) => row.summary.name.clone(),
            (8..=11, Some(number)) => count(number),
            (_, Some(number)) if number > 0 => count(number),
            _ => String::new(),
        }
    }

    fn cell(&self, row: &SpaceRow, column: usize) -> Cell {
        let any = number(&row.summary, column).is_some_and(|number| number > 0);
        match column {
            0 => Cell::Strong,
            DISCONNECTED | DELETED | ERRORS if any => Cell::Coloured(self.palette.bad),
            DELETIONS_THEN | 11 if row.summary.exceeds_limit => Cell::Coloured(self.palette.bad),
            _ => Cell::Text,
        }
    }

    fn sort_key(&self, row: &SpaceRow, column: usize) -> SortKey {
        match (column, number(&row.summary, column)) {
            (0, _) => SortKey::Text(row.summary.name.to_lowercase()),
            (_, Some(number)) => SortKey::Number(number.into()),
            (_, None) => SortKey::Nothing,
        }
    }

    fn tooltip(&self, row: &SpaceRow, column: usize) -> Option<String> {
        let words = |totals: ExportTotals| {
            format!("{} adds, {} updates, {} deletes", count(totals.adds), count(totals.updates), count(totals.deletes))
        };
        match column {
            8 => Some(words(row.summary.exports_before)),
            9 => Some(words(row.summary.exports_after)),
            _ => None,
        }
    }

    fn empty_text(&self) -> &'static str {
        "Nothing was synchronized."
    }
}
