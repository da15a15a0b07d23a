//! Issuing and checking access tokens.

use rusqlite::OptionalExtension;
use serde_json::{Value, json};

use super::keys::SigningKey;
use super::{GRAPH_HOSTS, Refusal, issuer, secrets};
use crate::SandboxError;
use crate::server::http::Request;
use crate::tenant::Tenant;

/// Seconds an access token lives.
pub(crate) const LIFETIME_SECS: i64 = 3599;

/// Who calls, according to a valid token.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    roles: Vec<String>,
}

impl Caller {
    /// Whether the caller holds one of the roles.
    pub(crate) fn has_any(&self, roles: &[&str]) -> bool {
        self.roles.iter().any(|role| roles.contains(&role.as_str()))
    }
}

/// Why a token is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenFault {
    Missing,
    Invalid,
    Expired,
}

impl TokenFault {
    /// The message the directory answers with.
    pub(crate) fn message(self) -> &'static str {
        match self {
            TokenFault::Missing => "Access token is empty.",
            TokenFault::Invalid => "Access token validation failure.",
            TokenFault::Expired => "Lifetime validation failed, the token is expired.",
        }
    }
}

/// Reads the caller from the request's bearer token.
pub(crate) fn caller(tenant: &Tenant, key: &SigningKey, request: &Request) -> Result<Caller, TokenFault> {
    let token = request
        .header("authorization")
        .and_then(|header| {
            let (scheme, token) = header.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
        })
        .filter(|token| !token.is_empty())
        .ok_or(TokenFault::Missing)?;
    let claims = key.verify(token).ok_or(TokenFault::Invalid)?;
    let expires = claims.get("exp").and_then(Value::as_i64);
    if expires.is_none_or(|expires| tenant.now().as_second() >= expires) {
        return Err(TokenFault::Expired);
    }
    let roles = claims.get("roles").and_then(Value::as_array);
    Ok(Caller { roles: roles.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect() })
}

struct Client {
    object_id: String,
    roles: Vec<String>,
}

fn client(tenant: &Tenant, client_id: &str) -> Result<Option<Client>, SandboxError> {
    let found: Option<(String, String)> = tenant
        .db
        .prepare_cached("SELECT object_id, roles FROM clients WHERE client_id = ?1")?
        .query_row([client_id.to_ascii_lowercase()], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    Ok(found.map(|(object_id, roles)| Client { object_id, roles: roles.split_whitespace().map(str::to_owned).collect() }))
}

/// Answers a token request with an access token or a refusal.
pub(crate) fn issue(
    tenant: &mut Tenant,
    key: &SigningKey,
    tenant_name: &str,
    request: &Request,
) -> Result<Result<String, Refusal>, SandboxError> {
    let form = request.form();
    let field = |name: &str| form.iter().find(|(key, value)| key == name && !value.is_empty()).map(|(_, value)| value.as_str());
    let missing = |name: &str| {
        Refusal::new(400, "invalid_request", 900_144, format!("The request body must contain the following parameter: '{name}'."))
    };
    if !tenant.is_named(tenant_name) {
        return Ok(Err(Refusal::unknown_tenant(tenant_name)));
    }
    let Some(grant) = field("grant_type") else {
        return Ok(Err(missing("grant_type")));
    };
    if grant != "client_credentials" {
        return Ok(Err(Refusal::new(
            400,
            "unsupported_grant_type",
            70003,
            format!("The grant type '{grant}' is not supported."),
        )));
    }
    let Some(client_id) = field("client_id") else {
        return Ok(Err(missing("client_id")));
    };
    let Some(client) = client(tenant, client_id)? else {
        return Ok(Err(Refusal::new(
            400,
            "unauthorized_client",
            700_016,
            format!("Application with identifier '{client_id}' was not found in the directory."),
        )));
    };
    if field("client_assertion").is_some() {
        return Ok(Err(Refusal::new(
            401,
            "invalid_client",
            700_027,
            "The certificate of the client assertion is not registered on the application.",
        )));
    }
    let Some(secret) = field("client_secret") else {
        return Ok(Err(missing("client_secret")));
    };
    if !secrets::is_valid(tenant, &client_id.to_ascii_lowercase(), secret)? {
        return Ok(Err(Refusal::new(
            401,
            "invalid_client",
            7_000_215,
            format!("Invalid client secret provided for application '{client_id}'."),
        )));
    }
    let Some(scope) = field("scope") else {
        return Ok(Err(missing("scope")));
    };
    let Some(resource) = resource(scope, request) else {
        return Ok(Err(Refusal::new(
            400,
            "invalid_scope",
            70011,
            format!("The provided value for scope '{scope}' is not valid; use <resource>/.default."),
        )));
    };
    let now = tenant.now().as_second();
    let claims = json!({
        "aud": resource,
        "iss": issuer(tenant, request),
        "tid": tenant.tenant_id(),
        "appid": client_id.to_ascii_lowercase(),
        "oid": client.object_id,
        "sub": client.object_id,
        "iat": now,
        "nbf": now,
        "exp": now + LIFETIME_SECS,
        "idtyp": "app",
        "roles": client.roles,
        "uti": tenant.new_id(),
        "ver": "2.0",
    });
    Ok(Ok(key.sign(&claims)))
}

/// The resource of a scope `<resource>/.default`, if this tenant knows it.
fn resource(scope: &str, request: &Request) -> Option<String> {
    let resource = scope.strip_suffix("/.default")?.trim_end_matches('/');
    let graph = resource.strip_prefix("https://").is_some_and(|host| GRAPH_HOSTS.contains(&host));
    let own = resource.eq_ignore_ascii_case(&request.base_url);
    (graph || own).then(|| resource.to_owned())
}
