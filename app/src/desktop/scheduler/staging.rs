//! Staging mode: begun and ended after a look at what that means.

use egui::{Align, Context, Id, Label, Layout, Modal, Ui};
use syncline_engine::service::{DeletionProtection, EngineStatus};

use super::super::context::{Cx, question};
use super::super::format::plural;
use super::super::widgets::badge::{self, Tone};
use super::super::widgets::fields::{frame, note, row};
use super::super::widgets::requested::Requested;
use super::super::widgets::{action_ui, facts};

/// What must be true before exports begin.
const ONLY_ONE: &str = "No other server exports to this tenant";

/// The part of the window, and its question.
#[derive(Default)]
pub struct Staging {
    /// The mode that is asked for.
    wanted: Option<bool>,
    only_one: bool,
    changing: Requested<()>,
}

impl Staging {
    /// Takes in the answer.
    pub fn poll(&mut self) {
        if self.changing.poll() && self.changing.error().is_none() {
            self.wanted = None;
        }
    }

    /// Draws the present mode with its button.
    pub fn show(&mut self, ui: &mut Ui, status: Option<&EngineStatus>) {
        row(ui, "Staging mode", |ui| {
            let Some(status) = status else {
                ui.weak("Loading...");
                return;
            };
            let (state, button) = if status.staging_mode {
                ("On: cycles import and synchronize, and export nothing", "End Staging Mode...")
            } else {
                ("Off: cycles export", "Begin Staging Mode...")
            };
            ui.horizontal(|ui| ui.label(state));
            if ui.button(button).clicked() {
                self.wanted = Some(!status.staging_mode);
                self.only_one = false;
                self.changing.clear();
            }
        });
    }

    /// Draws the question, if it is asked.
    pub fn question(&mut self, ctx: &Context, cx: &Cx<'_>, protection: Option<&DeletionProtection>) {
        let Some(on) = self.wanted else { return };
        let title = if on { "Begin Staging Mode" } else { "End Staging Mode" };
        let mut close = false;
        let modal = Modal::new(Id::unique("staging mode")).frame(frame(ctx)).show(ctx, |ui| {
            ui.set_width((ctx.content_rect().width() - 80.0).min(540.0));
            ui.response().widget_info(|| egui::WidgetInfo::labeled(egui::Role::Dialog, true, title));
            facts::section(ui, title);
            ui.add_space(4.0);
            impact(ui, cx, on, protection);
            if !on {
                ui.add_space(6.0);
                note(
                    ui,
                    "Two active servers for one tenant undo each other's changes. Put the other server into staging mode, or cut it off, before this one leaves it.",
                );
                ui.checkbox(&mut self.only_one, ONLY_ONE);
            }
            if let Some(error) = self.changing.error() {
                badge::strip(ui, Tone::Bad, error, |_| ());
            }
            ui.add_space(10.0);
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let cancel = ui.button("Cancel");
                if ui.memory(|memory| memory.focused().is_none()) {
                    cancel.request_focus();
                }
                close = cancel.clicked();
                let possible = (on || self.only_one) && !self.changing.is_pending();
                let reason = "Tick that no other server exports to this tenant first";
                if action_ui::primary(ui, possible, title).on_disabled_hover_text(reason).clicked() {
                    self.changing.ask(cx.worker, question(cx.backend, move |engine| engine.set_staging_mode(on)));
                }
            });
        });
        if (close || modal.should_close()) && !self.changing.is_pending() {
            self.wanted = None;
        }
    }
}

/// What the next cycle does with what waits.
fn impact(ui: &mut Ui, cx: &Cx<'_>, on: bool, protection: Option<&DeletionProtection>) {
    let line = |text: String| Label::new(text).wrap();
    let begins = if on {
        "The next cycles import and synchronize, and export nothing. A run of an export by hand asks first."
    } else {
        "The next cycle exports what waits:"
    };
    ui.add(Label::new(begins).wrap());
    ui.add_space(4.0);
    for connector in cx.connectors().iter().filter(|connector| connector.pending_export > 0) {
        let kept = if on { " stay in the connector space" } else { "" };
        ui.add(line(format!("{}: {}{kept}", connector.name, plural(connector.pending_export, "pending export"))));
    }
    if cx.connectors().iter().all(|connector| connector.pending_export == 0) {
        ui.add(line("No connector has pending exports now.".to_owned()));
    }
    if let Some(staged) =
        protection.and_then(|protection| protection.staged.as_ref()).filter(|staged| !on && staged.deletions > 0)
    {
        let refused = if staged.refused { "; above the threshold, so that export sends nothing" } else { "" };
        let text = format!("{} in {}{refused}.", plural(staged.deletions, "deletion"), staged.connector);
        badge::strip(ui, if staged.refused { Tone::Bad } else { Tone::Warn }, &text, |_| ());
    }
}
