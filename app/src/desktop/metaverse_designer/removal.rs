//! The question before an object type or an attribute goes, and who is in the way.

use egui::{Align, Context, Id, Label, Layout, Modal, RichText, ScrollArea, Ui};
use syncline_engine::service::{MvSchemaAttributeView, MvTypeView, SchemaChangeView, SchemaUseView};
use syncline_engine::setup::SchemaChange;

use super::super::command::Command;
use super::super::context::{Cx, question};
use super::super::format::plural;
use super::super::rules_editor::question_frame;
use super::super::theme::Palette;
use super::super::widgets::badge::{self, Tone};
use super::super::widgets::requested::Requested;
use super::super::widgets::{action_ui, empty, facts};

/// Rules shown at once before the list is scrolled.
const ROWS: f32 = 7.0;

/// The open question.
pub struct Removal {
    title: &'static str,
    /// What goes, in words.
    what: String,
    change: SchemaChange,
    /// The rules in the way.
    uses: Vec<SchemaUseView>,
    judged: Requested<SchemaChangeView>,
    answer: Requested<SchemaChangeView>,
}

impl Removal {
    /// Asks whether an attribute shall go.
    #[must_use]
    pub fn of_attribute(cx: &Cx<'_>, kind: &MvTypeView, attribute: &MvSchemaAttributeView) -> Self {
        let what = format!("attribute \"{}\" of {}", attribute.name, kind.name);
        let change = SchemaChange::RemoveAttribute { object_type: kind.name.clone(), attribute: attribute.name.clone() };
        Self::new(cx, "Remove Attribute", what, change, attribute.uses.clone())
    }

    /// Asks whether an object type shall go.
    #[must_use]
    pub fn of_type(cx: &Cx<'_>, kind: &MvTypeView) -> Self {
        let change = SchemaChange::DeleteType { name: kind.name.clone() };
        Self::new(cx, "Delete Object Type", format!("object type \"{}\"", kind.name), change, kind.rules.clone())
    }

    fn new(cx: &Cx<'_>, title: &'static str, what: String, change: SchemaChange, uses: Vec<SchemaUseView>) -> Self {
        let mut judged = Requested::default();
        if uses.is_empty() {
            let asked = change.clone();
            judged.ask(cx.worker, question(cx.backend, move |engine| engine.judge_metaverse_schema(&asked)));
        }
        Self { title, what, change, uses, judged, answer: Requested::default() }
    }

    /// Takes in answers: what was done.
    pub fn poll(&mut self) -> Option<String> {
        self.judged.poll();
        if self.answer.poll() { self.answer.take().map(|view| view.told) } else { None }
    }

    /// Draws the question; false once it is answered.
    pub fn show(&mut self, ctx: &Context, cx: &mut Cx<'_>) -> bool {
        let mut close = false;
        let modal = Modal::new(Id::unique(self.title)).frame(question_frame(ctx)).show(ctx, |ui| {
            ui.set_width(520.0_f32.min(ctx.content_rect().width() - 60.0));
            ui.response().widget_info(|| egui::WidgetInfo::labeled(egui::Role::Dialog, true, self.title));
            facts::section(ui, self.title);
            ui.add_space(6.0);
            close = if self.uses.is_empty() { self.asked(ui, cx) } else { self.refused(ui, cx) };
        });
        self.answer.is_pending() || !(close || modal.should_close())
    }

    fn refused(&self, ui: &mut Ui, cx: &mut Cx<'_>) -> bool {
        let palette = Palette::of(ui.style());
        let number = self.uses.len() as u64;
        let verb = if number == 1 { "uses" } else { "use" };
        let text = format!("The {} cannot go: {} {verb} it, switched on or not.", self.what, plural(number, "rule"));
        badge::strip(ui, Tone::Bad, &text, |_| ());
        ui.add_space(6.0);
        let mut close = false;
        ScrollArea::vertical().id_salt("users").max_height(ROWS * 40.0).show(ui, |ui| {
            ui.set_min_width(ui.available_width());
            for used in &self.uses {
                ui.horizontal(|ui| {
                    if ui.link(&used.rule).on_hover_text("Open the rule").clicked() {
                        cx.send(Command::OpenRule(used.guid));
                        close = true;
                    }
                    ui.label(RichText::new(format!("precedence {}", used.precedence)).small().color(palette.text_weak));
                });
                let about = if used.places.is_empty() { used.connector.clone() } else { used.places.join(", ") };
                ui.add(Label::new(RichText::new(about).small().weak()).truncate());
                ui.add_space(2.0);
            }
        });
        ui.add_space(10.0);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let button = ui.button("Close");
            if ui.memory(|memory| memory.focused().is_none()) {
                button.request_focus();
            }
            close |= button.clicked();
        });
        close
    }

    fn asked(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) -> bool {
        let possible = self.judged.value().is_some();
        ui.add(Label::new(format!("Remove {}?", self.what)).wrap());
        ui.add_space(4.0);
        if possible {
            ui.weak("No rule uses it and no object holds it, so nothing has to run afterwards.");
        } else {
            empty::value(ui, &self.judged);
        }
        if let Some(error) = self.answer.error() {
            badge::strip(ui, Tone::Bad, error, |_| ());
        }
        ui.add_space(10.0);
        let busy = self.answer.is_pending();
        let mut close = false;
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let cancel = ui.add_enabled(!busy, egui::Button::new("Cancel"));
            if ui.memory(|memory| memory.focused().is_none()) {
                cancel.request_focus();
            }
            close = cancel.clicked();
            if action_ui::primary(ui, possible && !busy, "Remove").clicked() {
                let change = self.change.clone();
                self.answer.clear();
                self.answer.ask(cx.worker, question(cx.backend, move |engine| engine.change_metaverse_schema(&change)));
            }
            if busy {
                ui.spinner();
            }
        });
        close
    }
}
