//! `syncline rule`: synchronization rules, listed, shown, changed, kept as text and tried on examples.

mod change;
mod export;
mod history;
mod test;

pub use change::{next, steps};

use clap::{Args, Subcommand};
use serde_json::json;
use syncline_engine::rules::{Direction, MergeType, SyncRule};
use syncline_engine::service::{Engine, RuleDetails, RuleSummary};

use super::exit::Failure;
use super::output::Answer;
use super::session::Session;
use super::table::{Pairs, Table};
use super::text::{View, count, safe, yes_no};

/// Verbs of `rule`.
#[derive(Debug, Subcommand)]
pub enum RuleCommand {
    /// List the rules, best precedence first
    List(ListArgs),
    /// Show one rule: scope, join criteria, flows, and what is wrong with it
    #[command(after_help = "\
A rule is named by its name, its GUID or its precedence.

Examples:
  syncline rule show 106
  syncline rule show \"In from AD - User Join\" --connector contoso.com")]
    Show(OneRule),
    /// Write rules as text that diffs well and that "rule import" reads
    #[command(after_help = "\
Without RULE all rules are written. The text is the same every time, so it can be kept in
version control: what is exported and imported again changes nothing.

Examples:
  syncline rule export --custom --output rules.toml
  syncline rule export 106 > user-common.toml")]
    Export(export::ExportArgs),
    /// Store the rules of text files: new ones, and others in place of those that are there
    #[command(after_help = "\
A rule that is there is found by its id, or by its name on its connector. Rules with errors
are refused, all reasons at once, and then nothing is stored. A standard rule can only be
enabled and disabled: clone it, and change the clone. Rules that the files do not mention
stay as they are. It is asked before rules change that are there already.

Examples:
  syncline rule import rules.toml --dry-run
  syncline rule import rules/*.toml --yes")]
    Import(change::ImportArgs),
    /// Copy a rule, so that the copy can be changed
    #[command(after_help = "\
The way to change a standard rule: clone it, disable the original, change the clone.

Example:
  syncline rule clone \"In from AD - User Join\" --disable-original")]
    Clone(change::CloneArgs),
    /// Switch rules on
    Enable(change::SomeRules),
    /// Switch rules off; what they contributed goes with the next full synchronization
    Disable(change::SomeRules),
    /// Remove rules of your own; a standard rule is disabled instead
    Delete(change::DeleteArgs),
    /// Show the versions of a rule: who changed what and when; without RULE the rules that were removed
    #[command(after_help = "\
The newest 50 changes of every rule are kept, those of a removed rule for a year.

Examples:
  syncline rule history \"Sales department\"
  syncline rule history")]
    History(history::HistoryArgs),
    /// Bring back a former version of a rule, or a rule that was removed
    #[command(after_help = "\
The restored rule is judged like every change of rules. What it replaces stays in the history.

Example:
  syncline rule restore \"Sales department\" --version 3 --dry-run")]
    Restore(history::RestoreArgs),
    /// Undo the last change of rules, when nothing else was changed since
    Undo(change::AsOf),
    /// Try examples: objects in; expected rules in scope, metaverse attributes and exports out
    #[command(after_help = "\
An example file is JSON that is kept beside the rules in version control. Files of format
default-rule-cases/1 are tried on the rules that come with the program and need no data
folder; files of format rule-cases/1 are tried on connectors and rules of the data folder,
which is not changed. Everything happens in memory and a temporary database; nothing leaves
this computer. docs/rules.md describes the files.

Exit codes: 0 when all examples passed, 5 when one failed, 31 when a file cannot be read.

Examples:
  syncline rule test examples.json
  syncline rule test examples.json --with rules.toml")]
    Test(test::TestArgs),
}

/// Arguments of `rule list`.
#[derive(Args, Debug)]
pub struct ListArgs {
    /// Only rules of this connector, name or GUID
    #[arg(long, value_name = "CONNECTOR")]
    pub connector: Option<String>,
    /// Only rules into the metaverse
    #[arg(long, conflicts_with = "outbound")]
    pub inbound: bool,
    /// Only rules out of the metaverse
    #[arg(long)]
    pub outbound: bool,
    /// Only rules of your own
    #[arg(long, conflicts_with = "standard")]
    pub custom: bool,
    /// Only rules that come with the program
    #[arg(long)]
    pub standard: bool,
    /// Only rules that are switched off
    #[arg(long)]
    pub disabled: bool,
}

/// A rule named on the command line.
#[derive(Args, Debug)]
pub struct OneRule {
    /// Name, GUID or precedence
    #[arg(value_name = "RULE")]
    pub rule: String,
    /// Connector, when several have a rule of that name
    #[arg(long, value_name = "CONNECTOR")]
    pub connector: Option<String>,
}

impl OneRule {
    fn find(&self, engine: &Engine) -> Result<SyncRule, Failure> {
        let mut found = engine.find_rules(std::slice::from_ref(&self.rule), self.connector.as_deref())?;
        found.pop().ok_or_else(|| Failure::invalid("no rule is named"))
    }
}

impl RuleCommand {
    /// The command's name in JSON answers.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::List(_) => "rule list",
            Self::Show(_) => "rule show",
            Self::Export(_) => "rule export",
            Self::Import(_) => "rule import",
            Self::Clone(_) => "rule clone",
            Self::Enable(_) => "rule enable",
            Self::Disable(_) => "rule disable",
            Self::Delete(_) => "rule delete",
            Self::History(_) => "rule history",
            Self::Restore(_) => "rule restore",
            Self::Undo(_) => "rule undo",
            Self::Test(_) => "rule test",
        }
    }

    /// Answers it.
    ///
    /// # Errors
    /// [`Failure`] when a rule is not found or refused, or a file cannot be used.
    pub fn run(&self, session: &Session) -> Result<Answer, Failure> {
        match self {
            Self::List(arguments) => list(session, arguments),
            Self::Show(which) => show(session, which),
            Self::Export(arguments) => export::run(session, arguments),
            Self::Import(arguments) => change::import(session, arguments),
            Self::Clone(arguments) => change::clone(session, arguments),
            Self::Enable(rules) => change::switch(session, rules, true),
            Self::Disable(rules) => change::switch(session, rules, false),
            Self::Delete(arguments) => change::delete(session, arguments),
            Self::History(arguments) => history::list(session, arguments),
            Self::Restore(arguments) => history::restore(session, arguments),
            Self::Undo(version) => history::undo(session, *version),
            Self::Test(arguments) => test::run(session, arguments),
        }
    }
}

fn list(session: &Session, arguments: &ListArgs) -> Result<Answer, Failure> {
    let rules: Vec<RuleSummary> = session.query(|engine| {
        let connector = arguments.connector.as_ref().map(|name| engine.connector(name)).transpose()?.map(|found| found.id);
        let wanted = |rule: &RuleSummary| {
            connector.is_none_or(|id| rule.connector_id == id)
                && !(arguments.inbound && rule.direction == Direction::Outbound)
                && !(arguments.outbound && rule.direction == Direction::Inbound)
                && !(arguments.custom && rule.standard)
                && (!arguments.standard || rule.standard)
                && !(arguments.disabled && rule.enabled)
        };
        Ok(engine.rules()?.into_iter().filter(wanted).collect())
    })?;
    if rules.is_empty() {
        return Answer::new(&rules, "No rules.\n");
    }
    let text = table(&rules, &session.output.view);
    Ok(Answer::new(&rules, text)?.hint(format!("{}.\n", count(rules.len() as u64, "rule"))))
}

fn table(rules: &[RuleSummary], view: &View) -> String {
    let mut table = Table::new()
        .numbers(["Precedence"])
        .texts(["Name", "Connector", "From", "To", "Link type"])
        .numbers(["Flows"])
        .texts(["Kind", "State"]);
    for rule in rules {
        let (from, to) = ends(rule);
        let faults = format!("{}{}", if rule.enabled { "" } else { "disabled, " }, count(rule.fault_count, "fault"));
        let state = match (rule.enabled, rule.fault_count) {
            (true, 0) => "enabled",
            (false, 0) => "disabled",
            (_, _) => &faults,
        };
        table.row([
            rule.precedence.to_string().as_str(),
            &rule.name,
            &rule.connector,
            from,
            to,
            rule.link.label(),
            &rule.flow_count.to_string(),
            if rule.standard { "standard" } else { "custom" },
            state,
        ]);
    }
    table.render(view.width)
}

/// Object types in the direction of the rule.
fn ends(rule: &RuleSummary) -> (&str, &str) {
    match rule.direction {
        Direction::Inbound => (&rule.connector_object_type, &rule.metaverse_object_type),
        Direction::Outbound => (&rule.metaverse_object_type, &rule.connector_object_type),
    }
}

fn show(session: &Session, which: &OneRule) -> Result<Answer, Failure> {
    let rule = session.query(|engine| Ok(engine.rule(which.find(engine)?.guid)?))?;
    Answer::new(&rule, details(&rule, &session.output.view))
}

fn details(rule: &RuleDetails, view: &View) -> String {
    let summary = &rule.summary;
    let (from, to) = ends(summary);
    let mut text = Pairs::default()
        .add("Name", &summary.name)
        .add("GUID", summary.guid.to_string())
        .add("Description", &rule.description)
        .add("Precedence", summary.precedence.to_string())
        .add("Direction", summary.direction.label())
        .add("Connector", &summary.connector)
        .add("From", from)
        .add("To", to)
        .add("Link type", summary.link.label())
        .add("Enabled", yes_no(summary.enabled))
        .add("Password sync", yes_no(summary.password_sync))
        .add_some("Standard rule", rule.tag.as_ref())
        .render();
    let group = |groups: &[Vec<String>], or: &str| {
        let lines: Vec<String> = groups.iter().map(|group| safe(&group.join(" AND "))).collect();
        format!("  {}\n", lines.join(or))
    };
    text.push_str("\nScoping filter\n");
    text.push_str(&if rule.scope.is_empty() { "  every object\n".to_owned() } else { group(&rule.scope, "\n  OR ") });
    text.push_str("\nJoin criteria\n");
    text.push_str(&if rule.join.is_empty() { "  none\n".to_owned() } else { group(&rule.join, "\n  then ") });
    text.push_str("\nAttribute flows\n");
    let mut table = Table::new().texts(["Target", "Kind", "Options", "Source"]);
    for flow in &rule.flows {
        let merge = (flow.merge != MergeType::Update).then(|| flow.merge.label());
        let options: Vec<&str> = flow.apply_once.then_some("apply once").into_iter().chain(merge).collect();
        table.row([flow.target.as_str(), &flow.kind, &options.join(", "), &flow.source]);
    }
    text.push_str(&if table.is_empty() { "  none\n".to_owned() } else { table.render(view.width) });
    if !rule.faults.is_empty() {
        text.push_str("\nFaults\n");
        for fault in &rule.faults {
            let kind = if fault.is_error() { "error" } else { "warning" };
            let part = if fault.part.is_empty() { String::new() } else { format!("{}: ", fault.part) };
            text.push_str(&format!("  {kind}: {}\n", safe(&format!("{part}{}", fault.message))));
        }
    }
    text
}

/// The rules of several names.
fn find_all(engine: &Engine, names: &[String], connector: Option<&str>) -> Result<Vec<SyncRule>, Failure> {
    Ok(engine.find_rules(names, connector)?)
}

/// A text file, or standard input for `-`.
fn read(path: &std::path::Path) -> Result<String, Failure> {
    use super::exit::Exit;
    let failed = |error: std::io::Error| {
        let exit = match error.kind() {
            std::io::ErrorKind::NotFound => Exit::NotFound,
            std::io::ErrorKind::PermissionDenied => Exit::Permission,
            _ => Exit::Invalid,
        };
        let name = safe(&path.display().to_string());
        Failure::new(exit, format!("{name} cannot be read: {error}")).detail(json!({ "file": name }))
    };
    if path.as_os_str() == "-" {
        std::io::read_to_string(std::io::stdin()).map_err(failed)
    } else {
        std::fs::read_to_string(path).map_err(failed)
    }
}

#[cfg(test)]
mod tests {
    use syncline_engine::model::ConnectorId;
    use syncline_engine::rules::{FaultSeverity, LinkType, RuleFault, RulePlace};
    use syncline_engine::service::RuleFlowView;
    use uuid::Uuid;

    use super::super::sample::view;
    use super::*;

    fn summary(name: &str, enabled: bool, faults: u64) -> RuleSummary {
        RuleSummary {
            guid: Uuid::nil(),
            precedence: 50,
            name: name.into(),
            connector_id: ConnectorId(1),
            connector: "contoso.com".into(),
            direction: Direction::Outbound,
            connector_object_type: "user".into(),
            metaverse_object_type: "person".into(),
            link: LinkType::Join,
            enabled,
            standard: false,
            password_sync: false,
            flow_count: 2,
            fault_count: faults,
        }
    }

    #[test]
    fn the_list_tells_state_and_direction() {
        let text = table(&[summary("A", true, 0), summary("B", false, 0), summary("C", false, 2)], &view());
        let lines: Vec<Vec<&str>> =
            text.lines().map(|line| line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect()).collect();
        assert_eq!(lines[1], ["50", "A", "contoso.com", "person", "user", "Join", "2", "custom", "enabled"]);
        assert_eq!(lines[2].last(), Some(&"disabled"));
        assert_eq!(lines[3].last(), Some(&"disabled, 2 faults"));
    }

    #[test]
    fn a_rule_is_shown_with_everything_in_it() {
        let rule = RuleDetails {
            summary: summary("Sales", true, 1),
            description: "Ours".into(),
            tag: None,
            scope: vec![vec!["c EQUAL US".into(), "mail ISNOTNULL".into()], vec!["department EQUAL \u{1b}[31m".into()]],
            join: vec![vec!["mail = mail".into()], vec!["cn == cn".into()]],
            flows: vec![RuleFlowView {
                target: "proxyAddresses".into(),
                kind: "Direct".into(),
                source: "otherMailbox".into(),
                apply_once: false,
                merge: MergeType::Merge,
            }],
            faults: vec![RuleFault {
                severity: FaultSeverity::Error,
                rule: "Sales".into(),
                precedence: 50,
                part: "scope".into(),
                message: "no such attribute".into(),
                place: RulePlace::Rule,
            }],
        };
        let text = details(&rule, &view());
        for expected in [
            "Name          : Sales\n",
            "Scoping filter\n  c EQUAL US AND mail ISNOTNULL\n  OR department EQUAL \\u{1b}[31m\n",
            "Join criteria\n  mail = mail\n  then cn == cn\n",
            "proxyAddresses  Direct  Merge    otherMailbox\n",
            "Faults\n  error: scope: no such attribute\n",
        ] {
            assert!(text.contains(expected), "missing {expected:?} in\n{text}");
        }
    }
}
