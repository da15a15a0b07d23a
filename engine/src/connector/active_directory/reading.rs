//! What full and delta imports share besides what all kinds of directories do.

use super::import::ImportPlan;
use super::settings::ActiveDirectorySettings;
use crate::connector::ldap::entry::RawEntry;
use crate::connector::ldap::octets::escaped;
use crate::connector::ldap::outlet::Outlet;
use crate::connector::ldap::reading::Plan;
use crate::connector::{ConnectorError, ImportItem};

/// Objects looked up by one search.
const GUIDS_OF_ONE_SEARCH: usize = 100;

/// One import at work on one connection.
pub(super) type Reading<'a> = crate::connector::ldap::reading::Reading<'a, ActiveDirectorySettings, ImportPlan<'a>>;

impl Plan for ImportPlan<'_> {
    fn requested(&self) -> &[String] {
        &self.requested
    }
}

impl Reading<'_> {
    /// What is handed over for an entry, if anything.
    pub(super) fn item(&self, entry: RawEntry) -> Result<Option<ImportItem>, ConnectorError> {
        self.plan.item(entry, self.living.session, self.timeout(), self.request)
    }

    /// Looks objects up, many at a time. Objects that are not there are left out.
    pub(super) fn objects(
        &self,
        guids: &[[u8; 16]],
        attributes: &[String],
        out: &mut Outlet<'_>,
        mut each: impl FnMut(RawEntry, &mut Outlet<'_>) -> Result<(), ConnectorError>,
    ) -> Result<(), ConnectorError> {
        for some in guids.chunks(GUIDS_OF_ONE_SEARCH) {
            let filter: String = some.iter().map(|guid| format!("(objectGUID={})", escaped(guid))).collect();
            let mut search = self.subtree(&self.request.partition, &format!("(|{filter})"));
            search.attributes = attributes.to_vec();
            self.pages(search, "give the objects that changed", out, &mut each)?;
        }
        Ok(())
    }
}
