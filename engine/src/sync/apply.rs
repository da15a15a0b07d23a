//! Writes effects inside the caller's transaction and tells which facts are no longer true.

use std::collections::{BTreeSet, HashSet};

use rusqlite::Transaction;

use super::effects::{CsEffect, Effects, MvEffect, MvTarget, ReferenceValues, rows};
use super::facts::Question;
use crate::model::{AttributeId, ConnectorId, CsId, Image, MvId, Value, fold_text};
use crate::rules::Plan;
use crate::store::StoreError;
use crate::store::connector_space::{self, CsObject, TowerView, display_name_of};
use crate::store::metaverse::{self, MvNames, MvObject};
use crate::store::references::{self, ReferenceLayer};

/// Metaverse attributes that searches look up, kept as join keys beside those of the rules.
const SEARCHED: [&str; 6] = ["accountName", "cloudAnchor", "displayName", "mail", "sourceAnchor", "userPrincipalName"];
/// Metaverse attributes whose text "find anything" looks through.
const SEARCH_TEXT: [&str; 7] =
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
    pub fn apply(&self, transaction: &Transaction<'_>, effects: &Effects, flagged: Flagged<'_>) -> Result<Changed, StoreError> {
        let mut changed = Changed::default();
        let mv = self.metaverse(transaction, effects.metaverse.as_ref(), flagged, &mut changed)?;
        for effect in &effects.objects {
            let link = match effect.link {
                None => None,
                Some(MvTarget::Existing(id)) => Some(id),
                Some(MvTarget::New) => mv,
            };
            self.object(transaction, effect, link, flagged, &mut changed)?;
        }
        // The identity goes last, so that objects that pointed at it are already let go.
        if let Some(MvEffect::Delete(object)) = &effects.metaverse {
            changed.untrue.extend(metaverse::remove(transaction, object.id)?.into_iter().map(Question::Mv));
        }
        Ok(changed)
    }

    fn metaverse(
        &self,
        transaction: &Transaction<'_>,
        effect: Option<&MvEffect>,
        flagged: Flagged<'_>,
        changed: &mut Changed,
    ) -> Result<Option<MvId>, StoreError> {
        let untrue = &mut changed.untrue;
        match effect {
            None => Ok(None),
            Some(MvEffect::Create(object)) => {
                let names = self.names(object);
                untrue.extend(names.keys.iter().map(|(attribute, value)| Question::MvByKey(*attribute, value.clone())));
                metaverse::insert(transaction, &mut (**object).clone(), &names).map(Some)
            }
            Some(MvEffect::Change { before, after }) => {
                let (old, new) = (self.names(before), self.names(after));
                let (old, names): (BTreeSet<_>, MvNames) = (old.keys.into_iter().collect(), new);
                let fresh: BTreeSet<_> = names.keys.iter().cloned().collect();
                untrue.extend(
                    old.symmetric_difference(&fresh).map(|(attribute, value)| Question::MvByKey(*attribute, value.clone())),
                );
                untrue.insert(Question::Mv(after.id));
                let reference_retry = after.reference_retry || flagged(&Question::Mv(after.id));
                let after = MvObject { reference_retry, ..(**after).clone() };
                metaverse::update(transaction, Some(before), &after, &names)?;
                Ok(Some(after.id))
            }
            Some(MvEffect::Delete(object)) => {
                untrue.extend(self.names(object).keys.into_iter().map(|(attribute, value)| Question::MvByKey(attribute, value)));
                untrue.extend([Question::Mv(object.id), Question::Links(object.id)]);
                Ok(None)
            }
        }
    }

    fn object(
        &self,
        transaction: &Transaction<'_>,
        effect: &CsEffect,
        link: Option<MvId>,
        flagged: Flagged<'_>,
        changed: &mut Changed,
    ) -> Result<(), StoreError> {
        let before_link = effect.before.as_ref().and_then(|object| object.mv);
        let mut after = effect.object(link);
        let unchanged = effect.before.as_deref().is_some_and(|before| *before == after);
        if unchanged && !effect.remove && !effect.commit_import && effect.staged_references.is_none() {
            return Ok(());
        }
        after.reference_retry |= flagged(&Question::Cs(after.id));
        let untrue = &mut changed.untrue;
        untrue.insert(Question::CsByDn(after.connector, after.dn_key.clone()));
        if let Some(before) = &effect.before {
            untrue.extend([Question::Cs(before.id), Question::CsByDn(before.connector, before.dn_key.clone())]);
            untrue.extend(self.key_questions(before.connector, &self.keys(before)));
        }
        if effect.remove {
            connector_space::remove(transaction, after.id)?;
        } else {
            self.write(transaction, effect, &mut after, untrue)?;
        }
        let linked_now = if effect.remove { None } else { link };
        if before_link != linked_now {
            untrue.extend(before_link.into_iter().chain(linked_now).map(Question::Links));
            let flagged = &mut changed.flagged;
            flagged.extend(connector_space::flag_referrers(transaction, after.id)?.into_iter().map(Question::Cs));
            for mv in before_link.into_iter().chain(linked_now) {
                flagged.extend(metaverse::flag_referrers(transaction, mv)?.into_iter().map(Question::Mv));
            }
        }
        Ok(())
    }

    fn write(
        &self,
        transaction: &Transaction<'_>,
        effect: &CsEffect,
        after: &mut CsObject,
        untrue: &mut HashSet<Question>,
    ) -> Result<(), StoreError> {
        let image = after.view(TowerView::Expected);
        let display_name = display_name_of(&image, self.display_name, self.cn);
        if effect.before.is_none() {
            after.parent = None;
            connector_space::insert(transaction, after, &display_name)?;
        } else {
            connector_space::update(transaction, after, &display_name)?;
            if effect.before.as_ref().is_some_and(|before| before.needs_full) && !after.needs_full {
                connector_space::clear_full(transaction, after.id)?;
            }
        }
        if effect.commit_import {
            references::commit_import(transaction, after.id)?;
        }
        if let Some((adds, deletes)) = &effect.staged_references {
            if effect.before.is_some() {
                references::clear_layer(transaction, after.id, ReferenceLayer::UnappliedAdd)?;
                references::clear_layer(transaction, after.id, ReferenceLayer::UnappliedDelete)?;
            }
            for reference in rows(adds, ReferenceLayer::UnappliedAdd).chain(rows(deletes, ReferenceLayer::UnappliedDelete)) {
                references::add(transaction, after.id, reference.attribute, reference.target, reference.layer)?;
            }
            untrue.extend(self.members_staged(effect, adds, deletes).map(Question::Cs));
        }
        if self.plan.connector_keys.contains_key(&after.connector) {
            let old = effect.before.as_ref().map(|before| self.keys(before));
            let keys = self.keys_of(after.connector, &image);
            if old.as_ref() != Some(&keys) {
                untrue.extend(self.key_questions(after.connector, &keys));
                connector_space::write_keys(transaction, after.connector, after.id, &keys)?;
            }
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

    fn keys(&self, object: &CsObject) -> Vec<(AttributeId, Vec<u8>)> {
        if self.plan.connector_keys.contains_key(&object.connector) {
            self.keys_of(object.connector, &object.view(TowerView::Expected))
        } else {
            Vec::new()
        }
    }

    fn keys_of(&self, connector: ConnectorId, image: &Image) -> Vec<(AttributeId, Vec<u8>)> {
        let attributes = self.plan.connector_keys.get(&connector).map(Vec::as_slice).unwrap_or_default();
        keys_of(image, attributes)
    }

    fn key_questions(&self, connector: ConnectorId, keys: &[(AttributeId, Vec<u8>)]) -> Vec<Question> {
        keys.iter().map(|(attribute, value)| Question::CsByKey(connector, *attribute, value.clone())).collect()
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
            keys: keys_of(&object.image, &self.metaverse_keys),
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

/// Join keys of an image.
#[must_use]
pub fn keys_of(image: &Image, attributes: &[AttributeId]) -> Vec<(AttributeId, Vec<u8>)> {
    let keys: BTreeSet<(AttributeId, Vec<u8>)> = attributes
        .iter()
        .flat_map(|attribute| image.get(*attribute).iter().map(|value| (*attribute, value.match_key())))
        .collect();
    keys.into_iter().collect()
}
