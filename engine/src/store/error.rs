//! What can go wrong in the database.

use thiserror::Error;

use crate::model::CodecError;

/// The database could not be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// SQLite reported an error.
    #[error("database error while {action}: {source}")]
    Sqlite {
        /// What was being done.
        action: &'static str,
        /// Cause.
        #[source]
        source: rusqlite::Error,
    },
    /// Stored data cannot be read.
    #[error("{what} in the database is damaged: {reason}; restore a backup of the data folder")]
    Damaged {
        /// What.
        what: String,
        /// Why.
        reason: String,
    },
    /// The database was written by a newer program.
    #[error("the database has version {found}, this program knows versions up to {known}; update the program")]
    Newer {
        /// Version found.
        found: i64,
        /// Newest version known.
        known: i64,
    },
    /// The folder is in the wrong hands or out of reach.
    #[error("cannot open the database {path}")]
    Open {
        /// File.
        path: String,
        /// Cause.
        #[source]
        source: std::io::Error,
    },
}

impl StoreError {
    /// Wraps an SQLite error with what was being done.
    pub fn sqlite(action: &'static str) -> impl Fn(rusqlite::Error) -> Self {
        move |source| Self::Sqlite { action, source }
    }

    /// Stored object data that cannot be decoded.
    #[must_use]
    pub fn damaged(what: impl Into<String>, reason: impl std::fmt::Display) -> Self {
        Self::Damaged { what: what.into(), reason: reason.to_string() }
    }

    /// True when the disk is full.
    #[must_use]
    pub fn is_disk_full(&self) -> bool {
        matches!(self, Self::Sqlite { source: rusqlite::Error::SqliteFailure(failure, _), .. } if failure.code == rusqlite::ErrorCode::DiskFull)
    }
}

impl From<CodecError> for StoreError {
    fn from(error: CodecError) -> Self {
        Self::damaged("an object", error)
    }
}
