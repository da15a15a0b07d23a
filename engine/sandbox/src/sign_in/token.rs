//! Issuing and checking access tokens.

use rusqlite::OptionalExtension;
use serde_json::{Value, json};

use super::keys::SigningKey;
use super::{GRAPH_HOSTS, Refusal, assertion, device, issuer, refresh, secrets, users};
use crate::SandboxError;
use crate::server::http::Request;
use crate::store::objects::Object;
use crate::tenant::Tenant;

/// Seconds an access token lives.
pub(crate) const LIFETIME_SECS: i64 = 3599;
/// Who may do everything when signed in.
const ADMINISTRATOR: &str = "Global Administrator";

/// Who calls, according to a valid token.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// Id of the application.
    app: String,
    roles: Vec<String>,
    /// A signed-in user who may do everything.
    administrator: bool,
}

impl Caller {
    /// Id of the calling application.
    pub(crate) fn app(&self) -> &str {
        &self.app
    }

    /// Whether the caller holds one of the roles.
    pub(crate) fn has_any(&self, roles: &[&str]) -> bool {
        self.administrator || self.roles.iter().any(|role| roles.contains(&role.as_str()))
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
    let text = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default();
    // Two tenants may share a key file, but never their tokens; and only access tokens name a resource.
    if text("tid") != tenant.tenant_id().to_string() || !is_resource(text("aud"), request) {
        return Err(TokenFault::Invalid);
    }
    let expires = claims.get("exp").and_then(Value::as_i64);
    if expires.is_none_or(|expires| tenant.now().as_second() >= expires) {
        return Err(TokenFault::Expired);
    }
    let list = |name: &str| -> Vec<String> {
        claims.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    Ok(Caller {
        app: text("appid").to_owned(),
        roles: list("roles"),
        administrator: list("wids").iter().any(|role| role == ADMINISTRATOR),
    })
}

/// A registered application, as far as signing in is concerned.
pub(super) struct Client {
    pub(super) id: String,
    object_id: String,
    roles: Vec<String>,
}

fn client(tenant: &Tenant, client_id: &str) -> Result<Option<Client>, SandboxError> {
    let id = client_id.to_ascii_lowercase();
    let found: Option<(String, String)> = tenant
        .db
        .prepare_cached("SELECT object_id, roles FROM clients WHERE client_id = ?1")?
        .query_row([&id], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    Ok(found.map(|(object_id, roles)| Client { id, object_id, roles: roles.split_whitespace().map(str::to_owned).collect() }))
}

/// The fields of a token request.
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    pub(super) fn read(request: &Request) -> Form {
        Form(request.form())
    }

    /// A field that has a value.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, value)| key == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }

    /// A field that must have a value.
    pub(super) fn need(&self, name: &str) -> Result<&str, Refusal> {
        self.get(name).ok_or_else(|| {
            let text = format!("The request body must contain the following parameter: '{name}'.");
            Refusal::new(400, "invalid_request", 900_144, text)
        })
    }
}

/// A refusal or a failure of the tenant itself.
pub(super) enum Stop {
    Refused(Refusal),
    Failed(SandboxError),
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Stop::Refused(refusal)
    }
}

impl From<SandboxError> for Stop {
    fn from(error: SandboxError) -> Self {
        Stop::Failed(error)
    }
}

impl From<rusqlite::Error> for Stop {
    fn from(error: rusqlite::Error) -> Self {
        Stop::Failed(error.into())
    }
}

/// The application of a request.
pub(super) fn known_client(tenant: &Tenant, form: &Form) -> Result<Client, Stop> {
    let client_id = form.need("client_id")?;
    client(tenant, client_id)?.ok_or_else(|| {
        let text = format!("Application with identifier '{client_id}' was not found in the directory.");
        Refusal::new(400, "unauthorized_client", 700_016, text).into()
    })
}

/// Answers a token request with the body of the answer or a refusal.
pub(super) fn issue(tenant: &mut Tenant, key: &SigningKey, tenant_name: &str, request: &Request) -> Result<Value, Stop> {
    let form = Form::read(request);
    let grant = form.get("grant_type");
    if grant == Some("password") && ["common", "consumers"].contains(&tenant_name.to_ascii_lowercase().as_str()) {
        let text = "The grant type is not supported over the /common or /consumers endpoints. Please use the /organizations or tenant-specific endpoint.";
        return Err(Refusal::new(400, "invalid_request", 9_001_023, text).into());
    }
    let named = tenant.is_named(tenant_name) || tenant_name.eq_ignore_ascii_case("organizations");
    if !named {
        return Err(Refusal::unknown_tenant(tenant_name).into());
    }
    let grant = form.need("grant_type")?;
    match grant {
        "client_credentials" => for_application(tenant, key, request, &form),
        "password" => {
            let client = known_client(tenant, &form)?;
            let scope = form.need("scope")?;
            check_scope(scope, request)?;
            let user = users::authenticate(tenant, form.need("username")?, form.need("password")?)?;
            for_user(tenant, key, request, &client, &user, scope)
        }
        "refresh_token" => {
            let client = known_client(tenant, &form)?;
            let (user, granted) = refresh::redeem(tenant, &client, form.need("refresh_token")?)?;
            let scope = form.get("scope").map_or(granted, str::to_owned);
            check_scope(&scope, request)?;
            for_user(tenant, key, request, &client, &user, &scope)
        }
        "urn:ietf:params:oauth:grant-type:device_code" | "device_code" => {
            let client = known_client(tenant, &form)?;
            let (user, scope) = device::redeem(tenant, &client, form.need("device_code")?)?;
            for_user(tenant, key, request, &client, &user, &scope)
        }
        other => {
            Err(Refusal::new(400, "unsupported_grant_type", 70003, format!("The grant type '{other}' is not supported.")).into())
        }
    }
}

/// A token for the application itself.
fn for_application(tenant: &mut Tenant, key: &SigningKey, request: &Request, form: &Form) -> Result<Value, Stop> {
    let client = known_client(tenant, form)?;
    if let Some(assertion) = form.get("client_assertion") {
        assertion::check(tenant, &client.id, form.get("client_assertion_type"), assertion, request)?;
    } else {
        secrets::check(tenant, &client.id, form.need("client_secret")?)?;
    }
    let scope = form.need("scope")?;
    let resource = scope.strip_suffix("/.default").filter(|resource| is_resource(resource, request));
    let Some(resource) = resource else {
        return Err(bad_scope(scope).into());
    };
    let now = tenant.now().as_second();
    let claims = json!({
        "aud": resource.trim_end_matches('/'),
        "iss": issuer(tenant, request),
        "tid": tenant.tenant_id(),
        "appid": client.id,
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
    Ok(json!({
        "token_type": "Bearer",
        "expires_in": LIFETIME_SECS,
        "ext_expires_in": LIFETIME_SECS,
        "access_token": key.sign(&claims),
    }))
}

/// Tokens for a user who has signed in.
fn for_user(
    tenant: &mut Tenant,
    key: &SigningKey,
    request: &Request,
    client: &Client,
    user: &Object,
    scope: &str,
) -> Result<Value, Stop> {
    let now = tenant.now().as_second();
    let names: Vec<&str> = scope.split_whitespace().collect();
    let granted: Vec<&str> = names
        .iter()
        .map(|name| name.rsplit('/').next().unwrap_or(name))
        .map(|name| if name == ".default" { "User.Read" } else { name })
        .collect();
    let resource = names.iter().find_map(|name| resource_of(name)).unwrap_or("https://graph.microsoft.com");
    let roles: Vec<&str> = user.role.as_deref().into_iter().collect();
    let mut claims = json!({
        "aud": resource,
        "iss": issuer(tenant, request),
        "tid": tenant.tenant_id(),
        "appid": client.id,
        "oid": user.object_id,
        "sub": user.object_id,
        "iat": now,
        "nbf": now,
        "exp": now + LIFETIME_SECS,
        "idtyp": "user",
        "scp": granted.join(" "),
        "upn": user.text("userPrincipalName"),
        "name": user.text("displayName"),
        "wids": roles,
        "uti": tenant.new_id(),
        "ver": "2.0",
    });
    let mut body = json!({
        "token_type": "Bearer",
        "scope": granted.join(" "),
        "expires_in": LIFETIME_SECS,
        "ext_expires_in": LIFETIME_SECS,
        "access_token": key.sign(&claims),
    });
    if let Some(fields) = body.as_object_mut() {
        if names.contains(&"offline_access") {
            let token = refresh::issue(tenant, client, user, scope)?;
            fields.insert("refresh_token".to_owned(), json!(token));
        }
        if names.contains(&"openid")
            && let Some(claims) = claims.as_object_mut()
        {
            claims.insert("aud".to_owned(), json!(client.id));
            claims.insert("preferred_username".to_owned(), json!(user.text("userPrincipalName")));
            claims.remove("scp");
            fields.insert("id_token".to_owned(), json!(key.sign(&json!(claims))));
        }
    }
    Ok(body)
}

fn bad_scope(scope: &str) -> Refusal {
    let text = format!(
        "The provided value for scope '{scope}' is not valid; use <resource>/.default or permissions of a known resource."
    );
    Refusal::new(400, "invalid_scope", 70011, text)
}

/// The resource part of `<resource>/<permission>`.
fn resource_of(name: &str) -> Option<&str> {
    name.contains("://").then(|| name.rsplit_once('/').map_or(name, |(resource, _)| resource))
}

/// Whether every permission is one of a resource the tenant knows.
pub(super) fn check_scope(scope: &str, request: &Request) -> Result<(), Refusal> {
    let known = |name: &str| match resource_of(name) {
        Some(resource) => is_resource(resource, request),
        None => name.chars().all(|character| character.is_ascii_alphanumeric() || ".-_".contains(character)),
    };
    let mut names = scope.split_whitespace().peekable();
    if names.peek().is_some() && names.all(known) { Ok(()) } else { Err(bad_scope(scope)) }
}

/// Whether the tenant issues tokens for the resource.
fn is_resource(resource: &str, request: &Request) -> bool {
    let resource = resource.trim_end_matches('/');
    let graph = resource.strip_prefix("https://").is_some_and(|host| GRAPH_HOSTS.contains(&host));
    graph || resource.eq_ignore_ascii_case(&request.base_url) || (resource.contains("://") && is_own(resource, request))
}

/// Both listeners of the tenant are the same resource.
fn is_own(resource: &str, request: &Request) -> bool {
    let host = |url: &str| {
        let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
        rest.rsplit_once(':').map_or(rest, |(host, _)| host).to_ascii_lowercase()
    };
    let local = ["localhost", "127.0.0.1"];
    local.contains(&host(resource).as_str()) && local.contains(&host(&request.base_url).as_str())
}
