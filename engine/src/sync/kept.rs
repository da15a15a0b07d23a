//! What a synchronization did to objects, as kept with the run.

use std::collections::BTreeSet;

use super::effects::{CsEffect, MvEffect, ReferenceValues};
use crate::model::{AttributeId, Image, ObjectOperation};
use crate::store::connector_space::TowerView;
use crate::store::run_changes::RunChange;

/// What becomes of the metaverse object; `keeps` tells whether there is room for one more, which may be new.
pub(super) fn identity(effect: Option<&MvEffect>, keeps: impl Fn(bool) -> bool) -> Option<RunChange> {
    let mut change = match effect? {
        MvEffect::Create(object) if keeps(true) => {
            let mut change = RunChange::between(&Image::new(), &object.image);
            change.operation = ObjectOperation::Add;
            change
        }
        MvEffect::Change { before, after } if keeps(false) => RunChange::between(&before.image, &after.image),
        MvEffect::Delete(object) if keeps(false) => RunChange::deletion(&object.image),
        MvEffect::Create(_) | MvEffect::Change { .. } | MvEffect::Delete(_) => return None,
    };
    change.metaverse = true;
    Some(change)
}

/// What is staged for a target afterwards.
pub(super) fn staged(effect: &CsEffect, keeps: impl Fn(bool) -> bool) -> Option<RunChange> {
    let (object, staged) = (&*effect.after, &effect.after.unapplied);
    let makes = staged.operation == ObjectOperation::Add;
    if effect.remove || staged.is_none() && effect.staged_references.is_none() || !keeps(makes) {
        return None;
    }
    let mut change = RunChange::of(&object.plain(TowerView::Escrowed), staged);
    change.rename_from(&object.dn);
    if staged.operation != ObjectOperation::Delete
        && let Some((adds, deletes)) = &effect.staged_references
    {
        if change.operation == ObjectOperation::None {
            change.operation = ObjectOperation::Update;
        }
        let attributes: BTreeSet<AttributeId> = adds.keys().chain(deletes.keys()).copied().collect();
        let targets = |values: &ReferenceValues, attribute| -> Vec<i64> {
            values.get(&attribute).into_iter().flatten().map(|target| target.0).collect()
        };
        for attribute in attributes {
            let counts = if makes { (0, 1) } else { (2, 2) };
            change.references(attribute, &targets(adds, attribute), &targets(deletes, attribute), counts);
        }
    }
    Some(change)
}
