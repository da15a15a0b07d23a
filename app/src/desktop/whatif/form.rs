//! What a what-if is asked for: which connectors, full or delta, with which rules; and how far it has come.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use egui::{RichText, ScrollArea, Ui};
use syncline_engine::connector::CancelToken;
use syncline_engine::model::ConnectorId;
use syncline_engine::service::{Instead, OtherRules, OtherServer, WhatIfProgress, WhatIfReport, WhatIfRequest};

use super::super::command::WhatIfStart;
use super::super::context::{Cx, question};
use super::super::format::{count, plural};
use super::super::frame::not_in_a_frame;
use super::super::server_configuration::ServerFolder;
use super::super::widgets::badge::{self, Tone};
use super::super::widgets::path_field::PathField;
use super::super::widgets::requested::Requested;
use super::super::widgets::{action_ui, facts};

/// Where the rules come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Rules {
    #[default]
    Saved,
    File,
    Server,
    Unsaved,
}

/// One that is being computed.
struct Running {
    cancel: CancelToken,
    progress: Arc<Mutex<Option<WhatIfProgress>>>,
}

impl Drop for Running {
    /// Nobody waits for it any more, for instance because the data folder is closed.
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}

/// State of the page.
pub struct Form {
    full: bool,
    left_out: BTreeSet<ConnectorId>,
    rules: Rules,
    file: PathField,
    server: ServerFolder,
    /// A rule from the rules editor that is not saved.
    unsaved: Option<OtherRules>,
    running: Option<Running>,
    answer: Requested<WhatIfReport>,
}

impl Default for Form {
    fn default() -> Self {
        Self {
            full: true,
            left_out: BTreeSet::new(),
            rules: Rules::Saved,
            file: PathField::file(),
            server: ServerFolder::default(),
            unsaved: None,
            running: None,
            answer: Requested::default(),
        }
    }
}

/// A stage in words, and the share done.
#[must_use]
pub fn stage(progress: &WhatIfProgress) -> (String, Option<f32>) {
    let share = |done: u64, total: u64| if total == 0 { None } else { Some(done as f32 / total as f32) };
    match progress {
        WhatIfProgress::Copying { done, total } => ("Copying the database".to_owned(), share(*done, *total)),
        WhatIfProgress::Synchronizing { connector, progress } => {
            let (of, share) = match progress.total {
                Some(total) => (format!("{} of {}", count(progress.done), plural(total, "object")), share(progress.done, total)),
                None => (plural(progress.done, "object"), None),
            };
            (format!("Synchronizing {connector} on the copy: {of}"), share)
        }
        WhatIfProgress::Comparing { done } => (format!("Comparing before and after: {}", plural(*done, "object")), None),
    }
}

impl Form {
    /// Sets the fields as somebody asked.
    pub fn begin(&mut self, cx: &Cx<'_>, start: &WhatIfStart) {
        if self.running.is_some() {
            return;
        }
        if let Some(full) = start.full {
            self.full = full;
        }
        if let Some(name) = &start.connector {
            let others = cx.connectors().iter().filter(|connector| connector.name != *name);
            self.left_out = others.map(|connector| connector.id).collect();
        }
        if let Some(rules) = &start.rules {
            self.unsaved = Some(rules.clone());
            self.rules = Rules::Unsaved;
        }
    }

    /// Takes in answers; the result when it is there.
    pub fn poll(&mut self, cx: &Cx<'_>) -> Option<WhatIfReport> {
        self.server.poll(cx.connectors());
        if !self.answer.poll() {
            return None;
        }
        self.running = None;
        self.answer.take()
    }

    /// True while one is being computed.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.running.is_some()
    }

    /// Whether it can be started; otherwise why not.
    fn request(&self, cx: &Cx<'_>) -> Result<(WhatIfRequest, Option<std::path::PathBuf>), String> {
        let chosen: Vec<ConnectorId> =
            cx.connectors().iter().map(|connector| connector.id).filter(|id| !self.left_out.contains(id)).collect();
        if chosen.is_empty() {
            return Err("Choose at least one connector".to_owned());
        }
        let connectors = if chosen.len() == cx.connectors().len() { Vec::new() } else { chosen };
        let request = WhatIfRequest { connectors, full: self.full, instead: None };
        match self.rules {
            Rules::Saved => Ok((request, None)),
            Rules::File => {
                let file = self.file.path().ok_or("Name the file with the rules")?;
                Ok((request, Some(file)))
            }
            Rules::Unsaved => {
                let instead = self.unsaved.clone().map(Instead::Rules);
                Ok((WhatIfRequest { instead, ..request }, None))
            }
            Rules::Server => {
                let path = self.server.folder().cloned().ok_or("Name the folder of the export and read it")?;
                let mappings = self.server.mappings().ok_or("The export has to be read first")?;
                let instead = Some(Instead::Server(OtherServer { path, mappings }));
                Ok((WhatIfRequest { instead, ..request }, None))
            }
        }
    }

    fn start(&mut self, cx: &Cx<'_>, ctx: &egui::Context) {
        let Ok((request, file)) = self.request(cx) else { return };
        let cancel = CancelToken::default();
        let progress: Arc<Mutex<Option<WhatIfProgress>>> = Arc::default();
        let tell = {
            let (progress, ctx) = (Arc::clone(&progress), ctx.clone());
            Arc::new(move |now: WhatIfProgress| {
                *progress.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
                ctx.request_repaint_after(Duration::from_millis(250));
            })
        };
        self.running = Some(Running { cancel: cancel.clone(), progress });
        let backend = Arc::clone(cx.backend);
        self.answer.clear();
        self.answer.ask(cx.worker, move || {
            let instead = file.as_deref().map(read_rules).transpose()?.map(Instead::Rules);
            let request = WhatIfRequest { instead: instead.or(request.instead.clone()), ..request };
            question(&backend, move |engine| engine.whatif(&request, &cancel, tell))()
        });
    }

    /// Draws the page.
    pub fn show(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        ui.add(
            egui::Label::new(
                "Synchronizes a copy of the database and tells what changed there. The database itself is only read, and runs may go on.",
            )
            .wrap(),
        );
        ui.add_space(8.0);
        let busy = self.running.is_some();
        let mut start = false;
        egui::Panel::bottom("start").show_separator_line(false).frame(egui::Frame::NONE).show(ui, |ui| {
            start = self.progress(ui, cx);
        });
        ScrollArea::vertical().id_salt("what-if form").auto_shrink(false).show(ui, |ui| {
            ui.add_enabled_ui(!busy, |ui| self.fields(ui, cx));
        });
        if start {
            self.start(cx, &ui.ctx().clone());
        }
    }

    fn fields(&mut self, ui: &mut Ui, cx: &Cx<'_>) {
        facts::section(ui, "Synchronization");
        for (full, text, about) in [
            (true, "Full Synchronization", "all objects, all rules"),
            (false, "Delta Synchronization", "only objects with something pending"),
        ] {
            ui.horizontal(|ui| {
                ui.radio_value(&mut self.full, full, text);
                ui.weak(about);
            });
        }
        ui.add_space(8.0);
        facts::section(ui, "Connectors");
        for connector in cx.connectors() {
            let mut on = !self.left_out.contains(&connector.id);
            ui.horizontal(|ui| {
                if ui.checkbox(&mut on, &connector.name).changed() {
                    if on {
                        self.left_out.remove(&connector.id)
                    } else {
                        self.left_out.insert(connector.id)
                    };
                }
                ui.weak(connector.kind.label());
            });
        }
        ui.add_space(8.0);
        facts::section(ui, "Synchronization rules");
        for (rules, text) in [
            (Rules::Saved, "The saved rules"),
            (Rules::File, "The saved rules with those of a file laid over them"),
            (Rules::Server, "An exported server configuration, as an import would take it over"),
        ] {
            ui.radio_value(&mut self.rules, rules, text);
        }
        if let Some(unsaved) = &self.unsaved {
            ui.radio_value(&mut self.rules, Rules::Unsaved, format!("The saved rules with {}", unsaved.file));
        }
        ui.add_space(4.0);
        match self.rules {
            Rules::Saved | Rules::Unsaved => {}
            Rules::File => {
                self.file.show(ui, cx.worker, "Rules file", "Choose a file of rules");
                if let Some(error) = self.file.error() {
                    badge::strip(ui, Tone::Bad, error, |_| ());
                }
            }
            Rules::Server => {
                self.server.field(ui, cx);
                for error in self.server.errors() {
                    badge::strip(ui, Tone::Bad, error, |_| ());
                }
                self.server.connectors(ui, cx);
            }
        }
    }

    /// Buttons and progress; true when it shall start.
    fn progress(&mut self, ui: &mut Ui, cx: &Cx<'_>) -> bool {
        ui.add_space(6.0);
        if let Some(error) = self.answer.error() {
            let stopped = error.contains("stopped");
            badge::strip(ui, if stopped { Tone::Info } else { Tone::Bad }, error, |_| ());
            ui.add_space(4.0);
        }
        let mut start = false;
        ui.horizontal(|ui| {
            let Some(running) = &self.running else {
                let possible = self.request(cx);
                let button = action_ui::primary(ui, possible.is_ok(), "Start What-If");
                let button = match possible {
                    Err(reason) => button.on_disabled_hover_text(reason),
                    Ok(_) => button,
                };
                start = button.clicked();
                return;
            };
            let cancelled = running.cancel.is_cancelled();
            if ui.add_enabled(!cancelled, egui::Button::new("Cancel What-If")).clicked() {
                running.cancel.cancel();
            }
            let now = running.progress.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let (text, share) = now.as_ref().map_or_else(|| ("Starting".to_owned(), None), stage);
            let text = if cancelled { "Stopping".to_owned() } else { text };
            ui.spinner();
            match share {
                Some(_) => badge::progress_bar(ui, ui.available_width().min(520.0), share, &text),
                None => {
                    ui.label(RichText::new(text).weak());
                }
            }
        });
        ui.add_space(2.0);
        start
    }
}

fn read_rules(file: &Path) -> Result<OtherRules, String> {
    not_in_a_frame("reads a file");
    let text = std::fs::read_to_string(file).map_err(|error| format!("Cannot read {}: {error}", file.display()))?;
    Ok(OtherRules { file: file.display().to_string(), text })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_read_as_sentences() {
        let check = |progress, text: &str, share: Option<f32>| assert_eq!(stage(&progress), (text.to_owned(), share));
        check(WhatIfProgress::Copying { done: 1, total: 4 }, "Copying the database", Some(0.25));
        check(WhatIfProgress::Copying { done: 0, total: 0 }, "Copying the database", None);
        check(WhatIfProgress::Comparing { done: 1200 }, "Comparing before and after: 1,200 objects", None);
    }
}
