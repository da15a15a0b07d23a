//! Deaths of a program that opens a folder: a new one, or one of an earlier version.

use std::path::Path;

use rusqlite::types::Value;

use super::program::{Ending, Program, Task};
use crate::store::{Database, earlier};

/// Joined objects of the old database: rows that its migration rewrites.
const OBJECTS: i64 = 3;

/// What is in the data folder before the program is started there.
#[derive(Clone, Copy, Debug)]
enum Before {
    /// There is no folder yet.
    Nothing,
    /// A database of version 2.
    OldDatabase,
}

impl Before {
    fn program(self) -> Program {
        let program = Program::new("open");
        match self {
            Self::Nothing => {}
            Self::OldDatabase => {
                std::fs::create_dir(program.data()).unwrap();
                earlier::version_2(OBJECTS, &program.data().join("syncline.db"));
            }
        }
        program
    }
}

/// The shape of a database and all its rows, and how its file is laid out.
fn content(folder: &Path) -> Vec<String> {
    let database = Database::open(&folder.join("syncline.db")).unwrap();
    let reader = database.reader().unwrap();
    let texts = |sql: &str| -> Vec<String> {
        let mut statement = reader.prepare(sql).unwrap();
        let columns = statement.column_count();
        let row = |row: &rusqlite::Row<'_>| (0..columns).map(|column| row.get::<_, Value>(column)).collect();
        let rows: Vec<Vec<Value>> = statement.query_map([], row).unwrap().map(Result::unwrap).collect();
        let mut texts: Vec<String> = rows.iter().map(|row| format!("{row:?}")).collect();
        texts.sort_unstable();
        texts
    };
    let mut lines = texts("SELECT name, sql FROM sqlite_schema");
    let mut tables = reader.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").unwrap();
    let tables: Vec<String> = tables.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    for table in tables {
        lines.extend(texts(&format!("SELECT * FROM {table}")).iter().map(|row| format!("{table}: {row}")));
    }
    for pragma in ["user_version", "page_size", "journal_mode"] {
        lines.extend(texts(&format!("PRAGMA {pragma}")).iter().map(|value| format!("{pragma}: {value}")));
    }
    lines
}

#[test]
fn a_folder_is_opened_whenever_a_program_died_in_opening_it() {
    for before in [Before::Nothing, Before::OldDatabase] {
        let twin = before.program();
        let mut steps = 0;
        let ending = twin.start(Task::opening(), None, |_, _| {
            steps += 1;
            true
        });
        assert!(matches!(ending, Ending::Done), "{ending:?}");
        let expected = content(&twin.data());
        for step in 1..=steps {
            let program = before.program();
            let mut left = step;
            let killed = program.start(Task::opening(), None, |_, _| {
                left -= 1;
                left > 0
            });
            assert!(matches!(killed, Ending::Killed { .. }), "{before:?}, step {step}: {killed:?}");
            let ending = program.start(Task::opening(), None, |_, _| true);
            assert!(matches!(ending, Ending::Done), "{ending:?}");
            assert_eq!(content(&program.data()), expected, "{before:?}, killed at step {step} of {steps}");
        }
        // Each migration is committed by itself.
        assert!(steps > 4, "{before:?}: {steps}");
    }
}
