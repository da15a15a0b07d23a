//! Compare: what an imported object changes in its connector space object (`engine.md` 3.4, 3.5, 3.8,
//! 3.13). Pure: the object comes in as the database has it and leaves as it is to be written.

use std::collections::{BTreeMap, BTreeSet};

use super::confirm::{Evidence, Mismatch, confirm};
use super::layers::{ReferenceSets, both, minus, union};
use super::remember::Known;
use crate::model::{AttributeId, CsId, DN_ATTRIBUTE, Delta, Image, ObjectOperation};
use crate::store::connector_space::CsObject;
use crate::store::references::ReferenceLayer;

const IMPORT: [ReferenceLayer; 2] = [ReferenceLayer::ImportAdd, ReferenceLayer::ImportDelete];
const UNCONFIRMED: [ReferenceLayer; 2] = [ReferenceLayer::UnconfirmedAdd, ReferenceLayer::UnconfirmedDelete];
const UNAPPLIED: [ReferenceLayer; 2] = [ReferenceLayer::UnappliedAdd, ReferenceLayer::UnappliedDelete];

/// An object as imported, its references resolved.
#[derive(Clone, Debug)]
pub(super) struct Incoming {
    pub object_type: String,
    pub image: Image,
    /// Sorted targets by attribute; an attribute without targets is absent now.
    pub references: BTreeMap<AttributeId, Vec<CsId>>,
    /// Targets that came and went by attribute, of attributes whose other values were not told.
    pub changed: BTreeMap<AttributeId, ChangedTargets>,
    /// The attributes told with all their values; `None` means all.
    pub mentioned: Option<BTreeSet<AttributeId>>,
    /// The name differs from the one the object had.
    pub renamed: bool,
    /// The import is a full one: what it does not show is not there.
    pub full: bool,
}

/// Which attributes imports of a connector bring.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Brought<'a> {
    /// These; `None` means all.
    pub selected: Option<&'a BTreeSet<AttributeId>>,
    /// Never these, because what the directory shows of them is no evidence: what was exported stays.
    pub write_only: Option<&'a BTreeSet<AttributeId>>,
}

impl Brought<'_> {
    /// True when nothing of the attribute is kept once it was exported.
    fn is_lost(self, attribute: AttributeId) -> bool {
        self.selected.is_some_and(|selected| !selected.contains(&attribute))
            && !self.write_only.is_some_and(|kept| kept.contains(&attribute))
    }
}

/// Targets of a reference attribute that came and went, both sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ChangedTargets {
    pub there: Vec<CsId>,
    pub gone: Vec<CsId>,
}

/// What an import tells of a reference attribute.
#[derive(Clone, Copy, Debug)]
enum Told<'a> {
    /// All its targets.
    Whole(&'a [CsId]),
    /// Only these.
    Changed(&'a ChangedTargets),
}

/// What a comparison found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Compared {
    /// The counter of `engine.md` 6.4.
    pub counter: &'static str,
    /// Exported changes that came back different.
    pub mismatches: Vec<Mismatch>,
    /// Everything exported so far has been seen, and nothing waits to be sent.
    pub settled: bool,
}

/// True while synchronization has never seen the object: its pending import is an add.
pub(super) fn is_fresh(object: &CsObject) -> bool {
    object.is_placeholder()
        || object.pending_import.operation == ObjectOperation::Add
        || object.rebuild
        || object.unconfirmed.operation == ObjectOperation::Add
        || (object.unapplied.operation == ObjectOperation::Add && !object.was_imported())
}

/// Lays an imported object over its connector space object. `object` already has its new name; `sets`
/// are its references, as loaded, and become those to write. Of attributes that are not told whole, `sets` need only
/// hold the targets that are told, and what is above the hologram.
pub(super) fn compare(object: &mut CsObject, sets: &mut ReferenceSets, incoming: &Incoming, brought: Brought<'_>) -> Compared {
    let before = sets.clone();
    let previous = object.pending_import.clone();
    let fresh = is_fresh(object);
    let first = fresh && previous.is_none();
    let imported = imported_image(object, incoming, brought);
    let told = told_references(&before, incoming);
    let known = Known::of(object);

    let retyped = !fresh
        && (previous.operation == ObjectOperation::DeleteAdd
            || object.object_type.as_deref().is_some_and(|known| !known.eq_ignore_ascii_case(&incoming.object_type)));
    for (attribute, told) in &told {
        let layer = |layer| before.get(*attribute, layer);
        let hologram = layer(ReferenceLayer::Hologram);
        let (adds, deletes) = match told {
            Told::Whole(targets) => (minus(targets, hologram), minus(hologram, targets)),
            Told::Changed(ChangedTargets { there, gone }) => (
                minus(&union(layer(ReferenceLayer::ImportAdd), &minus(there, hologram)), gone),
                union(&minus(layer(ReferenceLayer::ImportDelete), there), &both(gone, hologram)),
            ),
        };
        sets.set(*attribute, ReferenceLayer::ImportAdd, adds);
        sets.set(*attribute, ReferenceLayer::ImportDelete, deletes);
    }
    object.pending_import = pending_import(object, sets, &imported, incoming, (fresh, retyped));
    // Synchronization gives it its new type.
    if !retyped {
        object.object_type = Some(incoming.object_type.clone());
    }

    let evidence =
        Evidence { dn_key: &object.dn_key, image: &imported, mentioned: incoming.mentioned.as_ref(), selected: brought.selected };
    let confirmed = if object.unconfirmed.operation == ObjectOperation::Delete {
        confirm_deletion(object, incoming.full)
    } else {
        let mut confirmed = confirm(&object.unconfirmed, &object.unapplied, &evidence);
        confirm_references(sets, &before, &told, &evidence, &mut confirmed.mismatches);
        object.unconfirmed = settle(confirmed.unconfirmed, sets.any(UNCONFIRMED));
        object.unapplied = settle(confirmed.unapplied, sets.any(UNAPPLIED));
        confirmed.mismatches
    };
    if fresh {
        object.rebuild = false;
    }
    known.remember(object, &before, sets, |attribute| brought.is_lost(attribute));
    let unchanged = !first && !incoming.renamed && object.pending_import == previous && sets.same(&before, IMPORT);
    Compared {
        counter: counter(object.pending_import.operation, unchanged, first, incoming.renamed),
        settled: confirmed.is_empty() && object.unconfirmed.is_none() && object.unapplied.is_none(),
        mismatches: confirmed,
    }
}

fn counter(operation: ObjectOperation, unchanged: bool, first: bool, renamed: bool) -> &'static str {
    match operation {
        ObjectOperation::Add if first => "stage-add",
        _ if renamed && operation != ObjectOperation::DeleteAdd => "stage-rename",
        _ if unchanged => "stage-no-change",
        ObjectOperation::None => "stage-no-change",
        ObjectOperation::Add => "stage-add",
        ObjectOperation::Update => "stage-update",
        ObjectOperation::DeleteAdd => "stage-delete-add",
        ObjectOperation::Delete => "stage-delete",
    }
}

/// The attributes as imported: all that were told over those that were not, and what was exported of those that no import
/// brings.
fn imported_image(object: &CsObject, incoming: &Incoming, brought: Brought<'_>) -> Image {
    let before = || {
        let mut image = object.hologram.clone();
        if object.pending_import.operation != ObjectOperation::Delete {
            object.pending_import.apply_to(&mut image);
        }
        image
    };
    let mut image = match &incoming.mentioned {
        None => incoming.image.clone(),
        Some(mentioned) => {
            let mut image = before();
            for attribute in mentioned {
                image.set(*attribute, incoming.image.get(*attribute).iter().cloned().collect());
            }
            image
        }
    };
    if let Some(write_only) = brought.write_only.filter(|attributes| !attributes.is_empty()) {
        let mut exported = before();
        if object.unconfirmed.operation != ObjectOperation::Delete {
            object.unconfirmed.apply_to(&mut exported);
        }
        for attribute in write_only {
            image.set(*attribute, exported.get(*attribute).iter().cloned().collect());
        }
    }
    image
}

/// What is told of the references, by attribute; an attribute that had values and is told to have none is there too.
/// What is not told stays as it is in every layer.
fn told_references<'a>(before: &ReferenceSets, incoming: &'a Incoming) -> BTreeMap<AttributeId, Told<'a>> {
    let mut told: BTreeMap<_, _> =
        incoming.changed.iter().map(|(attribute, changed)| (*attribute, Told::Changed(changed))).collect();
    let mentioned = |attribute: &AttributeId| incoming.mentioned.as_ref().is_none_or(|mentioned| mentioned.contains(attribute));
    told.extend(before.attributes().into_iter().filter(mentioned).map(|attribute| (attribute, Told::Whole(&[]))));
    told.extend(incoming.references.iter().map(|(attribute, targets)| (*attribute, Told::Whole(targets))));
    told
}

/// The difference between the imported object and the hologram.
fn pending_import(
    object: &CsObject,
    sets: &ReferenceSets,
    imported: &Image,
    incoming: &Incoming,
    (fresh, retyped): (bool, bool),
) -> Delta {
    if fresh || retyped {
        return Delta {
            operation: if fresh { ObjectOperation::Add } else { ObjectOperation::DeleteAdd },
            dn: Some(object.dn.clone()),
            object_type: Some(incoming.object_type.clone()),
            changes: Delta::changes_between(&Image::new(), imported),
        };
    }
    let changes = Delta::changes_between(&object.hologram, imported);
    let was_renamed = object.pending_import.operation == ObjectOperation::Update && object.pending_import.dn.is_some();
    let dn = (incoming.renamed || was_renamed).then(|| object.dn.clone());
    if changes.is_empty() && dn.is_none() && !sets.any(IMPORT) {
        return Delta::none();
    }
    Delta { operation: ObjectOperation::Update, dn, object_type: None, changes }
}

/// An object whose deletion was exported is still there: a full import settles that, a delta import
/// tells nothing of it.
fn confirm_deletion(object: &mut CsObject, full: bool) -> Vec<Mismatch> {
    if !full {
        return Vec::new();
    }
    object.unconfirmed = Delta::none();
    vec![Mismatch { attribute: DN_ATTRIBUTE, exported: "the deletion".to_owned(), imported: "the object".to_owned() }]
}

/// Confirms exported and staged reference values. Where only some targets are told, the others wait on.
fn confirm_references(
    sets: &mut ReferenceSets,
    before: &ReferenceSets,
    told: &BTreeMap<AttributeId, Told<'_>>,
    evidence: &Evidence<'_>,
    mismatches: &mut Vec<Mismatch>,
) {
    use ReferenceLayer::{UnappliedAdd, UnappliedDelete, UnconfirmedAdd, UnconfirmedDelete};
    for attribute in before.attributes().into_iter().filter(|attribute| evidence.blind(*attribute)) {
        sets.set(attribute, UnconfirmedAdd, Vec::new());
        sets.set(attribute, UnconfirmedDelete, Vec::new());
    }
    for (attribute, told) in told.iter().filter(|(attribute, _)| !evidence.blind(**attribute)) {
        let attribute = *attribute;
        let layer = |layer| before.get(attribute, layer);
        // The exported values that are told, as they were exported and as they are.
        let (added, deleted, missing, remaining) = match told {
            Told::Whole(targets) => {
                let (added, deleted) = (layer(UnconfirmedAdd).to_vec(), layer(UnconfirmedDelete).to_vec());
                let (missing, remaining) = (minus(&added, targets), both(&deleted, targets));
                (added, deleted, missing, remaining)
            }
            Told::Changed(ChangedTargets { there, gone }) => {
                let all = union(there, gone);
                let (added, deleted) = (both(layer(UnconfirmedAdd), &all), both(layer(UnconfirmedDelete), &all));
                let (missing, remaining) = (both(&added, gone), both(&deleted, there));
                (added, deleted, missing, remaining)
            }
        };
        // Not seen: they go back to the staged export, unless it takes them back anyway.
        let missing = minus(&missing, layer(UnappliedDelete));
        let remaining = minus(&remaining, layer(UnappliedAdd));
        if !missing.is_empty() || !remaining.is_empty() {
            mismatches.push(Mismatch {
                attribute,
                exported: format!("{} added, {} removed", added.len(), deleted.len()),
                imported: format!("{} missing, {} still there", missing.len(), remaining.len()),
            });
        }
        let (adds, deletes) = (union(layer(UnappliedAdd), &missing), union(layer(UnappliedDelete), &remaining));
        let (adds, deletes) = match told {
            Told::Whole(targets) => (minus(&adds, targets), both(&deletes, targets)),
            Told::Changed(ChangedTargets { there, gone }) => (minus(&adds, there), minus(&deletes, gone)),
        };
        sets.set(attribute, UnconfirmedAdd, minus(layer(UnconfirmedAdd), &added));
        sets.set(attribute, UnconfirmedDelete, minus(layer(UnconfirmedDelete), &deleted));
        sets.set(attribute, UnappliedAdd, adds);
        sets.set(attribute, UnappliedDelete, deletes);
    }
}

/// A layer lives while it changes something.
fn settle(delta: Delta, has_references: bool) -> Delta {
    match delta.operation {
        ObjectOperation::Delete | ObjectOperation::DeleteAdd => delta,
        ObjectOperation::None if has_references => Delta { operation: ObjectOperation::Update, ..delta },
        ObjectOperation::Update if delta.changes.is_empty() && delta.dn.is_none() && !has_references => Delta::none(),
        ObjectOperation::None | ObjectOperation::Update | ObjectOperation::Add => delta,
    }
}

#[cfg(test)]
mod tests;
