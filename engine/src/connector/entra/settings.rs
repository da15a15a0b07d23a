//! Where the tenant is and as whom the connector signs in.

use std::net::IpAddr;
use std::path::PathBuf;

use reqwest::Url;
use serde::{Deserialize, Serialize};

use crate::connector::{ConnectorError, ConnectorErrorKind};

/// What a tenant is read and written through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BackendKind {
    /// The synchronization channel of a sandbox tenant, which stores every attribute.
    #[default]
    SyncChannel,
    /// Public Microsoft Graph, which stores what it has properties for.
    Graph,
}

impl BackendKind {
    /// The name shown to administrators.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::SyncChannel => "sync channel",
            Self::Graph => "Microsoft Graph",
        }
    }
}

/// By what the application proves who it is; the proof itself is a secret and not among the settings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Proof {
    /// A client secret.
    #[default]
    Secret,
    /// A certificate with its private key, both in PEM form in one text.
    Certificate,
}

/// How many objects an application may write in a time before the tenant makes it wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WriteBudget {
    /// Writes.
    pub writes: u32,
    /// Seconds.
    pub seconds: u32,
}

impl WriteBudget {
    /// What the documentation allows one application in one tenant.
    pub const DOCUMENTED: Self = Self { writes: 3_000, seconds: 150 };
}

/// How a tenant is reached. The client secret is not among the settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntraSettings {
    /// What the tenant is read and written through.
    #[serde(default)]
    pub backend: BackendKind,
    /// Address of the tenant's synchronization service, such as `https://sync.contoso.com`.
    pub base_url: String,
    /// Address of the sign-in service, such as `https://login.microsoftonline.com`.
    pub authority: String,
    /// The tenant at the sign-in service: its GUID or one of its verified domains.
    pub tenant_id: String,
    /// The application's client identifier.
    pub client_id: String,
    /// The tenant's initial domain, such as `contoso.onmicrosoft.com`.
    pub tenant_name: String,
    /// The scope that tokens are asked for.
    #[serde(default = "default_scope")]
    pub scope: String,
    /// Name of this computer, as the tenant shows it.
    #[serde(default = "default_client_name")]
    pub client_name: String,
    /// Certificates of authorities to trust besides the computer's own, in PEM form.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// Seconds to wait for one answer.
    #[serde(default = "default_timeout_secs")]
    pub timeout_secs: u32,
    /// By what the application proves who it is.
    #[serde(default)]
    pub proof: Proof,
    /// Address of a proxy; without one the environment decides (`HTTPS_PROXY`).
    #[serde(default)]
    pub proxy: Option<String>,
    /// Writes that are sent at most; only the Graph backend counts them.
    #[serde(default)]
    pub writes: Option<WriteBudget>,
    /// Export by Microsoft Graph although Microsoft's own tool synchronizes to the tenant.
    #[serde(default)]
    pub accept_synchronized: bool,
}

fn default_scope() -> String {
    "https://graph.microsoft.com/.default".to_owned()
}

fn default_client_name() -> String {
    "SYNCLINE".to_owned()
}

const fn default_timeout_secs() -> u32 {
    120
}

impl EntraSettings {
    /// Settings for a tenant whose sign-in service and synchronization service have one address.
    #[must_use]
    pub fn new(url: &str, tenant_id: &str, client_id: &str, tenant_name: &str) -> Self {
        Self {
            backend: BackendKind::default(),
            base_url: url.to_owned(),
            authority: url.to_owned(),
            tenant_id: tenant_id.to_owned(),
            client_id: client_id.to_owned(),
            tenant_name: tenant_name.to_owned(),
            scope: default_scope(),
            client_name: default_client_name(),
            ca_file: None,
            timeout_secs: default_timeout_secs(),
            proof: Proof::default(),
            proxy: None,
            writes: None,
            accept_synchronized: false,
        }
    }

    /// The address of the synchronization service.
    ///
    /// # Errors
    /// [`ConnectorError`] when it is no usable address.
    pub fn base(&self) -> Result<Url, ConnectorError> {
        checked_url("the address of the tenant", &self.base_url)
    }

    /// The address at which tokens are given out.
    ///
    /// # Errors
    /// [`ConnectorError`] when it is no usable address.
    pub fn token_url(&self) -> Result<Url, ConnectorError> {
        let mut url = checked_url("the address of the sign-in service", &self.authority)?;
        if self.tenant_id.is_empty() || self.client_id.is_empty() {
            let message = "the tenant identifier or the client identifier is missing from the connector's settings";
            return Err(ConnectorError::new(ConnectorErrorKind::Configuration, message));
        }
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend([self.tenant_id.as_str(), "oauth2", "v2.0", "token"]);
        }
        Ok(url)
    }
}

impl EntraSettings {
    /// The proxy that is asked for by name.
    ///
    /// # Errors
    /// [`ConnectorError`] when it is no address, or holds a password: settings are no place for one.
    pub fn proxy_url(&self) -> Result<Option<Url>, ConnectorError> {
        let Some(text) = self.proxy.as_deref().filter(|text| !text.is_empty()) else { return Ok(None) };
        let fault = |message: String| ConnectorError::new(ConnectorErrorKind::Configuration, message);
        let url = Url::parse(text)
            .map_err(|error| fault(format!("the address of the proxy cannot be read: {error}; write http://proxy:8080")))?;
        if !url.username().is_empty() || url.password().is_some() {
            let message = "the address of the proxy holds a name or password, which settings do not keep; let the proxy pass \
                           this computer without one";
            return Err(fault(message.to_owned()));
        }
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
            return Err(fault(format!("the proxy \"{text}\" is no http address; write http://proxy:8080")));
        }
        Ok(Some(url))
    }
}

/// Accepts https to anywhere, and http only to this computer.
fn checked_url(what: &str, text: &str) -> Result<Url, ConnectorError> {
    if text.is_empty() {
        let message = format!("{what} is not known: the connector was never connected to a tenant");
        return Err(ConnectorError::new(ConnectorErrorKind::Configuration, message));
    }
    let fault = |why: &str| ConnectorError::new(ConnectorErrorKind::Configuration, format!("{what}, \"{text}\", {why}"));
    let url = Url::parse(text).map_err(|error| fault(&format!("is not an address: {error}")))?;
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_loopback(&url) => Ok(url),
        "http" => Err(fault("is not encrypted; use https (http is accepted only for this computer itself)")),
        other => Err(fault(&format!("begins with {other}; use https"))),
    }
}

/// True when the address is this computer.
#[must_use]
pub fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Host and port, for messages and the run history.
#[must_use]
pub fn server_name(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port_or_known_default().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_for_this_computer_only() {
        let check = |url: &str, accepted: bool| {
            let settings = EntraSettings::new(url, "t", "c", "contoso.onmicrosoft.com");
            assert_eq!(settings.base().is_ok(), accepted, "{url}");
            assert_eq!(settings.token_url().is_ok(), accepted, "{url}");
        };
        check("https://sync.contoso.com", true);
        check("http://127.0.0.1:8080", true);
        check("http://127.9.9.9", true);
        check("http://[::1]:80/", true);
        check("http://localhost:1", true);
        check("http://sync.contoso.com", false);
        check("http://127.0.0.1.contoso.com", false);
        check("http://10.0.0.1", false);
        check("ftp://127.0.0.1", false);
        check("file:///etc/passwd", false);
        check("sync.contoso.com", false);
        check("", false);
    }

    #[test]
    fn a_proxy_is_an_address_without_a_password() {
        let check = |proxy: &str, expected: Option<Option<&str>>| {
            let settings = EntraSettings { proxy: Some(proxy.into()), ..EntraSettings::new("https://s", "t", "c", "n") };
            let found = settings.proxy_url();
            if let Err(error) = &found {
                assert!(!error.message.contains("hush"), "{error}");
            }
            assert_eq!(found.ok().map(|url| url.map(|url| url.to_string())).as_ref().map(Option::as_deref), expected, "{proxy}");
        };
        check("", Some(None));
        check("http://proxy:8080", Some(Some("http://proxy:8080/")));
        check("https://proxy", Some(Some("https://proxy/")));
        check("http://user:hush@proxy:8080", None);
        check("http://user@proxy", None);
        check("socks5://proxy", None);
        check("proxy:8080", None);
        check("hush hush", None);
    }

    #[test]
    fn the_token_address_names_the_tenant() {
        let check = |authority: &str, tenant: &str, expected: &str| {
            let settings = EntraSettings::new(authority, tenant, "c", "n");
            assert_eq!(settings.token_url().unwrap().as_str(), expected);
        };
        check("https://login.x", "contoso.com", "https://login.x/contoso.com/oauth2/v2.0/token");
        check("https://login.x/", "a/../b?c", "https://login.x/a%2F..%2Fb%3Fc/oauth2/v2.0/token");
        assert!(EntraSettings::new("https://login.x", "", "c", "n").token_url().is_err());
    }

    #[test]
    fn settings_without_the_optional_ones_are_read() {
        let text = r#"{"base_url":"https://s","authority":"https://a","tenant_id":"t","client_id":"c","tenant_name":"n"}"#;
        let settings: EntraSettings = serde_json::from_str(text).unwrap();
        let expected = EntraSettings { authority: "https://a".into(), ..EntraSettings::new("https://s", "t", "c", "n") };
        assert_eq!(settings, expected);
    }
}
