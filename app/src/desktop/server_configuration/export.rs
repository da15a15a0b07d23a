//! Export Server Configuration: choose an empty folder, write, see what was written.

use egui::{Context, Id, Ui};
use syncline_engine::service::ExportReport;

use super::super::context::{Cx, question};
use super::super::objects::{centered, escaped, window};
use super::super::widgets::action_ui;
use super::super::widgets::badge::{self, Tone};
use super::super::widgets::path_field::PathField;
use super::super::widgets::requested::Requested;
use super::report;

const TITLE: &str = "Export Server Configuration";

/// The open window.
#[derive(Default)]
pub struct ExportWindow {
    field: PathField,
    export: Requested<ExportReport>,
}

impl ExportWindow {
    /// Draws the window; false once it is closed.
    pub fn show(&mut self, ctx: &Context, cx: &mut Cx<'_>) -> bool {
        let mut open = true;
        let mut close = false;
        self.export.poll();
        let id = Id::unique(TITLE);
        let shown = centered(ctx, window(ctx, TITLE).id(id).open(&mut open), [620.0, 220.0]);
        shown.show(ctx, |ui| close = self.contents(ui, cx));
        open && !close && !escaped(ctx, id)
    }

    fn contents(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) -> bool {
        ui.add(
            egui::Label::new("Writes connectors, rules, metaverse and settings as a real server does. No password is written.")
                .wrap(),
        );
        let mut accepted = self.field.show(ui, cx.worker, "Empty folder", "Export the configuration");
        for error in [self.field.error(), self.export.error()].into_iter().flatten() {
            badge::strip(ui, Tone::Bad, error, |_| ());
        }
        if let Some(done) = self.export.value().filter(|_| self.export.error().is_none()) {
            let text =
                format!("{} files written to {}: {} connectors, {} rules.", done.files, done.folder, done.connectors, done.rules);
            badge::strip(ui, Tone::Info, &text, |_| ());
            report::remarks(ui, "Worth knowing", &done.remarks);
        }
        ui.add_space(6.0);
        let mut close = false;
        ui.horizontal(|ui| {
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                close = ui.button("Close").clicked();
                let possible = self.field.path().is_some() && !self.export.is_pending();
                accepted |= action_ui::primary(ui, possible, "Export").on_disabled_hover_text("Name a folder first").clicked();
            });
        });
        if accepted
            && !self.export.is_pending()
            && let Some(folder) = self.field.path()
        {
            self.export.clear();
            self.export.ask(cx.worker, question(cx.backend, move |engine| engine.export_server_configuration(&folder)));
        }
        close
    }
}
