//! Status strings of steps and runs (`engine.md` 6.2-6.3, `ui.md` 2.3). They are kept verbatim.

/// A status string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StepStatus(pub &'static str);

macro_rules! statuses {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        impl StepStatus {
            $($(#[$doc])* pub const $name: Self = Self($text);)*
            /// All statuses that this engine gives.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];
        }
    };
}

statuses! {
    /// Going on.
    IN_PROGRESS = "in-progress";
    /// No complaint.
    SUCCESS = "success";
    /// Something was not as expected.
    COMPLETED_WARNINGS = "completed-warnings";
    /// A full import brought nothing; nothing was deleted.
    COMPLETED_NO_OBJECTS = "completed-no-objects";
    /// Objects whose names were taken by others are left.
    COMPLETED_TRANSIENT_OBJECTS = "completed-transient-objects";
    /// Some entries could not be read; nothing was deleted.
    COMPLETED_DISCOVERY_ERRORS = "completed-discovery-errors";
    /// Some objects could not be synchronized.
    COMPLETED_SYNC_ERRORS = "completed-sync-errors";
    /// Some changes were refused.
    COMPLETED_EXPORT_ERRORS = "completed-export-errors";
    /// The directory could not be reached.
    NO_START_CONNECTION = "no-start-connection";
    /// Name or password were refused.
    NO_START_CREDENTIALS = "no-start-credentials";
    /// The connector's configuration cannot be used.
    NO_START_BAD_CONFIGURATION = "no-start-bad-ma-configuration";
    /// The directory refused to begin.
    NO_START_MA = "no-start-ma";
    /// Another run of the connector is going on.
    NO_START_ALREADY_RUNNING = "no-start-ma-already-running";
    /// There is no valid watermark.
    NO_START_FULL_IMPORT_REQUIRED = "no-start-full-import-required";
    /// The profile has no steps.
    NO_START_NO_STEPS = "no-start-no-steps-in-profile";
    /// The partition is not selected.
    NO_START_PARTITION_NOT_CONFIGURED = "no-start-partition-not-configured";
    /// The partition is gone from the directory.
    NO_START_PARTITION_DELETE = "no-start-partition-delete";
    /// The file is missing.
    NO_START_FILE_NOT_FOUND = "no-start-file-not-found";
    /// The file cannot be opened.
    NO_START_FILE_ACCESS_DENIED = "no-start-file-access-denied";
    /// The partition of the step does not exist.
    MISSING_PARTITION = "missing-partition-for-run-step";
    /// The connection broke.
    STOPPED_CONNECTIVITY = "stopped-connectivity";
    /// Credentials were refused in the middle.
    STOPPED_BAD_CREDENTIALS = "stopped-bad-server-credentials";
    /// More than 5,000 errors.
    STOPPED_ERROR_LIMIT = "stopped-error-limit";
    /// Somebody stopped it.
    STOPPED_BY_USER = "stopped-user-termination-from-wmi-or-ui";
    /// The program was closed.
    STOPPED_SERVICE_SHUTDOWN = "stopped-service-shutdown";
    /// Found unfinished when the program started.
    STOPPED_SERVER = "stopped-server";
    /// More deletions than allowed; nothing was sent.
    STOPPED_DELETION_THRESHOLD = "stopped-deletion-threshold-exceeded";
    /// The step did as many objects as its run profile allows.
    STOPPED_OBJECT_LIMIT = "stopped-object-limit";
    /// The step did as many deletions as its run profile allows.
    STOPPED_DELETION_LIMIT = "stopped-deletion-limit";
    /// The directory refuses all exports.
    STOPPED_EXPORT_DISABLED = "stopped-export-disabled";
    /// The disk is full.
    STOPPED_DATABASE_DISK_FULL = "stopped-database-disk-full";
    /// The database failed.
    STOPPED_DATABASE = "stopped-database-connection-lost";
    /// The connector failed unexpectedly.
    STOPPED_EXCEPTION = "stopped-extension-dll-exception";
}

impl StepStatus {
    /// True when the next step of the run may begin (`engine.md` 6.2-3).
    #[must_use]
    pub fn lets_next_step_run(self) -> bool {
        [
            Self::SUCCESS,
            Self::COMPLETED_WARNINGS,
            Self::COMPLETED_TRANSIENT_OBJECTS,
            Self::COMPLETED_NO_OBJECTS,
            Self::COMPLETED_SYNC_ERRORS,
            Self::COMPLETED_EXPORT_ERRORS,
        ]
        .contains(&self)
    }
}

/// How serious a status is: 0 running, 1 success, 2 warnings, 3 errors, 4 not started or stopped. An
/// unknown string counts as 4.
#[must_use]
pub fn severity(status: &str) -> u8 {
    match status {
        "success" => 1,
        "in-progress" | "completing-obsoletion" | "completing-referential-updates" | "completing-recomputation" => 0,
        _ if status.starts_with("completed-") && status.ends_with("-errors") => 3,
        _ if status.starts_with("completed-") => 2,
        _ => 4,
    }
}

/// The status of a run: that of its most severe step, the earlier one on a tie. `stopped-*` outranks
/// `no-start-*`, warnings outrank `completed-no-objects` (`engine.md` 6.2-4).
#[must_use]
pub fn most_severe<'a>(steps: impl IntoIterator<Item = &'a str>) -> &'a str {
    let rank =
        |status: &str| (severity(status), u8::from(status.starts_with("stopped-")), u8::from(status != "completed-no-objects"));
    let mut worst = "success";
    for (index, status) in steps.into_iter().enumerate() {
        if index == 0 || rank(status) > rank(worst) {
            worst = status;
        }
    }
    worst
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_run_has_the_status_of_its_worst_step() {
        let check =
            |steps: &[&'static str], expected: &str| assert_eq!(most_severe(steps.iter().copied()), expected, "{steps:?}");
        check(&["success", "completed-sync-errors"], "completed-sync-errors");
        check(&["completed-warnings", "success"], "completed-warnings");
        check(&["success", "completed-export-errors", "stopped-connectivity"], "stopped-connectivity");
        check(&["no-start-credentials"], "no-start-credentials");
        check(&["no-start-credentials", "stopped-server"], "stopped-server");
        check(&["completed-sync-errors", "completed-export-errors"], "completed-sync-errors");
        check(&["completed-no-objects", "completed-warnings"], "completed-warnings");
    }
}
