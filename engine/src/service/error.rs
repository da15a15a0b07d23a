//! What can go wrong between a person and the engine.

use thiserror::Error;

use crate::connector::ConnectorError;
use crate::run::RunError;

/// A command or query that the engine could not carry out. Messages name the thing, the value and
/// the fix.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EngineError {
    /// The folder holds no workspace.
    #[error(
        "{folder} is not a Syncline data folder: {reason}; create one with \"syncline connector add\" or \"syncline demo\", or choose another folder"
    )]
    NotAWorkspace {
        /// The folder.
        folder: String,
        /// What is missing or wrong.
        reason: String,
    },
    /// The folder cannot be used.
    #[error("cannot use data folder {folder}")]
    Folder {
        /// The folder.
        folder: String,
        /// Cause.
        #[source]
        source: std::io::Error,
    },
    /// No connector has that name.
    #[error("no connector is named \"{name}\"; known connectors: {known}")]
    UnknownConnector {
        /// Name asked for.
        name: String,
        /// Names there are.
        known: String,
    },
    /// The connector has no such run profile.
    #[error("connector \"{connector}\" has no run profile \"{profile}\"; its profiles: {known}")]
    UnknownProfile {
        /// Connector.
        connector: String,
        /// Profile asked for.
        profile: String,
        /// Profiles there are.
        known: String,
    },
    /// No such run.
    #[error("there is no run {0} in the run history")]
    UnknownRun(i64),
    /// No such object.
    #[error("no {space} object has {criterion}")]
    UnknownObject {
        /// `connector space` or `metaverse`.
        space: &'static str,
        /// What was asked for.
        criterion: String,
    },
    /// No such rule.
    #[error("no synchronization rule is named \"{name}\"{hint}")]
    UnknownRule {
        /// Name asked for.
        name: String,
        /// What may have been meant; begins with a separator unless it is empty.
        hint: String,
    },
    /// A connector cannot be changed so.
    #[error(transparent)]
    ConnectorChange(crate::setup::ConnectorChangeError),
    /// A file holds no rules that could be used; all reasons, each with its place.
    #[error("{}", .0.join("; "))]
    RuleText(Vec<String>),
    /// Another run is in the way; the status string is the documented one.
    #[error("{message}")]
    Busy {
        /// Status string, such as `no-start-ma-already-running`.
        status: &'static str,
        /// Sentence.
        message: String,
    },
    /// Another process works on the folder.
    #[error("another Syncline process (number {pid}) is using {folder}; close it or wait until it has finished")]
    Locked {
        /// The folder.
        folder: String,
        /// Its process number.
        pid: u32,
    },
    /// The configuration or a request is wrong.
    #[error("{0}")]
    Invalid(String),
    /// A directory could not be used.
    #[error(transparent)]
    Connector(#[from] ConnectorError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] crate::store::StoreError),
    /// Rules could not be changed.
    #[error(transparent)]
    RuleChange(#[from] crate::setup::RuleChangeError),
    /// The configuration could not be applied.
    #[error(transparent)]
    Setup(#[from] crate::setup::SetupError),
    /// A choice for the standard rules cannot be made.
    #[error(transparent)]
    Choice(#[from] crate::setup::ChoiceError),
    /// An exported server configuration could not be read, taken over or written.
    #[error(transparent)]
    Interop(#[from] crate::interop::InteropError),
    /// A what-if gives no answer.
    #[error(transparent)]
    WhatIf(#[from] crate::whatif::WhatIfError),
    /// Passwords cannot be kept or read.
    #[error(transparent)]
    Secret(#[from] crate::store::secrets::SecretError),
}

impl From<RunError> for EngineError {
    fn from(error: RunError) -> Self {
        match error {
            RunError::UnknownProfile { connector, profile, known } => Self::UnknownProfile { connector, profile, known },
            RunError::Busy { status, message } => Self::Busy { status, message },
            RunError::Store(error) => Self::Store(error),
            other => Self::Invalid(other.to_string()),
        }
    }
}
