//! Refresh Schema: what the directory's schema has become, before it is stored (`ui.md` 4.9).

use egui::{Context, Id, Label, RichText, ScrollArea, Ui};
use syncline_engine::service::{ConnectorSummary, SchemaRefreshView};

use super::super::command::Command;
use super::super::context::{Cx, question};
use super::super::format::plural;
use super::super::objects::{escaped, window};
use super::super::theme::Palette;
use super::super::widgets::badge::{self, Tone};
use super::super::widgets::requested::Requested;
use super::super::widgets::{action_ui, button_bar, empty, facts};
use super::fields::note;

/// Names told in one group; more are counted.
const MOST_NAMES: usize = 500;

/// The open window.
pub struct RefreshSchema {
    name: String,
    looked: Requested<SchemaRefreshView>,
    storing: Requested<SchemaRefreshView>,
    /// Attributes may go although rules use them.
    remove_used: bool,
}

impl RefreshSchema {
    /// Opens on a connector and asks its directory.
    #[must_use]
    pub fn new(cx: &Cx<'_>, connector: &ConnectorSummary) -> Self {
        let mut refresh = Self {
            name: connector.name.clone(),
            looked: Requested::default(),
            storing: Requested::default(),
            remove_used: false,
        };
        let name = connector.name.clone();
        refresh.looked.ask(cx.worker, question(cx.backend, move |engine| engine.refresh_schema(&name, true, false)));
        refresh
    }

    /// Draws the window; false once it is closed.
    pub fn show(&mut self, ctx: &Context, cx: &mut Cx<'_>) -> bool {
        self.looked.poll();
        self.storing.poll();
        let id = Id::unique("refresh schema");
        let room = ctx.content_rect();
        let size = egui::vec2(720.0, 480.0).min(room.size() - egui::vec2(64.0, 104.0));
        let (mut open, mut close) = (true, false);
        let shown = window(ctx, format!("Refresh Schema of \"{}\"", self.name)).id(id).open(&mut open).default_size(size);
        let shown = shown.min_size([460.0, 280.0]).default_pos([120.0, 80.0]).constrain_to(room);
        shown.show(ctx, |ui| close = self.contents(ui, cx));
        open && !close && !escaped(ctx, id)
    }

    fn contents(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) -> bool {
        let close = self.buttons(ui, cx);
        if let Some(error) = self.storing.error() {
            empty::failure(ui, error);
        }
        if let Some(stored) = self.storing.value() {
            badge::strip(ui, Tone::Info, "The schema was stored.", |_| ());
            if stored.full_import.is_some() {
                let run = badge::strip(ui, Tone::Warn, "Now run Full Import, then Full Synchronization.", |ui| {
                    ui.button("Run...").on_hover_text("Start Full Import of this connector.").clicked()
                });
                if run {
                    cx.send(Command::ShowRunDialog { connector: Some(self.name.clone()), profile: None });
                }
            }
        }
        if self.looked.is_pending() {
            ui.horizontal(|ui| {
                ui.spinner();
                ui.weak("Signing in and reading the schema...");
            });
            return close;
        }
        let Some(looked) = empty::value(ui, &self.looked) else { return close };
        if looked.is_empty() {
            empty::hint(ui, "Nothing is different", "The directory has the schema that is known.");
            return close;
        }
        ScrollArea::vertical().id_salt("differences").auto_shrink(false).show(ui, |ui| told(ui, looked));
        close
    }

    /// The buttons; true when the window shall close.
    fn buttons(&mut self, ui: &mut Ui, cx: &Cx<'_>) -> bool {
        let looked = self.looked.value();
        let used = looked.is_some_and(|looked| !looked.uses.is_empty());
        let stored = self.storing.value().is_some();
        let problem = match looked {
            None => Some("The directory has not answered yet"),
            Some(looked) if looked.is_empty() => Some("Nothing is different"),
            Some(_) if self.storing.is_pending() => Some("It is being stored"),
            Some(_) if used && !self.remove_used => Some("Rules use attributes that are gone: confirm that first"),
            Some(_) => None,
        };
        let mut accepted = false;
        let close = button_bar::bar(
            ui,
            |ui| {
                if used && !stored {
                    ui.checkbox(&mut self.remove_used, "Store it although rules use attributes that are gone");
                } else if !stored {
                    note(ui, "The command line's refresh-schema does the same.");
                }
            },
            |ui| {
                if stored {
                    return ui.button("Close").clicked();
                }
                let close = ui.button("Cancel").clicked();
                let ok = action_ui::primary(ui, problem.is_none(), "OK");
                accepted = ok.on_disabled_hover_text(problem.unwrap_or_default()).clicked();
                close
            },
        );
        if accepted {
            let (name, remove) = (self.name.clone(), self.remove_used);
            self.storing.clear();
            self.storing.ask(cx.worker, question(cx.backend, move |engine| engine.refresh_schema(&name, false, remove)));
        }
        close
    }
}

/// What is different.
fn told(ui: &mut Ui, looked: &SchemaRefreshView) {
    let palette = Palette::of(ui.style());
    if !looked.uses.is_empty() {
        let text = format!("{} of rules would read nothing any more.", plural(looked.uses.len() as u64, "part"));
        badge::strip(ui, Tone::Bad, &text, |_| ());
        ui.add_space(4.0);
    }
    let uses: Vec<String> =
        looked.uses.iter().map(|used| format!("{}: rule \"{}\", {}", used.attribute, used.rule, used.part)).collect();
    let changed: Vec<String> = looked
        .attributes_changed
        .iter()
        .map(|changed| format!("{}: {} before, now {}", changed.name, changed.before, changed.after))
        .collect();
    for (title, sign, colour, lines) in [
        ("Rules that use attributes which are gone", "!", palette.bad, &uses),
        ("Object types that are gone", "-", palette.bad, &looked.types_removed),
        ("Attributes that are gone", "-", palette.bad, &looked.attributes_removed),
        ("Read until now, and not any more", "-", palette.bad, &looked.unselected),
        ("New object types", "+", palette.good, &looked.types_added),
        ("New attributes", "+", palette.good, &looked.attributes_added),
        ("Attributes that changed", "~", palette.warn, &changed),
        ("Object types with other attributes", "~", palette.warn, &looked.types_changed),
    ] {
        if lines.is_empty() {
            continue;
        }
        facts::group(ui, &format!("{title} ({})", lines.len()));
        for line in lines.iter().take(MOST_NAMES) {
            ui.horizontal(|ui| {
                ui.add_space(6.0);
                ui.label(RichText::new(sign).monospace().color(colour));
                ui.add(Label::new(RichText::new(line).color(palette.text)).wrap());
            });
        }
        if lines.len() > MOST_NAMES {
            note(ui, &format!("and {} more", lines.len() - MOST_NAMES));
        }
        ui.add_space(8.0);
    }
}
