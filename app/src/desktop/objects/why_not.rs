//! The Why Not? window: what is in the way of an object of a connector, looked for step by step.

use egui::{RichText, ScrollArea, Ui};
use syncline_engine::service::{ConnectorState, Finding, FindingState, StatusClass, WhyNotView};

use super::super::command::{Command, ErrorOccasion, NameInConnector};
use super::super::context::{Cx, question};
use super::super::theme::Palette;
use super::super::widgets::badge::{self, Tone};
use super::super::widgets::grid::{Grid, GridState, RowSet, filter_box};
use super::super::widgets::requested::Requested;
use super::super::widgets::{button_bar, empty, facts};
use super::cs_object::first_rdn;
use super::explain::joins::{CANDIDATES, JoinGrid, JoinRow, join_rows};
use super::explain::scope::{ScopeGrid, ScopeRow, scope_rows};
use super::tabs;

/// State of the window.
pub struct WhyNot {
    wanted: NameInConnector,
    answer: Requested<WhyNotView>,
    tab: usize,
    scope: RowSet<ScopeRow>,
    scope_state: GridState,
    joins: RowSet<JoinRow>,
    join_state: GridState,
    target: usize,
    outbound: RowSet<ScopeRow>,
    outbound_state: GridState,
}

impl WhyNot {
    /// Opens on a name.
    #[must_use]
    pub fn new(cx: &Cx<'_>, wanted: NameInConnector) -> Self {
        let mut window = Self {
            wanted,
            answer: Requested::default(),
            tab: 0,
            scope: RowSet::default(),
            scope_state: GridState::default(),
            joins: RowSet::default(),
            join_state: GridState::default(),
            target: 0,
            outbound: RowSet::default(),
            outbound_state: GridState::default(),
        };
        window.reload(cx);
        window
    }

    /// The name shown.
    #[must_use]
    pub fn wanted(&self) -> &NameInConnector {
        &self.wanted
    }

    /// Asks again.
    pub fn reload(&mut self, cx: &Cx<'_>) {
        let NameInConnector { connector, dn } = self.wanted.clone();
        self.answer.ask(cx.worker, question(cx.backend, move |engine| engine.why_not(&connector, &dn)));
    }

    /// Title of the window.
    #[must_use]
    pub fn title(&self) -> String {
        format!("Why Not? - {}", first_rdn(&self.wanted.dn))
    }

    /// Takes in the answer.
    pub fn poll(&mut self) {
        if self.answer.poll()
            && let Some(answer) = self.answer.value()
        {
            self.scope = scope_rows(&answer.scope);
            self.joins = join_rows(&answer.joins);
            self.fill_target();
        }
    }

    fn fill_target(&mut self) {
        let target = self.answer.value().and_then(|answer| answer.targets.get(self.target));
        self.outbound = target.map(|target| scope_rows(&target.scope)).unwrap_or_default();
    }

    /// Draws the contents; true when the window shall close.
    pub fn show(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) -> bool {
        let pressed = button_bar::close_or_refresh(ui, |ui| self.links(ui, cx));
        if pressed.refresh {
            self.reload(cx);
        }
        egui::CentralPanel::no_frame().show(ui, |ui| {
            let Some(answer) = empty::value(ui, &self.answer) else { return };
            head(ui, cx, answer);
            let labels: Vec<&str> = if answer.guid.is_none() {
                vec!["What was looked at"]
            } else {
                vec!["What was looked at", "Inbound Rules", "Join", "Targets"]
            };
            self.tab = self.tab.min(labels.len() - 1);
            if let Some(tab) = tabs::bar(ui, &labels, self.tab) {
                self.tab = tab;
            }
            ui.add_space(6.0);
            match self.tab {
                0 => findings(ui, cx, answer),
                1 => {
                    filter_row(ui, &mut self.scope_state, &self.scope);
                    let model = ScopeGrid { name: "Inbound Rules" };
                    Grid::new().show(ui, &model, &mut self.scope, &mut self.scope_state);
                }
                2 => {
                    let response = Grid::new().show(ui, &JoinGrid, &mut self.joins, &mut self.join_state);
                    if let Some((position, CANDIDATES)) = response.link
                        && let Some(guid) = self.joins.get(position).and_then(|row| row.target)
                    {
                        cx.send(Command::OpenMvObject(guid));
                    }
                }
                _ => self.targets(ui),
            }
        });
        pressed.close
    }

    fn links(&self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let Some(answer) = self.answer.value() else { return };
        let absent = "There is no such object in the connector space";
        let button = |ui: &mut Ui, text: &str, there: bool, why: &str| {
            ui.add_enabled(there, egui::Button::new(text)).on_disabled_hover_text(why).clicked()
        };
        let properties = button(ui, "Object Properties", answer.guid.is_some(), absent);
        let preview = button(ui, "Preview...", answer.guid.is_some(), absent);
        let joined = answer.metaverse.as_ref().map(|hit| hit.guid);
        let identity = button(ui, "Metaverse Object", joined.is_some(), "The object is not linked to the metaverse");
        if let Some(guid) = answer.guid {
            if properties {
                cx.send(Command::OpenCsObject(guid));
            }
            if preview {
                cx.send(Command::OpenPreview(guid));
            }
        }
        if let Some(guid) = joined.filter(|_| identity) {
            cx.send(Command::OpenMvObject(guid));
        }
    }

    fn targets(&mut self, ui: &mut Ui) {
        let Some(answer) = self.answer.value() else { return };
        if answer.targets.is_empty() {
            empty::hint(ui, "No target", "No outbound rule provisions an identity of this type to another connector.");
            return;
        }
        let before = self.target;
        self.target = self.target.min(answer.targets.len() - 1);
        if answer.targets.len() > 1 {
            ui.horizontal_wrapped(|ui| {
                for (index, target) in answer.targets.iter().enumerate() {
                    ui.selectable_value(&mut self.target, index, &target.connector);
                }
            });
        }
        if let Some(target) = answer.targets.get(self.target) {
            let (tone, word) = if target.present { (Tone::Info, "present") } else { (Tone::Warn, "not present") };
            badge::strip(ui, tone, &format!("{}: {word}. {}", target.connector, target.text), |_| ());
            for object in &target.objects {
                ui.add(egui::Label::new(RichText::new(object).weak()).wrap());
            }
            ui.add_space(4.0);
        }
        if before != self.target {
            self.fill_target();
        }
        filter_row(ui, &mut self.outbound_state, &self.outbound);
        let model = ScopeGrid { name: "Outbound Rules" };
        Grid::new().show(ui, &model, &mut self.outbound, &mut self.outbound_state);
    }
}

fn filter_row(ui: &mut Ui, state: &mut GridState, rows: &RowSet<ScopeRow>) {
    ui.horizontal(|ui| ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| filter_box(ui, state, rows, false)));
}

fn head(ui: &mut Ui, cx: &Cx<'_>, answer: &WhyNotView) {
    let tone = if answer.blocked { Tone::Warn } else { Tone::Info };
    badge::strip(ui, tone, &answer.verdict, |_| ());
    ui.add_space(4.0);
    let connector = cx.connectors().iter().find(|connector| connector.name == answer.connector);
    ui.horizontal_wrapped(|ui| {
        facts::fact(ui, "Distinguished name", &answer.dn);
        facts::fact(ui, "Connector", &answer.connector);
        facts::fact(ui, "Object type", answer.object_type.as_deref().unwrap_or_default());
        if let Some(connector) = connector.filter(|connector| connector.state != ConnectorState::Idle) {
            facts::fact(ui, "Connector state", connector.state.label());
        }
    });
    ui.add_space(4.0);
}

fn findings(ui: &mut Ui, cx: &mut Cx<'_>, answer: &WhyNotView) {
    ScrollArea::vertical().id_salt("findings").auto_shrink(false).show(ui, |ui| {
        egui::Grid::new("findings").num_columns(3).spacing([12.0, 8.0]).striped(false).show(ui, |ui| {
            for finding in &answer.findings {
                line(ui, finding);
            }
        });
        for (title, error) in [("Synchronization error", &answer.sync_error), ("Export error", &answer.export_error)] {
            if let Some(error) = error {
                ui.add_space(6.0);
                let text = format!("{title}: {}: {}", error.error.code, error.error.message);
                let open = badge::strip(ui, Tone::Bad, &text, |ui| ui.button(format!("{title} details")).clicked());
                if open {
                    let occasion = ErrorOccasion { connector: answer.connector.clone(), error: error.clone() };
                    cx.send(Command::OpenError(Box::new(occasion)));
                }
            }
        }
        if !answer.similar.is_empty() {
            ui.add_space(8.0);
            facts::section(ui, "Objects of a similar name");
            for name in &answer.similar {
                if ui.link(name).clicked() {
                    let (connector, dn) = (answer.connector.clone(), name.clone());
                    cx.send(Command::OpenWhyNot(NameInConnector { connector, dn }));
                }
            }
        }
    });
}

fn line(ui: &mut Ui, finding: &Finding) {
    let palette = Palette::of(ui.style());
    let (class, word, colour) = match finding.state {
        FindingState::Good => (Some(StatusClass::Success), "fine", palette.text),
        FindingState::Bad => (Some(StatusClass::Error), "in the way", palette.bad),
        FindingState::Note => (None, "note", palette.text_weak),
    };
    ui.horizontal(|ui| {
        match class {
            Some(class) => badge::severity_icon(ui, class),
            None => ui.add_space(16.0 + ui.spacing().item_spacing.x),
        }
        ui.label(RichText::new(word).color(colour));
    });
    ui.label(RichText::new(&finding.step).color(palette.text_strong));
    ui.add(egui::Label::new(&finding.text).wrap());
    ui.end_row();
}
