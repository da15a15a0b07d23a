//! Files that a person asked for.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::path::Path;

/// Writes a text file; gives its path as shown. An existing file is replaced only when that is wanted.
///
/// # Errors
/// Why it cannot be written, in a sentence.
pub fn write_text(path: &Path, text: &str, replace: bool) -> Result<String, String> {
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
    fn file_names_hold_nothing_that_file_systems_refuse() {
        assert_eq!(plain_name("In from AD - User/Join: 1"), "In_from_AD_-_User_Join__1");
    }
}
