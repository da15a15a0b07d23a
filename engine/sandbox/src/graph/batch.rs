//! `$batch`: up to twenty requests in one.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::error::GraphError;
use super::{Planned, Stop, finish, one};
use crate::SandboxError;
use crate::server::http::{Content, Reply, Request};
use crate::sign_in::token::Caller;
use crate::tenant::Tenant;

const MAX_REQUESTS: usize = 20;

#[derive(Debug, Deserialize)]
struct Body {
    requests: Vec<Item>,
}

/// One request of a batch.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    id: Value,
    method: String,
    url: String,
    #[serde(default)]
    headers: Map<String, Value>,
    #[serde(default)]
    body: Option<Value>,
    #[serde(default)]
    depends_on: Vec<Value>,
}

fn invalid(message: impl Into<String>) -> Stop {
    GraphError::new(400, "BadRequest", message).into()
}

/// Ids are texts or numbers and compare without case.
fn key(id: &Value) -> Option<String> {
    match id {
        Value::String(text) if !text.is_empty() => Some(text.to_lowercase()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Answers every request of a batch, in order, each on its own.
pub(super) fn answer(tenant: &mut Tenant, caller: &Caller, request: &Request, planned: Planned<'_>) -> Result<Reply, Stop> {
    if request.method != "POST" {
        return Err(
            GraphError::new(405, "Request_BadRequest", "Specified HTTP method is not allowed for the request target.").into()
        );
    }
    if !request.is_json() {
        return Err(GraphError::unsupported_media_type().into());
    }
    let body: Body = match serde_json::from_slice(&request.body) {
        Ok(body) => body,
        Err(error) => return Err(invalid(format!("Invalid batch payload format: {error}."))),
    };
    if body.requests.is_empty() || body.requests.len() > MAX_REQUESTS {
        return Err(invalid(format!("Number of batch request steps must be from 1 to the max value of {MAX_REQUESTS}.")));
    }
    let mut seen: Vec<String> = Vec::new();
    for item in &body.requests {
        let Some(id) = key(&item.id) else {
            return Err(invalid("Every request of a batch needs an id."));
        };
        if seen.contains(&id) {
            return Err(invalid(format!("Request id '{id}' is not unique within the batch.")));
        }
        for other in &item.depends_on {
            if key(other).is_none_or(|other| !seen.contains(&other)) {
                return Err(invalid(format!("Request '{id}' depends on a request that does not come before it.")));
            }
        }
        if item.body.as_ref().is_some_and(|body| !body.is_null()) && header(item, "content-type").is_none() {
            return Err(invalid(format!("Request '{id}' has a body without the header Content-Type.")));
        }
        seen.push(id);
    }
    tenant.begin()?;
    let mut done: BTreeMap<String, bool> = BTreeMap::new();
    let mut responses = Vec::with_capacity(body.requests.len());
    for item in &body.requests {
        let failed = item.depends_on.iter().filter_map(key).any(|other| done.get(&other) != Some(&true));
        let reply = if failed {
            let text = "A request this one depends on has failed.";
            finish(tenant, request, &[], Err(GraphError::new(424, "FailedDependency", text).into()))?
        } else {
            item_reply(tenant, caller, request, item, planned)?
        };
        if let Some(id) = key(&item.id) {
            done.insert(id, reply.status < 400);
        }
        responses.push(response(item, &reply));
    }
    tenant.commit()?;
    Ok(Reply::json(200, json!({ "responses": responses })))
}

fn header<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).and_then(|(_, value)| value.as_str())
}

fn item_reply(
    tenant: &mut Tenant,
    caller: &Caller,
    batch: &Request,
    item: &Item,
    planned: Planned<'_>,
) -> Result<Reply, SandboxError> {
    let version = batch.segments.first().map_or("v1.0", String::as_str);
    let target = format!("/{version}/{}", item.url.trim_start_matches('/'));
    let mut inner = Request::new(&item.method.to_ascii_uppercase(), &target, &batch.base_url);
    for (name, value) in &item.headers {
        if let Some(value) = value.as_str() {
            inner.headers.insert(name.to_ascii_lowercase(), value.to_owned());
        }
    }
    if let Some(body) = item.body.as_ref().filter(|body| !body.is_null()) {
        // Writing to memory cannot fail.
        inner.body = serde_json::to_vec(body).unwrap_or_default();
    }
    if let Some(reply) = planned(&inner) {
        return Ok(reply);
    }
    let segments: Vec<String> = inner.segments.iter().skip(1).cloned().collect();
    let rest: Vec<&str> = segments.iter().map(String::as_str).collect();
    if rest.first() == Some(&"$batch") {
        let error = GraphError::bad_request("A batch cannot contain a batch.");
        return finish(tenant, &inner, &rest, Err(error.into()));
    }
    one(tenant, caller, &inner, &rest)
}

fn response(item: &Item, reply: &Reply) -> Value {
    let headers: Map<String, Value> = reply.headers.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    let id = match &item.id {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let mut response = json!({ "id": id, "status": reply.status, "headers": headers });
    let body = match &reply.content {
        Content::Empty => None,
        Content::Json(value) => Some(value.clone()),
        Content::Text(text) => Some(json!(text)),
    };
    if let (Some(body), Some(fields)) = (body, response.as_object_mut()) {
        fields.insert("body".to_owned(), body);
    }
    response
}
