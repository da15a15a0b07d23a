//! Rules of a server to rules of the engine and back.

use std::collections::{BTreeMap, BTreeSet};

use syncline_expression::{HighlightClass, highlight};
use uuid::Uuid;

use super::rule::{JoinClause, Mapping, MappingSource, NO_INTERVAL, Scope, ServerRule};
use crate::model::{ConnectorId, RuleId, Schema, fold_text};
use crate::rules::{Direction, Flow, FlowSource, JoinCondition, ScopeClause, SyncRule};

/// A rule of a server as the engine stores it, and why it cannot run, when it cannot.
pub(super) fn to_rule(server: &ServerRule, connector: ConnectorId) -> (SyncRule, Vec<String>) {
    let mut problems = Vec::new();
    let flows = server
        .mappings
        .iter()
        .map(|mapping| {
            if let (None, MappingSource::Attributes(names)) = (&mapping.expression, &mapping.source)
                && names.len() != 1
            {
                problems.push(format!(
                    "the flow to \"{}\" has {} source attributes and no expression; write an expression that combines them",
                    mapping.destination,
                    names.len()
                ));
            }
            to_flow(mapping)
        })
        .collect();
    let rule = SyncRule {
        id: RuleId(0),
        guid: server.id,
        name: server.name.clone(),
        description: server.description.clone(),
        precedence: server.precedence,
        direction: server.direction,
        connector,
        connector_object_type: server.connector_object_type().to_owned(),
        metaverse_object_type: server.metaverse_object_type().to_owned(),
        link: server.link_type,
        enabled: !server.disabled,
        password_sync: server.password_sync,
        tag: server.is_standard().then(|| server.immutable_tag.clone()),
        scope: server.scope_groups.iter().map(|group| group.iter().map(to_clause).collect()).collect(),
        join: server.join_groups.iter().map(|group| group.iter().map(to_condition).collect()).collect(),
        flows,
    };
    (rule, problems)
}

fn to_flow(mapping: &Mapping) -> Flow {
    let source = match (&mapping.expression, &mapping.source) {
        (Some(expression), _) => FlowSource::Expression(expression.clone()),
        (None, MappingSource::Attributes(names)) => FlowSource::Direct(names.first().cloned().unwrap_or_default()),
        (None, MappingSource::Constant(text)) => FlowSource::Constant(text.clone()),
        (None, MappingSource::Nothing) => FlowSource::Constant(String::new()),
    };
    Flow { target: mapping.destination.clone(), source, apply_once: mapping.execute_once, merge: mapping.merge }
}

fn to_clause(scope: &Scope) -> ScopeClause {
    ScopeClause { attribute: scope.attribute.clone(), operator: scope.operator, value: scope.value.clone() }
}

fn to_condition(clause: &JoinClause) -> JoinCondition {
    JoinCondition {
        connector_attribute: clause.connector_attribute.clone(),
        metaverse_attribute: clause.metaverse_attribute.clone(),
        case_sensitive: clause.case_sensitive,
    }
}

/// A rule of the engine as a server writes it. `original` is what a server once wrote of it, with the definition that
/// was stored then: what has not changed since is written word for word.
pub(super) fn to_server(rule: &SyncRule, connector: Uuid, original: Option<(&ServerRule, &SyncRule)>) -> ServerRule {
    if let Some((server, stored)) = original
        && content(rule) == content(stored)
    {
        return ServerRule { connector, precedence: rule.precedence, ..server.clone() };
    }
    let server = original.map(|(server, _)| server);
    let (source_object_type, target_object_type) = match rule.direction {
        Direction::Inbound => (rule.connector_object_type.clone(), rule.metaverse_object_type.clone()),
        Direction::Outbound => (rule.metaverse_object_type.clone(), rule.connector_object_type.clone()),
    };
    let known: Vec<&Mapping> = server.into_iter().flat_map(|server| &server.mappings).collect();
    ServerRule {
        id: rule.guid,
        internal_id: server.map_or(rule.guid, |server| server.internal_id),
        version: server.map_or(1, |server| server.version.saturating_add(1)),
        name: rule.name.clone(),
        description: rule.description.clone(),
        immutable_tag: match (&rule.tag, server) {
            (Some(tag), _) => tag.clone(),
            (None, Some(server)) if !server.is_standard() => server.immutable_tag.clone(),
            (None, _) => String::new(),
        },
        direction: rule.direction,
        disabled: !rule.enabled,
        connector,
        source_object_type,
        target_object_type,
        link_type: rule.link,
        precedence: rule.precedence,
        precedence_after: server.map_or(Uuid::nil(), |server| server.precedence_after),
        precedence_before: server.map_or(Uuid::nil(), |server| server.precedence_before),
        soft_delete_expiry_interval: server
            .map_or_else(|| NO_INTERVAL.to_owned(), |server| server.soft_delete_expiry_interval.clone()),
        password_sync: rule.password_sync,
        mappings: rule
            .flows
            .iter()
            .map(|flow| match known.iter().find(|mapping| to_flow(mapping) == *flow) {
                Some(mapping) => (*mapping).clone(),
                None => to_mapping(flow),
            })
            .collect(),
        join_groups: rule.join.iter().map(|group| group.iter().map(to_join_clause).collect()).collect(),
        scope_groups: rule.scope.iter().map(|group| group.iter().map(to_scope).collect()).collect(),
        unknown: server.map(|server| server.unknown.clone()).unwrap_or_default(),
    }
}

/// What a rule says, without its numbers in this database and its place among others.
fn content(rule: &SyncRule) -> SyncRule {
    SyncRule { id: RuleId(0), connector: ConnectorId(0), precedence: 0, ..rule.clone() }
}

fn to_mapping(flow: &Flow) -> Mapping {
    let (source, expression) = match &flow.source {
        FlowSource::Direct(name) => (MappingSource::Attributes(vec![name.clone()]), None),
        FlowSource::Constant(text) => (MappingSource::Constant(text.clone()), None),
        FlowSource::Expression(text) => {
            let names = attributes_in(text);
            let source = if names.is_empty() { MappingSource::Nothing } else { MappingSource::Attributes(names) };
            (source, Some(text.clone()))
        }
    };
    Mapping {
        destination: flow.target.clone(),
        source,
        expression,
        merge: flow.merge,
        execute_once: flow.apply_once,
        unknown: Vec::new(),
    }
}

fn to_join_clause(condition: &JoinCondition) -> JoinClause {
    JoinClause {
        connector_attribute: condition.connector_attribute.clone(),
        metaverse_attribute: condition.metaverse_attribute.clone(),
        case_sensitive: condition.case_sensitive,
        unknown: Vec::new(),
    }
}

fn to_scope(clause: &ScopeClause) -> Scope {
    Scope { attribute: clause.attribute.clone(), operator: clause.operator, value: clause.value.clone(), unknown: Vec::new() }
}

/// The attributes that an expression reads, in order of first use; the name of the object is none.
pub(super) fn attributes_in(expression: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let mut add = |name: &str| {
        if name != "dn" && !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    };
    let (mut function, mut before) = ("", "");
    for token in highlight(expression) {
        let text = expression.get(token.range).unwrap_or_default();
        match token.class {
            HighlightClass::Attribute => add(text.trim_start_matches('[').trim_end_matches(']')),
            HighlightClass::Text if before == "(" && matches!(function, "ImportedValue" | "ValueCount") => {
                add(text.trim_matches('"'));
            }
            HighlightClass::Function => function = text,
            _ => {}
        }
        before = text;
    }
    names
}

/// The attributes of connector objects that a rule reads, compares or writes.
pub(super) fn connector_attributes(rule: &ServerRule) -> BTreeSet<String> {
    let mut used: BTreeSet<String> = rule.join_groups.iter().flatten().map(|clause| clause.connector_attribute.clone()).collect();
    match rule.direction {
        Direction::Inbound => {
            used.extend(rule.scope_groups.iter().flatten().map(|clause| clause.attribute.clone()));
            for mapping in &rule.mappings {
                match (&mapping.expression, &mapping.source) {
                    (Some(expression), _) => used.extend(attributes_in(expression)),
                    (None, MappingSource::Attributes(names)) => used.extend(names.iter().cloned()),
                    (None, MappingSource::Constant(_) | MappingSource::Nothing) => {}
                }
            }
        }
        Direction::Outbound => used.extend(rule.mappings.iter().map(|mapping| mapping.destination.clone())),
    }
    used
}

/// Leaves out of a standard rule what the connected directory cannot have, as the composition of the default rules
/// does (`default-rules.md` 2.2): join groups and direct flows from attributes that its schema lacks, and flows to
/// attributes that it lacks. Gives a sentence for each.
pub(super) fn trim(rule: &mut SyncRule, schema: &Schema) -> Vec<String> {
    let object_type = rule.connector_object_type.clone();
    if rule.tag.is_none() || schema.type_name(&object_type).is_none() {
        return Vec::new();
    }
    let has = |name: &str| schema.attribute_of(&object_type, name).is_some();
    let mut left_out = Vec::new();
    rule.join.retain(|group| {
        let missing = group.iter().find(|condition| !has(&condition.connector_attribute));
        left_out.extend(missing.map(|condition| {
            format!("the join on \"{}\" was left out: {object_type} has no such attribute here", condition.connector_attribute)
        }));
        missing.is_none()
    });
    let inbound = rule.direction == Direction::Inbound;
    rule.flows.retain(|flow| {
        let missing = match (&flow.source, inbound) {
            (FlowSource::Direct(name), true) if !has(name) => Some(name),
            (_, false) if !flow.target.eq_ignore_ascii_case("dn") && !has(&flow.target) => Some(&flow.target),
            _ => None,
        };
        left_out.extend(
            missing.map(|name| {
                format!("the flow to \"{}\" was left out: {object_type} has no attribute \"{name}\" here", flow.target)
            }),
        );
        missing.is_none()
    });
    left_out
}

/// What two rules say differently, in the words of the rules editor; white space in expressions and the order of
/// flows do not count.
pub(super) fn differences(ours: &SyncRule, theirs: &SyncRule) -> Vec<String> {
    let mut found = Vec::new();
    let mut check = |what: &str, same: bool| {
        if !same {
            found.push(what.to_owned());
        }
    };
    check("link type", ours.link == theirs.link);
    check("password synchronization", ours.password_sync == theirs.password_sync);
    check("object types", {
        ours.connector_object_type.eq_ignore_ascii_case(&theirs.connector_object_type)
            && ours.metaverse_object_type.eq_ignore_ascii_case(&theirs.metaverse_object_type)
    });
    check("switched off", theirs.enabled);
    let fold_scope = |rule: &SyncRule| -> Vec<Vec<_>> {
        let clause = |clause: &ScopeClause| (fold_text(&clause.attribute), clause.operator, fold_text(&clause.value));
        rule.scope.iter().map(|group| group.iter().map(clause).collect()).collect()
    };
    check("scoping filter", fold_scope(ours) == fold_scope(theirs));
    let fold_join = |rule: &SyncRule| -> Vec<Vec<_>> {
        let fold = |condition: &JoinCondition| {
            (fold_text(&condition.connector_attribute), fold_text(&condition.metaverse_attribute), condition.case_sensitive)
        };
        rule.join.iter().map(|group| group.iter().map(fold).collect()).collect()
    };
    check("join rules", fold_join(ours) == fold_join(theirs));
    let by_target = |rule: &SyncRule| -> BTreeMap<String, Vec<Flow>> {
        let mut flows: BTreeMap<String, Vec<Flow>> = BTreeMap::new();
        for flow in &rule.flows {
            flows.entry(fold_text(&flow.target)).or_default().push(flow.clone());
        }
        flows
    };
    let (ours, theirs) = (by_target(ours), by_target(theirs));
    for target in ours.keys().chain(theirs.keys()).collect::<BTreeSet<_>>() {
        let name =
            theirs.get(target).or(ours.get(target)).and_then(|flows| flows.first()).map_or("", |flow| flow.target.as_str());
        let same = match (ours.get(target), theirs.get(target)) {
            (Some(ours), Some(theirs)) => {
                ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(ours, theirs)| same_flow(ours, theirs))
            }
            _ => false,
        };
        check(&format!("flow to {name}"), same);
    }
    found
}

fn same_flow(ours: &Flow, theirs: &Flow) -> bool {
    let without_space = |text: &str| text.chars().filter(|character| !character.is_whitespace()).collect::<String>();
    let same_source = match (&ours.source, &theirs.source) {
        (FlowSource::Direct(ours), FlowSource::Direct(theirs)) => ours.eq_ignore_ascii_case(theirs),
        (FlowSource::Constant(ours), FlowSource::Constant(theirs)) => ours == theirs,
        (FlowSource::Expression(ours), FlowSource::Expression(theirs)) => without_space(ours) == without_space(theirs),
        _ => false,
    };
    same_source && ours.apply_once == theirs.apply_once && ours.merge == theirs.merge
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_listed_in_order_of_first_use() {
        let check = |expression: &str, expected: &[&str]| assert_eq!(attributes_in(expression), expected, "{expression}");
        check("IIF(IsPresent([cn]),[sn] & [cn],\"[mail]\")", &["cn", "sn"]);
        check("RemoveDuplicates(Trim(ImportedValue(\"proxyAddresses\")))", &["proxyAddresses"]);
        check("ValueCount(\"member\") + [x]", &["member", "x"]);
        check("InStr(DNComponent(CRef([dn]),1),\"(\")", &[]);
        check("%Domain.FQDN%", &[]);
        check("((((broken [a]", &["a"]);
    }
}
