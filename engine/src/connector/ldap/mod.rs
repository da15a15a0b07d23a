//! LDAP, as far as Active Directory and other directories need the same: connection and TLS, one search or change and
//! what went wrong with it, entries and values, exports.
//!
//! What differs is in [`Directory`](directory::Directory), which each kind implements by its settings. A connection is
//! always encrypted unless the settings allow otherwise. Whatever a server answers is hostile input: it is decoded here,
//! entry by entry, and a faulty entry is described, never a panic.
//!
//! **Invariant**: `ldap3` runs only inside tasks of `session`, where a panic becomes an error, and its
//! `SearchEntry::construct` is never used.

pub(in crate::connector) mod connect;
pub(in crate::connector) mod containers;
pub(in crate::connector) mod directory;
pub(in crate::connector) mod discovery;
pub(in crate::connector) mod entry;
pub(in crate::connector) mod export;
pub(in crate::connector) mod failure;
#[cfg(all(unix, feature = "gssapi"))]
mod kerberos;
pub(in crate::connector) mod link;
pub(in crate::connector) mod modification;
mod ntlm;
pub(in crate::connector) mod observe;
pub(in crate::connector) mod octets;
pub(in crate::connector) mod outlet;
pub(in crate::connector) mod reading;
pub(in crate::connector) mod refusal;
mod sasl;
mod sealed;
pub(in crate::connector) mod selection;
pub(in crate::connector) mod server;
pub(in crate::connector) mod session;
pub(in crate::connector) mod sign_in;
pub(in crate::connector) mod tls;
pub(in crate::connector) mod value;
pub(in crate::connector) mod verdict;

#[cfg(test)]
pub(in crate::connector) mod fake_server;

pub use observe::{Observer, TracedSearch};
pub use server::ConnectionSecurity;
pub use sign_in::SignIn;
