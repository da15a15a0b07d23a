//! Floor 5: runs of run profiles - steps, history, progress, stop - and cycles of runs
//! (`engine.md` 6, `operations.md` 1).

mod core;
mod cycle;
mod event;
mod execute;
mod profiles;
mod removal;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod whole_tests;

use crate::connector::{Connector, ConnectorError};
use crate::store::configuration::ConnectorRecord;

pub use core::{RunCore, RunError, RunTicket};
pub use cycle::{CycleEntry, CycleOutcome, CyclePlan};
pub use event::RunEvent;
pub use profiles::{
    DELTA_IMPORT, DELTA_SYNCHRONIZATION, EXPORT, FULL_IMPORT, FULL_SYNCHRONIZATION, default_profiles, default_step,
};
pub use removal::Removal;

/// Opens the directory behind a connector.
pub trait DirectoryFactory: Send + Sync {
    /// Connects to the directory.
    ///
    /// # Errors
    /// [`ConnectorError`] when it cannot be used.
    fn open(&self, connector: &ConnectorRecord) -> Result<Box<dyn Connector>, ConnectorError>;

    /// Whether the directory takes changes.
    ///
    /// # Errors
    /// [`ConnectorError`] when it cannot be used.
    fn can_export(&self, connector: &ConnectorRecord) -> Result<bool, ConnectorError> {
        Ok(self.open(connector)?.capabilities().export)
    }
}
