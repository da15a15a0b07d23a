//! A field for a file or folder, with a button that opens the operating system's dialog.

use std::path::PathBuf;

use egui::{Key, TextEdit, Ui};

use super::super::worker::{Pending, Worker};

/// What is chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Kind {
    #[default]
    Folder,
    File,
}

/// State of the field.
#[derive(Default)]
pub struct PathField {
    kind: Kind,
    text: String,
    picking: Option<Pending<Option<PathBuf>>>,
    error: Option<String>,
}

impl PathField {
    /// A field for a file that is there.
    #[must_use]
    pub fn file() -> Self {
        Self { kind: Kind::File, ..Self::default() }
    }

    /// The path, when one is named.
    #[must_use]
    pub fn path(&self) -> Option<PathBuf> {
        let text = self.text.trim();
        if text.is_empty() { None } else { Some(PathBuf::from(text)) }
    }

    /// Why the dialog could not be shown.
    #[must_use]
    pub fn error(&self) -> Option<&str> {
        self.error.as_deref()
    }

    /// Draws the field; true when the path was chosen: with Enter or in the dialog.
    pub fn show(&mut self, ui: &mut Ui, worker: &Worker, name: &str, title: &'static str) -> bool {
        let mut chosen = false;
        if let Some(answer) = self.picking.as_ref().and_then(Pending::take) {
            self.picking = None;
            match answer {
                Ok(Some(path)) => {
                    self.text = path.display().to_string();
                    self.error = None;
                    chosen = true;
                }
                Ok(None) => {}
                Err(error) => self.error = Some(error),
            }
        }
        ui.horizontal(|ui| {
            ui.label(name);
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                if ui.add_enabled(self.picking.is_none(), egui::Button::new("Browse...")).clicked() {
                    let (start, kind) = (self.path(), self.kind);
                    self.picking = Some(worker.ask(move || {
                        let dialog = rfd::FileDialog::new().set_title(title);
                        let folder = match kind {
                            Kind::Folder => start,
                            Kind::File => start.and_then(|path| path.parent().map(PathBuf::from)),
                        };
                        let dialog = match folder {
                            Some(folder) => dialog.set_directory(folder),
                            None => dialog,
                        };
                        Ok(match kind {
                            Kind::Folder => dialog.pick_folder(),
                            Kind::File => dialog.pick_file(),
                        })
                    }));
                }
                let hint = match self.kind {
                    Kind::Folder => "Path of the folder",
                    Kind::File => "Path of the file",
                };
                let field = TextEdit::singleline(&mut self.text).hint_text(hint).desired_width(f32::INFINITY);
                let field = ui.add(field.id_salt(title)).accessible_name(name);
                chosen |= field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
            });
        });
        chosen && self.path().is_some()
    }
}
