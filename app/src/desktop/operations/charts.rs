//! Durations, objects and errors of the finished runs over time, with the same numbers in a table beside them.

use egui::{Layout, Margin, RichText, Ui, vec2};
use jiff::Timestamp;
use syncline_engine::model::RunId;
use syncline_engine::service::{Page, RunFilter, RunSummary};

use super::super::context::{Cx, question};
use super::super::format::{Format, count};
use super::super::theme;
use super::super::widgets::empty;
use super::super::widgets::grid::{Cell, Column, Grid, GridModel, GridState, RowKey, RowSet, SortKey};
use super::super::widgets::requested::Requested;
use super::chart::{Chart, Measure, Span};
use super::run_list;

/// Runs drawn; older ones are left out, and the strip says so.
const MOST: u64 = 2000;

/// State of the view.
#[derive(Default)]
pub struct Charts {
    answer: Requested<Page<RunSummary>>,
    rows: RowSet<RunSummary>,
    grid: GridState,
    charts: Vec<Chart>,
}

impl Charts {
    /// Asks for the newest runs that a filter lets through.
    pub fn ask(&mut self, cx: &Cx<'_>, filter: &RunFilter) {
        let filter = RunFilter { offset: 0, limit: MOST, ..filter.clone() };
        self.answer.ask(cx.worker, question(cx.backend, move |engine| engine.runs(&filter)));
    }

    /// Takes in the answer.
    pub fn poll(&mut self) {
        if self.answer.poll()
            && let Some(page) = self.answer.value()
        {
            let finished: Vec<RunSummary> = page.rows.iter().filter(|run| run.ended.is_some()).cloned().collect();
            self.charts = Measure::ALL.map(|measure| Chart::new(measure, &finished)).into();
            self.rows = RowSet::new(finished);
        }
    }

    /// Draws charts and table; the run that was chosen.
    pub fn show(&mut self, ui: &mut Ui, cx: &Cx<'_>, since: Option<Timestamp>) -> Option<RunId> {
        let page = empty::value(ui, &self.answer)?;
        let all = page.total;
        if self.rows.total() == 0 {
            empty::hint(
                ui,
                "No finished run to draw",
                "Runs appear here once they have finished; the filters above may hide some.",
            );
            return None;
        }
        if all > MOST {
            ui.label(RichText::new(format!("The {} newest of {} runs are drawn.", count(MOST), count(all))).weak());
        }
        let Self { rows, grid, charts, .. } = self;
        let (begins, selected) = (Begins::of(rows, since, cx.format.now), selected(grid));
        let mut pointed = None;
        beside(
            ui,
            |ui| pointed = draw_charts(ui, cx.format, charts, &begins.span(), selected),
            |ui| {
                let response = Grid::new().show(ui, &ChartTable { format: cx.format }, rows, grid);
                response.activated.and_then(|position| rows.get(position)).map(|run| run.id)
            },
        )
        .or(pointed)
    }
}

/// A chart, and beside it the table with its numbers; gives what the table gives.
pub(super) fn beside<R>(ui: &mut Ui, chart: impl FnOnce(&mut Ui), table: impl FnOnce(&mut Ui) -> R) -> R {
    let space = ui.available_size();
    // All columns fit where there is room; the chart keeps nearly half.
    let width = (space.x * 0.42).max(590.0).min(space.x * 0.55).clamp(230.0, 820.0);
    let gap = 10.0;
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = gap;
        let layout = Layout::top_down(egui::Align::Min);
        ui.allocate_ui_with_layout(vec2(space.x - width - gap, space.y), layout, chart);
        let shown = ui.allocate_ui_with_layout(vec2(width, space.y), layout, |ui| {
            theme::card(ui.style()).inner_margin(Margin::same(1)).show(ui, table).inner
        });
        shown.inner
    })
    .inner
}

fn selected(grid: &GridState) -> Option<RunId> {
    grid.single().and_then(|key| i64::try_from(key).ok()).map(RunId)
}

/// From when to when the runs drawn began.
struct Begins {
    first: Timestamp,
    last: Timestamp,
}

impl Begins {
    fn of(rows: &RowSet<RunSummary>, since: Option<Timestamp>, now: Timestamp) -> Self {
        let begins = || rows.iter().map(|(_, run)| run.started);
        let first = since.or_else(|| begins().min()).unwrap_or(now);
        let last = begins().max().unwrap_or(now);
        Self { first, last: if since.is_some() { last.max(now) } else { last } }
    }

    fn span(&self) -> Span {
        Span::new(self.first, self.last)
    }
}

fn draw_charts(ui: &mut Ui, format: &Format, charts: &[Chart], span: &Span, selected: Option<RunId>) -> Option<RunId> {
    let number = charts.len().max(1) as f32;
    let between = 8.0;
    let height = ((ui.available_height() - between * (number - 1.0)) / number).max(90.0);
    let mut chosen = None;
    ui.spacing_mut().item_spacing.y = between;
    for chart in charts {
        theme::card(ui.style()).inner_margin(Margin { left: 10, right: 12, top: 6, bottom: 4 }).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 2.0;
            ui.set_width(ui.available_width());
            ui.set_height(height - 12.0);
            let run = chart.show(ui, format, span, selected);
            chosen = chosen.or(run);
        });
    }
    chosen
}

/// The numbers that the charts draw.
struct ChartTable<'a> {
    format: &'a Format,
}

const COLUMNS: [Column; 8] = [
    Column::short("Start Time", 150.0),
    Column::text("Profile Name", 140.0),
    Column::number("Duration", 78.0),
    Column::number("Adds", 58.0),
    Column::number("Updates", 68.0),
    Column::number("Deletes", 66.0),
    Column::number("Errors", 58.0),
    Column::text("Name", 200.0).optional(),
];

impl GridModel for ChartTable<'_> {
    type Row = RunSummary;

    fn name(&self) -> &'static str {
        "Runs drawn"
    }

    fn columns(&self) -> &[Column] {
        &COLUMNS
    }

    fn key(&self, row: &RunSummary) -> RowKey {
        run_list::key(row.id)
    }

    fn row_name(&self, row: &RunSummary) -> String {
        let numbers = [("adds", row.adds), ("updates", row.updates), ("deletes", row.deletes), ("errors", row.errors)];
        let numbers: Vec<String> = numbers.iter().map(|(what, number)| format!("{} {what}", count(*number))).collect();
        let lasted = self.format.duration(row.started, row.ended);
        format!("Run {}: {}, {}, {lasted}, {}", row.id, row.connector, row.profile, numbers.join(", "))
    }

    fn text(&self, row: &RunSummary, column: usize) -> String {
        match column {
            0 => self.format.time(row.started),
            1 => row.profile.clone(),
            2 => self.format.duration(row.started, row.ended),
            3 => count(row.adds),
            4 => count(row.updates),
            5 => count(row.deletes),
            6 => count(row.errors),
            _ => row.connector.clone(),
        }
    }

    fn cell(&self, _: &RunSummary, column: usize) -> Cell {
        if column == 0 { Cell::Weak } else { Cell::Text }
    }

    fn sort_key(&self, row: &RunSummary, column: usize) -> SortKey {
        match column {
            0 => SortKey::Number(row.started.as_nanosecond()),
            2 => SortKey::Number(row.ended.unwrap_or(row.started).as_nanosecond() - row.started.as_nanosecond()),
            3 => SortKey::Number(row.adds.into()),
            4 => SortKey::Number(row.updates.into()),
            5 => SortKey::Number(row.deletes.into()),
            6 => SortKey::Number(row.errors.into()),
            _ => SortKey::Text(self.text(row, column).to_lowercase()),
        }
    }

    fn tooltip(&self, row: &RunSummary, column: usize) -> Option<String> {
        (column == 0).then(|| self.format.time_tooltip(row.started))
    }

    fn empty_text(&self) -> &'static str {
        "No finished run."
    }
}
