//! The attributes of one object at one time.

use smallvec::SmallVec;

use super::{AttributeId, Value};

/// The values of one attribute: a set, kept sorted only when a caller sorts it; the order of arrival
/// is kept because `Item([x],1)` reads it.
pub type Values = SmallVec<[Value; 1]>;

/// Attribute values of one object, ordered by attribute number. An attribute without values is absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Image {
    /// Sorted. One block instead of a tree: images are copied, compared and thrown away far more often than changed.
    attributes: Vec<(AttributeId, Values)>,
}

impl Image {
    /// An image without attributes.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The values of an attribute; empty when it is absent.
    #[must_use]
    pub fn get(&self, attribute: AttributeId) -> &[Value] {
        let place = self.place(attribute).ok();
        place.and_then(|place| self.attributes.get(place)).map_or(&[], |(_, values)| values.as_slice())
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
            self.put(attribute, values);
        }
    }

    /// Where an attribute is, or belongs.
    fn place(&self, attribute: AttributeId) -> Result<usize, usize> {
        self.attributes.binary_search_by_key(&attribute, |(id, _)| *id)
    }

    fn put(&mut self, attribute: AttributeId, values: Values) {
        // Nearly always the attributes come in the order of their numbers.
        if self.attributes.last().is_none_or(|(last, _)| *last < attribute) {
            self.attributes.push((attribute, values));
            return;
        }
        match self.place(attribute) {
            Ok(place) => {
                if let Some((_, held)) = self.attributes.get_mut(place) {
                    *held = values;
                }
            }
            Err(place) => self.attributes.insert(place, (attribute, values)),
        }
    }

    /// Sets a single value.
    pub fn set_one(&mut self, attribute: AttributeId, value: Value) {
        self.put(attribute, smallvec::smallvec![value]);
    }

    /// Removes an attribute and gives its values back.
    pub fn remove(&mut self, attribute: AttributeId) -> Option<Values> {
        self.place(attribute).ok().map(|place| self.attributes.remove(place).1)
    }

    /// All attributes in the order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = (AttributeId, &Values)> {
        self.attributes.iter().map(|(id, values)| (*id, values))
    }

    /// Number of attributes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.attributes.len()
    }

    /// True when there is no attribute.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.attributes.is_empty()
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

/// Drops later duplicates, keeping the order of first arrival.
fn distinct(values: Values) -> Values {
    if values.len() < 2 {
        return values;
    }
    let mut seen = std::collections::BTreeSet::new();
    values.into_iter().filter(|value| seen.insert(value.clone())).collect()
}
