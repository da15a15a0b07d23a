//! Compact binary form of images and deltas, as the store keeps them (`engine.md` 12.2).
//!
//! Layout: a version byte, then attributes in ascending order. Numbers are LEB128; a value is a type
//! byte followed by its content. References are mostly not here: they are rows.

use smallvec::SmallVec;
use thiserror::Error;

use super::{AttributeChange, AttributeId, Delta, Image, ObjectOperation, Value, Values};

const VERSION: u8 = 1;

/// A stored image that cannot be read: the database file is damaged or from a newer program.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum CodecError {
    /// The bytes end too early.
    #[error("stored object data ends too early")]
    Truncated,
    /// A byte that has no meaning.
    #[error("stored object data holds an unknown {what} {byte}")]
    Unknown {
        /// What was being read.
        what: &'static str,
        /// The byte found.
        byte: u8,
    },
    /// Text that is not UTF-8.
    #[error("stored object data holds text that is not UTF-8")]
    Text,
}

/// Writes an image. References are left out.
#[must_use]
pub fn encode_image(image: &Image) -> Vec<u8> {
    let mut out = Vec::with_capacity(24 * image.len() + 1);
    out.push(VERSION);
    for (attribute, values) in image.iter() {
        if values.iter().any(|value| matches!(value, Value::Reference(_))) {
            continue;
        }
        put_number(&mut out, u64::from(attribute.0));
        put_values(&mut out, values);
    }
    out
}

/// Reads an image.
///
/// # Errors
/// [`CodecError`] when the bytes are not an image.
pub fn decode_image(bytes: &[u8]) -> Result<Image, CodecError> {
    let mut reader = Reader::new(bytes);
    reader.version()?;
    let mut image = Image::new();
    image.reserve(likely_attributes(bytes));
    while !reader.is_at_end() {
        let attribute = reader.attribute()?;
        image.set(attribute, reader.values()?);
    }
    Ok(image)
}

/// Writes a delta; no bytes for an empty one. References are left out.
#[must_use]
pub fn encode_delta(delta: &Delta) -> Vec<u8> {
    encode_changes(delta, false)
}

/// Writes a delta with its references, which are no rows of their own then; no bytes for an empty one.
#[must_use]
pub fn encode_whole_delta(delta: &Delta) -> Vec<u8> {
    encode_changes(delta, true)
}

fn encode_changes(delta: &Delta, with_references: bool) -> Vec<u8> {
    if delta.is_none() {
        return Vec::new();
    }
    let mut out = Vec::with_capacity(24 * delta.changes.len() + 64);
    out.extend([VERSION, u8::try_from(delta.operation.code()).unwrap_or(0)]);
    put_optional_text(&mut out, delta.dn.as_deref());
    put_optional_text(&mut out, delta.object_type.as_deref());
    for (attribute, change) in &delta.changes {
        if !with_references && change.has_references() {
            continue;
        }
        put_number(&mut out, u64::from(attribute.0));
        match change {
            AttributeChange::Add(values) => {
                out.push(1);
                put_values(&mut out, values);
            }
            AttributeChange::Replace(values) => {
                out.push(2);
                put_values(&mut out, values);
            }
            AttributeChange::Update { adds, deletes } => {
                out.push(3);
                put_values(&mut out, adds);
                put_values(&mut out, deletes);
            }
            AttributeChange::Delete => out.push(4),
        }
    }
    out
}

/// Reads a delta; no bytes are the empty delta.
///
/// # Errors
/// [`CodecError`] when the bytes are not a delta.
pub fn decode_delta(bytes: &[u8]) -> Result<Delta, CodecError> {
    if bytes.is_empty() {
        return Ok(Delta::none());
    }
    let mut reader = Reader::new(bytes);
    reader.version()?;
    let operation = ObjectOperation::from_code(i64::from(reader.byte()?));
    let dn = reader.optional_text()?;
    let object_type = reader.optional_text()?;
    let mut delta = Delta { operation, dn, object_type, ..Delta::none() };
    delta.changes.reserve(likely_attributes(reader.rest));
    while !reader.is_at_end() {
        let attribute = reader.attribute()?;
        let change = match reader.byte()? {
            1 => AttributeChange::Add(reader.values()?),
            2 => AttributeChange::Replace(reader.values()?),
            3 => AttributeChange::Update { adds: reader.values()?, deletes: reader.values()? },
            4 => AttributeChange::Delete,
            byte => return Err(CodecError::Unknown { what: "change", byte }),
        };
        delta.changes.insert(attribute, change);
    }
    Ok(delta)
}

/// About how many attributes some bytes hold; an attribute of a person takes some twenty.
fn likely_attributes(bytes: &[u8]) -> usize {
    (bytes.len() / 16).min(64)
}

/// Appends a number in as few bytes as it needs.
pub(crate) fn put_number(out: &mut Vec<u8>, mut number: u64) {
    loop {
        let low = u8::try_from(number & 0x7f).unwrap_or(0);
        number >>= 7;
        if number == 0 {
            out.push(low);
            return;
        }
        out.push(low | 0x80);
    }
}

fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_number(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Appends a text that may be absent.
pub(crate) fn put_optional_text(out: &mut Vec<u8>, text: Option<&str>) {
    match text {
        None => out.push(0),
        Some(text) => {
            out.push(1);
            put_bytes(out, text.as_bytes());
        }
    }
}

/// Appends values, each with its type.
pub(crate) fn put_values(out: &mut Vec<u8>, values: &Values) {
    put_number(out, values.len() as u64);
    for value in values {
        match value {
            Value::String(text) => {
                out.push(1);
                put_bytes(out, text.as_bytes());
            }
            Value::Binary(bytes) => {
                out.push(2);
                put_bytes(out, bytes);
            }
            Value::Integer(number) => {
                out.push(3);
                out.extend_from_slice(&number.to_le_bytes());
            }
            Value::Boolean(false) => out.push(4),
            Value::Boolean(true) => out.push(5),
            Value::Reference(id) => {
                out.push(6);
                out.extend_from_slice(&id.to_le_bytes());
            }
        }
    }
}

/// Reads stored bytes from their beginning to their end.
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(crate) fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    pub(crate) fn byte(&mut self) -> Result<u8, CodecError> {
        let (first, rest) = self.rest.split_first().ok_or(CodecError::Truncated)?;
        self.rest = rest;
        Ok(*first)
    }

    fn version(&mut self) -> Result<(), CodecError> {
        match self.byte()? {
            VERSION => Ok(()),
            byte => Err(CodecError::Unknown { what: "version", byte }),
        }
    }

    pub(crate) fn number(&mut self) -> Result<u64, CodecError> {
        let mut number = 0u64;
        for shift in (0..63).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(CodecError::Truncated)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], CodecError> {
        let (head, rest) = self.rest.split_at_checked(length).ok_or(CodecError::Truncated)?;
        self.rest = rest;
        Ok(head)
    }

    fn bytes(&mut self) -> Result<&'a [u8], CodecError> {
        let length = usize::try_from(self.number()?).ok().ok_or(CodecError::Truncated)?;
        self.take(length)
    }

    fn text(&mut self) -> Result<&'a str, CodecError> {
        std::str::from_utf8(self.bytes()?).ok().ok_or(CodecError::Text)
    }

    pub(crate) fn optional_text(&mut self) -> Result<Option<String>, CodecError> {
        match self.byte()? {
            0 => Ok(None),
            1 => Ok(Some(self.text()?.to_owned())),
            byte => Err(CodecError::Unknown { what: "option", byte }),
        }
    }

    pub(crate) fn attribute(&mut self) -> Result<AttributeId, CodecError> {
        Ok(AttributeId(u32::try_from(self.number()?).ok().ok_or(CodecError::Truncated)?))
    }

    pub(crate) fn integer(&mut self) -> Result<i64, CodecError> {
        let bytes: [u8; 8] = self.take(8)?.try_into().ok().ok_or(CodecError::Truncated)?;
        Ok(i64::from_le_bytes(bytes))
    }

    pub(crate) fn short_integer(&mut self) -> Result<u32, CodecError> {
        let bytes: [u8; 4] = self.take(4)?.try_into().ok().ok_or(CodecError::Truncated)?;
        Ok(u32::from_le_bytes(bytes))
    }

    pub(crate) fn values(&mut self) -> Result<Values, CodecError> {
        let count = self.number()?;
        let mut values: Values = SmallVec::new();
        for _ in 0..count {
            values.push(match self.byte()? {
                1 => Value::text(self.text()?),
                2 => Value::binary(self.bytes()?),
                3 => Value::Integer(self.integer()?),
                4 => Value::Boolean(false),
                5 => Value::Boolean(true),
                6 => Value::Reference(self.integer()?),
                byte => return Err(CodecError::Unknown { what: "value type", byte }),
            });
        }
        Ok(values)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_value() -> impl Strategy<Value = Value> {
        prop_oneof![
            "\\PC{0,30}".prop_map(Value::text),
            proptest::collection::vec(any::<u8>(), 0..40).prop_map(Value::binary),
            any::<i64>().prop_map(Value::Integer),
            any::<bool>().prop_map(Value::Boolean),
        ]
    }

    fn any_image() -> impl Strategy<Value = Image> {
        proptest::collection::vec((1u32..500, proptest::collection::vec(any_value(), 1..4)), 0..20)
            .prop_map(|attributes| attributes.into_iter().map(|(id, values)| (AttributeId(id), Values::from(values))).collect())
    }

    proptest! {
        #[test]
        fn an_image_reads_back(image in any_image()) {
            prop_assert_eq!(decode_image(&encode_image(&image)), Ok(image));
        }

        #[test]
        fn a_delta_reads_back(before in any_image(), after in any_image()) {
            let delta = Delta {
                operation: ObjectOperation::Update,
                dn: Some("CN=x".into()),
                object_type: None,
                changes: Delta::changes_between(&before, &after),
            };
            prop_assert_eq!(decode_delta(&encode_delta(&delta)), Ok(delta));
        }

        #[test]
        fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            let read = (decode_image(&bytes), decode_delta(&bytes));
            prop_assert!(read.0.is_ok() || read.0.is_err());
        }
    }
}
