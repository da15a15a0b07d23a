//! `syncline scenario`: files that say what happens and what must be true after each step.

use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;
use syncline_engine::scenario::{Difference, Scenario, ScenarioOptions};

use super::exit::{Exit, Failure};
use super::output::Answer;
use super::session::Session;
use super::text::{count, safe};

/// Arguments of `scenario`.
#[derive(Args, Debug)]
#[command(after_help = "\
A scenario file describes directories, rules, what happens, and what must be true after
each step; docs/scenarios.md explains the language. It runs on a temporary database and on
directories in memory: no data folder is needed, read or changed, and nothing leaves this
computer. Of each file that is not fulfilled the first difference is printed.

Exit codes: 0 when all files are fulfilled, 5 when one is not, 31 when one cannot be read.

Examples:
  syncline scenario report.scenario
  syncline scenario tests/scenarios/*.scenario
  syncline scenario report.scenario --json")]
pub struct ScenarioArgs {
    /// Scenario files
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
}

/// What became of one file.
#[derive(Debug, Serialize)]
struct FileResult {
    file: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    outcome: Outcome,
    #[serde(skip_serializing_if = "Option::is_none")]
    difference: Option<Difference>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<FaultView>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Outcome {
    Passed,
    Failed,
    Unreadable,
}

/// Why a file cannot be read.
#[derive(Debug, Serialize)]
struct FaultView {
    file: String,
    line: u32,
    message: String,
}

/// What became of all files.
#[derive(Debug, Serialize)]
struct Report {
    passed: usize,
    failed: usize,
    files: Vec<FileResult>,
}

/// Answers `scenario`.
pub fn run(session: &Session, arguments: &ScenarioArgs) -> Result<Answer, Failure> {
    let mut files = Vec::with_capacity(arguments.files.len());
    for file in &arguments.files {
        session.output.note(&safe(&format!("{} ...", file.display())));
        files.push(run_file(file)?);
    }
    let passed = files.iter().filter(|file| file.outcome == Outcome::Passed).count();
    let report = Report { passed, failed: files.len() - passed, files };
    let text = text(&report);
    if report.failed == 0 {
        return Answer::new(&report, text);
    }
    let unreadable = report.files.iter().filter(|file| file.outcome == Outcome::Unreadable).count();
    let (exit, message) = if unreadable > 0 {
        (Exit::Invalid, format!("{} cannot be read", count(unreadable as u64, "file")))
    } else {
        (Exit::CompletedWithErrors, format!("{} not fulfilled", count(report.failed as u64, "scenario")))
    };
    Err(Failure::new(exit, message).detail(super::json::data(&report)?).text(text))
}

fn run_file(file: &Path) -> Result<FileResult, Failure> {
    let name = file.display().to_string();
    let scenario = match Scenario::read(file) {
        Ok(scenario) => scenario,
        Err(fault) => {
            let fault = FaultView { file: fault.file, line: fault.line, message: fault.message };
            let outcome = Outcome::Unreadable;
            return Ok(FileResult { file: name, number: None, title: None, outcome, difference: None, fault: Some(fault) });
        }
    };
    let difference =
        scenario.run(ScenarioOptions::default()).map_err(|error| Failure::new(Exit::Unexpected, format!("{name}: {error}")))?;
    let outcome = if difference.is_none() { Outcome::Passed } else { Outcome::Failed };
    Ok(FileResult { file: name, number: scenario.number, title: Some(scenario.title), outcome, difference, fault: None })
}

/// The differences and faults, then the numbers.
fn text(report: &Report) -> String {
    let mut text = String::new();
    for file in &report.files {
        if let Some(difference) = &file.difference {
            text.push_str(&difference_text(file, difference));
        }
        if let Some(fault) = &file.fault {
            let place = if fault.line == 0 { fault.file.clone() } else { format!("{}, line {}", fault.file, fault.line) };
            text.push_str(&format!("{}\n  cannot be read: {}\n\n", safe(&place), safe(&fault.message)));
        }
    }
    text.push_str(&format!("{} passed, {} failed\n", report.passed, report.failed));
    text
}

fn difference_text(file: &FileResult, difference: &Difference) -> String {
    let title = file.title.as_deref().unwrap_or_default();
    let mut lines = vec![format!("{}: {title}", file.file)];
    let place = format!("{}, line {}", difference.file, difference.line);
    lines.push(if difference.step_line == difference.line {
        format!("  {place}: {}", difference.step)
    } else {
        format!("  {place}, after line {}: {}", difference.step_line, difference.step)
    });
    let about = difference.object.iter().chain([&difference.part]).chain(&difference.attribute);
    let about: Vec<&str> = about.map(String::as_str).filter(|text| !text.is_empty()).collect();
    lines.push(format!("  {}", about.join(", ")));
    lines.push(format!("    expected: {}", difference.expected));
    lines.push(format!("    found:    {}", difference.found));
    let lines: Vec<String> = lines.iter().map(|line| safe(line)).collect();
    format!("{}\n\n", lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSING: &str = "scenario: Nothing happens\nforest A contoso.com\nexpect\n  metaverse: nothing\n";

    fn result(text: &str) -> FileResult {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("x.scenario");
        std::fs::write(&file, text).unwrap();
        run_file(&file).unwrap()
    }

    #[test]
    fn a_file_passes_fails_or_cannot_be_read() {
        let check = |text: &str, outcome: Outcome| assert_eq!(result(text).outcome, outcome, "{text}");
        check(PASSING, Outcome::Passed);
        check(&PASSING.replace("nothing", "person=1"), Outcome::Failed);
        check(&PASSING.replace("expect", "expct"), Outcome::Unreadable);
        assert_eq!(run_file(Path::new("nowhere.scenario")).unwrap().outcome, Outcome::Unreadable);
    }

    #[test]
    fn the_answer_shows_the_first_difference_and_the_numbers() {
        let (failed, faulty) = (result(&PASSING.replace("nothing", "person=1")), result("scenario x"));
        let report = Report { passed: 1, failed: 2, files: vec![result(PASSING), failed, faulty] };
        let text = text(&report);
        for expected in [
            "x.scenario: Nothing happens\n",
            "x.scenario, line 4, after line 3: expect\n  metaverse\n    expected: person=1\n    found:    nothing\n",
            "x.scenario, line 1\n  cannot be read: ",
        ] {
            assert!(text.contains(expected), "missing {expected:?} in {text}");
        }
        assert!(text.ends_with("1 passed, 2 failed\n"), "{text}");
    }
}
