//! Deltas that tell of references only the values that came and went.

use std::collections::BTreeSet;

use super::*;
use crate::connector::ReferenceChanges;

/// A forest whose deltas tell single values, with a group of these users in it.
fn with_group(count: usize) -> (Fixture, Vec<String>, String) {
    let (fixture, users) = with_users(count);
    fixture.directory.set_delta_content(DeltaContent::Values);
    let group = fixture.group("a-group", &users.iter().map(String::as_str).collect::<Vec<_>>());
    fixture.delta_import();
    fixture.synchronize(true);
    (fixture, users, group)
}

fn set_members(fixture: &Fixture, members: &[String]) {
    fixture.directory.set(b"a-group", "member", members.iter().map(|dn| reference(dn)).collect());
}

fn rows(fixture: &Fixture, dn: &str, layer: ReferenceLayer) -> Vec<CsId> {
    let object = fixture.object(dn);
    object.references.iter().filter(|row| row.layer == layer).map(|row| row.target).collect()
}

#[test]
fn one_member_comes_and_one_goes() {
    let (fixture, users, group) = with_group(5);
    let new = fixture.user("new");
    set_members(&fixture, &[&users[1..], std::slice::from_ref(&new)].concat());
    assert_told(&fixture.delta_import(), StepStatus::SUCCESS, "stage-add=1 stage-update=1");
    assert_eq!(rows(&fixture, &group, ReferenceLayer::ImportAdd), [fixture.object(&new).id]);
    assert_eq!(rows(&fixture, &group, ReferenceLayer::ImportDelete), [fixture.object(&users[0]).id]);
    // And back, before anything was synchronized.
    set_members(&fixture, &users);
    assert_told(&fixture.delta_import(), StepStatus::SUCCESS, "stage-no-change=1");
    assert!(fixture.object(&group).pending_import.is_none());
    assert_eq!(fixture.object(&group).references.len(), 5);
    assert_told(&fixture.full_import(), StepStatus::SUCCESS, "stage-no-change=9");
}

#[test]
fn a_change_is_staged_beside_what_was_pending() {
    let (fixture, users, group) = with_group(4);
    set_members(&fixture, &users[1..]);
    fixture.delta_import();
    fixture.directory.set(b"a-group", "displayName", text("Group A"));
    set_members(&fixture, &users[2..]);
    assert_told(&fixture.delta_import(), StepStatus::SUCCESS, "stage-update=1");
    let gone: Vec<CsId> = users[..2].iter().map(|dn| fixture.object(dn).id).collect();
    assert_eq!(rows(&fixture, &group, ReferenceLayer::ImportDelete), gone);
    fixture.synchronize(true);
    assert_eq!(fixture.targets(&group, "member", ReferenceLayer::Hologram), users[2..]);
    assert_told(&fixture.full_import(), StepStatus::SUCCESS, "stage-no-change=7");
}

#[test]
fn with_an_object_go_the_references_to_it() {
    let check = |content: DeltaContent| {
        let (fixture, users, group) = with_group(3);
        fixture.directory.set_delta_content(content);
        fixture.directory.set_capabilities(|can| can.drops_references = true);
        fixture.directory.remove(b"u1");
        assert_told(&fixture.delta_import(), StepStatus::SUCCESS, "stage-delete=1 stage-update=1");
        assert_eq!(fixture.targets(&group, "member", ReferenceLayer::ImportDelete), users[1..]);
        fixture.synchronize(true);
        assert!(fixture.find(&users[0]).is_none_or(|object| object.is_placeholder()));
        // Who comes next under the name is no member.
        fixture.user("u1");
        assert_told(&fixture.delta_import(), StepStatus::SUCCESS, "stage-add=1");
        assert_eq!(fixture.targets(&group, "member", ReferenceLayer::ImportDelete), users[1..]);
    };
    check(DeltaContent::Objects);
    check(DeltaContent::Values);
}

#[test]
fn exported_members_are_confirmed_by_values() {
    use ReferenceLayer::{UnappliedAdd, UnappliedDelete, UnconfirmedAdd, UnconfirmedDelete};
    // What becomes of the exported values in the directory -> status, waiting, staged again.
    let check = |after: &dyn Fn(&Fixture, &[String]), status: StepStatus, waiting: usize, staged: usize| {
        let (fixture, users, group) = with_group(4);
        set_members(&fixture, &users[..3]);
        fixture.delta_import();
        fixture.synchronize(true);
        fixture.stage_reference(&group, "member", &users[3], UnappliedAdd);
        fixture.stage_reference(&group, "member", &users[0], UnappliedDelete);
        assert_told(&fixture.export(), StepStatus::SUCCESS, "export-update=1");
        after(&fixture, &users);
        assert_eq!(fixture.delta_import().end.status, status);
        let count = |layers: [ReferenceLayer; 2]| layers.map(|layer| rows(&fixture, &group, layer).len()).iter().sum::<usize>();
        assert_eq!(count([UnconfirmedAdd, UnconfirmedDelete]), waiting);
        assert_eq!(count([UnappliedAdd, UnappliedDelete]), staged);
        let object = fixture.object(&group);
        assert_eq!((object.unconfirmed.is_none(), object.unapplied.is_none()), (waiting == 0, staged == 0));
    };
    check(&|_, _| {}, StepStatus::SUCCESS, 0, 0);
    check(&|fixture, users| set_members(fixture, &users[1..2]), StepStatus::COMPLETED_WARNINGS, 0, 1);
    check(&|fixture, users| set_members(fixture, &users[..3]), StepStatus::COMPLETED_WARNINGS, 0, 2);
}

#[test]
fn what_does_not_fit_is_read_whole() {
    let check = |change: &dyn Fn(&Fixture, &[String]), expected: &dyn Fn(&Fixture, &[String]) -> Vec<String>| {
        let (fixture, users, group) = with_group(3);
        change(&fixture, &users);
        assert_eq!(fixture.delta_import().end.status, StepStatus::SUCCESS);
        let mut members = fixture.targets(&group, "member", ReferenceLayer::ImportDelete);
        members.sort();
        assert_eq!(members, expected(&fixture, &users));
        assert!(fixture.full_import().counters.starts_with("stage-no-change="), "{:?}", fixture.objects());
    };
    // A member is deleted, and another object is created under its name.
    let deleted = |fixture: &Fixture, users: &[String]| {
        fixture.directory.remove(b"u1");
        fixture.directory.put(MemoryEntry::new("second", &users[0], "user", texts(&[("cn", "u1")])));
    };
    check(&deleted, &|_, users| users[1..].to_vec());
    let and_added = |fixture: &Fixture, users: &[String]| {
        deleted(fixture, users);
        set_members(fixture, users);
    };
    check(&and_added, &|_, users| users.to_vec());
    // A member goes and is renamed, and the other way round.
    let moved = "CN=moved,OU=Staff,DC=contoso,DC=com";
    let removed_and_renamed = |fixture: &Fixture, users: &[String]| {
        set_members(fixture, &users[1..]);
        fixture.directory.rename(b"u1", moved);
    };
    check(&removed_and_renamed, &|_, users| users[1..].to_vec());
    let renamed_and_removed = |fixture: &Fixture, users: &[String]| {
        fixture.directory.rename(b"u1", moved);
        set_members(fixture, &users[1..]);
    };
    check(&renamed_and_removed, &|_, users| users[1..].to_vec());
    // Come and gone between two imports.
    let passing = |fixture: &Fixture, users: &[String]| {
        let new = fixture.user("new");
        set_members(fixture, &[users, &[new]].concat());
        set_members(fixture, users);
    };
    check(&passing, &|_, users| users.to_vec());
}

/// Tells a change of a group's members, and cannot be asked for the group.
fn tells(added: &[&str], removed: &[&str]) -> impl Fn(Vec<ImportEntry>) -> ImportEntry + Send + use<> {
    let names = |list: &[&str]| list.iter().map(|dn| (*dn).to_owned()).collect::<Vec<_>>();
    let changes = ReferenceChanges { added: names(added), removed: names(removed) };
    move |_| ImportEntry {
        anchor: Anchor(b"a-group".to_vec()),
        dn: format!("CN=a-group,{STAFF}"),
        object_type: "group".to_owned(),
        attributes: texts(&[("displayName", "told")]),
        changed_references: [("member".to_owned(), changes.clone())].into(),
        partial: true,
    }
}

#[test]
fn what_does_not_fit_and_cannot_be_read_is_a_discovery_error() {
    let check = |added: &[&str], removed: &[&str], expected: Option<&str>| {
        let (fixture, _, group) = with_group(2);
        let mut directory = TellsMore(fixture.directory.connect(), tells(added, removed));
        let told = fixture.import_from(StepType::DeltaImport, &mut directory);
        let errors = fixture.errors(&told);
        assert_eq!(errors.first().map(|error| error.error.code.clone()), expected.map(|_| ErrorCode::NEED_FULL_OBJECT));
        if let (Some(part), Some(error)) = (expected, errors.first()) {
            assert!(error.error.message.contains(part) && error.dn == group, "{error:?}");
        }
        // What fits is staged all the same.
        assert_eq!(fixture.object(&group).pending_import.changes.len(), 1);
    };
    let (u1, u2, nobody) = ("CN=u1,OU=Staff,DC=contoso,DC=com", "CN=u2,OU=Staff,DC=contoso,DC=com", "CN=nobody,DC=com");
    check(&[], &[u1], None);
    check(&[u1, nobody], &[u2], None);
    check(&[], &[nobody], Some("\"member\""));
    check(&[], &[STAFF], Some("\"member\""));
    check(&[u1], &[u1], Some("\"member\""));
}

#[test]
fn an_attribute_of_one_value_has_the_one_that_came() {
    let (fixture, users, _) = with_group(3);
    let manager = |names: &[&String]| fixture.directory.set(b"u1", "manager", names.iter().map(|dn| reference(dn)).collect());
    let check = |names: &[&String]| {
        manager(names);
        assert_eq!(fixture.delta_import().end.status, StepStatus::SUCCESS);
        let expected: Vec<String> = names.iter().map(|dn| (*dn).clone()).collect();
        assert_eq!(fixture.targets(&users[0], "manager", ReferenceLayer::ImportDelete), expected);
    };
    check(&[&users[1]]);
    fixture.synchronize(true);
    check(&[&users[2]]);
    check(&[]);
}

/// Something that happens to a forest or to its connector space.
#[derive(Clone, Debug)]
enum Happening {
    Put(u8),
    Remove(u8),
    /// A user is deleted, and another one gets its name.
    Recreate(u8),
    Move(u8, u8),
    Members(u8, Vec<u8>),
    Import,
    Synchronize,
    /// A member of a group is exported: true for one that comes.
    Export(u8, u8, bool),
}

fn any_happening() -> impl Strategy<Value = Happening> {
    let object = 0u8..5;
    prop_oneof![
        2 => object.clone().prop_map(Happening::Put),
        1 => object.clone().prop_map(Happening::Remove),
        1 => object.clone().prop_map(Happening::Recreate),
        2 => (object.clone(), 0u8..3).prop_map(|(object, place)| Happening::Move(object, place)),
        4 => (0u8..2, proptest::collection::vec(object.clone(), 0..4)).prop_map(|(group, members)| Happening::Members(group, members)),
        2 => Just(Happening::Import),
        2 => Just(Happening::Synchronize),
        3 => (0u8..2, object, any::<bool>()).prop_map(|(group, object, comes)| Happening::Export(group, object, comes)),
    ]
}

/// A forest in which things happen; deltas tell whole objects or single values.
struct World {
    fixture: Fixture,
    lives: u32,
}

impl World {
    fn new(values: bool) -> Self {
        let fixture = Fixture::forest();
        for place in 0..3 {
            let dn = format!("OU=ou{place},DC=contoso,DC=com");
            fixture.directory.put(MemoryEntry::new(format!("ou{place}"), &dn, "organizationalUnit", texts(&[])));
        }
        for group in 0..2 {
            let dn = format!("CN=group{group},{STAFF}");
            fixture.directory.put(MemoryEntry::new(format!("group{group}"), &dn, "group", texts(&[])));
        }
        fixture.full_import();
        fixture.synchronize(true);
        if values {
            fixture.directory.set_delta_content(DeltaContent::Values);
            // Nor does it tell of the groups of which a member was deleted.
            fixture.directory.set_capabilities(|can| can.drops_references = true);
        }
        Self { fixture, lives: 0 }
    }

    fn user(&self, object: u8) -> Option<MemoryEntry> {
        let rdn = format!("CN=user{object},");
        self.fixture.directory.entries().into_iter().find(|entry| entry.dn.starts_with(&rdn))
    }

    fn put(&mut self, object: u8, dn: &str) {
        self.lives += 1;
        let anchor = format!("user{object}-{}", self.lives);
        self.fixture.directory.put(MemoryEntry::new(anchor, dn, "user", texts(&[("department", "IT")])));
    }

    fn import(&self) {
        let status = self.fixture.delta_import().end.status;
        assert!([StepStatus::SUCCESS, StepStatus::COMPLETED_WARNINGS].contains(&status), "{status:?}");
    }

    fn happen(&mut self, happening: &Happening) {
        let directory = self.fixture.directory.clone();
        match happening {
            Happening::Put(object) => {
                if self.user(*object).is_none() {
                    self.put(*object, &format!("CN=user{object},{STAFF}"));
                }
            }
            Happening::Remove(object) => self.user(*object).iter().for_each(|user| directory.remove(&user.anchor)),
            Happening::Recreate(object) => {
                if let Some(user) = self.user(*object) {
                    directory.remove(&user.anchor);
                    self.put(*object, &user.dn);
                }
            }
            Happening::Move(object, place) => {
                if let Some(user) = self.user(*object) {
                    directory.rename(&user.anchor, &format!("CN=user{object},OU=ou{place},DC=contoso,DC=com"));
                }
            }
            Happening::Members(group, members) => {
                let users = members.iter().filter_map(|member| self.user(*member)).map(|user| user.dn);
                let names: BTreeSet<String> = users.collect();
                let anchor = format!("group{group}").into_bytes();
                directory.set(&anchor, "member", names.iter().map(|dn| reference(dn)).collect());
            }
            Happening::Import => self.import(),
            Happening::Synchronize => self.fixture.synchronize(true),
            Happening::Export(group, object, comes) => self.export(*group, *object, *comes),
        }
    }

    fn export(&self, group: u8, object: u8, comes: bool) {
        self.import();
        let Some(user) = self.user(object) else { return };
        let group = format!("CN=group{group},{STAFF}");
        let target = self.fixture.object(&user.dn).id;
        let member = self.fixture.attribute("member");
        let held = |top| self.fixture.object(&group).reference_targets(top).remove(&member).unwrap_or_default().contains(&target);
        if held(ReferenceLayer::UnappliedDelete) != comes && held(ReferenceLayer::EscrowedDelete) != comes {
            let layer = if comes { ReferenceLayer::UnappliedAdd } else { ReferenceLayer::UnappliedDelete };
            self.fixture.stage_reference(&group, "member", &user.dn, layer);
            self.fixture.export();
        }
    }

    /// Everything that the connector space holds, by name.
    fn told(&self) -> Vec<String> {
        let objects = self.fixture.objects();
        let name =
            |id: CsId| objects.iter().find(|object| object.id == id).map(|object| (object.dn.clone(), object.anchor.clone()));
        let mut told: Vec<String> = objects
            .iter()
            .map(|object| {
                let mut references: Vec<_> = object.references.iter().map(|row| (row.layer, name(row.target))).collect();
                references.sort();
                let layers = [&object.pending_import, &object.unconfirmed, &object.escrowed, &object.unapplied];
                let operations = layers.map(|delta| (delta.operation, delta.changes.clone(), delta.dn.clone()));
                format!("{:?} {} {:?} {operations:?} {references:?}", object.anchor, object.dn, object.transient)
            })
            .collect();
        told.sort();
        told
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn values_leave_what_whole_objects_leave(happenings in proptest::collection::vec(any_happening(), 0..24)) {
        let (mut whole, mut values) = (World::new(false), World::new(true));
        for happening in &happenings {
            whole.happen(happening);
            values.happen(happening);
        }
        whole.import();
        values.import();
        prop_assert_eq!(values.told(), whole.told());
    }
}
