//! The `syncline` binary: without arguments the desktop app, with arguments the command line.

use std::process::ExitCode;

use mimalloc::MiMalloc;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    ExitCode::from(syncline::cli::main(std::env::args_os()))
}
