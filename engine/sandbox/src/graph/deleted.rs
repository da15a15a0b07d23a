//! Deleted objects that can be restored.

use serde_json::{Map, Value, json};

use super::error::GraphError;
use super::lists::typed;
use super::properties::render;
use super::query::{Query, SkipToken, list as whole_list, next_link};
use super::types::{self, Entity};
use super::{Stop, context, single};
use crate::SandboxError;
use crate::server::http::{Reply, Request};
use crate::store::addresses::{self, smtp_address};
use crate::store::changes::{Action, Details};
use crate::store::objects::{self, Object, State};
use crate::tenant::Tenant;
use crate::tenant::naming::NAME_SOURCES;

/// `GET /directory/deletedItems/microsoft.graph.user` and the like.
pub(super) fn list(tenant: &Tenant, request: &Request, entity: Entity) -> Result<Reply, Stop> {
    let Some(kind) = entity.kind else {
        return Ok(whole_list(request, entity.set, Vec::new()));
    };
    let query = Query::read(request, &[entity])?;
    let condition = "kind = ?1 AND state = 1 AND id > ?2 ORDER BY id";
    let mut found = Vec::new();
    let mut after = query.after.row;
    // A filter may take away what was read, so reading goes on until the page is full.
    while found.len() <= query.top {
        let page = objects::page(&tenant.db, condition, kind.number(), after, query.top + 1)?;
        let Some(last) = page.last() else {
            break;
        };
        after = last.id;
        for object in page {
            let mut tested = Map::new();
            for name in query.filter.iter().flat_map(|filter| filter.properties()) {
                tested.insert(name.to_owned(), super::properties::property(&tenant.db, entity, &object, name)?);
            }
            if query.filter.as_ref().is_none_or(|filter| filter.passes(&tested)) {
                found.push(object);
            }
        }
    }
    let more = found.len() > query.top;
    found.truncate(query.top);
    let mut names = query.properties(entity);
    if query.select.is_none() && !names.contains(&"deletedDateTime") {
        names.push("deletedDateTime");
    }
    let mut value = Vec::new();
    for object in &found {
        value.push(Value::Object(render(&tenant.db, entity, object, &names)?));
    }
    let mut body = Map::new();
    let what = match &query.select {
        Some(names) => format!("{}({})", entity.set, names.join(",")),
        None => entity.set.to_owned(),
    };
    body.insert("@odata.context".to_owned(), context(request, &what));
    if query.count {
        let count = objects::page(&tenant.db, condition, kind.number(), 0, usize::MAX)?.len();
        body.insert("@odata.count".to_owned(), json!(count));
    }
    if let (true, Some(last)) = (more, found.last()) {
        body.insert("@odata.nextLink".to_owned(), json!(next_link(request, &SkipToken { row: last.id, key: None })));
    }
    body.insert("value".to_owned(), Value::Array(value));
    Ok(Reply::json(200, Value::Object(body)))
}

/// The deleted object of an id.
pub(super) fn find(tenant: &Tenant, id: &str) -> Result<Object, Stop> {
    objects::by_object_id(&tenant.db, id)?
        .filter(|object| object.state == State::SoftDeleted)
        .ok_or_else(|| GraphError::not_found(id).into())
}

/// `GET /directory/deletedItems/{id}`.
pub(super) fn one(tenant: &Tenant, request: &Request, object: &Object) -> Result<Reply, Stop> {
    let entities: Vec<Entity> = types::of_kind(object.kind).into_iter().collect();
    super::query::refuse_unknown(request, &["$select"])?;
    let select = super::query::select(request, &entities)?;
    answer(tenant, request, object, select.as_deref())
}

fn answer(tenant: &Tenant, request: &Request, object: &Object, select: Option<&[&str]>) -> Result<Reply, Stop> {
    let body = typed(&tenant.db, object, select)?.ok_or_else(|| GraphError::not_found(&object.object_id.to_string()))?;
    Ok(single(200, context(request, "directoryObjects/$entity"), body))
}

/// `POST /directory/deletedItems/{id}/restore`; names that were taken meanwhile are in the way.
pub(super) fn restore(tenant: &Tenant, request: &Request, mut object: Object) -> Result<Reply, Stop> {
    let mut wanted: Vec<(&str, String)> = Vec::new();
    wanted.extend(object.text("userPrincipalName").map(|name| ("userPrincipalName", name.to_lowercase())));
    wanted.extend(object.texts("proxyAddresses").into_iter().filter_map(smtp_address).map(|address| ("proxyAddresses", address)));
    for (property, address) in wanted {
        let owners = addresses::owners(&tenant.db, &address, &NAME_SOURCES, object.id)?;
        if !owners.is_empty() {
            return Err(GraphError::conflict(property, &anchors(tenant, &owners)?).into());
        }
    }
    tenant.revive(&mut object)?;
    tenant.commit_object(&mut object, Action::Restored, &Details::default())?;
    answer(tenant, request, &object, None)
}

fn anchors(tenant: &Tenant, rows: &[i64]) -> Result<Vec<String>, SandboxError> {
    let mut found = Vec::new();
    for row in rows {
        found.extend(objects::by_row(&tenant.db, *row)?.map(|object| object.cloud_anchor()));
    }
    Ok(found)
}

/// `DELETE /directory/deletedItems/{id}`.
pub(super) fn remove(tenant: &Tenant, mut object: Object) -> Result<Reply, Stop> {
    tenant.remove_object(&mut object)?;
    Ok(Reply::empty(204))
}
