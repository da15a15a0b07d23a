//! In what two editions of a rule differ, in words.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::definition::{Flow, SyncRule};
use super::text::{join_text, scope_text};
use crate::model::fold_text;

/// A part of a rule that two editions have differently.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RuleDifference {
    /// The part: `scope`, `flow to mail`.
    pub what: String,
    /// In the one edition; empty when it has none.
    pub before: String,
    /// In the other edition; empty when it has none.
    pub after: String,
}

impl fmt::Display for RuleDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} -> {}", self.what, told(&self.before), told(&self.after))
    }
}

/// The differences between two editions of a rule, one line each; none when they do the same.
#[must_use]
pub fn rule_differences(before: &SyncRule, after: &SyncRule) -> Vec<String> {
    compare_rules(before, after).iter().map(ToString::to_string).collect()
}

/// The parts that two editions of a rule have differently; none when they do the same.
#[must_use]
pub fn compare_rules(before: &SyncRule, after: &SyncRule) -> Vec<RuleDifference> {
    let mut lines = Vec::new();
    let mut compare = |what: &str, before: String, after: String| {
        if before != after {
            lines.push(RuleDifference { what: what.to_owned(), before, after });
        }
    };
    compare("name", before.name.clone(), after.name.clone());
    compare("description", before.description.clone(), after.description.clone());
    compare("precedence", before.precedence.to_string(), after.precedence.to_string());
    compare("direction", before.direction.label().to_owned(), after.direction.label().to_owned());
    compare("connector", before.connector.to_string(), after.connector.to_string());
    compare("connector object type", before.connector_object_type.clone(), after.connector_object_type.clone());
    compare("metaverse object type", before.metaverse_object_type.clone(), after.metaverse_object_type.clone());
    compare("link type", before.link.label().to_owned(), after.link.label().to_owned());
    compare("enabled", yes_no(before.enabled), yes_no(after.enabled));
    compare("password sync", yes_no(before.password_sync), yes_no(after.password_sync));
    compare("tag", before.tag.clone().unwrap_or_default(), after.tag.clone().unwrap_or_default());
    compare("scope", scope_text(&before.scope), scope_text(&after.scope));
    compare("join", join_text(&before.join), join_text(&after.join));
    let (old, new) = (flows(before), flows(after));
    for target in old.keys().chain(new.keys().filter(|target| !old.contains_key(*target))) {
        let (before, after) = (old.get(target).copied(), new.get(target).copied());
        let name = after.or(before).map_or(target.as_str(), |flow| flow.target.as_str());
        compare(&format!("flow to {name}"), before.map(flow_text).unwrap_or_default(), after.map(flow_text).unwrap_or_default());
    }
    lines
}

fn flows(rule: &SyncRule) -> BTreeMap<String, &Flow> {
    rule.flows.iter().map(|flow| (fold_text(&flow.target), flow)).collect()
}

fn flow_text(flow: &Flow) -> String {
    let mut text = format!("{} {}", flow.source.label(), flow.source.text());
    if flow.apply_once {
        text.push_str(", apply once");
    }
    if flow.merge != super::MergeType::default() {
        text.push_str(&format!(", {}", flow.merge.label()));
    }
    text
}

fn yes_no(flag: bool) -> String {
    if flag { "yes" } else { "no" }.to_owned()
}

fn told(text: &str) -> &str {
    if text.is_empty() { "none" } else { text }
}
