//! What happens to one object, from how it was and how it is.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::reason::{self, RuleNames, linking_rule, rule_name};
use super::report::{AttributeWord, ChangeKind, ChangedAttribute, ErrorChange, ErrorWord, LinkWord, ObjectChange};
use super::values::{cut, plain, references};
use crate::model::{
    AttributeChange, AttributeId, ConnectorId, CsId, Delta, Image, MvId, ObjectError, ObjectOperation, fold_text,
};
use crate::rules::{Direction, Plan};
use crate::store::connector_space::{CsObject, StoredError, TowerView, display_name_of};
use crate::store::metaverse::MvObject;
use crate::store::whatif::{CsChange, MvChange};
use crate::sync::explain::{OutboundTarget, outbound_flows, type_of};
use crate::sync::{FlowValue, Standing};

/// Describes changes of objects.
#[derive(Clone, Copy)]
pub(super) struct Describer<'a> {
    /// The rules.
    pub(super) plan: &'a Plan,
    /// Names of rules.
    pub(super) rules: &'a RuleNames,
    /// Identifiers of connectors.
    pub(super) spaces: &'a BTreeMap<ConnectorId, String>,
    /// The present instant.
    pub(super) now: Timestamp,
}

/// What connector space objects are described with.
#[derive(Default)]
pub(super) struct Surroundings {
    /// Metaverse objects afterwards.
    pub(super) identities: BTreeMap<MvId, MvObject>,
    /// The groups that rules ask for and that their joined objects are members of.
    pub(super) groups: BTreeMap<MvId, Vec<String>>,
    /// Those that are new.
    pub(super) created: BTreeSet<MvId>,
    /// Their display names, those of deleted ones too.
    pub(super) identity_names: BTreeMap<MvId, String>,
    /// Names of reference targets.
    pub(super) names: BTreeMap<CsId, String>,
}

impl Surroundings {
    /// The groups that rules ask for and that the objects of an identity are members of.
    fn groups_of(&self, id: MvId) -> &[String] {
        self.groups.get(&id).map(Vec::as_slice).unwrap_or_default()
    }
}

/// What a metaverse object is described with.
#[derive(Default)]
pub(super) struct Origins {
    /// Names of metaverse objects.
    pub(super) names: BTreeMap<MvId, String>,
    /// Why metaverse objects go: rule and sentence.
    pub(super) holders: BTreeMap<MvId, (String, String)>,
    /// What new metaverse objects are made for: identity, name and rule.
    pub(super) sources: BTreeMap<MvId, (String, String, String)>,
}

impl Describer<'_> {
    pub(super) fn space(&self, connector: ConnectorId) -> String {
        self.spaces.get(&connector).cloned().unwrap_or_default()
    }

    /// A connector space object; nothing when nothing happens to it.
    pub(super) fn object(&self, change: &CsChange, around: &Surroundings) -> Option<ObjectChange> {
        let (before, after) = (change.before.as_ref(), change.after.as_ref());
        let shown = before.or(after)?;
        let error = error_change(
            before.and_then(|object| object.import_error.as_ref()),
            after.and_then(|object| object.import_error.as_ref()),
        );
        let link = link_word(before, after, around);
        let kind = object_kind(before, after, link);
        let new_name = match (before, after) {
            (Some(before), Some(after)) if expected_name(before) != expected_name(after) => Some(expected_name(after).to_owned()),
            _ => None,
        };
        let attributes = match (kind, after) {
            (Some(ChangeKind::Delete | ChangeKind::Remove), _) | (_, None) => Vec::new(),
            (_, Some(after)) => self.object_attributes(before, after, change, around),
        };
        let kind = match kind {
            Some(kind) => kind,
            None if !attributes.is_empty() || new_name.is_some() => ChangeKind::Update,
            None if error.is_some() => ChangeKind::Error,
            None => return None,
        };
        let (rule, reason) = self.object_reason(kind, link, before, after, around);
        Some(ObjectChange {
            space: self.space(shown.connector),
            identity: match before {
                Some(before) => before.guid.to_string(),
                None => format!("new {}", shown.dn_key),
            },
            kind,
            guid: shown.guid,
            name: shown.dn.clone(),
            display_name: self.display_name(after.or(before)),
            new_name,
            object_type: after.and_then(type_of).or_else(|| before.and_then(type_of)).unwrap_or_default().to_owned(),
            link,
            rule,
            reason,
            attributes,
            error,
        })
    }

    /// What people call an object, when its DN does not say.
    fn display_name(&self, object: Option<&CsObject>) -> Option<String> {
        let object = object?;
        let named = |name| self.plan.attributes.get(name);
        let name = display_name_of(&object.view(TowerView::Expected), named("displayName"), named("cn"));
        (!name.is_empty() && !fold_text(&object.dn).contains(&fold_text(&name))).then_some(name)
    }

    fn object_attributes(
        &self,
        before: Option<&CsObject>,
        after: &CsObject,
        change: &CsChange,
        around: &Surroundings,
    ) -> Vec<ChangedAttribute> {
        let old = before.map(|object| object.view(TowerView::Expected)).unwrap_or_default();
        let new = after.view(TowerView::Expected);
        let changes = Delta::changes_between(&old, &new);
        if changes.is_empty() && change.references.is_empty() {
            return Vec::new();
        }
        let ids: BTreeSet<AttributeId> = changes.keys().chain(change.references.keys()).copied().collect();
        let rules = self.outbound_rules(before, after, &ids, around);
        let rule = |id: &AttributeId| rules.get(id).cloned().unwrap_or_default();
        let schema = self.plan.connector(after.connector).map(|connector| connector.schema.as_ref());
        let mut attributes: Vec<ChangedAttribute> =
            changes.iter().map(|(id, change)| plain(self.plan.name(*id), change, old.get(*id), rule(id))).collect();
        for (id, change) in &change.references {
            let name = self.plan.name(*id);
            let multi = schema.and_then(|schema| schema.attribute(name)).is_none_or(|attribute| attribute.multi_valued);
            let target = |target: &CsId| around.names.get(target).cloned().unwrap_or_else(|| format!("object {target}"));
            attributes.push(references(name, before.is_none(), multi, &change.adds, &change.deletes, &target, rule(id)));
        }
        attributes.sort_by_cached_key(|attribute| fold_text(&attribute.name));
        attributes
    }

    /// The rules behind values staged for an object, by attribute.
    fn outbound_rules(
        &self,
        before: Option<&CsObject>,
        after: &CsObject,
        only: &BTreeSet<AttributeId>,
        around: &Surroundings,
    ) -> BTreeMap<AttributeId, String> {
        let mut rules: BTreeMap<AttributeId, String> = BTreeMap::new();
        let (Some(identity), Some(object_type)) = (after.mv.and_then(|id| around.identities.get(&id)), type_of(after)) else {
            return rules;
        };
        let target = OutboundTarget {
            connector: after.connector,
            object_type,
            metaverse_type: &identity.object_type,
            image: &identity.image,
            groups: around.groups_of(identity.id),
            creating: before.is_none(),
        };
        let mut nothing: BTreeMap<AttributeId, String> = BTreeMap::new();
        for flow in outbound_flows(self.plan, target, Some(only), self.now) {
            let name = rule_name(self.rules, flow.rule);
            match (&flow.result, flow.standing) {
                (_, Standing::Applied) => {
                    let known = rules.entry(flow.attribute).or_default();
                    if !known.is_empty() {
                        known.push_str(", ");
                    }
                    known.push_str(&name);
                }
                // Nothing is a value too, when no rule gives a better one.
                (Ok(FlowValue::Null), _) => {
                    nothing.entry(flow.attribute).or_insert(name);
                }
                _ => {}
            }
        }
        for (attribute, name) in nothing {
            rules.entry(attribute).or_insert(name);
        }
        rules
    }

    fn object_reason(
        &self,
        kind: ChangeKind,
        link: Option<LinkWord>,
        before: Option<&CsObject>,
        after: Option<&CsObject>,
        around: &Surroundings,
    ) -> (String, String) {
        let identity_name = |object: Option<&CsObject>| {
            let name = object.and_then(|object| object.mv).and_then(|id| around.identity_names.get(&id));
            name.map(String::as_str).unwrap_or_default().to_owned()
        };
        let by = |object: Option<&CsObject>, direction| {
            object.and_then(|object| linking_rule(self.rules, &object.link_rules, direction)).unwrap_or_default()
        };
        match kind {
            ChangeKind::Delete | ChangeKind::Disconnect | ChangeKind::Remove => match before {
                Some(before) if before.mv.is_some() => {
                    let identity = before.mv.and_then(|id| around.identities.get(&id));
                    let identity = identity.map(|identity| (identity, around.groups_of(identity.id)));
                    reason::lost(self.plan, self.rules, before, identity, &identity_name(Some(before)))
                }
                Some(before) if before.pending_import.operation == ObjectOperation::Delete => {
                    (String::new(), "its deletion was imported".to_owned())
                }
                _ => (String::new(), String::new()),
            },
            ChangeKind::DeleteAdd => (by(after, Direction::Outbound), format!("{} is of another type now", identity_name(after))),
            ChangeKind::Add => (by(after, Direction::Outbound), format!("provisioned for {}", identity_name(after))),
            ChangeKind::Restore => (by(after, Direction::Outbound), format!("wanted again by {}", identity_name(after))),
            ChangeKind::Join => {
                let inbound = by(after, Direction::Inbound);
                let rule = if inbound.is_empty() { by(after, Direction::Outbound) } else { inbound };
                let sentence = match link {
                    Some(LinkWord::Projected) => "a metaverse object is made for it".to_owned(),
                    Some(LinkWord::Moved) => {
                        format!("joined to {} instead of {}", identity_name(after), identity_name(before))
                    }
                    Some(LinkWord::Joined | LinkWord::Disconnected) | None => format!("joined to {}", identity_name(after)),
                };
                (rule, sentence)
            }
            ChangeKind::Update | ChangeKind::Error => (String::new(), String::new()),
        }
    }

    /// A metaverse object; nothing when nothing happens to it.
    pub(super) fn identity(&self, id: MvId, change: &MvChange, origins: &Origins) -> Option<ObjectChange> {
        let name = &|id: &MvId| origins.names.get(id).cloned().unwrap_or_else(|| format!("object {id}"));
        let (before, after) = (change.before.as_ref().map(|(object, _)| object), change.after.as_ref().map(|(object, _)| object));
        let shown = before.or(after)?;
        let (kind, identity, (rule, reason), attributes) = match (before, after) {
            (None, None) => return None,
            (Some(_), None) => {
                (ChangeKind::Delete, shown.guid.to_string(), origins.holders.get(&id).cloned().unwrap_or_default(), Vec::new())
            }
            (None, Some(after)) => {
                let (identity, source, rule) = origins.sources.get(&id).cloned().unwrap_or_default();
                let attributes = self.identity_attributes(None, after, change, name);
                (ChangeKind::Add, identity, (rule, format!("made for {source}")), attributes)
            }
            (Some(before), Some(after)) => {
                let attributes = self.identity_attributes(Some(before), after, change, name);
                if attributes.is_empty() {
                    return None;
                }
                (ChangeKind::Update, shown.guid.to_string(), <(String, String)>::default(), attributes)
            }
        };
        Some(ObjectChange {
            space: String::new(),
            identity,
            kind,
            guid: shown.guid,
            name: name(&id),
            display_name: None,
            new_name: None,
            object_type: shown.object_type.clone(),
            link: None,
            rule,
            reason,
            attributes,
            error: None,
        })
    }

    fn identity_attributes(
        &self,
        before: Option<&MvObject>,
        after: &MvObject,
        change: &MvChange,
        name: &dyn Fn(&MvId) -> String,
    ) -> Vec<ChangedAttribute> {
        let nothing = Image::new();
        let old = before.map_or(&nothing, |object| &object.image);
        let rule_of = |object: &MvObject, id: AttributeId| object.lineage.get(&id).map(|known| rule_name(self.rules, known.rule));
        let rule = |id: AttributeId| {
            let now = rule_of(after, id);
            now.or_else(|| before.and_then(|before| rule_of(before, id))).unwrap_or_default()
        };
        let changes = Delta::changes_between(old, &after.image);
        let mut attributes: Vec<ChangedAttribute> =
            changes.iter().map(|(id, change)| plain(self.plan.name(*id), change, old.get(*id), rule(*id))).collect();
        for (id, change) in &change.references {
            let multi = self.plan.metaverse.get(id).is_none_or(|attribute| attribute.multi_valued);
            let target = |target: &MvId| name(target);
            let attribute = self.plan.name(*id);
            attributes.push(references(attribute, before.is_none(), multi, &change.adds, &change.deletes, &target, rule(*id)));
        }
        let Some(before) = before else {
            attributes.sort_by_cached_key(|attribute| fold_text(&attribute.name));
            return attributes;
        };
        for attribute in &mut attributes {
            let Some(id) = self.plan.attributes.get(&attribute.name) else { continue };
            attribute.old_rule = rule_of(before, id).filter(|old| *old != attribute.rule);
        }
        // The same value from elsewhere.
        for (id, contribution) in &after.lineage {
            let known = before.lineage.get(id);
            let moved = known.is_some_and(|known| (known.object, known.rule) != (contribution.object, contribution.rule));
            if moved && !changes.contains_key(id) && !change.references.contains_key(id) {
                let values = after.image.get(*id).iter().cloned().collect();
                let mut attribute = plain(self.plan.name(*id), &AttributeChange::Add(values), &[], rule(*id));
                attribute.change = AttributeWord::Source;
                attribute.old_rule = rule_of(before, *id);
                attributes.push(attribute);
            }
        }
        attributes.sort_by_cached_key(|attribute| fold_text(&attribute.name));
        attributes
    }
}

/// An error that belongs to a metaverse object: its references or its provisioning could not be tried again.
pub(super) fn identity_error(name: &str, error: &ObjectError) -> ObjectChange {
    ObjectChange {
        space: String::new(),
        identity: format!("error {name}"),
        kind: ChangeKind::Error,
        guid: uuid::Uuid::nil(),
        name: name.to_owned(),
        display_name: None,
        new_name: None,
        object_type: String::new(),
        link: None,
        rule: String::new(),
        reason: String::new(),
        attributes: Vec::new(),
        error: Some(told(ErrorWord::Appears, error)),
    }
}

/// The name that an object will have.
fn expected_name(object: &CsObject) -> &str {
    match (&object.unapplied.operation, &object.unapplied.dn) {
        (ObjectOperation::Update, Some(dn)) => dn,
        _ => &object.dn,
    }
}

fn link_word(before: Option<&CsObject>, after: Option<&CsObject>, around: &Surroundings) -> Option<LinkWord> {
    match (before.and_then(|object| object.mv), after.and_then(|object| object.mv)) {
        (Some(_), None) => Some(LinkWord::Disconnected),
        (Some(old), Some(new)) if old != new => Some(LinkWord::Moved),
        // What is provisioned comes with its link.
        (None, Some(_)) if before.is_none() => None,
        (None, Some(new)) if around.created.contains(&new) => Some(LinkWord::Projected),
        (None, Some(_)) => Some(LinkWord::Joined),
        (None, None) | (Some(_), Some(_)) => None,
    }
}

/// What happens to an object as a whole; none when only its attributes or its error can have changed.
fn object_kind(before: Option<&CsObject>, after: Option<&CsObject>, link: Option<LinkWord>) -> Option<ChangeKind> {
    let (before, after) = match (before, after) {
        (None, None) => return None,
        (None, Some(_)) => return Some(ChangeKind::Add),
        (Some(_), None) => return Some(ChangeKind::Remove),
        (Some(before), Some(after)) => (before, after),
    };
    let deletes = |object: &CsObject| matches!(object.unapplied.operation, ObjectOperation::Delete | ObjectOperation::DeleteAdd);
    let (was, is) = (before.unapplied.operation, after.unapplied.operation);
    match (deletes(before), deletes(after), link) {
        (_, true, _) if was != is && is == ObjectOperation::DeleteAdd => Some(ChangeKind::DeleteAdd),
        (_, true, _) if was != is => Some(ChangeKind::Delete),
        (true, false, _) => Some(ChangeKind::Restore),
        (_, _, Some(LinkWord::Disconnected)) => Some(ChangeKind::Disconnect),
        (_, _, Some(LinkWord::Joined | LinkWord::Projected | LinkWord::Moved)) => Some(ChangeKind::Join),
        (_, _, None) => None,
    }
}

fn error_change(before: Option<&StoredError>, after: Option<&StoredError>) -> Option<ErrorChange> {
    match (before, after) {
        (None, None) => None,
        (None, Some(after)) => Some(told(ErrorWord::Appears, &after.error)),
        (Some(before), None) => Some(told(ErrorWord::Vanishes, &before.error)),
        (Some(before), Some(after)) => (before.error != after.error).then(|| told(ErrorWord::Changes, &after.error)),
    }
}

fn told(change: ErrorWord, error: &ObjectError) -> ErrorChange {
    ErrorChange {
        change,
        code: error.code.as_str().to_owned(),
        message: cut(&error.message, 1_024),
        rule: error.detail.rule.clone(),
        attribute: error.detail.attribute.clone(),
    }
}
