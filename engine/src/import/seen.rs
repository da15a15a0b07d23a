//! The objects that a full import has seen, one bit each: nothing is written for an object that has not
//! changed.

use crate::model::CsId;

/// A set of object numbers.
#[derive(Debug, Default)]
pub(super) struct SeenObjects(Vec<u64>);

impl SeenObjects {
    fn place(id: CsId) -> (usize, u64) {
        let number = usize::try_from(id.0).unwrap_or(0);
        (number / 64, 1 << (number % 64))
    }

    /// Adds an object; false when it was there already.
    pub(super) fn insert(&mut self, id: CsId) -> bool {
        let (word, bit) = Self::place(id);
        if word >= self.0.len() {
            self.0.resize(word + 1, 0);
        }
        let Some(word) = self.0.get_mut(word) else { return false };
        let new = *word & bit == 0;
        *word |= bit;
        new
    }

    /// True when the object was seen.
    pub(super) fn contains(&self, id: CsId) -> bool {
        let (word, bit) = Self::place(id);
        self.0.get(word).is_some_and(|word| word & bit != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_told_apart() {
        let mut seen = SeenObjects::default();
        assert!(seen.insert(CsId(64)) && !seen.insert(CsId(64)));
        for (id, expected) in [(0, false), (63, false), (64, true), (65, false), (1_000_000, false)] {
            assert_eq!(seen.contains(CsId(id)), expected, "{id}");
        }
    }
}
