//! The results that are kept.

use syncline_engine::service::{SpaceSummary, WhatIfReport};

use super::super::format::{Format, count};
use super::super::theme::Palette;
use super::super::widgets::grid::{Cell, Column, GridModel, RowKey, SortKey};
use super::result::title;

/// The list of results.
pub struct KeptGrid<'a> {
    /// Zone of the times.
    pub format: &'a Format,
    /// Colours of the theme shown.
    pub palette: &'static Palette,
}

const COLUMNS: [Column; 8] = [
    Column::number("Number", 70.0),
    Column::short("Time", 154.0),
    Column::text("Asked About", 420.0),
    Column::number("Objects", 80.0),
    Column::number("Deletions Staged", 120.0),
    Column::number("New Errors", 90.0),
    Column::number("Warnings", 80.0),
    Column::text("User", 110.0).optional(),
];

fn sum(report: &WhatIfReport, of: impl Fn(&SpaceSummary) -> u64) -> u64 {
    report.spaces.iter().map(of).sum()
}

/// Metaverse objects are deleted with those of connectors; they are not exported.
fn deletions(space: &SpaceSummary) -> u64 {
    if space.space.is_empty() { 0 } else { space.deletes }
}

impl KeptGrid<'_> {
    fn number(report: &WhatIfReport, column: usize) -> u64 {
        match column {
            0 => report.number.into(),
            3 => sum(report, SpaceSummary::objects),
            4 => sum(report, deletions),
            5 => sum(report, |space| space.errors_appearing),
            _ => report.warnings.len() as u64,
        }
    }
}

impl GridModel for KeptGrid<'_> {
    type Row = WhatIfReport;

    fn name(&self) -> &'static str {
        "Kept what-ifs"
    }

    fn columns(&self) -> &[Column] {
        &COLUMNS
    }

    fn key(&self, row: &WhatIfReport) -> RowKey {
        row.number.into()
    }

    fn row_name(&self, row: &WhatIfReport) -> String {
        format!("What-if {}: {}", row.number, title(row))
    }

    fn text(&self, row: &WhatIfReport, column: usize) -> String {
        match column {
            1 => self.format.time(row.started),
            2 => title(row),
            7 => row.user.clone(),
            column => count(Self::number(row, column)),
        }
    }

    fn cell(&self, row: &WhatIfReport, column: usize) -> Cell {
        match column {
            1 => Cell::Weak,
            2 => Cell::Strong,
            4 if row.spaces.iter().any(|space| space.exceeds_limit) => Cell::Coloured(self.palette.bad),
            _ => Cell::Text,
        }
    }

    fn sort_key(&self, row: &WhatIfReport, column: usize) -> SortKey {
        match column {
            1 => SortKey::Number(row.started.as_nanosecond()),
            2 | 7 => SortKey::Text(self.text(row, column).to_lowercase()),
            column => SortKey::Number(Self::number(row, column).into()),
        }
    }

    fn empty_text(&self) -> &'static str {
        "No what-if is kept. Start one under New What-If."
    }
}
