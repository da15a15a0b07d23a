//! The DirSync control ([MS-ADTS] 3.1.1.3.4.1.3): what to ask, and what an answer says.
//!
//! An answer is used as a list of objects that changed, with the values of links that came and went, and for nothing
//! else: it leaves out the class of an object, what did not change, and everything below a container that moved;
//! attributes that are computed come back empty. What a changed object is now is read from the object itself, but for
//! links, which may have any number of values.

use std::collections::{BTreeMap, BTreeSet};

use ldap3::asn1::{PL, StructureTag, TagClass, write};
use ldap3::controls::RawControl;

use super::partitions::split_extended_name;
use crate::connector::ldap::entry::{RawAttribute, RawEntry};
use crate::model::{Dn, fold_text};

/// The control of requests and answers.
pub(super) const DIR_SYNC: &str = "1.2.840.113556.1.4.841";

/// Stands in the names of deleted objects.
const MANGLED: &str = "\\0ADEL:";

/// Parents before children.
const ANCESTORS_FIRST: u32 = 0x800;
/// Of a link, the values that came and went instead of all of them.
const INCREMENTAL_VALUES: u32 = 0x8000_0000;

/// Values of one link that are kept; one of which more came and went is read whole.
const VALUES_OF_LINK: usize = 20_000;

/// Octets of one answer at most, where the server heeds it.
const ANSWER_SIZE: u32 = 4 * 1024 * 1024;

/// What is asked for beside the wanted attributes: without these a deletion, a move or a creation would
/// not be told.
pub(super) const ALWAYS: [&str; 7] =
    ["objectGUID", "objectClass", "instanceType", "name", "parentGUID", "isDeleted", "lastKnownParent"];

/// Attributes that are computed or not replicated: a change of them is never told.
const NEVER_TOLD: &[&str] = &[
    "canonicalname",
    "cn",
    "createtimestamp",
    "distinguishedname",
    "lastlogon",
    "logoncount",
    "badpwdcount",
    "badpasswordtime",
    "memberof",
    "modifytimestamp",
    "primarygrouptoken",
    "structuralobjectclass",
    "subschemasubentry",
    "usnchanged",
    "usncreated",
    "whenchanged",
];

/// The request control with the cookie of the answer before.
pub(super) fn request(cookie: &[u8]) -> RawControl {
    let mut value = Vec::new();
    for (number, incremental) in [(ANCESTORS_FIRST | INCREMENTAL_VALUES, true), (ANSWER_SIZE, false)] {
        // A leading zero keeps the highest bit from being a sign.
        let mut octets = if incremental { vec![0] } else { Vec::new() };
        octets.extend(number.to_be_bytes());
        value.push(primitive(2, octets));
    }
    value.push(primitive(4, cookie.to_vec()));
    let sequence = StructureTag { class: TagClass::Universal, id: 16, payload: PL::C(value) };
    let mut buffer = bytes(&sequence);
    buffer.shrink_to_fit();
    RawControl { ctype: DIR_SYNC.to_owned(), crit: true, val: Some(buffer) }
}

fn primitive(id: u64, octets: Vec<u8>) -> StructureTag {
    StructureTag { class: TagClass::Universal, id, payload: PL::P(octets) }
}

fn bytes(tag: &StructureTag) -> Vec<u8> {
    let mut buffer = Default::default();
    // Writing to memory does not fail.
    write::encode_into(&mut buffer, tag.clone()).ok();
    buffer.to_vec()
}

/// The end of one answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct AnswerEnd {
    /// There is more to tell: ask again with the new cookie.
    pub(super) more: bool,
    pub(super) cookie: Vec<u8>,
}

/// Reads the control of an answer; `None` when it makes no sense.
pub(super) fn answer_end(value: &[u8]) -> Option<AnswerEnd> {
    let (_, tag) = ldap3::asn1::parse_tag(value).ok()?;
    let mut parts = tag.expect_constructed()?.into_iter();
    let more = parts.next()?.expect_primitive()?.iter().any(|octet| *octet != 0);
    let cookie = parts.nth(1)?.expect_primitive()?;
    (!cookie.is_empty()).then_some(AnswerEnd { more, cookie })
}

/// The attributes to ask for so that every change of a wanted one is told.
pub(super) fn attributes<'a>(wanted: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut list: Vec<String> = ALWAYS.map(str::to_owned).to_vec();
    for name in wanted {
        let folded = fold_text(name);
        let told = !NEVER_TOLD.contains(&folded.as_str()) && !folded.contains(';');
        if told && !list.iter().any(|listed| fold_text(listed) == folded) {
            list.push(name.to_owned());
        }
    }
    list
}

/// What became of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Happened {
    /// It is gone; its last name where that can be known.
    Deleted(Option<String>),
    /// It got another name or place, so that everything below it has another name too.
    Moved,
    /// Something else.
    Changed,
}

/// What an answer tells of the links of an object. Names are folded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Changes {
    /// The object is new, or has another name or place: all of it is of interest.
    pub(super) everything: bool,
    /// Links that may have any values now.
    pub(super) whole: BTreeSet<String>,
    /// Values that came (true) and went (false) by name, by link.
    pub(super) values: BTreeMap<String, BTreeMap<String, bool>>,
}

impl Changes {
    /// Adds what a later piece of the answer tells.
    pub(super) fn add(&mut self, later: Self) {
        self.everything |= later.everything;
        self.whole.extend(later.whole);
        for (name, values) in later.values {
            self.values.entry(name).or_default().extend(values);
        }
    }

    /// Number of values that came and went.
    pub(super) fn count(&self) -> usize {
        self.values.values().map(BTreeMap::len).sum()
    }

    /// Adds an attribute of an answer if it is a link: `member;range=1-1` has values that came, `member;range=0-0`
    /// values that went.
    fn learn(&mut self, attribute: &RawAttribute, links: &BTreeSet<String>) {
        let (name, option) = attribute.name.split_once(';').unwrap_or((&attribute.name, ""));
        let name = fold_text(name);
        if !links.contains(&name) {
            return;
        }
        let came = match option {
            _ if option.eq_ignore_ascii_case("range=1-1") => true,
            _ if option.eq_ignore_ascii_case("range=0-0") => false,
            _ => {
                self.whole.insert(name);
                return;
            }
        };
        let values = self.values.entry(name.clone()).or_default();
        for value in &attribute.values {
            let Ok(text) = std::str::from_utf8(value) else {
                self.whole.insert(name);
                return;
            };
            let (_, dn) = split_extended_name(text);
            // References to what was deleted are gone with it.
            if !dn.contains(MANGLED) {
                values.insert(dn.to_owned(), came);
            }
        }
        if values.len() > VALUES_OF_LINK {
            self.whole.insert(name.clone());
            self.values.remove(&name);
        }
    }
}

/// An object that changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Notice {
    pub(super) guid: [u8; 16],
    pub(super) happened: Happened,
    pub(super) changes: Changes,
}

impl Notice {
    /// Reads an entry of an answer as it was described; `None` without a usable `objectGUID`.
    /// `links` are the folded names of the links that are of interest.
    pub(super) fn read(entry: &RawEntry, links: &BTreeSet<String>) -> Option<Self> {
        let guid = entry.first("objectGUID")?.try_into().ok()?;
        let told = |name: &str| entry.attribute(name).is_some_and(|attribute| !attribute.values.is_empty());
        let happened = if is_deleted(entry) {
            Happened::Deleted(last_name(entry))
        } else if (told("name") || told("parentGUID")) && !told("objectClass") {
            Happened::Moved
        } else {
            Happened::Changed
        };
        let mut changes = Changes { everything: told("objectClass") || happened == Happened::Moved, ..Changes::default() };
        if !changes.everything {
            entry.attributes.iter().for_each(|attribute| changes.learn(attribute, links));
        }
        Some(Self { guid, happened, changes })
    }
}

/// True for what is left of a deleted object.
pub(super) fn is_deleted(entry: &RawEntry) -> bool {
    entry.text("isDeleted").is_some_and(|text| text.eq_ignore_ascii_case("TRUE"))
}

/// The name that a deleted object had: `CN=x\0ADEL:…,CN=Deleted Objects,…` without what deleting made of it.
pub(super) fn last_name(entry: &RawEntry) -> Option<String> {
    let rdn = Dn::parse(&entry.dn).ok()?.rdn_text().split_once(MANGLED)?.0.to_owned();
    // DirSync gives references with the identity in front of the name.
    let (_, parent) = split_extended_name(entry.text("lastKnownParent")?);
    (!parent.contains(MANGLED)).then(|| format!("{rdn},{parent}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connector::ldap::entry::tests::raw;

    /// Trap D16: parents first is asked for.
    #[test]
    fn the_control_carries_flags_size_and_cookie() {
        let control = request(&[0xaa, 0xbb]);
        assert_eq!((control.ctype.as_str(), control.crit), (DIR_SYNC, true));
        let expected = [0x30, 17, 2, 5, 0, 0x80, 0, 8, 0, 2, 4, 0, 0x40, 0, 0, 4, 2, 0xaa, 0xbb];
        assert_eq!(control.val.unwrap(), expected);
    }

    #[test]
    fn ends_of_answers_are_read() {
        let check = |value: &[u8], expected: Option<(bool, &[u8])>| {
            let expected = expected.map(|(more, cookie)| AnswerEnd { more, cookie: cookie.to_vec() });
            assert_eq!(answer_end(value), expected, "{value:?}");
        };
        check(&[0x30, 9, 2, 1, 1, 2, 1, 0, 4, 1, 0xaa], Some((true, &[0xaa])));
        check(&[0x30, 9, 2, 1, 0, 2, 1, 0, 4, 1, 0xaa], Some((false, &[0xaa])));
        // Without a cookie nothing could go on from here.
        check(&[0x30, 8, 2, 1, 0, 2, 1, 0, 4, 0], None);
        check(&[0x30, 3, 2, 1, 0], None);
        check(&[4, 0], None);
        check(&[], None);
    }

    /// Traps D6, D7.
    #[test]
    fn what_is_never_told_is_not_asked_for() {
        let found = attributes(["CN", "mail", "member", "memberOf", "objectguid", "Mail", "whenChanged"].into_iter());
        let mut expected = ALWAYS.map(str::to_owned).to_vec();
        expected.extend(["mail".to_owned(), "member".to_owned()]);
        assert_eq!(found, expected);
    }

    /// Traps D5, D12.
    #[test]
    fn values_of_links_are_told_by_what_became_of_them() {
        let attribute = |name: &str, values: &[&str]| RawAttribute {
            name: name.to_owned(),
            values: values.iter().map(|value| value.as_bytes().to_vec()).collect(),
            continues_at: None,
        };
        let links = BTreeSet::from(["member".to_owned()]);
        let check = |attributes: &[RawAttribute], whole: &[&str], values: &[(&str, bool)]| {
            let mut changes = Changes::default();
            attributes.iter().for_each(|attribute| changes.learn(attribute, &links));
            assert_eq!(changes.whole, whole.iter().map(|name| (*name).to_owned()).collect(), "{attributes:?}");
            let expected: BTreeMap<_, _> = values.iter().map(|(dn, came)| ((*dn).to_owned(), *came)).collect();
            assert_eq!(changes.values.remove("member").unwrap_or_default(), expected, "{attributes:?}");
        };
        let (came, went) = ("member;range=1-1", "member;range=0-0");
        check(&[attribute(came, &["CN=a"]), attribute(went, &["CN=b"])], &[], &[("CN=a", true), ("CN=b", false)]);
        check(&[attribute("Member;Range=1-1", &["<GUID=1>;<SID=S-1>;CN=a"])], &[], &[("CN=a", true)]);
        check(&[attribute(went, &["CN=a\\0ADEL:1,CN=Deleted Objects,DC=x"])], &[], &[]);
        check(&[attribute("member", &["CN=a"]), attribute("Mail", &[])], &["member"], &[]);
        check(&[attribute("member;range=0-1499", &["CN=a"])], &["member"], &[]);
        check(&[attribute("member", &[])], &["member"], &[]);
        let unreadable = RawAttribute { values: vec![vec![0xff]], ..attribute(came, &[]) };
        check(&[unreadable], &["member"], &[]);
        // A later piece has the last word.
        let mut changes = Changes::default();
        changes.learn(&attribute(came, &["CN=a", "CN=b"]), &links);
        let mut later = Changes { everything: true, ..Changes::default() };
        later.learn(&attribute(went, &["CN=a"]), &links);
        changes.add(later);
        assert_eq!((changes.everything, changes.count()), (true, 2));
        assert!(!changes.values["member"]["CN=a"]);
    }

    /// Traps D8, D9.
    #[test]
    fn entries_say_what_happened() {
        let guid = "sixteen letters!";
        let check = |dn: &str, attributes: &[(&str, &[&str])], expected: Option<Happened>| {
            let guid = [guid];
            let mut all: Vec<(&str, &[&str])> = vec![("objectGUID", &guid), ("instanceType", &["4"])];
            all.extend_from_slice(attributes);
            assert_eq!(Notice::read(&raw(dn, &all), &BTreeSet::new()).map(|notice| notice.happened), expected, "{dn}");
        };
        check("CN=a,DC=x", &[("displayName", &["A"])], Some(Happened::Changed));
        check("CN=a,DC=x", &[("member;range=1-1", &["CN=b,DC=x"]), ("member;range=0-0", &[])], Some(Happened::Changed));
        check("OU=a,DC=x", &[("name", &["a"]), ("parentGUID", &["x"])], Some(Happened::Moved));
        // A new object tells its name as well, and has nothing below it that was imported.
        check("OU=a,DC=x", &[("name", &["a"]), ("objectClass", &["top", "organizationalUnit"])], Some(Happened::Changed));
        let deleted: (&str, &[&str]) = ("isDeleted", &["TRUE"]);
        let parent: (&str, &[&str]) = ("lastKnownParent", &["OU=o,DC=x"]);
        let gone = "CN=a\\, b\\0ADEL:1-2,CN=Deleted Objects,DC=x";
        check(gone, &[deleted, parent, ("name", &["a"])], Some(Happened::Deleted(Some("CN=a\\, b,OU=o,DC=x".to_owned()))));
        let parent: (&str, &[&str]) = ("lastKnownParent", &["<GUID=6263fb55-1e2b-4ead-b753-0b3a326b36b4>;OU=o,DC=x"]);
        check(gone, &[deleted, parent], Some(Happened::Deleted(Some("CN=a\\, b,OU=o,DC=x".to_owned()))));
        check(gone, &[deleted], Some(Happened::Deleted(None)));
        check(gone, &[deleted, ("lastKnownParent", &["OU=o\\0ADEL:3,CN=Deleted Objects,DC=x"])], Some(Happened::Deleted(None)));
        // Given back its life.
        check("CN=a,DC=x", &[("isDeleted", &[]), ("name", &["a"])], Some(Happened::Moved));
        assert_eq!(Notice::read(&raw("CN=a,DC=x", &[("objectGUID", &["short"])]), &BTreeSet::new()), None);
        assert_eq!(Notice::read(&raw("CN=a,DC=x", &[]), &BTreeSet::new()), None);
    }
}
