//! Join groups as a list: each condition with the value searched, and what the group found.

use syncline_engine::service::{IdentityName, JoinGroupView, JoinStatus, StatusClass};
use uuid::Uuid;

use super::super::super::widgets::grid::{Cell, Column, GridModel, RowKey, RowSet};

/// A condition of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinRow {
    /// Number in the list.
    pub index: usize,
    /// Rule of the group.
    pub rule: String,
    /// First condition of its group: what the group came to is told there.
    pub first: bool,
    /// The condition as written.
    pub condition: String,
    /// Values searched.
    pub searched: String,
    /// What the group came to.
    pub status: JoinStatus,
    /// The metaverse objects found, in words.
    pub candidates: String,
    /// The only one found.
    pub target: Option<Uuid>,
}

/// The rows of join groups.
#[must_use]
pub fn join_rows(groups: &[JoinGroupView]) -> RowSet<JoinRow> {
    let mut rows = Vec::new();
    for group in groups {
        for (place, condition) in group.conditions.iter().enumerate() {
            rows.push(JoinRow {
                index: rows.len(),
                rule: group.rule.clone(),
                first: place == 0,
                condition: condition.text.clone(),
                searched: condition.searched.clone(),
                status: group.status,
                candidates: names(&group.candidates, group.found),
                target: group.candidates.first().filter(|_| group.found == 1).map(|found| found.guid),
            });
        }
    }
    RowSet::new(rows)
}

fn names(candidates: &[IdentityName], found: u64) -> String {
    let name = |candidate: &IdentityName| {
        if candidate.display_name.is_empty() { candidate.guid.to_string() } else { candidate.display_name.clone() }
    };
    let mut names: Vec<String> = candidates.iter().map(name).collect();
    let left = found.saturating_sub(names.len() as u64);
    if left > 0 {
        names.push(format!("and {left} more"));
    }
    names.join(", ")
}

/// The list of join groups.
pub struct JoinGrid;

const COLUMNS: [Column; 5] = [
    Column::text("Sync Rule", 220.0),
    Column::text("Join Condition", 220.0),
    Column::text("Searched Value", 180.0),
    Column::short("Result", 130.0),
    Column::text("Candidates", 180.0),
];

/// Column of the candidates.
pub const CANDIDATES: usize = 4;

impl GridModel for JoinGrid {
    type Row = JoinRow;

    fn name(&self) -> &'static str {
        "Join criteria"
    }

    fn columns(&self) -> &[Column] {
        &COLUMNS
    }

    fn key(&self, row: &JoinRow) -> RowKey {
        row.index as RowKey
    }

    fn row_name(&self, row: &JoinRow) -> String {
        format!("Join {}: {}, {}", row.rule, row.condition, row.status.label())
    }

    fn text(&self, row: &JoinRow, column: usize) -> String {
        match column {
            0 if row.first => row.rule.clone(),
            1 if !row.first => format!("and {}", row.condition),
            1 => row.condition.clone(),
            2 => row.searched.clone(),
            3 if row.first => row.status.label().to_owned(),
            CANDIDATES if row.first => row.candidates.clone(),
            _ => String::new(),
        }
    }

    fn cell(&self, row: &JoinRow, column: usize) -> Cell {
        match (column, row.status) {
            (0, _) => Cell::Strong,
            (3, _) if !row.first => Cell::Text,
            (3, JoinStatus::Matched) => Cell::Status(StatusClass::Success),
            (3, JoinStatus::MultipleMatches) => Cell::Status(StatusClass::Warning),
            (3, JoinStatus::NoMatches | JoinStatus::NotEvaluated) => Cell::Aside,
            (CANDIDATES, _) if row.first && row.target.is_some() => Cell::Link,
            _ => Cell::Text,
        }
    }

    fn empty_text(&self) -> &'static str {
        "No rule in scope has join criteria, or the object is joined already."
    }
}
