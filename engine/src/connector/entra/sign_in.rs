//! Signing in as an application: the form that asks for a token, and the token that is kept until it ends.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use reqwest::Url;
use rustls::SignatureScheme;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::SigningKey;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::settings::{EntraSettings, Proof, server_name};
use super::transport::{Reply, is_busy};
use crate::connector::{ConnectorError, ConnectorErrorKind};

/// A token is renewed this long before it expires.
const RENEW_BEFORE_SECS: i64 = 300;
/// How long an assertion can be used.
const ASSERTION_SECS: i64 = 300;
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

struct Token {
    value: SecretString,
    renew_at: Timestamp,
}

/// What proves that the application is the one that it says it is.
enum Credential {
    Secret(SecretString),
    Certificate { key: Arc<dyn SigningKey>, thumbprint: String },
}

/// The application at the sign-in service, with its token.
pub struct SignIn {
    /// Where tokens are given out.
    pub url: Url,
    client_id: String,
    scope: String,
    credential: Credential,
    token: Option<Token>,
}

impl SignIn {
    /// An application that has not signed in yet.
    ///
    /// # Errors
    /// [`ConnectorError`] when settings or certificate cannot be used.
    pub fn new(settings: &EntraSettings, secret: SecretString) -> Result<Self, ConnectorError> {
        let credential = match settings.proof {
            Proof::Secret => Credential::Secret(secret),
            Proof::Certificate => certificate(&secret)?,
        };
        Ok(Self {
            url: settings.token_url()?,
            client_id: settings.client_id.clone(),
            scope: settings.scope.clone(),
            credential,
            token: None,
        })
    }

    /// The token, while it is good for some minutes more.
    pub fn token(&self, now: Timestamp) -> Option<SecretString> {
        self.token.as_ref().filter(|token| now < token.renew_at).map(|token| token.value.clone())
    }

    /// The roles that the token says the application has; nothing when there is no token or it does not tell.
    pub fn roles(&self) -> Option<Vec<String>> {
        let token = self.token.as_ref()?;
        let mut parts = token.value.expose_secret().split('.');
        let claims = parts.nth(1).filter(|_| parts.next().is_some())?;
        let claims: serde_json::Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()?;
        // Only the token of an application tells its roles; one without any has none.
        claims.get("appid")?;
        let roles = claims.get("roles").and_then(serde_json::Value::as_array).into_iter().flatten();
        Some(roles.filter_map(serde_json::Value::as_str).map(str::to_owned).collect())
    }

    /// Forgets a token that was refused.
    pub fn forget(&mut self) {
        self.token = None;
    }

    /// The fields of the form that asks for a token. They hold the secret.
    ///
    /// # Errors
    /// [`ConnectorError`] when the certificate's key signs nothing.
    pub fn form(&self, now: Timestamp) -> Result<Vec<(&'static str, SecretString)>, ConnectorError> {
        let mut form =
            vec![("client_id", SecretString::from(self.client_id.clone())), ("scope", SecretString::from(self.scope.clone()))];
        match &self.credential {
            Credential::Secret(secret) => form.push(("client_secret", secret.clone())),
            Credential::Certificate { key, thumbprint } => {
                form.push(("client_assertion_type", SecretString::from(ASSERTION_TYPE)));
                form.push(("client_assertion", self.assertion(key.as_ref(), thumbprint, now)?));
            }
        }
        form.push(("grant_type", SecretString::from("client_credentials")));
        Ok(form)
    }

    /// What the application says of itself, signed with its certificate's key.
    fn assertion(&self, key: &dyn SigningKey, thumbprint: &str, now: Timestamp) -> Result<SecretString, ConnectorError> {
        let fault = |message: &str| ConnectorError::new(ConnectorErrorKind::Credentials, message);
        let part = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let header = part(json!({ "alg": "RS256", "typ": "JWT", "x5t#S256": thumbprint }));
        let start = now.as_second();
        let claims = part(json!({
            "aud": self.url.as_str(), "iss": self.client_id, "sub": self.client_id, "jti": Uuid::new_v4(),
            "nbf": start, "iat": start, "exp": start.saturating_add(ASSERTION_SECS),
        }));
        let text = format!("{header}.{claims}");
        let signer = key
            .choose_scheme(&[SignatureScheme::RSA_PKCS1_SHA256])
            .ok_or_else(|| fault("the certificate of the application has no RSA key; applications sign in with RSA keys"))?;
        let signature = signer
            .sign(text.as_bytes())
            .map_err(|error| fault("the certificate's key cannot sign the application in").cause(error))?;
        Ok(SecretString::from(format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))))
    }

    /// Takes the token of an answer.
    ///
    /// # Errors
    /// [`ConnectorError`] says whose fault it is that there is none.
    pub fn accept(&mut self, reply: &Reply, now: Timestamp) -> Result<SecretString, ConnectorError> {
        #[derive(Deserialize)]
        struct Granted {
            access_token: SecretString,
            expires_in: i64,
        }
        let server = server_name(&self.url);
        if reply.status != 200 {
            return Err(self.denied(reply, &server));
        }
        let granted: Granted = serde_json::from_slice(&reply.body).map_err(|error| {
            let message = format!("{server} answered the sign-in without a token");
            ConnectorError::new(ConnectorErrorKind::Protocol, message).server(server).cause(error)
        })?;
        let lifetime = SignedDuration::from_secs(granted.expires_in.saturating_sub(RENEW_BEFORE_SECS).max(0));
        let renew_at = now.checked_add(lifetime).unwrap_or(now);
        Ok(self.token.insert(Token { value: granted.access_token, renew_at }).value.clone())
    }

    fn denied(&self, reply: &Reply, server: &str) -> ConnectorError {
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Denied {
            error: String,
            error_description: String,
        }
        let fail = |kind, message: String| ConnectorError::new(kind, message).server(server);
        if is_busy(reply.status) {
            let message = format!("sign-in service {server} is busy (HTTP {}); run again later", reply.status);
            return fail(ConnectorErrorKind::Dropped, message);
        }
        let denied: Denied = serde_json::from_slice(&reply.body).unwrap_or_default();
        let said = denied.error_description.lines().next().unwrap_or_default();
        let said = if said.is_empty() { format!("HTTP {}", reply.status) } else { said.to_owned() };
        let client_id = &self.client_id;
        match denied.error.as_str() {
            "invalid_client" | "unauthorized_client" | "invalid_grant" | "access_denied" => fail(
                ConnectorErrorKind::Credentials,
                format!(
                    "{server} refuses the sign-in of application {client_id}; enter its client identifier and secret again: {said}"
                ),
            ),
            _ => fail(
                ConnectorErrorKind::Configuration,
                format!("{server} cannot sign in application {client_id}; check the connector's settings: {said}"),
            ),
        }
    }
}

/// Reads a certificate and its private key, both in PEM form in one text.
fn certificate(pem: &SecretString) -> Result<Credential, ConnectorError> {
    let fault = |message: &str| ConnectorError::new(ConnectorErrorKind::Credentials, message);
    let pem = pem.expose_secret().as_bytes();
    let der = CertificateDer::from_pem_slice(pem)
        .map_err(|error| fault("the stored credential holds no certificate in PEM form; set it again").cause(error))?;
    // What a faulty key holds is not repeated in the error.
    let key = PrivateKeyDer::from_pem_slice(pem)
        .map_err(|error| fault("the stored credential holds no private key in PEM form; set it again").cause(error))?;
    let key = rustls::crypto::ring::sign::any_supported_type(&key)
        .map_err(|error| fault("the private key of the certificate is of a kind that cannot be used").cause(error))?;
    Ok(Credential::Certificate { key, thumbprint: URL_SAFE_NO_PAD.encode(Sha256::digest(der.as_ref())) })
}
