//! The desktop app.

use std::path::PathBuf;

/// How the app is opened.
#[derive(Clone, Debug, Default)]
pub struct DesktopOptions {
    /// Data folder; `None` asks on the welcome page.
    pub folder: Option<PathBuf>,
    /// Object to open, such as `syncline://run/12`.
    pub open_link: Option<String>,
}

/// Opens the app and returns when it is closed.
///
/// # Errors
/// When no window can be opened.
pub fn run(options: DesktopOptions) -> anyhow::Result<()> {
    anyhow::bail!("the desktop app is being written ({options:?})")
}
