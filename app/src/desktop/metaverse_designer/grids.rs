//! The lists of the tab and its windows.

use syncline_engine::service::{ImportFlowView, MvSchemaAttributeView, MvTypeView, SchemaUseView};

use super::super::action::Action;
use super::super::format::count;
use super::super::objects::cs_object::truth;
use super::super::widgets::grid::{Cell, Column, GridModel, RowKey, SortKey};

fn name_key(name: &str) -> RowKey {
    RowKey::from(egui::Id::unique(name).value())
}

/// Identity of an object type.
pub fn type_key(kind: &MvTypeView) -> RowKey {
    name_key(&kind.name)
}

/// Identity of an attribute.
pub fn attribute_key(attribute: &MvSchemaAttributeView) -> RowKey {
    name_key(&attribute.name)
}

/// The object types.
pub struct TypeGrid;

/// Columns of the object types.
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

    fn actions(&self) -> &[Action] {
        &[Action::AddAttribute, Action::ConfigureObjectDeletionRule, Action::DeleteObjectType]
    }

    fn empty_text(&self) -> &'static str {
        "No object type matches the filter."
    }
}

/// An attribute of the selected type.
#[derive(Clone, Debug)]
pub struct AttributeRow {
    /// What the schema says.
    pub attribute: MvSchemaAttributeView,
    /// Objects of the type that hold it, once they are counted.
    pub populated: Option<u64>,
}

/// The attributes of a type.
pub struct AttributeGrid;

const ATTRIBUTES: [Column; 9] = [
    Column::text("Attribute Name", 250.0),
    Column::short("Type", 88.0),
    Column::short("Multi-valued", 92.0),
    Column::short("Indexed", 70.0),
    Column::short("Required", 80.0).optional(),
    Column::number("Import Flows", 92.0),
    Column::number("Export Flows", 92.0),
    Column::number("Populated", 82.0),
    Column::text("First Rule", 200.0),
];

impl GridModel for AttributeGrid {
    type Row = AttributeRow;

    fn name(&self) -> &'static str {
        "Metaverse schema attributes"
    }

    fn columns(&self) -> &[Column] {
        &ATTRIBUTES
    }

    fn key(&self, row: &AttributeRow) -> RowKey {
        attribute_key(&row.attribute)
    }

    fn row_name(&self, row: &AttributeRow) -> String {
        format!("Attribute {}", row.attribute.name)
    }

    fn text(&self, row: &AttributeRow, column: usize) -> String {
        let attribute = &row.attribute;
        match column {
            0 => attribute.name.clone(),
            1 => attribute.value_type.word().to_owned(),
            2 => truth(attribute.multi_valued).to_owned(),
            3 => truth(attribute.indexed).to_owned(),
            // The metaverse demands no attribute of an object: what must be there, the rules of each target decide.
            4 => truth(false).to_owned(),
            5 => attribute.import_flows.len().to_string(),
            6 => attribute.export_flows.to_string(),
            7 => row.populated.map(count).unwrap_or_default(),
            _ => attribute.import_flows.iter().find(|flow| flow.enabled).map(|flow| flow.rule.clone()).unwrap_or_default(),
        }
    }

    fn cell(&self, row: &AttributeRow, column: usize) -> Cell {
        match column {
            0 => Cell::Strong,
            5 if row.attribute.import_flows.is_empty() => Cell::Weak,
            6 if row.attribute.export_flows == 0 => Cell::Weak,
            7 if row.populated == Some(0) => Cell::Weak,
            8 => Cell::Weak,
            _ => Cell::Text,
        }
    }

    fn sort_key(&self, row: &AttributeRow, column: usize) -> SortKey {
        match column {
            5 => SortKey::Number(row.attribute.import_flows.len() as i128),
            6 => SortKey::Number(row.attribute.export_flows.into()),
            7 => row.populated.map_or(SortKey::Nothing, |number| SortKey::Number(number.into())),
            _ => SortKey::Text(self.text(row, column).to_lowercase()),
        }
    }

    fn actions(&self) -> &[Action] {
        &[
            Action::ConfigureAttributeFlowPrecedence,
            Action::CreateRuleForAttribute,
            Action::EditAttribute,
            Action::RemoveAttribute,
        ]
    }

    fn empty_text(&self) -> &'static str {
        "Select an object type above, or clear the filter."
    }
}

/// The inbound flows to an attribute; a row is a flow with its rank.
pub struct FlowGrid;

const FLOWS: [Column; 10] = [
    Column::number("Rank", 56.0),
    Column::text("Sync Rule", 230.0),
    Column::text("Connector", 150.0),
    Column::number("Precedence", 88.0),
    Column::short("Link Type", 88.0),
    Column::short("Flow Type", 88.0),
    Column::text("Source", 220.0),
    Column::short("Merge Type", 96.0),
    Column::short("Disabled", 76.0),
    Column::short("Object Type", 100.0).optional(),
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
            4 => flow.link.label().to_owned(),
            5 => flow.flow_type.clone(),
            6 => flow.source.split_whitespace().collect::<Vec<_>>().join(" "),
            7 => flow.merge.label().to_owned(),
            8 => truth(!flow.enabled).to_owned(),
            _ => flow.object_type.clone(),
        }
    }

    fn cell(&self, row: &Self::Row, column: usize) -> Cell {
        match column {
            _ if !row.1.enabled => Cell::Struck,
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

    fn actions(&self) -> &[Action] {
        &[Action::ViewThisRule, Action::EditThisRule]
    }

    fn empty_text(&self) -> &'static str {
        "No rule flows into this attribute."
    }
}

/// The rules that use an attribute or a type; a row is a rule.
pub struct UseGrid {
    /// The column with what a rule does for a type instead of where it uses an attribute.
    pub of_type: bool,
}

const USES: [Column; 6] = [
    Column::number("Precedence", 88.0),
    Column::text("Sync Rule", 260.0),
    Column::text("Connector", 170.0),
    Column::short("Direction", 88.0),
    Column::text("Where", 320.0),
    Column::short("Disabled", 76.0),
];

const KEEPERS: [Column; 6] = [
    Column::number("Precedence", 88.0),
    Column::text("Sync Rule", 300.0),
    Column::text("Connector", 220.0),
    Column::short("Direction", 88.0),
    Column::short("Link Type", 90.0),
    Column::short("Disabled", 76.0),
];

impl GridModel for UseGrid {
    type Row = SchemaUseView;

    fn name(&self) -> &'static str {
        if self.of_type { "Rules that keep objects" } else { "Rules that use the attribute" }
    }

    fn columns(&self) -> &[Column] {
        if self.of_type { &KEEPERS } else { &USES }
    }

    fn key(&self, row: &SchemaUseView) -> RowKey {
        row.guid.as_u128()
    }

    fn row_name(&self, row: &SchemaUseView) -> String {
        format!("Use by {}, precedence {}", row.rule, row.precedence)
    }

    fn text(&self, row: &SchemaUseView, column: usize) -> String {
        match column {
            0 => row.precedence.to_string(),
            1 => row.rule.clone(),
            2 => row.connector.clone(),
            3 => row.direction.label().to_owned(),
            4 if self.of_type => row.link.label().to_owned(),
            4 => row.places.join(", "),
            _ => truth(!row.enabled).to_owned(),
        }
    }

    fn cell(&self, row: &SchemaUseView, column: usize) -> Cell {
        match column {
            _ if !row.enabled => Cell::Struck,
            1 => Cell::Strong,
            _ => Cell::Text,
        }
    }

    fn sort_key(&self, row: &SchemaUseView, column: usize) -> SortKey {
        match column {
            0 => SortKey::Number(row.precedence.into()),
            _ => SortKey::Text(self.text(row, column).to_lowercase()),
        }
    }

    fn actions(&self) -> &[Action] {
        &[Action::ViewThisRule, Action::EditThisRule]
    }

    fn empty_text(&self) -> &'static str {
        if self.of_type { "No rule keeps objects of this type." } else { "No rule uses this attribute." }
    }
}
