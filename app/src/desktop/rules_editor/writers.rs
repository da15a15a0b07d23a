//! Who else writes an attribute, in the order in which they are asked.

use syncline_engine::service::RuleWriterView;

use super::super::objects::cs_object::truth;
use super::super::widgets::grid::{Cell, Column, GridModel, NameLook, RowKey, Sign, SortKey};

/// The list; a row is a flow with its rank.
pub struct WriterGrid;

const COLUMNS: [Column; 8] = [
    Column::number("Rank", 56.0),
    Column::text("Sync Rule", 230.0),
    Column::number("Precedence", 88.0),
    Column::text("Connector", 140.0),
    Column::short("Flow Type", 88.0),
    Column::text("Source", 220.0),
    Column::short("Merge Type", 96.0),
    Column::short("Disabled", 76.0),
];

impl GridModel for WriterGrid {
    type Row = (usize, RuleWriterView);

    fn name(&self) -> &'static str {
        "Rules that write the attribute"
    }

    fn columns(&self) -> &[Column] {
        &COLUMNS
    }

    fn key(&self, row: &Self::Row) -> RowKey {
        row.0 as RowKey
    }

    fn row_name(&self, row: &Self::Row) -> String {
        let itself = if row.1.itself { ", this rule" } else { "" };
        format!("Writer {}: {}, precedence {}{itself}", row.0 + 1, row.1.rule, row.1.precedence)
    }

    fn text(&self, row: &Self::Row, column: usize) -> String {
        let writer = &row.1;
        match column {
            0 => (row.0 + 1).to_string(),
            1 if writer.itself => format!("{} (this rule)", if writer.rule.is_empty() { "New rule" } else { &writer.rule }),
            1 => writer.rule.clone(),
            2 => writer.precedence.to_string(),
            3 => writer.connector.clone(),
            4 => writer.kind.clone(),
            5 => writer.source.split_whitespace().collect::<Vec<_>>().join(" "),
            6 => writer.merge.label().to_owned(),
            _ => truth(!writer.enabled).to_owned(),
        }
    }

    fn cell(&self, row: &Self::Row, column: usize) -> Cell {
        match column {
            _ if !row.1.enabled => Cell::Struck,
            1 if row.1.itself => Cell::Signed(Sign::None, NameLook::Bold),
            1 => Cell::Signed(Sign::None, NameLook::Plain),
            5 => Cell::Code,
            _ => Cell::Text,
        }
    }

    fn sort_key(&self, row: &Self::Row, column: usize) -> SortKey {
        match column {
            0 => SortKey::Number(row.0 as i128),
            2 => SortKey::Number(row.1.precedence.into()),
            _ => SortKey::Text(self.text(row, column).to_lowercase()),
        }
    }

    fn empty_text(&self) -> &'static str {
        "Choose a target attribute first."
    }
}
