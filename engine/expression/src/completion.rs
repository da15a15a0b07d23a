//! What may be written at a place of an unfinished text.

use crate::function_table::{FunctionInfo, function, functions};
use crate::interface::{AttributeType, Schema};
use crate::lexer::{Token, TokenKind, tokenize};
use crate::parser::{LITERALS, binds_variable};
use std::ops::Range;

/// What a proposal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CompletionKind {
    /// An enumeration constant that fits the argument.
    Constant,
    /// A variable in scope.
    Variable,
    /// An attribute of the source.
    Attribute,
    /// A function.
    Function,
    /// A parameter.
    Parameter,
    /// True, NULL and the other literals.
    Literal,
}

/// One proposal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// What it is.
    pub kind: CompletionKind,
    /// The text to put in place of [`Completions::replace`]: `[mail]`, `Trim(`, `%Forest.LDAP%`.
    pub insert: String,
    /// More to show: the signature of a function, the type of an attribute.
    pub detail: String,
}

/// The proposals for one place.
#[derive(Clone, Debug, Default)]
pub struct Completions {
    /// The bytes of the text that a proposal replaces.
    pub replace: Range<usize>,
    /// The proposals: first by kind, then by name.
    pub proposals: Vec<Completion>,
    /// The function whose argument is written at the place, and which argument (from 0), for a hint.
    pub call: Option<(&'static FunctionInfo, usize)>,
}

/// Proposes what may be written at the byte `cursor`. Inside a string nothing is proposed.
pub fn complete(text: &str, cursor: usize, schema: &dyn Schema) -> Completions {
    let before = text.get(..cursor).unwrap_or(text);
    let typed = typed(before);
    let head = before.get(..before.len() - typed.len()).unwrap_or_default();
    // A fault before the word being written means an open string or a text that must be mended first.
    let Ok(tokens) = tokenize(head) else { return Completions { replace: cursor..cursor, ..Completions::default() } };
    let scope = Scope::read(&tokens);
    let call = scope.calls.last().and_then(|open| function(&open.function).map(|found| (found, open.argument)));
    let mut proposals = Vec::new();
    if !scope.after_operand {
        proposals = candidates(schema, &scope, call);
        proposals.retain(|proposal| fits(&proposal.insert, typed));
        proposals.sort_by(|left, right| (left.kind, bare(&left.insert)).cmp(&(right.kind, bare(&right.insert))));
    }
    Completions { replace: head.len()..before.len(), proposals, call }
}

/// The unfinished word at the end: a name, possibly behind `[`, `%` or `$`.
fn typed(before: &str) -> &str {
    let name = |character: char| character.is_ascii_alphanumeric() || matches!(character, '_' | '-' | '.');
    let plain = before.trim_end_matches(name);
    let word = before.get(plain.len()..).unwrap_or_default();
    let start = if plain.ends_with(['[', '%', '$']) {
        plain.len() - 1
    } else {
        // Outside of brackets a hyphen or dot does not belong to a name, and a number is none.
        let skipped = word.rfind(['-', '.']).map_or(0, |at| at + 1);
        let digits = word.get(skipped..).is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_digit()));
        plain.len() + if digits { word.len() } else { skipped }
    };
    before.get(start..).unwrap_or_default()
}

/// Whether a proposal begins with what is typed, without regard to case and brackets.
fn fits(insert: &str, typed: &str) -> bool {
    let starts = |text: &str| text.get(..typed.len()).is_some_and(|start| start.eq_ignore_ascii_case(typed));
    starts(insert) || starts(bare(insert))
}

/// The name alone.
fn bare(insert: &str) -> &str {
    insert.trim_matches(['[', ']', '%', '$', '('])
}

/// An unfinished call.
struct OpenCall {
    function: String,
    argument: usize,
    variable: Option<String>,
}

/// What surrounds the place.
struct Scope {
    calls: Vec<OpenCall>,
    after_operand: bool,
}

impl Scope {
    fn read(tokens: &[Token]) -> Self {
        let mut calls: Vec<OpenCall> = Vec::new();
        let mut name = String::new();
        let mut after_operand = false;
        for token in tokens {
            let previous = std::mem::take(&mut name);
            match &token.kind {
                TokenKind::Name(found) => name.clone_from(found),
                TokenKind::Open => calls.push(OpenCall { function: previous, argument: 0, variable: None }),
                TokenKind::Close => {
                    calls.pop();
                }
                TokenKind::Comma => {
                    if let Some(open) = calls.last_mut() {
                        open.argument += 1;
                    }
                }
                TokenKind::Variable(variable) => {
                    if let Some(open) = calls.last_mut()
                        && open.argument == 0
                        && binds_variable(&open.function)
                    {
                        open.variable = Some(variable.clone());
                    }
                }
                _ => {}
            }
            if token.kind != TokenKind::End {
                after_operand = token.kind.ends_operand();
            }
        }
        Self { calls, after_operand }
    }

    /// The variables that may be used: those of the surrounding calls whose last argument is being written.
    fn variables(&self) -> impl Iterator<Item = &str> {
        self.calls.iter().filter(|open| open.argument == 2).filter_map(|open| open.variable.as_deref())
    }
}

fn candidates(schema: &dyn Schema, scope: &Scope, call: Option<(&'static FunctionInfo, usize)>) -> Vec<Completion> {
    let constants = call.map_or(&[][..], |(found, argument)| found.constants(argument));
    let propose = |kind, insert: String, detail: &str| Completion { kind, insert, detail: detail.to_owned() };
    let mut all: Vec<Completion> =
        constants.iter().map(|name| propose(CompletionKind::Constant, (*name).to_owned(), "")).collect();
    all.extend(scope.variables().map(|name| propose(CompletionKind::Variable, format!("${name}"), "")));
    for name in schema.attribute_names() {
        let detail = schema.attribute(&name).map_or("", AttributeType::name);
        all.push(propose(CompletionKind::Attribute, format!("[{name}]"), detail));
    }
    all.extend(functions().iter().map(|found| propose(CompletionKind::Function, format!("{}(", found.name), found.signature)));
    all.extend(schema.parameter_names().iter().map(|name| propose(CompletionKind::Parameter, format!("%{name}%"), "str")));
    all.extend(LITERALS.iter().map(|name| propose(CompletionKind::Literal, (*name).to_owned(), "")));
    all
}
