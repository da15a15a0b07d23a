//! Import Server Configuration: choose a folder, choose where its connectors go, look at what would happen, take it over.

use egui::{Context, Id, ScrollArea, Ui};
use syncline_engine::service::{ImportOptions, ImportReport};

use super::super::context::{Cx, question};
use super::super::objects::{centered, escaped, window};
use super::super::widgets::action_ui;
use super::super::widgets::badge::{self, Tone};
use super::super::widgets::requested::Requested;
use super::report;
use super::server_folder::ServerFolder;

const TITLE: &str = "Import Server Configuration";

/// The open window.
#[derive(Default)]
pub struct ImportWindow {
    server: ServerFolder,
    rehearsal: Requested<ImportReport>,
    rehearsed: Option<ImportOptions>,
    agreed: bool,
    import: Requested<ImportReport>,
}

impl ImportWindow {
    /// Draws the window; false once it is closed.
    pub fn show(&mut self, ctx: &Context, cx: &mut Cx<'_>) -> bool {
        let mut open = true;
        let mut close = false;
        self.rehearsal.poll();
        self.import.poll();
        if self.server.poll(cx.connectors()) {
            self.rehearsed = None;
        }
        let id = Id::unique(TITLE);
        let shown = centered(ctx, window(ctx, TITLE).id(id).open(&mut open), [720.0, 600.0]);
        shown.show(ctx, |ui| close = self.contents(ui, cx));
        // What is being stored is stored to its end.
        self.import.is_pending() || (open && !close && !escaped(ctx, id))
    }

    fn contents(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) -> bool {
        if let Some(done) = self.import.value() {
            badge::strip(ui, Tone::Info, "The configuration was taken over.", |_| ());
            scrolled(ui, |ui| report::show(ui, done));
            return buttons(ui, |_| false);
        }
        ui.add(
            egui::Label::new(
                "A folder that Get-ADSyncServerConfiguration wrote: Connectors, GlobalSettings and SynchronizationRules.",
            )
            .wrap(),
        );
        if self.server.field(ui, cx) {
            self.agreed = false;
            self.rehearsal.clear();
        }
        for error in self.server.errors().chain([self.rehearsal.error(), self.import.error()].into_iter().flatten()) {
            badge::strip(ui, Tone::Bad, error, |_| ());
        }
        self.server.connectors(ui, cx);
        self.rehearse(cx);
        let report = self.rehearsal.value().filter(|_| self.rehearsal.error().is_none());
        if let Some(report) = report {
            scrolled(ui, |ui| report::show(ui, report));
        }
        let replaced = report.map_or(0, |report| report.replaced.len());
        if replaced > 0 {
            ui.checkbox(&mut self.agreed, format!("Replace {replaced} synchronization rules that are here"));
        }
        let ready = report.is_some() && !self.rehearsal.is_pending() && !self.import.is_pending();
        let possible = ready && (replaced == 0 || self.agreed);
        let reason = if ready { "Agree to replacing rules first" } else { "Choose a folder that can be read first" };
        let mut accepted = false;
        let close = buttons(ui, |ui| {
            accepted = action_ui::primary(ui, possible, "Import").on_disabled_hover_text(reason).clicked();
            false
        });
        if accepted && let (Some(folder), Some(options)) = (self.server.folder().cloned(), self.rehearsed.clone()) {
            let options = ImportOptions { dry_run: false, replace_rules: self.agreed, ..options };
            self.import.ask(cx.worker, question(cx.backend, move |engine| engine.import_server_configuration(&folder, &options)));
        }
        close && !self.import.is_pending()
    }

    /// Asks what would happen, whenever something else was chosen.
    fn rehearse(&mut self, cx: &Cx<'_>) {
        let (Some(folder), Some(mappings)) = (self.server.folder().cloned(), self.server.mappings()) else { return };
        let options = ImportOptions { mappings, dry_run: true, replace_rules: false };
        if self.rehearsed.as_ref() == Some(&options) {
            return;
        }
        self.rehearsed = Some(options.clone());
        self.agreed = false;
        self.rehearsal.ask(cx.worker, question(cx.backend, move |engine| engine.import_server_configuration(&folder, &options)));
    }
}

fn scrolled(ui: &mut Ui, contents: impl FnOnce(&mut Ui)) {
    ui.separator();
    let height = (ui.available_height() - 76.0).max(120.0);
    ScrollArea::vertical().id_salt("report").max_height(height).auto_shrink([false, true]).show(ui, contents);
    ui.separator();
}

/// The buttons at the end; true when the window shall close.
fn buttons(ui: &mut Ui, more: impl FnOnce(&mut Ui) -> bool) -> bool {
    let mut close = false;
    ui.horizontal(|ui| {
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            close = ui.button("Close").clicked();
            close |= more(ui);
        });
    });
    close
}
