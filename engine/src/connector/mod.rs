//! Floor 3: talking to connected directories (`engine.md` 12.1).
//!
//! A connector is a stream of entries in and a batch of changes out. It knows neither the store nor
//! the rules, and it never retries what the run should decide.

pub mod active_directory;
mod containers;
pub mod entra;
pub mod file;
pub mod generic_ldap;
mod ldap;
pub mod memory;
mod types;

use crate::model::Schema;

pub use containers::ContainerFilter;
pub use types::{
    Anchor, CancelToken, Capabilities, ConnectorError, ConnectorErrorKind, Containers, DeletionGuard, DirectoryPartition,
    DiscoveryError, EntryAttributes, EntryValue, ExportAttributeChange, ExportChange, ExportOperation, ExportOutcome,
    ExportResult, ExportValue, ImportEntry, ImportItem, ImportMode, ImportRequest, ImportSummary, Incident, PresentObjects,
    ReferenceChanges, ReferenceTarget, Watermark,
};

/// Code of the refusal of an object that the directory can never hold. Such an object stays pending without an error of
/// its own; the run tells once how many there are, and why.
pub const TARGET_CANNOT_STORE: &str = "target-cannot-store";

/// One connected directory, ready to be asked. All calls block; the engine calls them from its own
/// threads.
pub trait Connector: Send {
    /// What the directory can do.
    fn capabilities(&self) -> Capabilities;

    /// Reads object types and attributes from the directory.
    ///
    /// # Errors
    /// [`ConnectorError`] when the directory cannot be reached or refuses.
    fn schema(&mut self) -> Result<Schema, ConnectorError>;

    /// Reads the partitions (naming contexts) that hold objects.
    ///
    /// # Errors
    /// [`ConnectorError`] when the directory cannot be reached or refuses.
    fn partitions(&mut self) -> Result<Vec<DirectoryPartition>, ConnectorError>;

    /// How many changes of an export the directory takes at a time when the run profile asks for `configured`.
    fn batch_size(&self, configured: usize) -> usize {
        configured
    }

    /// Lists the containers of a partition below one of its names.
    ///
    /// # Errors
    /// [`ConnectorError`] when the directory cannot be reached or refuses.
    fn containers(&mut self, _partition: &str, _below: &str) -> Result<Containers, ConnectorError> {
        Ok(Containers { names: Vec::new(), whole: true })
    }

    /// Reads all objects, or the changes since a watermark, and hands each to `sink` in the order of
    /// arrival. `sink` answering `false` means stop. Entries that cannot be read are handed over as
    /// [`ImportItem::Bad`] and do not end the import.
    ///
    /// # Errors
    /// [`ConnectorError`] when the import could not begin or was broken off; what was handed over so
    /// far stays valid.
    fn import(
        &mut self,
        request: &ImportRequest,
        sink: &mut dyn FnMut(ImportItem) -> bool,
    ) -> Result<ImportSummary, ConnectorError>;

    /// Reads single objects whole, as a full import would hand them over; asked after a delta import whose changes of
    /// them do not fit what is known. One that is gone is handed over as [`ImportItem::Deleted`]. A directory that
    /// cannot look objects up hands over nothing: then these objects wait for a full import.
    ///
    /// # Errors
    /// [`ConnectorError`] when the directory cannot be reached or refuses.
    fn objects(
        &mut self,
        _request: &ImportRequest,
        _anchors: &[Anchor],
        _sink: &mut dyn FnMut(ImportItem) -> bool,
    ) -> Result<(), ConnectorError> {
        Ok(())
    }

    /// Sends a batch of changes, in order, and says for each what became of it: the answer has one
    /// result per change, in the same order.
    ///
    /// # Errors
    /// [`ConnectorError`] when the batch could not be sent at all; no change of it is then known to
    /// have been made.
    fn export(&mut self, changes: &[ExportChange], cancel: &CancelToken) -> Result<Vec<ExportResult>, ConnectorError>;

    /// How many deletions the directory itself wants in one export at most; nothing when it does not say or may not be
    /// asked. Asked before an export that deletes.
    fn deletion_guard(&mut self) -> Option<DeletionGuard> {
        None
    }

    /// What failed since the last call of this and was mended by trying again; the run record tells it.
    fn take_incidents(&mut self) -> Vec<Incident> {
        Vec::new()
    }

    /// Called once after the last batch of an import or export, so that the directory can note it.
    ///
    /// # Errors
    /// [`ConnectorError`] when the directory cannot be reached.
    fn finish(&mut self, _was_export: bool) -> Result<(), ConnectorError> {
        Ok(())
    }
}
