//! Engine counters as the groups and labels of a step (`ui.md` 2.5).

use std::collections::{BTreeMap, BTreeSet};

use super::QueryContext;
use crate::model::ConnectorId;
use crate::service::{CounterGroup, CounterView};

/// A label, the engine counters that it sums, whether the objects behind it are recorded.
type Line = (&'static str, &'static [&'static str], bool);

const STAGING: &[Line] = &[
    ("Unchanged", &["stage-no-change"], false),
    ("Adds", &["stage-add"], true),
    ("Updates", &["stage-update"], true),
    ("Renames", &["stage-rename"], true),
    ("Deletes", &["stage-delete"], true),
    ("Delete Adds", &["stage-delete-add"], true),
];

const DISCOVERY: &[Line] =
    &[("Filtered Objects", &["filtered-objects"], false), ("Filtered Deletions", &["filtered-deletions"], false)];

/// Shown only when some object was counted.
const ONLY_WHEN_COUNTED: &str = "connector-delete-add-processed";

const INBOUND: &[Line] = &[
    ("Projections", &["disconnector-projected-flow", "disconnector-projected-no-flow", "disconnector-projected-remove-mv"], true),
    ("Joins", &["disconnector-joined-flow", "disconnector-joined-no-flow", "disconnector-joined-remove-mv"], true),
    ("Filtered Disconnectors", &["disconnector-filtered"], true),
    ("Disconnectors", &["disconnector-remains"], true),
    ("Connectors with Flow Updates", &["connector-flow"], true),
    ("Connectors without Flow Updates", &["connector-no-flow"], true),
    ("Filtered Connectors", &["connector-filtered-remove-mv", "connector-filtered-leave-mv"], true),
    ("Deleted Connectors", &["connector-delete-remove-mv", "connector-delete-leave-mv"], true),
    (
        "Metaverse Object Deletes",
        &[
            "connector-delete-remove-mv",
            "connector-filtered-remove-mv",
            "connector-flow-remove-mv",
            "disconnector-joined-remove-mv",
            "disconnector-projected-remove-mv",
        ],
        true,
    ),
    ("Delete Adds", &[ONLY_WHEN_COUNTED], true),
    ("Flow Errors", &["flow-failure"], true),
];

const OUTBOUND: &[Line] = &[
    ("Export Attribute Flow", &["connector-flow"], true),
    ("Provisioning Adds", &["provisioned-add-flow", "provisioned-add-no-flow"], true),
    ("Provisioning Renames", &["provisioned-rename-flow", "provisioned-rename-no-flow"], true),
    ("Provisioning Disconnects", &["provisioned-disconnect"], true),
    ("Provisioning Delete Adds", &["provisioned-delete-add-flow", "provisioned-delete-add-no-flow"], true),
];

const EXPORT: &[Line] = &[
    ("Adds", &["export-add"], true),
    ("Updates", &["export-update"], true),
    ("Renames", &["export-rename"], true),
    ("Deletes", &["export-delete"], true),
    ("Delete Adds", &["export-delete-add"], true),
    ("Errors", &["export-failure"], true),
];

/// The groups that fit a step type. A combined step has those of all its verbs.
pub(super) fn groups(context: &QueryContext, step_type: &str, counters: &BTreeMap<String, u64>) -> Vec<CounterGroup> {
    let mut groups = Vec::new();
    if step_type.contains("Import") {
        groups.push(group("Staging", "", STAGING, counters));
        groups.push(group("Discovery", "", DISCOVERY, counters));
    }
    // Deleting a connector space is the last synchronization of its objects.
    if step_type.contains("Synchronization") || step_type.starts_with("Delete") {
        groups.push(group("Inbound Synchronization", "", INBOUND, counters));
        groups.extend(outbound(context, counters));
    }
    if step_type.contains("Export") {
        groups.push(group("Export Statistics", "", EXPORT, counters));
    }
    groups
}

/// One group per target with any value, by name of the target.
fn outbound(context: &QueryContext, counters: &BTreeMap<String, u64>) -> Vec<CounterGroup> {
    let targets: BTreeSet<i64> = counters.keys().filter_map(|key| key.split_once(':')?.0.parse().ok()).collect();
    let mut groups: Vec<CounterGroup> = targets
        .into_iter()
        .map(|target| {
            let name = format!("Outbound Synchronization: {}", context.connector_name(ConnectorId(target)));
            group(&name, &format!("{target}:"), OUTBOUND, counters)
        })
        .filter(|group| group.counters.iter().any(|counter| counter.value > 0))
        .collect();
    groups.sort_by(|a, b| a.name.cmp(&b.name));
    groups
}

fn group(name: &str, prefix: &str, lines: &[Line], counters: &BTreeMap<String, u64>) -> CounterGroup {
    let counters = lines
        .iter()
        .map(|(label, parts, drill_down)| {
            let parts: BTreeMap<String, u64> = parts
                .iter()
                .map(|part| {
                    let key = format!("{prefix}{part}");
                    let value = counters.get(&key).copied().unwrap_or(0);
                    (key, value)
                })
                .collect();
            let value = parts.values().fold(0, |sum: u64, part| sum.saturating_add(*part));
            CounterView { label: (*label).to_owned(), value, parts, drill_down: *drill_down }
        })
        .filter(|counter| counter.value > 0 || !counter.parts.contains_key(ONLY_WHEN_COUNTED))
        .collect();
    CounterGroup { name: name.to_owned(), counters }
}

/// What the columns `Adds`, `Updates` and `Deletes` of a run sum. A synchronization is told by what it did
/// to the metaverse; what it staged is told by the exports.
const ADDS: &[&str] = &["stage-add", "disconnector-projected-flow", "disconnector-projected-no-flow", "export-add"];
const UPDATES: &[&str] = &[
    "stage-update",
    "stage-rename",
    "disconnector-joined-flow",
    "connector-flow",
    "connector-flow-remove-mv",
    "export-update",
    "export-rename",
];
const DELETES: &[&str] = &[
    "stage-delete",
    "stage-delete-add",
    "connector-filtered-remove-mv",
    "connector-filtered-leave-mv",
    "connector-delete-remove-mv",
    "connector-delete-leave-mv",
    "export-delete",
    "export-delete-add",
];

/// Adds, updates, deletes of a run.
pub(super) fn changes(counters: &BTreeMap<String, u64>) -> (u64, u64, u64) {
    let sum = |names: &[&str]| names.iter().filter_map(|name| counters.get(*name)).sum();
    (sum(ADDS), sum(UPDATES), sum(DELETES))
}
