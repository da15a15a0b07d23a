//! `syncline config choices`: what decides which standard rules there are.

use clap::{Args, Subcommand};
use syncline_engine::service::{RuleChoiceView, RuleChoicesChange};

use super::confirm::confirm;
use super::exit::Failure;
use super::output::{Answer, say};
use super::rule;
use super::session::Session;
use super::table::Table;
use super::text::{View, safe};

/// Verbs of `config choices`.
#[derive(Debug, Subcommand)]
pub enum ChoicesCommand {
    /// Show the choices and what each can be
    Show,
    /// Change choices and compose the standard rules anew
    #[command(after_help = "\
What rules come, go and change is shown before the question. Rules of the administrator stay as they
are, and so does whether a standard rule is enabled.

Examples:
  syncline config choices set hybrid-exchange=on --dry-run
  syncline config choices set user-match=attribute:employeeID
  syncline config choices set apps=ExchangeOnline,OfficeProPlus --yes")]
    Set(SetArgs),
}

/// Arguments of `config choices set`.
#[derive(Args, Debug)]
pub struct SetArgs {
    /// Choices with their values
    #[arg(value_name = "NAME=VALUE", required = true, value_parser = assignment)]
    pub choices: Vec<(String, String)>,
    /// Tell what would change and store nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Change rules without asking
    #[arg(long, short)]
    pub yes: bool,
}

/// Reads `NAME=VALUE`.
pub(super) fn assignment(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => Ok((name.trim().to_owned(), value.trim().to_owned())),
        _ => Err("write NAME=VALUE, such as hybrid-exchange=on; \"syncline config choices show\" lists the choices".to_owned()),
    }
}

impl ChoicesCommand {
    /// The command's name in JSON answers.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Show => "config choices show",
            Self::Set(_) => "config choices set",
        }
    }

    /// Answers it.
    ///
    /// # Errors
    /// [`Failure`] when a choice cannot be made or nobody confirms.
    pub fn run(&self, session: &Session) -> Result<Answer, Failure> {
        match self {
            Self::Show => {
                let choices = session.query(|engine| Ok(engine.rule_choices()?))?;
                Answer::new(&choices, table(&choices, &session.output.view))
            }
            Self::Set(arguments) => set(session, arguments),
        }
    }
}

fn set(session: &Session, arguments: &SetArgs) -> Result<Answer, Failure> {
    // Judged beside other processes first, so that a question or a refusal needs no ownership.
    let (version, judged) =
        session.query(|engine| Ok((engine.configuration_version()?, engine.judge_rule_choices(&arguments.choices)?)))?;
    if arguments.dry_run || judged.choices.is_empty() {
        return answer(session, &judged);
    }
    if session.output.talks() {
        say(told(&judged, &session.output.view).trim_end());
    }
    if !arguments.yes {
        confirm("The rules would be composed anew. Go on?", "--yes, or look with --dry-run", "nothing was changed")?;
    }
    // What was shown is what is stored.
    let change = session.operate(|engine| Ok(engine.change_rule_choices(&arguments.choices, Some(version))?))?;
    answer(session, &change)
}

fn answer(session: &Session, change: &RuleChoicesChange) -> Result<Answer, Failure> {
    let hint = rule::next(&change.rules, &session.invocation(&session.folder()?));
    Ok(Answer::new(change, told(change, &session.output.view))?
        .warnings(change.notes.iter().map(|note| safe(note)).collect())
        .hint(hint))
}

/// The choices that are there.
fn table(choices: &[RuleChoiceView], view: &View) -> String {
    let mut table = Table::new().texts(["Choice", "Value", "What it decides", "What it can be"]);
    for choice in choices {
        table.row([&choice.name, &choice.value, &choice.meaning, &choice.allowed]);
    }
    table.render(view.width)
}

/// The choices that change, and the rules that come, go and change with them.
fn told(change: &RuleChoicesChange, view: &View) -> String {
    if change.choices.is_empty() {
        return "Nothing changes: the choices are like that already.\n".to_owned();
    }
    let mut table = Table::new().texts(["Choice", "Before", "Afterwards"]);
    for choice in &change.choices {
        table.row([&choice.name, &choice.before, &choice.value]);
    }
    let mut text = table.render(view.width);
    text.push('\n');
    if change.rules.steps.is_empty() {
        text.push_str("No rule comes, goes or changes.\n");
    } else {
        text.push_str(&rule::steps(&change.rules, view));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_have_a_name_and_a_value() {
        let check = |text: &str, expected: Option<(&str, &str)>| {
            let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
            assert_eq!(assignment(text).ok(), expected, "{text}");
        };
        check("hybrid-exchange=on", Some(("hybrid-exchange", "on")));
        check(" user-match = attribute:a=b ", Some(("user-match", "attribute:a=b")));
        check("apps=", Some(("apps", "")));
        check("apps", None);
        check("=x", None);
    }
}
