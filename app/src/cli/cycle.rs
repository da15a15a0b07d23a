//! `syncline cycle`: imports, synchronizations and exports of all connectors in order.

use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;
use syncline_engine::service::{CyclePolicy, CycleResult};

use super::exit::{Exit, Failure};
use super::interrupt::Interrupt;
use super::output::Answer;
use super::progress::Reporter;
use super::session::Session;
use super::table::Table;
use super::text::View;
use super::{background, json};

/// Verbs of `cycle`.
#[derive(Debug, Subcommand)]
pub enum CycleCommand {
    /// Start a synchronization cycle
    #[command(after_help = "\
A cycle imports from all forests, then from the tenant, synchronizes in the same
order, and exports to the tenant, then to the forests. Without --wait the command
returns as soon as the cycle is accepted; it goes on in the background. With --wait
the exit code is that of the worst run.

Examples:
  syncline cycle start --wait
  syncline cycle start --policy initial --wait --json")]
    Start(StartArgs),
}

/// Arguments of `cycle start`.
#[derive(Args, Debug)]
pub struct StartArgs {
    /// What the imports and synchronizations process
    #[arg(long, value_enum, default_value_t = Policy::Delta, value_name = "POLICY")]
    pub policy: Policy,
    /// Wait until the cycle ends
    #[arg(long)]
    pub wait: bool,
}

/// The kind of a cycle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Policy {
    /// What has changed
    Delta,
    /// Everything
    Initial,
}

impl Policy {
    fn word(self) -> &'static str {
        match self {
            Self::Delta => "delta",
            Self::Initial => "initial",
        }
    }
}

impl From<Policy> for CyclePolicy {
    fn from(policy: Policy) -> Self {
        match policy {
            Policy::Delta => Self::Delta,
            Policy::Initial => Self::Initial,
        }
    }
}

impl CycleCommand {
    /// The command's name in JSON answers.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Start(_) => "cycle start",
        }
    }

    /// True when the command waits, and so writes one JSON object per line.
    #[must_use]
    pub fn waits(&self) -> bool {
        match self {
            Self::Start(start) => start.wait,
        }
    }

    /// Answers it.
    pub fn run(&self, session: &Session) -> Result<Answer, Failure> {
        match self {
            Self::Start(start) if start.wait => start_and_wait(session, start.policy),
            Self::Start(start) => start_in_background(session, start.policy),
        }
    }
}

fn start_and_wait(session: &Session, policy: Policy) -> Result<Answer, Failure> {
    let result = session.operate(|engine| {
        let reporter = Reporter::start(engine, &session.output)?;
        let _interrupt = Interrupt::stops(engine)?;
        let handle = engine.start_cycle(policy.into())?;
        background::accepted(&session.output, &json!({ "policy": policy.word() }));
        let ended = handle.wait();
        reporter.finish();
        Ok(ended?)
    })?;
    let text = if session.output.quiet { String::new() } else { text(&result, &session.output.view) };
    let exit = exit_of(&result);
    if exit == Exit::Success {
        return Answer::new(&result, text);
    }
    let message = format!("the cycle ended with {}; \"syncline run list\" shows its runs", result.status);
    Err(Failure::new(exit, message).detail(json::data(&result)?).text(text))
}

fn start_in_background(session: &Session, policy: Policy) -> Result<Answer, Failure> {
    let folder = session.folder()?;
    let data = background::start(&folder, &["cycle", "start", "--wait", "--policy", policy.word()])?;
    Answer::new(&data, format!("The {} cycle was started.\n", policy.word()))
        .map(|answer| answer.hint(format!("Follow it with \"{} run status\".\n", session.invocation(&folder))))
}

/// The exit code of the worst run; stopping the cycle counts as canceled.
#[must_use]
pub fn exit_of(result: &CycleResult) -> Exit {
    let cycle = match Exit::of_status(&result.status) {
        Exit::Canceled => Exit::Canceled,
        _ => Exit::Success,
    };
    let worst = result
        .steps
        .iter()
        .filter_map(|step| step.run.as_ref())
        .fold(cycle, |worst, run| worst.worse(Exit::of_status(&run.status)));
    // A cycle that failed without a failed run still failed.
    if worst == Exit::Success { Exit::of_status(&result.status) } else { worst }
}

/// The steps of a cycle.
fn text(result: &CycleResult, view: &View) -> String {
    let mut table = Table::new()
        .texts(["Connector", "Profile", "Status"])
        .numbers(["Run", "Adds", "Updates", "Deletes", "Errors"])
        .texts(["Note"]);
    for step in &result.steps {
        let number = |value: fn(&syncline_engine::service::RunSummary) -> u64| {
            step.run.as_ref().map(|run| value(run).to_string()).unwrap_or_default()
        };
        table.row([
            step.connector.clone(),
            step.profile.clone(),
            step.run.as_ref().map_or_else(|| "skipped".to_string(), |run| run.status.clone()),
            step.run.as_ref().map(|run| run.id.to_string()).unwrap_or_default(),
            number(|run| run.adds),
            number(|run| run.updates),
            number(|run| run.deletes),
            number(|run| run.errors),
            step.note.clone().unwrap_or_default(),
        ]);
    }
    format!("{}\n{:?} cycle: {}\n", table.render(view.width), result.policy, result.status)
}

#[cfg(test)]
mod tests {
    use syncline_engine::service::CycleStep;

    use super::*;
    use crate::cli::sample;

    fn result(status: &str, runs: &[&str]) -> CycleResult {
        let steps = runs.iter().map(|status| CycleStep {
            connector: "contoso.com".into(),
            profile: "Delta Import".into(),
            run: (!status.is_empty()).then(|| sample::run(1, "contoso.com", "Delta Import", status)),
            note: status.is_empty().then(|| "staging mode".into()),
        });
        CycleResult { policy: CyclePolicy::Delta, status: status.into(), steps: steps.collect() }
    }

    #[test]
    fn the_worst_run_gives_the_exit_code() {
        let check = |status: &str, runs: &[&str], expected: Exit| assert_eq!(exit_of(&result(status, runs)), expected);
        check("success", &["success", "", "completed-warnings"], Exit::Success);
        check("completed-export-errors", &["success", "completed-export-errors"], Exit::CompletedWithErrors);
        check("completed-import-failed", &["no-start-connection"], Exit::Network);
        check("canceled", &["success"], Exit::Canceled);
        check("completed-import-failed", &[], Exit::Stopped);
    }

    #[test]
    fn skipped_steps_say_why() {
        let text = text(&result("success", &["success", ""]), &sample::view());
        assert_eq!(
            text,
            "Connector    Profile       Status   Run  Adds  Updates  Deletes  Errors  Note\n\
             contoso.com  Delta Import  success    1     0        0        0       0\n\
             contoso.com  Delta Import  skipped                                       staging mode\n\
             \nDelta cycle: success\n"
        );
    }
}
