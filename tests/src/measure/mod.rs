//! Measuring: a table of rows with seconds, processor time and memory.

mod process;
mod table;

pub use self::process::Memory;
pub use self::table::{Table, mebibytes};
