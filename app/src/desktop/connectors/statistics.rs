//! Connector Statistics: how many objects are in which state; every number leads to those objects.

use egui::Ui;
use syncline_engine::service::{ConnectorStatistics, CsScope, LinkState, OperationFilter};

use super::super::operations::statistics::number_row;
use super::super::widgets::facts;

const ADD: OperationFilter = OperationFilter { add: true, modify: false, delete: false };
const MODIFY: OperationFilter = OperationFilter { add: false, modify: true, delete: false };
const DELETE: OperationFilter = OperationFilter { add: false, modify: false, delete: true };

struct Line {
    label: &'static str,
    value: u64,
    scope: Option<CsScope>,
    inner: bool,
}

fn lines(numbers: &ConnectorStatistics) -> Vec<(&'static str, Vec<Line>)> {
    let line = |label, value, scope| Line { label, value, scope, inner: false };
    let of = |connector, state| CsScope::InState { connector, state };
    let inner = |label, value, scope| Line { label, value, scope, inner: true };
    vec![
        (
            "Objects",
            vec![
                line("Total", numbers.all, Some(CsScope::All)),
                line("Total Connectors", numbers.total_connector, Some(CsScope::Connector)),
                inner("Connectors", numbers.connector, Some(of(true, LinkState::Normal))),
                inner("Explicit Connectors", numbers.explicit_connector, Some(of(true, LinkState::Explicit))),
                line("Total Disconnectors", numbers.total_disconnector, Some(CsScope::Disconnector)),
                inner("Disconnectors", numbers.disconnector, Some(of(false, LinkState::Normal))),
                inner("Explicit Disconnectors", numbers.explicit_disconnector, Some(of(false, LinkState::Explicit))),
                inner("Filtered Disconnectors", numbers.filtered_disconnector, Some(of(false, LinkState::Filtered))),
                line("Placeholders", numbers.placeholder, Some(CsScope::Placeholder)),
            ],
        ),
        (
            "Pending Import",
            vec![
                line("Adds", numbers.import_add, Some(CsScope::PendingImport(ADD))),
                line("Updates", numbers.import_update, Some(CsScope::PendingImport(MODIFY))),
                line("Deletes", numbers.import_delete, Some(CsScope::PendingImport(DELETE))),
                line("Unchanged", numbers.import_none, None),
            ],
        ),
        (
            "Pending Export",
            vec![
                line("Adds", numbers.export_add, Some(CsScope::PendingExport(ADD))),
                line("Updates", numbers.export_update, Some(CsScope::PendingExport(MODIFY))),
                line("Deletes", numbers.export_delete, Some(CsScope::PendingExport(DELETE))),
            ],
        ),
    ]
}

/// Draws the numbers; gives the scope of the one that was clicked.
pub fn show(ui: &mut Ui, numbers: &ConnectorStatistics) -> Option<CsScope> {
    let mut clicked = None;
    for (group, lines) in lines(numbers) {
        ui.add_space(2.0);
        facts::group(ui, group);
        for line in lines {
            let name = format!("{group} {}: {}", line.label, line.value);
            let link = line.value > 0 && line.scope.is_some();
            let indent = if line.inner { 12.0 } else { 0.0 };
            if number_row(ui, line.label, line.value, link, &name, indent).clicked() {
                clicked = line.scope;
            }
        }
        ui.add_space(6.0);
    }
    clicked
}
