//! One transformation: its fields, its expression, a trial on a real object, and who else writes the attribute.

use egui::{ScrollArea, TextEdit, Ui};
use syncline_engine::rules::{FlowField, MergeType, RulePlace, SyncRule};
use syncline_engine::service::RuleWriterView;

use super::super::super::command::Command;
use super::super::super::context::Cx;
use super::super::super::objects::tabs;
use super::super::super::widgets::grid::{Grid, GridState, RowSet};
use super::super::choice::{Item, choose};
use super::super::draft::FlowKind;
use super::super::expression::{ExpressionEditor, Trial};
use super::super::faults;
use super::super::writers::WriterGrid;
use super::{Fields, caption};

/// Rows of the list of writers shown without scrolling.
const MOST_WRITERS: u64 = 8;
const TEST: usize = 0;

/// State of the form; the flow itself is in the draft.
#[derive(Default)]
pub struct FlowForm {
    tab: usize,
    editor: ExpressionEditor,
    trial: Trial,
    /// What the writers were looked up for.
    written: Option<(u64, SyncRule, String)>,
    writers: RowSet<(usize, RuleWriterView)>,
    writers_state: GridState,
}

impl FlowForm {
    /// Takes in answers.
    pub fn poll(&mut self) {
        self.trial.poll();
    }

    /// Draws the form of a flow.
    pub fn show(&mut self, ui: &mut Ui, cx: &mut Cx<'_>, fields: &mut Fields<'_>, key: u64) {
        ScrollArea::vertical().id_salt("flow form").auto_shrink(false).show(ui, |ui| {
            ui.set_max_width(ui.available_width() - 6.0);
            ui.add_enabled_ui(!fields.locked, |ui| {
                kind_and_target(ui, fields, key);
                ui.add_space(2.0);
                self.source(ui, fields, key);
            });
            let target = fields.draft.flow(key).map(|flow| flow.target.clone()).unwrap_or_default();
            let expression = fields.draft.flow(key).is_some_and(|flow| flow.kind == FlowKind::Expression);
            let here = |place: &RulePlace| {
                let RulePlace::Flow { target: of, field } = place else { return false };
                *of == target && !(expression && matches!(field, FlowField::Source | FlowField::Expression))
            };
            faults::below(ui, fields.faults, here);
            ui.add_space(6.0);
            let labels = ["Try on an object", "Who else writes it"];
            if let Some(tab) = tabs::bar(ui, &labels, self.tab) {
                self.tab = tab;
            }
            ui.add_space(4.0);
            if self.tab == TEST {
                let rule = fields.draft.rule();
                let expression = fields.draft.flow(key).map(|flow| match flow.kind {
                    FlowKind::Expression => flow.source.clone(),
                    FlowKind::Direct => format!("[{}]", flow.source),
                    FlowKind::Constant => format!("\"{}\"", flow.source.replace('"', "\"\"")),
                });
                self.trial.show(ui, cx, &rule, &expression.unwrap_or_default());
            } else {
                self.show_writers(ui, cx, fields, &target);
            }
        });
    }

    fn source(&mut self, ui: &mut Ui, fields: &mut Fields<'_>, key: u64) {
        let rule = fields.draft.rule();
        let set = fields.set;
        let Some(flow) = fields.draft.flow(key) else { return };
        let target = flow.target.clone();
        let at = |place: &RulePlace| matches!(place, RulePlace::Flow { target: of, field: FlowField::Source | FlowField::Expression } if *of == target);
        let response = match flow.kind {
            FlowKind::Direct => {
                caption(ui, "Source");
                let items = || {
                    let names = set.names(&rule);
                    names.map(|names| names.sources().iter().map(Item::attribute).collect()).unwrap_or_default()
                };
                let width = ui.available_width().min(420.0);
                let (response, chosen) = choose(ui, "Source", &flow.source, width, items);
                flow.source = chosen.unwrap_or(std::mem::take(&mut flow.source));
                response
            }
            FlowKind::Constant => {
                caption(ui, "Source");
                let width = ui.available_width().min(420.0);
                let field = TextEdit::singleline(&mut flow.source).desired_width(width).id_salt("constant");
                ui.add(field).accessible_name("Source")
            }
            FlowKind::Expression => self.editor.show(ui, &mut flow.source, &rule, &target, set),
        };
        fields.offer(&response, at);
    }

    fn show_writers(&mut self, ui: &mut Ui, cx: &mut Cx<'_>, fields: &Fields<'_>, target: &str) {
        let wanted = (fields.set.version, fields.draft.rule(), target.to_owned());
        if self.written.as_ref() != Some(&wanted) {
            let writers = if target.is_empty() { Vec::new() } else { fields.set.writers(&wanted.1, target) };
            self.writers = RowSet::new(writers.into_iter().enumerate().collect());
            self.written = Some(wanted);
        }
        if !target.is_empty() {
            let text = match fields.draft.head.direction {
                syncline_engine::rules::Direction::Inbound => {
                    format!("All inbound flows to {target}; the first enabled one that gives a value wins.")
                }
                syncline_engine::rules::Direction::Outbound => {
                    format!("All flows to {target} of these objects; the first enabled one that gives a value wins.")
                }
            };
            ui.weak(text);
        }
        let response = Grid::new().rows(MOST_WRITERS).situation(cx.situation).show(
            ui,
            &WriterGrid,
            &mut self.writers,
            &mut self.writers_state,
        );
        if let Some((_, writer)) = response.activated.and_then(|position| self.writers.get(position))
            && !writer.itself
        {
            cx.send(Command::OpenRule(writer.guid));
        }
    }
}

/// The upper row of fields.
fn kind_and_target(ui: &mut Ui, fields: &mut Fields<'_>, key: u64) {
    let rule = fields.draft.rule();
    let set = fields.set;
    let mut target_field = None;
    let Some(flow) = fields.draft.flow(key) else { return };
    let before = flow.target.clone();
    ui.horizontal_wrapped(|ui| {
        // What the other three fields leave.
        let width = (ui.available_width() - 118.0 - 178.0 - 140.0).clamp(150.0, 250.0);
        ui.vertical(|ui| {
            caption(ui, "FlowType");
            let kinds = || FlowKind::ALL.map(|kind| Item::plain(kind.label())).to_vec();
            let chosen = choose(ui, "FlowType", flow.kind.label(), 118.0, kinds).1;
            if let Some(kind) = chosen.and_then(|word| FlowKind::ALL.into_iter().find(|kind| kind.label() == word)) {
                flow.set_kind(kind);
            }
        });
        ui.vertical(|ui| {
            caption(ui, "Target Attribute");
            let items = || {
                let names = set.names(&rule);
                names.map(|names| names.targets().iter().map(Item::attribute).collect()).unwrap_or_default()
            };
            let (response, chosen) = choose(ui, "Target Attribute", &flow.target, width, items);
            flow.target = chosen.unwrap_or(std::mem::take(&mut flow.target));
            target_field = Some(response);
        });
        ui.vertical(|ui| {
            caption(ui, "Merge Type");
            let merges = || MergeType::ALL.map(|merge| Item::plain(merge.label())).to_vec();
            let chosen = choose(ui, "Merge Type", flow.merge.label(), 178.0, merges).1;
            if let Some(merge) = chosen.and_then(|word| MergeType::ALL.into_iter().find(|merge| merge.label() == word)) {
                flow.merge = merge;
            }
        });
        ui.vertical(|ui| {
            caption(ui, " ");
            ui.checkbox(&mut flow.apply_once, "Apply Once").on_hover_text("Only when the object is made; later left alone.");
        });
    });
    if let Some(response) = target_field {
        fields.offer(&response, |place| match place {
            RulePlace::Flow { target, field } => {
                *target == before && matches!(field, FlowField::Target | FlowField::MergeType | FlowField::ApplyOnce)
            }
            _ => false,
        });
    }
}
