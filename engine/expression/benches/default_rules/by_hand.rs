//! The most used expressions of the default rules, as somebody would write them in Rust.
//!
//! They read the same objects and give the same results; what differs is only that nothing is interpreted.

use super::objects::Slots;
use syncline_expression::{Outcome, Value};

/// One expression by hand.
pub type ByHand = fn(&Slots) -> Outcome;

/// The expressions with their counterparts, the most used first.
pub const MOST_USED: &[(&str, ByHand)] = &[
    ("Trim([title])", trim),
    ("IIF(IsNullOrEmpty([displayName]),[cn],[displayName])", display_name),
    ("IIF(IsNullOrEmpty([description]),NULL,Left(Trim(Item([description],1)),448))", first_of_several),
    ("Left(Trim([info]),448)", info),
    ("RemoveDuplicates(Trim(ImportedValue(\"proxyAddresses\")))", proxy_addresses),
    ("IIF(BitAnd([userAccountControl],2)=0,True,False)", account_enabled),
    ("StringFromSid([objectSid])", object_sid),
];

fn outcome(text: Option<&str>) -> Outcome {
    text.map_or(Outcome::Null, |text| Outcome::Single(Value::Text(text.to_owned())))
}

fn trim(object: &Slots) -> Outcome {
    outcome(object.text(0).map(str::trim))
}

fn display_name(object: &Slots) -> Outcome {
    match object.text(0) {
        Some(name) if !name.is_empty() => outcome(Some(name)),
        _ => outcome(object.text(1)),
    }
}

fn first_of_several(object: &Slots) -> Outcome {
    match object.text(0) {
        None | Some("") => Outcome::Null,
        Some(text) => outcome(Some(cut(text.trim()))),
    }
}

fn info(object: &Slots) -> Outcome {
    outcome(Some(object.text(0).map_or("", |text| cut(text.trim()))))
}

/// The first 448 characters, counted in UTF-16 code units.
fn cut(text: &str) -> &str {
    let mut units = 0;
    for (at, character) in text.char_indices() {
        units += character.len_utf16();
        if units > 448 {
            return &text[..at];
        }
    }
    text
}

fn proxy_addresses(object: &Slots) -> Outcome {
    let mut kept: Vec<Value> = Vec::new();
    for value in object.values(0) {
        let Value::Text(text) = value else { continue };
        let text = text.trim();
        if !kept.iter().any(|known| matches!(known, Value::Text(known) if known == text)) {
            kept.push(Value::Text(text.to_owned()));
        }
    }
    if kept.is_empty() { Outcome::Null } else { Outcome::Multi(kept) }
}

fn account_enabled(object: &Slots) -> Outcome {
    match object.values(0).first() {
        Some(Value::Number(control)) => Outcome::Single(Value::Boolean(control & 2 == 0)),
        _ => Outcome::Single(Value::Boolean(false)),
    }
}

fn object_sid(object: &Slots) -> Outcome {
    let Some(Value::Binary(sid)) = object.values(0).first() else { return Outcome::Null };
    let authority = sid[2..8].iter().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
    let mut text = format!("S-{}-{authority}", sid[0]);
    for part in sid[8..].chunks_exact(4) {
        text.push_str(&format!("-{}", u32::from_le_bytes([part[0], part[1], part[2], part[3]])));
    }
    outcome(Some(&text))
}
