//! The tower of layers of one object, seen as a whole (`engine.md` 1.2).

use std::collections::{BTreeMap, BTreeSet};

use super::CsObject;
use crate::model::sorted_set::{minus, sorted_set, union};
use crate::model::{AttributeChange, AttributeId, CsId, Delta, Image, ObjectOperation, Value, Values, distinct};
use crate::store::references::{CsReference, ReferenceLayer};

/// The layers that make up a view of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TowerView {
    /// H⊕PI.
    Imported,
    /// H⊕PI⊕XC⊕XE: what the directory is believed to hold.
    Escrowed,
    /// All layers: what the directory will hold.
    Expected,
}

impl CsObject {
    /// True when the object was never imported and exists only as a name.
    #[must_use]
    pub fn is_placeholder(&self) -> bool {
        self.object_type.is_none()
    }

    /// True when an import has brought this object at least once (an engine-made object awaiting its
    /// first confirmation has not).
    #[must_use]
    pub fn was_imported(&self) -> bool {
        !self.hologram.is_empty()
            || self.references.iter().any(|reference| reference.layer == ReferenceLayer::Hologram)
            || matches!(self.pending_import.operation, ObjectOperation::Add | ObjectOperation::DeleteAdd)
    }

    /// True when a staged or unconfirmed export deletes the object.
    #[must_use]
    pub fn is_being_deleted(&self) -> bool {
        [&self.unconfirmed, &self.escrowed, &self.unapplied].iter().any(|delta| delta.operation == ObjectOperation::Delete)
    }

    /// True when the directory has never been told of the object.
    #[must_use]
    pub fn is_unexported_add(&self) -> bool {
        self.unapplied.operation == ObjectOperation::Add && self.anchor.is_none()
    }

    /// The type that the object has once its pending import is synchronized.
    #[must_use]
    pub fn imported_type(&self) -> Option<&str> {
        match self.pending_import.operation {
            ObjectOperation::Add | ObjectOperation::DeleteAdd => {
                self.pending_import.object_type.as_deref().or(self.object_type.as_deref())
            }
            ObjectOperation::Update | ObjectOperation::Delete | ObjectOperation::None => self.object_type.as_deref(),
        }
    }

    /// The object as it would be without the imports that no synchronization has processed; `None` when there are none.
    /// Of references, those to targets that no row names any more are left out.
    #[must_use]
    pub fn synchronized(&self) -> Option<Self> {
        if self.pending_import.is_none() && self.confirmed.is_none() {
            return None;
        }
        let mut seen = Self { pending_import: Delta::none(), confirmed: Delta::none(), references: Vec::new(), ..self.clone() };
        let import = [ReferenceLayer::ImportAdd, ReferenceLayer::ImportDelete];
        seen.references.extend(self.references.iter().filter(|row| !import.contains(&row.layer)).cloned());
        for (attribute, change) in &self.confirmed.changes {
            match change {
                AttributeChange::Update { adds, deletes } if change.has_references() => {
                    seen.know_references(*attribute, adds, deletes, &self.references);
                }
                change => {
                    let values = change.apply(seen.hologram.get(*attribute));
                    seen.hologram.set(*attribute, values);
                }
            }
        }
        Some(seen)
    }

    /// What [`Self::synchronized`] holds, without references.
    #[must_use]
    pub fn known_image(&self) -> Image {
        let mut image = self.hologram.clone();
        for (attribute, change) in self.confirmed.changes.iter().filter(|(_, change)| !change.has_references()) {
            let values = change.apply(image.get(*attribute));
            image.set(*attribute, values);
        }
        for delta in [&self.unconfirmed, &self.escrowed, &self.unapplied] {
            if delta.operation != ObjectOperation::Delete {
                delta.apply_to(&mut image);
            }
        }
        image
    }

    /// Lays confirmed references between the hologram and the export layers.
    fn know_references(&mut self, attribute: AttributeId, adds: &[Value], deletes: &[Value], rows: &[CsReference]) {
        let among =
            |values: &[Value], row: &CsReference| row.attribute == attribute && values.contains(&Value::Reference(row.target.0));
        let held: BTreeSet<CsId> = self
            .references
            .iter()
            .filter(|row| row.attribute == attribute && row.layer == ReferenceLayer::Hologram)
            .map(|row| row.target)
            .collect();
        self.references.retain(|row| row.layer != ReferenceLayer::Hologram || !among(deletes, row));
        let mut come: Vec<CsReference> =
            rows.iter().filter(|row| among(adds, row) && !held.contains(&row.target)).cloned().collect();
        come.iter_mut().for_each(|row| row.layer = ReferenceLayer::Hologram);
        come.sort_unstable_by_key(|row| row.target);
        come.dedup_by_key(|row| row.target);
        self.references.extend(come);
        self.references.sort_by_key(|row| (row.attribute, row.layer, row.target));
    }

    /// The attributes in a view. References appear as [`Value::Reference`] of the target's number.
    #[must_use]
    pub fn view(&self, view: TowerView) -> Image {
        let mut image = self.plain(view);
        let top = match view {
            TowerView::Imported => ReferenceLayer::ImportDelete,
            TowerView::Escrowed => ReferenceLayer::EscrowedDelete,
            TowerView::Expected => ReferenceLayer::UnappliedDelete,
        };
        for (attribute, targets) in self.reference_targets(top) {
            image.set(attribute, targets.into_iter().map(|target| Value::Reference(target.0)).collect());
        }
        image
    }

    /// The attributes in a view without the references that are rows.
    #[must_use]
    pub fn plain(&self, view: TowerView) -> Image {
        let mut image = self.hologram.clone();
        let layers: &[&Delta] = match view {
            TowerView::Imported => &[&self.pending_import],
            TowerView::Escrowed => &[&self.pending_import, &self.unconfirmed, &self.escrowed],
            TowerView::Expected => &[&self.pending_import, &self.unconfirmed, &self.escrowed, &self.unapplied],
        };
        for delta in layers {
            // A staged deletion must not hide what rules still read; the object is only gone when the
            // directory says so.
            if delta.operation != ObjectOperation::Delete {
                delta.apply_to(&mut image);
            }
        }
        image
    }

    /// The values of one attribute in a view, without forming the others.
    #[must_use]
    pub fn values(&self, view: TowerView, attribute: AttributeId) -> Values {
        if self.references.iter().any(|reference| reference.attribute == attribute) {
            return Values::from(self.view(view).get(attribute));
        }
        let layers: &[&Delta] = match view {
            TowerView::Imported => &[&self.pending_import],
            TowerView::Escrowed => &[&self.pending_import, &self.unconfirmed, &self.escrowed],
            TowerView::Expected => &[&self.pending_import, &self.unconfirmed, &self.escrowed, &self.unapplied],
        };
        let mut values = Values::from(self.hologram.get(attribute));
        for delta in layers {
            let change = delta.changes.get(&attribute);
            values = match (delta.operation, change) {
                (ObjectOperation::Delete | ObjectOperation::None, _) | (ObjectOperation::Update, None) => continue,
                (ObjectOperation::Add | ObjectOperation::DeleteAdd, None) => Values::new(),
                (ObjectOperation::Add | ObjectOperation::DeleteAdd, Some(change)) => distinct(change.apply(&[])),
                (ObjectOperation::Update, Some(change)) => distinct(change.apply(&values)),
            };
        }
        values
    }

    /// The name that lists show for an object: `displayName`, else `cn`, else nothing.
    #[must_use]
    pub fn display_name(&self, view: TowerView, display_name: Option<AttributeId>, cn: Option<AttributeId>) -> String {
        let text = |attribute| self.values(view, attribute).first().and_then(Value::as_text).map(str::to_owned);
        [display_name, cn].into_iter().flatten().find_map(text).unwrap_or_default()
    }

    /// The reference attributes as they stand after all layers up to `top`.
    #[must_use]
    pub fn reference_targets(&self, top: ReferenceLayer) -> BTreeMap<AttributeId, Vec<CsId>> {
        let mut sets: BTreeMap<AttributeId, Vec<CsId>> = BTreeMap::new();
        // Rows come ordered by attribute, layer: additions of a lower layer precede deletions of a higher.
        for layer in self.references.chunk_by(|a, b| (a.attribute, a.layer) == (b.attribute, b.layer)) {
            let Some(first) = layer.first().filter(|first| first.layer <= top) else { continue };
            let targets = sorted_set(layer.iter().map(|reference| reference.target).collect());
            let set = sets.entry(first.attribute).or_default();
            *set = if first.layer.is_delete() { minus(set, &targets) } else { union(set, &targets) };
        }
        sets.retain(|_, set| !set.is_empty());
        sets
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ConnectorId;

    #[test]
    fn the_values_of_one_attribute_are_those_of_the_view() {
        let texts = |texts: &[&str]| -> Values { texts.iter().map(Value::text).collect() };
        let ids: Vec<AttributeId> = (1..6).map(AttributeId).collect();
        let delta = |operation, changes: Vec<(usize, AttributeChange)>| Delta {
            operation,
            changes: changes.into_iter().map(|(place, change)| (ids[place], change)).collect(),
            ..Delta::none()
        };
        let dn = crate::model::Dn::parse("CN=a").unwrap();
        let mut object = CsObject::new(uuid::Uuid::nil(), ConnectorId(1), &dn, jiff::Timestamp::UNIX_EPOCH);
        object.hologram = [(ids[0], texts(&["a"])), (ids[1], texts(&["b", "c"])), (ids[2], texts(&["d"]))].into_iter().collect();
        object.unconfirmed = delta(
            ObjectOperation::Update,
            vec![(1, AttributeChange::Update { adds: texts(&["e"]), deletes: texts(&["b"]) }), (2, AttributeChange::Delete)],
        );
        object.unapplied = delta(ObjectOperation::Update, vec![(0, AttributeChange::Replace(texts(&["f", "f"])))]);
        let row = |attribute, target, layer| CsReference { attribute, target: CsId(target), layer, target_mv: None, name: None };
        object.references = vec![
            row(ids[3], 1, ReferenceLayer::Hologram),
            row(ids[3], 2, ReferenceLayer::Hologram),
            row(ids[3], 2, ReferenceLayer::EscrowedDelete),
            row(ids[3], 3, ReferenceLayer::UnappliedAdd),
        ];
        for operation in [ObjectOperation::None, ObjectOperation::Add, ObjectOperation::DeleteAdd, ObjectOperation::Delete] {
            object.pending_import = delta(operation, vec![(4, AttributeChange::Add(texts(&["g"])))]);
            for view in [TowerView::Imported, TowerView::Escrowed, TowerView::Expected] {
                for id in &ids {
                    assert_eq!(object.values(view, *id).as_slice(), object.view(view).get(*id), "{operation:?} {view:?} {id:?}");
                }
            }
        }
        object.pending_import = Delta::none();
        let members = object.values(TowerView::Expected, ids[3]);
        assert_eq!(members.as_slice(), [Value::Reference(1), Value::Reference(3)]);
    }
}
