//! A synchronization rule, read-only.

use egui::{RichText, Ui};
use syncline_engine::service::{RuleDetails, RuleFlowView};
use uuid::Uuid;

use super::super::context::{Cx, question};
use super::super::theme::Palette;
use super::super::widgets::badge::{self, Tone};
use super::super::widgets::grid::{Cell, Column, Grid, GridModel, GridState, RowKey, RowSet, filter_box};
use super::super::widgets::requested::Requested;
use super::super::widgets::{button_bar, empty, facts};
use super::tabs;

/// State of the window.
pub struct RuleWindow {
    guid: Uuid,
    rule: Requested<RuleDetails>,
    tab: usize,
    flows: RowSet<FlowRow>,
    state: GridState,
}

struct FlowRow {
    index: usize,
    flow: RuleFlowView,
}

impl RuleWindow {
    /// Opens on a rule.
    #[must_use]
    pub fn new(cx: &Cx<'_>, guid: Uuid) -> Self {
        let mut window = Self { guid, rule: Requested::default(), tab: 0, flows: RowSet::default(), state: GridState::default() };
        window.reload(cx);
        window
    }

    /// The rule shown.
    #[must_use]
    pub fn guid(&self) -> Uuid {
        self.guid
    }

    /// Asks for the rule again.
    pub fn reload(&mut self, cx: &Cx<'_>) {
        let guid = self.guid;
        self.rule.ask(cx.worker, question(cx.backend, move |engine| engine.rule(guid)));
    }

    /// Title of the window.
    #[must_use]
    pub fn title(&self) -> String {
        let name = self.rule.value().map_or_else(|| self.guid.to_string(), |rule| rule.summary.name.clone());
        format!("Synchronization Rule - {name}")
    }

    /// Takes in the answer.
    pub fn poll(&mut self) {
        if self.rule.poll()
            && let Some(rule) = self.rule.value()
        {
            let rows = rule.flows.iter().cloned().enumerate();
            self.flows = RowSet::new(rows.map(|(index, flow)| FlowRow { index, flow }).collect());
        }
    }

    /// Draws the contents; true when the window shall close.
    pub fn show(&mut self, ui: &mut Ui, _cx: &mut Cx<'_>) -> bool {
        let close = button_bar::close(ui, |_| ());
        egui::CentralPanel::no_frame().show(ui, |ui| {
            let Some(rule) = empty::value(ui, &self.rule) else { return };
            head(ui, rule);
            let labels = ["Transformations", "Scoping Filter", "Join Rules"];
            if let Some(tab) = tabs::bar(ui, &labels, self.tab) {
                self.tab = tab;
            }
            ui.add_space(6.0);
            match self.tab {
                0 => {
                    ui.horizontal(|ui| {
                        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                            filter_box(ui, &mut self.state, &self.flows, false);
                        });
                    });
                    Grid::new().show(ui, &FlowGrid, &mut self.flows, &mut self.state);
                }
                1 => groups(ui, &rule.scope, "The rule has no scoping filter: every object of its type is in scope."),
                _ => groups(ui, &rule.join, "The rule has no join criteria."),
            }
        });
        close
    }
}

fn head(ui: &mut Ui, rule: &RuleDetails) {
    let summary = &rule.summary;
    if !rule.description.is_empty() {
        ui.add(egui::Label::new(RichText::new(&rule.description).weak()).wrap());
        ui.add_space(4.0);
    }
    ui.horizontal_wrapped(|ui| {
        facts::fact(ui, "Precedence", &summary.precedence.to_string());
        facts::fact(ui, "Direction", summary.direction.label());
        facts::fact(ui, "Connector", &summary.connector);
        facts::fact(ui, "Connector object type", &summary.connector_object_type);
        facts::fact(ui, "Metaverse object type", &summary.metaverse_object_type);
        facts::fact(ui, "Link type", summary.link.label());
    });
    ui.horizontal_wrapped(|ui| {
        badge::chip(ui, if summary.standard { "standard rule" } else { "custom rule" }, Tone::Plain);
        if !summary.enabled {
            badge::chip(ui, "switched off", Tone::Warn);
        }
        if summary.password_sync {
            badge::chip(ui, "password sync", Tone::Info);
        }
    });
    for fault in &rule.faults {
        badge::strip(
            ui,
            Tone::Warn,
            &format!("{}{}", if fault.part.is_empty() { String::new() } else { format!("{}: ", fault.part) }, fault.message),
            |_| (),
        );
    }
    ui.add_space(4.0);
}

/// Groups of lines: all lines of one group, or all of another.
fn groups(ui: &mut Ui, groups: &[Vec<String>], none: &str) {
    let palette = Palette::of(ui.style());
    if groups.is_empty() {
        ui.weak(none);
    }
    for (index, group) in groups.iter().enumerate() {
        if index > 0 {
            ui.weak("or");
        }
        for (place, line) in group.iter().enumerate() {
            ui.horizontal(|ui| {
                ui.add_sized([28.0, 20.0], egui::Label::new(RichText::new(if place == 0 { "" } else { "and" }).weak()));
                ui.label(RichText::new(line).color(palette.text).monospace());
            });
        }
    }
}

struct FlowGrid;

const COLUMNS: [Column; 5] = [
    Column::text("Target Attribute", 190.0),
    Column::short("Flow Type", 96.0),
    Column::text("Source", 380.0),
    Column::short("Apply Once", 90.0),
    Column::short("Merge Type", 110.0),
];

impl GridModel for FlowGrid {
    type Row = FlowRow;

    fn name(&self) -> &'static str {
        "Transformations"
    }

    fn columns(&self) -> &[Column] {
        &COLUMNS
    }

    fn key(&self, row: &FlowRow) -> RowKey {
        row.index as RowKey
    }

    fn row_name(&self, row: &FlowRow) -> String {
        format!("{} <- {}", row.flow.target, row.flow.source)
    }

    fn text(&self, row: &FlowRow, column: usize) -> String {
        match column {
            0 => row.flow.target.clone(),
            1 => row.flow.kind.clone(),
            2 => row.flow.source.clone(),
            3 => super::cs_object::truth(row.flow.apply_once).to_owned(),
            _ => row.flow.merge.label().to_owned(),
        }
    }

    fn cell(&self, _row: &FlowRow, column: usize) -> Cell {
        match column {
            0 => Cell::Strong,
            2 => Cell::Code,
            1 | 3 | 4 => Cell::Weak,
            _ => Cell::Text,
        }
    }

    fn empty_text(&self) -> &'static str {
        "The rule flows no attribute."
    }
}
