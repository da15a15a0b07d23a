//! An exported server configuration: its folder, and where its connectors go.

use std::path::PathBuf;

use egui::{ComboBox, Grid, RichText, Ui};
use syncline_engine::service::{ConnectorSummary, ExportedConnector, ExportedKind, ServerConfigurationView};

use super::super::context::{Cx, question};
use super::super::widgets::path_field::PathField;
use super::super::widgets::requested::Requested;

const NEW: &str = "New connector";

/// State of the choice.
#[derive(Default)]
pub struct ServerFolder {
    field: PathField,
    folder: Option<PathBuf>,
    outline: Requested<ServerConfigurationView>,
    /// For each connector of the export, the connector that is here and gets its rules.
    choices: Vec<Option<String>>,
}

impl ServerFolder {
    /// Takes in what was read; true when it was something new.
    pub fn poll(&mut self, connectors: &[ConnectorSummary]) -> bool {
        let arrived = self.outline.poll();
        if arrived && let Some(outline) = self.outline.value() {
            self.choices = outline.connectors.iter().map(|connector| proposal(connector, connectors)).collect();
        }
        arrived
    }

    /// The folder, once it was asked for.
    #[must_use]
    pub fn folder(&self) -> Option<&PathBuf> {
        self.folder.as_ref()
    }

    /// What is wrong with it.
    pub fn errors(&self) -> impl Iterator<Item = &str> {
        [self.field.error(), self.outline.error()].into_iter().flatten()
    }

    /// Connectors of the export, by GUID, whose rules go to connectors that are here; none until it was read.
    #[must_use]
    pub fn mappings(&self) -> Option<Vec<(String, String)>> {
        let outline = self.outline.value().filter(|_| self.outline.error().is_none() && !self.outline.is_pending())?;
        let chosen = outline.connectors.iter().zip(&self.choices);
        Some(chosen.filter_map(|(connector, choice)| Some((connector.guid.to_string(), choice.clone()?))).collect())
    }

    /// Draws the field for the folder; true when another one is being read.
    pub fn field(&mut self, ui: &mut Ui, cx: &Cx<'_>) -> bool {
        let mut chosen = self.field.show(ui, cx.worker, "Folder of the export", "Choose a server configuration");
        ui.horizontal(|ui| {
            chosen |= ui.add_enabled(self.field.path().is_some(), egui::Button::new("Read")).clicked();
            if self.outline.is_pending() {
                ui.spinner();
                ui.weak("Reading...");
            }
        });
        let Some(folder) = self.field.path().filter(|_| chosen) else { return false };
        self.folder = Some(folder.clone());
        self.outline.clear();
        self.outline.ask(cx.worker, question(cx.backend, move |engine| engine.read_server_configuration(&folder)));
        true
    }

    /// Draws where each connector of the export goes.
    pub fn connectors(&mut self, ui: &mut Ui, cx: &Cx<'_>) {
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
