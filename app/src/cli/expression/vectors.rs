//! `expression vectors`: files of expressions with what each must give.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value as Json, json};
use syncline_expression::vectors::{Actual, VectorFile, VectorResult};

use super::text::read_file;
use crate::cli::exit::{Exit, Failure};
use crate::cli::output::Answer;
use crate::cli::session::Session;
use crate::cli::text::{count, safe};

/// The largest file of vectors that is read.
const LONGEST: u64 = 256 << 20;

/// Arguments of `expression vectors`.
#[derive(Args, Debug)]
pub struct VectorsArgs {
    /// Files of test vectors; - is standard input
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
}

/// Runs files of vectors. Nothing runs when one of them cannot be read.
///
/// # Errors
/// [`Failure`] when a file cannot be read or a vector fails.
pub fn run(_session: &Session, arguments: &VectorsArgs) -> Result<Answer, Failure> {
    let mut files = Vec::new();
    for path in &arguments.files {
        let text = read_file(path, "the test vectors", LONGEST)?;
        let file = VectorFile::read(&text).map_err(|error| Failure::invalid(safe(&format!("{}: {error}", path.display()))))?;
        files.push((path.display().to_string(), file));
    }
    let (mut passed, mut text, mut failures) = (0, String::new(), Vec::new());
    let several = files.len() > 1;
    for (path, file) in &files {
        let report = file.run();
        passed += report.passed();
        for failed in report.failures() {
            if several {
                text.push_str(&format!("{}: ", safe(path)));
            }
            text.push_str(&failure_text(failed));
            failures.push(failure_data(path, failed));
        }
    }
    let failed = failures.len();
    text.push_str(&format!("{passed} passed, {failed} failed\n"));
    let data = json!({ "passed": passed, "failed": failed, "failures": failures });
    if failed > 0 {
        let message = format!("{} failed", count(failed as u64, "vector"));
        return Err(Failure::new(Exit::CompletedWithErrors, message).text(text).detail(data));
    }
    Answer::new(&data, text)
}

/// A vector that failed: its name and expression, and both sides.
fn failure_text(failed: &VectorResult) -> String {
    format!(
        "{}: {}\n  expected: {}\n  actual:   {}\n",
        safe(&failed.id),
        safe(&failed.expression),
        safe(&failed.expected.to_string()),
        safe(&failed.actual.to_string())
    )
}

fn failure_data(path: &str, failed: &VectorResult) -> Json {
    let (actual, message) = match &failed.actual {
        Actual::Different(found, message) => (found.to_json(), message.clone()),
        Actual::Passed | Actual::NoClock => (Json::Null, Some(failed.actual.to_string())),
    };
    json!({
        "file": path,
        "id": failed.id,
        "expr": failed.expression,
        "expected": failed.expected.to_json(),
        "actual": actual,
        "message": message,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_of_a_failure_are_shown() {
        let file = VectorFile::read(
            r#"{"vectors": [{"id": "a\u001b", "expr": "1 / 0", "expect": {"type": "num", "values": [1]}},
                            {"id": "b", "expr": "Now()", "expect": {"null": true}}]}"#,
        );
        let report = file.unwrap().run();
        let texts: Vec<String> = report.failures().map(failure_text).collect();
        assert_eq!(
            texts,
            [
                "a\\u{1b}: 1 / 0\n  expected: num 1\n  actual:   error divide-by-zero at 2: Division by zero. Guard it with IIF.\n",
                "b: Now()\n  expected: NULL\n  actual:   nothing: the expression uses Now and there is no clock; set \"now\"\n",
            ]
        );
        let data: Vec<Json> = report.failures().map(|failed| failure_data("f", failed)).collect();
        assert_eq!(data[0]["actual"], json!({ "error": "divide-by-zero", "position": 2 }));
        assert_eq!(data[1]["actual"], Json::Null);
    }
}
