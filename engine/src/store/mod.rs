//! Floor 2: the database (`design.md` 4, `engine.md` 12.2).
//!
//! One SQLite file: one writer, several read-only connections. Objects are loaded by set queries and
//! written inside the caller's transaction.

pub mod attributes;
mod checkpoint;
pub mod configuration;
pub mod connector_space;
mod database;
mod error;
mod lineage;
pub mod membership;
pub mod metaverse;
mod migrations;
pub mod options;
pub mod pending;
pub mod references;
pub mod rule_history;
pub mod run_changes;
pub mod runs;
pub mod schema;
pub mod search;
pub mod secrets;
pub mod server_documents;
mod sql;
pub mod staging;
pub mod whatif;

#[cfg(test)]
pub(crate) use database::WATCH;
pub use database::{Database, DatabaseInfo, Reader, Writer};
pub use error::StoreError;
#[cfg(test)]
pub(crate) use migrations::earlier;
