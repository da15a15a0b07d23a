//! Lists of directory objects, single objects, related objects.

use rusqlite::Connection;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::error::GraphError;
use super::filter::Filter;
use super::properties::{property, render};
use super::query::{Expand, MAX_EXPANDED, Order, Query, SkipToken, chosen, expand, is_eventual, next_link, select};
use super::types::{self, Entity};
use super::{Stop, context, single};
use crate::SandboxError;
use crate::schema::Kind;
use crate::server::http::{Reply, Request};
use crate::store::addresses::{self, Source};
use crate::store::links::{self, Way};
use crate::store::objects::{self, Object, State};
use crate::tenant::Tenant;

/// Rows read at once while a filter is applied.
const SCAN_PAGE: usize = 500;
/// Attribute of the links from a group to its owners, which the sync channel does not know.
pub(super) const OWNERS: &str = "cloudOwners";

/// `GET /users`, `/groups`, `/contacts`, `/devices`.
pub(super) fn objects(tenant: &Tenant, request: &Request, entity: Entity, kind: Kind) -> Result<Reply, Stop> {
    let query = Query::read(request, &[entity])?;
    let db = &tenant.db;
    let mut found = match &query.order {
        None => matching(db, entity, kind, query.filter.as_ref(), query.after.row, query.top + 1)?,
        Some(order) => ordered(db, entity, kind, &query, order)?,
    };
    let more = found.len() > query.top;
    found.truncate(query.top);
    let names = query.properties(entity);
    let mut value = Vec::new();
    for object in &found {
        let mut rendered = render(db, entity, object, &names)?;
        add_expanded(db, &query.expand, object, &mut rendered)?;
        value.push(Value::Object(rendered));
    }
    let mut body = Map::new();
    let what = match &query.select {
        Some(names) => format!("{}({})", entity.set, names.join(",")),
        None => entity.set.to_owned(),
    };
    body.insert("@odata.context".to_owned(), context(request, &what));
    if query.count {
        let count = count_matching(db, entity, kind, query.filter.as_ref())?;
        body.insert("@odata.count".to_owned(), json!(count));
    }
    if let (true, Some(last)) = (more, found.last()) {
        let key = query.order.as_ref().map(|order| sort_key(last, order));
        body.insert("@odata.nextLink".to_owned(), json!(next_link(request, &SkipToken { row: last.id, key })));
    }
    body.insert("value".to_owned(), Value::Array(value));
    Ok(Reply::json(200, Value::Object(body)))
}

/// `GET /users/$count` and the like.
pub(super) fn count(tenant: &Tenant, request: &Request, entity: Entity, kind: Kind) -> Result<Reply, Stop> {
    if !is_eventual(request) {
        let error = GraphError::unsupported_query("$count needs the header ConsistencyLevel: eventual.");
        return Err(error.into());
    }
    let query = Query::read(request, &[entity])?;
    let count = count_matching(&tenant.db, entity, kind, query.filter.as_ref())?;
    Ok(Reply::text(200, count.to_string()))
}

fn sort_key(object: &Object, order: &Order) -> String {
    object.text(order.property).unwrap_or_default().to_lowercase()
}

/// A page of all that pass the filter, in the wanted order.
fn ordered(db: &Connection, entity: Entity, kind: Kind, query: &Query<'_>, order: &Order) -> Result<Vec<Object>, SandboxError> {
    let mut found = matching(db, entity, kind, query.filter.as_ref(), 0, usize::MAX)?;
    found.sort_by_cached_key(|object| (sort_key(object, order), object.id));
    if order.descending {
        found.reverse();
    }
    if let Some(key) = &query.after.key {
        let last = (key.clone(), query.after.row);
        found.retain(|object| {
            let own = (sort_key(object, order), object.id);
            if order.descending { own < last } else { own > last }
        });
    }
    found.truncate(query.top + 1);
    Ok(found)
}

/// Live objects that pass the filter, after a row.
fn matching(
    db: &Connection,
    entity: Entity,
    kind: Kind,
    filter: Option<&Filter>,
    after: i64,
    limit: usize,
) -> Result<Vec<Object>, SandboxError> {
    let Some(filter) = filter else {
        return objects::live_page(db, kind, after, limit);
    };
    let mut found = Vec::new();
    if let Some(candidates) = indexed(db, kind, filter)? {
        for object in candidates {
            if object.id > after && passes(db, entity, filter, &object)? {
                found.push(object);
            }
        }
        return Ok(found);
    }
    let mut after = after;
    loop {
        let page = objects::live_page(db, kind, after, SCAN_PAGE)?;
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
fn indexed(db: &Connection, kind: Kind, filter: &Filter) -> Result<Option<Vec<Object>>, SandboxError> {
    if let Filter::Any(parts) = filter {
        let mut found: Vec<Object> = Vec::new();
        for part in parts {
            let Some(some) = indexed(db, kind, part)? else {
                return Ok(None);
            };
            for object in some {
                if !found.iter().any(|known| known.id == object.id) {
                    found.push(object);
                }
            }
        }
        found.sort_by_key(|object| object.id);
        return Ok(Some(found));
    }
    let by_address = |value: &str, sources: &[Source]| -> Result<Vec<Object>, SandboxError> {
        let mut rows = addresses::owners(db, &value.to_lowercase(), sources, 0)?;
        rows.sort_unstable();
        let mut found = Vec::new();
        for row in rows {
            found.extend(objects::by_row(db, row)?);
        }
        Ok(found)
    };
    let found = if let Some(("proxyAddresses", value)) = filter.any_equality() {
        match addresses::smtp_address(value) {
            Some(address) => by_address(&address, &[Source::Proxy])?,
            None => return Ok(None),
        }
    } else {
        match filter.equality() {
            Some(("onPremisesImmutableId", value)) => objects::by_anchor(db, value)?.into_iter().collect(),
            Some(("id", value)) => objects::by_object_id(db, value)?.into_iter().collect(),
            Some(("userPrincipalName", value)) => by_address(value, &[Source::UserPrincipalName])?,
            // Without a mail attribute the primary address is shown as mail.
            Some(("mail", value)) => by_address(value, &[Source::Mail, Source::Proxy])?,
            _ => return Ok(None),
        }
    };
    let live = found.into_iter().filter(|object| object.state == State::Live && object.kind == kind);
    Ok(Some(live.collect()))
}

fn count_matching(db: &Connection, entity: Entity, kind: Kind, filter: Option<&Filter>) -> Result<i64, SandboxError> {
    match filter {
        None => objects::count_live(db, kind),
        Some(_) => {
            let found = matching(db, entity, kind, filter, 0, usize::MAX)?;
            Ok(i64::try_from(found.len()).unwrap_or(i64::MAX))
        }
    }
}

/// The live object of an id; users are also found by name.
pub(super) fn find(tenant: &Tenant, kind: Kind, name: &str) -> Result<Object, Stop> {
    let db = &tenant.db;
    let mut found = objects::by_object_id(db, name)?;
    if found.is_none()
        && kind == Kind::User
        && let Some(row) = addresses::user_of_name(db, name)?
    {
        found = objects::by_row(db, row)?;
    }
    found.filter(|object| object.kind == kind && object.state == State::Live).ok_or_else(|| GraphError::not_found(name).into())
}

/// `GET /users/{id}` and the like.
pub(super) fn one(tenant: &Tenant, request: &Request, entity: Entity, object: &Object) -> Result<Reply, Stop> {
    super::query::refuse_unknown(request, &["$select", "$expand"])?;
    let select = select(request, &[entity])?;
    let what = match &select {
        Some(names) => format!("{}({})/$entity", entity.set, names.join(",")),
        None => format!("{}/$entity", entity.set),
    };
    let names = chosen(select.as_deref(), entity);
    let mut body = render(&tenant.db, entity, object, &names)?;
    add_expanded(&tenant.db, &expand(request)?, object, &mut body)?;
    Ok(single(200, context(request, &what), Value::Object(body)))
}

/// One directory object with its type, as it is shown among objects of several types.
pub(super) fn typed(db: &Connection, object: &Object, select: Option<&[&str]>) -> Result<Option<Value>, SandboxError> {
    let Some(entity) = types::of_kind(object.kind) else {
        return Ok(None);
    };
    let mut rendered = Map::new();
    rendered.insert("@odata.type".to_owned(), json!(entity.odata_type()));
    rendered.extend(render(db, entity, object, &chosen(select, entity))?);
    Ok(Some(Value::Object(rendered)))
}

/// How a relation is stored, for objects of the class.
pub(super) fn relation(kind: Kind, name: &str) -> Option<(&'static str, Way)> {
    Some(match (kind, name) {
        (Kind::User | Kind::Contact, "manager") => ("manager", Way::Targets),
        (Kind::User | Kind::Contact, "directReports") => ("manager", Way::Sources),
        (Kind::Group, "members") => ("member", Way::Targets),
        (Kind::Group, "transitiveMembers") => ("member", Way::AllTargets),
        (Kind::Group, "owners") => (OWNERS, Way::Targets),
        (_, "memberOf") => ("member", Way::Sources),
        (_, "transitiveMemberOf") => ("member", Way::AllSources),
        (Kind::Device, "registeredOwners") => ("registeredOwnerReference", Way::Targets),
        (Kind::Device, "registeredUsers") => ("registeredUsersReference", Way::Targets),
        _ => return None,
    })
}

fn add_expanded(db: &Connection, wanted: &[Expand], object: &Object, rendered: &mut Map<String, Value>) -> Result<(), Stop> {
    for expand in wanted {
        let Some((attribute, way)) = relation(object.kind, expand.relation) else {
            let message = format!("Could not find a property named '{}' to expand.", expand.relation);
            return Err(GraphError::bad_request(message).into());
        };
        let select: Option<Vec<&str>> = expand.select.as_ref().map(|names| names.iter().map(String::as_str).collect());
        let mut found = Vec::new();
        for related in links::related(db, object.id, attribute, way, 0, MAX_EXPANDED)? {
            found.extend(typed(db, &related, select.as_deref())?);
        }
        if expand.relation != "manager" {
            rendered.insert(expand.relation.to_owned(), Value::Array(found));
        } else if let Some(manager) = found.pop() {
            rendered.insert(expand.relation.to_owned(), manager);
        }
    }
    Ok(())
}

/// `GET /groups/{id}/members` and the like; `only` is a type the related objects are narrowed to.
pub(super) fn related(
    tenant: &Tenant,
    request: &Request,
    object: &Object,
    (attribute, way): (&'static str, Way),
    only: Option<Entity>,
) -> Result<Reply, Stop> {
    let db = &tenant.db;
    let entities: Vec<Entity> = match only {
        Some(entity) => vec![entity],
        None => types::all().entities.iter().filter(|entity| entity.kind.is_some()).collect(),
    };
    let query = Query::read(request, &entities)?;
    if query.filter.is_some() || query.order.is_some() {
        return Err(GraphError::not_implemented(request).into());
    }
    let mut found = links::related(db, object.id, attribute, way, query.after.row, query.top + 1)?;
    let next = (found.len() > query.top).then(|| found.get(query.top - 1).map(|last| last.id)).flatten();
    found.truncate(query.top);
    let mut value = Vec::new();
    for object in &found {
        if only.is_none_or(|entity| entity.kind == Some(object.kind)) {
            value.extend(typed(db, object, query.select.as_deref())?);
        }
    }
    let mut body = Map::new();
    let set = only.map_or("directoryObjects", |entity| entity.set);
    let what = match &query.select {
        Some(names) => format!("{set}({})", names.join(",")),
        None => set.to_owned(),
    };
    body.insert("@odata.context".to_owned(), context(request, &what));
    if query.count {
        let count = links::count_related(db, object.id, attribute, way)?;
        body.insert("@odata.count".to_owned(), json!(count));
    }
    if let Some(row) = next {
        body.insert("@odata.nextLink".to_owned(), json!(next_link(request, &SkipToken { row, key: None })));
    }
    body.insert("value".to_owned(), Value::Array(value));
    Ok(Reply::json(200, Value::Object(body)))
}

/// `GET /groups/{id}/members/$count` and the like.
pub(super) fn count_related(
    tenant: &Tenant,
    request: &Request,
    object: &Object,
    (attribute, way): (&'static str, Way),
) -> Result<Reply, Stop> {
    if !is_eventual(request) {
        let error = GraphError::unsupported_query("$count needs the header ConsistencyLevel: eventual.");
        return Err(error.into());
    }
    Ok(Reply::text(200, links::count_related(&tenant.db, object.id, attribute, way)?.to_string()))
}

/// `GET /users/{id}/memberOf/microsoft.graph.directoryRole`: the role that an object holds, as an object with an id alone.
pub(super) fn roles(request: &Request, object: &Object) -> Reply {
    let role = |name: &String| {
        let mut id = [0; 16];
        id.iter_mut().zip(Sha256::digest(name)).for_each(|(byte, digest)| *byte = digest);
        json!({ "@odata.type": "#microsoft.graph.directoryObject", "id": uuid::Uuid::from_bytes(id) })
    };
    super::query::list(request, "directoryObjects", object.role.iter().map(role).collect())
}

/// `GET /users/{id}/manager`.
pub(super) fn manager(tenant: &Tenant, request: &Request, object: &Object) -> Result<Reply, Stop> {
    let entities: Vec<Entity> = types::all().entities.iter().filter(|entity| entity.kind.is_some()).collect();
    let select = select(request, &entities)?;
    let found = links::related(&tenant.db, object.id, "manager", Way::Targets, 0, 1)?.pop();
    let manager = found.ok_or_else(|| GraphError::not_found("manager"))?;
    let body = typed(&tenant.db, &manager, select.as_deref())?.ok_or_else(|| GraphError::not_found("manager"))?;
    Ok(single(200, context(request, "directoryObjects/$entity"), body))
}

/// `POST /directoryObjects/getByIds`.
pub(super) fn by_ids(tenant: &Tenant, request: &Request) -> Result<Reply, Stop> {
    const MAX_IDS: usize = 1000;
    let body = request.json().ok().unwrap_or_default();
    let Some(ids) = body.get("ids").and_then(Value::as_array) else {
        return Err(GraphError::bad_request("The request body must contain 'ids'.").into());
    };
    if ids.len() > MAX_IDS {
        return Err(GraphError::bad_request(format!("The number of ids is limited to {MAX_IDS}.")).into());
    }
    let types: Vec<&str> = body.get("types").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    let mut value = Vec::new();
    for id in ids.iter().filter_map(Value::as_str) {
        let Some(object) = objects::by_object_id(&tenant.db, id)?.filter(|object| object.state == State::Live) else {
            continue;
        };
        let named = types::of_kind(object.kind).is_some_and(|entity| types.contains(&entity.name));
        if types.is_empty() || types.contains(&"directoryObject") || named {
            value.extend(typed(&tenant.db, &object, None)?);
        }
    }
    Ok(super::query::list(request, "directoryObjects", value))
}
