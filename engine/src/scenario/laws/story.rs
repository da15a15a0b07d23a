//! What can happen, drawn at random. Numbers stand for whatever is there when it happens, so that a story stays one
//! when parts of it are left out.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::rules::RULES;
use crate::connector::memory::DeltaContent;

/// Which kinds of events a law is tried with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kinds {
    /// Programs that die and runs that are stopped.
    pub interruptions: bool,
}

impl Kinds {
    pub(super) const ALL: Self = Self { interruptions: true };
}

/// A story in two parts.
#[derive(Clone, Debug)]
pub(super) struct Story {
    /// The rules that are there, by their place in the fixture.
    pub rules: Vec<bool>,
    /// How much delta imports of A and T tell of what changed.
    pub delta_content: DeltaContent,
    /// Who is there at the beginning.
    pub first: Vec<Event>,
    /// Everything was imported, synchronized and exported before the story begins.
    pub settled: bool,
    pub before: Vec<Event>,
    pub after: Vec<Event>,
    /// Connectors that are imported at the end, by their place.
    pub imported: [bool; 3],
    /// Full synchronizations, where a law is about one kind.
    pub full: bool,
}

/// What an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    User,
    Contact,
    Group,
}

/// An attribute and its new value.
#[derive(Clone, Debug)]
pub(super) enum Value {
    DisplayName(Option<u8>),
    Department(Option<u8>),
    Mail(Option<u8>),
    /// Filtered out of the scope of most rules.
    OutOfScope(bool),
    /// Not to be in the cloud.
    NoSync(bool),
    ProxyAddresses(Vec<u8>),
    Manager(Option<u8>),
    Members(Vec<u8>),
    Member {
        add: bool,
        who: u8,
    },
}

/// One thing that happens.
#[derive(Clone, Debug)]
pub(super) enum Event {
    Put {
        b: bool,
        kind: Kind,
        mail: u8,
        values: Vec<Value>,
    },
    /// An object of the tenant that was there before, perhaps the one of somebody.
    Cloud {
        of: Option<u8>,
        mail: u8,
    },
    Change {
        whom: u8,
        value: Value,
    },
    CloudDelete {
        whom: u8,
    },
    Move {
        whom: u8,
        unit: bool,
    },
    RenameUnit {
        b: bool,
    },
    Delete {
        whom: u8,
        unnoticed: bool,
    },
    /// It goes, and another one comes under its name.
    Replace {
        whom: u8,
    },
    Retype {
        whom: u8,
    },
    Import {
        connector: u8,
        full: bool,
    },
    Synchronize {
        connector: u8,
        full: bool,
    },
    Export,
    Cycle,
    StoppedImport {
        connector: u8,
        after: u8,
    },
    StoppedExport {
        after: u8,
    },
    KilledSynchronization {
        connector: u8,
        full: bool,
        after: u8,
    },
    KilledExport {
        after: u8,
    },
    LostAnswer {
        batch: u8,
    },
    /// The tenant writes another department than it was told.
    AlteredExport,
    Restart,
    /// An administrator joins somebody to the identity of somebody else, perhaps after taking them apart.
    Join {
        whom: u8,
        to: u8,
        apart: bool,
    },
    /// An administrator takes somebody from their identity, or what the tenant has of them.
    Disconnect {
        whom: u8,
        in_tenant: bool,
        for_good: bool,
    },
    Rule(usize),
}

impl Event {
    /// It happens in a directory, not in the engine.
    pub(super) fn is_in_directory(&self) -> bool {
        matches!(
            self,
            Self::Put { .. }
                | Self::Cloud { .. }
                | Self::Change { .. }
                | Self::CloudDelete { .. }
                | Self::Move { .. }
                | Self::RenameUnit { .. }
                | Self::Delete { .. }
                | Self::Replace { .. }
                | Self::Retype { .. }
        )
    }

    /// It decides which objects are joined to each other.
    pub(super) fn is_about_identity(&self) -> bool {
        match self {
            Self::Put { .. }
            | Self::Cloud { .. }
            | Self::CloudDelete { .. }
            | Self::Delete { .. }
            | Self::Replace { .. }
            | Self::Retype { .. } => true,
            Self::Change { value, .. } => matches!(value, Value::Mail(_) | Value::OutOfScope(_)),
            _ => false,
        }
    }
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        2 => option::of(0u8..3).prop_map(Value::DisplayName),
        4 => option::of(0u8..3).prop_map(Value::Department),
        3 => option::weighted(0.8, 0u8..4).prop_map(Value::Mail),
        2 => any::<bool>().prop_map(Value::OutOfScope),
        2 => any::<bool>().prop_map(Value::NoSync),
        2 => vec(0u8..4, 0..3).prop_map(Value::ProxyAddresses),
        4 => option::weighted(0.8, any::<u8>()).prop_map(Value::Manager),
        3 => vec(any::<u8>(), 0..4).prop_map(Value::Members),
        3 => (any::<bool>(), any::<u8>()).prop_map(|(add, who)| Value::Member { add, who }),
    ]
}

fn put() -> impl Strategy<Value = Event> {
    let kind = prop_oneof![4 => Just(Kind::User), 1 => Just(Kind::Contact), 2 => Just(Kind::Group)];
    (any::<bool>(), kind, 0u8..5, vec(value(), 0..4)).prop_map(|(b, kind, mail, values)| Event::Put { b, kind, mail, values })
}

fn event(kinds: Kinds) -> impl Strategy<Value = Event> {
    let whom = any::<u8>();
    let stops = u32::from(kinds.interruptions);
    prop_oneof![
        8 => put(),
        2 => (option::weighted(0.7, any::<u8>()), 0u8..5).prop_map(|(of, mail)| Event::Cloud { of, mail }),
        14 => (whom, value()).prop_map(|(whom, value)| Event::Change { whom, value }),
        1 => whom.prop_map(|whom| Event::CloudDelete { whom }),
        3 => (whom, any::<bool>()).prop_map(|(whom, unit)| Event::Move { whom, unit }),
        1 => any::<bool>().prop_map(|b| Event::RenameUnit { b }),
        4 => (whom, proptest::bool::weighted(0.2)).prop_map(|(whom, unnoticed)| Event::Delete { whom, unnoticed }),
        2 => whom.prop_map(|whom| Event::Replace { whom }),
        1 => whom.prop_map(|whom| Event::Retype { whom }),
        8 => (0u8..3, any::<bool>()).prop_map(|(connector, full)| Event::Import { connector, full }),
        6 => (0u8..3, any::<bool>()).prop_map(|(connector, full)| Event::Synchronize { connector, full }),
        2 => Just(Event::Export),
        4 => Just(Event::Cycle),
        stops => (0u8..3, 0u8..4).prop_map(|(connector, after)| Event::StoppedImport { connector, after }),
        stops => (1u8..3).prop_map(|after| Event::StoppedExport { after }),
        stops => (0u8..3, any::<bool>(), 0u8..4)
            .prop_map(|(connector, full, after)| Event::KilledSynchronization { connector, full, after }),
        stops => (1u8..4).prop_map(|after| Event::KilledExport { after }),
        stops => (1u8..3).prop_map(|batch| Event::LostAnswer { batch }),
        1 => Just(Event::AlteredExport),
        stops => Just(Event::Restart),
        6 => (whom, any::<u8>(), proptest::bool::weighted(0.8)).prop_map(|(whom, to, apart)| Event::Join { whom, to, apart }),
        3 => (whom, proptest::bool::weighted(0.3), any::<bool>())
            .prop_map(|(whom, in_tenant, for_good)| Event::Disconnect { whom, in_tenant, for_good }),
        4 => any::<usize>().prop_map(Event::Rule),
    ]
}

pub(super) fn stories(kinds: Kinds) -> impl Strategy<Value = Story> {
    let rules = vec(proptest::bool::weighted(0.97), RULES);
    let events = (vec(put(), 0..12), vec(event(kinds), 0..20), vec(event(kinds), 0..12));
    let imported = proptest::array::uniform3(proptest::bool::weighted(0.8));
    (rules, any::<bool>(), any::<bool>(), events, imported, any::<bool>()).prop_map(
        |(rules, partial_deltas, settled, (first, before, after), imported, full)| Story {
            rules,
            delta_content: match (partial_deltas, before.len() % 2) {
                (false, _) => DeltaContent::Objects,
                (true, 0) => DeltaContent::Attributes,
                (true, _) => DeltaContent::Values,
            },
            first,
            settled,
            before,
            after,
            imported,
            full,
        },
    )
}
