//! How to reach a forest.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use ldap3::asn1::StructureTag;
use serde::{Deserialize, Serialize};

use super::root_dse::{DirectoryFacts, ROOT_DSE_ATTRIBUTES};
use crate::connector::ldap::directory::Directory;
use crate::connector::ldap::entry::{MalformedEntry, RawEntry};
use crate::connector::ldap::link::Living;
use crate::connector::ldap::octets::hexadecimal;
use crate::connector::ldap::server::{ACTIVE_DIRECTORY, ConnectionSecurity, Endpoint, ServerSettings, parse_endpoint};
use crate::connector::ldap::sign_in::SignIn;
use crate::connector::{Anchor, ConnectorError, ConnectorErrorKind};

/// Ports of the global catalog, which holds some attributes of the objects of all domains.
const GLOBAL_CATALOG: [u16; 2] = [3268, 3269];

/// How an import learns what changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeltaMode {
    /// By DirSync where the account has the right to, by `uSNChanged` elsewhere.
    #[default]
    Auto,
    /// By the DirSync control: needs the right Replicating Directory Changes, and goes on when another
    /// domain controller answers.
    DirSync,
    /// By `uSNChanged` and tombstones: needs no right but to read, and a full import when another domain
    /// controller answers.
    Usn,
}

/// How to reach a forest and with which account. The password is kept elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ActiveDirectorySettings {
    /// DNS name of the forest, such as `contoso.com`. When `servers` is empty its domain controllers are those that
    /// DNS names (`_ldap._tcp.dc._msdcs.contoso.com`), and last the name itself, which resolves to all of them.
    pub forest: String,
    /// Domain controllers in the order in which they are tried, each `host` or `host:port`.
    pub servers: Vec<String>,
    /// Connects to no other domain controllers than `servers`. Without it, any domain controller of the
    /// forest is tried after them.
    pub only_servers: bool,
    /// Connect to this address instead of resolving the server's name; the certificate must still be
    /// valid for the name. For one server only.
    pub address: Option<IpAddr>,
    /// The forest account: `user@domain`, `DOMAIN\user` or a DN.
    pub user: String,
    /// How the account signs in.
    pub sign_in: SignIn,
    /// How the connection is protected.
    pub security: ConnectionSecurity,
    /// Allows [`ConnectionSecurity::Plain`] to other computers where the sign-in does not encrypt the connection:
    /// password and data can then be read on the network.
    pub allow_plain: bool,
    /// Certificates of the authorities to trust, PEM or DER. Without it, those that this computer trusts.
    pub ca_file: Option<PathBuf>,
    /// How an import learns what changed.
    pub delta: DeltaMode,
    /// Seconds to wait for a connection, TLS included.
    pub connect_timeout_secs: u32,
    /// Seconds to wait for one answer, where an import does not say otherwise.
    pub operation_timeout_secs: u32,
    /// Objects asked for at a time, where an import does not say otherwise.
    pub page_size: u32,
}

impl Default for ActiveDirectorySettings {
    fn default() -> Self {
        Self {
            forest: String::new(),
            servers: Vec::new(),
            only_servers: true,
            address: None,
            user: String::new(),
            sign_in: SignIn::default(),
            security: ConnectionSecurity::default(),
            allow_plain: false,
            ca_file: None,
            delta: DeltaMode::default(),
            connect_timeout_secs: 30,
            operation_timeout_secs: 120,
            page_size: 500,
        }
    }
}

impl ActiveDirectorySettings {
    /// The servers to try, in order.
    pub(super) fn endpoints(&self) -> Result<Vec<Endpoint>, ConnectorError> {
        let wrong = |message: String| ConnectorError::new(ConnectorErrorKind::Configuration, message);
        let port = self.security.default_port();
        if self.servers.is_empty() {
            if self.forest.trim().is_empty() {
                return Err(wrong(
                    "neither a forest nor a domain controller is given: enter the DNS name of the forest".to_owned(),
                ));
            }
            return Ok(vec![self.domain(port)?]);
        }
        if self.address.is_some() && self.servers.len() > 1 {
            return Err(wrong(
                "an address override is for one domain controller, but several are given: remove it or the others".to_owned(),
            ));
        }
        let mut endpoints: Vec<Endpoint> =
            self.servers.iter().map(|server| parse_endpoint(server, port)).collect::<Result<_, _>>()?;
        if !self.only_servers && self.address.is_none() && !self.forest.trim().is_empty() {
            endpoints.push(self.domain(port)?);
        }
        if let Some(catalog) = endpoints.iter().find(|endpoint| GLOBAL_CATALOG.contains(&endpoint.port)) {
            return Err(wrong(format!(
                "{catalog} is a global catalog, which lacks most attributes: what it does not tell would pass for deleted; leave the port out"
            )));
        }
        Ok(endpoints)
    }

    /// The forest as something to connect to.
    fn domain(&self, port: u16) -> Result<Endpoint, ConnectorError> {
        Ok(Endpoint { domain: self.address.is_none(), ..parse_endpoint(&self.forest, port)? })
    }

    pub(super) fn operation_timeout(&self) -> Duration {
        Duration::from_secs(u64::from(self.operation_timeout_secs.max(1)))
    }
}

impl Directory for ActiveDirectorySettings {
    type Facts = DirectoryFacts;

    const ROOT_ATTRIBUTES: &'static [&'static str] = ROOT_DSE_ATTRIBUTES;

    const NAMING_ATTRIBUTE_IS_NAME: bool = true;

    const CONTAINERS: &'static str =
        "(|(objectClass=organizationalUnit)(objectClass=container)(objectClass=builtinDomain)(objectClass=lostAndFound))";

    fn server(&self) -> Result<ServerSettings, ConnectorError> {
        Ok(ServerSettings {
            words: &ACTIVE_DIRECTORY,
            endpoints: self.endpoints()?,
            address: self.address,
            user: self.user.trim().to_owned(),
            sign_in: self.sign_in,
            security: self.security,
            allow_plain: self.allow_plain,
            ca_file: self.ca_file.clone(),
            connect_timeout: Duration::from_secs(u64::from(self.connect_timeout_secs.max(1))),
            operation_timeout: self.operation_timeout(),
        })
    }

    fn facts(&self, server: &str, root: &RawEntry) -> DirectoryFacts {
        DirectoryFacts::read(server, root)
    }

    fn page_size(&self) -> u32 {
        self.page_size
    }

    fn decode(tag: StructureTag) -> Result<RawEntry, MalformedEntry> {
        RawEntry::decode(tag)
    }

    fn anchor_attribute(&self) -> &str {
        "objectGUID"
    }

    fn anchor(&self, entry: &RawEntry) -> Option<Anchor> {
        entry.first("objectGUID").filter(|guid| guid.len() == 16).map(|guid| Anchor(guid.to_vec()))
    }

    fn identity_name(&self, anchor: &Anchor) -> Option<String> {
        // In this form the identity needs no byte order.
        (anchor.0.len() == 16).then(|| format!("<GUID={}>", hexadecimal(&anchor.0)))
    }

    fn guard(&self, _anchor: &Anchor) -> Option<String> {
        None
    }

    fn asserts(_facts: &DirectoryFacts) -> bool {
        false
    }

    fn locate(_living: Living<'_, Self>, _filter: &str, _dn: &str) -> Result<Option<String>, ConnectorError> {
        Ok(None)
    }

    fn description(&self, attribute: &str) -> String {
        attribute.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_choose_servers_and_say_what_is_missing() {
        let check = |forest: &str, servers: &[&str], address: bool, expected: Result<&[&str], &str>| {
            let settings = ActiveDirectorySettings {
                forest: forest.to_owned(),
                servers: servers.iter().filter(|server| **server != "any").map(ToString::to_string).collect(),
                only_servers: !servers.contains(&"any"),
                address: address.then_some(IpAddr::from([127, 0, 0, 1])),
                security: ConnectionSecurity::StartTls,
                ..ActiveDirectorySettings::default()
            };
            match (settings.endpoints(), expected) {
                (Ok(found), Ok(expected)) => {
                    assert_eq!(found.iter().map(ToString::to_string).collect::<Vec<_>>(), expected);
                }
                (Err(error), Err(part)) => assert!(error.message.contains(part), "{error}"),
                (found, expected) => panic!("{found:?} instead of {expected:?}"),
            }
        };
        check("contoso.com", &[], false, Ok(&["contoso.com:389"]));
        check("contoso.com", &["b", "a:3389"], false, Ok(&["b:389", "a:3389"]));
        check("contoso.com", &["b", "any"], false, Ok(&["b:389", "contoso.com:389"]));
        let domains = |settings: &ActiveDirectorySettings| {
            settings.endpoints().unwrap().iter().map(|endpoint| endpoint.domain).collect::<Vec<_>>()
        };
        let forest = ActiveDirectorySettings { forest: "contoso.com".to_owned(), ..ActiveDirectorySettings::default() };
        assert_eq!(domains(&forest), [true]);
        let preferred = ActiveDirectorySettings { servers: vec!["dc1".to_owned()], only_servers: false, ..forest.clone() };
        assert_eq!(domains(&preferred), [false, true]);
        assert_eq!(domains(&ActiveDirectorySettings { address: Some(IpAddr::from([127, 0, 0, 1])), ..forest }), [false]);
        check("", &[], false, Err("DNS name of the forest"));
        check("contoso.com", &["a", "b"], true, Err("one domain controller"));
    }

    #[test]
    fn settings_are_stored_without_what_is_default_being_needed() {
        let settings: ActiveDirectorySettings =
            serde_json::from_str(r#"{"forest":"contoso.com","user":"sync@contoso.com","security":"starttls"}"#).unwrap();
        assert_eq!(settings.security, ConnectionSecurity::StartTls);
        assert_eq!((settings.page_size, settings.connect_timeout_secs, settings.allow_plain), (500, 30, false));
        assert_eq!((settings.delta, settings.only_servers, settings.sign_in), (DeltaMode::Auto, true, SignIn::Simple));
        let text = serde_json::to_string(&settings).unwrap();
        assert_eq!(serde_json::from_str::<ActiveDirectorySettings>(&text).unwrap(), settings);
    }
}
