//! Floor 1: synchronization rules - what an administrator writes, and the plan that a run follows.

mod check;
mod compile;
mod default_set;
mod definition;
mod difference;
mod file;
mod flow_order;
mod identity_choice;
mod place;
mod plan;
mod revision;
mod scope;
mod source_names;
#[cfg(test)]
mod table_tests;
mod text;
mod usage;

pub use check::{FIRST_STANDARD_PRECEDENCE, FaultSeverity, FlowField, RuleCheck, RuleFault, RulePlace};
pub use compile::{PlanInput, RuleProblem, compile};
pub use default_set::{
    DefaultSetError, DefaultSetOptions, ForestFeatures, UserMatch, active_directory_schema, active_directory_schema_with,
    default_rules, metaverse_schema, tenant_schema, workloads,
};
pub use definition::{
    Direction, Flow, FlowSource, JoinCondition, LinkType, MergeType, ScopeClause, ScopeOperator, SyncRule, tag_name,
};
pub use difference::{RuleDifference, compare_rules, rule_differences};
pub use file::{RulePatch, RuleText, RuleTextError, rules_from_toml, rules_to_toml};
pub use flow_order::{FlowOrders, FlowPlace};
pub use place::{Placed, Side, place as place_rule};
pub use plan::{
    AttributePlan, CompiledFlow, CompiledJoin, CompiledRule, CompiledSource, ConnectorPlan, PartitionPlan, Plan, ProgramSlot,
};
pub use revision::{Revision, RuleChange, RuleChangeKind, RuleConnector, revise};
pub use scope::{CompiledClause, ScopeSource, clause_holds, in_scope};
pub use source_names::{DOMAIN_PARAMETERS, SourceNames, attribute_kind};
pub use text::{TWICE, read_rules, scope_text, write_rules};
pub use usage::{AttributeUse, RuleSide, UsePlace, attribute_uses};
