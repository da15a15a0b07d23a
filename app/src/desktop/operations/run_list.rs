//! The list of runs.

use std::collections::BTreeMap;

use syncline_engine::model::RunId;
use syncline_engine::service::{RunProgress, RunSummary, StatusClass, status_explanation};

use super::super::action::Action;
use super::super::format::{Format, count};
use super::super::widgets::grid::{Cell, Column, GridModel, RowKey, SortBy, SortKey};

/// The columns of a run.
pub struct RunGrid<'a> {
    /// Zone and present moment.
    pub format: &'a Format,
    /// Progress of runs going on.
    pub progress: &'a BTreeMap<RunId, RunProgress>,
    /// A filter hides some runs.
    pub filtered: bool,
}

const COLUMNS: [Column; 13] = [
    Column::text("Name", 250.0),
    Column::text("Profile Name", 160.0),
    Column::text("Status", 220.0),
    Column::short("Start Time", 154.0),
    Column::short("End Time", 154.0),
    Column::number("Run Number", 90.0).optional(),
    Column::text("User Name", 140.0).optional(),
    Column::number("Duration", 100.0).optional(),
    Column::number("Steps", 70.0).optional(),
    Column::number("Adds", 80.0).optional(),
    Column::number("Updates", 80.0).optional(),
    Column::number("Deletes", 80.0).optional(),
    Column::number("Errors", 80.0).optional(),
];

/// The key of a run's row.
#[must_use]
pub fn key(id: RunId) -> RowKey {
    id.0 as RowKey
}

/// What a bar says about a run going on.
#[must_use]
pub fn progress_text(progress: &RunProgress) -> (Option<f32>, String) {
    let phase = &progress.phase;
    match progress.total.filter(|total| *total > 0) {
        Some(total) => {
            let share = progress.done as f32 / total as f32;
            (Some(share), format!("{phase}  {} / {}", count(progress.done), count(total)))
        }
        None => (None, format!("{phase}  {} objects", count(progress.done))),
    }
}

impl GridModel for RunGrid<'_> {
    type Row = RunSummary;

    fn name(&self) -> &'static str {
        "Connector Operations"
    }

    fn columns(&self) -> &[Column] {
        &COLUMNS
    }

    fn key(&self, row: &RunSummary) -> RowKey {
        key(row.id)
    }

    fn row_name(&self, row: &RunSummary) -> String {
        format!("Run {}: {}, {}, {}", row.id, row.connector, row.profile, row.status)
    }

    fn text(&self, row: &RunSummary, column: usize) -> String {
        match column {
            0 => row.connector.clone(),
            1 => row.profile.clone(),
            2 => match self.progress.get(&row.id).filter(|_| row.class == StatusClass::Running) {
                Some(progress) => progress_text(progress).1,
                None => row.status.clone(),
            },
            3 => self.format.time(row.started),
            4 => self.format.maybe_time(row.ended),
            5 => row.id.to_string(),
            6 => row.user.clone(),
            7 => self.format.duration(row.started, row.ended),
            8 => format!("{}/{}", row.step, row.steps),
            9 => count(row.adds),
            10 => count(row.updates),
            11 => count(row.deletes),
            _ => count(row.errors),
        }
    }

    fn cell(&self, row: &RunSummary, column: usize) -> Cell {
        match column {
            0 => Cell::Strong,
            2 => match self.progress.get(&row.id).filter(|_| row.class == StatusClass::Running) {
                Some(progress) => Cell::Progress(progress_text(progress).0),
                None => Cell::Status(row.class),
            },
            3.. => Cell::Weak,
            _ => Cell::Text,
        }
    }

    fn sort_key(&self, row: &RunSummary, column: usize) -> SortKey {
        let moment = |at: jiff::Timestamp| SortKey::Number(at.as_nanosecond());
        match column {
            2 => SortKey::Text(row.status.clone()),
            3 => moment(row.started),
            4 => row.ended.map_or(SortKey::Nothing, moment),
            5 => SortKey::Number(i128::from(row.id.0)),
            7 => SortKey::Number(row.ended.unwrap_or(self.format.now).as_nanosecond() - row.started.as_nanosecond()),
            8 => SortKey::Number(i128::from(row.step)),
            9 => SortKey::Number(row.adds.into()),
            10 => SortKey::Number(row.updates.into()),
            11 => SortKey::Number(row.deletes.into()),
            12 => SortKey::Number(row.errors.into()),
            _ => SortKey::Text(self.text(row, column).to_lowercase()),
        }
    }

    fn tooltip(&self, row: &RunSummary, column: usize) -> Option<String> {
        match column {
            2 => Some(status_explanation(&row.status)).filter(|text| !text.is_empty()).map(str::to_owned),
            3 => Some(self.format.time_tooltip(row.started)),
            4 => row.ended.map(|ended| self.format.time_tooltip(ended)),
            _ => None,
        }
    }

    fn engine_order(&self) -> &[SortBy] {
        const NEWEST: [SortBy; 2] = [SortBy { column: 3, descending: true }, SortBy { column: 5, descending: true }];
        &NEWEST
    }

    fn pinned(&self, row: &RunSummary) -> bool {
        row.class == StatusClass::Running
    }

    fn actions(&self) -> &[Action] {
        &[Action::Details, Action::RunAgain, Action::Stop, Action::SaveToFile, Action::CopyLink]
    }

    fn empty_text(&self) -> &'static str {
        if self.filtered { "No runs match the filter." } else { "Nothing has run yet. Choose Run... to start a run profile." }
    }
}
