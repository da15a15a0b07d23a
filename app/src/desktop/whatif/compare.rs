//! Two results beside each other.

use egui::{ComboBox, RichText, Ui};
use syncline_engine::service::{ComparedChange, ComparedSpace, Comparison, ObjectChange, Side, WhatIfReport};

use super::super::context::{Cx, question};
use super::super::format::{count, plural};
use super::super::objects::explain::changes::{ChangeGrid, ChangeRow, change_rows, kind_title, why};
use super::super::theme::Palette;
use super::super::widgets::badge::{self, Tone};
use super::super::widgets::empty;
use super::super::widgets::grid::{Cell, Column, Grid, GridModel, GridState, RowKey, RowSet, SortKey, filter_box};
use super::super::widgets::requested::Requested;
use super::result::title;

/// Objects that are listed.
const MOST: usize = 10_000;

/// State of the page.
#[derive(Default)]
pub struct Compare {
    first: Option<u32>,
    second: Option<u32>,
    asked: Option<(u32, u32)>,
    answer: Requested<Comparison>,
    spaces: RowSet<ComparedSpace>,
    spaces_state: GridState,
    rows: RowSet<ComparedRow>,
    state: GridState,
    one: RowSet<ChangeRow>,
    one_state: GridState,
    other: RowSet<ChangeRow>,
    other_state: GridState,
}

impl Compare {
    /// Chooses two results.
    pub fn choose(&mut self, first: u32, second: u32) {
        (self.first, self.second) = (Some(first.min(second)), Some(first.max(second)));
    }

    /// Asks when other results were chosen, and takes in the answer.
    pub fn poll(&mut self, cx: &Cx<'_>) {
        if let (Some(first), Some(second)) = (self.first, self.second)
            && first != second
            && self.asked != Some((first, second))
        {
            self.asked = Some((first, second));
            self.answer.ask(cx.worker, question(cx.backend, move |engine| engine.compare_whatifs(first, second, MOST)));
        }
        if self.answer.poll()
            && let Some(comparison) = self.answer.value()
        {
            self.spaces = RowSet::new(comparison.spaces.clone());
            let name = |change: &ComparedChange| {
                let space = change.first.as_ref().or(change.second.as_ref()).map(|change| change.space.clone());
                let known = comparison.spaces.iter().find(|known| Some(&known.space) == space.as_ref());
                known.map(|known| known.name.clone()).unwrap_or_default()
            };
            let rows = comparison.objects.iter().enumerate();
            self.rows = RowSet::new(
                rows.map(|(index, change)| ComparedRow { index, space: name(change), change: change.clone() }).collect(),
            );
            self.state.clear_selection();
            self.show_change();
        }
    }

    fn show_change(&mut self) {
        let row = self.state.single().and_then(|key| self.rows.get(key as u64));
        let rows = |change: Option<&ObjectChange>| change.map(|change| change_rows(&change.attributes, &[])).unwrap_or_default();
        self.one = rows(row.and_then(|row| row.change.first.as_ref()));
        self.other = rows(row.and_then(|row| row.change.second.as_ref()));
    }

    /// Draws the page.
    pub fn show(&mut self, ui: &mut Ui, kept: &[WhatIfReport]) {
        if kept.len() < 2 {
            empty::hint(
                ui,
                "Nothing to compare",
                "Two results are needed: start another what-if, with other rules or connectors.",
            );
            return;
        }
        for (name, value) in [("First", &mut self.first), ("Second", &mut self.second)] {
            ui.horizontal(|ui| {
                let label = ui.add_sized([50.0, 22.0], egui::Label::new(name));
                let text = |report: &WhatIfReport| format!("{}: {}", report.number, title(report));
                let chosen = kept.iter().find(|report| Some(report.number) == *value);
                let combo = ComboBox::from_id_salt(name)
                    .selected_text(chosen.map_or_else(|| "Choose a result".to_owned(), text))
                    .width((ui.available_width() - 20.0).max(200.0))
                    .truncate();
                let combo = combo.show_ui(ui, |ui| {
                    for report in kept {
                        ui.selectable_value(value, Some(report.number), text(report));
                    }
                });
                combo.response.labelled_by(label.id);
            });
        }
        ui.add_space(6.0);
        if self.first.is_some() && self.first == self.second {
            badge::strip(ui, Tone::Info, "Choose two different results.", |_| ());
            return;
        }
        let Some(comparison) = empty::value(ui, &self.answer) else { return };
        let differences = comparison.differences();
        if differences == 0 {
            badge::strip(ui, Tone::Info, "Both do the same.", |_| ());
        }
        Grid::new().rows(5).show(ui, &SpaceGrid, &mut self.spaces, &mut self.spaces_state);
        ui.add_space(4.0);
        ui.horizontal(|ui| {
            let listed = self.rows.total();
            let text = match differences.saturating_sub(listed) {
                0 => plural(differences, "difference"),
                _ => format!("{}, the first {} listed", plural(differences, "difference"), count(listed)),
            };
            ui.weak(text);
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                filter_box(ui, &mut self.state, &self.rows, false);
            });
        });
        if let Some(row) = self.state.single().and_then(|key| self.rows.get(key as u64)).cloned() {
            self.details(ui, &row);
        }
        let palette = Palette::of(ui.style());
        egui::CentralPanel::no_frame().show(ui, |ui| {
            let response = Grid::new().show(ui, &ComparedGrid { palette }, &mut self.rows, &mut self.state);
            if response.selection_changed {
                self.show_change();
            }
        });
    }

    fn details(&mut self, ui: &mut Ui, row: &ComparedRow) {
        let palette = Palette::of(ui.style());
        let panel = egui::Panel::bottom("compared").resizable(true).default_size(200.0).size_range(120.0..=420.0);
        panel.frame(egui::Frame::NONE).show(ui, |ui| {
            ui.add_space(4.0);
            let parts = [
                ("First", row.change.first.as_ref(), &mut self.one, &mut self.one_state),
                ("Second", row.change.second.as_ref(), &mut self.other, &mut self.other_state),
            ];
            ui.columns_const(|columns: &mut [Ui; 2]| {
                for (ui, (name, change, rows, state)) in columns.iter_mut().zip(parts) {
                    ui.push_id(name, |ui| {
                        let Some(change) = change else {
                            ui.label(RichText::new(format!("{name}: nothing happens to the object")).weak());
                            return;
                        };
                        let text = format!("{name}: {}. {}", kind_title(change.kind, change.space.is_empty()), why(change));
                        ui.add(egui::Label::new(&text).truncate()).on_hover_text(&text);
                        let model = ChangeGrid { name: "What changes", palette, empty: "No attribute changes." };
                        Grid::new().show(ui, &model, rows, state);
                    });
                }
            });
        });
    }
}

struct SpaceGrid;

const SPACES: [Column; 5] = [
    Column::text("Connector", 280.0),
    Column::number("Only First", 110.0),
    Column::number("Only Second", 110.0),
    Column::number("Different", 110.0),
    Column::number("Same", 110.0),
];

fn space_number(space: &ComparedSpace, column: usize) -> u64 {
    match column {
        1 => space.first_only,
        2 => space.second_only,
        3 => space.different,
        _ => space.same,
    }
}

impl GridModel for SpaceGrid {
    type Row = ComparedSpace;

    fn name(&self) -> &'static str {
        "Comparison by connector"
    }

    fn columns(&self) -> &[Column] {
        &SPACES
    }

    fn key(&self, row: &ComparedSpace) -> RowKey {
        RowKey::from(egui::Id::unique(&row.space).value())
    }

    fn row_name(&self, row: &ComparedSpace) -> String {
        format!(
            "{}: {} only first, {} only second, {} different, {} same",
            row.name, row.first_only, row.second_only, row.different, row.same
        )
    }

    fn text(&self, row: &ComparedSpace, column: usize) -> String {
        if column == 0 { row.name.clone() } else { count(space_number(row, column)) }
    }

    fn cell(&self, _row: &ComparedSpace, column: usize) -> Cell {
        if column == 0 { Cell::Strong } else { Cell::Text }
    }

    fn sort_key(&self, row: &ComparedSpace, column: usize) -> SortKey {
        match column {
            0 => SortKey::Text(row.name.to_lowercase()),
            column => SortKey::Number(space_number(row, column).into()),
        }
    }

    fn empty_text(&self) -> &'static str {
        "Neither changes anything."
    }
}

/// An object that the two do not agree on.
#[derive(Clone, Debug)]
struct ComparedRow {
    index: usize,
    space: String,
    change: ComparedChange,
}

struct ComparedGrid {
    palette: &'static Palette,
}

const COLUMNS: [Column; 5] = [
    Column::text("Connector", 160.0),
    Column::text("Object", 320.0),
    Column::short("Where", 110.0),
    Column::text("First", 150.0),
    Column::text("Second", 150.0),
];

fn summary(change: Option<&ObjectChange>) -> String {
    let Some(change) = change else { return String::new() };
    let kind = kind_title(change.kind, change.space.is_empty());
    match change.attributes.len() as u64 {
        0 => kind.to_owned(),
        number => format!("{kind}, {}", plural(number, "attribute")),
    }
}

impl GridModel for ComparedGrid {
    type Row = ComparedRow;

    fn name(&self) -> &'static str {
        "Differences"
    }

    fn columns(&self) -> &[Column] {
        &COLUMNS
    }

    fn key(&self, row: &ComparedRow) -> RowKey {
        row.index as RowKey
    }

    fn row_name(&self, row: &ComparedRow) -> String {
        format!("{} {}: {}", row.space, self.text(row, 1), self.text(row, 2))
    }

    fn text(&self, row: &ComparedRow, column: usize) -> String {
        let change = &row.change;
        match column {
            0 => row.space.clone(),
            1 => change.first.as_ref().or(change.second.as_ref()).map(|change| change.name.clone()).unwrap_or_default(),
            2 => match change.side {
                Side::First => "only first",
                Side::Second => "only second",
                Side::Both => "different",
            }
            .to_owned(),
            3 => summary(change.first.as_ref()),
            _ => summary(change.second.as_ref()),
        }
    }

    fn cell(&self, row: &ComparedRow, column: usize) -> Cell {
        match (column, row.change.side) {
            (0, _) => Cell::Weak,
            (1, _) => Cell::Strong,
            (2, Side::First) => Cell::Tagged("-", self.palette.bad),
            (2, Side::Second) => Cell::Tagged("+", self.palette.good),
            (2, Side::Both) => Cell::Tagged("~", self.palette.warn),
            _ => Cell::Text,
        }
    }

    fn empty_text(&self) -> &'static str {
        "Both do the same."
    }
}
