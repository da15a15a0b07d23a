//! The windows of `Import Server Configuration...`, `Export Server Configuration...` and `Compare Configurations...`.

mod compare;
mod export;
mod import;
pub(super) mod report;
mod server_folder;

pub use compare::CompareWindow;
pub use export::ExportWindow;
pub use import::ImportWindow;
pub use server_folder::ServerFolder;
