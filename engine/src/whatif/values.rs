//! Values and attributes as a result keeps them.

use crate::model::{AttributeChange, Value};
use crate::store::whatif::Sample;

use super::report::{AttributeWord, ChangedAttribute};

/// Most values of one attribute that a result keeps.
const MOST_VALUES: usize = 200;
/// Most characters of a value that a result keeps.
const MOST_CHARACTERS: usize = 1_024;

/// A value as text; a long one is cut.
pub fn shown_value(value: &Value) -> String {
    cut(&value.display(), MOST_CHARACTERS)
}

/// A text of at most that many characters; a longer one ends in `…`.
pub(super) fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// A few values for a sentence: `Sales`, `absent`, `a, b and 7 more`.
pub fn few_values(values: &[Value]) -> String {
    const NAMED: usize = 3;
    if values.is_empty() {
        return "absent".to_owned();
    }
    let named: Vec<String> = values.iter().take(NAMED).map(|value| cut(&value.display(), 80)).collect();
    let left = values.len().saturating_sub(NAMED);
    if left == 0 { named.join(", ") } else { format!("{} and {left} more", named.join(", ")) }
}

/// The name of a reference target: its DN, and what people call it where the DN says nothing.
pub(super) fn target_name(dn: String, display_name: &str) -> String {
    if display_name.is_empty() || !dn.starts_with("CN={") { dn } else { format!("{display_name} ({dn})") }
}

/// The change of an attribute that holds no references.
pub(super) fn plain(name: &str, change: &AttributeChange, before: &[Value], rule: String) -> ChangedAttribute {
    let (word, old, new): (_, &[Value], &[Value]) = match change {
        AttributeChange::Add(values) => (AttributeWord::Add, &[], values),
        AttributeChange::Replace(values) => (AttributeWord::Replace, before, values),
        AttributeChange::Update { adds, deletes } => (AttributeWord::Update, deletes, adds),
        AttributeChange::Delete => (AttributeWord::Delete, before, &[]),
    };
    let texts = |values: &[Value]| values.iter().take(MOST_VALUES).map(shown_value).collect();
    ChangedAttribute {
        name: name.to_owned(),
        change: word,
        old: texts(old),
        new: texts(new),
        old_count: old.len() as u64,
        new_count: new.len() as u64,
        rule,
        old_rule: None,
    }
}

/// The change of an attribute that holds references, by the names of the targets.
pub(super) fn references<T>(
    name: &str,
    is_new: bool,
    multi_valued: bool,
    adds: &Sample<T>,
    deletes: &Sample<T>,
    target: &dyn Fn(&T) -> String,
    rule: String,
) -> ChangedAttribute {
    let change = match (is_new, multi_valued, adds.count, deletes.count) {
        (true, ..) | (false, false, 1.., 0) => AttributeWord::Add,
        (false, false, 0, _) => AttributeWord::Delete,
        (false, false, ..) => AttributeWord::Replace,
        (false, true, ..) => AttributeWord::Update,
    };
    let texts = |sample: &Sample<T>| sample.first.iter().map(target).collect();
    ChangedAttribute {
        name: name.to_owned(),
        change,
        old: texts(deletes),
        new: texts(adds),
        old_count: deletes.count,
        new_count: adds.count,
        rule,
        old_rule: None,
    }
}
