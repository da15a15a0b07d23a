//! Questions that must be answered first: a standard rule, a rule that shall go.

use egui::{Align, Context, Id, Label, Layout, Modal, RichText, Ui};
use syncline_engine::rules::SyncRule;
use syncline_engine::service::RuleChangeView;
use syncline_engine::setup::RuleChanges;

use super::super::context::{Cx, question};
use super::super::format::plural;
use super::super::widgets::badge::{self, Tone};
use super::super::widgets::requested::Requested;
use super::super::widgets::{action_ui, empty, facts};
use super::work::Task;

/// The question that is open.
pub enum Question {
    /// A standard rule shall be edited.
    Reserved(SyncRule),
    /// A standard rule shall be deleted.
    DeleteStandard(SyncRule),
    /// A rule shall be deleted; what that would mean.
    Delete(Box<(SyncRule, Requested<RuleChangeView>)>),
}

/// What the person answered.
pub enum Answer {
    /// Nothing happens.
    Cancel,
    /// This is done.
    Do(Box<Task>),
    /// The rule itself is opened.
    Open(Box<SyncRule>),
    /// What it would do if this rule were not there.
    WhatIf(Box<SyncRule>),
}

impl Question {
    /// Asks whether a rule shall go.
    #[must_use]
    pub fn delete(cx: &Cx<'_>, rule: SyncRule) -> Self {
        let mut impact = Requested::default();
        let id = rule.id;
        impact.ask(
            cx.worker,
            question(cx.backend, move |engine| engine.judge_rules(&RuleChanges { remove: vec![id], ..RuleChanges::default() })),
        );
        Self::Delete(Box::new((rule, impact)))
    }

    /// Takes in answers.
    pub fn poll(&mut self) {
        if let Self::Delete(delete) = self {
            delete.1.poll();
        }
    }

    fn title(&self) -> &'static str {
        match self {
            Self::Reserved(_) => "Edit Reserved Rule Confirmation",
            Self::DeleteStandard(_) => "Delete Standard Rule",
            Self::Delete(_) => "Delete Synchronization Rule",
        }
    }

    /// Draws the question; gives the answer.
    pub fn show(&mut self, ctx: &Context, _cx: &Cx<'_>) -> Option<Answer> {
        let title = self.title();
        let modal = Modal::new(Id::unique(title)).frame(frame(ctx)).show(ctx, |ui| {
            ui.set_width(480.0);
            ui.response().widget_info(|| egui::WidgetInfo::labeled(egui::Role::Dialog, true, title));
            facts::section(ui, title);
            ui.add_space(6.0);
            match self {
                Self::Reserved(rule) => reserved(ui, rule),
                Self::DeleteStandard(rule) => standard(ui, rule),
                Self::Delete(delete) => going(ui, &delete.0, &delete.1),
            }
        });
        let closed = modal.should_close().then_some(Answer::Cancel);
        modal.inner.or(closed)
    }
}

/// The frame around a question.
pub fn frame(ctx: &Context) -> egui::Frame {
    egui::Frame::popup(&ctx.global_style()).inner_margin(egui::Margin::same(18))
}

fn wrapped(ui: &mut Ui, text: impl Into<RichText>) {
    ui.add(Label::new(text.into()).wrap());
}

fn reserved(ui: &mut Ui, rule: &SyncRule) -> Option<Answer> {
    wrapped(ui, format!("\"{}\" is a standard rule. Make a copy that you can edit, and switch the original off?", rule.name));
    ui.add_space(4.0);
    wrapped(ui, RichText::new("No opens the original: of a standard rule only Disabled can be changed, because the next setup or upgrade writes the rest anew.").weak());
    ui.add_space(10.0);
    let mut answer = None;
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        if ui.button("Cancel").clicked() {
            answer = Some(Answer::Cancel);
        }
        if ui.button("No").clicked() {
            answer = Some(Answer::Open(Box::new(rule.clone())));
        }
        let yes = action_ui::primary(ui, true, "Yes");
        yes.request_focus();
        if yes.clicked() {
            answer = Some(Answer::Do(Box::new(Task::Clone { rule: rule.clone(), disable_original: true })));
        }
    });
    answer
}

fn standard(ui: &mut Ui, rule: &SyncRule) -> Option<Answer> {
    wrapped(
        ui,
        format!("\"{}\" is a standard rule. If it were deleted, the next setup or upgrade would bring it back.", rule.name),
    );
    wrapped(ui, if rule.enabled { "Disable it instead?" } else { "It is disabled already, so it does nothing." });
    ui.add_space(10.0);
    let mut answer = None;
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        let cancel = ui.button(if rule.enabled { "Cancel" } else { "Close" });
        cancel.request_focus();
        if cancel.clicked() {
            answer = Some(Answer::Cancel);
        }
        if rule.enabled && action_ui::primary(ui, true, "Disable Rule").clicked() {
            answer = Some(Answer::Do(Box::new(Task::Enable { rule: rule.clone(), enabled: false })));
        }
    });
    answer
}

fn going(ui: &mut Ui, rule: &SyncRule, impact: &Requested<RuleChangeView>) -> Option<Answer> {
    wrapped(ui, format!("Delete \"{}\" (precedence {})?", rule.name, rule.precedence));
    ui.add_space(4.0);
    let links = if rule.is_linking() { "the links that it holds and " } else { "" };
    wrapped(
        ui,
        format!(
            "With the next full synchronization go {links}the values of {}, unless another rule gives them.",
            plural(rule.flows.len() as u64, "attribute flow")
        ),
    );
    if !rule.enabled {
        wrapped(ui, "The rule is switched off, so nothing changes by its going.");
    }
    ui.add_space(4.0);
    if let Some(view) = empty::value(ui, impact) {
        for name in &view.full_synchronization {
            badge::strip(ui, Tone::Warn, &format!("Full Synchronization required on {name}"), |_| ());
        }
        for warning in &view.warnings {
            badge::strip(ui, Tone::Warn, &warning.to_string(), |_| ());
        }
    }
    ui.add_space(10.0);
    let mut answer = None;
    let possible = impact.value().is_some();
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        let cancel = ui.button("Cancel");
        if ui.memory(|memory| memory.focused().is_none()) {
            cancel.request_focus();
        }
        if cancel.clicked() {
            answer = Some(Answer::Cancel);
        }
        if action_ui::primary(ui, possible, "Delete Rule").clicked() {
            answer = Some(Answer::Do(Box::new(Task::Delete(rule.clone()))));
        }
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            let hint = "Synchronizes a copy of the database without the rule and tells what changes.";
            if ui.button("What would it do?").on_hover_text(hint).clicked() {
                answer = Some(Answer::WhatIf(Box::new(rule.clone())));
            }
        });
    });
    answer
}
