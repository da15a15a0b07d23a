//! The text of an expression: an argument, a file, or standard input; and files in general.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::exit::{Exit, Failure};

/// The largest file that is read as an expression or object; an expression has at most 32,768 characters.
const LONGEST: u64 = 1 << 20;

/// Where the expression comes from.
#[derive(Args, Debug)]
pub struct TextArgs {
    /// The expression
    #[arg(value_name = "EXPRESSION", required_unless_present = "file", conflicts_with = "file")]
    pub expression: Option<String>,
    /// Read the expression from a file; - is standard input
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
}

impl TextArgs {
    /// The expression.
    ///
    /// # Errors
    /// [`Failure`] when the file cannot be read.
    pub fn read(&self) -> Result<String, Failure> {
        match (&self.expression, &self.file) {
            (Some(expression), _) => Ok(expression.clone()),
            (None, Some(file)) => {
                let text = read_file(file, "the expression", LONGEST)?;
                // The line break that an editor puts at the end is no part of the expression.
                let text = text.strip_suffix('\n').unwrap_or(&text);
                Ok(text.strip_suffix('\r').unwrap_or(text).to_owned())
            }
            (None, None) => Err(Failure::new(Exit::Usage, "name an expression or --file")),
        }
    }
}

/// A whole file of text; `-` is standard input.
///
/// # Errors
/// [`Failure`] when there is no such file, it is larger than `longest` bytes, or no text.
pub fn read_file(path: &Path, what: &str, longest: u64) -> Result<String, Failure> {
    if path == Path::new("-") {
        return read(std::io::stdin().lock(), &format!("{what} on standard input"), longest);
    }
    let what = format!("{what} in {}", path.display());
    let file = File::open(path).map_err(|error| {
        let exit = match error.kind() {
            ErrorKind::NotFound => Exit::NotFound,
            ErrorKind::PermissionDenied => Exit::Permission,
            _ => Exit::Invalid,
        };
        Failure::new(exit, format!("{what} cannot be opened: {error}"))
    })?;
    read(file, &what, longest)
}

fn read(reader: impl Read, what: &str, longest: u64) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    let read = reader.take(longest.saturating_add(1)).read_to_end(&mut bytes);
    read.map_err(|error| Failure::invalid(format!("{what} cannot be read: {error}")))?;
    if bytes.len() as u64 > longest {
        return Err(Failure::invalid(format!("{what} is larger than {}", crate::cli::text::bytes(longest))));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let place = error.utf8_error().valid_up_to();
        Failure::invalid(format!("{what} is not UTF-8 text (byte {place}); save it as UTF-8"))
    })?;
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from_file(bytes: &[u8]) -> Result<String, Failure> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("expression.txt");
        std::fs::write(&file, bytes).unwrap();
        TextArgs { expression: None, file: Some(file) }.read()
    }

    #[test]
    fn files_are_read_as_people_save_them() {
        let check = |bytes: &[u8], expected: &str| assert_eq!(from_file(bytes).unwrap(), expected);
        check(b"Trim([mail])", "Trim([mail])");
        check(b"Trim([mail])\n", "Trim([mail])");
        check(b"\xEF\xBB\xBFTrim(\r\n[mail])\r\n", "Trim(\r\n[mail])");
        check(b"\n\n", "\n");
    }

    #[test]
    fn what_is_no_text_is_refused() {
        let check = |bytes: &[u8], words: &str| {
            let failure = from_file(bytes).unwrap_err();
            assert!(failure.exit == Exit::Invalid && failure.message.contains(words), "{}", failure.message);
        };
        check(b"a\xFFb", "is not UTF-8 text (byte 1); save it as UTF-8");
        check(&vec![b' '; LONGEST as usize + 1], "is larger than 1.0 MiB");
        let failure = read_file(Path::new("/no/such/file"), "the expression", 1).unwrap_err();
        assert_eq!(failure.exit, Exit::NotFound);
        assert!(failure.message.starts_with("the expression in /no/such/file cannot be opened: "), "{}", failure.message);
    }
}
