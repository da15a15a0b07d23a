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
    Save,
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

    /// A field for a file that will be written, with a proposal.
    #[must_use]
    pub fn save(proposal: &std::path::Path) -> Self {
        Self { kind: Kind::Save, text: proposal.display().to_string(), ..Self::default() }
    }

    /// Changes how the name of the file ends.
    pub fn set_extension(&mut self, extension: &str) {
        if let Some(path) = self.path() {
            self.text = path.with_extension(extension).display().to_string();
        }
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
                            Kind::Folder => start.clone(),
                            Kind::File | Kind::Save => start.as_ref().and_then(|path| path.parent().map(PathBuf::from)),
                        };
                        let dialog = match folder {
                            Some(folder) => dialog.set_directory(folder),
                            None => dialog,
                        };
                        Ok(match kind {
                            Kind::Folder => dialog.pick_folder(),
                            Kind::File => dialog.pick_file(),
                            Kind::Save => {
                                let name = start
                                    .as_ref()
                                    .and_then(|path| path.file_name())
                                    .map(|name| name.to_string_lossy().into_owned());
                                let dialog = match name {
                                    Some(name) => dialog.set_file_name(name),
                                    None => dialog,
                                };
                                dialog.save_file()
                            }
                        })
                    }));
                }
                let hint = match self.kind {
                    Kind::Folder => "Path of the folder",
                    Kind::File | Kind::Save => "Path of the file",
                };
                let field = TextEdit::singleline(&mut self.text).hint_text(hint).desired_width(f32::INFINITY);
                let field = ui.add(field.id_salt(title)).accessible_name(name);
                chosen |= field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
            });
        });
        chosen && self.path().is_some()
    }
}
