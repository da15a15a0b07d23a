//! "Test on object...": a rule as it stands, saved or not, tried on a real object: scope clause by clause, join rules,
//! and what every transformation gives.

use std::collections::BTreeMap;

use egui::{RichText, ScrollArea, Ui};
use syncline_engine::rules::SyncRule;
use syncline_engine::service::{RuleTrialView, StatusClass};

use super::super::context::{Cx, question};
use super::super::objects::explain::flows::{FlowGrid, FlowKind, FlowRow, flow_rows};
use super::super::objects::explain::joins::{JoinGrid, JoinRow, join_rows};
use super::super::objects::explain::scope::{ScopeGrid, ScopeRow, scope_rows};
use super::super::widgets::grid::{Grid, GridState, RowSet, filter_box};
use super::super::widgets::requested::Requested;
use super::super::widgets::{badge, empty, facts};
use super::finder::{Finder, Found};

/// Rows of a list shown without scrolling.
const MOST_ROWS: u64 = 12;

/// State of the trial.
#[derive(Default)]
pub struct RuleTrial {
    finder: Finder,
    /// The object and the rule that the answer is for.
    asked: Option<(Found, SyncRule)>,
    answer: Requested<RuleTrialView>,
    scope: RowSet<ScopeRow>,
    scope_state: GridState,
    joins: RowSet<JoinRow>,
    joins_state: GridState,
    flows: RowSet<FlowRow>,
    flows_state: GridState,
}

impl RuleTrial {
    /// Takes in answers.
    pub fn poll(&mut self) {
        self.finder.poll();
        if self.answer.poll()
            && let Some(trial) = self.answer.value()
        {
            self.scope = scope_rows(std::slice::from_ref(&trial.scope));
            self.joins = join_rows(&trial.joins);
            self.flows = flow_rows(&trial.flows, None, &BTreeMap::new());
        }
    }

    /// Draws the trial of a rule as it stands.
    pub fn show(&mut self, ui: &mut Ui, cx: &mut Cx<'_>, rule: &SyncRule) {
        self.finder.show(ui, cx, rule, self.answer.is_pending());
        let wanted = self.finder.chosen().map(|found| (found.clone(), rule.clone()));
        if self.asked != wanted {
            if let Some((found, rule)) = wanted.clone() {
                let guid = found.guid;
                self.answer.ask(cx.worker, question(cx.backend, move |engine| engine.try_rule(&rule, guid)));
            } else {
                self.answer.clear();
            }
            self.asked = wanted;
        }
        let Some((found, _)) = &self.asked else { return };
        ui.horizontal(|ui| {
            ui.label(RichText::new("On").weak());
            if ui.link(&found.name).on_hover_text(&found.about).clicked() {
                cx.send(found.open(rule.direction));
            }
        });
        ScrollArea::vertical().id_salt("rule trial").auto_shrink(false).show(ui, |ui| self.lists(ui, cx));
    }

    fn lists(&mut self, ui: &mut Ui, cx: &Cx<'_>) {
        if let Some(error) = self.answer.error() {
            empty::failure(ui, error);
            return;
        }
        let Some(trial) = self.answer.value() else { return };
        let (class, verdict) = if trial.scope.in_scope {
            (StatusClass::Success, "The object is in scope of the rule.".to_owned())
        } else {
            (StatusClass::Error, format!("The object is out of scope of the rule: {}", trial.scope.failing))
        };
        ui.horizontal_wrapped(|ui| {
            badge::severity_icon(ui, class);
            ui.add(egui::Label::new(verdict).wrap());
        });
        ui.add_space(6.0);
        facts::section(ui, "Scoping filter");
        let model = ScopeGrid { name: "Scope of the rule" };
        Grid::new().rows(MOST_ROWS).situation(cx.situation).show(ui, &model, &mut self.scope, &mut self.scope_state);
        ui.add_space(8.0);
        facts::section(ui, "Join rules");
        if !trial.join_note.is_empty() {
            ui.add(egui::Label::new(RichText::new(&trial.join_note).weak()).wrap());
        }
        if self.joins.total() > 0 {
            Grid::new().rows(MOST_ROWS).situation(cx.situation).show(ui, &JoinGrid, &mut self.joins, &mut self.joins_state);
        }
        ui.add_space(8.0);
        ui.horizontal(|ui| {
            facts::section(ui, "Transformations");
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                filter_box(ui, &mut self.flows_state, &self.flows, false);
            });
        });
        let model = FlowGrid::new(FlowKind::Trial);
        Grid::new().rows(MOST_ROWS).situation(cx.situation).show(ui, &model, &mut self.flows, &mut self.flows_state);
    }
}
