//! The attributes of one object at one time.

use smallvec::SmallVec;

use super::{AttributeId, SortedMap, Value};

/// The values of one attribute: a set, kept sorted only when a caller sorts it; the order of arrival
/// is kept because `Item([x],1)` reads it.
pub type Values = SmallVec<[Value; 1]>;

/// Attribute values of one object, ordered by attribute number. An attribute without values is absent. A clone shares
/// its values: images are copied, compared and thrown away far more often than changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Image(SortedMap<AttributeId, Values>);

impl Image {
    /// An image without attributes.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The values of an attribute; empty when it is absent.
    #[must_use]
    pub fn get(&self, attribute: AttributeId) -> &[Value] {
        self.0.get(&attribute).map_or(&[], Values::as_slice)
    }

    /// The first value of an attribute.
    #[must_use]
    pub fn first(&self, attribute: AttributeId) -> Option<&Value> {
        self.get(attribute).first()
    }

    /// Sets the values of an attribute; no values removes it. Equal values collapse to one.
    pub fn set(&mut self, attribute: AttributeId, values: Values) {
        let values = distinct(values);
        if values.is_empty() {
            self.remove(attribute);
        } else {
            self.0.insert(attribute, values);
        }
    }

    /// Makes room for further attributes.
    pub fn reserve(&mut self, additional: usize) {
        self.0.reserve(additional);
    }

    /// Sets a single value.
    pub fn set_one(&mut self, attribute: AttributeId, value: Value) {
        self.0.insert(attribute, smallvec::smallvec![value]);
    }

    /// Removes an attribute and gives its values back.
    pub fn remove(&mut self, attribute: AttributeId) -> Option<Values> {
        self.0.remove(&attribute)
    }

    /// All attributes in the order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = (AttributeId, &Values)> {
        self.0.iter().map(|(id, values)| (*id, values))
    }

    /// Number of attributes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// True when there is no attribute.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// True when both hold the same set of values for the attribute, in whatever order.
    #[must_use]
    pub fn same_values(&self, attribute: AttributeId, other: &[Value]) -> bool {
        same_set(self.get(attribute), other)
    }
}

impl FromIterator<(AttributeId, Values)> for Image {
    fn from_iter<T: IntoIterator<Item = (AttributeId, Values)>>(iter: T) -> Self {
        let mut image = Self::new();
        for (attribute, values) in iter {
            image.set(attribute, values);
        }
        image
    }
}

/// True when the two slices hold the same set of values.
pub(crate) fn same_set(a: &[Value], b: &[Value]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    match (a, b) {
        ([x], [y]) => x == y,
        _ => {
            if a == b {
                return true;
            }
            let mut left: Vec<&Value> = a.iter().collect();
            let mut right: Vec<&Value> = b.iter().collect();
            left.sort_unstable();
            right.sort_unstable();
            left == right
        }
    }
}

/// Values that are compared one by one at most; more are compared through a set.
const FEW: usize = 8;

/// Drops later duplicates, keeping the order of first arrival.
pub(crate) fn distinct(mut values: Values) -> Values {
    if values.len() <= FEW {
        let mut place = 1;
        while place < values.len() {
            let (before, rest) = values.split_at(place);
            if rest.first().is_some_and(|value| before.contains(value)) {
                values.remove(place);
            } else {
                place += 1;
            }
        }
        return values;
    }
    // Members of a group come sorted.
    if values.windows(2).all(|pair| matches!(pair, [a, b] if a < b)) {
        return values;
    }
    let mut seen = std::collections::BTreeSet::new();
    values.into_iter().filter(|value| seen.insert(value.clone())).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn duplicates_go_and_the_order_stays(texts in proptest::collection::vec("[a-p]", 0..20), sorted in any::<bool>()) {
            let mut texts = texts;
            if sorted {
                texts.sort_unstable();
            }
            let mut expected: Vec<&String> = Vec::new();
            for text in &texts {
                if !expected.contains(&text) {
                    expected.push(text);
                }
            }
            let found = distinct(texts.iter().map(Value::text).collect());
            prop_assert_eq!(found.iter().filter_map(Value::as_text).collect::<Vec<_>>(), expected);
        }
    }
}
