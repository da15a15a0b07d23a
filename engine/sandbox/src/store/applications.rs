//! Registered applications with the properties that they add to the directory; their credentials are elsewhere.

use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};

use crate::SandboxError;

/// An application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Registration {
    pub(crate) client_id: String,
    /// Id of its service principal.
    principal_id: String,
    /// Id of the application object.
    application_id: String,
    pub(crate) name: String,
    roles: Vec<String>,
    created: Option<String>,
    extension_properties: Vec<ExtensionProperty>,
}

/// A property that an application adds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ExtensionProperty {
    id: String,
    name: String,
    data_type: String,
    is_multi_valued: bool,
    target_objects: Vec<String>,
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

/// Whether an application has the id.
pub(crate) fn exists(db: &Connection, client_id: &str) -> Result<bool, SandboxError> {
    let found: Option<i64> = db
        .prepare_cached("SELECT 1 FROM clients WHERE client_id = ?1")?
        .query_row([client_id.to_ascii_lowercase()], |row| row.get(0))
        .optional()?;
    Ok(found.is_some())
}

/// Every application, by name.
pub(crate) fn all(db: &Connection) -> Result<Vec<Registration>, SandboxError> {
    let mut statement = db.prepare_cached(
        "SELECT client_id, object_id, application_id, name, roles, created FROM clients ORDER BY name, client_id",
    )?;
    let mut found: Vec<Registration> = statement
        .query_map([], |row| {
            Ok(Registration {
                client_id: row.get(0)?,
                principal_id: row.get(1)?,
                application_id: row.get(2)?,
                name: row.get(3)?,
                roles: words(&row.get::<_, String>(4)?),
                created: row.get(5)?,
                extension_properties: Vec::new(),
            })
        })?
        .collect::<Result<_, _>>()?;
    let mut statement = db.prepare_cached(
        "SELECT id, name, data_type, multi, targets FROM extension_properties WHERE client_id = ?1 ORDER BY name",
    )?;
    for application in &mut found {
        let properties = statement.query_map([&application.client_id], |row| {
            Ok(ExtensionProperty {
                id: row.get(0)?,
                name: row.get(1)?,
                data_type: row.get(2)?,
                is_multi_valued: row.get(3)?,
                target_objects: words(&row.get::<_, String>(4)?),
            })
        })?;
        application.extension_properties = properties.collect::<Result<_, _>>()?;
    }
    Ok(found)
}

/// Registers an application with its properties, without credentials.
pub(crate) fn add(db: &Connection, application: &Registration) -> Result<(), SandboxError> {
    db.prepare_cached(
        "INSERT INTO clients (client_id, object_id, application_id, name, roles, created) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![
        application.client_id.to_ascii_lowercase(),
        application.principal_id,
        application.application_id,
        application.name,
        application.roles.join(" "),
        application.created,
    ])?;
    let mut insert = db.prepare_cached(
        "INSERT INTO extension_properties (id, client_id, name, data_type, multi, targets) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    for property in &application.extension_properties {
        insert.execute(params![
            property.id,
            application.client_id.to_ascii_lowercase(),
            property.name,
            property.data_type,
            property.is_multi_valued,
            property.target_objects.join(" "),
        ])?;
    }
    Ok(())
}
