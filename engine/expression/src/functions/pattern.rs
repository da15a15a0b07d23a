//! RegexIsMatch.

use crate::call::Call;
use crate::function_table::{Body, Category, FunctionInfo, NullRule, Substitute, Types, each};
use crate::limits;
use crate::node::{Constant, Node, NodeKind};
use crate::problem::{Fault, quoted};
use crate::value::{Val, Value};
use regex::{Regex, RegexBuilder};

const NAME: &str = "RegexIsMatch";

/// A compiled pattern.
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    regex: Regex,
    /// The bytes of the compiled form, at most.
    size: usize,
}

/// The sizes that a pattern is tried in, because the library tells only whether one is enough.
const SIZES: [usize; 5] = [
    limits::PATTERN_BYTES >> 8,
    limits::PATTERN_BYTES >> 6,
    limits::PATTERN_BYTES >> 4,
    limits::PATTERN_BYTES >> 2,
    limits::PATTERN_BYTES,
];

/// Compiles the pattern of a call once when pattern and options are constants; a faulty one is left to the evaluation.
pub(crate) fn prepare(function: &FunctionInfo, arguments: &[Node]) -> Option<Box<Pattern>> {
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

fn compile(pattern: &str, options: &str) -> Result<Pattern, String> {
    let mut builder = RegexBuilder::new(pattern);
    builder.dfa_size_limit(limits::PATTERN_BYTES);
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
    if pattern.len() > limits::PATTERN_TEXT {
        return Err("the pattern is too long.".to_owned());
    }
    for size in SIZES {
        match builder.size_limit(size).build() {
            Ok(regex) => return Ok(Pattern { regex, size }),
            Err(regex::Error::CompiledTooBig(_)) => {}
            Err(other) => {
                let reason = other.to_string();
                let last = reason.lines().last().unwrap_or_default();
                return Err(format!("{} is not a usable pattern: {}.", quoted(pattern), last.trim_start_matches("error: ")));
            }
        }
    }
    Err("the pattern is too large. Shorten its repetitions.".to_owned())
}

/// The matcher runs in time linear to the text and to the compiled pattern, so their product bounds it.
fn is_match(call: &mut Call<'_, '_>, pattern: &Pattern, input: &str) -> Result<bool, Fault> {
    let work = pattern.size.saturating_mul(input.len());
    if work > limits::MATCH_WORK {
        let message =
            "the pattern takes too long on so long a text. Cut the text with Left, or shorten the pattern's repetitions.";
        return Err(call.limit(message));
    }
    let steps = work / limits::STEP_MATCH_WORK;
    if steps > limits::FREE_MATCH_STEPS {
        call.charge(steps);
    }
    Ok(pattern.regex.is_match(input))
}

fn regex_is_match<'a>(call: &mut Call<'_, 'a>) -> Result<Val<'a>, Fault> {
    let input = call.text(0)?;
    if let Some(pattern) = call.pattern {
        return is_match(call, pattern, &input).map(Val::Boolean);
    }
    let pattern = call.text(1)?;
    let options = if call.given() > 2 { call.text(2)? } else { "".into() };
    let pattern = compile(&pattern, &options).map_err(|message| call.fault(message))?;
    call.charge(pattern.size / limits::STEP_PATTERN_BYTES);
    is_match(call, &pattern, &input).map(Val::Boolean)
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
