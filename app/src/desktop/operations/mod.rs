//! The Operations tab: the log of runs, and one run in full.

pub mod clear;
pub mod connection;
pub mod errors;
pub mod run_details;
pub mod run_file;
pub mod run_list;
pub mod save;
pub mod statistics;

use egui::{ComboBox, Margin, Ui};
use syncline_engine::model::RunId;
use syncline_engine::service::{ConnectorState, RunFilter, RunSummary, StatusClass};

use super::action::Action;
use super::command::Command;
use super::context::{Cx, question};
use super::theme;
use super::widgets::badge::severity_word;
use super::widgets::grid::{Grid, GridState, Pager, filter_box};
use super::widgets::{empty, splitter};
use run_details::RunDetailsPane;
use run_list::RunGrid;

/// State of the tab.
#[derive(Default)]
pub struct Operations {
    runs: Pager<RunSummary>,
    /// The list's filter, sort and selection.
    pub grid: GridState,
    connector: Option<String>,
    profile: Option<String>,
    class: Option<StatusClass>,
    details: RunDetailsPane,
    /// The person chose a run: newer ones are no longer selected by themselves.
    chosen_by_hand: bool,
}

const CLASSES: [StatusClass; 5] =
    [StatusClass::Running, StatusClass::Success, StatusClass::Warning, StatusClass::Error, StatusClass::Stopped];

/// Text of a class in the filter strip.
fn class_label(class: StatusClass) -> &'static str {
    match class {
        StatusClass::Warning => "Warnings",
        StatusClass::Error => "Errors",
        class => severity_word(class),
    }
}

impl Operations {
    /// Asks for the runs again.
    pub fn reload(&mut self, cx: &Cx<'_>) {
        let filter = RunFilter {
            connector: self
                .connector
                .as_ref()
                .and_then(|name| cx.connectors().iter().find(|connector| connector.name == *name))
                .map(|connector| connector.id),
            profile: self.profile.clone(),
            class: self.class,
            ..RunFilter::default()
        };
        let backend = std::sync::Arc::clone(cx.backend);
        self.runs.ask(cx.worker, move |offset, limit| {
            let filter = RunFilter { offset, limit, ..filter.clone() };
            question(&backend, move |engine| engine.runs(&filter))()
        });
    }

    /// Asks for the selected run again.
    pub fn reload_details(&mut self, cx: &Cx<'_>) {
        self.details.show_run(cx, self.selected_id(), true);
    }

    /// Takes in answers.
    pub fn poll(&mut self, cx: &Cx<'_>, progressed: bool) {
        self.runs.poll(cx.worker);
        self.details.poll(cx, progressed);
    }

    /// Puts a run that began or ended into the list.
    pub fn note_run(&mut self, cx: &Cx<'_>, run: RunSummary) {
        let fits = self.connector.as_ref().is_none_or(|name| *name == run.connector)
            && self.profile.as_ref().is_none_or(|name| *name == run.profile)
            && self.class.is_none_or(|class| class == run.class);
        let id = run.id;
        if !self.chosen_by_hand && run.class == StatusClass::Running {
            self.grid.select(run_list::key(id));
        }
        if fits {
            self.runs.rows.upsert_first(run, |row| row.id == id);
        }
        if self.details.run() == Some(id) {
            self.details.show_run(cx, Some(id), true);
        }
    }

    /// Selects a run.
    pub fn select(&mut self, id: RunId) {
        self.grid.filter.clear();
        self.grid.select(run_list::key(id));
        self.grid.scroll_to = Some(run_list::key(id));
    }

    fn selected_id(&self) -> Option<RunId> {
        self.grid.single().and_then(|key| i64::try_from(key).ok()).map(RunId)
    }

    /// The selected run.
    #[must_use]
    pub fn selected(&self) -> Option<RunSummary> {
        let id = self.selected_id()?;
        self.runs.rows.iter().find(|(_, run)| run.id == id).map(|(_, run)| run.clone())
    }

    /// Draws the tab.
    pub fn show(&mut self, ui: &mut Ui, cx: &mut Cx<'_>, share: &mut f32) {
        let Self { runs, grid, details, connector, profile, class, chosen_by_hand } = self;
        let mut filter_changed = false;
        let mut chosen = None;
        splitter::vertical(
            ui,
            "Runs and details",
            share,
            cx,
            |ui, cx| {
                ui.horizontal(|ui| {
                    filter_changed = filter_strip(ui, cx, connector, profile, class);
                    ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                        filter_box(ui, grid, &runs.rows, runs.is_loading() && runs.rows.total() == 0);
                    });
                });
                if let Some(error) = runs.error() {
                    empty::failure(ui, error);
                }
                theme::card(ui.style()).inner_margin(Margin::same(1)).show(ui, |ui| {
                    let filtered = !grid.filter.is_empty() || connector.is_some() || profile.is_some() || class.is_some();
                    let model = RunGrid { format: cx.format, progress: cx.progress, filtered };
                    let response = Grid::new().situation(cx.situation).show(ui, &model, &mut runs.rows, grid);
                    *chosen_by_hand |= response.selection_changed;
                    if let Some((action, position)) = response.action {
                        chosen = runs.rows.get(position).cloned().map(|run| (action, run));
                    }
                    if let Some(run) = response.activated.and_then(|position| runs.rows.get(position)) {
                        grid.select(run_list::key(run.id));
                    }
                });
            },
            |ui, cx| {
                theme::card(ui.style()).inner_margin(Margin::symmetric(14, 10)).show(ui, |ui| {
                    ui.set_min_size(ui.available_size());
                    details.show(ui, cx);
                });
            },
        );
        if filter_changed {
            self.reload(cx);
        }
        let selected = self.selected_id();
        self.details.show_run(cx, selected, false);
        match chosen {
            Some((Action::RunAgain, run)) => {
                cx.send(Command::ShowRunDialog { connector: Some(run.connector), profile: Some(run.profile) })
            }
            Some((action, _)) => cx.send(action.command()),
            None => {}
        }
    }
}

/// Combos for connector, profile and class; true when one changed.
fn filter_strip(
    ui: &mut Ui,
    cx: &Cx<'_>,
    connector: &mut Option<String>,
    profile: &mut Option<String>,
    class: &mut Option<StatusClass>,
) -> bool {
    let before = (connector.clone(), profile.clone(), *class);
    let names: Vec<String> = cx.connectors().iter().map(|connector| connector.name.clone()).collect();
    let mut profiles: Vec<String> =
        cx.connectors().iter().flat_map(|connector| connector.profiles.iter().map(|profile| profile.name.clone())).collect();
    profiles.sort();
    profiles.dedup();
    choice(ui, "Connector", "All connectors", &names, connector, 160.0);
    choice(ui, "Profile", "All profiles", &profiles, profile, 140.0);
    let text = class.map_or("All statuses", class_label);
    let combo = ComboBox::from_id_salt("Status class").selected_text(text).width(110.0).show_ui(ui, |ui| {
        ui.selectable_value(class, None, "All statuses");
        for candidate in CLASSES {
            ui.selectable_value(class, Some(candidate), class_label(candidate));
        }
    });
    combo.response.accessible_name("Status class");
    before != (connector.clone(), profile.clone(), *class)
}

fn choice(ui: &mut Ui, name: &str, all: &str, values: &[String], chosen: &mut Option<String>, width: f32) {
    let text = chosen.clone().unwrap_or_else(|| all.to_owned());
    let combo = ComboBox::from_id_salt(name).selected_text(text).width(width).truncate().show_ui(ui, |ui| {
        ui.selectable_value(chosen, None, all);
        for value in values {
            ui.selectable_value(chosen, Some(value.clone()), value);
        }
    });
    combo.response.accessible_name(name);
}

/// True while some connector is not idle.
#[must_use]
pub fn any_running(cx_connectors: &[syncline_engine::service::ConnectorSummary]) -> bool {
    cx_connectors.iter().any(|connector| connector.state != ConnectorState::Idle)
}
