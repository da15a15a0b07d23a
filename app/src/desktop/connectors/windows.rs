//! The windows that change connectors.

use egui::Context;
use syncline_engine::service::ConnectorSummary;

use super::super::action::Action;
use super::super::context::Cx;
use super::delete::DeleteConnector;
use super::run_profiles::RunProfilesWindow;

/// The open windows.
#[derive(Default)]
pub struct ConnectorWindows {
    run_profiles: Vec<RunProfilesWindow>,
    delete: Option<DeleteConnector>,
}

impl ConnectorWindows {
    /// Carries out an action; `connector` is the one that it concerns, if it concerns one.
    pub fn act(&mut self, cx: &Cx<'_>, action: Action, connector: Option<&ConnectorSummary>) {
        let Some(connector) = connector else { return };
        match action {
            Action::ConfigureRunProfiles => {
                match self.run_profiles.iter_mut().find(|window| window.connector() == connector.id) {
                    Some(window) => window.raise(),
                    None => self.run_profiles.push(RunProfilesWindow::new(connector)),
                }
            }
            Action::DeleteConnector => self.delete = Some(DeleteConnector::new(cx, connector)),
            _ => {}
        }
    }

    /// Draws the windows.
    pub fn show(&mut self, ctx: &Context, cx: &mut Cx<'_>) {
        self.run_profiles.retain_mut(|window| window.show(ctx, cx));
        if let Some(question) = &mut self.delete
            && !question.show(ctx, cx)
        {
            self.delete = None;
        }
    }
}
