//! Delete Connector: what would go is shown first, and a whole connector only goes when its name was typed (`ui.md` 4.7).

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use egui::{Align, Context, Grid, Id, Label, Layout, Modal, RichText, ScrollArea, TextEdit, Ui};
use syncline_engine::connector::CancelToken;
use syncline_engine::model::{ConnectorId, RunId};
use syncline_engine::service::{ConnectorDeletionImpact, ConnectorSummary, ExportTotals, WhatIfProgress};

use super::super::action::Tab;
use super::super::command::Command;
use super::super::context::{Cx, question};
use super::super::format::{count, plural};
use super::super::theme::Palette;
use super::super::widgets::badge::{self, Tone};
use super::super::widgets::fields::{self, frame};
use super::super::widgets::requested::Requested;
use super::super::widgets::{action_ui, facts};

/// Rules that are named.
const MOST_RULES: usize = 8;

/// The open question.
pub struct DeleteConnector {
    id: ConnectorId,
    name: String,
    whole: bool,
    typed: String,
    impact: Requested<ConnectorDeletionImpact>,
    progress: Arc<Mutex<Option<WhatIfProgress>>>,
    cancel: CancelToken,
    /// The person does not want to wait for the impact.
    skipped: bool,
    starting: Requested<RunId>,
    focus_safe: bool,
}

impl DeleteConnector {
    /// Opens on a connector and asks what would become of its objects.
    #[must_use]
    pub fn new(cx: &Cx<'_>, connector: &ConnectorSummary) -> Self {
        let mut delete = Self {
            id: connector.id,
            name: connector.name.clone(),
            whole: false,
            typed: String::new(),
            impact: Requested::default(),
            progress: Arc::default(),
            cancel: CancelToken::default(),
            skipped: false,
            starting: Requested::default(),
            focus_safe: true,
        };
        let (name, cancel, progress) = (connector.name.clone(), delete.cancel.clone(), Arc::clone(&delete.progress));
        let tell = Arc::new(move |told| *progress.lock().unwrap_or_else(PoisonError::into_inner) = Some(told));
        // The objects go in both cases alike; the rules that would go as well are told in any case.
        let ask = question(cx.backend, move |engine| engine.connector_deletion_impact(&name, true, &cancel, tell));
        delete.impact.ask(cx.worker, ask);
        delete
    }

    /// Draws the question; false once it is closed.
    pub fn show(&mut self, ctx: &Context, cx: &mut Cx<'_>) -> bool {
        self.impact.poll();
        if self.starting.poll()
            && let Some(run) = self.starting.take()
        {
            cx.send(Command::ShowTab(Tab::Operations));
            cx.send(Command::ShowRun(run));
            return false;
        }
        if self.impact.is_pending() {
            ctx.request_repaint_after(std::time::Duration::from_millis(250));
        }
        let mut close = false;
        let title = "Delete Connector";
        let modal = Modal::new(Id::unique(title)).frame(frame(ctx)).show(ctx, |ui| {
            ui.set_width((ctx.content_rect().width() - 80.0).min(620.0));
            ui.response().widget_info(|| egui::WidgetInfo::labeled(egui::Role::Dialog, true, title));
            facts::section(ui, &format!("{title} - {}", self.name));
            ui.add_space(6.0);
            let height = ctx.content_rect().height() - 190.0;
            ScrollArea::vertical().id_salt("delete connector").max_height(height).auto_shrink([false, true]).show(ui, |ui| {
                self.contents(ui, cx);
            });
            ui.add_space(10.0);
            close = self.buttons(ui, cx);
        });
        let closed = !self.starting.is_pending() && (close || modal.should_close());
        if closed {
            self.cancel.cancel();
        }
        !closed
    }

    fn contents(&mut self, ui: &mut Ui, cx: &Cx<'_>) {
        ui.radio_value(&mut self.whole, false, "Delete connector space only");
        indented(
            ui,
            "All objects of the connector space go. Configuration, rules and run profiles stay; a full import and a full synchronization bring the objects back.",
        );
        ui.radio_value(&mut self.whole, true, "Delete Connector and connector space");
        indented(ui, "The connector goes as well, with its partitions, run profiles and all its synchronization rules.");
        ui.add_space(4.0);
        fields::note(
            ui,
            "Both synchronize every linked object once more and can take long. The directory itself is not changed. The run is shown on the Operations tab and can be stopped; what is done by then stays done.",
        );
        ui.add_space(8.0);
        facts::section(ui, "Impact");
        ui.add_space(2.0);
        if let Some(error) = self.impact.error().filter(|_| !self.skipped) {
            badge::strip(ui, Tone::Bad, error, |_| ());
        }
        match self.impact.value() {
            Some(impact) => told(ui, impact, self.whole),
            None if self.impact.is_pending() => self.computing(ui),
            None => fields::note(ui, "It was not computed what would become of the objects."),
        }
        if let Some(connector) = cx.connector(self.id)
            && connector.pending_export > 0
        {
            let text = format!("{} waiting in this connector space are lost.", plural(connector.pending_export, "export"));
            badge::strip(ui, Tone::Warn, &text, |_| ());
        }
        if self.whole {
            ui.add_space(8.0);
            ui.add(Label::new(format!("Type {} to confirm that the connector goes.", self.name)).wrap());
            let field = TextEdit::singleline(&mut self.typed).desired_width(f32::INFINITY).id_salt("typed name");
            ui.add(field).accessible_name("Name of the connector");
        }
        if let Some(error) = self.starting.error() {
            badge::strip(ui, Tone::Bad, error, |_| ());
        }
    }

    fn computing(&mut self, ui: &mut Ui) {
        let progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let (share, text) = match &progress {
            None => (None, "Waiting for its turn".to_owned()),
            Some(WhatIfProgress::Copying { done, total }) => {
                let share = if *total == 0 { None } else { Some(*done as f32 / *total as f32) };
                (share, "Copying the database".to_owned())
            }
            Some(WhatIfProgress::Synchronizing { progress, .. }) => {
                let share = progress.total.filter(|total| *total > 0).map(|total| progress.done as f32 / total as f32);
                (share, format!("Trying it on a copy of the database: {} objects", count(progress.done)))
            }
            Some(WhatIfProgress::Comparing { .. }) => (None, "Counting what would change".to_owned()),
        };
        ui.horizontal(|ui| {
            let width = ui.available_width() - 90.0;
            badge::progress_bar(ui, width, share, &text);
            let hint = "Do not wait for the impact.";
            if ui.button("Skip").on_hover_text(hint).clicked() {
                self.skipped = true;
                self.cancel.cancel();
                self.impact.clear();
            }
        });
    }

    /// Why it cannot be done yet.
    fn problem(&self) -> Option<&'static str> {
        if self.starting.is_pending() {
            return Some("It is being started");
        }
        if self.whole && self.typed.trim() != self.name {
            return Some("Type the name of the connector first");
        }
        (self.impact.is_pending()).then_some("Wait for the impact, or skip it")
    }

    fn buttons(&mut self, ui: &mut Ui, cx: &Cx<'_>) -> bool {
        let problem = self.problem();
        let (mut close, mut accepted) = (false, false);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let cancel = ui.button("Cancel");
            if std::mem::take(&mut self.focus_safe) {
                cancel.request_focus();
            }
            close = cancel.clicked();
            let ok = action_ui::primary(ui, problem.is_none(), "OK");
            accepted = ok.on_disabled_hover_text(problem.unwrap_or_default()).clicked();
            if self.starting.is_pending() {
                ui.spinner();
            }
        });
        if accepted {
            let (name, space_only) = (self.name.clone(), !self.whole);
            self.starting.clear();
            self.starting.ask(cx.worker, question(cx.backend, move |engine| engine.delete_connector(&name, space_only)));
        }
        close
    }
}

fn indented(ui: &mut Ui, text: &str) {
    ui.horizontal_top(|ui| {
        ui.add_space(22.0);
        fields::note(ui, text);
    });
}

fn totals(numbers: &ExportTotals) -> String {
    let parts = [(numbers.adds, "add"), (numbers.updates, "update"), (numbers.deletes, "delete")];
    let named: Vec<String> = parts.iter().filter(|(number, _)| *number > 0).map(|(number, one)| plural(*number, one)).collect();
    if named.is_empty() { "nothing".to_owned() } else { named.join(", ") }
}

/// What would become of the objects.
fn told(ui: &mut Ui, impact: &ConnectorDeletionImpact, whole: bool) {
    let palette = Palette::of(ui.style());
    Grid::new("impact").num_columns(2).spacing([18.0, 4.0]).show(ui, |ui| {
        let mut line = |caption: &str, value: String, strong: bool| {
            ui.label(RichText::new(caption).color(palette.text_weak));
            let colour = if strong { palette.bad } else { palette.text };
            ui.add(Label::new(RichText::new(value).color(colour)).wrap());
            ui.end_row();
        };
        line("Objects", count(impact.objects), false);
        line("Joined metaverse objects", count(impact.joined), false);
        line("Metaverse objects deleted", count(impact.metaverse_deleted), impact.metaverse_deleted > 0);
        for export in impact.exports.iter().filter(|export| export.before != export.after) {
            line(
                &format!("Pending in {}", export.connector),
                format!("{}; now {}", totals(&export.after), totals(&export.before)),
                false,
            );
        }
        if impact.errors > 0 {
            line("Objects that stay because of errors", count(impact.errors), true);
        }
        if whole {
            let own = impact.rules.iter().filter(|rule| rule.custom).count() as u64;
            let text = match own {
                0 => count(impact.rules.len() as u64),
                own => format!("{}, {} of them made here", count(impact.rules.len() as u64), count(own)),
            };
            line("Synchronization rules deleted", text, own > 0);
        }
    });
    if whole && !impact.rules.is_empty() {
        let rule = |rule: &syncline_engine::service::DeletedRule| format!("{} {}", rule.precedence, rule.name);
        let mut names: Vec<String> = impact.rules.iter().take(MOST_RULES).map(rule).collect();
        if impact.rules.len() > MOST_RULES {
            names.push(format!("and {} more", impact.rules.len() - MOST_RULES));
        }
        ui.add(Label::new(RichText::new(names.join("; ")).small().weak()).wrap());
    }
    if let Some(deletions) = &impact.deletions
        && deletions.refused
    {
        let limit = deletions.limit.map(|limit| format!(" of {}", count(limit))).unwrap_or_default();
        let text = format!(
            "{} deletes would wait in {}, above the threshold{limit}: its next export sends nothing until they are approved.",
            count(deletions.staged),
            deletions.connector
        );
        badge::strip(ui, Tone::Bad, &text, |_| ());
    }
}
