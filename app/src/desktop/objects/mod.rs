//! Windows beside the main one: objects, searches, error details. Several may be open; none blocks the others.

pub mod attributes;
pub mod batch;
pub mod by_hand;
mod candidates;
pub mod compare;
pub mod cs_object;
pub mod error_details;
pub mod explain;
pub mod export_lineage;
pub mod lineage;
pub mod lineage_graph;
pub mod mv_object;
pub mod preview;
pub mod rule;
pub mod run_objects;
pub mod search_cs;
pub mod tabs;
mod trail;
pub mod validate;
pub mod value;
pub mod why_not;

use egui::epaint::Shadow;
use egui::{Context, Frame, Id, Key, LayerId, Margin, Modifiers, Order, RichText, Vec2, pos2, vec2};

use super::command::{Command, RunObjects};
use super::context::Cx;
use batch::Batch;
use by_hand::ByHand;
use compare::Compare;
use cs_object::CsObject;
use error_details::ErrorDetails;
use export_lineage::ExportLineage;
use lineage::Lineage;
use lineage_graph::LineageGraph;
use mv_object::MvObject;
use preview::Preview;
use rule::RuleWindow;
use run_objects::RunObjectsList;
use search_cs::SearchCs;
use trail::Trail;
use validate::Validate;
use value::ValueWindow;
use why_not::WhyNot;

enum Contents {
    CsObject(Box<CsObject>),
    MvObject(Box<MvObject>),
    RunObjects(Box<RunObjectsList>),
    Search(Box<SearchCs>),
    Error(Box<ErrorDetails>),
    Preview(Box<Preview>),
    Lineage(Box<Lineage>),
    ExportLineage(Box<ExportLineage>),
    LineageGraph(Box<LineageGraph>),
    ByHand(Box<ByHand>),
    Compare(Box<Compare>),
    Batch(Box<Batch>),
    WhyNot(Box<WhyNot>),
    Validate(Box<Validate>),
    Rule(Box<RuleWindow>),
    Value(Box<ValueWindow>),
}

struct OpenWindow {
    number: u64,
    contents: Contents,
}

impl OpenWindow {
    fn id(&self) -> Id {
        Id::unique(("window", self.number))
    }
}

/// The open windows.
#[derive(Default)]
pub struct Windows {
    open: Vec<OpenWindow>,
    opened: u64,
    raise: Option<Id>,
    trail: Trail,
}

/// A window beside the main one, with its title in the usual size.
pub fn window<'a>(ctx: &Context, title: impl Into<String>) -> egui::Window<'a> {
    let title_frame = Frame::window(&ctx.global_style()).inner_margin(Margin::symmetric(14, 9)).shadow(Shadow::NONE);
    egui::Window::new(RichText::new(title.into()).size(15.0)).title_frame(title_frame).collapsible(false)
}

/// Puts a window into the middle of the main one; it is no larger than that.
pub fn centered<'a>(ctx: &Context, window: egui::Window<'a>, size: [f32; 2]) -> egui::Window<'a> {
    let room = ctx.content_rect();
    let size = Vec2::from(size).min(room.size() - vec2(40.0, 60.0));
    window.default_size(size).default_pos(room.center() - size / 2.0).constrain_to(room)
}

impl Windows {
    /// Opens what a command asks for; a window that shows it already comes to the front.
    pub fn open(&mut self, cx: &Cx<'_>, command: Command) {
        self.trail.note(&command);
        let present = self.open.iter().find(|window| shows(&window.contents, &command));
        if let Some(window) = present {
            self.raise = Some(window.id());
            return;
        }
        let contents = match command {
            Command::OpenCsObject(guid) => Contents::CsObject(Box::new(CsObject::new(cx, guid))),
            Command::OpenMvObject(guid) => Contents::MvObject(Box::new(MvObject::new(cx, guid))),
            Command::OpenRunObjects(which) => Contents::RunObjects(Box::new(RunObjectsList::new(cx, which))),
            Command::OpenSearch { connector, scope } => Contents::Search(Box::new(SearchCs::new(cx, connector, scope))),
            Command::OpenError(occasion) => Contents::Error(Box::new(ErrorDetails::new(*occasion))),
            Command::OpenPreview(guid) => Contents::Preview(Box::new(Preview::new(cx, guid))),
            Command::OpenLineage(wanted) => Contents::Lineage(Box::new(Lineage::new(cx, wanted))),
            Command::OpenExportLineage(wanted) => Contents::ExportLineage(Box::new(ExportLineage::new(cx, wanted))),
            Command::OpenLineageGraph(guid) => Contents::LineageGraph(Box::new(LineageGraph::new(cx, guid))),
            Command::OpenComparison(which) => Contents::Compare(Box::new(Compare::new(cx, which))),
            Command::OpenByHand(start) => Contents::ByHand(Box::new(ByHand::new(cx, start))),
            Command::OpenBatch(start) => Contents::Batch(Box::new(Batch::new(start))),
            Command::OpenValidation(guid) => Contents::Validate(Box::new(Validate::new(cx, guid))),
            Command::OpenWhyNot(wanted) => Contents::WhyNot(Box::new(WhyNot::new(cx, wanted))),
            Command::OpenRule(guid) => Contents::Rule(Box::new(RuleWindow::new(cx, guid))),
            Command::ShowValue(value) => Contents::Value(Box::new(ValueWindow::new(*value))),
            _ => return,
        };
        self.opened += 1;
        let window = OpenWindow { number: self.opened, contents };
        self.raise = Some(window.id());
        self.open.push(window);
    }

    /// Whether there is an object before and after the present one.
    #[must_use]
    pub fn ways(&self) -> (bool, bool) {
        (self.trail.step(-1).is_some(), self.trail.step(1).is_some())
    }

    /// Opens the object before (-1) or after (1) the present one.
    pub fn walk(&mut self, cx: &Cx<'_>, by: isize) {
        if let Some(command) = self.trail.walk(by) {
            self.open(cx, command);
        }
    }

    /// The objects opened last, newest first, with the titles of their windows.
    #[must_use]
    pub fn recent(&self) -> Vec<(String, Command)> {
        self.trail.recent()
    }

    /// Asks again for everything shown.
    pub fn reload(&mut self, cx: &Cx<'_>) {
        for window in &mut self.open {
            match &mut window.contents {
                Contents::CsObject(window) => window.reload(cx),
                Contents::MvObject(window) => window.reload(cx),
                Contents::RunObjects(window) => window.reload(cx),
                Contents::Search(window) => window.reload(cx),
                Contents::Lineage(window) => window.reload(cx),
                Contents::ExportLineage(window) => window.reload(cx),
                Contents::LineageGraph(window) => window.reload(cx),
                Contents::Compare(window) => window.reload(cx),
                Contents::WhyNot(window) => window.reload(cx),
                Contents::Validate(window) => window.reload(cx),
                Contents::Rule(window) => window.reload(cx),
                Contents::Error(_) | Contents::Preview(_) | Contents::ByHand(_) | Contents::Batch(_) | Contents::Value(_) => {}
            }
        }
    }

    /// Takes in answers.
    pub fn poll(&mut self, cx: &mut Cx<'_>) {
        for window in &mut self.open {
            match &mut window.contents {
                Contents::CsObject(window) => {
                    window.poll();
                    self.trail.name(&Command::OpenCsObject(window.guid()), window.name());
                }
                Contents::MvObject(window) => {
                    window.poll();
                    self.trail.name(&Command::OpenMvObject(window.guid()), window.name());
                }
                Contents::RunObjects(window) => window.poll(cx),
                Contents::Search(window) => window.poll(cx),
                Contents::Preview(window) => window.poll(cx),
                Contents::Lineage(window) => window.poll(),
                Contents::ExportLineage(window) => window.poll(),
                Contents::LineageGraph(window) => window.poll(),
                Contents::Compare(window) => window.poll(),
                Contents::ByHand(window) => window.poll(cx),
                Contents::Batch(window) => window.poll(cx),
                Contents::WhyNot(window) => window.poll(),
                Contents::Validate(window) => window.poll(),
                Contents::Rule(window) => window.poll(),
                Contents::Error(_) | Contents::Value(_) => {}
            }
        }
    }

    /// Draws all windows.
    pub fn show(&mut self, ctx: &Context, cx: &mut Cx<'_>) {
        if let Some(id) = self.raise.take() {
            ctx.move_to_top(LayerId::new(Order::Middle, id));
        }
        let escape = self.open.iter().map(OpenWindow::id).find(|id| escaped(ctx, *id));
        self.open.retain_mut(|window| {
            let id = window.id();
            let step = (window.number % 7) as f32 * 26.0;
            let (title, size) = match &window.contents {
                Contents::CsObject(contents) => (contents.title(), vec2(980.0, 620.0)),
                Contents::MvObject(contents) => (contents.title(), vec2(1080.0, 620.0)),
                Contents::RunObjects(contents) => (contents.title(), vec2(940.0, 600.0)),
                Contents::Search(contents) => (contents.title(), vec2(1040.0, 600.0)),
                Contents::Error(_) => ("Object Error Details".to_owned(), vec2(640.0, 380.0)),
                Contents::Preview(contents) => (contents.title(), vec2(1180.0, 660.0)),
                Contents::Lineage(contents) => (contents.title(), vec2(900.0, 600.0)),
                Contents::ExportLineage(contents) => (contents.title(), vec2(960.0, 480.0)),
                Contents::LineageGraph(contents) => (contents.title(), vec2(1350.0, 740.0)),
                Contents::Compare(contents) => (contents.title(), vec2(1080.0, 600.0)),
                Contents::ByHand(contents) => {
                    (contents.title(), if contents.start().join { vec2(820.0, 560.0) } else { vec2(600.0, 450.0) })
                }
                Contents::Batch(contents) => (contents.title(), vec2(940.0, 560.0)),
                Contents::WhyNot(contents) => (contents.title(), vec2(880.0, 520.0)),
                Contents::Validate(contents) => (contents.title(), vec2(720.0, 360.0)),
                Contents::Rule(contents) => (contents.title(), vec2(900.0, 560.0)),
                Contents::Value(contents) => (contents.title(), vec2(700.0, 400.0)),
            };
            let room = ctx.content_rect();
            let size = size.min(room.size() - vec2(40.0, 60.0));
            let mut open = escape != Some(id);
            let mut close = false;
            let shown = self::window(ctx, title).id(id).open(&mut open).default_size(size).min_size([420.0, 220.0]);
            let shown = shown.default_pos(pos2(90.0, 76.0) + vec2(step, step)).constrain_to(room);
            shown.show(ctx, |ui| {
                close = match &mut window.contents {
                    Contents::CsObject(contents) => contents.show(ui, cx),
                    Contents::MvObject(contents) => contents.show(ui, cx),
                    Contents::RunObjects(contents) => contents.show(ui, cx),
                    Contents::Search(contents) => contents.show(ui, cx),
                    Contents::Error(contents) => contents.show(ui, cx),
                    Contents::Preview(contents) => contents.show(ui, cx),
                    Contents::Lineage(contents) => contents.show(ui, cx),
                    Contents::ExportLineage(contents) => contents.show(ui, cx),
                    Contents::LineageGraph(contents) => contents.show(ui, cx),
                    Contents::ByHand(contents) => contents.show(ui, cx),
                    Contents::Compare(contents) => contents.show(ui, cx),
                    Contents::Batch(contents) => contents.show(ui, cx),
                    Contents::WhyNot(contents) => contents.show(ui, cx),
                    Contents::Validate(contents) => contents.show(ui, cx),
                    Contents::Rule(contents) => contents.show(ui, cx),
                    Contents::Value(contents) => contents.show(ui),
                };
            });
            open && !close
        });
    }
}

/// True for the window in front of all others.
#[must_use]
pub fn is_on_top(ctx: &Context, id: Id) -> bool {
    let top = ctx.memory(|memory| {
        let visible = |layer: &LayerId| layer.order == Order::Middle && memory.areas().is_visible(layer);
        memory.layer_ids().filter(visible).last()
    });
    top.is_some_and(|top| top.id == id)
}

/// True when Escape shall close this window: it is on top, and no menu or text field takes the key.
#[must_use]
pub fn escaped(ctx: &Context, id: Id) -> bool {
    let typing = ctx.memory(|memory| memory.focused()).is_some_and(|focused| egui::TextEdit::load_state(ctx, focused).is_some());
    is_on_top(ctx, id)
        && !typing
        && !egui::Popup::is_any_open(ctx)
        && ctx.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Escape))
}

fn shows(contents: &Contents, command: &Command) -> bool {
    match (contents, command) {
        (Contents::CsObject(window), Command::OpenCsObject(guid)) => window.guid() == *guid,
        (Contents::MvObject(window), Command::OpenMvObject(guid)) => window.guid() == *guid,
        (Contents::RunObjects(window), Command::OpenRunObjects(which)) => same_objects(&window.which, which),
        (Contents::Search(window), Command::OpenSearch { connector, scope: None }) => window.connector() == *connector,
        (Contents::Error(window), Command::OpenError(occasion)) => window.occasion == **occasion,
        (Contents::Preview(window), Command::OpenPreview(guid)) => window.guid() == *guid,
        (Contents::Lineage(window), Command::OpenLineage(wanted)) => window.wanted() == wanted,
        (Contents::LineageGraph(window), Command::OpenLineageGraph(guid)) => window.guid() == *guid,
        (Contents::ExportLineage(window), Command::OpenExportLineage(wanted)) => window.wanted() == wanted,
        (Contents::Validate(window), Command::OpenValidation(guid)) => window.guid() == *guid,
        (Contents::Compare(window), Command::OpenComparison(which)) => window.which() == which,
        (Contents::ByHand(window), Command::OpenByHand(start)) => window.start() == start,
        (Contents::Batch(window), Command::OpenBatch(start)) => window.start() == start,
        (Contents::WhyNot(window), Command::OpenWhyNot(wanted)) => window.wanted() == wanted,
        (Contents::Rule(window), Command::OpenRule(guid)) => window.guid() == *guid,
        (Contents::Value(window), Command::ShowValue(value)) => window.about == **value,
        _ => false,
    }
}

fn same_objects(a: &RunObjects, b: &RunObjects) -> bool {
    a == b
}
