//! What full and delta imports of all kinds share: asking for objects, and handing them over.

use std::time::Duration;

use ldap3::Scope;

use super::directory::Directory;
use super::entry::RawEntry;
use super::failure::{Fault, request_failed};
use super::link::Living;
use super::outlet::{Outlet, PageReading};
use super::session::Search;
use crate::connector::{ConnectorError, ImportItem, ImportRequest};

/// What an import of one kind of directory asks for.
pub(in crate::connector) trait Plan {
    /// Attributes as the server is asked for them.
    fn requested(&self) -> &[String];
}

/// One import at work on one connection.
pub(in crate::connector) struct Reading<'a, D: Directory, P> {
    pub(in crate::connector) living: Living<'a, D>,
    pub(in crate::connector) plan: &'a P,
    pub(in crate::connector) request: &'a ImportRequest,
}

impl<D: Directory, P> Clone for Reading<'_, D, P> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<D: Directory, P> Copy for Reading<'_, D, P> {}

impl<D: Directory, P: Plan> Reading<'_, D, P> {
    /// The time for an answer.
    pub(in crate::connector) fn timeout(&self) -> Duration {
        match self.request.timeout_secs {
            0 => self.living.session.timeout(),
            seconds => Duration::from_secs(u64::from(seconds)),
        }
    }

    /// A search of a subtree for the attributes of the import.
    pub(in crate::connector) fn subtree(&self, base: &str, filter: &str) -> Search {
        Search {
            base: base.to_owned(),
            scope: Scope::Subtree,
            filter: filter.to_owned(),
            attributes: self.plan.requested().to_vec(),
            controls: Vec::new(),
            timeout: self.timeout(),
        }
    }

    /// Reads all pages of a search. An entry that cannot be read is handed over as a fault.
    pub(in crate::connector) fn pages(
        &self,
        search: Search,
        doing: &str,
        out: &mut Outlet<'_>,
        each: impl FnMut(RawEntry, &mut Outlet<'_>) -> Result<(), ConnectorError>,
    ) -> Result<(), ConnectorError> {
        let size = if self.request.page_size == 0 { self.living.settings.page_size() } else { self.request.page_size };
        self.living.each(search, &PageReading { size, cancel: &self.request.cancel, doing, decode: D::decode }, out, each)
    }

    /// Hands an item over.
    pub(in crate::connector) fn give(&self, out: &mut Outlet<'_>, item: ImportItem, doing: &str) -> Result<(), ConnectorError> {
        if out.give(item) { Ok(()) } else { Err(request_failed(self.living.session.server(), doing, Fault::Cancelled)) }
    }
}
