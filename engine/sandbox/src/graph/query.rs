//! Query options of a list.

use serde::{Deserialize, Serialize};

use super::entities::Entity;
use super::error::GraphError;
use super::filter::{self, Filter};
use crate::server::http::{Request, encode};
use crate::token_text;

const DEFAULT_PAGE: usize = 100;
const MAX_PAGE: usize = 999;

/// Where the next page starts.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct SkipToken {
    /// Last row sent.
    pub(super) row: i64,
}

/// The options of a request for a list.
pub(super) struct Query<'a> {
    /// Names of `$select`, or `None`.
    pub(super) select: Option<Vec<&'a str>>,
    pub(super) filter: Option<Filter>,
    pub(super) top: usize,
    /// Whether the number of all results is wanted.
    pub(super) count: bool,
    pub(super) after: i64,
}

impl<'a> Query<'a> {
    /// Reads the options; what is not served is refused.
    pub(super) fn read(request: &'a Request, entity: Entity) -> Result<Query<'a>, GraphError> {
        for (name, _) in &request.query {
            let known = ["$select", "$filter", "$top", "$count", "$skiptoken"];
            if name.starts_with('$') && !known.iter().any(|option| option.eq_ignore_ascii_case(name)) {
                return Err(GraphError::new(501, "NotImplemented", format!("Query option '{name}' is not implemented.")));
            }
        }
        let top = match request.option("$top") {
            None => DEFAULT_PAGE,
            Some(text) => text.parse().ok().filter(|top| (1..=MAX_PAGE).contains(top)).ok_or_else(|| {
                GraphError::bad_request(format!(
                    "Invalid page size specified: '{text}'. Must be between 1 and {MAX_PAGE} inclusive."
                ))
            })?,
        };
        let eventual = request.header("consistencylevel").is_some_and(|level| level.eq_ignore_ascii_case("eventual"));
        let count = request.option("$count").is_some_and(|text| text.eq_ignore_ascii_case("true"));
        if count && !eventual {
            return Err(GraphError::unsupported_query("$count needs the header ConsistencyLevel: eventual."));
        }
        let filter = request.option("$filter").map(filter::parse).transpose()?;
        if let Some(filter) = &filter {
            filter.check(entity, eventual)?;
        }
        let after = match request.option("$skiptoken") {
            None => 0,
            Some(text) => {
                token_text::read::<SkipToken>(text).ok_or_else(|| GraphError::bad_request("The skip token is not valid."))?.row
            }
        };
        Ok(Query { select: select(request, entity)?, filter, top, count, after })
    }

    /// The properties to send.
    pub(super) fn properties(&self, entity: Entity) -> Vec<&'a str> {
        self.select.clone().unwrap_or_else(|| entity.default.to_vec())
    }
}

/// Names of `$select`; each must be a property of the entity.
pub(super) fn select(request: &Request, entity: Entity) -> Result<Option<Vec<&str>>, GraphError> {
    let Some(text) = request.option("$select") else {
        return Ok(None);
    };
    let names: Vec<&str> = text.split(',').map(str::trim).collect();
    match names.iter().find(|name| !entity.has(name)) {
        Some(name) => Err(GraphError::unknown_property(name)),
        None => Ok(Some(names)),
    }
}

/// The address of the next page: the same request with another skip token.
pub(super) fn next_link(request: &Request, row: i64) -> String {
    let mut options: Vec<String> = request
        .query
        .iter()
        .filter(|(name, _)| !name.eq_ignore_ascii_case("$skiptoken"))
        .map(|(name, value)| format!("{name}={}", encode(value)))
        .collect();
    options.push(format!("$skiptoken={}", token_text::write(&SkipToken { row })));
    format!("{}{}?{}", request.base_url, request.path, options.join("&"))
}
