//! Connectors, partitions, run profiles and rules.

use rusqlite::{Connection, OptionalExtension as _, Row, Transaction};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::StoreError;
use super::options::{self, LAST_RULE};
use super::sql::{from_stored, guid, json, to_json, to_stored};
use crate::model::{ConnectorId, Deprovisioning, PartitionId, RuleId, Schema};
use crate::rules::SyncRule;

/// Kind of the connector to the tenant.
pub const TENANT_KIND: &str = "tenant";

/// Kind of a connector to an LDAP directory that is no forest.
pub const GENERIC_LDAP_KIND: &str = "ldap";

/// True for a kind of connector that holds a forest: neither the tenant nor another directory.
#[must_use]
pub fn is_forest(kind: &str) -> bool {
    kind != TENANT_KIND && kind != GENERIC_LDAP_KIND
}

/// A connector as configured.
#[derive(Clone, Debug, PartialEq)]
pub struct ConnectorRecord {
    /// Number inside the database; 0 until it is inserted.
    pub id: ConnectorId,
    /// Identifier.
    pub guid: Uuid,
    /// Unique name.
    pub name: String,
    /// Kind of directory: `active-directory`, `ldap`, `file`, `tenant`.
    pub kind: String,
    /// Free text.
    pub description: String,
    /// Settings of the kind, as JSON, without secrets.
    pub settings: String,
    /// Schema as last read from the directory.
    pub schema: Schema,
    /// Object types selected.
    pub object_types: Vec<String>,
    /// Attributes selected.
    pub attributes: Vec<String>,
    /// Encrypted password or client secret.
    pub secret: Option<Vec<u8>>,
    /// What becomes of its objects when nothing holds them any more.
    pub deprovisioning: Deprovisioning,
    /// Created at.
    pub created: jiff::Timestamp,
    /// Why a full import is needed.
    pub full_import_reason: Option<String>,
    /// Why a full synchronization is needed.
    pub full_sync_reason: Option<String>,
}

/// A partition of a connector.
#[derive(Clone, Debug, PartialEq)]
pub struct PartitionRecord {
    /// Number inside the database; 0 until it is inserted.
    pub id: PartitionId,
    /// Identifier.
    pub guid: Uuid,
    /// Connector.
    pub connector: ConnectorId,
    /// Naming context, or `default`.
    pub name: String,
    /// Taken part in imports.
    pub selected: bool,
    /// What the directory told of it, as JSON.
    pub detail: String,
    /// Containers read.
    pub include: Vec<String>,
    /// Containers left out.
    pub exclude: Vec<String>,
    /// Where the next delta import begins.
    pub watermark: Option<Vec<u8>>,
    /// Number of the last full import.
    pub generation: i64,
}

/// What a step of a run profile does (`engine.md` 6.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepType {
    /// Full Import (Stage Only).
    FullImport,
    /// Delta Import (Stage Only).
    DeltaImport,
    /// Full Import and Delta Synchronization.
    FullImportDeltaSynchronization,
    /// Full Import and Full Synchronization.
    FullImportFullSynchronization,
    /// Delta Import and Delta Synchronization.
    DeltaImportDeltaSynchronization,
    /// Full Synchronization.
    FullSynchronization,
    /// Delta Synchronization.
    DeltaSynchronization,
    /// Export.
    Export,
}

impl StepType {
    /// All types, in the order in which they are offered.
    pub const ALL: [Self; 8] = [
        Self::FullImport,
        Self::DeltaImport,
        Self::FullImportDeltaSynchronization,
        Self::FullImportFullSynchronization,
        Self::DeltaImportDeltaSynchronization,
        Self::FullSynchronization,
        Self::DeltaSynchronization,
        Self::Export,
    ];

    /// The text shown (`ui.md` 4.6).
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::FullImport => "Full Import (Stage Only)",
            Self::DeltaImport => "Delta Import (Stage Only)",
            Self::FullImportDeltaSynchronization => "Full Import and Delta Synchronization",
            Self::FullImportFullSynchronization => "Full Import and Full Synchronization",
            Self::DeltaImportDeltaSynchronization => "Delta Import and Delta Synchronization",
            Self::FullSynchronization => "Full Synchronization",
            Self::DeltaSynchronization => "Delta Synchronization",
            Self::Export => "Export",
        }
    }

    /// The type of a text shown.
    #[must_use]
    pub fn of_label(label: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.label().eq_ignore_ascii_case(label.trim()))
    }

    /// Whether the step reads the directory, and then whether in full.
    #[must_use]
    pub fn imports(self) -> Option<bool> {
        match self {
            Self::FullImport | Self::FullImportDeltaSynchronization | Self::FullImportFullSynchronization => Some(true),
            Self::DeltaImport | Self::DeltaImportDeltaSynchronization => Some(false),
            Self::FullSynchronization | Self::DeltaSynchronization | Self::Export => None,
        }
    }

    /// Whether the step synchronizes, and then whether in full.
    #[must_use]
    pub fn synchronizes(self) -> Option<bool> {
        match self {
            Self::FullSynchronization | Self::FullImportFullSynchronization => Some(true),
            Self::DeltaSynchronization | Self::FullImportDeltaSynchronization | Self::DeltaImportDeltaSynchronization => {
                Some(false)
            }
            Self::FullImport | Self::DeltaImport | Self::Export => None,
        }
    }
}

/// What an import does with a log file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogFileUsage {
    /// Writes what the directory hands over, and stages it.
    Create,
    /// Writes what the directory hands over, and stages nothing.
    CreateAndStop,
    /// Stages what the file holds, without the directory.
    Resume,
}

/// The log file of an import step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogFile {
    /// Its name, without a folder.
    pub name: String,
    /// What the step does with it.
    pub usage: LogFileUsage,
}

/// A step of a run profile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProfileStep {
    /// What it does.
    pub step_type: StepType,
    /// Partition concerned, by name.
    pub partition: String,
    /// Objects per batch; 0 lets the engine choose.
    pub batch_size: u32,
    /// Objects per page.
    pub page_size: u32,
    /// Seconds to wait for one answer.
    pub timeout_secs: u32,
    /// Objects after which the step ends; 0 means never.
    #[serde(default)]
    pub object_limit: u64,
    /// Deletions after which the step ends; 0 means never.
    #[serde(default)]
    pub deletion_limit: u64,
    /// Log file of an import.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_file: Option<LogFile>,
}

impl ProfileStep {
    /// A step with the shipped sizes and without limits.
    #[must_use]
    pub fn new(step_type: StepType, partition: impl Into<String>) -> Self {
        Self {
            step_type,
            partition: partition.into(),
            batch_size: 0,
            page_size: 500,
            timeout_secs: 120,
            object_limit: 0,
            deletion_limit: 0,
            log_file: None,
        }
    }

    /// True when the step writes a log file and stages nothing.
    #[must_use]
    pub fn only_writes_log_file(&self) -> bool {
        self.log_file.as_ref().is_some_and(|log| log.usage == LogFileUsage::CreateAndStop)
    }

    /// True when the step only writes a log file, or only reads one.
    #[must_use]
    pub fn is_log_file_alone(&self) -> bool {
        self.log_file.as_ref().is_some_and(|log| log.usage != LogFileUsage::Create)
    }
}

/// A run profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileRecord {
    /// Identifier.
    pub guid: Uuid,
    /// Connector.
    pub connector: ConnectorId,
    /// Name, unique per connector.
    pub name: String,
    /// Steps in order.
    pub steps: Vec<ProfileStep>,
}

const CONNECTOR_COLUMNS: &str = "id, guid, name, kind, description, settings, schema, object_types, attributes, secret, created,
    full_import_reason, full_sync_reason, deprovisioning";

/// All connectors in order of creation.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn connectors(connection: &Connection) -> Result<Vec<ConnectorRecord>, StoreError> {
    let failed = StoreError::sqlite("reading connectors");
    let mut statement =
        connection.prepare_cached(&format!("SELECT {CONNECTOR_COLUMNS} FROM connector ORDER BY id")).map_err(&failed)?;
    let mut rows = statement.query([]).map_err(&failed)?;
    let mut connectors = Vec::new();
    while let Some(row) = rows.next().map_err(&failed)? {
        connectors.push(read_connector(row)?);
    }
    Ok(connectors)
}

/// One connector.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn connector(connection: &Connection, id: ConnectorId) -> Result<Option<ConnectorRecord>, StoreError> {
    Ok(connectors(connection)?.into_iter().find(|connector| connector.id == id))
}

fn read_connector(row: &Row<'_>) -> Result<ConnectorRecord, StoreError> {
    let failed = StoreError::sqlite("reading a connector");
    let text = |column: usize| row.get::<_, String>(column).map_err(&failed);
    Ok(ConnectorRecord {
        id: ConnectorId(row.get(0).map_err(&failed)?),
        guid: guid(&row.get::<_, Vec<u8>>(1).map_err(&failed)?)?,
        name: text(2)?,
        kind: text(3)?,
        description: text(4)?,
        settings: text(5)?,
        schema: json("a connector's schema", &text(6)?)?,
        object_types: json("a connector's object types", &text(7)?)?,
        attributes: json("a connector's attributes", &text(8)?)?,
        secret: row.get(9).map_err(&failed)?,
        created: from_stored(row.get(10).map_err(&failed)?),
        full_import_reason: row.get(11).map_err(&failed)?,
        full_sync_reason: row.get(12).map_err(&failed)?,
        deprovisioning: deprovisioning(&text(13)?)?,
    })
}

fn deprovisioning(word: &str) -> Result<Deprovisioning, StoreError> {
    Deprovisioning::of_word(word)
        .ok_or_else(|| StoreError::damaged("a connector", format!("\"{word}\" is no deprovisioning action")))
}

/// Inserts (`id` 0) or updates a connector; gives its number.
///
/// # Errors
/// [`StoreError`] when the database cannot be written.
pub fn save_connector(transaction: &Transaction<'_>, record: &ConnectorRecord) -> Result<ConnectorId, StoreError> {
    let failed = StoreError::sqlite("writing a connector");
    let id = if record.id.0 == 0 {
        transaction
            .execute(
                // The run history of a connector that was deleted must not become that of another one.
                "INSERT INTO connector (id, guid, name, kind, settings, schema, object_types, attributes, created)
                 SELECT 1 + max(coalesce((SELECT max(id) FROM connector), 0), coalesce((SELECT max(connector) FROM run), 0)),
                    ?1, ?2, ?3, '', '', '', '', ?4",
                (record.guid.as_bytes().as_slice(), &record.name, &record.kind, to_stored(record.created)),
            )
            .map_err(&failed)?;
        transaction.last_insert_rowid()
    } else {
        record.id.0
    };
    transaction
        .execute(
            "UPDATE connector SET name = ?2, description = ?3, settings = ?4, schema = ?5, object_types = ?6, attributes = ?7,
                secret = ?8, full_import_reason = ?9, full_sync_reason = ?10, deprovisioning = ?11 WHERE id = ?1",
            rusqlite::params![
                id,
                record.name,
                record.description,
                record.settings,
                to_json("a connector's schema", &record.schema)?,
                to_json("a connector's object types", &record.object_types)?,
                to_json("a connector's attributes", &record.attributes)?,
                record.secret,
                record.full_import_reason,
                record.full_sync_reason,
                record.deprovisioning.word(),
            ],
        )
        .map_err(&failed)?;
    Ok(ConnectorId(id))
}

/// Sets or clears the reasons why full runs are needed.
///
/// # Errors
/// [`StoreError`] when the database cannot be written.
pub fn set_required(
    transaction: &Transaction<'_>,
    connector: ConnectorId,
    full_import: Option<&str>,
    full_sync: Option<&str>,
) -> Result<(), StoreError> {
    transaction
        .execute(
            "UPDATE connector SET full_import_reason = ?2, full_sync_reason = ?3 WHERE id = ?1",
            (connector.0, full_import, full_sync),
        )
        .map(|_| ())
        .map_err(StoreError::sqlite("writing a connector"))
}

/// Removes a connector with its partitions, run profiles and rules. Its connector space must be empty; its run history
/// stays.
///
/// # Errors
/// [`StoreError`] when the database cannot be written.
pub fn delete_connector(transaction: &Transaction<'_>, connector: ConnectorId) -> Result<(), StoreError> {
    for rule in rules(transaction)?.into_iter().filter(|rule| rule.connector == connector) {
        delete_rule(transaction, rule.id)?;
    }
    transaction
        .execute("DELETE FROM connector WHERE id = ?1", [connector.0])
        .map(|_| ())
        .map_err(StoreError::sqlite("removing a connector"))
}

/// Forgets where delta imports of a connector would begin.
///
/// # Errors
/// [`StoreError`] when the database cannot be written.
pub fn forget_watermarks(transaction: &Transaction<'_>, connector: ConnectorId) -> Result<(), StoreError> {
    transaction
        .execute("UPDATE partition SET watermark = NULL WHERE connector = ?1", [connector.0])
        .map(|_| ())
        .map_err(StoreError::sqlite("writing a partition"))
}

/// The partitions of a connector in order of name.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn partitions(connection: &Connection, connector: ConnectorId) -> Result<Vec<PartitionRecord>, StoreError> {
    let failed = StoreError::sqlite("reading partitions");
    let mut statement = connection
        .prepare_cached(
            "SELECT id, guid, name, selected, detail, include, exclude, watermark, generation FROM partition
             WHERE connector = ?1 ORDER BY name",
        )
        .map_err(&failed)?;
    let mut rows = statement.query([connector.0]).map_err(&failed)?;
    let mut partitions = Vec::new();
    while let Some(row) = rows.next().map_err(&failed)? {
        let text = |column: usize| row.get::<_, String>(column).map_err(&failed);
        partitions.push(PartitionRecord {
            id: PartitionId(row.get(0).map_err(&failed)?),
            guid: guid(&row.get::<_, Vec<u8>>(1).map_err(&failed)?)?,
            connector,
            name: text(2)?,
            selected: row.get(3).map_err(&failed)?,
            detail: text(4)?,
            include: json("a container filter", &text(5)?)?,
            exclude: json("a container filter", &text(6)?)?,
            watermark: row.get(7).map_err(&failed)?,
            generation: row.get(8).map_err(&failed)?,
        });
    }
    Ok(partitions)
}

/// Inserts (`id` 0) or updates a partition; gives its number.
///
/// # Errors
/// [`StoreError`] when the database cannot be written.
pub fn save_partition(transaction: &Transaction<'_>, record: &PartitionRecord) -> Result<PartitionId, StoreError> {
    let failed = StoreError::sqlite("writing a partition");
    let id = if record.id.0 == 0 {
        transaction
            .execute(
                "INSERT INTO partition (guid, connector, name, selected, detail, include, exclude)
                 VALUES (?1, ?2, ?3, 0, '', '', '')",
                (record.guid.as_bytes().as_slice(), record.connector.0, &record.name),
            )
            .map_err(&failed)?;
        transaction.last_insert_rowid()
    } else {
        record.id.0
    };
    transaction
        .execute(
            "UPDATE partition SET selected = ?2, detail = ?3, include = ?4, exclude = ?5, watermark = ?6, generation = ?7
             WHERE id = ?1",
            rusqlite::params![
                id,
                record.selected,
                record.detail,
                to_json("a container filter", &record.include)?,
                to_json("a container filter", &record.exclude)?,
                record.watermark,
                record.generation,
            ],
        )
        .map_err(&failed)?;
    Ok(PartitionId(id))
}

/// The run profiles of a connector in order of creation.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn profiles(connection: &Connection, connector: ConnectorId) -> Result<Vec<ProfileRecord>, StoreError> {
    let failed = StoreError::sqlite("reading run profiles");
    let mut statement = connection
        .prepare_cached("SELECT guid, name, steps FROM run_profile WHERE connector = ?1 ORDER BY id")
        .map_err(&failed)?;
    let mut rows = statement.query([connector.0]).map_err(&failed)?;
    let mut profiles = Vec::new();
    while let Some(row) = rows.next().map_err(&failed)? {
        profiles.push(ProfileRecord {
            guid: guid(&row.get::<_, Vec<u8>>(0).map_err(&failed)?)?,
            connector,
            name: row.get(1).map_err(&failed)?,
            steps: json("a run profile", &row.get::<_, String>(2).map_err(&failed)?)?,
        });
    }
    Ok(profiles)
}

/// Inserts a run profile, or replaces the one of that name.
///
/// # Errors
/// [`StoreError`] when the database cannot be written.
pub fn save_profile(transaction: &Transaction<'_>, record: &ProfileRecord) -> Result<(), StoreError> {
    transaction
        .execute(
            "INSERT INTO run_profile (guid, connector, name, steps) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (connector, name) DO UPDATE SET steps = excluded.steps",
            (record.guid.as_bytes().as_slice(), record.connector.0, &record.name, to_json("a run profile", &record.steps)?),
        )
        .map(|_| ())
        .map_err(StoreError::sqlite("writing a run profile"))
}

/// Gives a run profile other contents, its name included.
///
/// # Errors
/// [`StoreError`] when the database cannot be written.
pub fn replace_profile(transaction: &Transaction<'_>, record: &ProfileRecord) -> Result<(), StoreError> {
    transaction
        .execute(
            "UPDATE run_profile SET name = ?2, steps = ?3 WHERE guid = ?1",
            (record.guid.as_bytes().as_slice(), &record.name, to_json("a run profile", &record.steps)?),
        )
        .map(|_| ())
        .map_err(StoreError::sqlite("writing a run profile"))
}

/// Removes a run profile.
///
/// # Errors
/// [`StoreError`] when the database cannot be written.
pub fn delete_profile(transaction: &Transaction<'_>, guid: Uuid) -> Result<(), StoreError> {
    transaction
        .execute("DELETE FROM run_profile WHERE guid = ?1", [guid.as_bytes().as_slice()])
        .map(|_| ())
        .map_err(StoreError::sqlite("removing a run profile"))
}

/// All rules in order of precedence.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn rules(connection: &Connection) -> Result<Vec<SyncRule>, StoreError> {
    let failed = StoreError::sqlite("reading synchronization rules");
    let mut statement = connection.prepare_cached("SELECT id, definition FROM rule ORDER BY precedence").map_err(&failed)?;
    let mut rows = statement.query([]).map_err(&failed)?;
    let mut rules = Vec::new();
    while let Some(row) = rows.next().map_err(&failed)? {
        let mut rule: SyncRule = json("a synchronization rule", &row.get::<_, String>(1).map_err(&failed)?)?;
        rule.id = RuleId(row.get(0).map_err(&failed)?);
        rules.push(rule);
    }
    Ok(rules)
}

/// Inserts (`id` 0) or updates a rule; gives its number. A precedence that another rule has is refused
/// by the database.
///
/// # Errors
/// [`StoreError`] when the database cannot be written.
pub fn save_rule(transaction: &Transaction<'_>, rule: &SyncRule) -> Result<RuleId, StoreError> {
    let failed = StoreError::sqlite("writing a synchronization rule");
    let definition = to_json("a synchronization rule", rule)?;
    if rule.id.0 == 0 {
        let highest: i64 =
            transaction.query_row("SELECT coalesce(max(id), 0) FROM rule", [], |row| row.get(0)).map_err(&failed)?;
        let id = highest.max(last_rule(transaction)?) + 1;
        transaction
            .execute(
                "INSERT INTO rule (id, guid, connector, precedence, definition) VALUES (?1, ?2, ?3, ?4, ?5)",
                (id, rule.guid.as_bytes().as_slice(), rule.connector.0, rule.precedence, definition),
            )
            .map_err(&failed)?;
        return Ok(RuleId(id));
    }
    transaction
        .execute(
            "UPDATE rule SET guid = ?2, connector = ?3, precedence = ?4, definition = ?5 WHERE id = ?1",
            (rule.id.0, rule.guid.as_bytes().as_slice(), rule.connector.0, rule.precedence, definition),
        )
        .map_err(&failed)?;
    Ok(rule.id)
}

/// The highest number of a rule that was removed.
fn last_rule(connection: &Connection) -> Result<i64, StoreError> {
    Ok(options::get(connection, LAST_RULE)?.and_then(|number| number.parse().ok()).unwrap_or(0))
}

/// Removes a rule. Its number is not given out again: links and contributions remember it until the next full
/// synchronization, and must not take another rule for it.
///
/// # Errors
/// [`StoreError`] when the database cannot be written.
pub fn delete_rule(transaction: &Transaction<'_>, id: RuleId) -> Result<(), StoreError> {
    let last = last_rule(transaction)?.max(id.0);
    options::set(transaction, LAST_RULE, Some(&last.to_string()))?;
    transaction
        .execute("DELETE FROM rule WHERE id = ?1", [id.0])
        .map(|_| ())
        .map_err(StoreError::sqlite("removing a synchronization rule"))
}

/// The connector of a name, without regard to case.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn connector_named(connection: &Connection, name: &str) -> Result<Option<ConnectorId>, StoreError> {
    connection
        .query_row("SELECT id FROM connector WHERE name = ?1", [name], |row| row.get(0).map(ConnectorId))
        .optional()
        .map_err(StoreError::sqlite("looking up a connector"))
}
