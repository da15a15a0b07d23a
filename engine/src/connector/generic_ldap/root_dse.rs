//! What a server says of itself.

use crate::connector::ldap::entry::RawEntry;
use crate::connector::{ConnectorError, ConnectorErrorKind};

/// The attributes of the root entry that are read.
pub(super) const ROOT_ATTRIBUTES: &[&str] =
    &["namingContexts", "subschemaSubentry", "supportedControl", "vendorName", "vendorVersion"];

const PAGED_RESULTS: &str = "1.2.840.113556.1.4.319";
const ASSERTION: &str = "1.3.6.1.1.12";

/// What the connected server says of itself (its root entry).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LdapFacts {
    /// The server, as `host:port`.
    pub server: String,
    /// DNs of the partitions that the server holds.
    pub naming_contexts: Vec<String>,
    /// DN of the entry that describes the schema.
    pub subschema: Option<String>,
    /// Who made the server, as far as it says so.
    pub vendor: Option<String>,
    /// Large answers can be read page by page.
    pub offers_paging: bool,
    /// Changes can be asked for (RFC 4533).
    pub offers_sync: bool,
    /// Changes can be made on a condition (RFC 4528).
    pub offers_assertion: bool,
}

impl LdapFacts {
    pub(super) fn read(server: &str, entry: &RawEntry) -> Self {
        let offers = |oid: &str| entry.texts("supportedControl").any(|found| found == oid);
        let vendor = [entry.text("vendorName"), entry.text("vendorVersion")];
        let vendor = vendor.into_iter().flatten().collect::<Vec<_>>().join(" ");
        Self {
            server: server.to_owned(),
            naming_contexts: entry.texts("namingContexts").filter(|name| !name.is_empty()).map(str::to_owned).collect(),
            subschema: entry.text("subschemaSubentry").map(str::to_owned),
            vendor: Some(vendor).filter(|vendor| !vendor.is_empty()),
            offers_paging: offers(PAGED_RESULTS),
            offers_sync: offers(super::sync::SYNC_REQUEST),
            offers_assertion: offers(ASSERTION),
        }
    }

    /// Checks that the server can be used.
    ///
    /// # Errors
    /// [`ConnectorErrorKind::Configuration`] names what is missing.
    pub fn check(&self) -> Result<(), ConnectorError> {
        let server = &self.server;
        let wrong = |message: String| Err(ConnectorError::new(ConnectorErrorKind::Configuration, message).server(server));
        if self.subschema.is_none() {
            return wrong(format!(
                "{server} does not say where its schema is: check that it is an LDAP server and that the account may read its root entry"
            ));
        }
        if !self.offers_paging {
            return wrong(format!("{server} does not offer paged results, which a large directory needs: enable them"));
        }
        Ok(())
    }
}
