//! The synchronization channel of a sandbox tenant.
//!
//! Objects are read page by page from a change feed, whose last link is the watermark, and written in
//! batches of which each change is decided on its own. A change is told as "set these attributes of the
//! object with this source anchor", so sending it twice does no harm.

mod import;
mod provision;

use std::sync::Arc;

use reqwest::{Method, Url};
use secrecy::SecretString;
use serde_json::{Value, json};

pub use self::import::read_values;
use self::import::{ObjectReader, Page};
pub use self::provision::{Prepared, Results, prepare};
use super::backend::{TenantBackend, TenantFacts};
use super::client::{CallError, CallRules, TenantClient};
use super::settings::{BackendKind, EntraSettings};
use crate::connector::{
    CancelToken, ConnectorError, ConnectorErrorKind, ExportChange, ExportOutcome, ExportResult, ImportItem, ImportMode,
    ImportRequest, ImportSummary,
};
use crate::model::{AlgorithmStep, Clock, ErrorCode, ObjectError, Schema};

/// Changes sent in one call; the channel takes at most this many.
const MAX_BATCH: usize = 100;
/// Bounds of the page size.
const PAGE_SIZES: (u32, u32) = (50, 999);
/// Query option that carries the watermark.
const DELTA_TOKEN: &str = "$deltatoken";
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

    /// Sends some changes and says what became of each.
    fn send(&mut self, changes: &[ExportChange], cancel: &CancelToken) -> Result<Vec<ExportResult>, ConnectorError> {
        let prepared: Vec<Prepared> = changes.iter().enumerate().map(|(id, change)| prepare(&self.schema, change, id)).collect();
        let sent: Vec<&Value> = prepared.iter().flat_map(|prepared| &prepared.changes).collect();
        let mut results = Results::default();
        if !sent.is_empty() {
            let body = json!({ "client": self.client_name, "changes": sent });
            let url = self.client.url("dirsync/v1/provision");
            match self.client.call(&Method::POST, &url, Some(&body), cancel) {
                Ok(answer) => {
                    results = Results::read(answer).map_err(|error| {
                        self.error(ConnectorErrorKind::Protocol, "the tenant answered a batch in a form that is not known")
                            .cause(error)
                    })?;
                }
                Err(CallError::Busy(error)) => return Ok(transient(changes.len(), &error)),
                Err(error) => return Err(error.into()),
            }
        }
        let outcomes = prepared.into_iter().enumerate().map(|(id, prepared)| prepared.outcome(id, &mut results, &self.schema));
        Ok(outcomes.map(|outcome| ExportResult { outcome }).collect())
    }
}

/// The same passing failure for each of `count` changes.
fn transient(count: usize, error: &ConnectorError) -> Vec<ExportResult> {
    let error = ObjectError::new(ErrorCode::CD_CONNECTIVITY, error.message.clone()).at(AlgorithmStep::Export);
    vec![ExportResult { outcome: ExportOutcome::Transient(error) }; count]
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

    fn check(&mut self) -> Result<(), ConnectorError> {
        self.company().map(drop)
    }

    fn probe(&mut self) -> Vec<(String, Result<String, ConnectorError>)> {
        vec![("synchronization channel".to_owned(), self.company().map(|_| "can be read".to_owned()))]
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
            unknown: Vec::new(),
        })
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
        let mut results = Vec::with_capacity(changes.len());
        // Deleting and adding an object takes two changes of the batch.
        for part in changes.chunks(MAX_BATCH / 2) {
            match self.send(part, cancel) {
                Ok(outcomes) => results.extend(outcomes),
                Err(error) if results.is_empty() => return Err(error),
                Err(error) => {
                    tracing::warn!(%error, "the rest of the batch is not sent");
                    results.extend(transient(changes.len() - results.len(), &error));
                    break;
                }
            }
        }
        Ok(results)
    }

    fn finish(&mut self, was_export: bool) -> Result<(), ConnectorError> {
        let session = if was_export { "export" } else { "import" };
        let url = self.client.url(&format!("dirsync/v1/sessions/{session}/finalize"));
        let body = json!({ "client": self.client_name });
        self.client.call(&Method::POST, &url, Some(&body), &CancelToken::default())?;
        Ok(())
    }
}
