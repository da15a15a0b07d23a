//! The `syncline` program: the command line and the desktop app on top of `syncline-engine`.

pub mod cli;

pub mod desktop;

mod text_file;
