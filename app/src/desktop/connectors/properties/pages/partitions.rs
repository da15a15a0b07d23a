//! Configure Directory Partitions: which are read, and which of their containers.

use egui::{Align, Checkbox, Context, Id, Label, Layout, Modal, Panel, RichText, ScrollArea, TextEdit, Ui};
use syncline_engine::model::Dn;
use syncline_engine::service::{ConnectorKind, PartitionView};
use syncline_engine::setup::ConnectorPlace;

use super::super::super::super::context::{Cx, question};
use super::super::super::super::format::{count, plural};
use super::super::super::super::theme::{Palette, ROW_HEIGHT};
use super::super::super::super::widgets::badge::{self, Tone};
use super::super::super::super::widgets::requested::Requested;
use super::super::super::super::widgets::{action_ui, facts};
use super::super::super::fields::{frame, note};
use super::super::selection::{Mark, Selection};
use super::super::tree::ContainerTree;
use super::Fields;

/// Room that a level of the tree takes.
const INDENT: f32 = 18.0;
/// Chosen containers that are looked for when the window opens.
const MOST_REVEALED: usize = 200;

/// State of the page.
#[derive(Default)]
pub struct PartitionPage {
    show_all: bool,
    selected: Option<String>,
    containers: Option<SelectContainers>,
}

impl PartitionPage {
    /// Draws the page.
    pub fn show(&mut self, ui: &mut Ui, cx: &Cx<'_>, fields: &mut Fields<'_>) {
        let tenant = fields.stored.kind == ConnectorKind::Tenant;
        if tenant {
            note(ui, "A tenant is one partition without containers.");
        }
        let others = fields.draft.partitions.iter().any(|partition| !partition.domain);
        ui.horizontal(|ui| {
            facts::section(ui, "Select directory partitions");
            if others && !tenant {
                ui.checkbox(&mut self.show_all, "Show All").on_hover_text("Also configuration and application partitions.");
            }
        });
        fields.told(ui, |place| *place == ConnectorPlace::Partitions);
        let show_all = self.show_all || tenant;
        let listed = |partition: &PartitionView| show_all || partition.domain || partition.selected;
        if self.selected.is_none() {
            self.selected = fields.draft.partitions.iter().find(|partition| partition.selected).map(|first| first.name.clone());
        }
        Panel::bottom("partition").show_separator_line(false).frame(egui::Frame::NONE).show(ui, |ui| {
            self.details(ui, cx, fields, tenant);
        });
        ScrollArea::vertical().id_salt("partitions").auto_shrink(false).show(ui, |ui| {
            for partition in fields.draft.partitions.iter_mut().filter(|partition| listed(partition)) {
                ui.horizontal(|ui| {
                    let tick = ui.add_enabled(!tenant, Checkbox::without_text(&mut partition.selected));
                    let tick = tick.accessible_name(format!("Read {}", partition.name));
                    let chosen = self.selected.as_ref() == Some(&partition.name);
                    let button = egui::Button::selectable(chosen, &partition.name)
                        .min_size(egui::vec2(ui.available_width(), ROW_HEIGHT))
                        .truncate()
                        .right_text(RichText::new(if partition.domain { "" } else { "no domain" }).small().weak());
                    let row = ui.add(button).accessible_name(&partition.name);
                    if tick.clicked() || row.clicked() {
                        self.selected = Some(partition.name.clone());
                    }
                });
            }
        });
    }

    fn details(&mut self, ui: &mut Ui, cx: &Cx<'_>, fields: &mut Fields<'_>, tenant: bool) {
        let Some(partition) = fields.draft.partitions.iter().find(|known| Some(&known.name) == self.selected.as_ref()) else {
            return;
        };
        ui.add_space(6.0);
        facts::section(ui, &partition.name);
        let name = partition.name.clone();
        note(ui, &summary(partition, fields.stored.kind));
        fields.told(ui, |place| matches!(place, ConnectorPlace::Containers(of) if *of == name));
        if !tenant {
            ui.horizontal(|ui| {
                let button = ui.add_enabled(partition.selected, egui::Button::new("Containers..."));
                if button.on_disabled_hover_text("Select the partition first").clicked() {
                    self.containers = SelectContainers::new(cx, &fields.stored.name, partition);
                }
            });
        }
        let before = fields.stored.partitions.iter().find(|stored| stored.name == partition.name);
        if before.is_some_and(|before| before.selected) && !partition.selected {
            let text =
                "Its objects leave the connector space with the next full import, and what they gave leaves the metaverse.";
            badge::strip(ui, Tone::Warn, text, |_| ());
        }
    }

    /// Draws Select Containers, when it is open.
    pub fn windows(&mut self, ctx: &Context, cx: &Cx<'_>, fields: &mut Fields<'_>) {
        let Some(dialog) = &mut self.containers else { return };
        match dialog.show(ctx, cx) {
            None => return,
            Some(Some((include, exclude))) => {
                let partition = fields.draft.partitions.iter_mut().find(|partition| partition.name == dialog.partition);
                if let Some(partition) = partition {
                    (partition.include, partition.exclude) = (include, exclude);
                }
            }
            Some(None) => {}
        }
        self.containers = None;
    }

    /// A question of the page is open.
    #[must_use]
    pub fn is_asking(&self) -> bool {
        self.containers.is_some()
    }
}

fn summary(partition: &PartitionView, kind: ConnectorKind) -> String {
    if !partition.selected {
        return "It is not read.".to_owned();
    }
    let delta =
        if partition.can_import_changes || kind == ConnectorKind::File { "" } else { " The next import has to be a full one." };
    let (include, exclude) = (partition.include.len() as u64, partition.exclude.len() as u64);
    let containers = match (include, exclude) {
        (0, 0) => "All containers are read.".to_owned(),
        (0, _) => format!("All but {} are read.", plural(exclude, "container")),
        (_, 0) => format!(
            "{} read.",
            if include == 1 { "1 container is".to_owned() } else { format!("{} containers are", count(include)) }
        ),
        _ => format!("{} included, {} excluded.", plural(include, "container"), count(exclude)),
    };
    format!("{containers}{delta}")
}

type Lists = (Vec<String>, Vec<String>);

/// Containers below a name: all of them, or the next level.
struct Level {
    below: Dn,
    names: Vec<Dn>,
    whole: bool,
}

/// The question which containers are read.
struct SelectContainers {
    connector: String,
    partition: String,
    root: Dn,
    selection: Selection,
    tree: ContainerTree,
    asked: Vec<(Dn, Requested<Level>)>,
    error: Option<String>,
    /// Names as text instead of the tree: included, excluded.
    advanced: Option<(String, String)>,
    revealed: usize,
}

impl SelectContainers {
    fn new(cx: &Cx<'_>, connector: &str, partition: &PartitionView) -> Option<Self> {
        let root = Dn::parse(&partition.name).ok()?;
        let mut dialog = Self {
            connector: connector.to_owned(),
            partition: partition.name.clone(),
            selection: Selection::new(&root, &partition.include, &partition.exclude),
            tree: ContainerTree::new(&root),
            root,
            asked: Vec::new(),
            error: None,
            advanced: None,
            revealed: 0,
        };
        if let Some(ask) = dialog.tree.toggle(0) {
            dialog.ask(cx, ask);
        }
        Some(dialog)
    }

    fn ask(&mut self, cx: &Cx<'_>, below: Dn) {
        let (connector, partition, asked) = (self.connector.clone(), self.partition.clone(), below.clone());
        let mut level = Requested::default();
        let ask = question(cx.backend, move |engine| {
            let level = engine.containers(&connector, &partition, below.as_str())?;
            let names = level.names.iter().filter_map(|name| Dn::parse(name).ok()).collect();
            Ok(Level { below, names, whole: level.whole })
        });
        level.ask(cx.worker, ask);
        self.asked.push((asked, level));
    }

    /// Takes in levels, and opens the way to what was chosen.
    fn poll(&mut self, cx: &Cx<'_>) {
        let mut arrived = Vec::new();
        self.asked.retain_mut(|(below, level)| {
            if !level.poll() {
                return true;
            }
            match level.take() {
                Some(level) => arrived.push(level),
                None => {
                    self.error = level.error().map(str::to_owned);
                    self.tree.fail(below);
                }
            }
            false
        });
        if arrived.is_empty() {
            return;
        }
        for level in arrived {
            self.tree.take(&level.below, level.names, level.whole);
        }
        let chosen: Vec<Dn> = self.selection.chosen().map(|(dn, _)| dn.clone()).collect();
        for dn in chosen.iter().take(MOST_REVEALED) {
            if self.revealed < MOST_REVEALED
                && let Some(ask) = self.tree.reveal(dn)
            {
                self.revealed += 1;
                self.ask(cx, ask);
            }
        }
        self.tree.note_missing(chosen.iter());
    }

    /// Draws it; the lists once it is accepted, nothing once it is cancelled.
    fn show(&mut self, ctx: &Context, cx: &Cx<'_>) -> Option<Option<Lists>> {
        self.poll(cx);
        let title = "Select Containers";
        let room = ctx.content_rect().size();
        let modal = Modal::new(Id::unique(title)).frame(frame(ctx)).show(ctx, |ui| {
            ui.set_width((room.x - 80.0).min(640.0));
            ui.response().widget_info(|| egui::WidgetInfo::labeled(egui::Role::Dialog, true, title));
            facts::section(ui, &format!("{title} - {}", self.partition));
            note(
                ui,
                "A filled box takes everything below with it, also containers that are made later. The nearest choice decides.",
            );
            ui.add_space(4.0);
            if let Some(error) = &self.error {
                badge::strip(ui, Tone::Bad, error, |_| ());
            }
            let height = (room.y - 250.0).clamp(140.0, 460.0);
            match &mut self.advanced {
                Some((include, exclude)) => lists(ui, height, include, exclude),
                None => self.tree(ui, cx, height),
            }
            ui.add_space(8.0);
            self.buttons(ui)
        });
        let closed = modal.should_close().then_some(None);
        modal.inner.or(closed)
    }

    fn tree(&mut self, ui: &mut Ui, cx: &Cx<'_>, height: f32) {
        let mut toggled = None;
        let mut chosen = None;
        ui.spacing_mut().item_spacing.y = 0.0;
        let rows = self.tree.rows();
        let area = ScrollArea::both().id_salt("containers").max_height(height).min_scrolled_height(height).auto_shrink(false);
        area.show_rows(ui, ROW_HEIGHT, rows, |ui, range| {
            for row in range {
                let Some(node) = self.tree.row(row) else { continue };
                ui.push_id(node.dn.key(), |ui| {
                    ui.horizontal(|ui| {
                        ui.set_height(ROW_HEIGHT);
                        ui.add_space(INDENT * node.depth as f32);
                        if opener(ui, node.can_open(), node.open, node.is_asked(), &node.label) {
                            toggled = Some(row);
                        }
                        let mark = self.selection.mark(&node.dn);
                        let mut on = mark == Mark::All;
                        let tick = Checkbox::new(&mut on, &node.label).indeterminate(mark == Mark::Part);
                        let tick = ui.add(tick).on_hover_text(node.dn.as_str());
                        if tick.changed() {
                            // A box in between becomes a filled one.
                            chosen = Some((node.dn.clone(), mark != Mark::All));
                        }
                        if node.missing {
                            badge::severity_icon(ui, syncline_engine::service::StatusClass::Warning);
                            let colour = Palette::of(ui.style()).warn;
                            ui.label(RichText::new("not in the directory any more").small().color(colour));
                        }
                    });
                });
            }
        });
        if let Some((dn, included)) = chosen {
            self.selection.set(&dn, included);
        }
        if let Some(ask) = toggled.and_then(|row| self.tree.toggle(row)) {
            self.error = None;
            self.ask(cx, ask);
        }
    }

    fn buttons(&mut self, ui: &mut Ui) -> Option<Option<Lists>> {
        let mut answer = None;
        let problem = match &self.advanced {
            Some((include, exclude)) => self.read(include, exclude).err(),
            None if self.selection.is_empty() => Some("Select at least one container, or leave out the partition".to_owned()),
            None => None,
        };
        ui.horizontal(|ui| {
            let text = if self.advanced.is_some() { "Tree" } else { "Advanced..." };
            let possible = self.advanced.is_none() || problem.is_none();
            let button =
                ui.add_enabled(possible, egui::Button::new(text)).on_hover_text("The included and excluded containers as text.");
            if button.clicked() {
                self.advanced = match self.advanced.take() {
                    Some((include, exclude)) => {
                        if let Ok(selection) = self.read(&include, &exclude) {
                            self.selection = selection;
                        }
                        None
                    }
                    None => {
                        let (include, exclude) = self.selection.lists();
                        Some((include.join("\n"), exclude.join("\n")))
                    }
                };
            }
            if let Some(problem) = problem.as_ref().filter(|_| self.advanced.is_some()) {
                ui.add(Label::new(RichText::new(problem).color(Palette::of(ui.style()).bad)).truncate());
            }
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                if ui.button("Cancel").clicked() {
                    answer = Some(None);
                }
                let ok = action_ui::primary(ui, problem.is_none(), "OK");
                if ok.on_disabled_hover_text(problem.as_deref().unwrap_or_default()).clicked() {
                    let typed = self.advanced.as_ref().and_then(|(include, exclude)| self.read(include, exclude).ok());
                    answer = Some(Some(typed.as_ref().unwrap_or(&self.selection).lists()));
                }
            });
        });
        answer
    }

    /// The choice that two texts make.
    fn read(&self, include: &str, exclude: &str) -> Result<Selection, String> {
        let names = |text: &str| {
            let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
            let read = lines.map(|line| match Dn::parse(line) {
                Ok(dn) if dn.is_under(&self.root) => Ok(line.to_owned()),
                Ok(_) => Err(format!("{line} does not lie in {}", self.root)),
                Err(error) => Err(format!("\"{line}\": {error}")),
            });
            read.collect::<Result<Vec<String>, String>>()
        };
        let selection = Selection::new(&self.root, &names(include)?, &names(exclude)?);
        if selection.is_empty() { Err("Nothing would be read".to_owned()) } else { Ok(selection) }
    }
}

/// The names as text.
fn lists(ui: &mut Ui, height: f32, include: &mut String, exclude: &mut String) {
    for (caption, text) in [("Included containers, one a line", include), ("Excluded containers, one a line", exclude)] {
        ui.label(RichText::new(caption).small().weak());
        let area =
            ScrollArea::vertical().id_salt(caption).max_height(height / 2.0 - 24.0).min_scrolled_height(height / 2.0 - 24.0);
        area.show(ui, |ui| {
            let field = TextEdit::multiline(text).code_editor().desired_width(f32::INFINITY).desired_rows(5);
            ui.add(field.id_salt(caption)).accessible_name(caption);
        });
    }
}

/// The arrow before a container; true when it was clicked.
fn opener(ui: &mut Ui, possible: bool, open: bool, asked: bool, label: &str) -> bool {
    let size = egui::vec2(16.0, ROW_HEIGHT);
    if asked {
        ui.add_sized(size, egui::Spinner::new().size(12.0));
        return false;
    }
    let (rect, response) = ui.allocate_exact_size(size, if possible { egui::Sense::click() } else { egui::Sense::hover() });
    if !possible {
        return false;
    }
    response.widget_info(|| {
        let mut info = egui::WidgetInfo::labeled(egui::Role::TreeItem, true, label);
        info.selected = Some(open);
        info
    });
    let palette = Palette::of(ui.style());
    let colour = if response.hovered() || response.has_focus() { palette.accent } else { palette.text_weak };
    let at = rect.center();
    let points = if open {
        vec![at + egui::vec2(-4.0, -2.0), at + egui::vec2(4.0, -2.0), at + egui::vec2(0.0, 3.0)]
    } else {
        vec![at + egui::vec2(-2.0, -4.0), at + egui::vec2(3.0, 0.0), at + egui::vec2(-2.0, 4.0)]
    };
    ui.painter().add(egui::Shape::convex_polygon(points, colour, egui::Stroke::NONE));
    response.clicked()
}
