//! Floor 6: what the wizard applies (`wizard.md`): directories become connectors, choices become rules.

pub mod demo;
mod directories;
mod directory;
mod rule_edit;
mod rule_set;
mod sandbox;
#[cfg(test)]
mod tests;

pub use directories::{Directories, TENANT_KIND, open_directory};
pub use directory::{NewDirectory, SetupContext, SetupError, add_directory, set_credential};
pub use rule_edit::{RuleEditError, delete_rule, save_rule};
pub use rule_set::apply_default_rules;
pub use sandbox::{add_sandbox, start_sandbox};
pub use syncline_sandbox::SandboxError;
