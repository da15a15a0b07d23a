//! Confirmation of exports: which exported and staged changes an imported object shows
//! (`engine.md` 3.5). Pure.

use std::collections::BTreeSet;

use crate::model::{AttributeChange, AttributeId, Delta, Image, ObjectOperation, Value, Values};

/// What an import says of an object, as far as confirmation needs it.
pub(super) struct Evidence<'a> {
    /// Name.
    pub dn_key: &'a str,
    /// Attributes as imported, references left out.
    pub image: &'a Image,
    /// The attributes told; `None` means all.
    pub mentioned: Option<&'a BTreeSet<AttributeId>>,
    /// The attributes that imports of this connector bring; `None` means all.
    pub selected: Option<&'a BTreeSet<AttributeId>>,
}

impl Evidence<'_> {
    /// True when the import tells how the attribute stands.
    pub(super) fn tells(&self, attribute: AttributeId) -> bool {
        self.mentioned.is_none_or(|mentioned| mentioned.contains(&attribute))
    }

    /// True when imports can never tell: what was exported is then believed.
    pub(super) fn blind(&self, attribute: AttributeId) -> bool {
        self.selected.is_some_and(|selected| !selected.contains(&attribute))
    }
}

/// The layers above an import, confirmed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Confirmed {
    /// Still waiting to be seen.
    pub unconfirmed: Delta,
    /// To be sent, or sent again.
    pub unapplied: Delta,
    /// Attributes that came back different and are sent again.
    pub mismatches: Vec<Mismatch>,
    /// Something exported was seen.
    pub any_seen: bool,
}

/// An exported change that the directory does not show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mismatch {
    /// The attribute; [`crate::model::DN_ATTRIBUTE`] for the name.
    pub attribute: AttributeId,
    /// What was exported.
    pub exported: String,
    /// What came back.
    pub imported: String,
}

/// Compares the unconfirmed and the staged export with an imported object.
pub(super) fn confirm(unconfirmed: &Delta, unapplied: &Delta, evidence: &Evidence<'_>) -> Confirmed {
    let mut waiting = Delta { operation: ObjectOperation::Update, ..Delta::none() };
    let mut rest = waiting.clone();
    let mut result = Confirmed::default();
    let mut candidates = Vec::new();
    if matches!(unconfirmed.operation, ObjectOperation::Add | ObjectOperation::Update | ObjectOperation::DeleteAdd) {
        for (attribute, change) in &unconfirmed.changes {
            if evidence.blind(*attribute) {
                result.any_seen = true;
            } else if !evidence.tells(*attribute) {
                waiting.changes.insert(*attribute, change.clone());
            } else if let Some(missing) = missing(change, evidence.image.get(*attribute)) {
                candidates.push(Mismatch {
                    attribute: *attribute,
                    exported: describe_change(change),
                    imported: describe_values(evidence.image.get(*attribute)),
                });
                rest.changes.insert(*attribute, missing);
            } else {
                result.any_seen = true;
            }
        }
        if let Some(dn) = &unconfirmed.dn
            && unconfirmed.operation == ObjectOperation::Update
        {
            if same_name(dn, evidence.dn_key) {
                result.any_seen = true;
            } else {
                candidates.push(Mismatch {
                    attribute: crate::model::DN_ATTRIBUTE,
                    exported: dn.clone(),
                    imported: evidence.dn_key.to_owned(),
                });
                rest.dn = Some(dn.clone());
            }
        }
    } else {
        waiting = unconfirmed.clone();
    }
    result.unconfirmed = tidy(waiting);
    result.unapplied = staged(unapplied, tidy(rest), &result.unconfirmed, evidence);
    result.mismatches = candidates
        .into_iter()
        .filter(|mismatch| match mismatch.attribute {
            crate::model::DN_ATTRIBUTE => result.unapplied.dn.is_some(),
            attribute => result.unapplied.changes.contains_key(&attribute),
        })
        .collect();
    result
}

/// The staged export after what was not seen went back to it and what is already true left it.
fn staged(unapplied: &Delta, rest: Delta, waiting: &Delta, evidence: &Evidence<'_>) -> Delta {
    let mut staged = match unapplied.operation {
        ObjectOperation::Delete | ObjectOperation::DeleteAdd => return unapplied.clone(),
        ObjectOperation::None => rest,
        ObjectOperation::Add | ObjectOperation::Update => {
            let mut base = evidence.image.clone();
            waiting.apply_to(&mut base);
            // The object is there: what was staged to create it only changes it.
            let update = Delta { operation: ObjectOperation::Update, ..unapplied.clone() };
            rest.then(&update, &base)
        }
    };
    staged.changes = staged
        .changes
        .into_iter()
        .filter_map(|(attribute, change)| {
            let waits = waiting.changes.contains_key(&attribute);
            if waits || evidence.blind(attribute) || !evidence.tells(attribute) {
                return Some((attribute, change));
            }
            missing(&change, evidence.image.get(attribute)).map(|missing| (attribute, missing))
        })
        .collect();
    if staged.dn.as_ref().is_some_and(|dn| same_name(dn, evidence.dn_key)) {
        staged.dn = None;
    }
    staged
}

fn tidy(delta: Delta) -> Delta {
    if delta.operation == ObjectOperation::Update && delta.changes.is_empty() && delta.dn.is_none() {
        Delta::none()
    } else {
        delta
    }
}

fn same_name(dn: &str, key: &str) -> bool {
    crate::model::Dn::parse(dn).is_ok_and(|dn| dn.key() == key)
}

/// The part of a change that the values do not show; `None` when they show all of it.
pub(super) fn missing(change: &AttributeChange, values: &[Value]) -> Option<AttributeChange> {
    match change {
        AttributeChange::Add(wanted) | AttributeChange::Replace(wanted) => {
            AttributeChange::between(values, wanted).map(|_| AttributeChange::Replace(wanted.clone()))
        }
        AttributeChange::Delete => (!values.is_empty()).then_some(AttributeChange::Delete),
        AttributeChange::Update { adds, deletes } => {
            let adds: Values = adds.iter().filter(|value| !values.contains(value)).cloned().collect();
            let deletes: Values = deletes.iter().filter(|value| values.contains(value)).cloned().collect();
            (!adds.is_empty() || !deletes.is_empty()).then_some(AttributeChange::Update { adds, deletes })
        }
    }
}

fn describe_change(change: &AttributeChange) -> String {
    match change {
        AttributeChange::Add(values) | AttributeChange::Replace(values) => describe_values(values),
        AttributeChange::Delete => "(no value)".to_owned(),
        AttributeChange::Update { adds, deletes } => match (adds.is_empty(), deletes.is_empty()) {
            (false, true) => format!("+{}", describe_values(adds)),
            (true, _) => format!("-{}", describe_values(deletes)),
            (false, false) => format!("+{} -{}", describe_values(adds), describe_values(deletes)),
        },
    }
}

/// The first values as text, each cut to a readable length.
fn describe_values(values: &[Value]) -> String {
    const SHOWN: usize = 3;
    const LENGTH: usize = 64;
    if values.is_empty() {
        return "(no value)".to_owned();
    }
    let mut text: Vec<String> = values.iter().take(SHOWN).map(|value| value.display().chars().take(LENGTH).collect()).collect();
    if values.len() > SHOWN {
        text.push(format!("and {} more", values.len() - SHOWN));
    }
    text.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: AttributeId = AttributeId(1);
    const B: AttributeId = AttributeId(2);

    fn values(text: &str) -> Values {
        text.split_whitespace().map(Value::text).collect()
    }

    fn image(a: &str) -> Image {
        let mut image = Image::new();
        image.set(A, values(a));
        image
    }

    fn replace(attribute: AttributeId, text: &str) -> Delta {
        let change = if text.is_empty() { AttributeChange::Delete } else { AttributeChange::Replace(values(text)) };
        Delta { operation: ObjectOperation::Update, changes: [(attribute, change)].into(), ..Delta::none() }
    }

    #[test]
    fn exported_and_staged_changes_meet_the_import() {
        // Attribute A: exported, staged, imported -> still unconfirmed, staged, mismatches.
        let check = |exported: &Delta,
                     staged: &Delta,
                     imported: &str,
                     mentioned: Option<&[AttributeId]>,
                     expected: (bool, &Delta, usize)| {
            let image = image(imported);
            let mentioned = mentioned.map(|list| list.iter().copied().collect::<BTreeSet<_>>());
            let evidence = Evidence { dn_key: "cn=a", image: &image, mentioned: mentioned.as_ref(), selected: None };
            let confirmed = confirm(exported, staged, &evidence);
            let found = (!confirmed.unconfirmed.is_none(), &confirmed.unapplied, confirmed.mismatches.len());
            assert_eq!((found.0, found.1, found.2), expected, "{exported:?} {staged:?} {imported}");
        };
        let none = &Delta::none();
        let (hr, sales) = (&replace(A, "HR"), &replace(A, "Sales"));
        // Confirmed; not confirmed; told nothing of it.
        check(hr, none, "HR", None, (false, none, 0));
        check(hr, none, "IT", None, (false, hr, 1));
        check(hr, none, "", None, (false, hr, 1));
        check(hr, none, "IT", Some(&[B]), (true, none, 0));
        // A staged value that is already there; one that is not; one that replaces what was not confirmed.
        check(none, hr, "HR", None, (false, &Delta { operation: ObjectOperation::Update, ..Delta::none() }, 0));
        check(none, hr, "IT", None, (false, hr, 0));
        check(hr, sales, "IT", None, (false, sales, 1));
        check(hr, sales, "Sales", None, (false, &Delta { operation: ObjectOperation::Update, ..Delta::none() }, 0));
        // Case alone is a difference.
        check(&replace(A, "Ada"), none, "ada", None, (false, &replace(A, "Ada"), 1));
        check(&replace(A, ""), none, "", None, (false, none, 0));
    }

    #[test]
    fn single_values_are_confirmed_one_by_one() {
        let update = |adds: &str, deletes: &str| AttributeChange::Update { adds: values(adds), deletes: values(deletes) };
        let check = |change: AttributeChange, imported: &str, expected: Option<AttributeChange>| {
            assert_eq!(missing(&change, &values(imported)), expected, "{change:?} {imported}");
        };
        check(update("a b", "c"), "a b", None);
        check(update("a b", "c"), "a c", Some(update("b", "c")));
        check(update("", "c"), "x", None);
    }

    #[test]
    fn an_attribute_that_is_never_imported_is_believed() {
        let (image, selected) = (Image::new(), BTreeSet::from([B]));
        let evidence = Evidence { dn_key: "cn=a", image: &image, mentioned: None, selected: Some(&selected) };
        let confirmed = confirm(&replace(A, "HR"), &Delta::none(), &evidence);
        assert_eq!(
            (confirmed.unconfirmed, confirmed.unapplied, confirmed.mismatches),
            (Delta::none(), Delta::none(), Vec::new())
        );
    }
}
