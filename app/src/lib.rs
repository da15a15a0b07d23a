//! The `syncline` program: the command line and the desktop app on top of `syncline-engine`.

pub mod cli;

pub mod desktop;

mod pending_report;

mod table_file;

mod text_file;
