//! `expression explain`: what every part gives.

use serde_json::{Value as Json, json};
use syncline_expression::json::write_outcome;
use syncline_expression::{Outcome, Step, StepResult, SystemRandom};

use super::eval::EvalArgs;
use super::{problem, value};
use crate::cli::exit::Failure;
use crate::cli::output::Answer;
use crate::cli::session::Session;
use crate::cli::table::Table;
use crate::cli::text::truncate;

/// Columns of a part's text when the answer goes to a file or program.
const PART_COLUMNS: usize = 72;

/// Evaluates an expression and shows its parts.
///
/// # Errors
/// [`Failure`] when it does not compile; when it ends with an error the parts are shown as well.
pub fn run(session: &Session, arguments: &EvalArgs) -> Result<Answer, Failure> {
    let expression = arguments.text.read()?;
    let source = arguments.source.load(session)?;
    let columns = session.output.view.width;
    let program = source.compile(&expression, columns)?;
    let (result, step) = source.object.trace(&program, arguments.now(), &SystemRandom);
    let text = tree(&step, columns);
    let warnings = source.warnings(&program);
    match result {
        Ok(outcome) => {
            let data = json!({ "result": write_outcome(&outcome), "parts": [data(&step)] });
            Ok(Answer::new(&data, text)?.warnings(warnings))
        }
        Err(error) => {
            let detail = json!({ "error": problem::fault_data(&error), "parts": [data(&step)] });
            Err(problem::fault(&expression, &error, columns).text(text).detail(detail).warnings(warnings))
        }
    }
}

/// A row per part and result.
fn tree(step: &Step, columns: Option<usize>) -> String {
    let mut table = Table::new().texts(["Part", "Type", "Value"]);
    rows(&mut table, step, 0, columns.map_or(PART_COLUMNS, |columns| columns / 2));
    table.render(columns)
}

fn rows(table: &mut Table, step: &Step, depth: usize, part_columns: usize) {
    let part = format!("{}{}", "  ".repeat(depth), one_line(&step.text));
    let part = truncate(&part, part_columns.max(depth * 2 + 12));
    if step.results.is_empty() {
        table.row([part.as_str(), "", "not evaluated"]);
    }
    let (turns, all) = (step.results.len(), step.results.len() < Step::KEPT);
    match step.results.first() {
        Some(first) if turns > 1 && step.results.iter().all(|result| result == first) => {
            let (kind, value) = shown(first);
            let more = if all { "" } else { " or more" };
            table.row([part.as_str(), &kind, &format!("{value} ({turns} times{more})")]);
        }
        _ => {
            for (turn, result) in step.results.iter().enumerate() {
                let part = if turn == 0 { part.as_str() } else { "" };
                let (kind, value) = shown(result);
                table.row([part, &kind, &value]);
            }
            if !all {
                table.row(["", "", &format!("... (the first {turns} turns)")]);
            }
        }
    }
    // What is below a part that was not evaluated was not either.
    for child in step.children.iter().filter(|_| turns > 0) {
        rows(table, child, depth + 1, part_columns);
    }
}

/// The text of a part without the line breaks of its layout.
fn one_line(text: &str) -> String {
    text.split('\n').map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Type and value of a result.
fn shown(result: &StepResult) -> (String, String) {
    match result {
        StepResult::Value(outcome) => {
            let mut text = value::literal(outcome);
            if matches!(outcome, Outcome::Multi(values) if values.len() >= Step::KEPT) {
                text.push_str(&format!(", ... (the first {})", Step::KEPT));
            }
            (value::type_name(outcome), text)
        }
        StepResult::Constant(name) => ("constant".to_owned(), (*name).to_owned()),
        StepResult::Error(error) => ("error".to_owned(), error.message.clone()),
    }
}

/// The fields of a part.
fn data(step: &Step) -> Json {
    let result = |result: &StepResult| match result {
        StepResult::Value(outcome) => write_outcome(outcome),
        StepResult::Constant(name) => json!({ "constant": name }),
        StepResult::Error(error) => json!({ "error": problem::fault_data(error) }),
    };
    json!({
        "text": step.text,
        "offset": step.offset,
        "length": step.length,
        "evaluated": !step.results.is_empty(),
        "results": step.results.iter().map(result).collect::<Vec<_>>(),
        "children": step.children.iter().map(data).collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use syncline_expression::{AttributeKind, CountingRandom, SourceObject, Value};

    fn trace(expression: &str) -> Step {
        let texts = |values: &[&str]| values.iter().map(|text| Value::Text((*text).to_owned())).collect();
        let object = SourceObject::new("x")
            .with("a", AttributeKind::Text, false, texts(&[" x "]))
            .with("p", AttributeKind::Text, true, texts(&["u", "v"]))
            .with("many", AttributeKind::Number, true, (0..40).map(Value::Number).collect());
        let program = object.compile(expression).unwrap();
        object.trace(&program, jiff::Timestamp::UNIX_EPOCH, &CountingRandom::default()).1
    }

    fn check(expression: &str, columns: Option<usize>, expected: &str) {
        assert_eq!(tree(&trace(expression), columns), expected, "{expression}");
    }

    #[test]
    fn parts_are_indented_and_unused_branches_marked() {
        check(
            "IIF(IsPresent([a]),\n    Trim([a]),\n    Error(\"no\"))",
            None,
            "Part                                         Type  Value\n\
             IIF(IsPresent([a]), Trim([a]), Error(\"no\"))  str   \"x\"\n\
             \x20 IsPresent([a])                             bool  True\n\
             \x20   [a]                                      str   \" x \"\n\
             \x20 Trim([a])                                  str   \"x\"\n\
             \x20   [a]                                      str   \" x \"\n\
             \x20 Error(\"no\")                                      not evaluated\n",
        );
    }

    #[test]
    fn turns_of_a_loop_and_faults_have_their_lines() {
        check(
            "Select($x, [p], CNum($x))",
            None,
            "Part                       Type   Value\n\
             Select($x, [p], CNum($x))  error  CNum: \"u\" is not a whole number. Guard it with IsNumeric.\n\
             \x20 [p]                      mvstr  \"u\", \"v\"\n\
             \x20 CNum($x)                 error  CNum: \"u\" is not a whole number. Guard it with IsNumeric.\n\
             \x20   $x                     str    \"u\"\n",
        );
        check(
            "Select($x, [p], $x & UTF8)",
            Some(40),
            "Part            Type      Value\n\
             Select($x, [p…  error     enum cannot b…\n\
             \x20 [p]           mvstr     \"u\", \"v\"\n\
             \x20 $x & UTF8     error     enum cannot b…\n\
             \x20   $x          str       \"u\"\n\
             \x20   UTF8        constant  UTF8\n",
        );
    }

    #[test]
    fn equal_turns_are_told_once() {
        let text = tree(&trace("Select($x, [p], Len($x) + 1)"), None);
        assert!(text.contains("\n    1                         num    1 (2 times)\n"), "{text}");
        let text = tree(&trace("Count(Select($x, [many], 1))"), None);
        assert!(text.contains("1 (32 times or more)\n"), "{text}");
    }

    #[test]
    fn long_lists_and_loops_say_what_is_left_out() {
        let text = tree(&trace("Count(Select($x, [many], $x))"), None);
        assert!(text.contains("31, ... (the first 32)\n"), "{text}");
        assert!(text.contains("... (the first 32 turns)\n"), "{text}");
    }
}
