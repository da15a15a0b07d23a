//! Questions about what is stored: lists, pages and totals for the windows and the command line.
//!
//! Everything here reads; values reach SQL as parameters only.

pub mod connector_space;
pub mod counts;
pub mod metaverse;
pub mod population;
pub mod references;
pub mod runs;
