//! The data folder: what is in it, whose it is, and who works on it (`operations.md` 12).

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use super::EngineError;

const DATABASE: &str = "syncline.db";
const KEY: &str = "syncline.key";
const LOCK: &str = "engine.lock";

/// Place of the database in a data folder.
pub(super) fn database(folder: &Path) -> PathBuf {
    folder.join(DATABASE)
}

/// Place of the key file in a data folder.
pub(super) fn key(folder: &Path) -> PathBuf {
    folder.join(KEY)
}

/// True when the folder holds a workspace.
pub(super) fn is_workspace(folder: &Path) -> bool {
    database(folder).is_file()
}

/// Makes the folder, private to its owner. A folder with foreign content is refused; one in which a program died before
/// it had a database is not.
pub(super) fn create(folder: &Path) -> Result<PathBuf, EngineError> {
    let failed = |source| EngineError::Folder { folder: folder.display().to_string(), source };
    if folder.exists() {
        let mut names = fs::read_dir(folder).map_err(failed)?.filter_map(Result::ok).map(|entry| entry.file_name());
        let foreign = names.find(|name| name != LOCK);
        if let Some(name) = foreign {
            return Err(EngineError::NotAWorkspace {
                folder: folder.display().to_string(),
                reason: format!("it is not empty (it holds \"{}\") and has no {DATABASE}", name.to_string_lossy()),
            });
        }
    }
    fs::create_dir_all(folder).map_err(failed)?;
    make_private(folder).map_err(failed)?;
    folder.canonicalize().map_err(failed)
}

/// The folder of an existing workspace, as an absolute path.
pub(super) fn existing(folder: &Path) -> Result<PathBuf, EngineError> {
    let display = folder.display().to_string();
    if !folder.exists() {
        return Err(EngineError::NotAWorkspace { folder: display, reason: "the folder does not exist".to_owned() });
    }
    if !is_workspace(folder) {
        return Err(EngineError::NotAWorkspace { folder: display, reason: format!("it has no {DATABASE}") });
    }
    folder.canonicalize().map_err(|source| EngineError::Folder { folder: display, source })
}

#[cfg(unix)]
fn make_private(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700))
}

#[cfg(not(unix))]
fn make_private(_folder: &Path) -> std::io::Result<()> {
    Ok(())
}

/// Ownership of a data folder; the operating system frees it when the process ends, however it ends.
#[derive(Debug)]
pub(super) struct Ownership(File);

impl Ownership {
    /// Takes the folder.
    ///
    /// # Errors
    /// [`EngineError::Locked`] names the process that has it.
    pub(super) fn take(folder: &Path) -> Result<Self, EngineError> {
        let failed = |source| EngineError::Folder { folder: folder.display().to_string(), source };
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(folder.join(LOCK)).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {
                file.set_len(0).map_err(failed)?;
                file.rewind().map_err(failed)?;
                write!(file, "{}", std::process::id()).map_err(failed)?;
                Ok(Self(file))
            }
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                file.read_to_string(&mut text).ok();
                Err(EngineError::Locked { folder: folder.display().to_string(), pid: text.trim().parse().unwrap_or_default() })
            }
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }
}

impl Drop for Ownership {
    fn drop(&mut self) {
        // Closing the file frees the lock as well; a failure here changes nothing.
        self.0.unlock().ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_in_which_a_program_died_before_it_had_a_database_is_taken_and_one_of_others_is_not() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("data");
        create(&folder).unwrap();
        drop(Ownership::take(&folder).unwrap());
        assert_eq!(create(&folder).unwrap(), folder.canonicalize().unwrap());
        fs::write(folder.join("letter.txt"), "Dear").unwrap();
        let refused = create(&folder).unwrap_err().to_string();
        assert!(refused.contains("letter.txt"), "{refused}");
    }
}
