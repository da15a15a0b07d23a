//! What is particular about writing users.

use serde_json::{Value, json};

use super::super::Stop;
use super::super::error::GraphError;
use super::{Written, passwords, references, values};
use crate::schema::Kind;
use crate::sign_in::token::Caller;
use crate::store::changes::{Action, Details};
use crate::store::objects::Object;
use crate::tenant::Tenant;
use crate::tenant::naming::domain_part;

const REQUIRED: [&str; 5] = ["accountEnabled", "displayName", "mailNickname", "passwordProfile", "userPrincipalName"];
/// What only a client with more rights may change on users who hold an administrator role.
const SENSITIVE: [&str; 5] = ["accountEnabled", "businessPhones", "mobilePhone", "otherMails", "passwordProfile"];

/// What a new user needs.
pub(super) fn prepare(tenant: &Tenant, written: &Written) -> Result<(), Stop> {
    for name in REQUIRED {
        if written.get(name).is_none_or(Value::is_null) {
            return Err(GraphError::missing(name, "User").into());
        }
    }
    if password(written).is_none() {
        return Err(GraphError::missing("passwordProfile", "User").into());
    }
    let name = written.get("userPrincipalName").and_then(Value::as_str).unwrap_or_default();
    let anchor = written.get("onPremisesImmutableId").and_then(Value::as_str);
    if tenant.is_federated(domain_part(name)) && anchor.is_none_or(str::is_empty) {
        return Err(GraphError::missing("onPremisesImmutableId", "User").into());
    }
    Ok(())
}

/// What a new user gets after it was saved.
pub(super) fn complete(tenant: &mut Tenant, object: &mut Object, written: &Written) -> Result<(), Stop> {
    let before = object.clone();
    write_password(tenant, object, written)?;
    store(tenant, &before, object)?;
    references::add_bound(tenant, object, written)
}

fn password(written: &Written) -> Option<&str> {
    written.get("passwordProfile").and_then(|profile| profile.get("password")).and_then(Value::as_str)
}

/// Whether the change needs only the role for enabling and disabling.
pub(super) fn may_do_without_role(caller: &Caller, object: &Object, written: &Written) -> bool {
    let only = |name: &str| !written.is_empty() && written.keys().all(|key| key == name);
    object.kind == Kind::User
        && (only("accountEnabled") && caller.has_any(&["User.EnableDisableAccount.All"])
            || only("passwordProfile") && caller.has_any(&["User-PasswordProfile.ReadWrite.All"]))
}

/// Rights that a change of a user asks for besides the usual ones.
pub(super) fn check_change(tenant: &Tenant, caller: &Caller, object: &Object, written: &Written) -> Result<(), Stop> {
    let sensitive = written.keys().any(|name| SENSITIVE.contains(&name.as_str()));
    if object.role.is_some() && sensitive && !caller.has_any(&["RoleManagement.ReadWrite.Directory"]) {
        return Err(GraphError::denied().into());
    }
    if written.contains_key("passwordProfile") && !caller.has_any(&["User-PasswordProfile.ReadWrite.All"]) {
        return Err(GraphError::denied().into());
    }
    if let Some(name) = written.get("userPrincipalName").and_then(Value::as_str) {
        let anchor = match written.get("onPremisesImmutableId") {
            Some(value) => value.as_str().map(str::to_owned),
            None => object.anchor.clone(),
        };
        if tenant.is_federated(domain_part(name)) && anchor.is_none() {
            return Err(GraphError::missing("onPremisesImmutableId", "User").into());
        }
    }
    Ok(())
}

/// Writes a new password or its settings on a saved user.
pub(super) fn set_password(tenant: &mut Tenant, object: &mut Object, written: &Written) -> Result<(), Stop> {
    let before = object.clone();
    write_password(tenant, object, written)?;
    store(tenant, &before, object)
}

fn store(tenant: &Tenant, before: &Object, object: &mut Object) -> Result<(), Stop> {
    let details = Details::between(before, object);
    if !details.properties.is_empty() {
        tenant.commit_object(object, Action::Updated, &details)?;
    }
    Ok(())
}

fn write_password(tenant: &mut Tenant, object: &mut Object, written: &Written) -> Result<(), Stop> {
    let Some(profile) = written.get("passwordProfile").filter(|profile| !profile.is_null()) else {
        return Ok(());
    };
    let force = profile.get("forceChangePasswordNextSignIn").and_then(Value::as_bool);
    if let Some(password) = password(written) {
        passwords::check(password)?;
        tenant.set_cloud_password(object.id, password)?;
        object.cloud.insert("lastPasswordChangeDateTime".to_owned(), json!(values::time_text(tenant.now())));
    }
    let force = force.unwrap_or_else(|| password(written).is_some());
    let with_mfa = profile.get("forceChangePasswordNextSignInWithMfa").and_then(Value::as_bool).unwrap_or(false);
    let shown = json!({ "forceChangePasswordNextSignIn": force, "forceChangePasswordNextSignInWithMfa": with_mfa });
    object.cloud.insert("passwordProfile".to_owned(), shown);
    Ok(())
}
