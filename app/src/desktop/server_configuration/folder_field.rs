//! A field for a folder, with a button that opens the operating system's dialog.

use std::path::PathBuf;

use egui::{Key, TextEdit, Ui};

use super::super::worker::{Pending, Worker};

/// State of the field.
#[derive(Default)]
pub struct FolderField {
    text: String,
    picking: Option<Pending<Option<PathBuf>>>,
    error: Option<String>,
}

impl FolderField {
    /// The folder, when one is named.
    #[must_use]
    pub fn folder(&self) -> Option<PathBuf> {
        let text = self.text.trim();
        if text.is_empty() { None } else { Some(PathBuf::from(text)) }
    }

    /// Why the dialog could not be shown.
    #[must_use]
    pub fn error(&self) -> Option<&str> {
        self.error.as_deref()
    }

    /// Draws the field; true when the folder was chosen: with Enter or in the dialog.
    pub fn show(&mut self, ui: &mut Ui, worker: &Worker, name: &str, title: &'static str) -> bool {
        let mut chosen = false;
        if let Some(answer) = self.picking.as_ref().and_then(Pending::take) {
            self.picking = None;
            match answer {
                Ok(Some(folder)) => {
                    self.text = folder.display().to_string();
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
                    let start = self.folder();
                    self.picking = Some(worker.ask(move || {
                        let dialog = rfd::FileDialog::new().set_title(title);
                        let dialog = match start {
                            Some(start) => dialog.set_directory(start),
                            None => dialog,
                        };
                        Ok(dialog.pick_folder())
                    }));
                }
                let field = TextEdit::singleline(&mut self.text).hint_text("Path of the folder").desired_width(f32::INFINITY);
                let field = ui.add(field.id_salt(title)).accessible_name(name);
                chosen |= field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
            });
        });
        chosen && self.folder().is_some()
    }
}
