//! Signing in on another device: a code is shown here, and entered there together with name and password.

use rand::Rng;
use rusqlite::{OptionalExtension, params};
use serde_json::{Value, json};

use super::token::{Client, Form, Stop, check_scope, known_client};
use super::{Refusal, refresh, users};
use crate::server::http::{Reply, Request};
use crate::store::objects::{self, Object, State};
use crate::tenant::Tenant;

const LIFETIME_SECS: i64 = 900;
const INTERVAL_SECS: u32 = 5;
/// Letters that are not mistaken for each other.
const LETTERS: &[u8] = b"BCDFGHJKLMNPQRSTVWXYZ23456789";
const CODE_LENGTH: usize = 9;

const PAGE: &str = "<!doctype html><title>Sandbox sign-in</title><form method=\"post\">\
    <p><label>Code <input name=\"user_code\"></label>\
    <p><label>Name <input name=\"username\"></label>\
    <p><label>Password <input name=\"password\" type=\"password\"></label>\
    <p><button>Sign in</button></form>";

/// `POST /{tenant}/oauth2/v2.0/devicecode`.
pub(super) fn start(tenant: &Tenant, request: &Request) -> Result<Value, Stop> {
    let form = Form::read(request);
    let client = known_client(tenant, &form)?;
    let scope = form.need("scope")?;
    check_scope(scope, request)?;
    let (device_code, hash) = refresh::random_text();
    let mut random = rand::rng();
    let user_code: String =
        (0..CODE_LENGTH).filter_map(|_| LETTERS.get(random.random_range(0..LETTERS.len())).copied().map(char::from)).collect();
    let now = tenant.now().as_second();
    tenant.db.execute("DELETE FROM device_codes WHERE expires < ?1", [now - LIFETIME_SECS])?;
    tenant
        .db
        .prepare_cached("INSERT INTO device_codes (hash, user_code, client_id, scope, expires) VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![hash, user_code, client.id, scope, now + LIFETIME_SECS])?;
    let address = format!("{}/common/oauth2/deviceauth", request.base_url);
    Ok(json!({
        "device_code": device_code,
        "user_code": user_code,
        "verification_uri": address,
        "expires_in": LIFETIME_SECS,
        "interval": INTERVAL_SECS,
        "message": format!("To sign in, open the page {address} and enter the code {user_code}."),
    }))
}

/// The page where the code is entered.
pub(super) fn page() -> Reply {
    Reply::text(200, PAGE.to_owned()).with_header("Content-Type", "text/html; charset=utf-8")
}

/// Takes code, name and password from the page.
pub(super) fn enter(tenant: &mut Tenant, request: &Request) -> Result<Reply, Stop> {
    let form = Form::read(request);
    let code = form.need("user_code")?.trim().to_ascii_uppercase();
    let now = tenant.now().as_second();
    let waiting: Option<String> = tenant
        .db
        .prepare_cached("SELECT hash FROM device_codes WHERE user_code = ?1 AND object IS NULL AND expires > ?2")?
        .query_row(params![code, now], |row| row.get(0))
        .optional()?;
    let Some(hash) = waiting else {
        return Err(Refusal::new(400, "invalid_grant", 70019, "The code is unknown, used or too old.").into());
    };
    let user = users::authenticate(tenant, form.need("username")?, form.need("password")?)?;
    tenant.db.execute("UPDATE device_codes SET object = ?2 WHERE hash = ?1", params![hash, user.id])?;
    Ok(Reply::text(200, "You have signed in. You can close this page.".to_owned()))
}

/// The user who entered the code, and the scope that was asked for; the code cannot be used again.
pub(super) fn redeem(tenant: &Tenant, client: &Client, device_code: &str) -> Result<(Object, String), Stop> {
    let refused = |error: &'static str, number: u32, text: &str| -> Stop { Refusal::new(400, error, number, text).into() };
    let hash = refresh::kept(device_code);
    let found: Option<(String, i64, Option<i64>)> = tenant
        .db
        .prepare_cached("SELECT scope, expires, object FROM device_codes WHERE hash = ?1 AND client_id = ?2")?
        .query_row([&hash, &client.id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    let Some((scope, expires, object)) = found else {
        return Err(refused("bad_verification_code", 70018, "The device code is not known."));
    };
    if tenant.now().as_second() >= expires {
        return Err(refused("expired_token", 70020, "The device code has expired; start again."));
    }
    let Some(object) = object else {
        return Err(refused("authorization_pending", 70016, "The user has not entered the code yet."));
    };
    tenant.db.execute("DELETE FROM device_codes WHERE hash = ?1", [&hash])?;
    let user = objects::by_row(&tenant.db, object)?.filter(|user| user.state == State::Live);
    let user = user.ok_or_else(|| refused("invalid_grant", 50034, "The user account does not exist in the directory."))?;
    Ok((user, scope))
}
