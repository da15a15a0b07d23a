//! Options of the whole installation, by name.

use rusqlite::{Connection, OptionalExtension as _, Transaction};

use super::StoreError;

/// Deletions above which an export to the tenant stops: a number, a share such as `10%`, or `off`; absent means the
/// default of 500.
pub const DELETION_THRESHOLD: &str = "deletion-threshold";
/// Deletions that one export may make although they exceed the threshold, as JSON.
pub const DELETION_APPROVAL: &str = "deletion-approval";
/// Staging mode: `on` or absent.
pub const STAGING_MODE: &str = "staging-mode";
/// Place of the sandbox tenant's folder, relative to the data folder; absent when there is none.
pub const SANDBOX_FOLDER: &str = "sandbox-folder";
/// A run or cycle that another process wants stopped: a connector's number, or `all`; the owner of the data
/// folder takes it away.
pub const STOP_REQUEST: &str = "stop-request";
/// What the standard rules are composed by, as JSON; absent means the defaults.
pub const RULE_CHOICES: &str = "rule-choices";
/// Object types and attributes that the metaverse has beyond the shipped schema, as JSON.
pub const METAVERSE_ADDITIONS: &str = "metaverse-additions";
/// What this installation changed or took away of the shipped metaverse schema, as JSON.
pub const METAVERSE_EDITS: &str = "metaverse-edits";
/// Number of the present configuration; every change of rules adds one. Absent means 0.
pub const CONFIGURATION_VERSION: &str = "configuration-version";
/// Highest number of a rule that was removed: numbers are not given out twice.
pub const LAST_RULE: &str = "last-rule";
/// Name of the sandbox tenant.
pub const SANDBOX_TENANT: &str = "sandbox-tenant";

/// The option with the attributes of a connector that an administrator selected although no rule uses them, as JSON.
#[must_use]
pub fn attributes_by_hand(connector: uuid::Uuid) -> String {
    format!("attributes-by-hand {connector}")
}

/// The number of the present configuration.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn configuration_version(connection: &Connection) -> Result<u64, StoreError> {
    Ok(get(connection, CONFIGURATION_VERSION)?.and_then(|number| number.parse().ok()).unwrap_or(0))
}

/// Makes the next version of the configuration.
///
/// # Errors
/// [`StoreError`] when the database cannot be written.
pub fn next_configuration_version(transaction: &Transaction<'_>) -> Result<(), StoreError> {
    let next = configuration_version(transaction)? + 1;
    set(transaction, CONFIGURATION_VERSION, Some(&next.to_string()))
}

/// Reads an option.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn get(connection: &Connection, name: &str) -> Result<Option<String>, StoreError> {
    connection
        .prepare_cached("SELECT value FROM option WHERE name = ?1")
        .and_then(|mut statement| statement.query_row([name], |row| row.get(0)).optional())
        .map_err(StoreError::sqlite("reading an option"))
}

/// Writes an option; `None` removes it.
///
/// # Errors
/// [`StoreError`] when the database cannot be written.
pub fn set(transaction: &Transaction<'_>, name: &str, value: Option<&str>) -> Result<(), StoreError> {
    let result = match value {
        Some(value) => transaction.execute(
            "INSERT INTO option (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            (name, value),
        ),
        None => transaction.execute("DELETE FROM option WHERE name = ?1", [name]),
    };
    result.map(|_| ()).map_err(StoreError::sqlite("writing an option"))
}
