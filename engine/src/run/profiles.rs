//! The five default run profiles (`ui.md` 4.6).

use crate::model::IdSource;
use crate::store::configuration::{ConnectorRecord, PartitionRecord, ProfileRecord, ProfileStep, StepType};

/// Name of the full import profile.
pub const FULL_IMPORT: &str = "Full Import";
/// Name of the full synchronization profile.
pub const FULL_SYNCHRONIZATION: &str = "Full Synchronization";
/// Name of the delta import profile.
pub const DELTA_IMPORT: &str = "Delta Import";
/// Name of the delta synchronization profile.
pub const DELTA_SYNCHRONIZATION: &str = "Delta Synchronization";
/// Name of the export profile.
pub const EXPORT: &str = "Export";

/// Objects per batch of imports and exports, as shipped.
const IMPORT_BATCH: u32 = 50;
const EXPORT_BATCH: u32 = 30;
const PAGE_SIZE: u32 = 500;
const TIMEOUT_SECS: u32 = 120;

/// The five default profiles of a connector, with one step for each selected partition. A
/// synchronization covers the whole connector space and has one step.
#[must_use]
pub fn default_profiles(connector: &ConnectorRecord, partitions: &[PartitionRecord], ids: &dyn IdSource) -> Vec<ProfileRecord> {
    [
        (FULL_IMPORT, StepType::FullImport),
        (FULL_SYNCHRONIZATION, StepType::FullSynchronization),
        (DELTA_IMPORT, StepType::DeltaImport),
        (DELTA_SYNCHRONIZATION, StepType::DeltaSynchronization),
        (EXPORT, StepType::Export),
    ]
    .into_iter()
    .map(|(name, step_type)| {
        let step = |partition: &PartitionRecord| default_step(step_type, &partition.name);
        let selected = partitions.iter().filter(|partition| partition.selected);
        let steps =
            if step_type.synchronizes().is_some() { selected.take(1).map(step).collect() } else { selected.map(step).collect() };
        ProfileRecord { guid: ids.guid(), connector: connector.id, name: name.to_owned(), steps }
    })
    .collect()
}

/// A step with the sizes of the shipped profiles.
#[must_use]
pub fn default_step(step_type: StepType, partition: &str) -> ProfileStep {
    let batch_size = match step_type {
        StepType::Export => EXPORT_BATCH,
        step_type if step_type.imports().is_some() => IMPORT_BATCH,
        _ => 0,
    };
    ProfileStep { batch_size, page_size: PAGE_SIZE, timeout_secs: TIMEOUT_SECS, ..ProfileStep::new(step_type, partition) }
}
