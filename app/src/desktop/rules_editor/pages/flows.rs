//! The page Transformations: the list of flows, and below it the selected one.

use egui::{Margin, Ui};
use syncline_engine::rules::{MergeType, RulePlace};
use syncline_engine::service::StatusClass;

use super::super::super::context::Cx;
use super::super::super::objects::cs_object::truth;
use super::super::super::theme;
use super::super::super::widgets::grid::{Cell, Column, Grid, GridModel, GridState, NameLook, RowKey, RowSet, Sign, filter_box};
use super::super::super::widgets::splitter;
use super::super::draft::{FlowDraft, Keyed, RuleDraft};
use super::super::faults::{self, capitalized};
use super::Fields;
use super::flow_form::FlowForm;

/// A flow in the list.
#[derive(Clone, Debug, PartialEq, Eq)]
struct FlowRow {
    key: u64,
    flow: FlowDraft,
    /// The first thing that is wrong with it.
    fault: Option<(bool, String)>,
}

/// State of the page.
pub struct FlowPage {
    listed: Vec<FlowRow>,
    rows: RowSet<FlowRow>,
    state: GridState,
    share: f32,
    form: FlowForm,
}

impl FlowPage {
    /// Opens on the first flow.
    #[must_use]
    pub fn new(draft: &RuleDraft) -> Self {
        let mut state = GridState::default();
        if let Some(first) = draft.flows.first() {
            state.select(first.key.into());
        }
        Self { listed: Vec::new(), rows: RowSet::default(), state, share: 0.4, form: FlowForm::default() }
    }

    /// Takes in answers.
    pub fn poll(&mut self) {
        self.form.poll();
    }

    /// Selects the flow to an attribute.
    pub fn choose(&mut self, draft: &RuleDraft, target: &str) {
        if let Some(flow) = draft.flows.iter().find(|flow| flow.value.target.eq_ignore_ascii_case(target)) {
            self.state.select(flow.key.into());
            self.state.scroll_to = Some(flow.key.into());
        }
    }

    fn selected(&self) -> Option<u64> {
        self.state.single().and_then(|key| u64::try_from(key).ok())
    }

    /// Draws the page.
    pub fn show(&mut self, ui: &mut Ui, cx: &mut Cx<'_>, fields: &mut Fields<'_>) {
        self.list_flows(fields);
        let Self { rows, state, share, form, .. } = self;
        let key = state.single().and_then(|key| u64::try_from(key).ok());
        let selected = key.filter(|key| fields.draft.flows.iter().any(|flow| flow.key == *key));
        let mut removed = None;
        let mut shared = (cx, fields);
        let mut height = 0.97;
        let share = if selected.is_some() { share } else { &mut height };
        splitter::vertical(
            ui,
            "Transformations and the selected one",
            share,
            &mut shared,
            |ui, (cx, fields)| {
                ui.horizontal(|ui| {
                    ui.add_enabled_ui(!fields.locked, |ui| {
                        if ui.button("Add Transformation").clicked() {
                            let key = fields.draft.add_flow();
                            state.filter.clear();
                            state.select(key.into());
                            state.scroll_to = Some(key.into());
                        }
                        let button = ui.add_enabled(selected.is_some(), egui::Button::new("Remove Transformation"));
                        if button.on_disabled_hover_text("Select a transformation first").clicked() {
                            removed = selected;
                        }
                    });
                    ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| filter_box(ui, state, rows, false));
                });
                theme::card(ui.style()).inner_margin(Margin::same(1)).show(ui, |ui| {
                    Grid::new().situation(cx.situation).show(ui, &FlowGrid, rows, state);
                });
            },
            |ui, (cx, fields)| {
                if let Some(key) = selected {
                    ui.push_id(key, |ui| form.show(ui, cx, fields, key));
                }
            },
        );
        if let Some(key) = removed {
            let flows = &mut shared.1.draft.flows;
            let at = flows.iter().position(|flow| flow.key == key).unwrap_or(0);
            flows.retain(|flow| flow.key != key);
            self.state.clear_selection();
            if let Some(next) = flows.get(at).or(flows.last()) {
                self.state.select(next.key.into());
            }
        }
    }

    fn list_flows(&mut self, fields: &Fields<'_>) {
        let row = |flow: &Keyed<FlowDraft>| {
            let here = |place: &RulePlace| matches!(place, RulePlace::Flow { target, .. } if *target == flow.value.target);
            let fault = fields.faults.iter().find(|fault| here(&fault.place));
            let fault = fault.map(|fault| (faults::class_of(fault) == StatusClass::Error, capitalized(&fault.message)));
            FlowRow { key: flow.key, flow: flow.value.clone(), fault }
        };
        let listed: Vec<FlowRow> = fields.draft.flows.iter().map(row).collect();
        if listed != self.listed {
            self.rows = RowSet::new(listed.clone());
            self.listed = listed;
        }
        if self.selected().is_none()
            && let Some(first) = self.listed.first()
        {
            self.state.select(first.key.into());
        }
    }
}

struct FlowGrid;

const TARGET: usize = 1;
const COLUMNS: [Column; 5] = [
    Column::short("FlowType", 96.0),
    Column::text("Target Attribute", 210.0),
    Column::text("Source", 330.0),
    Column::short("Apply Once", 90.0),
    Column::short("Merge Type", 110.0),
];

impl GridModel for FlowGrid {
    type Row = FlowRow;

    fn name(&self) -> &'static str {
        "Transformations of the rule"
    }

    fn columns(&self) -> &[Column] {
        &COLUMNS
    }

    fn key(&self, row: &FlowRow) -> RowKey {
        row.key.into()
    }

    fn row_name(&self, row: &FlowRow) -> String {
        format!("{} <- {}", row.flow.target, self.text(row, 2))
    }

    fn text(&self, row: &FlowRow, column: usize) -> String {
        match column {
            0 => row.flow.kind.label().to_owned(),
            TARGET => row.flow.target.clone(),
            2 => row.flow.source.split_whitespace().collect::<Vec<_>>().join(" "),
            3 => truth(row.flow.apply_once).to_owned(),
            _ => row.flow.merge.label().to_owned(),
        }
    }

    fn cell(&self, row: &FlowRow, column: usize) -> Cell {
        match column {
            TARGET => match &row.fault {
                Some((true, _)) => Cell::Status(StatusClass::Error),
                Some((false, _)) => Cell::Status(StatusClass::Warning),
                None => Cell::Signed(Sign::None, NameLook::Plain),
            },
            2 => Cell::Code,
            _ if column == 4 && row.flow.merge != MergeType::Update => Cell::Text,
            _ => Cell::Weak,
        }
    }

    fn tooltip(&self, row: &FlowRow, column: usize) -> Option<String> {
        row.fault.as_ref().filter(|_| column == TARGET).map(|(_, message)| message.clone())
    }

    fn empty_text(&self) -> &'static str {
        "The rule flows no attribute yet. Click Add Transformation."
    }
}
