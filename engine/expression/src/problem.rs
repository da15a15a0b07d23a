//! What can be wrong with an expression, and where.

use serde::{Deserialize, Serialize};
use std::ops::Range;

/// The kind of a fault; the names are stable and shown in the error details of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ProblemKind {
    /// The text does not fit the grammar.
    Syntax,
    /// No function has this name.
    UnknownFunction,
    /// The source object type has no such attribute.
    UnknownAttribute,
    /// No such parameter is defined.
    UnknownParameter,
    /// The variable is not in scope.
    UnknownVariable,
    /// A bare name that is neither a literal nor an enumeration constant.
    UnknownIdentifier,
    /// Wrong number of arguments.
    Arity,
    /// An operand or argument has the wrong type.
    Type,
    /// The right type with unusable content.
    Value,
    /// Item out of bounds.
    Index,
    /// A number outside 64 bits.
    Overflow,
    /// Division by zero.
    DivideByZero,
    /// `Error(...)` was reached.
    User,
    /// A bound of the product was exceeded.
    Limit,
    /// A part that is never evaluated.
    Unreachable,
    /// A part, or the whole, that never gives a value.
    AlwaysNull,
    /// Not wrong, but probably not what was meant.
    Advice,
}

impl ProblemKind {
    /// The stable name, for example `unknown-attribute`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Syntax => "syntax",
            Self::UnknownFunction => "unknown-function",
            Self::UnknownAttribute => "unknown-attribute",
            Self::UnknownParameter => "unknown-parameter",
            Self::UnknownVariable => "unknown-variable",
            Self::UnknownIdentifier => "unknown-identifier",
            Self::Arity => "arity",
            Self::Type => "type",
            Self::Value => "value",
            Self::Index => "index",
            Self::Overflow => "overflow",
            Self::DivideByZero => "divide-by-zero",
            Self::User => "user",
            Self::Limit => "limit",
            Self::Unreachable => "unreachable",
            Self::AlwaysNull => "always-null",
            Self::Advice => "advice",
        }
    }
}

/// How much a problem matters to the rule that holds the expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Worth knowing.
    Information,
    /// The expression runs, but probably not as meant.
    Warning,
    /// The expression cannot run.
    Error,
}

/// A fault found without evaluating: by the parser, by name resolution or by the checks of the editor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// What kind of fault.
    pub kind: ProblemKind,
    /// How much it matters.
    pub severity: Severity,
    /// What was found, what was expected, what to do.
    pub message: String,
    /// Characters before the place, the first character of the text being 0.
    pub offset: usize,
    /// Characters to underline.
    pub length: usize,
    /// Line of the place, from 1.
    pub line: usize,
    /// Column of the place in its line, from 1.
    pub column: usize,
    /// The place in bytes of the text.
    pub range: Range<usize>,
    /// What to write in that place instead, when that is likely.
    pub suggestion: Option<String>,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl Problem {
    pub(crate) fn new(kind: ProblemKind, severity: Severity, text: &str, span: Span, message: String) -> Self {
        let place = Place::of(text, span);
        let range = span.start.min(text.len())..span.end.min(text.len());
        let Place { offset, length, line, column } = place;
        Self { kind, severity, message, offset, length, line, column, range, suggestion: None }
    }

    pub(crate) fn suggesting(self, suggestion: Option<&str>) -> Self {
        Self { suggestion: suggestion.map(str::to_owned), ..self }
    }

    /// An error whose message names the place: `headline (line 1, column 4). hint`.
    pub(crate) fn located(kind: ProblemKind, text: &str, span: Span, headline: &str, hint: &str) -> Self {
        let place = Place::of(text, span);
        let gap = if hint.is_empty() { "" } else { " " };
        let message = format!("{headline} (line {}, column {}).{gap}{hint}", place.line, place.column);
        Self::new(kind, Severity::Error, text, span, message)
    }
}

/// A fault met while evaluating one object. The object fails, others go on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct EvaluationError {
    /// What kind of fault.
    pub kind: ProblemKind,
    /// What was found, what was expected, what to do; for [`ProblemKind::User`] the administrator's own text.
    pub message: String,
    /// Characters before the place, the first character of the text being 0.
    pub offset: usize,
    /// Characters to underline.
    pub length: usize,
    /// Line of the place, from 1.
    pub line: usize,
    /// Column of the place in its line, from 1.
    pub column: usize,
}

impl EvaluationError {
    pub(crate) fn new(text: &str, span: Span, fault: Fault) -> Self {
        let place = Place::of(text, span);
        let (kind, message) = *fault.0;
        Self { kind, message, offset: place.offset, length: place.length, line: place.line, column: place.column }
    }
}

/// A stretch of the expression text, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) struct Span {
    pub start: usize,
    pub end: usize,
}

impl Span {
    pub(crate) fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    /// From the start of this span to the end of the other.
    pub(crate) fn to(self, other: Span) -> Self {
        Self { start: self.start, end: other.end.max(self.start) }
    }
}

/// A fault before its place in the text is known: what functions and operators raise. Behind a pointer, because every
/// function's result has room for one and hardly ever holds one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault(Box<(ProblemKind, String)>);

impl Fault {
    #[cold]
    pub(crate) fn new(kind: ProblemKind, message: impl Into<String>) -> Self {
        Self(Box::new((kind, message.into())))
    }

    pub(crate) fn message(&self) -> &str {
        &self.0.1
    }

    pub(crate) fn value(message: impl Into<String>) -> Self {
        Self::new(ProblemKind::Value, message)
    }

    pub(crate) fn wrong_type(message: impl Into<String>) -> Self {
        Self::new(ProblemKind::Type, message)
    }

    pub(crate) fn limit(message: impl Into<String>) -> Self {
        Self::new(ProblemKind::Limit, message)
    }
}

/// A value in quotes for a message; a long one is cut.
pub(crate) fn quoted(value: &str) -> String {
    let mut characters = value.chars();
    let start: String = characters.by_ref().take(SHOWN).collect();
    let more = if characters.next().is_some() { "..." } else { "" };
    format!("\"{start}{more}\"")
}

/// The most characters of a value that a message shows.
const SHOWN: usize = 64;

/// Where a span is, in characters.
pub(crate) struct Place {
    pub offset: usize,
    pub length: usize,
    pub line: usize,
    pub column: usize,
}

impl Place {
    pub(crate) fn of(text: &str, span: Span) -> Self {
        let mut place = Self { offset: 0, length: 0, line: 1, column: 1 };
        for (at, character) in text.char_indices() {
            if at >= span.end.max(span.start) {
                break;
            }
            if at >= span.start {
                place.length += 1;
                continue;
            }
            place.offset += 1;
            if character == '\n' {
                place.line += 1;
                place.column = 1;
            } else {
                place.column += 1;
            }
        }
        place
    }
}
