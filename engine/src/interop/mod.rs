//! Floor 6: a real server's exported configuration, read, taken over and written (`aadconnect-export-format.md`).
//!
//! Reading order: `xml` and `reading` (elements to values), `rule`, `schema`, `connector`, `metaverse` (the typed model),
//! `folder` (files), `script` (the rules editor's script); then `convert_rule`, `convert_connector` and `settings` (to and
//! from what the engine stores), `import` with `import_rules`, `export` with `export_connector`, `report`. `identifier` stands
//! alone: one identity in its forms.

mod comparison;
mod connector;
mod connector_file;
mod convert_connector;
mod convert_rule;
mod error;
mod export;
mod export_connector;
mod folder;
mod identifier;
mod import;
mod import_rules;
mod metaverse;
mod reading;
mod report;
mod rule;
mod schema;
mod script;
mod settings;
#[cfg(test)]
mod tests;
mod xml;

pub use comparison::{ConfigurationComparison, ConfigurationDifference, ConfigurationPart, compare, present};
pub use connector::{
    CLOUD_CONNECTOR, ForestConnection, Parameter, ServerConnector, ServerConnectorKind, ServerLogFile, ServerPartition,
    ServerRunProfile, ServerStep, ServerStepKind,
};
pub use connector_file::{ConnectorUpdate, UpdateDifference, UpdateKind, connector_update, export_connector, import_connector};
pub use error::{Finding, InteropError};
pub use export::{export, rule_script};
pub use folder::{ServerConfiguration, read};
pub use identifier::{IdentifierError, aad_dn, cloud_anchor, guid_of_immutable_id, immutable_id_of_guid};
pub use import::{ImportOptions, InteropContext, import, outline};
pub use metaverse::ServerMetaverse;
pub use report::{
    ConnectorFate, ExportReport, ExportedConnector, ExportedKind, ImportReport, ImportedConnector, Remark, ReplacedRule,
    RuleCounts, RuleFate, ServerConfigurationView,
};
pub use rule::{JoinClause, Mapping, MappingSource, Scope, ServerRule};
pub use schema::{ClassAttribute, ServerAttribute, ServerClass, ServerSchema};
pub use script::to_script;
pub use xml::{Element, Node};
