//! Approve Deletions: what waits for deletion is listed first, and exactly that is approved, for one export.

use std::sync::Arc;

use egui::{Align, Context, Id, Label, Layout, Margin, TextEdit, Ui, vec2};
use syncline_engine::service::{CsHit, CsScope, CsSearch, DeletionProtection, OperationFilter};
use uuid::Uuid;

use super::super::backend::{Backend, sentence};
use super::super::command::Command;
use super::super::context::{Cx, question};
use super::super::format::{count, plural};
use super::super::objects::{escaped, window};
use super::super::theme;
use super::super::widgets::badge::{self, Tone};
use super::super::widgets::grid::{Cell, Column, Grid, GridModel, GridState, RowKey, RowSet, filter_box};
use super::super::widgets::requested::Requested;
use super::super::widgets::{action_ui, empty};

const TITLE: &str = "Approve Deletions";
/// Objects read at a time.
const PAGE: u64 = 500;

/// The open window.
pub struct Approval {
    connector: String,
    staged: Requested<Vec<CsHit>>,
    rows: RowSet<CsHit>,
    grid: GridState,
    typed: String,
    approving: Requested<DeletionProtection>,
}

impl Approval {
    /// Opens for the tenant's connector and asks what waits.
    #[must_use]
    pub fn new(cx: &Cx<'_>, connector: &str) -> Self {
        let mut staged = Requested::default();
        if let Some(connector) = cx.connectors().iter().find(|candidate| candidate.name == connector) {
            let (backend, id) = (Arc::clone(cx.backend), connector.id);
            staged.ask(cx.worker, move || {
                let operations = OperationFilter { add: false, modify: false, delete: true };
                let search = CsSearch {
                    connector: id,
                    scope: CsScope::PendingExport(operations),
                    text: String::new(),
                    offset: 0,
                    limit: PAGE,
                };
                all(&*backend, search)
            });
        }
        Self {
            connector: connector.to_owned(),
            staged,
            rows: RowSet::default(),
            grid: GridState::default(),
            typed: String::new(),
            approving: Requested::default(),
        }
    }

    /// Draws the window; false once it is closed. What was approved is in `approved`.
    pub fn show(&mut self, ctx: &Context, cx: &mut Cx<'_>, approved: &mut Option<DeletionProtection>) -> bool {
        if self.staged.poll()
            && let Some(staged) = self.staged.take()
        {
            self.rows = RowSet::new(staged);
        }
        if self.approving.poll()
            && let Some(protection) = self.approving.take()
        {
            *approved = Some(protection);
            return false;
        }
        let (mut open, mut close) = (true, false);
        let id = Id::unique(TITLE);
        let room = ctx.content_rect();
        let size = vec2(720.0, 480.0).min(room.size() - vec2(60.0, 80.0));
        let shown = window(ctx, TITLE).id(id).open(&mut open).default_size(size).min_size([460.0, 300.0]).constrain_to(room);
        shown.default_pos(room.center() - size / 2.0 + vec2(24.0, 24.0)).show(ctx, |ui| close = self.contents(ui, cx));
        open && !close && !escaped(ctx, id)
    }

    fn contents(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) -> bool {
        let number = self.rows.total();
        let close = egui::Panel::bottom("approval buttons")
            .frame(egui::Frame::NONE.inner_margin(Margin { top: 8, ..Margin::ZERO }))
            .show_separator_line(false)
            .show(ui, |ui| self.foot(ui, cx, number))
            .inner;
        egui::CentralPanel::no_frame().show(ui, |ui| {
            if let Some(error) = self.staged.error() {
                empty::failure(ui, error);
            }
            let text = format!("{} waiting for export to {}.", plural(number, "deletion"), self.connector);
            ui.horizontal(|ui| {
                ui.label(if self.staged.is_pending() { "Loading...".to_owned() } else { text });
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| filter_box(ui, &mut self.grid, &self.rows, false));
            });
            theme::card(ui.style()).inner_margin(Margin::same(1)).show(ui, |ui| {
                let response = Grid::new().situation(cx.situation).show(ui, &DeletionGrid, &mut self.rows, &mut self.grid);
                if let Some(row) = response.activated.and_then(|position| self.rows.get(position)) {
                    cx.send(Command::OpenCsObject(row.guid));
                }
            });
        });
        close
    }

    fn foot(&mut self, ui: &mut Ui, cx: &Cx<'_>, number: u64) -> bool {
        let about = "The approval holds for exactly these objects: an export that would delete any other object as well sends \
                     nothing. It is used up by the next export, and gone after 24 hours.";
        ui.add(Label::new(about).wrap());
        ui.add_space(4.0);
        if let Some(error) = self.approving.error() {
            badge::strip(ui, Tone::Bad, error, |_| ());
        }
        let mut close = false;
        let mut accepted = false;
        ui.horizontal(|ui| {
            ui.label(format!("Type {number} to confirm"));
            let field = TextEdit::singleline(&mut self.typed).desired_width(90.0).id_salt("typed number");
            ui.add(field).accessible_name("Number of deletions");
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                close = ui.button("Cancel").clicked();
                let problem = if self.approving.is_pending() {
                    Some("It is being approved")
                } else if number == 0 {
                    Some("No deletion waits")
                } else if self.typed.trim() != number.to_string() && self.typed.trim() != count(number) {
                    Some("Type the number of deletions first")
                } else {
                    None
                };
                accepted = action_ui::primary(ui, problem.is_none(), "Approve Once")
                    .on_disabled_hover_text(problem.unwrap_or_default())
                    .clicked();
            });
        });
        if accepted {
            let objects: Vec<Uuid> = self.rows.iter().map(|(_, row)| row.guid).collect();
            self.approving.clear();
            self.approving.ask(cx.worker, question(cx.backend, move |engine| engine.approve_deletions(&objects)));
        }
        close
    }
}

/// All objects of a scope.
fn all(engine: &dyn Backend, mut search: CsSearch) -> Result<Vec<CsHit>, String> {
    let mut rows = Vec::new();
    loop {
        search.offset = rows.len() as u64;
        let page = engine.search_connector_space(&search).map_err(|error| sentence(&error))?;
        let end = page.rows.is_empty();
        rows.extend(page.rows);
        if end || rows.len() as u64 >= page.total {
            return Ok(rows);
        }
    }
}

struct DeletionGrid;

const COLUMNS: [Column; 3] =
    [Column::text("Display Name", 190.0), Column::short("Object Type", 96.0), Column::text("Distinguished Name", 340.0)];

impl GridModel for DeletionGrid {
    type Row = CsHit;

    fn name(&self) -> &'static str {
        "Staged deletions"
    }

    fn columns(&self) -> &[Column] {
        &COLUMNS
    }

    fn key(&self, row: &CsHit) -> RowKey {
        row.guid.as_u128()
    }

    fn row_name(&self, row: &CsHit) -> String {
        format!("CS {}", row.dn)
    }

    fn text(&self, row: &CsHit, column: usize) -> String {
        match column {
            0 => row.display_name.clone(),
            1 => row.object_type.clone(),
            _ => row.dn.clone(),
        }
    }

    fn cell(&self, _row: &CsHit, column: usize) -> Cell {
        if column == 0 { Cell::Strong } else { Cell::Text }
    }

    fn empty_text(&self) -> &'static str {
        "No deletion waits for export."
    }
}
