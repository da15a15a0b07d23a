//! The sign-in endpoints: metadata, keys and tokens of applications and users.

pub(crate) mod assertion;
mod device;
pub(crate) mod keys;
mod refresh;
pub(crate) mod secrets;
pub(crate) mod token;
mod users;

use jiff::Timestamp;
use serde_json::json;

use crate::SandboxError;
use crate::server::http::{Reply, Request};
use crate::tenant::Tenant;
use keys::SigningKey;

/// Hosts whose tokens the tenant issues, besides its own.
const GRAPH_HOSTS: [&str; 4] =
    ["graph.microsoft.com", "graph.microsoft.us", "dod-graph.microsoft.us", "microsoftgraph.chinacloudapi.cn"];

/// A refusal of a sign-in endpoint.
pub(crate) struct Refusal {
    status: u16,
    error: &'static str,
    number: u32,
    text: String,
}

impl Refusal {
    fn new(status: u16, error: &'static str, number: u32, text: impl Into<String>) -> Self {
        Self { status, error, number, text: text.into() }
    }

    fn unknown_tenant(name: &str) -> Self {
        Self::new(400, "invalid_tenant", 90002, format!("Tenant '{name}' not found. Check the tenant id or domain name."))
    }

    fn reply(self, tenant: &mut Tenant, request: &Request) -> Reply {
        let time = timestamp(tenant.now());
        let trace = tenant.new_id();
        let correlation = match request.header("client-request-id") {
            Some(id) => id.to_owned(),
            None => tenant.new_id().to_string(),
        };
        let description = format!(
            "AADSTS{}: {}\r\nTrace ID: {trace}\r\nCorrelation ID: {correlation}\r\nTimestamp: {time}",
            self.number, self.text
        );
        Reply::json(
            self.status,
            json!({
                "error": self.error,
                "error_description": description,
                "error_codes": [self.number],
                "timestamp": time,
                "trace_id": trace,
                "correlation_id": correlation,
            }),
        )
    }
}

fn timestamp(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}

/// Answers `/{tenant}/…` and `/common/…`; `None` if the path is none of these.
pub(crate) fn answer(tenant: &mut Tenant, key: &SigningKey, request: &Request) -> Result<Option<Reply>, SandboxError> {
    let segments: Vec<&str> = request.segments.iter().map(String::as_str).collect();
    let reply = match (request.method.as_str(), segments.as_slice()) {
        _ if request.too_large => {
            Refusal::new(413, "invalid_request", 90023, "The body of the request is too large.").reply(tenant, request)
        }
        ("GET", ["common", "discovery", "instance"]) => instance(tenant, request),
        ("GET", ["common", "userrealm", name]) => user_realm(tenant, name),
        ("GET", [name, "v2.0", ".well-known", "openid-configuration"]) => {
            if tenant.is_named(name) {
                openid_configuration(tenant, request)
            } else {
                Refusal::unknown_tenant(name).reply(tenant, request)
            }
        }
        ("GET", [name, "discovery", "v2.0", "keys"]) => {
            if tenant.is_named(name) {
                Reply::json(200, json!({ "keys": [key.jwk()] }))
            } else {
                Refusal::unknown_tenant(name).reply(tenant, request)
            }
        }
        ("POST", [name, "oauth2", "v2.0", "token"]) => {
            let issued = token::issue(tenant, key, name, request);
            reply(tenant, request, issued.map(|body| Reply::json(200, body)))?.with_header("Cache-Control", "no-store")
        }
        ("POST", [name, "oauth2", "v2.0", "devicecode"]) => {
            let started = if tenant.is_named(name) || *name == "organizations" {
                device::start(tenant, request)
            } else {
                Err(Refusal::unknown_tenant(name).into())
            };
            reply(tenant, request, started.map(|body| Reply::json(200, body)))?
        }
        ("GET", ["common", "oauth2", "deviceauth"]) => device::page(),
        ("POST", ["common", "oauth2", "deviceauth"]) => {
            let entered = device::enter(tenant, request);
            reply(tenant, request, entered)?
        }
        _ => return Ok(None),
    };
    Ok(Some(reply))
}

/// The answer, or the refusal as one.
fn reply(tenant: &mut Tenant, request: &Request, answered: Result<Reply, token::Stop>) -> Result<Reply, SandboxError> {
    match answered {
        Ok(reply) => Ok(reply),
        Err(token::Stop::Refused(refusal)) => Ok(refusal.reply(tenant, request)),
        Err(token::Stop::Failed(error)) => Err(error),
    }
}

fn openid_configuration(tenant: &Tenant, request: &Request) -> Reply {
    let base = &request.base_url;
    let id = tenant.tenant_id();
    Reply::json(
        200,
        json!({
            "issuer": issuer(tenant, request),
            "authorization_endpoint": format!("{base}/{id}/oauth2/v2.0/authorize"),
            "token_endpoint": format!("{base}/{id}/oauth2/v2.0/token"),
            "device_authorization_endpoint": format!("{base}/{id}/oauth2/v2.0/devicecode"),
            "jwks_uri": format!("{base}/{id}/discovery/v2.0/keys"),
            "response_types_supported": ["code", "id_token", "token"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
        }),
    )
}

fn issuer(tenant: &Tenant, request: &Request) -> String {
    format!("{}/{}/v2.0", request.base_url, tenant.tenant_id())
}

fn instance(tenant: &Tenant, request: &Request) -> Reply {
    let base = &request.base_url;
    let id = tenant.tenant_id();
    Reply::json(
        200,
        json!({
            "api-version": "1.1",
            "tenant_discovery_endpoint": format!("{base}/{id}/v2.0/.well-known/openid-configuration"),
        }),
    )
}

fn user_realm(tenant: &Tenant, name: &str) -> Reply {
    let domain = crate::tenant::naming::domain_part(name);
    let account = match tenant.domain(domain) {
        Some(domain) => domain.authentication.as_str(),
        None => "Unknown",
    };
    Reply::json(
        200,
        json!({
            "ver": "1.0",
            "account_type": account,
            "domain_name": domain,
            "cloud_instance_name": "microsoftonline.com",
        }),
    )
}
