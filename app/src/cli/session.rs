//! What every command needs: the data folder and the engine on it.

use std::path::{Path, PathBuf};

use syncline_engine::service::{Engine, EngineOptions};

use super::exit::{Exit, Failure};
use super::output::Output;

/// One call of the program.
#[derive(Debug)]
pub struct Session {
    /// `--data` or `SYNCLINE_DATA`.
    pub folder: Option<PathBuf>,
    /// Where answers go.
    pub output: Output,
}

impl Session {
    /// The data folder: the given one, else the one of this user.
    ///
    /// # Errors
    /// [`Failure`] when the user has no home folder.
    pub fn folder(&self) -> Result<PathBuf, Failure> {
        self.folder.clone().or_else(default_folder).ok_or_else(|| {
            Failure::new(Exit::NotConfigured, "this account has no home folder; name a data folder with --data or SYNCLINE_DATA")
        })
    }

    /// Asks the engine something; other processes may be running it at the same time.
    ///
    /// # Errors
    /// [`Failure`] when the folder is not a data folder or cannot be used, and that of the question.
    pub fn query<T>(&self, question: impl FnOnce(&Engine) -> Result<T, Failure>) -> Result<T, Failure> {
        with(Engine::open(&self.folder()?, EngineOptions { read_only: true, ..options() })?, question)
    }

    /// Works with the engine, which is this process's own meanwhile.
    ///
    /// # Errors
    /// [`Failure`] when the folder is not a data folder, cannot be used or belongs to another process,
    /// and that of the work.
    pub fn operate<T>(&self, work: impl FnOnce(&Engine) -> Result<T, Failure>) -> Result<T, Failure> {
        with(Engine::open(&self.folder()?, options())?, work)
    }

    /// Works with the engine as [`Session::operate`] does; an empty data folder is made when there is none.
    ///
    /// # Errors
    /// [`Failure`] when the folder holds something else or belongs to another process, and that of the work.
    pub fn configure<T>(&self, work: impl FnOnce(&Engine) -> Result<T, Failure>) -> Result<T, Failure> {
        with(Engine::create(&self.folder()?, options())?, work)
    }

    /// The words that call this program on the same folder: `syncline --data DIR`.
    #[must_use]
    pub fn invocation(&self, folder: &Path) -> String {
        format!("syncline --data {}", super::text::shell_word(&folder.to_string_lossy()))
    }
}

/// Works with an engine and shuts it down afterwards.
///
/// # Errors
/// [`Failure`] of the work.
pub fn with<T>(engine: Engine, work: impl FnOnce(&Engine) -> Result<T, Failure>) -> Result<T, Failure> {
    let result = work(&engine);
    engine.shutdown();
    result
}

/// Engine options with the account of this user.
#[must_use]
pub fn options() -> EngineOptions {
    EngineOptions { user: account(), ..EngineOptions::default() }
}

/// The data folder of this user.
#[must_use]
pub fn default_folder() -> Option<PathBuf> {
    dirs::data_dir().map(|folder| folder.join("syncline"))
}

/// The account that started the program, for the run history.
fn account() -> String {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    match (variable("USERDOMAIN"), variable("USERNAME").or_else(|| variable("USER"))) {
        (Some(domain), Some(user)) => format!("{domain}\\{user}"),
        (None, Some(user)) => user,
        (_, None) => "unknown".to_string(),
    }
}
