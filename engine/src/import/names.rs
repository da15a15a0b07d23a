//! The names of a connector space while a batch is staged: finding objects, renames with everything
//! below, names taken by others, placeholders (`engine.md` 3.3, 3.6, 3.7).

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rusqlite::Transaction;

use super::layers::ReferenceSets;
use crate::model::{AttributeId, ConnectorId, CsId, Delta, Dn, ErrorCode, IdSource, MvId, ObjectError, ObjectOperation};
use crate::store::StoreError;
use crate::store::connector_space::{self, CsObject, LoadOptions, TowerView};
use crate::store::references;
use crate::store::staging::{self, Place, transient_key};

/// An object of the batch: as it will be written, and its references as the database has them.
#[derive(Debug)]
pub(super) struct Loaded {
    pub object: CsObject,
    pub stored: ReferenceSets,
    pub keys: Vec<(AttributeId, Vec<u8>)>,
    /// All its references were loaded; otherwise only those that were asked for.
    pub complete: bool,
    /// It has a number and no row yet: its first row is written with its content.
    pub unwritten: bool,
}

/// Where an arriving object belongs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Placed {
    pub id: CsId,
    /// The other name that it had.
    pub renamed: Option<String>,
}

/// The part of a connector space that a batch touches.
pub(super) struct Space<'a> {
    pub transaction: &'a Transaction<'a>,
    pub connector: ConnectorId,
    pub ids: &'a dyn IdSource,
    pub now: jiff::Timestamp,
    /// Attributes kept as join keys.
    keys: &'a [AttributeId],
    /// Objects by key of their name; `None` for names known to be free.
    names: HashMap<String, Option<CsId>>,
    anchors: BTreeMap<Vec<u8>, CsId>,
    pub objects: BTreeMap<CsId, Loaded>,
    /// Placeholders that became objects.
    pub adopted: Vec<CsId>,
    /// Metaverse objects that lost an object they had provisioned.
    pub orphaned: Vec<MvId>,
    /// Why objects lost their names (`engine.md` 3.3c).
    pub transients: BTreeMap<CsId, &'static str>,
    /// The number of the next new object, once it is known.
    next: Option<CsId>,
    /// Some objects have no row yet.
    unwritten: bool,
}

impl<'a> Space<'a> {
    pub(super) fn new(
        transaction: &'a Transaction<'a>,
        connector: ConnectorId,
        ids: &'a dyn IdSource,
        now: jiff::Timestamp,
        keys: &'a [AttributeId],
    ) -> Self {
        Self {
            transaction,
            connector,
            ids,
            now,
            keys,
            names: HashMap::new(),
            anchors: BTreeMap::new(),
            objects: BTreeMap::new(),
            adopted: Vec::new(),
            orphaned: Vec::new(),
            transients: BTreeMap::new(),
            next: None,
            unwritten: false,
        }
    }

    /// Gives the memory of the batch back on another thread, where it keeps nobody from the next batch.
    pub(super) fn give_back(self) {
        let Self { names, anchors, objects, .. } = self;
        rayon::spawn(move || drop((names, anchors, objects)));
    }

    /// Looks up names by a set query.
    pub(super) fn learn_names<'k>(&mut self, keys: impl IntoIterator<Item = &'k str>) -> Result<(), StoreError> {
        let mut wanted: Vec<&str> = keys.into_iter().filter(|key| !key.is_empty() && !self.names.contains_key(*key)).collect();
        wanted.sort_unstable();
        wanted.dedup();
        if wanted.is_empty() {
            return Ok(());
        }
        let mut found = connector_space::ids_by_dn_key(self.transaction, self.connector, wanted.iter().copied())?;
        for key in wanted {
            let id = found.remove(key);
            self.names.insert(key.to_owned(), id);
        }
        Ok(())
    }

    /// Looks up anchors by a set query, and loads the objects found. Of those in `partial` no references are loaded
    /// where that can be.
    pub(super) fn learn_anchors<'k>(
        &mut self,
        anchors: impl IntoIterator<Item = &'k [u8]>,
        partial: &BTreeSet<&[u8]>,
    ) -> Result<(), StoreError> {
        let found = connector_space::ids_by_anchor(self.transaction, self.connector, anchors)?;
        let ids: Vec<CsId> = found.values().copied().collect();
        let partial = found.iter().filter(|(anchor, _)| partial.contains(anchor.as_slice())).map(|(_, id)| *id).collect();
        self.anchors.extend(found);
        self.load_objects(&ids, &partial)
    }

    /// Loads objects with their references.
    pub(super) fn load(&mut self, ids: &[CsId]) -> Result<(), StoreError> {
        self.load_objects(ids, &BTreeSet::new())
    }

    /// Loads objects, without references where that can be.
    pub(super) fn load_in_part(&mut self, ids: &[CsId]) -> Result<(), StoreError> {
        self.load_objects(ids, &ids.iter().copied().collect())
    }

    fn load_objects(&mut self, ids: &[CsId], partial: &BTreeSet<CsId>) -> Result<(), StoreError> {
        let mut wanted: Vec<CsId> = ids.iter().copied().filter(|id| !self.objects.contains_key(id)).collect();
        wanted.sort_unstable();
        wanted.dedup();
        if wanted.is_empty() {
            return Ok(());
        }
        let options = LoadOptions { without_references: true, ..LoadOptions::default() };
        let objects = connector_space::load(self.transaction, &wanted, &options)?;
        let is_complete = |object: &CsObject| !(partial.contains(&object.id) && is_settled(object));
        let complete: Vec<CsId> = objects.iter().filter(|object| is_complete(object)).map(|object| object.id).collect();
        let mut rows = references::load(self.transaction, &complete)?;
        for mut object in objects {
            object.references = rows.remove(&object.id).unwrap_or_default();
            let stored = ReferenceSets::of(&object.references);
            self.names.insert(object.dn_key.clone(), Some(object.id));
            let keys = join_keys(&object, self.keys);
            let complete = is_complete(&object);
            self.objects.insert(object.id, Loaded { object, stored, keys, complete, unwritten: false });
        }
        Ok(())
    }

    /// Loads all references of objects of which that was put off.
    pub(super) fn complete(&mut self, ids: &[CsId]) -> Result<(), StoreError> {
        let incomplete = |id: &CsId| self.objects.get(id).is_some_and(|loaded| !loaded.complete);
        let wanted: Vec<CsId> = ids.iter().copied().filter(incomplete).collect();
        if wanted.is_empty() {
            return Ok(());
        }
        let mut rows = references::load(self.transaction, &wanted)?;
        for id in wanted {
            if let Some(loaded) = self.objects.get_mut(&id) {
                loaded.object.references = rows.remove(&id).unwrap_or_default();
                loaded.stored = ReferenceSets::of(&loaded.object.references);
                loaded.complete = true;
            }
        }
        Ok(())
    }

    /// Loads what has to be known of the references of objects that are told in part, but for single targets
    /// ([`Space::learn_targets`]): the attributes that are told whole, by attribute, and what is above the hologram.
    pub(super) fn learn_references(&mut self, told: &BTreeMap<AttributeId, Vec<CsId>>, ids: &[CsId]) -> Result<(), StoreError> {
        let waiting = |id: &CsId| self.objects.get(id).is_some_and(|loaded| !loaded.complete && !is_quiet(&loaded.object));
        let waiting: Vec<CsId> = ids.iter().copied().filter(waiting).collect();
        let mut found = Vec::new();
        if !waiting.is_empty() {
            found.push(references::above_hologram(self.transaction, &waiting)?);
        }
        for (attribute, ids) in told {
            found.push(references::of_attribute(self.transaction, ids, *attribute)?);
        }
        for (id, rows) in found.into_iter().flatten() {
            if let Some(loaded) = self.objects.get_mut(&id).filter(|loaded| !loaded.complete) {
                loaded.stored.learn(&rows);
            }
        }
        Ok(())
    }

    /// Loads what an object told in part knows of some targets.
    pub(super) fn learn_targets(&mut self, id: CsId, attribute: AttributeId, targets: &[CsId]) -> Result<(), StoreError> {
        let transaction = self.transaction;
        let loaded = self.need(id)?;
        if !loaded.complete && !targets.is_empty() {
            loaded.stored.learn(&references::of_targets(transaction, id, attribute, targets)?);
        }
        Ok(())
    }

    /// An object of the batch, loaded if need be.
    pub(super) fn need(&mut self, id: CsId) -> Result<&mut Loaded, StoreError> {
        self.load(&[id])?;
        self.objects.get_mut(&id).ok_or_else(|| StoreError::damaged("the connector space", format!("object {id} is missing")))
    }

    /// The object that has a name.
    pub(super) fn owner(&mut self, key: &str) -> Result<Option<CsId>, StoreError> {
        if let Some(known) = self.names.get(key) {
            return Ok(*known);
        }
        self.learn_names([key])?;
        Ok(self.names.get(key).copied().flatten())
    }

    /// The objects of names already looked up, for loading in one go.
    pub(super) fn known_owner(&self, key: &str) -> Option<CsId> {
        self.names.get(key).copied().flatten()
    }

    /// The object that has an anchor.
    pub(super) fn by_anchor(&self, anchor: &[u8]) -> Option<CsId> {
        self.anchors.get(anchor).copied()
    }

    /// True when an import has brought the object of an anchor before.
    pub(super) fn was_imported(&mut self, anchor: &[u8]) -> Result<bool, StoreError> {
        match self.by_anchor(anchor) {
            Some(id) => Ok(self.need(id)?.object.import_changed.is_some()),
            None => Ok(false),
        }
    }

    /// Finds the place of an arriving object (`engine.md` 3.3), making room for it.
    pub(super) fn place(&mut self, anchor: &[u8], dn: &Dn) -> Result<Placed, StoreError> {
        let owner = self.owner(dn.key())?;
        if let Some(id) = self.by_anchor(anchor) {
            let object = &self.need(id)?.object;
            let (renamed, moved) = (object.dn != dn.as_str(), object.dn_key != dn.key());
            let before = renamed.then(|| object.dn.clone());
            if renamed || moved {
                self.move_to(id, dn)?;
            }
            return Ok(Placed { id, renamed: before });
        }
        let id = match owner {
            Some(other) => {
                let object = &self.need(other)?.object;
                if object.is_placeholder() {
                    self.adopted.push(other);
                    other
                } else if object.anchor.is_some() {
                    self.take_name(other, dn)?
                } else if object.unconfirmed.operation == ObjectOperation::Add {
                    other
                } else {
                    self.discard_provisioned(other)?;
                    other
                }
            }
            None => self.create(dn)?,
        };
        let parent = self.parent_of(dn)?;
        let loaded = self.need(id)?;
        loaded.object.anchor = Some(anchor.to_vec());
        loaded.object.parent = parent;
        loaded.object.dn = dn.as_str().to_owned();
        self.anchors.insert(anchor.to_vec(), id);
        Ok(Placed { id, renamed: None })
    }

    /// Makes an object of this name.
    fn create(&mut self, dn: &Dn) -> Result<CsId, StoreError> {
        let parent = self.parent_of(dn)?;
        let mut object = CsObject::new(self.ids.guid(), self.connector, dn, self.now);
        object.parent = parent;
        object.id = self.new_id()?;
        let id = object.id;
        self.names.insert(dn.key().to_owned(), Some(id));
        self.objects
            .insert(id, Loaded { object, stored: ReferenceSets::default(), keys: Vec::new(), complete: true, unwritten: true });
        self.unwritten = true;
        Ok(id)
    }

    /// A number that no object has. Only this transaction gives numbers out, because there is one writer.
    fn new_id(&mut self) -> Result<CsId, StoreError> {
        let id = match self.next {
            Some(id) => id,
            None => connector_space::next_id(self.transaction)?,
        };
        self.next = Some(CsId(id.0 + 1));
        Ok(id)
    }

    /// Gives every object a row, before statements that look for rows.
    pub(super) fn write_rows(&mut self) -> Result<(), StoreError> {
        if std::mem::take(&mut self.unwritten) {
            for loaded in self.objects.values_mut().filter(|loaded| loaded.unwritten) {
                connector_space::reserve(self.transaction, &mut loaded.object)?;
                loaded.unwritten = false;
            }
        }
        Ok(())
    }

    /// The container of a name; missing ones become placeholders up to the root.
    fn parent_of(&mut self, dn: &Dn) -> Result<Option<CsId>, StoreError> {
        match dn.parent() {
            Some(parent) => self.placeholder(&parent).map(Some),
            None => Ok(None),
        }
    }

    /// The object of a name, a new placeholder if there is none.
    pub(super) fn placeholder(&mut self, dn: &Dn) -> Result<CsId, StoreError> {
        if let Some(id) = self.owner(dn.key())? {
            return Ok(id);
        }
        let parent = self.parent_of(dn)?;
        let mut object = CsObject::new(self.ids.guid(), self.connector, dn, self.now);
        object.parent = parent;
        object.id = self.new_id()?;
        let id = connector_space::reserve(self.transaction, &mut object)?;
        self.names.insert(dn.key().to_owned(), Some(id));
        Ok(id)
    }

    /// An object that synchronization made for export stands where an imported one belongs: it goes, and
    /// its metaverse object is provisioned again (3.3b). Its number stays for those that refer to it.
    fn discard_provisioned(&mut self, id: CsId) -> Result<(), StoreError> {
        self.write_rows()?;
        references::clear(self.transaction, id)?;
        let now = self.now;
        let loaded = self.need(id)?;
        let old = &loaded.object;
        let orphan = old.mv;
        loaded.object = CsObject {
            object_type: None,
            mv: None,
            link_rules: Vec::new(),
            confirmed: Delta::none(),
            unconfirmed: Delta::none(),
            escrowed: Delta::none(),
            unapplied: Delta::none(),
            references: Vec::new(),
            rebuild: false,
            rename_retry: false,
            reference_retry: false,
            import_error: None,
            export_error: None,
            disconnected: None,
            created: now,
            export_changed: None,
            ..old.clone()
        };
        loaded.stored = ReferenceSets::default();
        self.orphaned.extend(orphan);
        Ok(())
    }

    /// Another object arrived under this object's name: the name becomes temporary (3.3c). Gives the
    /// new owner of the name, who takes over what lies below it.
    fn take_name(&mut self, id: CsId, dn: &Dn) -> Result<CsId, StoreError> {
        self.write_rows()?;
        self.make_transient(id, "add")?;
        let created = self.create(dn)?;
        staging::move_children(self.transaction, id, created)?;
        Ok(created)
    }

    fn make_transient(&mut self, id: CsId, cause: &'static str) -> Result<(), StoreError> {
        self.transients.insert(id, cause);
        let object = &mut self.need(id)?.object;
        let old_key = std::mem::replace(&mut object.dn_key, transient_key(object.guid));
        object.transient = true;
        object.parent = None;
        let (dn, key, depth) = (object.dn.clone(), object.dn_key.clone(), object.depth);
        let place = Place { dn: &dn, dn_key: &key, parent: None, depth, transient: true };
        staging::move_object(self.transaction, id, &place)?;
        self.names.insert(old_key, None);
        self.names.insert(key, Some(id));
        Ok(())
    }

    /// Frees the name of `other` for `id`, which has moved there.
    fn make_room(&mut self, other: CsId, id: CsId) -> Result<(), StoreError> {
        let object = &self.need(other)?.object;
        let key = object.dn_key.clone();
        if object.is_placeholder() {
            self.merge(other, id)?;
        } else if object.anchor.is_some() {
            self.make_transient(other, "move")?;
        } else {
            self.discard_provisioned(other)?;
            self.merge(other, id)?;
        }
        self.names.insert(key, None);
        Ok(())
    }

    /// A placeholder stood for an object that arrived there: references and content go over to it.
    fn merge(&mut self, placeholder: CsId, id: CsId) -> Result<(), StoreError> {
        staging::merge(self.transaction, placeholder, id)?;
        self.objects.remove(&placeholder);
        for loaded in self.objects.values_mut() {
            let refers = loaded.object.references.iter().any(|reference| reference.target == placeholder);
            if refers {
                let rows = references::load(self.transaction, &[loaded.object.id])?;
                loaded.object.references = rows.into_values().next().unwrap_or_default();
                loaded.stored = ReferenceSets::of(&loaded.object.references);
            }
            if loaded.object.parent == Some(placeholder) {
                loaded.object.parent = Some(id);
            }
        }
        self.adopted.push(id);
        Ok(())
    }

    /// Gives an object another name, whoever has it.
    pub(super) fn move_to(&mut self, id: CsId, dn: &Dn) -> Result<(), StoreError> {
        self.write_rows()?;
        if let Some(other) = self.owner(dn.key())?.filter(|other| *other != id) {
            self.make_room(other, id)?;
        }
        self.rename(id, dn)
    }

    /// Gives an object another name, and everything below it the name that follows (3.6).
    fn rename(&mut self, id: CsId, dn: &Dn) -> Result<(), StoreError> {
        let parent = self.parent_of(dn)?;
        let depth = u32::try_from(dn.depth()).unwrap_or(u32::MAX);
        let object = &mut self.need(id)?.object;
        let old_key = std::mem::replace(&mut object.dn_key, dn.key().to_owned());
        dn.as_str().clone_into(&mut object.dn);
        object.parent = parent;
        object.depth = depth;
        object.transient = false;
        let place = Place { dn: dn.as_str(), dn_key: dn.key(), parent, depth, transient: false };
        staging::move_object(self.transaction, id, &place)?;
        self.names.insert(old_key, None);
        self.names.insert(dn.key().to_owned(), Some(id));
        if staging::has_children(self.transaction, id)? {
            self.rename_content(id, dn)?;
        }
        Ok(())
    }

    fn rename_content(&mut self, id: CsId, dn: &Dn) -> Result<(), StoreError> {
        let mut containers: HashMap<CsId, String> = HashMap::from([(id, dn.as_str().to_owned())]);
        let mut moved = Vec::new();
        for below in staging::descendants(self.transaction, id)? {
            let Some(container) = containers.get(&below.parent) else { continue };
            let name = staging::renamed_child(&below.dn, container)
                .map_err(|error| StoreError::damaged("the name of a connector space object", error))?;
            containers.insert(below.id, name.as_str().to_owned());
            if let Some(other) = self.owner(name.key())?.filter(|other| *other != below.id) {
                let object = &self.need(other)?.object;
                if !object.is_placeholder() && object.anchor.is_some() {
                    // The other one arrived under the new name already; this one is settled later.
                    self.make_transient(below.id, "move-parent")?;
                    continue;
                }
                self.make_room(other, below.id)?;
            }
            let depth = u32::try_from(name.depth()).unwrap_or(u32::MAX);
            let place = Place { dn: name.as_str(), dn_key: name.key(), parent: Some(below.parent), depth, transient: false };
            staging::move_object(self.transaction, below.id, &place)?;
            self.names.insert(below.dn_key, None);
            self.names.insert(name.key().to_owned(), Some(below.id));
            if let Some(loaded) = self.objects.get_mut(&below.id) {
                loaded.object.dn = name.as_str().to_owned();
                loaded.object.dn_key = name.key().to_owned();
                loaded.object.depth = depth;
                loaded.object.rename_retry = loaded.object.mv.is_some();
            }
            moved.push(below.id);
        }
        staging::flag_rename(self.transaction, &moved)
    }

    /// Removes an object; it stays as a placeholder while others need its name.
    pub(super) fn remove(&mut self, id: CsId) -> Result<(), StoreError> {
        self.write_rows()?;
        let Some(loaded) = self.objects.remove(&id) else { return Ok(()) };
        connector_space::remove(self.transaction, self.connector, id, &loaded.keys)?;
        if let Some(anchor) = &loaded.object.anchor {
            self.anchors.remove(anchor);
        }
        self.names.remove(&loaded.object.dn_key);
        Ok(())
    }
}

/// True when nothing is pending on the object, so that all its references are in the hologram.
fn is_quiet(object: &CsObject) -> bool {
    [&object.pending_import, &object.unconfirmed, &object.escrowed, &object.unapplied].iter().all(|delta| delta.is_none())
}

/// True for an object that is there for both sides, so that a part of its references is enough to stage a part.
fn is_settled(object: &CsObject) -> bool {
    let settled =
        |delta: &Delta| matches!(delta.operation, ObjectOperation::None | ObjectOperation::Update | ObjectOperation::Delete);
    !object.is_placeholder()
        && !object.rebuild
        && [&object.pending_import, &object.unconfirmed, &object.escrowed, &object.unapplied].into_iter().all(settled)
}

/// The join keys of an object: the values it is expected to hold, in the form in which they match.
pub(crate) fn join_keys(object: &CsObject, attributes: &[AttributeId]) -> Vec<(AttributeId, Vec<u8>)> {
    if attributes.is_empty() || object.is_placeholder() {
        return Vec::new();
    }
    let values = attributes.iter().map(|attribute| (*attribute, object.values(TowerView::Expected, *attribute)));
    values.flat_map(|(attribute, values)| values.into_iter().map(move |value| (attribute, value.match_key()))).collect()
}

/// The fault of an anchor that came twice under two names in one full import.
pub(super) fn duplicate(dn: &Dn, first: &str) -> ObjectError {
    ObjectError::new(
        ErrorCode::DUPLICATE_OBJECT,
        format!("the directory returned the anchor of {dn} twice in this run, first as {first}; deletions were not evaluated"),
    )
    .at(crate::model::AlgorithmStep::Staging)
}
