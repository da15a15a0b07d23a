//! Floor 1: synchronization rules - what an administrator writes, and the plan that a run follows.

mod compile;
mod default_set;
mod definition;
mod file;
mod plan;
mod revision;
mod scope;

pub use compile::{PlanInput, RuleProblem, compile};
pub use default_set::{
    DefaultSetError, DefaultSetOptions, ForestFeatures, UserMatch, active_directory_schema, default_rules, metaverse_schema,
};
pub use definition::{Direction, Flow, FlowSource, JoinCondition, LinkType, MergeType, ScopeClause, ScopeOperator, SyncRule};
pub use file::{RulePatch, RuleText, RuleTextError, rules_from_toml};
pub use plan::{
    AttributePlan, CompiledFlow, CompiledJoin, CompiledRule, CompiledSource, ConnectorPlan, PartitionPlan, Plan, ProgramSlot,
};
pub use revision::{Revision, RuleChange, RuleChangeKind, RuleConnector, revise};
pub use scope::{CompiledClause, clause_holds, first_failing, in_scope};
