//! The Entra connector: a tenant's objects, over the synchronization channel of a sandbox tenant or over
//! public Microsoft Graph.
//!
//! Both ways are one trait, [`TenantBackend`]; this module chooses between them and answers what does not
//! depend on the way.

mod backend;
mod client;
mod cloud;
mod graph;
mod name;
mod roles;
mod settings;
mod sign_in;
mod sync_channel;
#[cfg(test)]
mod tests;
mod transport;

use std::sync::Arc;

use secrecy::SecretString;

pub use self::backend::{TenantBackend, TenantFacts};
pub use self::client::{CallError, TenantClient};
pub use self::cloud::Cloud;
use self::graph::GraphBackend;
pub use self::graph::{AttributeCapability, capabilities as attribute_capabilities, reason_not_made, reason_not_written};
pub use self::name::{anchor_of_dn, dn_of_anchor};
pub use self::settings::{BackendKind, EntraSettings, Proof, WriteBudget, server_name};
pub use self::sync_channel::CLOUD_MANAGED;
use self::sync_channel::SyncChannel;
use super::{
    Anchor, CancelToken, Capabilities, Connector, ConnectorError, ConnectorErrorKind, DeletionGuard, DirectoryPartition,
    ExportChange, ExportResult, ImportItem, ImportRequest, ImportSummary, Incident,
};
use crate::model::{Clock, Schema, SystemClock};

const TENANT_SCHEMA: &str = include_str!("../../../../assets/tenant-schema.toml");

/// The only partition of a tenant.
pub const PARTITION: &str = "default";

/// A connected tenant.
#[derive(Debug)]
pub struct EntraConnector {
    backend: Box<dyn TenantBackend>,
}

impl EntraConnector {
    /// Prepares the connection; the tenant is not asked yet.
    ///
    /// # Errors
    /// [`ConnectorError`] when the settings cannot be used.
    pub fn open(settings: EntraSettings, secret: SecretString) -> Result<Self, ConnectorError> {
        Self::open_with(settings, secret, Arc::new(SystemClock))
    }

    /// As [`Self::open`], with a clock of the caller's choice, by which it waits too.
    ///
    /// # Errors
    /// [`ConnectorError`] when the settings cannot be used.
    pub fn open_with(settings: EntraSettings, secret: SecretString, clock: Arc<dyn Clock>) -> Result<Self, ConnectorError> {
        let schema = Schema::from_toml(TENANT_SCHEMA).map_err(|error| {
            ConnectorError::new(ConnectorErrorKind::Configuration, "the built-in schema of the tenant cannot be read")
                .cause(error)
        })?;
        let backend: Box<dyn TenantBackend> = match settings.backend {
            BackendKind::SyncChannel => Box::new(SyncChannel::open(settings, secret, clock, schema)?),
            BackendKind::Graph => Box::new(GraphBackend::open(settings, secret, clock, schema)?),
        };
        Ok(Self { backend })
    }

    /// The way to the tenant, for calls that are neither import nor export.
    pub fn backend(&mut self) -> &mut dyn TenantBackend {
        self.backend.as_mut()
    }

    /// The connection underneath.
    pub fn client(&mut self) -> &mut TenantClient {
        self.backend.client()
    }
}

impl Connector for EntraConnector {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            delta_import: true,
            export: true,
            rename: false,
            value_level_updates: true,
            deletion_threshold: true,
            immediate_confirmation: false,
            // The channel tells which references went with a deleted object; Microsoft Graph need not.
            drops_references: self.backend.kind() == BackendKind::Graph,
        }
    }

    fn schema(&mut self) -> Result<Schema, ConnectorError> {
        Ok(self.backend.schema().clone())
    }

    fn partitions(&mut self) -> Result<Vec<DirectoryPartition>, ConnectorError> {
        Ok(vec![DirectoryPartition {
            name: PARTITION.to_owned(),
            dns_name: None,
            netbios_name: None,
            forest_dns_name: None,
            forest_netbios_name: None,
            directory_id: None,
            domain: true,
        }])
    }

    fn batch_size(&self, configured: usize) -> usize {
        self.backend.batch_size(configured)
    }

    fn import(
        &mut self,
        request: &ImportRequest,
        sink: &mut dyn FnMut(ImportItem) -> bool,
    ) -> Result<ImportSummary, ConnectorError> {
        if !request.partition.eq_ignore_ascii_case(PARTITION) {
            let message = format!("a tenant has no partition \"{}\"; its only one is \"{PARTITION}\"", request.partition);
            let server = self.client().server();
            return Err(ConnectorError::new(ConnectorErrorKind::PartitionMissing, message).server(server));
        }
        self.backend.import(request, sink)
    }

    fn objects(
        &mut self,
        request: &ImportRequest,
        anchors: &[Anchor],
        sink: &mut dyn FnMut(ImportItem) -> bool,
    ) -> Result<(), ConnectorError> {
        self.backend.objects(request, anchors, sink)
    }

    fn export(&mut self, changes: &[ExportChange], cancel: &CancelToken) -> Result<Vec<ExportResult>, ConnectorError> {
        self.backend.export(changes, cancel)
    }

    fn deletion_guard(&mut self) -> Option<DeletionGuard> {
        match self.backend.deletion_guard() {
            Ok(guard) => guard,
            // Who may not ask has the limit that is set here.
            Err(error) => {
                tracing::debug!(%error, "the tenant does not tell how many deletions it wants");
                None
            }
        }
    }

    fn take_incidents(&mut self) -> Vec<Incident> {
        self.client().take_incidents()
    }

    fn finish(&mut self, was_export: bool) -> Result<(), ConnectorError> {
        self.backend.finish(was_export)
    }
}
