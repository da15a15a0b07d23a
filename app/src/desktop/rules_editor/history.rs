//! Former editions of a rule with what each changed, and rules that were removed; both can be brought back.

use egui::{Context, Id, Margin, RichText, Ui};
use syncline_engine::rules::RuleDifference;
use syncline_engine::service::{RemovedRuleView, RuleFateView, RuleHistoryView, RuleVersionView};
use uuid::Uuid;

use super::super::context::{Cx, question};
use super::super::format::Format;
use super::super::objects::{escaped, window};
use super::super::role::Right;
use super::super::theme;
use super::super::widgets::grid::{Cell, Column, Grid, GridModel, GridState, RowKey, RowSet, SortKey};
use super::super::widgets::requested::Requested;
use super::super::widgets::{action_ui, button_bar, diff, empty, facts, splitter};
use super::work::Task;

/// Why a removal cannot be restored.
const REMOVAL: &str = "This is the removal of the rule; restore the version before it";

/// The editions of one rule.
pub struct History {
    rule: Uuid,
    /// The name until the editions are there.
    name: String,
    view: Requested<RuleHistoryView>,
    versions: RowSet<RuleVersionView>,
    state: GridState,
    /// What restoring would change is shown, not what the change did.
    to_present: bool,
    /// What the differences were listed for.
    listed: Option<(RowKey, bool)>,
    differences: RowSet<(usize, RuleDifference)>,
    difference_state: GridState,
    share: f32,
}

impl History {
    /// Asks for the editions of a rule.
    #[must_use]
    pub fn new(cx: &Cx<'_>, rule: Uuid, name: String) -> Self {
        let mut window = Self {
            rule,
            name,
            view: Requested::default(),
            versions: RowSet::default(),
            state: GridState::default(),
            to_present: false,
            listed: None,
            differences: RowSet::default(),
            difference_state: GridState::default(),
            share: 0.5,
        };
        window.reload(cx);
        window
    }

    /// Asks again.
    pub fn reload(&mut self, cx: &Cx<'_>) {
        let rule = self.rule;
        self.view.ask(cx.worker, question(cx.backend, move |engine| engine.rule_history(rule)));
    }

    /// Takes in the answer.
    pub fn poll(&mut self) {
        if self.view.poll()
            && let Some(view) = self.view.value()
        {
            self.name.clone_from(&view.name);
            self.versions = RowSet::new(view.versions.clone());
            if self.selected().is_none()
                && let Some(first) = view.versions.first()
            {
                self.state.select(first.version.into());
            }
            self.listed = None;
        }
    }

    fn selected(&self) -> Option<&RuleVersionView> {
        let key = self.state.single()?;
        self.versions.iter().map(|(_, version)| version).find(|version| RowKey::from(version.version) == key)
    }

    fn list_differences(&mut self) {
        let wanted = self.selected().map(|version| (RowKey::from(version.version), self.to_present));
        if self.listed == wanted {
            return;
        }
        let lines = self.selected().map(|version| if self.to_present { &version.to_present } else { &version.differences });
        self.differences = RowSet::new(lines.into_iter().flatten().cloned().enumerate().collect());
        self.difference_state.clear_selection();
        self.listed = wanted;
    }

    /// Whether the selected edition can be restored; otherwise why not.
    fn restorable(&self) -> Result<u32, &'static str> {
        match self.selected() {
            None => Err("Select a version first"),
            Some(version) if version.present => Err("This is the rule as it is now"),
            Some(version) if version.fate == RuleFateView::Removed => Err(REMOVAL),
            Some(version) => Ok(version.version),
        }
    }

    /// Draws the window; false once it is closed. A task comes back when an edition shall be restored.
    pub fn show(&mut self, ctx: &Context, cx: &mut Cx<'_>, busy: bool) -> (bool, Option<Task>) {
        self.list_differences();
        let (mut open, mut close, mut task) = (true, false, None);
        let id = Id::unique("rule history");
        let room = ctx.content_rect();
        let size = egui::vec2(960.0, 560.0).min(room.size() - egui::vec2(40.0, 60.0));
        let shown = window(ctx, format!("Version History - {}", self.name)).id(id).open(&mut open).default_size(size);
        shown.min_size([480.0, 320.0]).default_pos([90.0, 80.0]).constrain_to(room).show(ctx, |ui| {
            (close, task) = self.contents(ui, cx, busy);
        });
        (open && !close && !escaped(ctx, id), task)
    }

    fn contents(&mut self, ui: &mut Ui, cx: &mut Cx<'_>, busy: bool) -> (bool, Option<Task>) {
        let right = cx.situation.role.may(Right::Administer);
        let restorable = right.and_then(|()| self.restorable().map_err(str::to_owned));
        let mut restore = false;
        let pressed = button_bar::bar(
            ui,
            |ui| {
                let hint = "The rule becomes what it was in the selected version; the present one stays in the history.";
                let button = action_ui::primary(ui, restorable.is_ok() && !busy, "Restore").on_hover_text(hint);
                let reason = restorable.as_ref().err().map_or("A change is being made", String::as_str);
                restore = button.on_disabled_hover_text(reason).clicked();
            },
            button_bar::close_and_refresh,
        );
        if pressed.refresh {
            self.reload(cx);
        }
        egui::CentralPanel::no_frame().show(ui, |ui| {
            if let Some(view) = empty::value(ui, &self.view) {
                ui.horizontal_wrapped(|ui| {
                    facts::fact(ui, "Connector", &view.connector);
                    facts::fact(ui, "State", if view.removed { "Removed" } else { "In force" });
                    if view.standard {
                        facts::fact(ui, "Standard rule", "Only whether it is enabled can be restored");
                    }
                });
                ui.add_space(4.0);
            }
            let Self { versions, state, differences, difference_state, share, to_present, .. } = self;
            splitter::vertical(
                ui,
                "Versions and differences",
                share,
                cx,
                |ui, cx| {
                    theme::card(ui.style()).inner_margin(Margin::same(1)).show(ui, |ui| {
                        let model = VersionGrid { format: cx.format };
                        Grid::new().situation(cx.situation).show(ui, &model, versions, state);
                    });
                },
                |ui, cx| {
                    ui.horizontal(|ui| {
                        ui.radio_value(to_present, false, "What this version changed");
                        ui.radio_value(to_present, true, "What restoring it would change");
                    });
                    ui.add_space(2.0);
                    theme::card(ui.style()).inner_margin(Margin::same(1)).show(ui, |ui| {
                        let model = DifferenceGrid { to_present: *to_present };
                        Grid::new().situation(cx.situation).show(ui, &model, differences, difference_state);
                    });
                },
            );
        });
        let task = restorable.ok().filter(|_| restore).map(|version| Task::Restore {
            rule: self.rule,
            name: self.name.clone(),
            version,
        });
        (pressed.close, task)
    }
}

struct VersionGrid<'a> {
    format: &'a Format,
}

const VERSIONS: [Column; 6] = [
    Column::number("Version", 76.0),
    Column::short("Changed", 154.0),
    Column::text("User", 170.0),
    Column::short("Change", 90.0),
    Column::number("Precedence", 92.0),
    Column::text("Differences", 330.0),
];

impl GridModel for VersionGrid<'_> {
    type Row = RuleVersionView;

    fn name(&self) -> &'static str {
        "Versions of the rule"
    }

    fn columns(&self) -> &[Column] {
        &VERSIONS
    }

    fn key(&self, row: &RuleVersionView) -> RowKey {
        row.version.into()
    }

    fn row_name(&self, row: &RuleVersionView) -> String {
        let present = if row.present { ", now" } else { "" };
        format!("Version {}: {}{present}", row.version, self.text(row, 3))
    }

    fn text(&self, row: &RuleVersionView, column: usize) -> String {
        match column {
            0 => row.version.to_string(),
            1 => self.format.maybe_time(row.made),
            2 => row.user.clone(),
            3 => match row.fate {
                RuleFateView::New => "created",
                RuleFateView::Removed => "removed",
                RuleFateView::Changed if row.made.is_none() => "first known",
                RuleFateView::Changed => "changed",
            }
            .to_owned(),
            4 => row.precedence.to_string(),
            _ if row.differences.is_empty() && row.present => "As it is now".to_owned(),
            _ => row.differences.iter().map(|difference| difference.what.as_str()).collect::<Vec<_>>().join(", "),
        }
    }

    fn cell(&self, row: &RuleVersionView, column: usize) -> Cell {
        match column {
            0 if row.present => Cell::Strong,
            5 => Cell::Weak,
            _ => Cell::Text,
        }
    }

    fn sort_key(&self, row: &RuleVersionView, column: usize) -> SortKey {
        match column {
            0 => SortKey::Number(row.version.into()),
            1 => row.made.map_or(SortKey::Nothing, |at| SortKey::Number(at.as_microsecond().into())),
            4 => SortKey::Number(row.precedence.into()),
            _ => SortKey::Text(self.text(row, column).to_lowercase()),
        }
    }

    fn empty_text(&self) -> &'static str {
        "Loading..."
    }
}

struct DifferenceGrid {
    to_present: bool,
}

const DIFFERENCES: [Column; 3] = [Column::text("Part", 180.0), Column::text("Before", 320.0), Column::text("After", 380.0)];

impl GridModel for DifferenceGrid {
    type Row = (usize, RuleDifference);

    fn name(&self) -> &'static str {
        "Differences"
    }

    fn columns(&self) -> &[Column] {
        &DIFFERENCES
    }

    fn key(&self, row: &Self::Row) -> RowKey {
        row.0 as RowKey
    }

    fn row_name(&self, row: &Self::Row) -> String {
        row.1.to_string()
    }

    fn text(&self, row: &Self::Row, column: usize) -> String {
        match column {
            0 => row.1.what.clone(),
            1 => row.1.before.clone(),
            _ => row.1.after.clone(),
        }
    }

    fn cell(&self, row: &Self::Row, column: usize) -> Cell {
        match column {
            0 => Cell::Strong,
            2 if !row.1.before.is_empty() && !row.1.after.is_empty() => Cell::Diff(diff::words(&row.1.before, &row.1.after)),
            _ => Cell::Text,
        }
    }

    fn tooltip(&self, row: &Self::Row, column: usize) -> Option<String> {
        let text = self.text(row, column);
        (column > 0 && text.len() > 40).then_some(text)
    }

    fn empty_text(&self) -> &'static str {
        if self.to_present { "Restoring it would change nothing." } else { "Nothing is known that it changed." }
    }
}

/// Rules that were removed.
pub struct RemovedRules {
    rules: Requested<Vec<RemovedRuleView>>,
    rows: RowSet<RemovedRuleView>,
    state: GridState,
}

/// What shall be done with a removed rule.
pub enum RemovedWish {
    /// It comes back.
    Restore(Box<Task>),
    /// Its editions are shown.
    Show(Uuid, String),
}

impl RemovedRules {
    /// Asks for the removed rules.
    #[must_use]
    pub fn new(cx: &Cx<'_>) -> Self {
        let mut window = Self { rules: Requested::default(), rows: RowSet::default(), state: GridState::default() };
        window.reload(cx);
        window
    }

    /// Asks again.
    pub fn reload(&mut self, cx: &Cx<'_>) {
        self.rules.ask(cx.worker, question(cx.backend, |engine| engine.removed_rules()));
    }

    /// Takes in the answer.
    pub fn poll(&mut self) {
        if self.rules.poll()
            && let Some(rules) = self.rules.value()
        {
            self.rows = RowSet::new(rules.clone());
        }
    }

    /// Draws the window; false once it is closed.
    pub fn show(&mut self, ctx: &Context, cx: &mut Cx<'_>, busy: bool) -> (bool, Option<RemovedWish>) {
        let (mut open, mut close, mut wish) = (true, false, None);
        let id = Id::unique("removed rules");
        let room = ctx.content_rect();
        let size = egui::vec2(880.0, 380.0).min(room.size() - egui::vec2(40.0, 60.0));
        let shown = window(ctx, "Removed Rules").id(id).open(&mut open).default_size(size).min_size([480.0, 260.0]);
        shown.default_pos([120.0, 120.0]).constrain_to(room).show(ctx, |ui| {
            let key = self.state.single();
            let selected = self.rows.iter().map(|(_, rule)| rule).find(|rule| Some(rule.guid.as_u128()) == key).cloned();
            close = button_bar::close(ui, |ui| {
                let reason = if busy { "A change is being made" } else { "Select a rule first" };
                let restore = action_ui::primary(ui, selected.is_some() && !busy, "Restore");
                let restore = restore.on_hover_text("The rule comes back as it was.").on_disabled_hover_text(reason).clicked();
                let history = ui.add_enabled(selected.is_some(), egui::Button::new("History..."));
                let history = history.on_disabled_hover_text("Select a rule first").clicked();
                if let Some(rule) = selected {
                    if restore {
                        let RemovedRuleView { guid, name, version, .. } = rule;
                        wish = Some(RemovedWish::Restore(Box::new(Task::Restore { rule: guid, name, version })));
                    } else if history {
                        wish = Some(RemovedWish::Show(rule.guid, rule.name));
                    }
                }
            });
            egui::CentralPanel::no_frame().show(ui, |ui| {
                ui.label(RichText::new("A rule that comes back gives its values with the next full synchronization.").weak());
                ui.add_space(4.0);
                if let Some(error) = self.rules.error() {
                    empty::failure(ui, error);
                }
                theme::card(ui.style()).inner_margin(Margin::same(1)).show(ui, |ui| {
                    let model = RemovedGrid { format: cx.format };
                    let response = Grid::new().situation(cx.situation).show(ui, &model, &mut self.rows, &mut self.state);
                    if let Some(rule) = response.activated.and_then(|position| self.rows.get(position)) {
                        wish = Some(RemovedWish::Show(rule.guid, rule.name.clone()));
                    }
                });
            });
        });
        (open && !close && !escaped(ctx, id), wish)
    }
}

struct RemovedGrid<'a> {
    format: &'a Format,
}

const REMOVED: [Column; 6] = [
    Column::text("Name", 260.0),
    Column::text("Connector", 170.0),
    Column::short("Direction", 90.0),
    Column::number("Precedence", 92.0),
    Column::short("Removed", 154.0),
    Column::text("User", 120.0),
];

impl GridModel for RemovedGrid<'_> {
    type Row = RemovedRuleView;

    fn name(&self) -> &'static str {
        "Removed rules"
    }

    fn columns(&self) -> &[Column] {
        &REMOVED
    }

    fn key(&self, row: &RemovedRuleView) -> RowKey {
        row.guid.as_u128()
    }

    fn row_name(&self, row: &RemovedRuleView) -> String {
        format!("Removed rule {}", row.name)
    }

    fn text(&self, row: &RemovedRuleView, column: usize) -> String {
        match column {
            0 => row.name.clone(),
            1 => row.connector.clone(),
            2 => row.direction.label().to_owned(),
            3 => row.precedence.to_string(),
            4 => self.format.time(row.removed),
            _ => row.user.clone(),
        }
    }

    fn cell(&self, _row: &RemovedRuleView, column: usize) -> Cell {
        if column == 0 { Cell::Strong } else { Cell::Text }
    }

    fn sort_key(&self, row: &RemovedRuleView, column: usize) -> SortKey {
        match column {
            3 => SortKey::Number(row.precedence.into()),
            4 => SortKey::Number(row.removed.as_microsecond().into()),
            _ => SortKey::Text(self.text(row, column).to_lowercase()),
        }
    }

    fn empty_text(&self) -> &'static str {
        "No rule was removed in the last year."
    }
}
