//! What can be done with a tenant: its backend, what that offers, and what becomes of every attribute.

use egui::{Label, Margin, Ui};
use syncline_engine::service::{AttributeCapability, Proof, StatusClass, TenantView};

use super::super::super::super::context::{Cx, question};
use super::super::super::super::format::count;
use super::super::super::super::theme;
use super::super::super::super::widgets::fields::note;
use super::super::super::super::widgets::grid::{Cell, Column, Grid, GridModel, GridState, RowKey, RowSet, filter_box};
use super::super::super::super::widgets::requested::Requested;
use super::super::super::super::widgets::{badge, empty, facts};

/// State of the page.
#[derive(Default)]
pub struct CapabilitiesPage {
    tenant: Requested<TenantView>,
    asked: bool,
    rows: RowSet<AttributeCapability>,
    grid: GridState,
}

impl CapabilitiesPage {
    /// Takes in the answer.
    pub fn poll(&mut self) {
        if self.tenant.poll()
            && let Some(tenant) = self.tenant.value()
        {
            self.rows = RowSet::new(tenant.attributes.clone());
        }
    }

    /// Asks again at the next look.
    pub fn forget(&mut self) {
        self.asked = false;
    }

    /// Draws the page.
    pub fn show(&mut self, ui: &mut Ui, cx: &Cx<'_>, connector: &str) {
        if !self.asked {
            self.asked = true;
            let name = connector.to_owned();
            self.tenant.ask(cx.worker, question(cx.backend, move |engine| engine.tenant(Some(&name))));
        }
        let Some(tenant) = empty::value(ui, &self.tenant) else { return };
        reached(ui, tenant);
        ui.add_space(6.0);
        facts::section(ui, "What it can do");
        for feature in &tenant.features {
            ui.horizontal_top(|ui| {
                badge::severity_icon(ui, if feature.available { StatusClass::Success } else { StatusClass::Stopped });
                let text = match (feature.available, feature.note) {
                    (true, "") => feature.name.to_owned(),
                    (true, note) => format!("{} ({note})", feature.name),
                    (false, note) => format!("Not: {} ({note})", feature.name),
                };
                ui.add(Label::new(text).wrap());
            });
        }
        ui.add_space(6.0);
        if tenant.attributes.is_empty() {
            note(ui, "All attributes are read and written.");
            return;
        }
        ui.horizontal(|ui| {
            facts::section(ui, "Attributes");
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                filter_box(ui, &mut self.grid, &self.rows, false)
            });
        });
        theme::card(ui.style()).inner_margin(Margin::same(1)).show(ui, |ui| {
            Grid::new().situation(cx.situation).rows(14).show(ui, &AttributeGrid, &mut self.rows, &mut self.grid);
        });
    }
}

fn reached(ui: &mut Ui, tenant: &TenantView) {
    let writes = tenant
        .writes
        .map_or_else(|| "No limit".to_owned(), |writes| format!("{} in {} s", count(writes.writes.into()), writes.seconds));
    let proof = match tenant.proof {
        Proof::Secret => "Client secret",
        Proof::Certificate => "Certificate",
    };
    let accepted = if tenant.accept_synchronized { "Yes" } else { "No, refused" };
    let facts = [
        ("Tenant", tenant.tenant_name.as_str()),
        ("Backend", tenant.backend_label),
        ("Tenant ID", &tenant.tenant_id),
        ("Cloud", tenant.cloud.unwrap_or("None of Microsoft's")),
        ("Application", &tenant.client_id),
        ("Signs in with", proof),
        ("Address", &tenant.base_url),
        ("Writes at most", &writes),
        ("Proxy", tenant.proxy.as_deref().unwrap_or("As the environment says")),
        ("Beside Microsoft's tool", accepted),
    ];
    egui::Grid::new("tenant facts").num_columns(4).spacing([14.0, 5.0]).show(ui, |ui| {
        for pair in facts.chunks(2) {
            for (caption, text) in pair {
                ui.weak(*caption);
                ui.label(*text);
            }
            ui.end_row();
        }
    });
}

struct AttributeGrid;

const COLUMNS: [Column; 6] = [
    Column::short("Object Type", 90.0),
    Column::text("Attribute", 170.0),
    Column::text("Property", 150.0),
    Column::short("Read", 56.0),
    Column::short("Written", 66.0),
    Column::text("Reason", 240.0),
];

impl GridModel for AttributeGrid {
    type Row = AttributeCapability;

    fn name(&self) -> &'static str {
        "Tenant attributes"
    }

    fn columns(&self) -> &[Column] {
        &COLUMNS
    }

    fn key(&self, row: &AttributeCapability) -> RowKey {
        RowKey::from(egui::Id::unique((&row.object_type, &row.attribute)).value())
    }

    fn row_name(&self, row: &AttributeCapability) -> String {
        format!("{} {}: read {}, written {}", row.object_type, row.attribute, yes_no(row.read), yes_no(row.written))
    }

    fn text(&self, row: &AttributeCapability, column: usize) -> String {
        match column {
            0 => row.object_type.clone(),
            1 => row.attribute.clone(),
            2 => row.property.clone(),
            3 => yes_no(row.read).to_owned(),
            4 => yes_no(row.written).to_owned(),
            _ => row.reason.clone().unwrap_or_default(),
        }
    }

    fn cell(&self, row: &AttributeCapability, column: usize) -> Cell {
        match column {
            1 => Cell::Strong,
            3 if !row.read => Cell::Weak,
            4 if !row.written => Cell::Weak,
            _ => Cell::Text,
        }
    }

    fn empty_text(&self) -> &'static str {
        "All attributes are read and written."
    }
}

fn yes_no(flag: bool) -> &'static str {
    if flag { "Yes" } else { "No" }
}
