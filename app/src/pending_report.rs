//! What the next export of a connector will send, one line per value: for the command line and for the app.

use std::cmp::Ordering;

use syncline_engine::model::{ConnectorId, ObjectOperation};
use syncline_engine::service::{AttributeChangeView, LayerView, OperationFilter, PendingExportView, ValueView};

use crate::cli::cs::present;
use crate::desktop::backend::{Answer, Backend};

/// Objects read at a time.
const PAGE: u64 = 500;

/// Attribute of the user principal name.
const PRINCIPAL: &str = "userPrincipalName";

/// Titles of the report; `OMODT` and `AMODT` as the original's tools call what happens to object and attribute.
pub const TITLES: [&str; 10] =
    ["DN", "OMODT", "ObjectType", "DisplayName", "UPN", "AttrName", "AMODT", "Rule", "OldValue", "NewValue"];

/// The report, everything about an object in its lines.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct PendingReport {
    /// Lines with the cells of [`TITLES`], in the order deletes, additions, updates, then DN, then attribute.
    pub rows: Vec<Vec<String>>,
    /// Number of objects.
    pub objects: u64,
    /// Attributes that have more values than the engine lists.
    pub cut: Vec<String>,
}

/// All pending exports of a connector.
///
/// # Errors
/// As the engine's.
pub fn read(engine: &dyn Backend, connector: ConnectorId, operations: OperationFilter) -> Answer<Vec<PendingExportView>> {
    let mut rows = Vec::new();
    loop {
        let page = engine.pending_exports(connector, operations, rows.len() as u64, PAGE)?;
        let end = page.rows.is_empty();
        rows.extend(page.rows);
        if end || rows.len() as u64 >= page.total {
            return Ok(rows);
        }
    }
}

/// The report on pending exports.
///
/// # Errors
/// As the engine's.
pub fn report(engine: &dyn Backend, objects: &[PendingExportView]) -> Answer<PendingReport> {
    let mut lines: Vec<(ChangeLine<'_>, String, String)> = Vec::new();
    for row in objects {
        let of_object = object_lines(row);
        if of_object.is_empty() {
            continue;
        }
        let staged = |name| new_value(&row.layer, None, name, |_| true).map(str::to_owned);
        let principal = match staged(PRINCIPAL) {
            Some(principal) => principal,
            // What an export leaves alone is in the connector space.
            None if row.layer.operation != ObjectOperation::Add => {
                let held = engine.cs_object(row.hit.guid)?.import;
                new_value(&row.layer, Some(&held), PRINCIPAL, |_| true).unwrap_or_default().to_owned()
            }
            None => String::new(),
        };
        let name = staged("displayName").unwrap_or_else(|| row.hit.display_name.clone());
        lines.extend(of_object.into_iter().map(|line| (line, principal.clone(), name.clone())));
    }
    // Stable: values of one attribute keep their order.
    lines.sort_by(|(a, ..), (b, ..)| a.order(b));
    let cells = |(line, principal, display_name): (ChangeLine<'_>, String, String)| {
        let change = line.change.map_or("", Change::word);
        let texts = [
            line.dn,
            line.object.word(),
            line.object_type,
            &display_name,
            &principal,
            line.attribute,
            change,
            line.rule,
            line.old,
            line.new,
        ];
        texts.map(str::to_owned).to_vec()
    };
    Ok(PendingReport { rows: lines.into_iter().map(cells).collect(), objects: objects.len() as u64, cut: cut_values(objects) })
}

/// What a line of changes does, in the order of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// It goes.
    Delete,
    /// It comes.
    Add,
    /// It changes.
    Update,
}

impl Change {
    /// As lists show it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Delete => "Delete",
            Self::Add => "Add",
            Self::Update => "Update",
        }
    }
}

/// One line of changes.
#[derive(Debug)]
pub struct ChangeLine<'a> {
    /// What happens to the object.
    pub object: Change,
    /// Its name.
    pub dn: &'a str,
    /// Its type.
    pub object_type: &'a str,
    /// The attribute; empty where the line is about the object as a whole.
    pub attribute: &'a str,
    /// What happens to the value.
    pub change: Option<Change>,
    /// The outbound rule behind it, when known.
    pub rule: &'a str,
    /// The value that goes.
    pub old: &'a str,
    /// The value that comes.
    pub new: &'a str,
}

impl ChangeLine<'_> {
    /// Order of the lines: deletes, additions, updates, then DN, then attribute.
    #[must_use]
    pub fn order(&self, other: &Self) -> Ordering {
        (self.object, self.dn, self.attribute).cmp(&(other.object, other.dn, other.attribute))
    }
}

/// The lines of one object, one per value. A delete-add is a deletion and an addition.
#[must_use]
pub fn object_lines(row: &PendingExportView) -> Vec<ChangeLine<'_>> {
    let blank = |object: Change| ChangeLine {
        object,
        dn: &row.hit.dn,
        object_type: &row.hit.object_type,
        attribute: "",
        change: None,
        rule: "",
        old: "",
        new: "",
    };
    let mut lines = Vec::new();
    let object = match row.layer.operation {
        ObjectOperation::None => return lines,
        ObjectOperation::Delete => return vec![blank(Change::Delete)],
        ObjectOperation::DeleteAdd => {
            lines.push(blank(Change::Delete));
            Change::Add
        }
        ObjectOperation::Add => Change::Add,
        ObjectOperation::Update => Change::Update,
    };
    if let Some(new) = &row.layer.new_dn {
        lines.push(ChangeLine { attribute: "DN", change: Some(Change::Update), old: &row.hit.dn, new, ..blank(object) });
    }
    for attribute in &row.layer.attributes {
        for (change, old, new) in value_changes(attribute) {
            let rule = attribute.rule.as_deref().unwrap_or_default();
            lines.push(ChangeLine { attribute: &attribute.name, change: Some(change), rule, old, new, ..blank(object) });
        }
    }
    if lines.is_empty() {
        lines.push(blank(object));
    }
    lines
}

/// The values of an attribute that come, go or are replaced.
fn value_changes(attribute: &AttributeChangeView) -> Vec<(Change, &str, &str)> {
    let marked = |value: &&ValueView| value.change.is_some();
    let all = || attribute.old.iter().chain(&attribute.new);
    if all().any(|value| value.change.is_some()) {
        return all()
            .filter(marked)
            .map(|value| match value.change.as_deref() {
                Some("delete") => (Change::Delete, value.text.as_str(), ""),
                _ => (Change::Add, "", value.text.as_str()),
            })
            .collect();
    }
    let gone = attribute.old.iter().filter(|value| attribute.change == "delete" || !holds(&attribute.new, value));
    let come = attribute.new.iter().filter(|value| attribute.change == "add" || !holds(&attribute.old, value));
    match (attribute.change.as_str(), attribute.old.as_slice(), attribute.new.as_slice()) {
        ("none", ..) => Vec::new(),
        ("add", ..) => come.map(|value| (Change::Add, "", value.text.as_str())).collect(),
        ("delete", ..) => gone.map(|value| (Change::Delete, value.text.as_str(), "")).collect(),
        (_, [old], [new]) => vec![(Change::Update, old.text.as_str(), new.text.as_str())],
        _ => gone
            .map(|value| (Change::Delete, value.text.as_str(), ""))
            .chain(come.map(|value| (Change::Add, "", value.text.as_str())))
            .collect(),
    }
}

fn holds(values: &[ValueView], wanted: &ValueView) -> bool {
    values.iter().any(|value| value.text == wanted.text)
}

/// The first wanted value that an attribute will have.
#[must_use]
pub fn new_value<'a>(
    pending: &'a LayerView,
    held: Option<&'a LayerView>,
    name: &str,
    wanted: fn(&str) -> bool,
) -> Option<&'a str> {
    let find = |layer: &'a LayerView| layer.attributes.iter().find(|attribute| attribute.name.eq_ignore_ascii_case(name));
    let first = |values: &'a [ValueView]| {
        let kept = values.iter().filter(|value| value.change.as_deref() != Some("delete"));
        kept.map(|value| value.text.as_str()).find(|text| wanted(text))
    };
    let change = find(pending);
    if change.is_some_and(|change| change.change == "delete") {
        return None;
    }
    change.and_then(|change| first(&change.new)).or_else(|| held.and_then(find).and_then(|attribute| first(present(attribute))))
}

/// Warnings for attributes with more values than the engine lists.
#[must_use]
pub fn cut_values(rows: &[PendingExportView]) -> Vec<String> {
    let cut = |attribute: &&AttributeChangeView| {
        attribute.old_count > attribute.old.len() as u64 || attribute.new_count > attribute.new.len() as u64
    };
    rows.iter()
        .flat_map(|row| row.layer.attributes.iter().filter(cut).map(move |attribute| (row, attribute)))
        .map(|(row, attribute)| {
            let listed = attribute.old.len().max(attribute.new.len());
            let all = attribute.old_count.max(attribute.new_count);
            format!("{} of {} has {all} values; the first {listed} are listed", attribute.name, row.hit.dn)
        })
        .collect()
}
