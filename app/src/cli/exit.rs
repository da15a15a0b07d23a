//! Exit codes and failures (`operations.md` 11).

use serde_json::{Value, json};
use syncline_engine::connector::ConnectorErrorKind;
use syncline_engine::interop::InteropError;
use syncline_engine::service::EngineError;
use syncline_engine::setup::{ChoiceError, ConnectorChangeError, ConnectorFault, RuleChangeError, SandboxError, SetupError};
use syncline_engine::store::StoreError;
use syncline_engine::whatif::WhatIfError;

use super::text::safe;

/// The documented exit codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Exit {
    /// Success; also `completed-*-warnings`.
    Success = 0,
    /// Unexpected.
    Unexpected = 1,
    /// Wrong arguments or missing confirmation.
    Usage = 2,
    /// No database, or nothing configured.
    NotConfigured = 3,
    /// Another run or process is in the way.
    Busy = 4,
    /// The run completed with errors.
    CompletedWithErrors = 5,
    /// The run stopped or did not start.
    Stopped = 6,
    /// The deletion threshold was exceeded.
    DeletionThreshold = 7,
    /// Ended because somebody asked for it.
    Canceled = 8,
    /// Credentials refused.
    Credentials = 20,
    /// Network or TLS.
    Network = 21,
    /// The directory or the tenant denied access.
    Permission = 22,
    /// Not found.
    NotFound = 30,
    /// Invalid value.
    Invalid = 31,
    /// Somebody else changed the configuration meanwhile.
    Conflict = 32,
    /// The database was written by a newer program.
    DatabaseVersion = 40,
}

impl Exit {
    /// The `error.code` of JSON answers.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Success => "OK",
            Self::Unexpected => "E_UNEXPECTED",
            Self::Usage => "E_USAGE",
            Self::NotConfigured => "E_NOT_CONFIGURED",
            Self::Busy => "E_BUSY",
            Self::CompletedWithErrors => "E_COMPLETED_WITH_ERRORS",
            Self::Stopped => "E_STOPPED",
            Self::DeletionThreshold => "E_DELETION_THRESHOLD",
            Self::Canceled => "E_CANCELED",
            Self::Credentials => "E_CREDENTIALS",
            Self::Network => "E_NETWORK",
            Self::Permission => "E_PERMISSION",
            Self::NotFound => "E_NOT_FOUND",
            Self::Invalid => "E_INVALID",
            Self::Conflict => "E_CONFLICT",
            Self::DatabaseVersion => "E_DATABASE_VERSION",
        }
    }

    /// All codes, for looking one up.
    const ALL: [Self; 16] = [
        Self::Success,
        Self::Unexpected,
        Self::Usage,
        Self::NotConfigured,
        Self::Busy,
        Self::CompletedWithErrors,
        Self::Stopped,
        Self::DeletionThreshold,
        Self::Canceled,
        Self::Credentials,
        Self::Network,
        Self::Permission,
        Self::NotFound,
        Self::Invalid,
        Self::Conflict,
        Self::DatabaseVersion,
    ];

    /// The code behind a number that another `syncline` process ended with.
    #[must_use]
    pub fn from_number(number: i32) -> Self {
        Self::ALL.into_iter().find(|exit| i32::from(*exit as u8) == number).unwrap_or(Self::Unexpected)
    }

    /// The exit code of a run or cycle that ended with this status string.
    #[must_use]
    pub fn of_status(status: &str) -> Self {
        match status {
            "success" | "in-progress" | "completed-warnings" | "completed-transient-objects" | "completed-no-objects" => {
                Self::Success
            }
            "stopped-deletion-threshold-exceeded" => Self::DeletionThreshold,
            "stopped-user-termination-from-wmi-or-ui" | "stopped-user-termination-from-extension" | "canceled" => Self::Canceled,
            "no-start-ma-already-running" => Self::Busy,
            "no-start-credentials" | "stopped-bad-server-credentials" => Self::Credentials,
            "no-start-connection"
            | "no-start-no-domain-controller"
            | "no-start-server"
            | "stopped-connectivity"
            | "stopped-server-down" => Self::Network,
            "no-start-file-access-denied" | "stopped-export-disabled" => Self::Permission,
            "no-start-file-not-found" => Self::NotFound,
            "completed-import-failed" => Self::Stopped,
            _ if status.starts_with("completed-") && status.ends_with("-warnings") => Self::Success,
            _ if status.starts_with("completed-") => Self::CompletedWithErrors,
            _ => Self::Stopped,
        }
    }

    /// How bad it is for a cycle, worst last.
    fn severity(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::CompletedWithErrors => 1,
            Self::Canceled => 3,
            _ => 2,
        }
    }

    /// The worse of two; the earlier one when they are equally bad.
    #[must_use]
    pub fn worse(self, other: Self) -> Self {
        if other.severity() > self.severity() { other } else { self }
    }
}

/// A command that did not succeed.
#[derive(Debug)]
pub struct Failure {
    /// Exit code.
    pub exit: Exit,
    /// Sentence for the administrator.
    pub message: String,
    /// What a program wants to know about it.
    pub detail: Value,
    /// What the command can still show, such as the run that failed.
    pub text: String,
    /// Lines after the message: the place in an expression.
    pub place: String,
    /// Things worth knowing beside the failure.
    pub warnings: Vec<String>,
}

impl Failure {
    /// A failure with a message.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), detail: json!({}), text: String::new(), place: String::new(), warnings: Vec::new() }
    }

    /// A value that cannot be used.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(Exit::Invalid, message)
    }

    /// Adds what a program wants to know.
    #[must_use]
    pub fn detail(mut self, detail: Value) -> Self {
        self.detail = detail;
        self
    }

    /// Adds what the command can still show.
    #[must_use]
    pub fn text(mut self, text: String) -> Self {
        self.text = text;
        self
    }

    /// Adds lines after the message.
    #[must_use]
    pub fn place(mut self, lines: String) -> Self {
        self.place = lines;
        self
    }

    /// Adds warnings.
    #[must_use]
    pub fn warnings(mut self, warnings: Vec<String>) -> Self {
        self.warnings = warnings;
        self
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::new(Exit::Unexpected, error.to_string())
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        Self::new(Exit::Unexpected, format!("cannot write JSON: {error}"))
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        let detail = match &error {
            EngineError::UnknownConnector { name, known } => json!({ "connector": name, "known": known }),
            EngineError::UnknownProfile { connector, profile, known } => {
                json!({ "connector": connector, "profile": profile, "known": known })
            }
            EngineError::UnknownRun(run) => json!({ "run": run }),
            EngineError::Busy { status, .. } => json!({ "status": status }),
            EngineError::Locked { folder, pid } => json!({ "folder": folder, "owner": { "pid": pid } }),
            EngineError::NotAWorkspace { folder, .. } | EngineError::Folder { folder, .. } => json!({ "folder": folder }),
            EngineError::Connector(error) | EngineError::Setup(SetupError::Connector(error)) => {
                json!({ "connectionResult": error.kind.connection_result(), "server": error.server })
            }
            EngineError::Setup(
                SetupError::NameTaken(connector)
                | SetupError::SecondTenant(connector)
                | SetupError::PartitionTaken { connector, .. },
            ) => json!({ "connector": connector }),
            EngineError::Interop(error) | EngineError::WhatIf(WhatIfError::Server(error)) => interop_detail(error),
            EngineError::UnknownRule { name, .. } => json!({ "rule": name }),
            EngineError::RuleText(reasons) => json!({ "reasons": reasons }),
            EngineError::RuleChange(RuleChangeError::Refused(faults)) => json!({ "reasons": faults }),
            EngineError::ConnectorChange(ConnectorChangeError::Refused(faults)) => json!({ "reasons": reasons(faults) }),
            EngineError::RuleChange(RuleChangeError::Conflict { as_of, present }) => json!({ "asOf": as_of, "version": present }),
            _ => json!({}),
        };
        let message = match &error {
            EngineError::RuleText(reasons) => list("the rules cannot be read", reasons),
            EngineError::ConnectorChange(ConnectorChangeError::Refused(faults)) => list("nothing was changed", &reasons(faults)),
            EngineError::RuleChange(RuleChangeError::Refused(faults)) => {
                list("nothing was changed", &faults.iter().map(ToString::to_string).collect::<Vec<_>>())
            }
            _ => chain(&error),
        };
        Self::new(exit_of(&error), message).detail(detail)
    }
}

/// What is wrong with a change of a connector.
fn reasons(faults: &[ConnectorFault]) -> Vec<String> {
    faults.iter().map(|fault| fault.message.clone()).collect()
}

/// Several reasons: one after what it is about, more of them on lines of their own.
fn list(what: &str, reasons: &[String]) -> String {
    match reasons {
        [only] => format!("{what}: {}", safe(only)),
        several => {
            let lines: String = several.iter().map(|reason| format!("\n  {}", safe(reason))).collect();
            format!("{what}, for {} reasons:{lines}", several.len())
        }
    }
}

/// The exit code of an engine error.
fn exit_of(error: &EngineError) -> Exit {
    match error {
        EngineError::NotAWorkspace { .. } => Exit::NotConfigured,
        EngineError::Folder { source, .. } if source.kind() == std::io::ErrorKind::NotFound => Exit::NotConfigured,
        EngineError::Folder { .. } | EngineError::Invalid(_) => Exit::Invalid,
        EngineError::UnknownConnector { .. }
        | EngineError::UnknownProfile { .. }
        | EngineError::UnknownRun(_)
        | EngineError::UnknownObject { .. }
        | EngineError::UnknownRule { .. }
        | EngineError::RuleChange(RuleChangeError::Unknown(_)) => Exit::NotFound,
        EngineError::RuleText(_)
        | EngineError::RuleChange(RuleChangeError::Refused(_))
        | EngineError::ConnectorChange(ConnectorChangeError::Refused(_)) => Exit::Invalid,
        EngineError::RuleChange(RuleChangeError::Conflict { .. })
        | EngineError::ConnectorChange(ConnectorChangeError::Changed) => Exit::Conflict,
        EngineError::Busy { .. } | EngineError::Locked { .. } => Exit::Busy,
        EngineError::Connector(error) => exit_of_connector(error.kind),
        EngineError::Store(StoreError::Newer { .. })
        | EngineError::RuleChange(RuleChangeError::Store(StoreError::Newer { .. })) => Exit::DatabaseVersion,
        EngineError::Choice(error) => exit_of_choice(error),
        EngineError::Setup(error) => exit_of_setup(error),
        EngineError::Interop(error) => exit_of_interop(error),
        EngineError::WhatIf(error) => exit_of_whatif(error),
        _ => Exit::Unexpected,
    }
}

/// The exit code of a what-if without an answer.
/// What scripts are told about a configuration that was not taken over.
fn interop_detail(error: &InteropError) -> Value {
    match error {
        InteropError::Refused(findings) => json!({
            "findings": findings
                .iter()
                .map(|found| json!({ "file": found.file, "element": found.element, "message": found.message }))
                .collect::<Vec<_>>(),
        }),
        InteropError::InTheWay { from, to, .. } | InteropError::Mapping { from, to, .. } => {
            json!({ "from": from, "connector": to })
        }
        _ => json!({}),
    }
}

fn exit_of_whatif(error: &WhatIfError) -> Exit {
    match error {
        WhatIfError::Busy { .. } => Exit::Busy,
        WhatIfError::Rules { .. } | WhatIfError::File { .. } => Exit::Invalid,
        WhatIfError::Server(error) => exit_of_interop(error),
        WhatIfError::Cancelled => Exit::Canceled,
        WhatIfError::Step { .. } => Exit::Stopped,
        WhatIfError::Unknown { .. } => Exit::NotFound,
        WhatIfError::NoConnector => Exit::NotConfigured,
        WhatIfError::Store(StoreError::Newer { .. }) => Exit::DatabaseVersion,
        _ => Exit::Unexpected,
    }
}

/// The exit code of a choice that cannot be made.
fn exit_of_choice(error: &ChoiceError) -> Exit {
    match error {
        ChoiceError::Name { .. } => Exit::NotFound,
        ChoiceError::Value { .. } | ChoiceError::Attribute { .. } => Exit::Invalid,
        ChoiceError::Rules(RuleChangeError::Conflict { .. }) => Exit::Conflict,
        ChoiceError::Setup(error) => exit_of_setup(error),
        _ => Exit::Unexpected,
    }
}

/// The exit code of a configuration step that could not be applied.
fn exit_of_setup(error: &SetupError) -> Exit {
    match error {
        SetupError::NoName
        | SetupError::NoCredential(_)
        | SetupError::NoForest(_)
        | SetupError::NoTenant(_)
        | SetupError::SynchronizedTenant(_)
        | SetupError::NameTaken(_)
        | SetupError::PartitionTaken { .. }
        | SetupError::SecondTenant(_)
        | SetupError::Sandbox(SandboxError::Domain(_)) => Exit::Invalid,
        SetupError::UnknownConnector(_) | SetupError::NoPartition(_) => Exit::NotFound,
        SetupError::Connector(error) => exit_of_connector(error.kind),
        SetupError::Sandbox(SandboxError::InUse(_)) => Exit::Busy,
        SetupError::Store(StoreError::Newer { .. }) | SetupError::Sandbox(SandboxError::NewerDatabase { .. }) => {
            Exit::DatabaseVersion
        }
        _ => Exit::Unexpected,
    }
}

/// The exit code of a configuration that could not be read, taken over or written.
fn exit_of_interop(error: &InteropError) -> Exit {
    match error {
        InteropError::NothingFound(_)
        | InteropError::UnknownSource { .. }
        | InteropError::UnknownTarget { .. }
        | InteropError::UnknownRule(_) => Exit::NotFound,
        InteropError::NotEmpty(_)
        | InteropError::Refused(_)
        | InteropError::Mapping { .. }
        | InteropError::InTheWay { .. }
        | InteropError::NoPrecedence(_) => Exit::Invalid,
        InteropError::NotConfirmed { .. } => Exit::Usage,
        InteropError::File { source, .. } => match source.kind() {
            std::io::ErrorKind::NotFound => Exit::NotFound,
            std::io::ErrorKind::PermissionDenied => Exit::Permission,
            _ => Exit::Invalid,
        },
        InteropError::Store(StoreError::Newer { .. }) => Exit::DatabaseVersion,
        _ => Exit::Unexpected,
    }
}

/// The exit code of a directory that could not be used.
fn exit_of_connector(kind: ConnectorErrorKind) -> Exit {
    match kind {
        ConnectorErrorKind::Credentials => Exit::Credentials,
        ConnectorErrorKind::Connection | ConnectorErrorKind::Dropped | ConnectorErrorKind::Certificate => Exit::Network,
        ConnectorErrorKind::Permission | ConnectorErrorKind::FileAccess | ConnectorErrorKind::ExportDisabled => Exit::Permission,
        ConnectorErrorKind::PartitionMissing | ConnectorErrorKind::FileNotFound => Exit::NotFound,
        ConnectorErrorKind::Configuration => Exit::Invalid,
        ConnectorErrorKind::Cancelled => Exit::Canceled,
        ConnectorErrorKind::Search | ConnectorErrorKind::NoWatermark | ConnectorErrorKind::Protocol => Exit::Unexpected,
    }
}

/// The message with its causes, each said once.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use syncline_engine::connector::ConnectorError;
    use syncline_engine::rules::{FaultSeverity, RuleFault, RulePlace};

    use super::*;

    #[test]
    fn status_strings_have_the_documented_exit_codes() {
        let check = |status: &str, expected: u8| assert_eq!(Exit::of_status(status) as u8, expected, "{status}");
        check("success", 0);
        check("completed-warnings", 0);
        check("completed-transient-objects", 0);
        check("completed-no-objects", 0);
        check("completed-sync-errors", 5);
        check("completed-export-errors", 5);
        check("completed-discovery-errors", 5);
        check("completed-import-failed", 6);
        check("stopped-error-limit", 6);
        check("stopped-service-shutdown", 6);
        check("no-start-partition-delete", 6);
        check("stopped-deletion-threshold-exceeded", 7);
        check("stopped-user-termination-from-wmi-or-ui", 8);
        check("canceled", 8);
        check("no-start-ma-already-running", 4);
        check("no-start-credentials", 20);
        check("stopped-connectivity", 21);
        check("no-start-file-access-denied", 22);
        check("no-start-file-not-found", 30);
    }

    #[test]
    fn engine_errors_have_the_documented_exit_codes() {
        let check = |error: EngineError, expected: u8, words: &str| {
            let failure = Failure::from(error);
            assert_eq!(failure.exit as u8, expected, "{}", failure.message);
            assert!(failure.message.contains(words), "{}", failure.message);
        };
        check(EngineError::NotAWorkspace { folder: "/x".into(), reason: "no database".into() }, 3, "/x is not");
        check(EngineError::Folder { folder: "/x".into(), source: std::io::ErrorKind::NotFound.into() }, 3, "/x: ");
        check(EngineError::Folder { folder: "/x".into(), source: std::io::Error::other("disk on fire") }, 31, "/x: disk on fire");
        check(EngineError::UnknownConnector { name: "fabrikam".into(), known: "contoso.com".into() }, 30, "fabrikam");
        check(EngineError::UnknownRun(7), 30, "7");
        check(EngineError::Busy { status: "no-start-ma-already-running", message: "a run is going on".into() }, 4, "a run");
        check(EngineError::Locked { folder: "/x".into(), pid: 812 }, 4, "812");
        check(EngineError::Invalid("wrong".into()), 31, "wrong");
        check(StoreError::Newer { found: 9, known: 1 }.into(), 40, "version 9");
        check(ConnectorError::new(ConnectorErrorKind::Credentials, "password refused").into(), 20, "password");
        check(ConnectorError::new(ConnectorErrorKind::Certificate, "not trusted").into(), 21, "not trusted");
        check(ConnectorError::new(ConnectorErrorKind::Permission, "denied").into(), 22, "denied");
        check(EngineError::UnknownRule { name: "Sales".into(), hint: "; look".into() }, 30, "\"Sales\"; look");
        check(EngineError::RuleText(vec!["a.toml: line 3".into()]), 31, "the rules cannot be read: a.toml: line 3");
        check(RuleChangeError::Conflict { as_of: 3, present: 4 }.into(), 32, "version 4");
        let fault = |message: &str| RuleFault {
            severity: FaultSeverity::Error,
            rule: "Sales".into(),
            precedence: 50,
            part: String::new(),
            message: message.into(),
            place: RulePlace::Rule,
        };
        let refused = RuleChangeError::Refused(vec![fault("one"), fault("two")]);
        check(refused.into(), 31, "nothing was changed, for 2 reasons:\n  rule \"Sales\": one\n  rule \"Sales\": two");
        let setup = |error: SetupError| EngineError::from(error);
        check(setup(SetupError::NameTaken("contoso.com".into())), 31, "contoso.com");
        check(setup(SetupError::SecondTenant("contoso - AAD".into())), 31, "contoso - AAD");
        check(setup(SetupError::NoPartition("contoso.com".into())), 30, "contoso.com");
        check(setup(ConnectorError::new(ConnectorErrorKind::Credentials, "password refused").into()), 20, "password");
        check(setup(ConnectorError::new(ConnectorErrorKind::Connection, "no answer").into()), 21, "no answer");
        check(setup(SandboxError::Domain("x y".into()).into()), 31, "x y");
        check(setup(SandboxError::InUse("/x".into()).into()), 4, "/x");
        let interop = |error: InteropError| EngineError::from(error);
        check(interop(InteropError::NothingFound("/x".into())), 30, "/x");
        check(interop(InteropError::NotEmpty("/x".into())), 31, "/x");
        check(interop(InteropError::NotConfirmed { rules: 7, connectors: "contoso.com".into() }), 2, "7");
        check(interop(InteropError::UnknownRule("x".into())), 30, "x");
        let denied = std::io::ErrorKind::PermissionDenied.into();
        check(interop(InteropError::File { action: "write", path: "/x".into(), source: denied }), 22, "cannot write /x");
    }

    #[test]
    fn a_cause_is_said_once() {
        let error = ConnectorError::new(ConnectorErrorKind::Connection, "cannot reach dc1: refused").cause("refused");
        assert_eq!(Failure::from(EngineError::from(error)).message, "cannot reach dc1: refused");
    }

    #[test]
    fn the_worst_run_decides() {
        let check = |codes: &[Exit], expected: Exit| {
            assert_eq!(codes.iter().fold(Exit::Success, |worst, code| worst.worse(*code)), expected);
        };
        check(&[], Exit::Success);
        check(&[Exit::Success, Exit::CompletedWithErrors, Exit::Success], Exit::CompletedWithErrors);
        check(&[Exit::CompletedWithErrors, Exit::Network, Exit::Stopped], Exit::Network);
        check(&[Exit::Stopped, Exit::Canceled], Exit::Canceled);
    }

    #[test]
    fn numbers_lead_back_to_codes() {
        for exit in Exit::ALL {
            assert_eq!(Exit::from_number(i32::from(exit as u8)), exit);
        }
        assert_eq!(Exit::from_number(77), Exit::Unexpected);
    }
}
