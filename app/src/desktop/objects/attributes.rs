//! Attributes as rows: one per value, changed ones first, with what was and what will be.

use egui::Color32;
use syncline_engine::model::ValueType;
use syncline_engine::service::{AttributeChangeView, LayerView, MvAttributeView, ValueView};
use uuid::Uuid;

use super::super::action::Action;
use super::super::command::{Command, ValueShown};
use super::super::format::{Format, shortened};
use super::super::theme::Palette;
use super::super::widgets::diff;
use super::super::widgets::grid::{Cell, Column, GridModel, RowKey, RowSet, SortKey};

/// One value, before and after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueRow {
    /// Number in the list.
    pub index: usize,
    /// Attribute name.
    pub attribute: String,
    /// Type.
    pub value_type: ValueType,
    /// `none add replace update delete`.
    pub change: String,
    /// Before.
    pub old: String,
    /// After.
    pub new: String,
    /// Object that the value refers to.
    pub target: Option<Uuid>,
    /// Rule behind a staged change.
    pub rule: String,
}

impl ValueRow {
    /// Asks for the window that shows the value in full.
    #[must_use]
    pub fn in_full(&self, object: &str) -> Command {
        Command::ShowValue(Box::new(ValueShown {
            object: object.to_owned(),
            attribute: self.attribute.clone(),
            value_type: self.value_type,
            old: self.old.clone(),
            new: self.new.clone(),
        }))
    }
}

/// The rows of a layer: changed attributes first, then by name.
#[must_use]
pub fn layer_rows(layer: &LayerView, changed_only: bool) -> RowSet<ValueRow> {
    let mut attributes: Vec<&AttributeChangeView> =
        layer.attributes.iter().filter(|attribute| !changed_only || attribute.change != "none").collect();
    attributes.sort_by_key(|attribute| attribute.change == "none");
    let mut rows = Vec::new();
    for attribute in attributes {
        attribute_rows(attribute, &mut rows);
    }
    for (index, row) in rows.iter_mut().enumerate() {
        row.index = index;
    }
    RowSet::new(rows)
}

fn attribute_rows(attribute: &AttributeChangeView, rows: &mut Vec<ValueRow>) {
    let row = |change: &str, old: Option<&ValueView>, new: Option<&ValueView>| ValueRow {
        index: 0,
        attribute: attribute.name.clone(),
        value_type: attribute.value_type,
        change: change.to_owned(),
        old: old.map(|value| value.text.clone()).unwrap_or_default(),
        new: new.map(|value| value.text.clone()).unwrap_or_default(),
        target: new.or(old).and_then(|value| value.cs_target.or(value.mv_target)),
        rule: attribute.rule.clone().unwrap_or_default(),
    };
    if attribute.change == "none" {
        let values = if attribute.new.is_empty() { &attribute.old } else { &attribute.new };
        rows.extend(values.iter().map(|value| row("none", Some(value), Some(value))));
    } else if attribute.old.len() <= 1
        && attribute.new.len() <= 1
        && attribute.old.iter().chain(&attribute.new).all(|value| value.change.is_none())
    {
        rows.push(row(&attribute.change, attribute.old.first(), attribute.new.first()));
    } else if attribute.new.iter().any(|value| value.change.is_some()) {
        let touched: Vec<&str> =
            attribute.new.iter().filter(|value| value.change.is_some()).map(|value| value.text.as_str()).collect();
        for value in &attribute.new {
            match value.change.as_deref() {
                Some("delete") => rows.push(row("delete", Some(value), None)),
                Some(change) => rows.push(row(change, None, Some(value))),
                None => rows.push(row("none", Some(value), Some(value))),
            }
        }
        let known: Vec<&str> = attribute.new.iter().map(|value| value.text.as_str()).collect();
        let rest =
            attribute.old.iter().filter(|value| !touched.contains(&value.text.as_str()) && !known.contains(&value.text.as_str()));
        rows.extend(rest.map(|value| match value.change.as_deref() {
            Some(change) => row(change, Some(value), None),
            None => row("none", Some(value), Some(value)),
        }));
    } else {
        let holds = |values: &[ValueView], wanted: &ValueView| values.iter().any(|value| value.text == wanted.text);
        rows.extend(
            attribute.new.iter().filter(|value| !holds(&attribute.old, value)).map(|value| row("add", None, Some(value))),
        );
        rows.extend(
            attribute.old.iter().filter(|value| !holds(&attribute.new, value)).map(|value| row("delete", Some(value), None)),
        );
        rows.extend(
            attribute.new.iter().filter(|value| holds(&attribute.old, value)).map(|value| row("none", Some(value), Some(value))),
        );
    }
    let left_out =
        attribute.old_count.max(attribute.new_count).saturating_sub(attribute.old.len().max(attribute.new.len()) as u64);
    if left_out > 0 {
        let mut more = row("none", None, None);
        more.new = format!("... and {left_out} more values");
        more.old.clone_from(&more.new);
        more.target = None;
        rows.push(more);
    }
}

/// The list of a layer's attributes.
pub struct LayerGrid {
    /// Colours of the theme shown.
    pub palette: &'static Palette,
    /// With the rule behind each change.
    pub rules: bool,
    /// The layer is empty.
    pub holds_none: bool,
}

const LAYER: [Column; 6] = [
    Column::short("Changes", 92.0),
    Column::text("Attribute Name", 190.0),
    Column::short("Type", 78.0),
    Column::text("Old Value", 240.0),
    Column::text("New Value", 260.0),
    Column::text("Sync Rule", 210.0),
];

/// Column of the value before.
pub const OLD: usize = 3;

impl GridModel for LayerGrid {
    type Row = ValueRow;

    fn name(&self) -> &'static str {
        if self.rules { "Pending attributes" } else { "Attributes" }
    }

    fn columns(&self) -> &[Column] {
        LAYER.get(..if self.rules { 6 } else { 5 }).unwrap_or(&LAYER)
    }

    fn key(&self, row: &ValueRow) -> RowKey {
        row.index as RowKey
    }

    fn row_name(&self, row: &ValueRow) -> String {
        let (old, new) = (beginning(&row.old), beginning(&row.new));
        match row.change.as_str() {
            "none" => format!("{}: {new}", row.attribute),
            change => format!("{}: {old} -> {new} ({change})", row.attribute).replace(":  ->", ": ->").replace("->  (", "-> ("),
        }
    }

    fn text(&self, row: &ValueRow, column: usize) -> String {
        match column {
            0 => row.change.clone(),
            1 => row.attribute.clone(),
            2 => row.value_type.word().to_owned(),
            3 => row.old.clone(),
            4 => row.new.clone(),
            _ => row.rule.clone(),
        }
    }

    fn cell(&self, row: &ValueRow, column: usize) -> Cell {
        let tag = |glyph: &'static str, colour: Color32| Cell::Tagged(glyph, colour);
        match (column, row.change.as_str()) {
            (0, "add") => tag("+", self.palette.good),
            (0, "delete") => tag("-", self.palette.bad),
            (0, "none") => Cell::Weak,
            (0, _) => tag("~", self.palette.warn),
            (1, _) => Cell::Strong,
            (2, _) => Cell::Weak,
            (OLD, "none") if row.target.is_none() => Cell::Weak,
            (3 | 4, _) if row.target.is_some() => Cell::Link,
            (4, "update" | "replace")
                if !row.old.is_empty() && !row.new.is_empty() && !is_long(&row.old) && !is_long(&row.new) =>
            {
                Cell::Diff(diff::words(&row.old, &row.new))
            }
            _ => Cell::Text,
        }
    }

    fn actions(&self) -> &[Action] {
        if self.rules {
            &[Action::AttributeLineage, Action::ShowValue, Action::CopyValue]
        } else {
            &[Action::ShowValue, Action::CopyValue]
        }
    }

    fn empty_text(&self) -> &'static str {
        if self.holds_none {
            "Nothing has been received for this object yet."
        } else {
            "No attribute to show. Clear the filter or Changed only."
        }
    }
}

fn is_long(text: &str) -> bool {
    shortened(text).is_some()
}

fn beginning(text: &str) -> &str {
    shortened(text).unwrap_or(text)
}

/// One value of a metaverse object.
#[derive(Clone, Debug)]
pub struct MvValueRow {
    /// Number in the list.
    pub index: usize,
    /// Text of the value.
    pub value: String,
    /// Object that it refers to.
    pub target: Option<Uuid>,
    /// Its attribute.
    pub attribute: MvAttributeView,
}

impl MvValueRow {
    /// Asks for the window that shows the value in full.
    #[must_use]
    pub fn in_full(&self, object: &str) -> Command {
        Command::ShowValue(Box::new(ValueShown {
            object: object.to_owned(),
            attribute: self.attribute.name.clone(),
            value_type: self.attribute.value_type,
            old: self.value.clone(),
            new: self.value.clone(),
        }))
    }
}

/// One row per value, by attribute name.
#[must_use]
pub fn mv_rows(attributes: &[MvAttributeView]) -> RowSet<MvValueRow> {
    let mut rows = Vec::new();
    for attribute in attributes {
        let bare = MvAttributeView { values: Vec::new(), ..attribute.clone() };
        for value in &attribute.values {
            let target = value.mv_target.or(value.cs_target);
            rows.push(MvValueRow { index: rows.len(), value: value.text.clone(), target, attribute: bare.clone() });
        }
        let left_out = attribute.count.saturating_sub(attribute.values.len() as u64);
        if left_out > 0 {
            rows.push(MvValueRow {
                index: rows.len(),
                value: format!("... and {left_out} more values"),
                target: None,
                attribute: bare,
            });
        }
    }
    RowSet::new(rows)
}

/// The list of a metaverse object's values.
pub struct MvGrid<'a> {
    /// Zone of the times.
    pub format: &'a Format,
}

const MV: [Column; 6] = [
    Column::text("Attribute Name", 180.0),
    Column::short("Type", 78.0),
    Column::text("Value", 240.0),
    Column::text("Contributing Connector", 180.0),
    Column::text("Sync Rule", 220.0),
    Column::short("Last Modified", 154.0),
];

/// Column of the value.
pub const MV_VALUE: usize = 2;
/// Column of the contributing connector.
pub const MV_CONNECTOR: usize = 3;

impl GridModel for MvGrid<'_> {
    type Row = MvValueRow;

    fn name(&self) -> &'static str {
        "Metaverse attributes"
    }

    fn columns(&self) -> &[Column] {
        &MV
    }

    fn key(&self, row: &MvValueRow) -> RowKey {
        row.index as RowKey
    }

    fn row_name(&self, row: &MvValueRow) -> String {
        format!("{}: {}", row.attribute.name, beginning(&row.value))
    }

    fn text(&self, row: &MvValueRow, column: usize) -> String {
        match column {
            0 => row.attribute.name.clone(),
            1 => row.attribute.value_type.word().to_owned(),
            2 => row.value.clone(),
            3 => row.attribute.connector.clone(),
            4 => row.attribute.rule.clone(),
            _ => self.format.maybe_time(row.attribute.time),
        }
    }

    fn cell(&self, row: &MvValueRow, column: usize) -> Cell {
        match column {
            0 => Cell::Strong,
            MV_VALUE if row.target.is_some() => Cell::Link,
            MV_CONNECTOR if row.attribute.cs_guid.is_some() => Cell::Link,
            1 | 5 => Cell::Weak,
            _ => Cell::Text,
        }
    }

    fn sort_key(&self, row: &MvValueRow, column: usize) -> SortKey {
        match column {
            5 => row.attribute.time.map_or(SortKey::Nothing, |at| SortKey::Number(at.as_nanosecond())),
            _ => SortKey::Text(self.text(row, column).to_lowercase()),
        }
    }

    fn actions(&self) -> &[Action] {
        &[
            Action::AttributeLineage,
            Action::ContributingObject,
            Action::ShowRule,
            Action::WhoCouldContribute,
            Action::ShowValue,
            Action::FindWithValue,
            Action::CopyValue,
        ]
    }

    fn empty_text(&self) -> &'static str {
        "No attribute matches the filter."
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str, change: Option<&str>) -> ValueView {
        ValueView { text: text.into(), cs_target: None, mv_target: None, change: change.map(Into::into) }
    }

    fn rows(change: &str, old: &[&str], new: &[(&str, Option<&str>)]) -> Vec<(String, String, String)> {
        let layer = LayerView {
            operation: syncline_engine::model::ObjectOperation::Update,
            new_dn: None,
            attributes: vec![AttributeChangeView {
                name: "mail".into(),
                value_type: ValueType::String,
                change: change.into(),
                old: old.iter().map(|text| value(text, None)).collect(),
                new: new.iter().map(|(text, change)| value(text, *change)).collect(),
                old_count: old.len() as u64,
                new_count: new.len() as u64,
                rule: None,
            }],
        };
        layer_rows(&layer, false).iter().map(|(_, row)| (row.change.clone(), row.old.clone(), row.new.clone())).collect()
    }

    fn row(change: &str, old: &str, new: &str) -> (String, String, String) {
        (change.into(), old.into(), new.into())
    }

    #[test]
    fn one_row_tells_what_happens_to_one_value() {
        assert_eq!(rows("none", &["a"], &[("a", None)]), [row("none", "a", "a")]);
        assert_eq!(rows("update", &["a"], &[("b", None)]), [row("update", "a", "b")]);
        assert_eq!(rows("delete", &["a"], &[]), [row("delete", "a", "")]);
        assert_eq!(
            rows("update", &["a", "b"], &[("b", None), ("c", None)]),
            [row("add", "", "c"), row("delete", "a", ""), row("none", "b", "b")]
        );
        assert_eq!(
            rows("update", &["a", "b"], &[("c", Some("add")), ("a", Some("delete"))]),
            [row("add", "", "c"), row("delete", "a", ""), row("none", "b", "b")]
        );
    }
}
