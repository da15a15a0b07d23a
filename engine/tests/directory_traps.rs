//! The table of traps in `docs/directory-traps.md`: every trap stands in it once, with a guard that is there and a test that
//! says which trap it is about.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A line of the tables.
struct Line {
    trap: String,
    guard: String,
    test: String,
}

fn table() -> Vec<Line> {
    let text = fs::read_to_string(root().join("docs/directory-traps.md")).unwrap();
    let line = |line: &str| {
        let cells: Vec<String> = line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect();
        let [trap, _, guard, _, test] = cells.try_into().unwrap_or_else(|cells| panic!("five cells in {cells:?}"));
        Line { trap, guard, test }
    };
    let is_trap = |line: &&str| line.starts_with("| ") && line.chars().nth(3).is_some_and(|c| c.is_ascii_digit());
    text.lines().filter(is_trap).map(line).collect()
}

/// What stands between backticks.
fn quoted(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

#[test]
fn every_trap_stands_in_the_table_once() {
    let told: Vec<String> = table().into_iter().map(|line| line.trap).collect();
    let numbered = |letter: char, last: u32| (1..=last).map(move |number| format!("{letter}{number}"));
    let expected: Vec<String> =
        numbered('B', 12).chain(numbered('P', 7)).chain(numbered('R', 3)).chain(numbered('D', 18)).collect();
    assert_eq!(told, expected);
}

#[test]
fn every_guard_is_where_it_is_said_to_be() {
    for line in table() {
        assert!(line.guard.len() > 10, "{} has no guard", line.trap);
        for file in quoted(&line.guard).into_iter().filter(|quoted| quoted.ends_with(".rs")) {
            assert!(root().join("engine/src/connector").join(file).is_file(), "{}: {file}", line.trap);
        }
    }
}

#[test]
fn every_test_says_which_trap_it_is_about() {
    for Line { trap, test, .. } in table() {
        let [file, name] = quoted(&test)[..] else { panic!("{trap}: file and test in {test}") };
        let text = fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{trap}: {file}: {error}"));
        let place = text.find(&format!("fn {name}(")).unwrap_or_else(|| panic!("{trap}: no {name} in {file}"));
        // The comment above it, and nothing of what stands before.
        let above = text.get(..place).unwrap().trim_end();
        let comment: Vec<&str> = above.lines().rev().take_while(|line| line.trim_start().starts_with(['/', '#'])).collect();
        assert!(comment.iter().any(|line| line.contains("#[test]")), "{trap}: {name} is no test");
        let words: BTreeSet<&str> = comment.iter().flat_map(|line| line.split(|c: char| !c.is_ascii_alphanumeric())).collect();
        assert!(words.contains(trap.as_str()), "{trap}: {name} in {file} does not say so");
    }
}
