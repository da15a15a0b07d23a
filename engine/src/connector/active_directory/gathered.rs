//! What DirSync answers told so far, in little memory: an answer may tell of every object of a forest.

use std::collections::{BTreeMap, BTreeSet};

use ldap3::ResultEntry;
use ldap3::asn1::StructureTag;

use super::dir_sync::{Changes, Happened, Notice};
use crate::connector::DiscoveryError;
use crate::connector::ldap::entry::RawEntry;
use crate::model::{ErrorCode, ObjectError};

/// Entries that cannot be read are told one by one up to this number.
const FAULTS: usize = 6_000;

/// Values of links that are kept; the objects beyond them are read whole.
const LINK_VALUES: usize = 200_000;

/// Entries of the answers to one question at most; a server that sends more sends for ever.
const ENTRIES: u64 = 20_000_000;

/// Nothing told of links.
static UNTOUCHED: Changes = Changes { everything: false, whole: BTreeSet::new(), values: BTreeMap::new() };

/// What is known of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) happened: Happened,
    /// All of the object is of interest.
    pub(super) everything: bool,
    /// What was told of its links, for the few objects of which something was.
    links: Option<Box<Changes>>,
}

impl Known {
    /// What was told of its links.
    pub(super) fn changes(&self) -> &Changes {
        self.links.as_deref().unwrap_or(&UNTOUCHED)
    }

    /// Adds what a later piece of an answer tells.
    fn add(&mut self, happened: Happened, changes: Changes) {
        if !(self.happened == Happened::Moved && happened == Happened::Changed) {
            self.happened = happened;
        }
        self.everything |= changes.everything;
        if self.everything {
            self.links = None;
        } else if changes != UNTOUCHED {
            match &mut self.links {
                Some(known) => known.add(changes),
                None => self.links = Some(Box::new(changes)),
            }
        }
    }
}

/// What was told of all objects.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    /// The links that are of interest, folded.
    links: BTreeSet<String>,
    /// By `objectGUID`.
    pub(super) happened: BTreeMap<[u8; 16], Known>,
    pub(super) faults: Vec<DiscoveryError>,
    /// Values of links.
    values: usize,
    entries: u64,
}

impl Gathered {
    /// Nothing yet; `links` are the folded names of the links that are of interest.
    pub(super) fn of(links: BTreeSet<String>) -> Self {
        Self { links, ..Self::default() }
    }

    /// Takes in an entry; false when there are too many.
    pub(super) fn take(&mut self, told: ResultEntry) -> bool {
        if !told.is_intermediate() {
            self.entries += 1;
            self.learn(told.0);
        }
        self.entries <= ENTRIES
    }

    fn learn(&mut self, tag: StructureTag) {
        let fault = match RawEntry::decode_as_described(tag) {
            Ok(entry) => match Notice::read(&entry, &self.links) {
                Some(notice) => return self.merge(notice),
                None => {
                    let message = "a change came without the objectGUID of its object";
                    let error = ObjectError::new(ErrorCode::MISSING_ANCHOR, message).attribute("objectGUID");
                    DiscoveryError { dn: Some(entry.dn), error }
                }
            },
            Err(fault) => DiscoveryError { dn: fault.dn, error: ObjectError::new(ErrorCode::PARSE_ERROR, fault.reason) },
        };
        if self.faults.len() < FAULTS {
            self.faults.push(fault);
        }
    }

    /// Later pieces of an answer may tell more of an object.
    fn merge(&mut self, Notice { guid, happened, mut changes }: Notice) {
        self.values += changes.count();
        if self.values > LINK_VALUES {
            changes = Changes { everything: true, ..Changes::default() };
        }
        let unknown = || Known { happened: Happened::Changed, everything: false, links: None };
        self.happened.entry(guid).or_insert_with(unknown).add(happened, changes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notice(happened: Happened, changes: Changes) -> Notice {
        Notice { guid: [1; 16], happened, changes }
    }

    #[test]
    fn what_several_pieces_tell_of_an_object_is_put_together() {
        let check = |pieces: &[Happened], expected: Happened| {
            let mut gathered = Gathered::default();
            pieces.iter().for_each(|piece| gathered.merge(notice(piece.clone(), Changes::default())));
            assert_eq!(gathered.happened.into_values().map(|known| known.happened).collect::<Vec<_>>(), [expected]);
        };
        let deleted = || Happened::Deleted(None);
        check(&[Happened::Changed, Happened::Moved, Happened::Changed], Happened::Moved);
        check(&[Happened::Moved, deleted()], deleted());
        check(&[deleted(), Happened::Changed], Happened::Changed);
        check(&[Happened::Changed], Happened::Changed);
    }

    #[test]
    fn values_of_links_are_kept_until_all_of_the_object_is_of_interest() {
        let came =
            |dn: &str| Changes { values: [("member".to_owned(), [(dn.to_owned(), true)].into())].into(), ..Changes::default() };
        let mut gathered = Gathered::default();
        gathered.merge(notice(Happened::Changed, Changes::default()));
        assert_eq!(gathered.happened[&[1; 16]].changes(), &Changes::default());
        gathered.merge(notice(Happened::Changed, came("CN=a")));
        gathered.merge(notice(Happened::Changed, came("CN=b")));
        assert_eq!((gathered.happened[&[1; 16]].changes().count(), gathered.values), (2, 2));
        gathered.merge(notice(Happened::Changed, Changes { everything: true, ..Changes::default() }));
        let known = &gathered.happened[&[1; 16]];
        assert_eq!((known.everything, known.changes().count()), (true, 0));
        // More values than are kept: the object is read whole.
        gathered.values = LINK_VALUES;
        gathered.merge(Notice { guid: [2; 16], ..notice(Happened::Changed, came("CN=c")) });
        assert!(gathered.happened[&[2; 16]].everything);
    }

    #[test]
    fn entries_without_end_are_noticed() {
        let entry = || {
            ResultEntry::new(StructureTag {
                class: ldap3::asn1::TagClass::Application,
                id: 4,
                payload: ldap3::asn1::PL::C(Vec::new()),
            })
        };
        let mut gathered = Gathered { entries: ENTRIES - 1, ..Gathered::default() };
        assert!(gathered.take(entry()));
        assert!(!gathered.take(entry()));
        assert_eq!(gathered.faults.len(), 2);
        gathered.entries = 0;
        for _ in 0..=FAULTS {
            gathered.take(entry());
        }
        assert_eq!(gathered.faults.len(), FAULTS);
    }
}
