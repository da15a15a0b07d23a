//! Attribute names, interned to small integers that the whole engine and the store share.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::value::fold_text;

/// The number of an attribute name. The same name has the same number in every connector space and
/// in the metaverse; names compare without regard to case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AttributeId(pub u32);

/// The pseudo-attribute `dn` of connector space objects; never stored in an image.
pub const DN_ATTRIBUTE: AttributeId = AttributeId(0);

/// All attribute names known to the database. Grows only; numbers are never reused.
#[derive(Clone, Debug)]
pub struct AttributeTable {
    names: Vec<String>,
    by_name: BTreeMap<String, AttributeId>,
}

impl Default for AttributeTable {
    fn default() -> Self {
        let mut table = Self { names: Vec::new(), by_name: BTreeMap::new() };
        table.intern("dn");
        table
    }
}

impl AttributeTable {
    /// The number of `name`, given out now if the name is new. The first spelling is kept.
    pub fn intern(&mut self, name: &str) -> AttributeId {
        let key = fold_text(name);
        if let Some(id) = self.by_name.get(&key) {
            return *id;
        }
        let id = AttributeId(u32::try_from(self.names.len()).unwrap_or(u32::MAX));
        self.names.push(name.to_owned());
        self.by_name.insert(key, id);
        id
    }

    /// The number of `name`, if the name is known. Case does not matter.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<AttributeId> {
        self.by_name.get(&fold_text(name)).copied()
    }

    /// The name behind a number; empty text for a number that was never given out.
    #[must_use]
    pub fn name(&self, id: AttributeId) -> &str {
        self.names.get(id.0 as usize).map_or("", String::as_str)
    }

    /// Number of names.
    #[must_use]
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Never true: `dn` is always there.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// All names in the order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = (AttributeId, &str)> {
        (0u32..).map(AttributeId).zip(self.names.iter().map(String::as_str))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_compare_without_case_and_keep_their_first_spelling() {
        let mut table = AttributeTable::default();
        let id = table.intern("displayName");
        assert_eq!(table.intern("DISPLAYNAME"), id);
        assert_eq!(table.name(id), "displayName");
        assert_eq!(table.get("dn"), Some(DN_ATTRIBUTE));
        assert_eq!(table.get("unknown"), None);
    }
}
