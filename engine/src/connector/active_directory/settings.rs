//! How to reach a forest.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::connector::{ConnectorError, ConnectorErrorKind};

/// How the connection to a domain controller is protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ConnectionSecurity {
    /// TLS from the first byte, port 636.
    #[default]
    Ldaps,
    /// TLS after the StartTLS request, port 389.
    StartTls,
    /// No encryption, port 389. Only to this computer itself, or where
    /// [`ActiveDirectorySettings::allow_plain`] says so.
    Plain,
}

impl ConnectionSecurity {
    /// The port used where a server is given without one.
    #[must_use]
    pub fn default_port(self) -> u16 {
        match self {
            Self::Ldaps => 636,
            Self::StartTls | Self::Plain => 389,
        }
    }
}

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
    /// DNS name of the forest, such as `contoso.com`. When `servers` is empty it is also the name that is
    /// connected to: in Active Directory it resolves to the domain controllers.
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
    /// How the connection is protected.
    pub security: ConnectionSecurity,
    /// Allows [`ConnectionSecurity::Plain`] to other computers: password and data can then be read on
    /// the network.
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

/// One server to try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Endpoint {
    pub(super) host: String,
    pub(super) port: u16,
}

impl std::fmt::Display for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
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
            return Ok(vec![parse_endpoint(&self.forest, port)?]);
        }
        if self.address.is_some() && self.servers.len() > 1 {
            return Err(wrong(
                "an address override is for one domain controller, but several are given: remove it or the others".to_owned(),
            ));
        }
        let mut endpoints: Vec<Endpoint> =
            self.servers.iter().map(|server| parse_endpoint(server, port)).collect::<Result<_, _>>()?;
        if !self.only_servers && self.address.is_none() && !self.forest.trim().is_empty() {
            endpoints.push(parse_endpoint(&self.forest, port)?);
        }
        Ok(endpoints)
    }

    /// What must hold before a connection is tried.
    pub(super) fn check(&self) -> Result<(), ConnectorError> {
        if self.user.trim().is_empty() {
            return Err(ConnectorError::new(
                ConnectorErrorKind::Configuration,
                "no forest account is given: enter the user name as user@domain or DOMAIN\\user",
            ));
        }
        Ok(())
    }

    pub(super) fn connect_timeout(&self) -> Duration {
        Duration::from_secs(u64::from(self.connect_timeout_secs.max(1)))
    }

    pub(super) fn operation_timeout(&self) -> Duration {
        Duration::from_secs(u64::from(self.operation_timeout_secs.max(1)))
    }
}

/// Reads `host`, `host:port`, `[v6]` or `[v6]:port`.
fn parse_endpoint(text: &str, default_port: u16) -> Result<Endpoint, ConnectorError> {
    let text = text.trim();
    let wrong = || {
        ConnectorError::new(
            ConnectorErrorKind::Configuration,
            format!("\"{text}\" is not a server: write a name or a name and a port, such as dc1.contoso.com:636"),
        )
    };
    let (host, port) = if let Some(rest) = text.strip_prefix('[') {
        let (host, rest) = rest.split_once(']').ok_or_else(wrong)?;
        host.parse::<std::net::Ipv6Addr>().ok().ok_or_else(wrong)?;
        (host, if rest.is_empty() { None } else { Some(rest.strip_prefix(':').ok_or_else(wrong)?) })
    } else if text.parse::<std::net::Ipv6Addr>().is_ok() {
        (text, None)
    } else {
        match text.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        }
    };
    let is_host = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
    if host.is_empty() || !host.chars().all(is_host) {
        return Err(wrong());
    }
    let port = match port {
        None => default_port,
        Some(port) => port.parse().ok().filter(|port| *port != 0).ok_or_else(wrong)?,
    };
    Ok(Endpoint { host: host.trim_end_matches('.').to_owned(), port })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_read_with_and_without_port() {
        let check = |text: &str, expected: Option<&str>| {
            assert_eq!(parse_endpoint(text, 636).ok().map(|e| e.to_string()).as_deref(), expected, "{text}");
        };
        check("dc1.contoso.com", Some("dc1.contoso.com:636"));
        check(" dc1.contoso.com. ", Some("dc1.contoso.com:636"));
        check("dc1:1636", Some("dc1:1636"));
        check("127.0.0.11", Some("127.0.0.11:636"));
        check("::1", Some("[::1]:636"));
        check("[::1]:389", Some("[::1]:389"));
        check("", None);
        check("dc1:", None);
        check("dc1:0", None);
        check("dc1:99999", None);
        check("ldaps://dc1", None);
        check("dc1/path", None);
        check("user@dc1", None);
        check("[dc1]", None);
    }

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
        check("contoso.com", &["b", "a:3268"], false, Ok(&["b:389", "a:3268"]));
        check("contoso.com", &["b", "any"], false, Ok(&["b:389", "contoso.com:389"]));
        check("", &[], false, Err("DNS name of the forest"));
        check("contoso.com", &["a", "b"], true, Err("one domain controller"));
    }

    #[test]
    fn settings_are_stored_without_what_is_default_being_needed() {
        let settings: ActiveDirectorySettings =
            serde_json::from_str(r#"{"forest":"contoso.com","user":"sync@contoso.com","security":"starttls"}"#).unwrap();
        assert_eq!(settings.security, ConnectionSecurity::StartTls);
        assert_eq!((settings.page_size, settings.connect_timeout_secs, settings.allow_plain), (500, 30, false));
        assert_eq!((settings.delta, settings.only_servers), (DeltaMode::Auto, true));
        let text = serde_json::to_string(&settings).unwrap();
        assert_eq!(serde_json::from_str::<ActiveDirectorySettings>(&text).unwrap(), settings);
    }
}
