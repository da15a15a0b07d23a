//! Query options of a list, and the forms of answers.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::context;
use super::error::GraphError;
use super::filter::{self, Filter};
use super::types::Entity;
use crate::server::http::{Reply, Request, encode};
use crate::token_text;

const DEFAULT_PAGE: usize = 100;
const MAX_PAGE: usize = 999;
/// Objects a request may expand of one relation.
pub(super) const MAX_EXPANDED: usize = 20;
/// Relations that can be expanded.
const EXPANDABLE: [&str; 5] = ["manager", "members", "owners", "memberOf", "directReports"];

/// Where the next page starts.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct SkipToken {
    /// Last row sent.
    pub(super) row: i64,
    /// Its sort key, if the list is ordered.
    #[serde(default)]
    pub(super) key: Option<String>,
}

/// The order of a list.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Order {
    pub(super) property: &'static str,
    pub(super) descending: bool,
}

/// A relation that is sent along with each object.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Expand {
    pub(super) relation: &'static str,
    pub(super) select: Option<Vec<String>>,
}

/// The options of a request for a list.
pub(super) struct Query<'a> {
    /// Names of `$select`, or `None`.
    pub(super) select: Option<Vec<&'a str>>,
    pub(super) filter: Option<Filter>,
    pub(super) order: Option<Order>,
    pub(super) expand: Vec<Expand>,
    pub(super) top: usize,
    /// Whether the number of all results is wanted.
    pub(super) count: bool,
    pub(super) after: SkipToken,
}

/// Whether the request accepts answers that need the directory's index.
pub(super) fn is_eventual(request: &Request) -> bool {
    request.header("consistencylevel").is_some_and(|level| level.eq_ignore_ascii_case("eventual"))
}

impl<'a> Query<'a> {
    /// Reads the options of a list of one or several types; what is not served is refused.
    pub(super) fn read(request: &'a Request, entities: &[Entity]) -> Result<Query<'a>, GraphError> {
        refuse_unknown(request, &["$select", "$filter", "$top", "$count", "$orderby", "$expand", "$skiptoken", "$format"])?;
        let top = match request.option("$top") {
            None => DEFAULT_PAGE,
            Some(text) => text.parse().ok().filter(|top| (1..=MAX_PAGE).contains(top)).ok_or_else(|| {
                GraphError::bad_request(format!(
                    "Invalid page size specified: '{text}'. Must be between 1 and {MAX_PAGE} inclusive."
                ))
            })?,
        };
        let eventual = is_eventual(request);
        let count = request.option("$count").is_some_and(|text| text.eq_ignore_ascii_case("true"));
        if count && !eventual {
            return Err(GraphError::unsupported_query("$count needs the header ConsistencyLevel: eventual."));
        }
        let filter = request.option("$filter").map(filter::parse).transpose()?;
        if let Some(filter) = &filter {
            filter.check(entities, eventual)?;
        }
        let after = match request.option("$skiptoken") {
            None => SkipToken { row: 0, key: None },
            Some(text) => token_text::read(text).ok_or_else(|| GraphError::bad_request("The skip token is not valid."))?,
        };
        let order = request.option("$orderby").map(order).transpose()?;
        Ok(Query { select: select(request, entities)?, filter, order, expand: expand(request)?, top, count, after })
    }

    /// The properties of a type to send.
    pub(super) fn properties(&self, entity: Entity) -> Vec<&'a str> {
        chosen(self.select.as_deref(), entity)
    }
}

/// The selected properties a type has, or those sent by default.
pub(super) fn chosen<'a>(select: Option<&[&'a str]>, entity: Entity) -> Vec<&'a str> {
    match select {
        Some(names) => names.iter().copied().filter(|name| entity.has(name)).collect(),
        None => entity.defaults(),
    }
}

/// Refuses options that are not served.
pub(super) fn refuse_unknown(request: &Request, known: &[&str]) -> Result<(), GraphError> {
    for (name, _) in &request.query {
        if name.starts_with('$') && !known.iter().any(|option| option.eq_ignore_ascii_case(name)) {
            return Err(GraphError::new(501, "NotImplemented", format!("Query option '{name}' is not implemented.")));
        }
    }
    Ok(())
}

/// Names of `$select`; each must be a property of one of the types.
pub(super) fn select<'a>(request: &'a Request, entities: &[Entity]) -> Result<Option<Vec<&'a str>>, GraphError> {
    let Some(text) = request.option("$select") else {
        return Ok(None);
    };
    let names: Vec<&str> = text.split(',').map(str::trim).collect();
    match names.iter().find(|name| !entities.iter().any(|entity| entity.shows(name, request))) {
        Some(name) => Err(GraphError::unknown_property(name)),
        None => Ok(Some(names)),
    }
}

fn order(text: &str) -> Result<Order, GraphError> {
    let mut words = text.split_whitespace();
    let property = match words.next() {
        Some("displayName") => "displayName",
        Some("userPrincipalName") => "userPrincipalName",
        _ => return Err(GraphError::unsupported_query(format!("Sorting by '{text}' is not supported."))),
    };
    let descending = match (words.next(), words.next()) {
        (None, _) | (Some("asc"), None) => false,
        (Some("desc"), None) => true,
        _ => return Err(GraphError::unsupported_query(format!("Sorting by '{text}' is not supported."))),
    };
    Ok(Order { property, descending })
}

/// Relations of `$expand`, with their own `$select`.
pub(super) fn expand(request: &Request) -> Result<Vec<Expand>, GraphError> {
    let Some(text) = request.option("$expand") else {
        return Ok(Vec::new());
    };
    let mut found = Vec::new();
    for part in outer_parts(text) {
        let (name, options) = match part.split_once('(') {
            Some((name, options)) => (name.trim(), options.trim_end_matches(')')),
            None => (part.trim(), ""),
        };
        let Some(relation) = EXPANDABLE.into_iter().find(|relation| *relation == name) else {
            return Err(GraphError::bad_request(format!("Could not find a property named '{name}' to expand.")));
        };
        let select = options
            .split(';')
            .find_map(|option| option.trim().strip_prefix("$select="))
            .map(|names| names.split(',').map(|name| name.trim().to_owned()).collect());
        found.push(Expand { relation, select });
    }
    Ok(found)
}

/// Splits at commas outside of parentheses.
fn outer_parts(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut depth, mut start) = (0_i32, 0);
    for (place, character) in text.char_indices() {
        match character {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => {
                parts.extend(text.get(start..place));
                start = place + 1;
            }
            _ => {}
        }
    }
    parts.extend(text.get(start..));
    parts
}

/// The address of the next page: the same request with another skip token.
pub(super) fn next_link(request: &Request, after: &SkipToken) -> String {
    let mut options: Vec<String> = request
        .query
        .iter()
        .filter(|(name, _)| !name.eq_ignore_ascii_case("$skiptoken"))
        .map(|(name, value)| format!("{name}={}", encode(value)))
        .collect();
    options.push(format!("$skiptoken={}", token_text::write(after)));
    format!("{}{}?{}", request.base_url, request.path, options.join("&"))
}

/// A complete list as an answer.
pub(super) fn list(request: &Request, what: &str, value: Vec<Value>) -> Reply {
    let mut body = Map::new();
    body.insert("@odata.context".to_owned(), context(request, what));
    body.insert("value".to_owned(), Value::Array(value));
    Reply::json(200, Value::Object(body))
}

/// Keeps the properties of `$select` of something that was rendered whole, where no other option is served.
pub(super) fn alone(request: &Request, entity: Entity, all: Value) -> Result<Value, GraphError> {
    refuse_unknown(request, &["$select"])?;
    selected(request, entity, all)
}

/// Keeps the properties of `$select` of something that was rendered whole.
pub(super) fn selected(request: &Request, entity: Entity, all: Value) -> Result<Value, GraphError> {
    let Some(names) = select(request, &[entity])? else {
        return Ok(all);
    };
    let Value::Object(fields) = all else {
        return Ok(all);
    };
    let kept = fields.into_iter().filter(|(name, _)| name == "id" || names.contains(&name.as_str())).collect();
    Ok(Value::Object(kept))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relations_are_expanded_with_their_own_choice() {
        type Wanted<'a> = Vec<(&'a str, Option<Vec<&'a str>>)>;
        let check = |text: &str, expected: Option<Wanted<'_>>| {
            let request = Request::new("GET", &format!("/v1.0/users?$expand={text}"), "");
            let found = expand(&request).ok();
            let expected = expected.map(|list| {
                list.into_iter()
                    .map(|(relation, select)| Expand {
                        relation: EXPANDABLE.into_iter().find(|known| *known == relation).unwrap(),
                        select: select.map(|names| names.into_iter().map(str::to_owned).collect()),
                    })
                    .collect::<Vec<_>>()
            });
            assert_eq!(found, expected, "{text}");
        };
        check("manager", Some(vec![("manager", None)]));
        check("manager($select=id,mail),owners", Some(vec![("manager", Some(vec!["id", "mail"])), ("owners", None)]));
        check("manager($levels=max;$select=id)", Some(vec![("manager", Some(vec!["id"]))]));
        check("drive", None);
    }

    #[test]
    fn lists_are_ordered_by_two_properties() {
        assert_eq!(order("displayName desc").unwrap(), Order { property: "displayName", descending: true });
        assert_eq!(order("userPrincipalName").unwrap(), Order { property: "userPrincipalName", descending: false });
        for text in ["mail", "displayName up", "displayName asc x", ""] {
            assert!(order(text).is_err(), "{text}");
        }
    }
}
