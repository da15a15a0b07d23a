//! Calls to the tenant: signing in, waiting, trying again.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::{Method, RequestBuilder, Url};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use tokio::runtime::Runtime;
use tokio::task::{JoinHandle, JoinSet};

use super::roles::Need;
use super::settings::{EntraSettings, is_loopback, server_name};
use super::sign_in::SignIn;
use super::transport::{Fault, Reply, TransferError, exchange, http_client, is_busy, seconds};
use crate::connector::{CancelToken, ConnectorError, ConnectorErrorKind, Incident};
use crate::model::Clock;

/// Longest wait that a server can ask for.
const MAX_WAIT: Duration = Duration::from_secs(600);
/// Longest wait that nobody asked for.
const MAX_BACKOFF: Duration = Duration::from_secs(60);
/// Failures that are noted for the record of one run.
const MOST_INCIDENTS: usize = 100;
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

/// What a backend asks of its calls.
#[derive(Clone, Copy, Debug)]
pub struct CallRules {
    /// How often a call is tried again after a passing failure.
    pub retries: u32,
    /// The role that an application needs, for refusals.
    pub role: &'static str,
}

/// A signed-in connection to the tenant. Calls block the calling thread, which must not be a thread of
/// an asynchronous runtime.
pub struct TenantClient {
    runtime: Runtime,
    http: reqwest::Client,
    base: Url,
    settings: EntraSettings,
    sign_in: SignIn,
    rules: CallRules,
    timeout: Duration,
    clock: Arc<dyn Clock>,
    /// True once the server has answered: later failures to connect are passing ones.
    reached: bool,
    /// What failed and was tried again.
    incidents: Vec<Incident>,
    /// What was sent before its answer is wanted.
    ahead: Option<(Url, JoinHandle<Result<Reply, TransferError>>)>,
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
    pub fn new(
        settings: EntraSettings,
        secret: SecretString,
        clock: Arc<dyn Clock>,
        rules: CallRules,
    ) -> Result<Self, ConnectorError> {
        let base = settings.base()?;
        let sign_in = SignIn::new(&settings, secret)?;
        let http = http_client(&settings, is_loopback(&base) && is_loopback(&sign_in.url))?;
        // One thread besides the calling one: what is sent ahead goes on while the caller works.
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().map_err(|error| {
            ConnectorError::new(ConnectorErrorKind::Configuration, "the network cannot be used on this computer").cause(error)
        })?;
        let timeout = seconds(settings.timeout_secs);
        let (reached, incidents, ahead) = (false, Vec::new(), None);
        Ok(Self { runtime, http, base, settings, sign_in, rules, timeout, clock, reached, incidents, ahead })
    }

    /// Host and port of the tenant.
    #[must_use]
    pub fn server(&self) -> String {
        server_name(&self.base)
    }

    /// How the tenant is reached.
    #[must_use]
    pub fn settings(&self) -> &EntraSettings {
        &self.settings
    }

    /// The clock that is waited by.
    #[must_use]
    pub fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock)
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
        let mut ahead = self.ahead.take_if(|(sent, _)| *method == Method::GET && sent == url).map(|(_, handle)| handle);
        loop {
            let token = self.token(cancel)?;
            let timeout = self.timeout;
            let reply = self.send(cancel, *method == Method::GET, ahead.take(), &|http| {
                let request = http.request(method.clone(), url.clone()).timeout(timeout).bearer_auth(token.expose_secret());
                match body {
                    Some(body) => request.json(body),
                    None => request,
                }
            })?;
            if reply.status == 401 && !renewed {
                self.renew();
                renewed = true;
                continue;
            }
            return self.answer(&reply);
        }
    }

    /// Asks for an address of which the next call wants the answer, so that the tenant is at work on it meanwhile. What
    /// fails is met by that call; an answer that nobody calls for is forgotten with the next one that is asked for ahead.
    pub fn ask_ahead(&mut self, url: &Url) {
        let Some(token) = self.sign_in.token(self.clock.now()) else { return };
        let request = self.http.get(url.clone()).timeout(self.timeout).bearer_auth(token.expose_secret());
        self.forget_ahead();
        self.ahead = Some((url.clone(), self.runtime.spawn(exchange(request))));
    }

    fn forget_ahead(&mut self) {
        if let Some((_, handle)) = self.ahead.take() {
            handle.abort();
        }
    }

    /// Posts every body to `url`, at most `width` at a time, each once. `go_on` sees each answer and says whether
    /// further ones are sent; those that were not have no answer.
    ///
    /// # Errors
    /// [`ConnectorError`] when the application cannot sign in, or a stop was asked for before anything was sent.
    pub fn post_all(
        &mut self,
        url: &Url,
        bodies: &[&Value],
        width: usize,
        cancel: &CancelToken,
        mut go_on: impl FnMut(&Result<Reply, ConnectorError>) -> bool,
    ) -> Result<Vec<Option<Result<Reply, ConnectorError>>>, ConnectorError> {
        if cancel.is_cancelled() {
            return Err(self.cancelled());
        }
        let token = self.token(cancel)?;
        let (timeout, server) = (self.timeout, self.server());
        let mut waiting: VecDeque<(usize, RequestBuilder)> = VecDeque::with_capacity(bodies.len());
        for (place, body) in bodies.iter().enumerate() {
            let request = self.http.post(url.clone()).timeout(timeout).bearer_auth(token.expose_secret()).json(*body);
            waiting.push_back((place, request));
        }
        let mut answers: Vec<Option<Result<Reply, ConnectorError>>> = Vec::new();
        answers.resize_with(bodies.len(), || None);
        self.runtime.block_on(async {
            let mut flying = JoinSet::new();
            let mut open = true;
            loop {
                while open && flying.len() < width.max(1) && !cancel.is_cancelled() {
                    let Some((place, request)) = waiting.pop_front() else { break };
                    flying.spawn(async move { (place, exchange(request).await) });
                }
                let Some(landed) = flying.join_next().await else { break };
                // A task that was lost is like a connection that was: nobody knows what became of it.
                let Ok((place, landed)) = landed else { continue };
                let landed = landed.map_err(|error| error.explain(server.clone(), timeout));
                open &= go_on(&landed);
                if let Some(answer) = answers.get_mut(place) {
                    *answer = Some(landed);
                }
            }
        });
        self.reached |= answers.iter().flatten().any(Result::is_ok);
        Ok(answers)
    }

    /// Posts every body to `url`, at most `width` at a time and in their order, until each has its answer. A busy server, lost
    /// connections and a token that has expired are met by trying again, so every body must be one that can be sent twice.
    /// Once something is wrong with one, no further ones are sent until it was waited; what is not sent at all, because a stop
    /// was asked for, has no answer.
    ///
    /// # Errors
    /// [`ConnectorError`] when nothing was sent: the application cannot sign in, or a stop was asked for.
    pub fn post_each(
        &mut self,
        url: &Url,
        bodies: &[Value],
        width: usize,
        cancel: &CancelToken,
    ) -> Result<Vec<Option<Result<Value, CallError>>>, ConnectorError> {
        let mut answers: Vec<Option<Result<Value, CallError>>> = Vec::new();
        answers.resize_with(bodies.len(), || None);
        let (mut tries, mut renewed, mut begun) = (0, false, false);
        loop {
            let open: Vec<usize> = (0..).zip(&answers).filter(|(_, answer)| answer.is_none()).map(|(place, _)| place).collect();
            if open.is_empty() || (begun && cancel.is_cancelled()) {
                return Ok(answers);
            }
            let sent: Vec<&Value> = open.iter().filter_map(|place| bodies.get(*place)).collect();
            let good = |landed: &Result<Reply, ConnectorError>| landed.as_ref().is_ok_and(|reply| reply.status < 300);
            let landed = match self.post_all(url, &sent, width, cancel, good) {
                Ok(landed) => landed,
                Err(error) if !begun => return Err(error),
                Err(error) => {
                    if let Some(slot) = open.first().and_then(|place| answers.get_mut(*place)) {
                        *slot = Some(Err(CallError::Failed(error)));
                    }
                    return Ok(answers);
                }
            };
            begun = true;
            let (mut pause, mut forward, mut refused, mut failed) = (None, false, false, false);
            for (place, landed) in open.into_iter().zip(landed) {
                let answer = match landed {
                    None => continue,
                    Some(Ok(reply)) if reply.status == 401 && !renewed => {
                        refused = true;
                        continue;
                    }
                    Some(Ok(reply)) if is_busy(reply.status) && tries < self.rules.retries => {
                        tracing::warn!(status = reply.status, tries, "server busy, waiting");
                        pause = pause.max(Some((reply.retry_after, busy(&reply))));
                        continue;
                    }
                    Some(Err(error)) if self.is_passing(&error) && tries < self.rules.retries => {
                        tracing::warn!(%error, tries, "connection failed, waiting");
                        pause = pause.max(Some((None, error.message)));
                        continue;
                    }
                    Some(Ok(reply)) => self.answer(&reply),
                    Some(Err(error)) => Err(CallError::Failed(error)),
                };
                forward |= answer.is_ok();
                failed |= answer.is_err();
                if let Some(slot) = answers.get_mut(place) {
                    *slot = Some(answer);
                }
            }
            if failed {
                return Ok(answers);
            }
            if refused {
                self.renew();
                renewed = true;
            }
            if let Some((asked, why)) = pause {
                // What goes forward in between is no further try of the same.
                tries = if forward { 1 } else { tries + 1 };
                self.wait(&why, asked, tries, cancel);
            }
        }
    }

    /// Forgets the token, so that the next call asks for a new one.
    pub fn renew(&mut self) {
        tracing::debug!("token refused, asking for a new one");
        self.sign_in.forget();
    }

    /// True once the server has answered.
    #[must_use]
    pub fn is_reached(&self) -> bool {
        self.reached
    }

    /// Asks for an address without signing in; gives the HTTP status.
    ///
    /// # Errors
    /// [`ConnectorError`] when there is no answer.
    pub fn touch(&mut self, url: &Url) -> Result<u16, ConnectorError> {
        let request = self.http.get(url.clone()).timeout(self.timeout);
        let reply = self.runtime.block_on(exchange(request));
        reply.map(|reply| reply.status).map_err(|error| self.explain(error))
    }

    /// Asks for a new token.
    ///
    /// # Errors
    /// [`ConnectorError`] when the sign-in service gives none.
    pub fn sign_in(&mut self) -> Result<(), ConnectorError> {
        self.sign_in.forget();
        self.token(&CancelToken::default()).map(drop)
    }

    /// The roles that the application has, by its token; nothing when the token does not tell.
    ///
    /// # Errors
    /// [`ConnectorError`] when the sign-in service gives no token.
    pub fn roles(&mut self, cancel: &CancelToken) -> Result<Option<Vec<String>>, ConnectorError> {
        self.token(cancel)?;
        Ok(self.sign_in.roles())
    }

    /// Refuses what the application may not write.
    ///
    /// # Errors
    /// [`ConnectorError`] names the role that is missing.
    pub fn demand(&mut self, need: Need, cancel: &CancelToken) -> Result<(), ConnectorError> {
        if need.is_met(self.roles(cancel)?.as_deref()) {
            return Ok(());
        }
        let message = need.advice(&self.settings.client_id);
        Err(ConnectorError::new(ConnectorErrorKind::Permission, message).server(self.server()))
    }

    /// The JSON of a good answer; otherwise what is wrong.
    ///
    /// # Errors
    /// [`CallError`] says what.
    pub fn answer(&self, reply: &Reply) -> Result<Value, CallError> {
        let server = self.server();
        if (200..300).contains(&reply.status) {
            if reply.body.is_empty() {
                return Ok(Value::Null);
            }
            return serde_json::from_slice(&reply.body).map_err(|error| {
                let kind = reply.content_type.as_deref().unwrap_or("nothing that it tells");
                let message = format!(
                    "{server} answered something that is not JSON (it is said to be {kind}); look for a proxy in between, then run again"
                );
                CallError::Failed(ConnectorError::new(ConnectorErrorKind::Protocol, message).server(server.clone()).cause(error))
            });
        }
        let Fault { code, message } = Fault::read(&reply.body);
        let status = reply.status;
        let named = reply.named();
        let fail = |kind, text: String| ConnectorError::new(kind, format!("{text}{named}")).server(server.clone());
        let settings = &self.settings;
        Err(match (status, code.as_str()) {
            _ if is_busy(status) => {
                let retries = self.rules.retries;
                let text =
                    format!("{server} is busy (HTTP {status}) and stayed so through {retries} more tries; run again later");
                CallError::Busy(fail(ConnectorErrorKind::Dropped, text))
            }
            (401, _) => {
                let text = format!("{server} does not accept the sign-in: {message}");
                CallError::Failed(fail(ConnectorErrorKind::Credentials, text))
            }
            (403, _) => {
                let (client_id, role) = (&settings.client_id, self.rules.role);
                let text = format!("{server} refuses: {message} Give the application {client_id} the role {role}");
                CallError::Failed(fail(ConnectorErrorKind::Permission, text))
            }
            (409, "DirSyncDisabled") => {
                let text = format!(
                    "directory synchronization is switched off in tenant {}; switch it on to export",
                    settings.tenant_name
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
        if let Some(token) = self.sign_in.token(now) {
            return Ok(token);
        }
        let (url, timeout) = (self.sign_in.url.clone(), self.timeout);
        let form = self.sign_in.form(now)?;
        let reply = self.send(cancel, true, None, &|http| {
            let fields: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, value.expose_secret())).collect();
            http.post(url.clone()).timeout(timeout).form(&fields)
        })?;
        self.sign_in.accept(&reply, now)
    }

    /// Sends until there is an answer that is not "busy", or the tries are used up. The first try may be on its way already.
    fn send(
        &mut self,
        cancel: &CancelToken,
        interruptible: bool,
        mut ahead: Option<JoinHandle<Result<Reply, TransferError>>>,
        build: &dyn Fn(&reqwest::Client) -> RequestBuilder,
    ) -> Result<Reply, ConnectorError> {
        let mut tries = 0;
        loop {
            if cancel.is_cancelled() {
                return Err(self.cancelled());
            }
            let request = build(&self.http);
            let begun = ahead.take();
            let sent = self.runtime.block_on(async {
                let answer = async {
                    match begun {
                        // A task that was lost left no answer; then it is asked for again.
                        Some(handle) => match handle.await {
                            Ok(reply) => reply,
                            Err(_) => exchange(request).await,
                        },
                        None => exchange(request).await,
                    }
                };
                tokio::select! {
                    reply = answer => Some(reply),
                    () = cancelled(cancel), if interruptible => None,
                }
            });
            let (why, wait) = match sent.ok_or_else(|| self.cancelled())? {
                Ok(reply) => {
                    self.reached = true;
                    if !is_busy(reply.status) || tries == self.rules.retries {
                        return Ok(reply);
                    }
                    tracing::warn!(status = reply.status, tries, "server busy, waiting");
                    (busy(&reply), reply.retry_after)
                }
                Err(error) => {
                    let error = self.explain(error);
                    if !self.is_passing(&error) || tries == self.rules.retries {
                        return Err(error);
                    }
                    tracing::warn!(%error, tries, "connection failed, waiting");
                    (error.message, None)
                }
            };
            tries += 1;
            self.wait(&why, wait, tries, cancel);
        }
    }

    /// True for a failure that may be over when the call is sent again.
    #[must_use]
    pub fn is_passing(&self, error: &ConnectorError) -> bool {
        match error.kind {
            ConnectorErrorKind::Dropped => true,
            ConnectorErrorKind::Connection => self.reached,
            _ => false,
        }
    }

    /// Waits before the next try: as long as the server asks, otherwise longer each time. `why` is noted for the run record.
    fn wait(&mut self, why: &str, asked: Option<Duration>, tries: u32, cancel: &CancelToken) {
        let grown = Duration::from_secs(1 << tries.min(10)).min(MAX_BACKOFF);
        let time = asked.unwrap_or(grown).min(MAX_WAIT);
        self.note(why, time);
        self.clock.wait(time, &|| cancel.is_cancelled());
    }

    /// Notes a failure that is waited for and tried again.
    pub fn note(&mut self, why: &str, time: Duration) {
        if self.incidents.len() < MOST_INCIDENTS {
            let detail = format!("{why}; tried again after {} s", time.as_secs());
            self.incidents.push(Incident { server: self.server(), date: self.clock.now(), detail });
        }
    }

    /// What failed and was tried again since the last call of this.
    pub fn take_incidents(&mut self) -> Vec<Incident> {
        std::mem::take(&mut self.incidents)
    }

    /// The time by the clock that is waited by.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// What a call that was stopped gives.
    #[must_use]
    pub fn cancelled(&self) -> ConnectorError {
        ConnectorError::new(ConnectorErrorKind::Cancelled, "the call was stopped").server(self.server())
    }

    fn explain(&self, error: TransferError) -> ConnectorError {
        error.explain(self.server(), self.timeout)
    }
}

/// What the run record tells of a server that was busy; its support asks for the request id.
fn busy(reply: &Reply) -> String {
    format!("the server was busy (HTTP {}){}", reply.status, reply.named())
}

async fn cancelled(cancel: &CancelToken) {
    while !cancel.is_cancelled() {
        tokio::time::sleep(CANCEL_POLL).await;
    }
}
