//! The preview of one object in the words of a what-if.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use rusqlite::Connection;

use super::describe::{Describer, Origins, Surroundings};
use super::reason::{RuleNames, linking_rule, lost};
use super::report::ObjectChange;
use super::values::target_name;
use crate::model::{AttributeId, ConnectorId, CsId, Image, MvId, Value};
use crate::rules::{Direction, Plan};
use crate::store::StoreError;
use crate::store::connector_space::{CsObject, display_name_of};
use crate::store::metaverse::{self, MvObject};
use crate::store::references::ReferenceLayer;
use crate::store::search;
use crate::store::whatif::{CsChange, MvChange, ReferenceChange};
use crate::sync::explain;
use crate::sync::preview::Preview;
use crate::sync::{CsEffect, MvEffect};

/// What a preview needs to be described.
#[derive(Clone, Copy, Debug)]
pub struct PreviewContext<'a> {
    /// The rules.
    pub plan: &'a Plan,
    /// Names of rules, those too that are switched off.
    pub rules: &'a RuleNames,
    /// Identifiers of connectors.
    pub spaces: &'a BTreeMap<ConnectorId, String>,
    /// The present instant.
    pub now: Timestamp,
}

/// What a preview does: the metaverse object first, then the source, then the targets. Objects that nothing
/// happens to are left out.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn preview_changes(
    connection: &Connection,
    context: PreviewContext<'_>,
    preview: &Preview,
) -> Result<Vec<ObjectChange>, StoreError> {
    let PreviewContext { plan, rules, spaces, now } = context;
    let describer = Describer { plan, rules, spaces, now };
    let effects = &preview.effects;
    let touched: Vec<(&CsEffect, CsChange)> = effects
        .objects
        .iter()
        .map(|effect| {
            let before = effect.before.as_deref().filter(|object| !object.is_placeholder());
            let after = match &effect.before {
                Some(object) => preview.object(object.id).flatten(),
                None => preview.new_objects().find(|object| object.guid == effect.after.guid),
            };
            let after = after.filter(|object| !object.is_placeholder());
            (effect, cs_change(before, after.as_ref()))
        })
        .collect();
    let around = surroundings(connection, plan, preview, &touched)?;
    let mut changes = Vec::new();
    if let Some(effect) = &effects.metaverse {
        let (id, before, after) = match effect {
            MvEffect::Create(object) => (object.id, None, Some(object.as_ref())),
            MvEffect::Change { before, after } => (after.id, Some(before.as_ref()), Some(after.as_ref())),
            MvEffect::Delete(object) => (object.id, Some(object.as_ref()), None),
        };
        let change = mv_change(before, after);
        let origins = origins(connection, describer, &around, id, &change, effects.objects.first())?;
        changes.extend(describer.identity(id, &change, &origins));
    }
    changes.extend(touched.iter().filter_map(|(_, change)| describer.object(change, &around)));
    Ok(changes)
}

fn surroundings(
    connection: &Connection,
    plan: &Plan,
    preview: &Preview,
    touched: &[(&CsEffect, CsChange)],
) -> Result<Surroundings, StoreError> {
    let ids: BTreeSet<MvId> =
        touched.iter().flat_map(|(_, change)| change.before.iter().chain(&change.after).filter_map(|object| object.mv)).collect();
    let ids: Vec<MvId> = ids.into_iter().collect();
    let targets: BTreeSet<CsId> = touched
        .iter()
        .flat_map(|(_, change)| change.references.values())
        .flat_map(|change| change.adds.first.iter().chain(&change.deletes.first).copied())
        .collect();
    let targets: Vec<CsId> = targets.into_iter().collect();
    let mut around = Surroundings {
        identities: metaverse::load(connection, &ids)?.into_iter().map(|object| (object.id, object)).collect(),
        groups: explain::groups(connection, plan, &ids)?,
        identity_names: identity_names(connection, ids)?,
        names: search::connector_space::rows(connection, &targets)?
            .into_iter()
            .map(|row| (row.id, target_name(row.dn, &row.display_name)))
            .collect(),
        ..Surroundings::default()
    };
    match &preview.effects.metaverse {
        None => {}
        Some(MvEffect::Delete(object)) => {
            around.identities.remove(&object.id);
        }
        Some(MvEffect::Create(object)) => {
            let named = |name| plan.attributes.get(name);
            let name = display_name_of(&object.image, named("displayName"), named("cn"));
            around.created.insert(object.id);
            around.identity_names.insert(object.id, if name.is_empty() { object.guid.to_string() } else { name });
            around.identities.insert(object.id, (**object).clone());
        }
        Some(MvEffect::Change { after, .. }) => {
            around.identities.insert(after.id, (**after).clone());
        }
    }
    Ok(around)
}

fn identity_names(connection: &Connection, ids: impl IntoIterator<Item = MvId>) -> Result<BTreeMap<MvId, String>, StoreError> {
    let names = search::metaverse::names(connection, ids)?;
    Ok(names.into_iter().map(|(id, (guid, name))| (id, if name.is_empty() { guid.to_string() } else { name })).collect())
}

/// What the metaverse object is described with; `source` is the object that is synchronized.
fn origins(
    connection: &Connection,
    describer: Describer<'_>,
    around: &Surroundings,
    id: MvId,
    change: &MvChange,
    source: Option<&CsEffect>,
) -> Result<Origins, StoreError> {
    let targets = change.references.values().flat_map(|change| change.adds.first.iter().chain(&change.deletes.first).copied());
    let mut origins = Origins { names: identity_names(connection, targets)?, ..Origins::default() };
    origins.names.extend(around.identity_names.clone());
    if let Some(source) = source {
        if let (Some(before), None) = (&source.before, &change.after) {
            let (rule, sentence) = lost(describer.plan, describer.rules, before, None, "");
            origins.holders.insert(id, (rule, format!("{}: {sentence}", before.dn)));
        }
        let after = &source.after;
        let rule = linking_rule(describer.rules, &after.link_rules, Direction::Inbound).unwrap_or_default();
        let identity = format!("new {} {}", describer.space(after.connector), after.dn_key);
        origins.sources.insert(id, (identity, after.dn.clone(), rule));
    }
    Ok(origins)
}

fn cs_change(before: Option<&CsObject>, after: Option<&CsObject>) -> CsChange {
    let sets = |object: Option<&CsObject>| {
        object.map(|object| object.reference_targets(ReferenceLayer::UnappliedDelete)).unwrap_or_default()
    };
    let plain = |object: Option<&CsObject>| object.map(|object| CsObject { references: Vec::new(), ..object.clone() });
    CsChange { before: plain(before), after: plain(after), references: reference_changes(&sets(before), &sets(after)) }
}

fn mv_change(before: Option<&MvObject>, after: Option<&MvObject>) -> MvChange {
    let split = |object: Option<&MvObject>| {
        let mut sets: BTreeMap<AttributeId, Vec<MvId>> = BTreeMap::new();
        let object = object.map(|object| {
            let mut image = Image::new();
            for (attribute, values) in object.image.iter() {
                let targets: Vec<MvId> = values
                    .iter()
                    .filter_map(|value| match value {
                        Value::Reference(target) => Some(MvId(*target)),
                        Value::String(_) | Value::Binary(_) | Value::Integer(_) | Value::Boolean(_) => None,
                    })
                    .collect();
                if targets.is_empty() {
                    image.set(attribute, values.clone());
                } else {
                    sets.insert(attribute, targets);
                }
            }
            (MvObject { image, ..object.clone() }, String::new())
        });
        (object, sets)
    };
    let ((before, old), (after, new)) = (split(before), split(after));
    MvChange { before, after, references: reference_changes(&old, &new) }
}

fn reference_changes<T: Copy + Ord>(
    old: &BTreeMap<AttributeId, Vec<T>>,
    new: &BTreeMap<AttributeId, Vec<T>>,
) -> BTreeMap<AttributeId, ReferenceChange<T>> {
    let set = |sets: &BTreeMap<AttributeId, Vec<T>>, attribute: &AttributeId| -> BTreeSet<T> {
        sets.get(attribute).into_iter().flatten().copied().collect()
    };
    let attributes: BTreeSet<AttributeId> = old.keys().chain(new.keys()).copied().collect();
    let mut changes = BTreeMap::new();
    for attribute in attributes {
        let (old, new) = (set(old, &attribute), set(new, &attribute));
        if old == new {
            continue;
        }
        let mut change = ReferenceChange::default();
        new.difference(&old).for_each(|target| change.adds.add(*target));
        old.difference(&new).for_each(|target| change.deletes.add(*target));
        changes.insert(attribute, change);
    }
    changes
}
