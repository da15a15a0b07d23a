//! Stored passwords, failed sign-ins and refresh tokens of users.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use super::objects::time;
use crate::SandboxError;

/// What is kept of a user's password.
#[derive(Debug, Clone)]
pub(crate) struct Credential {
    /// The text of the hash, as password synchronization sends it.
    pub(crate) data: String,
    /// When the password was changed.
    pub(crate) changed: Timestamp,
    /// Whether it came from on premises.
    pub(crate) synced: bool,
}

/// The credential of a user.
pub(crate) fn of(db: &Connection, object: i64) -> Result<Option<Credential>, SandboxError> {
    let found: Option<(String, String, bool)> = db
        .prepare_cached("SELECT data, changed, synced FROM credentials WHERE object = ?1")?
        .query_row([object], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    let Some((data, changed, synced)) = found else {
        return Ok(None);
    };
    Ok(Some(Credential { data, changed: time(&changed)?, synced }))
}

/// Replaces the credential of a user; whoever signed in with the former one has to do it again.
pub(crate) fn replace(db: &Connection, object: i64, credential: &Credential) -> Result<(), SandboxError> {
    db.prepare_cached("INSERT OR REPLACE INTO credentials (object, data, changed, synced) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![object, credential.data, credential.changed.to_string(), credential.synced])?;
    db.prepare_cached("DELETE FROM refresh_tokens WHERE object = ?1")?.execute([object])?;
    db.prepare_cached("DELETE FROM sign_in_failures WHERE object = ?1")?.execute([object])?;
    Ok(())
}

/// Forgets everything about the sign-in of an object that is gone.
pub(crate) fn forget(db: &Connection, object: i64) -> Result<(), SandboxError> {
    for table in ["credentials", "refresh_tokens", "sign_in_failures", "device_codes"] {
        db.prepare_cached(&format!("DELETE FROM {table} WHERE object = ?1"))?.execute([object])?;
    }
    Ok(())
}

/// Number of failed sign-ins of a user since a time.
pub(crate) fn failures(db: &Connection, object: i64, since: i64) -> Result<i64, SandboxError> {
    let count = db
        .prepare_cached("SELECT count(*) FROM sign_in_failures WHERE object = ?1 AND at > ?2")?
        .query_row([object, since], |row| row.get(0))?;
    Ok(count)
}

/// Notes a failed sign-in.
pub(crate) fn note_failure(db: &Connection, object: i64, at: i64) -> Result<(), SandboxError> {
    db.prepare_cached("INSERT INTO sign_in_failures (object, at) VALUES (?1, ?2)")?.execute([object, at])?;
    Ok(())
}

/// Forgets failed sign-ins, after a success or when they do not count any more.
pub(crate) fn clear_failures(db: &Connection, object: i64, until: i64) -> Result<(), SandboxError> {
    db.prepare_cached("DELETE FROM sign_in_failures WHERE object = ?1 AND at <= ?2")?.execute([object, until])?;
    Ok(())
}
