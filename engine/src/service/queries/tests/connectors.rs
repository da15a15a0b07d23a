use super::{FOREST, TENANT, World, guid, time};
use crate::model::{ConnectorId, MvId, ObjectOperation, RunId};
use crate::rules::Direction;
use crate::service::queries::connectors::{find, kind_of, kind_text, statistics, summaries, summary};
use crate::service::queries::status::engine_status;
use crate::service::{ConnectorKind, ConnectorState, ConnectorStatistics, EngineError};
use crate::store::configuration::{StepType, set_required};
use crate::store::options;
use crate::store::runs::{RunRecord, finish_run, insert_run};

#[test]
fn connectors_are_found_by_name_or_guid_and_an_unknown_one_names_the_known() {
    let world = World::new();
    let context = world.context();
    let check = |text: &str, expected: ConnectorId| assert_eq!(find(&context, text).unwrap().id, expected, "{text}");
    check("contoso.com", FOREST);
    check(" CONTOSO.com ", FOREST);
    check(&format!("{{{}}}", guid(902)), TENANT);
    let error = find(&context, "fabrikam").unwrap_err().to_string();
    assert!(error.contains("\"fabrikam\"") && error.contains("contoso.com, contoso.onmicrosoft.com - AAD"), "{error}");
}

#[test]
fn kinds_have_one_stored_text_each() {
    let mut world = World::new();
    for kind in [ConnectorKind::ActiveDirectory, ConnectorKind::GenericLdap, ConnectorKind::File, ConnectorKind::Tenant] {
        world.connector(&format!("{kind:?}"), kind_text(kind), "{}");
        assert_eq!(kind_of(find(&world.context(), &format!("{kind:?}")).unwrap()).unwrap(), kind);
    }
    world.connector("odd", "carrier-pigeon", "{}");
    let error = summaries(&world.reader(), &world.context()).unwrap_err().to_string();
    assert!(error.contains("odd") && error.contains("carrier-pigeon"), "{error}");
}

#[test]
fn addresses_come_from_the_settings_as_far_as_these_say() {
    let check = |kind: &str, settings: &str, expected: &str| {
        let mut world = World::new();
        world.connector("x", kind, settings);
        assert_eq!(summary(&world.reader(), &world.context(), "x").unwrap().address, expected, "{settings}");
    };
    check("file", r#"{"path":"/a.ldif"}"#, "/a.ldif");
    check("tenant", r#"{"base_url":"https://x"}"#, "https://x");
    check("active-directory", r#"{"servers":["a","b:636"],"forest":"c"}"#, "a, b:636");
    check("active-directory", r#"{"servers":[],"forest":"c"}"#, "c");
    check("active-directory", "{}", "");
    check("file", "not JSON", "");
}

#[test]
fn summaries_tell_state_partitions_profiles_and_pending_changes() {
    let mut world = World::new();
    world.partition(FOREST, "DC=b", true);
    world.partition(FOREST, "DC=a", true);
    world.partition(FOREST, "DC=c", false);
    world.profile(FOREST, "Full Import", StepType::FullImport);
    world.profile(FOREST, "Export", StepType::Export);
    for (dn, import, export) in [("CN=a", 1, 0), ("CN=b", 2, 4), ("CN=c", 0, 1), ("CN=d", 0, 0)] {
        world.cs(FOREST, dn, |object| {
            object.pending_import.operation = ObjectOperation::from_code(import);
            object.unapplied.operation = ObjectOperation::from_code(export);
        });
    }
    world.write(|transaction| {
        set_required(transaction, FOREST, None, Some("rules changed")).unwrap();
        for (connector, ended) in [(FOREST, true), (FOREST, true), (TENANT, false)] {
            let record = RunRecord {
                id: RunId(0),
                connector,
                connector_name: "then".into(),
                profile: "p".into(),
                user: String::new(),
                status: "in-progress".into(),
                started: time(5),
                ended: None,
                steps: 1,
            };
            let id = insert_run(transaction, &record).unwrap();
            if ended {
                finish_run(transaction, id, "success", Some(time(6))).unwrap();
            }
        }
    });
    let mut context = world.context();
    let all = summaries(&world.reader(), &context).unwrap();
    let names: Vec<&str> = all.iter().map(|summary| summary.name.as_str()).collect();
    assert_eq!(names, ["contoso.com", "contoso.onmicrosoft.com - AAD"]);
    let forest = &all[0];
    assert_eq!((forest.kind, forest.state), (ConnectorKind::File, ConnectorState::Idle));
    assert_eq!(forest.partitions, ["DC=a", "DC=b"]);
    let profiles: Vec<(&str, &str)> =
        forest.profiles.iter().map(|profile| (profile.name.as_str(), profile.steps[0].step_type.as_str())).collect();
    assert_eq!(profiles, [("Full Import", "Full Import (Stage Only)"), ("Export", "Export")]);
    assert_eq!((forest.pending_import, forest.pending_export), (2, 2));
    assert_eq!(forest.full_sync_required.as_deref(), Some("rules changed"));
    assert_eq!(forest.last_run.as_ref().map(|run| run.id), Some(RunId(2)));
    assert_eq!(all[1].state, ConnectorState::Running, "its run goes on, wherever");
    context.running.insert(TENANT, ConnectorState::Stopping);
    assert_eq!(summary(&world.reader(), &context, "contoso.onmicrosoft.com - AAD").unwrap().state, ConnectorState::Stopping);
}

#[test]
fn statistics_count_every_object_once() {
    let mut world = World::new();
    let mut number = 0;
    for mv in [None, Some(MvId(1))] {
        for state in 0..3 {
            for (import, export) in [(0, 0), (1, 4), (2, 1), (3, 2), (4, 3)] {
                number += 1;
                world.cs(FOREST, &format!("CN=u{number}"), |object| {
                    object.mv = mv;
                    object.connector_state = state;
                    object.pending_import.operation = ObjectOperation::from_code(import);
                    object.unapplied.operation = ObjectOperation::from_code(export);
                });
            }
        }
    }
    world.cs(FOREST, "OU=p", |object| object.object_type = None);
    world.cs(TENANT, "CN=elsewhere", |_| {});
    let found = statistics(&world.reader(), &world.context(), FOREST).unwrap();
    let expected = ConnectorStatistics {
        all: 31,
        total_connector: 15,
        total_disconnector: 15,
        placeholder: 1,
        connector: 10,
        explicit_connector: 5,
        disconnector: 5,
        explicit_disconnector: 5,
        filtered_disconnector: 5,
        import_add: 6,
        import_update: 6,
        import_delete: 12,
        import_none: 7,
        export_add: 6,
        export_update: 6,
        export_delete: 12,
    };
    assert_eq!(found, expected);
    assert_eq!(found.all, found.total_connector + found.total_disconnector + found.placeholder);
    assert_eq!(found.all, found.import_add + found.import_update + found.import_delete + found.import_none);
    let error = statistics(&world.reader(), &world.context(), ConnectorId(9)).unwrap_err();
    assert!(matches!(error, EngineError::UnknownConnector { .. }), "{error}");
}

#[test]
fn the_status_tells_options_rules_and_objects() {
    let mut world = World::new();
    world.rule("on", 1, Direction::Inbound, FOREST, &[]);
    world.changed_rule("off", 2, Direction::Inbound, FOREST, &[], |rule| rule.enabled = false);
    world.mv("person", &[("displayName", &["Ada"])], &[]);
    let before = engine_status(&world.reader(), &world.context(), "data".into(), 7).unwrap();
    assert_eq!((before.staging_mode, before.deletion_threshold, before.rules_enabled), (false, Some(500), 1));
    assert_eq!((before.data_folder.as_str(), before.database_bytes), ("data", 7));
    assert_eq!(
        before.metaverse_objects.into_iter().collect::<Vec<_>>(),
        [("device".into(), 0), ("group".into(), 0), ("person".into(), 1)]
    );
    assert_eq!(before.connectors.len(), 2);
    world.write(|transaction| {
        options::set(transaction, options::STAGING_MODE, Some("on")).unwrap();
        options::set(transaction, options::DELETION_THRESHOLD, Some("500")).unwrap();
        let record = RunRecord {
            id: RunId(0),
            connector: FOREST,
            connector_name: "then".into(),
            profile: "p".into(),
            user: String::new(),
            status: "in-progress".into(),
            started: time(5),
            ended: None,
            steps: 1,
        };
        insert_run(transaction, &record).unwrap();
    });
    let after = engine_status(&world.reader(), &world.context(), "data".into(), 7).unwrap();
    assert_eq!((after.staging_mode, after.deletion_threshold, after.running.len()), (true, Some(500), 1));
}
