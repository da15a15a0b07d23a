//! Changes of rules that need no window: made on a worker thread.

use std::sync::Arc;

use syncline_engine::rules::SyncRule;
use syncline_engine::service::{OtherRules, RuleChangeView, RuleClone, RuleSet};
use syncline_engine::setup::RuleChanges;
use uuid::Uuid;

use super::super::backend::Backend;
use super::super::command::{Command, WhatIfStart};
use super::super::context::question;

/// Something to do with rules.
#[derive(Clone, Debug)]
pub enum Task {
    /// Make a copy that can be changed.
    Clone {
        /// The original.
        rule: SyncRule,
        /// The copy takes its place.
        disable_original: bool,
    },
    /// Switch a rule on or off.
    Enable {
        /// The rule.
        rule: SyncRule,
        /// On.
        enabled: bool,
    },
    /// Two rules change places.
    Swap(Box<(SyncRule, SyncRule)>),
    /// Remove a rule.
    Delete(SyncRule),
    /// Bring back a former edition of a rule.
    Restore {
        /// The rule.
        rule: Uuid,
        /// Its name.
        name: String,
        /// Number of the edition.
        version: u32,
    },
    /// Undo the change that led to a version of the configuration.
    Undo(u64),
}

/// What was done.
#[derive(Debug)]
pub struct Done {
    /// In a sentence.
    pub told: String,
    /// What changed.
    pub change: RuleChangeView,
    /// A rule that shall be opened now.
    pub edit: Option<Uuid>,
}

impl Task {
    /// The question to the engine that does it.
    pub fn question(self, backend: &Arc<dyn Backend>) -> impl FnOnce() -> Result<Done, String> + Send + use<> {
        question(backend, move |engine| {
            let save = |rules: Vec<SyncRule>| engine.change_rules(&RuleChanges { save: rules, ..RuleChanges::default() });
            Ok(match self {
                Self::Clone { rule, disable_original } => {
                    let how = RuleClone { disable_original, ..RuleClone::default() };
                    let (clone, change) = engine.clone_rule(rule.id, &how, None)?;
                    let name = &clone.summary.name;
                    let told = if disable_original {
                        format!("\"{name}\" takes the place of \"{}\", which is switched off.", rule.name)
                    } else {
                        format!("\"{name}\" is a copy of \"{}\" that can be changed.", rule.name)
                    };
                    Done { told, change, edit: Some(clone.summary.guid) }
                }
                Self::Enable { rule, enabled } => {
                    let told = format!("\"{}\" is switched {}.", rule.name, if enabled { "on" } else { "off" });
                    Done { told, change: save(vec![SyncRule { enabled, ..rule }])?, edit: None }
                }
                Self::Swap(pair) => {
                    let (rule, other) = *pair;
                    let (one, two) = (rule.precedence, other.precedence);
                    let told = format!("\"{}\" has precedence {two} now, \"{}\" has {one}.", rule.name, other.name);
                    let save = save(vec![SyncRule { precedence: two, ..rule }, SyncRule { precedence: one, ..other }])?;
                    Done { told, change: save, edit: None }
                }
                Self::Delete(rule) => {
                    let change = engine.change_rules(&RuleChanges { remove: vec![rule.id], ..RuleChanges::default() })?;
                    Done { told: format!("\"{}\" is deleted.", rule.name), change, edit: None }
                }
                Self::Restore { rule, name, version } => {
                    let change = engine.restore_rule(rule, version, None)?;
                    let told = match change.steps.first() {
                        Some(_) => format!("\"{name}\" is again what it was in version {version}."),
                        None => format!("\"{name}\" is the same as in version {version}; nothing was changed."),
                    };
                    Done { told, change, edit: None }
                }
                Self::Undo(version) => {
                    let change = engine.undo_rule_change(version)?;
                    let names: Vec<String> = change.steps.iter().map(|step| format!("\"{}\"", step.name)).collect();
                    Done { told: format!("Undone: {} as before.", names.join(", ")), change, edit: None }
                }
            })
        })
    }
}

/// Opens the What-If window on the saved rules with this one in its place; `how` says what is different about it.
#[must_use]
pub fn what_if(set: &RuleSet, rule: &SyncRule, how: &str) -> Command {
    let file = format!("\"{}\" {how}", rule.name);
    let rules = OtherRules { file, text: set.as_text(std::slice::from_ref(rule)) };
    Command::OpenWhatIf(WhatIfStart { connector: None, full: Some(true), rules: Some(rules) })
}
