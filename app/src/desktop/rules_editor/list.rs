//! The list of rules.

use syncline_engine::rules::{Direction, SyncRule};
use syncline_engine::service::RuleSet;
use uuid::Uuid;

use super::super::action::Action;
use super::super::objects::cs_object::truth;
use super::super::widgets::grid::{Cell, Column, GridModel, NameLook, RowKey, RowSet, Sign, SortKey};
use super::filter::{Filter, Uses};

/// A rule in the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleRow {
    /// Identifier.
    pub guid: Uuid,
    name: String,
    connector: String,
    precedence: i64,
    connector_object_type: String,
    metaverse_object_type: String,
    link: &'static str,
    password_sync: bool,
    enabled: bool,
    tag: Option<String>,
    /// The first error in it.
    fault: Option<String>,
}

/// The rules that meet the filters, best precedence first.
#[must_use]
pub fn rows(set: &RuleSet, uses: &Uses, direction: Direction, filter: &Filter) -> RowSet<RuleRow> {
    let row = |rule: &SyncRule| RuleRow {
        guid: rule.guid,
        name: rule.name.clone(),
        connector: set.connector_name(rule.connector),
        precedence: rule.precedence,
        connector_object_type: rule.connector_object_type.clone(),
        metaverse_object_type: rule.metaverse_object_type.clone(),
        link: rule.link.label(),
        password_sync: rule.password_sync,
        enabled: rule.enabled,
        tag: rule.tag.clone(),
        fault: set.faults.get(&rule.guid).and_then(|faults| faults.iter().find(|fault| fault.is_error())).map(|fault| {
            let part = if fault.part.is_empty() { String::new() } else { format!("{}: ", fault.part) };
            format!("{part}{}", fault.message)
        }),
    };
    let shown = set.rules.iter().filter(|rule| rule.direction == direction && filter.admits(rule, uses));
    RowSet::new(shown.map(row).collect())
}

/// The list.
pub struct RuleGrid {
    /// The rules are not there yet.
    pub loading: bool,
}

const NAME: usize = 0;
const PRECEDENCE: usize = 2;
const COLUMNS: [Column; 9] = [
    Column::short("Name", 300.0),
    Column::text("Connector", 170.0),
    Column::number("Precedence", 88.0),
    Column::text("Connected System Object Type", 120.0),
    Column::text("Metaverse Object Type", 110.0),
    Column::short("Link Type", 84.0),
    Column::short("Password Sync", 104.0),
    Column::short("Disabled", 76.0),
    Column::text("Tag", 160.0),
];

impl GridModel for RuleGrid {
    type Row = RuleRow;

    fn name(&self) -> &'static str {
        "Synchronization rules"
    }

    fn columns(&self) -> &[Column] {
        &COLUMNS
    }

    fn key(&self, row: &RuleRow) -> RowKey {
        row.guid.as_u128()
    }

    fn row_name(&self, row: &RuleRow) -> String {
        format!("Rule {} {}{}", row.precedence, row.name, if row.enabled { "" } else { ", disabled" })
    }

    fn text(&self, row: &RuleRow, column: usize) -> String {
        match column {
            NAME => row.name.clone(),
            1 => row.connector.clone(),
            PRECEDENCE => row.precedence.to_string(),
            3 => row.connector_object_type.clone(),
            4 => row.metaverse_object_type.clone(),
            5 => row.link.to_owned(),
            6 => truth(row.password_sync).to_owned(),
            7 => truth(!row.enabled).to_owned(),
            _ => row.tag.clone().unwrap_or_default(),
        }
    }

    fn cell(&self, row: &RuleRow, column: usize) -> Cell {
        match column {
            NAME => {
                let sign = match (&row.fault, &row.tag) {
                    (Some(_), _) => Sign::Warning,
                    (None, Some(_)) => Sign::Lock,
                    (None, None) => Sign::None,
                };
                let look = match (row.enabled, &row.tag) {
                    (false, _) => NameLook::Struck,
                    (true, None) => NameLook::Bold,
                    (true, Some(_)) => NameLook::Plain,
                };
                Cell::Signed(sign, look)
            }
            _ if !row.enabled => Cell::Struck,
            1 | PRECEDENCE | 5 => Cell::Text,
            _ => Cell::Weak,
        }
    }

    fn tooltip(&self, row: &RuleRow, column: usize) -> Option<String> {
        row.fault.clone().filter(|_| column == NAME)
    }

    fn sort_key(&self, row: &RuleRow, column: usize) -> SortKey {
        match column {
            PRECEDENCE => SortKey::Number(row.precedence.into()),
            _ => SortKey::Text(self.text(row, column).to_lowercase()),
        }
    }

    fn actions(&self) -> &[Action] {
        &[
            Action::ViewRule,
            Action::EditRule,
            Action::CloneRule,
            Action::DeleteRule,
            Action::EnableRule,
            Action::DisableRule,
            Action::ExportRule,
            Action::RuleHistory,
            Action::MoveRuleUp,
            Action::MoveRuleDown,
        ]
    }

    fn empty_text(&self) -> &'static str {
        if self.loading { "Loading..." } else { "No rule matches the filters. F5 clears them." }
    }
}
