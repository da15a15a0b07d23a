//! What the last change came to, above the list.

use egui::Ui;
use syncline_engine::service::RuleChangeView;

use super::super::command::Command;
use super::super::context::Cx;
use super::super::widgets::badge::{self, Tone};

/// Warnings that are named.
const MOST_WARNINGS: usize = 4;

/// What was done, and what it asks for.
pub struct Banner {
    tone: Tone,
    told: String,
    warnings: Vec<String>,
    full_import: Vec<String>,
    full_synchronization: Vec<String>,
    /// Version of the configuration that the change made, when it can be undone.
    undo: Option<u64>,
}

/// What the person wants of the banner.
pub enum Wish {
    /// It goes.
    Dismiss,
    /// The change that made this version of the configuration is undone.
    Undo(u64),
}

impl Banner {
    /// A change that was made.
    #[must_use]
    pub fn new(told: String, change: &RuleChangeView) -> Self {
        let warning = |fault: &syncline_engine::rules::RuleFault| {
            let part = if fault.part.is_empty() { String::new() } else { format!("{}: ", fault.part) };
            format!("{part}{}", fault.message)
        };
        let mut warnings: Vec<String> = change.warnings.iter().take(MOST_WARNINGS).map(warning).collect();
        if change.warnings.len() > MOST_WARNINGS {
            warnings.push(format!("and {} more", change.warnings.len() - MOST_WARNINGS));
        }
        Self {
            tone: Tone::Info,
            told,
            warnings,
            full_import: change.full_import.clone(),
            full_synchronization: change.full_synchronization.clone(),
            undo: (change.stored && !change.steps.is_empty()).then_some(change.version),
        }
    }

    /// Something that failed.
    #[must_use]
    pub fn failure(error: &str) -> Self {
        Self {
            tone: Tone::Bad,
            told: error.to_owned(),
            warnings: Vec::new(),
            full_import: Vec::new(),
            full_synchronization: Vec::new(),
            undo: None,
        }
    }

    /// Draws it.
    pub fn show(&self, ui: &mut Ui, cx: &mut Cx<'_>) -> Option<Wish> {
        let wish = badge::strip(ui, self.tone, &self.told, |ui| {
            let dismissed = ui.button("Dismiss").clicked().then_some(Wish::Dismiss);
            let undo =
                self.undo.filter(|_| ui.button("Undo").on_hover_text("Make the rules what they were before this.").clicked());
            undo.map(Wish::Undo).or(dismissed)
        });
        for warning in &self.warnings {
            badge::strip(ui, Tone::Warn, warning, |_| ());
        }
        for (names, what) in [(&self.full_import, "Full Import"), (&self.full_synchronization, "Full Synchronization")] {
            for name in names.iter().filter(|name| what == "Full Import" || !self.full_import.contains(name)) {
                let run = badge::strip(ui, Tone::Warn, &format!("{what} required on {name}"), |ui| {
                    ui.button("Run...").on_hover_text(format!("Start {what} of {name}.")).clicked()
                });
                if run {
                    let profile = profile(cx, name, what);
                    cx.send(Command::ShowRunDialog { connector: Some(name.clone()), profile });
                }
            }
        }
        ui.add_space(4.0);
        wish
    }
}

/// The run profile whose first step does this.
fn profile(cx: &Cx<'_>, connector: &str, what: &str) -> Option<String> {
    let connector = cx.connectors().iter().find(|known| known.name == connector)?;
    let does = |step: &syncline_engine::service::RunProfileStepView| step.step_type.starts_with(what);
    connector.profiles.iter().find(|profile| profile.steps.first().is_some_and(does)).map(|profile| profile.name.clone())
}
