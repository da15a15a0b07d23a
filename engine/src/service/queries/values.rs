//! Values as shown.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use uuid::Uuid;

use crate::model::Value;
use crate::service::ValueView;

/// Most values of one attribute that a view holds.
pub(super) const MOST_VALUES: usize = 200;

/// A value other than a reference.
pub(super) fn plain(value: &Value) -> ValueView {
    ValueView { text: value.display(), cs_target: None, mv_target: None, change: None }
}

/// A reference inside a connector space.
pub(super) fn cs_reference(dn: String, target: Uuid) -> ValueView {
    ValueView { text: dn, cs_target: Some(target), mv_target: None, change: None }
}

/// A reference inside the metaverse.
pub(super) fn mv_reference(name: String, target: Uuid) -> ValueView {
    ValueView { text: name, cs_target: None, mv_target: Some(target), change: None }
}

/// An anchor as shown. A forest's anchors are GUIDs in the byte order of Active Directory, a tenant's are
/// text.
pub(super) fn anchor_text(anchor: &[u8], forest: bool) -> String {
    let text = || std::str::from_utf8(anchor).ok().filter(|text| !text.is_empty() && !text.chars().any(char::is_control));
    let guid = || <[u8; 16]>::try_from(anchor).ok().map(|bytes| Uuid::from_bytes_le(bytes).to_string());
    let shown = if forest { guid().or_else(|| text().map(str::to_owned)) } else { text().map(str::to_owned).or_else(guid) };
    shown.unwrap_or_else(|| STANDARD.encode(anchor))
}

/// The bytes that a text may stand for: base64, hexadecimal, a GUID in either byte order, a SID, the text
/// itself.
pub(super) fn possible_bytes(text: &str) -> Vec<Vec<u8>> {
    let text = text.trim();
    let mut forms = vec![text.as_bytes().to_vec()];
    forms.extend(STANDARD.decode(text).ok());
    forms.extend(hex::decode(text.trim_start_matches("0x")).ok());
    forms.extend(sid_bytes(text));
    if let Ok(guid) = Uuid::parse_str(text) {
        forms.push(guid.to_bytes_le().to_vec());
        forms.push(guid.as_bytes().to_vec());
    }
    forms.retain(|form| !form.is_empty());
    forms.sort();
    forms.dedup();
    forms
}

/// The bytes of a security identifier in its text form, `S-1-5-21-...`.
fn sid_bytes(text: &str) -> Option<Vec<u8>> {
    let mut parts = text.split('-');
    if !parts.next()?.eq_ignore_ascii_case("s") {
        return None;
    }
    let revision: u8 = parts.next()?.parse().ok()?;
    let authority: u64 = parts.next()?.parse().ok()?;
    let authority = authority.to_be_bytes();
    let (zero, authority) = authority.split_first_chunk::<2>()?;
    let subordinates = parts.map(|part| part.parse::<u32>().ok()).collect::<Option<Vec<_>>>()?;
    let count = u8::try_from(subordinates.len()).ok().filter(|count| *count <= 15 && *zero == [0, 0])?;
    let mut bytes = vec![revision, count];
    bytes.extend_from_slice(authority);
    bytes.extend(subordinates.into_iter().flat_map(u32::to_le_bytes));
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anchors_show_as_the_administrator_knows_them() {
        let check = |anchor: &[u8], forest: bool, expected: &str| assert_eq!(anchor_text(anchor, forest), expected);
        let guid = [0x33, 0x22, 0x11, 0x00, 0x55, 0x44, 0x77, 0x66, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff];
        check(&guid, true, "00112233-4455-6677-8899-aabbccddeeff");
        check(&guid, false, "00112233-4455-6677-8899-aabbccddeeff");
        check(b"User_0123456789a", false, "User_0123456789a");
        check(b"User_0123456789a", true, "72657355-305f-3231-3334-353637383961");
        check(b"plain", true, "plain");
        check(&[0xff, 0xfe, 0x00], true, "//4A");
    }

    #[test]
    fn texts_stand_for_bytes_in_every_known_form() {
        let check = |text: &str, expected: &[u8]| assert!(possible_bytes(text).contains(&expected.to_vec()), "{text}");
        check("//4A", &[0xff, 0xfe, 0x00]);
        check("fffe00", &[0xff, 0xfe, 0x00]);
        check("0xFFFE00", &[0xff, 0xfe, 0x00]);
        check("plain", b"plain");
        check(
            "{00112233-4455-6677-8899-aabbccddeeff}",
            &[0x33, 0x22, 0x11, 0x00, 0x55, 0x44, 0x77, 0x66, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff],
        );
        check("S-1-5-32-544", &[1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 32, 2, 0, 0]);
        assert!(possible_bytes("  ").is_empty());
        assert_eq!(sid_bytes("S-1-5-x"), None);
        assert_eq!(sid_bytes("S-1-281474976710656"), None);
    }
}
