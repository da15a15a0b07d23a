//! Attribute flows of a rule.

use std::collections::BTreeSet;

use syncline_expression::{Problem, ProblemKind, Program, Severity, check};

use super::super::definition::{Direction, Flow, FlowSource};
use super::super::source_names::SourceNames;
use super::parts::unknown;
use super::{FlowField, Notes, RulePlace, nearest};
use crate::model::{AttributeDefinition, ValueType, fold_text};

pub(super) fn flows(names: &SourceNames<'_>, notes: &mut Notes<'_>) {
    let mut seen = BTreeSet::new();
    for flow in &names.rule.flows {
        let part = format!("flow to {}", flow.target);
        let at = |field| RulePlace::Flow { target: flow.target.clone(), field };
        notes.at(at(FlowField::Target));
        if !seen.insert(fold_text(&flow.target)) {
            notes.error(&part, "the rule has another flow to this attribute; keep one of them");
        }
        let names_object = names.names_object(&flow.target);
        let target = names.target(&flow.target);
        let Some(target) = target else {
            notes.error(&part, unknown_target(names, &flow.target));
            // The source can be judged all the same.
            notes.at(at(FlowField::Source));
            source(names, notes, &part, flow, None);
            continue;
        };
        if flow.merge.is_union() && !target.multi_valued {
            notes.at(at(FlowField::MergeType)).error(
                &part,
                format!(
                    "merge type {} joins values, and {} holds one; use Update or another attribute",
                    flow.merge.label(),
                    target.name
                ),
            );
        }
        if flow.apply_once && (flow.merge.is_union() || names_object) {
            notes.at(at(FlowField::ApplyOnce)).error(
                &part,
                "apply once is for a value that is set at creation and left alone; it cannot be merged, nor name an object",
            );
        }
        notes.at(at(FlowField::Source));
        source(names, notes, &part, flow, Some(&target));
    }
}

fn unknown_target(names: &SourceNames<'_>, attribute: &str) -> String {
    let (schema, object_type) = names.target_side();
    let hint = nearest(attribute, schema.attributes_of(object_type).map(|definition| definition.name.as_str()));
    match names.rule.direction {
        Direction::Inbound => format!("metaverse object type {object_type} has no such attribute{hint}"),
        Direction::Outbound => format!("object type {object_type} of connector {} has no such attribute{hint}", names.connector),
    }
}

fn source(names: &SourceNames<'_>, notes: &mut Notes<'_>, part: &str, flow: &Flow, target: Option<&AttributeDefinition>) {
    match &flow.source {
        FlowSource::Direct(attribute) => direct(names, notes, part, attribute, target),
        FlowSource::Constant(text) => {
            let Some(target) = target else { return };
            if target.value_from_text(text).is_none() {
                let fix = match target.value_type {
                    ValueType::Reference => "; a reference has no constant",
                    ValueType::Binary => "; write it in Base64",
                    ValueType::Boolean => "; write True or False",
                    ValueType::Integer => "; write a whole number",
                    ValueType::String => "",
                };
                let word = target.value_type.word();
                notes.error(part, format!("constant \"{text}\" does not fit {}, which is {word}{fix}", target.name));
            }
        }
        FlowSource::Expression(text) => expression(names, notes, part, text, target),
    }
}

fn direct(names: &SourceNames<'_>, notes: &mut Notes<'_>, part: &str, attribute: &str, target: Option<&AttributeDefinition>) {
    let Some(source) = names.definition(attribute) else {
        notes.error(part, unknown(names, attribute));
        return;
    };
    let Some(target) = target else { return };
    if source.value_type != target.value_type {
        let (from, to) = (source.value_type.word(), target.value_type.word());
        notes.error(part, format!("{} is {from}, {} is {to}; use an expression that converts it", source.name, target.name));
    } else if source.multi_valued && !target.multi_valued {
        notes.warning(
            part,
            format!("{} may hold several values, {} holds one; an object with more fails", source.name, target.name),
        );
    }
}

/// An expression: what cannot be evaluated, never fits the target, or certainly mistakes a type is an error; what is
/// merely suspicious is a warning.
fn expression(names: &SourceNames<'_>, notes: &mut Notes<'_>, part: &str, text: &str, target: Option<&AttributeDefinition>) {
    let aim = |multi_valued: bool| target.map(|target| names.aim(&AttributeDefinition { multi_valued, ..target.clone() }));
    // Several values fail only where there are several: that is known object by object.
    let certain = check(text, names, aim(true).as_ref());
    let source = notes.place.clone();
    for problem in &certain {
        if problem.severity == Severity::Error
            && let RulePlace::Flow { target, .. } = &source
        {
            notes.at(RulePlace::Flow { target: target.clone(), field: FlowField::Expression });
        } else {
            notes.at(source.clone());
        }
        if problem.severity == Severity::Error || problem.kind == ProblemKind::Type {
            notes.error(part, told(problem));
        } else {
            notes.warning(part, told(problem));
        }
    }
    notes.at(source);
    if target.is_some_and(|target| !target.multi_valued) {
        for problem in check(text, names, aim(false).as_ref()).iter().filter(|problem| !certain.contains(problem)) {
            notes.warning(part, told(problem));
        }
    }
    if let Ok(program) = Program::compile(text, names) {
        for used in program.attributes() {
            if let Some(lacking) = names.lacking(&used.name) {
                notes.warning(part, format!("{} lacks {}, so it reads as NULL here", names.source(), lacking.name));
            }
        }
    }
}

/// A problem with its place, which messages of errors hold already.
fn told(problem: &Problem) -> String {
    let mut text = problem.message.clone();
    if problem.severity != Severity::Error {
        text = format!("{text} (line {}, column {})", problem.line, problem.column);
    }
    let asks = text.to_lowercase().contains("did you mean");
    if let Some(suggestion) = problem.suggestion.as_ref().filter(|_| !asks) {
        text.push_str(&format!(" Did you mean {suggestion}?"));
    }
    text
}
