//! Floor 6: what the wizard applies (`wizard.md`): directories become connectors, choices become rules.

pub mod demo;
mod directories;
mod directory;
mod rule_set;

pub use directories::{Directories, TENANT_KIND, open_directory};
pub use directory::{NewDirectory, SetupError, add_directory};
pub use rule_set::apply_default_rules;
