//! Error answers of the directory.

use jiff::Timestamp;
use serde_json::json;

use crate::server::http::{Reply, Request};
use crate::sign_in::token::TokenFault;

/// An error answer.
#[derive(Debug)]
pub(super) struct GraphError {
    status: u16,
    code: &'static str,
    message: String,
    details: Vec<Detail>,
    headers: Vec<(&'static str, String)>,
}

/// One entry of an error's details.
#[derive(Debug)]
struct Detail {
    code: &'static str,
    target: String,
    message: String,
}

impl GraphError {
    pub(super) fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), details: Vec::new(), headers: Vec::new() }
    }

    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "Request_BadRequest", message)
    }

    pub(super) fn unsupported_query(message: impl Into<String>) -> Self {
        Self::new(400, "Request_UnsupportedQuery", message)
    }

    /// The body is something else than JSON.
    pub(super) fn unsupported_media_type() -> Self {
        Self::new(415, "Request_BadRequest", "The media type of the request body is not supported; use application/json.")
    }

    pub(super) fn unauthorized(fault: TokenFault) -> Self {
        Self::new(401, "InvalidAuthenticationToken", fault.message())
    }

    pub(super) fn denied() -> Self {
        Self::new(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
    }

    pub(super) fn not_found(id: &str) -> Self {
        Self::new(
            404,
            "Request_ResourceNotFound",
            format!("Resource '{id}' does not exist or one of its queried reference-property objects are not present."),
        )
    }

    pub(super) fn unknown_property(name: &str) -> Self {
        Self::bad_request(format!("Invalid property '{name}'."))
    }

    /// A value that does not suit its property.
    pub(super) fn invalid_value(name: &str, resource: &str) -> Self {
        Self::bad_request(format!("Invalid value specified for property '{name}' of resource '{resource}'.")).with_detail(
            "PropertyInvalid",
            name,
            "The value is not valid.",
        )
    }

    /// A property that must be given and is not.
    pub(super) fn missing(name: &str, resource: &str) -> Self {
        Self::bad_request(format!("A value is required for property '{name}' of resource '{resource}'.")).with_detail(
            "PropertyRequired",
            name,
            "A value is required.",
        )
    }

    pub(super) fn read_only(name: &str) -> Self {
        Self::bad_request(format!("Property '{name}' is read-only and cannot be set."))
    }

    /// The object's source of authority is on premises.
    pub(super) fn on_premises() -> Self {
        Self::bad_request(
            "Unable to update the specified properties for on-premises mastered Directory Sync objects or objects \
             currently undergoing migration.",
        )
    }

    /// The value belongs to another object.
    pub(super) fn conflict(name: &str, holders: &[String]) -> Self {
        let message = format!("Another object with the same value for property {name} already exists.");
        let mut error = Self::bad_request(message.clone()).with_detail("ObjectConflict", name, &message);
        for holder in holders {
            error = error.with_detail("ConflictingObjects", holder, "The object that holds the value.");
        }
        error
    }

    pub(super) fn already_linked(name: &str) -> Self {
        Self::bad_request(format!(
            "One or more added object references already exist for the following modified properties: '{name}'."
        ))
    }

    /// Too many requests; the client waits.
    pub(super) fn throttled(refusal: &crate::tenant::Refusal) -> Self {
        Self::new(429, "TooManyRequests", "Too many requests. Please retry after the indicated time.")
            .with_header("Retry-After", refusal.retry_after.to_string())
            .with_header("x-ms-throttle-scope", refusal.scope.clone())
            .with_header("x-ms-throttle-information", refusal.information.to_owned())
            .with_header("x-ms-throttle-limit-percentage", format!("{:.1}", refusal.usage))
    }

    /// The delta token cannot be used any more; reading starts over at the address.
    pub(super) fn resync(start: String) -> Self {
        Self::new(410, "syncStateNotFound", "The sync state generation is not found; start a new synchronization.")
            .with_header("Location", start)
    }

    pub(super) fn with_detail(mut self, code: &'static str, target: &str, message: &str) -> Self {
        self.details.push(Detail { code, target: target.to_owned(), message: message.to_owned() });
        self
    }

    fn with_header(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    pub(super) fn not_implemented(request: &Request) -> Self {
        Self::new(501, "NotImplemented", format!("{} {} is not implemented.", request.method, request.path))
    }

    pub(super) fn reply(&self, now: Timestamp, request_id: &str, client_id: &str) -> Reply {
        let mut error = json!({
            "code": self.code,
            "message": self.message,
            "innerError": {
                "date": now.strftime("%Y-%m-%dT%H:%M:%S").to_string(),
                "request-id": request_id,
                "client-request-id": client_id,
            },
        });
        if let (false, Some(fields)) = (self.details.is_empty(), error.as_object_mut()) {
            let details: Vec<_> = self
                .details
                .iter()
                .map(|detail| json!({ "code": detail.code, "target": detail.target, "message": detail.message }))
                .collect();
            fields.insert("details".to_owned(), json!(details));
        }
        let mut reply = Reply::json(self.status, json!({ "error": error }));
        for (name, value) in &self.headers {
            reply = reply.with_header(name, value);
        }
        match self.status {
            401 => reply.with_header("WWW-Authenticate", "Bearer"),
            405 => reply.with_header("Allow", "GET"),
            _ => reply,
        }
    }
}
