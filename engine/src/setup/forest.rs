//! What can be changed and asked of a forest that is connected already.

use std::collections::BTreeSet;

use super::directories::ACTIVE_DIRECTORY_KIND;
use super::directory::{SetupContext, SetupError};
use crate::connector::active_directory::{ActiveDirectoryConnector, ActiveDirectorySettings, PermissionFinding};
use crate::connector::{ConnectorError, ConnectorErrorKind};
use crate::model::ConnectorId;
use crate::rules::Direction;
use crate::store::StoreError;
use crate::store::configuration::{self, ConnectorRecord};

pub(super) fn forest(
    context: &SetupContext<'_>,
    id: ConnectorId,
) -> Result<(ConnectorRecord, ActiveDirectorySettings), SetupError> {
    let record = configuration::connector(&*context.database.reader()?, id)?.ok_or(SetupError::UnknownConnector(id))?;
    let settings = read_settings(&record)?;
    Ok((record, settings))
}

fn read_settings(record: &ConnectorRecord) -> Result<ActiveDirectorySettings, SetupError> {
    if record.kind != ACTIVE_DIRECTORY_KIND {
        return Err(SetupError::NoForest(record.name.clone()));
    }
    serde_json::from_str(&record.settings).map_err(|source| SetupError::Settings { name: record.name.clone(), source })
}

/// Changes how a forest is reached and read. Nothing is stored when it cannot be reached so.
///
/// # Errors
/// [`SetupError`] names what is wrong.
pub fn change_forest(
    context: &SetupContext<'_>,
    id: ConnectorId,
    change: impl Fn(&mut ActiveDirectorySettings),
) -> Result<ActiveDirectorySettings, SetupError> {
    let (record, mut settings) = forest(context, id)?;
    let before = settings.clone();
    change(&mut settings);
    if settings == before {
        return Ok(settings);
    }
    let secret = password(context, &record)?;
    let connector = ActiveDirectoryConnector::open(settings.clone(), secret)?;
    connector.facts().check(&settings.forest)?;
    drop(connector);
    let mut writer = context.database.writer();
    let transaction = writer.transaction()?;
    // Read again: it may have changed while the directory was asked.
    let record = configuration::connector(&transaction, id)?.ok_or(SetupError::UnknownConnector(id))?;
    let mut settings = read_settings(&record)?;
    change(&mut settings);
    let text = serde_json::to_string(&settings).map_err(|source| SetupError::Settings { name: record.name.clone(), source })?;
    configuration::save_connector(&transaction, &ConnectorRecord { settings: text, ..record })?;
    transaction.commit().map_err(StoreError::sqlite("storing a connector"))?;
    Ok(settings)
}

/// Tries out which rights the forest account has in the selected partitions, for what the object types and the
/// outbound rules of the connector need.
///
/// # Errors
/// [`SetupError`] when the connector is no forest or the forest cannot be reached.
pub fn check_permissions(context: &SetupContext<'_>, id: ConnectorId) -> Result<Vec<PermissionFinding>, SetupError> {
    let (record, settings) = forest(context, id)?;
    let (partitions, rules) = {
        let reader = context.database.reader()?;
        (configuration::partitions(&reader, id)?, configuration::rules(&reader)?)
    };
    let outbound = rules.into_iter().filter(|rule| rule.connector == id && rule.enabled && rule.direction == Direction::Outbound);
    let writes: BTreeSet<(String, String)> = outbound
        .flat_map(|rule| {
            let object_type = rule.connector_object_type;
            rule.flows.into_iter().map(move |flow| (object_type.clone(), flow.target))
        })
        .filter(|(_, attribute)| !attribute.eq_ignore_ascii_case("dn"))
        .collect();
    let mut connector = ActiveDirectoryConnector::open(settings, password(context, &record)?)?;
    let mut findings = Vec::new();
    for partition in partitions.iter().filter(|partition| partition.selected) {
        findings.extend(connector.check_permissions(&partition.name, &record.object_types, &writes)?);
    }
    Ok(findings)
}

pub(super) fn password(context: &SetupContext<'_>, record: &ConnectorRecord) -> Result<secrecy::SecretString, SetupError> {
    let sealed = record.secret.as_deref().ok_or_else(|| {
        let message = format!("no password is stored for connector \"{}\"; set its credential", record.name);
        SetupError::Connector(ConnectorError::new(ConnectorErrorKind::Credentials, message))
    })?;
    Ok(context.secrets.decrypt(sealed)?)
}
