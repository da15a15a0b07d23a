//! The Metaverse Designer tab: object types, their attributes, and which rules flow into each.

use egui::{Context, Id, Margin, RichText, Ui};
use syncline_engine::service::{ImportFlowView, MvSchemaAttributeView, MvTypeView};

use super::action::Action;
use super::command::Command;
use super::context::Cx;
use super::format::count;
use super::objects::cs_object::truth;
use super::objects::{escaped, window};
use super::theme;
use super::widgets::grid::{Cell, Column, Grid, GridModel, GridState, RowKey, RowSet, SortKey, filter_box};
use super::widgets::{facts, splitter};

/// State of the tab.
#[derive(Default)]
pub struct MetaverseDesigner {
    types: RowSet<MvTypeView>,
    /// The type list's filter, sort and selection.
    pub grid: GridState,
    attributes: RowSet<MvSchemaAttributeView>,
    attribute_state: GridState,
    flows: Option<Flows>,
}

/// The open precedence window.
struct Flows {
    title: String,
    rows: RowSet<(usize, ImportFlowView)>,
    state: GridState,
}

impl MetaverseDesigner {
    /// Takes in the schema.
    pub fn set_schema(&mut self, schema: &[MvTypeView]) {
        self.types = RowSet::new(schema.to_vec());
        if self.grid.single().is_none()
            && let Some(first) = schema.iter().find(|kind| kind.name == "person").or(schema.first())
        {
            self.grid.select(type_key(first));
        }
        self.fill();
    }

    fn fill(&mut self) {
        let selected = self.grid.single();
        let kind = self.types.iter().map(|(_, kind)| kind).find(|kind| Some(type_key(kind)) == selected);
        self.attributes = RowSet::new(kind.map(|kind| kind.attributes.clone()).unwrap_or_default());
    }

    /// The selected attribute.
    #[must_use]
    pub fn attribute(&self) -> Option<&MvSchemaAttributeView> {
        let key = self.attribute_state.single()?;
        self.attributes.iter().map(|(_, attribute)| attribute).find(|attribute| attribute_key(attribute) == key)
    }

    /// Opens the precedence of the selected attribute.
    pub fn open_precedence(&mut self) {
        let Some(attribute) = self.attribute() else { return };
        let rows = RowSet::new(attribute.import_flows.iter().cloned().enumerate().collect());
        self.flows =
            Some(Flows { title: format!("Attribute Flow Precedence - {}", attribute.name), rows, state: GridState::default() });
    }

    /// Draws the tab.
    pub fn show(&mut self, ui: &mut Ui, cx: &mut Cx<'_>, share: &mut f32) {
        let before = self.grid.single();
        let Self { types, grid, attributes, attribute_state, .. } = self;
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
                    Grid::new().situation(cx.situation).show(ui, &TypeGrid, types, grid);
                });
            },
            |ui, cx| {
                ui.horizontal(|ui| {
                    facts::section(ui, "Attributes");
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

    /// Draws the precedence window.
    pub fn windows(&mut self, ctx: &Context, cx: &Cx<'_>) {
        let Some(flows) = &mut self.flows else { return };
        let mut open = true;
        let id = Id::unique("precedence");
        window(ctx, flows.title.clone()).id(id).open(&mut open).default_size([860.0, 360.0]).default_pos([160.0, 160.0]).show(ctx, |ui| {
            ui.label(RichText::new("The first enabled flow with a value wins. The order is that of the rules' precedence; a lower number comes first.").weak());
            Grid::new().situation(cx.situation).show(ui, &FlowGrid, &mut flows.rows, &mut flows.state);
        });
        if !open || escaped(ctx, id) {
            self.flows = None;
        }
    }
}

fn name_key(name: &str) -> RowKey {
    RowKey::from(egui::Id::unique(name).value())
}

fn type_key(kind: &MvTypeView) -> RowKey {
    name_key(&kind.name)
}

fn attribute_key(attribute: &MvSchemaAttributeView) -> RowKey {
    name_key(&attribute.name)
}

struct TypeGrid;

const TYPES: [Column; 4] = [
    Column::text("Name", 240.0),
    Column::number("Attributes", 100.0),
    Column::number("Objects", 110.0),
    Column::text("Deletion Rule", 330.0),
];

impl GridModel for TypeGrid {
    type Row = MvTypeView;

    fn name(&self) -> &'static str {
        "Object types"
    }

    fn columns(&self) -> &[Column] {
        &TYPES
    }

    fn key(&self, row: &MvTypeView) -> RowKey {
        type_key(row)
    }

    fn row_name(&self, row: &MvTypeView) -> String {
        format!("Type {}", row.name)
    }

    fn text(&self, row: &MvTypeView, column: usize) -> String {
        match column {
            0 => row.name.clone(),
            1 => count(row.attributes.len() as u64),
            2 => count(row.objects),
            _ => "Deleted when no rule provides the object".to_owned(),
        }
    }

    fn cell(&self, _row: &MvTypeView, column: usize) -> Cell {
        match column {
            0 => Cell::Strong,
            3 => Cell::Weak,
            _ => Cell::Text,
        }
    }

    fn sort_key(&self, row: &MvTypeView, column: usize) -> SortKey {
        match column {
            1 => SortKey::Number(row.attributes.len() as i128),
            2 => SortKey::Number(row.objects.into()),
            _ => SortKey::Text(self.text(row, column).to_lowercase()),
        }
    }

    fn empty_text(&self) -> &'static str {
        "No object type matches the filter."
    }
}

struct AttributeGrid;

const ATTRIBUTES: [Column; 6] = [
    Column::text("Attribute Name", 260.0),
    Column::short("Type", 90.0),
    Column::short("Multi-valued", 100.0),
    Column::short("Indexed", 80.0),
    Column::number("Import Flows", 100.0),
    Column::text("First Rule", 260.0),
];

impl GridModel for AttributeGrid {
    type Row = MvSchemaAttributeView;

    fn name(&self) -> &'static str {
        "Metaverse schema attributes"
    }

    fn columns(&self) -> &[Column] {
        &ATTRIBUTES
    }

    fn key(&self, row: &MvSchemaAttributeView) -> RowKey {
        attribute_key(row)
    }

    fn row_name(&self, row: &MvSchemaAttributeView) -> String {
        format!("Attribute {}", row.name)
    }

    fn text(&self, row: &MvSchemaAttributeView, column: usize) -> String {
        match column {
            0 => row.name.clone(),
            1 => row.value_type.word().to_owned(),
            2 => truth(row.multi_valued).to_owned(),
            3 => truth(row.indexed).to_owned(),
            4 => row.import_flows.len().to_string(),
            _ => row.import_flows.iter().find(|flow| flow.enabled).map(|flow| flow.rule.clone()).unwrap_or_default(),
        }
    }

    fn cell(&self, _row: &MvSchemaAttributeView, column: usize) -> Cell {
        match column {
            0 => Cell::Strong,
            5 => Cell::Weak,
            _ => Cell::Text,
        }
    }

    fn sort_key(&self, row: &MvSchemaAttributeView, column: usize) -> SortKey {
        match column {
            4 => SortKey::Number(row.import_flows.len() as i128),
            _ => SortKey::Text(self.text(row, column).to_lowercase()),
        }
    }

    fn actions(&self) -> &[Action] {
        &[Action::ConfigureAttributeFlowPrecedence, Action::EditAttribute, Action::RemoveAttribute]
    }

    fn empty_text(&self) -> &'static str {
        "Select an object type above, or clear the filter."
    }
}

struct FlowGrid;

const FLOWS: [Column; 8] = [
    Column::number("Rank", 60.0),
    Column::text("Sync Rule", 230.0),
    Column::text("Connector", 150.0),
    Column::number("Precedence", 90.0),
    Column::short("Object Type", 100.0),
    Column::short("Flow Type", 90.0),
    Column::text("Source", 230.0),
    Column::short("Disabled", 80.0),
];

impl GridModel for FlowGrid {
    type Row = (usize, ImportFlowView);

    fn name(&self) -> &'static str {
        "Import flows"
    }

    fn columns(&self) -> &[Column] {
        &FLOWS
    }

    fn key(&self, row: &Self::Row) -> RowKey {
        row.0 as RowKey
    }

    fn row_name(&self, row: &Self::Row) -> String {
        format!("Flow {}: {}, precedence {}", row.0 + 1, row.1.rule, row.1.precedence)
    }

    fn text(&self, row: &Self::Row, column: usize) -> String {
        let flow = &row.1;
        match column {
            0 => (row.0 + 1).to_string(),
            1 => flow.rule.clone(),
            2 => flow.connector.clone(),
            3 => flow.precedence.to_string(),
            4 => flow.object_type.clone(),
            5 => flow.flow_type.clone(),
            6 => flow.source.clone(),
            _ => truth(!flow.enabled).to_owned(),
        }
    }

    fn cell(&self, row: &Self::Row, column: usize) -> Cell {
        match column {
            _ if !row.1.enabled => Cell::Weak,
            1 => Cell::Strong,
            6 => Cell::Code,
            _ => Cell::Text,
        }
    }

    fn sort_key(&self, row: &Self::Row, column: usize) -> SortKey {
        match column {
            0 => SortKey::Number(row.0 as i128),
            3 => SortKey::Number(row.1.precedence.into()),
            _ => SortKey::Text(self.text(row, column).to_lowercase()),
        }
    }

    fn empty_text(&self) -> &'static str {
        "No rule flows into this attribute."
    }
}

/// The columns of the type list, for the column choice.
#[must_use]
pub fn columns() -> (&'static str, &'static [Column]) {
    ("Object types", &TYPES)
}
