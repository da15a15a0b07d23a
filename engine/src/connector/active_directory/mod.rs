//! Active Directory over LDAP: schema, partitions, full and delta import, export.
//!
//! A connection is always encrypted unless the settings allow otherwise. Whatever a server answers is
//! hostile input: it is decoded here, entry by entry, and a faulty entry becomes an
//! [`ImportItem::Bad`](super::ImportItem::Bad), never a panic.
//!
//! **Invariant**: `ldap3` runs only inside tasks of `session`, where a panic becomes an error, and its
//! `SearchEntry::construct` is never used.

mod connect;
mod connector;
mod containers;
mod delta;
mod dir_sync;
mod entry;
mod export;
mod failure;
mod full;
mod import;
mod link;
mod modification;
mod partitions;
mod permissions;
mod reading;
mod refusal;
mod root_dse;
mod schema;
mod session;
mod settings;
mod tls;
mod value;
mod watermark;

#[cfg(test)]
mod change_tests;
#[cfg(test)]
mod export_tests;
#[cfg(test)]
mod fake_server;
#[cfg(test)]
mod misbehaviour_tests;

pub use connector::ActiveDirectoryConnector;
pub use permissions::{PermissionFinding, PermissionPurpose, PermissionState};
pub use root_dse::DirectoryFacts;
pub use settings::{ActiveDirectorySettings, ConnectionSecurity, DeltaMode};
