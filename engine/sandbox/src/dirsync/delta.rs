//! `GET /objects/delta`: everything, then what changed.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::failure;
use crate::SandboxError;
use crate::schema::{self, Kind};
use crate::server::http::{Reply, Request, encode};
use crate::store::objects::{self, Object, State};
use crate::store::{changes, links};
use crate::tenant::Tenant;
use crate::token_text;

const DEFAULT_PAGE: usize = 50;
const MAX_PAGE: usize = 999;
/// How long a token can be used.
const TOKEN_LIFETIME: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Where a reader stands.
#[derive(Debug, Serialize, Deserialize)]
struct Token {
    epoch: String,
    issued: Timestamp,
    /// Latest change the reader has seen.
    seq: i64,
    /// Last row sent of the first, full reading; `None` once it is complete.
    row: Option<i64>,
    top: usize,
}

/// One page of a full or delta reading.
pub(super) fn answer(tenant: &Tenant, request: &Request) -> Result<Reply, SandboxError> {
    let Some(top) = page_size(request.option("$top")) else {
        return Ok(failure(400, "BadRequest", "$top must be a number from 1 to 999"));
    };
    let mut token = match request.option("$deltatoken").filter(|text| !text.is_empty()) {
        None => Token {
            epoch: tenant.epoch().to_owned(),
            issued: tenant.now(),
            seq: changes::latest(&tenant.db)?,
            row: Some(0),
            top: top.unwrap_or(DEFAULT_PAGE),
        },
        Some("latest") => {
            let token = Token {
                epoch: tenant.epoch().to_owned(),
                issued: tenant.now(),
                seq: changes::latest(&tenant.db)?,
                row: None,
                top: top.unwrap_or(DEFAULT_PAGE),
            };
            return Ok(page(request, Vec::new(), "deltaLink", &token));
        }
        Some(text) => match token_text::read::<Token>(text) {
            Some(token) => token,
            None => return Ok(failure(400, "BadRequest", "the delta token is not valid")),
        },
    };
    if token.epoch != tenant.epoch() || tenant.now().duration_since(token.issued) > TOKEN_LIFETIME {
        let start = format!("{}{}", request.base_url, request.path);
        return Ok(failure(410, "syncStateNotFound", "the delta token is too old; read everything again")
            .with_header("Location", &start));
    }
    token.top = top.unwrap_or(token.top);
    let found = match token.row {
        Some(row) => objects::page(&tenant.db, "state = ?1 AND id > ?2 ORDER BY id", 0, row, token.top + 1)?,
        None => objects::page(&tenant.db, "seq > ?1 AND seq > ?2 ORDER BY seq", token.seq, 0, token.top + 1)?,
    };
    let more = found.len() > token.top;
    let mut value = Vec::with_capacity(found.len());
    for object in found.iter().take(token.top) {
        value.push(entry(tenant, object)?);
        match &mut token.row {
            Some(row) => *row = object.id,
            None => token.seq = object.seq,
        }
    }
    token.issued = tenant.now();
    if more {
        return Ok(page(request, value, "nextLink", &token));
    }
    token.row = None;
    Ok(page(request, value, "deltaLink", &token))
}

/// The asked page size, `None` if it is not valid.
fn page_size(text: Option<&str>) -> Option<Option<usize>> {
    match text {
        None => Some(None),
        Some(text) => text.parse().ok().filter(|size| (1..=MAX_PAGE).contains(size)).map(Some),
    }
}

fn page(request: &Request, value: Vec<Value>, link: &str, token: &Token) -> Reply {
    let url = format!("{}{}?$deltatoken={}", request.base_url, request.path, encode(&token_text::write(token)));
    let mut body = Map::new();
    body.insert("value".to_owned(), Value::Array(value));
    body.insert(link.to_owned(), json!(url));
    Reply::json(200, Value::Object(body))
}

fn entry(tenant: &Tenant, object: &Object) -> Result<Value, SandboxError> {
    let deleted = object.state != State::Live;
    let attributes = if deleted { Map::new() } else { attributes(tenant, object)? };
    Ok(json!({
        "cloudAnchor": object.cloud_anchor(),
        "objectType": object.kind.name(),
        "sourceAnchor": object.anchor,
        "deleted": deleted,
        "attributes": attributes,
    }))
}

/// Values as they were written, references as anchors, and what the tenant adds.
fn attributes(tenant: &Tenant, object: &Object) -> Result<Map<String, Value>, SandboxError> {
    let mut found: Map<String, Value> = object.body.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    if matches!(object.kind, Kind::User | Kind::Group) && !found.contains_key("cloudMastered") {
        // An anchor makes an object a candidate for hard match, so it does not count as the cloud's own.
        let moved = object.cloud.get("isCloudManaged") == Some(&Value::Bool(true));
        let cloud = moved || (object.synced.is_none() && object.anchor.is_none());
        found.insert("cloudMastered".to_owned(), json!(cloud));
    }
    for (attribute, target) in links::named_targets(&tenant.db, object.id)? {
        // The directory has relations of its own, which the channel does not know.
        let Some(known) = schema::attribute(object.kind, &attribute) else {
            continue;
        };
        if known.multi {
            if let Value::Array(list) = found.entry(attribute).or_insert_with(|| json!([])) {
                list.push(json!(target));
            }
        } else {
            found.insert(attribute, json!(target));
        }
    }
    Ok(found)
}
