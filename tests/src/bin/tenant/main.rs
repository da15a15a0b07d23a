//! How fast a tenant is written and read: the engine, its connector, and a sandbox tenant on loopback, all in this
//! process.
//!
//! Both ways to the tenant are measured: its synchronization channel and Microsoft Graph. So the figures hold what the
//! tenant itself takes; `docs/performance.md` says how to read them.

mod clock;
mod cloud;

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, ensure};
use clap::{Parser, ValueEnum};
use mimalloc::MiMalloc;
use serde_json::{Value, json};
use syncline_engine::connector::entra::BackendKind;
use syncline_engine::model::{Clock, SystemClock};
use syncline_tests::installation::forest::{Shape, group_members};
use syncline_tests::installation::{FOREST, Installation, TENANT};
use syncline_tests::measure::{Memory, Table};

use self::clock::MovingClock;
use self::cloud::Cloud;

/// As in the program.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// Limits of an application and of the whole tenant: writes, and seconds in which they are given anew.
const APPLICATION_LIMIT: (u32, u32) = (3_000, 150);
const TENANT_LIMIT: (u32, u32) = (7_000, 300);

/// A way to the tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Way {
    /// The synchronization channel of the sandbox
    SyncChannel,
    /// Microsoft Graph
    Graph,
}

impl Way {
    fn backend(self) -> BackendKind {
        match self {
            Self::SyncChannel => BackendKind::SyncChannel,
            Self::Graph => BackendKind::Graph,
        }
    }
}

/// Measures exports to a tenant and imports from it.
#[derive(Debug, Parser)]
struct Arguments {
    /// New users that are exported, with 40 attributes each in the forest
    #[arg(long, default_value_t = 20_000)]
    users: usize,
    /// Members of the group that loses one; the default rules synchronize no group of 50,000 and more
    #[arg(long, default_value_t = 49_999)]
    large_group: usize,
    /// Objects of the tenant that is imported
    #[arg(long, default_value_t = 100_000)]
    objects: usize,
    /// New users that are exported to a tenant that throttles, on a clock that only waiting moves
    #[arg(long, default_value_t = 10_000)]
    throttled: usize,
    /// Measure one way to the tenant only
    #[arg(long)]
    way: Option<Way>,
    /// Also write the figures to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let mut measured = Vec::new();
    for way in [Way::SyncChannel, Way::Graph] {
        if arguments.way.is_none_or(|only| only == way) {
            measured.push(measure(&arguments, way)?);
        }
    }
    if let Some(file) = &arguments.json {
        std::fs::write(file, serde_json::to_string_pretty(&measured)?).with_context(|| format!("writing {}", file.display()))?;
    }
    Ok(())
}

/// Measures everything over one way.
fn measure(arguments: &Arguments, way: Way) -> anyhow::Result<Value> {
    println!("{}", way.backend().label());
    let mut table = Table::new(Memory::beyond_now());
    if arguments.users > 0 {
        export_users(arguments.users, way, &mut table)?;
    }
    let requests = if arguments.large_group > 0 { Some(one_member(arguments.large_group, way, &mut table)?) } else { None };
    if arguments.objects > 0 {
        import_objects(arguments.objects, way, &mut table)?;
    }
    let throttled = if arguments.throttled > 0 { Some(throttled(arguments.throttled, way, &mut table)?) } else { None };
    println!();
    let document = json!({
        "way": way.backend().label(), "measures": table.rows(), "requestsForOneMember": requests, "throttled": throttled,
    });
    Ok(document)
}

/// New users go into an empty tenant and are confirmed.
fn export_users(users: usize, way: Way, table: &mut Table) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let cloud = Cloud::start(folder.path(), way.backend(), &clock)?;
    let shape = Shape { users, groups: 0, large_group: 0 };
    let installation = Installation::new(folder.path(), shape, cloud.side(None)?, clock)?;
    prepare(&installation)?;
    table.measure("export of new users", users, || installation.run(TENANT, "Export"))?;
    ensure!(cloud.objects()?.users == users, "not every user is in the tenant");
    table.measure("confirming import of them", users, || installation.run(TENANT, "Full Import"))?;
    installation.run(TENANT, "Delta Synchronization")?;
    ensure!(installation.pending_exports()? == 0, "something is still to be exported");
    Ok(())
}

/// A large group loses a member; gives the number of requests that wrote something.
fn one_member(members: usize, way: Way, table: &mut Table) -> anyhow::Result<usize> {
    let folder = tempfile::tempdir()?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let cloud = Cloud::start(folder.path(), way.backend(), &clock)?;
    let shape = Shape { users: members, groups: 1, large_group: members };
    let installation = Installation::new(folder.path(), shape, cloud.side(None)?, clock)?;
    prepare(&installation)?;
    table.measure("export of users and their large group", members + 1, || installation.run(TENANT, "Export"))?;
    ensure!(cloud.objects()?.members == members, "not every member is in the group");
    table.measure("confirming import of them", members + 1, || installation.run(TENANT, "Full Import"))?;
    installation.run(TENANT, "Delta Synchronization")?;
    installation.set_members(0, &group_members(shape, 0).into_iter().skip(1).collect::<Vec<_>>());
    installation.run(FOREST, "Delta Import")?;
    installation.run(FOREST, "Delta Synchronization")?;
    let before = cloud.latest_request()?;
    table.measure("export of one member of the group", 1, || installation.run(TENANT, "Export"))?;
    let requests = cloud.writes(before)?;
    println!("{:<38} {requests} requests wrote something", "");
    ensure!(cloud.objects()?.members == members - 1, "the member is still in the group");
    table.measure("delta import of one member", 1, || installation.run(TENANT, "Delta Import"))?;
    Ok(requests)
}

/// A tenant full of objects that were made in the cloud is read for the first time.
fn import_objects(objects: usize, way: Way, table: &mut Table) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let cloud = Cloud::start(folder.path(), way.backend(), &clock)?;
    cloud.plant(objects)?;
    let shape = Shape { users: 0, groups: 0, large_group: 0 };
    let installation = Installation::new(folder.path(), shape, cloud.side(None)?, clock)?;
    table.measure("full import, empty connector space", objects, || installation.run(TENANT, "Full Import"))?;
    table.measure("full import, unchanged", objects, || installation.run(TENANT, "Full Import"))?;
    Ok(())
}

/// New users go into a tenant that lets only so many writes through, on a clock that only waiting moves.
fn throttled(users: usize, way: Way, table: &mut Table) -> anyhow::Result<Value> {
    let folder = tempfile::tempdir()?;
    let moving = Arc::new(MovingClock::new(jiff::Timestamp::now()));
    let clock: Arc<dyn Clock> = moving.clone();
    let cloud = Cloud::start(folder.path(), way.backend(), &clock)?;
    let shape = Shape { users, groups: 0, large_group: 0 };
    let installation = Installation::new(folder.path(), shape, cloud.side(Some(APPLICATION_LIMIT))?, clock)?;
    prepare(&installation)?;
    let limited = match way {
        Way::SyncChannel => TENANT_LIMIT,
        Way::Graph => APPLICATION_LIMIT,
    };
    cloud.limit(APPLICATION_LIMIT, TENANT_LIMIT)?;
    moving.forget();
    table.measure("export of new users, throttled", users, || installation.run(TENANT, "Export"))?;
    let waited = moving.waited().as_secs_f64();
    let admitted = cloud.admitted(way.backend())?;
    cloud.lift_limits()?;
    let allowed = f64::from(limited.0) * (1.0 + waited / f64::from(limited.1));
    let share = admitted.amount / allowed;
    println!(
        "{:<38} {:.0} writes in {waited:.0} s of the tests' clock: {:.1} % of what was allowed, {} requests refused",
        "",
        admitted.amount,
        share * 100.0,
        admitted.refused
    );
    ensure!(cloud.objects()?.users == users, "not every user is in the tenant");
    installation.run(TENANT, "Full Import")?;
    installation.run(TENANT, "Delta Synchronization")?;
    ensure!(installation.pending_exports()? == 0, "something is still to be exported");
    Ok(json!({ "writes": admitted.amount, "seconds": waited, "share": share, "refused": admitted.refused }))
}

/// Everything of the forest waits for its export.
fn prepare(installation: &Installation) -> anyhow::Result<()> {
    installation.run(FOREST, "Full Import")?;
    installation.run(FOREST, "Full Synchronization")
}
