//! Calls to the tenant: signing in, waiting, trying again.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use reqwest::{Method, RequestBuilder, Url};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::Value;
use tokio::runtime::Runtime;

use super::settings::{EntraSettings, is_loopback, server_name};
use crate::connector::{CancelToken, ConnectorError, ConnectorErrorKind};
use crate::model::Clock;

/// How often a call is tried again after a passing failure.
const RETRIES: u32 = 3;
/// Longest wait that a server can ask for.
const MAX_WAIT: Duration = Duration::from_secs(600);
/// Largest answer read.
const MAX_ANSWER: usize = 256 << 20;
/// A token is renewed this long before it expires.
const RENEW_BEFORE_SECS: i64 = 300;
/// How often a waiting call looks whether it should end.
const CANCEL_POLL: Duration = Duration::from_millis(100);

/// Why a call has no useful answer.
#[derive(Debug)]
pub enum CallError {
    /// The server was busy at every try; nothing of this call was done.
    Busy(ConnectorError),
    /// The server refused the call with this status and code.
    Refused {
        /// HTTP status.
        status: u16,
        /// The code in the answer.
        code: String,
        /// The whole failure in words.
        error: ConnectorError,
    },
    /// The tenant could not be used.
    Failed(ConnectorError),
}

impl From<ConnectorError> for CallError {
    fn from(error: ConnectorError) -> Self {
        Self::Failed(error)
    }
}

impl From<CallError> for ConnectorError {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Busy(error) | CallError::Refused { error, .. } | CallError::Failed(error) => error,
        }
    }
}

/// An answer, read to its end.
#[derive(Debug)]
struct Reply {
    status: u16,
    retry_after: Option<Duration>,
    body: Vec<u8>,
}

struct Token {
    value: SecretString,
    renew_at: Timestamp,
}

/// A signed-in connection to the tenant. Calls block the calling thread, which must not be a thread of
/// an asynchronous runtime.
pub struct TenantClient {
    runtime: Runtime,
    http: reqwest::Client,
    base: Url,
    token_url: Url,
    settings: EntraSettings,
    secret: SecretString,
    token: Option<Token>,
    timeout: Duration,
    clock: Arc<dyn Clock>,
    /// True once the server has answered: later failures to connect are passing ones.
    reached: bool,
}

impl std::fmt::Debug for TenantClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TenantClient").field("base", &self.base.as_str()).finish_non_exhaustive()
    }
}

impl TenantClient {
    /// Prepares a connection; nothing is sent yet.
    ///
    /// # Errors
    /// [`ConnectorError`] when the settings cannot be used.
    pub fn new(settings: EntraSettings, secret: SecretString, clock: Arc<dyn Clock>) -> Result<Self, ConnectorError> {
        let base = settings.base()?;
        let token_url = settings.token_url()?;
        let local = is_loopback(&base) && is_loopback(&token_url);
        let http = http_client(&settings, local)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| {
            ConnectorError::new(ConnectorErrorKind::Configuration, "the network cannot be used on this computer").cause(error)
        })?;
        let timeout = seconds(settings.timeout_secs);
        let (token, reached) = (None, false);
        Ok(Self { runtime, http, base, token_url, settings, secret, token, timeout, clock, reached })
    }

    /// Host and port of the tenant.
    #[must_use]
    pub fn server(&self) -> String {
        server_name(&self.base)
    }

    /// Waits this long for one answer from now on; 0 is the time of the settings.
    pub fn set_timeout_secs(&mut self, timeout_secs: u32) {
        self.timeout = seconds(if timeout_secs == 0 { self.settings.timeout_secs } else { timeout_secs });
    }

    /// The address of `path` below the tenant's own.
    #[must_use]
    pub fn url(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path.split('/'));
        }
        url
    }

    /// A link that the tenant gave, on the tenant's own address: the token goes nowhere else.
    #[must_use]
    pub fn link(&self, link: &str) -> Option<Url> {
        let given = self.base.join(link).ok()?;
        let mut url = self.base.clone();
        url.set_path(given.path());
        url.set_query(given.query());
        Some(url)
    }

    /// Sends one call and reads its answer. A busy server, a lost connection and a token that has
    /// expired are met by trying again.
    ///
    /// # Errors
    /// [`CallError`] tells a busy server from a refusal and from a tenant that cannot be used.
    pub fn call(&mut self, method: &Method, url: &Url, body: Option<&Value>, cancel: &CancelToken) -> Result<Value, CallError> {
        let mut renewed = false;
        loop {
            let token = self.token(cancel)?;
            let timeout = self.timeout;
            let reply = self.send(cancel, *method == Method::GET, &|http| {
                let request = http.request(method.clone(), url.clone()).timeout(timeout).bearer_auth(token.expose_secret());
                match body {
                    Some(body) => request.json(body),
                    None => request,
                }
            })?;
            if reply.status == 401 && !renewed {
                tracing::debug!("token refused, asking for a new one");
                self.token = None;
                renewed = true;
                continue;
            }
            return self.answer(&reply);
        }
    }

    /// The JSON of a good answer; otherwise what is wrong.
    fn answer(&self, reply: &Reply) -> Result<Value, CallError> {
        let server = self.server();
        if (200..300).contains(&reply.status) {
            if reply.body.is_empty() {
                return Ok(Value::Null);
            }
            return serde_json::from_slice(&reply.body).map_err(|error| {
                let message = format!("{server} answered something that is not JSON");
                CallError::Failed(ConnectorError::new(ConnectorErrorKind::Protocol, message).server(server.clone()).cause(error))
            });
        }
        let Fault { code, message } = Fault::read(&reply.body);
        let status = reply.status;
        let fail = |kind, text: String| ConnectorError::new(kind, text).server(server.clone());
        Err(match (status, code.as_str()) {
            _ if is_busy(status) => {
                let text =
                    format!("{server} is busy (HTTP {status}) and stayed so through {RETRIES} more tries; run again later");
                CallError::Busy(fail(ConnectorErrorKind::Dropped, text))
            }
            (401, _) => {
                let text = format!("{server} does not accept the sign-in: {message}");
                CallError::Failed(fail(ConnectorErrorKind::Credentials, text))
            }
            (403, _) => {
                let text = format!(
                    "{server} refuses: {message} Give the application {} the role DirSync.ReadWrite.All",
                    self.settings.client_id
                );
                CallError::Failed(fail(ConnectorErrorKind::Permission, text))
            }
            (409, "DirSyncDisabled") => {
                let text = format!(
                    "directory synchronization is switched off in tenant {}; switch it on to export",
                    self.settings.tenant_name
                );
                CallError::Failed(fail(ConnectorErrorKind::ExportDisabled, text))
            }
            _ => {
                let error = fail(ConnectorErrorKind::Protocol, format!("{server} refused (HTTP {status} {code}): {message}"));
                CallError::Refused { status, code, error }
            }
        })
    }

    /// A token that is good for some minutes more.
    fn token(&mut self, cancel: &CancelToken) -> Result<SecretString, ConnectorError> {
        let now = self.clock.now();
        if let Some(token) = self.token.as_ref().filter(|token| now < token.renew_at) {
            return Ok(token.value.clone());
        }
        let (url, timeout) = (self.token_url.clone(), self.timeout);
        let (client_id, scope, secret) = (self.settings.client_id.clone(), self.settings.scope.clone(), self.secret.clone());
        let reply = self.send(cancel, true, &|http| {
            let form = [
                ("client_id", client_id.as_str()),
                ("scope", scope.as_str()),
                ("client_secret", secret.expose_secret()),
                ("grant_type", "client_credentials"),
            ];
            http.post(url.clone()).timeout(timeout).form(&form)
        })?;
        let token = self.read_token(&reply, now)?;
        Ok(self.token.insert(token).value.clone())
    }

    fn read_token(&self, reply: &Reply, now: Timestamp) -> Result<Token, ConnectorError> {
        #[derive(Deserialize)]
        struct Granted {
            access_token: SecretString,
            expires_in: i64,
        }
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Denied {
            error: String,
            error_description: String,
        }
        let server = server_name(&self.token_url);
        let fail = |kind, message: String| ConnectorError::new(kind, message).server(server.clone());
        if reply.status == 200 {
            let granted: Granted = serde_json::from_slice(&reply.body).map_err(|error| {
                fail(ConnectorErrorKind::Protocol, format!("{server} answered the sign-in without a token")).cause(error)
            })?;
            let lifetime = SignedDuration::from_secs(granted.expires_in.saturating_sub(RENEW_BEFORE_SECS).max(0));
            return Ok(Token { value: granted.access_token, renew_at: now.checked_add(lifetime).unwrap_or(now) });
        }
        if is_busy(reply.status) {
            let message = format!("sign-in service {server} is busy (HTTP {}); run again later", reply.status);
            return Err(fail(ConnectorErrorKind::Dropped, message));
        }
        let denied: Denied = serde_json::from_slice(&reply.body).unwrap_or_default();
        let said = denied.error_description.lines().next().unwrap_or_default();
        let said = if said.is_empty() { format!("HTTP {}", reply.status) } else { said.to_owned() };
        let client_id = &self.settings.client_id;
        Err(match denied.error.as_str() {
            "invalid_client" | "unauthorized_client" | "invalid_grant" | "access_denied" => fail(
                ConnectorErrorKind::Credentials,
                format!(
                    "{server} refuses the sign-in of application {client_id}; enter its client identifier and secret again: {said}"
                ),
            ),
            _ => fail(
                ConnectorErrorKind::Configuration,
                format!("{server} cannot sign in application {client_id}; check the connector's settings: {said}"),
            ),
        })
    }

    /// Sends until there is an answer that is not "busy", or the tries are used up.
    fn send(
        &mut self,
        cancel: &CancelToken,
        interruptible: bool,
        build: &dyn Fn(&reqwest::Client) -> RequestBuilder,
    ) -> Result<Reply, ConnectorError> {
        let mut tries = 0;
        loop {
            if cancel.is_cancelled() {
                return Err(self.cancelled());
            }
            let request = build(&self.http);
            let sent = self.runtime.block_on(async {
                tokio::select! {
                    reply = exchange(request) => Some(reply),
                    () = cancelled(cancel), if interruptible => None,
                }
            });
            let wait = match sent.ok_or_else(|| self.cancelled())? {
                Ok(reply) => {
                    self.reached = true;
                    if !is_busy(reply.status) || tries == RETRIES {
                        return Ok(reply);
                    }
                    tracing::warn!(status = reply.status, tries, "server busy, waiting");
                    reply.retry_after
                }
                Err(error) => {
                    let error = self.explain(error);
                    let passing = match error.kind {
                        ConnectorErrorKind::Dropped => true,
                        ConnectorErrorKind::Connection => self.reached,
                        _ => false,
                    };
                    if !passing || tries == RETRIES {
                        return Err(error);
                    }
                    tracing::warn!(%error, tries, "connection failed, waiting");
                    None
                }
            };
            tries += 1;
            let wait = wait.unwrap_or(Duration::from_secs(1 << tries)).min(MAX_WAIT);
            self.clock.wait(wait, &|| cancel.is_cancelled());
        }
    }

    fn cancelled(&self) -> ConnectorError {
        ConnectorError::new(ConnectorErrorKind::Cancelled, "the call was stopped").server(self.server())
    }

    /// Puts a failed transfer into words.
    fn explain(&self, error: TransferError) -> ConnectorError {
        let fail = |kind, message, server: &str| ConnectorError::new(kind, message).server(server);
        let error = match error {
            TransferError::TooLarge => {
                let server = self.server();
                let message = format!("the answer of {server} is larger than {} MiB", MAX_ANSWER >> 20);
                return fail(ConnectorErrorKind::Protocol, message, &server);
            }
            TransferError::Http(error) => error,
        };
        let server = error.url().map_or_else(|| self.server(), server_name);
        let error = error.without_url();
        let (kind, message) = if has_certificate_fault(&error) {
            let message = format!(
                "the certificate of {server} is not trusted: {}; name the file of its authority in the connector's settings",
                innermost(&error)
            );
            (ConnectorErrorKind::Certificate, message)
        } else if error.is_connect() {
            (ConnectorErrorKind::Connection, format!("no connection to {server}: {}", innermost(&error)))
        } else if error.is_timeout() {
            (ConnectorErrorKind::Dropped, format!("{server} did not answer within {} seconds", self.timeout.as_secs()))
        } else {
            (ConnectorErrorKind::Dropped, format!("the connection to {server} broke: {}", innermost(&error)))
        };
        fail(kind, message, &server).cause(error)
    }
}

/// The code and text of a refusal.
#[derive(Default)]
struct Fault {
    code: String,
    message: String,
}

impl Fault {
    fn read(body: &[u8]) -> Self {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let text = |name| body.pointer(name).and_then(Value::as_str).unwrap_or_default().chars().take(1000).collect();
        Self { code: text("/error/code"), message: text("/error/message") }
    }
}

enum TransferError {
    Http(reqwest::Error),
    TooLarge,
}

impl From<reqwest::Error> for TransferError {
    fn from(error: reqwest::Error) -> Self {
        Self::Http(error)
    }
}

async fn exchange(request: RequestBuilder) -> Result<Reply, TransferError> {
    let mut response = request.send().await?;
    let retry_after = response.headers().get(reqwest::header::RETRY_AFTER);
    let retry_after = retry_after.and_then(|value| value.to_str().ok()?.trim().parse().ok()).map(Duration::from_secs);
    let mut reply = Reply { status: response.status().as_u16(), retry_after, body: Vec::new() };
    while let Some(part) = response.chunk().await? {
        if reply.body.len() + part.len() > MAX_ANSWER {
            return Err(TransferError::TooLarge);
        }
        reply.body.extend_from_slice(&part);
    }
    Ok(reply)
}

async fn cancelled(cancel: &CancelToken) {
    while !cancel.is_cancelled() {
        tokio::time::sleep(CANCEL_POLL).await;
    }
}

fn is_busy(status: u16) -> bool {
    matches!(status, 429 | 500 | 502 | 503 | 504)
}

fn seconds(count: u32) -> Duration {
    Duration::from_secs(u64::from(count.max(1)))
}

fn http_client(settings: &EntraSettings, local: bool) -> Result<reqwest::Client, ConnectorError> {
    // The first provider of the process stays; a second try to install one changes nothing.
    rustls::crypto::ring::default_provider().install_default().ok();
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("Syncline/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(seconds(settings.timeout_secs.min(30)));
    if local {
        builder = builder.no_proxy();
    }
    if let Some(path) = &settings.ca_file {
        let fault = |why: String| {
            let message = format!("the file of trusted authorities {} {why}", path.display());
            ConnectorError::new(ConnectorErrorKind::Configuration, message)
        };
        let pem = std::fs::read(path).map_err(|error| fault(format!("cannot be read: {error}")))?;
        let certificates =
            reqwest::Certificate::from_pem_bundle(&pem).map_err(|error| fault("is not in PEM form".to_owned()).cause(error))?;
        if certificates.is_empty() {
            return Err(fault("holds no certificate".to_owned()));
        }
        builder = builder.tls_certs_merge(certificates);
    }
    builder.build().map_err(|error| {
        let message = format!("encrypted connections cannot be prepared: {}", innermost(&error));
        ConnectorError::new(ConnectorErrorKind::Configuration, message).cause(error)
    })
}

/// The cause at the bottom of a chain of errors.
fn innermost(error: &reqwest::Error) -> String {
    let mut current: &dyn std::error::Error = error;
    while let Some(source) = current.source() {
        current = source;
    }
    current.to_string()
}

fn has_certificate_fault(error: &(dyn std::error::Error + 'static)) -> bool {
    if let Some(error) = error.downcast_ref::<rustls::Error>() {
        return matches!(error, rustls::Error::InvalidCertificate(_));
    }
    // An input/output error hides what it wraps from `source`.
    if let Some(wrapped) = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
        return has_certificate_fault(wrapped);
    }
    error.source().is_some_and(has_certificate_fault)
}
