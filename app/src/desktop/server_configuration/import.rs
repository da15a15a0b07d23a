//! Import Server Configuration: choose a folder, choose where its connectors go, look at what would happen, take it over.

use std::path::PathBuf;

use egui::{ComboBox, Context, Grid, Id, RichText, ScrollArea, Ui};
use syncline_engine::service::{
    ConnectorSummary, ExportedConnector, ExportedKind, ImportOptions, ImportReport, ServerConfigurationView,
};

use super::super::context::{Cx, question};
use super::super::objects::{escaped, window};
use super::super::widgets::action_ui;
use super::super::widgets::badge::{self, Tone};
use super::super::widgets::requested::Requested;
use super::folder_field::FolderField;
use super::report;

const TITLE: &str = "Import Server Configuration";
const NEW: &str = "New connector";

/// The open window.
#[derive(Default)]
pub struct ImportWindow {
    field: FolderField,
    folder: Option<PathBuf>,
    outline: Requested<ServerConfigurationView>,
    /// For each connector of the export, the connector that is here and gets its rules.
    choices: Vec<Option<String>>,
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
        if self.outline.poll()
            && let Some(outline) = self.outline.value()
        {
            self.choices = outline.connectors.iter().map(|connector| proposal(connector, cx.connectors())).collect();
            self.rehearsed = None;
        }
        let id = Id::unique(TITLE);
        let shown = window(ctx, TITLE).id(id).open(&mut open).default_size([720.0, 600.0]).default_pos([240.0, 70.0]);
        shown.constrain_to(ctx.content_rect()).show(ctx, |ui| close = self.contents(ui, cx));
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
        let mut chosen = self.field.show(ui, cx.worker, "Folder of the export", "Import a server configuration");
        ui.horizontal(|ui| {
            chosen |= ui.add_enabled(self.field.folder().is_some(), egui::Button::new("Read")).clicked();
            if self.outline.is_pending() {
                ui.spinner();
                ui.weak("Reading...");
            }
        });
        if chosen && let Some(folder) = self.field.folder() {
            self.folder = Some(folder.clone());
            self.agreed = false;
            self.rehearsal.clear();
            self.outline.clear();
            self.outline.ask(cx.worker, question(cx.backend, move |engine| engine.read_server_configuration(&folder)));
        }
        let errors = [self.field.error(), self.outline.error(), self.rehearsal.error(), self.import.error()];
        for error in errors.into_iter().flatten() {
            badge::strip(ui, Tone::Bad, error, |_| ());
        }
        self.connectors(ui, cx);
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
        if accepted && let (Some(folder), Some(options)) = (self.folder.clone(), self.rehearsed.clone()) {
            let options = ImportOptions { dry_run: false, replace_rules: self.agreed, ..options };
            self.import.ask(cx.worker, question(cx.backend, move |engine| engine.import_server_configuration(&folder, &options)));
        }
        close && !self.import.is_pending()
    }

    /// Where each connector of the export goes.
    fn connectors(&mut self, ui: &mut Ui, cx: &Cx<'_>) {
        let Some(outline) = self.outline.value() else { return };
        let server = outline.server.as_deref().unwrap_or("a server");
        let version = outline.server_version.as_ref().map(|version| format!(", version {version}")).unwrap_or_default();
        ui.add_space(6.0);
        ui.label(RichText::new(format!("{} rules of {server}{version}", outline.rules)).strong());
        Grid::new("exported connectors").num_columns(2).spacing([16.0, 6.0]).show(ui, |ui| {
            for (connector, choice) in outline.connectors.iter().zip(&mut self.choices) {
                let label = ui.label(format!("{} ({} rules)", connector.name, connector.rules));
                if connector.kind == ExportedKind::Other {
                    ui.weak("kept aside: this product does not run it");
                    ui.end_row();
                    continue;
                }
                let selected = choice.clone().unwrap_or_else(|| NEW.to_owned());
                let combo = ComboBox::from_id_salt(connector.guid).selected_text(selected).width(300.0).show_ui(ui, |ui| {
                    if !matches!(connector.kind, ExportedKind::RulesOnly | ExportedKind::TenantRules) {
                        ui.selectable_value(choice, None, NEW);
                    }
                    for known in cx.connectors().iter().filter(|known| fits(connector, known)) {
                        ui.selectable_value(choice, Some(known.name.clone()), &known.name);
                    }
                });
                combo.response.labelled_by(label.id);
                ui.end_row();
            }
        });
    }

    /// Asks what would happen, whenever something else was chosen.
    fn rehearse(&mut self, cx: &Cx<'_>) {
        let (Some(folder), Some(outline)) = (self.folder.clone(), self.outline.value()) else { return };
        let chosen = outline.connectors.iter().zip(&self.choices);
        let mappings = chosen.filter_map(|(connector, choice)| Some((connector.guid.to_string(), choice.clone()?))).collect();
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

fn fits(exported: &ExportedConnector, here: &ConnectorSummary) -> bool {
    match exported.kind {
        ExportedKind::Forest => here.kind.is_forest(),
        ExportedKind::Tenant | ExportedKind::TenantRules => !here.kind.is_forest(),
        ExportedKind::RulesOnly => true,
        ExportedKind::Other => false,
    }
}

/// The connector that most likely takes the place: the tenant, or a forest of the same name.
fn proposal(exported: &ExportedConnector, here: &[ConnectorSummary]) -> Option<String> {
    let mut fitting = here.iter().filter(|known| fits(exported, known));
    let found = match exported.kind {
        ExportedKind::Tenant | ExportedKind::TenantRules => fitting.next(),
        ExportedKind::Forest => fitting.find(|known| known.name.eq_ignore_ascii_case(&exported.name)),
        ExportedKind::RulesOnly => fitting.find(|known| known.guid == exported.guid),
        ExportedKind::Other => None,
    };
    found.map(|known| known.name.clone())
}
