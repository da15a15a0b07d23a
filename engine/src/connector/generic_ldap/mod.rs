//! OpenLDAP and other servers that keep to the LDAP standards (RFC 4510 to 4533).
//!
//! What is the same for every LDAP directory is in `connector::ldap`. Of its own this kind has the schema of the
//! subschema subentry (RFC 4512), an identity that can be chosen, and changes by content synchronization (RFC 4533)
//! or by `modifyTimestamp` with a comparison of identities.

mod changes;
mod connector;
mod description;
mod full;
mod partitions;
mod plan;
mod reading;
mod root_dse;
mod settings;
mod subschema;
mod sync;
mod timestamp;
mod watermark;

#[cfg(test)]
mod bad_input_tests;
#[cfg(test)]
mod tests;

pub use connector::GenericLdapConnector;
pub use root_dse::LdapFacts;
pub use settings::{GenericLdapSettings, LdapDelta};

pub use super::ldap::{ConnectionSecurity, Observer, TracedSearch};
