//! What full and delta imports share: asking for objects, and handing them over.

use std::time::Duration;

use ldap3::Scope;
use ldap3::controls::RawControl;

use super::import::ImportPlan;
use super::link::Living;
use crate::connector::ldap::entry::RawEntry;
use crate::connector::ldap::failure::{Fault, request_failed};
use crate::connector::ldap::octets::escaped;
use crate::connector::ldap::outlet::{Outlet, PageReading};
use crate::connector::ldap::session::Search;
use crate::connector::{ConnectorError, ImportItem, ImportRequest};

/// Objects looked up by one search.
const GUIDS_OF_ONE_SEARCH: usize = 100;

/// One import at work on one connection.
#[derive(Clone, Copy)]
pub(super) struct Reading<'a> {
    pub(super) living: Living<'a>,
    pub(super) plan: &'a ImportPlan<'a>,
    pub(super) request: &'a ImportRequest,
}

impl Reading<'_> {
    pub(super) fn timeout(&self) -> Duration {
        match self.request.timeout_secs {
            0 => self.living.settings.operation_timeout(),
            seconds => Duration::from_secs(u64::from(seconds)),
        }
    }

    fn page_size(&self) -> u32 {
        if self.request.page_size == 0 { self.living.settings.page_size } else { self.request.page_size }
    }

    /// A search of a subtree for the attributes of the import.
    pub(super) fn subtree(&self, base: &str, filter: &str, controls: Vec<RawControl>) -> Search {
        Search {
            base: base.to_owned(),
            scope: Scope::Subtree,
            filter: filter.to_owned(),
            attributes: self.plan.requested.clone(),
            controls,
            timeout: self.timeout(),
        }
    }

    /// Reads all pages of a search. An entry that cannot be read is handed over as a fault.
    pub(super) fn pages(
        &self,
        search: Search,
        doing: &str,
        out: &mut Outlet<'_>,
        each: impl FnMut(RawEntry, &mut Outlet<'_>) -> Result<(), ConnectorError>,
    ) -> Result<(), ConnectorError> {
        let how = PageReading { size: self.page_size(), cancel: &self.request.cancel, doing, decode: RawEntry::decode };
        self.living.each(search, &how, out, each)
    }

    /// Hands an item over.
    pub(super) fn give(&self, out: &mut Outlet<'_>, item: ImportItem, doing: &str) -> Result<(), ConnectorError> {
        if out.give(item) { Ok(()) } else { Err(self.cancelled(doing)) }
    }

    /// What is handed over for an entry, if anything.
    pub(super) fn item(&self, entry: RawEntry) -> Result<Option<ImportItem>, ConnectorError> {
        self.plan.item(entry, self.living.session, self.timeout(), self.request)
    }

    fn cancelled(&self, doing: &str) -> ConnectorError {
        request_failed(self.living.session.server(), doing, Fault::Cancelled)
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
            let mut search = self.subtree(&self.request.partition, &format!("(|{filter})"), Vec::new());
            search.attributes = attributes.to_vec();
            self.pages(search, "give the objects that changed", out, &mut each)?;
        }
        Ok(())
    }
}
