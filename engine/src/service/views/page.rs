//! A page of a list.

use serde::Serialize;

/// A part of a longer list.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Page<T> {
    /// The rows asked for.
    pub rows: Vec<T>,
    /// Number of rows there are in all.
    pub total: u64,
}
