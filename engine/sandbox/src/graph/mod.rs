//! The directory under `/v1.0` and `/beta`: reading, writing, deltas and batches.

mod applications;
mod batch;
mod deleted;
mod delta;
mod error;
mod filter;
mod group_settings;
mod inbound;
mod lists;
mod metadata;
mod properties;
mod query;
mod route;
mod settings;
mod types;
mod write;

use serde_json::{Map, Value, json};

use crate::SandboxError;
use crate::server::http::{Content, Reply, Request};
use crate::sign_in::keys::SigningKey;
use crate::sign_in::token::{self, Caller};
use crate::tenant::{Demand, Tenant};
use error::GraphError;

const CONTENT_TYPE: &str = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8";
/// Share of a limit from which on clients are told how much of it they use.
const TELL_USAGE_FROM: f64 = 0.8;

/// What a planned fault answers in place of the directory; asked for every item of a batch.
pub(crate) type Planned<'a> = &'a dyn Fn(&Request) -> Option<Reply>;

/// A refused or failed request.
#[derive(Debug)]
enum Stop {
    Refused(Box<GraphError>),
    Failed(SandboxError),
}

impl From<GraphError> for Stop {
    fn from(error: GraphError) -> Self {
        Stop::Refused(Box::new(error))
    }
}

impl From<SandboxError> for Stop {
    fn from(error: SandboxError) -> Self {
        Stop::Failed(error)
    }
}

/// Answers a request below `/v1.0` or `/beta`; `rest` is the path after it.
pub(crate) fn answer(
    tenant: &mut Tenant,
    key: &SigningKey,
    request: &Request,
    rest: &[&str],
    planned: Planned<'_>,
) -> Result<Reply, SandboxError> {
    let caller = match token::caller(tenant, key, request) {
        Ok(caller) => caller,
        Err(fault) => return finish(tenant, request, rest, Err(GraphError::unauthorized(fault).into())),
    };
    if request.too_large {
        let error = GraphError::new(413, "RequestEntityTooLarge", "The request body is too large.");
        return finish(tenant, request, rest, Err(error.into()));
    }
    match rest {
        ["$batch"] => {
            let answered = batch::answer(tenant, &caller, request, planned);
            finish(tenant, request, rest, answered)
        }
        rest => one(tenant, &caller, request, rest),
    }
}

/// Answers one request or one item of a batch.
fn one(tenant: &mut Tenant, caller: &Caller, request: &Request, rest: &[&str]) -> Result<Reply, SandboxError> {
    let demand = Demand { units: cost(request, rest), writes: u32::from(request.method != "GET"), changes: 0 };
    let usage = match tenant.admit(caller.app(), demand) {
        Ok(usage) => usage,
        Err(refusal) => return finish(tenant, request, rest, Err(GraphError::throttled(&refusal).into())),
    };
    let answered = undone_if_refused(tenant, request, |tenant| route::route(tenant, caller, request, rest));
    let reply = finish(tenant, request, rest, answered)?;
    Ok(if usage < TELL_USAGE_FROM { reply } else { reply.with_header("x-ms-throttle-limit-percentage", &format!("{usage:.1}")) })
}

/// Does all of a write or nothing.
fn undone_if_refused(
    tenant: &mut Tenant,
    request: &Request,
    work: impl FnOnce(&mut Tenant) -> Result<Reply, Stop>,
) -> Result<Reply, Stop> {
    if request.method == "GET" {
        return work(tenant);
    }
    tenant.save_point()?;
    let answered = work(tenant);
    match &answered {
        Ok(_) => tenant.release()?,
        Err(Stop::Refused(_)) => tenant.take_back()?,
        // Whoever runs the handlers undoes everything.
        Err(Stop::Failed(_)) => {}
    }
    answered
}

/// Adds what every answer carries.
fn finish(tenant: &mut Tenant, request: &Request, rest: &[&str], answered: Result<Reply, Stop>) -> Result<Reply, SandboxError> {
    let request_id = tenant.new_id().to_string();
    let client_id = request.header("client-request-id").unwrap_or(&request_id).to_owned();
    let reply = match answered {
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

/// Resource units of a request.
fn cost(request: &Request, rest: &[&str]) -> u32 {
    let mut cost: u32 = match rest {
        ["users"] if request.method == "GET" => 2,
        ["groups", _, "members"] if request.method == "GET" => 3,
        _ => 1,
    };
    if request.option("$expand").is_some() {
        cost += 1;
    }
    if request.option("$select").is_some() {
        cost = cost.saturating_sub(1);
    }
    let top = request.option("$top").and_then(|text| text.parse::<u32>().ok());
    if top.is_some_and(|top| top < 20) {
        cost = cost.saturating_sub(1);
    }
    cost.max(1)
}

/// `…/$metadata#…` of an answer.
fn context(request: &Request, what: &str) -> Value {
    let version = request.segments.first().map_or("v1.0", String::as_str);
    json!(format!("{}/{version}/$metadata#{what}", request.base_url))
}

/// One entity as an answer.
fn single(status: u16, context: Value, entity: Value) -> Reply {
    let mut body = Map::new();
    body.insert("@odata.context".to_owned(), context);
    if let Value::Object(fields) = entity {
        body.extend(fields);
    }
    Reply::json(status, Value::Object(body))
}
