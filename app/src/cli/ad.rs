//! `syncline ad`: questions to an Active Directory forest.

use clap::Subcommand;
use syncline_engine::service::{PermissionFinding, PermissionPurpose, PermissionState};

use super::ad_find::FindArgs;
use super::ad_trace::TraceArgs;
use super::exit::Failure;
use super::output::Answer;
use super::session::Session;
use super::table::Table;
use super::text::{View, safe};

/// Verbs of `ad`.
#[derive(Debug, Subcommand)]
pub enum AdCommand {
    /// Tell which rights the forest account has, and what to grant for what
    #[command(after_help = "\
Signs in with the stored account and tries out reading, delta imports by DirSync, seeing
deletions, and writing the attributes that the outbound rules flow to the forest. Nothing is
changed. Writing is judged by up to 20 objects of each type.

Example:
  syncline ad check-permissions contoso.com")]
    CheckPermissions {
        /// Name or GUID of the connector
        #[arg(value_name = "CONNECTOR")]
        connector: String,
    },
    /// Look for an object in all domains of a forest, whether it is imported or not
    #[command(after_help = "\
The object is shown as its forest shows it to the stored account: GUIDs and security identifiers
readable, other binary values as Base64. Exit code 30 when there is none.

Examples:
  syncline ad find contoso.com jane.doe
  syncline ad find contoso.com 'Jane*' --attribute mail --attribute proxyAddresses
  syncline ad find contoso.com iIiIiAEBMzPMzBI0VniQzQ==
  syncline ad find contoso.com --filter '(&(objectClass=user)(!(mail=*)))' --limit 500
  syncline ad find contoso.com jane.doe --deleted")]
    Find(FindArgs),
    /// Show what an import asks a forest and what it gets, without staging anything
    #[command(after_help = "\
Asks exactly what the next delta import would ask, or with --full what a full import would: every
search with its pages, entries, bytes and time. With --out each object is written too, in the form
of the log files of run profiles; the file holds what the directory holds, so keep it safe.
The watermark at the end lets another trace begin where this one ended: --watermark.

Examples:
  syncline ad trace contoso.com
  syncline ad trace contoso.com --full --below OU=Sales,DC=contoso,DC=com --out sales.jsonl
  syncline ad trace contoso.com --server dc2.contoso.com")]
    Trace(TraceArgs),
}

impl AdCommand {
    /// The command's name in JSON answers.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::CheckPermissions { .. } => "ad check-permissions",
            Self::Find(_) => "ad find",
            Self::Trace(_) => "ad trace",
        }
    }

    /// Answers it.
    ///
    /// # Errors
    /// [`Failure`] when the connector is no forest or the forest cannot be reached.
    pub fn run(&self, session: &Session) -> Result<Answer, Failure> {
        match self {
            Self::CheckPermissions { connector } => {
                let findings = session.query(|engine| Ok(engine.check_permissions(connector)?))?;
                let warnings = findings
                    .iter()
                    .filter(|finding| matches!(finding.state, PermissionState::Missing | PermissionState::Partial))
                    .map(|finding| safe(&finding.advice))
                    .collect();
                Ok(Answer::new(&findings, table(&findings, &session.output.view))?.warnings(warnings))
            }
            Self::Find(arguments) => arguments.run(session),
            Self::Trace(arguments) => arguments.run(session),
        }
    }
}

/// One line for each right; what is missing is explained by the warnings.
fn table(findings: &[PermissionFinding], view: &View) -> String {
    let mut table = Table::new().texts(["Right", "State", "Object type", "Attribute", "Partition"]);
    for finding in findings {
        table.row([
            purpose(finding.purpose),
            state(finding.state),
            finding.object_type.as_deref().unwrap_or_default(),
            finding.attribute.as_deref().unwrap_or_default(),
            finding.partition.as_str(),
        ]);
    }
    table.render(view.width)
}

fn purpose(purpose: PermissionPurpose) -> &'static str {
    match purpose {
        PermissionPurpose::Read => "read",
        PermissionPurpose::DeltaImport => "DirSync",
        PermissionPurpose::Deletions => "see deletions",
        PermissionPurpose::Write => "write",
    }
}

fn state(state: PermissionState) -> &'static str {
    match state {
        PermissionState::Granted => "granted",
        PermissionState::Partial => "in part",
        PermissionState::Missing => "missing",
        PermissionState::Unknown => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rights_are_listed_with_what_they_are_for() {
        let finding = |purpose, state, attribute: Option<&str>| PermissionFinding {
            purpose,
            partition: "DC=x".to_owned(),
            object_type: attribute.map(|_| "user".to_owned()),
            attribute: attribute.map(str::to_owned),
            state,
            advice: String::new(),
        };
        let text = table(
            &[
                finding(PermissionPurpose::DeltaImport, PermissionState::Granted, None),
                finding(PermissionPurpose::Write, PermissionState::Partial, Some("mail")),
            ],
            &View { width: None, zone: jiff::tz::TimeZone::UTC },
        );
        let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(lines[1], ["DirSync", "granted", "DC=x"]);
        assert_eq!(lines[2], ["write", "in", "part", "user", "mail", "DC=x"]);
    }
}
