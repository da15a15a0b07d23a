//! What the standard rules are composed by: the wizard's choices, kept in the database (`default-rules.md` 2).

use std::collections::BTreeSet;

use rusqlite::{Connection, Transaction};
use serde::{Deserialize, Serialize};

use crate::model::{ConnectorId, Schema};
use crate::rules::{DefaultSetOptions, UserMatch};
use crate::store::StoreError;
use crate::store::options::{self, RULE_CHOICES};

/// The wizard's choices that decide which standard rules there are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RuleChoices {
    /// How users are matched.
    pub user_match: UserMatch,
    /// Attribute that gives the source anchor.
    pub source_anchor: String,
    /// Attribute that users sign in to the tenant with.
    pub sign_in: String,
    /// Exchange hybrid deployment.
    pub hybrid_exchange: bool,
    /// Devices are synchronized.
    pub device_write_up: bool,
    /// Workloads selected, such as `ExchangeOnline`; `None` means all.
    pub apps: Option<BTreeSet<String>>,
}

impl Default for RuleChoices {
    fn default() -> Self {
        Self {
            user_match: UserMatch::Once,
            source_anchor: "objectGUID".to_owned(),
            sign_in: "userPrincipalName".to_owned(),
            hybrid_exchange: false,
            device_write_up: false,
            apps: None,
        }
    }
}

impl RuleChoices {
    /// The choices of this database; the defaults until somebody chose.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be read.
    pub fn load(connection: &Connection) -> Result<Self, StoreError> {
        match options::get(connection, RULE_CHOICES)? {
            Some(text) => {
                serde_json::from_str(&text).map_err(|error| StoreError::damaged("the choices for the standard rules", error))
            }
            None => Ok(Self::default()),
        }
    }

    /// Keeps the choices.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be written.
    pub fn save(&self, transaction: &Transaction<'_>) -> Result<(), StoreError> {
        let text =
            serde_json::to_string(self).map_err(|error| StoreError::damaged("the choices for the standard rules", error))?;
        options::set(transaction, RULE_CHOICES, Some(&text))
    }

    /// The choices together with the connectors that they are for.
    #[must_use]
    pub fn options<'a>(
        &self,
        forests: Vec<(ConnectorId, &'a Schema)>,
        tenant: (ConnectorId, &'a Schema),
    ) -> DefaultSetOptions<'a> {
        DefaultSetOptions {
            forests,
            tenant,
            user_match: self.user_match.clone(),
            source_anchor: self.source_anchor.clone(),
            sign_in: self.sign_in.clone(),
            hybrid_exchange: self.hybrid_exchange,
            device_write_up: self.device_write_up,
            apps: self.apps.clone(),
        }
    }
}
