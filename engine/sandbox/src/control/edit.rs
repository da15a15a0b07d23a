//! `POST /cloud-edit` and `/roles`: changing one object as an administrator of the cloud would.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{commit, fault};
use crate::dirsync::{LinkChanges, Stop, Writer, apply_links, normalize};
use crate::schema::Kind;
use crate::server::http::Reply;
use crate::store::addresses;
use crate::store::changes::{Action, Details};
use crate::store::objects::{self, Object, State, Values};
use crate::tenant::Tenant;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Edit {
    /// Cloud anchor, object id, source anchor or user principal name.
    object: String,
    #[serde(default)]
    attributes: Map<String, Value>,
    #[serde(default)]
    cloud: Values,
    #[serde(default)]
    member_adds: Vec<String>,
    #[serde(default)]
    member_removes: Vec<String>,
    /// `soft` as an administrator deletes, `hard` for good.
    #[serde(default)]
    delete: Option<String>,
    #[serde(default)]
    restore: bool,
}

/// Changes, deletes or restores one object.
pub(super) fn edit(tenant: &mut Tenant, body: &Value) -> Result<Reply, Stop> {
    let edit: Edit = serde_json::from_value(body.clone()).map_err(|error| fault(error.to_string()))?;
    let mut object = find(tenant, &edit.object)?;
    if edit.restore && object.state == State::SoftDeleted {
        tenant.revive(&mut object)?;
        commit(tenant, &mut object, Action::Restored)?;
    }
    match edit.delete.as_deref() {
        Some("soft") => tenant.delete_object(&mut object)?,
        Some("hard") => tenant.remove_object(&mut object)?,
        Some(other) => return Err(fault(format!("'delete' is soft or hard, not '{other}'"))),
        None => {
            let before = object.clone();
            put_values(&mut object, &edit.attributes)?;
            object.cloud.extend(edit.cloud);
            object.cloud.retain(|_, value| !value.is_null());
            let details = Details::between(&before, &object);
            tenant.commit_object(&mut object, Action::Updated, &details)?;
            let row = object.id;
            link(tenant, row, object.kind, &edit.attributes, &edit.member_adds, &edit.member_removes)?;
        }
    }
    Ok(Reply::json(200, json!({ "cloudAnchor": object.cloud_anchor() })))
}

/// `{"user","role"}`; a role of null takes the role away.
pub(super) fn role(tenant: &mut Tenant, body: &Value) -> Result<Reply, Stop> {
    let user = body.get("user").and_then(Value::as_str).unwrap_or_default();
    let mut object = find(tenant, user)?;
    object.role = body.get("role").and_then(Value::as_str).map(str::to_owned);
    commit(tenant, &mut object, Action::Updated)?;
    Ok(Reply::empty(204))
}

fn find(tenant: &Tenant, name: &str) -> Result<Object, Stop> {
    let db = &tenant.db;
    let mut found = objects::by_cloud_anchor(db, name)?;
    if found.is_none() {
        found = objects::by_object_id(db, name)?;
    }
    if found.is_none() {
        found = objects::by_anchor(db, name)?;
    }
    if found.is_none()
        && let Some(row) = addresses::user_of_name(db, name)?
    {
        found = objects::by_row(db, row)?;
    }
    found.filter(|object| object.state != State::Gone).ok_or_else(|| fault(format!("object '{name}' does not exist")))
}

/// Writes values past the rules that bind clients.
pub(super) fn put_values(object: &mut Object, attributes: &Map<String, Value>) -> Result<(), Stop> {
    let written = normalize(object.kind, attributes, Writer::Cloud)?;
    for (name, value) in written.values {
        object.overrides.remove(&name);
        match value {
            Some(value) => object.body.insert(name, value),
            None => object.body.remove(&name),
        };
    }
    Ok(())
}

/// Writes the references of an object; each must name a live object.
pub(super) fn link(
    tenant: &Tenant,
    row: i64,
    kind: Kind,
    attributes: &Map<String, Value>,
    adds: &[String],
    removes: &[String],
) -> Result<(), Stop> {
    let changes = LinkChanges { lists: normalize(kind, attributes, Writer::Cloud)?.references, adds, removes };
    let applied = apply_links(&tenant.db, row, &changes)?;
    if let Some((attribute, value)) = applied.unresolved.first() {
        return Err(fault(format!("{attribute} '{value}' names no object")));
    }
    if !applied.deltas.is_empty()
        && let Some(mut object) = objects::by_row(&tenant.db, row)?
    {
        let details = Details { properties: Vec::new(), links: applied.deltas };
        tenant.commit_object(&mut object, Action::Updated, &details)?;
    }
    Ok(())
}
