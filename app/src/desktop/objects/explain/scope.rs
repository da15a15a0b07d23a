//! Rules as a list: each with its clauses below it and what the object has to say to them.

use syncline_engine::service::{RuleScopeView, StatusClass};

use super::super::super::widgets::grid::{Cell, Column, GridModel, RowKey, RowSet, SortKey};

/// A rule, or a clause of its filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScopeRow {
    /// Number in the list.
    pub index: usize,
    /// Name of the rule.
    pub rule: String,
    /// Its precedence.
    pub precedence: i64,
    /// Its link type.
    pub link_type: String,
    /// Text of the clause; absent for the rule itself.
    pub clause: Option<String>,
    /// The rule is in scope, or the clause holds.
    pub holds: bool,
    /// Values found, or the first clause that fails.
    pub found: String,
}

/// The rows of the rules.
#[must_use]
pub fn scope_rows(rules: &[RuleScopeView]) -> RowSet<ScopeRow> {
    let mut rows = Vec::new();
    for rule in rules {
        let row = |clause: Option<String>, holds: bool, found: String| ScopeRow {
            index: 0,
            rule: rule.rule.clone(),
            precedence: rule.precedence,
            link_type: rule.link_type.clone(),
            clause,
            holds,
            found,
        };
        let found = if rule.groups.is_empty() { "No scoping filter".to_owned() } else { rule.failing.clone() };
        rows.push(row(None, rule.in_scope, found));
        for (number, group) in rule.groups.iter().enumerate() {
            let prefix = if rule.groups.len() > 1 { format!("Group {}: ", number + 1) } else { String::new() };
            rows.extend(
                group.iter().map(|clause| row(Some(format!("{prefix}{}", clause.text)), clause.holds, clause.found.clone())),
            );
        }
    }
    for (index, row) in rows.iter_mut().enumerate() {
        row.index = index;
    }
    RowSet::new(rows)
}

/// The list of rules with their clauses.
pub struct ScopeGrid {
    /// Name of the list.
    pub name: &'static str,
}

const COLUMNS: [Column; 5] = [
    Column::text("Sync Rule and Clauses", 330.0),
    Column::short("Result", 108.0),
    Column::text("Value Found", 240.0),
    Column::number("Precedence", 90.0),
    Column::short("Link Type", 90.0),
];

impl GridModel for ScopeGrid {
    type Row = ScopeRow;

    fn name(&self) -> &str {
        self.name
    }

    fn columns(&self) -> &[Column] {
        &COLUMNS
    }

    fn key(&self, row: &ScopeRow) -> RowKey {
        row.index as RowKey
    }

    fn row_name(&self, row: &ScopeRow) -> String {
        match &row.clause {
            None => format!("Rule {}: {}", row.rule, self.text(row, 1)),
            Some(clause) => format!("{clause}: {}, found {}", self.text(row, 1), row.found),
        }
    }

    fn text(&self, row: &ScopeRow, column: usize) -> String {
        match (column, &row.clause) {
            (0, None) => row.rule.clone(),
            (0, Some(clause)) => format!("        {clause}"),
            (1, None) => if row.holds { "In scope" } else { "Out of scope" }.to_owned(),
            (1, Some(_)) => if row.holds { "Match" } else { "No Match" }.to_owned(),
            (2, _) => row.found.clone(),
            (3, None) => row.precedence.to_string(),
            (4, None) => row.link_type.clone(),
            _ => String::new(),
        }
    }

    fn cell(&self, row: &ScopeRow, column: usize) -> Cell {
        match (column, row.clause.is_some(), row.holds) {
            (0, false, _) => Cell::Strong,
            (1, _, true) => Cell::Status(StatusClass::Success),
            (1, false, false) => Cell::Aside,
            (1, true, false) => Cell::Status(StatusClass::Error),
            (2, false, _) => Cell::Weak,
            _ => Cell::Text,
        }
    }

    fn sort_key(&self, row: &ScopeRow, column: usize) -> SortKey {
        match column {
            3 => SortKey::Number(row.precedence.into()),
            _ => SortKey::Text(self.text(row, column).trim().to_lowercase()),
        }
    }

    fn empty_text(&self) -> &'static str {
        "No rule is for objects of this type."
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use syncline_engine::model::RuleId;
    use syncline_engine::service::ClauseView;

    #[test]
    fn clauses_stand_below_their_rule_and_name_their_group() {
        let clause = |text: &str, holds| ClauseView { text: text.into(), holds, found: "absent".into() };
        let rule = |groups| RuleScopeView {
            rule: "A".into(),
            rule_id: RuleId(1),
            precedence: 100,
            link_type: "Join".into(),
            linking: true,
            in_scope: true,
            groups,
            failing: String::new(),
        };
        let texts = |groups| scope_rows(&[rule(groups)]).iter().map(|(_, row)| row.clause.clone()).collect::<Vec<_>>();
        assert_eq!(texts(vec![]), [None]);
        assert_eq!(texts(vec![vec![clause("a EQUAL 1", true)]]), [None, Some("a EQUAL 1".into())]);
        assert_eq!(
            texts(vec![vec![clause("a", true)], vec![clause("b", false)]]),
            [None, Some("Group 1: a".into()), Some("Group 2: b".into())]
        );
    }
}
