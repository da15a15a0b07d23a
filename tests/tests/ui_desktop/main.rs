//! Windows clicked by label: the documented scenarios (`ui.md` 16) on a fixture engine.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets something unexpected shall fail"
)]

mod accessibility;
mod bad_input;
mod batch;
mod by_hand;
mod charts;
mod columns;
mod connector_windows;
mod connectors;
mod designer;
mod explain;
mod export;
mod find;
mod fixture;
mod history;
mod keyboard;
mod layout;
mod metaverse;
mod objects;
mod operations;
mod pictures;
mod roles;
mod rules_editor;
mod scheduler;
mod screens;
mod server_configuration;
mod settings;
mod support;
mod welcome;
mod whatif;
