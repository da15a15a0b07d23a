//! One exchange with a server of the tenant: sending, reading, and what went wrong in words.

use std::time::Duration;

use reqwest::RequestBuilder;
use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use serde_json::Value;

use super::settings::{EntraSettings, server_name};
use crate::connector::{ConnectorError, ConnectorErrorKind};

/// Largest answer read.
const MAX_ANSWER: usize = 256 << 20;

/// An answer, read to its end.
#[derive(Debug)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// How long the server asks to wait.
    pub retry_after: Option<Duration>,
    /// The server's name for this exchange.
    pub request_id: Option<String>,
    /// Share of the server's limits that is used up, when it tells.
    pub usage: Option<f64>,
    /// What the body is said to be.
    pub content_type: Option<String>,
    /// The body.
    pub body: Vec<u8>,
}

impl Reply {
    /// The body as JSON; nothing when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The request id, to be put behind a sentence about the answer.
    pub fn named(&self) -> String {
        self.request_id.as_ref().map(|id| format!(" (request id {id})")).unwrap_or_default()
    }
}

/// The code and text of a refusal.
#[derive(Debug, Default)]
pub struct Fault {
    /// The code in the answer.
    pub code: String,
    /// Its text.
    pub message: String,
}

impl Fault {
    /// Reads the body of a refusal; what is not there stays empty.
    pub fn read(body: &[u8]) -> Self {
        Self::of(&serde_json::from_slice(body).unwrap_or_default())
    }

    /// As [`Self::read`], of a body that is JSON already.
    pub fn of(body: &Value) -> Self {
        let text = |name| body.pointer(name).and_then(Value::as_str).unwrap_or_default().chars().take(1000).collect();
        Self { code: text("/error/code"), message: text("/error/message") }
    }
}

/// Why there is no answer.
#[derive(Debug)]
pub enum TransferError {
    /// The connection failed.
    Http(reqwest::Error),
    /// The answer is larger than is read.
    TooLarge,
}

impl From<reqwest::Error> for TransferError {
    fn from(error: reqwest::Error) -> Self {
        Self::Http(error)
    }
}

impl TransferError {
    /// Puts a failed transfer into words; `server` is the one that was meant.
    pub fn explain(self, server: String, timeout: Duration) -> ConnectorError {
        let fail = |kind, message, server: &str| ConnectorError::new(kind, message).server(server);
        let error = match self {
            Self::TooLarge => {
                let message = format!("the answer of {server} is larger than {} MiB", MAX_ANSWER >> 20);
                return fail(ConnectorErrorKind::Protocol, message, &server);
            }
            Self::Http(error) => error,
        };
        let server = error.url().map_or(server, server_name);
        let error = error.without_url();
        let innermost = innermost(&error);
        let (kind, message) = if has_certificate_fault(&error) {
            let message = format!(
                "the certificate of {server} is not trusted: {innermost}; name the file of its authority in the connector's settings"
            );
            (ConnectorErrorKind::Certificate, message)
        } else if innermost.contains("proxy auth") {
            let message =
                format!("the proxy on the way to {server} asks for a sign-in of its own (407); let it pass this server");
            (ConnectorErrorKind::Connection, message)
        } else if error.is_connect() {
            (ConnectorErrorKind::Connection, format!("no connection to {server}: {innermost}"))
        } else if error.is_timeout() {
            (ConnectorErrorKind::Dropped, format!("{server} did not answer within {} seconds", timeout.as_secs()))
        } else {
            (ConnectorErrorKind::Dropped, format!("the connection to {server} broke: {innermost}"))
        };
        fail(kind, message, &server).cause(error)
    }
}

/// Sends a request and reads its answer.
///
/// # Errors
/// [`TransferError`] when there is no whole answer.
pub async fn exchange(request: RequestBuilder) -> Result<Reply, TransferError> {
    let mut response = request.send().await?;
    let headers = response.headers();
    let mut reply = Reply {
        status: response.status().as_u16(),
        retry_after: text_of(headers, RETRY_AFTER.as_str()).and_then(|text| text.parse().ok()).map(Duration::from_secs),
        request_id: text_of(headers, "request-id").map(str::to_owned),
        usage: text_of(headers, "x-ms-throttle-limit-percentage").and_then(|text| text.parse().ok()),
        content_type: text_of(headers, CONTENT_TYPE.as_str()).map(|text| text.chars().take(60).collect()),
        body: Vec::new(),
    };
    while let Some(part) = response.chunk().await? {
        if reply.body.len() + part.len() > MAX_ANSWER {
            return Err(TransferError::TooLarge);
        }
        reply.body.extend_from_slice(&part);
    }
    Ok(reply)
}

fn text_of<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

/// True for a status that says "later".
pub fn is_busy(status: u16) -> bool {
    matches!(status, 429 | 500 | 502 | 503 | 504)
}

/// At least one second.
pub fn seconds(count: u32) -> Duration {
    Duration::from_secs(u64::from(count.max(1)))
}

/// The client for all calls of a connector; `local` when everything is on this computer, which no proxy is asked for.
///
/// # Errors
/// [`ConnectorError`] when the file of authorities or the proxy cannot be used.
pub fn http_client(settings: &EntraSettings, local: bool) -> Result<reqwest::Client, ConnectorError> {
    // The first provider of the process stays; a second try to install one changes nothing.
    rustls::crypto::ring::default_provider().install_default().ok();
    let configuration = |message: String| ConnectorError::new(ConnectorErrorKind::Configuration, message);
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("Syncline/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(seconds(settings.timeout_secs.min(30)));
    if let Some(proxy) = settings.proxy_url()? {
        let used = reqwest::Proxy::all(proxy.clone());
        builder = builder.proxy(used.map_err(|error| {
            configuration(format!("the proxy {} cannot be used: {}", server_name(&proxy), innermost(&error))).cause(error)
        })?);
    } else if local {
        builder = builder.no_proxy();
    }
    if let Some(path) = &settings.ca_file {
        let fault = |why: String| configuration(format!("the file of trusted authorities {} {why}", path.display()));
        let pem = std::fs::read(path).map_err(|error| fault(format!("cannot be read: {error}")))?;
        let certificates =
            reqwest::Certificate::from_pem_bundle(&pem).map_err(|error| fault("is not in PEM form".to_owned()).cause(error))?;
        if certificates.is_empty() {
            return Err(fault("holds no certificate".to_owned()));
        }
        builder = builder.tls_certs_merge(certificates);
    }
    builder
        .build()
        .map_err(|error| configuration(format!("encrypted connections cannot be prepared: {}", innermost(&error))).cause(error))
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
