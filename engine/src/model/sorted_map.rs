//! A map as one sorted block that is shared until it is changed.

use std::sync::Arc;

/// A map ordered by key. Made for few entries that mostly arrive in order; inserting in the middle moves what follows.
/// A clone shares its entries with the original until one of them is changed.
#[derive(Clone, Debug)]
pub struct SortedMap<K, V>(Option<Arc<Vec<(K, V)>>>);

impl<K, V> Default for SortedMap<K, V> {
    fn default() -> Self {
        Self(None)
    }
}

impl<K: PartialEq, V: PartialEq> PartialEq for SortedMap<K, V> {
    fn eq(&self, other: &Self) -> bool {
        let shared = matches!((&self.0, &other.0), (Some(a), Some(b)) if Arc::ptr_eq(a, b));
        shared || self.entries() == other.entries()
    }
}

impl<K: Eq, V: Eq> Eq for SortedMap<K, V> {}

impl<K, V> SortedMap<K, V> {
    /// A map without entries.
    #[must_use]
    pub const fn new() -> Self {
        Self(None)
    }

    fn entries(&self) -> &[(K, V)] {
        self.0.as_deref().map_or(&[], Vec::as_slice)
    }

    /// Entries in the order of their keys.
    pub fn iter(&self) -> Iter<'_, K, V> {
        self.into_iter()
    }

    /// Keys in order.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &K> {
        self.entries().iter().map(|(key, _)| key)
    }

    /// Values in the order of their keys.
    pub fn values(&self) -> impl ExactSizeIterator<Item = &V> {
        self.entries().iter().map(|(_, value)| value)
    }

    /// Number of entries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries().len()
    }

    /// True when there is no entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries().is_empty()
    }
}

impl<K: Ord, V> SortedMap<K, V> {
    fn place(&self, key: &K) -> Result<usize, usize> {
        self.entries().binary_search_by(|(known, _)| known.cmp(key))
    }

    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &K) -> Option<&V> {
        self.place(key).ok().and_then(|place| self.entries().get(place)).map(|(_, value)| value)
    }

    /// True when the key has a value.
    #[must_use]
    pub fn contains_key(&self, key: &K) -> bool {
        self.place(key).is_ok()
    }
}

impl<K: Ord + Clone, V: Clone> SortedMap<K, V> {
    /// The entries of this map alone.
    fn own(&mut self) -> &mut Vec<(K, V)> {
        Arc::make_mut(self.0.get_or_insert_default())
    }

    /// Makes room for further entries.
    pub fn reserve(&mut self, additional: usize) {
        if additional > 0 {
            self.own().reserve(additional);
        }
    }

    /// Sets the value of a key and gives the one it had.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        let entries = self.own();
        // Nearly always keys come in their order.
        if entries.last().is_none_or(|(last, _)| *last < key) {
            entries.push((key, value));
            return None;
        }
        match entries.binary_search_by(|(known, _)| known.cmp(&key)) {
            Ok(place) => entries.get_mut(place).map(|(_, held)| std::mem::replace(held, value)),
            Err(place) => {
                entries.insert(place, (key, value));
                None
            }
        }
    }

    /// Takes a key out and gives its value.
    pub fn remove(&mut self, key: &K) -> Option<V> {
        let place = self.place(key).ok()?;
        Some(self.own().remove(place).1)
    }

    /// Entries in the order of their keys, the values to be changed.
    pub fn iter_mut(&mut self) -> impl ExactSizeIterator<Item = (&K, &mut V)> {
        let entries = self.0.as_mut().map(|entries| Arc::make_mut(entries).as_mut_slice()).unwrap_or_default();
        entries.iter_mut().map(|(key, value)| (&*key, value))
    }
}

impl<K: Ord + Clone, V: Clone> FromIterator<(K, V)> for SortedMap<K, V> {
    fn from_iter<T: IntoIterator<Item = (K, V)>>(entries: T) -> Self {
        let mut map = Self::new();
        for (key, value) in entries {
            map.insert(key, value);
        }
        map
    }
}

impl<K: Ord + Clone, V: Clone, const N: usize> From<[(K, V); N]> for SortedMap<K, V> {
    fn from(entries: [(K, V); N]) -> Self {
        entries.into_iter().collect()
    }
}

impl<K: Clone, V: Clone> IntoIterator for SortedMap<K, V> {
    type Item = (K, V);
    type IntoIter = std::vec::IntoIter<(K, V)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.map(Arc::unwrap_or_clone).unwrap_or_default().into_iter()
    }
}

/// Entries in the order of their keys.
pub type Iter<'a, K, V> = std::iter::Map<std::slice::Iter<'a, (K, V)>, fn(&'a (K, V)) -> (&'a K, &'a V)>;

impl<'a, K, V> IntoIterator for &'a SortedMap<K, V> {
    type Item = (&'a K, &'a V);
    type IntoIter = Iter<'a, K, V>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries().iter().map(|(key, value)| (key, value))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_behaves_as_a_map(entries in proptest::collection::vec((0u8..12, any::<u8>()), 0..20), gone in 0u8..12) {
            let mut expected: BTreeMap<u8, u8> = entries.iter().copied().collect();
            let original: SortedMap<u8, u8> = entries.into_iter().collect();
            let (mut map, untouched) = (original.clone(), expected.clone());
            prop_assert_eq!(map.remove(&gone), expected.remove(&gone));
            prop_assert_eq!(map.insert(gone, 1), None);
            prop_assert_eq!(map.insert(gone, 2), expected.insert(gone, 2).or(Some(1)));
            prop_assert!(map.iter().eq(expected.iter()) && map.keys().eq(expected.keys()) && map.values().eq(expected.values()));
            prop_assert!((0..12).all(|key| map.get(&key) == expected.get(&key) && map.contains_key(&key) == expected.contains_key(&key)));
            prop_assert_eq!((map.len(), map.is_empty()), (expected.len(), expected.is_empty()));
            prop_assert!(map.into_iter().eq(expected));
            prop_assert!(original.into_iter().eq(untouched));
        }
    }
}
