//! A tenant that is there: adding it, and asking it whether it can be used.

use std::collections::BTreeMap;
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use reqwest::Url;
use secrecy::SecretString;
use serde::Serialize;

use super::TENANT_KIND;
use super::directory::{Found, NewDirectory, SetupContext, SetupError, check_name, discover, look, store};
use super::sandbox::{connect, is_waiting_for_tenant};
use crate::connector::entra::{AttributeCapability, BackendKind, EntraConnector, EntraSettings, TenantFacts, anchor_of_dn};
use crate::connector::{
    CancelToken, Connector as _, ConnectorError, ConnectorErrorKind, EntryValue, ImportItem, ImportMode, ImportRequest,
};
use crate::model::ConnectorId;
use crate::store::StoreError;
use crate::store::configuration::{self, ConnectorRecord};
use crate::store::options::{self, SANDBOX_FOLDER, SANDBOX_TENANT};

/// How long a connection is waited for when a tenant is tried.
const CONNECT: Duration = Duration::from_secs(10);
/// Seconds to wait for one answer when objects are listed.
const ANSWER_SECS: u32 = 120;

/// Signs in at a tenant and stores it as a connector, or connects it to the connector that an imported configuration left
/// without a tenant. Its name is made of its initial domain. Nothing is stored when it cannot be used.
///
/// # Errors
/// [`SetupError`] names what is wrong.
pub fn add_tenant(
    context: &SetupContext<'_>,
    mut settings: EntraSettings,
    secret: SecretString,
) -> Result<ConnectorId, SetupError> {
    let waiting = configuration::connectors(&*context.database.reader()?)?.into_iter().find(is_waiting_for_tenant);
    if waiting.is_none() {
        check_name(context.database, "a tenant", TENANT_KIND)?;
    }
    let mut tenant = EntraConnector::open(settings.clone(), secret.clone())?;
    tenant.backend().check()?;
    let facts = tenant.backend().facts()?;
    drop(tenant);
    if let Some(initial) = facts.domains.first() {
        settings.tenant_name.clone_from(initial);
    }
    if settings.backend == BackendKind::Graph && facts.synchronized == Some(true) && !settings.accept_synchronized {
        return Err(SetupError::SynchronizedTenant(settings.tenant_name));
    }
    let name = format!("{} - AAD", settings.tenant_name);
    let new = NewDirectory::tenant(&name, &settings, secret)?;
    let found: Found = if waiting.is_some() { look(context, new)? } else { discover(context, new)? };
    let mut writer = context.database.writer();
    let transaction = writer.transaction()?;
    let connector = match waiting {
        Some(waiting) => connect(&transaction, waiting, found)?,
        None => store(context, &transaction, found)?,
    };
    // A sandbox that was here before is not the tenant any more.
    options::set(&transaction, SANDBOX_FOLDER, None)?;
    options::set(&transaction, SANDBOX_TENANT, None)?;
    transaction.commit().map_err(StoreError::sqlite("storing the tenant"))?;
    Ok(connector)
}

/// The settings of a tenant's connector.
///
/// # Errors
/// [`SetupError`] when the connector is no tenant.
pub fn tenant_settings(record: &ConnectorRecord) -> Result<EntraSettings, SetupError> {
    if record.kind != TENANT_KIND {
        return Err(SetupError::NoTenant(record.name.clone()));
    }
    serde_json::from_str(&record.settings).map_err(|source| SetupError::Settings { name: record.name.clone(), source })
}

/// What can be read and written of a tenant's attributes; nothing when all of them are.
#[must_use]
pub fn tenant_capabilities(record: &ConnectorRecord, settings: &EntraSettings) -> Vec<AttributeCapability> {
    match settings.backend {
        BackendKind::SyncChannel => Vec::new(),
        BackendKind::Graph => crate::connector::entra::attribute_capabilities(&record.schema),
    }
}

fn open(context: &SetupContext<'_>, id: ConnectorId) -> Result<(ConnectorRecord, EntraSettings, SecretString), SetupError> {
    let record = configuration::connector(&*context.database.reader()?, id)?.ok_or(SetupError::UnknownConnector(id))?;
    let settings = tenant_settings(&record)?;
    let sealed = record.secret.as_deref().ok_or_else(|| {
        let message = format!("no secret is stored for connector \"{}\"; set its credential", record.name);
        SetupError::Connector(ConnectorError::new(ConnectorErrorKind::Credentials, message))
    })?;
    let secret = context.secrets.decrypt(sealed)?;
    Ok((record, settings, secret))
}

/// What the tenant tells of itself.
///
/// # Errors
/// [`SetupError`] when it cannot be asked.
pub fn tenant_facts(context: &SetupContext<'_>, id: ConnectorId) -> Result<TenantFacts, SetupError> {
    let (_, settings, secret) = open(context, id)?;
    Ok(EntraConnector::open(settings, secret)?.backend().facts()?)
}

/// One thing that was tried of a tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TenantCheck {
    /// Host and port, or what was asked for.
    pub subject: String,
    /// What was tried: `address`, `connection`, `answer`, `token`, `read`, `write`.
    pub step: String,
    /// Whether it works; nothing when it was not tried.
    pub works: Option<bool>,
    /// What was found, or why it does not work and what to do.
    pub detail: String,
}

impl TenantCheck {
    fn of(subject: &str, step: &str, result: Result<String, String>) -> Self {
        let (works, detail) = match result {
            Ok(detail) => (true, detail),
            Err(detail) => (false, detail),
        };
        Self { subject: subject.to_owned(), step: step.to_owned(), works: Some(works), detail }
    }

    fn left_out(subject: &str, step: &str, why: &str) -> Self {
        Self { subject: subject.to_owned(), step: step.to_owned(), works: None, detail: why.to_owned() }
    }
}

/// Tries every part of the way to a tenant: addresses, connections, answers, the token, reading, and the roles for writing.
///
/// # Errors
/// [`SetupError`] when the connector is no tenant or its settings cannot be used.
pub fn test_tenant(context: &SetupContext<'_>, id: ConnectorId) -> Result<Vec<TenantCheck>, SetupError> {
    let (_, settings, secret) = open(context, id)?;
    try_tenant(&settings, secret)
}

/// As [`test_tenant`], with settings that are not stored.
///
/// # Errors
/// [`SetupError`] when the settings cannot be used.
pub fn try_tenant(settings: &EntraSettings, secret: SecretString) -> Result<Vec<TenantCheck>, SetupError> {
    let mut tenant = EntraConnector::open(settings.clone(), secret)?;
    let proxied = settings.proxy_url()?.is_some();
    let (authority, base) = (settings.token_url()?, settings.base()?);
    let mut checks = Vec::new();
    let mut reached = true;
    for url in [&authority, &base] {
        let host = crate::connector::entra::server_name(url);
        if proxied {
            checks.push(TenantCheck::left_out(&host, "address", "the proxy asks for it"));
        } else {
            reached &= try_connection(&host, url, &mut checks);
        }
        let mut root = url.clone();
        root.set_path("/");
        let answer = tenant.client().touch(&root).map(|status| format!("HTTP {status}")).map_err(|error| error.message);
        reached &= answer.is_ok();
        checks.push(TenantCheck::of(&host, "answer", answer));
        if url.host() == base.host() && url.port_or_known_default() == base.port_or_known_default() {
            break;
        }
    }
    let application = format!("application {}", settings.client_id);
    if !reached {
        checks.push(TenantCheck::left_out(&application, "token", "a host does not answer"));
        return Ok(checks);
    }
    let token = tenant.client().sign_in().map(|()| "given".to_owned()).map_err(|error| error.message);
    let signed_in = token.is_ok();
    checks.push(TenantCheck::of(&application, "token", token));
    if signed_in {
        for (subject, result) in tenant.backend().probe() {
            checks.push(TenantCheck::of(&subject, "read", result.map_err(|error| error.message)));
        }
        for (subject, result) in tenant.backend().rights() {
            checks.push(TenantCheck::of(&subject, "write", result.map_err(|error| error.message)));
        }
    }
    Ok(checks)
}

/// Looks an address up and connects to it; false when either fails.
fn try_connection(host: &str, url: &Url, checks: &mut Vec<TenantCheck>) -> bool {
    let name = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let found = (name, url.port_or_known_default().unwrap_or(443)).to_socket_addrs().map(Iterator::collect::<Vec<_>>);
    let addresses = match found {
        Ok(addresses) if !addresses.is_empty() => addresses,
        Ok(_) => {
            checks.push(TenantCheck::of(host, "address", Err("the name has no address".to_owned())));
            return false;
        }
        Err(error) => {
            let message = format!("the name cannot be looked up: {error}; check it and this computer's name servers");
            checks.push(TenantCheck::of(host, "address", Err(message)));
            return false;
        }
    };
    let listed = addresses.iter().map(|address| address.ip().to_string()).collect::<Vec<_>>().join(", ");
    checks.push(TenantCheck::of(host, "address", Ok(listed)));
    let mut refused = String::new();
    for address in addresses {
        match TcpStream::connect_timeout(&address, CONNECT) {
            Ok(_) => {
                checks.push(TenantCheck::of(host, "connection", Ok(format!("made with {address}"))));
                return true;
            }
            Err(error) => refused = format!("{address}: {error}; open outgoing connections to this host"),
        }
    }
    checks.push(TenantCheck::of(host, "connection", Err(refused)));
    false
}

/// An object as the tenant has it now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TenantObject {
    /// Object type.
    pub object_type: String,
    /// Source anchor; empty for objects of the cloud.
    pub source_anchor: String,
    /// Cloud anchor.
    pub cloud_anchor: String,
    /// Distinguished name in the connector space.
    pub dn: String,
    /// All attributes as text.
    pub attributes: BTreeMap<String, Vec<String>>,
}

/// Which objects of a tenant are listed.
#[derive(Clone, Debug, Default)]
pub struct TenantFilter {
    /// Only this object type.
    pub object_type: Option<String>,
    /// Only the object with this source anchor or cloud anchor.
    pub anchor: Option<String>,
    /// At most so many; 0 means all.
    pub limit: usize,
}

/// Reads objects of a tenant as they are there now, without staging anything.
///
/// # Errors
/// [`SetupError`] when the tenant cannot be read.
pub fn tenant_objects(
    context: &SetupContext<'_>,
    id: ConnectorId,
    filter: &TenantFilter,
) -> Result<Vec<TenantObject>, SetupError> {
    let (_, settings, secret) = open(context, id)?;
    let mut tenant = EntraConnector::open(settings, secret)?;
    let schema = tenant.schema()?;
    let wanted = |name: &str| filter.object_type.as_deref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(name));
    let request = ImportRequest {
        mode: ImportMode::Full,
        partition: crate::connector::entra::PARTITION.to_owned(),
        elsewhere: Vec::new(),
        object_types: schema.types().filter(|name| wanted(name)).map(str::to_owned).collect(),
        attributes: schema.attributes().map(|attribute| attribute.name.clone()).collect(),
        include: Vec::new(),
        exclude: Vec::new(),
        page_size: 999,
        timeout_secs: ANSWER_SECS,
        schema: std::sync::Arc::new(schema),
        cancel: CancelToken::default(),
    };
    let most = if filter.limit == 0 { usize::MAX } else { filter.limit };
    let mut objects = Vec::new();
    let mut complete = false;
    let read = tenant.import(&request, &mut |item| {
        if let ImportItem::Entry(entry) = item {
            let text = |values: &Vec<EntryValue>| values.iter().map(shown).collect::<Vec<_>>();
            let attributes: BTreeMap<String, Vec<String>> =
                entry.attributes.iter().map(|(name, values)| (name.clone(), text(values))).collect();
            let object = TenantObject {
                object_type: entry.object_type,
                source_anchor: attributes.get("sourceAnchor").and_then(|values| values.first()).cloned().unwrap_or_default(),
                cloud_anchor: String::from_utf8_lossy(&entry.anchor.0).into_owned(),
                dn: entry.dn,
                attributes,
            };
            let asked = filter.anchor.as_ref().is_none_or(|anchor| {
                [&object.source_anchor, &object.cloud_anchor].contains(&anchor)
                    || anchor_of_dn(anchor).as_ref() == Some(&object.source_anchor)
            });
            if asked {
                objects.push(object);
            }
        }
        complete = objects.len() >= most;
        !complete
    });
    match read {
        Err(error) if !complete => Err(error.into()),
        Ok(_) | Err(_) => Ok(objects),
    }
}

fn shown(value: &EntryValue) -> String {
    match value {
        EntryValue::Text(text) | EntryValue::Reference(text) => text.clone(),
        EntryValue::Binary(bytes) => hex::encode(bytes),
        EntryValue::Integer(number) => number.to_string(),
        EntryValue::Boolean(flag) => flag.to_string(),
    }
}
