//! Applications, their service principals and the properties they add to the directory.

use rusqlite::{OptionalExtension, Row, params};
use serde_json::{Value, json};

use super::error::GraphError;
use super::query::{self, selected};
use super::types::{self, Entity, EntityType};
use super::write::{self, Moment};
use super::{Stop, context, single};
use crate::SandboxError;
use crate::server::http::{Reply, Request};
use crate::tenant::Tenant;

/// The application the directory itself keeps extension properties in.
const SCHEMA_EXTENSION_APP: &str = "Tenant Schema Extension App";
const DATA_TYPES: [&str; 6] = ["Binary", "Boolean", "DateTime", "Integer", "LargeInteger", "String"];
const TARGETS: [&str; 7] = ["User", "Group", "AdministrativeUnit", "Application", "Device", "Organization", "Contact"];
/// Longest text and largest binary value of an extension property.
const MAX_VALUE: usize = 256;

/// A registered application.
struct Application {
    app_id: String,
    /// Id of the application object.
    id: String,
    /// Id of its service principal.
    principal: String,
    name: String,
    created: Option<String>,
}

const COLUMNS: &str = "client_id, application_id, object_id, name, created";

fn read(row: &Row<'_>) -> rusqlite::Result<Application> {
    Ok(Application { app_id: row.get(0)?, id: row.get(1)?, principal: row.get(2)?, name: row.get(3)?, created: row.get(4)? })
}

fn all(tenant: &Tenant) -> Result<Vec<Application>, SandboxError> {
    let mut statement = tenant.db.prepare_cached(&format!("SELECT {COLUMNS} FROM clients ORDER BY name, client_id"))?;
    Ok(statement.query_map([], read)?.collect::<Result<_, _>>()?)
}

/// The application of an object id, of `appId='…'`, or of a service principal's id.
fn find(tenant: &Tenant, id: &str) -> Result<Application, Stop> {
    let name = id.to_ascii_lowercase();
    let found = match name.strip_prefix("appid=") {
        Some(app) => by(tenant, "client_id", app.trim_matches('\''))?,
        None => match by(tenant, "application_id", &name)? {
            Some(found) => Some(found),
            None => by(tenant, "object_id", &name)?,
        },
    };
    found.ok_or_else(|| GraphError::not_found(id).into())
}

fn by(tenant: &Tenant, column: &str, value: &str) -> Result<Option<Application>, SandboxError> {
    let statement = format!("SELECT {COLUMNS} FROM clients WHERE {column} = ?1");
    Ok(tenant.db.prepare_cached(&statement)?.query_row([value], read).optional()?)
}

fn typed(name: &str, request: &Request) -> Result<Entity, GraphError> {
    types::entity(name).ok_or_else(|| GraphError::not_implemented(request))
}

fn rendered(tenant: &Tenant, application: &Application, name: &str) -> Value {
    if name == "servicePrincipal" {
        return json!({
            "id": application.principal,
            "deletedDateTime": null,
            "accountEnabled": true,
            "appDisplayName": application.name,
            "appId": application.app_id,
            "appOwnerOrganizationId": tenant.tenant_id(),
            "displayName": application.name,
            "servicePrincipalNames": [application.app_id],
            "servicePrincipalType": "Application",
            "signInAudience": "AzureADMyOrg",
            "tags": [],
        });
    }
    json!({
        "id": application.id,
        "deletedDateTime": null,
        "appId": application.app_id,
        "createdDateTime": application.created,
        "description": null,
        "displayName": application.name,
        "identifierUris": [],
        "publisherDomain": tenant.initial_domain(),
        "signInAudience": "AzureADMyOrg",
        "tags": [],
        "uniqueName": null,
    })
}

/// `GET /applications` and `/servicePrincipals`; filters on `appId` and `displayName`.
pub(super) fn list(tenant: &Tenant, request: &Request, name: &str) -> Result<Reply, Stop> {
    let entity = typed(name, request)?;
    let options = query::Query::read(request, &[entity])?;
    let mut value = Vec::new();
    for application in all(tenant)? {
        let whole = rendered(tenant, &application, name);
        let passes = match (&options.filter, whole.as_object()) {
            (Some(filter), Some(fields)) => filter.passes(fields),
            _ => true,
        };
        if passes {
            value.push(selected(request, entity, whole)?);
        }
    }
    Ok(query::list(request, entity.set, value))
}

/// `GET /applications/{id}` and `/servicePrincipals/{id}`.
pub(super) fn one(tenant: &Tenant, request: &Request, name: &str, id: &str) -> Result<Reply, Stop> {
    let entity = typed(name, request)?;
    let application = find(tenant, id)?;
    let body = query::alone(request, entity, rendered(tenant, &application, name))?;
    Ok(single(200, context(request, &format!("{}/$entity", entity.set)), body))
}

/// `POST /applications`: an application without roles and secrets.
pub(super) fn create(tenant: &mut Tenant, request: &Request) -> Result<Reply, Stop> {
    let entity = typed("application", request)?;
    let written = write::read(request, entity)?;
    write::check(entity, &written, Moment::Creation)?;
    let name = written.get("displayName").and_then(Value::as_str).filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| GraphError::missing("displayName", "Application"))?;
    if name.chars().count() > MAX_VALUE {
        return Err(GraphError::invalid_value("displayName", "Application").into());
    }
    if name == SCHEMA_EXTENSION_APP && by(tenant, "name", name)?.is_some() {
        return Err(GraphError::conflict("displayName", &[]).into());
    }
    let app_id = tenant.new_id().to_string();
    let principal = tenant.new_id().to_string();
    tenant.add_client::<&str>(&app_id, &principal, name, &[])?;
    let application = find(tenant, &principal)?;
    Ok(single(201, context(request, "applications/$entity"), rendered(tenant, &application, "application")))
}

/// `DELETE /applications/{id}`.
pub(super) fn delete(tenant: &Tenant, id: &str) -> Result<Reply, Stop> {
    let application = find(tenant, id)?;
    if application.name == SCHEMA_EXTENSION_APP || application.app_id == tenant.client_id() {
        return Err(GraphError::bad_request(format!("Application '{}' cannot be deleted.", application.name)).into());
    }
    tenant.remove_client(&application.app_id)?;
    Ok(Reply::empty(204))
}

/// A property that an application adds.
struct Extension {
    id: String,
    name: String,
    data_type: String,
    multi: bool,
    targets: Vec<String>,
}

fn read_extension(row: &Row<'_>) -> rusqlite::Result<Extension> {
    let targets: String = row.get(4)?;
    Ok(Extension {
        id: row.get(0)?,
        name: row.get(1)?,
        data_type: row.get(2)?,
        multi: row.get(3)?,
        targets: targets.split_whitespace().map(str::to_owned).collect(),
    })
}

const EXTENSION_COLUMNS: &str = "id, name, data_type, multi, targets";

fn extension_json(application: &Application, extension: &Extension) -> Value {
    json!({
        "id": extension.id,
        "deletedDateTime": null,
        "appDisplayName": application.name,
        "dataType": extension.data_type,
        "isMultiValued": extension.multi,
        "isSyncedFromOnPremises": application.name == SCHEMA_EXTENSION_APP,
        "name": extension.name,
        "targetObjects": extension.targets,
    })
}

/// `GET /applications/{id}/extensionProperties`.
pub(super) fn extensions(tenant: &Tenant, request: &Request, id: &str) -> Result<Reply, Stop> {
    let entity = typed("extensionProperty", request)?;
    let application = find(tenant, id)?;
    let statement = format!("SELECT {EXTENSION_COLUMNS} FROM extension_properties WHERE client_id = ?1 ORDER BY name");
    let found: Vec<Extension> = tenant
        .db
        .prepare_cached(&statement)
        .map_err(SandboxError::from)?
        .query_map([&application.app_id], read_extension)
        .and_then(Iterator::collect)
        .map_err(SandboxError::from)?;
    let filter = query::Query::read(request, &[entity])?.filter;
    let mut value = Vec::new();
    for extension in &found {
        let whole = extension_json(&application, extension);
        if filter.as_ref().is_none_or(|filter| whole.as_object().is_some_and(|fields| filter.passes(fields))) {
            value.push(selected(request, entity, whole)?);
        }
    }
    Ok(query::list(request, &format!("applications('{}')/extensionProperties", application.id), value))
}

fn extension_by(tenant: &Tenant, column: &str, value: &str) -> Result<Option<Extension>, SandboxError> {
    let statement = format!("SELECT {EXTENSION_COLUMNS} FROM extension_properties WHERE {column} = ?1");
    Ok(tenant.db.prepare_cached(&statement)?.query_row([value], read_extension).optional()?)
}

/// `GET /applications/{id}/extensionProperties/{id}`.
pub(super) fn extension(tenant: &Tenant, request: &Request, id: &str, extension: &str) -> Result<Reply, Stop> {
    let application = find(tenant, id)?;
    let found = extension_by(tenant, "id", &extension.to_ascii_lowercase())?.ok_or_else(|| GraphError::not_found(extension))?;
    let what = format!("applications('{}')/extensionProperties/$entity", application.id);
    Ok(single(200, context(request, &what), extension_json(&application, &found)))
}

/// `POST /applications/{id}/extensionProperties`.
pub(super) fn create_extension(tenant: &mut Tenant, request: &Request, id: &str) -> Result<Reply, Stop> {
    const RESOURCE: &str = "ExtensionProperty";
    let entity = typed("extensionProperty", request)?;
    let application = find(tenant, id)?;
    let written = write::read(request, entity)?;
    write::check(entity, &written, Moment::Creation)?;
    let text = |name: &str| written.get(name).and_then(Value::as_str).unwrap_or_default();
    let own = text("name");
    let sound = !own.is_empty() && own.chars().all(|character| character.is_ascii_alphanumeric() || character == '_');
    if !sound {
        return Err(GraphError::invalid_value("name", RESOURCE).into());
    }
    if !DATA_TYPES.contains(&text("dataType")) {
        return Err(GraphError::invalid_value("dataType", RESOURCE).into());
    }
    let targets: Vec<&str> =
        written.get("targetObjects").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    if targets.is_empty() || targets.iter().any(|target| !TARGETS.contains(target)) {
        return Err(GraphError::invalid_value("targetObjects", RESOURCE).into());
    }
    let name = format!("extension_{}_{own}", application.app_id.replace('-', ""));
    if extension_by(tenant, "name", &name)?.is_some() {
        return Err(GraphError::bad_request("An extension property exists with the name specified.").into());
    }
    let extension = Extension {
        id: tenant.new_id().to_string(),
        name,
        data_type: text("dataType").to_owned(),
        multi: written.get("isMultiValued").and_then(Value::as_bool).unwrap_or(false),
        targets: targets.into_iter().map(str::to_owned).collect(),
    };
    tenant
        .db
        .prepare_cached(
            "INSERT INTO extension_properties (id, client_id, name, data_type, multi, targets) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )
        .and_then(|mut insert| {
            insert.execute(params![
                extension.id,
                application.app_id,
                extension.name,
                extension.data_type,
                extension.multi,
                extension.targets.join(" ")
            ])
        })
        .map_err(SandboxError::from)?;
    let what = format!("applications('{}')/extensionProperties/$entity", application.id);
    Ok(single(201, context(request, &what), extension_json(&application, &extension)))
}

/// `DELETE /applications/{id}/extensionProperties/{id}`.
pub(super) fn delete_extension(tenant: &Tenant, id: &str, extension: &str) -> Result<Reply, Stop> {
    find(tenant, id)?;
    let deleted = tenant
        .db
        .execute("DELETE FROM extension_properties WHERE id = ?1", [extension.to_ascii_lowercase()])
        .map_err(SandboxError::from)?;
    if deleted == 0 {
        return Err(GraphError::not_found(extension).into());
    }
    Ok(Reply::empty(204))
}

/// Whether the directory has the extension property for the type, and the value is one of it.
pub(super) fn check_extension_value(tenant: &Tenant, entity: &EntityType, name: &str, value: &Value) -> Result<(), Stop> {
    let target = match entity.name {
        "user" => "User",
        "group" => "Group",
        _ => "Device",
    };
    let found = extension_by(tenant, "name", name)?.filter(|extension| extension.targets.iter().any(|known| known == target));
    let extension = found.ok_or_else(|| GraphError::unknown_property(name))?;
    let fits = match value {
        Value::Null => true,
        Value::Array(items) => extension.multi && items.iter().all(|item| is_value(&extension.data_type, item)),
        one => !extension.multi && is_value(&extension.data_type, one),
    };
    if fits { Ok(()) } else { Err(GraphError::invalid_value(name, target).into()) }
}

fn is_value(data_type: &str, value: &Value) -> bool {
    use base64::Engine;
    let text = value.as_str();
    match data_type {
        "Boolean" => value.is_boolean(),
        "Integer" => value.as_i64().is_some_and(|number| i32::try_from(number).is_ok()),
        "LargeInteger" => value.is_i64(),
        "DateTime" => text.is_some_and(|text| text.parse::<jiff::Timestamp>().is_ok()),
        "Binary" => text
            .and_then(|text| base64::engine::general_purpose::STANDARD.decode(text).ok())
            .is_some_and(|bytes| bytes.len() <= MAX_VALUE),
        _ => text.is_some_and(|text| text.chars().count() <= MAX_VALUE),
    }
}
