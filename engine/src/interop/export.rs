//! Writes the configuration in the layout of a real server.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::Connection;
use uuid::Uuid;

use super::connector::{FORMAT, ServerConnector};
use super::convert_rule;
use super::error::InteropError;
use super::export_connector::{self, Source, exported_id, parameter, time};
use super::folder::{Documents, write};
use super::import::InteropContext;
use super::metaverse::{ServerMetaverse, envelope};
use super::reading::Reading;
use super::report::{ExportReport, Remark};
use super::rule::ServerRule;
use super::schema::{self, Dialect};
use super::settings;
use super::xml::{Element, parse};
use crate::model::ConnectorId;
use crate::rules::SyncRule;
use crate::setup::{FILE_KIND, is_waiting_for_tenant};
use crate::store::configuration::{self, ConnectorRecord};
use crate::store::server_documents::{self, DocumentKind, ServerDocument};
use crate::store::{StoreError, schema as metaverse_schema};

/// Name of the server where none was imported.
const SERVER: &str = "SYNCLINE";

/// Writes connectors, rules, metaverse and global settings into an empty folder, which is made when it is not there.
/// No secret and no state of delta imports is written.
///
/// # Errors
/// [`InteropError`] when the folder is in use or cannot be written.
pub fn export(context: &InteropContext<'_>, folder: &Path) -> Result<ExportReport, InteropError> {
    let mut report = ExportReport { folder: folder.display().to_string(), ..ExportReport::default() };
    let documents = documents(context, &mut report)?;
    report.connectors = documents.connectors.len() as u64;
    report.rules = documents.rules.len() as u64;
    report.files = write(folder, &documents)?;
    Ok(report)
}

/// Everything as it would be written.
pub(super) fn documents(context: &InteropContext<'_>, report: &mut ExportReport) -> Result<Documents, InteropError> {
    let reader = context.database.reader()?;
    let records = configuration::connectors(&reader)?;
    let mut documents = Documents::default();
    let originals = server_documents::all(&reader, DocumentKind::Connector)?;
    for record in &records {
        let original = originals.get(&record.guid).map(|document| connector_of(&document.body)).transpose()?.flatten();
        remarks(record, &mut report.remarks);
        let source = Source {
            record,
            partitions: &configuration::partitions(&reader, record.id)?,
            profiles: &configuration::profiles(&reader, record.id)?,
            original: original.as_ref(),
            now: context.now,
        };
        documents.connectors.push((exported_id(record), export_connector::write(&source)));
    }
    for rule in present_rules(&reader, &records)? {
        documents.rules.push((rule.id, rule.to_element()));
    }
    for (kind, list) in
        [(DocumentKind::ForeignConnector, &mut documents.connectors), (DocumentKind::ForeignRule, &mut documents.rules)]
    {
        for (guid, document) in server_documents::all(&reader, kind)? {
            list.push((guid, element_of(&document.body)?));
        }
    }
    documents.metaverse = Some(metaverse(&reader, context)?);
    Ok(documents)
}

/// The script that makes rules on a server, for rules by name or GUID; for all when none is named.
///
/// # Errors
/// [`InteropError::UnknownRule`] when there is no such rule.
pub fn rule_script(connection: &Connection, wanted: &[String]) -> Result<String, InteropError> {
    let records = configuration::connectors(connection)?;
    let rules = present_rules(connection, &records)?;
    if wanted.is_empty() {
        return Ok(super::to_script(&rules));
    }
    let mut chosen = Vec::new();
    for name in wanted {
        let guid = Uuid::try_parse(name.trim()).ok();
        let found: Vec<ServerRule> =
            rules.iter().filter(|rule| rule.name.eq_ignore_ascii_case(name.trim()) || Some(rule.id) == guid).cloned().collect();
        if found.is_empty() {
            return Err(InteropError::UnknownRule(name.clone()));
        }
        chosen.extend(found);
    }
    Ok(super::to_script(&chosen))
}

/// The rules of this database as a server writes them, by precedence.
fn present_rules(connection: &Connection, records: &[ConnectorRecord]) -> Result<Vec<ServerRule>, InteropError> {
    let identities: BTreeMap<ConnectorId, Uuid> = records.iter().map(|record| (record.id, exported_id(record))).collect();
    let documents = server_documents::all(connection, DocumentKind::Rule)?;
    let mut rules = Vec::new();
    for rule in configuration::rules(connection)? {
        let original = documents.get(&rule.guid).map(original_of).transpose()?;
        let connector = identities.get(&rule.connector).copied().unwrap_or_default();
        let original = original.as_ref().map(|(server, stored)| (server, stored));
        rules.push(convert_rule::to_server(&rule, connector, original));
    }
    Ok(rules)
}

fn original_of(document: &ServerDocument) -> Result<(ServerRule, SyncRule), InteropError> {
    let stored = serde_json::from_str(&document.stored).map_err(|error| StoreError::damaged("an imported rule", error))?;
    Ok((ServerRule::read(&element_of(&document.body)?, &mut Reading::default()), stored))
}

fn element_of(body: &str) -> Result<Element, InteropError> {
    let damaged = |fault: super::xml::XmlFault| StoreError::damaged("an imported configuration", fault.reason);
    Ok(parse(body).map_err(damaged)?)
}

/// What a server once wrote of a connector.
pub(super) fn original_connector(connection: &Connection, guid: Uuid) -> Result<Option<ServerConnector>, InteropError> {
    let document = server_documents::all(connection, DocumentKind::Connector)?.remove(&guid);
    Ok(document.map(|document| connector_of(&document.body)).transpose()?.flatten())
}

fn connector_of(body: &str) -> Result<Option<ServerConnector>, InteropError> {
    Ok(ServerConnector::read(&element_of(body)?, &mut Reading::default()))
}

fn remarks(record: &ConnectorRecord, remarks: &mut Vec<Remark>) {
    let subject = format!("connector {}", record.name);
    if record.kind == FILE_KIND {
        remarks.push(Remark::of(&subject, "it reads a file here; on a server it is a connector to Active Directory"));
    }
    if is_waiting_for_tenant(record) {
        remarks.push(Remark::of(&subject, "it is not connected to a tenant here"));
    }
}

/// Metaverse and global settings.
fn metaverse(connection: &Connection, context: &InteropContext<'_>) -> Result<Element, InteropError> {
    let schema = metaverse_schema::metaverse(connection)?;
    let imported = match server_documents::all(connection, DocumentKind::Metaverse)?.remove(&Uuid::nil()) {
        Some(document) => ServerMetaverse::read(&element_of(&document.body)?, &mut Reading::default()),
        None => None,
    };
    let settings = settings::present(connection, imported.as_ref())?;
    let now = time(context.now);
    let parameters = |known: Option<&Element>| {
        Element::new("parameter-values").with_all(settings.iter().map(|setting| {
            let written = known.and_then(|known| known.all("parameter").find(|one| one.attribute("name") == Some(&setting.name)));
            match written {
                Some(written) => Element { children: Vec::new(), ..written.clone() }.with_text(&setting.value),
                None => parameter(&setting.name, "string", &setting.used_for, &setting.value),
            }
        }))
    };
    if let Some(imported) = imported {
        let mut data = imported.element.clone();
        if let Some(written) = data.child_mut("schema") {
            schema::grow(written, &schema);
        }
        let parameters = parameters(imported.element.child("parameter-values"));
        data.replace(parameters);
        return Ok(envelope(&imported.server, Some(&now), data));
    }
    let data = Element::new("mv-data")
        .with(Element::of_text("format-version", FORMAT.to_string()))
        .with(Element::of_text("version", "1"))
        .with(schema::write(&schema, Dialect::Prefixed, None))
        .with(Element::of_text("password-change-history-size", "24"))
        .with(Element::new("password-sync"))
        .with(parameters(None));
    Ok(envelope(SERVER, Some(&now), data))
}
