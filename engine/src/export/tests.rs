//! Exports to a directory in memory; numbers are those of the scenarios in `engine.md` 11.

use crate::connector::memory::{Fault, MemoryEntry, texts};
use crate::connector::{ConnectorErrorKind, ExportAttributeChange, ExportOperation};
use crate::export;
use crate::model::{ErrorCode, ObjectOperation};
use crate::step::StepStatus;
use crate::step::fixture::{Fixture, Told, reference};
use crate::store::pending;
use crate::store::references::ReferenceLayer;

fn assert_told(told: &Told, status: StepStatus, counters: &str) {
    assert_eq!((told.end.status, told.counters.as_str()), (status, counters), "{told:?}");
}

/// What was sent, batch by batch, as `+CN=x`, `CN=x`, `-CN=x`, `±CN=x`.
fn sent(fixture: &Fixture) -> Vec<Vec<String>> {
    let short = |change: &crate::connector::ExportChange| {
        let sign = match change.operation {
            ExportOperation::Add => "+",
            ExportOperation::Update { .. } => "",
            ExportOperation::Delete => "-",
            ExportOperation::DeleteAdd => "±",
        };
        format!("{sign}{}", change.dn)
    };
    fixture.directory.take_sent().iter().map(|batch| batch.iter().map(short).collect()).collect()
}

/// A tenant with users `CN={1}`, `CN={2}`, ... imported and joined.
fn with_users(count: usize) -> Fixture {
    let fixture = Fixture::tenant();
    for number in 1..=count {
        let (anchor, dn) = (format!("old{number}"), format!("CN={{{number}}}"));
        fixture.directory.put(MemoryEntry::new(anchor, &dn, "user", texts(&[("department", "IT")])));
    }
    fixture.full_import();
    fixture.synchronize(true);
    fixture
}

#[test]
fn an_export_that_the_tenant_matched_with_an_object_it_had_stops_nothing() {
    let fixture = Fixture::tenant();
    fixture.directory.put(MemoryEntry::new("User_1", "CN={cloud}", "user", texts(&[("department", "IT")])));
    fixture.full_import();
    fixture.synchronize(false);
    fixture.provision("CN={9}", "user", &[("sourceAnchor", "nine")]);
    assert_told(&fixture.export(), StepStatus::SUCCESS, "export-add=1");
    let added = fixture.object("CN={9}");
    assert_eq!((added.unconfirmed.operation, added.anchor), (ObjectOperation::Add, None));
    assert_eq!(fixture.object("CN={cloud}").anchor.as_deref(), Some(&b"User_1"[..]));
    assert_told(&fixture.export(), StepStatus::SUCCESS, "");
}

#[test]
fn accepted_changes_wait_for_confirmation() {
    let fixture = with_users(1);
    fixture.provision("CN={9}", "user", &[("sourceAnchor", "nine"), ("department", "HR")]);
    fixture.stage("CN={1}", "department", "HR");
    assert_told(&fixture.export(), StepStatus::SUCCESS, "export-add=1 export-update=1");
    let added = fixture.object("CN={9}");
    assert_eq!((added.unconfirmed.operation, added.unapplied.is_none(), added.rebuild), (ObjectOperation::Add, true, true));
    assert_eq!(added.anchor.as_deref(), Some(&b"User_1"[..]));
    assert_eq!(fixture.object("CN={1}").unconfirmed.operation, ObjectOperation::Update);
    let identity = fixture.directory.take_sent().concat().into_iter().map(|change| change.identity);
    assert!(identity.into_iter().any(|identity| identity == texts(&[("sourceAnchor", "nine")])));
    // Nothing more to send; confirmed by the next import.
    assert_told(&fixture.export(), StepStatus::SUCCESS, "");
    assert_told(&fixture.delta_import(), StepStatus::SUCCESS, "stage-add=1 stage-update=1");
    assert!(fixture.objects().iter().all(|object| object.unconfirmed.is_none() && object.unapplied.is_none()));
}

#[test]
fn adds_come_before_deletes_and_deletes_from_the_leaves() {
    let fixture = Fixture::forest();
    fixture.directory.put(MemoryEntry::new("sub", "OU=Sub,OU=Staff,DC=contoso,DC=com", "organizationalUnit", texts(&[])));
    fixture.full_import();
    fixture.synchronize(true);
    fixture.stage_delete("OU=Staff,DC=contoso,DC=com");
    fixture.stage_delete("OU=Sub,OU=Staff,DC=contoso,DC=com");
    fixture.provision("CN=a,OU=New,DC=contoso,DC=com", "user", &[("cn", "a")]);
    fixture.provision("OU=New,DC=contoso,DC=com", "organizationalUnit", &[]);
    fixture.export();
    let expected = [
        vec!["+OU=New,DC=contoso,DC=com", "+CN=a,OU=New,DC=contoso,DC=com"],
        vec!["-OU=Sub,OU=Staff,DC=contoso,DC=com", "-OU=Staff,DC=contoso,DC=com"],
    ];
    assert_eq!(sent(&fixture), expected);
}

#[test]
fn scenario_18_new_group_and_new_members() {
    let fixture = Fixture::tenant();
    fixture.provision("CN={A}", "group", &[("sourceAnchor", "g")]);
    for user in ["CN={B}", "CN={C}"] {
        fixture.provision(user, "user", &[("sourceAnchor", user)]);
        fixture.stage_reference("CN={A}", "member", user, ReferenceLayer::UnappliedAdd);
    }
    assert_told(&fixture.export(), StepStatus::SUCCESS, "export-add=3");
    assert_eq!(sent(&fixture), [vec!["+CN={B}", "+CN={C}"], vec!["+CN={A}"]]);
    let group = fixture.directory.entry("CN={A}").unwrap();
    assert_eq!(group.attributes["member"], [reference("CN={B}"), reference("CN={C}")]);
}

#[test]
fn scenario_18_managers_in_a_ring() {
    let fixture = Fixture::tenant();
    for user in ["CN={2}", "CN={3}"] {
        fixture.provision(user, "user", &[("sourceAnchor", user)]);
    }
    fixture.stage_reference("CN={2}", "manager", "CN={3}", ReferenceLayer::UnappliedAdd);
    fixture.stage_reference("CN={3}", "manager", "CN={2}", ReferenceLayer::UnappliedAdd);
    assert_told(&fixture.export(), StepStatus::SUCCESS, "export-add=2");
    assert_eq!(fixture.directory.entry("CN={2}").unwrap().attributes["manager"], [reference("CN={3}")]);
    assert_eq!(fixture.directory.entry("CN={3}").unwrap().attributes["manager"], [reference("CN={2}")]);
    assert_told(&fixture.full_import(), StepStatus::SUCCESS, "stage-add=2");
    assert!(fixture.objects().iter().all(|object| object.unconfirmed.is_none() && object.unapplied.is_none()));
}

#[test]
fn a_reference_without_target_fails_alone() {
    let fixture = with_users(2);
    fixture.provision("CN={9}", "user", &[("sourceAnchor", "nine")]);
    fixture.stage("CN={1}", "department", "HR");
    fixture.stage_reference("CN={1}", "manager", "CN={9}", ReferenceLayer::UnappliedAdd);
    fixture.directory.inject(Fault::Refuse { dn: "CN={9}".into(), code: ErrorCode::CONSTRAINT_VIOLATION });
    assert_told(&fixture.export(), StepStatus::COMPLETED_EXPORT_ERRORS, "export-failure=2 export-update=1");
    let object = fixture.object("CN={1}");
    assert_eq!(object.export_error.unwrap().error.code, ErrorCode::DN_ATTRIBUTES_FAILURE);
    assert_eq!(fixture.targets("CN={1}", "manager", ReferenceLayer::UnappliedAdd), ["CN={9}"]);
    assert_eq!(fixture.directory.entry("CN={1}").unwrap().attributes["department"], texts(&[("x", "HR")])["x"]);
    // The target arrives: the reference is sent by the next export, and the error is gone.
    fixture.directory.heal();
    assert_told(&fixture.export(), StepStatus::SUCCESS, "export-add=1 export-update=1");
    assert!(fixture.object("CN={1}").export_error.is_none());
    assert_eq!(fixture.directory.entry("CN={1}").unwrap().attributes["manager"], [reference("CN={9}")]);
}

#[test]
fn scenario_19_refused_and_fixed() {
    let fixture = with_users(2);
    fixture.stage("CN={1}", "mail", "taken@x");
    fixture.stage("CN={2}", "mail", "free@x");
    let code = ErrorCode::from_directory("AttributeValueMustBeUnique");
    fixture.directory.inject(Fault::Refuse { dn: "CN={1}".into(), code: code.clone() });
    let check = |retries: u32, counters: &str| {
        let told = fixture.export();
        assert_told(&told, StepStatus::COMPLETED_EXPORT_ERRORS, counters);
        let object = fixture.object("CN={1}");
        let error = object.export_error.clone().unwrap();
        assert_eq!((error.error.code, error.retry_count), (code.clone(), retries));
        assert_eq!(object.unapplied.operation, ObjectOperation::Update);
        assert_eq!(fixture.errors(&told).len(), 1);
    };
    check(0, "export-failure=1 export-update=1");
    check(1, "export-failure=1");
    fixture.directory.heal();
    fixture.stage("CN={1}", "mail", "own@x");
    assert_told(&fixture.export(), StepStatus::SUCCESS, "export-update=1");
    assert!(fixture.object("CN={1}").export_error.is_none());
}

#[test]
fn scenario_22_members_are_sent_one_by_one() {
    let fixture = with_users(3);
    let mut group = MemoryEntry::new("group", "CN={G}", "group", texts(&[]));
    group.attributes.insert("member".into(), vec![reference("CN={1}"), reference("CN={2}")]);
    fixture.directory.put(group);
    fixture.full_import();
    fixture.synchronize(true);
    fixture.stage_reference("CN={G}", "member", "CN={3}", ReferenceLayer::UnappliedAdd);
    fixture.stage_reference("CN={G}", "member", "CN={1}", ReferenceLayer::UnappliedDelete);
    assert_told(&fixture.export(), StepStatus::SUCCESS, "export-update=1");
    match &fixture.directory.take_sent()[0][0].attributes["member"] {
        ExportAttributeChange::Values { adds, deletes } => assert_eq!((adds.len(), deletes.len()), (1, 1)),
        other => panic!("{other:?}"),
    }
    assert_told(&fixture.delta_import(), StepStatus::SUCCESS, "stage-update=1");
    assert_eq!(fixture.targets("CN={G}", "member", ReferenceLayer::UnappliedDelete), ["CN={2}", "CN={3}"]);
    assert!(fixture.object("CN={G}").unconfirmed.is_none());
}

#[test]
fn a_directory_that_takes_only_whole_attributes_gets_them_whole() {
    let fixture = with_users(3);
    fixture.directory.set_capabilities(|can| can.value_level_updates = false);
    let mut group = MemoryEntry::new("group", "CN={G}", "group", texts(&[]));
    group.attributes.insert("member".into(), vec![reference("CN={1}"), reference("CN={2}")]);
    fixture.directory.put(group);
    fixture.full_import();
    fixture.synchronize(true);
    fixture.stage_reference("CN={G}", "member", "CN={3}", ReferenceLayer::UnappliedAdd);
    fixture.stage_reference("CN={G}", "member", "CN={1}", ReferenceLayer::UnappliedDelete);
    fixture.export();
    assert_eq!(fixture.directory.entry("CN={G}").unwrap().attributes["member"], [reference("CN={2}"), reference("CN={3}")]);
}

#[test]
fn scenario_25_more_deletions_than_allowed_send_nothing() {
    let mut fixture = with_users(4);
    for number in 1..=3 {
        fixture.stage_delete(&format!("CN={{{number}}}"));
    }
    fixture.stage("CN={4}", "department", "HR");
    fixture.threshold = Some(2);
    let told = fixture.export();
    assert_told(&told, StepStatus::STOPPED_DELETION_THRESHOLD, "");
    assert_eq!(told.end.message, "3 deletions staged, limit 2");
    assert!(fixture.directory.take_sent().is_empty());
    fixture.threshold = Some(3);
    assert_told(&fixture.export(), StepStatus::SUCCESS, "export-delete=3 export-update=1");
}

#[test]
fn a_forest_has_no_deletion_threshold() {
    let mut fixture = Fixture::forest();
    let u1 = fixture.user("u1");
    fixture.full_import();
    fixture.synchronize(true);
    fixture.stage_delete(&u1);
    fixture.threshold = Some(0);
    assert_told(&fixture.export(), StepStatus::SUCCESS, "export-delete=1");
}

#[test]
fn scenario_41_killed_in_the_middle() {
    let fixture = Fixture::tenant();
    for number in 100..190 {
        fixture.provision(&format!("CN={{{number}}}"), "user", &[("sourceAnchor", &format!("a{number}"))]);
    }
    // The second batch is carried out, but the program is killed before its results are written.
    fixture.directory.inject(Fault::LoseAnswer { after: 1 });
    fixture.directory.inject(Fault::RefuseBatch { after: 2, kind: ConnectorErrorKind::Dropped });
    assert_eq!(fixture.export().end.status, StepStatus::STOPPED_CONNECTIVITY);
    let second: Vec<_> = fixture.objects()[30..60].iter().map(|object| object.id).collect();
    fixture.change(|transaction| pending::escrow(transaction, &second).unwrap());
    let count = |test: &dyn Fn(&crate::store::connector_space::CsObject) -> bool| {
        fixture.objects().iter().filter(|object| test(object)).count()
    };
    assert_eq!(count(&|object| !object.escrowed.is_none()), 30);

    assert_eq!(export::recover(&fixture.environment.database).unwrap(), 30);
    assert_eq!(count(&|object| !object.escrowed.is_none()), 0);
    let states = (count(&|object| !object.unconfirmed.is_none()), count(&|object| !object.unapplied.is_none()));
    assert_eq!(states, (30, 60));
    assert_told(&fixture.full_import(), StepStatus::SUCCESS, "stage-add=60");
    assert_eq!(count(&|object| object.mv.is_none()), 30, "batch 2 is joined again by synchronization");
    fixture.directory.heal();
    assert_told(&fixture.export(), StepStatus::SUCCESS, "export-add=30");
    assert_eq!(fixture.directory.entries().len(), 90);
}

#[test]
fn failures_of_the_directory_stop_the_export_and_lose_nothing() {
    let check = |fault: Fault, status: StepStatus, waiting: usize| {
        let fixture = Fixture::tenant();
        for number in 100..190 {
            fixture.provision(&format!("CN={{{number}}}"), "user", &[]);
        }
        fixture.directory.inject(fault.clone());
        assert_eq!(fixture.export().end.status, status, "{fault:?}");
        let objects = fixture.objects();
        assert!(objects.iter().all(|object| object.escrowed.is_none() && object.export_error.is_none()), "{fault:?}");
        assert_eq!(objects.iter().filter(|object| !object.unapplied.is_none()).count(), waiting, "{fault:?}");
    };
    let refuse = |after, kind| Fault::RefuseBatch { after, kind };
    check(refuse(0, ConnectorErrorKind::Credentials), StepStatus::NO_START_CREDENTIALS, 90);
    check(refuse(0, ConnectorErrorKind::ExportDisabled), StepStatus::STOPPED_EXPORT_DISABLED, 90);
    check(refuse(1, ConnectorErrorKind::Connection), StepStatus::STOPPED_CONNECTIVITY, 60);
    check(refuse(2, ConnectorErrorKind::Credentials), StepStatus::STOPPED_BAD_CREDENTIALS, 30);
    check(refuse(1, ConnectorErrorKind::Dropped), StepStatus::STOPPED_CONNECTIVITY, 60);
    check(Fault::Passing { after: 1, times: None }, StepStatus::STOPPED_CONNECTIVITY, 60);
    check(Fault::StopExport { after: 1 }, StepStatus::STOPPED_BY_USER, 30);
}

#[test]
fn what_cannot_be_exported_is_not_sent() {
    let mut fixture = Fixture::forest();
    let u1 = fixture.user("u1");
    fixture.full_import();
    fixture.synchronize(true);
    fixture.stage_delete("OU=Staff,DC=contoso,DC=com");
    let told = fixture.export();
    assert_told(&told, StepStatus::COMPLETED_EXPORT_ERRORS, "export-failure=1");
    let error = fixture.errors(&told).remove(0).error;
    assert_eq!(error.code.as_str(), "unsupported-container-delete");
    assert!(error.message.contains("OU=Staff") && error.message.contains(&u1), "{}", error.message);
    assert!(fixture.directory.take_sent().is_empty());
    // What goes first is in nobody's way.
    fixture.stage_delete(&u1);
    assert_told(&fixture.export(), StepStatus::SUCCESS, "export-delete=2");
    assert_eq!(sent(&fixture), [["-".to_owned() + &u1, "-OU=Staff,DC=contoso,DC=com".to_owned()]]);

    fixture.connector.object_types = vec!["group".to_owned()];
    fixture.provision("CN=u2,DC=contoso,DC=com", "user", &[]);
    let told = fixture.export();
    assert_told(&told, StepStatus::COMPLETED_EXPORT_ERRORS, "export-failure=1");
    let error = fixture.errors(&told).remove(0).error;
    assert_eq!(error.code, ErrorCode::NO_EXPORT_TO_TYPE);
    assert!(error.message.contains("\"user\"") && error.message.contains("not selected"), "{}", error.message);
    assert!(fixture.directory.take_sent().is_empty());
}

/// A clock that writes down how long it was asked to wait.
#[derive(Debug, Default)]
struct Waits(std::sync::Mutex<Vec<u64>>);

impl crate::model::Clock for Waits {
    fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::UNIX_EPOCH
    }

    fn wait(&self, time: std::time::Duration, given_up: &dyn Fn() -> bool) {
        assert!(!given_up());
        self.0.lock().unwrap().push(time.as_secs());
    }
}

#[test]
fn passing_failures_are_waited_for() {
    let check = |fault: Fault, status: StepStatus, counters: &str, waits: &[u64], sent: usize| {
        let mut fixture = Fixture::tenant();
        let clock = std::sync::Arc::new(Waits::default());
        fixture.environment.clock = clock.clone();
        for number in 100..190 {
            fixture.provision(&format!("CN={{{number}}}"), "user", &[]);
        }
        fixture.directory.inject(fault.clone());
        let told = fixture.export();
        assert_told(&told, status, counters);
        assert_eq!(*clock.0.lock().unwrap(), waits, "{fault:?}");
        assert_eq!(fixture.directory.take_sent().len(), sent, "{fault:?}");
        assert_eq!(
            fixture.directory.entries().len(),
            told.counters.strip_prefix("export-add=").unwrap_or("0").parse::<usize>().unwrap()
        );
    };
    let passing = |after, times| Fault::Passing { after, times };
    check(passing(1, Some(2)), StepStatus::SUCCESS, "export-add=90", &[1, 4], 5);
    check(passing(0, None), StepStatus::STOPPED_CONNECTIVITY, "", &[1, 4, 15, 40], 5);
    // What was carried out without an answer is sent again and matched.
    let refuse = |kind| Fault::RefuseBatch { after: 1, kind };
    check(refuse(ConnectorErrorKind::Dropped), StepStatus::STOPPED_CONNECTIVITY, "export-add=30", &[1, 4, 15, 40], 6);
    check(refuse(ConnectorErrorKind::Credentials), StepStatus::STOPPED_BAD_CREDENTIALS, "export-add=30", &[], 2);
}

#[test]
fn quarantined_values_are_warnings() {
    let fixture = with_users(1);
    fixture.stage("CN={1}", "mail", "a@b");
    fixture.directory.inject(Fault::Quarantine { attribute: "mail".into() });
    let told = fixture.export();
    assert_told(&told, StepStatus::COMPLETED_WARNINGS, "export-update=1");
    assert!(told.warnings[0].starts_with("CN={1}: AttributeValueMustBeUnique"), "{:?}", told.warnings);
    assert!(fixture.object("CN={1}").export_error.is_none());
}

#[test]
fn scenario_37_delete_and_add_under_the_same_name() {
    let fixture = with_users(1);
    fixture.update("CN={1}", |object| {
        object.unapplied.operation = ObjectOperation::DeleteAdd;
        object.unapplied.object_type = Some("contact".to_owned());
    });
    assert_told(&fixture.export(), StepStatus::SUCCESS, "export-delete-add=1");
    let object = fixture.object("CN={1}");
    assert_eq!((object.object_type.as_deref(), object.anchor.as_deref()), (Some("contact"), Some(&b"Contact_1"[..])));
    assert!(object.hologram.is_empty() && object.rebuild && object.mv.is_some());
    assert_told(&fixture.delta_import(), StepStatus::SUCCESS, "stage-add=1");
    assert!(fixture.object("CN={1}").unconfirmed.is_none());
}

#[test]
fn a_rename_is_followed_by_everything_below() {
    let fixture = Fixture::forest();
    fixture.user("u1");
    fixture.full_import();
    fixture.synchronize(true);
    let new = "OU=People,DC=contoso,DC=com";
    fixture.update("OU=Staff,DC=contoso,DC=com", |object| {
        object.unapplied.operation = ObjectOperation::Update;
        object.unapplied.dn = Some(new.to_owned());
    });
    assert_told(&fixture.export(), StepStatus::SUCCESS, "export-rename=1");
    assert!(fixture.find("CN=u1,OU=People,DC=contoso,DC=com").is_some());
    assert_eq!(fixture.object(new).unconfirmed.dn.as_deref(), Some(new));
    assert_eq!(fixture.delta_import().end.status, StepStatus::SUCCESS);
    assert!(fixture.object(new).unconfirmed.is_none());
}

#[test]
fn a_connector_that_cannot_export_says_so() {
    let fixture = Fixture::tenant();
    fixture.directory.set_capabilities(|can| can.export = false);
    let told = fixture.export();
    assert_eq!(told.end.status, StepStatus::NO_START_MA);
    assert!(told.end.message.contains("\"tenant\""), "{}", told.end.message);
}
