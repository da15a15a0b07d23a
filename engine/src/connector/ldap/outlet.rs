//! Where an import hands over what it finds.

use std::collections::HashSet;

use ldap3::asn1::StructureTag;
use xxhash_rust::xxh3::xxh3_128;

use super::directory::Directory;
use super::entry::{MalformedEntry, RawEntry};
use super::failure::{Fault, request_failed};
use super::link::Living;
use super::session::Search;
use crate::connector::{CancelToken, ConnectorError, ConnectorErrorKind, DiscoveryError, ImportItem};
use crate::model::{ErrorCode, ObjectError};

/// Losses of the connection in a row that brought nothing new, after which an import gives up.
const FRUITLESS_LOSSES: u32 = 2;

/// Takes what an import finds.
pub(in crate::connector) struct Outlet<'a> {
    sink: &'a mut dyn FnMut(ImportItem) -> bool,
    /// Number of items handed over.
    given: u64,
    /// Keys of the objects handed over, where that matters.
    seen: Option<HashSet<[u8; 16]>>,
    /// Hands over only objects that were not seen, and no deletions.
    only_unseen: bool,
    fruitless: u32,
    given_at_loss: u64,
}

impl<'a> Outlet<'a> {
    /// For a delta import: everything is handed over.
    pub(in crate::connector) fn of_delta(sink: &'a mut dyn FnMut(ImportItem) -> bool) -> Self {
        Self { sink, given: 0, seen: None, only_unseen: false, fruitless: 0, given_at_loss: 0 }
    }

    /// For a full import: remembers the objects.
    pub(in crate::connector) fn of_full(sink: &'a mut dyn FnMut(ImportItem) -> bool) -> Self {
        Self { seen: Some(HashSet::new()), ..Self::of_delta(sink) }
    }

    /// True when a part of an object may be handed over: what it was before is known.
    pub(in crate::connector) fn takes_parts(&self) -> bool {
        self.seen.is_none()
    }

    /// From here on, hands over only objects that were not seen.
    pub(in crate::connector) fn only_unseen(&mut self) {
        self.only_unseen = true;
    }

    /// True when the object was handed over before.
    pub(in crate::connector) fn has_seen(&self, anchor: &[u8]) -> bool {
        self.seen.as_ref().is_some_and(|seen| seen.contains(&key(anchor)))
    }

    /// True when it is worth to ask for this object.
    pub(in crate::connector) fn wants(&self, anchor: &[u8]) -> bool {
        !self.only_unseen || !self.has_seen(anchor)
    }

    /// Hands an item over; false means stop.
    pub(in crate::connector) fn give(&mut self, item: ImportItem) -> bool {
        if self.only_unseen {
            match &item {
                ImportItem::Entry(entry) if self.has_seen(&entry.anchor.0) => return true,
                ImportItem::Deleted { .. } | ImportItem::Filtered { .. } => return true,
                ImportItem::Entry(_) | ImportItem::Bad(_) => {}
            }
        }
        if let (Some(seen), ImportItem::Entry(entry)) = (&mut self.seen, &item) {
            seen.insert(key(&entry.anchor.0));
        }
        self.given += 1;
        (self.sink)(item)
    }

    /// True when an import should go on with a new connection after this failure.
    pub(in crate::connector) fn outlives(&mut self, error: &ConnectorError) -> bool {
        if error.kind != ConnectorErrorKind::Dropped {
            return false;
        }
        self.fruitless = if self.given > self.given_at_loss { 0 } else { self.fruitless + 1 };
        self.given_at_loss = self.given;
        self.fruitless < FRUITLESS_LOSSES
    }
}

/// What an identity is remembered by: itself when it has sixteen octets, a hash of that size otherwise.
fn key(anchor: &[u8]) -> [u8; 16] {
    anchor.try_into().unwrap_or_else(|_| xxh3_128(anchor).to_le_bytes())
}

/// How entries are read.
pub(in crate::connector) struct PageReading<'a> {
    /// Entries asked for at a time.
    pub(in crate::connector) size: u32,
    pub(in crate::connector) cancel: &'a CancelToken,
    /// Continues "asked to".
    pub(in crate::connector) doing: &'a str,
    pub(in crate::connector) decode: fn(StructureTag) -> Result<RawEntry, MalformedEntry>,
}

impl<D: Directory> Living<'_, D> {
    /// Reads all pages of a search. An entry that cannot be read is handed over as a fault.
    pub(in crate::connector) fn each(
        &self,
        search: Search,
        how: &PageReading<'_>,
        out: &mut Outlet<'_>,
        mut each: impl FnMut(RawEntry, &mut Outlet<'_>) -> Result<(), ConnectorError>,
    ) -> Result<(), ConnectorError> {
        let cancelled = || request_failed(self.session.server(), how.doing, Fault::Cancelled);
        let base = search.base.clone();
        let mut pages = self.session.pages(search, how.size, how.doing, Some(how.cancel));
        while let Some(page) = pages.next_page()? {
            tracing::debug!(entries = page.len(), %base, "page read");
            for tag in page {
                if how.cancel.is_cancelled() {
                    return Err(cancelled());
                }
                match (how.decode)(tag) {
                    Ok(entry) => each(entry, out)?,
                    Err(fault) => {
                        let error = ObjectError::new(ErrorCode::PARSE_ERROR, fault.reason);
                        if !out.give(ImportItem::Bad(DiscoveryError { dn: fault.dn, error })) {
                            return Err(cancelled());
                        }
                    }
                }
            }
        }
        Ok(())
    }
}
