//! Test vectors: files of expressions with what each must give, read and run.
//!
//! A file is a JSON object with the list `vectors`; `format` may describe it and set the clock of all vectors with `now`.
//! Each vector is parsed, resolved and evaluated on its own:
//!
//! ```
//! use syncline_expression::vectors::VectorFile;
//!
//! let file = VectorFile::read(r#"{"vectors": [{
//!     "id": "account name",
//!     "expr": "Left([displayName], 3) & \"@\" & %Domain.FQDN%",
//!     "attributes": {"displayName": {"type": "str", "values": ["Anna"]}},
//!     "parameters": {"Domain.FQDN": "contoso.com"},
//!     "expect": {"type": "str", "values": ["Ann@contoso.com"]}
//! }]}"#).unwrap();
//! let report = file.run();
//! assert_eq!(report.to_string(), "1 passed, 0 failed");
//! ```
//!
//! Fields of a vector: `id`, `expr` and `expect` are needed. `attributes` are those that the object type has, each with its
//! type and values; without values it is absent. `imported` holds the values that an import has confirmed, `parameters` the
//! values of `%parameters%` (`null`: defined without a value), `now` the clock. `group`, `source` and `note` are for people.
//! `expect` is `{"type", "values"}`, `{"null": true}`, `{"ignore": true}`, `{"authoritativeNull": true}` or `{"error": kind}`,
//! the last with `position` (characters from 0) when the place matters.

mod read;

use crate::json::{write_outcome, write_value};
use crate::object::{CountingRandom, SourceObject};
use crate::problem::ProblemKind;
use crate::value::Outcome;
use jiff::Timestamp;
use serde_json::{Value as Json, json};
use std::fmt;

/// A file of vectors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VectorFile {
    /// The vectors in the file's order; no two have the same id.
    pub vectors: Vec<Vector>,
}

/// One expression with what it must give.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vector {
    /// The stable name.
    pub id: String,
    /// What it is about.
    pub group: String,
    /// The expression.
    pub expression: String,
    /// The object it reads, with schema and parameters.
    pub object: SourceObject,
    /// The clock: the vector's own, else the file's.
    pub now: Option<Timestamp>,
    /// What it must give.
    pub expected: Expectation,
    /// Where the expectation comes from.
    pub source: String,
    /// Why.
    pub note: String,
}

/// What an expression gives, or must give.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expectation {
    /// A value, several values, NULL or a flow literal.
    Outcome(Outcome),
    /// An error, at compile time or while evaluating.
    Error {
        /// The kind.
        kind: ProblemKind,
        /// Characters before the place; any place will do when absent.
        position: Option<usize>,
    },
}

/// A file that holds no vectors in the expected form.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VectorFileError {
    /// Not JSON, or not an object with a list of vectors.
    #[error("{0}")]
    File(String),
    /// One vector cannot be read.
    #[error("vector {vector}, {field}: {message}")]
    Vector {
        /// The id of the vector, or its place in the list.
        vector: String,
        /// The field at fault, such as `attributes.mail`.
        field: String,
        /// What was found and what was expected.
        message: String,
    },
}

/// What running a file gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VectorReport {
    /// One result per vector, in the file's order.
    pub results: Vec<VectorResult>,
}

/// What one vector gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VectorResult {
    /// The vector's name.
    pub id: String,
    /// Its expression.
    pub expression: String,
    /// What it must give.
    pub expected: Expectation,
    /// What it gave.
    pub actual: Actual,
}

/// What one vector gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actual {
    /// What it must give.
    Passed,
    /// Something else: the result, and the sentence of an error.
    Different(Expectation, Option<String>),
    /// Nothing: the expression asks for the time, and neither vector nor file set the clock.
    NoClock,
}

impl VectorFile {
    /// Reads a file. Numbers stay exact; an unknown field is an error, because a misspelt one would change the meaning.
    ///
    /// # Errors
    /// [`VectorFileError`] names the vector and the field.
    pub fn read(text: &str) -> Result<Self, VectorFileError> {
        read::file(text)
    }

    /// Runs all vectors.
    pub fn run(&self) -> VectorReport {
        VectorReport { results: self.vectors.iter().map(Vector::run).collect() }
    }
}

impl Vector {
    /// Runs the vector.
    pub fn run(&self) -> VectorResult {
        let result = |actual| VectorResult {
            id: self.id.clone(),
            expression: self.expression.clone(),
            expected: self.expected.clone(),
            actual,
        };
        let error = |kind, offset, message: &str| (Expectation::Error { kind, position: Some(offset) }, Some(message.to_owned()));
        let (found, message) = match self.object.compile(&self.expression) {
            // The first problem counts; a list of problems is never empty.
            Err(problems) => match problems.first() {
                Some(first) => error(first.kind, first.offset, &first.message),
                None => error(ProblemKind::Syntax, 0, ""),
            },
            Ok(program) if program.depends_on_time() && self.now.is_none() => return result(Actual::NoClock),
            Ok(program) => match self.object.evaluate(&program, self.now.unwrap_or_default(), &CountingRandom::default()) {
                Ok(outcome) => (Expectation::Outcome(outcome), None),
                Err(fault) => error(fault.kind, fault.offset, &fault.message),
            },
        };
        result(if self.expected.is_met_by(&found) { Actual::Passed } else { Actual::Different(found, message) })
    }
}

impl Expectation {
    /// Whether a result is as expected: type and values exactly, lists in order; an error by its kind, and by its place when
    /// one is expected.
    fn is_met_by(&self, found: &Self) -> bool {
        match (self, found) {
            (Self::Error { kind, position: None }, Self::Error { kind: found, .. }) => kind == found,
            _ => self == found,
        }
    }

    /// The form it has in a file.
    pub fn to_json(&self) -> Json {
        match self {
            Self::Outcome(outcome) => write_outcome(outcome),
            Self::Error { kind, position: None } => json!({ "error": kind.name() }),
            Self::Error { kind, position: Some(position) } => json!({ "error": kind.name(), "position": position }),
        }
    }
}

impl fmt::Display for Expectation {
    /// For people: `str "a"`, `mvnum 1, 2`, `NULL`, `error type at 4`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let outcome = match self {
            Self::Outcome(outcome) => outcome,
            Self::Error { kind, position: None } => return write!(formatter, "error {}", kind.name()),
            Self::Error { kind, position: Some(position) } => return write!(formatter, "error {} at {position}", kind.name()),
        };
        match outcome {
            Outcome::Null => formatter.write_str("NULL"),
            Outcome::IgnoreThisFlow => formatter.write_str("IgnoreThisFlow"),
            Outcome::AuthoritativeNull => formatter.write_str("AuthoritativeNull"),
            Outcome::Single(value) => write!(formatter, "{} {}", value.type_name(), write_value(value)),
            Outcome::Multi(values) => {
                write!(formatter, "mv{} ", values.first().map_or("str", |value| value.type_name()))?;
                for (index, value) in values.iter().enumerate() {
                    write!(formatter, "{}{}", if index > 0 { ", " } else { "" }, write_value(value))?;
                }
                Ok(())
            }
        }
    }
}

impl VectorReport {
    /// How many vectors gave what they must.
    pub fn passed(&self) -> usize {
        self.results.len() - self.failed()
    }

    /// How many vectors gave something else.
    pub fn failed(&self) -> usize {
        self.failures().count()
    }

    /// The vectors that gave something else.
    pub fn failures(&self) -> impl Iterator<Item = &VectorResult> {
        self.results.iter().filter(|result| result.actual != Actual::Passed)
    }
}

impl fmt::Display for VectorReport {
    /// The totals: `736 passed, 0 failed`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} passed, {} failed", self.passed(), self.failed())
    }
}

impl fmt::Display for Actual {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Passed => formatter.write_str("as expected"),
            Self::Different(found, None) => write!(formatter, "{found}"),
            Self::Different(found, Some(message)) => write!(formatter, "{found}: {message}"),
            Self::NoClock => formatter.write_str("nothing: the expression uses Now and there is no clock; set \"now\""),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(vectors: &str) -> VectorReport {
        VectorFile::read(&format!("{{\"vectors\": [{vectors}]}}")).unwrap().run()
    }

    /// The expected and the actual side of a failure; nothing when it passed.
    fn check(vector: &str, failure: Option<(&str, &str)>) {
        let report = run(vector);
        let found = report.failures().next().map(|failed| (failed.expected.to_string(), failed.actual.to_string()));
        assert_eq!(found, failure.map(|(expected, actual)| (expected.to_owned(), actual.to_owned())), "{vector}");
    }

    #[test]
    fn results_are_compared_exactly() {
        check(r#"{"id": "1", "expr": "1", "expect": {"type": "num", "values": [1]}}"#, None);
        check(r#"{"id": "1", "expr": "1", "expect": {"type": "str", "values": ["1"]}}"#, Some(("str \"1\"", "num 1")));
        check(r#"{"id": "1", "expr": "NULL", "expect": {"authoritativeNull": true}}"#, Some(("AuthoritativeNull", "NULL")));
        check(r#"{"id": "1", "expr": "IgnoreThisFlow", "expect": {"ignore": true}}"#, None);
        let list = r#""attributes": {"p": {"type": "mvstr", "values": ["a", "b"]}}"#;
        check(&format!(r#"{{"id": "1", "expr": "[p]", {list}, "expect": {{"type": "mvstr", "values": ["a", "b"]}}}}"#), None);
        check(
            &format!(r#"{{"id": "1", "expr": "[p]", {list}, "expect": {{"type": "mvstr", "values": ["b", "a"]}}}}"#),
            Some(("mvstr \"b\", \"a\"", "mvstr \"a\", \"b\"")),
        );
        check(
            r#"{"id": "1", "expr": "[p]", "attributes": {"p": {"type": "mvstr", "values": ["a"]}}, "expect": {"type": "str", "values": ["a"]}}"#,
            Some(("str \"a\"", "mvstr \"a\"")),
        );
        check(
            r#"{"id": "1", "expr": "CDate(\"2024-01-01\")", "expect": {"type": "dt", "values": ["2024-01-01T00:00:00Z"]}}"#,
            None,
        );
        check(
            r#"{"id": "1", "expr": "9223372036854775807", "expect": {"type": "num", "values": [9223372036854775806]}}"#,
            Some(("num 9223372036854775806", "num 9223372036854775807")),
        );
    }

    #[test]
    fn errors_are_compared_by_kind_and_place() {
        check(r#"{"id": "1", "expr": "1 / 0", "expect": {"error": "divide-by-zero"}}"#, None);
        check(r#"{"id": "1", "expr": "1 / 0", "expect": {"error": "divide-by-zero", "position": 2}}"#, None);
        let vector = r#"{"id": "1", "expr": "Trim()", "expect": {"error": "arity", "position": 4}}"#;
        check(vector, Some(("error arity at 4", "error arity at 0: Trim takes 1 argument, 0 given. Trim(value).")));
        check(
            r#"{"id": "1", "expr": "Error(\"no\")", "expect": {"error": "type"}}"#,
            Some(("error type", "error user at 0: no")),
        );
    }

    #[test]
    fn the_clock_comes_from_vector_or_file() {
        let vector = r#"{"id": "1", "expr": "Now()", "expect": {"type": "dt", "values": ["2024-06-15T12:00:00Z"]}NOW}"#;
        let own = vector.replace("NOW", r#", "now": "2024-06-15T12:00:00Z""#);
        check(&own, None);
        let file = format!(r#"{{"format": {{"now": "2024-06-15T12:00:00Z"}}, "vectors": [{}]}}"#, vector.replace("NOW", ""));
        assert_eq!(VectorFile::read(&file).unwrap().run().failed(), 0);
        let report = run(&vector.replace("NOW", ""));
        assert_eq!(report.results.first().map(|result| &result.actual), Some(&Actual::NoClock));
    }

    #[test]
    fn totals_count_both_sides() {
        let report = run(
            r#"{"id": "1", "expr": "1", "expect": {"type": "num", "values": [1]}}, {"id": "2", "expr": "1", "expect": {"null": true}}"#,
        );
        assert_eq!(report.to_string(), "1 passed, 1 failed");
        assert_eq!(report.failures().next().map(|failed| failed.expected.to_json()), Some(json!({ "null": true })));
    }
}
