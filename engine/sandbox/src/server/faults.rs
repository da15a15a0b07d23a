//! Planned faults: answers the tenant gives in place of its own, for tests of clients.

use std::time::Duration;

use regex::Regex;
use serde::Deserialize;
use serde_json::Value;

use super::http::{Reply, Request};
use super::scramble::Scramble;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Wire {
    #[serde(default)]
    method: Option<String>,
    /// Regular expression over the path.
    path: String,
    /// The first matching request that is hit, counted from 1.
    #[serde(default = "one")]
    nth: u64,
    /// How many matching requests are hit.
    #[serde(default = "one")]
    times: u64,
    #[serde(default)]
    status: Option<u16>,
    #[serde(default)]
    headers: std::collections::BTreeMap<String, String>,
    #[serde(default)]
    body: Option<Value>,
    #[serde(default)]
    drop_connection: bool,
    /// The connection is dropped only after the tenant has done what was asked.
    #[serde(default)]
    after_commit: bool,
    #[serde(default)]
    delay_ms: u64,
    /// The tenant's own answer, with its parts told in another way.
    #[serde(default)]
    scramble: Option<Scramble>,
}

fn one() -> u64 {
    1
}

/// A planned fault and how often it was looked at.
pub(super) struct Fault {
    wire: Wire,
    path: Regex,
    seen: u64,
}

/// What happens to one request.
pub(super) struct Effect {
    pub(super) delay: Duration,
    pub(super) drop_connection: bool,
    pub(super) after_commit: bool,
    pub(super) reply: Option<Reply>,
    pub(super) scramble: Option<Scramble>,
}

/// Every planned fault.
#[derive(Default)]
pub(super) struct Faults(Vec<Fault>);

/// Reads the faults of a request.
pub(super) fn parse(body: &Value) -> Result<Vec<Fault>, String> {
    let wires: Vec<Wire> = serde_json::from_value(body.clone()).map_err(|error| error.to_string())?;
    wires
        .into_iter()
        .map(|wire| {
            let path = Regex::new(&wire.path).map_err(|error| error.to_string())?;
            if wire.status.is_some_and(|status| !(200..=599).contains(&status)) {
                return Err("'status' must be 200 to 599".to_owned());
            }
            Ok(Fault { wire, path, seen: 0 })
        })
        .collect()
}

impl Faults {
    /// Plans other faults.
    pub(super) fn replace(&mut self, planned: Vec<Fault>) {
        self.0 = planned;
    }

    /// What the first fault that is due does to the request.
    pub(super) fn next(&mut self, request: &Request) -> Option<Effect> {
        if request.path.starts_with("/sandbox/") {
            return None;
        }
        let mut due = None;
        for fault in &mut self.0 {
            let matches = fault.wire.method.as_ref().is_none_or(|method| method.eq_ignore_ascii_case(&request.method))
                && fault.path.is_match(&request.path);
            if !matches {
                continue;
            }
            fault.seen += 1;
            let last = fault.wire.nth.saturating_add(fault.wire.times);
            if due.is_none() && (fault.wire.nth..last).contains(&fault.seen) {
                due = Some(fault.effect());
            }
        }
        due
    }
}

impl Fault {
    fn effect(&self) -> Effect {
        let reply = self.wire.status.map(|status| {
            let mut reply = match &self.wire.body {
                Some(Value::String(text)) => Reply::text(status, text.clone()),
                Some(body) => Reply::json(status, body.clone()),
                None => Reply::empty(status),
            };
            for (name, value) in &self.wire.headers {
                reply = reply.with_header(name, value);
            }
            reply
        });
        Effect {
            delay: Duration::from_millis(self.wire.delay_ms),
            drop_connection: self.wire.drop_connection,
            after_commit: self.wire.after_commit,
            reply,
            scramble: self.wire.scramble,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_fault_hits_the_requests_it_was_planned_for() {
        let mut faults = Faults::default();
        faults
            .replace(parse(&json!([{ "method": "GET", "path": "^/v1.0/users", "nth": 2, "times": 2, "status": 503 }])).unwrap());
        let mut hit = |method: &str, path: &str| {
            faults.next(&Request::new(method, path, "")).and_then(|effect| effect.reply).map(|reply| reply.status)
        };
        assert_eq!(hit("GET", "/v1.0/users"), None);
        assert_eq!(hit("POST", "/v1.0/users"), None);
        assert_eq!(hit("GET", "/v1.0/groups"), None);
        assert_eq!(hit("GET", "/v1.0/users/x"), Some(503));
        assert_eq!(hit("GET", "/v1.0/users"), Some(503));
        assert_eq!(hit("GET", "/v1.0/users"), None);
    }

    #[test]
    fn faults_that_make_no_sense_are_refused() {
        assert!(parse(&json!([{ "path": "(" }])).is_err());
        assert!(parse(&json!([{ "path": "x", "status": 99 }])).is_err());
        assert!(parse(&json!([{ "path": "x", "colour": 1 }])).is_err());
        assert!(parse(&json!([{ "path": "x", "scramble": "sometimes" }])).is_err());
    }
}
