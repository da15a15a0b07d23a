//! What the whole installation is doing.

use rusqlite::Connection;

use super::{QueryContext, connectors, metaverse, runs};
use crate::protection;
use crate::service::{EngineError, EngineStatus};

/// The status of the installation. Place and size of the data folder are known to the caller.
///
/// # Errors
/// [`EngineError`] when the database cannot be read.
pub fn engine_status(
    connection: &Connection,
    context: &QueryContext,
    data_folder: String,
    database_bytes: u64,
) -> Result<EngineStatus, EngineError> {
    Ok(EngineStatus {
        data_folder,
        database_bytes,
        staging_mode: protection::staging_mode(connection)?,
        running: runs::unfinished(connection)?,
        connectors: connectors::summaries(connection, context)?,
        metaverse_objects: metaverse::objects_by_type(connection, context)?,
        rules_enabled: context.rules.iter().filter(|rule| rule.enabled).count() as u64,
        deletion_threshold: super::protection::threshold(connection, context)?,
        version: env!("CARGO_PKG_VERSION").to_owned(),
    })
}
