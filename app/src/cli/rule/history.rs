//! `rule history`, `rule restore` and `rule undo`.

use clap::Args;
use syncline_engine::service::{RemovedRuleView, RuleFateView, RuleHistoryView};

use super::super::confirm::confirm;
use super::super::exit::Failure;
use super::super::output::{Answer, say};
use super::super::session::Session;
use super::super::table::Table;
use super::super::text::{View, safe};
use super::change::{AsOf, answer, steps};

/// Arguments of `rule history`.
#[derive(Args, Debug)]
pub struct HistoryArgs {
    /// Name, GUID or precedence; without it the rules that were removed are listed
    #[arg(value_name = "RULE")]
    pub rule: Option<String>,
    /// Connector, when several have a rule of that name
    #[arg(long, value_name = "CONNECTOR")]
    pub connector: Option<String>,
}

/// Arguments of `rule restore`.
#[derive(Args, Debug)]
pub struct RestoreArgs {
    /// Name, GUID or precedence; of a removed rule its name or GUID
    #[arg(value_name = "RULE")]
    pub rule: String,
    /// Connector, when several have a rule of that name
    #[arg(long, value_name = "CONNECTOR")]
    pub connector: Option<String>,
    /// Version that comes back, as "rule history" numbers them
    #[arg(long, value_name = "N")]
    pub version: u32,
    /// Tell what would change and store nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Restore without asking
    #[arg(long, short)]
    pub yes: bool,
    /// What the change is made from
    #[command(flatten)]
    pub as_of: AsOf,
}

/// Answers `rule history`.
pub(super) fn list(session: &Session, arguments: &HistoryArgs) -> Result<Answer, Failure> {
    let view = &session.output.view;
    let Some(name) = &arguments.rule else {
        let removed = session.query(|engine| Ok(engine.removed_rules()?))?;
        let text = if removed.is_empty() { "No rule was removed.\n".to_owned() } else { removed_table(&removed, view) };
        return Answer::new(&removed, text);
    };
    let history = session.query(|engine| {
        let rule = engine.find_rule_or_removed(name, arguments.connector.as_deref())?;
        Ok(engine.rule_history(rule)?)
    })?;
    let text = text(&history, view);
    Answer::new(&history, text)
}

/// Answers `rule restore`.
pub(super) fn restore(session: &Session, arguments: &RestoreArgs) -> Result<Answer, Failure> {
    // Judged beside other processes first, so that a question or a refusal needs no ownership.
    let (rule, judged) = session.query(|engine| {
        let rule = engine.find_rule_or_removed(&arguments.rule, arguments.connector.as_deref())?;
        Ok((rule, engine.judge_rule_restoration(rule, arguments.version)?))
    })?;
    if arguments.dry_run || judged.steps.is_empty() {
        return answer(session, &judged);
    }
    if !arguments.yes {
        if session.output.talks() {
            say(steps(&judged, &session.output.view).trim_end());
        }
        let question = format!("Version {} of the rule would come back. Go on?", arguments.version);
        confirm(&question, "--yes, or look with --dry-run", "nothing was changed")?;
    }
    // What was shown is what is stored.
    let as_of = arguments.as_of.as_of.or(Some(judged.version.saturating_sub(1)));
    let view = session.operate(|engine| Ok(engine.restore_rule(rule, arguments.version, as_of)?))?;
    answer(session, &view)
}

/// Answers `rule undo`.
pub(super) fn undo(session: &Session, version: AsOf) -> Result<Answer, Failure> {
    let view = session.operate(|engine| {
        let version = version.as_of.map_or_else(|| engine.configuration_version(), Ok)?;
        Ok(engine.undo_rule_change(version)?)
    })?;
    answer(session, &view)
}

fn fate(fate: RuleFateView, known: bool) -> &'static str {
    match fate {
        RuleFateView::New => "created",
        RuleFateView::Changed if known => "changed",
        RuleFateView::Changed => "first known",
        RuleFateView::Removed => "removed",
    }
}

fn text(history: &RuleHistoryView, view: &View) -> String {
    let mut table = Table::new().numbers(["Version"]).texts(["Changed", "By", "Change"]).numbers(["Precedence"]).texts(["State"]);
    for version in &history.versions {
        table.row([
            version.version.to_string().as_str(),
            &view.time_or_empty(version.made),
            &version.user,
            fate(version.fate, version.made.is_some()),
            &version.precedence.to_string(),
            if version.present { "now" } else { "" },
        ]);
    }
    let mut text = format!("{}\n\n{}", safe(&history.name), table.render(view.width));
    for version in history.versions.iter().filter(|version| !version.differences.is_empty()) {
        text.push_str(&format!("\nVersion {}\n", version.version));
        for difference in &version.differences {
            text.push_str(&format!("  {}\n", safe(&difference.to_string())));
        }
    }
    text
}

fn removed_table(rules: &[RemovedRuleView], view: &View) -> String {
    let mut table = Table::new().texts(["Removed rule", "Connector"]).numbers(["Precedence", "Version"]).texts(["Removed", "By"]);
    for rule in rules {
        table.row([
            rule.name.as_str(),
            &rule.connector,
            &rule.precedence.to_string(),
            &rule.version.to_string(),
            &view.time_or_empty(Some(rule.removed)),
            &rule.user,
        ]);
    }
    table.render(view.width)
}

#[cfg(test)]
mod tests {
    use syncline_engine::rules::RuleDifference;
    use syncline_engine::service::RuleVersionView;
    use uuid::Uuid;

    use super::super::super::sample::view;
    use super::*;

    #[test]
    fn the_history_tells_who_changed_what() {
        let version = |version: u32, fate: RuleFateView, user: &str, differences: Vec<RuleDifference>| RuleVersionView {
            version,
            made: (!user.is_empty()).then(|| "2026-01-05T10:00:00Z".parse().unwrap()),
            user: user.into(),
            configuration: None,
            fate,
            name: "Sales".into(),
            precedence: 50,
            present: version == 2,
            differences,
            to_present: Vec::new(),
        };
        let scope = RuleDifference { what: "scope".into(), before: String::new(), after: "c EQUAL US".into() };
        let history = RuleHistoryView {
            guid: Uuid::nil(),
            name: "Sales".into(),
            connector: "contoso.com".into(),
            standard: false,
            removed: false,
            versions: vec![
                version(2, RuleFateView::Changed, "ann", vec![scope]),
                version(1, RuleFateView::Changed, "", Vec::new()),
            ],
        };
        let text = text(&history, &view());
        let lines: Vec<Vec<&str>> =
            text.lines().map(|line| line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect()).collect();
        assert_eq!(lines[0], ["Sales"]);
        assert_eq!(lines[3][0], "2");
        assert_eq!(lines[3][2..], ["ann", "changed", "50", "now"]);
        assert_eq!(lines[4], ["1", "first known", "50"]);
        assert!(text.ends_with("\nVersion 2\n  scope: none -> c EQUAL US\n"), "{text}");
    }
}
