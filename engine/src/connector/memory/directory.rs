//! The content of a directory in memory and its journal of changes.

use std::collections::{BTreeMap, BTreeSet};

use crate::connector::{
    Anchor, EntryAttributes, EntryValue, ExportAttributeChange, ExportChange, ExportOperation, ExportOutcome, ExportValue,
    ImportEntry, ImportItem, ReferenceChanges, ReferenceTarget,
};
use crate::model::{ErrorCode, ObjectError, Schema, fold_text};

/// The attribute by which an object is found again when it is created a second time, as in the tenant.
const HARD_MATCH: &str = "sourceAnchor";
/// The attribute in which the directory tells the anchor it gave.
const TOLD_ANCHOR: &str = "cloudAnchor";

/// An object of a directory in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemoryEntry {
    /// Identity.
    pub anchor: Vec<u8>,
    /// Name.
    pub dn: String,
    /// Type.
    pub object_type: String,
    /// Attributes.
    pub attributes: EntryAttributes,
}

impl MemoryEntry {
    /// An object.
    #[must_use]
    pub fn new(anchor: impl Into<Vec<u8>>, dn: &str, object_type: &str, attributes: EntryAttributes) -> Self {
        Self { anchor: anchor.into(), dn: dn.to_owned(), object_type: object_type.to_owned(), attributes }
    }

    pub(super) fn to_import(&self) -> ImportEntry {
        ImportEntry {
            anchor: Anchor(self.anchor.clone()),
            dn: self.dn.clone(),
            object_type: self.object_type.clone(),
            attributes: self.attributes.clone(),
            changed_references: BTreeMap::new(),
            partial: false,
        }
    }
}

/// How much a delta tells of a changed object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DeltaContent {
    /// The whole object.
    #[default]
    Objects,
    /// The attributes that changed.
    Attributes,
    /// The attributes that changed, and of references only the values that came and went.
    Values,
}

/// What a reference points at: an object, whatever its name becomes, or a name that no object has.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Target {
    Object(Vec<u8>),
    Name(String),
}

/// A reference that came or went.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Turn {
    came: bool,
    /// Name of the target at that time.
    dn: String,
}

/// What changed of an attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Note {
    /// Anything.
    Whole,
    /// These references.
    References(BTreeMap<Target, Turn>),
}

impl Note {
    /// This and a later one.
    fn then(self, later: &Self) -> Self {
        match (self, later) {
            (Self::References(mut turns), Self::References(more)) => {
                turns.extend(more.clone());
                Self::References(turns)
            }
            _ => Self::Whole,
        }
    }
}

/// The names of references; `None` when something else is among the values.
fn names(values: &[EntryValue]) -> Option<BTreeSet<&str>> {
    values.iter().map(|value| if let EntryValue::Reference(dn) = value { Some(dn.as_str()) } else { None }).collect()
}

/// The attributes of an object that changed; `None` means the whole object.
type Notes = Option<BTreeMap<String, Note>>;

/// One line of the journal.
#[derive(Clone, Debug)]
struct Change {
    anchor: Vec<u8>,
    notes: Notes,
    /// The last name of an object that went.
    gone: Option<String>,
}

/// What a delta tells of one object.
struct Latest<'a> {
    /// Place of its last change in the journal.
    number: usize,
    notes: Notes,
    /// The last name of an object that went.
    gone: Option<&'a str>,
}

/// The name under which an object is looked up, and the values by which it is found again.
type Keys = (String, Option<Vec<EntryValue>>);

#[derive(Clone, Debug, Default)]
pub(super) struct Directory {
    entries: BTreeMap<Vec<u8>, MemoryEntry>,
    /// Anchors by name without regard to case; a name may be in use twice for a while.
    names: BTreeMap<String, BTreeSet<Vec<u8>>>,
    /// Anchors by the values of [`HARD_MATCH`].
    matches: BTreeMap<Vec<EntryValue>, BTreeSet<Vec<u8>>>,
    journal: Vec<Change>,
    given: BTreeMap<String, u64>,
}

impl Directory {
    pub(super) fn entries(&self) -> impl Iterator<Item = &MemoryEntry> {
        self.entries.values()
    }

    pub(super) fn by_anchor(&self, anchor: &[u8]) -> Option<&MemoryEntry> {
        self.entries.get(anchor)
    }

    pub(super) fn by_name(&self, dn: &str) -> Option<&MemoryEntry> {
        self.entries.get(self.names.get(&fold_text(dn))?.first()?)
    }

    /// Stores an object and the keys under which it is found.
    fn store(&mut self, entry: MemoryEntry) {
        self.take(&entry.anchor.clone());
        let (name, matched) = keys(&entry);
        self.names.entry(name).or_default().insert(entry.anchor.clone());
        if let Some(matched) = matched {
            self.matches.entry(matched).or_default().insert(entry.anchor.clone());
        }
        self.entries.insert(entry.anchor.clone(), entry);
    }

    /// Takes an object out, with its keys.
    fn take(&mut self, anchor: &[u8]) -> Option<MemoryEntry> {
        let entry = self.entries.remove(anchor)?;
        let (name, matched) = keys(&entry);
        forget(&mut self.names, &name, anchor);
        if let Some(matched) = matched {
            forget(&mut self.matches, &matched, anchor);
        }
        Some(entry)
    }

    /// Changes an object; false when it is not there.
    fn change(&mut self, anchor: &[u8], change: impl FnOnce(&mut MemoryEntry)) -> bool {
        let Some(mut entry) = self.take(anchor) else { return false };
        change(&mut entry);
        self.store(entry);
        true
    }

    /// The number of the last change.
    pub(super) fn now(&self) -> u64 {
        self.journal.len() as u64
    }

    fn note(&mut self, anchor: &[u8], notes: Notes, gone: Option<String>) {
        self.journal.push(Change { anchor: anchor.to_vec(), notes, gone });
    }

    pub(super) fn put(&mut self, entry: MemoryEntry) {
        self.note(&entry.anchor, None, None);
        self.store(entry);
    }

    /// Removes an object; no delta will tell of it.
    pub(super) fn lose(&mut self, anchor: &[u8]) {
        self.take(anchor);
    }

    /// Removes an object, and the references to it; no delta tells of the latter if that is silent.
    pub(super) fn remove(&mut self, anchor: &[u8], silent: bool) {
        let Some(entry) = self.take(anchor) else { return };
        self.note(anchor, None, Some(entry.dn.clone()));
        if silent {
            return self.retarget(&entry.dn, None);
        }
        let lost = EntryValue::Reference(entry.dn.clone());
        let referrers: Vec<(Vec<u8>, String)> = self
            .entries
            .values()
            .flat_map(|entry| {
                let referring = entry.attributes.iter().filter(|(_, values)| values.contains(&lost));
                referring.map(|(name, _)| (entry.anchor.clone(), name.clone()))
            })
            .collect();
        for (anchor, attribute) in referrers {
            let turn = Turn { came: false, dn: entry.dn.clone() };
            let note = Note::References([(Target::Object(entry.anchor.clone()), turn)].into());
            self.note(&anchor, Some([(attribute, note)].into()), None);
        }
        self.retarget(&entry.dn, None);
    }

    pub(super) fn rename(&mut self, anchor: &[u8], dn: &str) {
        let Some(old) = self.entries.get(anchor).map(|entry| entry.dn.clone()) else { return };
        self.change(anchor, |entry| dn.clone_into(&mut entry.dn));
        self.note(anchor, None, None);
        self.retarget(&old, Some(dn));
        let suffix = format!(",{old}");
        let below: Vec<(Vec<u8>, String)> = self
            .entries
            .values()
            .filter_map(|entry| Some((entry.anchor.clone(), entry.dn.strip_suffix(&suffix)?.to_owned())))
            .collect();
        for (anchor, head) in below {
            let (old, new) = (format!("{head},{old}"), format!("{head},{dn}"));
            self.change(&anchor, |entry| entry.dn.clone_from(&new));
            self.retarget(&old, Some(&new));
        }
    }

    /// Lets references follow a name, or removes them with it.
    fn retarget(&mut self, old: &str, new: Option<&str>) {
        for entry in self.entries.values_mut() {
            for values in entry.attributes.values_mut() {
                for value in values.iter_mut() {
                    if let (EntryValue::Reference(dn), Some(new)) = (value, new)
                        && dn == old
                    {
                        new.clone_into(dn);
                    }
                }
                values.retain(|value| new.is_some() || *value != EntryValue::Reference(old.to_owned()));
            }
            entry.attributes.retain(|_, values| !values.is_empty());
        }
    }

    pub(super) fn set(&mut self, anchor: &[u8], attribute: &str, values: Vec<EntryValue>) {
        let Some(entry) = self.entries.get(anchor) else { return };
        let note = self.between(entry.attributes.get(attribute).map_or(&[], Vec::as_slice), &values);
        self.change(anchor, |entry| put(&mut entry.attributes, attribute, values));
        self.note(anchor, Some([(attribute.to_owned(), note)].into()), None);
    }

    /// Gives an object another type under the same anchor.
    pub(super) fn retype(&mut self, anchor: &[u8], object_type: &str) {
        if self.change(anchor, |entry| object_type.clone_into(&mut entry.object_type)) {
            self.note(anchor, None, None);
        }
    }

    /// What changed after a change, each object once, in the order of their last changes.
    pub(super) fn changes_since(&self, since: u64, content: DeltaContent) -> Vec<ImportItem> {
        let since = usize::try_from(since).unwrap_or(usize::MAX);
        let mut latest: BTreeMap<&[u8], Latest<'_>> = BTreeMap::new();
        for (number, change) in self.journal.iter().enumerate().skip(since) {
            let told = latest.entry(&change.anchor).or_insert(Latest { number, notes: Some(BTreeMap::new()), gone: None });
            told.number = number;
            told.gone = change.gone.as_deref();
            told.notes = match (told.notes.take(), &change.notes) {
                (Some(mut known), Some(more)) => {
                    for (name, note) in more {
                        let joined = known.remove(name).map_or_else(|| note.clone(), |earlier| earlier.then(note));
                        known.insert(name.clone(), joined);
                    }
                    Some(known)
                }
                (None, _) | (_, None) => None,
            };
        }
        let mut ordered: Vec<_> = latest.into_iter().collect();
        ordered.sort_by_key(|(_, latest)| latest.number);
        ordered
            .into_iter()
            .filter_map(|(anchor, Latest { notes, gone, .. })| {
                if let Some(dn) = gone {
                    return Some(ImportItem::Deleted { anchor: Anchor(anchor.to_vec()), dn: Some(dn.to_owned()) });
                }
                let entry = self.entries.get(anchor)?;
                Some(ImportItem::Entry(match notes.filter(|_| content != DeltaContent::Objects) {
                    Some(notes) => self.changed(entry, notes, content),
                    None => entry.to_import(),
                }))
            })
            .collect()
    }

    /// What leads from one set of values to another.
    fn between(&self, before: &[EntryValue], after: &[EntryValue]) -> Note {
        let (Some(before), Some(after)) = (names(before), names(after)) else { return Note::Whole };
        let turn = |came: bool| {
            move |dn: &&str| {
                let object = self.by_name(dn).filter(|entry| entry.dn == **dn);
                let target = object.map_or_else(|| Target::Name((*dn).to_owned()), |entry| Target::Object(entry.anchor.clone()));
                (target, Turn { came, dn: (*dn).to_owned() })
            }
        };
        Note::References(after.difference(&before).map(turn(true)).chain(before.difference(&after).map(turn(false))).collect())
    }

    /// What changed of an object, as a delta tells it: references by the names that their targets have now.
    fn changed(&self, entry: &MemoryEntry, notes: BTreeMap<String, Note>, content: DeltaContent) -> ImportEntry {
        let (mut attributes, mut changed_references) = (EntryAttributes::new(), BTreeMap::new());
        for (name, note) in notes {
            match note {
                Note::References(turns) if content == DeltaContent::Values => {
                    let mut changes = ReferenceChanges::default();
                    for (target, Turn { came, dn }) in turns {
                        let now = match &target {
                            Target::Object(anchor) => match self.entries.get(anchor) {
                                Some(entry) => Some(entry.dn.clone()),
                                // Gone since, with all references to it.
                                None if came => continue,
                                None => None,
                            },
                            Target::Name(_) => None,
                        };
                        let list = if came { &mut changes.added } else { &mut changes.removed };
                        list.push(now.unwrap_or(dn));
                    }
                    changed_references.insert(name, changes);
                }
                Note::References(_) | Note::Whole => {
                    let values = entry.attributes.get(&name).cloned().unwrap_or_default();
                    attributes.insert(name, values);
                }
            }
        }
        ImportEntry {
            anchor: Anchor(entry.anchor.clone()),
            dn: entry.dn.clone(),
            object_type: entry.object_type.clone(),
            attributes,
            changed_references,
            partial: true,
        }
    }

    /// Carries out one change.
    pub(super) fn carry_out(&mut self, change: &ExportChange, schema: &Schema, silent: bool) -> ExportOutcome {
        let known = self.find(change);
        match (&change.operation, known) {
            (ExportOperation::Delete, Some(anchor)) => {
                self.remove(&anchor, silent);
                success(None, Vec::new())
            }
            (ExportOperation::Delete, None) => success(None, Vec::new()),
            (ExportOperation::Add, Some(anchor)) if self.hard_matches(&anchor, change) => self.write(&anchor, change, true),
            (ExportOperation::Add, Some(_)) => refused(ErrorCode::CD_EXISTING_OBJECT, &change.dn),
            (ExportOperation::Add, None) => self.create(change, schema),
            (ExportOperation::DeleteAdd, known) => {
                if let Some(anchor) = known {
                    self.remove(&anchor, silent);
                }
                self.create(change, schema)
            }
            (ExportOperation::Update { .. }, None) => refused(ErrorCode::CD_MISSING_OBJECT, &change.dn),
            (ExportOperation::Update { new_dn }, Some(anchor)) => {
                if let Some(dn) = new_dn {
                    self.rename(&anchor, dn);
                }
                self.write(&anchor, change, false)
            }
        }
    }

    fn find(&self, change: &ExportChange) -> Option<Vec<u8>> {
        if let Some(anchor) = &change.anchor {
            return self.entries.contains_key(&anchor.0).then(|| anchor.0.clone());
        }
        let named = self.names.get(&fold_text(&change.dn));
        let matched = change.identity.get(HARD_MATCH).and_then(|wanted| self.matches.get(wanted));
        named.into_iter().chain(matched).flatten().next().cloned()
    }

    fn hard_matches(&self, anchor: &[u8], change: &ExportChange) -> bool {
        let wanted = change.identity.get(HARD_MATCH);
        wanted.is_some() && self.entries.get(anchor).is_some_and(|entry| entry.attributes.get(HARD_MATCH) == wanted)
    }

    /// Makes an object with an anchor such as `User_1`.
    fn create(&mut self, change: &ExportChange, schema: &Schema) -> ExportOutcome {
        let number = self.given.entry(fold_text(&change.object_type)).or_default();
        *number += 1;
        let mut letters = change.object_type.chars();
        let initial = letters.next().map(|letter| letter.to_ascii_uppercase());
        let anchor: String = initial.into_iter().chain(letters).chain(format!("_{number}").chars()).collect();
        let mut entry = MemoryEntry::new(anchor.clone(), &change.dn, &change.object_type, EntryAttributes::new());
        if schema.attribute(TOLD_ANCHOR).is_some() {
            entry.attributes.insert(TOLD_ANCHOR.to_owned(), vec![EntryValue::Text(anchor.clone())]);
        }
        self.store(entry);
        self.write(anchor.as_bytes(), change, true)
    }

    /// Writes the attributes of a change; deltas will tell them, or the whole object.
    fn write(&mut self, anchor: &[u8], change: &ExportChange, whole: bool) -> ExportOutcome {
        let Some(mut entry) = self.take(anchor) else { return refused(ErrorCode::CD_MISSING_OBJECT, &change.dn) };
        let own = fold_text(&entry.dn);
        let (mut unresolved, mut notes) = (Vec::new(), BTreeMap::new());
        let mut values = |name: &str, values: &[ExportValue]| -> Vec<EntryValue> {
            let mut known = Vec::new();
            for value in values {
                match value {
                    ExportValue::Plain(value) => known.push(value.clone()),
                    ExportValue::Reference(ReferenceTarget { dn, .. })
                        if fold_text(dn) == own || self.names.contains_key(&fold_text(dn)) =>
                    {
                        known.push(EntryValue::Reference(dn.clone()));
                    }
                    ExportValue::Reference(_) => unresolved.push(name.to_owned()),
                }
            }
            known
        };
        for (name, staged) in &change.attributes {
            let after = match staged {
                ExportAttributeChange::Replace(replaced) => values(name, replaced),
                ExportAttributeChange::Delete => Vec::new(),
                ExportAttributeChange::Values { adds, deletes } => {
                    let (adds, deletes) = (values(name, adds), values(name, deletes));
                    let mut after = entry.attributes.get(name).cloned().unwrap_or_default();
                    after.retain(|value| !deletes.contains(value));
                    for value in adds {
                        if !after.contains(&value) {
                            after.push(value);
                        }
                    }
                    after
                }
            };
            let before = entry.attributes.get(name).map_or(&[][..], Vec::as_slice);
            notes.insert(name.clone(), self.between(before, &after));
            put(&mut entry.attributes, name, after);
        }
        self.store(entry);
        self.note(anchor, Some(notes).filter(|_| !whole), None);
        unresolved.dedup();
        success(Some(Anchor(anchor.to_vec())), unresolved)
    }
}

fn keys(entry: &MemoryEntry) -> Keys {
    (fold_text(&entry.dn), entry.attributes.get(HARD_MATCH).cloned())
}

fn forget<K: Ord>(index: &mut BTreeMap<K, BTreeSet<Vec<u8>>>, key: &K, anchor: &[u8]) {
    let Some(anchors) = index.get_mut(key) else { return };
    anchors.remove(anchor);
    if anchors.is_empty() {
        index.remove(key);
    }
}

/// Sets an attribute; no values remove it.
fn put(attributes: &mut EntryAttributes, name: &str, values: Vec<EntryValue>) {
    if values.is_empty() {
        attributes.remove(name);
    } else {
        attributes.insert(name.to_owned(), values);
    }
}

fn success(anchor: Option<Anchor>, unresolved: Vec<String>) -> ExportOutcome {
    ExportOutcome::Success { anchor, unresolved, warnings: Vec::new() }
}

fn refused(code: ErrorCode, dn: &str) -> ExportOutcome {
    let message = format!("{dn}: {code}");
    ExportOutcome::Refused(ObjectError::new(code, message))
}
