//! The `syncline` binary: without arguments the desktop app, with arguments the command line.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(syncline::cli::main(std::env::args_os()))
}
