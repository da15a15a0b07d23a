//! Provisioning of users in bulk, in the words of SCIM, and its log.

use rusqlite::params;
use serde_json::{Map, Value, json};

use super::error::GraphError;
use super::{Stop, query};
use crate::SandboxError;
use crate::schema::Kind;
use crate::server::http::{Reply, Request};
use crate::store::addresses;
use crate::store::changes::{Action, Details, LinkDelta};
use crate::store::links;
use crate::store::objects::{self, Object, State};
use crate::tenant::Tenant;
use crate::tenant::naming::{check_name, domain_part, local_part};

const MAX_OPERATIONS: usize = 50;
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
/// Attribute that keeps the identifier of the source.
const EXTERNAL_ID: &str = "employeeID";

fn bad(message: impl Into<String>) -> Stop {
    GraphError::new(400, "BadRequest", message).into()
}

/// `POST …/jobs/{job}/bulkUpload`.
pub(super) fn upload(tenant: &mut Tenant, request: &Request, principal: &str, job: &str) -> Result<Reply, Stop> {
    let kind = request.header("content-type").unwrap_or_default().to_ascii_lowercase();
    if !kind.starts_with("application/scim+json") {
        return Err(bad("The request body must have the content type application/scim+json."));
    }
    let known: i64 = tenant
        .db
        .query_row("SELECT count(*) FROM clients WHERE object_id = ?1", [principal.to_ascii_lowercase()], |row| row.get(0))
        .map_err(SandboxError::from)?;
    if known == 0 {
        return Err(GraphError::not_found(principal).into());
    }
    let body: Value = match request.json() {
        Ok(body) => body,
        Err(error) => return Err(bad(format!("The request body is not valid: {error}."))),
    };
    let Some(operations) = body.get("Operations").and_then(Value::as_array) else {
        return Err(bad("The request body must contain 'Operations'."));
    };
    if operations.is_empty() || operations.len() > MAX_OPERATIONS {
        return Err(bad(format!("A bulk request takes 1 to {MAX_OPERATIONS} operations.")));
    }
    for operation in operations {
        let text = |name: &str| operation.get(name).and_then(Value::as_str).unwrap_or_default();
        if !text("method").eq_ignore_ascii_case("POST") || text("path") != "/Users" || text("bulkId").is_empty() {
            return Err(bad("Every operation needs a bulkId, the method POST and the path /Users."));
        }
    }
    let cycle = tenant.new_id().to_string();
    for operation in operations {
        let data = operation.get("data").and_then(Value::as_object).cloned().unwrap_or_default();
        let outcome = provision(tenant, &data)?;
        note(tenant, job, &cycle, &data, &outcome)?;
    }
    let filter = crate::server::http::encode(&format!("jobid eq '{job}'"));
    let location = format!("{}/v1.0/auditLogs/provisioning?$filter={filter}", request.base_url);
    Ok(Reply::empty(202).with_header("Location", &location))
}

/// What became of one user.
struct Outcome {
    action: &'static str,
    id: Option<String>,
    changed: Vec<(String, Value, Value)>,
    fault: Option<String>,
}

/// Creates, changes or disables the user with the identifier or name.
fn provision(tenant: &mut Tenant, data: &Map<String, Value>) -> Result<Outcome, SandboxError> {
    let text = |name: &str| data.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let refused = |fault: String| Outcome { action: "other", id: None, changed: Vec::new(), fault: Some(fault) };
    let (Some(external), Some(name)) = (text("externalId"), text("userName")) else {
        return Ok(refused("externalId and userName must be given".to_owned()));
    };
    if check_name(name).is_err() || !tenant.is_verified(domain_part(name)) {
        return Ok(refused(format!("userName '{name}' is not a name of a verified domain")));
    }
    let found = find(tenant, external, name)?;
    if let Some(user) = &found
        && (user.is_synced() || user.role.is_some())
    {
        return Ok(refused(format!("user '{name}' is not managed by inbound provisioning")));
    }
    if let Some(holder) = addresses::user_of_name(&tenant.db, name)?
        && found.as_ref().is_none_or(|user| user.id != holder)
    {
        return Ok(refused(format!("userName '{name}' belongs to another user")));
    }
    let created = found.is_none();
    let mut user = match found {
        Some(user) => user,
        None => Object::new(tenant.new_id(), Kind::User, tenant.now()),
    };
    let before = user.clone();
    for (attribute, value) in attributes(data, external, name) {
        user.overrides.remove(&attribute);
        user.body.insert(attribute, value);
    }
    let details = Details::between(&before, &user);
    let changed: Vec<(String, Value, Value)> = details
        .properties
        .iter()
        .map(|attribute| {
            let shown = |user: &Object| user.effective(attribute).cloned().unwrap_or(Value::Null);
            (attribute.clone(), shown(&before), shown(&user))
        })
        .collect();
    let action = if created { Action::Created } else { Action::Updated };
    if created || !changed.is_empty() {
        tenant.commit_object(&mut user, action, &details)?;
    }
    set_manager(tenant, &mut user, data)?;
    let disabled = user.effective("accountEnabled") == Some(&json!(false));
    let action = match (created, disabled && before.effective("accountEnabled") != Some(&json!(false))) {
        (true, _) => "create",
        (false, true) => "disable",
        (false, false) => "update",
    };
    Ok(Outcome { action, id: Some(user.object_id.to_string()), changed, fault: None })
}

fn find(tenant: &Tenant, external: &str, name: &str) -> Result<Option<Object>, SandboxError> {
    if let Some(user) = by_external_id(tenant, external)? {
        return Ok(Some(user));
    }
    match addresses::user_of_name(&tenant.db, name)? {
        Some(row) => objects::by_row(&tenant.db, row),
        None => Ok(None),
    }
}

fn by_external_id(tenant: &Tenant, external: &str) -> Result<Option<Object>, SandboxError> {
    let mut after = 0;
    loop {
        let page = objects::live_page(&tenant.db, Kind::User, after, 500)?;
        let Some(last) = page.last() else {
            return Ok(None);
        };
        after = last.id;
        if let Some(found) = page.into_iter().find(|user| user.text(EXTERNAL_ID) == Some(external)) {
            return Ok(Some(found));
        }
    }
}

/// Attributes of the directory for a user in the words of SCIM.
fn attributes(data: &Map<String, Value>, external: &str, name: &str) -> Vec<(String, Value)> {
    let mut found = vec![
        (EXTERNAL_ID.to_owned(), json!(external)),
        ("userPrincipalName".to_owned(), json!(name)),
        ("alias".to_owned(), json!(local_part(name))),
        ("accountEnabled".to_owned(), json!(data.get("active").and_then(Value::as_bool).unwrap_or(true))),
    ];
    let own = |path: &[&str]| {
        let mut value = data.get(*path.first()?)?;
        for name in path.iter().skip(1) {
            value = value.get(name)?;
        }
        value.as_str().map(Value::from)
    };
    for (attribute, path) in [
        ("displayName", &["displayName"][..]),
        ("givenName", &["name", "givenName"]),
        ("surname", &["name", "familyName"]),
        ("title", &["title"]),
        ("preferredLanguage", &["preferredLanguage"]),
        ("department", &[ENTERPRISE, "department"]),
        ("company", &[ENTERPRISE, "organization"]),
    ] {
        found.extend(own(path).map(|value| (attribute.to_owned(), value)));
    }
    if !found.iter().any(|(attribute, _)| attribute == "displayName") {
        found.push(("displayName".to_owned(), json!(local_part(name))));
    }
    found
}

/// The manager is named by the identifier of the source.
fn set_manager(tenant: &Tenant, user: &mut Object, data: &Map<String, Value>) -> Result<(), SandboxError> {
    let wanted = data.get(ENTERPRISE).and_then(|part| part.get("manager")).and_then(|manager| manager.get("value"));
    let Some(wanted) = wanted.and_then(Value::as_str) else {
        return Ok(());
    };
    let Some(manager) = by_external_id(tenant, wanted)?.filter(|manager| manager.state == State::Live && manager.id != user.id)
    else {
        return Ok(());
    };
    let mut deltas = Vec::new();
    for old in links::targets(&tenant.db, user.id, "manager")? {
        if old != manager.id && links::remove(&tenant.db, user.id, "manager", old)? {
            deltas.push(LinkDelta { attribute: "manager".to_owned(), target: old, added: false });
        }
    }
    if links::add(&tenant.db, user.id, "manager", manager.id)? {
        deltas.push(LinkDelta { attribute: "manager".to_owned(), target: manager.id, added: true });
    }
    if deltas.is_empty() {
        return Ok(());
    }
    tenant.commit_object(user, Action::Updated, &Details::default().with_links(deltas))
}

/// Writes what became of a user to the log.
fn note(tenant: &mut Tenant, job: &str, cycle: &str, data: &Map<String, Value>, outcome: &Outcome) -> Result<(), SandboxError> {
    let text = |value: &Value| match value {
        Value::Null => Value::Null,
        Value::String(text) => json!(text),
        other => json!(other.to_string()),
    };
    let status = if outcome.fault.is_some() { "failure" } else { "success" };
    let error = outcome.fault.as_ref().map(|reason| {
        json!({ "additionalDetails": null, "errorCategory": "failure", "errorCode": "InvalidUser", "reason": reason, "recommendedAction": null })
    });
    let display = data.get("displayName").cloned().unwrap_or(Value::Null);
    let changed: Vec<Value> = outcome
        .changed
        .iter()
        .map(|(name, old, new)| json!({ "displayName": name, "oldValue": text(old), "newValue": text(new) }))
        .collect();
    let body = json!({
        "id": tenant.new_id(),
        "activityDateTime": tenant.now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "changeId": tenant.new_id(),
        "cycleId": cycle,
        "durationInMilliseconds": 0,
        "initiatedBy": { "id": null, "displayName": "Inbound provisioning", "initiatorType": "system" },
        "jobId": job,
        "modifiedProperties": changed,
        "provisioningAction": outcome.action,
        "provisioningStatusInfo": { "status": status, "errorInformation": error },
        "servicePrincipal": null,
        "sourceIdentity": { "id": data.get("externalId").cloned().unwrap_or(Value::Null), "displayName": display, "identityType": "User" },
        "targetIdentity": { "id": outcome.id, "displayName": display, "identityType": "User" },
        "tenantId": tenant.tenant_id(),
    });
    tenant.db.prepare_cached("INSERT INTO provisioning_log (body) VALUES (?1)")?.execute(params![body.to_string()])?;
    Ok(())
}

/// `GET /auditLogs/provisioning`, newest first.
pub(super) fn log(tenant: &Tenant, request: &Request) -> Result<Reply, Stop> {
    query::refuse_unknown(request, &["$filter", "$top"])?;
    let filter = request.option("$filter").map(super::filter::parse).transpose()?;
    let top = request.option("$top").and_then(|text| text.parse().ok()).unwrap_or(1000);
    let bodies: Vec<String> = tenant
        .db
        .prepare_cached("SELECT body FROM provisioning_log ORDER BY id DESC")
        .and_then(|mut statement| statement.query_map([], |row| row.get(0))?.collect())
        .map_err(SandboxError::from)?;
    let mut value = Vec::new();
    for body in bodies {
        let Ok(Value::Object(mut entry)) = serde_json::from_str(&body) else {
            continue;
        };
        // The documented filter writes this name in small letters.
        entry.insert("jobid".to_owned(), entry.get("jobId").cloned().unwrap_or(Value::Null));
        if filter.as_ref().is_none_or(|filter| filter.passes(&entry)) && value.len() < top {
            entry.remove("jobid");
            value.push(Value::Object(entry));
        }
    }
    Ok(query::list(request, "auditLogs/provisioning", value))
}
