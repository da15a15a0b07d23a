//! The result of every part of an expression.

use crate::object::{Object, Run as _};
use syncline_expression::{AttributeKind, Outcome, Step, StepResult, Value};

fn object() -> Object {
    Object::default().with("a", AttributeKind::Text, false, vec![Value::Text(" x ".into())]).with(
        "p",
        AttributeKind::Text,
        true,
        vec![Value::Text("u".into()), Value::Text("v".into())],
    )
}

fn lines(step: &Step, depth: usize, output: &mut Vec<String>) {
    let results: Vec<String> = step
        .results
        .iter()
        .map(|result| match result {
            StepResult::Value(Outcome::Single(value)) => format!("{value:?}"),
            StepResult::Value(Outcome::Multi(values)) => format!("{} values", values.len()),
            StepResult::Value(other) => format!("{other:?}"),
            StepResult::Constant(name) => (*name).to_owned(),
            StepResult::Error(error) => error.kind.name().to_owned(),
        })
        .collect();
    output.push(format!("{}{}: {}", "  ".repeat(depth), step.text, results.join(" | ")));
    for child in &step.children {
        lines(child, depth + 1, output);
    }
}

fn check(text: &str, expected: &[&str]) {
    let object = object();
    let program = object.compile(text).unwrap();
    let now = jiff::Timestamp::UNIX_EPOCH;
    let (result, step) = object.run_traced(&program, now);
    assert_eq!(result, object.run(&program, now), "{text}");
    let mut found = Vec::new();
    lines(&step, 0, &mut found);
    assert_eq!(found, expected, "{text}");
}

#[test]
fn unevaluated_branches_have_no_result() {
    check(
        "IIF(IsPresent([a]), Trim([a]), Error(\"no\"))",
        &[
            "IIF(IsPresent([a]), Trim([a]), Error(\"no\")): Text(\"x\")",
            "  IsPresent([a]): Boolean(true)",
            "    [a]: Text(\" x \")",
            "  Trim([a]): Text(\"x\")",
            "    [a]: Text(\" x \")",
            "  Error(\"no\"): ",
            "    \"no\": ",
        ],
    );
}

#[test]
fn loops_tell_every_result_and_constants_are_shown_in_parts() {
    check(
        "Select($x, [p], $x & (\"1\" & \"2\"))",
        &[
            "Select($x, [p], $x & (\"1\" & \"2\")): 2 values",
            "  [p]: 2 values",
            "  $x & (\"1\" & \"2\"): Text(\"u12\") | Text(\"v12\")",
            "    $x: Text(\"u\") | Text(\"v\")",
            "    \"1\" & \"2\": Text(\"12\") | Text(\"12\")",
            "      \"1\": Text(\"1\") | Text(\"1\")",
            "      \"2\": Text(\"2\") | Text(\"2\")",
        ],
    );
}

#[test]
fn errors_show_where_they_arise() {
    check("CNum([a]) + 1", &["CNum([a]) + 1: value", "  CNum([a]): value", "    [a]: Text(\" x \")", "  1: "]);
}
