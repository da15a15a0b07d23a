//! Objects looked for by what an administrator knows of them (`operations.md` 10, Search-ADSyncToolsADobject).
//!
//! What is found is told as it is in the directory, whether the connector imports it or not.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ldap3::Scope;
use serde::Serialize;
use uuid::Uuid;

use super::link::{Living, show_deleted};
use crate::connector::ConnectorError;
use crate::connector::ldap::entry::RawEntry;
use crate::connector::ldap::octets::escaped;
use crate::connector::ldap::session::Search;
use crate::model::{Dn, sid_bytes, sid_text};

/// What is looked for in one partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FindQuery {
    /// The partition.
    pub partition: String,
    /// Where to look; the whole partition when absent.
    pub below: Option<String>,
    /// An LDAP filter; [`filter_of_identity`] makes one.
    pub filter: String,
    /// Attributes to tell; all that the directory gives when empty.
    pub attributes: Vec<String>,
    /// Deleted objects too.
    pub deleted: bool,
    /// Objects to tell at most.
    pub limit: usize,
}

/// An object as it is in the directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FoundObject {
    /// Its name.
    pub dn: String,
    /// The partition that it is in.
    pub partition: String,
    /// Its most specific class.
    pub object_class: String,
    /// Its identity.
    pub object_guid: Option<Uuid>,
    /// It is deleted.
    pub deleted: bool,
    /// Values by attribute: text; GUIDs and security identifiers as such; other bytes in Base64.
    pub attributes: BTreeMap<String, Vec<String>>,
}

/// Attributes whose sixteen bytes are a GUID.
const GUIDS: [&str; 4] = ["objectGUID", "mS-DS-ConsistencyGuid", "parentGUID", "msExchMailboxGuid"];

/// Attributes whose bytes are a security identifier.
const SIDS: [&str; 4] = ["objectSid", "sIDHistory", "msExchMasterAccountSid", "msRTCSIP-OriginatorSid"];

/// Attributes in which a name is looked for.
const NAMES: [&str; 5] = ["sAMAccountName", "userPrincipalName", "mail", "cn", "displayName"];

/// The filter that finds an object by what is known of it: DN, GUID, security identifier, immutable ID, or one of its
/// names (account name, user principal name, any mail address, common or display name; `*` stands for anything).
#[must_use]
pub fn filter_of_identity(identity: &str) -> String {
    let identity = identity.trim();
    let guid = |octets: &[u8]| {
        let value = escaped(octets);
        format!("(|(objectGUID={value})(mS-DS-ConsistencyGuid={value}))")
    };
    if let Ok(parsed) = Uuid::try_parse(identity) {
        return guid(&parsed.to_bytes_le());
    }
    if let Some(sid) = sid_bytes(identity) {
        return format!("(objectSid={})", escaped(&sid));
    }
    if let Ok(bytes) = BASE64.decode(identity)
        && bytes.len() == 16
    {
        return guid(&bytes);
    }
    if identity.contains('=') && Dn::parse(identity).is_ok_and(|dn| dn.depth() > 0) {
        return format!("(distinguishedName={})", assertion(identity, false));
    }
    let value = assertion(identity, true);
    let mut filter: String = NAMES.iter().map(|name| format!("({name}={value})")).collect();
    for prefix in ["smtp:", "sip:"] {
        filter.push_str(&format!("(proxyAddresses={prefix}{value})"));
    }
    format!("(|{filter})")
}

/// A value as a filter has it; `stars` keeps `*` as that which stands for anything.
fn assertion(value: &str, stars: bool) -> String {
    let mut text = String::with_capacity(value.len());
    for character in value.chars() {
        match character {
            '*' if stars => text.push('*'),
            '(' | ')' | '*' | '\\' | '\0' => text.push_str(&format!("\\{:02x}", u32::from(character))),
            _ => text.push(character),
        }
    }
    text
}

/// Looks for objects in one partition, until the limit.
pub(super) fn find(living: Living<'_>, query: &FindQuery) -> Result<Vec<FoundObject>, ConnectorError> {
    let Living { session, settings, .. } = living;
    let base = query.below.as_ref().unwrap_or(&query.partition);
    let doing = format!("look for {} under {base}", query.filter);
    let mut attributes = query.attributes.clone();
    if attributes.is_empty() {
        attributes.push("*".to_owned());
    }
    attributes.extend(["objectClass", "objectGUID", "isDeleted"].map(str::to_owned));
    let search = Search {
        base: base.clone(),
        scope: Scope::Subtree,
        filter: query.filter.clone(),
        attributes,
        controls: if query.deleted { vec![show_deleted()] } else { Vec::new() },
        timeout: settings.operation_timeout(),
    };
    let mut found = Vec::new();
    let page_size = u32::try_from(query.limit).unwrap_or(u32::MAX).min(settings.page_size);
    let mut pages = session.pages(search, page_size, &doing, None);
    while let Some(page) = pages.next_page()? {
        for tag in page {
            if found.len() >= query.limit {
                return Ok(found);
            }
            // An entry that cannot be read is told by imports, with its fault.
            if let Ok(entry) = RawEntry::decode(tag) {
                found.push(object(entry, query));
            }
        }
    }
    Ok(found)
}

fn object(entry: RawEntry, query: &FindQuery) -> FoundObject {
    let guid = |octets: &[u8]| Some(Uuid::from_bytes_le(octets.try_into().ok()?));
    let asked = |name: &str| query.attributes.is_empty() || query.attributes.iter().any(|asked| asked.eq_ignore_ascii_case(name));
    FoundObject {
        object_class: entry.texts("objectClass").last().unwrap_or_default().to_owned(),
        object_guid: entry.first("objectGUID").and_then(guid),
        deleted: entry.text("isDeleted").is_some_and(|value| value.eq_ignore_ascii_case("TRUE")),
        partition: query.partition.clone(),
        attributes: entry
            .attributes
            .iter()
            .filter(|attribute| asked(&attribute.name))
            .map(|attribute| {
                let values = attribute.values.iter().map(|value| value_text(&attribute.name, value)).collect();
                (attribute.name.clone(), values)
            })
            .collect(),
        dn: entry.dn,
    }
}

/// A value as it is shown.
fn value_text(attribute: &str, octets: &[u8]) -> String {
    let is = |names: &[&str]| names.iter().any(|name| name.eq_ignore_ascii_case(attribute));
    if is(&GUIDS)
        && let Ok(bytes) = octets.try_into()
    {
        return Uuid::from_bytes_le(bytes).to_string();
    }
    if is(&SIDS)
        && let Some(text) = sid_text(octets)
    {
        return text;
    }
    match std::str::from_utf8(octets) {
        Ok(text) if !text.contains(|character: char| character.is_control() && !character.is_whitespace()) => text.to_owned(),
        _ => BASE64.encode(octets),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_of_an_object_becomes_a_filter() {
        let check = |identity: &str, expected: &str| assert_eq!(filter_of_identity(identity), expected, "{identity}");
        let bytes = "\\88\\88\\88\\88\\01\\01\\33\\33\\cc\\cc\\12\\34\\56\\78\\90\\cd";
        let by_guid = format!("(|(objectGUID={bytes})(mS-DS-ConsistencyGuid={bytes}))");
        check("88888888-0101-3333-cccc-1234567890cd", &by_guid);
        check("{88888888-0101-3333-CCCC-1234567890CD}", &by_guid);
        check("iIiIiAEBMzPMzBI0VniQzQ==", &by_guid);
        check("S-1-1-0", "(objectSid=\\01\\01\\00\\00\\00\\00\\00\\01\\00\\00\\00\\00)");
        check("CN=Doe\\, Jane (x),DC=x", "(distinguishedName=CN=Doe\\5c, Jane \\28x\\29,DC=x)");
        let names = |value: &str| {
            format!(
                "(|(sAMAccountName={value})(userPrincipalName={value})(mail={value})(cn={value})(displayName={value})\
                 (proxyAddresses=smtp:{value})(proxyAddresses=sip:{value}))"
            )
        };
        check(" jane.doe ", &names("jane.doe"));
        check("Jane*", &names("Jane*"));
        check("a)(b*", &names("a\\29\\28b*"));
        check("a)(objectClass=*", "(distinguishedName=a\\29\\28objectClass=\\2a)");
        check("Müller\\", &names("Müller\\5c"));
    }

    #[test]
    fn values_are_shown_as_what_they_are() {
        let check = |attribute: &str, octets: &[u8], expected: &str| assert_eq!(value_text(attribute, octets), expected);
        check("objectguid", &[1; 16], "01010101-0101-0101-0101-010101010101");
        check("objectGUID", b"short", "short");
        check("objectSid", &sid_bytes("S-1-5-32-544").unwrap(), "S-1-5-32-544");
        check("displayName", "Zoë\nSchäfer".as_bytes(), "Zoë\nSchäfer");
        check("userCertificate", &[0, 1, 2], "AAEC");
        check("thumbnailPhoto", &[0xff, 0xd8], "/9g=");
    }
}
