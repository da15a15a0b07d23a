//! Security identifiers, as bytes and as text.

use std::fmt::Write as _;

/// The bytes of `S-1-5-21-...`; `None` when the text is no security identifier.
#[must_use]
pub fn sid_bytes(text: &str) -> Option<Vec<u8>> {
    let (prefix, rest) = text.split_at_checked(2)?;
    if !prefix.eq_ignore_ascii_case("S-") {
        return None;
    }
    let mut parts = rest.split('-');
    let revision: u8 = parts.next()?.parse().ok()?;
    let authority: u64 = parts.next()?.parse().ok()?;
    let [0, 0, authority @ ..] = authority.to_be_bytes() else { return None };
    let below: Vec<u32> = parts.map(|part| part.parse().ok()).collect::<Option<_>>()?;
    let mut bytes = vec![revision, u8::try_from(below.len()).ok()?];
    bytes.extend(authority);
    bytes.extend(below.iter().flat_map(|part| part.to_le_bytes()));
    Some(bytes)
}

/// `S-1-5-21-...`; `None` when the bytes are no security identifier.
#[must_use]
pub fn sid_text(bytes: &[u8]) -> Option<String> {
    let (&[revision, count], rest) = bytes.split_first_chunk::<2>()?;
    let (authority, below) = rest.split_first_chunk::<6>()?;
    let authority = authority.iter().fold(0_u64, |number, octet| number << 8 | u64::from(*octet));
    let (below, left) = below.as_chunks::<4>();
    if revision != 1 || !left.is_empty() || below.len() != usize::from(count) {
        return None;
    }
    let mut text = format!("S-{revision}-{authority}");
    for part in below {
        // Writing to a String cannot fail.
        write!(text, "-{}", u32::from_le_bytes(*part)).ok();
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_read_back() {
        let check = |text: &str, hex: &str| {
            let bytes = hex::decode(hex).unwrap();
            assert_eq!(sid_bytes(text), Some(bytes.clone()), "{text}");
            assert_eq!(sid_text(&bytes).as_deref(), Some(text));
        };
        check("S-1-5-32-544", "01020000000000052000000020020000");
        check("S-1-5-21-1-2-4294967295", "0104000000000005150000000100000002000000ffffffff");
        check("S-1-1-0", "010100000000000100000000");
        assert_eq!(sid_bytes("s-1-1-0"), sid_bytes("S-1-1-0"));
    }

    #[test]
    fn what_is_no_identifier_is_none() {
        for text in ["", "S", "S-", "S-1", "S-x-5", "S-1-5-4294967296", "S-1-281474976710656", "CN=S-1-5", "é-1-5"] {
            assert_eq!(sid_bytes(text), None, "{text}");
        }
        for hex in ["", "0102", "010200000000000520000000", "02010000000000010000", "01010000000000010000000000"] {
            assert_eq!(sid_text(&hex::decode(hex).unwrap()), None, "{hex}");
        }
    }
}
