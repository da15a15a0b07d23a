//! Which property of the directory shows which attribute of the sync channel.

use rusqlite::Connection;
use serde_json::{Map, Value, json};

use super::entities::Entity;
use crate::SandboxError;
use crate::schema::Kind;
use crate::store::addresses::primary_smtp;
use crate::store::objects::Object;
use crate::store::quarantine;

/// Properties that show one attribute unchanged: property, attribute.
const PLAIN: &[(&str, &str)] = &[
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

/// Properties that only the cloud knows and that are lists.
const CLOUD_LISTS: &[&str] = &[
    "assignedLicenses",
    "assignedPlans",
    "groupTypes",
    "imAddresses",
    "otherMails",
    "provisionedPlans",
    "resourceBehaviorOptions",
    "resourceProvisioningOptions",
    "serviceProvisioningErrors",
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
    if CLOUD_LISTS.contains(&name) {
        return Ok(object.cloud.get(name).cloned().unwrap_or_else(|| json!([])));
    }
    let text = |attribute: &str| json!(object.text(attribute));
    let value = match name {
        "id" => json!(object.object_id),
        "createdDateTime" => json!(object.created.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()),
        "deletedDateTime" => Value::Null,
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
        "mailEnabled" => json!(!mail(object).is_null()),
        "securityEnabled" => object.effective(name).cloned().unwrap_or(json!(false)),
        "showInAddressList" => {
            object.effective("msExchHideFromAddressLists").and_then(Value::as_bool).map_or(Value::Null, |hidden| json!(!hidden))
        }
        "lastPasswordChangeDateTime" => json!(object.text("lastPasswordChangeTimestamp").and_then(generalized_time)),
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
        _ if entity.kind == Kind::User && name.starts_with("extension_") => {
            object.effective(name).cloned().unwrap_or(Value::Null)
        }
        _ => object.cloud.get(name).cloned().unwrap_or(Value::Null),
    };
    Ok(value)
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
