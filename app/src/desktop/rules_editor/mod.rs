//! The Synchronization Rules Editor: rules listed and filtered, made, changed, tried out and removed (`ui.md` 10).

mod banner;
pub(super) mod choice;
mod draft;
mod export;
mod expression;
mod faults;
mod filter;
mod finder;
mod history;
mod list;
mod pages;
mod questions;
mod rule_trial;
mod window;
mod work;
mod writers;

use std::sync::Arc;

use egui::{Context, Id, Margin, RichText, Ui};
use syncline_engine::rules::{Direction, SyncRule};
use syncline_engine::service::RuleSet;
use uuid::Uuid;

use super::action::{Action, SelectedRule};
use super::command::Command;
use super::context::{Cx, question};
use super::objects::{escaped, is_on_top, window as framed};
use super::theme::{self, Palette};
use super::widgets::grid::{Grid, GridState, RowSet};
use super::widgets::requested::Requested;
use super::widgets::{action_ui, button_bar, empty};
use banner::{Banner, Wish};
use export::ExportRule;
use filter::{Filter, Uses};
use history::{History, RemovedRules, RemovedWish};
use list::{RuleGrid, RuleRow};
use questions::{Answer, Question};
use window::{RuleWindow, WindowEvent};
use work::{Done, Task};

pub(super) use questions::frame as question_frame;

const TITLE: &str = "Synchronization Rules Editor";
const HEADING: &str = "View and manage your synchronization rules";

/// The rules with what the filters ask of each.
pub struct Known {
    /// The rules.
    pub set: RuleSet,
    uses: Uses,
}

/// State of the editor.
#[derive(Default)]
pub struct RulesEditor {
    open: bool,
    raise: bool,
    known: Requested<Arc<Known>>,
    outbound: bool,
    filter: Filter,
    /// What the rows were made from: a filter and a direction. None asks for them anew.
    listed: Option<(Filter, bool)>,
    rows: RowSet<RuleRow>,
    state: GridState,
    windows: Vec<RuleWindow>,
    opened: u64,
    /// The rule that shall be opened for editing once the rules are there; asked about when it is a standard rule.
    wanted: Option<(Uuid, bool)>,
    /// A metaverse attribute, with its object type, that a new rule shall write once the rules are there.
    wanted_for: Option<(String, String)>,
    question: Option<Question>,
    work: Requested<Done>,
    banner: Option<Banner>,
    export: Option<ExportRule>,
    history: Option<History>,
    removed: Option<RemovedRules>,
}

impl RulesEditor {
    fn direction(&self) -> Direction {
        if self.outbound { Direction::Outbound } else { Direction::Inbound }
    }

    /// Opens the editor, or brings it to the front.
    fn open(&mut self, cx: &Cx<'_>) {
        self.open = true;
        self.raise = true;
        if self.known.value().is_none() && !self.known.is_pending() {
            self.ask(cx);
        }
    }

    fn ask(&mut self, cx: &Cx<'_>) {
        self.known.ask(
            cx.worker,
            question(cx.backend, |engine| {
                let set = engine.rule_set()?;
                let uses = Uses::of(&set);
                Ok(Arc::new(Known { set, uses }))
            }),
        );
    }

    /// Reads the rules again, when they were read before.
    pub fn reload(&mut self, cx: &Cx<'_>) {
        if self.open || !self.windows.is_empty() || self.known.value().is_some() {
            self.ask(cx);
        }
        if let Some(history) = &mut self.history {
            history.reload(cx);
        }
        if let Some(removed) = &mut self.removed {
            removed.reload(cx);
        }
    }

    /// What F5 does: reads the rules again; when the editor is in front, its filters are cleared as well.
    pub fn refresh(&mut self, ctx: &Context, cx: &Cx<'_>) {
        if self.open && is_on_top(ctx, Id::unique(TITLE)) {
            self.filter = Filter::default();
            self.state.filter.clear();
            self.state.sort.clear();
        }
        self.reload(cx);
    }

    /// The rule selected in the list, as far as actions need it.
    #[must_use]
    pub fn selected(&self) -> Option<SelectedRule> {
        let set = &self.known.value().filter(|_| self.open)?.set;
        let rule = self.selected_rule()?;
        let beside = |by| !rule.is_standard() && set.neighbour(rule.id, by).is_some();
        Some(SelectedRule { standard: rule.is_standard(), enabled: rule.enabled, before: beside(-1), behind: beside(1) })
    }

    fn selected_rule(&self) -> Option<&SyncRule> {
        let guid = Uuid::from_u128(self.state.single()?);
        self.known.value()?.set.rule(guid)
    }

    /// Opens a rule for editing; a standard rule after a question.
    pub fn edit(&mut self, cx: &Cx<'_>, guid: Uuid) {
        self.open(cx);
        self.wanted = Some((guid, true));
        self.open_wanted();
    }

    /// Begins a new inbound rule that flows into an attribute of a metaverse object type.
    pub fn add_for(&mut self, cx: &Cx<'_>, object_type: &str, attribute: &str) {
        self.open(cx);
        self.wanted_for = Some((object_type.to_owned(), attribute.to_owned()));
        self.open_new(cx);
    }

    fn open_new(&mut self, cx: &Cx<'_>) {
        let Some(known) = self.known.value().map(Arc::clone) else { return };
        let Some((object_type, attribute)) = self.wanted_for.take() else { return };
        self.outbound = false;
        let rule = draft::fresh_rule(&known.set, Direction::Inbound, &connector_kinds(cx));
        self.show_rule(draft::flowing_into(&known.set, rule, &object_type, &attribute), true);
        if let Some(window) = self.windows.last_mut() {
            window.show_flows();
        }
    }

    fn open_wanted(&mut self) {
        let (Some((guid, ask)), Some(known)) = (self.wanted, self.known.value()) else { return };
        let Some(rule) = known.set.rule(guid).cloned() else {
            // A clone that was just made comes with the next answer.
            if !self.known.is_pending() {
                self.wanted = None;
            }
            return;
        };
        self.wanted = None;
        self.outbound = rule.direction == Direction::Outbound;
        self.state.select(guid.as_u128());
        if let Some(window) = self.windows.iter_mut().find(|window| window.guid() == guid) {
            window.raise();
        } else if rule.is_standard() && ask {
            self.question = Some(Question::Reserved(rule));
        } else {
            self.show_rule(rule, false);
        }
    }

    fn show_rule(&mut self, rule: SyncRule, new: bool) {
        self.opened += 1;
        self.windows.push(RuleWindow::new(self.opened, rule, new));
    }

    /// Carries out an action on the selected rule.
    pub fn act(&mut self, cx: &mut Cx<'_>, action: Action) {
        if action == Action::RulesEditor {
            return self.open(cx);
        }
        let Some(known) = self.known.value().map(Arc::clone) else { return };
        if action == Action::AddRule {
            let rule = draft::fresh_rule(&known.set, self.direction(), &connector_kinds(cx));
            return self.show_rule(rule, true);
        }
        if action == Action::RemovedRules {
            self.removed = Some(RemovedRules::new(cx));
            return;
        }
        let Some(rule) = self.selected_rule().cloned() else { return };
        match action {
            Action::RuleHistory => self.history = Some(History::new(cx, rule.guid, rule.name)),
            Action::ViewRule => cx.send(Command::OpenRule(rule.guid)),
            Action::EditRule => self.edit(cx, rule.guid),
            Action::CloneRule => self.start(cx, Task::Clone { rule, disable_original: false }),
            Action::DeleteRule if rule.is_standard() => self.question = Some(Question::DeleteStandard(rule)),
            Action::DeleteRule => self.question = Some(Question::delete(cx, rule)),
            Action::EnableRule => self.start(cx, Task::Enable { rule, enabled: true }),
            Action::DisableRule => self.start(cx, Task::Enable { rule, enabled: false }),
            Action::MoveRuleUp | Action::MoveRuleDown => {
                let by = if action == Action::MoveRuleUp { -1 } else { 1 };
                if let Some(other) = known.set.neighbour(rule.id, by).cloned() {
                    self.start(cx, Task::Swap(Box::new((rule, other))));
                }
            }
            Action::ExportRule => self.export = Some(ExportRule::new(&known.set, &rule)),
            _ => {}
        }
    }

    fn start(&mut self, cx: &Cx<'_>, task: Task) {
        if !self.work.is_pending() {
            self.banner = None;
            self.work.clear();
            self.work.ask(cx.worker, task.question(cx.backend));
        }
    }

    /// Takes in answers.
    pub fn poll(&mut self, cx: &mut Cx<'_>) {
        if self.known.poll() {
            self.listed = None;
            self.open_wanted();
            self.open_new(cx);
        }
        if self.work.poll() {
            match self.work.take() {
                Some(done) => {
                    self.wanted = done.edit.map(|guid| (guid, false));
                    self.banner = Some(Banner::new(done.told, &done.change));
                }
                None => self.banner = self.work.error().map(Banner::failure),
            }
            self.ask(cx);
        }
        if let Some(question) = &mut self.question {
            question.poll();
        }
        if let Some(history) = &mut self.history {
            history.poll();
        }
        if let Some(removed) = &mut self.removed {
            removed.poll();
        }
        let known = self.known.value().map(Arc::clone);
        for window in &mut self.windows {
            if let Some(WindowEvent::Stored(told, change)) = window.poll(cx, known.as_ref()) {
                self.banner = Some(Banner::new(told, &change));
                self.open = true;
                self.listed = None;
                self.known.ask(
                    cx.worker,
                    question(cx.backend, |engine| {
                        let set = engine.rule_set()?;
                        let uses = Uses::of(&set);
                        Ok(Arc::new(Known { set, uses }))
                    }),
                );
            }
        }
        self.windows.retain(|window| !window.is_done());
    }

    /// Draws the editor and its windows.
    pub fn show(&mut self, ctx: &Context, cx: &mut Cx<'_>) {
        self.list_rules();
        let id = Id::unique(TITLE);
        if self.open {
            if std::mem::take(&mut self.raise) {
                ctx.move_to_top(egui::LayerId::new(egui::Order::Middle, id));
            }
            let room = ctx.content_rect();
            let size = egui::vec2(1380.0, 800.0).min(room.size() - egui::vec2(64.0, 104.0));
            let mut open = true;
            let shown = framed(ctx, TITLE).id(id).open(&mut open).default_size(size).min_size([640.0, 380.0]);
            shown.default_pos([18.0, 46.0]).constrain_to(room).show(ctx, |ui| self.contents(ui, cx));
            self.open = open && (self.question.is_some() || !escaped(ctx, id));
        }
        let known = self.known.value().map(Arc::clone);
        for window in &mut self.windows {
            window.show(ctx, cx, known.as_deref());
        }
        if let Some(window) = &mut self.export
            && !window.show(ctx, cx)
        {
            self.export = None;
        }
        self.show_history(ctx, cx);
        self.ask_person(ctx, cx);
    }

    fn show_history(&mut self, ctx: &Context, cx: &mut Cx<'_>) {
        let busy = self.work.is_pending();
        let mut task = None;
        if let Some(window) = &mut self.removed {
            let (open, wish) = window.show(ctx, cx, busy);
            match wish {
                Some(RemovedWish::Restore(wanted)) => task = Some(*wanted),
                Some(RemovedWish::Show(rule, name)) => self.history = Some(History::new(cx, rule, name)),
                None => {}
            }
            if !open {
                self.removed = None;
            }
        }
        if let Some(window) = &mut self.history {
            let (open, wanted) = window.show(ctx, cx, busy);
            task = wanted.or(task);
            if !open {
                self.history = None;
            }
        }
        if let Some(task) = task {
            self.open = true;
            self.start(cx, task);
        }
    }

    fn ask_person(&mut self, ctx: &Context, cx: &mut Cx<'_>) {
        let Some(question) = &mut self.question else { return };
        let Some(answer) = question.show(ctx, cx) else { return };
        self.question = None;
        match answer {
            Answer::Cancel => {}
            Answer::Do(task) => self.start(cx, *task),
            Answer::Open(rule) => self.show_rule(*rule, false),
            Answer::WhatIf(rule) => {
                if let Some(known) = self.known.value() {
                    cx.send(work::what_if(&known.set, &SyncRule { enabled: false, ..*rule }, "removed"));
                }
            }
        }
    }

    fn list_rules(&mut self) {
        let Some(known) = self.known.value() else { return };
        let wanted = (self.filter.clone(), self.outbound);
        if self.listed.as_ref() == Some(&wanted) {
            return;
        }
        self.rows = list::rows(&known.set, &known.uses, self.direction(), &self.filter);
        self.listed = Some(wanted);
    }

    fn contents(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let palette = Palette::of(ui.style());
        ui.horizontal(|ui| {
            ui.label(RichText::new(HEADING).size(17.0).color(palette.text_strong));
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                let possible = self.known.value().is_some();
                let button = action_ui::primary(ui, possible, Action::AddRule.text()).on_hover_text(Action::AddRule.tooltip());
                if button.clicked() {
                    cx.send(Action::AddRule.command());
                }
                if self.known.is_pending() || self.work.is_pending() {
                    ui.spinner();
                }
            });
        });
        ui.add_space(4.0);
        if let Some(error) = self.known.error() {
            empty::failure(ui, error);
        }
        match self.banner.as_ref().and_then(|banner| banner.show(ui, cx)) {
            Some(Wish::Dismiss) => self.banner = None,
            Some(Wish::Undo(version)) => self.start(cx, Task::Undo(version)),
            None => {}
        }
        button_bar::wrapped(ui, |ui| self.buttons(ui, cx));
        egui::Panel::left("directions")
            .frame(egui::Frame::NONE.inner_margin(Margin { right: 10, ..Margin::ZERO }))
            .show_separator_line(false)
            .resizable(false)
            .exact_size(122.0)
            .show(ui, |ui| self.directions(ui));
        egui::CentralPanel::no_frame().show(ui, |ui| {
            if let Some(known) = self.known.value() {
                self.filter.show(ui, &known.set, &known.uses, self.outbound, &self.rows, &mut self.state);
            }
            ui.add_space(4.0);
            theme::card(ui.style()).inner_margin(Margin::same(1)).show(ui, |ui| {
                let model = RuleGrid { loading: self.known.value().is_none() };
                let response = Grid::new().situation(cx.situation).show(ui, &model, &mut self.rows, &mut self.state);
                if response.activated.is_some() {
                    cx.send(Action::EditRule.command());
                }
                if let Some((action, _)) = response.action {
                    cx.send(action.command());
                }
            });
        });
    }

    fn directions(&mut self, ui: &mut Ui) {
        let before = self.outbound;
        ui.label(RichText::new("Direction").small().weak());
        for (outbound, text) in [(false, "Inbound"), (true, "Outbound")] {
            let button = egui::Button::selectable(self.outbound == outbound, text)
                .min_size(egui::vec2(ui.available_width(), 30.0))
                .right_text("");
            if ui.add(button).accessible_name(text).clicked() {
                self.outbound = outbound;
            }
        }
        if self.outbound != before {
            self.filter.leave_direction();
            self.state.clear_selection();
        }
    }

    fn buttons(&self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let enabled = cx.situation.selected_rule.is_none_or(|rule| rule.enabled);
        let toggle = if enabled { Action::DisableRule } else { Action::EnableRule };
        let own = [Action::ViewRule, Action::EditRule, Action::CloneRule, Action::DeleteRule, toggle, Action::ExportRule];
        let more = [Action::RuleHistory, Action::RemovedRules, Action::MoveRuleUp, Action::MoveRuleDown];
        let roomy = ui.available_width() > 860.0;
        for action in own.into_iter().chain(more) {
            if roomy && matches!(action, Action::MoveRuleUp | Action::RuleHistory) {
                ui.add_space(12.0);
            }
            if action_ui::button(ui, action, cx.situation) {
                cx.send(action.command());
            }
        }
    }
}

fn connector_kinds(cx: &Cx<'_>) -> Vec<(syncline_engine::model::ConnectorId, syncline_engine::service::ConnectorKind)> {
    cx.connectors().iter().map(|connector| (connector.id, connector.kind)).collect()
}
