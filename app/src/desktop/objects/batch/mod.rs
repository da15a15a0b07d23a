//! One operation on many objects of a connector: tried first, with a result for each, then done.

mod work;

use std::sync::Arc;
use std::time::Duration;

use egui::{Align, ComboBox, Layout, Margin, TextEdit, Ui};
use syncline_engine::connector::CancelToken;
use syncline_engine::service::{StatusClass, SyncMode};
use uuid::Uuid;

use super::super::action::Action;
use super::super::command::{BatchStart, Command};
use super::super::context::Cx;
use super::super::format::{count, plural};
use super::super::role::Right;
use super::super::theme;
use super::super::widgets::badge::{self, Tone};
use super::super::widgets::grid::{Cell, Column, Grid, GridModel, GridState, RowKey, RowSet, filter_box};
use super::super::widgets::requested::Requested;
use super::super::widgets::{action_ui, button_bar, empty};
use super::search_cs::{OBJECT_ACTIONS, object_command};
use work::{Operation, Outcome, Results, State};

/// What is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Preview,
    Commit,
    Join,
    Disconnect,
    SetType,
}

const KINDS: [(Kind, &str, &str); 5] = [
    (Kind::Preview, "Preview", "Tells what synchronizing each object would do. Nothing is written."),
    (Kind::Commit, "Commit Preview", "Synchronizes each object; what that stages is exported by the next run."),
    (Kind::Join, "Join", "Joins each disconnector to the one metaverse object with the same value, as an explicit connector."),
    (Kind::Disconnect, "Disconnect", "Takes each object's metaverse object away."),
    (Kind::SetType, "Set Disconnector Type", "Makes disconnectors explicit, which rules leave alone, or normal again."),
];

#[derive(Clone, Debug, PartialEq, Eq)]
struct Line {
    guid: Uuid,
    dn: String,
    outcome: Outcome,
}

/// State of the window.
pub struct Batch {
    start: BatchStart,
    kind: Kind,
    full: bool,
    explicit: bool,
    own: String,
    metaverse: String,
    lines: Vec<Line>,
    rows: RowSet<Line>,
    grid: GridState,
    /// What the results stand for.
    tried: Option<Operation>,
    done: bool,
    /// How many of this pass are finished, of how many.
    progress: (u64, u64),
    results: Results,
    cancel: CancelToken,
    working: Requested<bool>,
}

impl Drop for Batch {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}

impl Batch {
    /// Opens on objects.
    #[must_use]
    pub fn new(start: BatchStart) -> Self {
        let lines: Vec<Line> =
            start.objects.iter().map(|(guid, dn)| Line { guid: *guid, dn: dn.clone(), outcome: Outcome::default() }).collect();
        Self {
            rows: RowSet::new(lines.clone()),
            lines,
            start,
            kind: Kind::Preview,
            full: true,
            explicit: false,
            own: "mail".to_owned(),
            metaverse: "mail".to_owned(),
            grid: GridState::default(),
            tried: None,
            done: false,
            progress: (0, 0),
            results: Results::default(),
            cancel: CancelToken::default(),
            working: Requested::default(),
        }
    }

    /// What it was opened for.
    #[must_use]
    pub fn start(&self) -> &BatchStart {
        &self.start
    }

    /// Title of the window.
    #[must_use]
    pub fn title(&self) -> String {
        format!("Batch - {} of {}", plural(self.lines.len() as u64, "object"), self.start.connector)
    }

    fn operation(&self) -> Operation {
        let mode = if self.full { SyncMode::Full } else { SyncMode::Delta };
        match self.kind {
            Kind::Preview => Operation::Preview(mode),
            Kind::Commit => Operation::Commit(mode),
            Kind::Join => Operation::Join { own: self.own.trim().to_owned(), metaverse: self.metaverse.trim().to_owned() },
            Kind::Disconnect => Operation::Disconnect { explicit: self.explicit },
            Kind::SetType => Operation::SetType { explicit: self.explicit },
        }
    }

    /// Takes in results.
    pub fn poll(&mut self, cx: &mut Cx<'_>) {
        let finished = self.working.poll();
        let came = self.results.drain();
        if !came.is_empty() {
            self.progress.0 += came.len() as u64;
            for (index, outcome) in came {
                if let Some(line) = self.lines.get_mut(index) {
                    line.outcome = outcome;
                }
            }
            self.rows = RowSet::new(self.lines.clone());
        }
        if finished && self.working.take() == Some(true) {
            self.done = true;
            cx.send(Command::Do(Action::Refresh));
        }
    }

    fn begin(&mut self, cx: &Cx<'_>, commit: bool) {
        let operation = self.operation();
        if !commit {
            for line in &mut self.lines {
                line.outcome = Outcome::default();
            }
            self.rows = RowSet::new(self.lines.clone());
            self.done = false;
        }
        let wanted = |line: &Line| !commit || line.outcome.state == State::Tried;
        let objects: Vec<(usize, Uuid, Outcome)> = self
            .lines
            .iter()
            .enumerate()
            .filter(|(_, line)| wanted(line))
            .map(|(index, line)| (index, line.guid, line.outcome.clone()))
            .collect();
        self.tried = Some(operation.clone());
        self.progress = (0, objects.len() as u64);
        self.results = Results::new(self.lines.len());
        self.cancel = CancelToken::default();
        let (results, cancel, backend) = (self.results.clone(), self.cancel.clone(), Arc::clone(cx.backend));
        self.working.clear();
        self.working.ask(cx.worker, move || {
            work::run(&*backend, &operation, &objects, commit, &cancel, &results);
            Ok(commit)
        });
    }

    fn count(&self, state: State) -> u64 {
        self.lines.iter().filter(|line| line.outcome.state == state).count() as u64
    }

    /// Draws the contents; true when the window shall close.
    pub fn show(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) -> bool {
        let busy = self.working.is_pending();
        if busy {
            ui.ctx().request_repaint_after(Duration::from_millis(250));
        }
        ui.add_enabled_ui(!busy, |ui| self.choice(ui));
        ui.add_space(4.0);
        let close = self.buttons(ui, cx);
        egui::CentralPanel::no_frame().show(ui, |ui| {
            if let Some(error) = self.working.error() {
                empty::failure(ui, error);
            }
            self.summary(ui);
            theme::card(ui.style()).inner_margin(Margin::same(1)).show(ui, |ui| {
                let response = Grid::new().situation(cx.situation).show(ui, &LineGrid, &mut self.rows, &mut self.grid);
                if let Some(line) = response.activated.and_then(|position| self.rows.get(position)) {
                    cx.send(Command::OpenCsObject(line.guid));
                }
                if let Some((action, position)) = response.action
                    && let Some(line) = self.rows.get(position)
                {
                    cx.send(object_command(action, &self.start.connector, line.guid, &line.dn));
                }
            });
        });
        close
    }

    fn choice(&mut self, ui: &mut Ui) {
        ui.horizontal_wrapped(|ui| {
            let label = ui.label("Operation");
            let (text, about) =
                KINDS.iter().find(|(kind, ..)| *kind == self.kind).map_or(("", ""), |(_, text, about)| (*text, *about));
            let combo = ComboBox::from_id_salt("operation").selected_text(text).width(190.0).show_ui(ui, |ui| {
                for (kind, text, about) in KINDS {
                    ui.selectable_value(&mut self.kind, kind, text).on_hover_text(about);
                }
            });
            combo.response.labelled_by(label.id).on_hover_text(about);
            match self.kind {
                Kind::Preview | Kind::Commit => {
                    ui.radio_value(&mut self.full, true, "Full Synchronization");
                    ui.radio_value(&mut self.full, false, "Delta Synchronization");
                }
                Kind::Disconnect | Kind::SetType => {
                    ui.radio_value(&mut self.explicit, false, "Disconnector")
                        .on_hover_text("Join and projection rules apply again.");
                    ui.radio_value(&mut self.explicit, true, "Explicit Disconnector")
                        .on_hover_text("No rule joins or projects it.");
                }
                Kind::Join => {
                    let field = |text| TextEdit::singleline(text).desired_width(130.0);
                    ui.label("where its");
                    ui.add(field(&mut self.own).id_salt("own")).accessible_name("Attribute of the object");
                    ui.label("equals the metaverse's");
                    ui.add(field(&mut self.metaverse).id_salt("metaverse")).accessible_name("Attribute of the metaverse object");
                }
            }
        });
        let about = KINDS.iter().find(|(kind, ..)| *kind == self.kind).map_or("", |(.., about)| *about);
        ui.add(egui::Label::new(egui::RichText::new(about).weak()).wrap());
    }

    fn summary(&mut self, ui: &mut Ui) {
        let (done, of) = self.progress;
        if self.working.is_pending() {
            let share = done as f32 / of.max(1) as f32;
            badge::progress_bar(ui, ui.available_width(), Some(share), &format!("{} of {}", count(done), plural(of, "object")));
            ui.add_space(4.0);
        }
        let deleting = self.lines.iter().filter(|line| line.outcome.deletes && line.outcome.state == State::Tried).count();
        if deleting > 0 && !self.done {
            let text = format!("{} would delete something, here or in a target.", plural(deleting as u64, "object"));
            badge::strip(ui, Tone::Bad, &text, |_| ());
        }
        ui.horizontal(|ui| {
            for (state, tone) in
                [(State::Done, Tone::Info), (State::Tried, Tone::Info), (State::LeftOut, Tone::Plain), (State::Failed, Tone::Bad)]
            {
                let number = self.count(state);
                if number > 0 {
                    badge::chip(ui, &format!("{}: {}", state.word(), count(number)), tone);
                }
            }
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| filter_box(ui, &mut self.grid, &self.rows, false));
        });
        ui.add_space(2.0);
    }

    fn buttons(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) -> bool {
        let busy = self.working.is_pending();
        let current = self.tried.as_ref() == Some(&self.operation());
        let ready = self.count(State::Tried);
        let incomplete = self.kind == Kind::Join && (self.own.trim().is_empty() || self.metaverse.trim().is_empty());
        let verb = match self.kind {
            Kind::Preview => None,
            Kind::Commit => Some("Commit"),
            Kind::Join => Some("Join"),
            Kind::Disconnect => Some("Disconnect"),
            Kind::SetType => Some("Set Type"),
        };
        let (mut attempt, mut commit, mut stop) = (false, false, false);
        let close = button_bar::bar(
            ui,
            |ui| stop = ui.add_enabled(busy, egui::Button::new("Stop")).on_hover_text("End after the object at hand").clicked(),
            |ui| {
                let close = button_bar::close_button(ui);
                let right = cx.situation.role.may(Right::Administer);
                let possible = !busy && current && ready > 0 && !self.done && right.is_ok();
                if let Some(verb) = verb {
                    let first = if self.done { "It is done" } else { "Try it first" };
                    let reason = right.err().unwrap_or_else(|| first.to_owned());
                    let text = if possible { format!("{verb} {}", plural(ready, "Object")) } else { verb.to_owned() };
                    commit = action_ui::primary(ui, possible, &text).on_disabled_hover_text(reason).clicked();
                }
                let text = if verb.is_some() { "Try" } else { "Generate Previews" };
                let about = "Tells for every object what would happen; nothing is written.";
                let may = !busy && !incomplete;
                let reason = if busy { "It is being tried" } else { "Name both attributes first" };
                let button =
                    if verb.is_some() { ui.add_enabled(may, egui::Button::new(text)) } else { action_ui::primary(ui, may, text) };
                attempt = button.on_hover_text(about).on_disabled_hover_text(reason).clicked();
                close
            },
        );
        if stop {
            self.cancel.cancel();
        }
        if attempt || commit {
            self.begin(cx, commit);
        }
        close
    }
}

struct LineGrid;

const COLUMNS: [Column; 3] =
    [Column::text("Distinguished Name", 330.0), Column::short("Status", 100.0), Column::text("Result", 380.0)];

impl GridModel for LineGrid {
    type Row = Line;

    fn name(&self) -> &'static str {
        "Batch objects"
    }

    fn columns(&self) -> &[Column] {
        &COLUMNS
    }

    fn key(&self, row: &Line) -> RowKey {
        row.guid.as_u128()
    }

    fn row_name(&self, row: &Line) -> String {
        format!("CS {}: {}", row.dn, row.outcome.state.word())
    }

    fn text(&self, row: &Line, column: usize) -> String {
        match column {
            0 => row.dn.clone(),
            1 => row.outcome.state.word().to_owned(),
            _ => row.outcome.text.clone(),
        }
    }

    fn cell(&self, row: &Line, column: usize) -> Cell {
        match (column, row.outcome.state) {
            (0, _) => Cell::Strong,
            (1, State::Done) => Cell::Status(StatusClass::Success),
            (1, State::Failed) => Cell::Status(StatusClass::Error),
            (1, State::Tried) if row.outcome.deletes => Cell::Status(StatusClass::Warning),
            (1, _) => Cell::Aside,
            _ => Cell::Text,
        }
    }

    fn actions(&self) -> &[Action] {
        &OBJECT_ACTIONS
    }

    fn empty_text(&self) -> &'static str {
        "No object is selected."
    }
}
