//! The tenant's SQLite file: tables, migrations, settings.

pub(crate) mod addresses;
pub(crate) mod applications;
pub(crate) mod changes;
pub(crate) mod credentials;
pub(crate) mod links;
pub(crate) mod objects;
pub(crate) mod quarantine;

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OptionalExtension};

use crate::SandboxError;

/// Statements that lead from each version to the next; the first makes version 1. A released one never changes.
const MIGRATIONS: &[&str] = &[include_str!("../../assets/version-1.sql"), include_str!("../../assets/version-2.sql")];

/// Opens the file for this process alone, makes or upgrades its tables.
pub(crate) fn open(path: &Path) -> Result<Connection, SandboxError> {
    prepare(path).map_err(|error| match error {
        SandboxError::Database(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {
            SandboxError::InUse(path.to_owned())
        }
        other => other,
    })
}

fn prepare(path: &Path) -> Result<Connection, SandboxError> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(Duration::from_millis(500))?;
    connection.set_prepared_statement_cache_capacity(128);
    connection.pragma_update(None, "page_size", 8192)?;
    connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    // A save point for every change of a batch keeps copies of pages, which need not go to a file.
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "cache_size", -65_536)?;
    connection.pragma_update(None, "wal_autocheckpoint", 8_192)?;
    // Without this a statement whose plan could depend on its parameters is prepared anew for every execution.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    migrate(&connection, MIGRATIONS)?;
    // The first write takes the lock, which is kept until the tenant stops.
    set_setting(&connection, "opened", "true")?;
    Ok(connection)
}

fn migrate(connection: &Connection, migrations: &[&str]) -> Result<(), SandboxError> {
    let found: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let known = i64::try_from(migrations.len()).unwrap_or(i64::MAX);
    if found > known {
        return Err(SandboxError::NewerDatabase { found, known });
    }
    let done = usize::try_from(found).unwrap_or(0);
    for (index, statements) in migrations.iter().enumerate().skip(done) {
        connection.execute_batch(&format!("BEGIN IMMEDIATE; {statements}; PRAGMA user_version = {}; COMMIT;", index + 1))?;
    }
    Ok(())
}

/// Reads a setting of the tenant.
pub(crate) fn setting(db: &Connection, key: &str) -> Result<Option<String>, SandboxError> {
    let value = db.prepare_cached("SELECT value FROM settings WHERE key = ?1")?.query_row([key], |row| row.get(0)).optional()?;
    Ok(value)
}

/// Writes a setting of the tenant.
pub(crate) fn set_setting(db: &Connection, key: &str, value: &str) -> Result<(), SandboxError> {
    db.prepare_cached("INSERT OR REPLACE INTO settings (key, value) VALUES (?1, ?2)")?.execute([key, value])?;
    Ok(())
}

/// Forgets a setting of the tenant.
pub(crate) fn clear_setting(db: &Connection, key: &str) -> Result<(), SandboxError> {
    db.prepare_cached("DELETE FROM settings WHERE key = ?1")?.execute([key])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn migrations_run_once_and_newer_files_are_refused() {
        let db = Connection::open_in_memory().unwrap();
        let steps = ["CREATE TABLE a (x)", "CREATE TABLE b (x)"];
        migrate(&db, &steps[..1]).unwrap();
        migrate(&db, &steps).unwrap();
        migrate(&db, &steps).unwrap();
        let tables: i64 = db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).unwrap();
        assert_eq!(tables, 2);
        assert!(matches!(migrate(&db, &steps[..1]), Err(SandboxError::NewerDatabase { found: 2, known: 1 })));
    }
}
