//! RegexIsMatch.

use crate::call::Call;
use crate::function_table::{Body, Category, FunctionInfo, NullRule, Substitute, Types, each};
use crate::limits;
use crate::node::{Constant, Node, NodeKind};
use crate::problem::{Fault, quoted};
use crate::value::{Val, Value};
use regex::{Regex, RegexBuilder};

const NAME: &str = "RegexIsMatch";

/// Compiles the pattern of a call once when pattern and options are constants; a faulty one is left to the evaluation.
pub(crate) fn prepare(function: &FunctionInfo, arguments: &[Node]) -> Option<Box<Regex>> {
    if function.name != NAME {
        return None;
    }
    let pattern = constant_text(arguments.get(1)?)?;
    let options = match arguments.get(2) {
        Some(node) => constant_text(node)?,
        None => "",
    };
    compile(pattern, options).ok().map(Box::new)
}

fn constant_text(node: &Node) -> Option<&str> {
    match &node.kind {
        NodeKind::Constant(Constant::Single(Value::Text(text)))
        | NodeKind::Folded { constant: Constant::Single(Value::Text(text)), .. } => Some(text),
        _ => None,
    }
}

/// The matcher runs in time linear to the text, so a pattern cannot hang a run.
fn compile(pattern: &str, options: &str) -> Result<Regex, String> {
    let mut builder = RegexBuilder::new(pattern);
    builder.size_limit(limits::PATTERN_BYTES).dfa_size_limit(limits::PATTERN_BYTES);
    for option in options.split([',', '|', ' ']).filter(|option| !option.is_empty()) {
        match option {
            "None" | "ExplicitCapture" | "CultureInvariant" => {}
            "IgnoreCase" => {
                builder.case_insensitive(true);
            }
            "Multiline" => {
                builder.multi_line(true);
            }
            "Singleline" => {
                builder.dot_matches_new_line(true);
            }
            "IgnorePatternWhitespace" => {
                builder.ignore_whitespace(true);
            }
            _ => {
                return Err(format!(
                    "{} is not an option. Use IgnoreCase, Multiline, Singleline or IgnorePatternWhitespace.",
                    quoted(option)
                ));
            }
        }
    }
    builder.build().map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => "the pattern is too large. Shorten its repetitions.".to_owned(),
        other => {
            let reason = other.to_string();
            let last = reason.lines().last().unwrap_or_default();
            format!("{} is not a usable pattern: {}.", quoted(pattern), last.trim_start_matches("error: "))
        }
    })
}

fn regex_is_match<'a>(call: &mut Call<'_, 'a>) -> Result<Val<'a>, Fault> {
    let input = call.text(0)?;
    if let Some(pattern) = call.pattern {
        return Ok(Val::Boolean(pattern.is_match(&input)));
    }
    let pattern = call.text(1)?;
    let options = if call.given() > 2 { call.text(2)? } else { "".into() };
    let pattern = compile(&pattern, &options).map_err(|message| call.fault(message))?;
    Ok(Val::Boolean(pattern.is_match(&input)))
}

/// Regular expressions.
pub(crate) const TABLE: &[FunctionInfo] = &[FunctionInfo {
    name: NAME,
    category: Category::Text,
    signature: "bool RegexIsMatch(str input, str pattern [, str options])",
    description: "True when the pattern is found anywhere in the input. Options: IgnoreCase, Multiline, Singleline, \
                  IgnorePatternWhitespace, separated by commas. Look-around and back-references are not supported.",
    example: "RegexIsMatch([mail], \"^[a-z]+@contoso\\.com$\", \"IgnoreCase\")",
    parameters: &[each("input", Types::TEXT), each("pattern", Types::TEXT), each("options", Types::TEXT)],
    required: 2,
    nulls: NullRule::First(Substitute::False),
    result: Types::BOOLEAN,
    body: Body::Plain(regex_is_match),
}];
