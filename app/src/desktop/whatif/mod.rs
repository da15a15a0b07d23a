//! The What-If window: what a synchronization of everything would do, without doing it.

mod compare;
mod form;
mod groups;
mod kept;
mod result;
mod spaces;

use egui::{Align, Context, Id, Layout, Modal, Ui};
use syncline_engine::service::WhatIfReport;

use super::command::WhatIfStart;
use super::context::{Cx, question};
use super::objects::{escaped, tabs, window};
use super::theme::Palette;
use super::widgets::grid::{Grid, GridState, RowSet};
use super::widgets::requested::Requested;
use super::widgets::{action_ui, button_bar, empty, facts};
use compare::Compare;
use form::Form;
use kept::KeptGrid;
use result::{Decision, Outcome};

const TITLE: &str = "What-If";
const NEW: usize = 0;
const KEPT: usize = 1;
const COMPARE: usize = 2;
const RESULT: usize = 3;

/// State of the window. It goes on while the window is closed.
#[derive(Default)]
pub struct WhatIf {
    open: bool,
    raise: bool,
    page: usize,
    form: Form,
    kept: Requested<Vec<WhatIfReport>>,
    rows: RowSet<WhatIfReport>,
    state: GridState,
    compare: Compare,
    outcome: Option<Outcome>,
    /// Results about to be discarded; the person is asked.
    discarding: Vec<u32>,
    deletion: Requested<()>,
}

impl WhatIf {
    /// Opens the window with fields set as somebody asked.
    pub fn open(&mut self, cx: &Cx<'_>, start: &WhatIfStart) {
        self.open = true;
        self.raise = true;
        self.page = NEW;
        self.form.begin(cx, start);
        self.reload(cx);
    }

    /// Reads the kept results again.
    fn reload(&mut self, cx: &Cx<'_>) {
        self.kept.ask(cx.worker, question(cx.backend, |engine| engine.whatifs()));
    }

    /// Takes in answers.
    pub fn poll(&mut self, cx: &Cx<'_>) {
        if let Some(report) = self.form.poll(cx) {
            self.outcome = Some(Outcome::new(cx, report));
            self.page = RESULT;
            self.reload(cx);
        }
        if self.kept.poll()
            && let Some(kept) = self.kept.value()
        {
            self.rows = RowSet::new(kept.clone());
        }
        if self.deletion.poll() {
            let gone = |number: u32| self.discarding.contains(&number);
            if self.deletion.error().is_none() && self.outcome.as_ref().is_some_and(|outcome| gone(outcome.number())) {
                self.outcome = None;
                self.page = KEPT;
            }
            self.discarding.clear();
            self.state.clear_selection();
            self.reload(cx);
        }
        self.compare.poll(cx);
        if let Some(outcome) = &mut self.outcome {
            outcome.poll(cx);
        }
    }

    /// Draws the window.
    pub fn show(&mut self, ctx: &Context, cx: &mut Cx<'_>) {
        if !self.open {
            return;
        }
        let mut open = true;
        let id = Id::unique(TITLE);
        if std::mem::take(&mut self.raise) {
            ctx.move_to_top(egui::LayerId::new(egui::Order::Middle, id));
        }
        let room = ctx.content_rect();
        let size = egui::vec2(1120.0, 680.0).min(room.size() - egui::vec2(40.0, 60.0));
        let shown = window(ctx, TITLE).id(id).open(&mut open).default_size(size).min_size([560.0, 360.0]);
        let mut close = false;
        shown.default_pos([60.0, 56.0]).constrain_to(room).show(ctx, |ui| close = self.contents(ui, cx));
        if !self.discarding.is_empty() && !self.deletion.is_pending() {
            self.ask_to_discard(ctx, cx);
        }
        self.open = open && !close && !escaped(ctx, id);
    }

    fn contents(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) -> bool {
        let mut labels = vec!["New What-If".to_owned(), "Kept Results".to_owned(), "Compare".to_owned()];
        labels.extend(self.outcome.as_ref().map(|outcome| format!("Result {}", outcome.number())));
        let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
        self.page = self.page.min(labels.len() - 1);
        if let Some(page) = tabs::bar(ui, &labels, self.page) {
            self.page = page;
            // The command line and other windows keep results too.
            if matches!(page, KEPT | COMPARE) {
                self.reload(cx);
            }
        }
        ui.add_space(6.0);
        let running = self.form.is_running();
        let left = |ui: &mut Ui| {
            if self.page == KEPT {
                self.kept_buttons(ui, cx);
            }
        };
        let close = button_bar::bar(ui, left, |ui| {
            let close = button_bar::close_button(ui);
            if running {
                ui.weak("It goes on while this window is closed.");
            }
            close
        });
        egui::CentralPanel::no_frame().show(ui, |ui| {
            if let Some(error) = self.deletion.error() {
                empty::failure(ui, error);
            }
            match self.page {
                NEW => self.form.show(ui, cx),
                KEPT => self.kept(ui, cx),
                COMPARE => self.compare.show(ui, self.kept.value().map_or(&[], Vec::as_slice)),
                _ => {
                    if let Some(outcome) = &mut self.outcome
                        && outcome.show(ui, cx) == Some(Decision::Discard)
                    {
                        self.discarding = vec![outcome.number()];
                    }
                }
            }
        });
        close
    }

    fn kept(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        if let Some(error) = self.kept.error() {
            empty::failure(ui, error);
        }
        let model = KeptGrid { format: cx.format, palette: Palette::of(ui.style()) };
        let response = Grid::new().show(ui, &model, &mut self.rows, &mut self.state);
        if let Some(report) = response.activated.and_then(|position| self.rows.get(position)).cloned() {
            self.outcome = Some(Outcome::new(cx, report));
            self.page = RESULT;
        }
    }

    fn selected(&self) -> Vec<WhatIfReport> {
        let chosen = |report: &&WhatIfReport| self.state.selected.contains(&u128::from(report.number));
        self.rows.iter().map(|(_, report)| report).filter(chosen).cloned().collect()
    }

    fn kept_buttons(&mut self, ui: &mut Ui, cx: &Cx<'_>) {
        let selected = self.selected();
        let button = |ui: &mut Ui, text: &str, possible: bool, reason: &str| {
            ui.add_enabled(possible, egui::Button::new(text)).on_disabled_hover_text(reason).clicked()
        };
        if button(ui, "Open", selected.len() == 1, "Select one result")
            && let Some(report) = selected.first()
        {
            self.outcome = Some(Outcome::new(cx, report.clone()));
            self.page = RESULT;
        }
        if button(ui, "Compare Selected", selected.len() == 2, "Select two results (Ctrl+click the second)")
            && let [first, second] = selected.as_slice()
        {
            self.compare.choose(first.number, second.number);
            self.page = COMPARE;
        }
        if button(ui, "Discard...", !selected.is_empty(), "Select results first") {
            self.discarding = selected.iter().map(|report| report.number).collect();
        }
    }

    fn ask_to_discard(&mut self, ctx: &Context, cx: &Cx<'_>) {
        let mut accepted = false;
        let mut cancelled = false;
        let numbers: Vec<String> = self.discarding.iter().map(ToString::to_string).collect();
        let modal = Modal::new(Id::unique("discard what-if")).show(ctx, |ui| {
            ui.set_width(380.0);
            facts::section(ui, "Discard What-If");
            ui.add_space(4.0);
            ui.add(
                egui::Label::new(format!("Delete the result of what-if {}? Nothing else is concerned.", numbers.join(", ")))
                    .wrap(),
            );
            ui.add_space(8.0);
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                cancelled = ui.button("Cancel").clicked();
                accepted = action_ui::primary(ui, true, "Discard").clicked();
            });
        });
        if accepted {
            let numbers = self.discarding.clone();
            self.deletion.clear();
            self.deletion.ask(
                cx.worker,
                question(cx.backend, move |engine| numbers.iter().try_for_each(|number| engine.delete_whatif(*number))),
            );
        } else if cancelled || modal.should_close() {
            self.discarding.clear();
        }
    }
}
