//! What surrounds the tabs: menu, tab bar, Actions pane, status bar, notices, small windows.

pub mod actions_pane;
pub mod column_settings;
pub mod dialogs;
pub mod export_grid;
pub mod menu;
pub mod notices;
pub mod options;
pub mod shortcuts;
pub mod status_bar;
pub mod tab_bar;

/// The name of this computer, for the title.
#[must_use]
pub fn host_name() -> String {
    let named = std::env::var("COMPUTERNAME").or_else(|_| std::env::var("HOSTNAME")).ok();
    let read = || std::fs::read_to_string("/etc/hostname").ok();
    named
        .or_else(read)
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "localhost".to_owned())
}

/// The title of the window.
#[must_use]
pub fn title(staging: bool) -> String {
    let mode = if staging { " - STAGING MODE" } else { "" };
    format!("Synchronization Service Manager on {}{mode}", host_name())
}
