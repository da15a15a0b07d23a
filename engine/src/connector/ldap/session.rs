//! One signed-in connection to a server, asked from blocking code.
//!
//! Every call into `ldap3` is a task of the session's own runtime: a panic of the library ends that task
//! alone and becomes an error here. The connection's driver is a task too; when it ends, all requests fail.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use ldap3::asn1::{PL, StructureTag};
use ldap3::controls::{PagedResults, RawControl};
use ldap3::{Ldap, LdapConnAsync, LdapError, LdapResult, Mod, ResultEntry, Scope};
use secrecy::{ExposeSecret, SecretString};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::connect::{ConnectOptions, Connected, connect, not_connected};
use super::entry::decode_page_cookie;
use super::failure::{Fault, request_failed, sign_in_refused};
use super::observe::{Observer, Watch};
use super::sealed::Broken;
use super::server::{ConnectionSecurity, Endpoint, Named, ServerSettings};
use crate::connector::{CancelToken, ConnectorError, ConnectorErrorKind};

/// How often a waiting call looks whether it was cancelled.
const CANCEL_POLL: Duration = Duration::from_millis(100);

/// How long to wait for the driver's end after a request found the connection gone.
const DRIVER_END: Duration = Duration::from_secs(1);

/// Octets of a page to aim at: pages of large objects hold fewer of them.
const PAGE_OCTETS: usize = 8 * 1024 * 1024;

/// Pages without an entry in a row, after which a server is taken to send them for ever.
const EMPTY_PAGES: u32 = 100;

/// How often a page may begin with the entry that the first page began with, before a server is taken to send the same
/// pages for ever. An object that changes while pages are read may come again, hardly ever at the beginning of a page.
const REPEATED_PAGES: u32 = 10;

/// Most entries taken in one answer; no page is larger, so a server that sends more misbehaves.
const MAX_ANSWER: usize = 20_000;

const PERMISSIVE_MODIFY: &str = "1.2.840.113556.1.4.1413";
const PAGED_RESULTS: &str = "1.2.840.113556.1.4.319";

/// A signed-in connection.
pub(in crate::connector) struct Session {
    /// Taken out when the session is dropped.
    runtime: Option<Runtime>,
    handle: Handle,
    ldap: Ldap,
    /// How the connection's driver ended; `None` while it runs.
    ended: watch::Receiver<Option<Ended>>,
    server: Named,
    /// Time for an answer where nothing else is said.
    timeout: Duration,
    /// Is told of every search.
    observer: Option<Observer>,
}

/// How a connection ended.
#[derive(Clone, Debug)]
enum Ended {
    /// The server closed it.
    Closed,
    /// It broke, for this reason.
    Broken(String),
    /// The library panicked over what the server sent.
    Panicked,
}

/// What to search for.
#[derive(Clone, Debug)]
pub(in crate::connector) struct Search {
    pub(in crate::connector) base: String,
    pub(in crate::connector) scope: Scope,
    pub(in crate::connector) filter: String,
    pub(in crate::connector) attributes: Vec<String>,
    /// Further request controls.
    pub(in crate::connector) controls: Vec<RawControl>,
    /// Time for each answer.
    pub(in crate::connector) timeout: Duration,
}

/// A change of the directory.
#[derive(Clone, Debug)]
pub(in crate::connector) enum Change {
    Add { dn: String, attributes: Vec<(String, Vec<Vec<u8>>)> },
    Modify { target: String, parts: Vec<Modification> },
    Rename { target: String, rdn: String, parent: Option<String> },
    Delete { target: String },
}

/// A part of a [`Change::Modify`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::connector) struct Modification {
    pub(in crate::connector) kind: ModificationKind,
    pub(in crate::connector) attribute: String,
    pub(in crate::connector) values: Vec<Vec<u8>>,
}

/// What a modification does with its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::connector) enum ModificationKind {
    Add,
    Delete,
    /// The attribute has these values afterwards; without values it goes.
    Replace,
}

/// One answer to a search.
struct Answer {
    entries: Vec<StructureTag>,
    octets: usize,
    cookie: Vec<u8>,
}

impl Session {
    /// Connects to the first server that can be reached and signs in.
    ///
    /// A refused sign-in is not tried on the next server: it would only lock the account.
    pub(in crate::connector) fn open(settings: &ServerSettings, password: &SecretString) -> Result<Self, ConnectorError> {
        if settings.user.is_empty() {
            return Err(ConnectorError::new(
                ConnectorErrorKind::Configuration,
                format!("no {} is given: enter the user name as {}", settings.words.account, settings.words.user),
            ));
        }
        if let Some(reason) = settings.sign_in.missing() {
            return Err(ConnectorError::new(
                ConnectorErrorKind::Configuration,
                format!("the connector signs in by {}, and {reason}", settings.sign_in),
            ));
        }
        if settings.sign_in.seals() && settings.security != ConnectionSecurity::Plain {
            return Err(ConnectorError::new(
                ConnectorErrorKind::Configuration,
                format!(
                    "signing in by {} encrypts the connection itself, which no domain controller takes inside TLS: choose no TLS (plain), or sign in simply",
                    settings.sign_in
                ),
            ));
        }
        if password.expose_secret().is_empty() {
            // A bind without password succeeds as nobody (RFC 4513, 5.1.2).
            return Err(ConnectorError::new(
                ConnectorErrorKind::Credentials,
                format!("no password is given for {}: enter it", settings.user),
            ));
        }
        let options = ConnectOptions::new(settings, password)?;
        let mut failures: Vec<ConnectorError> = Vec::new();
        // Names are looked up one after the other: those behind a server that answers are not needed.
        for endpoint in settings.endpoints.iter().flat_map(|endpoint| endpoint.servers(settings.connect_timeout)) {
            match Self::connect(&endpoint, &options) {
                Ok(session) => {
                    tracing::info!(server = %session.server, user = %settings.user, "connected to the directory");
                    return Ok(session);
                }
                Err(error) if error.kind == ConnectorErrorKind::Credentials => return Err(error),
                Err(error) => {
                    tracing::debug!(server = %endpoint, %error, "could not connect");
                    failures.push(error);
                }
            }
        }
        Err(all_failed(failures, settings.words.server))
    }

    /// Connects to a server and signs in.
    fn connect(endpoint: &Endpoint, options: &ConnectOptions) -> Result<Self, ConnectorError> {
        let server = Named { name: endpoint.to_string(), words: options.words };
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .max_blocking_threads(2)
            .thread_name("directory")
            .thread_stack_size(8 * 1024 * 1024)
            .enable_all()
            .build()
            .map_err(|error| {
                ConnectorError::new(ConnectorErrorKind::Connection, format!("no thread for the connection to {server}: {error}"))
                    .cause(error)
            })?;
        let task = runtime.spawn(connect(endpoint.clone(), options.clone()));
        match runtime.block_on(task) {
            Ok(Ok(Connected { driver, ldap, signed_in, broken })) => {
                let (sender, ended) = watch::channel(None);
                runtime.spawn(drive(driver, broken, sender));
                let session = Self {
                    handle: runtime.handle().clone(),
                    runtime: Some(runtime),
                    ldap,
                    ended,
                    server,
                    timeout: options.operation_timeout,
                    observer: None,
                };
                if !signed_in {
                    session.sign_in(options)?;
                }
                Ok(session)
            }
            Ok(Err(fault)) => {
                runtime.shutdown_background();
                Err(not_connected(endpoint, options, fault))
            }
            Err(_panicked) => {
                runtime.shutdown_background();
                Err(request_failed(&server, "open a connection", Fault::Panicked))
            }
        }
    }

    /// Signs in with the password over a connection that TLS protects, or that may go without.
    fn sign_in(&self, options: &ConnectOptions) -> Result<(), ConnectorError> {
        let mut ldap = self.ldap.clone();
        let (user, password, timeout) = (options.user.clone(), options.password.clone(), options.operation_timeout);
        let task = self.spawn(async move { Ok(ldap.with_timeout(timeout).simple_bind(&user, password.expose_secret()).await?) });
        let result = self.wait(task, None).map_err(|fault| self.failed("sign in", fault))?;
        match result.rc {
            0 => Ok(()),
            code => Err(sign_in_refused(&self.server, &options.user, options.sign_in, code, &result.text)),
        }
    }

    /// The server that answered, as `host:port`.
    pub(in crate::connector) fn server(&self) -> &Named {
        &self.server
    }

    /// The time for an answer where nothing else is said.
    pub(in crate::connector) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Has somebody told of every search from now on.
    pub(in crate::connector) fn observe(&mut self, observer: Observer) {
        self.observer = Some(observer);
    }

    /// Begins a search, or one page of it, beside the caller.
    fn ask(&self, search: &Arc<Search>, page: Option<(i32, Vec<u8>)>) -> JoinHandle<Result<Answer, Fault>> {
        let watch = self.observer.as_ref().map(|observer| observer.begin(&self.server.name, search, page.is_some()));
        let answered = answer(self.ldap.clone(), Arc::clone(search), page);
        self.spawn(async move {
            let answer = answered.await?;
            if let Some(watch) = watch {
                watch.end(answer.entries.len(), answer.octets);
            }
            Ok(answer)
        })
    }

    /// False once the connection is gone.
    pub(in crate::connector) fn is_alive(&self) -> bool {
        self.ended.borrow().is_none()
    }

    /// A search whose answer is small: all entries at once. `doing` continues "asked to".
    pub(in crate::connector) fn search(
        &self,
        search: Search,
        doing: &str,
        cancel: Option<&CancelToken>,
    ) -> Result<Vec<StructureTag>, ConnectorError> {
        let task = self.ask(&Arc::new(search), None);
        let found = self.wait(task, cancel).map_err(|fault| self.failed(doing, fault))?;
        Ok(found.entries)
    }

    /// A search read page by page. The next page is fetched while the caller works on the one before.
    pub(in crate::connector) fn pages<'a>(
        &'a self,
        search: Search,
        page_size: u32,
        doing: &'a str,
        cancel: Option<&'a CancelToken>,
    ) -> Pages<'a> {
        // Larger pages are cut to 1,000 by domain controllers anyway.
        let page_size = i32::try_from(page_size.clamp(1, 1000)).unwrap_or(1000);
        let search = Arc::new(search);
        let pending = Some(self.ask(&search, Some((page_size, Vec::new()))));
        Pages { session: self, search, page_size, asked: page_size, empty: 0, first: None, repeated: 0, pending, doing, cancel }
    }

    /// A search whose entries, with their controls, and messages between them are taken one by one as they arrive, for
    /// answers without bound. Gives what `take` made of them and the result as the server told it; `take` answering false
    /// ends the search as too much.
    pub(in crate::connector) fn listen<T: Send + 'static>(
        &self,
        search: Search,
        begin: T,
        take: impl FnMut(&mut T, ResultEntry) -> bool + Send + 'static,
        doing: &str,
        cancel: Option<&CancelToken>,
    ) -> Result<(T, LdapResult), ConnectorError> {
        let watch = self.observer.as_ref().map(|observer| observer.begin(&self.server.name, &search, false));
        let task = self.spawn(tokio::task::unconstrained(gather(self.ldap.clone(), search, begin, take, watch)));
        self.wait(task, cancel).map_err(|fault| self.failed(doing, fault))
    }

    /// A request that changes the directory; gives the result as the server told it.
    pub(in crate::connector) fn change(
        &self,
        request: Change,
        controls: Vec<RawControl>,
        timeout: Duration,
        doing: &str,
    ) -> Result<LdapResult, ConnectorError> {
        let task = self.spawn(change(self.ldap.clone(), request, controls, timeout));
        self.wait(task, None).map_err(|fault| self.failed(doing, fault))
    }

    fn spawn<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, Fault>> + Send + 'static,
    ) -> JoinHandle<Result<T, Fault>> {
        self.handle.spawn(work)
    }

    /// The failure of a request. A lost connection is explained by the end of its driver.
    fn failed(&self, doing: &str, fault: Fault) -> ConnectorError {
        let mut ended = self.ended.clone();
        let reason = fault.is_lost_connection().then(|| {
            self.handle.block_on(async {
                let known = tokio::time::timeout(DRIVER_END, ended.wait_for(Option::is_some)).await;
                known.ok().and_then(Result::ok).and_then(|ended| ended.clone())
            })
        });
        let fault = match reason.flatten() {
            Some(Ended::Panicked) => Fault::Panicked,
            Some(Ended::Broken(reason)) => Fault::Broken(reason),
            Some(Ended::Closed) | None => fault,
        };
        request_failed(&self.server, doing, fault)
    }

    /// Waits for a task, looking at the cancel token now and then.
    fn wait<T>(&self, mut task: JoinHandle<Result<T, Fault>>, cancel: Option<&CancelToken>) -> Result<T, Fault> {
        self.handle.block_on(async {
            loop {
                tokio::select! {
                    ended = &mut task => return ended.unwrap_or(Err(Fault::Panicked)),
                    () = tokio::time::sleep(CANCEL_POLL) => if cancel.is_some_and(CancelToken::is_cancelled) {
                        task.abort();
                        return Err(Fault::Cancelled);
                    },
                }
            }
        })
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // Never waits, so that a session may be dropped anywhere.
            runtime.shutdown_background();
        }
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("server", &self.server.name).finish_non_exhaustive()
    }
}

/// The pages of a search.
pub(in crate::connector) struct Pages<'a> {
    session: &'a Session,
    search: Arc<Search>,
    /// Most entries of a page.
    page_size: i32,
    /// Entries asked for in the page that is under way.
    asked: i32,
    /// Pages without an entry in a row.
    empty: u32,
    /// The name that the first page began with.
    first: Option<Vec<u8>>,
    /// Later pages that began with it.
    repeated: u32,
    pending: Option<JoinHandle<Result<Answer, Fault>>>,
    doing: &'a str,
    cancel: Option<&'a CancelToken>,
}

impl Pages<'_> {
    /// The next page; a page may be empty without being the last. `None` after the last.
    pub(in crate::connector) fn next_page(&mut self) -> Result<Option<Vec<StructureTag>>, ConnectorError> {
        let Some(task) = self.pending.take() else { return Ok(None) };
        let answered = self.session.wait(task, self.cancel).map_err(|fault| self.session.failed(self.doing, fault))?;
        self.empty = if answered.entries.is_empty() { self.empty + 1 } else { 0 };
        if self.empty > EMPTY_PAGES {
            return Err(request_failed(&self.session.server, self.doing, Fault::Malformed("one empty page after the other")));
        }
        let first = answered.entries.first().and_then(name);
        if first.is_some() && self.first.as_deref() == first {
            self.repeated += 1;
        }
        if self.repeated > REPEATED_PAGES {
            return Err(request_failed(&self.session.server, self.doing, Fault::Malformed("the same page again and again")));
        }
        if self.first.is_none() {
            self.first = first.map(<[u8]>::to_vec);
        }
        if !answered.cookie.is_empty() {
            self.asked = next_size(self.page_size, self.asked, answered.entries.len(), answered.octets);
            self.pending = Some(self.session.ask(&self.search, Some((self.asked, answered.cookie))));
        }
        Ok(Some(answered.entries))
    }
}

impl Drop for Pages<'_> {
    fn drop(&mut self) {
        if let Some(task) = &self.pending {
            task.abort();
        }
    }
}

/// Runs the connection in a task of its own, so that its panic is noticed, and tells how it ended.
async fn drive(connection: LdapConnAsync, broken: Broken, sender: watch::Sender<Option<Ended>>) {
    let ended = match tokio::spawn(connection.drive()).await {
        Ok(Ok(())) => broken.get().map_or(Ended::Closed, |reason| Ended::Broken(reason.clone())),
        Ok(Err(LdapError::Io { source })) => Ended::Broken(source.to_string()),
        Ok(Err(error)) => Ended::Broken(error.to_string()),
        Err(_panicked) => Ended::Panicked,
    };
    tracing::debug!(?ended, "the connection to the directory ended");
    sender.send_replace(Some(ended));
}

/// How many entries to ask for next, so that a page of objects as large as the last ones has a bounded size.
fn next_size(most: i32, asked: i32, entries: usize, octets: usize) -> i32 {
    if entries == 0 {
        return asked;
    }
    let fitting = PAGE_OCTETS / (octets / entries).max(1);
    i32::try_from(fitting).unwrap_or(most).clamp(1, most)
}

/// The name of an entry, as it came.
fn name(entry: &StructureTag) -> Option<&[u8]> {
    let PL::C(parts) = &entry.payload else { return None };
    match &parts.first()?.payload {
        PL::P(octets) => Some(octets),
        PL::C(_) => None,
    }
}

/// Octets of the values in an answer.
fn weight(tag: &StructureTag) -> usize {
    match &tag.payload {
        PL::P(octets) => octets.len(),
        PL::C(parts) => parts.iter().map(weight).sum(),
    }
}

/// Sends one search and takes its entries as they come, leaving out referrals. The library's queue of
/// entries has no bound, so `take` must be quick: it runs on the thread of the task that fills the queue, which
/// pauses every hundred reads or so to let others work. This task must then empty the queue, however long that takes:
/// it is not one that pauses (`tokio::task::unconstrained`).
async fn gather<T>(
    mut ldap: Ldap,
    search: Search,
    begin: T,
    mut take: impl FnMut(&mut T, ResultEntry) -> bool,
    watch: Option<Watch>,
) -> Result<(T, LdapResult), Fault> {
    if !search.controls.is_empty() {
        ldap.with_controls(search.controls);
    }
    let mut stream =
        ldap.with_timeout(search.timeout).streaming_search(&search.base, search.scope, &search.filter, search.attributes).await?;
    let (mut gathered, mut entries, mut octets) = (begin, 0, 0_usize);
    while let Some(item) = stream.next().await? {
        if item.is_ref() {
            continue;
        }
        entries += 1;
        if watch.is_some() {
            octets = octets.saturating_add(weight(&item.0));
        }
        if !take(&mut gathered, item) {
            return Err(Fault::TooMuch);
        }
    }
    let result = stream.finish().await;
    if let Some(watch) = watch.filter(|_| result.rc == 0) {
        watch.end(entries, octets);
    }
    Ok((gathered, result))
}

/// Sends one change.
async fn change(mut ldap: Ldap, request: Change, mut controls: Vec<RawControl>, timeout: Duration) -> Result<LdapResult, Fault> {
    let ldap = ldap.with_timeout(timeout);
    if matches!(request, Change::Modify { .. }) {
        // A value that is there already, or is gone already, is no error.
        controls.push(RawControl { ctype: PERMISSIVE_MODIFY.to_owned(), crit: false, val: None });
    }
    if !controls.is_empty() {
        ldap.with_controls(controls);
    }
    let set = |values: Vec<Vec<u8>>| values.into_iter().collect::<HashSet<_>>();
    Ok(match request {
        Change::Add { dn, attributes } => {
            let attributes = attributes.into_iter().map(|(name, values)| (name.into_bytes(), set(values))).collect();
            ldap.add(&dn, attributes).await?
        }
        Change::Modify { target, parts } => {
            let parts = parts
                .into_iter()
                .map(|part| {
                    let (name, values) = (part.attribute.into_bytes(), set(part.values));
                    match part.kind {
                        ModificationKind::Add => Mod::Add(name, values),
                        ModificationKind::Delete => Mod::Delete(name, values),
                        ModificationKind::Replace => Mod::Replace(name, values),
                    }
                })
                .collect();
            ldap.modify(&target, parts).await?
        }
        Change::Rename { target, rdn, parent } => ldap.modifydn(&target, &rdn, true, parent.as_deref()).await?,
        Change::Delete { target } => ldap.delete(&target).await?,
    })
}

/// Sends one search and collects its answer, leaving out referrals. `page` asks for a page of this size
/// after this cookie. The time is that of the whole answer: a server must not spin it out entry by entry.
async fn answer(ldap: Ldap, search: Arc<Search>, page: Option<(i32, Vec<u8>)>) -> Result<Answer, Fault> {
    let timeout = search.timeout;
    match tokio::time::timeout(timeout, collect(ldap, search, page)).await {
        Ok(answer) => answer,
        Err(elapsed) => Err(LdapError::from(elapsed).into()),
    }
}

async fn collect(mut ldap: Ldap, search: Arc<Search>, page: Option<(i32, Vec<u8>)>) -> Result<Answer, Fault> {
    let mut controls = search.controls.clone();
    let paged = page.is_some();
    if let Some((size, cookie)) = page {
        let mut control = RawControl::from(PagedResults { size, cookie });
        control.crit = true;
        controls.push(control);
    }
    if !controls.is_empty() {
        ldap.with_controls(controls);
    }
    let mut stream = ldap
        .with_timeout(search.timeout)
        .streaming_search(&search.base, search.scope, &search.filter, search.attributes.clone())
        .await?;
    let (mut entries, mut octets) = (Vec::new(), 0_usize);
    while let Some(item) = stream.next().await? {
        if item.is_ref() || item.is_intermediate() {
            continue;
        }
        if entries.len() >= MAX_ANSWER {
            return Err(Fault::TooMuch);
        }
        octets = octets.saturating_add(weight(&item.0));
        entries.push(item.0);
    }
    let result = stream.finish().await.success()?;
    let mut cookie = Vec::new();
    if paged && let Some(control) = result.ctrls.into_iter().find(|control| control.1.ctype == PAGED_RESULTS) {
        let value = control.1.val.unwrap_or_default();
        cookie = decode_page_cookie(&value).ok_or(Fault::Malformed("a page without a readable end mark"))?;
    }
    Ok(Answer { entries, octets, cookie })
}

/// One failure stands for itself; several are listed, and the first gives the kind.
fn all_failed(failures: Vec<ConnectorError>, role: &str) -> ConnectorError {
    let messages = failures.iter().map(|failure| failure.message.as_str()).collect::<Vec<_>>().join("; ");
    let several = failures.len() > 1;
    match failures.into_iter().next() {
        Some(first) if several => {
            let error = ConnectorError::new(first.kind, format!("no {role} can be used: {messages}"));
            match first.server {
                Some(server) => error.server(server),
                None => error,
            }
        }
        Some(only) => only,
        None => ConnectorError::new(ConnectorErrorKind::Configuration, format!("no {role} is given")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_large_objects_hold_fewer_of_them() {
        let check = |entries: usize, octets: usize, expected: i32| {
            assert_eq!(next_size(500, 200, entries, octets), expected, "{entries} {octets}");
        };
        check(0, 0, 200);
        check(500, 500 * 2_000, 500);
        check(500, 500 * PAGE_OCTETS / 100, 100);
        check(1, 3 * PAGE_OCTETS, 1);
        check(2, 0, 500);
    }
}
