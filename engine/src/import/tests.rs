//! Imports on a directory in memory; numbers are those of the scenarios in `engine.md` 11.

mod values;

use std::collections::BTreeMap;

use proptest::prelude::*;

use crate::connector::memory::{DeltaContent, Fault, MemoryConnector, MemoryEntry, texts};
use crate::connector::{
    Anchor, CancelToken, Capabilities, Connector, ConnectorError, ConnectorErrorKind, DirectoryPartition, EntryValue,
    ExportChange, ExportResult, ImportEntry, ImportItem, ImportRequest, ImportSummary,
};
use crate::model::{CsId, ErrorCode, ObjectOperation, PartitionId, Schema, Value};
use crate::step::StepStatus;
use crate::step::fixture::{Fixture, Told, reference};
use crate::store::configuration::{self, PartitionRecord, StepType};
use crate::store::connector_space::TowerView;
use crate::store::metaverse;
use crate::store::references::ReferenceLayer;

const STAFF: &str = "OU=Staff,DC=contoso,DC=com";

fn text(value: &str) -> Vec<EntryValue> {
    vec![EntryValue::Text(value.to_owned())]
}

fn assert_told(told: &Told, status: StepStatus, counters: &str) {
    assert_eq!((told.end.status, told.counters.as_str()), (status, counters), "{told:?}");
}

/// Users `u1`, `u2`, ... imported, synchronized and joined.
fn with_users(count: usize) -> (Fixture, Vec<String>) {
    let fixture = Fixture::forest();
    let names = (1..=count).map(|number| fixture.user(&format!("u{number}"))).collect();
    assert_eq!(fixture.full_import().end.status, StepStatus::SUCCESS);
    fixture.synchronize(true);
    (fixture, names)
}

#[test]
fn scenario_1_full_import_of_a_new_user() {
    let fixture = Fixture::forest();
    let u1 = fixture.user("Ada");
    assert_told(&fixture.full_import(), StepStatus::SUCCESS, "stage-add=3");
    let user = fixture.object(&u1);
    assert!(user.hologram.is_empty() && user.mv.is_none());
    assert_eq!(user.pending_import.operation, ObjectOperation::Add);
    assert_eq!(user.parent, Some(fixture.object(STAFF).id));
    assert!(fixture.object("DC=com").is_placeholder());
    assert_eq!(fixture.objects().len(), 4);
    assert!(fixture.partition().watermark.is_some());
    // Once more: nothing new, nothing written.
    let before = fixture.objects();
    assert_told(&fixture.full_import(), StepStatus::SUCCESS, "stage-no-change=3");
    assert_eq!(fixture.objects(), before);
}

#[test]
fn scenario_2_attribute_change() {
    let (fixture, users) = with_users(2);
    fixture.directory.set(b"u1", "department", text("HR"));
    assert_told(&fixture.delta_import(), StepStatus::SUCCESS, "stage-update=1");
    let department = fixture.attribute("department");
    let user = fixture.object(&users[0]);
    assert_eq!(user.hologram.first(department), Some(&Value::text("IT")));
    assert_eq!(user.view(TowerView::Imported).first(department), Some(&Value::text("HR")));
    assert_eq!(user.pending_import.changes.len(), 1);
}

#[test]
fn scenario_3_change_there_and_back() {
    let (fixture, users) = with_users(1);
    fixture.directory.set(b"u1", "department", text("HR"));
    fixture.delta_import();
    fixture.directory.set(b"u1", "department", text("IT"));
    assert_told(&fixture.delta_import(), StepStatus::SUCCESS, "stage-no-change=1");
    assert!(fixture.object(&users[0]).pending_import.is_none());
}

#[test]
fn scenario_4_delete() {
    let (fixture, users) = with_users(1);
    fixture.directory.remove(b"u1");
    assert_told(&fixture.delta_import(), StepStatus::SUCCESS, "stage-delete=1");
    let user = fixture.object(&users[0]);
    assert_eq!(user.pending_import.operation, ObjectOperation::Delete);
    assert!(user.mv.is_some() && !user.hologram.is_empty());
    // Told again it changes nothing; back again it is as it was.
    assert_told(&fixture.full_import(), StepStatus::SUCCESS, "stage-no-change=2");
    fixture.user("u1");
    fixture.full_import();
    assert!(fixture.object(&users[0]).pending_import.is_none());
}

#[test]
fn deletes_of_objects_nobody_synchronized_leave_nothing() {
    let fixture = Fixture::forest();
    let u1 = fixture.user("u1");
    fixture.full_import();
    fixture.directory.remove(b"u1");
    fixture.directory.put(MemoryEntry::new("u2", "CN=u2,OU=Staff,DC=contoso,DC=com", "user", texts(&[])));
    fixture.directory.remove(b"u2");
    assert_told(&fixture.delta_import(), StepStatus::SUCCESS, "stage-delete=1");
    assert!(fixture.find(&u1).is_none());
}

#[test]
fn scenario_9_move_and_rename_of_a_member() {
    let check = |full: bool, counters: &str| {
        let (fixture, users) = with_users(1);
        let g1 = fixture.group("g1", &[&users[0]]);
        fixture.directory.put(MemoryEntry::new("mgmt", "OU=Mgmt,DC=contoso,DC=com", "organizationalUnit", texts(&[])));
        fixture.full_import();
        fixture.synchronize(true);
        // The group's anchor sorts before the user's: a full import brings it first.
        fixture.directory.rename(b"u1", "CN=Ada King,OU=Mgmt,DC=contoso,DC=com");
        let told = if full { fixture.full_import() } else { fixture.delta_import() };
        assert_told(&told, StepStatus::SUCCESS, counters);
        let renamed = fixture.object("CN=Ada King,OU=Mgmt,DC=contoso,DC=com");
        assert_eq!(renamed.pending_import.operation, ObjectOperation::Update);
        assert_eq!(renamed.pending_import.dn.as_deref(), Some("CN=Ada King,OU=Mgmt,DC=contoso,DC=com"));
        assert!(fixture.object(&g1).pending_import.is_none());
        assert_eq!(fixture.targets(&g1, "member", ReferenceLayer::ImportDelete), [renamed.dn]);
        assert!(fixture.find(&users[0]).is_none());
    };
    check(false, "stage-rename=1");
    check(true, "stage-no-change=4 stage-rename=1");
}

#[test]
fn scenario_10_ou_rename() {
    let (fixture, _) = with_users(3);
    fixture.directory.rename(b"staff", "OU=People,DC=contoso,DC=com");
    assert_told(&fixture.delta_import(), StepStatus::SUCCESS, "stage-rename=1");
    for number in 1..=3 {
        let user = fixture.object(&format!("CN=u{number},OU=People,DC=contoso,DC=com"));
        assert!(user.rename_retry && user.pending_import.is_none(), "{user:?}");
        assert_eq!(user.parent, Some(fixture.object("OU=People,DC=contoso,DC=com").id));
    }
    // A full import then brings the same names: nothing changes.
    assert_told(&fixture.full_import(), StepStatus::SUCCESS, "stage-no-change=5");
}

#[test]
fn scenario_17_group_before_its_member() {
    let fixture = Fixture::forest();
    let u9 = "CN=u9,OU=Staff,DC=contoso,DC=com";
    let g1 = fixture.group("g1", &[u9]);
    fixture.full_import();
    let placeholder = fixture.object(u9);
    assert!(placeholder.is_placeholder());
    fixture.synchronize(true);
    assert_eq!(fixture.user("u9"), u9);
    assert_told(&fixture.delta_import(), StepStatus::SUCCESS, "stage-add=1");
    let user = fixture.object(u9);
    assert_eq!((user.id, user.pending_import.operation), (placeholder.id, ObjectOperation::Add));
    assert!(fixture.object(&g1).reference_retry);
    assert_eq!(fixture.targets(&g1, "member", ReferenceLayer::Hologram), [u9]);
}

#[test]
fn placeholders_go_when_nothing_needs_them() {
    let fixture = Fixture::forest();
    let gone = "CN=gone,OU=Elsewhere,DC=contoso,DC=com";
    let g1 = fixture.group("g1", &[gone]);
    fixture.full_import();
    fixture.synchronize(false);
    assert!(fixture.find(gone).is_some());
    fixture.directory.set(b"g1", "member", Vec::new());
    assert_told(&fixture.delta_import(), StepStatus::SUCCESS, "stage-update=1");
    assert!(fixture.find(gone).is_some(), "the hologram still refers to it");
    fixture.synchronize(false);
    fixture.full_import();
    assert!(fixture.find(gone).is_none() && fixture.find("OU=Elsewhere,DC=contoso,DC=com").is_none());
    assert!(fixture.find(&g1).is_some());
}

#[test]
fn a_removed_member_stays_as_placeholder_while_a_group_holds_it() {
    let (fixture, users) = with_users(2);
    let g1 = fixture.group("g1", &[&users[0], &users[1]]);
    fixture.full_import();
    fixture.synchronize(true);
    fixture.directory.remove(b"u1");
    fixture.full_import();
    assert_eq!(fixture.targets(&g1, "member", ReferenceLayer::ImportDelete), [users[1].clone()]);
    fixture.synchronize(true);
    assert!(fixture.find(&users[0]).is_none_or(|object| object.is_placeholder()));
    assert_eq!(fixture.targets(&g1, "member", ReferenceLayer::Hologram), [users[1].clone()]);
}

#[test]
fn scenario_20_exported_value_not_reimported() {
    let fixture = Fixture::tenant();
    fixture.directory.put(MemoryEntry::new("User_1", "CN={41}", "user", texts(&[("department", "IT")])));
    fixture.full_import();
    fixture.synchronize(true);
    fixture.stage("CN={41}", "department", "HR");
    fixture.directory.inject(Fault::Alter { attribute: "department".into(), value: "Sales".into() });
    assert_told(&fixture.export(), StepStatus::SUCCESS, "export-update=1");
    assert!(!fixture.object("CN={41}").unconfirmed.is_none());

    let told = fixture.delta_import();
    assert_told(&told, StepStatus::COMPLETED_WARNINGS, "stage-update=1");
    let object = fixture.object("CN={41}");
    let department = fixture.attribute("department");
    assert!(object.unconfirmed.is_none());
    assert!(object.unapplied.changes.contains_key(&department));
    let error = object.import_error.unwrap().error;
    assert_eq!(error.code, ErrorCode::EXPORTED_CHANGE_NOT_REIMPORTED);
    assert!(error.message.contains("exported: HR imported: Sales"), "{}", error.message);
    assert_eq!(fixture.errors(&told).len(), 1);

    fixture.synchronize(true);
    fixture.directory.heal();
    assert_told(&fixture.export(), StepStatus::SUCCESS, "export-update=1");
    assert_told(&fixture.delta_import(), StepStatus::SUCCESS, "stage-update=1");
    let object = fixture.object("CN={41}");
    assert!(object.unconfirmed.is_none() && object.unapplied.is_none() && object.import_error.is_none());
}

#[test]
fn scenario_21_same_change_made_by_hand() {
    let fixture = Fixture::tenant();
    fixture.directory.put(MemoryEntry::new("User_1", "CN={41}", "user", texts(&[("department", "IT")])));
    fixture.full_import();
    fixture.synchronize(true);
    fixture.stage("CN={41}", "department", "HR");
    fixture.directory.set(b"User_1", "department", text("HR"));
    assert_told(&fixture.delta_import(), StepStatus::SUCCESS, "stage-update=1");
    assert!(fixture.object("CN={41}").unapplied.is_none());
    assert_told(&fixture.export(), StepStatus::SUCCESS, "");
    assert!(fixture.directory.take_sent().is_empty());
}

#[test]
fn scenario_22_one_member_of_many() {
    let fixture = Fixture::forest();
    let members: Vec<String> = (0..300).map(|number| fixture.user(&format!("m{number}"))).collect();
    let names: Vec<&str> = members.iter().map(String::as_str).collect();
    let g1 = fixture.group("a-group", &names[..299]);
    fixture.full_import();
    fixture.synchronize(false);
    fixture.directory.set(b"a-group", "member", names[1..].iter().map(|name| reference(name)).collect());
    assert_told(&fixture.delta_import(), StepStatus::SUCCESS, "stage-update=1");
    let group = fixture.object(&g1);
    let layer = |layer| group.references.iter().filter(|row| row.layer == layer).map(|row| row.target).collect::<Vec<_>>();
    assert_eq!(layer(ReferenceLayer::ImportAdd), [fixture.object(names[299]).id]);
    assert_eq!(layer(ReferenceLayer::ImportDelete), [fixture.object(names[0]).id]);
}

#[test]
fn scenario_35_deleted_and_recreated_under_the_same_name() {
    let (fixture, users) = with_users(1);
    let old = fixture.object(&users[0]);
    fixture.directory.put(MemoryEntry::new("u1-new", &users[0], "user", texts(&[("cn", "u1")])));
    fixture.directory.remove(b"u1");
    assert_told(&fixture.delta_import(), StepStatus::SUCCESS, "stage-add=1 stage-delete=1");
    let objects = fixture.objects();
    let before = objects.iter().find(|object| object.id == old.id).unwrap();
    assert!(before.transient);
    assert_eq!((before.pending_import.operation, before.dn.as_str()), (ObjectOperation::Delete, users[0].as_str()));
    assert_eq!(fixture.object(&users[0]).pending_import.operation, ObjectOperation::Add);
}

#[test]
fn scenario_36_transient_unresolved() {
    let (fixture, users) = with_users(1);
    fixture.directory.put(MemoryEntry::new("u1-new", &users[0], "user", texts(&[("cn", "u1")])));
    let told = fixture.delta_import();
    assert_told(&told, StepStatus::COMPLETED_TRANSIENT_OBJECTS, "stage-add=1");
    assert_eq!(fixture.objects().iter().filter(|object| object.transient).count(), 1);
    fixture.directory.remove(b"u1");
    assert_told(&fixture.full_import(), StepStatus::SUCCESS, "stage-delete=1 stage-no-change=3");
}

#[test]
fn two_objects_swap_their_names() {
    let (fixture, users) = with_users(2);
    let (first, second) = (fixture.object(&users[0]).id, fixture.object(&users[1]).id);
    fixture.directory.rename(b"u1", "CN=between,OU=Staff,DC=contoso,DC=com");
    fixture.directory.rename(b"u2", &users[0]);
    fixture.directory.rename(b"u1", &users[1]);
    assert_told(&fixture.delta_import(), StepStatus::SUCCESS, "stage-rename=2");
    assert_eq!((fixture.object(&users[1]).id, fixture.object(&users[0]).id), (first, second));
    assert!(fixture.objects().iter().all(|object| !object.transient));
}

#[test]
fn scenario_37_type_change() {
    let (fixture, users) = with_users(1);
    fixture.directory.put(MemoryEntry::new("u1", &users[0], "contact", texts(&[("cn", "u1")])));
    assert_told(&fixture.delta_import(), StepStatus::SUCCESS, "stage-delete-add=1");
    let object = fixture.object(&users[0]);
    assert_eq!((object.pending_import.operation, object.imported_type()), (ObjectOperation::DeleteAdd, Some("contact")));
}

#[test]
fn scenario_39_full_import_stopped_half_way() {
    let (fixture, users) = with_users(1);
    let watermark = fixture.partition().watermark;
    fixture.directory.remove(b"u1");
    (0..2_500).for_each(|number| drop(fixture.user(&format!("x{number:05}"))));
    fixture.directory.inject(Fault::StopImport { after: 2_100 });
    let told = fixture.full_import();
    assert_eq!(told.end.status, StepStatus::STOPPED_BY_USER);
    let staged = fixture.objects().iter().filter(|object| object.pending_import.operation == ObjectOperation::Add).count();
    assert!(staged <= 2_100, "{staged}");
    assert!(fixture.object(&users[0]).pending_import.is_none(), "none obsoleted");
    assert_eq!(fixture.partition().watermark, watermark);

    let fixture = fixture.with_new_cancel_token();
    fixture.directory.heal();
    assert_eq!(fixture.full_import().end.status, StepStatus::SUCCESS);
    let count = |operation| fixture.objects().iter().filter(|object| object.pending_import.operation == operation).count();
    assert_eq!((count(ObjectOperation::Add), count(ObjectOperation::Delete)), (2_500, 1));
}

#[test]
fn scenario_40_full_import_with_a_bad_entry() {
    let (fixture, users) = with_users(4);
    for anchor in [b"u1", b"u2", b"u3"] {
        fixture.directory.remove(anchor);
    }
    fixture.directory.inject(Fault::BadEntry(b"u4".to_vec()));
    assert!(fixture.partition().watermark.is_some());
    let told = fixture.full_import();
    assert_told(&told, StepStatus::COMPLETED_DISCOVERY_ERRORS, "stage-failure=1 stage-no-change=2");
    assert_eq!(fixture.partition().watermark, None, "deletions were not evaluated, so changes since then are not enough");
    assert_eq!(fixture.errors(&told)[0].dn, users[3]);
    assert!(users.iter().all(|user| fixture.object(user).pending_import.is_none()));
    fixture.directory.heal();
    assert_told(&fixture.full_import(), StepStatus::SUCCESS, "stage-delete=3 stage-no-change=3");
}

#[test]
fn scenario_40_full_import_that_returns_nothing() {
    let (fixture, users) = with_users(1);
    for anchor in [&b"u1"[..], b"staff", b"domain"] {
        fixture.directory.remove(anchor);
    }
    assert_told(&fixture.full_import(), StepStatus::COMPLETED_NO_OBJECTS, "");
    assert!(fixture.object(&users[0]).pending_import.is_none());
}

#[test]
fn an_entry_that_cannot_be_read_is_a_discovery_error() {
    let (fixture, users) = with_users(1);
    fixture.directory.set(b"u1", "department", vec![EntryValue::Integer(7)]);
    let told = fixture.full_import();
    assert_told(&told, StepStatus::COMPLETED_DISCOVERY_ERRORS, "stage-failure=1 stage-no-change=2");
    let error = &fixture.errors(&told)[0];
    assert_eq!((error.dn.as_str(), &error.error.code), (users[0].as_str(), &ErrorCode::ATTRIBUTE_TYPE_MISMATCH));
    assert_eq!(error.error.detail.attribute.as_deref(), Some("department"));
}

/// Tells one entry more, made from the users that it told.
struct TellsMore<F>(MemoryConnector, F);

impl<F: Fn(Vec<ImportEntry>) -> ImportEntry + Send> Connector for TellsMore<F> {
    fn capabilities(&self) -> Capabilities {
        self.0.capabilities()
    }

    fn schema(&mut self) -> Result<Schema, ConnectorError> {
        self.0.schema()
    }

    fn partitions(&mut self) -> Result<Vec<DirectoryPartition>, ConnectorError> {
        self.0.partitions()
    }

    fn import(
        &mut self,
        request: &ImportRequest,
        sink: &mut dyn FnMut(ImportItem) -> bool,
    ) -> Result<ImportSummary, ConnectorError> {
        let mut users = Vec::new();
        let summary = self.0.import(request, &mut |item| {
            if let ImportItem::Entry(entry) = &item
                && entry.object_type == "user"
            {
                users.push(entry.clone());
            }
            sink(item)
        })?;
        sink(ImportItem::Entry((self.1)(users)));
        Ok(summary)
    }

    fn export(&mut self, changes: &[ExportChange], cancel: &CancelToken) -> Result<Vec<ExportResult>, ConnectorError> {
        self.0.export(changes, cancel)
    }
}

#[test]
fn one_anchor_under_two_names_stops_obsoletion() {
    let (fixture, users) = with_users(1);
    fixture.directory.remove(b"u1");
    fixture.directory.put(MemoryEntry::new("a", "CN=a,OU=Staff,DC=contoso,DC=com", "user", texts(&[])));
    let twin =
        |mut users: Vec<ImportEntry>| ImportEntry { dn: "CN=twin,OU=Staff,DC=contoso,DC=com".to_owned(), ..users.remove(0) };
    let mut directory = TellsMore(fixture.directory.connect(), twin);
    let told = fixture.import_from(StepType::FullImport, &mut directory);
    assert_eq!(told.end.status, StepStatus::COMPLETED_DISCOVERY_ERRORS);
    assert_eq!(fixture.errors(&told)[0].error.code, ErrorCode::DUPLICATE_OBJECT);
    assert!(fixture.object(&users[0]).pending_import.is_none());
}

#[test]
fn failures_of_the_directory_have_their_status() {
    let check = |fault: Fault, status: StepStatus, staged: usize| {
        let fixture = Fixture::forest();
        fixture.user("u1");
        fixture.directory.inject(fault.clone());
        assert_eq!(fixture.full_import().end.status, status, "{fault:?}");
        let objects = fixture.objects().iter().filter(|object| !object.is_placeholder()).count();
        assert_eq!((objects, fixture.partition().watermark), (staged, None), "{fault:?}");
    };
    let breaks = |after, kind| Fault::BreakImport { after, kind };
    check(breaks(0, ConnectorErrorKind::Connection), StepStatus::NO_START_CONNECTION, 0);
    check(breaks(0, ConnectorErrorKind::Credentials), StepStatus::NO_START_CREDENTIALS, 0);
    check(breaks(2, ConnectorErrorKind::Dropped), StepStatus::STOPPED_CONNECTIVITY, 2);
    check(breaks(2, ConnectorErrorKind::Credentials), StepStatus::STOPPED_BAD_CREDENTIALS, 2);
    check(breaks(2, ConnectorErrorKind::Protocol), StepStatus::STOPPED_EXCEPTION, 2);
    check(Fault::Crash, StepStatus::NO_START_MA, 0);
}

#[test]
fn a_delta_import_needs_a_watermark() {
    let fixture = Fixture::forest();
    assert_eq!(fixture.delta_import().end.status, StepStatus::NO_START_FULL_IMPORT_REQUIRED);
    fixture.directory.set_capabilities(|can| can.delta_import = false);
    assert_eq!(fixture.full_import().end.status, StepStatus::SUCCESS);
    assert_eq!(fixture.delta_import().end.status, StepStatus::NO_START_FULL_IMPORT_REQUIRED);
}

#[test]
fn scenario_41_an_imported_object_replaces_an_unexported_one() {
    let fixture = Fixture::tenant();
    let id = fixture.provision("CN={41}", "user", &[("sourceAnchor", "A"), ("department", "IT")]);
    let mv = fixture.object("CN={41}").mv.unwrap();
    fixture.directory.put(MemoryEntry::new("User_1", "CN={41}", "user", texts(&[("sourceAnchor", "A")])));
    assert_told(&fixture.full_import(), StepStatus::SUCCESS, "stage-add=1");
    let object = fixture.object("CN={41}");
    assert_eq!((object.id, object.mv, object.anchor.as_deref()), (id, None, Some(&b"User_1"[..])));
    assert!(object.unapplied.is_none());
    assert_eq!(object.pending_import.operation, ObjectOperation::Add);
    let reader = fixture.environment.database.reader().unwrap();
    assert!(metaverse::load_one(&reader, mv).unwrap().unwrap().provisioning_retry);
}

#[test]
fn an_exported_add_arrives() {
    let fixture = Fixture::tenant();
    fixture.provision("CN={41}", "user", &[("sourceAnchor", "A"), ("department", "IT")]);
    assert_told(&fixture.export(), StepStatus::SUCCESS, "export-add=1");
    let object = fixture.object("CN={41}");
    assert_eq!((object.anchor.as_deref(), object.rebuild), (Some(&b"User_1"[..]), true));
    assert_told(&fixture.full_import(), StepStatus::SUCCESS, "stage-add=1");
    let object = fixture.object("CN={41}");
    assert!(object.unconfirmed.is_none() && object.unapplied.is_none() && !object.rebuild && object.mv.is_some());
    assert_eq!(object.pending_import.operation, ObjectOperation::Add);
    assert_told(&fixture.full_import(), StepStatus::SUCCESS, "stage-no-change=1");
}

#[test]
fn an_exported_object_that_a_full_import_does_not_return_is_sent_again() {
    let fixture = Fixture::tenant();
    fixture.directory.put(MemoryEntry::new("other", "CN={99}", "user", texts(&[])));
    fixture.provision("CN={41}", "user", &[("sourceAnchor", "A")]);
    fixture.export();
    fixture.directory.remove(b"User_1");
    let told = fixture.full_import();
    assert_told(&told, StepStatus::COMPLETED_WARNINGS, "stage-add=1");
    let object = fixture.object("CN={41}");
    assert_eq!((object.unapplied.operation, object.unconfirmed.is_none()), (ObjectOperation::Add, true));
    assert!(object.is_unexported_add());
    assert_told(&fixture.export(), StepStatus::SUCCESS, "export-add=1");
}

#[test]
fn an_exported_delete_is_confirmed() {
    let check = |full: bool| {
        let fixture = Fixture::tenant();
        fixture.directory.put(MemoryEntry::new("User_1", "CN={41}", "user", texts(&[("department", "IT")])));
        fixture.directory.put(MemoryEntry::new("User_2", "CN={42}", "user", texts(&[])));
        fixture.full_import();
        fixture.synchronize(true);
        fixture.stage_delete("CN={41}");
        assert_told(&fixture.export(), StepStatus::SUCCESS, "export-delete=1");
        assert_eq!(fixture.object("CN={41}").unconfirmed.operation, ObjectOperation::Delete);
        let told = if full { fixture.full_import() } else { fixture.delta_import() };
        assert_told(&told, StepStatus::SUCCESS, if full { "stage-delete=1 stage-no-change=1" } else { "stage-delete=1" });
        assert!(fixture.find("CN={41}").is_none());
    };
    check(true);
    check(false);
}

#[test]
fn partial_deltas_leave_the_rest_alone() {
    let fixture = Fixture::tenant();
    fixture.directory.set_delta_content(DeltaContent::Attributes);
    fixture.directory.put(MemoryEntry::new("User_1", "CN={41}", "user", texts(&[("department", "IT"), ("mail", "a@b")])));
    fixture.full_import();
    fixture.synchronize(true);
    fixture.directory.set(b"User_1", "department", Vec::new());
    assert_told(&fixture.delta_import(), StepStatus::SUCCESS, "stage-update=1");
    let view = fixture.object("CN={41}").view(TowerView::Imported);
    assert_eq!(view.first(fixture.attribute("mail")), Some(&Value::text("a@b")));
    assert!(view.get(fixture.attribute("department")).is_empty());
    assert_told(&fixture.full_import(), StepStatus::SUCCESS, "stage-no-change=1");
}

#[test]
fn a_change_of_an_object_that_was_never_imported_needs_the_whole_object() {
    let fixture = Fixture::tenant();
    fixture.directory.put(MemoryEntry::new("User_1", "CN={41}", "user", texts(&[("mail", "a@b")])));
    fixture.full_import();
    let check = |anchor: &str, status: StepStatus, counters: &str| {
        let change = |_| ImportEntry {
            anchor: Anchor(anchor.as_bytes().to_vec()),
            dn: "CN={41}".to_owned(),
            object_type: "user".to_owned(),
            attributes: texts(&[("department", "IT")]),
            changed_references: BTreeMap::new(),
            partial: true,
        };
        let told = fixture.import_from(StepType::DeltaImport, &mut TellsMore(fixture.directory.connect(), change));
        assert_told(&told, status, counters);
        fixture.errors(&told).first().map(|error| error.error.code.clone())
    };
    assert_eq!(check("User_1", StepStatus::SUCCESS, "stage-add=1"), None);
    let refused = check("User_2", StepStatus::COMPLETED_DISCOVERY_ERRORS, "stage-failure=1");
    assert_eq!(refused, Some(ErrorCode::NEED_FULL_OBJECT));
    assert_eq!(fixture.objects().len(), 1);
}

#[test]
fn join_keys_follow_the_import() {
    let mut fixture = Fixture::forest();
    let mail = fixture.attribute("mail");
    fixture.keys = vec![mail];
    let u1 = fixture.user("u1");
    let found = |fixture: &Fixture, value: &str| {
        let reader = fixture.environment.database.reader().unwrap();
        let key = Value::text(value).match_key();
        metaverse::ids_by_key(&reader, fixture.connector.id.0, mail, &[&key]).unwrap().remove(&key).unwrap_or_default()
    };
    fixture.directory.set(b"u1", "mail", text("Ada@x"));
    fixture.full_import();
    let id = fixture.object(&u1).id;
    assert_eq!(found(&fixture, "ada@X").into_iter().map(CsId).collect::<Vec<_>>(), [id]);
    fixture.directory.set(b"u1", "mail", text("king@x"));
    fixture.delta_import();
    assert!(found(&fixture, "ada@x").is_empty());
    assert_eq!(found(&fixture, "king@x").len(), 1);
}

#[test]
fn a_name_that_was_a_placeholder_goes_to_the_object_that_moved_there() {
    let (fixture, users) = with_users(1);
    let new = "CN=u1,OU=Later,DC=contoso,DC=com";
    // The group comes first and names the user as it is now; the user comes two batches later.
    fixture.directory.put(MemoryEntry::new("later", "OU=Later,DC=contoso,DC=com", "organizationalUnit", texts(&[])));
    (0..1_100).for_each(|number| drop(fixture.user(&format!("b{number:05}"))));
    fixture.directory.rename(b"u1", new);
    let group = fixture.group("a-group", &[new]);
    let id = fixture.object(&users[0]).id;
    assert_told(&fixture.full_import(), StepStatus::SUCCESS, "stage-add=1102 stage-no-change=2 stage-rename=1");
    assert_eq!(fixture.object(new).id, id);
    assert_eq!(fixture.targets(&group, "member", ReferenceLayer::ImportDelete), [new]);
    assert!(fixture.find(&users[0]).is_none());
}

#[test]
fn more_than_5000_errors_stop_the_import() {
    let fixture = Fixture::forest();
    for number in 0..5_001 {
        let (anchor, dn) = (format!("x{number:05}"), format!("CN=x{number},DC=contoso,DC=com"));
        fixture.directory.put(MemoryEntry::new(anchor, &dn, "printer", texts(&[])));
    }
    let told = fixture.full_import();
    assert_told(&told, StepStatus::STOPPED_ERROR_LIMIT, "stage-add=2 stage-failure=5001");
    assert!(fixture.partition().watermark.is_none());
}

/// Something that happens in a forest.
#[derive(Clone, Debug)]
enum Event {
    Put(u8),
    Remove(u8),
    Move(u8, u8),
    Department(u8, u8),
    Members(u8, Vec<u8>),
    RenameContainer(u8),
}

fn any_event() -> impl Strategy<Value = Event> {
    let object = 0u8..5;
    prop_oneof![
        object.clone().prop_map(Event::Put),
        object.clone().prop_map(Event::Remove),
        (object.clone(), 0u8..3).prop_map(|(object, place)| Event::Move(object, place)),
        (object.clone(), 0u8..3).prop_map(|(object, value)| Event::Department(object, value)),
        (0u8..2, proptest::collection::vec(object, 0..4)).prop_map(|(group, members)| Event::Members(group, members)),
        (0u8..3).prop_map(Event::RenameContainer),
    ]
}

fn happen(fixture: &Fixture, event: &Event) {
    let anchor = |object: u8| format!("user{object}").into_bytes();
    let entries = fixture.directory.entries();
    let find = |anchor: &[u8]| entries.iter().find(|entry| entry.anchor == anchor);
    let free = |dn: &str| entries.iter().all(|entry| entry.dn != dn);
    let container = |place: u8| find(format!("ou{place}").as_bytes()).map(|entry| entry.dn.clone());
    match event {
        Event::Put(object) => {
            let dn = format!("CN=user{object},{STAFF}");
            if find(&anchor(*object)).is_none() && free(&dn) {
                fixture.directory.put(MemoryEntry::new(anchor(*object), &dn, "user", texts(&[("department", "IT")])));
            }
        }
        Event::Remove(object) => fixture.directory.remove(&anchor(*object)),
        Event::Move(object, place) => {
            let dn = container(*place).map(|container| format!("CN=user{object},{container}"));
            if let Some(dn) = dn.filter(|dn| free(dn)) {
                fixture.directory.rename(&anchor(*object), &dn);
            }
        }
        Event::Department(object, value) => {
            fixture.directory.set(&anchor(*object), "department", text(&format!("d{value}")));
        }
        Event::Members(group, members) => {
            let names = members.iter().filter_map(|member| find(&anchor(*member))).map(|entry| reference(&entry.dn)).collect();
            fixture.directory.set(format!("group{group}").as_bytes(), "member", names);
        }
        Event::RenameContainer(place) => {
            let number = entries.iter().map(|entry| entry.dn.len()).sum::<usize>();
            let anchor = format!("ou{place}").into_bytes();
            fixture.directory.rename(&anchor, &format!("OU=renamed{place}x{number},DC=contoso,DC=com"));
        }
    }
}

/// What is pending, object by object: name, operation, attributes, members.
fn pending(fixture: &Fixture) -> Vec<(String, ObjectOperation, usize, Vec<String>)> {
    let mut told: Vec<_> = fixture
        .objects()
        .iter()
        .filter(|object| !object.is_placeholder() && object.pending_import.operation != ObjectOperation::Delete)
        .map(|object| {
            let members = match object.object_type.as_deref() {
                Some("group") => fixture.targets(&object.dn, "member", ReferenceLayer::ImportDelete),
                _ => Vec::new(),
            };
            (object.dn.clone(), object.pending_import.operation, object.pending_import.changes.len(), members)
        })
        .collect();
    told.sort();
    told
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn any_import_leaves_what_a_further_full_import_would(
        before in proptest::collection::vec(any_event(), 0..8),
        after in proptest::collection::vec(any_event(), 0..12),
        full in any::<bool>(),
    ) {
        let fixture = Fixture::forest();
        for place in 0..3 {
            let dn = format!("OU=ou{place},DC=contoso,DC=com");
            fixture.directory.put(MemoryEntry::new(format!("ou{place}"), &dn, "organizationalUnit", texts(&[])));
        }
        for group in 0..2 {
            fixture.directory.put(MemoryEntry::new(format!("group{group}"), &format!("CN=group{group},{STAFF}"), "group", texts(&[])));
        }
        before.iter().for_each(|event| happen(&fixture, event));
        prop_assert_eq!(fixture.full_import().end.status, StepStatus::SUCCESS);
        fixture.synchronize(true);
        after.iter().for_each(|event| happen(&fixture, event));
        let first = if full { fixture.full_import() } else { fixture.delta_import() };
        prop_assert_eq!(first.end.status, StepStatus::SUCCESS);
        let once = pending(&fixture);
        let told = fixture.full_import();
        prop_assert_eq!(told.end.status, StepStatus::SUCCESS);
        prop_assert!(told.counters.is_empty() || !told.counters.contains(' ') && told.counters.starts_with("stage-no-change"), "{}", told.counters);
        prop_assert_eq!(pending(&fixture), once);
        let mut names: Vec<String> = fixture.directory.entries().into_iter().map(|entry| entry.dn).collect();
        names.sort();
        prop_assert_eq!(pending(&fixture).into_iter().map(|(dn, ..)| dn).collect::<Vec<_>>(), names);
    }
}

/// An object that moved to another partition is told as gone by the one that it left, and it may be the later to tell.
#[test]
fn what_another_partition_holds_is_not_gone() {
    let (fixture, users) = with_users(2);
    let other =
        PartitionRecord { id: PartitionId(0), guid: uuid::Uuid::nil(), name: "DC=other".to_owned(), ..fixture.partition() };
    let other_id = {
        let mut writer = fixture.environment.database.writer();
        let transaction = writer.transaction().unwrap();
        let id = configuration::save_partition(&transaction, &other).unwrap();
        transaction.commit().unwrap();
        id
    };
    let moved = fixture.object(&users[0]).id;
    fixture.change(|transaction| {
        transaction.execute("UPDATE cs_object SET partition = ?1 WHERE id = ?2", (other_id.0, moved.0)).unwrap();
    });
    fixture.directory.remove(b"u1");
    fixture.directory.remove(b"u2");
    assert_told(&fixture.delta_import(), StepStatus::SUCCESS, "stage-delete=1 stage-no-change=1");
    assert!(fixture.object(&users[0]).pending_import.is_none());
    assert_eq!(fixture.object(&users[1]).pending_import.operation, ObjectOperation::Delete);
}
