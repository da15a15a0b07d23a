//! Messages that stay until they are dismissed: what went wrong, what has finished.

use egui::Ui;

use super::super::widgets::badge::{Tone, strip};

/// A message.
struct Notice {
    tone: Tone,
    text: String,
}

/// The messages shown.
#[derive(Default)]
pub struct Notices(Vec<Notice>);

const MOST: usize = 3;

impl Notices {
    /// Adds a message; the oldest goes when there are too many.
    pub fn add(&mut self, tone: Tone, text: String) {
        self.0.retain(|notice| notice.text != text);
        self.0.push(Notice { tone, text });
        if self.0.len() > MOST {
            self.0.remove(0);
        }
    }

    /// Draws the messages.
    pub fn show(&mut self, ui: &mut Ui) {
        let mut dismissed = None;
        for (index, notice) in self.0.iter().enumerate() {
            ui.push_id(("notice", index), |ui| {
                if strip(ui, notice.tone, &notice.text, |ui| ui.small_button("Dismiss").clicked()) {
                    dismissed = Some(index);
                }
            });
        }
        if let Some(index) = dismissed {
            self.0.remove(index);
        }
    }

    /// True when there is nothing to show.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
