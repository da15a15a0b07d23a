//! The Clear Runs window: which runs leave the history, saved before they go.

use egui::{Align, Context, Id, Key, Layout, Modal, TextEdit, Ui};
use jiff::{SignedDuration, Timestamp};

use super::super::context::Cx;
use super::super::format::{Format, plural};
use super::super::theme::Palette;
use super::super::widgets::action_ui;
use super::super::widgets::badge::{self, Tone};
use super::super::widgets::facts;
use super::super::widgets::path_field::PathField;
use super::super::widgets::requested::Requested;
use super::run_file::{self, RunFormat};

/// Age of the runs proposed.
const WEEK: SignedDuration = SignedDuration::from_hours(7 * 24);

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cleared {
    saved: u64,
    removed: u64,
}

/// The open window.
pub struct ClearRuns {
    all: bool,
    before: String,
    save: bool,
    field: PathField,
    answer: Requested<Cleared>,
    focus_safe: bool,
}

impl ClearRuns {
    /// Opens; runs older than a week are proposed.
    #[must_use]
    pub fn new(format: &Format) -> Self {
        let before = format.now.saturating_sub(WEEK).unwrap_or(Timestamp::MIN);
        let folder = dirs::document_dir().or_else(dirs::home_dir).unwrap_or_else(std::env::temp_dir);
        let name = format!("run-history-{}.xml", format.now.strftime("%Y%m%d-%H%M%S"));
        Self {
            all: false,
            before: format.time(before),
            save: true,
            field: PathField::save(&folder.join(name)),
            answer: Requested::default(),
            focus_safe: true,
        }
    }

    /// Takes in the answer; true when runs were removed.
    pub fn poll(&mut self) -> bool {
        self.answer.poll() && self.answer.error().is_none()
    }

    /// The moment before which runs go, none for all; or what is wrong.
    fn wanted(&self, format: &Format) -> Result<Option<Timestamp>, String> {
        if self.save && self.field.path().is_none() {
            return Err("Name the file that the runs are saved to".to_owned());
        }
        if self.all { Ok(None) } else { format.parse(&self.before).map(Some) }
    }

    /// Draws the window; false once it is closed.
    pub fn show(&mut self, ctx: &Context, cx: &mut Cx<'_>) -> bool {
        let mut close = false;
        let modal = Modal::new(Id::unique("clear runs")).show(ctx, |ui| {
            ui.set_width((ctx.content_rect().width() - 60.0).min(560.0));
            close = self.contents(ui, cx);
        });
        // What is being removed is removed to its end.
        self.answer.is_pending() || !(close || modal.should_close())
    }

    fn contents(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) -> bool {
        facts::section(ui, "Clear Runs");
        ui.add_space(4.0);
        if let Some(done) = self.answer.value().filter(|_| self.answer.error().is_none()) {
            let saved = if done.saved > 0 { format!(" {} saved before.", plural(done.saved, "run")) } else { String::new() };
            badge::strip(ui, Tone::Info, &format!("{} removed.{saved}", plural(done.removed, "run")), |_| ());
            ui.add_space(8.0);
            return ui.with_layout(Layout::right_to_left(Align::Center), |ui| ui.button("Close").clicked()).inner;
        }
        let busy = self.answer.is_pending();
        ui.add_enabled_ui(!busy, |ui| {
            ui.radio_value(&mut self.all, true, "Clear all runs");
            ui.horizontal(|ui| {
                ui.radio_value(&mut self.all, false, "Clear runs before");
                ui.add_enabled(
                    !self.all,
                    TextEdit::singleline(&mut self.before)
                        .hint_text("2026-01-05 09:00:00")
                        .desired_width(170.0)
                        .id_salt("before"),
                )
                .accessible_name("Clear runs before this moment");
            });
            ui.weak("Runs in progress stay, and the last run of every profile.");
            ui.add_space(6.0);
            ui.checkbox(&mut self.save, "Save runs before clearing them");
            if self.save {
                self.field.show(ui, cx.worker, "File", "Save runs before clearing them");
            }
        });
        for error in [self.field.error(), self.answer.error()].into_iter().flatten() {
            badge::strip(ui, Tone::Bad, error, |_| ());
        }
        if !self.save {
            ui.label(egui::RichText::new("Cleared runs cannot be brought back.").color(Palette::of(ui.style()).bad));
        }
        ui.add_space(8.0);
        let wanted = self.wanted(cx.format);
        let (mut accepted, mut cancelled) = (false, false);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let cancel = ui.add_enabled(!busy, egui::Button::new("Cancel"));
            if std::mem::take(&mut self.focus_safe) {
                cancel.request_focus();
            }
            cancelled = cancel.clicked() || (!busy && ui.input(|input| input.key_pressed(Key::Escape)));
            let ok = action_ui::primary(ui, wanted.is_ok() && !busy, "OK");
            let ok = match &wanted {
                Err(problem) => ok.on_disabled_hover_text(problem),
                Ok(_) => ok,
            };
            accepted = ok.clicked();
            if busy {
                ui.spinner();
                ui.weak("Clearing...");
            }
        });
        if let Ok(before) = wanted
            && accepted
        {
            self.start(cx, before);
        }
        cancelled
    }

    fn start(&mut self, cx: &Cx<'_>, before: Option<Timestamp>) {
        let file = self.field.path().filter(|_| self.save);
        let backend = std::sync::Arc::clone(cx.backend);
        self.answer.clear();
        self.answer.ask(cx.worker, move || {
            let mut saved = 0;
            if let Some(file) = file {
                let goes = |ended: Option<Timestamp>| ended.is_some_and(|at| before.is_none_or(|before| at <= before));
                let runs = run_file::run_numbers(&*backend, |run| goes(run.ended))?;
                run_file::write(&*backend, &runs, RunFormat::Xml, &file, false)?;
                saved = runs.len() as u64;
            }
            let removed = backend.clear_history(before).map_err(|error| super::super::backend::sentence(&error))?;
            Ok(Cleared { saved, removed })
        });
    }
}
