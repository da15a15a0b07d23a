//! Stage: writes what a batch of arrivals changes, in one transaction (`engine.md` 3.2-3.13).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rayon::prelude::*;
use rusqlite::Transaction;

use super::arrival::{Arrived, Read, SharedReader, Unreadable};
use super::change;
use super::compare::{Brought, ChangedTargets, Compared, Incoming, compare};
use super::layers::{ReferenceSets, both, minus, union};
use super::names::{Loaded, Space, duplicate, join_keys};
use super::prepare::{ChangedNames, PreparedEntry, selected_attributes, write_only_attributes};
use super::seen::SeenObjects;
use crate::connector::{Anchor, ContainerFilter};
use crate::model::{
    AlgorithmStep, AttributeId, AttributeTable, CsId, DN_ATTRIBUTE, Delta, Dn, ErrorCode, Image, ObjectError, ObjectOperation,
    sorted_set::sorted_set,
};
use crate::step::{Recorder, StepEnvironment};
use crate::store::configuration::{ConnectorRecord, PartitionRecord};
use crate::store::connector_space::{self, CsObject, StoredError, TowerView};
use crate::store::references::{self, ReferenceLayer};
use crate::store::staging::{self, Head};
use crate::store::{StoreError, attributes, metaverse};

/// Reference values of postponed objects kept in memory at most.
const POSTPONED_LIMIT: usize = 500_000;

/// What an import has come across so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Findings {
    /// Objects that arrived.
    pub entries: u64,
    /// Entries that could not be read.
    pub discovery_errors: u64,
    /// Exported changes came back different.
    pub not_reimported: bool,
}

/// Stages the arrivals of one import step.
pub(super) struct Stager<'a> {
    environment: &'a StepEnvironment,
    connector: &'a ConnectorRecord,
    partition: &'a PartitionRecord,
    pub keys: &'a [AttributeId],
    full: bool,
    /// Of objects that are gone, references to them are gone too ([`crate::connector::Capabilities::drops_references`]).
    drops_references: bool,
    containers: ContainerFilter,
    pub reader: Arc<SharedReader<'a>>,
    table: AttributeTable,
    selected: Option<BTreeSet<AttributeId>>,
    write_only: BTreeSet<AttributeId>,
    pub seen: SeenObjects,
    /// Objects that refer to names nobody has yet; they wait for the end, when renames are known.
    postponed: BTreeMap<Vec<u8>, PreparedEntry>,
    postponed_values: usize,
    /// Objects whose change cannot be staged without all of the object, with the reason.
    pub unfitting: BTreeMap<Anchor, Unfitting>,
    /// Why objects lost their names in this step.
    pub transients: BTreeMap<CsId, &'static str>,
    pub findings: Findings,
}

/// A change that does not fit what the connector space knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unfitting {
    /// Name of the object.
    pub dn: String,
    /// Why.
    pub reason: String,
}

/// An entry whose object has its place.
struct Content {
    id: CsId,
    /// The other name that it had.
    renamed: Option<String>,
    entry: PreparedEntry,
    /// It has waited and waits no longer.
    waited: bool,
}

/// One arrival that changes something.
enum Work {
    Entry(PreparedEntry),
    /// One that is not read any more; true when it is nowhere else either.
    Deleted {
        anchor: Vec<u8>,
        dn: Option<String>,
        gone: bool,
    },
}

impl<'a> Stager<'a> {
    pub(super) fn new(
        environment: &'a StepEnvironment,
        connector: &'a ConnectorRecord,
        partition: &'a PartitionRecord,
        keys: &'a [AttributeId],
        full: bool,
        drops_references: bool,
    ) -> Result<Self, StoreError> {
        let table = attributes::load(&*environment.database.reader()?)?;
        let names = |list: &[String]| list.iter().filter_map(|name| Dn::parse(name).ok()).collect::<Vec<_>>();
        Ok(Self {
            environment,
            connector,
            partition,
            keys,
            full,
            drops_references,
            containers: ContainerFilter::new(&names(&partition.include), &names(&partition.exclude)),
            reader: Arc::new(SharedReader::new(&connector.schema)),
            selected: selected_attributes(&connector.attributes, &table),
            write_only: write_only_attributes(&connector.schema, &table),
            table,
            seen: SeenObjects::default(),
            postponed: BTreeMap::new(),
            postponed_values: 0,
            unfitting: BTreeMap::new(),
            transients: BTreeMap::new(),
            findings: Findings::default(),
        })
    }

    /// Stages a batch in one transaction, and what `more` has for it.
    pub(super) fn stage(
        &mut self,
        batch: Vec<Arrived>,
        more: &mut dyn FnMut() -> Option<Vec<Arrived>>,
        recorder: &mut Recorder,
    ) -> Result<(), StoreError> {
        let mut writer = self.environment.database.writer();
        let transaction = writer.transaction()?;
        let (mut arrived, mut last) = (0, String::new());
        let mut next = Some(batch);
        while let Some(batch) = next {
            arrived += batch.len() as u64;
            if let Some(item) = batch.last() {
                item.name().clone_into(&mut last);
            }
            let work = self.sift(&transaction, batch, recorder)?;
            self.stage_work(&transaction, work, false, recorder)?;
            next = more();
        }
        recorder.flush(&transaction)?;
        transaction.commit().map_err(StoreError::sqlite("committing an import batch"))?;
        drop(writer);
        recorder.advance(arrived, &last);
        Ok(())
    }

    /// Stages the objects that waited for the end.
    pub(super) fn stage_postponed(&mut self, recorder: &mut Recorder) -> Result<(), StoreError> {
        const CHUNK: usize = 1_000;
        let mut waiting = std::mem::take(&mut self.postponed).into_values();
        self.postponed_values = 0;
        loop {
            let work: Vec<Work> = waiting.by_ref().take(CHUNK).map(Work::Entry).collect();
            if work.is_empty() {
                return Ok(());
            }
            let mut writer = self.environment.database.writer();
            let transaction = writer.transaction()?;
            self.stage_work(&transaction, work, true, recorder)?;
            recorder.flush(&transaction)?;
            transaction.commit().map_err(StoreError::sqlite("committing an import batch"))?;
        }
    }

    /// Sorts out what changes nothing and what cannot be read.
    fn sift(
        &mut self,
        transaction: &Transaction<'_>,
        batch: Vec<Arrived>,
        recorder: &mut Recorder,
    ) -> Result<Vec<Work>, StoreError> {
        let anchors = batch.iter().filter_map(Arrived::present_anchor);
        let heads = staging::heads_by_anchor(transaction, self.connector.id, self.partition.id, anchors)?;
        let mut busy: BTreeSet<Vec<u8>> = BTreeSet::new();
        let arrived = batch.len();
        let mut changed = Vec::new();
        for arrived in batch {
            if let Some(anchor) = arrived.entry_anchor() {
                self.findings.entries += 1;
                let head = heads.get(anchor).filter(|_| !busy.contains(anchor));
                if let Some(head) = head.filter(|head| unchanged(head, arrived.hash)) {
                    self.forget(anchor);
                    if self.seen.insert(head.id) {
                        recorder.add("stage-no-change", 1);
                    }
                    continue;
                }
                busy.insert(anchor.to_vec());
            }
            changed.push(arrived);
        }
        self.reader.note(arrived, changed.len());
        self.learn_names(transaction, &changed)?;
        let read = self.read(changed);
        let mut work = Vec::with_capacity(read.len());
        for read in read {
            match read {
                Read::Entry(prepared) => work.push(Work::Entry(prepared)),
                Read::Deleted { anchor, dn } => work.push(Work::Deleted { anchor: anchor.0, dn, gone: true }),
                Read::Filtered(anchor) => {
                    let known = anchor.filter(|anchor| heads.contains_key(&anchor.0));
                    recorder.add(if known.is_some() { "filtered-deletions" } else { "filtered-objects" }, 1);
                    // A full import deletes what it has not seen.
                    if let Some(anchor) = known.filter(|_| !self.full) {
                        work.push(Work::Deleted { anchor: anchor.0, dn: None, gone: false });
                    }
                }
                Read::Unreadable(Unreadable { dn, anchor, error }) => {
                    // It is there, however it looks: it must not pass for deleted.
                    if let Some(head) = anchor.and_then(|anchor| heads.get(&anchor.0)) {
                        self.seen.insert(head.id);
                    }
                    self.discovery_error(&dn, *error, recorder);
                }
            }
        }
        Ok(work)
    }

    /// Looks at the values of what changes something: on all cores, unless that was done early.
    fn read(&self, changed: Vec<Arrived>) -> Vec<Read> {
        let reader = &*self.reader.get();
        if changed.iter().any(|arrived| arrived.unread().is_some()) {
            changed.into_par_iter().map(|arrived| arrived.read(reader)).collect()
        } else {
            changed.into_iter().map(|arrived| arrived.read(reader)).collect()
        }
    }

    /// Interns attribute names that are new to the database.
    fn learn_names(&mut self, transaction: &Transaction<'_>, changed: &[Arrived]) -> Result<(), StoreError> {
        let names = self.reader.get().unknown_names(changed.iter().filter_map(Arrived::unread));
        if names.is_empty() {
            return Ok(());
        }
        // Another run may have added names since: numbers are given out only inside a transaction.
        self.table = attributes::load(transaction)?;
        let known = self.table.len();
        self.reader.learn(names, &mut self.table);
        self.selected = selected_attributes(&self.connector.attributes, &self.table);
        self.write_only = write_only_attributes(&self.connector.schema, &self.table);
        if self.table.len() > known { attributes::save(transaction, &self.table) } else { Ok(()) }
    }

    pub(super) fn discovery_error(&mut self, dn: &str, error: ObjectError, recorder: &mut Recorder) {
        self.findings.discovery_errors += 1;
        recorder.add("stage-failure", 1);
        recorder.discovery_error(dn, error, self.environment.clock.now());
    }

    fn take_postponed(&mut self, anchor: &[u8]) -> Option<PreparedEntry> {
        let entry = self.postponed.remove(anchor)?;
        self.postponed_values -= entry.reference_count();
        Some(entry)
    }

    /// Another entry says all that there is to say of an object.
    fn forget(&mut self, anchor: &[u8]) {
        self.take_postponed(anchor);
        if !self.unfitting.is_empty() {
            self.unfitting.remove(&Anchor(anchor.to_vec()));
        }
    }

    /// Stages arrivals that change something: first all names, then all content, because references are
    /// resolved by name.
    fn stage_work(
        &mut self,
        transaction: &Transaction<'_>,
        work: Vec<Work>,
        last: bool,
        recorder: &mut Recorder,
    ) -> Result<(), StoreError> {
        let environment = self.environment;
        let mut space = Space::new(transaction, self.connector.id, environment.ids.as_ref(), environment.clock.now(), self.keys);
        learn(&mut space, &work)?;
        let mut contents: Vec<Content> = Vec::with_capacity(work.len());
        let mut dropped = Vec::new();
        for item in work {
            match item {
                Work::Entry(entry) => {
                    let anchor = Anchor(entry.anchor.clone());
                    if entry.mentioned.is_none() {
                        self.forget(&anchor.0);
                    } else if !space.was_imported(&anchor.0)? {
                        let reason = format!("a change of {} arrived, which was never imported", entry.dn);
                        self.unfitting.insert(anchor, Unfitting { dn: entry.dn.as_str().to_owned(), reason });
                        continue;
                    } else if let Some(earlier) = self.take_postponed(&anchor.0)
                        && let Some(id) = space.by_anchor(&anchor.0)
                    {
                        contents.push(Content { id, renamed: None, entry: earlier, waited: true });
                    }
                    if self.full
                        && !last
                        && let Some(id) = space.by_anchor(&entry.anchor)
                        && self.seen.contains(id)
                    {
                        let first = &space.need(id)?.object;
                        if first.dn_key != entry.dn.key() {
                            let error = duplicate(&entry.dn, &first.dn);
                            self.discovery_error(entry.dn.as_str(), error, recorder);
                            continue;
                        }
                    }
                    let placed = space.place(&entry.anchor, &entry.dn)?;
                    self.seen.insert(placed.id);
                    contents.push(Content { id: placed.id, renamed: placed.renamed, entry, waited: last });
                }
                Work::Deleted { anchor, dn, gone } => {
                    let anchor = Anchor(anchor);
                    self.forget(&anchor.0);
                    let known = space.by_anchor(&anchor.0);
                    if let Some(id) = known {
                        // It was moved to another partition, whose import was first to tell.
                        if space.need(id)?.object.partition.is_some_and(|partition| partition != self.partition.id) {
                            recorder.add("stage-no-change", 1);
                            continue;
                        }
                        if gone && self.drops_references && !self.full {
                            dropped.push(id);
                        }
                        contents.retain(|content| content.id != id);
                        self.delete(&mut space, id, recorder)?;
                    }
                    self.count_filtered(known.is_some(), dn.as_deref(), recorder);
                }
            }
        }
        self.drop_references(&mut space, &dropped, recorder)?;
        learn_references(&mut space, &contents)?;
        for content in contents {
            self.stage_content(&mut space, content, recorder)?;
        }
        self.transients.append(&mut space.transients);
        space.write_rows()?;
        if !space.adopted.is_empty() {
            staging::flag_referrers(transaction, &space.adopted)?;
        }
        if !space.orphaned.is_empty() {
            metaverse::require_provisioning(transaction, &space.orphaned)?;
        }
        space.give_back();
        Ok(())
    }

    /// A deletion that the directory reports because the object left the selected containers.
    fn count_filtered(&self, known: bool, dn: Option<&str>, recorder: &mut Recorder) {
        let outside = dn.and_then(|dn| Dn::parse(dn).ok()).is_some_and(|dn| !self.containers.selects(&dn));
        if outside {
            recorder.add(if known { "filtered-deletions" } else { "filtered-objects" }, 1);
        }
    }

    fn stage_content(
        &mut self,
        space: &mut Space<'_>,
        Content { id, renamed, entry, waited }: Content,
        recorder: &mut Recorder,
    ) -> Result<(), StoreError> {
        let fresh = super::compare::is_fresh(&space.need(id)?.object);
        if !waited && !fresh && renamed.is_none() && self.should_wait(space, &entry) {
            self.postponed_values += entry.reference_count();
            self.postponed.insert(entry.anchor.clone(), entry);
            return Ok(());
        }
        let mut changed = BTreeMap::new();
        for (attribute, names) in &entry.changed_references {
            let Some(targets) = resolve(space, id, *attribute, names)? else {
                let name = self.table.name(*attribute);
                let reason = format!("a change of \"{name}\" of {} does not fit the values that are known", entry.dn);
                self.unfitting.insert(Anchor(entry.anchor.clone()), Unfitting { dn: entry.dn.as_str().to_owned(), reason });
                continue;
            };
            changed.insert(*attribute, targets);
        }
        let tells = entry.mentioned.as_ref().is_none_or(|mentioned| !mentioned.is_empty());
        if !tells && renamed.is_none() && changed.is_empty() && !entry.changed_references.is_empty() {
            return Ok(());
        }
        let mut resolved = BTreeMap::new();
        for (attribute, names) in entry.references {
            let mut targets = Vec::with_capacity(names.len());
            for name in names {
                targets.push(space.placeholder(&name)?);
            }
            targets.sort_unstable();
            targets.dedup();
            resolved.insert(attribute, targets);
        }
        let incoming = Incoming {
            object_type: entry.object_type,
            image: entry.image,
            references: resolved,
            changed,
            mentioned: entry.mentioned,
            renamed: renamed.is_some(),
            full: self.full,
        };
        let object = &mut space.need(id)?.object;
        object.partition = Some(self.partition.id);
        object.generation = self.partition.generation;
        self.stage_incoming(space, id, &incoming, (entry.hash, renamed), recorder)
    }

    /// Writes what an object has become by what is told of it, with its hash and the other name that it had.
    fn stage_incoming(
        &mut self,
        space: &mut Space<'_>,
        id: CsId,
        incoming: &Incoming,
        (hash, name): (Option<[u8; 16]>, Option<String>),
        recorder: &mut Recorder,
    ) -> Result<(), StoreError> {
        let now = self.environment.clock.now();
        let brought = Brought { selected: self.selected.as_ref(), write_only: Some(&self.write_only) };
        let transaction = space.transaction;
        let loaded = space.need(id)?;
        let mut sets = loaded.stored.clone();
        let object = &mut loaded.object;
        let before = recorder.keeps(change::is_new(object)).then(|| change::Before::of(object, name));
        let compared = compare(object, &mut sets, incoming, brought);
        object.hash = hash.map(|hash| hash.to_vec());
        if compared.counter != "stage-no-change" {
            object.import_changed = Some(now);
        }
        self.note_mismatches(object, &compared, recorder);
        let kept = before.filter(|_| compared.counter != "stage-no-change").map(|before| before.change(loaded, &sets));
        recorder.count_change(compared.counter, &loaded.object, kept);
        self.write(transaction, loaded, &sets)
    }

    /// Stages that nothing refers to objects any more that are gone, as if the directory had told it of the others.
    fn drop_references(&mut self, space: &mut Space<'_>, gone: &[CsId], recorder: &mut Recorder) -> Result<(), StoreError> {
        let mut lost: BTreeMap<CsId, BTreeMap<AttributeId, ChangedTargets>> = BTreeMap::new();
        for (object, attribute, target) in references::in_directory_to(space.transaction, gone)? {
            lost.entry(object).or_default().entry(attribute).or_default().gone.push(target);
        }
        let ids: Vec<CsId> = lost.keys().copied().collect();
        space.load_in_part(&ids)?;
        space.learn_references(&BTreeMap::new(), &ids)?;
        for (id, mut changed) in lost {
            for (attribute, targets) in &mut changed {
                targets.gone = sorted_set(std::mem::take(&mut targets.gone));
                space.learn_targets(id, *attribute, &targets.gone)?;
            }
            let object = &space.need(id)?.object;
            let Some(object_type) = object.imported_type().map(str::to_owned) else { continue };
            if object.pending_import.operation == ObjectOperation::Delete {
                continue;
            }
            let incoming = Incoming {
                object_type,
                image: Image::new(),
                references: BTreeMap::new(),
                changed,
                mentioned: Some(BTreeSet::new()),
                renamed: false,
                full: false,
            };
            self.stage_incoming(space, id, &incoming, (None, None), recorder)?;
        }
        Ok(())
    }

    /// True when the object should wait for the end of the import: it names targets nobody has yet, and
    /// one of them may still turn out to be a renamed object.
    fn should_wait(&self, space: &Space<'_>, entry: &PreparedEntry) -> bool {
        self.postponed_values + entry.reference_count() <= POSTPONED_LIMIT
            && entry.targets().any(|name| space.known_owner(name.key()).is_none())
    }

    /// Records exported changes that came back different; clears that error when all came back.
    fn note_mismatches(&mut self, object: &mut CsObject, compared: &Compared, recorder: &mut Recorder) {
        let is_same_kind = |error: &StoredError| error.error.code == ErrorCode::EXPORTED_CHANGE_NOT_REIMPORTED;
        if compared.mismatches.is_empty() {
            if compared.settled && object.import_error.as_ref().is_some_and(is_same_kind) {
                object.import_error = None;
            }
            return;
        }
        let described: Vec<String> = compared
            .mismatches
            .iter()
            .map(|mismatch| {
                let name = if mismatch.attribute == DN_ATTRIBUTE { "dn" } else { self.table.name(mismatch.attribute) };
                format!("{name}: exported: {} imported: {}", mismatch.exported, mismatch.imported)
            })
            .collect();
        let mut error = ObjectError::new(
            ErrorCode::EXPORTED_CHANGE_NOT_REIMPORTED,
            format!("{}; something else changes it; it will be sent again", described.join("; ")),
        )
        .at(AlgorithmStep::Staging);
        if let Some(first) = compared.mismatches.first().filter(|first| first.attribute != DN_ATTRIBUTE) {
            error = error.attribute(self.table.name(first.attribute)).value(&first.imported);
        }
        let stored = StoredError::after(object.import_error.as_ref(), error, self.environment.clock.now());
        recorder.object_error(object, &stored);
        object.import_error = Some(stored);
        self.findings.not_reimported = true;
    }

    /// Writes an object, and of its references and join keys what changed.
    pub(super) fn write(
        &self,
        transaction: &Transaction<'_>,
        loaded: &mut Loaded,
        sets: &ReferenceSets,
    ) -> Result<(), StoreError> {
        // Names and join keys are plain values: a view need not form the members of a large group.
        let references = std::mem::take(&mut loaded.object.references);
        let object = &mut loaded.object;
        let display_name = object.display_name(TowerView::Imported, self.table.get("displayName"), self.table.get("cn"));
        if std::mem::take(&mut loaded.unwritten) {
            connector_space::insert(transaction, object, &display_name)?;
        } else {
            connector_space::update(transaction, object, &display_name)?;
        }
        for change in loaded.stored.changes_to(sets) {
            if change.comes {
                references::add(transaction, object.id, change.attribute, change.target, change.layer)?;
            } else {
                references::remove(transaction, object.id, change.attribute, change.target, change.layer)?;
            }
        }
        let keys = join_keys(object, self.keys);
        if keys != loaded.keys {
            connector_space::write_keys(transaction, object.connector, object.id, &loaded.keys, &keys)?;
            loaded.keys = keys;
        }
        loaded.stored = sets.clone();
        loaded.object.references = references;
        Ok(())
    }

    /// An object that the directory reports gone (`engine.md` 3.9, 3.10).
    pub(super) fn delete(&mut self, space: &mut Space<'_>, id: CsId, recorder: &mut Recorder) -> Result<(), StoreError> {
        let now = self.environment.clock.now();
        let transaction = space.transaction;
        space.complete(&[id])?;
        let loaded = space.need(id)?;
        let object = &mut loaded.object;
        if object.pending_import.operation == ObjectOperation::Delete {
            recorder.add("stage-no-change", 1);
            return Ok(());
        }
        let kept = recorder.keeps(false).then(|| change::deletion(object));
        recorder.count_change("stage-delete", object, kept);
        let never_synchronized = object.pending_import.operation == ObjectOperation::Add;
        if object.mv.is_none() && (object.is_being_deleted() || never_synchronized) {
            return space.remove(id);
        }
        object.pending_import = Delta { operation: ObjectOperation::Delete, ..Delta::none() };
        object.hash = None;
        object.import_changed = Some(now);
        let mut sets = loaded.stored.clone();
        for attribute in sets.attributes() {
            sets.set(attribute, ReferenceLayer::ImportAdd, Vec::new());
            sets.set(attribute, ReferenceLayer::ImportDelete, Vec::new());
        }
        self.write(transaction, loaded, &sets)
    }
}

/// Loads by set queries everything that the work is about.
fn learn(space: &mut Space<'_>, work: &[Work]) -> Result<(), StoreError> {
    let entries = || {
        work.iter().filter_map(|item| match item {
            Work::Entry(entry) => Some(entry),
            Work::Deleted { .. } => None,
        })
    };
    let anchors = work.iter().map(|item| match item {
        Work::Entry(entry) => entry.anchor.as_slice(),
        Work::Deleted { anchor, .. } => anchor.as_slice(),
    });
    let whole: BTreeSet<&[u8]> = work
        .iter()
        .filter_map(|item| match item {
            Work::Entry(entry) if entry.mentioned.is_some() => None,
            Work::Entry(PreparedEntry { anchor, .. }) | Work::Deleted { anchor, .. } => Some(anchor.as_slice()),
        })
        .collect();
    let partial = entries().map(|entry| entry.anchor.as_slice()).filter(|anchor| !whole.contains(anchor)).collect();
    space.learn_anchors(anchors, &partial)?;
    let parents: Vec<Dn> = entries().filter_map(|entry| entry.dn.parent()).collect();
    let own = entries().map(|entry| entry.dn.key());
    let targets = entries().flat_map(|entry| entry.targets().map(Dn::key));
    space.learn_names(own.chain(parents.iter().map(Dn::key)).chain(targets))?;
    let owners: Vec<CsId> = entries().filter_map(|entry| space.known_owner(entry.dn.key())).collect();
    space.load(&owners)
}

/// Loads by set queries what the contents tell of references, when all objects have their places.
fn learn_references(space: &mut Space<'_>, contents: &[Content]) -> Result<(), StoreError> {
    let whole: Vec<CsId> =
        contents.iter().filter(|content| content.entry.mentioned.is_none()).map(|content| content.id).collect();
    space.complete(&whole)?;
    let mut told: BTreeMap<AttributeId, Vec<CsId>> = BTreeMap::new();
    let partial = || contents.iter().filter(|content| content.entry.mentioned.is_some());
    for content in partial() {
        for attribute in content.entry.references.keys() {
            told.entry(*attribute).or_default().push(content.id);
        }
    }
    space.learn_references(&told, &partial().map(|content| content.id).collect::<Vec<_>>())
}

/// The targets of names that came and went; `None` when what goes is not known to be there, or is told to come as well:
/// then a name means another object than the one that was meant.
fn resolve(
    space: &mut Space<'_>,
    id: CsId,
    attribute: AttributeId,
    names: &ChangedNames,
) -> Result<Option<ChangedTargets>, StoreError> {
    let mut gone = Vec::with_capacity(names.removed.len());
    for name in &names.removed {
        let Some(target) = space.owner(name.key())? else { return Ok(None) };
        gone.push(target);
    }
    let mut there = Vec::with_capacity(names.added.len());
    for name in &names.added {
        there.push(space.placeholder(name)?);
    }
    let targets = ChangedTargets { there: sorted_set(there), gone: sorted_set(gone) };
    space.learn_targets(id, attribute, &union(&targets.there, &targets.gone))?;
    let stored = &space.need(id)?.stored;
    let known = union(stored.get(attribute, ReferenceLayer::Hologram), stored.get(attribute, ReferenceLayer::ImportAdd));
    let fits = minus(&targets.gone, &known).is_empty() && both(&targets.there, &targets.gone).is_empty();
    Ok(fits.then_some(targets))
}

fn unchanged(head: &Head, hash: Option<[u8; 16]>) -> bool {
    head.quiet && hash.is_some_and(|hash| head.hash.as_deref() == Some(hash.as_slice()))
}
