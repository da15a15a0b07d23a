//! How fast the engine alone is: a generated forest in memory, the default rules, a tenant in memory.
//!
//! Nothing but the engine and its database works here, so the figures say what a change of the engine costs or gains.
//! At the end the same rows go into an empty database by prepared statements alone: no engine can be faster than that.
//! Figures of one run can be compared with each other; those of two machines or two runs cannot. `docs/performance.md`
//! says how to read them.

mod floor;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use clap::Parser;
use mimalloc::MiMalloc;
use serde_json::{Value, json};
use syncline_engine::model::SystemClock;
use syncline_tests::installation::forest::{Shape, department_of, group_members, user_anchor};
use syncline_tests::installation::{FOREST, Installation, TENANT, TenantSide};
use syncline_tests::measure::{Memory, Table, mebibytes};

/// As in the program.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// Measures imports and synchronizations of a forest in memory.
#[derive(Debug, Parser)]
struct Arguments {
    /// Users of the forest, with 40 attributes each
    #[arg(long, default_value_t = 20_000)]
    users: usize,
    /// Measure a forest of this many users as well, and tell the ratios
    #[arg(long, value_name = "USERS")]
    compare: Option<usize>,
    /// Groups of every hundred objects; each has twenty members on average
    #[arg(long, default_value_t = 5)]
    groups_percent: usize,
    /// Members of one large group; never more than there are users
    #[arg(long, default_value_t = 50_000)]
    large_group: usize,
    /// Users that change for the delta
    #[arg(long, default_value_t = 1_000)]
    changed: usize,
    /// Leave the export and its confirmation out, so that no tenant takes memory
    #[arg(long)]
    no_export: bool,
    /// Work in this folder and leave the database there
    #[arg(long, value_name = "FOLDER")]
    keep: Option<PathBuf>,
    /// Also write the figures to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let mut measured = Vec::new();
    for users in std::iter::once(arguments.users).chain(arguments.compare) {
        let temporary = tempfile::tempdir()?;
        let folder = arguments.keep.as_ref().map_or_else(|| temporary.path().to_owned(), |keep| keep.join(users.to_string()));
        std::fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
        measured.push(measure(&arguments, users, &folder)?);
    }
    if let [(one, _), (other, _)] = measured.as_slice() {
        one.compare(other);
    }
    if let Some(file) = &arguments.json {
        let document: Vec<Value> = measured.into_iter().map(|(_, document)| document).collect();
        std::fs::write(file, serde_json::to_string_pretty(&document)?).with_context(|| format!("writing {}", file.display()))?;
    }
    Ok(())
}

/// Measures everything on a forest of one size.
fn measure(arguments: &Arguments, users: usize, folder: &Path) -> anyhow::Result<(Table, Value)> {
    let shape = Shape { users, groups: users * arguments.groups_percent / 100, large_group: arguments.large_group.min(users) };
    let world = Installation::new(folder, shape, TenantSide::in_memory()?, Arc::new(SystemClock))?;
    let objects = world.objects();
    let changed = arguments.changed.min(users);
    let mut table = Table::new(Memory::beyond_now());

    table.measure("import staging, empty", objects, || world.run(FOREST, "Full Import"))?;
    let first = table.measure("first synchronization", objects, || world.run(FOREST, "Full Synchronization"))?;
    table.measure("import staging, unchanged", objects, || world.run(FOREST, "Full Import"))?;
    table.measure("full synchronization, unchanged", objects, || world.run(FOREST, "Full Synchronization"))?;
    if !arguments.no_export {
        table.measure("export of everything", objects, || world.run(TENANT, "Export"))?;
        table.measure("confirming import", objects, || world.run(TENANT, "Full Import"))?;
        table.measure("confirming synchronization", objects, || world.run(TENANT, "Delta Synchronization"))?;
    }
    for user in 0..changed {
        world.set(&user_anchor(user), "department", &[department_of(user + 1)]);
    }
    table.measure("delta import of changes", changed, || world.run(FOREST, "Delta Import"))?;
    table.measure("delta synchronization of changes", changed, || world.run(FOREST, "Delta Synchronization"))?;
    world.set_members(0, &group_members(shape, 0).into_iter().skip(1).collect::<Vec<_>>());
    table.measure("one member: delta import", 1, || world.run(FOREST, "Delta Import"))?;
    table.measure("one member: delta synchronization", 1, || world.run(FOREST, "Delta Synchronization"))?;

    let bytes = floor::bytes(world.database_file())?;
    let floor = floor::measure(world.database_file(), folder)?;
    println!("objects                           {} users, {} groups, one of them of {}", users, shape.groups, shape.large_group);
    println!(
        "database                          {:.0} MiB, {:.0} MiB for 100,000 objects",
        mebibytes(bytes),
        mebibytes(bytes) * 1e5 / objects as f64
    );
    let parts = floor::parts(world.database_file())?;
    for (name, part) in parts.iter().take(8) {
        println!("  {name:<30}  {:>6.0} bytes an object", *part as f64 / objects as f64);
    }
    println!("{}", table.memory());
    println!(
        "the rows by SQLite alone          {floor:.2} s; the first synchronization took {:.1} times as long\n",
        first / floor
    );
    let document = json!({
        "users": shape.users, "groups": shape.groups, "largeGroup": shape.large_group, "measures": table.rows(),
        "databaseBytes": bytes, "floorSeconds": floor, "firstSynchronizationOverFloor": first / floor,
    });
    Ok((table, document))
}
