//! The window of `Export Grid As...`: any list, as it is filtered and sorted, into a file.

use egui::{Context, Id};

use super::super::format::plural;
use super::super::objects::{centered, escaped, window};
use super::super::widgets::badge;
use super::super::widgets::file_form::{Accepted, FileForm, FileKind};
use super::super::widgets::grid::export::{self, ExportState};
use super::super::worker::Worker;
use crate::table_file::{TableFormat, TableText};
use crate::text_file::{documents, plain_name, write_whole};

const TITLE: &str = "Export Grid As";
/// The formats of `TableFormat::ALL`, in its order.
pub const KINDS: [FileKind; 3] = [("CSV", "csv"), ("JSON", "json"), ("XML", "xml")];

/// The format of a number in [`KINDS`].
#[must_use]
pub fn format(kind: usize) -> TableFormat {
    TableFormat::ALL.get(kind).map(|(format, _)| *format).unwrap_or_default()
}

/// State of the window; it shows itself when some list is asked for.
#[derive(Default)]
pub struct ExportGrid {
    open: Option<(u64, FileForm)>,
    accepted: Option<Accepted>,
}

impl ExportGrid {
    /// Draws the window, if a list is asked for.
    pub fn show(&mut self, ctx: &Context, worker: &Worker) {
        let Some(state) = export::present(ctx) else {
            self.open = None;
            return;
        };
        let fresh = || {
            let name = format!("{}.csv", plain_name(&state.name.to_lowercase()));
            (state.number, FileForm::save(&documents().join(name), &KINDS))
        };
        if self.open.as_ref().is_none_or(|(number, _)| *number != state.number) {
            self.open = Some(fresh());
            self.accepted = None;
        }
        let Some((_, form)) = &mut self.open else { return };
        if let Some(text) = export::take(ctx)
            && let Some(accepted) = self.accepted.take()
        {
            form.write(worker, move || {
                let table = TableText::new(format(accepted.kind), &text.name, &text.titles);
                write_whole(&accepted.path, accepted.replace, |file| table.write(file, &text.rows))?;
                Ok(format!("{} written.", plural(text.rows.len() as u64, "row")))
            });
        }
        let (mut open, mut close) = (true, false);
        let id = Id::unique(TITLE);
        let collecting = self.accepted.is_some();
        let shown = centered(ctx, window(ctx, TITLE).id(id).open(&mut open), [600.0, 210.0]);
        shown.show(ctx, |ui| {
            ui.add(egui::Label::new(about(&state)).wrap());
            ui.add_space(4.0);
            let waiting = if collecting {
                let share = state.collected as f32 / state.rows.max(1) as f32;
                let text = if state.visible { "Reading rows..." } else { "Waiting: the list is not on the screen." };
                badge::progress_bar(ui, ui.available_width(), Some(share), text);
                Some("The rows are being read")
            } else if !state.visible {
                Some("Show the list again first")
            } else {
                None
            };
            let outcome = form.show(ui, worker, "Export", TITLE, waiting);
            close = outcome.close;
            if let Some(accepted) = outcome.accepted {
                self.accepted = Some(accepted);
                export::collect(ctx);
            }
        });
        if !open || close || escaped(ctx, id) {
            export::forget(ctx);
            self.open = None;
            self.accepted = None;
        }
    }
}

fn about(state: &ExportState) -> String {
    format!("{} of \"{}\", filtered and sorted as shown, with the columns shown.", plural(state.rows, "row"), state.name)
}
