//! Connectors of a server as the engine stores them.

use std::collections::{BTreeMap, BTreeSet};

use super::connector::{
    ForestConnection, ServerConnector, ServerConnectorKind, ServerPartition, ServerRunProfile, ServerStep, ServerStepKind,
};
use super::convert_rule::connector_attributes;
use super::error::InteropError;
use super::import::InteropContext;
use super::report::Remark;
use super::rule::ServerRule;
use crate::connector::DirectoryPartition;
use crate::connector::active_directory::ActiveDirectorySettings;
use crate::connector::entra::EntraSettings;
use crate::model::{ConnectorId, PartitionId, fold_text};
use crate::run::default_profiles;
use crate::setup::{ACTIVE_DIRECTORY_KIND, TENANT_KIND};
use crate::store::configuration::{ConnectorRecord, LogFile, PartitionRecord, ProfileRecord, ProfileStep, StepType};

const PAGE_SIZE: u32 = 500;
const TIMEOUT_SECS: u32 = 120;
/// Log file of a step that names none.
const DROP_FILE: &str = "import.jsonl";
/// Characters of the name of a log file.
const LONGEST_FILE_NAME: usize = 100;

/// A connector ready to be stored.
pub(super) struct NewConnector {
    pub record: ConnectorRecord,
    pub partitions: Vec<PartitionRecord>,
    pub profiles: Vec<ProfileRecord>,
}

/// Makes a connector of one of a server. It has no credential; `rules` are those of the export that belong to it.
pub(super) fn create(
    context: &InteropContext<'_>,
    server: &ServerConnector,
    rules: &[&ServerRule],
    changed: &mut Vec<Remark>,
    not_taken: &mut Vec<Remark>,
) -> Result<NewConnector, InteropError> {
    let subject = format!("connector {}", server.name);
    let object_types = server.object_classes();
    let schema = server.schema.to_model(&object_types, &attributes_used(server, rules, &object_types));
    for attribute in server.attributes.iter().filter(|name| schema.attribute(name).is_none()) {
        not_taken.push(Remark::of(&subject, format!("attribute {attribute} is selected, but the schema of the export lacks it")));
    }
    let attributes = server.attributes.iter().filter_map(|name| schema.attribute(name)).map(|found| found.name.clone()).collect();
    let (kind, settings) = match server.kind() {
        ServerConnectorKind::Cloud => (TENANT_KIND, settings_text(server, &tenant_settings(server))?),
        ServerConnectorKind::ActiveDirectory | ServerConnectorKind::Other => {
            (ACTIVE_DIRECTORY_KIND, settings_text(server, &forest_settings(server, &subject, changed))?)
        }
    };
    let record = ConnectorRecord {
        id: ConnectorId(0),
        guid: server.id,
        name: server.name.clone(),
        kind: kind.to_owned(),
        description: server.description.clone(),
        settings,
        schema,
        object_types,
        attributes,
        secret: None,
        deprovisioning: server.deprovisioning.unwrap_or_default(),
        created: context.now,
        full_import_reason: Some("it was never imported".to_owned()),
        full_sync_reason: Some("it was never synchronized".to_owned()),
    };
    let mut partitions = Vec::new();
    for partition in &server.partitions {
        partitions.push(partition_record(server, partition, &subject, changed)?);
    }
    let mut profiles: Vec<ProfileRecord> = server.run_profiles.iter().map(|profile| profile_record(server, profile)).collect();
    for profile in &profiles {
        for log in profile.steps.iter().filter_map(|step| step.log_file.as_ref()) {
            let text = format!(
                "run profile {} works with log file \"{}\", which lies in the folder import-logs of the data folder and has a format \
                 of its own; files of a server cannot be read",
                profile.name, log.name
            );
            changed.push(Remark::of(&subject, text));
        }
    }
    for profile in default_profiles(&record, &partitions, context.ids) {
        if !profiles.iter().any(|known| fold_text(&known.name) == fold_text(&profile.name)) {
            changed.push(Remark::of(&subject, format!("run profile {} was added, because cycles need it", profile.name)));
            profiles.push(profile);
        }
    }
    Ok(NewConnector { record, partitions, profiles })
}

/// Attributes that rules and inclusion list use, by object type: the classes of an exported schema do not lead to all
/// of them (`aadconnect-export-format.md` A.2.1).
fn attributes_used(server: &ServerConnector, rules: &[&ServerRule], types: &[String]) -> BTreeMap<String, BTreeSet<String>> {
    let selected: BTreeSet<String> = server.attributes.iter().cloned().collect();
    let mut used: BTreeMap<String, BTreeSet<String>> =
        types.iter().map(|object_type| (fold_text(object_type), selected.clone())).collect();
    for rule in rules {
        used.entry(fold_text(rule.connector_object_type())).or_default().extend(connector_attributes(rule));
    }
    used
}

fn settings_text<S: serde::Serialize>(server: &ServerConnector, settings: &S) -> Result<String, InteropError> {
    serde_json::to_string(settings).map_err(|source| InteropError::Settings { name: server.name.clone(), source })
}

fn forest_settings(server: &ServerConnector, subject: &str, changed: &mut Vec<Remark>) -> ActiveDirectorySettings {
    let fallback = ForestConnection { forest: server.name.clone(), ..ForestConnection::default() };
    let connection = server.forest.as_ref().unwrap_or(&fallback);
    let domain = &connection.login_domain;
    let user = match (connection.login_user.as_str(), domain.as_str()) {
        (user, "") => user.to_owned(),
        // A DNS name makes a user principal name, a short one a down-level name.
        (user, domain) if domain.contains('.') => format!("{user}@{domain}"),
        (user, domain) => format!("{domain}\\{user}"),
    };
    let mut servers: Vec<String> = Vec::new();
    for name in server.partitions.iter().flat_map(|partition| &partition.preferred_servers) {
        if !name.is_empty() && !servers.contains(name) {
            servers.push(name.clone());
        }
    }
    if !connection.ssl {
        let before = if connection.sign_and_seal { "signing and sealing" } else { "no encryption" };
        changed.push(Remark::of(
            subject,
            format!("it connects with LDAPS (port 636) instead of {before}; the domain controllers need a certificate"),
        ));
    }
    if connection.port != 0 && !matches!(connection.port, 389 | 636) {
        changed.push(Remark::of(subject, format!("port {} of the export is not used; LDAPS uses port 636", connection.port)));
    }
    ActiveDirectorySettings { forest: connection.forest.clone(), servers, user, ..ActiveDirectorySettings::default() }
}

/// Settings of a tenant that is not connected: the name is known, the address is not.
fn tenant_settings(server: &ServerConnector) -> EntraSettings {
    let account = server.parameter("UserName").and_then(|user| user.rsplit_once('@')).map(|(_, domain)| domain.to_owned());
    let named = server.name.split(" - ").next().unwrap_or_default().trim().to_owned();
    let tenant = account.unwrap_or(named);
    EntraSettings::new("", &tenant, "", &tenant)
}

fn partition_record(
    server: &ServerConnector,
    partition: &ServerPartition,
    subject: &str,
    changed: &mut Vec<Remark>,
) -> Result<PartitionRecord, InteropError> {
    let is_forest = server.kind() == ServerConnectorKind::ActiveDirectory;
    let value = |name: &str| partition.parameter(name).or_else(|| server.parameter(name)).map(str::to_owned);
    let detail = DirectoryPartition {
        name: partition.name.clone(),
        dns_name: value("Domain.FQDN").filter(|_| is_forest),
        netbios_name: value("Domain.Netbios").filter(|_| is_forest),
        forest_dns_name: value("Forest.FQDN").filter(|_| is_forest),
        forest_netbios_name: value("Forest.Netbios").filter(|_| is_forest),
        directory_id: partition.directory_id,
        domain: partition.domain,
    };
    let everything = partition.inclusions.iter().any(String::is_empty);
    let listed = |containers: &[String]| containers.iter().filter(|name| !name.is_empty()).cloned().collect::<Vec<_>>();
    let include = if everything { Vec::new() } else { listed(&partition.inclusions) };
    let mut exclude = listed(&partition.exclusions);
    if is_forest && !everything && include.is_empty() && !exclude.iter().any(|name| fold_text(name) == fold_text(&partition.name))
    {
        // Where nothing is included, nothing is read; here an empty list would mean everything.
        exclude.push(partition.name.clone());
        changed.push(Remark::of(subject, format!("partition {} includes no container, so its root is left out", partition.name)));
    }
    Ok(PartitionRecord {
        id: PartitionId(0),
        guid: partition.directory_id.unwrap_or(partition.id),
        connector: ConnectorId(0),
        name: partition.name.clone(),
        selected: partition.selected,
        detail: settings_text(server, &detail)?,
        include,
        exclude,
        watermark: None,
        generation: 0,
    })
}

fn profile_record(server: &ServerConnector, profile: &ServerRunProfile) -> ProfileRecord {
    let mut steps = Vec::new();
    for step in &profile.steps {
        steps.push(ProfileStep {
            batch_size: step.batch_size,
            page_size: step.page_size.unwrap_or(PAGE_SIZE),
            timeout_secs: step.timeout_secs.unwrap_or(TIMEOUT_SECS),
            object_limit: u64::try_from(step.object_limit).unwrap_or(0),
            deletion_limit: u64::try_from(step.deletion_limit).unwrap_or(0),
            log_file: log_file(step),
            ..ProfileStep::new(step_type(step.kind), partition_name(server, step))
        });
    }
    ProfileRecord { guid: profile.id, connector: ConnectorId(0), name: profile.name.clone(), steps }
}

/// The log file of a step. The path of the server says nothing here: log files lie in the data folder, under their names.
pub(super) fn log_file(step: &ServerStep) -> Option<LogFile> {
    let log = step.log_file.as_ref()?;
    let name = log.name.rsplit(['\\', '/']).next().unwrap_or_default().trim();
    let fits = |character: char| character.is_alphanumeric() || ['.', '-', '_', ' '].contains(&character);
    let name: String = name.trim_start_matches('.').chars().map(|letter| if fits(letter) { letter } else { '_' }).collect();
    let name: String = name.chars().take(LONGEST_FILE_NAME).collect();
    Some(LogFile { name: if name.is_empty() { DROP_FILE.to_owned() } else { name }, usage: log.usage })
}

/// The name of a step's partition; a step that names none runs on the only or first one.
pub(super) fn partition_name(server: &ServerConnector, step: &ServerStep) -> String {
    let named = server.partitions.iter().find(|partition| partition.id == step.partition);
    named.or_else(|| server.partitions.first()).map(|partition| partition.name.clone()).unwrap_or_default()
}

/// The type of step that does what a step of a server does.
pub(super) fn step_type(kind: ServerStepKind) -> StepType {
    match kind {
        ServerStepKind::FullImport => StepType::FullImport,
        ServerStepKind::FullImportAndDeltaSynchronization => StepType::FullImportDeltaSynchronization,
        ServerStepKind::FullImportAndFullSynchronization => StepType::FullImportFullSynchronization,
        ServerStepKind::DeltaImport => StepType::DeltaImport,
        ServerStepKind::DeltaImportAndDeltaSynchronization => StepType::DeltaImportDeltaSynchronization,
        ServerStepKind::FullSynchronization => StepType::FullSynchronization,
        ServerStepKind::DeltaSynchronization => StepType::DeltaSynchronization,
        ServerStepKind::Export => StepType::Export,
    }
}
