//! What the app remembers of a person: window, theme, zoom, splits, columns, the last search and data folder.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use syncline_engine::service::SearchClause;

use super::action::Tab;
use super::frame::not_in_a_frame;
use super::role::Role;
use super::theme::ThemeChoice;

/// Names another settings file, for trials that must not touch the person's own.
pub const PATH_VARIABLE: &str = "SYNCLINE_SETTINGS";

/// The remembered settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Size of the window.
    pub window: [f32; 2],
    /// Tab shown.
    pub tab: Tab,
    /// Theme.
    pub theme: ThemeChoice,
    /// Zoom, 0.5 to 3.
    pub zoom: f32,
    /// The Actions pane is shown.
    pub actions_pane: bool,
    /// The status bar is shown.
    pub status_bar: bool,
    /// Times are shown in UTC.
    pub utc: bool,
    /// Nothing moves by itself: no fading, no sliding.
    pub reduced_motion: bool,
    /// What the person may do. It guards against mistakes; who owns the data folder can change it in this file.
    pub role: Role,
    /// Share of the upper list per tab.
    pub splits: BTreeMap<String, f32>,
    /// Columns per list.
    pub grids: BTreeMap<String, GridLayout>,
    /// Type and conditions of the last metaverse search.
    pub query: Query,
    /// Data folder opened last.
    pub folder: Option<PathBuf>,
}

/// Widths, order and visibility of a list's columns, by title.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GridLayout {
    /// Widths that were changed.
    pub widths: BTreeMap<String, f32>,
    /// Columns shown; absent means the documented ones.
    pub shown: Option<BTreeSet<String>>,
    /// Columns from left to right, hidden ones as well; empty means the documented order.
    pub order: Vec<String>,
}

/// A metaverse search.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Query {
    /// Type searched; absent means all.
    pub object_type: Option<String>,
    /// Conditions.
    pub clauses: Vec<SearchClause>,
    /// One of them is enough.
    pub any: bool,
    /// Large and small letters are told apart.
    pub case_sensitive: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            window: [1280.0, 800.0],
            tab: Tab::Operations,
            theme: ThemeChoice::System,
            zoom: 1.0,
            actions_pane: true,
            status_bar: true,
            utc: false,
            reduced_motion: false,
            role: Role::Admin,
            splits: BTreeMap::new(),
            grids: BTreeMap::new(),
            query: Query::default(),
            folder: None,
        }
    }
}

/// Where settings come from and go to.
#[derive(Clone, Debug, Default)]
pub struct SettingsFile(Option<PathBuf>);

impl SettingsFile {
    /// The person's own file, or the one that [`PATH_VARIABLE`] names.
    #[must_use]
    pub fn of_person() -> Self {
        let named = std::env::var_os(PATH_VARIABLE).map(PathBuf::from);
        Self(named.or_else(|| dirs::config_dir().map(|folder| folder.join("syncline").join("desktop.json"))))
    }

    /// A certain file.
    #[must_use]
    pub fn at(path: &Path) -> Self {
        Self(Some(path.to_owned()))
    }

    /// Remembers nothing.
    #[must_use]
    pub fn none() -> Self {
        Self(None)
    }

    /// Reads the settings; what is missing or unreadable is as on first use.
    #[must_use]
    pub fn load(&self) -> Settings {
        let Some(path) = &self.0 else { return Settings::default() };
        not_in_a_frame("reads a file");
        let Ok(text) = std::fs::read_to_string(path) else { return Settings::default() };
        match serde_json::from_str::<Settings>(&text) {
            Ok(settings) => settings.within_limits(),
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "the settings of the desktop app cannot be read; starting with fresh ones");
                Settings::default()
            }
        }
    }

    /// Writes the settings.
    pub fn save(&self, settings: &Settings) {
        let Some(path) = &self.0 else { return };
        not_in_a_frame("writes a file");
        let written = serde_json::to_string_pretty(settings).map_err(std::io::Error::other).and_then(|text| {
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder)?;
            }
            std::fs::write(path, text)
        });
        if let Err(error) = written {
            tracing::warn!(path = %path.display(), %error, "the settings of the desktop app cannot be written");
        }
    }
}

impl Settings {
    fn within_limits(mut self) -> Self {
        let [width, height] = self.window;
        let sane = |value: f32, low: f32, high: f32, other: f32| if value.is_finite() { value.clamp(low, high) } else { other };
        self.window = [sane(width, 900.0, 7680.0, 1280.0), sane(height, 600.0, 4320.0, 800.0)];
        self.zoom = sane(self.zoom, 0.5, 3.0, 1.0);
        self.splits.retain(|_, share| share.is_finite());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_survive_a_restart_and_nonsense_is_kept_within_limits() {
        let folder = tempfile::tempdir().unwrap();
        let file = SettingsFile::at(&folder.path().join("new").join("desktop.json"));
        assert_eq!(file.load(), Settings::default());
        let settings = Settings { theme: ThemeChoice::Dark, zoom: 1.5, tab: Tab::MetaverseSearch, ..Settings::default() };
        file.save(&settings);
        assert_eq!(file.load(), settings);
        file.save(&Settings { zoom: 90.0, window: [1.0, 1.0], ..Settings::default() });
        assert_eq!((file.load().zoom, file.load().window), (3.0, [900.0, 600.0]));
    }

    #[test]
    fn a_broken_file_means_fresh_settings() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("desktop.json");
        std::fs::write(&path, "{ broken").unwrap();
        assert_eq!(SettingsFile::at(&path).load(), Settings::default());
    }
}
