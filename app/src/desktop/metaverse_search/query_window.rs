//! The windows of `Save Query...` and `Load Query...`.

use std::io::Read as _;
use std::path::Path;

use egui::{Align, Context, Id, Layout, Ui};
use syncline_engine::service::MvTypeView;

use super::super::context::Cx;
use super::super::format::plural;
use super::super::frame::not_in_a_frame;
use super::super::objects::{centered, escaped, window};
use super::super::settings::Query;
use super::super::widgets::action_ui;
use super::super::widgets::badge::{self, Tone};
use super::super::widgets::file_form::FileForm;
use super::super::widgets::path_field::PathField;
use super::super::widgets::requested::Requested;
use super::query_file;
use crate::text_file::{documents, write_text};

/// The open window.
pub enum QueryWindow {
    /// Writes the conditions.
    Save(FileForm),
    /// Reads conditions.
    Load(Load),
}

/// State of the window that reads.
pub struct Load {
    field: PathField,
    answer: Requested<Query>,
}

impl QueryWindow {
    /// Asks for the file to write.
    #[must_use]
    pub fn save() -> Self {
        let proposal = documents().join(format!("metaverse.{}", query_file::EXTENSION));
        Self::Save(FileForm::save(&proposal, &[]))
    }

    /// Asks for the file to read.
    #[must_use]
    pub fn load() -> Self {
        Self::Load(Load { field: PathField::file(), answer: Requested::default() })
    }

    /// Draws the window; false once it is closed. A query that was read takes the place of the present one.
    pub fn show(&mut self, ctx: &Context, cx: &Cx<'_>, schema: &[MvTypeView], query: &mut Query) -> bool {
        let title = match self {
            Self::Save(_) => "Save Query",
            Self::Load(_) => "Load Query",
        };
        let (mut open, mut close) = (true, false);
        let id = Id::unique("query window");
        let shown = centered(ctx, window(ctx, title).id(id).open(&mut open), [600.0, 180.0]);
        shown.show(ctx, |ui| {
            close = match self {
                Self::Save(form) => save(ui, cx, form, query),
                Self::Load(load) => load.show(ui, cx, schema, query),
            };
        });
        open && !close && !escaped(ctx, id)
    }
}

fn save(ui: &mut Ui, cx: &Cx<'_>, form: &mut FileForm, query: &Query) -> bool {
    let kind = query.object_type.as_deref().unwrap_or("all types");
    ui.add(egui::Label::new(format!("Search of {kind} with {}.", plural(query.clauses.len() as u64, "condition"))).wrap());
    ui.add_space(4.0);
    let outcome = form.show(ui, cx.worker, "Save", "Save the query", None);
    if let Some(accepted) = outcome.accepted {
        let query = query.clone();
        form.write(cx.worker, move || {
            let path = write_text(&accepted.path, &query_file::write(&query)?, accepted.replace)?;
            Ok(format!("Written to {path}."))
        });
    }
    outcome.close
}

impl Load {
    fn show(&mut self, ui: &mut Ui, cx: &Cx<'_>, schema: &[MvTypeView], query: &mut Query) -> bool {
        if self.answer.poll()
            && let Some(read) = self.answer.take()
        {
            *query = read;
            return true;
        }
        ui.label("The conditions of the file take the place of the present ones; search afterwards.");
        ui.add_space(4.0);
        let mut accepted = self.field.show(ui, cx.worker, "File", "Load a query");
        for error in [self.field.error(), self.answer.error()].into_iter().flatten() {
            badge::strip(ui, Tone::Bad, error, |_| ());
        }
        ui.add_space(6.0);
        let mut close = false;
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            close = ui.button("Cancel").clicked();
            let possible = self.field.path().is_some() && !self.answer.is_pending();
            accepted |= action_ui::primary(ui, possible, "Load").on_disabled_hover_text("Name a file first").clicked();
        });
        if let Some(path) = self.field.path().filter(|_| accepted && !self.answer.is_pending()) {
            let schema = schema.to_vec();
            self.answer.clear();
            self.answer.ask(cx.worker, move || query_file::read(&read_text(&path)?, &schema));
        }
        close
    }
}

fn read_text(path: &Path) -> Result<String, String> {
    not_in_a_frame("reads a file");
    let failed = |error: std::io::Error| format!("Cannot read {}: {error}", path.display());
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(failed)?;
    let read = file.take(query_file::MOST_BYTES + 1).read_to_string(&mut text).map_err(failed)?;
    if read as u64 > query_file::MOST_BYTES {
        return Err(format!("{} is larger than a query can be", path.display()));
    }
    Ok(text)
}
