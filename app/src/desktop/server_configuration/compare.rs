//! Compare Configurations: two exports, or this data folder and one; what differs, part by part.

use egui::{Align, Context, Id, Layout, Margin, Ui, vec2};
use syncline_engine::service::{ConfigurationComparison, ConfigurationDifference, ConfigurationPart, compare_exports};

use super::super::backend::sentence;
use super::super::context::{Cx, question};
use super::super::format::plural;
use super::super::objects::{escaped, window};
use super::super::theme;
use super::super::widgets::badge::{self, Tone};
use super::super::widgets::grid::{Cell, Column, Grid, GridModel, GridState, RowKey, RowSet, filter_box};
use super::super::widgets::path_field::PathField;
use super::super::widgets::requested::Requested;
use super::super::widgets::{action_ui, button_bar};

const TITLE: &str = "Compare Configurations";

/// The open window.
#[derive(Default)]
pub struct CompareWindow {
    /// The first is an export as well.
    two: bool,
    first: PathField,
    second: PathField,
    comparison: Requested<ConfigurationComparison>,
    rows: RowSet<(u64, ConfigurationDifference)>,
    grid: GridState,
}

impl CompareWindow {
    /// Draws the window; false once it is closed.
    pub fn show(&mut self, ctx: &Context, cx: &Cx<'_>) -> bool {
        if self.comparison.poll()
            && let Some(comparison) = self.comparison.value()
        {
            self.rows = RowSet::new((0..).zip(comparison.differences.iter().cloned()).collect());
        }
        let (mut open, mut close) = (true, false);
        let id = Id::unique(TITLE);
        let room = ctx.content_rect();
        let size = vec2(960.0, 560.0).min(room.size() - vec2(40.0, 70.0));
        let shown = window(ctx, TITLE).id(id).open(&mut open).default_size(size).min_size([520.0, 300.0]).constrain_to(room);
        shown.default_pos(room.center() - size / 2.0).show(ctx, |ui| close = self.contents(ui, cx));
        open && !close && !escaped(ctx, id)
    }

    fn contents(&mut self, ui: &mut Ui, cx: &Cx<'_>) -> bool {
        ui.horizontal(|ui| {
            ui.label("Compare");
            ui.radio_value(&mut self.two, false, "this data folder with an export");
            ui.radio_value(&mut self.two, true, "two exports");
        });
        let mut accepted = false;
        if self.two {
            accepted |= self.first.show(ui, cx.worker, "First", "Choose the first export");
        }
        let name = if self.two { "Second" } else { "Export" };
        accepted |= self.second.show(ui, cx.worker, name, "Choose the export to compare with");
        let close = self.buttons(ui, cx, accepted);
        for error in [self.first.error(), self.second.error(), self.comparison.error()].into_iter().flatten() {
            badge::strip(ui, Tone::Bad, error, |_| ());
        }
        egui::CentralPanel::no_frame().show(ui, |ui| self.result(ui, cx));
        close
    }

    fn buttons(&mut self, ui: &mut Ui, cx: &Cx<'_>, mut accepted: bool) -> bool {
        let named = self.second.path().is_some() && (!self.two || self.first.path().is_some());
        let busy = self.comparison.is_pending();
        let close = button_bar::bar(
            ui,
            |_| (),
            |ui| {
                let close = button_bar::close_button(ui);
                let button = action_ui::primary(ui, named && !busy, "Compare");
                accepted |= button.on_disabled_hover_text("Name the folder of an export first").clicked();
                if busy {
                    ui.spinner();
                }
                close
            },
        );
        if let Some(second) = self.second.path().filter(|_| accepted && named && !busy) {
            let first = self.first.path().filter(|_| self.two);
            self.comparison.clear();
            self.rows = RowSet::default();
            match first {
                Some(first) => {
                    self.comparison.ask(cx.worker, move || compare_exports(&first, &second).map_err(|error| sentence(&error)));
                }
                None => self.comparison.ask(cx.worker, question(cx.backend, move |engine| engine.compare_with_export(&second))),
            }
        }
        close
    }

    fn result(&mut self, ui: &mut Ui, cx: &Cx<'_>) {
        let Some(comparison) = self.comparison.value() else {
            if !self.comparison.is_pending() {
                super::super::widgets::empty::hint(
                    ui,
                    "Nothing is compared yet",
                    "Choose the folder of an export; File, Export Server Configuration writes one.",
                );
            }
            return;
        };
        ui.add_space(4.0);
        let holds = |connectors: u64, rules: u64| format!("{}, {}", plural(connectors, "connector"), plural(rules, "rule"));
        for (which, name, text) in [
            ("First", &comparison.first, holds(comparison.connectors.0, comparison.rules.0)),
            ("Second", &comparison.second, holds(comparison.connectors.1, comparison.rules.1)),
        ] {
            ui.add(egui::Label::new(format!("{which}: {name} ({text})")).truncate());
        }
        ui.horizontal(|ui| {
            let number = comparison.differences.len() as u64;
            badge::chip(ui, &plural(number, "difference"), if number == 0 { Tone::Info } else { Tone::Warn });
            for part in PARTS {
                let number = comparison.differences.iter().filter(|difference| difference.part == part).count() as u64;
                if number > 0 {
                    badge::chip(ui, &format!("{}: {number}", part.label()), Tone::Plain);
                }
            }
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| filter_box(ui, &mut self.grid, &self.rows, false));
        });
        ui.add_space(2.0);
        theme::card(ui.style()).inner_margin(Margin::same(1)).show(ui, |ui| {
            Grid::new().situation(cx.situation).show(ui, &DifferenceGrid, &mut self.rows, &mut self.grid);
        });
    }
}

const PARTS: [ConfigurationPart; 6] = [
    ConfigurationPart::Connector,
    ConfigurationPart::Partition,
    ConfigurationPart::RunProfile,
    ConfigurationPart::Rule,
    ConfigurationPart::Metaverse,
    ConfigurationPart::Setting,
];

struct DifferenceGrid;

const COLUMNS: [Column; 5] = [
    Column::short("Part", 92.0),
    Column::text("Name", 260.0),
    Column::text("What", 150.0),
    Column::text("First", 220.0),
    Column::text("Second", 220.0),
];

impl GridModel for DifferenceGrid {
    type Row = (u64, ConfigurationDifference);

    fn name(&self) -> &'static str {
        "Configuration differences"
    }

    fn columns(&self) -> &[Column] {
        &COLUMNS
    }

    fn key(&self, row: &Self::Row) -> RowKey {
        row.0.into()
    }

    fn row_name(&self, row: &Self::Row) -> String {
        format!("Difference {}: {} {}", self.text(row, 0), row.1.subject, row.1.what).trim_end().to_owned()
    }

    fn text(&self, (_, row): &Self::Row, column: usize) -> String {
        let side = |value: &Option<String>| value.clone().unwrap_or_else(|| "(none)".to_owned());
        match column {
            0 => row.part.label().to_owned(),
            1 => row.subject.clone(),
            2 => row.what.clone(),
            3 => side(&row.first),
            _ => side(&row.second),
        }
    }

    fn cell(&self, (_, row): &Self::Row, column: usize) -> Cell {
        match column {
            1 => Cell::Strong,
            3 if row.first.is_none() => Cell::Weak,
            4 if row.second.is_none() => Cell::Weak,
            _ => Cell::Text,
        }
    }

    fn empty_text(&self) -> &'static str {
        "The configurations do the same: 0 differences."
    }
}
