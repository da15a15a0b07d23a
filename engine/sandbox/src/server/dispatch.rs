//! Which part of the tenant answers a request.

use std::net::IpAddr;

use serde_json::{Value, json};

use super::faults;
use super::http::{Reply, Request};
use super::{Shared, lock};
use crate::SandboxError;
use crate::dirsync::failure;
use crate::tenant::Tenant;
use crate::{control, dirsync, graph, sign_in};

/// Whether the client meant this tenant and is not a page of another site in a browser.
fn is_ours(shared: &Shared, request: &Request) -> bool {
    let host = request.base_url.split_once("://").map_or("", |(_, host)| host);
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    // The tenant's own page, where codes are entered, says where it comes from.
    let own = request.header("origin").is_none_or(|origin| origin == request.base_url && request.path.starts_with("/common/"));
    let is_address = |address: IpAddr| name.trim_matches(['[', ']']).parse() == Ok(address);
    own && (is_loopback(name) || shared.address.is_some_and(is_address))
}

fn is_loopback(name: &str) -> bool {
    ["127.0.0.1", "localhost"].contains(&name.to_ascii_lowercase().as_str())
}

/// Answers a request, with a planned reply in place of the tenant's if there is one, and journals it.
pub(super) fn dispatch(shared: &Shared, request: &Request, planned: Option<Reply>) -> Reply {
    if !is_ours(shared, request) {
        return failure(403, "Forbidden", "The tenant answers clients that call it by its own address only.");
    }
    let mut tenant = lock(&shared.tenant);
    let segments: Vec<&str> = request.segments.iter().map(String::as_str).collect();
    if let ["sandbox", "v1", rest @ ..] = segments.as_slice() {
        return if shared.control && (shared.address.is_none() || request.base_url.starts_with("http://")) {
            control(shared, &mut tenant, request, rest)
        } else {
            failure(404, "NotFound", "The control API is not enabled; start the tenant with it.")
        };
    }
    let reply = match planned {
        Some(reply) => reply,
        None => guarded(&mut tenant, |tenant| route(shared, tenant, request, &segments)),
    };
    // Nobody but the control API asks for the journal.
    if shared.control {
        lock(&shared.journal).add(tenant.now(), request, reply.status);
    }
    reply
}

/// Runs a handler; a failure of the tenant itself leaves nothing half-written.
fn guarded(tenant: &mut Tenant, handler: impl FnOnce(&mut Tenant) -> Result<Reply, SandboxError>) -> Reply {
    let answered = tenant.run_timers().and_then(|()| handler(tenant));
    match answered {
        Ok(reply) => reply,
        Err(error) => {
            tracing::error!(%error, "a request failed");
            if let Err(error) = tenant.abandon() {
                tracing::error!(%error, "a failed request could not be undone");
            }
            failure(500, "InternalServerError", &error.to_string())
        }
    }
}

fn route(shared: &Shared, tenant: &mut Tenant, request: &Request, segments: &[&str]) -> Result<Reply, SandboxError> {
    match segments {
        ["v1.0" | "beta", rest @ ..] => {
            let planned = |inner: &Request| lock(&shared.faults).next(inner).and_then(|effect| effect.reply);
            graph::answer(tenant, &shared.key, request, rest, &planned)
        }
        ["dirsync", ..] if request.too_large => Ok(failure(413, "RequestEntityTooLarge", "The request body is too large.")),
        ["dirsync", "v1", rest @ ..] => dirsync::answer(tenant, &shared.key, request, rest),
        _ => match sign_in::answer(tenant, &shared.key, request)? {
            Some(reply) => Ok(reply),
            None => Ok(failure(501, "NotImplemented", &format!("{} {} is not implemented.", request.method, request.path))),
        },
    }
}

/// The parts of the control API that concern the server, then those of the tenant.
fn control(shared: &Shared, tenant: &mut Tenant, request: &Request, rest: &[&str]) -> Reply {
    match (request.method.as_str(), rest) {
        ("PUT", ["faults"]) => {
            let planned = request.json().map_err(|error| error.to_string()).and_then(|body| faults::parse(&body));
            match planned {
                Ok(planned) => {
                    lock(&shared.faults).replace(planned);
                    Reply::empty(204)
                }
                Err(reason) => control::bad_request(&reason),
            }
        }
        ("GET", ["requests"]) => {
            let since = request.option("since").and_then(|text| text.parse().ok()).unwrap_or(0);
            let journal = lock(&shared.journal);
            let value: Vec<Value> = journal.since(since);
            Reply::json(200, json!({ "value": value, "last": journal.last() }))
        }
        ("POST", ["reset"]) => {
            lock(&shared.faults).replace(Vec::new());
            lock(&shared.journal).clear();
            guarded(tenant, |tenant| control::answer(tenant, request, rest))
        }
        _ => guarded(tenant, |tenant| control::answer(tenant, request, rest)),
    }
}
