//! The form that asks where something is written to: format, file, whether it replaces one, and what came of it.

use std::path::{Path, PathBuf};

use egui::{Align, Layout, Ui};

use super::super::worker::Worker;
use super::action_ui;
use super::badge::{self, Tone};
use super::path_field::PathField;
use super::requested::Requested;

/// A format: its name and how the names of its files end.
pub type FileKind = (&'static str, &'static str);

/// State of the form.
pub struct FileForm {
    kinds: &'static [FileKind],
    kind: usize,
    field: PathField,
    replace: bool,
    answer: Requested<String>,
}

/// What was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// Number of the format.
    pub kind: usize,
    /// The file.
    pub path: PathBuf,
    /// A file that is there may go.
    pub replace: bool,
}

/// What was pressed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// The window shall close.
    pub close: bool,
    /// It shall be written.
    pub accepted: Option<Accepted>,
}

impl FileForm {
    /// Asks for a file that will be written, with a proposal; without formats there is nothing to choose.
    #[must_use]
    pub fn save(proposal: &Path, kinds: &'static [FileKind]) -> Self {
        Self { kinds, kind: 0, field: PathField::save(proposal), replace: false, answer: Requested::default() }
    }

    /// Writes in the background; gives the sentence that tells what was written.
    pub fn write(&mut self, worker: &Worker, work: impl FnOnce() -> Result<String, String> + Send + 'static) {
        self.answer.clear();
        self.answer.ask(worker, work);
    }

    /// True while it is being written.
    #[must_use]
    pub fn is_writing(&self) -> bool {
        self.answer.is_pending()
    }

    /// Draws the form; `waiting` says what has to happen before it can be written.
    pub fn show(&mut self, ui: &mut Ui, worker: &Worker, verb: &str, title: &'static str, waiting: Option<&str>) -> Outcome {
        self.answer.poll();
        let before = self.kind;
        if self.kinds.len() > 1 {
            ui.horizontal(|ui| {
                ui.label("Format");
                for (index, (name, _)) in self.kinds.iter().enumerate() {
                    ui.radio_value(&mut self.kind, index, *name);
                }
            });
        }
        if let Some((_, extension)) = self.kinds.get(self.kind).filter(|_| before != self.kind) {
            self.field.set_extension(extension);
            self.answer.clear();
        }
        self.field.show(ui, worker, "File", title);
        ui.checkbox(&mut self.replace, "Replace the file if it exists");
        for error in [self.field.error(), self.answer.error()].into_iter().flatten() {
            badge::strip(ui, Tone::Bad, error, |_| ());
        }
        if let Some(said) = self.answer.value().filter(|_| self.answer.error().is_none()) {
            badge::strip(ui, Tone::Info, said, |_| ());
        }
        ui.add_space(6.0);
        let mut outcome = Outcome::default();
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            outcome.close = ui.button("Close").clicked();
            let path = self.field.path();
            let reason = if path.is_none() { "Name a file first" } else { waiting.unwrap_or("It is being written") };
            let possible = path.is_some() && waiting.is_none() && !self.is_writing();
            let pressed = action_ui::primary(ui, possible, verb).on_disabled_hover_text(reason).clicked();
            if self.is_writing() {
                ui.spinner();
            }
            if let Some(path) = path.filter(|_| pressed) {
                outcome.accepted = Some(Accepted { kind: self.kind, path, replace: self.replace });
            }
        });
        outcome
    }
}
