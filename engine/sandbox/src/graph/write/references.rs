//! Members, owners and managers: `$ref` and `@odata.bind`.

use serde_json::{Value, json};

use super::super::error::GraphError;
use super::super::lists::{self, OWNERS};
use super::super::settings::is_cloud_managed;
use super::super::{Stop, context};
use super::Written;
use crate::SandboxError;
use crate::schema::Kind;
use crate::server::http::{Reply, Request};
use crate::store::changes::{Action, Details, LinkDelta};
use crate::store::links::{self, Way};
use crate::store::objects::{self, Object, State};
use crate::tenant::Tenant;

/// References one body may add.
const MAX_BOUND: usize = 20;

/// Stored attribute of a relation that can be written.
fn attribute_of(object: &Object, relation: &str) -> Option<&'static str> {
    match (object.kind, relation) {
        (Kind::Group, "members") => Some("member"),
        (Kind::Group, "owners") => Some(OWNERS),
        (Kind::User, "manager") => Some("manager"),
        _ => None,
    }
}

/// On-premises mastered objects get members and managers from on premises alone.
fn check_authority(object: &Object, attribute: &str) -> Result<(), Stop> {
    let mastered = object.is_synced() && !is_cloud_managed(object) && attribute != OWNERS;
    if mastered { Err(GraphError::on_premises().into()) } else { Ok(()) }
}

/// Answers `…/{relation}/$ref`.
pub(in super::super) fn answer(tenant: &Tenant, request: &Request, object: Object, relation: &str) -> Result<Reply, Stop> {
    match (request.method.as_str(), relation) {
        ("GET", _) => read(tenant, request, &object, relation),
        ("POST", "members" | "owners") | ("PUT", "manager") => {
            let attribute = attribute_of(&object, relation).ok_or_else(|| GraphError::not_implemented(request))?;
            let body: Value = request.json().ok().unwrap_or_default();
            let Some(id) = body.get("@odata.id").and_then(Value::as_str) else {
                return Err(GraphError::bad_request("The request body must contain '@odata.id'.").into());
            };
            check_authority(&object, attribute)?;
            let target = find(tenant, id)?;
            if relation == "manager" {
                set_manager(tenant, object, &target)?;
            } else {
                add(tenant, object, attribute, relation, &[target])?;
            }
            Ok(Reply::empty(204))
        }
        ("DELETE", _) => remove(tenant, request, object, relation, request.option("$id")),
        _ => Err(GraphError::not_implemented(request).into()),
    }
}

fn read(tenant: &Tenant, request: &Request, object: &Object, relation: &str) -> Result<Reply, Stop> {
    let Some((attribute, way)) = lists::relation(object.kind, relation) else {
        return Err(GraphError::not_implemented(request).into());
    };
    let version = request.segments.first().map_or("v1.0", String::as_str);
    let link = |target: &Object| format!("{}/{version}/directoryObjects/{}", request.base_url, target.object_id);
    let found = links::related(&tenant.db, object.id, attribute, way, 0, usize::MAX)?;
    if relation == "manager" {
        let manager = found.first().ok_or_else(|| GraphError::not_found("manager"))?;
        return Ok(Reply::json(200, json!({ "@odata.context": context(request, "$ref"), "@odata.id": link(manager) })));
    }
    let value: Vec<Value> = found.iter().map(|target| json!({ "@odata.id": link(target) })).collect();
    Ok(Reply::json(200, json!({ "@odata.context": context(request, "Collection($ref)"), "value": value })))
}

/// Removes a reference; the relation of a manager holds one alone.
pub(in super::super) fn remove(
    tenant: &Tenant,
    request: &Request,
    mut object: Object,
    relation: &str,
    target: Option<&str>,
) -> Result<Reply, Stop> {
    let attribute = attribute_of(&object, relation).ok_or_else(|| GraphError::not_implemented(request))?;
    check_authority(&object, attribute)?;
    let target = match (relation, target) {
        ("manager", _) => links::related(&tenant.db, object.id, attribute, Way::Targets, 0, 1)?.pop(),
        (_, Some(target)) => Some(find(tenant, target)?),
        (_, None) => None,
    };
    let target = target.ok_or_else(|| GraphError::not_found(relation))?;
    if !links::remove(&tenant.db, object.id, attribute, target.id)? {
        return Err(GraphError::not_found(&target.object_id.to_string()).into());
    }
    let removed = LinkDelta { attribute: attribute.to_owned(), target: target.id, added: false };
    tenant.commit_object(&mut object, Action::Updated, &Details::default().with_links(vec![removed]))?;
    Ok(Reply::empty(204))
}

/// The live object a link names: `…/directoryObjects/{id}`, `…/users/{id}` or the id alone.
fn find(tenant: &Tenant, link: &str) -> Result<Object, Stop> {
    let last = link.trim_end_matches('/').rsplit('/').next().unwrap_or(link);
    let id = match last.strip_suffix(')').and_then(|inner| inner.split_once('(')) {
        Some((_, key)) => key.trim_matches('\''),
        None => last,
    };
    objects::by_object_id(&tenant.db, id)?
        .filter(|object| object.state == State::Live)
        .ok_or_else(|| GraphError::not_found(id).into())
}

fn set_manager(tenant: &Tenant, mut object: Object, manager: &Object) -> Result<(), Stop> {
    if !matches!(manager.kind, Kind::User | Kind::Contact) || manager.id == object.id {
        return Err(GraphError::invalid_value("manager", "User").into());
    }
    let mut deltas = Vec::new();
    let mut note = |target: i64, added: bool| deltas.push(LinkDelta { attribute: "manager".to_owned(), target, added });
    for old in links::targets(&tenant.db, object.id, "manager")? {
        if old != manager.id && links::remove(&tenant.db, object.id, "manager", old)? {
            note(old, false);
        }
    }
    if links::add(&tenant.db, object.id, "manager", manager.id)? {
        note(manager.id, true);
    }
    if !deltas.is_empty() {
        tenant.commit_object(&mut object, Action::Updated, &Details::default().with_links(deltas))?;
    }
    Ok(())
}

/// Adds all of the references or none.
fn add(tenant: &Tenant, mut object: Object, attribute: &str, relation: &str, targets: &[Object]) -> Result<(), Stop> {
    let mut deltas = Vec::new();
    for target in targets {
        if target.id == object.id || (attribute == OWNERS && target.kind != Kind::User) {
            return Err(GraphError::invalid_value(relation, "Group").into());
        }
        if !links::add(&tenant.db, object.id, attribute, target.id)? {
            return Err(GraphError::already_linked(relation).into());
        }
        deltas.push(LinkDelta { attribute: attribute.to_owned(), target: target.id, added: true });
    }
    if !deltas.is_empty() {
        tenant.commit_object(&mut object, Action::Updated, &Details::default().with_links(deltas))?;
    }
    Ok(())
}

/// Adds the references of `members@odata.bind`, `owners@odata.bind` and `manager@odata.bind` to a saved object.
pub(super) fn add_bound(tenant: &Tenant, object: &mut Object, written: &Written) -> Result<(), Stop> {
    let bound = |value: &Value| -> Vec<String> {
        match value {
            Value::Array(items) => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            Value::String(one) => vec![one.clone()],
            _ => Vec::new(),
        }
    };
    let all: Vec<(&str, Vec<String>)> =
        written.iter().filter_map(|(name, value)| Some((name.strip_suffix("@odata.bind")?, bound(value)))).collect();
    if all.iter().map(|(_, links)| links.len()).sum::<usize>() > MAX_BOUND {
        let text = format!("The number of references in one request is limited to {MAX_BOUND}.");
        return Err(GraphError::bad_request(text).into());
    }
    for (relation, names) in all {
        let attribute = attribute_of(object, relation).ok_or_else(|| GraphError::unknown_property(relation))?;
        check_authority(object, attribute)?;
        let targets: Vec<Object> = names.iter().map(|name| find(tenant, name)).collect::<Result<_, _>>()?;
        match (relation, targets.first()) {
            ("manager", Some(manager)) => set_manager(tenant, object.clone(), manager)?,
            ("manager", None) => {}
            _ => add(tenant, object.clone(), attribute, relation, &targets)?,
        }
        *object = reload(tenant, object)?;
    }
    Ok(())
}

fn reload(tenant: &Tenant, object: &Object) -> Result<Object, SandboxError> {
    Ok(objects::by_row(&tenant.db, object.id)?.unwrap_or_else(|| object.clone()))
}
