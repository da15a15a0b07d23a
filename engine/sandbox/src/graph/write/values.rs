//! Where the value of a property is kept, and what it must look like.

use serde_json::{Value, json};

use super::super::Stop;
use super::super::error::GraphError;
use super::super::properties::PLAIN;
use crate::SandboxError;
use crate::schema::{self, Kind};
use crate::store::addresses::{self, Source, smtp_address};
use crate::store::objects::{self, Object};
use crate::tenant::Tenant;
use crate::tenant::naming::{NAME_SOURCES, check_name, domain_part};

/// Characters that cannot be in the nickname of a group.
const NOT_IN_NICKNAMES: &str = "@()\\[]\";:.<>, ";
/// Properties that cannot be cleared.
const NEVER_EMPTY: [&str; 5] = ["displayName", "userPrincipalName", "mailNickname", "accountEnabled", "securityEnabled"];

/// Writes one property of an object that is not saved yet.
pub(super) fn set(tenant: &Tenant, resource: &str, object: &mut Object, name: &str, value: &Value) -> Result<(), Stop> {
    let invalid = || -> Stop { GraphError::invalid_value(name, resource).into() };
    let text = value.as_str();
    if NEVER_EMPTY.contains(&name) && (value.is_null() || text == Some("")) {
        return Err(invalid());
    }
    let unchanged = |attribute: &str| text.is_some() && object.text(attribute) == text;
    match name {
        "userPrincipalName" if unchanged(name) => {}
        "userPrincipalName" => check_user_name(tenant, object, text.unwrap_or_default())?,
        "mailNickname" if !is_nickname(object.kind, text.unwrap_or_default()) => return Err(invalid()),
        "usageLocation" if text.is_some_and(|code| code.len() != 2 || !code.bytes().all(|byte| byte.is_ascii_alphabetic())) => {
            return Err(invalid());
        }
        "onPremisesImmutableId" => return set_anchor(tenant, object, resource, text),
        "businessPhones" => return set_phone(object, resource, value),
        "mail" => return set_mail(tenant, object, resource, text),
        "onPremisesExtensionAttributes" => return set_extension_attributes(object, value),
        "showInAddressList" => {
            let hidden = value.as_bool().map(|shown| json!(!shown));
            put(object, "msExchHideFromAddressLists", hidden);
            return Ok(());
        }
        _ => {}
    }
    let attribute = PLAIN.iter().find(|(property, _)| *property == name).map(|(_, attribute)| *attribute);
    let longest = attribute.and_then(schema::max_length);
    if longest.is_some_and(|longest| text.is_some_and(|text| text.chars().count() > longest)) {
        return Err(invalid());
    }
    let stored = (!value.is_null() && text != Some("")).then(|| value.clone());
    let device_name = object.kind == Kind::Device && matches!(name, "operatingSystem" | "operatingSystemVersion");
    match attribute {
        Some(attribute) if !device_name => put(object, attribute, stored),
        _ if schema::is_extension(name) || name == "securityEnabled" => put(object, name, stored),
        _ => match stored {
            Some(value) => {
                object.cloud.insert(name.to_owned(), value);
            }
            None => {
                object.cloud.remove(name);
            }
        },
    }
    Ok(())
}

/// A time as answers show it.
pub(super) fn time_text(time: jiff::Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Writes an attribute, whatever was calculated for it before.
fn put(object: &mut Object, attribute: &str, value: Option<Value>) {
    object.overrides.remove(attribute);
    match value {
        Some(value) => object.body.insert(attribute.to_owned(), value),
        None => object.body.remove(attribute),
    };
}

fn is_nickname(kind: Kind, text: &str) -> bool {
    let length = text.chars().count();
    let allowed = |character: char| match kind {
        Kind::Group => character.is_ascii() && !character.is_ascii_control() && !NOT_IN_NICKNAMES.contains(character),
        _ => !character.is_control(),
    };
    (1..=64).contains(&length) && text.chars().all(allowed)
}

/// Cloud anchors of the objects in the rows.
fn names(tenant: &Tenant, rows: &[i64]) -> Result<Vec<String>, SandboxError> {
    let mut found = Vec::new();
    for row in rows {
        found.extend(objects::by_row(&tenant.db, *row)?.map(|object| object.cloud_anchor()));
    }
    Ok(found)
}

/// Refuses an address of another object.
pub(super) fn check_free(
    tenant: &Tenant,
    object: &Object,
    property: &str,
    address: &str,
    sources: &[Source],
) -> Result<(), Stop> {
    let owners = addresses::owners(&tenant.db, &address.to_lowercase(), sources, object.id)?;
    if owners.is_empty() {
        return Ok(());
    }
    Err(GraphError::conflict(property, &names(tenant, &owners)?).into())
}

/// The form of a user's name, its domain, and whether it is free.
fn check_user_name(tenant: &Tenant, object: &Object, name: &str) -> Result<(), Stop> {
    const PROPERTY: &str = "userPrincipalName";
    if check_name(name).is_err() {
        let error = GraphError::bad_request(format!("Property {PROPERTY} is invalid."));
        return Err(error.with_detail("PropertyInvalid", PROPERTY, "The value is not valid.").into());
    }
    if !tenant.is_verified(domain_part(name)) {
        return Err(GraphError::bad_request(format!(
            "The domain portion of the {PROPERTY} property is invalid. You must use one of the verified domain names in your organization."
        ))
        .with_detail("PropertyInvalid", PROPERTY, "The domain is not verified.")
        .into());
    }
    check_free(tenant, object, PROPERTY, name, &NAME_SOURCES)
}

/// The anchor is free of two characters and belongs to one object.
fn set_anchor(tenant: &Tenant, object: &mut Object, resource: &str, value: Option<&str>) -> Result<(), Stop> {
    const PROPERTY: &str = "onPremisesImmutableId";
    let Some(anchor) = value.filter(|anchor| !anchor.is_empty()) else {
        object.anchor = None;
        return Ok(());
    };
    if anchor.contains(['$', '_']) || anchor.chars().count() > 256 {
        return Err(GraphError::invalid_value(PROPERTY, resource).into());
    }
    if let Some(holder) = objects::by_anchor(&tenant.db, anchor)?
        && holder.id != object.id
    {
        return Err(GraphError::conflict(PROPERTY, &[holder.cloud_anchor()]).into());
    }
    object.anchor = Some(anchor.to_owned());
    Ok(())
}

fn set_phone(object: &mut Object, resource: &str, value: &Value) -> Result<(), Stop> {
    let numbers = value.as_array().map(Vec::as_slice).unwrap_or_default();
    if numbers.len() > 1 {
        return Err(GraphError::invalid_value("businessPhones", resource).into());
    }
    put(object, "telephoneNumber", numbers.first().cloned());
    Ok(())
}

/// The mail address becomes the primary proxy address; the former primary one stays as a secondary one.
fn set_mail(tenant: &Tenant, object: &mut Object, resource: &str, value: Option<&str>) -> Result<(), Stop> {
    let Some(mail) = value.filter(|mail| !mail.is_empty()) else {
        put(object, "mail", None);
        return Ok(());
    };
    if object.text("mail") == Some(mail) {
        return Ok(());
    }
    let is_address = mail.split_once('@').is_some_and(|(local, domain)| !local.is_empty() && domain.contains('.'));
    if !is_address || mail.contains(char::is_whitespace) {
        return Err(GraphError::invalid_value("mail", resource).into());
    }
    check_free(tenant, object, "mail", mail, &[Source::Mail, Source::Proxy, Source::UserPrincipalName])?;
    set_primary_address(object, mail);
    put(object, "mail", Some(json!(mail)));
    Ok(())
}

/// Makes the address the primary one.
pub(super) fn set_primary_address(object: &mut Object, mail: &str) {
    let mut proxies = vec![format!("SMTP:{mail}")];
    for proxy in object.texts("proxyAddresses") {
        if smtp_address(proxy).is_some_and(|address| address == mail.to_lowercase()) {
            continue;
        }
        proxies.push(match proxy.strip_prefix("SMTP:") {
            Some(address) => format!("smtp:{address}"),
            None => proxy.to_owned(),
        });
    }
    put(object, "proxyAddresses", Some(json!(proxies)));
}

/// Users that were ever synchronized get these from on premises alone.
fn set_extension_attributes(object: &mut Object, value: &Value) -> Result<(), Stop> {
    if object.synced.is_some() {
        return Err(GraphError::on_premises().into());
    }
    for (name, value) in value.as_object().into_iter().flatten().filter(|(name, _)| !name.contains('@')) {
        put(object, name, value.as_str().filter(|text| !text.is_empty()).map(Value::from));
    }
    Ok(())
}
