//! The Object Error Details window: what failed, what it means, what to do.

use egui::{RichText, Ui};
use syncline_engine::service::{ObjectErrorView, SearchClause, SearchOperator, error_fix};

use super::super::action::Action;
use super::super::command::{Command, ErrorOccasion};
use super::super::context::Cx;
use super::super::format::Format;
use super::super::theme::Palette;
use super::super::widgets::badge::{self, Tone};
use super::super::widgets::facts;

/// State of the window.
pub struct ErrorDetails {
    /// The error shown.
    pub occasion: ErrorOccasion,
    trace: bool,
}

impl ErrorDetails {
    /// Opens on an error.
    #[must_use]
    pub fn new(occasion: ErrorOccasion) -> Self {
        Self { occasion, trace: false }
    }

    /// Draws the contents; true when the window shall close.
    pub fn show(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) -> bool {
        let palette = Palette::of(ui.style());
        let error = &self.occasion.error;
        ui.label(RichText::new(&error.error.message).size(16.0).color(palette.text_strong));
        ui.horizontal_wrapped(|ui| {
            let command = error.object_guid.map(Command::OpenCsObject).or(error.metaverse_guid.map(Command::OpenMvObject));
            match command {
                Some(command) => {
                    if ui.link(&error.dn).clicked() {
                        cx.send(command);
                    }
                }
                None => {
                    ui.label(&error.dn);
                }
            }
            if !error.display_name.is_empty() {
                ui.label(&error.display_name);
            }
            ui.label(RichText::new(&self.occasion.connector).weak());
        });
        ui.add_space(4.0);
        let fix = error_fix(&error.error.code);
        if !fix.is_empty() {
            badge::strip(ui, Tone::Info, fix, |_| ());
            ui.add_space(4.0);
        }
        facts_grid(ui, cx.format, error);
        ui.add_space(8.0);
        let detail = error.error.detail.server_detail.clone();
        if self.trace {
            facts::section(ui, "Call Stack Information");
            let text = format!("InnerException => {}\n{}", error.error.message, detail.clone().unwrap_or_default());
            ui.add(egui::TextEdit::multiline(&mut text.as_str()).code_editor().desired_width(f32::INFINITY).desired_rows(4))
                .accessible_name("Call Stack Information");
            if ui.button("Copy").clicked() {
                cx.send(Command::Copy(text));
            }
            ui.add_space(6.0);
        }
        ui.horizontal_wrapped(|ui| {
            if ui.button("Copy as Text").clicked() {
                cx.send(Command::Copy(as_text(&self.occasion)));
            }
            let json = ui.button(Action::CopyAsJson.text()).on_hover_text(Action::CopyAsJson.tooltip());
            if json.clicked() {
                cx.send(Command::Copy(as_json(&self.occasion)));
            }
            if let Some(clause) = holders(error) {
                let button =
                    ui.button("Find Holders of the Value").on_hover_text("List the metaverse objects that hold this value");
                if button.clicked() {
                    cx.send(Command::SearchMetaverse(clause));
                }
            }
        });
        ui.add_space(4.0);
        let mut close = false;
        ui.horizontal(|ui| {
            if ui
                .add_enabled(!self.trace, egui::Button::new("Stack Trace..."))
                .on_hover_text("What the directory or the rule said, verbatim")
                .clicked()
            {
                self.trace = true;
            }
            let button = ui
                .add_enabled(error.object_guid.is_some(), egui::Button::new("Object Properties"))
                .on_disabled_hover_text("The object is not in the connector space");
            if let Some(guid) = error.object_guid.filter(|_| button.clicked()) {
                cx.send(Command::OpenCsObject(guid));
            }
            let button = ui
                .add_enabled(error.object_guid.is_some(), egui::Button::new("Preview..."))
                .on_hover_text(Action::Preview.tooltip())
                .on_disabled_hover_text("The object is not in the connector space");
            if let Some(guid) = error.object_guid.filter(|_| button.clicked()) {
                cx.send(Command::OpenPreview(guid));
            }
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| close = ui.button("Close").clicked());
        });
        close
    }
}

fn rows(format: &Format, error: &ObjectErrorView) -> Vec<(&'static str, String)> {
    let detail = &error.error.detail;
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let all = vec![
        ("Error", error.error.code.to_string()),
        ("Algorithm Step", detail.step.map(|step| step.word().to_owned()).unwrap_or_default()),
        ("Rule", text(&detail.rule)),
        ("Target Attribute", text(&detail.attribute)),
        ("Value", text(&detail.value)),
        ("Expression", text(&detail.expression)),
        ("Detail", text(&detail.server_detail)),
        ("Initial Occurrence", format.time(error.first_occurred)),
        ("Last Occurrence", format.maybe_time(error.last_occurred)),
        ("Retry Count", error.retry_count.to_string()),
    ];
    all.into_iter().filter(|(_, value)| !value.is_empty()).collect()
}

/// The facts of an error, one per line.
pub fn facts_grid(ui: &mut Ui, format: &Format, error: &ObjectErrorView) {
    egui::Grid::new("error facts").num_columns(2).spacing([18.0, 6.0]).min_col_width(120.0).show(ui, |ui| {
        for (caption, value) in rows(format, error) {
            facts::pair(ui, caption, &value);
        }
    });
}

/// What finds the objects that hold the value which an error names.
fn holders(error: &ObjectErrorView) -> Option<SearchClause> {
    let detail = &error.error.detail;
    let (attribute, value) = (detail.attribute.clone()?, detail.value.clone()?);
    let one = !attribute.contains(',') && !value.trim().is_empty();
    one.then_some(SearchClause { attribute, operator: SearchOperator::Equals, value })
}

fn as_json(occasion: &ErrorOccasion) -> String {
    let error = serde_json::to_value(&occasion.error).unwrap_or_default();
    let all = serde_json::json!({ "connector": occasion.connector, "error": error });
    serde_json::to_string_pretty(&all).unwrap_or_default()
}

fn as_text(occasion: &ErrorOccasion) -> String {
    let error = &occasion.error;
    let detail = &error.error.detail;
    let mut lines = vec![
        format!("Object: {}", error.dn),
        format!("Connector: {}", occasion.connector),
        format!("Error: {}", error.error.code),
        error.error.message.clone(),
    ];
    let named = [
        ("Rule", &detail.rule),
        ("Target Attribute", &detail.attribute),
        ("Expression", &detail.expression),
        ("Detail", &detail.server_detail),
    ];
    lines.extend(named.into_iter().filter_map(|(name, value)| Some(format!("{name}: {}", value.as_ref()?))));
    lines.join("\n")
}
