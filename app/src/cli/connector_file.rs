//! `syncline connector export`, `import` and `update`: a connector as a file.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use syncline_engine::service::{ConnectorUpdateView, UpdateWord};

use super::confirm::confirm;
use super::exit::Failure;
use super::output::{Answer, say};
use super::session::Session;
use super::text::safe;
use crate::text_file::write_text;

/// Arguments of `connector export`.
#[derive(Args, Debug)]
#[command(after_help = "\
Identity, schema, selected attributes, partitions with their containers, and run profiles, in
the layout of Azure AD Connect. No password is written, and not where delta imports stand.

Example:
  syncline connector export contoso.com --file contoso.xml")]
pub struct ExportArgs {
    /// Name or GUID of the connector
    #[arg(value_name = "CONNECTOR")]
    pub connector: String,
    /// File to be written
    #[arg(long, value_name = "PATH")]
    pub file: PathBuf,
    /// Replace the file if it exists
    #[arg(long)]
    pub replace: bool,
}

/// Arguments of `connector import`.
#[derive(Args, Debug)]
#[command(after_help = "\
The connector has no credential and no rules afterwards; set its credential next.

Example:
  syncline connector import contoso.xml --dry-run")]
pub struct ImportArgs {
    /// File that a connector was exported to
    #[arg(value_name = "PATH")]
    pub file: PathBuf,
    /// Tell what would be made and store nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// Arguments of `connector update`.
#[derive(Args, Debug)]
#[command(after_help = "\
Name, description, object types, attributes, containers and run profiles become those of the
file; attributes that rules use stay. Connection, credential and schema stay.

Example:
  syncline connector update contoso.com --file contoso.xml --dry-run")]
pub struct UpdateArgs {
    /// Name or GUID of the connector
    #[arg(value_name = "CONNECTOR")]
    pub connector: String,
    /// File that a connector was exported to
    #[arg(long, value_name = "PATH")]
    pub file: PathBuf,
    /// Tell what would change and store nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Store without asking
    #[arg(long, short)]
    pub yes: bool,
}

/// Answers `connector export`.
pub fn export(session: &Session, arguments: &ExportArgs) -> Result<Answer, Failure> {
    let text = session.query(|engine| Ok(engine.export_connector(&arguments.connector)?))?;
    let shown = write_text(&arguments.file, &text, arguments.replace).map_err(Failure::invalid)?;
    Answer::new(&json!({ "file": shown }), format!("Written to {}.\n", safe(&shown)))
}

/// Answers `connector import`.
pub fn import(session: &Session, arguments: &ImportArgs) -> Result<Answer, Failure> {
    let report = session.operate(|engine| Ok(engine.import_connector(&arguments.file, arguments.dry_run)?))?;
    let verb = if report.dry_run { "would be added" } else { "was added" };
    let mut text = String::new();
    for connector in &report.connectors {
        text.push_str(&format!("Connector \"{}\" {verb}.\n", safe(&connector.name)));
    }
    for remark in report.changed.iter().chain(&report.not_taken) {
        text.push_str(&format!("  {}: {}\n", safe(&remark.subject), safe(&remark.text)));
    }
    let hint = if report.dry_run { "" } else { "Now set its credential with \"syncline connector set-credential\".\n" };
    Ok(Answer::new(&report, text)?.hint(hint))
}

/// Answers `connector update`.
pub fn update(session: &Session, arguments: &UpdateArgs) -> Result<Answer, Failure> {
    let UpdateArgs { connector, file, dry_run, yes } = arguments;
    session.operate(|engine| {
        let judged = engine.judge_connector_update(connector, file)?;
        if *dry_run || judged.differences.is_empty() {
            return Answer::new(&judged, update_text(&judged, "would change"));
        }
        if !yes {
            say(update_text(&judged, "would change").trim_end());
            confirm(&format!("Update \"{connector}\"?"), "--yes", "nothing changed")?;
        }
        let report = engine.update_connector(connector, file)?;
        let hint = match (report.full_import, report.full_synchronization) {
            (false, _) => "",
            (true, false) => "Now run Full Import, then Delta Synchronization.\n",
            (true, true) => "Now run Full Import, then Full Synchronization.\n",
        };
        Ok(Answer::new(&judged, update_text(&judged, "changed"))?.hint(hint))
    })
}

fn update_text(judged: &ConnectorUpdateView, verb: &str) -> String {
    if judged.differences.is_empty() {
        return "The connector is as the file says already.\n".to_owned();
    }
    let mut text = String::new();
    for difference in &judged.differences {
        let sign = match difference.kind {
            UpdateWord::Added => '+',
            UpdateWord::Removed => '-',
            UpdateWord::Changed => '~',
        };
        let detail = if difference.detail.is_empty() { String::new() } else { format!(" ({})", safe(&difference.detail)) };
        text.push_str(&format!("{sign} {} {}{detail}\n", difference.what, safe(&difference.name)));
    }
    for fault in &judged.faults {
        text.push_str(&format!("It cannot be taken so: {}\n", safe(fault)));
    }
    let number = judged.differences.len();
    text.push_str(&format!("{number} {} {verb}.\n", if number == 1 { "thing" } else { "things" }));
    text
}
