//! Source objects for tests: evaluated with randomness that counts up, so that every run can be repeated.

use syncline_expression::{CountingRandom, EvaluationError, Outcome, Program, Step};

pub use syncline_expression::{SourceAttribute as Attribute, SourceObject as Object};

/// Evaluations that can be repeated.
pub trait Run {
    /// Evaluates a program over this object.
    fn run(&self, program: &Program, now: jiff::Timestamp) -> Result<Outcome, EvaluationError>;
    /// Evaluates a program over this object with the result of every part.
    fn run_traced(&self, program: &Program, now: jiff::Timestamp) -> (Result<Outcome, EvaluationError>, Step);
}

impl Run for Object {
    fn run(&self, program: &Program, now: jiff::Timestamp) -> Result<Outcome, EvaluationError> {
        self.evaluate(program, now, &CountingRandom::default())
    }

    fn run_traced(&self, program: &Program, now: jiff::Timestamp) -> (Result<Outcome, EvaluationError>, Step) {
        self.trace(program, now, &CountingRandom::default())
    }
}
