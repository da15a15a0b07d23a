//! The Operations tab: the log of runs, and one run in full.

mod axis;
mod chart;
pub mod charts;
pub mod clear;
pub mod connection;
pub mod errors;
pub mod run_details;
pub mod run_file;
pub mod run_list;
pub mod save;
mod space_chart;
pub mod statistics;

use egui::{ComboBox, Margin, Ui};
use jiff::{SignedDuration, Timestamp};
use syncline_engine::model::RunId;
use syncline_engine::service::{ConnectorState, RunFilter, RunSummary, StatusClass};

use super::action::Action;
use super::command::Command;
use super::context::{Cx, question};
use super::objects::tabs;
use super::theme;
use super::widgets::badge::severity_word;
use super::widgets::ends::ends;
use super::widgets::grid::{Grid, GridState, Listing, Pager, filter_box, is_reversed};
use super::widgets::{empty, splitter};
use charts::Charts;
use run_details::RunDetailsPane;
use run_list::RunGrid;
use space_chart::SpaceChart;

/// State of the tab.
#[derive(Default)]
pub struct Operations {
    runs: Pager<RunSummary>,
    /// The list's filter, sort and selection.
    pub grid: GridState,
    connector: Option<String>,
    profile: Option<String>,
    class: Option<StatusClass>,
    range: TimeRange,
    charts: Charts,
    charts_shown: bool,
    space_chart: SpaceChart,
    /// The charts are about connectors in place of runs.
    spaces_shown: bool,
    details: RunDetailsPane,
    /// What the present rows were asked with.
    asked: Listing,
    /// The runs are more than the list filters by itself.
    long: bool,
    /// The person chose a run: newer ones are no longer selected by themselves.
    chosen_by_hand: bool,
}

const CLASSES: [StatusClass; 5] =
    [StatusClass::Running, StatusClass::Success, StatusClass::Warning, StatusClass::Error, StatusClass::Stopped];

/// How far back the runs go that are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum TimeRange {
    #[default]
    All,
    Day,
    Week,
    Month,
}

impl TimeRange {
    const EVERY: [Self; 4] = [Self::All, Self::Day, Self::Week, Self::Month];

    fn label(self) -> &'static str {
        match self {
            Self::All => "All times",
            Self::Day => "Last 24 hours",
            Self::Week => "Last 7 days",
            Self::Month => "Last 30 days",
        }
    }

    /// The moment from which runs are listed.
    fn since(self, now: Timestamp) -> Option<Timestamp> {
        let hours = match self {
            Self::All => return None,
            Self::Day => 24,
            Self::Week => 7 * 24,
            Self::Month => 30 * 24,
        };
        Some(now.saturating_sub(SignedDuration::from_hours(hours)).unwrap_or(Timestamp::MIN))
    }
}

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
            since: self.range.since(cx.format.now),
            text: self.asked.text.clone(),
            reversed: self.asked.reversed,
            ..RunFilter::default()
        };
        if self.charts_shown {
            self.charts.ask(cx, &filter);
            self.space_chart.ask(cx, self.connector.as_deref());
        }
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
        if self.runs.poll(cx.worker) && self.asked.text.is_empty() {
            self.long = self.runs.rows.is_long();
        }
        self.charts.poll();
        self.space_chart.poll();
        self.details.poll(cx, progressed);
    }

    /// True while charts stand in place of the list.
    #[must_use]
    pub fn charts_shown(&self) -> bool {
        self.charts_shown
    }

    /// Shows the charts of the runs listed, or the list again.
    pub fn show_charts(&mut self, cx: &Cx<'_>, shown: bool) {
        self.charts_shown = shown;
        if shown {
            self.reload(cx);
        }
    }

    /// Puts a run that began or ended into the list.
    pub fn note_run(&mut self, cx: &Cx<'_>, run: RunSummary) {
        let fits = self.connector.as_ref().is_none_or(|name| *name == run.connector)
            && self.profile.as_ref().is_none_or(|name| *name == run.profile)
            && self.class.is_none_or(|class| class == run.class)
            && self.range.since(cx.format.now).is_none_or(|since| run.started >= since);
        let id = run.id;
        if !self.chosen_by_hand && run.class == StatusClass::Running {
            self.grid.select(run_list::key(id));
        }
        if fits && self.asked != Listing::default() {
            self.reload(cx);
        } else if fits {
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
        self.charts_shown = false;
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
        if self.charts_shown {
            self.show_chart_view(ui, cx);
            return;
        }
        let Self { runs, grid, details, connector, profile, class, range, chosen_by_hand, .. } = self;
        let (mut filter_changed, mut reversed) = (false, false);
        let mut chosen = None;
        splitter::vertical(
            ui,
            "Runs and details",
            share,
            cx,
            |ui, cx| {
                ui.horizontal(|ui| {
                    filter_changed = filter_strip(ui, cx, Filters { connector, profile, class, range });
                    ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                        filter_box(ui, grid, &runs.rows, runs.is_loading() && runs.rows.total() == 0);
                    });
                });
                if let Some(error) = runs.error() {
                    empty::failure(ui, error);
                }
                theme::card(ui.style()).inner_margin(Margin::same(1)).show(ui, |ui| {
                    let narrowed = connector.is_some() || profile.is_some() || class.is_some() || *range != TimeRange::All;
                    let filtered = narrowed || !grid.filter.is_empty();
                    let model = RunGrid { format: cx.format, progress: cx.progress, filtered };
                    let response = Grid::new().situation(cx.situation).show(ui, &model, &mut runs.rows, grid);
                    *chosen_by_hand |= response.selection_changed;
                    reversed = is_reversed(&model, &runs.rows, &grid.sort);
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
        let text = if self.long { self.grid.filter.clone() } else { String::new() };
        let listing = Listing { text, reversed, attributes: Vec::new() };
        if filter_changed || (listing != self.asked && !self.runs.is_loading()) {
            self.asked = listing;
            self.grid.engine_filters = self.long;
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

impl Operations {
    fn show_chart_view(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let Self { charts, space_chart, spaces_shown, connector, profile, class, range, .. } = self;
        let (mut filter_changed, mut back) = (false, false);
        let least = if *spaces_shown { 460.0 } else { 820.0 };
        let left = |ui: &mut Ui| {
            for (spaces, text, about) in [
                (false, "Runs", "Durations, objects and errors of the runs over time."),
                (true, "Connectors", "How many objects each connector has now."),
            ] {
                let tab = tabs::tab(ui, text, *spaces_shown == spaces, 28.0);
                if tab.on_hover_text(about).clicked() {
                    *spaces_shown = spaces;
                }
            }
            ui.separator();
            filter_changed = if *spaces_shown {
                connector_filter(ui, cx, connector)
            } else {
                filter_strip(ui, cx, Filters { connector, profile, class, range })
            };
        };
        ends(ui, least, left, |ui| {
            back = ui.button("Back to List").on_hover_text("Show the list of runs in place of the charts.").clicked();
        });
        let since = range.since(cx.format.now);
        let chosen = if *spaces_shown {
            if let Some(connector) = space_chart.show(ui) {
                cx.send(Command::ShowConnector(connector));
            }
            None
        } else {
            charts.show(ui, cx, since)
        };
        if filter_changed {
            self.reload(cx);
        }
        if back {
            self.charts_shown = false;
        }
        if let Some(run) = chosen {
            cx.send(Command::ShowRun(run));
        }
    }
}

/// What the filter strip chooses.
struct Filters<'a> {
    connector: &'a mut Option<String>,
    profile: &'a mut Option<String>,
    class: &'a mut Option<StatusClass>,
    range: &'a mut TimeRange,
}

/// Combos for connector, profile, class and time; true when one changed.
fn filter_strip(ui: &mut Ui, cx: &Cx<'_>, filters: Filters<'_>) -> bool {
    let Filters { connector, profile, class, range } = filters;
    let before = (connector.clone(), profile.clone(), *class, *range);
    let mut profiles: Vec<String> =
        cx.connectors().iter().flat_map(|connector| connector.profiles.iter().map(|profile| profile.name.clone())).collect();
    profiles.sort();
    profiles.dedup();
    connector_filter(ui, cx, connector);
    choice(ui, "Profile", "All profiles", &profiles, profile, 112.0);
    let text = class.map_or("All statuses", class_label);
    let combo = ComboBox::from_id_salt("Status class").selected_text(text).width(104.0).show_ui(ui, |ui| {
        ui.selectable_value(class, None, "All statuses");
        for candidate in CLASSES {
            ui.selectable_value(class, Some(candidate), class_label(candidate));
        }
    });
    combo.response.accessible_name("Status class");
    let combo = ComboBox::from_id_salt("Time range").selected_text(range.label()).width(110.0).show_ui(ui, |ui| {
        for candidate in TimeRange::EVERY {
            ui.selectable_value(range, candidate, candidate.label());
        }
    });
    combo.response.accessible_name("Time range");
    before != (connector.clone(), profile.clone(), *class, *range)
}

/// The combo for the connector; true when another one was chosen.
fn connector_filter(ui: &mut Ui, cx: &Cx<'_>, connector: &mut Option<String>) -> bool {
    let before = connector.clone();
    let names: Vec<String> = cx.connectors().iter().map(|connector| connector.name.clone()).collect();
    choice(ui, "Connector", "All connectors", &names, connector, 130.0);
    before != *connector
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
