//! Active Directory over LDAP: schema, partitions and full import.
//!
//! A connection is always encrypted unless the settings allow otherwise. Whatever a server answers is
//! hostile input: it is decoded here, entry by entry, and a faulty entry becomes an
//! [`ImportItem::Bad`](super::ImportItem::Bad), never a panic.
//!
//! **Invariant**: `ldap3` runs only inside tasks of `session`, where a panic becomes an error, and its
//! `SearchEntry::construct` is never used.

mod connect;
mod connector;
mod entry;
mod failure;
mod import;
mod partitions;
mod root_dse;
mod schema;
mod session;
mod settings;
mod tls;
mod value;

#[cfg(test)]
mod fake_server;
#[cfg(test)]
mod misbehaviour_tests;

pub use connector::ActiveDirectoryConnector;
pub use root_dse::DirectoryFacts;
pub use settings::{ActiveDirectorySettings, ConnectionSecurity};
