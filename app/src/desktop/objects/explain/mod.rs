//! What previews, "why" and "why not" have in common: rules judged clause by clause, join groups, flows, changes.

pub mod changes;
pub mod expression;
pub mod flows;
pub mod joins;
pub mod recalls;
pub mod scope;
