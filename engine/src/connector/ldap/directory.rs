//! What one kind of LDAP directory is to the code that all kinds share.

use ldap3::asn1::StructureTag;

use super::entry::{MalformedEntry, RawEntry};
use super::link::Living;
use super::server::ServerSettings;
use crate::connector::{Anchor, ConnectorError};

/// The settings of one kind of LDAP directory, with what is particular about the kind.
pub(in crate::connector) trait Directory: Clone + std::fmt::Debug {
    /// What a server says of itself.
    type Facts: Clone + Default + std::fmt::Debug;

    /// The attributes of the root entry that the facts are made of.
    const ROOT_ATTRIBUTES: &'static [&'static str];

    /// A filter for what is made to hold other objects, or holds some.
    const CONTAINERS: &'static str;

    /// How to reach a server.
    fn server(&self) -> Result<ServerSettings, ConnectorError>;

    /// What the root entry says. `server` is `host:port`.
    fn facts(&self, server: &str, root: &RawEntry) -> Self::Facts;

    /// The attribute in an object's name is the name and nothing else: it is never written beside it.
    const NAMING_ATTRIBUTE_IS_NAME: bool;

    /// Objects asked for at a time, where an import does not say otherwise.
    fn page_size(&self) -> u32;

    /// Decodes an object.
    fn decode(tag: StructureTag) -> Result<RawEntry, MalformedEntry>;

    /// The attribute that identifies an object.
    fn anchor_attribute(&self) -> &str;

    /// The identity of an object; `None` when the entry shows none that can be used.
    fn anchor(&self, entry: &RawEntry) -> Option<Anchor>;

    /// A name by which the server finds an object of this identity wherever it is; `None` where servers know no such
    /// names.
    fn identity_name(&self, anchor: &Anchor) -> Option<String>;

    /// Where objects are changed by their names, which others may have got meanwhile: a filter that only the object of
    /// this identity fits.
    fn guard(&self, anchor: &Anchor) -> Option<String>;

    /// True when the server changes an object only if it fits a filter (RFC 4528).
    fn asserts(facts: &Self::Facts) -> bool;

    /// The present name of the object that a filter fits, which had the name `dn`; `None` when there is no such object.
    fn locate(living: Living<'_, Self>, filter: &str, dn: &str) -> Result<Option<String>, ConnectorError>;

    /// An attribute's name as it is written in a change.
    fn description(&self, attribute: &str) -> String;
}
