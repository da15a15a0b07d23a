//! Floor 6: a real server's exported configuration, read, taken over and written (`aadconnect-export-format.md`).
//!
//! Reading order: `xml` and `reading` (elements to values), `rule`, `schema`, `connector`, `metaverse` (the typed model),
//! `folder` (files), `script` (the rules editor's script); then `convert` and `settings` (to and from what the engine
//! stores), `import`, `export`, `report`.

mod connector;
mod error;
mod folder;
mod metaverse;
mod reading;
mod rule;
mod schema;
mod script;
#[cfg(test)]
mod tests;
mod xml;

pub use connector::{
    CLOUD_CONNECTOR, ForestConnection, Parameter, ServerConnector, ServerConnectorKind, ServerPartition, ServerRunProfile,
    ServerStep, ServerStepKind,
};
pub use error::{Finding, InteropError};
pub use folder::{ServerConfiguration, read, read_text};
pub use metaverse::ServerMetaverse;
pub use rule::{JoinClause, Mapping, MappingSource, Scope, ServerRule};
pub use schema::{ClassAttribute, ServerAttribute, ServerClass, ServerSchema};
pub use script::to_script;
pub use xml::{Element, Node};
