//! The pages of a preview's result.

use egui::{RichText, Ui};
use syncline_engine::service::{ConnectorSummary, RuleScopeView, TargetPreview, error_fix};

use super::super::super::action::Action;
use super::super::super::command::AttributeOfIdentity;
use super::super::super::command::Command;
use super::super::super::context::Cx;
use super::super::super::theme::Palette;
use super::super::super::widgets::badge::{self, Tone};
use super::super::super::widgets::ends::ends;
use super::super::super::widgets::grid::{Grid, GridState, RowSet, filter_box};
use super::super::super::widgets::{empty, facts};
use super::super::attributes::{LayerGrid, ValueRow, layer_rows};
use super::super::explain::changes::{
    ChangeGrid, ChangeRow, ObjectChangeGrid, ObjectRow, change_rows, is_destructive, kind_title,
};
use super::super::explain::flows::{FlowGrid, FlowKind, FlowRow, flow_rows, gives};
use super::super::explain::joins::{CANDIDATES, JoinGrid, JoinRow, join_rows};
use super::super::explain::recalls::{RecallGrid, RecallRow, recall_rows};
use super::super::explain::scope::{ScopeGrid, ScopeRow, scope_rows};
use super::data::{Previewed, Target, connector_name};
use super::nodes::Node;

/// A list of one page.
struct List<T> {
    rows: RowSet<T>,
    state: GridState,
}

impl<T> Default for List<T> {
    fn default() -> Self {
        Self { rows: RowSet::default(), state: GridState::default() }
    }
}

/// The lists of one connector's pages.
#[derive(Default)]
struct TargetLists {
    before: List<ValueRow>,
    flows: List<FlowRow>,
    after: List<ChangeRow>,
}

/// The lists of all pages.
#[derive(Default)]
pub struct Pages {
    /// Objects that change.
    pub objects: RowSet<ObjectRow>,
    /// State of that list.
    pub objects_state: GridState,
    changed_only: bool,
    source: List<ValueRow>,
    scope: List<ScopeRow>,
    joins: List<JoinRow>,
    import: List<FlowRow>,
    identity: List<ChangeRow>,
    recall: List<RecallRow>,
    outbound: List<ScopeRow>,
    provisioning: List<ObjectRow>,
    targets: Vec<TargetLists>,
}

impl Pages {
    /// Takes in a result.
    pub fn fill(&mut self, answer: &Previewed, targets: &[Target], connectors: &[ConnectorSummary]) {
        let preview = &answer.preview;
        let rows = |changes: Vec<(String, syncline_engine::service::ObjectChange)>| {
            let rows = changes.into_iter().enumerate();
            RowSet::new(rows.map(|(index, (space, change))| ObjectRow { index, space, change }).collect())
        };
        self.objects =
            rows(preview.changes.iter().map(|change| (connector_name(connectors, &change.space), change.clone())).collect());
        self.provisioning.rows = rows(targets.iter().map(|target| (target.connector.clone(), target.change.clone())).collect());
        self.source.rows = layer_rows(&answer.source.import, self.changed_only);
        self.scope.rows = scope_rows(&preview.scope);
        self.joins.rows = join_rows(&preview.joins);
        let changed = answer.changed();
        self.import.rows = flow_rows(&preview.import_flows, self.changed_only.then_some(&changed), &answer.initial());
        let change = answer.identity_change();
        let same = if self.changed_only { Vec::new() } else { answer.identity_values() };
        self.identity.rows = change_rows(change.into_iter().flat_map(|change| &change.attributes), &same);
        self.recall.rows = recall_rows(&preview.recalls);
        let outbound: Vec<RuleScopeView> = preview.targets.iter().flat_map(|target| target.scope.clone()).collect();
        self.outbound.rows = scope_rows(&outbound);
        self.targets.resize_with(targets.len(), TargetLists::default);
        for (lists, target) in self.targets.iter_mut().zip(targets) {
            let before = answer.before.get(&target.change.guid);
            lists.before.rows = before.map(|object| layer_rows(&object.import, false)).unwrap_or_default();
            let changed = target.change.attributes.iter().map(|attribute| attribute.name.as_str()).collect();
            lists.flows.rows = flow_rows(&target.flows, self.changed_only.then_some(&changed), &Default::default());
            lists.after.rows = change_rows(&target.change.attributes, &[]);
        }
    }

    /// Draws a page; true when the lists have to be filled again.
    pub fn show(&mut self, ui: &mut Ui, cx: &mut Cx<'_>, node: Node, answer: &Previewed, targets: &[Target]) -> bool {
        let palette = Palette::of(ui.style());
        let preview = &answer.preview;
        let mut refill = false;
        match node {
            Node::Start => {}
            Node::Source => {
                let about = "What the rules read: the imported object with what is pending.";
                refill = heading(ui, "Source Object Details", about, &mut self.source, Some(&mut self.changed_only));
                let model = LayerGrid { palette, rules: false, holds_none: answer.source.import.attributes.is_empty() };
                Grid::new().situation(cx.situation).show(ui, &model, &mut self.source.rows, &mut self.source.state);
            }
            Node::Scope => {
                let about = "Every inbound rule for this type, with the clauses of its scoping filter.";
                heading(ui, "Scope and Filter", about, &mut self.scope, None);
                let model = ScopeGrid { name: "Scope and Filter" };
                Grid::new().show(ui, &model, &mut self.scope.rows, &mut self.scope.state);
            }
            Node::Join => {
                heading(ui, "Join and Projection", &format!("The object {}.", preview.link), &mut self.joins, None);
                let response = Grid::new().show(ui, &JoinGrid, &mut self.joins.rows, &mut self.joins.state);
                if let Some((position, CANDIDATES)) = response.link
                    && let Some(guid) = self.joins.rows.get(position).and_then(|row| row.target)
                {
                    cx.send(Command::OpenMvObject(guid));
                }
            }
            Node::ImportFlow => {
                let about = "Winner first; what lost is indented below it.";
                refill = heading(ui, "Import Attribute Flow", about, &mut self.import, Some(&mut self.changed_only));
                let identity = answer.metaverse.as_ref().map(|object| object.hit.guid);
                if let Some((object_type, attribute)) = answer.unmapped(&self.import.state.filter) {
                    let right = Action::CreateRuleForAttribute.right();
                    let allowed = cx.situation.role.may(right);
                    let text = format!("No rule in scope flows to {attribute}.");
                    let create = badge::strip(ui, Tone::Info, &text, |ui| {
                        let button = egui::Button::new(format!("Create rule for \"{attribute}\"..."));
                        let button = ui.add_enabled(allowed.is_ok(), button);
                        button.on_disabled_hover_text(allowed.err().unwrap_or_default()).clicked()
                    });
                    if create {
                        let (object_type, attribute) = (object_type.to_owned(), attribute.to_owned());
                        cx.send(Command::CreateRuleFor { object_type, attribute });
                    }
                    ui.add_space(4.0);
                }
                flows(ui, cx, FlowKind::Import, &mut self.import, identity);
            }
            Node::Metaverse => refill = self.identity(ui, answer),
            Node::Recall => {
                let about = "Values whose contributor loses them: withdrawn, or taken over by another rule.";
                heading(ui, "Attribute Recall", about, &mut self.recall, None);
                Grid::new().show(ui, &RecallGrid, &mut self.recall.rows, &mut self.recall.state);
            }
            Node::Deletion => deletion(ui, answer),
            Node::OutboundScope => {
                let told = |target: &TargetPreview| format!("{}: {}.", target.connector, target.text);
                let about = preview.targets.iter().map(told).collect::<Vec<_>>().join(" ");
                heading(ui, "Outbound Scope", &about, &mut self.outbound, None);
                let model = ScopeGrid { name: "Outbound Scope" };
                Grid::new().show(ui, &model, &mut self.outbound.rows, &mut self.outbound.state);
            }
            Node::Provisioning => {
                let about = "Objects of connectors that are made, renamed, changed, disconnected or deleted.";
                heading(ui, "Provisioning", about, &mut self.provisioning, None);
                let model = ObjectChangeGrid { name: "Provisioning", palette, empty: "No object of a connector changes." };
                Grid::new().show(ui, &model, &mut self.provisioning.rows, &mut self.provisioning.state);
            }
            Node::Connector(index) | Node::Deprovisioning(index) => {
                if let Some(target) = targets.get(index) {
                    target_page(ui, cx, target, node);
                }
            }
            Node::Before(index) | Node::ExportFlow(index) | Node::After(index) => {
                if let (Some(target), Some(lists)) = (targets.get(index), self.targets.get_mut(index)) {
                    refill = target_list(ui, cx, target, lists, node, &mut self.changed_only);
                }
            }
            Node::Errors => errors(ui, answer),
        }
        refill
    }

    fn identity(&mut self, ui: &mut Ui, answer: &Previewed) -> bool {
        let palette = Palette::of(ui.style());
        let about = match (answer.identity_change(), &answer.metaverse) {
            (Some(change), _) => format!("{}: {}", change.name, kind_title(change.kind, true)),
            (None, Some(object)) => format!("{}: nothing changes", object.hit.display_name),
            (None, None) => "The object has no metaverse object.".to_owned(),
        };
        let refill = heading(ui, "Metaverse Object", &about, &mut self.identity, Some(&mut self.changed_only));
        let model = ChangeGrid { name: "Metaverse Object", palette, empty: "Nothing changes." };
        Grid::new().show(ui, &model, &mut self.identity.rows, &mut self.identity.state);
        refill
    }
}

/// Title, one sentence, filter, and perhaps the choice of what changed; true when that choice changed.
fn heading<T>(ui: &mut Ui, title: &str, about: &str, list: &mut List<T>, changed_only: Option<&mut bool>) -> bool {
    let mut changed = false;
    ends(
        ui,
        430.0,
        |ui| drop(facts::section(ui, title)),
        |ui| {
            filter_box(ui, &mut list.state, &list.rows, false);
            if let Some(changed_only) = changed_only {
                changed = ui.checkbox(changed_only, "Changed only").changed();
            }
        },
    );
    ui.add(egui::Label::new(RichText::new(about).weak()).wrap());
    ui.add_space(4.0);
    changed
}

/// A list of flows with the selected one explained below it.
fn flows(ui: &mut Ui, cx: &mut Cx<'_>, kind: FlowKind, list: &mut List<FlowRow>, identity: Option<uuid::Uuid>) {
    let selected = list.state.single().and_then(|key| list.rows.get(key as u64)).cloned();
    if let Some(row) = &selected {
        let panel = egui::Panel::bottom("flow").resizable(true).default_size(118.0).size_range(70.0..=280.0);
        panel.frame(egui::Frame::NONE).show(ui, |ui| {
            egui::ScrollArea::vertical().id_salt("flow").auto_shrink(false).show(ui, |ui| {
                ui.add_space(4.0);
                flow_details(ui, cx, row, kind, identity);
            });
        });
    }
    let model = FlowGrid::new(kind);
    egui::CentralPanel::no_frame().show(ui, |ui| {
        Grid::new().situation(cx.situation).show(ui, &model, &mut list.rows, &mut list.state);
    });
}

fn flow_details(ui: &mut Ui, cx: &mut Cx<'_>, row: &FlowRow, kind: FlowKind, identity: Option<uuid::Uuid>) {
    let flow = &row.flow;
    ui.horizontal_wrapped(|ui| {
        ui.label(RichText::new(format!("{} -> {}", flow.rule, flow.attribute)).strong());
        badge::chip(ui, flow.status.label(), if flow.error.is_some() { Tone::Bad } else { Tone::Plain });
        if let Some(object) = identity.filter(|_| kind == FlowKind::Import)
            && ui.link("Explain").on_hover_text("All contributions, and the expression part by part").clicked()
        {
            cx.send(Command::OpenLineage(AttributeOfIdentity { object, attribute: flow.attribute.clone() }));
        }
    });
    if !flow.reason.is_empty() {
        ui.add(egui::Label::new(&flow.reason).wrap());
    }
    ui.add(egui::Label::new(RichText::new(format!("{}: {}", flow.flow_type, flow.source)).monospace()).wrap());
    let word = if row.loser { "Would give" } else { "Gives" };
    ui.add(egui::Label::new(format!("{word}: {}", gives(flow))).wrap());
    if let Some(error) = &flow.error {
        badge::strip(ui, Tone::Bad, &format!("{}: {}", error.code, error.message), |_| ());
    }
}

fn deletion(ui: &mut Ui, answer: &Previewed) {
    facts::section(ui, "Metaverse Object Deletion");
    ui.add_space(4.0);
    match answer.identity_change().filter(|change| is_destructive(change.kind)) {
        Some(change) => {
            badge::strip(ui, Tone::Bad, &format!("{} is deleted: {}", change.name, change.reason), |_| ());
            if !change.rule.is_empty() {
                ui.label(format!("Rule that held it: {}", change.rule));
            }
        }
        None if answer.metaverse.is_some() => {
            let deletion = &answer.preview.deletion;
            ui.label(format!("The metaverse object is not deleted: {}.", deletion.reason));
            for holder in &deletion.holders {
                ui.label(format!("{}: {} ({})", holder.connector, holder.dn, holder.rule));
            }
        }
        None => {
            ui.label("No metaverse object is concerned.");
        }
    }
}

fn target_page(ui: &mut Ui, cx: &mut Cx<'_>, target: &Target, node: Node) {
    let change = &target.change;
    if matches!(node, Node::Deprovisioning(_)) {
        facts::section(ui, "Deprovisioning");
        ui.add_space(4.0);
        if is_destructive(change.kind) {
            let kind = kind_title(change.kind, false);
            let why = if change.reason.is_empty() { String::new() } else { format!(": {}", change.reason) };
            badge::strip(ui, Tone::Bad, &format!("{kind}{why}"), |_| ());
        } else {
            ui.label("The object is not deprovisioned.");
        }
        return;
    }
    facts::section(ui, &target.connector);
    ui.add_space(4.0);
    egui::Grid::new("target").num_columns(2).spacing([18.0, 6.0]).min_col_width(110.0).show(ui, |ui| {
        facts::pair(ui, "Object", &change.name);
        if let Some(name) = &change.new_name {
            facts::pair(ui, "New name", name);
        }
        facts::pair(ui, "Object type", &change.object_type);
        facts::pair(ui, "Change", kind_title(change.kind, false));
        for (caption, value) in [("Why", &change.reason), ("Rule", &change.rule)] {
            if !value.is_empty() {
                facts::pair(ui, caption, value);
            }
        }
    });
    ui.add_space(6.0);
    let exists = change.kind != syncline_engine::service::ChangeKind::Add;
    let button =
        ui.add_enabled(exists, egui::Button::new("Properties")).on_disabled_hover_text("The object is made by a synchronization");
    if button.clicked() {
        cx.send(Command::OpenCsObject(change.guid));
    }
}

fn target_list(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    target: &Target,
    lists: &mut TargetLists,
    node: Node,
    changed_only: &mut bool,
) -> bool {
    let palette = Palette::of(ui.style());
    match node {
        Node::ExportFlow(_) => {
            let about = format!("Flows to {}.", target.change.name);
            let refill = heading(ui, "Export Attribute Flow", &about, &mut lists.flows, Some(changed_only));
            flows(ui, cx, FlowKind::Export, &mut lists.flows, None);
            refill
        }
        Node::After(_) => {
            heading(ui, "After Change", "The pending export that is staged.", &mut lists.after, None);
            let model = ChangeGrid { name: "After Change", palette, empty: "No attribute changes." };
            Grid::new().show(ui, &model, &mut lists.after.rows, &mut lists.after.state);
            false
        }
        _ => {
            heading(ui, "Before Change", "The object as the connector last imported it.", &mut lists.before, None);
            if target.change.kind == syncline_engine::service::ChangeKind::Add {
                empty::hint(ui, "There is no such object yet", "It is made by this synchronization.");
                return false;
            }
            let model = LayerGrid { palette, rules: false, holds_none: true };
            Grid::new().situation(cx.situation).show(ui, &model, &mut lists.before.rows, &mut lists.before.state);
            false
        }
    }
}

fn errors(ui: &mut Ui, answer: &Previewed) {
    facts::section(ui, "Errors");
    ui.add_space(4.0);
    let Some(error) = &answer.preview.error else {
        ui.label("The object can be synchronized.");
        return;
    };
    let palette = Palette::of(ui.style());
    ui.label(RichText::new(error.code.to_string()).color(palette.bad).strong());
    ui.add(egui::Label::new(&error.message).wrap());
    let fix = error_fix(&error.code);
    if !fix.is_empty() {
        ui.add_space(4.0);
        badge::strip(ui, Tone::Info, fix, |_| ());
    }
    ui.add_space(6.0);
    let detail = &error.detail;
    egui::Grid::new("error").num_columns(2).spacing([18.0, 6.0]).min_col_width(110.0).show(ui, |ui| {
        let step = detail.step.map(|step| step.word().to_owned());
        for (caption, value) in [
            ("Algorithm Step", &step),
            ("Rule", &detail.rule),
            ("Target Attribute", &detail.attribute),
            ("Value", &detail.value),
            ("Expression", &detail.expression),
            ("Detail", &detail.server_detail),
        ] {
            if let Some(value) = value {
                facts::pair(ui, caption, value);
            }
        }
    });
}
