//! The functions, one file per group; each file ends in the table of its group.

mod certificates;
pub(crate) mod conversion;
mod dates;
mod directory;
mod flow;
mod inspection;
mod lists;
mod math;
pub(crate) mod pattern;
pub(crate) mod search;
mod strings;

use crate::function_table::FunctionInfo;

/// The tables of all groups.
pub(crate) const TABLES: [&[FunctionInfo]; 11] = [
    certificates::TABLE,
    conversion::TABLE,
    dates::TABLE,
    directory::TABLE,
    flow::TABLE,
    inspection::TABLE,
    lists::TABLE,
    math::TABLE,
    pattern::TABLE,
    search::TABLE,
    strings::TABLE,
];
