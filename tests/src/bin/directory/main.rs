//! How fast a real directory is read into the connector space, compared with `ldapsearch` on the same server.
//!
//! Reads the variables of the fixtures' servers, which `SYNCLINE_FIXTURE_SCALE` fills with many wide objects:
//! `docs/performance.md` has the command. Both read the same objects by the same searches, in pages of the same size,
//! over TLS with the same account; the fastest of several rounds counts. Only ratios of one run can be compared with
//! those of another.

mod reference;
mod server;
mod table;
mod world;

use std::path::PathBuf;
use std::time::Instant;

use anyhow::Context as _;
use clap::{Parser, ValueEnum};
use mimalloc::MiMalloc;
use serde_json::json;
use syncline_tests::measure::Memory;

use self::server::{Kind, Server};
use self::table::Table;
use self::world::World;

/// As in the program.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// Units that the scaled fixture spreads its objects over.
const UNITS: usize = 10;

/// Measures imports from a real directory server.
#[derive(Debug, Parser)]
struct Arguments {
    /// The server to read
    #[arg(long, value_enum, default_value_t = Kind::Samba)]
    server: Kind,
    /// Objects that change for the delta import
    #[arg(long, default_value_t = 100)]
    changed: usize,
    /// Rounds of every measure; the fastest counts
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Also write the figures to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Measure the peak memory of one import alone and print it: what the benchmark calls itself for
    #[arg(long, value_enum, hide = true)]
    memory: Option<Part>,
}

/// What an import of its own process reads, so that its memory can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    /// A full import of a tenth of the objects.
    FullOfTenth,
    /// A full import of all of them.
    Full,
    /// A delta import for which a tenth of the objects is new.
    DeltaOfTenth,
    /// A delta import for which all of them are new.
    Delta,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let server = Server::read(arguments.server)?;
    if let Some(part) = arguments.memory {
        println!("{}", memory(&server, part)?);
        return Ok(());
    }
    let rounds = arguments.rounds.max(1);
    let folder = tempfile::tempdir()?;
    let world = World::new(&folder.path().join("data"), &server, None)?;
    let searches = world.searches(&server)?;
    let mut table = Table::new(server.name());

    let reference = fastest(rounds, || {
        let begun = Instant::now();
        let entries = reference::read(&server, &searches)?;
        Ok((begun.elapsed().as_secs_f64(), entries))
    })?;
    table.reference(reference);
    let objects = reference.1;

    let first = fastest(rounds, || {
        let folder = tempfile::tempdir()?;
        World::new(&folder.path().join("data"), &server, None)?.timed("Full Import", Some(objects))
    })?;
    table.ratio("full import, empty connector space", first, server.aims().full);
    world.timed("Full Import", Some(objects))?;
    let unchanged = fastest(rounds, || world.timed("Full Import", Some(0)))?;
    table.ratio("full import, nothing changed", (unchanged.0, objects), server.aims().unchanged);

    let nothing = fastest(rounds, || world.timed("Delta Import", Some(0)))?;
    table.seconds("delta import, nothing changed", (nothing.0, 0), server.aims().nothing);
    let mut round = 0;
    let changes = fastest(rounds, || {
        round += 1;
        server.change(arguments.changed, round)?;
        world.timed("Delta Import", Some(arguments.changed))
    })?;
    table.seconds("delta import of changes", changes, server.aims().changes);
    drop(world);

    let aim = server.aims().memory_mib;
    for (what, tenth, all) in [
        ("peak memory of a full import", Part::FullOfTenth, Part::Full),
        ("peak memory of a delta import", Part::DeltaOfTenth, Part::Delta),
    ] {
        table.memory(what, apart(arguments.server, tenth)?, apart(arguments.server, all)?, aim);
    }
    if let Some(file) = &arguments.json {
        let document = json!({ "server": server.name(), "objects": objects, "measures": table.rows() });
        std::fs::write(file, serde_json::to_string_pretty(&document)?).with_context(|| format!("writing {}", file.display()))?;
    }
    Ok(())
}

/// The fastest of several rounds; what was counted is the same in all.
fn fastest(rounds: usize, mut round: impl FnMut() -> anyhow::Result<(f64, usize)>) -> anyhow::Result<(f64, usize)> {
    let mut best = round()?;
    for _ in 1..rounds {
        let next = round()?;
        anyhow::ensure!(next.1 == best.1, "one round counted {} objects, another {}", best.1, next.1);
        best.0 = best.0.min(next.0);
    }
    Ok(best)
}

/// Highest resident memory of this whole process while it reads a part of the objects, in bytes.
fn memory(server: &Server, part: Part) -> anyhow::Result<u64> {
    let folder = tempfile::tempdir()?;
    let unit = matches!(part, Part::FullOfTenth | Part::DeltaOfTenth).then(|| server.unit(UNITS - 1));
    let world = World::new(&folder.path().join("data"), server, unit.as_deref())?;
    match part {
        Part::FullOfTenth | Part::Full => {
            world.timed("Full Import", None)?;
        }
        Part::DeltaOfTenth | Part::Delta => {
            // Begins where the server has told nothing yet, so all it has is new.
            world.begin_at_the_beginning(server)?;
            Memory::forget_peak();
            world.timed("Delta Import", None)?;
        }
    }
    Memory::all().peak().context("this system does not tell the memory of a process")
}

/// The same in a process of its own.
fn apart(kind: Kind, part: Part) -> anyhow::Result<u64> {
    let (server, memory) = (name(&kind), name(&part));
    let output = std::process::Command::new(std::env::current_exe()?)
        .args(["--server", &server, "--memory", &memory])
        .output()
        .context("starting a process of its own")?;
    anyhow::ensure!(output.status.success(), "{memory}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?.trim().parse()?)
}

/// A value as the command line has it.
fn name(value: &impl ValueEnum) -> String {
    value.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}
