//! How many objects each connector has, as bars, with the same numbers in a table beside them.

use egui::{Color32, CursorIcon, Margin, RichText, Role, Sense, TextStyle, TextWrapMode, Ui, WidgetInfo, WidgetText, vec2};
use egui_plot::{Bar, BarChart, GridMark, Plot};
use syncline_engine::model::ConnectorId;
use syncline_engine::service::ConnectorStatistics;

use super::super::context::{Cx, question};
use super::super::format::{count, plural};
use super::super::theme::{self, Palette};
use super::super::widgets::grid::{Cell, Column, Grid, GridModel, GridState, RowKey, RowSet, SortKey};
use super::super::widgets::requested::Requested;
use super::super::widgets::{empty, facts};
use super::axis::{marks, value_step};
use super::charts::beside;

/// The numbers of one connector.
#[derive(Clone, Debug)]
struct Space {
    id: ConnectorId,
    name: String,
    numbers: ConnectorStatistics,
}

type Number = fn(&ConnectorStatistics) -> u64;

/// The bars of a connector, in order.
const BARS: [(&str, Number); 4] = [
    ("Connectors", |numbers| numbers.total_connector),
    ("Disconnectors", |numbers| numbers.total_disconnector),
    ("Pending Import", |numbers| numbers.import_add + numbers.import_update + numbers.import_delete),
    ("Pending Export", |numbers| numbers.export_add + numbers.export_update + numbers.export_delete),
];

/// Width of a bar; a connector has the width 1.
const BAR: f64 = 0.2;

/// State of the view.
#[derive(Default)]
pub struct SpaceChart {
    answer: Requested<Vec<Space>>,
    rows: RowSet<Space>,
    grid: GridState,
}

impl SpaceChart {
    /// Asks for the numbers of a connector, or of all.
    pub fn ask(&mut self, cx: &Cx<'_>, connector: Option<&str>) {
        let wanted = cx.connectors().iter().filter(|known| connector.is_none_or(|name| name == known.name));
        let wanted: Vec<(ConnectorId, String)> = wanted.map(|known| (known.id, known.name.clone())).collect();
        let numbers = question(cx.backend, move |engine| {
            let space = |(id, name)| Ok(Space { id, name, numbers: engine.connector_statistics(id)? });
            wanted.into_iter().map(space).collect()
        });
        self.answer.ask(cx.worker, numbers);
    }

    /// Takes in the answer.
    pub fn poll(&mut self) {
        if self.answer.poll()
            && let Some(spaces) = self.answer.value()
        {
            self.rows = RowSet::new(spaces.clone());
        }
    }

    /// Draws chart and table; the connector that was chosen.
    pub fn show(&mut self, ui: &mut Ui) -> Option<ConnectorId> {
        let Self { answer, rows, grid } = self;
        let spaces = empty::value(ui, answer)?;
        if spaces.is_empty() {
            empty::hint(ui, "No connector to draw", "Create a connector on the Connectors tab first.");
            return None;
        }
        let mut chosen = None;
        beside(
            ui,
            |ui| {
                theme::card(ui.style()).inner_margin(Margin { left: 10, right: 12, top: 6, bottom: 4 }).show(ui, |ui| {
                    ui.spacing_mut().item_spacing.y = 2.0;
                    ui.set_min_size(ui.available_size());
                    if let Some(id) = bars(ui, spaces) {
                        chosen = Some(id);
                    }
                });
            },
            |ui| {
                let response = Grid::new().show(ui, &SpaceTable, rows, grid);
                response.activated.and_then(|position| rows.get(position)).map(|space| space.id)
            },
        )
        .or(chosen)
    }
}

fn bars(ui: &mut Ui, spaces: &[Space]) -> Option<ConnectorId> {
    let palette = Palette::of(ui.style());
    legend(ui, palette);
    let highest = spaces.iter().flat_map(|space| BARS.map(|(_, number)| number(&space.numbers))).max().unwrap_or(0) as f64;
    let top = if highest > 0.0 { highest * 1.12 } else { 1.0 };
    let (width, height) = (ui.available_width().max(1.0), ui.available_height().max(60.0));
    let names: Vec<String> = spaces.iter().map(|space| space.name.clone()).collect();
    let room = ((width - 60.0) / spaces.len() as f32 / 9.0) as usize;
    let plot = Plot::new("Connector spaces")
        .height(height)
        .width(width)
        .sense(Sense::HOVER | Sense::CLICK)
        .allow_zoom(false)
        .allow_scroll(false)
        .allow_drag(false)
        .allow_boxed_zoom(false)
        .allow_axis_zoom_drag(false)
        .allow_double_click_reset(false)
        .show_x(false)
        .show_y(false)
        .show_background(false)
        .show_grid([false, true])
        .grid_color(palette.line_strong)
        .y_axis_min_width(54.0)
        .x_grid_spacer(|input| marks(input.bounds, 1.0, 0.0))
        .y_grid_spacer(move |input| marks(input.bounds, value_step(false, top, height), 0.0))
        .x_axis_formatter(move |mark, _| name_at(mark, &names, room))
        .y_axis_formatter(|mark, _| count(mark.value.round().max(0.0) as u64));
    let shown = plot.show(ui, |plot| {
        plot.set_plot_bounds_x(-0.6..=spaces.len() as f64 - 0.4);
        plot.set_plot_bounds_y(0.0..=top);
        for (index, (name, number)) in BARS.iter().enumerate() {
            let bars = spaces.iter().enumerate().map(|(place, space)| {
                let at = place as f64 + (index as f64 - 1.5) * BAR;
                Bar::new(at, number(&space.numbers) as f64).width(BAR * 0.86).fill(colour(palette, index))
            });
            plot.bar_chart(BarChart::new(*name, bars.collect()).color(colour(palette, index)).allow_hover(false));
        }
    });
    let (transform, response) = (shown.transform, shown.response);
    let total: u64 = spaces.iter().map(|space| space.numbers.all).sum();
    let number = spaces.len() as u64;
    let summary = format!("Connector spaces chart: {}, {}", plural(number, "connector"), plural(total, "object"));
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, &summary));
    let at = transform.value_from_position(response.hover_pos()?).x.round();
    let space = (at >= 0.0).then(|| spaces.get(at as usize)).flatten()?;
    let clicked = response.clicked();
    response.on_hover_cursor(CursorIcon::PointingHand).on_hover_ui_at_pointer(|ui| {
        ui.label(&space.name);
        for (name, number) in BARS {
            ui.label(format!("{name}: {}", count(number(&space.numbers))));
        }
        ui.weak("Click to show the connector");
    });
    clicked.then_some(space.id)
}

/// The name of the connector at a mark, cut to what there is room for.
fn name_at(mark: GridMark, names: &[String], room: usize) -> String {
    let name = (mark.value > -0.5).then(|| names.get(mark.value.round() as usize)).flatten();
    let Some(name) = name else { return String::new() };
    if name.chars().count() <= room.max(4) {
        return name.clone();
    }
    name.chars().take(room.max(4) - 1).chain(['…']).collect()
}

fn colour(palette: &Palette, index: usize) -> Color32 {
    palette.series.get(index).copied().unwrap_or(palette.text_weak)
}

fn legend(ui: &mut Ui, palette: &Palette) {
    facts::section(ui, "Objects per Connector");
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 2.0;
        for (index, (name, _)) in BARS.iter().enumerate() {
            let text = WidgetText::from(RichText::new(*name).small().color(palette.text));
            let galley = text.into_galley(ui, Some(TextWrapMode::Extend), f32::INFINITY, TextStyle::Small);
            // Sign and word are one thing, so that they stay on one line.
            let (place, response) = ui.allocate_exact_size(galley.size() + vec2(24.0, 0.0), Sense::hover());
            response.widget_info(|| WidgetInfo::labeled(Role::Label, true, *name));
            let sign = egui::Rect::from_center_size(place.left_center() + vec2(12.0, 1.0), vec2(9.0, 9.0));
            ui.painter().rect_filled(sign, 2.0, colour(palette, index));
            ui.painter().galley(place.min + vec2(21.0, 0.0), galley, palette.text);
        }
    });
}

/// The numbers that the chart draws.
struct SpaceTable;

const COLUMNS: [Column; 7] = [
    Column::text("Name", 150.0),
    Column::number("Total", 76.0),
    Column::number("Connectors", 90.0),
    Column::number("Disconnectors", 104.0),
    Column::number("Pending Import", 110.0),
    Column::number("Pending Export", 110.0),
    Column::number("Placeholders", 96.0).optional(),
];

fn number(space: &Space, column: usize) -> u64 {
    let numbers = &space.numbers;
    match column {
        1 => numbers.all,
        6 => numbers.placeholder,
        column => BARS.get(column.saturating_sub(2)).map_or(0, |(_, number)| number(numbers)),
    }
}

impl GridModel for SpaceTable {
    type Row = Space;

    fn name(&self) -> &'static str {
        "Objects per connector"
    }

    fn columns(&self) -> &[Column] {
        &COLUMNS
    }

    fn key(&self, row: &Space) -> RowKey {
        RowKey::from(row.id.0.unsigned_abs())
    }

    fn row_name(&self, row: &Space) -> String {
        let bars = BARS.map(|(name, number)| format!("{} {}", count(number(&row.numbers)), name.to_lowercase()));
        format!("{}: {}, {}", row.name, plural(row.numbers.all, "object"), bars.join(", "))
    }

    fn text(&self, row: &Space, column: usize) -> String {
        if column == 0 { row.name.clone() } else { count(number(row, column)) }
    }

    fn cell(&self, _: &Space, column: usize) -> Cell {
        if column == 0 { Cell::Strong } else { Cell::Text }
    }

    fn sort_key(&self, row: &Space, column: usize) -> SortKey {
        if column == 0 { SortKey::Text(row.name.to_lowercase()) } else { SortKey::Number(number(row, column).into()) }
    }

    fn empty_text(&self) -> &'static str {
        "No connector."
    }
}
