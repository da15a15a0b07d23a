//! The limit on deletions in one export to the tenant.

use egui::{RichText, TextEdit, Ui};
use syncline_engine::service::{DeletionLimit, DeletionMode, DeletionProtection, StagedDeletions};

use super::super::context::{Cx, question};
use super::super::format::{count, plural};
use super::super::theme::Palette;
use super::super::widgets::fields::{fault, note, row};
use super::super::widgets::requested::Requested;
use super::super::widgets::{action_ui, empty};

/// What was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Draft {
    on: bool,
    percent: bool,
    number: String,
}

impl Draft {
    fn of(protection: &DeletionProtection) -> Self {
        Self {
            on: protection.mode != DeletionMode::Off,
            percent: protection.mode == DeletionMode::Percent,
            number: protection.threshold.map_or_else(|| "500".to_owned(), |number| number.to_string()),
        }
    }

    /// The limit, or what is wrong with the text.
    fn limit(&self) -> Result<DeletionLimit, String> {
        let number = self.number.trim();
        match (self.on, self.percent) {
            (false, _) => Ok(DeletionLimit::Off),
            (true, false) => match number.parse::<u64>() {
                Ok(number) if number >= 1 => Ok(DeletionLimit::Count(number)),
                _ => Err("Enter a number of objects, 1 or more".to_owned()),
            },
            (true, true) => match number.parse::<u8>() {
                Ok(share) if (1..=100).contains(&share) => Ok(DeletionLimit::Percent(share)),
                _ => Err("Enter a share of 1 to 100 percent".to_owned()),
            },
        }
    }
}

/// The part of the window.
#[derive(Default)]
pub struct Threshold {
    protection: Requested<DeletionProtection>,
    saving: Requested<DeletionProtection>,
    /// What is in force, as far as it is known.
    known: Option<DeletionProtection>,
    draft: Option<Draft>,
}

impl Threshold {
    /// Asks for the limit.
    pub fn ask(&mut self, cx: &Cx<'_>) {
        self.protection.ask(cx.worker, question(cx.backend, |engine| engine.deletion_protection()));
    }

    /// Takes in answers. What was typed and not saved stays.
    pub fn poll(&mut self) {
        let untouched = self.draft == self.known.as_ref().map(Draft::of);
        let saved = if self.saving.poll() { self.saving.take() } else { None };
        let arrived = if self.protection.poll() { self.protection.take() } else { None };
        if untouched || saved.is_some() {
            self.draft = saved.as_ref().or(arrived.as_ref()).map(Draft::of).or(self.draft.take());
        }
        self.known = saved.or(arrived).or(self.known.take());
    }

    /// What is in force, as far as it is known.
    #[must_use]
    pub fn known(&self) -> Option<&DeletionProtection> {
        self.known.as_ref()
    }

    /// Takes over what is in force now.
    pub fn know(&mut self, protection: DeletionProtection) {
        self.known = Some(protection);
    }

    /// Draws it; the tenant's connector when its deletions shall be approved.
    pub fn show(&mut self, ui: &mut Ui, cx: &Cx<'_>) -> Option<String> {
        if let Some(error) = self.protection.error() {
            empty::failure(ui, error);
        }
        let (Some(protection), Some(draft)) = (&self.known, &mut self.draft) else {
            if self.protection.is_pending() {
                ui.weak("Loading...");
            }
            return None;
        };
        let mut approve = None;
        let saving = self.saving.is_pending();
        let mut save = false;
        let limit = draft.limit();
        row(ui, "Deletions per export", |ui| {
            ui.checkbox(&mut draft.on, "Enable deletion threshold");
            ui.horizontal(|ui| {
                let field = TextEdit::singleline(&mut draft.number).desired_width(90.0).id_salt("threshold");
                ui.add_enabled(draft.on, field).accessible_name("Deletion threshold");
                ui.add_enabled_ui(draft.on, |ui| {
                    ui.radio_value(&mut draft.percent, false, "objects");
                    ui.radio_value(&mut draft.percent, true, "percent of the connected objects");
                });
            });
            if let Err(problem) = &limit {
                fault(ui, problem);
            }
            if let Some(error) = self.saving.error() {
                empty::failure(ui, error);
            }
            ui.horizontal(|ui| {
                let changed = *draft != Draft::of(protection);
                save = action_ui::primary(ui, changed && limit.is_ok() && !saving, "Save Threshold")
                    .on_disabled_hover_text("Nothing was changed that can be saved")
                    .clicked();
                if saving {
                    ui.weak("Saving...");
                }
            });
            approve = staged(ui, cx, protection.staged.as_ref());
        });
        if let Ok(limit) = limit
            && save
        {
            self.saving.ask(cx.worker, question(cx.backend, move |engine| engine.set_deletion_limit(limit)));
        }
        approve
    }
}

/// What the next export to the tenant would make of the limit that is in force; the connector when its deletions shall
/// be approved.
fn staged(ui: &mut Ui, cx: &Cx<'_>, staged: Option<&StagedDeletions>) -> Option<String> {
    let Some(staged) = staged else {
        note(ui, "There is no tenant yet; the threshold holds as soon as there is one.");
        return None;
    };
    let waiting = plural(staged.deletions, "deletion");
    let limit = staged.limit.map_or("no limit".to_owned(), |limit| format!("limit {}", count(limit)));
    let text = format!("{waiting} staged for {}, {limit}.", staged.connector);
    if staged.refused {
        let text = format!("{text} The next export would send nothing.");
        ui.add(egui::Label::new(RichText::new(text).color(Palette::of(ui.style()).bad)).wrap());
    } else {
        note(ui, &text);
    }
    if let Some(approval) = &staged.approval {
        let others = if approval.covers_all { "" } else { " Others are staged too, so it would send nothing." };
        let until = cx.format.time(approval.expires);
        let objects = plural(approval.objects, "deletion");
        note(ui, &format!("{objects} approved once by {}, until {until}.{others}", approval.user));
    }
    let reason = "The next export may delete what waits; there is nothing to approve";
    let button = ui.add_enabled(staged.refused, egui::Button::new("Approve Deletions..."));
    let about = "List what waits for deletion and let one export delete exactly that.";
    button.on_hover_text(about).on_disabled_hover_text(reason).clicked().then(|| staged.connector.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_read_from_what_was_typed() {
        let check = |on: bool, percent: bool, number: &str, expected: Option<DeletionLimit>| {
            let draft = Draft { on, percent, number: number.to_owned() };
            assert_eq!(draft.limit().ok(), expected, "{draft:?}");
        };
        check(false, false, "nonsense", Some(DeletionLimit::Off));
        check(true, false, " 500 ", Some(DeletionLimit::Count(500)));
        check(true, false, "0", None);
        check(true, false, "-1", None);
        check(true, false, "", None);
        check(true, true, "10", Some(DeletionLimit::Percent(10)));
        check(true, true, "100", Some(DeletionLimit::Percent(100)));
        check(true, true, "101", None);
        check(true, true, "300", None);
    }
}
