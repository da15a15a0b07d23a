//! Requests and replies as the handlers see them.

use std::collections::BTreeMap;

use serde_json::Value;

/// A request, read to its end.
#[derive(Debug, Clone, Default)]
pub(crate) struct Request {
    /// Method in capitals.
    pub(crate) method: String,
    /// Path without the query, as sent.
    pub(crate) path: String,
    /// Parts of the path, decoded, without empty ones.
    pub(crate) segments: Vec<String>,
    /// Query options in order, decoded.
    pub(crate) query: Vec<(String, String)>,
    /// Headers by lower-case name.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
    /// The body was larger than the tenant reads.
    pub(crate) too_large: bool,
    /// Scheme, host and port the client used.
    pub(crate) base_url: String,
}

impl Request {
    /// Takes path and query apart.
    pub(crate) fn new(method: &str, target: &str, base_url: &str) -> Request {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        Request {
            method: method.to_owned(),
            path: path.to_owned(),
            segments: path.split('/').filter(|segment| !segment.is_empty()).map(|segment| decode(segment, false)).collect(),
            query: parse_form(query),
            base_url: base_url.to_owned(),
            ..Request::default()
        }
    }

    /// Whether the client asked the preview of the directory.
    pub(crate) fn is_beta(&self) -> bool {
        self.segments.first().is_some_and(|version| version == "beta")
    }

    /// Whether the body says that it is JSON.
    pub(crate) fn is_json(&self) -> bool {
        self.header("content-type").is_some_and(|kind| kind.to_ascii_lowercase().starts_with("application/json"))
    }

    /// The value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// The value of a query option.
    pub(crate) fn option(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The body as JSON; an empty body is null.
    pub(crate) fn json(&self) -> Result<Value, serde_json::Error> {
        if self.body.is_empty() { Ok(Value::Null) } else { serde_json::from_slice(&self.body) }
    }

    /// The body as a form.
    pub(crate) fn form(&self) -> Vec<(String, String)> {
        parse_form(&String::from_utf8_lossy(&self.body))
    }
}

/// What a reply carries.
#[derive(Debug, Clone)]
pub(crate) enum Content {
    Empty,
    Json(Value),
    Text(String),
}

/// An answer to a request.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) content: Content,
}

impl Reply {
    /// A JSON answer.
    pub(crate) fn json(status: u16, body: Value) -> Reply {
        Reply {
            status,
            headers: vec![("Content-Type".to_owned(), "application/json; charset=utf-8".to_owned())],
            content: Content::Json(body),
        }
    }

    /// A plain text answer.
    pub(crate) fn text(status: u16, body: String) -> Reply {
        Reply {
            status,
            headers: vec![("Content-Type".to_owned(), "text/plain; charset=utf-8".to_owned())],
            content: Content::Text(body),
        }
    }

    /// An answer without body.
    pub(crate) fn empty(status: u16) -> Reply {
        Reply { status, headers: Vec::new(), content: Content::Empty }
    }

    /// Sets a header.
    pub(crate) fn with_header(mut self, name: &str, value: &str) -> Reply {
        self.headers.retain(|(old, _)| !old.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The bytes of the body.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        match &self.content {
            Content::Empty => Vec::new(),
            // Writing to memory cannot fail.
            Content::Json(value) => serde_json::to_vec(value).unwrap_or_default(),
            Content::Text(text) => text.clone().into_bytes(),
        }
    }
}

/// Reads `a=b&c=d`.
fn parse_form(text: &str) -> Vec<(String, String)> {
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(key, true), decode(value, true))
        })
        .collect()
}

/// Undoes percent encoding; what is not valid stays as it is.
fn decode(text: &str, plus_is_space: bool) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let escaped = (byte == b'%')
            .then(|| {
                let mut ahead = rest.clone();
                let high = char::from(ahead.next()?).to_digit(16)?;
                let low = char::from(ahead.next()?).to_digit(16)?;
                u8::try_from(high * 16 + low).ok()
            })
            .flatten();
        match escaped {
            Some(value) => {
                bytes.push(value);
                rest.nth(1);
            }
            None if byte == b'+' && plus_is_space => bytes.push(b' '),
            None => bytes.push(byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Encodes a text for use as a query value.
pub(crate) fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_queries_are_decoded() {
        let request = Request::new("GET", "/v1.0/users/a%40b.c?$filter=x%20eq+'y%2B'&$top=5&flag", "");
        assert_eq!(request.segments, ["v1.0", "users", "a@b.c"]);
        assert_eq!(request.option("$filter"), Some("x eq 'y+'"));
        assert_eq!(request.option("$TOP"), Some("5"));
        assert_eq!(request.option("flag"), Some(""));
        assert_eq!(decode("100%", false), "100%");
        assert_eq!(decode("%zz+", false), "%zz+");
    }

    #[test]
    fn encoding_is_undone_by_decoding() {
        let text = "a b+c/ä'&=";
        assert_eq!(decode(&encode(text), true), text);
    }
}
