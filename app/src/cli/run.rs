//! `syncline run`: run profiles and the run history.

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};
use syncline_engine::model::RunId;
use syncline_engine::service::{
    Engine, RunDetails, RunFilter, RunSummary, StatusClass, StepDetails, parse_interval, status_explanation,
};

use super::confirm::confirm;
use super::exit::{Exit, Failure};
use super::interrupt::Interrupt;
use super::output::Answer;
use super::progress::Reporter;
use super::session::Session;
use super::table::{Pairs, Table};
use super::text::{View, count, duration};
use super::{background, json};

/// Verbs of `run`.
#[derive(Debug, Subcommand)]
pub enum RunCommand {
    /// Run a profile of a connector and wait until it ends
    #[command(after_help = "\
Ctrl+C asks the run to stop after the present batch; what is left is done by the next run.
Exit code: 0 success or warnings, 5 completed with errors, 6 stopped, 7 deletion threshold, 8 canceled.

Examples:
  syncline run start contoso.com \"Full Import\"
  syncline run start \"contoso.onmicrosoft.com - AAD\" Export --no-wait")]
    Start(StartArgs),
    /// List the run history, newest first
    List(ListArgs),
    /// Show one run: steps, counters, connections, errors
    Show {
        /// Run number
        #[arg(value_name = "ID")]
        id: i64,
        /// Only this step
        #[arg(long, value_name = "N")]
        step: Option<u32>,
    },
    /// List the objects behind the counters of a run, with what the run did to each
    #[command(after_help = "\
The values are those of the time of the run, kept with it; whether an object was changed since is told.

Examples:
  syncline run objects 12
  syncline run objects 12 --step 1 --counter Updates
  syncline run objects 12 --counter stage-delete --names-only")]
    Objects(super::run_objects::ObjectsArgs),
    /// Ask runs to stop
    Stop {
        /// Only the run of this connector (name or GUID)
        #[arg(value_name = "CONNECTOR")]
        connector: Option<String>,
    },
    /// Show the runs in progress; nothing when idle
    Status,
    /// Remove old runs from the history; the last run of every profile stays
    #[command(after_help = "\
Without options, runs go that ended more than 7 days ago. --all removes every run but the
last of each profile, and needs the data folder for itself.

Examples:
  syncline run purge
  syncline run purge --older-than 1.00:00:00
  syncline run purge --all --offline")]
    Purge(PurgeArgs),
}

/// Arguments of `run purge`.
#[derive(Args, Debug)]
pub struct PurgeArgs {
    /// Age from which runs go: [days.]hours:minutes:seconds
    #[arg(long, value_name = "T", value_parser = parse_interval, conflicts_with = "all")]
    pub older_than: Option<jiff::SignedDuration>,
    /// Remove runs of any age
    #[arg(long, requires = "offline")]
    pub all: bool,
    /// Nothing else may work on the data folder
    #[arg(long)]
    pub offline: bool,
    /// Remove all runs without asking
    #[arg(long, short)]
    pub yes: bool,
}

/// Arguments of `run start`.
#[derive(Args, Debug)]
pub struct StartArgs {
    /// Name or GUID of the connector
    #[arg(value_name = "CONNECTOR")]
    pub connector: String,
    /// Name of the run profile
    #[arg(value_name = "PROFILE")]
    pub profile: String,
    /// Return as soon as the run is accepted; it goes on in the background
    #[arg(long)]
    pub no_wait: bool,
    /// Export although this server is in staging mode
    #[arg(long)]
    pub force: bool,
}

/// Arguments of `run list`.
#[derive(Args, Debug)]
pub struct ListArgs {
    /// Only runs of this connector (name or GUID)
    #[arg(long, value_name = "CONNECTOR")]
    pub connector: Option<String>,
    /// Only runs of this profile
    #[arg(long, value_name = "PROFILE")]
    pub profile: Option<String>,
    /// Only runs that ended so
    #[arg(long, value_name = "CLASS")]
    pub status: Option<Class>,
    /// Most rows to list
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub limit: u64,
    /// Rows to skip
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub offset: u64,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Class {
    /// Going on
    Running,
    /// Success
    Success,
    /// Completed with warnings
    Warning,
    /// Completed with errors
    Error,
    /// Stopped or not started
    Stopped,
}

impl From<Class> for StatusClass {
    fn from(class: Class) -> Self {
        match class {
            Class::Running => Self::Running,
            Class::Success => Self::Success,
            Class::Warning => Self::Warning,
            Class::Error => Self::Error,
            Class::Stopped => Self::Stopped,
        }
    }
}

impl RunCommand {
    /// The command's name in JSON answers.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Start(_) => "run start",
            Self::List(_) => "run list",
            Self::Show { .. } => "run show",
            Self::Objects(_) => "run objects",
            Self::Stop { .. } => "run stop",
            Self::Status => "run status",
            Self::Purge(_) => "run purge",
        }
    }

    /// True when the command waits, and so writes one JSON object per line.
    #[must_use]
    pub fn waits(&self) -> bool {
        matches!(self, Self::Start(start) if !start.no_wait)
    }

    /// Answers it.
    pub fn run(&self, session: &Session) -> Result<Answer, Failure> {
        match self {
            Self::Start(start) if start.no_wait => start_in_background(session, start),
            Self::Start(start) => start_and_wait(session, start),
            Self::List(list) => self::list(session, list),
            Self::Show { id, step } => show(session, RunId(*id), *step),
            Self::Objects(objects) => super::run_objects::run(session, objects),
            Self::Stop { connector } => stop(session, connector.as_deref()),
            Self::Status => status(session),
            Self::Purge(purge) => self::purge(session, purge),
        }
    }
}

fn start_and_wait(session: &Session, start: &StartArgs) -> Result<Answer, Failure> {
    session.operate(|engine| {
        confirm_export(engine, start)?;
        let reporter = Reporter::start(engine, &session.output)?;
        let _interrupt = Interrupt::stops(engine)?;
        let handle = engine.start_run(&start.connector, &start.profile)?;
        let run = handle.id();
        background::accepted(&session.output, &json!({ "run": run, "connector": start.connector, "profile": start.profile }));
        let ended = handle.wait();
        reporter.finish();
        ended_run(&ended?, session)
    })
}

/// The answer for a run that ended: a failure when its status says so.
///
/// # Errors
/// [`Failure`] with the exit code of the status.
pub fn ended_run(run: &RunDetails, session: &Session) -> Result<Answer, Failure> {
    let text = if session.output.quiet { String::new() } else { details(run, None, &session.output.view) };
    let exit = Exit::of_status(&run.summary.status);
    if exit == Exit::Success {
        return Answer::new(run, text);
    }
    Err(Failure::new(exit, sentence(&run.summary)).detail(json::data(run)?).text(text))
}

/// What to say about a run that did not succeed.
pub fn sentence(run: &RunSummary) -> String {
    let explanation = match status_explanation(&run.status) {
        "" => String::new(),
        explanation => format!(": {explanation}"),
    };
    format!(
        "run {} ({}, {}) ended with {}{explanation}; \"syncline run show {}\" lists what happened",
        run.id, run.connector, run.profile, run.status, run.id
    )
}

fn start_in_background(session: &Session, start: &StartArgs) -> Result<Answer, Failure> {
    let folder = session.folder()?;
    // The background process has nobody to ask, so the question is put here.
    session.query(|engine| confirm_export(engine, start))?;
    let arguments = ["run", "start", "--force", "--", &start.connector, &start.profile];
    let data = background::start(&folder, &arguments)?;
    let run = data.get("run").map(Value::to_string).unwrap_or_default();
    Answer::new(&data, format!("Run {run} of {}, {} started.\n", start.connector, start.profile))
        .map(|answer| answer.hint(format!("Follow it with \"{} run show {run}\".\n", session.invocation(&folder))))
}

/// Asks before an export from a staging server.
fn confirm_export(engine: &Engine, start: &StartArgs) -> Result<(), Failure> {
    if start.force || !engine.status()?.staging_mode {
        return Ok(());
    }
    let connector = engine.connector(&start.connector)?;
    let exports = connector
        .profiles
        .iter()
        .filter(|profile| profile.name.eq_ignore_ascii_case(&start.profile))
        .flat_map(|profile| &profile.steps)
        .any(|step| step.step_type.starts_with("Export"));
    if !exports {
        return Ok(());
    }
    confirm("This server is in staging mode. Export anyway?", "--force", "not exported")
}

fn list(session: &Session, list: &ListArgs) -> Result<Answer, Failure> {
    let page = session.query(|engine| {
        let connector = match &list.connector {
            Some(name) => Some(engine.connector(name)?.id),
            None => None,
        };
        Ok(engine.runs(&RunFilter {
            connector,
            profile: list.profile.clone(),
            class: list.status.map(StatusClass::from),
            offset: list.offset,
            limit: list.limit,
            ..RunFilter::default()
        })?)
    })?;
    let text = if page.rows.is_empty() { "No runs.\n".to_string() } else { table(&page.rows, &session.output.view) };
    let hint = super::more(list.offset, page.rows.len(), page.total, "run");
    Ok(Answer::new(&page, text)?.hint(hint))
}

/// The table of the Operations tab.
#[must_use]
pub fn table(runs: &[RunSummary], view: &View) -> String {
    let mut table = Table::new()
        .numbers(["Run"])
        .texts(["Connector", "Profile", "Status", "Started", "Time"])
        .numbers(["Adds", "Updates", "Deletes", "Errors"]);
    for run in runs {
        table.row([
            run.id.to_string(),
            run.connector.clone(),
            run.profile.clone(),
            run.status.clone(),
            view.time(run.started),
            run.ended.map(|ended| duration(run.started, ended)).unwrap_or_default(),
            run.adds.to_string(),
            run.updates.to_string(),
            run.deletes.to_string(),
            run.errors.to_string(),
        ]);
    }
    table.render(view.width)
}

fn show(session: &Session, id: RunId, step: Option<u32>) -> Result<Answer, Failure> {
    let mut run = session.query(|engine| Ok(engine.run(id)?))?;
    if let Some(number) = step {
        run.step_details.retain(|details| details.number == number);
        if run.step_details.is_empty() {
            return Err(Failure::new(
                Exit::NotFound,
                format!("run {id} has no step {number}; it has {}", count(u64::from(run.summary.steps), "step")),
            ));
        }
    }
    Answer::new(&run, details(&run, step, &session.output.view))
}

/// A run with its steps.
fn details(run: &RunDetails, step: Option<u32>, view: &View) -> String {
    let summary = &run.summary;
    let mut text = Pairs::default()
        .add("Run", summary.id.to_string())
        .add("Connector", &summary.connector)
        .add("Profile", &summary.profile)
        .add("Status", &summary.status)
        .add("Started", view.time(summary.started))
        .add("Ended", view.time_or_empty(summary.ended))
        .add("User", &summary.user)
        .render();
    for details in run.step_details.iter().filter(|details| step.is_none_or(|number| details.number == number)) {
        text.push('\n');
        step_text(&mut text, details, view);
    }
    text
}

fn step_text(text: &mut String, step: &StepDetails, view: &View) {
    let partition = if step.partition.is_empty() { String::new() } else { format!(", {}", step.partition) };
    text.push_str(&super::text::safe(&format!("Step {}: {}{partition}: {}", step.number, step.step_type, step.status)));
    text.push('\n');
    if !step.message.is_empty() {
        text.push_str(&format!("  {}\n", super::text::safe(&step.message)));
    }
    for group in &step.counters {
        text.push_str(&format!("  {}\n", super::text::safe(&group.name)));
        let mut pairs = Pairs::default();
        for counter in &group.counters {
            pairs = pairs.add(format!("    {}", counter.label), counter.value.to_string());
        }
        text.push_str(&pairs.render());
    }
    let mut connections = Table::new().texts(["  Server", "Connection", "Date", "Detail"]);
    for connection in &step.connections {
        let server = format!("  {}", connection.server);
        connections.row([server.as_str(), &connection.status, &view.time(connection.date), &connection.detail]);
    }
    if !connections.is_empty() {
        text.push_str(&connections.render(view.width));
    }
    for warning in &step.warnings {
        text.push_str(&format!("  Warning: {}\n", super::text::safe(warning)));
    }
    if !step.errors.is_empty() {
        text.push_str(&format!("  Errors ({})\n", step.errors.len()));
    }
    for error in &step.errors {
        text.push_str(&format!("    {}\n", super::text::safe(&error.dn)));
        let detail = &error.error.detail;
        let block = Pairs::default()
            .add("      Error", error.error.code.as_str())
            .add("      Message", &error.error.message)
            .add_some("      Algorithm step", detail.step.map(|step| step.word()))
            .add_some("      Rule", detail.rule.as_ref())
            .add_some("      Attribute", detail.attribute.as_ref())
            .add_some("      Value", detail.value.as_ref())
            .add_some("      Expression", detail.expression.as_ref())
            .add_some("      Directory said", detail.server_detail.as_ref())
            .add("      First occurred", view.time(error.first_occurred))
            .add("      Retries", error.retry_count.to_string());
        text.push_str(&block.render());
        let fix = syncline_engine::service::error_fix(&error.error.code);
        if !fix.is_empty() {
            text.push_str(&format!("      {fix}\n"));
        }
    }
}

fn status(session: &Session) -> Result<Answer, Failure> {
    let running = session.query(|engine| Ok(engine.status()?.running))?;
    let data: Vec<Value> = running.iter().map(running_row).collect();
    let text = if running.is_empty() { "No run in progress.\n".to_string() } else { table(&running, &session.output.view) };
    Answer::new(&data, text)
}

/// A run in progress as programs see it.
fn running_row(run: &RunSummary) -> Value {
    json!({
        "run": run.id, "connector": run.connector, "profile": run.profile, "status": run.status,
        "step": run.step, "steps": run.steps, "started": run.started,
        "counters": { "adds": run.adds, "updates": run.updates, "deletes": run.deletes, "errors": run.errors },
    })
}

fn stop(session: &Session, connector: Option<&str>) -> Result<Answer, Failure> {
    session.query(|engine| {
        let stopped = engine.stop_run(connector)?;
        if stopped.is_empty() {
            return Answer::new(&json!({ "runs": [] }), "No run to stop.\n");
        }
        let runs = stopped.iter().map(RunId::to_string).collect::<Vec<_>>().join(", ");
        Answer::new(&json!({ "runs": stopped }), format!("Asked to stop: run {runs}.\n"))
    })
}

fn purge(session: &Session, purge: &PurgeArgs) -> Result<Answer, Failure> {
    if purge.all && !purge.yes {
        confirm("Remove all runs from the history but the last of each profile?", "--yes", "nothing removed")?;
    }
    let work =
        |engine: &Engine| Ok(if purge.all { engine.purge_whole_history()? } else { engine.purge_history(purge.older_than)? });
    let purged = if purge.offline { session.operate(work)? } else { session.query(work)? };
    let runs = count(purged.runs, "run");
    let text = match &purged.older_than {
        Some(age) => format!("Removed {runs} that ended more than {age} ago.\n"),
        None => format!("Removed {runs}.\n"),
    };
    Answer::new(&purged, text)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use syncline_engine::model::{ErrorCode, ObjectError};
    use syncline_engine::service::{ConnectionView, CounterGroup, CounterView, ObjectErrorView};

    use super::*;
    use crate::cli::sample;

    #[test]
    fn the_list_has_the_columns_of_the_operations_tab() {
        let runs = [sample::run(12, "contoso.com", "Delta Import", "success")];
        assert_eq!(
            table(&runs, &sample::view()),
            "Run  Connector    Profile       Status   Started               Time   Adds  Updates  Deletes  Errors\n \
             12  contoso.com  Delta Import  success  2024-05-03 14:39:16Z  2.5 s     0        0        0       0\n"
        );
    }

    #[test]
    fn a_run_tells_counters_and_errors() {
        let started = sample::time();
        let step = StepDetails {
            number: 1,
            step_type: "Export".into(),
            partition: "default".into(),
            status: "completed-export-errors".into(),
            class: StatusClass::Error,
            message: String::new(),
            started,
            ended: None,
            counters: vec![CounterGroup {
                name: "Export Statistics".into(),
                counters: vec![CounterView { label: "Adds".into(), value: 3, parts: BTreeMap::new(), drill_down: true }],
            }],
            connections: vec![ConnectionView {
                server: "https://127.0.0.1".into(),
                status: "success".into(),
                date: started,
                detail: String::new(),
            }],
            errors: vec![ObjectErrorView {
                object_guid: None,
                dn: "CN={47}".into(),
                display_name: String::new(),
                metaverse_guid: None,
                error: ObjectError::new(ErrorCode::from_directory("LargeObject"), "too large").attribute("thumbnailPhoto"),
                first_occurred: started,
                last_occurred: None,
                retry_count: 2,
            }],
            warnings: vec!["slow answer".into()],
        };
        let run = RunDetails { summary: sample::run(3, "AAD", "Export", "completed-export-errors"), step_details: vec![step] };
        let text = details(&run, None, &sample::view());
        for expected in [
            "Status    : completed-export-errors\n",
            "\nStep 1: Export, default: completed-export-errors\n  Export Statistics\n    Adds : 3\n",
            "  Warning: slow answer\n",
            "  Errors (1)\n    CN={47}\n      Error          : LargeObject\n      Message        : too large\n",
            "      Attribute      : thumbnailPhoto\n",
        ] {
            assert!(text.contains(expected), "missing {expected:?} in\n{text}");
        }
    }

    #[test]
    fn a_run_in_progress_has_the_documented_fields() {
        let row =
            running_row(&RunSummary { adds: 12, updates: 3, ..sample::run(3, "contoso.com", "Delta Import", "in-progress") });
        assert_eq!(row["connector"], "contoso.com");
        assert_eq!(row["profile"], "Delta Import");
        assert_eq!(row["step"], 1);
        assert_eq!(row["started"], "2024-05-03T14:39:16Z");
        assert_eq!(row["counters"], json!({ "adds": 12, "updates": 3, "deletes": 0, "errors": 0 }));
    }
}
