//! `syncline config`: configurations of real servers, taken over and written.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;
use syncline_engine::service::{
    ConfigurationComparison, ConnectorFate, Engine, EngineError, ExportReport, ImportOptions, ImportReport, Remark, ReplacedRule,
    compare_exports,
};

use super::config_choices::ChoicesCommand;
use super::confirm::confirm;
use super::exit::Failure;
use super::output::{Answer, say};
use super::session::Session;
use super::table::{Pairs, Table};
use super::text::{View, count, safe, shell_word};

/// Verbs of `config`.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Take over an exported Azure AD Connect configuration
    #[command(after_help = "\
Reads what Get-ADSyncServerConfiguration wrote: a folder with Connectors, GlobalSettings and
SynchronizationRules, any part of it, a single file of it, or a rule script of the rules editor.
Connectors are made without credentials; --map applies the rules of a connector to one that
is here instead, whose own settings stay. The rules are taken as they are, changed standard
rules included. Nothing is stored when something is wrong. Look first with --dry-run.

Examples:
  syncline config import-server ./export --dry-run
  syncline config import-server ./export --map contoso.com=contoso.com \\
    --map \"contoso.onmicrosoft.com - AAD=contoso.onmicrosoft.com - AAD\" --yes")]
    ImportServer(ImportArgs),
    /// Write the configuration in the layout of a real server
    #[command(after_help = "\
The folder must be empty or not exist. No password is written.

Example:
  syncline config server-export ./export")]
    ServerExport {
        /// Folder to write
        #[arg(value_name = "DIR")]
        folder: PathBuf,
    },
    /// Tell in what two configurations differ
    #[command(after_help = "\
Rules, flows, filters, run profiles, connectors, metaverse and settings of two exports, or of
this data folder and one export. Equal configurations have 0 differences, whatever identities
their parts have. What a single file or part of an export does not hold is left out.

Examples:
  syncline config compare ./export
  syncline config compare ./active-server ./staging-server")]
    Compare {
        /// Folder or file; the only one is compared with this data folder
        #[arg(value_name = "FIRST")]
        first: PathBuf,
        /// Folder or file that the first is compared with
        #[arg(value_name = "SECOND")]
        second: Option<PathBuf>,
    },
    /// Show and change the choices that decide which standard rules there are
    #[command(subcommand)]
    Choices(ChoicesCommand),
    /// Print the script with which the rules editor of a real server makes rules
    #[command(after_help = "\
Example:
  syncline config rule-script --rule \"In from AD - User Join\" > rule.ps1")]
    RuleScript {
        /// Rule, by name or GUID; all rules when none is named
        #[arg(long = "rule", value_name = "RULE")]
        rules: Vec<String>,
    },
}

/// Arguments of `config import-server`.
#[derive(Args, Debug)]
pub struct ImportArgs {
    /// Folder or file to read
    #[arg(value_name = "DIR")]
    pub path: PathBuf,
    /// Apply the rules of a connector of the export (name or GUID) to a connector that is here
    #[arg(long = "map", value_name = "NAME=CONNECTOR", value_parser = mapping)]
    pub mappings: Vec<(String, String)>,
    /// Tell what would happen and store nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Replace rules without asking
    #[arg(long, short)]
    pub yes: bool,
}

/// Reads `NAME=CONNECTOR`.
pub(super) fn mapping(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((from, to)) if !from.trim().is_empty() && !to.trim().is_empty() => {
            Ok((from.trim().to_owned(), to.trim().to_owned()))
        }
        _ => Err("write NAME=CONNECTOR: the name in the export, and the name of a connector that is here".to_owned()),
    }
}

impl ConfigCommand {
    /// The command's name in JSON answers.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::ImportServer(_) => "config import-server",
            Self::ServerExport { .. } => "config server-export",
            Self::Compare { .. } => "config compare",
            Self::Choices(command) => command.name(),
            Self::RuleScript { .. } => "config rule-script",
        }
    }

    /// Answers it.
    ///
    /// # Errors
    /// [`Failure`] when the configuration cannot be read, taken over or written.
    pub fn run(&self, session: &Session) -> Result<Answer, Failure> {
        match self {
            Self::ImportServer(arguments) => import(session, arguments),
            Self::ServerExport { folder } => {
                let report = session.query(|engine| Ok(engine.export_server_configuration(folder)?))?;
                Answer::new(&report, exported(&report))
            }
            Self::Compare { first, second } => {
                let comparison = match second {
                    Some(second) => compare_exports(first, second)?,
                    None => session.query(|engine| Ok(engine.compare_with_export(first)?))?,
                };
                Answer::new(&comparison, differences(&comparison, &session.output.view))
            }
            Self::Choices(command) => command.run(session),
            Self::RuleScript { rules } => {
                let script = session.query(|engine| Ok(engine.rule_script(rules)?))?;
                let text = script.clone();
                Answer::new(&json!({ "script": script }), text)
            }
        }
    }
}

fn import(session: &Session, arguments: &ImportArgs) -> Result<Answer, Failure> {
    let options = ImportOptions { mappings: arguments.mappings.clone(), dry_run: arguments.dry_run, replace_rules: false };
    let take = |engine: &Engine, options: &ImportOptions| -> Result<ImportReport, EngineError> {
        engine.import_server_configuration(&arguments.path, options)
    };
    // What is refused makes no data folder.
    let dry = ImportOptions { dry_run: true, ..options.clone() };
    let rehearsed = session.rehearse(|engine| Ok(take(engine, &dry)?))?;
    let report = if arguments.dry_run {
        rehearsed
    } else {
        if !rehearsed.replaced.is_empty() && !arguments.yes {
            ask(session, &rehearsed.replaced)?;
        }
        session.configure(|engine| Ok(take(engine, &ImportOptions { replace_rules: true, ..options })?))?
    };
    let text = imported(&report, &session.output.view);
    let hint = next(&report, &session.invocation(&session.folder()?));
    let warnings = report.warnings.clone();
    Ok(Answer::new(&report, text)?.warnings(warnings).hint(hint))
}

fn ask(session: &Session, replaced: &[ReplacedRule]) -> Result<(), Failure> {
    if session.output.talks() {
        say(replaced_table(replaced, &session.output.view).trim_end());
    }
    let question = format!("{} of this data folder would be replaced or removed. Go on?", count(replaced.len() as u64, "rule"));
    confirm(&question, "--yes, or look with --dry-run", "nothing was taken over")
}

fn replaced_table(replaced: &[ReplacedRule], view: &View) -> String {
    let mut table = Table::new().numbers(["Precedence"]).texts(["Rule", "Connector", "What", "Changes"]);
    for rule in replaced {
        let precedence = rule.precedence.to_string();
        table.row([&precedence, &rule.name, &rule.connector, rule.fate.label(), &rule.differences.join(", ")]);
    }
    table.render(view.width)
}

fn imported(report: &ImportReport, view: &View) -> String {
    let rules = &report.rules;
    let mut text = Pairs::default()
        .add("Read", &report.folder)
        .add_some("Server", report.server.as_ref())
        .add_some("Version", report.server_version.as_ref())
        .add("Stored", if report.dry_run { "no, this was a dry run" } else { "yes" })
        .add("Rules", format!("{}: {} standard, {} of the administrator", rules.read, rules.standard, rules.custom))
        .add("As this product ships them", rules.as_shipped.to_string())
        .add(
            "In this data folder",
            format!(
                "{} made, {} changed, {} as before, {} removed, {} switched off",
                rules.created, rules.updated, rules.unchanged, rules.removed, rules.switched_off
            ),
        )
        .render();
    let mut table = Table::new().texts(["Connector of the export", "What", "Here", "To do"]).numbers(["Rules"]);
    for connector in &report.connectors {
        let mut to_do = Vec::new();
        to_do.extend(connector.needs_credential.then_some("credential"));
        to_do.extend(connector.needs_full_import.then_some("full import"));
        to_do.extend(connector.needs_full_synchronization.then_some("full synchronization"));
        let here = connector.target.as_deref().unwrap_or_default();
        table.row([&connector.name, connector.fate.label(), here, &to_do.join(", "), &connector.rules.to_string()]);
    }
    if !table.is_empty() {
        text.push('\n');
        text.push_str(&table.render(view.width));
    }
    if !report.replaced.is_empty() {
        text.push_str("\nRules that were here\n");
        text.push_str(&replaced_table(&report.replaced, view));
    }
    remarks(&mut text, "Taken", &report.taken);
    remarks(&mut text, "Taken in another form", &report.changed);
    remarks(&mut text, "Not taken", &report.not_taken);
    text
}

fn remarks(text: &mut String, title: &str, remarks: &[Remark]) {
    if remarks.is_empty() {
        return;
    }
    text.push_str(&format!("\n{title}\n"));
    for remark in remarks {
        text.push_str(&format!("  {}: {}\n", safe(&remark.subject), safe(&remark.text)));
    }
}

fn exported(report: &ExportReport) -> String {
    let mut text = Pairs::default()
        .add("Written", &report.folder)
        .add("Files", report.files.to_string())
        .add("Connectors", report.connectors.to_string())
        .add("Rules", report.rules.to_string())
        .render();
    remarks(&mut text, "Worth knowing", &report.remarks);
    text
}

fn differences(comparison: &ConfigurationComparison, view: &View) -> String {
    let mut text = Pairs::default()
        .add("First", format!("{}: {}", comparison.first, held(comparison.connectors.0, comparison.rules.0)))
        .add("Second", format!("{}: {}", comparison.second, held(comparison.connectors.1, comparison.rules.1)))
        .add("Differences", comparison.differences.len().to_string())
        .render();
    let mut table = Table::new().texts(["Part", "Name", "What", "First", "Second"]);
    for difference in &comparison.differences {
        let side = |value: &Option<String>| value.as_deref().map_or_else(|| "-".to_owned(), safe);
        table.row([
            difference.part.label(),
            &safe(&difference.subject),
            &safe(&difference.what),
            &side(&difference.first),
            &side(&difference.second),
        ]);
    }
    if !table.is_empty() {
        text.push('\n');
        text.push_str(&table.render(view.width));
    }
    text
}

fn held(connectors: u64, rules: u64) -> String {
    format!("{}, {}", count(connectors, "connector"), count(rules, "rule"))
}

/// What to do next.
fn next(report: &ImportReport, invocation: &str) -> String {
    if report.dry_run {
        return "\nNothing was stored. The same without --dry-run takes it over.\n".to_owned();
    }
    let mut text = String::from("\nWhat to do next\n");
    for connector in report.connectors.iter().filter(|connector| connector.fate == ConnectorFate::Created) {
        let name = connector.target.as_deref().unwrap_or_default();
        if let Some((tenant, _)) = name.split_once(".onmicrosoft.com") {
            text.push_str(&format!("Connect a tenant:\n  {invocation} connector add sandbox --tenant {}\n", shell_word(tenant)));
        } else {
            text.push_str(&format!("Enter a password:\n  {invocation} connector set-credential {}\n", shell_word(name)));
        }
    }
    if report.connectors.iter().any(|connector| connector.needs_full_import || connector.needs_full_synchronization) {
        text.push_str(&format!("Synchronize with the new rules:\n  {invocation} cycle start --policy initial --wait\n"));
    } else {
        text.push_str(&format!("Look at the result:\n  {invocation} status\n"));
    }
    text
}

#[cfg(test)]
mod tests {
    use syncline_engine::service::ImportedConnector;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn mappings_have_two_names() {
        let check = |text: &str, expected: Option<(&str, &str)>| {
            let expected = expected.map(|(from, to)| (from.to_owned(), to.to_owned()));
            assert_eq!(mapping(text).ok(), expected, "{text}");
        };
        check("contoso.com=fabrikam.com", Some(("contoso.com", "fabrikam.com")));
        check(" a - AAD = b = c ", Some(("a - AAD", "b = c")));
        check("contoso.com", None);
        check("contoso.com=", None);
        check("=x", None);
    }

    #[test]
    fn the_next_step_is_what_the_connectors_lack() {
        let connector = |name: &str, fate: ConnectorFate| ImportedConnector {
            name: name.to_owned(),
            guid: Uuid::nil(),
            fate,
            target: Some(name.to_owned()),
            rules: 1,
            needs_credential: fate == ConnectorFate::Created,
            needs_full_import: false,
            needs_full_synchronization: true,
        };
        let report = |fate: ConnectorFate, dry_run: bool| ImportReport {
            connectors: vec![connector("contoso.com", fate), connector("contoso.onmicrosoft.com - AAD", fate)],
            dry_run,
            ..ImportReport::default()
        };
        let text = next(&report(ConnectorFate::Created, false), "syncline");
        assert!(
            text.contains("connector set-credential contoso.com\n") && text.contains("add sandbox --tenant contoso\n"),
            "{text}"
        );
        let text = next(&report(ConnectorFate::Mapped, false), "syncline");
        assert!(!text.contains("credential") && text.contains("cycle start --policy initial"), "{text}");
        assert!(next(&report(ConnectorFate::Mapped, true), "syncline").contains("without --dry-run"));
    }

    #[test]
    fn the_report_names_everything() {
        let remark = |subject: &str| Remark { subject: subject.to_owned(), text: "because".to_owned() };
        let report = ImportReport {
            folder: "/x".to_owned(),
            taken: vec![remark("staging mode")],
            changed: vec![remark("connector contoso.com")],
            not_taken: vec![remark("rule Evil\u{1b}")],
            replaced: vec![ReplacedRule {
                connector: "contoso.com".to_owned(),
                name: "Mine".to_owned(),
                precedence: 7,
                fate: syncline_engine::service::RuleFate::Removed,
                differences: Vec::new(),
            }],
            ..ImportReport::default()
        };
        let view = View { width: None, zone: jiff::tz::TimeZone::UTC };
        let text = imported(&report, &view);
        for words in
            ["Rules that were here", "Mine", "Removed", "Taken\n  staging mode: because", "Not taken\n  rule Evil\\u{1b}"]
        {
            assert!(text.contains(words), "missing {words:?} in {text}");
        }
    }
}
