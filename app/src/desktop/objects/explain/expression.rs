//! An expression part by part, each with what it gave.

use syncline_engine::service::ExpressionPart;

use super::super::super::widgets::grid::{Cell, Column, GridModel, RowKey, RowSet};

/// Results of one part that are shown.
const MOST_RESULTS: usize = 5;

/// A part of an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartRow {
    /// Number in the list.
    pub index: usize,
    /// How deep it stands.
    pub depth: usize,
    /// Its text.
    pub text: String,
    /// What it gave.
    pub result: String,
}

/// The parts of an expression, each above those it is made of.
#[must_use]
pub fn part_rows(expression: &ExpressionPart) -> RowSet<PartRow> {
    let mut rows = Vec::new();
    collect(&mut rows, expression, 0);
    RowSet::new(rows)
}

fn collect(rows: &mut Vec<PartRow>, part: &ExpressionPart, depth: usize) {
    let constant = depth > 0 && part.parts.is_empty() && part.results.first() == Some(&part.text);
    if constant {
        return;
    }
    let mut results: Vec<&str> = part.results.iter().take(MOST_RESULTS).map(String::as_str).collect();
    if part.results.len() > MOST_RESULTS {
        results.push("...");
    }
    let result = if results.is_empty() { "not evaluated".to_owned() } else { results.join("; ") };
    rows.push(PartRow { index: rows.len(), depth, text: part.text.clone(), result });
    for inner in &part.parts {
        collect(rows, inner, depth + 1);
    }
}

/// The list of an expression's parts.
pub struct PartGrid;

const COLUMNS: [Column; 2] = [Column::text("Part of the Expression", 460.0), Column::text("Gives", 300.0)];

impl GridModel for PartGrid {
    type Row = PartRow;

    fn name(&self) -> &'static str {
        "Expression"
    }

    fn columns(&self) -> &[Column] {
        &COLUMNS
    }

    fn key(&self, row: &PartRow) -> RowKey {
        row.index as RowKey
    }

    fn row_name(&self, row: &PartRow) -> String {
        format!("{} = {}", row.text, row.result)
    }

    fn text(&self, row: &PartRow, column: usize) -> String {
        if column == 0 { format!("{}{}", "    ".repeat(row.depth), row.text) } else { row.result.clone() }
    }

    fn cell(&self, _row: &PartRow, column: usize) -> Cell {
        if column == 0 { Cell::Code } else { Cell::Strong }
    }

    fn empty_text(&self) -> &'static str {
        "Nothing to explain."
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_come_in_reading_order_and_constants_are_left_out() {
        let part = |text: &str, result: &str, parts| ExpressionPart {
            text: text.into(),
            results: if result.is_empty() { vec![] } else { vec![result.into()] },
            parts,
        };
        let whole = part(
            "Trim([a] & \" \")",
            "\"x\"",
            vec![part("[a]", "\"x\"", vec![]), part("\" \"", "\" \"", vec![]), part("[b]", "", vec![])],
        );
        let rows: Vec<_> = part_rows(&whole).iter().map(|(_, row)| (row.depth, row.text.clone(), row.result.clone())).collect();
        let row = |depth, text: &str, result: &str| (depth, text.to_owned(), result.to_owned());
        assert_eq!(rows, [row(0, "Trim([a] & \" \")", "\"x\""), row(1, "[a]", "\"x\""), row(1, "[b]", "not evaluated")]);
    }
}
