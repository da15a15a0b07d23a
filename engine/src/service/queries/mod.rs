//! The read side of the facade: what the windows and the command line ask.
//!
//! Every function takes a reading connection and answers with the plain data of `views`.

pub mod connector_space;
pub mod connectors;
mod counters;
mod cs_clause;
pub mod explain;
pub mod expression;
mod layers;
mod lineage;
pub mod lineage_graph;
pub mod metaverse;
mod metaverse_clause;
pub mod pending;
pub mod protection;
pub mod run_changes;
pub mod runs;
pub mod status;
#[cfg(test)]
mod tests;
pub mod validate;
mod values;

use std::collections::BTreeMap;

use rusqlite::Connection;

use super::{ConnectorState, EngineError};
use crate::model::{AttributeTable, ConnectorId, RuleId, Schema};
use crate::rules::SyncRule;
use crate::store::configuration::{ConnectorRecord, connectors, rules};
use crate::store::{attributes, schema};

/// What most queries need besides the rows that they ask for; loaded once per query.
#[derive(Clone, Debug)]
pub struct QueryContext {
    /// Attribute names.
    pub attributes: AttributeTable,
    /// Connectors in order of creation.
    pub connectors: Vec<ConnectorRecord>,
    /// Rules, best precedence first.
    pub rules: Vec<SyncRule>,
    /// Schema of the metaverse.
    pub metaverse: Schema,
    /// What connectors are doing, as far as this process knows; one that is absent is idle unless the
    /// run history says otherwise.
    pub running: BTreeMap<ConnectorId, ConnectorState>,
}

impl QueryContext {
    /// Loads the configuration.
    ///
    /// # Errors
    /// [`EngineError`] when the database cannot be read.
    pub fn load(connection: &Connection) -> Result<Self, EngineError> {
        Ok(Self {
            attributes: attributes::load(connection)?,
            connectors: connectors(connection)?,
            rules: rules(connection)?,
            metaverse: schema::metaverse(connection)?,
            running: BTreeMap::new(),
        })
    }

    /// The connector of a number.
    #[must_use]
    pub fn connector(&self, id: ConnectorId) -> Option<&ConnectorRecord> {
        self.connectors.iter().find(|connector| connector.id == id)
    }

    /// The name of a connector; one that is gone is named by its number.
    #[must_use]
    pub fn connector_name(&self, id: ConnectorId) -> String {
        self.connector(id).map_or_else(|| format!("deleted connector {id}"), |connector| connector.name.clone())
    }

    /// The rule of a number.
    #[must_use]
    pub fn rule(&self, id: RuleId) -> Option<&SyncRule> {
        self.rules.iter().find(|rule| rule.id == id)
    }

    /// The name of a rule; one that is gone is named by its number.
    #[must_use]
    pub fn rule_name(&self, id: RuleId) -> String {
        self.rule(id).map_or_else(|| format!("deleted rule {id}"), |rule| rule.name.clone())
    }
}

/// The part of a list that a page holds.
fn slice<T>(rows: &[T], offset: u64, limit: u64) -> &[T] {
    let start = usize::try_from(offset).unwrap_or(usize::MAX).min(rows.len());
    let length = usize::try_from(limit).unwrap_or(usize::MAX).min(rows.len() - start);
    rows.get(start..start + length).unwrap_or_default()
}
