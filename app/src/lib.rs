//! The `syncline` program: the command line and the desktop app on top of `syncline-engine`.

pub mod cli;

pub mod desktop;

mod account;

mod pending_report;
mod preview_file;

mod table_file;

mod tenant_choice;

mod text_file;
