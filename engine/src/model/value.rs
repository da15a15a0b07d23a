//! Attribute values and their types (`engine.md` 2).

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The five value types of schemas and metaverse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ValueType {
    /// Unicode text.
    String,
    /// Bytes.
    Binary,
    /// Signed 64-bit integer.
    Integer,
    /// True or False.
    Boolean,
    /// Another object of the same space.
    Reference,
}

impl ValueType {
    /// The word used in schema files and messages.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Binary => "binary",
            Self::Integer => "integer",
            Self::Boolean => "boolean",
            Self::Reference => "reference",
        }
    }
}

/// One value of an attribute.
///
/// A reference is the number of the object it points at: a connector space object inside a connector
/// space, a metaverse object inside the metaverse. Renaming the target therefore changes no value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Value {
    /// Text; compared with case, because a change of case only is a change (`engine.md` 2-3).
    String(Arc<str>),
    /// Bytes.
    Binary(Arc<[u8]>),
    /// Integer.
    Integer(i64),
    /// Boolean.
    Boolean(bool),
    /// Number of the referenced object.
    Reference(i64),
}

impl Value {
    /// A text value.
    #[must_use]
    pub fn text(text: impl AsRef<str>) -> Self {
        Self::String(Arc::from(text.as_ref()))
    }

    /// A binary value.
    #[must_use]
    pub fn binary(bytes: impl AsRef<[u8]>) -> Self {
        Self::Binary(Arc::from(bytes.as_ref()))
    }

    /// The type of this value.
    #[must_use]
    pub fn value_type(&self) -> ValueType {
        match self {
            Self::String(_) => ValueType::String,
            Self::Binary(_) => ValueType::Binary,
            Self::Integer(_) => ValueType::Integer,
            Self::Boolean(_) => ValueType::Boolean,
            Self::Reference(_) => ValueType::Reference,
        }
    }

    /// The text of a string value.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            Self::Binary(_) | Self::Integer(_) | Self::Boolean(_) | Self::Reference(_) => None,
        }
    }

    /// How the value reads in a grid, a message or a file: text as is, `True`/`False`, binary as
    /// base64 (`ui.md` 1.4-9). A reference reads as `#` and its number; callers that can, show the DN.
    #[must_use]
    pub fn display(&self) -> String {
        use base64::Engine as _;
        match self {
            Self::String(text) => text.to_string(),
            Self::Binary(bytes) => base64::engine::general_purpose::STANDARD.encode(bytes),
            Self::Integer(number) => number.to_string(),
            Self::Boolean(true) => "True".to_owned(),
            Self::Boolean(false) => "False".to_owned(),
            Self::Reference(id) => format!("#{id}"),
        }
    }

    /// The form in which values are equal for joins and searches: text without case, everything
    /// else by its bytes. The first byte tells the type, so values of two types never meet.
    #[must_use]
    pub fn match_key(&self) -> Vec<u8> {
        match self {
            Self::String(text) => {
                let mut key = vec![b's'];
                key.extend_from_slice(fold_text(text).as_bytes());
                key
            }
            Self::Binary(bytes) => {
                let mut key = vec![b'b'];
                key.extend_from_slice(bytes);
                key
            }
            Self::Integer(number) => format!("i{number}").into_bytes(),
            Self::Boolean(flag) => format!("t{flag}").into_bytes(),
            Self::Reference(id) => format!("r{id}").into_bytes(),
        }
    }

    /// Equal, ignoring case in text (joins, scope, `MergeCaseInsensitive`).
    #[must_use]
    pub fn matches(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::String(a), Self::String(b)) => a == b || fold_text(a) == fold_text(b),
            (a, b) => a == b,
        }
    }
}

/// Text in the form in which case does not matter: Unicode lower case, no culture.
#[must_use]
pub fn fold_text(text: &str) -> String {
    if text.is_ascii() { text.to_ascii_lowercase() } else { text.to_lowercase() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_matches_without_case_but_is_equal_only_with_it() {
        assert_ne!(Value::text("Ada"), Value::text("ada"));
        assert!(Value::text("ÄDA").matches(&Value::text("äda")));
        assert_eq!(Value::text("Ada").match_key(), Value::text("ADA").match_key());
        assert_ne!(Value::text("1").match_key(), Value::Integer(1).match_key());
    }
}
