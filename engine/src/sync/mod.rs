//! Floor 4: synchronization (`engine.md` 4) in two halves.
//!
//! `evaluate` is a pure function from rules and facts to effects; `apply` writes
//! effects in one transaction. Full and delta synchronization are both of them over different sets of
//! objects.

mod apply;
mod effects;
mod evaluate;
pub mod explain;
pub mod expression_object;
mod facts;
mod inbound;
mod join;
mod kept;
mod loader;
mod object_effects;
mod outbound;
mod plan;
pub mod preview;
mod step;
mod values;

pub use apply::SEARCH_TEXT;
pub use effects::{
    CsEffect, Effects, FlowTrace, MvEffect, MvTarget, OutboundFlow, Standing, TargetAction, TargetObject, TargetTrace, Trace,
};
pub use evaluate::ByHand;
pub use join::{LinkDecision, Unjoined};
pub use loader::fill_groups;
pub use plan::{connector_keys, inputs as plan_inputs, load as load_plan, load_in as load_plan_in, read as read_plan};
pub use step::{SyncOptions, leave_step, run_step};
pub use values::FlowValue;

#[cfg(test)]
mod tests;
