//! The table of error codes in `docs/error-codes.md`: every documented code stands in it, with the place that proves that
//! it is reported, or the reason why it never is.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use syncline_engine::model::ErrorCode;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A line of the table.
struct Line {
    code: String,
    /// `yes`, `no`, or `guard` for what can only happen by a mistake in the program.
    reported: String,
    text: String,
    /// File of the tests that prove it, from the root of the repository.
    proof: String,
}

fn table() -> Vec<Line> {
    let text = fs::read_to_string(root().join("docs/error-codes.md")).unwrap();
    let line = |line: &str| {
        let cells: Vec<String> = line.trim_matches('|').split('|').map(|cell| cell.trim().replace('`', "")).collect();
        let [code, reported, text, proof] = cells.try_into().unwrap_or_else(|cells| panic!("four cells in {cells:?}"));
        Line { code, reported, text, proof }
    };
    text.lines().filter(|line| line.starts_with("| `")).map(line).collect()
}

/// The names of the constants, by code.
fn constants() -> BTreeMap<String, String> {
    let text = fs::read_to_string(root().join("engine/src/model/error_code.rs")).unwrap();
    let constant = |line: &str| {
        let (name, code) = line.trim().strip_suffix("\";")?.split_once(" = \"")?;
        Some((code.to_owned(), format!("ErrorCode::{name}")))
    };
    text.lines().filter_map(constant).collect()
}

/// The sources that can report a code; the app only shows them.
fn sources(folder: &Path, found: &mut Vec<(PathBuf, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if name == "interop" {
            // Elements of exported configurations are named like some codes.
        } else if path.is_dir() {
            sources(&path, found);
        } else if name.ends_with(".rs") && !["error_code.rs", "texts.rs"].contains(&name) {
            found.push((path.clone(), fs::read_to_string(&path).unwrap()));
        }
    }
}

#[test]
fn every_documented_code_stands_in_the_table_once() {
    let told: Vec<String> = table().into_iter().map(|line| line.code).collect();
    let set: BTreeSet<&str> = told.iter().map(String::as_str).collect();
    assert_eq!(told.len(), set.len(), "a code stands in the table twice");
    assert_eq!(set, ErrorCode::DOCUMENTED.iter().copied().collect());
}

#[test]
fn a_code_that_is_reported_is_proved_by_a_test() {
    let constants = constants();
    for line in table().iter().filter(|line| line.reported == "yes") {
        let text = fs::read_to_string(root().join(&line.proof))
            .unwrap_or_else(|error| panic!("{}: \"{}\": {error}", line.code, line.proof));
        let named = constants.get(&line.code).is_some_and(|name| text.contains(name.as_str()));
        assert!(text.contains(&line.code) || named, "{} says nothing of {}", line.proof, line.code);
        assert!(line.proof.ends_with(".scenario") || text.contains("test]"), "{} holds no test", line.proof);
    }
}

#[test]
fn a_code_that_is_never_reported_has_a_reason_and_no_place_in_the_program() {
    let constants = constants();
    let mut program = Vec::new();
    sources(&root().join("engine/src"), &mut program);
    for line in table().iter().filter(|line| line.reported != "yes") {
        assert!(["no", "guard"].contains(&line.reported.as_str()), "{}: \"{}\"", line.code, line.reported);
        assert!(line.text.len() > 20 && line.proof.is_empty(), "{} needs a reason and has no proof", line.code);
        let literal = format!("\"{}\"", line.code);
        let uses =
            |text: &str| text.contains(&literal) || constants.get(&line.code).is_some_and(|name| text.contains(name.as_str()));
        let places: Vec<&PathBuf> = program.iter().filter(|(_, text)| uses(text)).map(|(path, _)| path).collect();
        assert_eq!(places.is_empty(), line.reported == "no", "{} in {places:?}", line.code);
    }
}
