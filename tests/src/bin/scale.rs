//! How fast the engine is: a generated forest of N users goes from a file through the metaverse to the
//! sandbox tenant, and every verb tells objects per second.
//!
//! Figures of one run can be compared with each other; those of two machines cannot.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context as _, bail};
use clap::Parser;
use mimalloc::MiMalloc;
use syncline_engine::service::{Engine, EngineOptions, RunDetails};
use syncline_engine::setup::demo::{SampleWorkspace, fill};
use syncline_tests::generate::{ForestShape, forest};

const FOREST: &str = "fabrikam.com";
const TENANT: &str = "fabrikam.onmicrosoft.com - AAD";

/// As in the program.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// Measures imports, synchronizations and exports on a generated forest.
#[derive(Debug, Parser)]
struct Arguments {
    /// Users of the forest; a tenth as many groups come with them.
    #[arg(long, default_value_t = 20_000)]
    users: usize,
    /// Users of every hundred that change for the delta.
    #[arg(long, default_value_t = 1)]
    changed_percent: usize,
    /// Folder to work in; a temporary one when left out.
    #[arg(long)]
    data: Option<PathBuf>,
    /// Stops before the tenant is written.
    #[arg(long)]
    no_export: bool,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let temporary = tempfile::tempdir()?;
    let folder = arguments.data.clone().unwrap_or_else(|| temporary.path().join("data"));
    let engine = Engine::create(&folder, EngineOptions::default())?;
    let file = engine.folder().join("forest.ldif");
    let shape = |changed_percent| ForestShape { users: arguments.users, changed_percent };
    std::fs::write(&file, forest(shape(0)))?;
    fill(
        &engine,
        &SampleWorkspace {
            forest_file: file.clone(),
            forest_name: FOREST.to_owned(),
            tenant_name: "fabrikam".to_owned(),
            domains: vec!["fabrikam.com".to_owned()],
        },
    )?;
    println!("{:<34} {:>9} {:>10} {:>12}", "operation", "objects", "seconds", "objects/s");
    let all = arguments.users + arguments.users / 10;
    measure(&engine, "full import, empty", FOREST, "Full Import", all)?;
    measure(&engine, "first synchronization", FOREST, "Full Synchronization", all)?;
    measure(&engine, "full import, nothing changed", FOREST, "Full Import", all)?;
    measure(&engine, "full synchronization, no change", FOREST, "Full Synchronization", all)?;
    if !arguments.no_export {
        measure(&engine, "export, all objects", TENANT, "Export", all)?;
        measure(&engine, "confirming import", TENANT, "Full Import", all)?;
        measure(&engine, "confirming synchronization", TENANT, "Delta Synchronization", all)?;
    }
    std::fs::write(&file, forest(shape(arguments.changed_percent)))?;
    measure(&engine, "full import, some changed", FOREST, "Full Import", all)?;
    let changed = arguments.users * arguments.changed_percent / 100;
    measure(&engine, "delta synchronization of those", FOREST, "Delta Synchronization", changed)?;
    if !arguments.no_export {
        measure(&engine, "export of those", TENANT, "Export", changed)?;
    }
    let bytes = engine.status()?.database_bytes;
    println!("database {:.0} MiB, peak memory {}", bytes as f64 / 1_048_576.0, peak_memory());
    engine.shutdown();
    Ok(())
}

fn measure(engine: &Engine, what: &str, connector: &str, profile: &str, objects: usize) -> anyhow::Result<()> {
    let begun = Instant::now();
    let run: RunDetails = engine.start_run(connector, profile)?.wait()?;
    let seconds = begun.elapsed().as_secs_f64();
    if run.summary.status != "success" {
        let message = run.step_details.first().map(|step| step.message.clone()).unwrap_or_default();
        let error = run.step_details.iter().flat_map(|step| &step.errors).next().map(|error| error.error.message.clone());
        bail!("{what}: {} {message} {}", run.summary.status, error.unwrap_or_default());
    }
    println!("{what:<34} {objects:>9} {seconds:>10.2} {:>12.0}", objects as f64 / seconds);
    Ok(())
}

/// Highest resident memory of this process, where the system tells it.
fn peak_memory() -> String {
    std::fs::read_to_string("/proc/self/status")
        .context("no process status")
        .ok()
        .and_then(|status| status.lines().find_map(|line| line.strip_prefix("VmHWM:").map(|rest| rest.trim().to_owned())))
        .unwrap_or_else(|| "unknown".to_owned())
}
