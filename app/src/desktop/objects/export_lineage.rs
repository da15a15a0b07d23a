//! Why an attribute of a connector space object is to be written: the rules that flow to it, the winner first.

use std::collections::BTreeMap;

use egui::{RichText, Ui};
use syncline_engine::service::{CsObjectView, PreviewView, SyncMode};

use super::super::backend::{Answer, Backend};
use super::super::command::{AttributeOfIdentity, Command, ExportedAttribute};
use super::super::context::{Cx, question};
use super::super::widgets::badge::{self, Tone};
use super::super::widgets::grid::{Grid, GridState, RowSet};
use super::super::widgets::requested::Requested;
use super::super::widgets::{button_bar, empty, facts};
use super::cs_object::shown_name;
use super::explain::flows::{FlowGrid, FlowKind, FlowRow, decides, flow_rows};
use super::lineage::details;

/// Rules shown without scrolling.
const MOST_FLOWS: u64 = 9;

/// State of the window.
pub struct ExportLineage {
    wanted: ExportedAttribute,
    answer: Requested<(CsObjectView, PreviewView)>,
    flows: RowSet<FlowRow>,
    state: GridState,
}

fn ask(engine: &dyn Backend, wanted: &ExportedAttribute) -> Answer<(CsObjectView, PreviewView)> {
    Ok((engine.cs_object(wanted.object)?, engine.preview(wanted.object, SyncMode::Full)?))
}

impl ExportLineage {
    /// Opens on an attribute.
    #[must_use]
    pub fn new(cx: &Cx<'_>, wanted: ExportedAttribute) -> Self {
        let mut window = Self { wanted, answer: Requested::default(), flows: RowSet::default(), state: GridState::default() };
        window.reload(cx);
        window
    }

    /// The attribute shown.
    #[must_use]
    pub fn wanted(&self) -> &ExportedAttribute {
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
        let known = self.answer.value().map(|(object, _)| shown_name(&object.dn, &object.display_name).to_owned());
        format!("Attribute Lineage - {} of {}", self.wanted.attribute, known.unwrap_or_else(|| self.wanted.object.to_string()))
    }

    /// Takes in the answer.
    pub fn poll(&mut self) {
        if self.answer.poll()
            && let Some((object, preview)) = self.answer.value()
        {
            let here = preview.export_flows.iter().filter(|flow| {
                flow.attribute.eq_ignore_ascii_case(&self.wanted.attribute)
                    && flow.connector == object.connector
                    && (flow.dn.is_empty() || flow.dn == object.dn)
            });
            self.flows = flow_rows(here, None, &BTreeMap::new());
            self.state.clear_selection();
            let winner = self.flows.iter().find(|(_, row)| decides(&row.flow)).or(self.flows.iter().next());
            if let Some(index) = winner.map(|(_, row)| row.index) {
                self.state.select(index as u128);
            }
        }
    }

    /// Draws the contents; true when the window shall close.
    pub fn show(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) -> bool {
        let identity = self.answer.value().and_then(|(object, _)| object.metaverse.as_ref()).map(|hit| hit.guid);
        let source = self.selected().filter(|row| row.flow.flow_type == "Direct").map(|row| row.flow.source.clone());
        let pressed = button_bar::close_or_refresh(ui, |ui| {
            let button = ui.add_enabled(identity.is_some(), egui::Button::new("Metaverse Object"));
            let button = button.on_disabled_hover_text("The object is not linked to the metaverse");
            if let Some(guid) = identity.filter(|_| button.clicked()) {
                cx.send(Command::OpenMvObject(guid));
            }
            let further = identity.zip(source.clone());
            let button = ui.add_enabled(further.is_some(), egui::Button::new("Lineage of the Source"));
            let button = button
                .on_hover_text("Where the metaverse attribute that flows here comes from")
                .on_disabled_hover_text("Select a rule that flows one attribute as it is");
            if let Some((object, attribute)) = further.filter(|_| button.clicked()) {
                cx.send(Command::OpenLineage(AttributeOfIdentity { object, attribute }));
            }
        });
        if pressed.refresh {
            self.reload(cx);
        }
        egui::CentralPanel::no_frame().show(ui, |ui| self.contents(ui, cx));
        pressed.close
    }

    fn selected(&self) -> Option<&FlowRow> {
        self.flows.get(self.state.single()? as u64)
    }

    fn contents(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let Some((object, preview)) = empty::value(ui, &self.answer) else { return };
        ui.add(egui::Label::new(RichText::new(&object.dn).weak()).wrap());
        if let Some(error) = &preview.error {
            badge::strip(ui, Tone::Bad, &format!("{}: {}", error.code, error.message), |_| ());
        }
        let layers = [("Pending export", &object.pending_export), ("Awaiting confirmation", &object.awaiting_confirmation)];
        for (caption, layer) in layers {
            let changes = layer.iter().flat_map(|layer| &layer.attributes);
            for change in changes.filter(|change| change.name.eq_ignore_ascii_case(&self.wanted.attribute)) {
                let texts = |values: &[syncline_engine::service::ValueView]| {
                    let texts: Vec<&str> = values.iter().take(5).map(|value| value.text.as_str()).collect();
                    if texts.is_empty() { "no value".to_owned() } else { texts.join("; ") }
                };
                ui.horizontal_wrapped(|ui| {
                    facts::fact(ui, caption, &change.change);
                    facts::fact(ui, "Old value", &texts(&change.old));
                    facts::fact(ui, "New value", &texts(&change.new));
                });
            }
        }
        ui.add_space(6.0);
        facts::section(ui, "Rules that flow to it, the winner first");
        if self.flows.total() == 0 {
            ui.weak("No rule in scope flows to this attribute now.");
            return;
        }
        let model = FlowGrid::new(FlowKind::Export);
        Grid::new().situation(cx.situation).rows(MOST_FLOWS).show(ui, &model, &mut self.flows, &mut self.state);
        let row = self.state.single().and_then(|key| self.flows.get(key as u64));
        if let Some(row) = row {
            ui.add_space(8.0);
            details(ui, row);
        }
    }
}
