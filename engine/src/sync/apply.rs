//! Writes effects inside the caller's transaction and tells which facts are no longer true.

use std::collections::{BTreeSet, HashSet};

use rusqlite::Transaction;

use super::effects::{CsEffect, Effects, MvEffect, MvTarget, ReferenceValues, rows};
use super::facts::Question;
use crate::model::{AttributeId, ConnectorId, CsId, Image, MvId, Value, fold_text};
use crate::rules::Plan;
use crate::store::StoreError;
use crate::store::connector_space::{self, CsObject, TowerView, display_name_of};
use crate::store::metaverse::{self, JoinKey, MvNames, MvObject};
use crate::store::references::{self, ReferenceLayer};

/// Metaverse attributes that searches look up, kept as join keys beside those of the rules.
const SEARCHED: [&str; 6] = ["accountName", "cloudAnchor", "displayName", "mail", "sourceAnchor", "userPrincipalName"];
/// Metaverse attributes whose text "find anything" looks through.
pub const SEARCH_TEXT: [&str; 7] =
    ["displayName", "cn", "accountName", "mail", "userPrincipalName", "sourceAnchor", "proxyAddresses"];

/// What writes made untrue.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changed {
    /// Questions that have another answer now.
    pub untrue: HashSet<Question>,
    /// Objects that refer to something that was joined or let go. They carry a retry flag in the database;
    /// an evaluation that read them before stays usable, because the flag brings them up again.
    pub flagged: HashSet<Question>,
}

impl Changed {
    /// Adds what further writes made untrue.
    pub fn extend(&mut self, further: Self) {
        self.untrue.extend(further.untrue);
        self.flagged.extend(further.flagged);
    }
}

/// Tells which objects carry a retry flag that an evaluation has not seen.
pub type Flagged<'f> = &'f dyn Fn(&Question) -> bool;

/// Writes effects of a plan.
#[derive(Debug)]
pub struct Applier<'a> {
    plan: &'a Plan,
    metaverse_keys: Vec<AttributeId>,
    search_text: Vec<AttributeId>,
    display_name: Option<AttributeId>,
    cn: Option<AttributeId>,
}

impl<'a> Applier<'a> {
    /// An applier for a plan.
    #[must_use]
    pub fn new(plan: &'a Plan) -> Self {
        let ids = |names: &[&str]| names.iter().filter_map(|name| plan.attributes.get(name)).collect::<Vec<_>>();
        Self {
            plan,
            metaverse_keys: metaverse_key_attributes(plan),
            search_text: ids(&SEARCH_TEXT),
            display_name: plan.attributes.get("displayName"),
            cn: plan.attributes.get("cn"),
        }
    }

    /// Writes all effects and gives what is no longer true. `flagged` tells which
    /// objects were flagged after these effects were computed: they keep their flag, because the effects do not know of it.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be written; the caller's transaction must then be
    /// given up.
    pub fn apply(&self, transaction: &Transaction<'_>, effects: Effects, flagged: Flagged<'_>) -> Result<Changed, StoreError> {
        let mut changed = Changed::default();
        let gone = match &effects.metaverse {
            Some(MvEffect::Delete(object)) => Some((object.id, image_keys(&object.image, &self.metaverse_keys))),
            Some(MvEffect::Create(_) | MvEffect::Change { .. }) | None => None,
        };
        let mv = self.metaverse(transaction, effects.metaverse, flagged, &mut changed)?;
        for effect in effects.objects {
            let link = match effect.link {
                None => None,
                Some(MvTarget::Existing(id)) => Some(id),
                Some(MvTarget::New) => mv,
            };
            self.object(transaction, effect, link, flagged, &mut changed)?;
        }
        // The identity goes last, so that objects that pointed at it are already let go.
        if let Some((id, keys)) = gone {
            changed.untrue.extend(metaverse::remove(transaction, id, &keys)?.into_iter().map(Question::Mv));
        }
        Ok(changed)
    }

    fn metaverse(
        &self,
        transaction: &Transaction<'_>,
        effect: Option<MvEffect>,
        flagged: Flagged<'_>,
        changed: &mut Changed,
    ) -> Result<Option<MvId>, StoreError> {
        let untrue = &mut changed.untrue;
        let question = |(attribute, value): JoinKey| Question::MvByKey(attribute, value);
        match effect {
            None => Ok(None),
            Some(MvEffect::Create(mut object)) => {
                let names = self.names(&object);
                let id = metaverse::insert(transaction, &mut object, &names)?;
                untrue.extend(names.keys.into_iter().map(question));
                Ok(Some(id))
            }
            Some(MvEffect::Change { before, mut after }) => {
                let (keys, names) = (image_keys(&before.image, &self.metaverse_keys), self.names(&after));
                after.reference_retry |= flagged(&Question::Mv(after.id));
                metaverse::update(transaction, &before, &keys, &after, &names, self.is_renamed(&before, &after))?;
                untrue.insert(Question::Mv(after.id));
                if keys != names.keys {
                    let (old, new): (BTreeSet<_>, BTreeSet<_>) = (keys.into_iter().collect(), names.keys.into_iter().collect());
                    untrue.extend(old.symmetric_difference(&new).cloned().map(question));
                }
                Ok(Some(after.id))
            }
            Some(MvEffect::Delete(object)) => {
                untrue.extend(image_keys(&object.image, &self.metaverse_keys).into_iter().map(question));
                untrue.extend([Question::Mv(object.id), Question::Links(object.id)]);
                Ok(None)
            }
        }
    }

    fn object(
        &self,
        transaction: &Transaction<'_>,
        mut effect: CsEffect,
        link: Option<MvId>,
        flagged: Flagged<'_>,
        changed: &mut Changed,
    ) -> Result<(), StoreError> {
        effect.complete(link);
        let before_link = effect.before.as_ref().and_then(|object| object.mv);
        let unchanged = effect.before.as_deref().is_some_and(|before| *before == *effect.after);
        if unchanged && !effect.remove && !effect.commit_import && effect.staged_references.is_none() {
            return Ok(());
        }
        effect.after.reference_retry |= flagged(&Question::Cs(effect.after.id));
        let (connector, untrue) = (effect.after.connector, &mut changed.untrue);
        let keys = effect.before.as_ref().map(|before| self.keys(before)).unwrap_or_default();
        untrue.insert(Question::CsByDn(connector, effect.after.dn_key.clone()));
        if let Some(before) = &effect.before {
            untrue.insert(Question::Cs(before.id));
            if before.dn_key != effect.after.dn_key {
                untrue.insert(Question::CsByDn(connector, before.dn_key.clone()));
            }
            untrue.extend(key_questions(connector, &keys));
        }
        if effect.remove {
            connector_space::remove(transaction, connector, effect.after.id, &keys)?;
        } else {
            self.write(transaction, &mut effect, &keys, untrue)?;
        }
        let (id, linked_now) = (effect.after.id, if effect.remove { None } else { link });
        if before_link != linked_now {
            untrue.extend(before_link.into_iter().chain(linked_now).map(Question::Links));
            let flagged = &mut changed.flagged;
            // Nothing refers to what has only just been made.
            if effect.before.is_some() {
                flagged.extend(connector_space::flag_referrers(transaction, id)?.into_iter().map(Question::Cs));
            }
            let known_before = effect.link != Some(MvTarget::New);
            for mv in before_link.into_iter().chain(linked_now.filter(|_| known_before)) {
                flagged.extend(metaverse::flag_referrers(transaction, mv)?.into_iter().map(Question::Mv));
            }
        }
        Ok(())
    }

    /// Writes an object; `old` are its join keys in the database.
    fn write(
        &self,
        transaction: &Transaction<'_>,
        effect: &mut CsEffect,
        old: &[JoinKey],
        untrue: &mut HashSet<Question>,
    ) -> Result<(), StoreError> {
        let after = &mut *effect.after;
        let display_name = after.display_name(TowerView::Expected, self.display_name, self.cn);
        match &effect.before {
            None => {
                after.parent = None;
                connector_space::insert(transaction, after, &display_name)?;
            }
            Some(before) => {
                connector_space::rewrite(transaction, before, after, &display_name)?;
                if before.needs_full && !after.needs_full {
                    connector_space::clear_full(transaction, after.id)?;
                }
            }
        }
        if let (true, Some(before)) = (effect.commit_import, &effect.before) {
            let has = |layer| before.references.iter().any(|reference| reference.layer == layer);
            if has(ReferenceLayer::ImportDelete) {
                references::commit_import(transaction, after.id)?;
            } else if has(ReferenceLayer::ImportAdd) {
                references::move_layer(transaction, after.id, ReferenceLayer::ImportAdd, ReferenceLayer::Hologram)?;
            }
        }
        if let Some((adds, deletes)) = &effect.staged_references {
            if effect.before.as_ref().is_some_and(|before| has_staged_references(before)) {
                references::clear_layer(transaction, after.id, ReferenceLayer::UnappliedAdd)?;
                references::clear_layer(transaction, after.id, ReferenceLayer::UnappliedDelete)?;
            }
            for reference in rows(adds, ReferenceLayer::UnappliedAdd).chain(rows(deletes, ReferenceLayer::UnappliedDelete)) {
                references::add(transaction, after.id, reference.attribute, reference.target, reference.layer)?;
            }
            untrue.extend(self.members_staged(effect, adds, deletes).map(Question::Cs));
        }
        let after = &effect.after;
        let keys = self.keys(after);
        if old != keys {
            connector_space::write_keys(transaction, after.connector, after.id, old, &keys)?;
            untrue.extend(key_questions(after.connector, &keys));
        }
        Ok(())
    }

    /// The members that are staged now, or were before, when rules ask for the members of this group.
    fn members_staged<'e>(
        &self,
        effect: &'e CsEffect,
        adds: &'e ReferenceValues,
        deletes: &'e ReferenceValues,
    ) -> impl Iterator<Item = CsId> {
        let watched =
            self.plan.watched_groups.get(&effect.after.connector).is_some_and(|groups| groups.contains(&effect.after.dn_key));
        let member = self.plan.member.filter(|_| watched);
        let before = effect.before.iter().flat_map(|object| &object.references);
        let staged = before
            .filter(move |row| row.layer >= ReferenceLayer::UnappliedAdd && Some(row.attribute) == member)
            .map(|row| row.target);
        let now = [adds, deletes].into_iter().filter_map(move |values| values.get(&member?)).flatten().copied();
        staged.chain(now)
    }

    /// The join keys under which an object is kept.
    fn keys(&self, object: &CsObject) -> Vec<JoinKey> {
        self.plan.connector_keys.get(&object.connector).map(|attributes| keys_of(object, attributes)).unwrap_or_default()
    }

    /// True when a metaverse object is found or shown under another name than before.
    fn is_renamed(&self, before: &MvObject, after: &MvObject) -> bool {
        let mut names = self.search_text.iter().copied().chain(self.display_name).chain(self.cn);
        names.any(|attribute| before.image.get(attribute) != after.image.get(attribute))
    }

    /// The names under which a metaverse object is found.
    #[must_use]
    pub fn names(&self, object: &MvObject) -> MvNames {
        let text =
            |attribute: &AttributeId| -> Vec<&str> { object.image.get(*attribute).iter().filter_map(Value::as_text).collect() };
        let mut search_text = String::new();
        for part in self.search_text.iter().flat_map(text) {
            search_text.push_str(&fold_text(part));
            search_text.push('\n');
        }
        MvNames {
            display_name: display_name_of(&object.image, self.display_name, self.cn),
            search_text,
            keys: image_keys(&object.image, &self.metaverse_keys),
        }
    }
}

/// The metaverse attributes that are kept as join keys: those of the rules and those of searches.
#[must_use]
pub fn metaverse_key_attributes(plan: &Plan) -> Vec<AttributeId> {
    let searched = SEARCHED.iter().filter_map(|name| plan.attributes.get(name));
    let keys: BTreeSet<AttributeId> = plan.metaverse_keys.iter().copied().chain(searched).collect();
    keys.into_iter().collect()
}

fn has_staged_references(object: &CsObject) -> bool {
    object.references.iter().any(|reference| reference.layer >= ReferenceLayer::UnappliedAdd)
}

fn key_questions(connector: ConnectorId, keys: &[JoinKey]) -> impl Iterator<Item = Question> {
    keys.iter().map(move |(attribute, value)| Question::CsByKey(connector, *attribute, value.clone()))
}

/// Join keys of a connector space object: the values that it is expected to hold.
#[must_use]
pub fn keys_of(object: &CsObject, attributes: &[AttributeId]) -> Vec<JoinKey> {
    let values = attributes.iter().map(|attribute| (*attribute, object.values(TowerView::Expected, *attribute)));
    let keys = values.flat_map(|(attribute, values)| values.into_iter().map(move |value| (attribute, value.match_key())));
    sorted(keys.collect())
}

/// Join keys of a metaverse object.
fn image_keys(image: &Image, attributes: &[AttributeId]) -> Vec<JoinKey> {
    let keys = attributes.iter().flat_map(|attribute| image.get(*attribute).iter().map(|value| (*attribute, value.match_key())));
    sorted(keys.collect())
}

fn sorted(mut keys: Vec<JoinKey>) -> Vec<JoinKey> {
    keys.sort_unstable();
    keys.dedup();
    keys
}
