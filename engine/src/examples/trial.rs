//! How an example happens: import, synchronization, export, confirmation, changes; then the comparison.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::compare::{self, Seen};
use super::file::{Example, StagingOperation};
use super::setting::ExampleSetting;
use super::value::{self, Written};
use super::world::World;
use super::{ExampleDifference, ExampleError};
use crate::connector::EntryValue;
use crate::model::{AttributeDefinition, CsId, Schema};
use crate::rules::{Plan, SyncRule};
use crate::store::connector_space::{self, Visit};
use crate::store::{StoreError, configuration};
use crate::sync::preview::{self, Preview};
use crate::sync::{self, LinkDecision, Unjoined};

/// Times that every forest is synchronized, so that objects find each other in whatever order they come.
const PASSES: usize = 2;

/// Tries an example on a setting that suits it.
pub(super) fn run(example: &Example, setting: &ExampleSetting) -> Result<Vec<ExampleDifference>, ExampleError> {
    let mut world = World::new(setting)?;
    let (plan, problems) = sync::load_plan(&world.environment.database)?;
    let mut differences: Vec<ExampleDifference> = problems
        .into_iter()
        .map(|problem| ExampleDifference {
            place: format!("rule {}", problem.rule),
            expected: "a rule without faults".to_owned(),
            found: problem.message,
        })
        .collect();
    let rules = configuration::rules(&*world.environment.database.reader()?)?;
    place(example, setting, &mut world)?;
    let mut trial = Trial { example, setting, world, plan, rules, seen: Seen::default(), differences: Vec::new() };
    trial.happen()?;
    differences.append(&mut trial.differences);
    differences.extend(compare::differences(example, setting, &trial.world, &trial.plan, &trial.rules, &trial.seen)?);
    Ok(differences)
}

/// Puts the objects of the example into their forests.
fn place(example: &Example, setting: &ExampleSetting, world: &mut World) -> Result<(), ExampleError> {
    let mut faults = Vec::new();
    for object in &example.input {
        let mut fault = |reason: String| faults.push(format!("object {}: {reason}", object.id));
        let site = match setting.forest(object.connector.as_deref()) {
            Ok(site) => site,
            Err(reason) => {
                fault(reason);
                continue;
            }
        };
        let Some(connector) = setting.connectors.get(site) else { continue };
        let (partition, base) = match world.partition_of(site, &object.dn) {
            Ok(found) => found,
            Err(reason) => {
                fault(reason);
                continue;
            }
        };
        if connector.schema.type_name(&object.object_type).is_none() {
            fault(format!("connector {} has no object type \"{}\"", connector.name, object.object_type));
            continue;
        }
        let mut attributes = BTreeMap::new();
        for (name, json) in &object.attrs {
            match given(&connector.schema, &object.object_type, name, json, &base) {
                Ok((name, values)) => {
                    attributes.insert(name, values);
                }
                Err(reason) => fault(reason),
            }
        }
        world.put(&object.id, (site, partition), &object.dn, &object.object_type, attributes);
    }
    if faults.is_empty() { Ok(()) } else { Err(ExampleError::Faulty(faults)) }
}

/// The values that an object gets, by the schema's name of the attribute.
fn given(schema: &Schema, object_type: &str, name: &str, json: &Json, base: &str) -> Result<(String, Vec<EntryValue>), String> {
    let Some(definition) = schema.attribute_of(object_type, name) else {
        return Err(format!("type {object_type} has no attribute \"{name}\""));
    };
    if json.is_null() {
        return Ok((definition.name.clone(), Vec::new()));
    }
    let values = match value::read(definition, json)? {
        Written::Values(values) => values,
        Written::Strangers(count) => strangers(definition, count, base),
    };
    if values.len() > 1 && !definition.multi_valued {
        return Err(format!("attribute \"{name}\" holds one value, not {}", values.len()));
    }
    Ok((definition.name.clone(), values))
}

/// References to objects that are not there.
fn strangers(definition: &AttributeDefinition, count: u64, base: &str) -> Vec<EntryValue> {
    (1..=count).map(|number| EntryValue::Reference(format!("CN={} {number},OU=Nowhere,{base}", definition.name))).collect()
}

struct Trial<'a> {
    example: &'a Example,
    setting: &'a ExampleSetting,
    world: World,
    plan: Plan,
    rules: Vec<SyncRule>,
    seen: Seen,
    differences: Vec<ExampleDifference>,
}

impl Trial<'_> {
    fn happen(&mut self) -> Result<(), ExampleError> {
        let forests: Vec<usize> =
            (0..self.setting.connectors.len()).filter(|site| Some(*site) != self.setting.tenant()).collect();
        if self.example.order.is_some() {
            for site in &forests {
                self.import(*site)?;
                self.synchronize(*site)?;
                self.note_staging(*site)?;
            }
        } else {
            for site in &forests {
                self.import(*site)?;
            }
            for site in std::iter::repeat_n(&forests, PASSES).flatten() {
                self.synchronize(*site)?;
            }
        }
        if !self.example.after_export_confirmed_with.is_empty() {
            self.export_and_confirm()?;
        }
        for change in &self.example.then_change {
            let Some(object) = self.example.input.iter().find(|object| object.id == change.id) else { continue };
            let site = self.setting.forest(object.connector.as_deref()).map_err(faulty)?;
            let Some(connector) = self.setting.connectors.get(site) else { continue };
            let (_, base) = self.world.partition_of(site, &object.dn).map_err(faulty)?;
            for (name, json) in &change.attrs {
                let (name, values) = given(&connector.schema, &object.object_type, name, json, &base)
                    .map_err(|reason| faulty(format!("thenChange of {}: {reason}", change.id)))?;
                self.world.change(&change.id, &name, values);
            }
            self.import(site)?;
            self.check(site, false)?;
        }
        Ok(())
    }

    fn import(&mut self, site: usize) -> Result<(), ExampleError> {
        let complaints = self.world.import(site, &self.plan)?;
        self.complain("import", site, complaints);
        Ok(())
    }

    /// An import, export or synchronization that breaks off is a difference in itself.
    fn complain(&mut self, what: &str, site: usize, complaints: Vec<String>) {
        let name = self.setting.connectors.get(site).map_or("", |connector| connector.name.as_str());
        self.differences.extend(complaints.into_iter().map(|found| ExampleDifference {
            place: format!("{what} of {name}"),
            expected: "no error".to_owned(),
            found,
        }));
    }

    /// Synchronizes a forest: objects that are not joined one by one, so that it can be told how each found its
    /// identity; then everything, as a run would.
    fn synchronize(&mut self, site: usize) -> Result<(), ExampleError> {
        let connector = self.world.connector(site);
        let order = connector_space::to_visit(&*self.world.environment.database.reader()?, connector, Visit::Full)?;
        let names: BTreeMap<CsId, String> = self.world.numbers()?.into_iter().map(|(id, (_, number))| (number, id)).collect();
        for number in order {
            let Some(name) = names.get(&number) else { continue };
            let object = connector_space::load_one(&*self.world.environment.database.reader()?, number)?;
            if object.is_some_and(|object| object.mv.is_none()) {
                let preview = preview::commit_by(&self.world.environment, &self.plan, number, true)?;
                if let Some(link) = self.link(&preview) {
                    self.seen.links.insert(name.clone(), link);
                }
            }
        }
        self.check(site, true)
    }

    fn check(&mut self, site: usize, full: bool) -> Result<(), ExampleError> {
        let complaint = self.world.synchronize(site, full);
        self.complain("synchronization", site, complaint.into_iter().collect());
        Ok(())
    }

    /// How an object found its identity, in the words of examples.
    fn link(&self, preview: &Preview) -> Option<String> {
        let trace = preview.effects.trace.as_deref()?;
        Some(match trace.link.as_ref()? {
            LinkDecision::Project(_) => "projected".to_owned(),
            LinkDecision::Remain(Unjoined::KeptApart) => "disconnector: kept apart".to_owned(),
            LinkDecision::Remain(Unjoined::NoRule) => "disconnector: no join or provision rule in scope".to_owned(),
            LinkDecision::Remain(Unjoined::NoValue) => "disconnector: no join attribute has a value".to_owned(),
            LinkDecision::Remain(Unjoined::NoMatch) => "disconnector: no join match".to_owned(),
            LinkDecision::Join(_) => {
                let rules = trace.rules.iter().filter_map(|id| self.rules.iter().find(|rule| rule.id == *id));
                let joining = rules.into_iter().find(|rule| !rule.join.is_empty())?;
                let group = joining.join.get(trace.candidates.len().checked_sub(1)?)?;
                let conditions: Vec<String> =
                    group.iter().map(|on| format!("{}={}", on.connector_attribute, on.metaverse_attribute)).collect();
                conditions.join(" and ")
            }
        })
    }

    /// The tenant takes everything that is staged, adds what the example says, and is imported and synchronized.
    fn export_and_confirm(&mut self) -> Result<(), ExampleError> {
        let Some(site) = self.setting.tenant() else {
            return Err(faulty("afterExportConfirmedWith needs a tenant, and there is none".to_owned()));
        };
        let Some(connector) = self.setting.connectors.get(site) else { return Ok(()) };
        let refused = self.world.export(site, &self.plan)?;
        self.complain("export", site, refused);
        for confirmation in &self.example.after_export_confirmed_with {
            for (dn, object_type) in compare::cloud_names(&self.world, site, &confirmation.id)? {
                self.world.change_in(site, &dn, "cloudMastered", vec![EntryValue::Boolean(false)]);
                for (name, json) in &confirmation.cloud {
                    let (name, values) = given(&connector.schema, &object_type, name, json, "")
                        .map_err(|reason| faulty(format!("afterExportConfirmedWith of {}: {reason}", confirmation.id)))?;
                    self.world.change_in(site, &dn, &name, values);
                }
            }
        }
        self.import(site)?;
        self.check(site, true)
    }

    /// Notes what is wanted in the tenant now and what is not wanted any more.
    fn note_staging(&mut self, site: usize) -> Result<(), StoreError> {
        let Some(tenant) = self.setting.tenant() else { return Ok(()) };
        let name = self.setting.connectors.get(site).map(|connector| connector.name.clone()).unwrap_or_default();
        let wanted = compare::wanted_in(&self.world, tenant)?;
        let gone = self.seen.wanted.difference(&wanted).cloned().map(|object| (StagingOperation::Delete, object));
        let staged = wanted.iter().cloned().map(|object| (StagingOperation::Stage, object));
        let entries: Vec<_> = gone.chain(staged).map(|(operation, object)| (name.clone(), operation, object)).collect();
        self.seen.staging.extend(entries);
        self.seen.wanted = wanted;
        Ok(())
    }
}

fn faulty(reason: String) -> ExampleError {
    ExampleError::Faulty(vec![reason])
}
