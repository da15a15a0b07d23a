//! The database: a generated forest, synchronized, with one large group, and a long history of runs.

use std::path::Path;

use anyhow::{Context as _, bail};
use rusqlite::{Connection, params};
use syncline_engine::service::{Engine, EngineOptions};
use syncline_engine::setup::demo::{SampleWorkspace, fill as configure};
use syncline_tests::generate::{ForestShape, forest, large_group};

use super::Arguments;

/// The forest.
pub const FOREST: &str = "fabrikam.com";
/// Display name of the large group.
pub const LARGE_GROUP: &str = "All Hands";

/// Makes the database.
pub fn fill(folder: &Path, arguments: &Arguments) -> anyhow::Result<()> {
    // A tenth as many groups come with the users.
    let users = (arguments.objects * 10 / 11).max(20);
    let engine = Engine::create(folder, EngineOptions::default())?;
    let file = engine.folder().join("forest.ldif");
    let mut text = forest(ForestShape { users, changed_percent: 0 });
    text.push_str(&large_group(LARGE_GROUP, arguments.members.min(users)));
    std::fs::write(&file, text)?;
    configure(
        &engine,
        &SampleWorkspace {
            forest_file: file,
            forest_name: FOREST.to_owned(),
            tenant_name: "fabrikam".to_owned(),
            domains: vec!["fabrikam.com".to_owned()],
        },
    )?;
    for profile in ["Full Import", "Full Synchronization"] {
        let run = engine.start_run(FOREST, profile)?.wait()?;
        if run.summary.status != "success" {
            bail!("{profile} ended with {}", run.summary.status);
        }
    }
    engine.shutdown();
    history(folder, arguments.runs)
}

/// Adds finished runs of the forest's profiles, one every ten minutes up to the first real one.
fn history(folder: &Path, runs: u64) -> anyhow::Result<()> {
    const PROFILES: [(&str, &str); 4] = [
        ("Delta Import", "Delta Import (Stage Only)"),
        ("Delta Synchronization", "Delta Synchronization"),
        ("Export", "Export"),
        ("Full Import", "Full Import (Stage Only)"),
    ];
    let mut connection = Connection::open(folder.join("syncline.db"))?;
    let transaction = connection.transaction()?;
    {
        let (connector, name): (i64, String) = transaction
            .query_row("SELECT id, name FROM connector WHERE name = ?1", [FOREST], |row| Ok((row.get(0)?, row.get(1)?)))
            .context("the forest's connector")?;
        let (last, end): (i64, i64) =
            transaction.query_row("SELECT max(id), max(started) FROM run", [], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let mut run = transaction.prepare(
            "INSERT INTO run (id, connector, connector_name, profile, user, status, started, ended, steps)
             VALUES (?1, ?2, ?3, ?4, 'FABRIKAM\\sync', ?5, ?6, ?7, 1)",
        )?;
        let mut step = transaction.prepare(
            "INSERT INTO run_step (run, number, step_type, partition, status, started, ended, counters)
             VALUES (?1, 1, ?2, 'DC=fabrikam,DC=com', ?3, ?4, ?5, ?6)",
        )?;
        // The unit of the moments follows from a real run: a day of microseconds is longer than one of milliseconds.
        let second = if end > 100_000_000_000_000 { 1_000_000 } else { 1_000 };
        let number = i64::try_from(runs)?;
        for (index, (profile, kind)) in (0..number).zip(PROFILES.iter().cycle()) {
            let id = last + 1 + index;
            let started = end - (number - index) * 600 * second;
            let status = if index % 97 == 0 { "completed-sync-errors" } else { "success" };
            let ended = started + (5 + index % 120) * second;
            run.execute(params![id, connector, name, profile, status, started, ended])?;
            let counters = format!("{{\"stage-add\":{},\"stage-update\":{}}}", index % 7, index % 31);
            step.execute(params![id, kind, status, started, ended, counters])?;
        }
    }
    transaction.commit()?;
    Ok(())
}
