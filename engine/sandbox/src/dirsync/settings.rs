//! Settings of the tenant on the sync channel: company, features, sessions, quarantined values.

use serde_json::{Value, json};

use super::failure;
use crate::SandboxError;
use crate::server::http::{Reply, Request};
use crate::store::addresses::{self, smtp_address};
use crate::store::{objects, quarantine};
use crate::tenant::naming::NAME_SOURCES;
use crate::tenant::{CompanyPatch, FEATURES, Flag, Tenant};

/// `GET /company`.
pub(super) fn company(tenant: &Tenant) -> Result<Reply, SandboxError> {
    Ok(Reply::json(200, tenant.company_json()?))
}

/// `PATCH /company`: the anchor attribute once, the deletion threshold any time.
pub(super) fn patch_company(tenant: &Tenant, request: &Request) -> Result<Reply, SandboxError> {
    let patch: CompanyPatch = match serde_json::from_slice(&request.body) {
        Ok(patch) => patch,
        Err(error) => return Ok(failure(400, "BadRequest", &error.to_string())),
    };
    if !patch.is_valid() {
        return Ok(failure(400, "BadRequest", "the deletion threshold is not valid"));
    }
    let current = tenant.company()?.anchor_attribute;
    if let (Some(wanted), Some(current)) = (&patch.anchor_attribute, current)
        && *wanted != current
    {
        return Ok(failure(
            409,
            "AnchorAttributeAlreadySet",
            &format!("the anchor attribute is '{current}' and cannot be changed"),
        ));
    }
    tenant.patch_company(&patch)?;
    company(tenant)
}

/// `GET /features`.
pub(super) fn features(tenant: &Tenant) -> Reply {
    let names: serde_json::Map<String, Value> =
        FEATURES.iter().map(|(flag, name)| ((*name).to_owned(), json!(tenant.has(*flag)))).collect();
    Reply::json(200, json!({ "bits": tenant.flags().bits(), "names": names }))
}

/// `PATCH /features` with `bits`, `names` or both.
pub(super) fn patch_features(tenant: &mut Tenant, request: &Request) -> Result<Reply, SandboxError> {
    let body = match request.json() {
        Ok(body) => body,
        Err(error) => return Ok(failure(400, "BadRequest", &error.to_string())),
    };
    let mut flags = tenant.flags();
    if let Some(bits) = body.get("bits") {
        match bits.as_u64().and_then(|bits| flags.with_bits(bits)) {
            Some(changed) => flags = changed,
            None => return Ok(failure(400, "BadRequest", "'bits' holds an unknown feature")),
        }
    }
    for (name, value) in body.get("names").and_then(Value::as_object).into_iter().flatten() {
        let flag = FEATURES.iter().find(|(_, known)| known.eq_ignore_ascii_case(name));
        match (flag, value.as_bool()) {
            (Some((flag, _)), Some(on)) => flags.set(*flag, on),
            _ => return Ok(failure(400, "BadRequest", &format!("'{name}' is not a feature or not true or false"))),
        }
    }
    for (flag, name) in FEATURES {
        if flag.is_permanent() && tenant.has(*flag) && !flags.has(*flag) {
            return Ok(failure(400, "FeatureCannotBeTurnedOff", &format!("'{name}' cannot be turned off once it is on")));
        }
        if *flag == Flag::PasswordWriteBack && flags.has(*flag) != tenant.has(*flag) {
            return Ok(failure(400, "BadRequest", &format!("'{name}' cannot be updated")));
        }
    }
    tenant.set_flags(flags)?;
    Ok(features(tenant))
}

/// `POST /sessions/{import|export}/finalize`.
pub(super) fn finalize(tenant: &Tenant, request: &Request) -> Result<Reply, SandboxError> {
    let body = match request.json() {
        Ok(body) => body,
        Err(error) => return Ok(failure(400, "BadRequest", &error.to_string())),
    };
    let time = tenant.finalize_session(body.get("client").and_then(Value::as_str))?;
    Ok(Reply::json(200, json!({ "lastDirSyncTime": time.to_string() })))
}

/// `GET /errors`: quarantined values with the object that holds each.
pub(super) fn errors(tenant: &Tenant) -> Result<Reply, SandboxError> {
    let db = &tenant.db;
    let mut value = Vec::new();
    for entry in quarantine::all(db)? {
        let Some(object) = objects::by_row(db, entry.object)? else {
            continue;
        };
        let address = smtp_address(&entry.value).unwrap_or_else(|| entry.value.to_lowercase());
        let mut holders = Vec::new();
        for owner in addresses::owners(db, &address, &NAME_SOURCES, object.id)? {
            holders.extend(objects::by_row(db, owner)?.map(|holder| holder.cloud_anchor()));
        }
        value.push(json!({
            "cloudAnchor": object.cloud_anchor(),
            "objectType": object.kind.name(),
            "sourceAnchor": object.anchor,
            "displayName": object.text("displayName"),
            "category": "PropertyConflict",
            "property": entry.property,
            "value": entry.value,
            "since": entry.since.to_string(),
            "conflicting": holders,
        }));
    }
    Ok(Reply::json(200, json!({ "value": value })))
}
