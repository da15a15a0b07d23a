//! A what-if, and whether the real runs then do what it told: what was before, with the changes of the what-if laid
//! over it, is what is afterwards.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use uuid::Uuid;

use super::runs::{counter_name, gather};
use super::{End, perform_all};
use crate::connector::CancelToken;
use crate::model::{ConnectorId, Image, ObjectOperation, Value, ValueType};
use crate::rules::write_rules;
use crate::run::{DELTA_SYNCHRONIZATION, FULL_SYNCHRONIZATION};
use crate::scenario::check::Told;
use crate::scenario::difference::Difference;
use crate::scenario::model::Step;
use crate::scenario::world::{ScenarioError, Sight, World};
use crate::store::connector_space::{self, LoadOptions, TowerView};
use crate::store::metaverse;
use crate::store::search;
use crate::store::search::connector_space::CsCriterion;
use crate::whatif::{
    self, AttributeWord, ChangeKind, ChangedAttribute, ErrorWord, Instead, LinkWord, ObjectChange, OtherRules, WhatIfContext,
    WhatIfFilter, WhatIfFolder, WhatIfReport, WhatIfRequest, shown_value,
};

/// Most changes of a what-if that are compared.
const MOST_CHANGES: u64 = 1_000_000;

/// Asks what would be with the rules as `rules` leaves them, does it, and compares.
pub(super) fn come_true(world: &mut World, full: bool, rules: &[Step]) -> End {
    let mut other = None;
    if !rules.is_empty() {
        let mut forked = world.fork()?;
        if let Some(difference) = perform_all(&mut forked, rules)? {
            return Ok(Some(difference));
        }
        let names = forked.sites.iter().map(|(name, site)| (site.id, name.clone())).collect();
        let text = write_rules(&Sight::new(&forked, None)?.rules, &names);
        other = Some(OtherRules { file: "the rules below".to_owned(), text });
    }
    let before = State::of(world)?;
    let (report, changes) = foretell(world, WhatIfRequest { connectors: Vec::new(), full, instead: other.map(Instead::Rules) })?;
    if State::of(world)? != before {
        return Ok(Some(Difference::of("database", "nothing changed by a what-if", "another content")));
    }
    if let Some(difference) = perform_all(world, rules)? {
        return Ok(Some(difference));
    }
    if let Some(difference) = synchronize(world, full, &report)? {
        return Ok(Some(difference));
    }
    let after = State::of(world)?;
    Ok(match before.clone().with(&changes) {
        Err(difference) => Some(difference),
        Ok(foretold) => foretold.differs(&after).or_else(|| totals(&report, &before, &after)),
    })
}

fn foretell(world: &World, request: WhatIfRequest) -> Result<(WhatIfReport, Vec<ObjectChange>), ScenarioError> {
    let environment = world.environment();
    let context =
        WhatIfContext { folder: world.folder(), database: &world.database, clock: &environment.clock, user: "scenario" };
    let report = whatif::run(context, &request, &CancelToken::default(), &(Arc::new(|_| {}) as Arc<_>))?;
    let folder = WhatIfFolder::of(world.folder());
    let changes = folder.changes(report.number, &WhatIfFilter::default(), 0, MOST_CHANGES)?;
    folder.delete(report.number)?;
    Ok((report, changes.0))
}

/// The real runs, each compared with its step of the what-if.
fn synchronize(world: &mut World, full: bool, report: &WhatIfReport) -> End {
    let profile = if full { FULL_SYNCHRONIZATION } else { DELTA_SYNCHRONIZATION };
    for step in &report.steps {
        let run = world.core.start(step.connector_id, profile)?.wait()?;
        let mut told = Told::default();
        gather(world, run, &mut told)?;
        let mut foretold: BTreeMap<String, u64> = BTreeMap::new();
        for (name, number) in step.parts.iter().filter(|(_, number)| **number > 0) {
            foretold.insert(counter_name(world, name.clone()), *number);
        }
        let part = |what: &str| format!("{what} of {} {profile}, compared with the what-if", step.connector);
        if told.status.as_deref() != Some(&step.status) {
            return Ok(Some(Difference::of(part("result"), &step.status, told.status.clone().unwrap_or_default())));
        }
        if told.counters != foretold {
            return Ok(Some(Difference::of(part("counters"), format!("{foretold:?}"), format!("{:?}", told.counters))));
        }
        if told.errors.len() as u64 != step.errors {
            return Ok(Some(Difference::of(part("errors"), step.errors.to_string(), told.errors.len().to_string())));
        }
    }
    world.note()?;
    Ok(None)
}

/// Exports that wait and imports that were synchronized, as the summary counts them.
fn totals(report: &WhatIfReport, before: &State, after: &State) -> Option<Difference> {
    report.spaces.iter().filter(|summary| !summary.space.is_empty()).find_map(|summary| {
        let of = |state: &State| -> Vec<Seen> {
            state.objects.iter().filter(|((space, _), _)| *space == summary.space).map(|(_, seen)| seen.clone()).collect()
        };
        let sent: Vec<ObjectOperation> = of(after).iter().filter(|seen| !seen.transient).map(|seen| seen.export).collect();
        let count = |operations: &[ObjectOperation]| sent.iter().filter(|export| operations.contains(export)).count() as u64;
        let found = [
            count(&[ObjectOperation::Add]),
            count(&[ObjectOperation::Update]),
            count(&[ObjectOperation::Delete, ObjectOperation::DeleteAdd]),
        ];
        let told = [summary.exports_after.adds, summary.exports_after.updates, summary.exports_after.deletes];
        let pending = |state: &State| of(state).iter().filter(|seen| seen.pending_import).count() as u64;
        let synchronized = pending(before).saturating_sub(pending(after));
        let part = |what: &str| format!("{what} of {}, compared with the what-if", summary.name);
        if told != found {
            return Some(Difference::of(part("pending adds, updates and deletes"), format!("{told:?}"), format!("{found:?}")));
        }
        (summary.synchronized != synchronized).then(|| {
            Difference::of(part("pending imports synchronized"), summary.synchronized.to_string(), synchronized.to_string())
        })
    })
}

/// The values of an attribute: as texts, or the number of references.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Values {
    Texts(Vec<String>),
    References(u64),
}

fn values(sight: &Sight<'_>, image: &Image, rule: &dyn Fn(&str) -> String) -> BTreeMap<String, (Values, String)> {
    let value = |values: &[Value]| match values {
        [Value::Reference(_), ..] => Values::References(values.len() as u64),
        plain => {
            let mut texts: Vec<String> = plain.iter().map(shown_value).collect();
            texts.sort_unstable();
            Values::Texts(texts)
        }
    };
    let named = image.iter().map(|(attribute, values)| (sight.attributes.name(attribute).to_owned(), value(values)));
    named.map(|(name, values)| (name.clone(), (values, rule(&name)))).collect()
}

/// An object, as far as what-ifs tell of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Seen {
    name: String,
    object_type: String,
    linked: Option<Uuid>,
    export: ObjectOperation,
    /// Another object has its name, so nothing of it is sent.
    transient: bool,
    pending_import: bool,
    error: Option<String>,
    /// Values; in the metaverse with the name of their rule.
    values: BTreeMap<String, (Values, String)>,
}

/// All objects by space and GUID; the space of the metaverse has no name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct State {
    objects: BTreeMap<(String, Uuid), Seen>,
    /// Attributes that hold references.
    references: BTreeSet<String>,
}

impl State {
    fn of(world: &World) -> Result<Self, ScenarioError> {
        let sight = Sight::new(world, None)?;
        let spaces: BTreeMap<ConnectorId, String> = crate::store::configuration::connectors(&sight.reader)?
            .into_iter()
            .map(|connector| (connector.id, connector.guid.to_string()))
            .collect();
        let mut state = Self::default();
        let metaverse = crate::store::schema::metaverse(&sight.reader)?;
        for schema in world.sites.values().map(|site| site.schema.as_ref()).chain([&metaverse]) {
            let references = schema.attributes().filter(|attribute| attribute.value_type == ValueType::Reference);
            state.references.extend(references.map(|attribute| attribute.name.clone()));
        }
        let identities = metaverse::load(&sight.reader, &metaverse::all_ids(&sight.reader)?)?;
        let guids: BTreeMap<_, Uuid> = identities.iter().map(|object| (object.id, object.guid)).collect();
        for (connector, space) in &spaces {
            let ids = search::connector_space::ids(&sight.reader, *connector, &CsCriterion::All, "")?;
            for object in connector_space::load(&sight.reader, &ids, &LoadOptions::default())? {
                if object.is_placeholder() {
                    continue;
                }
                let seen = Seen {
                    name: object.dn.clone(),
                    object_type: object.imported_type().unwrap_or_default().to_owned(),
                    linked: object.mv.and_then(|mv| guids.get(&mv).copied()),
                    export: object.unapplied.operation,
                    transient: object.transient,
                    pending_import: object.pending_import.operation != ObjectOperation::None,
                    error: object.import_error.as_ref().map(|error| error.error.code.to_string()),
                    values: values(&sight, &object.view(TowerView::Expected), &|_| String::new()),
                };
                state.objects.insert((space.clone(), object.guid), seen);
            }
        }
        for object in identities {
            let rule = |name: &str| {
                let lineage = sight.attributes.get(name).and_then(|attribute| object.lineage.get(&attribute));
                let rule = lineage.and_then(|known| sight.rules.iter().find(|rule| rule.id == known.rule));
                rule.map(|rule| rule.name.clone()).unwrap_or_default()
            };
            let values = values(&sight, &object.image, &rule);
            let seen = Seen { object_type: object.object_type.clone(), values, ..Seen::default() };
            state.objects.insert((String::new(), object.guid), seen);
        }
        Ok(state)
    }

    /// The state with the changes of a what-if laid over it.
    fn with(mut self, changes: &[ObjectChange]) -> Result<Self, Difference> {
        for change in changes.iter().filter(|change| !change.guid.is_nil()) {
            let key = (change.space.clone(), change.guid);
            let gone = match change.kind {
                ChangeKind::Remove => true,
                ChangeKind::Delete => change.space.is_empty(),
                _ => false,
            };
            if !gone {
                self.objects.entry(key).or_default().take(change, &self.references);
            } else if self.objects.remove(&key).is_none() {
                return Err(Difference::of("what-if", "an object that can go", format!("{change:?}")));
            }
        }
        Ok(self)
    }

    /// The first object that is otherwise than foretold.
    fn differs(&self, found: &Self) -> Option<Difference> {
        let known = |state: &Self| -> BTreeSet<(String, Uuid)> { state.objects.keys().cloned().collect() };
        let (told, there) = (known(self), known(found));
        for key in told.intersection(&there) {
            let (told, there) = (self.objects.get(key)?.lines(), found.objects.get(key)?.lines());
            if told != there {
                return Some(Difference::of("object, compared with the what-if", told, there));
            }
        }
        // What is new has another GUID there and here.
        let new = |state: &Self, keys: BTreeSet<&(String, Uuid)>| -> Vec<String> {
            let seen = keys.into_iter().filter_map(|key| Some((key, state.objects.get(key)?)));
            let mut lines: Vec<String> = seen.map(|((space, _), seen)| format!("{space} {}", seen.lines())).collect();
            lines.sort_unstable();
            lines
        };
        let (told, there) = (new(self, told.difference(&there).collect()), new(found, there.difference(&told).collect()));
        (told != there).then(|| Difference::of("objects, compared with the what-if", told.join("; "), there.join("; ")))
    }
}

impl Seen {
    /// Lays a change over the object.
    fn take(&mut self, change: &ObjectChange, references: &BTreeSet<String>) {
        if self.object_type.is_empty() || change.kind == ChangeKind::DeleteAdd {
            self.object_type.clone_from(&change.object_type);
        }
        match change.link {
            Some(LinkWord::Disconnected) => self.linked = None,
            Some(LinkWord::Joined | LinkWord::Projected | LinkWord::Moved) => self.linked = Some(Uuid::max()),
            None => {}
        }
        if change.kind == ChangeKind::Add && !change.space.is_empty() {
            self.name.clone_from(&change.name);
            self.linked = Some(Uuid::max());
        }
        match change.kind {
            ChangeKind::Delete => self.export = ObjectOperation::Delete,
            ChangeKind::DeleteAdd => self.export = ObjectOperation::DeleteAdd,
            ChangeKind::Restore => self.export = ObjectOperation::None,
            _ => {}
        }
        if let Some(error) = &change.error {
            self.error = (error.change != ErrorWord::Vanishes).then(|| error.code.clone());
        }
        for attribute in &change.attributes {
            self.take_attribute(attribute, references.contains(&attribute.name));
            if !change.space.is_empty()
                && let Some((_, rule)) = self.values.get_mut(&attribute.name)
            {
                rule.clear();
            }
        }
    }

    fn take_attribute(&mut self, change: &ChangedAttribute, is_reference: bool) {
        let values = match self.values.remove(&change.name).map(|(values, _)| values) {
            // The same references by another rule are told whole.
            Some(Values::References(count)) if change.change == AttributeWord::Source => Values::References(count),
            Some(Values::References(count)) => Values::References((count + change.new_count).saturating_sub(change.old_count)),
            None if is_reference => Values::References(change.new_count),
            known => {
                let mut texts = match known {
                    Some(Values::Texts(texts)) => texts,
                    _ => Vec::new(),
                };
                match change.change {
                    AttributeWord::Update => {
                        texts.retain(|text| !change.old.contains(text));
                        texts.extend(change.new.iter().cloned());
                    }
                    AttributeWord::Add | AttributeWord::Replace | AttributeWord::Source => texts.clone_from(&change.new),
                    AttributeWord::Delete => texts.clear(),
                }
                texts.sort_unstable();
                Values::Texts(texts)
            }
        };
        let empty = match &values {
            Values::Texts(texts) => texts.is_empty(),
            Values::References(count) => *count == 0,
        };
        if !empty {
            self.values.insert(change.name.clone(), (values, change.rule.clone()));
        }
    }

    /// What is compared. A deletion leaves open what the object holds until it is gone.
    fn lines(&self) -> String {
        let mut text = format!("{} {}, {}", self.name, self.object_type, if self.linked.is_some() { "linked" } else { "alone" });
        let deletes = matches!(self.export, ObjectOperation::Delete | ObjectOperation::DeleteAdd);
        if deletes {
            text.push_str(&format!(", export {}", self.export.word()));
        }
        if let Some(error) = &self.error {
            text.push_str(&format!(", error {error}"));
        }
        for (name, (values, rule)) in self.values.iter().filter(|_| self.export != ObjectOperation::Delete) {
            text.push_str(&format!(", {name}={values:?} {rule}"));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(kind: ChangeKind, attributes: Vec<ChangedAttribute>) -> ObjectChange {
        ObjectChange {
            space: "t".to_owned(),
            identity: String::new(),
            kind,
            guid: Uuid::from_u128(1),
            name: "CN=Ada".to_owned(),
            display_name: None,
            new_name: None,
            object_type: "user".to_owned(),
            link: None,
            rule: String::new(),
            reason: String::new(),
            attributes,
            error: None,
        }
    }

    fn attribute(word: AttributeWord, old: &[&str], new: &[&str]) -> ChangedAttribute {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        ChangedAttribute {
            name: "department".to_owned(),
            change: word,
            old: texts(old),
            new: texts(new),
            old_count: old.len() as u64,
            new_count: new.len() as u64,
            rule: "Out".to_owned(),
            old_rule: None,
        }
    }

    fn state(departments: &[&str]) -> State {
        let texts = departments.iter().map(|text| (*text).to_owned()).collect();
        let mut seen = Seen { name: "CN=Ada".to_owned(), object_type: "user".to_owned(), ..Seen::default() };
        seen.values.insert("department".to_owned(), (Values::Texts(texts), String::new()));
        State { objects: BTreeMap::from([(("t".to_owned(), Uuid::from_u128(1)), seen)]), references: BTreeSet::new() }
    }

    #[test]
    fn changes_are_laid_over_what_was() {
        let check = |change: ObjectChange, after: &State, same: bool| {
            let foretold = state(&["IT"]).with(&[change]).unwrap();
            assert_eq!(foretold.differs(after).is_none(), same, "{foretold:?}");
        };
        let replace = |new| change(ChangeKind::Update, vec![attribute(AttributeWord::Replace, &["IT"], &[new])]);
        check(replace("HR"), &state(&["HR"]), true);
        check(replace("HR"), &state(&["IT"]), false);
        check(change(ChangeKind::Update, Vec::new()), &state(&["HR"]), false);
        check(
            change(ChangeKind::Update, vec![attribute(AttributeWord::Update, &["IT"], &["a", "b"])]),
            &state(&["a", "b"]),
            true,
        );
        check(change(ChangeKind::Remove, Vec::new()), &State::default(), true);
        check(change(ChangeKind::Remove, Vec::new()), &state(&["IT"]), false);
        check(change(ChangeKind::Delete, Vec::new()), &state(&["IT"]), false);
        let new = ObjectChange { guid: Uuid::from_u128(2), ..change(ChangeKind::Add, Vec::new()) };
        check(new.clone(), &state(&["IT"]), false);
        assert!(State::default().with(&[change(ChangeKind::Remove, Vec::new())]).is_err());
        // A new object has another GUID in the what-if.
        let made = |guid| State::default().with(&[ObjectChange { guid: Uuid::from_u128(guid), ..new.clone() }]).unwrap();
        assert_eq!(made(2).differs(&made(3)), None);
    }
}
