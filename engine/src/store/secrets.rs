//! Passwords and client secrets at rest: encrypted with a key file that only its owner may read
//! (`design.md` 9).

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use chacha20poly1305::aead::{Aead as _, AeadCore as _, KeyInit as _, OsRng};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce};
use secrecy::{ExposeSecret as _, SecretString};
use thiserror::Error;
use zeroize::Zeroizing;

const KEY_LENGTH: usize = 32;
const NONCE_LENGTH: usize = 12;

/// Secrets that cannot be kept or read.
#[derive(Debug, Error)]
pub enum SecretError {
    /// The key file cannot be read or written.
    #[error("cannot use the key file {path}")]
    KeyFile {
        /// File.
        path: PathBuf,
        /// Cause.
        #[source]
        source: io::Error,
    },
    /// The key file is damaged.
    #[error(
        "the key file {path} is damaged: it must hold {KEY_LENGTH} bytes; restore it from a backup or enter the passwords again"
    )]
    DamagedKey {
        /// File.
        path: PathBuf,
    },
    /// The stored secret does not belong to the key.
    #[error("a stored password cannot be decrypted with the key file {path}; enter the password again")]
    Undecipherable {
        /// File.
        path: PathBuf,
    },
}

/// Encrypts and decrypts with the key file of a data folder.
pub struct SecretStore {
    cipher: ChaCha20Poly1305,
    path: PathBuf,
}

impl std::fmt::Debug for SecretStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SecretStore").field("path", &self.path).finish_non_exhaustive()
    }
}

impl SecretStore {
    /// Reads the key file, making it if it is not there.
    ///
    /// # Errors
    /// [`SecretError`] when the file cannot be read, written or is damaged.
    pub fn open(path: &Path) -> Result<Self, SecretError> {
        let failed = |source| SecretError::KeyFile { path: path.to_owned(), source };
        let bytes = match fs::read(path) {
            Ok(bytes) => Zeroizing::new(bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let key = Zeroizing::new(ChaCha20Poly1305::generate_key(&mut OsRng).to_vec());
                keep(path, &key).and_then(|()| fs::read(path)).map(Zeroizing::new).map_err(failed)?
            }
            Err(error) => return Err(failed(error)),
        };
        if bytes.len() != KEY_LENGTH {
            return Err(SecretError::DamagedKey { path: path.to_owned() });
        }
        Ok(Self { cipher: ChaCha20Poly1305::new(Key::from_slice(&bytes)), path: path.to_owned() })
    }

    /// Encrypts a secret.
    ///
    /// # Errors
    /// [`SecretError::Undecipherable`] when the cipher refuses (a secret beyond 256 GiB).
    pub fn encrypt(&self, secret: &SecretString) -> Result<Vec<u8>, SecretError> {
        let nonce = ChaCha20Poly1305::generate_nonce(&mut OsRng);
        let sealed = self.cipher.encrypt(&nonce, secret.expose_secret().as_bytes()).ok().ok_or_else(|| self.undecipherable())?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// Decrypts what [`SecretStore::encrypt`] gave.
    ///
    /// # Errors
    /// [`SecretError::Undecipherable`] when it was encrypted with another key.
    pub fn decrypt(&self, stored: &[u8]) -> Result<SecretString, SecretError> {
        let (nonce, sealed) = stored.split_at_checked(NONCE_LENGTH).ok_or_else(|| self.undecipherable())?;
        let plain = self.cipher.decrypt(Nonce::from_slice(nonce), sealed).ok().ok_or_else(|| self.undecipherable())?;
        String::from_utf8(plain).map(SecretString::from).ok().ok_or_else(|| self.undecipherable())
    }

    fn undecipherable(&self) -> SecretError {
        SecretError::Undecipherable { path: self.path.clone() }
    }
}

/// Writes a file that only its owner may read. It is there whole or not at all, whenever the program ends; a file that
/// somebody else made in the meantime stays.
fn keep(path: &Path, key: &[u8]) -> io::Result<()> {
    let mut file = tempfile::NamedTempFile::new_in(path.parent().unwrap_or(Path::new("")))?;
    file.write_all(key)?;
    file.as_file().sync_all()?;
    match file.persist_noclobber(path) {
        Err(error) if error.error.kind() != io::ErrorKind::AlreadyExists => Err(error.error),
        Ok(_) | Err(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_read_back_with_their_key_only() {
        let folder = tempfile::tempdir().unwrap();
        let store = SecretStore::open(&folder.path().join("key")).unwrap();
        let sealed = store.encrypt(&SecretString::from("pässword".to_owned())).unwrap();
        assert!(!sealed.windows(4).any(|window| window == b"word"));
        let again = SecretStore::open(&folder.path().join("key")).unwrap();
        assert_eq!(again.decrypt(&sealed).unwrap().expose_secret(), "pässword");
        let other = SecretStore::open(&folder.path().join("other")).unwrap();
        assert!(other.decrypt(&sealed).unwrap_err().to_string().contains("enter the password again"));
    }

    #[test]
    fn a_key_that_is_there_already_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        keep(&path, b"first").unwrap();
        keep(&path, b"second").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"first");
        let files = fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(files, 1);
        assert!(keep(&folder.path().join("nowhere/key"), b"third").is_err());
    }

    #[cfg(unix)]
    #[test]
    fn the_key_file_is_private() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        SecretStore::open(&folder.path().join("key")).unwrap();
        let mode = fs::metadata(folder.path().join("key")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
