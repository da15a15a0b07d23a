//! What an import did to an object, as kept with the run.

use std::collections::BTreeMap;

use super::layers::ReferenceSets;
use super::names::Loaded;
use crate::model::{AttributeId, Delta, Image, ObjectOperation};
use crate::store::connector_space::{CsObject, TowerView};
use crate::store::references::ReferenceLayer;
use crate::store::run_changes::RunChange;

/// An object as the import found it.
pub(super) struct Before {
    hologram: Image,
    pending: Delta,
    dn: Option<String>,
    never_seen: bool,
}

impl Before {
    /// Remembers an object and the other name that it had; images share their entries, so that this costs nothing that
    /// grows with them.
    pub(super) fn of(object: &CsObject, dn: Option<String>) -> Self {
        Self { hologram: object.hologram.clone(), pending: object.pending_import.clone(), dn, never_seen: is_new(object) }
    }

    /// What led from here to the object as it is staged now; `sets` are its references to be written.
    pub(super) fn change(self, loaded: &Loaded, sets: &ReferenceSets) -> RunChange {
        let object = &loaded.object;
        let mut before = self.hologram;
        if self.pending.operation != ObjectOperation::Delete {
            self.pending.apply_to(&mut before);
        }
        let mut change = RunChange::between(&before, &object.plain(TowerView::Imported));
        change.operation = match object.pending_import.operation {
            ObjectOperation::Add if self.never_seen => ObjectOperation::Add,
            ObjectOperation::DeleteAdd => ObjectOperation::DeleteAdd,
            ObjectOperation::Add | ObjectOperation::Update | ObjectOperation::Delete | ObjectOperation::None => {
                ObjectOperation::Update
            }
        };
        change.new_dn = (self.never_seen || self.dn.is_some()).then(|| object.dn.clone());
        change.old_dn = self.dn;
        let mut references: BTreeMap<AttributeId, (Vec<i64>, Vec<i64>)> = BTreeMap::new();
        for row in loaded.stored.changes_to(sets) {
            let came = match row.layer {
                ReferenceLayer::ImportAdd => row.comes,
                ReferenceLayer::ImportDelete => !row.comes,
                _ => continue,
            };
            let (comes, goes) = references.entry(row.attribute).or_default();
            if came { comes.push(row.target.0) } else { goes.push(row.target.0) }
        }
        for (attribute, (came, went)) in references {
            // Of a large group only some of the members are known.
            let held = |sets: &ReferenceSets| {
                let count = |layer| sets.get(attribute, layer).len();
                let known = (count(ReferenceLayer::Hologram) + count(ReferenceLayer::ImportAdd))
                    .saturating_sub(count(ReferenceLayer::ImportDelete));
                if loaded.complete { known } else { known.max(2) }
            };
            change.references(attribute, &came, &went, (held(&loaded.stored), held(sets)));
        }
        change
    }
}

/// True for an object that no import has shown yet.
pub(super) fn is_new(object: &CsObject) -> bool {
    super::compare::is_fresh(object) && object.pending_import.is_none()
}

/// An object that the directory has no more.
pub(super) fn deletion(object: &CsObject) -> RunChange {
    RunChange::deletion(&object.plain(TowerView::Imported))
}
