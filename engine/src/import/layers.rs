//! The reference values of one object by attribute and layer, as sorted sets (`engine.md` 12.3: set
//! difference on sorted ids).

use std::collections::{BTreeMap, BTreeSet};

pub(super) use crate::model::sorted_set::{both, minus, union};
use crate::model::{AttributeId, CsId};
use crate::store::references::{CsReference, ReferenceLayer};

/// Sorted targets by attribute and layer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ReferenceSets(BTreeMap<(AttributeId, ReferenceLayer), Vec<CsId>>);

/// A reference row to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ReferenceChange {
    pub attribute: AttributeId,
    pub target: CsId,
    pub layer: ReferenceLayer,
    /// The row comes; otherwise it goes.
    pub comes: bool,
}

impl ReferenceSets {
    /// The sets of loaded rows.
    pub(super) fn of(rows: &[CsReference]) -> Self {
        let mut sets: BTreeMap<_, Vec<CsId>> = BTreeMap::new();
        for row in rows {
            sets.entry((row.attribute, row.layer)).or_default().push(row.target);
        }
        sets.values_mut().for_each(|targets| targets.sort_unstable());
        Self(sets)
    }

    /// Adds loaded rows, known or not.
    pub(super) fn learn(&mut self, rows: &[CsReference]) {
        for (key, mut targets) in Self::of(rows).0 {
            targets.dedup();
            let known = self.0.entry(key).or_default();
            *known = union(known, &targets);
        }
    }

    /// The targets of one attribute in one layer.
    pub(super) fn get(&self, attribute: AttributeId, layer: ReferenceLayer) -> &[CsId] {
        self.0.get(&(attribute, layer)).map_or(&[], Vec::as_slice)
    }

    /// Replaces the targets of one attribute in one layer.
    pub(super) fn set(&mut self, attribute: AttributeId, layer: ReferenceLayer, targets: Vec<CsId>) {
        if targets.is_empty() {
            self.0.remove(&(attribute, layer));
        } else {
            self.0.insert((attribute, layer), targets);
        }
    }

    /// All attributes with values in some layer.
    pub(super) fn attributes(&self) -> BTreeSet<AttributeId> {
        self.0.keys().map(|(attribute, _)| *attribute).collect()
    }

    /// True when one of the layers holds a value.
    pub(super) fn any(&self, layers: [ReferenceLayer; 2]) -> bool {
        self.0.keys().any(|(_, layer)| layers.contains(layer))
    }

    /// True when both hold the same values in these layers.
    pub(super) fn same(&self, other: &Self, layers: [ReferenceLayer; 2]) -> bool {
        let part = |sets: &Self| -> Vec<((AttributeId, ReferenceLayer), Vec<CsId>)> {
            sets.0.iter().filter(|((_, layer), _)| layers.contains(layer)).map(|(key, set)| (*key, set.clone())).collect()
        };
        part(self) == part(other)
    }

    /// The rows to write to come from `self` to `after`.
    pub(super) fn changes_to(&self, after: &Self) -> Vec<ReferenceChange> {
        let keys: BTreeSet<_> = self.0.keys().chain(after.0.keys()).collect();
        let mut changes = Vec::new();
        for (attribute, layer) in keys {
            let (old, new) = (self.get(*attribute, *layer), after.get(*attribute, *layer));
            let change = |target, comes| ReferenceChange { attribute: *attribute, target, layer: *layer, comes };
            changes.extend(minus(old, new).into_iter().map(|target| change(target, false)));
            changes.extend(minus(new, old).into_iter().map(|target| change(target, true)));
        }
        changes
    }
}
