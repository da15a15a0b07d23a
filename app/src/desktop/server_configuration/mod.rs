//! The windows of `Import Server Configuration...` and `Export Server Configuration...`.

mod export;
mod folder_field;
mod import;
mod report;

pub use export::ExportWindow;
pub use import::ImportWindow;
