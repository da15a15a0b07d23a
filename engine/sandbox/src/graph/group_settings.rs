//! `/beta/settings`: settings of the directory made from templates, of which the one for groups is known.

use serde_json::{Map, Value, json};

use super::error::GraphError;
use super::query;
use super::write;
use super::{Stop, context, single};
use crate::SandboxError;
use crate::server::http::{Reply, Request};
use crate::store;
use crate::tenant::Tenant;
use crate::tenant::dump::DIRECTORY_SETTINGS as KEY;

/// The template `Group.Unified`.
const TEMPLATE: &str = "62375ab9-6b52-47ed-826b-58e47e0e304b";
const TEMPLATE_NAME: &str = "Group.Unified";
/// Names of the template's values with their defaults.
const VALUES: [(&str, &str); 15] = [
    ("NewUnifiedGroupWritebackDefault", "true"),
    ("EnableMIPLabels", "false"),
    ("CustomBlockedWordsList", ""),
    ("EnableMSStandardBlockedWords", "false"),
    ("ClassificationDescriptions", ""),
    ("DefaultClassification", ""),
    ("PrefixSuffixNamingRequirement", ""),
    ("AllowGuestsToBeGroupOwner", "false"),
    ("AllowGuestsToAccessGroups", "true"),
    ("GuestUsageGuidelinesUrl", ""),
    ("GroupCreationAllowedGroupId", ""),
    ("AllowToAddGuests", "true"),
    ("UsageGuidelinesUrl", ""),
    ("ClassificationList", ""),
    ("EnableGroupCreation", "true"),
];

fn all(tenant: &Tenant) -> Result<Vec<Value>, SandboxError> {
    match store::setting(&tenant.db, KEY)? {
        None => Ok(Vec::new()),
        Some(text) => serde_json::from_str(&text).map_err(|error| SandboxError::Damaged(format!("{KEY}: {error}"))),
    }
}

fn keep(tenant: &Tenant, settings: &[Value]) -> Result<(), SandboxError> {
    store::set_setting(&tenant.db, KEY, &json!(settings).to_string())
}

fn place(settings: &[Value], id: &str) -> Result<usize, GraphError> {
    let own = |setting: &Value| setting.get("id").and_then(Value::as_str).is_some_and(|own| own.eq_ignore_ascii_case(id));
    settings.iter().position(own).ok_or_else(|| GraphError::not_found(id))
}

/// Answers a request below `/beta/settings`.
pub(super) fn answer(tenant: &mut Tenant, request: &Request, rest: &[&str]) -> Result<Reply, Stop> {
    let mut settings = all(tenant)?;
    match (request.method.as_str(), rest) {
        ("GET", []) => {
            query::refuse_unknown(request, &[])?;
            Ok(query::list(request, "settings", settings))
        }
        ("GET", [id]) => {
            query::refuse_unknown(request, &[])?;
            let found = settings.swap_remove(place(&settings, id)?);
            Ok(single(200, context(request, "settings/$entity"), found))
        }
        ("POST", []) => {
            let written = write::body(request)?;
            known(&written, &["templateId", "values"])?;
            let template = written.get("templateId").and_then(Value::as_str).unwrap_or_default();
            if !template.eq_ignore_ascii_case(TEMPLATE) {
                return Err(GraphError::invalid_value("templateId", "DirectorySetting").into());
            }
            if !settings.is_empty() {
                return Err(GraphError::conflict("templateId", &[]).into());
            }
            let mut values: Vec<Value> = VALUES.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
            put(&mut values, &written)?;
            let id = tenant.new_id();
            let made = json!({ "id": id, "displayName": TEMPLATE_NAME, "templateId": TEMPLATE, "values": values });
            keep(tenant, std::slice::from_ref(&made))?;
            Ok(single(201, context(request, "settings/$entity"), made))
        }
        ("PATCH", [id]) => {
            let place = place(&settings, id)?;
            let written = write::body(request)?;
            known(&written, &["values"])?;
            if let Some(values) = settings.get_mut(place).and_then(|found| found.get_mut("values")).and_then(Value::as_array_mut)
            {
                put(values, &written)?;
            }
            keep(tenant, &settings)?;
            Ok(Reply::empty(204))
        }
        ("DELETE", [id]) => {
            settings.remove(place(&settings, id)?);
            keep(tenant, &settings)?;
            Ok(Reply::empty(204))
        }
        _ => Err(GraphError::not_implemented(request).into()),
    }
}

fn known(written: &Map<String, Value>, names: &[&str]) -> Result<(), GraphError> {
    let other = written.keys().find(|name| !name.contains('@') && !names.contains(&name.as_str()));
    other.map_or(Ok(()), |name| Err(GraphError::unknown_property(name)))
}

/// Writes the given values; each must be one of the template's.
fn put(values: &mut [Value], written: &Map<String, Value>) -> Result<(), GraphError> {
    let invalid = || GraphError::invalid_value("values", "DirectorySetting");
    let given = match written.get("values") {
        None => return Ok(()),
        Some(given) => given.as_array().ok_or_else(invalid)?,
    };
    for item in given {
        let (name, value) = (item.get("name").and_then(Value::as_str), item.get("value").filter(|value| value.is_string()));
        let (Some(name), Some(value)) = (name, value) else { return Err(invalid()) };
        let own = values.iter_mut().find(|own| own.get("name").and_then(Value::as_str) == Some(name));
        let field = own.and_then(|own| own.get_mut("value")).ok_or_else(invalid)?;
        *field = value.clone();
    }
    Ok(())
}
