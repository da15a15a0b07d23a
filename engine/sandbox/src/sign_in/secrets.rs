//! Application secrets: made once, kept as salted hashes.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use pbkdf2::pbkdf2_hmac;
use rand::Rng;
use rusqlite::params;
use sha2::Sha256;

use super::Refusal;
use super::token::Stop;
use crate::SandboxError;
use crate::store::objects::time;
use crate::tenant::Tenant;

/// A secret holds 240 random bits, so the hash only has to keep it out of the file.
const ITERATIONS: u32 = 10_000;

fn hash(secret: &str, salt: &[u8], iterations: u32) -> [u8; 32] {
    let mut hash = [0; 32];
    pbkdf2_hmac::<Sha256>(secret.as_bytes(), salt, iterations, &mut hash);
    hash
}

/// Makes a secret for the application, stores its hash and returns it; it cannot be read again.
pub(crate) fn create(tenant: &Tenant, client_id: &str) -> Result<String, SandboxError> {
    let mut random = rand::rng();
    let bytes: [u8; 30] = random.random();
    let salt: [u8; 16] = random.random();
    let secret = URL_SAFE_NO_PAD.encode(bytes);
    tenant
        .db
        .prepare_cached(
            "INSERT INTO client_secrets (client_id, salt, iterations, hash, created) \
             VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![client_id, salt, ITERATIONS, hash(&secret, &salt, ITERATIONS), tenant.now().to_string()])?;
    Ok(secret)
}

/// A password that satisfies every documented policy, with 120 random bits.
pub(crate) fn password() -> String {
    let bytes: [u8; 15] = rand::rng().random();
    format!("Aa1-{}", URL_SAFE_NO_PAD.encode(bytes))
}

/// Whether the secret is one of the application's and has not expired.
pub(super) fn check(tenant: &Tenant, client_id: &str, secret: &str) -> Result<(), Stop> {
    let mut statement = tenant
        .db
        .prepare_cached("SELECT salt, iterations, hash, expires FROM client_secrets WHERE client_id = ?1 ORDER BY id DESC")?;
    let rows = statement.query_map([client_id], |row| {
        Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, u32>(1)?, row.get::<_, Vec<u8>>(2)?, row.get::<_, Option<String>>(3)?))
    })?;
    for row in rows {
        let (salt, iterations, stored, expires) = row?;
        if equal(&hash(secret, &salt, iterations), &stored) {
            let expires = expires.as_deref().map(time).transpose()?;
            if expires.is_some_and(|expires| tenant.now() >= expires) {
                let text = format!("The provided client secret keys for application '{client_id}' are expired.");
                return Err(Refusal::new(401, "invalid_client", 7_000_222, text).into());
            }
            return Ok(());
        }
    }
    let text = format!("Invalid client secret provided for application '{client_id}'.");
    Err(Refusal::new(401, "invalid_client", 7_000_215, text).into())
}

/// Lets every secret of the application expire at a time.
pub(crate) fn expire(tenant: &Tenant, client_id: &str, at: Timestamp) -> Result<(), SandboxError> {
    tenant.db.execute("UPDATE client_secrets SET expires = ?2 WHERE client_id = ?1", [client_id, &at.to_string()])?;
    Ok(())
}

/// Takes every secret away from the application.
pub(crate) fn revoke(tenant: &Tenant, client_id: &str) -> Result<(), SandboxError> {
    tenant.db.execute("DELETE FROM client_secrets WHERE client_id = ?1", [client_id])?;
    Ok(())
}

/// Compares without telling by time where the difference is.
pub(crate) fn equal(left: &[u8], right: &[u8]) -> bool {
    left.len() == right.len() && left.iter().zip(right).fold(0, |difference, (a, b)| difference | (a ^ b)) == 0
}
