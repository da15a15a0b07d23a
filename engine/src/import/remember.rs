//! What synchronization knows of an object does not change by an import: exports that the import confirms are
//! remembered until the object itself is synchronized ([`CsObject::confirmed`]). Pure.

use super::layers::{ReferenceSets, both, minus, union};
use crate::model::sorted_set::sorted_set;
use crate::model::{AttributeChange, AttributeId, CsId, Delta, Image, ObjectOperation, Value, Values};
use crate::store::connector_space::CsObject;
use crate::store::references::ReferenceLayer;

/// The values that synchronizations of other connectors read before an import is laid over an object.
pub(super) struct Known(Option<Image>);

impl Known {
    /// Of an object that gives values to an identity and of which something was exported or is to be.
    pub(super) fn of(object: &CsObject) -> Self {
        let exports = [&object.unconfirmed, &object.unapplied].iter().any(|delta| !delta.is_none());
        let contributes = object.mv.is_some() && !object.hologram.is_empty();
        Self((exports && contributes).then(|| object.known_image()))
    }

    /// Remembers what is not in the export layers any more. `before` and `after` are the references before and after;
    /// `blind` tells attributes that no import ever shows.
    pub(super) fn remember(
        self,
        object: &mut CsObject,
        before: &ReferenceSets,
        after: &ReferenceSets,
        blind: impl Fn(AttributeId) -> bool,
    ) {
        if let Some(known) = self.0 {
            let changed = Delta::changes_between(&object.known_image(), &known);
            for (attribute, _) in changed.iter().filter(|(attribute, _)| !blind(**attribute)) {
                let change = AttributeChange::between(object.hologram.get(*attribute), known.get(*attribute));
                set(&mut object.confirmed, *attribute, change);
            }
            for attribute in before.attributes().into_iter().filter(|attribute| !blind(*attribute)) {
                remember_references(object, attribute, before, after);
            }
        }
        if !object.confirmed.is_none() && object.pending_import.is_none() {
            // What was exported and seen is not there any more: the object must be synchronized all the same.
            object.pending_import.operation = ObjectOperation::Update;
        }
    }
}

fn set(confirmed: &mut Delta, attribute: AttributeId, change: Option<AttributeChange>) {
    match change {
        Some(change) => confirmed.changes.insert(attribute, change),
        None => confirmed.changes.remove(&attribute),
    };
    confirmed.operation = if confirmed.changes.is_empty() { ObjectOperation::None } else { ObjectOperation::Update };
}

fn remember_references(object: &mut CsObject, attribute: AttributeId, before: &ReferenceSets, after: &ReferenceSets) {
    use ReferenceLayer::{
        EscrowedAdd, EscrowedDelete, Hologram, UnappliedAdd, UnappliedDelete, UnconfirmedAdd, UnconfirmedDelete,
    };
    let exports = [UnconfirmedAdd, UnconfirmedDelete, UnappliedAdd, UnappliedDelete];
    let affected = exports.into_iter().fold(Vec::new(), |affected, layer| {
        let (old, new) = (before.get(attribute, layer), after.get(attribute, layer));
        union(&union(&affected, &minus(old, new)), &minus(new, old))
    });
    if affected.is_empty() {
        return;
    }
    let (adds, deletes) = match object.confirmed.changes.get(&attribute) {
        Some(AttributeChange::Update { adds, deletes }) => (targets(adds), targets(deletes)),
        _ => (Vec::new(), Vec::new()),
    };
    let held = |sets: &ReferenceSets| {
        let start = minus(&union(&both(&affected, sets.get(attribute, Hologram)), &both(&affected, &adds)), &deletes);
        let layers = [(UnconfirmedAdd, UnconfirmedDelete), (EscrowedAdd, EscrowedDelete), (UnappliedAdd, UnappliedDelete)];
        layers.into_iter().fold(start, |held, (add, delete)| {
            minus(&union(&held, &both(&affected, sets.get(attribute, add))), sets.get(attribute, delete))
        })
    };
    let (was, is) = (held(before), held(after));
    let (lost, won) = (minus(&was, &is), minus(&is, &was));
    let (adds, deletes) = (minus(&union(&adds, &lost), &won), minus(&union(&deletes, &won), &lost));
    let change = AttributeChange::Update { adds: values(&adds), deletes: values(&deletes) };
    set(&mut object.confirmed, attribute, Some(change).filter(|_| !adds.is_empty() || !deletes.is_empty()));
}

fn targets(values: &Values) -> Vec<CsId> {
    let target = |value: &Value| match value {
        Value::Reference(target) => Some(CsId(*target)),
        _ => None,
    };
    sorted_set(values.iter().filter_map(target).collect())
}

fn values(targets: &[CsId]) -> Values {
    targets.iter().map(|target| Value::Reference(target.0)).collect()
}
