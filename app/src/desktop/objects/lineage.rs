//! The Attribute Lineage window: why a metaverse attribute has the value that it has, and what lost.

use std::collections::BTreeMap;

use egui::{ComboBox, RichText, ScrollArea, Ui};
use syncline_engine::service::{FlowStatus, FlowView, MvObjectView, WhyView};
use uuid::Uuid;

use super::super::backend::{Answer, Backend};
use super::super::command::{AttributeOfIdentity, Command};
use super::super::context::{Cx, question};
use super::super::theme::Palette;
use super::super::widgets::badge::{self, Tone};
use super::super::widgets::grid::{Grid, GridState, RowSet};
use super::super::widgets::requested::Requested;
use super::super::widgets::{button_bar, empty, facts};
use super::explain::expression::{PartGrid, PartRow, part_rows};
use super::explain::flows::{FlowGrid, FlowKind, FlowRow, decides, flow_rows, gives};

/// Contributions shown without scrolling.
const MOST_FLOWS: u64 = 7;
/// Parts of an expression shown without scrolling.
const MOST_PARTS: u64 = 12;

/// The engine's answer with what makes its names clickable.
struct Explained {
    why: WhyView,
    object: MvObjectView,
    /// Attributes of the object's type.
    attributes: Vec<String>,
}

fn ask(engine: &dyn Backend, wanted: &AttributeOfIdentity) -> Answer<Explained> {
    let why = engine.why(&wanted.object.to_string(), &wanted.attribute)?;
    let object = engine.mv_object(wanted.object)?;
    let schema = engine.metaverse_schema()?;
    let of_type = schema.iter().filter(|kind| kind.name == object.hit.object_type).flat_map(|kind| &kind.attributes);
    let mut attributes: Vec<String> = of_type.map(|attribute| attribute.name.clone()).collect();
    attributes.sort_by_key(|name| name.to_lowercase());
    Ok(Explained { why, object, attributes })
}

/// State of the window.
pub struct Lineage {
    wanted: AttributeOfIdentity,
    answer: Requested<Explained>,
    flows: RowSet<FlowRow>,
    state: GridState,
    parts: RowSet<PartRow>,
    parts_state: GridState,
}

impl Lineage {
    /// Opens on an attribute.
    #[must_use]
    pub fn new(cx: &Cx<'_>, wanted: AttributeOfIdentity) -> Self {
        let mut window = Self {
            wanted,
            answer: Requested::default(),
            flows: RowSet::default(),
            state: GridState::default(),
            parts: RowSet::default(),
            parts_state: GridState::default(),
        };
        window.reload(cx);
        window
    }

    /// The attribute shown.
    #[must_use]
    pub fn wanted(&self) -> &AttributeOfIdentity {
        &self.wanted
    }

    /// Asks again.
    pub fn reload(&mut self, cx: &Cx<'_>) {
        let wanted = self.wanted.clone();
        self.answer.ask(cx.worker, question(cx.backend, move |engine| ask(engine, &wanted)));
    }

    /// Title of the window.
    #[must_use]
    pub fn title(&self) -> String {
        let name = self.answer.value().map(|answer| answer.object.hit.display_name.clone()).filter(|name| !name.is_empty());
        format!("Attribute Lineage - {} of {}", self.wanted.attribute, name.unwrap_or_else(|| self.wanted.object.to_string()))
    }

    /// Takes in the answer.
    pub fn poll(&mut self) {
        if self.answer.poll()
            && let Some(answer) = self.answer.value()
        {
            self.flows = flow_rows(&answer.why.flows, None, &BTreeMap::new());
            self.state.clear_selection();
            let first = self.flows.iter().map(|(_, row)| row).find(|row| matters(row, &answer.why.flows));
            if let Some(index) = first.map(|row| row.index) {
                self.state.select(index as u128);
            }
            self.explain();
        }
    }

    fn selected(&self) -> Option<&FlowRow> {
        self.flows.get(self.state.single()? as u64)
    }

    fn explain(&mut self) {
        let expression = self.selected().and_then(|row| row.flow.expression.as_ref()).map(part_rows);
        self.parts = expression.unwrap_or_default();
    }

    /// Draws the contents; true when the window shall close.
    pub fn show(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) -> bool {
        let mut pressed = button_bar::close_or_refresh(ui, |ui| {
            if ui.button("Metaverse Object").clicked() {
                cx.send(Command::OpenMvObject(self.wanted.object));
            }
        });
        egui::CentralPanel::no_frame().show(ui, |ui| {
            pressed.refresh |= self.choice(ui);
            ScrollArea::vertical().id_salt("lineage").auto_shrink(false).show(ui, |ui| self.contents(ui, cx));
        });
        if pressed.refresh {
            self.reload(cx);
        }
        pressed.close
    }

    /// The attribute, which can be changed; true when it was.
    fn choice(&mut self, ui: &mut Ui) -> bool {
        let before = self.wanted.attribute.clone();
        ui.horizontal(|ui| {
            let label = ui.label("Attribute");
            let combo = ComboBox::from_id_salt("attribute").selected_text(&self.wanted.attribute).width(260.0).height(360.0);
            let combo = combo.show_ui(ui, |ui| {
                for name in self.answer.value().iter().flat_map(|answer| &answer.attributes) {
                    ui.selectable_value(&mut self.wanted.attribute, name.clone(), name);
                }
            });
            combo.response.labelled_by(label.id);
            if self.answer.is_pending() {
                ui.spinner();
            }
        });
        ui.add_space(6.0);
        self.wanted.attribute != before
    }

    fn contents(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let Some(answer) = empty::value(ui, &self.answer) else { return };
        let why = &answer.why;
        let objects: BTreeMap<&str, Uuid> =
            answer.object.connector_details.iter().map(|joined| (joined.hit.dn.as_str(), joined.hit.guid)).collect();
        stored(ui, cx, why, &objects);
        ui.add_space(8.0);
        facts::section(ui, "Contributions, the winner first");
        let model = FlowGrid::new(FlowKind::Why);
        let response = Grid::new().rows(MOST_FLOWS).show(ui, &model, &mut self.flows, &mut self.state);
        let link = response.link.filter(|(_, column)| model.names_object(*column)).map(|(position, _)| position);
        if let Some(position) = response.activated.or(link)
            && let Some(guid) = self.flows.get(position).and_then(|row| objects.get(row.flow.dn.as_str()))
        {
            cx.send(Command::OpenCsObject(*guid));
        }
        let row = self.flows.get(self.state.single().map_or(u64::MAX, |key| key as u64));
        if let Some(row) = row {
            ui.add_space(8.0);
            details(ui, row);
        }
        if self.parts.total() > 0 {
            ui.add_space(4.0);
            Grid::new().rows(MOST_PARTS).show(ui, &PartGrid, &mut self.parts, &mut self.parts_state);
        }
        if !why.elsewhere.is_empty() {
            ui.add_space(8.0);
            facts::section(ui, "Rules that give it to objects that are not joined here");
            for rule in &why.elsewhere {
                ui.add(egui::Label::new(rule).wrap());
            }
        }
        if response.selection_changed {
            self.explain();
        }
    }
}

/// The flow to explain first: one that fails, else one that decides, else the first.
fn matters(row: &FlowRow, all: &[FlowView]) -> bool {
    let failing = all.iter().any(|flow| flow.status == FlowStatus::Error);
    let decided = all.iter().any(decides);
    match (failing, decided) {
        (true, _) => row.flow.status == FlowStatus::Error,
        (false, true) => decides(&row.flow),
        (false, false) => true,
    }
}

fn stored(ui: &mut Ui, cx: &mut Cx<'_>, why: &WhyView, objects: &BTreeMap<&str, Uuid>) {
    let palette = Palette::of(ui.style());
    ui.add(egui::Label::new(RichText::new(&why.verdict).size(15.0).color(palette.text_strong)).wrap());
    ui.add_space(6.0);
    if let Some(error) = &why.error {
        badge::strip(ui, Tone::Bad, &format!("{}: {}", error.code, error.message), |_| ());
    }
    if let Some(pending) = &why.pending {
        let would = if pending.is_empty() { "no value".to_owned() } else { pending.join("; ") };
        badge::strip(ui, Tone::Warn, &format!("A synchronization would now give: {would}"), |_| ());
    }
    let Some(stored) = &why.stored else { return };
    let more = stored.count.saturating_sub(stored.values.len().min(10) as u64);
    let more = if more > 0 { format!("; and {more} more") } else { String::new() };
    let shown: Vec<&str> = stored.values.iter().take(10).map(String::as_str).collect();
    ui.horizontal_wrapped(|ui| {
        facts::fact(ui, "Value", &format!("{}{more}", shown.join("; ")));
        facts::fact(ui, "Synchronization rule", &stored.rule);
        facts::fact(ui, "Contributing connector", &stored.connector);
        facts::fact(ui, "Time", &cx.format.maybe_time(stored.time));
    });
    ui.horizontal_wrapped(|ui| {
        ui.label(RichText::new("From").weak());
        match objects.get(stored.dn.as_str()) {
            Some(guid) => {
                if ui.link(&stored.dn).clicked() {
                    cx.send(Command::OpenCsObject(*guid));
                }
            }
            None => {
                ui.label(&stored.dn);
            }
        }
    });
}

/// What became of one flow, and why.
pub fn details(ui: &mut Ui, row: &FlowRow) {
    let flow = &row.flow;
    facts::section(ui, &flow.rule);
    if !flow.reason.is_empty() {
        ui.add(egui::Label::new(&flow.reason).wrap());
    }
    if let Some(error) = &flow.error {
        badge::strip(ui, Tone::Bad, &format!("{}: {}", error.code, error.message), |_| ());
    }
    ui.add(egui::Label::new(RichText::new(format!("{}: {}", flow.flow_type, flow.source)).monospace()).wrap());
    let word = if row.loser { "Would give" } else { "Gives" };
    ui.add(egui::Label::new(format!("{word}: {}", gives(flow))).wrap());
}
