//! The connector: opens, asks, and connects again when the connection was lost in between.

use secrecy::SecretString;

use super::plan::Plan;
use super::reading::{Link, subschema};
use super::root_dse::LdapFacts;
use super::settings::GenericLdapSettings;
use super::{changes, full, partitions};
use crate::connector::ldap::observe::Observer;
use crate::connector::ldap::{containers, export};
use crate::connector::{
    CancelToken, Capabilities, Connector, ConnectorError, Containers, DirectoryPartition, ExportChange, ExportResult, ImportItem,
    ImportMode, ImportRequest, ImportSummary,
};
use crate::model::Schema;

/// A signed-in connection to an LDAP server.
#[derive(Debug)]
pub struct GenericLdapConnector {
    link: Link,
}

impl GenericLdapConnector {
    /// Connects to the first server of the settings that can be reached, signs in, and reads what the server says of
    /// itself.
    ///
    /// # Errors
    /// [`ConnectorError`] says which server was tried, what failed (name, connection, certificate, sign-in) and what to
    /// do.
    pub fn open(settings: GenericLdapSettings, password: SecretString) -> Result<Self, ConnectorError> {
        Ok(Self { link: Link::open(settings, password)? })
    }

    /// What the connected server says of itself.
    #[must_use]
    pub fn facts(&self) -> &LdapFacts {
        self.link.facts()
    }

    /// Has somebody told of every search from now on.
    pub fn observe(&mut self, observer: Observer) {
        self.link.observe(observer);
    }

    fn plan<'a>(&mut self, request: &'a ImportRequest) -> Result<Plan<'a>, ConnectorError> {
        let classes = self.link.work(subschema)?;
        Plan::new(request, self.link.settings(), classes)
    }
}

impl Connector for GenericLdapConnector {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            delta_import: true,
            export: true,
            rename: true,
            value_level_updates: true,
            deletion_threshold: false,
            immediate_confirmation: false,
            // Where a server drops them, it changes the objects that had them, and tells so.
            drops_references: false,
        }
    }

    fn schema(&mut self) -> Result<Schema, ConnectorError> {
        Ok(self.link.work(subschema)?.schema())
    }

    fn partitions(&mut self) -> Result<Vec<DirectoryPartition>, ConnectorError> {
        self.link.work(partitions::partitions)
    }

    fn containers(&mut self, _partition: &str, below: &str) -> Result<Containers, ConnectorError> {
        self.link.work(|living| containers::below(living, below))
    }

    fn import(
        &mut self,
        request: &ImportRequest,
        sink: &mut dyn FnMut(ImportItem) -> bool,
    ) -> Result<ImportSummary, ConnectorError> {
        let plan = self.plan(request)?;
        match &request.mode {
            ImportMode::Full => full::import(&mut self.link, &plan, request, sink),
            ImportMode::Delta(watermark) => changes::import(&mut self.link, &plan, request, watermark, sink),
        }
    }

    fn export(&mut self, changes: &[ExportChange], cancel: &CancelToken) -> Result<Vec<ExportResult>, ConnectorError> {
        export::export(&mut self.link, &changes.iter().collect::<Vec<_>>(), cancel)
    }
}
