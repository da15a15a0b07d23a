//! Active Directory over LDAP: schema, partitions, full and delta import, export.
//!
//! What is the same for every LDAP directory is in `connector::ldap`.

mod connector;
mod delta;
mod dir_sync;
mod find;
mod full;
mod gathered;
mod import;
mod link;
mod partitions;
mod permissions;
mod reading;
mod root_dse;
mod schema;
mod settings;
mod watermark;

#[cfg(test)]
mod bad_input_tests;
#[cfg(test)]
mod change_tests;
#[cfg(test)]
mod export_tests;
#[cfg(test)]
mod misbehaviour_tests;
#[cfg(test)]
mod trap_tests;

pub use connector::ActiveDirectoryConnector;
pub use find::{FindQuery, FoundObject, filter_of_identity};
pub use permissions::{PermissionFinding, PermissionPurpose, PermissionState};
pub use root_dse::DirectoryFacts;
pub use settings::{ActiveDirectorySettings, DeltaMode};

pub use super::ldap::{ConnectionSecurity, Observer, SignIn, TracedSearch};
