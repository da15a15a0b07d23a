//! How fast the desktop app is: the real app on a real engine, drawn without a window, on a database of any size.
//!
//! What is timed is our own code and that of the toolkit up to the shapes of a frame; painting them is not. The
//! database is made once and kept when a folder is named; measuring happens in a process of its own, so that its memory
//! is that of the app.

mod data;
mod driver;
mod measure;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};
use clap::Parser;
use mimalloc::MiMalloc;

/// As in the program.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// Measures the desktop app on a generated database.
#[derive(Debug, Parser)]
pub struct Arguments {
    /// Objects of the forest, groups included.
    #[arg(long, default_value_t = 200_000)]
    pub objects: usize,
    /// Runs in the history.
    #[arg(long, default_value_t = 100_000)]
    pub runs: u64,
    /// Members of the one large group.
    #[arg(long, default_value_t = 50_000)]
    pub members: usize,
    /// Frames drawn while a list is scrolled.
    #[arg(long, default_value_t = 600)]
    pub frames: usize,
    /// Folder of the database, kept and used again; a temporary one when left out.
    #[arg(long)]
    pub data: Option<PathBuf>,
    /// Only measures; the database is there.
    #[arg(long, hide = true)]
    pub measure: bool,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    if arguments.measure {
        return measure::all(&arguments, arguments.data.as_deref().context("no folder")?);
    }
    let temporary = tempfile::tempdir()?;
    let folder = arguments.data.clone().unwrap_or_else(|| temporary.path().join("data"));
    if !syncline_engine::service::Engine::is_workspace(&folder) {
        eprintln!("making {} objects and {} runs...", arguments.objects, arguments.runs);
        data::fill(&folder, &arguments)?;
    }
    measured_apart(&arguments, &folder)
}

fn measured_apart(arguments: &Arguments, folder: &Path) -> anyhow::Result<()> {
    let status = Command::new(std::env::current_exe()?)
        .arg("--measure")
        .args(["--objects", &arguments.objects.to_string(), "--runs", &arguments.runs.to_string()])
        .args(["--members", &arguments.members.to_string(), "--frames", &arguments.frames.to_string()])
        .arg("--data")
        .arg(folder)
        .status()?;
    if !status.success() {
        bail!("measuring ended with {status}");
    }
    Ok(())
}
