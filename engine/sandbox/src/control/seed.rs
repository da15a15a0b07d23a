//! `POST /seed`: bulk objects of the cloud side, applications, domains, features and organization settings.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{commit, fault};
use crate::dirsync::Stop;
use crate::file::{Loaded, LoadedClient};
use crate::schema::Kind;
use crate::server::http::Reply;
use crate::sign_in::{assertion, secrets};
use crate::store::changes::Action;
use crate::store::objects::{self, Object, Values};
use crate::tenant::{Domain, PasswordHash, Tenant};

use super::edit::{link, put_values};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Seed {
    #[serde(default)]
    organization: Option<Organization>,
    #[serde(default)]
    features: Option<Features>,
    #[serde(default)]
    domains: Vec<GivenDomain>,
    #[serde(default)]
    clients: Vec<Client>,
    #[serde(default)]
    objects: Vec<Planted>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Organization {
    on_premises_sync_enabled: bool,
}

/// Written as they are, also features that cannot be turned off.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Features {
    bits: u64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct GivenDomain {
    name: String,
    #[serde(default)]
    verified: Option<bool>,
    /// `Managed` or `Federated`.
    #[serde(default)]
    authentication_type: Option<String>,
}

impl GivenDomain {
    fn domain(&self, tenant: &Tenant) -> Result<Domain, Stop> {
        let domain = Domain::verified(&self.name);
        let mut domain = domain.map_err(|_unusable| fault(format!("'{}' is not a domain name", self.name)))?;
        domain.is_initial = domain.name == tenant.initial_domain();
        domain.is_verified = self.verified.unwrap_or(true);
        match self.authentication_type.as_deref() {
            None | Some("Managed") => {}
            Some("Federated") => domain.authentication = "Federated".to_owned(),
            Some(_) => return Err(fault("'authenticationType' is Managed or Federated")),
        }
        Ok(domain)
    }
}

/// `{"name","verified","authenticationType"}`
pub(super) fn read_domain(tenant: &Tenant, body: &Value) -> Result<Domain, Stop> {
    let given: GivenDomain = serde_json::from_value(body.clone()).map_err(|error| fault(error.to_string()))?;
    given.domain(tenant)
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Client {
    name: String,
    roles: Vec<String>,
    /// PEM form.
    #[serde(default)]
    certificate: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Planted {
    object_type: String,
    #[serde(default)]
    id: Option<uuid::Uuid>,
    #[serde(default)]
    source_anchor: Option<String>,
    #[serde(default)]
    on_premises_sync_enabled: Option<bool>,
    #[serde(default)]
    role: Option<String>,
    /// Under the names of the sync channel.
    #[serde(default)]
    attributes: Map<String, Value>,
    /// Under the names of the directory.
    #[serde(default)]
    cloud: Values,
    #[serde(default)]
    members: Vec<String>,
    /// A password chosen in the cloud.
    #[serde(default)]
    password: Option<String>,
    /// A hash as password synchronization sends it.
    #[serde(default)]
    credential_data: Option<String>,
}

/// Plants everything of the request.
pub(super) fn plant_as_reply(tenant: &mut Tenant, body: &Value) -> Result<Reply, Stop> {
    let given: Seed = serde_json::from_value(body.clone()).map_err(|error| fault(error.to_string()))?;
    let (anchors, clients) = plant(tenant, given)?;
    let clients: Vec<Value> = clients
        .into_iter()
        .map(|client| json!({ "name": client.name, "clientId": client.client_id, "clientSecret": client.client_secret }))
        .collect();
    Ok(Reply::json(200, json!({ "objects": anchors, "clients": clients })))
}

/// Plants everything of a file.
pub(crate) fn seed(tenant: &mut Tenant, text: &str) -> Result<Loaded, Stop> {
    let given: Seed = serde_json::from_str(text).map_err(|error| fault(error.to_string()))?;
    let (anchors, clients) = plant(tenant, given)?;
    Ok(Loaded { objects: anchors.len(), clients })
}

/// The cloud anchors of the objects, and the applications with their secrets.
fn plant(tenant: &mut Tenant, seed: Seed) -> Result<(Vec<String>, Vec<LoadedClient>), Stop> {
    for given in &seed.domains {
        let domain = given.domain(tenant)?;
        tenant.write_domain(&domain)?;
    }
    if let Some(organization) = seed.organization {
        tenant.set_sync_enabled(organization.on_premises_sync_enabled)?;
    }
    if let Some(features) = seed.features {
        let flags = tenant.flags().with_bits(features.bits);
        tenant.set_flags(flags.ok_or_else(|| fault("'bits' holds an unknown feature"))?)?;
    }
    let mut clients = Vec::new();
    for client in seed.clients {
        let client_id = tenant.new_id().to_string();
        let object_id = tenant.new_id().to_string();
        tenant.add_client(&client_id, &object_id, &client.name, &client.roles)?;
        if let Some(pem) = &client.certificate {
            assertion::register(tenant, &client_id, pem).map_err(|error| fault(error.to_string()))?;
        }
        let secret = secrets::create(tenant, &client_id)?;
        clients.push(LoadedClient { name: client.name, client_id, client_secret: Some(secret) });
    }
    let mut anchors = Vec::new();
    let mut members = Vec::new();
    for planted in seed.objects {
        let object = plant_object(tenant, &planted)?;
        anchors.push(object.cloud_anchor());
        members.push((object.id, planted));
    }
    // References may name objects that come later in the list.
    for (row, planted) in members {
        let kind = Kind::from_name(&planted.object_type).unwrap_or(Kind::User);
        link(tenant, row, kind, &planted.attributes, &planted.members, &[])?;
    }
    Ok((anchors, clients))
}

fn plant_object(tenant: &mut Tenant, planted: &Planted) -> Result<Object, Stop> {
    let Some(kind) = Kind::from_name(&planted.object_type) else {
        return Err(fault(format!("object type '{}' is not known", planted.object_type)));
    };
    if let Some(anchor) = &planted.source_anchor
        && objects::by_anchor(&tenant.db, anchor)?.is_some()
    {
        return Err(fault(format!("source anchor '{anchor}' is in use")));
    }
    let id = match planted.id {
        Some(id) if objects::by_object_id(&tenant.db, &id.to_string())?.is_some() => {
            return Err(fault(format!("object id '{id}' is in use")));
        }
        Some(id) => id,
        None => tenant.new_id(),
    };
    let mut object = Object::new(id, kind, tenant.now());
    object.anchor = planted.source_anchor.clone();
    object.synced = planted.on_premises_sync_enabled;
    object.role = planted.role.clone();
    object.cloud = planted.cloud.clone();
    put_values(&mut object, &planted.attributes)?;
    commit(tenant, &mut object, Action::Created)?;
    if let Some(password) = &planted.password {
        tenant.set_cloud_password(object.id, password)?;
    }
    if let Some(text) = &planted.credential_data {
        let hash = PasswordHash::parse(text).ok_or_else(|| fault("'credentialData' is not the text of a hash"))?;
        tenant.set_synced_password(object.id, &hash, tenant.now())?;
    }
    Ok(object)
}
