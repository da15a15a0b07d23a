//! `rule import`, `clone`, `enable`, `disable` and `delete`.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use syncline_engine::rules::RuleFault;
use syncline_engine::service::{Engine, RuleChangeView, RuleClone, RuleDetails, RuleFateView, RuleSource};
use syncline_engine::setup::RuleChanges;

use super::super::confirm::confirm;
use super::super::exit::Failure;
use super::super::output::{Answer, say};
use super::super::session::Session;
use super::super::table::Table;
use super::super::text::{View, count, safe, shell_word};
use super::OneRule;

/// Arguments of `rule import`.
#[derive(Args, Debug)]
pub struct ImportArgs {
    /// Files with rules; - for standard input
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// Tell what would change and store nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Change rules that are there without asking
    #[arg(long, short)]
    pub yes: bool,
    /// What the change is made from
    #[command(flatten)]
    pub version: AsOf,
}

/// Arguments of `rule clone`.
#[derive(Args, Debug)]
pub struct CloneArgs {
    /// The rule
    #[command(flatten)]
    pub rule: OneRule,
    /// Name of the copy [default: the name of the rule, "Cloned" and the date]
    #[arg(long)]
    pub name: Option<String>,
    /// Precedence of the copy [default: the lowest number that is free]
    #[arg(long, value_name = "NUMBER")]
    pub precedence: Option<i64>,
    /// Switch the original off, so that the copy takes its place
    #[arg(long)]
    pub disable_original: bool,
    /// What the change is made from
    #[command(flatten)]
    pub version: AsOf,
}

/// Arguments of `rule enable` and `rule disable`.
#[derive(Args, Debug)]
pub struct SomeRules {
    /// Name, GUID or precedence
    #[arg(value_name = "RULE", required = true)]
    pub rules: Vec<String>,
    /// Connector, when several have a rule of that name
    #[arg(long, value_name = "CONNECTOR")]
    pub connector: Option<String>,
    /// What the change is made from
    #[command(flatten)]
    pub version: AsOf,
}

/// Arguments of `rule delete`.
#[derive(Args, Debug)]
pub struct DeleteArgs {
    /// The rules
    #[command(flatten)]
    pub rules: SomeRules,
    /// Remove without asking
    #[arg(long, short)]
    pub yes: bool,
}

/// The version of the configuration that a change is made from.
#[derive(Args, Clone, Copy, Debug)]
pub struct AsOf {
    /// Refuse when the configuration is not of this version any more
    #[arg(long = "as-of-config", value_name = "VERSION")]
    pub as_of: Option<u64>,
}

/// Answers `rule import`.
pub(super) fn import(session: &Session, arguments: &ImportArgs) -> Result<Answer, Failure> {
    let sources = sources(&arguments.files)?;
    // Judged beside other processes first, so that a question or a refusal needs no ownership.
    let changes = |engine: &Engine, as_of: Option<u64>| -> Result<RuleChanges, Failure> {
        Ok(RuleChanges { save: engine.rules_from_text(&sources)?, as_of, ..RuleChanges::default() })
    };
    let judged = session.query(|engine| Ok(engine.judge_rules(&changes(engine, arguments.version.as_of)?)?))?;
    if arguments.dry_run || judged.steps.is_empty() {
        return answer(session, &judged);
    }
    let changed = judged.steps.iter().filter(|step| step.fate != RuleFateView::New).count();
    if changed > 0 && !arguments.yes {
        if session.output.talks() {
            say(steps(&judged, &session.output.view).trim_end());
        }
        let question = format!("{} of this data folder would change. Go on?", count(changed as u64, "rule"));
        confirm(&question, "--yes, or look with --dry-run", "nothing was changed")?;
    }
    // What was shown is what is stored.
    let as_of = Some(judged.version.saturating_sub(1));
    let view = session.operate(|engine| Ok(engine.change_rules(&changes(engine, as_of)?)?))?;
    answer(session, &view)
}

/// The texts of files.
pub(super) fn sources(files: &[PathBuf]) -> Result<Vec<RuleSource>, Failure> {
    let source = |path: &PathBuf| Ok(RuleSource { file: path.display().to_string(), text: super::read(path)? });
    files.iter().map(source).collect()
}

#[derive(Debug, Serialize)]
struct Cloned {
    clone: RuleDetails,
    change: RuleChangeView,
}

/// Answers `rule clone`.
pub(super) fn clone(session: &Session, arguments: &CloneArgs) -> Result<Answer, Failure> {
    let how = RuleClone {
        name: arguments.name.clone(),
        precedence: arguments.precedence,
        disable_original: arguments.disable_original,
    };
    let (clone, change) = session.operate(|engine| {
        let rule = arguments.rule.find(engine)?;
        Ok(engine.clone_rule(rule.id, &how, arguments.version.as_of)?)
    })?;
    let text = steps(&change, &session.output.view);
    let invocation = session.invocation(&session.folder()?);
    let name = shell_word(&clone.summary.guid.to_string());
    let hint = format!(
        "\nChange the copy: write it down, edit the file, and read it again\n  {invocation} rule export {name} --output clone.toml\n  {invocation} rule import clone.toml\n"
    );
    let warnings = warnings(&change.warnings);
    Ok(Answer::new(&Cloned { clone, change }, text)?.warnings(warnings).hint(hint))
}

/// Answers `rule enable` and `rule disable`.
pub(super) fn switch(session: &Session, rules: &SomeRules, enabled: bool) -> Result<Answer, Failure> {
    let view = session.operate(|engine| {
        let found = super::find_all(engine, &rules.rules, rules.connector.as_deref())?;
        let ids: Vec<_> = found.iter().map(|rule| rule.id).collect();
        Ok(engine.set_rules_enabled(&ids, enabled, rules.version.as_of)?)
    })?;
    answer(session, &view)
}

/// Answers `rule delete`.
pub(super) fn delete(session: &Session, arguments: &DeleteArgs) -> Result<Answer, Failure> {
    let rules = &arguments.rules;
    let (judged, remove) = session.query(|engine| {
        let found = super::find_all(engine, &rules.rules, rules.connector.as_deref())?;
        let remove: Vec<_> = found.iter().map(|rule| rule.id).collect();
        let changes = RuleChanges { remove: remove.clone(), as_of: rules.version.as_of, ..RuleChanges::default() };
        Ok((engine.judge_rules(&changes)?, remove))
    })?;
    if !arguments.yes {
        if session.output.talks() {
            say(steps(&judged, &session.output.view).trim_end());
        }
        let question = format!("{} would be removed. Go on?", count(remove.len() as u64, "rule"));
        confirm(&question, "--yes", "nothing was removed")?;
    }
    let as_of = Some(judged.version.saturating_sub(1));
    let view = session.operate(|engine| Ok(engine.delete_rules(&remove, as_of)?))?;
    answer(session, &view)
}

/// Shows a change with what to do next.
pub(super) fn answer(session: &Session, view: &RuleChangeView) -> Result<Answer, Failure> {
    let text = if view.steps.is_empty() {
        "Nothing changes: the rules are like that already.\n".to_owned()
    } else {
        steps(view, &session.output.view)
    };
    let hint = next(view, &session.invocation(&session.folder()?));
    Ok(Answer::new(view, text)?.warnings(warnings(&view.warnings)).hint(hint))
}

fn warnings(faults: &[RuleFault]) -> Vec<String> {
    faults.iter().map(|fault| safe(&fault.to_string())).collect()
}

/// The rules that change, each with its differences, and what the connectors need.
pub fn steps(view: &RuleChangeView, terminal: &View) -> String {
    let mut table = Table::new().texts(["Change"]).numbers(["Precedence"]).texts(["Rule", "Connector"]);
    for step in &view.steps {
        let fate = match step.fate {
            RuleFateView::New => "new",
            RuleFateView::Changed => "changed",
            RuleFateView::Removed => "removed",
        };
        table.row([fate, &step.precedence.to_string(), &step.name, &step.connector]);
    }
    let mut text = table.render(terminal.width);
    for step in view.steps.iter().filter(|step| !step.differences.is_empty()) {
        text.push_str(&format!("\n{}\n", safe(&step.name)));
        for line in &step.differences {
            text.push_str(&format!("  {}\n", safe(line)));
        }
    }
    if !view.full_import.is_empty() || !view.full_synchronization.is_empty() {
        text.push('\n');
    }
    for (what, connectors) in [("Full import", &view.full_import), ("Full synchronization", &view.full_synchronization)] {
        if !connectors.is_empty() {
            text.push_str(&format!("{what} required: {}\n", safe(&connectors.join(", "))));
        }
    }
    text
}

/// What to do next.
pub fn next(view: &RuleChangeView, invocation: &str) -> String {
    if view.steps.is_empty() {
        return String::new();
    }
    if !view.stored {
        return "\nNothing was stored. The same without --dry-run stores it.\n".to_owned();
    }
    let runs = |profile: &str, connectors: &[String]| -> String {
        let line = |name: &String| format!("  {invocation} run start {} {}\n", shell_word(name), shell_word(profile));
        connectors.iter().map(line).collect()
    };
    let text = runs("Full Import", &view.full_import) + &runs("Full Synchronization", &view.full_synchronization);
    if text.is_empty() { text } else { format!("\nLet the change take effect\n{text}") }
}

#[cfg(test)]
mod tests {
    use syncline_engine::service::RuleChangeStepView;
    use uuid::Uuid;

    use super::super::super::sample::view;
    use super::*;

    fn change(fate: RuleFateView, differences: &[&str], stored: bool) -> RuleChangeView {
        RuleChangeView {
            stored,
            version: 4,
            steps: vec![RuleChangeStepView {
                guid: Uuid::nil(),
                precedence: 50,
                name: "Sales".into(),
                connector: "contoso.com".into(),
                fate,
                differences: differences.iter().map(|line| (*line).to_owned()).collect(),
            }],
            warnings: Vec::new(),
            full_import: vec!["contoso.com".into()],
            full_synchronization: vec!["contoso.com".into(), "contoso - AAD".into()],
        }
    }

    #[test]
    fn a_change_is_shown_with_what_it_asks_for() {
        let text = steps(&change(RuleFateView::Changed, &["enabled: yes -> no"], false), &view());
        assert_eq!(
            text,
            "Change   Precedence  Rule   Connector\n\
             changed          50  Sales  contoso.com\n\
             \n\
             Sales\n\
             \x20 enabled: yes -> no\n\
             \n\
             Full import required: contoso.com\n\
             Full synchronization required: contoso.com, contoso - AAD\n"
        );
    }

    #[test]
    #[cfg(unix)]
    fn the_next_step_is_a_run() {
        let check =
            |stored: bool, expected: &str| assert_eq!(next(&change(RuleFateView::New, &[], stored), "syncline"), expected);
        check(false, "\nNothing was stored. The same without --dry-run stores it.\n");
        check(
            true,
            "\nLet the change take effect\n  syncline run start contoso.com 'Full Import'\n  syncline run start contoso.com 'Full Synchronization'\n  syncline run start 'contoso - AAD' 'Full Synchronization'\n",
        );
        let none = RuleChangeView { full_import: vec![], full_synchronization: vec![], ..change(RuleFateView::New, &[], true) };
        assert_eq!(next(&none, "syncline"), "");
    }
}
