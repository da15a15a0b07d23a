//! Floor 6: what the wizard applies.
pub mod demo;
