//! From a server's name to a connection, encrypted as the settings say.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ldap3::{Ldap, LdapConnAsync, LdapConnSettings, LdapError, StdStream};
use rustls::ClientConfig;
use secrecy::SecretString;
use tokio::net::TcpStream;

use super::failure::{clean, sign_in_failed, sign_in_refused};
use super::sealed::{self, Broken};
use super::server::{ConnectionSecurity, Endpoint, Named, ServerSettings, Words};
use super::sign_in::SignIn;
use super::tls;
use crate::connector::{ConnectorError, ConnectorErrorKind};

/// Why no connection came about.
pub(in crate::connector) enum ConnectFault {
    Resolve(std::io::Error),
    Tcp(std::io::Error),
    Timeout,
    NotLoopback(IpAddr),
    Ldap(Box<LdapError>),
    /// The server refused the account.
    Refused {
        code: u32,
        text: String,
    },
    /// The sign-in came to no end.
    SignIn(String),
}

/// A connection, and the task that must run for it.
pub(in crate::connector) struct Connected {
    pub(super) driver: LdapConnAsync,
    pub(super) ldap: Ldap,
    /// The account signed in already.
    pub(super) signed_in: bool,
    /// Why it ended, where it was not closed.
    pub(super) broken: Broken,
}

/// What connecting and signing in need besides the endpoint.
#[derive(Clone)]
pub(in crate::connector) struct ConnectOptions {
    address: Option<IpAddr>,
    security: ConnectionSecurity,
    allow_plain: bool,
    timeout: Duration,
    tls: Option<Arc<ClientConfig>>,
    ca_file: Option<PathBuf>,
    pub(super) sign_in: SignIn,
    pub(super) user: String,
    pub(super) password: SecretString,
    pub(super) words: &'static Words,
    /// Time for an answer.
    pub(super) operation_timeout: Duration,
}

impl ConnectOptions {
    pub(in crate::connector) fn new(settings: &ServerSettings, password: &SecretString) -> Result<Self, ConnectorError> {
        Ok(Self {
            address: settings.address,
            security: settings.security,
            allow_plain: settings.allow_plain,
            timeout: settings.connect_timeout,
            tls: match settings.security {
                ConnectionSecurity::Plain => None,
                ConnectionSecurity::Ldaps | ConnectionSecurity::StartTls => {
                    Some(tls::client_config(settings.ca_file.as_deref(), settings.words)?)
                }
            },
            ca_file: settings.ca_file.clone(),
            sign_in: settings.sign_in,
            user: settings.user.clone(),
            password: password.clone(),
            words: settings.words,
            operation_timeout: settings.operation_timeout,
        })
    }

    /// True when the sign-in is what encrypts the connection.
    fn sealed(&self) -> bool {
        self.security == ConnectionSecurity::Plain && self.sign_in.seals()
    }
}

/// Resolves, connects, and brings up encryption: by TLS, or by signing in.
pub(in crate::connector) async fn connect(endpoint: Endpoint, options: ConnectOptions) -> Result<Connected, ConnectFault> {
    let mut stream = match tokio::time::timeout(options.timeout, connect_tcp(&endpoint, &options)).await {
        Ok(stream) => stream?,
        Err(_elapsed) => return Err(ConnectFault::Timeout),
    };
    let (signed_in, broken) = (options.sealed(), Broken::default());
    if signed_in {
        let sealed = sealed::open(stream, &endpoint, &options, Broken::clone(&broken));
        stream = match tokio::time::timeout(options.operation_timeout, sealed).await {
            Ok(stream) => stream?,
            Err(_elapsed) => return Err(ConnectFault::Timeout),
        };
    }
    let mut settings = LdapConnSettings::new()
        .set_conn_timeout(options.timeout)
        .set_std_stream(StdStream::Tcp(stream.into_std().map_err(ConnectFault::Tcp)?));
    let scheme = match options.security {
        ConnectionSecurity::Ldaps => "ldaps",
        ConnectionSecurity::StartTls => {
            settings = settings.set_starttls(true);
            "ldap"
        }
        ConnectionSecurity::Plain => "ldap",
    };
    if let Some(tls) = options.tls {
        settings = settings.set_config(tls);
    }
    let (driver, ldap) = LdapConnAsync::with_settings(settings, &format!("{scheme}://{endpoint}"))
        .await
        .map_err(|error| ConnectFault::Ldap(Box::new(error)))?;
    Ok(Connected { driver, ldap, signed_in, broken })
}

async fn connect_tcp(endpoint: &Endpoint, options: &ConnectOptions) -> Result<TcpStream, ConnectFault> {
    let addresses: Vec<SocketAddr> = match options.address {
        Some(address) => vec![SocketAddr::new(address, endpoint.port)],
        None => tokio::net::lookup_host((endpoint.host.as_str(), endpoint.port)).await.map_err(ConnectFault::Resolve)?.collect(),
    };
    let mut failure = ConnectFault::Resolve(std::io::Error::other("the name has no address"));
    for address in addresses {
        let readable = options.security == ConnectionSecurity::Plain && !options.sealed();
        if readable && !options.allow_plain && !address.ip().is_loopback() {
            failure = ConnectFault::NotLoopback(address.ip());
            continue;
        }
        match TcpStream::connect(address).await {
            Ok(stream) => {
                stream.set_nodelay(true).map_err(ConnectFault::Tcp)?;
                return Ok(stream);
            }
            Err(error) => failure = ConnectFault::Tcp(error),
        }
    }
    Err(failure)
}

/// Why there is no connection, for the administrator.
pub(in crate::connector) fn not_connected(endpoint: &Endpoint, options: &ConnectOptions, fault: ConnectFault) -> ConnectorError {
    use std::io::ErrorKind;
    let server = endpoint.to_string();
    let role = options.words.server;
    let unreachable = |message: String| ConnectorError::new(ConnectorErrorKind::Connection, message);
    match fault {
        ConnectFault::Resolve(error) => {
            unreachable(format!("the name of {server} cannot be resolved: check its spelling and the DNS servers, or give the address"))
                .cause(error)
        }
        ConnectFault::Timeout => unreachable(format!("{server} does not answer: check that it runs and that no firewall is in between")),
        ConnectFault::Tcp(error) if error.kind() == ErrorKind::ConnectionRefused => {
            unreachable(format!("{server} refuses connections: check the port and that the {role} runs")).cause(error)
        }
        ConnectFault::Tcp(error) => {
            unreachable(format!("{server} cannot be reached: check the network and that no firewall is in between: {error}")).cause(error)
        }
        ConnectFault::NotLoopback(address) => ConnectorError::new(
            ConnectorErrorKind::Configuration,
            format!("{server} ({address}) is another computer, and without encryption the password could be read on the way: choose LDAPS or StartTLS"),
        ),
        ConnectFault::Refused { code, text } => {
            let named = Named { name: server.clone(), words: options.words };
            sign_in_refused(&named, &options.user, options.sign_in, code, &text)
        }
        ConnectFault::SignIn(reason) => {
            let named = Named { name: server.clone(), words: options.words };
            sign_in_failed(&named, &options.user, options.sign_in, &reason)
        }
        ConnectFault::Ldap(error) => match *error {
            LdapError::Io { source } => match tls::tls_error(&source) {
                Some(fault) => {
                    let (kind, message) = tls::describe(fault, &server, options.ca_file.as_deref(), options.words);
                    ConnectorError::new(kind, message).cause(source)
                }
                None => unreachable(format!(
                    "{server} closed the connection during the TLS handshake: check that the {role} has a server certificate and that the port speaks TLS ({source})"
                ))
                .cause(source),
            },
            LdapError::Timeout { .. } => {
                unreachable(format!("{server} accepts connections but does not answer: check the port and the load of the {role}"))
            }
            LdapError::LdapResult { result } => unreachable(format!(
                "{server} refused StartTLS: check that the {role} has a server certificate, or choose LDAPS (result {} {})",
                result.rc,
                clean(&result.text)
            )),
            LdapError::DNSName { .. } => ConnectorError::new(
                ConnectorErrorKind::Configuration,
                format!("{server} is no name that a certificate can be checked against: use the server's DNS name, with the address as override"),
            ),
            other => unreachable(format!("{server} did not begin to speak LDAP: {other}")),
        },
    }
    .server(server)
}
