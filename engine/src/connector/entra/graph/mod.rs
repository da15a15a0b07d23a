//! The tenant over public Microsoft Graph.
//!
//! Objects are read by delta queries and written by `$batch`. What they are made as are objects of the cloud that carry
//! the source anchor: users in `onPremisesImmutableId`, groups in a directory extension of the application. What
//! Microsoft Graph cannot write stands in one table (`attributes`) and in the schema, so rules do not flow to it.

mod attributes;
mod batch;
mod export;
mod import;
mod links;
mod lookup;
mod object;
mod query;
mod refusal;

use std::collections::HashMap;
use std::sync::Arc;

use reqwest::Method;
use secrecy::SecretString;
use serde_json::{Value, json};
use uuid::Uuid;

pub use self::attributes::{AttributeCapability, capabilities, reason_not_made, reason_not_written};
use self::attributes::{Kind, SOURCE_ANCHOR, mark};
use self::batch::{Batches, RETRIES};
use self::lookup::Deleted;
use self::query::quoted;
use super::backend::{TenantBackend, TenantFacts, guard_of};
use super::client::{CallError, CallRules, TenantClient};
use super::roles::{GROUPS, USERS};
use super::settings::{BackendKind, EntraSettings};
use crate::connector::{
    Anchor, CancelToken, ConnectorError, ConnectorErrorKind, DeletionGuard, ExportChange, ExportResult, ImportItem,
    ImportRequest, ImportSummary,
};
use crate::model::{Clock, Schema};

/// How Microsoft Graph is called.
const RULES: CallRules =
    CallRules { retries: RETRIES, role: "User.ReadWrite.All, Group.ReadWrite.All, OrgContact.Read.All and Device.Read.All" };
/// Changes that are sent at a time at least, so that several batches are on their way.
const CHANGES: usize = 320;

/// A tenant that is reached over Microsoft Graph.
#[derive(Debug)]
pub struct GraphBackend {
    client: TenantClient,
    batches: Batches,
    schema: Schema,
    /// The property in which groups keep their source anchor; nothing while it was not looked for.
    group_anchor: Option<Option<String>>,
    /// What an export needs to know of the tenant, once it was asked.
    domains: Option<Domains>,
    /// Objects that this connection has met, by source anchor.
    known: HashMap<String, (Kind, Uuid)>,
    /// Deleted objects that can be restored, once they were asked for.
    deleted: Option<Deleted>,
}

/// Domains that users can have in their names.
#[derive(Clone, Debug, Default)]
struct Domains {
    verified: Vec<String>,
    initial: String,
}

impl GraphBackend {
    /// Prepares the connection; the tenant is not asked yet.
    ///
    /// # Errors
    /// [`ConnectorError`] when the settings cannot be used.
    pub fn open(
        settings: EntraSettings,
        secret: SecretString,
        clock: Arc<dyn Clock>,
        mut schema: Schema,
    ) -> Result<Self, ConnectorError> {
        mark(&mut schema);
        let batches = Batches::new(settings.writes, clock.now());
        let client = TenantClient::new(settings, secret, clock, RULES)?;
        Ok(Self { client, batches, schema, group_anchor: None, domains: None, known: HashMap::new(), deleted: None })
    }

    fn error(&self, kind: ConnectorErrorKind, message: impl Into<String>) -> ConnectorError {
        ConnectorError::new(kind, message).server(self.client.server())
    }

    /// Reads something by its path below the version.
    fn get(&mut self, path: &str, options: &[(&str, &str)], cancel: &CancelToken) -> Result<Value, CallError> {
        let mut url = self.client.url(&format!("v1.0/{path}"));
        if !options.is_empty() {
            url.query_pairs_mut().extend_pairs(options);
        }
        self.client.call(&Method::GET, &url, None, cancel)
    }

    /// The property in which groups keep their source anchor: a directory extension of the application. With `create` it
    /// is made when it is missing.
    fn group_anchor(&mut self, create: bool, cancel: &CancelToken) -> Result<Option<String>, ConnectorError> {
        match &self.group_anchor {
            Some(Some(known)) => return Ok(Some(known.clone())),
            Some(None) if !create => return Ok(None),
            Some(None) | None => {}
        }
        let client_id = self.client.settings().client_id.to_ascii_lowercase();
        let name = format!("extension_{}_{SOURCE_ANCHOR}", client_id.replace('-', ""));
        let path = format!("applications(appId={})/extensionProperties", quoted(&client_id));
        let filter = format!("name eq {}", quoted(&name));
        let found = match self.get(&path, &[("$filter", &filter)], cancel) {
            Ok(list) => list.get("value").and_then(Value::as_array).is_some_and(|list| !list.is_empty()),
            // Who may not see applications imports groups without source anchors.
            Err(CallError::Failed(error)) if error.kind == ConnectorErrorKind::Permission && !create => false,
            Err(CallError::Failed(error)) if error.kind == ConnectorErrorKind::Permission => return Err(self.no_anchor(&error)),
            Err(error) => return Err(error.into()),
        };
        if !found && create {
            let url = self.client.url(&format!("v1.0/{path}"));
            let body = json!({ "name": SOURCE_ANCHOR, "dataType": "String", "isMultiValued": false, "targetObjects": ["Group"] });
            self.client.call(&Method::POST, &url, Some(&body), cancel).map_err(|error| {
                let error = ConnectorError::from(error);
                if error.kind == ConnectorErrorKind::Permission { self.no_anchor(&error) } else { error }
            })?;
        }
        let known = (found || create).then_some(name);
        self.group_anchor = Some(known.clone());
        Ok(known)
    }

    fn no_anchor(&self, error: &ConnectorError) -> ConnectorError {
        let client_id = &self.client.settings().client_id;
        let message = format!(
            "groups keep their source anchor in a directory extension, which application {client_id} may not make: give it the role \
             Application.ReadWrite.OwnedBy and make it its own owner ({})",
            error.message
        );
        self.error(ConnectorErrorKind::Permission, message)
    }

    /// Refuses to write to a tenant that another tool synchronizes to, and learns its domains.
    fn prepare_export(&mut self, cancel: &CancelToken) -> Result<Domains, ConnectorError> {
        if let Some(domains) = &self.domains {
            return Ok(domains.clone());
        }
        let organization = self.get("organization", &[("$select", "id,onPremisesSyncEnabled")], cancel)?;
        let synchronized = organization.pointer("/value/0/onPremisesSyncEnabled").and_then(Value::as_bool) == Some(true);
        if synchronized && !self.client.settings().accept_synchronized {
            let message = format!(
                "Microsoft's own tool synchronizes to tenant {}, and two tools would undo each other's changes; switch it off, or add \
                 the connector with --i-know",
                self.client.settings().tenant_name
            );
            return Err(self.error(ConnectorErrorKind::ExportDisabled, message));
        }
        let list = self.get("domains", &[], cancel)?;
        let mut domains = Domains::default();
        for domain in list.get("value").and_then(Value::as_array).into_iter().flatten() {
            let name = domain.get("id").and_then(Value::as_str).unwrap_or_default().to_ascii_lowercase();
            let is = |flag: &str| domain.get(flag).and_then(Value::as_bool) == Some(true);
            if is("isInitial") {
                domains.initial.clone_from(&name);
            }
            if is("isVerified") {
                domains.verified.push(name);
            }
        }
        self.domains = Some(domains.clone());
        Ok(domains)
    }
}

impl TenantBackend for GraphBackend {
    fn kind(&self) -> BackendKind {
        BackendKind::Graph
    }

    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn client(&mut self) -> &mut TenantClient {
        &mut self.client
    }

    fn attribute_capabilities(&self) -> Vec<AttributeCapability> {
        capabilities(&self.schema)
    }

    fn batch_size(&self, configured: usize) -> usize {
        configured.max(CHANGES)
    }

    fn check(&mut self) -> Result<(), ConnectorError> {
        let cancel = CancelToken::default();
        self.get("organization", &[("$select", "id")], &cancel)?;
        self.group_anchor(true, &cancel)?;
        Ok(())
    }

    fn probe(&mut self) -> Vec<(String, Result<String, ConnectorError>)> {
        let cancel = CancelToken::default();
        let mut found = Vec::new();
        for path in ["organization", "domains", "users", "groups", "contacts", "devices"] {
            let options: &[(&str, &str)] =
                if Kind::ALL.iter().any(|kind| kind.set() == path) { &[("$select", "id"), ("$top", "1")] } else { &[] };
            let read = self.get(path, options, &cancel).map(|_| "can be read".to_owned()).map_err(ConnectorError::from);
            found.push((path.to_owned(), read));
        }
        let anchor = self.group_anchor(false, &cancel).map(|known| match known {
            Some(name) => format!("groups keep their source anchor in {name}"),
            None => "groups have no source anchor yet; the first export makes the property".to_owned(),
        });
        found.push(("directory extensions".to_owned(), anchor));
        found
    }

    fn rights(&mut self) -> Vec<(String, Result<String, ConnectorError>)> {
        let mut rights = Vec::new();
        for need in [USERS, GROUPS] {
            let allowed = self.client.demand(need, &CancelToken::default());
            rights.push((need.what.to_owned(), allowed.map(|()| "can be written".to_owned())));
        }
        rights
    }

    fn facts(&mut self) -> Result<TenantFacts, ConnectorError> {
        let cancel = CancelToken::default();
        let mut facts = TenantFacts::default();
        let organization = self.get("organization", &[], &cancel)?;
        let field = |name: &str| organization.pointer(&format!("/value/0/{name}"));
        let text = |name: &str| field(name).and_then(Value::as_str).map(str::to_owned);
        facts.tenant_id = text("id").unwrap_or_default();
        facts.display_name = text("displayName").unwrap_or_default();
        facts.synchronized = field("onPremisesSyncEnabled").and_then(Value::as_bool);
        facts.last_synchronized = text("onPremisesLastSyncDateTime");
        match self.get("domains", &[], &cancel) {
            Ok(list) => {
                let mut found: Vec<(bool, String)> = Vec::new();
                for domain in list.get("value").and_then(Value::as_array).into_iter().flatten() {
                    let is = |flag: &str| domain.get(flag).and_then(Value::as_bool) == Some(true);
                    if let Some(name) = domain.get("id").and_then(Value::as_str).filter(|_| is("isVerified")) {
                        found.push((!is("isInitial"), name.to_owned()));
                    }
                }
                found.sort();
                facts.domains = found.into_iter().map(|(_, name)| name).collect();
            }
            Err(error) => facts.unknown.push(format!("domains: {}", ConnectorError::from(error))),
        }
        match self.deletion_guard() {
            Ok(guard) => facts.deletion_guard = guard,
            Err(error) => facts.unknown.push(format!("limit of deletions: {error}")),
        }
        match self.group_anchor(false, &cancel) {
            Ok(Some(_)) => {}
            Ok(None) => {
                facts.unknown.push("groups have no source anchor in this tenant yet; the first export makes it".to_owned())
            }
            Err(error) => facts.unknown.push(format!("directory extensions: {error}")),
        }
        Ok(facts)
    }

    fn deletion_guard(&mut self) -> Result<Option<DeletionGuard>, ConnectorError> {
        let list = self.get("directory/onPremisesSynchronization", &[], &CancelToken::default())?;
        let guard = list.pointer("/value/0/configuration/accidentalDeletionPrevention");
        let kind = guard.and_then(|guard| guard.get("synchronizationPreventionType")).and_then(Value::as_str);
        Ok(guard_of(kind, guard.and_then(|guard| guard.get("alertThreshold")).and_then(Value::as_u64)))
    }

    fn import(
        &mut self,
        request: &ImportRequest,
        sink: &mut dyn FnMut(ImportItem) -> bool,
    ) -> Result<ImportSummary, ConnectorError> {
        self.client.set_timeout_secs(request.timeout_secs);
        self.read(request, sink)
    }

    fn objects(
        &mut self,
        request: &ImportRequest,
        anchors: &[Anchor],
        sink: &mut dyn FnMut(ImportItem) -> bool,
    ) -> Result<(), ConnectorError> {
        self.read_objects(request, anchors, sink)
    }

    fn export(&mut self, changes: &[ExportChange], cancel: &CancelToken) -> Result<Vec<ExportResult>, ConnectorError> {
        self.client.set_timeout_secs(0);
        self.write(changes, cancel)
    }

    fn finish(&mut self, _was_export: bool) -> Result<(), ConnectorError> {
        Ok(())
    }
}
