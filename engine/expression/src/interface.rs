//! What the caller supplies: names, the object, parameters, clock and randomness.

use crate::value::ValueRef;
use serde::{Deserialize, Serialize};

/// The kind of one value of an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum AttributeKind {
    /// Unicode text (str).
    Text,
    /// Signed 64-bit integer (num).
    Number,
    /// True or False (bool).
    Boolean,
    /// Bytes (bin).
    Binary,
    /// The distinguished name of another object (ref).
    Reference,
}

impl AttributeKind {
    /// The name the language uses: str, num, bool, bin, ref.
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "str",
            Self::Number => "num",
            Self::Boolean => "bool",
            Self::Binary => "bin",
            Self::Reference => "ref",
        }
    }
}

/// The type of an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AttributeType {
    /// The kind of each value.
    pub kind: AttributeKind,
    /// Whether the attribute may hold more than one value.
    pub multi_valued: bool,
}

/// The attribute types with their names: single-valued ones first.
const TYPE_NAMES: [(&str, AttributeKind, bool); 10] = [
    ("str", AttributeKind::Text, false),
    ("num", AttributeKind::Number, false),
    ("bool", AttributeKind::Boolean, false),
    ("bin", AttributeKind::Binary, false),
    ("ref", AttributeKind::Reference, false),
    ("mvstr", AttributeKind::Text, true),
    ("mvnum", AttributeKind::Number, true),
    ("mvbool", AttributeKind::Boolean, true),
    ("mvbin", AttributeKind::Binary, true),
    ("mvref", AttributeKind::Reference, true),
];

impl AttributeType {
    /// The name the language uses: str, num, bool, bin, ref, and with `mv` in front the multi-valued ones.
    pub fn name(self) -> &'static str {
        let wanted = (self.kind, self.multi_valued);
        TYPE_NAMES.iter().find(|(_, kind, multi_valued)| (*kind, *multi_valued) == wanted).map_or("", |(name, ..)| name)
    }

    /// The type of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        let (_, kind, multi_valued) = TYPE_NAMES.iter().find(|(known, ..)| *known == name)?;
        Some(Self { kind: *kind, multi_valued: *multi_valued })
    }

    /// The names of all types.
    pub fn names() -> [&'static str; 10] {
        TYPE_NAMES.map(|(name, ..)| name)
    }
}

/// What names may be used: the attributes of the source object type and the parameters.
pub trait Schema {
    /// The type of an attribute, by its exact, case-sensitive name; `None` when the object type has no such attribute.
    fn attribute(&self, name: &str) -> Option<AttributeType>;
    /// Every attribute name, for "did you mean".
    fn attribute_names(&self) -> Vec<String>;
    /// Every parameter name, without the percent signs.
    fn parameter_names(&self) -> Vec<String>;
    /// Whether values of the attribute are imported at all; one that is not always reads as NULL.
    fn is_selected(&self, _name: &str) -> bool {
        true
    }
    /// Whether the source is an object of a connector space, for which ImportedValue differs from the attribute.
    fn has_imported_values(&self) -> bool {
        true
    }
    /// Names the source in messages: "object type user of connector contoso.com".
    fn source_description(&self) -> String;
}

/// Which side of an attribute is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum View {
    /// `[a]`: confirmed values with pending exports applied.
    Expected,
    /// `ImportedValue("a")`: confirmed values only.
    Imported,
    /// `ValueCount("a")`: the number of values alone; the values are not asked for.
    Count,
}

/// One attribute a program reads; its place in [`Program::attributes`](crate::Program::attributes) is the slot.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AttributeUse {
    /// The attribute's name.
    pub name: String,
    /// Which side of it.
    pub view: View,
}

/// One object as the program reads it; `slot` indexes [`Program::attributes`](crate::Program::attributes).
pub trait Source {
    /// The number of values; 0 when the attribute is absent.
    fn count(&self, slot: usize) -> usize;
    /// The value at `index`, from 0. Never called for a [`View::Count`] slot.
    fn value(&self, slot: usize, index: usize) -> Option<ValueRef<'_>>;
}

/// The values of `%parameters%`.
pub trait Parameters {
    /// The value; `None` reads as NULL.
    fn get(&self, name: &str) -> Option<&str>;
}

/// Where Guid and RandomNum get their randomness.
pub trait Random {
    /// A new random GUID.
    fn guid(&self) -> uuid::Uuid;
    /// A whole number from `start` to `end`, both included; `start` is never greater than `end`.
    fn number(&self, start: i64, end: i64) -> i64;
}

/// The operating system's randomness.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn guid(&self) -> uuid::Uuid {
        uuid::Uuid::new_v4()
    }

    fn number(&self, start: i64, end: i64) -> i64 {
        // The low half of a random GUID has 62 random bits, the high half 60: together more than the 64 needed.
        let (high, low) = uuid::Uuid::new_v4().as_u64_pair();
        let bits = u128::from(high ^ low.rotate_left(32));
        let span = (i128::from(end) - i128::from(start) + 1).unsigned_abs();
        let step = i128::try_from((bits * span) >> 64).unwrap_or_default();
        i64::try_from(i128::from(start) + step).unwrap_or(end)
    }
}

/// Everything an evaluation needs beside the object.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The values of `%parameters%`.
    pub parameters: &'a dyn Parameters,
    /// The clock: read once per object evaluation by the caller.
    pub now: jiff::Timestamp,
    /// Randomness for Guid and RandomNum.
    pub random: &'a dyn Random,
}
