//! How fast the engine alone is: a generated forest in memory, the default rules, a tenant in memory.
//!
//! Nothing but the engine and its database works here, so the figures say what a change of the engine costs or gains.
//! At the end the same rows go into an empty database by prepared statements alone: no engine can be faster than that.
//! Figures of one run can be compared with each other; those of two machines or two runs cannot.

mod floor;
mod forest;
mod world;

use std::path::PathBuf;
use std::time::Instant;

use anyhow::Context as _;
use clap::Parser;
use serde_json::{Value, json};

use self::forest::{Shape, department_of, group_members, user_anchor};
use self::world::{FOREST, TENANT, World};

/// Measures imports and synchronizations of a forest in memory.
#[derive(Debug, Parser)]
struct Arguments {
    /// Users of the forest, with 40 attributes each
    #[arg(long, default_value_t = 20_000)]
    users: usize,
    /// Groups of every hundred objects; each has twenty members on average
    #[arg(long, default_value_t = 5)]
    groups_percent: usize,
    /// Members of one large group; never more than there are users
    #[arg(long, default_value_t = 50_000)]
    large_group: usize,
    /// Users that change for the delta
    #[arg(long, default_value_t = 1_000)]
    changed: usize,
    /// Also write the figures to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let shape = Shape {
        users: arguments.users,
        groups: arguments.users * arguments.groups_percent / 100,
        large_group: arguments.large_group.min(arguments.users),
    };
    let folder = tempfile::tempdir()?;
    let world = World::new(folder.path(), shape)?;
    let mut table = Table::new();
    let objects = world.objects();
    let changed = arguments.changed.min(arguments.users);

    table.measure("import staging, empty", objects, || world.run(FOREST, "Full Import"))?;
    let first = table.measure("first synchronization", objects, || world.run(FOREST, "Full Synchronization"))?;
    table.measure("import staging, unchanged", objects, || world.run(FOREST, "Full Import"))?;
    table.measure("full synchronization, unchanged", objects, || world.run(FOREST, "Full Synchronization"))?;
    table.measure("export of everything", objects, || world.run(TENANT, "Export"))?;
    table.measure("confirming import", objects, || world.run(TENANT, "Full Import"))?;
    table.measure("confirming synchronization", objects, || world.run(TENANT, "Delta Synchronization"))?;
    for user in 0..changed {
        world.set(&user_anchor(user), "department", &[department_of(user + 1)]);
    }
    table.measure("delta import of changes", changed, || world.run(FOREST, "Delta Import"))?;
    table.measure("delta synchronization of changes", changed, || world.run(FOREST, "Delta Synchronization"))?;
    world.set_members(0, &group_members(shape, 0).into_iter().skip(1).collect::<Vec<_>>());
    table.measure("one member of the large group", 1, || {
        world.run(FOREST, "Delta Import")?;
        world.run(FOREST, "Delta Synchronization")
    })?;

    let bytes = floor::bytes(world.database_file())?;
    let floor = floor::measure(world.database_file(), folder.path())?;
    let memory = peak_memory();
    println!(
        "\ndatabase                         {:.0} MiB, {:.0} MiB for 100,000 objects",
        mebibytes(bytes),
        mebibytes(bytes) * 1e5 / objects as f64
    );
    println!("peak memory, directories included {memory}");
    println!("the rows by SQLite alone          {floor:.2} s; the first synchronization took {:.1} times as long", first / floor);
    if let Some(file) = &arguments.json {
        let document = json!({
            "users": shape.users, "groups": shape.groups, "largeGroup": shape.large_group, "measures": table.rows,
            "databaseBytes": bytes, "floorSeconds": floor, "firstSynchronizationOverFloor": first / floor, "peakMemory": memory,
        });
        std::fs::write(file, serde_json::to_string_pretty(&document)?).with_context(|| format!("writing {}", file.display()))?;
    }
    Ok(())
}

struct Table {
    rows: Vec<Value>,
}

impl Table {
    fn new() -> Self {
        println!("{:<34} {:>9} {:>10} {:>12}", "measure", "objects", "seconds", "objects/s");
        Self { rows: Vec::new() }
    }

    fn measure(&mut self, what: &str, objects: usize, work: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<f64> {
        let begun = Instant::now();
        work().with_context(|| what.to_owned())?;
        let seconds = begun.elapsed().as_secs_f64();
        let rate = objects as f64 / seconds;
        println!("{what:<34} {objects:>9} {seconds:>10.2} {rate:>12.0}");
        self.rows.push(json!({ "measure": what, "objects": objects, "seconds": seconds, "objectsPerSecond": rate }));
        Ok(seconds)
    }
}

fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / 1_048_576.0
}

/// Highest resident memory of this process, where the system tells it.
fn peak_memory() -> String {
    std::fs::read_to_string("/proc/self/status")
        .ok()
        .and_then(|status| status.lines().find_map(|line| line.strip_prefix("VmHWM:").map(|rest| rest.trim().to_owned())))
        .unwrap_or_else(|| "unknown".to_owned())
}
