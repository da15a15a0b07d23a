//! Lines that say what must be true.

use std::collections::BTreeMap;

use super::Writer;
use super::words::{quoted, rule, subject, subjects, values, word};
use crate::scenario::model::{AttributeExpectation, ErrorSpec, Expected, Fact, FlowStanding, Layer, Side, Subject, View, Wanted};

impl Writer {
    pub(super) fn expectation(&mut self, depth: usize, expected: &Expected) {
        match expected {
            Expected::Sent { operation, subject: named, attributes, exactly } => {
                let exactly = if *exactly { ", exactly" } else { "" };
                self.line(depth, &format!("sent {} {}{exactly}", operation.word(), subject(named)));
                self.attributes(depth + 1, attributes, true);
            }
            Expected::Objects { connector, subjects: list } => {
                self.line(depth, &format!("objects in {connector} exactly"));
                list.iter().for_each(|named| self.line(depth + 1, &subject(named)));
            }
            Expected::Entry { subjects: list, absent, attributes, exactly } => {
                let said: Vec<&str> =
                    [(*absent, "absent"), (*exactly, "exactly")].iter().filter(|(is, _)| *is).map(|(_, word)| *word).collect();
                let colon = if said.is_empty() { "" } else { ": " };
                self.line(depth, &format!("entry {}{colon}{}", subjects(list), said.join(" ")));
                self.attributes(depth + 1, attributes, false);
            }
            Expected::Object { subjects: list, facts, view, attributes, exactly } => {
                self.facts(depth, list, facts, *view, *exactly);
                self.attributes(depth + 1, attributes, matches!(view, View::Layer(_)));
            }
            Expected::Identity { subjects: list, facts, attributes, exactly } => {
                self.facts(depth, list, facts, View::Expected, *exactly);
                self.attributes(depth + 1, attributes, false);
            }
            other => self.line(depth, &plain(other)),
        }
    }

    fn facts(&mut self, depth: usize, list: &[Subject], facts: &[Fact], view: View, exactly: bool) {
        let mut said: Vec<String> = facts.iter().map(fact).collect();
        if view == View::Hologram {
            said.push(view.words().to_owned());
        }
        if exactly {
            said.push("exactly".to_owned());
        }
        let colon = if said.is_empty() { "" } else { ": " };
        self.line(depth, &format!("{}{colon}{}", subjects(list), said.join(", ")));
    }

    fn attributes(&mut self, depth: usize, attributes: &[AttributeExpectation], in_layer: bool) {
        for attribute in attributes {
            let mut head = attribute.attribute.clone();
            if let Some(name) = &attribute.rule {
                head.push_str(&format!(" by {}", rule(name)));
            }
            if let Some(from) = &attribute.from {
                head.push_str(&format!(" from {}", subject(from)));
            }
            match &attribute.wanted {
                Wanted::Values(list) if list.is_empty() => {
                    self.line(depth, &format!("{head} {}", if in_layer { "deleted" } else { "absent" }));
                }
                Wanted::Values(list) => self.line(depth, &format!("{head} = {}", values(list))),
                Wanted::Count(number) => self.line(depth, &format!("{head} count {number}")),
                Wanted::Change { adds, deletes } => {
                    for (sign, list) in [('+', adds), ('-', deletes)] {
                        if !list.is_empty() {
                            self.line(depth, &format!("{head} {sign} {}", values(list)));
                        }
                    }
                }
            }
        }
    }
}

/// Lines without lines below them.
fn plain(expected: &Expected) -> String {
    match expected {
        Expected::Result(status) => format!("result {status}"),
        Expected::Message(text) => format!("message {text}"),
        Expected::Warning(text) => format!("warning {text}"),
        Expected::Counters(counters) if counters.is_empty() => "counters none".to_owned(),
        Expected::Counters(counters) => format!("counters {}", numbers(counters)),
        Expected::Error { subject: named, code, saying } => {
            format!("error {}: {}{}", subject(named), word(code), sentence(saying.as_deref()))
        }
        Expected::NoErrors => "no errors".to_owned(),
        Expected::SentNothing => "sent nothing".to_owned(),
        Expected::Statistics { connector, numbers: list } => format!("statistics {connector}: {}", numbers(list)),
        Expected::Metaverse(list) => format!("metaverse: {}", types(list)),
        Expected::Entries { connector, numbers: list } => format!("entries in {connector}: {}", types(list)),
        Expected::Required { connector, import, synchronization } => {
            let mut said = Vec::new();
            if *import == Some(false) || *synchronization == Some(false) {
                said.push("nothing required");
            }
            if *import == Some(true) {
                said.push("full import required");
            }
            if *synchronization == Some(true) {
                said.push("full synchronization required");
            }
            format!("{connector}: {}", said.join(", "))
        }
        Expected::Ran { connector, profile, skipped } => {
            format!("{} {connector} {profile}", if *skipped { "skipped" } else { "ran" })
        }
        Expected::Candidates(list) => format!("candidates {}", subjects(list)),
        Expected::Flow { rule: name, attribute, values: list, standing } => {
            let given = if list.is_empty() { String::new() } else { format!(" = {}", values(list)) };
            let standing = match standing {
                FlowStanding::Applied => "applied".to_owned(),
                FlowStanding::NotApplied => "not applied".to_owned(),
                FlowStanding::LostTo(winner) => format!("lost to {}", rule(winner)),
            };
            format!("flow {attribute} by {}{given} {standing}", rule(name))
        }
        // Those with lines below them are written by `expectation`.
        Expected::Sent { .. }
        | Expected::Objects { .. }
        | Expected::Entry { .. }
        | Expected::Object { .. }
        | Expected::Identity { .. } => String::new(),
    }
}

fn sentence(saying: Option<&str>) -> String {
    saying.map(|text| format!(" saying {}", quoted(text))).unwrap_or_default()
}

fn numbers(list: &BTreeMap<String, u64>) -> String {
    list.iter().map(|(name, number)| format!("{name}={number}")).collect::<Vec<_>>().join(", ")
}

fn types(list: &BTreeMap<String, u64>) -> String {
    if list.is_empty() { "nothing".to_owned() } else { numbers(list) }
}

fn fact(fact: &Fact) -> String {
    match fact {
        Fact::Absent => "absent".to_owned(),
        Fact::Present => "present".to_owned(),
        Fact::State(state) => state.word().to_owned(),
        Fact::Type(name) => format!("type {}", word(name)),
        Fact::Anchor(None) => "no anchor".to_owned(),
        Fact::Anchor(Some(anchor)) => format!("anchor {}", word(anchor)),
        Fact::Dn(dn) => format!("dn {}", quoted(dn)),
        Fact::Layer(layer, None) => format!("no {}", Layer::words(*layer)),
        Fact::Layer(layer, Some(operation)) => format!("{} {}", layer.words(), operation.word()),
        Fact::Error { side, error } => error_fact(*side, error.as_ref()),
        Fact::Flag(flag, is) => format!("{}{}", if *is { "" } else { "not " }, flag.words()),
        Fact::LinkedBy { rule: name, action, linked } => {
            let action = action.map(|action| format!(" {}", action.label())).unwrap_or_default();
            format!("{}linked by {}{action}", if *linked { "" } else { "not " }, rule(name))
        }
        Fact::Is { name, same } => format!("is {}{name}", if *same { "" } else { "not " }),
        Fact::JoinedTo(list) => format!("joined to {}", subjects(list)),
    }
}

fn error_fact(side: Side, error: Option<&ErrorSpec>) -> String {
    let Some(error) = error else { return format!("no {}", side.words()) };
    let mut text = format!("{} {}", side.words(), word(&error.code));
    if let Some(retried) = error.retried {
        text.push_str(&format!(" retried {retried}"));
    }
    if let Some(since) = error.since {
        text.push_str(&format!(" since {}:{:02}", since / 60, since % 60));
    }
    text.push_str(&sentence(error.saying.as_deref()));
    text
}
