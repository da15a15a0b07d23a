//! Export of a rule to a file from which it can be made again.

use egui::{Context, Id, Ui};
use syncline_engine::rules::SyncRule;
use syncline_engine::service::RuleSet;

use crate::text_file::{plain_name, write_text};

use super::super::context::{Cx, question};
use super::super::objects::{centered, escaped, window};
use super::super::widgets::action_ui;
use super::super::widgets::badge::{self, Tone};
use super::super::widgets::path_field::PathField;
use super::super::widgets::requested::Requested;

const TITLE: &str = "Export Synchronization Rule";

/// The open window.
pub struct ExportRule {
    guid: String,
    name: String,
    text: String,
    script: bool,
    field: PathField,
    replace: bool,
    answer: Requested<String>,
}

impl ExportRule {
    /// Opens for a rule.
    #[must_use]
    pub fn new(set: &RuleSet, rule: &SyncRule) -> Self {
        let folder = dirs::document_dir().or_else(dirs::home_dir).unwrap_or_else(std::env::temp_dir);
        Self {
            guid: rule.guid.to_string(),
            name: rule.name.clone(),
            script: false,
            text: set.as_text(std::slice::from_ref(rule)),
            field: PathField::save(&folder.join(format!("{}.toml", plain_name(&rule.name)))),
            replace: false,
            answer: Requested::default(),
        }
    }

    /// Draws the window; false once it is closed.
    pub fn show(&mut self, ctx: &Context, cx: &Cx<'_>) -> bool {
        self.answer.poll();
        let (mut open, mut close) = (true, false);
        let id = Id::unique(TITLE);
        let shown = centered(ctx, window(ctx, TITLE).id(id).open(&mut open), [600.0, 200.0]);
        shown.show(ctx, |ui| close = self.contents(ui, cx));
        open && !close && !escaped(ctx, id)
    }

    fn contents(&mut self, ui: &mut Ui, cx: &Cx<'_>) -> bool {
        ui.add(egui::Label::new(format!("\"{}\" as it is saved, to be made again elsewhere.", self.name)).wrap());
        ui.add_space(4.0);
        let before = self.script;
        ui.radio_value(&mut self.script, false, "Text, for \"syncline rule import\" and the What-If window");
        ui.radio_value(&mut self.script, true, "PowerShell script, for Azure AD Connect and \"syncline config import-server\"");
        if before != self.script {
            self.field.set_extension(if self.script { "ps1" } else { "toml" });
            self.answer.clear();
        }
        let mut accepted = self.field.show(ui, cx.worker, "File", "Export the rule");
        ui.checkbox(&mut self.replace, "Replace the file if it exists");
        for error in [self.field.error(), self.answer.error()].into_iter().flatten() {
            badge::strip(ui, Tone::Bad, error, |_| ());
        }
        if let Some(path) = self.answer.value().filter(|_| self.answer.error().is_none()) {
            badge::strip(ui, Tone::Info, &format!("Written to {path}."), |_| ());
        }
        ui.add_space(6.0);
        let mut close = false;
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            close = ui.button("Close").clicked();
            let possible = self.field.path().is_some() && !self.answer.is_pending();
            accepted |= action_ui::primary(ui, possible, "Export").on_disabled_hover_text("Name a file first").clicked();
        });
        if let Some(path) = self.field.path().filter(|_| accepted && !self.answer.is_pending()) {
            let (text, replace) = (self.text.clone(), self.replace);
            let script = self.script.then(|| self.guid.clone());
            let backend = std::sync::Arc::clone(cx.backend);
            self.answer.clear();
            self.answer.ask(cx.worker, move || {
                let text = match script {
                    Some(guid) => question(&backend, move |engine| engine.rule_script(&[guid]))()?,
                    None => text,
                };
                write_text(&path, &text, replace)
            });
        }
        close
    }
}
