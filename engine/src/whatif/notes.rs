//! What must be read before the rules are saved.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::Connection;

use super::report::{RuleTouched, SpaceSummary, WhatIfStep};
use super::run::SpaceKey;
use crate::model::DN_ATTRIBUTE;
use crate::rules::{CompiledRule, CompiledSource, Plan};
use crate::store::StoreError;
use crate::store::configuration::ConnectorRecord;
use crate::store::runs::{self, RunQuery};
use crate::store::search::runs as history;

/// Sentences in the order in which they come up.
#[derive(Debug, Default)]
pub(super) struct Notes {
    pub(super) sentences: Vec<String>,
}

impl Notes {
    /// A run that goes on while the copy is made leaves it half-way.
    pub(super) fn runs_going_on(&mut self, connection: &Connection) -> Result<(), StoreError> {
        for id in history::unfinished(connection)? {
            for run in runs::runs(connection, &RunQuery { id: Some(id), ..RunQuery::default() })? {
                self.sentences.push(format!(
                    "run {id} ({} of \"{}\") was going on when the database was copied; the answer holds for its half-way state",
                    run.profile, run.connector_name
                ));
            }
        }
        Ok(())
    }

    /// Attributes that no import brings yet, and expressions that give something else every time.
    pub(super) fn rules(&mut self, plan: &Plan, connectors: &[ConnectorRecord], touched: &[RuleTouched]) {
        let touched: BTreeSet<(&str, &str)> = touched.iter().map(|rule| (rule.connector.as_str(), rule.rule.as_str())).collect();
        for connector in plan.connectors.values() {
            let selected = connectors.iter().find(|record| record.id == connector.id).map(|record| &record.attributes);
            for rule in connector.inbound.values().flatten() {
                let is_touched = touched.contains(&(connector.name.as_str(), rule.name.as_str()));
                if let (true, Some(selected)) = (is_touched, selected) {
                    self.missing_attributes(plan, &connector.name, rule, selected);
                }
                self.chance(plan, rule);
            }
            connector.outbound.values().flatten().for_each(|rule| self.chance(plan, rule));
        }
    }

    fn missing_attributes(&mut self, plan: &Plan, connector: &str, rule: &CompiledRule, selected: &[String]) {
        let mut read: BTreeSet<_> = rule.scope.iter().flatten().map(|clause| clause.attribute).collect();
        read.extend(rule.join.iter().flatten().map(|condition| condition.connector_attribute));
        for flow in &rule.flows {
            match &flow.source {
                CompiledSource::Direct(attribute) => {
                    read.insert(*attribute);
                }
                CompiledSource::Expression { slots, .. } => read.extend(slots.iter().map(|slot| slot.attribute)),
                CompiledSource::Constant(_) | CompiledSource::Invalid { .. } => {}
            }
        }
        let missing: Vec<&str> = read
            .into_iter()
            .filter(|attribute| *attribute != DN_ATTRIBUTE)
            .map(|attribute| plan.name(attribute))
            .filter(|name| !selected.iter().any(|selected| selected.eq_ignore_ascii_case(name)))
            .collect();
        if !missing.is_empty() {
            self.sentences.push(format!(
                "rule \"{}\" reads {}, which \"{connector}\" does not import yet; here it is absent from every object, until the attributes are selected and a full import has run",
                rule.name,
                missing.join(", ")
            ));
        }
    }

    fn chance(&mut self, plan: &Plan, rule: &CompiledRule) {
        for flow in &rule.flows {
            let CompiledSource::Expression { program, .. } = &flow.source else { continue };
            let what = match (program.depends_on_time(), program.depends_on_chance()) {
                (_, true) => "by chance",
                (true, false) => "with the time",
                (false, false) => continue,
            };
            self.sentences.push(format!(
                "rule \"{}\" gives {} a value that changes {what}; a real run gives another one",
                rule.name,
                plan.name(flow.target.id)
            ));
        }
    }

    /// More deletions or disconnections than the threshold allows.
    pub(super) fn threshold(&mut self, spaces: &BTreeMap<SpaceKey, SpaceSummary>) {
        let Some(limit) = spaces.values().find_map(|summary| summary.deletion_limit) else { return };
        for summary in spaces.values() {
            let name = &summary.name;
            if summary.exceeds_limit {
                let (before, after) = (summary.exports_before.deletes, summary.exports_after.deletes);
                self.sentences.push(format!(
                    "{after} deletions would wait for export to \"{name}\" (now {before}), more than the threshold of {limit}: the next export would send nothing and end stopped-deletion-threshold-exceeded"
                ));
            }
            let leaving = summary.deletes + summary.removes + summary.disconnects;
            if leaving > limit {
                let place = if summary.space.is_empty() { "the metaverse".to_owned() } else { format!("\"{name}\"") };
                let parts = [
                    (summary.deletes, "be deleted"),
                    (summary.removes, "leave without an export"),
                    (summary.disconnects, "be disconnected"),
                ];
                let parts: Vec<String> = parts
                    .iter()
                    .filter(|(number, _)| *number > 0)
                    .map(|(number, what)| format!("{number} would {what}"))
                    .collect();
                self.sentences
                    .push(format!("of the objects of {place} {}: more than the threshold of {limit}", parts.join(", ")));
            }
        }
    }

    /// Synchronizations that did not run to their end, and faults of rules, each said once.
    pub(super) fn steps(&mut self, steps: &[WhatIfStep]) {
        for step in steps {
            if step.status.starts_with("stopped-") || step.status.starts_with("no-start-") {
                self.sentences
                    .push(format!("the synchronization of \"{}\" would end {}: {}", step.connector, step.status, step.message));
            }
        }
        for warning in steps.iter().flat_map(|step| &step.warnings) {
            if !self.sentences.contains(warning) {
                self.sentences.push(warning.clone());
            }
        }
    }
}
