//! Content synchronization (RFC 4533): what to ask, and what an answer says. Pure.
//!
//! An answer is used as a list of identities: of entries that changed, that are gone, that are there unchanged. What an
//! entry is now is read from the entry itself, page by page, so that an answer of any size needs sixteen octets for
//! each entry and no more.

use std::collections::BTreeSet;

use ldap3::ResultEntry;
use ldap3::asn1::{PL, StructureTag};
use ldap3::controls::{Control, RawControl};

/// The control of requests.
pub(super) const SYNC_REQUEST: &str = "1.3.6.1.4.1.4203.1.9.1.1";
/// The control of entries.
const SYNC_STATE: &str = "1.3.6.1.4.1.4203.1.9.1.2";
/// The control of the end of an answer.
const SYNC_DONE: &str = "1.3.6.1.4.1.4203.1.9.1.3";
/// The message between entries.
const SYNC_INFO: &str = "1.3.6.1.4.1.4203.1.9.1.4";

/// The result with which a server says that it cannot go on from a cookie.
pub(super) const REFRESH_REQUIRED: u32 = 4096;

/// Identities of one answer at most.
const MOST: usize = 20_000_000;

/// How often an answer may tell something of an entry that it told something of before.
const REPEATED: usize = 1_000_000;

/// The identity of an entry, in the order of its text form.
pub(super) type EntryUuid = [u8; 16];

/// The control that asks for what changed since a cookie; without one, for everything.
pub(super) fn request(cookie: Option<&[u8]>) -> RawControl {
    // ENUMERATED refreshOnly.
    let mut value = vec![0x0a, 1, 1];
    if let Some(cookie) = cookie {
        put(&mut value, 0x04, cookie);
    }
    let mut octets = Vec::new();
    put(&mut octets, 0x30, &value);
    RawControl { ctype: SYNC_REQUEST.to_owned(), crit: true, val: Some(octets) }
}

/// Writes one element.
fn put(octets: &mut Vec<u8>, tag: u8, content: &[u8]) {
    octets.push(tag);
    match u8::try_from(content.len()) {
        Ok(short) if short < 0x80 => octets.push(short),
        _ => {
            octets.push(0x84);
            octets.extend(u32::try_from(content.len()).unwrap_or(u32::MAX).to_be_bytes());
        }
    }
    octets.extend(content);
}

/// What an answer told so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    /// Entries that are new or changed.
    pub(super) changed: BTreeSet<EntryUuid>,
    /// Entries that are gone.
    pub(super) deleted: BTreeSet<EntryUuid>,
    /// Entries that are there and did not change.
    pub(super) present: BTreeSet<EntryUuid>,
    /// What was not named as changed or present is gone.
    pub(super) complete: bool,
    /// Where to go on the next time.
    pub(super) cookie: Option<Vec<u8>>,
    /// What cannot be understood.
    pub(super) malformed: Option<&'static str>,
    /// Entries and messages so far.
    messages: usize,
}

impl Told {
    /// Takes in an entry or a message; false when there are too many.
    pub(super) fn take(&mut self, told: &ResultEntry) -> bool {
        self.messages += 1;
        if told.is_intermediate() {
            self.message(&told.0);
        } else {
            match control(&told.1, SYNC_STATE).and_then(|value| State::read(&value)) {
                Some(state) => self.state(state),
                None => self.malformed = Some("an entry without saying what happened to it"),
            }
        }
        let entries = self.changed.len() + self.deleted.len() + self.present.len();
        entries <= MOST && self.messages <= entries + REPEATED
    }

    fn state(&mut self, state: State) {
        // What is told last holds.
        self.changed.remove(&state.uuid);
        self.deleted.remove(&state.uuid);
        match state.kind {
            0 => self.present.insert(state.uuid),
            1 | 2 => self.changed.insert(state.uuid),
            _ => {
                self.present.remove(&state.uuid);
                self.deleted.insert(state.uuid)
            }
        };
        self.cookie = state.cookie.or(self.cookie.take());
    }

    fn message(&mut self, tag: &StructureTag) {
        let PL::C(parts) = &tag.payload else { return };
        let part = |id: u64| {
            parts.iter().find(|part| part.id == id).and_then(|part| match &part.payload {
                PL::P(octets) => Some(octets.as_slice()),
                PL::C(_) => None,
            })
        };
        if part(0) != Some(SYNC_INFO.as_bytes()) {
            return;
        }
        match part(1).and_then(Info::read) {
            Some(Info::Cookie(cookie)) => self.cookie = Some(cookie),
            Some(Info::Phase { present, cookie }) => {
                self.complete |= present;
                self.cookie = cookie.or(self.cookie.take());
            }
            Some(Info::Set { gone, uuids, cookie }) => {
                self.cookie = cookie.or(self.cookie.take());
                for uuid in uuids {
                    if gone {
                        self.changed.remove(&uuid);
                        self.present.remove(&uuid);
                        self.deleted.insert(uuid);
                    } else {
                        self.present.insert(uuid);
                    }
                }
            }
            None => self.malformed = Some("a message that cannot be read"),
        }
    }

    /// Takes in the end of the answer.
    pub(super) fn end(&mut self, controls: &[Control]) {
        match control(controls, SYNC_DONE).as_deref().and_then(Done::read) {
            Some(done) => {
                self.complete |= !done.refresh_deletes;
                self.cookie = done.cookie.or(self.cookie.take());
            }
            None => self.malformed = Some("an end that does not say where to go on"),
        }
    }
}

fn control(controls: &[Control], oid: &str) -> Option<Vec<u8>> {
    controls.iter().find(|control| control.1.ctype == oid).map(|control| control.1.val.clone().unwrap_or_default())
}

/// What a Sync State control says.
#[derive(Debug, PartialEq, Eq)]
struct State {
    /// 0 present, 1 add, 2 modify, 3 delete.
    kind: u8,
    uuid: EntryUuid,
    cookie: Option<Vec<u8>>,
}

impl State {
    fn read(value: &[u8]) -> Option<Self> {
        let mut parts = Elements(Elements(value).sequence()?);
        let (0x0a, [kind @ 0..=3]) = parts.next()? else { return None };
        let (0x04, uuid) = parts.next()? else { return None };
        Some(Self { kind: *kind, uuid: uuid.try_into().ok()?, cookie: parts.optional(0x04) })
    }
}

/// What a Sync Done control says.
#[derive(Debug, PartialEq, Eq)]
struct Done {
    cookie: Option<Vec<u8>>,
    refresh_deletes: bool,
}

impl Done {
    fn read(value: &[u8]) -> Option<Self> {
        let mut parts = Elements(Elements(value).sequence()?);
        Some(Self { cookie: parts.optional(0x04), refresh_deletes: parts.flag(false) })
    }
}

/// What a Sync Info message says.
#[derive(Debug, PartialEq, Eq)]
enum Info {
    Cookie(Vec<u8>),
    /// A phase is over; `present` says that what it did not name is gone.
    Phase {
        present: bool,
        cookie: Option<Vec<u8>>,
    },
    Set {
        gone: bool,
        uuids: Vec<EntryUuid>,
        cookie: Option<Vec<u8>>,
    },
}

impl Info {
    fn read(value: &[u8]) -> Option<Self> {
        let (tag, content) = Elements(value).next()?;
        let mut parts = Elements(content);
        match tag {
            0x80 => Some(Self::Cookie(content.to_vec())),
            0xa1 | 0xa2 => Some(Self::Phase { present: tag == 0xa2, cookie: parts.optional(0x04) }),
            0xa3 => {
                let (cookie, gone) = (parts.optional(0x04), parts.flag(false));
                let (0x31, set) = parts.next()? else { return None };
                let (mut set, mut uuids) = (Elements(set), Vec::new());
                while !set.0.is_empty() {
                    let (0x04, uuid) = set.next()? else { return None };
                    uuids.push(uuid.try_into().ok()?);
                }
                Some(Self::Set { gone, uuids, cookie })
            }
            _ => None,
        }
    }
}

/// Elements of BER one after the other, without trust in their lengths.
#[derive(Clone, Copy)]
struct Elements<'a>(&'a [u8]);

impl<'a> Elements<'a> {
    /// The next element: its tag and its content.
    fn next(&mut self) -> Option<(u8, &'a [u8])> {
        let (tag, rest) = self.0.split_first()?;
        let (first, rest) = rest.split_first()?;
        let (length, rest) = if *first < 0x80 {
            (usize::from(*first), rest)
        } else {
            let (octets, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            if octets.is_empty() || octets.len() > 4 {
                return None;
            }
            (octets.iter().fold(0, |length, octet| (length << 8) | usize::from(*octet)), rest)
        };
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((*tag, content))
    }

    fn sequence(mut self) -> Option<&'a [u8]> {
        self.next().filter(|(tag, _)| *tag == 0x30).map(|(_, content)| content)
    }

    /// The content of the next element if it has this tag.
    fn optional(&mut self, tag: u8) -> Option<Vec<u8>> {
        let mut ahead = *self;
        let (_, content) = ahead.next().filter(|(found, _)| *found == tag)?;
        *self = ahead;
        Some(content.to_vec())
    }

    /// The next element if it is a Boolean.
    fn flag(&mut self, otherwise: bool) -> bool {
        self.optional(0x01).map_or(otherwise, |value| value.iter().any(|octet| *octet != 0))
    }
}

#[cfg(test)]
mod tests {
    use ldap3::asn1::TagClass;
    use proptest::prelude::*;

    use super::*;

    const A: EntryUuid = [0xaa; 16];
    const B: EntryUuid = [0xbb; 16];

    fn element(tag: u8, content: &[u8]) -> Vec<u8> {
        let mut octets = Vec::new();
        put(&mut octets, tag, content);
        octets
    }

    fn tagged(oid: &str, value: Vec<u8>) -> Control {
        Control(None, RawControl { ctype: oid.to_owned(), crit: false, val: Some(value) })
    }

    fn with(tag: StructureTag, controls: Vec<Control>) -> ResultEntry {
        let mut told = ResultEntry::new(tag);
        told.1 = controls;
        told
    }

    fn entry(kind: u8, uuid: &[u8]) -> ResultEntry {
        let value = element(0x30, &[element(0x0a, &[kind]), element(0x04, uuid)].concat());
        let tag = StructureTag { class: TagClass::Application, id: 4, payload: PL::C(Vec::new()) };
        with(tag, vec![tagged(SYNC_STATE, value)])
    }

    fn message(value: Vec<u8>) -> ResultEntry {
        let part = |id, octets| StructureTag { class: TagClass::Context, id, payload: PL::P(octets) };
        let parts = vec![part(0, SYNC_INFO.as_bytes().to_vec()), part(1, value)];
        ResultEntry::new(StructureTag { class: TagClass::Application, id: 25, payload: PL::C(parts) })
    }

    #[test]
    fn requests_carry_the_cookie() {
        assert_eq!(request(None).val.unwrap(), [0x30, 3, 0x0a, 1, 1]);
        assert_eq!(request(Some(b"ab")).val.unwrap(), [0x30, 7, 0x0a, 1, 1, 4, 2, b'a', b'b']);
        let long = request(Some(&[7; 300])).val.unwrap();
        assert_eq!(long[..6], [0x30, 0x84, 0, 0, 1, 0x35]);
        assert!(request(None).crit);
    }

    #[test]
    fn an_answer_that_tells_the_same_for_ever_is_noticed() {
        let mut told = Told { messages: REPEATED - 1, ..Told::default() };
        for uuid in [[1; 16], [2; 16]] {
            assert!(told.take(&entry(1, &uuid)), "something new");
        }
        assert!(told.take(&entry(1, &[1; 16])));
        assert!(!told.take(&entry(1, &[1; 16])));
        assert!(!told.take(&message(element(0x80, b"cookie"))));
    }

    #[test]
    fn answers_become_lists_of_identities() {
        let set = |gone: bool, uuid: &[u8]| {
            let flag = if gone { element(0x01, &[0xff]) } else { Vec::new() };
            message(element(0xa3, &[element(0x04, b"c1"), flag, element(0x31, &element(0x04, uuid))].concat()))
        };
        let done = |deletes: Option<u8>| {
            let flag = deletes.map(|flag| element(0x01, &[flag])).unwrap_or_default();
            vec![tagged(SYNC_DONE, element(0x30, &[element(0x04, b"c2"), flag].concat()))]
        };
        let check = |told: &[ResultEntry], end: &[Control], expected: Told| {
            let mut found = Told::default();
            assert!(told.iter().all(|told| found.take(told)));
            found.end(end);
            found.messages = 0;
            assert_eq!(found, expected);
        };
        let cookie = || Some(b"c2".to_vec());
        let none = Told { cookie: cookie(), ..Told::default() };
        check(&[], &done(Some(0xff)), none.clone());
        check(&[], &done(None), Told { complete: true, ..none.clone() });
        check(&[entry(1, &A), entry(2, &B)], &done(Some(1)), Told { changed: [A, B].into(), ..none.clone() });
        check(&[entry(2, &A), entry(3, &A)], &done(Some(1)), Told { deleted: [A].into(), ..none.clone() });
        check(&[set(true, &B), entry(1, &B)], &done(Some(1)), Told { changed: [B].into(), ..none.clone() });
        check(
            &[entry(0, &A), set(false, &B), message(element(0xa2, &[]))],
            &done(Some(1)),
            Told { present: [A, B].into(), complete: true, ..none.clone() },
        );
        check(&[message(element(0xa1, &element(0x04, b"x")))], &done(Some(1)), none.clone());
        check(
            &[message(element(0x80, b"x"))],
            &[tagged(SYNC_DONE, element(0x30, &element(1, &[1])))],
            Told { cookie: Some(b"x".to_vec()), ..none },
        );
    }

    #[test]
    fn answers_that_make_no_sense_are_noticed() {
        let check = |told: &[ResultEntry], end: &[Control]| {
            let mut found = Told::default();
            for told in told {
                found.take(told);
            }
            found.end(end);
            assert!(found.malformed.is_some(), "{found:?}");
        };
        let end = [tagged(SYNC_DONE, element(0x30, &element(0x04, b"c")))];
        check(&[], &[]);
        check(&[], &[tagged(SYNC_DONE, vec![0x30, 9, 1])]);
        check(&[entry(4, &A)], &end);
        check(&[entry(1, &A[..15])], &end);
        check(&[ResultEntry::new(entry(1, &A).0)], &end);
        check(&[message(element(0xa3, &element(0x31, &element(0x04, b"short"))))], &end);
        check(&[message(element(0xa9, &[]))], &end);
        check(&[message(Vec::new())], &end);
    }

    proptest! {
        #[test]
        fn no_octets_are_too_odd(octets in prop::collection::vec(any::<u8>(), 0..80)) {
            let mut told = Told::default();
            told.take(&message(octets.clone()));
            told.take(&with(entry(1, &A).0, vec![tagged(SYNC_STATE, octets.clone())]));
            told.end(&[tagged(SYNC_DONE, octets)]);
            prop_assert!(told.changed.len() <= 1);
        }

        #[test]
        fn what_is_cut_short_is_never_read_as_something_else(uuid in any::<[u8; 16]>(), kind in 0_u8..4, cut in 0_usize..23) {
            let value = element(0x30, &[element(0x0a, &[kind]), element(0x04, &uuid)].concat());
            prop_assert_eq!(State::read(&value), Some(State { kind, uuid, cookie: None }));
            prop_assert_eq!(State::read(&value[..cut]), None);
        }
    }
}
