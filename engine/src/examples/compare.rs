//! What an example expects against what there is.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::file::{CloudObjectText, CloudText, Example, MetaverseText, StagingOperation};
use super::setting::ExampleSetting;
use super::value::{self, Written};
use super::world::World;
use super::{ExampleDifference, ExampleError};
use crate::connector::EntryValue;
use crate::model::{AttributeId, AttributeTable, CsId, Image, MvId, ObjectError, Schema, Value};
use crate::rules::{Direction, Plan, SyncRule};
use crate::store::connector_space::{self, CsObject, LoadOptions, TowerView, Visit};
use crate::store::references::ReferenceLayer;
use crate::store::{StoreError, attributes, metaverse, schema};
use crate::sync::preview::{self, Preview};
use crate::sync::{LinkDecision, Standing};

/// Beginning of the names of rules that examples leave out.
const PREFIX: &str = "In from AD - ";
/// Attributes of a cloud object that are told although no rule writes them.
const TOLD_BY_THE_CLOUD: [&str; 2] = ["cloudAnchor", "cloudMastered"];

/// Type and name of an object that is wanted in the tenant.
pub(super) type Wanted = (String, String);

/// What can only be seen while it happens.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// How each object found its identity.
    pub(super) links: BTreeMap<String, String>,
    /// What was wanted in the tenant after the last forest.
    pub(super) wanted: BTreeSet<Wanted>,
    /// What was staged after each forest.
    pub(super) staging: Vec<(String, StagingOperation, Wanted)>,
}

/// Names and types of the tenant's objects of an identity.
pub(super) fn cloud_names(world: &World, tenant: usize, id: &str) -> Result<Vec<Wanted>, StoreError> {
    let reader = world.environment.database.reader()?;
    let Some((_, number)) = world.numbers()?.get(id).copied() else { return Ok(Vec::new()) };
    let Some(mv) = connector_space::load_one(&reader, number)?.and_then(|object| object.mv) else { return Ok(Vec::new()) };
    let links = connector_space::links(&reader, &[mv])?.remove(&mv).unwrap_or_default();
    let connector = world.connector(tenant);
    let ids: Vec<CsId> = links.into_iter().filter(|(of, _)| *of == connector).map(|(_, id)| id).collect();
    let objects = connector_space::load(&reader, &ids, &LoadOptions::default())?;
    Ok(objects.into_iter().map(|object| (object.dn, object.object_type.unwrap_or_default())).collect())
}

/// Everything that is wanted in the tenant, by type and name.
pub(super) fn wanted_in(world: &World, tenant: usize) -> Result<BTreeSet<Wanted>, StoreError> {
    let reader = world.environment.database.reader()?;
    let ids = connector_space::to_visit(&reader, world.connector(tenant), Visit::Full)?;
    let objects = connector_space::load(&reader, &ids, &LoadOptions::default())?;
    let wanted = objects.into_iter().filter(|object| object.mv.is_some() && !object.is_being_deleted());
    Ok(wanted.map(|object| (object.object_type.unwrap_or_default(), object.dn)).collect())
}

/// The differences between an example and its world.
pub(super) fn differences(
    example: &Example,
    setting: &ExampleSetting,
    world: &World,
    plan: &Plan,
    rules: &[SyncRule],
    seen: &Seen,
) -> Result<Vec<ExampleDifference>, ExampleError> {
    let reader = world.environment.database.reader()?;
    let numbers = world.numbers()?;
    let (mut objects, mut previews) = (BTreeMap::new(), BTreeMap::new());
    for (id, (_, number)) in &numbers {
        if let Some(object) = connector_space::load_one(&reader, *number)? {
            objects.insert(id.clone(), object);
        }
        previews.insert(id.clone(), preview::generate_by(&world.environment, plan, *number, true)?);
    }
    let mut joined: BTreeMap<MvId, BTreeSet<String>> = BTreeMap::new();
    for (id, object) in &objects {
        if let Some(mv) = object.mv {
            joined.entry(mv).or_default().insert(id.clone());
        }
    }
    let mut cloud: BTreeMap<MvId, Vec<CsObject>> = BTreeMap::new();
    if let Some(tenant) = setting.tenant() {
        let ids = connector_space::to_visit(&reader, world.connector(tenant), Visit::Full)?;
        for object in connector_space::load(&reader, &ids, &LoadOptions::default())? {
            if let Some(mv) = object.mv.filter(|_| !object.is_being_deleted()) {
                cloud.entry(mv).or_default().push(object);
            }
        }
    }
    let mut comparison = Comparison {
        setting,
        rules,
        table: attributes::load(&reader)?,
        placeholders: setting.placeholders(),
        sites: numbers.iter().map(|(id, (site, _))| (id.clone(), *site)).collect(),
        objects,
        previews,
        joined,
        cloud,
        found: Vec::new(),
    };
    comparison.connector_space(example, seen);
    comparison.metaverse(example, &reader)?;
    comparison.cloud(example);
    comparison.pending_exports(example);
    comparison.staging(example, seen);
    Ok(comparison.found)
}

struct Comparison<'a> {
    setting: &'a ExampleSetting,
    rules: &'a [SyncRule],
    table: AttributeTable,
    placeholders: BTreeMap<String, String>,
    /// Place of each object's forest in the setting.
    sites: BTreeMap<String, usize>,
    objects: BTreeMap<String, CsObject>,
    /// What a full synchronization of each object would do now.
    previews: BTreeMap<String, Preview>,
    /// Objects of the example by their identity.
    joined: BTreeMap<MvId, BTreeSet<String>>,
    cloud: BTreeMap<MvId, Vec<CsObject>>,
    found: Vec<ExampleDifference>,
}

/// How a reference is written.
#[derive(Clone, Copy)]
enum Space {
    Metaverse,
    Cloud,
    Forest,
}

/// A value made comparable: plain, or the object that a reference leads to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Comparable {
    Plain(EntryValue),
    Reference(String),
}

impl Comparable {
    fn shown(&self) -> String {
        match self {
            Self::Plain(value) => value::shown(value),
            Self::Reference(name) => name.clone(),
        }
    }
}

fn list(values: &[Comparable]) -> String {
    match values {
        [] => "nothing".to_owned(),
        [one] => one.shown(),
        many => format!("[{}]", many.iter().map(Comparable::shown).collect::<Vec<_>>().join(", ")),
    }
}

impl Comparison<'_> {
    fn differ(&mut self, place: impl Into<String>, expected: impl Into<String>, found: impl Into<String>) {
        self.found.push(ExampleDifference { place: place.into(), expected: expected.into(), found: found.into() });
    }

    fn same(&mut self, place: impl Into<String>, expected: &str, found: &str) {
        if expected != found {
            self.differ(place, expected, found);
        }
    }

    fn rule_name(&self, rule: crate::model::RuleId) -> &str {
        self.rules.iter().find(|known| known.id == rule).map_or("", |rule| rule.name.as_str())
    }

    fn connector_space(&mut self, example: &Example, seen: &Seen) {
        for (id, expected) in &example.expect.connector_space {
            let trace = self.previews.get(id).and_then(|preview| preview.effects.trace.clone()).unwrap_or_default();
            if let Some(in_scope) = &expected.in_scope {
                let short = |name: &str| name.strip_prefix(PREFIX).unwrap_or(name).to_owned();
                let expected: Vec<String> = in_scope.iter().map(|name| short(name)).collect();
                let found: Vec<String> = trace.rules.iter().map(|rule| short(self.rule_name(*rule))).collect();
                self.same(format!("{id}, rules in scope"), &expected.join(", "), &found.join(", "));
            }
            if let Some(link) = &expected.link {
                let found = seen.links.get(id).map_or("never synchronized", String::as_str);
                self.same(format!("{id}, link"), link, found);
            }
            let errors = self.inbound_errors(id);
            self.same(format!("{id}, errors"), &told(&expected.errors), &told(&errors));
        }
    }

    /// The inbound flows of an object that keep it from being synchronized.
    fn inbound_errors(&self, id: &str) -> Vec<String> {
        let Some(preview) = self.previews.get(id).filter(|preview| preview.error.is_some()) else { return Vec::new() };
        let own = self.objects.get(id).map(|object| object.id);
        let flows = preview.effects.trace.iter().flat_map(|trace| &trace.flows);
        flows
            .filter(|flow| Some(flow.object) == own && flow.standing == Standing::NotApplied)
            .filter_map(|flow| {
                let error = flow.result.as_ref().err()?;
                Some(format!("{}: {}: {}", self.rule_name(flow.rule), self.table.name(flow.attribute), error.message))
            })
            .collect()
    }

    fn metaverse(&mut self, example: &Example, reader: &rusqlite::Connection) -> Result<(), ExampleError> {
        let schema = schema::metaverse(reader)?;
        if let Some(expected) = &example.expect.metaverse {
            let listed = expected.iter().flatten().flat_map(|(key, _)| key.split('+')).collect::<BTreeSet<_>>();
            for ids in self.joined.clone().into_values() {
                if !ids.iter().any(|id| listed.contains(id.as_str())) {
                    self.differ("metaverse", "nothing else", key_of(&ids));
                }
            }
        }
        for (key, expected) in example.expect.metaverse.iter().flatten().flatten() {
            self.identity(key, expected, &schema, true, reader)?;
        }
        for (key, expected) in &example.expect.metaverse_contains {
            self.identity(key, expected, &schema, false, reader)?;
        }
        Ok(())
    }

    /// One metaverse object: as it is stored, or, when its objects cannot be synchronized, as the inbound rules would
    /// have it.
    fn identity(
        &mut self,
        key: &str,
        expected: &MetaverseText,
        schema: &Schema,
        whole: bool,
        reader: &rusqlite::Connection,
    ) -> Result<(), ExampleError> {
        let place = format!("metaverse {key}");
        let ids: BTreeSet<String> = key.split('+').map(str::to_owned).collect();
        let found = match self.failed(&ids) {
            Some(failed) => Some(failed),
            None => {
                let Some(mv) = self.mv_of(&ids) else {
                    self.differ(place, "one metaverse object", self.whereabouts(&ids));
                    return Ok(());
                };
                metaverse::load_one(reader, mv)?.map(|object| (object.object_type, object.image))
            }
        };
        let Some((object_type, image)) = found else {
            self.differ(place, "a metaverse object", "none");
            return Ok(());
        };
        if let Some(wanted) = &expected.object_type {
            self.same(format!("{place}, type"), wanted, &object_type);
        }
        let everything = if whole { image.iter().map(|(attribute, _)| attribute).collect() } else { BTreeSet::new() };
        self.attributes(&place, &ids, &expected.attrs, schema, &image, &everything, Space::Metaverse);
        Ok(())
    }

    /// Type and attributes that the inbound rules give objects that cannot be synchronized.
    fn failed(&self, ids: &BTreeSet<String>) -> Option<(String, Image)> {
        let preview = ids.iter().filter_map(|id| self.previews.get(id)).find(|preview| preview.error.is_some())?;
        let trace = preview.effects.trace.as_deref()?;
        let decided = || match trace.link.as_ref()? {
            LinkDecision::Project(object_type) => Some((object_type.clone(), Image::new())),
            LinkDecision::Join(_) | LinkDecision::Remain(_) => None,
        };
        trace.metaverse.clone().or_else(decided)
    }

    /// The metaverse object that exactly these objects are joined to.
    fn mv_of(&self, ids: &BTreeSet<String>) -> Option<MvId> {
        self.joined.iter().find(|(_, joined)| *joined == ids).map(|(mv, _)| *mv)
    }

    fn whereabouts(&self, ids: &BTreeSet<String>) -> String {
        let together: Vec<String> = self.joined.values().filter(|joined| !joined.is_disjoint(ids)).map(key_of).collect();
        if together.is_empty() { "nothing is joined".to_owned() } else { format!("joined are {}", together.join(" and ")) }
    }

    fn cloud(&mut self, example: &Example) {
        let Some(expected) = &example.expect.cloud else { return };
        let listed = expected.iter().flatten().flat_map(|(key, _)| key.split('+')).collect::<BTreeSet<_>>();
        for mv in self.cloud.keys().copied().collect::<Vec<_>>() {
            let ids = self.joined.get(&mv).cloned().unwrap_or_default();
            if !ids.iter().any(|id| listed.contains(id.as_str())) {
                self.differ("cloud", "nothing else", key_of(&ids));
            }
        }
        for (key, expected) in expected.iter().flatten() {
            let (place, ids) = (format!("cloud {key}"), key.split('+').map(str::to_owned).collect::<BTreeSet<String>>());
            let errors = self.outbound_errors(&ids);
            match expected {
                Some(CloudText::Refused(refusal)) => {
                    self.same(format!("{place}, error"), &told(&refusal.error), &told(&errors));
                }
                Some(CloudText::Object(object)) => {
                    self.same(format!("{place}, error"), "none", &told(&errors));
                    self.cloud_object(&place, &ids, object);
                }
                None => {
                    let objects = self.mv_of(&ids).and_then(|mv| self.cloud.get(&mv)).map(Vec::as_slice).unwrap_or_default();
                    let names: Vec<String> = objects.iter().map(|object| object.dn.clone()).collect();
                    self.same(place, "none", &told(&names));
                }
            }
        }
    }

    /// What the outbound rules refuse, when the inbound ones have nothing against the object.
    fn outbound_errors(&self, ids: &BTreeSet<String>) -> Vec<String> {
        let failing = ids.iter().filter(|id| self.inbound_errors(id).is_empty());
        let errors = failing.filter_map(|id| self.previews.get(id)?.error.as_ref());
        errors.map(error_text).collect::<BTreeSet<_>>().into_iter().collect()
    }

    fn cloud_object(&mut self, place: &str, ids: &BTreeSet<String>, expected: &CloudObjectText) {
        let objects = self.mv_of(ids).and_then(|mv| self.cloud.get(&mv)).cloned().unwrap_or_default();
        let [object] = objects.as_slice() else {
            let names: Vec<String> = objects.iter().map(|object| object.dn.clone()).collect();
            self.differ(place, "one object", told(&names));
            return;
        };
        let object_type = object.object_type.clone().unwrap_or_default();
        if let Some(wanted) = &expected.object_type {
            self.same(format!("{place}, type"), wanted, &object_type);
        }
        if let Some(dn) = &expected.dn {
            self.same(format!("{place}, dn"), dn, &object.dn);
        }
        let Some(tenant) = self.setting.tenant().and_then(|place| self.setting.connectors.get(place)) else { return };
        let written = self
            .rules
            .iter()
            .filter(|rule| rule.enabled && rule.direction == Direction::Outbound && rule.connector_object_type == object_type)
            .flat_map(|rule| rule.flows.iter().map(|flow| flow.target.as_str()))
            .chain(TOLD_BY_THE_CLOUD);
        let everything: BTreeSet<AttributeId> = written.filter_map(|name| self.table.get(name)).collect();
        let (image, schema) = (object.view(TowerView::Expected), std::sync::Arc::clone(&tenant.schema));
        self.attributes(place, ids, &expected.attrs, &schema, &image, &everything, Space::Cloud);
    }

    fn pending_exports(&mut self, example: &Example) {
        let Some(expected) = &example.expect.on_premises_pending_export else { return };
        for (id, object) in self.objects.clone() {
            let staged = object.references.iter().filter(|row| row.layer >= ReferenceLayer::UnappliedAdd);
            let changed: BTreeSet<AttributeId> =
                object.unapplied.changes.keys().copied().chain(staged.map(|row| row.attribute)).collect();
            let Some(connector) = self.sites.get(&id).and_then(|site| self.setting.connectors.get(*site)) else { continue };
            let (schema, image) = (std::sync::Arc::clone(&connector.schema), object.view(TowerView::Expected));
            let nothing = BTreeMap::new();
            let attributes = expected.get(&id).unwrap_or(&nothing);
            let ids = BTreeSet::from([id.clone()]);
            self.attributes(&format!("pending export {id}"), &ids, attributes, &schema, &image, &changed, Space::Forest);
        }
    }

    /// Compares attributes: those that are expected, and those of `everything` that are there beside them.
    #[expect(clippy::too_many_arguments, reason = "two sides of a comparison and where they stand")]
    fn attributes(
        &mut self,
        place: &str,
        ids: &BTreeSet<String>,
        expected: &BTreeMap<String, Json>,
        schema: &Schema,
        image: &Image,
        everything: &BTreeSet<AttributeId>,
        space: Space,
    ) {
        let mut listed = BTreeSet::new();
        for (name, json) in expected {
            let place = format!("{place}, {name}");
            let definition = schema.attribute(name);
            let (Some(definition), Some(attribute)) = (definition, self.table.get(name)) else {
                self.differ(place, json.to_string(), "no such attribute");
                continue;
            };
            listed.insert(attribute);
            let found = self.comparable(image.get(attribute), space);
            match value::read(definition, json) {
                Err(reason) => self.differ(place, reason, list(&found)),
                Ok(Written::Strangers(count)) => {
                    let waiting = self.waiting(ids, attribute);
                    if !found.is_empty() || waiting != count {
                        let found = format!("{waiting} and {}", list(&found));
                        self.differ(place, format!("{count} references that lead nowhere"), found);
                    }
                }
                Ok(Written::Values(values)) => {
                    let mut wanted: Vec<Comparable> = values.into_iter().map(|value| self.wanted(value, space)).collect();
                    wanted.sort();
                    if wanted != found {
                        self.differ(place, list(&wanted), list(&found));
                    }
                }
            }
        }
        for attribute in everything.difference(&listed) {
            let found = self.comparable(image.get(*attribute), space);
            if !found.is_empty() {
                let place = format!("{place}, {}", self.table.name(*attribute));
                self.differ(place, "nothing", list(&found));
            }
        }
    }

    /// Values as they are, in order.
    fn comparable(&self, values: &[Value], space: Space) -> Vec<Comparable> {
        let one = |value: &Value| match (value::plain(value), value) {
            (Some(plain), _) => Comparable::Plain(plain),
            (None, Value::Reference(number)) => Comparable::Reference(self.reference(*number, space)),
            (None, _) => Comparable::Reference(value.display()),
        };
        let mut found: Vec<Comparable> = values.iter().map(one).collect();
        found.sort();
        found
    }

    /// The objects of the example behind a reference.
    fn reference(&self, number: i64, space: Space) -> String {
        let mv = match space {
            Space::Metaverse => Some(MvId(number)),
            Space::Cloud => {
                self.cloud.iter().find(|(_, objects)| objects.iter().any(|object| object.id == CsId(number))).map(|(mv, _)| *mv)
            }
            Space::Forest => {
                let found = self.objects.iter().find(|(_, object)| object.id == CsId(number));
                return found.map_or_else(|| format!("object {number}"), |(id, _)| format!("cs:{id}"));
            }
        };
        match mv.and_then(|mv| self.joined.get(&mv)) {
            Some(ids) => format!("{}{}", space.prefix(), key_of(ids)),
            None => format!("{}object {number}", space.prefix()),
        }
    }

    /// A value as it is expected: placeholders replaced, references led to the objects they name.
    fn wanted(&self, value: EntryValue, space: Space) -> Comparable {
        match value {
            EntryValue::Reference(name) => {
                let id = name.strip_prefix(space.prefix()).unwrap_or(&name);
                let ids = self.joined.values().find(|ids| ids.contains(id));
                Comparable::Reference(match (space, ids) {
                    (Space::Metaverse | Space::Cloud, Some(ids)) => format!("{}{}", space.prefix(), key_of(ids)),
                    _ => name,
                })
            }
            EntryValue::Text(text) => {
                let replaced = self.placeholders.get(&text).cloned();
                Comparable::Plain(EntryValue::Text(replaced.unwrap_or(text)))
            }
            other => Comparable::Plain(other),
        }
    }

    /// References of objects of the example that lead to nothing that is joined: they are in the connector space and
    /// wait there.
    fn waiting(&self, ids: &BTreeSet<String>, attribute: AttributeId) -> u64 {
        let of = |object: &CsObject| {
            let joined: BTreeSet<CsId> = object
                .references
                .iter()
                .filter(|row| row.attribute == attribute && row.target_mv.is_some())
                .map(|row| row.target)
                .collect();
            let targets = object.reference_targets(ReferenceLayer::UnappliedDelete);
            targets.get(&attribute).map_or(0, |targets| targets.iter().filter(|target| !joined.contains(target)).count() as u64)
        };
        ids.iter().filter_map(|id| self.objects.get(id)).map(of).sum()
    }

    fn staging(&mut self, example: &Example, seen: &Seen) {
        let Some(expected) = &example.expect.cloud_staging else { return };
        let line = |connector: &str, operation: StagingOperation, object_type: &str, dn: &str| {
            let operation = match operation {
                StagingOperation::Delete => "delete",
                StagingOperation::Stage => "stage",
            };
            format!("{connector}: {operation} {object_type} {dn}")
        };
        let mut wanted: Vec<String> =
            expected.iter().map(|item| line(&item.connector, item.operation, &item.object_type, &item.dn)).collect();
        let mut found: Vec<String> =
            seen.staging.iter().map(|(name, operation, (object_type, dn))| line(name, *operation, object_type, dn)).collect();
        wanted.sort();
        found.sort();
        self.same("staging of the cloud", &told(&wanted), &told(&found));
    }
}

impl Space {
    fn prefix(self) -> &'static str {
        match self {
            Self::Metaverse => "mv:",
            Self::Cloud => "aad:",
            Self::Forest => "cs:",
        }
    }
}

fn key_of(ids: &BTreeSet<String>) -> String {
    ids.iter().map(String::as_str).collect::<Vec<_>>().join("+")
}

fn told(items: &[String]) -> String {
    if items.is_empty() { "none".to_owned() } else { items.join("; ") }
}

/// An error as examples write it: rule, attribute, message.
fn error_text(error: &ObjectError) -> String {
    let parts = [error.detail.rule.as_deref(), error.detail.attribute.as_deref(), Some(error.message.as_str())];
    parts.into_iter().flatten().collect::<Vec<_>>().join(": ")
}
