//! Laws of synchronization (`design.md` 3) as properties of random histories.

use std::collections::BTreeMap;

use super::world::{A, B, T, World, fixture_rules};
use crate::model::{ConnectorId, RunId};
use crate::rules::{ScopeClause, ScopeOperator, SyncRule};
use crate::step::Recorder;
use crate::store::connector_space::{self, LoadOptions, TowerView};
use crate::store::metaverse;
use crate::sync::{SyncOptions, run_step};

/// One thing that happens in a forest.
#[derive(Clone, Debug)]
enum Happening {
    Stage { forest: bool, user: u8, mail: u8, department: u8, manager: Option<u8>, filtered: bool },
    Group { members: Vec<u8> },
    Delete { forest: bool, user: u8 },
    Sync(u8),
    Export,
}

fn happenings() -> impl proptest::strategy::Strategy<Value = Vec<Happening>> {
    use proptest::prelude::*;
    let happening = prop_oneof![
        5 => (any::<bool>(), 0u8..4, 0u8..4, 0u8..3, proptest::option::of(0u8..4), any::<u8>()).prop_map(
            |(forest, user, mail, department, manager, filtered)| Happening::Stage {
                forest, user, mail, department, manager, filtered: filtered % 5 == 0,
            }
        ),
        1 => proptest::collection::vec(0u8..4, 0..4).prop_map(|members| Happening::Group { members }),
        1 => (any::<bool>(), 0u8..4).prop_map(|(forest, user)| Happening::Delete { forest, user }),
        3 => (0u8..3).prop_map(Happening::Sync),
        1 => Just(Happening::Export),
    ];
    proptest::collection::vec(happening, 1..14)
}

impl World {
    fn happens(&self, happening: &Happening) {
        let name = |user: &u8| format!("CN=u{user},DC=contoso,DC=com");
        match happening {
            Happening::Stage { forest, user, mail, department, manager, filtered } => {
                let connector = if *forest { A } else { B };
                let guid = format!("{}{user}112233-4455-6677-8899-aabbccddeeff", connector.0);
                let mail = format!("m{mail}@contoso.com");
                let department = format!("D{department}");
                let manager = manager.as_ref().map(name);
                let mut values = vec![("objectGUID", guid.as_str()), ("mail", &mail), ("displayName", "someone")];
                if department != "D0" {
                    values.push(("department", &department));
                }
                if *filtered {
                    values.push(("adminDescription", "User_out"));
                }
                values.extend(manager.as_deref().map(|manager| ("manager", manager)));
                self.stage(connector, &name(user), "user", &values);
            }
            Happening::Group { members } => {
                let members = members.iter().map(name).collect::<Vec<_>>().join("|");
                let mut values = vec![("objectGUID", "90112233-4455-6677-8899-aabbccddeeff"), ("displayName", "g")];
                if !members.is_empty() {
                    values.push(("member", &members));
                }
                self.stage(A, "CN=g,DC=contoso,DC=com", "group", &values);
            }
            Happening::Delete { forest, user } => {
                let connector = if *forest { A } else { B };
                if let Some(object) = self.cs(connector, &name(user)).filter(|object| object.object_type.is_some()) {
                    self.stage_delete(object.id);
                }
            }
            Happening::Sync(which) => {
                self.quietly([A, B, T].into_iter().nth(usize::from(*which)).unwrap(), false);
            }
            Happening::Export => self.export_and_confirm(),
        }
    }

    pub(super) fn quietly(&self, connector: ConnectorId, full: bool) -> BTreeMap<String, u64> {
        let mut recorder = Recorder::new(RunId(1), 1, Box::new(|_| {}));
        self.run_row();
        run_step(&self.environment, connector, SyncOptions { full, ..SyncOptions::default() }, &mut recorder);
        recorder.counters().clone()
    }

    /// Everything that synchronization decides, comparable between databases: links, metaverse values,
    /// staged exports.
    fn outcome(&self) -> Vec<String> {
        let reader = self.environment.database.reader().unwrap();
        let mut lines = Vec::new();
        for connector in [A, B, T] {
            for id in connector_space::to_visit(&reader, connector, connector_space::Visit::Full).unwrap() {
                let object = connector_space::load(&reader, &[id], &LoadOptions::default()).unwrap().pop().unwrap();
                lines.push(format!(
                    "{connector} {} linked={} staged={:?} expected={:?}",
                    object.dn,
                    object.mv.is_some(),
                    object.unapplied.operation,
                    object.view(TowerView::Expected)
                ));
            }
        }
        for object in metaverse::load(&reader, &metaverse::all_ids(&reader).unwrap()).unwrap() {
            lines.push(format!("mv {:?}", object.image));
        }
        lines
    }
}

/// The rules of the fixture, or some that ask for the members of the group: of A, of the tenant's rules, of both.
fn asking_for_members(which: u8) -> Vec<SyncRule> {
    let mut rules = fixture_rules();
    for rule in &mut rules {
        let operator = match rule.precedence {
            10 | 12 if which & 1 != 0 => ScopeOperator::IsNotMemberOf,
            60 if which & 2 != 0 => ScopeOperator::IsMemberOf,
            _ => continue,
        };
        let value = "CN=g,DC=contoso,DC=com".to_owned();
        rule.scope.iter_mut().for_each(|group| {
            group.push(ScopeClause { attribute: "dn".to_owned(), operator, value: value.clone() });
        });
    }
    rules
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 40, ..proptest::prelude::ProptestConfig::default() })]

    /// Laws of `design.md` 3: delta leaves what full would leave, and a second run changes nothing.
    #[test]
    fn delta_leaves_what_full_would_and_a_second_run_changes_nothing(events in happenings(), asking in 0u8..4) {
        let world = World::new(&asking_for_members(asking));
        for event in &events {
            world.happens(event);
        }
        for _ in 0..4 {
            for connector in [A, B, T] {
                world.quietly(connector, false);
            }
        }
        let after_delta = world.outcome();
        for connector in [A, B, T, A, B, T] {
            world.quietly(connector, true);
        }
        let after_full = world.outcome();
        proptest::prop_assert_eq!(&after_delta, &after_full, "{:?}", events);
        for connector in [A, B, T] {
            let counters = world.quietly(connector, true);
            for changing in ["connector-flow", "disconnector-projected-flow", "disconnector-joined-flow", "3:connector-flow", "3:provisioned-add-flow"] {
                proptest::prop_assert_eq!(counters.get(changing), None, "{:?} {:?}", counters, events);
            }
        }
    }
}
