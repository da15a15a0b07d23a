//! One identity in the forms in which directories, the tenant and their tools show it (`operations.md` 10).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use thiserror::Error;
use uuid::Uuid;

use crate::connector::entra::{anchor_of_dn, dn_of_anchor};

/// A text that is not the identifier it was taken for.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum IdentifierError {
    /// Not a GUID.
    #[error("\"{0}\" is not a GUID: write it as 88888888-0101-3333-cccc-1234567890cd")]
    Guid(String),
    /// Not the Base64 form of sixteen bytes.
    #[error("\"{0}\" is not an immutable ID: that is the Base64 form of the 16 bytes of a GUID, 24 characters")]
    ImmutableId(String),
    /// Not the name of an object of the tenant.
    #[error("\"{0}\" is not a name of the tenant's connector space: that is CN={{...}} with the hexadecimal anchor in braces")]
    AadDn(String),
    /// Not a cloud anchor.
    #[error("\"{0}\" is not a cloud anchor: write TYPE_GUID, or the Base64 form that begins with the length of that text")]
    CloudAnchor(String),
}

/// The immutable ID of an object whose source anchor is this GUID: its bytes in Base64.
///
/// # Errors
/// [`IdentifierError`] when the text is no GUID.
pub fn immutable_id_of_guid(guid: &str) -> Result<String, IdentifierError> {
    let parsed = Uuid::try_parse(guid.trim()).ok().ok_or_else(|| IdentifierError::Guid(guid.to_owned()))?;
    Ok(BASE64.encode(parsed.to_bytes_le()))
}

/// The GUID behind an immutable ID.
///
/// # Errors
/// [`IdentifierError`] when the text is not the Base64 form of sixteen bytes.
pub fn guid_of_immutable_id(immutable_id: &str) -> Result<Uuid, IdentifierError> {
    let bytes = BASE64.decode(immutable_id.trim()).ok().and_then(|bytes| <[u8; 16]>::try_from(bytes).ok());
    bytes.map(Uuid::from_bytes_le).ok_or_else(|| IdentifierError::ImmutableId(immutable_id.to_owned()))
}

/// The name in the tenant's connector space that an anchor gives, or the anchor behind such a name.
///
/// # Errors
/// [`IdentifierError`] when a name holds no anchor, or nothing was given.
pub fn aad_dn(text: &str) -> Result<String, IdentifierError> {
    let text = text.trim();
    if text.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("CN=")) {
        return anchor_of_dn(text).ok_or_else(|| IdentifierError::AadDn(text.to_owned()));
    }
    if text.is_empty() { Err(IdentifierError::AadDn(String::new())) } else { Ok(dn_of_anchor(text)) }
}

/// The Base64 form of a cloud anchor such as `User_c72903ed-7816-41cd-9066-eac33d171d77`, or the anchor behind it.
///
/// # Errors
/// [`IdentifierError`] when the text is neither.
pub fn cloud_anchor(text: &str) -> Result<String, IdentifierError> {
    let text = text.trim();
    let wrong = || IdentifierError::CloudAnchor(text.to_owned());
    if let Some((object_type, guid)) = text.split_once('_') {
        if object_type.is_empty() || Uuid::try_parse(guid).is_err() {
            return Err(wrong());
        }
        let units = text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes);
        let bytes: Vec<u8> = units.collect();
        let length = u32::try_from(bytes.len()).ok().ok_or_else(wrong)?;
        return Ok(BASE64.encode([&length.to_le_bytes()[..], &bytes].concat()));
    }
    decode_cloud_anchor(text).ok_or_else(wrong)
}

fn decode_cloud_anchor(text: &str) -> Option<String> {
    let bytes = BASE64.decode(text).ok()?;
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    if usize::try_from(u32::from_le_bytes(*length)).ok()? != rest.len() {
        return None;
    }
    let (units, rest) = rest.as_chunks::<2>();
    let units: Vec<u16> = units.iter().map(|unit| u16::from_le_bytes(*unit)).collect();
    let (end, units) = units.split_last()?;
    if !rest.is_empty() || *end != 0 || units.contains(&0) {
        return None;
    }
    String::from_utf16(units).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn guids_and_immutable_ids_are_the_same_bytes() {
        let check = |guid: &str, immutable_id: &str| {
            assert_eq!(immutable_id_of_guid(guid).as_deref(), Ok(immutable_id));
            assert_eq!(guid_of_immutable_id(immutable_id).map(|guid| guid.to_string()), Ok(guid.to_owned()));
        };
        check("88888888-0101-3333-cccc-1234567890cd", "iIiIiAEBMzPMzBI0VniQzQ==");
        check("88666888-0101-1111-bbbb-1234567890ab", "iGhmiAEBERG7uxI0VniQqw==");
        assert_eq!(immutable_id_of_guid(" {88888888-0101-3333-CCCC-1234567890CD}").unwrap(), "iIiIiAEBMzPMzBI0VniQzQ==");
        for text in ["", "CN=Ada", "88888888-0101-3333-cccc"] {
            assert_eq!(immutable_id_of_guid(text), Err(IdentifierError::Guid(text.to_owned())));
        }
        for text in ["", "iIiIiAEBMzPMzBI0VniQ", "not base64!", "88888888-0101-3333-cccc-1234567890cd"] {
            assert_eq!(guid_of_immutable_id(text), Err(IdentifierError::ImmutableId(text.to_owned())));
        }
    }

    #[test]
    fn names_of_the_tenant_hold_the_anchor() {
        let check = |anchor: &str, dn: &str| {
            assert_eq!(aad_dn(anchor).as_deref(), Ok(dn));
            assert_eq!(aad_dn(dn).as_deref(), Ok(anchor));
        };
        check("QF5HMK7n80qvdYsUPIHa9Q==", "CN={514635484D4B376E38307176645973555049486139513D3D}");
        check("User_c72903ed-7816-41cd-9066-eac33d171d77", &dn_of_anchor("User_c72903ed-7816-41cd-9066-eac33d171d77"));
        for text in ["", "CN=Ada,DC=contoso,DC=com", "cn={GG}"] {
            assert_eq!(aad_dn(text), Err(IdentifierError::AadDn(text.to_owned())));
        }
    }

    #[test]
    fn cloud_anchors_are_length_and_text() {
        let text = "User_c72903ed-7816-41cd-9066-eac33d171d77";
        let encoded = "VAAAAFUAcwBlAHIAXwBjADcAMgA5ADAAMwBlAGQALQA3ADgAMQA2AC0ANAAxAGMAZAAtADkAMAA2ADYALQBlAGEAYwAzADMAZAAxADcAMQBkADcANwAAAA==";
        assert_eq!(cloud_anchor(text).as_deref(), Ok(encoded));
        assert_eq!(cloud_anchor(encoded).as_deref(), Ok(text));
        let too_long = BASE64.encode([5, 0, 0, 0, b'a', 0, 0, 0]);
        let open_end = BASE64.encode([2, 0, 0, 0, b'a', 0]);
        for text in ["", "User_", "_c72903ed-7816-41cd-9066-eac33d171d77", "User_1", "AAAA", &too_long, &open_end] {
            assert_eq!(cloud_anchor(text), Err(IdentifierError::CloudAnchor(text.to_owned())));
        }
    }

    proptest! {
        #[test]
        fn any_guid_reads_back(bytes: [u8; 16], kind in "[A-Z][a-z]{2,8}") {
            let guid = Uuid::from_bytes(bytes);
            prop_assert_eq!(guid_of_immutable_id(&immutable_id_of_guid(&guid.to_string()).unwrap()), Ok(guid));
            let anchor = format!("{kind}_{guid}");
            prop_assert_eq!(cloud_anchor(&cloud_anchor(&anchor).unwrap()), Ok(anchor));
        }

        #[test]
        fn any_text_is_converted_or_refused(text: String) {
            for converted in [aad_dn(&text), cloud_anchor(&text)].into_iter().flatten() {
                prop_assert!(!converted.is_empty());
            }
        }
    }
}
