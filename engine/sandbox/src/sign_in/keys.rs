//! The tenant's RSA key: signs access tokens and verifies them.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rsa::pkcs1v15::{Signature, SigningKey as Pkcs1Key, VerifyingKey};
use rsa::pkcs8::{DecodePrivateKey, EncodePrivateKey, LineEnding};
use rsa::rand_core::OsRng;
use rsa::signature::{SignatureEncoding, Signer, Verifier};
use rsa::traits::PublicKeyParts;
use rsa::{RsaPrivateKey, RsaPublicKey};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::SandboxError;
use crate::server::files;

const BITS: usize = 2048;

/// A key pair for RS256.
pub(crate) struct SigningKey {
    signer: Pkcs1Key<Sha256>,
    verifier: VerifyingKey<Sha256>,
    public: RsaPublicKey,
    id: String,
    /// The latest token that was found to be signed, with its claims: clients send the same one with every request.
    verified: Mutex<Option<(String, Value)>>,
}

impl SigningKey {
    /// Reads the key of the file, or makes one.
    pub(crate) fn open(path: &Path) -> Result<SigningKey, SandboxError> {
        let failed = |error: &dyn std::fmt::Display| SandboxError::Keys(error.to_string());
        let private = match files::read_private(path)? {
            Some(pem) => RsaPrivateKey::from_pkcs8_pem(&pem).map_err(|error| failed(&error))?,
            None => {
                let key = RsaPrivateKey::new(&mut OsRng, BITS).map_err(|error| failed(&error))?;
                let pem = key.to_pkcs8_pem(LineEnding::LF).map_err(|error| failed(&error))?;
                files::write_private(path, &pem)?;
                key
            }
        };
        let public = private.to_public_key();
        let id = URL_SAFE_NO_PAD.encode(Sha256::digest(public.n().to_bytes_be()));
        Ok(SigningKey {
            signer: Pkcs1Key::new(private),
            verifier: VerifyingKey::new(public.clone()),
            public,
            id: id.chars().take(27).collect(),
            verified: Mutex::default(),
        })
    }

    /// A signed token with the claims.
    pub(crate) fn sign(&self, claims: &Value) -> String {
        let header = json!({ "typ": "JWT", "alg": "RS256", "kid": self.id });
        let text = format!("{}.{}", URL_SAFE_NO_PAD.encode(header.to_string()), URL_SAFE_NO_PAD.encode(claims.to_string()));
        let signature = self.signer.sign(text.as_bytes()).to_bytes();
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// The claims of a token this key signed.
    pub(crate) fn verify(&self, token: &str) -> Option<Value> {
        let mut verified = self.verified.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, claims)) = verified.as_ref().filter(|(known, _)| known == token) {
            return Some(claims.clone());
        }
        let (text, signature) = token.rsplit_once('.')?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        let signature = Signature::try_from(signature.as_slice()).ok()?;
        self.verifier.verify(text.as_bytes(), &signature).ok()?;
        let (_, claims) = text.split_once('.')?;
        let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()?;
        *verified = Some((token.to_owned(), claims.clone()));
        Some(claims)
    }

    /// The public key as a JSON web key.
    pub(crate) fn jwk(&self) -> Value {
        json!({
            "kty": "RSA",
            "use": "sig",
            "alg": "RS256",
            "kid": self.id,
            "n": URL_SAFE_NO_PAD.encode(self.public.n().to_bytes_be()),
            "e": URL_SAFE_NO_PAD.encode(self.public.e().to_bytes_be()),
        })
    }
}
