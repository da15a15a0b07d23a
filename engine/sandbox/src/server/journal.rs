//! The journal of requests, kept in memory, without secrets.

use std::collections::VecDeque;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::http::Request;

const KEPT: usize = 10_000;
/// Longer bodies are left out.
const MAX_BODY: usize = 64 * 1024;
/// Names whose values are secret, in forms and in JSON.
const SECRET_NAMES: [&str; 7] =
    ["client_secret", "client_assertion", "password", "refresh_token", "device_code", "credentialData", "export_password"];
const HIDDEN: &str = "***";

/// The latest requests.
#[derive(Default)]
pub(super) struct Journal {
    entries: VecDeque<Value>,
    /// Number of the latest entry.
    last: u64,
}

impl Journal {
    /// Adds a request.
    pub(super) fn add(&mut self, time: Timestamp, request: &Request, status: u16) {
        self.last += 1;
        self.entries.push_back(json!({
            "number": self.last,
            "time": time.to_string(),
            "method": request.method,
            "path": request.path,
            "query": request.query,
            "status": status,
            "body": redacted(request),
        }));
        if self.entries.len() > KEPT {
            self.entries.pop_front();
        }
    }

    /// Entries after a number.
    pub(super) fn since(&self, number: u64) -> Vec<Value> {
        self.entries
            .iter()
            .filter(|entry| entry.get("number").and_then(Value::as_u64).is_some_and(|own| own > number))
            .cloned()
            .collect()
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.entries.clear();
    }
}

/// The body without the values of secret names; null where it cannot be shown.
fn redacted(request: &Request) -> Value {
    if request.body.is_empty() || request.body.len() > MAX_BODY {
        return Value::Null;
    }
    let form = request.header("content-type").is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    if form {
        let fields: serde_json::Map<String, Value> = request
            .form()
            .into_iter()
            .map(|(name, value)| {
                let shown = if is_secret(&name) { HIDDEN.to_owned() } else { value };
                (name, Value::String(shown))
            })
            .collect();
        return Value::Object(fields);
    }
    let mut body = request.json().unwrap_or(Value::Null);
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
}
