//! The Preview window: what synchronizing one object would do, step by step, with the reasons; and doing it.

pub mod data;
mod nodes;
mod pages;

use egui::{Align, Context, Id, Key, Layout, Modal, Modifiers, RichText, ScrollArea, Ui};
use syncline_engine::service::{CsObjectView, PreviewView, SyncMode};
use uuid::Uuid;

use super::super::action::Action;
use super::super::command::Command;
use super::super::context::{Cx, question};
use super::super::format::plural;
use super::super::role::Right;
use super::super::theme::Palette;
use super::super::widgets::badge::{self, Tone};
use super::super::widgets::file_form::{Accepted, FileForm};
use super::super::widgets::grid::Grid;
use super::super::widgets::requested::Requested;
use super::super::widgets::{action_ui, button_bar, empty, facts};
use super::explain::changes::{ObjectChangeGrid, is_destructive, kind_title};
use super::{escaped, is_on_top, window};
use data::{Previewed, Target};
use nodes::{Branch, Node};
use pages::Pages;

use crate::preview_file::{self, KINDS, PreviewFormat};
use crate::text_file::{documents, plain_name};

/// State of the window.
pub struct Preview {
    guid: Uuid,
    object: Requested<CsObjectView>,
    mode: SyncMode,
    answer: Requested<Previewed>,
    commit: Requested<PreviewView>,
    node: Node,
    tree: Vec<Branch>,
    targets: Vec<Target>,
    pages: Pages,
    confirming: bool,
    focus_safe: bool,
    save: Option<FileForm>,
}

const SAVE: &str = "Save Preview Results";

impl Preview {
    /// Opens on an object.
    #[must_use]
    pub fn new(cx: &Cx<'_>, guid: Uuid) -> Self {
        let mut object = Requested::default();
        object.ask(cx.worker, question(cx.backend, move |engine| engine.cs_object(guid)));
        Self {
            guid,
            object,
            mode: SyncMode::Full,
            answer: Requested::default(),
            commit: Requested::default(),
            node: Node::Start,
            tree: nodes::start(),
            targets: Vec::new(),
            pages: Pages::default(),
            confirming: false,
            focus_safe: false,
            save: None,
        }
    }

    /// The object shown.
    #[must_use]
    pub fn guid(&self) -> Uuid {
        self.guid
    }

    /// Title of the window.
    #[must_use]
    pub fn title(&self) -> String {
        let name = self.object.value().map_or_else(|| self.guid.to_string(), |object| object.dn.clone());
        let short = if name.chars().count() > 90 { super::cs_object::first_rdn(&name).to_owned() } else { name };
        format!("Preview - {short}")
    }

    /// Takes in answers.
    pub fn poll(&mut self, cx: &mut Cx<'_>) {
        self.object.poll();
        if self.answer.poll() && self.answer.error().is_none() {
            self.fill(cx);
        }
        if self.commit.poll() && self.commit.error().is_none() {
            cx.send(Command::Do(Action::Refresh));
        }
    }

    fn fill(&mut self, cx: &Cx<'_>) {
        let Some(answer) = self.answer.value() else { return };
        self.targets = answer.targets(cx.connectors());
        self.tree = nodes::tree(&answer.preview, &self.targets);
        if !self.tree.iter().any(|branch| branch.node == self.node) {
            self.node = Node::Start;
        }
        self.pages.fill(answer, &self.targets, cx.connectors());
    }

    fn generate(&mut self, cx: &Cx<'_>) {
        let (guid, mode) = (self.guid, self.mode);
        self.commit.clear();
        self.answer.ask(cx.worker, question(cx.backend, move |engine| data::ask(engine, guid, mode)));
    }

    /// Whether the result can be committed; otherwise why not.
    fn committable(&self, cx: &Cx<'_>) -> Result<(), String> {
        cx.situation.role.may(Right::Administer)?;
        let reason = match self.answer.value().filter(|_| self.answer.error().is_none()) {
            None => "Generate the preview first",
            Some(_) if self.answer.is_pending() || self.commit.is_pending() => "Wait for the answer",
            Some(_) if self.commit.value().is_some() => "It is committed; generate the preview again",
            Some(answer) if answer.preview.mode != self.mode => "Generate the preview of this mode first",
            Some(answer) if answer.preview.error.is_some() => "The object cannot be synchronized; see Errors",
            Some(answer) if answer.preview.nothing_pending => "Nothing is pending for the object",
            Some(_) if cx.situation.running => "A run is going on; wait until it has finished",
            Some(_) => return Ok(()),
        };
        Err(reason.to_owned())
    }

    /// Draws the contents; true when the window shall close.
    pub fn show(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) -> bool {
        let close = button_bar::close(ui, |ui| {
            if ui.button("Object Properties").clicked() {
                cx.send(Command::OpenCsObject(self.guid));
            }
            let identity = self.object.value().and_then(|object| object.metaverse.as_ref()).map(|hit| hit.guid);
            let button = ui
                .add_enabled(identity.is_some(), egui::Button::new("Metaverse Object"))
                .on_disabled_hover_text("The object is not linked to the metaverse");
            if let Some(guid) = identity.filter(|_| button.clicked()) {
                cx.send(Command::OpenMvObject(guid));
            }
        });
        egui::Panel::left("result tree")
            .resizable(true)
            .default_size(236.0)
            .size_range(170.0..=400.0)
            .frame(egui::Frame::NONE.inner_margin(egui::Margin { right: 10, ..egui::Margin::ZERO }))
            .show(ui, |ui| {
                ScrollArea::vertical().id_salt("result tree").auto_shrink(false).show(ui, |ui| {
                    ui.spacing_mut().item_spacing.y = 1.0;
                    for (index, branch) in self.tree.iter().enumerate() {
                        if ui.push_id(index, |ui| nodes::line(ui, branch, branch.node == self.node)).inner {
                            self.node = branch.node;
                        }
                    }
                });
            });
        egui::CentralPanel::no_frame()
            .frame(egui::Frame::NONE.inner_margin(egui::Margin { left: 12, ..egui::Margin::ZERO }))
            .show(ui, |ui| {
                if self.node == Node::Start {
                    self.start(ui, cx);
                } else if let Some(answer) = self.answer.value()
                    && self.pages.show(ui, cx, self.node, answer, &self.targets)
                {
                    self.pages.fill(answer, &self.targets, cx.connectors());
                }
            });
        let on_top = is_on_top(ui.ctx(), ui.layer_id().id);
        if on_top && ui.input_mut(|input| input.consume_key(Modifiers::COMMAND, Key::Enter)) {
            self.generate(cx);
        }
        if self.confirming {
            self.confirm(&ui.ctx().clone(), cx);
        }
        self.save_window(&ui.ctx().clone(), cx);
        close
    }

    /// Asks where the result is written to.
    fn save_window(&mut self, ctx: &Context, cx: &Cx<'_>) {
        let (Some(form), Some(answer)) = (&mut self.save, self.answer.value()) else { return };
        let (mut open, mut close) = (true, false);
        let id = Id::unique((SAVE, self.guid));
        let shown = window(ctx, format!("{SAVE} - {}", super::cs_object::first_rdn(&answer.preview.dn))).id(id);
        let shown = shown.open(&mut open).default_size([620.0, 200.0]).default_pos([280.0, 170.0]);
        shown.constrain_to(ctx.content_rect()).show(ctx, |ui| {
            let about = "Scope, joins, every flow with what became of it, all objects that change, and errors.";
            ui.add(egui::Label::new(about).wrap());
            ui.add_space(4.0);
            let outcome = form.show(ui, cx.worker, "Save", SAVE, None);
            close = outcome.close;
            if let Some(Accepted { kind, path, replace }) = outcome.accepted {
                let preview = answer.preview.clone();
                form.write(cx.worker, move || {
                    preview_file::write(&preview, PreviewFormat::of_kind(kind), &path, replace)?;
                    Ok(format!("Written: {}", path.display()))
                });
            }
        });
        if !open || close || escaped(ctx, id) {
            self.save = None;
        }
    }

    fn start(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        facts::section(ui, "Select Preview Mode");
        for (mode, text, about) in [
            (SyncMode::Full, "Full Synchronization", "all attributes, all rules"),
            (SyncMode::Delta, "Delta Synchronization", "only what is pending for the object"),
        ] {
            ui.horizontal(|ui| {
                ui.radio_value(&mut self.mode, mode, text);
                ui.weak(about);
            });
        }
        ui.add_space(6.0);
        ui.horizontal(|ui| {
            let generate = action_ui::primary(ui, !self.answer.is_pending(), "Generate Preview")
                .on_hover_text("Compute what would happen; nothing is written (Ctrl+Enter)");
            if generate.clicked() {
                self.generate(cx);
            }
            let possible = self.committable(cx);
            let commit = ui
                .add_enabled(possible.is_ok(), egui::Button::new("Commit Preview"))
                .on_hover_text("Update the metaverse and stage the exports of this object");
            let commit = match possible {
                Err(reason) => commit.on_disabled_hover_text(reason),
                Ok(()) => commit,
            };
            if commit.clicked() {
                self.confirming = true;
                self.focus_safe = true;
            }
            let result = self.answer.value().filter(|_| self.answer.error().is_none() && !self.answer.is_pending());
            let save = ui
                .add_enabled(result.is_some(), egui::Button::new("Save Preview Results..."))
                .on_hover_text("Write the whole result to a file: XML or JSON")
                .on_disabled_hover_text("Generate the preview first");
            if let Some(answer) = result.filter(|_| save.clicked()) {
                let name = plain_name(super::cs_object::first_rdn(&answer.preview.dn));
                self.save = Some(FileForm::save(&documents().join(format!("preview_{name}.xml")), &KINDS));
            }
            if self.answer.is_pending() || self.commit.is_pending() {
                ui.spinner();
            }
        });
        ui.add_space(6.0);
        for error in [self.answer.error(), self.commit.error()].into_iter().flatten() {
            empty::failure(ui, error);
        }
        let Some(answer) = self.answer.value() else {
            if !self.answer.is_pending() && self.answer.error().is_none() {
                empty::hint(ui, "No preview yet", "Click Generate Preview to see what synchronizing this object would do.");
            }
            return;
        };
        if self.commit.value().is_some() && self.commit.error().is_none() {
            badge::strip(ui, Tone::Info, "Committed: the metaverse is updated and the exports below are staged.", |_| ());
            ui.add_space(4.0);
        }
        let preview = &answer.preview;
        if let Some(error) = &preview.error {
            let text = format!("The object cannot be synchronized: {}: {}", error.code, error.message);
            let mut show = false;
            badge::strip(ui, Tone::Bad, &text, |ui| show = ui.button("Show Error").clicked());
            if show {
                self.node = Node::Errors;
            }
            return;
        }
        if preview.nothing_pending {
            badge::strip(
                ui,
                Tone::Info,
                "Nothing is pending for the object, so a delta synchronization does not visit it.",
                |_| (),
            );
            return;
        }
        let mode = if preview.mode == SyncMode::Full { "Full Synchronization" } else { "Delta Synchronization" };
        facts::section(ui, &format!("Result of {mode}"));
        ui.add(egui::Label::new(format!("Link: the object {}.", preview.link)).wrap());
        ui.add_space(4.0);
        let palette = Palette::of(ui.style());
        let model = ObjectChangeGrid { name: "Objects that change", palette, empty: "Nothing would change." };
        let pages = &mut self.pages;
        let response = Grid::new().show(ui, &model, &mut pages.objects, &mut pages.objects_state);
        if let Some(row) = response.activated.and_then(|position| pages.objects.get(position)) {
            let target = self.targets.iter().position(|target| target.change.guid == row.change.guid);
            self.node = match target {
                Some(index) => Node::After(index),
                None if row.change.space.is_empty() => Node::Metaverse,
                None => Node::Join,
            };
        }
    }

    /// Asks before the result is written.
    fn confirm(&mut self, ctx: &Context, cx: &Cx<'_>) {
        let Some(answer) = self.answer.value() else { return };
        let mut accepted = false;
        let mut cancelled = false;
        let destructive = answer.preview.changes.iter().any(|change| is_destructive(change.kind));
        let modal = Modal::new(Id::unique(("commit preview", self.guid))).show(ctx, |ui| {
            ui.set_width(460.0);
            facts::section(ui, "Commit Preview");
            ui.add_space(4.0);
            ui.add(egui::Label::new(format!("Synchronize {} now?", answer.preview.dn)).wrap());
            ui.add_space(4.0);
            let palette = Palette::of(ui.style());
            for change in answer.preview.changes.iter().take(12) {
                let space = data::connector_name(cx.connectors(), &change.space);
                let kind = kind_title(change.kind, change.space.is_empty());
                let colour = if is_destructive(change.kind) { palette.bad } else { palette.text };
                let attributes = match change.attributes.len() as u64 {
                    0 => String::new(),
                    number => format!(", {}", plural(number, "attribute")),
                };
                ui.add(
                    egui::Label::new(RichText::new(format!("{space}: {} - {kind}{attributes}", change.name)).color(colour))
                        .wrap(),
                );
            }
            let left = answer.preview.changes.len().saturating_sub(12);
            if left > 0 {
                ui.weak(format!("and {}", plural(left as u64, "more object")));
            }
            if answer.preview.changes.is_empty() {
                ui.weak("Nothing would change.");
            }
            if destructive {
                ui.add_space(4.0);
                badge::strip(ui, Tone::Bad, "This deletes or disconnects objects.", |_| ());
            }
            ui.add_space(8.0);
            ui.weak("References and provisioning that wait for this object are left to the next synchronization.");
            ui.add_space(8.0);
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let cancel = ui.button("Cancel");
                let commit = action_ui::primary(ui, true, "Commit");
                if std::mem::take(&mut self.focus_safe) {
                    if destructive { cancel.request_focus() } else { commit.request_focus() }
                }
                cancelled = cancel.clicked();
                accepted = commit.clicked();
            });
        });
        if modal.should_close() || cancelled {
            self.confirming = false;
        }
        if accepted {
            self.confirming = false;
            let (guid, mode) = (self.guid, answer.preview.mode);
            self.commit.ask(cx.worker, question(cx.backend, move |engine| engine.commit_preview(guid, mode)));
        }
    }
}
