//! What is wrong with rules: everything at once, before they are stored (`engine.md` 4.4, `ui.md` 10.3).

mod flows;
mod parts;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::compile::PlanInput;
use super::definition::{Direction, LinkType, MergeType, SyncRule};
use super::source_names::SourceNames;
use crate::model::{Schema, fold_text};

/// Number of the first standard rule; lower ones are for an administrator's own (`default-rules.md` 2.1).
pub const FIRST_STANDARD_PRECEDENCE: i64 = 100;

/// How bad a fault is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultSeverity {
    /// The rule cannot work; it is not stored.
    Error,
    /// The rule works, but probably not as meant.
    Warning,
}

/// The place in a rule that a fault is about, for an editor that leads there.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum RulePlace {
    /// The rule as a whole.
    #[default]
    Rule,
    /// Its name.
    Name,
    /// Its precedence.
    Precedence,
    /// Its connector.
    Connector,
    /// Its object type in the connector space.
    ConnectorObjectType,
    /// Its object type in the metaverse.
    MetaverseObjectType,
    /// Its link type.
    LinkType,
    /// A group of its scoping filter, or one clause of the group.
    Scope {
        /// Number of the group, from 0.
        group: usize,
        /// Number of the clause, from 0.
        clause: Option<usize>,
    },
    /// A group of its join criteria, or one condition of the group.
    Join {
        /// Number of the group, from 0.
        group: usize,
        /// Number of the condition, from 0.
        condition: Option<usize>,
    },
    /// A flow.
    Flow {
        /// Attribute written.
        target: String,
        /// What of the flow it is.
        field: FlowField,
    },
}

/// A field of a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FlowField {
    /// The attribute written.
    Target,
    /// The attribute read, the constant, or an expression whose result does not fit.
    Source,
    /// An expression that cannot be read as one.
    Expression,
    /// How contributions combine.
    MergeType,
    /// Evaluated only at creation.
    ApplyOnce,
}

/// Something that is wrong with a rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RuleFault {
    /// How bad it is.
    pub severity: FaultSeverity,
    /// Name of the rule.
    pub rule: String,
    /// Its precedence.
    pub precedence: i64,
    /// Part of the rule, such as `flow to displayName`; empty for the rule as a whole.
    pub part: String,
    /// Sentence that names the value and the fix.
    pub message: String,
    /// Where it is.
    #[serde(skip)]
    pub place: RulePlace,
}

impl RuleFault {
    /// True when it keeps the rule from being stored.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == FaultSeverity::Error
    }

    /// True when it is an expression that cannot be read as one. The rule can be held all the same: every object in its
    /// scope reports the flow until it is mended.
    #[must_use]
    pub fn is_expression(&self) -> bool {
        matches!(self.place, RulePlace::Flow { field: FlowField::Expression, .. })
    }
}

impl fmt::Display for RuleFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rule \"{}\"", self.rule)?;
        if !self.part.is_empty() {
            write!(f, ", {}", self.part)?;
        }
        write!(f, ": {}", self.message)
    }
}

/// All rules as they would be, with what they are about.
#[derive(Clone, Copy, Debug)]
pub struct RuleCheck<'a> {
    /// All rules, changed or not.
    pub rules: &'a [SyncRule],
    /// The connectors.
    pub connectors: &'a [PlanInput],
    /// The metaverse's schema.
    pub metaverse: &'a Schema,
}

impl RuleCheck<'_> {
    /// What is wrong with the rules of these GUIDs, alone and beside the others: by rule, in order of precedence,
    /// errors before warnings.
    #[must_use]
    pub fn faults(&self, guids: &BTreeSet<Uuid>) -> Vec<RuleFault> {
        let mut checked: Vec<&SyncRule> = self.rules.iter().filter(|rule| guids.contains(&rule.guid)).collect();
        checked.sort_by_key(|rule| (rule.precedence, rule.guid));
        let mut found = Vec::new();
        for rule in checked {
            let mut notes = Notes { rule, faults: Vec::new(), place: RulePlace::Rule };
            self.identity(&mut notes);
            self.neighbours(&mut notes);
            self.content(&mut notes);
            notes.faults.sort_by_key(|fault| fault.severity);
            found.append(&mut notes.faults);
        }
        found
    }

    /// Name, precedence, and what only a standard rule may have.
    fn identity(&self, notes: &mut Notes<'_>) {
        let rule = notes.rule;
        if rule.name.trim().is_empty() {
            notes.at(RulePlace::Name).error("", "it has no name");
        }
        let others = || self.rules.iter().filter(|other| other.guid != rule.guid);
        if let Some(other) = others().find(|other| other.precedence == rule.precedence) {
            notes
                .at(RulePlace::Precedence)
                .error("", format!("precedence {} is used by \"{}\"; {}", rule.precedence, other.name, self.free_numbers()));
        }
        let same_name = |other: &&SyncRule| other.connector == rule.connector && fold_text(&other.name) == fold_text(&rule.name);
        if others().any(|other| same_name(&other)) {
            notes.at(RulePlace::Name).error("", "its connector has another rule of this name; give it a name of its own");
        }
        if rule.tag.is_none() && !(0..FIRST_STANDARD_PRECEDENCE).contains(&rule.precedence) {
            let last = FIRST_STANDARD_PRECEDENCE - 1;
            notes.at(RulePlace::Precedence).error(
                "",
                format!(
                    "precedence {} is not from 0 to {last}, the numbers of an administrator's rules; {}",
                    rule.precedence,
                    self.free_numbers()
                ),
            );
        }
    }

    /// What is free for a rule.
    fn free_numbers(&self) -> String {
        let used: BTreeSet<i64> = self.rules.iter().map(|rule| rule.precedence).collect();
        let free: Vec<String> = (1..FIRST_STANDARD_PRECEDENCE)
            .filter(|number| !used.contains(number))
            .take(3)
            .map(|number| number.to_string())
            .collect();
        if free.is_empty() { "no number below 100 is free".to_owned() } else { format!("free are {}, ...", free.join(", ")) }
    }

    /// What goes wrong together with other rules that are switched on.
    fn neighbours(&self, notes: &mut Notes<'_>) {
        let rule = notes.rule;
        if !rule.enabled {
            return;
        }
        let others: Vec<&SyncRule> = self
            .rules
            .iter()
            .filter(|other| other.guid != rule.guid && other.enabled && other.direction == rule.direction)
            .collect();
        let linking = |other: &SyncRule| {
            rule.direction == Direction::Inbound
                && (other.connector, fold_text(&other.connector_object_type))
                    == (rule.connector, fold_text(&rule.connector_object_type))
                && !other.join.is_empty()
        };
        if !rule.join.is_empty()
            && let Some(other) = others.iter().find(|other| linking(other) && other.join != rule.join)
        {
            notes.at(RulePlace::Join { group: 0, condition: None }).warning(
                "join",
                format!(
                    "\"{}\" joins the same objects by other criteria; an object in scope of both cannot be joined",
                    other.name
                ),
            );
        }
        let mut merges: BTreeMap<String, (MergeType, &str)> = BTreeMap::new();
        for other in others.iter().filter(|other| meets(rule, other)) {
            for flow in &other.flows {
                merges.entry(fold_text(&flow.target)).or_insert((flow.merge, other.name.as_str()));
            }
        }
        for flow in &rule.flows {
            if let Some((merge, name)) = merges.get(&fold_text(&flow.target))
                && kind(*merge) != kind(flow.merge)
            {
                notes.at(RulePlace::Flow { target: flow.target.clone(), field: FlowField::MergeType }).warning(
                    format!("flow to {}", flow.target),
                    format!(
                        "its merge type is {}, that of the flow in \"{name}\" is {}; an object in scope of both fails, so give both the same",
                        flow.merge.label(),
                        merge.label()
                    ),
                );
            }
        }
        if rule.direction == Direction::Outbound && rule.link == LinkType::Provision {
            let same_type = |other: &SyncRule| fold_text(&other.connector_object_type) == fold_text(&rule.connector_object_type);
            let named = std::iter::once(&rule)
                .chain(others.iter().filter(|other| meets(rule, other) && same_type(other)))
                .any(|other| other.flows.iter().any(|flow| flow.target.eq_ignore_ascii_case("dn")));
            if !named {
                notes.at(RulePlace::LinkType).error("", "it creates objects, but no flow gives them a name; add a flow to dn");
            }
        }
    }

    /// Types, scope, join and flows, as far as the connector is known.
    fn content(&self, notes: &mut Notes<'_>) {
        let rule = notes.rule;
        let Some(connector) = self.connectors.iter().find(|connector| connector.id == rule.connector) else {
            notes.at(RulePlace::Connector).error("", "its connector does not exist");
            return;
        };
        let known_type = connector.schema.type_name(&rule.connector_object_type).is_some();
        if !known_type {
            let hint = nearest(&rule.connector_object_type, connector.schema.types());
            notes
                .at(RulePlace::ConnectorObjectType)
                .error("", format!("connector {} has no object type \"{}\"{hint}", connector.name, rule.connector_object_type));
        }
        let any = rule.metaverse_object_type == "*";
        if any && (rule.direction == Direction::Outbound || rule.link == LinkType::Provision) {
            notes
                .at(RulePlace::MetaverseObjectType)
                .error("", "metaverse object type * is for inbound rules that only join; name one type");
        } else if !any && self.metaverse.type_name(&rule.metaverse_object_type).is_none() {
            let hint = nearest(&rule.metaverse_object_type, self.metaverse.types());
            notes
                .at(RulePlace::MetaverseObjectType)
                .error("", format!("the metaverse has no object type \"{}\"{hint}", rule.metaverse_object_type));
            return;
        }
        if rule.link == LinkType::JoinNoFlow && !rule.flows.is_empty() {
            notes
                .at(RulePlace::LinkType)
                .warning("", "its link type is JoinNoFlow, so none of its flows does anything; choose Join to let them");
        }
        if !known_type {
            return;
        }
        let names = SourceNames::new(rule, connector, self.metaverse);
        parts::scope(&names, notes);
        parts::join(&names, notes);
        flows::flows(&names, notes);
    }
}

/// Collects the faults of one rule.
struct Notes<'a> {
    rule: &'a SyncRule,
    faults: Vec<RuleFault>,
    place: RulePlace,
}

impl Notes<'_> {
    /// Says where the faults are that come next.
    fn at(&mut self, place: RulePlace) -> &mut Self {
        self.place = place;
        self
    }

    fn add(&mut self, severity: FaultSeverity, part: impl Into<String>, message: impl Into<String>) {
        self.faults.push(RuleFault {
            severity,
            rule: self.rule.name.clone(),
            precedence: self.rule.precedence,
            part: part.into(),
            message: message.into(),
            place: self.place.clone(),
        });
    }

    fn error(&mut self, part: impl Into<String>, message: impl Into<String>) {
        self.add(FaultSeverity::Error, part, message);
    }

    fn warning(&mut self, part: impl Into<String>, message: impl Into<String>) {
        self.add(FaultSeverity::Warning, part, message);
    }
}

/// True when flows of both rules can come together in one object.
fn meets(rule: &SyncRule, other: &SyncRule) -> bool {
    let same_metaverse_type = fold_text(&rule.metaverse_object_type) == fold_text(&other.metaverse_object_type)
        || rule.metaverse_object_type == "*"
        || other.metaverse_object_type == "*";
    match rule.direction {
        Direction::Inbound => same_metaverse_type,
        Direction::Outbound => same_metaverse_type && rule.connector == other.connector,
    }
}

/// Replace is Update by another name.
fn kind(merge: MergeType) -> MergeType {
    if merge.is_union() { merge } else { MergeType::Update }
}

/// `; did you mean "x"?` or nothing.
fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    syncline_expression::nearest(name, known).map_or_else(String::new, |near| format!("; did you mean \"{near}\"?"))
}
