//! The Metaverse Designer tab: object types and attributes, changed with checks, and the rules that use them
//! (`ui.md` 9).

mod forms;
mod grids;
mod precedence;
mod removal;

use egui::{Context, Margin, Ui};
use syncline_engine::service::{MvPopulationView, MvSchemaAttributeView, MvTypeView};

use super::action::Action;
use super::command::Command;
use super::context::{Cx, question};
use super::theme;
use super::widgets::badge::{self, Tone};
use super::widgets::grid::{Grid, GridState, RowSet, filter_box};
use super::widgets::requested::Requested;
use super::widgets::{facts, splitter};
use forms::FormWindow;
use grids::{AttributeGrid, AttributeRow, TypeGrid, attribute_key, type_key};
use precedence::RulesOfSchema;
use removal::Removal;

/// State of the tab.
#[derive(Default)]
pub struct MetaverseDesigner {
    schema: Vec<MvTypeView>,
    types: RowSet<MvTypeView>,
    /// The type list's filter, sort and selection.
    pub grid: GridState,
    attributes: RowSet<AttributeRow>,
    attribute_state: GridState,
    /// How many objects hold what. Counted when the tab is shown, because every object is looked at.
    population: Requested<MvPopulationView>,
    counted: bool,
    rules: Option<RulesOfSchema>,
    form: Option<FormWindow>,
    removal: Option<Removal>,
    /// What the last change did.
    told: Option<String>,
}

impl MetaverseDesigner {
    /// Takes in the schema.
    pub fn set_schema(&mut self, schema: &[MvTypeView]) {
        self.schema = schema.to_vec();
        self.types = RowSet::new(schema.to_vec());
        let selected = self.grid.single();
        if !schema.iter().any(|kind| Some(type_key(kind)) == selected)
            && let Some(first) = schema.iter().find(|kind| kind.name == "person").or(schema.first())
        {
            self.grid.select(type_key(first));
        }
        self.fill();
    }

    /// The values of objects may be others: they are counted again when the tab is shown next.
    pub fn forget_population(&mut self) {
        self.counted = false;
    }

    fn fill(&mut self) {
        let Some(kind) = self.object_type() else {
            self.attributes = RowSet::default();
            return;
        };
        let counted = self.population.value().map(|found| found.types.get(&kind.name).cloned().unwrap_or_default());
        let row = |attribute: &MvSchemaAttributeView| AttributeRow {
            populated: counted.as_ref().map(|counts| counts.get(&attribute.name).copied().unwrap_or(0)),
            attribute: attribute.clone(),
        };
        self.attributes = RowSet::new(kind.attributes.iter().map(row).collect());
    }

    /// The selected object type.
    #[must_use]
    pub fn object_type(&self) -> Option<&MvTypeView> {
        let key = self.grid.single()?;
        self.schema.iter().find(|kind| type_key(kind) == key)
    }

    /// The selected attribute.
    #[must_use]
    pub fn attribute(&self) -> Option<&MvSchemaAttributeView> {
        let key = self.attribute_state.single()?;
        self.object_type()?.attributes.iter().find(|attribute| attribute_key(attribute) == key)
    }

    /// Carries out an action of the tab.
    pub fn act(&mut self, cx: &Cx<'_>, action: Action) {
        match (action, self.object_type(), self.attribute()) {
            (Action::CreateObjectType, ..) => self.form = Some(FormWindow::create_type(&self.schema)),
            (Action::DeleteObjectType, Some(kind), _) => self.removal = Some(Removal::of_type(cx, kind)),
            (Action::AddAttribute, Some(kind), _) => self.form = Some(FormWindow::add_attribute(&self.schema, kind)),
            (Action::EditAttribute, _, Some(attribute)) => {
                let holds = |counts: &std::collections::BTreeMap<String, u64>| counts.contains_key(&attribute.name);
                let populated = self.population.value().is_some_and(|found| found.types.values().any(holds));
                self.form = Some(FormWindow::edit_attribute(attribute, populated));
            }
            (Action::RemoveAttribute, Some(kind), Some(attribute)) => {
                self.removal = Some(Removal::of_attribute(cx, kind, attribute));
            }
            (Action::ConfigureAttributeFlowPrecedence, _, Some(attribute)) => {
                self.rules = Some(RulesOfSchema::of_attribute(attribute));
            }
            (Action::ConfigureObjectDeletionRule, Some(kind), _) => self.rules = Some(RulesOfSchema::of_type(kind)),
            _ => {}
        }
    }

    /// Takes in answers.
    pub fn poll(&mut self) {
        if self.population.poll() {
            self.fill();
        }
        if let Some(told) = self.form.as_mut().and_then(FormWindow::poll) {
            self.form = None;
            self.told = Some(told);
        }
        if let Some(told) = self.removal.as_mut().and_then(Removal::poll) {
            self.removal = None;
            self.told = Some(told);
        }
    }

    /// Draws the tab.
    pub fn show(&mut self, ui: &mut Ui, cx: &mut Cx<'_>, share: &mut f32) {
        if !std::mem::replace(&mut self.counted, true) {
            self.population.ask(cx.worker, question(cx.backend, |engine| engine.metaverse_population()));
        }
        if let Some(told) = &self.told
            && badge::strip(ui, Tone::Info, told, |ui| ui.button("Dismiss").clicked())
        {
            self.told = None;
        }
        let before = self.grid.single();
        let Self { types, grid, attributes, attribute_state, population, .. } = self;
        splitter::vertical(
            ui,
            "Types and attributes",
            share,
            cx,
            |ui, cx| {
                ui.horizontal(|ui| {
                    facts::section(ui, "Object types");
                    ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| filter_box(ui, grid, types, false));
                });
                theme::card(ui.style()).inner_margin(Margin::same(1)).show(ui, |ui| {
                    let response = Grid::new().situation(cx.situation).show(ui, &TypeGrid, types, grid);
                    if response.activated.is_some() {
                        cx.send(Action::ConfigureObjectDeletionRule.command());
                    }
                    if let Some((action, _)) = response.action {
                        cx.send(action.command());
                    }
                });
            },
            |ui, cx| {
                ui.horizontal(|ui| {
                    facts::section(ui, "Attributes");
                    if population.is_pending() {
                        ui.spinner();
                    }
                    if let Some(error) = population.error() {
                        ui.colored_label(theme::Palette::of(ui.style()).bad, "The values could not be counted")
                            .on_hover_text(error);
                    }
                    ui.push_id("attributes", |ui| {
                        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                            filter_box(ui, attribute_state, attributes, false)
                        });
                    });
                });
                theme::card(ui.style()).inner_margin(Margin::same(1)).show(ui, |ui| {
                    let response = Grid::new().situation(cx.situation).show(ui, &AttributeGrid, attributes, attribute_state);
                    if response.activated.is_some() {
                        cx.send(Command::Do(Action::ConfigureAttributeFlowPrecedence));
                    }
                    if let Some((action, _)) = response.action {
                        cx.send(action.command());
                    }
                });
            },
        );
        if self.grid.single() != before {
            self.attribute_state.clear_selection();
            self.fill();
        }
    }

    /// Draws the windows of the tab.
    pub fn windows(&mut self, ctx: &Context, cx: &mut Cx<'_>) {
        if let Some(window) = &mut self.rules
            && !window.show(ctx, cx)
        {
            self.rules = None;
        }
        if let Some(window) = &mut self.form
            && !window.show(ctx, cx, &self.schema)
        {
            self.form = None;
        }
        if let Some(question) = &mut self.removal
            && !question.show(ctx, cx)
        {
            self.removal = None;
        }
    }
}
