//! What one kind of LDAP directory is to the code that all kinds share.

use super::entry::RawEntry;
use super::server::ServerSettings;
use crate::connector::{Anchor, ConnectorError};

/// The settings of one kind of LDAP directory, with what is particular about the kind.
pub(in crate::connector) trait Directory: Clone + std::fmt::Debug {
    /// What a server says of itself.
    type Facts: Clone + Default + std::fmt::Debug;

    /// The attributes of the root entry that the facts are made of.
    const ROOT_ATTRIBUTES: &'static [&'static str];

    /// How to reach a server.
    fn server(&self) -> Result<ServerSettings, ConnectorError>;

    /// What the root entry says. `server` is `host:port`.
    fn facts(&self, server: &str, root: &RawEntry) -> Self::Facts;

    /// The attribute that identifies an object.
    fn anchor_attribute(&self) -> &str;

    /// The identity of an object; `None` when the entry shows none that can be used.
    fn anchor(&self, entry: &RawEntry) -> Option<Anchor>;

    /// A name by which the server finds an object of this identity wherever it is; `None` where servers know no such
    /// names.
    fn identity_name(&self, anchor: &Anchor) -> Option<String>;
}
