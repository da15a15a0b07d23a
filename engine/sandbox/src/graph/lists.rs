//! Lists of directory objects, single objects, members.

use rusqlite::Connection;
use serde_json::{Map, Value, json};

use super::entities::{Entity, GROUP, USER};
use super::error::GraphError;
use super::filter::Filter;
use super::properties::{property, render};
use super::query::{Query, next_link, select};
use super::{Stop, context, version};
use crate::SandboxError;
use crate::schema::Kind;
use crate::server::http::{Reply, Request};
use crate::store::addresses::{self, Source};
use crate::store::links;
use crate::store::objects::{self, Object, State};
use crate::tenant::Tenant;

/// Rows read at once while a filter is applied.
const SCAN_PAGE: usize = 500;

/// `GET /users`, `/groups`, `/contacts`.
pub(super) fn objects(tenant: &Tenant, request: &Request, entity: Entity) -> Result<Reply, Stop> {
    let query = Query::read(request, entity)?;
    let db = &tenant.db;
    let found = matching(db, entity, query.filter.as_ref(), query.after, query.top + 1)?;
    let names = query.properties(entity);
    let mut value = Vec::new();
    for object in found.iter().take(query.top) {
        value.push(Value::Object(render(db, entity, object, &names)?));
    }
    let mut body = Map::new();
    let what = match &query.select {
        Some(names) => format!("{}({})", entity.set, names.join(",")),
        None => entity.set.to_owned(),
    };
    body.insert("@odata.context".to_owned(), context(request, version(request), &what));
    if query.count {
        let count = count_matching(db, entity, query.filter.as_ref())?;
        body.insert("@odata.count".to_owned(), json!(count));
    }
    if found.len() > query.top
        && let Some(last) = found.get(query.top - 1)
    {
        body.insert("@odata.nextLink".to_owned(), json!(next_link(request, last.id)));
    }
    body.insert("value".to_owned(), Value::Array(value));
    Ok(Reply::json(200, Value::Object(body)))
}

/// `GET /users/$count` and the like.
pub(super) fn count(tenant: &Tenant, request: &Request, entity: Entity) -> Result<Reply, Stop> {
    let eventual = request.header("consistencylevel").is_some_and(|level| level.eq_ignore_ascii_case("eventual"));
    if !eventual {
        let error = GraphError::unsupported_query("$count needs the header ConsistencyLevel: eventual.");
        return Err(error.into());
    }
    let query = Query::read(request, entity)?;
    let count = count_matching(&tenant.db, entity, query.filter.as_ref())?;
    Ok(Reply::text(200, count.to_string()))
}

/// Live objects that pass the filter, after a row.
fn matching(
    db: &Connection,
    entity: Entity,
    filter: Option<&Filter>,
    after: i64,
    limit: usize,
) -> Result<Vec<Object>, SandboxError> {
    let Some(filter) = filter else {
        return objects::live_page(db, entity.kind, after, limit);
    };
    let mut found = Vec::new();
    if let Some(candidates) = indexed(db, entity, filter)? {
        for object in candidates {
            if object.id > after && passes(db, entity, filter, &object)? {
                found.push(object);
            }
        }
        return Ok(found);
    }
    let mut after = after;
    loop {
        let page = objects::live_page(db, entity.kind, after, SCAN_PAGE)?;
        let Some(last) = page.last() else {
            return Ok(found);
        };
        after = last.id;
        for object in page {
            if passes(db, entity, filter, &object)? {
                found.push(object);
                if found.len() == limit {
                    return Ok(found);
                }
            }
        }
    }
}

fn passes(db: &Connection, entity: Entity, filter: &Filter, object: &Object) -> Result<bool, SandboxError> {
    let mut values = Map::new();
    for name in filter.properties() {
        values.insert(name.to_owned(), property(db, entity, object, name)?);
    }
    Ok(filter.passes(&values))
}

/// The few objects a filter on an indexed property can mean.
fn indexed(db: &Connection, entity: Entity, filter: &Filter) -> Result<Option<Vec<Object>>, SandboxError> {
    let Some((name, value)) = filter.equality() else {
        return Ok(None);
    };
    let found = match name {
        "onPremisesImmutableId" => objects::by_anchor(db, value)?.into_iter().collect(),
        "id" => objects::by_object_id(db, value)?.into_iter().collect(),
        "userPrincipalName" => {
            let mut found = Vec::new();
            if let Some(row) = addresses::user_of_name(db, value)? {
                found.extend(objects::by_row(db, row)?);
            }
            found
        }
        // Without a mail attribute the primary address is shown as mail.
        "mail" => {
            let mut rows = addresses::owners(db, &value.to_lowercase(), &[Source::Mail, Source::Proxy], 0)?;
            rows.sort_unstable();
            let mut found = Vec::new();
            for row in rows {
                found.extend(objects::by_row(db, row)?);
            }
            found
        }
        _ => return Ok(None),
    };
    let live = found.into_iter().filter(|object| object.state == State::Live && object.kind == entity.kind);
    Ok(Some(live.collect()))
}

fn count_matching(db: &Connection, entity: Entity, filter: Option<&Filter>) -> Result<i64, SandboxError> {
    match filter {
        None => objects::count_live(db, entity.kind),
        Some(_) => {
            let found = matching(db, entity, filter, 0, usize::MAX)?;
            Ok(i64::try_from(found.len()).unwrap_or(i64::MAX))
        }
    }
}

/// The live object of an id; users are also found by name.
fn find(tenant: &Tenant, entity: Entity, name: &str) -> Result<Object, Stop> {
    let db = &tenant.db;
    let mut found = objects::by_object_id(db, name)?;
    if found.is_none()
        && entity.kind == Kind::User
        && let Some(row) = addresses::user_of_name(db, name)?
    {
        found = objects::by_row(db, row)?;
    }
    found
        .filter(|object| object.kind == entity.kind && object.state == State::Live)
        .ok_or_else(|| GraphError::not_found(name).into())
}

/// `GET /users/{id}` and the like.
pub(super) fn one(tenant: &Tenant, request: &Request, entity: Entity, name: &str) -> Result<Reply, Stop> {
    let selected = select(request, entity)?;
    let object = find(tenant, entity, name)?;
    let what = match &selected {
        Some(names) => format!("{}({})/$entity", entity.set, names.join(",")),
        None => format!("{}/$entity", entity.set),
    };
    let names = selected.unwrap_or_else(|| entity.default.to_vec());
    let mut body = Map::new();
    body.insert("@odata.context".to_owned(), context(request, version(request), &what));
    body.extend(render(&tenant.db, entity, &object, &names)?);
    Ok(Reply::json(200, Value::Object(body)))
}

/// `GET /groups/{id}/members`.
pub(super) fn members(tenant: &Tenant, request: &Request, name: &str) -> Result<Reply, Stop> {
    let db = &tenant.db;
    let group = find(tenant, GROUP, name)?;
    // Members have several types; users have the most properties to choose from.
    let query = Query::read(request, USER)?;
    if query.filter.is_some() {
        return Err(GraphError::not_implemented(request).into());
    }
    let found = links::live_targets(db, group.id, "member", query.after, query.top + 1)?;
    let mut value = Vec::new();
    for object in found.iter().take(query.top) {
        let Some(entity) = Entity::of(object.kind) else {
            continue;
        };
        let names: Vec<&str> =
            query.select.as_deref().unwrap_or(entity.default).iter().copied().filter(|name| entity.has(name)).collect();
        let mut rendered = Map::new();
        rendered.insert("@odata.type".to_owned(), json!(entity.odata_type));
        rendered.extend(render(db, entity, object, &names)?);
        value.push(Value::Object(rendered));
    }
    let mut body = Map::new();
    let what = match &query.select {
        Some(names) => format!("directoryObjects({})", names.join(",")),
        None => "directoryObjects".to_owned(),
    };
    body.insert("@odata.context".to_owned(), context(request, version(request), &what));
    if query.count {
        let count = links::count_live(db, group.id, "member")?;
        body.insert("@odata.count".to_owned(), json!(count));
    }
    if found.len() > query.top
        && let Some(last) = found.get(query.top - 1)
    {
        body.insert("@odata.nextLink".to_owned(), json!(next_link(request, last.id)));
    }
    body.insert("value".to_owned(), Value::Array(value));
    Ok(Reply::json(200, Value::Object(body)))
}
