//! Problems of an expression: with their place for people, with their fields for programs.

use serde_json::{Value as Json, json};
use syncline_expression::{EvaluationError, Problem, ProblemKind, Severity};

use super::marker::{Place, marked};
use crate::cli::exit::Failure;
use crate::cli::text::{safe, truncate};

/// A value in quotes for a message; a long one is cut.
#[must_use]
pub fn found(value: &str) -> String {
    format!("\"{}\"", truncate(&safe(value), 64))
}

/// One problem: place, severity and sentence, then the source line with a marker.
#[must_use]
pub fn text(expression: &str, problem: &Problem, columns: Option<usize>) -> String {
    let severity = match problem.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Information => "note",
    };
    // Some messages tell the place, too.
    let (line, column) = (problem.line, problem.column);
    let message = problem.message.replacen(&format!(" (line {line}, column {column})"), "", 1);
    let mut text = format!("line {line}, column {column}: {severity}: {}\n", safe(&message));
    text.push_str(&place(expression, problem, columns));
    text
}

/// The source line with a marker, and what can be done.
fn place(expression: &str, problem: &Problem, columns: Option<usize>) -> String {
    let mut text = marked(expression, Place { offset: problem.offset, length: problem.length }, columns);
    if let Some(help) = help(expression, problem) {
        text.push_str(&format!("  {}\n", safe(&help)));
    }
    text
}

/// What to write instead, or how to declare a name that exists elsewhere.
fn help(expression: &str, problem: &Problem) -> Option<String> {
    let written = expression.get(problem.range.clone()).unwrap_or_default();
    match problem.kind {
        ProblemKind::UnknownAttribute => {
            let name = written.trim_matches(['[', ']', '"']);
            Some(format!("To declare it: --set {name}=VALUE, or --set {name}:TYPE when the object lacks it"))
        }
        ProblemKind::UnknownParameter => Some(format!("To declare it: --param {}=VALUE", written.trim_matches('%'))),
        _ => {
            let suggestion = problem.suggestion.as_ref()?;
            (!problem.message.contains(suggestion.as_str())).then(|| format!("Write {suggestion}"))
        }
    }
}

/// The fields of a problem.
#[must_use]
pub fn data(problem: &Problem) -> Json {
    json!({
        "kind": problem.kind.name(),
        "severity": problem.severity,
        "message": problem.message,
        "offset": problem.offset,
        "length": problem.length,
        "line": problem.line,
        "column": problem.column,
        "suggestion": problem.suggestion,
    })
}

/// The failure of an expression that does not compile. Only its errors are told.
#[must_use]
pub fn failure(expression: &str, problems: &[Problem], columns: Option<usize>) -> Failure {
    let errors: Vec<&Problem> = problems.iter().filter(|problem| problem.severity == Severity::Error).collect();
    let Some((first, others)) = errors.split_first() else { return Failure::invalid("the expression cannot be used") };
    let mut lines = place(expression, first, columns);
    for problem in others {
        lines.push_str(&text(expression, problem, columns));
    }
    let details: Vec<Json> = errors.iter().map(|problem| data(problem)).collect();
    Failure::invalid(safe(&first.message)).place(lines).detail(json!({ "problems": details }))
}

/// The fields of a fault met while evaluating.
#[must_use]
pub fn fault_data(error: &EvaluationError) -> Json {
    json!({
        "kind": error.kind.name(),
        "message": error.message,
        "offset": error.offset,
        "length": error.length,
        "line": error.line,
        "column": error.column,
    })
}

/// The failure of an evaluation.
#[must_use]
pub fn fault(expression: &str, error: &EvaluationError, columns: Option<usize>) -> Failure {
    let lines = marked(expression, Place { offset: error.offset, length: error.length }, columns);
    Failure::invalid(safe(&error.message)).place(lines).detail(fault_data(error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use syncline_expression::{SourceObject, check};

    fn problems(expression: &str) -> Vec<Problem> {
        let mut object =
            SourceObject::new("object type user").with("mail", syncline_expression::AttributeKind::Text, false, Vec::new());
        object.parameters.insert("Domain.FQDN".into(), None);
        check(expression, &object, None)
    }

    #[test]
    fn a_problem_tells_place_sentence_and_help() {
        let check = |expression: &str, expected: &str| {
            assert_eq!(text(expression, &problems(expression)[0], None), expected);
        };
        check(
            "trim([mail])",
            "line 1, column 1: error: Unknown function \"trim\". Function names are case-sensitive; did you mean \"Trim\"?\n  \
             1 | trim([mail])\n    | ^~~~\n",
        );
        check(
            "Trim([title])",
            "line 1, column 6: error: Attribute \"title\" does not exist on object type user.\n  \
             1 | Trim([title])\n    |      ^~~~~~~\n  \
             To declare it: --set title=VALUE, or --set title:TYPE when the object lacks it\n",
        );
        check(
            "%x%",
            "line 1, column 1: error: Unknown parameter \"x\". Known: Domain.FQDN.\n  1 | %x%\n    | ^~~\n  \
             To declare it: --param x=VALUE\n",
        );
    }

    #[test]
    fn a_failure_tells_all_errors() {
        let expression = "Trim() & foo(1)";
        let failure = failure(expression, &problems(expression), None);
        assert_eq!(failure.exit as u8, 31);
        assert_eq!(failure.message, "Trim takes 1 argument, 0 given. Trim(value).");
        assert!(
            failure.place.starts_with("  1 | Trim() & foo(1)\n    | ^~~~\nline 1, column 10: error: Unknown function"),
            "{}",
            failure.place
        );
        assert_eq!(failure.detail["problems"][1]["kind"], "unknown-function");
        assert_eq!(failure.detail["problems"][1]["severity"], "error");
    }

    #[test]
    fn values_in_messages_are_short_and_harmless() {
        assert_eq!(found("a\u{1b}b"), "\"a\\u{1b}b\"");
        assert!(found(&"x".repeat(500)).len() < 80);
    }
}
