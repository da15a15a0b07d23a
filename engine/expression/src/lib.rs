//! The expression language of declarative provisioning: text in, typed program out, evaluate.
//!
//! An expression is one formula over the attributes of one source object. [`Program::compile`] checks it against a [`Schema`] once;
//! [`Program::evaluate`] then reads any number of objects through [`Source`] and gives an [`Outcome`].
//! [`SourceObject`] is an object made of plain data, for everything that has no connector space at hand; [`vectors`] runs files
//! of expressions with what each must give.
//! Nothing here knows connectors, rules or the metaverse; clock and randomness are parameters ([`Context`]).
//!
//! Reading order: `lexer`, `parser` (to `ast`), `compile` (names to slots, constants folded, to `node`), `evaluate`, `call`,
//! `operators`, `functions`.
//!
//! ```
//! use syncline_expression::{
//!     AttributeKind, AttributeType, Context, Outcome, Parameters, Program, Schema, Source, SystemRandom, Value, ValueRef,
//! };
//!
//! struct User;
//!
//! impl Schema for User {
//!     fn attribute(&self, name: &str) -> Option<AttributeType> {
//!         (name == "mail").then_some(AttributeType { kind: AttributeKind::Text, multi_valued: false })
//!     }
//!     fn attribute_names(&self) -> Vec<String> {
//!         vec!["mail".into()]
//!     }
//!     fn parameter_names(&self) -> Vec<String> {
//!         Vec::new()
//!     }
//!     fn source_description(&self) -> String {
//!         "object type user of connector contoso.com".into()
//!     }
//! }
//!
//! impl Parameters for User {
//!     fn get(&self, _name: &str) -> Option<&str> {
//!         None
//!     }
//! }
//!
//! impl Source for User {
//!     fn count(&self, _slot: usize) -> usize {
//!         1
//!     }
//!     fn value(&self, _slot: usize, _index: usize) -> Option<ValueRef<'_>> {
//!         Some(ValueRef::Text(" ann@contoso.com"))
//!     }
//! }
//!
//! let program = Program::compile("Word(Trim([mail]), 1, \"@\")", &User).unwrap();
//! let context = Context { parameters: &User, now: jiff::Timestamp::UNIX_EPOCH, random: &SystemRandom };
//! assert_eq!(program.evaluate(&User, &context), Ok(Outcome::Single(Value::Text("ann".into()))));
//! ```

mod analysis;
mod ast;
mod call;
mod certificate;
mod compile;
mod completion;
mod date_format;
mod date_text;
mod date_time;
mod direct;
mod evaluate;
mod format;
mod function_table;
mod functions;
mod highlight;
mod interface;
pub mod json;
mod lexer;
mod limits;
mod node;
mod object;
mod operators;
mod parser;
mod problem;
mod program;
mod suggest;
mod text_units;
mod trace;
mod value;
pub mod vectors;

pub use crate::analysis::{ResultShape, Target};
pub use crate::completion::{Completion, CompletionKind, Completions, complete};
pub use crate::date_time::DateTime;
pub use crate::format::{equivalent, format};
pub use crate::function_table::{Category, FunctionInfo, function, functions};
pub use crate::highlight::{Highlight, HighlightClass, highlight};
pub use crate::interface::{
    AttributeKind, AttributeType, AttributeUse, Context, Parameters, Random, Schema, Source, SystemRandom, View,
};
pub use crate::object::{CountingRandom, SourceAttribute, SourceObject};
pub use crate::parser::{enumeration_constants, literals};
pub use crate::problem::{EvaluationError, Problem, ProblemKind, Severity};
pub use crate::program::{Program, check};
pub use crate::suggest::nearest;
pub use crate::trace::{Step, StepResult};
pub use crate::value::{Outcome, Value, ValueRef};
