//! Passwords and client secrets: typed, piped or read from a file, never an argument.

use std::fs::File;
use std::io::{ErrorKind, IsTerminal, Read};
use std::path::{Path, PathBuf};

use clap::Args;
use secrecy::SecretString;
use secrecy::zeroize::Zeroizing;

use super::exit::{Exit, Failure};

/// Longest secret read, in bytes.
const LONGEST: u64 = 4096;
/// Longest certificate read, in bytes.
const LONGEST_CERTIFICATE: u64 = 64 * 1024;

/// Where a secret comes from; without an option it is asked for.
#[derive(Args, Debug)]
pub struct SecretArgs {
    /// Read the password from standard input
    #[arg(long, conflicts_with = "secret_file")]
    pub secret_stdin: bool,
    /// Read the password from this file
    #[arg(long, value_name = "FILE")]
    pub secret_file: Option<PathBuf>,
}

impl SecretArgs {
    /// Reads the secret of `whose`, such as `svc_sync@contoso.com`. A line break at its end does not
    /// belong to it.
    ///
    /// # Errors
    /// [`Failure`] when there is none, when it cannot be read, and when nobody can be asked.
    pub fn read(&self, whose: &str) -> Result<SecretString, Failure> {
        let text = match (&self.secret_file, self.secret_stdin) {
            (Some(path), _) => from_file(path)?,
            (None, true) => from_reader(std::io::stdin().lock(), "standard input")?,
            (None, false) => ask(whose)?,
        };
        checked(&text)
    }
}

/// Reads a certificate and its private key, both in PEM form in one file.
///
/// # Errors
/// [`Failure`] when the file cannot be read or lacks one of the two; nothing that it holds is repeated.
pub fn certificate(path: &Path) -> Result<SecretString, Failure> {
    let shown = path.display();
    let file = File::open(path).map_err(|error| {
        let exit = if error.kind() == ErrorKind::NotFound { Exit::NotFound } else { Exit::Invalid };
        Failure::new(exit, format!("the certificate file {shown} cannot be opened: {error}"))
    })?;
    let mut text = Zeroizing::new(String::with_capacity(LONGEST_CERTIFICATE as usize + 1));
    file.take(LONGEST_CERTIFICATE + 1)
        .read_to_string(&mut text)
        .map_err(|error| Failure::invalid(format!("the certificate file {shown} cannot be read: {error}")))?;
    if text.len() as u64 > LONGEST_CERTIFICATE {
        return Err(Failure::invalid(format!("the certificate file {shown} holds more than {LONGEST_CERTIFICATE} bytes")));
    }
    for (label, what) in [("CERTIFICATE-----", "certificate"), ("PRIVATE KEY-----", "private key")] {
        if !text.contains(label) {
            return Err(Failure::invalid(format!(
                "the certificate file {shown} holds no {what} in PEM form; put the certificate and its private key into one file"
            )));
        }
    }
    Ok(SecretString::from(text.as_str()))
}

/// Asks the person at the terminal; what is typed is not shown.
fn ask(whose: &str) -> Result<Zeroizing<String>, Failure> {
    if !std::io::stdin().is_terminal() {
        let message = format!("no password is given for {whose}: pass it with --secret-stdin or --secret-file FILE");
        return Err(Failure::new(Exit::Usage, message));
    }
    let prompt = format!("Password of {}: ", super::text::safe(whose));
    rpassword::prompt_password(prompt).map(Zeroizing::new).map_err(|error| match error.kind() {
        ErrorKind::Interrupted => Failure::new(Exit::Canceled, "canceled"),
        _ => Failure::new(
            Exit::Usage,
            format!("the terminal cannot be asked for the password ({error}); pass it with --secret-stdin or --secret-file FILE"),
        ),
    })
}

fn from_file(path: &Path) -> Result<Zeroizing<String>, Failure> {
    let file = File::open(path).map_err(|error| {
        let exit = match error.kind() {
            ErrorKind::NotFound => Exit::NotFound,
            ErrorKind::PermissionDenied => Exit::Permission,
            _ => Exit::Invalid,
        };
        Failure::new(exit, format!("the password file {} cannot be opened: {error}", path.display()))
    })?;
    from_reader(file, &format!("the password file {}", path.display()))
}

fn from_reader(reader: impl Read, source: &str) -> Result<Zeroizing<String>, Failure> {
    // Room for all of it: a buffer that grows would leave copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(LONGEST as usize + 1));
    reader
        .take(LONGEST + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| Failure::invalid(format!("{source} cannot be read: {error}")))?;
    if bytes.len() as u64 > LONGEST {
        return Err(Failure::invalid(format!("{source} holds more than {LONGEST} bytes; a password is shorter")));
    }
    match std::str::from_utf8(&bytes) {
        Ok(text) => Ok(Zeroizing::new(text.to_owned())),
        Err(error) => {
            let place = error.valid_up_to();
            Err(Failure::invalid(format!("{source} is not UTF-8 text (byte {place}); save it as UTF-8")))
        }
    }
}

/// The secret without the line break at its end.
fn checked(text: &str) -> Result<SecretString, Failure> {
    let secret = text.strip_suffix('\n').unwrap_or(text);
    let secret = secret.strip_suffix('\r').unwrap_or(secret);
    let secret = secret.strip_prefix('\u{feff}').unwrap_or(secret);
    if secret.is_empty() {
        return Err(Failure::invalid("the password is empty; a directory would sign in nobody with it"));
    }
    if secret.contains(['\n', '\r', '\0']) {
        return Err(Failure::invalid("the password has more than one line; only the password itself may be given"));
    }
    Ok(SecretString::from(secret))
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn a_secret_is_one_line() {
        let check = |text: &str, expected: Option<&str>| {
            assert_eq!(checked(text).ok().map(|secret| secret.expose_secret().to_owned()).as_deref(), expected, "{text:?}");
        };
        check("Pass-word1", Some("Pass-word1"));
        check("Pass-word1\n", Some("Pass-word1"));
        check("Pass-word1\r\n", Some("Pass-word1"));
        check("\u{feff}Pass-word1\r\n", Some("Pass-word1"));
        check(" päss wörd ", Some(" päss wörd "));
        check("", None);
        check("\n", None);
        check("one\ntwo", None);
        check("one\n\n", None);
        check("one\0", None);
    }

    #[test]
    fn what_cannot_be_a_secret_is_refused_without_showing_it() {
        let check = |bytes: &[u8], words: &str| {
            let failure = from_reader(bytes, "standard input").unwrap_err();
            assert_eq!(failure.exit, Exit::Invalid);
            assert!(failure.message.contains(words), "{}", failure.message);
        };
        check(b"caf\xe9", "byte 3");
        check(&vec![b'x'; LONGEST as usize + 1], "4096");
        assert_eq!(from_reader(&vec![b'x'; LONGEST as usize][..], "standard input").unwrap().len(), LONGEST as usize);
    }

    #[test]
    fn a_password_file_is_read_or_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        std::fs::write(&file, "Pass-word1\n").unwrap();
        let read = |path: &Path| SecretArgs { secret_stdin: false, secret_file: Some(path.to_owned()) }.read("svc");
        assert_eq!(read(&file).unwrap().expose_secret(), "Pass-word1");
        let missing = read(&folder.path().join("nothing")).unwrap_err();
        assert_eq!(missing.exit, Exit::NotFound);
        assert!(missing.message.contains("nothing"), "{}", missing.message);
    }
}
