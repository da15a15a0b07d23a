//! Entries as they come from the wire, decoded without trust.

use ldap3::asn1::{PL, StructureTag};

/// One search result entry: names and octets, nothing interpreted but ranges.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::connector) struct RawEntry {
    pub(in crate::connector) dn: String,
    pub(in crate::connector) attributes: Vec<RawAttribute>,
}

/// One attribute of an entry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::connector) struct RawAttribute {
    /// Name without options.
    pub(in crate::connector) name: String,
    pub(in crate::connector) values: Vec<Vec<u8>>,
    /// Where the next piece begins, when the server gave only the first values.
    pub(in crate::connector) continues_at: Option<u64>,
}

/// An entry that is no entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::connector) struct MalformedEntry {
    /// The name, as far as it can be read.
    pub(in crate::connector) dn: Option<String>,
    pub(in crate::connector) reason: &'static str,
}

/// The range that a server put behind an attribute's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct ValueRange {
    /// Last value given; `None` when it is the attribute's last.
    last: Option<u64>,
}

impl RawEntry {
    /// Decodes a search result entry (RFC 4511, 4.5.2).
    pub(in crate::connector) fn decode(tag: StructureTag) -> Result<Self, MalformedEntry> {
        Self::decode_with(tag, Self::add)
    }

    /// As [`RawEntry::decode`], but attributes keep their options: the ranges of a DirSync answer are none.
    pub(in crate::connector) fn decode_as_described(tag: StructureTag) -> Result<Self, MalformedEntry> {
        Self::decode_with(tag, |entry, described, values| {
            entry.attributes.push(RawAttribute { name: described.to_owned(), values, continues_at: None });
        })
    }

    /// As [`RawEntry::decode`], but values in other languages and the like are left out: an attribute is what has its name
    /// alone, or with the option that says that its values are transferred as octets.
    pub(in crate::connector) fn decode_without_options(tag: StructureTag) -> Result<Self, MalformedEntry> {
        Self::decode_with(tag, |entry, described, values| {
            let mut parts = described.split(';');
            let name = parts.next().unwrap_or(described);
            if parts.all(|option| option.eq_ignore_ascii_case("binary")) {
                entry.attributes.push(RawAttribute { name: name.to_owned(), values, continues_at: None });
            }
        })
    }

    fn decode_with(tag: StructureTag, add: impl Fn(&mut Self, &str, Vec<Vec<u8>>)) -> Result<Self, MalformedEntry> {
        let malformed = |dn: Option<&str>, reason| MalformedEntry { dn: dn.map(str::to_owned), reason };
        if tag.id != 4 {
            return Err(malformed(None, "the server sent something else than an entry"));
        }
        let mut parts = tag.expect_constructed().ok_or_else(|| malformed(None, "the entry is empty"))?.into_iter();
        let name =
            parts.next().and_then(StructureTag::expect_primitive).ok_or_else(|| malformed(None, "the entry has no name"))?;
        let dn = String::from_utf8(name).map_err(|error| MalformedEntry {
            dn: Some(String::from_utf8_lossy(error.as_bytes()).into_owned()),
            reason: "the name of the entry is not Unicode text",
        })?;
        let list = parts
            .next()
            .and_then(StructureTag::expect_constructed)
            .ok_or_else(|| malformed(Some(&dn), "the entry has no list of attributes"))?;
        let mut entry = Self { dn, attributes: Vec::with_capacity(list.len()) };
        for item in list {
            let Some((name, values)) = decode_attribute(item) else {
                return Err(malformed(Some(&entry.dn), "an attribute of the entry cannot be read"));
            };
            add(&mut entry, &name, values);
        }
        Ok(entry)
    }

    /// Adds values under a name with options; a ranged piece joins the (empty) attribute beside it.
    fn add(&mut self, described: &str, values: Vec<Vec<u8>>) {
        let (name, range) = split_description(described);
        let continues_at = range.and_then(|range| range.last).map(|last| last.saturating_add(1));
        match self.attributes.iter_mut().find(|attribute| attribute.name.eq_ignore_ascii_case(name)) {
            Some(attribute) => {
                attribute.values.extend(values);
                attribute.continues_at = attribute.continues_at.max(continues_at);
            }
            None => self.attributes.push(RawAttribute { name: name.to_owned(), values, continues_at }),
        }
    }

    /// An attribute by name, without regard to case.
    pub(in crate::connector) fn attribute(&self, name: &str) -> Option<&RawAttribute> {
        self.attributes.iter().find(|attribute| attribute.name.eq_ignore_ascii_case(name))
    }

    /// The first value of an attribute.
    pub(in crate::connector) fn first(&self, name: &str) -> Option<&[u8]> {
        self.attribute(name)?.values.first().map(Vec::as_slice)
    }

    /// The first value of an attribute as text.
    pub(in crate::connector) fn text(&self, name: &str) -> Option<&str> {
        self.first(name).and_then(|value| std::str::from_utf8(value).ok())
    }

    /// The first value of an attribute as a number.
    pub(in crate::connector) fn number(&self, name: &str) -> Option<i64> {
        self.text(name)?.parse().ok()
    }

    /// All values of an attribute that are text.
    pub(in crate::connector) fn texts<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> + use<'a> {
        self.attribute(name).into_iter().flat_map(|a| &a.values).filter_map(|value| std::str::from_utf8(value).ok())
    }
}

fn decode_attribute(tag: StructureTag) -> Option<(String, Vec<Vec<u8>>)> {
    let mut parts = tag.expect_constructed()?.into_iter();
    let name = String::from_utf8(parts.next()?.expect_primitive()?).ok()?;
    let values = parts.next()?.expect_constructed()?.into_iter().map(StructureTag::expect_primitive).collect::<Option<_>>()?;
    Some((name, values))
}

/// Takes `member;range=0-1499` apart; other options are dropped.
fn split_description(described: &str) -> (&str, Option<ValueRange>) {
    let mut parts = described.split(';');
    let name = parts.next().unwrap_or(described);
    (name, parts.find_map(parse_range))
}

/// Reads `range=0-1499` or `range=1500-*`.
fn parse_range(option: &str) -> Option<ValueRange> {
    let (word, bounds) = option.split_once('=')?;
    if !word.eq_ignore_ascii_case("range") {
        return None;
    }
    let (first, last) = bounds.split_once('-')?;
    let first = first.parse::<u64>().ok()?;
    match last {
        "*" => Some(ValueRange { last: None }),
        number => number.parse().ok().filter(|last| *last >= first).map(|last| ValueRange { last: Some(last) }),
    }
}

/// The cookie of a paged results answer (RFC 2696); `None` when the value makes no sense.
pub(in crate::connector) fn decode_page_cookie(value: &[u8]) -> Option<Vec<u8>> {
    let (_, tag) = ldap3::asn1::parse_tag(value).ok()?;
    let PL::C(parts) = tag.payload else { return None };
    parts.into_iter().nth(1)?.expect_primitive()
}

#[cfg(test)]
pub(in crate::connector) mod tests {
    use ldap3::asn1::TagClass;

    use super::*;

    /// An entry for tests: values are text.
    pub(in crate::connector) fn raw(dn: &str, attributes: &[(&str, &[&str])]) -> RawEntry {
        let mut entry = RawEntry { dn: dn.to_owned(), attributes: Vec::new() };
        for (name, values) in attributes {
            entry.add(name, values.iter().map(|value| value.as_bytes().to_vec()).collect());
        }
        entry
    }

    fn primitive(bytes: &[u8]) -> StructureTag {
        StructureTag { class: TagClass::Universal, id: 4, payload: PL::P(bytes.to_vec()) }
    }

    fn constructed(id: u64, parts: Vec<StructureTag>) -> StructureTag {
        StructureTag { class: TagClass::Universal, id, payload: PL::C(parts) }
    }

    #[test]
    fn entries_keep_octets_and_join_ranges() {
        let attribute = |name: &str, values: &[&[u8]]| {
            constructed(16, vec![primitive(name.as_bytes()), constructed(17, values.iter().map(|v| primitive(v)).collect())])
        };
        let entry = RawEntry::decode(constructed(
            4,
            vec![
                primitive("CN=Käthe,DC=x".as_bytes()),
                constructed(
                    16,
                    vec![
                        attribute("objectGUID", &[b"\x00\xff"]),
                        attribute("member", &[]),
                        attribute("member;range=0-1", &[b"CN=a,DC=x", b"CN=b,DC=x"]),
                        attribute("description", &[]),
                    ],
                ),
            ],
        ))
        .unwrap();
        assert_eq!(entry.dn, "CN=Käthe,DC=x");
        assert_eq!(entry.first("OBJECTguid"), Some(b"\x00\xff".as_slice()));
        let member = entry.attribute("member").unwrap();
        assert_eq!((member.values.len(), member.continues_at), (2, Some(2)));
        assert_eq!(entry.attribute("description").unwrap().values.len(), 0);
    }

    #[test]
    fn malformed_entries_are_named() {
        let check = |tag: StructureTag, dn: Option<&str>, reason: &str| {
            let fault = RawEntry::decode(tag).unwrap_err();
            assert_eq!(fault.dn.as_deref(), dn);
            assert!(fault.reason.contains(reason), "{fault:?}");
        };
        check(constructed(5, vec![]), None, "something else");
        check(primitive(b"x"), None, "empty");
        check(constructed(4, vec![]), None, "no name");
        check(constructed(4, vec![primitive(b"CN=\xff")]), Some("CN=\u{fffd}"), "Unicode");
        check(constructed(4, vec![primitive(b"CN=a")]), Some("CN=a"), "list");
        check(constructed(4, vec![primitive(b"CN=a"), constructed(16, vec![primitive(b"cn")])]), Some("CN=a"), "attribute");
    }

    #[test]
    fn ranges_are_read() {
        let check = |described: &str, name: &str, range: Option<Option<u64>>| {
            assert_eq!(split_description(described), (name, range.map(|last| ValueRange { last })), "{described}");
        };
        check("member", "member", None);
        check("member;range=0-1499", "member", Some(Some(1499)));
        check("member;Range=1500-*", "member", Some(None));
        check("userCertificate;binary", "userCertificate", None);
        check("member;binary;range=0-9", "member", Some(Some(9)));
        check("member;range=9-0", "member", None);
        check("member;range=a-b", "member", None);
        check("member;range=", "member", None);
    }

    #[test]
    fn page_cookies_are_read() {
        let check =
            |value: &[u8], expected: Option<&[u8]>| assert_eq!(decode_page_cookie(value).as_deref(), expected, "{value:?}");
        check(&[0x30, 0x07, 0x02, 0x01, 0x00, 0x04, 0x02, 0xaa, 0xbb], Some(&[0xaa, 0xbb]));
        check(&[0x30, 0x05, 0x02, 0x01, 0x00, 0x04, 0x00], Some(&[]));
        check(&[0x30, 0x03, 0x02, 0x01, 0x00], None);
        check(&[0x04, 0x00], None);
        check(&[], None);
    }
}
