//! Small helpers for set queries and column types.

use std::rc::Rc;

use jiff::Timestamp;
use rusqlite::types::Value as SqlValue;
use uuid::Uuid;

use super::StoreError;

/// A list of integers as one parameter, for `IN (SELECT value FROM rarray(?))` - see [`rusqlite::vtab::array`].
pub(super) fn integers(ids: impl IntoIterator<Item = i64>) -> Rc<Vec<SqlValue>> {
    Rc::new(ids.into_iter().map(SqlValue::Integer).collect())
}

/// A list of blobs as one parameter.
pub(super) fn blobs<'a>(values: impl IntoIterator<Item = &'a [u8]>) -> Rc<Vec<SqlValue>> {
    Rc::new(values.into_iter().map(|value| SqlValue::Blob(value.to_vec())).collect())
}

/// A list of texts as one parameter.
pub(super) fn texts<'a>(values: impl IntoIterator<Item = &'a str>) -> Rc<Vec<SqlValue>> {
    Rc::new(values.into_iter().map(|value| SqlValue::Text(value.to_owned())).collect())
}

/// Instants are stored as microseconds since 1970.
pub(super) fn to_stored(time: Timestamp) -> i64 {
    time.as_microsecond()
}

/// Reads a stored instant; one outside the calendar reads as 1970.
pub(super) fn from_stored(microseconds: i64) -> Timestamp {
    Timestamp::from_microsecond(microseconds).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// Reads a stored GUID.
pub(super) fn guid(bytes: &[u8]) -> Result<Uuid, StoreError> {
    Uuid::from_slice(bytes).map_err(|error| StoreError::damaged("a GUID", error))
}

/// Reads a JSON column.
pub(super) fn json<T: serde::de::DeserializeOwned>(what: &str, text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| StoreError::damaged(what, error))
}

/// Writes a JSON column.
pub(super) fn to_json<T: serde::Serialize>(what: &str, value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::damaged(what, error))
}
