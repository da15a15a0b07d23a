//! `POST /credentials`: hashes of passwords that were changed on premises.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::failure;
use crate::SandboxError;
use crate::schema::Kind;
use crate::server::http::{Reply, Request};
use crate::store::changes::{Action, Details};
use crate::store::credentials;
use crate::store::objects::{self, Object, State};
use crate::tenant::{Flag, PasswordHash, Tenant};

const MAX_ITEMS: usize = 50;

/// What becomes of one item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Code {
    Accepted = 0,
    UnknownUser = 1,
    NotSynchronized = 2,
    Malformed = 3,
    Older = 4,
    FeatureOff = 5,
}

#[derive(Debug, Deserialize)]
struct Batch {
    items: Vec<Item>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    source_anchor: Option<String>,
    cloud_anchor: Option<String>,
    credential_data: String,
    change_date: String,
    #[serde(default)]
    force_password_change_on_logon: bool,
}

/// Takes a batch; an item for a user of the cloud refuses all of it.
pub(super) fn answer(tenant: &mut Tenant, request: &Request) -> Result<Reply, SandboxError> {
    let batch: Batch = match serde_json::from_slice(&request.body) {
        Ok(batch) => batch,
        // The position is enough to find the fault, and the text might hold a hash.
        Err(error) => {
            let message = format!("the request is not valid at line {} column {}", error.line(), error.column());
            return Ok(failure(400, "BadRequest", &message));
        }
    };
    if batch.items.len() > MAX_ITEMS {
        let message = format!("the batch has {} items, the limit is {MAX_ITEMS}", batch.items.len());
        return Ok(failure(400, "BadRequest", &message));
    }
    if !tenant.company()?.sync_enabled {
        return Ok(failure(409, "DirSyncDisabled", "directory synchronization is not enabled for this tenant"));
    }
    if !tenant.has(Flag::PasswordHashSync) {
        return Ok(failure(403, "PasswordSyncDisabled", "password hash synchronization is not enabled for this tenant"));
    }
    let mut users = Vec::with_capacity(batch.items.len());
    for item in &batch.items {
        let user = find(tenant, item)?;
        if user.as_ref().is_some_and(|user| user.synced.is_none()) {
            let message = "a user of the batch is managed in the cloud; no password was set";
            return Ok(failure(403, "PasswordAccessViolation", message));
        }
        users.push(user);
    }
    tenant.begin()?;
    let mut results = Vec::with_capacity(batch.items.len());
    for (item, user) in batch.items.iter().zip(users) {
        let code = one(tenant, item, user)?;
        results.push(json!({ "sourceAnchor": item.source_anchor, "cloudAnchor": item.cloud_anchor, "result": code as u8 }));
    }
    tenant.commit()?;
    Ok(Reply::json(200, json!({ "results": results })))
}

fn find(tenant: &Tenant, item: &Item) -> Result<Option<Object>, SandboxError> {
    let found = match (&item.cloud_anchor, &item.source_anchor) {
        (Some(anchor), _) => objects::by_cloud_anchor(&tenant.db, anchor)?,
        (None, Some(anchor)) => objects::by_anchor(&tenant.db, anchor)?,
        (None, None) => None,
    };
    Ok(found.filter(|object| object.kind == Kind::User && object.state == State::Live))
}

fn one(tenant: &Tenant, item: &Item, user: Option<Object>) -> Result<Code, SandboxError> {
    let Some(mut user) = user else {
        return Ok(Code::UnknownUser);
    };
    if !user.is_synced() {
        return Ok(Code::NotSynchronized);
    }
    let (Some(hash), Ok(changed)) = (PasswordHash::parse(&item.credential_data), item.change_date.parse::<Timestamp>()) else {
        return Ok(Code::Malformed);
    };
    if item.force_password_change_on_logon && !tenant.has(Flag::ForcePasswordChangeOnLogon) {
        return Ok(Code::FeatureOff);
    }
    let stored = credentials::of(&tenant.db, user.id)?;
    if stored.is_some_and(|stored| stored.synced && changed < stored.changed) {
        return Ok(Code::Older);
    }
    tenant.set_synced_password(user.id, &hash, changed)?;
    let before = user.clone();
    let time = changed.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    user.cloud.insert("lastPasswordChangeDateTime".to_owned(), json!(time));
    let profile = json!({ "forceChangePasswordNextSignIn": item.force_password_change_on_logon });
    user.cloud.insert("passwordProfile".to_owned(), profile);
    // Passwords from on premises expire there, unless the tenant's own policy is to hold for them.
    if tenant.has(Flag::EnforceCloudPasswordPolicy) {
        user.cloud.remove("passwordPolicies");
    } else {
        user.cloud.insert("passwordPolicies".to_owned(), Value::from("DisablePasswordExpiration"));
    }
    let details = Details::between(&before, &user);
    if !details.properties.is_empty() {
        tenant.commit_object(&mut user, Action::Updated, &details)?;
    }
    Ok(Code::Accepted)
}

/// `POST /ping`: password synchronization is alive although nothing has changed.
pub(super) fn ping(tenant: &Tenant) -> Result<Reply, SandboxError> {
    let now = tenant.now().to_string();
    crate::store::set_setting(&tenant.db, "last_password_ping", &now)?;
    Ok(Reply::json(200, json!({ "time": now })))
}
