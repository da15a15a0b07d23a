//! The Pending Export Report window: what the next export of a connector sends, one line per value, as a file.

use std::sync::Arc;

use egui::{Context, Id};
use syncline_engine::model::ConnectorId;
use syncline_engine::service::{ConnectorSummary, OperationFilter};

use super::super::backend::sentence;
use super::super::context::Cx;
use super::super::format::plural;
use super::super::objects::{centered, escaped, window};
use super::super::shell::export_grid::{KINDS, format};
use super::super::widgets::file_form::FileForm;
use crate::pending_report;
use crate::table_file::TableText;
use crate::text_file::{documents, plain_name, write_whole};

const TITLE: &str = "Pending Export Report";

/// The open window.
pub struct PendingReportWindow {
    connector: ConnectorId,
    name: String,
    operations: OperationFilter,
    form: FileForm,
}

impl PendingReportWindow {
    /// Opens for a connector.
    #[must_use]
    pub fn new(connector: &ConnectorSummary) -> Self {
        let file = format!("{}_pending-export.csv", plain_name(&connector.name));
        Self {
            connector: connector.id,
            name: connector.name.clone(),
            operations: OperationFilter::ALL,
            form: FileForm::save(&documents().join(file), &KINDS),
        }
    }

    /// Draws the window; false once it is closed.
    pub fn show(&mut self, ctx: &Context, cx: &Cx<'_>) -> bool {
        let (mut open, mut close) = (true, false);
        let id = Id::unique(TITLE);
        let shown = window(ctx, format!("{TITLE} - {}", self.name)).id(id).open(&mut open);
        centered(ctx, shown, [620.0, 240.0]).show(ctx, |ui| {
            let about = "Every value that waits for export: object, display name, user principal name, attribute, rule, old and new value.";
            ui.add(egui::Label::new(about).wrap());
            ui.add_space(4.0);
            ui.horizontal(|ui| {
                ui.label("Objects to");
                ui.checkbox(&mut self.operations.add, "Add");
                ui.checkbox(&mut self.operations.modify, "Modify");
                ui.checkbox(&mut self.operations.delete, "Delete");
            });
            let wanted = self.operations.add || self.operations.modify || self.operations.delete;
            let waiting = (!wanted).then_some("Check at least one of Add, Modify and Delete");
            let outcome = self.form.show(ui, cx.worker, "Save", TITLE, waiting);
            close = outcome.close;
            if let Some(accepted) = outcome.accepted {
                let (backend, connector, operations) = (Arc::clone(cx.backend), self.connector, self.operations);
                self.form.write(cx.worker, move || {
                    let objects = pending_report::read(&*backend, connector, operations).map_err(|error| sentence(&error))?;
                    let report = pending_report::report(&*backend, &objects).map_err(|error| sentence(&error))?;
                    let titles = pending_report::TITLES.map(str::to_owned);
                    let table = TableText::new(format(accepted.kind), "Pending exports", &titles);
                    write_whole(&accepted.path, accepted.replace, |file| table.write(file, &report.rows))?;
                    let mut said = format!("{} with {} written.", plural(report.objects, "object"), plural(report.rows.len() as u64, "line"));
                    if let Some(first) = report.cut.first() {
                        said.push_str(&format!(" Not all values of {} are listed: {first}.", plural(report.cut.len() as u64, "attribute")));
                    }
                    Ok(said)
                });
            }
        });
        open && !close && !escaped(ctx, id)
    }
}
