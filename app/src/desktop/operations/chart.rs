//! One chart over the finished runs: a measure on the height, the start of the run on the width.

use std::collections::{BTreeMap, BTreeSet};

use egui::{
    Color32, CursorIcon, Pos2, RichText, Role, Sense, Shape, Stroke, TextStyle, TextWrapMode, Ui, WidgetInfo, WidgetText, vec2,
};
use egui_plot::{Line, MarkerShape, Plot, PlotPoint, PlotPoints, PlotTransform, Points};
use jiff::Timestamp;
use syncline_engine::model::{ConnectorId, RunId};
use syncline_engine::service::RunSummary;

use super::super::format::{Format, count, plural};
use super::super::theme::Palette;
use super::super::widgets::facts;
use super::axis::{marks, seconds_text, time_marks, time_step, time_text, value_step};

/// What is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// How long runs took, a line per profile.
    Duration,
    /// Objects added, updated and deleted.
    Objects,
    /// Errors of objects.
    Errors,
}

/// How a series is marked: in shape and colour, never in colour alone.
const LOOKS: [MarkerShape; 6] =
    [MarkerShape::Circle, MarkerShape::Square, MarkerShape::Up, MarkerShape::Diamond, MarkerShape::Down, MarkerShape::Right];

/// The shape of a series.
fn look(number: usize) -> MarkerShape {
    LOOKS.get(number).copied().unwrap_or(MarkerShape::Circle)
}

/// Name of the series of all profiles for which no look is left.
const OTHERS: &str = "Other profiles";

impl Measure {
    /// All, in the order shown.
    pub const ALL: [Self; 3] = [Self::Duration, Self::Objects, Self::Errors];

    fn title(self) -> &'static str {
        match self {
            Self::Duration => "Duration",
            Self::Objects => "Objects",
            Self::Errors => "Errors",
        }
    }

    fn value_text(self, value: f64) -> String {
        match self {
            Self::Duration => seconds_text(value),
            Self::Objects | Self::Errors => count(value.round().max(0.0) as u64),
        }
    }

    fn colour(self, palette: &Palette, look: usize) -> Color32 {
        let own = match self {
            Self::Duration => palette.series.get(look),
            Self::Objects => [&palette.good, &palette.warn, &palette.bad].get(look).copied(),
            Self::Errors => Some(&palette.bad),
        };
        own.copied().unwrap_or(palette.text_weak)
    }
}

/// A run in a series.
#[derive(Clone, Debug, PartialEq)]
struct Dot {
    run: RunId,
    at: f64,
    value: f64,
    /// What a tooltip says before the value.
    what: String,
}

#[derive(Debug)]
struct Series {
    name: String,
    look: usize,
    /// Points of one connector follow each other in time.
    lines: Vec<Vec<Dot>>,
}

/// A chart, ready to be drawn in every frame.
#[derive(Debug)]
pub struct Chart {
    measure: Measure,
    series: Vec<Series>,
    runs: u64,
    highest: f64,
}

/// The time that the width of a chart stands for, in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Span {
    first: f64,
    last: f64,
}

impl Span {
    /// From one moment to another, with a little room at both ends.
    #[must_use]
    pub fn new(first: Timestamp, last: Timestamp) -> Self {
        let (first, last) = (seconds(first), seconds(last));
        let room = ((last - first) * 0.03).max(60.0);
        Self { first: first - room, last: last + room }
    }
}

fn seconds(at: Timestamp) -> f64 {
    at.as_millisecond() as f64 / 1000.0
}

impl Chart {
    /// A chart of finished runs, in any order.
    #[must_use]
    pub fn new(measure: Measure, runs: &[RunSummary]) -> Self {
        let mut runs: Vec<&RunSummary> = runs.iter().collect();
        runs.sort_by_key(|run| (run.started, run.id));
        let series = match measure {
            Measure::Duration => durations(&runs),
            Measure::Objects => vec![
                counted("Adds", 0, &runs, |run| run.adds),
                counted("Updates", 1, &runs, |run| run.updates),
                counted("Deletes", 2, &runs, |run| run.deletes),
            ],
            Measure::Errors => vec![counted("Errors", 0, &runs, |run| run.errors)],
        };
        let highest = series.iter().flat_map(Series::dots).map(|dot| dot.value).fold(0.0, f64::max);
        Self { measure, series, runs: runs.len() as u64, highest }
    }

    /// Draws it; the run whose point was clicked.
    pub fn show(&self, ui: &mut Ui, format: &Format, span: &Span, selected: Option<RunId>) -> Option<RunId> {
        let palette = Palette::of(ui.style());
        self.caption(ui, palette);
        let (width, height) = (ui.available_width().max(1.0), ui.available_height().max(40.0));
        let top = if self.highest > 0.0 { self.highest * 1.18 } else { 1.0 };
        let measure = self.measure;
        let zone = format.zone.clone();
        let across = span.last - span.first;
        let plot = Plot::new(measure.title())
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
            .grid_color(palette.line_strong)
            .y_axis_min_width(if width > 500.0 { 86.0 } else { 54.0 })
            .x_grid_spacer({
                let zone = zone.clone();
                move |input| time_marks(&input, time_step(across, width), &zone)
            })
            .y_grid_spacer(move |input| marks(input.bounds, value_step(measure == Measure::Duration, top, height), 0.0))
            .x_axis_formatter(move |mark, _| time_text(mark, &zone))
            .y_axis_formatter(move |mark, _| measure.value_text(mark.value));
        let response = plot.show(ui, |plot| {
            plot.set_plot_bounds_x(span.first..=span.last);
            plot.set_plot_bounds_y(-top * 0.04..=top);
            for series in &self.series {
                series.draw(plot, measure, palette);
            }
        });
        let (transform, response) = (response.transform, response.response);
        response.widget_info(|| WidgetInfo::labeled(Role::Image, true, self.summary()));
        if let Some(run) = selected {
            for dot in self.series.iter().flat_map(Series::dots).filter(|dot| dot.run == run) {
                ring(ui, place(&transform, dot), palette.text_strong);
            }
        }
        let (series, dot) = self.nearest(&transform, response.hover_pos()?)?;
        ring(ui, place(&transform, dot), measure.colour(palette, series.look));
        let clicked = response.clicked();
        response.on_hover_cursor(CursorIcon::PointingHand).on_hover_ui_at_pointer(|ui| {
            ui.label(&dot.what);
            ui.weak(time_of(dot, format));
            ui.label(format!("{}: {}", series.name, measure.value_text(dot.value)));
            ui.weak("Click to show the run");
        });
        clicked.then_some(dot.run)
    }

    /// What a screen reader says; the numbers themselves stand in the table.
    fn summary(&self) -> String {
        let highest = self.measure.value_text(self.highest);
        format!("{} chart: {}, highest {highest}", self.measure.title(), plural(self.runs, "run"))
    }

    fn caption(&self, ui: &mut Ui, palette: &Palette) {
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 4.0;
            facts::section(ui, self.measure.title());
            if self.series.len() < 2 {
                return;
            }
            for (index, series) in self.series.iter().enumerate() {
                let text = WidgetText::from(RichText::new(&series.name).small().color(palette.text));
                let galley = text.into_galley(ui, Some(TextWrapMode::Extend), f32::INFINITY, TextStyle::Small);
                let last = index + 1 == self.series.len();
                if ui.available_width() < galley.size().x + if last { 30.0 } else { 60.0 } {
                    let left: Vec<&str> = self.series.iter().skip(index).map(|series| series.name.as_str()).collect();
                    ui.label(RichText::new("...").small()).on_hover_text(left.join(", "));
                    return;
                }
                ui.add_space(8.0);
                let (place, _) = ui.allocate_exact_size(vec2(11.0, 14.0), Sense::hover());
                marker(ui, place.center() + vec2(0.0, 1.0), look(series.look), self.measure.colour(palette, series.look));
                ui.label(galley);
            }
        });
    }

    fn nearest(&self, transform: &PlotTransform, pointer: Pos2) -> Option<(&Series, &Dot)> {
        let dots = self.series.iter().flat_map(|series| series.dots().map(move |dot| (series, dot)));
        let near = dots.map(|found| (place(transform, found.1).distance(pointer), found));
        near.filter(|(distance, _)| *distance <= 12.0).min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, found)| found)
    }
}

impl Series {
    fn dots(&self) -> impl Iterator<Item = &Dot> {
        self.lines.iter().flatten()
    }

    fn draw(&self, plot: &mut egui_plot::PlotUi<'_>, measure: Measure, palette: &Palette) {
        let colour = measure.colour(palette, self.look);
        for dots in &self.lines {
            let points = || PlotPoints::Owned(dots.iter().map(|dot| PlotPoint::new(dot.at, dot.value)).collect());
            if measure == Measure::Duration {
                let line = Line::new(self.name.as_str(), points()).stroke(Stroke::new(1.3, colour.gamma_multiply(0.55)));
                plot.line(line.allow_hover(false));
            }
            let marks = Points::new(self.name.as_str(), points()).shape(look(self.look)).radius(3.4).filled(true).color(colour);
            let marks = if measure == Measure::Duration { marks } else { marks.stems(0.0) };
            plot.points(marks.allow_hover(false));
        }
    }
}

fn place(transform: &PlotTransform, dot: &Dot) -> Pos2 {
    transform.position_from_point(&PlotPoint::new(dot.at, dot.value))
}

fn ring(ui: &Ui, center: Pos2, colour: Color32) {
    ui.painter().circle_stroke(center, 6.5, Stroke::new(1.6, colour));
}

/// Paints the sign of a series into the legend.
fn marker(ui: &Ui, center: Pos2, shape: MarkerShape, colour: Color32) {
    let corners = |corners: &[(f32, f32)]| {
        let points = corners.iter().map(|(x, y)| center + vec2(*x, *y) * 4.2).collect();
        Shape::convex_polygon(points, colour, Stroke::NONE)
    };
    ui.painter().add(match shape {
        MarkerShape::Square => corners(&[(-0.8, -0.8), (0.8, -0.8), (0.8, 0.8), (-0.8, 0.8)]),
        MarkerShape::Diamond => corners(&[(0.0, -1.0), (1.0, 0.0), (0.0, 1.0), (-1.0, 0.0)]),
        MarkerShape::Up => corners(&[(0.0, -1.0), (0.95, 0.8), (-0.95, 0.8)]),
        MarkerShape::Down => corners(&[(0.0, 1.0), (-0.95, -0.8), (0.95, -0.8)]),
        MarkerShape::Right => corners(&[(1.0, 0.0), (-0.8, 0.95), (-0.8, -0.95)]),
        _ => Shape::circle_filled(center, 3.8, colour),
    });
}

fn time_of(dot: &Dot, format: &Format) -> String {
    Timestamp::from_millisecond((dot.at * 1000.0) as i64).map(|at| format.time(at)).unwrap_or_default()
}

fn dot(run: &RunSummary, value: f64) -> Dot {
    Dot { run: run.id, at: seconds(run.started), value, what: format!("Run {}: {}, {}", run.id, run.connector, run.profile) }
}

/// A series per profile, the last one for all profiles that are too many; in it a line per connector.
fn durations(runs: &[&RunSummary]) -> Vec<Series> {
    let names: BTreeSet<&str> = runs.iter().map(|run| run.profile.as_str()).collect();
    let own = if names.len() > LOOKS.len() { LOOKS.len() - 1 } else { names.len() };
    let look_of: BTreeMap<&str, usize> = names.iter().enumerate().map(|(index, name)| (*name, index.min(own))).collect();
    let mut lines: BTreeMap<usize, BTreeMap<(ConnectorId, &str), Vec<Dot>>> = BTreeMap::new();
    for run in runs {
        let lasted = run.ended.map_or(0.0, |ended| (seconds(ended) - seconds(run.started)).max(0.0));
        let look = look_of.get(run.profile.as_str()).copied().unwrap_or(own);
        lines.entry(look).or_default().entry((run.connector_id, &run.profile)).or_default().push(dot(run, lasted));
    }
    let name = |look: usize| names.iter().nth(look).filter(|_| look < own).map_or(OTHERS, |name| *name).to_owned();
    lines.into_iter().map(|(look, lines)| Series { name: name(look), look, lines: lines.into_values().collect() }).collect()
}

fn counted(name: &str, look: usize, runs: &[&RunSummary], value: impl Fn(&RunSummary) -> u64) -> Series {
    let dots = runs.iter().map(|run| dot(run, value(run) as f64)).collect();
    Series { name: name.to_owned(), look, lines: vec![dots] }
}

#[cfg(test)]
mod tests {
    use syncline_engine::service::StatusClass;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn run(id: i64, connector: i64, profile: &str, started: i64, lasted: i64) -> RunSummary {
        RunSummary {
            id: RunId(id),
            connector_id: ConnectorId(connector),
            connector: format!("connector {connector}"),
            profile: profile.to_owned(),
            status: "success".to_owned(),
            class: StatusClass::Success,
            started: at(started),
            ended: Some(at(started + lasted)),
            user: String::new(),
            step: 1,
            steps: 1,
            adds: 3,
            updates: 2,
            deletes: 1,
            errors: 7,
        }
    }

    #[test]
    fn a_duration_series_is_a_profile_with_a_line_per_connector_in_order_of_time() {
        let runs = [run(3, 1, "Full", 300, 5), run(1, 1, "Delta", 100, 9), run(2, 1, "Full", 200, 61), run(4, 2, "Full", 250, 1)];
        let chart = Chart::new(Measure::Duration, &runs);
        let series: Vec<(&str, usize, Vec<Vec<i64>>)> = chart
            .series
            .iter()
            .map(|series| {
                let lines = series.lines.iter().map(|line| line.iter().map(|dot| dot.run.0).collect()).collect();
                (series.name.as_str(), series.look, lines)
            })
            .collect();
        assert_eq!(series, [("Delta", 0, vec![vec![1]]), ("Full", 1, vec![vec![2, 3], vec![4]])]);
        assert_eq!(chart.summary(), "Duration chart: 4 runs, highest 1 min 01 s");
    }

    #[test]
    fn profiles_beyond_the_sixth_look_share_one() {
        let runs: Vec<RunSummary> = (1..=8).map(|id| run(id, 1, &format!("P{id}"), id, 1)).collect();
        let chart = Chart::new(Measure::Duration, &runs);
        let names: Vec<&str> = chart.series.iter().map(|series| series.name.as_str()).collect();
        assert_eq!(names, ["P1", "P2", "P3", "P4", "P5", OTHERS]);
        assert_eq!(chart.series.last().unwrap().lines.len(), 3);
    }

    #[test]
    fn objects_and_errors_are_drawn_for_every_run() {
        let runs = [run(1, 1, "Full", 100, 5), run(2, 1, "Full", 200, 5)];
        let check = |measure: Measure, expected: &[(&str, f64)]| {
            let chart = Chart::new(measure, &runs);
            let found: Vec<(&str, f64)> = chart.series.iter().map(|s| (s.name.as_str(), s.lines[0][1].value)).collect();
            assert_eq!(found, expected);
            assert!(chart.series.iter().all(|series| series.dots().count() == 2));
        };
        check(Measure::Objects, &[("Adds", 3.0), ("Updates", 2.0), ("Deletes", 1.0)]);
        check(Measure::Errors, &[("Errors", 7.0)]);
    }
}
