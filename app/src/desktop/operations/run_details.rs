//! One run in full: header, steps, statistics, connections and errors. Operations and Connectors share it.

use std::collections::BTreeMap;

use egui::{CollapsingHeader, Frame, Margin, RichText, ScrollArea, Ui};
use syncline_engine::model::RunId;
use syncline_engine::service::{
    ConnectionView, ObjectErrorView, RunDetails, RunProgress, RunSummary, StatusClass, StepDetails, status_explanation,
};

use super::super::action::Action;
use super::super::command::{Command, ErrorOccasion, RunObjects};
use super::super::context::{Cx, question};
use super::super::format::{count, plural};
use super::super::theme::Palette;
use super::super::widgets::badge::{self, Tone};
use super::super::widgets::grid::{Cell, Column, Grid, GridModel, GridState, RowKey, RowSet};
use super::super::widgets::requested::Requested;
use super::super::widgets::{empty, facts};
use super::connection::ConnectionGrid;
use super::errors::{self, ErrorGrid, ErrorList};
use super::run_list::progress_text;
use super::statistics;

/// State of the pane.
#[derive(Default)]
pub struct RunDetailsPane {
    run: Option<RunId>,
    details: Requested<RunDetails>,
    live: bool,
    step: Option<u32>,
    step_chosen: bool,
    steps: StepsList,
    lists: StepLists,
}

#[derive(Default)]
struct StepsList {
    rows: RowSet<StepRow>,
    state: GridState,
}

#[derive(Default)]
struct StepLists {
    connections: RowSet<(usize, ConnectionView)>,
    connection_state: GridState,
    errors: Vec<ErrorPart>,
}

/// A list of errors, or the part of a long one that has the same error.
struct ErrorPart {
    list: ErrorList,
    /// Errors of the whole list.
    total: usize,
    /// The error that all of them have, in a list that is long.
    code: String,
    rows: RowSet<(usize, ObjectErrorView)>,
    state: GridState,
}

/// A list of more errors than this is shown by kind of error.
const GROUPED_ABOVE: usize = 20;

#[derive(Clone)]
struct StepRow {
    number: u32,
    step_type: String,
    partition: String,
    status: String,
    class: StatusClass,
}

impl RunDetailsPane {
    /// Shows a run; `fresh` asks again even when it is shown already.
    pub fn show_run(&mut self, cx: &Cx<'_>, run: Option<RunId>, fresh: bool) {
        if self.run == run && !fresh {
            return;
        }
        if self.run != run {
            *self = Self { run, ..Self::default() };
        }
        if let Some(run) = run {
            self.details.ask(cx.worker, question(cx.backend, move |engine| engine.run(run)));
        }
    }

    /// The run shown.
    #[must_use]
    pub fn run(&self) -> Option<RunId> {
        self.run
    }

    /// Takes in the answer, and asks again while the run goes on.
    pub fn poll(&mut self, cx: &Cx<'_>, progressed: bool) {
        if self.details.poll() {
            self.take_in();
        }
        if progressed && self.live && !self.details.is_pending() {
            self.show_run(cx, self.run, true);
        }
    }

    fn take_in(&mut self) {
        let Some(details) = self.details.value() else { return };
        self.live = details.summary.class == StatusClass::Running;
        self.steps.rows = RowSet::new(details.step_details.iter().map(StepRow::of).collect());
        let known = self.step.is_some_and(|step| details.step_details.iter().any(|candidate| candidate.number == step));
        if !known || (self.live && !self.step_chosen) {
            self.step = worst_step(details);
        }
        self.fill_lists();
    }

    fn fill_lists(&mut self) {
        let Some(step) = self.details.value().and_then(|details| step_of(details, self.step)) else { return };
        self.lists.connections = RowSet::new(step.connections.iter().cloned().enumerate().collect());
        let before = std::mem::take(&mut self.lists.errors);
        let mut states: BTreeMap<_, _> = before.into_iter().map(|part| ((part.list, part.code), part.state)).collect();
        for list in ErrorList::ALL {
            let errors: Vec<_> = step.errors.iter().filter(|error| ErrorList::of(step, error) == list).cloned().collect();
            let total = errors.len();
            let mut groups: BTreeMap<String, Vec<ObjectErrorView>> = BTreeMap::new();
            for error in errors {
                let code = if total > GROUPED_ABOVE { error.error.code.to_string() } else { String::new() };
                groups.entry(code).or_default().push(error);
            }
            let mut groups: Vec<_> = groups.into_iter().collect();
            groups.sort_by_key(|(_, errors)| std::cmp::Reverse(errors.len()));
            self.lists.errors.extend(groups.into_iter().map(|(code, errors)| ErrorPart {
                list,
                total,
                state: states.remove(&(list, code.clone())).unwrap_or_default(),
                rows: RowSet::new(errors.into_iter().enumerate().collect()),
                code,
            }));
        }
    }

    /// Draws the pane.
    pub fn show(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        if self.run.is_none() {
            empty::hint(ui, "No run selected", "Select a run above to see its steps, counters and errors.");
            return;
        }
        let Some(details) = empty::value(ui, &self.details) else { return };
        let progress = cx.progress.get(&details.summary.id);
        header(ui, details, progress);
        ui.add_space(4.0);
        let Some(step) = step_of(details, self.step) else {
            ui.weak("The run has no steps yet.");
            return;
        };
        let parts = Parts {
            run: &details.summary,
            step,
            several: details.step_details.len() > 1,
            live: progress.filter(|progress| progress.step == step.number && step.class == StatusClass::Running),
        };
        let (steps, lists) = (&mut self.steps, &mut self.lists);
        let chosen =
            if ui.available_width() < STACKED { parts.stacked(ui, cx, steps, lists) } else { parts.beside(ui, cx, steps, lists) };
        if let Some(number) = chosen {
            self.step = Some(number);
            self.step_chosen = true;
            self.fill_lists();
        }
    }
}

/// Warnings shown in full; the others stand in a tooltip.
const WARNINGS: usize = 3;

/// Narrower than this, the parts stand one below the other.
const STACKED: f32 = 600.0;

/// What the pane shows of a run.
struct Parts<'a> {
    run: &'a RunSummary,
    step: &'a StepDetails,
    several: bool,
    live: Option<&'a RunProgress>,
}

impl Parts<'_> {
    /// Steps, statistics and errors beside each other; gives the step chosen.
    fn beside(&self, ui: &mut Ui, cx: &mut Cx<'_>, steps: &mut StepsList, lists: &mut StepLists) -> Option<u32> {
        let room = ui.available_width();
        let mut chosen = None;
        if self.several {
            let panel =
                egui::Panel::left("steps").resizable(true).default_size(250.0).size_range(140.0..=(room * 0.32).max(150.0));
            panel.frame(Frame::NONE).show(ui, |ui| chosen = self.steps(ui, Grid::new(), steps));
        }
        let margin = Margin { left: if self.several { 14 } else { 0 }, right: 14, ..Margin::ZERO };
        let panel =
            egui::Panel::left("statistics").resizable(true).default_size(270.0).size_range(190.0..=(room * 0.4).max(210.0));
        panel.frame(Frame::NONE.inner_margin(margin)).show(ui, |ui| {
            ScrollArea::vertical().id_salt("statistics").auto_shrink(false).show(ui, |ui| self.statistics(ui, cx));
        });
        let frame = Frame::NONE.inner_margin(Margin { left: 14, ..Margin::ZERO });
        egui::CentralPanel::no_frame().frame(frame).show(ui, |ui| {
            let area = ScrollArea::vertical().id_salt("connections and errors").auto_shrink(false);
            area.show(ui, |ui| step_facts(ui, cx, &self.run.connector, self.step, lists));
        });
        chosen
    }

    /// Steps, errors and statistics one below the other; gives the step chosen.
    fn stacked(&self, ui: &mut Ui, cx: &mut Cx<'_>, steps: &mut StepsList, lists: &mut StepLists) -> Option<u32> {
        let mut chosen = None;
        ScrollArea::vertical().id_salt("run").auto_shrink(false).show(ui, |ui| {
            if self.several {
                chosen = self.steps(ui, Grid::new().rows(4), steps);
                ui.add_space(6.0);
            }
            step_facts(ui, cx, &self.run.connector, self.step, lists);
            ui.add_space(6.0);
            self.statistics(ui, cx);
        });
        chosen
    }

    fn steps(&self, ui: &mut Ui, grid: Grid<'_>, steps: &mut StepsList) -> Option<u32> {
        steps.state.select(RowKey::from(self.step.number));
        let response = grid.show(ui, &StepGrid, &mut steps.rows, &mut steps.state);
        steps.state.single().filter(|_| response.selection_changed).and_then(|key| u32::try_from(key).ok())
    }

    fn statistics(&self, ui: &mut Ui, cx: &mut Cx<'_>) {
        facts::section(ui, "Synchronization Statistics");
        if self.step.counters.is_empty() {
            ui.weak("The step has counted nothing yet.");
        }
        if let Some((group, counter)) = statistics::show(ui, &self.step.counters, self.live) {
            cx.send(Command::OpenRunObjects(RunObjects {
                run: self.run.id,
                step: self.step.number,
                connector: self.run.connector.clone(),
                title: format!("{} {}", group.name, counter.label),
                counters: counter.parts.keys().cloned().collect(),
            }));
        }
    }
}

fn step_of(details: &RunDetails, step: Option<u32>) -> Option<&StepDetails> {
    details.step_details.iter().find(|candidate| Some(candidate.number) == step).or(details.step_details.first())
}

/// The first step with the worst result; while the run goes on the present step.
fn worst_step(details: &RunDetails) -> Option<u32> {
    if details.summary.class == StatusClass::Running {
        return details.step_details.last().map(|step| step.number);
    }
    let worst = details.step_details.iter().map(|step| step.class).max()?;
    details.step_details.iter().find(|step| step.class == worst).map(|step| step.number)
}

fn header(ui: &mut Ui, details: &RunDetails, progress: Option<&RunProgress>) {
    let palette = Palette::of(ui.style());
    let run = &details.summary;
    ui.scope(|ui| {
        ui.spacing_mut().interact_size.y = 20.0;
        ui.horizontal_wrapped(|ui| {
            badge::severity_icon(ui, run.class);
            facts::whole(ui, RichText::new(format!("Run {} of {}", run.id, run.connector)).size(16.0).color(palette.text_strong));
            facts::whole(ui, RichText::new(&run.status).color(palette.status(run.class)));
            ui.add_space(6.0);
            facts::whole(ui, RichText::new(format!("Profile Name: {}", run.profile)));
            facts::whole(ui, RichText::new(format!("User Name: {}", run.user)).weak());
        });
    });
    let explanation = status_explanation(&run.status);
    if !explanation.is_empty() && ui.available_height() > 190.0 {
        ui.label(RichText::new(explanation).weak());
    }
    if let Some(progress) = progress.filter(|_| run.class == StatusClass::Running) {
        let (share, text) = progress_text(progress);
        ui.horizontal(|ui| {
            badge::progress_bar(ui, 320.0_f32.min(ui.available_width()), share, &text);
            ui.label(RichText::new(format!("Step {} of {}: {}", progress.step, progress.steps, progress.step_type)).weak());
            if progress.errors > 0 {
                badge::chip(ui, &format!("{} errors", count(progress.errors)), Tone::Bad);
            }
        });
        if !progress.current.is_empty() {
            ui.add(egui::Label::new(RichText::new(&progress.current).small().weak()).truncate());
        }
    }
}

fn step_facts(ui: &mut Ui, cx: &mut Cx<'_>, connector: &str, step: &StepDetails, lists: &mut StepLists) {
    ui.horizontal_wrapped(|ui| {
        facts::fact(ui, "Step Type", &step.step_type);
        facts::fact(ui, "Partition", &step.partition);
        facts::fact(ui, "Status", &step.status);
        facts::fact(ui, "Start Time", &cx.format.time(step.started));
        facts::fact(ui, "End Time", &cx.format.maybe_time(step.ended));
    });
    ui.add_space(4.0);
    if !step.message.is_empty() {
        let tone = if step.class >= StatusClass::Error { Tone::Bad } else { Tone::Warn };
        badge::strip(ui, tone, &step.message, |_| ());
    }
    for warning in step.warnings.iter().take(WARNINGS) {
        badge::strip(ui, Tone::Warn, warning, |_| ());
    }
    if let Some(more) = step.warnings.len().checked_sub(WARNINGS).filter(|more| *more > 0) {
        let rest: Vec<&str> = step.warnings.iter().skip(WARNINGS).map(String::as_str).collect();
        ui.weak(format!("... and {}", plural(more as u64, "more warning"))).on_hover_text(rest.join("\n"));
    }
    if !step.connections.is_empty() {
        ui.add_space(4.0);
        facts::section(ui, "Connection Status");
        Grid::new().rows(4).show(ui, &ConnectionGrid { format: cx.format }, &mut lists.connections, &mut lists.connection_state);
    }
    let mut shown = None;
    for part in &mut lists.errors {
        if shown.replace(part.list) != Some(part.list) {
            ui.add_space(6.0);
            facts::section(ui, &format!("{} ({})", part.list.title(), part.total));
        }
        if part.code.is_empty() {
            error_list(ui, cx, connector, part);
            continue;
        }
        let title = format!("{} ({})", part.code, part.rows.total());
        let group = CollapsingHeader::new(title).id_salt((part.list.title(), &part.code)).default_open(true);
        let salt = (part.list.title(), part.code.clone());
        group.show_unindented(ui, |ui| ui.push_id(salt, |ui| error_list(ui, cx, connector, part)));
    }
}

fn error_list(ui: &mut Ui, cx: &mut Cx<'_>, connector: &str, part: &mut ErrorPart) {
    let model = ErrorGrid { list: part.list, format: cx.format };
    let response = Grid::new().rows(12).show(ui, &model, &mut part.rows, &mut part.state);
    let open_error = |row: &(usize, ObjectErrorView)| {
        Command::OpenError(Box::new(ErrorOccasion { connector: connector.to_owned(), error: row.1.clone() }))
    };
    if let Some((position, column)) = response.link
        && let Some(row) = part.rows.get(position)
    {
        match (row.1.object_guid, row.1.metaverse_guid) {
            (Some(guid), _) if column == errors::DN => cx.send(Command::OpenCsObject(guid)),
            (None, Some(guid)) if column == errors::DN => cx.send(Command::OpenMvObject(guid)),
            _ => cx.send(open_error(row)),
        }
    }
    if let Some(row) = response.activated.and_then(|position| part.rows.get(position)) {
        cx.send(open_error(row));
    }
}

impl StepRow {
    fn of(step: &StepDetails) -> Self {
        Self {
            number: step.number,
            step_type: step.step_type.clone(),
            partition: step.partition.clone(),
            status: step.status.clone(),
            class: step.class,
        }
    }
}

struct StepGrid;

const STEP_COLUMNS: [Column; 4] = [
    Column::number("Step #", 66.0),
    Column::text("Partition", 150.0),
    Column::text("Status", 150.0),
    Column::text("Step Type", 200.0).optional(),
];

impl GridModel for StepGrid {
    type Row = StepRow;

    fn name(&self) -> &'static str {
        "Step #"
    }

    fn columns(&self) -> &[Column] {
        &STEP_COLUMNS
    }

    fn key(&self, row: &StepRow) -> RowKey {
        RowKey::from(row.number)
    }

    fn row_name(&self, row: &StepRow) -> String {
        format!("Step {}: {}, {}", row.number, row.partition, row.status)
    }

    fn text(&self, row: &StepRow, column: usize) -> String {
        match column {
            0 => row.number.to_string(),
            1 => row.partition.clone(),
            2 => row.status.clone(),
            _ => row.step_type.clone(),
        }
    }

    fn cell(&self, row: &StepRow, column: usize) -> Cell {
        if column == 2 { Cell::Status(row.class) } else { Cell::Text }
    }

    fn actions(&self) -> &[Action] {
        &[]
    }

    fn empty_text(&self) -> &'static str {
        "No steps."
    }
}
