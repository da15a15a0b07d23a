//! A scenario as text: what was read or made, written so that it can be read again.
//!
//! Files that were included stand in their places, ranges are counted out, and everything is written in one way.

mod directory;
mod expectation;
#[cfg(test)]
pub(super) mod tests;
mod words;

use std::fmt;

use super::model::{Action, Errors, Expectation, Kill, Order, RunSpec, Scenario, Step, Subject, ValueChange, Way};
use crate::protection::DeletionLimit;
use crate::rules::rules_to_toml;
use crate::run::Removal;
use words::{changes, subject, subjects, values};

/// Text that grows line by line.
#[derive(Default)]
struct Writer {
    text: String,
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut writer = Writer::default();
        match self.number {
            Some(number) => writer.line(0, &format!("scenario {number}: {}", self.title)),
            None => writer.line(0, &format!("scenario: {}", self.title)),
        }
        writer.line(0, "");
        self.directories.iter().for_each(|directory| writer.directory(directory));
        writer.line(0, "");
        writer.steps(0, &self.steps);
        f.write_str(&writer.text)
    }
}

/// The first line of a statement.
#[cfg(test)]
pub(super) fn first_line(action: &Action) -> String {
    let step = Step {
        place: super::text::Place { file: "".into(), line: 0 },
        text: String::new(),
        action: action.clone(),
        expectations: Vec::new(),
    };
    let mut writer = Writer::default();
    writer.step(0, &step);
    writer.text.lines().next().unwrap_or_default().to_owned()
}

impl Writer {
    fn line(&mut self, depth: usize, text: &str) {
        if !text.is_empty() {
            self.text.push_str(&"  ".repeat(depth));
            self.text.push_str(text);
        }
        self.text.push('\n');
    }

    fn steps(&mut self, depth: usize, steps: &[Step]) {
        steps.iter().for_each(|step| self.step(depth, step));
    }

    fn step(&mut self, depth: usize, step: &Step) {
        match &step.action {
            Action::Put(objects) => {
                for object in objects {
                    self.line(
                        depth,
                        &format!("object {} in {}: {} {}", object.name, object.connector, object.object_type, object.dn),
                    );
                    for (name, list) in &object.attributes {
                        self.line(depth + 1, &assigned(name, &values(list)));
                    }
                }
            }
            Action::Change { subjects: list, changes: all } => self.change(depth, list, all),
            Action::AddRules(rules) => {
                self.line(depth, "rules");
                self.block(depth + 1, &rules_to_toml(rules));
            }
            Action::ChangeRule { rule, patch } => {
                self.line(depth, &format!("change rule {}", words::rule(rule)));
                self.block(depth + 1, &patch.to_toml());
            }
            Action::WhatIf(steps) => {
                let title = if step.text.is_empty() { "what if" } else { &step.text };
                self.line(depth, title);
                self.steps(depth + 1, steps);
            }
            Action::SameEnd { ways, errors } => {
                let errors = if *errors == Errors::ByIdentity { ", errors by identity" } else { "" };
                self.line(depth, &format!("same end{errors}"));
                ways.iter().for_each(|way| self.way(depth + 1, way));
            }
            Action::EveryOrder(order) => self.order(depth, "every order", order),
            Action::UntilStable(steps) => {
                self.line(depth, "until nothing changes");
                self.steps(depth + 1, steps);
            }
            Action::Foretold { full, rules } => {
                let word = if *full { "full" } else { "delta" };
                self.line(depth, &format!("{word} synchronization does what its what-if tells"));
                self.steps(depth + 1, rules);
            }
            action => self.line(depth, &plain(action)),
        }
        self.expectations(depth + 1, &step.expectations);
    }

    fn change(&mut self, depth: usize, list: &[Subject], all: &[ValueChange]) {
        let mut lines: Vec<String> = all.iter().flat_map(changes).collect();
        match (lines.pop(), lines.is_empty()) {
            (Some(only), true) => self.line(depth, &format!("change {}: {only}", subjects(list))),
            (last, _) => {
                self.line(depth, &format!("change {}", subjects(list)));
                lines.iter().chain(&last).for_each(|line| self.line(depth + 1, line));
            }
        }
    }

    fn block(&mut self, depth: usize, text: &str) {
        text.lines().for_each(|line| self.line(depth, line));
    }

    fn way(&mut self, depth: usize, way: &Way) {
        self.line(depth, &way.text);
        self.steps(depth + 1, &way.steps);
    }

    fn order(&mut self, depth: usize, words: &str, order: &Order) {
        let until = if order.until_stable { ", until nothing changes" } else { "" };
        self.line(depth, &format!("{words}{until}"));
        self.steps(depth + 1, &order.steps);
        if let Some(then) = &order.then {
            self.order(depth + 1, "then every order", then);
        }
    }

    fn expectations(&mut self, depth: usize, expectations: &[Expectation]) {
        expectations.iter().for_each(|expectation| self.expectation(depth, &expectation.expected));
    }
}

/// `department = HR`, or that there is no value.
fn assigned(name: &str, values: &str) -> String {
    if values.is_empty() { format!("{name} absent") } else { format!("{name} = {values}") }
}

/// Statements that fit on their line.
fn plain(action: &Action) -> String {
    match action {
        Action::Rename { subject: named, dn } => format!("rename {} to {dn}", subject(named)),
        Action::Retype { subject: named, object_type } => format!("retype {} as {object_type}", subject(named)),
        Action::Delete { subjects: list, unnoticed } => {
            format!("delete {}{}", subjects(list), if *unnoticed { " unnoticed" } else { "" })
        }
        Action::Fault { connector, fault } => format!("fault {connector} {}", words::fault(fault)),
        Action::Heal(connector) => format!("heal {connector}"),
        Action::DefaultRules => "rules default".to_owned(),
        Action::SwitchRule { rule, enabled } => {
            format!("{} rule {}", if *enabled { "enable" } else { "disable" }, words::rule(rule))
        }
        Action::DeleteRule(rule) => format!("delete rule {}", words::rule(rule)),
        Action::Threshold(DeletionLimit::Off) => "threshold off".to_owned(),
        Action::Threshold(DeletionLimit::Count(limit)) => format!("threshold {limit}"),
        Action::Threshold(DeletionLimit::Percent(share)) => format!("threshold {share} percent"),
        Action::ApproveDeletions(connector) => format!("approve deletions in {connector}"),
        Action::Containers { connector, include, exclude } => {
            let sign = |sign: &'static str| move |name: &String| format!("{sign} {name}");
            let parts: Vec<String> = include.iter().map(sign("+")).chain(exclude.iter().map(sign("-"))).collect();
            let parts = if parts.is_empty() { "all".to_owned() } else { parts.join(" | ") };
            format!("containers of {connector}: {parts}")
        }
        Action::Deprovisioning { connector, action } => format!("deprovisioning of {connector}: {}", action.word()),
        Action::Staging(on) => format!("staging {}", if *on { "on" } else { "off" }),
        Action::Advance(by) => format!("advance {} minutes", by.as_secs() / 60),
        Action::Remember { subject: named, name } => format!("remember {} as {name}", subject(named)),
        Action::Run(run) => plain_run(run),
        Action::Cycle { initial } => format!("cycle {}", if *initial { "initial" } else { "delta" }),
        Action::DeleteSpace { connector, removal, kill } => {
            let what = if *removal == Removal::Space { "connector space of" } else { "connector" };
            format!("delete {what} {connector}{}", killed(*kill))
        }
        Action::Restart => "restart".to_owned(),
        Action::Preview { subject: named, full, commit } => {
            let (verb, mode) = (if *commit { "commit" } else { "preview" }, if *full { "full" } else { "delta" });
            format!("{verb} {} {mode}", subject(named))
        }
        Action::Join { subject: named, identity } => format!("join {} to {}", subject(named), subject(identity)),
        Action::Disconnect { subject: named, for_good } => {
            format!("disconnect {}{}", subject(named), if *for_good { " for good" } else { "" })
        }
        Action::Expect => "expect".to_owned(),
        Action::SecondFullSynchronization => "full synchronization twice changes nothing".to_owned(),
        // Those with lines below them are written by `step`.
        Action::Put(_)
        | Action::Change { .. }
        | Action::AddRules(_)
        | Action::ChangeRule { .. }
        | Action::WhatIf(_)
        | Action::SameEnd { .. }
        | Action::EveryOrder(_)
        | Action::UntilStable(_)
        | Action::Foretold { .. } => String::new(),
    }
}

fn plain_run(run: &RunSpec) -> String {
    let mut text = format!("run {} {}", run.connector, run.profile);
    if let Some(size) = run.batch_size {
        text.push_str(&format!(" in batches of {size}"));
    }
    if let Some(number) = run.object_limit {
        text.push_str(&format!(", at most {number} objects"));
    }
    if let Some(number) = run.deletion_limit {
        text.push_str(&format!(", at most {number} deletions"));
    }
    text.push_str(&killed(run.kill));
    text
}

fn killed(kill: Option<Kill>) -> String {
    match kill {
        None => String::new(),
        Some(Kill::Batch(number)) => format!(", killed after batch {number}"),
        Some(Kill::Objects(number)) => format!(", killed after {number} objects"),
    }
}
