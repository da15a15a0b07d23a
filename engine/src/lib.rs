//! The engine of Syncline: everything that is true without a screen.
//!
//! Floors, lowest first; a floor uses only those below it (`ARCHITECTURE.md` has the map).

pub mod model;

pub mod rules;

pub mod store;

pub mod connector;

pub mod step;

pub mod protection;

pub mod export;
pub mod import;
pub mod sync;

pub mod run;

pub mod whatif;

pub mod examples;
pub mod interop;
pub mod setup;

pub mod service;

pub mod scenario;
