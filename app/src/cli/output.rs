//! What a command prints: results on standard output, everything else on standard error.

use std::io::{ErrorKind, IsTerminal, Write};
use std::path::PathBuf;

use serde::Serialize;
use serde_json::{Value, json};

use super::exit::{Exit, Failure};
use super::{json, text::View};

/// The result of a command in both forms.
#[derive(Debug)]
pub struct Answer {
    /// For programs.
    pub data: Value,
    /// For people.
    pub text: String,
    /// Things worth knowing although the command succeeded.
    pub warnings: Vec<String>,
    /// What to do next; only for people, and not with `--quiet`.
    pub hint: String,
    /// Data folder that the app opens on afterwards.
    pub opens: Option<PathBuf>,
}

impl Answer {
    /// An answer.
    ///
    /// # Errors
    /// [`Failure`] when the value has no JSON form.
    pub fn new<T: Serialize + ?Sized>(data: &T, text: impl Into<String>) -> Result<Self, Failure> {
        Ok(Self { data: json::data(data)?, text: text.into(), warnings: Vec::new(), hint: String::new(), opens: None })
    }

    /// Adds warnings.
    #[must_use]
    pub fn warnings(mut self, warnings: Vec<String>) -> Self {
        self.warnings = warnings;
        self
    }

    /// Adds what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }
}

/// How the result is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text,
    /// One JSON document.
    Json,
    /// JSON objects, one per line; the last one has `"final":true`.
    JsonLines,
}

/// Where and how a command writes.
#[derive(Debug)]
pub struct Output {
    /// The command's name, such as `run start`.
    pub command: &'static str,
    /// Form of the result.
    pub format: Format,
    /// No progress, no hints.
    pub quiet: bool,
    /// Form of text.
    pub view: View,
}

impl Output {
    /// True when a person reads along.
    #[must_use]
    pub fn talks(&self) -> bool {
        !self.quiet && self.format == Format::Text
    }

    /// Says something to the person, not part of the result.
    pub fn note(&self, text: &str) {
        if self.talks() {
            say(text);
        }
    }

    /// Writes lines between the beginning and the end of a long command, for people.
    pub fn lines(&self, text: &str) {
        if self.format == Format::Text {
            // Nobody may be listening any more; the command goes on.
            write_out(text).ok();
        }
    }

    /// Writes an object between the beginning and the end of a long command.
    pub fn event(&self, event: &Value) {
        if self.format == Format::JsonLines {
            write_event(event);
        }
    }

    /// Writes the result and gives the exit code.
    pub fn finish(&self, result: Result<Answer, Failure>) -> Exit {
        let exit = result.as_ref().map_or_else(|failure| failure.exit, |_| Exit::Success);
        let written = match (self.format, result) {
            (Format::Text, Ok(answer)) => self.text(&answer),
            (Format::Text, Err(failure)) => {
                let written = write_out(&failure.text);
                for warning in &failure.warnings {
                    say(&format!("warning: {warning}"));
                }
                say(&format!("error: {}", failure.message));
                for line in failure.place.lines() {
                    say(line);
                }
                written
            }
            (_, Ok(answer)) => self.document(json::success(self.command, answer.data, &answer.warnings)),
            (_, Err(failure)) => self.document(json::failure(self.command, &failure)),
        };
        match written {
            // The reader (`| head`) has seen enough.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => exit,
            Err(error) => {
                say(&format!("error: cannot write the answer: {error}"));
                Exit::Unexpected
            }
            Ok(()) => exit,
        }
    }

    fn text(&self, answer: &Answer) -> std::io::Result<()> {
        write_out(&answer.text)?;
        for warning in &answer.warnings {
            say(&format!("warning: {warning}"));
        }
        if self.quiet || answer.hint.is_empty() { Ok(()) } else { write_out(&answer.hint) }
    }

    fn document(&self, mut document: Value) -> std::io::Result<()> {
        if self.format == Format::JsonLines
            && let Some(fields) = document.as_object_mut()
        {
            fields.insert("final".into(), json!(true));
        }
        write_out(&format!("{document}\n"))
    }
}

/// Writes an object on a line of its own.
pub fn write_event(event: &Value) {
    // Nobody may be listening any more; the command goes on.
    write_out(&format!("{event}\n")).ok();
}

/// Writes to standard output.
fn write_out(text: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// Writes a line to standard error.
pub fn say(line: &str) {
    // When standard error is gone there is nobody left to tell.
    writeln!(std::io::stderr().lock(), "{line}").ok();
}

/// Width of the terminal that standard output goes to.
#[must_use]
pub fn terminal_width() -> Option<usize> {
    if !std::io::stdout().is_terminal() {
        return None;
    }
    terminal_size::terminal_size().map(|(width, _)| usize::from(width.0))
}
