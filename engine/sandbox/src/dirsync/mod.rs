//! The sync channel `/dirsync/v1`: what a synchronization client writes and reads.

mod credentials;
mod delta;
mod matching;
mod provision;
mod references;
mod settings;
mod uniqueness;
mod validate;

use serde_json::{Value, json};

use crate::SandboxError;
use crate::server::http::{Reply, Request};
use crate::sign_in::keys::SigningKey;
use crate::sign_in::token;
use crate::tenant::{Demand, Tenant};

pub(crate) use references::{LinkChanges, apply_links};
pub(crate) use validate::{Writer, normalize};

/// The role an application needs for every call.
const ROLE: &str = "DirSync.ReadWrite.All";

/// An error of the whole request.
pub(crate) fn failure(status: u16, code: &str, message: &str) -> Reply {
    Reply::json(status, json!({ "error": { "code": code, "message": message } }))
}

/// Why one change of a batch was refused.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ChangeError {
    pub(crate) code: &'static str,
    /// Number of the error in the client's vocabulary, where it has one.
    pub(crate) number: Option<u32>,
    pub(crate) property: Option<String>,
    pub(crate) value: Option<String>,
    /// Cloud anchors of the objects in the way.
    pub(crate) conflicting: Vec<String>,
    pub(crate) literal: String,
    /// The same change is treated otherwise at the next attempt.
    only_once: bool,
}

impl ChangeError {
    pub(crate) fn new(code: &'static str, literal: impl Into<String>) -> Self {
        Self {
            code,
            number: None,
            property: None,
            value: None,
            conflicting: Vec::new(),
            literal: literal.into(),
            only_once: false,
        }
    }

    /// A fault of one attribute's value.
    pub(crate) fn of_value(code: &'static str, property: &str, value: Option<&str>, literal: impl Into<String>) -> Self {
        Self { property: Some(property.to_owned()), value: value.map(str::to_owned), ..Self::new(code, literal) }
    }

    fn with_number(mut self, number: u32) -> Self {
        self.number = Some(number);
        self
    }

    fn with_conflicting(mut self, conflicting: Vec<String>) -> Self {
        self.conflicting = conflicting;
        self
    }

    fn json(&self, tracking_id: uuid::Uuid) -> Value {
        json!({
            "code": self.code,
            "number": self.number,
            "property": self.property,
            "value": self.value,
            "conflicting": self.conflicting,
            "literal": self.literal,
            "trackingId": tracking_id,
        })
    }
}

/// A change was refused, or the tenant itself failed.
#[derive(Debug)]
pub(crate) enum Stop {
    Refused(Box<ChangeError>),
    Failed(SandboxError),
}

impl From<ChangeError> for Stop {
    fn from(error: ChangeError) -> Self {
        Stop::Refused(Box::new(error))
    }
}

impl From<Box<ChangeError>> for Stop {
    fn from(error: Box<ChangeError>) -> Self {
        Stop::Refused(error)
    }
}

impl From<SandboxError> for Stop {
    fn from(error: SandboxError) -> Self {
        Stop::Failed(error)
    }
}

/// Answers a request below `/dirsync/v1`.
pub(crate) fn answer(tenant: &mut Tenant, key: &SigningKey, request: &Request, rest: &[&str]) -> Result<Reply, SandboxError> {
    let caller = match token::caller(tenant, key, request) {
        Err(fault) => return Ok(failure(401, "InvalidAuthenticationToken", fault.message())),
        Ok(caller) if !caller.has_any(&[ROLE]) => {
            return Ok(failure(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation."));
        }
        Ok(caller) => caller,
    };
    if !request.body.is_empty() && !request.is_json() {
        return Ok(failure(415, "UnsupportedMediaType", "the body of a request is application/json"));
    }
    let changes = if tenant.limits_changes() { changes_of(request, rest) } else { 0 };
    let demand = Demand { changes, ..Demand::default() };
    if let Err(refusal) = tenant.admit(caller.app(), demand) {
        return Ok(failure(429, "TooManyRequests", "too many changes; retry after the indicated time")
            .with_header("Retry-After", &refusal.retry_after.to_string())
            .with_header("x-ms-throttle-scope", &refusal.scope)
            .with_header("x-ms-throttle-information", refusal.information));
    }
    match (request.method.as_str(), rest) {
        ("POST", ["provision"]) => provision::answer(tenant, request),
        ("POST", ["credentials"]) => credentials::answer(tenant, request),
        ("POST", ["ping"]) => credentials::ping(tenant),
        ("GET", ["objects", "delta"]) => delta::answer(tenant, request),
        ("POST", ["sessions", "import" | "export", "finalize"]) => settings::finalize(tenant, request),
        ("GET", ["company"]) => settings::company(tenant),
        ("PATCH", ["company"]) => settings::patch_company(tenant, request),
        ("GET", ["features"]) => Ok(settings::features(tenant)),
        ("PATCH", ["features"]) => settings::patch_features(tenant, request),
        ("GET", ["errors"]) => settings::errors(tenant),
        _ => Ok(failure(501, "NotImplemented", &format!("{} {} is not implemented.", request.method, request.path))),
    }
}

/// Number of changes a request carries, for the limit on them.
fn changes_of(request: &Request, rest: &[&str]) -> u32 {
    #[derive(serde::Deserialize)]
    struct Counted {
        #[serde(default)]
        changes: Vec<serde::de::IgnoredAny>,
    }
    if rest != ["provision"] {
        return 0;
    }
    let counted = serde_json::from_slice::<Counted>(&request.body);
    counted.map_or(0, |counted| u32::try_from(counted.changes.len()).unwrap_or(u32::MAX))
}
