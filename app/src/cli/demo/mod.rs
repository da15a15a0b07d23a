//! `syncline demo`: the sample forest and a sandbox tenant, synchronized.

mod findings;
mod report;

use clap::Args;
use syncline_engine::model::RunId;
use syncline_engine::service::{
    ConnectorKind, CsScope, CsSearch, CyclePolicy, Engine, MvSearch, RunDetails, RunFilter, SearchClause, SearchOperator,
};
use syncline_engine::setup;

use self::report::{Follow, Report, RunRow};
use super::exit::{Exit, Failure};
use super::interrupt::Interrupt;
use super::output::{Answer, Format};
use super::progress::Reporter;
use super::session::{self, Session, new_folder};

/// Objects read at a time.
const PAGE: u64 = 500;

/// Arguments of `demo`.
#[derive(Args, Debug)]
#[command(after_help = "\
Makes a data folder with the Contoso sample forest (445 invented objects) and a
tenant that runs on this computer, runs an Initial cycle and confirms the export.
Nothing leaves this computer. Without --data the folder is a new one among the
temporary files; it is kept, so delete it when you are done. A second call on the
same folder runs a Delta cycle.
The sample holds three deliberate errors; they do not change the exit code.

Examples:
  syncline demo
  syncline demo --no-window --data ./contoso
  syncline demo --json")]
pub struct DemoArgs {
    /// Do not open the app afterwards; --json implies it
    #[arg(long)]
    pub no_window: bool,
}

/// Answers `demo`.
pub fn run(session: &Session, arguments: &DemoArgs) -> Result<Answer, Failure> {
    let folder = match &session.folder {
        Some(folder) => folder.clone(),
        None => new_folder(&std::env::temp_dir(), "syncline-demo")?,
    };
    session.output.note(&format!("Preparing the sample forest in {} ...", folder.display()));
    let engine = setup::demo::prepare(&folder, session::options()).inspect_err(|_| {
        if session.folder.is_none() {
            // Our own folder; it goes only when nothing is in it.
            std::fs::remove_dir(&folder).ok();
        }
    })?;
    let report = session::with(engine, |engine| synchronize(engine, session))?;
    let invocation = session.invocation(&folder);
    let window = !arguments.no_window && session.output.format == Format::Text && has_display();
    let text = report.text(&session.output.view);
    let exit = report.exit();
    if exit != Exit::Success {
        let detail = super::json::data(&report)?;
        return Err(Failure::new(exit, report.sentence()).detail(detail).text(text));
    }
    let answer = Answer::new(&report, text)?.hint(report.next(&invocation, window));
    Ok(Answer { opens: window.then_some(folder), ..answer })
}

/// Runs the cycle and reads what came of it.
fn synchronize(engine: &Engine, session: &Session) -> Result<Report, Failure> {
    let first = first_time(engine)?;
    let policy = if first { CyclePolicy::Initial } else { CyclePolicy::Delta };
    session
        .output
        .note(&format!("Running {} ...", if first { "an Initial cycle and its confirmation" } else { "a Delta cycle" }));
    let reporter = Reporter::start(engine, &session.output)?;
    let _interrupt = Interrupt::stops(engine)?;
    let runs = work(engine, policy);
    reporter.finish();
    let (status, runs) = runs?;
    Ok(Report {
        folder: engine.folder().display().to_string(),
        forest_file: engine
            .connectors()?
            .into_iter()
            .find(|connector| connector.kind == ConnectorKind::File)
            .map(|connector| connector.address),
        policy,
        status,
        changes: runs.iter().map(|run| run.summary.adds + run.summary.updates + run.summary.deletes).sum(),
        tenant: tenant_objects(engine)?,
        findings: findings::read(engine)?,
        follow: someone_to_follow(engine)?,
        runs: runs.iter().map(RunRow::new).collect(),
    })
}

/// True unless a cycle has gone over everything already.
fn first_time(engine: &Engine) -> Result<bool, Failure> {
    if engine.runs(&RunFilter { limit: 1, ..RunFilter::default() })?.total == 0 {
        return Ok(true);
    }
    Ok(engine.connectors()?.iter().any(|connector| connector.full_import_required.is_some()))
}

/// The cycle and, after an Initial one, the confirmation of its export. Gives the cycle's status and
/// the runs in the order they ran.
fn work(engine: &Engine, policy: CyclePolicy) -> Result<(String, Vec<RunDetails>), Failure> {
    let result = engine.start_cycle(policy)?.wait()?;
    let ids: Vec<RunId> = result.steps.iter().filter_map(|step| step.run.as_ref()).map(|run| run.id).collect();
    let mut runs = Vec::with_capacity(ids.len() + 2);
    for id in ids {
        runs.push(engine.run(id)?);
    }
    let stopped = runs.iter().any(|run| stops(&run.summary.status)) || stops(&result.status);
    if policy == CyclePolicy::Initial && !stopped {
        for connector in engine.connectors()?.iter().filter(|connector| connector.kind == ConnectorKind::Tenant) {
            for profile in ["Delta Import", "Delta Synchronization"] {
                runs.push(engine.start_run(&connector.name, profile)?.wait()?);
            }
        }
    }
    Ok((result.status, runs))
}

/// True for a status after which the demo has nothing good to show.
fn stops(status: &str) -> bool {
    !matches!(Exit::of_status(status), Exit::Success | Exit::CompletedWithErrors)
}

/// Objects that the tenant holds, per type: joined ones that are not waiting to be created.
fn tenant_objects(engine: &Engine) -> Result<std::collections::BTreeMap<String, u64>, Failure> {
    let mut counts = std::collections::BTreeMap::new();
    for connector in engine.connectors()?.iter().filter(|connector| connector.kind == ConnectorKind::Tenant) {
        let mut offset = 0;
        loop {
            let search =
                CsSearch { connector: connector.id, scope: CsScope::Connector, text: String::new(), offset, limit: PAGE };
            let page = engine.search_connector_space(&search)?;
            for hit in page.rows.iter().filter(|hit| report::exists(hit)) {
                *counts.entry(hit.object_type.clone()).or_insert(0) += 1;
            }
            offset += page.rows.len() as u64;
            if page.rows.is_empty() || offset >= page.total {
                break;
            }
        }
    }
    Ok(counts)
}

/// A person whose way through the system the next commands show.
fn someone_to_follow(engine: &Engine) -> Result<Option<Follow>, Failure> {
    let clause =
        SearchClause { attribute: "userPrincipalName".into(), operator: SearchOperator::IsPresent, value: String::new() };
    let search = MvSearch { object_type: Some("person".into()), clauses: vec![clause], limit: PAGE, ..MvSearch::default() };
    let found = engine.search_metaverse(&search)?.rows;
    // Whoever is joined on both sides shows the most.
    let Some(hit) = found.iter().find(|hit| hit.connectors > 1).or(found.first()) else { return Ok(None) };
    let object = engine.mv_object(hit.guid)?;
    let connectors = object.connector_details.into_iter().map(|connector| (connector.connector_name, connector.hit.dn));
    Ok(Some(Follow { display_name: hit.display_name.clone(), guid: hit.guid, connectors: connectors.collect() }))
}

/// True when a window can be shown.
fn has_display() -> bool {
    if cfg!(any(windows, target_os = "macos")) {
        return std::env::var_os("SSH_CONNECTION").is_none();
    }
    ["WAYLAND_DISPLAY", "DISPLAY"].iter().any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_objects_do_not_stop_the_demo() {
        let check = |status: &str, expected: bool| assert_eq!(stops(status), expected, "{status}");
        check("success", false);
        check("completed-export-errors", false);
        check("stopped-connectivity", true);
        check("canceled", true);
        check("completed-import-failed", true);
    }
}
