//! What a tenant is read and written through, as one trait.

use serde::Serialize;

use super::client::TenantClient;
use super::graph::AttributeCapability;
use super::settings::BackendKind;
use crate::connector::{
    Anchor, CancelToken, ConnectorError, DeletionGuard, ExportChange, ExportResult, ImportItem, ImportRequest, ImportSummary,
};
use crate::model::Schema;

/// One way to read and write a tenant.
pub trait TenantBackend: Send + std::fmt::Debug {
    /// Which way it is.
    fn kind(&self) -> BackendKind;

    /// Object types and attributes; those that cannot be written this way are marked.
    fn schema(&self) -> &Schema;

    /// What can be done with every attribute; nothing when all of them are read and written.
    fn attribute_capabilities(&self) -> Vec<AttributeCapability> {
        Vec::new()
    }

    /// The connection underneath.
    fn client(&mut self) -> &mut TenantClient;

    /// How many changes are asked for at a time when the run profile asks for `configured`.
    fn batch_size(&self, configured: usize) -> usize {
        configured
    }

    /// Signs in and asks for something that every application may ask that synchronizes; prepares what the tenant
    /// needs to have.
    ///
    /// # Errors
    /// [`ConnectorError`] says what failed and what to do.
    fn check(&mut self) -> Result<(), ConnectorError>;

    /// Tries what an import reads; each with what was found or why it cannot be read.
    fn probe(&mut self) -> Vec<(String, Result<String, ConnectorError>)>;

    /// What an export writes, each with whether the application has the role for it.
    fn rights(&mut self) -> Vec<(String, Result<String, ConnectorError>)>;

    /// What the tenant tells of itself.
    ///
    /// # Errors
    /// [`ConnectorError`] when it cannot be asked.
    fn facts(&mut self) -> Result<TenantFacts, ConnectorError>;

    /// How many deletions the tenant itself wants in one export at most.
    ///
    /// # Errors
    /// [`ConnectorError`] when it cannot be asked.
    fn deletion_guard(&mut self) -> Result<Option<DeletionGuard>, ConnectorError>;

    /// Reads all objects, or the changes since a watermark.
    ///
    /// # Errors
    /// [`ConnectorError`] when the import could not begin or was broken off.
    fn import(
        &mut self,
        request: &ImportRequest,
        sink: &mut dyn FnMut(ImportItem) -> bool,
    ) -> Result<ImportSummary, ConnectorError>;

    /// Reads single objects whole; one that is gone is told as deleted.
    ///
    /// # Errors
    /// [`ConnectorError`] when the tenant cannot be asked.
    fn objects(
        &mut self,
        _request: &ImportRequest,
        _anchors: &[Anchor],
        _sink: &mut dyn FnMut(ImportItem) -> bool,
    ) -> Result<(), ConnectorError> {
        Ok(())
    }

    /// Sends changes and says what became of each, in their order.
    ///
    /// # Errors
    /// [`ConnectorError`] when nothing could be sent.
    fn export(&mut self, changes: &[ExportChange], cancel: &CancelToken) -> Result<Vec<ExportResult>, ConnectorError>;

    /// Tells the tenant that an import or export is complete.
    ///
    /// # Errors
    /// [`ConnectorError`] when it cannot be told.
    fn finish(&mut self, was_export: bool) -> Result<(), ConnectorError>;
}

/// What a tenant tells of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TenantFacts {
    /// Identifier of the tenant.
    pub tenant_id: String,
    /// Its name.
    pub display_name: String,
    /// Whether a directory is synchronized to it, by Microsoft's own tool or by the sync channel.
    pub synchronized: Option<bool>,
    /// When it was synchronized last.
    pub last_synchronized: Option<String>,
    /// Verified domains, the initial one first.
    pub domains: Vec<String>,
    /// How many deletions the tenant itself wants in one export at most; nothing when it has no limit or does not tell.
    pub deletion_guard: Option<DeletionGuard>,
    /// Things that could not be asked, with the reason.
    pub unknown: Vec<String>,
}

/// A limit as the tenant words it: its kind, and the number of that kind.
pub fn guard_of(kind: Option<&str>, threshold: Option<u64>) -> Option<DeletionGuard> {
    match kind? {
        "enabledForCount" => threshold.map(DeletionGuard::Count),
        "enabledForPercentage" => threshold.map(|share| DeletionGuard::Percent(u8::try_from(share).unwrap_or(100).min(100))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_of_the_tenant_are_read() {
        let check = |kind: Option<&str>, threshold: Option<u64>, expected: Option<DeletionGuard>| {
            assert_eq!(guard_of(kind, threshold), expected, "{kind:?} {threshold:?}");
        };
        check(Some("enabledForCount"), Some(500), Some(DeletionGuard::Count(500)));
        check(Some("enabledForPercentage"), Some(10), Some(DeletionGuard::Percent(10)));
        check(Some("enabledForPercentage"), Some(1000), Some(DeletionGuard::Percent(100)));
        check(Some("disabled"), Some(500), None);
        check(Some("enabledForCount"), None, None);
        check(None, Some(500), None);
    }
}
