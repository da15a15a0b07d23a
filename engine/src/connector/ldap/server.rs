//! How to reach a server and as whom.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::discovery;
use super::sign_in::SignIn;
use crate::connector::{ConnectorError, ConnectorErrorKind};

/// How the connection to a server is protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ConnectionSecurity {
    /// TLS from the first byte, port 636.
    #[default]
    Ldaps,
    /// TLS after the StartTLS request, port 389.
    StartTls,
    /// No TLS, port 389. Only where the sign-in encrypts the connection ([`SignIn::seals`]), to this computer itself, or
    /// where the settings allow it (`allow_plain`).
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

/// How the servers of a kind of directory, and the accounts in it, are called.
#[derive(Debug)]
pub(in crate::connector) struct Words {
    /// Active Directory, with its Windows errors and control access rights.
    pub(in crate::connector) active_directory: bool,
    /// A server.
    pub(in crate::connector) server: &'static str,
    /// The account that signs in.
    pub(in crate::connector) account: &'static str,
    /// How the account's name is written.
    pub(in crate::connector) user: &'static str,
    /// What to do when the server does not hold a name.
    pub(in crate::connector) elsewhere: &'static str,
    /// What to do when the server does not know a function.
    pub(in crate::connector) unknown_function: &'static str,
}

/// Active Directory.
pub(in crate::connector) const ACTIVE_DIRECTORY: Words = Words {
    active_directory: true,
    server: "domain controller",
    account: "forest account",
    user: "user@domain or DOMAIN\\user",
    elsewhere: "it does not hold this part of the forest; connect to a domain controller of that domain",
    unknown_function: "it does not know a function that Active Directory has; check that it is a domain controller",
};

/// Other directories.
pub(in crate::connector) const GENERIC: Words = Words {
    active_directory: false,
    server: "LDAP server",
    account: "account",
    user: "a DN such as cn=sync,dc=contoso,dc=com",
    elsewhere: "it does not hold this part of the directory; connect to the server that does, or refresh the partitions",
    unknown_function: "it does not know a function that is needed; check what the server supports",
};

/// What connecting to a server and signing in need.
#[derive(Clone, Debug)]
pub(in crate::connector) struct ServerSettings {
    pub(in crate::connector) words: &'static Words,
    /// The servers to try, in order.
    pub(in crate::connector) endpoints: Vec<Endpoint>,
    /// Connect to this address instead of resolving the server's name.
    pub(in crate::connector) address: Option<IpAddr>,
    pub(in crate::connector) user: String,
    pub(in crate::connector) sign_in: SignIn,
    pub(in crate::connector) security: ConnectionSecurity,
    /// Allows a connection without encryption to other computers.
    pub(in crate::connector) allow_plain: bool,
    pub(in crate::connector) ca_file: Option<PathBuf>,
    pub(in crate::connector) connect_timeout: Duration,
    pub(in crate::connector) operation_timeout: Duration,
}

/// The server that answered, as `host:port`, and how it is called.
#[derive(Clone, Debug)]
pub(in crate::connector) struct Named {
    pub(in crate::connector) name: String,
    pub(in crate::connector) words: &'static Words,
}

impl std::fmt::Display for Named {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name)
    }
}

impl From<&Named> for String {
    fn from(named: &Named) -> Self {
        named.name.clone()
    }
}

/// One server to try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::connector) struct Endpoint {
    pub(in crate::connector) host: String,
    pub(in crate::connector) port: u16,
    /// The host is a domain: DNS names its domain controllers, which are tried before the domain's own name.
    pub(in crate::connector) domain: bool,
}

impl Endpoint {
    /// The servers that this stands for, in order; DNS has this time to answer.
    pub(in crate::connector) fn servers(&self, timeout: Duration) -> Vec<Self> {
        // A name without a dot is no domain of a forest, and an address is none at all.
        let asks = self.domain && self.host.contains('.') && self.host.parse::<IpAddr>().is_err();
        let named = if asks { discovery::controllers(&self.host, timeout) } else { Vec::new() };
        let server = |host: String| Self { host, port: self.port, domain: false };
        named.into_iter().map(server).chain([self.clone()]).collect()
    }
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

/// Reads `host`, `host:port`, `[v6]` or `[v6]:port`.
pub(in crate::connector) fn parse_endpoint(text: &str, default_port: u16) -> Result<Endpoint, ConnectorError> {
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
    Ok(Endpoint { host: host.trim_end_matches('.').to_owned(), port, domain: false })
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
    fn what_is_no_domain_is_not_looked_up() {
        for host in ["localhost", "127.0.0.1", "::1"] {
            let endpoint = Endpoint { host: host.to_owned(), port: 636, domain: true };
            assert_eq!(endpoint.servers(Duration::ZERO), std::slice::from_ref(&endpoint));
        }
        let server = Endpoint { host: "dc1.contoso.com".to_owned(), port: 636, domain: false };
        assert_eq!(server.servers(Duration::ZERO), std::slice::from_ref(&server));
    }
}
