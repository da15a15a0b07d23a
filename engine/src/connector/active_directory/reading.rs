//! What full and delta imports share: asking for objects, and handing them over.

use std::collections::HashSet;
use std::time::Duration;

use ldap3::Scope;
use ldap3::controls::RawControl;

use super::entry::RawEntry;
use super::failure::{Fault, request_failed};
use super::import::ImportPlan;
use super::link::Living;
use super::session::Search;
use crate::connector::{ConnectorError, ConnectorErrorKind, DiscoveryError, ImportItem, ImportRequest};
use crate::model::{ErrorCode, ObjectError};

/// Objects looked up by one search.
const GUIDS_OF_ONE_SEARCH: usize = 100;

/// Losses of the connection in a row that brought nothing new, after which an import gives up.
const FRUITLESS_LOSSES: u32 = 2;

/// Takes what an import finds.
pub(super) struct Outlet<'a> {
    sink: &'a mut dyn FnMut(ImportItem) -> bool,
    /// Number of items handed over.
    given: u64,
    /// The objects handed over, where that matters.
    seen: Option<HashSet<[u8; 16]>>,
    /// Hands over only objects that were not seen, and no deletions.
    only_unseen: bool,
    fruitless: u32,
    given_at_loss: u64,
}

impl<'a> Outlet<'a> {
    /// For a delta import: everything is handed over.
    pub(super) fn of_delta(sink: &'a mut dyn FnMut(ImportItem) -> bool) -> Self {
        Self { sink, given: 0, seen: None, only_unseen: false, fruitless: 0, given_at_loss: 0 }
    }

    /// For a full import: remembers the objects.
    pub(super) fn of_full(sink: &'a mut dyn FnMut(ImportItem) -> bool) -> Self {
        Self { seen: Some(HashSet::new()), ..Self::of_delta(sink) }
    }

    /// True when a part of an object may be handed over: what it was before is known.
    pub(super) fn takes_parts(&self) -> bool {
        self.seen.is_none()
    }

    /// From here on, hands over only objects that were not seen.
    pub(super) fn only_unseen(&mut self) {
        self.only_unseen = true;
    }

    /// True when the object was handed over before.
    pub(super) fn has_seen(&self, guid: &[u8]) -> bool {
        self.seen.as_ref().is_some_and(|seen| <[u8; 16]>::try_from(guid).is_ok_and(|guid| seen.contains(&guid)))
    }

    /// True when it is worth to ask for this object.
    pub(super) fn wants(&self, guid: &[u8]) -> bool {
        !self.only_unseen || !self.has_seen(guid)
    }

    /// Hands an item over; false means stop.
    pub(super) fn give(&mut self, item: ImportItem) -> bool {
        if self.only_unseen {
            match &item {
                ImportItem::Entry(entry) if self.has_seen(&entry.anchor.0) => return true,
                ImportItem::Deleted { .. } | ImportItem::Filtered { .. } => return true,
                ImportItem::Entry(_) | ImportItem::Bad(_) => {}
            }
        }
        if let (Some(seen), ImportItem::Entry(entry)) = (&mut self.seen, &item)
            && let Ok(guid) = entry.anchor.0.as_slice().try_into()
        {
            seen.insert(guid);
        }
        self.given += 1;
        (self.sink)(item)
    }

    /// True when an import should go on with a new connection after this failure.
    pub(super) fn outlives(&mut self, error: &ConnectorError) -> bool {
        if error.kind != ConnectorErrorKind::Dropped {
            return false;
        }
        self.fruitless = if self.given > self.given_at_loss { 0 } else { self.fruitless + 1 };
        self.given_at_loss = self.given;
        self.fruitless < FRUITLESS_LOSSES
    }
}

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
        mut each: impl FnMut(RawEntry, &mut Outlet<'_>) -> Result<(), ConnectorError>,
    ) -> Result<(), ConnectorError> {
        let session = self.living.session;
        let base = search.base.clone();
        let mut pages = session.pages(search, self.page_size(), doing, Some(&self.request.cancel));
        while let Some(page) = pages.next_page()? {
            tracing::debug!(entries = page.len(), %base, "page read");
            for tag in page {
                if self.request.cancel.is_cancelled() {
                    return Err(self.cancelled(doing));
                }
                match RawEntry::decode(tag) {
                    Ok(entry) => each(entry, out)?,
                    Err(fault) => {
                        let error = ObjectError::new(ErrorCode::PARSE_ERROR, fault.reason);
                        self.give(out, ImportItem::Bad(DiscoveryError { dn: fault.dn, error }), doing)?;
                    }
                }
            }
        }
        Ok(())
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

/// Octets as a filter has them.
pub(super) fn escaped(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("\\{octet:02x}")).collect()
}
