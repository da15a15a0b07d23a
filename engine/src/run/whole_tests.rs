//! Cycles from a forest to a tenant and back: import, synchronization and export together.

use proptest::prelude::*;

use super::tests::{FOREST, Fixture};
use crate::connector::EntryValue;
use crate::connector::memory::{MemoryDirectory, MemoryEntry, texts};
use crate::model::{ConnectorId, RuleId};
use crate::rules::{Direction, Flow, FlowSource, JoinCondition, LinkType, MergeType, SyncRule};
use crate::step::fixture::reference;
use crate::store::configuration;

const DN: &str = r#"="CN={" & ConvertToUTF8Hex([sourceAnchor]) & "}""#;

fn rule(
    precedence: i64,
    connector: ConnectorId,
    direction: Direction,
    types: (&str, &str),
    link: LinkType,
    flows: &[(&str, &str)],
) -> SyncRule {
    let flow = |(target, source): &(&str, &str)| Flow {
        target: (*target).into(),
        source: match source.strip_prefix('=') {
            Some(expression) => FlowSource::Expression(expression.into()),
            None => FlowSource::Direct((*source).into()),
        },
        apply_once: false,
        merge: MergeType::Update,
    };
    let criterion = JoinCondition {
        connector_attribute: if direction == Direction::Inbound && link == LinkType::Provision { "cn" } else { "sourceAnchor" }
            .into(),
        metaverse_attribute: "sourceAnchor".into(),
        case_sensitive: false,
    };
    SyncRule {
        id: RuleId(0),
        guid: uuid::Uuid::from_u128(u128::try_from(precedence).unwrap()),
        name: format!("rule {precedence}"),
        description: String::new(),
        precedence,
        direction,
        connector,
        connector_object_type: types.0.into(),
        metaverse_object_type: types.1.into(),
        link,
        enabled: true,
        password_sync: false,
        tag: None,
        scope: Vec::new(),
        join: vec![vec![criterion]],
        flows: flows.iter().map(flow).collect(),
    }
}

/// A forest and a tenant, users and groups flowing from one to the other.
fn fixture() -> Fixture {
    use Direction::{Inbound, Outbound};
    use LinkType::{Join, Provision};
    let fixture = Fixture::new();
    let (forest, tenant) = (fixture.forest, fixture.tenant);
    let user = [("displayName", "displayName"), ("department", "department"), ("manager", "manager")];
    let group = [("displayName", "displayName"), ("member", "member")];
    let with = |flows: &[(&'static str, &'static str)], more: &[(&'static str, &'static str)]| [flows, more].concat();
    let (inward, outward) = ([("sourceAnchor", "cn")], [("dn", DN), ("sourceAnchor", "sourceAnchor")]);
    let rules = [
        rule(1, forest, Inbound, ("user", "person"), Provision, &with(&user, &inward)),
        rule(2, forest, Inbound, ("group", "group"), Provision, &with(&group, &inward)),
        rule(3, tenant, Inbound, ("user", "person"), Join, &[("cloudAnchor", "cloudAnchor")]),
        rule(4, tenant, Inbound, ("group", "group"), Join, &[("cloudAnchor", "cloudAnchor")]),
        rule(5, tenant, Outbound, ("user", "person"), Provision, &with(&user, &outward)),
        rule(6, tenant, Outbound, ("group", "group"), Provision, &with(&group, &outward)),
    ];
    let mut writer = fixture.database.writer();
    let transaction = writer.transaction().unwrap();
    for rule in &rules {
        configuration::save_rule(&transaction, rule).unwrap();
    }
    transaction.commit().unwrap();
    drop(writer);
    for name in ["contoso.com", "tenant"] {
        fixture.directory(name).remove(b"1");
    }
    fixture.directory("tenant").set_capabilities(|can| (can.rename, can.deletion_threshold) = (false, true));
    let domain = MemoryEntry::new("0domain", FOREST, "domainDNS", texts(&[]));
    fixture.directory("contoso.com").put(domain);
    fixture.directory("tenant").put(MemoryEntry::new("Cloud", "CN=only in the cloud", "user", texts(&[("displayName", "x")])));
    fixture
}

/// Users and groups as lines `type name: attribute=value ...`, references told by `cn` or source anchor.
fn content(directory: &MemoryDirectory, name_attribute: &str) -> Vec<String> {
    let entries = directory.entries();
    let name = |dn: &str| {
        let entry = entries.iter().find(|entry| entry.dn == dn)?;
        entry.attributes.get(name_attribute).map(|values| format!("{values:?}"))
    };
    let mut lines: Vec<String> = entries
        .iter()
        .filter_map(|entry| {
            let mut line = format!("{} {}:", entry.object_type, name(&entry.dn)?);
            for attribute in ["displayName", "department", "manager", "member"] {
                let Some(values) = entry.attributes.get(attribute) else { continue };
                let told = |value: &EntryValue| match value {
                    EntryValue::Reference(dn) => name(dn).unwrap_or_else(|| "nobody".to_owned()),
                    value => format!("{value:?}"),
                };
                let mut told: Vec<String> = values.iter().map(told).collect();
                told.sort();
                line.push_str(&format!(" {attribute}={told:?}"));
            }
            Some(line)
        })
        .collect();
    lines.sort();
    lines
}

/// Runs cycles until nothing is sent any more, then checks that the tenant equals the forest.
fn settle(fixture: &Fixture) -> Result<(), TestCaseError> {
    for _ in 0..3 {
        let outcome = fixture.cycle(false);
        prop_assert_eq!(&outcome.status, "success", "{:?}", outcome);
    }
    drop(fixture.directory("tenant").take_sent());
    let outcome = fixture.cycle(false);
    prop_assert_eq!(&outcome.status, "success", "{:?}", outcome);
    prop_assert!(fixture.directory("tenant").take_sent().is_empty());
    prop_assert_eq!(content(fixture.directory("tenant"), "sourceAnchor"), content(fixture.directory("contoso.com"), "cn"));
    Ok(())
}

#[derive(Clone, Debug)]
enum Event {
    Put(u8),
    Remove(u8),
    Department(u8, Option<u8>),
    Manager(u8, Option<u8>),
    Members(u8, Vec<u8>),
    Move(u8),
    Cycle,
}

fn any_event() -> impl Strategy<Value = Event> {
    let object = 0u8..5;
    prop_oneof![
        3 => object.clone().prop_map(Event::Put),
        1 => object.clone().prop_map(Event::Remove),
        1 => (object.clone(), proptest::option::of(0u8..3)).prop_map(|(object, value)| Event::Department(object, value)),
        2 => (object.clone(), proptest::option::of(0u8..5)).prop_map(|(object, value)| Event::Manager(object, value)),
        3 => (0u8..2, proptest::collection::vec(object.clone(), 0..4)).prop_map(|(group, members)| Event::Members(group, members)),
        1 => object.prop_map(Event::Move),
        1 => Just(Event::Cycle),
    ]
}

fn happen(fixture: &Fixture, event: &Event, number: usize) {
    let forest = fixture.directory("contoso.com");
    let entries = forest.entries();
    let anchor = |object: u8| format!("user{object}").into_bytes();
    let find = |anchor: &[u8]| entries.iter().find(|entry| entry.anchor == anchor);
    let person = |object: u8| find(&anchor(object)).map(|entry| reference(&entry.dn));
    match event {
        Event::Put(object) if find(&anchor(*object)).is_none() => {
            let name = format!("user{object}");
            let attributes = texts(&[("cn", &name), ("displayName", &name)]);
            forest.put(MemoryEntry::new(anchor(*object), &format!("CN={name},{FOREST}"), "user", attributes));
        }
        Event::Put(_) => {}
        Event::Remove(object) => forest.remove(&anchor(*object)),
        Event::Department(object, value) => {
            let values = value.iter().map(|value| EntryValue::Text(format!("d{value}"))).collect();
            forest.set(&anchor(*object), "department", values);
        }
        Event::Manager(object, manager) => {
            forest.set(&anchor(*object), "manager", manager.and_then(person).into_iter().collect());
        }
        Event::Members(group, members) => {
            let anchor = format!("group{group}");
            let mut values: Vec<EntryValue> = members.iter().filter_map(|member| person(*member)).collect();
            values.sort();
            values.dedup();
            if find(anchor.as_bytes()).is_some() {
                forest.set(anchor.as_bytes(), "member", values);
            } else {
                let mut attributes = texts(&[("cn", &anchor)]);
                if !values.is_empty() {
                    attributes.insert("member".to_owned(), values);
                }
                forest.put(MemoryEntry::new(anchor.clone(), &format!("CN={anchor},{FOREST}"), "group", attributes));
            }
        }
        Event::Move(object) => forest.rename(&anchor(*object), &format!("CN=moved{number},{FOREST}")),
        Event::Cycle => drop(fixture.cycle(false)),
    }
}

#[test]
fn scenarios_1_2_and_4_in_cycles() {
    let fixture = fixture();
    let check = |events: &[Event]| {
        for event in events {
            happen(&fixture, event, 0);
        }
        settle(&fixture).unwrap();
    };
    check(&[Event::Put(1), Event::Put(2), Event::Manager(1, Some(2)), Event::Manager(2, Some(1)), Event::Members(0, vec![1, 2])]);
    assert_eq!(content(fixture.directory("tenant"), "sourceAnchor").len(), 3);
    check(&[Event::Department(1, Some(1)), Event::Members(0, vec![2])]);
    check(&[Event::Move(2)]);
    check(&[Event::Remove(1)]);
    assert_eq!(content(fixture.directory("tenant"), "sourceAnchor").len(), 2);
    assert!(fixture.directory("tenant").entry("CN=only in the cloud").is_some());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_the_tenant_becomes_equal_to_the_forest(events in proptest::collection::vec(any_event(), 0..20)) {
        let fixture = fixture();
        for (number, event) in events.iter().enumerate() {
            happen(&fixture, event, number);
        }
        settle(&fixture)?;
    }
}
