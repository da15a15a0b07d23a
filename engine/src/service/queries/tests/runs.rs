use std::collections::BTreeMap;

use super::{FOREST, TENANT, World, guid, time};
use crate::model::{ConnectorId, ErrorCode, ObjectError, RunId};
use crate::service::queries::runs::{class_of, details, list, objects};
use crate::service::{EngineError, RunFilter, StatusClass};
use crate::store::runs::{
    CountedObject, RunErrorRecord, RunObjectRecord, RunRecord, StepRecord, add_errors, add_objects, finish_run, insert_run,
    save_step,
};

struct Step<'a> {
    step_type: &'a str,
    counters: &'a [(&'a str, u64)],
    errors: usize,
}

fn run(world: &mut World, connector: ConnectorId, profile: &str, status: &str, steps: &[Step<'_>]) -> RunId {
    world.write(|transaction| {
        let record = RunRecord {
            id: RunId(0),
            connector,
            connector_name: format!("connector {connector}"),
            profile: profile.to_owned(),
            user: "tester".to_owned(),
            status: "in-progress".to_owned(),
            started: time(100),
            ended: None,
            steps: 2,
        };
        let id = insert_run(transaction, &record).unwrap();
        for (number, step) in (1..).zip(steps) {
            let counters: BTreeMap<String, u64> =
                step.counters.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect();
            let record = StepRecord {
                run: id,
                number,
                step_type: step.step_type.to_owned(),
                partition: "default".to_owned(),
                status: status.to_owned(),
                message: String::new(),
                started: time(100),
                ended: Some(time(110)),
                counters,
                connections: Vec::new(),
                warnings: vec!["look".to_owned()],
            };
            save_step(transaction, &record).unwrap();
            let error = RunErrorRecord {
                object: Some(guid(5)),
                dn: "CN=Ada".to_owned(),
                error: ObjectError::new(ErrorCode::INVALID_DN, "no name"),
                first_occurred: time(90),
                retry_count: 3,
            };
            add_errors(transaction, id, number, &vec![error; step.errors]).unwrap();
        }
        if status != "in-progress" {
            finish_run(transaction, id, status, Some(time(120))).unwrap();
        }
        id
    })
}

#[test]
fn lists_are_filtered_counted_and_paged_newest_first() {
    let mut world = World::new();
    for (connector, profile, status) in [
        (FOREST, "Full Import", "success"),
        (FOREST, "Export", "completed-export-errors"),
        (TENANT, "Export", "stopped-connectivity"),
        (TENANT, "Full Import", "success"),
        (TENANT, "Full Import", "something-new"),
        (FOREST, "Delta Import", "in-progress"),
    ] {
        run(&mut world, connector, profile, status, &[]);
    }
    let check = |filter: RunFilter, expected: &[i64], total: u64| {
        let page = list(&world.reader(), &filter).unwrap();
        let ids: Vec<i64> = page.rows.iter().map(|run| run.id.0).collect();
        assert_eq!((ids.as_slice(), page.total), (expected, total), "{filter:?}");
    };
    let all = RunFilter::default;
    check(all(), &[6, 5, 4, 3, 2, 1], 6);
    check(RunFilter { offset: 1, limit: 2, ..all() }, &[5, 4], 6);
    check(RunFilter { offset: 9, ..all() }, &[], 6);
    check(RunFilter { connector: Some(TENANT), ..all() }, &[5, 4, 3], 3);
    check(RunFilter { profile: Some("full IMPORT".into()), ..all() }, &[5, 4, 1], 3);
    check(RunFilter { profile: Some("' OR 1=1 --".into()), ..all() }, &[], 0);
    check(RunFilter { class: Some(StatusClass::Success), ..all() }, &[4, 1], 2);
    check(RunFilter { class: Some(StatusClass::Error), ..all() }, &[2], 1);
    check(RunFilter { class: Some(StatusClass::Stopped), ..all() }, &[5, 3], 2);
    check(RunFilter { class: Some(StatusClass::Running), connector: Some(FOREST), ..all() }, &[6], 1);
    check(RunFilter { class: Some(StatusClass::Warning), ..all() }, &[], 0);
    check(RunFilter { since: Some(time(100)), connector: Some(TENANT), ..all() }, &[5, 4, 3], 3);
    check(RunFilter { since: Some(time(101)), ..all() }, &[], 0);
    check(RunFilter { text: "EXPORT".into(), ..all() }, &[3, 2], 2);
    check(RunFilter { text: "something%".into(), ..all() }, &[], 0);
    check(RunFilter { reversed: true, offset: 1, limit: 2, ..all() }, &[2, 3], 6);
}

#[test]
fn a_row_sums_its_steps() {
    let mut world = World::new();
    let import = Step {
        step_type: "Full Import (Stage Only)",
        counters: &[("stage-add", 3), ("stage-no-change", 9), ("stage-update", 1), ("stage-rename", 1), ("stage-delete-add", 1)],
        errors: 2,
    };
    let sync = Step {
        step_type: "Full Synchronization",
        counters: &[
            ("disconnector-projected-flow", 4),
            ("connector-flow", 5),
            ("connector-no-flow", 7),
            ("2:provisioned-add-flow", 50),
        ],
        errors: 1,
    };
    run(&mut world, FOREST, "both", "completed-sync-errors", &[import, sync]);
    run(&mut world, FOREST, "none", "in-progress", &[]);
    let rows = list(&world.reader(), &RunFilter::default()).unwrap().rows;
    let numbers: Vec<_> = rows.iter().map(|run| (run.step, run.steps, run.adds, run.updates, run.deletes, run.errors)).collect();
    assert_eq!(numbers, [(0, 2, 0, 0, 0, 0), (2, 2, 7, 7, 1, 3)]);
    assert_eq!((rows[1].class, rows[1].ended), (StatusClass::Error, Some(time(120))));
}

#[test]
fn statuses_have_classes() {
    let check = |status: &str, expected: StatusClass| assert_eq!(class_of(status), expected, "{status}");
    check("in-progress", StatusClass::Running);
    check("success", StatusClass::Success);
    check("completed-no-objects", StatusClass::Warning);
    check("completed-sync-errors", StatusClass::Error);
    check("no-start-connection", StatusClass::Stopped);
}

fn groups(step_type: &str, counters: &[(&str, u64)]) -> Vec<String> {
    let mut world = World::new();
    let id = run(&mut world, FOREST, "x", "success", &[Step { step_type, counters, errors: 0 }]);
    let run = details(&world.reader(), &world.context(), id).unwrap();
    let mut lines = Vec::new();
    for group in &run.step_details[0].counters {
        lines.push(format!("[{}]", group.name));
        for counter in &group.counters {
            lines.push(format!("{} {}{}", counter.label, counter.value, if counter.drill_down { "" } else { " plain" }));
        }
    }
    lines
}

#[test]
fn counters_are_grouped_as_the_step_type_asks() {
    let import = [
        "[Staging]",
        "Unchanged 8 plain",
        "Adds 1",
        "Updates 2",
        "Renames 3",
        "Deletes 4",
        "Delete Adds 5",
        "[Discovery]",
        "Filtered Objects 6 plain",
        "Filtered Deletions 7 plain",
    ];
    let counted = [
        ("stage-add", 1),
        ("stage-update", 2),
        ("stage-rename", 3),
        ("stage-delete", 4),
        ("stage-delete-add", 5),
        ("filtered-objects", 6),
        ("filtered-deletions", 7),
        ("stage-no-change", 8),
        ("export-add", 99),
    ];
    assert_eq!(groups("Delta Import (Stage Only)", &counted), import);
    let inbound = [
        "[Inbound Synchronization]",
        "Projections 7",
        "Joins 56",
        "Filtered Disconnectors 64",
        "Disconnectors 128",
        "Connectors with Flow Updates 256",
        "Connectors without Flow Updates 512",
        "Filtered Connectors 3072",
        "Deleted Connectors 12288",
        "Metaverse Object Deletes 21540",
        "Flow Errors 32768",
        "[Outbound Synchronization: contoso.onmicrosoft.com - AAD]",
        "Export Attribute Flow 1",
        "Provisioning Adds 6",
        "Provisioning Renames 24",
        "Provisioning Disconnects 32",
        "Provisioning Delete Adds 192",
        "[Outbound Synchronization: deleted connector 9]",
        "Export Attribute Flow 0",
        "Provisioning Adds 1",
        "Provisioning Renames 0",
        "Provisioning Disconnects 0",
        "Provisioning Delete Adds 0",
    ];
    let counted = [
        ("disconnector-projected-flow", 1),
        ("disconnector-projected-no-flow", 2),
        ("disconnector-projected-remove-mv", 4),
        ("disconnector-joined-flow", 8),
        ("disconnector-joined-no-flow", 16),
        ("disconnector-joined-remove-mv", 32),
        ("disconnector-filtered", 64),
        ("disconnector-remains", 128),
        ("connector-flow", 256),
        ("connector-no-flow", 512),
        ("connector-filtered-remove-mv", 1024),
        ("connector-filtered-leave-mv", 2048),
        ("connector-delete-remove-mv", 4096),
        ("connector-delete-leave-mv", 8192),
        ("connector-flow-remove-mv", 16384),
        ("flow-failure", 32768),
        ("2:connector-flow", 1),
        ("2:provisioned-add-flow", 2),
        ("2:provisioned-add-no-flow", 4),
        ("2:provisioned-rename-flow", 8),
        ("2:provisioned-rename-no-flow", 16),
        ("2:provisioned-disconnect", 32),
        ("2:provisioned-delete-add-flow", 64),
        ("2:provisioned-delete-add-no-flow", 128),
        ("1:connector-no-flow", 5),
        ("9:provisioned-add-flow", 1),
    ];
    assert_eq!(groups("Full Synchronization", &counted), inbound);
    let with_delete_add = groups("Delta Synchronization", &[("connector-delete-add-processed", 2)]);
    assert!(with_delete_add.contains(&"Delete Adds 2".to_owned()), "{with_delete_add:?}");
    let export = ["[Export Statistics]", "Adds 1", "Updates 0", "Renames 0", "Deletes 0", "Delete Adds 0", "Errors 2"];
    assert_eq!(groups("Export", &[("export-add", 1), ("export-failure", 2), ("stage-add", 9)]), export);
}

#[test]
fn composed_counters_name_their_parts_and_lead_to_their_objects() {
    let mut world = World::new();
    let counters = &[("2:provisioned-add-flow", 2), ("2:provisioned-add-no-flow", 1)];
    let id = run(&mut world, FOREST, "x", "success", &[Step { step_type: "Full Synchronization", counters, errors: 0 }]);
    let ada = world.named_cs(TENANT, "CN=Ada", "Ada Lovelace", |_| {});
    assert_eq!(ada.0, 1);
    let known = guid(world.objects);
    world.write(|transaction| {
        let object = |counter: &str, object, dn: &str| RunObjectRecord {
            counter: counter.to_owned(),
            object,
            dn: dn.to_owned(),
            object_type: "user".to_owned(),
        };
        let listed = [
            object("2:provisioned-add-no-flow", guid(70), "CN=Gone"),
            object("2:provisioned-add-flow", known, "CN=Ada then"),
            object("2:provisioned-add-flow", guid(71), "CN=Bob"),
            object("stage-add", guid(72), "CN=Other"),
        ];
        let listed = listed.map(|record| CountedObject { record, change: None });
        add_objects(transaction, id, 1, listed.into()).unwrap();
    });
    let run = details(&world.reader(), &world.context(), id).unwrap();
    let adds = &run.step_details[0].counters[1].counters[1];
    assert_eq!((adds.label.as_str(), adds.value), ("Provisioning Adds", 3));
    let keys: Vec<String> = adds.parts.keys().cloned().collect();
    assert_eq!(keys, ["2:provisioned-add-flow", "2:provisioned-add-no-flow"]);
    let names = |offset, limit| {
        let page = objects(&world.reader(), id, 1, &keys, offset, limit).unwrap();
        let rows: Vec<String> = page.rows.into_iter().map(|row| format!("{} ({})", row.dn, row.display_name)).collect();
        (rows, page.total)
    };
    assert_eq!(names(0, 2), (vec!["CN=Ada then (Ada Lovelace)".to_owned(), "CN=Bob ()".to_owned()], 3));
    assert_eq!(names(2, 2), (vec!["CN=Gone ()".to_owned()], 3));
}

#[test]
fn details_hold_errors_and_warnings_and_an_unknown_run_is_named() {
    let mut world = World::new();
    let step = || Step { step_type: "Export", counters: &[], errors: 1 };
    let id = run(&mut world, FOREST, "x", "completed-export-errors", &[step(), step()]);
    let run = details(&world.reader(), &world.context(), id).unwrap();
    assert_eq!(run.summary.errors, 2);
    let second = &run.step_details[1];
    assert_eq!(
        (second.number, second.class, second.warnings.as_slice()),
        (2, StatusClass::Error, ["look".to_owned()].as_slice())
    );
    let error = &second.errors[0];
    assert_eq!((error.object_guid, error.error.code.as_str(), error.retry_count), (Some(guid(5)), "invalid-dn", 3));
    assert!(matches!(details(&world.reader(), &world.context(), RunId(77)), Err(EngineError::UnknownRun(77))));
    assert!(matches!(objects(&world.reader(), RunId(77), 1, &[], 0, 1), Err(EngineError::UnknownRun(77))));
}
