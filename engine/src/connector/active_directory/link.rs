//! Where a domain controller stands, and what its account sees.

use uuid::Uuid;

use super::settings::ActiveDirectorySettings;
use super::watermark::Position;
use crate::connector::ConnectorError;
use crate::connector::ldap::entry::RawEntry;
pub(super) use crate::connector::ldap::link::decode_all;

/// The way to one domain.
pub(super) type Link = crate::connector::ldap::link::Link<ActiveDirectorySettings>;

/// A living connection to a domain controller.
pub(super) type Living<'a> = crate::connector::ldap::link::Living<'a, ActiveDirectorySettings>;

impl Living<'_> {
    /// Where the server stands in this partition; `None` when it does not number its changes.
    pub(super) fn position(&self, partition: &str) -> Result<Option<Position>, ConnectorError> {
        if self.facts.highest_usn.is_none() {
            return Ok(None);
        }
        let doing = "say where it stands";
        let number = self.object(self.base_search("", &["highestCommittedUSN"]), doing)?;
        let Some(usn) = number.and_then(|entry| entry.number("highestCommittedUSN")) else { return Ok(None) };
        let service = self.facts.service.clone().unwrap_or_else(|| self.facts.server.clone());
        let invocation = self.object(self.base_search(&service, &["invocationId"]), doing)?;
        let head = self.object(self.base_search(partition, &["objectGUID"]), doing)?;
        let guid = |entry: Option<RawEntry>, name: &str| {
            let octets: [u8; 16] = entry?.first(name)?.try_into().ok()?;
            Some(Uuid::from_bytes_le(octets))
        };
        Ok(Some(Position { service, invocation: guid(invocation, "invocationId"), partition: guid(head, "objectGUID"), usn }))
    }

    /// True when the account sees what is left of deleted objects.
    pub(super) fn sees_deletions(&self, partition: &str) -> Result<bool, ConnectorError> {
        let mut search = self.base_search(&format!("<WKGUID={DELETED_OBJECTS},{partition}>"), &["objectClass"]);
        search.controls.push(show_deleted());
        // Without the right, a server may show that the container is there, but nothing of it.
        let container = self.object(search, "show its container of deleted objects")?;
        Ok(container.is_some_and(|container| container.first("objectClass").is_some()))
    }
}

/// Well-known GUID of the container of deleted objects.
const DELETED_OBJECTS: &str = "18E2EA80684F11D2B9AA00C04F79F805";

/// The control with which a search gives deleted objects too.
pub(super) fn show_deleted() -> ldap3::controls::RawControl {
    ldap3::controls::RawControl { ctype: "1.2.840.113556.1.4.417".to_owned(), crit: true, val: None }
}
