//! The connectors and rules that an example is tried on.

use std::collections::BTreeMap;
use std::sync::Arc;

use rusqlite::Connection;
use uuid::Uuid;

use super::ExampleError;
use super::file::{Example, ForestText, SchemaText};
use crate::connector::DirectoryPartition;
use crate::model::{ConnectorId, Schema, SequentialIds, fold_text};
use crate::rules::{
    DefaultSetOptions, ForestFeatures, SyncRule, UserMatch, active_directory_schema_with, default_rules, metaverse_schema,
    tenant_schema,
};
use crate::setup::{ACTIVE_DIRECTORY_KIND, TENANT_KIND};
use crate::store::{StoreError, configuration, schema};

/// The forest of an example that names none.
const DEFAULT_FOREST: &str = "contoso.com";
/// Identifiers of connectors whose example gives them none: this number and those after it.
const FIRST_IDENTIFIER: u128 = 0xc0_0000;

/// A forest whose NetBIOS name is not the first label of its DNS name, known to format `default-rule-cases/1`.
const NETBIOS_NAMES: [(&str, &str); 1] = [("fabrikamonline.com", "FABRIKAM")];

/// Connectors and rules of an installation, taken over as they are.
#[derive(Clone, Debug)]
pub struct ExampleSetting {
    pub(super) connectors: Vec<SettingConnector>,
    /// Rules; `connector` is the number that the connector has here.
    pub(super) rules: Vec<SyncRule>,
    /// Schema of the metaverse.
    pub(super) metaverse: Schema,
    /// The example may name its own forests.
    shipped: bool,
}

/// One connector.
#[derive(Clone, Debug)]
pub(super) struct SettingConnector {
    pub(super) id: ConnectorId,
    pub(super) guid: Uuid,
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) schema: Arc<Schema>,
    pub(super) partitions: Vec<DirectoryPartition>,
}

impl SettingConnector {
    pub(super) fn is_tenant(&self) -> bool {
        self.kind == TENANT_KIND
    }
}

impl ExampleSetting {
    /// The connectors and rules of a database.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be read.
    pub fn of_database(connection: &Connection) -> Result<Self, StoreError> {
        let mut connectors = Vec::new();
        for record in configuration::connectors(connection)? {
            let mut partitions = Vec::new();
            for partition in configuration::partitions(connection, record.id)?.iter().filter(|partition| partition.selected) {
                partitions.push(
                    serde_json::from_str(&partition.detail)
                        .map_err(|error| StoreError::damaged(format!("partition {}", partition.name), error))?,
                );
            }
            connectors.push(SettingConnector {
                id: record.id,
                guid: record.guid,
                name: record.name,
                kind: if record.kind == TENANT_KIND { record.kind } else { ACTIVE_DIRECTORY_KIND.to_owned() },
                schema: Arc::new(record.schema),
                partitions,
            });
        }
        let (rules, metaverse) = (configuration::rules(connection)?, schema::metaverse(connection)?);
        Ok(Self { connectors, rules, metaverse, shipped: false })
    }

    /// The same connectors with other rules, such as those that are about to be imported.
    #[must_use]
    pub fn with_rules(self, rules: Vec<SyncRule>) -> Self {
        Self { rules, ..self }
    }

    /// The default rules, every one of them, for the forests that an example names and a tenant.
    pub(super) fn of_defaults(example: &Example) -> Result<Self, ExampleError> {
        let only = [ForestText { name: DEFAULT_FOREST.to_owned(), schema: SchemaText::default(), netbios: None }];
        let forests = example.connectors.as_deref().unwrap_or(&only);
        let mut connectors = Vec::new();
        for (number, forest) in (1..).zip(forests) {
            let features = ForestFeatures {
                exchange: matches!(forest.schema, SchemaText::Exchange | SchemaText::ExchangeAndLync),
                lync: matches!(forest.schema, SchemaText::Lync | SchemaText::ExchangeAndLync),
            };
            connectors.push(SettingConnector {
                id: ConnectorId(number),
                guid: Uuid::from_u128(FIRST_IDENTIFIER + number.unsigned_abs() as u128),
                name: forest.name.clone(),
                kind: ACTIVE_DIRECTORY_KIND.to_owned(),
                schema: Arc::new(active_directory_schema_with(features)?),
                partitions: vec![domain(forest)],
            });
        }
        let tenant = Arc::new(tenant_schema()?);
        let id = ConnectorId(connectors.len() as i64 + 1);
        let options = DefaultSetOptions {
            forests: connectors.iter().map(|connector| (connector.id, connector.schema.as_ref())).collect(),
            tenant: (id, &tenant),
            user_match: example.match_users_on.clone().map_or(UserMatch::ObjectSid, UserMatch::Attribute),
            source_anchor: "objectGUID".to_owned(),
            sign_in: "userPrincipalName".to_owned(),
            hybrid_exchange: true,
            device_write_up: true,
            apps: None,
        };
        let rules = default_rules(&options, &SequentialIds::default())?;
        connectors.push(SettingConnector {
            id,
            guid: Uuid::from_u128(FIRST_IDENTIFIER),
            name: "tenant".to_owned(),
            kind: TENANT_KIND.to_owned(),
            schema: Arc::clone(&tenant),
            partitions: vec![whole("default")],
        });
        Ok(Self { connectors, rules, metaverse: metaverse_schema()?, shipped: true })
    }

    /// What an example asks of the connectors that an installation decides itself.
    pub(super) fn faults(&self, example: &Example) -> Vec<String> {
        let mut faults = Vec::new();
        if !self.shipped {
            if example.connectors.is_some() {
                faults.push(
                    "it names its own \"connectors\", but is tried on those of the data folder; leave the key out".to_owned(),
                );
            }
            if example.match_users_on.is_some() {
                faults.push(
                    "it chooses \"matchUsersOn\", but is tried on the rules of the data folder; leave the key out".to_owned(),
                );
            }
            if !self.connectors.iter().any(|connector| !connector.is_tenant()) {
                faults.push("the data folder has no forest yet; add one with \"syncline connector add\"".to_owned());
            }
        }
        faults
    }

    /// The forest of a name; the first for none.
    pub(super) fn forest(&self, name: Option<&str>) -> Result<usize, String> {
        let mut forests = self.connectors.iter().enumerate().filter(|(_, connector)| !connector.is_tenant());
        let found = match name {
            None => forests.next(),
            Some(name) => forests.find(|(_, connector)| fold_text(&connector.name) == fold_text(name)),
        };
        found.map(|(place, _)| place).ok_or_else(|| {
            let known: Vec<&str> = self
                .connectors
                .iter()
                .filter(|connector| !connector.is_tenant())
                .map(|connector| connector.name.as_str())
                .collect();
            format!("there is no forest \"{}\"; there are: {}", name.unwrap_or_default(), known.join(", "))
        })
    }

    /// The place of the tenant.
    pub(super) fn tenant(&self) -> Option<usize> {
        self.connectors.iter().position(SettingConnector::is_tenant)
    }

    /// What `%Connector.ID%` and `%Connector.ID:name%` stand for: the identifier of the first forest and of each one.
    pub(super) fn placeholders(&self) -> BTreeMap<String, String> {
        let mut placeholders = BTreeMap::new();
        for connector in self.connectors.iter().filter(|connector| !connector.is_tenant()) {
            placeholders.entry("%Connector.ID%".to_owned()).or_insert_with(|| connector.guid.to_string());
            placeholders.insert(format!("%Connector.ID:{}%", connector.name), connector.guid.to_string());
        }
        placeholders
    }
}

fn whole(name: &str) -> DirectoryPartition {
    DirectoryPartition {
        name: name.to_owned(),
        dns_name: None,
        netbios_name: None,
        forest_dns_name: None,
        forest_netbios_name: None,
        directory_id: None,
        domain: true,
    }
}

/// The one domain of a forest.
fn domain(forest: &ForestText) -> DirectoryPartition {
    let labels: Vec<String> = forest.name.split('.').map(|label| format!("DC={label}")).collect();
    let known = NETBIOS_NAMES.iter().find(|(name, _)| *name == forest.name).map(|(_, netbios)| (*netbios).to_owned());
    let first = || forest.name.split('.').next().unwrap_or_default().to_uppercase();
    let netbios = forest.netbios.clone().or(known).unwrap_or_else(first);
    DirectoryPartition {
        dns_name: Some(forest.name.clone()),
        netbios_name: Some(netbios.clone()),
        forest_dns_name: Some(forest.name.clone()),
        forest_netbios_name: Some(netbios),
        ..whole(&labels.join(","))
    }
}
