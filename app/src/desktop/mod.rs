//! The desktop app: the Synchronization Service Manager.
//!
//! `logic` takes in events and answers and carries out commands; `ui` draws state and sends commands. Nothing that is
//! drawn calls the engine: questions go to the [`worker`], answers come back as requested values. A screen is a module
//! with one struct for what the person does there.

pub mod action;
pub mod app;
pub mod backend;
pub mod command;
pub mod connectors;
pub mod context;
pub mod find;
pub mod format;
pub mod frame;
mod guard;
pub mod links;
pub mod metaverse_designer;
pub mod metaverse_search;
pub mod objects;
pub mod operations;
pub mod role;
pub mod rules_editor;
pub mod scheduler;
pub mod server_configuration;
pub mod session;
pub mod settings;
pub mod shell;
mod start;
pub mod theme;
pub mod welcome;
pub mod whatif;
pub mod widgets;
pub mod worker;

pub use app::{App, AppSetup};
pub use backend::{Backend, Opener};
pub use start::{DesktopOptions, run};
