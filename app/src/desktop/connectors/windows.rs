//! The windows that change connectors.

use egui::Context;
use syncline_engine::service::ConnectorSummary;

use super::super::action::Action;
use super::super::context::Cx;
use super::create::CreateConnector;
use super::delete::DeleteConnector;
use super::files::{ExportConnector, ImportConnector, UpdateConnector};
use super::pending_report::PendingReportWindow;
use super::properties::PropertiesWindow;
use super::refresh_schema::RefreshSchema;
use super::run_profiles::RunProfilesWindow;

/// The open windows.
#[derive(Default)]
pub struct ConnectorWindows {
    properties: Vec<PropertiesWindow>,
    run_profiles: Vec<RunProfilesWindow>,
    delete: Option<DeleteConnector>,
    create: Option<CreateConnector>,
    refresh: Option<RefreshSchema>,
    export: Option<ExportConnector>,
    import: Option<ImportConnector>,
    update: Option<UpdateConnector>,
    pending_report: Option<PendingReportWindow>,
}

impl ConnectorWindows {
    /// Carries out an action; `connector` is the one that it concerns, if it concerns one.
    pub fn act(&mut self, cx: &Cx<'_>, action: Action, connector: Option<&ConnectorSummary>) {
        match action {
            Action::CreateConnector => drop(self.create.get_or_insert_default()),
            Action::ImportConnector => drop(self.import.get_or_insert_default()),
            _ => {}
        }
        let Some(connector) = connector else { return };
        match action {
            Action::ConnectorProperties => match self.properties.iter_mut().find(|window| window.connector() == connector.id) {
                Some(window) => window.raise(),
                None => self.properties.push(PropertiesWindow::new(cx, connector)),
            },
            Action::ConfigureRunProfiles => {
                match self.run_profiles.iter_mut().find(|window| window.connector() == connector.id) {
                    Some(window) => window.raise(),
                    None => self.run_profiles.push(RunProfilesWindow::new(connector)),
                }
            }
            Action::RefreshSchema => self.refresh = Some(RefreshSchema::new(cx, connector)),
            Action::ExportConnector => self.export = Some(ExportConnector::new(connector)),
            Action::UpdateConnector => self.update = Some(UpdateConnector::new(connector)),
            Action::PendingExportReport => self.pending_report = Some(PendingReportWindow::new(connector)),
            Action::DeleteConnector => self.delete = Some(DeleteConnector::new(cx, connector)),
            _ => {}
        }
    }

    /// Draws the windows.
    pub fn show(&mut self, ctx: &Context, cx: &mut Cx<'_>) {
        self.properties.retain_mut(|window| window.show(ctx, cx));
        self.run_profiles.retain_mut(|window| window.show(ctx, cx));
        if let Some(window) = &mut self.create
            && !window.show(ctx, cx)
        {
            self.create = None;
        }
        if let Some(window) = &mut self.refresh
            && !window.show(ctx, cx)
        {
            self.refresh = None;
        }
        if let Some(window) = &mut self.export
            && !window.show(ctx, cx)
        {
            self.export = None;
        }
        if let Some(window) = &mut self.import
            && !window.show(ctx, cx)
        {
            self.import = None;
        }
        if let Some(window) = &mut self.update
            && !window.show(ctx, cx)
        {
            self.update = None;
        }
        if let Some(window) = &mut self.pending_report
            && !window.show(ctx, cx)
        {
            self.pending_report = None;
        }
        if let Some(question) = &mut self.delete
            && !question.show(ctx, cx)
        {
            self.delete = None;
        }
    }
}
