//! The result tree of a preview: which pages there are.

use egui::{Align2, Role, Sense, TextStyle, Ui, WidgetInfo, pos2, vec2};
use syncline_engine::service::PreviewView;

use super::super::super::theme::Palette;
use super::super::super::widgets::grid::paint_text;
use super::super::explain::changes::is_destructive;
use super::data::Target;

/// A page of the result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Node {
    /// Mode and buttons.
    #[default]
    Start,
    /// What the rules read.
    Source,
    /// Inbound rules.
    Scope,
    /// Join groups, and what becomes of the link.
    Join,
    /// Flows into the metaverse.
    ImportFlow,
    /// The metaverse object before and after.
    Metaverse,
    /// Values withdrawn, and who takes over.
    Recall,
    /// Whether the metaverse object is deleted.
    Deletion,
    /// Outbound rules.
    OutboundScope,
    /// What happens to objects of connectors.
    Provisioning,
    /// An object of a connector.
    Connector(usize),
    /// What it was.
    Before(usize),
    /// Flows to it.
    ExportFlow(usize),
    /// What is staged.
    After(usize),
    /// Whether it goes.
    Deprovisioning(usize),
    /// Why the object cannot be synchronized.
    Errors,
}

/// A line of the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Branch {
    /// The page.
    pub node: Node,
    /// Its text.
    pub label: String,
    /// Number shown at the right.
    pub count: Option<usize>,
    /// It has something bad to say.
    pub bad: bool,
}

/// The tree before anything was generated.
#[must_use]
pub fn start() -> Vec<Branch> {
    vec![branch(Node::Start, "Start Preview", None)]
}

fn branch(node: Node, label: &str, count: Option<usize>) -> Branch {
    Branch { node, label: label.to_owned(), count, bad: false }
}

/// The tree of a result.
#[must_use]
pub fn tree(preview: &PreviewView, targets: &[Target]) -> Vec<Branch> {
    let metaverse = preview.changes.iter().find(|change| change.space.is_empty());
    let deleted = metaverse.is_some_and(|change| is_destructive(change.kind));
    let in_scope = preview.scope.iter().filter(|rule| rule.in_scope).count();
    let outbound = preview.targets.iter().flat_map(|target| &target.scope).filter(|rule| rule.in_scope).count();
    let mut branches = vec![
        branch(Node::Start, "Start Preview", None),
        branch(Node::Source, "Source Object Details", None),
        branch(Node::Scope, "Scope and Filter", Some(in_scope)),
        branch(Node::Join, "Join and Projection", Some(preview.joins.len())),
        branch(Node::ImportFlow, "Import Attribute Flow", Some(preview.import_flows.len())),
        branch(Node::Metaverse, "Metaverse Object", metaverse.map(|change| change.attributes.len())),
        branch(Node::Recall, "Attribute Recall", metaverse.map(|_| preview.recalls.len())),
        Branch { bad: deleted, ..branch(Node::Deletion, "Metaverse Object Deletion", None) },
        branch(Node::OutboundScope, "Outbound Scope", Some(outbound)),
        branch(Node::Provisioning, "Provisioning", Some(targets.len())),
    ];
    for (index, target) in targets.iter().enumerate() {
        let gone = is_destructive(target.change.kind);
        let label = match target.twin {
            false => format!("Connector: {}", target.connector),
            true => format!("Connector: {} - {}", target.connector, super::super::cs_object::first_rdn(&target.change.name)),
        };
        branches.push(Branch { bad: gone, ..branch(Node::Connector(index), &label, None) });
        branches.push(branch(Node::Before(index), "Before Change", None));
        branches.push(branch(Node::ExportFlow(index), "Export Attribute Flow", Some(target.flows.len())));
        branches.push(branch(Node::After(index), "After Change", Some(target.change.attributes.len())));
        branches.push(Branch { bad: gone, ..branch(Node::Deprovisioning(index), "Deprovisioning", None) });
    }
    let errors = usize::from(preview.error.is_some());
    branches.push(Branch { bad: errors > 0, ..branch(Node::Errors, "Errors", Some(errors)) });
    branches
}

impl Node {
    fn depth(self) -> f32 {
        match self {
            Self::Before(_) | Self::ExportFlow(_) | Self::After(_) | Self::Deprovisioning(_) => 1.0,
            _ => 0.0,
        }
    }
}

/// Draws a line of the tree; true when it was chosen.
pub fn line(ui: &mut Ui, branch: &Branch, chosen: bool) -> bool {
    let palette = Palette::of(ui.style());
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 26.0), Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::TreeItem, true, chosen, &branch.label));
    response.ctx.accesskit_node_builder(response.id, |node| node.set_selected(chosen));
    let focused = response.has_focus();
    let fill = match (chosen, response.hovered() || focused) {
        (true, _) => Some(palette.selected),
        (false, true) => Some(palette.hover),
        (false, false) => None,
    };
    if let Some(fill) = fill {
        ui.painter().rect_filled(rect, 5.0, fill);
    }
    if focused {
        ui.painter().rect_stroke(rect, 5.0, egui::Stroke::new(1.0, palette.accent), egui::StrokeKind::Inside);
    }
    let mut text = rect.shrink2(vec2(8.0, 0.0));
    text.min.x += branch.node.depth() * 16.0;
    if let Some(count) = branch.count.filter(|count| *count > 0) {
        let colour = if branch.bad { palette.bad } else { palette.text_weak };
        let font = TextStyle::Small.resolve(ui.style());
        let place = pos2(rect.right() - 8.0, rect.center().y);
        let drawn = ui.painter().text(place, Align2::RIGHT_CENTER, count.to_string(), font, colour);
        text.max.x = drawn.left() - 6.0;
    }
    let colour = match (branch.bad, chosen) {
        (true, _) => palette.bad,
        (false, true) => palette.text_strong,
        (false, false) => palette.text,
    };
    if paint_text(ui, text, &branch.label, &TextStyle::Body, colour, false).1 {
        response.clone().on_hover_text(&branch.label);
    }
    response.clicked()
}
