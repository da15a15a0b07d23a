//! How to reach an LDAP server and what identifies its objects.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use ldap3::asn1::StructureTag;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::partitions::context_of;
use super::root_dse::{LdapFacts, ROOT_ATTRIBUTES};
use crate::connector::ldap::directory::Directory;
use crate::connector::ldap::entry::{MalformedEntry, RawEntry};
use crate::connector::ldap::failure::{Fault, request_failed};
use crate::connector::ldap::link::Living;
use crate::connector::ldap::octets::escaped;
use crate::connector::ldap::server::{ConnectionSecurity, GENERIC, ServerSettings, parse_endpoint};
use crate::connector::ldap::session::Search;
use crate::connector::ldap::sign_in::SignIn;
use crate::connector::{Anchor, ConnectorError, ConnectorErrorKind};
use crate::model::fold_text;

/// The identity that servers give each object themselves (RFC 4530).
pub(super) const ENTRY_UUID: &str = "entryUUID";

/// Attributes whose values are certificates: they are written with the option `;binary` (RFC 4523).
const CERTIFICATES: [&str; 6] = [
    "authorityrevocationlist",
    "cacertificate",
    "certificaterevocationlist",
    "crosscertificatepair",
    "supportedalgorithms",
    "usercertificate",
];

/// How an import learns what changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LdapDelta {
    /// By content synchronization where the server offers it and objects are identified by `entryUUID`, by
    /// `modifyTimestamp` elsewhere.
    #[default]
    Auto,
    /// By content synchronization (RFC 4533).
    SyncRepl,
    /// By `modifyTimestamp`; what is gone is found by comparing the identities of all objects.
    Timestamp,
}

/// How to reach an LDAP server and with which account. The password is kept elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct GenericLdapSettings {
    /// Servers of the same data in the order in which they are tried, each `host` or `host:port`.
    pub servers: Vec<String>,
    /// Connect to this address instead of resolving the server's name; the certificate must still be valid for the name.
    /// For one server only.
    pub address: Option<IpAddr>,
    /// DN of the account.
    pub user: String,
    /// How the connection is protected.
    pub security: ConnectionSecurity,
    /// Allows [`ConnectionSecurity::Plain`] to other computers: password and data can then be read on the network.
    pub allow_plain: bool,
    /// Certificates of the authorities to trust, PEM or DER. Without it, those that this computer trusts.
    pub ca_file: Option<PathBuf>,
    /// DNs under which objects are read. Without any, the naming contexts that the server tells.
    pub bases: Vec<String>,
    /// The attribute that identifies an object for ever: `entryUUID`, or one with a single value that no two objects
    /// share and that never changes.
    pub anchor: String,
    /// How an import learns what changed.
    pub delta: LdapDelta,
    /// Seconds to wait for a connection, TLS included.
    pub connect_timeout_secs: u32,
    /// Seconds to wait for one answer, where an import does not say otherwise.
    pub operation_timeout_secs: u32,
    /// Objects asked for at a time, where an import does not say otherwise.
    pub page_size: u32,
}

impl Default for GenericLdapSettings {
    fn default() -> Self {
        Self {
            servers: Vec::new(),
            address: None,
            user: String::new(),
            security: ConnectionSecurity::default(),
            allow_plain: false,
            ca_file: None,
            bases: Vec::new(),
            anchor: ENTRY_UUID.to_owned(),
            delta: LdapDelta::default(),
            connect_timeout_secs: 30,
            operation_timeout_secs: 120,
            page_size: 500,
        }
    }
}

impl GenericLdapSettings {
    /// True when objects are identified by `entryUUID`.
    pub(super) fn by_entry_uuid(&self) -> bool {
        fold_text(self.anchor.trim()) == fold_text(ENTRY_UUID)
    }
}

impl Directory for GenericLdapSettings {
    type Facts = LdapFacts;

    const ROOT_ATTRIBUTES: &'static [&'static str] = ROOT_ATTRIBUTES;

    const NAMING_ATTRIBUTE_IS_NAME: bool = false;

    const CONTAINERS: &'static str = "(|(objectClass=organizationalUnit)(objectClass=organization)(objectClass=container)\
        (objectClass=domain)(objectClass=dcObject)(objectClass=locality)(objectClass=country)(hasSubordinates=TRUE))";

    fn server(&self) -> Result<ServerSettings, ConnectorError> {
        let wrong = |message: &str| Err(ConnectorError::new(ConnectorErrorKind::Configuration, message));
        if self.servers.is_empty() {
            return wrong("no server is given: enter the name of the LDAP server");
        }
        if self.address.is_some() && self.servers.len() > 1 {
            return wrong("an address override is for one server, but several are given: remove it or the others");
        }
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
        let anchor = self.anchor.trim();
        if anchor.is_empty() || !anchor.chars().all(is_name) {
            return wrong("the anchor is no attribute: enter entryUUID, or an attribute that identifies each object for ever");
        }
        if self.delta == LdapDelta::SyncRepl && !self.by_entry_uuid() {
            return wrong(
                "content synchronization identifies objects by entryUUID: choose entryUUID as the anchor, or have changes read by modifyTimestamp",
            );
        }
        let port = self.security.default_port();
        Ok(ServerSettings {
            words: &GENERIC,
            endpoints: self.servers.iter().map(|server| parse_endpoint(server, port)).collect::<Result<_, _>>()?,
            address: self.address,
            user: self.user.trim().to_owned(),
            sign_in: SignIn::Simple,
            security: self.security,
            allow_plain: self.allow_plain,
            ca_file: self.ca_file.clone(),
            connect_timeout: Duration::from_secs(u64::from(self.connect_timeout_secs.max(1))),
            operation_timeout: Duration::from_secs(u64::from(self.operation_timeout_secs.max(1))),
        })
    }

    fn facts(&self, server: &str, root: &RawEntry) -> LdapFacts {
        LdapFacts::read(server, root)
    }

    fn page_size(&self) -> u32 {
        self.page_size
    }

    fn decode(tag: StructureTag) -> Result<RawEntry, MalformedEntry> {
        RawEntry::decode_without_options(tag)
    }

    fn anchor_attribute(&self) -> &str {
        self.anchor.trim()
    }

    fn anchor(&self, entry: &RawEntry) -> Option<Anchor> {
        let [value] = entry.attribute(self.anchor_attribute())?.values.as_slice() else { return None };
        if self.by_entry_uuid() {
            let text = std::str::from_utf8(value).ok()?;
            return Uuid::try_parse(text).ok().map(|uuid| Anchor(uuid.as_bytes().to_vec()));
        }
        (!value.is_empty()).then(|| Anchor(value.clone()))
    }

    fn identity_name(&self, _anchor: &Anchor) -> Option<String> {
        None
    }

    fn guard(&self, anchor: &Anchor) -> Option<String> {
        if self.by_entry_uuid() {
            return Some(format!("({ENTRY_UUID}={})", Uuid::from_slice(&anchor.0).ok()?));
        }
        Some(format!("({}={})", self.anchor_attribute(), escaped(&anchor.0)))
    }

    fn asserts(facts: &LdapFacts) -> bool {
        facts.offers_assertion
    }

    fn locate(living: Living<'_, Self>, filter: &str, dn: &str) -> Result<Option<String>, ConnectorError> {
        let doing = format!("find the object that was {dn}");
        for base in context_of(living.settings, living.facts, dn) {
            let search = Search {
                base,
                scope: ldap3::Scope::Subtree,
                filter: filter.to_owned(),
                attributes: vec!["1.1".to_owned()],
                controls: Vec::new(),
                timeout: living.session.timeout(),
            };
            let found = match living.session.search(search, &doing, None) {
                Ok(found) => found,
                Err(error) if error.kind == ConnectorErrorKind::PartitionMissing => continue,
                Err(error) => return Err(error),
            };
            if let Some(tag) = found.into_iter().next() {
                let malformed = |reason| request_failed(living.session.server(), &doing, Fault::Malformed(reason));
                return Ok(Some(Self::decode(tag).map_err(|fault| malformed(fault.reason))?.dn));
            }
        }
        Ok(None)
    }

    fn description(&self, attribute: &str) -> String {
        if CERTIFICATES.contains(&fold_text(attribute).as_str()) { format!("{attribute};binary") } else { attribute.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connector::ldap::entry::tests::raw;

    #[test]
    fn settings_say_what_is_missing() {
        let check = |change: &dyn Fn(&mut GenericLdapSettings), problem: Option<&str>| {
            let mut settings = GenericLdapSettings { servers: vec!["ldap1".to_owned()], ..GenericLdapSettings::default() };
            change(&mut settings);
            match (settings.server(), problem) {
                (Ok(server), None) => assert_eq!(server.endpoints[0].to_string(), "ldap1:636"),
                (Err(error), Some(part)) => assert!(error.message.contains(part), "{error}"),
                (found, expected) => panic!("{found:?} instead of {expected:?}"),
            }
        };
        check(&|_| {}, None);
        check(&|settings| settings.anchor = " ENTRYUUID ".to_owned(), None);
        check(&|settings| settings.servers.clear(), Some("name of the LDAP server"));
        check(&|settings| settings.anchor = "uid)(a=b".to_owned(), Some("anchor is no attribute"));
        check(&|settings| settings.anchor = " ".to_owned(), Some("anchor is no attribute"));
        check(
            &|settings| {
                settings.anchor = "uid".to_owned();
                settings.delta = LdapDelta::SyncRepl;
            },
            Some("entryUUID"),
        );
        let stored: GenericLdapSettings = serde_json::from_str(r#"{"servers":["a"],"delta":"syncrepl"}"#).unwrap();
        assert_eq!((stored.delta, stored.anchor.as_str(), stored.page_size), (LdapDelta::SyncRepl, "entryUUID", 500));
    }

    #[test]
    fn identities_are_uuids_or_values() {
        let check = |anchor: &str, values: &[&str], expected: Option<&[u8]>, guard: Option<&str>| {
            let settings = GenericLdapSettings { anchor: anchor.to_owned(), ..GenericLdapSettings::default() };
            let found = settings.anchor(&raw("dc=x", &[("entryuuid", values), ("uid", values)]));
            assert_eq!(found.as_ref().map(|anchor| anchor.0.as_slice()), expected, "{values:?}");
            assert_eq!(found.and_then(|anchor| settings.guard(&anchor)).as_deref(), guard);
        };
        let uuid = "11111111-2222-3333-4444-555555555555";
        check(
            "entryUUID",
            &[uuid],
            Some(Uuid::parse_str(uuid).unwrap().as_bytes()),
            Some("(entryUUID=11111111-2222-3333-4444-555555555555)"),
        );
        check("entryUUID", &["no uuid"], None, None);
        check("entryUUID", &[uuid, uuid], None, None);
        check("entryUUID", &[], None, None);
        check("uid", &["a*"], Some(b"a*"), Some("(uid=\\61\\2a)"));
        check("uid", &[""], None, None);
    }

    #[test]
    fn certificates_are_written_with_their_option() {
        let settings = GenericLdapSettings::default();
        assert_eq!(settings.description("userCertificate"), "userCertificate;binary");
        assert_eq!(settings.description("mail"), "mail");
    }
}
