//! What the end-to-end tests and the benchmarks share.

pub mod forest;
pub mod generate;
pub mod installation;
pub mod measure;
