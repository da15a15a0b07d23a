//! A checked expression, ready to run over any number of objects.

use crate::analysis::{ResultShape, Target, advise};
use crate::compile::{Resolved, resolve};
use crate::direct;
use crate::evaluate::Evaluator;
use crate::interface::{AttributeUse, Context, Schema, Source};
use crate::node::Node;
use crate::parser::parse;
use crate::problem::{EvaluationError, Problem};
use crate::trace::{Recorder, Step, Unwatched};
use crate::value::Outcome;

/// An expression whose names are resolved. Compile once per rule and run, evaluate per object, from any thread.
#[derive(Clone, Debug)]
pub struct Program {
    text: String,
    root: Node,
    attributes: Vec<AttributeUse>,
    parameters: Vec<String>,
    depends_on_time: bool,
    depends_on_chance: bool,
    advice: Vec<Problem>,
    shape: ResultShape,
}

impl Program {
    /// Parses the text, resolves every name against the schema and checks the number of arguments.
    ///
    /// # Errors
    /// A syntax fault comes alone; otherwise all unknown names and wrong numbers of arguments, in order of place.
    pub fn compile(text: &str, schema: &dyn Schema) -> Result<Self, Vec<Problem>> {
        let tree = parse(text).map_err(|problem| vec![problem])?;
        let resolved = resolve(text, &tree, schema);
        if !resolved.problems.is_empty() {
            return Err(resolved.problems);
        }
        let (advice, shape) = advise(text, &resolved.root, &resolved.attributes, schema);
        Ok(Self {
            text: text.to_owned(),
            root: resolved.root,
            attributes: resolved.attributes,
            parameters: resolved.parameters,
            depends_on_time: resolved.depends_on_time,
            depends_on_chance: resolved.depends_on_chance,
            advice,
            shape,
        })
    }

    /// Every attribute the expression reads, in any branch; the position is the slot asked of [`Source`].
    /// Use it to decide whether a change is relevant, for schema checks and for lineage.
    pub fn attributes(&self) -> &[AttributeUse] {
        &self.attributes
    }

    /// The names of the parameters the expression uses.
    pub fn parameters(&self) -> &[String] {
        &self.parameters
    }

    /// The text as written, white space included.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether the result may change by time alone: the expression uses Now.
    pub fn depends_on_time(&self) -> bool {
        self.depends_on_time
    }

    /// Whether the result may differ between two evaluations of the same object: the expression uses Guid or RandomNum.
    pub fn depends_on_chance(&self) -> bool {
        self.depends_on_chance
    }

    /// What is allowed but probably not meant, for the editor; never an error.
    pub fn advice(&self) -> &[Problem] {
        &self.advice
    }

    /// What is known about the result without evaluating, to compare with the target attribute.
    pub fn result_shape(&self) -> &ResultShape {
        &self.shape
    }

    /// Evaluates one object.
    ///
    /// # Errors
    /// The first fault ends the evaluation.
    pub fn evaluate(&self, source: &dyn Source, context: &Context<'_>) -> Result<Outcome, EvaluationError> {
        if let Some(outcome) = direct::outcome(&self.root, source, &self.parameters, context) {
            return Ok(outcome);
        }
        let mut evaluator = Evaluator::new(&self.text, &self.parameters, source, context, Unwatched);
        evaluator.run(&self.root).map_err(|error| *error)
    }

    /// The result without a copy, when it is a text of the object (or a part of one, a parameter, a constant) or NULL:
    /// `Some(None)` is NULL. `None` says nothing; [`Program::evaluate`] does.
    pub fn lent_text<'a>(&'a self, source: &'a dyn Source, context: &'a Context<'a>) -> Option<Option<&'a str>> {
        direct::lent_text(&self.root, source, &self.parameters, context)
    }

    /// Evaluates one object and tells the result of every part, for "Test on object".
    pub fn trace(&self, source: &dyn Source, context: &Context<'_>) -> (Result<Outcome, EvaluationError>, Step) {
        let mut evaluator = Evaluator::new(&self.text, &self.parameters, source, context, Recorder::default());
        let result = evaluator.run(&self.root).map_err(|error| *error);
        (result, evaluator.watch.tree(&self.text, &self.root))
    }
}

/// Everything that is wrong with a text or probably not meant, in order of place: faults of names and arguments together
/// with the advice for the rest, and how the result fits the attribute it flows to (`expressions.md` 13, 15).
///
/// A fault of syntax comes alone, because nothing behind it can be trusted.
pub fn check(text: &str, schema: &dyn Schema, target: Option<&Target>) -> Vec<Problem> {
    let tree = match parse(text) {
        Ok(tree) => tree,
        Err(problem) => return vec![problem],
    };
    let Resolved { root, attributes, mut problems, .. } = resolve(text, &tree, schema);
    let (advice, shape) = advise(text, &root, &attributes, schema);
    problems.extend(advice);
    if let Some(target) = target {
        problems.extend(target.judge(text, &root, &shape));
    }
    problems.sort_by_key(|problem| problem.offset);
    problems
}
