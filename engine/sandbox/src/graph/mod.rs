//! Directory reads under `/v1.0`.

mod entities;
mod error;
mod filter;
mod lists;
mod properties;
mod query;

use serde_json::{Value, json};

use crate::SandboxError;
use crate::server::http::{Content, Reply, Request};
use crate::sign_in::keys::SigningKey;
use crate::sign_in::token;
use crate::tenant::Tenant;
use error::GraphError;

const CONTENT_TYPE: &str = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8";

/// A refused or failed request.
enum Stop {
    Refused(GraphError),
    Failed(SandboxError),
}

impl From<GraphError> for Stop {
    fn from(error: GraphError) -> Self {
        Stop::Refused(error)
    }
}

impl From<SandboxError> for Stop {
    fn from(error: SandboxError) -> Self {
        Stop::Failed(error)
    }
}

/// Answers a request below `/v1.0` or `/beta`; `rest` is the path after it.
pub(crate) fn answer(tenant: &mut Tenant, key: &SigningKey, request: &Request, rest: &[&str]) -> Result<Reply, SandboxError> {
    let request_id = tenant.new_id().to_string();
    let client_id = request.header("client-request-id").unwrap_or(&request_id).to_owned();
    let reply = match handle(tenant, key, request, rest) {
        Ok(reply) => reply,
        Err(Stop::Refused(error)) => error.reply(tenant.now(), &request_id, &client_id),
        Err(Stop::Failed(error)) => return Err(error),
    };
    let reply = if matches!(reply.content, Content::Json(_)) { reply.with_header("Content-Type", CONTENT_TYPE) } else { reply };
    Ok(reply
        .with_header("request-id", &request_id)
        .with_header("client-request-id", &client_id)
        .with_header("OData-Version", "4.0")
        .with_header("x-ms-resource-unit", &cost(request, rest).to_string()))
}

fn handle(tenant: &mut Tenant, key: &SigningKey, request: &Request, rest: &[&str]) -> Result<Reply, Stop> {
    let caller = token::caller(tenant, key, request).map_err(GraphError::unauthorized)?;
    let allow = |roles: &[&str]| {
        if caller.has_any(roles) || caller.has_any(&["Directory.Read.All", "Directory.ReadWrite.All"]) {
            Ok(())
        } else {
            Err(GraphError::denied())
        }
    };
    const USERS: &[&str] = &["User.Read.All", "User.ReadWrite.All"];
    const GROUPS: &[&str] = &["Group.Read.All", "Group.ReadWrite.All"];
    const MEMBERS: &[&str] = &["Group.Read.All", "Group.ReadWrite.All", "GroupMember.Read.All", "GroupMember.ReadWrite.All"];
    const CONTACTS: &[&str] = &["OrgContact.Read.All"];
    const DOMAINS: &[&str] = &["Domain.Read.All", "Domain.ReadWrite.All"];
    const ORGANIZATION: &[&str] = &["Organization.Read.All", "Organization.ReadWrite.All"];

    let rest: Vec<&str> = rest.iter().flat_map(|segment| split_key(segment)).collect();
    match (request.method.as_str(), rest.as_slice()) {
        ("GET", ["users"]) => {
            allow(USERS)?;
            lists::objects(tenant, request, entities::USER)
        }
        ("GET", ["users", "$count"]) => {
            allow(USERS)?;
            lists::count(tenant, request, entities::USER)
        }
        ("GET", ["users", "delta" | "microsoft.graph.delta"]) => Err(GraphError::not_implemented(request).into()),
        ("GET", ["users", name]) => {
            allow(USERS)?;
            lists::one(tenant, request, entities::USER, name)
        }
        ("GET", ["groups"]) => {
            allow(GROUPS)?;
            lists::objects(tenant, request, entities::GROUP)
        }
        ("GET", ["groups", "$count"]) => {
            allow(GROUPS)?;
            lists::count(tenant, request, entities::GROUP)
        }
        ("GET", ["groups", "delta" | "microsoft.graph.delta"]) => Err(GraphError::not_implemented(request).into()),
        ("GET", ["groups", name]) => {
            allow(GROUPS)?;
            lists::one(tenant, request, entities::GROUP, name)
        }
        ("GET", ["groups", name, "members"]) => {
            allow(MEMBERS)?;
            lists::members(tenant, request, name)
        }
        ("GET", ["contacts"]) => {
            allow(CONTACTS)?;
            lists::objects(tenant, request, entities::CONTACT)
        }
        ("GET", ["contacts", "$count"]) => {
            allow(CONTACTS)?;
            lists::count(tenant, request, entities::CONTACT)
        }
        ("GET", ["contacts", "delta" | "microsoft.graph.delta"]) => Err(GraphError::not_implemented(request).into()),
        ("GET", ["contacts", name]) => {
            allow(CONTACTS)?;
            lists::one(tenant, request, entities::CONTACT, name)
        }
        (_, ["contacts", ..]) => {
            Err(GraphError::new(405, "Request_BadRequest", "Specified HTTP method is not allowed for the request target.").into())
        }
        ("GET", ["organization"]) => {
            allow(ORGANIZATION)?;
            entities::organization(tenant, request)
        }
        ("GET", ["domains"]) => {
            allow(DOMAINS)?;
            entities::domains(tenant, request)
        }
        ("GET", ["domains", name]) => {
            allow(DOMAINS)?;
            entities::domain(tenant, request, name)
        }
        _ => Err(GraphError::not_implemented(request).into()),
    }
}

/// Takes `users('id')` and `delta()` apart.
fn split_key(segment: &str) -> Vec<&str> {
    let Some((name, key)) = segment.strip_suffix(')').and_then(|inner| inner.split_once('(')) else {
        return vec![segment];
    };
    match key.trim_matches('\'') {
        "" => vec![name],
        key => vec![name, key],
    }
}

/// Resource units of a request.
fn cost(request: &Request, rest: &[&str]) -> i64 {
    let mut cost = match rest {
        ["users"] if request.method == "GET" => 2,
        ["groups", _, "members"] if request.method == "GET" => 3,
        _ => 1,
    };
    if request.option("$select").is_some() {
        cost -= 1;
    }
    if request.option("$expand").is_some() {
        cost += 1;
    }
    let top = request.option("$top").and_then(|text| text.parse::<u32>().ok());
    if top.is_some_and(|top| top < 20) {
        cost -= 1;
    }
    cost.max(1)
}

/// `…/$metadata#…` of an answer.
fn context(request: &Request, version: &str, what: &str) -> Value {
    json!(format!("{}/{version}/$metadata#{what}", request.base_url))
}

/// First part of the path: `v1.0` or `beta`.
fn version(request: &Request) -> &str {
    request.segments.first().map_or("v1.0", String::as_str)
}
