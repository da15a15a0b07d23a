//! The Scheduler window: cycles, deletion threshold, what a connector needs. What the engine does not offer yet is
//! shown and says why it cannot be changed.

mod approval;
mod overrides;
mod staging;
mod threshold;

use egui::{Checkbox, Context, Id, RadioButton, ScrollArea, TextEdit, Ui, vec2};
use syncline_engine::service::EngineStatus;

use super::action::Action;
use super::context::Cx;
use super::objects::{escaped, tabs, window};
use super::widgets::fields::{note, row};
use super::widgets::{action_ui, button_bar, facts};
use approval::Approval;
use overrides::OverridesPart;
use staging::Staging;
use threshold::Threshold;

const TITLE: &str = "Scheduler";
const PAGES: [&str; 2] = ["Cycles", "Protection and Maintenance"];
/// Why nothing about the timer can be chosen.
const NO_TIMER: &str = "Cycles run when you start them; running them by themselves is not part of this version yet.";
/// Why nothing about maintenance can be chosen.
const NO_MAINTENANCE: &str = "Runs stay until you clear them; removing old ones by itself is not part of this version yet.";

/// The open window.
pub struct SchedulerWindow {
    page: usize,
    threshold: Threshold,
    approval: Option<Approval>,
    staging: Staging,
    overrides: OverridesPart,
}

impl SchedulerWindow {
    /// Opens and asks for the deletion threshold.
    #[must_use]
    pub fn new(cx: &Cx<'_>) -> Self {
        let mut threshold = Threshold::default();
        threshold.ask(cx);
        Self { page: 0, threshold, approval: None, staging: Staging::default(), overrides: OverridesPart::default() }
    }

    /// Takes in answers.
    pub fn poll(&mut self) {
        self.threshold.poll();
        self.staging.poll();
        self.overrides.poll();
    }

    /// Asks again; what was typed and not saved stays.
    pub fn reload(&mut self, cx: &Cx<'_>) {
        self.threshold.ask(cx);
    }

    /// Draws the window; false once it is closed.
    pub fn show(&mut self, ctx: &Context, cx: &mut Cx<'_>, status: Option<&EngineStatus>) -> bool {
        let mut open = true;
        let mut close = false;
        let id = Id::unique(TITLE);
        let room = ctx.content_rect();
        let size = vec2(680.0, 640.0).min(room.size() - vec2(40.0, 70.0));
        let frame = window(ctx, TITLE).id(id).open(&mut open).default_size(size).min_size([460.0, 260.0]).constrain_to(room);
        frame.default_pos(room.center() - size / 2.0).show(ctx, |ui| {
            close = button_bar::close(ui, |_| ());
            if let Some(page) = tabs::bar(ui, &PAGES, self.page) {
                self.page = page;
            }
            ui.add_space(6.0);
            ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
                ui.set_width(ui.available_width() - 8.0);
                self.contents(ui, cx, status);
            });
        });
        self.staging.question(ctx, cx, self.threshold.known());
        if let Some(approval) = &mut self.approval {
            let mut approved = None;
            if !approval.show(ctx, cx, &mut approved) {
                self.approval = None;
            }
            if let Some(protection) = approved {
                self.threshold.know(protection);
            }
            // Escape is for the window in front.
            return open && !close;
        }
        open && !close && !escaped(ctx, id)
    }

    fn contents(&mut self, ui: &mut Ui, cx: &mut Cx<'_>, status: Option<&EngineStatus>) {
        if self.page == 0 {
            cycle(ui, cx);
            ui.add_space(10.0);
            facts::section(ui, "Connectors");
            self.overrides.show(ui, cx);
            note(ui, "The next cycle takes full steps where they are required, and clears the mark once the step has succeeded.");
            return;
        }
        facts::section(ui, "Deletion Threshold");
        if let Some(connector) = self.threshold.show(ui, cx) {
            self.approval = Some(Approval::new(cx, &connector));
        }
        ui.add_space(10.0);
        facts::section(ui, "Staging");
        self.staging.show(ui, status);
        ui.add_space(10.0);
        maintenance(ui, cx);
    }
}

/// When cycles run, and starting one now.
fn cycle(ui: &mut Ui, cx: &mut Cx<'_>) {
    facts::section(ui, "Synchronization Cycle");
    row(ui, "Scheduler", |ui| {
        ui.add_enabled(false, Checkbox::new(&mut false, "Enabled")).on_disabled_hover_text(NO_TIMER);
    });
    row(ui, "Interval", |ui| {
        let mut interval = "00:30:00";
        let field = TextEdit::singleline(&mut interval).desired_width(110.0);
        ui.add_enabled(false, field).on_disabled_hover_text(NO_TIMER).accessible_name("Interval");
    });
    row(ui, "Next run", |ui| {
        ui.horizontal(|ui| ui.label("None planned"));
    });
    row(ui, "Policy of next cycle", |ui| {
        ui.horizontal(|ui| {
            for (policy, chosen) in [("Delta", true), ("Initial", false)] {
                ui.add_enabled(false, RadioButton::new(chosen, policy)).on_disabled_hover_text(NO_TIMER);
            }
        });
        note(ui, NO_TIMER);
    });
    ui.add_space(4.0);
    ui.horizontal_wrapped(|ui| {
        for (action, text) in [
            (Action::StartDeltaCycle, "Start Delta Cycle"),
            (Action::StartInitialCycle, "Start Full Cycle"),
            (Action::StopCycle, "Stop Cycle"),
        ] {
            if action_ui::named_button(ui, action, text, cx.situation) {
                cx.send(action.command());
            }
        }
    });
}

fn maintenance(ui: &mut Ui, cx: &mut Cx<'_>) {
    facts::section(ui, "Maintenance");
    row(ui, "Maintenance", |ui| {
        ui.add_enabled(false, Checkbox::new(&mut false, "Maintenance enabled")).on_disabled_hover_text(NO_MAINTENANCE);
    });
    row(ui, "Keep run history for", |ui| {
        ui.horizontal(|ui| {
            let mut days = "7";
            let field = TextEdit::singleline(&mut days).desired_width(50.0);
            let field = ui.add_enabled(false, field).on_disabled_hover_text(NO_MAINTENANCE);
            field.accessible_name("Keep run history for (days)");
            ui.label("days");
            if action_ui::button(ui, Action::ClearRuns, cx.situation) {
                cx.send(Action::ClearRuns.command());
            }
        });
        note(ui, NO_MAINTENANCE);
    });
}
