//! Synchronization rules: looking at them, changing them, rules as text, examples.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::engine::Engine;
use super::error::EngineError;
use super::queries::{self, QueryContext};
use super::views::{RuleChangeStepView, RuleChangeView, RuleDetails, RuleFateView, RuleFlowView, RuleSummary};
use crate::examples::ExampleSetting;
use crate::model::{ConnectorId, RuleId, fold_text};
use crate::rules::{FIRST_STANDARD_PRECEDENCE, RuleCheck, RuleFault, SyncRule, TWICE, read_rules, rule_differences, write_rules};
use crate::setup::{self, RuleChangeReport, RuleChanges, RuleStep};
use crate::store::{Reader, StoreError};
use crate::sync::plan_inputs;

type Answer<T> = Result<T, EngineError>;

/// A text with rules and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleSource {
    /// Name of the file, for messages.
    pub file: String,
    /// The text.
    pub text: String,
}

/// How a rule is cloned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleClone {
    /// Name of the clone; made from that of the original when absent.
    pub name: Option<String>,
    /// Precedence of the clone; the lowest that is free when absent.
    pub precedence: Option<i64>,
    /// Switches the original off, so that the clone takes its place.
    pub disable_original: bool,
}

impl Engine {
    /// All rules, best precedence first.
    ///
    /// # Errors
    /// [`EngineError`] when the database cannot be read.
    pub fn rules(&self) -> Answer<Vec<RuleSummary>> {
        self.query(|reader, context| {
            let faults = faults(reader, context, &context.rules)?;
            Ok(context.rules.iter().map(|rule| summary(context, rule, &faults)).collect())
        })
    }

    /// One rule with everything in it.
    ///
    /// # Errors
    /// [`EngineError::UnknownRule`] when there is none with this identifier.
    pub fn rule(&self, guid: Uuid) -> Answer<RuleDetails> {
        self.query(|reader, context| {
            let rule = by_guid(context, guid)?;
            Ok(details(context, rule, faults(reader, context, std::slice::from_ref(rule))?))
        })
    }

    /// The rules of names, identifiers or precedence numbers, each once; those of one connector only, when it is given.
    ///
    /// # Errors
    /// [`EngineError::UnknownRule`] names the one that is not there, [`EngineError::Invalid`] one that several have.
    pub fn find_rules(&self, which: &[String], connector: Option<&str>) -> Answer<Vec<SyncRule>> {
        self.query(|_, context| {
            let connector = connector.map(|name| queries::connectors::find(context, name).map(|found| found.id)).transpose()?;
            let rules: Vec<&SyncRule> =
                context.rules.iter().filter(|rule| connector.is_none_or(|wanted| rule.connector == wanted)).collect();
            let mut found: Vec<SyncRule> = Vec::new();
            for name in which {
                let rule = find(context, &rules, name)?;
                if found.iter().all(|known| known.id != rule.id) {
                    found.push(rule.clone());
                }
            }
            Ok(found)
        })
    }

    /// All rules as they are written, stored and changed, best precedence first.
    ///
    /// # Errors
    /// [`EngineError`] when the database cannot be read.
    pub fn rule_definitions(&self) -> Answer<Vec<SyncRule>> {
        self.query(|_, context| Ok(context.rules.clone()))
    }

    /// Rules as text that diffs well and that [`Engine::rules_from_text`] reads.
    ///
    /// # Errors
    /// [`EngineError`] when the database cannot be read.
    pub fn rules_as_text(&self, rules: &[SyncRule]) -> Answer<String> {
        self.query(|_, context| Ok(write_rules(rules, &connector_names(context))))
    }

    /// The rules in texts. One that is there already, by its identifier or by its name on its connector, keeps its
    /// number.
    ///
    /// # Errors
    /// [`EngineError::RuleText`] has everything that is wrong in any of the texts.
    pub fn rules_from_text(&self, sources: &[RuleSource]) -> Answer<Vec<SyncRule>> {
        self.query(|_, context| {
            let (names, mut rules, mut faults) = (connector_names(context), Vec::new(), Vec::new());
            for source in sources {
                let mut known = context.rules.clone();
                lay_over(&mut known, rules.iter().filter(|rule: &&SyncRule| rule.id.0 != 0).cloned());
                match read_rules(&source.text, &names, &known, self.ids()) {
                    Ok(read) => {
                        let twice = read.iter().filter(|rule| rules.iter().any(|other| is_written_otherwise(other, rule)));
                        faults.extend(twice.map(|rule| format!("{}: rule \"{}\": {TWICE}", source.file, rule.name)));
                        lay_over(&mut rules, read);
                    }
                    Err(reasons) => faults.extend(reasons.into_iter().map(|reason| format!("{}: {reason}", source.file))),
                }
            }
            if faults.is_empty() { Ok(rules) } else { Err(EngineError::RuleText(faults)) }
        })
    }

    /// The number of the present configuration: every change of rules adds one.
    ///
    /// # Errors
    /// [`EngineError`] when the database cannot be read.
    pub fn configuration_version(&self) -> Answer<u64> {
        self.query(|reader, _| Ok(setup::configuration_version(reader)?))
    }

    /// Says what a change of rules would mean, and stores nothing.
    ///
    /// # Errors
    /// [`EngineError::RuleChange`] with all reasons why it would be refused.
    pub fn judge_rules(&self, changes: &RuleChanges) -> Answer<RuleChangeView> {
        self.query(|reader, context| Ok(change_view(context, &setup::judge_rules(reader, changes)?, false)))
    }

    /// Changes rules, all of them or none, and notes which connectors must be imported or synchronized in full.
    ///
    /// # Errors
    /// [`EngineError::RuleChange`] with all reasons why nothing was changed, [`EngineError::Busy`] while something runs.
    pub fn change_rules(&self, changes: &RuleChanges) -> Answer<RuleChangeView> {
        self.check_idle()?;
        let changes = &RuleChanges { author: Some(self.author()), ..changes.clone() };
        let report = setup::store_rules(self.database(), changes)?;
        if !report.steps.is_empty() {
            self.tell_configuration_changed();
        }
        self.query(|_, context| Ok(change_view(context, &report, true)))
    }

    /// Stores rules: new ones (number 0), and others in place of those with their numbers. `as_of` is the version of the
    /// configuration that they were made from.
    ///
    /// # Errors
    /// As [`Engine::change_rules`].
    pub fn save_rules(&self, rules: Vec<SyncRule>, as_of: Option<u64>) -> Answer<RuleChangeView> {
        self.change_rules(&RuleChanges { save: rules, as_of, ..RuleChanges::default() })
    }

    /// Removes rules; what they contributed goes with the next full synchronization.
    ///
    /// # Errors
    /// As [`Engine::change_rules`]; a standard rule cannot be removed.
    pub fn delete_rules(&self, rules: &[RuleId], as_of: Option<u64>) -> Answer<RuleChangeView> {
        self.change_rules(&RuleChanges { remove: rules.to_vec(), as_of, ..RuleChanges::default() })
    }

    /// Switches rules on or off.
    ///
    /// # Errors
    /// As [`Engine::change_rules`].
    pub fn set_rules_enabled(&self, rules: &[RuleId], enabled: bool, as_of: Option<u64>) -> Answer<RuleChangeView> {
        let known = self.rule_definitions()?;
        let changed = rules
            .iter()
            .map(|id| {
                let rule = known.iter().find(|rule| rule.id == *id).cloned();
                rule.map(|rule| SyncRule { enabled, ..rule }).ok_or(setup::RuleChangeError::Unknown(*id))
            })
            .collect::<Result<_, _>>()?;
        self.save_rules(changed, as_of)
    }

    /// Makes a copy of a rule that can be changed; gives the copy as well.
    ///
    /// # Errors
    /// As [`Engine::change_rules`].
    pub fn clone_rule(&self, rule: RuleId, how: &RuleClone, as_of: Option<u64>) -> Answer<(RuleDetails, RuleChangeView)> {
        let known = self.rule_definitions()?;
        let original = known.iter().find(|known| known.id == rule).ok_or(setup::RuleChangeError::Unknown(rule))?;
        let numbers: BTreeSet<i64> = known.iter().map(|rule| rule.precedence).collect();
        let free = (1..FIRST_STANDARD_PRECEDENCE).find(|number| !numbers.contains(number));
        let precedence = how.precedence.or(free).ok_or_else(|| {
            EngineError::Invalid(format!(
                "no precedence from 1 to {} is free for a clone; delete a rule that is not needed any more",
                FIRST_STANDARD_PRECEDENCE - 1
            ))
        })?;
        let clone = SyncRule {
            id: RuleId(0),
            guid: self.ids().guid(),
            name: how.name.clone().unwrap_or_else(|| self.clone_name(original, &known)),
            precedence,
            tag: None,
            ..original.clone()
        };
        let guid = clone.guid;
        let mut save = vec![clone];
        if how.disable_original {
            save.push(SyncRule { enabled: false, ..original.clone() });
        }
        let view = self.save_rules(save, as_of)?;
        Ok((self.rule(guid)?, view))
    }

    /// `<original> - Cloned - <date>`, with a number when that is taken.
    fn clone_name(&self, original: &SyncRule, known: &[SyncRule]) -> String {
        let date = self.now().to_zoned(jiff::tz::TimeZone::UTC).date();
        let name = format!("{} - Cloned - {date}", original.name);
        let taken = |name: &str| {
            known.iter().any(|rule| rule.connector == original.connector && fold_text(&rule.name) == fold_text(name))
        };
        let numbered = (2..).map(|number: u32| format!("{name} ({number})"));
        std::iter::once(name.clone()).chain(numbered).find(|name| !taken(name)).unwrap_or(name)
    }

    /// The connectors and rules of this installation, to try examples on; `instead` takes the place of rules that are
    /// there or comes beside them, as if it had been stored.
    ///
    /// # Errors
    /// [`EngineError`] when the database cannot be read, or when these rules would be refused.
    pub fn example_setting(&self, instead: Vec<SyncRule>) -> Answer<ExampleSetting> {
        self.query(|reader, context| {
            let setting = ExampleSetting::of_database(reader)?;
            if instead.is_empty() {
                return Ok(setting);
            }
            let report = setup::judge_rules(reader, &RuleChanges { save: instead, ..RuleChanges::default() })?;
            let mut rules = context.rules.clone();
            for step in report.steps {
                if let Some(known) = &step.before {
                    rules.retain(|rule| rule.id != known.id);
                }
                rules.extend(step.after);
            }
            Ok(setting.with_rules(rules))
        })
    }
}

/// True for one rule that two files say different things of; that it makes room for another is no difference.
fn is_written_otherwise(one: &SyncRule, other: &SyncRule) -> bool {
    one.guid == other.guid && *one != SyncRule { precedence: one.precedence, ..other.clone() }
}

/// Rules take the places of those with their identifiers; others come behind.
fn lay_over(rules: &mut Vec<SyncRule>, over: impl IntoIterator<Item = SyncRule>) {
    for rule in over {
        match rules.iter_mut().find(|known| known.guid == rule.guid) {
            Some(known) => *known = rule,
            None => rules.push(rule),
        }
    }
}

fn connector_names(context: &QueryContext) -> BTreeMap<ConnectorId, String> {
    context.connectors.iter().map(|connector| (connector.id, connector.name.clone())).collect()
}

/// What is wrong with rules, beside all others.
fn faults(reader: &Reader<'_>, context: &QueryContext, of: &[SyncRule]) -> Result<Vec<RuleFault>, StoreError> {
    let connectors = plan_inputs(reader)?;
    let check = RuleCheck { rules: &context.rules, connectors: &connectors, metaverse: &context.metaverse };
    Ok(check.faults(&of.iter().map(|rule| rule.guid).collect()))
}

fn by_guid(context: &QueryContext, guid: Uuid) -> Answer<&SyncRule> {
    let found = context.rules.iter().find(|rule| rule.guid == guid);
    found.ok_or_else(|| EngineError::UnknownRule { name: guid.to_string(), hint: String::new() })
}

/// The rule of a name, an identifier or a precedence number.
fn find<'a>(context: &QueryContext, rules: &[&'a SyncRule], name: &str) -> Answer<&'a SyncRule> {
    let name = name.trim();
    let wanted = fold_text(name);
    let guid = Uuid::parse_str(name).ok();
    let precedence = name.parse::<i64>().ok();
    let matches =
        |rule: &&&SyncRule| fold_text(&rule.name) == wanted || Some(rule.guid) == guid || Some(rule.precedence) == precedence;
    let found: Vec<&SyncRule> = rules.iter().filter(matches).copied().collect();
    match found.as_slice() {
        [only] => Ok(only),
        [] => {
            let near = syncline_expression::nearest(name, rules.iter().map(|rule| rule.name.as_str()));
            let hint = near.map_or_else(
                || "; \"syncline rule list\" has the names".to_owned(),
                |near| format!("; did you mean \"{near}\"?"),
            );
            Err(EngineError::UnknownRule { name: name.to_owned(), hint })
        }
        several => {
            let connectors: Vec<String> = several
                .iter()
                .map(|rule| format!("{} (precedence {})", context.connector_name(rule.connector), rule.precedence))
                .collect();
            Err(EngineError::Invalid(format!(
                "several rules are named \"{name}\": those of {}; say which by connector or precedence",
                connectors.join(", ")
            )))
        }
    }
}

fn summary(context: &QueryContext, rule: &SyncRule, faults: &[RuleFault]) -> RuleSummary {
    let own = |fault: &&RuleFault| fault.is_error() && fault.rule == rule.name && fault.precedence == rule.precedence;
    RuleSummary {
        guid: rule.guid,
        precedence: rule.precedence,
        name: rule.name.clone(),
        connector_id: rule.connector,
        connector: context.connector_name(rule.connector),
        direction: rule.direction,
        connector_object_type: rule.connector_object_type.clone(),
        metaverse_object_type: rule.metaverse_object_type.clone(),
        link: rule.link,
        enabled: rule.enabled,
        standard: rule.is_standard(),
        password_sync: rule.password_sync,
        flow_count: rule.flows.len() as u64,
        fault_count: faults.iter().filter(own).count() as u64,
    }
}

fn details(context: &QueryContext, rule: &SyncRule, faults: Vec<RuleFault>) -> RuleDetails {
    let flow = |flow: &crate::rules::Flow| RuleFlowView {
        target: flow.target.clone(),
        kind: flow.source.label().to_owned(),
        source: flow.source.text().to_owned(),
        apply_once: flow.apply_once,
        merge: flow.merge,
    };
    RuleDetails {
        summary: summary(context, rule, &faults),
        description: rule.description.clone(),
        tag: rule.tag.clone(),
        scope: rule.scope.iter().map(|group| group.iter().map(ToString::to_string).collect()).collect(),
        join: rule.join.iter().map(|group| group.iter().map(ToString::to_string).collect()).collect(),
        flows: rule.flows.iter().map(flow).collect(),
        faults,
    }
}

pub(super) fn change_view(context: &QueryContext, report: &RuleChangeReport, stored: bool) -> RuleChangeView {
    let names = |ids: &mut dyn Iterator<Item = ConnectorId>| ids.map(|id| context.connector_name(id)).collect();
    RuleChangeView {
        stored,
        version: report.version,
        steps: report.steps.iter().filter_map(|step| step_view(context, step)).collect(),
        warnings: report.warnings.clone(),
        full_import: names(&mut report.attributes.keys().copied()),
        full_synchronization: names(&mut report.full_synchronization.iter().copied()),
    }
}

fn step_view(context: &QueryContext, step: &RuleStep) -> Option<RuleChangeStepView> {
    let rule = step.rule()?;
    let (fate, differences) = match (&step.before, &step.after) {
        (Some(before), Some(after)) => (RuleFateView::Changed, rule_differences(before, after)),
        (None, _) => (RuleFateView::New, Vec::new()),
        (Some(_), None) => (RuleFateView::Removed, Vec::new()),
    };
    Some(RuleChangeStepView {
        guid: rule.guid,
        precedence: rule.precedence,
        name: rule.name.clone(),
        connector: context.connector_name(rule.connector),
        fate,
        differences,
    })
}
