//! What stands where there is nothing yet: a sentence that says what to do, a spinner, or why it failed.

use egui::{RichText, Ui};

use super::super::theme::Palette;
use super::badge::{Tone, strip};
use super::requested::{Fetched, Requested};

/// A title and what to do next, in the middle of the space there is.
pub fn hint(ui: &mut Ui, title: &str, next: &str) {
    let palette = Palette::of(ui.style());
    let space = (ui.available_height() - 60.0).max(16.0) / 2.0;
    ui.vertical_centered(|ui| {
        ui.add_space(space);
        ui.label(RichText::new(title).size(16.0).color(palette.text));
        ui.add_space(2.0);
        ui.label(RichText::new(next).weak());
    });
}

/// Shows why something could not be fetched.
pub fn failure(ui: &mut Ui, error: &str) {
    strip(ui, Tone::Bad, error, |_| ());
}

/// Shows the state of a fetched value around it: error strip, waiting text; gives the value when there is one.
pub fn value<'a, T>(ui: &mut Ui, requested: &'a Requested<T>) -> Option<&'a T> {
    match requested.state() {
        Fetched::NotAsked => None,
        Fetched::Ready(value) | Fetched::Pending(Some(value)) => Some(value),
        Fetched::Pending(None) => {
            ui.weak("Loading...");
            None
        }
        Fetched::Failed(error, previous) => {
            failure(ui, error);
            previous
        }
    }
}
