//! The limit on deletions that a tenant has of its own, asked for when a person wants to know it.

use egui::{Label, Ui};
use syncline_engine::service::{DeletionGuard, TenantFacts};

use super::super::super::super::context::{Cx, question};
use super::super::super::super::format::count;
use super::super::super::super::widgets::fields::{note, row};
use super::super::super::super::widgets::requested::{Fetched, Requested};
use super::super::super::super::widgets::{badge, empty};

/// State of the part.
#[derive(Default)]
pub struct TenantLimit {
    facts: Requested<TenantFacts>,
}

impl TenantLimit {
    /// Takes in the answer.
    pub fn poll(&mut self) {
        self.facts.poll();
    }

    /// Draws the part.
    pub fn show(&mut self, ui: &mut Ui, cx: &Cx<'_>, connector: &str) {
        row(ui, "Limit of the tenant", |ui| {
            note(ui, "A tenant may have a limit of its own. The lower one counts, unless the threshold is switched off here.");
            match self.facts.state() {
                Fetched::NotAsked => {}
                Fetched::Ready(facts) | Fetched::Pending(Some(facts)) => {
                    ui.add(Label::new(limit(facts.deletion_guard)).wrap());
                    for unknown in &facts.unknown {
                        badge::strip(ui, badge::Tone::Warn, unknown, |_| ());
                    }
                }
                Fetched::Pending(None) => {
                    ui.weak("Asking the tenant...");
                }
                Fetched::Failed(error, _) => empty::failure(ui, error),
            }
            let asked = self.facts.value().is_some() || self.facts.error().is_some();
            let button =
                ui.add_enabled(!self.facts.is_pending(), egui::Button::new(if asked { "Ask Again" } else { "Ask the Tenant" }));
            if button.on_hover_text("Sign in to the tenant and read its limit; nothing is changed").clicked() {
                let name = connector.to_owned();
                self.facts.ask(cx.worker, question(cx.backend, move |engine| engine.tenant_facts(Some(&name))));
            }
        });
    }
}

/// The limit as a sentence.
fn limit(guard: Option<DeletionGuard>) -> String {
    match guard {
        None => "The tenant has no limit of its own, or does not tell it.".to_owned(),
        Some(DeletionGuard::Count(1)) => "The tenant allows one deletion in one export.".to_owned(),
        Some(DeletionGuard::Count(number)) => format!("The tenant allows {} deletions in one export.", count(number)),
        Some(DeletionGuard::Percent(share)) => format!("The tenant allows deletions of {share} % of its objects in one export."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_reads_as_a_sentence() {
        let check = |guard, words: &str| assert!(limit(guard).contains(words), "{}", limit(guard));
        check(None, "no limit of its own");
        check(Some(DeletionGuard::Count(1)), "one deletion in");
        check(Some(DeletionGuard::Count(1_500)), "deletions in one export");
        check(Some(DeletionGuard::Percent(10)), "10 % of its objects");
    }
}
