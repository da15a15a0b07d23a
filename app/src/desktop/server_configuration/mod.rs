//! The windows of `Import Server Configuration...` and `Export Server Configuration...`.

mod export;
mod import;
pub(super) mod report;
mod server_folder;

pub use export::ExportWindow;
pub use import::ImportWindow;
pub use server_folder::ServerFolder;
