//! Octets as text.

use std::fmt::Write as _;

/// Bytes as hexadecimal digits.
pub(in crate::connector) fn hexadecimal(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a String cannot fail.
        write!(text, "{byte:02x}").ok();
    }
    text
}

/// Octets as a filter has them.
pub(in crate::connector) fn escaped(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("\\{octet:02x}")).collect()
}
