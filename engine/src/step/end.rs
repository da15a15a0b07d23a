//! How a step ends, and which status a failure gives it (`engine.md` 5.5, 6.3).

use super::StepStatus;
use crate::connector::{ConnectorError, ConnectorErrorKind};
use crate::store::StoreError;

/// The end of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepEnd {
    /// Status string.
    pub status: StepStatus,
    /// Sentence that explains a failure; empty when there is nothing to explain.
    pub message: String,
}

impl StepEnd {
    /// An end that needs no explanation.
    #[must_use]
    pub fn new(status: StepStatus) -> Self {
        Self { status, message: String::new() }
    }

    /// An end with its explanation.
    #[must_use]
    pub fn because(status: StepStatus, message: impl Into<String>) -> Self {
        Self { status, message: message.into() }
    }

    /// The end of a step of two parts that both came to their ends.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let first = super::most_severe([self.status.0, other.status.0]) == self.status.0;
        let status = if first { self.status } else { other.status };
        let messages = [self.message, other.message];
        let said: Vec<&str> = messages.iter().map(String::as_str).filter(|message| !message.is_empty()).collect();
        Self::because(status, said.join("; "))
    }

    /// The end when the database fails.
    #[must_use]
    pub fn store(error: &StoreError) -> Self {
        let status = if error.is_disk_full() { StepStatus::STOPPED_DATABASE_DISK_FULL } else { StepStatus::STOPPED_DATABASE };
        Self::because(status, error.to_string())
    }

    /// The end when the directory fails; `begun` says whether it had answered before.
    #[must_use]
    pub fn connector(error: &ConnectorError, begun: bool) -> Self {
        let status = match (error.kind, begun) {
            (ConnectorErrorKind::Cancelled, _) => StepStatus::STOPPED_BY_USER,
            (ConnectorErrorKind::ExportDisabled, _) => StepStatus::STOPPED_EXPORT_DISABLED,
            (ConnectorErrorKind::NoWatermark, _) => StepStatus::NO_START_FULL_IMPORT_REQUIRED,
            (ConnectorErrorKind::Connection | ConnectorErrorKind::Dropped | ConnectorErrorKind::Certificate, false) => {
                StepStatus::NO_START_CONNECTION
            }
            (ConnectorErrorKind::Connection | ConnectorErrorKind::Dropped | ConnectorErrorKind::Certificate, true) => {
                StepStatus::STOPPED_CONNECTIVITY
            }
            (ConnectorErrorKind::Credentials, false) => StepStatus::NO_START_CREDENTIALS,
            (ConnectorErrorKind::Credentials, true) => StepStatus::STOPPED_BAD_CREDENTIALS,
            (ConnectorErrorKind::Configuration, false) => StepStatus::NO_START_BAD_CONFIGURATION,
            (ConnectorErrorKind::PartitionMissing, false) => StepStatus::NO_START_PARTITION_DELETE,
            (ConnectorErrorKind::FileNotFound, false) => StepStatus::NO_START_FILE_NOT_FOUND,
            (ConnectorErrorKind::FileAccess, false) => StepStatus::NO_START_FILE_ACCESS_DENIED,
            (ConnectorErrorKind::Permission | ConnectorErrorKind::Search | ConnectorErrorKind::Protocol, false) => {
                StepStatus::NO_START_MA
            }
            (
                ConnectorErrorKind::Permission
                | ConnectorErrorKind::Search
                | ConnectorErrorKind::Protocol
                | ConnectorErrorKind::Configuration
                | ConnectorErrorKind::PartitionMissing
                | ConnectorErrorKind::FileNotFound
                | ConnectorErrorKind::FileAccess,
                true,
            ) => StepStatus::STOPPED_EXCEPTION,
        };
        Self::because(status, error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_that_fails_gives_the_documented_status() {
        let check = |kind, begun, expected: &str| {
            let end = StepEnd::connector(&ConnectorError::new(kind, "server dc1 does not answer"), begun);
            assert_eq!((end.status.0, end.message.as_str()), (expected, "server dc1 does not answer"), "{kind:?} {begun}");
        };
        check(ConnectorErrorKind::Connection, false, "no-start-connection");
        check(ConnectorErrorKind::Connection, true, "stopped-connectivity");
        check(ConnectorErrorKind::Credentials, false, "no-start-credentials");
        check(ConnectorErrorKind::Credentials, true, "stopped-bad-server-credentials");
        check(ConnectorErrorKind::NoWatermark, false, "no-start-full-import-required");
        check(ConnectorErrorKind::ExportDisabled, true, "stopped-export-disabled");
        check(ConnectorErrorKind::PartitionMissing, false, "no-start-partition-delete");
        check(ConnectorErrorKind::Protocol, true, "stopped-extension-dll-exception");
        check(ConnectorErrorKind::Cancelled, true, "stopped-user-termination-from-wmi-or-ui");
    }
}
