//! What is particular about writing groups.

use serde_json::{Value, json};

use super::super::Stop;
use super::super::error::GraphError;
use super::super::properties::is_unified;
use super::{Written, values};
use crate::store::addresses::Source;
use crate::store::objects::Object;
use crate::tenant::Tenant;

const REQUIRED: [&str; 4] = ["displayName", "mailEnabled", "mailNickname", "securityEnabled"];

/// What a new group needs; a Microsoft 365 group gets its address.
pub(super) fn prepare(tenant: &Tenant, written: &Written, object: &mut Object) -> Result<(), Stop> {
    for name in REQUIRED {
        if written.get(name).is_none_or(Value::is_null) {
            return Err(GraphError::missing(name, "Group").into());
        }
    }
    let types: Vec<&str> =
        written.get("groupTypes").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    if let Some(other) = types.iter().find(|kind| !["Unified", "DynamicMembership"].contains(kind)) {
        return Err(GraphError::bad_request(format!(
            "Invalid value '{other}' specified for property 'groupTypes' of resource 'Group'."
        ))
        .into());
    }
    let unified = types.contains(&"Unified");
    let flag = |name: &str| written.get(name).and_then(Value::as_bool).unwrap_or(false);
    let (mail_enabled, security_enabled) = (flag("mailEnabled"), flag("securityEnabled"));
    if mail_enabled && !unified {
        return Err(GraphError::bad_request(
            "The service does not currently support writes of mail-enabled groups. Please ensure that the mail-enablement property is unset and the security-enablement property is set.",
        )
        .into());
    }
    if unified && !mail_enabled || !unified && !security_enabled {
        return Err(GraphError::invalid_value(if unified { "mailEnabled" } else { "securityEnabled" }, "Group").into());
    }
    if unified {
        let nickname = written.get("mailNickname").and_then(Value::as_str).unwrap_or_default();
        let mail = format!("{nickname}@{}", tenant.initial_domain());
        values::check_free(tenant, object, "mailNickname", &mail, &[Source::Mail, Source::Proxy, Source::UserPrincipalName])?;
        object.body.insert("mail".to_owned(), json!(mail));
        values::set_primary_address(object, &mail);
    }
    Ok(())
}

/// Groups with mail that are not Microsoft 365 groups belong to the mail service.
pub(super) fn check_change(object: &Object, written: &Written) -> Result<(), Stop> {
    let mail = object.text("mail").is_some() || !object.texts("proxyAddresses").is_empty();
    let values = written.keys().any(|name| !name.ends_with("@odata.bind"));
    if mail && !is_unified(object) && values {
        return Err(GraphError::bad_request("Cannot update a mail-enabled security group or a distribution list.").into());
    }
    Ok(())
}
