//! The tenant through the facade: adding one, and what is known of it.

use secrecy::SecretString;
use serde::Serialize;

use super::engine::{Answer, Engine};
use super::views::ConnectorSummary;
use super::{EngineError, queries};
use crate::connector::entra::{AttributeCapability, BackendKind, Cloud, EntraSettings, Proof, TenantFacts, WriteBudget};
use crate::model::ConnectorId;
use crate::setup::{self, TenantCheck, TenantFilter, TenantObject};
use crate::store::configuration;

/// How the tenant is reached, and what can be read and written there. Nothing of it is asked of the tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TenantView {
    /// Name of the connector.
    pub connector: String,
    /// The tenant's initial domain.
    pub tenant_name: String,
    /// The tenant at the sign-in service.
    pub tenant_id: String,
    /// What it is read and written through.
    pub backend: BackendKind,
    /// The name of that, for administrators.
    pub backend_label: &'static str,
    /// The cloud that the tenant is in; nothing when it is in none of Microsoft's.
    pub cloud: Option<&'static str>,
    /// Address of the tenant.
    pub base_url: String,
    /// Address of the sign-in service.
    pub authority: String,
    /// Application that signs in.
    pub client_id: String,
    /// By what it proves who it is.
    pub proof: Proof,
    /// Proxy that is asked for by name.
    pub proxy: Option<String>,
    /// Writes that are sent at most.
    pub writes: Option<WriteBudget>,
    /// Exports are made although Microsoft's own tool synchronizes to the tenant.
    pub accept_synchronized: bool,
    /// What can be done with every attribute, by object type; empty when all of them are read and written.
    pub attributes: Vec<AttributeCapability>,
    /// What the backend can do and cannot, with the reason.
    pub features: Vec<TenantFeature>,
}

/// One line of the capability matrix (`features.md`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct TenantFeature {
    /// The feature.
    pub name: &'static str,
    /// Whether the backend can do it.
    pub available: bool,
    /// Why not, or what is different.
    pub note: &'static str,
}

const fn feature(name: &'static str, available: bool, note: &'static str) -> TenantFeature {
    TenantFeature { name, available, note }
}

const SYNC_CHANNEL: [TenantFeature; 5] = [
    feature("Users, managers, security groups, members, directory extensions", true, ""),
    feature("Contacts, mail-enabled groups, devices, Exchange attributes, proxy addresses", true, ""),
    feature("Soft match, quarantine of duplicate values, calculated sign-in names", true, "by the tenant"),
    feature("Password hash synchronization", true, ""),
    feature("Writeback to Active Directory", true, ""),
];

const GRAPH: [TenantFeature; 5] = [
    feature("Users, managers, security groups, members, directory extensions", true, ""),
    feature(
        "Contacts, mail-enabled groups, devices, Exchange attributes, proxy addresses",
        false,
        "Microsoft Graph shows them and lets nobody write them",
    ),
    feature(
        "Soft match, quarantine of duplicate values, calculated sign-in names",
        false,
        "the connector looks for matches before it makes an object; a value in use is an export error",
    ),
    feature("Password hash synchronization", false, "Microsoft Graph takes no password hashes"),
    feature("Writeback to Active Directory", false, "only what Microsoft Graph shows of groups and devices can be read"),
];

impl Engine {
    /// Adds a tenant: signs in, reads its name, and stores it as a connector; the default rules follow as with
    /// [`Engine::add_directory`]. Nothing is stored when it cannot be used.
    ///
    /// # Errors
    /// [`EngineError`] when something runs, there is a tenant already, or this one cannot be used.
    pub fn add_tenant(&self, settings: EntraSettings, secret: SecretString) -> Answer<ConnectorSummary> {
        self.check_idle()?;
        self.stop_deserted_sandbox()?;
        let connector = setup::add_tenant(&self.setup(), settings, secret)?;
        self.configured(connector)
    }

    /// How the tenant is reached and what can be read and written there; without a name the only tenant there is.
    ///
    /// # Errors
    /// [`EngineError`] when there is no such tenant.
    pub fn tenant(&self, connector: Option<&str>) -> Answer<TenantView> {
        let id = self.tenant_id(connector)?;
        self.query(|reader, _| {
            let record = configuration::connector(reader, id)?
                .ok_or_else(|| EngineError::Invalid(format!("connector number {id} does not exist any more")))?;
            let settings = setup::tenant_settings(&record)?;
            let attributes = setup::tenant_capabilities(&record, &settings);
            let features = match settings.backend {
                BackendKind::SyncChannel => SYNC_CHANNEL,
                BackendKind::Graph => GRAPH,
            };
            Ok(TenantView {
                connector: record.name,
                backend: settings.backend,
                backend_label: settings.backend.label(),
                cloud: Cloud::of_graph(&settings.base_url).map(Cloud::label),
                tenant_name: settings.tenant_name,
                tenant_id: settings.tenant_id,
                base_url: settings.base_url,
                authority: settings.authority,
                client_id: settings.client_id,
                proof: settings.proof,
                proxy: settings.proxy,
                writes: settings.writes,
                accept_synchronized: settings.accept_synchronized,
                attributes,
                features: features.to_vec(),
            })
        })
    }

    /// What the tenant tells of itself; without a name the only tenant there is.
    ///
    /// # Errors
    /// [`EngineError`] when there is no such tenant or it cannot be asked.
    pub fn tenant_facts(&self, connector: Option<&str>) -> Answer<TenantFacts> {
        Ok(setup::tenant_facts(&self.setup(), self.tenant_id(connector)?)?)
    }

    /// Tries every part of the way to the tenant; without a name the only tenant there is.
    ///
    /// # Errors
    /// [`EngineError`] when there is no such tenant or its settings cannot be used.
    pub fn test_tenant(&self, connector: Option<&str>) -> Answer<Vec<TenantCheck>> {
        Ok(setup::test_tenant(&self.setup(), self.tenant_id(connector)?)?)
    }

    /// Objects of the tenant as they are there now; without a name the only tenant there is.
    ///
    /// # Errors
    /// [`EngineError`] when there is no such tenant or it cannot be read.
    pub fn tenant_objects(&self, connector: Option<&str>, filter: &TenantFilter) -> Answer<Vec<TenantObject>> {
        Ok(setup::tenant_objects(&self.setup(), self.tenant_id(connector)?, filter)?)
    }

    fn tenant_id(&self, connector: Option<&str>) -> Answer<ConnectorId> {
        self.query(|_, context| match connector {
            Some(name) => queries::connectors::find(context, name).map(|record| record.id),
            None => queries::protection::tenant(context).map(|record| record.id).ok_or_else(|| {
                EngineError::Invalid("there is no tenant yet; add one with \"syncline connector add tenant\"".to_owned())
            }),
        })
    }
}
