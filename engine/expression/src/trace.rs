//! The results of every part of an expression for one object, for "Test on object".

use crate::interface::Source;
use crate::limits;
use crate::node::Node;
use crate::problem::{EvaluationError, Place, Span};
use crate::value::{Outcome, Val, Value};
use std::collections::BTreeMap;

/// One part of an expression with what it gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The part's text.
    pub text: String,
    /// Characters before the part.
    pub offset: usize,
    /// Characters of the part.
    pub length: usize,
    /// What the part gave, once per evaluation and in order; empty when it was not evaluated. Long loops keep the first results.
    pub results: Vec<StepResult>,
    /// The operands or arguments.
    pub children: Vec<Step>,
}

impl Step {
    /// The most results kept for one part, and the most values kept of one list.
    pub const KEPT: usize = 32;
}

/// What one evaluation of a part gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepResult {
    /// A value, NULL or a flow literal.
    Value(Outcome),
    /// An enumeration constant.
    Constant(&'static str),
    /// A fault, of the part itself or of something inside it.
    Error(EvaluationError),
}

/// The most bytes of one value that are kept when the trace is full.
const CUT: usize = 64;

/// Somebody who watches an evaluation.
pub(crate) trait Watch<'a> {
    /// Whether every part is to be seen: constant ones too, and without shortcuts.
    const WATCHES: bool;

    /// A part has been evaluated.
    fn saw(&mut self, span: Span, result: &Result<Val<'a>, Box<EvaluationError>>, source: &'a dyn Source);
}

/// Nobody watches.
pub(crate) struct Unwatched;

impl<'a> Watch<'a> for Unwatched {
    const WATCHES: bool = false;

    #[inline]
    fn saw(&mut self, _span: Span, _result: &Result<Val<'a>, Box<EvaluationError>>, _source: &'a dyn Source) {}
}

/// Collects results during an evaluation.
#[derive(Default)]
pub(crate) struct Recorder {
    results: BTreeMap<(usize, usize), Vec<StepResult>>,
    /// Bytes of all values kept so far.
    bytes: usize,
}

impl<'a> Watch<'a> for Recorder {
    const WATCHES: bool = true;

    fn saw(&mut self, span: Span, result: &Result<Val<'a>, Box<EvaluationError>>, source: &'a dyn Source) {
        let results = self.results.entry((span.start, span.end)).or_default();
        let full = self.bytes > limits::TRACE_BYTES;
        // A part that was evaluated has one result at least.
        if results.len() >= Step::KEPT || (full && !results.is_empty()) {
            return;
        }
        results.push(match result {
            Ok(Val::Constant(name)) => StepResult::Constant(name),
            Ok(value) => {
                let longest = if full { CUT } else { usize::MAX };
                let outcome = outcome(value, source, longest);
                self.bytes = self.bytes.saturating_add(bytes(&outcome));
                StepResult::Value(outcome)
            }
            Err(error) => StepResult::Error((**error).clone()),
        });
    }
}

impl Recorder {
    pub(crate) fn tree(&self, text: &str, node: &Node) -> Step {
        let place = Place::of(text, node.span);
        Step {
            text: text.get(node.span.start..node.span.end).unwrap_or_default().to_owned(),
            offset: place.offset,
            length: place.length,
            results: self.results.get(&(node.span.start, node.span.end)).cloned().unwrap_or_default(),
            children: node.kind.children().into_iter().map(|child| self.tree(text, child)).collect(),
        }
    }
}

/// A value for the record; texts and binary values are cut to `longest` bytes.
fn outcome<'a>(value: &Val<'a>, source: &'a dyn Source, longest: usize) -> Outcome {
    match value {
        Val::Null | Val::Constant(_) => Outcome::Null,
        Val::AuthoritativeNull => Outcome::AuthoritativeNull,
        Val::IgnoreThisFlow => Outcome::IgnoreThisFlow,
        Val::Multi(list) => {
            let kept = list.len().min(Step::KEPT);
            let values = (0..kept).filter_map(|index| cut(list.get(index, source), longest).into_value());
            Outcome::Multi(values.collect())
        }
        single => cut(single.clone(), longest).into_value().map_or(Outcome::Null, Outcome::Single),
    }
}

fn cut(value: Val<'_>, longest: usize) -> Val<'_> {
    if value.bytes() <= longest {
        return value;
    }
    match value {
        Val::Text(text) => Val::text(head(&text, longest).to_owned()),
        Val::Reference(name) => Val::Reference(head(&name, longest).to_owned().into()),
        Val::Binary(bytes) => Val::Binary(bytes.get(..longest).unwrap_or_default().to_vec().into()),
        other => other,
    }
}

/// The first characters that fit into a number of bytes.
fn head(text: &str, longest: usize) -> &str {
    let end = (0..=longest.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    text.get(..end.unwrap_or_default()).unwrap_or_default()
}

fn bytes(outcome: &Outcome) -> usize {
    let of = |value: &Value| match value {
        Value::Text(text) | Value::Reference(text) => text.len(),
        Value::Binary(bytes) => bytes.len(),
        Value::Number(_) | Value::Boolean(_) | Value::DateTime(_) => 0,
    };
    match outcome {
        Outcome::Single(value) => of(value),
        Outcome::Multi(values) => values.iter().map(of).sum(),
        Outcome::Null | Outcome::AuthoritativeNull | Outcome::IgnoreThisFlow => 0,
    }
}
