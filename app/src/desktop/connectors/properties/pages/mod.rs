//! The pages of the window.

mod capabilities;
mod connection;
mod general;
mod lists;
mod partitions;
mod tenant_limit;

use egui::{Label, RichText, Ui};
use syncline_engine::service::ConnectorProperties;
use syncline_engine::setup::{ConnectorFault, ConnectorPlace};

pub use capabilities::CapabilitiesPage;
pub use connection::{TestButton, show as connection};
pub use general::{anchors, deprovisioning, protection, show as general};
pub use lists::{CheckList, Checked};
pub use partitions::PartitionPage;
pub use tenant_limit::TenantLimit;

use super::super::super::widgets::fields;
use super::draft::PropertiesDraft;

/// What a page works on.
pub struct Fields<'a> {
    /// What is stored.
    pub stored: &'a ConnectorProperties,
    /// What it shall be.
    pub draft: &'a mut PropertiesDraft,
    /// What is wrong.
    pub faults: &'a [ConnectorFault],
}

impl Fields<'_> {
    /// What is wrong with a field, below it.
    fn told(&self, ui: &mut Ui, here: impl Fn(&ConnectorPlace) -> bool) {
        for fault in self.faults.iter().filter(|fault| here(&fault.place)) {
            fields::fault(ui, &fault.message);
        }
    }
}

/// Small weak text below a field.
fn hint(ui: &mut Ui, text: &str) {
    ui.add(Label::new(RichText::new(text).small().weak()).wrap());
}
