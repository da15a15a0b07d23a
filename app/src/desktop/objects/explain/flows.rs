//! Attribute flows as a list: the winner of an attribute first, what lost indented below it.

use std::collections::{BTreeMap, BTreeSet};

use syncline_engine::service::{FlowStatus, FlowView, StatusClass};

use super::super::super::widgets::grid::{Cell, Column, GridModel, RowKey, RowSet, SortKey};

/// A flow and what became of it.
#[derive(Clone, Debug)]
pub struct FlowRow {
    /// Number in the list.
    pub index: usize,
    /// Another flow decides the attribute.
    pub loser: bool,
    /// The flow.
    pub flow: FlowView,
    /// Values of the attribute before.
    pub initial: String,
}

/// True for flows that give the value, or say that there is none.
#[must_use]
pub fn decides(flow: &FlowView) -> bool {
    matches!(flow.status, FlowStatus::Applied | FlowStatus::AppliedUnchanged | FlowStatus::AuthoritativeNull)
}

/// The rows of flows that come by attribute, then precedence. With `only`, just those of these attributes and those
/// that fail. `initial` has the values before, by attribute.
#[must_use]
pub fn flow_rows<'a>(
    flows: impl IntoIterator<Item = &'a FlowView>,
    only: Option<&BTreeSet<&str>>,
    initial: &BTreeMap<String, String>,
) -> RowSet<FlowRow> {
    let mut by_attribute: Vec<(&str, Vec<&FlowView>)> = Vec::new();
    for flow in flows {
        if only.is_some_and(|only| !only.contains(flow.attribute.as_str()) && flow.error.is_none()) {
            continue;
        }
        match by_attribute.last_mut() {
            Some((attribute, known)) if *attribute == flow.attribute => known.push(flow),
            _ => by_attribute.push((&flow.attribute, vec![flow])),
        }
    }
    let mut rows = Vec::new();
    for (attribute, mut flows) in by_attribute {
        flows.sort_by_key(|flow| !decides(flow));
        let decided = flows.iter().any(|flow| decides(flow));
        for flow in flows {
            rows.push(FlowRow {
                index: rows.len(),
                loser: decided && !decides(flow),
                flow: flow.clone(),
                initial: initial.get(attribute).cloned().unwrap_or_default(),
            });
        }
    }
    RowSet::new(rows)
}

/// The values that a flow gives, in short.
#[must_use]
pub fn gives(flow: &FlowView) -> String {
    let mut values: Vec<&str> = flow.values.iter().take(5).map(String::as_str).collect();
    let more = flow.count.saturating_sub(values.len() as u64);
    let more = if more > 0 { format!("... and {more} more") } else { String::new() };
    if !more.is_empty() {
        values.push(&more);
    }
    if values.is_empty() { "no value".to_owned() } else { values.join("; ") }
}

/// Which flows a list shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlowKind {
    /// Into the metaverse.
    Import,
    /// Out to a connector.
    Export,
    /// All that could give one metaverse attribute.
    Why,
    /// Those of one rule that is tried, saved or not.
    Trial,
}

#[derive(Clone, Copy)]
enum Field {
    Rule,
    Source,
    Target,
    Status,
    Precedence,
    MergeType,
    Initial,
    Final,
    Gives,
    Connector,
    Object,
    Why,
}

const IMPORT: [(Column, Field); 10] = [
    (Column::text("Sync Rule", 230.0), Field::Rule),
    (Column::text("Data Source", 190.0), Field::Source),
    (Column::text("Metaverse Attribute", 150.0), Field::Target),
    (Column::short("Status", 184.0), Field::Status),
    (Column::number("Precedence", 86.0), Field::Precedence),
    (Column::text("Initial Value", 140.0), Field::Initial),
    (Column::text("Final Value", 150.0), Field::Final),
    (Column::short("Merge Type", 90.0).optional(), Field::MergeType),
    (Column::text("Object", 200.0).optional(), Field::Object),
    (Column::text("Why", 260.0).optional(), Field::Why),
];

const EXPORT: [(Column, Field); 8] = [
    (Column::text("Sync Rule", 230.0), Field::Rule),
    (Column::text("Metaverse Attribute", 190.0), Field::Source),
    (Column::text("Connector Attribute", 150.0), Field::Target),
    (Column::short("Status", 184.0), Field::Status),
    (Column::number("Precedence", 86.0), Field::Precedence),
    (Column::text("Final Value", 220.0), Field::Final),
    (Column::short("Merge Type", 90.0).optional(), Field::MergeType),
    (Column::text("Why", 260.0).optional(), Field::Why),
];

const WHY: [(Column, Field); 8] = [
    (Column::text("Sync Rule", 230.0), Field::Rule),
    (Column::short("Status", 184.0), Field::Status),
    (Column::text("Gives", 180.0), Field::Gives),
    (Column::number("Precedence", 86.0), Field::Precedence),
    (Column::text("Connector", 150.0), Field::Connector),
    (Column::text("Object", 180.0), Field::Object),
    (Column::text("Data Source", 170.0).optional(), Field::Source),
    (Column::short("Merge Type", 90.0).optional(), Field::MergeType),
];

const TRIAL: [(Column, Field); 5] = [
    (Column::text("Target Attribute", 190.0), Field::Target),
    (Column::text("Source", 230.0), Field::Source),
    (Column::short("Status", 184.0), Field::Status),
    (Column::text("Gives", 240.0), Field::Gives),
    (Column::text("Why", 200.0), Field::Why),
];

/// The list of flows.
pub struct FlowGrid {
    kind: FlowKind,
    fields: &'static [(Column, Field)],
    columns: Vec<Column>,
}

impl FlowGrid {
    /// A list of one kind of flows.
    #[must_use]
    pub fn new(kind: FlowKind) -> Self {
        let fields: &'static [(Column, Field)] = match kind {
            FlowKind::Import => &IMPORT,
            FlowKind::Export => &EXPORT,
            FlowKind::Why => &WHY,
            FlowKind::Trial => &TRIAL,
        };
        Self { kind, fields, columns: fields.iter().map(|(column, _)| *column).collect() }
    }

    fn field(&self, column: usize) -> Field {
        self.fields.get(column).map_or(Field::Why, |(_, field)| *field)
    }

    /// True for the column that names the contributing object.
    #[must_use]
    pub fn names_object(&self, column: usize) -> bool {
        matches!(self.field(column), Field::Object)
    }
}

impl GridModel for FlowGrid {
    type Row = FlowRow;

    fn name(&self) -> &'static str {
        match self.kind {
            FlowKind::Import => "Import Attribute Flow",
            FlowKind::Export => "Export Attribute Flow",
            FlowKind::Why => "Contributions",
            FlowKind::Trial => "What the rule gives",
        }
    }

    fn columns(&self) -> &[Column] {
        &self.columns
    }

    fn key(&self, row: &FlowRow) -> RowKey {
        row.index as RowKey
    }

    fn row_name(&self, row: &FlowRow) -> String {
        format!("{} -> {}: {}", row.flow.rule, row.flow.attribute, row.flow.status.label())
    }

    fn text(&self, row: &FlowRow, column: usize) -> String {
        let flow = &row.flow;
        match self.field(column) {
            Field::Rule if row.loser => format!("        {}", flow.rule),
            Field::Rule => flow.rule.clone(),
            Field::Source => flow.source.clone(),
            Field::Target => flow.attribute.clone(),
            Field::Status => flow.status.label().to_owned(),
            Field::Precedence => flow.precedence.to_string(),
            Field::MergeType => flow.merge_type.clone(),
            Field::Initial => row.initial.clone(),
            Field::Final => {
                if decides(flow) {
                    gives(flow)
                } else {
                    String::new()
                }
            }
            Field::Gives => gives(flow),
            Field::Connector => flow.connector.clone(),
            Field::Object => flow.dn.clone(),
            Field::Why => flow.reason.clone(),
        }
    }

    fn cell(&self, row: &FlowRow, column: usize) -> Cell {
        match self.field(column) {
            Field::Rule | Field::Target if !row.loser => Cell::Strong,
            Field::Status => match row.flow.status {
                FlowStatus::Applied | FlowStatus::AppliedUnchanged => Cell::Status(StatusClass::Success),
                FlowStatus::AuthoritativeNull => Cell::Status(StatusClass::Warning),
                FlowStatus::Error => Cell::Status(StatusClass::Error),
                FlowStatus::NotPrecedent
                | FlowStatus::OutOfScope
                | FlowStatus::NoValue
                | FlowStatus::Ignored
                | FlowStatus::ApplyOnce
                | FlowStatus::Disabled => Cell::Aside,
            },
            Field::Object if self.kind == FlowKind::Why && !row.flow.dn.is_empty() => Cell::Link,
            _ if row.loser => Cell::Weak,
            _ => Cell::Text,
        }
    }

    fn sort_key(&self, row: &FlowRow, column: usize) -> SortKey {
        match self.field(column) {
            Field::Precedence => SortKey::Number(row.flow.precedence.into()),
            _ => SortKey::Text(self.text(row, column).trim().to_lowercase()),
        }
    }

    fn tooltip(&self, row: &FlowRow, column: usize) -> Option<String> {
        matches!(self.field(column), Field::Status).then(|| row.flow.reason.clone()).filter(|reason| !reason.is_empty())
    }

    fn empty_text(&self) -> &'static str {
        match self.kind {
            FlowKind::Import | FlowKind::Export => "No flow to show. Clear the filter or Changed only.",
            FlowKind::Why => "No rule for the joined objects flows to this attribute.",
            FlowKind::Trial => "The rule flows no attribute.",
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use syncline_engine::model::RuleId;

    pub fn flow(attribute: &str, rule: &str, precedence: i64, status: FlowStatus) -> FlowView {
        FlowView {
            attribute: attribute.into(),
            rule: rule.into(),
            rule_id: RuleId(1),
            precedence,
            connector: "contoso.com".into(),
            dn: "CN=Ada".into(),
            flow_type: "Direct".into(),
            source: attribute.into(),
            merge_type: "Update".into(),
            status,
            values: vec!["x".into()],
            count: 1,
            reason: String::new(),
            error: None,
            expression: None,
        }
    }

    #[test]
    fn what_lost_stands_below_the_winner() {
        let flows = [
            flow("title", "A", 10, FlowStatus::NoValue),
            flow("title", "B", 20, FlowStatus::Applied),
            flow("title", "C", 30, FlowStatus::NotPrecedent),
            flow("unit", "D", 10, FlowStatus::NoValue),
        ];
        let shown = |only: Option<&BTreeSet<&str>>| {
            let rows = flow_rows(&flows, only, &BTreeMap::from([("title".to_owned(), "old".to_owned())]));
            rows.iter().map(|(_, row)| (row.flow.rule.clone(), row.loser, row.initial.clone())).collect::<Vec<_>>()
        };
        let row = |rule: &str, loser, initial: &str| (rule.to_owned(), loser, initial.to_owned());
        assert_eq!(shown(None), [row("B", false, "old"), row("A", true, "old"), row("C", true, "old"), row("D", false, "")]);
        assert_eq!(shown(Some(&BTreeSet::from(["unit"]))), [row("D", false, "")]);
    }
}
