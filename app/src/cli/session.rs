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

    /// Works with the engine as [`Session::operate`] does; when there is no data folder, on an empty one that is
    /// removed afterwards.
    ///
    /// # Errors
    /// [`Failure`] when the folder cannot be used or belongs to another process, and that of the work.
    pub fn rehearse<T>(&self, work: impl FnOnce(&Engine) -> Result<T, Failure>) -> Result<T, Failure> {
        if Engine::is_workspace(&self.folder()?) {
            return self.operate(work);
        }
        let folder = new_folder(&std::env::temp_dir(), "syncline-rehearsal")?;
        let result = Engine::create(&folder, options()).map_err(Failure::from).and_then(|engine| with(engine, work));
        // What stays behind is an empty data folder among the temporary files.
        std::fs::remove_dir_all(&folder).ok();
        result
    }

    /// The words that call this program on the same folder: `syncline --data DIR`.
    #[must_use]
    pub fn invocation(&self, folder: &Path) -> String {
        format!("syncline --data {}", super::text::shell_word(&folder.to_string_lossy()))
    }
}

/// Makes a folder of its own that only this user can read.
///
/// # Errors
/// [`Failure`] when the parent folder cannot be used.
pub fn new_folder(parent: &Path, name: &str) -> Result<PathBuf, Failure> {
    for number in 1..10_000 {
        let folder = parent.join(format!("{name}-{number}"));
        match private_folder(&folder) {
            Ok(()) => return Ok(folder),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(Failure::invalid(format!("cannot create folder {}: {error}", folder.display()))),
        }
    }
    Err(Failure::invalid(format!("{} is full of {name} folders; delete some or name a folder with --data", parent.display())))
}

/// Creates a folder for this user alone; fails when there is something of that name.
fn private_folder(folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
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
    EngineOptions { user: crate::account::account(), ..EngineOptions::default() }
}

/// The data folder of this user.
#[must_use]
pub fn default_folder() -> Option<PathBuf> {
    dirs::data_dir().map(|folder| folder.join("syncline"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_call_gets_a_folder_of_its_own() {
        let parent = tempfile::tempdir().unwrap();
        let first = new_folder(parent.path(), "syncline-demo").unwrap();
        let second = new_folder(parent.path(), "syncline-demo").unwrap();
        assert_ne!(first, second);
        assert!(first.is_dir() && second.is_dir());
    }

    #[test]
    #[cfg(unix)]
    fn the_folder_is_private() {
        use std::os::unix::fs::PermissionsExt;
        let parent = tempfile::tempdir().unwrap();
        let folder = new_folder(parent.path(), "syncline-demo").unwrap();
        assert_eq!(folder.metadata().unwrap().permissions().mode() & 0o777, 0o700);
    }
}
