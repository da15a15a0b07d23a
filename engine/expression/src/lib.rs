//! The expression language of declarative provisioning: text in, typed program out, evaluate.
//!
//! An expression is one formula over the attributes of one source object. [`Program::compile`] checks it against a [`Schema`] once;
//! [`Program::evaluate`] then reads any number of objects through [`Source`] and gives an [`Outcome`].
//! Nothing here knows connectors, rules or the metaverse; clock and randomness are parameters ([`Context`]).
//!
//! Reading order: `lexer`, `parser` (to `ast`), `compile` (names to slots, constants folded), `evaluate`, `operators`, `functions`.

mod analysis;
mod ast;
mod certificate;
mod compile;
mod date_format;
mod date_text;
mod date_time;
mod evaluate;
mod format;
mod function_table;
mod functions;
mod highlight;
mod interface;
mod lexer;
mod limits;
mod operators;
mod parser;
mod problem;
mod program;
mod suggest;
mod text_units;
mod trace;
mod value;

pub use crate::analysis::ResultShape;
pub use crate::date_time::DateTime;
pub use crate::format::{equivalent, format};
pub use crate::function_table::{Category, FunctionInfo, function, functions};
pub use crate::highlight::{Highlight, HighlightClass, highlight};
pub use crate::interface::{
    AttributeKind, AttributeType, AttributeUse, Context, Parameters, Random, Schema, Source, SystemRandom, View,
};
pub use crate::parser::{enumeration_constants, literals};
pub use crate::problem::{EvaluationError, Problem, ProblemKind, Severity};
pub use crate::program::Program;
pub use crate::trace::{Step, StepResult};
pub use crate::value::{Outcome, Value, ValueRef};
