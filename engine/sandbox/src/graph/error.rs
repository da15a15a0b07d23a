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
}

impl GraphError {
    pub(super) fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "Request_BadRequest", message)
    }

    pub(super) fn unsupported_query(message: impl Into<String>) -> Self {
        Self::new(400, "Request_UnsupportedQuery", message)
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

    pub(super) fn not_implemented(request: &Request) -> Self {
        Self::new(501, "NotImplemented", format!("{} {} is not implemented.", request.method, request.path))
    }

    pub(super) fn reply(&self, now: Timestamp, request_id: &str, client_id: &str) -> Reply {
        let reply = Reply::json(
            self.status,
            json!({ "error": {
                "code": self.code,
                "message": self.message,
                "innerError": {
                    "date": now.strftime("%Y-%m-%dT%H:%M:%S").to_string(),
                    "request-id": request_id,
                    "client-request-id": client_id,
                },
            } }),
        );
        match self.status {
            401 => reply.with_header("WWW-Authenticate", "Bearer"),
            405 => reply.with_header("Allow", "GET"),
            _ => reply,
        }
    }
}
