//! The rule window: four pages, what is wrong with the rule, saving.

use std::sync::Arc;

use egui::{Align, Context, Id, Layout, Margin, Modal, RichText, Ui};
use syncline_engine::rules::{Direction, RuleFault, RulePlace, SyncRule};
use syncline_engine::service::{EngineError, RuleChangeView, StatusClass};
use syncline_engine::setup::{Accept, RuleChangeError, RuleChanges};
use uuid::Uuid;

use super::super::context::{Cx, question};
use super::super::objects::{escaped, window};
use super::super::widgets::badge::{self, Tone};
use super::super::widgets::requested::Requested;
use super::super::widgets::{action_ui, button_bar, facts};
use super::draft::RuleDraft;
use super::faults::{self, Page};
use super::pages::{self, Fields, FlowPage};
use super::rule_trial::RuleTrial;
use super::{Known, questions, work};

/// Height of the list of faults, and of a long one.
const FAULTS: f32 = 32.0;
const MANY_FAULTS: f32 = 78.0;

/// What came back from saving.
enum Saved {
    Stored(RuleChangeView),
    Refused(Vec<RuleFault>),
}

/// What happened in a window.
pub enum WindowEvent {
    /// The rule was stored: a sentence and what it means.
    Stored(String, RuleChangeView),
}

/// One rule being edited.
pub struct RuleWindow {
    number: u64,
    /// The rule as it was opened.
    original: SyncRule,
    new: bool,
    draft: RuleDraft,
    page: Page,
    /// What the faults were asked for.
    judged: Option<(u64, SyncRule)>,
    faults: Requested<Vec<RuleFault>>,
    /// Faults that the engine named when it refused the rule.
    refused: Vec<RuleFault>,
    saving: Requested<Saved>,
    flows: FlowPage,
    /// The rule is tried on an object instead of being edited.
    trying: bool,
    trial: RuleTrial,
    /// The field that takes the keyboard next.
    focus: Option<RulePlace>,
    raise: bool,
    leaving: bool,
    done: bool,
}

impl RuleWindow {
    /// Opens on a rule; `new` when it is not stored yet.
    #[must_use]
    pub fn new(number: u64, rule: SyncRule, new: bool) -> Self {
        let draft = RuleDraft::new(rule);
        Self {
            number,
            original: draft.rule(),
            new,
            flows: FlowPage::new(&draft),
            draft,
            page: Page::Description,
            judged: None,
            faults: Requested::default(),
            refused: Vec::new(),
            saving: Requested::default(),
            trying: false,
            trial: RuleTrial::default(),
            focus: new.then_some(RulePlace::Name),
            raise: true,
            leaving: false,
            done: false,
        }
    }

    /// The rule.
    #[must_use]
    pub fn guid(&self) -> Uuid {
        self.original.guid
    }

    /// Shows the transformations.
    pub fn show_flows(&mut self) {
        self.page = Page::Transformations;
    }

    /// Brings the window to the front.
    pub fn raise(&mut self) {
        self.raise = true;
    }

    /// The window is closed.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.done
    }

    fn id(&self) -> Id {
        Id::unique(("rule window", self.number))
    }

    fn title(&self) -> String {
        let direction = match self.draft.head.direction {
            Direction::Inbound => "inbound",
            Direction::Outbound => "outbound",
        };
        if self.new {
            format!("Create {direction} synchronization rule")
        } else {
            format!("Edit {direction} synchronization rule - {}", self.original.name)
        }
    }

    fn is_changed(&self) -> bool {
        self.draft.precedence.trim() != self.original.precedence.to_string() || self.draft.rule() != self.original
    }

    /// Takes in answers, and asks what is wrong with the rule after every change of it.
    pub fn poll(&mut self, cx: &Cx<'_>, known: Option<&Arc<Known>>) -> Option<WindowEvent> {
        self.faults.poll();
        self.flows.poll();
        self.trial.poll();
        if self.saving.poll() {
            match self.saving.take() {
                Some(Saved::Stored(change)) => {
                    self.done = true;
                    let how = if self.new { "added" } else { "saved" };
                    return Some(WindowEvent::Stored(format!("\"{}\" is {how}.", self.draft.head.name.trim()), change));
                }
                Some(Saved::Refused(faults)) => self.refused = faults,
                None => {}
            }
        }
        let known = known?;
        let rule = self.draft.rule();
        let wanted = (known.set.version, rule);
        if self.judged.as_ref() != Some(&wanted) {
            let (known, rule) = (Arc::clone(known), wanted.1.clone());
            self.refused.clear();
            self.faults.ask(cx.worker, move || Ok(known.set.judge(&rule)));
            self.judged = Some(wanted);
        }
        None
    }

    /// All faults, errors first; what is typed counts more than the rule made of it.
    fn all_faults(&self) -> Vec<RuleFault> {
        let own = self.draft.own_faults();
        let blamed = |fault: &&RuleFault| !own.iter().any(|typed| typed.place == fault.place);
        let judged = self.faults.value().map_or(&[][..], Vec::as_slice).iter().filter(blamed);
        let mut all: Vec<RuleFault> = own.iter().chain(judged).cloned().collect();
        for fault in &self.refused {
            if !all.iter().any(|known| known.message == fault.message) {
                all.push(fault.clone());
            }
        }
        all.sort_by_key(|fault| !faults::refuses(fault));
        all
    }

    /// Draws the window.
    pub fn show(&mut self, ctx: &Context, cx: &mut Cx<'_>, known: Option<&Known>) {
        let id = self.id();
        if std::mem::take(&mut self.raise) {
            ctx.move_to_top(egui::LayerId::new(egui::Order::Middle, id));
        }
        let step = (self.number % 7) as f32 * 22.0;
        let room = ctx.content_rect();
        let size = egui::vec2(1180.0, 800.0).min(room.size() - egui::vec2(64.0, 104.0));
        let mut open = true;
        let shown = window(ctx, self.title()).id(id).open(&mut open).default_size(size).min_size([620.0, 380.0]);
        let shown = shown.default_pos([30.0 + step, 44.0 + step.min(40.0)]).constrain_to(room);
        let mut close = false;
        shown.show(ctx, |ui| close = self.contents(ui, cx, known));
        if !open || close || (!self.leaving && escaped(ctx, id)) {
            self.leaving = self.is_changed();
            self.done = !self.leaving;
        }
        if self.leaving {
            self.ask_to_leave(ctx);
        }
    }

    fn contents(&mut self, ui: &mut Ui, cx: &mut Cx<'_>, known: Option<&Known>) -> bool {
        let Some(known) = known else {
            ui.weak("Loading...");
            return false;
        };
        let all = self.all_faults();
        if self.original.is_standard() {
            let text = "A standard rule: the next setup or upgrade writes it anew, so only Disabled can be changed. Clone it to change more.";
            badge::strip(ui, Tone::Bad, text, |_| ());
            ui.add_space(4.0);
        }
        let close = self.buttons(ui, cx, known, &all);
        egui::Panel::bottom("faults")
            .frame(egui::Frame::NONE.inner_margin(Margin { top: 8, ..Margin::ZERO }))
            .show_separator_line(false)
            .show(ui, |ui| self.told_faults(ui, &all));
        egui::Panel::left("pages")
            .frame(egui::Frame::NONE.inner_margin(Margin { right: 14, ..Margin::ZERO }))
            .show_separator_line(false)
            .resizable(false)
            .exact_size(160.0)
            .show(ui, |ui| self.page_list(ui, &all));
        egui::CentralPanel::no_frame().show(ui, |ui| {
            if self.trying {
                facts::section(ui, "Test on object...");
                ui.add_space(4.0);
                return self.trial.show(ui, cx, &self.draft.rule());
            }
            let Self { draft, page, flows, focus, original, .. } = self;
            let fields = &mut Fields { draft, set: &known.set, faults: &all, focus, locked: original.is_standard() };
            match page {
                Page::Description => pages::description(ui, cx, fields),
                Page::Scoping => pages::scoping(ui, fields),
                Page::Joins => pages::joins(ui, fields),
                Page::Transformations => flows.show(ui, cx, fields),
            }
        });
        close
    }

    fn page_list(&mut self, ui: &mut Ui, all: &[RuleFault]) {
        for page in Page::ALL {
            let here: Vec<RuleFault> = all.iter().filter(|fault| Page::of(&fault.place) == page).cloned().collect();
            let button = egui::Button::selectable(self.page == page && !self.trying, page.label())
                .min_size(egui::vec2(ui.available_width(), 32.0))
                .right_text("");
            let response = ui.add(button).accessible_name(page.label());
            if let Some(worst) = here
                .iter()
                .map(faults::class_of)
                .find(|class| *class == StatusClass::Error)
                .or(here.first().map(faults::class_of))
            {
                badge::severity(ui, response.rect.right_center() - egui::vec2(16.0, 0.0), worst);
            }
            let response = if here.is_empty() { response } else { response.on_hover_text(faults::summary(&here)) };
            if response.clicked() {
                self.page = page;
                self.trying = false;
            }
        }
    }

    /// What is wrong with the rule.
    fn told_faults(&mut self, ui: &mut Ui, all: &[RuleFault]) {
        if let Some(error) = self.saving.error() {
            badge::strip(ui, Tone::Bad, error, |_| ());
        }
        let what = if self.new { "added" } else { "saved" };
        let text = match (all.is_empty(), all.iter().any(faults::refuses)) {
            (true, _) => "No problem found".to_owned(),
            (false, false) => format!("The rule can be {what}, but look at this first: {}", faults::summary(all)),
            (false, true) => format!("Before the rule can be {what}: {}", faults::summary(all)),
        };
        ui.label(RichText::new(text).small().weak());
        // The room stays when there is nothing to tell, so that nothing moves while somebody types.
        if let Some(place) = faults::list(ui, all, if all.len() > 1 { MANY_FAULTS } else { FAULTS }) {
            self.go_to(place);
        }
    }

    /// Whether the rule can be stored; otherwise why not.
    fn can_be_saved(&self, all: &[RuleFault]) -> Result<(), &'static str> {
        match (all.iter().any(faults::refuses), self.is_changed() || self.new, self.saving.is_pending()) {
            (_, _, true) => Err("It is being saved"),
            (true, _, _) => Err("Mend the errors above first"),
            (false, false, _) => Err("Nothing was changed"),
            (false, true, false) => Ok(()),
        }
    }

    /// The buttons; true when the window shall close.
    fn buttons(&mut self, ui: &mut Ui, cx: &mut Cx<'_>, known: &Known, all: &[RuleFault]) -> bool {
        let possible = self.can_be_saved(all);
        let nameless =
            |fault: &RuleFault| faults::refuses(fault) && matches!(fault.place, RulePlace::Precedence | RulePlace::Name);
        let can_be_tried = !all.iter().any(nameless);
        let (mut asked, mut try_it, mut save, mut to) = (false, false, false, None);
        let close = button_bar::bar(
            ui,
            |ui| {
                let hint = "Synchronizes a copy of the database with this rule as it stands here, and tells what changes.";
                let button = ui.add_enabled(can_be_tried, egui::Button::new("What would it do?")).on_hover_text(hint);
                asked = button.on_disabled_hover_text("Mend name and precedence first").clicked();
                let hint = "Tries the rule as it stands here on one object: scope, join rules and every transformation.";
                try_it = ui.button("Test on object...").on_hover_text(hint).clicked();
            },
            |ui| {
                let close = ui.button("Cancel").clicked();
                let button = action_ui::primary(ui, possible.is_ok(), if self.new { "Add" } else { "Save" });
                save = button.on_disabled_hover_text(possible.err().unwrap_or_default()).clicked();
                if self.saving.is_pending() {
                    ui.spinner();
                }
                for (by, text) in [(1, "Next"), (-1, "Previous")] {
                    let beside = self.page.step(by);
                    if ui.add_enabled(beside.is_some(), egui::Button::new(text)).clicked() {
                        to = beside;
                    }
                }
                close
            },
        );
        if let Some(to) = to {
            self.page = to;
            self.trying = false;
        }
        self.trying |= try_it;
        if asked {
            cx.send(work::what_if(&known.set, &self.draft.rule(), "as it is not saved yet"));
        }
        if save {
            self.save(cx);
        }
        close
    }

    fn go_to(&mut self, place: RulePlace) {
        self.page = Page::of(&place);
        self.trying = false;
        if let RulePlace::Flow { target, .. } = &place {
            self.flows.choose(&self.draft, target);
        }
        self.focus = Some(place);
    }

    fn save(&mut self, cx: &Cx<'_>) {
        let (rule, original, new) = (self.draft.rule(), self.original.clone(), self.new);
        self.saving.clear();
        self.saving.ask(
            cx.worker,
            question(cx.backend, move |engine| {
                let set = engine.rule_set()?;
                let stored = set.rule(rule.guid);
                if !new && stored.map(|stored| RuleDraft::new(stored.clone()).rule()) != Some(original) {
                    return Err(EngineError::Invalid(
                        "the rule was changed meanwhile by somebody else; cancel, and edit it as it is now".to_owned(),
                    ));
                }
                let changes = RuleChanges {
                    save: vec![rule],
                    as_of: Some(set.version),
                    accept: Accept::Unfinished,
                    ..RuleChanges::default()
                };
                match engine.change_rules(&changes) {
                    Ok(change) => Ok(Saved::Stored(change)),
                    Err(EngineError::RuleChange(RuleChangeError::Refused(faults))) => Ok(Saved::Refused(faults)),
                    Err(error) => Err(error),
                }
            }),
        );
    }

    fn ask_to_leave(&mut self, ctx: &Context) {
        let (mut discard, mut stay) = (false, false);
        let title = "Unsaved Changes";
        let modal = Modal::new(self.id().with("leave")).frame(questions::frame(ctx)).show(ctx, |ui| {
            ui.set_width(400.0);
            ui.response().widget_info(|| egui::WidgetInfo::labeled(egui::Role::Dialog, true, title));
            facts::section(ui, title);
            ui.add_space(4.0);
            let name = self.draft.head.name.trim();
            let what = if name.is_empty() { "the new rule".to_owned() } else { format!("\"{name}\"") };
            ui.add(egui::Label::new(format!("Close {what} without saving what you changed?")).wrap());
            ui.add_space(10.0);
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let back = action_ui::primary(ui, true, "Go On Editing");
                if ui.memory(|memory| memory.focused().is_none()) {
                    back.request_focus();
                }
                stay = back.clicked();
                discard = ui.button("Discard Changes").clicked();
            });
        });
        self.done |= discard;
        if discard || stay || modal.should_close() {
            self.leaving = false;
        }
    }
}
