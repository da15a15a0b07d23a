//! Which property of the directory shows which attribute of the sync channel.

use rusqlite::Connection;
use serde_json::{Map, Value, json};

use super::types::Entity;
use crate::SandboxError;
use crate::schema::{self, Kind};
use crate::store::addresses::primary_smtp;
use crate::store::objects::Object;
use crate::store::quarantine;

/// Properties that show one attribute unchanged: property, attribute.
pub(super) const PLAIN: &[(&str, &str)] = &[
    ("accountEnabled", "accountEnabled"),
    ("city", "city"),
    ("companyName", "company"),
    ("country", "country"),
    ("department", "department"),
    ("description", "description"),
    ("displayName", "displayName"),
    ("employeeId", "employeeID"),
    ("faxNumber", "facsimileTelephoneNumber"),
    ("givenName", "givenName"),
    ("jobTitle", "title"),
    ("mailNickname", "alias"),
    ("mobilePhone", "mobile"),
    ("officeLocation", "physicalDeliveryOfficeName"),
    ("onPremisesDistinguishedName", "onPremisesDistinguishedName"),
    ("onPremisesDomainName", "dnsDomainName"),
    ("onPremisesNetBiosName", "netBiosName"),
    ("onPremisesSamAccountName", "onPremisesSamAccountName"),
    ("onPremisesUserPrincipalName", "onPremisesUserPrincipalName"),
    ("postalCode", "postalCode"),
    ("preferredDataLocation", "preferredDataLocation"),
    ("preferredLanguage", "preferredLanguage"),
    ("state", "state"),
    ("streetAddress", "streetAddress"),
    ("surname", "surname"),
    ("usageLocation", "usageLocation"),
    ("userPrincipalName", "userPrincipalName"),
];

/// The object with the named properties.
pub(super) fn render(
    db: &Connection,
    entity: Entity,
    object: &Object,
    names: &[&str],
) -> Result<Map<String, Value>, SandboxError> {
    let mut rendered = Map::new();
    for name in names {
        rendered.insert((*name).to_owned(), property(db, entity, object, name)?);
    }
    if !rendered.contains_key("id") {
        rendered.insert("id".to_owned(), json!(object.object_id));
    }
    Ok(rendered)
}

/// One property of an object; null if it has no value.
pub(super) fn property(db: &Connection, entity: Entity, object: &Object, name: &str) -> Result<Value, SandboxError> {
    if let Some((_, attribute)) = PLAIN.iter().find(|(property, _)| *property == name) {
        return Ok(object.effective(attribute).cloned().unwrap_or(Value::Null));
    }
    if let Some(value) = device_property(entity, object, name) {
        return Ok(value);
    }
    let text = |attribute: &str| json!(object.text(attribute));
    let value = match name {
        "id" => json!(object.object_id),
        "createdDateTime" => json!(object.created.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()),
        "deletedDateTime" => json!(object.deleted.map(|time| time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())),
        "onPremisesSyncEnabled" => json!(object.synced),
        "onPremisesImmutableId" => json!(object.anchor),
        "onPremisesLastSyncDateTime" => json!(object.last_sync.map(|time| time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())),
        "onPremisesProvisioningErrors" => provisioning_errors(db, object)?,
        "onPremisesExtensionAttributes" => (1..=15)
            .map(|number| format!("extensionAttribute{number}"))
            .map(|name| (name.clone(), text(&name)))
            .collect::<Map<_, _>>()
            .into(),
        "onPremisesSecurityIdentifier" => json!(object.text("onPremiseSecurityIdentifier").and_then(sid_text)),
        "businessPhones" => json!(object.text("telephoneNumber").into_iter().collect::<Vec<_>>()),
        "proxyAddresses" => json!(object.texts("proxyAddresses")),
        "mail" => mail(object),
        "mailEnabled" => json!(is_unified(object) || !mail(object).is_null()),
        "securityEnabled" => object.effective(name).cloned().unwrap_or(json!(false)),
        "showInAddressList" => {
            object.effective("msExchHideFromAddressLists").and_then(Value::as_bool).map_or(Value::Null, |hidden| json!(!hidden))
        }
        "lastPasswordChangeDateTime" => match object.cloud.get(name) {
            Some(time) => time.clone(),
            None => json!(object.text("lastPasswordChangeTimestamp").and_then(generalized_time)),
        },
        "passwordProfile" => object.cloud.get(name).map_or(Value::Null, without_password),
        "userType" => object.cloud.get(name).cloned().unwrap_or(json!("Member")),
        "addresses" => json!([{
            "city": text("city"),
            "countryOrRegion": text("country"),
            "officeLocation": text("physicalDeliveryOfficeName"),
            "postalCode": text("postalCode"),
            "state": text("state"),
            "street": text("streetAddress"),
        }]),
        "phones" => phones(object),
        _ if schema::is_extension(name) => object.effective(name).cloned().unwrap_or(Value::Null),
        _ => {
            let list = entity.property(name).is_some_and(|property| property.list);
            object.cloud.get(name).cloned().unwrap_or_else(|| if list { json!([]) } else { Value::Null })
        }
    };
    Ok(value)
}

/// Attributes that decide what a property shows.
pub(super) fn attributes_of(name: &str) -> Vec<&str> {
    if let Some((_, attribute)) = PLAIN.iter().find(|(property, _)| *property == name) {
        return vec![attribute];
    }
    match name {
        "onPremisesSecurityIdentifier" => vec!["onPremiseSecurityIdentifier"],
        "businessPhones" => vec!["telephoneNumber"],
        "mail" | "mailEnabled" => vec!["mail", "proxyAddresses", "groupTypes"],
        "showInAddressList" => vec!["msExchHideFromAddressLists"],
        "lastPasswordChangeDateTime" => vec![name, "lastPasswordChangeTimestamp"],
        "onPremisesExtensionAttributes" => vec![
            "extensionAttribute1",
            "extensionAttribute2",
            "extensionAttribute3",
            "extensionAttribute4",
            "extensionAttribute5",
            "extensionAttribute6",
            "extensionAttribute7",
            "extensionAttribute8",
            "extensionAttribute9",
            "extensionAttribute10",
            "extensionAttribute11",
            "extensionAttribute12",
            "extensionAttribute13",
            "extensionAttribute14",
            "extensionAttribute15",
        ],
        "addresses" => vec!["city", "country", "physicalDeliveryOfficeName", "postalCode", "state", "streetAddress"],
        "phones" => vec!["telephoneNumber", "mobile", "facsimileTelephoneNumber"],
        "operatingSystem" => vec!["deviceOSType"],
        "operatingSystemVersion" => vec!["deviceOSVersion"],
        "trustType" => vec!["deviceTrustType"],
        "physicalIds" => vec!["devicePhysicalIds"],
        _ => vec![name],
    }
}

/// Whether the object is a Microsoft 365 group.
pub(super) fn is_unified(object: &Object) -> bool {
    let types = object.cloud.get("groupTypes").and_then(Value::as_array);
    types.is_some_and(|types| types.iter().any(|kind| kind == "Unified"))
}

/// Properties of devices that are written on the sync channel under other names.
fn device_property(entity: Entity, object: &Object, name: &str) -> Option<Value> {
    if entity.kind != Some(Kind::Device) {
        return None;
    }
    let first = |attributes: &[&str]| attributes.iter().find_map(|attribute| object.effective(attribute)).cloned();
    let found = match name {
        "deviceId" => match object.text("deviceId").and_then(guid_text) {
            Some(id) => Some(json!(id)),
            None => Some(json!(object.object_id)),
        },
        "operatingSystem" => first(&["deviceOSType", "cloudDeviceOSType"]),
        "operatingSystemVersion" => first(&["deviceOSVersion", "cloudDeviceOSVersion"]),
        "trustType" => first(&["deviceTrustType"]),
        "physicalIds" => first(&["devicePhysicalIds"]),
        "deviceVersion" => first(&["deviceObjectVersion"]),
        _ => None,
    };
    let found = object.cloud.get(name).cloned().or(found)?;
    entity.property(name).is_some_and(|property| property.fits(&found)).then_some(found)
}

/// The sixteen bytes of a directory's identifier, in base64, as text.
fn guid_text(base64: &str) -> Option<String> {
    use base64::Engine;
    let bytes = base64::engine::general_purpose::STANDARD.decode(base64).ok()?;
    Some(uuid::Uuid::from_bytes_le(bytes.try_into().ok()?).to_string())
}

/// A password profile never shows its password.
fn without_password(profile: &Value) -> Value {
    let mut shown = profile.clone();
    if let Some(fields) = shown.as_object_mut() {
        fields.remove("password");
    }
    shown
}

fn mail(object: &Object) -> Value {
    let primary = || primary_smtp(&object.texts("proxyAddresses"));
    match object.text("mail") {
        Some(mail) => json!(mail),
        None => json!(primary()),
    }
}

fn phones(object: &Object) -> Value {
    let known = [("business", "telephoneNumber"), ("mobile", "mobile"), ("businessFax", "facsimileTelephoneNumber")];
    known
        .into_iter()
        .filter_map(|(kind, attribute)| {
            let number = object.text(attribute)?;
            Some(json!({ "type": kind, "number": number }))
        })
        .collect::<Vec<_>>()
        .into()
}

fn provisioning_errors(db: &Connection, object: &Object) -> Result<Value, SandboxError> {
    let entries = quarantine::of_object(db, object.id)?;
    Ok(entries
        .iter()
        .map(|entry| {
            json!({
                "category": "PropertyConflict",
                "occurredDateTime": entry.since.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
                "propertyCausingError": entry.property,
                "value": entry.value,
            })
        })
        .collect::<Vec<_>>()
        .into())
}

/// `20240131120000.0Z` as `2024-01-31T12:00:00Z`.
fn generalized_time(text: &str) -> Option<String> {
    let digits = text.get(..14)?;
    let time = jiff::civil::DateTime::strptime("%Y%m%d%H%M%S", digits).ok()?;
    Some(time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
}

/// A binary security identifier in base64 as `S-1-…`.
fn sid_text(base64: &str) -> Option<String> {
    use base64::Engine;
    let bytes = base64::engine::general_purpose::STANDARD.decode(base64).ok()?;
    let revision = bytes.first()?;
    let authority = bytes.get(2..8)?.iter().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
    let mut text = format!("S-{revision}-{authority}");
    for part in bytes.get(8..)?.chunks_exact(4) {
        let part: [u8; 4] = part.try_into().ok()?;
        text.push_str(&format!("-{}", u32::from_le_bytes(part)));
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binary_values_read_as_text() {
        assert_eq!(sid_text("AQUAAAAAAAUVAAAAAQAAAAIAAAADAAAATgQAAA==").as_deref(), Some("S-1-5-21-1-2-3-1102"));
        assert_eq!(sid_text("AQ=="), None);
        assert_eq!(generalized_time("20140905081453.0Z").as_deref(), Some("2014-09-05T08:14:53Z"));
        assert_eq!(generalized_time("soon"), None);
    }
}
