//! Files of the tenant's folder.

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::Path;

use crate::SandboxError;

fn failed(path: &Path) -> impl FnOnce(std::io::Error) -> SandboxError + '_ {
    move |source| SandboxError::File { path: path.to_owned(), source }
}

/// Makes a folder that only its owner can read.
pub(crate) fn make_folder(path: &Path) -> Result<(), SandboxError> {
    if path.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(path).map_err(failed(path))?;
    restrict(path, 0o700)
}

/// The text of a file, `None` if it does not exist.
pub(crate) fn read(path: &Path) -> Result<Option<String>, SandboxError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(path)(error)),
    }
}

/// Writes a file everyone may read.
pub(crate) fn write(path: &Path, text: &str) -> Result<(), SandboxError> {
    fs::write(path, text).map_err(failed(path))
}

/// Writes a file that only its owner can read; it is never readable by others, not even while it is written.
pub(crate) fn write_private(path: &Path, text: &str) -> Result<(), SandboxError> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).map_err(failed(path))?;
    restrict(path, 0o600)?;
    file.write_all(text.as_bytes()).map_err(failed(path))
}

/// The text of a private file, `None` if it does not exist; others lose access if they had it.
pub(crate) fn read_private(path: &Path) -> Result<Option<String>, SandboxError> {
    let text = read(path)?;
    if text.is_some() {
        restrict(path, 0o600)?;
    }
    Ok(text)
}

/// Makes sure that a file exists and only its owner can use it.
pub(crate) fn make_private(path: &Path) -> Result<(), SandboxError> {
    if path.is_file() { restrict(path, 0o600) } else { write_private(path, "") }
}

#[cfg(unix)]
fn restrict(path: &Path, mode: u32) -> Result<(), SandboxError> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).map_err(failed(path))
}

/// Elsewhere the folder's inherited permissions apply.
#[cfg(not(unix))]
fn restrict(_path: &Path, _mode: u32) -> Result<(), SandboxError> {
    Ok(())
}
