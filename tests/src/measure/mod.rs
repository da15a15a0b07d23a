//! Measuring: a table of rows with seconds, processor time and memory.

mod table;

pub use self::table::{Table, mebibytes};
pub use crate::process::Memory;
