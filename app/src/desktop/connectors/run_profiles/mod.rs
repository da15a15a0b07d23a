//! Configure Run Profiles: the profiles of a connector and their steps, changed on a draft (`ui.md` 4.6).

mod draft;
mod steps;
mod wizard;

use egui::{Context, Id, LayerId, Margin, Order, RichText, ScrollArea, Ui};
use syncline_engine::model::ConnectorId;
use syncline_engine::service::{ConnectorSummary, RunProfileView, StatusClass};

use super::super::context::{Cx, question};
use super::super::objects::{escaped, window};
use super::super::role::Right;
use super::super::theme;
use super::super::widgets::badge::{self, Tone};
use super::super::widgets::fields;
use super::super::widgets::grid::{Grid, GridState, RowSet};
use super::super::widgets::requested::Requested;
use super::super::widgets::{action_ui, button_bar, empty, facts};
use draft::ProfilesDraft;
use steps::{StepGrid, StepRow};
use wizard::{Outcome, Purpose, Rename, Wizard};

/// The open window.
pub struct RunProfilesWindow {
    connector: ConnectorId,
    name: String,
    /// The profiles when they were read.
    stored: Vec<RunProfileView>,
    draft: ProfilesDraft,
    /// The draft that the list of steps was made of, and the profile.
    listed: Option<(ProfilesDraft, u64)>,
    selected: u64,
    rows: RowSet<StepRow>,
    grid: GridState,
    wizard: Option<Wizard>,
    rename: Option<Rename>,
    saving: Requested<ConnectorSummary>,
    /// The window closes once the profiles are stored.
    closes: bool,
    raise: bool,
    leaving: bool,
}

impl RunProfilesWindow {
    /// Opens on a connector.
    #[must_use]
    pub fn new(connector: &ConnectorSummary) -> Self {
        let draft = ProfilesDraft::new(&connector.profiles);
        Self {
            connector: connector.id,
            name: connector.name.clone(),
            stored: connector.profiles.clone(),
            selected: draft.profiles.first().map_or(0, |first| first.number),
            draft,
            listed: None,
            rows: RowSet::default(),
            grid: GridState::default(),
            wizard: None,
            rename: None,
            saving: Requested::default(),
            closes: false,
            raise: true,
            leaving: false,
        }
    }

    /// The connector.
    #[must_use]
    pub fn connector(&self) -> ConnectorId {
        self.connector
    }

    /// Brings the window to the front.
    pub fn raise(&mut self) {
        self.raise = true;
    }

    /// Takes in the answer.
    fn poll(&mut self) -> bool {
        if !self.saving.poll() {
            return false;
        }
        let Some(connector) = self.saving.take() else { return false };
        let place = self.draft.profiles.iter().position(|profile| profile.number == self.selected);
        self.draft = ProfilesDraft::new(&connector.profiles);
        self.stored = connector.profiles;
        let selected = place.and_then(|place| self.draft.profiles.get(place)).or(self.draft.profiles.first());
        self.selected = selected.map_or(0, |profile| profile.number);
        self.closes
    }

    /// Draws the window; false once it is closed.
    pub fn show(&mut self, ctx: &Context, cx: &Cx<'_>) -> bool {
        if self.poll() {
            return false;
        }
        let Some(connector) = cx.connector(self.connector).cloned() else { return false };
        let id = Id::unique(("run profiles", self.connector));
        if std::mem::take(&mut self.raise) {
            ctx.move_to_top(LayerId::new(Order::Middle, id));
        }
        let room = ctx.content_rect();
        let size = egui::vec2(1040.0, 560.0).min(room.size() - egui::vec2(64.0, 104.0));
        let (mut open, mut close) = (true, false);
        let shown = window(ctx, format!("Configure Run Profiles for \"{}\"", self.name)).id(id).open(&mut open);
        let shown = shown.default_size(size).min_size([620.0, 340.0]).default_pos([60.0, 70.0]).constrain_to(room);
        shown.show(ctx, |ui| close = self.contents(ui, cx, &connector));
        let asking = self.wizard.is_some() || self.rename.is_some() || self.leaving;
        self.ask_person(ctx, &connector);
        if !open || close || (!asking && escaped(ctx, id)) {
            if !self.draft.differs(&self.stored) {
                return false;
            }
            self.leaving = true;
        }
        if self.leaving {
            match fields::ask_to_leave(ctx, id, "the run profiles") {
                Some(true) => return false,
                Some(false) => self.leaving = false,
                None => {}
            }
        }
        true
    }

    fn ask_person(&mut self, ctx: &Context, connector: &ConnectorSummary) {
        if let Some(rename) = &mut self.rename
            && let Some(answer) = rename.show(ctx, &self.draft)
        {
            if let (Some(name), Some(profile)) = (answer, self.draft.profile_mut(rename.profile)) {
                profile.name = name;
            }
            self.rename = None;
        }
        let Some(wizard) = &mut self.wizard else { return };
        let Some(outcome) = wizard.show(ctx, connector, &self.draft) else { return };
        let purpose = wizard.purpose;
        self.wizard = None;
        let Outcome::Finished(name, steps) = outcome else { return };
        match purpose {
            Purpose::NewProfile => {
                self.selected = self.draft.add(None, &name, steps);
                self.grid.clear_selection();
            }
            Purpose::NewStep(profile) => {
                if let Some(profile) = self.draft.profile_mut(profile) {
                    profile.steps.extend(steps);
                    self.grid.select(profile.steps.len() as u128);
                }
            }
            Purpose::EditStep(profile, place) => {
                let known = self.draft.profile_mut(profile).and_then(|profile| profile.steps.get_mut(place));
                if let (Some(known), Some(step)) = (known, steps.into_iter().next()) {
                    *known = step;
                }
            }
        }
    }

    fn contents(&mut self, ui: &mut Ui, cx: &Cx<'_>, connector: &ConnectorSummary) -> bool {
        let right = cx.situation.role.may(Right::Administer).err();
        let problem = right.or_else(|| self.problem(connector));
        let mut close = false;
        let (mut accepted, mut applied) = (false, false);
        button_bar::bar(
            ui,
            |ui| {
                if self.saving.is_pending() {
                    ui.spinner();
                    ui.weak("Storing...");
                }
            },
            |ui| {
                close = ui.button("Cancel").clicked();
                let changed = self.draft.differs(&self.stored);
                let apply = ui.add_enabled(problem.is_none() && changed, egui::Button::new("Apply"));
                applied = apply.on_disabled_hover_text(problem.as_deref().unwrap_or("Nothing was changed")).clicked();
                let ok = action_ui::primary(ui, problem.is_none(), "OK");
                accepted = ok.on_disabled_hover_text(problem.as_deref().unwrap_or_default()).clicked();
            },
        );
        for error in self.saving.error().into_iter().chain(problem.as_deref().filter(|_| !self.saving.is_pending())) {
            badge::strip(ui, Tone::Bad, error, |_| ());
            ui.add_space(4.0);
        }
        let missing = self.draft.missing_for_cycles();
        if !missing.is_empty() {
            let text = format!("Cycles leave out {}: no profile begins with such a step", missing.join(", "));
            badge::strip(ui, Tone::Warn, &text, |_| ());
            ui.add_space(4.0);
        }
        egui::Panel::left("profiles")
            .frame(egui::Frame::NONE.inner_margin(Margin { right: 14, ..Margin::ZERO }))
            .show_separator_line(false)
            .resizable(false)
            .exact_size(196.0)
            .show(ui, |ui| self.profile_list(ui, connector));
        egui::CentralPanel::no_frame().show(ui, |ui| self.step_list(ui, connector));
        if (accepted || applied) && problem.is_none() {
            if self.draft.differs(&self.stored) {
                self.save(cx, accepted);
            } else {
                close |= accepted;
            }
        }
        close
    }

    /// Why the profiles cannot be stored.
    fn problem(&self, connector: &ConnectorSummary) -> Option<String> {
        if self.saving.is_pending() {
            return Some("They are being stored".to_owned());
        }
        self.draft.first_fault(&connector.partitions)
    }

    fn save(&mut self, cx: &Cx<'_>, closes: bool) {
        let (name, seen, changes) = (self.name.clone(), self.stored.clone(), self.draft.changes());
        self.closes = closes;
        self.saving.clear();
        self.saving.ask(cx.worker, question(cx.backend, move |engine| engine.store_run_profiles(&name, &seen, &changes)));
    }

    fn profile_list(&mut self, ui: &mut Ui, connector: &ConnectorSummary) {
        facts::section(ui, "Run profiles");
        let mut gone = None;
        egui::Panel::bottom("profile buttons")
            .frame(egui::Frame::NONE.inner_margin(Margin { top: 6, ..Margin::ZERO }))
            .show_separator_line(false)
            .show(ui, |ui| {
                let wide = egui::vec2(ui.available_width(), 28.0);
                if ui.add(egui::Button::new("New Profile...").min_size(wide)).clicked() {
                    self.wizard = Some(Wizard::new(Purpose::NewProfile, connector, None));
                }
                let selected = self.draft.profile(self.selected);
                let button = |text: &'static str| egui::Button::new(text).min_size(wide);
                if ui.add_enabled(selected.is_some(), button("Rename")).clicked()
                    && let Some(profile) = selected
                {
                    self.rename = Some(Rename::new(profile.number, &profile.name));
                }
                if ui.add_enabled(selected.is_some(), button("Delete Profile")).clicked() {
                    gone = selected.map(|profile| profile.number);
                }
            });
        ScrollArea::vertical().id_salt("run profiles").auto_shrink(false).show(ui, |ui| {
            for profile in &self.draft.profiles {
                let bad = profile.steps.iter().any(|step| !step.faults(&connector.partitions).is_empty());
                let new = self.stored.iter().all(|stored| Some(&stored.name) != profile.replaces.as_ref());
                let text = if new { RichText::new(&profile.name).strong() } else { RichText::new(&profile.name) };
                let button = egui::Button::selectable(profile.number == self.selected, text)
                    .min_size(egui::vec2(ui.available_width(), 29.0))
                    .truncate()
                    .right_text("");
                let response = ui.add(button).accessible_name(&profile.name);
                if bad {
                    badge::severity(ui, response.rect.right_center() - egui::vec2(14.0, 0.0), StatusClass::Error);
                }
                if response.clicked() && self.selected != profile.number {
                    self.selected = profile.number;
                    self.grid.clear_selection();
                }
            }
            if self.draft.profiles.is_empty() {
                ui.weak("The connector has no run profile.");
            }
        });
        if let Some(number) = gone {
            let place = self.draft.profiles.iter().position(|profile| profile.number == number).unwrap_or(0);
            self.draft.profiles.retain(|profile| profile.number != number);
            let next = self.draft.profiles.get(place).or(self.draft.profiles.last());
            self.selected = next.map_or(0, |profile| profile.number);
            self.grid.clear_selection();
        }
    }

    fn list_steps(&mut self, connector: &ConnectorSummary) {
        if self.listed.as_ref().is_some_and(|(draft, selected)| *draft == self.draft && *selected == self.selected) {
            return;
        }
        let steps = self.draft.profile(self.selected).map(|profile| profile.steps.as_slice()).unwrap_or_default();
        let row = |(number, step): (u64, &draft::StepDraft)| StepRow {
            number,
            step: step.clone(),
            fault: step.faults(&connector.partitions).into_iter().next().map(|(_, message)| message),
        };
        self.rows = RowSet::new((1..).zip(steps).map(row).collect());
        self.listed = Some((self.draft.clone(), self.selected));
    }

    fn step_list(&mut self, ui: &mut Ui, connector: &ConnectorSummary) {
        self.list_steps(connector);
        let Some(profile) = self.draft.profile(self.selected) else {
            empty::hint(ui, "No run profile selected", "Select a run profile, or make a new one.");
            return;
        };
        facts::section(ui, &format!("Step Details of {}", profile.name));
        let (profile, steps) = (profile.number, profile.steps.len());
        let place = self.grid.single().and_then(|key| usize::try_from(key).ok()?.checked_sub(1)).filter(|place| *place < steps);
        let mut edited = None;
        egui::Panel::bottom("step buttons")
            .frame(egui::Frame::NONE.inner_margin(Margin { top: 6, ..Margin::ZERO }))
            .show_separator_line(false)
            .show(ui, |ui| {
                ui.horizontal_wrapped(|ui| {
                    if ui.button("New Step...").clicked() {
                        self.wizard = Some(Wizard::new(Purpose::NewStep(profile), connector, None));
                    }
                    let why = "Select a step first";
                    let press = |ui: &mut Ui, text: &str, possible: bool, why: &str| {
                        ui.add_enabled(possible, egui::Button::new(text)).on_disabled_hover_text(why).clicked()
                    };
                    if press(ui, "Edit Step...", place.is_some(), why) {
                        edited = place;
                    }
                    if press(ui, "Delete Step", place.is_some(), why) {
                        self.change_steps(profile, place, |steps, place| {
                            steps.remove(place);
                            None
                        });
                    }
                    ui.add_space(12.0);
                    let first = place.is_some_and(|place| place > 0);
                    if press(ui, "Move Up", first, if place.is_some() { "It is the first step" } else { why }) {
                        self.change_steps(profile, place, |steps, place| {
                            steps.swap(place - 1, place);
                            Some(place - 1)
                        });
                    }
                    let last = place.is_some_and(|place| place + 1 < steps);
                    if press(ui, "Move Down", last, if place.is_some() { "It is the last step" } else { why }) {
                        self.change_steps(profile, place, |steps, place| {
                            steps.swap(place, place + 1);
                            Some(place + 1)
                        });
                    }
                });
            });
        theme::card(ui.style()).inner_margin(Margin::same(1)).show(ui, |ui| {
            let response = Grid::new().show(ui, &StepGrid, &mut self.rows, &mut self.grid);
            let activated = response.activated.and_then(|position| self.rows.get(position));
            edited = edited.or(activated.and_then(|row| usize::try_from(row.number).ok()?.checked_sub(1)));
        });
        if let Some(place) = edited {
            let step = self.draft.profile(profile).and_then(|profile| profile.steps.get(place));
            self.wizard = Some(Wizard::new(Purpose::EditStep(profile, place), connector, step));
        }
    }

    /// Changes the steps of a profile; the change says which step is selected then.
    fn change_steps(
        &mut self,
        profile: u64,
        place: Option<usize>,
        change: impl FnOnce(&mut Vec<draft::StepDraft>, usize) -> Option<usize>,
    ) {
        let (Some(place), Some(profile)) = (place, self.draft.profile_mut(profile)) else { return };
        match change(&mut profile.steps, place) {
            Some(place) => self.grid.select(place as u128 + 1),
            None => self.grid.clear_selection(),
        }
    }
}
