//! The first difference between what a scenario says and what is.

use std::fmt;

use serde::Serialize;

use super::model::Step;
use super::text::Place;

/// Something is not as the scenario says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The file.
    pub file: String,
    /// The line that is not fulfilled.
    pub line: u32,
    /// The statement after which it is not.
    pub step: String,
    /// The line of that statement.
    pub step_line: u32,
    /// The object, when it is about one.
    pub object: Option<String>,
    /// What about it: `result`, `pending export`, `hologram` and so on.
    pub part: String,
    /// The attribute, when it is about one.
    pub attribute: Option<String>,
    /// What the scenario says.
    pub expected: String,
    /// What is.
    pub found: String,
}

impl Difference {
    /// A difference about something as a whole.
    pub(super) fn of(part: impl Into<String>, expected: impl Into<String>, found: impl Into<String>) -> Self {
        Self {
            file: String::new(),
            line: 0,
            step: String::new(),
            step_line: 0,
            object: None,
            part: part.into(),
            attribute: None,
            expected: expected.into(),
            found: found.into(),
        }
    }

    pub(super) fn object(mut self, object: impl ToString) -> Self {
        self.object = Some(object.to_string());
        self
    }

    pub(super) fn attribute(mut self, attribute: &str) -> Self {
        self.attribute = Some(attribute.to_owned());
        self
    }

    /// Says where in the files it is; what is known already stays.
    pub(super) fn at(mut self, place: &Place, step: &Step) -> Self {
        if self.line == 0 {
            self.file = place.file.to_string();
            self.line = place.line;
        }
        if self.step.is_empty() {
            self.step.clone_from(&step.text);
            self.step_line = step.place.line;
        }
        self
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, line {}", self.file, self.line)?;
        if self.step_line != self.line {
            write!(f, " (after line {}: {})", self.step_line, self.step)?;
        } else {
            write!(f, " ({})", self.step)?;
        }
        write!(f, ": ")?;
        let about = self.object.iter().chain([&self.part]).chain(&self.attribute);
        let about: Vec<&str> = about.map(String::as_str).filter(|text| !text.is_empty()).collect();
        write!(f, "{}: expected {}, found {}", about.join(", "), self.expected, self.found)
    }
}
