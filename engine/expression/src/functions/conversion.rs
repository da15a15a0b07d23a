//! Conversions between types.

use crate::call::Call;
use crate::date_format;
use crate::function_table::{Body, Category, FunctionInfo, NullRule, Parameter, Substitute, Types, each, enumeration};
use crate::operators::boolean_text;
use crate::problem::{Fault, ProblemKind, quoted};
use crate::value::Val;
use base64::Engine;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use uuid::Uuid;

/// Padding is required; unused bits at the end may have any value.
const LENIENT_BITS: GeneralPurpose =
    GeneralPurpose::new(&base64::alphabet::STANDARD, GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true));

/// Base64 text as bytes; white space inside is ignored.
pub(crate) fn decode_base64(text: &[u8]) -> Option<Vec<u8>> {
    let packed: Vec<u8> = text.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    LENIENT_BITS.decode(packed).ok()
}

/// Why a text is no number.
pub(crate) enum NumberFault {
    NotANumber,
    TooLarge,
}

/// Optional sign and decimal digits; surrounding white space is ignored.
pub(crate) fn parse_number(text: &str) -> Result<i64, NumberFault> {
    let text = text.trim();
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(NumberFault::NotANumber);
    }
    text.parse().map_err(|_error| NumberFault::TooLarge)
}

/// The 36-character form, bare or in braces.
pub(crate) fn parse_guid(text: &str) -> Option<Uuid> {
    let bare = match text.strip_prefix('{') {
        Some(rest) => rest.strip_suffix('}')?,
        None => text,
    };
    if bare.len() == 36 { Uuid::try_parse(bare).ok() } else { None }
}

fn too_large(call: &Call<'_, '_>, text: &str) -> Fault {
    let message = format!("{}: {} does not fit a signed 64-bit number.", call.function.name, quoted(text));
    Fault::new(ProblemKind::Overflow, message)
}

fn c_num<'a>(call: &mut Call<'_, 'a>) -> Result<Val<'a>, Fault> {
    match call.take(0) {
        Val::Number(number) => Ok(Val::Number(number)),
        Val::Text(text) => match parse_number(&text) {
            Ok(number) => Ok(Val::Number(number)),
            Err(NumberFault::TooLarge) => Err(too_large(call, &text)),
            Err(NumberFault::NotANumber) => {
                Err(call.fault(format_args!("{} is not a whole number. Guard it with IsNumeric.", quoted(&text))))
            }
        },
        Val::Binary(bytes) => {
            if !(1..=8).contains(&bytes.len()) {
                return Err(call.fault(format_args!("1 to 8 bytes expected, {} passed.", bytes.len())));
            }
            let number = bytes.iter().rev().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
            i64::try_from(number).map(Val::Number).map_err(|_error| too_large(call, &number.to_string()))
        }
        other => Err(call.element(0, &other)),
    }
}

fn c_bin<'a>(call: &mut Call<'_, 'a>) -> Result<Val<'a>, Fault> {
    let (value, size) = (call.number(0)?, call.number(1)?);
    let fits = u64::try_from(value).ok().zip(usize::try_from(size).ok().filter(|size| (1..=8).contains(size)));
    match fits {
        Some((number, size)) if size == 8 || number >> (size * 8) == 0 => {
            Ok(Val::Binary(Cow::Owned(number.to_le_bytes().into_iter().take(size).collect())))
        }
        Some(_) => Err(call.fault(format_args!("{value} does not fit {size} bytes."))),
        None if value < 0 => Err(call.fault(format_args!("the number must not be negative, {value} found."))),
        None => Err(call.fault(format_args!("the size must be 1 to 8 bytes, {size} found."))),
    }
}

fn c_bool<'a>(call: &mut Call<'_, 'a>) -> Result<Val<'a>, Fault> {
    let flag = match call.take(0) {
        Val::Boolean(flag) => flag,
        Val::Number(number) => number != 0,
        Val::Text(text) if text.eq_ignore_ascii_case("True") => true,
        Val::Text(text) if text.eq_ignore_ascii_case("False") => false,
        Val::Text(text) => match parse_number(&text) {
            Ok(number) => number != 0,
            Err(NumberFault::TooLarge) => return Err(too_large(call, &text)),
            Err(NumberFault::NotANumber) => {
                return Err(call.fault(format_args!("{} is neither True, False nor a whole number.", quoted(&text))));
            }
        },
        other => return Err(call.element(0, &other)),
    };
    Ok(Val::Boolean(flag))
}

fn c_guid<'a>(call: &mut Call<'_, 'a>) -> Result<Val<'a>, Fault> {
    let text = call.text(0)?;
    match parse_guid(&text) {
        Some(guid) => Ok(Val::Binary(Cow::Owned(guid.to_bytes_le().to_vec()))),
        None => Err(call.fault(format_args!("{} is not a GUID. Guard it with IsGuid.", quoted(&text)))),
    }
}

fn c_ref<'a>(call: &mut Call<'_, 'a>) -> Result<Val<'a>, Fault> {
    match call.take(0) {
        Val::Text(text) | Val::Reference(text) if text.is_empty() => Ok(Val::Null),
        Val::Text(text) | Val::Reference(text) => Ok(Val::Reference(text)),
        other => Err(call.element(0, &other)),
    }
}

fn c_str<'a>(call: &mut Call<'_, 'a>) -> Result<Val<'a>, Fault> {
    Ok(match call.take(0) {
        Val::Text(text) | Val::Reference(text) => Val::Text(text),
        Val::Number(number) => Val::text(number.to_string()),
        Val::Boolean(flag) => Val::text(boolean_text(flag)),
        Val::DateTime(instant) => {
            let text = date_format::write(instant, date_format::GENERAL);
            Val::text(text.map_err(|message| call.fault(message))?)
        }
        other => return Err(call.element(0, &other)),
    })
}

fn from_base64<'a>(call: &mut Call<'_, 'a>) -> Result<Val<'a>, Fault> {
    let text = call.text(0)?;
    let encoding = if call.given() > 1 { call.text(1)? } else { "Unicode".into() };
    let Some(bytes) = decode_base64(text.as_bytes()) else {
        return Err(call.fault("the text is not Base64."));
    };
    Ok(Val::text(match encoding.as_ref() {
        "UTF8" => String::from_utf8_lossy(&bytes).into_owned(),
        "ASCII" => bytes.iter().map(|byte| if byte.is_ascii() { char::from(*byte) } else { '?' }).collect(),
        _ => utf16_text(&bytes),
    }))
}

/// UTF-16, little-endian; an odd byte at the end is invalid.
fn utf16_text(bytes: &[u8]) -> String {
    let (pairs, odd) = bytes.as_chunks::<2>();
    let units = pairs.iter().map(|pair| u16::from_le_bytes(*pair));
    let mut text: String = char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
    if !odd.is_empty() {
        text.push(char::REPLACEMENT_CHARACTER);
    }
    text
}

fn to_base64<'a>(call: &mut Call<'_, 'a>) -> Result<Val<'a>, Fault> {
    Ok(match call.take(0) {
        Val::Binary(bytes) => Val::text(STANDARD.encode(bytes)),
        Val::Text(text) => {
            let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            Val::text(STANDARD.encode(bytes))
        }
        other => return Err(call.element(0, &other)),
    })
}

fn from_utf8_hex<'a>(call: &mut Call<'_, 'a>) -> Result<Val<'a>, Fault> {
    let text = call.text(0)?;
    match hex::decode(text.as_bytes()) {
        Ok(bytes) => Ok(Val::text(String::from_utf8_lossy(&bytes).into_owned())),
        Err(_) => Err(call.fault(format_args!("{} does not consist of pairs of hexadecimal digits.", quoted(&text)))),
    }
}

fn to_utf8_hex<'a>(call: &mut Call<'_, 'a>) -> Result<Val<'a>, Fault> {
    Ok(Val::text(hex::encode_upper(call.text(0)?.as_bytes())))
}

fn string_from_guid<'a>(call: &mut Call<'_, 'a>) -> Result<Val<'a>, Fault> {
    let bytes = call.binary(0)?;
    match <[u8; 16]>::try_from(bytes.as_ref()) {
        Ok(bytes) => Ok(Val::text(Uuid::from_bytes_le(bytes).hyphenated().to_string())),
        Err(_) => Err(call.fault(format_args!("a GUID has 16 bytes, {} passed.", bytes.len()))),
    }
}

fn string_from_sid<'a>(call: &mut Call<'_, 'a>) -> Result<Val<'a>, Fault> {
    let bytes = call.binary(0)?;
    sid_text(&bytes).map(Val::text).ok_or_else(|| call.fault("the bytes are not a security identifier."))
}

fn sid_text(bytes: &[u8]) -> Option<String> {
    let (head, rest) = bytes.split_first_chunk::<8>()?;
    let [revision, count, authority @ ..] = head;
    let (parts, odd) = rest.as_chunks::<4>();
    if *revision != 1 || *count > 15 || parts.len() != usize::from(*count) || !odd.is_empty() {
        return None;
    }
    let authority = authority.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    let mut text = match u32::try_from(authority) {
        Ok(authority) => format!("S-1-{authority}"),
        Err(_) => format!("S-1-0x{authority:012x}"),
    };
    for part in parts {
        text.push('-');
        text.push_str(&u32::from_le_bytes(*part).to_string());
    }
    Some(text)
}

fn thumbprint<'a>(call: &mut Call<'_, 'a>) -> Result<Val<'a>, Fault> {
    Ok(Val::Binary(Cow::Owned(Sha256::digest(call.binary(0)?).to_vec())))
}

const SOURCE: Parameter = each("source", Types::TEXT);

const BASE: FunctionInfo = FunctionInfo {
    name: "",
    category: Category::Conversion,
    signature: "",
    description: "",
    example: "",
    parameters: &[SOURCE],
    required: 1,
    nulls: NullRule::Null,
    result: Types::TEXT,
    body: Body::Plain(c_str),
};

/// Conversions.
pub(crate) const TABLE: &[FunctionInfo] = &[
    FunctionInfo {
        name: "CBin",
        signature: "bin CBin(num value, num size)",
        description: "A number as bytes, least significant first, unsigned; 1 to 8 bytes.",
        example: "CBin(32, 2)",
        parameters: &[each("value", Types::NUMBER), each("size", Types::NUMBER)],
        required: 2,
        result: Types::BINARY,
        body: Body::Plain(c_bin),
        ..BASE
    },
    FunctionInfo {
        name: "CBool",
        signature: "bool CBool(exp expression)",
        description: "A number is True unless 0, text must be True, False or a whole number; NULL gives False.",
        example: "CBool([msExchHideFromAddressLists])",
        parameters: &[each("expression", Types::BOOLEAN.or(Types::NUMBER).or(Types::TEXT))],
        nulls: NullRule::First(Substitute::False),
        result: Types::BOOLEAN,
        body: Body::Plain(c_bool),
        ..BASE
    },
    FunctionInfo {
        name: "CGuid",
        signature: "bin CGuid(str guid)",
        description: "The 16 bytes of a GUID, written in 36 characters with or without braces.",
        example: "CGuid([extensionAttribute1])",
        parameters: &[each("guid", Types::TEXT)],
        result: Types::BINARY,
        body: Body::Plain(c_guid),
        ..BASE
    },
    FunctionInfo {
        name: "CNum",
        signature: "num CNum(str|num|bin value)",
        description: "Text or 1 to 8 bytes, least significant first, as a whole number.",
        example: "CNum([employeeNumber])",
        parameters: &[each("value", Types::TEXT.or(Types::NUMBER).or(Types::BINARY))],
        result: Types::NUMBER,
        body: Body::Plain(c_num),
        ..BASE
    },
    FunctionInfo {
        name: "CRef",
        signature: "ref CRef(str value)",
        description: "A distinguished name as a reference; the empty string gives NULL.",
        example: "CRef([dn])",
        parameters: &[each("value", Types::TEXT.or(Types::REFERENCE))],
        result: Types::REFERENCE,
        body: Body::Plain(c_ref),
        ..BASE
    },
    FunctionInfo {
        name: "CStr",
        signature: "str CStr(num|ref|bool|str|dt value)",
        description: "The text of a value: digits, the distinguished name, True or False; a date as M/d/yyyy h:mm:ss tt.",
        example: "CStr([manager])",
        parameters: &[each("value", Types::NUMBER.or(Types::REFERENCE).or(Types::BOOLEAN).or(Types::TEXT).or(Types::DATE))],
        ..BASE
    },
    FunctionInfo {
        name: "ConvertFromBase64",
        signature: "str ConvertFromBase64(str source [, enum encoding])",
        description: "The text behind Base64, read as Unicode (UTF-16, the default), UTF8 or ASCII.",
        example: "ConvertFromBase64([extensionAttribute1], UTF8)",
        parameters: &[SOURCE, enumeration("encoding", &["Unicode", "UTF8", "ASCII"])],
        body: Body::Plain(from_base64),
        ..BASE
    },
    FunctionInfo {
        name: "ConvertFromUTF8Hex",
        signature: "str ConvertFromUTF8Hex(str source)",
        description: "The text behind pairs of hexadecimal digits in UTF-8.",
        example: "ConvertFromUTF8Hex(\"48656C6C6F\")",
        body: Body::Plain(from_utf8_hex),
        ..BASE
    },
    FunctionInfo {
        name: "ConvertToBase64",
        signature: "str ConvertToBase64(str|bin source)",
        description: "Base64 of bytes, or of text in UTF-16.",
        example: "ConvertToBase64([objectGUID])",
        parameters: &[each("source", Types::TEXT.or(Types::BINARY))],
        body: Body::Plain(to_base64),
        ..BASE
    },
    FunctionInfo {
        name: "ConvertToUTF8Hex",
        signature: "str ConvertToUTF8Hex(str source)",
        description: "The UTF-8 bytes of a text as upper-case hexadecimal digits.",
        example: "\"CN={\" & ConvertToUTF8Hex([sourceAnchor]) & \"}\"",
        body: Body::Plain(to_utf8_hex),
        ..BASE
    },
    FunctionInfo {
        name: "StringFromGuid",
        signature: "str StringFromGuid(bin guid)",
        description: "16 bytes as a GUID in 36 characters, lower case, without braces.",
        example: "StringFromGuid([objectGUID])",
        parameters: &[each("guid", Types::BINARY)],
        body: Body::Plain(string_from_guid),
        ..BASE
    },
    FunctionInfo {
        name: "StringFromSid",
        signature: "str StringFromSid(bin sid)",
        description: "A security identifier in the form S-1-5-21-...",
        example: "StringFromSid([objectSid])",
        parameters: &[each("sid", Types::BINARY)],
        body: Body::Plain(string_from_sid),
        ..BASE
    },
    FunctionInfo {
        name: "Thumbprint",
        signature: "bin Thumbprint(bin data)",
        description: "The SHA-256 hash of the bytes.",
        example: "Thumbprint([searchableDeviceKey])",
        parameters: &[each("data", Types::BINARY)],
        result: Types::BINARY,
        body: Body::Plain(thumbprint),
        ..BASE
    },
];
