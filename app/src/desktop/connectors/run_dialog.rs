//! The Run Connector window: which connector, which profile, what it will do.

use egui::{ComboBox, Context, Id, RichText, ScrollArea, Ui};
use syncline_engine::service::{ConnectorState, ConnectorStatistics, ConnectorSummary, RunProfileView};

use super::super::action::Action;
use super::super::command::{Command, WhatIfStart};
use super::super::context::{Cx, question};
use super::super::format::count;
use super::super::objects::{centered, escaped, window};
use super::super::theme::Palette;
use super::super::widgets::badge::{self, Tone};
use super::super::widgets::requested::Requested;
use super::super::widgets::{action_ui, facts};

/// The open window.
pub struct RunDialog {
    connector: String,
    profile: Option<String>,
    pending: Requested<ConnectorStatistics>,
    asked_for: Option<String>,
    focus_ok: bool,
    /// The person wants to export although the server is in staging mode.
    anyway: bool,
}

impl RunDialog {
    /// Opens on a connector and a profile, as far as they are known.
    #[must_use]
    pub fn new(cx: &Cx<'_>, connector: Option<String>, profile: Option<String>) -> Self {
        let connectors = cx.connectors();
        let connector = connector
            .filter(|name| connectors.iter().any(|candidate| candidate.name == *name))
            .or_else(|| connectors.first().map(|first| first.name.clone()))
            .unwrap_or_default();
        let mut dialog =
            Self { connector, profile: None, pending: Requested::default(), asked_for: None, focus_ok: true, anyway: false };
        let chosen = dialog.chosen(connectors);
        let last = chosen.and_then(|connector| connector.last_run.as_ref()).map(|run| run.profile.clone());
        let known =
            |name: &String| chosen.is_some_and(|connector| connector.profiles.iter().any(|profile| profile.name == *name));
        let first = chosen.and_then(|connector| connector.profiles.first()).map(|profile| profile.name.clone());
        dialog.profile = profile.filter(|name| known(name)).or(last.filter(|name| known(name))).or(first);
        dialog
    }

    fn chosen<'a>(&self, connectors: &'a [ConnectorSummary]) -> Option<&'a ConnectorSummary> {
        connectors.iter().find(|candidate| candidate.name == self.connector)
    }

    /// Draws the window; false once it is closed.
    pub fn show(&mut self, ctx: &Context, cx: &mut Cx<'_>) -> bool {
        let mut open = true;
        let mut close = false;
        self.pending.poll();
        if self.asked_for.as_ref() != Some(&self.connector)
            && let Some(connector) = self.chosen(cx.connectors())
        {
            let id = connector.id;
            self.asked_for = Some(self.connector.clone());
            self.pending.clear();
            self.pending.ask(cx.worker, question(cx.backend, move |engine| engine.connector_statistics(id)));
        }
        let id = Id::unique("run connector");
        let shown = window(ctx, "Run Connector").id(id).open(&mut open);
        centered(ctx, shown, [580.0, 400.0]).show(ctx, |ui| {
            close = self.contents(ui, cx);
        });
        open && !close && !escaped(ctx, id)
    }

    fn contents(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) -> bool {
        let names: Vec<String> = cx.connectors().iter().map(|connector| connector.name.clone()).collect();
        ui.horizontal(|ui| {
            let label = ui.label("Connector");
            let combo = ComboBox::from_id_salt("run connector").selected_text(&self.connector).width(360.0).show_ui(ui, |ui| {
                for name in &names {
                    ui.selectable_value(&mut self.connector, name.clone(), name);
                }
            });
            combo.response.labelled_by(label.id);
        });
        ui.add_space(6.0);
        let Some(connector) = self.chosen(cx.connectors()).cloned() else {
            ui.label("There is no connector.");
            return false;
        };
        if !connector.profiles.iter().any(|profile| Some(&profile.name) == self.profile.as_ref()) {
            self.profile = connector.profiles.first().map(|profile| profile.name.clone());
        }
        let mut accepted = false;
        ui.columns_const(|[left, right]| {
            accepted = self.profiles(left, &connector);
            if let Some(profile) = connector.profiles.iter().find(|profile| Some(&profile.name) == self.profile.as_ref()) {
                steps(right, profile);
            }
        });
        ui.add_space(4.0);
        self.warnings(ui, cx, &connector);
        ui.add_space(6.0);
        let idle = connector.state == ConnectorState::Idle;
        let held_back = cx.situation.staging && self.exports(&connector) && !self.anyway;
        let possible = idle && self.profile.is_some() && !held_back;
        let mut cancelled = false;
        let profile = connector.profiles.iter().find(|profile| Some(&profile.name) == self.profile.as_ref());
        let synchronizes = profile.and_then(synchronization);
        let mut whatif = false;
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            cancelled = ui.button("Cancel").clicked();
            let ok = action_ui::primary(ui, possible, "OK");
            let reason = match (idle, held_back) {
                (false, _) => "Connector is already running",
                (true, true) => "Tick that you want to export anyway first",
                (true, false) => "The connector has no run profile",
            };
            if possible && std::mem::take(&mut self.focus_ok) {
                ok.request_focus();
            }
            accepted |= ok.on_disabled_hover_text(reason).clicked();
            ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
                let button = ui
                    .add_enabled(synchronizes.is_some(), egui::Button::new(Action::WhatIf.text()))
                    .on_hover_text(Action::WhatIf.tooltip())
                    .on_disabled_hover_text("Choose a profile that synchronizes first");
                whatif = button.clicked();
            });
        });
        if whatif {
            cx.send(Command::OpenWhatIf(WhatIfStart { connector: Some(connector.name), full: synchronizes, rules: None }));
            return true;
        }
        if accepted
            && possible
            && let Some(profile) = self.profile.clone()
        {
            cx.send(Command::StartRun { connector: connector.name, profile });
            return true;
        }
        cancelled
    }

    fn profiles(&mut self, ui: &mut Ui, connector: &ConnectorSummary) -> bool {
        let mut accepted = false;
        facts::section(ui, "Run profiles");
        ScrollArea::vertical().id_salt("profiles").max_height(220.0).show(ui, |ui| {
            for profile in &connector.profiles {
                let selected = Some(&profile.name) == self.profile.as_ref();
                let button = egui::Button::selectable(selected, &profile.name)
                    .min_size(egui::vec2(ui.available_width(), 28.0))
                    .right_text("");
                let response = ui.add(button).accessible_name(&profile.name);
                if response.clicked() {
                    self.profile = Some(profile.name.clone());
                    self.focus_ok = true;
                }
                accepted |= response.double_clicked();
            }
        });
        accepted
    }

    /// True when the chosen profile exports.
    fn exports(&self, connector: &ConnectorSummary) -> bool {
        let chosen = connector.profiles.iter().find(|profile| Some(&profile.name) == self.profile.as_ref());
        chosen.is_some_and(|profile| profile.steps.iter().any(|step| step.step_type.contains("Export")))
    }

    fn warnings(&mut self, ui: &mut Ui, cx: &Cx<'_>, connector: &ConnectorSummary) {
        if connector.state != ConnectorState::Idle {
            badge::strip(ui, Tone::Warn, "Connector is already running", |_| ());
        }
        if !self.exports(connector) {
            return;
        }
        if cx.situation.staging {
            badge::strip(ui, Tone::Warn, "This server is in staging mode. Export anyway?", |ui| {
                ui.checkbox(&mut self.anyway, "Export anyway")
            });
        }
        let Some(numbers) = self.pending.value() else {
            ui.weak("Counting pending exports...");
            return;
        };
        ui.horizontal(|ui| {
            ui.label(RichText::new("Pending export").weak());
            for (label, number) in
                [("Add", numbers.export_add), ("Modify", numbers.export_update), ("Delete", numbers.export_delete)]
            {
                badge::chip(ui, &format!("{label}: {}", count(number)), if number > 0 { Tone::Info } else { Tone::Plain });
            }
        });
        let threshold = cx.deletion_threshold.filter(|_| !connector.kind.is_forest());
        if let Some(threshold) = threshold.filter(|threshold| numbers.export_delete > *threshold) {
            let text = format!("{} deletes exceed the threshold of {threshold}", numbers.export_delete);
            badge::strip(ui, Tone::Bad, &text, |_| ());
        }
    }
}

/// Whether a profile synchronizes, and then whether everything.
fn synchronization(profile: &RunProfileView) -> Option<bool> {
    let step = profile.steps.iter().find(|step| step.step_type.contains("Synchronization"))?;
    Some(step.step_type.contains("Full Synchronization"))
}

fn steps(ui: &mut Ui, profile: &RunProfileView) {
    let palette = Palette::of(ui.style());
    facts::section(ui, "Steps");
    ScrollArea::vertical().id_salt("steps").max_height(220.0).show(ui, |ui| {
        for (index, step) in profile.steps.iter().enumerate() {
            ui.label(RichText::new(format!("{}  {}", index + 1, step.step_type)).color(palette.text));
            ui.label(RichText::new(&step.partition).weak());
            let sizes = format!("batch {}, page {}, timeout {} s", step.batch_size, step.page_size, step.timeout_secs);
            ui.label(RichText::new(sizes).small().weak());
            ui.add_space(4.0);
        }
    });
}
