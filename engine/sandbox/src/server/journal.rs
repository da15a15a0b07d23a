//! The journal of requests, kept in memory, without secrets.

use std::collections::VecDeque;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::http::Request;

const KEPT: usize = 10_000;
/// Bodies of JSON are kept as they came up to this many bytes together; older ones are left out.
const MAX_BODIES: usize = 64 * 1024 * 1024;
/// Longer bodies are left out.
const MAX_BODY: usize = 64 * 1024;
/// Names whose values are secret, in forms and in JSON.
const SECRET_NAMES: [&str; 7] =
    ["client_secret", "client_assertion", "password", "refresh_token", "device_code", "credentialData", "export_password"];
const HIDDEN: &str = "***";

/// The latest requests.
#[derive(Default)]
pub(super) struct Journal {
    entries: VecDeque<Entry>,
    /// Number of the latest entry.
    last: u64,
    /// Bytes of all bodies that are kept.
    bytes: usize,
    /// How many of the oldest entries have lost their bodies.
    emptied: usize,
}

/// One request.
struct Entry {
    number: u64,
    time: Timestamp,
    method: String,
    path: String,
    query: Value,
    status: u16,
    body: Body,
}

/// What came with a request. Forms, which sign people in, lose their secrets at once; JSON is read, and what is secret in it
/// taken out, when somebody asks for it.
enum Body {
    Form(Value),
    Json(Vec<u8>),
}

impl Entry {
    /// Bytes that are kept of the body as it came.
    fn bytes(&self) -> usize {
        match &self.body {
            Body::Form(_) => 0,
            Body::Json(body) => body.len(),
        }
    }

    fn shown(&self) -> Value {
        json!({
            "number": self.number,
            "time": self.time.to_string(),
            "method": self.method,
            "path": self.path,
            "query": self.query,
            "status": self.status,
            "body": match &self.body {
                Body::Form(fields) => fields.clone(),
                Body::Json(body) => redacted(body),
            },
        })
    }
}

impl Journal {
    /// Adds a request.
    pub(super) fn add(&mut self, time: Timestamp, request: &Request, status: u16) {
        self.last += 1;
        let kept = request.body.len() <= MAX_BODY;
        let body = if request.header("content-type").is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded")) {
            Body::Form(if kept { redacted_form(request) } else { Value::Null })
        } else {
            Body::Json(if kept { request.body.clone() } else { Vec::new() })
        };
        let (method, path, query) = (request.method.clone(), request.path.clone(), json!(request.query));
        let entry = Entry { number: self.last, time, method, path, query, status, body };
        self.bytes += entry.bytes();
        self.entries.push_back(entry);
        while self.bytes > MAX_BODIES {
            let Some(entry) = self.entries.get_mut(self.emptied) else { break };
            self.bytes -= entry.bytes();
            entry.body = Body::Json(Vec::new());
            self.emptied += 1;
        }
        if self.entries.len() > KEPT
            && let Some(oldest) = self.entries.pop_front()
        {
            self.bytes -= oldest.bytes();
            self.emptied = self.emptied.saturating_sub(1);
        }
    }

    /// Number of the latest entry.
    pub(super) fn last(&self) -> u64 {
        self.last
    }

    /// Entries after a number.
    pub(super) fn since(&self, number: u64) -> Vec<Value> {
        self.entries.iter().filter(|entry| entry.number > number).map(Entry::shown).collect()
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.entries.clear();
        (self.bytes, self.emptied) = (0, 0);
    }
}

/// A form without the values of secret names.
fn redacted_form(request: &Request) -> Value {
    let fields = request.form().into_iter().map(|(name, value)| {
        let shown = if is_secret(&name) { HIDDEN.to_owned() } else { value };
        (name, Value::String(shown))
    });
    Value::Object(fields.collect())
}

/// A body without the values of secret names; null where it cannot be shown.
fn redacted(body: &[u8]) -> Value {
    let mut body = serde_json::from_slice(body).unwrap_or(Value::Null);
    hide(&mut body);
    body
}

fn is_secret(name: &str) -> bool {
    SECRET_NAMES.iter().any(|secret| secret.eq_ignore_ascii_case(name))
}

fn hide(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields.iter_mut() {
                if is_secret(name) {
                    *value = json!(HIDDEN);
                } else {
                    hide(value);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(hide),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_do_not_reach_the_journal() {
        let mut journal = Journal::default();
        let mut form = Request::new("POST", "/t/oauth2/v2.0/token", "");
        form.headers.insert("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned());
        form.body = b"client_id=a&client_secret=hush".to_vec();
        journal.add(Timestamp::UNIX_EPOCH, &form, 200);
        let mut body = Request::new("POST", "/dirsync/v1/credentials", "");
        body.body = br#"{"items":[{"credentialData":"hush","sourceAnchor":"b"}]}"#.to_vec();
        journal.add(Timestamp::UNIX_EPOCH, &body, 200);
        let shown = json!(journal.since(0)).to_string();
        assert!(!shown.contains("hush"), "{shown}");
        assert!(shown.contains(r#""client_id":"a""#) && shown.contains(r#""sourceAnchor":"b""#));
        assert_eq!(journal.since(1).len(), 1);
    }

    #[test]
    fn old_bodies_make_room() {
        let mut journal = Journal::default();
        let mut request = Request::new("POST", "/v1.0/$batch", "");
        request.body = format!("\"{}\"", "x".repeat(MAX_BODY - 2)).into_bytes();
        let kept = MAX_BODIES / MAX_BODY;
        for _ in 0..kept + 2 {
            journal.add(Timestamp::UNIX_EPOCH, &request, 200);
        }
        let entries = journal.since(0);
        let empty = entries.iter().take_while(|entry| entry["body"].is_null()).count();
        assert_eq!((entries.len(), empty, journal.last()), (kept + 2, 2, kept as u64 + 2));
        assert!(entries[2]["body"].is_string());
    }
}
