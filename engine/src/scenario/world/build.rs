//! Connectors on directories in memory, stored as the wizard stores those on real ones.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::{ScenarioError, Site};
use crate::connector::DirectoryPartition;
use crate::connector::memory::MemoryDirectory;
use crate::model::{ConnectorId, Deprovisioning, IdSource, PartitionId};
use crate::run::default_profiles;
use crate::scenario::model::{DirectoryKind, DirectorySpec};
use crate::setup::TENANT_KIND;
use crate::store::configuration::{self, ConnectorRecord, PartitionRecord, ProfileRecord, ProfileStep, StepType};
use crate::store::{Database, StoreError, attributes};

/// Kind of the connector of a forest; its factory opens directories in memory.
const FOREST_KIND: &str = "active-directory";

/// Run profiles that every connector has beside the five default ones.
pub(in crate::scenario) const COMBINED_PROFILES: [(&str, StepType); 3] = [
    ("Full Import and Full Synchronization", StepType::FullImportFullSynchronization),
    ("Full Import and Delta Synchronization", StepType::FullImportDeltaSynchronization),
    ("Delta Import and Delta Synchronization", StepType::DeltaImportDeltaSynchronization),
];

pub(super) fn connectors(
    database: &Database,
    directories: &[DirectorySpec],
    ids: &dyn IdSource,
    now: Timestamp,
) -> Result<BTreeMap<String, Site>, ScenarioError> {
    let mut sites = BTreeMap::new();
    let mut writer = database.writer();
    let transaction = writer.transaction()?;
    let mut table = attributes::load(&transaction)?;
    for spec in directories {
        let partition = partition(spec);
        let directory = directory(spec, &partition.name);
        let mut record = ConnectorRecord {
            id: ConnectorId(0),
            guid: ids.guid(),
            name: spec.name.clone(),
            kind: match spec.kind {
                DirectoryKind::Forest => FOREST_KIND,
                DirectoryKind::Tenant => TENANT_KIND,
            }
            .to_owned(),
            description: String::new(),
            settings: "{}".to_owned(),
            schema: spec.schema.clone(),
            object_types: spec.schema.types().map(str::to_owned).collect(),
            attributes: Vec::new(),
            secret: None,
            deprovisioning: Deprovisioning::default(),
            created: now,
            full_import_reason: Some("it was never imported".to_owned()),
            full_sync_reason: Some("it was never synchronized".to_owned()),
        };
        for definition in record.schema.attributes() {
            table.intern(&definition.name);
        }
        record.id = configuration::save_connector(&transaction, &record)?;
        let stored = PartitionRecord {
            id: PartitionId(0),
            guid: ids.guid(),
            connector: record.id,
            name: partition.name.clone(),
            selected: true,
            detail: serde_json::to_string(&partition).map_err(|error| StoreError::damaged("a partition", error))?,
            include: Vec::new(),
            exclude: Vec::new(),
            watermark: None,
            generation: 0,
        };
        configuration::save_partition(&transaction, &stored)?;
        for profile in default_profiles(&record, std::slice::from_ref(&stored), ids) {
            configuration::save_profile(&transaction, &profile)?;
        }
        for (name, step_type) in COMBINED_PROFILES {
            let steps = vec![ProfileStep::new(step_type, &stored.name)];
            let profile = ProfileRecord { guid: ids.guid(), connector: record.id, name: name.to_owned(), steps };
            configuration::save_profile(&transaction, &profile)?;
        }
        let schema = Arc::new(spec.schema.clone());
        sites.insert(spec.name.clone(), Site { id: record.id, kind: spec.kind, schema, directory });
    }
    attributes::save(&transaction, &table)?;
    transaction.commit().map_err(StoreError::sqlite("storing the connectors of a scenario"))?;
    Ok(sites)
}

fn partition(spec: &DirectorySpec) -> DirectoryPartition {
    let forest = spec.kind == DirectoryKind::Forest;
    let labels: Vec<String> = spec.domain.split('.').map(|label| format!("DC={label}")).collect();
    let netbios = spec.domain.split('.').next().unwrap_or_default().to_uppercase();
    DirectoryPartition {
        name: if forest { labels.join(",") } else { "default".to_owned() },
        dns_name: forest.then(|| spec.domain.clone()),
        netbios_name: forest.then(|| netbios.clone()),
        forest_dns_name: forest.then(|| spec.domain.clone()),
        forest_netbios_name: forest.then_some(netbios),
        directory_id: None,
        domain: true,
    }
}

fn directory(spec: &DirectorySpec, partition: &str) -> MemoryDirectory {
    let directory = MemoryDirectory::new(spec.schema.clone(), partition);
    let tenant = spec.kind == DirectoryKind::Tenant;
    directory.set_capabilities(|can| {
        can.rename = !tenant;
        can.deletion_threshold = tenant;
        can.delta_import = spec.deltas;
        can.immediate_confirmation = spec.confirms;
    });
    directory.set_delta_content(spec.delta_content);
    directory
}
