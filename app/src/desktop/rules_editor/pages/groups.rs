//! Groups of clauses, as scoping filter and join rules have them: a card for each group, a line for each clause.

use egui::{Margin, RichText, Ui};
use syncline_engine::rules::{RuleFault, RulePlace};

use super::super::super::theme;
use super::super::super::widgets::ends::ends;
use super::super::draft::Keyed;
use super::super::faults;

/// The keys of a list, so that it can change while it is drawn.
pub fn keys<T>(list: &[Keyed<T>]) -> Vec<u64> {
    list.iter().map(|item| item.key).collect()
}

/// Draws a card for each group, with a word between them.
pub fn cards(ui: &mut Ui, keys: &[u64], between: &str, mut group: impl FnMut(&mut Ui, usize)) {
    for (number, key) in keys.iter().enumerate() {
        if number > 0 {
            ui.label(RichText::new(between).small().weak());
        }
        ui.push_id(key, |ui| {
            theme::card(ui.style()).inner_margin(Margin::symmetric(12, 9)).show(ui, |ui| {
                ui.set_min_width(ui.available_width());
                group(ui, number);
            });
        });
    }
}

/// The head of a group, with buttons from the right edge inwards.
pub fn head(ui: &mut Ui, number: usize, buttons: impl FnOnce(&mut Ui)) {
    let left = |ui: &mut Ui| drop(ui.label(RichText::new(format!("Group {}: all of these", number + 1)).weak()));
    ends(ui, 420.0, left, buttons);
}

/// What was done to the clauses of a group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Edited {
    /// The clause that shall go.
    pub removed: Option<usize>,
    /// Another clause is wanted.
    pub added: bool,
}

/// Draws the clauses of a group and what is wrong with the group as a whole; `clause` tells whether its own shall go.
pub fn clauses(
    ui: &mut Ui,
    keys: &[u64],
    wrong: &[RuleFault],
    whole: &RulePlace,
    mut clause: impl FnMut(&mut Ui, usize) -> bool,
) -> Edited {
    let mut edited = Edited::default();
    for (place, key) in keys.iter().enumerate() {
        if ui.push_id(key, |ui| clause(ui, place)).inner {
            edited.removed = Some(place);
        }
    }
    faults::below(ui, wrong, |place| place == whole);
    edited.added = ui.button("Add Clause").clicked();
    edited
}
