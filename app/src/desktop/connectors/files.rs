//! Export, Import and Update Connector: a connector as a file (`ui.md` 4.3).

use egui::{Context, Id, Label, RichText, ScrollArea, Ui};
use syncline_engine::service::{ConnectorSummary, ConnectorUpdateView, ImportReport, UpdateDifferenceView, UpdateWord};
use syncline_engine::setup::ConnectorChangeReport;

use crate::text_file::{plain_name, write_text};

use super::super::command::Command;
use super::super::context::{Cx, question};
use super::super::objects::{centered, escaped, window};
use super::super::server_configuration::report;
use super::super::theme::Palette;
use super::super::widgets::badge::{self, Tone};
use super::super::widgets::fields::note;
use super::super::widgets::path_field::PathField;
use super::super::widgets::requested::{Fetched, Requested};
use super::super::widgets::{action_ui, button_bar, empty, facts};

fn framed(ctx: &Context, title: String, id: Id, size: [f32; 2], contents: impl FnOnce(&mut Ui) -> bool) -> bool {
    let (mut open, mut close) = (true, false);
    let shown = window(ctx, title).id(id).open(&mut open).min_size([440.0, 200.0]);
    centered(ctx, shown, size).show(ctx, |ui| close = contents(ui));
    open && !close && !escaped(ctx, id)
}

/// The window Export Connector.
pub struct ExportConnector {
    name: String,
    field: PathField,
    replace: bool,
    answer: Requested<String>,
}

impl ExportConnector {
    /// Opens on a connector.
    #[must_use]
    pub fn new(connector: &ConnectorSummary) -> Self {
        let folder = dirs::document_dir().or_else(dirs::home_dir).unwrap_or_else(std::env::temp_dir);
        Self {
            name: connector.name.clone(),
            field: PathField::save(&folder.join(format!("Connector_{}.xml", plain_name(&connector.name)))),
            replace: false,
            answer: Requested::default(),
        }
    }

    /// Draws the window; false once it is closed.
    pub fn show(&mut self, ctx: &Context, cx: &Cx<'_>) -> bool {
        self.answer.poll();
        let title = format!("Export Connector \"{}\"", self.name);
        framed(ctx, title, Id::unique("export connector"), [620.0, 230.0], |ui| self.contents(ui, cx))
    }

    fn contents(&mut self, ui: &mut Ui, cx: &Cx<'_>) -> bool {
        let possible = self.field.path().is_some() && !self.answer.is_pending();
        let mut accepted = false;
        let close = button_bar::bar(
            ui,
            |_| (),
            |ui| {
                let close = ui.button("Close").clicked();
                accepted = action_ui::primary(ui, possible, "Export").on_disabled_hover_text("Name a file first").clicked();
                close
            },
        );
        note(
            ui,
            "Identity, schema, selected attributes, partitions with their containers and run profiles, in the layout of Azure AD Connect. No password is written, and not where delta imports stand.",
        );
        ui.add_space(6.0);
        accepted |= self.field.show(ui, cx.worker, "File", "Export the connector");
        ui.checkbox(&mut self.replace, "Replace the file if it exists");
        for error in [self.field.error(), self.answer.error()].into_iter().flatten() {
            badge::strip(ui, Tone::Bad, error, |_| ());
        }
        if let Some(path) = self.answer.value().filter(|_| self.answer.error().is_none()) {
            badge::strip(ui, Tone::Info, &format!("Written to {path}."), |_| ());
        }
        if let Some(path) = self.field.path().filter(|_| accepted && !self.answer.is_pending()) {
            let (name, replace) = (self.name.clone(), self.replace);
            let ask = question(cx.backend, move |engine| engine.export_connector(&name));
            self.answer.clear();
            self.answer.ask(cx.worker, move || write_text(&path, &ask()?, replace));
        }
        close
    }
}

/// The window Import Connector.
pub struct ImportConnector {
    field: PathField,
    rehearsal: Requested<ImportReport>,
    import: Requested<ImportReport>,
}

impl Default for ImportConnector {
    fn default() -> Self {
        Self { field: PathField::file(), rehearsal: Requested::default(), import: Requested::default() }
    }
}

impl ImportConnector {
    /// Draws the window; false once it is closed.
    pub fn show(&mut self, ctx: &Context, cx: &mut Cx<'_>) -> bool {
        self.rehearsal.poll();
        self.import.poll();
        framed(ctx, "Import Connector".to_owned(), Id::unique("import connector"), [680.0, 460.0], |ui| self.contents(ui, cx))
    }

    fn contents(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) -> bool {
        if let Some(done) = self.import.value() {
            let close = button_bar::close(ui, |_| ());
            badge::strip(ui, Tone::Info, "The connector was added. Enter its credential in its properties.", |_| ());
            ScrollArea::vertical().id_salt("done").auto_shrink(false).show(ui, |ui| report::show(ui, done));
            return close;
        }
        let ready = self.rehearsal.value().is_some() && self.rehearsal.error().is_none();
        let mut accepted = false;
        let close = button_bar::bar(
            ui,
            |_| (),
            |ui| {
                let close = ui.button("Cancel").clicked();
                let button = action_ui::primary(ui, ready && !self.import.is_pending(), "Import");
                accepted = button.on_disabled_hover_text("Choose a file first").clicked();
                if self.import.is_pending() {
                    ui.spinner();
                }
                close
            },
        );
        note(
            ui,
            "A file that Export Connector wrote, here or on another server. It becomes a connector of its own, without a credential and without rules.",
        );
        ui.add_space(6.0);
        if self.field.show(ui, cx.worker, "File", "File of a connector")
            && let Some(path) = self.field.path()
        {
            self.rehearsal.clear();
            self.rehearsal.ask(cx.worker, question(cx.backend, move |engine| engine.import_connector(&path, true)));
        }
        note(ui, "Press Enter after typing a name.");
        for error in [self.field.error(), self.import.error()].into_iter().flatten() {
            badge::strip(ui, Tone::Bad, error, |_| ());
        }
        if let Some(report) = empty::value(ui, &self.rehearsal).filter(|_| ready) {
            ScrollArea::vertical().id_salt("rehearsal").auto_shrink(false).show(ui, |ui| report::show(ui, report));
        }
        if matches!(self.rehearsal.state(), Fetched::NotAsked) {
            empty::hint(ui, "No file is read yet", "What it holds is shown here before anything is stored.");
        }
        if let Some(path) = self.field.path().filter(|_| accepted) {
            self.import.clear();
            self.import.ask(cx.worker, question(cx.backend, move |engine| engine.import_connector(&path, false)));
        }
        close
    }
}

/// The window Update Connector.
pub struct UpdateConnector {
    name: String,
    field: PathField,
    judged: Requested<ConnectorUpdateView>,
    update: Requested<ConnectorChangeReport>,
}

impl UpdateConnector {
    /// Opens on a connector.
    #[must_use]
    pub fn new(connector: &ConnectorSummary) -> Self {
        Self {
            name: connector.name.clone(),
            field: PathField::file(),
            judged: Requested::default(),
            update: Requested::default(),
        }
    }

    /// Draws the window; false once it is closed.
    pub fn show(&mut self, ctx: &Context, cx: &mut Cx<'_>) -> bool {
        self.judged.poll();
        self.update.poll();
        let title = format!("Update Connector \"{}\"", self.name);
        framed(ctx, title, Id::unique("update connector"), [700.0, 480.0], |ui| self.contents(ui, cx))
    }

    fn contents(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) -> bool {
        if let Some(done) = self.update.value() {
            let close = button_bar::close(ui, |_| ());
            badge::strip(ui, Tone::Info, "The connector is as the file says.", |_| ());
            if done.full_import {
                let text = format!("Now run {}.", runs(done.full_synchronization));
                if badge::strip(ui, Tone::Warn, &text, |ui| ui.button("Run...").clicked()) {
                    cx.send(Command::ShowRunDialog { connector: Some(self.name.clone()), profile: None });
                }
            }
            return close;
        }
        let judged = self.judged.value().filter(|_| self.judged.error().is_none());
        let problem = match judged {
            None => Some("Choose a file first"),
            Some(judged) if judged.differences.is_empty() => Some("Nothing is different"),
            Some(judged) if !judged.faults.is_empty() => Some("The file cannot be taken so"),
            Some(_) if self.update.is_pending() => Some("It is being stored"),
            Some(_) => None,
        };
        let mut accepted = false;
        let close = button_bar::bar(
            ui,
            |_| (),
            |ui| {
                let close = ui.button("Cancel").clicked();
                let ok = action_ui::primary(ui, problem.is_none(), "OK");
                accepted = ok.on_disabled_hover_text(problem.unwrap_or_default()).clicked();
                close
            },
        );
        note(
            ui,
            "Name, description, object types, attributes, containers and run profiles become those of the file. Connection, credential and schema stay.",
        );
        ui.add_space(6.0);
        if self.field.show(ui, cx.worker, "File", "File of the connector")
            && let Some(path) = self.field.path()
        {
            let name = self.name.clone();
            self.judged.clear();
            self.judged.ask(cx.worker, question(cx.backend, move |engine| engine.judge_connector_update(&name, &path)));
        }
        note(ui, "Press Enter after typing a name.");
        for error in [self.field.error(), self.update.error()].into_iter().flatten() {
            badge::strip(ui, Tone::Bad, error, |_| ());
        }
        if let Some(judged) = empty::value(ui, &self.judged).filter(|_| self.judged.error().is_none()) {
            for fault in &judged.faults {
                badge::strip(ui, Tone::Bad, fault, |_| ());
            }
            if judged.full_import {
                let text = format!("Afterwards run {}.", runs(judged.full_synchronization));
                badge::strip(ui, Tone::Warn, &text, |_| ());
            }
            if judged.differences.is_empty() {
                note(ui, "The connector is as the file says already.");
            }
            ScrollArea::vertical().id_salt("differences").auto_shrink(false).show(ui, |ui| differences(ui, &judged.differences));
        }
        if matches!(self.judged.state(), Fetched::NotAsked) {
            empty::hint(ui, "No file is read yet", "What it would change is shown here before anything is stored.");
        }
        if let Some(path) = self.field.path().filter(|_| accepted) {
            let name = self.name.clone();
            self.update.clear();
            self.update.ask(cx.worker, question(cx.backend, move |engine| engine.update_connector(&name, &path)));
        }
        close
    }
}

fn runs(full_synchronization: bool) -> &'static str {
    if full_synchronization { "Full Import, then Full Synchronization" } else { "Full Import, then Delta Synchronization" }
}

fn differences(ui: &mut Ui, all: &[UpdateDifferenceView]) {
    let palette = Palette::of(ui.style());
    let mut group = "";
    for difference in all {
        if difference.what != group {
            ui.add_space(4.0);
            facts::group(ui, difference.what);
            group = difference.what;
        }
        let (sign, colour) = match difference.kind {
            UpdateWord::Added => ("+", palette.good),
            UpdateWord::Removed => ("-", palette.bad),
            UpdateWord::Changed => ("~", palette.warn),
        };
        ui.horizontal(|ui| {
            ui.add_space(6.0);
            ui.label(RichText::new(sign).monospace().color(colour));
            let detail = if difference.detail.is_empty() { String::new() } else { format!(" ({})", difference.detail) };
            ui.add(Label::new(RichText::new(format!("{}{detail}", difference.name)).color(palette.text)).wrap());
        });
    }
}
