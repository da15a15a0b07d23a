//! Client assertions: tokens an application signs with the key of a registered certificate.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rsa::pkcs8::DecodePublicKey;
use rsa::signature::Verifier;
use rsa::{RsaPublicKey, pkcs1v15, pss};
use rusqlite::params;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde_json::Value;
use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::Refusal;
use super::token::Stop;
use crate::SandboxError;
use crate::server::http::Request;
use crate::tenant::Tenant;

const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// Longest time an assertion may be valid, with a minute for clocks that differ.
const MAX_SECS: i64 = 660;

/// Registers a certificate, in PEM form, for an application.
pub(crate) fn register(tenant: &Tenant, client_id: &str, pem: &str) -> Result<(), SandboxError> {
    let fault = |error: String| SandboxError::Keys(format!("the application's certificate: {error}"));
    let der = CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|error| fault(error.to_string()))?;
    if public_key(&der).is_none() {
        return Err(fault("it must hold an RSA key".to_owned()));
    }
    tenant
        .db
        .prepare_cached("INSERT OR IGNORE INTO client_certificates (client_id, certificate) VALUES (?1, ?2)")?
        .execute(params![client_id, der.as_ref()])?;
    Ok(())
}

fn public_key(der: &[u8]) -> Option<RsaPublicKey> {
    let (_, certificate) = x509_parser::parse_x509_certificate(der).ok()?;
    RsaPublicKey::from_public_key_der(certificate.tbs_certificate.subject_pki.raw).ok()
}

fn refused(reason: &str) -> Refusal {
    Refusal::new(401, "invalid_client", 700_027, format!("The client assertion is not valid: {reason}."))
}

/// Whether the assertion proves that the application calls.
pub(super) fn check(
    tenant: &Tenant,
    client_id: &str,
    kind: Option<&str>,
    assertion: &str,
    request: &Request,
) -> Result<(), Stop> {
    if kind != Some(TYPE) {
        return Err(refused("client_assertion_type must be that of a signed token").into());
    }
    let parts: Vec<&str> = assertion.split('.').collect();
    let [header, claims, signature] = parts.as_slice() else {
        return Err(refused("it is not a signed token").into());
    };
    let (Some(head), Some(body), Ok(signature)) = (json(header), json(claims), URL_SAFE_NO_PAD.decode(signature)) else {
        return Err(refused("it is not a signed token").into());
    };
    let Some(certificate) = certificate(tenant, client_id, &head)? else {
        return Err(refused("no certificate with this thumbprint is registered for the application").into());
    };
    let signed = format!("{header}.{claims}");
    let algorithm = head.get("alg").and_then(Value::as_str).unwrap_or_default();
    let sound = public_key(&certificate).is_some_and(|key| is_signed(&key, algorithm, signed.as_bytes(), &signature));
    if !sound {
        return Err(refused("the signature does not fit the registered certificate").into());
    }
    check_claims(tenant, client_id, &body, request)
}

fn json(part: &str) -> Option<Value> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

/// The registered certificate that the header names by its thumbprint.
fn certificate(tenant: &Tenant, client_id: &str, header: &Value) -> Result<Option<Vec<u8>>, SandboxError> {
    let thumbprint = |name: &str| {
        let text = header.get(name).and_then(Value::as_str)?;
        URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).or_else(|_| STANDARD.decode(text)).ok()
    };
    let (short, long) = (thumbprint("x5t"), thumbprint("x5t#S256"));
    let known: Vec<Vec<u8>> = tenant
        .db
        .prepare_cached("SELECT certificate FROM client_certificates WHERE client_id = ?1 ORDER BY certificate")?
        .query_map([client_id], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    Ok(known.into_iter().find(|certificate| match (&short, &long) {
        (_, Some(long)) => Sha256::digest(certificate).as_slice() == long.as_slice(),
        (Some(short), None) => Sha1::digest(certificate).as_slice() == short.as_slice(),
        (None, None) => false,
    }))
}

fn is_signed(key: &RsaPublicKey, algorithm: &str, text: &[u8], signature: &[u8]) -> bool {
    match algorithm {
        "RS256" => pkcs1v15::Signature::try_from(signature)
            .is_ok_and(|signature| pkcs1v15::VerifyingKey::<Sha256>::new(key.clone()).verify(text, &signature).is_ok()),
        "PS256" => pss::Signature::try_from(signature)
            .is_ok_and(|signature| pss::VerifyingKey::<Sha256>::new(key.clone()).verify(text, &signature).is_ok()),
        _ => false,
    }
}

fn check_claims(tenant: &Tenant, client_id: &str, claims: &Value, request: &Request) -> Result<(), Stop> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default();
    let number = |name: &str| claims.get(name).and_then(Value::as_i64);
    if !text("iss").eq_ignore_ascii_case(client_id) || !text("sub").eq_ignore_ascii_case(client_id) {
        return Err(refused("issuer and subject must be the application's id").into());
    }
    let expected = format!("{}{}", request.base_url, request.path);
    let own = format!("{}/{}/oauth2/v2.0/token", request.base_url, tenant.tenant_id());
    let audience = text("aud");
    if ![&expected, &own].iter().any(|url| url.eq_ignore_ascii_case(audience)) {
        return Err(refused("the audience must be the address of this endpoint").into());
    }
    let now = tenant.now().as_second();
    let expires = number("exp").unwrap_or(0);
    if expires <= now || expires > now + MAX_SECS || number("nbf").is_some_and(|start| start > now + 60) {
        return Err(refused("it is not valid now or for longer than ten minutes").into());
    }
    if text("jti").is_empty() {
        return Err(refused("it has no identifier of its own").into());
    }
    tenant.db.execute("DELETE FROM used_assertions WHERE expires <= ?1", [now])?;
    let id = format!("{client_id}/{}", text("jti"));
    let added = tenant.db.execute("INSERT OR IGNORE INTO used_assertions (id, expires) VALUES (?1, ?2)", params![id, expires])?;
    if added == 0 {
        return Err(refused("it was used before").into());
    }
    Ok(())
}
