//! Where an import hands over what it finds.

use std::collections::HashSet;

use crate::connector::{ConnectorError, ConnectorErrorKind, ImportItem};

/// Losses of the connection in a row that brought nothing new, after which an import gives up.
const FRUITLESS_LOSSES: u32 = 2;

/// Takes what an import finds.
pub(in crate::connector) struct Outlet<'a> {
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
    pub(in crate::connector) fn has_seen(&self, guid: &[u8]) -> bool {
        self.seen.as_ref().is_some_and(|seen| <[u8; 16]>::try_from(guid).is_ok_and(|guid| seen.contains(&guid)))
    }

    /// True when it is worth to ask for this object.
    pub(in crate::connector) fn wants(&self, guid: &[u8]) -> bool {
        !self.only_unseen || !self.has_seen(guid)
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
        if let (Some(seen), ImportItem::Entry(entry)) = (&mut self.seen, &item)
            && let Ok(guid) = entry.anchor.0.as_slice().try_into()
        {
            seen.insert(guid);
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
