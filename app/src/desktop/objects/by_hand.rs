//! Joining and disconnecting by hand (`ui.md` 6.6): what would happen is shown before it is done.

use std::collections::BTreeMap;
use std::sync::Arc;

use egui::{Label, Margin, RichText, ScrollArea, Ui};
use syncline_engine::service::{ChangeKind, PreviewView, TargetAction};
use uuid::Uuid;

use super::super::action::Action;
use super::super::backend::sentence;
use super::super::command::{ByHandStart, Command};
use super::super::context::{Cx, question};
use super::super::format::plural;
use super::super::theme;
use super::super::widgets::badge::{self, Tone};
use super::super::widgets::requested::Requested;
use super::super::widgets::{action_ui, button_bar, empty, facts};
use super::candidates::Candidates;
use super::cs_object::first_rdn;

/// Objects of a selection whose consequences are worked out one by one.
const MOST_PREVIEWED: usize = 50;
/// Objects named among the consequences.
const MOST_NAMED: usize = 6;

/// What would happen, all objects together.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Consequences {
    /// Metaverse objects that would be deleted, with the reason.
    deleted: Vec<String>,
    /// Objects of targets that would be deleted there, with their connectors.
    deprovisioned: Vec<String>,
    /// Other changes that would be staged for export, by connector.
    staged: BTreeMap<String, u64>,
    /// Attributes of metaverse objects that would change.
    attributes: u64,
    /// Objects for which it would fail, with the reason.
    failing: Vec<String>,
    /// Objects whose consequences were not worked out.
    left_out: usize,
}

impl Consequences {
    /// Everything in one sentence, whether it would fail, and whether something would be deleted.
    pub fn sentence(&self) -> (String, bool, bool) {
        if !self.failing.is_empty() {
            return (self.failing.join("; "), true, false);
        }
        let mut parts: Vec<String> = Vec::new();
        if let Some(reason) = self.deleted.first() {
            parts.push(format!("the metaverse object is deleted ({reason})"));
        }
        if !self.deprovisioned.is_empty() {
            parts.push(format!(
                "{} staged: {}",
                plural(self.deprovisioned.len() as u64, "deletion"),
                self.deprovisioned.join("; ")
            ));
        }
        if self.attributes > 0 {
            parts.push(format!("{} of the metaverse object", plural(self.attributes, "attribute")));
        }
        parts.extend(
            self.staged.iter().map(|(connector, number)| format!("{} staged for {connector}", plural(*number, "change"))),
        );
        let deletes = !self.deleted.is_empty() || !self.deprovisioned.is_empty();
        (if parts.is_empty() { "Nothing changes".to_owned() } else { parts.join(", ") }, false, deletes)
    }

    /// Adds what one object's preview tells.
    pub fn add(&mut self, view: &PreviewView) {
        if let Some(error) = &view.error {
            self.failing.push(format!("{}: {}", view.dn, error.message));
            return;
        }
        if view.deletion.deleted {
            self.deleted.push(view.deletion.reason.clone());
        }
        for target in &view.targets {
            for object in target.objects.iter().filter(|object| object.action == TargetAction::Deprovision) {
                self.deprovisioned.push(format!("{} in {}", object.dn, target.connector));
            }
        }
        for change in &view.changes {
            if change.space.is_empty() {
                if change.kind != ChangeKind::Delete {
                    self.attributes += change.attributes.len() as u64;
                }
            } else if change.guid != view.guid && change.kind != ChangeKind::Delete {
                let target = view.targets.iter().find(|target| target.objects.iter().any(|object| object.guid == change.guid));
                *self.staged.entry(target.map_or_else(String::new, |target| target.connector.clone())).or_default() += 1;
            }
        }
    }

    fn show(&self, ui: &mut Ui) {
        let list = |names: &[String]| {
            let more = names.len().saturating_sub(MOST_NAMED);
            let named = names.iter().take(MOST_NAMED).cloned().collect::<Vec<_>>().join("; ");
            if more > 0 { format!("{named}; and {more} more") } else { named }
        };
        if !self.failing.is_empty() {
            badge::strip(ui, Tone::Bad, &format!("It would fail: {}", list(&self.failing)), |_| ());
        }
        if !self.deleted.is_empty() {
            let number = plural(self.deleted.len() as u64, "metaverse object");
            badge::strip(ui, Tone::Bad, &format!("{number} would be deleted: {}", list(&self.deleted)), |_| ());
        }
        if !self.deprovisioned.is_empty() {
            let number = plural(self.deprovisioned.len() as u64, "deletion");
            badge::strip(ui, Tone::Bad, &format!("{number} would be staged for export: {}", list(&self.deprovisioned)), |_| ());
        }
        for (connector, number) in &self.staged {
            let text = format!("{} would be staged for export to {connector}", plural(*number, "change"));
            badge::strip(ui, Tone::Warn, &text, |_| ());
        }
        if self.failing.is_empty() && self.deleted.is_empty() {
            ui.label(format!("The metaverse object stays; {} of it would change.", plural(self.attributes, "attribute")));
        }
        if self.deleted.is_empty() && self.deprovisioned.is_empty() && self.staged.is_empty() && self.failing.is_empty() {
            ui.label("Nothing would be staged for export.");
        }
        if self.left_out > 0 {
            ui.weak(format!("The consequences for {} more were not worked out.", plural(self.left_out as u64, "object")));
        }
    }
}

/// What came of it, object by object.
struct Done {
    done: usize,
    failed: Vec<String>,
}

/// State of the window.
pub struct ByHand {
    start: ByHandStart,
    explicit: bool,
    candidates: Candidates,
    /// What the consequences were asked for: explicit, or the candidate.
    asked: Option<(bool, Option<Uuid>)>,
    consequences: Requested<Consequences>,
    doing: Requested<Done>,
    finished: bool,
}

impl ByHand {
    /// Opens on objects; candidates for a join are looked for by the object's name.
    #[must_use]
    pub fn new(cx: &Cx<'_>, start: ByHandStart) -> Self {
        let mut window = Self {
            candidates: Candidates::new(start.name.clone(), None),
            start,
            explicit: false,
            asked: None,
            consequences: Requested::default(),
            doing: Requested::default(),
            finished: false,
        };
        if window.start.join {
            window.candidates.look(cx);
        }
        window
    }

    /// What it was opened for.
    #[must_use]
    pub fn start(&self) -> &ByHandStart {
        &self.start
    }

    /// Title of the window.
    #[must_use]
    pub fn title(&self) -> String {
        let verb = if self.start.join { "Join" } else { "Disconnect" };
        match self.start.objects.as_slice() {
            [(_, dn)] => format!("{verb} - {}", first_rdn(dn)),
            several => format!("{verb} - {}", plural(several.len() as u64, "object")),
        }
    }

    fn candidate(&self) -> Option<Uuid> {
        self.candidates.chosen()
    }

    /// Takes in answers, and asks for the consequences of what is chosen now.
    pub fn poll(&mut self, cx: &mut Cx<'_>) {
        if self.candidates.poll() {
            self.candidates.choose_the_only_one();
        }
        self.consequences.poll();
        if self.doing.poll() && self.doing.value().is_some() {
            cx.send(Command::Do(Action::Refresh));
            self.finished = self.doing.value().is_some_and(|done| done.failed.is_empty());
        }
        let wanted = (self.explicit, self.candidate());
        if self.asked == Some(wanted) || self.doing.is_pending() || self.finished || (self.start.join && wanted.1.is_none()) {
            return;
        }
        self.asked = Some(wanted);
        self.consequences.clear();
        let (objects, (explicit, candidate)) = (self.start.objects.clone(), wanted);
        self.consequences.ask(
            cx.worker,
            question(cx.backend, move |engine| {
                let left_out = objects.len().saturating_sub(MOST_PREVIEWED);
                let mut all = Consequences { left_out, ..Consequences::default() };
                for (guid, dn) in objects.iter().take(MOST_PREVIEWED) {
                    let view = match candidate {
                        Some(candidate) => engine.preview_join(*guid, candidate),
                        None => engine.preview_disconnection(*guid, explicit),
                    };
                    match view {
                        Ok(view) => all.add(&view),
                        Err(error) if objects.len() > 1 => all.failing.push(format!("{dn}: {}", sentence(&error))),
                        Err(error) => return Err(error),
                    }
                }
                Ok(all)
            }),
        );
    }

    fn act(&mut self, cx: &Cx<'_>) {
        let (objects, explicit, candidate) = (self.start.objects.clone(), self.explicit, self.candidate());
        let backend = Arc::clone(cx.backend);
        self.doing.clear();
        self.doing.ask(cx.worker, move || {
            let mut done = Done { done: 0, failed: Vec::new() };
            for (guid, dn) in &objects {
                let result = match candidate {
                    Some(candidate) => backend.join_object(*guid, candidate),
                    None => backend.disconnect_object(*guid, explicit),
                };
                match result {
                    Ok(_) => done.done += 1,
                    Err(error) => done.failed.push(format!("{dn}: {}", sentence(&error))),
                }
            }
            Ok(done)
        });
    }

    /// Draws the contents; true when the window shall close.
    pub fn show(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) -> bool {
        let verb = if self.start.join { "Join" } else { "Disconnect" };
        let failing = self.consequences.value().is_some_and(|found| !found.failing.is_empty() && self.start.objects.len() == 1);
        let current = self.asked == Some((self.explicit, self.candidate())) && !self.consequences.is_pending();
        let possible = if self.doing.is_pending() {
            Err("It is being done")
        } else if self.doing.value().is_some() {
            Err("It is done")
        } else if self.start.join && self.candidate().is_none() {
            Err("Select a metaverse object first")
        } else if !current || self.consequences.value().is_none() || failing {
            Err("The consequences are not known")
        } else {
            Ok(())
        };
        let mut act = false;
        let close = button_bar::bar(
            ui,
            |_| (),
            |ui| {
                let cancel = ui.button(if self.doing.value().is_some() { "Close" } else { "Cancel" }).clicked();
                let button = action_ui::primary(ui, possible.is_ok(), verb);
                act = button.on_disabled_hover_text(possible.err().unwrap_or_default()).clicked();
                if self.doing.is_pending() || self.consequences.is_pending() {
                    ui.spinner();
                }
                cancel
            },
        );
        if act {
            self.act(cx);
        }
        egui::CentralPanel::no_frame().show(ui, |ui| {
            if let Some(error) = self.doing.error() {
                empty::failure(ui, error);
            }
            if let Some(done) = self.doing.value() {
                let verb = if self.start.join { "joined" } else { "disconnected" };
                let text = format!("{} {verb}.", plural(done.done as u64, "object"));
                badge::strip(ui, if done.failed.is_empty() { Tone::Info } else { Tone::Warn }, &text, |_| ());
                ScrollArea::vertical().id_salt("failed").show(ui, |ui| {
                    for line in &done.failed {
                        badge::strip(ui, Tone::Bad, line, |_| ());
                    }
                });
                return;
            }
            if self.start.join {
                self.choose_candidate(ui, cx);
            } else {
                self.choose_kind(ui);
            }
            ui.add_space(6.0);
            facts::section(ui, "What would happen");
            ui.add_space(2.0);
            if self.start.join && self.candidate().is_none() {
                ui.weak("Select a metaverse object.");
                return;
            }
            ScrollArea::vertical().id_salt("consequences").show(ui, |ui| {
                ui.set_min_width(ui.available_width());
                if let Some(found) = empty::value(ui, &self.consequences) {
                    found.show(ui);
                }
            });
        });
        close || self.finished
    }

    fn choose_kind(&mut self, ui: &mut Ui) {
        if let [(_, dn)] = self.start.objects.as_slice() {
            ui.add(Label::new(format!("Disconnect {dn} from its metaverse object?")).wrap());
        } else {
            ui.label(format!(
                "Disconnect {} from their metaverse objects?",
                plural(self.start.objects.len() as u64, "selected object")
            ));
        }
        ui.add_space(6.0);
        let options = [
            (false, "Disconnector", "Join and projection rules apply again with the next synchronization."),
            (true, "Explicit Disconnector", "No rule joins or projects it, until it is made a normal disconnector."),
        ];
        for (explicit, label, about) in options {
            ui.radio_value(&mut self.explicit, explicit, label);
            ui.horizontal(|ui| {
                ui.add_space(22.0);
                ui.weak(about);
            });
        }
    }

    fn choose_candidate(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        self.candidates.search(ui, cx);
        let height = (ui.available_height() * 0.55).max(120.0);
        ui.allocate_ui(egui::vec2(ui.available_width(), height), |ui| {
            theme::card(ui.style()).inner_margin(Margin::same(1)).show(ui, |ui| {
                self.candidates.list(ui, cx);
            });
        });
        ui.label(RichText::new("The object becomes an explicit connector: no rule takes the link away.").weak());
    }
}
