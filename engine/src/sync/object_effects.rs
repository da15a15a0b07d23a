//! What an evaluation makes of one connector space object: synchronized, left alone, let go; and how what several rounds
//! want of it adds up.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::effects::{CsEffect, MvTarget};
use super::inbound::Contributor;
use super::outbound::{TargetOutcome, deprovision, link_rules, unlink};
use super::values::Ambience;
use crate::model::{CsId, Delta, Deprovisioning, ErrorCode, ObjectOperation};
use crate::rules::{Direction, LinkType};
use crate::store::connector_space::CsObject;

/// The last synchronization of the object failed; what an import found out about an export is no failure.
pub(super) fn has_failed(object: &CsObject) -> bool {
    object.import_error.as_ref().is_some_and(|known| known.error.code != ErrorCode::EXPORTED_CHANGE_NOT_REIMPORTED)
}

/// The source with its pending import synchronized and its flags and error cleared.
pub(super) fn committed(contributor: &Contributor, ambience: Ambience<'_>) -> CsEffect {
    let object = &contributor.object;
    let mut effect = CsEffect::keep(object);
    let after = &mut effect.after;
    if !object.pending_import.is_none() {
        after.object_type = object.imported_type().map(str::to_owned);
        object.pending_import.apply_to(&mut after.hologram);
        after.pending_import = Delta::none();
        effect.commit_import = true;
    }
    after.confirmed = Delta::none();
    // What an import did not see of an export is settled by an import.
    if has_failed(object) {
        after.import_error = None;
    }
    after.rename_retry = false;
    after.reference_retry = false;
    after.needs_full = false;
    let outbound: Vec<_> = object.link_rules.iter().filter(|rule| rule.direction == Direction::Outbound).copied().collect();
    after.link_rules = link_rules(Some(contributor), &[], &object.link_rules, ambience);
    after.link_rules.extend(outbound);
    effect
}

/// The source after it lost its metaverse object; one whose deletion was imported goes.
pub(super) fn left(contributor: &Contributor, deleted: bool, ambience: Ambience<'_>) -> CsEffect {
    if deleted {
        let mut effect = CsEffect::keep(&contributor.object);
        effect.link = None;
        effect.remove = true;
        return effect;
    }
    let mut effect = committed(contributor, ambience);
    effect.link = None;
    effect.after.link_rules.clear();
    effect.after.disconnected = Some(ambience.now);
    if !matches!(effect.after.unapplied.operation, ObjectOperation::None | ObjectOperation::Delete) {
        // Nobody wants it any more.
        effect.after.unapplied = Delta::none();
        effect.staged_references = Some(Default::default());
    }
    effect
}

/// A joined object of a metaverse object that goes: deprovisioned when a rule provisioned it, left alone otherwise
/// (`engine.md` 4.2-7).
pub(super) fn released(object: &Arc<CsObject>, action: Deprovisioning, ambience: Ambience<'_>) -> TargetOutcome {
    let provisioned =
        object.link_rules.iter().any(|rule| rule.direction == Direction::Outbound && rule.action == LinkType::Provision);
    if provisioned { deprovision(object, action, ambience) } else { TargetOutcome { counter: None, ..unlink(object, ambience) } }
}

/// Lays an outbound effect over what is already wanted for the same object.
pub(super) fn merge_effect(effects: &mut BTreeMap<CsId, CsEffect>, effect: CsEffect, link: Option<MvTarget>) {
    let Some(id) = effect.before.as_ref().map(|object| object.id) else { return };
    match effects.get_mut(&id) {
        None => {
            effects.insert(id, effect);
        }
        Some(known) => {
            known.after.unapplied = effect.after.unapplied.clone();
            known.after.export_changed = effect.after.export_changed;
            known.after.disconnected = effect.after.disconnected;
            if effect.before.as_ref().is_some_and(|before| before.connector_state != effect.after.connector_state) {
                known.after.connector_state = effect.after.connector_state;
            }
            known.after.link_rules.clone_from(&effect.after.link_rules);
            known.after.dn.clone_from(&effect.after.dn);
            known.after.dn_key.clone_from(&effect.after.dn_key);
            if effect.after.object_type != effect.before.as_ref().and_then(|object| object.object_type.clone()) {
                known.after.object_type.clone_from(&effect.after.object_type);
            }
            known.link = if effect.link.is_none() { None } else { link.or(effect.link) };
            known.remove |= effect.remove;
            known.staged_references = effect.staged_references;
        }
    }
}
