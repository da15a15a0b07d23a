//! The DirSync control ([MS-ADTS] 3.1.1.3.4.1.3): what to ask, and what an answer says.
//!
//! An answer is used as a list of objects that changed, and its values for nothing else: it leaves out the
//! class of an object, what did not change, and everything below a container that moved; attributes that are
//! computed come back empty. What a changed object is now is read from the object itself.

use ldap3::asn1::{PL, StructureTag, TagClass, write};
use ldap3::controls::RawControl;

use super::entry::RawEntry;
use super::partitions::split_extended_name;
use crate::model::{Dn, fold_text};

/// The control of requests and answers.
pub(super) const DIR_SYNC: &str = "1.2.840.113556.1.4.841";

/// Parents before children.
const ANCESTORS_FIRST: u32 = 0x800;
/// Of a link, the values that came and went instead of all of them.
const INCREMENTAL_VALUES: u32 = 0x8000_0000;

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

/// An object that changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Notice {
    pub(super) guid: [u8; 16],
    pub(super) happened: Happened,
}

impl Notice {
    /// Reads an entry of an answer; `None` without a usable `objectGUID`.
    pub(super) fn read(entry: &RawEntry) -> Option<Self> {
        let guid = entry.first("objectGUID")?.try_into().ok()?;
        let told = |name: &str| entry.attribute(name).is_some_and(|attribute| !attribute.values.is_empty());
        let happened = if is_deleted(entry) {
            Happened::Deleted(last_name(entry))
        } else if (told("name") || told("parentGUID")) && !told("objectClass") {
            Happened::Moved
        } else {
            Happened::Changed
        };
        Some(Self { guid, happened })
    }
}

/// True for what is left of a deleted object.
pub(super) fn is_deleted(entry: &RawEntry) -> bool {
    entry.text("isDeleted").is_some_and(|text| text.eq_ignore_ascii_case("TRUE"))
}

/// The name that a deleted object had: `CN=x\0ADEL:…,CN=Deleted Objects,…` without what deleting made of it.
pub(super) fn last_name(entry: &RawEntry) -> Option<String> {
    const MANGLED: &str = "\\0ADEL:";
    let rdn = Dn::parse(&entry.dn).ok()?.rdn_text().split_once(MANGLED)?.0.to_owned();
    // DirSync gives references with the identity in front of the name.
    let (_, parent) = split_extended_name(entry.text("lastKnownParent")?);
    (!parent.contains(MANGLED)).then(|| format!("{rdn},{parent}"))
}

#[cfg(test)]
mod tests {
    use super::super::entry::tests::raw;
    use super::*;

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

    #[test]
    fn what_is_never_told_is_not_asked_for() {
        let found = attributes(["CN", "mail", "member", "memberOf", "objectguid", "Mail", "whenChanged"].into_iter());
        let mut expected = ALWAYS.map(str::to_owned).to_vec();
        expected.extend(["mail".to_owned(), "member".to_owned()]);
        assert_eq!(found, expected);
    }

    #[test]
    fn entries_say_what_happened() {
        let guid = "sixteen letters!";
        let check = |dn: &str, attributes: &[(&str, &[&str])], expected: Option<Happened>| {
            let guid = [guid];
            let mut all: Vec<(&str, &[&str])> = vec![("objectGUID", &guid), ("instanceType", &["4"])];
            all.extend_from_slice(attributes);
            assert_eq!(Notice::read(&raw(dn, &all)).map(|notice| notice.happened), expected, "{dn}");
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
        assert_eq!(Notice::read(&raw("CN=a,DC=x", &[("objectGUID", &["short"])])), None);
        assert_eq!(Notice::read(&raw("CN=a,DC=x", &[])), None);
    }
}
