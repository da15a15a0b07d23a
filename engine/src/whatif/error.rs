//! What keeps a what-if from an answer.

use thiserror::Error;

use crate::interop::InteropError;
use crate::store::StoreError;

/// A what-if that gives no answer. Nothing of it is left.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum WhatIfError {
    /// Another one is being computed; each needs room for a copy of the database.
    #[error("another what-if is being computed on this data folder (process {pid}); wait until it has finished")]
    Busy {
        /// Process number; 0 when it is not known.
        pid: u32,
    },
    /// The file of rules does not fit.
    #[error("{place}: {message}")]
    Rules {
        /// The file, with the line when it is known.
        place: String,
        /// What is wrong.
        message: String,
    },
    /// The exported configuration cannot be read or does not fit.
    #[error(transparent)]
    Server(#[from] InteropError),
    /// Somebody asked for its end.
    #[error("the what-if was stopped; nothing of it is kept")]
    Cancelled,
    /// The synchronization on the copy could not go on.
    #[error("the synchronization of \"{connector}\" on a copy of the database ended {status}: {message}")]
    Step {
        /// Connector.
        connector: String,
        /// Status string.
        status: &'static str,
        /// Sentence.
        message: String,
    },
    /// There is no result of that number.
    #[error("there is no what-if {number}; {known}")]
    Unknown {
        /// Number asked for.
        number: u32,
        /// Those there are, as a sentence.
        known: String,
    },
    /// Nothing to synchronize.
    #[error("there is no connector to synchronize; add one first")]
    NoConnector,
    /// A file or folder could not be used.
    #[error("cannot use {path}")]
    File {
        /// Place.
        path: String,
        /// Cause.
        #[source]
        source: std::io::Error,
    },
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
