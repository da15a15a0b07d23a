//! `rule test`: examples of what rules do.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde::Serialize;
use syncline_engine::examples::{self, ExampleFile, ExampleOutcome, ExampleRules, ExampleSetting};

use super::super::exit::{Exit, Failure};
use super::super::output::Answer;
use super::super::session::Session;
use super::super::text::{count, safe};

/// Arguments of `rule test`.
#[derive(Args, Debug)]
pub struct TestArgs {
    /// Files with examples
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// Rules to try them on [default: what the format of each file says]
    #[arg(long, value_enum, value_name = "WHICH")]
    pub rules: Option<Rules>,
    /// Try the rules of the data folder as they would be after "rule import" of this file
    #[arg(long = "with", value_name = "RULES", conflicts_with = "rules")]
    pub with: Vec<PathBuf>,
}

/// The rules that examples are tried on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Rules {
    /// Those that come with the program, for the connectors that each example names
    Shipped,
    /// Those of the data folder
    Folder,
}

/// What became of all files.
#[derive(Debug, Serialize)]
struct Report {
    passed: usize,
    failed: usize,
    files: Vec<FileReport>,
}

#[derive(Debug, Serialize)]
struct FileReport {
    file: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    faults: Vec<String>,
    examples: Vec<ExampleOutcome>,
}

/// Answers `rule test`.
pub(super) fn run(session: &Session, arguments: &TestArgs) -> Result<Answer, Failure> {
    let mut folder: Option<ExampleSetting> = None;
    let mut files = Vec::new();
    for path in &arguments.files {
        session.output.note(&safe(&format!("{} ...", path.display())));
        let file = match read(path)? {
            Ok(file) => file,
            Err(faults) => {
                files.push(FileReport { file: path.display().to_string(), faults, examples: Vec::new() });
                continue;
            }
        };
        let rules = match (arguments.rules, file.rules, arguments.with.is_empty()) {
            (_, _, false) => Rules::Folder,
            (Some(rules), _, true) => rules,
            (None, ExampleRules::Shipped, true) => Rules::Shipped,
            (None, ExampleRules::Installation, true) => Rules::Folder,
        };
        if rules == Rules::Folder && folder.is_none() {
            folder = Some(setting(session, &arguments.with)?);
        }
        let setting = folder.as_ref().filter(|_| rules == Rules::Folder);
        files.push(FileReport {
            file: path.display().to_string(),
            faults: Vec::new(),
            examples: examples::run_all(&file, setting),
        });
    }
    let passed = files.iter().flat_map(|file| &file.examples).filter(|example| example.passed).count();
    // A file that cannot be read is one failure.
    let failed = files.iter().map(|file| file.examples.iter().filter(|example| !example.passed).count()).sum::<usize>()
        + files.iter().filter(|file| !file.faults.is_empty()).count();
    let report = Report { passed, failed, files };
    let text = text(&report);
    if failed == 0 {
        return Answer::new(&report, text);
    }
    let unreadable = report.files.iter().filter(|file| !file.faults.is_empty()).count() as u64;
    let (exit, message) = if unreadable > 0 {
        (Exit::Invalid, format!("{} cannot be read", count(unreadable, "file")))
    } else {
        (Exit::CompletedWithErrors, format!("{} failed", count(failed as u64, "example")))
    };
    Err(Failure::new(exit, message).detail(super::super::json::data(&report)?).text(text))
}

/// A file of examples, or what is wrong with it.
fn read(path: &Path) -> Result<Result<ExampleFile, Vec<String>>, Failure> {
    let text = super::read(path)?;
    Ok(ExampleFile::read(&text).map_err(|fault| fault.reasons))
}

/// The connectors and rules of the data folder.
fn setting(session: &Session, with: &[PathBuf]) -> Result<ExampleSetting, Failure> {
    let sources = super::change::sources(with)?;
    session.query(|engine| {
        let instead = if sources.is_empty() { Vec::new() } else { engine.rules_from_text(&sources)? };
        Ok(engine.example_setting(instead)?)
    })
}

/// What differs, then the numbers.
fn text(report: &Report) -> String {
    let mut text = String::new();
    for file in &report.files {
        if !file.faults.is_empty() {
            text.push_str(&format!("{} cannot be read\n", safe(&file.file)));
            for fault in &file.faults {
                text.push_str(&format!("  {}\n", safe(fault)));
            }
            text.push('\n');
        }
        for example in file.examples.iter().filter(|example| !example.passed) {
            let title = if example.title.is_empty() { String::new() } else { format!(" {}", example.title) };
            text.push_str(&format!("{}\n", safe(&format!("{}: {}{title}", file.file, example.id))));
            if let Some(fault) = &example.fault {
                text.push_str(&format!("  cannot be tried: {}\n", safe(fault)));
            }
            for difference in &example.differences {
                text.push_str(&format!("  {}\n", safe(&difference.place)));
                text.push_str(&format!("    expected: {}\n", safe(&difference.expected)));
                text.push_str(&format!("    found:    {}\n", safe(&difference.found)));
            }
            text.push('\n');
        }
    }
    text.push_str(&format!("{} passed, {} failed\n", report.passed, report.failed));
    text
}

#[cfg(test)]
mod tests {
    use syncline_engine::examples::ExampleDifference;

    use super::*;

    #[test]
    fn the_answer_shows_the_differences_and_the_numbers() {
        let outcome = |id: &str, differences: Vec<ExampleDifference>, fault: Option<&str>| ExampleOutcome {
            id: id.into(),
            title: "Title".into(),
            passed: differences.is_empty() && fault.is_none(),
            differences,
            fault: fault.map(str::to_owned),
        };
        let difference = ExampleDifference { place: "metaverse A, cn".into(), expected: "\"x\"".into(), found: "nothing".into() };
        let examples =
            vec![outcome("U1", vec![], None), outcome("U2", vec![difference], None), outcome("U3", vec![], Some("no forest"))];
        let unreadable = FileReport { file: "b.json".into(), faults: vec!["line 1".into()], examples: vec![] };
        let report = Report {
            passed: 1,
            failed: 3,
            files: vec![FileReport { file: "a.json".into(), faults: vec![], examples }, unreadable],
        };
        assert_eq!(
            text(&report),
            "a.json: U2 Title\n  metaverse A, cn\n    expected: \"x\"\n    found:    nothing\n\n\
             a.json: U3 Title\n  cannot be tried: no forest\n\n\
             b.json cannot be read\n  line 1\n\n\
             1 passed, 3 failed\n"
        );
    }
}
