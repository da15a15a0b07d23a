//! One result: what would happen by connector, object, attribute and rule.

use std::sync::Arc;

use egui::{Align, ComboBox, Layout, RichText, Ui};
use syncline_engine::service::{ChangeKind, Page, WhatIfFilter, WhatIfReport};

use super::super::action::Action;
use super::super::backend::Backend;
use super::super::command::Command;
use super::super::context::{Cx, question};
use super::super::objects::explain::changes::{ChangeGrid, ChangeRow, ObjectChangeGrid, ObjectRow, change_rows, kind_title, why};
use super::super::objects::tabs;
use super::super::theme::Palette;
use super::super::widgets::badge::{self, Tone};
use super::super::widgets::grid::{Grid, GridState, Pager, RowSet, filter_box};
use super::super::widgets::requested::Requested;
use super::super::widgets::{action_ui, empty};
use super::groups::{By, GroupGrid, GroupRow, Groups, touches};
use super::spaces::{SpaceGrid, SpaceRow, space_rows};

/// Which of the objects are shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Filter {
    engine: WhatIfFilter,
    attribute: Option<String>,
    rule: Option<String>,
}

/// The lists of a result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum View {
    #[default]
    Objects,
    Attributes,
    Rules,
}

/// State of a result.
pub struct Outcome {
    report: WhatIfReport,
    spaces: RowSet<SpaceRow>,
    spaces_state: GridState,
    view: View,
    filter: Filter,
    asked: Option<Filter>,
    objects: Pager<ObjectRow>,
    objects_state: GridState,
    changes: RowSet<ChangeRow>,
    changes_state: GridState,
    groups: Requested<Groups>,
    attributes: RowSet<GroupRow>,
    attributes_state: GridState,
    rules: RowSet<GroupRow>,
    rules_state: GridState,
}

/// What the person decided about a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It is not needed any more.
    Discard,
}

/// What a what-if was about: `Full Synchronization of contoso.com with the saved rules`.
#[must_use]
pub fn title(report: &WhatIfReport) -> String {
    let connectors: Vec<&str> = report.steps.iter().map(|step| step.connector.as_str()).collect();
    let mode = if report.full { "Full" } else { "Delta" };
    let rules = match &report.rules_file {
        Some(file) => format!("the rules of {file}"),
        None => "the saved rules".to_owned(),
    };
    format!("{mode} Synchronization of {} with {rules}", connectors.join(", "))
}

impl Outcome {
    /// Opens on a result.
    #[must_use]
    pub fn new(cx: &Cx<'_>, report: WhatIfReport) -> Self {
        let mut groups = Requested::default();
        let (number, names) = (report.number, names(&report));
        groups.ask(
            cx.worker,
            question(cx.backend, move |engine| {
                let mut groups = Groups::default();
                engine.each_whatif_change(number, &WhatIfFilter::default(), &mut |change| {
                    groups.add(name_of(&names, &change.space), &change);
                })?;
                Ok(groups)
            }),
        );
        Self {
            spaces: space_rows(&report),
            report,
            spaces_state: GridState::default(),
            view: View::Objects,
            filter: Filter::default(),
            asked: None,
            objects: Pager::default(),
            objects_state: GridState::default(),
            changes: RowSet::default(),
            changes_state: GridState::default(),
            groups,
            attributes: RowSet::default(),
            attributes_state: GridState::default(),
            rules: RowSet::default(),
            rules_state: GridState::default(),
        }
    }

    /// Its number.
    #[must_use]
    pub fn number(&self) -> u32 {
        self.report.number
    }

    /// Takes in answers; asks when the filter changed.
    pub fn poll(&mut self, cx: &Cx<'_>) {
        if self.objects.poll(cx.worker) && self.objects_state.selected.is_empty() {
            self.changes = RowSet::default();
        }
        if self.groups.poll()
            && let Some(groups) = self.groups.value()
        {
            self.attributes = groups.rows(By::Attribute);
            self.rules = groups.rows(By::Rule);
        }
        if self.asked.as_ref() != Some(&self.filter) {
            self.asked = Some(self.filter.clone());
            self.objects_state.clear_selection();
            self.changes = RowSet::default();
            let (number, names, filter) = (self.report.number, names(&self.report), self.filter.clone());
            let backend = Arc::clone(cx.backend);
            self.objects.ask(cx.worker, move |offset, limit| {
                let (names, filter) = (names.clone(), filter.clone());
                question(&backend, move |engine| page(engine, number, &filter, &names, offset, limit))()
            });
        }
    }

    /// Draws the result.
    pub fn show(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) -> Option<Decision> {
        let decision = self.head(ui, cx);
        self.warnings(ui);
        ui.add_space(4.0);
        let palette = Palette::of(ui.style());
        let response = Grid::new().rows(5).show(ui, &SpaceGrid { palette }, &mut self.spaces, &mut self.spaces_state);
        if response.selection_changed {
            let key = self.spaces_state.single();
            let row = self.spaces.iter().map(|(_, row)| row).find(|row| Some(row.index as u128) == key);
            self.filter.engine.space = row.map(|row| row.summary.space.clone());
        }
        ui.add_space(4.0);
        self.filters(ui);
        ui.add_space(4.0);
        match self.view {
            View::Objects => self.objects(ui, cx),
            View::Attributes => self.groups(ui, By::Attribute),
            View::Rules => self.groups(ui, By::Rule),
        }
        decision
    }

    fn head(&self, ui: &mut Ui, cx: &mut Cx<'_>) -> Option<Decision> {
        let palette = Palette::of(ui.style());
        let mut decision = None;
        ui.horizontal(|ui| {
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                if ui.button("Discard...").on_hover_text("Delete this result").clicked() {
                    decision = Some(Decision::Discard);
                }
                self.run_for_real(ui, cx);
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                    let text = format!("{}: {}", self.report.number, title(&self.report));
                    ui.add(egui::Label::new(RichText::new(text).size(15.0).color(palette.text_strong)).truncate());
                });
            });
        });
        let took = cx.format.duration(self.report.started, Some(self.report.ended));
        ui.weak(format!("Computed {} in {took}", cx.format.time(self.report.started)));
        decision
    }

    /// The same synchronization on the database itself, through the Run window.
    fn run_for_real(&self, ui: &mut Ui, cx: &mut Cx<'_>) {
        if self.report.rules_file.is_some() {
            ui.add_enabled(false, egui::Button::new("Run for Real..."))
                .on_disabled_hover_text("Its rules are not saved: save or import them first");
            return;
        }
        let wanted = if self.report.full { "Full Synchronization" } else { "Delta Synchronization" };
        let mut choices = Vec::new();
        for step in &self.report.steps {
            let connector = cx.connector(step.connector_id);
            let profile = connector.and_then(|connector| {
                let fits = |profile: &&syncline_engine::service::RunProfileView| {
                    profile.steps.iter().all(|step| step.step_type == wanted) && !profile.steps.is_empty()
                };
                connector.profiles.iter().find(fits)
            });
            if let (Some(connector), Some(profile)) = (connector, profile) {
                choices.push((connector.name.clone(), profile.name.clone()));
            }
        }
        let availability = Action::Run.availability(cx.situation).or_else(|reason| {
            // The Run window has its own choice of connector.
            if choices.is_empty() { Err(reason) } else { Ok(()) }
        });
        let mut chosen = None;
        if choices.len() > 1 {
            ui.add_enabled_ui(availability.is_ok(), |ui| {
                ui.menu_button("Run for Real...", |ui| {
                    for (connector, profile) in &choices {
                        if ui.button(format!("{connector}: {profile}")).clicked() {
                            chosen = Some((connector.clone(), profile.clone()));
                            ui.close();
                        }
                    }
                });
            });
        } else {
            let button = action_ui::primary(ui, !choices.is_empty(), "Run for Real...")
                .on_hover_text("Open the Run window with this synchronization")
                .on_disabled_hover_text("The connector has no run profile that does only this synchronization");
            chosen = choices.first().cloned().filter(|_| button.clicked());
        }
        if let Some((connector, profile)) = chosen {
            cx.send(Command::ShowRunDialog { connector: Some(connector), profile: Some(profile) });
        }
    }

    fn warnings(&self, ui: &mut Ui) {
        for space in self.report.spaces.iter().filter(|space| space.exceeds_limit) {
            let limit = space.deletion_limit.unwrap_or_default();
            let text = format!(
                "{}: {} deletions would wait, more than the threshold of {limit}. The next export would be refused.",
                space.name, space.exports_after.deletes
            );
            badge::strip(ui, Tone::Bad, &text, |_| ());
        }
        let warnings = &self.report.warnings;
        match warnings.as_slice() {
            [] => {}
            [first] => badge::strip(ui, Tone::Warn, first, |_| ()),
            [first, ..] => badge::strip(ui, Tone::Warn, first, |ui| {
                let text = format!("{} more", warnings.len() - 1);
                ui.label(RichText::new(text).weak()).on_hover_text(warnings.join("\n\n"));
            }),
        }
        if !self.report.rules.is_empty() {
            let touched: Vec<String> = self.report.rules.iter().map(|rule| format!("{} ({})", rule.rule, rule.change)).collect();
            let text = format!("Rules it touches: {}", touched.join(", "));
            ui.add(egui::Label::new(RichText::new(&text).weak()).truncate()).on_hover_text(touched.join("\n"));
        }
        for step in self.report.steps.iter().filter(|step| !step.status.starts_with("success") || step.errors > 0) {
            let text = format!("{}: {}, {} errors {}", step.connector, step.status, step.errors, step.message);
            ui.add(egui::Label::new(RichText::new(text.trim()).weak()).truncate());
        }
    }

    fn filters(&mut self, ui: &mut Ui) {
        let views = [View::Objects, View::Attributes, View::Rules];
        let present = views.iter().position(|view| *view == self.view).unwrap_or_default();
        ui.horizontal(|ui| {
            if let Some(view) =
                tabs::bar(ui, &["By Object", "By Attribute", "By Rule"], present).and_then(|index| views.get(index))
            {
                self.view = *view;
            }
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| match self.view {
                View::Objects => {
                    let loading = self.objects.is_loading() && !self.objects.is_answered();
                    filter_box(ui, &mut self.objects_state, &self.objects.rows, loading);
                }
                View::Attributes => filter_box(ui, &mut self.attributes_state, &self.attributes, self.groups.is_pending()),
                View::Rules => filter_box(ui, &mut self.rules_state, &self.rules, self.groups.is_pending()),
            });
        });
        if self.view != View::Objects {
            return;
        }
        ui.horizontal_wrapped(|ui| {
            let spaces: Vec<(String, String)> =
                self.report.spaces.iter().map(|space| (space.space.clone(), space.name.clone())).collect();
            choice(ui, "Connector", &mut self.filter.engine.space, &spaces);
            let metaverse = self.filter.engine.space.as_deref() == Some("");
            let kinds: Vec<(ChangeKind, String)> =
                ChangeKind::ALL.iter().map(|kind| (*kind, kind_title(*kind, metaverse).to_owned())).collect();
            choice(ui, "Change", &mut self.filter.engine.kind, &kinds);
            let same = |names: Vec<&str>| names.into_iter().map(|name| (name.to_owned(), name.to_owned())).collect::<Vec<_>>();
            let groups = self.groups.value();
            let attributes = same(groups.map(|groups| groups.attribute_names().into_iter().collect()).unwrap_or_default());
            choice(ui, "Attribute", &mut self.filter.attribute, &attributes);
            let rules = same(groups.map(|groups| groups.rule_names().into_iter().collect()).unwrap_or_default());
            choice(ui, "Rule", &mut self.filter.rule, &rules);
            ui.checkbox(&mut self.filter.engine.errors, "Errors only");
            if self.filter != Filter::default() && ui.button("Clear Filters").clicked() {
                self.filter = Filter::default();
                self.spaces_state.clear_selection();
            }
        });
    }

    fn objects(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let palette = Palette::of(ui.style());
        if let Some(error) = self.objects.error() {
            empty::failure(ui, error);
        }
        let selected = self.objects_state.single().and_then(|key| self.objects.rows.get(key as u64)).cloned();
        if let Some(row) = &selected {
            let panel = egui::Panel::bottom("change").resizable(true).default_size(190.0).size_range(110.0..=420.0);
            panel.frame(egui::Frame::NONE).show(ui, |ui| {
                ui.add_space(4.0);
                ui.horizontal(|ui| {
                    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                        open_button(ui, cx, row);
                        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                            ui.add(egui::Label::new(RichText::new(&row.change.name).strong()).truncate());
                        });
                    });
                });
                let text = why(&row.change);
                if !text.is_empty() {
                    ui.add(egui::Label::new(RichText::new(&text).weak()).truncate()).on_hover_text(&text);
                }
                let model = ChangeGrid { name: "What changes", palette, empty: "No attribute changes." };
                Grid::new().show(ui, &model, &mut self.changes, &mut self.changes_state);
            });
        }
        egui::CentralPanel::no_frame().show(ui, |ui| {
            let empty = if self.filter == Filter::default() { "Nothing would change." } else { "No object meets the filters." };
            let model = ObjectChangeGrid { name: "What-if objects", palette, empty };
            let response = Grid::new().show(ui, &model, &mut self.objects.rows, &mut self.objects_state);
            if response.selection_changed {
                let row = self.objects_state.single().and_then(|key| self.objects.rows.get(key as u64));
                self.changes = row.map(|row| change_rows(&row.change.attributes, &[])).unwrap_or_default();
            }
            if let Some(row) = response.activated.and_then(|position| self.objects.rows.get(position)) {
                cx.commands.extend(open(row));
            }
        });
    }

    fn groups(&mut self, ui: &mut Ui, by: By) {
        if let Some(error) = self.groups.error() {
            empty::failure(ui, error);
        }
        let palette = Palette::of(ui.style());
        let (rows, state) = match by {
            By::Attribute => (&mut self.attributes, &mut self.attributes_state),
            By::Rule => (&mut self.rules, &mut self.rules_state),
        };
        let response = Grid::new().show(ui, &GroupGrid { by, palette }, rows, state);
        if let Some(row) = response.activated.and_then(|position| rows.get(position)) {
            let space = self.report.spaces.iter().find(|space| space.name == row.space).map(|space| space.space.clone());
            let (attribute, rule) = match by {
                By::Attribute => (Some(row.name.clone()), None),
                By::Rule => (None, Some(row.name.clone())),
            };
            self.filter = Filter { engine: WhatIfFilter { space, ..WhatIfFilter::default() }, attribute, rule };
            self.view = View::Objects;
        }
    }
}

/// A combo box with `All` and the choices.
fn choice<T: Clone + PartialEq>(ui: &mut Ui, name: &str, value: &mut Option<T>, choices: &[(T, String)]) {
    let label = ui.label(RichText::new(name).weak());
    let text = match value {
        None => "All".to_owned(),
        Some(value) => choices.iter().find(|(known, _)| known == value).map_or("?".to_owned(), |(_, text)| text.clone()),
    };
    let combo = ComboBox::from_id_salt(name).selected_text(text).width(150.0).height(320.0).truncate();
    let combo = combo.show_ui(ui, |ui| {
        ui.selectable_value(value, None, "All");
        for (choice, text) in choices {
            ui.selectable_value(value, Some(choice.clone()), text);
        }
    });
    combo.response.labelled_by(label.id);
}

fn open(row: &ObjectRow) -> Option<Command> {
    let change = &row.change;
    match (change.kind, change.space.is_empty()) {
        (ChangeKind::Add, _) => None,
        (_, true) => Some(Command::OpenMvObject(change.guid)),
        (_, false) => Some(Command::OpenCsObject(change.guid)),
    }
}

fn open_button(ui: &mut Ui, cx: &mut Cx<'_>, row: &ObjectRow) {
    let command = open(row);
    let button = ui
        .add_enabled(command.is_some(), egui::Button::new("Properties"))
        .on_disabled_hover_text("The object is made by the synchronization");
    cx.commands.extend(command.filter(|_| button.clicked()));
}

fn names(report: &WhatIfReport) -> Vec<(String, String)> {
    report.spaces.iter().map(|space| (space.space.clone(), space.name.clone())).collect()
}

fn name_of<'a>(names: &'a [(String, String)], space: &str) -> &'a str {
    names.iter().find(|(known, _)| known == space).map_or("Another connector", |(_, name)| name.as_str())
}

/// A page of the objects that meet a filter. Attribute and rule are looked for in all of them.
fn page(
    engine: &dyn Backend,
    number: u32,
    filter: &Filter,
    names: &[(String, String)],
    offset: u64,
    limit: u64,
) -> super::super::backend::Answer<Page<ObjectRow>> {
    let row = |index: u64, change: syncline_engine::service::ObjectChange| ObjectRow {
        index: index as usize,
        space: name_of(names, &change.space).to_owned(),
        change,
    };
    if filter.attribute.is_none() && filter.rule.is_none() {
        let page = engine.whatif_changes(number, &filter.engine, offset, limit)?;
        let rows = (offset..).zip(page.rows).map(|(index, change)| row(index, change)).collect();
        return Ok(Page { rows, total: page.total });
    }
    let (mut rows, mut total) = (Vec::new(), 0);
    engine.each_whatif_change(number, &filter.engine, &mut |change| {
        if touches(&change, filter.attribute.as_deref(), filter.rule.as_deref()) {
            if total >= offset && (rows.len() as u64) < limit {
                rows.push(row(total, change));
            }
            total += 1;
        }
    })?;
    Ok(Page { rows, total })
}
