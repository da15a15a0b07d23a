//! Floor 6: what the wizard applies (`wizard.md`): directories become connectors, choices become rules.

mod choice_changes;
mod choices;
mod connector_change;
#[cfg(test)]
mod connector_change_tests;
pub mod demo;
mod directories;
mod directory;
mod forest;
mod forest_questions;
mod metaverse_schema;
mod partitions;
mod rule_changes;
mod rule_set;
mod run_profiles;
mod sandbox;
mod schema_refresh;
#[cfg(test)]
mod selection_tests;
mod tenant;
#[cfg(test)]
mod tests;

pub use crate::store::configuration::TENANT_KIND;
pub use choice_changes::{Choice, ChoiceError, ChoiceReport, change_choices};
pub use choices::RuleChoices;
pub use connector_change::{
    ConnectionSettings, ConnectorChange, ConnectorChangeError, ConnectorChangeReport, ConnectorFault, ConnectorPlace,
    PartitionChoice, STRUCTURE_TYPES, change_connector, judge_connector_change, try_settings,
};
pub use directories::{ACTIVE_DIRECTORY_KIND, Directories, FILE_KIND, open_directory};
pub use directory::{NewDirectory, SetupContext, SetupError, add_directory, set_credential, set_deprovisioning};
pub use forest::{change_forest, check_permissions};
pub use forest_questions::{FindOptions, Found, TraceFrom, TraceOptions, TraceReport, Wanted, find_objects, trace_import};
pub use metaverse_schema::{
    LONGEST_NAME, SchemaChange, SchemaChangeError, SchemaUser, attribute_name_problem, change_schema, definition_problem,
    described, is_indexable, judge_schema, type_name_problem, users_of_attribute, users_of_type,
};
pub use partitions::{PartitionError, choose_containers, select_partitions};
pub use rule_changes::{
    Accept, RuleChangeError, RuleChangeReport, RuleChanges, RuleStep, configuration_version, judge_rules, store_rules,
};
pub use rule_set::{ALWAYS, RuleUse, apply_default_rules, rules_by_attribute, select_attributes};
pub use run_profiles::{
    ProfileChange, RunProfileError, StepFault, StepNumber, check_step, delete_run_profile, save_run_profile, store_run_profiles,
    usable_name,
};
pub use sandbox::{FOLDER as SANDBOX_FOLDER, add_sandbox, is_waiting_for_tenant, start_sandbox};
pub use schema_refresh::{AttributeUse, ChangedAttribute, SchemaRefresh, refresh_schema};
pub use syncline_sandbox::SandboxError;
pub use tenant::{
    TenantCheck, TenantFilter, TenantObject, add_tenant, tenant_capabilities, tenant_facts, tenant_objects, tenant_settings,
    test_tenant, try_tenant,
};
