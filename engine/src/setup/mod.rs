//! Floor 6: what the wizard applies (`wizard.md`): directories become connectors, choices become rules.

mod choices;
pub mod demo;
mod directories;
mod directory;
mod forest;
mod rule_changes;
mod rule_set;
mod sandbox;
#[cfg(test)]
mod tests;

pub use choices::RuleChoices;
pub use directories::{ACTIVE_DIRECTORY_KIND, Directories, FILE_KIND, TENANT_KIND, open_directory};
pub use directory::{NewDirectory, SetupContext, SetupError, add_directory, set_credential};
pub use forest::{change_forest, check_permissions};
pub use rule_changes::{
    Accept, RuleChangeError, RuleChangeReport, RuleChanges, RuleStep, configuration_version, judge_rules, store_rules,
};
pub use rule_set::{apply_default_rules, select_attributes};
pub use sandbox::{add_sandbox, is_waiting_for_tenant, start_sandbox};
pub use syncline_sandbox::SandboxError;
