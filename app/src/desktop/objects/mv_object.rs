//! The Metaverse Object Properties window.

use egui::{RichText, Ui};
use syncline_engine::model::{ObjectOperation, ValueType};
use syncline_engine::service::{MvConnectorView, MvHit, MvObjectView, SearchClause, SearchOperator};
use uuid::Uuid;

use super::super::action::Action;
use super::super::command::{AttributeOfIdentity, ByHandStart, Command, Comparison};
use super::super::context::{Cx, question};
use super::super::format::Format;
use super::super::theme::Palette;
use super::super::widgets::badge::{self, Tone};
use super::super::widgets::grid::{Cell, Column, Grid, GridModel, GridState, RowKey, RowSet, SortKey, filter_box};
use super::super::widgets::requested::Requested;
use super::super::widgets::{button_bar, empty, facts};
use super::attributes::{MV_VALUE, MvGrid, MvValueRow, mv_rows};
use super::search_cs::{OBJECT_ACTIONS, object_command};
use super::tabs;

/// State of the window.
pub struct MvObject {
    guid: Uuid,
    object: Requested<MvObjectView>,
    tab: usize,
    attributes: RowSet<MvValueRow>,
    attribute_state: GridState,
    connectors: RowSet<MvConnectorView>,
    connector_state: GridState,
}

impl MvObject {
    /// Opens on an object.
    #[must_use]
    pub fn new(cx: &Cx<'_>, guid: Uuid) -> Self {
        let mut window = Self {
            guid,
            object: Requested::default(),
            tab: 0,
            attributes: RowSet::default(),
            attribute_state: GridState::default(),
            connectors: RowSet::default(),
            connector_state: GridState::default(),
        };
        window.reload(cx);
        window
    }

    /// The object shown.
    #[must_use]
    pub fn guid(&self) -> Uuid {
        self.guid
    }

    /// Asks for the object again.
    pub fn reload(&mut self, cx: &Cx<'_>) {
        let guid = self.guid;
        self.object.ask(cx.worker, question(cx.backend, move |engine| engine.mv_object(guid)));
    }

    /// Name of the object, once it is known.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.object.value().map(|object| object.hit.display_name.as_str())
    }

    /// Title of the window.
    #[must_use]
    pub fn title(&self) -> String {
        let name = self.object.value().map(|object| object.hit.display_name.clone()).filter(|name| !name.is_empty());
        format!("Metaverse Object Properties - {}", name.unwrap_or_else(|| self.guid.to_string()))
    }

    /// Takes in the answer.
    pub fn poll(&mut self) {
        if self.object.poll()
            && let Some(object) = self.object.value()
        {
            self.attributes = mv_rows(&object.attribute_details);
            self.connectors = RowSet::new(object.connector_details.clone());
        }
    }

    /// Draws the contents; true when the window shall close.
    pub fn show(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) -> bool {
        let pressed = button_bar::close_or_refresh(ui, |ui| {
            self.disconnect_button(ui, cx);
            self.graph_button(ui, cx);
            self.compare_button(ui, cx);
            self.lineage_button(ui, cx);
        });
        if pressed.refresh {
            self.reload(cx);
        }
        egui::CentralPanel::no_frame().show(ui, |ui| {
            let Some(object) = empty::value(ui, &self.object) else { return };
            header(ui, cx, object);
            ui.add_space(4.0);
            if let Some(tab) = tabs::bar(ui, &["Attributes", "Connectors"], self.tab) {
                self.tab = tab;
            }
            ui.add_space(6.0);
            if self.tab == 0 {
                attributes(ui, cx, &object.hit, &mut self.attributes, &mut self.attribute_state);
            } else {
                let model = ConnectorGrid { format: cx.format };
                let response =
                    Grid::new().situation(cx.situation).show(ui, &model, &mut self.connectors, &mut self.connector_state);
                let position = response.activated.or(response.link.map(|(position, _)| position));
                if let Some(row) = position.and_then(|position| self.connectors.get(position)) {
                    cx.send(Command::OpenCsObject(row.hit.guid));
                }
                if let Some((action, position)) = response.action
                    && let Some(row) = self.connectors.get(position)
                {
                    cx.send(object_command(action, &row.connector_name, row.hit.guid, &row.hit.dn));
                }
            }
        });
        pressed.close
    }
}

impl MvObject {
    /// Disconnects the objects that are selected on the Connectors tab.
    fn disconnect_button(&self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let chosen = |row: &&MvConnectorView| self.tab == 1 && self.connector_state.selected.contains(&row.hit.guid.as_u128());
        let objects: Vec<(Uuid, String)> =
            self.connectors.iter().map(|(_, row)| row).filter(chosen).map(|row| (row.hit.guid, row.hit.dn.clone())).collect();
        let right = Action::DisconnectObject.availability(cx.situation);
        let possible = !objects.is_empty() && right.is_ok();
        let button = ui.add_enabled(possible, egui::Button::new(Action::DisconnectObject.text()));
        let button = button.on_hover_text(Action::DisconnectObject.tooltip());
        let reason = right.err().unwrap_or_else(|| "Select objects on the Connectors tab first".to_owned());
        if button.on_disabled_hover_text(reason).clicked() {
            cx.send(Command::OpenByHand(ByHandStart { join: false, objects, name: String::new() }));
        }
    }

    fn graph_button(&self, ui: &mut Ui, cx: &mut Cx<'_>) {
        if ui.button(Action::LineageGraph.text()).on_hover_text(Action::LineageGraph.tooltip()).clicked() {
            cx.send(Command::OpenLineageGraph(self.guid));
        }
    }

    fn compare_button(&self, ui: &mut Ui, cx: &mut Cx<'_>) {
        if ui.button(Action::CompareObjects.text()).on_hover_text(Action::CompareObjects.tooltip()).clicked() {
            cx.send(Command::OpenComparison(Comparison { first: self.guid, second: None }));
        }
    }

    /// Opens the lineage of the selected attribute, else of the display name.
    fn lineage_button(&self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let selected = self.attribute_state.single().filter(|_| self.tab == 0).and_then(|key| self.attributes.get(key as u64));
        let attribute = selected.map_or_else(|| "displayName".to_owned(), |row| row.attribute.name.clone());
        let button = ui.add_enabled(self.object.value().is_some(), egui::Button::new("Attribute Lineage..."));
        if button.on_hover_text(format!("{} ({attribute})", Action::AttributeLineage.tooltip())).clicked() {
            cx.send(Command::OpenLineage(AttributeOfIdentity { object: self.guid, attribute }));
        }
    }
}

fn header(ui: &mut Ui, cx: &Cx<'_>, object: &MvObjectView) {
    let palette = Palette::of(ui.style());
    ui.label(RichText::new(&object.hit.display_name).size(16.0).color(palette.text_strong));
    ui.horizontal_wrapped(|ui| {
        facts::fact(ui, "Object type", &object.hit.object_type);
        facts::fact(ui, "GUID", &object.hit.guid.to_string());
        facts::fact(ui, "Created", &cx.format.maybe_time(object.created));
        facts::fact(ui, "Modified", &cx.format.maybe_time(object.changed));
    });
    let filtered = object
        .attribute_details
        .iter()
        .any(|attribute| attribute.name == "cloudFiltered" && attribute.values.iter().any(|value| value.text == "True"));
    if filtered {
        badge::strip(ui, Tone::Warn, "cloudFiltered = True - filtered, not sent to the cloud", |_| ());
    }
    let anchored =
        object.attribute_details.iter().any(|attribute| attribute.name == "sourceAnchor" && !attribute.values.is_empty());
    if !anchored && object.hit.object_type == "person" {
        badge::strip(ui, Tone::Warn, "sourceAnchor missing", |_| ());
    }
}

fn attributes(ui: &mut Ui, cx: &mut Cx<'_>, hit: &MvHit, rows: &mut RowSet<MvValueRow>, state: &mut GridState) {
    let object = hit.guid;
    ui.horizontal(|ui| ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| filter_box(ui, state, rows, false)));
    let response = Grid::new().situation(cx.situation).show(ui, &MvGrid { format: cx.format }, rows, state);
    if let Some((position, column)) = response.link
        && let Some(row) = rows.get(position)
    {
        match (column == MV_VALUE, row.target, row.attribute.cs_guid) {
            (true, Some(target), _) => cx.send(Command::OpenMvObject(target)),
            (false, _, Some(guid)) => cx.send(Command::OpenCsObject(guid)),
            _ => {}
        }
    }
    let lineage = |row: &MvValueRow| Command::OpenLineage(AttributeOfIdentity { object, attribute: row.attribute.name.clone() });
    if let Some(row) = response.activated.and_then(|position| rows.get(position)) {
        cx.send(lineage(row));
    }
    if let Some((action, position)) = response.action
        && let Some(row) = rows.get(position)
    {
        match (action, row.attribute.cs_guid) {
            (Action::AttributeLineage | Action::WhoCouldContribute, _) => cx.send(lineage(row)),
            (Action::ShowRule, _) => cx.send(match row.attribute.rule_guid {
                Some(rule) => Command::OpenRule(rule),
                None => Command::Complain("The rule that gave the value is gone.".to_owned()),
            }),
            (Action::ShowValue, _) => cx.send(row.in_full(&hit.display_name)),
            (Action::FindWithValue, _) if row.target.is_some() || row.attribute.value_type == ValueType::Reference => {
                cx.send(Command::Complain("Objects are not searched by the objects that they refer to".to_owned()));
            }
            (Action::FindWithValue, _) => cx.send(Command::SearchMetaverse(SearchClause {
                attribute: row.attribute.name.clone(),
                operator: SearchOperator::Equals,
                value: row.value.clone(),
            })),
            (Action::ContributingObject, Some(guid)) => cx.send(Command::OpenCsObject(guid)),
            (Action::ContributingObject, None) => {
                cx.send(Command::Complain("The object that the value came from is gone.".to_owned()));
            }
            _ => cx.send(Command::Copy(row.value.clone())),
        }
    }
}

struct ConnectorGrid<'a> {
    /// Zone of the times.
    format: &'a Format,
}

const COLUMNS: [Column; 7] = [
    Column::text("Distinguished Name", 340.0),
    Column::text("Connector", 230.0),
    Column::short("Object Type", 100.0),
    Column::short("Link", 100.0),
    Column::short("Linked", 154.0),
    Column::short("Pending Export", 110.0),
    Column::text("Error", 160.0),
];

impl GridModel for ConnectorGrid<'_> {
    type Row = MvConnectorView;

    fn name(&self) -> &'static str {
        "Joined objects"
    }

    fn columns(&self) -> &[Column] {
        &COLUMNS
    }

    fn key(&self, row: &MvConnectorView) -> RowKey {
        row.hit.guid.as_u128()
    }

    fn row_name(&self, row: &MvConnectorView) -> String {
        format!("{}: {}", row.connector_name, row.hit.dn)
    }

    fn text(&self, row: &MvConnectorView, column: usize) -> String {
        match column {
            0 => row.hit.dn.clone(),
            1 => row.connector_name.clone(),
            2 => row.hit.object_type.clone(),
            3 => link_kind(row).to_owned(),
            4 => self.format.maybe_time(linked(row)),
            5 => match row.hit.pending_export {
                ObjectOperation::None => String::new(),
                operation => operation.word().to_owned(),
            },
            _ => row.hit.error.clone().unwrap_or_default(),
        }
    }

    fn cell(&self, _row: &MvConnectorView, column: usize) -> Cell {
        match column {
            0 => Cell::Link,
            4 => Cell::Weak,
            _ => Cell::Text,
        }
    }

    fn sort_key(&self, row: &MvConnectorView, column: usize) -> SortKey {
        match column {
            4 => linked(row).map_or(SortKey::Nothing, |at| SortKey::Number(at.as_nanosecond())),
            _ => SortKey::Text(self.text(row, column).to_lowercase()),
        }
    }

    fn actions(&self) -> &[Action] {
        &OBJECT_ACTIONS
    }

    fn empty_text(&self) -> &'static str {
        "No connector space object is linked."
    }
}

/// When the object was linked: the first of the rules that made or hold its link was applied then.
fn linked(row: &MvConnectorView) -> Option<jiff::Timestamp> {
    row.lineage.iter().filter_map(|rule| rule.applied).min()
}

/// How the object came to its link: by provisioning when an outbound rule provides it, else by projection or join.
fn link_kind(row: &MvConnectorView) -> &'static str {
    let provides = row.lineage.iter().find(|rule| rule.action == "Provision");
    match provides.map(|rule| rule.direction.as_str()) {
        Some("Outbound") => "provisioning",
        Some(_) => "projection",
        None => "join",
    }
}
