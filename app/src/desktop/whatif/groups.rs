//! The changes of a what-if added up by attribute or by rule.

use std::collections::{BTreeMap, BTreeSet};

use syncline_engine::service::{AttributeWord, ObjectChange};

use super::super::format::count;
use super::super::theme::Palette;
use super::super::widgets::grid::{Cell, Column, GridModel, RowKey, RowSet, SortKey};

/// What changes are added up by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum By {
    /// Attribute of a space.
    Attribute,
    /// Rule.
    Rule,
}

/// The sums of one attribute or rule in one space.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// Objects concerned.
    pub objects: u64,
    /// Attributes that get their first value.
    pub added: u64,
    /// Attributes that get other values.
    pub changed: u64,
    /// Attributes that go.
    pub removed: u64,
    /// Of an attribute the rules behind it, of a rule the attributes.
    pub others: BTreeSet<String>,
}

/// All sums by space and name.
#[derive(Clone, Debug, Default)]
pub struct Groups {
    attributes: BTreeMap<(String, String), Sums>,
    rules: BTreeMap<(String, String), Sums>,
}

impl Groups {
    /// Adds a change; `space` is the name of its connector.
    pub fn add(&mut self, space: &str, change: &ObjectChange) {
        let mut of_rules: BTreeSet<&str> = BTreeSet::new();
        if !change.rule.is_empty() {
            of_rules.insert(&change.rule);
        }
        for attribute in &change.attributes {
            let sums = self.attributes.entry((space.to_owned(), attribute.name.clone())).or_default();
            sums.objects += 1;
            sums.count(attribute.change);
            if !attribute.rule.is_empty() {
                sums.others.insert(attribute.rule.clone());
                of_rules.insert(&attribute.rule);
                let sums = self.rules.entry((space.to_owned(), attribute.rule.clone())).or_default();
                sums.count(attribute.change);
                sums.others.insert(attribute.name.clone());
            }
        }
        if let Some(rule) = change.error.as_ref().and_then(|error| error.rule.as_deref()) {
            of_rules.insert(rule);
        }
        for rule in of_rules {
            self.rules.entry((space.to_owned(), rule.to_owned())).or_default().objects += 1;
        }
    }

    /// The rows of one kind, the most objects first.
    #[must_use]
    pub fn rows(&self, by: By) -> RowSet<GroupRow> {
        let map = match by {
            By::Attribute => &self.attributes,
            By::Rule => &self.rules,
        };
        let mut rows: Vec<GroupRow> = map
            .iter()
            .map(|((space, name), sums)| GroupRow { index: 0, space: space.clone(), name: name.clone(), sums: sums.clone() })
            .collect();
        rows.sort_by_key(|row| std::cmp::Reverse(row.sums.objects));
        for (index, row) in rows.iter_mut().enumerate() {
            row.index = index;
        }
        RowSet::new(rows)
    }

    /// Names of all attributes.
    #[must_use]
    pub fn attribute_names(&self) -> BTreeSet<&str> {
        self.attributes.keys().map(|(_, name)| name.as_str()).collect()
    }

    /// Names of all rules.
    #[must_use]
    pub fn rule_names(&self) -> BTreeSet<&str> {
        self.rules.keys().map(|(_, name)| name.as_str()).collect()
    }
}

impl Sums {
    fn count(&mut self, change: AttributeWord) {
        match change {
            AttributeWord::Add => self.added += 1,
            AttributeWord::Replace | AttributeWord::Update => self.changed += 1,
            AttributeWord::Delete => self.removed += 1,
            AttributeWord::Source => {}
        }
    }
}

/// True when a change touches an attribute and a rule, where they are asked for.
#[must_use]
pub fn touches(change: &ObjectChange, attribute: Option<&str>, rule: Option<&str>) -> bool {
    let of_attribute = |name: &str| change.attributes.iter().any(|changed| changed.name == name);
    let of_rule = |name: &str| {
        change.rule == name
            || change.attributes.iter().any(|changed| changed.rule == name)
            || change.error.as_ref().is_some_and(|error| error.rule.as_deref() == Some(name))
    };
    attribute.is_none_or(of_attribute) && rule.is_none_or(of_rule)
}

/// The sums of one attribute or rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupRow {
    /// Number in the list.
    pub index: usize,
    /// Connector, or `Metaverse`.
    pub space: String,
    /// Attribute or rule.
    pub name: String,
    /// Its sums.
    pub sums: Sums,
}

/// The list of sums.
pub struct GroupGrid {
    /// What they are added up by.
    pub by: By,
    /// Colours of the theme shown.
    pub palette: &'static Palette,
}

const ATTRIBUTES: [Column; 7] = [
    Column::text("Attribute", 200.0),
    Column::text("Connector", 200.0),
    Column::number("Objects", 90.0),
    Column::number("Added", 90.0),
    Column::number("Changed", 90.0),
    Column::number("Removed", 90.0),
    Column::text("Sync Rules", 240.0),
];

const RULES: [Column; 7] = [
    Column::text("Sync Rule", 260.0),
    Column::text("Connector", 200.0),
    Column::number("Objects", 90.0),
    Column::number("Added", 90.0),
    Column::number("Changed", 90.0),
    Column::number("Removed", 90.0),
    Column::text("Attributes", 240.0),
];

impl GridModel for GroupGrid {
    type Row = GroupRow;

    fn name(&self) -> &'static str {
        match self.by {
            By::Attribute => "What-if by attribute",
            By::Rule => "What-if by rule",
        }
    }

    fn columns(&self) -> &[Column] {
        match self.by {
            By::Attribute => &ATTRIBUTES,
            By::Rule => &RULES,
        }
    }

    fn key(&self, row: &GroupRow) -> RowKey {
        row.index as RowKey
    }

    fn row_name(&self, row: &GroupRow) -> String {
        format!("{} in {}: {}", row.name, row.space, super::super::format::plural(row.sums.objects, "object"))
    }

    fn text(&self, row: &GroupRow, column: usize) -> String {
        let number = |number: u64| if number == 0 { String::new() } else { count(number) };
        match column {
            0 => row.name.clone(),
            1 => row.space.clone(),
            2 => count(row.sums.objects),
            3 => number(row.sums.added),
            4 => number(row.sums.changed),
            5 => number(row.sums.removed),
            _ => row.sums.others.iter().map(String::as_str).collect::<Vec<_>>().join(", "),
        }
    }

    fn cell(&self, row: &GroupRow, column: usize) -> Cell {
        match column {
            0 => Cell::Strong,
            5 if row.sums.removed > 0 => Cell::Tagged("-", self.palette.bad),
            6 => Cell::Weak,
            _ => Cell::Text,
        }
    }

    fn sort_key(&self, row: &GroupRow, column: usize) -> SortKey {
        let number = |number: u64| SortKey::Number(number.into());
        match column {
            2 => number(row.sums.objects),
            3 => number(row.sums.added),
            4 => number(row.sums.changed),
            5 => number(row.sums.removed),
            _ => SortKey::Text(self.text(row, column).to_lowercase()),
        }
    }

    fn empty_text(&self) -> &'static str {
        "Nothing changes."
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use syncline_engine::service::{ChangeKind, ChangedAttribute};

    fn change(rule: &str, attributes: &[(&str, AttributeWord, &str)]) -> ObjectChange {
        ObjectChange {
            space: String::new(),
            identity: String::new(),
            kind: ChangeKind::Update,
            guid: uuid::Uuid::nil(),
            name: "Ada".into(),
            display_name: None,
            new_name: None,
            object_type: "person".into(),
            link: None,
            rule: rule.into(),
            reason: String::new(),
            attributes: attributes
                .iter()
                .map(|(name, change, rule)| ChangedAttribute {
                    name: (*name).into(),
                    change: *change,
                    old: vec![],
                    new: vec![],
                    old_count: 0,
                    new_count: 0,
                    rule: (*rule).into(),
                    old_rule: None,
                })
                .collect(),
            error: None,
        }
    }

    #[test]
    fn an_object_counts_once_for_each_rule_and_attribute() {
        let mut groups = Groups::default();
        groups.add(
            "Metaverse",
            &change("Join", &[("mail", AttributeWord::Add, "Common"), ("sn", AttributeWord::Delete, "Common")]),
        );
        groups.add("Metaverse", &change("", &[("mail", AttributeWord::Replace, "Common")]));
        let sums = |by| {
            let rows = groups.rows(by);
            rows.iter()
                .map(|(_, row)| (row.name.clone(), row.sums.objects, row.sums.added, row.sums.changed, row.sums.removed))
                .collect::<Vec<_>>()
        };
        assert_eq!(sums(By::Attribute), [("mail".into(), 2, 1, 1, 0), ("sn".into(), 1, 0, 0, 1)]);
        assert_eq!(sums(By::Rule), [("Common".into(), 2, 1, 1, 1), ("Join".into(), 1, 0, 0, 0)]);
    }

    #[test]
    fn filters_ask_for_attribute_and_rule() {
        let change = change("Join", &[("mail", AttributeWord::Add, "Common")]);
        for (attribute, rule, expected) in [
            (None, None, true),
            (Some("mail"), None, true),
            (Some("sn"), None, false),
            (None, Some("Join"), true),
            (Some("mail"), Some("Common"), true),
            (Some("mail"), Some("Other"), false),
        ] {
            assert_eq!(touches(&change, attribute, rule), expected, "{attribute:?} {rule:?}");
        }
    }
}
