//! Files that a person asked for.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use crate::desktop::frame::not_in_a_frame;

/// Writes a text file; gives its path as shown. An existing file is replaced only when that is wanted.
///
/// # Errors
/// Why it cannot be written, in a sentence.
pub fn write_text(path: &Path, text: &str, replace: bool) -> Result<String, String> {
    not_in_a_frame("writes a file");
    let shown = path.display().to_string();
    let mut options = OpenOptions::new();
    let options = options.write(true).create(true).create_new(!replace).truncate(replace);
    let written = options.open(path).and_then(|mut file| file.write_all(text.as_bytes()));
    match written {
        Ok(()) => Ok(shown),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            Err(format!("{shown} exists; choose another name, or let it be replaced"))
        }
        Err(error) => Err(format!("{shown} cannot be written: {error}")),
    }
}

/// A file that is being written; it gets its name once it is complete.
pub struct WholeFile<'a> {
    path: &'a Path,
    file: BufWriter<File>,
}

impl WholeFile<'_> {
    /// Adds text.
    ///
    /// # Errors
    /// A sentence that names the file.
    pub fn put(&mut self, text: &str) -> Result<(), String> {
        self.file.write_all(text.as_bytes()).map_err(|error| failed(self.path, &error))
    }
}

fn failed(path: &Path, error: &std::io::Error) -> String {
    format!("Cannot write {}: {error}", path.display())
}

/// Writes a file part by part; what is not complete never stands under the name. A file that is there is replaced only
/// where that was said.
///
/// # Errors
/// A sentence that names the file, or what filling it said.
pub fn write_whole(
    path: &Path,
    replace: bool,
    fill: impl FnOnce(&mut WholeFile<'_>) -> Result<(), String>,
) -> Result<(), String> {
    not_in_a_frame("writes a file");
    if !replace && path.exists() {
        return Err(format!("{} exists already; choose another name, or allow replacing it", path.display()));
    }
    let part = PathBuf::from(format!("{}.part", path.display()));
    let mut file = WholeFile { path, file: BufWriter::new(File::create(&part).map_err(|error| failed(path, &error))?) };
    let filled = fill(&mut file).and_then(|()| file.file.flush().map_err(|error| failed(path, &error)));
    drop(file);
    let done = filled.and_then(|()| std::fs::rename(&part, path).map_err(|error| failed(path, &error)));
    if done.is_err() {
        // The error that counts is the one above; a leftover says `.part`.
        std::fs::remove_file(&part).ok();
    }
    done
}

/// Where files go at first.
#[must_use]
pub fn documents() -> PathBuf {
    dirs::document_dir().or_else(dirs::home_dir).unwrap_or_else(std::env::temp_dir)
}

/// A name without what file systems do not take.
#[must_use]
pub fn plain_name(name: &str) -> String {
    name.chars().map(|letter| if letter.is_alphanumeric() || matches!(letter, '.' | '-') { letter } else { '_' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_existing_file_is_replaced_only_when_that_is_wanted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rule.toml");
        assert!(write_text(&path, "one, the longer text", false).is_ok());
        assert!(write_text(&path, "two", false).unwrap_err().contains("exists"));
        assert!(write_text(&path, "three", true).is_ok());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "three");
        assert!(write_text(&folder.path().join("none").join("rule.toml"), "x", true).unwrap_err().contains("cannot be written"));
    }

    #[test]
    fn what_is_not_complete_leaves_the_former_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("list.csv");
        write_whole(&path, false, |file| file.put("one")).unwrap();
        let broken = write_whole(&path, true, |file| file.put("two").and(Err("the engine is gone".to_owned())));
        assert_eq!(broken, Err("the engine is gone".to_owned()));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "one");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(write_whole(&path, false, |file| file.put("three")).unwrap_err().contains("exists already"));
    }

    #[test]
    fn file_names_hold_nothing_that_file_systems_refuse() {
        assert_eq!(plain_name("In from AD - User/Join: 1"), "In_from_AD_-_User_Join__1");
    }
}
