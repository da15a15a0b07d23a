//! Differences between images, and the algebra of the tower of layers (`engine.md` 1.2).

use std::collections::BTreeSet;

use super::image::same_set;
use super::{AttributeId, Image, ObjectOperation, SortedMap, Value, Values};

/// The change of one attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttributeChange {
    /// The attribute was absent and gets these values.
    Add(Values),
    /// The attribute gets these values in place of all it had.
    Replace(Values),
    /// Values come and go; the others stay.
    Update {
        /// Values that come.
        adds: Values,
        /// Values that go.
        deletes: Values,
    },
    /// The attribute goes.
    Delete,
}

impl AttributeChange {
    /// The word of the original: `add replace update delete`.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Add(_) => "add",
            Self::Replace(_) => "replace",
            Self::Update { .. } => "update",
            Self::Delete => "delete",
        }
    }

    /// True when it brings or takes references.
    #[must_use]
    pub fn has_references(&self) -> bool {
        let is_reference = |values: &Values| values.iter().any(|value| matches!(value, Value::Reference(_)));
        match self {
            Self::Add(values) | Self::Replace(values) => is_reference(values),
            Self::Update { adds, deletes } => is_reference(adds) || is_reference(deletes),
            Self::Delete => false,
        }
    }

    /// The values after this change, given those before it.
    #[must_use]
    pub fn apply(&self, before: &[Value]) -> Values {
        match self {
            Self::Add(values) | Self::Replace(values) => values.clone(),
            Self::Delete => Values::new(),
            Self::Update { adds, deletes } => {
                let gone: BTreeSet<&Value> = deletes.iter().collect();
                let had: BTreeSet<&Value> = before.iter().collect();
                before
                    .iter()
                    .filter(|value| !gone.contains(value))
                    .chain(adds.iter().filter(|value| !had.contains(value) || gone.contains(value)))
                    .cloned()
                    .collect()
            }
        }
    }

    /// The change that leads from one set of values to another; `None` when they are the same set.
    #[must_use]
    pub fn between(before: &[Value], after: &[Value]) -> Option<Self> {
        if same_set(before, after) {
            return None;
        }
        if after.is_empty() {
            return Some(Self::Delete);
        }
        if before.is_empty() {
            return Some(Self::Add(Values::from(after)));
        }
        if before.len() == 1 && after.len() == 1 {
            return Some(Self::Replace(Values::from(after)));
        }
        let old: BTreeSet<&Value> = before.iter().collect();
        let new: BTreeSet<&Value> = after.iter().collect();
        Some(Self::Update {
            adds: after.iter().filter(|value| !old.contains(value)).cloned().collect(),
            deletes: before.iter().filter(|value| !new.contains(value)).cloned().collect(),
        })
    }
}

/// A pending change of one object: one layer of its tower.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Delta {
    /// What happens to the object as a whole.
    pub operation: ObjectOperation,
    /// The new distinguished name, when the object is renamed or moved (or created).
    pub dn: Option<String>,
    /// The new object type, on add and delete-add.
    pub object_type: Option<String>,
    /// Changes by attribute.
    pub changes: SortedMap<AttributeId, AttributeChange>,
}

impl Delta {
    /// The empty layer.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// True when nothing is pending.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.operation == ObjectOperation::None
    }

    /// The difference between two images as attribute changes.
    #[must_use]
    pub fn changes_between(before: &Image, after: &Image) -> SortedMap<AttributeId, AttributeChange> {
        let mut changes = SortedMap::new();
        for (attribute, values) in after.iter() {
            if let Some(change) = AttributeChange::between(before.get(attribute), values) {
                changes.insert(attribute, change);
            }
        }
        for (attribute, _) in before.iter() {
            if after.get(attribute).is_empty() {
                changes.insert(attribute, AttributeChange::Delete);
            }
        }
        changes
    }

    /// Lays this delta over an image. A delete leaves nothing; an add or delete-add starts from
    /// nothing.
    pub fn apply_to(&self, image: &mut Image) {
        match self.operation {
            ObjectOperation::Delete => *image = Image::new(),
            ObjectOperation::DeleteAdd | ObjectOperation::Add => {
                *image = Image::new();
                self.lay_changes(image);
            }
            ObjectOperation::Update => self.lay_changes(image),
            ObjectOperation::None => {}
        }
    }

    fn lay_changes(&self, image: &mut Image) {
        if image.is_empty() {
            image.reserve(self.changes.len());
        }
        for (attribute, change) in &self.changes {
            let values = change.apply(image.get(*attribute));
            image.set(*attribute, values);
        }
    }

    /// This delta followed by `later`, as one delta over the image `base`.
    ///
    /// add + delete of one value cancels, a later replace wins, an object delete wins over all.
    #[must_use]
    pub fn then(&self, later: &Self, base: &Image) -> Self {
        if self.is_none() {
            return later.clone();
        }
        if later.is_none() {
            return self.clone();
        }
        match later.operation {
            ObjectOperation::Delete | ObjectOperation::DeleteAdd => later.clone(),
            ObjectOperation::Add if self.operation == ObjectOperation::Delete => {
                Self { operation: ObjectOperation::DeleteAdd, ..later.clone() }
            }
            ObjectOperation::Add | ObjectOperation::Update | ObjectOperation::None => {
                let start = match self.operation {
                    ObjectOperation::Add | ObjectOperation::DeleteAdd => Image::new(),
                    ObjectOperation::Update | ObjectOperation::Delete | ObjectOperation::None => base.clone(),
                };
                let mut after = base.clone();
                self.apply_to(&mut after);
                later.lay_changes(&mut after);
                Self {
                    operation: self.operation,
                    dn: later.dn.clone().or_else(|| self.dn.clone()),
                    object_type: later.object_type.clone().or_else(|| self.object_type.clone()),
                    changes: Self::changes_between(&start, &after),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const A: AttributeId = AttributeId(1);

    fn values(texts: &[&str]) -> Values {
        texts.iter().map(Value::text).collect()
    }

    #[test]
    fn between_names_the_smallest_change() {
        let check = |before: &[&str], after: &[&str], word: Option<&str>| {
            let change = AttributeChange::between(&values(before), &values(after));
            assert_eq!(change.as_ref().map(AttributeChange::word), word, "{before:?} -> {after:?}");
        };
        check(&["a"], &["a"], None);
        check(&["a", "b"], &["b", "a"], None);
        check(&[], &["a"], Some("add"));
        check(&["a"], &[], Some("delete"));
        check(&["a"], &["A"], Some("replace"));
        check(&["a", "b"], &["b", "c"], Some("update"));
    }

    #[test]
    fn add_and_delete_of_one_value_cancel() {
        let base: Image = [(A, values(&["x", "y"]))].into_iter().collect();
        let delta = |adds: &[&str], deletes: &[&str]| Delta {
            operation: ObjectOperation::Update,
            changes: [(A, AttributeChange::Update { adds: values(adds), deletes: values(deletes) })].into(),
            ..Delta::none()
        };
        let both = delta(&["z"], &[]).then(&delta(&[], &["z"]), &base);
        assert!(both.changes.is_empty(), "{both:?}");
    }

    proptest! {
        #[test]
        fn a_change_leads_from_before_to_after(before in proptest::collection::vec("[a-d]", 0..5), after in proptest::collection::vec("[a-d]", 0..5)) {
            let mut old = Image::new();
            old.set(A, before.iter().map(Value::text).collect());
            let mut new = Image::new();
            new.set(A, after.iter().map(Value::text).collect());
            let delta = Delta { operation: ObjectOperation::Update, changes: Delta::changes_between(&old, &new), ..Delta::none() };
            let mut result = old.clone();
            delta.apply_to(&mut result);
            prop_assert!(result.same_values(A, new.get(A)));
        }

        #[test]
        fn two_deltas_in_one_equal_the_two_in_turn(one in proptest::collection::vec("[a-d]", 0..4), two in proptest::collection::vec("[a-d]", 0..4), three in proptest::collection::vec("[a-d]", 0..4)) {
            let image = |texts: &Vec<String>| { let mut image = Image::new(); image.set(A, texts.iter().map(Value::text).collect()); image };
            let (a, b, c) = (image(&one), image(&two), image(&three));
            let step = |from: &Image, to: &Image| Delta { operation: ObjectOperation::Update, changes: Delta::changes_between(from, to), ..Delta::none() };
            let joined = step(&a, &b).then(&step(&b, &c), &a);
            let mut result = a.clone();
            joined.apply_to(&mut result);
            prop_assert!(result.same_values(A, c.get(A)));
        }
    }
}
