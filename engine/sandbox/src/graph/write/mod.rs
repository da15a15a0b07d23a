//! Creating and changing users, groups and devices as a client of the directory.

mod groups;
mod passwords;
pub(super) mod references;
mod users;
mod values;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::error::GraphError;
use super::lists;
use super::settings::is_cloud_managed;
use super::types::{Entity, EntityType, Writable};
use super::{Stop, applications};
use crate::schema::{self, Kind};
use crate::server::http::{Reply, Request};
use crate::sign_in::token::Caller;
use crate::store::changes::{Action, Details};
use crate::store::objects::Object;
use crate::tenant::Tenant;

/// The properties of a body by name.
pub(super) type Written = BTreeMap<String, Value>;

/// When a value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    Creation,
    Change,
}

/// Reads the properties of a body; annotations other than references are left out, null lists are empty ones.
pub(super) fn read(request: &Request, entity: Entity) -> Result<Written, GraphError> {
    let mut written = Written::new();
    for (name, value) in body(request)? {
        if name.contains('@') && !name.ends_with("@odata.bind") {
            continue;
        }
        if entity.has(&name) && !entity.shows(&name, request) {
            return Err(GraphError::unknown_property(&name));
        }
        let list = entity.property(&name).is_some_and(|property| property.list);
        written.insert(name, if list && value.is_null() { Value::Array(Vec::new()) } else { value });
    }
    Ok(written)
}

/// The fields of a body, which must be a JSON object.
pub(super) fn body(request: &Request) -> Result<Map<String, Value>, GraphError> {
    if !request.is_json() {
        return Err(GraphError::unsupported_media_type());
    }
    serde_json::from_slice(&request.body).map_err(|_unreadable| {
        GraphError::bad_request(
            "Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format.",
        )
    })
}

/// Whether every property exists, can be written now, and has a value of its type.
pub(super) fn check(entity: &EntityType, written: &Written, moment: Moment) -> Result<(), GraphError> {
    for (name, value) in written {
        if name.ends_with("@odata.bind") || (entity.takes_extensions() && schema::is_extension(name)) {
            continue;
        }
        let Some(property) = entity.property(name) else {
            return Err(GraphError::unknown_property(name));
        };
        let can = match property.writable {
            Writable::Never => false,
            Writable::AtCreation => moment == Moment::Creation,
            Writable::OfCloudObjects | Writable::Always => true,
        };
        if !can {
            return Err(GraphError::read_only(name));
        }
        if !property.fits(value) {
            return Err(GraphError::invalid_value(name, &resource(entity)));
        }
    }
    Ok(())
}

/// Name of the type in messages.
fn resource(entity: &EntityType) -> String {
    let mut letters = entity.name.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// `POST /users` and `/groups`.
pub(super) fn create(tenant: &mut Tenant, request: &Request, entity: Entity, kind: Kind) -> Result<Reply, Stop> {
    let written = read(request, entity)?;
    check(entity, &written, Moment::Creation)?;
    let mut object = Object::new(tenant.new_id(), kind, tenant.now());
    match kind {
        Kind::User => users::prepare(tenant, &written)?,
        Kind::Group => groups::prepare(tenant, &written, &mut object)?,
        Kind::Contact | Kind::Device | Kind::PublicFolder => return Err(GraphError::denied().into()),
    }
    set_values(tenant, entity, &mut object, &written)?;
    tenant.commit_object(&mut object, Action::Created, &Details::default())?;
    match kind {
        Kind::User => users::complete(tenant, &mut object, &written)?,
        _ => references::add_bound(tenant, &mut object, &written)?,
    }
    let created = lists::one(tenant, request, entity, &object)?;
    let location = format!("{}{}/{}", request.base_url, request.path.trim_end_matches('/'), object.object_id);
    Ok(Reply { status: 201, ..created }.with_header("Location", &location))
}

/// `PATCH /users/{id}` and the like.
pub(super) fn change(
    tenant: &mut Tenant,
    caller: &Caller,
    request: &Request,
    entity: Entity,
    mut object: Object,
    allowed: impl Fn() -> Result<(), GraphError>,
) -> Result<Reply, Stop> {
    let written = read(request, entity)?;
    if !users::may_do_without_role(caller, &object, &written) {
        allowed()?;
    }
    check(entity, &written, Moment::Change)?;
    if object.is_synced() && !is_cloud_managed(&object) {
        let mastered = |name: &String| !entity.property(name).is_some_and(|property| property.writable == Writable::Always);
        if written.keys().any(mastered) {
            return Err(GraphError::on_premises().into());
        }
    }
    let before = object.clone();
    match object.kind {
        Kind::User => users::check_change(tenant, caller, &object, &written)?,
        Kind::Group => groups::check_change(&object, &written)?,
        Kind::Contact | Kind::Device | Kind::PublicFolder => {}
    }
    set_values(tenant, entity, &mut object, &written)?;
    let details = Details::between(&before, &object);
    if !details.properties.is_empty() {
        tenant.commit_object(&mut object, Action::Updated, &details)?;
    }
    match object.kind {
        Kind::User => users::set_password(tenant, &mut object, &written)?,
        Kind::Group => references::add_bound(tenant, &mut object, &written)?,
        Kind::Contact | Kind::Device | Kind::PublicFolder => {}
    }
    Ok(Reply::empty(204))
}

/// Writes the values of an object that is not saved yet.
fn set_values(tenant: &Tenant, entity: Entity, object: &mut Object, written: &Written) -> Result<(), Stop> {
    for (name, value) in written {
        if name.ends_with("@odata.bind") || name == "passwordProfile" {
            continue;
        }
        if schema::is_extension(name) {
            applications::check_extension_value(tenant, entity, name, value)?;
        }
        values::set(tenant, &resource(entity), object, name, value)?;
    }
    Ok(())
}
