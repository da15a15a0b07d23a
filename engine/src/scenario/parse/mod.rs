//! From lines to a scenario. Everything that can be known without running it is checked here, so that a file
//! with a slip of the pen is refused with its line and what to write instead.

mod directory;
mod expectation;
mod fact;
mod rules;
mod statement;
#[cfg(test)]
mod tests;
mod value;

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use super::model::{DirectorySpec, Scenario, Step};
use super::text::{Line, Place, ScenarioFault, Words, instead, lines};
use crate::model::Schema;
use crate::rules::metaverse_schema;

/// Files inside files.
const DEEPEST_INCLUDE: usize = 8;
/// Objects that ranges may name in one file.
const MOST_NAMES: usize = 2_000_000;

/// The space of a name in the file.
#[derive(Clone, Debug)]
enum Named {
    Object { connector: String, object_type: String },
    RememberedObject { connector: String },
    RememberedIdentity,
}

/// What is known while a file is read.
struct Parser {
    metaverse: Schema,
    directories: Vec<DirectorySpec>,
    names: BTreeMap<String, Named>,
    /// Names that ranges gave so far.
    expanded: usize,
}

/// The heading of a file.
struct Heading {
    number: Option<u32>,
    title: String,
}

impl Scenario {
    /// Reads a scenario file and the files that it includes.
    ///
    /// # Errors
    /// [`ScenarioFault`] names file, line and what to write instead.
    pub fn read(path: &Path) -> Result<Self, ScenarioFault> {
        let text = std::fs::read_to_string(path).map_err(|error| ScenarioFault {
            file: path.display().to_string(),
            line: 0,
            message: format!("the file cannot be read: {error}"),
        })?;
        Self::from_text(path, &text)
    }

    /// Reads a scenario from a text that stands for the file of this path; what it includes is read beside it.
    ///
    /// # Errors
    /// As [`Scenario::read`].
    pub fn from_text(path: &Path, text: &str) -> Result<Self, ScenarioFault> {
        parse(path, text)
    }
}

fn parse(path: &Path, text: &str) -> Result<Scenario, ScenarioFault> {
    let file: Arc<str> = path.display().to_string().into();
    let metaverse = metaverse_schema().map_err(|error| ScenarioFault {
        file: file.to_string(),
        line: 0,
        message: format!("the metaverse schema: {error}"),
    })?;
    let mut parser = Parser { metaverse, directories: Vec::new(), names: BTreeMap::new(), expanded: 0 };
    let lines = lines(&file, text, is_block)?;
    let start = Place { file, line: 1 };
    let Some((first, rest)) = lines.split_first() else {
        return Err(start.fault("the file is empty; begin with a line such as \"scenario: A user is renamed\""));
    };
    let Some(heading) = heading(first)? else {
        return Err(first.place.fault("a scenario begins with its title: \"scenario: A user is renamed\""));
    };
    let mut steps = Vec::new();
    parser.statements(rest, path, 0, &mut steps)?;
    if parser.directories.is_empty() {
        return Err(start.fault("the scenario has no directory; add a line such as \"forest A contoso.com\""));
    }
    Ok(Scenario { number: heading.number, title: heading.title, directories: parser.directories, steps })
}

/// Lines whose content is written as TOML.
fn is_block(line: &str) -> bool {
    line == "rules" || line.starts_with("change rule ")
}

/// `scenario 12: Title` or `scenario: Title`.
fn heading(line: &Line) -> Result<Option<Heading>, ScenarioFault> {
    let mut words = Words::new(&line.place, &line.text);
    if !words.eat("scenario") {
        return Ok(None);
    }
    let number = if words.eat_sign(':') {
        None
    } else {
        let number = words.number("a number and a colon, or only a colon: \"scenario: A user is renamed\"")?;
        if !words.eat_sign(':') {
            return Err(line.place.fault("a colon is missing before the title: \"scenario 12: A user is renamed\""));
        }
        Some(u32::try_from(number).unwrap_or(u32::MAX))
    };
    if words.is_empty() {
        return Err(line.place.fault("the title is missing: \"scenario: A user is renamed\""));
    }
    no_children(line)?;
    Ok(Some(Heading { number, title: words.rest().to_owned() }))
}

fn no_children(line: &Line) -> Result<(), ScenarioFault> {
    match line.children.first() {
        None => Ok(()),
        Some(child) => Err(child.place.fault(format!("nothing can stand below \"{}\"; begin the line at the left", line.text))),
    }
}

impl Parser {
    /// Reads the statements of a file or block.
    fn statements(&mut self, lines: &[Line], path: &Path, depth: usize, steps: &mut Vec<Step>) -> Result<(), ScenarioFault> {
        for line in lines {
            let mut words = Words::new(&line.place, &line.text);
            if words.eat("include") {
                no_children(line)?;
                self.include(&words, path, depth, steps)?;
            } else {
                self.statement(line, path, depth, steps)?;
            }
        }
        Ok(())
    }

    /// The statements of another file stand in place of the line.
    fn include(&mut self, words: &Words<'_>, path: &Path, depth: usize, steps: &mut Vec<Step>) -> Result<(), ScenarioFault> {
        let place = words.place();
        let name = Path::new(words.rest());
        if !name.components().all(|component| matches!(component, Component::Normal(_))) || words.is_empty() {
            return Err(place.fault("write a file beside this one or in a folder below: \"include two-forests.part\""));
        }
        if depth >= DEEPEST_INCLUDE {
            return Err(
                place.fault(format!("files include each other more than {DEEPEST_INCLUDE} times; do they go round in a circle?"))
            );
        }
        let included: PathBuf = path.parent().unwrap_or(Path::new("")).join(name);
        let text = std::fs::read_to_string(&included)
            .map_err(|error| place.fault(format!("the included file {} cannot be read: {error}", included.display())))?;
        let file: Arc<str> = included.display().to_string().into();
        let lines = lines(&file, &text, is_block)?;
        // A scenario that is included lends its steps; its title is its own.
        let body = match lines.split_first() {
            Some((first, rest)) if heading(first)?.is_some() => rest,
            _ => lines.as_slice(),
        };
        self.statements(body, &included, depth + 1, steps)
    }

    fn directory(&self, place: &Place, name: &str) -> Result<&DirectorySpec, ScenarioFault> {
        self.directories.iter().find(|directory| directory.name == name).ok_or_else(|| {
            let known = instead(name, self.directories.iter().map(|directory| directory.name.as_str()));
            place.fault(format!("there is no directory \"{name}\"; {known}"))
        })
    }

    /// Takes the name of a directory.
    fn connector(&self, words: &mut Words<'_>) -> Result<String, ScenarioFault> {
        let name = words.word().unwrap_or_default();
        self.directory(words.place(), name).map(|directory| directory.name.clone())
    }
}
