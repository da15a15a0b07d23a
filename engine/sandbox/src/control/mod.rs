//! The control API `/sandbox/v1`: what tests and demos do to the tenant behind its back.
//!
//! It asks for no token and is served only when the tenant was started with it.

mod edit;
mod seed;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::SandboxError;
use crate::dirsync::{ChangeError, Stop, failure};
use crate::server::http::{Reply, Request};
use crate::sign_in::secrets;
use crate::store::changes::{Action, Details};
use crate::tenant::{Limits, Tenant, Weather, dump};

pub(crate) use seed::seed;

/// Answers a request below `/sandbox/v1`, except those about the server itself.
pub(crate) fn answer(tenant: &mut Tenant, request: &Request, rest: &[&str]) -> Result<Reply, SandboxError> {
    let body = match request.json() {
        Ok(body) => body,
        Err(error) => return Ok(bad_request(&error.to_string())),
    };
    match (request.method.as_str(), rest) {
        ("POST", ["reset"]) => {
            tenant.reset(body.get("seed").and_then(Value::as_u64))?;
            Ok(Reply::empty(204))
        }
        ("POST", ["clock"]) => clock(tenant, &body),
        ("POST", ["secrets"]) => change_secrets(tenant, &body),
        ("GET", ["throttle"]) => Ok(Reply::json(200, json!(tenant.tallies()))),
        ("PUT", ["throttle"]) => Ok(throttle(tenant, body)),
        ("PUT", ["delta"]) => Ok(weather(tenant, body)),
        ("POST", ["domains"]) => domain(tenant, &body),
        ("POST", ["roles"]) => in_transaction(tenant, |tenant| edit::role(tenant, &body)),
        ("POST", ["seed"]) => in_transaction(tenant, |tenant| seed::plant_as_reply(tenant, &body)),
        ("POST", ["cloud-edit"]) => in_transaction(tenant, |tenant| edit::edit(tenant, &body)),
        ("GET", ["export"]) => Ok(Reply::json(200, dump::write(tenant)?)),
        _ => Ok(failure(501, "NotImplemented", &format!("{} {} is not implemented.", request.method, request.path))),
    }
}

/// An answer to a request that is not understood.
pub(crate) fn bad_request(message: &str) -> Reply {
    failure(400, "BadRequest", message)
}

/// Does all of it or nothing.
fn in_transaction(tenant: &mut Tenant, work: impl FnOnce(&mut Tenant) -> Result<Reply, Stop>) -> Result<Reply, SandboxError> {
    tenant.begin()?;
    match work(tenant) {
        Ok(reply) => {
            tenant.commit()?;
            Ok(reply)
        }
        Err(Stop::Refused(error)) => {
            tenant.abandon()?;
            Ok(failure(400, error.code, &error.literal))
        }
        Err(Stop::Failed(error)) => Err(error),
    }
}

fn fault(message: impl Into<String>) -> Stop {
    ChangeError::new("BadRequest", message).into()
}

/// `{"advance":"PT1H"}` or `{"now":"…"}`; timers that become due run with the next request.
fn clock(tenant: &mut Tenant, body: &Value) -> Result<Reply, SandboxError> {
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let by = match (text("advance"), text("now")) {
        (Some(span), None) => span.parse::<SignedDuration>().ok(),
        (None, Some(time)) => time.parse::<Timestamp>().ok().map(|time| time.duration_since(tenant.now())),
        _ => None,
    };
    let Some(by) = by else {
        return Ok(bad_request("give 'advance' as a duration like PT1H or 'now' as a time"));
    };
    tenant.shift_clock(by)?;
    tenant.run_timers()?;
    Ok(Reply::json(200, json!({ "now": tenant.now().to_string() })))
}

/// `{"clientId","expires":"…"}`, or without a time to take the secrets away.
fn change_secrets(tenant: &Tenant, body: &Value) -> Result<Reply, SandboxError> {
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let client = text("clientId").unwrap_or(tenant.client_id()).to_ascii_lowercase();
    match text("expires").map(str::parse::<Timestamp>) {
        None => secrets::revoke(tenant, &client)?,
        Some(Ok(at)) => secrets::expire(tenant, &client, at)?,
        Some(Err(error)) => return Ok(bad_request(&error.to_string())),
    }
    Ok(Reply::empty(204))
}

/// `{"units":{"limit","window"},"writes":…,"tenantWrites":…,"channel":…}`; an empty object lifts every limit.
fn throttle(tenant: &mut Tenant, body: Value) -> Reply {
    match serde_json::from_value::<Limits>(body) {
        Ok(limits) if limits.is_valid() => {
            tenant.set_limits(limits);
            Reply::empty(204)
        }
        Ok(_) => bad_request("a limit allows at least one within a window of more than no seconds"),
        Err(error) => bad_request(&error.to_string()),
    }
}

/// `{"replayRate":0.5,"delayMs":2000}`
fn weather(tenant: &mut Tenant, body: Value) -> Reply {
    match serde_json::from_value::<Weather>(body) {
        Ok(weather) => {
            tenant.set_weather(weather);
            Reply::empty(204)
        }
        Err(error) => bad_request(&error.to_string()),
    }
}

/// `{"name","verified","authenticationType"}`
fn domain(tenant: &mut Tenant, body: &Value) -> Result<Reply, SandboxError> {
    match seed::read_domain(tenant, body) {
        Ok(domain) => {
            tenant.put_domain(&domain)?;
            Ok(Reply::empty(204))
        }
        Err(Stop::Refused(error)) => Ok(bad_request(&error.literal)),
        Err(Stop::Failed(error)) => Err(error),
    }
}

/// Logs what the control API did to an object.
fn commit(tenant: &Tenant, object: &mut crate::store::objects::Object, action: Action) -> Result<(), SandboxError> {
    tenant.commit_object(object, action, &Details::default())
}
