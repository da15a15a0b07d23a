//! What happens to objects, and to their attributes, as lists. Previews and what-ifs show the same rows.

use syncline_engine::service::{AttributeWord, ChangeKind, ChangedAttribute, ErrorWord, ObjectChange};

use super::super::super::theme::Palette;
use super::super::super::widgets::diff;
use super::super::super::widgets::grid::{Cell, Column, GridModel, RowKey, RowSet, SortKey};

/// A value that comes, goes, changes or stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeRow {
    /// Number in the list.
    pub index: usize,
    /// Attribute.
    pub attribute: String,
    /// `none add replace delete source`.
    pub change: &'static str,
    /// Before.
    pub old: String,
    /// After.
    pub new: String,
    /// Rule behind it.
    pub rule: String,
}

/// The rows of changed attributes, then of those in `unchanged` (name, values, rule) that did not change.
#[must_use]
pub fn change_rows<'a>(
    attributes: impl IntoIterator<Item = &'a ChangedAttribute>,
    unchanged: &[(String, Vec<String>, String)],
) -> RowSet<ChangeRow> {
    let mut rows = Vec::new();
    let mut changed = Vec::new();
    for attribute in attributes {
        changed.push(attribute.name.as_str());
        attribute_rows(attribute, &mut rows);
    }
    for (name, values, rule) in unchanged.iter().filter(|(name, _, _)| !changed.contains(&name.as_str())) {
        rows.extend(values.iter().map(|value| ChangeRow {
            index: 0,
            attribute: name.clone(),
            change: "none",
            old: value.clone(),
            new: value.clone(),
            rule: rule.clone(),
        }));
    }
    for (index, row) in rows.iter_mut().enumerate() {
        row.index = index;
    }
    RowSet::new(rows)
}

fn attribute_rows(attribute: &ChangedAttribute, rows: &mut Vec<ChangeRow>) {
    let rule = match &attribute.old_rule {
        Some(old) if attribute.rule.is_empty() => old.clone(),
        Some(old) => format!("{} (before: {old})", attribute.rule),
        None => attribute.rule.clone(),
    };
    let row = |change: &'static str, old: &str, new: &str| ChangeRow {
        index: 0,
        attribute: attribute.name.clone(),
        change,
        old: old.to_owned(),
        new: new.to_owned(),
        rule: rule.clone(),
    };
    let (old, new) = (&attribute.old, &attribute.new);
    match (attribute.change, old.as_slice(), new.as_slice()) {
        (AttributeWord::Source, _, _) => {
            let values = if new.is_empty() { old } else { new };
            rows.extend(values.iter().map(|value| row("source", value, value)));
        }
        (AttributeWord::Replace, [old], [new]) => rows.push(row("replace", old, new)),
        _ => {
            rows.extend(new.iter().map(|value| row("add", "", value)));
            rows.extend(old.iter().map(|value| row("delete", value, "")));
        }
    }
    for (values, all, change) in [(new, attribute.new_count, "add"), (old, attribute.old_count, "delete")] {
        let left = all.saturating_sub(values.len() as u64);
        if left > 0 {
            let text = format!("... and {left} more values");
            rows.push(if change == "add" { row(change, "", &text) } else { row(change, &text, "") });
        }
    }
}

/// The list of an object's changed attributes.
pub struct ChangeGrid {
    /// Name of the list.
    pub name: &'static str,
    /// Colours of the theme shown.
    pub palette: &'static Palette,
    /// Text when nothing changes.
    pub empty: &'static str,
}

const CHANGES: [Column; 5] = [
    Column::short("Changes", 86.0),
    Column::text("Attribute Name", 170.0),
    Column::text("Old Value", 200.0),
    Column::text("New Value", 230.0),
    Column::text("Sync Rule", 210.0),
];

impl GridModel for ChangeGrid {
    type Row = ChangeRow;

    fn name(&self) -> &str {
        self.name
    }

    fn columns(&self) -> &[Column] {
        &CHANGES
    }

    fn key(&self, row: &ChangeRow) -> RowKey {
        row.index as RowKey
    }

    fn row_name(&self, row: &ChangeRow) -> String {
        match row.change {
            "none" => format!("{}: {}", row.attribute, row.new),
            change => format!("{}: {} -> {} ({change})", row.attribute, row.old, row.new)
                .replace(":  ->", ": ->")
                .replace("->  (", "-> ("),
        }
    }

    fn text(&self, row: &ChangeRow, column: usize) -> String {
        match column {
            0 => row.change.to_owned(),
            1 => row.attribute.clone(),
            2 => row.old.clone(),
            3 => row.new.clone(),
            _ => row.rule.clone(),
        }
    }

    fn cell(&self, row: &ChangeRow, column: usize) -> Cell {
        match (column, row.change) {
            (0, "add") => Cell::Tagged("+", self.palette.good),
            (0, "delete") => Cell::Tagged("-", self.palette.bad),
            (0, "none") => Cell::Weak,
            (0, _) => Cell::Tagged("~", self.palette.warn),
            (1, _) => Cell::Strong,
            (2, "none" | "source") => Cell::Weak,
            (3, "replace") => Cell::Diff(diff::words(&row.old, &row.new)),
            _ => Cell::Text,
        }
    }

    fn empty_text(&self) -> &'static str {
        self.empty
    }
}

/// What happens to an object, with the name of its connector.
#[derive(Clone, Debug, PartialEq)]
pub struct ObjectRow {
    /// Number in the list.
    pub index: usize,
    /// Connector, or `Metaverse`.
    pub space: String,
    /// What happens.
    pub change: ObjectChange,
}

/// The name of a kind in a space: metaverse objects are deleted, others are staged for deletion.
#[must_use]
pub fn kind_title(kind: ChangeKind, metaverse: bool) -> &'static str {
    match kind {
        ChangeKind::Delete if metaverse => "Deleted",
        ChangeKind::Delete => "Deletion staged",
        ChangeKind::DeleteAdd => "Made anew",
        ChangeKind::Remove => "Removed",
        ChangeKind::Disconnect => "Disconnected",
        ChangeKind::Add if metaverse => "New",
        ChangeKind::Add => "Provisioned",
        ChangeKind::Restore => "Restored",
        ChangeKind::Join => "Joined",
        ChangeKind::Update => "Updated",
        ChangeKind::Error => "Error changes",
    }
}

/// True for changes that take something away.
#[must_use]
pub fn is_destructive(kind: ChangeKind) -> bool {
    matches!(kind, ChangeKind::Delete | ChangeKind::DeleteAdd | ChangeKind::Remove | ChangeKind::Disconnect)
}

/// Why something happens to an object, with rule and error, in one line.
#[must_use]
pub fn why(change: &ObjectChange) -> String {
    let mut parts = Vec::new();
    if let Some(name) = &change.new_name {
        parts.push(format!("renamed to {name}"));
    }
    if !change.reason.is_empty() {
        parts.push(change.reason.clone());
    }
    if let Some(error) = &change.error {
        let word = match error.change {
            ErrorWord::Appears => "error",
            ErrorWord::Vanishes => "error gone",
            ErrorWord::Changes => "other error",
        };
        parts.push(format!("{word}: {}: {}", error.code, error.message));
    }
    parts.join("; ")
}

/// The rule behind a change: that of the object, else those of its attributes.
#[must_use]
pub fn rules(change: &ObjectChange) -> String {
    if !change.rule.is_empty() {
        return change.rule.clone();
    }
    let mut rules: Vec<&str> =
        change.attributes.iter().map(|attribute| attribute.rule.as_str()).filter(|rule| !rule.is_empty()).collect();
    rules.sort_unstable();
    rules.dedup();
    match rules.as_slice() {
        [] => change.error.as_ref().and_then(|error| error.rule.clone()).unwrap_or_default(),
        [only] => (*only).to_owned(),
        [first, rest @ ..] => format!("{first} and {} more", rest.len()),
    }
}

/// The list of objects to which something happens.
pub struct ObjectChangeGrid {
    /// Name of the list.
    pub name: &'static str,
    /// Colours of the theme shown.
    pub palette: &'static Palette,
    /// Text when there is none.
    pub empty: &'static str,
}

const OBJECTS: [Column; 7] = [
    Column::text("Connector", 180.0),
    Column::text("Object", 280.0),
    Column::short("Change", 128.0),
    Column::number("Attributes", 84.0),
    Column::text("Sync Rule", 200.0),
    Column::text("Why", 150.0),
    Column::short("Object Type", 100.0).optional(),
];

impl GridModel for ObjectChangeGrid {
    type Row = ObjectRow;

    fn name(&self) -> &str {
        self.name
    }

    fn columns(&self) -> &[Column] {
        &OBJECTS
    }

    fn key(&self, row: &ObjectRow) -> RowKey {
        row.index as RowKey
    }

    fn row_name(&self, row: &ObjectRow) -> String {
        format!("{} {}: {}", row.space, row.change.name, self.text(row, 2))
    }

    fn text(&self, row: &ObjectRow, column: usize) -> String {
        let change = &row.change;
        match column {
            0 => row.space.clone(),
            1 => match &change.display_name {
                Some(name) => format!("{name} ({})", change.name),
                None => change.name.clone(),
            },
            2 => kind_title(change.kind, change.space.is_empty()).to_owned(),
            3 if change.attributes.is_empty() => String::new(),
            3 => change.attributes.len().to_string(),
            4 => rules(change),
            5 => why(change),
            _ => change.object_type.clone(),
        }
    }

    fn cell(&self, row: &ObjectRow, column: usize) -> Cell {
        match (column, row.change.kind) {
            (0, _) => Cell::Weak,
            (1, _) => Cell::Strong,
            (2, kind) if is_destructive(kind) => Cell::Tagged("-", self.palette.bad),
            (2, ChangeKind::Add | ChangeKind::Restore | ChangeKind::Join) => Cell::Tagged("+", self.palette.good),
            (2, ChangeKind::Error) => match row.change.error.as_ref().map(|error| error.change) {
                Some(ErrorWord::Vanishes) => Cell::Tagged("+", self.palette.good),
                _ => Cell::Tagged("!", self.palette.bad),
            },
            (2, _) => Cell::Tagged("~", self.palette.warn),
            _ => Cell::Text,
        }
    }

    fn sort_key(&self, row: &ObjectRow, column: usize) -> SortKey {
        match column {
            3 => SortKey::Number(row.change.attributes.len() as i128),
            _ => SortKey::Text(self.text(row, column).to_lowercase()),
        }
    }

    fn empty_text(&self) -> &'static str {
        self.empty
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_value_says_what_happens_to_it() {
        let check = |change, old: &[&str], new: &[&str], old_rule: Option<&str>, expected: &[(&str, &str, &str, &str)]| {
            let attribute = ChangedAttribute {
                name: "mail".into(),
                change,
                old: old.iter().map(|text| (*text).to_owned()).collect(),
                new: new.iter().map(|text| (*text).to_owned()).collect(),
                old_count: old.len() as u64,
                new_count: new.len() as u64 + u64::from(new.len() == 3),
                rule: "B".into(),
                old_rule: old_rule.map(Into::into),
            };
            let rows = change_rows([&attribute], &[]);
            let rows: Vec<_> =
                rows.iter().map(|(_, row)| (row.change, row.old.as_str(), row.new.as_str(), row.rule.as_str())).collect();
            assert_eq!(rows, expected);
        };
        check(AttributeWord::Replace, &["a"], &["b"], Some("A"), &[("replace", "a", "b", "B (before: A)")]);
        check(AttributeWord::Add, &[], &["a"], None, &[("add", "", "a", "B")]);
        check(AttributeWord::Delete, &["a"], &[], None, &[("delete", "a", "", "B")]);
        check(AttributeWord::Update, &["a"], &["b"], None, &[("add", "", "b", "B"), ("delete", "a", "", "B")]);
        check(AttributeWord::Source, &[], &["a"], Some("A"), &[("source", "a", "a", "B (before: A)")]);
        let more = ("add", "", "... and 1 more values", "B");
        check(
            AttributeWord::Update,
            &[],
            &["a", "b", "c"],
            None,
            &[("add", "", "a", "B"), ("add", "", "b", "B"), ("add", "", "c", "B"), more],
        );
    }

    #[test]
    fn attributes_that_stay_come_after_those_that_change() {
        let same =
            [("mail".to_owned(), vec!["x".to_owned()], "A".to_owned()), ("sn".to_owned(), vec!["y".to_owned()], "A".to_owned())];
        let attribute = ChangedAttribute {
            name: "mail".into(),
            change: AttributeWord::Replace,
            old: vec!["x".into()],
            new: vec!["z".into()],
            old_count: 1,
            new_count: 1,
            rule: "A".into(),
            old_rule: None,
        };
        let rows = change_rows([&attribute], &same);
        let rows: Vec<_> = rows.iter().map(|(_, row)| (row.attribute.as_str(), row.change)).collect();
        assert_eq!(rows, [("mail", "replace"), ("sn", "none")]);
    }
}
