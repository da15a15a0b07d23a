//! The tower of a connector space object as grids of old and new values (`engine.md` 1.2, `ui.md` 6).

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::Connection;

use super::QueryContext;
use super::values::{MOST_VALUES, cs_reference, plain};
use crate::model::{AttributeChange, AttributeId, ConnectorId, CsId, Delta, Image, ObjectOperation, Value, ValueType, fold_text};
use crate::rules::Direction;
use crate::service::{AttributeChangeView, EngineError, LayerView, ValueView};
use crate::store::connector_space::{CsObject, TowerView};
use crate::store::references::ReferenceLayer;
use crate::store::search::connector_space::{CsName, names};
use crate::store::search::references::{ReferenceLayers, visit_references};

/// A layer that is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Shown {
    /// What an import has pending, over what is synchronized.
    Import,
    /// What was exported and not yet seen again, over what was imported.
    Awaiting,
    /// What is staged, over what the directory is believed to hold.
    PendingExport,
}

impl Shown {
    /// The layers below and the topmost layer that belongs to it.
    fn tops(self) -> (ReferenceLayer, ReferenceLayer) {
        match self {
            Self::Import => (ReferenceLayer::Hologram, ReferenceLayer::ImportDelete),
            Self::Awaiting => (ReferenceLayer::ImportDelete, ReferenceLayer::EscrowedDelete),
            Self::PendingExport => (ReferenceLayer::EscrowedDelete, ReferenceLayer::UnappliedDelete),
        }
    }

    /// The attributes before this layer and its change.
    fn change(self, object: &CsObject) -> (Image, Delta) {
        match self {
            Self::Import => (object.hologram.clone(), object.pending_import.clone()),
            Self::Awaiting => {
                let before = object.view(TowerView::Imported);
                let delta = object.unconfirmed.then(&object.escrowed, &before);
                (before, delta)
            }
            Self::PendingExport => (object.view(TowerView::Escrowed), object.unapplied.clone()),
        }
    }
}

/// The values of one reference attribute around one layer.
#[derive(Debug, Default)]
struct ReferenceSets {
    kept: Sample,
    added: Sample,
    deleted: Sample,
}

/// The first values of a set and their number.
#[derive(Debug, Default)]
struct Sample {
    first: Vec<CsId>,
    count: u64,
}

impl Sample {
    fn add(&mut self, target: CsId) {
        self.count += 1;
        if self.first.len() < MOST_VALUES {
            self.first.push(target);
        }
    }
}

impl ReferenceSets {
    fn add(&mut self, target: CsId, before: bool, after: bool) {
        match (before, after) {
            (true, true) => self.kept.add(target),
            (true, false) => self.deleted.add(target),
            (false, true) => self.added.add(target),
            (false, false) => {}
        }
    }

    fn targets(&self) -> impl Iterator<Item = CsId> {
        [&self.kept, &self.added, &self.deleted].into_iter().flat_map(|sample| sample.first.iter().copied())
    }

    /// The word of the change; a single value that gives way to another is replaced.
    fn word(&self) -> &'static str {
        let (old, new) = (self.kept.count + self.deleted.count, self.kept.count + self.added.count);
        match (self.added.count, self.deleted.count) {
            (0, 0) => "none",
            _ if old == 0 => "add",
            _ if new == 0 => "delete",
            _ if old == 1 && new == 1 => "replace",
            _ => "update",
        }
    }
}

/// Grids of some objects, all of one connector, that were loaded without their references.
#[derive(Debug)]
pub(super) struct Layers<'a> {
    context: &'a QueryContext,
    references: BTreeMap<(CsId, Shown, AttributeId), ReferenceSets>,
    names: BTreeMap<CsId, CsName>,
}

impl<'a> Layers<'a> {
    /// Reads the references of the objects: of each attribute only as many names as are shown.
    pub(super) fn read(
        connection: &Connection,
        context: &'a QueryContext,
        objects: &[CsObject],
        shown: &[Shown],
    ) -> Result<Self, EngineError> {
        let ids: Vec<CsId> = objects.iter().map(|object| object.id).collect();
        let going: BTreeSet<CsId> = objects
            .iter()
            .filter(|object| object.pending_import.operation == ObjectOperation::Delete)
            .map(|object| object.id)
            .collect();
        let mut references: BTreeMap<(CsId, Shown, AttributeId), ReferenceSets> = BTreeMap::new();
        visit_references(connection, &ids, |object, attribute, target, layers: ReferenceLayers| {
            for layer in shown {
                let (below, top) = layer.tops();
                let after = layers.holds_up_to(top) && !(*layer == Shown::Import && going.contains(&object));
                references.entry((object, *layer, attribute)).or_default().add(target, layers.holds_up_to(below), after);
            }
        })?;
        let targets: BTreeSet<CsId> = references.values().flat_map(ReferenceSets::targets).collect();
        Ok(Self { context, references, names: names(connection, targets)? })
    }

    /// What is synchronized and what an import has pending: every attribute that has a value on either
    /// side.
    pub(super) fn import(&self, object: &CsObject) -> LayerView {
        self.view(object, Shown::Import)
    }

    /// What is staged for export: the attributes that change.
    pub(super) fn pending_export(&self, object: &CsObject) -> Option<LayerView> {
        (!object.unapplied.is_none()).then(|| self.view(object, Shown::PendingExport))
    }

    /// What was exported and not yet confirmed: the attributes that changed.
    pub(super) fn awaiting(&self, object: &CsObject) -> Option<LayerView> {
        (!object.unconfirmed.is_none() || !object.escrowed.is_none()).then(|| self.view(object, Shown::Awaiting))
    }

    fn view(&self, object: &CsObject, shown: Shown) -> LayerView {
        let (before, delta) = shown.change(object);
        let renames = matches!(delta.operation, ObjectOperation::Update | ObjectOperation::DeleteAdd);
        let mut attributes = Vec::new();
        // A deletion that is exported says nothing of attributes.
        if shown == Shown::Import || delta.operation != ObjectOperation::Delete {
            self.plain_attributes(object, shown, &before, &delta, &mut attributes);
            self.reference_attributes(object, shown, delta.operation, &mut attributes);
        }
        attributes.sort_by_cached_key(|attribute| fold_text(&attribute.name));
        LayerView { operation: delta.operation, new_dn: delta.dn.filter(|_| renames), attributes }
    }

    fn plain_attributes(
        &self,
        object: &CsObject,
        shown: Shown,
        before: &Image,
        delta: &Delta,
        attributes: &mut Vec<AttributeChangeView>,
    ) {
        let mut after = before.clone();
        delta.apply_to(&mut after);
        let ids: BTreeSet<AttributeId> = before.iter().chain(after.iter()).map(|(id, _)| id).collect();
        for id in ids {
            let (old, new) = (before.get(id), after.get(id));
            let staged = delta.changes.get(&id).filter(|_| delta.operation == ObjectOperation::Update);
            let word = match staged {
                Some(change) => change.word(),
                None => AttributeChange::between(old, new).as_ref().map_or("none", AttributeChange::word),
            };
            if shown != Shown::Import && word == "none" {
                continue;
            }
            let (old_set, new_set): (BTreeSet<&Value>, BTreeSet<&Value>) = (old.iter().collect(), new.iter().collect());
            let name = self.context.attributes.name(id).to_owned();
            attributes.push(AttributeChangeView {
                value_type: self.value_type(object.connector, &name, old.first().or(new.first())),
                old: marked(old, &new_set, word, "delete"),
                new: marked(new, &old_set, word, "add"),
                old_count: old.len() as u64,
                new_count: new.len() as u64,
                change: word.to_owned(),
                rule: self.rule(object, shown, delta.operation, &name),
                name,
            });
        }
    }

    fn reference_attributes(
        &self,
        object: &CsObject,
        shown: Shown,
        operation: ObjectOperation,
        attributes: &mut Vec<AttributeChangeView>,
    ) {
        let range = (object.id, shown, AttributeId(0))..=(object.id, shown, AttributeId(u32::MAX));
        for ((_, _, id), sets) in self.references.range(range) {
            let (word, name) = (sets.word(), self.context.attributes.name(*id).to_owned());
            let (old_count, new_count) = (sets.kept.count + sets.deleted.count, sets.kept.count + sets.added.count);
            if old_count + new_count == 0 || (shown != Shown::Import && word == "none") {
                continue;
            }
            attributes.push(AttributeChangeView {
                value_type: self.value_type(object.connector, &name, None),
                old: self.values(&sets.deleted, &sets.kept, word, "delete"),
                new: self.values(&sets.added, &sets.kept, word, "add"),
                old_count,
                new_count,
                change: word.to_owned(),
                rule: self.rule(object, shown, operation, &name),
                name,
            });
        }
    }

    /// Changed values first, then those that stay.
    fn values(&self, changed: &Sample, kept: &Sample, word: &str, mark: &str) -> Vec<ValueView> {
        let changed = changed.first.iter().map(|target| (target, (word == "update").then(|| mark.to_owned())));
        let kept = kept.first.iter().map(|target| (target, None));
        changed
            .chain(kept)
            .take(MOST_VALUES)
            .filter_map(|(target, change)| {
                let name = self.names.get(target)?;
                Some(ValueView { change, ..cs_reference(name.dn.clone(), name.guid) })
            })
            .collect()
    }

    fn value_type(&self, connector: ConnectorId, attribute: &str, value: Option<&Value>) -> ValueType {
        let known = self.context.connector(connector).and_then(|connector| connector.schema.attribute(attribute));
        match (known, value) {
            (_, None) => ValueType::Reference,
            (Some(definition), Some(_)) => definition.value_type,
            (None, Some(value)) => value.value_type(),
        }
    }

    /// The rule behind a staged change: the best outbound rule of the link that flows to the attribute.
    /// Where the link does not tell, the only rule of the connector and type that could have.
    fn rule(&self, object: &CsObject, shown: Shown, operation: ObjectOperation, attribute: &str) -> Option<String> {
        if shown == Shown::Import {
            return None;
        }
        let key = fold_text(attribute);
        let mut candidates = self.context.rules.iter().filter(|rule| {
            rule.enabled
                && rule.direction == Direction::Outbound
                && rule.connector == object.connector
                && object.object_type.as_deref().is_some_and(|name| rule.connector_object_type.eq_ignore_ascii_case(name))
                && rule
                    .flows
                    .iter()
                    .any(|flow| fold_text(&flow.target) == key && (!flow.apply_once || operation != ObjectOperation::Update))
        });
        let linked = |id| object.link_rules.iter().any(|link| link.direction == Direction::Outbound && link.rule == id);
        let best = candidates.clone().filter(|rule| linked(rule.id)).min_by_key(|rule| rule.precedence);
        let only = || candidates.next().filter(|_| candidates.next().is_none());
        best.or_else(only).map(|rule| rule.name.clone())
    }
}

/// Values as shown: those that the other side lacks first, marked when single values change.
fn marked(values: &[Value], other: &BTreeSet<&Value>, word: &str, mark: &str) -> Vec<ValueView> {
    let (kept, changed): (Vec<&Value>, Vec<&Value>) = values.iter().partition(|value| other.contains(value));
    let changed =
        changed.into_iter().map(|value| ValueView { change: (word == "update").then(|| mark.to_owned()), ..plain(value) });
    changed.chain(kept.into_iter().map(plain)).take(MOST_VALUES).collect()
}
