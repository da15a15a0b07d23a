//! All rules with all that they are judged by, as plain data: what the rules editor works on.

use std::collections::{BTreeMap, BTreeSet};

use syncline_expression::{Problem, ProblemKind, Severity};
use uuid::Uuid;

use super::engine::{Answer, Engine};
use super::views::RuleWriterView;
use crate::model::{AttributeDefinition, ConnectorId, RuleId, Schema, fold_text};
use crate::rules::{Direction, FIRST_STANDARD_PRECEDENCE, PlanInput, RuleCheck, RuleFault, SourceNames, SyncRule, write_rules};
use crate::setup;
use crate::sync::plan_inputs;

/// All rules at one version of the configuration, with the schemas that they are judged by. Judging needs no engine.
#[derive(Clone, Debug)]
pub struct RuleSet {
    /// Version of the configuration.
    pub version: u64,
    /// The rules, best precedence first.
    pub rules: Vec<SyncRule>,
    /// The connectors with their schemas, in order of creation.
    pub connectors: Vec<PlanInput>,
    /// The metaverse's schema.
    pub metaverse: Schema,
    /// What is wrong with the rules, errors first; rules without faults are left out.
    pub faults: BTreeMap<Uuid, Vec<RuleFault>>,
}

impl RuleSet {
    /// Rules with all that they are judged by.
    #[must_use]
    pub fn new(version: u64, rules: Vec<SyncRule>, connectors: Vec<PlanInput>, metaverse: Schema) -> Self {
        let check = RuleCheck { rules: &rules, connectors: &connectors, metaverse: &metaverse };
        let of = |rule: &SyncRule| (rule.guid, check.faults(&BTreeSet::from([rule.guid])));
        let faults = rules.iter().map(of).filter(|(_, faults)| !faults.is_empty()).collect();
        Self { version, rules, connectors, metaverse, faults }
    }

    /// The rule of an identifier.
    #[must_use]
    pub fn rule(&self, guid: Uuid) -> Option<&SyncRule> {
        self.rules.iter().find(|rule| rule.guid == guid)
    }

    /// The connector of a number.
    #[must_use]
    pub fn connector(&self, id: ConnectorId) -> Option<&PlanInput> {
        self.connectors.iter().find(|connector| connector.id == id)
    }

    /// The name of a connector; one that is gone is named by its number.
    #[must_use]
    pub fn connector_name(&self, id: ConnectorId) -> String {
        self.connector(id).map_or_else(|| format!("deleted connector {id}"), |connector| connector.name.clone())
    }

    /// The rules with one of them as it would be, or beside them when it is new.
    #[must_use]
    pub fn with(&self, rule: &SyncRule) -> Vec<SyncRule> {
        let mut rules: Vec<SyncRule> = self.rules.iter().filter(|known| known.guid != rule.guid).cloned().collect();
        rules.push(rule.clone());
        rules.sort_by_key(|rule| (rule.precedence, rule.guid));
        rules
    }

    /// What would be wrong with a rule, beside the others as they are stored.
    #[must_use]
    pub fn judge(&self, rule: &SyncRule) -> Vec<RuleFault> {
        let rules = self.with(rule);
        let check = RuleCheck { rules: &rules, connectors: &self.connectors, metaverse: &self.metaverse };
        check.faults(&BTreeSet::from([rule.guid]))
    }

    /// The names that a rule may use; none when its connector is gone.
    #[must_use]
    pub fn names<'a>(&'a self, rule: &'a SyncRule) -> Option<SourceNames<'a>> {
        Some(SourceNames::new(rule, self.connector(rule.connector)?, &self.metaverse))
    }

    /// What is wrong with an expression of a rule, or probably not meant, in order of place.
    #[must_use]
    pub fn problems(&self, rule: &SyncRule, target: &str, expression: &str) -> Vec<Problem> {
        let Some(names) = self.names(rule) else { return Vec::new() };
        let target = names.target(target);
        let aim =
            |multi_valued: bool| target.as_ref().map(|target| names.aim(&AttributeDefinition { multi_valued, ..target.clone() }));
        let single = target.as_ref().is_some_and(|target| !target.multi_valued);
        let certain = syncline_expression::check(expression, &names, aim(true).as_ref());
        let mut problems =
            if single { syncline_expression::check(expression, &names, aim(false).as_ref()) } else { certain.clone() };
        // A type that never fits keeps the rule from being stored; several values fail only where there are several.
        for problem in problems.iter_mut().filter(|problem| problem.kind == ProblemKind::Type && certain.contains(problem)) {
            problem.severity = Severity::Error;
        }
        problems
    }

    /// The attributes that join conditions of a rule compare: of the connector, and of the metaverse.
    #[must_use]
    pub fn join_attributes(&self, rule: &SyncRule) -> (Vec<AttributeDefinition>, Vec<AttributeDefinition>) {
        let sorted = |mut attributes: Vec<AttributeDefinition>| {
            attributes.sort_by_cached_key(|attribute| fold_text(&attribute.name));
            attributes
        };
        let connector = self.connector(rule.connector);
        let of_connector =
            connector.map(|connector| connector.schema.attributes_of(&rule.connector_object_type).cloned().collect());
        let of_metaverse = match rule.metaverse_object_type.as_str() {
            "*" => self.metaverse.attributes().cloned().collect(),
            object_type => self.metaverse.attributes_of(object_type).cloned().collect(),
        };
        (sorted(of_connector.unwrap_or_default()), sorted(of_metaverse))
    }

    /// All flows that write an attribute to the objects that a rule writes to, in order of precedence; the flow of the
    /// rule itself is among them, as it is in `rule`.
    #[must_use]
    pub fn writers(&self, rule: &SyncRule, target: &str) -> Vec<RuleWriterView> {
        let key = fold_text(target);
        let same = |one: &str, other: &str| one == "*" || other == "*" || fold_text(one) == fold_text(other);
        let concerns = |other: &SyncRule| {
            let metaverse = same(&other.metaverse_object_type, &rule.metaverse_object_type);
            let outbound = || {
                other.connector == rule.connector
                    && fold_text(&other.connector_object_type) == fold_text(&rule.connector_object_type)
            };
            other.direction == rule.direction && metaverse && (rule.direction == Direction::Inbound || outbound())
        };
        let mut writers = Vec::new();
        for other in self.with(rule).iter().filter(|other| concerns(other)) {
            writers.extend(other.flows.iter().filter(|flow| fold_text(&flow.target) == key).map(|flow| RuleWriterView {
                guid: other.guid,
                rule: other.name.clone(),
                precedence: other.precedence,
                connector: self.connector_name(other.connector),
                object_type: other.connector_object_type.clone(),
                kind: flow.source.label().to_owned(),
                source: flow.source.text().to_owned(),
                merge: flow.merge,
                enabled: other.enabled,
                itself: other.guid == rule.guid,
            }));
        }
        writers
    }

    /// The lowest number that is free for an administrator's rule.
    #[must_use]
    pub fn free_precedence(&self) -> Option<i64> {
        let used: BTreeSet<i64> = self.rules.iter().map(|rule| rule.precedence).collect();
        (1..FIRST_STANDARD_PRECEDENCE).find(|number| !used.contains(number))
    }

    /// Rules as text that diffs well and can be read again.
    #[must_use]
    pub fn as_text(&self, rules: &[SyncRule]) -> String {
        let names = self.connectors.iter().map(|connector| (connector.id, connector.name.clone())).collect();
        write_rules(rules, &names)
    }

    /// The administrator's rule that stands beside a rule: before it (-1) or behind it (1).
    #[must_use]
    pub fn neighbour(&self, rule: RuleId, by: isize) -> Option<&SyncRule> {
        let own: Vec<&SyncRule> = self.rules.iter().filter(|rule| !rule.is_standard()).collect();
        let at = own.iter().position(|known| known.id == rule)?;
        own.get(at.checked_add_signed(by)?).copied()
    }
}

impl Engine {
    /// All rules with all that they are judged by.
    ///
    /// # Errors
    /// [`EngineError`](super::EngineError) when the database cannot be read.
    pub fn rule_set(&self) -> Answer<RuleSet> {
        self.query(|reader, context| {
            let version = setup::configuration_version(reader)?;
            Ok(RuleSet::new(version, context.rules.clone(), plan_inputs(reader)?, context.metaverse.clone()))
        })
    }
}
