//! What can be wrong with an exported configuration, and with taking it over.

use std::fmt;
use std::path::PathBuf;

use thiserror::Error;

use crate::rules::DefaultSetError;
use crate::store::StoreError;

/// Faults told in one sentence; more are counted.
const TOLD: usize = 12;

/// One fault or oddity in a file of an exported configuration.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// File name, relative to the folder.
    pub file: String,
    /// Element, with the names of those around it.
    pub element: String,
    /// What is wrong, with the value, and what to do.
    pub message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.element.is_empty() {
            write!(f, "{}: {}", self.file, self.message)
        } else {
            write!(f, "{}, element {}: {}", self.file, self.element, self.message)
        }
    }
}

/// An exported configuration could not be read, taken over or written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum InteropError {
    /// A file or folder cannot be used.
    #[error("cannot {action} {}", path.display())]
    File {
        /// `read`, `write` or `make`.
        action: &'static str,
        /// File or folder.
        path: PathBuf,
        /// Cause.
        #[source]
        source: std::io::Error,
    },
    /// Nothing there looks like an exported configuration.
    #[error(
        "{} holds no exported server configuration: no file in it, nor in Connectors, GlobalSettings or \
         SynchronizationRules below it, is a connector, a synchronization rule or a metaverse", .0.display()
    )]
    NothingFound(PathBuf),
    /// A connector has the name of one that is to be added.
    #[error("a connector named \"{0}\" already exists")]
    NameTaken(String),
    /// A connector is the one that is to be added.
    #[error("the connector of this file is here already as \"{name}\" (its id is {id}); update it instead")]
    IdentityTaken {
        /// Its identity.
        id: uuid::Uuid,
        /// Its name here.
        name: String,
    },
    /// The folder is in use.
    #[error("{} is not empty; name a folder that is empty or does not exist", .0.display())]
    NotEmpty(PathBuf),
    /// The configuration has faults; nothing of it was taken.
    #[error("the configuration cannot be taken over: {}", told(.0))]
    Refused(Vec<Finding>),
    /// A `--map` names no connector of the export.
    #[error("the export has no connector \"{name}\" that could be mapped; it has {known}")]
    UnknownSource {
        /// Name asked for.
        name: String,
        /// Names there are.
        known: String,
    },
    /// A `--map` names no connector of this data folder.
    #[error("no connector is named \"{name}\"; known connectors: {known}")]
    UnknownTarget {
        /// Name asked for.
        name: String,
        /// Names there are.
        known: String,
    },
    /// A forest cannot take the place of a tenant, nor one connector that of two.
    #[error("\"{from}\" cannot be mapped onto \"{to}\": {reason}")]
    Mapping {
        /// Connector of the export.
        from: String,
        /// Connector of this data folder.
        to: String,
        /// Why.
        reason: &'static str,
    },
    /// A connector of the export would stand beside one that is in its place already.
    #[error(
        "connector \"{from}\" of the export cannot be made here: {reason}; map it onto the present one (on the command line: --map \"{from}={to}\")"
    )]
    InTheWay {
        /// Connector of the export.
        from: String,
        /// Connector of this data folder.
        to: String,
        /// Why it is in the way.
        reason: &'static str,
    },
    /// The administrator has not agreed to losing rules.
    #[error(
        "{rules} synchronization rules of {connectors} would be replaced; look at them with --dry-run and confirm with --yes"
    )]
    NotConfirmed {
        /// Rules replaced or removed.
        rules: usize,
        /// Their connectors.
        connectors: String,
    },
    /// There is no precedence left for a rule that has to make room.
    #[error(
        "there is no free precedence for rule \"{0}\", which has to make room for a rule of the export; change one of the two"
    )]
    NoPrecedence(String),
    /// No such rule.
    #[error("there is no synchronization rule \"{0}\"")]
    UnknownRule(String),
    /// The shipped rules are faulty.
    #[error(transparent)]
    Rules(#[from] DefaultSetError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Settings could not be written.
    #[error("the settings of \"{name}\" cannot be written")]
    Settings {
        /// Connector.
        name: String,
        /// Cause.
        #[source]
        source: serde_json::Error,
    },
}

fn told(findings: &[Finding]) -> String {
    let mut text = findings.iter().take(TOLD).map(ToString::to_string).collect::<Vec<_>>().join("; ");
    if findings.len() > TOLD {
        text.push_str(&format!("; and {} more", findings.len() - TOLD));
    }
    text
}
