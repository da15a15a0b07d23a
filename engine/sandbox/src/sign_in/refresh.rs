//! Refresh tokens: each is used once and replaced by another.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::Rng;
use rusqlite::{OptionalExtension, params};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::Refusal;
use super::token::{Client, Stop};
use crate::SandboxError;
use crate::store::objects::{self, Object, State};
use crate::tenant::Tenant;

const LIFETIME_SECS: i64 = 90 * 24 * 3600;

/// A random text that cannot be guessed, and what is kept of it.
pub(super) fn random_text() -> (String, String) {
    let bytes: [u8; 32] = rand::rng().random();
    let text = URL_SAFE_NO_PAD.encode(bytes);
    let kept = kept(&text);
    (text, kept)
}

/// What is kept of a random text.
pub(super) fn kept(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(text))
}

/// A refresh token for a user.
pub(super) fn issue(tenant: &Tenant, client: &Client, user: &Object, scope: &str) -> Result<String, SandboxError> {
    let (text, hash) = random_text();
    let expires = tenant.now().as_second() + LIFETIME_SECS;
    tenant
        .db
        .prepare_cached("INSERT INTO refresh_tokens (hash, client_id, object, scope, expires) VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![hash, client.id, user.id, scope, expires])?;
    Ok(text)
}

/// The user and the scope of a refresh token, which cannot be used again.
pub(super) fn redeem(tenant: &Tenant, client: &Client, token: &str) -> Result<(Object, String), Stop> {
    let refused = |number: u32, text: &str| -> Stop { Refusal::new(400, "invalid_grant", number, text).into() };
    let hash = kept(token);
    let found: Option<(i64, String, i64)> = tenant
        .db
        .prepare_cached("SELECT object, scope, expires FROM refresh_tokens WHERE hash = ?1 AND client_id = ?2")?
        .query_row([&hash, &client.id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    let Some((object, scope, expires)) = found else {
        return Err(refused(70000, "The provided grant is not valid: the refresh token is unknown, used or revoked."));
    };
    tenant.db.execute("DELETE FROM refresh_tokens WHERE hash = ?1", [&hash])?;
    if tenant.now().as_second() >= expires {
        return Err(refused(700_082, "The refresh token has expired."));
    }
    let user = objects::by_row(&tenant.db, object)?.filter(|user| user.state == State::Live);
    let user = user.ok_or_else(|| refused(50034, "The user account does not exist in the directory."))?;
    if user.effective("accountEnabled") == Some(&Value::Bool(false)) {
        return Err(refused(50057, "The user account is disabled."));
    }
    Ok((user, scope))
}
