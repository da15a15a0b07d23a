//! What the demo tells.

use std::collections::BTreeMap;

use serde::Serialize;
use syncline_engine::model::{ObjectOperation, RunId};
use syncline_engine::service::{CsHit, CyclePolicy, RunDetails};
use uuid::Uuid;

use super::super::exit::Exit;
use super::super::table::Table;
use super::super::text::{View, count, safe, shell_word};
use super::findings::Findings;

/// The outcome of the demo.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Data folder.
    pub folder: String,
    /// File that holds the forest.
    pub forest_file: Option<String>,
    /// Cycle that was run.
    pub policy: CyclePolicy,
    /// Its status.
    pub status: String,
    /// Adds, updates and deletes over all runs.
    pub changes: u64,
    /// Runs in the order they ran.
    pub runs: Vec<RunRow>,
    /// Objects that the tenant holds now, per type.
    pub tenant: BTreeMap<String, u64>,
    /// What was reported about objects.
    #[serde(flatten)]
    pub findings: Findings,
    /// A person to follow through the system.
    pub follow: Option<Follow>,
}

/// A run with the counters that the demo shows.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct RunRow {
    /// Run number.
    pub run: RunId,
    /// Connector name.
    pub connector: String,
    /// Run profile.
    pub profile: String,
    /// Status string.
    pub status: String,
    /// Adds.
    pub adds: u64,
    /// Updates.
    pub updates: u64,
    /// Deletes.
    pub deletes: u64,
    /// Errors.
    pub errors: u64,
    /// Counters of synchronization steps; absent for imports and exports.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub synchronization: Option<SynchronizationRow>,
}

/// Counters of a synchronization.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct SynchronizationRow {
    /// New metaverse objects.
    pub projections: u64,
    /// Objects joined to existing metaverse objects.
    pub joins: u64,
    /// Objects left without a metaverse object.
    pub disconnectors: u64,
    /// Objects to be created in other directories.
    pub provisioning_adds: u64,
    /// Objects whose attributes could not flow.
    pub flow_errors: u64,
}

/// A person to follow through the system.
#[derive(Debug, Serialize)]
pub struct Follow {
    /// Display name.
    pub display_name: String,
    /// Metaverse object.
    pub guid: Uuid,
    /// Connector names and DNs of the joined objects.
    pub connectors: Vec<(String, String)>,
}

/// True when the object is in the directory, not only on its way there.
#[must_use]
pub fn exists(hit: &CsHit) -> bool {
    hit.connector && hit.pending_export != ObjectOperation::Add
}

impl RunRow {
    /// The row of a run.
    #[must_use]
    pub fn new(run: &RunDetails) -> Self {
        let summary = &run.summary;
        Self {
            run: summary.id,
            connector: summary.connector.clone(),
            profile: summary.profile.clone(),
            status: summary.status.clone(),
            adds: summary.adds,
            updates: summary.updates,
            deletes: summary.deletes,
            errors: summary.errors,
            synchronization: SynchronizationRow::new(run),
        }
    }
}

impl SynchronizationRow {
    /// The counters of the synchronization steps, when there are any.
    fn new(run: &RunDetails) -> Option<Self> {
        let groups = || run.step_details.iter().flat_map(|step| &step.counters);
        groups().find(|group| group.name.starts_with("Inbound"))?;
        let sum = |group: &str, label: &str| {
            let wanted = groups().filter(|counters| counters.name.starts_with(group)).flat_map(|counters| &counters.counters);
            wanted.filter(|counter| counter.label == label).map(|counter| counter.value).sum()
        };
        Some(Self {
            projections: sum("Inbound", "Projections"),
            joins: sum("Inbound", "Joins"),
            disconnectors: sum("Inbound", "Disconnectors"),
            provisioning_adds: sum("Outbound", "Provisioning Adds"),
            flow_errors: sum("Inbound", "Flow Errors"),
        })
    }
}

impl Report {
    /// Zero unless a run stopped; deliberate errors are part of the demo.
    #[must_use]
    pub fn exit(&self) -> Exit {
        let codes = self.runs.iter().map(|run| Exit::of_status(&run.status)).chain([Exit::of_status(&self.status)]);
        match codes.fold(Exit::Success, Exit::worse) {
            Exit::CompletedWithErrors => Exit::Success,
            other => other,
        }
    }

    /// What to say when a run stopped.
    #[must_use]
    pub fn sentence(&self) -> String {
        let stopped = self.runs.iter().find(|run| super::stops(&run.status));
        let run = stopped.map(|run| format!("run {} ({}, {}) ended with {}", run.run, run.connector, run.profile, run.status));
        run.unwrap_or_else(|| format!("the cycle ended with {}", self.status))
    }

    /// The whole outcome for people.
    #[must_use]
    pub fn text(&self, view: &View) -> String {
        let mut text = format!("Data folder: {}\n\nRuns of the {:?} cycle\n", self.folder, self.policy);
        text.push_str(&self.runs_table().render(view.width));
        let synchronizations = self.synchronizations_table();
        if !synchronizations.is_empty() {
            text.push_str("\nSynchronization\n");
            text.push_str(&synchronizations.render(view.width));
        }
        if self.policy == CyclePolicy::Delta {
            let said = if self.changes == 0 { "Nothing has changed since the last run." } else { "Changes were synchronized." };
            text.push_str(&format!("\n{said} {}.\n", count(self.changes, "change")));
        }
        text.push_str(&format!("\nThe tenant now holds {}.\n", self.tenant_sentence()));
        text.push('\n');
        text.push_str(&self.findings.text());
        text
    }

    fn runs_table(&self) -> Table {
        let mut table = Table::new()
            .numbers(["Run"])
            .texts(["Connector", "Profile", "Status"])
            .numbers(["Adds", "Updates", "Deletes", "Errors"]);
        for run in &self.runs {
            table.row([
                run.run.to_string(),
                run.connector.clone(),
                run.profile.clone(),
                run.status.clone(),
                run.adds.to_string(),
                run.updates.to_string(),
                run.deletes.to_string(),
                run.errors.to_string(),
            ]);
        }
        table
    }

    fn synchronizations_table(&self) -> Table {
        let mut table = Table::new().numbers(["Run"]).texts(["Connector"]).numbers([
            "Projections",
            "Joins",
            "Disconnectors",
            "Provisioning adds",
            "Flow errors",
        ]);
        for run in &self.runs {
            let Some(counters) = &run.synchronization else { continue };
            table.row([
                run.run.to_string(),
                run.connector.clone(),
                counters.projections.to_string(),
                counters.joins.to_string(),
                counters.disconnectors.to_string(),
                counters.provisioning_adds.to_string(),
                counters.flow_errors.to_string(),
            ]);
        }
        table
    }

    /// `300 users, 41 groups and 14 contacts`.
    fn tenant_sentence(&self) -> String {
        let usual = ["user", "group", "contact"];
        let number = |object_type: &str| self.tenant.get(object_type).copied().unwrap_or(0);
        let others = self.tenant.keys().map(String::as_str).filter(|object_type| !usual.contains(object_type));
        let mut parts: Vec<String> = usual.into_iter().chain(others).map(|name| count(number(name), &safe(name))).collect();
        let last = parts.pop().unwrap_or_default();
        if parts.is_empty() { last } else { format!("{} and {last}", parts.join(", ")) }
    }

    /// What to do next.
    #[must_use]
    pub fn next(&self, invocation: &str, window: bool) -> String {
        let mut text = String::from("\nWhat to do next\n");
        let mut commands = Vec::new();
        if let Some(follow) = &self.follow {
            text.push_str(&format!("Follow {} from the forest to the tenant:\n", safe(&follow.display_name)));
            commands.push(format!("mv search {}", shell_word(&follow.display_name)));
            commands.push(format!("mv show {}", follow.guid));
            for (connector, dn) in &follow.connectors {
                commands.push(format!("cs show {} --dn {}", shell_word(connector), shell_word(dn)));
            }
        }
        for command in &commands {
            text.push_str(&format!("  {invocation} {}\n", safe(command)));
        }
        text.push_str(&format!("Look at the runs:\n  {invocation} run list\n"));
        if let Some(file) = &self.forest_file {
            text.push_str(&format!("Change something in {} and synchronize again:\n", safe(file)));
            text.push_str(&format!("  {invocation} demo --no-window\n"));
        }
        text.push_str(if window { "The app opens now; this opens it later:\n" } else { "Open the app:\n" });
        text.push_str(&format!("  {invocation}\n"));
        text
    }
}

#[cfg(test)]
mod tests {
    use syncline_engine::service::{CounterGroup, CounterView, StatusClass, StepDetails};

    use super::*;
    use crate::cli::sample;

    fn group(name: &str, counters: &[(&str, u64)]) -> CounterGroup {
        let counters = counters.iter().map(|(label, value)| CounterView {
            label: (*label).into(),
            value: *value,
            parts: BTreeMap::new(),
            drill_down: true,
        });
        CounterGroup { name: name.into(), counters: counters.collect() }
    }

    fn run(profile: &str, status: &str, counters: Vec<CounterGroup>) -> RunDetails {
        let step = StepDetails {
            number: 1,
            step_type: profile.into(),
            partition: "default".into(),
            status: status.into(),
            class: StatusClass::Success,
            message: String::new(),
            started: sample::time(),
            ended: None,
            counters,
            connections: Vec::new(),
            errors: Vec::new(),
            warnings: Vec::new(),
        };
        RunDetails { summary: sample::run(3, "contoso.com", profile, status), step_details: vec![step] }
    }

    fn report(policy: CyclePolicy, statuses: &[&str]) -> Report {
        let runs = statuses.iter().map(|status| RunRow::new(&run("Export", status, Vec::new()))).collect();
        Report {
            folder: "/tmp/demo".into(),
            forest_file: Some("/tmp/demo/contoso.ldif".into()),
            policy,
            status: statuses.last().copied().unwrap_or("success").into(),
            changes: 0,
            runs,
            tenant: BTreeMap::from([("user".into(), 299), ("group".into(), 41), ("contact".into(), 1)]),
            findings: Findings::default(),
            follow: Some(Follow {
                display_name: "Ada Pilot".into(),
                guid: Uuid::nil(),
                connectors: vec![("contoso.com".into(), "CN=Ada Pilot,DC=contoso,DC=com".into())],
            }),
        }
    }

    #[test]
    fn synchronization_counters_come_from_the_steps() {
        let counters = vec![
            group("Inbound Synchronization", &[("Projections", 369), ("Joins", 2), ("Disconnectors", 76), ("Flow Errors", 1)]),
            group("Outbound Synchronization: AAD", &[("Provisioning Adds", 355), ("Export Attribute Flow", 7)]),
        ];
        let expected =
            SynchronizationRow { projections: 369, joins: 2, disconnectors: 76, provisioning_adds: 355, flow_errors: 1 };
        let row = RunRow::new(&run("Full Synchronization", "success", counters));
        assert_eq!(row.synchronization, Some(expected));
        assert_eq!(
            RunRow::new(&run("Export", "success", vec![group("Export Statistics", &[("Adds", 3)])])).synchronization,
            None
        );
    }

    #[test]
    fn deliberate_errors_keep_the_exit_code_zero() {
        let check = |statuses: &[&str], expected: Exit| assert_eq!(report(CyclePolicy::Initial, statuses).exit(), expected);
        check(&["success", "completed-export-errors"], Exit::Success);
        check(&["success", "stopped-connectivity"], Exit::Network);
        check(&["completed-export-errors", "stopped-user-termination-from-wmi-or-ui"], Exit::Canceled);
        let stopped = report(CyclePolicy::Initial, &["success", "stopped-connectivity"]);
        assert_eq!(stopped.sentence(), "run 3 (contoso.com, Export) ended with stopped-connectivity");
    }

    #[test]
    fn the_text_tells_runs_tenant_and_what_is_next() {
        let text = report(CyclePolicy::Delta, &["success"]).text(&sample::view());
        for expected in [
            "Data folder: /tmp/demo\n\nRuns of the Delta cycle\nRun  Connector    Profile  Status   Adds  Updates  Deletes  Errors\n",
            "\nNothing has changed since the last run. 0 changes.\n",
            "\nThe tenant now holds 299 users, 41 groups and 1 contact.\n",
            "Deliberate errors of the sample forest\n",
        ] {
            assert!(text.contains(expected), "missing {expected:?} in\n{text}");
        }
        let next = report(CyclePolicy::Initial, &[]).next("syncline --data /tmp/demo", false);
        assert!(next.contains("  syncline --data /tmp/demo mv search 'Ada Pilot'\n") || cfg!(windows), "{next}");
        assert!(next.contains("Change something in /tmp/demo/contoso.ldif and"), "{next}");
        assert!(next.ends_with("Open the app:\n  syncline --data /tmp/demo\n"), "{next}");
    }

    #[test]
    fn objects_waiting_to_be_created_are_not_in_the_tenant() {
        assert!(exists(&sample::hit("CN=a")));
        assert!(!exists(&CsHit { pending_export: ObjectOperation::Add, ..sample::hit("CN=a") }));
        assert!(!exists(&CsHit { connector: false, ..sample::hit("CN=a") }));
    }
}
