//! The windows of `Save to File...` and `Save Run History As...`.

use egui::{Context, Id, Ui};
use syncline_engine::service::RunSummary;

use crate::text_file::{documents, plain_name};

use super::super::context::Cx;
use super::super::format::plural;
use super::super::objects::{centered, escaped, window};
use super::super::widgets::action_ui;
use super::super::widgets::badge::{self, Tone};
use super::super::widgets::path_field::PathField;
use super::super::widgets::requested::Requested;
use super::run_file::{self, RunFormat};

/// The open window.
pub struct SaveRuns {
    /// The run to write; all of them when there is none.
    run: Option<RunSummary>,
    format: RunFormat,
    field: PathField,
    replace: bool,
    answer: Requested<u64>,
}

impl SaveRuns {
    /// Opens for one run, or for all.
    #[must_use]
    pub fn new(run: Option<RunSummary>) -> Self {
        let name = match &run {
            Some(run) => format!("{}_{}_run{}.xml", plain_name(&run.connector), plain_name(&run.profile), run.id),
            None => "run-history.xml".to_owned(),
        };
        let field = PathField::save(&documents().join(name));
        Self { run, format: RunFormat::Xml, field, replace: false, answer: Requested::default() }
    }

    fn title(&self) -> &'static str {
        if self.run.is_some() { "Save to File" } else { "Save Run History As" }
    }

    /// Draws the window; false once it is closed.
    pub fn show(&mut self, ctx: &Context, cx: &mut Cx<'_>) -> bool {
        self.answer.poll();
        let (mut open, mut close) = (true, false);
        let id = Id::unique("save runs");
        let shown = centered(ctx, window(ctx, self.title()).id(id).open(&mut open), [600.0, 200.0]);
        shown.show(ctx, |ui| close = self.contents(ui, cx));
        open && !close && !escaped(ctx, id)
    }

    fn contents(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) -> bool {
        let text = match &self.run {
            Some(run) => format!("Run {} of {}: {}, {}.", run.id, run.connector, run.profile, run.status),
            None => "All runs of the history, with steps, counters and errors.".to_owned(),
        };
        ui.add(egui::Label::new(text).wrap());
        ui.add_space(4.0);
        let before = self.format;
        ui.horizontal(|ui| {
            ui.label("Format");
            for (format, name) in RunFormat::ALL {
                ui.radio_value(&mut self.format, format, name);
            }
        });
        if before != self.format {
            self.field.set_extension(self.format.extension());
            self.answer.clear();
        }
        self.field.show(ui, cx.worker, "File", "Save runs");
        ui.checkbox(&mut self.replace, "Replace the file if it exists");
        for error in [self.field.error(), self.answer.error()].into_iter().flatten() {
            badge::strip(ui, Tone::Bad, error, |_| ());
        }
        if let Some(runs) = self.answer.value().filter(|_| self.answer.error().is_none()) {
            badge::strip(ui, Tone::Info, &format!("{} written.", plural(*runs, "run")), |_| ());
        }
        ui.add_space(6.0);
        let mut close = false;
        let mut accepted = false;
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            close = ui.button("Close").clicked();
            let possible = self.field.path().is_some() && !self.answer.is_pending();
            accepted = action_ui::primary(ui, possible, "Save").on_disabled_hover_text("Name a file first").clicked();
            if self.answer.is_pending() {
                ui.spinner();
            }
        });
        if let Some(path) = self.field.path().filter(|_| accepted) {
            let (run, format, replace) = (self.run.as_ref().map(|run| run.id), self.format, self.replace);
            let backend = std::sync::Arc::clone(cx.backend);
            self.answer.clear();
            self.answer.ask(cx.worker, move || {
                let runs = match run {
                    Some(run) => vec![run],
                    None => run_file::run_numbers(&*backend, |_| true)?,
                };
                run_file::write(&*backend, &runs, format, &path, replace)?;
                Ok(runs.len() as u64)
            });
        }
        close
    }
}
