//! Whole cycles from a forest into a sandbox tenant, over both ways to it: scenarios of `entra-connector.md` 6 and of
//! `features.md` 3.6 and 4 by their numbers.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "helpers of tests")]

mod authority;
mod bad_input;
mod branches;
mod channel;
mod contoso;
mod errors;
mod faults;
mod graph;
mod identity;
mod world;
