//! Everything a tenant holds as one document, and a new tenant filled from it.
//!
//! Left out are credentials (secrets, certificates, hashes, tokens), the log of changes and objects that are gone for
//! good, so applications and users need new ones, and delta readers begin anew.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Domain, FEATURES, Flags, Tenant};
use crate::SandboxError;
use crate::dirsync::{ChangeError, Stop};
use crate::file::{Loaded, LoadedClient};
use crate::schema::{self, Kind};
use crate::store::changes::{Action, Details};
use crate::store::objects::{Object, State, Values};
use crate::store::{self, addresses, applications, credentials, links, objects, quarantine};

/// The form that this program writes and reads.
const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Dump {
    dump_version: u32,
    tenant_id: Uuid,
    initial_domain: String,
    domains: Vec<DomainDump>,
    features: BTreeMap<String, bool>,
    settings: BTreeMap<String, String>,
    applications: Vec<applications::Registration>,
    objects: Vec<ObjectDump>,
    quarantine: Vec<Claim>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct DomainDump {
    name: String,
    verified: bool,
    authentication_type: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ObjectDump {
    cloud_anchor: String,
    state: Life,
    source_anchor: Option<String>,
    on_premises_sync_enabled: Option<bool>,
    role: Option<String>,
    attributes: Values,
    overrides: Values,
    cloud: Values,
    /// Cloud anchors by attribute.
    references: BTreeMap<String, Vec<String>>,
    created: Timestamp,
    last_sync: Option<Timestamp>,
    deleted: Option<Timestamp>,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Life {
    Live,
    SoftDeleted,
}

/// A quarantined value; the oldest claim comes first.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Claim {
    object: String,
    property: String,
    value: String,
    since: Timestamp,
}

/// Settings of the directory that are made from templates, as one list.
pub(crate) const DIRECTORY_SETTINGS: &str = "directory_settings";
/// Settings that belong to what the tenant holds.
const SETTINGS: [&str; 10] = [
    DIRECTORY_SETTINGS,
    "sync_enabled",
    "last_sync",
    "client_machine",
    "anchor_attribute",
    "prevention",
    "threshold_count",
    "threshold_percentage",
    "last_password_ping",
    "allowOnPremUpdateOfOnPremisesObjectIdentifierEnabled",
];

/// Whether the text is a dump, and not a list of things to plant.
pub(crate) fn is_dump(text: &str) -> bool {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Mark {
        dump_version: Option<serde::de::IgnoredAny>,
    }
    serde_json::from_str::<Mark>(text).is_ok_and(|mark| mark.dump_version.is_some())
}

/// Writes down everything.
pub(crate) fn write(tenant: &Tenant) -> Result<Value, SandboxError> {
    let db = &tenant.db;
    let mut anchors = BTreeMap::new();
    let mut written = Vec::new();
    for object in objects::page(db, "id > ?1 AND state < ?2 ORDER BY id", 0, 2, usize::MAX)? {
        anchors.insert(object.id, object.cloud_anchor());
        written.push(object);
    }
    let mut dumped = Vec::with_capacity(written.len());
    for object in written {
        let mut references: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (attribute, target) in links::of_source(db, object.id)? {
            references.entry(attribute).or_default().extend(anchors.get(&target).cloned());
        }
        dumped.push(ObjectDump {
            cloud_anchor: object.cloud_anchor(),
            state: if object.state == State::Live { Life::Live } else { Life::SoftDeleted },
            source_anchor: object.anchor,
            on_premises_sync_enabled: object.synced,
            role: object.role,
            attributes: object.body,
            overrides: object.overrides,
            cloud: object.cloud,
            references,
            created: object.created,
            last_sync: object.last_sync,
            deleted: object.deleted,
        });
    }
    let claims = quarantine::all(db)?.into_iter().filter_map(|entry| {
        let object = anchors.get(&entry.object)?.clone();
        Some(Claim { object, property: entry.property, value: entry.value, since: entry.since })
    });
    let mut settings = BTreeMap::new();
    for key in SETTINGS {
        settings.extend(store::setting(db, key)?.map(|value| (key.to_owned(), value)));
    }
    let domain = |domain: &Domain| DomainDump {
        name: domain.name.clone(),
        verified: domain.is_verified,
        authentication_type: domain.authentication.clone(),
    };
    let dump = Dump {
        dump_version: VERSION,
        tenant_id: tenant.tenant_id,
        initial_domain: tenant.initial_domain.clone(),
        domains: tenant.domains.iter().map(domain).collect(),
        features: FEATURES.iter().map(|(flag, name)| ((*name).to_owned(), tenant.flags.has(*flag))).collect(),
        settings,
        applications: applications::all(db)?,
        objects: dumped,
        quarantine: claims.collect(),
    };
    Ok(json!(dump))
}

fn refused(message: impl Into<String>) -> Stop {
    ChangeError::new("BadRequest", message).into()
}

/// Fills a tenant that holds nothing but its administrator; the caller's transaction makes it all or nothing.
pub(crate) fn restore(tenant: &mut Tenant, text: &str) -> Result<Loaded, Stop> {
    let dump: Dump = serde_json::from_str(text).map_err(|error| refused(error.to_string()))?;
    if dump.dump_version != VERSION {
        return Err(refused(format!("it is a dump of version {}, this program reads version {VERSION}", dump.dump_version)));
    }
    if dump.initial_domain != tenant.initial_domain {
        let (theirs, ours) = (&dump.initial_domain, &tenant.initial_domain);
        return Err(refused(format!("it is a dump of {theirs}, and this tenant is {ours}; create a tenant of that name for it")));
    }
    let password = leave(tenant)?;
    restore_settings(tenant, &dump)?;
    let clients = restore_applications(tenant, dump.applications)?;
    let count = dump.objects.len();
    let rows = restore_objects(tenant, dump.objects)?;
    let row =
        |anchor: &str| rows.get(anchor).copied().ok_or_else(|| refused(format!("no object has the cloud anchor '{anchor}'")));
    for claim in dump.quarantine {
        quarantine::add(&tenant.db, row(&claim.object)?, &claim.property, &claim.value, claim.since)?;
    }
    if let (Some(password), Some(user)) = (password, addresses::user_of_name(&tenant.db, &tenant.administrator_name())?) {
        credentials::replace(&tenant.db, user, &password)?;
    }
    Ok(Loaded { objects: count, clients })
}

/// Takes the born administrator out; the answer is what is kept of the password. A tenant with more in it is refused.
fn leave(tenant: &Tenant) -> Result<Option<credentials::Credential>, Stop> {
    let here = objects::page(&tenant.db, "id > ?1 AND state < ?2 ORDER BY id", 0, 2, 2)?;
    let [admin] = here.as_slice() else {
        return Err(refused("a dump is loaded into a new tenant, and this one holds objects already; create another one"));
    };
    let password = credentials::of(&tenant.db, admin.id)?;
    tenant.clear()?;
    Ok(password)
}

fn restore_settings(tenant: &mut Tenant, dump: &Dump) -> Result<(), Stop> {
    let mut flags = Flags::from_stored(0);
    for (name, on) in &dump.features {
        let found = FEATURES.iter().find(|(_, known)| known == name);
        let (flag, _) = found.ok_or_else(|| refused(format!("feature '{name}' is not known")))?;
        flags.set(*flag, *on);
    }
    tenant.set_flags(flags)?;
    for (key, value) in &dump.settings {
        if !SETTINGS.contains(&key.as_str()) {
            return Err(refused(format!("setting '{key}' is not known")));
        }
        store::set_setting(&tenant.db, key, value)?;
    }
    // What cannot be read back would fail every later request.
    tenant.company()?;
    if let Some(text) = dump.settings.get(DIRECTORY_SETTINGS) {
        let parsed = serde_json::from_str::<Vec<Value>>(text);
        parsed.map_err(|error| refused(format!("setting '{DIRECTORY_SETTINGS}' cannot be read: {error}")))?;
    }
    for given in &dump.domains {
        let mut domain = Domain::verified(&given.name)?;
        domain.is_initial = domain.name == tenant.initial_domain;
        domain.is_verified = given.verified;
        if !["Managed", "Federated"].contains(&given.authentication_type.as_str()) {
            return Err(refused(format!("domain '{}' is neither Managed nor Federated", given.name)));
        }
        domain.authentication.clone_from(&given.authentication_type);
        tenant.store_domain(&domain)?;
    }
    Ok(())
}

/// Registers the applications beside the one that the tenant was born with, without secrets.
fn restore_applications(tenant: &Tenant, given: Vec<applications::Registration>) -> Result<Vec<LoadedClient>, Stop> {
    let mut clients = Vec::with_capacity(given.len());
    for application in given {
        if tenant.has_client(&application.client_id)? {
            return Err(refused(format!("an application with the id '{}' is registered already", application.client_id)));
        }
        applications::add(&tenant.db, &application)?;
        clients.push(LoadedClient { name: application.name, client_id: application.client_id, client_secret: None });
    }
    Ok(clients)
}

/// Writes objects and references; the answer is each object's row by cloud anchor.
fn restore_objects(tenant: &Tenant, given: Vec<ObjectDump>) -> Result<BTreeMap<String, i64>, Stop> {
    let mut rows = BTreeMap::new();
    let mut references = Vec::with_capacity(given.len());
    for dumped in given {
        let anchor = dumped.cloud_anchor;
        let parts = anchor.split_once('_').and_then(|(prefix, id)| {
            let kind = Kind::ALL.into_iter().find(|kind| kind.anchor_prefix() == prefix)?;
            Some((kind, id.parse::<Uuid>().ok()?))
        });
        let (kind, id) = parts.ok_or_else(|| refused(format!("'{anchor}' is no cloud anchor")))?;
        let known = |name: &&String| schema::attribute(kind, name).is_none() && !schema::is_extension(name);
        if let Some(name) = dumped.attributes.keys().chain(dumped.overrides.keys()).find(known) {
            return Err(refused(format!("{anchor}: attribute '{name}' is not known for object type {}", kind.name())));
        }
        if objects::by_object_id(&tenant.db, &id.to_string())?.is_some() {
            return Err(refused(format!("{anchor} is there twice")));
        }
        if let Some(source) = &dumped.source_anchor
            && objects::by_anchor(&tenant.db, source)?.is_some()
        {
            return Err(refused(format!("{anchor}: source anchor '{source}' is there twice")));
        }
        let (state, action) = match dumped.state {
            Life::Live => (State::Live, Action::Created),
            Life::SoftDeleted => (State::SoftDeleted, Action::SoftDeleted),
        };
        let mut object = Object {
            state,
            anchor: dumped.source_anchor,
            synced: dumped.on_premises_sync_enabled,
            role: dumped.role,
            body: dumped.attributes,
            overrides: dumped.overrides,
            cloud: dumped.cloud,
            last_sync: dumped.last_sync,
            deleted: dumped.deleted,
            ..Object::new(id, kind, dumped.created)
        };
        tenant.commit_object(&mut object, action, &Details::default())?;
        rows.insert(anchor.clone(), object.id);
        references.push((anchor, object.id, dumped.references));
    }
    for (anchor, source, by_attribute) in references {
        for (attribute, targets) in by_attribute {
            for target in targets {
                let Some(row) = rows.get(&target) else {
                    return Err(refused(format!("{anchor}: {attribute} names '{target}', which is not in the dump")));
                };
                links::add(&tenant.db, source, &attribute, *row)?;
            }
        }
    }
    Ok(rows)
}
