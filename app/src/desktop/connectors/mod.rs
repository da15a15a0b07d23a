//! The Connectors tab: connected directories, their numbers and their most recent run.

mod create;
mod create_tenant;
mod delete;
mod files;
pub mod list;
mod pending_report;
mod properties;
mod refresh_schema;
pub mod run_dialog;
mod run_profiles;
pub mod statistics;
pub mod windows;

use egui::{Margin, RichText, ScrollArea, Ui};
use syncline_engine::model::ConnectorId;
use syncline_engine::service::{ConnectorState, ConnectorStatistics, ConnectorSummary};

use super::action::Action;
use super::command::Command;
use super::context::{Cx, question};
use super::operations::run_details::RunDetailsPane;
use super::theme::{self, Palette};
use super::widgets::badge::{self, Tone};
use super::widgets::grid::{Grid, GridState, RowSet, filter_box};
use super::widgets::requested::Requested;
use super::widgets::{empty, facts, splitter};
use list::ConnectorGrid;

/// State of the tab.
#[derive(Default)]
pub struct Connectors {
    rows: RowSet<ConnectorSummary>,
    /// The list's filter, sort and selection.
    pub grid: GridState,
    statistics: Requested<ConnectorStatistics>,
    statistics_of: Option<ConnectorId>,
    last_run: RunDetailsPane,
}

impl Connectors {
    /// Takes in connectors that were read.
    pub fn set_connectors(&mut self, connectors: &[ConnectorSummary]) {
        self.rows = RowSet::new(connectors.to_vec());
    }

    /// Asks for numbers and last run of the selected connector again.
    pub fn reload(&mut self, cx: &Cx<'_>) {
        self.statistics_of = None;
        self.ask_statistics(cx);
        self.last_run.show_run(cx, self.last_run.run(), true);
    }

    /// Takes in answers.
    pub fn poll(&mut self, cx: &Cx<'_>, progressed: bool) {
        self.statistics.poll();
        self.last_run.poll(cx, progressed);
    }

    /// Selects a connector.
    pub fn select(&mut self, id: ConnectorId) {
        if let Some(key) = self.rows.iter().find(|(_, row)| row.id == id).map(|(_, row)| list::key(row)) {
            self.grid.select(key);
            self.grid.scroll_to = Some(key);
        }
    }

    /// The selected connector.
    #[must_use]
    pub fn selected(&self) -> Option<&ConnectorSummary> {
        let key = self.grid.single()?;
        self.rows.iter().map(|(_, row)| row).find(|row| list::key(row) == key)
    }

    fn ask_statistics(&mut self, cx: &Cx<'_>) {
        let id = self.selected().map(|connector| connector.id);
        if id == self.statistics_of {
            return;
        }
        self.statistics_of = id;
        if let Some(id) = id {
            self.statistics.ask(cx.worker, question(cx.backend, move |engine| engine.connector_statistics(id)));
        }
    }

    /// Draws the tab.
    pub fn show(&mut self, ui: &mut Ui, cx: &mut Cx<'_>, share: &mut f32) {
        let mut chosen: Option<Action> = None;
        let selected_before = self.selected().cloned();
        let Self { rows, grid, statistics, last_run, .. } = self;
        splitter::vertical(
            ui,
            "Connectors and details",
            share,
            cx,
            |ui, cx| {
                ui.horizontal(|ui| {
                    facts::section(ui, "Connectors");
                    ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| filter_box(ui, grid, rows, false));
                });
                theme::card(ui.style()).inner_margin(Margin::same(1)).show(ui, |ui| {
                    let response = Grid::new().situation(cx.situation).show(ui, &ConnectorGrid { format: cx.format }, rows, grid);
                    chosen = response.action.map(|(action, _)| action);
                    if let Some(connector) = response.activated.and_then(|position| rows.get(position)) {
                        cx.send(Command::ConnectorProperties(connector.id));
                    }
                });
            },
            |ui, cx| {
                theme::card(ui.style()).inner_margin(Margin::symmetric(14, 10)).show(ui, |ui| {
                    ui.set_min_size(ui.available_size());
                    match &selected_before {
                        None => empty::hint(
                            ui,
                            "No connector selected",
                            "Select a connector above to see its objects and its most recent run.",
                        ),
                        Some(connector) => details(ui, cx, connector, statistics, last_run),
                    }
                });
            },
        );
        self.ask_statistics(cx);
        let run = self.selected().and_then(|connector| connector.last_run.as_ref()).map(|run| run.id);
        self.last_run.show_run(cx, run, false);
        if let Some(action) = chosen {
            cx.send(action.command());
        }
    }
}

fn details(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    connector: &ConnectorSummary,
    statistics: &Requested<ConnectorStatistics>,
    last_run: &mut RunDetailsPane,
) {
    let palette = Palette::of(ui.style());
    ui.horizontal_wrapped(|ui| {
        ui.label(RichText::new(&connector.name).size(16.0).color(palette.text_strong));
        ui.label(RichText::new(connector.kind.label()).weak());
        ui.label(RichText::new(&connector.address).weak());
    });
    required_run(ui, cx, connector, connector.full_import_required.as_deref(), "Full Import");
    required_run(ui, cx, connector, connector.full_sync_required.as_deref(), "Full Synchronization");
    ui.add_space(4.0);
    egui::Panel::left("connector statistics")
        .resizable(true)
        .default_size(270.0)
        .size_range(200.0..=400.0)
        .frame(egui::Frame::NONE.inner_margin(Margin { right: 14, ..Margin::ZERO }))
        .show(ui, |ui| {
            facts::section(ui, "Connector Statistics");
            ScrollArea::vertical().id_salt("connector statistics").auto_shrink(false).show(ui, |ui| {
                if let Some(numbers) = empty::value(ui, statistics)
                    && let Some(scope) = statistics::show(ui, numbers)
                {
                    cx.send(Command::OpenSearch { connector: connector.id, scope: Some(scope) });
                }
            });
        });
    egui::CentralPanel::no_frame().frame(egui::Frame::NONE.inner_margin(Margin { left: 14, ..Margin::ZERO })).show(ui, |ui| {
        if last_run.run().is_some() {
            last_run.show(ui, cx);
        } else {
            empty::hint(ui, "Nothing has run yet", "Choose Run... to start a run profile of this connector.");
        }
    });
}

fn required_run(ui: &mut Ui, cx: &mut Cx<'_>, connector: &ConnectorSummary, reason: Option<&str>, run: &str) {
    let Some(reason) = reason else { return };
    let profile = connector.profiles.iter().find(|profile| profile.steps.iter().any(|step| step.step_type.starts_with(run)));
    let text = if run == "Full Synchronization" {
        "Rules changed since the last full synchronization - Full Synchronization required".to_owned()
    } else {
        format!("{run} required")
    };
    let clicked = badge::strip(ui, Tone::Warn, &text, |ui| {
        let enabled = connector.state == ConnectorState::Idle && profile.is_some();
        ui.add_enabled(enabled, egui::Button::new(format!("Run {run}"))).on_hover_text(reason).clicked()
    });
    if let Some(profile) = profile.filter(|_| clicked) {
        cx.send(Command::StartRun { connector: connector.name.clone(), profile: profile.name.clone() });
    }
}
