//! The synchronization channel of a sandbox tenant.
//!
//! Objects are read page by page from a change feed, whose last link is the watermark, and written in
//! batches of which each change is decided on its own. A change is told as "set these attributes of the
//! object with this source anchor", so sending it twice does no harm.

mod import;
mod provision;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use reqwest::{Method, Url};
use secrecy::SecretString;
use serde_json::{Value, json};

pub use self::import::read_values;
use self::import::{ObjectReader, Page};
pub use self::provision::{Prepared, Results, prepare};
use super::backend::{TenantBackend, TenantFacts, guard_of};
use super::client::{CallError, CallRules, TenantClient};
use super::roles::CHANNEL;
use super::settings::{BackendKind, EntraSettings};
use crate::connector::{
    CancelToken, ConnectorError, ConnectorErrorKind, DeletionGuard, EntryValue, ExportAttributeChange, ExportChange,
    ExportOutcome, ExportResult, ExportValue, ImportItem, ImportMode, ImportRequest, ImportSummary,
};
use crate::model::{AlgorithmStep, Clock, ErrorCode, ObjectError, Schema};

/// Changes sent in one call; the channel takes at most this many.
const MAX_BATCH: usize = 100;
/// Calls on their way at a time.
const WIDTH: usize = 4;
/// Changes that are asked for at a time at least, so that several calls are on their way.
const CHANGES: usize = 400;
/// Bounds of the page size; smaller pages would only mean more requests.
const PAGE_SIZES: (u32, u32) = (500, 999);
/// Attributes whose values only one object of a tenant can have.
const UNIQUE: [&str; 4] = ["userPrincipalName", "proxyAddresses", "mail", "signInNames"];
/// Query option that carries the watermark.
const DELTA_TOKEN: &str = "$deltatoken";
/// Why an object that the tenant's administrators moved to the cloud is not written.
pub const CLOUD_MANAGED: &str = "an administrator of the tenant made the cloud the object's source of authority (isCloudManaged), so it is \
                                 changed there and no more from here; give it back in the tenant, or take it out of scope here";
/// How the channel is called.
const RULES: CallRules = CallRules { retries: 3, role: "DirSync.ReadWrite.All" };

/// A tenant that is reached over its synchronization channel.
#[derive(Debug)]
pub struct SyncChannel {
    client: TenantClient,
    client_name: String,
    schema: Schema,
}

impl SyncChannel {
    /// Prepares the connection; the tenant is not asked yet.
    ///
    /// # Errors
    /// [`ConnectorError`] when the settings cannot be used.
    pub fn open(
        settings: EntraSettings,
        secret: SecretString,
        clock: Arc<dyn Clock>,
        schema: Schema,
    ) -> Result<Self, ConnectorError> {
        let client_name = settings.client_name.clone();
        Ok(Self { client: TenantClient::new(settings, secret, clock, RULES)?, client_name, schema })
    }

    fn error(&self, kind: ConnectorErrorKind, message: impl Into<String>) -> ConnectorError {
        ConnectorError::new(kind, message).server(self.client.server())
    }

    fn company(&mut self) -> Result<Value, ConnectorError> {
        let url = self.client.url("dirsync/v1/company");
        Ok(self.client.call(&Method::GET, &url, None, &CancelToken::default())?)
    }

    /// The first page of an import.
    fn first_page(&self, request: &ImportRequest) -> Result<Url, ConnectorError> {
        let (smallest, largest) = PAGE_SIZES;
        let mut url = self.client.url("dirsync/v1/objects/delta");
        let mut query = url.query_pairs_mut();
        query.append_pair("$top", &request.page_size.clamp(smallest, largest).to_string());
        if let ImportMode::Delta(watermark) = &request.mode {
            let token = std::str::from_utf8(&watermark.0).ok().filter(|token| !token.is_empty());
            let message = "the stored watermark is not one of this connector; run a full import";
            query.append_pair(DELTA_TOKEN, token.ok_or_else(|| self.error(ConnectorErrorKind::NoWatermark, message))?);
        }
        drop(query);
        Ok(url)
    }

    fn page(&mut self, url: &Url, request: &ImportRequest) -> Result<Page, ConnectorError> {
        let answer = match self.client.call(&Method::GET, url, None, &request.cancel) {
            Ok(answer) => answer,
            Err(CallError::Refused { status, code, error }) => return Err(refused_page(status, &code, error, &request.mode)),
            Err(error) => return Err(error.into()),
        };
        serde_json::from_value(answer).map_err(|error| {
            self.error(ConnectorErrorKind::Protocol, "the tenant answered a page in a form that is not known").cause(error)
        })
    }

    fn follow(&self, link: &str) -> Result<Url, ConnectorError> {
        let message = || self.error(ConnectorErrorKind::Protocol, "the tenant gave a link that is no address");
        self.client.link(link).ok_or_else(message)
    }

    /// The watermark in the link at the end of an import: only its token, because the tenant's address
    /// can change.
    fn watermark(&self, link: &str) -> Result<Vec<u8>, ConnectorError> {
        let url = self.follow(link)?;
        let token =
            url.query_pairs().find(|(name, _)| name.eq_ignore_ascii_case(DELTA_TOKEN)).map(|(_, token)| token.into_owned());
        let message = || self.error(ConnectorErrorKind::Protocol, "the tenant's last page tells no watermark");
        token.filter(|token| !token.is_empty()).map(String::into_bytes).ok_or_else(message)
    }

    /// Sends changes, several requests at a time, and says what became of each.
    fn send(&mut self, changes: &[ExportChange], cancel: &CancelToken) -> Result<Vec<ExportResult>, ConnectorError> {
        // Deleting and adding an object takes two changes of a request.
        let parts: Vec<&[ExportChange]> = changes.chunks(MAX_BATCH / 2).collect();
        let mut prepared: Vec<Vec<Prepared>> = Vec::with_capacity(parts.len());
        let (mut bodies, mut places) = (Vec::new(), Vec::new());
        for (place, part) in parts.iter().enumerate() {
            let mut part: Vec<Prepared> = part.iter().enumerate().map(|(id, change)| prepare(&self.schema, change, id)).collect();
            let sent: Vec<Value> = part.iter_mut().flat_map(Prepared::take_changes).collect();
            if !sent.is_empty() {
                bodies.push(json!({ "client": self.client_name, "changes": sent }));
                places.push(place);
            }
            prepared.push(part);
        }
        let url = self.client.url("dirsync/v1/provision");
        let width = if want_the_same(&parts) { 1 } else { WIDTH };
        let answers = self.client.post_each(&url, &bodies, width, cancel)?;
        let mut answered: BTreeMap<usize, Result<Value, CallError>> =
            places.into_iter().zip(answers).filter_map(|(place, answer)| Some((place, answer?))).collect();
        let done = answered.values().any(Result::is_ok);
        let mut failure = None;
        let mut outcomes = Vec::with_capacity(changes.len());
        for (place, part) in prepared.into_iter().enumerate() {
            let mut results = Results::default();
            let mut answered_now = false;
            match answered.remove(&place) {
                Some(Ok(answer)) => {
                    answered_now = true;
                    results = Results::read(answer).map_err(|error| {
                        self.error(ConnectorErrorKind::Protocol, "the tenant answered a batch in a form that is not known")
                            .cause(error)
                    })?;
                }
                Some(Err(CallError::Busy(error))) => failure = Some(error.message),
                Some(Err(error)) => {
                    let error = ConnectorError::from(error);
                    if !done {
                        return Err(error);
                    }
                    tracing::warn!(%error, "the rest of the batch is not sent");
                    failure = Some(error.message);
                }
                None => {}
            }
            if !answered_now && part.iter().any(Prepared::is_sent) {
                let message = failure.clone().unwrap_or_else(|| "it was not sent".to_owned());
                outcomes.extend(transient(part.len(), &message));
            } else {
                let part = part.into_iter().enumerate();
                outcomes.extend(part.map(|(id, prepared)| prepared.outcome(id, &mut results, &self.schema)));
            }
        }
        Ok(outcomes.into_iter().map(|outcome| ExportResult { outcome }).collect())
    }
}

/// Whether different calls ask for the same name or address. The tenant gives it to the first, and that must be the same one
/// every time.
fn want_the_same(parts: &[&[ExportChange]]) -> bool {
    let mut wanted: HashMap<String, usize> = HashMap::new();
    for (place, part) in parts.iter().enumerate() {
        for (name, change) in part.iter().flat_map(|change| &change.attributes) {
            if !UNIQUE.iter().any(|unique| unique.eq_ignore_ascii_case(name)) {
                continue;
            }
            let values = match change {
                ExportAttributeChange::Replace(values) | ExportAttributeChange::Values { adds: values, .. } => values.as_slice(),
                ExportAttributeChange::Delete => &[],
            };
            for value in values {
                let ExportValue::Plain(EntryValue::Text(text)) = value else { continue };
                let text = text.to_lowercase();
                let address = text.strip_prefix("smtp:").unwrap_or(&text).to_owned();
                if *wanted.entry(address).or_insert(place) != place {
                    return true;
                }
            }
        }
    }
    false
}

/// The same passing failure for each of `count` changes.
fn transient(count: usize, message: &str) -> Vec<ExportOutcome> {
    let error = ObjectError::new(ErrorCode::CD_CONNECTIVITY, message).at(AlgorithmStep::Export);
    vec![ExportOutcome::Transient(error); count]
}

/// A refused page: most often the watermark is too old.
fn refused_page(status: u16, code: &str, error: ConnectorError, mode: &ImportMode) -> ConnectorError {
    let expired = status == 410 || matches!(code, "syncStateNotFound" | "resyncRequired");
    let server = error.server.clone().unwrap_or_default();
    match mode {
        ImportMode::Delta(_) if expired || status == 400 => {
            let message = format!("the tenant does not know the watermark any more; run a full import ({})", error.message);
            ConnectorError::new(ConnectorErrorKind::NoWatermark, message).server(server)
        }
        ImportMode::Full if expired => {
            let message = format!("the tenant lost the place in its list of objects; run the import again ({})", error.message);
            ConnectorError::new(ConnectorErrorKind::Dropped, message).server(server)
        }
        ImportMode::Full | ImportMode::Delta(_) => error,
    }
}

/// The limit on deletions that the tenant tells of.
fn guard(company: &Value) -> Option<DeletionGuard> {
    let kind = company.get("preventAccidentalDeletion").and_then(Value::as_str);
    let name = if kind == Some("enabledForPercentage") { "thresholdPercentage" } else { "thresholdCount" };
    guard_of(kind, company.get(name).and_then(Value::as_u64))
}

impl TenantBackend for SyncChannel {
    fn kind(&self) -> BackendKind {
        BackendKind::SyncChannel
    }

    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn client(&mut self) -> &mut TenantClient {
        &mut self.client
    }

    fn batch_size(&self, configured: usize) -> usize {
        configured.max(CHANGES)
    }

    fn check(&mut self) -> Result<(), ConnectorError> {
        self.company().map(drop)
    }

    fn probe(&mut self) -> Vec<(String, Result<String, ConnectorError>)> {
        vec![("synchronization channel".to_owned(), self.company().map(|_| "can be read".to_owned()))]
    }

    fn rights(&mut self) -> Vec<(String, Result<String, ConnectorError>)> {
        let allowed = self.client.demand(CHANNEL, &CancelToken::default());
        vec![("synchronization channel".to_owned(), allowed.map(|()| "can be written".to_owned()))]
    }

    fn facts(&mut self) -> Result<TenantFacts, ConnectorError> {
        let company = self.company()?;
        let text = |name: &str| company.get(name).and_then(Value::as_str).map(str::to_owned);
        Ok(TenantFacts {
            tenant_id: text("tenantId").unwrap_or_default(),
            display_name: text("displayName").unwrap_or_default(),
            synchronized: company.get("onPremisesSyncEnabled").and_then(Value::as_bool),
            last_synchronized: text("lastDirSyncTime"),
            domains: text("initialDomain").into_iter().collect(),
            deletion_guard: guard(&company),
            unknown: Vec::new(),
        })
    }

    fn deletion_guard(&mut self) -> Result<Option<DeletionGuard>, ConnectorError> {
        self.company().map(|company| guard(&company))
    }

    fn import(
        &mut self,
        request: &ImportRequest,
        sink: &mut dyn FnMut(ImportItem) -> bool,
    ) -> Result<ImportSummary, ConnectorError> {
        self.client.set_timeout_secs(request.timeout_secs);
        let objects = ObjectReader::new(request, request.mode != ImportMode::Full);
        let mut url = self.first_page(request)?;
        loop {
            let page = self.page(&url, request)?;
            tracing::debug!(objects = page.value.len(), "page read");
            for item in page.value.into_iter().filter_map(|value| objects.read(value)) {
                if request.cancel.is_cancelled() || !sink(item) {
                    return Err(self.error(ConnectorErrorKind::Cancelled, "the import was stopped"));
                }
            }
            let Some(link) = page.next_link else {
                let watermark = self.watermark(page.delta_link.as_deref().unwrap_or_default())?;
                let server = Some(self.client.server());
                return Ok(ImportSummary { watermark: Some(watermark), server, warnings: Vec::new(), present: None });
            };
            let next = self.follow(&link)?;
            if next == url {
                return Err(self.error(ConnectorErrorKind::Protocol, "the tenant's pages go round in a circle"));
            }
            url = next;
        }
    }

    fn export(&mut self, changes: &[ExportChange], cancel: &CancelToken) -> Result<Vec<ExportResult>, ConnectorError> {
        self.client.set_timeout_secs(0);
        self.client.demand(CHANNEL, cancel)?;
        self.send(changes, cancel)
    }

    fn finish(&mut self, was_export: bool) -> Result<(), ConnectorError> {
        let session = if was_export { "export" } else { "import" };
        let url = self.client.url(&format!("dirsync/v1/sessions/{session}/finalize"));
        let body = json!({ "client": self.client_name });
        self.client.call(&Method::POST, &url, Some(&body), &CancelToken::default())?;
        Ok(())
    }
}
