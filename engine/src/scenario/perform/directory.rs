//! Putting, changing and spoiling the content of directories.

use std::collections::BTreeMap;

use xxhash_rust::xxh3::xxh3_128;

use super::End;
use crate::connector::EntryValue;
use crate::connector::memory::{Fault, MemoryDirectory, MemoryEntry};
use crate::scenario::check;
use crate::scenario::difference::Difference;
use crate::scenario::model::{Change, DirectoryKind, FaultSpec, FileValue, ObjectSpec, Subject, ValueChange};
use crate::scenario::world::{PutEntry, ScenarioError, Sight, World};

/// The anchor of an object that the file puts into a directory: what makes it the same for ever.
fn anchor(kind: DirectoryKind, object: &mut ObjectSpec, has: impl Fn(&str) -> bool) -> Vec<u8> {
    let attribute = match kind {
        DirectoryKind::Forest => "objectGUID",
        DirectoryKind::Tenant => "cloudAnchor",
    };
    if let Some([FileValue::Plain(value)]) = object.attributes.get(attribute).map(Vec::as_slice) {
        return match value {
            EntryValue::Binary(bytes) => bytes.clone(),
            EntryValue::Text(text) => text.clone().into_bytes(),
            EntryValue::Integer(_) | EntryValue::Boolean(_) | EntryValue::Reference(_) => object.name.clone().into_bytes(),
        };
    }
    let (anchor, value) = match kind {
        DirectoryKind::Forest => {
            let bytes = xxh3_128(format!("{} {}", object.connector, object.name).as_bytes()).to_be_bytes().to_vec();
            (bytes.clone(), EntryValue::Binary(bytes))
        }
        DirectoryKind::Tenant => {
            let text = format!("Own_{}", object.name);
            (text.clone().into_bytes(), EntryValue::Text(text))
        }
    };
    if has(attribute) {
        object.attributes.insert(attribute.to_owned(), vec![FileValue::Plain(value)]);
    }
    anchor
}

pub(super) fn put(world: &mut World, objects: &[ObjectSpec]) -> End {
    // Objects of one statement may refer to each other, so all have their names before any is written.
    let mut ready = Vec::with_capacity(objects.len());
    for object in objects {
        let mut object = object.clone();
        let Some(site) = world.sites.get(&object.connector) else { continue };
        let object_type = object.object_type.clone();
        let anchor = anchor(site.kind, &mut object, |name| site.schema.attribute_of(&object_type, name).is_some());
        let put = PutEntry { connector: object.connector.clone(), anchor: anchor.clone(), dn: object.dn.clone() };
        world.put.insert(object.name.clone(), put);
        ready.push((anchor, object));
    }
    for (anchor, object) in ready {
        let mut attributes = BTreeMap::new();
        for (name, values) in &object.attributes {
            match entry_values(world, values)? {
                Ok(values) => {
                    attributes.insert(name.clone(), values);
                }
                Err(difference) => return Ok(Some(difference.attribute(name))),
            }
        }
        if let Some(site) = world.sites.get(&object.connector) {
            site.directory.put(MemoryEntry::new(anchor, &object.dn, &object.object_type, attributes));
        }
    }
    Ok(None)
}

/// Values as a directory holds them: references are names.
fn entry_values(world: &World, values: &[FileValue]) -> Result<Result<Vec<EntryValue>, Difference>, ScenarioError> {
    let mut sight = None;
    let mut entries = Vec::with_capacity(values.len());
    for value in values {
        match value {
            FileValue::Plain(value) => entries.push(value.clone()),
            FileValue::Reference(Subject::Named { dn, .. }) => entries.push(EntryValue::Reference(dn.clone())),
            FileValue::Reference(Subject::Object { name, .. }) => match world.entry_put(name) {
                Some(entry) => entries.push(EntryValue::Reference(entry.dn)),
                // It is put by the same statement, or it is gone: its last name stands for it.
                None => entries.extend(world.put.get(name).map(|put| EntryValue::Reference(put.dn.clone()))),
            },
            FileValue::Reference(subject) => {
                if sight.is_none() {
                    sight = Some(Sight::new(world, None)?);
                }
                let dn = match &sight {
                    Some(sight) => sight.dn(subject)?,
                    None => None,
                };
                match dn {
                    Some(dn) => entries.push(EntryValue::Reference(dn)),
                    None => return Ok(Err(Difference::of("reference", "an object to refer to", "none").object(subject))),
                }
            }
        }
    }
    Ok(Ok(entries))
}

/// Does something with an object of a directory; that there is none is a difference.
pub(super) fn on_entry(world: &World, subject: &Subject, work: impl FnOnce(&MemoryDirectory, &MemoryEntry)) -> End {
    let Some(entry) = world.entry(subject)? else {
        return Ok(Some(Difference::of("directory", "an object that can be changed", "none").object(subject)));
    };
    if let Some(site) = subject.connector().and_then(|connector| world.sites.get(connector)) {
        work(&site.directory, &entry);
    }
    Ok(None)
}

pub(super) fn change(world: &mut World, subjects: &[Subject], changes: &[ValueChange]) -> End {
    for subject in subjects {
        for change in changes {
            let Some(entry) = world.entry(subject)? else {
                return Ok(Some(Difference::of("directory", "an object that can be changed", "none").object(subject)));
            };
            let values = match change_values(world, &entry, change)? {
                Ok(values) => values,
                Err(difference) => return Ok(Some(difference.attribute(&change.attribute))),
            };
            if let Some(site) = subject.connector().and_then(|connector| world.sites.get(connector)) {
                site.directory.set(&entry.anchor, &change.attribute, values);
            }
        }
    }
    Ok(None)
}

fn change_values(
    world: &World,
    entry: &MemoryEntry,
    change: &ValueChange,
) -> Result<Result<Vec<EntryValue>, Difference>, ScenarioError> {
    match &change.change {
        Change::Set(values) => entry_values(world, values),
        Change::Values { adds, deletes } => {
            let (adds, deletes) = match (entry_values(world, adds)?, entry_values(world, deletes)?) {
                (Ok(adds), Ok(deletes)) => (adds, deletes),
                (Err(difference), _) | (_, Err(difference)) => return Ok(Err(difference)),
            };
            let mut values = entry.attributes.get(&change.attribute).cloned().unwrap_or_default();
            if let Some(missing) = deletes.iter().find(|value| !values.contains(value)) {
                let missing = format!("a value {}", check::entry_text(missing));
                return Ok(Err(Difference::of("directory", missing, "none")));
            }
            values.retain(|value| !deletes.contains(value));
            values.extend(adds.into_iter().filter(|value| !values.contains(value)).collect::<Vec<_>>());
            Ok(Ok(values))
        }
    }
}

pub(super) fn inject(world: &mut World, connector: &str, fault: &FaultSpec) -> End {
    let faults = match fault {
        FaultSpec::Ready(faults) => faults.clone(),
        FaultSpec::Unreadable(subject) => match Sight::new(world, None)?.entry(subject)? {
            Some(entry) => vec![Fault::BadEntry(entry.anchor)],
            None => return Ok(Some(Difference::of("directory", "an object that can become unreadable", "none").object(subject))),
        },
        FaultSpec::Refuse { subject, code } => match Sight::new(world, None)?.dn(subject)? {
            Some(dn) => vec![Fault::Refuse { dn, code: code.clone() }],
            None => {
                return Ok(Some(Difference::of("directory", "an object whose changes can be refused", "none").object(subject)));
            }
        },
    };
    if let Some(site) = world.sites.get(connector) {
        faults.into_iter().for_each(|fault| site.directory.inject(fault));
    }
    Ok(None)
}
