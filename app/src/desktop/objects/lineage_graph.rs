//! The lineage graph of a metaverse object (`ui.md` 14, BEYOND-02): connector space objects that give at the left, the
//! metaverse object in the middle, those that receive at the right, a rule on every edge; and the same as an outline.

use std::collections::BTreeMap;

use egui::epaint::CubicBezierShape;
use egui::{
    Align2, Color32, CornerRadius, CursorIcon, Margin, Pos2, Rect, Role, ScrollArea, Sense, Stroke, StrokeKind, TextStyle, Ui,
    WidgetInfo, pos2, vec2,
};
use syncline_engine::rules::Direction;
use syncline_engine::service::{LineageEdgeView, LineageFlowView, LineageGraphView};
use uuid::Uuid;

use super::super::command::Command;
use super::super::context::{Cx, question};
use super::super::format::plural;
use super::super::theme::{self, Palette};
use super::super::widgets::grid::{Cell, Column, Grid, GridModel, GridState, RowKey, RowSet, SortKey};
use super::super::widgets::requested::Requested;
use super::super::widgets::{button_bar, empty, facts, splitter};
use super::cs_object::shown_name;
use super::tabs;

/// Sizes of the drawing.
const BOX: [f32; 2] = [214.0, 50.0];
const CHIP: [f32; 2] = [236.0, 30.0];
const GAP: f32 = 34.0;
const BETWEEN: f32 = 6.0;
/// Least room between two objects.
const APART: f32 = 14.0;

/// State of the window.
pub struct LineageGraph {
    guid: Uuid,
    graph: Requested<LineageGraphView>,
    outline: bool,
    edges: RowSet<(usize, LineageEdgeView)>,
    edge_state: GridState,
    /// The edge whose flows are listed.
    listed: Option<RowKey>,
    flows: RowSet<(usize, LineageFlowView)>,
    flow_state: GridState,
    share: f32,
}

impl LineageGraph {
    /// Opens on a metaverse object.
    #[must_use]
    pub fn new(cx: &Cx<'_>, guid: Uuid) -> Self {
        let mut window = Self {
            guid,
            graph: Requested::default(),
            outline: false,
            edges: RowSet::default(),
            edge_state: GridState::default(),
            listed: None,
            flows: RowSet::default(),
            flow_state: GridState::default(),
            share: 0.66,
        };
        window.reload(cx);
        window
    }

    /// The metaverse object.
    #[must_use]
    pub fn guid(&self) -> Uuid {
        self.guid
    }

    /// Title of the window.
    #[must_use]
    pub fn title(&self) -> String {
        let name = self.graph.value().map_or_else(|| self.guid.to_string(), |graph| graph.name.clone());
        format!("Lineage Graph - {name}")
    }

    /// Asks again.
    pub fn reload(&mut self, cx: &Cx<'_>) {
        let guid = self.guid;
        self.graph.ask(cx.worker, question(cx.backend, move |engine| engine.lineage_graph(guid)));
    }

    /// Takes in the answer.
    pub fn poll(&mut self) {
        if self.graph.poll()
            && let Some(graph) = self.graph.value()
        {
            self.edges = RowSet::new(graph.edges.iter().cloned().enumerate().collect());
            self.listed = None;
            if self.selected().is_none() {
                let first = graph.edges.iter().position(|edge| !edge.flows.is_empty());
                match first.or((!graph.edges.is_empty()).then_some(0)) {
                    Some(place) => self.edge_state.select(place as RowKey),
                    None => self.edge_state.clear_selection(),
                }
            }
        }
    }

    fn selected(&self) -> Option<&LineageEdgeView> {
        let key = self.edge_state.single()?;
        self.edges.iter().map(|(_, row)| row).find(|row| row.0 as RowKey == key).map(|row| &row.1)
    }

    /// Draws the contents; true when the window shall close.
    pub fn show(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) -> bool {
        if self.listed != self.edge_state.single() {
            let flows = self.selected().map(|edge| edge.flows.clone()).unwrap_or_default();
            self.flows = RowSet::new(flows.into_iter().enumerate().collect());
            self.flow_state = GridState::default();
            self.listed = self.edge_state.single();
        }
        let selected = self.selected().cloned();
        let pressed = button_bar::close_or_refresh(ui, |ui| {
            let rule = selected.as_ref().and_then(|edge| edge.rule);
            let button = ui.add_enabled(rule.is_some(), egui::Button::new("Open Rule"));
            if let Some(rule) = rule.filter(|_| button.on_disabled_hover_text("Select a rule that is still there").clicked()) {
                cx.send(Command::OpenRule(rule));
            }
            let button = ui.add_enabled(selected.is_some(), egui::Button::new("Open Object"));
            if let Some(edge) = selected.as_ref().filter(|_| button.on_disabled_hover_text("Select a rule first").clicked()) {
                cx.send(Command::OpenCsObject(edge.object));
            }
        });
        if pressed.refresh {
            self.reload(cx);
        }
        egui::CentralPanel::no_frame().show(ui, |ui| {
            let Some(graph) = empty::value(ui, &self.graph) else { return };
            if let Some(tab) = tabs::bar(ui, &["Graph", "Outline"], usize::from(self.outline)) {
                self.outline = tab == 1;
            }
            ui.add_space(4.0);
            let Self { outline, edges, edge_state, flows, flow_state, share, .. } = self;
            splitter::vertical(
                ui,
                "Graph and flows",
                share,
                cx,
                |ui, cx| {
                    theme::card(ui.style()).inner_margin(Margin::same(1)).show(ui, |ui| {
                        if *outline {
                            let response = Grid::new().situation(cx.situation).show(ui, &EdgeGrid, edges, edge_state);
                            if let Some(rule) = response.activated.and_then(|position| edges.get(position)?.1.rule) {
                                cx.send(Command::OpenRule(rule));
                            }
                            if let Some(row) = response.link.and_then(|(position, _)| edges.get(position)) {
                                cx.send(Command::OpenCsObject(row.1.object));
                            }
                        } else {
                            draw(ui, cx, graph, edge_state);
                        }
                    });
                },
                |ui, cx| {
                    let caption = selected.as_ref().map_or_else(|| "Attribute flows".to_owned(), caption);
                    facts::section(ui, &caption);
                    theme::card(ui.style()).inner_margin(Margin::same(1)).show(ui, |ui| {
                        Grid::new().situation(cx.situation).show(ui, &FlowGrid, flows, flow_state);
                    });
                },
            );
        });
        pressed.close
    }
}

/// `12 attribute flows of In from AD - User Common (CN=Ada)`.
fn caption(edge: &LineageEdgeView) -> String {
    format!(
        "{} of {} ({})",
        plural(edge.flows.len() as u64, "attribute flow"),
        edge.rule_name,
        shown_name(&edge.dn, &edge.display_name)
    )
}

/// The name of an edge, the same in the drawing and in the outline.
fn edge_name(edge: &LineageEdgeView) -> String {
    let precedence = edge.precedence.map_or_else(|| "gone".to_owned(), |precedence| precedence.to_string());
    let action = if edge.action.is_empty() { String::new() } else { format!(", {}", edge.action) };
    let arrow = match edge.direction {
        Direction::Inbound => "from",
        Direction::Outbound => "to",
    };
    let flows = plural(edge.flows.len() as u64, "attribute");
    format!("{} ({precedence}{action}, {flows}) {arrow} {}", edge.rule_name, edge.connector)
}

/// One object on one side with its edges, in order.
struct Node<'a> {
    object: Uuid,
    dn: &'a str,
    name: &'a str,
    connector: &'a str,
    object_type: &'a str,
    edges: Vec<usize>,
}

/// The objects of a direction in the order of the edges.
fn nodes(graph: &LineageGraphView, direction: Direction) -> Vec<Node<'_>> {
    let mut places: BTreeMap<Uuid, usize> = BTreeMap::new();
    let mut nodes: Vec<Node<'_>> = Vec::new();
    for (number, edge) in graph.edges.iter().enumerate().filter(|(_, edge)| edge.direction == direction) {
        let place = *places.entry(edge.object).or_insert_with(|| {
            nodes.push(Node {
                object: edge.object,
                dn: &edge.dn,
                name: shown_name(&edge.dn, &edge.display_name),
                connector: &edge.connector,
                object_type: &edge.object_type,
                edges: Vec::new(),
            });
            nodes.len() - 1
        });
        if let Some(node) = nodes.get_mut(place) {
            node.edges.push(number);
        }
    }
    nodes
}

/// Height that a side needs.
fn height(nodes: &[Node<'_>]) -> f32 {
    nodes.iter().map(|node| block(node) + APART).sum()
}

fn block(node: &Node<'_>) -> f32 {
    (node.edges.len() as f32 * (CHIP[1] + BETWEEN)).max(BOX[1])
}

fn draw(ui: &mut Ui, cx: &mut Cx<'_>, graph: &LineageGraphView, state: &mut GridState) {
    let (left, right) = (nodes(graph, Direction::Inbound), nodes(graph, Direction::Outbound));
    let side = BOX[0] + CHIP[0] + 2.0 * GAP;
    let shown = f32::from(u8::from(!left.is_empty())) + f32::from(u8::from(!right.is_empty()));
    let wanted = vec2(BOX[0] + shown * side + 2.0 * APART, height(&left).max(height(&right)).max(BOX[1]) + 2.0 * APART);
    ScrollArea::both().id_salt("graph").auto_shrink(false).show(ui, |ui| {
        let size = wanted.max(ui.available_size());
        let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
        if graph.edges.is_empty() {
            let style = TextStyle::Body.resolve(ui.style());
            let text = "No connector space object is linked.";
            ui.painter().text(rect.center(), Align2::CENTER_CENTER, text, style, Palette::of(ui.style()).text_weak);
            return;
        }
        let start = rect.center().x - (wanted.x - 2.0 * APART) / 2.0;
        let middle_left = start + if left.is_empty() { 0.0 } else { side };
        let middle = Rect::from_min_size(pos2(middle_left, rect.center().y - BOX[1] / 2.0), BOX.into());
        let kind = format!("{}, {}", graph.object_type, plural(graph.attributes, "attribute"));
        let name = format!("Metaverse object {}", graph.name);
        if object_box(ui, middle, (&graph.name, &graph.name), &kind, &name, true) {
            cx.send(Command::OpenMvObject(graph.guid));
        }
        for (nodes, inbound) in [(&left, true), (&right, false)] {
            let mut top = rect.center().y - height(nodes) / 2.0 + APART / 2.0;
            for node in nodes {
                draw_node(ui, cx, graph, state, node, Place { middle, top, inbound });
                top += block(node) + APART;
            }
        }
    });
}

/// Where a node is drawn.
#[derive(Clone, Copy)]
struct Place {
    middle: Rect,
    top: f32,
    inbound: bool,
}

fn draw_node(ui: &mut Ui, cx: &mut Cx<'_>, graph: &LineageGraphView, state: &mut GridState, node: &Node<'_>, place: Place) {
    let Place { middle, top, inbound } = place;
    let palette = Palette::of(ui.style());
    let height = block(node);
    let chip_left = if inbound { middle.left() - GAP - CHIP[0] } else { middle.right() + GAP };
    let box_left = if inbound { chip_left - GAP - BOX[0] } else { chip_left + CHIP[0] + GAP };
    let frame = Rect::from_min_size(pos2(box_left, top + (height - BOX[1]) / 2.0), BOX.into());
    let mut chip_top = top + (height - node.edges.len() as f32 * (CHIP[1] + BETWEEN) + BETWEEN) / 2.0;
    for number in &node.edges {
        let Some(edge) = graph.edges.get(*number) else { continue };
        let chip = Rect::from_min_size(pos2(chip_left, chip_top), CHIP.into());
        chip_top += CHIP[1] + BETWEEN;
        let chosen = state.single() == Some(*number as RowKey);
        let colour = if chosen { palette.accent } else { palette.line_strong };
        let (outer, inner) = if inbound {
            ((frame.right_center(), chip.left_center()), (chip.right_center(), middle.left_center()))
        } else {
            ((chip.right_center(), frame.left_center()), (middle.right_center(), chip.left_center()))
        };
        // What is scrolled out of sight is not painted.
        let curve_sight = Rect::from_two_pos(frame.center(), middle.center()).union(chip);
        if ui.is_rect_visible(curve_sight) {
            let width = if chosen { 2.0 } else { 1.2 };
            curve(ui, outer.0, outer.1, Stroke::new(width, colour), !inbound);
            curve(ui, inner.0, inner.1, Stroke::new(width, colour), inbound);
        }
        if ui.is_rect_visible(chip) && edge_chip(ui, chip, edge, *number, chosen) {
            state.select(*number as RowKey);
        }
    }
    if ui.is_rect_visible(frame) {
        let about = format!("{} ({})", node.connector, node.object_type);
        let side = if inbound { "source" } else { "target" };
        let name = format!("Connector space object {} in {}, {side}", node.dn, node.connector);
        if object_box(ui, frame, (node.name, node.dn), &about, &name, false) {
            cx.send(Command::OpenCsObject(node.object));
        }
    }
}

/// A line from one point to another that leaves and arrives level; an arrow at its end when it arrives.
fn curve(ui: &Ui, from: Pos2, to: Pos2, stroke: Stroke, arrow: bool) {
    let bend = (to.x - from.x) * 0.55;
    let points = [from, from + vec2(bend, 0.0), to - vec2(bend, 0.0), to];
    ui.painter().add(CubicBezierShape::from_points_stroke(points, false, Color32::TRANSPARENT, stroke));
    if arrow {
        let tip = vec![to, to + vec2(-7.0, -4.0), to + vec2(-7.0, 4.0)];
        ui.painter().add(egui::Shape::convex_polygon(tip, stroke.color, Stroke::NONE));
    }
}

/// A box with a name, its full form for the tooltip, and what it is; true when it is clicked.
fn object_box(ui: &Ui, rect: Rect, (name, full): (&str, &str), about: &str, accessible: &str, strong: bool) -> bool {
    let palette = Palette::of(ui.style());
    let response = ui.interact(rect, ui.make_persistent_id(accessible), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, accessible));
    let fill = if strong { palette.accent_fill } else { palette.surface };
    let edge = if response.hovered() || response.has_focus() || strong { palette.accent } else { palette.line_strong };
    ui.painter().rect(rect, CornerRadius::same(8), fill, Stroke::new(if strong { 1.6 } else { 1.0 }, edge), StrokeKind::Inside);
    let painter = ui.painter().with_clip_rect(rect.shrink(6.0).intersect(ui.clip_rect()));
    let (body, small) = (TextStyle::Body.resolve(ui.style()), TextStyle::Small.resolve(ui.style()));
    let left = rect.left() + 10.0;
    cut(&painter, pos2(left, rect.top() + 8.0), name, body, palette.text_strong, rect.width() - 20.0);
    cut(&painter, pos2(left, rect.top() + 28.0), about, small, palette.text_weak, rect.width() - 20.0);
    response.on_hover_cursor(CursorIcon::PointingHand).on_hover_text(format!("{full}\n{about}")).clicked()
}

/// A rule on an edge; true when it is clicked.
fn edge_chip(ui: &Ui, rect: Rect, edge: &LineageEdgeView, number: usize, chosen: bool) -> bool {
    let palette = Palette::of(ui.style());
    let name = edge_name(edge);
    let response = ui.interact(rect, ui.make_persistent_id(("edge", number)), Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, chosen, &name));
    let fill = if chosen { palette.accent_fill } else { palette.hover };
    let line = if response.hovered() || response.has_focus() || chosen { palette.accent } else { palette.line };
    ui.painter().rect(rect, CornerRadius::same(15), fill, Stroke::new(1.0, line), StrokeKind::Inside);
    let small = TextStyle::Small.resolve(ui.style());
    let painter = ui.painter().with_clip_rect(rect.shrink(4.0).intersect(ui.clip_rect()));
    let flows = edge.flows.len().to_string();
    let place = rect.right_center() - vec2(12.0, 0.0);
    let drawn = painter.text(place, Align2::RIGHT_CENTER, flows, small.clone(), palette.accent);
    let text = match edge.precedence {
        Some(precedence) => format!("{precedence}  {}", edge.rule_name),
        None => edge.rule_name.clone(),
    };
    let room = drawn.left() - rect.left() - 22.0;
    cut(&painter, rect.left_top() + vec2(12.0, 7.0), &text, small, palette.text, room);
    response.on_hover_cursor(CursorIcon::PointingHand).on_hover_text(name).clicked()
}

/// One line of text that ends in an ellipsis where there is no room.
fn cut(painter: &egui::Painter, at: Pos2, text: &str, font: egui::FontId, colour: Color32, room: f32) {
    let mut job = egui::text::LayoutJob::simple_singleline(text.to_owned(), font, colour);
    job.wrap = egui::text::TextWrapping::truncate_at_width(room.max(10.0));
    let galley = painter.ctx().fonts_mut(|fonts| fonts.layout_job(job));
    painter.galley(at, galley, colour);
}

struct EdgeGrid;

const EDGES: [Column; 7] = [
    Column::short("Direction", 86.0),
    Column::text("Connector", 170.0),
    Column::text("Object", 250.0),
    Column::text("Sync Rule", 250.0),
    Column::number("Precedence", 90.0),
    Column::short("Action", 84.0),
    Column::number("Attributes", 84.0),
];

impl GridModel for EdgeGrid {
    type Row = (usize, LineageEdgeView);

    fn name(&self) -> &'static str {
        "Lineage outline"
    }

    fn columns(&self) -> &[Column] {
        &EDGES
    }

    fn key(&self, row: &Self::Row) -> RowKey {
        row.0 as RowKey
    }

    fn row_name(&self, row: &Self::Row) -> String {
        edge_name(&row.1)
    }

    fn text(&self, row: &Self::Row, column: usize) -> String {
        let edge = &row.1;
        match column {
            0 => edge.direction.label().to_owned(),
            1 => edge.connector.clone(),
            2 => edge.dn.clone(),
            3 => edge.rule_name.clone(),
            4 => edge.precedence.map(|precedence| precedence.to_string()).unwrap_or_default(),
            5 => edge.action.clone(),
            _ => edge.flows.len().to_string(),
        }
    }

    fn cell(&self, _row: &Self::Row, column: usize) -> Cell {
        match column {
            2 => Cell::Link,
            3 => Cell::Strong,
            _ => Cell::Text,
        }
    }

    fn sort_key(&self, row: &Self::Row, column: usize) -> SortKey {
        match column {
            4 => row.1.precedence.map_or(SortKey::Nothing, |precedence| SortKey::Number(precedence.into())),
            6 => SortKey::Number(row.1.flows.len() as i128),
            _ => SortKey::Text(self.text(row, column).to_lowercase()),
        }
    }

    fn empty_text(&self) -> &'static str {
        "No connector space object is linked."
    }
}

struct FlowGrid;

const FLOWS: [Column; 4] = [
    Column::text("Source", 330.0),
    Column::text("Target", 200.0),
    Column::text("Value", 340.0),
    Column::number("Values", 76.0).optional(),
];

impl GridModel for FlowGrid {
    type Row = (usize, LineageFlowView);

    fn name(&self) -> &'static str {
        "Attribute flows of the rule"
    }

    fn columns(&self) -> &[Column] {
        &FLOWS
    }

    fn key(&self, row: &Self::Row) -> RowKey {
        row.0 as RowKey
    }

    fn row_name(&self, row: &Self::Row) -> String {
        format!("{}: {}", row.1.target, self.text(row, 2))
    }

    fn text(&self, row: &Self::Row, column: usize) -> String {
        let flow = &row.1;
        match column {
            0 => flow.source.split_whitespace().collect::<Vec<_>>().join(" "),
            1 => flow.target.clone(),
            2 if flow.count > 1 && !flow.value.ends_with("references") => {
                format!("{} (and {} more)", flow.value, flow.count - 1)
            }
            2 => flow.value.clone(),
            _ => flow.count.to_string(),
        }
    }

    fn cell(&self, _row: &Self::Row, column: usize) -> Cell {
        match column {
            0 => Cell::Code,
            1 => Cell::Strong,
            _ => Cell::Text,
        }
    }

    fn empty_text(&self) -> &'static str {
        "No attribute flows by this rule now."
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edge(object: u128, direction: Direction) -> LineageEdgeView {
        LineageEdgeView {
            object: Uuid::from_u128(object),
            dn: format!("CN={object},DC=x"),
            display_name: String::new(),
            object_type: "user".into(),
            connector: "x".into(),
            direction,
            rule: None,
            rule_name: "R".into(),
            precedence: Some(5),
            action: "Join".into(),
            flows: Vec::new(),
        }
    }

    #[test]
    fn every_edge_is_drawn_once_on_the_side_of_its_direction() {
        use Direction::{Inbound, Outbound};
        let edges = [edge(1, Inbound), edge(1, Inbound), edge(1, Outbound), edge(2, Outbound), edge(3, Inbound)];
        let graph = LineageGraphView {
            guid: Uuid::nil(),
            name: "Ada".into(),
            object_type: "person".into(),
            attributes: 1,
            edges: edges.into(),
        };
        let drawn = |direction| -> Vec<(u128, Vec<usize>)> {
            nodes(&graph, direction).into_iter().map(|node| (node.object.as_u128(), node.edges)).collect()
        };
        assert_eq!(drawn(Inbound), [(1, vec![0, 1]), (3, vec![4])]);
        assert_eq!(drawn(Outbound), [(1, vec![2]), (2, vec![3])]);
        assert_eq!(edge_name(&edge(1, Outbound)), "R (5, Join, 0 attributes) to x");
    }
}
