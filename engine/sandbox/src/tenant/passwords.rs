//! Passwords of users: the text their hash is kept in, and checking one against it.

use jiff::Timestamp;
use md4::{Digest, Md4};
use pbkdf2::pbkdf2_hmac;
use sha2::Sha256;

use super::Tenant;
use crate::SandboxError;
use crate::sign_in::secrets::equal;
use crate::store::credentials::{self, Credential};

const ITERATIONS: u32 = 1000;
const SALT_BYTES: usize = 10;
const KEY_BYTES: usize = 32;
const MAX_ITERATIONS: u32 = 10_000;

/// A stored hash: `v1;PPH1_MD4,<salt>,<iterations>,<key>;`.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct PasswordHash {
    salt: Vec<u8>,
    iterations: u32,
    key: Vec<u8>,
}

impl PasswordHash {
    /// Reads the text of a hash; the last semicolon may be missing.
    pub(crate) fn parse(text: &str) -> Option<PasswordHash> {
        let rest = text.strip_prefix("v1;PPH1_MD4,")?;
        let mut parts = rest.strip_suffix(';').unwrap_or(rest).split(',');
        let salt = bytes(parts.next()?)?;
        let iterations = parts.next()?.parse().ok()?;
        let key = bytes(parts.next()?)?;
        let sound = parts.next().is_none()
            && salt.len() == SALT_BYTES
            && key.len() == KEY_BYTES
            && (1..=MAX_ITERATIONS).contains(&iterations);
        sound.then_some(PasswordHash { salt, iterations, key })
    }

    /// The hash of a password.
    pub(crate) fn of(password: &str, salt: [u8; SALT_BYTES]) -> PasswordHash {
        PasswordHash { salt: salt.to_vec(), iterations: ITERATIONS, key: derive(password, &salt, ITERATIONS).to_vec() }
    }

    /// Whether it is the hash of the password.
    pub(crate) fn verifies(&self, password: &str) -> bool {
        equal(&derive(password, &self.salt, self.iterations), &self.key)
    }

    /// The text of the hash.
    pub(crate) fn text(&self) -> String {
        format!("v1;PPH1_MD4,{},{},{};", hex(&self.salt), self.iterations, hex(&self.key))
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    if !hex.len().is_multiple_of(2) || !hex.is_ascii() {
        return None;
    }
    (0..hex.len()).step_by(2).map(|place| u8::from_str_radix(hex.get(place..place + 2)?, 16).ok()).collect()
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// The directory's hash of the password, as capital hexadecimal digits in UTF-16, stretched.
fn derive(password: &str, salt: &[u8], iterations: u32) -> [u8; KEY_BYTES] {
    let digits = hex(&Md4::digest(utf16(password))).to_uppercase();
    let mut key = [0; KEY_BYTES];
    pbkdf2_hmac::<Sha256>(&utf16(&digits), salt, iterations, &mut key);
    key
}

impl Tenant {
    /// Stores a password that was chosen in the cloud.
    pub(crate) fn set_cloud_password(&mut self, object: i64, password: &str) -> Result<(), SandboxError> {
        let hash = PasswordHash::of(password, self.random_bytes());
        let credential = Credential { data: hash.text(), changed: self.now(), synced: false };
        credentials::replace(&self.db, object, &credential)
    }

    /// Stores a hash that password synchronization sent.
    pub(crate) fn set_synced_password(&self, object: i64, hash: &PasswordHash, changed: Timestamp) -> Result<(), SandboxError> {
        credentials::replace(&self.db, object, &Credential { data: hash.text(), changed, synced: true })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Vectors V1 to V7 and P3, P4 of the feature description.
    const VECTORS: &[(&str, &str, &str)] = &[
        ("Password123!", "0102030405060708090a,1000", "c9efc89d53c6681a1ae54f90fc85321f2d1d06350ff7eafdb0bc32c2c7e7390d"),
        ("Password123!", "00000000000000000000,1000", "d09583026da8f16690305c358bfc14523664601a7db4d4465ca63d659efe665c"),
        ("Pa$$w0rd", "a42b92067e4b8123101a,1000", "f0fc762ea9051ef754652becd83ee5e54c1c857c1c0965abac5d85de9c143911"),
        ("", "ffffffffffffffffffff,1000", "16bc7af334237b8a5ce58fe7185ef661c9ce319847c0616cf446e37388268820"),
        ("Pässwörd-日本", "317ee9d1dec6508fa510,1000", "9e1a0423bf3ee5647139ab4103b5e94d66c4b6ca90885953ab55a1c94e7ec585"),
        (
            "correct horse battery staple",
            "deadbeefcafef00dbaad,1000",
            "356a9303182c71b29a3f815a84eba4ed52e33d2ab5ed2d05f10d7a74e474e4b8",
        ),
        ("P@ssw0rd\u{1F511}", "10203040506070809000,1000", "8a0b966a5bc5d93cd302b329b555bc148f8848741293f45876b6fc5e6e727269"),
        ("openwall", "724b754c4b6d30526f36,100", "367ff0ac2a1cb334bb26609c8bfc8ae5f619d1eaf07568df040f407504a20241"),
        ("Pa$$w0rd", "317ee9d1dec6508fa510,100", "f4a257ffec53809081a605ce8ddedfbc9df9777b80256763bc0a6dd895ef404f"),
    ];

    #[test]
    fn published_hashes_verify_their_passwords() {
        for (password, front, key) in VECTORS {
            let text = format!("v1;PPH1_MD4,{front},{key};");
            let hash = PasswordHash::parse(&text).unwrap();
            assert!(hash.verifies(password), "{password}");
            assert!(!hash.verifies("password123!"));
            assert_eq!(hash.text(), text);
        }
    }

    #[test]
    fn malformed_texts_are_refused() {
        let key = "c9efc89d53c6681a1ae54f90fc85321f2d1d06350ff7eafdb0bc32c2c7e7390d";
        let check = |text: String, expected: bool| assert_eq!(PasswordHash::parse(&text).is_some(), expected, "{text}");
        check(format!("v1;PPH1_MD4,0102030405060708090a,1000,{key}"), true);
        check(format!("v1;PPH1_MD4,01020304050607080900a,1000,{key};"), false);
        check(format!("v1;PPH1_MD4,010203040506070809,1000,{key};"), false);
        check(format!("v1;PPH1_MD4,0102030405060708090a,0,{key};"), false);
        check(format!("v1;PPH1_MD4,0102030405060708090a,10001,{key};"), false);
        check(format!("v1;PPH1_MD4,0102030405060708090a,1000,{};", &key[2..]), false);
        check(format!("v2;PPH1_MD4,0102030405060708090a,1000,{key};"), false);
        check("v1;PPH1_MD4,äöü".to_owned(), false);
    }
}
